"""Documents with lines: draft invoices, quotations and vendor bills.

Rule: whatever Odoo would only refuse later, or accept without meaning (no lines, a total of zero or
less), is refused before a person is asked.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import Field, model_validator

from core.actions import Facts
from mcp_servers.fields import escape
from mcp_servers.odoo.actions.arguments import (
    Arguments,
    Currency,
    Day,
    Identifier,
    Line,
    Money,
    Name,
    Note,
    Quantity,
    title_of,
)
from utils.money import LIMIT, round_amount, show_amount

if TYPE_CHECKING:
    from collections.abc import Sequence


class InvoiceLine(Arguments):
    """One line of a document."""

    description: Line
    quantity: Quantity
    unit_price: Money = Field(description="Before tax; negative for a discount")


class QuotationLine(InvoiceLine):
    """One line of a quotation; Odoo wants a product on each."""

    product: Name | None = Field(default=None, description="Name or reference in Odoo")


class Document(Arguments):
    """What invoices, quotations and bills share."""

    WHAT: ClassVar[str] = "document"
    TITLE: ClassVar[str] = "Document"

    if TYPE_CHECKING:  # a field of each, in the place where people look for it
        currency: Currency

    @property
    def partner(self) -> str:
        """Return the other side's name."""
        raise NotImplementedError

    @property
    def partner_id(self) -> int | None:
        """Return the other side's id in Odoo, once it is known."""
        raise NotImplementedError

    @property
    def items(self) -> Sequence[InvoiceLine]:
        """Return the lines."""
        raise NotImplementedError

    @property
    def dates(self) -> tuple[date | None, date | None]:
        """Return the day of the document, and the day that must not lie before it."""
        return None, None

    @property
    def total(self) -> Decimal:
        """Return the sum before tax, each line rounded half up as Odoo does by default."""
        subtotals = (line.quantity * line.unit_price for line in self.items)
        return sum((round_amount(each, self.currency) for each in subtotals), Decimal(0))

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not 0 < self.total < LIMIT:
            shown = show_amount(self.total, self.currency)
            raise ValueError(f"the total is {shown}; {self.WHAT} needs a total above zero")
        first, last = self.dates
        if first and last and last < first:
            raise ValueError("due_date lies before invoice_date")
        return self


Lines = Annotated[list[InvoiceLine], Field(min_length=1, max_length=100)]


class Sale(Document):
    """What both documents for a customer share."""

    customer: Name
    customer_id: Identifier | None = None
    currency: Currency

    @property
    def partner(self) -> str:
        """Return the customer's name."""
        return self.customer

    @property
    def partner_id(self) -> int | None:
        """Return the customer's id in Odoo, once it is known."""
        return self.customer_id


class CreateInvoice(Sale):
    """The arguments of a draft customer invoice."""

    WHAT: ClassVar[str] = "an invoice"
    TITLE: ClassVar[str] = "Invoice"

    customer_id: Identifier | None = Field(default=None, description="Looked up when left out")
    invoice_date: Day | None = None
    due_date: Day | None = None
    reference: Name | None = Field(default=None, description="The customer's order number")
    note: Note | None = Field(default=None, description="Text below the lines")
    lines: Lines

    @property
    def items(self) -> Sequence[InvoiceLine]:
        """Return the lines."""
        return self.lines

    @property
    def dates(self) -> tuple[date | None, date | None]:
        """Return invoice date and due date."""
        return self.invoice_date, self.due_date


class CreateQuotation(Sale):
    """The arguments of a draft quotation."""

    WHAT: ClassVar[str] = "a quotation"
    TITLE: ClassVar[str] = "Quotation"

    valid_until: Day | None = None
    reference: Name | None = Field(default=None, description="The customer's own")
    note: Note | None = None
    lines: Annotated[list[QuotationLine], Field(min_length=1, max_length=100)]

    @property
    def items(self) -> Sequence[InvoiceLine]:
        """Return the lines."""
        return self.lines


class CreateVendorBill(Document):
    """The arguments of a draft vendor bill."""

    WHAT: ClassVar[str] = "a bill"
    TITLE: ClassVar[str] = "Vendor bill"

    vendor: Name
    vendor_id: Identifier | None = None
    currency: Currency
    reference: Name = Field(description="The vendor's own invoice number")
    invoice_date: Day
    due_date: Day | None = None
    note: Note | None = None
    lines: Lines

    @property
    def partner(self) -> str:
        """Return the vendor's name."""
        return self.vendor

    @property
    def partner_id(self) -> int | None:
        """Return the vendor's id in Odoo, once it is known."""
        return self.vendor_id

    @property
    def items(self) -> Sequence[InvoiceLine]:
        """Return the lines."""
        return self.lines

    @property
    def dates(self) -> tuple[date | None, date | None]:
        """Return invoice date and due date."""
        return self.invoice_date, self.due_date


def describe_invoice(invoice: CreateInvoice) -> str:
    """Return what is asked of the owner."""
    return f"create a draft invoice for {_who_and_what(invoice)}"


def describe_quotation(quotation: CreateQuotation) -> str:
    """Return what is asked of the owner."""
    return f"create a draft quotation for {_who_and_what(quotation)}"


def describe_bill(bill: CreateVendorBill) -> str:
    """Return what is asked of the owner."""
    number = f"**{escape(bill.reference)}**"
    return f"enter the vendor's bill {number} from {_who_and_what(bill)}, as a draft"


def _who_and_what(document: Document) -> str:
    amount = show_amount(document.total, document.currency)
    return f"**{escape(document.partner)}**, **{amount}**"


def title_of_document(document: Document) -> str:
    """Return the words of the note's file name."""
    return title_of(document.TITLE, document.partner, document.total, document.currency)


def facts_of_document(document: Document) -> Facts:
    """Return the other side, total and currency."""
    return Facts(counterparty=document.partner, amount=document.total, currency=document.currency)
