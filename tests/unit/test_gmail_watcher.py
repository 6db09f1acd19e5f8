"""Mail that becomes tasks, each once: `watchers/gmail.py`, on a mailbox in memory."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from filelock import FileLock

from core import vitals
from core.extract.mail import Mail
from core.sources import CursorTooOldError, RawMail
from core.tries import DEATHS
from core.vault import Folder
from core.workspace import Workspace
from tests.support import HOME
from tests.unit.conftest import NOON
from utils import durable
from utils.clock import FixedClock, iso
from utils.errors import (
    LockHeldError,
    NotSentError,
    RateLimitedError,
    RejectedError,
    ServiceError,
)
from watchers import mail
from watchers.gmail import CURSOR, FETCHES, GONE, LOCK_NAME, GmailWatcher, Limits, Polled

OLD = timedelta(days=5)


@dataclass
class Box:
    """A mailbox in memory, oldest mail first.

    Args:
        mails: by id.
        history: ids in the order in which they came into the inbox.
        gone: ids that the search still finds and nobody can fetch.
        failing: the error of each next fetch.
        searches: from when on was searched.
        fetched: ids, in the order in which they were fetched.
        forgets: whether it knows no history.
        poison: the error of a mail's every fetch.
        outage: the error of the next fetch and of every question after it.
    """

    mails: dict[str, RawMail] = field(default_factory=dict)
    history: list[str] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    failing: list[Exception | None] = field(default_factory=list)
    searches: list[datetime | None] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    forgets: bool = False
    poison: dict[str, Exception] = field(default_factory=dict)
    outage: Exception | None = None
    is_down: bool = False

    def add(self, count: int = 1, at: datetime = NOON, *, tell: bool = True) -> None:
        for _ in range(count):
            number = len(self.mails)
            data = f"From: a@b.example\nSubject: mail {number}\n\nWords {number}.\n".encode()
            self.mails[f"m{number:05d}"] = RawMail(f"m{number:05d}", "t1", data, at)
            if tell:
                self.history.append(f"m{number:05d}")

    def profile(self) -> tuple[str, str]:
        if self.is_down and self.outage is not None:
            raise self.outage
        return "owner@b.example", str(len(self.history))

    def changes(self, since: str) -> tuple[Sequence[str], str]:
        if self.forgets:
            raise CursorTooOldError
        return self.history[int(since) :], str(len(self.history))

    def search(self, query: str, after: datetime | None) -> Iterator[str]:
        assert query == "in:inbox"
        self.searches.append(after)
        found = [m for m in self.mails.values() if after is None or m.received >= after]
        yield from (m.id for m in sorted(found, key=lambda m: (m.received, m.id), reverse=True))

    def fetch(self, mail_id: str) -> RawMail:
        error = self.failing.pop(0) if self.failing else None
        if error is not None:
            raise error
        if self.outage is not None:
            self.is_down = True
            raise self.outage
        if mail_id in self.poison:
            raise self.poison[mail_id]
        if mail_id in self.gone:
            raise RejectedError("email", "gone", error_class=GONE)
        self.fetched.append(mail_id)
        return self.mails[mail_id]


@pytest.fixture
def box() -> Box:
    return Box()


@pytest.fixture
def watcher(ws: Workspace, box: Box) -> GmailWatcher:
    return GmailWatcher(ws, box, "in:inbox")


def subjects(ws: Workspace) -> list[str]:
    """Return the subjects of all task notes, in the order of their ids."""
    texts = [p.read_text() for p in sorted(ws.vault.folder(Folder.NEEDS_ACTION).glob("EML-*.md"))]
    return [text.split('subject: "')[1].split('"')[0] for text in texts]


def told(ws: Workspace) -> list[str]:
    """Return the mails that the daily log tells of."""
    entries = [e for day in ws.chronicle.days() for e in ws.chronicle.entries(day)]
    return [str(e["parameters"]["key"]) for e in entries if e["action"] == "task.create"]  # type: ignore[index]


def test_mails_come_in_once_oldest_first(ws: Workspace, box: Box, watcher: GmailWatcher) -> None:
    box.add(3)
    assert watcher.poll() == Polled(3, 0)
    assert watcher.poll() == Polled(0, 0)
    box.add()
    assert watcher.poll() == Polled(1, 0)
    assert subjects(ws) == ["mail 0", "mail 1", "mail 2", "mail 3"]
    assert told(ws) == [f"gmail:m{n:05d}" for n in range(4)]
    assert box.fetched == sorted(box.mails), "each mail is fetched once"


def test_a_flood_is_searched_for_once_and_says_how_many_wait(ws: Workspace, box: Box) -> None:
    watcher = GmailWatcher(ws, box, "in:inbox", limits=Limits(portion=4))
    box.add(10)
    assert watcher.poll() == Polled(4, 6)
    assert vitals.waiting(ws.journal, vitals.GMAIL) == 6
    assert ws.journal.recall(CURSOR) is None, "the cursor waits for the last mail"
    box.add()  # while the flood is worked off
    assert [watcher.poll() for _ in range(2)] == [Polled(4, 2), Polled(2, 0)]
    assert len(box.searches) == 1
    assert watcher.poll() == Polled(1, 0)
    assert subjects(ws) == [f"mail {n}" for n in range(11)]
    assert vitals.waiting(ws.journal, vitals.GMAIL) == 0


def test_told_to_stop_it_ends_after_the_mail_in_hand(ws: Workspace, box: Box) -> None:
    stopping = threading.Event()

    def progress(done: int, _whole: int) -> None:
        if done == 2:
            stopping.set()

    box.add(5)
    GmailWatcher(ws, box, "in:inbox", progress).run(stopping, 60)
    assert len(subjects(ws)) == 2
    vital = vitals.vital(ws, vitals.GMAIL)
    assert vital is not None
    assert (vital.state, vital.waiting) == ("3 more mails wait", 3)
    assert GmailWatcher(ws, box, "in:inbox").poll() == Polled(3, 0)
    assert subjects(ws) == [f"mail {n}" for n in range(5)]


def test_only_one_process_reads_a_mailbox(ws: Workspace, box: Box) -> None:
    """The watcher of a killed daemon goes on for a moment beside the new daemon's."""
    watcher = GmailWatcher(ws, box, "in:inbox", limits=Limits(lock_wait_s=0))
    box.add()
    with FileLock(ws.paths.state / LOCK_NAME), pytest.raises(LockHeldError):
        watcher.poll()
    assert subjects(ws) == []
    assert watcher.poll() == Polled(1, 0)


