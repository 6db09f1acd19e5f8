"""Commands that decide, as moving a note does: approve, reject."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.opening import VaultOption, load_settings, workspace
from utils.terminal import show_line


def approve(
    action_ids: Annotated[list[str], typer.Argument(metavar="ID")], vault: VaultOption = None
) -> None:
    """Approve proposals, as moving their notes to `Approved` does."""
    _move(action_ids, vault, "APPROVED", None)


def reject(
    action_ids: Annotated[list[str], typer.Argument(metavar="ID")],
    reason: Annotated[str, typer.Option(help="Why; kept in the note.")],
    vault: VaultOption = None,
) -> None:
    """Reject proposals, as moving their notes to `Rejected` does."""
    _move(action_ids, vault, "REJECTED", reason)


def _move(action_ids: list[str], vault: Path | None, folder: str, reason: str | None) -> None:
    from core import views
    from core.presence import is_running
    from core.vault import Folder

    with workspace(load_settings(vault)) as ws:
        for action_id in action_ids:
            target = views.move_note(ws, action_id, Folder[folder], reason)
            show_line(f"{action_id}: moved to {ws.vault.relative(target)}")
        if not is_running(ws.paths.state):
            show_line("No daemon is running here: nothing happens until you start one (bin/run).")
