"""The connection to the Graph API: the only code that knows facebook-sdk.

Rules: what is written is sent once and never again; the token stands in a header, never in an
address or a body, because addresses end up in error texts and logs; only an answer that says so
counts as "not sent".

facebook-sdk 3.1.0 refuses every version from 10 on in its constructor but works with it when it is
set afterwards; it knows one host for the whole process, throws the headers away and reads a 500 as
if it were an answer. All four are put right here.

Import this module when a connection is wanted and not before: it loads facebook-sdk.
"""

from __future__ import annotations

import json
import logging
import threading
import warnings
from typing import TYPE_CHECKING, Any, TypeVar

from requests.auth import AuthBase

from mcp_servers.graph.failures import Told, explain, lost, not_connected, told_by
from mcp_servers.graph.usage import Usage, usage_of
from mcp_servers.once import LostError, NotConnectedError, OnceSession
from utils import retry
from utils.clock import Clock, SystemClock
from utils.errors import RateLimitedError

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # an escape in its source that newer Pythons complain about
    import facebook

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from requests import PreparedRequest, Response

    from utils.config import Settings

Row = dict[str, Any]
"""One object as the API returns it."""

T = TypeVar("T")

READ_TIMEOUT_S = 30.0
WRITE_TIMEOUT_S = 60.0

_FAILURES = (
    *(facebook.GraphAPIError, NotConnectedError, LostError),
    *(ValueError, LookupError, TypeError, AttributeError),  # an answer nobody can read
)


class NoSuccessError(Exception):
    """An answer came, and it is no success."""

    def __init__(self, answer: Response) -> None:
        super().__init__(f"HTTP {answer.status_code}")
        self.status = answer.status_code
        self.body = answer.content
        self.headers = dict(answer.headers)


