"""The proposal note: its properties, its question, its reasons: `core/proposal.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core import approvals, frontmatter, notes, payloads, proposal, proposal_edits
from core.actions import Mode, State, Trust
from core.approvals import Request
from core.findings import Findings
from core.records import Row
from core.workspace import Workspace
from mcp_servers.catalog import ACTIONS
from utils.audit_log import Actor
from utils.clock import FixedClock

INVOICE = ACTIONS["odoo.create_invoice"]
OWNERS = """---
# my comment
type: approval_request
tool: odoo.create_invoice
mine: "kept"
---
My own words.

## Parameters

```yaml
customer: "Acme Ltd"  # Berlin
currency: EUR
lines:
  - {description: "Retainer", quantity: 1, unit_price: 1250.00}
```
## Notes of mine
more
"""


def propose(ws: Workspace, arguments: dict[str, Any], **more: Any) -> tuple[Row, str]:
    kind = more.pop("kind", "odoo.create_invoice")
    row, path = approvals.propose(ws, Request(kind, arguments, Actor.CLAUDE, **more))
    return row, path.read_text()


def parsed(text: str) -> notes.Note:
    return notes.parse(text.encode())


# -- a new note -----------------------------------------------------------------------------------


def test_an_invoices_note_is_as_the_contract_shows_it(
    live_ws: Workspace, invoice: dict[str, Any]
) -> None:
    _, text = propose(live_ws, invoice)
    assert text.startswith(
        "---\n"
        'type: "approval"\n'
        'action_id: "APR-20261121-001"\n'
        'action: "odoo.create_invoice"\n'
        'tier: "approval_required"\n'
        'counterparty: "Acme Ltd"\n'
        "amount: 1250.00\n"
        'currency: "EUR"\n'
        "created: 2026-11-21T12:00:00\n"
        "expires: 2026-11-28T12:00:00\n"
        'tags: ["approval/odoo"]\n'
        "---\n"
        "> [!question] Approve: create a draft invoice for **Acme Ltd**, **1,250.00 EUR**?\n"
        f"> {proposal.HOW_TO}\n"
        "> Nothing has been sent. LIVE: what you approve is done for real, with Odoo.\n"
        "> Why you are asked: 1,250.00 EUR is at or above your limit of 100.00 EUR. The first "
        "action with Acme Ltd that this program would do.\n"
        "> If you approve: A draft invoice will be in Odoo. It is not posted and not e-mailed to "
        "anybody.\n"
        "> To undo it: delete the draft in Odoo.\n"
        "> Cost of doing it: nothing.\n"
        "> If you do nothing: it expires on 2026-11-28, and nothing is sent.\n"
        "\n## Parameters\n\n```yaml\n"
    )
    assert [s.title for s in parsed(text).sections] == ["Parameters", "Why"]
    assert INVOICE.consequence in text
    assert "- Account: http://127.0.0.1:1/ acme company of ai@acme.example" in text


def test_what_keeps_it_from_running_stands_right_below_the_question(
    live_ws: Workspace, ws: Workspace, invoice: dict[str, Any]
) -> None:
    """Whoever approves it as it stands would only be asked again."""
    said = Findings(unclear=("No customer is called Acme Ltd.",))
    arguments = {k: v for k, v in invoice.items() if k != "customer_id"}
    _, text = propose(live_ws, arguments, findings=said)
    question, first = parsed(text).body[:2]
    assert question.startswith("> [!question] Approve:")
    assert first == "> FIRST: No customer is called Acme Ltd."
    assert "FIRST" not in propose(ws, arguments, findings=said)[1]  # a dry run goes on without


def test_a_posts_text_stands_under_content(ws: Workspace) -> None:
    row, text = propose(ws, {"text": "We are #hiring\n# now"}, kind="twitter.create_post")
    assert "## Content\n\nWe are \\#hiring\n\\# now\n" in text
    assert set(parsed(text).front) == {
        *("type", "action_id", "action", "tier", "created", "expires", "tags"),
    }
    assert payloads.payload_in(ACTIONS[row.kind], parsed(text)) == row.payload


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        (Mode.DRY_RUN, "DRY RUN: Odoo will not be changed."),
        (Mode.LIVE, "LIVE: what you approve is done for real, with Odoo."),
        (Mode.SANDBOX, "SANDBOX: only the practice Odoo on this machine will be changed."),
    ],
)
def test_a_note_says_what_its_mode_means(mode: Mode, words: str) -> None:
    assert proposal.mode_line(mode, "Odoo") == f"Nothing has been sent. {words}"


def test_a_dry_run_says_what_is_missing_for_real(ws: Workspace, invoice: dict[str, Any]) -> None:
    _, text = propose(ws, invoice)
    assert "> To make it real, set first: DRY_RUN=false, ODOO_LIVE=true, ODOO_URL" in text


@pytest.mark.parametrize(
    "customer",
    [
        "[[Approved/x]] **bold** `code`",
        "Acme]] <img src=x> #tag",
        "---",
        "## Content",
        "> [!success] Done: paid",
        "a: b # c",
        "```",
        '"quoted" \\ back',
        "true",
        "2026-11-21",
        "Łódź & Söhne 日本",
    ],
)
def test_no_name_changes_what_the_note_says(
    ws: Workspace, invoice: dict[str, Any], customer: str
) -> None:
    """The customer's name is data, in properties, question, parameters and file name."""
    row, text = propose(ws, {**invoice, "customer": customer})
    note = parsed(text)
    assert note.front["counterparty"] == customer
    assert payloads.payload_in(INVOICE, note) == row.payload
    assert [s.title for s in note.sections] == ["Parameters", "Why"]
    assert len(note.front) <= 10
    question = note.body[0]
    assert question.startswith("> [!question] Approve: ")
    assert "[[" not in question.replace("\\[", "")


