"""From a proposal to the books and on to the payment, with the owner's hand at every step."""

from __future__ import annotations

from typing import Any

from core.actions import State
from mcp_servers.sandbox import Sandbox
from tests.support import ACME, Office

UNDO_S = 5.0
WHO = {"customer": "Acme Ltd", "customer_id": ACME, "currency": "USD"}
LINE = {"description": "Work", "quantity": 1, "unit_price": "100.00"}


def done(office: Office, kind: str, arguments: dict[str, Any]) -> str:
    """Propose and approve, and return the id of what was made."""
    action_id, path = office.propose(kind, arguments)
    office.approve(path)
    office.pass_time(UNDO_S + 5)
    row = office.ws.journal.get(action_id)
    assert row is not None
    assert row.state is State.DONE, office.note(action_id).read_text()
    return str(row.remote_id)


def test_an_invoice_is_made_posted_and_paid(live: Office, sandbox: Sandbox) -> None:
    made = done(live, "odoo.create_invoice", {**WHO, "lines": [LINE]})
    step = {"partner": "Acme Ltd", "amount": "100.00", "currency": "USD"}
    done(live, "odoo.post_invoice", {**step, "invoice_id": int(made)})
    done(
        live,
        "odoo.register_payment",
        {**step, "invoice": "INV/2026/00001", "invoice_id": int(made)},
    )
    assert [effect["kind"] for effect in sandbox.effects()] == [
        "odoo.create_invoice",
        "odoo.post_invoice",
        "odoo.register_payment",
    ]


def test_the_rest_of_the_books(live: Office, sandbox: Sandbox) -> None:
    done(live, "odoo.create_quotation", {**WHO, "lines": [LINE]})
    bill = {"vendor": "Papyrus Office Ltd", "vendor_id": 20, "currency": "USD", "lines": [LINE]}
    done(live, "odoo.create_vendor_bill", {**bill, "reference": "R1", "invoice_date": "2026-11-20"})
    done(live, "odoo.create_partner", {"name": "Hooli", "role": "vendor"})
    update = {"opportunity": "Initech audit", "opportunity_id": 3, "stage": "Qualified"}
    done(live, "odoo.update_opportunity", update)
    assert [effect["kind"] for effect in sandbox.effects()] == [
        "odoo.create_quotation",
        "odoo.create_vendor_bill",
        "odoo.create_partner",
        "odoo.update_opportunity",
    ]
