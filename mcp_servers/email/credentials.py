"""The sign-in that `auth gmail` left behind, read from its file.

Rules: the file is read again after Google refused what was in it, so an owner who signed in anew
can go on at once; a renewed access token lives in memory only; tokens are in no error text.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from google.oauth2.credentials import Credentials

from mcp_servers.email.failures import sign_in_needed
from mcp_servers.email.identity import read_token_file
from mcp_servers.email.transport import OnceSession
from utils.config import is_loopback_url

if TYPE_CHECKING:
    from utils.config import Settings

GOOGLE_TOKEN_URL = "https://oauth2.googleapis.com/token"  # noqa: S105 an address, no secret
"""Where access tokens are renewed. Source: google-auth 2.62.2, `google.oauth2.credentials`."""


class SignIn:
    """The sign-in for reading or the one for writing, and the session that carries it.

    Args:
        settings: `GMAIL_*`.
        writing: whether it is the one for drafts and sending.
        timeout_s: how long a connection may be silent.
    """

    def __init__(self, settings: Settings, timeout_s: float, *, writing: bool) -> None:
        self._setting = "GMAIL_SEND_TOKEN_FILE" if writing else "GMAIL_TOKEN_FILE"
        self._path = settings.path(self._setting)
        self._url = settings.text("GMAIL_API_URL")
        self._timeout_s = timeout_s
        self._writing = writing
        self._session: OnceSession | None = None
        self._refused: str | None = None

    def session(self) -> OnceSession:
        """Return the session; the file is read when there is none yet.

        Raises:
            RejectedError: nobody has signed in.
        """
        if self._session is None:
            self._session = OnceSession(self._load(), self._url, self._timeout_s)
        return self._session

    def forget(self) -> None:
        """Begin anew next time, with another access token than the one that was refused."""
        if self._session is not None:
            self._refused = self._session.credentials.token
            self._session.close()
        self._session = None

    def _load(self) -> Credentials:
        if self._path is None:
            raise sign_in_needed(f"{self._setting} is not set", writing=self._writing)
        found = read_token_file(self._path)
        if not found.get("refresh_token"):
            raise sign_in_needed(f"there is no sign-in in {self._path}", writing=self._writing)
        token = found.get("token")
        return Credentials(  # type: ignore[no-untyped-call] # google-auth types it in part only
            token=None if token == self._refused else token,
            refresh_token=found["refresh_token"],
            token_uri=token_url(self._url),
            client_id=found.get("client_id"),
            client_secret=found.get("client_secret"),
            expiry=_expiry(str(found.get("expiry") or "")),
        )


def token_url(api_url: str) -> str:
    """Return where access tokens are renewed: at Google's, or at the sandbox on this machine."""
    return f"{api_url}/token" if is_loopback_url(api_url) else GOOGLE_TOKEN_URL


def _expiry(text: str) -> datetime:
    """Return when an access token is over, as google-auth keeps it: UTC without a zone."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return datetime(1970, 1, 1)  # noqa: DTZ001 google-auth compares with naive UTC
    return at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at