class _Bearer(AuthBase):
    """Puts the token into a header; as `auth` it also keeps requests from looking into .netrc."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class _Session(OnceSession):
    """What facebook-sdk is given in place of its own session."""

    def __init__(self, root: str, timeout_s: float, token: str, clock: Clock) -> None:
        super().__init__(root, timeout_s)
        self.auth = _Bearer(token)
        self.usage: Usage | None = None
        self._clock = clock

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> Response:
        """Send a request; errors as of `OnceSession`.

        Raises:
            NoSuccessError: the answer is no success.
        """
        path = str(url).removeprefix(facebook.FACEBOOK_GRAPH_URL)
        for part in ("params", "data"):
            values = kwargs.get(part) or {}
            kwargs[part] = {name: v for name, v in values.items() if name != "access_token"}
        answer = super().request(method, f"{self.root}/{path}", *args, **kwargs)
        self.usage = usage_of(answer.headers, self._clock.now()) or self.usage
        if not 200 <= answer.status_code < 300:
            raise NoSuccessError(answer)
        return answer


class _Api(facebook.GraphAPI):  # type: ignore[misc] # ships no types
    def __init__(self, token: str, version: str, session: _Session) -> None:
        super().__init__(access_token=token, session=session)
        self.version = version


class Connection:
    """Asks and writes with one token.

    Args:
        settings: GRAPH_API_*.
        token: of the account.
        service: its name in front of people.
        clock: gives the instant that a wait is counted from.
        timeout_s: how long one request may take.
    """

    def __init__(
        self, settings: Settings, token: str, service: str, clock: Clock | None, timeout_s: float
    ) -> None:
        for name in ("requests", "urllib3"):
            logging.getLogger(name).setLevel(logging.WARNING)
        self.service = service
        self.clock = clock or SystemClock()
        root, version = settings.text("GRAPH_API_URL"), settings.text("GRAPH_API_VERSION")
        self._session = _Session(root, timeout_s, token, self.clock)
        self._api = _Api(token, version, self._session)
        self._pause_s = settings.seconds("READ_PAUSE_S")
        self._lock = threading.RLock()

    def spare(self) -> None:
        """Make sure that there is allowance left for what nobody waits for.

        Raises:
            RateLimitedError: little is left; it is kept for what the owner approved.
        """
        usage, now = self._session.usage, self.clock.now()
        if usage is not None and usage.is_scarce(now):
            text = f"{usage.percent:.0f} % of what Meta allows is used up; lists and figures wait."
            raise RateLimitedError(self.service, text, retry_at=usage.regained_at)

    def ask(self, path: str, **parameters: object) -> Row:
        """Ask, and ask again where no answer came: only for what changes nothing.

        Args:
            path: an object's id, or an id, "/" and the name of what belongs to it.
            parameters: of the question.

        Raises:
            NotSentError: no answer came, or Meta asked us to wait.
            RejectedError: Meta refused the question.
        """
        with self._lock:
            return retry.ask(lambda: self.ask_once(path, **parameters), self._pause_s)

    def ask_once(self, path: str, **parameters: object) -> Row:
        """Ask, and take no answer for an answer: arguments and errors as of `ask`."""
        given = {name: value for name, value in parameters.items() if value is not None}

        def question() -> Row:
            return _object(self._api.get_object(path, **given))

        with self._lock:
            return self._once(question, writing=False)

    def write(
        self, parent: str, edge: str, form: Mapping[str, str], file: tuple[str, bytes, str] | None
    ) -> str:
        """Write once and return the id of what was made.

        Args:
            parent: id of the object that it belongs to.
            edge: what it is to that object, e.g. `feed`.
            form: the fields.
            file: name, content and type of a file that goes with them.

        Raises:
            NotSentError: nothing left this machine, or Meta asked us to wait.
            RejectedError: Meta refused; nothing was made.
            UnknownOutcomeError: it was sent, and no usable answer came.
        """

        def writing() -> Row:
            if file is not None:
                path = f"{parent}/{edge}"
                return _object(self._api.put_photo(image=file, album_path=path, **form))
            return _object(self._api.put_object(parent, edge, **form))

        with self._lock:
            self._heed()
            answer = self._once(writing, writing=True)
        identifier = answer.get("message_id") or answer.get("id")
        if not isinstance(identifier, str) or not identifier:
            raise lost(self.service, "answered without an id", "NoIdentifier", writing=True)
        return identifier

    def _heed(self) -> None:
        """Send nothing that Meta has said it will refuse; a try would only prolong the wait."""
        usage, now = self._session.usage, self.clock.now()
        if usage is not None and usage.is_gone(now):
            text = "all of what Meta allows is used up; nothing was sent."
            raise RateLimitedError(self.service, text, retry_at=usage.regained_at)

    def _once(self, call: Callable[[], T], *, writing: bool) -> T:
        try:
            return call()
        except NoSuccessError as error:
            told = told_by(error.status, error.body)
            now = self.clock.now()
            raise explain(self.service, told, error.headers, now, writing=writing) from error
        except NotConnectedError as error:
            raise not_connected(self.service, str(error)) from error
        except _FAILURES as error:
            said, now = _told_in(error), self.clock.now()
            if said is not None:
                raise explain(self.service, said, {}, now, writing=writing) from error
            name = type(error).__name__
            raise lost(self.service, "gave no usable answer", name, writing=writing) from error


class Reader:
    """Asks about one account; can change nothing. A service names its token and its account.

    Args:
        settings: of the service.
        clock: gives the instant that a wait is counted from.
        timeout_s: how long one request may take.
    """

    SERVICE = ""
    TOKEN = ""
    ACCOUNT = ""

    def __init__(
        self,
        settings: Settings,
        clock: Clock | None = None,
        timeout_s: float = READ_TIMEOUT_S,
    ) -> None:
        self.settings = settings
        self.account = settings.text(self.ACCOUNT)
        token = settings.text(self.TOKEN)
        self._connection = Connection(settings, token, self.SERVICE, clock, timeout_s)
        self.clock = self._connection.clock

    def ask(self, path: str, **parameters: object) -> Row:
        """Ask; arguments, result and errors are those of `Connection.ask`."""
        return self._connection.ask(path, **parameters)

    def ask_once(self, path: str, **parameters: object) -> Row:
        """Ask one time only; arguments, result and errors are those of `Connection.ask`."""
        return self._connection.ask_once(path, **parameters)

    def ask_sparingly(self, path: str, **parameters: object) -> Row:
        """Ask what nobody waits for; a `RateLimitedError` too when little allowance is left."""
        self._connection.spare()
        return self._connection.ask(path, **parameters)


class Writer(Reader):
    """Asks about one account and writes to it; a service adds its own `Reader`."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock | None = None,
        timeout_s: float = WRITE_TIMEOUT_S,
    ) -> None:
        super().__init__(settings, clock, timeout_s)

    def create(
        self,
        parent: str,
        edge: str,
        form: Mapping[str, str],
        file: tuple[str, bytes, str] | None = None,
    ) -> str:
        """Write once; arguments, result and errors are those of `Connection.write`."""
        return self._connection.write(parent, edge, form, file)


def _told_in(error: Exception) -> Told | None:
    """Return what facebook-sdk found in an answer that called itself a success, if it is one."""
    result = error.result if isinstance(error, facebook.GraphAPIError) else None
    if not isinstance(result, dict):
        return None
    told = told_by(200, json.dumps(result).encode())
    return told if told.code else None


def _object(value: object) -> Row:
    if not isinstance(value, dict):
        raise ValueError("the answer is no JSON object")
    return value
