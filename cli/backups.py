"""Commands that keep the journal: backup, restore."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.opening import VaultOption, load_settings, workspace
from utils.terminal import show_line


def backup(vault: VaultOption = None) -> None:
    """Back up the journal now. Prints the file."""
    from core.backup import backup as make

    with workspace(load_settings(vault)) as ws:
        show_line(str(make(ws)))


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE")], vault: VaultOption = None
) -> None:
    """Put a backup in the journal's place. Nothing is sent until the later log is taken in."""
    from core.backup import restore as put_back
    from core.backup import take_in_later_log
    from core.presence import acquire_lock
    from core.workspace import clock_of, paths_of

    settings = load_settings(vault)
    paths = paths_of(settings)
    paths.state.mkdir(parents=True, exist_ok=True)
    lock = acquire_lock(paths.state)
    try:
        aside = put_back(paths.journal, file.expanduser().absolute(), clock_of(settings))
        if aside is not None:
            show_line(f"The journal that was here is kept as {aside.name}.")
        with workspace(settings) as ws:
            count = take_in_later_log(ws)
        show_line(f"Restored. {count} later log entries were taken in; start the daemon: bin/run")
    finally:
        lock.release()
