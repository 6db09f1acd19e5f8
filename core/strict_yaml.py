"""Read and write YAML values the way Obsidian reads them, from text that nobody has vouched for.

Rules: YAML 1.2 core and nothing more, so `NO` is a text, `017` is 17 and a date is a text; money is
exact (`Decimal` from the digits); whatever two readers could understand differently is refused in
plain words; nesting is stopped while reading, before any recursion. What we write is quoted.

Source: npm yaml 2.7.0, schema "core", which Obsidian uses since 1.9, 2026-11-21.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import TYPE_CHECKING, NoReturn, Protocol

import yaml

from utils.errors import NoteError

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BYTES = 16_384
MAX_DEPTH = 8
MAX_INTEGER = 2**53 - 1  # a bare number above it loses digits when Obsidian saves the note
MAX_EXPONENT = 400  # a float has no more
WIDTH = 100

_Loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # only its events: no recursive composer
_HARMFUL = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff"
_REFUSED = re.compile(rf"[{_HARMFUL}]|\r(?!\n)")
_STRIPPED = re.compile(rf"[{_HARMFUL}]")
_REORDERING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_NULL = re.compile(r"(?:~|null|Null|NULL)?")
_BOOLEAN = re.compile(r"(true|True|TRUE)|false|False|FALSE")
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_DECIMAL = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_INFINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)")
_NOT_A_NUMBER = re.compile(r"\.(?:nan|NaN|NAN)")
_BARE_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_BARE_VALUE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.+:/-]*[A-Za-z0-9])?")
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


class Plain(str):
    """A text that is written without quotes when it reads the same so, such as a date and time."""

    __slots__ = ()


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


def resolve(text: str) -> object:
    """Return what an unquoted text means.

    Raises:
        NoteError: it is a number that Obsidian would not keep.
    """
    if _NULL.fullmatch(text):
        return None
    if match := _BOOLEAN.fullmatch(text):
        return match[1] is not None
    if _INTEGER.fullmatch(text):
        return _integer(text)
    if _DECIMAL.fullmatch(text):
        return Decimal(text) if _survives(text) else _too_long(text)
    if _INFINITE.fullmatch(text):
        return Decimal("-Infinity" if text.startswith("-") else "Infinity")
    return Decimal("NaN") if _NOT_A_NUMBER.fullmatch(text) else text


def same(one: object, other: object) -> bool:
    """Return whether two values mean the same, in the same order; 5 and 5.00 do, 1 and true not."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if _is_number(one) and _is_number(other):
        return one == other or (one != one and other != other)  # noqa: PLR0124  NaN
    if isinstance(one, str) and isinstance(other, str):
        return one == other
    return one is other  # None, True, False


def clean(value: object) -> object:
    """Return a value as it will be read back: without control characters, line ends as LF."""
    if isinstance(value, str):
        return _STRIPPED.sub("", value.replace("\r\n", "\n").replace("\r", "\n"))
    if isinstance(value, Mapping):
        return {clean(key): clean(item) for key, item in value.items()}
    return [clean(item) for item in value] if isinstance(value, list | tuple) else value


def dump_key(key: object) -> str:
    """Return a name as it is written before the colon."""
    if not isinstance(key, str):
        raise TypeError(f"a property's name is a text, not {type(key).__name__}")
    bare = _BARE_KEY.fullmatch(key) and _means_text(key)
    return str(key) if bare else _quoted(key)


def dump_value(value: object) -> str:
    """Return a value on one line: texts quoted, lists and mappings in brackets, None empty.

    Raises:
        NoteError: a number that Obsidian would not keep, or too deeply nested.
        TypeError: a type that has no place in a note; money is Decimal, never float.
    """
    return "" if value is None else _inline(value, MAX_DEPTH)


