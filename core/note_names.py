"""File names in the vault: what they tell, and how our notes are called.

Rules: what sync tools and editors leave behind is known by its name and ignored; a name of ours is
safe on every system that Obsidian runs on.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

NAME_LIMIT_BYTES = 120
# Source: Obsidian help (trash, settings), Syncthing, Dropbox, OneDrive and iCloud documentation,
# and the editors' own names, as of 2026-11; one table for watcher and scanner.
_IGNORED_PREFIXES = (".", "~")
_IGNORED_SUFFIXES = (
    "~",
    ".tmp",
    ".temp",
    ".part",
    ".partial",
    ".crdownload",
    ".swp",
    ".swx",
    ".bak",
    ".lock",
    ".icloud",
)
_IGNORED_NAMES = frozenset(
    {"thumbs.db", "desktop.ini", "icon\r", "conflict-files-obsidian-git.md", ".gitkeep"}
)
_CONFLICT = re.compile(
    r"conflicted copy|\.sync-conflict-\d{8}-\d{6}-[A-Z0-9]{7}|\(case conflict", re.IGNORECASE
)
_JOINERS = re.compile("[\u00ad\u200c\u200d\ufe0e\ufe0f]")
"""What stands inside a word, or beside a picture, and is not seen."""
_DASHES = re.compile(r"[ _-]*[-_][ _-]+|[ _-]+[-_][ _-]*")
TORN_CHARS = 20
_RESERVED = re.compile(r"(CON|PRN|AUX|NUL|COM\d|LPT\d)(\.|$)", re.IGNORECASE)
REASON_SUFFIX = ".reason.md"


def is_ignored(name: str) -> bool:
    """Return whether a name belongs to a sync tool, an editor or the system."""
    lower = name.lower()
    return (
        name.startswith(_IGNORED_PREFIXES)
        or lower.endswith(_IGNORED_SUFFIXES)
        or lower in _IGNORED_NAMES
        or lower.endswith(REASON_SUFFIX)
    )


def is_conflict_copy(name: str) -> bool:
    """Return whether a sync tool made this copy because two devices disagreed."""
    return _CONFLICT.search(unicodedata.normalize("NFC", name)) is not None


def note_name(note_id: str, title: str) -> str:
    """Return `APR-20261121-001 Title words.md`, safe on every system Obsidian runs on."""
    room = NAME_LIMIT_BYTES - len(f"{note_id} .md".encode())
    words = _cut(_plain_words(title), room).strip(" -_")
    return f"{note_id} {words}.md" if words else f"{note_id}.md"


def display_name(text: str) -> str:
    """Return a file name from outside as harmless words, for titles and tables."""
    name = note_name("", Path(text.replace("\\", "/")).name).removesuffix(".md").strip()
    return f"file {name}" if _RESERVED.match(name) else (name or "file")


def _plain_words(title: str) -> str:
    """Return a title without pictures, marks of direction, signs, and rows of dashes."""
    kept: list[str] = []
    for char in unicodedata.normalize("NFC", _JOINERS.sub("", title)):
        belongs = unicodedata.category(char).startswith("M") and kept and kept[-1] not in " -_"
        kept.append(char if char.isalnum() or char in "-_" or belongs else " ")
    spaced = " ".join("".join(kept).split())
    words = _DASHES.sub(lambda run: run[0] if run[0] == " - " else " ", spaced)
    return unicodedata.normalize("NFC", words)


def _cut(words: str, room: int) -> str:
    """Return at most so many bytes of a text, without the beginning of a word if that is short."""
    cut = words.encode()[:room].decode(errors="ignore")
    whole, _, rest = cut.rpartition(" ")
    is_torn = words[len(cut) : len(cut) + 1].strip() != ""
    return whole if is_torn and whole and len(rest) < TORN_CHARS else cut
