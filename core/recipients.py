"""Who a mail would reach for the first time, as far as this program knows.

Rules: only mails that were really sent make an address known, each recipient by itself; what cannot
be read counts as new.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import notes
from core.actions import Mode

if TYPE_CHECKING:
    from core.actions import Action, Payload
    from core.records import Row
    from core.workspace import Workspace


def remarks(ws: Workspace, action: Action, row: Row) -> list[str]:
    """Return a line for each mail address that this program has never written to."""
    own = ws.settings.text("OWNER_EMAIL").strip().casefold()
    mode = row.mode if row.mode.acts else Mode.LIVE
    return [
        f"NEW: {notes.bold(address)} has never been mailed by this program."
        for address in _addresses(action, row.payload)
        if address != own and not _was_mailed(ws, address, mode)
    ]


def _addresses(action: Action, payload: Payload) -> list[str]:
    facts = action.facts(action.arguments.model_validate(payload))
    return [address.casefold() for address in facts.addresses]


def _was_mailed(ws: Workspace, address: str, mode: Mode) -> bool:
    for row in ws.journal.done_naming(address, mode):
        action = ws.actions.get(row.kind)
        try:
            if action is not None and address in _addresses(action, row.payload):
                return True
        except ValueError:
            continue  # arguments of an earlier version
    return False
