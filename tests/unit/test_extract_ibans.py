"""Bank account numbers in words from outside: `core/extract/ibans.py`."""

from __future__ import annotations

import pytest

from core.extract.ibans import fingerprint, ibans_in

GERMAN = "DE89370400440532013000"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("IBAN: DE89 3704 0044 0532 0130 00", (GERMAN,)),
        (f"to {GERMAN}.", (GERMAN,)),
        ("DE89 3704 0044 0532 0130 00 BIC COBADEFFXXX", (GERMAN,)),
        (f"{GERMAN} and GB33BUKB20201555555555", (GERMAN, "GB33BUKB20201555555555")),
        ("DE88 3704 0044 0532 0130 00", ()),
        ("XX00 0000 0000 0000 0000 00", ()),
        ("Order AB12 and 3704 0044", ()),
        ("", ()),
    ],
    ids=["blanks", "plain", "words-behind", "two", "wrong-digits", "made-up", "others", "empty"],
)
def test_only_a_sound_number_is_one(text: str, found: tuple[str, ...]) -> None:
    assert ibans_in(text) == found


def test_a_fingerprint_is_of_the_number_not_of_its_spelling() -> None:
    assert fingerprint("DE89 3704 0044 0532 0130 00") == fingerprint(GERMAN.lower())
    assert fingerprint(GERMAN) != fingerprint("GB33BUKB20201555555555")
    assert GERMAN not in fingerprint(GERMAN)
