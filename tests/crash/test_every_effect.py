"""The program dies before and after every durable effect, under every fault of the service.

One life (propose or adopt, approve, call through the gate, file) is run once to number its effects;
then, for each number, phase, fault, service and way in, a forked child lives it and dies there, and
a new daemon takes over. `bin/test` checks a sample drawn by a fixed seed, `-m slow` every state.
The invariants are those of `facts/guarantees.md` B3; see `broken` in `support_crash`.
"""

from __future__ import annotations

import logging
import os
import random
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import structlog

from core import approvals
from core.actions import State
from mcp_servers.fakes import FaultMode
from tests.crash.support_crash import (
    DIED,
    INVOICE,
    POST,
    WISHES,
    Ground,
    SandboxProcess,
    Wish,
    announced,
    broken,
    clock_after,
    cores,
    dying_at,
    fast_folder,
    hours_pass,
    in_child,
    in_parallel,
    live,
    remove,
    running,
    settle,
    snapshot,
)
from utils import durable
from utils.audit_log import Actor, Event

SEED = 20261121
FAULTS = ("none", *(str(mode) for mode in FaultMode))
WAYS = ("propose", "adopt")
TINY_S = 0.02


@dataclass(frozen=True)
class Life:
    """What is wanted, how it comes in, and what goes wrong at the service."""

    kind: str
    how: str
    fault: str

    @property
    def wish(self) -> Wish:
        return WISHES[self.kind]


@dataclass(frozen=True)
class Death:
    """At which announcement a life ends, and the life that takes over (None: it does not)."""

    life: Life
    point: int
    again: int | None = None


LIVES = tuple(Life(kind, how, fault) for kind in WISHES for how in WAYS for fault in FAULTS)


def quiet_log() -> None:
    level = structlog.make_filtering_bound_logger(logging.CRITICAL)
    structlog.configure(wrapper_class=level, cache_logger_on_first_use=False)


def prepared(sandbox: SandboxProcess, life: Life) -> Ground:
    sandbox.reset()
    if life.fault != "none":
        sandbox.fault(life.wish.service, life.fault, match=life.kind, seconds=TINY_S)
    return Ground(fast_folder("crash"), sandbox.url)


def points_in(sandbox: SandboxProcess, life: Life) -> int:
    """Return how many announcements a whole life has, after checking that it ends well."""
    ground = prepared(sandbox, life)
    try:
        seen = announced(lambda: live(ground, life.wish, life.how, clock_after()))
        problems = broken(ground, sandbox.effects())
        assert not problems, f"{life} without a crash: {problems}"
        return len(seen)
    finally:
        remove(ground.root)


def survived(sandbox: SandboxProcess, death: Death) -> tuple[str, list[str]]:
    """Let one life die, another take over; return how it ended and what does not hold."""
    life, ground = death.life, prepared(sandbox, death.life)

    def dies() -> None:
        quiet_log()
        with dying_at(death.point):
            live(ground, life.wish, life.how, clock_after())

    def dies_again() -> None:
        assert death.again is not None
        with dying_at(death.again):
            live(ground, life.wish, life.how, clock_after(0.2))

    try:
        code = in_child(dies)
        if code != DIED:
            return "lived", [f"{death}: the child ended with {code}"]
        hours_pass(ground)
        if death.again is not None:
            if in_child(dies_again) not in {0, DIED}:
                return "failed", [f"{death}: the second child failed"]
            hours_pass(ground)
        live(ground, life.wish, life.how, clock_after(0.4))
        problems = broken(ground, sandbox.effects())
        before = snapshot(ground, sandbox.effects())
        live(ground, life.wish, life.how, clock_after(0.6))
        after = snapshot(ground, sandbox.effects())
        problems += [f"I6 a second recovery changed {k}" for k in before if before[k] != after[k]]
        problems += broken(ground, sandbox.effects())
        rows = before["rows"]
        assert isinstance(rows, dict)
        ended = "+".join(sorted({str(row.state) for row in rows.values()}))
        return ended, [f"{death}: {problem}" for problem in problems]
    except Exception as error:
        return "failed", [f"{death}: {type(error).__name__}: {error}"]
    finally:
        remove(ground.root)


def all_deaths(sandbox: SandboxProcess, lives: tuple[Life, ...]) -> list[Death]:
    return [Death(life, point) for life in lives for point in range(points_in(sandbox, life))]


def doubled(deaths: list[Death], draw: random.Random, count: int) -> list[Death]:
    """Return deaths after which the taking-over life dies as well."""
    return [Death(d.life, d.point, draw.randrange(90)) for d in draw.choices(deaths, k=count)]


