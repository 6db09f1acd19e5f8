"""What the daemon's rounds share: the vault, the servers, what is under way and when to look again.

Rules: a round lists the hot folders once and never waits; whatever needs time is noted with the
moment at which it wants to be looked at again; identity is the id inside a note, never its path;
the tasks, which may be thousands, are read only when a note is missed where it is decided.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from core import notes
from core.inspection import EMPTY_QUIET_S, QUIET_S, Inspector, Look
from core.note_names import REASON_SUFFIX
from core.records import Entry
from core.vault import Folder
from utils.audit_log import Actor, Event
from utils.clock import show
from utils.errors import ChangedError, NoteError
from utils.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from pathlib import Path

    from core.sources import Bell, CallResult, Runner
    from core.vault import LeftAlone, Listing
    from core.workspace import Workspace

log = get_logger()
OPEN_FOLDERS = (
    Folder.PENDING,
    Folder.APPROVED,
    Folder.REJECTED,
    Folder.NEEDS_REVIEW,
    Folder.COMPLETED,
)
"""Looked at in every round; a move out of any of them is seen here, wherever the note goes."""

Places = dict[str, list[Look]]
"""Where each action's id was seen."""


@dataclass(frozen=True)
class Round:
    """One look at the hot folders.

    Args:
        looks: the notes of each folder, in the order of their names.
        places: where each action's id was seen.
        among_tasks: reads the tasks, where the owner may have moved a note.
    """

    looks: dict[Folder, list[Look]]
    places: Places
    among_tasks: Callable[[], Places]

    def only(self, action_id: str, folder: Folder, root: Path) -> Look | None:
        """Return the note with an id in a folder, None when there is none."""
        for look in self.places.get(action_id, []):
            if look.path.parent == root / folder:
                return look
        return None

    def everywhere(self, action_id: str) -> list[Look]:
        """Return the notes with an id, those among the tasks too: for the rare case."""
        return [*self.places.get(action_id, []), *self.among_tasks().get(action_id, [])]


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
        self._tasks = Inspector(self.ws.vault, self.ws.clock)
        self._no_tasks: tuple[LeftAlone, ...] = ()

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

    def look_around(self, *, full: bool = True) -> Round:
        """List and read the hot folders once; what still has to wait asks for time again.

        Args:
            full: whether what is no note among the tasks is looked for as well.
        """
        self._wake_at = None
        vault = self.ws.vault
        listings = {folder: vault.listing(folder) for folder in OPEN_FOLDERS}
        looks = {folder: _looks(self.inspector, listing) for folder, listing in listings.items()}
        seen = [look for some in looks.values() for look in some]
        self.inspector.keep_only({look.path for look in seen})
        if full:
            self._no_tasks = vault.listing(Folder.NEEDS_ACTION).left_alone
        self.left_alone = [item for each in listings.values() for item in each.left_alone]
        self.left_alone += self._no_tasks
        return Round(looks, _by_id(seen), cache(self._among_tasks))

    def _among_tasks(self) -> Places:
        """Return the notes with an id that lie among the tasks.

        Raises:
            ChangedError: they cannot be listed now.
        """
        try:
            listing = self.ws.vault.listing(Folder.NEEDS_ACTION)
        except NoteError as error:
            raise ChangedError(error.reason, error.path) from error
        looks = _looks(self._tasks, listing)
        self._tasks.keep_only({look.path for look in looks})
        return _by_id(looks)

    # -- bad notes ----------------------------------------------------------------------------

    def quarantine(self, look: Look, reason: str) -> None:
        """Move a note that cannot be used out of the way, with the reason beside it."""
        vault = self.ws.vault
        wait_s = EMPTY_QUIET_S if look.empty else QUIET_S
        if not self.settled(look, wait_s):
            return
        self.drop_reasons()
        try:
            target = vault.move(look.path, vault.folder(Folder.QUARANTINE))
        except FileNotFoundError:
            return
        vault.create(
            target.parent,
            f"{target.stem}{REASON_SUFFIX}",
            f"> [!failure] This note was set aside: it {reason.rstrip('.')}.\n"
            f"> Nothing was sent. It lay in `{look.path.parent.name}` and was moved on "
            f"{show(self.ws.clock, self.ws.clock.now())}.\n"
            f"> Mend {notes.link(target.stem)} and move it to `Pending_Approval`, or delete both "
            "notes.\n",
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

    def drop_reasons(self) -> None:
        """Move a reason whose note was taken out of `Quarantine/` into the vault's own trash."""
        for reason in self.ws.vault.folder(Folder.QUARANTINE).glob(f"*{REASON_SUFFIX}"):
            note = reason.with_name(f"{reason.name.removesuffix(REASON_SUFFIX)}.md")
            if not os.path.lexists(note):
                self._trash(reason, None, f"{notes.link(note.stem)} is set aside no more")

    def _known_id(self, look: Look) -> str | None:
        known = look.action_id and self.ws.journal.get(look.action_id)
        return look.action_id if known else None

    def tidy(self, look: Look, why: str) -> None:
        """Move a superfluous copy into the vault's own trash."""
        self._trash(look.path, look.action_id, why)

    def _trash(self, path: Path, action_id: str | None, why: str) -> None:
        try:
            target = self.ws.vault.trash(path)
        except FileNotFoundError:
            return
        self.ws.journal.record(
            Entry(
                Event.FILED,
                Actor.DAEMON,
                action_id=action_id,
                target=self.ws.vault.relative(target),
                error=why,
            )
        )
        self.inspector.forget(path)

    def warn_once(self, key: str, text: str, *, action_id: str | None = None) -> None:
        """Write one warning into the log, not the same again in this run."""
        if (key, text) in self._told:
            return
        self._told.add((key, text))
        self.ws.journal.record(
            Entry(Event.WARNED, Actor.DAEMON, action_id=action_id, target=key, error=text)
        )
        log.warning("warned", about=key, text=text)


def _looks(inspector: Inspector, listing: Listing) -> list[Look]:
    """Return what the notes of a listing say, without those that are gone by now."""
    return [look for found in listing.notes if (look := inspector.look(found)) is not None]


def _by_id(looks: list[Look]) -> Places:
    places: Places = {}
    for look in looks:
        if look.action_id:
            places.setdefault(look.action_id, []).append(look)
    return places
