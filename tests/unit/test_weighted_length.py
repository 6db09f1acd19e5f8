"""Posts are counted as X counts them."""

from __future__ import annotations

import pytest

from mcp_servers.twitter.length import links, weighted_length


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("", 0),
        ("Hello, world", 12),
        ("“quoted” – and…", 16),
        ("Привет", 6),
        ("שלום", 4),
        ("日本語", 6),
        ("한국어", 6),
        ("half～width", 11),
        ("€", 2),
        ("©", 1),
        ("line\nline", 9),
    ],
)
def test_letters_count_one_and_the_rest_two(text: str, length: int) -> None:
    assert weighted_length(text) == length


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("é", 1),
        ("e\u0301", 1),
        ("한", 2),
        ("q\u0301", 2),
    ],
    ids=ascii,
)
def test_the_composed_form_is_counted(text: str, length: int) -> None:
    assert weighted_length(text) == length


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("😀", 2),
        ("😀😀😀", 6),
        ("👍🏽", 2),
        ("❤️", 2),
        ("©️", 2),
        ("1️⃣", 2),
        ("👨‍👩‍👧‍👦", 2),
        ("👨🏽‍👩🏽‍👧🏽‍👦🏽", 2),
        ("👩🏾‍💻 works", 8),
        ("🏳️‍🌈", 2),
        ("❤️‍🔥", 2),
        ("🇩🇪", 2),
        ("🇩🇪🇫🇷", 4),
        ("🇩", 2),
        ("🏴󠁧󠁢󠁥󠁮󠁧󠁿", 2),
        ("1 # *", 5),
        ("😀\u0301", 3),
    ],
    ids=ascii,
)
def test_an_emoji_sequence_counts_two(text: str, length: int) -> None:
    assert weighted_length(text) == length


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("https://example.com/a/very/long/path/that/does/not/count?at=all&or=so#end", None),
        ("http://x.de", None),
        ("example.com", None),
        ("www.example.co.uk/path", None),
        ("hello.it", None),
        ("README.md", None),
        ("HTTPS://EXAMPLE.COM/A", None),
        ("https://münchen.de/ü", None),
        ("https://example.com/wiki/Foo_(bar)", None),
        ("see https://example.com/a, please", "https://example.com/a"),
        ("(https://example.com/a)", "https://example.com/a"),
        ("Read example.com.", "example.com"),
        ("日本語example.com日本", "example.com"),
        ("example.com?x", "example.com"),
    ],
)
def test_a_link_counts_23_with_or_without_its_scheme(text: str, found: str | None) -> None:
    link = found or text
    assert links(text) == (link,)
    assert weighted_length(text) == 23 + weighted_length(text.replace(link, ""))


@pytest.mark.parametrize(
    "text",
    [
        "me@example.com",
        "v1.2.3",
        "e.g. this",
        "file.py2",
        "Dr.Who",
        "foo.comx",
        "foo.com-bar",
        "#example.com",
        "@example.com",
        "http://localhost",
        "x_y.com",
    ],
)
def test_what_x_does_not_link_counts_as_text(text: str) -> None:
    assert links(text) == ()
    assert weighted_length(text) == len(text)


def test_long_and_hostile_texts_are_counted_in_time() -> None:
    for text in (
        "a." * 2000,
        "a-" * 2000,
        "https://example.com/" + "a.(" * 1300,
        "👨\u200d" * 2000,
    ):
        assert weighted_length(text) > 280
