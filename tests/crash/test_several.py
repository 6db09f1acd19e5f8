"""A post to three networks, and posts for later: killed between all their steps.

Approved as a whole, granted for each network, sending on one, filing, tried again on those that
failed, taken back: whatever the program dies at, each network has at most one post, and the note
says what became of each. `bin/test` checks a sample drawn by a fixed seed, `-m slow` the space.
"""

from __future__ import annotations

import random

import pytest

from tests.crash.enumeration import (
    LIVES_OF_SEVERAL,
    PLANNED_LIVES,
    SEED,
    Death,
    Space,
    check,
    deaths_in,
    doubled,
)
from tests.crash.wishes import POST

EVERY = 8
"""Of the deaths of a post to three networks under a fault, one in how many is checked."""


def test_a_sample_of_deaths_between_three_networks_breaks_nothing() -> None:
    draw = random.Random(SEED)
    plain, faulty = LIVES_OF_SEVERAL[:2], LIVES_OF_SEVERAL[2:]
    lives = [*plain, *draw.sample(faulty, 6), *draw.sample(PLANNED_LIVES, 4)]

    def choose(space: Space, draw: random.Random) -> list[Death]:
        dense = [Death(plain[0], point) for point in space[plain[0]][::4]]
        some = [Death(life, p) for life, points in space.items() for p in draw.sample(points, 2)]
        return dense + some + doubled(deaths_in(space), draw, 4)

    assert "done" in "+".join(check(lives, choose))


def test_a_post_that_was_missed_is_told_once_whenever_the_next_daemon_dies() -> None:
    """Its first daemon ends between approval and time, the next one while it tells of it."""
    lives = [life for life in PLANNED_LIVES if (life.kind, life.how) == (POST.kind, "missed")]

    def choose(space: Space, draw: random.Random) -> list[Death]:
        del draw
        ((life, points),) = space.items()
        return [Death(life, len(points) * 3 // 5, again) for again in range(8, 24)]

    assert check(lives, choose) == {"refused"}


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_every_death_between_three_networks_breaks_nothing() -> None:
    def choose(space: Space, draw: random.Random) -> list[Death]:
        deaths = deaths_in(space)
        every = [death for death in deaths if death.life.is_plain or draw.random() < 1 / EVERY]
        return every + doubled(deaths, draw, len(every) // 10)

    check(LIVES_OF_SEVERAL, choose)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_every_death_of_a_post_for_later_breaks_nothing() -> None:
    def choose(space: Space, draw: random.Random) -> list[Death]:
        deaths = deaths_in(space)
        return deaths + doubled(deaths, draw, len(deaths) // 10)

    check(PLANNED_LIVES, choose)
