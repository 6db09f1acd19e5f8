"""An assistant takes its own proposal back, as long as the owner has not touched it.

Rules: only who proposed an action withdraws it, and only while it waits; what the owner edited or
moved stays; the note goes to the vault's own trash before the journal is told, so that a crash in
between ends as a withdrawal too and nothing runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import approvals, consent, notes, payloads, proposal
from core.actions import State, digest_of
from core.vault import Folder
from utils.audit_log import Approval, Event
from utils.errors import NoteError, RefusedError

if TYPE_CHECKING:
    from core.records import Row
    from core.vault import NoteFile
    from core.workspace import Workspace
    from utils.audit_log import Actor

ADDED_BY_US = frozenset({"channels", "tags", "trust"})


def check(ws: Workspace, action_id: str, actor: Actor) -> tuple[Row, NoteFile]:
    """Return a proposal that may be withdrawn, with its note.

    Raises:
        RefusedError: it may not; says why.
    """
    row = ws.journal.get(action_id)
    if row is None or row.parent_id:
        raise RefusedError(f"There is no proposal `{notes.inline(action_id)}`.")
    if row.origin != actor:
        raise RefusedError(f"{row.action_id} is not yours: it was proposed by {row.origin}.")
    if row.state is not State.PENDING:
        raise RefusedError(f"{row.action_id} does not wait any more: it is {row.state}.")
    path = ws.vault.find(row.note)
    if path is None or path.parent != ws.vault.folder(Folder.PENDING):
        place = f"in {path.parent.name}" if path else "not where it was"
        raise RefusedError(f"The owner has moved the note of {row.action_id}: it is {place}.")
    try:
        file = ws.vault.read(path)
        touched = _touched(ws, row, notes.parse(file.data))
    except FileNotFoundError:
        touched = ["the note was moved just now"]
    except NoteError as error:
        touched = [f"the note {error.reason}"]
    if touched:
        raise RefusedError(
            f"The owner has been at work on {row.action_id} ({'; '.join(touched[:5])}). It stays "
            "as it is; ask the owner."
        )
    return row, file


def _touched(ws: Workspace, row: Row, note: notes.Note) -> list[str]:
    """Return in words what the owner changed in a proposal's note."""
    action = ws.actions.get(row.kind)
    if action is None:
        return ["nobody here can read it now"]
    if note.word("action_id") != row.action_id:
        return ["its `action_id` is another one"]
    payload = payloads.payload_in(action, note)
    changes = consent.differences(row.payload, payload)
    if digest_of(row.kind, payload, row.mode, row.account) != row.digest and not changes:
        changes = ["what it would do"]
    changes += proposal.disagreements(row, payloads.facts_of(action, row.payload), note)
    ours = {*proposal.front_of(ws, action, row), *ADDED_BY_US}
    return changes + [
        f"the property `{notes.inline(key)}`" for key in note.front if key not in ours
    ]


def withdraw(ws: Workspace, action_id: str, actor: Actor, why: str | None = None) -> Row:
    """Take a proposal back; its note goes to the vault's trash.

    Raises:
        RefusedError: it may not be withdrawn; nothing was changed.
    """
    row, file = check(ws, action_id, actor)
    try:
        trashed = ws.vault.trash(file.path)
    except FileNotFoundError:
        raise RefusedError(f"The owner has moved the note of {action_id} just now.") from None
    if ws.vault.read(trashed).digest != file.digest:  # a save came between reading and moving
        ws.vault.move(trashed, ws.vault.folder(Folder.PENDING))
        raise RefusedError(f"The owner is at work on {action_id} just now. It stays as it is.")
    now = ws.clock.now()
    entry = approvals.base_entry(
        row, Event.WITHDRAWN, actor, approval_status=Approval.WITHDRAWN, error=why
    )
    if not ws.journal.transition(
        action_id,
        {State.PENDING},
        State.WITHDRAWN,
        entry,
        finished_at=now,
        filed_at=now,
        summary=why,
    ):
        ws.vault.move(trashed, ws.vault.folder(Folder.PENDING))
        raise RefusedError(f"The owner has decided about {action_id} just now.")
    return row
