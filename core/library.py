"""The vault's notes for a reader: one note in portions, and a search that always ends soon.

Rules: only regular `.md` files inside the vault are read; no link is followed and no dot folder
entered; every answer is capped; a search that runs out of time says so and can be gone on with.
"""

from __future__ import annotations

import os
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core import frontmatter, vault_files
from core.vault import NOTE_LIMIT_BYTES
from utils import files
from utils.errors import NoteError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from core.workspace import Workspace

PORTION_CHARS = 16_000
SEARCH_S = 2.0
DEEPEST = 16
"""Folders deeper than this are not searched."""

EXCERPT_CHARS, BEFORE_CHARS = 240, 60
NOTE_ID = re.compile(r"(?:APR|TSK|EML|ASK|PLAN)-\d{8}-\d{3,9}")
_CURSOR = re.compile(r"(\d{1,9}):(.+)", re.DOTALL)
Place = tuple[str, ...]
"""A path inside the vault, as its parts."""


@dataclass(frozen=True)
class Hits:
    """What a search found.

    Args:
        items: `note`, its path in the vault, and `excerpt`, words from it.
        total: how many there are, None when not all notes were looked at.
        next_cursor: give it back to go on; None at the end.
        complete: whether every note was looked at.
        skipped: how many files and folders could not be read.
    """

    items: tuple[dict[str, object], ...]
    total: int | None
    next_cursor: str | None
    complete: bool
    skipped: int


def place_of(ws: Workspace, name: str) -> Path:
    """Return where a note lies that is named by its id, or by its path in the vault.

    Raises:
        NoteError: there is no such note, or it is not one that is read here.
    """
    wanted = name.strip().removeprefix("[[").removesuffix("]]")
    if NOTE_ID.fullmatch(wanted):
        found = note_with_id(ws, wanted)
        if found is None:
            raise NoteError(f"asks for {wanted}, whose note is nowhere")
        return found
    parts = wanted.split("/")
    if any(not part or part.startswith(".") or _is_strange(part) for part in parts):
        raise NoteError("must name a note by its id or by its path inside the vault")
    if not parts[-1].lower().endswith(".md"):
        parts[-1] += ".md"
    path = vault_files.inside(ws.vault.root, "/".join(parts))
    if not os.path.lexists(path):
        raise NoteError("asks for a note that is not in the vault; search_notes finds notes")
    return path


def _is_strange(part: str) -> bool:
    return len(part) > 255 or any(c in "\\:" or unicodedata.category(c) == "Cc" for c in part)


def note_with_id(ws: Workspace, note_id: str) -> Path | None:
    """Return where the note with one of our ids lies, None when it is nowhere."""
    row, ask = ws.journal.get(note_id), ws.journal.ask(note_id)
    if row is not None or ask is not None:
        return ws.vault.find(row.note if row else ask.name if ask else "")
    for folder in ("Needs_Action", "Plans", "Completed/*", "Rejected", "In_Progress/*"):
        found = [*ws.vault.root.glob(f"{folder}/{note_id} *.md")]
        found += ws.vault.root.glob(f"{folder}/{note_id}.md")
        if found:
            return min(found)
    return None


def read(ws: Workspace, name: str, offset: int = 0) -> dict[str, Any]:
    """Return a portion of a note: its place, its properties, its text from an offset.

    Args:
        ws: the vault and its records.
        name: its id or its path.
        offset: where the portion begins, in characters of the whole note.

    Raises:
        NoteError: it cannot be read; says why.
    """
    path = place_of(ws, name)
    try:
        data = files.read_regular(path, limit_bytes=NOTE_LIMIT_BYTES)
    except FileNotFoundError:
        raise NoteError("asks for a note that is not in the vault (any more)") from None
    except OSError as error:
        raise NoteError(f"asks for a note that cannot be read ({error.strerror})") from None
    text = data.decode("utf-8", errors="replace")
    end = offset + PORTION_CHARS
    properties, problem = _properties(text)
    return {
        "note": ws.vault.relative(path),
        "properties": properties,
        "problem": problem,
        "text": text[offset:end],
        "total_chars": len(text),
        "next_offset": end if end < len(text) else None,
    }


