"""Payments: who is paid, what runs by itself under a standing approval, and what asks again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.actions import State, Tier
from core.records import Row
from core.vault import Folder
from mcp_servers.gate import Role
from mcp_servers.odoo.fake import OdooFake
from mcp_servers.sandbox import Sandbox
from tests.support import LIVE, Office, edit
from utils.clock import FixedClock, SystemClock

NORTHWIND, PAPYRUS, ACME = 19, 20, 14
USD = 1
NAMES = {NORTHWIND: "Northwind Hosting GmbH", PAPYRUS: "Papyrus Office Ltd", ACME: "Acme Ltd"}


def today() -> date:
    return SystemClock().now().date()


@pytest.fixture
def clock() -> FixedClock:
    """Noon of the real day: the books tell the day by the system's clock."""
    return FixedClock(SystemClock().now().replace(hour=12))


@pytest.fixture
def odoo(sandbox: Sandbox) -> OdooFake:
    (fake,) = (fake for fake in sandbox._fakes if isinstance(fake, OdooFake))
    return fake


@pytest.fixture
def office(tmp_path: Path, clock: FixedClock, sandbox: Sandbox) -> Iterator[Office]:
    opened = Office(tmp_path, clock, **LIVE, **sandbox.settings())
    trust(opened)
    yield opened
    opened.check()
    opened.close()


def trust(office: Office, more: str = "", until: date | None = None) -> None:
    """Let the owner write a standing approval for the hosting into the handbook."""
    last = until or today() + timedelta(days=90)
    book = office.ws.vault.root / "Company_Handbook.md"
    book.write_text(
        "# Rules\n\n```policy\nstanding_approvals:\n"
        "  - payee: Northwind Hosting GmbH\n    max_amount: 49.00\n    currency: USD\n"
        f"    until: {last}\n{more}```\n"
    )


def bill(odoo: OdooFake, days_ago: int, partner_id: int = NORTHWIND, price: float = 48.0) -> int:
    """Let somebody enter and post a bill in Odoo."""
    line = [0, 0, {"name": "Hosting", "price_unit": price}]
    values = {
        "move_type": "out_invoice" if partner_id == ACME else "in_invoice",
        "partner_id": partner_id,
        "currency_id": USD,
        "invoice_date": (today() - timedelta(days=days_ago)).isoformat(),
        "invoice_line_ids": [line],
    }
    identifier = odoo.add("account.move", values, then="action_post")
    stamp = f"{values['invoice_date']} 09:00:00"
    odoo._tables.change("account.move", identifier, create_date=stamp)
    odoo._tables.commit()
    return identifier


def paid(odoo: OdooFake, days_ago: int) -> None:
    """Let somebody have paid a bill in Odoo so many days ago."""
    context = {"active_model": "account.move", "active_ids": [bill(odoo, days_ago)]}
    on = (today() - timedelta(days=days_ago)).isoformat()
    odoo.add(
        "account.payment.register",
        {"payment_date": on},
        then="action_create_payments",
        context=context,
    )


def usual(odoo: OdooFake) -> None:
    paid(odoo, 61)
    paid(odoo, 31)


def payment(odoo: OdooFake, move: int) -> dict[str, Any]:
    row = odoo.row("account.move", move)
    return {
        "invoice": row["name"],
        "invoice_id": move,
        "partner": NAMES[row["partner_id"]],
        "amount": f"{row['amount_total']:.2f}",
        "currency": "USD",
    }


def write(office: Office, odoo: OdooFake, move: int, front: str = "") -> Path:
    """Let the owner write a payment by hand, and the daemon take it in."""
    lines = "".join(f'{name}: "{value}"\n' for name, value in payment(odoo, move).items())
    lines = lines.replace(f'"{move}"', str(move))
    path = office.write(
        Folder.PENDING,
        f"Pay {move}.md",
        "---\ntype: approval\naction: odoo.register_payment\n"
        f"{front}---\n## Parameters\n```yaml\n{lines}```\n",
    )
    office.pass_time(10)
    return path


def only(office: Office) -> Row:
    (row,) = office.ws.journal.in_states(*State)
    return row


def payments(sandbox: Sandbox) -> int:
    return sum(effect["kind"] == "odoo.register_payment" for effect in sandbox.effects())


# -- by itself ------------------------------------------------------------------------------------


