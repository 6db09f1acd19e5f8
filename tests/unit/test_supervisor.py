"""A watcher's child that ends: started again, or given up with a note: `core/supervisor.py`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from core import vitals
from core.vault import Folder
from core.workspace import Workspace
from tests.support import wait_until
from watchers.child import supervised


def child(home: Path, code: str) -> list[str]:
    script = home / "child.py"
    script.write_text(f"import os, sys\nruns = {str(home / 'runs')!r}\n{code}")
    return [sys.executable, str(script)]


COUNTED = "open(runs, 'a').write('x')\n"


@pytest.mark.parametrize("code", [2, 4])
def test_a_child_that_needs_a_person_is_given_up_at_once_and_the_owner_is_told(
    ws: Workspace, tmp_path: Path, code: int
) -> None:
    ends = f"sys.stderr.write('Gmail: sign in again.\\n')\nos._exit({code})\n"
    watched = supervised(ws, "gmail", child(tmp_path, COUNTED + ends), {})
    watched.start()
    folder = ws.vault.folder(Folder.NEEDS_ACTION)
    wait_until(lambda: bool(list(folder.glob("TSK-*.md"))))
    watched.stop()
    (note,) = folder.glob("TSK-*.md")
    text = note.read_text()
    assert "> [!todo] The gmail watcher is paused: nothing new is read" in text
    assert "> [!quote] What it says\n> ```text\n> Gmail: sign in again.\n" in text
    assert "- [ ] Start the daemon again: `bin/run`" in text
    said = vitals.vital(ws, vitals.GMAIL)
    assert said is not None
    assert said.state == "paused: Gmail: sign in again."
    assert (tmp_path / "runs").read_text() == "x"


def test_a_child_that_died_is_started_again_and_ends_with_us(ws: Workspace, tmp_path: Path) -> None:
    """As after a mail that killed it, or over which it hung."""
    dies_once = "if len(open(runs).read()) == 1:\n    os._exit(9)\nsys.stdin.read()\n"
    watched = supervised(ws, "gmail", child(tmp_path, COUNTED + dies_once), {})
    watched.start()
    runs = tmp_path / "runs"
    wait_until(lambda: runs.exists() and runs.read_text() == "xx")
    watched.stop()
    assert list(ws.vault.folder(Folder.NEEDS_ACTION).glob("TSK-*.md")) == []
