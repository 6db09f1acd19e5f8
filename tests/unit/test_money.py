"""Amounts are exact or refused, and equal amounts have one text."""

from __future__ import annotations

import json
import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.money import (
    AMOUNT_PATTERN,
    CURRENCIES,
    canonical_amount,
    canonical_number,
    minor_units,
    parse_amount,
    parse_currency,
    round_amount,
    show_amount,
)

amounts = st.builds(
    lambda whole, decimals, places: Decimal(whole) + Decimal(decimals).scaleb(-places),
    st.integers(-(10**9) + 1, 10**9 - 1),
    st.integers(0, 999),
    st.integers(3, 6),
)


@pytest.mark.parametrize(
    "value", ["1250", "1250.0", "1250.00", " 1250 ", 1250, Decimal("1.25E3")], ids=repr
)
def test_equal_amounts_have_one_text(value: object) -> None:
    assert canonical_amount(parse_amount(value)) == "1250.00"


@pytest.mark.parametrize(
    "value",
    [
        *(1250.0, 0.1, float("nan"), True, None, b"1", [1]),
        *("", "abc", "1,250.00", "1.250,00", "1e3", "NaN", "Infinity", "1_000", "+5", "0x1", "١٢"),
        *("1.1234567", "1000000000000", "-1000000000000", "123456789012.1234"),
        *(Decimal("NaN"), Decimal("Infinity"), Decimal("1e-7"), Decimal("1E+40"), 10**12, 10**400),
        Decimal("1E-999999"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_is_not_an_exact_amount_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"^(is|has) "):
        parse_amount(value)


@given(amounts)
def test_the_text_reads_back_to_the_same_amount(amount: Decimal) -> None:
    text = canonical_amount(parse_amount(amount))
    assert parse_amount(text) == amount
    assert re.fullmatch(AMOUNT_PATTERN, text)
    assert len(text.partition(".")[2]) >= 2


@given(amounts)
def test_an_amount_survives_a_json_number(amount: Decimal) -> None:
    number = float(parse_amount(amount))
    assert Decimal(str(json.loads(json.dumps(number)))) == amount


@pytest.mark.parametrize(
    ("amount", "text"),
    [("0.10000", "0.10"), ("-0.00", "0.00"), ("1250.125", "1250.125"), ("-3", "-3.00")],
)
def test_the_scale_is_two_decimals_or_what_is_needed(amount: str, text: str) -> None:
    assert canonical_amount(Decimal(amount)) == text


@pytest.mark.parametrize(("number", "text"), [("1.0", "1"), ("1.50", "1.5"), ("100", "100")])
def test_a_quantity_has_as_few_digits_as_needed(number: str, text: str) -> None:
    assert canonical_number(Decimal(number)) == text


@pytest.mark.parametrize(
    ("amount", "currency", "rounded"),
    [
        ("2.005", "EUR", "2.01"),
        ("-2.005", "EUR", "-2.01"),
        ("2.5", "JPY", "3"),
        ("1.0005", "KWD", "1.001"),
    ],
)
def test_rounding_is_half_up_to_the_minor_unit(amount: str, currency: str, rounded: str) -> None:
    assert str(round_amount(Decimal(amount), currency)) == rounded


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        ("1250", "EUR", "1,250.00 EUR"),
        ("1250", "JPY", "1,250 JPY"),
        ("1250.5", "JPY", "1,250.5 JPY"),
        ("0.125", "EUR", "0.125 EUR"),
        ("-0.5", "EUR", "-0.50 EUR"),
        ("-1234567.1", "USD", "-1,234,567.10 USD"),
        ("1", "KWD", "1.000 KWD"),
    ],
)
def test_an_amount_for_people_is_never_rounded(amount: str, currency: str, shown: str) -> None:
    assert show_amount(Decimal(amount), currency) == shown


def test_a_currency_is_one_in_use() -> None:
    assert parse_currency(" eur ") == "EUR"
    assert minor_units("EUR") == 2
    assert {"USD", "GBP", "PKR", "XCG"} <= CURRENCIES
    for value in ("EURO", "XXX", "DEM", "", 978, None):
        with pytest.raises(ValueError, match="currency code"):
            parse_currency(value)
