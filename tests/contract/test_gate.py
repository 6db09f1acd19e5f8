"""The gate that every tool call passes: `mcp_servers/gate.py`, whoever calls."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core import notes
from core.actions import State, Tier, key_of
from core.findings import Findings
from core.records import Row
from core.workspace import Workspace
from mcp_servers.answers import Answer, Status
from mcp_servers.catalog import ACTIONS
from mcp_servers.gate import NO_KEY, Gate, Role
from mcp_servers.sandbox import Sandbox
from mcp_servers.serve import toolset_of
from mcp_servers.toolset import Evidence, Finding
from utils import durable
from utils.clock import FixedClock
from utils.config import Settings
from utils.errors import (
    NotSentError,
    RateLimitedError,
    RejectedError,
    UnknownOutcomeError,
)

ROOT = Path(__file__).resolve().parents[2]
SECRET = "hunter2-secret"
OpenWs = Callable[..., Workspace]
Grant = Callable[..., Row]
Invoice = dict[str, Any]


@pytest.fixture
def executing(ws: Workspace, books: Any) -> Gate:
    """The gate of a server that the daemon started."""
    return Gate(ws, "odoo", books.toolset, Role.EXECUTE)


@pytest.fixture
def proposing(ws: Workspace, books: Any) -> Gate:
    """The gate of a server that Claude Code started."""
    return Gate(ws, "odoo", books.toolset, Role.PROPOSE)


def real(invoice: Invoice, row: Row, **changes: object) -> dict[str, object]:
    """Return the arguments of a real call."""
    return {**invoice, "dry_run": False, "approval_id": row.action_id, **changes}


def log_of(ws: Workspace) -> list[dict[str, Any]]:
    return [dict(entry) for entry in ws.chronicle.entries("2026-11-21")]


def last_call(ws: Workspace) -> dict[str, Any]:
    return [entry for entry in log_of(ws) if entry["event"] == "called"][-1]


def notes_in(ws: Workspace) -> list[str]:
    return sorted(path.name for path in (ws.vault.root / "Pending_Approval").iterdir())


def state_of(ws: Workspace, row: Row) -> State:
    now = ws.journal.get(row.action_id)
    assert now is not None
    return now.state


def refused(answer: Answer) -> str:
    """Return the sentence of a refusal."""
    assert answer.is_error
    assert answer.data["status"] == "refused"
    assert answer.data["reasons"]
    return str(answer.data["reasons"][0])


# -- roles ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "propose", "Execute", "EXECUTE", "execute ", "root", "1"])
def test_only_the_exact_word_may_execute(text: str) -> None:
    assert Role.of(text) is Role.PROPOSE


def test_the_daemons_word_may_execute() -> None:
    assert Role.of("execute") is Role.EXECUTE


def test_a_command_of_the_owners_reads_and_may_not_execute() -> None:
    assert Role.of("read") is Role.READ


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(
    "frame",
    [{}, {"dry_run": True}, {"dry_run": True, "approval_id": None}],
    ids=["nothing", "true", "no-approval"],
)
def test_a_call_is_a_dry_run_unless_it_says_otherwise(
    ws: Workspace, books: Any, invoice: Invoice, role: Role, frame: dict[str, object]
) -> None:
    answer = Gate(ws, "odoo", books.toolset, role).call("create_invoice", {**invoice, **frame})
    assert (answer.is_error, answer.data["status"], answer.data["mode"]) == (
        False,
        "dry_run",
        "dry_run",
    )
    assert answer.data["request"] == {
        "url": "http://127.0.0.1:1",
        "key": NO_KEY,
        "payload": invoice,
    } | {"payload": {**invoice, "lines": [{**invoice["lines"][0], "quantity": "1"}]}}
    assert (books.effects, books.writers, books.readers) == ([], 0, 0)
    assert notes_in(ws) == []
    assert ws.journal.in_states(*State) == []


@pytest.mark.parametrize("role", Role)
def test_a_real_call_without_an_approval_becomes_a_proposal(
    ws: Workspace, books: Any, invoice: Invoice, role: Role
) -> None:
    gate = Gate(ws, "odoo", books.toolset, role)
    answer = gate.call("create_invoice", {**invoice, "dry_run": False})
    assert (answer.is_error, answer.data["status"]) == (False, "approval_required")
    (row,) = ws.journal.in_states(State.PENDING)
    assert answer.data["action_id"] == row.action_id
    assert answer.data["note"] == f"Pending_Approval/{row.note}"
    assert notes_in(ws) == [row.note]
    callers = {Role.EXECUTE: "daemon", Role.READ: "cli", Role.PROPOSE: "claude"}
    assert row.origin == callers[role]
    assert (books.effects, books.writers) == ([], 0)


def test_a_proposal_is_made_whatever_dry_run_says(
    open_ws: OpenWs, books: Any, invoice: Invoice
) -> None:
    ws = open_ws(DRY_RUN="true", ODOO_LIVE="false")
    answer = Gate(ws, "odoo", books.toolset, Role.PROPOSE).call(
        "create_invoice", {**invoice, "dry_run": False}
    )
    assert (answer.data["status"], answer.data["mode"]) == ("approval_required", "dry_run")
    assert "It would still be a dry run: DRY_RUN=false is missing." in answer.data["reasons"]
    assert "It would still be a dry run: ODOO_LIVE=true is missing." in answer.data["reasons"]


def test_an_approved_call_is_done_once_by_the_daemon(
    ws: Workspace, executing: Gate, books: Any, invoice: Invoice, grant: Grant
) -> None:
    row = grant(ws, invoice)
    answer = executing.call("create_invoice", real(invoice, row))
    assert (answer.is_error, answer.data["status"], answer.data["mode"]) == (False, "done", "live")
    assert answer.data["remote_id"] == "1"
    ((payload, trace),) = books.effects
    assert (payload, trace.key) == (row.payload, key_of(row.action_id))
    now = ws.journal.get(row.action_id)
    assert now is not None
    assert (now.state, now.attempt, now.remote_id) == (State.DONE, 1, "1")
    assert now.remote_url == "https://acme.example/1"
    assert now.summary == "Draft 1 is there."
    assert now.request == answer.data["request"]


def test_a_proposing_server_never_builds_a_writer(
    ws: Workspace, proposing: Gate, books: Any, invoice: Invoice, grant: Grant
) -> None:
    row = grant(ws, invoice)
    sentence = refused(proposing.call("create_invoice", real(invoice, row)))
    assert "only the daemon (`bin/run`) carries it out" in sentence
    assert (books.effects, books.writers) == ([], 0)
    assert state_of(ws, row) is State.APPROVED


# -- three yeses ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("off", "missing"),
    [
        ({"DRY_RUN": "true"}, "DRY_RUN=false"),
        ({"DRY_RUN": ""}, "DRY_RUN=false"),
        ({"ODOO_LIVE": "false"}, "ODOO_LIVE=true"),
        ({"ODOO_LIVE": ""}, "ODOO_LIVE=true"),
        ({"ODOO_API_KEY": ""}, "ODOO_API_KEY or ODOO_PASSWORD"),
    ],
    ids=["global", "global-unset", "service", "service-unset", "credential"],
)
def test_a_yes_that_was_taken_back_stops_an_approved_call(
    ws: Workspace,
    open_ws: OpenWs,
    books: Any,
    invoice: Invoice,
    grant: Grant,
    off: dict[str, str],
    missing: str,
) -> None:
    row = grant(ws, invoice)
    gate = Gate(open_ws(**off), "odoo", books.toolset, Role.EXECUTE)
    sentence = refused(gate.call("create_invoice", real(invoice, row)))
    assert missing in sentence or "was approved for" in sentence
    assert (books.effects, books.writers) == ([], 0)
    assert state_of(ws, row) is State.APPROVED


def test_a_dry_runs_approval_does_nothing_real(
    ws: Workspace, open_ws: OpenWs, books: Any, invoice: Invoice, grant: Grant
) -> None:
    """It said DRY RUN when the owner approved it, and the service went live since."""
    row = grant(open_ws(DRY_RUN="true"), invoice)
    gate = Gate(ws, "odoo", books.toolset, Role.EXECUTE)
    sentence = refused(gate.call("create_invoice", real(invoice, row)))
    assert sentence == f"{row.action_id} is an approval for mode dry_run, not for this."
    assert books.effects == []


def test_an_approved_dry_run_shows_the_request_and_uses_no_grant(
    open_ws: OpenWs, books: Any, invoice: Invoice, grant: Grant
) -> None:
    ws = open_ws(DRY_RUN="true")
    row = grant(ws, invoice)
    gate = Gate(ws, "odoo", books.toolset, Role.EXECUTE)
    for _ in range(2):
        answer = gate.call("create_invoice", real(invoice, row, dry_run=True))
        assert (answer.is_error, answer.data["status"]) == (False, "dry_run")
        assert answer.data["request"]["key"] == key_of(row.action_id)
    assert state_of(ws, row) is State.APPROVED
    assert (books.effects, books.writers) == ([], 0)


def test_a_dry_call_says_which_yes_is_missing(
    open_ws: OpenWs, books: Any, invoice: Invoice
) -> None:
    gate = Gate(open_ws(ODOO_LIVE="false"), "odoo", books.toolset, Role.PROPOSE)
    answer = gate.call("create_invoice", invoice)
    assert answer.data["reasons"] == ["A real call needs ODOO_LIVE=true, dry_run=false."]


@pytest.mark.parametrize("role", Role)
def test_a_pause_stops_everything(
    ws: Workspace, books: Any, invoice: Invoice, grant: Grant, role: Role
) -> None:
    row = grant(ws, invoice)
    (ws.vault.root / "PAUSE.md").touch()
    gate = Gate(ws, "odoo", books.toolset, role)
    refused(gate.call("create_invoice", real(invoice, row)))
    assert books.effects == []
    assert state_of(ws, row) is State.APPROVED
    if role is Role.EXECUTE:
        (ws.vault.root / "PAUSE.md").unlink()
        assert gate.call("create_invoice", real(invoice, row)).data["status"] == "done"


# -- an approval is for exactly one call ----------------------------------------------------------


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize("made_up", ["APR-20261121-999", "yes", "approved", "' OR 1=1 --"])
def test_an_approval_that_nobody_gave_is_refused_in_every_role(
    ws: Workspace, books: Any, invoice: Invoice, role: Role, dry_run: bool, made_up: str
) -> None:
    gate = Gate(ws, "odoo", books.toolset, role)
    raw = {**invoice, "dry_run": dry_run, "approval_id": made_up}
    assert refused(gate.call("create_invoice", raw)).startswith("Nobody ever gave an approval")
    assert (books.effects, notes_in(ws)) == ([], [])


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"customer": "Globex GmbH"}, "customer differs"),
        ({"customer_id": 15}, "customer_id differs"),
        ({"currency": "USD"}, "currency differs"),
        ({"note": "Pay to another account"}, "note differs"),
        (
            {"lines": [{"description": "Retainer", "quantity": 1, "unit_price": "1250.01"}]},
            "lines differs",
        ),
        (
            {"lines": [{"description": "Retainer", "quantity": 2, "unit_price": "1250.00"}]},
            "lines differs",
        ),
    ],
    ids=["customer", "id", "currency", "note", "price", "quantity"],
)
def test_an_approval_is_not_for_another_payload(
    ws: Workspace,
    books: Any,
    invoice: Invoice,
    grant: Grant,
    role: Role,
    change: dict[str, object],
    named: str,
) -> None:
    row = grant(ws, invoice)
    gate = Gate(ws, "odoo", books.toolset, role)
    sentence = refused(gate.call("create_invoice", real(invoice, row, **change)))
    assert sentence.startswith(f"This is not what was approved as {row.action_id}: {named}")
    assert books.effects == []
    assert state_of(ws, row) is State.APPROVED


def test_an_approval_is_for_its_payload_however_it_is_written(
    ws: Workspace, executing: Gate, books: Any, invoice: Invoice, grant: Grant
) -> None:
    """Order of names, form of a number and of a letter are no change."""
    row = grant(ws, {**invoice, "customer": "Café"})
    line = {"unit_price": "1250", "quantity": "1.0", "description": "Retainer"}
    other = {"lines": [line], "currency": "eur", "customer_id": 14, "customer": "Cafe\u0301"}
    answer = executing.call("create_invoice", real(other, row, note=None))
    assert answer.data["status"] == "done"
    assert books.effects[0][0] == row.payload


def test_an_approval_is_not_for_another_tool(
    ws: Workspace, executing: Gate, books: Any, invoice: Invoice, grant: Grant
) -> None:
    row = grant(ws, invoice)
    ws.journal.transition(row.action_id, {State.APPROVED}, None, kind="odoo.post_invoice")
    sentence = refused(executing.call("create_invoice", real(invoice, row)))
    assert sentence == f"{row.action_id} approves odoo.post_invoice, not odoo.create_invoice."
    assert books.effects == []


def test_an_approval_is_not_for_another_account(
    ws: Workspace, open_ws: OpenWs, books: Any, invoice: Invoice, grant: Grant
) -> None:
    row = grant(ws, invoice)
    gate = Gate(open_ws(ODOO_DB="globex"), "odoo", books.toolset, Role.EXECUTE)
    sentence = refused(gate.call("create_invoice", real(invoice, row)))
    assert "was approved for http://127.0.0.1:1/ acme" in sentence
    assert "uses http://127.0.0.1:1/ globex" in sentence
    assert books.effects == []


def test_a_live_approval_is_not_for_a_dry_run(
    ws: Workspace, executing: Gate, invoice: Invoice, grant: Grant
) -> None:
    row = grant(ws, invoice)
    sentence = refused(executing.call("create_invoice", real(invoice, row, dry_run=True)))
    assert sentence == f"{row.action_id} is an approval for mode live, not for this."


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"state": State.PENDING}, "still waits for the owner"),
        ({"state": State.REJECTED}, "was rejected by the owner"),
        ({"state": State.EXPIRED}, "expired without a decision"),
        ({"state": State.WITHDRAWN}, "was withdrawn by the owner"),
        ({"state": State.SENDING}, "is being carried out right now"),
        ({"state": State.UNKNOWN}, "whether it worked is being checked"),
        ({"state": State.REFUSED}, "was already used and refused"),
        ({"state": State.NOT_SENT}, "was already used; nothing was sent"),
        ({"tier": Tier.HARD_STOP}, "is a hard stop: the program never does this"),
    ],
    ids=lambda value: str(next(iter(value.values()))) if isinstance(value, dict) else None,
)
def test_why_an_approval_cannot_be_used_is_said(
    ws: Workspace,
    executing: Gate,
    books: Any,
    invoice: Invoice,
    grant: Grant,
    changes: dict[str, Any],
    words: str,
) -> None:
    row = grant(ws, invoice, **changes)
    assert words in refused(executing.call("create_invoice", real(invoice, row)))
    assert (books.effects, books.writers) == ([], 0)
    assert state_of(ws, row) is row.state


def test_an_approval_ends(
    ws: Workspace,
    executing: Gate,
    books: Any,
    invoice: Invoice,
    grant: Grant,
    clock: FixedClock,
) -> None:
    row = grant(ws, invoice)
    clock.advance(24 * 3600)
    sentence = refused(executing.call("create_invoice", real(invoice, row)))
    assert "approved too long ago (valid until 2026-11-22T" in sentence
    assert books.effects == []


def test_an_approval_may_begin_later(
    ws: Workspace,
    executing: Gate,
    books: Any,
    invoice: Invoice,
    grant: Grant,
    clock: FixedClock,
) -> None:
    row = grant(ws, invoice, retry_at=clock.now() + timedelta(hours=1))
    sentence = refused(executing.call("create_invoice", real(invoice, row)))
    assert "may run from 2026-11-21T" in sentence
    assert books.effects == []
    clock.advance(3600)
    assert executing.call("create_invoice", real(invoice, row)).data["status"] == "done"


def test_the_same_approval_again_is_already_done(
    ws: Workspace, executing: Gate, books: Any, invoice: Invoice, grant: Grant
) -> None:
    row = grant(ws, invoice)
    first = executing.call("create_invoice", real(invoice, row))
    again = executing.call("create_invoice", real(invoice, row))
    assert (again.data["status"], again.is_error) == ("already_done", False)
    same = ("action", "action_id", "mode", "request", "remote_id", "remote_url")
    assert {name: again.data[name] for name in same} == {name: first.data[name] for name in same}
    assert again.data["summary"] == (
        f"{row.action_id} was carried out before; nothing was sent now. Draft 1 is there."
    )
    assert len(books.effects) == 1
    assert last_call(ws)["result"] == "already_done"
    assert [e["event"] for e in log_of(ws)].count("outcome") == 1


def test_already_done_needs_no_yes_and_no_client(
    ws: Workspace, open_ws: OpenWs, books: Any, invoice: Invoice, grant: Grant
) -> None:
    """It tells what happened; whether it could happen now does not matter."""
    row = grant(ws, invoice, state=State.DONE, remote_id="7")
    (ws.vault.root / "PAUSE.md").write_text("")
    gate = Gate(open_ws(DRY_RUN="true"), "odoo", books.toolset, Role.EXECUTE)
    answer = gate.call("create_invoice", real(invoice, row))
    assert (answer.data["status"], answer.data["remote_id"]) == ("already_done", "7")
    assert (books.effects, books.writers, books.readers) == ([], 0, 0)


def test_a_changed_payload_of_a_done_approval_is_refused(
    ws: Workspace, executing: Gate, books: Any, invoice: Invoice, grant: Grant
) -> None:
    row = grant(ws, invoice)
    executing.call("create_invoice", real(invoice, row))
    sentence = refused(executing.call("create_invoice", real(invoice, row, currency="USD")))
    assert "This is not what was approved" in sentence
    assert len(books.effects) == 1


def test_a_done_approval_is_refused_to_whoever_may_only_propose(
    ws: Workspace, proposing: Gate, books: Any, invoice: Invoice, grant: Grant
) -> None:
    row = grant(ws, invoice, state=State.DONE)
    sentence = refused(proposing.call("create_invoice", real(invoice, row)))
    assert sentence == f"{row.action_id} was already carried out; an approval works once."
    assert books.effects == []


def test_a_call_that_waited_for_the_first_one_gets_its_result(
    ws: Workspace, books: Any, invoice: Invoice, grant: Grant
) -> None:
    """Both found the approval unused; only one can take it."""
    row = grant(ws, invoice)
    answers: list[Answer] = []
    asked = threading.Semaphore(0)
    write = books.toolset.writes["create_invoice"]

    def request(*args: Any) -> dict[str, Any]:
        asked.release()
        return dict(write.request(*args))

    def writer(settings: Settings) -> Any:
        asked.acquire()  # the first call's own
        second.start()
        assert asked.acquire(timeout=10)
        return books.writer(settings)

    writes = {"create_invoice": replace(write, request=request)}
    toolset = replace(books.toolset, writer=writer, writes=writes)
    gate = Gate(ws, "odoo", toolset, Role.EXECUTE)

    def call() -> None:
        answers.append(gate.call("create_invoice", real(invoice, row)))

    second = threading.Thread(target=call)
    call()
    second.join()
    assert sorted(answer.data["status"] for answer in answers) == ["already_done", "done"]
    assert [answer.data["remote_id"] for answer in answers] == ["1", "1"]
    assert len(books.effects) == 1


def test_of_twenty_calls_over_two_gates_one_has_an_effect(
    ws: Workspace, open_ws: OpenWs, books: Any, invoice: Invoice, grant: Grant
) -> None:
    row = grant(ws, invoice)
    gates = [Gate(w, "odoo", books.toolset, Role.EXECUTE) for w in (ws, open_ws())]
    start = threading.Barrier(20)
    answers: list[Answer] = []

    def call(number: int) -> None:
        start.wait()
        answers.append(gates[number % 2].call("create_invoice", real(invoice, row)))

    threads = [threading.Thread(target=call, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    statuses = [answer.data["status"] for answer in answers]
    assert statuses.count("done") == 1
    assert set(statuses) <= {"done", "already_done", "refused"}  # after it, and while it ran
    assert len(books.effects) == 1
    events = [entry["event"] for entry in log_of(ws) if entry["event"] != "called"]
    assert events == ["decided", "proposed", "sending", "outcome"]
    assert len([entry for entry in log_of(ws) if entry["event"] == "called"]) == 20
    assert ws.chronicle.verify().ok


# -- how an attempt ends --------------------------------------------------------------------------

OUTCOMES = [
    pytest.param(RejectedError("Odoo", "no such field"), "failed", State.REFUSED, id="rejected"),
    pytest.param(NotSentError("Odoo", "nobody listens"), "not_sent", State.NOT_SENT, id="not-sent"),
    pytest.param(UnknownOutcomeError("Odoo", "time out"), "unknown", State.UNKNOWN, id="unknown"),
    pytest.param(RuntimeError("a bug"), "unknown", State.UNKNOWN, id="crash"),
    pytest.param(TimeoutError(), "unknown", State.UNKNOWN, id="time-out"),
    pytest.param(ConnectionResetError(), "unknown", State.UNKNOWN, id="reset"),
]


@pytest.mark.parametrize(("failure", "status", "state"), OUTCOMES)
def test_a_failure_is_taken_for_what_it_is(
    ws: Workspace,
    executing: Gate,
    books: Any,
    invoice: Invoice,
    grant: Grant,
    failure: Exception,
    status: str,
    state: State,
) -> None:
    """What is not known to be definite is unknown, and is never done a second time."""
    row = grant(ws, invoice)
    books.failures = [failure]
    answer = executing.call("create_invoice", real(invoice, row))
    assert (answer.is_error, answer.data["status"]) == (True, status)
    assert state_of(ws, row) is state
    assert answer.data["reasons"] == [answer.data["summary"]]
    refused(executing.call("create_invoice", real(invoice, row)))
    assert books.effects == []


def test_the_moment_of_a_rate_limit_is_kept(
    ws: Workspace,
    executing: Gate,
    books: Any,
    invoice: Invoice,
    grant: Grant,
    clock: FixedClock,
) -> None:
    row = grant(ws, invoice)
    later = clock.now() + timedelta(minutes=15)
    books.failures = [RateLimitedError("Odoo", "wait", retry_at=later)]
    assert executing.call("create_invoice", real(invoice, row)).data["status"] == "not_sent"
    now = ws.journal.get(row.action_id)
    assert now is not None
    assert now.retry_at == later


class _DiedError(BaseException):
    """The process is gone: nothing may catch it."""


def test_a_death_during_the_call_leaves_it_sending(
    ws: Workspace, executing: Gate, books: Any, invoice: Invoice, grant: Grant
) -> None:
    """The mark stands before the first byte, so that the next start reads back."""
    row = grant(ws, invoice)
    seen: list[State] = []

    def die() -> None:
        seen.append(state_of(ws, row))
        raise _DiedError

    books.before = die
    with pytest.raises(_DiedError):
        executing.call("create_invoice", real(invoice, row))
    assert seen == [State.SENDING]
    assert state_of(ws, row) is State.SENDING
    books.before = lambda: None
    sentence = refused(executing.call("create_invoice", real(invoice, row)))
    assert "is being carried out right now" in sentence
    assert books.effects == []


def test_a_journal_that_fails_after_the_act_says_unknown(
    ws: Workspace, executing: Gate, books: Any, invoice: Invoice, grant: Grant
) -> None:
    """It happened, and that cannot be recorded: never "nothing was sent"."""
    row = grant(ws, invoice)
    full = threading.Event()
    books.before = full.set

    def fail(phase: str, name: str) -> None:
        if full.is_set() and (phase, name) == ("before", "journal.commit"):
            full.clear()
            raise OSError("the disk is full")

    with durable.listening(fail):
        answer = executing.call("create_invoice", real(invoice, row))
    assert (answer.is_error, answer.data["status"]) == (True, "unknown")
    assert "It may have happened" in answer.data["summary"]
    assert len(books.effects) == 1
    assert state_of(ws, row) is State.SENDING


def test_a_journal_that_fails_before_the_act_sends_nothing(
    ws: Workspace, executing: Gate, books: Any, invoice: Invoice, grant: Grant
) -> None:
    row = grant(ws, invoice)

    def fail(phase: str, name: str) -> None:
        if (phase, name) == ("before", "journal.commit"):
            raise OSError("the disk is full")

    with durable.listening(fail):
        answer = executing.call("create_invoice", real(invoice, row))
    assert (answer.is_error, answer.data["status"]) == (True, "failed")
    assert "Nothing was sent" in answer.data["summary"]
    assert books.effects == []
    assert state_of(ws, row) is State.APPROVED


def test_a_writer_that_cannot_be_built_uses_no_grant(
    ws: Workspace, books: Any, invoice: Invoice, grant: Grant
) -> None:
    def broken(_settings: object) -> None:
        raise NotSentError("Odoo", "the SDK is missing")

    row = grant(ws, invoice)
    gate = Gate(ws, "odoo", replace(books.toolset, writer=broken), Role.EXECUTE)
    answer = gate.call("create_invoice", real(invoice, row))
    assert (answer.is_error, answer.data["status"]) == (True, "not_sent")
    assert state_of(ws, row) is State.APPROVED


# -- a service with an invisible first step -------------------------------------------------------


def test_the_first_step_is_kept_before_the_act(
    ws: Workspace, books: Any, invoice: Invoice, grant: Grant
) -> None:
    row = grant(ws, invoice)
    books.staged = lambda _writer, _payload, _trace: "draft-7"
    seen: list[str | None] = []

    def look() -> None:
        now = ws.journal.get(row.action_id)
        seen.append(now.staged_id if now else None)

    books.before = look
    gate = Gate(ws, "odoo", books.toolset, Role.EXECUTE)
    assert gate.call("create_invoice", real(invoice, row)).data["status"] == "done"
    assert seen == ["draft-7"]
    assert books.effects[0][1].staged_id == "draft-7"


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (RejectedError("Odoo", "no"), "failed"),
        (UnknownOutcomeError("Odoo", "time out"), "not_sent"),
        (RuntimeError("a bug"), "not_sent"),
    ],
    ids=["rejected", "unknown", "crash"],
)
def test_a_first_step_that_fails_has_sent_nothing(
    ws: Workspace,
    books: Any,
    invoice: Invoice,
    grant: Grant,
    failure: Exception,
    status: str,
) -> None:
    def stage(_writer: object, _payload: object, _trace: object) -> str:
        raise failure

    row = grant(ws, invoice)
    books.staged = stage
    gate = Gate(ws, "odoo", books.toolset, Role.EXECUTE)
    assert gate.call("create_invoice", real(invoice, row)).data["status"] == status
    assert books.effects == []


# -- reading back ---------------------------------------------------------------------------------


@pytest.mark.parametrize("finding", Finding)
def test_a_read_back_asks_by_the_trace_and_changes_nothing(
    ws: Workspace, executing: Gate, books: Any, invoice: Invoice, grant: Grant, finding: Finding
) -> None:
    row = grant(ws, invoice)
    books.failures = [UnknownOutcomeError("Odoo", "time out")]
    executing.call("create_invoice", real(invoice, row))
    books.evidence = Evidence(finding, "What was read.", "7", None)
    answer = executing.call("reconcile_action", {"approval_id": row.action_id})
    assert answer.data["status"] == str(finding)
    assert answer.is_error is (finding is Finding.UNCLEAR)
    ((payload, trace),) = books.asked
    assert (payload, trace.key) == (row.payload, key_of(row.action_id))
    assert state_of(ws, row) is State.UNKNOWN
    assert books.effects == []


def test_another_account_proves_nothing_about_what_was_sent(
    open_ws: Callable[..., Workspace], books: Any, invoice: Invoice, grant: Grant
) -> None:
    """The database was set anew in between: nothing there says nothing about the old one."""
    first = open_ws()
    row = grant(first, invoice, state=State.UNKNOWN, sending_at=first.clock.now())
    executing = Gate(open_ws(ODOO_DB="other"), "odoo", books.toolset, Role.EXECUTE)
    answer = executing.call("reconcile_action", {"approval_id": row.action_id})
    assert answer.data["status"] == "unclear"
    assert "http://127.0.0.1:1/ acme company of ai@acme.example" in answer.data["summary"]
    assert books.asked == []


@pytest.mark.parametrize("made_up", ["APR-20261121-999", "", None])
def test_there_is_nothing_to_read_back_for_an_unknown_id(executing: Gate, made_up: object) -> None:
    answer = executing.call("reconcile_action", {"approval_id": made_up})
    assert "nothing to read back" in refused(answer)


def test_what_was_never_sent_is_not_read_back(
    ws: Workspace, executing: Gate, books: Any, invoice: Invoice, grant: Grant
) -> None:
    row = grant(ws, invoice)
    refused(executing.call("reconcile_action", {"approval_id": row.action_id}))
    assert books.asked == []


def test_a_proposing_server_has_no_read_back(
    ws: Workspace, proposing: Gate, invoice: Invoice, grant: Grant
) -> None:
    row = grant(ws, invoice, state=State.UNKNOWN, sending_at=ws.clock.now())
    answer = proposing.call("reconcile_action", {"approval_id": row.action_id})
    assert refused(answer) == "There is no tool `reconcile_action` on this server."


# -- what is not understood -----------------------------------------------------------------------


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("tool", ["", "delete_everything", "create_post", "__class__", "x" * 5000])
def test_an_unknown_tool_is_refused(ws: Workspace, books: Any, role: Role, tool: str) -> None:
    answer = Gate(ws, "odoo", books.toolset, role).call(tool, {})
    assert refused(answer) == f"There is no tool `{tool}` on this server."
    assert last_call(ws)["result"] == "refused"
    assert ws.chronicle.verify().ok


@pytest.mark.parametrize("value", ["false", "no", 0, 1, None, [], {}, 0.0])
def test_anything_but_true_or_false_is_never_real(
    ws: Workspace, executing: Gate, books: Any, invoice: Invoice, grant: Grant, value: object
) -> None:
    row = grant(ws, invoice)
    answer = executing.call("create_invoice", real(invoice, row, dry_run=value))
    assert refused(answer) == "`dry_run` must be true or false; anything else counts as true."
    assert (books.effects, books.writers) == ([], 0)


@pytest.mark.parametrize("value", [1, True, ["APR-20261121-001"], {"id": "x"}])
def test_an_approval_must_be_a_text(
    ws: Workspace, executing: Gate, invoice: Invoice, value: object
) -> None:
    answer = executing.call("create_invoice", {**invoice, "dry_run": False, "approval_id": value})
    assert refused(answer) == "`approval_id` must be the text of an approval's id."
    assert answer.data["action_id"] is None


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"surprise": 1}, "surprise"),
        ({"customer": None}, "customer"),
        ({"currency": "Euro"}, "currency"),
        ({"lines": [{"description": "x", "quantity": 1, "unit_price": 12.5}]}, "unit_price"),
        ({"lines": json.dumps([{"description": "x"}])}, "lines"),
        ({"role": "execute"}, "role"),
    ],
    ids=["unknown", "missing", "currency", "float", "json-text", "role"],
)
def test_an_argument_that_cannot_be_used_is_named(
    ws: Workspace, executing: Gate, invoice: Invoice, change: dict[str, object], named: str
) -> None:
    answer = executing.call("create_invoice", {**invoice, "dry_run": False, **change})
    sentence = refused(answer)
    assert sentence.startswith("This call has parameters that cannot be used: ")
    assert named in sentence
    assert notes_in(ws) == []


# -- reads ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", Role)
def test_a_read_answers_with_at_most_its_limit(ws: Workspace, books: Any, role: Role) -> None:
    books.items = [{"id": n, "name": f"n{n}"} for n in range(200)]
    gate = Gate(ws, "odoo", books.toolset, role)
    answer = gate.call("find_partners", {"query": "n"})
    assert (answer.is_error, len(answer.data["items"]), answer.data["total"]) == (False, 25, 200)
    assert len(gate.call("find_partners", {"query": "n", "limit": 100}).data["items"]) == 100
    assert answer.data["next_cursor"] is None
    assert books.writers == 0


@pytest.mark.parametrize(
    "raw",
    [
        {"query": "n", "limit": 101},
        {"query": "n", "limit": 0},
        {"query": "n", "limit": -1},
        {"query": ""},
        {},
        {"query": "n", "dry_run": False},
    ],
    ids=["too-many", "none", "negative", "empty", "missing", "unknown"],
)
def test_a_read_with_bad_arguments_asks_nobody(
    executing: Gate, books: Any, raw: dict[str, object]
) -> None:
    assert "cannot be used" in refused(executing.call("find_partners", raw))
    assert books.asked == []


def test_a_service_that_is_not_set_up_is_not_read(open_ws: OpenWs, books: Any) -> None:
    gate = Gate(open_ws(ODOO_API_KEY=""), "odoo", books.toolset, Role.PROPOSE)
    assert refused(gate.call("find_partners", {"query": "n"})) == (
        "Odoo is not set up: ODOO_API_KEY or ODOO_PASSWORD missing in `.env`."
    )
    assert (books.readers, books.asked) == (0, [])


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (NotSentError("Odoo", "nobody listens"), "not_sent"),
        (RejectedError("Odoo", "401"), "failed"),
        (RuntimeError("a bug"), "failed"),
    ],
    ids=["not-sent", "rejected", "crash"],
)
def test_a_read_that_fails_is_an_error(
    ws: Workspace, executing: Gate, books: Any, failure: Exception, status: str
) -> None:
    books.failures = [failure]
    answer = executing.call("find_partners", {"query": "n"})
    assert (answer.is_error, answer.data["status"]) == (True, status)
    assert last_call(ws)["result"] == status


# -- lookups on the way to a proposal -------------------------------------------------------------


def test_a_missing_identifier_is_looked_up_before_it_is_proposed(
    ws: Workspace, proposing: Gate, books: Any, invoice: Invoice
) -> None:
    books.items = [{"id": 14, "name": "Acme Ltd"}, {"id": 15, "name": "Acme Ltd Holding"}]
    raw = {**invoice, "customer_id": None, "dry_run": False}
    answer = proposing.call("create_invoice", raw)
    (row,) = ws.journal.in_states(State.PENDING)
    assert row.payload["customer_id"] == 14
    assert answer.data["request"]["payload"]["customer_id"] == 14
    path = ws.vault.root / answer.data["note"]
    assert notes.parameters_of(notes.parse(path.read_bytes()))["customer_id"] == 14


def test_a_lookup_without_an_answer_is_said_and_stops_nothing(
    proposing: Gate, books: Any, invoice: Invoice
) -> None:
    books.failures = [NotSentError("Odoo", "down")]
    answer = proposing.call("create_invoice", {**invoice, "customer_id": None, "dry_run": False})
    assert answer.data["status"] == "approval_required"
    said = "not looked up in Odoo: Odoo: down"
    assert any(said in reason for reason in answer.data["reasons"])


@pytest.mark.parametrize(
    ("items", "said"),
    [
        ([], "No customer is called Acme Ltd."),
        ([{"id": 17, "name": "Acme Ltd"}, {"id": 18, "name": "Acme Ltd"}], "There are 2 customers"),
    ],
    ids=["nobody", "two"],
)
def test_an_unclear_customer_is_the_assistants_to_mend(
    ws: Workspace, proposing: Gate, books: Any, invoice: Invoice, items: list[Any], said: str
) -> None:
    """The owner is not asked about what the caller could have said."""
    books.items = items
    answer = proposing.call("create_invoice", {**invoice, "customer_id": None, "dry_run": False})
    assert (answer.is_error, answer.data["status"]) == (True, "refused")
    assert answer.data["reasons"][0].startswith(said)
    assert ws.journal.in_states(State.PENDING) == []


def test_what_the_service_would_regret_is_not_proposed(
    ws: Workspace, proposing: Gate, executing: Gate, books: Any, invoice: Invoice
) -> None:
    books.findings = Findings(refusals=("It is there already.",))
    answer = proposing.call("create_invoice", {**invoice, "dry_run": False})
    assert (answer.data["status"], answer.data["reasons"]) == ("refused", ["It is there already."])
    assert ws.journal.in_states(State.PENDING) == []
    asked = {"action": "odoo.create_invoice", "arguments": invoice}
    assert executing.call("check_action", asked).data["refusals"] == ["It is there already."]
    assert refused(proposing.call("check_action", asked)).startswith("There is no tool")
    assert books.effects == []
    assert books.writers == 0


def test_what_the_service_says_stands_in_the_proposal(
    ws: Workspace, proposing: Gate, books: Any, invoice: Invoice
) -> None:
    books.findings = Findings(remarks=("The same was sent on Monday.",))
    answer = proposing.call("create_invoice", {**invoice, "dry_run": False})
    assert "The same was sent on Monday." in answer.data["reasons"]
    text = (ws.vault.root / answer.data["note"]).read_text()
    assert "- The same was sent on Monday." in text.split("## Why")[1]


# -- the log --------------------------------------------------------------------------------------


def test_every_call_is_in_the_log_with_who_and_what(
    ws: Workspace,
    executing: Gate,
    proposing: Gate,
    books: Any,
    invoice: Invoice,
    grant: Grant,
) -> None:
    row = grant(ws, invoice)
    calls = [
        (proposing, "find_partners", {"query": "n"}, "done"),
        (proposing, "find_partners", {"limit": 1000}, "refused"),
        (proposing, "create_invoice", invoice, "dry_run"),
        (proposing, "create_invoice", {**invoice, "dry_run": False}, "approval_required"),
        (proposing, "create_invoice", {"dry_run": False}, "refused"),
        (proposing, "no_such_tool", {"a": 1}, "refused"),
        (executing, "create_invoice", real(invoice, row), "done"),
        (executing, "create_invoice", real(invoice, row), "already_done"),
        (proposing, "create_invoice", real(invoice, row), "refused"),
        (executing, "reconcile_action", {"approval_id": row.action_id}, "failed"),
    ]
    for gate, tool, raw, result in calls:
        before = len(log_of(ws))
        gate.call(tool, raw)
        entry = last_call(ws)
        assert len(log_of(ws)) > before
        assert entry["result"] == result
        assert entry["action"] == f"odoo.{tool}"
        assert entry["actor"] == str(gate.actor)
        assert entry["parameters"] == raw
        assert entry["duration_ms"] == 0
        assert (entry["error"] is not None) is (result == "refused")
    assert ws.chronicle.verify().ok


def test_an_executed_action_tells_its_whole_story(
    ws: Workspace, executing: Gate, invoice: Invoice, grant: Grant
) -> None:
    row = grant(ws, invoice)
    executing.call("create_invoice", real(invoice, row))
    story = [(e["event"], e.get("attempt"), e.get("result")) for e in log_of(ws)]
    assert story == [
        ("decided", None, None),
        ("proposed", None, None),
        ("sending", 1, None),
        ("outcome", 1, "done"),
        ("called", 1, "done"),
    ]
    assert {e["digest"] for e in log_of(ws)} == {row.digest}


def everything(folder: Path) -> Iterator[tuple[Path, bytes]]:
    for path in folder.rglob("*"):
        if path.is_file() and not path.name.startswith("journal.sqlite"):
            yield path, path.read_bytes()


@pytest.mark.parametrize(
    "failure",
    [
        RejectedError("Odoo", f"bad key {SECRET}"),
        NotSentError("Odoo", f"https://x.example/?token={SECRET}"),
        UnknownOutcomeError("Odoo", f"lost {SECRET}"),
        RuntimeError(SECRET),
        None,
    ],
    ids=["rejected", "not-sent", "unknown", "crash", "read-back"],
)
def test_a_secret_is_nowhere(
    ws: Workspace,
    executing: Gate,
    books: Any,
    invoice: Invoice,
    grant: Grant,
    failure: Exception | None,
    tmp_path: Path,
) -> None:
    """Not in results, not in logs, not in what the note will show."""
    row = grant(ws, invoice)
    if failure:
        books.failures = [failure]
    books.evidence = Evidence(Finding.ABSENT, f"Asked with {SECRET}")
    answers = [
        executing.call("create_invoice", real(invoice, row)),
        executing.call("reconcile_action", {"approval_id": row.action_id}),
        executing.call("find_partners", {"query": SECRET}),
        executing.call("create_invoice", {"password": SECRET, SECRET: 1}),
        executing.call(f"tool_{SECRET}", {}),
    ]
    assert SECRET not in json.dumps([answer.data for answer in answers])
    now = ws.journal.get(row.action_id)
    assert now is not None
    assert SECRET not in f"{now.summary} {now.error} {now.remote_id}"
    found = [path for path, data in everything(tmp_path) if SECRET.encode() in data]
    assert found == []


# -- the statuses ---------------------------------------------------------------------------------


def test_which_statuses_are_errors() -> None:
    assert [status for status in Status if status.is_error] == [
        Status.NOT_SENT,
        Status.REFUSED,
        Status.FAILED,
        Status.UNKNOWN,
    ]


@pytest.mark.parametrize(
    "raw",
    [{}, {"dry_run": False}, {"dry_run": 5}, {"approval_id": "x"}, {"surprise": 1}],
    ids=["dry-run", "proposal", "bad-flag", "no-approval", "unknown"],
)
def test_a_write_always_answers_in_the_same_shape(
    executing: Gate, invoice: Invoice, raw: dict[str, object]
) -> None:
    answer = executing.call("create_invoice", {**invoice, **raw})
    assert set(answer.data) == {
        *("status", "action", "action_id", "mode", "summary", "request"),
        *("remote_id", "remote_url", "note", "reasons"),
    }
    assert answer.data["action"] == "odoo.create_invoice"


# -- with the real tools --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.mark.parametrize("mode", ["lost_answer", "http_500_before", "auth_expired", None])
def test_the_real_tools_behind_the_gate(
    open_ws: OpenWs, invoice: Invoice, grant: Grant, sandbox: Sandbox, mode: str | None
) -> None:
    sandbox.reset()
    ws = open_ws(**sandbox.settings())
    gate = Gate(ws, "odoo", toolset_of("odoo"), Role.EXECUTE)
    row = grant(ws, invoice)
    if mode:
        sandbox.fault("odoo", mode, match="odoo.create_invoice")
    preview = gate.call("create_invoice", invoice).data["request"]
    answer = gate.call("create_invoice", real(invoice, row))
    statuses = {"lost_answer": "unknown", "http_500_before": "unknown", "auth_expired": "failed"}
    assert answer.data["status"] == statuses.get(mode or "", "done")
    assert preview["args"][0]["ref"] == NO_KEY
    if mode == "lost_answer":
        found = gate.call("reconcile_action", {"approval_id": row.action_id})
        assert found.data["status"] == "found"
    again = gate.call("create_invoice", real(invoice, row))
    assert again.data["status"] == ("refused" if mode else "already_done")
    keys = [effect["key"] for effect in sandbox.effects()]
    assert keys == ([key_of(row.action_id)] if mode in {None, "lost_answer"} else [])


# -- floors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "module",
    [
        "mcp_servers.gate",
        "mcp_servers.catalog",
        "mcp_servers.toolset",
        "core.daemon",
        "core.doctor",
    ],
)
def test_the_shared_layer_imports_neither_mcp_nor_an_sdk(module: str) -> None:
    heavy = [
        "mcp",
        "mcp_types",
        "odoorpc",
        "tweepy",
        "facebook",
        "googleapiclient",
        "requests",
        "httpx2",
        "rich",
    ]
    script = (
        f"import sys, {module}\n"
        f"print(*[name for name in {heavy!r} if name in sys.modules and sys.modules[name]])"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == []


def test_every_kind_of_the_catalogue_has_a_gate() -> None:
    assert all(toolset_of(action.service).writes[action.tool] for action in ACTIONS.values())