def dump_block(mapping: Mapping[str, object]) -> str:
    """Return a mapping as lines that `parse` reads back the same; long entries take several lines.

    Raises:
        NoteError: it would not be read back the same.
        TypeError: a type that has no place in a note.
    """
    text = "\n".join(_block_lines(mapping, 0, MAX_DEPTH) if mapping else ["{}"]) + "\n"
    if not same(parse(text), clean(mapping)):
        raise NoteError("these values cannot be written so that they are read back the same")
    return text


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
            self.refuse(f'the name "{_shown(name)}" must be in quotes', event.start_mark)
        if name == "<<":
            self.refuse('"<<" cannot be used as a name', event.start_mark)
        if name in seen:
            self.refuse(f'"{_shown(name)}" is there twice; keep one', event.start_mark)
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
        if _REFUSED.search(text):
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
    if found := _REFUSED.search(text):
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


def _integer(text: str) -> int:
    if len(text) > 20:
        _too_long(text)
    value = int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
    return value if abs(value) <= MAX_INTEGER else _too_long(text)


def _survives(text: str) -> bool:
    """Return whether a decimal number stays the same when Obsidian, in JavaScript, saves it."""
    nearest = float(text)  # only to compare: JavaScript writes the same shortest digits
    try:
        value = Decimal(text)
    except InvalidOperation:  # an exponent of twenty digits
        return False
    is_bounded = abs(int(value.as_tuple().exponent)) <= MAX_EXPONENT
    return is_bounded and isfinite(nearest) and Decimal(repr(nearest)) == value


def _too_long(text: str) -> NoReturn:
    raise NoteError(f"the number {_shown(text)} is too long to be kept exactly; put it in quotes")


def _shown(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}..."


def _is_number(value: object) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _means_text(text: str) -> bool:
    try:
        return isinstance(resolve(text), str)
    except NoteError:  # too long a number
        return False


def _quoted(text: str) -> str:
    written = json.dumps(clean(text), ensure_ascii=False)
    return _REORDERING.sub(lambda found: f"\\u{ord(found[0]):04x}", written)


def _inline(value: object, depth: int) -> str:
    """Return a value in flow style, `depth` levels of which are left."""
    if isinstance(value, str):
        is_bare = isinstance(value, Plain) and _BARE_VALUE.fullmatch(value)
        return str(value) if is_bare and _means_text(value) else _quoted(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return str(value) if abs(value) <= MAX_INTEGER else _too_long(str(value))
    if isinstance(value, Decimal):
        return _decimal(value)
    if depth == 0:
        raise NoteError(f"lists and groups are nested more than {MAX_DEPTH} deep")
    if isinstance(value, Mapping):
        pairs = (f"{dump_key(key)}: {_inline(item, depth - 1)}" for key, item in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_inline(item, depth - 1) for item in value) + "]"
    raise TypeError(f"{type(value).__name__} has no place in a note; money is Decimal")


def _decimal(value: Decimal) -> str:
    if value.is_nan():
        return ".nan"
    if value.is_infinite():
        return "-.inf" if value < 0 else ".inf"
    return f"{value:f}" if _survives(str(value)) else _too_long(str(value))


def _block_lines(mapping: Mapping[str, object], indent: int, depth: int) -> Iterator[str]:
    for key, value in mapping.items():
        name = " " * indent + dump_key(key)
        if value is None:
            yield f"{name}:"
            continue
        line = f"{name}: {_inline(value, depth - 1)}"
        if isinstance(value, Mapping) and value:
            yield f"{name}:"
            yield from _block_lines(value, indent + 2, depth - 1)
        elif isinstance(value, list | tuple) and value and not _fits(line, value):
            yield f"{name}:"
            yield from _item_lines(value, indent + 2, depth - 1)
        else:
            yield line


def _fits(line: str, items: list[object] | tuple[object, ...]) -> bool:
    has_collections = any(isinstance(item, Mapping | list | tuple) for item in items)
    return len(line) <= WIDTH and not has_collections


def _item_lines(items: list[object] | tuple[object, ...], indent: int, depth: int) -> Iterator[str]:
    for item in items:
        line = f"{' ' * indent}- {_inline(item, depth - 1)}"
        if len(line) <= WIDTH or not isinstance(item, Mapping) or not item:
            yield line
            continue
        first, *rest = _block_lines(item, indent + 2, depth - 1)
        yield f"{' ' * indent}- {first.lstrip()}"
        yield from rest
