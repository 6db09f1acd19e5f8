"""Values are read as Obsidian reads them, hostile text is stopped, and what we write is quoted."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from core import strict_yaml
from core.strict_yaml import Plain, clean, dump_block, dump_key, dump_value, parse, same
from utils.errors import NoteError

ROOT = Path(__file__).parents[2]


def value_of(text: str) -> object:
    found = parse(f"x: {text}")
    assert isinstance(found, dict)
    return found["x"]


# What Obsidian (npm yaml 2.7.0) makes of each text, measured: facts/obsidian.md 3.2.
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("NO", "NO"),
        ("yes", "yes"),
        ("on", "on"),
        ("12:30", "12:30"),
        ("12:30:45", "12:30:45"),
        ("2026-11-21", "2026-11-21"),
        ("2026-11-21T09:30:00", "2026-11-21T09:30:00"),
        ("017", 17),
        ("0o17", 15),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("-5", -5),
        ("+5", 5),
        ("1250.00", Decimal("1250.00")),
        (".5", Decimal("0.5")),
        ("5.", Decimal(5)),
        ("1e5", Decimal(100_000)),
        ("-.inf", Decimal("-Infinity")),
        (".Inf", Decimal("Infinity")),
        (".nan", Decimal("NaN")),
        ("#urgent", None),
        ("", None),
        ("~", None),
        ("Null", None),
        ("nULL", "nULL"),
        ("True", True),
        ("FALSE", False),
        ("tRUE", "tRUE"),
        ("[[X]]", [["X"]]),
        ('"[[X]]"', "[[X]]"),
        ('"1250.00"', "1250.00"),
        ("'true'", "true"),
        ('""', ""),
        ("|\n  true", "true\n"),
        (">\n  1\n  2\n", "1 2\n"),
        ("a#b", "a#b"),
        ("a # b", "a"),
        ("http://a.example/?q=1", "http://a.example/?q=1"),
        ("[12:30, a:b, no]", ["12:30", "a:b", "no"]),
        ("{a: 1, b: {c: x}}", {"a": 1, "b": {"c": "x"}}),
        ("١٢", "١٢"),  # digits, but not the ones of YAML
        (r'"\/ \x41 \u00e9 \U0001F600"', "/ A é 😀"),
    ],
)
def test_a_value_is_what_obsidian_reads(text: str, expected: object) -> None:
    found = value_of(text)
    assert type(found) is type(expected)
    assert same(found, expected)


def test_money_keeps_its_digits() -> None:
    assert str(value_of("1250.00")) == "1250.00"
    assert str(value_of("0.10")) == "0.10"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("subject: Re: a", 'a text with ": " in it must be in quotes'),
        ("from: @dana", "a text that starts with @, % or `"),
        ("x: %5", "a text that starts with @, % or `"),
        ("x: `code`", "a text that starts with @, % or `"),
        ("x: *b*", "a text that starts with * or & must be in quotes"),
        ("x: - x", 'a text that starts with "- " must be in quotes'),
        ("x: ? x", 'a text that starts with "? " must be in quotes'),
        ("x: [a, ?x]", "a text that starts with ? must be in quotes"),
        ("x: ]", "a text that starts with ] or } or a comma must be in quotes"),
        ("x: |text", "a text that starts with | or > must be in quotes"),
        ("x: |\n\ttext\n y", "start with a tab"),
        ("x: &a b", "a text that starts with * or & must be in quotes"),
        ("x: &a [b]", "a text that starts with * or & must be in quotes"),
        ("|\n# text", 'this is not "name: value"'),
        ("&a x: b", "a text that starts with * or & must be in quotes"),
        ("x: !b c", "a text that starts with ! must be in quotes"),
        ("x: ! c", "a text that starts with ! must be in quotes"),
        ("x: !!int 5", "a text that starts with ! must be in quotes"),
        ("x: !!python/object/apply:os.system [ls]", "a text that starts with ! must be"),
        ("!x a: b", "a text that starts with ! must be in quotes"),
        ("x: 1\nx: 2", 'line 2: "x" is there twice; keep one'),
        ('x: 1\n"x": 2', 'line 2: "x" is there twice; keep one'),
        ("a: {b: 1, b: 2}", '"b" is there twice'),
        ("<<: {a: 1}", '"<<" cannot be used as a name'),
        ('"<<": {a: 1}', '"<<" cannot be used as a name'),
        ("created: {{date}}", "{{...}} must be in quotes"),
        ("? [a]\n: b", "a name must be a text"),
        ("? a\n  b\n: c", "a name must stand on one line"),
        ("null: 1", 'the name "null" must be in quotes'),
        ("x: {? : 1}", 'the name "" must be in quotes'),
        ("1.50: x", 'the name "1.50" must be in quotes'),
        ("017: x", 'the name "017" must be in quotes'),
        ("true: x", 'the name "true" must be in quotes'),
        ('x: "a', "line 1: a quotation mark is never closed"),
        ("x: 1\ny: [a, b", "line 2: a bracket [ or { is never closed"),
        ('x: "a" b', "nothing after a closing quote"),
        ('x: "C:\\q"', "a backslash is written twice"),
        ('x: "\\xZZ"', "a backslash is written twice"),
        ('x: "a\\\r\n  b"', "a backslash at the end of a line"),
        ('x: "a\\\n\n  b"', "a backslash at the end of a line"),
        ("\tx: 1", "with a tab"),
        ("x: 1\n...\ny: 2", 'line 2: "---", "..." and "%" lines have no place here'),
        ("x: 1\n---\ny: 2", 'line 2: "---", "..." and "%" lines have no place here'),
        ("%YAML 1.1\n---\nx: 1", '"---", "..." and "%" lines have no place here'),
        ("%FOO\nx: 1", 'a line is not "name: value"'),
        ("x: a\x07b", "line 1: there is an invisible character (U+0007)"),
        ("x: 1\ny: a\x85b", "line 2: there is an invisible character (U+0085)"),
        ("x: a\u2028b", "(U+2028)"),
        ("x: 1\n\ufeffy: 2", "(U+FEFF)"),
        ("x: a\rb", "(U+000D)"),
        ("x: \ud800", "(U+D800)"),
        (r'x: "\0"', "there is a control character in a text"),
        (r'x: "\N"', "there is a control character in a text"),
        ("x: 1234567890123456789", "is too long to be kept exactly; put it in quotes"),
        ("x: 0xFFFFFFFFFFFFFFFFFFFFFFFF", "is too long to be kept exactly"),
        ("x: " + "9" * 5_000, "9999... is too long to be kept exactly"),
        ("x: 0.12345678901234567890", "is too long to be kept exactly"),
        ("x: 1e400", "is too long to be kept exactly"),
        ("x: 1e99999999999999999999", "is too long to be kept exactly"),
        ("x: 0e999999999", "is too long to be kept exactly"),
        ("[[[[[[[[[x]]]]]]]]]", "nested more than 8 deep"),
        ("- - - - - - - - - x", "nested more than 8 deep"),
        ("x: " + "y" * 20_000, "the block is 20,003 bytes; the limit is 16,384 bytes"),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused_in_plain_words(text: str, words: str) -> None:
    with pytest.raises(NoteError) as refusal:
        parse(text)
    assert words in refusal.value.reason


def test_numbers_that_obsidian_keeps_are_read() -> None:
    assert value_of("9007199254740991") == 2**53 - 1
    assert value_of("48.85837009999999") == Decimal("48.85837009999999")
    with pytest.raises(NoteError, match="too long"):
        value_of("9007199254740992")


def test_eight_levels_are_read() -> None:
    assert parse("[[[[[[[[x]]]]]]]]") == [[[[[[[["x"]]]]]]]]


def test_a_name_that_everybody_spells_the_same_needs_no_quotes() -> None:
    assert parse('2026: a\n"null": b\nno: c\nZweck: d') == {
        "2026": "a",
        "null": "b",
        "no": "c",
        "Zweck": "d",
    }


@pytest.mark.parametrize("text", ["", "\n", "# only a comment", "~"])
def test_nothing_is_none(text: str) -> None:
    assert parse(text) is None


def test_windows_line_ends_are_read() -> None:
    assert parse("a: 1\r\nb:\r\n  - x\r\n  - y\r\n") == {"a": 1, "b": ["x", "y"]}


def test_messages_count_lines_as_the_owner_sees_them() -> None:
    with pytest.raises(NoteError, match=r"^line 12: "):
        parse("a: 1\na: 2", first_line=11)


HOSTILE = """
import sys, threading
if sys.argv[1] == "pure":
    sys.modules["yaml._yaml"] = None  # as where PyYAML comes without libyaml
