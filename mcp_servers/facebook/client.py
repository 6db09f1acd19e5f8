"""The connection to one Facebook page.

Import this module when a connection is wanted and not before: it loads facebook-sdk.
"""

from __future__ import annotations

from mcp_servers.graph import client


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


class Writer(client.Writer, Reader):
    """Asks about the page and writes on it."""
