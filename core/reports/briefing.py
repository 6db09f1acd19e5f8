"""The Monday briefing as text, made of facts and of nothing else.

Rules: the same facts give the same bytes; every figure names its source; what is not known is said
where it would stand and again under "Sources and gaps"; nothing here reads or decides anything.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from core.books import WEEKS_BEFORE, Figure, Gap, Name
from core.notes import link
from core.reports import bottlenecks, charts, sections
from core.reports.charts import Line
from core.reports.facts import NO_BOOKS, mails_sent
from core.reports.goals import NOTE as GOALS_NOTE
from core.reports.text import age, amount, figure, plural, table
from core.vault import Folder
from utils.money import show_amount

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from core.reports.facts import Facts

MAIL = "Gmail"
SHOWN = 10
LATE_SHOWN = 5
GOALS = link(GOALS_NOTE.removesuffix(".md"))


def note_name(facts: Facts) -> str:
    """Return the note's name: dated the day after the week."""
    return f"{(facts.span.last + timedelta(days=1)).isoformat()}-briefing.md"


def render(facts: Facts) -> str:
    """Return the text between the markers."""
    parts = [
        summary(facts),
        "## Decide today",
        "\n".join(sections.waiting(facts)),
        "## Revenue",
        "\n\n".join(_revenue(facts)),
        "## Done",
        "\n\n".join(_done(facts)),
        "## Bottlenecks",
        "\n\n".join(bottlenecks.lines(facts)),
        "## Social and email",
        "\n\n".join(_social(facts)),
        "## Targets",
        "\n\n".join(_targets(facts)),
        "## Proposals",
        "\n".join(_proposals(facts)),
        "## Deadlines",
        "\n\n".join(_deadlines(facts)),
        "## Costs",
        "\n\n".join(sections.costs(facts)),
        "## Sources and gaps",
        "\n".join(sections.sources(facts)),
    ]
    return "\n\n".join(parts)


def summary(facts: Facts) -> str:
    """Return the callout with the week in three sentences."""
    days = f"{facts.span.name}, {facts.span}"
    head = f"> [!summary] {days}" + (" (the week is not over)" if facts.running else "")
    if facts.is_past:
        head += f" (told on {facts.today}: what waits or is due now is of that day)"
    lines = [head, f"> {_money_sentence(facts)}", f"> {_work_sentence(facts)}"]
    lines.append(f"> {_attention_sentence(facts)}")
    if facts.practice:
        lines.append("> PRACTICE: the services are fakes on this machine; nothing here is real.")
    return "\n".join(lines)


def _money_sentence(facts: Facts) -> str:
    known = facts.figure(Name.REVENUE)
    if known is None:
        received = facts.figure(Name.RECEIVED)
        if received is None:
            return f"Revenue is not known: {_why_no_revenue(facts)}"
        source, found = received
        return f"Revenue is not known; money in was {amount(found)} ({source.source})."
    source, week = known
    whose = f" for {source.company}" if source.company else ""
    month = facts.figure(Name.REVENUE_MONTH)
    to_date = _in_words(month[1]) if month else "not known"
    return (
        f"Revenue{whose}: {_in_words(week)} in the week, {to_date} in the month to date, "
        f"{_pace(facts)} ({source.source}, before tax)."
    )


def _in_words(found: Figure) -> str:
    """Return a figure for the sentence; the table below says that `none` is no document."""
    return amount(found) if found.documents else "none"


def _why_no_revenue(facts: Facts) -> str:
    if not facts.statements:
        return NO_BOOKS
    for statement in facts.statements:
        gap = statement.figures.get(Name.REVENUE)
        if isinstance(gap, Gap):
            return f"{statement.source}: {gap.reason.removesuffix('.')}."
    return "no source tells it; see Sources and gaps."


