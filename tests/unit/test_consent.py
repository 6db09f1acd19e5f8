"""What a moved note means: `core/consent.py`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core import approvals, consent, notes
from core.actions import Tier, Trust, digest_of
from core.approvals import Request
from core.consent import Reading, Verdict
from core.findings import Payee
from core.records import Row
from core.workspace import Workspace
from mcp_servers.catalog import ACTIONS
from utils.audit_log import Actor
from utils.errors import NoteError

INVOICE = ACTIONS["odoo.create_invoice"]


@pytest.fixture
def proposed(live_ws: Workspace, invoice: dict[str, Any]) -> tuple[Row, Path]:
    return approvals.propose(live_ws, Request(INVOICE.kind, invoice, Actor.CLAUDE))


def read(ws: Workspace, proposed: tuple[Row, Path], *changes: tuple[str, str]) -> Reading:
    """Return what the note means after the owner replaced some words."""
    row, path = proposed
    text = path.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return consent.read(ws, ws.actions[row.kind], row, notes.parse(text.encode()))


def test_an_untouched_note_runs_as_registered(
    live_ws: Workspace, proposed: tuple[Row, Path]
) -> None:
    reading = read(live_ws, proposed)
    row = proposed[0]
    assert (reading.verdict, reading.digest, reading.payload) == (
        Verdict.RUN,
        row.digest,
        row.payload,
    )
    assert not reading.is_edited
    assert reading.reasons == ()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(("## Why", "Words of mine\n\n## Why"), id="in-yaml-section"),
        pytest.param(("\n## Parameters", "\nHello\n\n## Parameters"), id="above"),
        pytest.param(("tags: [", 'mine: "x"\ntags: ["mine", '), id="properties"),
        pytest.param(('currency: "EUR"\nlines', "currency: EUR # plain\nlines"), id="spelling"),
        pytest.param(("\n", "\r\n"), id="line-ends"),
        pytest.param(("- Account", "- Changed account"), id="reasons"),
    ],
)
def test_words_around_the_payload_are_the_owners_own(
    live_ws: Workspace, proposed: tuple[Row, Path], change: tuple[str, str]
) -> None:
    reading = read(live_ws, proposed, change)
    assert (reading.verdict, reading.digest) == (Verdict.RUN, proposed[0].digest)


def test_a_changed_price_runs_as_edited(live_ws: Workspace, proposed: tuple[Row, Path]) -> None:
    reading = read(live_ws, proposed, ('unit_price: "1250.00"', 'unit_price: "1300.00"'))
    assert reading.verdict is Verdict.RUN
    assert reading.changes == ("lines 1 unit_price: 1250.00 -> 1300.00",)
    assert reading.digest != proposed[0].digest
    assert str(reading.facts.amount) == "1300.00"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param(
            (('customer: "Acme Ltd"', 'customer: "Globex GmbH"'),),
            "you changed the counterparty from Acme Ltd to Globex GmbH",
            id="payee",
        ),
        pytest.param(
            (("customer_id: 14", "customer_id: 15"),),
            "you changed the customer_id from 14 to 15",
            id="record",
        ),
        pytest.param(
            (("amount: 1250.00", "amount: 9.00"),),
            "the property `amount` says 9.00, the parameters say 1250.00, and they count",
            id="property",
        ),
        pytest.param(
            (('action: "odoo.create_invoice"', 'action: "odoo.post_invoice"'),),
            "the property `action` says odoo.post_invoice",
            id="action",
        ),
    ],
)
def test_what_changes_who_or_what_is_asked_once_more(
    live_ws: Workspace,
    proposed: tuple[Row, Path],
    changes: tuple[tuple[str, str], ...],
    reason: str,
) -> None:
    reading = read(live_ws, proposed, *changes)
    assert reading.verdict is Verdict.ASK_AGAIN
    assert any(reason in said for said in reading.reasons)


def test_another_name_drops_the_record_of_the_old_one(
    live_ws: Workspace, proposed: tuple[Row, Path]
) -> None:
    """Else the new customer's invoice would go to the old one's account."""
    reading = read(live_ws, proposed, ('customer: "Acme Ltd"', 'customer: "Globex GmbH"'))
    assert "customer_id" not in reading.payload
    both = read(
        live_ws,
        proposed,
        ('customer: "Acme Ltd"', 'customer: "Globex GmbH"'),
        ("customer_id: 14", "customer_id: 15"),
    )
    assert both.payload["customer_id"] == 15


def test_filling_in_a_missing_record_is_no_question(
    live_ws: Workspace, invoice: dict[str, Any]
) -> None:
    del invoice["customer_id"]
    made = approvals.propose(live_ws, Request(INVOICE.kind, invoice, Actor.CLAUDE))
    reading = read(
        live_ws, made, ('customer: "Acme Ltd"\n', 'customer: "Acme Ltd"\ncustomer_id: 14\n')
    )
    assert reading.verdict is Verdict.RUN
    assert reading.changes == ("customer_id: (nothing) -> 14",)


def test_an_edit_that_raises_the_tier_is_asked_once_more(
    live_ws: Workspace, proposed: tuple[Row, Path]
) -> None:
    row, path = proposed
    mild = replace(row, tier=Tier.AUTONOMOUS)
    reading = read(live_ws, (mild, path))
    assert reading.verdict is Verdict.ASK_AGAIN
    assert reading.reasons[0].startswith("it now needs more care: ")


def test_a_rule_that_became_a_hard_stop_stops(
    live_ws: Workspace, proposed: tuple[Row, Path]
) -> None:
    book = "```policy\nhard_stop: [odoo.create_invoice]\n```\n"
    (live_ws.vault.root / "Company_Handbook.md").write_text(book)
    reading = read(live_ws, proposed)
    assert reading.verdict is Verdict.HARD_STOP
    assert reading.decision.tier is Tier.HARD_STOP


def test_where_the_words_came_from_is_not_forgotten(
    live_ws: Workspace, invoice: dict[str, Any]
) -> None:
    request = Request(INVOICE.kind, invoice, Actor.DAEMON, Trust.EXTERNAL)
    reading = read(live_ws, approvals.propose(live_ws, request))
    assert "tainted_source" in reading.decision.rules
    assert reading.verdict is Verdict.RUN


@pytest.mark.parametrize(
    ("ticked", "payee", "said"),
    [
        (None, Payee(is_paid=True), "Acme Ltd is new"),
        ("false", Payee(is_paid=True), "Acme Ltd is new"),
        ('"yes"', Payee(is_paid=True), "Acme Ltd is new"),
        ("true", Payee(is_paid=True), ""),
        (None, Payee(is_paid=True, known=True), ""),
        (None, Payee(is_paid=True, known=True, doubts=("The account is new.",)), "account is new:"),
        ("true", Payee(is_paid=True, doubts=("The account is new.",)), ""),
        (None, Payee(is_paid=False), ""),
        (None, None, "The books could not be asked who is paid"),
    ],
    ids=[
        *("no-tick", "not-ticked", "a-word", "ticked", "known", "bank", "bank-ticked"),
        *("receipt", "not-asked"),
    ],
)
def test_a_payment_to_a_new_payee_waits_for_the_owners_check(
    live_ws: Workspace,
    proposed: tuple[Row, Path],
    ticked: str | None,
    payee: Payee | None,
    said: str,
) -> None:
    """Only a real tick counts: a word in its place is no check."""
    text = proposed[1].read_text()
    if ticked:
        text = text.replace("tags:", f"payee_checked: {ticked}\ntags:")
    paying, row = replace(INVOICE, pays=True), replace(proposed[0], payee=payee)
    reading = consent.read(live_ws, paying, row, notes.parse(text.encode()))
    assert (reading.verdict is Verdict.ASK_AGAIN) is bool(said)
    assert any(said in reason for reason in reading.reasons) is bool(said)
    assert all("payee_checked" in reason for reason in reading.reasons)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(('unit_price: "1250.00"', 'unit_price: "many"'), id="bad-value"),
        pytest.param(("## Why", "## Parameters\n```yaml\na: 1\n```\n## Why"), id="twice"),
        pytest.param(("## Parameters", "## Content\nx\n## Parameters"), id="content"),
        pytest.param(('currency: "EUR"\nlines', "lines"), id="missing"),
    ],
)
def test_a_payload_that_cannot_be_used_is_said(
    live_ws: Workspace, proposed: tuple[Row, Path], change: tuple[str, str]
) -> None:
    with pytest.raises(NoteError):
        read(live_ws, proposed, change)


def test_the_digest_is_of_the_rows_mode_and_account(
    ws: Workspace, live_ws: Workspace, invoice: dict[str, Any]
) -> None:
    """A note that says DRY RUN stays one, whatever the settings say now."""
    row, path = approvals.propose(ws, Request(INVOICE.kind, invoice, Actor.CLAUDE))
    reading = read(live_ws, (row, path))
    assert reading.digest == row.digest
    assert reading.digest == digest_of(row.kind, row.payload, row.mode, row.account)


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2}, ["a: 1 -> 2"]),
        ({"a": 1}, {}, ["a: 1 -> (nothing)"]),
        ({}, {"a": 1}, ["a: (nothing) -> 1"]),
        ({"a": [{"b": 1}, {"b": 2}]}, {"a": [{"b": 1}, {"b": 3}]}, ["a 2 b: 2 -> 3"]),
        ({"a": [1]}, {"a": [1, 2]}, ["a: 1 -> 1, 2"]),
        ({"a": {"b": "x"}}, {"a": "y"}, ["a: 'b': 'x' -> y"]),
        ({"a": "[[x]]"}, {"a": "x\ny"}, ["a: x -> x y"]),
        ({"b": 1, "a": 1}, {"a": 2, "b": 2}, ["b: 1 -> 2", "a: 1 -> 2"]),
    ],
)
def test_differences_are_lines_for_a_person(before: Any, after: Any, lines: list[str]) -> None:
    assert consent.differences(before, after) == lines
