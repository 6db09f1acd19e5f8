"""Amounts of money: read, written and shown without ever passing through a float.

Rules: an amount is a Decimal of at most 15 digits; a float is refused, because it has already lost
what was typed; equal amounts have one text; rounding is half up (away from zero) to the currency's
minor unit, and showing an amount never rounds it.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

DIGITS = 15  # the most that survives a JSON number or a double unchanged
DECIMALS = 6
LIMIT = Decimal(10) ** 12

AMOUNT_PATTERN = r"^-?[0-9]{1,12}(\.[0-9]{1,6})?$"
"""What an amount looks like as text; for JSON schemas."""

_AMOUNT = re.compile(AMOUNT_PATTERN)

_CODES = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD
    CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS
    GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW
    KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR
    MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR
    SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX
    USD UYU UZS VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""

CURRENCIES = frozenset(_CODES.split())
"""The currencies in use. Source: ISO 4217 list one, as of 2026 (no funds, metals or test codes)."""

_WITHOUT_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_WITH_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"
_MINOR_UNITS = {
    **dict.fromkeys(_WITHOUT_DECIMALS.split(), 0),
    **dict.fromkeys(_WITH_THREE_DECIMALS.split(), 3),
}


def minor_units(currency: str) -> int:
    """Return how many decimals a currency has (2 unless ISO 4217 says otherwise)."""
    return _MINOR_UNITS.get(currency, 2)


def parse_currency(value: object) -> str:
    """Return a currency code in capitals.

    Raises:
        ValueError: it is no currency in use.
    """
    code = value.strip().upper() if isinstance(value, str) else ""
    if code not in CURRENCIES:
        raise ValueError("is not a currency code in use; write three letters such as EUR")
    return code


def parse_amount(value: object) -> Decimal:
    """Return an amount given as text, whole number or Decimal.

    Args:
        value: `"1250.00"`, `1250` or `Decimal("1250.0")`; no thousands separators, no exponent.

    Raises:
        ValueError: it is a float, not a number, not finite, or too long.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise ValueError('is not exact; write the amount as text, for example "1250.00"')
    if isinstance(value, str):
        value = value.strip()
        if not _AMOUNT.fullmatch(value):
            raise ValueError('is not an amount; write it like "1250.00", with a point')
    amount = Decimal(value)
    if not amount.is_finite():
        raise ValueError("is not a finite amount")
    _check_size(amount)
    return amount


def _check_size(amount: Decimal) -> None:
    if abs(amount) >= LIMIT:
        raise ValueError("is too large: amounts end below 1,000,000,000,000")
    exponent = amount.as_tuple().exponent
    written = isinstance(exponent, int) and exponent >= -100  # before it is written out in full
    whole, _, decimals = canonical_number(abs(amount)).partition(".") if written else ("", "", "")
    if not written or len(decimals) > DECIMALS or len(whole.lstrip("0") + decimals) > DIGITS:
        raise ValueError(f"has too many digits: at most {DECIMALS} decimals and {DIGITS} in all")


def canonical_amount(amount: Decimal) -> str:
    """Return the one text of an amount: plain digits, two decimals, more only where needed."""
    return _text(amount, 2)


def canonical_number(number: Decimal) -> str:
    """Return the one text of a number that is no money: plain digits, as few as needed."""
    return _text(number, 0)


def _text(number: Decimal, decimals: int) -> str:
    whole, _, rest = f"{number:f}".partition(".")
    rest = rest.rstrip("0").ljust(decimals, "0")
    text = f"{whole}.{rest}" if rest else whole
    return text.lstrip("-") if number.is_zero() else text


def round_amount(amount: Decimal, currency: str) -> Decimal:
    """Return an amount rounded half up (away from zero) to the currency's minor unit."""
    return amount.quantize(Decimal(1).scaleb(-minor_units(currency)), ROUND_HALF_UP)


def show_amount(amount: Decimal, currency: str) -> str:
    """Return an amount for people: `1,250.00 EUR`, `1,250 JPY`; never rounded."""
    whole, _, rest = _text(amount, minor_units(currency)).partition(".")
    grouped = f"{int(whole):,}" if int(whole) else whole  # "-0" keeps its sign
    return f"{grouped}.{rest} {currency}" if rest else f"{grouped} {currency}"
