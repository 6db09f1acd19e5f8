"""The sign-in behind `auth gmail [--send]`: a browser window, and a token file afterwards.

Rules: reading and sending are two sign-ins with the least rights that do; the token file belongs
to its owner only (mode 0600) and appears whole; a token is never shown.

Not verified: nothing here has talked to Google. It is written after google-auth-oauthlib 1.5.0,
`InstalledAppFlow.run_local_server`, and developers.google.com/identity/protocols/oauth2/native-app,
read 2026-11; the tests replace the browser and Google by a server on this machine.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from mcp_servers.email.failures import explain, explain_status
from mcp_servers.email.identity import read_token_file
from mcp_servers.email.transport import OnceSession
from mcp_servers.once import LostError
from utils import files
from utils.clock import SystemClock
from utils.config import is_loopback_url
from utils.errors import ConfigError, RejectedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from google.oauth2.credentials import Credentials

    from utils.config import Settings

WAIT_FOR_BROWSER_S = 300
TIMEOUT_S = 30.0
_RIGHTS = "https://www.googleapis.com/auth/gmail"
SCOPES = {False: [f"{_RIGHTS}.readonly"], True: [f"{_RIGHTS}.compose"]}
"""The rights asked for: reading, or drafts and sending. `gmail.send` alone cannot lay down a draft,
and without a draft a lost answer could not be told from a mail that was never sent.
Source: discovery document gmail:v1 20261005, scopes of users.drafts.create and .send."""

HOW_TO_GET_CREDENTIALS = (
    "In console.cloud.google.com make a project, switch the Gmail API on, make an OAuth client of "
    "the type Desktop app, download its JSON file and put its path into GMAIL_CREDENTIALS_FILE"
)
PUBLISH = (
    "Important: on the page Google Auth platform > Audience, press Publish app. While the app is "
    "in Testing, Google ends every sign-in after 7 days. Your browser will warn that the app is "
    "not verified: it is your own, so go on (Advanced, then the link below)."
)
"""Source: developers.google.com/identity/protocols/oauth2, "Refresh token expiration", 2026-11."""


def words_before(*, send: bool) -> str:
    """Return what a person must know before the sign-in begins."""
    what = "lay down drafts and send mail" if send else "read your mail; it cannot change anything"
    where = "A browser window opens now and asks"
    if not _has_browser():
        where = "Open the address below in a browser on this machine; it asks"
    return f"{PUBLISH}\n{where} for the right to {what}."


def sign_in(settings: Settings, *, send: bool, say: Callable[[str], None]) -> str:
    """Let the owner sign in with a browser, keep the sign-in, and return the mail address.

    Args:
        settings: `GMAIL_*`.
        send: for drafts and sending, else for reading.
        say: told what a person must know, once nothing is missing.

    Raises:
        ConfigError: a setting or the downloaded file is missing.
        UsageError: the browser was closed or nobody came.
        RejectedError: Google or the owner refused.
        NotSentError: Google cannot be reached.
    """
    name = "GMAIL_SEND_TOKEN_FILE" if send else "GMAIL_TOKEN_FILE"
    target = settings.path(name)
    if target is None:
        raise ConfigError(name, "must name the file that keeps the sign-in", "secrets/gmail.json")
    client = _client(settings)
    say(words_before(send=send))
    credentials = _asked(client, send=send)
    address = _address(settings.text("GMAIL_API_URL"), credentials)
    _keep(target, credentials, address)
    return address


def _client(settings: Settings) -> dict[str, Any]:
    """Return the OAuth client that the owner downloaded."""
    path = settings.path("GMAIL_CREDENTIALS_FILE")
    example = "secrets/gmail-client.json"
    if path is None:
        raise ConfigError(
            "GMAIL_CREDENTIALS_FILE", f"is not set. {HOW_TO_GET_CREDENTIALS}", example
        )
    if not path.is_file():
        raise ConfigError(
            "GMAIL_CREDENTIALS_FILE", f"there is no file {path}. {HOW_TO_GET_CREDENTIALS}", example
        )
    client = read_token_file(path)
    parts = client.get("installed")
    if not isinstance(parts, dict) or not {"client_id", "auth_uri", "token_uri"} <= set(parts):
        problem = f"{path} is no OAuth client of the type Desktop app. {HOW_TO_GET_CREDENTIALS}"
        raise ConfigError("GMAIL_CREDENTIALS_FILE", problem, example)
    for part in ("auth_uri", "token_uri"):
        address = str(parts[part])
        if not address.startswith("https://") and not is_loopback_url(address):
            raise ConfigError("GMAIL_CREDENTIALS_FILE", f"{part} must begin with https://", example)
    return client


def _asked(client: dict[str, Any], *, send: bool) -> Credentials:
    """Open the browser and wait for the answer on this machine."""
    from google_auth_oauthlib.flow import InstalledAppFlow, WSGITimeoutError
    from oauthlib.oauth2 import OAuth2Error

    flow = InstalledAppFlow.from_client_config(client, SCOPES[send])
    try:
        flow.run_local_server(
            host="127.0.0.1",
            port=0,
            open_browser=_has_browser(),
            timeout_seconds=WAIT_FOR_BROWSER_S,
            prompt="consent",
        )
    except WSGITimeoutError as error:
        waited = f"{WAIT_FOR_BROWSER_S // 60} minutes"
        raise UsageError(f"Nobody signed in within {waited}. Run the command again.") from error
    except (OAuth2Error, Warning) as error:  # a right that was not ticked comes as a Warning
        text = f"the sign-in was refused ({type(error).__name__}). Tick every right it asks for."
        raise RejectedError("Google", text, error_class="SignInRefused") from error
    except LostError as error:
        raise explain(error, writing=False) from error
    credentials: Credentials = flow.credentials
    if not credentials.refresh_token:
        text = "gave no lasting sign-in. Remove the app under myaccount.google.com, then try again."
        raise RejectedError("Google", text, error_class="NoRefreshToken")
    return credentials


def _has_browser() -> bool:
    """Return whether a browser can be opened; otherwise the address is printed only."""
    import webbrowser

    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


def _address(url: str, credentials: Credentials) -> str:
    """Return whose mailbox it is, which also shows that the sign-in works."""
    session = OnceSession(credentials, url, TIMEOUT_S)
    try:
        answer = session.request("GET", f"{url}/gmail/v1/users/me/profile")
        if answer.status_code != 200:
            now = SystemClock().now()
            raise explain_status(
                answer.status_code, answer.content, answer.headers, now, writing=False
            )
        return str(answer.json()["emailAddress"])
    except (LostError, ValueError, LookupError, TypeError) as error:
        raise explain(error, writing=False) from error
    finally:
        session.close()


def _keep(path: Path, credentials: Credentials, address: str) -> None:
    """Write the token file, whole and for its owner only."""
    found = json.loads(credentials.to_json())  # type: ignore[no-untyped-call]
    data = json.dumps({**found, "account": address}, indent=2).encode() + b"\n"
    before = os.umask(0o077)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            files.replace(path, data, expected=files.digest(path.read_bytes()))
        else:
            files.create(path, data)
    finally:
        os.umask(before)
