"""How often and when may be posted where: the `channels` block of the handbook.

Rules: without a block nothing is held back; a broken one is said and holds nothing back; it can
only delay what you approved, never make anything run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from core import strict_yaml
from core.handbook import HANDBOOK, HANDBOOK_LIMIT_BYTES
from utils import files
from utils.clock import from_local, show, wall_time
from utils.errors import NoteError

if TYPE_CHECKING:
    from core.actions import Action, Payload
    from core.workspace import Workspace

_BLOCK = re.compile(r"^```channels[ \t]*\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
_OPENING = re.compile(r"^[ \t]*(?:`{3,}|~{3,})[ \t]*channels(?=\s|$)", re.MULTILINE)
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_KEYS = ("slots", "per_day", "gap_minutes")
DAYS_AHEAD = 31
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Channel:
    """The rules of one network.

    Args:
        slots: times of day at which a post without a time of its own goes out.
        per_day: how many posts a local day at most, None without a limit.
        gap: the least time between two posts.
    """

    slots: tuple[time, ...] = ()
    per_day: int | None = None
    gap: timedelta = timedelta(0)


@dataclass(frozen=True)
class Channels:
    """The rules of all networks.

    Args:
        rules: by the name of the service.
        problem: why the block is not used, None when it is (or there is none).
    """

    rules: Mapping[str, Channel] = field(default_factory=dict)
    problem: str | None = None

    def of(self, service: str) -> Channel:
        """Return the rules of one network."""
        return self.rules.get(service, Channel())


def is_post(action: Action) -> bool:
    """Return whether an action publishes something that may be given a time."""
    return "publish_at" in action.arguments.model_fields


def planned_at(ws: Workspace, payload: Payload) -> datetime | None:
    """Return the time that a payload is to be published at, None when it names none."""
    text = payload.get("publish_at")
    return from_local(ws.clock, text) if isinstance(text, str) else None


def publish_window(ws: Workspace) -> timedelta:
    """Return how long after its time a post still goes out."""
    return timedelta(seconds=ws.settings.seconds("PUBLISH_WINDOW_S"))


def last_moment(ws: Workspace, payload: Payload, usual: datetime) -> datetime:
    """Return until when a proposal may be decided: a post's time passes for its proposal too."""
    at = planned_at(ws, payload)
    if at is None or at + publish_window(ws) <= ws.clock.now():
        return usual
    return min(usual, at + publish_window(ws))


def remarks(ws: Workspace, action: Action, payload: Payload) -> list[str]:
    """Return what the owner should know about a post's time, in sentences."""
    if not is_post(action):
        return []
    at = planned_at(ws, payload)
    if at is None:
        slots = ", ".join(f"{slot:%H:%M}" for slot in read(ws).of(action.service).slots)
        return [f"It names no time: it goes out at the next free slot ({slots})."] if slots else []
    shown = show(ws.clock, at).replace("T", " at ")
    if at <= ws.clock.now():
        return [f"Its time ({shown}) has passed: it goes out as soon as you approve it."]
    asked = datetime.fromisoformat(str(payload["publish_at"]))
    if wall_time(ws.clock, at) != asked:
        return [f"The clocks skip the time it names; it goes out on {shown}."]
    if wall_time(ws.clock, at + HOUR) == asked:
        return [f"The clocks show {shown} twice; it goes out the first time."]
    return []


def read(ws: Workspace) -> Channels:
    """Return the rules that the handbook sets now."""
    try:
        data = files.read_regular(ws.vault.root / HANDBOOK, limit_bytes=HANDBOOK_LIMIT_BYTES)
        text = data.decode("utf-8").replace("\r\n", "\n")
    except FileNotFoundError:
        return Channels()
    except (NoteError, UnicodeDecodeError) as error:
        return Channels(problem=f"{HANDBOOK} cannot be read ({error}).")
    return read_text(text, frozenset(ws.services))


def read_text(text: str, services: frozenset[str]) -> Channels:
    """Return the rules in a handbook's text.

    Args:
        text: with LF line ends.
        services: the networks that there are.
    """
    blocks, openings = _BLOCK.findall(text), _OPENING.findall(text)
    if not openings:
        return Channels()
    try:
        if len(openings) > 1 or len(blocks) != 1:
            raise NoteError("must stand there once, between ```channels and ``` on their own lines")
        return Channels(_rules(strict_yaml.parse(blocks[0]), services))
    except (NoteError, ValueError) as error:
        said = error.reason if isinstance(error, NoteError) else str(error)
        return Channels(problem=f"The channels block in {HANDBOOK} is not used: it {said}.")


def _rules(block: object, services: frozenset[str]) -> dict[str, Channel]:
    if block is None:
        return {}
    if not isinstance(block, dict):
        raise ValueError("must hold a line for each network")
    rules = {}
    for name, lines in block.items():
        if name not in services:
            raise ValueError(f"names `{name}`; known are {', '.join(sorted(services))}")
        if not isinstance(lines, dict) or set(lines) - set(_KEYS):
            raise ValueError(f"must hold {', '.join(_KEYS)} under `{name}`, nothing else")
        rules[str(name)] = Channel(
            tuple(sorted(_slot(slot) for slot in lines.get("slots") or ())),
            _count(lines, "per_day") if "per_day" in lines else None,
            timedelta(minutes=_count(lines, "gap_minutes")),
        )
    return rules


def _slot(text: object) -> time:
    found = _TIME.fullmatch(str(text))
    if found is None:
        raise ValueError(f'has the slot `{text}`; write it like "09:00"')
    return time(int(found[1]), int(found[2]))


def _count(lines: Mapping[str, object], name: str) -> int:
    value = lines.get(name, 0)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"has a `{name}` that is no whole number")
    return value


def next_slot(ws: Workspace, service: str, taken: set[datetime]) -> datetime | None:
    """Return the next free slot of a network; None when it has no slots.

    Args:
        ws: the vault and its records.
        service: the network.
        taken: the moments at which it posts already, aware UTC.
    """
    slots = read(ws).of(service).slots
    now = ws.clock.now()
    today = wall_time(ws.clock, now).date()
    for ahead in range(DAYS_AHEAD if slots else 0):
        day = today + timedelta(days=ahead)
        for slot in slots:
            at = from_local(ws.clock, datetime.combine(day, slot).isoformat())
            if at > now and at not in taken:
                return at
    return None
