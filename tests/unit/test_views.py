"""Answers for people and programs: `core/views.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core import approvals, frontmatter, tasks, views
from core.actions import State
from core.approvals import Request
from core.asks import Query, Unclear, ask
from core.presence import acquire_lock
from core.records import Entry, Row
from core.telling import sentence
from core.vault import Folder
from core.workspace import Workspace
from utils.audit_log import Actor, Event
from utils.clock import FixedClock
from utils.errors import UsageError


@pytest.fixture
def proposed(ws: Workspace, invoice: dict[str, Any]) -> Row:
    row, _ = approvals.propose(ws, Request("odoo.create_invoice", invoice, Actor.CLAUDE))
    return row


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"event": "filed", "result": "completed"}, "note filed as completed"),
        ({"event": "filed", "action": "audit.write"}, "written"),
        ({"event": "filed", "error": "an equal copy"}, "tidied: an equal copy"),
    ],
)
def test_what_was_done_with_a_note_is_said(entry: dict[str, str], words: str) -> None:
    assert sentence(entry) == words


def test_what_waits_is_listed_oldest_first(
    ws: Workspace, proposed: Row, clock: FixedClock, invoice: dict[str, Any]
) -> None:
    clock.advance(1)
    approvals.propose(ws, Request("odoo.create_invoice", invoice, Actor.CLAUDE))
    first, second = views.pending(ws)
    assert first == {
        "action_id": proposed.action_id,
        "action": "odoo.create_invoice",
        "note": f"Pending_Approval/{proposed.note}",
        "mode": "dry_run",
        "tier": "approval_required",
        "created": "2026-11-21T12:00:00",
        "expires": "2026-11-28T12:00:00",
    }
    assert second["action_id"] == "APR-20261121-002"


def test_a_note_is_shown_where_it_lies_now(ws: Workspace, proposed: Row) -> None:
    path = ws.vault.root / "Pending_Approval" / proposed.note
    path.rename(ws.vault.root / "Approved" / proposed.note)
    assert views.pending(ws)[0]["note"] == f"Approved/{proposed.note}"
    (ws.vault.root / "Approved" / proposed.note).unlink()
    assert views.pending(ws)[0]["note"] is None


def test_a_status_tells_what_runs_and_how_much_waits(
    ws: Workspace, proposed: Row, row: Callable[..., Row], clock: FixedClock
) -> None:
    ws.journal.register(row(action_id="sending", state=State.SENDING, attempt=1))
    ws.journal.register(row(action_id="doubt", state=State.UNKNOWN, filed_at=clock.now()))
    told = views.status(ws)
    assert told["daemon"] == "not running"
    assert (told["waiting"], told["under_way"], told["in_review"]) == (1, ["sending"], ["doubt"])
    assert (told["paused"], told["last_heartbeat"]) == (False, None)
    assert told["services"]["odoo"]["mode"] == "not set up"
    assert "DRY_RUN=false" in told["services"]["odoo"]["missing"]


def test_a_running_daemons_services_are_those_it_sees(ws: Workspace) -> None:
    """The settings may have changed since it was started."""
    lock = acquire_lock(ws.paths.state)
    ws.journal.remember("services", {"odoo": {"mode": "live", "missing": []}})
    told = views.status(ws)
    lock.release()
    assert told["daemon"] == "running"
    assert told["services"]["odoo"]["mode"] == "live"
    assert views.status(ws)["services"]["odoo"]["mode"] == "not set up"


def test_the_whole_story_of_an_action_is_told(ws: Workspace, proposed: Row) -> None:
    told = views.why(ws, proposed.action_id)
    assert (told["state"], told["payload"]) == ("pending", proposed.payload)
    assert told["reasons"] == list(proposed.reasons)
    assert [(line["event"], line["seq"]) for line in told["story"]] == [
        ("decided", 1),
        ("proposed", 2),
    ]


def test_why_of_what_came_in_tells_what_became_of_it(ws: Workspace, clock: FixedClock) -> None:
    """The id on a task note is the one its reader has at hand."""
    source = tasks.drop(ws, tasks.Dropped("k", "email", "a", "Scan", clock.now(), ""))

    def said(given: str) -> str:
        with pytest.raises(UsageError) as raised:
            views.why(ws, given)
        return str(raised.value)

    assert said(source.note_id.lower()).endswith("Scan. Nothing was proposed from it.")
    query = Query("kind", "What is it?", "It cannot be read.", ("A bill",))
    asked = ask(ws, source, Unclear("A scan.", [query]))
    assert f"It waits for your answer in {asked.name}" in said(source.note_id)
    assert said(asked.ask_id).startswith(f"{asked.ask_id} is a question: {source.note_id} Scan.")


@pytest.mark.parametrize("ask", [views.why, lambda ws, i: views.move_note(ws, i, Folder.APPROVED)])
def test_an_unknown_id_is_a_wrong_question(ws: Workspace, ask: Callable[..., Any]) -> None:
    with pytest.raises(UsageError, match=r"There is no action APR-1\."):
        ask(ws, "APR-1")


# -- words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"event": "proposed", "actor": "claude"}, "proposed by Claude"),
        (
            {"event": "decided", "parameters": {"tier": "hard_stop", "rules": ["a", "b"]}},
            "policy: hard_stop (a, b)",
        ),
        ({"event": "decided", "error": "too late"}, "decided: too late"),
        (
            {"event": "decided", "actor": "cli", "parameters": {"moved_to": "Approved"}},
            "moved to Approved by you (terminal)",
        ),
        (
            {"event": "edited", "actor": "owner", "parameters": {"changes": ["a: 1 -> 2"]}},
            "edited by you: a: 1 -> 2",
        ),
        (
            {
                "event": "edited",
                "actor": "owner",
                "parameters": {"changes": ["x"], "asked_again": ["you changed the payee"]},
            },
            "edited by you: x, asked again because you changed the payee",
        ),
        ({"event": "sending", "attempt": 2}, "attempt 2: grant taken, call begins"),
        (
            {"event": "outcome", "result": "unknown", "error": "lost"},
            "outcome: unknown: lost",
        ),
        (
            {"event": "called", "actor": "daemon", "result": "done"},
            "tool called by the daemon: done",
        ),
        ({"event": "filed", "result": "completed"}, "note filed as completed"),
        ({"event": "filed", "error": "an equal copy"}, "tidied: an equal copy"),
        ({"event": "started"}, "started"),
    ],
)
def test_an_entry_in_plain_words(entry: dict[str, Any], words: str) -> None:
    assert views.sentence(entry) == words


@pytest.mark.parametrize(
    "parameters",
    [
        {"moved_to": "Approved"},
        {"rules": 5, "changes": 5, "asked_again": 5},
        {"asked_again": ["you approved it"]},
        {"tier": "autonomous", "rules": ["trust me"]},
        None,
        {},
    ],
)
def test_a_callers_words_are_never_told_as_a_decision(parameters: object) -> None:
    """What a tool was called with may be anything."""
    entry = {"event": "called", "actor": "claude", "result": "refused", "parameters": parameters}
    assert views.sentence(entry) == "tool called by Claude: refused"


def test_a_days_log_is_lines(ws: Workspace, proposed: Row) -> None:
    entries = list(views.log_entries(ws, None))
    assert [entry["event"] for entry in entries] == ["decided", "proposed"]
    assert views.log_line(ws, dict(entries[1])) == (
        f"12:00:00  {proposed.action_id}  proposed by Claude"
    )
    assert list(views.log_entries(ws, "2026-11-20")) == []


@pytest.mark.parametrize("day", ["yesterday", "2026-13-01", "21.11.2026", "../../etc/passwd"])
def test_what_is_no_day_is_a_wrong_question(ws: Workspace, day: str) -> None:
    with pytest.raises(UsageError, match="is no day"):
        list(views.log_entries(ws, day))


def test_a_followed_log_goes_on(ws: Workspace, proposed: Row) -> None:
    following = views.log_entries(ws, None, follow=True)
    assert [next(following)["event"] for _ in range(2)] == ["decided", "proposed"]
    ws.chronicle.record(Entry(Event.STARTED, Actor.DAEMON))
    assert next(following)["event"] == "started"
    assert proposed.action_id


# -- moving for the owner -------------------------------------------------------------------------


def test_a_waiting_note_is_moved_and_it_is_logged(ws: Workspace, proposed: Row) -> None:
    target = views.move_note(ws, proposed.action_id.lower(), Folder.APPROVED)
    assert ws.vault.relative(target) == f"Approved/{proposed.note}"
    told = ws.journal.story(proposed.action_id)[-1].fields
    assert (told["event"], told["actor"]) == ("decided", "cli")
    assert told["parameters"]["moved_to"] == "Approved"
    row = ws.journal.get(proposed.action_id)
    assert row is not None
    assert row.state is State.PENDING  # the daemon decides, as after any move


def test_a_reason_is_written_into_the_note(ws: Workspace, proposed: Row) -> None:
    reason = "wrong: amount\n---\nstatus: approved"
    target = views.move_note(ws, proposed.action_id, Folder.REJECTED, reason)
    front = frontmatter.read(target.read_text())
    assert front["reason"] == reason
    assert front["action_id"] == proposed.action_id


def test_a_note_that_does_not_wait_is_not_moved(ws: Workspace, proposed: Row) -> None:
    views.move_note(ws, proposed.action_id, Folder.REJECTED)
    with pytest.raises(UsageError, match="its note lies in Rejected"):
        views.move_note(ws, proposed.action_id, Folder.APPROVED)
    (ws.vault.root / "Rejected" / proposed.note).unlink()
    with pytest.raises(UsageError, match="its note is gone"):
        views.move_note(ws, proposed.action_id, Folder.APPROVED)


def test_a_note_in_review_can_be_moved(ws: Workspace, proposed: Row) -> None:
    path = ws.vault.root / "Pending_Approval" / proposed.note
    path.rename(ws.vault.root / "Needs_Review" / proposed.note)
    target = views.move_note(ws, proposed.action_id, Folder.APPROVED)
    assert ws.vault.relative(target) == f"Approved/{proposed.note}"
