"""What kills the process is met twice and no more: `core/tries.py`."""

from __future__ import annotations

from core.journal import Journal
from core.tries import DEATHS, Tries


def test_a_thing_over_which_processes_died_is_not_begun_again(journal: Journal) -> None:
    assert [Tries(journal, "gmail").may_begin("a") for _ in range(DEATHS + 2)] == [
        *[True] * DEATHS,
        *[False] * 2,
    ]


def test_a_thing_that_ended_counts_no_death(journal: Journal) -> None:
    for _ in range(DEATHS + 1):
        tries = Tries(journal, "gmail")
        assert tries.may_begin("a")
        tries.ended()


def test_only_deaths_in_a_row_count(journal: Journal) -> None:
    for key in "ab" * (DEATHS + 1):
        assert Tries(journal, "gmail").may_begin(key)


def test_each_work_has_a_mark_of_its_own(journal: Journal) -> None:
    for _ in range(DEATHS):
        Tries(journal, "gmail").may_begin("a")
    assert Tries(journal, "triage").may_begin("a")
    assert not Tries(journal, "gmail").may_begin("a")


def test_going_on_to_the_next_thing_takes_the_mark_along(journal: Journal) -> None:
    tries = Tries(journal, "gmail")
    assert [tries.may_begin(key) for key in "abc"] == [True] * 3
    later = Tries(journal, "gmail")
    assert all(later.may_begin(key) for key in "ab"), "only c was in hand"
