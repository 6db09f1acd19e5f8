"""A note becomes a registered proposal: adopted, returned, or handed to the owner.

Rules: a note that was never registered does not run; it is registered where it is decided, in
`Pending_Approval/`, once it is quiet; the journal is told before the note carries its id, and a
crash between the two loses neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core import approvals, filing, notes, payloads, policy, proposal_edits
from core.actions import Action, ActionId, Mode, State, Tier, Trust, digest_of
from core.approvals import Request
from core.checks import ANSWER_AGAIN_S, Checks
from core.inspection import QUIET_S, Look
from core.records import Row
from core.vault import Folder
from utils.audit_log import Actor, Event
from utils.clock import local_day
from utils.errors import ChangedError, NoteError
from utils.log import get_logger

if TYPE_CHECKING:
    from pathlib import Path

    from core.desk import Desk
    from core.notes import Note
    from core.workspace import Workspace

log = get_logger()
UNWRITTEN_AGE_S = 60.0
"""A younger registration may still be written by the process that made it."""


class Adoption:
    """Registers notes that were placed by hand, by another agent, or moved too far.

    Args:
        desk: shared with the executor.
        checks: asks the services before the owner is asked.
    """

    def __init__(self, desk: Desk, checks: Checks) -> None:
        self.desk = desk
        self.ws = desk.ws
        self.checks = checks

    def foreign(self, look: Look) -> None:
        """Return a note that was never registered and lies in `Approved/` to be decided first."""
        if not self.desk.settled(look, QUIET_S) or look.note is None:
            return
        kind = self._kind_of(look.note)
        if not policy.is_hard_stop(kind):
            action = known_action(self.ws, kind)
            payloads.payload_in(action, look.note)  # an unusable one goes to quarantine instead
        target = self.ws.vault.move(look.path, self.ws.vault.folder(Folder.PENDING))
        self.desk.inspector.forget(look.path)
        self.desk.warn_once(
            self.ws.vault.relative(target),
            "A note that nobody registered lay in Approved; it is proposed first.",
        )
        self.desk.wake_in(QUIET_S)

    def adopt(self, look: Look) -> None:
        """Register a note that was placed in `Pending_Approval/` by hand or by another agent."""
        if look.note is None or look.file is None or not self.desk.settled(look, QUIET_S):
            return
        kind = self._kind_of(look.note)
        if policy.is_hard_stop(kind):
            self._adopt_hard_stop(look, kind)
            return
        action = known_action(self.ws, kind)
        arguments = payloads.arguments_of(action, look.note)
        payload = payloads.completed(self.ws, action, arguments)
        found = self.checks.resolve(action, payload, look.digest)
        if found is None:
            self.desk.wake_in(ANSWER_AGAIN_S)
            return  # the answer rings the bell; until then there is work to come back for
        payload, findings = found
        if findings.refusals:
            self.checks.forget(look.digest)
            raise NoteError(f"cannot be done: {' '.join(findings.refusals)}")
        external = look.note.word("trust") == Trust.EXTERNAL
        request = Request(
            kind,
            payload,
            Actor.OWNER,
            Trust.EXTERNAL if external else Trust.OWNER,
            findings=findings,
        )
        made = approvals.draft(self.ws, request)
        if made.decision.tier is Tier.HARD_STOP:
            self._adopt_hard_stop(look, kind)
            return
        row = approvals.new_row(self.ws, made, title="", note=look.path.name)
        text = proposal_edits.adopted(self.ws, look.note, made, row)
        self.ws.journal.register(
            row,
            *approvals.first_entries(row, made, Event.ADOPTED),
            unwritten=(text, look.digest),
        )
        self._write_adopted(row, look, text)

    def _write_adopted(self, row: Row, look: Look, text: str) -> None:
        if look.file is None:
            return
        try:
            self.ws.vault.rewrite(look.file, text)
        except ChangedError:
            self._abandon(row.action_id)
            raise
        self.ws.journal.written(row.action_id, look.path.name)
        self.ws.chronicle.flush()
        self.warm(row)
        log.info("action.adopted", action_id=row.action_id)

    def warm(self, row: Row) -> None:
        """Start the servers of a proposal, so that they are warm when the owner decides."""
        action = self.ws.actions.get(row.kind)
        for service in self.ws.services_of(action, row.payload) if action else ():
            self.desk.runner.warm(service)

    def _abandon(self, action_id: str) -> None:
        """Withdraw a registration whose note changed before it could carry the id."""
        row = self.ws.journal.get(action_id)
        if row is None:
            return
        entry = approvals.base_entry(row, Event.WITHDRAWN, Actor.DAEMON)
        self.ws.journal.transition(
            action_id, {State.PENDING}, State.WITHDRAWN, entry, finished_at=self.ws.clock.now()
        )
        self.ws.journal.written(action_id, row.note)

    def adopt_copy(self, look: Look) -> None:
        """Make an altered copy of a registered note a proposal of its own."""
        if look.path.parent.name == Folder.PENDING:
            self.adopt(look)
        else:
            self.foreign(look)

    def _kind_of(self, note: Note) -> str:
        if note.word("type") != "approval":
            raise NoteError("has no property `type: approval`")
        kind = note.word("action")
        if kind is None:
            raise NoteError("has no property `action`, such as `odoo.create_invoice`")
        return kind.strip()

    def _adopt_hard_stop(self, look: Look, kind: str) -> None:
        """Register what the program never does, and hand it to the owner."""
        if look.note is None:
            return
        now = self.ws.clock.now()
        payload = _plain_values(notes.parameters_of(look.note))
        action_id = self.ws.journal.mint(approvals.PREFIX, local_day(self.ws.clock, now))
        reason = (
            f"`{notes.inline(kind)}` is never done by the program: decide it and do it yourself."
        )
        row = Row(
            action_id=ActionId(action_id),
            kind=kind,
            mode=Mode.DRY_RUN,
            account="none",
            payload=payload,
            digest=digest_of(kind, payload, Mode.DRY_RUN, "none"),
            state=State.REFUSED,
            tier=Tier.HARD_STOP,
            reasons=(reason,),
            policy_hash=self.ws.policy().hash,
            note=look.path.name,
            origin=str(Actor.OWNER),
            trust=Trust.OWNER,
            created_at=now,
            expires_at=now,
            correlation_id=action_id,
            finished_at=now,
            summary=reason,
            error_class="HardStop",
        )
        entry = approvals.base_entry(
            row, Event.DECIDED, Actor.DAEMON, result="refused", parameters={"tier": str(row.tier)}
        )
        self.ws.journal.register(row, entry)
        filing.file_note(self.ws, row, look.path)

    def hard_stop(self, row: Row, look: Look, reason: str) -> None:
        """Take a hard stop out of `Approved/`, wherever it came from."""
        entry = approvals.base_entry(row, Event.DECIDED, Actor.DAEMON, result="refused")
        self.ws.journal.transition(
            row.action_id,
            {State.PENDING, State.APPROVED, State.REFUSED},
            State.REFUSED,
            entry,
            tier=Tier.HARD_STOP,
            summary=reason,
            filed_at=None,
            finished_at=self.ws.clock.now(),
        )
        now = self.ws.journal.get(row.action_id)
        if now is not None:
            filing.file_note(self.ws, now, look.path)

    def write_unwritten(self, *, older_than_s: float = 0.0) -> None:
        """Write the notes that an ended program had registered and not written yet.

        Args:
            older_than_s: leave younger registrations to the process that made them.
        """
        now = self.ws.clock.now()
        for action_id, text, replaces in self.ws.journal.unwritten():
            row = self.ws.journal.get(action_id)
            if row is None or (now - row.created_at).total_seconds() < older_than_s:
                continue
            place = self.ws.vault.find(row.note)
            if place is None and replaces is None:
                path = self.ws.vault.create(self.ws.vault.folder(Folder.PENDING), row.note, text)
                self.ws.journal.written(action_id, path.name)
            elif place is not None and self._finish_writing(place, text, replaces):
                self.ws.journal.written(action_id, place.name)
            else:
                self._abandon(action_id)

    def _finish_writing(self, place: Path, text: str, replaces: str | None) -> bool:
        try:
            file = self.ws.vault.read(place)
            if file.data == text.encode() or replaces is None:
                return True
            if file.digest != replaces:
                return False
            self.ws.vault.rewrite(file, text)
        except (NoteError, FileNotFoundError):
            return False
        return True


def known_action(ws: Workspace, kind: str) -> Action:
    """Return an action's row in the catalogue.

    Raises:
        NoteError: nobody here can do it.
    """
    action = ws.actions.get(kind)
    if action is None:
        known = ", ".join(sorted(ws.actions))
        raise NoteError(
            f"asks for `{notes.inline(kind)}`, which nobody here can do (known: {known})"
        )
    return action


def _plain_values(value: Any) -> Any:
    """Return a parsed block as JSON values."""
    if isinstance(value, dict):
        return {str(key): _plain_values(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain_values(item) for item in value]
    return value if isinstance(value, (str, int, bool, type(None))) else str(value)
