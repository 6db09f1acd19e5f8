"""The life of an action that is several: one decision of the owner's, one grant for each part.

Rules: the parts are granted in the same transaction as the whole; each runs at most once per
decision; the whole ends when every part has, and is done only if all are; what is done is never
done again, and approving the note once more grants only the rest.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from core import approvals, notes
from core.actions import ActionId, Mode, State, digest_of
from core.records import Row
from utils.audit_log import Actor, Approval, Event

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.actions import Action, Part
    from core.workspace import Workspace

ENDED = (State.NOT_SENT, State.REFUSED, State.UNKNOWN, State.REJECTED, State.WITHDRAWN)
BEGUN = (State.SENDING, State.UNKNOWN)
PARTIAL = "Partial"
_GRANTED = (
    *("mode", "account", "payload", "digest", "tier", "note", "expires_at", "approved_at"),
    *("approved_by", "grant_until", "retry_at", "due_at", "finished_at", "filed_at"),
    *("remote_id", "remote_url", "summary", "error", "error_class", "request"),
)
"""What a new grant of a part sets anew; its number of attempts and first step stay."""
_SENTENCE_END = re.compile(r"(?<=[.!?])\s")
WORDS = {
    State.APPROVED: "waits",
    State.SENDING: "is being sent",
    State.DONE: "done",
    State.DRY_RUN_COMPLETED: "dry run, nothing was sent",
    State.NOT_SENT: "not sent",
    State.REFUSED: "refused",
    State.UNKNOWN: "in doubt: look there first",
    State.REJECTED: "dropped",
    State.WITHDRAWN: "taken back",
}


def is_several(ws: Workspace, row: Row) -> bool:
    """Return whether an action consists of parts."""
    action = ws.actions.get(row.kind)
    return action is not None and action.parts is not None


def is_over(part: Row, mode: Mode) -> bool:
    """Return whether a part has happened, as far as this mode goes."""
    return part.state is State.DONE or (
        part.state is State.DRY_RUN_COMPLETED and mode is Mode.DRY_RUN
    )


def part_id(parent: Row, part: Part) -> ActionId:
    """Return the id of a part: its parent's and its label."""
    return ActionId(f"{parent.action_id}/{part.label}")


def grant(
    ws: Workspace, parent: Row, action: Action, columns: Callable[[Part], dict[str, Any]]
) -> None:
    """Grant every part that has not happened yet, inside the parent's transaction.

    Args:
        ws: the vault and its records.
        parent: with the payload that was approved.
        action: its row in the catalogue.
        columns: what the grant of a part says (its times and who gave it).
    """
    if action.parts is None:
        return
    known = {row.action_id: row for row in ws.journal.parts_of(parent.action_id)}
    for part in action.parts(parent.payload):
        fresh = _row(ws, parent, part, columns(part))
        entry = approvals.base_entry(fresh, Event.APPROVED, Actor.OWNER, parameters=part.payload)
        old = known.get(fresh.action_id)
        if old is None:
            ws.journal.register(fresh, entry)
        elif not is_over(old, parent.mode):
            _grant_again(ws, old, fresh, entry)


def _row(ws: Workspace, parent: Row, part: Part, columns: dict[str, Any]) -> Row:
    account = ws.account(part.action.service)
    return Row(
        action_id=part_id(parent, part),
        kind=part.action.kind,
        mode=parent.mode,
        account=account,
        payload=part.payload,
        digest=digest_of(part.action.kind, part.payload, parent.mode, account),
        state=State.APPROVED,
        tier=parent.tier,
        reasons=parent.reasons,
        policy_hash=parent.policy_hash,
        note=parent.note,
        origin=parent.origin,
        trust=parent.trust,
        created_at=ws.clock.now(),
        expires_at=parent.expires_at,
        correlation_id=parent.correlation_id,
        source=parent.source,
        **columns,
    )


def _grant_again(ws: Workspace, old: Row, fresh: Row, entry: Any) -> None:
    changed = {name: getattr(fresh, name) for name in _GRANTED}
    ws.journal.transition(
        old.action_id, {*ENDED, State.DRY_RUN_COMPLETED}, State.APPROVED, entry, **changed
    )


