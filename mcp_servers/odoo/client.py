"""The connection to Odoo: the only code that knows odoorpc.

Rules: a write is sent once and never again; whatever fails before it (connecting, signing in,
searching) fails as "not sent" or as rejected, and only the write itself can be unknown; a refused
sign-in is not repeated at once; everything is asked of one company; the password reaches no log.

Import this module when a connection is wanted and not before: it loads odoorpc.
"""

from __future__ import annotations

import http.client
import logging
import re
import threading
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar
from urllib.parse import urlsplit

import odoorpc
import odoorpc.error

from mcp_servers.odoo.connection import Connection, Row, Session, rows_of
from mcp_servers.odoo.failures import (
    explain,
    explain_fault,
    explain_json_2,
    lost,
    sign_in_refused,
)
from mcp_servers.odoo.json2 import Json2, Json2Error, version_at
from mcp_servers.odoo.questions import Questions
from mcp_servers.odoo.transport import HttpStatusError, NotConnectedError, Opener
from utils import retry
from utils.clock import Clock, SystemClock, local_day
from utils.errors import RejectedError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date, datetime

    from utils.config import Settings

__all__ = ["Reader", "Row", "Writer"]

T = TypeVar("T")

READ_TIMEOUT_S = 30.0
WRITE_TIMEOUT_S = 150.0
"""Above the server's own limit of 120 s, or a slow write would be taken for a lost one."""

JSON_2_SINCE = 19

_FAILURES = (
    *(odoorpc.error.Error, Json2Error, NotConnectedError, HttpStatusError),
    *(OSError, http.client.HTTPException, ValueError),  # ValueError: the answer is no JSON
    *(KeyError, TypeError, AttributeError),  # how odoorpc stumbles over an answer it cannot read
)


class _Rpc:
    """Odoo by way of odoorpc (JSON-RPC, Odoo 17 to 21)."""

    def __init__(self, url: str, opener: Opener) -> None:
        """Make odoorpc's object without a request.

        Given a version, its constructor does not ask for one (and would stumble over an error
        answer to that); any from 10 on selects the sign-in that all later versions share.
        """
        parts = urlsplit(url)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        tls = parts.scheme == "https"
        self._odoo: Any = odoorpc.ODOO(
            host,
            protocol="jsonrpc+ssl" if tls else "jsonrpc",
            port=parts.port or (443 if tls else 80),
            version="17.0",
            opener=opener,
        )

    @property
    def user_id(self) -> int:
        """Return who is signed in."""
        return int(self._odoo.env.uid)

    def version(self) -> str:
        """Return the server's version; needs no sign-in."""
        answer = self._odoo.json("/web/webclient/version_info", {})
        return str(answer["result"]["server_version"])

    def sign_in(self, database: str, login: str, secret: str) -> None:
        """Sign in; two requests."""
        self._odoo.login(database, login, secret)

    def call(
        self, model: str, method: str, args: Sequence[object], options: Mapping[str, object]
    ) -> Any:
        """Call a method of a model, once."""
        return self._odoo.execute_kw(model, method, list(args), dict(options))


