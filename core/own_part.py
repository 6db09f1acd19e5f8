"""Our part of a note, between two markers; everything else is the owner's.

Rules: only lines that we wrote are ever taken away, wherever they stand; a line of the owner's
between the markers is kept below them; a copy of our part, or what is left of one whose marker was
deleted, goes when it says nothing but our own words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core import note_edits
from utils import files

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Set as AbstractSet

KEPT = "## Kept from your edit"
MARK_CHARS = 12


def markers(name: str) -> tuple[str, str]:
    """Return the two lines between which a part of a note is ours; Obsidian does not show them."""
    return f"%% ai:begin {name} %%", f"%% ai:end {name} %%"


def marks_of(text: str) -> set[str]:
    """Return what our lines are known by later; blank ones are nobody's."""
    return {_mark(line) for line in text.split("\n") if line.strip()}


def _mark(line: str) -> str:
    return files.digest(line.strip().encode())[:MARK_CHARS]


def found_in(text: str, name: str) -> str | None:
    """Return what stands between the markers in a note, None when there is no pair of them."""
    pair = _pairs(name).search(text)
    return None if pair is None else pair[1].replace("\r\n", "\n").strip("\n")


def _pairs(name: str) -> re.Pattern[str]:
    begin, end = map(re.escape, markers(name))
    return re.compile(rf"{begin}((?:(?!{begin}).)*?){end}", re.DOTALL)


def renewed(text: str, name: str, ours: str, known: AbstractSet[str] | None) -> str:
    """Return a note with our part replaced, or added at its end.

    Args:
        text: the note.
        name: of the part.
        ours: its new lines.
        known: the marks of the lines that we wrote before; None: all between the markers is ours.
    """
    note = _Note(name, note_edits.newline_of(text), known, marks_of(ours))
    block = note.newline.join([note.begin, *ours.split("\n"), note.end])
    pairs = list(_pairs(name).finditer(text))
    if not pairs:
        rest = note.without_remains(text).rstrip()
        return f"{rest}{note.newline * 2}{block}{note.newline}" if rest else block + note.newline
    first, tail = pairs[0], text[pairs[0].end() :]
    owners = list(note.owners(first[1]))
    if known is not None:  # a second part, made by a sync tool or a copy
        for other in reversed(pairs[1:]):
            start = other.start() - first.end()
            owners += note.owners(other[1])
            tail = tail[:start].rstrip("\r\n") + tail[other.end() - first.end() :]
    return text[: first.start()] + block + note.with_kept(owners, tail)


@dataclass(frozen=True)
class _Note:
    """What is known of a note that is written anew."""

    name: str
    newline: str
    known: AbstractSet[str] | None
    new: AbstractSet[str]

    @property
    def begin(self) -> str:
        return markers(self.name)[0]

    @property
    def end(self) -> str:
        return markers(self.name)[1]

    def _is_ours(self, line: str) -> bool:
        return self.known is None or not line.strip() or _mark(line) in (self.known | self.new)

    def owners(self, part: str) -> Iterator[str]:
        """Yield the lines of a part of ours that somebody else wrote."""
        for line in part.split("\n"):
            if not self._is_ours(line):
                yield line.rstrip("\r")

    def with_kept(self, owners: Sequence[str], tail: str) -> str:
        """Return what follows our part, with the owner's lines from it before the rest."""
        if not owners:
            return tail
        head = self.newline * 2 + KEPT + self.newline * 2 + self.newline.join(owners)
        rest = tail.lstrip("\r\n")
        if rest.startswith(KEPT):
            return head + self.newline + rest.removeprefix(KEPT).lstrip("\r\n")
        return head + tail

    def without_remains(self, text: str) -> str:
        """Return a note without a lone marker and the lines of ours that stand next to it."""
        if self.known is None:
            return text
        lines, gone = text.split("\n"), set[int]()
        for marker, step in ((self.begin, 1), (self.end, -1)):
            for place in [n for n, line in enumerate(lines) if line.strip() == marker]:
                gone.add(place)
                at = place + step
                while 0 <= at < len(lines) and self._is_ours(lines[at]):
                    gone.add(at)
                    at += step
        return "\n".join(line for n, line in enumerate(lines) if n not in gone)
