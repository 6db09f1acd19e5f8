"""The daemon's loop: wait for the bell, do what is ready, show that it lives.

Rules: it waits on an event and never polls; every round is idempotent; watch first, then recover,
then say `ready`; progress, not liveness, is what it reports.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from core import backup
from core.actions import Mode
from core.activity import Activity
from core.dashboard import Dashboard
from core.executor import Executor
from core.handbook import HANDBOOK
from core.journal_file import backups_folder, damaged
from core.plans import Plans
from core.presence import HEARTBEAT, SERVICES
from core.records import Entry
from core.schedule import Schedule
from utils import files
from utils.audit_log import Actor, Event
from utils.clock import iso, local_day
from utils.errors import JournalError, UsageError
from utils.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from core.schedule import Job
    from core.sources import Runner
    from core.workspace import Workspace

log = get_logger()
BURST_PAUSE_S = 0.05
"""While calls are under way our own filing makes events; listing more often only costs time."""
STOP_WAIT_S = 4.0
FAILED_PAUSE_S = 2.0
ONCE_WAIT_S = 60.0
"""`--once` waits for what is due within this time, not for a planned publication."""
ONCE_LOOK_S = 1.0
TEMPORARY_AGE = timedelta(minutes=1)
"""A younger temporary file may belong to a server that is writing it just now."""


class Watch(Protocol):
    """Something that rings the bell and may have to be set anew."""

    def start(self) -> None:
        """Begin to watch."""

    def check(self) -> None:
        """Set watches anew where a folder was renamed, deleted or made again."""

    def stop(self) -> None:
        """End watching."""


class Bell:
    """Wakes the loop; says whether a look around is wanted or only answers have come."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._look = False

    def ring(self) -> None:
        """Ask for a look around."""
        self._look = True
        self._event.set()

    def answer(self) -> None:
        """Tell that an answer has come."""
        self._event.set()

    def wait(self, timeout_s: float | None) -> bool:
        """Wait for a ring; return whether a look around is wanted."""
        rang = self._event.wait(timeout_s)
        self._event.clear()
        look, self._look = self._look, False
        return look or not rang


