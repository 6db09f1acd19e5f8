"""What the owner wants, from the one fenced `goals` block of `Business_Goals.md`.

Rules: only the block is read; a block that cannot be read whole is not used at all, and it is said;
what is not written there is "no target", never a guess.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from core import notes, strict_yaml
from utils import files
from utils.errors import NoteError
from utils.money import parse_amount, parse_currency

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

NOTE = "Business_Goals.md"
LIMIT_BYTES = 1 << 20
_BLOCK = re.compile(r"^```goals[ \t]*\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
_OPENING = re.compile(r"^[ \t]*(?:`{3,}|~{3,})[ \t]*goals(?=\s|$)", re.MULTILINE | re.IGNORECASE)

MEASURES: Mapping[str, tuple[str, bool]] = {
    "actions_done": ("actions really done in the week", True),
    "actions_failed": ("actions that failed in the week", False),
    "decision_hours": ("hours from proposal to your yes, the middle one", False),
    "decisions_waiting": ("decisions that wait now", False),
    "mails_received": ("mails that came in during the week", True),
    "mails_sent": ("mails sent in the week", True),
    "posts": ("posts published in the week", True),
    "tasks_late": ("tasks that wait longer than expected", False),
}
"""What can be measured: its words, and whether more is better."""

DECIDE_H = Decimal(24)
RUN_H = Decimal("0.25")
BY_TOOL: Mapping[str, tuple[Decimal, Decimal]] = {
    **dict.fromkeys(("reply_to_email", "reply_to_comment", "reply_to_post"), (Decimal(8), RUN_H)),
    **dict.fromkeys(("send_message", "send_direct_message"), (Decimal(8), RUN_H)),
    "publish_media": (DECIDE_H, Decimal(1)),
}
"""Within how many hours a kind of work is decided and done, where the owner says nothing: who
wrote waits for an answer, and Instagram takes its time with films. All else: 24 h and 15 min."""


@dataclass(frozen=True)
class Metric:
    """One line under `metrics`."""

    name: str
    measure: str
    target: Decimal
    alert: Decimal | None


@dataclass(frozen=True)
class Project:
    """One line under `projects`."""

    name: str
    due: date


@dataclass(frozen=True)
class Subscription:
    """One line under `subscriptions`.

    Args:
        vendor: a part of the name that the books show.
        purpose: what it is for; two of one purpose may be one too many.
        last_used: when the owner last used it, None when not written.
    """

    vendor: str
    purpose: str
    last_used: date | None


@dataclass(frozen=True)
class Expected:
    """One line under `expected`.

    Args:
        action: a kind of action, `odoo.create_invoice`, or a whole service, `odoo`.
        decide_h: within how many hours it is to be decided, None when not written.
        run_h: within how many hours after the yes it is to be done, None when not written.
    """

    action: str
    decide_h: Decimal | None = None
    run_h: Decimal | None = None


@dataclass(frozen=True)
class Goals:
    """What the block says.

    Args:
        revenue_month: the target of a month before tax, None when none is set.
        currency: of that target.
        decide_h: within how many hours any decision is expected, None when not written.
        run_h: within how many hours any approved action is expected to be done.
        expected: the same for one kind of work or one service.
        task_h: within how many hours a task is expected to leave `Needs_Action/`.
        problem: why the block is not used, None when it is (or there is none).
    """

    revenue_month: Decimal | None = None
    currency: str = ""
    decide_h: Decimal | None = None
    run_h: Decimal | None = None
    expected: tuple[Expected, ...] = ()
    task_h: Decimal = Decimal(72)
    metrics: tuple[Metric, ...] = ()
    projects: tuple[Project, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    problem: str | None = None

    def decide_within(self, kind: str) -> Decimal:
        """Return within how many hours an action of a kind is to be decided."""
        own = [line.decide_h for line in self._lines(kind)]
        return _first(*own, self.decide_h, _built_in(kind)[0])

    def run_within(self, kind: str) -> Decimal:
        """Return within how many hours after the yes an action of a kind is to be done."""
        own = [line.run_h for line in self._lines(kind)]
        return _first(*own, self.run_h, _built_in(kind)[1])

    def _lines(self, kind: str) -> list[Expected]:
        """Return the owner's lines about a kind, and then those about its service."""
        names = (kind, kind.partition(".")[0])
        return [line for name in names for line in self.expected if line.action == name]


def _built_in(kind: str) -> tuple[Decimal, Decimal]:
    return BY_TOOL.get(kind.partition(".")[2], (DECIDE_H, RUN_H))


def _first(*hours: Decimal | None) -> Decimal:
    return next(each for each in hours if each is not None)


