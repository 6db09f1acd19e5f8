"""The connection to Gmail: the only code that knows googleapiclient.

Rules: what is written is sent once and never again; reading and writing are signed in apart; only
an answer that says so counts as "not sent", and everything that was handed over without a usable
answer is unknown; nothing is ever batched (a batch goes to Google's host whatever is configured).

Import this module when a connection is wanted and not before: it loads googleapiclient.
"""

from __future__ import annotations

import base64
import json
import logging
import secrets
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeVar

from google.auth.exceptions import GoogleAuthError
from googleapiclient.discovery import build
from googleapiclient.errors import Error, HttpError

from mcp_servers.email.credentials import SignIn
from mcp_servers.email.failures import SIGN_IN_NEEDED, explain, explain_status
from mcp_servers.email.transport import DiscoveryHttp, NotSignedInError
from mcp_servers.once import LostError, NotConnectedError
from utils import retry
from utils.clock import Clock, SystemClock
from utils.errors import RejectedError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from utils.config import Settings

Row = dict[str, Any]
"""One object as the API returns it."""

T = TypeVar("T")

READ_TIMEOUT_S = 30.0
WRITE_TIMEOUT_S = 60.0
PATH = "/gmail/v1/users/me"
JSON = "application/json"
LIMIT_JSON_BYTES = 4_000_000
"""A larger message is uploaded.

Source: developers.google.com/workspace/gmail/api/guides/uploads (small: up to 5 MB); the discovery
document gmail:v1 20261005, drafts.create `mediaUpload`: message/*, at most 36,700,160 bytes.
"""
METADATA = ["From", "To", "Subject", "Date", "Message-ID", "X-AI-Employee-Key"]

_FAILURES = (
    *(NotConnectedError, NotSignedInError, GoogleAuthError, Error, LostError),
    *(ValueError, KeyError, TypeError, AttributeError),  # an answer nobody can read
)


class Reader:
    """Asks Gmail about one mailbox; can change nothing.

    Args:
        settings: `GMAIL_*` and `EMAIL_*`.
        clock: gives the instant that a wait is counted from.
        timeout_s: how long one request may take.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock | None = None,
        timeout_s: float = READ_TIMEOUT_S,
    ) -> None:
        for name in ("google", "googleapiclient", "google_auth_httplib2", "requests", "urllib3"):
            logging.getLogger(name).setLevel(logging.WARNING)  # they write mails at DEBUG
        self.settings = settings
        self.url = settings.text("GMAIL_API_URL")
        self._clock = clock or SystemClock()
        self._sign_in = SignIn(settings, timeout_s, writing=False)
        self._pause_s = settings.seconds("READ_PAUSE_S")
        self._lock = threading.RLock()
        self._me: SimpleNamespace | None = None

    # -- questions ----------------------------------------------------------------------------

    def profile(self) -> Row:
        """Return address and present history id."""
        return self._ask(lambda me: me.getProfile(userId="me"), "emailAddress")

    def messages(self, query: str, limit: int, cursor: str | None = None) -> tuple[list[str], str]:
        """Return ids of mails, newest first, and the cursor of the next page ("" at the end).

        Args:
            query: as in Gmail's search box.
            limit: 1 to 500.
            cursor: of the page before.
        """
        answer = self._ask(
            lambda me: me.messages.list(
                userId="me", q=query, maxResults=limit, pageToken=cursor or None
            )
        )
        return _ids(answer.get("messages", [])), str(answer.get("nextPageToken", ""))

    def sent(self, limit: int) -> list[str]:
        """Return the ids of the newest sent mails, by their label, not from the search index."""
        answer = self._ask(
            lambda me: me.messages.list(userId="me", labelIds=["SENT"], maxResults=limit)
        )
        return _ids(answer.get("messages", []))

    def message(self, identifier: str) -> Row:
        """Return one mail's headers (`METADATA`), labels and snippet."""
        return self._ask(
            lambda me: me.messages.get(
                userId="me", id=identifier, format="metadata", metadataHeaders=METADATA
            ),
            "id",
        )

    def raw_message(self, identifier: str) -> Row:
        """Return one mail with all its bytes under `data`."""
        row = self._ask(lambda me: me.messages.get(userId="me", id=identifier, format="raw"), "raw")
        return {**row, "data": base64.urlsafe_b64decode(f"{row['raw']}===")}

    def draft(self, identifier: str) -> Row | None:
        """Return a draft with its headers; None when there is none of that id."""
        try:
            return self._ask(
                lambda me: me.drafts.get(userId="me", id=identifier, format="metadata"), "id"
            )
        except RejectedError as error:
            if error.error_class != "HTTP 404":
                raise
            return None

    def drafts(self, query: str, limit: int) -> list[str]:
        """Return the ids of drafts."""
        answer = self._ask(
            lambda me: me.drafts.list(userId="me", q=query or None, maxResults=limit)
        )
        return _ids(answer.get("drafts", []))

    def history(self, since: str, cursor: str | None) -> Row:
        """Return one page of what was added to the inbox since a history id."""
        return self._ask(
            lambda me: me.history.list(
                userId="me",
                startHistoryId=since,
                historyTypes=["messageAdded"],
                labelId="INBOX",
                maxResults=500,
                pageToken=cursor or None,
            ),
            "historyId",
        )

    def _ask(self, question: Callable[[Any], Any], part: str = "") -> Row:
        """Ask, and ask again where no answer came: only for what changes nothing.

        Raises:
            NotSentError: no answer came, or Gmail asked us to wait.
            RejectedError: Gmail refused the question.
        """

        def once() -> Row:
            return _answer(question(self._service()).execute(num_retries=0), part)

        with self._lock:
            return retry.ask(lambda: self._once(once, self._sign_in, writing=False), self._pause_s)

    def _service(self) -> SimpleNamespace:
        """Return the mailbox's resources, each built once: building one costs half a request."""
        if self._me is None:
            users = build(
                "gmail",
                "v1",
                http=DiscoveryHttp(self._sign_in.session()),
                client_options={"api_endpoint": self.url},
                static_discovery=True,
                cache_discovery=False,
            ).users()
            self._me = SimpleNamespace(
                getProfile=users.getProfile,
                messages=users.messages(),
                drafts=users.drafts(),
                history=users.history(),
            )
        return self._me

    def _once(self, call: Callable[[], T], sign_in: SignIn, *, writing: bool) -> T:
        try:
            return call()
        except (ServiceError, *_FAILURES) as error:
            told = self._explained(error, writing=writing)
            if told.error_class == SIGN_IN_NEEDED:
                sign_in.forget()
                self._me = None
            if told is error:
                raise
            raise told from error

    def _explained(self, error: Exception, *, writing: bool) -> ServiceError:
        if isinstance(error, ServiceError):
            return error
        if not isinstance(error, HttpError):
            return explain(error, writing=writing)
        return explain_status(
            int(error.resp.status), error.content, error.resp, self._clock.now(), writing=writing
        )


