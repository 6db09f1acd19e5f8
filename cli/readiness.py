"""Commands that make a vault ready and say what is missing: init, auth, doctor."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.opening import JsonOption, VaultOption, load_settings, workspace
from utils.errors import JournalError, UsageError
from utils.terminal import show_json, show_line, show_table


def init(vault: VaultOption = None) -> None:
    """Make the vault's folders and starter notes. Nothing that exists is touched."""
    from core import starters
    from core.vault import Vault
    from core.workspace import paths_of

    settings = load_settings(vault)
    paths = paths_of(settings)
    if paths.journal.exists():
        with workspace(settings, "warning"):
            pass  # it is this vault's, or nothing is made
    root = paths.vault
    made = starters.install(Vault(root))
    for path in made:
        show_line(f"made {path}")
    show_line(f"{root} is ready. Open it in Obsidian, then: bin/run")


def auth(
    what: Annotated[str, typer.Argument(metavar="gmail")],
    send: Annotated[
        bool, typer.Option("--send", help="Sign in for drafts and sending, not for reading.")
    ] = False,
) -> None:
    """Sign in to a service. Says before what it needs, in plain words."""
    if what != "gmail":
        raise UsageError(f"There is nothing to sign in to called {what}. Known: gmail")
    from mcp_servers.email.auth import sign_in

    address = sign_in(load_settings(), send=send, say=show_line)
    show_line(f"Signed in as {address}. Start the daemon again: bin/run")


def doctor(vault: VaultOption = None, as_json: JsonOption = False) -> None:
    """Check the vault, the records and every service. Exits with 1 if something is broken."""
    from core import doctor as checks
    from mcp_servers.health import examine_role, examine_services
    from watchers import notifier

    settings = load_settings(vault)
    try:
        with workspace(settings) as ws:
            found = [*checks.examine(ws), *notifier.examine(ws), *examine_role(ws)]
            found += examine_services(ws)
    except JournalError as error:
        found = [checks.Check("journal", checks.Health.BROKEN, str(error))]
    if as_json:
        show_json([{"name": c.name, "health": str(c.health), "text": c.text} for c in found])
    else:
        rows = [(c.name, c.health, c.text) for c in found]
        show_table("Health", ("what", "health", "found"), rows, "nothing was checked")
    if any(check.health is checks.Health.BROKEN for check in found):
        raise typer.Exit(1)
