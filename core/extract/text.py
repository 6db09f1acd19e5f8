"""Text from outside made plain: what a reader cannot see is taken out before anything is read.

Rules: one line end, NFC, no control, direction, zero-width or private characters; capped; the
time taken grows with the length and not faster.
"""

from __future__ import annotations

import re
import unicodedata

_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_INVISIBLE_RANGES = (
    (0x00, 0x08), (0x0E, 0x1F), (0x7F, 0x9F), (0xAD, 0xAD), (0x034F, 0x034F), (0x061C, 0x061C),
    (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E),
    (0x2060, 0x206F), (0x3164, 0x3164), (0xD800, 0xDFFF), (0xE000, 0xF8FF), (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFFB), (0xE0000, 0xE0FFF), (0xF0000, 0x10FFFF),
)  # fmt: skip
_INVISIBLE = dict.fromkeys(c for first, last in _INVISIBLE_RANGES for c in range(first, last + 1))
_TRAILING = re.compile(r"(?<![ \t])[ \t]+(?=\n|\Z)")
_NAMES = "utf-8 utf8 us-ascii ascii iso-8859-1 iso-8859-2 iso-8859-15 latin-1 latin1 windows-1250"
_MORE_NAMES = "windows-1251 windows-1252 cp1252 iso-8859-5 iso-8859-7 iso-8859-9 koi8-r utf-16"
_ASIAN_NAMES = "gb2312 gbk gb18030 big5 shift_jis iso-2022-jp euc-jp euc-kr utf-16le utf-16be"
CHARSETS = frozenset(f"{_NAMES} {_MORE_NAMES} {_ASIAN_NAMES}".split())
"""What is decoded by name; Python knows more codecs, some of them slow or no charsets at all."""


def clean(text: str, limit_chars: int) -> str:
    """Return a text without anything a reader cannot see.

    Args:
        text: the text from outside.
        limit_chars: where it is cut.
    """
    text = text[:limit_chars].replace("\x1f", " ").translate(_INVISIBLE)
    text = unicodedata.normalize("NFC", _LINE_ENDS.sub("\n", text))
    return _TRAILING.sub("", text)[:limit_chars]


def one_line(text: str, limit_chars: int) -> str:
    """Return a text as one clean line."""
    line = " ".join(clean(text, 4 * limit_chars).split())
    return line if len(line) <= limit_chars else line[: limit_chars - 1] + "…"


def decoded(data: bytes, charset: str | None) -> str:
    """Return bytes as text; an unknown or wrong charset costs single characters, never the text."""
    name = (charset or "utf-8").strip().lower()
    try:
        return data.decode("utf-8" if name not in CHARSETS else name)
    except UnicodeDecodeError:
        pass
    fallback = "cp1252" if name in {"utf-8", "utf8", "us-ascii", "ascii"} else name
    return data.decode(fallback if fallback in CHARSETS else "cp1252", errors="replace")
