"""An ended action's note gets its result and goes to its folder: `core/filing.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core import approvals, filing, frontmatter, notes, outcomes, payloads
from core.actions import State, Tier, key_of
from core.approvals import Request, base_entry
from core.records import Row
from core.workspace import Workspace
from utils.audit_log import Actor, Event
from utils.clock import FixedClock

Ended = Callable[..., tuple[Row, Path]]


@pytest.fixture
def ended(live_ws: Workspace, invoice: dict[str, Any], clock: FixedClock) -> Ended:
    """Return a function that proposes an invoice, ends it and leaves its note in `Approved/`."""

    def end(state: State, ws: Workspace = live_ws, **changes: Any) -> tuple[Row, Path]:
        row, path = approvals.propose(ws, Request("odoo.create_invoice", invoice, Actor.CLAUDE))
        moved = ws.vault.move(path, ws.vault.root / "Approved")
        changed = ws.journal.transition(
            row.action_id, {State.PENDING}, state, finished_at=clock.now(), **changes
        )
        assert changed
        now = ws.journal.get(row.action_id)
        assert now is not None
        return now, moved

    return end


def front(path: Path) -> dict[str, object]:
    return frontmatter.read(path.read_text())


ENDINGS = [
    pytest.param({"state": State.DONE}, "Completed/2026-11", "completed", "Done: ", id="done"),
    pytest.param({"state": State.NOT_SENT}, "Needs_Review", "failed", "Not done: ", id="not-sent"),
    pytest.param({"state": State.REFUSED}, "Needs_Review", "failed", "Not done: ", id="rejected"),
    pytest.param(
        {"state": State.REFUSED, "error_class": "Refused"},
        "Needs_Review",
        "refused",
        "Refused: ",
        id="refused",
    ),
    pytest.param({"state": State.UNKNOWN}, "Needs_Review", "in_doubt", "In doubt: ", id="unknown"),
    pytest.param({"state": State.REJECTED}, "Rejected", "rejected", "Rejected: ", id="no"),
    pytest.param({"state": State.EXPIRED}, "Rejected", "expired", "Expired: ", id="expired"),
    pytest.param(
        {"state": State.REFUSED, "tier": Tier.HARD_STOP},
        "Needs_Action",
        "hard_stop",
        "I will not do this",
        id="hard-stop",
    ),
]


@pytest.mark.parametrize(("changes", "folder", "status", "headline"), ENDINGS)
def test_every_ending_has_its_folder_and_words(
    live_ws: Workspace,
    ended: Ended,
    changes: dict[str, Any],
    folder: str,
    status: str,
    headline: str,
) -> None:
    row, path = ended(**changes, summary="It is so.")
    target = filing.file_note(live_ws, row, path)
    assert live_ws.vault.relative(target) == f"{folder}/{path.name}"
    assert not path.exists()
    shown = front(target)
    assert (shown["status"], shown["finished"]) == (status, "2026-11-21T12:00:00")
    assert not {"tier", "expires"} & set(shown)
    assert notes.parse(target.read_bytes()).body[0].startswith("> [!")
    assert headline in notes.parse(target.read_bytes()).body[0]
    known = live_ws.journal.get(row.action_id)
    assert known is not None
    assert known.filed_at is not None


def test_what_is_under_way_cannot_be_filed(live_ws: Workspace, ended: Ended) -> None:
    row, path = ended(State.APPROVED)
    with pytest.raises(ValueError, match="cannot be filed"):
        filing.file_note(live_ws, row, path)
    assert path.exists()


def test_a_dry_run_can_never_be_read_as_done(ws: Workspace, ended: Ended) -> None:
    request = {"method": "POST", "args": ["```", {"é": 1}]}
    row, path = ended(State.DRY_RUN_COMPLETED, ws, request=request, summary="Dry run.")
    text = filing.file_note(ws, row, path).read_text()
    assert 'status: "dry_run_completed"' in text
    assert "> [!info] DRY RUN completed: nothing was sent" in text
    assert "Done" not in text
    assert "[!success]" not in text
    assert "- Mode: dry_run" in text
    assert "The exact request that a real run would send:\n\n````json\n" in text
    assert '"é": 1' in text
    assert "- Key:" not in text


def test_a_result_says_what_happened_and_where(live_ws: Workspace, ended: Ended) -> None:
    url = "https://acme.example/77"
    row, path = ended(State.DONE, remote_id="77", remote_url=url, summary="Draft [[77]] is there.")
    text = filing.file_note(live_ws, row, path).read_text()
    for line in (
        *("- Status: completed", "- Mode: live", "- Attempts: 0", "- Remote id: 77"),
        *(f"- Link: <{url}>", "- What happened: Draft 77 is there.", "- Finished: 2026-11-21T12"),
        *(f"- Key: {key_of(row.action_id)}", f"`bin/run why {row.action_id}`"),
        f"> Look at it: <{url}>",
    ):
        assert line in text


def test_a_result_tells_what_the_owner_changed(live_ws: Workspace, ended: Ended) -> None:
    """The diff of an edit that ran at once stands in the note, not only in the log."""
    row, path = ended(State.DONE, summary="It is there.")
    for changes in (["amount: 1 -> 2"], [f"lines {n}: a -> b" for n in range(30)]):
        parameters = {"changes": changes}
        live_ws.journal.record(
            base_entry(row, Event.EDITED, Actor.OWNER, parameters=parameters),
        )
    result = filing.file_note(live_ws, row, path).read_text().split("## Result")[1]
    assert "- You changed amount: 1 -> 2\n- You changed lines 0: a -> b\n" in result
    assert "- You changed lines 18: a -> b\n- You changed 11 more things; the story" in result


def test_the_owners_words_survive(live_ws: Workspace, ended: Ended) -> None:
    row, path = ended(State.DONE, summary="It is there.")
    before = (
        path.read_text()
        .replace("tags:", "mine: [1,  2] # why\ntags:")
        .replace("## Why", "My words\u2028here.\n\n## Result\n\nold result\n\n## Why")
    )
    path.write_text(before.replace("\n", "\r\n"), newline="")
    target = filing.file_note(live_ws, row, path)
    text = target.read_bytes().decode()
    assert "mine: [1,  2] # why\r\n" in text
    assert "My words\u2028here.\r\n" in text
    assert "\n" not in text.replace("\r\n", "")
    note = notes.parse(target.read_bytes())
    result = note.section(notes.RESULT)
    assert result is not None
    assert result.lines[1] == "old result"
    assert "- Status: completed" in result.lines
    assert payloads.payload_in(live_ws.actions[row.kind], note) == row.payload


def test_filing_twice_is_filing_once(live_ws: Workspace, ended: Ended) -> None:
    """A crash came after the note was moved and before the journal knew."""
    row, path = ended(State.DONE, summary="It is there.")
    first = filing.file_note(live_ws, row, path)
    text = first.read_text()
    assert filing.file_note(live_ws, row, None) == first
    assert first.read_text() == text


def test_a_second_ending_stands_below_the_first(live_ws: Workspace, ended: Ended) -> None:
    row, path = ended(State.UNKNOWN, summary="Lost.")
    filed = filing.file_note(live_ws, row, path)
    later = replace(row, state=State.DONE, summary="You said that it happened.")
    live_ws.journal.transition(row.action_id, {State.UNKNOWN}, State.DONE)
    text = filing.file_note(live_ws, later, filed).read_text()
    assert text.index("- Status: in_doubt") < text.index("- Status: completed")
    assert text.count("> [!") == 1


def test_properties_that_went_stale_are_refreshed(live_ws: Workspace, ended: Ended) -> None:
    row, path = ended(State.DONE, amount="1300.00", summary="x")
    assert str(front(filing.file_note(live_ws, row, path))["amount"]) == "1300.00"


def test_a_note_that_is_gone_is_made_anew(live_ws: Workspace, ended: Ended) -> None:
    """Nothing that happened goes unsaid."""
    row, path = ended(State.DONE, summary="It is there.", remote_id="77")
    path.unlink()
    target = filing.file_note(live_ws, row, path=None)
    assert live_ws.vault.relative(target) == f"Completed/2026-11/{row.note}"
    note = notes.parse(target.read_bytes())
    assert note.front["action_id"] == row.action_id
    assert payloads.payload_in(live_ws.actions[row.kind], note) == row.payload
    assert "- Remote id: 77" in target.read_text()


def test_a_note_that_cannot_be_read_stays_as_it_is(live_ws: Workspace, ended: Ended) -> None:
    row, path = ended(State.DONE, summary="It is there.")
    path.write_bytes(b"no properties any more")
    target = filing.file_note(live_ws, row, path)
    assert target.read_bytes() == b"no properties any more"
    beside = target.with_name(f"{path.stem} result.md")
    assert front(beside)["status"] == "completed"


def test_a_taken_name_is_not_overwritten(live_ws: Workspace, ended: Ended) -> None:
    row, path = ended(State.DONE, summary="x")
    folder = live_ws.vault.completed_folder("2026-11")
    folder.mkdir(parents=True)
    (folder / path.name).write_text("theirs")
    target = filing.file_note(live_ws, row, path)
    assert target.name == f"{path.stem} 2.md"
    assert (folder / path.name).read_text() == "theirs"
    known = live_ws.journal.get(row.action_id)
    assert known is not None
    assert known.note == target.name


def test_the_months_folder_is_the_owners_month(
    open_ws: Callable[..., Workspace], ended: Ended, live_settings: dict[str, str]
) -> None:
    row, path = ended(State.DONE, summary="x")
    ws = open_ws(**live_settings)
    zone = replace(ws, clock=FixedClock(row.created_at.replace(day=30, hour=23), zone=_berlin()))
    late = replace(row, finished_at=zone.clock.now())
    assert outcomes.ending_of(zone, late).folder.name == "2026-12"
    assert path.exists()


def _berlin() -> Any:
    from zoneinfo import ZoneInfo

    return ZoneInfo("Europe/Berlin")


def test_a_long_request_is_cut_and_it_is_said(ws: Workspace, ended: Ended) -> None:
    row, path = ended(State.DRY_RUN_COMPLETED, ws, request={"text": "x" * 10_000})
    text = filing.file_note(ws, row, path).read_text()
    assert "(cut; the log holds the whole)" in text
    assert len(text) < 9_000


def test_not_done_is_said_once(live_ws: Workspace, ended: Ended) -> None:
    row, path = ended(State.NOT_SENT, summary="not done: Odoo has none.")
    text = filing.file_note(live_ws, row, path).read_text()
    assert "> [!failure] Not done: Odoo has none." in text


@pytest.mark.parametrize(
    ("error_class", "said"),
    [
        ("Unreachable", "> Nothing was sent."),
        ("ProvenAbsent", "> It was sent, but it did not happen."),
    ],
)
def test_what_was_sent_in_vain_is_not_called_unsent(
    live_ws: Workspace, ended: Ended, error_class: str, said: str
) -> None:
    row, path = ended(State.NOT_SENT, summary="not done: Odoo has none.", error_class=error_class)
    assert said in filing.file_note(live_ws, row, path).read_text()


def test_filing_is_in_the_log(live_ws: Workspace, ended: Ended) -> None:
    row, path = ended(State.NOT_SENT, summary="x", remote_id="5")
    filing.file_note(live_ws, row, path)
    told = live_ws.journal.story(row.action_id)[-1].fields
    assert (told["event"], told["result"], told["remote_id"]) == ("filed", "failed", "5")
