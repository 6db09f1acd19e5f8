"""Invoices, bills and credit notes as a list."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from mcp_servers.odoo.tools.documents import MOVE
from mcp_servers.odoo.tools.paging import Listing
from mcp_servers.odoo.tools.records import amount_of, link, text
from utils.money import canonical_amount

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mcp_servers.odoo.actions.settlement import ListInvoices
    from mcp_servers.odoo.client import Reader, Row
    from mcp_servers.toolset import Page

FIELDS = (
    *("name", "move_type", "state", "payment_state", "partner_id", "ref", "currency_id"),
    *("invoice_date", "invoice_date_due", "amount_total", "amount_residual"),
)
CUSTOMER = ("out_invoice", "out_refund")
VENDOR = ("in_invoice", "in_refund")
TYPES = {
    "out_invoice": "invoice",
    "out_refund": "credit note",
    "in_invoice": "vendor bill",
    "in_refund": "vendor credit note",
}
UNPAID = ("not_paid", "partial")
SETTLED = ("paid", "in_payment", "reversed")
"""`in_payment` is Enterprise's word for paid, not yet seen on the bank statement."""


def list_invoices(client: Reader, arguments: ListInvoices) -> Page:
    """Return documents of our company, the newest first."""
    today = client.today

    def item(row: Row) -> dict[str, object]:
        return _item(row, today)

    order = "invoice_date desc, id desc"
    return Listing(MOVE, FIELDS, order, item).page(client, _domain(client, arguments), arguments)


def _domain(client: Reader, asked: ListInvoices) -> list[object]:
    sides = {"customer": CUSTOMER, "vendor": VENDOR, None: (*CUSTOMER, *VENDOR)}
    unpaid: list[object] = [["state", "=", "posted"], ["payment_state", "in", list(UNPAID)]]
    states: Mapping[str | None, list[object]] = {
        "draft": [["state", "=", "draft"]],
        "open": unpaid,
        "overdue": [*unpaid, ["invoice_date_due", "<", client.today.isoformat()]],
        "paid": [["state", "=", "posted"], ["payment_state", "in", list(SETTLED)]],
        None: [],
    }
    places = ("name", "ref", "invoice_origin", "partner_id")
    words = [[place, "ilike", asked.query] for place in places] if asked.query else []
    return [
        ["move_type", "in", list(sides[asked.side])],
        ["company_id", "=", client.company_id],
        *([["invoice_date", ">=", asked.since.isoformat()]] if asked.since else []),
        *states[asked.state],
        *["|"] * max(len(words) - 1, 0),
        *words,
    ]


def _item(row: Row, today: date) -> dict[str, object]:
    currency = link(row["currency_id"])[1]
    due = row["invoice_date_due"] or None
    open_ = row["state"] == "posted" and row["payment_state"] in UNPAID
    late = (today - date.fromisoformat(due)).days if due and open_ else 0
    return {
        "id": int(row["id"]),
        "name": text(row["name"]) if row["name"] and row["name"] != "/" else "",
        "type": TYPES.get(row["move_type"], "document"),
        "state": text(row["state"]),
        "payment_state": text(row["payment_state"]) or None,
        "partner": text(link(row["partner_id"])[1]) or None,
        "partner_id": link(row["partner_id"])[0],
        "reference": text(row["ref"]) or None,
        "invoice_date": row["invoice_date"] or None,
        "due_date": due,
        "days_overdue": max(late, 0),
        "total": canonical_amount(amount_of(row["amount_total"], currency)),
        "due": canonical_amount(amount_of(row["amount_residual"], currency)),
        "currency": currency,
    }