def _pace(facts: Facts) -> str:
    """Return how the month stands against its target, in words."""
    goals = facts.goals
    if goals.revenue_month is None:
        return "and no target is set"
    month = facts.figure(Name.REVENUE_MONTH)
    target = show_amount(goals.revenue_month, goals.currency)
    if month is None:
        return f"the target is {target}, what was made is not known"
    made = month[1].sums.get(goals.currency, Decimal(0))
    others = sorted(set(month[1].sums) - {goals.currency})
    if others and goals.currency not in month[1].sums:
        return f"not to be compared with the target of {target}: it is in {' and '.join(others)}"
    besides = f", {' and '.join(others)} not counted" if others else ""
    share = made / goals.revenue_month * 100 if goals.revenue_month else Decimal(100)
    return f"{share:.0f} % of the target of {target}, {_word(facts, made)}{besides}"


def _word(facts: Facts, made: Decimal) -> str:
    """Return ahead, on or behind, against an even pace through the month."""
    last = min(facts.span.last, facts.today)
    following = (last.replace(day=1) + timedelta(days=32)).replace(day=1)
    days = (following - timedelta(days=1)).day
    due = (facts.goals.revenue_month or Decimal(0)) * last.day / days
    if made >= due * Decimal("1.05"):
        return "ahead of an even pace"
    return "on an even pace" if made >= due * Decimal("0.95") else "behind an even pace"


def _work_sentence(facts: Facts) -> str:
    activity = facts.activity
    failed = sum(group.count for group in activity.failed.values())
    done, dry = sum(activity.done.values()), sum(activity.dry.values())
    if not (failed or done or dry or activity.rejected.count or activity.expired.count):
        return "Nothing was done, failed or decided in this week."
    ended = [f"{plural(done, 'action')} done"] if done or not dry else []
    ended += [f"{plural(dry, 'dry run')} shown"] if dry else []
    ended.append(f"{failed or 'none'} failed")
    yours = [f"you said no to {activity.rejected.count}"] if activity.rejected.count else []
    yours += [f"{activity.expired.count} expired undecided"] if activity.expired.count else []
    return "; ".join([", ".join(ended), *([" and ".join(yours)] if yours else [])]) + "."


def _attention_sentence(facts: Facts) -> str:
    waiting, asks = facts.activity.waiting, len(facts.activity.asks)
    if not waiting.count and not asks:
        return "Nothing waits for you."
    parts = []
    if waiting.count:
        oldest = facts.now - waiting.deeds[0].created_at
        waits = age(oldest.total_seconds() / 3600)
        oldest_one = ", the oldest" if waiting.count > 1 else ","
        which = "" if waits == "new" else f"{oldest_one} {waits}"
        parts.append(f"{plural(waiting.count, 'decision')} to make{which}")
    if asks:
        parts.append(f"{plural(asks, 'question')} to answer")
    return f"{'; '.join(parts)}."


def _revenue(facts: Facts) -> Iterator[str]:
    names = (Name.REVENUE, Name.REVENUE_MONTH, Name.RECEIVED, Name.PAID)
    yield from sections.figures(facts, names)
    if facts.goals.revenue_month is None:
        yield f"No target is set: write `revenue_month` and `currency` into {GOALS}."
    else:
        yield f"Month to date: {_pace(facts)}."
    yield from _trend(facts)
    yield from sections.pipeline(facts)


def _trend(facts: Facts) -> Iterator[str]:
    """Yield picture and table of the last weeks, from the first source that has them."""
    statement = next((s for s in facts.statements if s.weeks), None)
    if statement is None:
        return
    this = statement.figures.get(Name.REVENUE, Gap("no source tells it"))
    weeks = [*statement.weeks, (facts.span.first, this)]
    known = [found for _, found in weeks if isinstance(found, Figure)]
    currencies = sorted({currency for found in known for currency in found.sums})
    if len(known) < len(weeks):
        yield f"No picture: the revenue of {len(weeks) - len(known)} of the weeks is not known."
    for currency in currencies if len(known) == len(weeks) else []:
        points = [(_short(day), _sum_in(found, currency)) for day, found in weeks]
        yield charts.bars("Revenue a week", currency, points, _even(facts, currency))
    if len(known) == len(weeks) and not currencies:
        yield f"Trend: no revenue in any of these {len(weeks)} weeks ({statement.source})."
        return
    rows = [(day.isoformat(), figure(found)) for day, found in weeks]
    yield f"Trend, weeks by their first day ({statement.source}):"
    yield table(("Week from", "Revenue"), rows)


