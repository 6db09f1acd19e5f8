"""What the owner's moves mean outside `Approved/`: waiting, rejected, withdrawn, expired, settled.

Rules: whatever lies in `Pending_Approval/` is registered there before anything else; moving a note
back, away or out of review is a decision of the owner's and is recorded.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core import approvals, parts
from core.actions import State, Tier
from core.adoption import UNWRITTEN_AGE_S, Adoption
from core.checks import Checks, is_missing, is_open
from core.inspection import QUIET_S, Look
from core.renewal import Renewal, digest_in
from core.vault import Folder
from utils.audit_log import Actor, Approval, Event
from utils.errors import ChangedError, NoteError
from utils.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from core.desk import Desk, Round
    from core.records import Row

log = get_logger()
WITHDRAWN_AFTER_S = 600.0
REVIEWED = (State.UNKNOWN, State.NOT_SENT, State.REFUSED)
DECIDES = frozenset({Folder.PENDING, Folder.APPROVED, Folder.REJECTED})
"""Where an open action's note says what is to become of it; anywhere else it is moved away."""


class Intake:
    """Everything about a note but running it.

    Args:
        desk: shared with the executor.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.ws = desk.ws
        self.checks = Checks(desk.ws, desk.runner, desk.bell.ring)
        self.adoption = Adoption(desk, self.checks)
        self.renewal = Renewal(desk, self.adoption)
        self._absent_since: dict[str, float] = {}
        self._true: dict[Path, Look] = {}
        self._started_at = desk.ws.clock.now()
        self._warmed: set[str] = set()

    # -- rounds -------------------------------------------------------------------------------

    def run(self, looked: Round, *, full: bool) -> None:
        """Deal with everything outside `Approved/`.

        Args:
            looked: what lies where.
            full: whether absences and expiries are looked for as well.
        """
        for look in looked.looks[Folder.PENDING]:
            if full or self._true.get(look.path) is not look:
                self._guarded(self._pending, look, looked)
        undecided = self.ws.journal.undecided()  # one read, however many notes lie there for good
        for folder, deal in (
            (Folder.REJECTED, self._rejected),
            (Folder.COMPLETED, self._completed),
        ):
            for look in looked.looks[folder]:
                if look.action_id in undecided:
                    self._guarded(deal, look, looked)
        self._true = {p: look for p, look in self._true.items() if p in self.desk.inspector.paths()}
        if full:
            self.adoption.write_unwritten(older_than_s=UNWRITTEN_AGE_S)
            self._overdue(looked)
            self._put_among_the_done(looked)

    def _guarded(self, deal: Callable[[Look, Round], None], look: Look, looked: Round) -> None:
        try:
            deal(look, looked)
        except (FileNotFoundError, ChangedError):
            self.desk.inspector.forget(look.path)
            self.desk.wake_in(QUIET_S)
        except NoteError as error:
            self.desk.quarantine(look, error.reason)

    def _pending(self, look: Look, looked: Round) -> None:
        if look.error is not None:
            self.desk.quarantine(look, look.error)
            return
        row = self._row(look)
        if row is None:
            self.adoption.adopt(look)
        elif row.state is State.PENDING:
            self._waiting(row, look, looked)
        elif row.state is State.APPROVED and not self.desk.is_under_way(row.action_id):
            if looked.only(row.action_id, Folder.APPROVED, self.ws.vault.root) is None:
                self.moved_back(row, look)
        elif row.filed_at is not None:
            self.renewal.proposed_again(row, look, looked)

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
            if digest_in(self.ws, row, look) == row.digest:
                self.desk.tidy(look, f"an equal copy of {row.action_id}")
            else:
                self.adoption.adopt_copy(look)
            return
        action = self.ws.actions.get(row.kind)
        if action is None:
            return
        now = self.ws.standing(action, row.payload)
        self._warm_once(row)
        asks = is_missing(action, row.payload) or is_open(self.ws, row.action_id)
        can_look_up = asks and self.checks.can_ask(action, row.payload)
        runs_unasked = row.tier is Tier.AUTONOMOUS
        as_registered = now.mode is row.mode and now.account == row.account
        if as_registered and not can_look_up and not runs_unasked:
            self._true[look.path] = look  # nothing to do until the note or the world changes
            return
        if digest_in(self.ws, row, look) != row.digest:
            return  # the owner is at work on it
        if now.mode is not row.mode or now.account != row.account:
            self.renewal.reissue(row, look, action)
        elif can_look_up:
            self.renewal.complete(row, look, action)
        else:
            self._run_unasked(look)

    def _run_unasked(self, look: Look) -> None:
        """Take an autonomous action's note the owner's way; there every rule is asked again."""
        self.ws.vault.move(look.path, self.ws.vault.folder(Folder.APPROVED))
        self.desk.inspector.forget(look.path)
        self.desk.wake_in(0)

    def _warm_once(self, row: Row) -> None:
        """Start the server of a new proposal, so that it is warm when the owner decides."""
        if row.action_id not in self._warmed and row.created_at >= self._started_at:
            self._warmed.add(row.action_id)
            self.adoption.warm(row)

    def _rejected(self, look: Look, looked: Round) -> None:
        del looked
        row = self._row(look)
        if row is None or self.desk.is_under_way(row.action_id):
            return
        open_states = (State.PENDING, State.APPROVED)
        if row.state in open_states or (row.filed_at and row.state in REVIEWED):
            reason = look.note.word("reason") if look.note else None
            if parts.is_several(self.ws, row) and not parts.take_back(self.ws, row, State.REJECTED):
                return  # what is under way, or in doubt, ends first and is said
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
        if row is None or row.filed_at is None or row.state not in REVIEWED:
            return
        if row.mode.acts and len(looked.everywhere(row.action_id)) == 1:
            summary = "You said that it happened."
            parts.happened(self.ws, row)
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

    def _put_among_the_done(self, looked: Round) -> None:
        """Take a note in review that was put into a month of `Completed/` as put into `Completed/`.

        The months hold everything that was ever done, so no round reads them.
        """
        done = self.ws.vault.folder(Folder.COMPLETED)
        for row in self.ws.journal.in_review():
            if not row.mode.acts or looked.places.get(row.action_id):
                continue
            path = self.ws.vault.find(row.note)
            if path is not None and path.parent.parent == done:
                self.ws.vault.move(path, done)
                self.desk.wake_in(0)

    # -- moved away ---------------------------------------------------------------------------

    def moved_back(self, row: Row, look: Look) -> None:
        """Revoke a grant because its note was moved back, or edited, before anything was sent."""
        if parts.is_several(self.ws, row) and not parts.take_back(self.ws, row, State.WITHDRAWN):
            return  # one part is under way or in doubt: the whole ends in review, and says it
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
            due_at=None,
        )
        log.info("action.moved_back", action_id=row.action_id, note=look.path.name)

    def moved_out(self, row: Row, looked: Round) -> None:
        """Deal with an approved action whose note no longer lies in `Approved/`."""
        if not self._is_decided(row, looked):
            self._absent(row, looked)

    def _overdue(self, looked: Round) -> None:
        """Expire proposals nobody decided, and withdraw those whose note is gone."""
        now = self.ws.clock.now()
        waiting = self.ws.journal.in_states(State.PENDING)
        for row in waiting:
            if not self._is_decided(row, looked):
                self._absent(row, looked)
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
        open_ids = {row.action_id for row in self.ws.journal.in_states(State.APPROVED)}
        open_ids.update(row.action_id for row in waiting)
        for action_id in set(self._absent_since) - open_ids:
            del self._absent_since[action_id]

    def _is_decided(self, row: Row, looked: Round) -> bool:
        """Return whether an open action's note lies where its place tells what is meant."""
        looks = looked.places.get(row.action_id, [])
        return any(look.path.parent.name in DECIDES for look in looks)

    def _absent(self, row: Row, looked: Round) -> None:
        """Withdraw an action whose note has been nowhere it is decided for ten minutes."""
        if not looked.everywhere(row.action_id) and self.ws.vault.find(row.note) is not None:
            return  # it lies there, but cannot be read just now
        since = self._absent_since.setdefault(row.action_id, self.ws.clock.monotonic())
        missing_s = self.ws.clock.monotonic() - since
        if missing_s < WITHDRAWN_AFTER_S:
            self.desk.wake_in(WITHDRAWN_AFTER_S - missing_s)
            return
        if parts.is_several(self.ws, row) and not parts.take_back(self.ws, row, State.WITHDRAWN):
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
