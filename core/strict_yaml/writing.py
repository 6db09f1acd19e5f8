"""Write values as YAML that Obsidian reads back the same.

Rules: texts are quoted unless they are `Plain` and read the same without quotes; what would not be
read back the same is refused, not written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from core.strict_yaml.reading import parse
from core.strict_yaml.values import (
    MAX_DEPTH,
    MAX_INTEGER,
    Plain,
    clean,
    means_text,
    same,
    survives,
    too_long,
)
from utils.errors import NoteError

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDTH = 100
_REORDERING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_BARE_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_BARE_VALUE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.+:/-]*[A-Za-z0-9])?")


def dump_key(key: object) -> str:
    """Return a name as it is written before the colon."""
    if not isinstance(key, str):
        raise TypeError(f"a property's name is a text, not {type(key).__name__}")
    bare = _BARE_KEY.fullmatch(key) and means_text(key)
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


def _quoted(text: str) -> str:
    written = json.dumps(clean(text), ensure_ascii=False)
    return _REORDERING.sub(lambda found: f"\\u{ord(found[0]):04x}", written)


def _inline(value: object, depth: int) -> str:
    """Return a value in flow style, `depth` levels of which are left."""
    if isinstance(value, str):
        is_bare = isinstance(value, Plain) and _BARE_VALUE.fullmatch(value)
        return str(value) if is_bare and means_text(value) else _quoted(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return str(value) if abs(value) <= MAX_INTEGER else too_long(str(value))
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
    return f"{value:f}" if survives(str(value)) else too_long(str(value))


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
