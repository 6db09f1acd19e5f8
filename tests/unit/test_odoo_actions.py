"""What may be proposed for Odoo, and how it is shown."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from core.actions import Payload, canonical, payload_of
from core.settings import SETTINGS
from mcp_servers.catalog import ACTIONS, READS, SERVICE_SETTINGS, SERVICES
from mcp_servers.odoo.actions.documents import CreateInvoice, InvoiceLine
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

    return Settings((*SETTINGS, *SERVICE_SETTINGS), values, Path())


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
    assert {kind for kind in ACTIONS if kind.startswith("odoo.")} == {
        "odoo.create_invoice",
        "odoo.create_quotation",
        "odoo.post_invoice",
        "odoo.create_vendor_bill",
        "odoo.register_payment",
        "odoo.create_partner",
        "odoo.update_opportunity",
    }
    assert {kind for kind in READS if kind.startswith("odoo.")} == {
        "odoo.find_partners",
        "odoo.list_invoices",
        "odoo.get_financial_summary",
        "odoo.get_pipeline",
    }
    names = [row.name for row in SERVICE_SETTINGS]
    assert len(names) == len(set(names))
    assert settings().flag("ODOO_LIVE") is False
    assert InvoiceLine.model_config["extra"] == "forbid"
    for action in ACTIONS.values():
        assert action.arguments.model_config["extra"] == "forbid"


# -- the other actions ----------------------------------------------------------------------------

QUOTATION = {**INVOICE, "valid_until": "2026-12-31", "lines": [{**LINE, "product": "Retainer"}]}
BILL = {
    "vendor": "Papyrus Office Ltd",
    "vendor_id": 20,
    "currency": "EUR",
    "reference": "RE-77",
    "invoice_date": "2026-11-20",
    "lines": [LINE],
}
POSTING = {"invoice_id": 7, "partner": "Acme Ltd", "amount": "1250.00", "currency": "EUR"}
PAYMENT = {
    "invoice": "INV/2026/00001",
    "invoice_id": 7,
    "partner": "Acme Ltd",
    "amount": "1250.00",
    "currency": "EUR",
}
PARTNER = {"name": "Hooli", "role": "vendor", "email": "hi@hooli.example", "country": "US"}
UPDATE = {"opportunity": "Relaunch", "opportunity_id": 1, "stage": "Won"}
EXAMPLES = {
    "odoo.create_quotation": QUOTATION,
    "odoo.create_vendor_bill": BILL,
    "odoo.post_invoice": POSTING,
    "odoo.register_payment": PAYMENT,
    "odoo.create_partner": PARTNER,
    "odoo.update_opportunity": UPDATE,
}


@pytest.mark.parametrize(
    ("kind", "changed"),
    [
        pytest.param(kind, changed, id=f"{kind}-{changed}")
        for kind, changes in {
            "odoo.create_quotation": [
                {"lines": []},
                {"lines": [{**LINE, "unit_price": "0"}]},
                {"lines": [{**LINE, "product": ""}]},
                {"valid_until": "31.12.2026"},
                {"currency": "XXX"},
            ],
            "odoo.create_vendor_bill": [
                {"reference": ""},
                {"reference": "a\nb"},
                {"invoice_date": None},
                {"due_date": "2026-11-19"},
                {"lines": []},
                {"lines": [{**LINE, "unit_price": "-1"}]},
            ],
            "odoo.post_invoice": [
                {"invoice_id": 0},
                {"invoice_id": "7"},
                {"amount": "0"},
                {"amount": "-5"},
                {"amount": 12.5},
                {"partner": ""},
            ],
            "odoo.register_payment": [
                {"amount": "0"},
                {"amount": "-5"},
                {"currency": "euro"},
                {"invoice": ""},
                {"payment_date": "yesterday"},
                {"lines": [LINE]},
            ],
            "odoo.create_partner": [
                {"name": ""},
                {"email": "nobody"},
                {"email": "a@b.example, c@d.example"},
                {"country": "Germany"},
                {"role": "friend"},
                {"is_company": "yes"},
            ],
            "odoo.update_opportunity": [
                {"stage": None},
                {"expected_revenue": "-1"},
                {"probability": "101"},
                {"probability": 0.5},
                {"lost": True},
            ],
        }.items()
        for changed in changes
    ],
)
def test_other_nonsense_is_refused_before_anybody_is_asked(
    kind: str, changed: dict[str, Any]
) -> None:
    arguments = {**EXAMPLES[kind], **changed}
    with pytest.raises(ValidationError):
        payload_of(ACTIONS[kind], arguments)


@pytest.mark.parametrize("kind", EXAMPLES)
def test_a_payload_reads_back_to_itself(kind: str) -> None:
    action = ACTIONS[kind]
    whole = payload_of(action, EXAMPLES[kind])
    assert payload_of(action, json.loads(json.dumps(whole))) == whole
    assert re.fullmatch(r"[\w -]+", action.title(action.arguments.model_validate(whole)))


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("odoo.create_quotation", "create a draft quotation for **Acme Ltd**, **1,250.00 EUR**"),
        (
            "odoo.create_vendor_bill",
            (
                "enter the vendor's bill **RE-77** from **Papyrus Office Ltd**, **1,250.00 EUR**, "
                "as a draft"
            ),
        ),
        ("odoo.post_invoice", "post invoice 7 of **Acme Ltd**, **1,250.00 EUR**"),
        (
            "odoo.register_payment",
            "record a payment of **1,250.00 EUR** on **INV/2026/00001** of **Acme Ltd**",
        ),
        ("odoo.create_partner", "create the vendor **Hooli**"),
        ("odoo.update_opportunity", "change the opportunity **Relaunch** (stage: **Won**)"),
    ],
)
def test_a_person_is_asked_in_a_sentence(kind: str, sentence: str) -> None:
    action = ACTIONS[kind]
    assert action.describe(action.arguments.model_validate(EXAMPLES[kind])) == sentence


@pytest.mark.parametrize("kind", EXAMPLES)
def test_a_preview_of_anything_needs_no_settings(kind: str) -> None:
    write = TOOLSET.writes[ACTIONS[kind].tool]
    request = write.request(settings(), payload_of(ACTIONS[kind], EXAMPLES[kind]), "K")
    assert "ODOO_URL is not set" in request["url"]
    assert json.loads(json.dumps(request)) == request


def test_only_a_payment_pays() -> None:
    assert [kind for kind, action in ACTIONS.items() if action.pays] == ["odoo.register_payment"]
    assert all(ACTIONS[kind].money for kind in EXAMPLES)


def test_what_may_be_left_out_is_no_null_in_a_schema() -> None:
    for kind in (*EXAMPLES, "odoo.create_invoice"):
        assert "null" not in json.dumps(ACTIONS[kind].arguments.model_json_schema())


def test_an_expected_revenue_is_no_payment() -> None:
    action = ACTIONS["odoo.update_opportunity"]
    facts = action.facts(action.arguments.model_validate({**UPDATE, "expected_revenue": "9000"}))
    assert facts.amount is None
