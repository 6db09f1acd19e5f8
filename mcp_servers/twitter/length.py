"""How long a post is for X, and which links X sees in it.

Rules: X's published weights of version 3: 280 in all; a link counts 23 whatever its length, an
emoji sequence 2, Latin and its neighbours 1, everything else 2; counted after NFC. A post may be
counted too short only where X does not know an emoji sequence or a rare top-level domain.

Source: docs.x.com "Counting characters" and the configuration `v3.json` and patterns of
github.com/twitter/twitter-text, read 2026-11-21; compared with twitter-text-parser 3.0.0.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import regex  # type: ignore[import-untyped]  # ships no types

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_LENGTH = 280
LINK_LENGTH = 23

_LIGHT = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))
"""Code points that count 1; all others count 2."""

_COUNTRIES = (
    "ac|ad|ae|af|ag|ai|al|am|ao|aq|ar|as|at|au|aw|ax|az|ba|bb|bd|be|bf|bg|bh|bi|bj|bl|bm|bn|bo|bq|"
    "br|bs|bt|bv|bw|by|bz|ca|cc|cd|cf|cg|ch|ci|ck|cl|cm|cn|co|cr|cu|cv|cw|cx|cy|cz|de|dj|dk|dm|do|"
    "dz|ec|ee|eg|eh|er|es|et|eu|fi|fj|fk|fm|fo|fr|ga|gb|gd|ge|gf|gg|gh|gi|gl|gm|gn|gp|gq|gr|gs|gt|"
    "gu|gw|gy|hk|hm|hn|hr|ht|hu|id|ie|il|im|in|io|iq|ir|is|it|je|jm|jo|jp|ke|kg|kh|ki|km|kn|kp|kr|"
    "kw|ky|kz|la|lb|lc|li|lk|lr|ls|lt|lu|lv|ly|ma|mc|md|me|mf|mg|mh|mk|ml|mm|mn|mo|mp|mq|mr|ms|mt|"
    "mu|mv|mw|mx|my|mz|na|nc|ne|nf|ng|ni|nl|no|np|nr|nu|nz|om|pa|pe|pf|pg|ph|pk|pl|pm|pn|pr|ps|pt|"
    "pw|py|qa|re|ro|rs|ru|rw|sa|sb|sc|sd|se|sg|sh|si|sj|sk|sl|sm|sn|so|sr|ss|st|su|sv|sx|sy|sz|tc|"
    "td|tf|tg|th|tj|tk|tl|tm|tn|to|tp|tr|tt|tv|tw|tz|ua|ug|uk|um|us|uy|uz|va|vc|ve|vg|vi|vn|vu|wf|"
    "ws|ye|yt|za|zm|zw"
)
_GENERIC = (
    "academy|accountants|agency|app|apartments|art|audio|auto|bank|bar|beauty|beer|best|bet|bike|"
    "bio|biz|blog|boutique|build|builders|business|cafe|camera|camp|capital|cards|care|career|"
    "careers|cash|casino|catering|cat|center|chat|church|city|cleaning|click|clinic|clothing|cloud|"
    "club|coach|codes|coffee|college|com|community|company|computer|consulting|contractors|cool|"
    "coop|courses|credit|dance|dating|deals|delivery|dental|design|dev|diamonds|digital|direct|"
    "directory|dog|domains|earth|edu|education|email|energy|engineer|engineering|enterprises|"
    "equipment|estate|events|exchange|expert|exposed|express|farm|fashion|film|finance|financial|"
    "fish|fit|fitness|flights|florist|flowers|foundation|fun|fund|furniture|fyi|gallery|games|"
    "garden|gifts|gives|glass|global|gmbh|gold|golf|gov|graphics|green|group|guide|guru|hair|haus|"
    "health|healthcare|help|holdings|holiday|homes|host|hosting|hotel|house|immo|inc|industries|"
    "info|ink|institute|insure|int|international|investments|jewelry|jobs|kaufen|kitchen|land|law|"
    "lawyer|legal|life|lighting|limited|link|live|llc|loan|loans|lol|love|ltd|ltda|management|"
    "market|marketing|markets|media|memorial|menu|mil|mobi|moda|money|mortgage|museum|name|net|"
    "network|news|ninja|one|online|ooo|org|page|partners|parts|party|photo|photography|photos|"
    "pics|pictures|pizza|place|plumbing|plus|press|pro|productions|properties|property|pub|realty|"
    "recipes|reisen|rent|rentals|repair|report|rest|restaurant|review|reviews|rip|rocks|run|sale|"
    "salon|school|science|services|shoes|shop|shopping|show|site|ski|social|software|solar|"
    "solutions|space|store|studio|style|supplies|supply|support|surf|surgery|systems|tax|taxi|"
    "team|tech|technology|tel|tennis|tips|tires|today|tools|top|tours|town|toys|trade|training|"
    "travel|tube|university|vacations|ventures|vet|video|villas|vin|vip|vision|voyage|watch|"
    "webcam|website|wedding|wiki|win|wine|work|works|world|xyz|yoga|zone"
)
_LETTER = r"a-z0-9\u00c0-\u024f"
_TOP = rf"(?:{_GENERIC}|{_COUNTRIES}|xn--[a-z0-9-]+)(?![0-9a-z@+-])"
_HOST = (
    rf"(?:[{_LETTER}](?:[{_LETTER}_-]*[{_LETTER}])?\.)*"
    rf"[{_LETTER}](?:[{_LETTER}-]*[{_LETTER}])?\.{_TOP}"
)
_PATH_CHARACTER = r"[\w!*';:=+,.$/%#\[\]~@|&\u2013-]"
_PATH = rf"/(?:{_PATH_CHARACTER}*(?:\({_PATH_CHARACTER}+\)|[\w+=#/-]))*"
_QUERY = r"\?[a-z0-9!?*'@();:&=+$/%#\[\]_.,~|-]*[a-z0-9_&=#/-]"
_LINK = regex.compile(
    rf"(?<![a-z0-9@＠$#＃])(?:"
    rf"https?://{_HOST}(?::[0-9]+)?(?:{_PATH})?(?:{_QUERY})?"
    rf"|(?<![-_./]){_HOST}(?:(?::[0-9]+)?{_PATH}(?:{_QUERY})?)?)",
    regex.IGNORECASE,
)
"""A bare domain keeps its port and its query only when it has a path."""

_ELEMENT = (
    r"(?:\p{Regional_Indicator}{2}|[0-9#*]\uFE0F?\u20E3|[\p{Emoji}--[0-9#*]]"
    r"(?:\p{Emoji_Modifier}|\uFE0F|[\U000E0020-\U000E007E]+\U000E007F)?)"
)
_EMOJI = regex.compile(rf"{_ELEMENT}(?:\u200D{_ELEMENT}){{0,3}}", regex.VERSION1)
"""An emoji, alone or joined; at most four are. Source: Unicode Technical Standard 51, 1.4.9."""


def normal(text: str) -> str:
    """Return the text as X keeps it: NFC."""
    return unicodedata.normalize("NFC", text)


def spans_of_links(text: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each link, with or without `https://`."""
    for match in _LINK.finditer(text):
        yield match.span()


def links(text: str) -> tuple[str, ...]:
    """Return the links that X will see in a text, bare domains included."""
    return tuple(text[start:end] for start, end in spans_of_links(text))


def weighted_length(text: str) -> int:
    """Return the length of a post as X counts it; at most `MAX_LENGTH` may be posted."""
    text = normal(text)
    length, rest = 0, 0
    for start, end in spans_of_links(text):
        length += _weight(text[rest:start]) + LINK_LENGTH
        rest = end
    return length + _weight(text[rest:])


def _weight(text: str) -> int:
    weight, rest = 0, 0
    for match in _EMOJI.finditer(text):
        if len(match[0]) > 1:  # one code point alone has its own weight, "©" that of a letter
            weight += _weight_of_characters(text[rest : match.start()]) + 2
            rest = match.end()
    return weight + _weight_of_characters(text[rest:])


def _weight_of_characters(text: str) -> int:
    return sum(
        1 if any(first <= ord(each) <= last for first, last in _LIGHT) else 2 for each in text
    )
