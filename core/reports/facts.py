"""Everything that a report is made of, gathered in one place; the text is made of it elsewhere.

Rules: the same journal, books, goals and instant give the same facts; what was not asked, or did
not answer, is named in `gaps`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from core import views
from core.actions import Mode
from core.books import Gap, Name, Statement, first_known
from core.reports import goals as wanted
from core.reports import networks, subscriptions
from core.reports.ledger import Ledger
from core.vault import Folder
from utils.clock import local_day, show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from core.books import Charge, Figure, Span
    from core.reports.goals import Goals
    from core.reports.ledger import Activity, Deed
    from core.reports.networks import Network
    from core.reports.subscriptions import Recurring
    from core.sources import Books
    from core.workspace import Workspace


@dataclass(frozen=True)
class Suggestion:
    """A proposal note that this report led to.

    Args:
        why: the finding it answers.
        note: the proposal's name, None when none could be made.
        problem: why none could be made.
    """

    why: str
    note: str | None
    problem: str = ""


Finding = tuple[str, str, str]
"""One finding of `doctor`: what, state, words."""


@dataclass(frozen=True)
class Facts:
    """What a report says.

    Args:
        span: the days it is about.
        today: the owner's day.
        now: the instant it was gathered, aware UTC.
        generated: that instant as shown.
        running: whether the days are not over.
        practice: whether the services are the sandbox's.
        activity: from the journal.
        statements: from the books, the best source first.
        goals: the owner's.
        recurring: subscriptions, or why they are not known.
        networks: the social week.
        late_tasks: tasks that wait longer than expected: name and days.
        expiring: proposals that wait, with the owner's day on which they expire.
        services: each service's title and mode, and how much of its hourly caps is used.
        policy_problem: why the handbook's block is not used.
        suggestions: proposals made for this report.
        health: what `doctor` found: what, state and words; None where it was not asked.
    """

    span: Span
    today: date
    now: datetime
    generated: str
    running: bool
    practice: bool
    activity: Activity
    statements: tuple[Statement, ...]
    goals: Goals
    recurring: tuple[Recurring, ...] | Gap
    networks: tuple[Network, ...]
    late_tasks: tuple[tuple[str, float], ...]
    expiring: tuple[tuple[date, Deed], ...]
    services: tuple[tuple[str, str, str], ...]
    policy_problem: str | None
    suggestions: tuple[Suggestion, ...] = ()
    health: tuple[Finding, ...] | None = None

    @property
    def is_past(self) -> bool:
        """Return whether these days lie further back than the last week that is over."""
        return (self.today - self.span.last).days > self.today.weekday() + 1

    def figure(self, name: Name) -> tuple[Statement, Figure] | None:
        """Return the first source that knows a figure."""
        return first_known(self.statements, name)

    @property
    def gaps(self) -> list[str]:
        """Return, in words, everything that could not be told."""
        found = [gap for statement in self.statements for gap in statement.gaps()]
        if not self.statements:
            found.append(NO_BOOKS)
        if self.goals.problem:
            found.append(self.goals.problem)
        elif self.goals.revenue_month is None:
            found.append(f"No revenue target is set in {wanted.NOTE}.")
        found += [
            remark if remark.startswith(n.title) else f"{n.title}: {remark}"
            for n in self.networks
            for remark in n.remarks
            if not n.is_unused
        ]
        unused = [n.title for n in self.networks if n.is_unused]
        if unused:
            found.append(f"Not set up: {', '.join(unused)}.")
        if self.policy_problem:
            found.append(self.policy_problem)
        return found


TASKS = 500
"""How many notes of `Needs_Action/` are looked at."""
NO_BOOKS = (
    "Odoo is not set up, and no bank export (CSV) was dropped into Inbox, so no figure of "
    "the books is known."
)


def gather(ws: Workspace, books: Sequence[Books], span: Span) -> Facts:
    """Return the facts of some days.

    Args:
        ws: the vault and its records.
        books: the sources of money figures, the best first.
        span: the days.
    """
    now = ws.clock.now()
    today = local_day(ws.clock, now)
    activity = _activity(ws, span)
    statements = tuple(_told(ws, book.read(span)) for book in books)
    goals = wanted.load(ws.vault.root / wanted.NOTE, ws.actions)
    charges = _charges(statements)
    return Facts(
        span=span,
        today=today,
        now=now,
        generated=show(ws.clock, now),
        running=now < span.bounds(ws.clock)[1],
        practice=any(state["mode"] == Mode.SANDBOX for state in views.services_seen(ws).values()),
        activity=activity,
        statements=statements,
        goals=goals,
        recurring=charges
        if isinstance(charges, Gap)
        else subscriptions.audit(charges, goals.subscriptions, today),
        networks=networks.of_all(ws, activity, span),
        late_tasks=_late_tasks(activity, now, float(goals.task_h)),
        expiring=_expiring(ws, activity),
        services=_services(ws),
        policy_problem=ws.policy().problem,
    )


def _told(ws: Workspace, statement: Statement) -> Statement:
    """Return what a source said, with the owner's time of when it was asked."""
    asked = statement.as_of
    return statement if asked is None else replace(statement, as_of=ws.clock.local(asked))


