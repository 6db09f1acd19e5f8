"""Draft invoices and quotations: two creations, and what vendor bills share with them.

Rule: what is approved wins over what Odoo would put in its place: the partner's payment terms, a
price list's discount.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.findings import Findings
from mcp_servers.odoo.actions.documents import (
    CreateInvoice,
    CreateQuotation,
    CreateVendorBill,
)
from mcp_servers.odoo.tools.approved import check_decimals, difference, told
from mcp_servers.odoo.tools.records import (
    Creation,
    as_html,
    link,
    number,
    rejected,
    same,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from mcp_servers.odoo.actions.documents import Document, InvoiceLine, QuotationLine
    from mcp_servers.odoo.client import Reader, Row

MOVE, ORDER = "account.move", "sale.order"
AMOUNTS = ("currency_id", "amount_untaxed", "amount_tax", "amount_total")
FIELDS = ("name", "state", "partner_id", *AMOUNTS)
MOVE_FIELDS = (*FIELDS, "invoice_date", "invoice_date_due")
ORDER_FIELDS = (*FIELDS, "validity_date")
SERVICE_REFERENCE = "SERVICE"
"""The internal reference of the product for quotation lines that name none."""


def given(values: Mapping[str, Any]) -> Row:
    """Return what was said; the rest is left to Odoo."""
    return {name: value for name, value in values.items() if value is not None}


def _iso(day: Any) -> str | None:
    return day.isoformat() if day else None


def due(day: date | None) -> Row:
    """Return an approved due date; the partner's payment terms would put another in its place."""
    return {"invoice_date_due": day.isoformat(), "invoice_payment_term_id": False} if day else {}


def partner_of(document: Document) -> int:
    """Return the other side's id.

    Raises:
        RejectedError: nobody was chosen.
    """
    if document.partner_id is None:
        side = "vendor" if isinstance(document, CreateVendorBill) else "customer"
        raise rejected(
            f'no {side} of Odoo was chosen for "{document.partner}". Write the id of the {side} '
            f"into the note as {side}_id, then approve again.",
            "NoCustomer" if side == "customer" else "NoVendor",
        )
    return document.partner_id


def currency_name(document: Document) -> Mapping[str, Any]:
    """Return what stands in a preview in the place of the currency's id."""
    return {"currency_id": document.currency}


def move_line(line: InvoiceLine) -> list[object]:
    """Return the command that makes one line of an invoice or bill."""
    values = {
        "name": line.description,
        "quantity": number(line.quantity),
        "price_unit": number(line.unit_price),
    }
    return [0, 0, values]


# -- invoices -------------------------------------------------------------------------------------


def _invoice_values(invoice: CreateInvoice, key: str, ids: Mapping[str, Any]) -> Row:
    optional = {
        "invoice_date": _iso(invoice.invoice_date),
        **due(invoice.due_date),
        "invoice_origin": invoice.reference,
        "narration": as_html(invoice.note) if invoice.note else None,
    }
    return {
        "move_type": "out_invoice",
        "partner_id": invoice.customer_id,
        "ref": key,
        "currency_id": ids["currency_id"],
        **given(optional),
        "invoice_line_ids": [move_line(line) for line in invoice.lines],
    }


def _invoice_ids(client: Reader, invoice: CreateInvoice) -> Mapping[str, Any]:
    check_decimals(client, invoice)
    return {"currency_id": client.currency_id(invoice.currency)}


# -- quotations -----------------------------------------------------------------------------------


def _quotation_values(quotation: CreateQuotation, key: str, ids: Mapping[str, Any]) -> Row:
    optional = {
        "client_order_ref": quotation.reference,
        "validity_date": _iso(quotation.valid_until),
        "note": as_html(quotation.note) if quotation.note else None,
    }
    return {
        "partner_id": quotation.customer_id,
        "origin": key,
        "pricelist_id": ids["pricelist_id"],
        **given(optional),
        "order_line": [_order_line(line, ids["products"]) for line in quotation.lines],
    }


def _order_line(line: QuotationLine, products: Mapping[str, Any]) -> list[object]:
    values = {
        "product_id": products[_product_of(line)],
        "name": line.description,
        "product_uom_qty": number(line.quantity),
        "price_unit": number(line.unit_price),
        "discount": 0,  # or a price list may take one off what was approved
    }
    return [0, 0, values]


