"""No secret leaves: exact values in every form, credentials by their place, log lines included."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.errors import ConfigError
from utils.log import LEVELS, configure
from utils.redact import MASK, TOO_DEEP, Redactor

ROOT = Path(__file__).parents[2]
SECRET = 'pä ss/w+"rd\\!'
KEY = "0123456789abcdef"


class Colour(Enum):
    RED = "red"


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        quote(SECRET, safe="").lower(),
        quote_plus(SECRET),
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
        repr(SECRET)[1:-1],
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode().rstrip("="),
    ],
)
def test_a_secret_is_masked_in_every_form(form: str) -> None:
    assert Redactor([SECRET]).text(f"before {form} after") == f"before {MASK} after"


@pytest.mark.parametrize("user", ["", "a", "ab", "abc", "abcd"])
def test_a_secret_inside_longer_base64_is_masked(user: str) -> None:
    encoded = base64.b64encode(f"{user}:{KEY}:x".encode()).decode()
    masked = Redactor([KEY]).text(encoded)
    assert MASK in masked
    for start in range(len(encoded) - 12):
        assert encoded[start : start + 12] not in masked or start + 12 <= 8 or start > 16


def test_the_longest_secret_wins_and_short_ones_are_left_out() -> None:
    assert Redactor(["secret-1", "secret-1-long", "abc", ""]).text("abc secret-1-long") == "abc ***"
    assert Redactor().text("abc") == "abc"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("GET /me?access_token=EAAB12&limit=1", "GET /me?access_token=***&limit=1"),
        ("Authorization: Bearer abc.def-1", "Authorization: Bearer ***"),
        ("authorization=Basic dXNlcg==", "authorization=Basic ***"),
        ("{'Authorization': 'Bearer abc'}", "{'Authorization': 'Bearer ***'}"),
        ('Authorization: OAuth oauth_nonce="1", oauth_token="2"', "Authorization: OAuth ***"),
        ("sent bearer abcdefghijklmnopqrst", "sent bearer ***"),
        ("https://user:p@ss@host.example/x", "https://user:***@host.example/x"),
        ('{"api_key": "a\\"b", "n": 1}', '{"api_key": "***", "n": 1}'),
        ("{'password': 'x y', 'n': 1}", "{'password': '***', 'n': 1}"),
        ('{\\"token\\": \\"abc\\", 1}', '{\\"token\\": \\"***\\", 1}'),
        ("Client(password='x y z', author='b')", "Client(password=***, author='b')"),
        ("PASSWORD = hunter2", "PASSWORD = ***"),
        ('{"token": "unfinished', '{"token": "***'),
    ],
)
def test_what_looks_like_a_credential_is_masked(text: str, masked: str) -> None:
    redactor = Redactor()
    assert redactor.text(text) == masked
    assert redactor.text(masked) == masked


@pytest.mark.parametrize(
    "text",
    [
        "the author = Smith, authored by token holders",
        "tokenizer=fast secretary=Ann keyboard=de",
        "https://host:8080/a@b?x=1:2@3",
        "secret garden: the password is in the safe",
        "bearer of news",
        '"author": "me"',
        "mail to: ann@example.com",
    ],
)
def test_ordinary_words_survive(text: str) -> None:
    assert Redactor(["hunter22"]).text(text) == text


@pytest.mark.parametrize(
    "key",
    ["password", "Access_Token", "api-key", "secret", "AUTHORIZATION", "token", "accessToken"],
)
def test_a_key_is_masked_by_its_exact_name(key: str) -> None:
    assert Redactor().value({key: "x", "a": {key: ["y"]}}) == {key: MASK, "a": {key: MASK}}
    assert Redactor().value({key: None}) == {key: None}


@pytest.mark.parametrize("key", ["author", "tokens_used", "secretary", "keys", "password_set"])
def test_a_key_that_only_contains_such_a_name_survives(key: str) -> None:
    assert Redactor().value({key: "x"}) == {key: "x"}


def test_values_become_json_safe_copies() -> None:
    original = {
        "amount": Decimal("12.50"),
        "at": datetime(2026, 11, 21, tzinfo=UTC),
        "path": Path("a/b"),
        "raw": b"x " + KEY.encode(),
        "pair": (1, KEY, None, True),
        "set": {KEY},
        "not a number": float("nan"),
        "colour": Colour.RED,
        3: f"key {KEY}",
        KEY: 1,
        "pin": 123456,
        "error": ValueError(f"bad {KEY}"),
    }
    value = Redactor([KEY, "123456"]).value(original)
    assert json.loads(json.dumps(value, allow_nan=False)) == value
    assert value == {
        "amount": "12.50",
        "at": "2026-11-21 00:00:00+00:00",
        "path": str(Path("a/b")),
        "raw": "x ***",
        "pair": [1, MASK, None, True],
        "set": [MASK],
        "not a number": "nan",
        "colour": "Colour.RED",
        "3": "key ***",
        MASK: 1,
        "pin": MASK,
        "error": "bad ***",
    }
    assert original["pair"] == (1, KEY, None, True)


def test_a_value_that_holds_itself_ends() -> None:
    loop: list[object] = []
    loop.append(loop)
    assert TOO_DEEP in json.dumps(Redactor().value(loop))


@given(
    st.text(min_size=4, alphabet=st.characters(exclude_characters="*", exclude_categories=["Cs"])),
    st.recursive(
        st.text() | st.integers() | st.floats() | st.none() | st.booleans(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=8,
    ),
    st.text(),
)
def test_no_secret_is_left_in_any_value(secret: str, value: object, around: str) -> None:
    redacted = Redactor([secret]).value(
        {"a": value, "b": f"{around}{secret}{around}", secret: [secret]}
    )
    text = json.dumps(redacted, allow_nan=False)
    assert json.loads(text) == redacted

    def texts(part: object) -> list[str]:
        if isinstance(part, dict):
            return [text for pair in part.items() for item in pair for text in texts(item)]
        if isinstance(part, list):
            return [text for item in part for text in texts(item)]
        return [part] if isinstance(part, str) else []

    assert not any(secret in text for text in texts(redacted))


@pytest.mark.parametrize(
    "unit",
    [
        "password",
        "bearer ",
        'oauth a="b",',
        "://a:",
        "'token': ",
        "a",
        "token=",
        '"token": "\\',
        " ",
    ],
)
def test_a_hostile_text_costs_no_more_than_its_length(unit: str) -> None:
    text = unit * (300_000 // len(unit))  # quadratic would run into the timeout of the suite
    assert Redactor([SECRET, KEY]).text(text + KEY).endswith(MASK)


# In the lines of the program's own log

SCRIPT = """
import logging, sys, threading, warnings
from utils.log import configure, get_logger
early = get_logger(service="odoo")
from utils.redact import Redactor
class Terminal:
    def __init__(self): self.inner = sys.stderr
    def __getattr__(self, name): return getattr(self.inner, name)
    def isatty(self): return True
