"""What Odoo's reads answer: pages, sums with their basis, the pipeline; one company only."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.settings import SETTINGS
from mcp_servers.catalog import READS, SERVICE_SETTINGS
from mcp_servers.odoo.client import Reader
from mcp_servers.odoo.fake import OdooFake
from mcp_servers.odoo.tools import TOOLSET
from mcp_servers.odoo.tools.figures import first_of
from mcp_servers.sandbox import Sandbox
from mcp_servers.toolset import Page
from utils.clock import FixedClock
from utils.config import Settings

CLOCK = FixedClock(datetime(2026, 11, 21, 9, 30, tzinfo=UTC))
ACME, GLOBEX, PAPYRUS = 14, 15, 20
USD, EUR = 1, 125


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox(clock=CLOCK) as sandbox:
        yield sandbox


@pytest.fixture(params=[17, 18, 19])
def odoo(running: Sandbox, request: pytest.FixtureRequest) -> OdooFake:
    running.reset()
    (fake,) = (fake for fake in running._fakes if isinstance(fake, OdooFake))
    fake.switch(version=request.param, companies=2)
    return fake


@pytest.fixture
def reader(running: Sandbox, odoo: OdooFake) -> Reader:
    values = running.settings() | {"ODOO_API_KEY": "k", "ODOO_COMPANY_ID": "1"}
    return Reader(Settings((*SETTINGS, *SERVICE_SETTINGS), values, Path()), CLOCK)


def ask(reader: Reader, tool: str, **arguments: object) -> Page:
    checked = READS[f"odoo.{tool}"].arguments.model_validate(arguments)
    return TOOLSET.reads[tool](reader, checked)


def add(
    odoo: OdooFake,
    on: str,
    price: float,
    *,
    kind: str = "out_invoice",
    partner_id: int = ACME,
    currency_id: int = USD,
    due: str | None = None,
    then: str = "action_post",
    **more: Any,
) -> int:
    company = more.pop("company", 1)
    values = {"move_type": kind, "partner_id": partner_id, "currency_id": currency_id}
    line = [0, 0, {"name": "Work", "price_unit": price}]
    dated = {"invoice_date": on, "invoice_date_due": due or on}
    values = {**values, **dated, **more, "invoice_line_ids": [line]}
    return odoo.add("account.move", values, then=then, company=company)


@pytest.fixture
def books(odoo: OdooFake) -> OdooFake:
    """November 2026, seen on Saturday the 21st; week 47 began on the 16th."""
    add(odoo, "2026-11-17", 1000, due="2026-12-01")
    add(odoo, "2026-11-18", 250.10, currency_id=EUR, due="2026-11-20")
    add(odoo, "2026-11-19", 100, kind="out_refund", due="2026-11-19")
    add(odoo, "2026-11-02", 400, due="2026-11-10", partner_id=GLOBEX)
    add(odoo, "2026-08-01", 70, due="2026-08-10")
    add(odoo, "2026-11-20", 9999, then="")
    add(odoo, "2026-11-18", 5000, company=2)
    add(odoo, "2026-11-16", 30, kind="in_invoice", partner_id=PAPYRUS, due="2026-11-25")
    add(odoo, "2026-11-05", 12, kind="in_invoice", partner_id=PAPYRUS, due="2026-11-06", ref="R1")
    return odoo


def amounts(page: Page) -> dict[tuple[object, object], object]:
    return {(item["figure"], item["currency"]): item["amount"] for item in page.items}


# -- sums -----------------------------------------------------------------------------------------


def test_a_week_in_figures(books: OdooFake, reader: Reader) -> None:
    page = ask(reader, "get_financial_summary", period="week")
    assert amounts(page) == {
        ("revenue", "EUR"): "250.10",
        ("revenue", "USD"): "900.00",
        ("billed_by_vendors", "USD"): "30.00",
        ("receivables", "EUR"): "250.10",
        ("receivables", "USD"): "1370.00",
        ("overdue_1_30_days", "EUR"): "250.10",
        ("overdue_1_30_days", "USD"): "300.00",
        ("overdue_31_60_days", "USD"): "0.00",
        ("overdue_61_90_days", "USD"): "0.00",
        ("overdue_over_90_days", "USD"): "70.00",
        ("payables", "USD"): "42.00",
        ("bills_overdue", "USD"): "12.00",
        ("bills_due_in_7_days", "USD"): "30.00",
        ("payments_received", "USD"): "0.00",
        ("payments_made", "USD"): "0.00",
    }
    assert page.extra["company"] == "Sandbox Company"
    assert page.extra["other_companies"] == 1
    assert (page.extra["from"], page.extra["to"]) == ("2026-11-15", "2026-11-21")
    assert page.extra["as_of"] == "2026-11-21T09:30:00.000000Z"
    assert all(item["basis"] for item in page.items)


def test_a_credit_note_is_named_beside_what_it_lowers(books: OdooFake, reader: Reader) -> None:
    page = ask(reader, "get_financial_summary", period="week")
    (dollars,) = (i for i in page.items if (i["figure"], i["currency"]) == ("revenue", "USD"))
    assert (dollars["amount"], dollars["credited"], dollars["documents"]) == ("900.00", "100.00", 2)


def test_seven_days_and_the_weeks_before(books: OdooFake, reader: Reader) -> None:
    page = ask(reader, "get_financial_summary", period="week", until="2026-11-07", weeks=2)
    assert amounts(page)["revenue", "USD"] == "400.00"
    before = [(i["first_day"], i["amount"]) for i in page.items if i["figure"] == "revenue_of_week"]
    assert before == [("2026-10-18", "0.00"), ("2026-10-25", "0.00")]


def test_payments_are_counted_by_their_day_and_direction(books: OdooFake, reader: Reader) -> None:
    form: dict[str, Any] = {"amount": 400, "payment_date": "2026-11-17"}
    context = {"active_model": "account.move", "active_ids": [1]}
    books.add("account.payment.register", form, then="action_create_payments", context=context)
    sums = amounts(ask(reader, "get_financial_summary", period="week"))
    assert sums["payments_received", "USD"] == "400.00"
    assert sums["payments_made", "USD"] == "0.00"


def test_a_list_may_begin_at_a_day(books: OdooFake, reader: Reader) -> None:
    page = ask(reader, "list_invoices", side="vendor", since="2026-11-06")
    assert [item["invoice_date"] for item in page.items] == ["2026-11-16"]


def test_every_amount_is_an_exact_text(books: OdooFake, reader: Reader) -> None:
    for item in ask(reader, "get_financial_summary").items:
        assert isinstance(item["amount"], str)
        assert Decimal(item["amount"]) == Decimal(item["amount"]).quantize(Decimal("0.01"))


def test_a_month_and_another_one(books: OdooFake, reader: Reader) -> None:
    november = amounts(ask(reader, "get_financial_summary", period="month"))
    august = amounts(ask(reader, "get_financial_summary", period="month", until="2026-08-31"))
    assert november["revenue", "USD"] == "1300.00"
    assert august["revenue", "USD"] == "70.00"
    assert august["receivables", "USD"] == "1370.00"


def test_nothing_at_all_is_a_figure(odoo: OdooFake, reader: Reader) -> None:
    page = ask(reader, "get_financial_summary")
    assert {item["amount"] for item in page.items} == {"0.00"}
    assert {item["currency"] for item in page.items} == {"USD"}


def test_what_is_paid_is_not_due(books: OdooFake, reader: Reader) -> None:
    form: dict[str, Any] = {"amount": 400}
    context = {"active_model": "account.move", "active_ids": [1]}
    books.add("account.payment.register", form, then="action_create_payments", context=context)
    assert amounts(ask(reader, "get_financial_summary"))["receivables", "USD"] == "970.00"


def test_another_company_has_other_figures(books: OdooFake, running: Sandbox) -> None:
    values = running.settings() | {"ODOO_API_KEY": "k", "ODOO_COMPANY_ID": "2"}
    theirs = Reader(Settings((*SETTINGS, *SERVICE_SETTINGS), values, Path()), CLOCK)
    page = ask(theirs, "get_financial_summary", period="week")
    assert page.extra["company"] == "Sister Company"
    assert amounts(page)["revenue", "USD"] == "5000.00"


@pytest.mark.parametrize(
    ("period", "last", "first"),
    [
        ("week", "2026-11-22", "2026-11-16"),
        ("week", "2026-11-21", "2026-11-15"),
        ("week", "2026-03-01", "2026-02-23"),
        ("month", "2026-02-28", "2026-02-01"),
        ("month", "2028-02-29", "2028-02-01"),
        ("month", "2026-11-21", "2026-11-01"),
    ],
)
def test_a_period_ends_with_its_last_day(period: str, last: str, first: str) -> None:
    assert first_of(period, date.fromisoformat(last)).isoformat() == first


# -- lists ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "totals"),
    [
        ({"side": "customer", "state": "draft"}, ["9999.00"]),
        ({"side": "vendor"}, ["30.00", "12.00"]),
        ({"state": "overdue", "side": "vendor"}, ["12.00"]),
        ({"state": "overdue", "query": "globex"}, ["400.00"]),
        ({"query": "R1"}, ["12.00"]),
        ({"query": "INV/2026/00002"}, ["250.10"]),
        ({"state": "paid"}, []),
    ],
    ids=str,
)
def test_a_list_is_narrowed(
    books: OdooFake, reader: Reader, question: dict[str, object], totals: list[str]
) -> None:
    page = ask(reader, "list_invoices", **question)
    assert [item["total"] for item in page.items] == totals
    assert page.total == len(totals)


def test_an_invoice_is_told_in_plain_data(books: OdooFake, reader: Reader) -> None:
    (item,) = ask(reader, "list_invoices", query="globex").items
    assert item == {
        "id": 4,
        "name": item["name"],
        "type": "invoice",
        "state": "posted",
        "payment_state": "not_paid",
        "partner": "Globex GmbH",
        "partner_id": GLOBEX,
        "reference": None,
        "invoice_date": "2026-11-02",
        "due_date": "2026-11-10",
        "days_overdue": 11,
        "total": "400.00",
        "due": "400.00",
        "currency": "USD",
    }
    assert item["name"].startswith("INV/2026/")


def test_a_draft_has_no_number(books: OdooFake, reader: Reader) -> None:
    (item,) = ask(reader, "list_invoices", state="draft").items
    assert item["name"] == ""


@pytest.mark.parametrize("tool", ["list_invoices", "get_pipeline"])
def test_pages_together_are_the_whole(books: OdooFake, reader: Reader, tool: str) -> None:
    whole = ask(reader, tool, limit=100)
    found: list[object] = []
    cursor = None
    while True:
        page = ask(reader, tool, limit=2, cursor=cursor)
        assert len(page.items) <= 2
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == list(whole.items)
    assert page.total == whole.total == len(found) > 2


# -- the pipeline ---------------------------------------------------------------------------------


def test_the_pipeline_is_told_by_worth_and_by_stage(odoo: OdooFake, reader: Reader) -> None:
    odoo.add("crm.lead", {"name": "Won already", "stage_id": 4, "expected_revenue": 7})
    odoo.add("crm.lead", {"name": "Lost", "active": False, "expected_revenue": 8})
    odoo.add("crm.lead", {"name": "Only a lead", "type": "lead", "expected_revenue": 9})
    odoo.add("crm.lead", {"name": "Sister's", "expected_revenue": 10}, company=2)
    page = ask(reader, "get_pipeline")
    assert [item["name"] for item in page.items] == [
        "Acme website relaunch",
        "Globex support contract",
        "Initech audit",
    ]
    assert page.items[1] == {
        "id": 2,
        "name": "Globex support contract",
        "customer": "Globex GmbH",
        "stage": "Proposition",
        "expected_revenue": "1200.00",
        "currency": "USD",
        "probability": "70",
        "close_date": None,
        "stage_since": "2026-11-02",
        "stale": True,
        "next_step": "2026-11-24 Call about the contract",
    }
    stages = {stage["stage"]: stage for stage in page.extra["by_stage"]}  # type: ignore[attr-defined]
    assert stages["Qualified"] == {
        "stage": "Qualified",
        "opportunities": 1,
        "expected_revenue": "4800.00",
        "weighted": "1920.00",
    }
    assert set(stages) == {"New", "Qualified", "Proposition"}


def test_stale_is_a_matter_of_days(odoo: OdooFake, reader: Reader) -> None:
    page = ask(reader, "get_pipeline", stale_days=30, query="audit")
    assert [item["stale"] for item in page.items] == [False]


def test_a_name_is_looked_up_for_the_owner(books: OdooFake, reader: Reader) -> None:
    """The four lookups of the table find one record of exactly that name."""
    found = [
        ask(reader, "find_partners", query="papyrus office ltd", limit=10),
        ask(reader, "list_invoices", query="BILL/2026/11/0001", limit=10),
        ask(reader, "get_pipeline", query="Initech audit", limit=10),
    ]
    assert [len(page.items) for page in found] == [1, 1, 1]
    assert all(page.items[0]["id"] and page.items[0]["name"] for page in found)
