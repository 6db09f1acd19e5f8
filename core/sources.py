"""What `core` needs from outside, as Protocols; `orchestrator.py` hands the real ones over."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from concurrent.futures import Future

RECONCILE_TOOL = "reconcile_action"
"""The read-back tool that servers offer in role `execute` only."""


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


class Bell(Protocol):
    """Wakes the daemon's loop from any thread."""

    def ring(self) -> None:
        """Ask for a look around."""

    def answer(self) -> None:
        """Tell that a call has ended: taking it in needs no look around."""
