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
    from collections.abc import Callable, Mapping
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
class Goals:
    """What the block says.

    Args:
        revenue_month: the target of a month before tax, None when none is set.
        currency: of that target.
        decide_h: within how many hours decisions are expected.
        run_h: within how many hours an approved action is expected to be done.
        task_h: within how many hours a task is expected to leave `Needs_Action/`.
        problem: why the block is not used, None when it is (or there is none).
    """

    revenue_month: Decimal | None = None
    currency: str = ""
    decide_h: Decimal = Decimal(24)
    run_h: Decimal = Decimal("0.25")
    task_h: Decimal = Decimal(72)
    metrics: tuple[Metric, ...] = ()
    projects: tuple[Project, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    problem: str | None = None


def load(path: Path) -> Goals:
    """Return what a note says now; a note that is missing sets no goals."""
    try:
        text = files.read_regular(path, limit_bytes=LIMIT_BYTES).decode("utf-8")
    except FileNotFoundError:
        return Goals()
    except (NoteError, UnicodeDecodeError) as error:
        return Goals(problem=f"{NOTE} cannot be read ({error}); no target is used.")
    return read(text)


def read(text: str) -> Goals:
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
        return _from_block(blocks[0])
    except (NoteError, ValueError) as error:
        reason = error.reason if isinstance(error, NoteError) else str(error)
        return Goals(problem=f"The goals block in {NOTE} is not used: it {reason}.")


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
    "metrics": _metric,
    "projects": _project,
    "subscriptions": _subscription,
}