def _product_of(line: QuotationLine) -> str:
    return line.product or SERVICE_REFERENCE


def _quotation_names(quotation: CreateQuotation) -> Mapping[str, Any]:
    products = {_product_of(line): _product_of(line) for line in quotation.lines}
    listed = f"(a price list in {quotation.currency})"
    return {"pricelist_id": listed, "products": products}


def _quotation_ids(client: Reader, quotation: CreateQuotation) -> Mapping[str, Any]:
    check_decimals(client, quotation)
    products = {name: _product_id(client, name) for name in _quotation_names(quotation)["products"]}
    return {"pricelist_id": _pricelist_id(client, quotation.currency), "products": products}


def _product_id(client: Reader, name: str) -> int:
    ours = ["|", ["company_id", "=", False], ["company_id", "=", client.company_id]]
    domain = ["|", ["default_code", "=", name], ["name", "=", name], ["sale_ok", "=", True], *ours]
    rows = client.search_read("product.product", domain, ("name",), limit=2, order="id")
    if len(rows) != 1:
        found = "none" if not rows else "several"
        raise rejected(
            f'Odoo wants a product on each line of a quotation and has {found} called "{text(name)}'
            f'". Name one in the line as `product`, or make a service with the internal reference '
            f"{SERVICE_REFERENCE} in Odoo, once.",
            "NoProduct",
        )
    return int(rows[0]["id"])


def _pricelist_id(client: Reader, currency: str) -> int | bool:
    """Return a price list in the currency: in Odoo it decides the currency of a quotation."""
    ours = ["|", ["company_id", "=", False], ["company_id", "=", client.company_id]]
    domain = [["currency_id", "=", client.currency_id(currency)], *ours]
    rows = client.search_read("product.pricelist", domain, ("name",), limit=1, order="id")
    if rows:
        return int(rows[0]["id"])
    if link(client.company()["currency_id"])[1] == currency:
        return False
    raise rejected(
        f"Odoo has no price list in {currency}, which a quotation in that currency needs. Make one "
        "in Odoo under Sales, Products, Pricelists.",
        "NoPricelist",
    )


# -- before the owner is asked --------------------------------------------------------------------


def partner_found(client: Reader, document: Document) -> Findings:
    """Return what is wrong with the partner's id, which somebody may have written by hand."""
    if document.partner_id is None:
        return Findings()
    row = client.read("res.partner", document.partner_id, ("name", "company_id", "active"))
    if row is None or link(row["company_id"])[0] not in {None, client.company_id}:
        return Findings(refusals=(f"Odoo has no partner with the id {document.partner_id}.",))
    if not row["active"]:
        said = f"{text(row['name'])} (id {document.partner_id}) is archived in Odoo."
        return Findings(refusals=(said,))
    if same(str(row["name"]), document.partner):
        return Findings()
    said = f"Odoo calls partner {document.partner_id} {text(row['name'])}, not {document.partner}."
    return Findings(remarks=(f"CAREFUL: {said}",))


# -- telling ---------------------------------------------------------------------------------------


def _invoice_summary(row: Row, invoice: CreateInvoice) -> str:
    return told(row, invoice, "invoice", "for")


def _quotation_summary(row: Row, quotation: CreateQuotation) -> str:
    return told(row, quotation, "quotation", "for")


INVOICE = Creation(
    arguments=CreateInvoice,
    model=MOVE,
    noun="draft invoice",
    key_field="ref",
    fields=MOVE_FIELDS,
    values=_invoice_values,
    names=currency_name,
    ids=_invoice_ids,
    check=partner_of,
    difference=difference,
    summary=_invoice_summary,
    narrow=(["move_type", "=", "out_invoice"],),
    look=partner_found,
)
QUOTATION = Creation(
    arguments=CreateQuotation,
    model=ORDER,
    noun="draft quotation",
    key_field="origin",
    fields=ORDER_FIELDS,
    values=_quotation_values,
    names=_quotation_names,
    ids=_quotation_ids,
    check=partner_of,
    look=partner_found,
    difference=difference,
    summary=_quotation_summary,
)
