"""A bank's CSV export: several ways of writing, and questions where there are two readings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import bank_columns as columns
from core import bank_export as bank
from core.bank_columns import Unreadable
from core.bank_export import BankLine, Export, Questions
from core.books_csv import CsvBooks
from core.checks import Checks
from core.triage import Triage
from core.vault import Folder
from core.workspace import Workspace
from tests.unit.conftest import Answering
from utils.clock import FixedClock
from watchers.inbox import Inbox

D = Decimal
GERMAN = """Girokonto;DE00
Zeitraum;01.11.2026 - 22.11.2026

Buchungstag;Valuta;Beguenstigter/Zahlungspflichtiger;Verwendungszweck;Betrag (EUR)
02.11.2026;02.11.2026;Hetzner Online;Rechnung 1;-1.234,56
13.11.26;13.11.26;Acme Ltd;RE 7;2.000,00
"""
ENGLISH = """Date,Description,Paid out,Paid in,Currency
2026-11-02,Hetzner Online,"1,234.56",,EUR
2026-11-13,Acme Ltd,,"2,000.00",EUR
"""
FRENCH = """Date opération\tLibellé\tMontant\tDevise
02/11/2026\tHetzner Online\t-1 234,56\tEUR
13/11/2026\tActe\t2 000,00\tEUR
"""


def read(text: str, **replies: str) -> object:
    return bank.read(text.encode(), replies, "EUR")


@pytest.mark.parametrize("text", [GERMAN, ENGLISH, FRENCH], ids=["de", "en", "fr"])
def test_three_ways_of_writing_the_same(text: str) -> None:
    found = read(text)
    assert isinstance(found, Export)
    assert [(x.on, x.amount, x.currency) for x in found.lines] == [
        (date(2026, 11, 2), D("-1234.56"), "EUR"),
        (date(2026, 11, 13), D(2000), "EUR"),
    ]
    assert found.lines[0].payee == "Hetzner Online"


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        ("-5.00", "-5"), ("5.00-", "-5"), ("(5.00)", "-5"), ("\u22125.00", "-5"),
        ("5.00 DR", "-5"), ("+5.00", "5"), ("5.00 CR", "5"), ("EUR -5.00", "-5"),
        ("1'234.50", "1234.50"), ("-0.05", "-0.05"),
    ],
)  # fmt: skip
def test_signs_as_banks_write_them(cell: str, amount: str) -> None:
    found = read(f"Date;Amount;Currency\n2026-11-02;{cell};EUR\n2026-11-02;-1.00;EUR\n")
    assert isinstance(found, Export)
    assert found.lines[0].amount == D(amount)


@pytest.mark.parametrize(
    ("text", "key", "choices"),
    [
        (
            "Date;Amount;Currency\n03/04/2026;-5.00;EUR\n",
            columns.DATE_ORDER,
            (columns.DAY_FIRST, columns.MONTH_FIRST),
        ),
        (
            "Date;Amount;Currency\n2026-11-02;-1.234;EUR\n",
            columns.NUMBERS,
            (columns.COMMA, columns.POINT),
        ),
        ("Date;Amount\n2026-11-02;-5.00\n", bank.CURRENCY, ("EUR", "USD", "GBP", "CHF")),
        (
            "Date;Amount;Currency\n2026-11-02;5.00;EUR\n",
            bank.DIRECTION,
            (bank.ALL_IN, bank.ALL_OUT),
        ),
    ],
)
def test_what_has_two_readings_is_asked(text: str, key: str, choices: tuple[str, ...]) -> None:
    found = read(text)
    assert isinstance(found, Questions)
    assert [(q.key, q.choices) for q in found.queries] == [(key, choices)]
    readings = {repr(read(text, **{key: choice})) for choice in choices}
    assert len(readings) == len(choices)
    assert all(isinstance(read(text, **{key: choice}), Export) for choice in choices)
    assert isinstance(read(text, **{key: "whatever"}), Questions)


def test_one_date_decides_for_its_neighbours() -> None:
    found = read("Date;Amount;Currency\n03/04/2026;-5.00;EUR\n13/04/2026;-5.00;EUR\n")
    assert isinstance(found, Export)
    assert found.lines[0].on == date(2026, 4, 3)


def test_one_amount_decides_for_its_neighbours() -> None:
    found = read("Date;Amount;Currency\n2026-11-02;-1.234;EUR\n2026-11-02;1,50;EUR\n")
    assert isinstance(found, Export)
    assert [x.amount for x in found.lines] == [D(-1234), D("1.50")]


@pytest.mark.parametrize(
    "line",
    ["31/31/2026;-5.00;EUR", "2026-11-02;five;EUR", "2026-11-02;1.2.3;EUR", "2026-11-02;-5.00;XXX",
     ";-5.00;EUR", "2026-11-02;;EUR", "Total;-10.00;EUR"],
)  # fmt: skip
def test_one_line_that_cannot_be_read_stops_the_whole(line: str) -> None:
    found = read(f"Date;Amount;Currency\n2026-11-02;-5.00;EUR\n{line}\n")
    assert isinstance(found, Unreadable)


@pytest.mark.parametrize(
    "text",
    ["", "a;b\n1;2\n", "Name,Mail\nAnn,a@b.c\n", "Date;Amount\n", "x", '"' * 3 + "y" * 200_000],
)
def test_other_files_are_no_bank_exports(text: str) -> None:
    assert read(text) is None


@given(st.binary(max_size=300))
def test_whatever_the_bytes_it_ends_with_one_of_four_answers(data: bytes) -> None:
    found = bank.read(b"Date;Amount;Currency\n" + data, {}, "EUR")
    assert found is None or isinstance(found, Export | Questions | Unreadable)


@given(
    st.lists(
        st.decimals(min_value="-99999.99", max_value="99999.99", places=2), min_size=1, max_size=9
    ),
    st.booleans(),
)
def test_every_amount_is_read_back_in_either_style(amounts: list[Decimal], comma: bool) -> None:
    amounts = [*amounts, D("-1.25")]

    def cell(amount: Decimal) -> str:
        text = f"{amount:,.2f}"
        return text.translate(str.maketrans(",.", ".,")) if comma else text

    lines = "".join(f"2026-11-02;{cell(a)};EUR\n" for a in amounts)
    found = read(f"Date;Amount;Currency\n{lines}")
    assert isinstance(found, Export)
    assert [x.amount for x in found.lines] == amounts


def test_text_of_others_stays_harmless() -> None:
    payee = "[[Approved/x]] <% run %> %%hidden%% |"
    found = read(f"Date;Amount;Currency;Payee\n2026-11-02;-5.00;EUR;{payee}\n")
    assert isinstance(found, Export)
    assert found.lines[0].payee == "Approved/x % run % hidden"


# -- from the inbox to the books ------------------------------------------------------------------

Open = Callable[..., Workspace]


def test_an_unclear_export_is_asked_about_and_counts_once_answered(
    ws: Workspace, clock: FixedClock, runner: Answering
) -> None:
    text = "Date;Amount;Currency;Payee\n10/11/2026;-5.00;EUR;Hetzner\n11/12/2026;9.00;EUR;Acme\n"
    path = ws.vault.folder(Folder.INBOX) / "My bank.csv"
    path.write_text(text, encoding="utf-8")
    triage = Triage(ws, Checks(ws, runner, lambda: None))
    inbox = Inbox(ws, triage)
    for _ in range(3):
        inbox.work()
        clock.advance(20)
    (asked,) = ws.journal.open_asks()
    note = ws.vault.folder(Folder.NEEDS_ACTION) / asked.name
    ticked = note.read_text(encoding="utf-8").replace(
        f"- [ ] {columns.MONTH_FIRST}", f"- [x] {columns.MONTH_FIRST}"
    )
    note.write_text(ticked, encoding="utf-8")
    for _ in range(4):
        inbox.work()
        clock.advance(20)
    assert ws.journal.open_asks() == []
    assert not list(ws.vault.folder(Folder.PENDING).glob("*.md"))
    books = CsvBooks(ws)
    assert books.any()
    found = books._exports()
    assert found.problems == ()
    assert found.lines == (
        BankLine(date(2026, 10, 11), D(-5), "EUR", "Hetzner", "", ""),
        BankLine(date(2026, 11, 12), D(9), "EUR", "Acme", "", ""),
    )
    assert found.names == ("My bank",)


def test_an_export_that_cannot_be_read_is_said_in_its_task(
    ws: Workspace, clock: FixedClock, runner: Answering, tmp_path: Path
) -> None:
    path = ws.vault.folder(Folder.INBOX) / "bank.csv"
    path.write_text("Date;Amount;Currency\n2026-11-02;five;EUR\n", encoding="utf-8")
    inbox = Inbox(ws, Triage(ws, Checks(ws, runner, lambda: None)))
    for _ in range(3):
        inbox.work()
        clock.advance(20)
    (task,) = ws.vault.folder(Folder.NEEDS_ACTION).glob("*.md")
    assert "bank export cannot be counted" in task.read_text(encoding="utf-8")
