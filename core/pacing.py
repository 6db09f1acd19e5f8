"""How much may be begun when: hourly caps of an action, gaps and daily limits of a network.

Rule: counted from the journal, so that a restart changes nothing; what is over a limit waits.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from core import channels
from utils.clock import from_local, wall_time

if TYPE_CHECKING:
    from collections.abc import Collection

    from core.records import Row
    from core.workspace import Workspace

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def free_at(ws: Workspace, row: Row, under_way: Collection[str]) -> tuple[datetime, str] | None:
    """Return when the limits let an action through, and which one holds it; None: at once.

    Args:
        ws: the vault and its records.
        row: the approved action.
        under_way: the kinds of the calls that have been handed over and not come back.
    """
    action = ws.actions.get(row.kind)
    if action is None or not row.mode.acts:
        return None
    held = [_hour(ws, row, action.hourly_cap, under_way)]
    if channels.is_post(action):
        held += _channel(ws, row, under_way)
    return max((each for each in held if each is not None), default=None)


def _hour(
    ws: Workspace, row: Row, cap: int | None, under_way: Collection[str]
) -> tuple[datetime, str] | None:
    if cap is None:
        return None
    now = ws.clock.now()
    begun = ws.journal.begun_since(row.kind, now - HOUR)
    flying = sum(1 for kind in under_way if kind == row.kind)
    if len(begun) + flying < cap:
        return None
    oldest = begun[-cap] if len(begun) >= cap else now
    return oldest + HOUR, f"The hourly cap of {row.kind} is reached; it waits."


def _channel(
    ws: Workspace, row: Row, under_way: Collection[str]
) -> list[tuple[datetime, str] | None]:
    rules = channels.read(ws).of(row.service)
    if not rules.gap and rules.per_day is None:
        return []
    now, title = ws.clock.now(), ws.services[row.service].title
    posts = [a.kind for a in ws.services[row.service].actions if channels.is_post(a)]
    flying = sum(1 for kind in under_way if kind in posts)
    begun = sorted(at for kind in posts for at in ws.journal.begun_since(kind, now - 2 * DAY))
    return [
        _gap(now, begun, flying, rules.gap, title),
        _day(ws, begun, flying, rules.per_day, title),
    ]


def _gap(
    now: datetime, begun: list[datetime], flying: int, gap: timedelta, title: str
) -> tuple[datetime, str] | None:
    last = now if flying else begun[-1] if begun else None
    if last is None or not gap or last + gap <= now:
        return None
    minutes = int(gap.total_seconds() // 60)
    return last + gap, f"{title}: at least {minutes} minutes lie between two posts; it waits."


def _day(
    ws: Workspace, begun: list[datetime], flying: int, per_day: int | None, title: str
) -> tuple[datetime, str] | None:
    midnight = wall_time(ws.clock, ws.clock.now()).replace(hour=0, minute=0, second=0)
    midnight = midnight.replace(microsecond=0)
    since = from_local(ws.clock, midnight.isoformat())
    if per_day is None or sum(1 for at in begun if at >= since) + flying < per_day:
        return None
    tomorrow = from_local(ws.clock, (midnight + DAY).isoformat())
    return tomorrow, f"{title}: {per_day} posts a day are the limit; it waits until tomorrow."
