"""Recurring jobs on the owner's wall clock: `core/schedule.py`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core.daemon import Bell
from core.jobs import jobs
from core.schedule import AGAIN_AFTER, TRIES, Job, Schedule, moments
from core.workspace import Workspace
from tests.unit.conftest import Answering
from utils.clock import FixedClock, wall_time

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY_7 = {"day_of_week": "mon", "hour": 7}
DAILY_9 = {"hour": 9}
DAY = timedelta(days=1)


@dataclass
class Work:
    """What a job does: it counts, and fails as often as it is told to."""

    failures: int = 0
    done: list[str] = field(default_factory=list)
    tries: int = 0

    def __call__(self) -> str:
        self.tries += 1
        if self.tries <= self.failures:
            raise OSError("the disk is full")
        self.done.append("made")
        return "a note"


Opens = Callable[..., Schedule]


@pytest.fixture
def opens(ws: Workspace) -> Opens:
    def make(work: Callable[[], str], when: dict[str, Any] | None = None, **more: Any) -> Schedule:
        job = Job("test.job", when or DAILY_9, work, more.pop("late", DAY), **more)
        return Schedule(ws, [job], Bell())

    return make


def look(schedule: Schedule) -> float | None:
    """Begin what is due and wait for it."""
    wanted_s = schedule.run_due()
    schedule.wait(10)
    assert not schedule.busy
    return wanted_s


def events(ws: Workspace) -> list[tuple[str, str]]:
    entries = [entry for day in ws.chronicle.days() for entry in ws.chronicle.entries(day)]
    return [(str(e["event"]), str(e["parameters"]["due"])) for e in entries]  # type: ignore[index]


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


def at(clock: FixedClock, local: str) -> None:
    """Set the wall clock."""
    then = datetime.fromisoformat(local).replace(tzinfo=clock.zone).astimezone(UTC)
    clock.advance((then - clock.at).total_seconds())


# -- when it runs ---------------------------------------------------------------------------------


def test_a_job_runs_at_its_moment_and_once(ws: Workspace, clock: FixedClock, opens: Opens) -> None:
    work = Work()
    schedule = opens(work)
    at(clock, "2026-11-21T08:00")
    assert look(schedule) == 3600
    clock.advance(3599)
    assert look(schedule) == 1
    assert not work.done
    clock.advance(1)
    look(schedule)
    assert look(schedule) == 24 * 3600
    assert work.done == ["made"]
    assert events(ws) == [("scheduled", "2026-11-21T09:00:00")]


def test_a_restart_does_not_run_it_again(clock: FixedClock, opens: Opens) -> None:
    work = Work()
    at(clock, "2026-11-21T08:00")
    look(opens(work))
    clock.advance(3600)
    look(opens(work))
    look(opens(work))
    assert work.done == ["made"]


def test_two_daemons_run_it_once(clock: FixedClock, opens: Opens) -> None:
    work = Work()
    at(clock, "2026-11-21T08:00")
    one, other = opens(work), opens(work)
    look(one)
    look(other)
    clock.advance(3600)
    look(one)
    look(other)
    assert work.done == ["made"]


def test_a_job_met_for_the_first_time_has_missed_nothing(
    ws: Workspace, clock: FixedClock, opens: Opens
) -> None:
    work = Work()
    at(clock, "2026-11-21T10:00")
    look(opens(work))
    assert not work.done
    assert events(ws) == []


def test_a_job_may_run_at_its_first_meeting(clock: FixedClock, opens: Opens) -> None:
    work = Work()
    look(opens(work, at_first=True))
    look(opens(work, at_first=True))
    assert work.done == ["made"]


def test_a_weekday_is_the_one_that_is_named() -> None:
    found = list(islice(moments(MONDAY_7, wall("2026-11-21T12:00")), 2))
    assert found == [wall("2026-11-23T07:00"), wall("2026-11-30T07:00")]


# -- missed runs ----------------------------------------------------------------------------------


def test_after_sleep_the_last_run_is_made_up_for_once_and_the_others_are_said(
    ws: Workspace, clock: FixedClock, opens: Opens
) -> None:
    work = Work()
    at(clock, "2026-11-21T08:00")
    schedule = opens(work)
    look(schedule)
    at(clock, "2026-11-23T11:00")
    look(schedule)
    look(schedule)
    assert work.done == ["made"]
    assert events(ws) == [
        ("missed", "2026-11-21T09:00:00"),
        ("missed", "2026-11-22T09:00:00"),
        ("scheduled", "2026-11-23T09:00:00"),
    ]


def test_what_comes_too_late_is_not_done_and_is_said(
    ws: Workspace, clock: FixedClock, opens: Opens
) -> None:
    work = Work()
    at(clock, "2026-11-21T08:00")
    look(opens(work, late=timedelta(hours=2)))
    at(clock, "2026-11-21T11:01")
    look(opens(work, late=timedelta(hours=2)))
    assert not work.done
    assert events(ws) == [("missed", "2026-11-21T09:00:00")]


def test_a_long_absence_is_not_counted_for_ever(
    ws: Workspace, clock: FixedClock, opens: Opens
) -> None:
    at(clock, "2026-01-01T08:00")
    look(opens(Work()))
    at(clock, "2026-11-21T10:00")
    look(opens(Work()))
    assert len(events(ws)) == 32


# -- failures -------------------------------------------------------------------------------------


def test_a_failed_run_is_tried_again_after_a_pause(
    ws: Workspace, clock: FixedClock, opens: Opens
) -> None:
    work = Work(failures=1)
    at(clock, "2026-11-21T08:00")
    schedule = opens(work)
    look(schedule)
    clock.advance(3600)
    look(schedule)
    assert look(schedule) == AGAIN_AFTER.total_seconds()
    assert work.tries == 1
    clock.advance(AGAIN_AFTER.total_seconds())
    look(schedule)
    assert work.done == ["made"]
    assert [event for event, _ in events(ws)] == ["warned", "scheduled"]


def test_a_run_that_never_works_is_given_up_and_said(
    ws: Workspace, clock: FixedClock, opens: Opens
) -> None:
    work = Work(failures=99)
    at(clock, "2026-11-21T08:00")
    schedule = opens(work)
    look(schedule)
    clock.advance(3600)
    for _ in range(TRIES + 2):
        look(schedule)
        clock.advance(AGAIN_AFTER.total_seconds())
    assert work.tries == TRIES
    assert [event for event, _ in events(ws)] == ["warned"] * (TRIES - 1) + ["missed"]
    assert "the disk is full" in str(ws.chronicle.entries("2026-11-21")[-1]["error"])


def test_a_run_that_its_daemon_did_not_survive_is_begun_again(
    ws: Workspace, clock: FixedClock, opens: Opens
) -> None:
    work = Work()
    at(clock, "2026-11-21T08:00")
    look(opens(work))
    clock.advance(3600)
    ws.journal.begin_run("test.job", wall_time(clock, clock.now()))  # and then the power went
    look(opens(work))
    assert work.done == ["made"]


def test_a_job_at_work_is_not_begun_beside_itself(clock: FixedClock, opens: Opens) -> None:
    go, begun = threading.Event(), []

    def slow() -> str:
        begun.append(clock.now())
        go.wait(10)
        return "late"

    at(clock, "2026-11-21T08:00")
    schedule = opens(slow)
    schedule.run_due()
    clock.advance(3600)
    schedule.run_due()
    clock.advance(24 * 3600)
    schedule.run_due()
    assert schedule.busy
    assert len(begun) == 1
    go.set()
    schedule.wait(10)
    look(schedule)
    assert len(begun) == 2


# -- summer time ----------------------------------------------------------------------------------


def test_an_hour_that_is_repeated_does_not_repeat_a_job(
    ws: Workspace, clock: FixedClock, opens: Opens
) -> None:
    clock.zone = BERLIN
    work = Work()
    clock.at = datetime(2026, 10, 24, 22, tzinfo=UTC)
    schedule = opens(work, {"hour": 2, "minute": 30})
    for _ in range(12):  # half an hour each: 00:00 to 05:00 with two hours from 2 to 3
        look(schedule)
        clock.advance(1800)
    assert events(ws) == [("scheduled", "2026-10-25T02:30:00")]


def test_an_hour_that_is_skipped_does_not_skip_a_job(
    ws: Workspace, clock: FixedClock, opens: Opens
) -> None:
    clock.zone = BERLIN
    clock.at = datetime(2026, 3, 28, 23, tzinfo=UTC)
    ran_at = []

    def work() -> str:
        ran_at.append(clock.now())
        return "x"

    schedule = opens(work, {"hour": 2, "minute": 30})
    for _ in range(12):
        look(schedule)
        clock.advance(1800)
    assert ran_at == [datetime(2026, 3, 29, 1, 30, tzinfo=UTC)]  # 03:30 on the wall
    assert events(ws) == [("scheduled", "2026-03-29T02:30:00")]


# -- the table ------------------------------------------------------------------------------------


def test_no_job_lies_in_the_hours_that_clocks_skip_or_repeat(ws: Workspace) -> None:
    for job in jobs(ws, Answering()):
        for due in islice(moments(job.when, wall("2026-01-01T00:00")), 400):
            assert not 1 <= due.hour < 3, job.name


def test_there_is_one_backup_a_night(ws: Workspace, clock: FixedClock) -> None:
    schedule = Schedule(ws, jobs(ws, Answering())[:1], Bell())
    look(schedule)
    clock.advance(3600)
    look(schedule)
    clock.advance(24 * 3600)
    look(schedule)
    backups = list((ws.paths.state / "backups").iterdir())
    assert len(backups) == 2
