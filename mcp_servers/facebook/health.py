"""What `doctor` says about the account; see `mcp_servers.graph.health`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcp_servers.graph import health

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.doctor import Check
    from utils.clock import Clock
    from utils.config import Settings


def checks(settings: Settings, clock: Clock) -> Iterator[Check]:
    """Say whether the token works and how long the API's version does."""
    from mcp_servers.facebook.client import Reader

    return health.checks(Reader(settings, clock), settings, clock)
