"""The parts that audit and briefing share, as lines of text made of facts."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from core import notes
from core.books import TITLES, Gap
from core.reports.facts import MEASURED, NO_BOOKS
from core.reports.goals import MEASURES
from core.reports.goals import NOTE as GOALS_NOTE
from core.reports.text import age, figure, hours, moment, plural, table, words
from utils.money import canonical_number, show_amount

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from core.books import Charge, Name
    from core.reports.facts import Facts
    from core.reports.goals import Metric
    from core.reports.ledger import Group
    from core.reports.networks import Asked, Network

SOON = timedelta(days=14)
Deadline = tuple[date, str, str]
"""The day, what is due in words, and a short label for the picture."""


def waiting(facts: Facts) -> Iterator[str]:
    """Yield what waits for the owner, as links."""
    group = facts.activity.waiting
    if not group.count and not facts.activity.asks:
        yield "Nothing waits for you."
    for deed in group.deeds:
        waits = age((facts.now - deed.created_at).total_seconds() / 3600)
        yield f"- {notes.link(deed.link)}, {waits}"
    if group.count > len(group.deeds):
        yield f"- and {group.count - len(group.deeds)} more in `Pending_Approval`"
    for name in facts.activity.asks[:10]:
        yield f"- {notes.link(name.removesuffix('.md'))}, a question"


def deeds(group: Group, what: str) -> Iterator[str]:
    """Yield actions as links with their own words; the rest as a number."""
    for deed in group.deeds:
        said = words(deed.error or deed.summary)
        yield f"- {notes.link(deed.link)}" + (f": {said}" if said else "")
    if group.count > len(group.deeds):
        yield f"- and {group.count - len(group.deeds)} more {what}"


def figures(facts: Facts, names: Sequence[Name]) -> Iterator[str]:
    """Yield a table of figures, a row for every source that should know one, and their bases."""
    rows, bases = [], []
    for name in names:
        for statement in facts.statements:
            if name in statement.figures:
                found = statement.figures[name]
                rows.append((TITLES[name], figure(found), statement.source))
                if not isinstance(found, Gap):
                    bases.append(f"> - {TITLES[name]} ({statement.source}): {found.basis}")
    if not rows:
        told = ", ".join(statement.source for statement in facts.statements)
        yield f"Not known: {told} does not tell it." if told else f"Not known: {NO_BOOKS}"
        return
    yield table(("Figure", "Amount", "Source"), rows)
    if bases:
        yield "\n".join(["> [!info]- What was counted", *dict.fromkeys(bases)])


def late_tasks(facts: Facts, shown: int) -> Iterator[str]:
    """Yield the tasks that wait too long, as links."""
    for name, days in facts.late_tasks[:shown]:
        yield f"- {notes.link(name)}, {hours(days * 24)}"
    if len(facts.late_tasks) > shown:
        yield f"- and {len(facts.late_tasks) - shown} more"


def metrics(facts: Facts) -> list[tuple[str, ...]]:
    """Return the owner's metrics with what is measured now."""
    return [_metric(facts, metric) for metric in facts.goals.metrics]


def _metric(facts: Facts, metric: Metric) -> tuple[str, ...]:
    alert = "none" if metric.alert is None else canonical_number(metric.alert)
    head = (metric.name, canonical_number(metric.target), alert)
    if metric.measure not in MEASURES:
        known = ", ".join(sorted(MEASURES))
        return (
            *head,
            "not measured",
            f"`{words(metric.measure)}` is no measure; there are: {known}",
        )
    meaning, more_is_better = MEASURES[metric.measure]
    value = MEASURED[metric.measure](facts)
    if value is None:
        return (*head, "no data", meaning)
    now = Decimal(f"{value:.1f}").normalize()
    sign = 1 if more_is_better else -1
    if (now - metric.target) * sign >= 0:
        word = "on target"
    elif metric.alert is not None and (now - metric.alert) * sign <= 0:
        word = "ALERT"
    else:
        word = "off target"
    return (*head, f"{now:f}", f"{word}; {meaning}")


def costs(facts: Facts) -> Iterator[str]:
    """Yield what is paid again and again, and what to look at."""
    found = facts.recurring
    if isinstance(found, Gap):
        yield f"Not known: {found.reason}"
        return
    if not found:
        yield "No repeating charge of a vendor was found."
        return
    rows = [
        (
            item.last.vendor,
            f"{_charged(item.last)} {item.rhythm}, last {item.last.on.isoformat()}",
            item.use,
            "; ".join(item.findings) or "nothing to say",
        )
        for item in found[:20]
    ]
    yield table(("Vendor", "Charge", "Use", "Look at"), rows)
    if len(found) > 20:
        yield f"and {len(found) - 20} more."
    if any(item.use == "not known" for item in found):
        yield (
            "Use is known only where you wrote it: a line under `subscriptions` in "
            f"[[{GOALS_NOTE.removesuffix('.md')}]]."
        )
    yield "Nothing here can be cancelled by the program: that is yours to do with the vendor."


def _charged(charge: Charge) -> str:
    return show_amount(charge.amount, charge.currency)


