"""Identifiers that are looked up before the owner decides: `core/lookups.py`."""

from __future__ import annotations

from typing import Any

import pytest

from core.lookups import LIMIT, Lookups, failed, is_missing, with_found
from core.sources import CallResult
from core.workspace import Workspace
from mcp_servers.catalog import ACTIONS

INVOICE = ACTIONS["odoo.create_invoice"]
POST = ACTIONS["twitter.create_post"]
ACME = {"id": 14, "name": "Acme Ltd"}
PAYLOAD = {"customer": "Acme Ltd"}


def found(*items: dict[str, Any]) -> CallResult:
    return CallResult(answered=True, data={"items": list(items)})


def lookups_of(ws: Workspace, runner: Any) -> Lookups:
    lookups = Lookups(ws, runner, lambda: rings.append(1))
    rings.clear()
    return lookups


rings: list[int] = []


# -- one record of exactly that name --------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["Acme Ltd", "acme ltd", "  ACME LTD "], ids=["same", "small", "blanks"]
)
def test_one_record_of_that_name_is_taken(name: str) -> None:
    lookup = INVOICE.lookup
    assert lookup is not None
    others = {"id": 15, "name": "Acme Ltd Holding"}
    payload, remarks = with_found(lookup, PAYLOAD, [others, {"id": 14, "name": name}])
    assert payload == {"customer": "Acme Ltd", "customer_id": 14}
    assert remarks == ()


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
    payload, (remark,) = with_found(lookup, PAYLOAD, items)
    assert payload == PAYLOAD
    assert remark.startswith(said)
    assert "customer_id under Parameters" in remark


def test_a_failure_is_a_remark() -> None:
    lookup = INVOICE.lookup
    assert lookup is not None
    assert failed(lookup, "Odoo", "it is down") == (
        "The customer was not looked up in Odoo: it is down",
    )


def test_only_a_missing_identifier_is_looked_up() -> None:
    assert is_missing(INVOICE, PAYLOAD)
    assert not is_missing(INVOICE, {**PAYLOAD, "customer_id": 14})
    assert not is_missing(POST, {"text": "x"})


# -- asking ---------------------------------------------------------------------------------------


def test_the_read_tool_is_asked_for_the_name(live_ws: Workspace, runner: Any) -> None:
    runner.results = [found(ACME)]
    lookups = lookups_of(live_ws, runner)
    payload, remarks = lookups.resolve_now(INVOICE, PAYLOAD)
    assert runner.calls == [("odoo", "find_partners", {"query": "Acme Ltd", "limit": LIMIT})]
    assert payload["customer_id"] == 14
    assert remarks == ()


@pytest.mark.parametrize("action", [POST, INVOICE], ids=["no-lookup", "given"])
def test_nobody_is_asked_when_nothing_is_missing(
    live_ws: Workspace, runner: Any, action: Any
) -> None:
    payload = {"customer": "Acme Ltd", "customer_id": 1}
    lookups = lookups_of(live_ws, runner)
    assert lookups.resolve(action, payload, "note") == (payload, ())
    assert lookups.resolve_now(action, payload) == (payload, ())
    assert runner.calls == []


def test_a_service_that_is_not_set_up_is_said_and_not_asked(ws: Workspace, runner: Any) -> None:
    lookups = lookups_of(ws, runner)
    for answer in (
        lookups.resolve(INVOICE, PAYLOAD, "note"),
        lookups.resolve_now(INVOICE, PAYLOAD),
    ):
        assert answer is not None
        payload, (remark,) = answer
        assert payload == PAYLOAD
        assert "not set up (ODOO_URL, ODOO_DB" in remark
    assert runner.calls == []
    assert not lookups.can_ask(INVOICE)


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
    payload, remarks = lookups_of(live_ws, runner).resolve_now(INVOICE, PAYLOAD)
    assert payload == PAYLOAD
    assert remarks == (f"The customer was not looked up in Odoo: {said}",)


def test_a_question_is_asked_once_and_rings_when_answered(live_ws: Workspace, runner: Any) -> None:
    runner.waits = True
    lookups = lookups_of(live_ws, runner)
    assert lookups.resolve(INVOICE, PAYLOAD, "digest") is None
    assert lookups.resolve(INVOICE, PAYLOAD, "digest") is None
    assert len(runner.calls) == 1
    assert rings == []
    runner.futures[0].set_result(found(ACME))
    assert rings == [1]
    assert lookups.resolve(INVOICE, PAYLOAD, "digest") == ({**PAYLOAD, "customer_id": 14}, ())
    assert len(runner.calls) == 1


def test_an_edited_note_asks_again(live_ws: Workspace, runner: Any) -> None:
    runner.results = [found(), found(ACME)]
    lookups = lookups_of(live_ws, runner)
    assert lookups.resolve(INVOICE, PAYLOAD, "before") != lookups.resolve(INVOICE, PAYLOAD, "after")
    assert len(runner.calls) == 2


def test_an_answer_is_not_kept_for_the_next_time(live_ws: Workspace, runner: Any) -> None:
    """The owner adds the customer in Odoo and drops the file once more."""
    runner.results = [found(), found(ACME)]
    lookups = lookups_of(live_ws, runner)
    assert "customer_id" not in lookups.resolve_now(INVOICE, PAYLOAD)[0]
    assert lookups.resolve_now(INVOICE, PAYLOAD)[0]["customer_id"] == 14
