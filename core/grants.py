"""The grant: the single-use right to run one payload once, from its time on, for a while.

Rules: the payload is copied into the journal and the note is not read again; a planned post may run
from its time on and for `PUBLISH_WINDOW_S` after it, anything else for 24 hours; until it begins,
moving the note back takes it away.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from core import approvals, channels, parts, proposal
from core.actions import State, Tier
from utils.audit_log import Actor, Approval, Event
from utils.clock import show
from utils.log import get_logger

if TYPE_CHECKING:
    from datetime import datetime

    from core.actions import Action, Part, Payload
    from core.consent import Reading
    from core.records import Entry, Row
    from core.workspace import Workspace

log = get_logger()
GRANT = timedelta(hours=24)


@dataclass(frozen=True)
class Term:
    """When an approved action may run.

    Args:
        due_at: its planned time, None: at once.
        until: the grant's end.
    """

    due_at: datetime | None
    until: datetime


def term(ws: Workspace, action: Action, payload: Payload) -> Term:
    """Return when a live action that is approved now may run.

    A time that has passed means now: the owner has just decided.
    """
    now = ws.clock.now()
    due_at = channels.planned_at(ws, payload)
    if due_at is None and channels.is_post(action):
        due_at = channels.next_slot(ws, action.service, _taken(ws, action.service))
    if due_at is None:
        return Term(None, now + GRANT)
    return Term(due_at, max(due_at, now) + channels.publish_window(ws))


def _taken(ws: Workspace, service: str) -> set[datetime]:
    waiting = ws.journal.in_states(State.APPROVED)
    return {row.due_at for row in waiting if row.service == service and row.due_at is not None}


def give(ws: Workspace, row: Row, action: Action, reading: Reading, note: str) -> Row | None:
    """Give the grant for what a note says now.

    Args:
        ws: the vault and its records.
        row: the pending action.
        action: its row in the catalogue.
        reading: what its note says.
        note: the note's file name.

    Returns:
        The approved row, None when somebody else was faster.
    """
    now = ws.clock.now()
    when = term(ws, action, reading.payload) if row.mode.acts else Term(None, now + GRANT)
    unasked = row.tier is Tier.AUTONOMOUS and not reading.is_edited
    changes: dict[str, Any] = {
        "payload": reading.payload,
        "digest": reading.digest,
        "approved_at": now,
        "approved_by": "policy" if unasked else "owner",
        "grant_until": when.until,
        "retry_at": when.due_at,
        "due_at": when.due_at,
        "note": note,
        **proposal.fact_columns(reading.facts),
    }
    entries = _entries(ws, row, reading, when, unasked=unasked)
    with ws.journal.together() if action.parts else nullcontext():
        if not ws.journal.transition(
            row.action_id,
            {State.PENDING},
            State.APPROVED,
            *entries,
            durable=row.mode.acts,  # a dry run is harmless twice
            **changes,
        ):
            return None
        approved = replace(row, **changes)
        parts.grant(ws, approved, action, lambda part: _columns(ws, approved, part))
    log.info("action.approved", action_id=row.action_id, mode=str(row.mode))
    return ws.journal.get(row.action_id)


def _columns(ws: Workspace, whole: Row, part: Part) -> dict[str, Any]:
    """Return what the grant of one part says: its own time, everything else from the whole."""
    when = Term(None, whole.grant_until or ws.clock.now() + GRANT)
    if whole.mode.acts:
        when = term(ws, part.action, part.payload)
    return {
        "approved_at": whole.approved_at,
        "approved_by": whole.approved_by,
        "grant_until": when.until,
        "retry_at": when.due_at,
        "due_at": when.due_at,
    }


def _entries(
    ws: Workspace, row: Row, reading: Reading, when: Term, *, unasked: bool
) -> list[Entry]:
    base = approvals.base_entry(row, Event.EDITED, Actor.OWNER, digest=reading.digest)
    approved = replace(
        base,
        event=Event.APPROVED,
        actor=Actor.DAEMON if unasked else Actor.OWNER,
        approval_status=Approval.AUTO_APPROVED if unasked else Approval.APPROVED,
        approved_by="policy" if unasked else "owner",
        policy_hash=reading.decision.policy_hash,
    )
    entries = [approved]
    if reading.is_edited:
        entries.insert(0, replace(base, parameters={"changes": list(reading.changes)}))
    if when.due_at is not None and when.due_at > ws.clock.now():
        due = {"due": show(ws.clock, when.due_at)}
        planned = replace(approved, event=Event.SCHEDULED, actor=Actor.DAEMON, parameters=due)
        entries.append(planned)
    return entries
