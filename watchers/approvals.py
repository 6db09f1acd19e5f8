"""Watches the folders in which the owner decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.desk import OPEN_FOLDERS
from core.note_names import is_ignored
from watchers.base import FolderBell

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.vault import Vault


def approvals_bell(vault: Vault, ring: Callable[[], None]) -> FolderBell:
    """Return the bell of the folders that notes are moved between."""
    return FolderBell([vault.folder(folder) for folder in OPEN_FOLDERS], ring, is_ignored)