def test_asked_to_wait_nothing_is_lost_and_the_rest_is_shown(
    ws: Workspace, box: Box, watcher: GmailWatcher
) -> None:
    box.add(4)
    box.failing = [None, RateLimitedError("email", "slow down")]
    with pytest.raises(RateLimitedError):
        watcher.poll()
    assert vitals.waiting(ws.journal, vitals.GMAIL) == 3
    assert watcher.poll() == Polled(3, 0)
    assert subjects(ws) == [f"mail {n}" for n in range(4)]


def test_a_mail_that_vanishes_meanwhile_is_passed_over(
    ws: Workspace, box: Box, watcher: GmailWatcher
) -> None:
    box.add(3)
    box.gone = {"m00001"}
    assert watcher.poll().waiting == 0
    assert subjects(ws) == ["mail 0", "mail 2"]


def test_a_forgotten_cursor_costs_a_search(ws: Workspace, box: Box, watcher: GmailWatcher) -> None:
    box.add()
    watcher.poll()
    box.forgets = True
    box.add()
    assert watcher.poll() == Polled(1, 0)
    assert len(subjects(ws)) == 2


def test_a_mail_with_an_old_date_comes_in_within_a_day(
    ws: Workspace, clock: FixedClock, box: Box, watcher: GmailWatcher
) -> None:
    """Rescued from spam it keeps its date, and the mailbox tells of no new mail."""
    box.add()
    watcher.poll()
    box.add(at=NOON - OLD, tell=False)
    assert watcher.poll() == Polled(0, 0)
    clock.advance(86_400)
    assert watcher.poll() == Polled(1, 0)
    assert subjects(ws) == ["mail 0", "mail 1"]
    assert ws.journal.recall(CURSOR)["after"] == iso(NOON), "the cursor does not go back"
    assert watcher.poll() == Polled(0, 0)
    assert len(box.searches) == 2


class _DiedError(BaseException):
    """The process ends here."""


POINTS = 32
"""As often a poll of one mail announces a durable effect, before or after; one more is no death."""


