"""What can be done in Odoo and asked of it: arguments, words and limits, no network.

Rules: whatever Odoo would only refuse later, or accept without meaning (an empty invoice, a total
of zero), is refused before a person is asked; money is Decimal inside and text outside.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)

from core.actions import Action, Facts, Lookup, Read
from utils.money import (
    AMOUNT_PATTERN,
    LIMIT,
    canonical_amount,
    canonical_number,
    parse_amount,
    parse_currency,
    round_amount,
    show_amount,
)

MAX_QUANTITY = Decimal(1_000_000)
_MARKDOWN = re.compile(r"[\\`*_\[\]<>~=|#$%^&{}]|:(?=//)")
_UNSAFE_FOR_A_NAME = re.compile(r"[^\w -]+")
_HIDING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")


def escape(text: str) -> str:
    """Return a text that Markdown shows as it is."""
    return _MARKDOWN.sub(lambda match: "\\" + match[0], text)


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


def _day(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        return value
    if type(value) is date:
        return value
    raise ValueError("is not a date; write it like 2026-11-21")


Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_one_line)]
Note = Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(_lines)]
Identifier = Annotated[int, Field(strict=True, gt=0, lt=2**31)]
Line = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_one_line)]
Currency = Annotated[
    str,
    BeforeValidator(parse_currency),
    WithJsonSchema({"type": "string", "pattern": "^[A-Z]{3}$", "description": "ISO 4217 code"}),
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
    WithJsonSchema(
        {"anyOf": [{"type": "string", "pattern": AMOUNT_PATTERN}, {"type": "integer"}]},
    ),
]
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]


class Arguments(BaseModel):
    """What every argument model shares: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class InvoiceLine(Arguments):
    """One line of an invoice."""

    description: Line = Field(description="What was sold, one line")
    quantity: Quantity = Field(description="How many")
    unit_price: Money = Field(description="Price of one, before tax; negative for a discount")


class CreateInvoice(Arguments):
    """The arguments of a draft customer invoice."""

    customer: Name = Field(description="The customer's name in Odoo")
    customer_id: Identifier | None = Field(
        default=None, description="The customer's id in Odoo; looked up when left out"
    )
    currency: Currency
    invoice_date: Day | None = None
    due_date: Day | None = None
    reference: Name | None = Field(default=None, description="The customer's order number")
    note: Note | None = Field(default=None, description="Text below the lines")
    lines: list[InvoiceLine] = Field(min_length=1, max_length=100)

    @property
    def total(self) -> Decimal:
        """Return the sum before tax, each line rounded half up as Odoo does by default."""
        subtotals = (line.quantity * line.unit_price for line in self.lines)
        return sum((round_amount(each, self.currency) for each in subtotals), Decimal(0))

    @model_validator(mode="after")
    def _check(self) -> CreateInvoice:
        if not 0 < self.total < LIMIT:
            shown = show_amount(self.total, self.currency)
            raise ValueError(f"the total is {shown}; an invoice needs a total above zero")
        if self.invoice_date and self.due_date and self.due_date < self.invoice_date:
            raise ValueError("due_date lies before invoice_date")
        return self


class FindPartners(Arguments):
    """The arguments of a search for customers and vendors."""

    query: Name = Field(description="Part of the name or of the mail address")
    limit: int = Field(default=25, ge=1, le=100)
    cursor: Annotated[str, Field(pattern=r"^[0-9]{1,6}$")] | None = Field(
        default=None, description="next_cursor of the page before"
    )


def describe_invoice(invoice: CreateInvoice) -> str:
    """Return what is asked of the owner."""
    amount = show_amount(invoice.total, invoice.currency)
    return f"create a draft invoice for **{escape(invoice.customer)}**, **{amount}**"


def title_of_invoice(invoice: CreateInvoice) -> str:
    """Return the words of the note's file name; a point would end the name, so it becomes `-`."""
    customer = " ".join(_UNSAFE_FOR_A_NAME.sub(" ", invoice.customer).split())
    amount = canonical_number(invoice.total).replace(".", "-")
    return f"Invoice {customer} {amount} {invoice.currency}"


def facts_of_invoice(invoice: CreateInvoice) -> Facts:
    """Return payee, total and currency."""
    return Facts(counterparty=invoice.customer, amount=invoice.total, currency=invoice.currency)


ACTIONS = (
    Action(
        kind="odoo.create_invoice",
        summary="Create a draft customer invoice in Odoo; it is neither posted nor e-mailed.",
        arguments=CreateInvoice,
        describe=describe_invoice,
        title=title_of_invoice,
        facts=facts_of_invoice,
        consequence=(
            "A draft invoice will be in Odoo. It is not posted and not e-mailed to anybody, "
            "and it can be deleted in Odoo."
        ),
        money=True,
        absence_provable=True,
        lookup=Lookup("customer", "customer_id", "odoo.find_partners", "customer"),
    ),
)

READS = (
    Read(
        kind="odoo.find_partners",
        summary="Find customers and vendors in Odoo by name or mail address.",
        arguments=FindPartners,
    ),
)
