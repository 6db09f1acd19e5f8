"""What would be done twice: said to the owner before the decision, and never decided here.

Rules: an equal action counts for 30 days, and so does one that is still to be done; of a post its
text counts, on each network by itself, whatever its time and its pictures are.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING

from core import channels
from core.actions import State
from core.publishing import KIND
from utils.clock import show

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from core.actions import Action, Payload
    from core.records import Row
    from core.workspace import Workspace

WITHIN = timedelta(days=30)
SHOWN = 3
_OPEN = {
    State.PENDING: "waits for you already",
    State.APPROVED: "is approved already and not done yet",
    State.SENDING: "is being carried out",
    State.UNKNOWN: "may have happened already, which is not known",
}


def warnings(ws: Workspace, row: Row) -> list[str]:
    """Return a line for every equal action that was done within 30 days, or still may be.

    Args:
        ws: the vault and its records.
        row: the action as it is proposed.
    """
    since = row.created_at - WITHIN
    equal = ws.journal.recent_equal(row, since)
    lines = [_line(ws, "the same", old) for old in equal[:SHOWN]]
    known = {old.note for old in equal}
    for title, old in _equal_posts(ws, row, since):
        if old.note not in known:
            lines.append(_line(ws, f"the same text on {title}", old))
    return lines


def _equal_posts(ws: Workspace, row: Row, since: datetime) -> Iterator[tuple[str, Row]]:
    """Yield for each network what has the same text there, the newest one."""
    action = ws.actions.get(row.kind)
    if action is None:
        return
    for label, title, post, payload in _posts(ws, action, row.payload):
        field = str(post.content)
        text = str(payload.get(field, ""))
        places = ((post.kind, field), (KIND, f"texts.{label}"))
        found = ws.journal.recent_with(row, places, text, since)
        told = (old for old in found if old.kind != KIND or old.state is State.PENDING)
        yield from ((title, old) for old in islice(told, 1))  # what was granted has rows of parts


def _posts(
    ws: Workspace, action: Action, payload: Payload
) -> Iterator[tuple[str, str, Action, Payload]]:
    """Yield the posts of an action: network, its title, what posts there, and its payload."""
    if action.parts is not None:
        for part in action.parts(payload):
            yield part.label, part.title, part.action, part.payload
    elif action.content and channels.is_post(action):
        yield action.service, ws.services[action.service].title, action, payload


def _line(ws: Workspace, what: str, old: Row) -> str:
    how_far = _OPEN.get(old.state, f"was already done on {show(ws.clock, _at(old))[:10]}")
    note = old.note.removesuffix(".md")
    return f"- WARNING: {what} {how_far}: [[{note}]]. Approve only if you want it twice."


def _at(row: Row) -> datetime:
    """Return when an action ended, as far as known."""
    return row.finished_at or row.created_at