from core import strict_yaml
from core.strict_yaml.reading import _Loader
from utils.errors import NoteError
import yaml
assert _Loader is (yaml.BaseLoader if sys.argv[1] == "pure" else yaml.CBaseLoader)

n = int(sys.argv[2])
bomb = "a: &a [x,x,x,x,x,x,x,x,x]\\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\\n" for i in range(8)
)
units = ["[", "{", "- ", "? ", "[\\n", "{a: ", "[{", "-\\n ", "[? "]
units += ["&a ", "!", "!!a ", ": ", "|\\n"]
texts = [(unit * n)[:n] for unit in units]
texts += ["".join(" " * i + "a:\\n" for i in range(300))]
texts += [bomb, "x" * n, 'a: "' + "\\n" * n, " " * n]
texts += ["a: " + "9" * n, "a: " + "9" * n + ".5", "#" * n, "x" * n + ": 1"]
ends = []

def run():
    for text in texts:
        for limits in ({}, {"max_bytes": 1 << 30}):
            try:
                strict_yaml.parse(text, **limits)
                ends.append("read")
            except NoteError:
                ends.append("refused")

threading.stack_size(256 * 1024)
thread = threading.Thread(target=run)
thread.start()
thread.join()
assert len(ends) == 2 * len(texts), "the thread died"
print(ends.count("refused"))
"""


@pytest.mark.parametrize(
    ("loader", "size"), [("libyaml", 50_000), ("libyaml", 1_000_000), ("pure", 50_000)]
)
def test_hostile_text_neither_crashes_nor_recurses(loader: str, size: int) -> None:
    """50 KB of brackets end the process when libyaml composes them: facts/guarantees.md A4."""
    run = [sys.executable, "-c", HOSTILE, loader, str(size)]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 36


def test_nesting_is_stopped_where_it_begins_to_be_too_deep() -> None:
    with pytest.raises(NoteError, match=r"^line 9: "):
        parse("[\n" * 1_000_000, max_bytes=1 << 30)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("Acme Ltd", '"Acme Ltd"'),
        ("", '""'),
        ("NO", '"NO"'),
        ('say "hi" \\ bye', r'"say \"hi\" \\ bye"'),
        ("two\nlines\there", r'"two\nlines\there"'),
        ("Größe 😀", '"Größe 😀"'),
        ("a\x00b\x85c\u2028d\ufeffe\ud800f\x7f", '"abcdef"'),
        ("one\r\ntwo\rthree", r'"one\ntwo\nthree"'),
        ("pay\u202e0001", r'"pay\u202e0001"'),
        (Decimal("1250.00"), "1250.00"),
        (Decimal("1E+2"), "100"),
        (Decimal("-0.5"), "-0.5"),
        (Decimal("Infinity"), ".inf"),
        (Decimal("NaN"), ".nan"),
        (14, "14"),
        (True, "true"),
        (False, "false"),
        (None, ""),
        (Plain("2026-11-21T09:30:00"), "2026-11-21T09:30:00"),
        (Plain("approval"), "approval"),
        (Plain("true"), '"true"'),
        (Plain("1250"), '"1250"'),
        (Plain("1234567890123456789"), '"1234567890123456789"'),
        (Plain("a: b"), '"a: b"'),
        (Plain("a:"), '"a:"'),
        (Plain("evil\napproved: true"), r'"evil\napproved: true"'),
        ([], "[]"),
        (["a", None, 1], '["a", null, 1]'),
        (("a",), '["a"]'),
        ({}, "{}"),
        ({"a": {"b c": Decimal("1.0")}}, '{a: {"b c": 1.0}}'),
    ],
)
def test_a_value_is_written_so_that_it_is_read_back(value: object, written: str) -> None:
    assert dump_value(value) == written
    assert same(value_of(written), clean(value))


@pytest.mark.parametrize("value", [1.5, {1, 2}, b"x", object(), [1.5], {"a": 1.5}])
def test_a_type_without_a_place_in_a_note_is_a_mistake_of_ours(value: object) -> None:
    with pytest.raises(TypeError, match="has no place in a note; money is Decimal"):
        dump_value(value)


def test_a_name_must_be_a_text() -> None:
    with pytest.raises(TypeError, match="a property's name is a text, not int"):
        dump_block({1: "x"})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    "value", [2**53, -(2**53), Decimal("1E+401"), Decimal("0E-999999999"), Decimal(1) / Decimal(3)]
)
def test_a_number_that_obsidian_would_change_is_not_written(value: object) -> None:
    with pytest.raises(NoteError, match="too long to be kept exactly"):
        dump_value(value)


def test_too_deep_a_value_is_not_written() -> None:
    loop: list[object] = []
    loop.append(loop)
    with pytest.raises(NoteError, match="nested more than 8 deep"):
        dump_value(loop)


def test_names_are_quoted_where_they_must_be() -> None:
    assert [dump_key(name) for name in ("amount", "no", "null", "a b", "2026", "é", "a: b")] == [
        "amount",
        "no",
        '"null"',
        '"a b"',
        '"2026"',
        '"é"',
        '"a: b"',
    ]


def test_the_parameters_of_an_invoice_look_as_in_the_contract() -> None:
    parameters = {
        "customer": "Acme Ltd",
        "customer_id": 14,
        "currency": "EUR",
        "lines": [
            {"description": "Website retainer, November", "quantity": 1, "unit_price": "1250.00"}
        ],
    }
    assert dump_block(parameters) == (
        'customer: "Acme Ltd"\n'
        "customer_id: 14\n"
        'currency: "EUR"\n'
        "lines:\n"
        '  - {description: "Website retainer, November", quantity: 1, unit_price: "1250.00"}\n'
    )


def test_long_entries_take_several_lines() -> None:
    long = "x" * 90
    values = {
        "line": [{"text": long, "note": None, "more": {"a": [1]}}, {}],
        "tags": [long, "b"],
        "group": {"a": {"b": "c"}},
        "nothing": None,
        "empty": {},
        "none": [],
    }
    assert dump_block(values) == (
        "line:\n"
        f'  - text: "{long}"\n'
        "    note:\n"
        "    more:\n"
        "      a: [1]\n"
        "  - {}\n"
        "tags:\n"
        f'  - "{long}"\n'
        '  - "b"\n'
        "group:\n"
        "  a:\n"
        '    b: "c"\n'
        "nothing:\n"
        "empty: {}\n"
        "none: []\n"
    )
    assert parse(dump_block(values)) == values


def test_no_values_are_written_as_braces() -> None:
    assert dump_block({}) == "{}\n"
    assert parse("{}\n") == {}


@pytest.mark.parametrize("values", [{"<<": 1}, {"a\x00": 1, "a": 2}, {"a": "x" * 20_000}])
def test_what_would_not_be_read_back_is_not_written(values: dict[str, object]) -> None:
    with pytest.raises(NoteError):
        dump_block(values)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (5, Decimal("5.00"), True),
        (1, True, False),
        (0, None, False),
        (None, False, False),
        (1, "1", False),
        (Decimal("NaN"), Decimal("NaN"), True),
        (["a"], ("a",), True),
        ([1], [1, 2], False),
        ([], {}, False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, False),
        (Plain("x"), "x", True),
    ],
)
def test_same_means_the_same_to_a_reader(one: object, other: object, expected: object) -> None:
    assert same(one, other) is expected
    assert same(other, one) is expected


def test_a_property_knows_its_place() -> None:
    text = 'a: 1  # note\n"b" :\n- x\n\n# own\nc: |+\n  t\n\nd:\n'
    values, properties = strict_yaml.locate(text)
    assert values == {"a": 1, "b": ["x"], "c": "t\n\n", "d": None}
    assert [(p.key, p.line, p.end_line, p.key_columns, p.value_columns) for p in properties] == [
        ("a", 0, 1, (0, 1), (3, 4)),
        ("b", 1, 3, (0, 3), None),
        ("c", 5, 7, (0, 1), None),
        ("d", 8, 9, (0, 1), (2, 2)),
    ]