def _properties(text: str) -> tuple[dict[str, object] | None, str | None]:
    """Return a note's properties as short texts, or why they cannot be read."""
    try:
        found = frontmatter.read(text)
    except NoteError as error:
        return None, error.reason
    return {str(key)[:100]: _short(value) for key, value in list(found.items())[:40]}, None


def _short(value: object) -> object:
    if value is None or isinstance(value, (bool, int)):
        return value
    return str(value)[:500]


def search(ws: Workspace, words: str, folder: str, limit: int, cursor: str | None) -> Hits:
    """Return the notes that hold all the words, in their names or texts, in the order of paths.

    Args:
        ws: the vault and its records.
        words: what to look for; case does not count.
        folder: a folder of the vault, "" for all of it.
        limit: how many at most.
        cursor: `next_cursor` of the page before.

    Raises:
        NoteError: the folder or the cursor cannot be used.
    """
    root = ws.vault.root
    top = _folder(root, folder)
    before, after = _begin(cursor)
    wanted = _plain(words).split()
    until = ws.clock.monotonic() + SEARCH_S
    items: list[dict[str, object]] = []
    resume, found, complete, skipped = after, before, True, list[Place]()
    for place in _notes(root.joinpath(*top), top, after, skipped):
        excerpt = _excerpt(root, place, wanted, skipped)
        room = len(items) < limit
        if excerpt is not None:
            found += 1
            if room:
                items.append({"note": "/".join(place), "excerpt": excerpt})
        if room:
            resume = place
        if ws.clock.monotonic() > until:
            complete = False
            break
    shown = before + len(items)
    more = found > shown or not complete
    next_cursor = f"{shown}:{'/'.join(resume)}" if more else None
    return Hits(tuple(items), found if complete else None, next_cursor, complete, len(skipped))


def _begin(cursor: str | None) -> tuple[int, Place]:
    if cursor is None:
        return 0, ()
    known = _CURSOR.fullmatch(cursor)
    if known is None:
        raise NoteError("has a `cursor` that is none; give back `next_cursor` as it was")
    return int(known[1]), tuple(known[2].split("/"))


def _folder(root: Path, folder: str) -> Place:
    parts = tuple(part for part in folder.strip().split("/") if part)
    if any(part.startswith(".") or _is_strange(part) for part in parts):
        raise NoteError("must name a folder by its path inside the vault")
    path = vault_files.inside(root, "/".join((*parts, "x"))).parent if parts else root
    if not path.is_dir() or (parts and path.is_symlink()):
        raise NoteError("asks for a folder that is not in the vault")
    return parts


def _notes(folder: Path, place: Place, after: Place, skipped: list[Place]) -> Iterator[Place]:
    """Yield the notes below a folder that come after a place, in the order of their paths."""
    try:
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError:
        found = []
        skipped.append(place)
    for entry in found:
        here = (*place, entry.name)
        if entry.name.startswith((".", "~")) or here < after[: len(here)]:
            continue
        if entry.is_dir(follow_symlinks=False) and len(here) < DEEPEST:
            yield from _notes(folder / entry.name, here, after, skipped)
        elif _is_note(entry) and here > after:
            yield here


def _is_note(entry: os.DirEntry[str]) -> bool:
    is_named = entry.name.lower().endswith(".md") and entry.name.isprintable()
    return is_named and entry.is_file(follow_symlinks=False)


def _excerpt(root: Path, place: Place, wanted: list[str], skipped: list[Place]) -> str | None:
    """Return words around what was looked for, None when the note does not hold it."""
    try:
        data = files.read_regular(root.joinpath(*place), limit_bytes=NOTE_LIMIT_BYTES)
    except (NoteError, OSError):
        skipped.append(place)
        return None
    text = data.decode("utf-8", errors="replace")
    plain, name = _plain(text), _plain(place[-1])
    if not all(word in plain or word in name for word in wanted):
        return None
    first = min((plain.find(word) for word in wanted if word in plain), default=0)
    start = max(0, first - BEFORE_CHARS)
    return " ".join(text[start : start + EXCERPT_CHARS].split())


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()
