"""The types that Odoo's arguments are made of, and how they are shown to people and models.

Rules: money is Decimal inside and text outside; what could hide something in a note is refused;
schemas are kept small, because every assistant carries them in its context all day.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    WithJsonSchema,
)

from mcp_servers import fields
from mcp_servers.fields import OneLine, visible, words_for_a_name
from utils.money import (
    AMOUNT_PATTERN,
    canonical_amount,
    canonical_number,
    parse_amount,
    parse_currency,
)

MAX_QUANTITY = Decimal(1_000_000)


def title_of(what: str, name: str, amount: Decimal | None = None, currency: str = "") -> str:
    """Return the words of a note's file name; a point would end the name, so it becomes `-`."""
    words = [what, words_for_a_name(name, limit=100)]
    if amount is not None:
        words += [canonical_number(amount).replace(".", "-"), currency]
    return " ".join(words)


def _lines(text: str) -> str:
    return visible(text.replace("\r\n", "\n"), allowed="\n")


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
Name = Annotated[OneLine, Field(min_length=1, max_length=200), _TEXT]
Note = Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(_lines), _TEXT]
Line = Annotated[OneLine, Field(min_length=1, max_length=500), _TEXT]
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


class Arguments(fields.Arguments):
    """What every argument model of Odoo shares: unknown fields are refused, its schema is small."""

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
