"""A service that asked us to wait is left alone until then; what waits keeps its order.

Rules: the moment that the service named is kept in the journal, so that a restart and every other
process know it; what waits goes one by one afterwards, so that a second refusal costs one try.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from core.records import Entry
from utils.audit_log import Actor, Event
from utils.clock import from_iso, iso, show
from utils.log import get_logger

if TYPE_CHECKING:
    from datetime import datetime

    from core.records import Row
    from core.workspace import Workspace

log = get_logger()
FACT = "throttled"
LIMITED = "RateLimitedError"
"""The error class of an attempt that a service put off."""

UNNAMED = timedelta(minutes=1)
"""How long is waited when a service names no moment."""


@dataclass(frozen=True)
class Pause:
    """A service that is left alone.

    Args:
        until: when it may be asked again, aware UTC.
        reason: what it said.
    """

    until: datetime
    reason: str


def pauses(ws: Workspace) -> dict[str, Pause]:
    """Return the services that asked us to wait, also those whose moment has come by now."""
    kept = ws.journal.recall(FACT) or {}
    return {name: Pause(from_iso(each["until"]), each["reason"]) for name, each in kept.items()}


def pause_after(ws: Workspace, row: Row) -> datetime:
    """Leave a service alone because it put an attempt off; return until when."""
    now = ws.clock.now()
    until = row.retry_at if row.retry_at is not None and row.retry_at > now else now + UNNAMED
    known = pauses(ws)
    if row.service in known and known[row.service].until >= until:
        return until
    known[row.service] = Pause(until, row.summary or "")
    _keep(ws, known)
    said = f"asked us to wait until {show(ws.clock, until)}; nothing is sent there before."
    ws.chronicle.record(
        Entry(Event.WARNED, Actor.DAEMON, action_id=row.action_id, target=row.service, error=said)
    )
    log.warning("service.paused", service=row.service, until=iso(until))
    return until


def lift(ws: Workspace, service: str) -> None:
    """Take a service as usable again: it has taken a call."""
    known = pauses(ws)
    if known.pop(service, None) is not None:
        _keep(ws, known)
        log.info("service.resumed", service=service)


def _keep(ws: Workspace, known: dict[str, Pause]) -> None:
    value = {name: {"until": iso(p.until), "reason": p.reason} for name, p in known.items()}
    ws.journal.remember(FACT, value)


def in_words(ws: Workspace, service: str) -> str | None:
    """Return until when a service is left alone, in a sentence; None when it is not."""
    found = pauses(ws).get(service)
    if found is None or found.until <= ws.clock.now():
        return None
    title = ws.services[service].title
    return f"{title} asked us to wait until {show(ws.clock, found.until)}"
