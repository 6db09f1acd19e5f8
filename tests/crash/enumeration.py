"""The space of lives and deaths: each life is numbered once, and then ended at chosen numbers.

One life is run once to number its effects; then, for each chosen number and phase, a forked child
lives it and dies there, and a new daemon takes over.
"""

from __future__ import annotations

import logging
import random
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from mcp_servers.fakes import FaultMode
from tests.crash.deaths import DIED, cores, dying_at, hours_pass, in_child, in_parallel
from tests.crash.ground import Ground, clock_after, fast_folder, remove
from tests.crash.invariants import broken, changed, snapshot
from tests.crash.lives import PLANNED_H, live
from tests.crash.sandbox_process import SandboxProcess
from tests.crash.wishes import INVOICE, POST, SEVERAL, STEPS_OF_SEVERAL, WISHES, Wish
from utils import durable

SEED = 20261121
FAULTS = tuple(str(mode) for mode in FaultMode)
WAYS = ("propose", "adopt")
TINY_S = 0.02
LIVED = "lived"
"""What came to its end before its point: a life may take a round less the next time."""


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


def wish_of(life: Life) -> Wish:
    return SEVERAL if life.kind == SEVERAL.kind else WISHES[life.kind]


def lives_of(wish: Wish) -> list[Life]:
    """Return every life of a kind: each fault at its act and at the invisible step before it."""
    ways = WAYS if wish.kind in {INVOICE.kind, POST.kind} else WAYS[:1]  # the way in knows no kinds
    places = [wish.acts_as, *([wish.staged] if wish.staged else [])]
    plain = [Life(wish.kind, how, "none", wish.kind) for how in ways]
    broken = [Life(wish.kind, how, fault, at) for how in ways for at in places for fault in FAULTS]
    return plain + broken


LIVES = tuple(life for wish in WISHES.values() for life in lives_of(wish))
LIVES_OF_SEVERAL = (
    *(Life(SEVERAL.kind, how, "none", SEVERAL.kind) for how in WAYS),
    *(Life(SEVERAL.kind, WAYS[0], fault, at) for at in STEPS_OF_SEVERAL for fault in FAULTS),
)
PLANNED_LIVES = tuple(
    Life(wish.kind, how, "none", wish.kind) for wish in (POST, SEVERAL) for how in PLANNED_H
)


def quiet_log() -> None:
    level = structlog.make_filtering_bound_logger(logging.CRITICAL)
    structlog.configure(wrapper_class=level, cache_logger_on_first_use=False)


def prepared(sandbox: SandboxProcess, life: Life) -> tuple[Ground, Wish]:
    """Return a fresh vault, and the wish with what must be there before."""
    sandbox.reset()
    soon = {"PUBLISH_WINDOW_S": "60"} if life.how == "missed" else {}
    ground = Ground(fast_folder("crash"), sandbox.url, soon)
    wish = wish_of(life).ready(sandbox, ground.vault)
    if not life.is_plain:
        sandbox.fault(life.at.split(".")[0], life.fault, match=life.at, seconds=TINY_S)
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
            live(ground, wish, life.how, clock_after(0.35))

    try:
        code = in_child(dies)
        if code not in {0, DIED}:
            return "failed", [f"{death}: the child ended with {code}"]
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
        problems += [f"I6 a second recovery changed {name}" for name in changed(before, after)]
        problems += broken(ground, sandbox.effects())
        rows = before["rows"]
        assert isinstance(rows, dict)
        ended = "+".join(sorted({str(row.state) for row in rows.values()}))
        ended = ended if code == DIED else LIVED
        return ended, [f"{death}: {problem}" for problem in problems]
    except Exception as error:
        return "failed", [f"{death}: {type(error).__name__}: {error}"]
    finally:
        remove(ground.root)


def is_sending(ground: Ground) -> bool:
    with sqlite3.connect(ground.root / "Vault" / "State" / "journal.sqlite") as connection:
        found = connection.execute("SELECT 1 FROM actions WHERE state = 'sending'").fetchone()
    connection.close()
    return found is not None


Space = dict[Life, range]


def services_of(life: Life) -> list[str]:
    wish = wish_of(life)
    return list(wish.arguments["channels"]) if wish.is_several else [wish.service]


def deaths_in(space: Space) -> list[Death]:
    return [Death(life, point) for life, points in space.items() for point in points]


def doubled(deaths: list[Death], draw: random.Random, count: int) -> list[Death]:
    """Return deaths after which the taking-over life dies as well."""
    return [Death(d.life, d.point, draw.randrange(90)) for d in draw.choices(deaths, k=count)]


def check(lives: Sequence[Life], choose: Callable[[Space, random.Random], list[Death]]) -> set[str]:
    """Check the chosen deaths of some lives on every core; return in which ways they ended."""
    for service in {service for life in lives for service in services_of(life)}:
        __import__(f"mcp_servers.{service}.client")  # loaded here, once, not in every child
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
    assert endings.pop(LIVED, 0) <= len(results) // 50, "too few have died"
    return set(endings)
