"""The fakes of all services on this machine, alone or under a daemon."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.opening import HOME, VaultOption, load_settings, vault_of
from utils.errors import UsageError
from utils.terminal import show_line

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def sandbox_process(vault: Path) -> Iterator[dict[str, str]]:
    """Start the fakes as a child that ends with us; yield the settings that lead to them.

    Args:
        vault: its Attachments are the web space from which the practice Instagram fetches.
    """
    from mcp_servers.sandbox import READY, settings_of

    command = [sys.executable, "-m", "mcp_servers.sandbox", "--port", "0", "--until-stdin-ends"]
    command += ["--vault", str(vault)]
    child = subprocess.Popen(  # noqa: S603 - our own module
        command,
        cwd=HOME,  # not the caller's folder, which may hold a `utils`
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        line = child.stdout.readline().strip() if child.stdout else ""
        if not line.startswith(READY):
            raise UsageError("The sandbox could not be started.")
        show_line(line)
        yield settings_of(line.removeprefix(READY).strip())
    finally:
        child.terminate()
        child.wait(timeout=5)


def sandbox(
    port: Annotated[int, typer.Option(help="Where to listen; 0 takes any free port.")] = 0,
    vault: VaultOption = None,
) -> None:
    """Run only the fakes of all services, on this machine."""
    from mcp_servers.sandbox import main as serve_fakes

    folder = vault_of(load_settings(vault))
    raise typer.Exit(serve_fakes(["--port", str(port), "--vault", str(folder)]))
