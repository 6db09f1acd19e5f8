"""What a report reads of the journal: `core/reports/ledger.py`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from core.actions import ActionId, Mode, State, Tier
from core.journal import Journal
from core.records import Entry, Row, Source
from core.reports.ledger import LISTED, Activity, Ledger
from tests.unit.conftest import NOON
from utils.audit_log import Actor, Event

MakeRow = Callable[..., Row]
HOUR = timedelta(hours=1)


def activity(journal: Journal, *task_ids: str) -> Activity:
    return Ledger(journal.path).activity(NOON - 24 * HOUR, NOON + 24 * HOUR, task_ids)


def add(journal: Journal, row: MakeRow, number: int, **changes: object) -> None:
    action_id = changes.pop("action_id", f"APR-20261121-{number:03d}")
    journal.register(row(action_id=ActionId(str(action_id)), **changes))


def ended(state: State, **changes: object) -> dict[str, object]:
    return {
        "state": state,
        "approved_at": NOON,
        "approved_by": "owner",
        "finished_at": NOON + HOUR,
    } | (changes)


def test_a_journal_without_anything(journal: Journal) -> None:
    found = activity(journal)
    assert found.done == {}
    assert found.finished.count == found.waiting.count == 0
    assert found.decision_h is None


def test_live_sandbox_and_dry_runs_are_told_apart(journal: Journal, row: MakeRow) -> None:
    add(journal, row, 1, **ended(State.DONE))
    add(journal, row, 2, **ended(State.DONE, mode=Mode.SANDBOX))
    add(journal, row, 3, **ended(State.DRY_RUN_COMPLETED, mode=Mode.DRY_RUN))
    found = activity(journal)
    assert found.done == {"odoo.create_invoice": 1, "odoo.create_invoice (sandbox)": 1}
    assert found.dry == {"odoo.create_invoice": 1}
    assert found.finished.count == 3


def test_both_ends_of_the_days(journal: Journal, row: MakeRow) -> None:
    ends = [NOON - 25 * HOUR, NOON - 24 * HOUR, NOON + 23 * HOUR, NOON + 24 * HOUR]
    for number, end in enumerate(ends):
        add(journal, row, number, **ended(State.DONE, finished_at=end))
    assert activity(journal).done == {"odoo.create_invoice": 2}


def test_a_post_to_several_networks_is_one_decision_and_several_posts(
    journal: Journal, row: MakeRow
) -> None:
    parent = "APR-20261121-001"
    add(journal, row, 1, kind="social.publish", **ended(State.UNKNOWN))
    add(
        journal, row, 1, action_id=f"{parent}/facebook", kind="facebook.create_post",
        **ended(State.DONE),
    )  # fmt: skip
    add(
        journal, row, 1, action_id=f"{parent}/twitter", kind="twitter.create_post",
        **ended(State.UNKNOWN),
    )  # fmt: skip
    found = activity(journal)
    assert found.done == {"facebook.create_post": 1}
    assert found.failed[State.UNKNOWN].count == 1
    assert [wait.count for wait in found.decisions] == [1]


def test_what_waits_is_counted_whole_and_listed_from_the_oldest(
    journal: Journal, row: MakeRow
) -> None:
    for number in range(LISTED + 3):
        add(journal, row, number, created_at=NOON - 1000 * HOUR + number * HOUR)
    waiting = activity(journal).waiting
    assert waiting.count == LISTED + 3
    assert [deed.action_id[-3:] for deed in waiting.deeds] == [f"{n:03d}" for n in range(LISTED)]


def test_a_time_that_was_planned_is_no_delay(journal: Journal, row: MakeRow) -> None:
    planned = {"text": "Hello", "publish_at": "2026-11-21T13:00:00"}
    add(journal, row, 1, payload=planned, **ended(State.DONE))
    add(journal, row, 2, **ended(State.DONE, finished_at=NOON + 2 * HOUR))
    (run,) = activity(journal).runs
    assert (run.count, run.longest_h) == (1, 2.0)


def test_what_the_policy_did_is_no_decision_of_the_owners(journal: Journal, row: MakeRow) -> None:
    add(journal, row, 1, **ended(State.DONE, approved_by="policy"))
    found = activity(journal)
    assert found.decisions == ()
    assert found.done == {"odoo.create_invoice": 1}


def test_refusals_hard_stops_and_warnings(journal: Journal, row: MakeRow) -> None:
    add(journal, row, 1, kind="bank.transfer", tier=Tier.HARD_STOP, **ended(State.REFUSED))
    journal.record(
        Entry(Event.CALLED, Actor.CLAUDE, action="odoo.create_invoice", result="refused"),
        Entry(Event.CALLED, Actor.CLAUDE, action="odoo.find_partners", result="done"),
        Entry(Event.MISSED, Actor.SCHEDULE, action="briefing.write", error="it was late"),
        Entry(
            Event.QUARANTINED,
            Actor.DAEMON,
            target="Quarantine/Broken.md",
            error="has no properties",
        ),
    )
    found = activity(journal)
    assert found.hard_stops.count == 1
    assert found.refused_calls == {"odoo.create_invoice": 1}
    assert found.warnings == {
        "missed": ("briefing.write: it was late",),
        "quarantined": ("Broken: has no properties",),
    }
    assert found.failed[State.REFUSED].count == 0, "a hard stop is told once, as one"


@pytest.mark.parametrize("asked", [(), ("TSK-20261121-001",), ("TSK-20261121-001", "TSK-9")])
def test_task_notes_that_are_asked_about(journal: Journal, asked: tuple[str, ...]) -> None:
    journal.add_source(Source("a", "TSK-20261121-001", "file", "a.csv", "TSK-20261121-001 A.md"))
    journal.add_source(Source("b", "EML-20261121-001", "email", None, "EML-20261121-001 B.md"))
    found = activity(journal, *asked)
    assert found.came_in == {"email": 1, "file": 1}
    assert [name for name, _ in found.tasks] == ["TSK-20261121-001 A.md"] * bool(asked)
