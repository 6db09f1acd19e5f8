"""The weekly audit as text: money, lateness, refusals, failures, services; made of facts only.

Rules: every figure with source, basis and time; what could not be checked is listed as not checked,
never left out; the same facts give the same bytes.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from core.actions import State
from core.books import AGES, Name
from core.reports import bottlenecks, charts, sections
from core.reports.text import counts, hours, plural, table, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.reports.facts import Facts

FAILURES = {
    State.REFUSED: "refused, nothing was changed",
    State.NOT_SENT: "not sent",
    State.UNKNOWN: "unknown whether it happened: look at them first",
}

WARNINGS = {
    "missed": "Not done at its time",
    "quarantined": "Set aside in `Quarantine`, with the reason beside each note",
    "warned": "Warnings in the log",
}

LABELS = ("1-30", "31-60", "61-90", "over 90")

URGENCY = {"broken": 0, "attention": 1, "not set up": 2, "not asked": 2, "ok": 3}


def note_name(facts: Facts) -> str:
    """Return the note's name: dated the last day."""
    return f"{facts.span.last.isoformat()}-audit.md"


def render(facts: Facts) -> str:
    """Return the text between the markers."""
    parts = [
        _summary(facts),
        "## Money in and out",
        "\n\n".join(_money(facts)),
        "## What is due",
        "\n\n".join(_due(facts)),
        "## Subscriptions",
        "\n\n".join(sections.costs(facts)),
        "## Late",
        "\n\n".join(_late(facts)),
        "## Refused and failed",
        "\n\n".join(_failed(facts)),
        "## Social",
        "\n\n".join(sections.networks(facts)),
        "## Services",
        "\n\n".join(_services(facts)),
        "## Sources and gaps",
        "\n".join(sections.sources(facts)),
    ]
    return "\n\n".join(parts)


def _summary(facts: Facts) -> str:
    failed = sum(group.count for group in facts.activity.failed.values())
    parts = [f"{plural(sum(facts.activity.done.values()), 'action')} done"]
    parts.append(f"{failed or 'none'} failed")
    if facts.activity.hard_stops.count:
        parts.append(plural(facts.activity.hard_stops.count, "hard stop"))
    if facts.gaps:
        parts.append(f"{plural(len(facts.gaps), 'thing')} not known (see the end)")
    urgent = [name for name, state, _ in facts.health or () if URGENCY.get(state, 0) < 2]
    lines = [
        f"> [!summary] {facts.span}",
        f"> {', '.join(parts)}.",
    ]
    if urgent:
        lines.append(f"> Needs you: {', '.join(map(words, dict.fromkeys(urgent)))}.")
    if facts.practice:
        lines.append("> PRACTICE: the services are fakes on this machine; nothing here is real.")
    return "\n".join(lines)


def _money(facts: Facts) -> Iterator[str]:
    names = (Name.REVENUE, Name.BILLED, Name.RECEIVED, Name.PAID)
    yield from sections.figures(facts, names)


def _due(facts: Facts) -> Iterator[str]:
    names = (Name.RECEIVABLES, *AGES, Name.PAYABLES, Name.BILLS_OVERDUE, Name.BILLS_SOON)
    yield from sections.figures(facts, names)
    yield from _ages(facts)
    yield from sections.openings(facts)


def _ages(facts: Facts) -> Iterator[str]:
    """Yield a picture of what is overdue by age, one for each currency."""
    found = [known[1] for known in map(facts.figure, AGES) if known is not None]
    if len(found) < len(AGES):
        return
    for currency in sorted({currency for known in found for currency in known.sums}):
        sums = [known.sums.get(currency, Decimal(0)) for known in found]
        points = list(zip(LABELS, sums, strict=True))
        yield charts.bars("Overdue by days late", currency, points)


def _late(facts: Facts) -> Iterator[str]:
    expected = hours(facts.goals.task_h)
    if facts.late_tasks:
        yield f"Tasks in `Needs_Action` for more than {expected}:"
        yield "\n".join(sections.late_tasks(facts, 20))
    else:
        yield f"No task lies in `Needs_Action` for more than {expected}."
    ignored = bottlenecks.late_decisions(facts)
    if ignored:
        yield "Decisions that wait for longer than expected:"
        yield "\n".join(ignored)
    else:
        yield "No decision waits for longer than expected."
    expired = facts.activity.expired
    how_many = plural(expired.count, "proposal") if expired.count else "No proposal"
    yield f"{how_many} expired without a decision in these days."
    if expired.count:
        yield "\n".join(sections.deeds(expired, "expired"))


def _failed(facts: Facts) -> Iterator[str]:
    activity = facts.activity
    quiet = True
    for state, meaning in FAILURES.items():
        group = activity.failed[state]
        if group.count:
            quiet = False
            yield f"{plural(group.count, 'action')} {meaning}:"
            yield "\n".join(sections.deeds(group, "like these"))
    if activity.hard_stops.count:
        quiet = False
        yield f"{plural(activity.hard_stops.count, 'hard stop')}: asked for, never done:"
        yield "\n".join(sections.deeds(activity.hard_stops, "hard stops"))
    if activity.refused_calls:
        quiet = False
        yield f"Tool calls refused: {counts(activity.refused_calls)}."
    for event, said in activity.warnings.items():
        quiet = False
        yield f"{WARNINGS.get(event, event)} ({len(said)}):"
        different = [f"- {words(text)}" for text in dict.fromkeys(said)]
        rest = [f"- and {len(different) - 10} more: `bin/run log`"] * (len(different) > 10)
        yield "\n".join([*different[:10], *rest])
    if quiet:
        yield "Nothing was refused, nothing failed, and the log warns of nothing."


def _services(facts: Facts) -> Iterator[str]:
    rows = [(title, mode, caps or "none") for title, mode, caps in facts.services]
    yield table(("Service", "Mode", "Hourly caps, used now"), rows)
    sent = {k: n for k, n in facts.activity.done.items() if not k.endswith("(sandbox)")}
    yield f"Used in these days: {counts(sent) or 'nothing for real'}."
    if facts.health is None:
        yield "Tokens, quotas and versions were not checked; ask with `bin/run doctor`."
        return
    found = sorted(facts.health, key=lambda finding: URGENCY.get(finding[1], 0))
    rows = [(words(name), state, words(text, 200)) for name, state, text in found]
    yield "What `doctor` found, what needs you first:"
    yield table(("What", "State", "Found"), rows)
