"""The same promises against a real server: ODOO_TEST_URL, _DB, _USER and _KEY; run with -m live.

It makes and posts invoices, so give it a test database with the user that the how-to recommends
(Billing and Sales, no settings).
"""

from __future__ import annotations

import os
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.actions import key_of, payload_of
from core.settings import SETTINGS
from mcp_servers.catalog import ACTIONS, READS, SERVICE_SETTINGS
from mcp_servers.odoo.client import Reader, Writer
from mcp_servers.odoo.keys import key_expires_on
from mcp_servers.odoo.tools import TOOLSET
from mcp_servers.toolset import Done, Finding, Trace
from utils.config import Settings
from utils.errors import RejectedError

NAMES = {"ODOO_URL": "URL", "ODOO_DB": "DB", "ODOO_USERNAME": "USER", "ODOO_API_KEY": "KEY"}
GIVEN = {name: os.environ.get(f"ODOO_TEST_{short}", "") for name, short in NAMES.items()}

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(
        not all(GIVEN.values()), reason="ODOO_TEST_URL, _DB, _USER and _KEY are not set"
    ),
]


@pytest.fixture(scope="module")
def settings() -> Settings:
    return Settings((*SETTINGS, *SERVICE_SETTINGS), GIVEN, Path())


@pytest.fixture(scope="module")
def writer(settings: Settings) -> Writer:
    return Writer(settings)


@pytest.fixture(scope="module")
def currency(writer: Writer) -> str:
    return str(writer.company()["currency_id"][1])


@pytest.fixture(scope="module")
def partner(writer: Writer) -> tuple[int, str]:
    name = f"AI Employee test {secrets.token_hex(4)}"
    return int(once(writer, "create_partner", {"name": name}).remote_id), name


def once(writer: Writer, tool: str, arguments: dict[str, Any]) -> Done:
    """Do it, see it by its key, do it again and see that nothing came of that."""
    write = TOOLSET.writes[tool]
    payload = payload_of(ACTIONS[f"odoo.{tool}"], arguments)
    trace = Trace(key_of(secrets.token_hex(8)), datetime.now(UTC))
    assert write.reconcile(writer, payload, trace).finding is Finding.ABSENT
    done = write.perform(writer, payload, trace)
    evidence = write.reconcile(writer, payload, trace)
    assert (evidence.finding, evidence.remote_id) == (Finding.FOUND, done.remote_id)
    assert write.perform(writer, payload, trace).remote_id == done.remote_id
    return done


def test_from_a_draft_to_a_payment(writer: Writer, partner: tuple[int, str], currency: str) -> None:
    identifier, name = partner
    lines = [{"description": "Work", "quantity": 2, "unit_price": "50.05"}]
    who = {"customer": name, "customer_id": identifier, "currency": currency}
    made = int(once(writer, "create_invoice", {**who, "lines": lines}).remote_id)
    row = writer.read("account.move", made, ["amount_total"])
    assert row is not None
    total = f"{row['amount_total']:.2f}"
    step = {"invoice_id": made, "partner": name, "amount": total, "currency": currency}
    once(writer, "post_invoice", step)
    posted = writer.read("account.move", made, ["name"])
    assert posted is not None
    once(writer, "register_payment", {**step, "invoice": posted["name"]})
    with pytest.raises(RejectedError, match="nothing is due"):
        once(writer, "register_payment", {**step, "invoice": posted["name"], "amount": "1.00"})


def test_a_bill_is_entered_once(writer: Writer, partner: tuple[int, str], currency: str) -> None:
    identifier, name = partner
    bill = {
        "vendor": name,
        "vendor_id": identifier,
        "currency": currency,
        "reference": "RE-1",
        "invoice_date": "2026-11-20",
        "lines": [{"description": "Paper", "quantity": 1, "unit_price": "10"}],
    }
    once(writer, "create_vendor_bill", bill)
    with pytest.raises(RejectedError, match="there already"):
        once(writer, "create_vendor_bill", bill)


def test_every_question_has_an_answer(settings: Settings, partner: tuple[int, str]) -> None:
    reader = Reader(settings)
    for tool, answer in TOOLSET.reads.items():
        arguments = {"query": partner[1]} if tool == "find_partners" else {}
        page = answer(reader, READS[f"odoo.{tool}"].arguments.model_validate(arguments))
        assert len(page.items) <= 25
    key_expires_on(reader)
