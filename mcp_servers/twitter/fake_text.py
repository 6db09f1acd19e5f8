"""How the sandbox's X counts and shows a text: written apart from the client's own counter.

Source: docs.x.com "Counting characters", as of 2026-11.
"""

from __future__ import annotations

import hashlib
import html
import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LIMIT_WEIGHT = 280
URL_WEIGHT = 23

_DOMAIN = r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+"
_LINK = re.compile(
    rf"https?://{_DOMAIN}[a-z]{{2,}}(?::\d+)?(?:[/?#][^\s<>\"]*)?"
    rf"|(?<![\w@./:-]){_DOMAIN}(?:com|org|net|io|dev|app|shop|eu|de|ch|at|uk|us)\b(?:/[^\s<>\"]*)?",
    re.IGNORECASE,
)
_PICTOGRAPH = r"[\U0001F000-\U0001FAFF\u2190-\u21FF\u2300-\u23FF\u2460-\u27BF\u2900-\u2BFF\u3030]"
_EMOJI = re.compile(
    rf"[\U0001F1E6-\U0001F1FF]{{2}}|{_PICTOGRAPH}[\uFE0F\u20E3\U0001F3FB-\U0001F3FF]*"
    rf"(?:\u200D{_PICTOGRAPH}[\uFE0F\U0001F3FB-\U0001F3FF]*)*"
)
_LIGHT = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))


def _links(text: str) -> list[tuple[int, int]]:
    found = []
    for match in _LINK.finditer(text):
        link = match.group().rstrip(".,;:!?'\"")
        if link.endswith(")") and "(" not in link:
            link = link.rstrip(").,;:!?'\"")
        found.append((match.start(), match.start() + len(link)))
    return found


def weight_of(text: str) -> int:
    """Return the weighted length that X counts: 280 is the limit.

    Source: docs.x.com "Counting characters" (2026-11): links 23, emoji and CJK 2, after NFC.
    """
    text = unicodedata.normalize("NFC", text)
    links = _links(text)
    for start, end in reversed(links):
        text = text[:start] + text[end:]
    text, emoji = _EMOJI.subn("", text)
    light = sum(any(first <= ord(char) <= last for first, last in _LIGHT) for char in text)
    return URL_WEIGHT * len(links) + 2 * emoji + light + 2 * (len(text) - light)


def shorten(text: str, seed: int) -> tuple[str, tuple[Mapping[str, object], ...]]:
    """Return the text as X shows it and its links; offsets count the shown text's code points."""
    shown, urls, at = "", [], 0
    for start, end in _links(text):
        shown += html.escape(text[at:start], quote=False)
        link = text[start:end]
        code = hashlib.sha256(f"{seed} {start} {link}".encode()).hexdigest()[:10]
        display = re.sub(r"^https?://(www\.)?", "", link, flags=re.IGNORECASE)
        urls.append(
            {
                "start": len(shown),
                "end": len(shown) + URL_WEIGHT,
                "url": f"https://t.co/{code}",
                "expanded_url": link if "://" in link else f"http://{link}",
                "display_url": display if len(display) <= 26 else f"{display[:26]}…",
            }
        )
        shown += f"https://t.co/{code}"
        at = end
    return shown + html.escape(text[at:], quote=False), tuple(urls)


def mentions_in(text: str) -> tuple[str, ...]:
    """Return the usernames that a text mentions."""
    return tuple(_MENTION.findall(text))


_MENTION = re.compile(r"(?<![\w@])@(\w{1,15})")
