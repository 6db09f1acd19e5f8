"""Numbers with a currency beside them, and where they stand.

Rules: a number counts only with a currency right beside it; where it is not plain which number a
currency belongs to, or where a number begins, the sum is contested and never used.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from itertools import pairwise

from core.extract import currencies, numbers
from core.extract.currencies import Currency

_SEPARATORS = ".,:/'’-−–+"


@dataclass(frozen=True)
class Sum:
    """A number with a currency, before the words around it are read.

    Args:
        run: the number as written.
        start: where it begins, currency included.
        end: where it ends, currency included.
        currency: what it is counted in.
        contested: the number or its currency may be another one.
    """

    run: str
    start: int
    end: int
    currency: Currency
    contested: bool


def readable(text: str) -> str:
    """Return a text of the same length with wrapped lines joined and other numbers covered."""
    return numbers.covered(unwrapped(text))


def unwrapped(text: str) -> str:
    """Return a text in which a line that goes on below ends with a space, not a line end."""
    lines = text.split("\n")
    joined = [lines[0]]
    for before, line in pairwise(lines):
        goes_on = bool(line[:1].islower()) and not before.rstrip().endswith((":", ".", "!", "?"))
        wrapped = len(before) >= 58 and line[:1].isalnum() and not re.match(r"[\w ]{2,25}:", line)
        joined += [" " if before.strip() and (goes_on or wrapped) else "\n", line]
    return "".join(joined)


def sums(text: str, limit: int) -> list[Sum]:
    """Return the sums in a readable text, in their order.

    Args:
        text: what `readable` returned.
        limit: how many are looked at.
    """
    found: list[Sum] = []
    for run in numbers.RUN.finditer(text):
        each = _sum(text, run)
        if each is None:
            continue
        if found and each.start < found[-1].end:  # one currency between two numbers
            found[-1] = replace(found[-1], contested=True)
            each = replace(each, contested=True)
        found.append(each)
        if len(found) >= limit:
            break
    return found


def _sum(text: str, run: re.Match[str]) -> Sum | None:
    left, right = currencies.before(text, run.start()), currencies.after(text, run.end())
    currency = _agreed(left, right)
    if currency is None or _is_a_word(currency, run[0]):
        return None
    start, end = run.span()
    if left:
        start = text.rindex(left.text, max(0, start - 25), start)
    if right:
        end = text.index(right.text, end) + len(right.text)
    clash = left is not None and right is not None and not _shared(left, right)
    contested = clash or _is_glued(text, run, left, right) or _is_torn(text, run)
    return Sum(run[0], start, end, currency, contested)


def _agreed(left: Currency | None, right: Currency | None) -> Currency | None:
    if left is None or right is None:
        return left or right
    return Currency(_shared(left, right) or right.options, right.text)


def _shared(left: Currency, right: Currency) -> tuple[str, ...]:
    return tuple(c for c in left.options if c in right.options)


def _is_a_word(currency: Currency, run: str) -> bool:
    """Return whether a code is more likely a word ("TOP 10", "ALL 3")."""
    return currency.text in currencies.WORDLIKE and not re.search(r"[.,][0-9]{2}\Z", run)


def _is_glued(text: str, run: re.Match[str], left: Currency | None, right: Currency | None) -> bool:
    """Return whether a letter, another number or a stroke touches the number."""
    previous, following = text[run.start() - 1 : run.start()], text[run.end() : run.end() + 2]
    known_left = left is not None and left.text.endswith(previous)
    glued_left = previous != "" and (previous in _SEPARATORS or previous.isalnum())
    parted = following[:1] in {*_SEPARATORS, "%"} and following[1:2].isdigit()
    glued_right = parted or (following[:1].isalnum() and right is None)
    near = text[max(0, run.start() - 3) : run.end() + 3]
    struck = any(unicodedata.combining(c) for c in near)
    return (glued_left and not known_left) or glued_right or struck


def _is_torn(text: str, run: re.Match[str]) -> bool:
    """Return whether the number may be the end of one whose beginning is covered."""
    touched = text[max(0, run.start() - 2) : run.start()].strip().endswith("_")
    return touched and re.match(r"[0-9]{3}(?![0-9])", run[0]) is not None
