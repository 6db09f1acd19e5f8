"""Approved actions on their way: held back, handed to their server in order, taken in again.

Rules: what really acts goes one by one at each service, in the order in which it was to run; a
row still `approved` after a lost server was not sent, a row in `sending` is unknown; nothing here
waits.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from core import approvals, pacing, throttle
from core.actions import Mode, State
from core.desk import Flight
from core.endings import BACKOFF_S, MAX_ATTEMPTS
from core.records import TERMINAL
from utils.audit_log import Actor, Event
from utils.clock import show

if TYPE_CHECKING:
    from pathlib import Path

    from core.desk import Desk
    from core.endings import Endings
    from core.reconcile import Reconciler
    from core.records import Row
    from core.sources import CallResult

HELD_AGAIN_S = 2.0


class Calls:
    """Hands approved actions over and takes their answers in.

    Args:
        desk: shared with the executor.
        reconciler: reads back what is in doubt.
        endings: settles what has ended.
    """

    def __init__(self, desk: Desk, reconciler: Reconciler, endings: Endings) -> None:
        self.desk = desk
        self.ws = desk.ws
        self._reconciler = reconciler
        self._endings = endings
        self._line: list[tuple[Row, Path]] = []
        self._lost: dict[str, int] = {}

    # -- out ----------------------------------------------------------------------------------

    def line_up(self, row: Row, path: Path) -> None:
        """Put an approved action in line; `path` is where its note lies."""
        if row.action_id not in self.desk.flights:
            self._line.append((row, path))

    def forget_line(self) -> None:
        """Begin a line anew, because the notes are looked at again."""
        self._line = []

    def hand_over(self) -> None:
        """Hand over what is in line, unless something holds it back or another goes first."""
        line, self._line = sorted(self._line, key=lambda each: _order(each[0])), []
        for row, path in line:
            if row.mode.acts and row.service in self.desk.services_acting:
                self._line.append((row, path))
            elif not self._is_held_back(row):
                self._call(row, path)

    def _call(self, row: Row, path: Path) -> None:
        arguments = {
            **row.payload,
            "dry_run": not row.mode.acts,
            "approval_id": row.action_id,
        }
        future = self.desk.runner.call(row.service, row.kind.split(".")[1], arguments)
        self.desk.flights[row.action_id] = Flight(future, path, row.kind, row.mode.acts)
        future.add_done_callback(lambda _: self.desk.bell.answer())

    def _is_held_back(self, row: Row) -> bool:
        """Return whether an action cannot run now; what time will free asks for another look."""
        now = self.ws.clock.now()
        if row.retry_at is not None and row.retry_at > now:
            self.desk.wake_in((row.retry_at - now).total_seconds())
            return True
        if row.grant_until is not None and row.grant_until <= now:
            self._too_late(row)
            return True
        return (row.mode.acts and self._is_put_off(row)) or self._has_other_server(row)

    def _is_put_off(self, row: Row) -> bool:
        now = self.ws.clock.now()
        if self.ws.vault.paused:
            self.desk.warn_once("PAUSE.md", "Nothing is sent while PAUSE.md lies in the vault.")
            return True
        pause = throttle.pauses(self.ws).get(row.service)
        if pause is not None and pause.until > now:
            self.desk.wake_in((pause.until - now).total_seconds())
            return True
        found = pacing.free_at(self.ws, row, [f.kind for f in self.desk.flights.values()])
        if found is not None:
            free_at, why = found
            self.desk.warn_once(row.kind, why)
            self.desk.wake_in((free_at - now).total_seconds())
        return found is not None

    def _has_other_server(self, row: Row) -> bool:
        if not self.desk.runner.is_held(row.service):
            return False
        said = "An earlier server process is still running; waiting for it to end."
        self.desk.warn_once(row.service, said)
        self.desk.wake_in(HELD_AGAIN_S)
        return True

    def _too_late(self, row: Row) -> None:
        """End an action whose grant is over; a time that was missed is said as such."""
        if row.due_at is None:
            self._endings.refuse(row, "The approval is more than 24 hours old.")
            return
        when = show(self.ws.clock, row.due_at).replace("T", " at ")
        said = f"It was to go out on {when} and could not; by now it is too late for that."
        missed = approvals.base_entry(row, Event.MISSED, Actor.DAEMON, error=said)
        with self.ws.journal.together():  # it is missed once
            self.ws.journal.record(missed)
            self._endings.refuse(row, said)

    # -- in -----------------------------------------------------------------------------------

    def collect(self) -> None:
        """Take in and file the calls that have ended, and hand over the next; no look around."""
        for action_id, flight in list(self.desk.flights.items()):
            if flight.future.done():
                del self.desk.flights[action_id]
                self._ended(action_id, flight)
        self.hand_over()

    def _ended(self, action_id: str, flight: Flight) -> None:
        row = self.ws.journal.get(action_id)
        if row is None:
            return
        result = flight.future.result()
        if row.state is State.SENDING:
            self._reconciler.doubt(row, result.error or "The server ended during the call.")
        elif row.state is State.APPROVED:
            self._not_taken(row, result)
        now = self.ws.journal.get(action_id)
        if now is None:
            return
        if now.mode.acts and now.state in {State.DONE, State.REFUSED} and now.attempt:
            throttle.lift(self.ws, now.service)
        if now.state in TERMINAL and now.filed_at is None:
            self._endings.file(now, flight.path)

    def _not_taken(self, row: Row, result: CallResult) -> None:
        """Deal with a call after which the grant is still there: nothing was sent."""
        if not result.answered:
            self._server_lost(row, result.error or "the server was lost")
        elif result.status == "dry_run" and row.mode is Mode.DRY_RUN:
            self._endings.finish(
                row,
                State.DRY_RUN_COMPLETED,
                result="dry_run_completed",
                request=result.data.get("request"),
                summary=" ".join(["Dry run: nothing was sent.", *_words(result, "reasons")]),
            )
            self._lost.pop(row.action_id, None)
        else:
            self._endings.refuse(row, "; ".join(_words(result, "reasons") or ["no reason given"]))

    def _server_lost(self, row: Row, reason: str) -> None:
        count = self._lost.get(row.action_id, 0) + 1
        self._lost[row.action_id] = count
        if count >= MAX_ATTEMPTS:
            self._endings.finish(
                row,
                State.NOT_SENT,
                result="not_sent",
                summary=f"The server could not be used {count} times: {reason}",
                error_class="ServerLost",
            )
            return
        at = self.ws.clock.now() + timedelta(seconds=BACKOFF_S[count - 1] / 4)
        self.ws.journal.transition(row.action_id, {State.APPROVED}, None, retry_at=at)
        self.desk.warn_once(row.service, f"The server was lost: {reason}", action_id=row.action_id)
        self.desk.wake_in(BACKOFF_S[count - 1] / 4)


def _order(row: Row) -> tuple[object, ...]:
    """Return the place in line: by the time it was to run, then by its number."""
    return row.due_at or row.approved_at or row.created_at, row.action_id


def _words(result: CallResult, name: str) -> list[str]:
    return [str(word) for word in result.data.get(name) or ()]
