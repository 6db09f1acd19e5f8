"""The note of each day's acts and touched notes: `core/activity.py`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from core import activity, approvals
from core.actions import State
from core.activity import Activity
from core.approvals import Request
from core.desk import Desk
from core.pages import AT_MOST_EVERY_S, SETTLE_S
from core.records import Row
from core.workspace import Workspace
from mcp_servers.sandbox import Sandbox
from tests.support import Office, Quiet
from utils.audit_log import Actor, Event
from utils.clock import FixedClock


@pytest.fixture
def diary(ws: Workspace, runner: Any) -> Activity:
    return Activity(ws, Desk(ws, runner, Quiet()))


def note(ws: Workspace, day: str = "2026-11-21") -> Path:
    return ws.vault.root / "Activity" / f"Activity {day}.md"


def propose(ws: Workspace, invoice: dict[str, Any]) -> str:
    row, _ = approvals.propose(ws, Request("odoo.create_invoice", invoice, Actor.CLAUDE))
    return row.note.removesuffix(".md")


def test_a_day_without_acts_gets_no_note(ws: Workspace, diary: Activity, clock: FixedClock) -> None:
    diary.refresh(stopping=True)
    assert not note(ws).exists()


def test_a_proposal_is_a_touched_note_and_nothing_outside(
    ws: Workspace, diary: Activity, clock: FixedClock, invoice: dict[str, Any]
) -> None:
    name = propose(ws, invoice)
    diary.refresh()
    assert not note(ws).exists()
    clock.advance(SETTLE_S)
    diary.refresh()
    text = note(ws).read_text()
    assert "Nothing outside this vault was changed." in text
    assert f"- 12:00 [[{name}]]: proposed by Claude, trace `APR-20261121-001`" in text


def test_it_is_written_at_most_once_a_minute(
    ws: Workspace, diary: Activity, clock: FixedClock, invoice: dict[str, Any]
) -> None:
    propose(ws, invoice)
    diary.refresh()
    clock.advance(SETTLE_S)
    diary.refresh()
    first = note(ws).read_text()
    propose(ws, invoice)
    diary.refresh()
    clock.advance(AT_MOST_EVERY_S - 1)
    diary.refresh()
    assert note(ws).read_text() == first
    clock.advance(1)
    diary.refresh()
    assert "APR-20261121-002" in note(ws).read_text()


def test_the_owners_words_around_it_stay(
    ws: Workspace, diary: Activity, clock: FixedClock, invoice: dict[str, Any]
) -> None:
    propose(ws, invoice)
    diary.refresh(stopping=True)
    path = note(ws)
    path.write_text(path.read_text().replace("tags:\n", "mood: good\ntags:\n") + "\nA good day.\n")
    propose(ws, invoice)
    diary.refresh(stopping=True)
    text = path.read_text()
    assert text.endswith("\nA good day.\n")
    assert "APR-20261121-002" in text
    assert text.count("## Outside") == 1


def test_a_day_that_ended_while_nobody_ran_is_written_at_the_next_start(
    ws: Workspace, diary: Activity, clock: FixedClock, invoice: dict[str, Any]
) -> None:
    propose(ws, invoice)
    clock.advance(3 * 86_400)
    diary.refresh()
    assert "APR-20261121-001" in note(ws).read_text()
    assert not note(ws, "2026-11-24").exists()


def test_long_days_name_where_the_rest_is(
    ws: Workspace, clock: FixedClock, invoice: dict[str, Any]
) -> None:
    propose(ws, invoice)
    propose(ws, invoice)
    text = activity.render(ws, date(2026, 11, 21), shown=1) or ""
    assert "APR-20261121-002" in text
    assert "- and 1 earlier: `bin/run log --date 2026-11-21`" in text
    assert "[[APR-20261121-001" not in text


def test_words_from_outside_are_inert(ws: Workspace, invoice: dict[str, Any]) -> None:
    propose(ws, {**invoice, "customer": "x [[Approved/y]] | `z` <img>"})
    text = activity.render(ws, date(2026, 11, 21)) or ""
    assert "<img" not in text
    assert text.count("[[") == 1


def test_a_dry_run_is_no_act(office: Office) -> None:
    action_id, path = office.invoice()
    office.approve(path)
    office.pass_time(10)
    text = activity.render(office.ws, date(2026, 11, 21)) or ""
    assert "Nothing outside this vault was changed." in text
    assert f"filed as dry run completed, trace `{action_id}`" in text


def test_an_act_is_shown_once_with_its_trace_and_how_to_undo_it(live: Office) -> None:
    ids = []
    for action_id, path in (live.invoice(), live.post()):
        ids.append(action_id)
        live.approve(path)
    live.pass_time(10)
    outside = (activity.render(live.ws, date(2026, 11, 21)) or "").split("## Notes")[0]
    for action_id in ids:
        assert outside.count(f"trace `{action_id}`") == 1
        assert live.note(action_id).stem in outside
    assert "Odoo: " in outside
    assert "X: " in outside
    assert "    - To undo it: delete the draft in Odoo.\n" in outside
    assert outside.count("<http") == 2


def test_an_act_that_was_read_back_is_shown_once(live: Office, sandbox: Sandbox) -> None:
    sandbox.fault("twitter", "lost_answer", match="twitter.create_post")
    action_id, path = live.post()
    live.approve(path)
    live.pass_time(10)
    outside = (activity.render(live.ws, date(2026, 11, 21)) or "").split("## Notes")[0]
    assert "IN DOUBT" not in outside
    assert outside.count(f"trace `{action_id}`") == 1


def test_an_act_in_doubt_is_said_to_be_in_doubt(ws: Workspace, row: Callable[..., Row]) -> None:
    made = row(state=State.UNKNOWN, summary="The answer was lost.")
    ws.journal.register(
        made, approvals.base_entry(made, Event.OUTCOME, Actor.DAEMON, result="unknown")
    )
    outside = (activity.render(ws, date(2026, 11, 21)) or "").split("## Notes")[0]
    assert "Odoo: IN DOUBT: The answer was lost." in outside
