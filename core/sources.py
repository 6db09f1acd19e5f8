"""What `core` needs from outside, as Protocols; `orchestrator.py` hands the real ones over."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from concurrent.futures import Future
    from datetime import datetime

    from core.books import Span, Statement

RECONCILE_TOOL = "reconcile_action"
"""The read-back tool that servers offer in role `execute` only."""

CHECK_TOOL = "check_action"
"""The tool, in role `execute` only, that asks a service's records about an action in advance."""


@dataclass(frozen=True)
class CallResult:
    """The answer of a tool call.

    Args:
        answered: False when the server was lost (crashed, hung and was ended, never started).
        data: the structured content.
        error: why there is no answer, in words.
    """

    answered: bool
    data: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None

    @property
    def status(self) -> str:
        """Return the `status` of a write's result, "" when there is none."""
        return str(self.data.get("status", ""))


class Runner(Protocol):
    """Calls tools of MCP servers, one session for each service."""

    def call(self, service: str, tool: str, arguments: Mapping[str, object]) -> Future[CallResult]:
        """Call a tool; the future always ends with a result, within a bounded time."""

    def warm(self, service: str) -> None:
        """Start a service's server in the background, because it will be needed soon."""

    def is_held(self, service: str) -> bool:
        """Return whether an earlier server process of this service is still running."""


@dataclass(frozen=True)
class RawMail:
    """One mail as the mailbox holds it.

    Args:
        id: the mailbox's own id; never changes.
        thread_id: of its conversation.
        data: the whole message, RFC 5322.
        received: when the mailbox took it in, aware UTC.
    """

    id: str
    thread_id: str
    data: bytes
    received: datetime


class CursorTooOldError(Exception):
    """The mailbox has forgotten what happened since the cursor: search instead."""


class Mailbox(Protocol):
    """Reads a mailbox; never changes it."""

    def profile(self) -> tuple[str, str]:
        """Return the address and the present cursor."""

    def changes(self, since: str) -> tuple[Sequence[str], str]:
        """Return the ids of mails that came since a cursor, and the new cursor.

        Raises:
            CursorTooOldError: the mailbox has forgotten that long ago.
        """

    def search(self, query: str, after: datetime | None) -> Iterator[str]:
        """Yield the ids of matching mails, newest first, page by page."""

    def fetch(self, mail_id: str) -> RawMail:
        """Return one mail."""


class Books(Protocol):
    """Says what came in, what went out and what is due; never changes anything."""

    def read(self, span: Span) -> Statement:
        """Return the figures of some days, and what is due now.

        Never raises for a source that is down or unclear: each figure that cannot be had is a gap
        with its reason.
        """


class Bell(Protocol):
    """Wakes the daemon's loop from any thread."""

    def ring(self) -> None:
        """Ask for a look around."""

    def answer(self) -> None:
        """Tell that a call has ended: taking it in needs no look around."""
