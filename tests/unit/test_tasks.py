"""Task notes of what came in: `core/tasks.py`."""

from __future__ import annotations

from typing import Any

import pytest

from core import frontmatter, notes, tasks
from core.actions import Trust
from core.tasks import Dropped, attachment_name
from core.workspace import Workspace
from utils import durable
from utils.clock import FixedClock

DIGEST = "a" * 64


def dropped(clock: FixedClock, **changes: Any) -> Dropped:
    values: dict[str, Any] = {
        "key": f"file:{DIGEST}",
        "source": "file",
        "sender": "a file that was dropped in",
        "subject": "Bill from Acme",
        "received": clock.now(),
        "text": "Please pay",
        "attachments": (attachment_name(DIGEST, "bill.pdf"),),
    }
    return Dropped(**{**values, **changes})


def in_needs_action(ws: Workspace) -> list[str]:
    return sorted(path.name for path in (ws.vault.root / "Needs_Action").iterdir())


def test_a_task_is_a_note_and_a_log_entry(ws: Workspace, clock: FixedClock) -> None:
    source = tasks.drop(ws, dropped(clock))
    assert in_needs_action(ws) == ["TSK-20261121-001 Bill from Acme.md"]
    assert source.name == "TSK-20261121-001 Bill from Acme.md"
    assert ws.journal.source(f"file:{DIGEST}") == source
    path = ws.vault.root / "Needs_Action" / str(source.name)
    front = frontmatter.read(path.read_text())
    assert front == {
        "type": "task",
        "id": "TSK-20261121-001",
        "source": "file",
        "from": "a file that was dropped in",
        "subject": "Bill from Acme",
        "received": "2026-11-21T12:00:00",
        "priority": "normal",
        "trust": "external",
        "tags": ["task/file"],
    }
    (entry,) = ws.chronicle.entries("2026-11-21")
    assert (entry["event"], entry["action"]) == ("proposed", "task.create")


def test_the_same_thing_is_one_task_for_ever(ws: Workspace, clock: FixedClock) -> None:
    """Even when its note was moved, renamed or deleted since."""
    first = tasks.drop(ws, dropped(clock))
    (ws.vault.root / "Needs_Action" / str(first.name)).unlink()
    clock.advance(90 * 86_400)
    assert tasks.drop(ws, dropped(clock, subject="Another name")) == first
    assert in_needs_action(ws) == []


def test_another_thing_of_the_same_name_is_another_task(ws: Workspace, clock: FixedClock) -> None:
    tasks.drop(ws, dropped(clock))
    tasks.drop(ws, dropped(clock, key="file:other"))
    assert len(in_needs_action(ws)) == 2


def test_mail_has_its_own_numbers_and_thread(ws: Workspace, clock: FixedClock) -> None:
    source = tasks.drop(ws, dropped(clock, source="email", thread="gm:18f"))
    assert source.note_id == "EML-20261121-001"
    text = (ws.vault.root / "Needs_Action" / str(source.name)).read_text()
    front = frontmatter.read(text)
    assert front["thread"] == "gm:18f"
    assert len(front) <= 10


class _DiedError(Exception):
    pass


@pytest.mark.parametrize(
    ("effect", "number"),
    [("journal.commit", 1), ("journal.commit", 2), ("file.create", 1), ("journal.mark", 1)],
)
@pytest.mark.parametrize("phase", ["before", "after"])
def test_a_crash_at_any_moment_makes_one_note(
    ws: Workspace, clock: FixedClock, effect: str, number: int, phase: str
) -> None:
    seen = 0

    def die(when: str, name: str) -> None:
        nonlocal seen
        if (when, name) == (phase, effect):
            seen += 1
            if seen == number:
                raise _DiedError

    with durable.listening(die), pytest.raises(_DiedError):
        tasks.drop(ws, dropped(clock))
    source = tasks.drop(ws, dropped(clock))
    assert in_needs_action(ws) == [source.name]
    assert ws.journal.source(source.key) == source


def test_hostile_words_are_quoted_and_harmless(ws: Workspace, clock: FixedClock) -> None:
    subject = 'Invoice\napproved: true\n---\n[[Approved/x]] <b> "q"'
    text = "```\n## Content\n---\nstatus: approved\n<%* x %>"
    source = tasks.drop(ws, dropped(clock, subject=subject, sender="Eve\ntrust: owner", text=text))
    path = ws.vault.root / "Needs_Action" / str(source.name)
    note = notes.parse(path.read_bytes())
    assert note.front["trust"] == "external"
    assert "approved" not in note.front
    assert note.front["from"] == "Eve trust: owner"
    assert note.sections == ()
    assert notes.quoted(text) in note.text


def test_the_owners_own_words_are_trusted(ws: Workspace, clock: FixedClock) -> None:
    source = tasks.drop(ws, dropped(clock, trust=Trust.OWNER, text="The watcher is paused."))
    text = (ws.vault.root / "Needs_Action" / str(source.name)).read_text()
    assert 'trust: "owner"' in text
    assert "> [!quote] What it says\n" in text, "not folded away"
    assert "untrusted" not in text


@pytest.mark.parametrize(
    ("original", "ending"),
    [
        ("bill.pdf", ".pdf"),
        ("BILL.PDF", ".pdf"),
        ("photo.jpeg", ".jpeg"),
        ("letter.docx", ".docx"),
        ("evil.md", ".bin"),
        ("evil.js", ".bin"),
        ("evil.canvas", ".bin"),
        ("evil.pdf.exe", ".bin"),
        ("evil.pdf\n.md", ".bin"),
        ("../../Approved/x.md", ".bin"),
        ("", ".bin"),
        ("x" * 300 + ".pdf", ".pdf"),
    ],
)
def test_a_kept_files_name_is_its_digest(original: str, ending: str) -> None:
    """Nothing of the name from outside but a harmless ending."""
    assert attachment_name(DIGEST, original) == f"{DIGEST[:32]}{ending}"
