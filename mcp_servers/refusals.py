"""Why a call is refused, in sentences that a person understands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.actions import State, Tier
from utils.clock import show

if TYPE_CHECKING:
    from core.actions import Payload
    from core.records import Row
    from core.workspace import Workspace


def why_no_grant(ws: Workspace, row: Row) -> str | None:
    """Return why an approval cannot be used now, None when it can; sentences for a person."""
    now = ws.clock.now()
    used = {
        State.SENDING: "is being carried out right now",
        State.DONE: "was already carried out; an approval works once",
        State.DRY_RUN_COMPLETED: "was already carried out as a dry run",
        State.UNKNOWN: "was already used; whether it worked is being checked",
        State.REFUSED: "was already used and refused",
        State.NOT_SENT: "was already used; nothing was sent",
        State.PENDING: "still waits for the owner, who decides by moving its note",
        State.REJECTED: "was rejected by the owner",
        State.EXPIRED: "expired without a decision",
        State.WITHDRAWN: "was withdrawn by the owner",
    }
    if row.tier is Tier.HARD_STOP:
        return f"{row.action_id} is a hard stop: the program never does this."
    if row.state in used:
        return f"{row.action_id} {used[row.state]}."
    if row.grant_until is not None and row.grant_until <= now:
        until = show(ws.clock, row.grant_until)
        return f"{row.action_id} was approved too long ago (valid until {until}); ask again."
    if row.retry_at is not None and row.retry_at > now:
        return f"{row.action_id} may run from {show(ws.clock, row.retry_at)} on, not before."
    return None


def why_altered(row: Row, kind: str, payload: Payload, account: str) -> str:
    """Return in which way a call differs from what was approved."""
    if row.kind != kind:
        return f"{row.action_id} approves {row.kind}, not {kind}."
    if row.account != account:
        return f"{row.action_id} was approved for {row.account}; this server uses {account}."
    names = sorted(n for n in {*row.payload, *payload} if row.payload.get(n) != payload.get(n))
    return (
        f"This is not what was approved as {row.action_id}: {', '.join(names) or 'it'} "
        "differs. Propose it again."
    )