class Daemon:
    """One vault's daemon.

    Args:
        ws: the vault and its records.
        runner: calls the servers.
        jobs: what recurs.
    """

    def __init__(self, ws: Workspace, runner: Runner, jobs: Sequence[Job] = ()) -> None:
        self.ws = ws
        self.bell = Bell()
        self.executor = Executor(ws, runner, self.bell)
        self.schedule = Schedule(ws, jobs, self.bell)
        self._stopping = threading.Event()
        desk = self.executor.desk
        self._pages = (Plans(ws, desk), Activity(ws, desk), Dashboard(ws, desk))
        self.watches: Sequence[Watch] = ()
        self._began = False
        self._full_at = 0.0
        self._look_at = 0.0
        self._work_in_s: float | None = None  # not counting the pages' own wish

    # -- life ---------------------------------------------------------------------------------

    def start(self) -> None:
        """Recover what an ended daemon left behind; doing it twice is doing it once.

        Raises:
            JournalError: the log and the journal do not belong together.
            UsageError: the sandbox would run in a vault that has real actions.
        """
        self._check_mode()
        self.ws.vault.prepare()
        self._tidy_up()
        self._check_log()
        policy = self.ws.policy()
        self.executor.recover()
        self.ws.journal.remember(SERVICES, self.ws.service_modes())
        warnings = [Entry(Event.WARNED, Actor.DAEMON, target=HANDBOOK, error=policy.problem)]
        self.ws.chronicle.record(
            Entry(
                Event.STARTED,
                Actor.DAEMON,
                target=self.ws.paths.vault.name,
                policy_hash=policy.hash,
            ),
            *(warnings if policy.problem else []),
        )

    def _tidy_up(self) -> None:
        """Remove what ended processes left half-written wherever we write files."""
        vault, paths, now = self.ws.vault, self.ws.paths, self.ws.clock.now()
        kept = (path for path in vault.root.iterdir() if path.is_dir() and not path.is_symlink())
        month = vault.completed_folder(local_day(self.ws.clock, now).strftime("%Y-%m"))
        others = (vault.root, month, paths.logs, paths.state, backups_folder(paths.journal))
        for folder in (*kept, *others):
            files.remove_stale_temporaries(folder, before=now - TEMPORARY_AGE)

    def _check_mode(self) -> None:
        sandbox = self.ws.settings.flag("AI_EMPLOYEE_SANDBOX")
        if sandbox and self.ws.journal.has_mode(Mode.DRY_RUN, Mode.LIVE):
            raise UsageError(
                "This vault already has actions outside the sandbox, and they must not be mixed "
                "with practice. Use another vault: --vault ./practice/AI_Employee"
            )
        if not sandbox and self.ws.journal.has_mode(Mode.SANDBOX):
            raise UsageError(
                "This vault belongs to the sandbox. Start it with --sandbox, or use another vault "
                "for real work."
            )

    def _check_log(self) -> None:
        """Make sure that log and journal tell the same story before anything is sent."""
        chronicle = self.ws.chronicle
        boot = boot_id()
        if chronicle.is_cut():
            known = self.ws.journal.recall("boot")
            if not boot or known == boot:
                raise JournalError(
                    "The daily log ends before the last entry that the journal knows: somebody cut "
                    "it, or it was restored from an older copy. Nothing is sent. Put the log back; "
                    "`bin/run verify-log` says where it ends."
                )
            lost = chronicle.recover_cut_tail()
            log.warning("log.recovered", entries=lost)
        backup.take_in_later_log(self.ws)
        self.ws.journal.remember("boot", boot)

    def stop(self) -> None:
        """Ask the loop to end; may be called from a signal handler."""
        self._stopping.set()
        self.bell.ring()

    def run(self) -> None:
        """Work until `stop` is called."""
        wait_s: float | None = 0.0
        while not self._stopping.is_set():
            look = self.bell.wait(wait_s)
            if self._stopping.is_set():
                break
            wait_s = self._guarded_step(look=look)
        self._wind_down()

    def _guarded_step(self, *, look: bool) -> float:
        """Do one round; a failure nobody foresaw is logged and costs a pause, not the daemon.

        Raises:
            JournalError: the journal can no longer be trusted, so nothing may go on.
        """
        try:
            return self.step(look=look)
        except sqlite3.OperationalError as error:  # busy or full: the next round tries again
            log.exception("round.failed", reason=str(error))
        except sqlite3.DatabaseError as error:
            raise damaged(self.ws.paths.journal, error) from error
        except JournalError:
            raise
        except Exception as error:
            log.exception("round.failed", reason=str(error))
        self._full_at = 0.0
        return FAILED_PAUSE_S

    def run_once(self, sweep: Callable[[], float | None]) -> None:
        """Handle everything that is ready, waits included, and return.

        Args:
            sweep: takes what was dropped; returns the seconds until it wants to be called again.
        """
        while not self._stopping.is_set():
            sweep_s = sweep()
            self.step(look=True, full=True)
            wanted_s = self._work_in_s
            waits = [s for s in (sweep_s, wanted_s) if s is not None and s <= ONCE_WAIT_S]
            at_work = self.executor.busy or self.schedule.busy
            if not waits and not at_work and not self.executor.reconciler.has_open():
                break
            self.bell.wait(min([*waits, ONCE_LOOK_S]))
        self._wind_down()

    # -- one round ----------------------------------------------------------------------------

    def step(self, *, look: bool, full: bool = False) -> float:
        """Do one round; return the seconds to wait for the next one.

        Args:
            look: whether something may have moved; else only answers are taken in.
            full: whether everything is looked at, whatever the time.
        """
        now = self.ws.clock.monotonic()
        full = full or now >= self._full_at
        in_burst = self.executor.busy and now < self._look_at
        if not full and (not look or in_burst):
            self.executor.collect()
            self.ws.chronicle.flush()
            if look:
                self.executor.desk.wake_in(self._look_at - now)
        else:
            if full:
                self._full_at = now + self.ws.settings.seconds("RESCAN_S")
                self._housekeeping()
            self._work_in_s = self.executor.run_ready(full=full)
            self._look_at = self.ws.clock.monotonic() + BURST_PAUSE_S
            for page in self._pages:
                page.refresh()
        until_full_s = max(0.0, self._full_at - self.ws.clock.monotonic())
        planned_in_s = self.schedule.run_due() if self._began else None
        self._began = True  # a job at work must not keep the owner waiting for `ready`
        wishes = (self.executor.desk.wanted_in_s, planned_in_s)
        return min([until_full_s, *(wanted_s for wanted_s in wishes if wanted_s is not None)])

    def _housekeeping(self) -> None:
        self.ws.journal.remember(HEARTBEAT, iso(self.ws.clock.now()))
        for watch in self.watches:
            watch.check()

    def _wind_down(self) -> None:
        """Give calls under way a little time, then leave; what is unfinished is read back later."""
        deadline = self.ws.clock.monotonic() + STOP_WAIT_S
        while self.executor.busy and self.ws.clock.monotonic() < deadline:
            self.bell.wait(0.1)
            self.executor.collect()
        self.schedule.wait(max(0.0, deadline - self.ws.clock.monotonic()))
        for page in self._pages:
            page.refresh(stopping=True)
        self.ws.chronicle.record(
            Entry(Event.STOPPED, Actor.DAEMON, target=self.ws.paths.vault.name)
        )


def boot_id() -> str:
    """Return an id of this machine's present boot, "" where the system has none."""
    with suppress(OSError), open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:  # noqa: PTH123 - a kernel file
        return file.read().strip()
    return ""
