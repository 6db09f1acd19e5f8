"""HTTP for the fakes: a server on 127.0.0.1 that hands each request to one function.

Rules: it listens on loopback only and asks no resolver; a body is read whole, within a limit, or
refused; closing ends every connection, slow answers included, without polling.
"""

from __future__ import annotations

import socket
import socketserver
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from mcp_servers.fakes import Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable

ADDRESS = "127.0.0.1"
LIMIT_BODY_BYTES = 64 * 1024 * 1024


class Loopback(ThreadingHTTPServer):
    """Listens on loopback until it is told to close; knows its open connections and ends them.

    Args:
        port: where to listen; 0 takes a free port.
        answer: gives the answer to a request, None to drop the connection.
        closing: set by whoever closes.

    Raises:
        OSError: the port is taken.
    """

    request_queue_size = 128
    daemon_threads = True

    def __init__(
        self, port: int, answer: Callable[[Request], Response | None], closing: threading.Event
    ) -> None:
        self.answer = answer
        self.closing = closing
        self._open: set[socket.socket] = set()
        self._changed = threading.Condition()
        super().__init__((ADDRESS, port), _Connection)

    def server_bind(self) -> None:
        """Listen, without asking the resolver for our own name as HTTPServer would."""
        socketserver.TCPServer.server_bind(self)
        self.server_name = ADDRESS
        self.server_port = self.server_address[1]

    def accept(self) -> None:
        """Accept connections until it closes, without polling."""
        while not self.closing.is_set():
            self.handle_request()

    def wake(self) -> None:
        """Let `accept` look at the closing flag."""
        try:
            socket.create_connection((ADDRESS, self.server_port), timeout=5).close()
        except OSError:
            return  # the listening socket is gone: there is nobody to wake

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ARG002 the base's
        """Take note of a connection; refuse it when closing."""
        if self.closing.is_set():
            return False
        with self._changed:
            self._open.add(request)
        return True

    def shutdown_request(self, request: Any) -> None:
        """Forget a connection that has ended."""
        super().shutdown_request(request)
        with self._changed:
            self._open.discard(request)
            self._changed.notify_all()

    def server_close(self) -> None:
        """Stop listening, end every connection and wait for their threads to finish."""
        super().server_close()
        with self._changed:
            for connection in self._open:
                _end(connection)
            self._changed.wait_for(lambda: not self._open, timeout=5)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print an error of ours; a client that left is none."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def _end(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the other side was faster


class _Connection(BaseHTTPRequestHandler):
    """One connection, kept alive between requests."""

    protocol_version = "HTTP/1.1"
    server_version = "sandbox"
    sys_version = ""
    disable_nagle_algorithm = True
    server: Loopback

    def _serve(self) -> None:
        length = self._length()
        if length is None:
            return
        parts = urlsplit(self.path)
        request = Request(
            self.command,
            parts.path,
            dict(parse_qsl(parts.query, keep_blank_values=True)),
            {name.lower(): value for name, value in self.headers.items()},
            self.rfile.read(length),
        )
        answer = self.server.answer(request)
        if answer is None:
            self.close_connection = True
            _end(self.connection)
        else:
            self._send(answer)

    def _length(self) -> int | None:
        """Return the body's length; answer what cannot be read and return None."""
        text = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not text.isdecimal():
            refusal = Response.of({"error": "Send the body with a Content-Length."}, 411)
        elif int(text) > LIMIT_BODY_BYTES:
            refusal = Response.of({"error": "The body is larger than 64 MiB."}, 413)
        else:
            return int(text)
        self.close_connection = True
        self._send(refusal)
        return None

    def _send(self, answer: Response) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 the base's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the base's name
        """Say nothing: what happened is in the effects."""
