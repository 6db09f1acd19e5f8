"""Draft invoices, quotations and vendor bills: three creations.

Rule: prices are approved before tax. Odoo may add the taxes of account or product, so the approved
total is compared with the untaxed amount, and with the total where prices include their tax.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.extract.ibans import fingerprint
from core.findings import Findings
from mcp_servers.odoo.actions.documents import (
    CreateInvoice,
    CreateQuotation,
    CreateVendorBill,
)
from mcp_servers.odoo.tools.records import (
    Creation,
    amount_of,
    as_html,
    link,
    literally,
    number,
    rejected,
    same,
    text,
)
from utils.money import show_amount

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mcp_servers.odoo.actions.documents import Document, InvoiceLine, QuotationLine
    from mcp_servers.odoo.client import Reader, Row

MOVE, ORDER = "account.move", "sale.order"
AMOUNTS = ("currency_id", "amount_untaxed", "amount_tax", "amount_total")
FIELDS = ("name", "state", "partner_id", *AMOUNTS)
SERVICE_REFERENCE = "SERVICE"
"""The internal reference of the product for quotation lines that name none."""


def _given(values: Mapping[str, Any]) -> Row:
    return {name: value for name, value in values.items() if value is not None}


def _iso(day: Any) -> str | None:
    return day.isoformat() if day else None


def _partner_of(document: Document) -> int:
    if document.partner_id is None:
        side = "vendor" if isinstance(document, CreateVendorBill) else "customer"
        raise rejected(
            f'no {side} of Odoo was chosen for "{document.partner}". Write the id of the {side} '
            f"into the note as {side}_id, then approve again.",
            "NoCustomer" if side == "customer" else "NoVendor",
        )
    return document.partner_id


def _currency_name(document: Document) -> Mapping[str, Any]:
    return {"currency_id": document.currency}


def _move_line(line: InvoiceLine) -> list[object]:
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
        "invoice_date_due": _iso(invoice.due_date),
        "invoice_origin": invoice.reference,
        "narration": as_html(invoice.note) if invoice.note else None,
    }
    return {
        "move_type": "out_invoice",
        "partner_id": invoice.customer_id,
        "ref": key,
        "currency_id": ids["currency_id"],
        **_given(optional),
        "invoice_line_ids": [_move_line(line) for line in invoice.lines],
    }


def _invoice_ids(client: Reader, invoice: CreateInvoice) -> Mapping[str, Any]:
    return {"currency_id": client.currency_id(invoice.currency)}


# -- vendor bills ---------------------------------------------------------------------------------


def _bill_values(bill: CreateVendorBill, key: str, ids: Mapping[str, Any]) -> Row:
    optional = {
        "invoice_date_due": _iso(bill.due_date),
        "narration": as_html(bill.note) if bill.note else None,
    }
    return {
        "move_type": "in_invoice",
        "partner_id": bill.vendor_id,
        "ref": bill.reference,
        "invoice_origin": key,
        "currency_id": ids["currency_id"],
        "invoice_date": bill.invoice_date.isoformat(),
        **_given(optional),
        "invoice_line_ids": [_move_line(line) for line in bill.lines],
    }


def _bill_ids(client: Reader, bill: CreateVendorBill) -> Mapping[str, Any]:
    """Return the currency's id; refuse a bill that is there already (Odoo would take it twice)."""
    currency_id, vendor = client.currency_id(bill.currency), bill.vendor_id
    if vendor is None:
        return {"currency_id": currency_id}
    domain = [
        ["move_type", "=", "in_invoice"],
        ["company_id", "=", client.company_id],
        ["state", "!=", "cancel"],
        ["ref", "=ilike", literally(bill.reference)],
        *["|", ["partner_id", "=", vendor], ["commercial_partner_id", "=", vendor]],
    ]
    rows = client.search_read(MOVE, domain, ("name", "invoice_date"), limit=1, order="id")
    if rows:
        raise rejected(
            f"bill {text(bill.reference)} of {text(bill.vendor)} is there already: bill "
            f"{rows[0]['id']} of {rows[0]['invoice_date'] or 'no date'}.",
            "DuplicateBill",
        )
    return {"currency_id": currency_id}


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
        **_given(optional),
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
        "in Odoo under Sales > Products > Pricelists.",
        "NoPricelist",
    )


