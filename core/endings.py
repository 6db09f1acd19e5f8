"""How approved actions end: settled in the journal, tried again, or filed.

Rules: only what was provably not sent is tried again, never money and never past its grant; a note
is filed when the journal has decided, and filing may be repeated.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from core import approvals, filing, parts, throttle
from core.actions import State
from core.parts import PARTIAL
from core.reconcile import PROVEN_ABSENT
from core.records import TERMINAL
from core.vault import Folder
from utils.audit_log import Actor, Event
from utils.log import get_logger

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from core.desk import Desk, Round
    from core.inspection import Look
    from core.reconcile import Reconciler
    from core.records import Row

log = get_logger()
MAX_ATTEMPTS = 5
BACKOFF_S = (2, 8, 30, 120, 300)


class Endings:
    """Settles what has ended.

    Args:
        desk: shared with the executor.
        reconciler: reads back what is in doubt.
    """

    def __init__(self, desk: Desk, reconciler: Reconciler) -> None:
        self.desk = desk
        self.ws = desk.ws
        self._reconciler = reconciler

    def finish(self, row: Row, state: State, *, result: str, **changes: Any) -> None:
        """End an action that was not begun, or only rehearsed."""
        entry = approvals.base_entry(
            row,
            Event.OUTCOME,
            Actor.DAEMON,
            result=result,
            error=changes.get("summary") if state is not State.DRY_RUN_COMPLETED else None,
            error_class=changes.get("error_class"),
        )
        self.ws.journal.transition(
            row.action_id,
            {State.APPROVED, State.PENDING},
            state,
            entry,
            finished_at=self.ws.clock.now(),
            durable=row.mode.acts,
            **changes,
        )

    def refuse(self, row: Row, reason: str) -> None:
        """End an action because a rule says no."""
        self.finish(row, State.REFUSED, result="refused", summary=reason, error_class="Refused")

    def file_ended(self, looked: Round) -> None:
        """File every note whose action has ended."""
        for row in self.ws.journal.in_states(State.APPROVED):
            if parts.is_several(self.ws, row):
                self._end_several(row)
        for row in self.ws.journal.unfiled():
            if row.action_id in self.desk.flights:
                continue  # its answer is on the way; an answer taken for another attempt's is wrong
            self.file(row, _note_of(row, looked))

    def file(self, row: Row, path: Path | None) -> None:
        """File an ended action's note, unless it is read back or tried again first."""
        if (
            row.state is State.UNKNOWN
            and row.error_class != PARTIAL
            and self._reconciler.is_open(row)
        ):
            if not self._reconciler.is_watched(row):
                self.desk.wake_in(0)  # the next round begins to read it back
            return
        if row.state is State.NOT_SENT and self._again(row):
            return
        if row.parent_id:
            self._settle_part(row, path)
            return
        try:
            target = filing.file_note(self.ws, row, path)
        except FileNotFoundError:
            self.desk.wake_in(0)
            return
        if path is not None:
            self.desk.inspector.forget(path)
        log.info("action.filed", action_id=row.action_id, folder=target.parent.name)

    def _settle_part(self, row: Row, path: Path | None) -> None:
        """Take a part as over; with the last one the whole is."""
        now = self.ws.clock.now()
        self.ws.journal.transition(row.action_id, TERMINAL, None, filed_at=now, durable=False)
        whole = self.ws.journal.get(row.parent_id or "")
        if whole is not None and whole.state is State.APPROVED and self._end_several(whole):
            ended = self.ws.journal.get(whole.action_id)
            if ended is not None:
                self.file(ended, path)

    def _end_several(self, row: Row) -> bool:
        """End an action that is several once all its parts are over; return whether it is."""
        changes = parts.ending(self.ws, row)
        if changes is None:
            return False
        state = changes.pop("state")
        result = {State.DONE: "done", State.DRY_RUN_COMPLETED: "dry_run_completed"}.get(
            state, "unknown" if state is State.UNKNOWN else "not_sent"
        )
        self.finish(row, state, result=result, **changes)
        return True

    def _again(self, row: Row) -> bool:
        """Give an action that was provably not sent another try, unless it is about money."""
        limited = self._put_off_until(row)
        action = self.ws.actions.get(row.kind)
        if action is None or action.money or row.attempt >= MAX_ATTEMPTS or row.attempt == 0:
            return False
        if row.error_class == PROVEN_ABSENT:
            return False
        now = self.ws.clock.now()
        at = limited or max(row.retry_at or now, now + self._pause(row))
        if row.grant_until is not None and at >= row.grant_until:
            return False
        self.desk.wake_in((at - now).total_seconds())
        return self.ws.journal.transition(
            row.action_id, {State.NOT_SENT}, State.APPROVED, retry_at=at, finished_at=None
        )

    def _put_off_until(self, row: Row) -> datetime | None:
        """Leave the whole service alone when it asked for that; return until when."""
        return throttle.pause_after(self.ws, row) if row.error_class == throttle.LIMITED else None

    def _pause(self, row: Row) -> timedelta:
        return timedelta(seconds=BACKOFF_S[row.attempt - 1])


def _note_of(row: Row, looked: Round) -> Path | None:
    """Return where an ended action's note most likely lies; a part has none of its own."""
    if row.parent_id:
        return None
    places = looked.places.get(row.action_id) or looked.everywhere(row.action_id)
    chosen = min(places, key=_likelihood, default=None)
    return chosen.path if chosen else None


def _likelihood(look: Look) -> int:
    order = [Folder.APPROVED, Folder.PENDING, Folder.NEEDS_REVIEW, Folder.REJECTED]
    names = [str(folder) for folder in order]
    name = look.path.parent.name
    return names.index(name) if name in names else len(names)
