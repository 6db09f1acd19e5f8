"""The record of every action's life: `core/journal.py`."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.actions import Mode, State, Tier
from core.journal import Journal
from core.journal_file import newest_backup
from core.records import TERMINAL, Entry, Row, Source
from core.story import AT_A_TIME
from utils import durable
from utils.audit_log import Actor, Event
from utils.clock import FixedClock
from utils.errors import JournalError

ROOT = Path(__file__).resolve().parents[2]
ID = "APR-20261121-001"
KIND = "odoo.create_invoice"
DIGEST = "d" * 64
SENDING = Entry(Event.SENDING, Actor.DAEMON, action_id=ID)
DECIDED = Entry(Event.DECIDED, Actor.OWNER, action_id=ID)
MakeRow = Callable[..., Row]


def hours(clock: FixedClock, number: float) -> Any:
    return clock.now() + timedelta(hours=number)


@pytest.fixture
def approved(journal: Journal, row: MakeRow, clock: FixedClock) -> Row:
    """A registered live action with a grant for 24 hours."""
    granted = row(state=State.APPROVED, grant_until=hours(clock, 24))
    journal.register(granted)
    return granted


@pytest.fixture
def other(journal: Journal, clock: FixedClock) -> Iterator[Journal]:
    """The same journal, as another process has it open."""
    opened = Journal.open(journal.path, clock, may_create=False)
    yield opened
    opened.close()


def take(journal: Journal, **changes: str) -> int | None:
    call = {"action_id": ID, "kind": KIND, "digest": DIGEST, **changes}
    return journal.take_grant(call["action_id"], call["kind"], call["digest"], SENDING)


def in_threads(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Run something in many threads that begin together; return what each one got."""
    got: list[Any] = []
    start = threading.Barrier(count)

    def run(number: int) -> None:
        start.wait()
        got.append(work(number))

    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == count
    return got


def processes(count: int, script: str, path: Path) -> list[str]:
    """Run a script in several processes that begin together; return their outputs."""
    running = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(path)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(count)
    ]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    outputs = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [0] * count
    return outputs


# -- rows -----------------------------------------------------------------------------------------


def test_a_row_comes_back_as_it_was(journal: Journal, row: MakeRow, clock: FixedClock) -> None:
    full = row(
        source="TSK-20261121-001",
        counterparty="Acme Ltd",
        amount="1250.00",
        currency="EUR",
        approved_at=clock.now(),
        approved_by="owner",
        grant_until=hours(clock, 24),
        attempt=2,
        retry_at=hours(clock, 1),
        sending_at=clock.now(),
        finished_at=hours(clock, 1),
        filed_at=hours(clock, 2),
        request={"method": "POST", "json": {"é": [1, None]}},
        remote_id="77",
        remote_url="https://acme.example/77",
        summary="Draft",
        error="none",
        error_class="None",
        payload={"customer": "Ácme", "lines": [{"unit_price": "1250.00"}]},
        reasons=("one", "two"),
    )
    journal.register(full)
    assert journal.get(ID) == full
    assert full.service == "odoo"


def test_an_unknown_id_is_none(journal: Journal) -> None:
    assert journal.get(ID) is None


def test_an_id_is_registered_once(journal: Journal, row: MakeRow) -> None:
    journal.register(row())
    with pytest.raises(sqlite3.IntegrityError):
        journal.register(row(digest="e" * 64), DECIDED)
    assert journal.get(ID) == row()
    assert journal.story(ID) == []


def test_a_registration_and_its_story_are_one(journal: Journal, row: MakeRow) -> None:
    """What fails in the middle leaves neither."""

    def fail(phase: str, name: str) -> None:
        if (phase, name) == ("before", "journal.commit"):
            raise OSError("the disk is full")

    with durable.listening(fail), pytest.raises(OSError, match="full"):
        journal.register(row(), DECIDED, unwritten=("text", None))
    assert (journal.get(ID), journal.story(ID), journal.unwritten()) == (None, [], [])
    journal.register(row(), DECIDED)
    assert len(journal.story(ID)) == 1


