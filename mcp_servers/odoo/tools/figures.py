"""The sums of a week or a month: every figure with its basis, its currency and its company.

Rules: amounts of different currencies are never added together; credit notes are subtracted from
what they credit; a sum of nothing is a figure too (0.00 in the company's currency).

Source: which fields and states count, `facts/odoo.md` section 6, 2026-11-21.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from mcp_servers.odoo.tools.documents import MOVE
from mcp_servers.odoo.tools.invoices import CUSTOMER, UNPAID, VENDOR
from mcp_servers.odoo.tools.records import amount_of, link, text
from mcp_servers.toolset import Page
from utils.clock import iso
from utils.money import canonical_amount

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mcp_servers.odoo.actions.settlement import GetFinancialSummary
    from mcp_servers.odoo.client import Reader

REFUNDS = ("out_refund", "in_refund")
AGES = ((1, 30), (31, 60), (61, 90), (91, None))
"""Days past due, as receivables are usually aged."""
SOON_DAYS = 7
PAYMENT = "account.payment"
PAYMENTS = (("payments_received", "inbound", "received"), ("payments_made", "outbound", "sent"))
PAID_STATES = ("posted", "in_process", "paid")
"""Until 17 a payment's state is its entry's (`posted`)."""


@dataclass(frozen=True)
class Figure:
    """One sum to ask for.

    Args:
        name: of the figure.
        amount: the field that is summed.
        domain: which records are in it.
        basis: what that means, in words.
        model: Odoo's name of the records.
        first: the first day it is about, when that is not the first of the period.
    """

    name: str
    amount: str
    domain: tuple[object, ...]
    basis: str
    model: str = MOVE
    first: date | None = None


def get_financial_summary(client: Reader, arguments: GetFinancialSummary) -> Page:
    """Return revenue, bills and payments of a period, and what is due now."""
    end = arguments.until or client.today
    start = first_of(arguments.period, end)
    company = client.company()
    own = link(company["currency_id"])[1]
    figures = [*_of_period(start, end), *_receivables(client.today), *_payables(client.today)]
    figures += [_revenue_before(start, number) for number in range(arguments.weeks, 0, -1)]
    items = tuple(item for figure in figures for item in _items(client, figure, own))
    extra = {
        "company": text(company["name"]),
        "company_currency": own,
        "other_companies": client.other_companies,
        "from": start.isoformat(),
        "to": end.isoformat(),
        "as_of": iso(client.now),
    }
    return Page(items, len(items), None, extra)


def first_of(period: str, last: date) -> date:
    """Return the first of the seven days, or of the month, that end with a day."""
    return last - timedelta(days=6) if period == "week" else last.replace(day=1)


def _of_period(start: date, end: date) -> Iterator[Figure]:
    dated = _dated("invoice_date", start, end)
    within = f"dated {start.isoformat()} to {end.isoformat()}"
    yield _revenue("revenue", start, end)
    bills = f"posted vendor bills minus credit notes, {within}, before tax"
    bills += "; no other expenses are in it"
    yield Figure("billed_by_vendors", "amount_untaxed", (*_posted(VENDOR), *dated), bills)
    moved = (["state", "in", list(PAID_STATES)], *_dated("date", start, end))
    for name, direction, words in PAYMENTS:
        domain = (["payment_type", "=", direction], *moved)
        basis = f"payments recorded as {words}, {within}; a bank statement may say more"
        yield Figure(name, "amount", domain, basis, PAYMENT)


def _posted(types: tuple[str, str]) -> tuple[object, ...]:
    return (["state", "=", "posted"], ["move_type", "in", list(types)])


def _dated(name: str, start: date, end: date) -> tuple[object, ...]:
    return ([name, ">=", start.isoformat()], [name, "<=", end.isoformat()])


def _revenue(name: str, start: date, end: date, first: date | None = None) -> Figure:
    within = f"dated {start.isoformat()} to {end.isoformat()}, before tax"
    basis = f"posted customer invoices minus credit notes, {within}"
    domain = (*_posted(CUSTOMER), *_dated("invoice_date", start, end))
    return Figure(name, "amount_untaxed", domain, basis, first=first)


def _revenue_before(start: date, number: int) -> Figure:
    """Return the revenue of seven days, so many times seven days before."""
    first = start - timedelta(days=7 * number)
    return _revenue("revenue_of_week", first, first + timedelta(days=6), first)


def _receivables(today: date) -> Iterator[Figure]:
    basis = "still due on posted customer invoices minus credit notes, with tax"
    yield _due("receivables", CUSTOMER, (), basis)
    for first, last in AGES:
        days = f"{first}_{last}" if last else f"over_{first - 1}"
        domain = [["invoice_date_due", "<=", (today - timedelta(days=first)).isoformat()]]
        if last:
            domain.append(["invoice_date_due", ">=", (today - timedelta(days=last)).isoformat()])
        late = f"{first} to {last}" if last else f"more than {first - 1}"
        yield _due(f"overdue_{days}_days", CUSTOMER, domain, f"{basis}, {late} days past due")


def _payables(today: date) -> Iterator[Figure]:
    basis = "still due on posted vendor bills minus credit notes, with tax"
    soon = (today + timedelta(days=SOON_DAYS)).isoformat()
    yield _due("payables", VENDOR, (), basis)
    past = [["invoice_date_due", "<", today.isoformat()]]
    yield _due("bills_overdue", VENDOR, past, f"{basis}, past due")
    next_days = [["invoice_date_due", ">=", today.isoformat()], ["invoice_date_due", "<=", soon]]
    within = f"{basis}, due within {SOON_DAYS} days"
    yield _due(f"bills_due_in_{SOON_DAYS}_days", VENDOR, next_days, within)


def _due(name: str, types: tuple[str, str], domain: Sequence[object], basis: str) -> Figure:
    unpaid = ["payment_state", "in", list(UNPAID)]
    return Figure(name, "amount_residual", (*_posted(types), unpaid, *domain), basis)


def _items(client: Reader, figure: Figure, own: str) -> Iterator[dict[str, object]]:
    """Yield one figure for each currency it has amounts in."""
    domain = [["company_id", "=", client.company_id], *figure.domain]
    sums: dict[str, Decimal] = defaultdict(Decimal)
    credited: dict[str, Decimal] = defaultdict(Decimal)
    counts: dict[str, int] = defaultdict(int)
    kind = "move_type" if figure.model == MOVE else "payment_type"
    for row in client.grouped(figure.model, domain, ("currency_id", kind), (figure.amount,)):
        currency = link(row["currency_id"])[1] or own
        amount = amount_of(row[figure.amount], currency)
        if row[kind] in REFUNDS:
            credited[currency] += amount
            amount = -amount
        sums[currency] += amount
        counts[currency] += int(row["__count"])
    for currency in sorted(sums) or [own]:
        item: dict[str, object] = {
            "figure": figure.name,
            "amount": canonical_amount(sums[currency]),
            "currency": currency,
            "documents": counts[currency],
            "basis": figure.basis,
        }
        if credited[currency]:
            item["credited"] = canonical_amount(credited[currency])
        if figure.first:
            item["first_day"] = figure.first.isoformat()
        yield item
