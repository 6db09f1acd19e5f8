"""Sums, days and names in a text: what is read, and what is left open instead of guessed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from core.extract import amounts, currencies, dates, numbers, parties, prices, references
from core.extract.found import Abstained, Found, Passage, Setting
from core.extract.languages.cues import Cue
from core.extract.suspicion import look_alike
from utils.money import show_amount

SETTING = Setting(date(2026, 11, 21), "EUR", owner_names=("Northwind Studio Ltd",))


def price(text: str, setting: Setting = SETTING) -> str | None:
    found = prices.price((Passage("text", text),), setting)
    return (
        show_amount(found.value.total, found.value.currency) if isinstance(found, Found) else None
    )


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1,250.00", "1250.00"),
        ("1.250,00", "1250.00"),
        ("1'250.50", "1250.50"),
        ("1’250.50", "1250.50"),
        ("1 250,00", "1250.00"),
        ("1\u202f250,00", "1250.00"),
        ("1.250", "1250"),
        ("1,250", "1250"),
        ("12,5", "12.5"),
        ("1.250,-", "1250"),
        ("500.--", "500"),
        ("1,25,000.00", "125000.00"),
        ("1.250.000", "1250000"),
        ("0.99", "0.99"),
    ],
)
def test_numbers_are_read_as_written(written, value):
    assert numbers.read(written).value == Decimal(value)


@pytest.mark.parametrize("written", ["0.250", "1.250.00", "1,2500", "0500", "12,34,5", "1.25,000"])
def test_a_number_with_two_readings_has_none(written):
    assert numbers.read(written).value is None


def test_three_decimals_are_open_where_the_currency_has_three():
    assert numbers.read("1.250", decimals=3).value is None


@pytest.mark.parametrize(
    "trap",
    [
        "PO 4711",
        "order no. 4711",
        "Rechnung Nr. 2026-118",
        "facture n° 2026/14",
        "#4711",
        "+49 89 1234567",
        "Tel. 089 1234567",
        "DE89 3704 0044 0532 0130 00",
        "12.11.2026",
        "2026-11-12",
        "15 December 2026",
        "December 15, 2026",
        "14:30",
        "a1@b2.example",
        "https://x.example/1/2",
        "Stammkapital 25.000",
        "Kundennr. 20931",
        "RE-2026-118",
    ],
)
def test_numbers_that_are_no_amounts_are_covered(trap):
    text = f"see {trap} now"
    assert len(numbers.covered(text)) == len(text)
    assert not any(c.isdigit() for c in numbers.covered(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the price is $1,250 CAD", "1,250.00 CAD"),
        ("the price is €1,250 EUR", "1,250.00 EUR"),
        ("US$ 500", "500.00 USD"),
        ("500 Schweizer Franken", "500.00 CHF"),
        ("Fr. 500.--", "500.00 CHF"),
        ("500 pounds sterling", "500.00 GBP"),
        ("zł 500", "500.00 PLN"),
        ("eur 500", "500.00 EUR"),
        ("¥5000", None),
        ("kr 500", None),
        ("TOP 10", None),
        ("€500 USD", None),
        ("5k EUR", None),
        ("EUR 500 EUR 200", None),
        ("2026 EUR 1,250.00", None),
        ("-50 EUR", None),
        ("1\u03362\u033650 EUR", None),
        ("１２５０ EUR", None),
        ("500 EURO-paletten", None),
    ],
)
def test_the_currency_is_clear_or_there_is_no_price(text, expected):
    assert price(text) == expected


def test_a_dollar_is_the_owners_own_or_the_one_that_is_named():
    assert price("$500", Setting(SETTING.today, "CAD")) == "500.00 CAD"
    assert price("$500, all in AUD") == "500.00 AUD"
    assert price("$500") == "500.00 USD"
    assert currencies.narrowed(
        currencies.Currency(("JPY", "CNY"), "¥"), "in CNY", "EUR"
    ).options == ("CNY",)


@pytest.mark.parametrize(
    "text",
    [
        "12 hours at $85/hour",
        "$85 per hour",
        "50% of $4,000",
        "85 € l'heure",
        "90 €/h",
        "80 EUR pro Stunde",
        "Stundensatz 80 EUR",
        "450 EUR each",
        "3 x 450 EUR",
        "3 Tage à 450 EUR",
        "850 EUR per month",
        "20 EUR al mes",
        "between 400 and 500 EUR",
        "400 - 500 EUR",
        "about 500 EUR",
        "up to 500 EUR",
        "bis zu 500 EUR",
        "a budget of 500 EUR",
        "500 EUR budget",
        "a deposit of 500 EUR",
        "last year 500 EUR",
        "instead of 500 EUR",
        "minus 500 EUR",
        "1.190 EUR inkl. MwSt.",
        "1 190,00 € TTC",
        "1.190 € IVA incluido",
        "VAT: 190 EUR",
        "for 3 licences 450 EUR",
        "500 EUR twice",
        "half of it now, 500 EUR",
        "no more than 500 EUR",
        "not over 500 EUR",
        "plus 50 EUR",
        "one thousand EUR plus 50 EUR",
        "500 EUR, make it 550",
        "1200 is the price, 20.00 the fee: 20 EUR and 30 EUR",
        "500 EUR. With VAT included.",
        "500.00 EUR or 600.00",
        "1 250 EUR",
    ],
)
def test_what_is_not_plainly_the_price_is_left_open(text):
    found = prices.price((Passage("text", text),), SETTING)
    assert isinstance(found, Abstained)
    assert found.reason.endswith((".", "?"))


@pytest.mark.parametrize(
    ("text", "total"),
    [
        ("12 hours at 85 EUR = 1,020 EUR", "1,020.00 EUR"),
        ("3 Workshoptage à 750,00 EUR, insgesamt 2.250,00 EUR", "2,250.00 EUR"),
        ("85 EUR per hour, 14 hours, which makes 1,190 EUR altogether", "1,190.00 EUR"),
        ("Net: 1,000.00 EUR\nVAT 19%: 190.00 EUR\nTotal: 1,190.00 EUR", "1,000.00 EUR"),
        ("Subtotal 60.00\nVAT 20% 12.00\nTotal 72.00\nAmount due GBP 72.00", "60.00 GBP"),
        ("- A: 200.00 EUR\n- B: 90.50 EUR\nTotal: 290.50 EUR", "290.50 EUR"),
        ("1.000,00 EUR netto zzgl. 190,00 EUR MwSt.", "1,000.00 EUR"),
    ],
)
def test_several_sums_count_when_they_prove_each_other(text, total):
    assert price(text) == total


@pytest.mark.parametrize(
    "text",
    [
        "12 hours at 85 EUR = 1,000 EUR",
        "Net: 1,000.00 EUR\nVAT 19%: 190.00 EUR\nTotal: 1,290.00 EUR",
        "- A: 200.00 EUR\n- B: 90.50 EUR\nTotal: 300.00 EUR",
        "- A: 200.00 EUR\n- B: 90.50 EUR",
    ],
)
def test_sums_that_do_not_add_up_are_a_question(text):
    found = prices.price((Passage("text", text),), SETTING)
    assert isinstance(found, Abstained)
    assert found.candidates


def test_an_unproven_product_is_a_candidate():
    found = prices.price((Passage("text", "12 hours at $85/hour"),), SETTING)
    assert isinstance(found, Abstained)
    assert found.candidates[0].value.items == (prices.Item(Decimal(12), Decimal(85)),)


def due(text: str, setting: Setting = SETTING) -> date | None:
    found = dates.due((Passage("text", text),), setting)
    return found.value if isinstance(found, Found) else None


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("due 2026-12-15", date(2026, 12, 15)),
        ("due on 15 December", date(2026, 12, 15)),
        ("payable by Dec 5th, 2026", date(2026, 12, 5)),
        ("zahlbar bis 30.11.2026", date(2026, 11, 30)),
        ("fällig am 15.12.", date(2026, 12, 15)),
        ("zahlbar innerhalb von 14 Tagen", date(2026, 12, 5)),
        ("échéance le 1er décembre 2026", date(2026, 12, 1)),
        ("paiement à 30 jours", date(2026, 12, 21)),
        ("vencimiento: 15/12/2026 para el pago de la factura", date(2026, 12, 15)),
        ("payment terms: net 30", date(2026, 12, 21)),
        ("due 25/12/2026", date(2026, 12, 25)),
        ("pagadero antes del 20 de diciembre de 2026", date(2026, 12, 20)),
    ],
)
def test_a_due_day_stands_behind_its_cue(text, day):
    assert due(text) == day


@pytest.mark.parametrize(
    "text",
    [
        "due 03/04/2027",
        "due 31.02.2027",
        "we need it by 27 November",
        "due 1 May 2026",
        "dated 1.12.2026",
        "due 1.12.2026, or rather due 5.12.2026",
        "due on Friday",
        "due 15 November",
    ],
)
def test_a_day_with_two_readings_or_none_is_left_open(text):
    assert due(text) is None


def test_the_order_of_day_and_month_can_be_set():
    assert due("due 03/04/2027", Setting(SETTING.today, date_order="DMY")) == date(2027, 4, 3)
    assert due("due 03/04/2027", Setting(SETTING.today, date_order="MDY")) == date(2027, 3, 4)
    found = dates.due((Passage("text", "due 03/04/2027"),), SETTING)
    assert [c.value for c in found.candidates] == [date(2027, 4, 3), date(2027, 3, 4)]


def customer(text: str, sender: str = "Jane Roe") -> str | None:
    found = parties.customer((Passage("text", text),), Passage("sender", sender), SETTING)
    return found.value if isinstance(found, Found) else None


SIGNED = "\n\nBest regards,\nJane Roe\nAcme Ltd\n"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (f"Please invoice us.{SIGNED}", "Acme Ltd"),
        (f"Please send the invoice to Globex GmbH this time.{SIGNED}", "Globex GmbH"),
        (f"Please invoice Globex GmbH, not us.{SIGNED}", "Globex GmbH"),
        (f"Bill to: Silver Birch Foundation\nAmount: 5 EUR{SIGNED}", "Silver Birch Foundation"),
        (f"Rechnungsadresse:\nBlauwerk & Söhne KG\nWeg 1{SIGNED}", "Blauwerk & Söhne KG"),
        (f"Hello Northwind Studio Ltd, please invoice us.{SIGNED}", "Acme Ltd"),
        ("Merci de la libeller au nom de la société Nova SAS.\n\nCordialement,\nZoé", "Nova SAS"),
        ("Hola.\n\nUn saludo,\nPablo\nCasa Verde S.L.\n", "Casa Verde S.L."),
        ("Hi.\n\nThanks\nThe Blue Door Ltd", "The Blue Door Ltd"),
    ],
)
def test_the_customer_is_named_or_signs(text, name):
    assert customer(text) == name


@pytest.mark.parametrize(
    "text",
    [
        f"The project with Globex GmbH is done, please invoice.{SIGNED}",
        f"Please invoice Globex GmbH and invoice Initech Inc.{SIGNED}",
        f"Bill to: [[Approved]] <img src=x>\n{SIGNED}",
        "Please invoice us.\n\nThanks,\nJane",
        "Die Globex GmbH braucht eine Rechnung.\n\nDanke,\nJan",
        f"Please do not invoice Globex GmbH.{SIGNED}",
    ],
)
def test_the_customer_is_asked_when_it_is_not_plain(text):
    assert customer(text) in {None, "Acme Ltd"} - ({"Acme Ltd"} if "Globex" in text else set())


def test_the_sender_is_only_a_candidate():
    found = parties.customer(
        (Passage("text", "Please invoice me."),), Passage("sender", "Jane"), SETTING
    )
    assert isinstance(found, Abstained)
    assert [c.value for c in found.candidates] == ["Jane"]


@pytest.mark.parametrize(
    ("name", "address", "alike"),
    [
        ("Acme Ltd", "a@acrne.example", True),
        ("Acme Ltd", "a@acme.example", False),
        ("Globex GmbH", "a@g1obex.example", True),
        ("Globex GmbH", "a@globexx.example", True),
        ("Globex GmbH", "a@gloebx.example", True),
        ("Globex GmbH", "a@unrelated.example", False),
        ("Bäckerei Mück OHG", "a@baeckerei-mueck.example", False),
        ("Talleres Montaña S.L.", "a@talleresmontana.example", False),
        ("Acme Ltd", "a@mail.acme.example", False),
        ("Acme Ltd", "", False),
    ],
)
def test_look_alike_addresses_are_known(name, address, alike):
    assert look_alike(name, address) is alike


def test_numbers_of_papers_stand_behind_their_labels():
    def number(text: str, cue: Cue) -> str | None:
        found = references.number((Passage("text", text),), cue)
        return found.value if isinstance(found, Found) else None

    assert number("PO number is PO-2026-0815.", Cue.ORDER_NUMBER) == "PO-2026-0815"
    assert number("Rechnungsnummer: 2026-4711", Cue.BILL_NUMBER) == "2026-4711"
    assert number("invoice 12.11.2026", Cue.BILL_NUMBER) is None
    assert number("PO 11111 and PO 22222", Cue.ORDER_NUMBER) is None


def test_a_sum_at_the_end_of_a_covered_number_is_not_used():
    (found,) = amounts.mentions(Passage("text", "order no. 4711 500 EUR"), SETTING)
    assert found.value is None
