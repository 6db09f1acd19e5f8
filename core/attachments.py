"""Files of any kind that go with a mail: named, typed and counted first, bound by content.

Rules: those of `core/vault_files.py`, and one limit for all files of a mail together. What is said
of a file is what its recipient's program is told: its name, and the type that its name stands for.

An action that takes them has an argument `attachments` (`AttachmentList`) and an `AttachmentRule`.
"""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator, Field

from core import notes
from core.vault_files import (
    LoadedFile,
    VaultFile,
    as_list,
    content,
    with_digest,
    written_short,
)
from utils.errors import NoteError

if TYPE_CHECKING:
    from pathlib import Path

    from core.actions import Payload

FIELD = "attachments"
"""The argument that holds them, in every action."""
AT_MOST = 10
UNKNOWN_TYPE = "application/octet-stream"
_UNIT = 1000

AttachmentList = Annotated[
    list[Annotated[VaultFile, BeforeValidator(written_short)]],
    BeforeValidator(as_list),
    Field(min_length=1, max_length=AT_MOST),
]
"""The type of an argument `attachments`; use it as `AttachmentList | None = None`."""


@dataclass(frozen=True)
class AttachmentRule:
    """What a service takes.

    Args:
        limit_bytes: the most that all files may hold together.
    """

    limit_bytes: int

    @property
    def field(self) -> str:
        """Return the argument that names the files."""
        return FIELD

    def read(self, root: Path, payload: Payload, *, as_given: bool) -> list[LoadedFile]:
        """Return what the files hold (`core.vault_files.FileRule.read`)."""
        found, left = [], self.limit_bytes
        for file in attachments_in(payload):
            data = content(root, file, "attachment", self.limit_bytes)
            left -= len(data)
            if left < 0:
                limit = shown_size(self.limit_bytes)
                raise NoteError(f"has attachments of more than {limit} together")
            named = with_digest(file, "attachment", data, as_given=as_given)
            found.append(LoadedFile(named, data))
        return found


def attachments_in(payload: Payload) -> list[VaultFile]:
    """Return the attachments of a payload, in order."""
    return [VaultFile.model_validate(item) for item in payload.get(FIELD) or []]


def name_of(file: VaultFile) -> str:
    """Return the name that its recipient sees."""
    return file.path.rpartition("/")[2]


def type_of(file: VaultFile) -> str:
    """Return the type that a file's name stands for, as in a mail's headers."""
    kind, encoding = mimetypes.guess_type(name_of(file))
    if kind is None or encoding is not None or kind.startswith(("message/", "multipart/")):
        return UNKNOWN_TYPE  # a mail or a packed file is bytes like any other
    return kind


def shown_size(count: int) -> str:
    """Return a number of bytes as people say it."""
    if count < _UNIT:
        return f"{count} bytes"
    return f"{count / _UNIT:,.1f} kB" if count < _UNIT**2 else f"{count / _UNIT**2:,.1f} MB"


def listed(root: Path, payload: Payload) -> list[str]:
    """Return a line for each attachment with its name, type and size, for the proposal."""
    files = attachments_in(payload)
    return [
        f"Attached: {notes.bold(name_of(file))}, {type_of(file)}, {_size(root, file)}"
        f" ([[{file.path}]])"
        for file in files
    ]


def _size(root: Path, file: VaultFile) -> str:
    try:
        return shown_size((root / file.path).lstat().st_size)
    except OSError:
        return "not in the vault now"
