"""A bank's CSV export, read as dated amounts; what has two readings is asked, never guessed.

Rules: a column decides as a whole, so 03/04/2026 is read as its neighbours are; one line that
cannot be read makes the export unread, because a sum without it would be wrong; text is the bank's
and other people's, and stays data.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from core import notes
from core.asks import Query
from core.bank_columns import DATE_ORDER, NUMBERS, Unreadable, days_in, numbers_in
from utils.money import CURRENCIES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_LINES = 50_000
HEADER_WITHIN = 30
CURRENCY, DIRECTION = "currency", "direction"
ALL_IN, ALL_OUT = "Every line is money in", "Every line is money out"
USUAL_CURRENCIES = ("EUR", "USD", "GBP", "CHF")

_WORDS: Mapping[str, tuple[str, ...]] = {
    "date": (
        *("date", "booking date", "transaction date", "posting date", "completed date", "datum"),
        *("buchungstag", "buchungsdatum", "date operation", "date d operation", "fecha"),
        *("date comptable", "fecha operacion", "fecha de operacion", "value date", "valuta"),
    ),
    "amount": ("amount", "betrag", "montant", "importe", "umsatz", "value", "cantidad"),
    "debit": ("debit", "soll", "cargo", "paid out", "money out", "withdrawal", "withdrawals"),
    "credit": ("credit", "haben", "abono", "paid in", "money in", "deposit", "deposits"),
    "currency": ("currency", "wahrung", "waehrung", "devise", "moneda", "divisa", "ccy"),
    "payee": (
        *("payee", "counterparty", "counter party", "beneficiary", "merchant", "name", "partner"),
        *("beguenstigter zahlungspflichtiger", "begunstigter zahlungspflichtiger", "empfanger"),
        *("auftraggeber empfanger", "name zahlungsbeteiligter", "zahlungsbeteiligter", "tiers"),
        *("beneficiario", "beneficiaire", "description", "libelle", "concepto"),
    ),
    "reference": (
        *("reference", "verwendungszweck", "purpose", "details", "memo", "buchungstext"),
        *("communication", "referencia", "transaction id", "id"),
    ),
    "account": ("account", "iban", "auftragskonto", "konto", "compte", "cuenta", "account number"),
}
_FOLD = str.maketrans("äöüàâéèêëîïôùûçñáíóú", "aouaaeeeeiiouucnaiou")


@dataclass(frozen=True, order=True)
class BankLine:
    """One line of an export.

    Args:
        on: its day.
        amount: above zero: money in; below: money out.
        currency: of the amount.
        payee: the other side, as the bank names it.
        reference: what it was for.
        account: whose account, "" when the export does not say.
    """

    on: date
    amount: Decimal
    currency: str
    payee: str
    reference: str
    account: str


@dataclass(frozen=True)
class Export:
    """An export that was read whole."""

    lines: tuple[BankLine, ...]


@dataclass(frozen=True)
class Questions:
    """What must be known before an export can be read."""

    queries: tuple[Query, ...]


@dataclass(frozen=True)
class _Sheet:
    """The rows under the header, cells by what they are, with the row's number in the file."""

    head: Mapping[str, tuple[int, str]]
    rows: tuple[tuple[int, list[str]], ...]

    def column(self, name: str) -> list[str]:
        """Return the cells of one column, "" where a row is short."""
        if name not in self.head:
            return [""] * len(self.rows)
        place = self.head[name][0]
        return [row[place].strip() if place < len(row) else "" for _, row in self.rows]


def read(
    data: bytes, replies: Mapping[str, str], home_currency: str
) -> Export | Questions | Unreadable | None:
    """Return what an export says; None when the file is none.

    Args:
        data: the file.
        replies: what the owner answered to earlier questions about it.
        home_currency: offered first when the export names no currency.
    """
    sheet = _sheet(_decoded(data))
    if sheet is None:
        return None
    if len(sheet.rows) > MAX_LINES:
        return Unreadable(f"it has more than {MAX_LINES:,} lines")
    days = days_in(sheet.column("date"), replies.get(DATE_ORDER))
    amounts = _amounts(sheet, replies)
    currencies = _currencies(sheet, replies, home_currency)
    parts = (days, amounts, currencies)
    for part in parts:
        if isinstance(part, Unreadable):
            return part
    queries = tuple(part for part in parts if isinstance(part, Query))
    if queries:
        return Questions(queries)
    assert isinstance(days, list)  # noqa: S101 - the three kinds of answers were told apart above
    assert isinstance(amounts, list)  # noqa: S101
    assert isinstance(currencies, list)  # noqa: S101
    texts = zip(*(sheet.column(n) for n in ("payee", "reference", "account")), strict=True)
    return Export(
        tuple(
            BankLine(on, amount, currency, *(notes.inline(text, 80) for text in words))
            for on, amount, currency, words in zip(days, amounts, currencies, texts, strict=True)
        )
    )


