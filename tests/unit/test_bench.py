"""The benchmark measures what it says, and a long history costs a round nothing."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path

import pytest

from bench import __main__ as bench
from bench import books, briefing, calibration, corpus, logs, naive, startup
from bench.bed import Bed, BenchError, naive_loop, propose_one, wait_until
from bench.calibration import Units
from bench.latency import moves_of
from bench.table import Row, quantile, short, show
from core.vault import Folder
from core.workspace import Workspace


def test_a_row_is_kept_or_missed_by_its_figure_or_its_ratio() -> None:
    assert Row("a", 3.0, "ms", budget=3.0).is_kept is True
    assert Row("a", 3.1, "ms", budget=3.0).is_kept is False
    assert Row("a", 99.0, "ms", ratio=1.1, budget=1.2, budget_is_ratio=True).is_kept is True
    assert Row("a", 0.1, "ms", ratio=1.3, budget=1.2, budget_is_ratio=True).is_kept is False
    assert Row("a", 1.0, "ms").is_kept is None


def test_figures_are_short_and_quantiles_are_real_values(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert [short(n) for n in (0, 0.01234, 1.234, 12.34, 1234.5)] == [
        *("0", "0.0123", "1.23", "12.3", "1,234"),
    ]
    assert quantile([5, 1, 3], 0.5) == 3
    assert quantile(list(range(1, 101)), 0.99) == 99
    show([Row("move", 12.34, "ms", naive=500.0, ratio=0.02468, budget=20, how="p50")])
    assert capsys.readouterr().out.splitlines()[1].split("\t") == [
        *("move", "12.3 ms", "500 ms", "0.0247x", "<= 20 ms", "kept", "p50"),
    ]


def test_a_move_is_told_by_the_log() -> None:
    def entry(event: str, at: str, **fields: object) -> dict[str, object]:
        return {"event": event, "action_id": "APR-1", "timestamp": f"1970-01-01T00:00:{at}Z"} | (
            fields
        )

    story = [
        entry("approved", "10.002000"),
        entry("called", "10.007000", duration_ms=2),
        entry("outcome", "10.008000"),
        entry("filed", "10.011000"),
    ]
    (move,) = moves_of(story, {"APR-1": 10.0})
    assert move.sent_ms == pytest.approx(5.0)
    assert move.stages_ms == pytest.approx((2.0, 3.0, 3.0, 3.0))


def test_a_wait_ends() -> None:
    with pytest.raises(BenchError, match="the moon"):
        wait_until(lambda: False, "the moon", limit_s=0.02)


def test_calibration_and_log_are_measured(tmp_path: Path) -> None:
    units, rows = calibration.measure(tmp_path, quick=True)
    assert units.f_ms > 0
    assert units.b_ms > 0
    rows += logs.measure(tmp_path, Units(1.0, 1.0), quick=True)
    assert all(row.value > 0 and row.how for row in rows)


def test_the_naive_loop_does_what_it_is_held_against_for(tmp_path: Path) -> None:
    bed = Bed(tmp_path / "ours")
    with bed.workspace() as ws:
        notes = [propose_one(ws, number) for number in (1, 2)]
    with naive_loop(tmp_path / "naive", poll_s=0.05):
        for note in notes:
            (tmp_path / "naive" / "Approved" / note.name).write_bytes(note.read_bytes())
        wait_until(lambda: len(list((tmp_path / "naive" / "Completed").iterdir())) == 2, "both")
    entries = json.loads((tmp_path / "naive" / "log.json").read_text(encoding="utf-8"))
    assert [entry["request"]["action"] for entry in entries] == [
        *("odoo.create_invoice", "twitter.create_post"),
    ]
    assert naive.parameters(notes[0].read_text(encoding="utf-8"))["customer_id"] == 14


def test_a_bed_is_never_live_whatever_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRY_RUN", "false")
    monkeypatch.setenv("ODOO_LIVE", "true")
    settings = Bed(tmp_path).settings
    assert settings.flag("DRY_RUN")
    assert not settings.flag("ODOO_LIVE")


def test_a_made_up_history_is_one_that_the_program_accepts(tmp_path: Path) -> None:
    bed = Bed(tmp_path)
    startup.history(bed, 20)
    with bed.workspace() as ws:
        verdict = ws.chronicle.verify()
        assert verdict.ok, verdict.first_bad
        assert verdict.entries_checked == 62
        assert not ws.chronicle.is_cut()


def test_what_has_ended_costs_a_round_nothing(tmp_path: Path) -> None:
    """Without being told, SQLite reads every finished action to find those not filed yet."""

    def steps(count: int) -> int:
        bed = Bed(tmp_path / str(count))
        startup.history(bed, count)
        with bed.workspace() as ws:
            return _steps(ws)

    assert steps(2_000) == steps(200)


def _steps(ws: Workspace) -> int:
    """Return how many instructions SQLite needs for what a round asks it."""
    seen: list[int] = []
    connection: sqlite3.Connection = ws.journal._light
    connection.set_progress_handler(lambda: seen.append(1), 10)
    ws.journal.unfiled()
    connection.set_progress_handler(None, 0)
    return len(seen)


def test_acts_at_odoo_and_the_reading_of_mails_are_measured(tmp_path: Path) -> None:
    rows = {row.name: row for row in [*books.measure(tmp_path), *corpus.measure(tmp_path)]}
    assert rows["odoo create_invoice, requests"].is_kept
    assert rows["odoo tool list"].value > 1000
    assert rows["corpus, amount"].value == 1.0


@pytest.mark.slow
def test_the_quick_run_measures_everything(tmp_path: Path) -> None:
    out = tmp_path / "bench.json"
    assert bench.main(["--quick", "--dir", str(tmp_path), "--out", str(out)]) == 0
    report = json.loads(out.read_text(encoding="utf-8"))
    names = [row["name"] for row in report["rows"]]
    assert report["failures"] == []
    for word in (
        "F:",
        "log append",
        "move -> call",
        "burst",
        "ready",
        "briefing",
        "idle CPU",
        "memory",
        "flood",
        "mail ->",
    ):
        assert any(word in name for name in names), word


def test_a_made_up_year_is_one_that_a_briefing_counts(tmp_path: Path) -> None:
    bed = Bed(tmp_path)
    briefing.year(bed, 5_200)
    with bed.workspace() as ws:
        work_s, note_s = briefing.briefing_s(ws)
        (note,) = ws.vault.folder(Folder.BRIEFINGS).glob("*.md")
        text = note.read_text(encoding="utf-8")
    assert work_s > 0
    assert note_s > 0
    found = re.search(r"(\d+) actions done, (\d+) dry runs shown, (\d+) failed", text)
    assert found is not None
    assert 65 <= int(found[1]) <= 75
