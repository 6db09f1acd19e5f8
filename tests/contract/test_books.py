"""One suite for every source of money figures: Odoo by its read tools, and bank exports."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.books import Figure, Gap, Name, Span
from core.books_csv import CsvBooks
from core.books_odoo import OdooBooks
from core.records import Source
from core.sources import Books
from core.vault import Folder
from mcp_servers.odoo.fake import OdooFake
from mcp_servers.sandbox import Sandbox
from tests.support import Office
from utils.clock import FixedClock

NOW = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
WEEK = Span.parse("2026-W47")
ACME, PAPYRUS = 14, 20
CURRENCIES = {"USD": 1, "EUR": 125}
D = Decimal


class OdooSource:
    """Odoo as the sandbox plays it, asked through the real gate."""

    def __init__(self, root: Path, sandbox: Sandbox) -> None:
        sandbox.reset()
        (fake,) = (fake for fake in sandbox._fakes if isinstance(fake, OdooFake))
        self.fake = fake
        self.sandbox = sandbox
        self.office = Office(root, FixedClock(NOW), **sandbox.settings())

    def move(self, on: str, amount: str, currency: str, who: str, *, inbound: bool) -> None:
        """Let money move: an invoice or bill of that day, paid in full on it."""
        kind, partner = ("out_invoice", ACME) if inbound else ("in_invoice", PAPYRUS)
        line = [0, 0, {"name": "Work", "price_unit": float(amount)}]
        dated = {"invoice_date": on, "invoice_date_due": on, "currency_id": CURRENCIES[currency]}
        values = {"move_type": kind, "partner_id": partner, **dated, "invoice_line_ids": [line]}
        move = self.fake.add("account.move", values, then="action_post")
        form: dict[str, Any] = {"amount": float(amount), "payment_date": on}
        context = {"active_model": "account.move", "active_ids": [move]}
        pay = "action_create_payments"
        self.fake.add("account.payment.register", form, then=pay, context=context)

    def books(self) -> Books:
        return OdooBooks(self.office.runner, self.office.clock)

    def break_down(self) -> None:
        self.office.restart(ODOO_URL="http://127.0.0.1:1")

    vendor = "Papyrus"


class CsvSource:
    """A bank export that was dropped in."""

    def __init__(self, root: Path, sandbox: Sandbox) -> None:
        self.office = Office(root, FixedClock(NOW))
        self.lines = ["Booking date;Amount;Currency;Payee;Purpose"]
        self.path = self.office.folder(Folder.ATTACHMENTS) / "a.csv"
        source = Source("file:a", "TSK-20261123-001", "file", "a.csv", "TSK-20261123-001 bank.md")
        self.office.ws.journal.add_source(source)
        self.move("2026-10-01", "1.00", "EUR", "Before", inbound=False)
        self.move("2026-11-22", "0.00", "EUR", "The last day", inbound=True)

    def move(self, on: str, amount: str, currency: str, who: str, *, inbound: bool) -> None:
        sign = "" if inbound else "-"
        comma = amount.replace(".", ",")
        self.lines.append(f"{on};{sign}{comma};{currency};{who};")
        self.path.write_text("\n".join(self.lines), encoding="utf-8")

    def books(self) -> Books:
        return CsvBooks(self.office.ws)

    def break_down(self) -> None:
        self.path.unlink()

    vendor = "Papyrus"


@pytest.fixture(params=[OdooSource, CsvSource], ids=["odoo", "csv"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OdooSource | CsvSource]:
    with Sandbox(clock=FixedClock(NOW)) as sandbox:
        made = request.param(tmp_path, sandbox)
        yield made
        made.office.close()


AnySource = OdooSource | CsvSource


def known(books: Books, name: Name) -> Figure:
    figure = books.read(WEEK).figures[name]
    assert isinstance(figure, Figure), figure
    return figure


def test_amounts_of_two_currencies_are_never_added(source: AnySource) -> None:
    source.move("2026-11-16", "100.50", "EUR", "Acme", inbound=True)
    source.move("2026-11-18", "40.00", "USD", "Acme", inbound=True)
    source.move("2026-11-18", "0.50", "EUR", "Acme", inbound=True)
    received = known(source.books(), Name.RECEIVED)
    assert received.sums == {"EUR": D("101.00"), "USD": D("40.00")}
    assert received.documents == 3


def test_only_the_days_of_the_week_count_both_ends_included(source: AnySource) -> None:
    for on in ("2026-11-15", "2026-11-16", "2026-11-22", "2026-11-23"):
        source.move(on, "10.00", "EUR", "Papyrus", inbound=False)
    assert known(source.books(), Name.PAID).sums == {"EUR": D("20.00")}


def test_in_and_out_are_two_figures(source: AnySource) -> None:
    source.move("2026-11-17", "10.00", "EUR", "Acme", inbound=True)
    source.move("2026-11-17", "7.00", "EUR", "Papyrus", inbound=False)
    assert known(source.books(), Name.RECEIVED).sums == {"EUR": D("10.00")}
    assert known(source.books(), Name.PAID).sums == {"EUR": D("7.00")}


def test_a_week_in_which_nothing_moved_has_no_documents_and_no_sum(source: AnySource) -> None:
    for name in (Name.RECEIVED, Name.PAID):
        figure = known(source.books(), name)
        assert (figure.documents, figure.sums) == (0, {})


def test_what_a_vendor_took_is_listed(source: AnySource) -> None:
    source.move("2026-11-17", "12.00", "EUR", "Papyrus", inbound=False)
    charges = source.books().read(WEEK).charges
    assert isinstance(charges, tuple)
    newest = charges[-1]
    assert (newest.on, newest.amount, newest.currency) == (date(2026, 11, 17), D(12), "EUR")
    assert source.vendor in newest.vendor


def test_every_figure_says_what_was_counted(source: AnySource) -> None:
    for figure in source.books().read(WEEK).figures.values():
        assert isinstance(figure, Figure)
        assert len(figure.basis) > 20


def test_a_source_that_is_down_is_a_reason_for_each_figure(source: AnySource) -> None:
    source.move("2026-11-17", "12.00", "EUR", "Acme", inbound=True)
    source.break_down()
    found = source.books().read(WEEK)
    assert found.figures
    for figure in found.figures.values():
        assert isinstance(figure, Gap)
        assert figure.reason
    assert found.gaps()


def test_the_same_question_has_the_same_answer(source: AnySource) -> None:
    source.move("2026-11-17", "12.00", "EUR", "Acme", inbound=True)
    assert source.books().read(WEEK) == source.books().read(WEEK)


# -- what only one of them has --------------------------------------------------------------------


@pytest.fixture
def odoo(tmp_path: Path) -> Iterator[OdooSource]:
    with Sandbox(clock=FixedClock(NOW)) as sandbox:
        made = OdooSource(tmp_path, sandbox)
        yield made
        made.office.close()


@pytest.fixture
def csv(tmp_path: Path) -> Iterator[CsvSource]:
    with Sandbox(clock=FixedClock(NOW)) as sandbox:
        made = CsvSource(tmp_path, sandbox)
        yield made
        made.office.close()


def test_odoo_tells_the_weeks_before(odoo: OdooSource) -> None:
    odoo.move("2026-11-09", "100.00", "EUR", "Acme", inbound=True)
    weeks = odoo.books().read(WEEK).weeks
    assert [day.isoformat() for day, _ in weeks][-2:] == ["2026-11-02", "2026-11-09"]
    (last,) = (found for _, found in weeks[-1:])
    assert isinstance(last, Figure)
    assert last.sums == {"EUR": D(100)}


def test_odoo_names_its_company_and_that_others_are_not_counted(odoo: OdooSource) -> None:
    odoo.fake.switch(companies=2)
    odoo.office.restart(ODOO_COMPANY_ID="1")
    found = odoo.books().read(WEEK)
    assert found.company == "Sandbox Company"
    assert any("1 more company is open" in remark for remark in found.remarks)


def test_a_credit_note_is_subtracted_and_named(odoo: OdooSource) -> None:
    for kind, price in (("out_invoice", 300.0), ("out_refund", 100.0)):
        line = [0, 0, {"name": "Work", "price_unit": price}]
        values = {"move_type": kind, "partner_id": ACME, "invoice_date": "2026-11-17"}
        odoo.fake.add("account.move", {**values, "invoice_line_ids": [line]}, then="action_post")
    revenue = known(odoo.books(), Name.REVENUE)
    assert (revenue.sums, revenue.credited) == ({"USD": D(200)}, {"USD": D(100)})


def test_days_that_no_export_covers_are_a_gap(csv: CsvSource) -> None:
    figure = csv.books().read(Span.parse("2026-W48")).figures[Name.RECEIVED]
    assert figure == Gap(
        "no bank export covers 2026-11-23 to 2026-11-29; drop one that does into Inbox"
    )


def test_an_export_that_is_dropped_in_twice_counts_once(csv: CsvSource) -> None:
    csv.move("2026-11-17", "12.00", "EUR", "Acme", inbound=True)
    csv.move("2026-11-17", "12.00", "EUR", "Acme", inbound=True)
    other = csv.path.with_name("b.csv")
    other.write_text("\n".join([*csv.lines[:3], "2026-11-18;5,00;EUR;New;"]), encoding="utf-8")
    source = Source("file:b", "TSK-20261123-002", "file", "b.csv", "TSK-20261123-002 more.md")
    csv.office.ws.journal.add_source(source)
    assert known(csv.books(), Name.RECEIVED).sums == {"EUR": D("29.00")}


def test_an_unclear_export_stops_its_figures_and_says_where_to_answer(csv: CsvSource) -> None:
    csv.path.write_text("Date,Amount,Currency\n03/04/2026,-5.00,EUR\n", encoding="utf-8")
    gap = csv.books().read(WEEK).figures[Name.PAID]
    assert isinstance(gap, Gap)
    assert "is unclear: How are the dates of this export written" in gap.reason