def load(path: Path, actions: Collection[str] = ()) -> Goals:
    """Return what a note says now; a note that is missing sets no goals.

    Args:
        path: the note.
        actions: the kinds that `expected` may name; none: it may name any.
    """
    try:
        text = files.read_regular(path, limit_bytes=LIMIT_BYTES).decode("utf-8")
    except FileNotFoundError:
        return Goals()
    except (NoteError, UnicodeDecodeError) as error:
        return Goals(problem=f"{NOTE} cannot be read ({error}); no target is used.")
    return read(text, actions)


def read(text: str, actions: Collection[str] = ()) -> Goals:
    """Return what a text's block says; a text without a block sets no goals."""
    text = text.replace("\r\n", "\n")
    blocks, openings = _BLOCK.findall(text), _OPENING.findall(text)
    if not openings:
        return Goals()
    try:
        if len(openings) > 1:
            raise NoteError("holds more than one goals block")
        if not blocks:
            raise NoteError("must begin with a line ```goals and end with a line ```")
        goals = _from_block(blocks[0])
        _check_expected(goals, actions)
    except (NoteError, ValueError) as error:
        reason = error.reason if isinstance(error, NoteError) else str(error)
        return Goals(problem=f"The goals block in {NOTE} is not used: it {reason}.")
    return goals


def _check_expected(goals: Goals, actions: Collection[str]) -> None:
    known = {*actions, *(kind.partition(".")[0] for kind in actions)}
    strange = [line.action for line in goals.expected if known and line.action not in known]
    if strange:
        raise ValueError(
            f"names `{strange[0]}` under `expected`, which is no action and no service here"
        )


def _from_block(text: str) -> Goals:
    block = strict_yaml.parse(text)
    if block is None:
        return Goals()
    fields = _fields(block, "the block", {*_SCALARS, *_LISTS})
    values: dict[str, Any] = {}
    for name, (target, read_one) in _SCALARS.items():
        if fields.get(name) is not None:
            values[target] = _value(fields[name], name, read_one)
    for name, read_item in _LISTS.items():
        items = fields.get(name) or []
        if not isinstance(items, list):
            raise ValueError(f"must list `- {{...}}` lines under `{name}`")
        values[name] = tuple(_value(item, name, read_item) for item in items)
    goals = Goals(**values)
    if (goals.revenue_month is None) != (not goals.currency):
        raise ValueError("must set `revenue_month` and `currency` together")
    return goals


def _fields(value: object, where: str, known: set[str]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"must hold `name: value` lines in {where}")
    unknown = set(map(str, value)) - known
    if unknown:
        raise ValueError(f"has an unknown line `{notes.inline(min(unknown))}` in {where}")
    return value


def _value(value: object, name: str, read_one: Callable[[object], object]) -> object:
    try:
        return read_one(value)
    except ValueError as error:
        raise ValueError(f"cannot use `{name}`: {error}") from None


def _word(value: object) -> str:
    text = notes.inline(value, 80) if isinstance(value, str) else ""
    if not text:
        raise ValueError("a name is missing")
    return text


def _day(value: object) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"{notes.inline(value)} is not a date; write it like 2026-11-21") from None


def _hours(value: object) -> Decimal:
    hours = parse_amount(value)
    if hours <= 0:
        raise ValueError("must be more than 0 hours")
    return hours


def _metric(item: object) -> Metric:
    fields = _fields(item, "metrics", {"name", "measure", "target", "alert"})
    measure = _word(fields.get("measure"))
    alert = fields.get("alert")
    return Metric(
        _word(fields.get("name")),
        measure,
        parse_amount(fields.get("target")),
        None if alert is None else parse_amount(alert),
    )


def _project(item: object) -> Project:
    fields = _fields(item, "projects", {"name", "due"})
    return Project(_word(fields.get("name")), _day(fields.get("due")))


def _expected(item: object) -> Expected:
    fields = _fields(item, "expected", {"action", "decide_hours", "run_hours"})
    decide, run = fields.get("decide_hours"), fields.get("run_hours")
    return Expected(
        _word(fields.get("action")),
        None if decide is None else _hours(decide),
        None if run is None else _hours(run),
    )


def _subscription(item: object) -> Subscription:
    fields = _fields(item, "subscriptions", {"vendor", "purpose", "last_used"})
    used = fields.get("last_used")
    purpose = fields.get("purpose")
    return Subscription(
        _word(fields.get("vendor")),
        "" if purpose is None else _word(purpose),
        None if used is None else _day(used),
    )


_SCALARS: Mapping[str, tuple[str, Callable[[object], object]]] = {
    "revenue_month": ("revenue_month", parse_amount),
    "currency": ("currency", parse_currency),
    "decide_hours": ("decide_h", _hours),
    "run_hours": ("run_h", _hours),
    "task_hours": ("task_h", _hours),
}
_LISTS: Mapping[str, Callable[[object], object]] = {
    "expected": _expected,
    "metrics": _metric,
    "projects": _project,
    "subscriptions": _subscription,
}
