"""What the books say of a time: figures with basis, currency and company, or why there is none.

Rules: amounts of different currencies are never added; a figure that is not known is a `Gap` with
its reason, never a zero; a sum of no documents is told as "no documents".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from utils.clock import from_local
from utils.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from utils.clock import Clock

Sums = dict[str, Decimal]
"""Amounts by currency."""
WEEKS_BEFORE = 7
"""How many earlier weeks a trend shows."""
_WEEK = re.compile(r"(\d{4})-?W(\d{1,2})")


class Name(StrEnum):
    """The figures that reports know."""

    REVENUE = "revenue"
    REVENUE_MONTH = "revenue_month"
    BILLED = "billed_by_vendors"
    RECEIVED = "payments_received"
    PAID = "payments_made"
    RECEIVABLES = "receivables"
    OVERDUE_30 = "overdue_1_30_days"
    OVERDUE_60 = "overdue_31_60_days"
    OVERDUE_90 = "overdue_61_90_days"
    OVERDUE_MORE = "overdue_over_90_days"
    PAYABLES = "payables"
    BILLS_OVERDUE = "bills_overdue"
    BILLS_SOON = "bills_due_in_7_days"


TITLES: Mapping[Name, str] = {
    Name.REVENUE: "Revenue",
    Name.REVENUE_MONTH: "Revenue, month to date",
    Name.BILLED: "Billed by vendors",
    Name.RECEIVED: "Money in",
    Name.PAID: "Money out",
    Name.RECEIVABLES: "Customers owe",
    Name.OVERDUE_30: "of it 1 to 30 days late",
    Name.OVERDUE_60: "of it 31 to 60 days late",
    Name.OVERDUE_90: "of it 61 to 90 days late",
    Name.OVERDUE_MORE: "of it more than 90 days late",
    Name.PAYABLES: "You owe vendors",
    Name.BILLS_OVERDUE: "of it overdue",
    Name.BILLS_SOON: "of it due within 7 days",
}
AGES = (Name.OVERDUE_30, Name.OVERDUE_60, Name.OVERDUE_90, Name.OVERDUE_MORE)


@dataclass(frozen=True)
class Span:
    """Some whole days of the owner's, both ends counted."""

    first: date
    last: date

    @classmethod
    def week(cls, day: date) -> Span:
        """Return the week from Monday that a day lies in."""
        monday = day - timedelta(days=day.weekday())
        return cls(monday, monday + timedelta(days=6))

    @classmethod
    def parse(cls, text: str) -> Span:
        """Return the week called `2026-W47`.

        Raises:
            UsageError: there is no such week.
        """
        found = _WEEK.fullmatch(text.strip())
        try:
            if found is None:
                raise ValueError(text)
            return cls.week(date.fromisocalendar(int(found[1]), int(found[2]), 1))
        except ValueError:
            raise UsageError(f"{text} is no week. Write it as 2026-W47.") from None

    @property
    def name(self) -> str:
        """Return the week's name, `2026-W47`."""
        year, week, _ = self.first.isocalendar()
        return f"{year}-W{week:02d}"

    @property
    def days(self) -> int:
        """Return how many days these are."""
        return (self.last - self.first).days + 1

    def before(self, count: int) -> Span:
        """Return the span of the same length, so many lengths earlier."""
        back = timedelta(days=self.days * count)
        return Span(self.first - back, self.last - back)

    def bounds(self, clock: Clock) -> tuple[datetime, datetime]:
        """Return the first instant of these days and the first one after them."""
        start = from_local(clock, f"{self.first.isoformat()}T00:00:00")
        end = from_local(clock, f"{(self.last + timedelta(days=1)).isoformat()}T00:00:00")
        return start, end

    def __str__(self) -> str:
        return f"{self.first.isoformat()} to {self.last.isoformat()}"


@dataclass(frozen=True)
class Gap:
    """A figure that is not known.

    Args:
        reason: why, in words.
    """

    reason: str


@dataclass(frozen=True)
class Figure:
    """One figure.

    Args:
        sums: by currency; empty when no document counts.
        documents: how many were counted.
        basis: what was counted, in words.
        credited: of credit notes that were subtracted, by currency.
    """

    sums: Sums
    documents: int
    basis: str
    credited: Sums = field(default_factory=dict)


@dataclass(frozen=True)
class Charge:
    """What a vendor took once.

    Args:
        vendor: as the source names them.
        on: when.
        amount: how much, with tax.
        currency: in what.
        document: number or reference.
    """

    vendor: str
    on: date
    amount: Decimal
    currency: str
    document: str


@dataclass(frozen=True)
class Open:
    """A document that is not paid.

    Args:
        document: its number.
        partner: whose.
        partner_id: the books' id of them, None when there is none.
        due: until when it was or is to be paid.
        amount: what is still due.
        currency: in what.
        name: the partner's as the books write it, for asking them; not to be shown.
    """

    document: str
    partner: str
    partner_id: int | None
    due: date | None
    amount: Decimal
    currency: str
    name: str = ""


@dataclass(frozen=True)
class Stage:
    """One stage of the pipeline."""

    name: str
    opportunities: int
    expected: Decimal
    weighted: Decimal
    currency: str


@dataclass(frozen=True)
class Statement:
    """All that one source says; what it is silent about it does not know.

    Args:
        source: its name, as reports show it.
        company: whose books these are, None when the source does not say.
        as_of: when it was asked.
        figures: by name.
        weeks: revenue of the weeks before, oldest first, with each week's Monday.
        charges: what vendors took in the last thirteen months.
        owed: overdue customer invoices, oldest due first.
        owing: unpaid vendor bills, soonest due first.
        stages: the pipeline.
        remarks: sentences that belong beside the figures.
    """

    source: str
    company: str | None
    as_of: datetime | None
    figures: Mapping[Name, Figure | Gap] = field(default_factory=dict)
    weeks: tuple[tuple[date, Figure | Gap], ...] = ()
    charges: tuple[Charge, ...] | Gap | None = None
    owed: tuple[Open, ...] | Gap | None = None
    owing: tuple[Open, ...] | Gap | None = None
    stages: tuple[Stage, ...] | Gap | None = None
    remarks: tuple[str, ...] = ()

    def gaps(self) -> list[str]:
        """Return, in words, what this source should know and could not tell; each reason once."""
        found: dict[str, list[str]] = {}
        named: list[tuple[str, object]] = [(TITLES[n], f) for n, f in self.figures.items()]
        named += [("revenue of earlier weeks", week) for _, week in self.weeks]
        named += [("what vendors took", self.charges), ("overdue invoices", self.owed)]
        named += [("unpaid bills", self.owing), ("the pipeline", self.stages)]
        for title, value in named:
            if isinstance(value, Gap):
                titles = found.setdefault(value.reason, [])
                if title not in titles:
                    titles.append(title)
        return [f"{self.source}: {', '.join(titles)}: {why}" for why, titles in found.items()]


def first_known(statements: Iterable[Statement], name: Name) -> tuple[Statement, Figure] | None:
    """Return the first source that knows a figure, None when none does."""
    for statement in statements:
        figure = statement.figures.get(name)
        if isinstance(figure, Figure):
            return statement, figure
    return None