class Reader(Questions):
    """Asks Odoo; can change nothing.

    Args:
        settings: `ODOO_*`.
        clock: gives the day, and the instant that a wait is counted from.
        timeout_s: how long one question may take.

    No network before the first question. Used from several threads, it asks one by one.
    """

    SIGN_IN_PAUSE_S: ClassVar[float] = 60.0

    def __init__(
        self,
        settings: Settings,
        clock: Clock | None = None,
        timeout_s: float = READ_TIMEOUT_S,
    ) -> None:
        # At DEBUG odoorpc writes the password in clear: facts of 2026-11-21, odoorpc 0.10.1.
        logging.getLogger("odoorpc").setLevel(logging.WARNING)
        self._settings = settings
        self._clock = clock or SystemClock()
        self._opener = Opener(urlsplit(settings.text("ODOO_URL")).hostname or "", timeout_s)
        self._pause_s = settings.seconds("READ_PAUSE_S")
        self._lock = threading.RLock()
        self._session: Session | None = None
        self._refused_at: float | None = None

    @property
    def url(self) -> str:
        """Return the server's root."""
        return self._settings.text("ODOO_URL")

    @property
    def account(self) -> str:
        """Return server and database, by which a record is the same for two connections."""
        return f"{self.url}/ {self._settings.text('ODOO_DB')}"

    @property
    def uses_key(self) -> bool:
        """Return whether an API key signs in, not a password."""
        return bool(self._settings.text("ODOO_API_KEY"))

    @property
    def now(self) -> datetime:
        """Return the present instant, aware UTC."""
        return self._clock.now()

    @property
    def today(self) -> date:
        """Return the owner's day."""
        return local_day(self._clock, self._clock.now())

    def _ask(self, question: Callable[[Session], T]) -> T:
        """Ask, and ask again where no answer came: only for what changes nothing."""
        with self._lock:
            return retry.ask(lambda: self._ask_once(question), self._pause_s)

    def _ask_once(self, question: Callable[[Session], T]) -> T:
        try:
            return question(self._session or self._sign_in())
        except _FAILURES as error:
            raise self._explained(error, writing=False) from error

    def _sign_in(self) -> Session:
        """Connect, sign in and see who we are; nothing in it changes anything."""
        self._check_pause()
        settings = self._settings
        version, connection = self._connected()
        login, user_id = settings.text("ODOO_USERNAME"), connection.user_id
        options = {"fields": ["login", "company_id", "company_ids"]}
        user = rows_of(connection.call("res.users", "read", [[user_id]], options))[0]
        if str(user["login"]).casefold() != login.casefold():
            text = f"signed in as another user than {login}; check ODOO_DB and ODOO_API_KEY."
            raise RejectedError("Odoo", text, error_class="AnotherUser")
        company_id = int(settings.text("ODOO_COMPANY_ID") or user["company_id"][0])
        self._session = Session(connection, company_id, version)
        self._session.others = len({*user["company_ids"]} - {company_id})
        self._refused_at = None
        return self._session

    def _connected(self) -> tuple[int, Connection]:
        """Return version and connection: JSON-2 from Odoo 19 on when there is a key."""
        settings, rpc = self._settings, _Rpc(self.url, self._opener)
        database, key = settings.text("ODOO_DB"), settings.text("ODOO_API_KEY")
        version = _major(self._version(rpc))
        if key and version >= JSON_2_SINCE:
            json_2 = Json2(self.url, database, key, self._opener)
            json_2.sign_in()
            return version, json_2
        rpc.sign_in(database, settings.text("ODOO_USERNAME"), key or settings.text("ODOO_PASSWORD"))
        return version, rpc

    def _version(self, rpc: _Rpc) -> str:
        """Return the server's version, from wherever it tells it (`/web/version` from 19 on)."""
        try:
            return rpc.version()
        except HttpStatusError as error:
            if error.status not in {404, 405, 410}:
                raise
            return version_at(self.url, self._opener)

    def _check_pause(self) -> None:
        """Refuse to sign in again soon after a refusal: wrong keys in a loop lock accounts."""
        if self._refused_at is None:
            return
        if self._clock.monotonic() - self._refused_at < self.SIGN_IN_PAUSE_S:
            raise sign_in_refused()

    def _explained(self, error: Exception, *, writing: bool) -> ServiceError:
        match error:
            case odoorpc.error.RPCError():
                explained = explain_fault(str(error), error.info, writing=writing)
            case Json2Error():
                explained = explain_json_2(str(error), error.status, error.facts, writing=writing)
            case _:
                explained = explain(error, self._clock.now(), writing=writing)
        if explained.error_class == "AccessDenied":
            self._session = None
            self._refused_at = self._clock.monotonic()
        return explained


class Writer(Reader):
    """Asks Odoo and changes it.

    Args:
        settings: `ODOO_*`.
        clock: gives the day, and the instant that a wait is counted from.
        timeout_s: how long one question may take.
        write_timeout_s: how long one change may take.
    """

    SIGN_IN_PAUSE_S: ClassVar[float] = 0.0
    """Each use follows a decision of the owner, who may have renewed the key just before."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock | None = None,
        timeout_s: float = READ_TIMEOUT_S,
        write_timeout_s: float = WRITE_TIMEOUT_S,
    ) -> None:
        super().__init__(settings, clock, timeout_s)
        self._timeout_s = timeout_s
        self._write_timeout_s = write_timeout_s

    def create(self, model: str, args: list[object], kwargs: Row) -> int:
        """Create one record in one transaction and return its id; sent once.

        Args:
            model: Odoo's name of the kind of record.
            args: `[values]`.
            kwargs: the context.

        Raises:
            NotSentError: the connection failed before the record was sent.
            RejectedError: Odoo refused; nothing was created.
            UnknownOutcomeError: it was sent, and no usable answer came.
        """
        answer = self._send(model, "create", args, kwargs, writing=True)
        if type(answer) is not int:
            raise lost("answered without an id", "NoIdentifier", writing=True)
        return answer

    def create_form(self, model: str, args: list[object], kwargs: Row) -> int:
        """Create a form, which changes nothing in the books yet; sent once, never used twice.

        Raises:
            NotSentError: no usable answer came; nothing has happened.
            RejectedError: Odoo refused.
        """
        answer = self._send(model, "create", args, kwargs, writing=False)
        if type(answer) is not int:
            raise lost("answered without an id", "NoIdentifier", writing=False)
        return answer

    def change(self, model: str, method: str, args: list[object], kwargs: Row) -> None:
        """Call a method that changes records (`write`, `action_post`); sent once.

        Raises as `create` does.
        """
        self._send(model, method, args, kwargs, writing=True)

    def _send(
        self, model: str, method: str, args: list[object], kwargs: Row, *, writing: bool
    ) -> Any:
        with self._lock:
            session = self._ask(lambda session: session)
            self._opener.timeout_s = self._write_timeout_s
            try:
                return session.connection.call(model, method, args, kwargs)
            except _FAILURES as error:
                raise self._explained(error, writing=writing) from error
            finally:
                self._opener.timeout_s = self._timeout_s


def _major(version: str) -> int:
    """Return 18 for `18.0`, `18.0+e`, `saas~18.2+e`."""
    number = re.search(r"\d+", version)
    return int(number[0]) if number else 0
