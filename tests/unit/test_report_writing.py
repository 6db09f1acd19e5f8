"""A report as a note: ours between markers, everything else the owner's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from core import frontmatter
from core.own_part import KEPT, markers
from core.reports.writing import Report, write
from core.strict_yaml import Plain
from core.vault import Folder
from core.workspace import Workspace
from utils import files

REPORT = Report(
    "briefing",
    Folder.BRIEFINGS,
    "2026-11-23-briefing.md",
    {"type": "briefing", "generated": Plain("2026-11-21T09:30:00"), "data_gaps": []},
    "> [!summary] First\n\n## Done\n\nNothing.",
)
LATER = replace(
    REPORT,
    text="> [!summary] Second",
    front={**REPORT.front, "generated": Plain("2026-11-22T09:30:00")},
)


@pytest.fixture
def path(ws: Workspace) -> Path:
    return write(ws, REPORT)


def test_a_new_note_holds_our_part_and_room_for_the_owner(ws: Workspace, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert ws.vault.relative(path) == "CEO_Briefings/2026-11-23-briefing.md"
    assert f"\n{REPORT.block}\n\n## Your notes\n" in text
    assert frontmatter.read(text)["type"] == "briefing"


def test_the_same_words_leave_every_byte(ws: Workspace, path: Path) -> None:
    before = path.read_bytes()
    write(ws, replace(REPORT, front=LATER.front))
    assert path.read_bytes() == before


def test_what_the_owner_wrote_around_it_stays(ws: Workspace, path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace("type:", "mood: good\ntype:")
    path.write_text(f"{text}Call Acme.\n", encoding="utf-8")
    write(ws, LATER)
    after = path.read_text(encoding="utf-8")
    assert "Call Acme.\n" in after
    assert frontmatter.read(after)["mood"] == "good"
    assert frontmatter.read(after)["generated"] == "2026-11-22T09:30:00"
    assert "Second" in after
    assert "First" not in after


def test_what_the_owner_wrote_into_our_part_is_kept_once(ws: Workspace, path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace("Nothing.", "Nothing. MY OWN WORDS")
    path.write_text(text, encoding="utf-8")
    write(ws, LATER)
    write(ws, replace(LATER, text="> [!summary] Third"))
    after = path.read_text(encoding="utf-8")
    assert after.count("MY OWN WORDS") == 1
    assert after.count(KEPT) == 1
    assert "Third" in after
    assert "Second" not in after


def test_markers_that_were_deleted_cost_nothing(ws: Workspace, path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace(markers("briefing")[1], "")
    path.write_text(text, encoding="utf-8")
    write(ws, LATER)
    after = path.read_text(encoding="utf-8")
    assert "First" not in after, "what is left of our part says nothing but our words"
    assert after.count(LATER.block) == 1
    assert "## Your notes" in after


def test_windows_line_ends_stay(ws: Workspace, path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    write(ws, LATER)
    after = path.read_bytes()
    assert after.count(b"\n") == after.count(b"\r\n")
    assert b"Second" in after


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace("type:", "type: x\ntype:"),
        lambda text: text.split("---\n", 2)[2],
        lambda text: text.replace("---\n", "--\n"),
    ],
    ids=["doubled-key", "deleted", "broken-fence"],
)
def test_properties_that_cannot_be_read_stop_no_report(
    ws: Workspace, path: Path, damage: Callable[[str], str]
) -> None:
    text = damage(path.read_text(encoding="utf-8"))
    path.write_text(text, encoding="utf-8")
    write(ws, LATER)
    assert path.read_text(encoding="utf-8") == text.replace(REPORT.text, LATER.text)


def test_a_byte_order_mark_hides_nothing(ws: Workspace, path: Path) -> None:
    path.write_text(f"\ufeff{path.read_text(encoding='utf-8')}", encoding="utf-8")
    write(ws, LATER)
    after = path.read_text(encoding="utf-8")
    assert after.startswith("\ufeff---\n")
    assert frontmatter.read(after)["generated"] == "2026-11-22T09:30:00"
    assert "Second" in after
    assert "First" not in after


def test_a_report_of_an_older_program_is_ours_unless_it_was_edited(
    ws: Workspace, path: Path
) -> None:
    """It kept one digest of all its lines."""
    fact = f"report:{Folder.BRIEFINGS}/{REPORT.name}"
    ws.journal.remember(fact, files.digest(REPORT.text.encode()))
    write(ws, LATER)
    assert KEPT not in path.read_text(encoding="utf-8")
    ws.journal.remember(fact, files.digest(LATER.text.encode()))
    path.write_text(path.read_text(encoding="utf-8").replace("Second", "Second, mine"))
    write(ws, REPORT)
    assert "Second, mine" in path.read_text(encoding="utf-8")