# -- what the database itself refuses -------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"state": State.DONE, "mode": Mode.DRY_RUN}, id="done-as-dry-run"),
        pytest.param({"state": State.SENDING, "attempt": 0}, id="sending-without-attempt"),
        pytest.param(
            {"state": State.SENDING, "attempt": 1, "mode": Mode.DRY_RUN}, id="sending-as-dry-run"
        ),
        pytest.param({"state": "sent"}, id="unknown-state"),
        pytest.param({"mode": "real"}, id="unknown-mode"),
        pytest.param({"tier": "whatever"}, id="unknown-tier"),
        pytest.param({"digest": None}, id="no-digest"),
    ],
)
def test_a_row_that_cannot_be_true_is_refused(
    journal: Journal, row: MakeRow, changes: dict[str, Any]
) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        journal.register(row(**changes))


def test_a_dry_run_can_never_become_done(journal: Journal, row: MakeRow) -> None:
    journal.register(row(mode=Mode.DRY_RUN))
    with pytest.raises(sqlite3.IntegrityError):
        journal.transition(ID, {State.PENDING}, State.DONE, DECIDED)
    assert journal.get(ID) == row(mode=Mode.DRY_RUN)
    assert journal.story(ID) == []


# -- transitions ----------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [s for s in State if s not in {State.SENDING, State.PENDING}])
def test_a_change_happens_only_from_an_expected_state(
    journal: Journal, row: MakeRow, state: State
) -> None:
    journal.register(row(state=state))
    assert not journal.transition(ID, {State.PENDING}, State.APPROVED, DECIDED)
    assert journal.get(ID) == row(state=state)
    assert journal.story(ID) == []
    assert journal.transition(ID, {State.PENDING, state}, State.REJECTED, DECIDED)
    assert journal.get(ID) == row(state=State.REJECTED)
    assert [told.fields["event"] for told in journal.story(ID)] == ["decided"]


@pytest.mark.parametrize(
    ("before", "to"),
    [
        (State.PENDING, State.APPROVED),
        (State.PENDING, State.REJECTED),
        (State.PENDING, State.EXPIRED),
        (State.APPROVED, State.PENDING),
        (State.APPROVED, State.WITHDRAWN),
        (State.SENDING, State.DONE),
        (State.SENDING, State.NOT_SENT),
        (State.SENDING, State.REFUSED),
        (State.SENDING, State.UNKNOWN),
        (State.UNKNOWN, State.DONE),
        (State.UNKNOWN, State.NOT_SENT),
        (State.NOT_SENT, State.APPROVED),
    ],
)
def test_of_two_who_change_it_one_wins(
    journal: Journal, other: Journal, row: MakeRow, before: State, to: State
) -> None:
    journal.register(row(state=before, attempt=1))
    got = in_threads(
        2, lambda n: (journal, other)[n].transition(ID, {before}, to, DECIDED, summary=str(n))
    )
    assert sorted(got) == [False, True]
    assert len(journal.story(ID)) == 1


def test_a_late_outcome_of_an_earlier_attempt_changes_nothing(
    journal: Journal, row: MakeRow
) -> None:
    journal.register(row(state=State.SENDING, attempt=2))
    assert not journal.transition(ID, {State.SENDING}, State.DONE, DECIDED, of_attempt=1)
    assert journal.transition(ID, {State.SENDING}, State.DONE, DECIDED, of_attempt=2)


def test_columns_change_without_a_new_state(journal: Journal, row: MakeRow) -> None:
    journal.register(row())
    assert journal.transition(ID, {State.PENDING}, None, summary="said")
    assert journal.get(ID) == row(summary="said")


def test_an_unknown_column_is_refused(journal: Journal, row: MakeRow) -> None:
    journal.register(row())
    with pytest.raises(ValueError, match="colour"):
        journal.transition(ID, {State.PENDING}, None, colour="red")


def test_a_change_of_nothing_known_is_false(journal: Journal) -> None:
    assert not journal.transition(ID, set(State), State.DONE, DECIDED)


def test_a_change_and_its_story_are_one(journal: Journal, row: MakeRow) -> None:
    journal.register(row())

    def fail(phase: str, name: str) -> None:
        if (phase, name) == ("before", "journal.commit"):
            raise OSError("the disk is full")

    with durable.listening(fail), pytest.raises(OSError, match="full"):
        journal.transition(ID, {State.PENDING}, State.APPROVED, DECIDED)
    assert journal.get(ID) == row()
    assert journal.story(ID) == []
    assert journal.transition(ID, {State.PENDING}, State.APPROVED, DECIDED)


