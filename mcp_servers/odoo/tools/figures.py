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


@dataclass(frozen=True)
class Figure:
    """One sum to ask for.

    Args:
        name: of the figure.
        types: the kinds of documents in it.
        amount: the field that is summed.
        domain: which of them.
        basis: what that means, in words.
    """

    name: str
    types: tuple[str, str]
    amount: str
    domain: tuple[object, ...]
    basis: str


def get_financial_summary(client: Reader, arguments: GetFinancialSummary) -> Page:
    """Return revenue and bills of a period, and what is due now."""
    start, end = period_of(arguments.period, arguments.on or client.today)
    company = client.company()
    own = link(company["currency_id"])[1]
    figures = [*_of_period(start, end), *_receivables(client.today), *_payables(client.today)]
    items = tuple(item for figure in figures for item in _items(client, figure, own))
    extra = {
        "company": text(company["name"]),
        "company_currency": own,
        "from": start.isoformat(),
        "to": end.isoformat(),
        "as_of": iso(client.now),
    }
    return Page(items, len(items), None, extra)


def period_of(period: str, day: date) -> tuple[date, date]:
    """Return first and last day of the week (from Monday) or month that a day lies in."""
    if period == "week":
        start = day - timedelta(days=day.weekday())
        return start, start + timedelta(days=6)
    start = day.replace(day=1)
    following = (start + timedelta(days=32)).replace(day=1)
    return start, following - timedelta(days=1)


def _of_period(start: date, end: date) -> Iterator[Figure]:
    dated = (["invoice_date", ">=", start.isoformat()], ["invoice_date", "<=", end.isoformat()])
    within = f"dated {start.isoformat()} to {end.isoformat()}, before tax"
    revenue = f"posted customer invoices minus credit notes, {within}"
    yield Figure("revenue", CUSTOMER, "amount_untaxed", dated, revenue)
    bills = f"posted vendor bills minus credit notes, {within}; no other expenses are in it"
    yield Figure("billed_by_vendors", VENDOR, "amount_untaxed", dated, bills)


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
    return Figure(name, types, "amount_residual", (unpaid, *domain), basis)


def _items(client: Reader, figure: Figure, own: str) -> Iterator[dict[str, object]]:
    """Yield one figure for each currency it has amounts in."""
    domain = [
        ["state", "=", "posted"],
        ["move_type", "in", list(figure.types)],
        ["company_id", "=", client.company_id],
        *figure.domain,
    ]
    sums: dict[str, Decimal] = defaultdict(Decimal)
    counts: dict[str, int] = defaultdict(int)
    groups = ("currency_id", "move_type")
    for row in client.grouped(MOVE, domain, groups, (figure.amount,)):
        currency = link(row["currency_id"])[1] or own
        amount = amount_of(row[figure.amount], currency)
        sums[currency] += -amount if row["move_type"] in REFUNDS else amount
        counts[currency] += int(row["__count"])
    for currency in sorted(sums) or [own]:
        yield {
            "figure": figure.name,
            "amount": canonical_amount(sums[currency]),
            "currency": currency,
            "documents": counts[currency],
            "basis": figure.basis,
        }
