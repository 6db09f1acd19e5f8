"""The properties at the top of a note: read them, change single ones, write new ones.

Rules: a change touches the lines of that property and nothing else: not the order, not a comment,
not a line end, not the text below; after every change the result is read again, and when it does
not say exactly what was meant, nothing is returned.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from core import strict_yaml
from utils.errors import NoteError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from core.strict_yaml import Property


_FENCE = re.compile(r"---[ \t]*(?:\r?\n|\Z)")
_OPENING = re.compile(rf"\ufeff?{_FENCE.pattern}")
_CLOSING = re.compile(rf"^{_FENCE.pattern}", re.MULTILINE)
_LINE = re.compile(r"[^\n]*\n|[^\n]+\Z")


@dataclass(frozen=True)
class Parts:
    """A note in four pieces, which joined are the note again.

    Args:
        opening: the first line, with a byte order mark if there is one.
        block_text: the lines of the properties.
        closing: the line that ends them.
        body: everything below.
        newline: how the first line ends; new lines end so too.
    """

    opening: str
    block_text: str
    closing: str
    body: str
    newline: str

    @property
    def text(self) -> str:
        """Return the whole note."""
        return self.opening + self.block_text + self.closing + self.body


def split(text: str) -> Parts:
    """Cut a note into its pieces.

    Raises:
        NoteError: it does not begin with properties, or they never end.
    """
    opening = _OPENING.match(text)
    if opening is None:
        if text.lstrip("\ufeff").startswith("{"):
            raise NoteError('the properties are written in { }; write them as "name: value" lines')
        raise NoteError('the first line is not "---", so the note has no properties')
    closing = _CLOSING.search(text, opening.end())
    if closing is None:
        raise NoteError('the properties never end: a line "---" is missing below them')
    return Parts(
        opening=opening[0],
        block_text=text[opening.end() : closing.start()],
        closing=closing[0],
        body=text[closing.end() :],
        newline="\r\n" if opening[0].endswith("\r\n") else "\n",
    )


def read(text: str) -> dict[str, object]:
    """Return the properties of a note in their order.

    Returns:
        For each name None, bool, int, Decimal, str, list or dict (see `strict_yaml.parse`).

    Raises:
        NoteError: there are none, or they cannot be understood in exactly one way.
    """
    return _locate(split(text))[0]


def edit(
    text: str,
    *,
    set: Mapping[str, object] | None = None,  # noqa: A002  edit(text, set=...) reads as it is said
    rename: Mapping[str, str] | None = None,
    remove: Collection[str] = (),
) -> str:
    """Return a note with some properties changed and everything else as it was.

    Args:
        text: the note.
        set: new values by (new) name; a name that is not there is added at the end.
        rename: new names by old name; the place is kept, a name that is not there is passed over.
        remove: names to take out, if there.

    Raises:
        NoteError: the note cannot be read, a new name is taken by a property that `set` does not
            replace, or the result would not say exactly what was meant.
    """
    changes, names = dict(set or {}), dict(rename or {})
    parts = split(text)
    values, properties = _locate(parts)
    gone = {*remove} | _overtaken(values, changes, names, remove)
    kept = {names.get(name, name): value for name, value in values.items() if name not in gone}
    lines: list[str] = _LINE.findall(parts.block_text)
    for found in reversed(properties):  # from the end, so that the numbers of lines stay true
        own = lines[found.line : found.end_line]
        name = names.get(found.key, found.key)
        if found.key in gone:
            own = []
        elif name in changes and not strict_yaml.same(kept[name], strict_yaml.clean(changes[name])):
            own = [_with_value(own[0], found, changes[name])]
        if own and name != found.key:
            start, end = found.key_columns
            own[0] = own[0][:start] + strict_yaml.dump_key(name) + own[0][end:]
        lines[found.line : found.end_line] = own
    indent = " " * (properties[0].key_columns[0] if properties else 0)
    added = [name for name in changes if name not in kept]
    lines += [indent + _line(name, changes[name]) + parts.newline for name in added]
    return _checked(replace(parts, block_text="".join(lines)), kept | changes)


def compose(properties: Mapping[str, object]) -> str:
    """Return the lines from "---" to "---" for a new note.

    Raises:
        NoteError: they would not be read back the same.
        TypeError: a value of a type that has no place in a note.
    """
    block_text = "".join(f"{_line(name, value)}\n" for name, value in properties.items())
    return _checked(Parts("---\n", block_text, "---\n", "", "\n"), properties)


def _locate(parts: Parts) -> tuple[dict[str, object], tuple[Property, ...]]:
    return strict_yaml.locate(parts.block_text, first_line=2)


def _overtaken(
    values: Mapping[str, object],
    changes: Mapping[str, object],
    names: Mapping[str, str],
    remove: Collection[str],
) -> set[str]:
    """Return the old names whose new name is there already and gets a new value anyway."""
    found: set[str] = set()
    for old, new in names.items():
        is_taken = new in values and new not in names and new not in remove
        if old not in values or old in remove or not is_taken:
            continue
        if new not in changes:
            raise NoteError(f'"{old}" cannot become "{new}": both are there; keep one')
        found.add(old)
    return found


def _line(name: str, value: object) -> str:
    return f"{strict_yaml.dump_key(name)}: {strict_yaml.dump_value(value)}".rstrip(" ")


def _with_value(line: str, found: Property, value: object) -> str:
    """Return a property's first line with another value; a comment after a short value stays."""
    written = strict_yaml.dump_value(value)
    content = line.rstrip("\r\n")
    before, after = f"{content[: found.key_columns[1]]}: ", ""
    if found.value_columns:
        start, end = found.value_columns
        before, after = content[:start], content[end:]
    if written and before.endswith(":"):
        before += " "
    if not written:
        before = before.rstrip(" \t")
    return before + written + after + line[len(content) :]


def _checked(parts: Parts, expected: Mapping[str, object]) -> str:
    """Return the note, after reading it again (a line "---" inside would be refused there)."""
    try:
        found, _ = _locate(parts)
    except NoteError as error:
        raise NoteError(f"the change would make the note unreadable: {error.reason}") from error
    if not strict_yaml.same(found, strict_yaml.clean(expected)):
        raise NoteError(
            "these properties cannot be changed without changing others; "
            'write them as simple "name: value" lines'
        )
    return parts.text