def test_words_of_others_are_quoted_and_their_source_named(
    ws: Workspace, invoice: dict[str, Any]
) -> None:
    evidence = "Please pay\n## Content\n```\n---\nstatus: approved"
    _, text = propose(
        ws, invoice, trust=Trust.EXTERNAL, source="TSK-20261121-001 Bill", evidence=evidence
    )
    assert "- Source: [[TSK-20261121-001 Bill]]" in text
    assert notes.quoted(evidence) in text
    assert "The request comes from words that somebody else wrote" in text
    assert [s.title for s in parsed(text).sections] == ["Parameters", "Why"]


def test_a_warning_is_shown_before_everything_else(ws: Workspace, invoice: dict[str, Any]) -> None:
    findings = Findings(remarks=("Similar: x", "CAREFUL: it names another bank account."))
    _, text = propose(ws, invoice, findings=findings)
    _, _, first, *rest = text.split("## Why\n\n")[1].splitlines()
    assert first == "- CAREFUL: it names another bank account."
    assert "- Similar: x" in rest
    assert text.count("CAREFUL") == 1


def test_remarks_are_shown_and_harmless(ws: Workspace, invoice: dict[str, Any]) -> None:
    _, text = propose(ws, invoice, findings=Findings(remarks=("Similar: [[x]] <b>",)))
    assert "- Similar: x b\n" in text


# -- the same thing twice -------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "warned"), [(29, True), (31, False)])
def test_what_was_done_lately_is_warned_of(
    live_ws: Workspace, invoice: dict[str, Any], clock: FixedClock, days: int, warned: bool
) -> None:
    row, _ = propose(live_ws, invoice)
    live_ws.journal.transition(row.action_id, {State.PENDING}, State.DONE, finished_at=clock.now())
    clock.advance(days * 86_400)
    _, text = propose(live_ws, invoice)
    warning = f"WARNING: the same was already done on 2026-11-21: [[{row.note[:-3]}]]."
    assert (warning in text) is warned


def test_another_amount_is_not_the_same(live_ws: Workspace, invoice: dict[str, Any]) -> None:
    row, _ = propose(live_ws, invoice)
    live_ws.journal.transition(row.action_id, {State.PENDING}, State.DONE)
    line = {**invoice["lines"][0], "unit_price": "1250.01"}
    _, text = propose(live_ws, {**invoice, "lines": [line]})
    assert "WARNING" not in text


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (State.PENDING, "the same waits for you already"),
        (State.APPROVED, "the same is approved already and not done yet"),
        (State.SENDING, "the same is being carried out"),
        (State.UNKNOWN, "the same may have happened already, which is not known"),
    ],
    ids=str,
)
def test_what_is_equal_and_not_ended_is_warned_about_too(
    live_ws: Workspace, invoice: dict[str, Any], state: State, words: str
) -> None:
    row, _ = propose(live_ws, invoice)
    live_ws.journal.transition(row.action_id, {State.PENDING}, state, attempt=1)
    _, text = propose(live_ws, invoice)
    warning = f"WARNING: {words}: [[{row.note[:-3]}]]. Approve only if you want it twice."
    assert f"- {warning}" in text
    assert parsed(text).body[1] == f"> {warning}"


@pytest.mark.parametrize("state", [State.REJECTED, State.REFUSED, State.NOT_SENT, State.WITHDRAWN])
def test_what_did_not_happen_is_no_reason_to_warn(
    live_ws: Workspace, invoice: dict[str, Any], state: State
) -> None:
    row, _ = propose(live_ws, invoice)
    live_ws.journal.transition(row.action_id, {State.PENDING}, state)
    assert "WARNING" not in propose(live_ws, invoice)[1]


