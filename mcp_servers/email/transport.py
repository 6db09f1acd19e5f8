"""One HTTP request, sent once, signed in: in place of httplib2 and of google-auth's own session.

Rules: signing in comes before the request and has a failure of its own, because nothing was sent
then; a failure before a connection exists has one too; no answer, a 401 included, makes anything
be sent again; no redirects, no connection kept for a later request; always a time-out.

Source: google-auth 2.62.2, `AuthorizedSession.request`: it renews the sign-in and sends the same
request again on a 401 unless it is told not to; googleapiclient 2.202.0 with httplib2 sends a POST
twice when the connection is lost (`facts/services-and-libraries.md` 0.1, tried).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import requests
from google.auth.exceptions import GoogleAuthError, RefreshError
from google.auth.transport.requests import AuthorizedSession
from google.auth.transport.requests import Request as TokenRequest

from mcp_servers.once import send_once

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.oauth2.credentials import Credentials


class NotSignedInError(Exception):
    """The sign-in could not be renewed, so the request was never made.

    Args:
        message: what Google says.
        is_final: whether only a new sign-in by the owner helps.
    """

    def __init__(self, message: str, *, is_final: bool) -> None:
        super().__init__(message)
        self.is_final = is_final


class OnceSession(AuthorizedSession):
    """Sends each request once, with the sign-in in it.

    Args:
        credentials: what is signed in with.
        root: scheme and host of the API.
        timeout_s: how long a connection may be silent.
    """

    def __init__(self, credentials: Credentials, root: str, timeout_s: float) -> None:
        self._tokens = _plain_session(root)
        token_request = TokenRequest(self._tokens)
        super().__init__(  # type: ignore[no-untyped-call]
            credentials,
            refresh_status_codes=(),  # a 401 is an answer, not a reason to send again
            max_refresh_attempts=0,
            auth_request=token_request,
        )
        self._renewal = partial(token_request, timeout=timeout_s, allow_redirects=False)
        self._timeout_s = timeout_s
        send_once(self, root)

    def request(  # type: ignore[override] # the base's has more options, which nobody uses here
        self,
        method: str,
        url: str,
        data: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> requests.Response:
        """Send a request.

        Raises:
            NotSignedInError: nothing was sent; the sign-in is over or cannot be renewed now.
            NotConnectedError: nothing was sent.
            LostError: it was sent, and no whole answer came.
        """
        self._renew()
        kwargs |= {"timeout": self._timeout_s, "allow_redirects": False}
        answer: requests.Response = super().request(  # type: ignore[no-untyped-call]
            method, url, data=data, headers=dict(headers or {}), **kwargs
        )
        return answer

    def _renew(self) -> None:
        """Get a new access token where the old one is over, before anything else is sent."""
        if self.credentials.valid:
            return
        try:
            self.credentials.refresh(self._renewal)
        except RefreshError as error:
            raise NotSignedInError(str(error.args[0]), is_final=not error.retryable) from error
        except (GoogleAuthError, LookupError, TypeError, ValueError) as error:
            text = f"no usable answer from the sign-in ({type(error).__name__})"
            raise NotSignedInError(text, is_final=False) from error

    def close(self) -> None:
        """Close both sessions."""
        super().close()  # type: ignore[no-untyped-call]
        self._tokens.close()


def _plain_session(root: str) -> requests.Session:
    session = requests.Session()
    send_once(session, root)
    return session


class DiscoveryAnswer(dict[str, str]):
    """The head of an answer, as httplib2 gives it: headers in small letters."""

    def __init__(self, answer: requests.Response) -> None:
        super().__init__({name.lower(): value for name, value in answer.headers.items()})
        self.status = answer.status_code
        self.reason = answer.reason or ""


class DiscoveryHttp:
    """What googleapiclient is given in place of httplib2.

    Args:
        session: sends.
    """

    def __init__(self, session: OnceSession) -> None:
        self._session = session

    def request(
        self,
        uri: str,
        method: str = "GET",
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        **_: object,
    ) -> tuple[DiscoveryAnswer, bytes]:
        """Send a request and return the answer as httplib2 would."""
        answer = self._session.request(method, uri, data=body, headers=headers)
        return DiscoveryAnswer(answer), answer.content

    def close(self) -> None:
        """Close the session."""
        self._session.close()
