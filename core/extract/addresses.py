"""Mail domains that could be taken for another one.

Rule: nothing here decides; what looks alike is said, and the policy asks.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_ALIKE = str.maketrans("0135аеорсухіјѕԁɡһոӏьαορντικı", "olesaeopcyxijsdghnlbaopvtiki")
"""Characters that are drawn like another; the commonest of Unicode TS 39's confusables."""


def written_domain(domain: str) -> str:
    """Return a domain as a mail program draws it."""
    import idna

    try:
        return idna.decode(domain)
    except (idna.IDNAError, UnicodeError):
        return domain


def skeleton(domain: str) -> str:
    """Return a domain with every character replaced by the plain one it is drawn like."""
    plain = unicodedata.normalize("NFKD", written_domain(domain).casefold())
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    return plain.translate(_ALIKE).replace("rn", "m").replace("vv", "w")


def looks_like(domain: str, known: Iterable[str]) -> str | None:
    """Return the known domain that another one could be taken for; None when it is known itself.

    Args:
        domain: as in an address.
        known: domains that the owner deals with.
    """
    others = sorted({other.casefold() for other in known})
    domain = domain.casefold()
    if domain in others:
        return None
    drawn = skeleton(domain)
    return next((other for other in others if _one_apart(drawn, skeleton(other))), None)


def _one_apart(one: str, other: str) -> bool:
    """Return whether two texts are equal or one slip of the fingers apart."""
    if one == other:
        return True
    if min(len(one), len(other)) < 6:
        return False
    pairs = zip(one, other, strict=False)
    start = next((place for place, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
    a, b = one[start:], other[start:]
    swapped = a[1::-1] + a[2:] == b
    return swapped or a[1:] == b[1:] or a[1:] == b or a == b[1:]
