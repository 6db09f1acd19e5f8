"""Odoo's own promises: nothing twice, nothing in another company, nothing that was not approved."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from core.actions import key_of, payload_of
from core.settings import SETTINGS
from mcp_servers.catalog import ACTIONS, SERVICE_SETTINGS
from mcp_servers.odoo.client import Reader, Writer
from mcp_servers.odoo.fake import OdooFake
from mcp_servers.odoo.tools import TOOLSET
from mcp_servers.sandbox import Sandbox
from mcp_servers.toolset import Done, Evidence, Finding, Trace
from utils.config import Settings
from utils.errors import RejectedError, ServiceError, UnknownOutcomeError

KEY, OTHER_KEY = key_of("APR-20261121-001"), key_of("APR-20261121-002")
KEYED = {"ODOO_API_KEY": "hunter2-secret"}
CONNECTIONS = {
    "17": (17, KEYED),
    "18": (18, KEYED),
    "19": (19, {"ODOO_API_KEY": ""}),  # a password goes by way of JSON-RPC
    "19-json-2": (19, KEYED),
}
ACME, GLOBEX, PAPYRUS = 14, 15, 20
USD, EUR, GBP = 1, 125, 142


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.reset()
    return running


@pytest.fixture(params=CONNECTIONS)
def connection(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def odoo(sandbox: Sandbox, connection: str) -> OdooFake:
    (fake,) = (fake for fake in sandbox._fakes if isinstance(fake, OdooFake))
    fake.switch(version=CONNECTIONS[connection][0])
    return fake


@pytest.fixture
def settings(sandbox: Sandbox, connection: str, odoo: OdooFake) -> Settings:
    values = sandbox.settings() | CONNECTIONS[connection][1]
    return Settings((*SETTINGS, *SERVICE_SETTINGS), values, Path())


@pytest.fixture
def writer(settings: Settings) -> Writer:
    return Writer(settings)


@pytest.fixture
def reader(settings: Settings) -> Reader:
    return Reader(settings)


def perform(writer: Writer, tool: str, arguments: dict[str, Any], key: str = KEY) -> Done:
    payload = payload_of(ACTIONS[f"odoo.{tool}"], arguments)
    return TOOLSET.writes[tool].perform(writer, payload, Trace(key, datetime.now(UTC)))


def reconcile(
    reader: Reader, tool: str, arguments: dict[str, Any], *, ago: timedelta = timedelta(0)
) -> Evidence:
    payload = payload_of(ACTIONS[f"odoo.{tool}"], arguments)
    trace = Trace(KEY, datetime.now(UTC) - ago)
    return TOOLSET.writes[tool].reconcile(reader, payload, trace)


def invoice(partner_id: int = ACME, price: float = 100.0, **more: object) -> dict[str, Any]:
    line = [0, 0, {"name": "Work", "price_unit": price}]
    values = {"move_type": "out_invoice", "partner_id": partner_id, "currency_id": USD}
    return {**values, "invoice_date": "2026-11-01", "invoice_line_ids": [line], **more}


def refused(
    sandbox: Sandbox, writer: Writer, tool: str, arguments: dict[str, Any], error_class: str
) -> None:
    """Check that a write is refused and that nothing at all has changed."""
    with pytest.raises(RejectedError) as caught:
        perform(writer, tool, arguments)
    assert caught.value.error_class == error_class
    assert "Traceback" not in str(caught.value)
    assert sandbox.effects() == []


# -- what it costs --------------------------------------------------------------------------------


def test_a_draft_invoice_takes_three_requests(sandbox: Sandbox, writer: Writer) -> None:
    """Looked for by its key, created, read back; signing in and learning the currency come once."""
    line = {"description": "Work", "quantity": "1", "unit_price": "100.00"}
    who = {"customer": "Acme Ltd", "customer_id": ACME, "currency": "USD"}
    perform(writer, "create_invoice", {**who, "lines": [line]})
    before = sandbox.requests()["odoo"]
    perform(writer, "create_invoice", {**who, "lines": [line]}, OTHER_KEY)
    assert sandbox.requests()["odoo"] - before == 3


# -- posting --------------------------------------------------------------------------------------

POSTING = {"invoice_id": 1, "partner": "Acme Ltd", "amount": "100", "currency": "USD"}


def test_a_posted_invoice_gets_its_number(odoo: OdooFake, writer: Writer) -> None:
    odoo.add("account.move", invoice())
    done = perform(writer, "post_invoice", POSTING)
    assert done.summary == "Invoice INV/2026/00001 of Acme Ltd, 100.00 USD, is posted."


def test_a_posting_into_a_locked_month_says_where_it_went(odoo: OdooFake, writer: Writer) -> None:
    """Odoo does not refuse it: the entry moves behind the lock, without a word."""
    odoo._tables.change("res.company", 1, _locked_until="2026-11-15")
    odoo.add("account.move", invoice())
    done = perform(writer, "post_invoice", POSTING)
    assert "is posted and booked on 2026-11-16, not on its own day 2026-11-01." in done.summary


def test_a_vendor_bill_is_posted_in_the_same_way(odoo: OdooFake, writer: Writer) -> None:
    odoo.add("account.move", invoice(PAPYRUS, move_type="in_invoice"))
    done = perform(writer, "post_invoice", {**POSTING, "partner": "papyrus  office LTD"})
    assert done.summary.startswith("Vendor bill BILL/2026/11/0001 of Papyrus Office Ltd")


def test_posting_twice_sends_once(sandbox: Sandbox, odoo: OdooFake, writer: Writer) -> None:
    odoo.add("account.move", invoice())
    perform(writer, "post_invoice", POSTING)
    again = perform(writer, "post_invoice", POSTING, OTHER_KEY)
    assert "posted already; nothing was sent" in again.summary
    assert len(sandbox.effects()) == 1


@pytest.mark.parametrize(
    ("values", "changed", "error_class"),
    [
        (invoice(), {"partner": "Globex GmbH"}, "NotAsApproved"),
        (invoice(), {"amount": "100.01"}, "NotAsApproved"),
        (invoice(), {"currency": "EUR"}, "NotAsApproved"),
        (invoice(), {"invoice_id": 2}, "NoInvoice"),
        (invoice(move_type="out_refund"), {}, "NoInvoice"),
        (invoice(state="cancel"), {}, "NotADraft"),
        (invoice(auto_post="at_date", invoice_date="2099-01-01"), {}, "UserError"),
    ],
    ids=["partner", "amount", "currency", "none", "refund", "cancelled", "auto-post"],
)
def test_what_is_not_the_approved_draft_is_not_posted(
    sandbox: Sandbox,
    odoo: OdooFake,
    writer: Writer,
    values: dict[str, Any],
    changed: dict[str, Any],
    error_class: str,
) -> None:
    odoo.add("account.move", values)
    refused(sandbox, writer, "post_invoice", {**POSTING, **changed}, error_class)


def test_four_at_once_post_once(sandbox: Sandbox, odoo: OdooFake, settings: Settings) -> None:
    odoo.add("account.move", invoice())
    outcomes = together(4, lambda _: perform(Writer(settings), "post_invoice", POSTING))
    assert all(isinstance(outcome, Done) for outcome in outcomes)
    assert len(sandbox.effects()) == 1


def together(count: int, run: Callable[[int], object]) -> list[object]:
    """Return what came of calls that begin at the same moment, errors included."""
    start = Barrier(count)

    def one(number: int) -> object:
        start.wait(10)
        try:
            return run(number)
        except ServiceError as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


# -- paying ---------------------------------------------------------------------------------------

PAYMENT = {
    "invoice": "INV/2026/00001",
    "invoice_id": 1,
    "partner": "Acme Ltd",
    "amount": "100.00",
    "currency": "USD",
}


def test_a_payment_is_recorded_with_our_key(
    sandbox: Sandbox, odoo: OdooFake, writer: Writer
) -> None:
    odoo.add("account.move", invoice(), then="action_post")
    done = perform(writer, "register_payment", {**PAYMENT, "journal": "cash", "amount": "40"})
    (effect,) = sandbox.effects()
    assert (effect["kind"], effect["key"]) == ("odoo.register_payment", KEY)
    assert effect["payload"]["values"]["journal_id"] == 7
    assert "of 40.00 USD on INV/2026/00001" in done.summary
    move = odoo.row("account.move", 1)
    assert (move["amount_residual"], move["payment_state"]) == (60.0, "partial")


def test_a_vendor_bill_is_paid_too(sandbox: Sandbox, odoo: OdooFake, writer: Writer) -> None:
    odoo.add("account.move", invoice(PAPYRUS, move_type="in_invoice"), then="action_post")
    arguments = {**PAYMENT, "invoice": "BILL/2026/11/0001", "partner": "Papyrus Office Ltd"}
    perform(writer, "register_payment", arguments)
    (effect,) = sandbox.effects()
    assert effect["payload"]["values"]["payment_type"] == "outbound"


def test_the_same_payment_is_made_once(sandbox: Sandbox, odoo: OdooFake, writer: Writer) -> None:
    odoo.add("account.move", invoice(), then="action_post")
    first = perform(writer, "register_payment", {**PAYMENT, "amount": "50"})
    again = perform(writer, "register_payment", {**PAYMENT, "amount": "50"})
    assert again.remote_id == first.remote_id
    assert "there already" in again.summary
    assert len(sandbox.effects()) == 1


def test_parallel_payments_of_one_invoice_give_one(
    sandbox: Sandbox, odoo: OdooFake, settings: Settings
) -> None:
    """Real Odoo makes as many as it is asked for."""
    odoo.add("account.move", invoice(), then="action_post")
    keys = [key_of(f"APR-20261121-{number:03}") for number in range(4)]
    outcomes = together(
        4, lambda number: perform(Writer(settings), "register_payment", PAYMENT, keys[number])
    )
    assert [type(outcome) for outcome in outcomes].count(Done) == 1
    losers = [outcome for outcome in outcomes if isinstance(outcome, RejectedError)]
    assert {loser.error_class for loser in losers} == {"NothingDue"}
    assert len(losers) == 3
    assert [effect["kind"] for effect in sandbox.effects()] == ["odoo.register_payment"]


@pytest.mark.parametrize(
    ("posted", "changed", "error_class"),
    [
        (True, {"amount": "100.01"}, "LessDue"),
        (True, {"partner": "Globex GmbH"}, "NotAsApproved"),
        (True, {"currency": "EUR"}, "NotAsApproved"),
        (True, {"invoice": "INV/2026/00002"}, "NotAsApproved"),
        (True, {"journal": "Piggy bank"}, "NoJournal"),
        (True, {"invoice_id": None}, "NoInvoice"),
        (True, {"invoice_id": 5}, "NoInvoice"),
        (False, {}, "NotAsApproved"),
    ],
    ids=["more", "partner", "currency", "number", "journal", "no-id", "none", "draft"],
)
def test_what_must_not_be_paid_is_not(
    sandbox: Sandbox,
    odoo: OdooFake,
    writer: Writer,
    posted: bool,
    changed: dict[str, Any],
    error_class: str,
) -> None:
    odoo.add("account.move", invoice(), then="action_post" if posted else "")
    arguments = {name: value for name, value in {**PAYMENT, **changed}.items() if value is not None}
    refused(sandbox, writer, "register_payment", arguments, error_class)


def test_a_paid_invoice_is_not_paid_again(sandbox: Sandbox, odoo: OdooFake, writer: Writer) -> None:
    odoo.add("account.move", invoice(), then="action_post")
    perform(writer, "register_payment", PAYMENT)
    with pytest.raises(RejectedError, match="nothing is due"):
        perform(writer, "register_payment", PAYMENT, OTHER_KEY)
    assert len(sandbox.effects()) == 1


def test_a_payment_cannot_be_kept_apart_without_a_place_for_the_key(
    sandbox: Sandbox, odoo: OdooFake, connection: str, writer: Writer
) -> None:
    version = CONNECTIONS[connection][0]
    gone = {"account.payment.memo", "account.payment.ref"}
    odoo.switch(version=version, missing=frozenset(gone))
    odoo.add("account.move", invoice(), then="action_post")
    refused(sandbox, writer, "register_payment", PAYMENT, "ValueError")


def test_a_form_that_was_lost_has_paid_nothing(
    sandbox: Sandbox, odoo: OdooFake, writer: Writer
) -> None:
    odoo.add("account.move", invoice(), then="action_post")
    sandbox.fault("odoo", "lost_answer", match="account.payment.register.create")
    with pytest.raises(ServiceError) as caught:
        perform(writer, "register_payment", PAYMENT)
    assert type(caught.value).__name__ == "NotSentError"
    assert sandbox.effects() == []
    perform(writer, "register_payment", PAYMENT)
    assert len(sandbox.effects()) == 1


def test_the_fake_pays_twice_as_real_odoo_does(odoo: OdooFake, writer: Writer) -> None:
    """Otherwise our guard would be tested against nothing."""
    odoo.add("account.move", invoice(), then="action_post")
    context = {"active_model": "account.move", "active_ids": [1]}
    form = writer.create_form("account.payment.register", [{}], {"context": context})
    for _ in range(2):
        writer.change("account.payment.register", "action_create_payments", [[form]], {})
    assert writer.count("account.payment", []) == 2


def test_a_discount_that_nobody_approved_is_not_taken(
    sandbox: Sandbox, odoo: OdooFake, writer: Writer
) -> None:
    """Left to itself Odoo writes the rest off when the sum is what early payment would cost."""
    odoo.add("account.move", invoice(invoice_payment_term_id=2), then="action_post")
    perform(writer, "register_payment", {**PAYMENT, "amount": "98.00"})
    move = odoo.row("account.move", 1)
    assert (move["amount_residual"], move["payment_state"]) == (2.0, "partial")


def test_a_form_that_pays_more_than_it_says_is_not_used(
    sandbox: Sandbox, odoo: OdooFake, writer: Writer
) -> None:
    """A document on several accounts is paid in full, whatever amount the form shows."""
    odoo.add("account.move", invoice(), then="action_post")
    odoo._tables.change("account.move", 1, _accounts=2)
    refused(sandbox, writer, "register_payment", {**PAYMENT, "amount": "40"}, "NotAsApproved")


def pay_unbooked(odoo: OdooFake, amount: float, state: str = "paid", currency: int = USD) -> None:
    """Pay invoice 1 without a journal entry, as Odoo does since 18 without outstanding accounts."""
    paid = {"amount": amount, "state": state, "currency_id": currency, "_unbooked": True}
    payment = odoo._tables.seed("account.payment", {**paid, "company_id": 1, "partner_id": ACME})
    linked = [*odoo.row("account.move", 1).get("matched_payment_ids", []), payment]
    odoo._tables.change("account.move", 1, matched_payment_ids=linked)
    odoo._tables.commit()


@pytest.mark.parametrize(
    ("state", "currency", "amount", "error_class"),
    [
        ("paid", USD, "60", "NothingDue"),
        ("in_process", USD, "60", "NothingDue"),
        ("paid", EUR, "10", "PaymentUnderWay"),
        ("canceled", USD, "60", None),
    ],
)
def test_a_payment_without_an_entry_counts_as_paid(
    sandbox: Sandbox,
    odoo: OdooFake,
    connection: str,
    writer: Writer,
    state: str,
    currency: int,
    amount: str,
    error_class: str | None,
) -> None:
    """Odoo leaves the amount due as it was, so that it could be paid twice."""
    if connection == "17":
        pytest.skip("every payment has an entry there")
    odoo.add("account.move", invoice(), then="action_post")
    perform(writer, "register_payment", {**PAYMENT, "amount": "40"}, OTHER_KEY)
    pay_unbooked(odoo, 60.0, state, currency)
    if error_class is None:
        perform(writer, "register_payment", {**PAYMENT, "amount": amount})
        return
    with pytest.raises(RejectedError) as caught:
        perform(writer, "register_payment", {**PAYMENT, "amount": amount})
    assert caught.value.error_class == error_class
    assert len(sandbox.effects()) == 1


def test_the_rest_of_a_document_can_be_paid_after_a_part_without_an_entry(
    sandbox: Sandbox, odoo: OdooFake, connection: str, writer: Writer
) -> None:
    """Odoo calls the document paid after the first part, and the amount due is still the whole."""
    if connection == "17":
        pytest.skip("every payment has an entry there")
    odoo.add("account.move", invoice(), then="action_post")
    pay_unbooked(odoo, 40.0, "in_process")
    odoo._tables.change("account.move", 1, payment_state="paid")
    odoo._tables.commit()
    with pytest.raises(RejectedError, match=r"only 60\.00 USD is due"):
        perform(writer, "register_payment", {**PAYMENT, "amount": "60.01"})
    perform(writer, "register_payment", {**PAYMENT, "amount": "60"})
    assert len(sandbox.effects()) == 1


def test_a_blocked_document_is_called_so(sandbox: Sandbox, odoo: OdooFake, writer: Writer) -> None:
    odoo.add("account.move", invoice(), then="action_post")
    odoo._tables.change("account.move", 1, payment_state="blocked")
    odoo._tables.commit()
    with pytest.raises(RejectedError, match="payments are blocked in Odoo on INV/2026/00001"):
        perform(writer, "register_payment", PAYMENT)
    assert sandbox.effects() == []


# -- what Odoo would change by itself -------------------------------------------------------------


@pytest.mark.parametrize("tool", ["create_invoice", "create_vendor_bill"])
def test_the_approved_due_date_wins_over_the_partners_terms(
    odoo: OdooFake, writer: Writer, tool: str
) -> None:
    terms = {"property_payment_term_id": 1, "property_supplier_payment_term_id": 1}
    for partner in (ACME, PAPYRUS):
        odoo._tables.change("res.partner", partner, **terms)
    odoo._tables.commit()
    dated = {"invoice_date": "2026-11-20", "due_date": "2026-11-27"}
    who = {"customer": "Acme Ltd", "customer_id": ACME, "currency": "USD", "lines": BILL["lines"]}
    perform(writer, tool, {**(who if tool == "create_invoice" else BILL), **dated})
    assert odoo.row("account.move", 1)["invoice_date_due"] == "2026-11-27"


def test_without_an_approved_due_date_the_partners_terms_hold(
    odoo: OdooFake, writer: Writer
) -> None:
    odoo._tables.change("res.partner", PAPYRUS, property_supplier_payment_term_id=1)
    odoo._tables.commit()
    perform(writer, "create_vendor_bill", BILL)
    assert odoo.row("account.move", 1)["invoice_date_due"] == "2026-12-20"


def test_another_date_than_approved_is_told(odoo: OdooFake, reader: Reader) -> None:
    odoo.add("account.move", bill(price=10.0, invoice_date="2026-11-19", invoice_origin=KEY))
    evidence = reconcile(reader, "create_vendor_bill", BILL)
    assert evidence.finding is Finding.DIFFERENT
    assert "its invoice date is 2026-11-19, not 2026-11-20" in evidence.text


@pytest.mark.parametrize(
    ("line", "since_19"),
    [
        ({"quantity": "1000", "unit_price": "0.1234"}, True),
        ({"quantity": "1.125", "unit_price": "80.00"}, False),
    ],
    ids=["price", "quantity"],
)
@pytest.mark.parametrize("tool", ["create_invoice", "create_quotation"])
def test_decimals_that_odoo_does_not_keep_are_refused(
    sandbox: Sandbox,
    writer: Writer,
    connection: str,
    tool: str,
    line: dict[str, str],
    since_19: bool,
) -> None:
    """It would round them without a word, and the total with them."""
    lines = [{"description": "Pages", **line}]
    arguments = {"customer": "Acme Ltd", "customer_id": ACME, "currency": "USD", "lines": lines}
    if since_19 and connection.startswith("19"):
        assert "123.40 USD" in perform(writer, tool, arguments).summary
    else:
        refused(sandbox, writer, tool, arguments, "TooManyDecimals")


# -- vendor bills ---------------------------------------------------------------------------------

BILL = {
    "vendor": "Papyrus Office Ltd",
    "vendor_id": PAPYRUS,
    "currency": "USD",
    "reference": "RE_77%",
    "invoice_date": "2026-11-20",
    "lines": [{"description": "Paper", "quantity": 1, "unit_price": "10"}],
}


def bill(partner_id: int = PAPYRUS, number: str = "RE_77%", **more: object) -> dict[str, Any]:
    return invoice(partner_id, move_type="in_invoice", ref=number, **more)


@pytest.mark.parametrize("number", ["RE_77%", "re_77%", "RE 77", "re-77", "Re77"])
def test_a_bill_that_is_there_is_not_entered_again(
    sandbox: Sandbox, odoo: OdooFake, writer: Writer, number: str
) -> None:
    odoo.add("account.move", bill(number=number))
    refused(sandbox, writer, "create_vendor_bill", BILL, "DuplicateBill")


def test_a_bill_that_another_desk_of_the_vendor_sent_is_not_entered_again(
    sandbox: Sandbox, odoo: OdooFake, writer: Writer
) -> None:
    desks = [{"name": name, "parent_id": PAPYRUS, "is_company": False} for name in ("A", "B")]
    first, second = (odoo.add("res.partner", desk) for desk in desks)
    odoo.add("account.move", bill(first))
    again = {**BILL, "vendor": "B", "vendor_id": second}
    refused(sandbox, writer, "create_vendor_bill", again, "DuplicateBill")


@pytest.mark.parametrize(
    "other",
    [
        bill(ACME),
        bill(number="RE-770"),
        bill(number="RE-77x"),
        bill(state="cancel"),
        {**bill(), "move_type": "in_refund"},
    ],
    ids=["vendor", "longer", "number", "cancelled", "credit-note"],
)
def test_another_bill_is_no_duplicate(
    sandbox: Sandbox, odoo: OdooFake, writer: Writer, other: dict[str, Any]
) -> None:
    odoo.add("account.move", other)
    done = perform(writer, "create_vendor_bill", BILL)
    assert done.summary == "Draft vendor bill 2 from Papyrus Office Ltd, 10.00 USD."
    (effect,) = sandbox.effects()
    assert effect["key"] == KEY
    assert effect["payload"]["values"]["ref"] == "RE_77%"


@pytest.mark.parametrize("tool", ["create_vendor_bill", "create_quotation"])
def test_somebody_must_have_been_chosen(sandbox: Sandbox, writer: Writer, tool: str) -> None:
    arguments = {**(BILL if tool == "create_vendor_bill" else QUOTATION)}
    arguments = {name: value for name, value in arguments.items() if not name.endswith("_id")}
    error_class = "NoVendor" if tool == "create_vendor_bill" else "NoCustomer"
    refused(sandbox, writer, tool, arguments, error_class)
    assert sandbox.requests()["odoo"] == 0


# -- quotations -----------------------------------------------------------------------------------

QUOTATION = {
    "customer": "Acme Ltd",
    "customer_id": ACME,
    "currency": "EUR",
    "reference": "their 12",
    "lines": [{"description": "Relaunch", "quantity": 2, "unit_price": "600"}],
}


def test_a_quotation_has_the_currency_of_its_price_list(sandbox: Sandbox, writer: Writer) -> None:
    done = perform(writer, "create_quotation", QUOTATION)
    assert done.summary == "Draft quotation S00001 for Acme Ltd, 1,200.00 EUR."
    (effect,) = sandbox.effects()
    assert effect["key"] == KEY
    assert effect["payload"]["values"]["client_order_ref"] == "their 12"


@pytest.mark.parametrize(
    ("changed", "error_class"),
    [
        ({"currency": "GBP"}, "NoPricelist"),
        ({"currency": "JPY"}, "CurrencyNotActive"),
        ({"lines": [{**QUOTATION["lines"][0], "product": "Unheard of"}]}, "NoProduct"),  # type: ignore[dict-item, index]
    ],
    ids=["pricelist", "currency", "product"],
)
def test_a_quotation_that_odoo_would_bend_is_refused(
    sandbox: Sandbox, writer: Writer, changed: dict[str, Any], error_class: str
) -> None:
    refused(sandbox, writer, "create_quotation", {**QUOTATION, **changed}, error_class)


def test_a_company_without_price_lists_offers_in_its_own_currency(
    sandbox: Sandbox, odoo: OdooFake, writer: Writer
) -> None:
    for row in list(odoo._tables.rows("product.pricelist")):
        odoo._tables.change("product.pricelist", row["id"], active=False)
    assert perform(writer, "create_quotation", {**QUOTATION, "currency": "USD"}).remote_id == "1"


# -- partners -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        {"name": "acme  LTD"},
        {"name": "Acme Ltd", "email": "other@acme.example", "vat": "GB1"},
        {"name": "Somebody", "email": "Accounts@Acme.example"},
    ],
    ids=["name", "tax-id", "mail"],
)
def test_somebody_who_is_there_is_not_made_again(
    sandbox: Sandbox, odoo: OdooFake, writer: Writer, arguments: dict[str, Any]
) -> None:
    odoo._tables.change("res.partner", ACME, vat="GB1")
    wanted = {**arguments, "name": " ".join(arguments["name"].split())}
    refused(sandbox, writer, "create_partner", wanted, "DuplicatePartner")


def test_people_of_one_name_are_told_apart_by_their_addresses(
    sandbox: Sandbox, writer: Writer
) -> None:
    third = {"name": "Smith", "email": "c.smith@post.example", "is_company": False}
    perform(writer, "create_partner", {**third, "role": "vendor", "country": "DE"})
    (effect,) = sandbox.effects()
    made = effect["payload"]["values"]
    assert (effect["key"], made["is_company"], made["country_id"]) == (KEY, False, 57)


@pytest.mark.parametrize("name", ["%", "Ac_e Ltd", "Acme\\ Ltd"])
def test_a_name_is_no_pattern(sandbox: Sandbox, writer: Writer, name: str) -> None:
    assert perform(writer, "create_partner", {"name": name}).remote_id
    assert len(sandbox.effects()) == 1


def test_an_unknown_country_is_refused(sandbox: Sandbox, writer: Writer) -> None:
    refused(sandbox, writer, "create_partner", {"name": "X", "country": "ZZ"}, "NoCountry")


# -- the pipeline ---------------------------------------------------------------------------------

UPDATE = {"opportunity": "Acme website relaunch", "opportunity_id": 1, "stage": "Won"}


def test_a_change_is_one_write(sandbox: Sandbox, odoo: OdooFake, writer: Writer) -> None:
    done = perform(writer, "update_opportunity", {**UPDATE, "expected_revenue": "5000.10"})
    assert done.summary == "Opportunity Acme website relaunch: stage Won, expected revenue 5000.10."
    assert len(sandbox.effects()) == 1
    assert odoo.row("crm.lead", 1)["probability"] == 100


def test_what_is_so_already_is_not_written(sandbox: Sandbox, writer: Writer) -> None:
    done = perform(writer, "update_opportunity", {**UPDATE, "stage": "qualified"})
    assert "so already" in done.summary
    assert sandbox.effects() == []


@pytest.mark.parametrize(
    ("changed", "error_class"),
    [
        ({"stage": "Paradise"}, "NoStage"),
        ({"opportunity": "Globex support contract"}, "NotAsApproved"),
        ({"opportunity_id": 99}, "NoOpportunity"),
        ({"opportunity_id": None}, "NoOpportunity"),
    ],
    ids=["stage", "title", "gone", "no-id"],
)
def test_another_opportunity_is_not_touched(
    sandbox: Sandbox, writer: Writer, changed: dict[str, Any], error_class: str
) -> None:
    arguments = {name: value for name, value in {**UPDATE, **changed}.items() if value is not None}
    refused(sandbox, writer, "update_opportunity", arguments, error_class)


def test_a_change_is_found_again_by_its_values(
    odoo: OdooFake, reader: Reader, writer: Writer
) -> None:
    assert reconcile(reader, "update_opportunity", UPDATE).finding is Finding.ABSENT
    perform(writer, "update_opportunity", UPDATE)
    assert reconcile(reader, "update_opportunity", UPDATE).finding is Finding.FOUND
    hour = timedelta(hours=1)
    other = {**UPDATE, "stage": "New"}
    assert reconcile(reader, "update_opportunity", other, ago=hour).finding is Finding.UNCLEAR
    assert reconcile(reader, "update_opportunity", other, ago=-hour).finding is Finding.ABSENT


# -- what has gone before, and what has happened since ---------------------------------------------


def test_a_posting_that_changed_since_is_different(odoo: OdooFake, reader: Reader) -> None:
    odoo.add("account.move", invoice(), then="action_post")
    assert reconcile(reader, "post_invoice", POSTING).finding is Finding.FOUND
    other = {**POSTING, "amount": "99"}
    assert reconcile(reader, "post_invoice", other).finding is Finding.DIFFERENT
    gone = {**POSTING, "invoice_id": 9}
    assert reconcile(reader, "post_invoice", gone).finding is Finding.DIFFERENT


def test_a_payment_that_was_cancelled_is_different(
    odoo: OdooFake, reader: Reader, writer: Writer
) -> None:
    odoo.add("account.move", invoice(), then="action_post")
    perform(writer, "register_payment", PAYMENT)
    odoo._tables.change("account.payment", 1, state="canceled")
    assert reconcile(reader, "register_payment", PAYMENT).finding is Finding.DIFFERENT


@pytest.mark.parametrize("connection", ["17"], indirect=True)  # each takes five attempts
@pytest.mark.parametrize(
    ("tool", "arguments", "what"),
    [
        ("post_invoice", POSTING, "account.move.read"),
        ("register_payment", PAYMENT, "account.payment.search_read"),
        ("update_opportunity", UPDATE, "crm.lead.read"),
        ("create_quotation", QUOTATION, "sale.order.read"),
    ],
)
def test_an_answer_lost_while_reading_back_is_unknown_and_found(
    sandbox: Sandbox,
    odoo: OdooFake,
    writer: Writer,
    reader: Reader,
    tool: str,
    arguments: dict[str, Any],
    what: str,
) -> None:
    odoo.add("account.move", invoice(), then="action_post" if tool == "register_payment" else "")
    real = writer._send

    def send(*args: Any, **options: Any) -> Any:
        answer = real(*args, **options)
        if options["writing"]:
            sandbox.fault("odoo", "drop_before", times=5, match=what)
        return answer

    writer._send = send  # type: ignore[method-assign]
    with pytest.raises(UnknownOutcomeError, match="could not be read back"):
        perform(writer, tool, arguments)
    assert len(sandbox.effects()) == 1
    assert reconcile(reader, tool, arguments).finding is Finding.FOUND


# -- two companies --------------------------------------------------------------------------------


@pytest.fixture
def sister(odoo: OdooFake, connection: str) -> OdooFake:
    odoo.switch(version=CONNECTIONS[connection][0], companies=2)
    return odoo


def test_another_companys_invoice_is_out_of_reach(
    sandbox: Sandbox, sister: OdooFake, writer: Writer, settings: Settings
) -> None:
    sister.add("account.move", invoice(), then="action_post", company=2)
    refused(sandbox, writer, "register_payment", PAYMENT, "AccessError")
    theirs = Writer(settings.with_values(ODOO_COMPANY_ID="2"))
    assert perform(theirs, "register_payment", PAYMENT).remote_id


def test_one_number_in_two_companies_is_two_invoices(
    sister: OdooFake, reader: Reader, writer: Writer
) -> None:
    sister.add("account.move", invoice(price=30), then="action_post", company=2)
    sister.add("account.move", invoice(price=70), then="action_post")
    assert {sister.row("account.move", each)["name"] for each in (1, 2)} == {"INV/2026/00001"}
    page = TOOLSET.reads["list_invoices"](reader, _arguments("list_invoices"))
    assert [item["total"] for item in page.items] == ["70.00"]
    perform(writer, "register_payment", {**PAYMENT, "invoice_id": 2, "amount": "70"})


def _arguments(tool: str, **values: object) -> Any:
    from mcp_servers.catalog import READS

    return READS[f"odoo.{tool}"].arguments.model_validate(values)
