"""Which run of which recurring job was begun and how it ended: each planned moment once.

Rule: a run is known by its job and its planned wall-clock moment, so that neither a second daemon,
a restart nor an hour that the clock repeats runs it twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from core.story import Story
from utils.clock import from_iso, iso

if TYPE_CHECKING:
    from core.records import Entry


@dataclass(frozen=True)
class Run:
    """One run of a job.

    Args:
        job: the job's name.
        due: when it was planned, on the owner's wall clock, without a zone.
        began_at: when its last try began, aware UTC.
        tries: how often it was begun.
        ended_at: when it was over, None while it is not.
        error: why it failed, None when it did not.
    """

    job: str
    due: datetime
    began_at: datetime
    tries: int
    ended_at: datetime | None
    error: str | None


class Runs(Story):
    """The last-run record of the schedule."""

    def last_run(self, job: str) -> Run | None:
        """Return the run of a job that was planned last, None when it never had one."""
        with self._lock:
            row = self._light.execute(
                "SELECT job, due, began_at, tries, ended_at, error FROM runs"
                " WHERE job = ? ORDER BY due DESC LIMIT 1",
                (job,),
            ).fetchone()
        if row is None:
            return None
        ended_at = from_iso(row[4]) if row[4] else None
        due = datetime.fromisoformat(row[1])
        return Run(row[0], due, from_iso(row[2]), row[3], ended_at, row[5])

    def begin_run(self, job: str, due: datetime) -> int | None:
        """Take the right to a run; return the number of the try, None when the run is over."""
        now = iso(self._clock.now())
        with self._transaction(self._synced) as connection:
            taken = connection.execute(
                "INSERT INTO runs(job, due, began_at, tries) VALUES (?, ?, ?, 1)"
                " ON CONFLICT(job, due) DO UPDATE"
                " SET tries = tries + 1, began_at = excluded.began_at, error = NULL"
                " WHERE ended_at IS NULL RETURNING tries",
                (job, due.isoformat(), now),
            ).fetchone()
        return None if taken is None else int(taken[0])

    def end_run(
        self,
        job: str,
        due: datetime,
        *entries: Entry,
        error: str | None = None,
        again: bool = False,
    ) -> None:
        """Record how a run ended, with its lines of the story; one that never began counts too.

        Args:
            job: its name.
            due: its planned moment.
            entries: lines of the story.
            error: why it failed.
            again: whether it is tried once more.
        """
        now = iso(self._clock.now())
        with self._transaction(self._synced) as connection:
            connection.execute(
                "INSERT INTO runs(job, due, began_at, tries, ended_at, error)"
                " VALUES (?, ?, ?, 0, ?, ?) ON CONFLICT(job, due) DO UPDATE"
                " SET ended_at = excluded.ended_at, error = excluded.error",
                (job, due.isoformat(), now, None if again else now, error),
            )
            self._tell(connection, entries)
