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


def guide(ws: Workspace, *, is_new: bool) -> None:
    """Tell the owner which move to make; printed once the daemon is ready.

    Args:
        ws: the practice vault and its records.
        is_new: whether the vault was made just now; else its samples came in long ago.
    """
    if not is_new:
        sys.stdout.write(
            f"""
This practice vault was here before: its notes are as you left them, the fakes begin anew.
What waits:  bin/run pending --vault "{ws.vault.root}"     Stop this: Ctrl-C
To begin from the samples again, use another folder: bin/run demo --dir FOLDER

"""
        )
        sys.stdout.flush()
        return
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
