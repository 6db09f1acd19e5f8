"""Read and write YAML values the way Obsidian reads them, from text that nobody has vouched for.

Rules: YAML 1.2 core and nothing more, so `NO` is a text, `017` is 17 and a date is a text; money is
exact (`Decimal` from the digits); whatever two readers could understand differently is refused in
plain words; nesting is stopped while reading, before any recursion. What we write is quoted.

Source: npm yaml 2.7.0, schema "core", which Obsidian uses since 1.9, 2026-11-21.
"""

from core.strict_yaml.reading import Property, locate, parse
from core.strict_yaml.values import Plain, clean, resolve, same
from core.strict_yaml.writing import dump_block, dump_key, dump_value

__all__ = [
    "Plain",
    "Property",
    "clean",
    "dump_block",
    "dump_key",
    "dump_value",
    "locate",
    "parse",
    "resolve",
    "same",
]
