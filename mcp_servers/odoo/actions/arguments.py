"""The types that Odoo's arguments are made of, and how they are shown to people and models.

Rules: money is Decimal inside and text outside; what could hide something in a note is refused;
schemas are kept small, because every assistant carries them in its context all day.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)

from utils.money import (
    AMOUNT_PATTERN,
    canonical_amount,
    canonical_number,
    parse_amount,
    parse_currency,
)

MAX_QUANTITY = Decimal(1_000_000)
_MARKDOWN = re.compile(r"[\\`*_\[\]<>~=|#$%^&{}]|:(?=//)")
_UNSAFE_FOR_A_NAME = re.compile(r"[^\w -]+")
_HIDING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")


def escape(text: str) -> str:
    """Return a text that Markdown shows as it is."""
    return _MARKDOWN.sub(lambda match: "\\" + match[0], text)


def title_of(what: str, name: str, amount: Decimal | None = None, currency: str = "") -> str:
    """Return the words of a note's file name; a point would end the name, so it becomes `-`."""
    words = [what, *_UNSAFE_FOR_A_NAME.sub(" ", name).split()]
    if amount is not None:
        words += [canonical_number(amount).replace(".", "-"), currency]
    return " ".join(words)


def _visible(text: str, allowed: str = "") -> str:
    for character in text:
        hidden = unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}
        if (hidden or character in _HIDING) and character not in allowed:
            raise ValueError(f"contains the invisible character U+{ord(character):04X}")
    return unicodedata.normalize("NFC", text)


def _one_line(text: str) -> str:
    return _visible(text)


def _lines(text: str) -> str:
    return _visible(text.replace("\r\n", "\n"), allowed="\n")


def _quantity(value: object) -> Decimal:
    quantity = parse_amount(value)
    if not 0 < quantity <= MAX_QUANTITY:
        raise ValueError("must be more than 0 and at most 1,000,000")
    return quantity


def _percentage(value: object) -> Decimal:
    number = parse_amount(value)
    if not 0 <= number <= 100:
        raise ValueError("must lie between 0 and 100")
    return number


def _day(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        return value
    if type(value) is date:
        return value
    raise ValueError("is not a date; write it like 2026-11-21")


_TEXT = WithJsonSchema({"type": "string"})
Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_one_line), _TEXT]
Note = Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(_lines), _TEXT]
Line = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_one_line), _TEXT]
Identifier = Annotated[int, Field(strict=True, gt=0, lt=2**31), WithJsonSchema({"type": "integer"})]
Currency = Annotated[
    str,
    BeforeValidator(parse_currency),
    WithJsonSchema({"type": "string", "pattern": "^[A-Z]{3}$"}),
]
Money = Annotated[
    Decimal,
    BeforeValidator(parse_amount),
    PlainSerializer(canonical_amount, return_type=str),
    WithJsonSchema({"type": "string", "pattern": AMOUNT_PATTERN, "examples": ["1250.00"]}),
]
Quantity = Annotated[
    Decimal,
    BeforeValidator(_quantity),
    PlainSerializer(canonical_number, return_type=str),
    WithJsonSchema({"type": ["string", "integer"]}),
]
Percentage = Annotated[
    Decimal,
    BeforeValidator(_percentage),
    PlainSerializer(canonical_number, return_type=str),
    WithJsonSchema({"type": ["string", "integer"]}),
]
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
Cursor = Annotated[str, Field(pattern=r"^[0-9]{1,6}$"), _TEXT]


class Arguments(BaseModel):
    """What every argument model shares: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    @classmethod
    def model_json_schema(cls, *args: Any, **options: Any) -> dict[str, Any]:
        """Return the schema without what only says "may be left out"."""
        schema: dict[str, Any] = super().model_json_schema(*args, **options)
        _compact(schema)
        return schema


class Paged(Arguments):
    """What every list shares."""

    limit: int = Field(default=25, ge=1, le=100)
    cursor: Cursor | None = None

    @classmethod
    def model_json_schema(cls, *args: Any, **options: Any) -> dict[str, Any]:
        """Return the schema, in which an empty cursor means the first page."""
        schema = super().model_json_schema(*args, **options)
        schema["properties"]["cursor"]["default"] = None
        return schema


def _compact(schema: object) -> None:
    """Turn `{"anyOf": [X, null], "default": null}` into X; no meaning is lost: null is left out."""
    if isinstance(schema, list):
        for each in schema:
            _compact(each)
    if not isinstance(schema, dict):
        return
    choices = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    if len(choices) == 1:
        del schema["anyOf"]
        schema.update(choices[0])
    if schema.get("default", 0) is None:
        del schema["default"]
    for name, value in schema.items():
        _compact(list(value.values()) if name in {"properties", "$defs"} else value)
    for inner in schema.get("$defs", {}).values():
        inner.pop("description", None)
