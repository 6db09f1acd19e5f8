"""The notes a new vault begins with; copied once, never overwritten."""

from __future__ import annotations

from importlib.resources import files as resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable
    from pathlib import Path

    from core.vault import Vault
    from core.workspace import Workspace


STARTED = "starters"


def install_once(ws: Workspace) -> None:
    """Copy the starter notes at the first run; what the owner deletes later stays deleted."""
    ws.vault.root.mkdir(parents=True, exist_ok=True)
    ws.vault.prepare()
    if not ws.journal.recall(STARTED):
        install(ws.vault)
        ws.journal.remember(STARTED, value=True)


def install(vault: Vault) -> list[Path]:
    """Make the folders and the starter notes that are missing.

    Returns:
        What was made.
    """
    vault.root.mkdir(parents=True, exist_ok=True)
    made = vault.prepare()
    root = resources(__package__).joinpath("vault")
    for source, relative in _walk(root, ""):
        target = vault.root / relative
        if target.exists() or target.is_symlink():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
        made.append(target)
    return made


def _walk(folder: Traversable, prefix: str) -> list[tuple[Traversable, str]]:
    found: list[tuple[Traversable, str]] = []
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        name = entry.name.replace("dot-", ".", 1) if entry.name.startswith("dot-") else entry.name
        if entry.is_dir():
            if name != "__pycache__":
                found += _walk(entry, f"{prefix}{name}/")
        else:
            found.append((entry, f"{prefix}{name}"))
    return found
