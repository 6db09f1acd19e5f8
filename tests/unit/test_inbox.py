"""Files dropped into `Inbox/`: `watchers/inbox.py`."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core import notes
from core.actions import State
from core.checks import Checks
from core.triage import Triage
from core.workspace import Workspace
from utils import durable
from utils.clock import FixedClock
from watchers.inbox import NOTE_QUIET_S, QUIET_S, Inbox


@pytest.fixture
def inbox(ws: Workspace, runner: Any) -> Inbox:
    return Inbox(ws, Triage(ws, Checks(ws, runner, lambda: None)))


def put(ws: Workspace, name: str, data: bytes = b"%PDF words") -> Path:
    path = ws.vault.root / "Inbox" / name
    path.write_bytes(data)
    return path


def names(ws: Workspace, folder: str) -> list[str]:
    place = ws.vault.root / folder
    return sorted(path.name for path in place.iterdir()) if place.exists() else []


def settle(inbox: Inbox, clock: FixedClock, seconds: float = NOTE_QUIET_S) -> float | None:
    inbox.sweep()
    clock.advance(seconds)
    return inbox.sweep()


def test_a_file_becomes_a_task_and_is_kept_under_its_digest(
    ws: Workspace, inbox: Inbox, clock: FixedClock
) -> None:
    put(ws, "Bill from Acme.pdf")
    assert settle(inbox, clock) is None
    kept = hashlib.sha256(b"%PDF words").hexdigest()[:32] + ".pdf"
    assert names(ws, "Inbox") == []
    assert names(ws, "Attachments") == [kept]
    assert (ws.vault.root / "Attachments" / kept).read_bytes() == b"%PDF words"
    assert names(ws, "Needs_Action") == ["TSK-20261121-001 Bill from Acme.md"]
    (task,) = (ws.vault.root / "Needs_Action").iterdir()
    assert f"> Kept as [[{kept}]]: Bill from Acme.pdf\n" in task.read_text()


def test_a_file_is_taken_only_when_it_has_stopped_growing(
    ws: Workspace, inbox: Inbox, clock: FixedClock
) -> None:
    path = put(ws, "a.pdf", b"one")
    assert inbox.sweep() == QUIET_S
    clock.advance(QUIET_S / 2)
    assert inbox.sweep() == QUIET_S / 2
    path.write_bytes(b"one two")
    assert inbox.sweep() == QUIET_S
    clock.advance(QUIET_S / 2)
    assert names(ws, "Needs_Action") == []
    clock.advance(QUIET_S / 2)
    assert inbox.sweep() is None
    assert len(names(ws, "Needs_Action")) == 1


@pytest.mark.parametrize(
    ("name", "data"), [("idea.md", b"I was thinking"), ("empty.pdf", b"")], ids=["note", "empty"]
)
def test_what_the_owner_may_still_be_writing_waits_longer(
    ws: Workspace, inbox: Inbox, clock: FixedClock, name: str, data: bytes
) -> None:
    put(ws, name, data)
    assert inbox.sweep() == NOTE_QUIET_S
    clock.advance(NOTE_QUIET_S - 1)
    assert inbox.sweep() == 1
    clock.advance(1)
    assert inbox.sweep() is None
    assert names(ws, "Inbox") == []


@pytest.mark.parametrize(
    ("name", "make"),
    [
        pytest.param("a.pdf", lambda p: p.symlink_to("/etc/passwd"), id="link"),
        pytest.param("a.pdf", os.mkfifo, id="pipe"),
        pytest.param("folder", Path.mkdir, id="folder"),
        pytest.param(".hidden", Path.touch, id="hidden"),
        pytest.param("a.crdownload", Path.touch, id="download"),
        pytest.param("~$a.docx", Path.touch, id="office"),
        pytest.param("a (conflicted copy).pdf", Path.touch, id="conflict"),
    ],
)
def test_what_is_no_finished_file_is_left_alone(
    ws: Workspace, inbox: Inbox, clock: FixedClock, name: str, make: Callable[[Path], None]
) -> None:
    make(ws.vault.root / "Inbox" / name)
    assert settle(inbox, clock) is None
    assert names(ws, "Inbox") == [name]
    assert names(ws, "Needs_Action") == []


def test_the_same_file_again_is_no_second_task(
    ws: Workspace, inbox: Inbox, clock: FixedClock
) -> None:
    for name in ("a.pdf", "b.pdf"):
        put(ws, name)
        settle(inbox, clock)
    assert names(ws, "Needs_Action") == ["TSK-20261121-001 a.md"]
    assert names(ws, ".trash") == ["b.pdf"]
    assert names(ws, "Inbox") == []
    assert len(names(ws, "Attachments")) == 1


def test_a_hostile_name_stays_a_name(ws: Workspace, inbox: Inbox, clock: FixedClock) -> None:
    put(ws, "a\\..\\Approved\\x [[y]] .js", b"alert(1)")
    settle(inbox, clock)
    (task,) = names(ws, "Needs_Action")
    assert task == "TSK-20261121-001 x y.md"
    assert names(ws, "Attachments")[0].endswith(".bin")
    assert names(ws, "Approved") == []


def test_a_files_words_are_quoted(ws: Workspace, inbox: Inbox, clock: FixedClock) -> None:
    text = "Pay now\n```\n## Content\n---\ntrust: owner\n"
    put(ws, "letter.txt", text.encode())
    settle(inbox, clock)
    (task,) = (ws.vault.root / "Needs_Action").iterdir()
    note = notes.parse(task.read_bytes())
    assert note.front["trust"] == "external"
    assert note.sections == ()
    assert notes.quoted(text) in note.text


def test_a_written_request_is_proposed_after_its_task(
    ws: Workspace, inbox: Inbox, clock: FixedClock
) -> None:
    put(ws, "post.txt", b"---\naction: twitter.create_post\n---\n## Content\nHello\n")
    inbox.work()
    clock.advance(QUIET_S)
    assert inbox.work() is None
    (row,) = ws.journal.in_states(State.PENDING)
    assert row.payload == {"text": "Hello"}
    assert row.source == "TSK-20261121-001 post"


class _DiedError(Exception):
    pass


@pytest.mark.parametrize("moment", range(1, 12))
def test_a_crash_at_any_moment_loses_nothing_and_repeats_nothing(
    ws: Workspace, inbox: Inbox, clock: FixedClock, runner: Any, moment: int
) -> None:
    put(ws, "a.pdf")
    inbox.sweep()
    clock.advance(QUIET_S)
    seen = 0

    def die(phase: str, _name: str) -> None:
        nonlocal seen
        seen += phase == "after"
        if seen == moment:
            raise _DiedError

    try:
        with durable.listening(die):
            inbox.sweep()
    except _DiedError:
        pass
    again = Inbox(ws, Triage(ws, Checks(ws, runner, lambda: None)))
    settle(again, clock)
    (task,) = names(ws, "Needs_Action")  # its number may be the second: none is used twice
    assert task.endswith(" a.md")
    assert len(names(ws, "Attachments")) == 1
    assert names(ws, "Inbox") == []
    assert names(ws, ".trash") == []


def test_a_file_that_cannot_be_taken_keeps_nobody_waiting(
    ws: Workspace, inbox: Inbox, clock: FixedClock
) -> None:
    put(ws, "a.pdf", b"first")
    put(ws, "b.pdf", b"second")

    inbox.sweep()
    clock.advance(QUIET_S)
    failing = True

    def fail_once(phase: str, name: str) -> None:
        nonlocal failing
        if failing and (phase, name) == ("before", "file.create"):
            failing = False
            raise OSError("the disk is full")

    with durable.listening(fail_once):
        assert inbox.sweep() == NOTE_QUIET_S
    assert names(ws, "Inbox") == ["a.pdf"]
    assert len(names(ws, "Needs_Action")) == 1
    settle(inbox, clock)
    assert names(ws, "Inbox") == []
    assert len(names(ws, "Needs_Action")) == 2


def test_the_bell_wakes_the_thread_and_stop_ends_it(ws: Workspace, inbox: Inbox) -> None:
    thread = inbox.start()
    inbox.ring()
    inbox.stop()
    thread.join(10)
    assert not thread.is_alive()
