"""The only place that asks the system for the time.

Rules: instants are aware UTC; the owner's zone is used for showing and scheduling only; waiting is
measured on the monotonic clock, so a jump of the wall clock cannot stretch or cut it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo


class Clock(Protocol):
    """Time as the program sees it."""

    def now(self) -> datetime:
        """Return the present instant, aware UTC."""

    def monotonic(self) -> float:
        """Return seconds that only ever grow, for measuring waits."""

    def local(self, at: datetime) -> datetime:
        """Return an instant in the owner's zone, aware."""


def system_zone() -> ZoneInfo | None:
    """Return the zone of this machine where it can be named, else None."""
    from tzlocal import get_localzone_name

    name = get_localzone_name()
    return ZoneInfo(name) if name else None


@dataclass(frozen=True)
class SystemClock:
    """The machine's clock, shown in the owner's zone (None: the machine's own)."""

    zone: ZoneInfo | None = None

    def now(self) -> datetime:
        """Return the present instant, aware UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that only ever grow."""
        return time.monotonic()

    def local(self, at: datetime) -> datetime:
        """Return an instant in the owner's zone."""
        return at.astimezone(self.zone)


@dataclass
class FixedClock:
    """A clock that stands still until it is told to advance; for tests and previews."""

    at: datetime = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
    zone: ZoneInfo | None = field(default_factory=lambda: ZoneInfo("UTC"))
    elapsed_s: float = 1000.0

    def now(self) -> datetime:
        """Return the instant it was set to."""
        return self.at

    def monotonic(self) -> float:
        """Return the seconds advanced so far."""
        return self.elapsed_s

    def local(self, at: datetime) -> datetime:
        """Return an instant in the chosen zone."""
        return at.astimezone(self.zone)

    def advance(self, seconds: float) -> None:
        """Move both the wall clock and the monotonic clock forward."""
        self.at += timedelta(seconds=seconds)
        self.elapsed_s += seconds


def iso(at: datetime) -> str:
    """Return an instant as ISO 8601 UTC with microseconds: sorts as text."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def from_iso(text: str) -> datetime:
    """Return the aware UTC instant written by `iso`."""
    return datetime.fromisoformat(text).astimezone(UTC)


def local_day(clock: Clock, at: datetime) -> date:
    """Return the owner's calendar day of an instant."""
    return clock.local(at).date()


def midnight(clock: Clock, day: date) -> datetime:
    """Return the instant at which a day of the owner begins, aware UTC."""
    return from_local(clock, f"{day.isoformat()}T00:00:00")


def show(clock: Clock, at: datetime) -> str:
    """Return an instant as Obsidian's date-and-time property: local, no offset, seconds."""
    return wall_time(clock, at).isoformat(timespec="seconds")


def wall_time(clock: Clock, at: datetime) -> datetime:
    """Return what the owner's clock on the wall shows at an instant, without a zone."""
    return clock.local(at).replace(tzinfo=None)


def from_local(clock: Clock, text: str) -> datetime:
    """Return the aware UTC instant of a local date-and-time property.

    A time that the clocks skip in spring means as long after the change (02:30 is 03:30); of a
    time that they repeat in autumn the first is meant.

    Args:
        clock: gives the owner's zone.
        text: `2026-11-21T09:30:00`, seconds optional; an offset, when present, is honoured.

    Raises:
        ValueError: the text is no date and time.
    """
    at = datetime.fromisoformat(text)
    if at.tzinfo is not None:
        return at.astimezone(UTC)
    zone = clock.local(datetime(at.year, at.month, at.day, 12, tzinfo=UTC)).tzinfo
    return at.replace(tzinfo=zone).astimezone(UTC)
