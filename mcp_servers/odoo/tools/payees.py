"""Who would be paid: what the books say about a vendor before the owner is asked.

Rules: known means a posted bill of the same commercial partner, dated and entered over 30 days ago,
other than the one to be paid, to the same bank account; recurring means two payments 25 to 35 days
apart, each within 10 % of this one, the last at least 25 days ago; bank data that changed since is
a doubt. Dates that a vendor or an assistant chooses prove nothing by themselves.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from core.findings import Payee
from mcp_servers.odoo.tools.documents import MOVE
from mcp_servers.odoo.tools.records import amount_of, link, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mcp_servers.odoo.actions.settlement import RegisterPayment
    from mcp_servers.odoo.client import Reader, Row

BANK = "res.partner.bank"
KNOWN_AFTER = timedelta(days=30)
RECENT = timedelta(days=30)
APART = (timedelta(days=25), timedelta(days=35))
WITHIN = Decimal("0.10")
PAID = ("paid", "posted", "in_process", "reconciled", "sent")
"""States of a payment that was made: `posted` and the like until 17, `paid` from 18 on."""


def payee_of(client: Reader, move: Row, payment: RegisterPayment) -> Payee:
    """Return what the books say about who is paid by a payment on a document."""
    if move["move_type"] != "in_invoice":
        return Payee(is_paid=False)
    partner_id, name = link(move["commercial_partner_id"])
    if partner_id is None:
        return Payee(is_paid=True, doubts=("The bill in Odoo names nobody.",))
    accounts = _accounts(client, partner_id)
    earlier = _earlier_bill(client, move, partner_id)
    now = link(move["partner_bank_id"])[0]
    doubts = [*_changed_lately(client, accounts, text(name))]
    if earlier is None:
        doubts.append(
            f"{text(name)} is new: no other posted bill of theirs is over 30 days old. This one "
            f"names {_account(accounts, now)}."
        )
    elif (before := link(earlier["partner_bank_id"])[0]) != now:
        told = f"{_account(accounts, now)}, an earlier one {_account(accounts, before)}"
        doubts.append(f"The bill names {told}.")
    return Payee(
        is_paid=True,
        known=earlier is not None and not doubts,
        recurring=_is_recurring(client, partner_id, payment),
        doubts=tuple(doubts),
    )


def _accounts(client: Reader, partner_id: int) -> list[Row]:
    domain = [["partner_id.commercial_partner_id", "=", partner_id]]
    fields = ("acc_number", "create_date", "write_date")
    return client.search_read(BANK, domain, fields, limit=20, order="write_date desc, id desc")


def _earlier_bill(client: Reader, move: Row, partner_id: int) -> Row | None:
    """Return the newest posted bill of a partner that is over 30 days old.

    It must be that long in the books too: a bill that came today may bear any date.
    """
    before = (client.today - KNOWN_AFTER).isoformat()
    domain = [
        ["move_type", "=", "in_invoice"],
        ["state", "=", "posted"],
        ["company_id", "=", client.company_id],
        ["commercial_partner_id", "=", partner_id],
        ["invoice_date", "<", before],
        ["create_date", "<", f"{before} 00:00:00"],
        ["id", "!=", move["id"]],
    ]
    order = "invoice_date desc, id desc"
    rows = client.search_read(MOVE, domain, ("partner_bank_id",), limit=1, order=order)
    return rows[0] if rows else None


def _changed_lately(client: Reader, accounts: Sequence[Row], name: str) -> Iterator[str]:
    since = (client.today - RECENT).isoformat()
    for row in accounts:
        added, changed = str(row["create_date"])[:10], str(row["write_date"])[:10]
        if changed > since:
            verb = "added" if added > since else "changed"
            ending = _ending(accounts, row["id"])
            yield f"The bank account {ending} of {name} was {verb} in Odoo on {changed}."


def _account(accounts: Sequence[Row], identifier: int | None) -> str:
    if identifier is None:
        return "no bank account"
    return f"the account {_ending(accounts, identifier)}"


def _ending(accounts: Sequence[Row], identifier: int) -> str:
    """Return by what a person tells an account; the whole number stays in Odoo."""
    number = next((str(row["acc_number"]) for row in accounts if row["id"] == identifier), "")
    return f"ending in {number.replace(' ', '')[-4:]}" if number else "of somebody else"


def _is_recurring(client: Reader, partner_id: int, payment: RegisterPayment) -> bool:
    domain = [
        ["partner_id.commercial_partner_id", "=", partner_id],
        ["payment_type", "=", "outbound"],
        ["state", "in", list(PAID)],
        ["company_id", "=", client.company_id],
    ]
    fields = ("date", "amount", "currency_id")
    rows = client.search_read(
        "account.payment", domain, fields, limit=2, order="date desc, id desc"
    )
    if len(rows) < 2:
        return False
    last, before = (date.fromisoformat(str(row["date"])) for row in rows)
    on = min(payment.payment_date or client.today, client.today)
    in_rhythm = APART[0] <= last - before <= APART[1] and on - last >= APART[0]
    return in_rhythm and all(_is_alike(row, payment) for row in rows)


def _is_alike(row: Row, payment: RegisterPayment) -> bool:
    currency = link(row["currency_id"])[1]
    amount = amount_of(row["amount"], currency)
    return currency == payment.currency and abs(amount - payment.amount) <= WITHIN * payment.amount
