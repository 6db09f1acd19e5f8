"""Rules that turn what came in into requests, in one table; what no rule knows stays a task.

Rules: a rule reads the kept original, never a note that may have been edited; nothing is guessed;
whatever a rule makes is only ever a proposal; each thing is triaged once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core import approvals, frontmatter, notes
from core.actions import Trust
from core.records import Entry
from core.vault import Folder
from utils import files
from utils.audit_log import Actor, Event
from utils.errors import ChangedError, NoteError, RefusedError
from utils.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from core.actions import Action
    from core.lookups import Lookups
    from core.records import Source
    from core.workspace import Workspace

log = get_logger()
TEXT_LIMIT_BYTES = 256 * 1024
STAYS = "stays a task"


@dataclass(frozen=True)
class Wish:
    """What a rule read out of something that came in.

    Args:
        kind: the action, `service.verb_noun`.
        arguments: not validated yet.
        evidence: the words it was read from, shown quoted.
    """

    kind: str
    arguments: Mapping[str, object]
    evidence: str


@dataclass(frozen=True)
class Material:
    """What a rule may look at.

    Args:
        actions: the catalogue.
        source: what came in.
        path: the kept original.
    """

    actions: Mapping[str, Action]
    source: Source
    path: Path

    @property
    def text(self) -> str:
        """Return the original as text, "" when it is none or too long."""
        return text_of(self.path)


def written_request(material: Material) -> Wish | None:
    """Return the request of a file that is written like a proposal: `action` and parameters.

    Raises:
        NoteError: it names an action, but cannot be read.
    """
    text = material.text
    if material.source.kind != "file" or not text.lstrip("\ufeff").startswith("---"):
        return None
    try:
        front = frontmatter.read(text)
    except NoteError:
        return None
    if not {"action", "action_type", "tool"} & set(front):
        return None
    note = notes.parse(text.encode())
    kind = note.word("action") or ""
    action = material.actions.get(kind)
    if action is None:
        raise NoteError(f"asks for `{notes.inline(kind)}`, which nobody here can do")
    return Wish(kind, approvals.arguments_of(action, note), text)


RULES: tuple[Callable[[Material], Wish | None], ...] = (written_request,)


class Triage:
    """Turns tasks into proposals, one sweep at a time.

    Args:
        ws: the vault and its records.
        lookups: fills in identifiers before the owner decides.
    """

    def __init__(self, ws: Workspace, lookups: Lookups) -> None:
        self._ws = ws
        self._lookups = lookups

    def sweep(self) -> int:
        """Triage everything that was not triaged yet; return how many things."""
        waiting = [source for source in self._ws.journal.untriaged() if source.name]
        for source in waiting:
            outcome = self._one(source)
            if outcome is not None:
                self._ws.journal.source_triaged(source.key, outcome)
        return len(waiting)

    def _one(self, source: Source) -> str | None:
        """Return what became of one thing, None when its original is not there yet."""
        if source.name is None or source.original is None:
            return STAYS
        task = source.name.removesuffix(".md")
        earlier = self._ws.journal.proposed_from(task)
        if earlier:
            return earlier[0].action_id  # a crash came between the proposal and this mark
        path = self._ws.vault.folder(Folder.ATTACHMENTS) / source.original
        if not path.is_file():
            return None
        material = Material(self._ws.actions, source, path)
        try:
            wish = next((found for rule in RULES if (found := rule(material))), None)
            return STAYS if wish is None else self._propose(wish, source)
        except (NoteError, RefusedError) as error:
            reason = error.reason if isinstance(error, NoteError) else str(error)
            self._say(source, f"- No proposal was made: this {notes.inline(reason, 300)}")
            return STAYS

    def _propose(self, wish: Wish, source: Source) -> str:
        action = self._ws.actions[wish.kind]
        payload = approvals.validated(action, wish.arguments)
        payload, remarks = self._lookups.resolve_now(action, payload)
        request = approvals.Request(
            wish.kind,
            payload,
            Actor.DAEMON,
            Trust.EXTERNAL,
            source=(source.name or "").removesuffix(".md"),
            evidence=wish.evidence,
            remarks=remarks,
        )
        row, path = approvals.propose(self._ws, request)
        self._say(source, f"- Proposed: [[{path.stem}]]")
        log.info("task.proposed", task=source.note_id, action_id=row.action_id)
        return row.action_id

    def _say(self, source: Source, line: str) -> None:
        """Add a line to a task note, below everything the owner may have written."""
        task = self._ws.vault.find(source.name or "")
        try:
            if task is not None:
                file = self._ws.vault.read(task)
                text = notes.decode(file.data).rstrip("\n")
                self._ws.vault.rewrite(file, f"{text}\n{line}\n")
        except (ChangedError, NoteError, FileNotFoundError) as error:
            self._ws.chronicle.record(
                Entry(Event.WARNED, Actor.DAEMON, target=source.name, error=str(error))
            )


def text_of(path: Path) -> str:
    """Return a kept file's text, "" when it is no text or too long to show."""
    try:
        data = files.read_regular(path, limit_bytes=TEXT_LIMIT_BYTES)
        return data.decode("utf-8")
    except (NoteError, UnicodeDecodeError, FileNotFoundError):
        return ""
