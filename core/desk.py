"""What the daemon's rounds share: the vault, the servers, what is under way and when to look again.

Rules: a round lists the hot folders once and never waits; whatever needs time is noted with the
moment at which it wants to be looked at again; identity is the id inside a note, never its path.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.inspection import EMPTY_QUIET_S, QUIET_S, Inspector, Look
from core.records import Entry
from core.vault import REASON_SUFFIX, Folder
from utils.audit_log import Actor, Event
from utils.clock import show
from utils.log import get_logger

if TYPE_CHECKING:
    from concurrent.futures import Future
    from pathlib import Path

    from core.sources import Bell, CallResult, Runner
    from core.vault import LeftAlone
    from core.workspace import Workspace

log = get_logger()
OPEN_FOLDERS = (
    Folder.PENDING,
    Folder.APPROVED,
    Folder.REJECTED,
    Folder.NEEDS_REVIEW,
    Folder.NEEDS_ACTION,
    Folder.COMPLETED,
)


@dataclass(frozen=True)
class Round:
    """One look at the hot folders.

    Args:
        looks: the notes of each folder, in the order of their names.
        places: where each action's id was seen.
        left_alone: what is not touched, and why.
    """

    looks: dict[Folder, list[Look]]
    places: dict[str, list[Look]]
    left_alone: list[LeftAlone]

    def only(self, action_id: str, folder: Folder, root: Path) -> Look | None:
        """Return the note with an id in a folder, None when there is none."""
        for look in self.places.get(action_id, []):
            if look.path.parent == root / folder:
                return look
        return None


@dataclass(frozen=True)
class Flight:
    """A call under way, the note that it belongs to, and whether it acts for real."""

    future: Future[CallResult]
    path: Path
    kind: str
    acts: bool


@dataclass
class Desk:
    """Shared by the stages of a round.

    Args:
        ws: the vault and its records.
        runner: calls the servers.
        bell: rung from any thread, so that the next round comes at once.
    """

    ws: Workspace
    runner: Runner
    bell: Bell
    flights: dict[str, Flight] = field(default_factory=dict)
    left_alone: list[LeftAlone] = field(default_factory=list)
    _wake_at: float | None = None
    _told: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.inspector = Inspector(self.ws.vault, self.ws.clock)

    def is_under_way(self, action_id: str) -> bool:
        """Return whether a call of an action, or of a part of it, is under way."""
        return any(each.partition("/")[0] == action_id for each in self.flights)

    @property
    def services_acting(self) -> set[str]:
        """Return the services at which something is being done for real."""
        return {each.kind.split(".")[0] for each in self.flights.values() if each.acts}

    # -- time ---------------------------------------------------------------------------------

    def wake_in(self, seconds: float) -> None:
        """Ask for another round in so many seconds."""
        at = self.ws.clock.monotonic() + seconds
        self._wake_at = at if self._wake_at is None else min(self._wake_at, at)

    @property
    def wanted_in_s(self) -> float | None:
        """Return the seconds until another round is wanted, None when only an event brings work."""
        if self._wake_at is None:
            return None
        return max(0.0, self._wake_at - self.ws.clock.monotonic())

    def settled(self, look: Look, wait_s: float) -> bool:
        """Return whether a note has been as it is for so long; else ask to look again."""
        remaining = self.inspector.remaining_s(look, wait_s)
        if remaining > 0:
            self.wake_in(remaining)
        return remaining <= 0

    # -- looking ------------------------------------------------------------------------------

    def look_around(self) -> Round:
        """List and read the hot folders once; what still has to wait asks for time again."""
        self._wake_at = None
        looks: dict[Folder, list[Look]] = {}
        places: dict[str, list[Look]] = {}
        left_alone: list[LeftAlone] = []
        for folder in OPEN_FOLDERS:
            listing = self.ws.vault.listing(folder)
            left_alone += listing.left_alone
            seen = [self.inspector.look(found) for found in listing.notes]
            looks[folder] = [look for look in seen if look is not None]
            for look in looks[folder]:
                if look.action_id:
                    places.setdefault(look.action_id, []).append(look)
        self.inspector.keep_only({look.path for some in looks.values() for look in some})
        self.left_alone = left_alone
        return Round(looks, places, left_alone)

    # -- bad notes ----------------------------------------------------------------------------

    def quarantine(self, look: Look, reason: str) -> None:
        """Move a note that cannot be used out of the way, with the reason beside it."""
        vault = self.ws.vault
        wait_s = EMPTY_QUIET_S if look.empty else QUIET_S
        if not self.settled(look, wait_s):
            return
        try:
            target = vault.move(look.path, vault.folder(Folder.QUARANTINE))
        except FileNotFoundError:
            return
        vault.create(
            target.parent,
            f"{target.stem}{REASON_SUFFIX}",
            f"> [!failure] This note was set aside: it {reason}.\n"
            f"> Nothing was sent. It lay in `{look.path.parent.name}` and was moved on "
            f"{show(self.ws.clock, self.ws.clock.now())}.\n"
            "> Mend it and move it to `Pending_Approval`, or delete both notes.\n",
        )
        self.ws.journal.record(
            Entry(
                Event.QUARANTINED,
                Actor.DAEMON,
                target=vault.relative(target),
                action_id=self._known_id(look),
                result="quarantined",
                error=reason,
            )
        )
        log.warning("note.quarantined", note=target.name, reason=reason)

    def _known_id(self, look: Look) -> str | None:
        known = look.action_id and self.ws.journal.get(look.action_id)
        return look.action_id if known else None

    def tidy(self, look: Look, why: str) -> None:
        """Move a superfluous copy into the vault's own trash."""
        try:
            target = self.ws.vault.trash(look.path)
        except FileNotFoundError:
            return
        self.ws.journal.record(
            Entry(
                Event.FILED,
                Actor.DAEMON,
                action_id=look.action_id,
                target=self.ws.vault.relative(target),
                error=why,
            )
        )
        self.inspector.forget(look.path)

    def warn_once(self, key: str, text: str, *, action_id: str | None = None) -> None:
        """Write one warning into the log, not the same again in this run."""
        if (key, text) in self._told:
            return
        self._told.add((key, text))
        self.ws.journal.record(
            Entry(Event.WARNED, Actor.DAEMON, action_id=action_id, target=key, error=text)
        )
        log.warning("warned", about=key, text=text)