def test_a_usual_payment_runs_without_a_move_and_leaves_its_note(
    office: Office, odoo: OdooFake, sandbox: Sandbox
) -> None:
    usual(odoo)
    path = write(office, odoo, bill(odoo, 3))
    office.pass_time(15)
    row = only(office)
    assert (row.tier, row.state, row.approved_by) == (Tier.AUTONOMOUS, State.DONE, "policy")
    assert payments(sandbox) == 1
    note = office.note(row.action_id)
    assert note.name == path.name
    assert note.parent.parent.name == "Completed"
    top, why = note.read_text().split("## Parameters")
    assert "standing approval" in why
    assert top.count("> [!") == 1, "one callout, which tells the end"
    assert "Nothing has been sent" not in top
    approved = next(e for e in office.log(row.action_id) if e["event"] == "approved")
    assert approved["approval_status"] == "auto_approved"
    assert (approved["approved_by"], approved["actor"]) == ("policy", "daemon")
    (decided,) = [e for e in office.log(row.action_id) if e["event"] == "decided"]
    assert decided["parameters"]["rules"] == ["standing_approval"]


def test_the_owner_can_stop_it_within_the_undo_time(
    office: Office, odoo: OdooFake, sandbox: Sandbox
) -> None:
    usual(odoo)
    write_only = bill(odoo, 3)
    office.restart(APPROVAL_UNDO_S="60")
    write(office, odoo, write_only)
    row = only(office)
    assert row.state is State.PENDING
    note = office.note(row.action_id)
    assert note.parent == office.approved
    top = note.read_text().split("## Parameters")[0]
    assert top.count("Your rules let this run without asking") == 1
    assert "> If you do nothing: it is done" in top
    assert "expires" not in top.partition("> [!info]")[2]
    note.rename(office.folder(Folder.REJECTED) / note.name)
    office.pass_time(120)
    assert only(office).state is State.REJECTED
    assert payments(sandbox) == 0


@pytest.mark.parametrize("case", ["unusual", "over", "expired", "too-far", "capped", "tainted"])
def test_whatever_is_not_usual_asks(
    office: Office, odoo: OdooFake, sandbox: Sandbox, case: str
) -> None:
    if case != "unusual":
        usual(odoo)
    if case == "expired":
        trust(office, until=today() - timedelta(days=1))
    if case == "too-far":
        trust(office, until=today() + timedelta(days=400))
    if case == "capped":
        trust(office, "daily_payments: 0\n")
    move = bill(odoo, 3, price=49.01 if case == "over" else 48.0)
    write(office, odoo, move, "trust: external\n" if case == "tainted" else "")
    office.pass_time(30)
    row = only(office)
    assert (row.tier, row.state) == (Tier.APPROVAL_REQUIRED, State.PENDING)
    note = office.note(row.action_id)
    assert note.parent == office.pending
    assert "covers this payment" not in note.read_text(), "that is no reason to ask"
    assert payments(sandbox) == 0


def test_an_assistant_can_only_propose(office: Office, odoo: OdooFake, sandbox: Sandbox) -> None:
    usual(odoo)
    raw = {**payment(odoo, bill(odoo, 3)), "dry_run": False}
    answer = office.runner.gate("odoo", Role.PROPOSE).call("register_payment", raw)
    assert answer.data["status"] == "approval_required"
    assert any("An assistant asks for it" in reason for reason in answer.data["reasons"])
    office.pass_time(60)
    assert only(office).state is State.PENDING
    assert payments(sandbox) == 0


def test_a_days_payments_end_at_their_cap(office: Office, odoo: OdooFake, sandbox: Sandbox) -> None:
    """Both are usual when they are written; the second meets the first in the journal."""
    trust(office, "daily_payments: 1\n")
    usual(odoo)
    first, second = bill(odoo, 3), bill(odoo, 2)
    write(office, odoo, first)
    write(office, odoo, second)
    office.pass_time(60)
    states = sorted(str(row.state) for row in office.ws.journal.in_states(*State))
    assert states == ["done", "pending"]
    assert payments(sandbox) == 1


# -- who is paid ----------------------------------------------------------------------------------


def approve(office: Office) -> None:
    office.approve(office.note(only(office).action_id))
    office.pass_time(15)


def test_a_new_payee_is_checked_by_the_owner_first(
    office: Office, odoo: OdooFake, sandbox: Sandbox
) -> None:
    write(office, odoo, bill(odoo, 3, PAPYRUS))
    assert "payee_checked" in office.note(only(office).action_id).read_text()
    approve(office)
    note = office.note(only(office).action_id)
    assert note.parent == office.pending
    assert "Papyrus Office Ltd is new" in note.read_text()
    assert payments(sandbox) == 0
    tick(note)
    approve(office)
    assert only(office).state is State.DONE
    assert payments(sandbox) == 1