class Writer(Reader):
    """Asks Gmail, and lays down and sends drafts.

    Args:
        settings: `GMAIL_*` and `EMAIL_*`.
        clock: gives the instant that a wait is counted from.
        timeout_s: how long one request may take.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock | None = None,
        timeout_s: float = WRITE_TIMEOUT_S,
    ) -> None:
        super().__init__(settings, clock, timeout_s)
        self._send_sign_in = SignIn(settings, timeout_s, writing=True)

    def create_draft(self, raw: bytes, thread_id: str | None) -> Row:
        """Lay down a draft; sent once.

        Args:
            raw: the message.
            thread_id: Gmail's thread it belongs to.

        Returns:
            The draft: `id`, and `message` with its own `id` and `threadId`.

        Raises:
            NotSentError: nothing left this machine, or Gmail asked us to wait.
            RejectedError: Gmail refused; there is no draft.
            UnknownOutcomeError: it was handed over, and no usable answer came.
        """
        return self._lay("POST", "/drafts", raw, thread_id)

    def update_draft(self, identifier: str, raw: bytes, thread_id: str | None) -> Row:
        """Replace what a draft says; arguments, result and errors are those of `create_draft`."""
        return self._lay("PUT", f"/drafts/{identifier}", raw, thread_id)

    def send_draft(self, identifier: str) -> Row:
        """Send a draft; sent once. Returns the sent message; errors as of `create_draft`."""
        return self._write("POST", f"{PATH}/drafts/send", JSON, _json({"id": identifier}))

    def _lay(self, method: str, path: str, raw: bytes, thread_id: str | None) -> Row:
        """Put a message into a draft: small ones as JSON, large ones as they are, next to it."""
        thread = {"threadId": thread_id} if thread_id else {}
        if len(raw) <= LIMIT_JSON_BYTES:
            text = base64.urlsafe_b64encode(raw).decode("ascii")
            body = _json({"message": {"raw": text, **thread}})
            return self._write(method, f"{PATH}{path}", JSON, body)
        kind, body = _related(_json({"message": thread}), raw)
        return self._write(method, f"/upload{PATH}{path}?uploadType=multipart", kind, body)

    def _write(self, method: str, path: str, kind: str, body: bytes) -> Row:
        def once() -> Row:
            answer = self._send_sign_in.session().request(
                method, f"{self.url}{path}", body, {"Content-Type": kind}
            )
            if answer.status_code != 200:
                raise explain_status(
                    answer.status_code,
                    answer.content,
                    answer.headers,
                    self._clock.now(),
                    writing=True,
                )
            return _answer(answer.json(), "id")

        with self._lock:
            return self._once(once, self._send_sign_in, writing=True)


def header_of(row: Row, name: str) -> str:
    """Return a header of a mail as `Reader.message` gives it, "" when it has none."""
    for header in row.get("payload", {}).get("headers", []):
        if str(header.get("name", "")).casefold() == name.casefold():
            return str(header.get("value", ""))
    return ""


def _json(value: Row) -> bytes:
    return json.dumps(value).encode()


def _related(about: bytes, raw: bytes) -> tuple[str, bytes]:
    """Return the content type and body of an upload: what is said about a message, and it."""
    boundary = secrets.token_hex(16)
    mark = f"--{boundary}".encode()
    parts = ((JSON, about), ("message/rfc822", raw))
    lines = [
        line for kind, data in parts for line in (mark, f"Content-Type: {kind}".encode(), b"", data)
    ]
    body = b"\r\n".join([*lines, mark + b"--", b""])
    return f'multipart/related; boundary="{boundary}"', body


def _answer(value: object, part: str) -> Row:
    """Return an answer that has a certain part."""
    if not isinstance(value, dict):
        raise ValueError("the answer is no JSON object")
    if part and not value.get(part):
        raise ValueError(f"the answer has no {part}")
    return value


def _ids(rows: Sequence[Row]) -> list[str]:
    return [str(row["id"]) for row in rows]