def _decoded(data: bytes) -> str:
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def _sheet(text: str) -> _Sheet | None:
    """Return the table in a text: its header has a date and an amount; None without one."""
    for mark in (";", ",", "\t", "|"):
        try:
            rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=mark))
        except csv.Error:  # a field without an end: no table with this mark
            continue
        for number, row in enumerate(rows[:HEADER_WITHIN]):
            head = _header(row)
            if "date" in head and ({"amount"} <= head.keys() or {"debit", "credit"} <= head.keys()):
                body = tuple(
                    (place, cells)
                    for place, cells in enumerate(rows[number + 1 :], start=number + 2)
                    if any(cell.strip() for cell in cells)
                )
                return _Sheet(head, body) if body else None
    return None


def _header(row: Sequence[str]) -> dict[str, tuple[int, str]]:
    """Return which column is what, the earlier words of a kind before the later ones."""
    plain = [_plain(cell) for cell in row]
    found: dict[str, tuple[int, str]] = {}
    for name, words in _WORDS.items():
        for word in words:
            if word in plain:
                place = plain.index(word)
                found[name] = (place, row[place])
                break
    return found


def _plain(cell: str) -> str:
    bare = re.sub(r"\([^)]*\)|\s[A-Z]{3}$", "", cell.strip())  # "Amount (EUR)", "Betrag EUR"
    return " ".join(re.sub(r"[^a-z]+", " ", bare.lower().translate(_FOLD)).split())


def _amounts(sheet: _Sheet, replies: Mapping[str, str]) -> list[Decimal] | Query | Unreadable:
    if "amount" in sheet.head:
        cells = sheet.column("amount")
        read_all = numbers_in(cells, replies.get(NUMBERS))
        return _directed(cells, read_all, replies) if isinstance(read_all, list) else read_all
    both = [*sheet.column("credit"), *sheet.column("debit")]
    read_both = numbers_in([cell or "0" for cell in both], replies.get(NUMBERS))
    if not isinstance(read_both, list):
        return read_both
    count = len(sheet.rows)
    return [
        abs(paid_in) - abs(paid_out)
        for paid_in, paid_out in zip(read_both[:count], read_both[count:], strict=True)
    ]


def _directed(
    cells: Sequence[str], amounts: list[Decimal], replies: Mapping[str, str]
) -> list[Decimal] | Query:
    """Return signed amounts; a column without any sign does not say which way money went."""
    if any(amount < 0 for amount in amounts) or any(re.search(r"[+]|CR$|H$", c) for c in cells):
        return amounts
    answer = replies.get(DIRECTION)
    if answer in {ALL_IN, ALL_OUT}:
        return amounts if answer == ALL_IN else [-amount for amount in amounts]
    return Query(
        DIRECTION,
        "Which way did the money of this bank export go?",
        "No amount in it has a sign.",
        (ALL_IN, ALL_OUT),
        own_words=False,
    )


def _currencies(
    sheet: _Sheet, replies: Mapping[str, str], home_currency: str
) -> list[str] | Query | Unreadable:
    if "currency" in sheet.head:
        cells = [cell.upper() for cell in sheet.column("currency")]
        wrong = next((cell for cell in cells if cell not in CURRENCIES), None)
        if wrong is not None:
            return Unreadable(f"“{notes.inline(wrong)}” is no currency")
        return cells
    title = sheet.head.get("amount", sheet.head.get("credit", (0, "")))[1]
    named = {code for code in re.findall(r"[A-Z]{3}", title) if code in CURRENCIES}
    if not named and "amount" in sheet.head:
        named = {"EUR"} if all("€" in cell for cell in sheet.column("amount")) else set()
    answer = replies.get(CURRENCY, "").strip().upper()
    known = named or ({answer} & CURRENCIES)
    if len(known) == 1:
        return [*known] * len(sheet.rows)
    return Query(
        CURRENCY,
        "Which currency is this bank export in?",
        "No column and no heading names one.",
        tuple(dict.fromkeys((home_currency, *USUAL_CURRENCIES))),
    )