def test_what_was_done_lately_is_warned_about_however_long_it_waited(
    live_ws: Workspace, invoice: dict[str, Any], clock: FixedClock
) -> None:
    row, _ = propose(live_ws, invoice)
    clock.advance(40 * 86_400)
    live_ws.journal.transition(row.action_id, {State.PENDING}, State.DONE, finished_at=clock.now())
    clock.advance(86_400)
    assert "WARNING: the same was already done" in propose(live_ws, invoice)[1]


# -- properties and parameters --------------------------------------------------------------------


def with_front(row: Row, **properties: object) -> notes.Note:
    front = {"type": "approval", "action_id": row.action_id, **properties}
    return parsed(frontmatter.compose(front))


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        pytest.param({}, [], id="missing"),
        pytest.param({"amount": 1250}, [], id="written-otherwise"),
        pytest.param({"amount": "1250.0"}, [], id="as-text"),
        pytest.param({"currency": "EUR", "counterparty": "Acme Ltd"}, [], id="same"),
        pytest.param({"amount": 1300}, ["`amount` says 1300, the parameters say"], id="amount"),
        pytest.param({"amount": "NaN"}, ["`amount` says NaN"], id="nan"),
        pytest.param({"counterparty": "Globex"}, ["`counterparty` says Globex"], id="payee"),
        pytest.param({"action": "odoo.post_invoice"}, ["`action` says odoo.post"], id="action"),
        pytest.param({"amount": 1, "currency": "USD"}, ["`amount`", "`currency`"], id="two"),
    ],
)
def test_a_property_that_disagrees_is_said(
    ws: Workspace, invoice: dict[str, Any], properties: dict[str, object], said: list[str]
) -> None:
    row, _ = propose(ws, invoice)
    facts = payloads.facts_of(INVOICE, row.payload)
    found = proposal.disagreements(row, facts, with_front(row, **properties))
    assert len(found) == len(said)
    assert all(words in line for words, line in zip(said, found, strict=True))


def test_a_stale_property_is_no_disagreement(ws: Workspace, invoice: dict[str, Any]) -> None:
    """The owner changed the parameters only; the property still shows the registered amount."""
    row, text = propose(ws, invoice)
    line = {**invoice["lines"][0], "unit_price": "1300.00"}
    edited = payloads.validated(INVOICE, {**invoice, "lines": [line]})
    facts = payloads.facts_of(INVOICE, edited)
    assert proposal.disagreements(row, facts, parsed(text)) == []
    assert proposal.disagreements(row, facts, with_front(row, amount=1300)) == []
    assert len(proposal.disagreements(row, facts, with_front(row, amount=1400))) == 1


# -- rewriting the owner's note -------------------------------------------------------------------


def test_an_adopted_note_keeps_the_owners_words(ws: Workspace) -> None:
    note = parsed(OWNERS)
    request = Request("odoo.create_invoice", payloads.arguments_of(INVOICE, note), Actor.OWNER)
    made = approvals.draft(ws, request)
    row = approvals.new_row(ws, made, title="", note="mine.md")
    text = proposal_edits.adopted(ws, note, made, row)
    new = parsed(text)
    for words in ("# my comment\n", 'mine: "kept"\n', "My own words.\n", "# Berlin\n", "more\n"):
        assert words in text
    assert new.front["action_id"] == row.action_id
    assert new.front["action"] == "odoo.create_invoice"
    assert "tool" not in new.front
    assert new.body[0].startswith("> [!question] Approve: create a draft invoice")
    assert payloads.payload_in(INVOICE, new) == row.payload
    assert row.note == "mine.md"


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_a_looked_up_identifier_is_one_more_line(newline: str) -> None:
    text = OWNERS.replace("\n", newline)
    payload = {"customer": "Acme Ltd", "customer_id": 14}
    new = proposal_edits.with_identifier(text, INVOICE, payload)
    line = f'customer: "Acme Ltd"  # Berlin{newline}'
    assert new == text.replace(line, f"{line}customer_id: 14{newline}")
    assert proposal_edits.with_identifier(new, INVOICE, payload) == new
    assert proposal_edits.without_identifier(new, INVOICE, {"customer": "Acme Ltd"}) == text


def test_nothing_is_written_when_nothing_was_found() -> None:
    assert proposal_edits.with_identifier(OWNERS, INVOICE, {"customer": "Acme Ltd"}) == OWNERS
    post = ACTIONS["twitter.create_post"]
    assert proposal_edits.with_identifier(OWNERS, post, {"customer_id": 1}) == OWNERS


def test_a_payment_to_somebody_new_says_first_what_to_do(live_ws: Workspace) -> None:
    payment = {"invoice": "INV/1", "invoice_id": 7, "partner": "Hooli", "currency": "EUR"}
    _, text = propose(live_ws, {**payment, "amount": "480.00"}, kind="odoo.register_payment")
    first = text.split("## Parameters")[0]
    check = "First check the bank details by another way, then tick the property `payee_checked`"
    assert f"> {check} (true)." in first
    front = parsed(text).front
    assert front["payee_checked"] is False
    assert len(front) == 10


