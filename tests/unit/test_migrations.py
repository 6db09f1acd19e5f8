"""The journal's format over time: `core/migrations.py`."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from core.actions import Mode, State, Tier
from core.journal import Journal
from core.migrations import MIGRATIONS
from core.records import COLUMNS
from utils.clock import FixedClock


def made(path: Path, steps: int) -> None:
    """Make a journal as a program that knew so many steps left it."""
    connection = sqlite3.connect(path)
    with connection:
        for statements in MIGRATIONS[:steps]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {steps}")
    connection.close()


def schema(path: Path) -> list[tuple[str, str]]:
    connection = sqlite3.connect(path)
    rows = connection.execute(
        "SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name"
    ).fetchall()
    connection.close()
    return rows


@pytest.mark.parametrize("steps", range(1, len(MIGRATIONS) + 1))
def test_every_earlier_format_becomes_the_present_one(tmp_path: Path, steps: int) -> None:
    old, fresh = tmp_path / "old.sqlite", tmp_path / "fresh.sqlite"
    made(old, steps)
    Journal.open(old, FixedClock(), may_create=False).close()
    Journal.open(fresh, FixedClock(), may_create=True).close()
    assert schema(old) == schema(fresh)
    connection = sqlite3.connect(old)
    assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
    connection.close()


def test_a_second_opening_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    Journal.open(path, FixedClock(), may_create=True).close()
    before = schema(path)
    Journal.open(path, FixedClock(), may_create=False).close()
    assert schema(path) == before


def test_two_who_open_a_fresh_journal_make_it_once(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    one = Journal.open(path, FixedClock(), may_create=True)
    other = Journal(path, FixedClock())
    other._prepare(may_create=True)
    one.remember("fact", 1)
    assert other.recall("fact") == 1
    one.close()
    other.close()


def test_a_failed_step_leaves_the_format_before_it(tmp_path: Path) -> None:
    """A table in the way stops the step, and the number is not raised."""
    path = tmp_path / "journal.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE sources (theirs)")
    connection.close()
    journal = Journal(path, FixedClock())
    with pytest.raises(sqlite3.OperationalError, match="sources"):
        journal._prepare(may_create=True)
    assert journal._synced.execute("PRAGMA user_version").fetchone()[0] == 0
    assert [name for name, _ in schema(path)] == ["sources"]
    journal.close()


def test_the_table_has_the_columns_of_a_row(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    Journal.open(path, FixedClock(), may_create=True).close()
    connection = sqlite3.connect(path)
    columns = {row[1] for row in connection.execute("PRAGMA table_info(actions)")}
    connection.close()
    assert columns == set(COLUMNS)


@pytest.mark.parametrize("words", [Mode, State, Tier], ids=lambda words: words.__name__)
def test_the_database_knows_every_word(tmp_path: Path, words: type[Mode | State | Tier]) -> None:
    path = tmp_path / "journal.sqlite"
    Journal.open(path, FixedClock(), may_create=True).close()
    (sql,) = (sql for name, sql in schema(path) if name == "actions")
    assert all(f"'{word}'" in sql for word in words)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM actions WHERE state IN ('pending')",
        "SELECT * FROM actions WHERE filed_at IS NULL AND state IN ('done')",
        "SELECT 1 FROM actions WHERE counterparty = 'x' AND state = 'done' LIMIT 1",
        "SELECT 1 FROM actions WHERE mode IN ('live') LIMIT 1",
        "SELECT * FROM actions WHERE kind = 'x' AND created_at >= 'y' AND state = 'done'",
        "SELECT number FROM story WHERE seq IS NULL ORDER BY number LIMIT 5",
        "SELECT number FROM story WHERE seq > 5 ORDER BY seq",
        "SELECT number FROM story WHERE action_id = 'x' ORDER BY number",
        "SELECT * FROM actions WHERE source = 'x' ORDER BY created_at",
        "SELECT * FROM sources WHERE triaged IS NULL ORDER BY at, note_id",
        "SELECT * FROM sources WHERE key = 'x'",
    ],
)
def test_no_daily_question_reads_everything(tmp_path: Path, query: str) -> None:
    """260,000 archived actions must not be noticed."""
    path = tmp_path / "journal.sqlite"
    Journal.open(path, FixedClock(), may_create=True).close()
    connection = sqlite3.connect(path)
    plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {query}")]
    connection.close()
    reads = [step for step in plan if not step.startswith("USE TEMP B-TREE")]
    assert reads
    assert all(step.startswith("SEARCH") or "USING INDEX" in step for step in reads), plan