# -- grants ---------------------------------------------------------------------------------------


def test_a_grant_is_taken_once(journal: Journal, approved: Row, clock: FixedClock) -> None:
    assert take(journal) == 1
    assert take(journal) is None
    now = journal.get(ID)
    assert now is not None
    assert (now.state, now.attempt, now.sending_at) == (State.SENDING, 1, clock.now())
    (told,) = journal.story(ID)
    assert (told.fields["event"], told.fields["attempt"]) == ("sending", 1)


@pytest.mark.parametrize(
    "call",
    [
        pytest.param({"digest": "e" * 64}, id="other-payload"),
        pytest.param({"kind": "odoo.post_invoice"}, id="other-tool"),
        pytest.param({"action_id": "APR-20261121-002"}, id="other-id"),
    ],
)
def test_a_grant_is_for_exactly_one_call(
    journal: Journal, approved: Row, call: dict[str, str]
) -> None:
    assert take(journal, **call) is None
    assert journal.get(ID) == approved
    assert journal.story(ID) == []


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"mode": Mode.DRY_RUN}, id="dry-run"),
        pytest.param({"tier": Tier.HARD_STOP}, id="hard-stop"),
        pytest.param({"grant_until": None}, id="never-granted"),
        *(
            pytest.param({"state": state, "attempt": 1}, id=str(state))
            for state in State
            if state is not State.APPROVED
        ),
    ],
)
def test_there_is_no_grant_to_take(
    journal: Journal, row: MakeRow, clock: FixedClock, changes: dict[str, Any]
) -> None:
    standing = row(**{"state": State.APPROVED, "grant_until": hours(clock, 24), **changes})
    journal.register(standing)
    assert take(journal) is None
    assert journal.get(ID) == standing


@pytest.mark.parametrize(("after_h", "attempt"), [(23.999, 1), (24, None), (25, None)])
def test_a_grant_ends_at_its_hour(
    journal: Journal, approved: Row, clock: FixedClock, after_h: float, attempt: int | None
) -> None:
    clock.advance(after_h * 3600)
    assert take(journal) == attempt


@pytest.mark.parametrize(("after_h", "attempt"), [(0.999, None), (1, 1)])
def test_a_grant_waits_for_its_moment(
    journal: Journal, row: MakeRow, clock: FixedClock, after_h: float, attempt: int | None
) -> None:
    """Neither a rate limit nor the hour of publication is run ahead of."""
    journal.register(
        row(state=State.APPROVED, grant_until=hours(clock, 24), retry_at=hours(clock, 1))
    )
    clock.advance(after_h * 3600)
    assert take(journal) == attempt
    now = journal.get(ID)
    assert now is not None
    assert (now.retry_at is None) == (attempt is not None)


def test_the_second_attempt_is_counted(journal: Journal, row: MakeRow, clock: FixedClock) -> None:
    journal.register(row(state=State.APPROVED, attempt=1, grant_until=hours(clock, 24)))
    assert take(journal) == 2


def test_a_grant_is_committed_with_a_full_sync(journal: Journal, approved: Row) -> None:
    """The mark must survive power loss before the first byte leaves."""
    (full,) = journal._synced.execute("PRAGMA synchronous").fetchone()
    (mode,) = journal._synced.execute("PRAGMA journal_mode").fetchone()
    heard: list[tuple[str, str]] = []
    with durable.listening(lambda phase, name: heard.append((phase, name))):
        take(journal)
    assert (full, mode) == (2, "wal")
    assert heard == [("before", "journal.commit"), ("after", "journal.commit")]


TAKE = """
import sys, threading
from pathlib import Path
from core.journal import Journal
from core.records import Entry
from datetime import UTC, datetime
from utils.audit_log import Actor, Event
from utils.clock import FixedClock
clock = FixedClock(datetime(2026, 11, 21, 12, 0, tzinfo=UTC))
journal = Journal.open(Path(sys.argv[1]), clock, may_create=False)
entry = Entry(Event.SENDING, Actor.DAEMON, action_id="APR-20261121-001")
print("ready", flush=True)
sys.stdin.readline()
got = []
def take():
    got.append(journal.take_grant("APR-20261121-001", "odoo.create_invoice", "d" * 64, entry))
threads = [threading.Thread(target=take) for _ in range(10)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(*got)
"""


