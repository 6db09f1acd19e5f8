"""What an unquoted text means, when two values are the same, and which numbers survive.

Rules: the meanings are those of YAML 1.2 core; a number that Obsidian, in JavaScript, would not
keep exactly is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import NoReturn

from utils.errors import NoteError

MAX_DEPTH = 8
MAX_INTEGER = 2**53 - 1  # a bare number above it loses digits when Obsidian saves the note
MAX_EXPONENT = 400  # a float has no more
_HARMFUL = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff"
REFUSED = re.compile(rf"[{_HARMFUL}]|\r(?!\n)")
_STRIPPED = re.compile(rf"[{_HARMFUL}]")
_NULL = re.compile(r"(?:~|null|Null|NULL)?")
_BOOLEAN = re.compile(r"(true|True|TRUE)|false|False|FALSE")
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_DECIMAL = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_INFINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)")
_NOT_A_NUMBER = re.compile(r"\.(?:nan|NaN|NAN)")


class Plain(str):
    """A text that is written without quotes when it reads the same so, such as a date and time."""

    __slots__ = ()


def resolve(text: str) -> object:
    """Return what an unquoted text means.

    Raises:
        NoteError: it is a number that Obsidian would not keep.
    """
    if _NULL.fullmatch(text):
        return None
    if match := _BOOLEAN.fullmatch(text):
        return match[1] is not None
    if _INTEGER.fullmatch(text):
        return _integer(text)
    if _DECIMAL.fullmatch(text):
        return Decimal(text) if survives(text) else too_long(text)
    if _INFINITE.fullmatch(text):
        return Decimal("-Infinity" if text.startswith("-") else "Infinity")
    return Decimal("NaN") if _NOT_A_NUMBER.fullmatch(text) else text


def same(one: object, other: object) -> bool:
    """Return whether two values mean the same, in the same order; 5 and 5.00 do, 1 and true not."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if _is_number(one) and _is_number(other):
        return one == other or (one != one and other != other)  # noqa: PLR0124  NaN
    if isinstance(one, str) and isinstance(other, str):
        return one == other
    return one is other  # None, True, False


def clean(value: object) -> object:
    """Return a value as it will be read back: without control characters, line ends as LF."""
    if isinstance(value, str):
        return _STRIPPED.sub("", value.replace("\r\n", "\n").replace("\r", "\n"))
    if isinstance(value, Mapping):
        return {clean(key): clean(item) for key, item in value.items()}
    return [clean(item) for item in value] if isinstance(value, list | tuple) else value


def means_text(text: str) -> bool:
    """Return whether an unquoted text means itself."""
    try:
        return isinstance(resolve(text), str)
    except NoteError:  # too long a number
        return False


def survives(text: str) -> bool:
    """Return whether a decimal number stays the same when Obsidian, in JavaScript, saves it."""
    nearest = float(text)  # only to compare: JavaScript writes the same shortest digits
    try:
        value = Decimal(text)
    except InvalidOperation:  # an exponent of twenty digits
        return False
    is_bounded = abs(int(value.as_tuple().exponent)) <= MAX_EXPONENT
    return is_bounded and isfinite(nearest) and Decimal(repr(nearest)) == value


def too_long(text: str) -> NoReturn:
    """Refuse a number that would not be kept exactly.

    Raises:
        NoteError: always.
    """
    raise NoteError(f"the number {shown(text)} is too long to be kept exactly; put it in quotes")


def shown(text: str) -> str:
    """Return a text as a message quotes it: its first 40 characters."""
    return text if len(text) <= 40 else f"{text[:40]}..."


def _integer(text: str) -> int:
    if len(text) > 20:
        too_long(text)
    value = int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
    return value if abs(value) <= MAX_INTEGER else too_long(text)


def _is_number(value: object) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)
