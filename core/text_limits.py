"""How long a text may be for a network, counted as the network counts it.

Rules: a service states its limits where it states its actions, with the source; what a network
does not document is counted as code points and says so; the same count refuses a text, stands in a
proposal and in the reference page.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def code_points(text: str) -> int:
    """Return the number of Unicode code points of a text in NFC."""
    return len(unicodedata.normalize("NFC", text))


def utf8_bytes(text: str) -> int:
    """Return the number of bytes of a text in NFC and UTF-8."""
    return len(unicodedata.normalize("NFC", text).encode())


@dataclass(frozen=True)
class TextLimit:
    """The most that one kind of text may be long.

    Args:
        at_most: in `unit`.
        unit: what is counted, in the plural.
        counting: how, in words.
        source: who says so, with the day it was read.
        count: counts a text; it is brought into NFC first.
    """

    at_most: int
    unit: str
    counting: str
    source: str
    count: Callable[[str], int] = code_points

    def shown(self, text: str) -> str:
        """Return how much of the limit a text takes: `123 of 280 characters`."""
        return f"{self.count(text):,} of {self.at_most:,} {self.unit}"

    def check(self, text: str) -> str:
        """Return a text that fits.

        Raises:
            ValueError: it is too long; the message says by how much.
        """
        length = self.count(text)
        if length > self.at_most:
            raise ValueError(f"is {length:,} {self.unit} long; at most {self.at_most:,} fit")
        return text