@pytest.mark.parametrize("point", range(POINTS + 1))
def test_a_death_at_any_point_neither_loses_nor_doubles(
    ws: Workspace, clock: FixedClock, box: Box, watcher: GmailWatcher, point: int
) -> None:
    """Note, original and log entry of a mail are there once, wherever the watcher dies."""
    box.add()
    left = point

    def die(_phase: str, _name: str) -> None:
        nonlocal left
        clock.advance(0.001)  # no real clock answers twice alike
        left -= 1
        if left == -1:
            raise _DiedError

    try:
        with durable.listening(die):
            watcher.poll()
    except _DiedError:
        GmailWatcher(ws, box, "in:inbox").poll()
    assert (left < 0) == (point < POINTS), "POINTS is not the number of effects"
    ws.chronicle.flush()
    assert subjects(ws) == ["mail 0"]
    assert told(ws) == ["gmail:m00000"]
    assert len(list(ws.vault.folder(Folder.ATTACHMENTS).glob("*.eml"))) == 1


# -- mails that harm the reader -------------------------------------------------------------------


def notes(ws: Workspace) -> list[str]:
    return [p.read_text() for p in sorted(ws.vault.folder(Folder.NEEDS_ACTION).glob("EML-*.md"))]


def polled(watcher: GmailWatcher) -> Polled | str:
    """Return what a poll brought, or how it failed."""
    try:
        return watcher.poll()
    except ServiceError as error:
        return error.message


def test_what_came_with_a_mail_is_told_apart_by_its_own_names(ws: Workspace, box: Box) -> None:
    """Files are kept under digests, which say nothing to a person; a name from outside is words."""
    message = EmailMessage()
    message["Subject"] = "Two papers"
    message.set_content("Attached.")
    for name in ("offer.pdf", "x]] [[Approved/y|z.pdf"):
        data = name.encode()
        message.add_attachment(data, maintype="application", subtype="pdf", filename=name)
    box.mails["m1"] = RawMail("m1", "t1", message.as_bytes(), NOON)
    mail.take(ws, box.mails["m1"])
    kept = [line for line in notes(ws)[0].split("\n") if line.startswith("> Kept as ")]
    assert [line.rpartition("]]")[2] for line in kept] == [
        ": the whole mail",
        ": offer.pdf",
        ": y_z.pdf",
    ]
    assert all(line.count("[[") == 1 for line in kept)


def test_a_mail_over_which_the_parser_fails_is_named_and_kept(ws: Workspace, box: Box) -> None:
    def parse(_data: bytes) -> Mail:
        raise RecursionError

    box.add()
    mail.take(ws, box.mails["m00000"], parse)
    (text,) = notes(ws)
    assert "This mail cannot be read: the reader failed (RecursionError)." in text
    (original,) = ws.vault.folder(Folder.ATTACHMENTS).iterdir()
    assert original.read_bytes() == box.mails["m00000"].data
    assert f"[[{original.name}]]" in text
    assert mail.is_known(ws, "m00000"), "it is not fetched again"


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(RejectedError("email", "refused (HTTP 400)", error_class="HTTP 400"), id="no"),
        pytest.param(NotSentError("email", "gave no usable answer", error_class="x"), id="garbled"),
    ],
)
def test_a_mail_that_cannot_be_fetched_holds_nothing_back_and_is_set_aside(
    ws: Workspace, box: Box, watcher: GmailWatcher, error: ServiceError
) -> None:
    box.add(3)
    box.poison["m00000"] = error
    assert polled(watcher) == f"a mail could not be fetched: {error.message}"
    assert subjects(ws) == ["mail 1", "mail 2"], "those behind it are in"
    assert vitals.waiting(ws.journal, vitals.GMAIL) == 1

    box.add()
    for _ in range(FETCHES - 2):
        assert isinstance(polled(watcher), str)
    assert subjects(ws) == ["mail 1", "mail 2", "mail 3"], "so are those that came later"
    assert polled(watcher) == Polled(1, 0)
    assert f"could not be fetched {FETCHES} times: the mailbox {error.message}" in notes(ws)[-1]
    assert "under the id m00000" in notes(ws)[-1]
    assert told(ws)[-1] == "gmail:m00000"
    assert polled(watcher) == Polled(0, 0), "and that is the end of it"


