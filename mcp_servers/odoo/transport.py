"""One HTTP request, sent once: what both connections, odoorpc's and JSON-2's, send through.

Rules: a failure before a connection exists has a type of its own, because only then is it certain
that nothing was sent; redirects are never followed; bodies are read whole and closed; proxies of
the environment are not used for this machine itself.
"""

from __future__ import annotations

import http.client
import io
import urllib.error
import urllib.request
from ipaddress import ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from email.message import Message

LIMIT_ANSWER_BYTES = 32 * 1024 * 1024
LIMIT_ERROR_BYTES = 64 * 1024


class NotConnectedError(Exception):
    """No connection came about, so not one byte was sent. No OSError: urllib would wrap it."""


class HttpStatusError(Exception):
    """The answer was not 2xx.

    Args:
        status: the HTTP status.
        headers: of the answer.
        body: of the answer, its beginning.
    """

    def __init__(self, status: int, headers: Message, body: bytes = b"") -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.body = body
        self.retry_after: str = headers.get("Retry-After", "")


class Opener:
    """Sends each request once.

    Args:
        host: of the server.
        timeout_s: how long a connection may be silent; set it anew before a slower request.
    """

    def __init__(self, host: str, timeout_s: float) -> None:
        proxies = urllib.request.ProxyHandler({} if is_loopback(host) else None)
        self._opener = urllib.request.build_opener(proxies, _Http, _Https, _NoRedirect)
        self.timeout_s = timeout_s

    def open(self, request: urllib.request.Request, timeout: object = None) -> io.BytesIO:
        """Return the body of a 2xx answer.

        Args:
            request: what to send.
            timeout: ignored; odoorpc keeps one for reads and writes alike.

        Raises:
            NotConnectedError: nothing was sent.
            HttpStatusError: the answer was not 2xx.
            OSError, http.client.HTTPException: it was sent, and no whole answer came.
        """
        del timeout
        try:
            with self._opener.open(request, timeout=self.timeout_s) as answer:
                return io.BytesIO(answer.read(LIMIT_ANSWER_BYTES))
        except urllib.error.HTTPError as error:
            with error:
                raise HttpStatusError(error.code, error.headers, _body_of(error)) from None


def _body_of(error: urllib.error.HTTPError) -> bytes:
    try:
        return error.read(LIMIT_ERROR_BYTES)
    except (OSError, http.client.HTTPException):
        return b""  # the status alone decides then


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine itself."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class _Connection(http.client.HTTPConnection):
    def connect(self) -> None:
        try:
            super().connect()
        except OSError as error:
            raise NotConnectedError(str(error)) from error


class _TlsConnection(http.client.HTTPSConnection):
    def connect(self) -> None:
        try:
            super().connect()
        except OSError as error:  # failures of TLS and of certificates are OSErrors too
            raise NotConnectedError(str(error)) from error


class _Http(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_Connection, req)


class _Https(urllib.request.HTTPSHandler):
    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_TlsConnection, req)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None
