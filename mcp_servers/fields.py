"""Types of arguments that several services share, and how their words are shown.

Rules: what is approved is what reaches the wire, so a character that a person cannot see is
refused, and a text is kept in one form (NFC, line ends LF); a time without a zone is the owner's.
No SDK is imported here: the catalogue of services is data.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
)

if TYPE_CHECKING:
    from core.text_limits import TextLimit

_HIDING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
_LOCAL_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2})?")
_MARKDOWN = re.compile(r"[\\`*_\[\]<>~=|#$%^&{}]|:(?=//)")
_UNSAFE_FOR_A_NAME = re.compile(r"[^\w -]+")
_LINK = re.compile(r"https?://[^\s<>\"')\]]+", re.IGNORECASE)


class Arguments(BaseModel):
    """What every argument model shares: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


def visible(text: str, allowed: str = "") -> str:
    """Return a text in NFC without characters that a person cannot see.

    Args:
        text: as it was given.
        allowed: control characters that it may hold.

    Raises:
        ValueError: it holds one; the message names it.
    """
    for character in text:
        hidden = unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}
        if (hidden or character in _HIDING) and character not in allowed:
            raise ValueError(f"contains the character U+{ord(character):04X}, which is not allowed")
    return unicodedata.normalize("NFC", text)


def _one_line(text: str) -> str:
    return visible(text)


def _lines(text: str) -> str:
    return visible(text.replace("\r\n", "\n"), allowed="\n\t")


def _local_time(value: object) -> str:
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.isoformat(timespec="seconds")
    if isinstance(value, str) and _LOCAL_TIME.fullmatch(value.strip()):
        return datetime.fromisoformat(value.strip()).isoformat(timespec="seconds")
    raise ValueError("is not a local date and time; write it like 2026-11-24T09:00:00")


OneLine = Annotated[str, AfterValidator(_one_line)]
Lines = Annotated[str, AfterValidator(_lines)]
LocalTime = Annotated[
    str,
    BeforeValidator(_local_time),
    WithJsonSchema({"type": "string", "examples": ["2026-11-24T09:00:00"]}),
]
"""The owner's local time, without a zone."""


def within(limit: TextLimit) -> tuple[Any, ...]:
    """Return what makes a text argument keep to a limit, after its own form is found."""
    most: dict[str, Any] = {"maxLength": limit.at_most} if limit.unit == "characters" else {}
    return Field(min_length=1, json_schema_extra=most), AfterValidator(limit.check)


Limit = Annotated[int, Field(ge=1, le=100)]


def shown_time(publish_at: str | None) -> str:
    """Return ` on <day> at <time>` for a sentence, "" when there is no time."""
    return f" on {publish_at.replace('T', ' at ')}" if publish_at else ""


def escape(text: str) -> str:
    """Return a text that Markdown shows as it is."""
    return _MARKDOWN.sub(lambda match: "\\" + match[0], text)


def words_for_a_name(*parts: str, limit: int = 12) -> str:
    """Return the first words of some texts, fit for a file's name."""
    words = " ".join(_UNSAFE_FOR_A_NAME.sub(" ", part) for part in parts).split()
    return " ".join(words[:limit])


def links_in(text: str) -> tuple[str, ...]:
    """Return the addresses in a text, each once, in order."""
    return tuple(dict.fromkeys(_LINK.findall(text)))


def short(text: str, limit: int = 300) -> str:
    """Return a text from outside on one line of at most `limit` characters."""
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