def test_of_twenty_in_two_processes_one_takes_the_grant(journal: Journal, approved: Row) -> None:
    got = " ".join(processes(2, TAKE, journal.path)).split()
    assert sorted(got) == ["1"] + ["None"] * 19
    assert len(journal.story(ID)) == 1


# -- numbers --------------------------------------------------------------------------------------

MINT = """
import sys
from datetime import date
from pathlib import Path
from core.journal import Journal
from utils.clock import FixedClock
journal = Journal.open(Path(sys.argv[1]), FixedClock(), may_create=False)
print("ready", flush=True)
sys.stdin.readline()
for _ in range(15):
    print(journal.mint("APR", date(2026, 11, 21)))
"""


def test_no_number_is_minted_twice_in_two_processes(journal: Journal) -> None:
    minted = "".join(processes(2, MINT, journal.path)).split()
    assert sorted(minted) == [f"APR-20261121-{number:03d}" for number in range(1, 31)]


def test_numbers_belong_to_prefix_and_day(journal: Journal) -> None:
    today = date(2026, 11, 21)
    assert journal.mint("APR", today) == "APR-20261121-001"
    assert journal.mint("TSK", today) == "TSK-20261121-001"
    assert journal.mint("APR", date(2026, 11, 22)) == "APR-20261122-001"
    assert journal.mint("APR", today) == "APR-20261121-002"


def test_a_number_found_in_the_log_is_never_minted_again(journal: Journal) -> None:
    today = date(2026, 11, 21)
    journal.reserve("APR-20261121-007/facebook")
    journal.reserve("APR-20261121-003")
    assert journal.mint("APR", today) == "APR-20261121-008"


def test_there_is_no_last_number(journal: Journal) -> None:
    journal.reserve("APR-20261121-999")
    assert journal.mint("APR", date(2026, 11, 21)) == "APR-20261121-1000"


# -- questions ------------------------------------------------------------------------------------


def test_actions_in_a_state_come_oldest_first(
    journal: Journal, row: MakeRow, clock: FixedClock
) -> None:
    journal.register(row(action_id="B", created_at=hours(clock, 1)))
    journal.register(row(action_id="A"))
    journal.register(row(action_id="C", state=State.REJECTED))
    assert [r.action_id for r in journal.in_states(State.PENDING)] == ["A", "B"]
    assert len(journal.in_states(State.PENDING, State.REJECTED)) == 3


@pytest.mark.parametrize("state", State)
def test_only_what_has_ended_waits_to_be_filed(
    journal: Journal, row: MakeRow, clock: FixedClock, state: State
) -> None:
    journal.register(row(state=state, attempt=1))
    journal.register(row(action_id="B", state=state, attempt=1, filed_at=clock.now()))
    assert [r.action_id for r in journal.unfiled()] == ([ID] if state in TERMINAL else [])


def test_what_waits_in_review_is_filed_and_no_hard_stop(
    journal: Journal, row: MakeRow, clock: FixedClock
) -> None:
    filed = {"filed_at": clock.now(), "attempt": 1}
    for name, changes in {
        "unknown": {"state": State.UNKNOWN, **filed},
        "not-sent": {"state": State.NOT_SENT, **filed},
        "refused": {"state": State.REFUSED, **filed},
        "hard-stop": {"state": State.REFUSED, "tier": Tier.HARD_STOP, **filed},
        "not-filed": {"state": State.UNKNOWN},
        "done": {"state": State.DONE, **filed},
    }.items():
        journal.register(row(action_id=name, **changes))
    assert {r.action_id for r in journal.in_review()} == {"unknown", "not-sent", "refused"}


def test_an_equal_action_is_one_that_was_done_lately(
    journal: Journal, row: MakeRow, clock: FixedClock
) -> None:
    same = {"state": State.DONE}
    journal.register(row(action_id="same", **same))
    journal.register(row(action_id="old", created_at=hours(clock, -31 * 24), **same))
    journal.register(row(action_id="other-text", payload={"customer": "B"}, **same))
    journal.register(row(action_id="other-kind", kind="odoo.create_quotation", **same))
    journal.register(row(action_id="not-done", state=State.REFUSED))
    found = journal.recent_equal(row(), hours(clock, -30 * 24))
    assert [r.action_id for r in found] == ["same"]


