"""The owner's words in notes that the program keeps writing: attacked in every way we know."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from core import activity
from core.own_part import KEPT, found_in, markers, marks_of, renewed
from core.pages import write
from core.workspace import Workspace
from utils.clock import local_day

BEGIN, END = markers("page")
FIRST = "> [!todo] 1 decision\n> - [[APR-1]]\n\n| a | b |\n| --- | --- |\n| 1 | 2 |"
SECOND = "> [!todo] 2 decisions\n> - [[APR-2]]\n\n| a | b |\n| --- | --- |\n| 3 | 4 |"
THIRD = SECOND.replace("2 decisions", "3 decisions")
NOTE = f"---\ntype: page\n---\n# My words\n\n{BEGIN}\n{FIRST}\n{END}\n\nBelow\n"
WORDS = "MINE - call Acme"
Change = Callable[[str], str]


def twice(text: str) -> str:
    """Write the note anew two times, as the program does; return it."""
    once = renewed(text, "page", SECOND, marks_of(FIRST))
    return renewed(once, "page", THIRD, marks_of(SECOND))


def lines(text: str) -> list[str]:
    return [line.strip("\r\ufeff") for line in text.split("\n") if line.strip()]


ENCODINGS: dict[str, Change] = {
    "plain": lambda text: text,
    "crlf": lambda text: text.replace("\n", "\r\n"),
    "mark": lambda text: f"\ufeff{text}",
    "no-last-line-end": lambda text: text.rstrip("\n"),
}
DAMAGES: dict[str, Change] = {
    "whole": lambda text: text,
    "no-begin": lambda text: text.replace(BEGIN, ""),
    "no-end": lambda text: text.replace(END, ""),
    "no-begin-line": lambda text: text.replace(f"{BEGIN}\n", ""),
    "end-twice": lambda text: text.replace(END, f"{END}\n{END}"),
    "begin-twice": lambda text: text.replace(BEGIN, f"{BEGIN}\n{BEGIN}"),
    "doubled": lambda text: text + text.split("---\n", 2)[2],
    "turned-round": lambda text: text.replace(BEGIN, "@").replace(END, BEGIN).replace("@", END),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize("encoding", ENCODINGS.values(), ids=ENCODINGS)
@pytest.mark.parametrize("place", range(3, NOTE.count("\n") + 1))
def test_words_anywhere_stay_and_our_part_is_there_once(
    place: int, encoding: Change, damage: Change
) -> None:
    at = NOTE.split("\n")
    at.insert(place, WORDS)
    before = encoding(damage("\n".join(at)))
    after = twice(before)
    assert lines(after).count(WORDS) >= 1
    for own in ("# My words", "Below", "type: page"):
        assert lines(after).count(own) == lines(before).count(own)
    assert after.count("3 decisions") == 1
    assert "2 decisions" not in after
    assert after.count(KEPT) <= 1
    has_mixed = after.replace("\r\n", "").count("\n") and "\r\n" in after
    assert not has_mixed
    assert renewed(after, "page", THIRD, marks_of(THIRD)) == after


@pytest.mark.parametrize("damage", ["whole", "doubled", "end-twice"])
def test_our_old_words_do_not_stay_beside_the_new(damage: str) -> None:
    after = twice(DAMAGES[damage](NOTE))
    assert "1 decision\n" not in after
    assert after.count("| --- | --- |") == 1


@pytest.mark.parametrize("damage", ["no-begin-line", "no-begin", "no-end"])
def test_a_deleted_marker_leaves_nothing_stale(damage: str) -> None:
    """Without a pair the part is added below, and what stands beside the lone marker goes."""
    after = twice(DAMAGES[damage](NOTE))
    assert "1 decision\n" not in after
    assert "# My words" in after
    assert "Below" in after


def test_words_behind_a_marker_stay() -> None:
    after = twice(NOTE.replace(END, f"{END} and my words").replace(BEGIN, f"before {BEGIN}"))
    assert "and my words" in after
    assert "before %%" in after


def test_without_a_memory_all_between_the_markers_is_ours() -> None:
    after = renewed(NOTE, "page", SECOND, None)
    assert found_in(after, "page") == SECOND
    assert KEPT not in after


def test_words_typed_into_a_page_stay_through_crash_and_restart(
    ws: Workspace, tmp_path: Path
) -> None:
    page = ws.vault.root / "Page.md"
    write(ws, page, "page", FIRST)
    page.write_text(page.read_text().replace("> - [[APR-1]]", f"> - [[APR-1]]\n{WORDS}"))
    write(ws, page, "page", SECOND)
    assert page.read_text().count(WORDS) == 1
    assert "APR-1" not in page.read_text()
    page.write_text(NOTE)  # the disk forgot the last write; the memory of it did not
    write(ws, page, "page", SECOND.replace("APR-2", "APR-3"))
    assert "APR-3" in page.read_text()


def test_only_the_last_days_lines_are_remembered(ws: Workspace) -> None:
    today = local_day(ws.clock, ws.clock.now())
    first = ws.vault.folder(activity.Folder.ACTIVITY) / f"{activity.title(today)}.md"
    first.parent.mkdir(parents=True, exist_ok=True)
    for name in ("one", "two", "three"):
        write(ws, first.with_name(f"{name}.md"), "activity", FIRST)
    kept = ws.journal.recall("part:activity")
    assert kept["note"].endswith("three.md")
