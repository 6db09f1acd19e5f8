"""What happens to notes before and after they run: adopted, asked again, withdrawn, reopened.

Rules: whatever lies in `Pending_Approval/` is registered there before anything else; a note that
was never registered does not run; moving a note back, away or out of review is a decision of the
owner's and is recorded; nothing is lost because a program ended between two writes.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from core import approvals, filing, frontmatter, notes, policy
from core.actions import Action, ActionId, Mode, Payload, State, Tier, Trust, digest_of
from core.approvals import Draft, Request
from core.inspection import QUIET_S, Look
from core.journal import Row
from core.lookups import Lookups, is_missing
from core.vault import Folder
from utils.audit_log import Actor, Approval, Event
from utils.clock import local_day
from utils.errors import ChangedError, NoteError
from utils.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from core.consent import Reading
    from core.desk import Desk, Round
    from core.notes import Note

log = get_logger()
WITHDRAWN_AFTER_S = 600.0
REVIEWED = (State.UNKNOWN, State.NOT_SENT, State.REFUSED)
SHELVED = (State.REJECTED, State.EXPIRED, State.WITHDRAWN)


class Intake:
    """Everything about a note but running it.

    Args:
        desk: shared with the executor.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.ws = desk.ws
        self.lookups = Lookups(desk.ws, desk.runner, desk.bell.ring)
        self._absent_since: dict[str, float] = {}

    # -- rounds -------------------------------------------------------------------------------

    def run(self, looked: Round, *, full: bool) -> None:
        """Deal with everything outside `Approved/`.

        Args:
            looked: what lies where.
            full: whether absences and expiries are looked for as well.
        """
        for look in looked.looks[Folder.PENDING]:
            self._guarded(self._pending, look, looked)
        for look in looked.looks[Folder.REJECTED]:
            self._guarded(self._rejected, look, looked)
        for look in looked.looks[Folder.COMPLETED]:
            self._guarded(self._completed, look, looked)
        if full:
            self._overdue(looked)

    def _guarded(self, deal: Callable[[Look, Round], None], look: Look, looked: Round) -> None:
        try:
            deal(look, looked)
        except (FileNotFoundError, ChangedError):
            self.desk.inspector.forget(look.path)
            self.desk.wake_in(QUIET_S)
        except NoteError as error:
            self.desk.quarantine(look, error.reason)

    def _pending(self, look: Look, looked: Round) -> None:
        if look.note is None:
            self.desk.quarantine(look, look.error or "cannot be read")
            return
        row = self._row(look)
        if row is None:
            self.adopt(look)
        elif row.state is State.PENDING:
            self._waiting(row, look, looked)
        elif row.state is State.APPROVED and row.action_id not in self.desk.flights:
            if looked.only(row.action_id, Folder.APPROVED, self.ws.vault.root) is None:
                self._back_to_pending(row, look)
        elif row.filed_at is not None:
            self._proposed_again(row, look, looked)

    def _row(self, look: Look) -> Row | None:
        return self.ws.journal.get(look.action_id) if look.action_id else None

    def _waiting(self, row: Row, look: Look, looked: Round) -> None:
        """Keep a registered proposal true: its mode, its account and its looked-up record."""
        twins = [
            other
            for other in looked.places.get(row.action_id, [])
            if other.path != look.path and other.path.parent == look.path.parent
        ]
        if twins and look.path.name != row.note:
            if self.digest_in(row, look) == row.digest:
                self.desk.tidy(look, f"an equal copy of {row.action_id}")
            else:
                self.adopt_copy(look)
            return
        self.desk.runner.warm(row.service)
        action = self.ws.actions.get(row.kind)
        if action is None or self.digest_in(row, look) != row.digest:
            return
        readiness = self.ws.readiness(action.service)
        account = self.ws.account(action.service)
        if readiness.mode is not row.mode or account != row.account:
            self._reissue(row, look, action)
        elif is_missing(action, row.payload) and self.lookups.can_ask(action):
            self._complete(row, look, action)

    def _rejected(self, look: Look, looked: Round) -> None:
        del looked
        row = self._row(look)
        if row is None or row.action_id in self.desk.flights:
            return
        open_states = (State.PENDING, State.APPROVED)
        if row.state in open_states or (row.filed_at and row.state in REVIEWED):
            reason = look.note.word("reason") if look.note else None
            entry = approvals.base_entry(
                row, Event.DECIDED, Actor.OWNER, result="rejected", error=reason
            )
            self.ws.journal.transition(
                row.action_id,
                {row.state},
                State.REJECTED,
                replace(entry, approval_status=Approval.REJECTED),
                filed_at=None,
                finished_at=self.ws.clock.now(),
                summary=reason,
            )

    def _completed(self, look: Look, looked: Round) -> None:
        """Take the owner's word that an action in review has happened after all."""
        row = self._row(look)
        if row is None or row.filed_at is None or len(looked.places[row.action_id]) > 1:
            return
        if row.state in REVIEWED and row.mode.acts:
            summary = "You said that it happened."
            entry = approvals.base_entry(
                row, Event.RECONCILED, Actor.OWNER, result="done", approved_by="owner"
            )
            self.ws.journal.transition(
                row.action_id,
                {row.state},
                State.DONE,
                entry,
                filed_at=None,
                finished_at=self.ws.clock.now(),
                summary=summary,
                error=None,
                error_class=None,
            )

    # -- adoption -----------------------------------------------------------------------------

    def foreign(self, look: Look) -> None:
        """Return a note that was never registered and lies in `Approved/` to be decided first."""
        if not self.desk.settled(look, QUIET_S) or look.note is None:
            return
        kind = self._kind_of(look.note)
        if not policy.is_hard_stop(kind):
            action = self._known(kind)
            approvals.payload_in(action, look.note)  # an unusable one goes to quarantine instead
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
        action = self._known(kind)
        payload = approvals.payload_in(action, look.note)
        found = self.lookups.resolve(action, payload, look.digest)
        if found is None:
            return  # the answer rings the bell
        payload, remarks = found
        external = look.note.word("trust") == Trust.EXTERNAL
        request = Request(
            kind,
            payload,
            Actor.OWNER,
            Trust.EXTERNAL if external else Trust.OWNER,
            remarks=remarks,
        )
        made = approvals.draft(self.ws, request)
        if made.decision.tier is Tier.HARD_STOP:
            self._adopt_hard_stop(look, kind)
            return
        row = approvals.new_row(self.ws, made, title="", note=look.path.name)
        text = self._adopted_text(look.note, made, row)
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
        self.desk.runner.warm(row.service)
        log.info("action.adopted", action_id=row.action_id)

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

    def _known(self, kind: str) -> Action:
        action = self.ws.actions.get(kind)
        if action is None:
            known = ", ".join(sorted(self.ws.actions))
            raise NoteError(
                f"asks for `{notes.inline(kind)}`, which nobody here can do (known: {known})"
            )
        return action

    def _adopted_text(self, note: Note, made: Draft, row: Row) -> str:
        text = self._pending_text(note.text, note, row, made.action, made.missing)
        before = note.section(notes.WHY)
        earlier = "\n".join(before.lines).strip() if before else ""
        lines = approvals.why(self.ws, made, row)
        text = notes.with_section(text, notes.WHY, f"{earlier}\n\n{lines}".strip())
        return self._with_identifier(text, made.action, made.payload)

    def _with_identifier(self, text: str, action: Action, payload: Payload) -> str:
        """Write a looked-up identifier into the parameters, before the owner decides."""
        lookup = action.lookup
        if lookup is None or payload.get(lookup.target) is None:
            return text
        if lookup.target in notes.parameters_of(notes.parse(text.encode())):
            return text
        return notes.with_parameter(text, lookup.target, payload[lookup.target], lookup.source)

    def _pending_text(
        self,
        text: str,
        note: Note,
        row: Row,
        action: Action,
        missing: tuple[str, ...],
        head: str = "",
    ) -> str:
        """Return a note's text as a pending proposal: properties and question refreshed."""
        shown = {k: v for k, v in approvals.front_of(self.ws, action, row).items() if k != "tags"}
        raw = frontmatter.read(text)
        rename = {
            old: new
            for old, new in {**notes.KEY_ALIASES, "status": "tier", "finished": "expires"}.items()
            if old in raw and new not in raw
        }
        if len(set(rename.values())) < len(rename):
            rename = {}
        if "tags" not in note.front:
            shown["tags"] = [f"approval/{action.service}"]
        remove = [old for old in ("status", "finished") if old in raw and old not in rename]
        text = frontmatter.edit(text, set=shown, rename=rename, remove=remove)
        return notes.with_callout(text, head or approvals.callout(self.ws, action, row, missing))

    def _adopt_hard_stop(self, look: Look, kind: str) -> None:
        """Register what the program never does, and hand it to the owner."""
        if look.note is None:
            return
        now = self.ws.clock.now()
        payload = _plain_values(notes.parameters_of(look.note))
        action_id = self.ws.journal.mint(approvals.PREFIX, local_day(self.ws.clock, now))
        reason = "The program never does this. You decide, and you do it yourself."
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

    def _complete(self, row: Row, look: Look, action: Action) -> None:
        """Fill in a registered proposal's identifier once its service can be asked."""
        found = self.lookups.resolve(action, row.payload, row.digest)
        if found is None or found[0] == row.payload or look.note is None or look.file is None:
            return
        payload = found[0]
        text = self._with_identifier(look.note.text, action, payload)
        self.ws.vault.rewrite(look.file, text)
        self._bind(replace(row, payload=payload), action, Actor.DAEMON)

    # -- asked again --------------------------------------------------------------------------

    def _bind(
        self,
        fresh: Row,
        action: Action,
        actor: Actor,
        changes: tuple[str, ...] = (),
        reasons: tuple[str, ...] = (),
    ) -> None:
        """Bind a proposal to what its note says now.

        Args:
            fresh: the row with its new payload, mode and account.
            action: its row in the catalogue.
            actor: who made it different.
            changes: what the owner changed, one line each.
            reasons: why the owner is asked again.
        """
        facts = approvals.facts_of(action, fresh.payload)
        decision = approvals.decide(self.ws, action, facts, fresh.trust)
        digest = digest_of(fresh.kind, fresh.payload, fresh.mode, fresh.account)
        entry = approvals.base_entry(
            fresh,
            Event.EDITED if changes else Event.DECIDED,
            actor,
            digest=digest,
            parameters={
                "tier": str(decision.tier),
                "rules": decision.rules,
                "changes": list(changes),
                "asked_again": list(reasons),
            },
        )
        self.ws.journal.transition(
            fresh.action_id,
            {State.PENDING},
            State.PENDING,
            entry,
            payload=fresh.payload,
            digest=digest,
            mode=fresh.mode,
            account=fresh.account,
            tier=decision.tier,
            reasons=decision.reasons,
            policy_hash=decision.policy_hash,
            **approvals.fact_columns(facts),
        )

    def _as_things_stand(self, row: Row, action: Action, payload: Payload) -> Row:
        """Return a row with another payload, under the present mode and account."""
        return replace(
            row,
            payload=payload,
            mode=self.ws.readiness(action.service).mode,
            account=self.ws.account(action.service),
            **approvals.fact_columns(approvals.facts_of(action, payload)),
        )

    def _reissue(self, row: Row, look: Look, action: Action) -> None:
        """Word an untouched proposal anew after its service went live, or dry, or elsewhere."""
        if look.note is None or look.file is None:
            return
        readiness = self.ws.readiness(action.service)
        fresh = self._as_things_stand(row, action, row.payload)
        text = self._pending_text(look.note.text, look.note, fresh, action, readiness.missing)
        if readiness.mode.acts:  # words first: a note that says DRY RUN must never run for real
            self.ws.vault.rewrite(look.file, text)
        self._bind(fresh, action, Actor.DAEMON)
        if not readiness.mode.acts:
            self.ws.vault.rewrite(look.file, text)

    def return_to_pending(
        self, row: Row, look: Look, reading: Reading, reasons: tuple[str, ...]
    ) -> None:
        """Put a proposal back before the owner, saying why and what changed.

        The note is moved before the journal is told, so that a crash in between asks again and
        never runs.
        """
        action = self._known(row.kind)
        if look.note is None or look.file is None:
            return
        missing = self.ws.readiness(action.service).missing
        fresh = replace(
            self._as_things_stand(row, action, reading.payload), tier=reading.decision.tier
        )
        head = _asked_again(approvals.callout(self.ws, action, fresh), reasons)
        text = self._pending_text(look.note.text, look.note, fresh, action, missing, head)
        if reading.changes:
            text = _with_changes(text, look.note, reading.changes)
        file = self.ws.vault.rewrite(look.file, text)
        self.ws.vault.move(file.path, self.ws.vault.folder(Folder.PENDING))
        self.desk.inspector.forget(look.path)
        self._bind(fresh, action, Actor.OWNER, reading.changes, reasons)
        self.desk.wake_in(0)

    def reopen(self, row: Row, look: Look, why: str) -> None:
        """Make an ended action pending again, because the owner moved its note."""
        days = self.ws.settings.count("APPROVAL_EXPIRES_DAYS")
        entry = approvals.base_entry(row, Event.DECIDED, Actor.OWNER, result=None, error=why)
        self.ws.journal.transition(
            row.action_id,
            {row.state},
            State.PENDING,
            replace(entry, approval_status=Approval.PENDING),
            filed_at=None,
            finished_at=None,
            retry_at=None,
            sending_at=None,
            grant_until=None,
            approved_at=None,
            approved_by=None,
            remote_id=None,
            remote_url=None,
            summary=None,
            error=None,
            error_class=None,
            expires_at=self.ws.clock.now() + timedelta(days=days),
            note=look.path.name,
        )

    def _proposed_again(self, row: Row, look: Look, looked: Round) -> None:
        """Deal with an ended action's note that lies in `Pending_Approval/`."""
        if not self.desk.settled(look, QUIET_S) or look.note is None or look.file is None:
            return
        if row.tier is Tier.HARD_STOP:
            self.hard_stop(row, look, row.summary or "This is a hard stop.")
            return
        if row.state is State.DONE or len(looked.places[row.action_id]) > 1:
            self.finished_again(row, look)
            return
        action = self._known(row.kind)
        payload = approvals.payload_in(action, look.note)
        self.reopen(row, look, "You moved it to Pending_Approval again.")
        now = self.ws.journal.get(row.action_id) or row
        missing = self.ws.readiness(action.service).missing
        fresh = self._as_things_stand(now, action, payload)
        text = self._pending_text(look.note.text, look.note, fresh, action, missing)
        self.ws.vault.rewrite(look.file, text)
        self._bind(fresh, action, Actor.OWNER)

    def finished_again(self, row: Row, look: Look) -> None:
        """Deal with a note of an action that is over: an equal copy goes, an altered one is new."""
        if self.digest_in(row, look) != row.digest:
            self.adopt_copy(look)
            return
        elsewhere = self._elsewhere(row, look)
        if elsewhere:
            self.desk.tidy(look, f"an equal copy of {row.action_id}, which is {row.state}")
        elif row.state in SHELVED or row.state is State.DRY_RUN_COMPLETED:
            self.ws.vault.move(look.path, self.ws.vault.folder(Folder.PENDING))
            self.desk.inspector.forget(look.path)
            self.desk.wake_in(QUIET_S)
        else:
            filing.file_note(self.ws, row, look.path)
            self.desk.inspector.forget(look.path)

    def _elsewhere(self, row: Row, look: Look) -> bool:
        """Return whether the filed note of an action still lies in its place."""
        place = filing.ending_of(self.ws, row).folder if row.state is not State.WITHDRAWN else None
        return place is not None and place != look.path.parent and (place / row.note).is_file()

    def digest_in(self, row: Row, look: Look) -> str:
        """Return the digest of what a note would run under a row's mode and account."""
        action = self.ws.actions.get(row.kind)
        if action is None or look.note is None:
            return ""
        try:
            payload = approvals.payload_in(action, look.note)
        except NoteError:
            return ""
        return digest_of(row.kind, payload, row.mode, row.account)

    # -- moved away ---------------------------------------------------------------------------

    def _back_to_pending(self, row: Row, look: Look) -> None:
        """Revoke a grant because its note was moved back before anything was sent."""
        entry = approvals.base_entry(row, Event.WITHDRAWN, Actor.OWNER)
        self.ws.journal.transition(
            row.action_id,
            {State.APPROVED},
            State.PENDING,
            replace(entry, approval_status=Approval.PENDING),
            approved_at=None,
            approved_by=None,
            grant_until=None,
            retry_at=None,
        )
        log.info("action.moved_back", action_id=row.action_id, note=look.path.name)

    def moved_out(self, row: Row, looked: Round) -> None:
        """Deal with an approved action whose note no longer lies in `Approved/`."""
        if row.action_id in looked.places:
            return  # where it lies now tells what is meant
        self._absent(row)

    def _overdue(self, looked: Round) -> None:
        """Expire proposals nobody decided, and withdraw those whose note is gone."""
        now = self.ws.clock.now()
        waiting = self.ws.journal.in_states(State.PENDING)
        for row in waiting:
            if row.action_id not in looked.places:
                self._absent(row)
                continue
            self._absent_since.pop(row.action_id, None)
            lies_pending = looked.only(row.action_id, Folder.PENDING, self.ws.vault.root)
            if row.expires_at <= now and lies_pending is not None:
                entry = approvals.base_entry(row, Event.EXPIRED, Actor.DAEMON, result="expired")
                self.ws.journal.transition(
                    row.action_id,
                    {State.PENDING},
                    State.EXPIRED,
                    replace(entry, approval_status=Approval.EXPIRED),
                    finished_at=now,
                )
        open_ids = {row.action_id for row in waiting}
        for action_id in set(self._absent_since) - open_ids:
            del self._absent_since[action_id]

    def _absent(self, row: Row) -> None:
        """Withdraw an action whose note has been nowhere for ten minutes."""
        if self.ws.vault.find(row.note) is not None:
            return  # it lies there, but cannot be read just now
        since = self._absent_since.setdefault(row.action_id, self.ws.clock.monotonic())
        missing_s = self.ws.clock.monotonic() - since
        if missing_s < WITHDRAWN_AFTER_S:
            self.desk.wake_in(WITHDRAWN_AFTER_S - missing_s)
            return
        entry = approvals.base_entry(row, Event.WITHDRAWN, Actor.OWNER)
        now = self.ws.clock.now()
        if self.ws.journal.transition(
            row.action_id,
            {State.PENDING, State.APPROVED},
            State.WITHDRAWN,
            replace(entry, approval_status=Approval.WITHDRAWN),
            finished_at=now,
            filed_at=now,
        ):
            log.info("action.withdrawn", action_id=row.action_id)

    # -- after a crash ------------------------------------------------------------------------

    def write_unwritten(self) -> None:
        """Write the notes that an ended program had registered and not written yet."""
        for action_id, text, replaces in self.ws.journal.unwritten():
            row = self.ws.journal.get(action_id)
            if row is None:
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


def _asked_again(callout: str, reasons: tuple[str, ...]) -> str:
    question, *lines = callout.split("\n")
    question = question.replace("> [!question] Approve:", "> [!question] Approve again:", 1)
    because = [f"> Asked again because {notes.inline(reason, 300)}." for reason in reasons]
    return "\n".join([question, *because, *lines])


def _with_changes(text: str, note: Note, changes: tuple[str, ...]) -> str:
    before = note.section(notes.WHY)
    earlier = "\n".join(before.lines).strip() if before else ""
    lines = "\n".join(f"- You changed {change}" for change in changes)
    return notes.with_section(text, notes.WHY, f"{earlier}\n{lines}".strip())


def _plain_values(value: Any) -> Any:
    """Return a parsed block as JSON values."""
    if isinstance(value, dict):
        return {str(key): _plain_values(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain_values(item) for item in value]
    return value if isinstance(value, (str, int, bool, type(None))) else str(value)
