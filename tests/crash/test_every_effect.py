"""The program dies before and after every durable effect, under every fault of the service.

One life (propose or adopt, approve, call through the gate, file) is run once to number its effects;
then, for each number, phase, fault, kind and way in, a forked child lives it and dies there, and a
new daemon takes over. Every kind of the catalogue is lived (`wishes.py`). `bin/test` checks a
sample drawn by a fixed seed, `-m slow` every state.
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
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest
import structlog

from core import approvals
from core.actions import State, payload_of
from mcp_servers.catalog import ACTIONS
from mcp_servers.fakes import FaultMode
from tests.crash.support_crash import (
    DIED,
    Ground,
    SandboxProcess,
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
from tests.crash.wishes import INVOICE, POST, WISHES, Wish
from utils import durable
from utils.audit_log import Actor, Event

SEED = 20261121
FAULTS = tuple(str(mode) for mode in FaultMode)
WAYS = ("propose", "adopt")
TINY_S = 0.02


@dataclass(frozen=True)
class Life:
    """What is wanted, how it comes in, and what goes wrong at the service, at which request."""

    kind: str
    how: str
    fault: str
    at: str

    @property
    def is_plain(self) -> bool:
        return self.fault == "none"


@dataclass(frozen=True)
class Death:
    """At which announcement a life ends, and the life that takes over (None: it does not)."""

    life: Life
    point: int
    again: int | None = None


def lives_of(wish: Wish) -> list[Life]:
    """Return every life of a kind: each fault at its act and at the invisible step before it."""
    ways = WAYS if wish.kind in {INVOICE.kind, POST.kind} else WAYS[:1]  # the way in knows no kinds
    places = [wish.acts_as, *([wish.staged] if wish.staged else [])]
    plain = [Life(wish.kind, how, "none", wish.kind) for how in ways]
    broken = [Life(wish.kind, how, fault, at) for how in ways for at in places for fault in FAULTS]
    return plain + broken


LIVES = tuple(life for wish in WISHES.values() for life in lives_of(wish))


def quiet_log() -> None:
    level = structlog.make_filtering_bound_logger(logging.CRITICAL)
    structlog.configure(wrapper_class=level, cache_logger_on_first_use=False)


def prepared(sandbox: SandboxProcess, life: Life) -> tuple[Ground, Wish]:
    """Return a fresh vault, and the wish with what must be there before."""
    sandbox.reset()
    ground = Ground(fast_folder("crash"), sandbox.url)
    wish = WISHES[life.kind].ready(sandbox, ground.vault)
    if not life.is_plain:
        sandbox.fault(wish.service, life.fault, match=life.at, seconds=TINY_S)
    return ground, wish


def points_in(sandbox: SandboxProcess, life: Life) -> range:
    """Return the announcements at which a life may end, after checking that it ends well.

    Until its grant is taken, a life with a fault is the life without.
    """
    ground, wish = prepared(sandbox, life)
    began: list[int] = []
    count = 0

    def listener(phase: str, name: str) -> None:
        nonlocal count
        if not began and (phase, name) == ("after", "journal.commit") and is_sending(ground):
            began.append(count)
        count += 1

    try:
        with durable.listening(listener):
            live(ground, wish, life.how, clock_after())
        problems = broken(ground, sandbox.effects())
        assert not problems, f"{life} without a crash: {problems}"
        assert began, f"{life} takes no grant"
        return range(0 if life.is_plain else began[0], count)
    finally:
        remove(ground.root)


def survived(sandbox: SandboxProcess, death: Death) -> tuple[str, list[str]]:
    """Let one life die, another take over; return how it ended and what does not hold."""
    life = death.life
    ground, wish = prepared(sandbox, life)

    def dies() -> None:
        quiet_log()
        with dying_at(death.point):
            live(ground, wish, life.how, clock_after())

    def dies_again() -> None:
        assert death.again is not None
        with dying_at(death.again):
            live(ground, wish, life.how, clock_after(0.2))

    try:
        code = in_child(dies)
        if code != DIED:
            return "lived", [f"{death}: the child ended with {code}"]
        hours_pass(ground)
        if death.again is not None:
            if in_child(dies_again) not in {0, DIED}:
                return "failed", [f"{death}: the second child failed"]
            hours_pass(ground)
        live(ground, wish, life.how, clock_after(0.4))
        problems = broken(ground, sandbox.effects())
        before = snapshot(ground, sandbox.effects())
        live(ground, wish, life.how, clock_after(0.6))
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


Space = dict[Life, range]


def deaths_in(space: Space) -> list[Death]:
    return [Death(life, point) for life, points in space.items() for point in points]


def doubled(deaths: list[Death], draw: random.Random, count: int) -> list[Death]:
    """Return deaths after which the taking-over life dies as well."""
    return [Death(d.life, d.point, draw.randrange(90)) for d in draw.choices(deaths, k=count)]


def check(lives: Sequence[Life], choose: Callable[[Space, random.Random], list[Death]]) -> set[str]:
    """Check the chosen deaths of some lives on every core; return in which ways they ended."""
    for service in {WISHES[life.kind].service for life in lives}:  # loaded here, once, not in
        __import__(f"mcp_servers.{service}.client")  # every child
    workers = cores()
    sandboxes = [SandboxProcess() for _ in range(workers)]

    def measure(number: int) -> list[tuple[Life, range]]:
        quiet_log()
        return [(life, points_in(sandboxes[number], life)) for life in lives[number::workers]]

    def work(number: int) -> list[tuple[Death, str, list[str]]]:
        quiet_log()
        mine = chosen[number::workers]
        return [(death, *survived(sandboxes[number], death)) for death in mine]

    try:
        space = dict(in_parallel(measure, workers))
        chosen = choose({life: space[life] for life in lives}, random.Random(SEED))
        results = in_parallel(work, workers)
    finally:
        for sandbox in sandboxes:
            sandbox.close()
    endings = Counter(ended for _, ended, _ in results)
    problems = [problem for _, _, some in results for problem in some]
    print(
        f"{len(lives)} lives of {len({life.kind for life in lives})} kinds, {len(results)} crash "
        f"states checked, {len(problems)} problems, endings {dict(endings)}"
    )
    assert not problems, "\n".join(problems[:20])
    return set(endings)


def test_every_kind_of_the_catalogue_has_a_wish_that_works() -> None:
    assert set(WISHES) == set(ACTIONS), "a new action is one row of tests/crash/wishes.py"
    for wish in WISHES.values():
        assert payload_of(ACTIONS[wish.kind], wish.arguments)
        assert payload_of(ACTIONS[wish.kind], wish.numbered(7).arguments)


def test_a_sample_of_all_deaths_breaks_nothing() -> None:
    """One whole plain life, and of every kind some deaths with a few of its faults."""
    draw = random.Random(SEED)
    whole = Life(POST.kind, "adopt", "none", POST.kind)
    few = [life for wish in WISHES.values() for life in some_lives(wish, draw)]

    def choose(space: Space, draw: random.Random) -> list[Death]:
        some = [Death(life, p) for life, points in space.items() for p in draw.sample(points, 5)]
        every = deaths_in({whole: space[whole]})
        return every + some + doubled(deaths_in(space), draw, 30)

    endings = check([whole, *(life for life in few if life != whole)], choose)
    assert {"done", "unknown", "not_sent", "refused"} <= endings, "the sample is too small"


def some_lives(wish: Wish, draw: random.Random) -> list[Life]:
    """Return a plain life and two that go wrong, one of them after the service acted."""
    lives = lives_of(wish)
    acted = [life for life in lives if life.fault in {"lost_answer", "http_500_after"}]
    return [lives[0], draw.choice(acted), draw.choice([x for x in lives[1:] if x not in acted])]


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("service", sorted({wish.service for wish in WISHES.values()}))
def test_every_death_breaks_nothing(service: str) -> None:
    lives = [life for life in LIVES if WISHES[life.kind].service == service]

    def choose(space: Space, draw: random.Random) -> list[Death]:
        deaths = deaths_in(space)
        return deaths + doubled(deaths, draw, len(deaths) // 10)

    proven = any(ACTIONS[life.kind].absence_provable for life in lives)
    doubt = "not_sent" if proven else "unknown"  # what nobody can prove stays in doubt
    assert {"done", "refused", doubt} <= check(lives, choose)


@pytest.mark.parametrize("early", [True, False], ids=["before-recovery", "during-recovery"])
@pytest.mark.parametrize("wish", [INVOICE, POST], ids=lambda wish: wish.service)
def test_a_service_that_acts_after_our_death_is_found(wish: Wish, early: bool) -> None:
    with SandboxProcess() as sandbox:
        ground, _ = prepared(sandbox, Life(wish.kind, "propose", "none", wish.kind))
        sandbox.fault(wish.service, "slow", match=wish.kind, seconds=0.6)

        def dies_while_the_service_works() -> None:
            def listener(phase: str, name: str) -> None:
                if (phase, name) == ("after", "journal.commit") and is_sending(ground):
                    signal.signal(signal.SIGALRM, signal.SIG_DFL)
                    signal.setitimer(signal.ITIMER_REAL, 0.3)

            with durable.listening(listener):
                live(ground, wish, "propose", clock_after())

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
        ground, _ = prepared(sandbox, Life(INVOICE.kind, "propose", "none", INVOICE.kind))

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
