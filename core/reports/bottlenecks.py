"""Where time was lost: what was expected of each kind of work against what it took.

Rules: the expected times are the owner's where they are written, for the kind before the service
before all; what still waits for too long counts as well as what has ended.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.notes import link
from core.reports import sections
from core.reports.text import hours, plural, table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from core.reports.facts import Facts
    from core.reports.ledger import Deed, Wait

SHOWN = 10


@dataclass(frozen=True)
class _Compared:
    """One step of one kind of work: what was expected, and what it took."""

    step: str
    expected: Decimal
    wait: Wait

    @property
    def is_over(self) -> bool:
        return self.wait.longest_h > self.expected

    def row(self) -> tuple[str, ...]:
        wait = self.wait
        longest = hours(wait.longest_h)
        return (
            f"`{wait.kind}`: {self.step}",
            hours(self.expected),
            f"{hours(wait.median_h)} ({wait.count})",
            f"**{longest}**: {link(wait.longest)}" if self.is_over else f"{longest}, in time",
        )


def lines(facts: Facts) -> Iterator[str]:
    """Yield the comparison of a week, what was too slow first, and what still waits too long."""
    compared = sorted(_compared(facts), key=lambda each: not each.is_over)
    over = sum(each.is_over for each in compared)
    if not compared:
        yield "Nothing was decided or done in this week, so there is nothing to compare."
    elif not over:
        yield "What was decided and done in this week took no longer than expected."
    if compared:
        columns = ("Work", "Expected", "Usual (of)", "Longest")
        shown = compared[: max(over, SHOWN)]
        yield table(columns, [each.row() for each in shown])
        if len(compared) > len(shown):
            yield f"and {len(compared) - len(shown)} more, in time."
    late = late_decisions(facts)
    if late:
        yield "Still waiting for your decision, for longer than expected:"
        yield "\n".join(late)
    if facts.late_tasks:
        yield f"Tasks in `Needs_Action` for more than {hours(facts.goals.task_h)}:"
        yield "\n".join(sections.late_tasks(facts, SHOWN))


def _compared(facts: Facts) -> Iterator[_Compared]:
    goals, activity = facts.goals, facts.activity
    for wait in activity.decisions:
        yield _Compared("your decision", goals.decide_within(wait.kind), wait)
    for wait in activity.runs:
        yield _Compared("doing it", goals.run_within(wait.kind), wait)


def late_decisions(facts: Facts) -> list[str]:
    """Return the decisions that wait for longer than is expected of their kind, as lines."""
    waiting = facts.activity.waiting
    late = [
        f"- {link(deed.link)}, {hours(_age_h(facts, deed))} "
        f"(expected {hours(facts.goals.decide_within(deed.kind))})"
        for deed in waiting.deeds
        if _age_h(facts, deed) > facts.goals.decide_within(deed.kind)
    ]
    unseen = waiting.count - len(waiting.deeds)
    if late and unseen:
        late.append(f"- {plural(unseen, 'newer decision')} not looked at here")
    return late


def _age_h(facts: Facts, deed: Deed) -> float:
    return (facts.now - deed.created_at).total_seconds() / 3600