configure(Redactor(["hunter2secret"]), *{arguments})
{body}
assert "rich" not in sys.modules
"""


def run(body: str, arguments: str = "()") -> tuple[str, list[dict[str, object]]]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(body=body, arguments=arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == ""
    assert "hunter2secret" not in done.stderr
    lines = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    return done.stderr, lines


def test_lines_are_json_with_the_event_first() -> None:
    text, lines = run("early.info('action.finished', action_id='a1', key='hunter2secret ü')")
    assert len(text.splitlines()) == len(lines) == 1
    assert list(lines[0]) == ["event", "level", "timestamp", "service", "action_id", "key"]
    assert lines[0]["key"] == "*** ü"
    assert str(lines[0]["timestamp"]).endswith("Z")


def test_the_standard_library_goes_the_same_way_and_noisy_libraries_are_quiet() -> None:
    _, lines = run(
        "logging.getLogger('a.b').warning('with %s', 'hunter2secret')\n"
        "logging.getLogger('tweepy.client').info('hunter2secret')\n"
        "logging.getLogger('odoorpc').warning('shown')\n"
        "logging.getLogger('a.b').debug('hidden')\n"
        "early.debug('hidden')"
    )
    assert [(line["event"], line["logger"]) for line in lines] == [
        ("with ***", "a.b"),
        ("shown", "odoorpc"),
    ]


@pytest.mark.parametrize(
    "body",
    [
        "try: raise ValueError('hunter2secret')\nexcept ValueError: early.exception('failed')",
        "try: raise ValueError('hunter2secret')\nexcept ValueError: logging.exception('failed')",
        "threading.Thread(target=lambda: int('hunter2secret')).start()",
        "raise ValueError('hunter2secret')",
    ],
)
def test_tracebacks_are_masked(body: str) -> None:
    _, lines = run(body)
    assert len(lines) == 1
    assert "Traceback" in str(lines[0]["exception"])
    assert MASK in str(lines[0]["exception"])


def test_a_line_that_cannot_be_made_is_reported_without_its_arguments() -> None:
    _, lines = run("logging.getLogger('a').warning('%d', 'hunter2secret')")
    assert (lines[0]["event"], lines[0]["logger"]) == ("log.failed", "a")


def test_a_terminal_gets_columns() -> None:
    text, lines = run(
        "try: raise ValueError('hunter2secret')\n"
        "except ValueError: early.exception('action.failed', n=1)",
        "('info', Terminal())",
    )
    assert not lines
    assert "action.failed" in text
    assert "ValueError: ***" in text


def test_the_level_holds_for_everyone() -> None:
    _, lines = run(
        "early.info('a'); logging.warning('b'); logging.getLogger('mcp').warning('c')\n"
        "early.error('d')",
        "('error',)",
    )
    assert [line["event"] for line in lines] == ["d"]


def test_an_unknown_level_is_a_config_error() -> None:
    with pytest.raises(ConfigError, match="LOG_LEVEL"):
        configure(Redactor(), "loud")
    assert "info" in LEVELS
