"""Numbers as people write them: 1,250.00 and 1.250,00 and 1'250.50 and 1 250,00.

Rules: a number with two readings has none; what is a date, a telephone or account number, an
address or an order number is covered before anything looks for amounts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from core.extract.currencies import TOKEN
from core.extract.languages.cues import Cue
from core.extract.words import compiled

THIN = "\u00a0\u202f\u2009"
_APOSTROPHES = "'’"
RUN = re.compile(
    rf"[0-9]{{1,15}}(?:[.,{_APOSTROPHES}{THIN}][0-9]{{1,12}}|[ ][0-9]{{3}}(?![0-9])){{0,6}}"
    r"(?:[.,](?:-{1,2}|–|—)(?![0-9]))?"
)
_COVER = "_"
_MONTH = (
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mär|mai|okt|dez|févr?|avr|juin|juil|août|"
    r"déc|ene|abr|ago|dic)[a-zà-ÿ]{0,8}\.?"
)
_CASELESS = (
    r"(?:https?://|www\.)[^\s<>]{1,500}",
    r"[\w.+=-]{1,64}@[\w.-]{1,190}",
    r"(?<![\w.,])(?:\+|00)[1-9][0-9 ()/-]{6,20}[0-9](?![\w.,][0-9])",
    (
        r"(?<!\w)(?:tel|phone|fon|telefon|mobile?|fax|tél|téléphone|teléfono|móvil|cell)"
        r"[.:]{0,2} ?[0-9 ()/.+-]{6,25}"
    ),
    r"(?<![\w.,])[0-9]{4}-[0-9]{2}-[0-9]{2}(?![0-9])",
    r"(?<![\w.,])[0-9]{1,2}([./-])[0-9]{1,2}\1(?:[0-9]{4}|[0-9]{2})(?![0-9.,]?[0-9])",
    (
        rf"(?<![\w.,])[0-9]{{1,2}}(?:st|nd|rd|th|er|º|\.)? ?(?:of |de )?{_MONTH}"
        r"(?: (?:de )?20[0-9]{2}(?![.,]?[0-9]))?(?![\wà-ÿ])"
    ),
    rf"(?<!\w){_MONTH} [0-9]{{1,2}}(?:st|nd|rd|th)?(?:, ?| )?(?:20[0-9]{{2}})?(?![.,]?[0-9]|\w)",
    rf"(?<!\w){_MONTH} (?:de )?20[0-9]{{2}}(?![.,]?[0-9])",
    r"(?<![\w.,])[0-2]?[0-9][:.][0-5][0-9] ?(?:uhr|am|pm|a\.m|p\.m)(?!\w)",
    r"(?<![\w.,])[0-2]?[0-9]:[0-5][0-9](?![0-9])",
    r"(?<!\w)#[ ]?[0-9][\w/-]{0,20}",
    r"(?:capital(?: social)?|stammkapital|grundkapital)(?: de| von|:)?[^\n]{1,30}",
)
_CAPITALS = (
    r"(?<!\w)[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[0-9]{1,3})?(?![0-9A-Z])",
    r"(?<!\w)(?=[A-Z0-9/_-]{0,20}[0-9])[A-Z]{1,6}[/_-][A-Z0-9/_-]{1,20}(?![\w.,]?[0-9])",
)
_TRAPS = (
    *(re.compile(trap) for trap in _CAPITALS),
    *(re.compile(trap, re.IGNORECASE) for trap in _CASELESS),
)
_LABELLED = (
    r"(?<!\w)(?:{}|{}|kunden-?(?:nr|nummer)|customer (?:no|number|id)|vat (?:no|id|number)|"
    r"ust-?id(?:nr)?|siret|siren|cif|nif|hrb|rcs|n°|nº|nr|no|ref|réf|id)[.:#°º]{{0,2}} {{0,2}}#?"
    r"(?=[\w/.-]{{0,24}}[0-9])(?:[A-Za-z]{{0,6}}[/_.-]?)?[0-9][\w/-]{{0,24}}"
    rf"(?![.,'’{THIN} ]?[0-9]|[\w/-]|"
    rf" ?{TOKEN.replace('{', '{{').replace('}', '}}')}(?![A-Za-zÀ-ÿ])(?! ?[0-9]))"
)


@dataclass(frozen=True)
class Number:
    """A number as written.

    Args:
        value: what it is; None when it has more than one reading.
        readings: all readings.
        reason: why this reading, or why none.
    """

    value: Decimal | None
    readings: tuple[Decimal, ...]
    reason: str


def covered(text: str) -> str:
    """Return a text of the same length in which numbers that are no amounts are covered."""
    for trap in _TRAPS:
        text = trap.sub(_covering, text)
    return compiled(_LABELLED, Cue.ORDER_NUMBER, Cue.BILL_NUMBER).sub(_covering, text)


def _covering(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", _COVER, match[0])


def read(run: str, *, decimals: int = 2, spaces_group: bool = True) -> Number:
    """Return the reading of a number.

    Args:
        run: the digits with their separators, as `RUN` finds them.
        decimals: how many decimals its currency has.
        spaces_group: a plain space may stand between thousands (French does so).
    """
    text = re.sub(r"[.,](?:-{1,2}|–|—)$", "", run)
    if " " in text and not spaces_group:
        whole, last = text.replace(" ", ""), text.rsplit(" ", 1)[1]
        both = [n.value for n in (read(whole, decimals=decimals), read(last, decimals=decimals))]
        return Number(None, tuple(v for v in both if v is not None), "a space stands in it")
    for thin in (*THIN, *_APOSTROPHES):
        text = text.replace(thin, " ")
    marks = [c for c in text if c in ".,"]
    spaced = " " in text
    if not marks:
        return _grouped(text, "", " ") if spaced else _plain(text)
    last_mark = marks[-1]
    if spaced or len(set(marks)) == 2:
        return _with_decimals(text, last_mark, spaced=spaced)
    if len(marks) > 1:
        return _grouped(text, "", last_mark)
    return _one_mark(text, last_mark, decimals)


def _plain(text: str) -> Number:
    if len(text) > 1 and text.startswith("0"):
        return Number(None, (), "it begins with a zero")
    return Number(Decimal(text), (Decimal(text),), "whole number")


def _with_decimals(text: str, mark: str, *, spaced: bool) -> Number:
    whole, _, rest = text.rpartition(mark)
    if len(rest) == 3 and not spaced and "," in text and "." in text:
        return Number(None, (), "its separators are mixed up")
    group = " " if spaced else "," if mark == "." else "."
    if mark in whole or not 1 <= len(rest) <= 2 or " " in rest:
        return Number(None, (), "its separators are mixed up")
    return _grouped(whole, rest, group)


def _grouped(whole: str, rest: str, group: str) -> Number:
    first, *others = whole.split(group)
    digits = [first, *others]
    indian = len(digits) > 2 and group == "," and all(len(g) == 2 for g in others[:-1])
    regular = all(len(g) == 3 for g in others) or (indian and len(others[-1]) == 3)
    if not all(g.isdigit() for g in digits) or not regular or not 1 <= len(first) <= 3:
        return Number(None, (), "its digits are grouped in no known way")
    if first.startswith("0"):
        return Number(None, (), "it begins with a zero")
    value = Decimal("".join(digits) + (f".{rest}" if rest else ""))
    return Number(value, (value,), "thousands and decimals are told apart by their separators")


def _one_mark(text: str, mark: str, decimals: int) -> Number:
    whole, rest = text.split(mark)
    as_decimals = Decimal(f"{whole}.{rest}")
    if len(whole) > 1 and whole.startswith("0"):
        return Number(None, (), "it begins with a zero")
    if 1 <= len(rest) <= 2:
        return Number(as_decimals, (as_decimals,), "one or two digits after a separator: decimals")
    if len(rest) != 3 or len(whole) > 3:
        return Number(None, (as_decimals,), "it has an unusual number of decimals")
    as_thousands = Decimal(whole + rest)
    if whole == "0" or decimals == 3:
        return Number(None, (as_thousands, as_decimals), "it may be thousands or decimals")
    return Number(as_thousands, (as_thousands,), "three digits after a separator: thousands")