def test_many_such_mails_hold_nothing_back_either(
    ws: Workspace, box: Box, watcher: GmailWatcher
) -> None:
    box.add(12)
    box.poison = {f"m{n:05d}": RejectedError("email", "no") for n in range(10)}
    for _ in range(5):
        polled(watcher)
    assert subjects(ws)[:2] == ["mail 10", "mail 11"]
    for _ in range(FETCHES * 10):
        polled(watcher)
    assert sorted(told(ws)) == [f"gmail:m{n:05d}" for n in range(12)]


def test_a_mailbox_that_answers_nothing_is_no_fault_of_a_mail(
    ws: Workspace, box: Box, watcher: GmailWatcher
) -> None:
    box.add(2)
    for _ in range(FETCHES + 1):
        box.outage = NotSentError("email", "cannot be reached", error_class="Unreachable")
        assert polled(watcher) == "cannot be reached"
        box.outage, box.is_down = None, False
    assert watcher.poll() == Polled(2, 0)
    assert subjects(ws) == ["mail 0", "mail 1"]


def runs(home: Path, how: str) -> list[int]:
    """Return how processes of their own end that meet a deadly first mail, until one goes on."""
    script = home / "watch.py"
    script.write_text(DEADLY_RUN)
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    codes: list[int] = []
    while not codes or (codes[-1] and len(codes) < DEATHS + 3):
        done = subprocess.run(
            [sys.executable, script, home, how],
            env={**environment, "PYTHONPATH": str(HOME)},
            timeout=60,
            check=False,
        )
        codes.append(done.returncode)
    return codes


def test_a_mail_whose_fetching_kills_the_watcher_is_set_aside(
    ws: Workspace, tmp_path: Path
) -> None:
    assert runs(tmp_path, "dies in fetch") == [9] * (DEATHS + 1) + [0]
    assert subjects(ws) == ["A mail that cannot be read", "mail 1", "mail 2"]
    assert "The watcher ended 2 times while it read this mail. It was set aside" in notes(ws)[0]
    assert "under the id m00000" in notes(ws)[0]
    assert told(ws) == [f"gmail:m{n:05d}" for n in range(3)]


@pytest.mark.parametrize(("how", "code"), [("dies in parse", 9), ("hangs in parse", 1)])
def test_a_mail_whose_reading_ends_or_hangs_is_kept_and_named(
    ws: Workspace, box: Box, tmp_path: Path, how: str, code: int
) -> None:
    """The mails behind it flow; nobody opens it again, the rules neither."""
    box.add()
    assert runs(tmp_path, how) == [code] * DEATHS + [0]
    assert subjects(ws) == ["A mail that cannot be read", "mail 1", "mail 2"]
    assert "The watcher ended 2 times while it read this mail. It is not opened" in notes(ws)[0]
    source = ws.journal.source("gmail:m00000")
    assert source is not None
    assert source.original is None, "triage would meet the same end"
    kept = [p for p in ws.vault.folder(Folder.ATTACHMENTS).iterdir() if p.name in notes(ws)[0]]
    assert [path.read_bytes() for path in kept] == [box.mails["m00000"].data]
    assert told(ws) == [f"gmail:m{n:05d}" for n in range(3)]


DEADLY_RUN = """
import os
import re
import sys
from pathlib import Path

from core.extract import mail as mails
from core.settings import SETTINGS
from core.workspace import Workspace
from mcp_servers.catalog import SERVICE_SETTINGS, SERVICES
from tests.unit.test_gmail_watcher import Box
from utils.config import Settings
from watchers.gmail import GmailWatcher, Limits


home, how = Path(sys.argv[1]), sys.argv[2]


class Deadly(Box):
    def fetch(self, mail_id):
        if mail_id == "m00000" and how == "dies in fetch":
            os._exit(9)
        return super().fetch(mail_id)


def parse(data):
    if b"mail 0" in data and how == "dies in parse":
        os._exit(9)
    if b"mail 0" in data and how == "hangs in parse":
        re.match("(a|a)*$", "a" * 64 + "b")  # lets no other thread run
    return mails.parse(data)


box = Deadly()
box.add(3)
settings = Settings((*SETTINGS, *SERVICE_SETTINGS), {}, home)
ws = Workspace.open(settings, SERVICES)
GmailWatcher(ws, box, "in:inbox", parse=parse, limits=Limits(read_s=0.5)).poll()
"""
