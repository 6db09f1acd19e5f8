"""The program dies before and after every durable effect, under every fault of the service.

One life (propose or adopt, approve, call through the gate, file) is run once to number its effects;
then, for each number, phase, fault, kind and way in, a forked child lives it and dies there, and a
new daemon takes over. Every kind of the catalogue is lived (`wishes.py`). `bin/test` checks a
sample drawn by a fixed seed, `-m slow` every state.
The invariants are those of `facts/guarantees.md` B3; see `invariants.py`.
"""

from __future__ import annotations

import os
import random
import signal
import time

import pytest

from core import approvals
from core.actions import State, payload_of
from mcp_servers.catalog import ACTIONS
from tests.crash.deaths import DIED, in_child
from tests.crash.enumeration import (
    LIVES,
    SEED,
    Death,
    Life,
    Space,
    check,
    deaths_in,
    doubled,
    is_sending,
    lives_of,
    prepared,
)
from tests.crash.ground import clock_after, remove, running, settle
from tests.crash.invariants import broken
from tests.crash.lives import live
from tests.crash.sandbox_process import SandboxProcess
from tests.crash.wishes import INVOICE, POST, WISHES, Wish
from utils import durable
from utils.audit_log import Actor, Event


def test_every_kind_of_the_catalogue_has_a_wish_that_works() -> None:
    assert set(WISHES) == set(ACTIONS), "a new action is one row of tests/crash/wishes.py"
    for wish in WISHES.values():
        assert payload_of(ACTIONS[wish.kind], wish.arguments)
        assert payload_of(ACTIONS[wish.kind], wish.numbered(7).arguments)


@pytest.mark.timeout(900)
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


def wait_for_effect(sandbox: SandboxProcess) -> None:
    until = time.monotonic() + 10
    while not sandbox.effects():
        assert time.monotonic() < until
        time.sleep(0.02)
