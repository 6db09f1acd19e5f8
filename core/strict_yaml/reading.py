"""Read a YAML document from its events, and say where each property stands.

Rules: the values are built on a stack of our own, so that no nesting recurses; whatever Obsidian
could understand differently is refused with its line, in plain words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NoReturn, Protocol

import yaml

from core.strict_yaml.values import MAX_DEPTH, REFUSED, resolve, shown
from utils.errors import NoteError

MAX_BYTES = 16_384
_Loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # only its events: no recursive composer
_PLAIN_WORDS = (
    (r"scanning an? (alias|anchor)", "a text that starts with * or & must be in quotes"),
    (r"mapping values are not", 'a text with ": " in it must be in quotes'),
    (r"block sequence entries are not", 'a text that starts with "- " must be in quotes'),
    (r"mapping keys are not", 'a text that starts with "? " must be in quotes'),
    (r"start any token", "a text that starts with @, % or `, or with a tab, must be in quotes"),
    (r"expected node content", "a text that starts with ] or } or a comma must be in quotes"),
    (r"expected comment or line break", "a text that starts with | or > must be in quotes"),
    (r"quoted scalar found unexpected", "a quotation mark is never closed"),
    (r"escape|hex[ad]*ecimal", r"between double quotes a backslash is written twice, \\"),
    (r"expected ',' or", "a bracket [ or { is never closed, or a comma is missing"),
    (r"tab character", "the lines after a | or > start with a tab; put the text in quotes"),
    (r"directive|document start", 'a line is not "name: value", or less indented than the first'),
    (r"", 'this is not "name: value"; is the indentation even, and nothing after a closing quote?'),
)


@dataclass(frozen=True)
class Property:
    """Where a name and its value stand; lines and columns from 0, ends exclusive.

    Args:
        key: the name.
        line: the line of the name.
        key_columns: the name's first column and the one after it.
        value_columns: the same for a value on the name's line; None when it takes other lines too.
        end_line: the line after the last one of the value.
    """

    key: str
    line: int
    key_columns: tuple[int, int]
    value_columns: tuple[int, int] | None
    end_line: int


def parse(
    text: str, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH, first_line: int = 1
) -> object:
    """Read one YAML document.

    Args:
        text: the document.
        max_bytes: its largest size in UTF-8.
        max_depth: how many lists and mappings may contain each other.
        first_line: the number that messages give to the first line.

    Returns:
        None, bool, int, Decimal, str, list or dict with text keys.

    Raises:
        NoteError: it is not valid, or could be understood in more than one way.
    """
    return _compose(text, max_bytes, max_depth, first_line).root


def locate(
    text: str, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH, first_line: int = 1
) -> tuple[dict[str, object], tuple[Property, ...]]:
    """Read a mapping, one name a line, and say where each property stands; else as `parse`."""
    composer = _compose(text, max_bytes, max_depth, first_line)
    if composer.root is None and not composer.properties:
        return {}, ()
    if not isinstance(composer.root, dict):
        raise NoteError('the properties must be lines of "name: value", not a list or a text')
    if composer.root_is_flow:
        raise NoteError('the properties must be lines of "name: value", not written in { }')
    found = (_without_blank_end(each, composer.lines) for each in composer.properties)
    return composer.root, tuple(found)


class _Mark(Protocol):
    line: int
    column: int


@dataclass
class _Frame:
    """A collection that is being filled; `key` is the name whose value comes next."""

    value: dict[str, object] | list[object]
    is_flow: bool
    key: str | None = None


class _Composer:
    """Builds values from events on a stack of its own, and notes where properties stand."""

    def __init__(self, text: str, max_depth: int, first_line: int) -> None:
        self.lines = text.split("\n")
        self.root: object = None
        self.root_is_flow = False
        self.properties: list[Property] = []
        self._max_depth = max_depth
        self._first_line = first_line
        self._stack: list[_Frame] = []
        self._documents = 0
        self._key: yaml.ScalarEvent | None = None  # of the property that is being read
        self._value: yaml.Event | None = None  # the first event of its value
        self._end: tuple[int, int | None] = (0, None)  # end line and column of the text so far

    def refuse(self, reason: str, mark: _Mark | None) -> NoReturn:
        where = "" if mark is None else f"line {mark.line + self._first_line}: "
        raise NoteError(f"{where}{reason}")

    def take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.DocumentStartEvent | yaml.DocumentEndEvent):
            self._documents += isinstance(event, yaml.DocumentStartEvent)
            if event.explicit or self._documents > 1:
                self.refuse('"---", "..." and "%" lines have no place here', event.start_mark)
        elif isinstance(event, yaml.CollectionEndEvent):
            if self._stack.pop().is_flow:
                line, column = _at(event.end_mark)
                self._end = line + 1, column
            self._finish_property()
        elif isinstance(event, yaml.NodeEvent):
            self._take_node(event)

    def _take_node(self, event: yaml.NodeEvent) -> None:
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            self.refuse("a text that starts with * or & must be in quotes", event.start_mark)
        if getattr(event, "tag", None) is not None:
            self.refuse("a text that starts with ! must be in quotes", event.start_mark)
        frame = self._stack[-1] if self._stack else None
        if frame and isinstance(frame.value, dict) and frame.key is None:
            frame.key = self._key_text(event, frame.value)
            return
        if len(self._stack) == 1 and self._key:
            self._value = event
        if isinstance(event, yaml.ScalarEvent):
            self._place(self._scalar(event))
            self._finish_property()
        elif isinstance(event, yaml.CollectionStartEvent):
            self._open(event)

    def _open(self, event: yaml.CollectionStartEvent) -> None:
        if len(self._stack) >= self._max_depth:
            reason = f"lists and groups are nested more than {self._max_depth} deep"
            self.refuse(reason, event.start_mark)
        value: dict[str, object] | list[object]
        value = {} if isinstance(event, yaml.MappingStartEvent) else []
        if not self._stack:
            self.root_is_flow = bool(event.flow_style)
        self._place(value)
        self._stack.append(_Frame(value, bool(event.flow_style)))

    def _place(self, value: object) -> None:
        if not self._stack:
            self.root = value
            return
        frame = self._stack[-1]
        if isinstance(frame.value, list):
            frame.value.append(value)
        elif frame.key is not None:
            frame.value[frame.key] = value
            frame.key = None

    def _key_text(self, event: yaml.NodeEvent, seen: dict[str, object]) -> str:
        """Return a name that every reader spells the same."""
        if not isinstance(event, yaml.ScalarEvent):
            self.refuse("a name must be a text; {{...}} must be in quotes", event.start_mark)
        line, column = _at(event.start_mark)
        if column and self.lines[line][column - 1] == "?":  # Obsidian reads [?a] as a text
            self.refuse("a text that starts with ? must be in quotes", event.start_mark)
        value = self._scalar(event)
        name = str(event.value)
        if not isinstance(value, str) and (isinstance(value, Decimal) or str(value) != name):
            self.refuse(f'the name "{shown(name)}" must be in quotes', event.start_mark)
        if name == "<<":
            self.refuse('"<<" cannot be used as a name', event.start_mark)
        if name in seen:
            self.refuse(f'"{shown(name)}" is there twice; keep one', event.start_mark)
        if len(self._stack) == 1:
            self._key = event
        return name

    def _scalar(self, event: yaml.ScalarEvent) -> object:
        text = str(event.value)
        is_block = event.style in {"|", ">"}
        line, column = _at(event.end_mark)
        self._end = (line, None) if is_block else (line + 1, column)
        if is_block and not self._stack:  # Obsidian takes a "#" line in it for text
            self.refuse('this is not "name: value"', event.start_mark)
        if event.style == '"':
            self._check_quoted(text, event)
        if is_block or event.style in {'"', "'"}:
            return text
        try:
            return resolve(text)
        except NoteError as error:
            self.refuse(error.reason, event.start_mark)

    def _check_quoted(self, text: str, event: yaml.ScalarEvent) -> None:
        if REFUSED.search(text):
            self.refuse("there is a control character in a text", event.start_mark)
        lines = self.lines[_at(event.start_mark)[0] : _at(event.end_mark)[0]]
        if any(line.endswith(("\\", "\\\r")) for line in lines):  # Obsidian may keep a space
            self.refuse("a quoted text has a backslash at the end of a line", event.start_mark)

    def _finish_property(self) -> None:
        if len(self._stack) != 1 or self._key is None or self._value is None:
            return
        line, key_start = _at(self._key.start_mark)
        key_end_line, key_end = _at(self._key.end_mark)
        if key_end_line != line:
            self.refuse("a name must stand on one line", self._key.start_mark)
        value_line, value_start = _at(self._value.start_mark)
        end_line, value_end = self._end
        columns = None
        if value_line == line == end_line - 1 and value_end is not None:
            columns = (value_start, value_end)
        end_line = max(end_line, line + 1)
        key = str(self._key.value)
        self.properties.append(Property(key, line, (key_start, key_end), columns, end_line))
        self._key = self._value = None


def _at(mark: _Mark | None) -> tuple[int, int]:
    return (mark.line, mark.column) if mark else (0, 0)


def _compose(text: str, max_bytes: int, max_depth: int, first_line: int) -> _Composer:
    size_bytes = len(text.encode(errors="surrogatepass"))
    if size_bytes > max_bytes:
        raise NoteError(f"the block is {size_bytes:,} bytes; the limit is {max_bytes:,} bytes")
    if found := REFUSED.search(text):
        line = text.count("\n", 0, found.start()) + first_line
        raise NoteError(f"line {line}: there is an invisible character (U+{ord(found[0]):04X})")
    text = text if text.endswith("\n") else f"{text}\n"  # Obsidian ends a last "|" text so, too
    composer = _Composer(text, max_depth, first_line)
    try:
        for event in yaml.parse(text, Loader=_Loader):
            composer.take(event)
    except yaml.YAMLError as error:
        words = f"{getattr(error, 'context', '')} {getattr(error, 'problem', '')}"
        reason = next(plain for pattern, plain in _PLAIN_WORDS if re.search(pattern, words))
        is_unclosed = re.search("quoted|flow", words)
        composer.refuse(
            reason, getattr(error, "context_mark" if is_unclosed else "problem_mark", None)
        )
    return composer


def _without_blank_end(found: Property, lines: list[str]) -> Property:
    """Return a property that leaves the blank lines after it to the owner."""
    end_line = found.end_line
    while end_line > found.line + 1 and not lines[end_line - 1].strip():
        end_line -= 1
    return replace(found, end_line=end_line)