def tick(note: Path) -> None:
    """Tick the box among the properties, as one click in Obsidian does."""
    edit(note, "payee_checked: false", "payee_checked: true")


def test_a_check_holds_for_what_was_told_and_for_nothing_else(
    office: Office, odoo: OdooFake, sandbox: Sandbox
) -> None:
    """The bank data change after the owner has checked them: that is another question."""
    write(office, odoo, bill(odoo, 3, PAPYRUS))
    tick(office.note(only(office).action_id))
    odoo.add("res.partner.bank", {"acc_number": "DE89370400440532013000", "partner_id": PAPYRUS})
    approve(office)
    note = office.note(only(office).action_id)
    assert note.parent == office.pending
    assert "ending in 3000 of Papyrus Office Ltd was added" in note.read_text()
    assert "payee_checked: false" in note.read_text()
    approve(office)
    assert office.note(only(office).action_id).parent == office.pending
    assert payments(sandbox) == 0
    tick(office.note(only(office).action_id))
    approve(office)
    assert payments(sandbox) == 1


def test_a_check_holds_for_the_account_that_was_named(
    office: Office, odoo: OdooFake, sandbox: Sandbox
) -> None:
    """The bill is turned to another account, which has been there for long."""
    move = bill(odoo, 3, PAPYRUS)
    write(office, odoo, move)
    note = office.note(only(office).action_id)
    assert "This one names no bank account" in note.read_text()
    tick(note)
    odoo._tables.change("account.move", move, partner_bank_id=2)
    odoo._tables.commit()
    approve(office)
    note = office.note(only(office).action_id)
    assert note.parent == office.pending
    assert "This one names the account ending in 5555" in note.read_text()
    assert payments(sandbox) == 0


def test_a_check_that_was_there_before_the_question_is_none(
    office: Office, odoo: OdooFake, sandbox: Sandbox
) -> None:
    """Another agent may have written the note, and the owner has not seen what is in doubt."""
    write(office, odoo, bill(odoo, 3, PAPYRUS), "payee_checked: true\n")
    approve(office)
    note = office.note(only(office).action_id)
    assert note.parent == office.pending
    assert "payee_checked: false" in note.read_text()
    assert payments(sandbox) == 0


def test_a_customers_receipt_needs_no_check(
    office: Office, odoo: OdooFake, sandbox: Sandbox
) -> None:
    write(office, odoo, bill(odoo, 3, ACME))
    assert "payee_checked" not in office.note(only(office).action_id).read_text()
    approve(office)
    assert only(office).state is State.DONE


def test_bank_data_that_changes_after_the_proposal_is_found_at_the_move(
    office: Office, odoo: OdooFake, sandbox: Sandbox
) -> None:
    bill(odoo, 60, PAPYRUS)
    write(office, odoo, bill(odoo, 3, PAPYRUS))
    assert "payee_checked" not in office.note(only(office).action_id).read_text()
    iban = "DE89370400440532013000"
    odoo.add("res.partner.bank", {"acc_number": iban, "partner_id": PAPYRUS})
    approve(office)
    note = office.note(only(office).action_id)
    assert note.parent == office.pending
    assert "ending in 3000 of Papyrus Office Ltd was added" in note.read_text()
    assert iban not in note.read_text()
    assert payments(sandbox) == 0


def test_what_was_paid_meanwhile_is_not_paid_again(
    office: Office, odoo: OdooFake, sandbox: Sandbox
) -> None:
    bill(odoo, 60, PAPYRUS)
    move = bill(odoo, 3, PAPYRUS)
    write(office, odoo, move)
    context = {"active_model": "account.move", "active_ids": [move]}
    odoo.add("account.payment.register", {}, then="action_create_payments", context=context)
    approve(office)
    note = office.note(only(office).action_id)
    assert note.parent == office.pending
    assert "nothing is due on" in note.read_text()
    assert payments(sandbox) == 0


def test_a_note_about_what_odoo_would_refuse_is_set_aside(
    office: Office, odoo: OdooFake, sandbox: Sandbox
) -> None:
    move = bill(odoo, 3, PAPYRUS)
    context = {"active_model": "account.move", "active_ids": [move]}
    odoo.add("account.payment.register", {}, then="action_create_payments", context=context)
    write(office, odoo, move)
    assert office.ws.journal.in_states(*State) == []
    (reason,) = office.folder(Folder.QUARANTINE).glob("*.reason.md")
    assert "nothing is due on" in reason.read_text()