def waiting(ws: Workspace, parent: Row) -> list[Row]:
    """Return the parts that wait for their turn."""
    return [row for row in ws.journal.parts_of(parent.action_id) if row.state is State.APPROVED]


def take_back(ws: Workspace, parent: Row, to: State) -> bool:
    """End the parts that have not begun; return whether the whole may follow them.

    While the whole runs it may not before what is under way has ended, nor with a part in doubt:
    that must reach the owner in review, not where the note was moved. Once it has, the owner knows.
    """
    now = ws.clock.now()
    meaning = {State.REJECTED: (Event.DECIDED, Approval.REJECTED)}
    event, consent = meaning.get(to, (Event.WITHDRAWN, Approval.WITHDRAWN))
    for row in waiting(ws, parent):
        entry = replace(approvals.base_entry(row, event, Actor.OWNER), approval_status=consent)
        ws.journal.transition(
            row.action_id, {State.APPROVED}, to, entry, finished_at=now, filed_at=now
        )
    in_the_way = BEGUN if parent.state is State.APPROVED else (State.SENDING,)
    return not any(row.state in in_the_way for row in ws.journal.parts_of(parent.action_id))


def happened(ws: Workspace, parent: Row) -> None:
    """Take the owner's word that every part has happened."""
    for row in ws.journal.parts_of(parent.action_id):
        if row.state in ENDED:
            said = {"summary": "You said that it happened.", "error": None, "error_class": None}
            entry = approvals.base_entry(
                row, Event.RECONCILED, Actor.OWNER, result="done", approved_by="owner"
            )
            now = ws.clock.now()
            changes: dict[str, Any] = {"finished_at": now, "filed_at": now, **said}
            ws.journal.transition(row.action_id, {row.state}, State.DONE, entry, **changes)


def ending(ws: Workspace, parent: Row) -> dict[str, Any] | None:
    """Return how the whole ends, as the journal's columns; None while a part is not over."""
    action = ws.actions[parent.kind]
    if action.parts is None:
        return None
    wanted = {part_id(parent, part) for part in action.parts(parent.payload)}
    rows = [row for row in ws.journal.parts_of(parent.action_id) if row.action_id in wanted]
    if any(row.state in {State.APPROVED, State.SENDING} or row.filed_at is None for row in rows):
        return None
    said = {"summary": "; ".join(_line(ws, row) for row in rows)}
    if len(rows) == len(wanted) and all(is_over(row, parent.mode) for row in rows):
        state = State.DONE if parent.mode.acts else State.DRY_RUN_COMPLETED
        return {"state": state, **said}
    doubt = any(row.state is State.UNKNOWN for row in rows)
    return {"state": State.UNKNOWN if doubt else State.NOT_SENT, "error_class": PARTIAL, **said}


def title_of(ws: Workspace, part: Row) -> str:
    """Return what people call the service of a part."""
    return ws.services[part.service].title


def lines(ws: Workspace, parent: Row) -> list[str]:
    """Return a line for every part: where it stands, where to look at it, or why it is not done."""
    return [f"{_line(ws, row)}{_where(row)}" for row in ws.journal.parts_of(parent.action_id)]


def done(ws: Workspace, parent: Row) -> list[str]:
    """Return what people call the services whose part is done."""
    rows = ws.journal.parts_of(parent.action_id)
    return [title_of(ws, row) for row in rows if row.state is State.DONE]


def _line(ws: Workspace, row: Row) -> str:
    why = "" if row.state in {State.DONE, State.DRY_RUN_COMPLETED} else row.summary or ""
    title = title_of(ws, row)
    said = f" ({_first_sentence(why.removeprefix(f'{title}: '))})" if why else ""
    return f"{title}: {WORDS.get(row.state, str(row.state))}{said}"


def _first_sentence(text: str) -> str:
    """Return why a part is not done, in short; the whole of it stands in the note's result."""
    return notes.inline(_SENTENCE_END.split(text, maxsplit=1)[0], 200)


def _where(row: Row) -> str:
    if row.mode is Mode.SANDBOX:
        return " (SANDBOX)" if row.state is State.DONE else ""
    return f", <{row.remote_url}>" if row.remote_url and row.state is State.DONE else ""