def test_a_counterparty_is_known_after_something_was_done(journal: Journal, row: MakeRow) -> None:
    journal.register(row(counterparty="Acme Ltd", mode=Mode.DRY_RUN, state=State.DRY_RUN_COMPLETED))
    assert not journal.knows_counterparty("Acme Ltd")
    journal.register(row(action_id="B", counterparty="Acme Ltd", state=State.DONE))
    assert journal.knows_counterparty("Acme Ltd")
    assert not journal.knows_counterparty("Globex")


def test_modes_that_ever_were_are_known(journal: Journal, row: MakeRow) -> None:
    assert not journal.has_mode(*Mode)
    journal.register(row(mode=Mode.SANDBOX))
    assert journal.has_mode(Mode.LIVE, Mode.SANDBOX)
    assert not journal.has_mode(Mode.LIVE, Mode.DRY_RUN)


# -- notes that a crash kept from being written ---------------------------------------------------


@pytest.mark.parametrize("replaces", [None, "old digest"])
def test_a_text_is_kept_until_its_note_is_written(
    journal: Journal, row: MakeRow, replaces: str | None
) -> None:
    journal.register(row(), unwritten=("the text", replaces))
    assert journal.unwritten() == [(ID, "the text", replaces)]
    journal.written(ID, "APR-20261121-001 Invoice 2.md")
    assert journal.unwritten() == []
    now = journal.get(ID)
    assert now is not None
    assert now.note == "APR-20261121-001 Invoice 2.md"


# -- story and facts ------------------------------------------------------------------------------


def test_the_story_keeps_its_order_and_leaves_out_nothing(
    journal: Journal, clock: FixedClock
) -> None:
    journal.record(Entry(Event.STARTED, Actor.DAEMON), Entry(Event.CALLED, Actor.CLAUDE))
    clock.advance(-60)  # the wall clock was set back: the order is that of the numbers
    journal.record(Entry(Event.STOPPED, Actor.DAEMON, error="é"))
    told = journal.untold()
    assert [t.fields for t in told] == [
        {"event": "started", "actor": "daemon"},
        {"event": "called", "actor": "claude"},
        {"event": "stopped", "actor": "daemon", "error": "é"},
    ]
    assert told[2].at == clock.now()


def test_what_is_in_the_log_is_not_told_again(journal: Journal) -> None:
    journal.record(*[Entry(Event.CALLED, Actor.CLAUDE)] * 3)
    first, second, third = journal.untold()
    journal.mark_told({first.number: 1, second.number: 2}, {"log_head": {"seq": 2}})
    assert journal.untold() == [third]
    assert journal.recall("log_head") == {"seq": 2}
    assert [t.seq for t in journal.told_since(1)] == [2]


def test_small_facts_are_kept_and_replaced(journal: Journal, other: Journal) -> None:
    assert journal.recall("heartbeat") is None
    journal.remember("heartbeat", "one")
    journal.remember("heartbeat", {"two": [2]})
    assert other.recall("heartbeat") == {"two": [2]}


def test_what_came_in_has_one_row_for_ever(journal: Journal) -> None:
    first = Source("file:abc", "TSK-20261121-001", "file", "abc.txt")
    assert journal.source("file:abc") is None
    journal.add_source(first)
    with pytest.raises(sqlite3.IntegrityError):
        journal.add_source(Source("file:abc", "TSK-20261121-002", "file"))
    assert journal.source("file:abc") == first


def test_what_came_in_waits_until_it_is_triaged(journal: Journal, clock: FixedClock) -> None:
    first = Source("file:abc", "TSK-20261121-002", "file")
    journal.add_source(first)
    clock.advance(1)
    journal.add_source(Source("file:def", "TSK-20261121-001", "file"))
    assert [source.key for source in journal.untriaged()] == ["file:abc", "file:def"]
    journal.source_written("file:abc", "TSK-20261121-002 Abc.md")
    journal.source_triaged("file:abc", "stays a task")
    assert [source.key for source in journal.untriaged()] == ["file:def"]
    assert journal.source("file:abc") == replace(
        first, name="TSK-20261121-002 Abc.md", triaged="stays a task"
    )


def test_what_was_proposed_from_a_task_is_found(journal: Journal, row: MakeRow) -> None:
    journal.register(row(source="TSK-20261121-001 Abc"))
    journal.register(row(action_id="B", source="TSK-20261121-002 Def"))
    assert [r.action_id for r in journal.proposed_from("TSK-20261121-001 Abc")] == [ID]


