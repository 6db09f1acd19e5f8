"""Days in a text: when something is due, when a bill was written.

Rules: a day counts only right behind a word that says what it is; 03/04/2026 has two readings
unless the language or the owner's setting decides; a year that is left out is the next one.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from core.extract.found import Abstained, Found
from core.extract.languages.cues import Cue
from core.extract.sums import unwrapped
from core.extract.words import compiled, language

if TYPE_CHECKING:
    from core.extract.found import Passage, Setting

_CAPTURE_CHARS = 48
_FILLER = (
    r"(?:[\s:–-]|the|on|by|am|zum|bis|dem|den|le|el|du|del|au|is|ist|est|es|latest|spätestens|"
    r"no later than|before|until|date|mon|tues|wednes|thurs|fri|satur|sun)(?:day)?,?"
)
_START = re.compile(rf"(?:{_FILLER}(?!\w)|[\s:–(-]){{0,5}}", re.IGNORECASE)
_NUMERIC = re.compile(
    r"(?:([0-9]{4})-([0-9]{2})-([0-9]{2})|([0-9]{1,2})([./-])\s?([0-9]{1,2})\5\s?"
    r"([0-9]{4}|[0-9]{2})|([0-9]{1,2})\.\s?([0-9]{1,2})\.)(?![0-9])"
)
_MONTH = r"[a-zà-ÿ]{3,12}\.?"
_WORDED = re.compile(
    rf"(?:[0-9]{{1,2}}(?:st|nd|rd|th|er|º|\.)? ?(?:of |de )?{_MONTH}(?:,? (?:de |del )?"
    rf"20[0-9]{{2}})?|{_MONTH} [0-9]{{1,2}}(?:st|nd|rd|th)?(?:,? 20[0-9]{{2}})?)(?![0-9])",
    re.IGNORECASE,
)
_LANGUAGES = ["en", "de", "fr", "es"]
_SOON = timedelta(days=300)
_Days = tuple[date, ...]


def due(
    passages: tuple[Passage, ...], setting: Setting, *, past: bool = False
) -> Found[date] | Abstained[date]:
    """Return the day a payment is due.

    Args:
        passages: what is read.
        setting: the day to count from and the order of day and month.
        past: whether the day may lie before the mail (a bill that came late).
    """
    readings = [r for p in passages for r in _readings(p, setting, Cue.DUE, days_too=True)]
    return _decided(readings, "due date", setting.today if not past else None)


def written(passages: tuple[Passage, ...], setting: Setting) -> Found[date] | Abstained[date]:
    """Return the day a bill was written."""
    readings = [r for p in passages for r in _readings(p, setting, Cue.BILL_DATE, days_too=False)]
    first = [r for r in readings if len(r.value) == 1][:1]
    return _decided(first, "date", None)


def _decided(
    readings: list[Found[_Days]], name: str, earliest: date | None
) -> Found[date] | Abstained[date]:
    if not readings:
        return Abstained(f"No {name} is named.")
    candidates = tuple(
        Found(day, r.span_text, r.start, r.end, r.confidence_reason, r.place)
        for r in readings
        for day in r.value
    )
    unique = tuple({c.value: c for c in candidates}.values())[:6]
    unclear = next((r for r in readings if len(r.value) > 1), None)
    if unclear:
        return Abstained(f"“{unclear.span_text}” can be read in two ways.", unique)
    if not unique:
        return Abstained(f"“{readings[0].span_text}” is no day that can be read.")
    if len(unique) > 1:
        return Abstained(f"More than one {name} is named.", unique)
    if earliest and unique[0].value < earliest:
        return Abstained(f"The {name} lies before the mail.", unique)
    return unique[0]


def _readings(
    passage: Passage, setting: Setting, cue: Cue, *, days_too: bool
) -> list[Found[_Days]]:
    """Return what stands behind the cue words, each with all its readings."""
    text = unwrapped(passage.text)
    found: dict[int, Found[_Days]] = {}
    for word in compiled(r"(?<!\w)(?:{})(?!\w)", cue).finditer(text):
        start = _START.match(text, word.end(), word.end() + _CAPTURE_CHARS)
        position = start.end() if start else word.end()
        end, days, reason = _day_at(text, position, passage, setting)
        if not end and days_too:
            end, days, reason = _days_at(text, word, setting)
        if end:
            found[position] = passage.found(days, position if days else word.start(), end, reason)
    return list(found.values())[:20]


def _day_at(text: str, at: int, passage: Passage, setting: Setting) -> tuple[int, _Days, str]:
    """Return the end of the date at a position, its readings and why; 0 when there is none."""
    numeric = _NUMERIC.match(text, at, at + 16)
    if numeric:
        return numeric.end(), _numeric(numeric, passage, setting), "a date behind a cue word"
    worded = _WORDED.match(text, at, at + 32)
    if worded:
        day = _worded(worded[0], setting.today)
        if day:
            return worded.end(), day, "a date with its month in words behind a cue word"
    return 0, (), ""


def _numeric(found: re.Match[str], passage: Passage, setting: Setting) -> _Days:
    if found[1]:
        return _valid(int(found[1]), int(found[2]), int(found[3]))
    if found[8]:
        return _next(int(found[9]), int(found[8]), setting.today)
    first, second, year = int(found[4]), int(found[6]), int(found[7])
    year += 2000 if year < 100 else 0
    day_first, month_first = _valid(year, second, first), _valid(year, first, second)
    order = setting.date_order
    if found[5] == "." or language(passage.text) in {"de", "fr", "es"}:
        order = "DMY"
    if order == "DMY":
        return day_first or ()
    if order == "MDY":
        return month_first or ()
    return tuple(dict.fromkeys([*day_first, *month_first]))


def _valid(year: int, month: int, day: int) -> _Days:
    try:
        return (date(year, month, day),)
    except ValueError:
        return ()


def _next(month: int, day: int, today: date) -> _Days:
    """Return the next such day; both years when it would be far away."""
    this, following = _valid(today.year, month, day), _valid(today.year + 1, month, day)
    if this and this[0] >= today:
        return this
    if following and following[0] - today > _SOON:
        return (*this, *following)
    return following


def _worded(words: str, today: date) -> _Days:
    import dateparser

    cleaned = re.sub(r"(?<=[0-9])(?:st|nd|rd|th|er|º)", "", words.replace(" of ", " "))
    parsed = dateparser.parse(
        cleaned,
        languages=_LANGUAGES,
        settings={
            "RELATIVE_BASE": datetime.combine(today, time(12)),
            "PREFER_DATES_FROM": "future",
            "DATE_ORDER": "DMY",
            "REQUIRE_PARTS": ["day", "month"],
            "PARSERS": ["absolute-time"],
        },
    )
    if not isinstance(parsed, datetime) or not re.search(r"[a-zà-ÿ]{3}", words.lower()):
        return ()
    if re.search(r"20[0-9]{2}", words):
        return (parsed.date(),)
    return _next(parsed.month, parsed.day, today)


def _days_at(text: str, word: re.Match[str], setting: Setting) -> tuple[int, _Days, str]:
    """Return the day meant by "within 30 days", counted from the mail."""
    behind = compiled(
        r"[\s:]{{0,3}}(?:\w{{1,20}} ){{0,2}}?(?:{})?[\s:]{{0,2}}([0-9]{{1,3}}) (?:{})(?!\w)",
        *_WITHIN,
    )
    ahead = compiled(r"(?<!\w)(?:{}) ([0-9]{{1,3}}) (?:{})[^.\n]{{0,12}}\Z", *_WITHIN)
    found = behind.match(text, word.end(), word.end() + _CAPTURE_CHARS)
    end = found.end() if found else word.end()
    found = found or ahead.search(text[max(0, word.start() - 30) : word.start()])
    net = re.match(r"\W{0,3}net ([0-9]{1,3})(?![0-9.,])", text[word.end() :][:12], re.IGNORECASE)
    found = found or net
    if not found or not 0 < int(found[1]) <= 180:
        return 0, (), ""
    day = setting.today + timedelta(days=int(found[1]))
    return end, (day,), f"{int(found[1])} days, counted from the day of the mail"


_WITHIN = (Cue.WITHIN, Cue.DAYS)
