"""Sums of money in a text, each with what the words around it make of it.

Rules: only a number with a currency beside it is a sum; an hourly rate, a share, a range, a budget
or a sum already paid is known for what it is, so that nobody takes it for the price.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from core.extract import currencies, numbers
from core.extract.languages.cues import Cue
from core.extract.sums import readable, sums
from core.extract.words import compiled, language
from utils.money import minor_units

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from core.extract.currencies import Currency
    from core.extract.found import Passage, Setting
    from core.extract.sums import Sum

LIMIT = 60  # sums in one text; more are a price list
_REACH_CHARS = 48
_SENTENCE_END = re.compile(r"[!?;]|\.(?=\s)|\n\s*\n|\n")
_ABBREVIATION = re.compile(
    r"(?:zzgl|inkl|exkl|incl|excl|ex|std|gem|ges|gesetzl|approx|ca|no|nr|hrs|ht|p|a|h|t|i|v|max|"
    r"imp|inc)\Z",
    re.IGNORECASE,
)


class Role(StrEnum):
    """What a sum is."""

    PLAIN = "plain"
    TOTAL = "total"
    NET = "net"
    TAX = "tax"
    GROSS = "gross"
    RATE = "rate"
    SHARE = "share"
    RANGE = "range"
    ASIDE = "aside"
    UNCLEAR = "unclear"


PRICES = frozenset({Role.PLAIN, Role.TOTAL, Role.NET})
"""What can be asked for as it stands."""


@dataclass(frozen=True)
class Mention:
    """A sum of money where it stands.

    Args:
        value: the amount; None when the number has more than one reading.
        readings: all readings of the number.
        currency: what it is counted in.
        start: where it begins, currency included.
        end: where it ends.
        role: what it is.
        quantity: how many, when words like "12 hours at" stand before it.
        reason: why it is read so.
    """

    value: Decimal | None
    readings: tuple[Decimal, ...]
    currency: Currency
    start: int
    end: int
    role: Role
    quantity: Decimal | None
    reason: str


def mentions(passage: Passage, setting: Setting) -> tuple[Mention, ...]:
    """Return the sums in a passage, in their order; at most `LIMIT` are looked at."""
    text = readable(passage.text)
    spoken = language(passage.text)
    every = sums(text, LIMIT)
    found = []
    for position, each in enumerate(every):
        floor = every[position - 1].end if position else 0
        ceiling = every[position + 1].start if position + 1 < len(every) else len(text)
        around = _before(text, each.start, floor), _after(text, each.end, ceiling)
        currency = currencies.narrowed(each.currency, passage.text, setting.home_currency)
        found.append(_mention(each, around, currency, spaces_group=spoken == "fr"))
    return tuple(found)


def _before(text: str, start: int, floor: int) -> str:
    """Return the words before a sum, as far as they belong to it."""
    window = text[max(floor, start - _REACH_CHARS) : start]
    cut = 0
    for end in _SENTENCE_END.finditer(window):
        abbreviated = end[0] == "." and _ABBREVIATION.search(window[: end.start()])
        own_line = end[0].startswith("\n") and not window[end.end() :].strip(" \t-*•|·:")
        if not abbreviated and not (own_line and "\n\n" not in end[0]):
            cut = end.end()
    return window[cut:]


def _after(text: str, end: int, ceiling: int) -> str:
    """Return the words behind a sum, as far as they belong to it."""
    window = text[end : min(ceiling, end + _REACH_CHARS)]
    for stop in _SENTENCE_END.finditer(window):
        if not (stop[0] == "." and _ABBREVIATION.search(window[: stop.start()])):
            return window[: stop.start()]
    return window


def _mention(
    each: Sum, around: tuple[str, str], currency: Currency, *, spaces_group: bool
) -> Mention:
    decimals = minor_units(currency.options[0])
    number = numbers.read(each.run, decimals=decimals, spaces_group=spaces_group)
    role, reason = role_of(*around)
    if each.contested or number.value == 0:
        role, reason = Role.UNCLEAR, "it is not clear which number the currency belongs to"
    quantity = _quantity(around[0]) if role is Role.RATE else None
    value = None if each.contested else number.value
    if value is None:
        reason = number.reason if not each.contested else reason
    return Mention(value, number.readings, currency, each.start, each.end, role, quantity, reason)


_COUNTED = (
    r"(?<![\w.,])([0-9]{{1,5}}(?:[.,][0-9]{{1,2}})?) ?"
    r"(?:(?:{}|[x×*])?\.?,? {{0,2}}"
    r"(?:(?:at|@|à|a|zu je|zu|je|[x×*]|for|für|pour|por|de|of)(?!\w)|[(,:–-])?|"
    r"(?:\w{{1,20}} ){{1,3}}(?:at|@|à|zu je|je)) ?(?:{})? ?:? ?\Z"
)


def _quantity(before: str) -> Decimal | None:
    """Return how many, from "12 hours at" right before a rate."""
    match = compiled(_COUNTED, Cue.UNIT, Cue.RATE).search(before)
    return numbers.read(match[1]).value if match else None


def role_of(before: str, after: str) -> tuple[Role, str]:
    """Return what a sum is, from the words before and behind it, and why."""
    for role, test, reason in _TESTS:
        if test(before, after):
            return role, reason
    return Role.PLAIN, "the only words around it ask for it"


def _is_range(before: str, after: str) -> bool:
    joined = re.search(r"[0-9] ?(?:-|–|—|to|or|bis|oder|à|ou|a|o|and|und|et|y) ?\Z", before)
    return bool(joined) or bool(re.match(r" ?(?:-|–|—|to|bis|à|hasta) ?[0-9_€$£]", after))


def _is_share(before: str, after: str) -> bool:
    taxed = compiled(r"(?<!\w)(?:{}|{}|{})(?!\w)", Cue.TAX, Cue.NET, Cue.GROSS)
    return any("%" in side and not taxed.search(side) for side in (before, after))


def _is_rate(before: str, after: str) -> bool:
    per = r"(?:/|per |an |a |pro |je |par |por |l['’]|la |the |à l['’]|cada |p\. ?)"
    behind = compiled(
        rf"\A[ (]{{{{0,2}}}}(?:net|netto|ht|neto)?[ ,]{{{{0,2}}}}(?:{per} ?{{}}|{{}})(?!\w)",
        Cue.UNIT, Cue.EACH,
    )  # fmt: skip
    ahead = compiled(r"(?<!\w)(?:{}) ?:? ?\Z|[@×] ?\Z|(?<![a-z])[x*] ?\Z", Cue.RATE)
    beside = compiled(r"(?<!\w)(?:{})(?!\w)", Cue.EACH)
    counted = re.search(r"[0-9][^.\n]{0,25} (?:at|à|a|zu|je) \Z", before, re.IGNORECASE)
    times = re.match(r" ?[x×*] ?[0-9]", after)
    return bool(
        behind.search(after) or ahead.search(before) or counted or times
        or beside.search(after[:30]) or beside.search(before[-30:])
    )  # fmt: skip


def _counts(before: str, after: str) -> bool:
    """Return whether a number of things stands right before: for all of them, or for each?"""
    total = compiled(r"(?<!\w)(?:{})(?!\w)", Cue.TOTAL)
    several = compiled(r"(?<![\w.,])(?!1(?!\d))[0-9]{{1,5}} (?:\w{{1,15}} )?(?:{})(?!\w)", Cue.UNIT)
    return bool(several.search(before) and not total.search(before) and not total.search(after))


def _is_over(before: str, _after: str) -> bool:
    """Return whether "over 500" means more than that; "an invoice over 500" does not."""
    return bool(re.search(r"\bover \Z", before)) and not re.search(
        r"(?:\b(?:invoice|bill|receipt|quote|quotation)\b[^.!?]{0,30}|_) over \Z",
        before,
        re.IGNORECASE,
    )


def _has(cue: Cue, before: str, after: str, reach: int = _REACH_CHARS) -> bool:
    found = compiled(r"(?<!\w)(?:{})(?!\w)", cue)
    return bool(found.search(before[-reach:]) or found.search(after[:reach]))


def _is_tax(before: str, after: str) -> bool:
    ahead = compiled(r"(?<!\w)(?:{})(?:[^a-zà-ÿ]{{0,12}})\Z", Cue.TAX)
    behind = compiled(r"\A (?:of |de |d['’])?(?:{})(?!\w)", Cue.TAX)
    return bool(ahead.search(before) or behind.search(after))


_TESTS = (
    (Role.RANGE, _is_range, "it is one end of a range"),
    (Role.SHARE, _is_share, "a percentage stands beside it"),
    (Role.RATE, _is_rate, "it is the price of one of several"),
    (Role.GROSS, lambda b, a: _has(Cue.GROSS, b[-25:], a[:30]), "tax is in it"),
    (Role.TAX, _is_tax, "it is the tax"),
    (
        Role.ASIDE,
        lambda b, a: _has(Cue.ASIDE, b[-32:], "") or _has(Cue.BESIDE, "", a[:20]),
        "the words beside it make it something else than the price",
    ),
    (Role.ASIDE, _is_over, "it may mean more than that"),
    (Role.UNCLEAR, _counts, "a number of things stands before it: for all, or for each?"),
    (Role.NET, lambda b, a: _has(Cue.NET, b[-25:], a[:30]), "it is said to be before tax"),
    (Role.TOTAL, lambda b, a: _has(Cue.TOTAL, b[-30:], a[:16]), "it is called the total"),
)


def bare(passage: Passage, taken: tuple[Mention, ...]) -> Iterator[tuple[Decimal, int, int]]:
    """Yield numbers that look like money without a currency: value, start and end."""
    text = readable(passage.text)
    for run in numbers.RUN.finditer(text):
        inside = any(m.start <= run.start() < m.end for m in taken)
        touching = text[run.start() - 1 : run.start()] + text[run.end() : run.end() + 1]
        glued = any(c.isalnum() or c in "_%" for c in touching)
        if inside or glued or not re.search(r"[0-9][.,][0-9]{2}\Z", run[0]):
            continue
        value = numbers.read(run[0]).value
        if value:
            yield value, run.start(), run.end()
