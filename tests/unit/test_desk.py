"""What a round looks at, and what it leaves unread: `core/desk.py`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from core.actions import State
from core.daemon import Bell
from core.desk import Desk
from core.executor import Executor
from core.records import Row
from core.vault import Folder, Listing, NoteFile, Vault
from core.workspace import Workspace
from tests.unit.conftest import Answering
from utils.errors import ChangedError

ID = "APR-20261121-001"
NOTE = f'---\ntype: approval\naction_id: "{ID}"\n---\nwords\n'
TASK = "---\ntype: task\n---\nwords\n"


@dataclass
class Reading(Vault):
    """A vault that counts what is listed and read in it."""

    root: Path
    work: Counter[str] = field(default_factory=Counter)

    def listing(self, folder: Folder) -> Listing:
        self.work[f"list {folder}"] += 1
        return super().listing(folder)

    def read(self, path: Path) -> NoteFile:
        self.work[f"read {path.parent.name}"] += 1
        return super().read(path)


@pytest.fixture
def vault(ws: Workspace) -> Reading:
    return Reading(ws.vault.root)


@pytest.fixture
def desk(ws: Workspace, vault: Reading, runner: Answering) -> Desk:
    return Desk(replace(ws, vault=vault), runner, Bell())


def write(vault: Vault, folder: Folder, name: str, text: str = NOTE) -> Path:
    path = vault.folder(folder) / name
    path.write_text(text)
    return path


def test_tasks_cost_a_round_nothing(desk: Desk, vault: Reading) -> None:
    write(vault, Folder.APPROVED, "a.md")
    for number in range(5):
        write(vault, Folder.NEEDS_ACTION, f"EML {number}.md", TASK)
    looked = desk.look_around(full=False)

    assert [look.path.name for look in looked.places[ID]] == ["a.md"]
    assert vault.work["list Needs_Action"] == vault.work["read Needs_Action"] == 0


def test_a_note_among_the_tasks_is_found_when_it_is_asked_for(desk: Desk, vault: Reading) -> None:
    moved = write(vault, Folder.NEEDS_ACTION, "Renamed by its owner.md")
    write(vault, Folder.NEEDS_ACTION, "EML.md", TASK)
    for _ in range(3):
        looked = desk.look_around(full=False)
        for _ in range(3):
            assert [look.path for look in looked.everywhere(ID)] == [moved]

    assert looked.places == {}, "it decides nothing there"
    assert vault.work["list Needs_Action"] == 3, "once a round"
    assert vault.work["read Needs_Action"] == 2, "what did not change is not read again"


def test_a_copy_among_the_tasks_is_seen_beside_the_other(desk: Desk, vault: Reading) -> None:
    paths = [write(vault, Folder.REJECTED, "a.md"), write(vault, Folder.NEEDS_ACTION, "b.md")]
    assert [look.path for look in desk.look_around(full=False).everywhere(ID)] == paths


def test_what_is_no_task_is_named_in_full_rounds_and_stays_named(
    desk: Desk, vault: Reading
) -> None:
    write(vault, Folder.NEEDS_ACTION, "a.txt")
    write(vault, Folder.PENDING, "b.txt")
    desk.look_around(full=False)
    assert [item.path.name for item in desk.left_alone] == ["b.txt"]
    for full in (True, False):
        desk.look_around(full=full)
        assert [item.path.name for item in desk.left_alone] == ["b.txt", "a.txt"]


def test_tasks_that_cannot_be_listed_are_looked_for_later(
    desk: Desk, vault: Reading, tmp_path: Path
) -> None:
    folder = vault.folder(Folder.NEEDS_ACTION)
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    looked = desk.look_around(full=False)
    with pytest.raises(ChangedError, match="is a link"):
        looked.everywhere(ID)


def test_the_note_of_an_ended_action_is_filed_from_among_the_tasks(
    desk: Desk, vault: Reading, row: Callable[..., Row], ws: Workspace
) -> None:
    executor = Executor(replace(ws, vault=vault), desk.runner, desk.bell)
    moved = write(vault, Folder.NEEDS_ACTION, "Renamed by its owner.md")
    now: Any = ws.clock.now()
    ws.journal.register(row(action_id=ID, state=State.DONE, finished_at=now, summary="Posted"))
    executor.run_ready(full=False)

    assert not moved.exists()
    (filed,) = vault.completed_folder("2026-11").iterdir()
    assert filed.name == moved.name
    assert "words" in filed.read_text()
