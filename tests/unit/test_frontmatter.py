"""A change to one property leaves every other byte of the note alone."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.frontmatter import compose, edit, read, split
from core.strict_yaml import Plain
from utils.errors import NoteError

NOTE = """\
---
# the owner's comment
type: approval
tier: "approval_required"  # who decides
amount:   1250.00   # net
empty:  # nothing yet
tags:
  - a
  # inside
  - b

text: |
  first

  second

quoted: "one
  two"  # after
flow: [a,
  b]
deep: {x: {y: 1}}
last: end
---
Body with --- and

---
tier: not a property
"""


def test_a_note_is_cut_and_joined() -> None:
    parts = split(NOTE)
    assert parts.opening == "---\n"
    assert parts.closing == "---\n"
    assert parts.body.startswith("Body with")
    assert parts.text == NOTE


def test_properties_are_read_in_order() -> None:
    assert read(NOTE) == {
        "type": "approval",
        "tier": "approval_required",
        "amount": Decimal(1250),
        "empty": None,
        "tags": ["a", "b"],
        "text": "first\n\nsecond\n",
        "quoted": "one two",
        "flow": ["a", "b"],
        "deep": {"x": {"y": 1}},
        "last": "end",
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("---\n---\n", {}),
        ("---\n---", {}),
        ("---\n# only a comment\n---\nx", {}),
        ("\ufeff---\na: 1\n---\n", {"a": 1}),
        ("---  \na: 1\n---\t \nx", {"a": 1}),
        ("---\r\na: 1\r\nb: x\r\n---\r\nx", {"a": 1, "b": "x"}),
        ("---\na: '----'\n----: 1\n---\n", {"a": "----", "----": 1}),
        ("---\n  a: 1\n  b: 2\n---\n", {"a": 1, "b": 2}),
    ],
)
def test_what_obsidian_takes_for_properties_is_read(text: str, expected: object) -> None:
    assert read(text) == expected
    assert split(text).text == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 'the first line is not "---"'),
        ("\n---\na: 1\n---\n", 'the first line is not "---"'),
        (" ---\na: 1\n---\n", 'the first line is not "---"'),
        ("----\na: 1\n---\n", 'the first line is not "---"'),
        ("---\ra: 1\r---\r", 'the first line is not "---"'),
        ("---", "the properties never end"),
        ("---\na: 1\n", "the properties never end"),
        ("---\na: 1\n ---\n...\n", "the properties never end"),
        ('{"a": 1}\n', "the properties are written in { }"),
        ('---\n{"a": 1}\n---\n', "not written in { }"),
        ("---\n- a\n- b\n---\n", "not a list or a text"),
        ("---\njust words\n---\n", "not a list or a text"),
        ("---\na: 1\nb: x: y\n---\n", 'line 3: a text with ": " in it must be in quotes'),
        ("---\napproved: false\napproved: true\n---\n", 'line 3: "approved" is there twice'),
        ("---\na: &a [x]\nb: *a\n---\n", "line 2: a text that starts with * or &"),
    ],
)
def test_what_is_not_properties_is_refused_in_plain_words(text: str, words: str) -> None:
    with pytest.raises(NoteError) as refusal:
        read(text)
    assert words in refusal.value.reason


def changed_lines(before: str, after: str) -> tuple[list[str], list[str]]:
    """Return the lines between the common beginning and the common end."""
    old, new = before.split("\n"), after.split("\n")
    while old and new and old[0] == new[0]:
        del old[0], new[0]
    while old and new and old[-1] == new[-1]:
        del old[-1], new[-1]
    return old, new


@pytest.mark.parametrize(
    ("name", "value", "old", "new"),
    [
        ("tier", "hard_stop", ['tier: "approval_required"  # who decides'],
         ['tier: "hard_stop"  # who decides']),
        ("amount", Decimal("1300.50"), ["amount:   1250.00   # net"],
         ["amount:   1300.50   # net"]),
        ("amount", None, ["amount:   1250.00   # net"], ["amount:   # net"]),
        ("empty", "x # y", ["empty:  # nothing yet"], ['empty: "x # y"  # nothing yet']),
        ("tags", ["c"], ["tags:", "  - a", "  # inside", "  - b"], ['tags: ["c"]']),
        ("tags", None, ["  - a", "  # inside", "  - b"], []),
        ("text", "a\n---\nb", ["text: |", "  first", "", "  second"], [r'text: "a\n---\nb"']),
        ("quoted", 5, ['quoted: "one', '  two"  # after'], ["quoted: 5"]),
        ("flow", [], ["flow: [a,", "  b]"], ["flow: []"]),
        ("deep", {"x": 2}, ["deep: {x: {y: 1}}"], ["deep: {x: 2}"]),
        ("last", Plain("2026-11-21T09:30:00"), ["last: end"], ["last: 2026-11-21T09:30:00"]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_change_touches_only_its_own_lines(
    name: str, value: object, old: list[str], new: list[str], newline: str, mark: str
) -> None:
    before = mark + NOTE.replace("\n", newline)
    after = edit(before, set={name: value})
    ending = newline.removesuffix("\n")
    assert changed_lines(before, after) == (
        [line + ending for line in old],
        [line + ending for line in new],
    )
    assert read(after) == read(before) | {name: value}


def test_a_new_property_comes_last() -> None:
    after = edit(NOTE, set={"status": "completed", "finished": Plain("2026-11-21T09:30:00")})
    added = 'last: end\nstatus: "completed"\nfinished: 2026-11-21T09:30:00\n---\nBody'
    assert after == NOTE.replace("last: end\n---\nBody", added)


def test_a_new_property_has_the_line_end_and_indent_of_the_others() -> None:
    assert edit("---\r\n  a: 1\r\n---\r\n", set={"b": 2}) == "---\r\n  a: 1\r\n  b: 2\r\n---\r\n"
    assert edit("---\n---", set={"b": None}) == "---\nb:\n---"


def test_filing_renames_in_place() -> None:
    after = edit(NOTE, set={"status": "completed"}, rename={"tier": "status"})
    old, new = changed_lines(NOTE, after)
    assert old == ['tier: "approval_required"  # who decides']
    assert new == ['status: "completed"  # who decides']
    assert list(read(after))[:3] == ["type", "status", "amount"]


@pytest.mark.parametrize(
    ("name", "new"), [("tags", ["labels:", "  - a"]), ("text", ["labels: |", "  first"])]
)
def test_a_renamed_property_keeps_its_value(name: str, new: list[str]) -> None:
    after = edit(NOTE, rename={name: "labels"})
    assert "\n".join(new) in after
    assert read(after)["labels"] == read(NOTE)[name]
    assert changed_lines(NOTE, after)[1] == new[:1]


def test_a_rename_passes_over_what_is_not_there() -> None:
    assert edit(NOTE, rename={"gone": "status"}) == NOTE


def test_a_renamed_property_takes_the_place_of_one_that_is_set_anyway() -> None:
    note = "---\nstatus: old\ntier: x\n---\n"
    after = edit(note, set={"status": "completed"}, rename={"tier": "status"})
    assert after == '---\nstatus: "completed"\n---\n'
    assert edit(note, rename={"tier": "status"}, remove=["status"]) == "---\nstatus: x\n---\n"
    with pytest.raises(NoteError, match='"tier" cannot become "status": both are there; keep one'):
        edit(note, rename={"tier": "status"})


def test_names_can_be_swapped() -> None:
    assert edit("---\na: 1\nb: 2\n---\n", rename={"a": "b", "b": "a"}) == "---\nb: 1\na: 2\n---\n"


def test_two_properties_cannot_take_one_name() -> None:
    with pytest.raises(NoteError):
        edit("---\na: 1\nb: 2\n---\n", rename={"a": "c", "b": "c"})


def test_a_removed_property_takes_only_its_lines() -> None:
    after = edit(NOTE, remove=["tags", "quoted", "not there"])
    assert after == NOTE.replace("tags:\n  - a\n  # inside\n  - b\n", "").replace(
        'quoted: "one\n  two"  # after\n', ""
    )


def test_what_is_the_same_already_is_not_touched() -> None:
    same = {"amount": 1250, "tier": "approval_required", "tags": ("a", "b"), "empty": None}
    assert edit(NOTE, set=same) == NOTE
    assert edit(NOTE) == NOTE
    assert edit(NOTE, set={"tier": "approval\x00_required"}) == NOTE


def test_a_text_instead_of_a_number_is_a_change() -> None:
    assert 'amount:   "1250.00"   # net' in edit(NOTE, set={"amount": "1250.00"})


def test_several_changes_at_once() -> None:
    after = edit(
        NOTE,
        set={"amount": 1, "last": "new", "more": ["x"]},
        rename={"tier": "status", "text": "summary"},
        remove=["type", "flow"],
    )
    expected = read(NOTE)
    assert list(read(after).items()) == [
        ("status", expected["tier"]),
        ("amount", 1),
        ("empty", None),
        ("tags", ["a", "b"]),
        ("summary", expected["text"]),
        ("quoted", "one two"),
        ("deep", {"x": {"y": 1}}),
        ("last", "new"),
        ("more", ["x"]),
    ]


@pytest.mark.parametrize(
    ("note", "words"),
    [
        ("---\n? a\n: 1\n---\n", "would make the note unreadable: line 2: a name must be a text"),
        ('---\na: "x"#b\n---\n', "cannot be changed without changing others"),  # 5#b is a text
    ],
)
def test_an_edit_never_returns_what_reads_differently(note: str, words: str) -> None:
    assert read(note)
    with pytest.raises(NoteError) as refusal:
        edit(note, set={"a": 5})
    assert words in refusal.value.reason


def test_blank_lines_that_would_join_a_text_are_noticed() -> None:
    note = "---\na: |+\n  x\nb: 1\n\nc: 2\n---\n"
    assert read(note)["a"] == "x\n"
    with pytest.raises(NoteError, match="cannot be changed without changing others"):
        edit(note, remove=["b"])


@pytest.mark.parametrize("set_", [{"<<": 1}, {"a": "x" * 20_000}, {"x": 1, "x\x00": 2}])
def test_what_cannot_be_read_back_is_not_written(set_: dict[str, object]) -> None:
    with pytest.raises(NoteError):
        edit(NOTE, set=set_)
    with pytest.raises(NoteError):
        compose(set_)


def test_a_new_note_is_quoted() -> None:
    assert compose(
        {
            "type": Plain("approval"),
            "action_id": "APR-20261121-001",
            "counterparty": "Invoice\napproved: true\n---\ndry_run: false",
            "amount": Decimal("1250.00"),
            "created": Plain("2026-11-21T09:30:00"),
            "tags": ["approval/odoo"],
            "note": None,
        }
    ) == (
        "---\n"
        "type: approval\n"
        'action_id: "APR-20261121-001"\n'
        'counterparty: "Invoice\\napproved: true\\n---\\ndry_run: false"\n'
        "amount: 1250.00\n"
        "created: 2026-11-21T09:30:00\n"
        'tags: ["approval/odoo"]\n'
        "note:\n"
        "---\n"
    )


def test_no_properties_are_an_empty_block() -> None:
    assert compose({}) == "---\n---\n"
