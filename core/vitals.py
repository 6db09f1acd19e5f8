"""What the parts that run beside the loop say about themselves, kept as small facts.

Rule: the names of these facts stand here, so that whoever writes one and whoever shows it agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from utils.clock import from_iso, iso, show

if TYPE_CHECKING:
    from core.journal import Journal
    from core.workspace import Workspace
    from utils.clock import Clock

OK = "ok"
GMAIL = "gmail"
NOTIFICATIONS = "notifications"
COMMENTS = {
    "facebook": "Facebook comments",
    "instagram": "Instagram comments",
    "twitter": "X mentions",
}
"""Where others write to us in public: by service, what is looked for there."""


@dataclass(frozen=True)
class Vital:
    """The state of one part.

    Args:
        state: in words; "ok" when all is well.
        at: when it said so, local.
        waiting: how much still waits for its turn.
    """

    state: str
    at: str
    waiting: int = 0

    @property
    def is_well(self) -> bool:
        """Return whether nobody has to look at it."""
        return self.state == OK or self.waiting > 0


def say(journal: Journal, clock: Clock, part: str, state: str) -> None:
    """Keep a part's state where `status`, `doctor` and the dashboard find it."""
    journal.remember(f"{part}:state", {"state": state, "at": iso(clock.now())})


def say_waiting(journal: Journal, part: str, count: int) -> None:
    """Keep how much a part still has before it."""
    journal.remember(f"{part}:waiting", count)


def waiting(journal: Journal, part: str) -> int:
    """Return how much a part still has before it."""
    return int(journal.recall(f"{part}:waiting") or 0)


def vital(ws: Workspace, part: str) -> Vital | None:
    """Return a part's state, None when it never said anything."""
    kept = ws.journal.recall(f"{part}:state")
    is_off = part == NOTIFICATIONS and not ws.settings.text("NOTIFY_URLS")
    is_off |= part in COMMENTS and not looks_at_comments(ws, part)
    if not kept or is_off:
        return None
    at = show(ws.clock, from_iso(kept["at"]))
    return Vital(str(kept["state"]), at, waiting(ws.journal, part))


def looks_at_comments(ws: Workspace, service: str) -> bool:
    """Return whether comments or mentions of a network are to be looked for."""
    if service not in ws.services or ws.services[service].missing(ws.settings):
        return False
    return ws.settings.seconds(f"{service.upper()}_POLL_S") > 0
