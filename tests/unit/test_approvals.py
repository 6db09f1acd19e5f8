"""A request becomes a proposal, and a proposal a request again: `core/approvals.py`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from core import notes, payloads
from core.actions import Mode, State, Tier, Trust, digest_of
from core.approvals import Request, base_entry, draft, propose
from core.payloads import in_words, validated
from core.records import Row
from core.vault import Folder
from core.workspace import Workspace
from mcp_servers.catalog import ACTIONS
from utils import durable
from utils.audit_log import Actor, Approval, Event
from utils.clock import FixedClock
from utils.errors import NoteError, RefusedError

INVOICE = ACTIONS["odoo.create_invoice"]
POST = ACTIONS["twitter.create_post"]
MakeRow = Callable[..., Row]


def request(arguments: dict[str, Any], kind: str = "odoo.create_invoice", **more: Any) -> Request:
    return Request(kind, arguments, Actor.CLAUDE, **more)


# -- proposing ------------------------------------------------------------------------------------


def test_a_proposal_is_a_row_a_note_and_a_log_entry(
    ws: Workspace, invoice: dict[str, Any], clock: FixedClock
) -> None:
    row, path = propose(ws, request(invoice))
    assert path == ws.vault.root / "Pending_Approval" / row.note
    assert row.note == "APR-20261121-001 Invoice Acme Ltd 1250 EUR.md"
    assert ws.journal.get(row.action_id) == row
    assert (row.state, row.mode, row.tier) == (
        State.PENDING,
        Mode.DRY_RUN,
        Tier.APPROVAL_REQUIRED,
    )
    assert (row.counterparty, row.amount, row.currency) == ("Acme Ltd", "1250.00", "EUR")
    assert (row.created_at, row.expires_at) == (clock.now(), clock.now() + timedelta(days=7))
    assert ws.journal.unwritten() == []
    entries = ws.chronicle.entries("2026-11-21")
    assert [e["event"] for e in entries] == ["decided", "proposed"]
    assert all(e["action_id"] == row.action_id for e in entries)
    assert [e["actor"] for e in entries] == ["daemon", "claude"]


def test_a_proposal_read_again_is_the_same_request(ws: Workspace, invoice: dict[str, Any]) -> None:
    row, path = propose(ws, request(invoice))
    note = notes.parse(path.read_bytes())
    assert payloads.payload_in(INVOICE, note) == row.payload
    assert digest_of(row.kind, row.payload, row.mode, row.account) == row.digest


def test_the_row_is_there_before_the_note(ws: Workspace, invoice: dict[str, Any]) -> None:
    """A crash in between loses neither: the text is kept until it is written."""

    class DiedError(Exception):
        pass

    def die(phase: str, name: str) -> None:
        if (phase, name) == ("before", "file.create"):
            raise DiedError

    with durable.listening(die), pytest.raises(DiedError):
        propose(ws, request(invoice))
    assert list((ws.vault.root / "Pending_Approval").iterdir()) == []
    ((action_id, text, replaces),) = ws.journal.unwritten()
    assert ws.journal.get(action_id) is not None
    assert f'action_id: "{action_id}"' in text
    assert replaces is None


def test_a_taken_file_name_gets_a_number_that_the_row_knows(
    ws: Workspace, invoice: dict[str, Any]
) -> None:
    taken = ws.vault.folder(Folder.PENDING) / "APR-20261121-001 Invoice Acme Ltd 1250 EUR.md"
    taken.write_text("theirs")
    row, path = propose(ws, request(invoice))
    assert path.name == "APR-20261121-001 Invoice Acme Ltd 1250 EUR 2.md"
    known = ws.journal.get(row.action_id)
    assert known is not None
    assert known.note == row.note == path.name
    assert taken.read_text() == "theirs"


@pytest.mark.parametrize("kind", ["bank.transfer", "Commit_Pricing", "odoo.delete_invoice"])
def test_a_hard_stop_is_refused_and_leaves_nothing(ws: Workspace, kind: str) -> None:
    with pytest.raises(RefusedError, match="You decide and do it yourself"):
        propose(ws, request({}, kind))
    assert ws.journal.in_states(*State) == []
    assert list((ws.vault.root / "Pending_Approval").iterdir()) == []


def test_a_hard_stop_of_the_handbook_is_refused(ws: Workspace, invoice: dict[str, Any]) -> None:
    book = "```policy\nhard_stop: [odoo.create_invoice]\n```\n"
    (ws.vault.root / "Company_Handbook.md").write_text(book)
    with pytest.raises(RefusedError) as caught:
        propose(ws, request(invoice))
    assert caught.value.reasons[0] == "Your handbook sets odoo.create_invoice to hard_stop."
    assert ws.journal.in_states(*State) == []


def test_an_unknown_kind_is_refused_with_what_is_known(ws: Workspace) -> None:
    with pytest.raises(NoteError, match=r"asks for `odoo.dance`.*Known: .*odoo\.create_invoice"):
        propose(ws, request({}, "odoo.dance"))


def test_numbers_go_up(ws: Workspace, invoice: dict[str, Any]) -> None:
    made = [propose(ws, request(invoice))[0].action_id for _ in range(3)]
    assert made == [f"APR-20261121-00{n}" for n in (1, 2, 3)]


def test_live_and_dry_are_told_apart_in_row_and_digest(
    ws: Workspace, live_ws: Workspace, invoice: dict[str, Any]
) -> None:
    dry, live = (draft(w, request(invoice)) for w in (ws, live_ws))
    assert (dry.mode, live.mode) == (Mode.DRY_RUN, Mode.LIVE)
    assert dry.digest != live.digest
    assert dry.missing[:2] == ("DRY_RUN=false", "ODOO_LIVE=true")
    assert live.missing == ()
    assert (dry.account, live.account) == (
        "not set up",
        "http://127.0.0.1:1/ acme company of ai@acme.example",
    )


@pytest.mark.parametrize(
    ("off", "missing"),
    [
        ({"DRY_RUN": "true"}, ("DRY_RUN=false",)),
        ({"ODOO_LIVE": "false"}, ("ODOO_LIVE=true",)),
        ({"ODOO_API_KEY": ""}, ("ODOO_API_KEY or ODOO_PASSWORD",)),
        ({"DRY_RUN": ""}, ("DRY_RUN=false",)),
    ],
    ids=["global", "service", "credential", "unset"],
)
def test_each_missing_yes_means_a_dry_run(
    open_ws: Callable[..., Workspace],
    live_settings: dict[str, str],
    invoice: dict[str, Any],
    off: dict[str, str],
    missing: tuple[str, ...],
) -> None:
    made = draft(open_ws(**{**live_settings, **off}), request(invoice))
    assert (made.mode, made.missing) == (Mode.DRY_RUN, missing)


def test_what_was_done_before_makes_a_counterparty_known(
    ws: Workspace, invoice: dict[str, Any], row: MakeRow
) -> None:
    assert "new_counterparty" in draft(ws, request(invoice)).decision.rules
    ws.journal.register(row(counterparty="Acme Ltd", state=State.DONE))
    assert "new_counterparty" not in draft(ws, request(invoice)).decision.rules


def test_words_of_others_stay_tainted(ws: Workspace, invoice: dict[str, Any]) -> None:
    row, _ = propose(ws, request(invoice, trust=Trust.EXTERNAL))
    assert row.trust is Trust.EXTERNAL
    assert any("somebody else wrote" in reason for reason in row.reasons)


# -- arguments ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"customer": None}, "customer: "),
        ({"lines": []}, "lines: "),
        (
            {"lines": [{"description": "x", "quantity": 1, "unit_price": 1.5}]},
            "lines 1. unit_price",
        ),
        ({"surprise": 1}, "surprise: "),
        ({"currency": "Euro"}, "currency: is not a currency code"),
    ],
    ids=["missing", "empty", "float", "unknown", "currency"],
)
def test_an_argument_that_cannot_be_used_is_named(
    invoice: dict[str, Any], change: dict[str, Any], words: str
) -> None:
    with pytest.raises(NoteError) as caught:
        validated(INVOICE, {**invoice, **change})
    assert caught.value.reason.startswith("has parameters that cannot be used: ")
    assert words in caught.value.reason


def test_an_argument_that_is_not_there_is_missing(invoice: dict[str, Any]) -> None:
    with pytest.raises(NoteError) as caught:
        validated(INVOICE, {k: v for k, v in invoice.items() if k != "customer"})
    assert caught.value.reason == "has parameters that cannot be used: customer is missing"


def test_a_network_that_lacks_something_is_named(ws: Workspace) -> None:
    post = {"channels": ["facebook", "instagram"], "texts": {"": "No picture."}}
    with pytest.raises(NoteError) as caught:
        validated(ws.actions["social.publish"], post)
    assert caught.value.reason == (
        "has parameters that cannot be used: Instagram: media is missing"
    )


def test_at_most_five_problems_are_listed() -> None:
    from pydantic import ValidationError

    with pytest.raises(ValidationError) as caught:
        INVOICE.arguments.model_validate({f"x{n}": 1 for n in range(20)})
    assert in_words(caught.value).count(";") == 4


def note_of(body: str) -> notes.Note:
    return notes.parse(f"---\ntype: approval\n---\n{body}".encode())


def test_content_is_the_text_that_is_sent() -> None:
    note = note_of("## Content\n\nHello \\#world\n\n## Parameters\n```yaml\n{}\n```\n")
    assert payloads.arguments_of(POST, note) == {"text": "Hello #world"}


def test_a_text_that_stands_twice_is_refused() -> None:
    note = note_of("## Content\none\n## Parameters\n```yaml\ntext: two\n```\n")
    with pytest.raises(NoteError, match="text twice"):
        payloads.arguments_of(POST, note)


def test_a_content_that_would_not_be_sent_is_refused() -> None:
    note = note_of("## Content\nplease pay more\n## Parameters\n```yaml\na: 1\n```\n")
    with pytest.raises(NoteError, match="sends no text"):
        payloads.arguments_of(INVOICE, note)


def test_an_empty_content_is_nothing() -> None:
    note = note_of("## Content\n\n## Parameters\n```yaml\na: 1\n```\n")
    assert payloads.arguments_of(INVOICE, note) == {"a": 1}


# -- story entries --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "by", "status"),
    [
        (State.PENDING, None, Approval.PENDING),
        (State.REJECTED, None, Approval.REJECTED),
        (State.EXPIRED, None, Approval.EXPIRED),
        (State.WITHDRAWN, None, Approval.WITHDRAWN),
        (State.SENDING, "owner", Approval.APPROVED),
        (State.DONE, "policy", Approval.AUTO_APPROVED),
    ],
)
def test_an_entry_says_where_consent_stands(
    row: MakeRow, state: State, by: str | None, status: Approval
) -> None:
    entry = base_entry(row(state=state, approved_by=by), Event.FILED, Actor.DAEMON, result="x")
    assert (entry.approval_status, entry.approved_by, entry.result) == (status, by, "x")


def test_an_entry_carries_what_binds_the_action(row: MakeRow) -> None:
    entry = base_entry(row(attempt=2), Event.OUTCOME, Actor.DAEMON)
    assert (entry.digest, entry.policy_hash, entry.attempt, entry.mode) == (
        "d" * 64,
        "p" * 16,
        2,
        Mode.LIVE,
    )
    assert base_entry(row(), Event.OUTCOME, Actor.DAEMON).attempt is None
