"""`Dashboard.md`: what waits, what failed, what runs: `core/dashboard.py`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core import activity, approvals, tasks, vitals
from core.actions import State
from core.approvals import Request
from core.asks import Asks, Query, Unclear, ask
from core.dashboard import PART, Dashboard, age
from core.desk import Desk
from core.inspection import Inspector
from core.own_part import markers
from core.pages import AT_MOST_EVERY_S, SETTLE_S
from core.records import Row
from core.reports.writing import Report
from core.reports.writing import write as write_report
from core.vault import Folder
from core.workspace import Workspace
from utils.audit_log import Actor
from utils.clock import FixedClock, local_day

BEGIN, END = markers(PART)


class Bell:
    """Nobody is woken here."""

    def ring(self) -> None:
        """Ask for a look around."""

    def answer(self) -> None:
        """Tell that an answer has come."""


@pytest.fixture
def desk(ws: Workspace, runner: Any) -> Desk:
    return Desk(ws, runner, Bell())


@pytest.fixture
def board(ws: Workspace, desk: Desk) -> Dashboard:
    return Dashboard(ws, desk)


def written(ws: Workspace) -> str:
    return (ws.vault.root / "Dashboard.md").read_text()


def write(board: Dashboard, clock: FixedClock) -> None:
    board.refresh()
    clock.advance(AT_MOST_EVERY_S)
    board.refresh()


def test_what_waits_and_what_runs_is_shown(
    ws: Workspace, board: Dashboard, clock: FixedClock, invoice: dict[str, Any]
) -> None:
    row, _ = approvals.propose(ws, Request("odoo.create_invoice", invoice, Actor.CLAUDE))
    write(board, clock)
    text = written(ws)
    assert "> [!todo] 1 decision waiting for 1 min\n" in text
    assert f"> - [[{row.note.removesuffix('.md')}]], since 2026-11-21 12:00\n" in text
    assert "Odoo: not set up - " in text
    assert "X: not set up" in text
    assert text.startswith(f"{BEGIN}\nAssistant: running, last look 2026-11-21 12:01:00 (")
    assert text.endswith(f"\n{END}\n")


def test_only_what_changed_is_written_and_not_more_than_once_a_minute(
    ws: Workspace, board: Dashboard, clock: FixedClock, row: Callable[..., Row]
) -> None:
    board.refresh()
    assert not (ws.vault.root / "Dashboard.md").exists()
    clock.advance(SETTLE_S)
    board.refresh()
    first = written(ws)
    clock.advance(1000)
    board.refresh()
    assert written(ws) == first  # nothing to say: not even the time
    ws.journal.register(row())
    board.refresh()
    clock.advance(SETTLE_S)
    board.refresh()
    second = written(ws)
    assert "1 decision waiting" in second
    ws.journal.register(row(action_id="B"))
    board.refresh()
    clock.advance(AT_MOST_EVERY_S - 1)
    board.refresh()
    assert written(ws) == second
    clock.advance(1)
    board.refresh()
    assert "2 decisions waiting" in written(ws)


def test_whoever_waits_is_woken(board: Dashboard, desk: Desk) -> None:
    board.refresh()
    assert desk.wanted_in_s == SETTLE_S


def test_a_stopped_assistant_says_so_at_once(ws: Workspace, board: Dashboard) -> None:
    board.refresh(stopping=True)
    assert "Assistant: stopped" in written(ws)


OWNERS = "# My page\n\nwords before\n"


@pytest.mark.parametrize(
    "before",
    [
        pytest.param("", id="empty"),
        pytest.param(OWNERS, id="no-markers"),
        pytest.param(f"{OWNERS}{BEGIN}\nold\n{END}\nwords after\n", id="markers"),
        pytest.param(f"{OWNERS}{BEGIN}\nwords after\n", id="end-deleted"),
        pytest.param(f"{OWNERS}{END}\nwords after\n", id="begin-deleted"),
        pytest.param(f"{END}\nwords after\n{BEGIN}\n{OWNERS}", id="turned-round"),
    ],
)
def test_the_owners_words_stay_however_often_it_is_written(
    ws: Workspace, board: Dashboard, clock: FixedClock, row: Callable[..., Row], before: str
) -> None:
    """Only what lies between a pair of markers is ours."""
    path = ws.vault.root / "Dashboard.md"
    path.write_text(before)
    for number in range(3):
        ws.journal.register(row(action_id=f"A{number}"))
        write(board, clock)
        text = written(ws)
        assert f"{number + 1} decision" in text
        for words in ("# My page", "words before", "words after"):
            assert (words in text) is (words in before)
        assert "\nold\n" not in text
    assert text.count("[!todo]") == 1


def test_a_dashboard_that_cannot_be_read_stops_nothing(
    ws: Workspace, board: Dashboard, clock: FixedClock
) -> None:
    path = ws.vault.root / "Dashboard.md"
    path.symlink_to("/etc/hostname")
    write(board, clock)
    assert path.is_symlink()


def test_a_pause_is_said_first(ws: Workspace, board: Dashboard, clock: FixedClock) -> None:
    (ws.vault.root / "PAUSE.md").touch()
    write(board, clock)
    said = "> [!warning] PAUSED: nothing is sent; to go on, delete `PAUSE.md`\n\n> [!success]"
    assert said in written(ws)


def test_a_note_that_was_set_aside_is_named_with_its_reason(
    ws: Workspace, board: Dashboard, clock: FixedClock
) -> None:
    folder = ws.vault.folder(Folder.QUARANTINE)
    for name in ("Pay it.md", "Pay it.reason.md"):
        (folder / name).write_text("> [!failure] No.\n")
    write(board, clock)
    assert "1 note was not understood, and not done: see `Quarantine`" in written(ws)
    assert "> - [[Pay it]] ([[Pay it.reason]])\n" in written(ws)
    for path in folder.iterdir():
        path.unlink()
    clock.advance(AT_MOST_EVERY_S)
    write(board, clock)
    assert "Quarantine" not in written(ws)


def test_what_is_in_review_is_said_with_its_reason(
    ws: Workspace, board: Dashboard, clock: FixedClock, row: Callable[..., Row]
) -> None:
    ws.journal.register(
        row(state=State.UNKNOWN, filed_at=clock.now(), summary="Lost [[x]] | answer")
    )
    write(board, clock)
    text = written(ws)
    assert "> [!failure] 1 action was not done, or in doubt: see `Needs_Review`" in text
    assert "> - [[APR-20261121-001 Invoice]]: Lost x answer" in text


def test_what_is_left_alone_is_named(
    ws: Workspace, board: Dashboard, desk: Desk, clock: FixedClock
) -> None:
    (ws.vault.root / "Approved" / "a [[x]].txt").touch()
    desk.look_around()
    write(board, clock)
    assert "> - Approved/a x .txt: not a note: only .md files are read here" in written(ws)


def test_a_handbook_that_is_not_used_is_said(
    ws: Workspace, board: Dashboard, clock: FixedClock
) -> None:
    (ws.vault.root / "Company_Handbook.md").write_text("```policy\nlimit: 1\n```\n")
    write(board, clock)
    assert "> [!warning] The policy block in Company_Handbook.md is not used" in written(ws)


def test_a_long_list_is_cut(
    ws: Workspace, board: Dashboard, clock: FixedClock, row: Callable[..., Row]
) -> None:
    for number in range(50):
        ws.journal.register(row(action_id=f"A{number:02d}", note=f"note {number:02d}.md"))
    write(board, clock)
    text = written(ws)
    assert "50 decisions waiting" in text
    assert text.count("> - [[") == 10
    assert "> - and 40 more in `Pending_Approval`" in text


def test_what_ended_today_and_this_week_is_counted(
    ws: Workspace, board: Dashboard, clock: FixedClock, row: Callable[..., Row]
) -> None:
    """12:00 on a Saturday: today, the Monday before, and the Sunday before that."""
    ends = {"today": 0, "monday": 5 * 86_400 + 12 * 3600 - 1, "sunday": 5 * 86_400 + 12 * 3600 + 1}
    for name, seconds in ends.items():
        at = clock.now() - timedelta(seconds=seconds)
        ws.journal.register(row(action_id=name, state=State.DONE, finished_at=at, filed_at=at))
    tasks.drop(ws, tasks.Dropped("k", "file", "a", "b", clock.now(), ""))
    write(board, clock)
    text = written(ws)
    assert "| Done | 1 | 2 |" in text
    assert "| Came in | 1 | 1 |" in text


def test_links_lead_only_to_notes_that_are_there(
    ws: Workspace, board: Dashboard, clock: FixedClock
) -> None:
    write(board, clock)
    assert "What I did today" not in written(ws)
    tasks.drop(ws, tasks.Dropped("k", "file", "a", "b", clock.now(), ""))
    activity.write(ws, local_day(clock, clock.now()))
    for week in ("2026-11-16", "2026-11-09"):
        name = f"{week}-briefing.md"
        write_report(ws, Report("briefing", Folder.BRIEFINGS, name, {"type": "briefing"}, "Words"))
    write(board, clock)
    links = "[[Activity 2026-11-21|What I did today]] - [[2026-11-16-briefing|The last briefing]]"
    assert links in written(ws)
    (ws.vault.folder(Folder.BRIEFINGS) / "2026-11-16-briefing.md").unlink()
    tasks.drop(ws, tasks.Dropped("l", "file", "a", "c", clock.now(), ""))
    write(board, clock)
    assert "The last briefing" not in written(ws)


def test_an_open_question_is_shown(ws: Workspace, board: Dashboard, clock: FixedClock) -> None:
    """What it keeps from becoming a proposal would else wait for ever."""
    source = tasks.drop(ws, tasks.Dropped("k", "file", "a", "Scan", clock.now(), ""))
    query = Query("kind", "What is it?", "It cannot be read.", ("A bill",))
    asked = ask(ws, source, Unclear("A scan.", [query]))
    write(board, clock)
    assert "> [!success] No proposal waits for you\n" in written(ws)
    assert f"1 question waits for your answer\n> - [[{asked.name[:-3]}]]" in written(ws)
    (ws.vault.root / "Needs_Action" / asked.name).unlink()
    write(board, clock)
    assert "Nothing waits for you" in written(ws)


def test_an_answer_that_cannot_be_taken_says_so_in_its_note(
    ws: Workspace, clock: FixedClock
) -> None:
    source = tasks.drop(ws, tasks.Dropped("k", "file", "a", "Scan", clock.now(), ""))
    query = Query("kind", "What is it?", "It cannot be read.", ("A bill", "An offer"))
    path = ws.vault.root / "Needs_Action" / ask(ws, source, Unclear("A scan.", [query])).name
    path.write_text(path.read_text().replace("- [ ] A", "- [x] A"))
    asks = Asks(ws, Inspector(ws.vault, ws.clock))
    clock.advance(60)
    assert asks.answered() == []
    assert asks.answered() == []
    line = "- Not taken yet: this note has two boxes ticked under “What is it?”; tick one."
    assert path.read_text().count(line) == 1
    path.write_text(path.read_text().replace("- [x] An", "- [ ] An"))
    clock.advance(60)
    asks.answered()
    clock.advance(60)
    ((_, answer),) = asks.answered()
    assert answer.replies == {"kind": "A bill"}


def test_an_old_time_on_it_means_a_dead_daemon(
    ws: Workspace, board: Dashboard, clock: FixedClock
) -> None:
    """Nothing happens for hours, and still the time is never older than 15 minutes and a little."""
    write(board, clock)
    for _ in range(24):
        clock.advance(300)
        board.refresh()
        clock.advance(SETTLE_S)
        board.refresh()
    shown = datetime.fromisoformat(written(ws).split("last look ")[1][:19]).replace(tzinfo=UTC)
    assert clock.now() - shown <= timedelta(minutes=15, seconds=SETTLE_S)


def test_the_mailbox_is_shown_and_its_time_alone_is_no_reason_to_write(
    ws: Workspace, board: Dashboard, clock: FixedClock
) -> None:
    vitals.say(ws.journal, clock, vitals.GMAIL, "ok")
    write(board, clock)
    first = written(ws)
    assert "Mail: ok, 2026-11-21 12:00:00" in first
    clock.advance(120)
    vitals.say(ws.journal, clock, vitals.GMAIL, "ok")
    write(board, clock)
    assert written(ws) == first
    vitals.say(ws.journal, clock, vitals.GMAIL, "paused: sign in again")
    board.refresh()
    clock.advance(SETTLE_S)
    board.refresh()
    assert "> [!warning] The mailbox: paused: sign in again" in written(ws)


def test_a_page_somebody_is_typing_in_is_written_a_minute_later(
    ws: Workspace, board: Dashboard, clock: FixedClock
) -> None:
    path = ws.vault.root / "Dashboard.md"
    path.mkdir()
    write(board, clock)
    path.rmdir()
    board.refresh()
    assert not path.exists()
    clock.advance(AT_MOST_EVERY_S)
    board.refresh()
    assert "Assistant: running" in written(ws)


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        (0, "under a minute"),
        (0.05, "3 min"),
        (1.5, "90 min"),
        (19, "19 h"),
        (47, "47 h"),
        (72, "3 days"),
    ],
)
def test_an_age_is_said_as_people_say_it(hours: float, words: str) -> None:
    assert age(timedelta(hours=hours)) == words


def test_our_part_ends_its_lines_as_the_file_does(
    ws: Workspace, board: Dashboard, clock: FixedClock
) -> None:
    path = ws.vault.root / "Dashboard.md"
    path.write_bytes(f"# Mine\r\n\r\n{BEGIN}\r\nold\r\n{END}\r\n\r\nBelow.\r\n".encode())
    write(board, clock)
    data = path.read_bytes()
    assert data.startswith(b"# Mine\r\n\r\n")
    assert data.endswith(b"\r\n\r\nBelow.\r\n")
    assert b"Nothing waits for you" in data
    assert data.count(b"\n") == data.count(b"\r\n")
