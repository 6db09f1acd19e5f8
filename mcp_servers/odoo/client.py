"""The connection to Odoo: the only code that knows odoorpc.

Rules: a write is sent once and never again; whatever fails before it (connecting, signing in,
searching) fails as "not sent" or as rejected, and only the write itself can be unknown; a refused
sign-in is not repeated at once; the password reaches no log.

Import this module when a connection is wanted and not before: it loads odoorpc.
"""

from __future__ import annotations

import http.client
import logging
import re
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar
from urllib.parse import urlsplit

import odoorpc
import odoorpc.error
from tenacity import (
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    stop_after_delay,
    wait_exponential,
)

from mcp_servers.odoo.failures import explain, explain_fault, lost, sign_in_refused
from mcp_servers.odoo.transport import HttpStatusError, NotConnectedError, Opener
from utils.clock import Clock, SystemClock
from utils.errors import NotSentError, RateLimitedError, RejectedError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from utils.config import Settings

Row = dict[str, Any]
"""One record as Odoo returns it: False for empty, `[id, name]` for a link."""

T = TypeVar("T")

READ_TIMEOUT_S = 30.0
WRITE_TIMEOUT_S = 150.0
"""Above the server's own limit of 120 s, or a slow write would be taken for a lost one."""

READ_ATTEMPTS = 5
READS_LIMIT_S = 60.0

_FAILURES = (
    *(odoorpc.error.Error, NotConnectedError, HttpStatusError),
    *(OSError, http.client.HTTPException, ValueError),  # ValueError: the answer is no JSON
    *(KeyError, TypeError, AttributeError),  # how odoorpc stumbles over an answer it cannot read
)


@dataclass(frozen=True)
class _Session:
    """A sign-in that succeeded."""

    odoo: Any
    company_id: int
    version: int


