"""The connection to one Instagram account.

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
    """Asks about the account; can change nothing. Arguments are those of `client.Reader`."""

    SERVICE = "Instagram"
    TOKEN = "INSTAGRAM_TOKEN"  # noqa: S105 the name of a setting
    ACCOUNT = "INSTAGRAM_ACCOUNT_ID"
    PLATFORM = "instagram"
    INBOX_URL = "https://www.instagram.com/direct/inbox/"

    @property
    def inbox(self) -> str:
        """Return whose conversations are asked for: those of the page behind the token."""
        return "me"


class Writer(Reader):
    """Asks about the account and writes to it."""

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