# -- before the owner is asked --------------------------------------------------------------------


def _partner_found(client: Reader, document: Document) -> Findings:
    """Return what is wrong with the partner's id, which somebody may have written by hand."""
    if document.partner_id is None:
        return Findings()
    row = client.read("res.partner", document.partner_id, ("name", "company_id"))
    if row is None or link(row["company_id"])[0] not in {None, client.company_id}:
        return Findings(refusals=(f"Odoo has no partner with the id {document.partner_id}.",))
    if same(str(row["name"]), document.partner):
        return Findings()
    said = f"Odoo calls partner {document.partner_id} {text(row['name'])}, not {document.partner}."
    return Findings(remarks=(f"CAREFUL: {said}",))


def _vendor_found(client: Reader, bill: CreateVendorBill) -> Findings:
    """Return the vendor's bank accounts too: a bill may name another one."""
    found = _partner_found(client, bill)
    if bill.vendor_id is None or found.refusals:
        return found
    owner = [["partner_id.commercial_partner_id", "=", bill.vendor_id]]
    rows = client.search_read("res.partner.bank", owner, ("acc_number",), limit=20, order="id")
    return found + Findings(accounts=tuple(fingerprint(str(row["acc_number"])) for row in rows))


# -- comparing and telling ------------------------------------------------------------------------


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
    return ""


def _told(row: Row, document: Document, what: str, of: str) -> str:
    states = {"draft": f"Draft {what}", "cancel": f"Cancelled {what}"}
    title = states.get(row["state"], what.capitalize())
    name = row["name"] if row["name"] and row["name"] != "/" else row["id"]
    partner = text(link(row["partner_id"])[1])
    total = show_amount(amount_of(row["amount_total"], document.currency), document.currency)
    tax = amount_of(row["amount_tax"], document.currency)
    taxed = f", {show_amount(tax, document.currency)} of it tax" if tax else ""
    return f"{title} {name} {of} {partner}, {total}{taxed}."


def _invoice_summary(row: Row, invoice: CreateInvoice) -> str:
    return _told(row, invoice, "invoice", "for")


def _quotation_summary(row: Row, quotation: CreateQuotation) -> str:
    return _told(row, quotation, "quotation", "for")


def _bill_summary(row: Row, bill: CreateVendorBill) -> str:
    return _told(row, bill, "vendor bill", "from")


INVOICE = Creation(
    arguments=CreateInvoice,
    model=MOVE,
    noun="draft invoice",
    key_field="ref",
    fields=FIELDS,
    values=_invoice_values,
    names=_currency_name,
    ids=_invoice_ids,
    check=_partner_of,
    difference=difference,
    summary=_invoice_summary,
    narrow=(["move_type", "=", "out_invoice"],),
    look=_partner_found,
)
BILL = Creation(
    arguments=CreateVendorBill,
    model=MOVE,
    noun="draft vendor bill",
    key_field="invoice_origin",
    fields=FIELDS,
    values=_bill_values,
    names=_currency_name,
    ids=_bill_ids,
    check=_partner_of,
    difference=difference,
    summary=_bill_summary,
    narrow=(["move_type", "=", "in_invoice"],),
    look=_vendor_found,
)
QUOTATION = Creation(
    arguments=CreateQuotation,
    model=ORDER,
    noun="draft quotation",
    key_field="origin",
    fields=FIELDS,
    values=_quotation_values,
    names=_quotation_names,
    ids=_quotation_ids,
    check=_partner_of,
    look=_partner_found,
    difference=difference,
    summary=_quotation_summary,
)