def _sum_in(found: Figure | Gap, currency: str) -> Decimal:
    return found.sums.get(currency, Decimal(0)) if isinstance(found, Figure) else Decimal(0)


def _even(facts: Facts, currency: str) -> Line | None:
    """Return a month's target as a line of seven days, in its own currency only."""
    goals = facts.goals
    if goals.revenue_month is None or goals.currency != currency:
        return None
    week = (goals.revenue_month * 12 * 7 / 365).quantize(Decimal(1))
    return Line("target", [week] * (WEEKS_BEFORE + 1))


def _short(day: date) -> str:
    return f"{day.day} {day:%b}"


def _done(facts: Facts) -> Iterator[str]:
    activity = facts.activity
    rows = [(f"`{kind}`", count, "done") for kind, count in activity.done.items()]
    rows += [(f"`{kind}`", count, "dry run, nothing sent") for kind, count in activity.dry.items()]
    if not rows:
        yield "Nothing was done in this week."
        return
    yield table(("Action", "Count", "How"), rows)
    yield "\n".join(sections.deeds(activity.finished, "ended"))


def _social(facts: Facts) -> Iterator[str]:
    yield from sections.networks(facts)
    received = facts.activity.came_in.get("email", 0)
    sent = mails_sent(facts.activity)
    is_set_up = (MAIL, "not set up") not in {service[:2] for service in facts.services}
    if received or sent or is_set_up:
        yield f"Email: {received} came in, {sent} sent (journal)."
    else:
        yield f"Email: {MAIL} is not set up."


def _targets(facts: Facts) -> Iterator[str]:
    if facts.goals.problem:
        yield facts.goals.problem
    elif not facts.goals.metrics:
        yield f"No metric is set in {GOALS}."
    else:
        columns = ("Metric", "Target", "Alert Threshold", "Now", "Meaning")
        yield table(columns, sections.metrics(facts))


def _proposals(facts: Facts) -> Iterator[str]:
    if facts.is_past:
        yield "None: proposals are made by the briefing of the last week only."
    elif not facts.suggestions:
        yield "No proposal came out of this week's figures."
    for suggestion in facts.suggestions:
        if suggestion.note:
            yield f"- {link(suggestion.note)}: {suggestion.why}"
        else:
            yield f"- {suggestion.why}; no proposal was made: {suggestion.problem}"


def _deadlines(facts: Facts) -> Iterator[str]:
    late, coming = sections.late_and_coming(facts)
    if not late and not coming:
        yield "No deadline is known for the next 14 days."
        return
    shown = [*late[:LATE_SHOWN][::-1], *coming[:SHOWN]]
    yield charts.gantt("Deadlines", facts.today, [(label, day) for day, _, label in coming])
    yield table(
        ("Date", "What", "Left"),
        [(day.isoformat(), what, _left((day - facts.today).days)) for day, what, _ in shown],
    )
    unlisted = facts.activity.waiting.count - len(facts.expiring)
    rest = [
        (len(late) - LATE_SHOWN, "more that were due earlier"),
        (len(coming) - SHOWN, "more"),
        (unlisted, f"of the decisions in `{Folder.PENDING}`"),
    ]
    more = [f"{count} {what}" for count, what in rest if count > 0]
    if more:
        yield f"Not shown: {' and '.join(more)}."


def _left(days: int) -> str:
    if days < 0:
        return f"{plural(-days, 'day')} late"
    return "today" if not days else plural(days, "day")
