"""How a text becomes a thread: `mcp_servers/twitter/thread.py`."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core import notes
from core.actions import payload_of
from mcp_servers.catalog import ACTIONS
from mcp_servers.twitter.arguments import CreateThread
from mcp_servers.twitter.length import links, normal, weighted_length
from mcp_servers.twitter.thread import divided, joined, parts_of

ACTION = ACTIONS["twitter.create_thread"]
LONG = " ".join(f"This is sentence number {n}, and it says a little more." for n in range(12))


def thread(text: str, **more: Any) -> CreateThread:
    return CreateThread.model_validate({"text": text, **more})


def words_of(text: str) -> list[str]:
    return re.sub(r"^[ \t]*---[ \t]*$", "", text, flags=re.MULTILINE).split()


def test_lines_of_dashes_divide_and_what_is_shown_is_what_is_sent() -> None:
    made = thread("One.\n---\n\nTwo --- still two.\n\n  ---  \nThree.\n")
    assert parts_of(made.text) == ["One.", "Two --- still two.", "Three."]
    assert made.text == "One.\n\n---\n\nTwo --- still two.\n\n---\n\nThree."
    assert ACTION.describe(made) == (
        "publish a thread of 3 posts on **X** (4, 18, 6 of 280 long, $0.045)"
    )


def test_a_long_text_is_divided_at_sentence_ends() -> None:
    made = thread(LONG, split=True)
    parts = parts_of(made.text)
    assert len(parts) == 3
    assert all(part.endswith(".") for part in parts)
    assert " ".join(parts) == LONG
    again = payload_of(ACTION, {"text": made.text, "split": True})
    assert again["text"] == made.text


@pytest.mark.parametrize(
    ("text", "more", "said"),
    [
        ("Only one.", {}, "has 1 parts"),
        ("One.\n---\n---\nThree.", {}, "part 2 is 0 long"),
        ("One.\n---\n" + "a" * 281, {}, "part 2 is 281 long as X counts it"),
        ("One.\n---\n" + "a" * 281, {"split": True}, "a word longer than 280"),
        (joined(["x"] * 26), {}, "has 26 parts"),
        ("One.\n---\nTwo\x07.", {}, "U+0007"),
    ],
    ids=["one", "empty", "long", "no end of a word", "many", "control"],
)
def test_what_is_no_thread_is_refused(text: str, more: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(said)):
        thread(text, **more)


def test_each_part_has_its_price() -> None:
    made = thread("Look: example.com\n---\nDone.")
    assert "$0.215" in ACTION.describe(made)
    assert ACTION.facts(made).links == ("example.com",)


PIECES = st.sampled_from(
    [
        *("Wort", "schön", "日本語。", "👩‍👩‍👧‍👦", "Ende.", "Wirklich?", "x" * 90, "#tag", "\n\n"),
        *("https://example.com/a/very/long/path?with=queries", "(example.org)", "e\u0301"),
    ]
)


@given(st.lists(PIECES, min_size=1, max_size=60))
def test_dividing_loses_no_word_and_every_part_fits(pieces: list[str]) -> None:
    text = normal(" ".join(pieces).strip())
    if not text:
        return
    made = divided(text)
    parts = parts_of(made)
    assert all(0 < weighted_length(part) <= 280 for part in parts)
    assert "".join(words_of(made)) == "".join(words_of(text))
    assert divided(made) == made
    assert sorted(link for part in parts for link in links(part)) == sorted(links(text))
    probe = f"---\ntype: approval\n---\n## Content\n\n{notes.content_lines(made)}\n\n## Why\n"
    assert notes.content_of(notes.parse(probe.encode())) == made
