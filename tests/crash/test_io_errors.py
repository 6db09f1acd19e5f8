"""Every durable write fails once: disk full, read-only, a database that cannot be written.

The daemon's round must live on or end loudly; once the disk is well again everything that was
wanted is done, once. A write that fails after it took effect (a sync that reports an error) is
drawn as well: the failing announcement is then the one after the effect.
"""

from __future__ import annotations

import errno
import itertools
import random
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import pytest

from core.actions import State
from core.daemon import Daemon
from core.vault import Folder
from tests.crash.deaths import cores, hours_pass, in_parallel
from tests.crash.enumeration import quiet_log
from tests.crash.ground import (
    Ground,
    TickingClock,
    clock_after,
    fast_folder,
    is_quiet,
    remove,
    running,
    settle,
)
from tests.crash.invariants import broken
from tests.crash.lives import approve_all
from tests.crash.sandbox_process import SandboxProcess
from tests.crash.wishes import INVOICE, POST, WISHES, Wish
from utils import durable
from utils.errors import AppError

SEED = 20261121
LASTING = 12
"""How many announcements in a row fail when a disk stays full for a while."""
MEASURED = tuple(itertools.product((INVOICE, POST), ("none", "lost_answer", "drop_before")))
NOT_REACHED = "not reached"
"""A life may take a round less the next time, and end before its failure."""


@dataclass(frozen=True)
class Failure:
    """Which announcement of a durable effect fails, from 0, and how many from it on."""

    kind: str
    fault: str
    point: int
    lasting: int

    @property
    def wish(self) -> Wish:
        return WISHES[self.kind]


@dataclass
class Tally:
    """What was announced while writes may fail, and what failed."""

    announced: int = 0
    failed: list[str] = field(default_factory=list)


@contextmanager
def failing(failure: Failure) -> Iterator[Tally]:
    """Let durable effects fail as the system lets them fail."""
    tally = Tally()

    def listener(phase: str, name: str) -> None:
        number = tally.announced
        tally.announced += 1
        if not failure.point <= number < failure.point + failure.lasting:
            return
        tally.failed.append(f"{phase} {name}")
        if name.startswith("journal."):
            raise sqlite3.OperationalError("disk I/O error")
        raise OSError(errno.ENOSPC, "No space left on device")

    with durable.listening(listener):
        yield tally


def rounds(daemon: Daemon, clock: TickingClock, count: int) -> None:
    """Do rounds as the daemon's loop does them: a failure is logged and costs a pause."""
    for _ in range(count):
        clock.advance(max(daemon._guarded_step(look=True), 0.01))


def lived(ground: Ground, clock: TickingClock, failure: Failure) -> tuple[Tally, list[str]]:
    """Let a note be adopted, approved and done in one daemon, while and after writes fail.

    Returns:
        What was announced, and what the daemon left lying long after the disk was well again.
    """
    pending = ground.vault / Folder.PENDING
    pending.mkdir(parents=True, exist_ok=True)
    (pending / "Mine.md").write_text(failure.wish.note)
    ground.mark("dropped")
    with ExitStack() as stack:
        tally = stack.enter_context(failing(failure))
        with running(ground, clock) as daemon:
            rounds(daemon, clock, 8)
            owner_approves(ground)
            rounds(daemon, clock, 14)
            stack.close()
            rounds(daemon, clock, 8)
            owner_approves(ground)
            rounds(daemon, clock, 30)
            return tally, stuck(ground)


def owner_approves(ground: Ground) -> None:
    """Move the proposal once, as soon as it is one."""
    if not ground.marked("moved") and is_registered(ground):
        approve_all(ground)
        ground.mark("moved")


def is_registered(ground: Ground) -> bool:
    ids = [
        note.word("action_id")
        for path, note in ground.notes()
        if path.parent.name == "Pending_Approval"
    ]
    return bool(ids) and all(ids)


