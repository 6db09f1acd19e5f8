"""Any text in any field comes back; an edit moves nothing else; nothing but NoteError is raised."""

from __future__ import annotations

import re
from contextlib import suppress
from decimal import Decimal

from hypothesis import example, given
from hypothesis import strategies as st

from core.frontmatter import compose, edit, read, split
from core.strict_yaml import Plain, clean, dump_block, parse, resolve, same
from utils.errors import NoteError

NAMES = ("type", "action_id", "counterparty", "amount", "subject", "tags")

any_text = st.text(st.characters(exclude_categories=()), max_size=60)
nasty_text = st.sampled_from(
    [
        "---", "\n---\n", "approved: true\ndry_run: false", "Re: a", "@dana", "*b*", "- x", "%5",
        "NO", "yes", "null", "~", "1e5", "017", "1250.00", "12:30", "2026-11-21", "`", "&a", "<<",
        "1234567890123456789", "[[Acme]]", "{{date}}", "#urgent", "a # b", '"', "'", "\\", "\\n",
        "\t", " ", "x ", "é😀", "\u0085", "\u2028", "\ufeff---", "\r\n", "\x00", "\ud800",
        "\u202e", "!!python/name:os",
    ]
)  # fmt: skip
texts = any_text | nasty_text | st.lists(nasty_text, max_size=4).map("".join)
money = st.decimals(-(10**9), 10**9, places=2)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | money
    | texts
    | texts.map(Plain)
)
values = scalars | st.lists(scalars, max_size=4)
names = texts.map(clean).filter(lambda name: name != "<<")
nested = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)


@given(st.fixed_dictionaries(dict.fromkeys(NAMES, values)))
def test_any_value_in_any_field_comes_back(properties: dict[str, object]) -> None:
    block = compose(properties)
    assert list(read(block)) == list(properties)
    assert same(read(block), clean(properties))
    assert split(block).body == ""
    assert block.count("\n") == len(NAMES) + 2


@given(st.dictionaries(names, nested, max_size=4))
def test_parameters_come_back(parameters: dict[str, object]) -> None:
    with suppress(NoteError):  # nested too deep, which is checked elsewhere
        assert same(parse(dump_block(parameters)), clean(parameters))


def means_text(text: str) -> bool:
    try:
        return isinstance(resolve(text), str)
    except NoteError:
        return False


def as_obsidian_saves(properties: dict[str, object]) -> str:
    """Write as Obsidian's property editor does: see facts/obsidian.md 1, item 2."""

    def scalar(value: object) -> str:
        if value is None:
            return ""
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, Decimal):
            written = f"{value:f}"
            return written.rstrip("0").rstrip(".") if "." in written else written
        if isinstance(value, int):
            return str(value)
        text = str(value)
        is_safe = re.fullmatch(r"[\w.+/][\w.+/ -]*[\w.+/]", text, re.ASCII)
        if is_safe and means_text(text):
            return text
        escaped = text.replace("'", "''")
        if '"' in text and escaped.isprintable():
            return f"'{escaped}'"
        return compose({"x": text}).split("\n")[1].removeprefix("x: ")

    lines = []
    for name, value in properties.items():
        if isinstance(value, list) and value:
            lines += [f"{name}:", *(f"  - {scalar(item) or 'null'}" for item in value)]
        else:
            lines.append(f"{name}: {'[]' if value == [] else scalar(value)}")
    return "\n".join(["---", *lines, "---", ""])


@given(st.fixed_dictionaries(dict.fromkeys(NAMES, values)))
def test_values_survive_the_property_editor(properties: dict[str, object]) -> None:
    ours = read(compose(properties))
    saved = as_obsidian_saves(ours)
    assert same(read(saved), ours)


WRITTEN = (
    "plain text",
    '"quoted"  # comment',
    "1250.50   # net",
    "",
    " # only a comment",
    "\n  - a\n  # inside\n  - b",
    "\n- a\n- b",
    "|\n  first\n\n  second",
    "|+\n  kept\n\n",
    ">-\n  folded\n  text\n",
    '"one\n\n  two"',
    "[a,\n  b]  # list",
    "{x: 1, y: [z]}",
    "two\n  lines",
    "\n    deep:\n      er: 1",
)
own_lines = st.sampled_from(["", "\n", "# own\n", "\n# own\n\n", " # indented\n"])


@given(
    st.lists(st.tuples(st.sampled_from(WRITTEN), own_lines), min_size=1, max_size=6),
    st.data(),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["", "\ufeff"]),
)
def test_an_edit_touches_only_its_lines(
    written: list[tuple[str, str]], data: st.DataObject, newline: str, mark: str
) -> None:
    pieces = [f"key{i}: {value}\n{own}" for i, (value, own) in enumerate(written)]
    note = (mark + "---\n# top\n" + "".join(pieces) + "---\nbody\n---\n").replace("\n", newline)
    target = data.draw(st.integers(0, len(pieces) - 1))
    value = data.draw(values)
    before = read(note)
    after = edit(note, set={f"key{target}": value})
    assert same(read(after), before | {f"key{target}": clean(value)})
    head = (mark + "---\n# top\n" + "".join(pieces[:target])).replace("\n", newline)
    tail = (written[target][1] + "".join(pieces[target + 1 :]) + "---\nbody\n---\n").replace(
        "\n", newline
    )
    assert after.startswith(head)
    assert after.endswith(tail)
    if not same(before[f"key{target}"], clean(value)):
        assert after[len(head) : -len(tail)].strip().count("\n") == 0


@given(st.text(max_size=200) | texts)
@example("a: 1e99999999999999999999")
@example("? [")
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(NoteError):
        parse(text)
    with suppress(NoteError):
        read(f"---\n{text}\n---\n")
    with suppress(NoteError):
        read(text)


tokens = st.sampled_from(
    [
        "a", "k: ", "\n", "\n  ", "\n  - ", "- ", '"', "'", "[", "]", "{", "}", ", ", ": ", " #",
        "|", ">-", "|+", "1", "1.50", "~", "? ", "*", "&", "!", "%", "@", "\\", "\r\n", "---",
        "...", "\t",
    ]
)  # fmt: skip


@given(st.lists(tokens, max_size=25).map("".join), values)
def test_any_yaml_is_edited_rightly_or_refused(block: str, value: object) -> None:
    note = f"---\n{block}\n---\nbody"
    try:
        before = read(note)
    except NoteError:
        return
    with suppress(NoteError):
        after = edit(note, set={"k": value})
        assert same(read(after), before | {"k": clean(value)})
        assert split(after).body == split(note).body
