"""One HTTP request, sent once: what tweepy is given in place of its own session.

Rules: a failure before a connection exists has a type of its own, because only then is it certain
that nothing was sent; no retries, no redirects, no connection kept for a later request (a dead one
would turn a post that was never sent into an unknown one); always a time-out.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

TWEEPY_HOST = "https://api.twitter.com"
"""Fixed inside `tweepy.Client.request`. Source: tweepy 4.17.0."""


class NotConnectedError(Exception):
    """No connection came about, so not one byte was sent. No OSError: urllib3 would wrap it."""


class OnceSession(requests.Session):
    """Sends each request once, to another root than tweepy's own.

    Args:
        root: scheme and host of the API. Replaced before the request is signed, because OAuth 1.0a
            signs the address.
        timeout_s: how long a connection may be silent.
    """

    def __init__(self, root: str, timeout_s: float) -> None:
        super().__init__()
        self._root = root
        self._timeout_s = timeout_s
        self.trust_env = not is_loopback(urlsplit(root).hostname or "")
        self.headers["Connection"] = "close"
        self.mount("https://", _Adapter(max_retries=0))
        self.mount("http://", _Adapter(max_retries=0))

    def request(
        self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any
    ) -> requests.Response:
        """Send a request.

        Raises:
            NotConnectedError: nothing was sent.
            requests.RequestException: it was sent, and no whole answer came.
        """
        own = f"{self._root}{str(url).removeprefix(TWEEPY_HOST)}"
        kwargs |= {"timeout": self._timeout_s, "allow_redirects": False}
        return super().request(method, own, *args, **kwargs)


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine itself."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class _Connection(urllib3.connection.HTTPConnection):
    def connect(self) -> None:
        try:
            super().connect()
        except (OSError, urllib3.exceptions.HTTPError) as error:
            raise NotConnectedError(str(error)) from error


class _TlsConnection(urllib3.connection.HTTPSConnection):
    def connect(self) -> None:
        try:
            super().connect()
        except (OSError, urllib3.exceptions.HTTPError) as error:
            raise NotConnectedError(str(error)) from error


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


_POOLS = {"http": _Pool, "https": _TlsPool}


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager
