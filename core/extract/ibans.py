"""Bank account numbers in words from outside, compared without keeping them.

Rules: only what passes the standard's own check is a number; a number leaves the books as a
fingerprint, and stands before people by its last four characters.

Source: ISO 13616-1:2020, check digits by ISO/IEC 7064 (MOD 97-10).
"""

from __future__ import annotations

import hashlib
import re

_CANDIDATE = re.compile(
    r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[ \u00a0]?[A-Z0-9]){11,30}(?![A-Za-z0-9])"
)
_GROUPS = re.compile(r"[ \u00a0]")
SHORTEST, LONGEST = 15, 34


def ibans_in(text: str) -> tuple[str, ...]:
    """Return the account numbers in a text, in the order in which they stand there, each once."""
    found = (_longest_valid(match[0]) for match in _CANDIDATE.finditer(text))
    return tuple(dict.fromkeys(number for number in found if number))


def _longest_valid(written: str) -> str:
    """Return the number at the beginning of what looks like one; words may follow it."""
    groups = _GROUPS.split(written)
    for count in range(len(groups), 0, -1):
        number = "".join(groups[:count])
        if SHORTEST <= len(number) <= LONGEST and is_iban(number):
            return number
    return ""


def is_iban(number: str) -> bool:
    """Return whether the check digits of a number without blanks are right."""
    turned = number[4:] + number[:4]
    return int("".join(str(int(char, 36)) for char in turned)) % 97 == 1


def fingerprint(number: str) -> str:
    """Return by what two spellings of one account number are known to be the same."""
    plain = re.sub(r"[\W_]+", "", number).upper()
    return hashlib.sha256(plain.encode()).hexdigest()[:16]