def with_suggestions(ws: Workspace, facts: Facts, made: tuple[Suggestion, ...]) -> Facts:
    """Return facts with the proposals that were made of them, which now wait as well."""
    activity = _activity(ws, facts.span)
    expiring = _expiring(ws, activity)
    return replace(facts, suggestions=made, activity=activity, expiring=expiring)


def _activity(ws: Workspace, span: Span) -> Activity:
    tasks = [found.path.name for found in ws.vault.listing(Folder.NEEDS_ACTION).notes[:TASKS]]
    task_ids = [name.removesuffix(".md").split(" ")[0] for name in tasks]
    return Ledger(ws.journal.path).activity(*span.bounds(ws.clock), task_ids)


def _expiring(ws: Workspace, activity: Activity) -> tuple[tuple[date, Deed], ...]:
    return tuple((local_day(ws.clock, deed.expires_at), deed) for deed in activity.waiting.deeds)


def _charges(statements: Sequence[Statement]) -> tuple[Charge, ...] | Gap:
    """Return the charges of the first source that has them; two sources would tell them twice."""
    reason = NO_BOOKS
    for statement in statements:
        if isinstance(statement.charges, tuple):
            return statement.charges
        if isinstance(statement.charges, Gap):
            reason = f"{statement.source}: {statement.charges.reason}"
    return Gap(reason)


def mails_sent(activity: Activity) -> int:
    """Return how many mails were really sent."""
    return networks.done_with(activity, "email", frozenset({"send_email", "reply_to_email"}))


def _late_tasks(
    activity: Activity, now: datetime, expected_h: float
) -> tuple[tuple[str, float], ...]:
    """Return the task notes that still lie in `Needs_Action/` after the expected time."""
    late = now - timedelta(hours=expected_h)
    return tuple(
        (name.removesuffix(".md"), (now - at).total_seconds() / 86400)
        for name, at in activity.tasks
        if at < late
    )


def _services(ws: Workspace) -> tuple[tuple[str, str, str], ...]:
    """Return each service's title, mode, and how much of its hourly caps is used now."""
    return tuple(
        (ws.services[name].title, str(state["mode"]).replace("_", " "), "; ".join(_caps(ws, name)))
        for name, state in views.services_seen(ws).items()
    )


def _caps(ws: Workspace, service: str) -> Iterator[str]:
    since = ws.clock.now() - timedelta(hours=1)
    for action in ws.services[service].actions:
        if action.hourly_cap is not None:
            used = len(ws.journal.begun_since(action.kind, since))
            yield f"`{action.kind}` {used} of {action.hourly_cap} an hour"


MEASURED: dict[str, Callable[[Facts], float | None]] = {
    "actions_done": lambda f: sum(f.activity.done.values()),
    "actions_failed": lambda f: sum(group.count for group in f.activity.failed.values()),
    "decision_hours": lambda f: f.activity.decision_h,
    "decisions_waiting": lambda f: f.activity.waiting.count,
    "mails_received": lambda f: f.activity.came_in.get("email", 0),
    "mails_sent": lambda f: mails_sent(f.activity),
    "posts": lambda f: sum(network.posts for network in f.networks),
    "tasks_late": lambda f: len(f.late_tasks),
}
"""How each measure of `Business_Goals.md` is taken; None: there is nothing to measure."""
