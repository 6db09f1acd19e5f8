"""What a round costs an owner who has used the program for years: counted, not timed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.actions import State
from core.vault import Folder
from tests.support import Office, move

FEW, MANY = 3, 40


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    opened = Office(tmp_path)
    yield opened
    opened.close()


def statements(office: Office) -> int:
    """Return how often a full round asks the journal when there is nothing to do."""
    office.look()
    asked: list[str] = []
    office.ws.journal._light.set_trace_callback(asked.append)
    office.executor.run_ready(full=True)
    office.ws.journal._light.set_trace_callback(None)
    return len(asked)


def reject(office: Office, count: int) -> None:
    for number in range(count):
        _, path = office.post(f"Post {number} of {count}.")
        move(path, office.folder(Folder.REJECTED))
    office.look()


def complete(office: Office, count: int) -> None:
    """Lay notes of finished actions where the owner may keep them: directly in `Completed/`."""
    for number in range(count):
        _, path = office.post(f"Done {number} of {count}.")
        office.approve(path)
        office.pass_time(10)
    for path in list(office.folder(Folder.COMPLETED).glob("*/*.md")):
        move(path, office.folder(Folder.COMPLETED))
    office.look()


@pytest.mark.parametrize("put", [reject, complete])
def test_notes_that_are_decided_cost_a_round_no_reads(office: Office, put: object) -> None:
    assert callable(put)
    put(office, FEW)
    before = statements(office)
    put(office, MANY)
    assert statements(office) == before


def test_a_decision_among_many_old_ones_is_still_seen(office: Office) -> None:
    reject(office, FEW)
    action_id, path = office.post("The new one.")
    move(path, office.folder(Folder.REJECTED))
    office.look()
    assert office.state(action_id) is State.REJECTED
