"""What the owner writes, and every secret, stays out of git."""

import shutil
import subprocess
from pathlib import Path

import pytest

from core import starters
from core.settings import SETTINGS
from core.vault import Folder, Vault
from mcp_servers.catalog import SERVICE_SETTINGS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def clone(tmp_path):
    """A repository with our ignore rules and the committed vault."""
    if shutil.which("git") is None:
        pytest.fail("git is needed to test what git ignores")
    (tmp_path / ".gitignore").write_bytes((ROOT / ".gitignore").read_bytes())
    vault = tmp_path / "AI_Employee"
    for folder in Folder:
        (vault / folder).mkdir(parents=True)
        (vault / folder / ".gitkeep").touch()
    (vault / "README.md").write_bytes((ROOT / "AI_Employee" / "README.md").read_bytes())
    _git(tmp_path, "init", "--quiet")
    return tmp_path


def _git(folder, *words):
    done = subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


def _seen(folder):
    return set(_git(folder, "ls-files", "--others", "--exclude-standard"))


def test_skeleton_is_committed(clone):
    """The folders and the README are what git sees."""
    assert _seen(clone) == {
        ".gitignore",
        "AI_Employee/README.md",
        *(f"AI_Employee/{folder}/.gitkeep" for folder in Folder),
    }


def test_starter_notes_and_the_owners_notes_are_ignored(clone):
    """`init` and a month of work change nothing that git sees."""
    before = _seen(clone)
    vault = clone / "AI_Employee"
    assert starters.install(Vault(vault))
    for name in (
        "Company.md",
        "Pending_Approval/APR-20261121-001 Invoice.md",
        "Completed/2026-11/APR-20261121-001 Invoice.md",
        "Completed/2026-11/.gitkeep",
        "In_Progress/claude/x.md",
        ".obsidian/workspace.json",
        "My own folder/deep/note.md",
        ".trash/old.md",
    ):
        path = vault / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("private", encoding="utf-8")
    for name in (".env", "Vault/State/journal.sqlite", "Vault/Logs/2026-11-21.json", "demo/a.md"):
        path = clone / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("private", encoding="utf-8")
    assert _seen(clone) == before


def test_the_files_that_our_own_examples_name_for_secrets_are_ignored(clone):
    """Whoever follows the examples and runs `git add -A` publishes no sign-in."""
    before = _seen(clone)
    named = [row.example for row in (*SETTINGS, *SERVICE_SETTINGS) if row.holds_secrets]
    assert len(named) == 3
    for name in named:
        path = clone / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}", encoding="utf-8")
    assert _seen(clone) == before