def outcome(sandbox: SandboxProcess, failure: Failure) -> tuple[str, list[str]]:
    """Let a life meet a failure; return whether the daemon lived, and what does not hold."""
    sandbox.reset()
    if failure.fault != "none":
        sandbox.fault(failure.wish.service, failure.fault, match=failure.wish.kind, seconds=0.02)
    ground, clock = Ground(fast_folder("io"), sandbox.url), clock_after()
    try:
        tally, left = lived(ground, clock, failure)
        failed = tally.failed or [NOT_REACHED]
        ending, problems = (
            "lived" if tally.failed else NOT_REACHED,
            [f"stuck: {problem}" for problem in left],
        )
    except (OSError, sqlite3.Error, AppError) as error:
        ending, problems, failed = f"ended loudly ({type(error).__name__})", [], ["?"]
    hours_pass(ground)
    try:
        clock = clock_after(0.4)
        with running(ground, clock) as daemon:
            settle(daemon, clock)
            owner_approves(ground)
            settle(daemon, clock)
        problems += broken(ground, sandbox.effects())
        return ending, [f"{failure} {failed[0]} ({ending}): {problem}" for problem in problems]
    except Exception as error:
        return "failed", [f"{failure}: {type(error).__name__}: {error}"]
    finally:
        remove(ground.root)


def stuck(ground: Ground) -> list[str]:
    """Return the actions that the daemon which lived through a failure left lying."""
    ws = ground.open(clock_after(100))
    try:
        if is_quiet(ws):
            return []
        under_way = ws.journal.in_states(State.APPROVED, State.SENDING)
        return [f"{row.action_id} is {row.state}" for row in (*under_way, *ws.journal.unfiled())]
    finally:
        ws.journal.close()


def failures_of(sandbox: SandboxProcess, lives: Iterable[tuple[Wish, str]]) -> list[Failure]:
    """Return every failure that these lives can meet, after checking that they end well."""
    found = []
    for wish, fault in lives:
        sandbox.reset()
        if fault != "none":
            sandbox.fault(wish.service, fault, match=wish.kind, seconds=0.02)
        ground = Ground(fast_folder("io"), sandbox.url)
        try:
            tally, left = lived(ground, clock_after(), Failure(wish.kind, fault, -1, 0))
            assert not left
            problems = broken(ground, sandbox.effects())
            assert not problems, f"{wish.kind} {fault} without a failure: {problems}"
        finally:
            remove(ground.root)
        found += [
            Failure(wish.kind, fault, n, lasting)
            for n in range(tally.announced)
            for lasting in (1, LASTING)
        ]
    return found


def check(sample: int | None) -> None:
    for wish in (INVOICE, POST):
        __import__(f"mcp_servers.{wish.service}.client")
    workers = cores()
    sandboxes = [SandboxProcess() for _ in range(workers)]

    def measure(number: int) -> list[Failure]:
        quiet_log()
        return failures_of(sandboxes[number], MEASURED[number::workers])

    def work(number: int) -> list[tuple[str, list[str]]]:
        quiet_log()
        return [outcome(sandboxes[number], failure) for failure in chosen[number::workers]]

    try:
        failures = in_parallel(measure, workers)
        chosen = random.Random(SEED).sample(failures, sample or len(failures))
        results = in_parallel(work, workers)
    finally:
        for sandbox in sandboxes:
            sandbox.close()
    endings = Counter(ending for ending, _ in results)
    problems = [problem for _, some in results for problem in some]
    print(f"{len(results)} failing writes checked, {len(problems)} problems, {dict(endings)}")
    assert not problems, "\n".join(problems[:20])
    assert endings.pop(NOT_REACHED, 0) <= len(results) // 50, "too few have failed"
    assert endings["lived"] > len(results) / 2
    assert any(ending.startswith("ended loudly") for ending in endings)


def test_a_sample_of_all_failing_writes_breaks_nothing() -> None:
    check(160)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_failing_write_breaks_nothing() -> None:
    check(None)
