"""Backups of the journal, and trusting a restored one: `core/backup.py`."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core import approvals, backup, twice
from core.actions import State, digest_of
from core.approvals import Request
from core.journal import Journal
from core.journal_file import backups_folder, newest_backup
from core.records import Row
from core.workspace import Workspace
from utils.audit_log import Actor, Event
from utils.clock import FixedClock
from utils.errors import JournalError, UsageError

OpenWs = Callable[..., Workspace]
KIND = "odoo.create_invoice"


def propose(ws: Workspace, invoice: dict[str, Any]) -> Row:
    return approvals.propose(ws, Request(KIND, invoice, Actor.CLAUDE))[0]


def names(ws: Workspace) -> list[str]:
    return sorted(path.name for path in backups_folder(ws.paths.journal).iterdir())


# -- making ---------------------------------------------------------------------------------------


def test_a_backup_is_a_whole_journal(
    ws: Workspace, invoice: dict[str, Any], clock: FixedClock
) -> None:
    row = propose(ws, invoice)
    path = backup.backup(ws)
    assert names(ws) == [path.name]
    assert newest_backup(ws.paths.journal) == path
    copy = Journal.open(path, clock, may_create=False)
    assert copy.get(row.action_id) == row
    copy.close()


def test_the_fourteen_newest_are_kept(ws: Workspace, clock: FixedClock) -> None:
    made = []
    for _ in range(16):
        made.append(backup.backup(ws).name)
        clock.advance(0.5)
    assert names(ws) == made[-14:]
    assert newest_backup(ws.paths.journal).name == made[-1]  # type: ignore[union-attr]


# -- restoring ------------------------------------------------------------------------------------


def test_a_backup_takes_the_journals_place(
    open_ws: OpenWs, invoice: dict[str, Any], clock: FixedClock
) -> None:
    ws = open_ws()
    row = propose(ws, invoice)
    saved = backup.backup(ws)
    later = propose(ws, invoice)
    ws.close()
    aside = backup.restore(ws.paths.journal, saved, clock)
    restored = Journal.open(ws.paths.journal, clock, may_create=False)
    assert restored.get(row.action_id) == row
    assert restored.get(later.action_id) is None
    restored.close()
    assert aside is not None
    old = Journal.open(aside, clock, may_create=False)
    assert old.get(later.action_id) == later
    old.close()
    assert saved.is_file()
    assert not list(ws.paths.state.glob(".aie-*"))


def test_a_missing_journal_is_replaced_too(
    open_ws: OpenWs, invoice: dict[str, Any], clock: FixedClock
) -> None:
    ws = open_ws()
    row = propose(ws, invoice)
    saved = backup.backup(ws)
    ws.close()
    ws.paths.journal.unlink()
    with pytest.raises(JournalError, match="bin/run restore"):
        open_ws()
    assert backup.restore(ws.paths.journal, saved, clock) is None
    assert open_ws().journal.get(row.action_id) == row


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda p: None, id="missing"),
        pytest.param(Path.mkdir, id="folder"),
        pytest.param(Path.touch, id="empty"),
        pytest.param(lambda p: p.write_bytes(b"no database" * 500), id="other-file"),
        pytest.param(lambda p: sqlite3.connect(p).executescript("CREATE TABLE t(a)"), id="foreign"),
        pytest.param(lambda p: p.write_bytes(b"SQLite format 3\0" + b"x" * 5000), id="damaged"),
    ],
)
def test_what_is_no_backup_replaces_nothing(
    ws: Workspace, tmp_path: Path, clock: FixedClock, make: Callable[[Path], object]
) -> None:
    source = tmp_path / "chosen.sqlite"
    made = make(source)
    if isinstance(made, sqlite3.Cursor):
        made.connection.close()
    before = ws.paths.journal.read_bytes()
    with pytest.raises(UsageError, match=r"chosen\.sqlite"):
        backup.restore(ws.paths.journal, source, clock)
    assert ws.paths.journal.read_bytes() == before
    assert not list(ws.paths.state.glob("*replaced*"))
    assert not list(ws.paths.state.glob(".aie-*"))


# -- what a restored journal has forgotten --------------------------------------------------------


def send(ws: Workspace, row: Row, state: State | None, **changes: Any) -> None:
    """Approve an action and begin it; end it when a state is given."""
    now = ws.clock.now()
    ws.journal.transition(
        row.action_id, {State.PENDING}, State.APPROVED, grant_until=now + timedelta(days=1)
    )
    entry = approvals.base_entry(row, Event.SENDING, Actor.DAEMON)
    assert ws.journal.take_grant(row.action_id, row.kind, row.digest, entry) == 1
    if state is not None:
        outcome = approvals.base_entry(
            row, Event.OUTCOME, Actor.DAEMON, result=str(state), attempt=1, remote_id="77"
        )
        ws.journal.transition(row.action_id, {State.SENDING}, state, outcome, **changes)
    ws.chronicle.flush()


@pytest.mark.parametrize("known", [True, False], ids=["known", "forgotten"])
@pytest.mark.parametrize(
    ("ended", "state"),
    [(None, State.UNKNOWN), (State.DONE, State.DONE), (State.NOT_SENT, State.NOT_SENT)],
    ids=["begun", "done", "not-sent"],
)
def test_what_the_log_shows_as_begun_is_never_begun_again(
    open_ws: OpenWs,
    live_settings: dict[str, str],
    invoice: dict[str, Any],
    clock: FixedClock,
    known: bool,
    ended: State | None,
    state: State,
) -> None:
    ws = open_ws(**live_settings)
    row = propose(ws, invoice) if known else None
    saved = backup.backup(ws)
    row = row or propose(ws, invoice)
    send(ws, row, ended)
    ws.close()
    backup.restore(ws.paths.journal, saved, clock)
    restored = open_ws(**live_settings)
    assert backup.take_in_later_log(restored) > 0
    now = restored.journal.get(row.action_id)
    assert now is not None
    assert now.state is state
    assert now.remote_id == ("77" if ended else None)
    entry = approvals.base_entry(row, Event.SENDING, Actor.DAEMON)
    assert restored.journal.take_grant(row.action_id, row.kind, row.digest, entry) is None
    assert backup.take_in_later_log(restored) == 0
    assert restored.chronicle.verify().ok


@pytest.mark.parametrize("edited", [False, True], ids=["as-proposed", "edited"])
def test_what_was_done_and_forgotten_is_warned_about(
    open_ws: OpenWs,
    live_settings: dict[str, str],
    invoice: dict[str, Any],
    clock: FixedClock,
    edited: bool,
) -> None:
    """The mail that asked for it comes in once more, because the journal forgot that as well."""
    ws = open_ws(**live_settings)
    saved = backup.backup(ws)
    row = propose(ws, invoice)
    if edited:
        invoice = {**invoice, "due_date": "2026-12-24"}
        payload = {**row.payload, "due_date": "2026-12-24"}
        row = replace(row, digest=digest_of(row.kind, payload, row.mode, row.account))
        ws.journal.transition(row.action_id, {State.PENDING}, None, digest=row.digest)
    send(ws, row, State.DONE)
    ws.close()
    backup.restore(ws.paths.journal, saved, clock)
    restored = open_ws(**live_settings)
    backup.take_in_later_log(restored)
    (warned,) = twice.warnings(restored, propose(restored, invoice))
    assert f"the same was already done on 2026-11-21: [[{row.action_id}]]" in warned


def test_a_forgotten_number_is_not_minted_again(
    open_ws: OpenWs, invoice: dict[str, Any], clock: FixedClock
) -> None:
    ws = open_ws()
    saved = backup.backup(ws)
    forgotten = [propose(ws, invoice).action_id for _ in range(3)]
    ws.close()
    backup.restore(ws.paths.journal, saved, clock)
    restored = open_ws()
    backup.take_in_later_log(restored)
    assert propose(restored, invoice).action_id not in forgotten


def test_a_forgotten_proposal_does_not_run_as_it_is(
    open_ws: OpenWs, invoice: dict[str, Any], clock: FixedClock
) -> None:
    """Its content is not in the journal, so its note becomes a new proposal."""
    ws = open_ws()
    saved = backup.backup(ws)
    row = propose(ws, invoice)
    ws.close()
    backup.restore(ws.paths.journal, saved, clock)
    restored = open_ws()
    backup.take_in_later_log(restored)
    now = restored.journal.get(row.action_id)
    assert now is not None
    assert now.state is State.WITHDRAWN
    assert now.filed_at is not None


def test_a_journal_that_belongs_to_its_log_takes_in_nothing(
    ws: Workspace, invoice: dict[str, Any]
) -> None:
    row = propose(ws, invoice)
    assert backup.take_in_later_log(ws) == 0
    assert ws.journal.get(row.action_id) == row
    assert len(ws.chronicle.entries("2026-11-21")) == 2


# -- names ----------------------------------------------------------------------------------------


def test_backups_of_the_hour_that_comes_twice_sort_by_age(ws: Workspace, clock: FixedClock) -> None:
    """In Berlin it is half past two twice on the last Sunday of October."""
    clock.zone = ZoneInfo("Europe/Berlin")
    clock.at = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    first = backup.backup(ws)
    clock.advance(3600)
    second = backup.backup(ws)
    clock.advance(-600)
    between = backup.backup(ws)
    assert names(ws) == [first.name, between.name, second.name]
    assert newest_backup(ws.paths.journal) == second