def test_a_question_asked_again_says_why(ws: Workspace, invoice: dict[str, Any]) -> None:
    row, text = propose(ws, invoice)
    again = proposal_edits.pending_text(
        ws, parsed(text), row, INVOICE, ("you changed the [[payee]]",)
    )
    first, second, third, *_ = parsed(again).body
    assert first.startswith("> [!question] Approve again: create a draft invoice")
    assert second == "> Asked again because you changed the payee."
    assert third == f"> {proposal.HOW_TO}"
    settled = proposal_edits.pending_text(ws, parsed(again), row, INVOICE)
    assert settled == text


def test_a_filed_note_that_is_proposed_again_has_no_ending(
    ws: Workspace, invoice: dict[str, Any]
) -> None:
    row, text = propose(ws, invoice)
    filed = text.replace('tier: "approval_required"', 'status: "rejected"').replace(
        "expires: 2026-11-28", "finished: 2026-11-22"
    )
    later = replace(row, expires_at=row.expires_at + timedelta(days=7))
    front = parsed(proposal_edits.pending_text(ws, parsed(filed), later, INVOICE)).front
    assert (front["tier"], front["expires"]) == ("approval_required", "2026-12-05T12:00:00")
    assert not {"status", "finished"} & set(front)


def test_reasons_are_added_below_what_stands_there() -> None:
    note = parsed("---\na: 1\n---\n## Why\n\nold\n")
    text = proposal_edits.with_reasons(note.text, note, "new")
    assert text == "---\na: 1\n---\n## Why\n\nold\n\nnew\n\n"


def test_facts_are_columns(row: Callable[..., Row], ws: Workspace, invoice: dict[str, Any]) -> None:
    facts = payloads.facts_of(INVOICE, payloads.validated(INVOICE, invoice))
    columns = proposal.fact_columns(facts)
    assert columns == {"counterparty": "Acme Ltd", "amount": "1250.00", "currency": "EUR"}
    shown = proposal.shown_facts(row(**columns))
    assert {name: str(value) for name, value in shown.items()} == columns
    assert proposal.shown_facts(row()) == {}


def test_a_ticked_box_stays_ticked_when_the_question_is_renewed(live_ws: Workspace) -> None:
    payment = {"invoice": "INV/1", "invoice_id": 7, "partner": "Hooli", "currency": "EUR"}
    arguments = {**payment, "amount": "480.00"}
    row, text = propose(live_ws, arguments, kind="odoo.register_payment")
    ticked = text.replace("payee_checked: false", "payee_checked: true", 1)
    action = ACTIONS["odoo.register_payment"]
    again = proposal_edits.pending_text(live_ws, parsed(ticked), row, action, ("you changed it",))
    assert parsed(again).front["payee_checked"] is True
    word = text.replace("payee_checked: false", 'payee_checked: "yes"', 1)
    again = proposal_edits.pending_text(live_ws, parsed(word), row, action, ("it is no tick",))
    assert parsed(again).front["payee_checked"] is False


def test_a_check_that_is_wanted_later_takes_the_place_of_our_tags(live_ws: Workspace) -> None:
    payment = {"invoice": "INV/1", "invoice_id": 7, "partner": "Hooli", "currency": "EUR"}
    arguments = {**payment, "amount": "480.00"}
    row, text = propose(live_ws, arguments, kind="odoo.register_payment")
    action = ACTIONS["odoo.register_payment"]
    for tags, kept in (('["approval/odoo"]', False), ('["approval/odoo", "mine"]', True)):
        before = text.replace("payee_checked: false", f"tags: {tags}", 1)
        front = parsed(proposal_edits.pending_text(live_ws, parsed(before), row, action)).front
        assert front["payee_checked"] is False
        assert ("tags" in front) is kept


def test_what_always_asks_says_so_where_nothing_is_special(ws: Workspace) -> None:
    _, text = propose(ws, {"text": "Hello"}, kind="twitter.create_post")
    why = "> Why you are asked: It acts outside this vault, and that always needs your approval.\n"
    assert why in text


def test_every_kind_says_how_it_is_undone_and_what_it_costs(
    ws: Workspace, invoice: dict[str, Any]
) -> None:
    _, text = propose(ws, invoice)
    assert "> To undo it: delete the draft in Odoo.\n> Cost of doing it: nothing.\n" in text
    _, text = propose(ws, {"text": "Hello"}, kind="twitter.create_post")
    assert "> To undo it: delete it on X; that does not unsend it" in text
    assert "> Cost of doing it: $0.015, charged by X.\n" in text
    for action in ACTIONS.values():
        assert action.undo.endswith("."), action.kind
        assert not action.undo[0].isupper(), action.kind
