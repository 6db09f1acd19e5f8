"""Currencies as people write them: €, US$, CHF, zł, "Swiss francs".

Rules: a sign that several countries share names one currency only when the text or the owner's
setting does; else it is asked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from utils.money import CURRENCIES

DOLLARS = ("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN")
_SHARED = {"$": DOLLARS, "¥": ("JPY", "CNY"), "kr": ("SEK", "NOK", "DKK", "ISK")}
_SIGNS = {
    "€": "EUR", "£": "GBP", "₹": "INR", "₺": "TRY", "₴": "UAH", "₪": "ILS", "₩": "KRW",
    "฿": "THB", "₫": "VND", "₱": "PHP", "us$": "USD", "u$s": "USD", "a$": "AUD", "au$": "AUD",
    "c$": "CAD", "ca$": "CAD", "nz$": "NZD", "hk$": "HKD", "s$": "SGD", "r$": "BRL",
    "mx$": "MXN", "zł": "PLN", "kč": "CZK", "sfr.": "CHF", "sfr": "CHF", "fr.": "CHF",
    "rmb": "CNY", "₽": "RUB",
}  # fmt: skip
_NAMES = {
    "euros": "EUR", "euro": "EUR", "us dollars": "USD", "us-dollar": "USD", "u.s. dollars": "USD",
    "swiss francs": "CHF", "schweizer franken": "CHF", "franken": "CHF", "francs suisses": "CHF",
    "francos suizos": "CHF", "pounds sterling": "GBP", "british pounds": "GBP",
    "australian dollars": "AUD", "canadian dollars": "CAD", "libras esterlinas": "GBP",
    "livres sterling": "GBP", "dollars": "$", "dollar": "$", "dólares": "$",
    "dólares estadounidenses": "USD", "yen": "JPY", "zloty": "PLN",
}  # fmt: skip
_LOWER_CODES = {code.lower(): code for code in ("EUR", "USD", "GBP", "CHF")}
WORDLIKE = frozenset(
    [
        "ALL",
        "TRY",
        "TOP",
        "MAD",
        "CUP",
        "PEN",
        "SOS",
        "MOP",
        "BAM",
        "GEL",
        "LAK",
        "BOB",
        "DOP",
    ]
)
"""Codes that are words of other languages too: read only beside a number with decimals."""

_signs = sorted([*_SIGNS, *_SHARED], key=len, reverse=True)
_names = sorted(_NAMES, key=len, reverse=True)
TOKEN = (
    r"(?:" + "|".join(re.escape(s) for s in [*_names, *_signs])
    + r"|(?-i:[A-Z]{3})|eur|usd|gbp|chf)"
)  # fmt: skip
_AFTER = re.compile(rf"[ \u00a0\u202f\u2009]?({TOKEN})(?![A-Za-zÀ-ÿ]|-[a-zà-ÿ])", re.IGNORECASE)
_BEFORE = re.compile(
    rf"(?:(?<![A-Za-zÀ-ÿ0-9])|(?<=[(]))({TOKEN})[ \u00a0\u202f\u2009]?\Z", re.IGNORECASE
)


@dataclass(frozen=True)
class Currency:
    """A currency as written.

    Args:
        options: the codes it can mean; one when it is clear.
        text: what stands there.
    """

    options: tuple[str, ...]
    text: str


def after(text: str, position: int) -> Currency | None:
    """Return the currency that stands right behind a number."""
    found = _AFTER.match(text, position, position + 24)
    return _currency(found[1]) if found else None


def before(text: str, position: int) -> Currency | None:
    """Return the currency that stands right before a number."""
    found = _BEFORE.search(text[max(0, position - 25) : position])
    return _currency(found[1]) if found else None


def _currency(token: str) -> Currency | None:
    lower = token.lower()
    meant = _NAMES.get(lower) or _SIGNS.get(lower) or lower
    if meant in _SHARED:
        return Currency(_SHARED[meant], token)
    code = _LOWER_CODES.get(lower, meant if meant.isupper() else token)
    return Currency((code,), token) if code in CURRENCIES else None


def narrowed(currency: Currency, text: str, home: str) -> Currency:
    """Return a shared sign's one meaning, if the text or the owner's own currency tells it.

    Args:
        currency: what was read.
        text: everything that was written; a code in it decides.
        home: what the owner counts in.
    """
    if len(currency.options) == 1:
        return currency
    named = [c for c in currency.options if re.search(rf"(?<!\w){c}(?!\w)", text)]
    if len(named) == 1:
        return Currency((named[0],), currency.text)
    if named:
        return Currency(tuple(named), currency.text)
    if home in currency.options:
        return Currency((home,), currency.text)
    if "USD" in currency.options:
        return Currency(("USD",), currency.text)
    return currency
