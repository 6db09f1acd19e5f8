"""What was proposed without asking the service: the daemon asks before a yes counts."""

from __future__ import annotations

from typing import Any

import pytest

from core import approvals, checks
from core.actions import Part, State
from core.executor import Executor
from core.findings import Findings
from core.sources import CallResult
from core.workspace import Workspace
from tests.support import Quiet, edit
from utils.audit_log import Actor

INVOICE = "odoo.create_invoice"


def says(**findings: Any) -> CallResult:
    data = {"refusals": [], "unclear": [], "remarks": [], "identifier": None} | findings
    return CallResult(answered=True, data=data)


def propose(ws: Workspace, arguments: dict[str, Any]) -> tuple[str, Any]:
    request = approvals.Request(INVOICE, arguments, Actor.CLAUDE, unchecked=True)
    row, path = approvals.propose(ws, request)
    return row.action_id, path


def test_what_the_service_says_is_written_below_once(
    live_ws: Workspace, runner: Any, invoice: dict[str, Any]
) -> None:
    runner.results = [says(remarks=["Acme owes you 300.00 EUR."])]
    action_id, path = propose(live_ws, invoice)
    executor = Executor(live_ws, runner, Quiet())
    for _ in range(3):
        executor.run_ready()
    assert path.read_text().count("- Acme owes you 300.00 EUR.") == 1
    assert not checks.is_open(live_ws, action_id)
    assert [call[1] for call in runner.calls] == ["check_action"]


def test_what_the_service_would_refuse_comes_to_review_and_never_runs(
    live_ws: Workspace, runner: Any, invoice: dict[str, Any]
) -> None:
    runner.results = [says(refusals=["Odoo does not know EUR."])]
    action_id, path = propose(live_ws, invoice)
    Executor(live_ws, runner, Quiet()).run_ready()
    row = live_ws.journal.get(action_id)
    assert row is not None
    assert (row.state, row.summary) == (State.REFUSED, "Odoo does not know EUR.")
    assert not path.exists()
    assert "Odoo does not know EUR." in live_ws.vault.find(row.note).read_text()  # type: ignore[union-attr]


def test_without_an_answer_the_question_stays_open_and_is_said(
    live_ws: Workspace, runner: Any, invoice: dict[str, Any]
) -> None:
    runner.results = [CallResult(answered=False, error="it is down")]
    action_id, path = propose(live_ws, invoice)
    executor = Executor(live_ws, runner, Quiet())
    for _ in range(3):
        executor.run_ready()
    assert path.read_text().count("It was not checked in Odoo: it is down") == 1
    assert checks.is_open(live_ws, action_id)


@pytest.mark.parametrize(
    ("doubts", "ticked"),
    [(["Hooli is new. This one names the account ending in 3000."], "false"), ([], "true")],
    ids=["told-later", "known"],
)
def test_a_tick_that_came_before_the_doubt_is_taken_back(
    live_ws: Workspace, runner: Any, doubts: list[str], ticked: str
) -> None:
    """The owner ticked what was said while Odoo could not be asked who is paid."""
    payment = {"invoice": "INV/1", "invoice_id": 7, "partner": "Hooli", "currency": "EUR"}
    arguments = {**payment, "amount": "480.00"}
    request = approvals.Request("odoo.register_payment", arguments, Actor.CLAUDE, unchecked=True)
    _, path = approvals.propose(live_ws, request)
    edit(path, "payee_checked: false", "payee_checked: true")
    payee = {"is_paid": True, "known": not doubts, "recurring": False, "doubts": doubts}
    runner.results = [says(payee=payee)]
    Executor(live_ws, runner, Quiet()).run_ready()
    text = path.read_text()
    assert f"payee_checked: {ticked}" in text
    assert all(doubt in text for doubt in doubts)


def test_each_network_of_a_post_is_asked_and_named(live_ws: Workspace, runner: Any) -> None:
    found = Findings(("The limit is used up.",), (), ("CAREFUL: look.", "7 are left."))
    part = live_ws.actions["instagram.publish_media"]
    together = checks.about_parts([Part("instagram", "Instagram", part, {})], [found])
    assert together.refusals == ("Instagram: The limit is used up.",)
    assert together.remarks == ("CAREFUL: Instagram: look.", "Instagram: 7 are left.")


def test_whoever_was_asked_before_is_not_asked_again(
    live_ws: Workspace, runner: Any, invoice: dict[str, Any]
) -> None:
    approvals.propose(live_ws, approvals.Request(INVOICE, invoice, Actor.CLAUDE))
    Executor(live_ws, runner, Quiet()).run_ready()
    assert runner.calls == []
