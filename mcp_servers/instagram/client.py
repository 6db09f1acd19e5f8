"""The connection to one Instagram account.

Import this module when a connection is wanted and not before: it loads facebook-sdk.
"""

from __future__ import annotations

from mcp_servers.graph import client


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


class Writer(client.Writer, Reader):
    """Asks about the account and writes to it."""
