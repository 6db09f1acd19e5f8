"""One HTTP request, sent once: what tweepy is given in place of its own session."""

from __future__ import annotations

from typing import Any

import requests

from mcp_servers import once

TWEEPY_HOST = "https://api.twitter.com"
"""Fixed inside `tweepy.Client.request`. Source: tweepy 4.17.0."""


class OnceSession(once.OnceSession):
    """Sends each request once, to another root than tweepy's own.

    The root is replaced before the request is signed, because OAuth 1.0a signs the address.
    """

    def request(
        self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any
    ) -> requests.Response:
        """Send a request; errors as of `once.OnceSession`."""
        own = f"{self.root}{str(url).removeprefix(TWEEPY_HOST)}"
        return super().request(method, own, *args, **kwargs)
