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

EVERY = 4
"""Of the deaths of a post to three networks under a fault, one in how many is checked."""


def test_a_sample_of_deaths_between_three_networks_breaks_nothing() -> None:
    draw = random.Random(SEED)
    plain, faulty = LIVES_OF_SEVERAL[:2], LIVES_OF_SEVERAL[2:]
    lives = [*plain, *draw.sample(faulty, 6), *draw.sample(PLANNED_LIVES, 4)]

    def choose(space: Space, draw: random.Random) -> list[Death]:
        some = [Death(life, p) for life, points in space.items() for p in draw.sample(points, 4)]
        return some + doubled(deaths_in(space), draw, 6)

    assert "done" in "+".join(check(lives, choose))


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
