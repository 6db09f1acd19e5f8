"""The practice vault: sample files, and words that tell what to do next."""

from __future__ import annotations

import sys
from importlib.resources import files as resources
from typing import TYPE_CHECKING

from core import starters
from core.vault import Folder, Vault

if TYPE_CHECKING:
    from pathlib import Path

    from core.workspace import Workspace


def prepare(root: Path) -> list[str]:
    """Make a practice vault and drop the sample files into its inbox.

    Args:
        root: the vault's folder.

    Returns:
        Lines for the owner.
    """
    vault = Vault(root)
    is_new = not root.exists()
    starters.install(vault)
    if is_new:
        for sample in resources("core.starters").joinpath("samples").iterdir():
            (vault.folder(Folder.INBOX) / sample.name).write_bytes(sample.read_bytes())
    return [
        f"Practice vault: {root}",
        "Open it in Obsidian if you like; a terminal will do as well.",
        "Everything is a fake on this machine: no account, no cost, nothing leaves.",
    ]


def guide(ws: Workspace) -> None:
    """Tell the owner which move to make; printed once the daemon is ready."""
    pending, approved = ws.vault.folder(Folder.PENDING), ws.vault.folder(Folder.APPROVED)
    sys.stdout.write(
        f"""
The practice mailbox holds a mail that asks for an invoice, and a file was dropped in.
In a few seconds two proposals lie in {pending}
Read one, then approve it by moving it. In a second terminal:

    ls "{pending}"
    mv "{pending}"/*Invoice*.md "{approved}"/

Within ten seconds it is done in the practice Odoo and lies in {ws.vault.folder(Folder.COMPLETED)}.
Its story:  bin/run why --vault "{ws.vault.root}" ID     Stop this: Ctrl-C

"""
    )
    sys.stdout.flush()
