"""Rules that turn what came in into requests, in one table; what no rule knows stays a task.

Rules: a rule reads the kept original, never a note that may have been edited; nothing is guessed;
whatever a rule makes is only ever a proposal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core import approvals, frontmatter, notes
from core.actions import Trust
from core.records import Entry
from utils import files
from utils.audit_log import Actor, Event
from utils.errors import NoteError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from core.actions import Action
    from core.lookups import Lookups
    from core.tasks import Dropped
    from core.workspace import Workspace

TEXT_LIMIT_BYTES = 256 * 1024


@dataclass(frozen=True)
class Wish:
    """What a rule read out of something that came in."""

    kind: str
    arguments: Mapping[str, object]


def written_request(actions: Mapping[str, Action], text: str) -> Wish | None:
    """Return the request of a file that is written like a proposal: `action` and parameters.

    Raises:
        NoteError: it names an action, but cannot be read.
    """
    if not text.lstrip("\ufeff").startswith("---"):
        return None
    try:
        front = frontmatter.read(text)
    except NoteError:
        return None
    if not {"action", "action_type", "tool"} & set(front):
        return None
    note = notes.parse(text.encode())
    kind = note.word("action") or ""
    action = actions.get(kind)
    if action is None:
        raise NoteError(f"asks for `{notes.inline(kind)}`, which nobody here can do")
    return Wish(kind, approvals.arguments_of(action, note))


RULES: tuple[Callable[[Mapping[str, Action], str], Wish | None], ...] = (written_request,)


def triage(ws: Workspace, lookups: Lookups, dropped: Dropped, task_id: str) -> Path | None:
    """Turn something that came in into a proposal, if a rule knows how; once for each task.

    Args:
        ws: the vault and its records.
        lookups: fills in identifiers before the owner decides.
        dropped: what came in.
        task_id: its task; the note gets a link to the proposal, or the reason why there is none.

    Returns:
        The proposal's note, None when it stays a task.
    """
    if ws.journal.recall(f"triaged:{task_id}"):
        return None
    path = _propose(ws, lookups, dropped, task_id)
    ws.journal.remember(f"triaged:{task_id}", path.name if path else "stays a task")
    return path


def _propose(ws: Workspace, lookups: Lookups, dropped: Dropped, task_id: str) -> Path | None:
    name = str(ws.journal.recall(f"dropped:{task_id}") or "")
    task = ws.vault.find(name) if name else None
    try:
        wish = next((w for rule in RULES if (w := rule(ws.actions, dropped.text))), None)
        if wish is None:
            return None
        action = ws.actions[wish.kind]
        payload = approvals.validated(action, wish.arguments)
        payload, remarks = lookups.resolve_now(action, payload)
        request = approvals.Request(
            wish.kind,
            payload,
            Actor.DAEMON,
            Trust.EXTERNAL,
            remarks=remarks,
            source=name.removesuffix(".md") or None,
            evidence=dropped.text,
        )
        _, path = approvals.propose(ws, request)
    except (NoteError, RefusedError) as error:
        reason = error.reason if isinstance(error, NoteError) else str(error)
        _say(ws, task, f"- No proposal was made: this file {notes.inline(reason, 300)}")
        return None
    _say(ws, task, f"- Proposed: [[{path.stem}]]")
    return path


def _say(ws: Workspace, task: Path | None, line: str) -> None:
    """Add a line to a task note, below everything the owner may have written."""
    if task is None:
        return
    try:
        file = ws.vault.read(task)
        text = notes.decode(file.data).rstrip("\n")
        ws.vault.rewrite(file, f"{text}\n{line}\n")
    except (NoteError, FileNotFoundError) as error:
        ws.chronicle.record(Entry(Event.WARNED, Actor.DAEMON, target=task.name, error=str(error)))


def text_of(path: Path) -> str:
    """Return a kept file's text, "" when it is no text or too long to show."""
    try:
        data = files.read_regular(path, limit_bytes=TEXT_LIMIT_BYTES)
        return data.decode("utf-8")
    except (NoteError, UnicodeDecodeError, FileNotFoundError):
        return ""
