"""Steps on invoices that exist: posting, paying, listing, and the sums of a period.

Rule: a step on a record carries what the owner must see of it (whose, how much), and Odoo must say
the same when it is carried out.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, WithJsonSchema, model_validator

from core.actions import Facts
from mcp_servers.fields import escape
from mcp_servers.odoo.actions.arguments import (
    Arguments,
    Currency,
    Day,
    Identifier,
    Money,
    Name,
    Paged,
    title_of,
)
from utils.money import show_amount

Weeks = Annotated[int, Field(ge=0, le=12), WithJsonSchema({"type": "integer"})]
"""How many spans of seven days before a period are told as well."""


class PostInvoice(Arguments):
    """The arguments of posting a draft invoice or vendor bill."""

    invoice_id: Identifier
    partner: Name = Field(description="Whose, as Odoo shows it")
    amount: Money = Field(description="Total with tax")
    currency: Currency

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.amount <= 0:
            raise ValueError("the amount must be above zero")
        return self


class RegisterPayment(Arguments):
    """The arguments of a payment that is recorded on a posted invoice or bill."""

    invoice: Name = Field(description="Its number")
    invoice_id: Identifier | None = None
    partner: Name = Field(description="Whose, as Odoo shows it")
    amount: Money
    currency: Currency
    payment_date: Day | None = None
    journal: Name | None = Field(default=None, description="Bank or cash journal")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.amount <= 0:
            raise ValueError("the amount must be above zero")
        return self


class ListInvoices(Paged):
    """The arguments of a list of invoices and bills."""

    query: Name | None = Field(default=None, description="Part of number or partner")
    side: Literal["customer", "vendor"] | None = None
    state: Literal["draft", "open", "overdue", "paid"] | None = None
    since: Day | None = None


class GetFinancialSummary(Arguments):
    """The arguments of the sums of seven days, or of a month to date."""

    period: Literal["week", "month"] = "month"
    until: Day | None = Field(default=None, description="Default today")
    weeks: Weeks = Field(default=0, description="More weeks of revenue")


def describe_posting(posting: PostInvoice) -> str:
    """Return what is asked of the owner."""
    amount = show_amount(posting.amount, posting.currency)
    return f"post invoice {posting.invoice_id} of **{escape(posting.partner)}**, **{amount}**"


def describe_payment(payment: RegisterPayment) -> str:
    """Return what is asked of the owner."""
    amount = show_amount(payment.amount, payment.currency)
    invoice, partner = escape(payment.invoice), escape(payment.partner)
    return f"record a payment of **{amount}** on **{invoice}** of **{partner}**"


def title_of_posting(posting: PostInvoice) -> str:
    """Return the words of the note's file name."""
    return title_of("Post invoice", posting.partner, posting.amount, posting.currency)


def title_of_payment(payment: RegisterPayment) -> str:
    """Return the words of the note's file name."""
    return title_of("Payment", payment.partner, payment.amount, payment.currency)


def facts_of_step(step: PostInvoice | RegisterPayment) -> Facts:
    """Return the other side, amount and currency."""
    return Facts(counterparty=step.partner, amount=step.amount, currency=step.currency)
