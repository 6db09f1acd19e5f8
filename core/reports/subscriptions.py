"""What is paid again and again: found in the vendors' bills, compared with the owner's own list.

Rules: a charge counts as recurring when the last two of one vendor in one currency lie a month or a
year apart; use is known only where the owner wrote it down; a finding says what it rests on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from utils.money import show_amount

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from core.books import Charge
    from core.reports.goals import Subscription

RHYTHMS = (("monthly", 25, 35), ("yearly", 350, 380))
"""Days between two charges."""
DEARER = Decimal("0.20")
"""A rise above this share is told. Source: `facts/users.md` section 4, subscription audit."""
UNUSED_DAYS = 30
TWICE_DAYS = 20


@dataclass(frozen=True)
class Recurring:
    """Something that a vendor takes again and again.

    Args:
        last: the newest charge.
        before: the one before it.
        rhythm: monthly or yearly.
        use: when it was last used, in words.
        findings: what the owner should look at.
    """

    last: Charge
    before: Charge
    rhythm: str
    use: str
    findings: tuple[str, ...]


def audit(
    charges: Iterable[Charge], listed: Sequence[Subscription], today: date
) -> tuple[Recurring, ...]:
    """Return what recurs, the dearest first within each currency.

    Args:
        charges: what vendors took.
        listed: the owner's list.
        today: the day to count from.
    """
    by_vendor: dict[tuple[str, str], list[Charge]] = {}
    for charge in charges:
        by_vendor.setdefault((charge.vendor.casefold(), charge.currency), []).append(charge)
    found = []
    for each in by_vendor.values():
        each.sort(key=lambda charge: (charge.on, charge.document))
        pair = _pair(each, today)
        if pair is not None:
            found.append(_recurring(*pair, each, listed, today))
    found.sort(key=lambda r: (r.last.currency, -r.last.amount, r.last.vendor))
    return tuple(found)


def _pair(charges: Sequence[Charge], today: date) -> tuple[Charge, Charge, str] | None:
    """Return the two newest charges that lie a rhythm apart, if the last is not long over."""
    last = charges[-1]
    for name, least, most in RHYTHMS:
        for before in reversed(charges[:-1]):
            if least <= (last.on - before.on).days <= most:
                return (last, before, name) if (today - last.on).days <= most * 2 else None
    return None


def _recurring(
    last: Charge,
    before: Charge,
    rhythm: str,
    charges: Sequence[Charge],
    listed: Sequence[Subscription],
    today: date,
) -> Recurring:
    own = next((s for s in listed if s.vendor.casefold() in last.vendor.casefold()), None)
    findings = []
    rise = last.amount - before.amount
    if before.amount > 0 and rise / before.amount > DEARER:
        share = rise / before.amount * 100
        was, now = (show_amount(c.amount, c.currency) for c in (before, last))
        findings.append(
            f"dearer: {now} on {last.on.isoformat()}, {was} on {before.on.isoformat()} "
            f"(+{share:.0f} %)"
        )
    if own is not None and own.last_used and today - own.last_used > timedelta(days=UNUSED_DAYS):
        days = (today - own.last_used).days
        findings.append(f"not used for {days} days (your note says {own.last_used.isoformat()})")
    if own is not None and own.purpose:
        same = [s for s in listed if s.purpose.casefold() == own.purpose.casefold() and s != own]
        findings += [f"{s.vendor} has the same purpose, {own.purpose}" for s in same]
    twice = [c for c in charges[:-1] if (last.on - c.on).days <= TWICE_DAYS]
    if any(c.amount == last.amount for c in twice):
        shown = show_amount(last.amount, last.currency)
        findings.append(f"charged twice within {TWICE_DAYS} days: {shown} each")
    return Recurring(last, before, rhythm, _use(own), tuple(findings))


def _use(own: Subscription | None) -> str:
    if own is None or own.last_used is None:
        return "not known"
    return f"last used {own.last_used.isoformat()}"