def deadlines(facts: Facts) -> list[Deadline]:
    """Return what is due within 14 days or late: day, words and a short label."""
    limit = facts.today + SOON
    found = [(p.due, f"Project {p.name}", f"Project {p.name}") for p in facts.goals.projects]
    for statement in facts.statements:
        if isinstance(statement.owing, tuple):
            for bill in statement.owing:
                if bill.due is not None:
                    due = show_amount(bill.amount, bill.currency)
                    text = f"Bill {bill.document} of {bill.partner}, {due} ({statement.source})"
                    found.append((bill.due, text, f"Bill {bill.partner}"))
    for day, deed in facts.expiring:
        what = deed.link.removeprefix(deed.action_id).strip()
        found.append((day, f"{notes.link(deed.link)} expires", f"Decide {what}"))
    return sorted(item for item in found if item[0] <= limit)


def late_and_coming(facts: Facts) -> tuple[list[Deadline], list[Deadline]]:
    """Return what is late, the latest first, and what is due from today on, the soonest first."""
    found = deadlines(facts)
    late = [item for item in found if item[0] < facts.today]
    return late[::-1], found[len(late) :]


def sources(facts: Facts) -> Iterator[str]:
    """Yield where everything came from, and what is missing."""
    now = moment(facts.generated)
    yield f"- Journal: everything that was done, decided and came in; as of {now}."
    for statement in facts.statements:
        whose = f" of {statement.company}" if statement.company else ", company not named there"
        asked = f", asked {statement.as_of:%Y-%m-%d %H:%M}" if statement.as_of else ""
        yield f"- {statement.source}{whose}{asked}."
        for remark in statement.remarks:
            yield f"- {remark}"
    for network in facts.networks:
        if network.figures:
            told = ", ".join(f"{name} `{origin.source}`" for name, origin in network.figures)
            yield f"- {network.title}: {told}."
    for gap in facts.gaps:
        yield f"- NOT KNOWN. {gap}"


def pipeline(facts: Facts) -> Iterator[str]:
    """Yield what is still open in the pipeline, stage by stage, or why it is not known."""
    for statement in facts.statements:
        if isinstance(statement.stages, Gap):
            yield f"The pipeline is not known: {statement.stages.reason}"
        elif statement.stages:
            rows = [
                (
                    stage.name,
                    stage.opportunities,
                    show_amount(stage.expected, stage.currency),
                    show_amount(stage.weighted, stage.currency),
                )
                for stage in statement.stages
            ]
            yield f"Open opportunities now, no revenue yet ({statement.source}):"
            yield table(("Stage", "Count", "Expected", "Weighted by probability"), rows)


def openings(facts: Facts) -> Iterator[str]:
    """Yield the overdue invoices of customers, as a table."""
    for statement in facts.statements:
        if isinstance(statement.owed, tuple) and statement.owed:
            rows = [
                (
                    item.document,
                    item.partner,
                    show_amount(item.amount, item.currency),
                    item.due.isoformat() if item.due else "no date",
                )
                for item in statement.owed[:15]
            ]
            yield f"Overdue, oldest first ({statement.source}):"
            yield table(("Invoice", "Customer", "Due amount", "Was due"), rows)
            if len(statement.owed) > 15:
                yield f"and {plural(len(statement.owed) - 15, 'more invoice')}."


def networks(facts: Facts) -> Iterator[str]:
    """Yield what the networks say of these days, and what was done there."""
    used = [network for network in facts.networks if not network.is_unused]
    if not used:
        yield "No social network is set up."
        return
    measures: Sequence[tuple[str, Callable[[Network], object]]] = (
        ("Posts", lambda network: network.posts),
        ("Answers", lambda network: network.answers),
        ("Reach", lambda network: _known(network.reach)),
        ("Engagement", lambda network: _known(network.engagement)),
        ("Views", lambda network: _known(network.views)),
        ("Followers", lambda network: _known(network.followers)),
        ("Spend", _spent),
    )
    rows = [(name, *(value(network) for network in used)) for name, value in measures]
    yield table(("In these days", *(network.title for network in used)), rows)
    said = [line for network in used for line in _seen(network, facts.now)]
    if said:
        yield "\n".join(said)
    yield "Posts, answers and spend: journal (what reading costs is not in it); the rest: networks."


def _spent(network: Network) -> str:
    if isinstance(network.spend, Gap):
        return f"not known: {network.spend.reason}"
    return "none" if network.spend is None else f"${network.spend or Decimal('0.00'):f}"


def _known(value: int | None) -> str:
    return "no data" if value is None else str(value)


def _seen(network: Network, now: datetime) -> Iterator[str]:
    """Yield when a network was asked, and its posts that were seen most and least."""
    if network.as_of is None:
        return
    yield f"- {network.title}, asked {moment(network.as_of.shown)}{_age(network.as_of, now)}."
    for name, origin in network.figures:
        if origin.as_of.at < network.as_of.at:
            when = f"{moment(origin.as_of.shown)}{_age(origin.as_of, now)}"
            yield f"    - {name}: asked {when}; newer answers did not have it"
        if "(week)" in origin.source and origin.until:
            yield f"    - {name}: of the 7 days up to {origin.until[:10]}"
    for word, post in (("most", network.best), ("least", network.worst)):
        if post is not None:
            about = f"<{post[0]}>" if post[0].startswith("https://") else f"“{words(post[0])}”"
            yield f"    - seen {word}: {about}, {plural(post[1], 'view')}"


def _age(asked: Asked, now: datetime) -> str:
    """Return how old an answer is, where that matters."""
    old_h = (now - asked.at).total_seconds() / 3600
    return f", {hours(old_h)} old" if old_h >= 1 else ""
