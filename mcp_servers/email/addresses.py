"""Mail addresses: one written form for each, and words about those that could deceive.

Rules: an address is one mailbox and nothing else, so no line break, comma or comment can smuggle a
header or a second recipient in; a domain travels in its ASCII form; whatever a person cannot tell
apart by looking is said beside the address.
"""

from __future__ import annotations

import re
import unicodedata

from core.extract.addresses import skeleton, written_domain

LIMIT_CHARS = 254
LIMIT_LOCAL_CHARS = 64
"""Source: RFC 5321 4.5.3.1, and RFC 3696 erratum 1690 for the whole."""

_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATEXT}(?:\.{_ATEXT})*")
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_NAMED = re.compile(r"[^<>\r\n]*<([^<>]+)>")


def canonical(text: str) -> str:
    """Return the one written form of a mail address; a name in front of it is dropped.

    Raises:
        ValueError: it is not exactly one address; the message is for people.
    """
    text = unicodedata.normalize("NFC", text).strip()
    if any(unicodedata.category(char)[0] in "CZ" and char != " " for char in text):
        raise ValueError("contains a line break or an invisible character")
    named = _NAMED.fullmatch(text)
    address = named[1].strip() if named else text
    local, at, domain = address.rpartition("@")
    if not at or not _LOCAL.fullmatch(local) or len(local) > LIMIT_LOCAL_CHARS:
        raise ValueError("is not a mail address; write it like ann@example.com")
    address = f"{local}@{_ascii_domain(domain)}"
    if len(address) > LIMIT_CHARS:
        raise ValueError(f"is longer than {LIMIT_CHARS} characters")
    return address


def _ascii_domain(domain: str) -> str:
    import idna

    try:
        plain = idna.encode(domain, uts46=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError):
        raise ValueError(f"has no usable domain after the @ ({domain!r})") from None
    labels = plain.split(".")
    if len(labels) < 2 or not all(map(_LABEL.fullmatch, labels)) or labels[-1].isdecimal():
        raise ValueError("needs a whole domain after the @, like example.com")
    return plain


def shown(address: str) -> str:
    """Return an address with what a person must know about it, for the proposal."""
    remark = remark_on(address)
    return f"{address} ({remark})" if remark else address


def remark_on(address: str) -> str | None:
    """Return a warning about an address, None when it is what it looks like."""
    domain = address.rpartition("@")[2]
    if "xn--" not in domain:
        return None
    written = written_domain(domain)
    scripts = sorted(_scripts(written))
    mix = f"mixes {' and '.join(scripts)} letters" if len(scripts) > 1 else "has special letters"
    plain = skeleton(written)
    alike = f", looks like {plain}" if plain.isascii() else ""
    return f"CAREFUL: the domain reads {written}, {mix}{alike}"


def _scripts(text: str) -> set[str]:
    """Return the alphabets of a text's letters, by the first word of their Unicode names."""
    return {
        unicodedata.name(char, "unknown").split()[0].capitalize() for char in text if char.isalpha()
    }
