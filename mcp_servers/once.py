"""One HTTP request, sent once: the ground under every service that `requests` carries.

Rules: a failure before a connection exists has a type of its own, because only then is it certain
that nothing was sent; no retries, no redirects, no connection kept for a later request (a dead one
would turn a request that was never sent into an unknown one); always a time-out; no proxy of the
environment stands between us and this machine.
"""

from __future__ import annotations

from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter

from utils.config import is_loopback_url

LostError = requests.RequestException
"""It was sent, and no whole answer came."""


class NotConnectedError(Exception):
    """No connection came about, so not one byte was sent. No OSError: urllib3 would wrap it."""


class OnceSession(requests.Session):
    """Sends each request once.

    Args:
        root: scheme and host of the API.
        timeout_s: how long a connection may be silent.
    """

    def __init__(self, root: str, timeout_s: float) -> None:
        super().__init__()
        self.root = root
        self.timeout_s = timeout_s
        send_once(self, root)

    def request(
        self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any
    ) -> requests.Response:
        """Send a request.

        Raises:
            NotConnectedError: nothing was sent.
            LostError: it was sent, and no whole answer came.
        """
        kwargs |= {"timeout": self.timeout_s, "allow_redirects": False}
        return super().request(method, url, *args, **kwargs)


def send_once(session: requests.Session, root: str) -> None:
    """Let a session send each request once, on a connection of its own.

    Args:
        session: of `requests`, or of a library that builds on it.
        root: scheme and host that it talks to.
    """
    session.trust_env = not is_loopback_url(root)
    session.headers["Connection"] = "close"
    session.mount("https://", _Adapter(max_retries=0))
    session.mount("http://", _Adapter(max_retries=0))


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