# -- opening --------------------------------------------------------------------------------------


def opened(path: Path, clock: FixedClock, *, may_create: bool = False) -> Journal:
    return Journal.open(path, clock, may_create=may_create)


@pytest.fixture
def closed(journal: Journal, row: MakeRow) -> Path:
    """A journal with one action that nobody has open."""
    journal.register(row())
    journal.close()
    return journal.path


def test_a_missing_journal_beside_logs_is_not_made_anew(tmp_path: Path, clock: FixedClock) -> None:
    path = tmp_path / "journal.sqlite"
    with pytest.raises(JournalError, match="missing although the log shows earlier actions"):
        opened(path, clock)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", "another program's"], ids=["empty", "foreign"])
def test_a_database_that_is_no_journal_is_not_made_one(
    tmp_path: Path, clock: FixedClock, content: bytes | str
) -> None:
    """A file cut to nothing would otherwise pass for a fresh start."""
    path = tmp_path / "journal.sqlite"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE theirs (a)")
        connection.close()
    with pytest.raises(JournalError, match="Nothing is sent"):
        opened(path, clock)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda data: b"no database at all" * 100, id="other-file"),
        pytest.param(lambda data: data[:5000], id="cut"),
        pytest.param(lambda data: data[:4096] + b"\xff" * (len(data) - 4096), id="overwritten"),
    ],
)
def test_a_damaged_journal_is_an_error_that_names_the_newest_backup(
    closed: Path, clock: FixedClock, damage: Callable[[bytes], bytes]
) -> None:
    backups = closed.parent / "backups"
    backups.mkdir()
    for name in ("journal-20261119-020000.sqlite", "journal-20261120-020000.sqlite"):
        (backups / name).touch()
    broken = damage(closed.read_bytes())
    closed.write_bytes(broken)
    with pytest.raises(JournalError, match=r"bin/run restore .*journal-20261120-020000\.sqlite"):
        opened(closed, clock)
    assert closed.read_bytes() == broken


def test_without_a_backup_the_owner_is_told_what_else_to_do(
    tmp_path: Path, clock: FixedClock
) -> None:
    with pytest.raises(JournalError, match=r"There is no backup\. Put the file back"):
        opened(tmp_path / "journal.sqlite", clock)
    assert newest_backup(tmp_path / "journal.sqlite") is None


def test_a_journal_of_a_newer_program_is_not_touched(closed: Path, clock: FixedClock) -> None:
    with sqlite3.connect(closed) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(JournalError, match=r"newer version .*format 99.*Update the program"):
        opened(closed, clock)


def test_a_journal_is_read_again_after_it_was_closed(
    closed: Path, clock: FixedClock, row: MakeRow
) -> None:
    journal = opened(closed, clock)
    assert journal.get(ID) == row()
    journal.close()


def test_a_copy_made_in_use_is_whole(journal: Journal, row: MakeRow, clock: FixedClock) -> None:
    journal.register(row(), DECIDED)
    copy = journal.path.parent / "copy.sqlite"
    journal.backup_to(copy)
    assert not Path(f"{copy}-wal").exists()
    restored = opened(copy, clock)
    assert restored.get(ID) == row()
    assert len(restored.story(ID)) == 1
    restored.close()


def test_a_story_holds_plain_json(journal: Journal, clock: FixedClock) -> None:
    """Whatever a caller passed, a line of the story can be read back."""
    odd = {"at": clock.now(), "path": Path("/x"), "text": "é\u2028"}
    journal.record(Entry(Event.CALLED, Actor.CLAUDE, parameters=odd))
    (told,) = journal.untold()
    assert json.loads(json.dumps(told.fields))["parameters"]["text"] == "é\u2028"


def test_a_long_story_is_read_whole_and_newest_first(journal: Journal, clock: FixedClock) -> None:
    """More than is read at a time; several things happen in the same instant."""
    began, count = clock.now(), AT_A_TIME + 200
    entries = [Entry(Event.WARNED, Actor.DAEMON, target=str(number)) for number in range(count)]
    for first in range(0, count, 100):
        journal.record(*entries[first : first + 100])
        clock.advance(1)
    told = journal.told_between(began, clock.now())
    assert [one.fields["target"] for one in told] == [*map(str, reversed(range(count)))]