def check(choose: Callable[[list[Death], random.Random], list[Death]]) -> None:
    """Check the chosen deaths on every core; each worker has a sandbox of its own."""
    for wish in WISHES.values():  # the libraries are loaded once, here, and not in every child
        __import__(f"mcp_servers.{wish.service}.client")
    workers = cores()
    sandboxes = [SandboxProcess() for _ in range(workers)]

    def work(number: int) -> list[tuple[str, str, list[str]]]:
        quiet_log()
        sandbox = sandboxes[number]
        chosen = choose(all_deaths(sandbox, LIVES), random.Random(SEED))
        mine = chosen[number::workers]
        return [(death.life.fault, *survived(sandbox, death)) for death in mine]

    try:
        results = in_parallel(work, workers)
    finally:
        for sandbox in sandboxes:
            sandbox.close()
    endings = Counter(ended for _, ended, _ in results)
    problems = [problem for _, _, some in results for problem in some]
    print(f"{len(results)} crash states checked, {len(problems)} problems, endings {dict(endings)}")
    assert not problems, "\n".join(problems[:20])
    assert {"done", "unknown", "not_sent", "refused"} <= set(endings), "the sample is too small"


def test_a_sample_of_all_deaths_breaks_nothing() -> None:
    def choose(deaths: list[Death], draw: random.Random) -> list[Death]:
        plain = {
            ("odoo.create_invoice", "propose", "none"),
            ("twitter.create_post", "adopt", "none"),
        }
        always = [d for d in deaths if (d.life.kind, d.life.how, d.life.fault) in plain]
        others = [d for d in deaths if d not in set(always)]
        return always + draw.sample(others, 130) + doubled(deaths, draw, 50)

    check(choose)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_every_death_breaks_nothing() -> None:
    check(lambda deaths, draw: deaths + doubled(deaths, draw, 1000))


@pytest.mark.parametrize("early", [True, False], ids=["before-recovery", "during-recovery"])
@pytest.mark.parametrize("wish", [INVOICE, POST], ids=lambda wish: wish.service)
def test_a_service_that_acts_after_our_death_is_found(wish: Wish, early: bool) -> None:
    with SandboxProcess() as sandbox:
        life = Life(wish.kind, "propose", "slow")
        ground = prepared(sandbox, Life(wish.kind, "propose", "none"))
        sandbox.fault(wish.service, "slow", match=wish.kind, seconds=0.6)

        def dies_while_the_service_works() -> None:
            def listener(phase: str, name: str) -> None:
                if (phase, name) == ("after", "journal.commit") and is_sending(ground):
                    signal.signal(signal.SIGALRM, signal.SIG_DFL)
                    signal.setitimer(signal.ITIMER_REAL, 0.3)

            with durable.listening(listener):
                live(ground, life.wish, life.how, clock_after())

        try:
            assert in_child(dies_while_the_service_works) == -signal.SIGALRM
            assert not sandbox.effects()
            if early:
                wait_for_effect(sandbox)
            clock = clock_after(0.2)
            with running(ground, clock) as daemon:
                daemon.step(look=True, full=True)
                wait_for_effect(sandbox)
                settle(daemon, clock)
                states = [row.state for row in daemon.ws.journal.in_states(*State)]
            assert states == [State.DONE]
            assert broken(ground, sandbox.effects()) == []
        finally:
            remove(ground.root)


def test_a_server_that_outlives_its_daemon_may_still_tell_the_outcome() -> None:
    with SandboxProcess() as sandbox:
        ground = prepared(sandbox, Life(INVOICE.kind, "propose", "none"))

        def dies_with_the_grant_taken() -> None:
            def listener(phase: str, name: str) -> None:
                if (phase, name) == ("after", "journal.commit") and is_sending(ground):
                    os._exit(DIED)

            with durable.listening(listener):
                live(ground, INVOICE, "propose", clock_after())

        try:
            assert in_child(dies_with_the_grant_taken) == DIED
            clock = clock_after(0.2)
            with running(ground, clock, held={"odoo"}) as daemon:
                for _ in range(4):
                    clock.advance(daemon.step(look=True, full=True))
                (row,) = daemon.ws.journal.in_states(State.SENDING)
                told = approvals.base_entry(row, Event.OUTCOME, Actor.DAEMON, result="done")
                ended = daemon.ws.journal.transition(
                    row.action_id, {State.SENDING}, State.DONE, told, finished_at=clock.now()
                )
                assert ended, "the old server found its call doubted already"
                settle(daemon, clock)
                story = [t.fields for t in daemon.ws.journal.story(row.action_id)]
            assert [t["result"] for t in story if t["event"] == "outcome"] == ["done"]
            assert [path.parent.parent.name for path in ground.where(row.action_id)] == [
                "Completed"
            ]
        finally:
            remove(ground.root)


def is_sending(ground: Ground) -> bool:
    with sqlite3.connect(ground.root / "Vault" / "State" / "journal.sqlite") as connection:
        found = connection.execute("SELECT 1 FROM actions WHERE state = 'sending'").fetchone()
    connection.close()
    return found is not None


def wait_for_effect(sandbox: SandboxProcess) -> None:
    until = time.monotonic() + 10
    while not sandbox.effects():
        assert time.monotonic() < until
        time.sleep(0.02)
