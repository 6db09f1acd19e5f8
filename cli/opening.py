"""What commands have in common: the settings in force, and a vault's records opened and closed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from utils.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.workspace import Workspace
    from mcp_servers.client import Sessions
    from utils.config import Settings

HOME = Path(__file__).resolve().parents[1]
PROGRAM = HOME / "orchestrator.py"

VaultOption = Annotated[
    Path | None, typer.Option("--vault", help="The vault's folder.", show_default=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help="For programs: JSON on standard output.")]


def load_settings(vault: Path | None = None, **overrides: str) -> Settings:
    """Return the settings in force, with the command line's own on top."""
    from core.settings import SETTINGS
    from mcp_servers.catalog import SERVICE_SETTINGS
    from utils import config

    environ = dict(os.environ)
    if vault is not None:
        environ["VAULT_PATH"] = str(vault.expanduser().absolute())
    environ.update(overrides)
    home = config.find_home(environ, Path.cwd())
    return config.load((*SETTINGS, *SERVICE_SETTINGS), home, environ)


def vault_of(settings: Settings) -> Path:
    """Return the vault's folder."""
    from core.workspace import paths_of

    return paths_of(settings).vault


@contextmanager
def workspace(
    settings: Settings, level: str = "info", *, only: str | None = None
) -> Iterator[Workspace]:
    """Open the vault's records and close them again; with `only`, as a child of one service."""
    from core.workspace import Workspace
    from mcp_servers.catalog import SERVICES
    from utils import log as logs
    from utils.redact import Redactor

    logs.configure(Redactor(settings.secrets()), level)
    ws = Workspace.open(settings, {only: SERVICES[only]} if only else SERVICES)
    try:
        yield ws
    finally:
        ws.close()


def as_practised(settings: Settings) -> Settings:
    """Return the settings under which this vault's services answer: those of a practice session.

    Raises:
        UsageError: the vault is for practice, and no practice session runs in it.
    """
    from core.actions import Mode
    from core.presence import practice_settings

    if settings.flag("AI_EMPLOYEE_SANDBOX"):
        return settings
    with workspace(settings, "warning") as ws:
        found = practice_settings(ws)
        if found is None and ws.journal.has_mode(Mode.SANDBOX):
            raise UsageError(
                "This vault is for practice, and its practice services do not run now. Start them "
                f"and ask again beside them: bin/run run --sandbox --vault {ws.paths.vault}"
            )
    return settings if found is None else settings.with_values(**found)


@contextmanager
def reading(settings: Settings) -> Iterator[tuple[Workspace, Sessions]]:
    """Open the vault's records with servers that only read; a daemon may run beside."""
    from mcp_servers.client import Sessions

    with workspace(settings, "warning") as ws:
        sessions = Sessions(ws.services, settings, ws.paths.state, role="read")
        try:
            yield ws, sessions
        finally:
            sessions.close()


def examined(settings: Settings) -> list[tuple[str, str, str]]:
    """Return what `doctor` finds, in a process of its own: no SDK comes into this one."""
    command = [sys.executable, str(PROGRAM), "doctor", "--json"]
    environment = {**os.environ, **settings.raw(settings.table)}
    try:
        told = subprocess.run(  # noqa: S603 - our own module
            command, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        found = json.loads(told.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        return [("doctor", "broken", f"it gave no answer: {type(error).__name__}")]
    return [(check["name"], check["health"], check["text"]) for check in found]
