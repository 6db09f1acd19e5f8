"""What may be proposed for Odoo, and how it is shown."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from core.actions import Payload, canonical, payload_of
from mcp_servers.catalog import ACTIONS, READS, SERVICE_SETTINGS, SERVICES
from mcp_servers.odoo.actions import CreateInvoice, InvoiceLine
from mcp_servers.odoo.tools import TOOLSET
from utils.config import Settings

ACTION = ACTIONS["odoo.create_invoice"]
LINE = {"description": "Website retainer, November", "quantity": 1, "unit_price": "1250.00"}
INVOICE: dict[str, Any] = {
    "customer": "Acme Ltd",
    "customer_id": 14,
    "currency": "EUR",
    "lines": [LINE],
}


def invoice(**changed: object) -> CreateInvoice:
    return CreateInvoice.model_validate({**INVOICE, **changed})


def line(**changed: object) -> dict[str, Any]:
    return {"lines": [{**LINE, **changed}]}


def payload(**changed: object) -> Payload:
    return payload_of(ACTION, {**INVOICE, **changed})


def settings(**values: str) -> Settings:
    from pathlib import Path

    return Settings(SERVICE_SETTINGS, values, Path())


@pytest.mark.parametrize("price", [1250, "1250", "1250.0", "1250.000", Decimal("1250.0")], ids=repr)
def test_the_same_amount_gives_the_same_payload(price: object) -> None:
    assert canonical(payload(**line(unit_price=price))) == canonical(payload())
    assert payload(**line(unit_price=price))["lines"][0]["unit_price"] == "1250.00"


@pytest.mark.parametrize("quantity", ["1", "1.0", Decimal(1)], ids=repr)
def test_the_same_quantity_gives_the_same_payload(quantity: object) -> None:
    assert canonical(payload(**line(quantity=quantity))) == canonical(payload())


def test_the_payload_is_plain_json_and_reads_back_to_itself() -> None:
    full = payload(
        invoice_date="2026-11-21",
        due_date="2026-12-05",
        reference="PO 7",
        note="Thank you\nfor your order",
    )
    assert payload_of(ACTION, json.loads(json.dumps(full))) == full
    assert full["invoice_date"] == "2026-11-21"


def test_the_schema_has_no_number_for_money() -> None:
    schema = CreateInvoice.model_json_schema()
    price = schema["$defs"]["InvoiceLine"]["properties"]["unit_price"]
    assert price["type"] == "string"
    assert re.fullmatch(price["pattern"], "1250.00")
    assert '"number"' not in json.dumps(schema)
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize(
    "changed",
    [
        {"lines": []},
        {"lines": [LINE] * 101},
        {"currency": "EURO"},
        {"currency": "XXX"},
        {"customer": ""},
        {"customer": "   "},
        {"customer": "a" * 201},
        {"customer": "Acme\nLtd"},
        {"customer": "Acme\u202eLtd"},
        {"customer": "Acme\x00"},
        {"customer_id": 0},
        {"customer_id": True},
        {"customer_id": 14.0},
        {"invoice_date": "21.11.2026"},
        {"invoice_date": 1763700000},
        {"invoice_date": "2026-02-30"},
        {"invoice_date": "2026-11-21", "due_date": "2026-11-20"},
        {"unknown": 1},
        line(unit_price=1250.0),
        line(unit_price=0.1),
        line(quantity=1.5),
        line(unit_price="1,250.00"),
        line(unit_price="0"),
        line(unit_price="-5"),
        line(unit_price="0.001"),
        line(unit_price="999999999999", quantity=1000),
        line(quantity=0),
        line(quantity=-1),
        line(quantity=1_000_001),
        line(description="a" * 501),
        line(description="bell\x07"),
        line(discount=10),
    ],
    ids=lambda changed: str(changed)[-70:],
)
def test_what_makes_no_sense_is_refused_before_anybody_is_asked(changed: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        invoice(**changed)


def test_each_line_is_rounded_half_up_as_odoo_does() -> None:
    lines = [{"description": "x", "quantity": "0.5", "unit_price": "0.01"}] * 3
    assert invoice(lines=lines).total == Decimal("0.03")
    assert invoice(**line(quantity="1.5", unit_price="3"), currency="JPY").total == Decimal(5)


def test_a_discount_is_a_line_of_its_own() -> None:
    discount = {"description": "Discount", "quantity": 1, "unit_price": "-250"}
    assert invoice(lines=[LINE, discount]).total == Decimal(1000)


def test_a_person_sees_payee_total_and_currency() -> None:
    facts = ACTION.facts(invoice(currency="eur"))
    assert (facts.counterparty, facts.amount, facts.currency) == ("Acme Ltd", Decimal(1250), "EUR")
    described = "create a draft invoice for **Acme Ltd**, **1,250.00 EUR**"
    assert ACTION.describe(invoice()) == described
    assert ACTION.title(invoice()) == "Invoice Acme Ltd 1250 EUR"


def test_a_customer_name_cannot_act_as_markdown() -> None:
    hostile = invoice(customer="**Acme** [x](http://evil.example) #tag %%")
    assert ACTION.describe(hostile) == (
        r"create a draft invoice for **\*\*Acme\*\* \[x\](http\://evil.example) \#tag \%\%**, "
        "**1,250.00 EUR**"
    )


def test_the_title_is_fit_for_a_file_name() -> None:
    title = ACTION.title(invoice(customer="../A: B/C. Ltd", **line(unit_price="12.50")))
    assert title == "Invoice A B C Ltd 12-5 EUR"


def test_the_preview_names_what_only_odoo_knows() -> None:
    values = settings(ODOO_URL="https://odoo.example", ODOO_COMPANY_ID="3")
    request = TOOLSET.writes["create_invoice"].request(values, payload(note="<b>Hi</b>\nyou"), "K")
    assert request == {
        "method": "POST",
        "url": "https://odoo.example/jsonrpc",
        "model": "account.move",
        "call": "create",
        "args": [
            {
                "move_type": "out_invoice",
                "partner_id": 14,
                "ref": "K",
                "currency_id": "EUR",
                "narration": "&lt;b&gt;Hi&lt;/b&gt;<br>you",
                "invoice_line_ids": [
                    [
                        0,
                        0,
                        {
                            "name": "Website retainer, November",
                            "quantity": 1,
                            "price_unit": 1250,
                        },
                    ]
                ],
            }
        ],
        "kwargs": {"context": {"allowed_company_ids": [3]}},
    }


def test_a_preview_needs_no_settings() -> None:
    request = TOOLSET.writes["create_invoice"].request(settings(), payload(), "K")
    assert "ODOO_URL is not set" in request["url"]
    assert request["kwargs"]["context"]["allowed_company_ids"] == ["(the user's company)"]


def test_the_account_names_server_database_and_company() -> None:
    values = {
        "ODOO_URL": "https://x.example/",
        "ODOO_DB": "db",
        "ODOO_USERNAME": "u",
        "ODOO_API_KEY": "secret",
    }
    service = SERVICES["odoo"]
    assert service.account_in(settings()) == "not set up"
    assert service.account_in(settings(**values)) == "https://x.example/ db company of u"
    with_company = settings(**values, ODOO_COMPANY_ID="1")
    assert service.account_in(with_company) == "https://x.example/ db company 1"
    assert service.missing(settings(ODOO_URL="https://x.example"))[-1] == (
        "ODOO_API_KEY or ODOO_PASSWORD"
    )


def test_the_catalogue_knows_every_action_and_switch() -> None:
    assert set(ACTIONS) == {"odoo.create_invoice", "twitter.create_post"}
    assert set(READS) == {"odoo.find_partners", "twitter.list_posts"}
    names = [row.name for row in SERVICE_SETTINGS]
    assert len(names) == len(set(names))
    assert settings().flag("ODOO_LIVE") is False
    assert InvoiceLine.model_config["extra"] == "forbid"
    for action in ACTIONS.values():
        assert action.arguments.model_config["extra"] == "forbid"
