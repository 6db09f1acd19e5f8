"""What is worth a line on the owner's phone: something waits, or something failed.

Rules: one line, never an amount or a name unless the owner allows it; what was told is noted after
it was sent, so that a crash tells twice rather than never; a flood is one line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core import notes
from core.actions import State
from utils.audit_log import Event

if TYPE_CHECKING:
    from core.records import Row, Told
    from core.workspace import Workspace

TOLD = "notifications:told"
LOOKED_AT = 500
NAMED = 3
FAILURES = frozenset({"failed", "refused", "in_doubt", "hard_stop"})


@dataclass(frozen=True)
class Notice:
    """One line for the owner.

    Args:
        text: the line.
        up_to: the story's number that it covers.
    """

    text: str
    up_to: int


def due(ws: Workspace) -> Notice | None:
    """Return what the owner was not told yet, None when there is nothing.

    What happened before notifications were switched on is not told.
    """
    last = ws.journal.last_told()
    told = ws.journal.recall(TOLD)
    if told is None:
        ws.journal.remember(TOLD, last)
        return None
    if told >= last:
        return None
    new = ws.journal.told_after(int(told), LOOKED_AT)
    waiting, failed = _waiting(ws, new), _failed(ws, new)
    up_to = new[-1].number if new else last
    if not waiting and not failed:
        ws.journal.remember(TOLD, up_to)
        return None
    with_names = ws.settings.flag("NOTIFY_DETAILS")
    parts = [
        _part(rows, words, with_names=with_names)
        for rows, words in ((waiting, "waiting for you"), (failed, "not done or in doubt"))
        if rows
    ]
    return Notice(f"AI Employee: {'; '.join(parts)}", up_to)


def told(ws: Workspace, notice: Notice) -> None:
    """Note that the owner was told."""
    ws.journal.remember(TOLD, notice.up_to)


def _waiting(ws: Workspace, new: list[Told]) -> list[Row]:
    """Return what was proposed and still waits."""
    return _rows(ws, [one for one in new if one.fields.get("event") in _ASKS], State.PENDING)


_ASKS = frozenset({Event.PROPOSED, Event.ADOPTED})


def _failed(ws: Workspace, new: list[Told]) -> list[Row]:
    ended = [
        one
        for one in new
        if one.fields.get("event") == Event.FILED and one.fields.get("result") in FAILURES
    ]
    return _rows(ws, ended, State.NOT_SENT, State.REFUSED, State.UNKNOWN)


def _rows(ws: Workspace, some: list[Told], *states: State) -> list[Row]:
    ids = dict.fromkeys(str(one.fields.get("action_id")) for one in some)
    rows = (ws.journal.get(action_id) for action_id in ids)
    return [row for row in rows if row is not None and row.state in states]


def _part(rows: list[Row], words: str, *, with_names: bool) -> str:
    if not with_names:
        return f"{len(rows)} {words}"
    names = [notes.inline(row.note.removesuffix(".md"), 80) for row in rows[:NAMED]]
    rest = f" and {len(rows) - NAMED} more" if len(rows) > NAMED else ""
    return f"{words}: {', '.join(names)}{rest}"
