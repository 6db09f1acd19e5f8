"""Recurring jobs: each planned moment runs once, and a missed one is made up for or said.

Rules: moments are planned on the owner's wall clock and keyed by it, so that a change of summer
time neither repeats nor skips one; after sleep or an outage the last missed run is made up for
once, if it is not too late, and every missed one is in the log; a job works in a thread of its own
and its failure is tried again, then said. The daemon's own loop is the clock that ticks: it wakes
at the next moment, and looks again at the wall clock after sleep.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from core.records import Entry
from utils.audit_log import Actor, Event
from utils.clock import from_local, wall_time
from utils.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from core.runs import Run
    from core.sources import Bell
    from core.workspace import Workspace

log = get_logger()
TRIES = 3
AGAIN_AFTER = timedelta(minutes=5)
LOOK_BACK = timedelta(days=32)
"""Runs missed longer ago are counted no more."""


@dataclass(frozen=True)
class Job:
    """Something that is done again and again.

    Args:
        name: `topic.verb`, as the log shows it.
        when: fields of a cron trigger on the owner's wall clock, e.g. `{"day_of_week": "mon",
            "hour": 7}`; smaller fields left out mean 0, larger ones "every". Weekdays as words: a
            number means another day there than in crontab.
        run: does it, in a thread of its own, and returns what it made, for the log; doing it twice
            must do no harm.
        late: how long after its moment it is still made up for.
        at_first: whether it runs when the program meets it for the first time.
    """

    name: str
    when: Mapping[str, str | int]
    run: Callable[[], str]
    late: timedelta
    at_first: bool = False


class Schedule:
    """Runs the jobs of one vault.

    Args:
        ws: the vault and its records.
        jobs: what recurs.
        bell: rung when a job is over.
    """

    def __init__(self, ws: Workspace, jobs: Sequence[Job], bell: Bell) -> None:
        self._ws = ws
        self._jobs = {job.name: job for job in jobs}
        self._bell = bell
        self._working: dict[str, threading.Thread] = {}
        self._begun: set[tuple[str, datetime]] = set()
        self._next_at: dict[str, datetime] = {}

    @property
    def busy(self) -> bool:
        """Return whether a job is at work."""
        return bool(self._working)

    def run_due(self) -> float | None:
        """Begin every job whose moment has come.

        Returns:
            Seconds until the next moment, None when nothing is planned.
        """
        now = self._ws.clock.now()
        for job in self._jobs.values():
            if self._next_at.get(job.name, now) <= now:
                self._look_at(job, now)
        if not self._next_at:
            return None
        return max(0.0, (min(self._next_at.values()) - now).total_seconds())

    def wait(self, timeout_s: float) -> None:
        """Wait for the jobs at work; one that takes longer is begun again by the next daemon."""
        deadline = self._ws.clock.monotonic() + timeout_s
        for thread in list(self._working.values()):
            thread.join(max(0.0, deadline - self._ws.clock.monotonic()))

    def _look_at(self, job: Job, now: datetime) -> None:
        self._next_at.pop(job.name, None)
        if job.name in self._working:  # it rings when it is over
            return
        last = self._ws.journal.last_run(job.name)
        if last is None:
            self._meet(job, now)
        else:
            planned = [*self._open(job, last, now), *self._since(job, last.due, now)]
            for due in planned[:-1]:
                self._miss(job, due, "no run took place")
            for due in planned[-1:]:
                self._begin_or_miss(job, due, now)
        self._plan(job, now)

    def _meet(self, job: Job, now: datetime) -> None:
        """Plan from now on: what lies before the program's first day was not missed."""
        due = wall_time(self._ws.clock, now)
        if job.at_first:
            self._begin(job, due)
        else:
            self._ws.journal.end_run(job.name, due)

    def _open(self, job: Job, last: Run, now: datetime) -> list[datetime]:
        """Return the last run if it is to be tried (again) now."""
        if last.ended_at is not None:
            return []
        cut_off = (job.name, last.due) not in self._begun  # its daemon ended with it
        return [last.due] if cut_off or last.began_at + AGAIN_AFTER <= now else []

    def _since(self, job: Job, after: datetime, now: datetime) -> Iterator[datetime]:
        """Yield the planned moments after one, up to now."""
        soonest = wall_time(self._ws.clock, now - LOOK_BACK)
        for due in moments(job.when, max(after, soonest)):
            if self._instant(due) > now:
                return
            yield due

    def _instant(self, due: datetime) -> datetime:
        return from_local(self._ws.clock, due.isoformat())

    def _plan(self, job: Job, now: datetime) -> None:
        """Note when to look at a job again."""
        last = self._ws.journal.last_run(job.name)
        after = last.due if last else wall_time(self._ws.clock, now)
        following = next(moments(job.when, after), None)
        wanted = [self._instant(following)] if following else []
        if last is not None and last.ended_at is None:
            wanted.append(last.began_at + AGAIN_AFTER)
        if wanted:
            self._next_at[job.name] = max(min(wanted), now + timedelta(milliseconds=1))

    def _begin_or_miss(self, job: Job, due: datetime, now: datetime) -> None:
        late = now - self._instant(due)
        if late > job.late:
            self._miss(job, due, f"it was {late} late; at most {job.late} are made up for")
        else:
            self._begin(job, due)

    def _begin(self, job: Job, due: datetime) -> None:
        tries = self._ws.journal.begin_run(job.name, due)
        if tries is None:
            return
        if tries > TRIES:
            self._miss(job, due, f"it did not end in {TRIES} tries")
            return
        self._begun.add((job.name, due))
        thread = threading.Thread(
            target=self._work, args=(job, due, tries), name=job.name, daemon=True
        )
        self._working[job.name] = thread
        thread.start()

    def _work(self, job: Job, due: datetime, tries: int) -> None:
        try:
            self._try(job, due, tries)
        except Exception:  # the records fail: the run stays open, and is begun again later
            log.exception("job.unrecorded", job=job.name)
        finally:
            del self._working[job.name]
            self._bell.answer()

    def _try(self, job: Job, due: datetime, tries: int) -> None:
        planned = {"due": due.isoformat(), "tries": tries}
        base = Entry(Event.SCHEDULED, Actor.SCHEDULE, action=job.name, parameters=planned)
        try:
            made = job.run()
        except Exception as error:  # whatever a job does, the others and the daemon go on
            said, again = f"{type(error).__name__}: {error}", tries < TRIES
            log.exception("job.failed", job=job.name, tries=tries)
            event = Event.WARNED if again else Event.MISSED
            entry = replace(base, event=event, result="failed", error=said)
            self._ws.journal.end_run(job.name, due, entry, error=said, again=again)
        else:
            entry = replace(base, target=made, result="completed")
            self._ws.journal.end_run(job.name, due, entry)
            log.info("job.done", job=job.name)
        self._ws.chronicle.flush()

    def _miss(self, job: Job, due: datetime, why: str) -> None:
        entry = Entry(
            Event.MISSED,
            Actor.SCHEDULE,
            action=job.name,
            parameters={"due": due.isoformat()},
            error=why,
        )
        self._ws.journal.end_run(job.name, due, entry, error=why)
        self._ws.chronicle.flush()
        log.warning("job.missed", job=job.name, due=due.isoformat(), why=why)


def moments(when: Mapping[str, str | int], after: datetime) -> Iterator[datetime]:
    """Yield the planned wall-clock moments after one, without a zone.

    The trigger counts on a calendar without summer time; a moment becomes an instant by the one
    rule of `utils.clock.from_local`. (With a zone that has it, APScheduler 3.11.3 fires twice in
    the hour that is repeated; measured.)
    """
    from apscheduler.triggers.cron import CronTrigger

    trigger = CronTrigger(timezone=UTC, **when)
    at = after.replace(tzinfo=UTC)
    while True:
        found = trigger.get_next_fire_time(None, at + timedelta(microseconds=1))
        if found is None:
            return
        yield found.replace(tzinfo=None)
        at = found
