"""Holding a document against what was approved, before it is made and after.

Rules: prices are approved before tax. Odoo may add the taxes of account or product, so the approved
total is compared with the untaxed amount, and with the total where prices include their tax;
approved dates are compared too; numbers that Odoo would round are refused before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcp_servers.odoo.actions.documents import CreateQuotation, CreateVendorBill
from mcp_servers.odoo.tools.records import amount_of, link, rejected, text
from utils.money import canonical_number, show_amount

if TYPE_CHECKING:
    from mcp_servers.odoo.actions.documents import Document
    from mcp_servers.odoo.client import Reader, Row

ORDER_LINE, MOVE_LINE = "sale.order.line", "account.move.line"
DATES = {
    "invoice_date": "invoice_date",
    "due_date": "invoice_date_due",
    "valid_until": "validity_date",
}
"""Approved dates, and where Odoo keeps them."""


def check_decimals(client: Reader, document: Document) -> None:
    """Refuse numbers that Odoo would round, which may make another total."""
    if isinstance(document, CreateQuotation):
        quantities, prices = client.decimals(ORDER_LINE, ("product_uom_qty", "price_unit"))
    else:
        quantities, prices = client.decimals(MOVE_LINE, ("quantity", "price_unit"))
    for line in document.items:
        for what, value, kept in (
            ("quantity", line.quantity, quantities),
            ("unit price", line.unit_price, prices),
        ):
            if kept is not None and value != round(value, kept):
                raise rejected(
                    f"Odoo keeps {kept} decimals of a {what}, so it would round "
                    f"{canonical_number(value)}. Write the line in another way, or have Odoo keep "
                    "more (Settings, Technical, Decimal Accuracy).",
                    "TooManyDecimals",
                )


def difference(row: Row, document: Document) -> str:
    """Return how a record differs from what was approved, "" when it does not."""
    partner, currency = link(row["partner_id"]), link(row["currency_id"])
    if partner[0] != document.partner_id:
        side = "vendor" if isinstance(document, CreateVendorBill) else "customer"
        return f"it is for {text(partner[1]) or 'nobody'}, not for {side} {document.partner_id}"
    if currency[1] != document.currency:
        return f"it is in {currency[1]}, not in {document.currency}"
    names = ("amount_untaxed", "amount_total")
    amounts = [amount_of(row[name], document.currency) for name in names]
    if document.total not in amounts:
        shown = show_amount(amounts[0], document.currency)
        return f"its amount is {shown}, not {show_amount(document.total, document.currency)}"
    for name, place in DATES.items():
        day = getattr(document, name, None)
        if day and row[place] != day.isoformat():
            return f"its {name.replace('_', ' ')} is {row[place] or 'empty'}, not {day}"
    return ""


def told(row: Row, document: Document, what: str, of: str) -> str:
    """Return a record in one sentence."""
    states = {"draft": f"Draft {what}", "cancel": f"Cancelled {what}"}
    title = states.get(row["state"], what.capitalize())
    name = row["name"] if row["name"] and row["name"] != "/" else row["id"]
    partner = text(link(row["partner_id"])[1])
    total = show_amount(amount_of(row["amount_total"], document.currency), document.currency)
    tax = amount_of(row["amount_tax"], document.currency)
    taxed = f", {show_amount(tax, document.currency)} of it tax" if tax else ""
    return f"{title} {name} {of} {partner}, {total}{taxed}."
