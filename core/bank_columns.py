"""A column of dates or of amounts, read in the one way in which all of it can be read, or asked.

Rules: a column decides as a whole, so 03/04/2026 is read as its neighbours are; where two ways read
differently, the owner is asked with an example; one cell that cannot be read makes it unread.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from core import notes
from core.asks import Query

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

DATE_ORDER, NUMBERS = "date_order", "numbers"
DAY_FIRST, MONTH_FIRST = "The day stands first", "The month stands first"
COMMA, POINT = "The comma is the decimal mark", "The point is the decimal mark"
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ].*)?$")
_PARTED = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?:[T ].*)?$")
_SIGN = re.compile(r"^\((.*)\)$|^(.*?)(?:\s*(?:DR|S))$|^[-\u2212](.*)$|^(.*)[-\u2212]$")
_POINTED = re.compile(r"\d{1,3}(?:[, '\u00a0\u202f\u2019]\d{3})+(?:\.\d{1,3})?|\d+(?:\.\d{1,3})?")
_COMMAED = re.compile(r"\d{1,3}(?:[. '\u00a0\u202f\u2019]\d{3})+(?:,\d{1,3})?|\d+(?:,\d{1,3})?")


@dataclass(frozen=True)
class Unreadable:
    """An export that cannot be read, and why."""

    reason: str


def days_in(cells: Sequence[str], answer: str | None) -> list[date] | Query | Unreadable:
    """Return the days of a column, read in the one order in which all of them are days."""
    readings = {DAY_FIRST: _in_order(cells, 1, 0), MONTH_FIRST: _in_order(cells, 0, 1)}
    possible = {order: days for order, days in readings.items() if not isinstance(days, str)}
    if not possible:
        return Unreadable(f"its dates cannot be read: {next(iter(readings.values()))}")
    if DAY_FIRST in possible and all("/" not in cell for cell in cells):
        possible.pop(MONTH_FIRST, None)  # 03.04.2026 and 03-04-2026: the day stands first
    if len(possible) == 2 and readings[DAY_FIRST] == readings[MONTH_FIRST]:
        possible.pop(MONTH_FIRST)
    if len(possible) == 2:
        if answer in possible:
            return list(possible[answer])
        example = next(c for c in cells if _differs(c))
        return Query(
            DATE_ORDER,
            f"How are the dates of this export written, for example {notes.inline(example)}?",
            "Every date in it can be read in two ways.",
            (DAY_FIRST, MONTH_FIRST),
            own_words=False,
        )
    return list(next(iter(possible.values())))


def numbers_in(cells: Sequence[str], answer: str | None) -> list[Decimal] | Query | Unreadable:
    """Return the numbers of a column, read in the one style in which all of them are numbers."""
    readings = {POINT: _in_style(cells, _POINTED, "."), COMMA: _in_style(cells, _COMMAED, ",")}
    possible = {style: found for style, found in readings.items() if not isinstance(found, str)}
    if not possible:
        return Unreadable(f"its amounts cannot be read: {readings[POINT]}, {readings[COMMA]}")
    if len(possible) == 2 and readings[POINT] != readings[COMMA]:
        if answer in possible:
            return list(possible[answer])
        pairs = zip(cells, possible[POINT], possible[COMMA], strict=True)
        example = next(cell for cell, one, other in pairs if one != other)
        return Query(
            NUMBERS,
            f"How are the amounts of this export written, for example {notes.inline(example)}?",
            "Every amount in it can be read in two ways.",
            (COMMA, POINT),
            own_words=False,
        )
    return list(next(iter(possible.values())))


def _differs(cell: str) -> bool:
    found = _PARTED.match(cell)
    return found is not None and found[1] != found[3]


def _in_order(cells: Sequence[str], month: int, day: int) -> list[date] | str:
    """Return the days in one order, or the first cell that is none."""
    found = []
    for cell in cells:
        iso, parted = _ISO.match(cell), _PARTED.match(cell)
        try:
            if iso:
                found.append(date(int(iso[1]), int(iso[2]), int(iso[3])))
            elif parted:
                pair = (int(parted[1]), int(parted[3]))
                year = int(parted[4]) + (2000 if len(parted[4]) == 2 else 0)
                found.append(date(year, pair[month], pair[day]))
            else:
                return f"“{notes.inline(cell)}”"
        except ValueError:
            return f"“{notes.inline(cell)}”"
    return found


def _in_style(cells: Iterable[str], style: re.Pattern[str], decimal: str) -> list[Decimal] | str:
    """Return the numbers in one style, or the first cell that is none."""
    found = []
    for cell in cells:
        bare = re.sub(r"[A-Z]{3}|[€$£]", "", cell).strip()
        if bare.endswith(("CR", "H")):
            bare = bare.removesuffix("CR").removesuffix("H").strip()
        sign = _SIGN.match(bare)
        digits = next((g for g in sign.groups() if g is not None), bare) if sign else bare
        digits = digits.strip().removeprefix("+")
        if not style.fullmatch(digits):
            return f"“{notes.inline(cell)}”"
        whole = re.sub(r"[^0-9]", "", digits.split(decimal)[0])
        rest = digits.split(decimal)[1] if decimal in digits else ""
        number = Decimal(f"{whole}.{rest}" if rest else whole)
        found.append(-number if sign else number)
    return found
