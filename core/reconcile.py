"""Finds out whether an action whose outcome is unknown has happened, by reading only.

Rules: nothing is ever sent from here; a record that carries our key settles it; absence proves
something only where the service allows it and only after the service's own limit, measured from
when the doubt was found; what stays unclear goes to the owner with the evidence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core import approvals
from core.actions import State
from core.parts import PARTIAL
from core.sources import RECONCILE_TOOL
from utils.audit_log import Actor, Event
from utils.log import get_logger

if TYPE_CHECKING:
    from concurrent.futures import Future

    from core.desk import Desk
    from core.records import Row
    from core.sources import CallResult

log = get_logger()
SCHEDULE_S = (0.0, 1.0, 3.0, 10.0, 30.0, 60.0)
PROVEN_ABSENT = "ProvenAbsent"


@dataclass
class _Watch:
    """The read-backs of one doubtful action."""

    since: float
    tries: list[float]
    future: Future[CallResult] | None = None
    text: str = ""
    over: bool = False


class Reconciler:
    """Reads back every unknown action until it is settled or the owner's.

    Args:
        desk: shared with the executor.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._ws = desk.ws
        self._watches: dict[str, _Watch] = {}

    def doubt(self, row: Row, why: str) -> None:
        """Mark an action under way as unknown, because nobody will tell how it ended."""
        entry = approvals.base_entry(row, Event.OUTCOME, Actor.DAEMON, result="unknown", error=why)
        changed = self._ws.journal.transition(
            row.action_id,
            {State.SENDING},
            State.UNKNOWN,
            entry,
            of_attempt=row.attempt,
            summary=why,
            error=why,
            error_class="Lost",
            finished_at=self._ws.clock.now(),
        )
        if changed:
            log.warning("action.unknown", action_id=row.action_id, why=why)
            self._desk.wake_in(0)

    def is_open(self, row: Row) -> bool:
        """Return whether a doubtful action is still being read back."""
        watch = self._watches.get(row.action_id)
        return watch is None or not watch.over

    def has_open(self) -> bool:
        """Return whether any doubtful action is still being read back."""
        return any(not watch.over for watch in self._watches.values())

    def is_watched(self, row: Row) -> bool:
        """Return whether reading back has begun; it asks for its own next rounds then."""
        return row.action_id in self._watches

    def run(self) -> None:
        """Ask again for every doubtful action whose turn it is."""
        unfiled = self._ws.journal.unfiled()
        doubtful = [r for r in unfiled if r.state is State.UNKNOWN and r.error_class != PARTIAL]
        for row in doubtful:
            self._step(row)
        for action_id in set(self._watches) - {row.action_id for row in doubtful}:
            del self._watches[action_id]

    def _step(self, row: Row) -> None:
        watch = self._watches.get(row.action_id)
        if watch is None:
            watch = _Watch(self._ws.clock.monotonic(), self._times())
            self._watches[row.action_id] = watch
        if watch.over:
            return
        if watch.future is not None:
            if watch.future.done():
                self._take_in(row, watch, watch.future.result())
                watch.future = None  # not before: a journal that fails is told again next time
            return
        wait_s = watch.since + watch.tries[0] - self._ws.clock.monotonic()
        if wait_s > 0:
            self._desk.wake_in(wait_s)
        elif self._desk.runner.is_held(row.service):
            self._desk.wake_in(1.0)  # the old call may still be under way: not yet
        else:
            watch.tries.pop(0)
            watch.future = self._desk.runner.call(
                row.service, RECONCILE_TOOL, {"approval_id": row.action_id}
            )
            watch.future.add_done_callback(lambda _: self._desk.bell.ring())

    def _times(self) -> list[float]:
        limit_s = self._ws.settings.seconds("RECONCILE_LIMIT_S")
        return [*(at for at in SCHEDULE_S if at < limit_s), limit_s]

    def _take_in(self, row: Row, watch: _Watch, result: CallResult) -> None:
        watch.text = str(result.data.get("summary") or result.error or "no answer")
        if result.status == "found":
            self._happened(row, result)
        elif result.status == "different":
            self._give_up(row, watch)
        elif watch.tries:
            self._desk.wake_in(max(0.0, watch.since + watch.tries[0] - self._ws.clock.monotonic()))
        elif result.status == "absent" and self._ws.actions[row.kind].absence_provable:
            self._did_not_happen(row, watch)
        else:
            self._give_up(row, watch)

    def _happened(self, row: Row, result: CallResult) -> None:
        summary = str(result.data.get("summary") or "It was found at the service.")
        entry = approvals.base_entry(
            row,
            Event.RECONCILED,
            Actor.DAEMON,
            result="done",
            remote_id=result.data.get("remote_id"),
        )
        self._ws.journal.transition(
            row.action_id,
            {State.UNKNOWN},
            State.DONE,
            entry,
            of_attempt=row.attempt,
            remote_id=result.data.get("remote_id"),
            remote_url=result.data.get("remote_url"),
            summary=f"{summary} (found when read back)",
            error=None,
            error_class=None,
            finished_at=self._ws.clock.now(),
        )
        log.info("action.reconciled", action_id=row.action_id, result="done")

    def _did_not_happen(self, row: Row, watch: _Watch) -> None:
        limit_s = self._ws.settings.seconds("RECONCILE_LIMIT_S")
        summary = f"not done: {watch.text} Nothing appeared within {limit_s:g} s."
        entry = approvals.base_entry(
            row, Event.RECONCILED, Actor.DAEMON, result="failed", error=summary
        )
        self._ws.journal.transition(
            row.action_id,
            {State.UNKNOWN},
            State.NOT_SENT,
            entry,
            of_attempt=row.attempt,
            summary=summary,
            error=summary,
            error_class=PROVEN_ABSENT,
            finished_at=self._ws.clock.now(),
        )
        log.info("action.reconciled", action_id=row.action_id, result="absent")

    def _give_up(self, row: Row, watch: _Watch) -> None:
        summary = f"{row.error or 'The answer was lost.'} Read back: {watch.text}"
        entry = approvals.base_entry(
            row, Event.RECONCILED, Actor.DAEMON, result="in_doubt", error=summary
        )
        self._ws.journal.transition(
            row.action_id, {State.UNKNOWN}, None, entry, attempt=row.attempt, summary=summary
        )
        watch.over = True
        log.warning("action.in_doubt", action_id=row.action_id)
