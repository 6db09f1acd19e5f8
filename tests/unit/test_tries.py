"""What kills the process is met twice and no more: `core/tries.py`."""

from __future__ import annotations

from core.journal import Journal
from core.tries import DEATHS, Tries


def test_each_process_that_dies_over_a_thing_is_counted(journal: Journal) -> None:
    assert [Tries(journal, "gmail").begin("a") for _ in range(DEATHS + 2)] == [0, 1, 2, 3]


def test_a_thing_that_ended_counts_no_death(journal: Journal) -> None:
    for _ in range(DEATHS + 1):
        tries = Tries(journal, "gmail")
        assert tries.begin("a") == 0
        tries.ended()


def test_only_deaths_in_a_row_count(journal: Journal) -> None:
    for key in "ab" * (DEATHS + 1):
        assert Tries(journal, "gmail").begin(key) == 0


def test_each_work_has_a_mark_of_its_own(journal: Journal) -> None:
    for _ in range(DEATHS):
        Tries(journal, "gmail").begin("a")
    assert Tries(journal, "triage").begin("a") == 0
    assert Tries(journal, "gmail").begin("a") == DEATHS


def test_going_on_to_the_next_thing_takes_the_mark_along(journal: Journal) -> None:
    tries = Tries(journal, "gmail")
    assert [tries.begin(key) for key in "abc"] == [0, 0, 0]
    later = Tries(journal, "gmail")
    assert [later.begin(key) for key in "ab"] == [0, 0], "only c was in hand"