class Reader:
    """Asks Odoo; can change nothing.

    Args:
        settings: `ODOO_*`.
        clock: gives the instant that a wait is counted from.
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
        self._lock = threading.RLock()
        self._session: _Session | None = None
        self._refused_at: float | None = None
        self._currencies: dict[str, int] = {}

    @property
    def url(self) -> str:
        """Return the server's root."""
        return self._settings.text("ODOO_URL")

    @property
    def company_id(self) -> int:
        """Return the company everything belongs to: the setting, else the user's own."""
        return self._ask(lambda session: session.company_id)

    def search_read(
        self, model: str, domain: Sequence[object], fields: Sequence[str], **paging: object
    ) -> list[Row]:
        """Return records.

        Args:
            model: Odoo's name of the kind of record.
            domain: Odoo's search expression.
            fields: what to return; `id` always comes along.
            **paging: `limit`, `offset`, `order`.

        Raises:
            NotSentError: no answer came.
            RejectedError: Odoo refused the question.
        """
        options = {"fields": list(fields), **paging}
        return _rows(self._execute(model, "search_read", [list(domain)], options))

    def count(self, model: str, domain: Sequence[object]) -> int:
        """Return how many records match; raises as `search_read` does."""
        return int(self._execute(model, "search_count", [list(domain)], {}))

    def read(self, model: str, identifier: int, fields: Sequence[str]) -> Row | None:
        """Return one record, None when there is none; raises as `search_read` does."""
        rows = _rows(self._execute(model, "read", [[identifier]], {"fields": list(fields)}))
        return rows[0] if rows else None

    def currency_id(self, code: str) -> int:
        """Return the id of an active currency; asked once per connection.

        Raises:
            RejectedError: the currency is not active in this Odoo.
        """
        if code not in self._currencies:
            rows = self.search_read("res.currency", [["name", "=", code]], ["name"], limit=1)
            if not rows:
                raise RejectedError(
                    "Odoo",
                    f"the currency {code} is not active there. Activate it in Odoo under "
                    "Accounting > Configuration > Currencies, then approve again.",
                    error_class="CurrencyNotActive",
                )
            self._currencies[code] = int(rows[0]["id"])
        return self._currencies[code]

    def url_of(self, model: str, identifier: int) -> str:
        """Return where a person can look at a record (the address changed in Odoo 18)."""
        if self._ask(lambda session: session.version) >= 18:
            return f"{self.url}/odoo/{model}/{identifier}"
        return f"{self.url}/web#id={identifier}&model={model}&view_type=form"

    def _execute(self, model: str, method: str, args: list[object], options: Row) -> Any:
        def question(session: _Session) -> Any:
            context = {"allowed_company_ids": [session.company_id]}
            return session.odoo.execute_kw(model, method, args, {**options, "context": context})

        return self._ask(question)

    def _ask(self, question: Callable[[_Session], T]) -> T:
        """Ask, and ask again where no answer came: only for what changes nothing."""
        attempts = Retrying(
            stop=stop_after_attempt(READ_ATTEMPTS) | stop_after_delay(READS_LIMIT_S),
            wait=wait_exponential(multiplier=0.1, max=2),
            retry=retry_if_exception(_may_ask_again),
            reraise=True,
        )
        with self._lock:
            answer: T = attempts(self._ask_once, question)
            return answer

    def _ask_once(self, question: Callable[[_Session], T]) -> T:
        try:
            return question(self._session or self._sign_in())
        except _FAILURES as error:
            raise self._explained(error, writing=False) from error

    def _sign_in(self) -> _Session:
        """Connect, sign in and see who we are; four requests, none of which changes anything."""
        self._check_pause()
        odoo = self._unconnected()
        version = odoo.json("/web/webclient/version_info", {})["result"]["server_version"]
        settings = self._settings
        login = settings.text("ODOO_USERNAME")
        secret = settings.text("ODOO_API_KEY") or settings.text("ODOO_PASSWORD")
        odoo.login(settings.text("ODOO_DB"), login, secret)
        uid = odoo.env.uid
        user = _rows(odoo.execute_kw("res.users", "read", [[uid]], {"fields": _IDENTITY}))[0]
        if str(user["login"]).casefold() != login.casefold():
            raise RejectedError("Odoo", f"signed in as another user than {login}; check ODOO_DB.")
        company_id = int(settings.text("ODOO_COMPANY_ID") or user["company_id"][0])
        self._session = _Session(odoo, company_id, _major(str(version)))
        self._refused_at = None
        return self._session

    def _unconnected(self) -> Any:
        """Return odoorpc's object without a request.

        Given a version, its constructor does not ask for one (and would stumble over an error
        answer to that); any from 10 on selects the sign-in that all later versions share.
        """
        parts = urlsplit(self.url)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        tls = parts.scheme == "https"
        return odoorpc.ODOO(
            host,
            protocol="jsonrpc+ssl" if tls else "jsonrpc",
            port=parts.port or (443 if tls else 80),
            version="17.0",
            opener=self._opener,
        )

    def _check_pause(self) -> None:
        """Refuse to sign in again soon after a refusal: wrong keys in a loop lock accounts."""
        if self._refused_at is None:
            return
        if self._clock.monotonic() - self._refused_at < self.SIGN_IN_PAUSE_S:
            raise sign_in_refused()

    def _explained(self, error: Exception, *, writing: bool) -> ServiceError:
        if isinstance(error, odoorpc.error.RPCError):
            explained = explain_fault(str(error), error.info, writing=writing)
        else:
            explained = explain(error, self._clock.now(), writing=writing)
        if explained.error_class == "AccessDenied":
            self._session = None
            self._refused_at = self._clock.monotonic()
        return explained


class Writer(Reader):
    """Asks Odoo and changes it.

    Args:
        settings: `ODOO_*`.
        clock: gives the instant that a wait is counted from.
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
        with self._lock:
            session = self._ask(lambda session: session)
            self._opener.timeout_s = self._write_timeout_s
            try:
                answer = session.odoo.execute_kw(model, "create", args, kwargs)
            except _FAILURES as error:
                raise self._explained(error, writing=True) from error
            finally:
                self._opener.timeout_s = self._timeout_s
        if type(answer) is not int:
            raise lost("answered without an id", "NoIdentifier", writing=True)
        return answer


_IDENTITY = ["login", "company_id"]


def _rows(answer: object) -> list[Row]:
    if isinstance(answer, list) and all(isinstance(row, dict) for row in answer):
        return answer
    raise ValueError("the answer is no list of records")


def _major(version: str) -> int:
    """Return 18 for `18.0`, `18.0+e`, `saas~18.2+e`."""
    number = re.search(r"\d+", version)
    return int(number[0]) if number else 0


def _may_ask_again(error: BaseException) -> bool:
    return isinstance(error, NotSentError) and not isinstance(error, RateLimitedError)
