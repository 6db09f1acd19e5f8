"""The Obsidian vault: its folders, what lies in them, and moves that never overwrite.

Rules: folder names stand here and nowhere else; only regular `.md` files are notes; links, pipes,
folders and conflict copies stay untouched and are named; what sync tools and editors leave behind
is ignored; the program never looks at a file's time to decide anything.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from core.note_names import is_conflict_copy, is_ignored
from utils import files
from utils.errors import ConfigError, NoteError

if TYPE_CHECKING:
    from collections.abc import Iterator

NOTE_LIMIT_BYTES = 256 * 1024
PAUSE_NOTE = "PAUSE.md"
TRASH = ".trash"


class Folder(StrEnum):
    """The folders of the vault, relative to its root."""

    INBOX = "Inbox"
    NEEDS_ACTION = "Needs_Action"
    IN_PROGRESS = "In_Progress"
    PLANS = "Plans"
    PENDING = "Pending_Approval"
    APPROVED = "Approved"
    REJECTED = "Rejected"
    COMPLETED = "Completed"
    NEEDS_REVIEW = "Needs_Review"
    QUARANTINE = "Quarantine"
    AUDITS = "Audits"
    BRIEFINGS = "CEO_Briefings"
    GOALS = "Goals"
    BRAND = "Brand"
    CAMPAIGNS = "Campaigns"
    CLIENTS = "Clients"
    DRAFTS = "Drafts"
    ACTIVITY = "Activity"
    ATTACHMENTS = "Attachments"
    TEMPLATES = "Templates"


HOT = (
    Folder.PENDING,
    Folder.APPROVED,
    Folder.REJECTED,
    Folder.NEEDS_REVIEW,
    Folder.NEEDS_ACTION,
    Folder.COMPLETED,
    Folder.INBOX,
)
"""The watched folders; the archive below `Completed/YYYY-MM/` never is."""

ALIASES = {Folder.COMPLETED: "Done"}
"""Names that other assistants use and that are read as ours."""


@dataclass(frozen=True)
class Found:
    """One note file in a folder.

    Args:
        path: where it lies.
        signature: changes whenever the file does; used to skip unchanged notes, never to decide.
    """

    path: Path
    signature: tuple[int, ...]


@dataclass(frozen=True)
class LeftAlone:
    """Something in a watched folder that is not touched, and why."""

    path: Path
    reason: str


@dataclass(frozen=True)
class Listing:
    """What lies in a folder: notes, and what is left alone."""

    notes: tuple[Found, ...]
    left_alone: tuple[LeftAlone, ...]


@dataclass(frozen=True)
class NoteFile:
    """A note as read: path, bytes and their digest."""

    path: Path
    data: bytes
    digest: str


class Vault:
    """One vault on disk.

    Args:
        root: the folder that is opened in Obsidian.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def prepare(self) -> list[Path]:
        """Make the folders that are missing; return those made.

        Raises:
            ConfigError: a folder's name is taken by a link or a file.
        """
        made = []
        for folder in Folder:
            path = self.folder(folder)
            if path.is_symlink() or (path.exists() and not path.is_dir()):
                raise ConfigError("VAULT_PATH", f"{path} must be a real folder, not a link or file")
            if not path.exists():
                path.mkdir(parents=True)
                made.append(path)
        return made

    def folder(self, folder: Folder) -> Path:
        """Return a folder's path."""
        return self.root / folder

    @property
    def paused(self) -> bool:
        """Return whether `PAUSE.md` in the root stops all sending."""
        return os.path.lexists(self.root / PAUSE_NOTE)

    def relative(self, path: Path) -> str:
        """Return a path as shown to people and programs: relative to the vault, with `/`."""
        return path.relative_to(self.root).as_posix()

    def listing(self, folder: Folder) -> Listing:
        """Return what lies in a folder (and its alias), notes in the order of their names."""
        notes: list[Found] = []
        left_alone: list[LeftAlone] = []
        for path in self._places(folder):
            for entry in _scan(path):
                if is_ignored(entry.name):
                    continue
                reason = _why_left_alone(entry)
                if reason is None:
                    facts = entry.stat(follow_symlinks=False)
                    signature = (facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)
                    notes.append(Found(Path(entry.path), signature))
                elif not (entry.is_dir(follow_symlinks=False) and _may_hold_folders(folder)):
                    left_alone.append(LeftAlone(Path(entry.path), reason))
        notes.sort(key=lambda found: found.path.name)
        return Listing(tuple(notes), tuple(left_alone))

    def _places(self, folder: Folder) -> Iterator[Path]:
        yield self.folder(folder)
        alias = ALIASES.get(folder)
        if alias and (self.root / alias).is_dir() and not (self.root / alias).is_symlink():
            yield self.root / alias

    def read(self, path: Path) -> NoteFile:
        """Read a note whole, without following links.

        Raises:
            NoteError: it is no regular file or too large.
            FileNotFoundError: it is gone.
        """
        data = files.read_regular(path, limit_bytes=NOTE_LIMIT_BYTES)
        return NoteFile(path, data, files.digest(data))

    def create(self, folder: Path, name: str, text: str) -> Path:
        """Write a new note; a taken name gets a number.

        Returns:
            The path it was written to.
        """
        folder.mkdir(parents=True, exist_ok=True)
        while True:
            path = files.free_name(folder, name)
            try:
                files.create(path, text.encode())
            except FileExistsError:
                continue
            return path

    def rewrite(self, note: NoteFile, text: str) -> NoteFile:
        """Replace a note's text if it is still what was read.

        Raises:
            ChangedError: somebody changed or moved it meanwhile.
        """
        data = text.encode()
        files.replace(note.path, data, expected=note.digest)
        return NoteFile(note.path, data, files.digest(data))

    def move(self, path: Path, folder: Path) -> Path:
        """Move a note into a folder of the vault, keeping its name; never overwrites.

        Returns:
            Where it is now (a number is added when the name is taken).

        Raises:
            FileNotFoundError: it is gone.
        """
        folder.mkdir(parents=True, exist_ok=True)
        while True:
            target = files.free_name(folder, path.name)
            try:
                files.move(path, target)
            except FileExistsError:
                continue
            return target

    def trash(self, path: Path) -> Path:
        """Move a file into Obsidian's own `.trash/`."""
        return self.move(path, self.root / TRASH)

    def completed_folder(self, month: str) -> Path:
        """Return `Completed/2026-11`."""
        return self.folder(Folder.COMPLETED) / month

    def find(self, name: str) -> Path | None:
        """Return where a note of ours lies now, looking in the folders a person moves notes to."""
        for folder in HOT:
            for place in self._places(folder):
                path = place / name
                if os.path.lexists(path):
                    return path
        for place in self._places(Folder.COMPLETED):
            found = sorted(place.glob(f"*/{name}"))
            if found:
                return found[0]
        path = self.folder(Folder.QUARANTINE) / name
        return path if os.path.lexists(path) else None


def _scan(path: Path) -> list[os.DirEntry[str]]:
    if path.is_symlink():
        raise NoteError("is a link; the folders of the vault must be real folders", path)
    try:
        with os.scandir(path) as entries:
            return list(entries)
    except FileNotFoundError:
        path.mkdir(parents=True, exist_ok=True)
        return []


def _may_hold_folders(folder: Folder) -> bool:
    return folder in {Folder.COMPLETED, Folder.REJECTED, Folder.NEEDS_ACTION, Folder.NEEDS_REVIEW}


def _why_left_alone(entry: os.DirEntry[str]) -> str | None:
    try:
        mode = entry.stat(follow_symlinks=False).st_mode
    except FileNotFoundError:
        return "it vanished while the folder was read"
    if stat.S_ISLNK(mode):
        return "a link: links are never followed"
    if stat.S_ISDIR(mode):
        return "a folder: notes must lie directly in here"
    if not stat.S_ISREG(mode):
        return "not a regular file (a pipe, socket or device)"
    if not entry.name.lower().endswith(".md"):
        return "not a note: only .md files are read here"
    if is_conflict_copy(entry.name):
        return "a sync conflict copy: compare it with the original and delete one"
    return None
