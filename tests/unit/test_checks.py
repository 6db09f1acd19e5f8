"""What a service says about an action before the owner decides: `core/checks.py`."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from core.checks import Checks, as_data, from_data, is_asked, is_missing, unanswered
from core.findings import Choice, Findings, Payee
from core.lookups import chosen, with_found
from core.sources import CallResult
from core.workspace import Workspace
from mcp_servers.catalog import ACTIONS

INVOICE = ACTIONS["odoo.create_invoice"]
POST = ACTIONS["twitter.create_post"]
ACME = {"id": 14, "name": "Acme Ltd"}
PAYLOAD = {"customer": "Acme Ltd"}


def found(identifier: int | None = None, **said: Any) -> CallResult:
    return CallResult(
        answered=True,
        data=as_data(INVOICE, ({**PAYLOAD, "customer_id": identifier}, Findings(**said))),
    )


def checks_of(ws: Workspace, runner: Any) -> Checks:
    checks = Checks(ws, runner, lambda: rings.append(1))
    rings.clear()
    return checks


rings: list[int] = []


# -- one record of exactly that name --------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["Acme Ltd", "acme ltd", "  ACME LTD "], ids=["same", "small", "blanks"]
)
def test_one_record_of_that_name_is_taken(name: str) -> None:
    lookup = INVOICE.lookup
    assert lookup is not None
    others = {"id": 15, "name": "Acme Ltd Holding"}
    payload, findings = with_found(lookup, PAYLOAD, [others, {"id": 14, "name": name}])
    assert payload == {"customer": "Acme Ltd", "customer_id": 14}
    assert findings == Findings()


@pytest.mark.parametrize(
    ("items", "said"),
    [
        pytest.param([], "No customer is called Acme Ltd. Nothing similar either.", id="none"),
        pytest.param(
            [{"id": 15, "name": "Acme Ltd Holding"}],
            "No customer is called Acme Ltd. Similar: Acme Ltd Holding (customer_id: 15).",
            id="similar",
        ),
        pytest.param(
            [ACME, {"id": 15, "name": "acme ltd"}],
            "There are 2 customers called Acme Ltd: Acme Ltd (customer_id: 14), "
            "acme ltd (customer_id: 15).",
            id="two",
        ),
    ],
)
def test_nothing_is_guessed(items: list[dict[str, Any]], said: str) -> None:
    lookup = INVOICE.lookup
    assert lookup is not None
    payload, findings = with_found(lookup, PAYLOAD, items)
    (remark,) = findings.unclear
    assert payload == PAYLOAD
    assert remark.startswith(said)
    assert "customer_id under Parameters" in remark


def test_two_of_one_name_are_told_apart() -> None:
    """Two Smiths with nothing but numbers behind them cannot be chosen from."""
    lookup = INVOICE.lookup
    assert lookup is not None
    items = [ACME | {"email": "a@acme.example", "city": "London"}, {"id": 15, "name": "Acme Ltd"}]
    _, findings = with_found(lookup, PAYLOAD, items)
    first, second = findings.choices
    assert first.label == "Acme Ltd, a@acme.example, London (customer_id: 14)"
    assert second.label == "Acme Ltd (customer_id: 15)"
    assert first.label in findings.unclear[0]
    meant = chosen(lookup, PAYLOAD, findings, first.label)
    assert meant == {"customer": "Acme Ltd", "customer_id": 14}
    assert chosen(lookup, PAYLOAD, findings, "99")["customer_id"] == 99
    assert chosen(lookup, PAYLOAD, findings, "Initech Inc") == {"customer": "Initech Inc"}


def test_a_failure_is_a_remark() -> None:
    for payload, said in (
        (PAYLOAD, "The customer was not looked up in Odoo: it is down"),
        ({**PAYLOAD, "customer_id": 14}, "It was not checked in Odoo: it is down"),
    ):
        assert unanswered(INVOICE, payload, "Odoo", "it is down").remarks == (said,)
    assert unanswered(POST, {"text": "x"}, "X", "it is down") == Findings()


def test_an_answer_travels_as_json() -> None:
    payee = Payee(is_paid=True, known=True, doubts=("The account is new.",))
    meant = Choice("Acme Ltd, London (customer_id: 14)", "Acme Ltd", 14)
    until = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
    findings = Findings(("No.",), ("Which?",), ("Look.",), payee, choices=(meant,), until=until)
    data = json.loads(json.dumps(as_data(INVOICE, ({**PAYLOAD, "customer_id": 14}, findings))))
    assert from_data(INVOICE, PAYLOAD, data) == ({**PAYLOAD, "customer_id": 14}, findings)


def test_only_a_missing_identifier_is_looked_up() -> None:
    assert is_missing(INVOICE, PAYLOAD)
    assert not is_missing(INVOICE, {**PAYLOAD, "customer_id": 14})
    assert not is_missing(POST, {"text": "x"})
    assert is_asked(INVOICE, {**PAYLOAD, "customer_id": 14})
    assert not is_asked(POST, {"text": "x"})


# -- asking ---------------------------------------------------------------------------------------


def test_the_service_is_asked_about_the_payload(live_ws: Workspace, runner: Any) -> None:
    runner.results = [found(14)]
    checks = checks_of(live_ws, runner)
    payload, findings = checks.resolve_now(INVOICE, PAYLOAD)
    asked = {"action": INVOICE.kind, "arguments": PAYLOAD}
    assert runner.calls == [("odoo", "check_action", asked)]
    assert payload["customer_id"] == 14
    assert findings == Findings()


@pytest.mark.parametrize(
    "action", [POST, replace(INVOICE, checked=False)], ids=["no-lookup", "given"]
)
def test_nobody_is_asked_when_there_is_nothing_to_ask(
    live_ws: Workspace, runner: Any, action: Any
) -> None:
    payload = {"customer": "Acme Ltd", "customer_id": 1}
    checks = checks_of(live_ws, runner)
    assert checks.resolve(action, payload, "note") == (payload, Findings())
    assert checks.resolve_now(action, payload) == (payload, Findings())
    assert runner.calls == []


def test_a_service_that_is_not_set_up_is_said_and_not_asked(ws: Workspace, runner: Any) -> None:
    checks = checks_of(ws, runner)
    for answer in (
        checks.resolve(INVOICE, PAYLOAD, "note"),
        checks.resolve_now(INVOICE, PAYLOAD),
    ):
        assert answer is not None
        payload, findings = answer
        (remark,) = findings.remarks
        assert payload == PAYLOAD
        assert "not set up (ODOO_URL, ODOO_DB" in remark
    assert runner.calls == []
    assert not checks.can_ask(INVOICE, PAYLOAD)


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (CallResult(answered=False, error="the server was lost"), "the server was lost"),
        (CallResult(answered=False), "no answer"),
        (CallResult(answered=True, data={"reasons": ["Odoo: 401"]}), "Odoo: 401"),
    ],
    ids=["lost", "silent", "refused"],
)
def test_an_answer_that_is_none_is_said(
    live_ws: Workspace, runner: Any, result: CallResult, said: str
) -> None:
    runner.results = [result]
    payload, findings = checks_of(live_ws, runner).resolve_now(INVOICE, PAYLOAD)
    assert payload == PAYLOAD
    assert findings.remarks == (f"The customer was not looked up in Odoo: {said}",)


def test_a_question_is_asked_once_and_rings_when_answered(live_ws: Workspace, runner: Any) -> None:
    runner.waits = True
    checks = checks_of(live_ws, runner)
    assert checks.resolve(INVOICE, PAYLOAD, "digest") is None
    assert checks.resolve(INVOICE, PAYLOAD, "digest") is None
    assert len(runner.calls) == 1
    assert rings == []
    runner.futures[0].set_result(found(14))
    assert rings == [1]
    assert checks.resolve(INVOICE, PAYLOAD, "digest") == (
        {**PAYLOAD, "customer_id": 14},
        Findings(),
    )
    assert len(runner.calls) == 1


def test_an_edited_note_asks_again(live_ws: Workspace, runner: Any) -> None:
    runner.results = [found(), found(14)]
    checks = checks_of(live_ws, runner)
    assert checks.resolve(INVOICE, PAYLOAD, "before") != checks.resolve(INVOICE, PAYLOAD, "after")
    assert len(runner.calls) == 2


def test_an_answer_is_not_kept_for_the_next_time(live_ws: Workspace, runner: Any) -> None:
    """The owner adds the customer in Odoo and drops the file once more."""
    runner.results = [found(), found(14)]
    checks = checks_of(live_ws, runner)
    assert "customer_id" not in checks.resolve_now(INVOICE, PAYLOAD)[0]
    assert checks.resolve_now(INVOICE, PAYLOAD)[0]["customer_id"] == 14
