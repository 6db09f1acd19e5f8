"""Draft vendor bills: a creation, and what is known of the vendor before.

Rule: Odoo takes a bill twice without a word, so its number is looked up first, by its letters and
digits and for the vendor's whole company; one of the same day and sum is told.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

from core.extract.ibans import fingerprint
from core.findings import Findings
from mcp_servers.odoo.actions.documents import CreateVendorBill
from mcp_servers.odoo.tools.approved import check_decimals, difference, told
from mcp_servers.odoo.tools.documents import (
    MOVE,
    MOVE_FIELDS,
    currency_name,
    due,
    given,
    move_line,
    partner_found,
    partner_of,
)
from mcp_servers.odoo.tools.records import (
    Creation,
    amount_of,
    as_html,
    company_of,
    literally,
    rejected,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mcp_servers.odoo.client import Reader, Row


def _bill_values(bill: CreateVendorBill, key: str, ids: Mapping[str, Any]) -> Row:
    optional = {
        **due(bill.due_date),
        "narration": as_html(bill.note) if bill.note else None,
    }
    return {
        "move_type": "in_invoice",
        "partner_id": bill.vendor_id,
        "ref": bill.reference,
        "invoice_origin": key,
        "currency_id": ids["currency_id"],
        "invoice_date": bill.invoice_date.isoformat(),
        **given(optional),
        "invoice_line_ids": [move_line(line) for line in bill.lines],
    }


def _bill_ids(client: Reader, bill: CreateVendorBill) -> Mapping[str, Any]:
    """Return the currency's id; refuse a bill that is there already (Odoo would take it twice)."""
    check_decimals(client, bill)
    currency_id = client.currency_id(bill.currency)
    if bill.vendor_id is not None:
        _check_new(client, bill, bill.vendor_id)
    return {"currency_id": currency_id}


def _check_new(client: Reader, bill: CreateVendorBill, vendor_id: int) -> None:
    """Refuse a number that the vendor's company has used, however it is spelled."""
    signs = _signs(bill.reference) or bill.reference
    domain = [
        *_of_vendor(client, company_of(client, vendor_id)),
        ["ref", "=ilike", "%".join(["", *map(literally, signs), ""])],
    ]
    rows = client.search_read(MOVE, domain, ("ref", "invoice_date"), limit=100, order="id")
    for row in rows:
        if _is_same_number(str(row["ref"]), bill.reference):
            raise rejected(
                f"bill {text(row['ref'])} of {text(bill.vendor)} is there already: bill "
                f"{row['id']} of {row['invoice_date'] or 'no date'}.",
                "DuplicateBill",
            )


def _of_vendor(client: Reader, company_id: int) -> list[list[object]]:
    return [
        ["move_type", "=", "in_invoice"],
        ["company_id", "=", client.company_id],
        ["state", "!=", "cancel"],
        ["commercial_partner_id", "=", company_id],
    ]


def _is_same_number(one: str, other: str) -> bool:
    return _signs(one).casefold() == _signs(other).casefold()


def _signs(number: str) -> str:
    """Return letters and digits of a number: "INV-001" and "inv 001" are one to an accountant."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", number) if sign.isalnum())


def _vendor_found(client: Reader, bill: CreateVendorBill) -> Findings:
    """Return the vendor's bank accounts too: a bill may name another one."""
    found = partner_found(client, bill)
    if bill.vendor_id is None or found.refusals:
        return found
    company_id = company_of(client, bill.vendor_id)
    owner = [["partner_id.commercial_partner_id", "=", company_id]]
    rows = client.search_read("res.partner.bank", owner, ("acc_number",), limit=20, order="id")
    accounts = tuple(fingerprint(str(row["acc_number"])) for row in rows)
    return found + Findings(accounts=accounts, remarks=tuple(_alike(client, bill, company_id)))


def _alike(client: Reader, bill: CreateVendorBill, company_id: int) -> Iterator[str]:
    """Tell of bills of the same day over the same sum: one number may be misread."""
    domain = [
        *_of_vendor(client, company_id),
        ["invoice_date", "=", bill.invoice_date.isoformat()],
        ["currency_id.name", "=", bill.currency],
    ]
    fields = ("ref", "amount_untaxed", "amount_total")
    for row in client.search_read(MOVE, domain, fields, limit=100, order="id"):
        sums = {amount_of(row[name], bill.currency) for name in fields[1:]}
        if bill.total in sums and not _is_same_number(str(row["ref"]), bill.reference):
            yield (
                f"CAREFUL: bill {text(row['ref']) or 'without a number'} of the same day over the "
                f"same sum is there already: bill {row['id']}."
            )


def _bill_summary(row: Row, bill: CreateVendorBill) -> str:
    return told(row, bill, "vendor bill", "from")


BILL = Creation(
    arguments=CreateVendorBill,
    model=MOVE,
    noun="draft vendor bill",
    key_field="invoice_origin",
    fields=MOVE_FIELDS,
    values=_bill_values,
    names=currency_name,
    ids=_bill_ids,
    check=partner_of,
    difference=difference,
    summary=_bill_summary,
    narrow=(["move_type", "=", "in_invoice"],),
    look=_vendor_found,
)
