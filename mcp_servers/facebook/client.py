"""The connection to one Facebook page.

Import this module when a connection is wanted and not before: it loads facebook-sdk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcp_servers.graph import client

if TYPE_CHECKING:
    from collections.abc import Mapping

    from utils.clock import Clock
    from utils.config import Settings


class Reader(client.Reader):
    """Asks about the page; can change nothing. Arguments are those of `client.Reader`."""

    SERVICE = "Facebook"
    TOKEN = "FACEBOOK_PAGE_TOKEN"  # noqa: S105 the name of a setting
    ACCOUNT = "FACEBOOK_PAGE_ID"
    PLATFORM = "messenger"
    INBOX_URL = "https://business.facebook.com/latest/inbox"

    @property
    def inbox(self) -> str:
        """Return whose conversations are asked for."""
        return self.account


class Writer(Reader):
    """Asks about the page and writes on it."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock | None = None,
        timeout_s: float = client.WRITE_TIMEOUT_S,
    ) -> None:
        super().__init__(settings, clock, timeout_s)

    def create(
        self,
        parent: str,
        edge: str,
        form: Mapping[str, str],
        file: tuple[str, bytes, str] | None = None,
    ) -> str:
        """Write once; arguments, result and errors are those of `client.Connection.write`."""
        return self._connection.write(parent, edge, form, file)
