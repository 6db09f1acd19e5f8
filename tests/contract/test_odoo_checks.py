"""What Odoo would refuse or regret is known before the owner is asked; who would be paid, too."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.actions import payload_of
from core.checks import account_warnings
from core.findings import Findings, Payee
from core.settings import SETTINGS
from mcp_servers.catalog import ACTIONS, SERVICE_SETTINGS, SERVICES
from mcp_servers.odoo.client import Reader
from mcp_servers.odoo.fake import OdooFake
from mcp_servers.odoo.tools import TOOLSET
from mcp_servers.sandbox import Sandbox
from mcp_servers.serve import toolset_of
from utils.clock import SystemClock, local_day
from utils.config import Settings

ACME, NORTHWIND, PAPYRUS = 14, 19, 20
USD = 1
DATED = {"invoice_date": "2026-11-20"}
LINE = {"description": "Work", "quantity": 1, "unit_price": "100.00"}
WHO = {"customer": "Acme Ltd", "customer_id": ACME, "currency": "USD"}
BILL = {"vendor": "Papyrus Office Ltd", "vendor_id": PAPYRUS, "currency": "USD", "lines": [LINE]}
PAYMENT = {"partner": "Northwind Hosting GmbH", "currency": "USD", "amount": "100"}


@pytest.fixture(params=[17, 18])
def odoo(running: Sandbox, request: pytest.FixtureRequest) -> OdooFake:
    running.reset()
    (fake,) = (fake for fake in running._fakes if isinstance(fake, OdooFake))
    fake.switch(version=request.param)
    return fake


@pytest.fixture
def reader(running: Sandbox, odoo: OdooFake) -> Reader:
    return Reader(Settings((*SETTINGS, *SERVICE_SETTINGS), running.settings(), Path()))


def ago(days: int) -> str:
    return (today() - timedelta(days=days)).isoformat()


def today() -> date:
    clock = SystemClock()
    return local_day(clock, clock.now())


def found(reader: Reader, tool: str, arguments: dict[str, Any]) -> Findings:
    check = TOOLSET.writes[tool].check
    assert check is not None
    return check(reader, payload_of(ACTIONS[f"odoo.{tool}"], arguments))


def move(partner_id: int = NORTHWIND, price: float = 100.0, **more: object) -> dict[str, Any]:
    line = [0, 0, {"name": "Work", "price_unit": price}]
    values = {"move_type": "in_invoice", "partner_id": partner_id, "currency_id": USD}
    return {**values, "invoice_date": ago(3), "invoice_line_ids": [line], **more}


@pytest.mark.parametrize("service", SERVICES)
def test_the_catalogue_says_which_actions_are_asked_about(service: str) -> None:
    writes = toolset_of(service).writes
    assert {a.tool: a.checked for a in SERVICES[service].actions} == {
        tool: write.check is not None for tool, write in writes.items()
    }


# -- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("create_invoice", {**WHO, "lines": [LINE]}),
        ("create_quotation", {**WHO, "lines": [LINE]}),
        ("create_vendor_bill", {**BILL, "reference": "R1", "invoice_date": "2026-11-20"}),
        ("create_partner", {"name": "Hooli", "role": "vendor"}),
        (
            "update_opportunity",
            {"opportunity": "Initech audit", "opportunity_id": 3, "stage": "won"},
        ),
    ],
)
def test_what_odoo_takes_is_let_through(
    running: Sandbox, reader: Reader, tool: str, arguments: dict[str, Any]
) -> None:
    said = found(reader, tool, arguments)
    assert replace(said, accounts=None) == Findings()
    assert (said.accounts is None) is (tool != "create_vendor_bill")
    assert running.effects() == []


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        (
            "create_invoice",
            {**WHO, "currency": "CAD", "lines": [LINE]},
            "the currency CAD is not active there",
        ),
        (
            "create_invoice",
            {**WHO, "customer_id": 999, "lines": [LINE]},
            "Odoo has no partner with the id 999.",
        ),
        (
            "create_vendor_bill",
            {**BILL, "reference": "r-7 ", "invoice_date": "2026-11-20"},
            "bill R-7 of Papyrus Office Ltd is there already",
        ),
        ("create_partner", {"name": "acme ltd"}, "has this name already"),
        (
            "update_opportunity",
            {"opportunity": "Initech audit", "opportunity_id": 3, "stage": "Dreaming"},
            'the pipeline has no stage "Dreaming"',
        ),
    ],
    ids=["currency", "partner", "bill-twice", "partner-twice", "stage"],
)
def test_what_odoo_would_regret_is_refused(
    odoo: OdooFake, reader: Reader, tool: str, arguments: dict[str, Any], said: str
) -> None:
    odoo.add("account.move", move(PAPYRUS, ref="R-7"))
    (reason,) = found(reader, tool, arguments).refusals
    assert said in reason
    assert "Nothing was sent" not in reason


@pytest.mark.parametrize(
    ("changed", "told"),
    [({}, 1), ({"invoice_date": "2026-11-19"}, 0), ({"price": 99.0}, 0), ({"partner_id": 19}, 0)],
)
def test_a_bill_of_the_same_day_and_sum_is_told(
    odoo: OdooFake, reader: Reader, changed: dict[str, Any], told: int
) -> None:
    """Its number may have been misread, or typed by somebody in another way."""
    odoo.add("account.move", move(**{"partner_id": PAPYRUS, "ref": "2026/77", **DATED, **changed}))
    remarks = found(reader, "create_vendor_bill", {**BILL, "reference": "77", **DATED}).remarks
    assert len(remarks) == told
    assert all("CAREFUL: bill 2026/77 of the same day over the same sum" in r for r in remarks)


def test_the_document_to_be_posted_is_told_by_its_own_number(
    odoo: OdooFake, reader: Reader
) -> None:
    """An id says nothing to a person, and a vendor sends many bills over one sum."""
    bill = odoo.add("account.move", move(PAPYRUS, ref="RE-77", **DATED))
    asked = {**PAYMENT, "partner": "Papyrus Office Ltd", "invoice_id": bill}
    (said,) = found(reader, "post_invoice", asked).remarks
    assert said == "In Odoo it is the vendor bill with the reference RE-77, date 2026-11-20."


def test_an_archived_partner_is_refused(odoo: OdooFake, reader: Reader) -> None:
    odoo._tables.change("res.partner", ACME, active=False)
    odoo._tables.commit()
    (reason,) = found(reader, "create_invoice", {**WHO, "lines": [LINE]}).refusals
    assert reason == "Acme Ltd (id 14) is archived in Odoo."


def test_a_partner_of_another_company_is_refused(odoo: OdooFake, reader: Reader) -> None:
    odoo.switch(companies=2)
    foreign = odoo.add("res.partner", {"name": "Acme Ltd", "company_id": 2}, company=2)
    said = found(reader, "create_invoice", {**WHO, "customer_id": foreign, "lines": [LINE]})
    assert len(said.refusals) == 1


def test_another_name_than_the_record_has_is_a_warning(reader: Reader) -> None:
    arguments = {**WHO, "customer": "Globex GmbH", "lines": [LINE]}
    (remark,) = found(reader, "create_invoice", arguments).remarks
    assert remark == "CAREFUL: Odoo calls partner 14 Acme Ltd, not Globex GmbH."


@pytest.mark.parametrize(
    ("then", "amount", "said"),
    [
        ("", "100", ""),
        ("action_post", "100.01", "only 100.00 USD is due on"),
        ("paid", "100", "nothing is due on"),
    ],
    ids=["draft", "over", "paid"],
)
def test_a_payment_must_be_due(
    odoo: OdooFake, reader: Reader, then: str, amount: str, said: str
) -> None:
    bill = odoo.add("account.move", move(), then="action_post" if then else "")
    if then == "paid":
        pay(odoo, bill, ago(0))
    (reason,) = found(reader, "register_payment", paying(odoo, bill, amount=amount)).refusals
    assert said in reason
    assert then or "is not posted" in reason or "its number is not given yet" in reason


def test_another_companys_bill_is_refused(odoo: OdooFake, reader: Reader) -> None:
    odoo.switch(companies=2)
    bill = odoo.add("account.move", move(), then="action_post", company=2)
    (reason,) = found(reader, "register_payment", paying(odoo, bill)).refusals
    assert "company" in reason


def test_a_bills_bank_account_is_held_against_the_vendors(reader: Reader) -> None:
    arguments = {**BILL, "reference": "R1", "invoice_date": "2026-11-20"}
    findings = found(reader, "create_vendor_bill", arguments)
    assert "BUKB" not in str(findings)
    assert account_warnings("Pay to GB33 BUKB 2020 1555 5555 55 please", findings) == Findings()
    (said,) = account_warnings("Now: DE89 3704 0044 0532 0130 00.", findings).remarks
    assert said.startswith("CAREFUL: it names the bank account ending in 3000; your books have an")
    assert account_warnings("DE89370400440532013000", Findings()) == Findings()


# -- who is paid ----------------------------------------------------------------------------------


def pay(odoo: OdooFake, bill: int, on: str, **more: object) -> None:
    context = {"active_model": "account.move", "active_ids": [bill]}
    odoo.add(
        "account.payment.register",
        {"payment_date": on, **more},
        then="action_create_payments",
        context=context,
    )


def paying(odoo: OdooFake, bill: int, **more: object) -> dict[str, Any]:
    name = odoo.row("account.move", bill)["name"]
    return {**PAYMENT, "invoice": name or "/", "invoice_id": bill, **more}


def posted(
    odoo: OdooFake,
    days_ago: int,
    partner_id: int = NORTHWIND,
    *,
    entered: int | None = None,
    **more: object,
) -> int:
    values = move(partner_id, invoice_date=ago(days_ago), **more)
    identifier = odoo.add("account.move", values, then="action_post")
    stamp = f"{ago(days_ago if entered is None else entered)} 09:00:00"
    odoo._tables.change("account.move", identifier, create_date=stamp)
    odoo._tables.commit()
    return identifier


def payee(odoo: OdooFake, reader: Reader, bill: int, **more: object) -> Payee:
    findings = found(reader, "register_payment", paying(odoo, bill, **more))
    assert findings.refusals == ()
    assert findings.payee is not None
    return findings.payee


def test_a_customers_receipt_pays_nobody(odoo: OdooFake, reader: Reader) -> None:
    invoice = posted(odoo, 3, ACME, move_type="out_invoice")
    assert payee(odoo, reader, invoice, partner="Acme Ltd") == Payee(is_paid=False)


@pytest.mark.parametrize(
    ("days_ago", "known"), [(None, False), (30, False), (31, True)], ids=["new", "young", "old"]
)
def test_a_payee_is_known_by_an_old_posted_bill(
    odoo: OdooFake, reader: Reader, days_ago: int | None, known: bool
) -> None:
    if days_ago is not None:
        posted(odoo, days_ago)
    told = payee(odoo, reader, posted(odoo, 3))
    assert (told.is_paid, told.known, bool(told.doubts)) == (True, known, not known)


@pytest.mark.parametrize(
    ("account", "said"),
    [(None, "names no bank account."), (1, "names the account ending in 0101.")],
)
def test_what_is_to_be_checked_about_somebody_new_is_named(
    odoo: OdooFake, reader: Reader, account: int | None, said: str
) -> None:
    (doubt,) = payee(odoo, reader, posted(odoo, 3, partner_bank_id=account)).doubts
    assert doubt.startswith("Northwind Hosting GmbH is new: no other posted bill of theirs is over")
    assert doubt.endswith(said)


def test_the_bill_itself_and_a_draft_make_nobody_known(odoo: OdooFake, reader: Reader) -> None:
    """A backdated bill would vouch for itself."""
    odoo.add("account.move", move(invoice_date=ago(90)))
    assert not payee(odoo, reader, posted(odoo, 60)).known


def test_a_backdated_bill_makes_nobody_known(odoo: OdooFake, reader: Reader) -> None:
    """Two bills of a stranger arrive, the one dated two months ago."""
    posted(odoo, 60, entered=3)
    assert not payee(odoo, reader, posted(odoo, 3)).known


def test_a_bill_of_a_department_counts_for_its_company(odoo: OdooFake, reader: Reader) -> None:
    desk = odoo.add("res.partner", {"name": "Billing", "parent_id": NORTHWIND, "is_company": False})
    posted(odoo, 60, desk)
    assert payee(odoo, reader, posted(odoo, 3)).known


@pytest.mark.parametrize("added", [True, False], ids=["added", "changed"])
def test_bank_data_that_changed_lately_is_a_doubt(
    odoo: OdooFake, reader: Reader, added: bool
) -> None:
    posted(odoo, 60)
    iban = "DE89370400440532013000"
    if added:
        odoo.add("res.partner.bank", {"acc_number": iban, "partner_id": NORTHWIND})
    else:
        stamp = f"{ago(2)} 09:00:00"
        odoo._tables.change("res.partner.bank", 1, acc_number=iban, write_date=stamp)
        odoo._tables.commit()
    told = payee(odoo, reader, posted(odoo, 3))
    assert not told.known
    (doubt,) = told.doubts
    verb = "added" if added else "changed"
    assert f"ending in 3000 of Northwind Hosting GmbH was {verb} in Odoo on" in doubt


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        (None, 1, "names the account ending in 0101, an earlier one no bank account"),
        (1, None, "names no bank account, an earlier one the account ending in 0101"),
    ],
)
def test_an_account_that_earlier_bills_do_not_name_is_a_doubt(
    odoo: OdooFake, reader: Reader, before: int | None, now: int | None, said: str
) -> None:
    posted(odoo, 60, partner_bank_id=before)
    told = payee(odoo, reader, posted(odoo, 3, partner_bank_id=now))
    assert not told.known
    assert said in told.doubts[0]


def test_the_newest_of_many_accounts_is_seen(odoo: OdooFake, reader: Reader) -> None:
    posted(odoo, 60)
    for number in range(25):
        old = {"acc_number": f"OLD{number}", "partner_id": NORTHWIND}
        identifier = odoo.add("res.partner.bank", old)
        stamps = {"create_date": f"{ago(300)} 09:00:00", "write_date": f"{ago(300)} 09:00:00"}
        odoo._tables.change("res.partner.bank", identifier, **stamps)
    odoo.add("res.partner.bank", {"acc_number": "NEW-3000", "partner_id": NORTHWIND})
    assert not payee(odoo, reader, posted(odoo, 3)).known


def test_another_account_than_before_is_a_doubt(odoo: OdooFake, reader: Reader) -> None:
    posted(odoo, 60, partner_bank_id=1)
    told = payee(odoo, reader, posted(odoo, 3, partner_bank_id=2))
    assert not told.known
    (doubt,) = told.doubts
    assert "names the account of somebody else, an earlier one the account ending in 0101" in doubt


@pytest.mark.parametrize(
    ("dates", "amounts", "recurring"),
    [
        ((60, 30), (100, 100), True),
        ((65, 30), (91, 109), True),
        ((55, 30), (100, 100), True),
        ((54, 30), (100, 100), False),
        ((66, 30), (100, 100), False),
        ((60, 30), (89, 100), False),
        ((60, 30), (100, 111), False),
        ((54, 24), (100, 100), False),
        ((30,), (100,), False),
    ],
)
def test_recurring_is_a_matter_of_days_and_sums(
    odoo: OdooFake,
    reader: Reader,
    dates: tuple[int, ...],
    amounts: tuple[int, ...],
    recurring: bool,
) -> None:
    for days, amount in zip(dates, amounts, strict=True):
        pay(odoo, posted(odoo, days, price=float(amount)), ago(days))
    assert payee(odoo, reader, posted(odoo, 3)).recurring is recurring


def test_a_payment_dated_ahead_is_in_no_rhythm(odoo: OdooFake, reader: Reader) -> None:
    for days in (35, 5):
        pay(odoo, posted(odoo, days), ago(days))
    assert not payee(odoo, reader, posted(odoo, 3), payment_date=ago(-25)).recurring


def test_rhythm_in_another_currency_is_none(odoo: OdooFake, reader: Reader) -> None:
    for days in (60, 30):
        pay(odoo, posted(odoo, days, currency_id=125), ago(days))
    assert not payee(odoo, reader, posted(odoo, 3)).recurring
