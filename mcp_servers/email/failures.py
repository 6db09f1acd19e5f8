"""What a failure of Gmail means for us, in words the owner can act on.

Rule: only a refusal in so many words counts as "not sent"; whatever was sent without a usable
answer is unknown. Sources: developers.google.com/workspace/gmail/api/guides/handle-errors and
.../identity/protocols/oauth2 ("Refresh token expiration"), read 2026-11.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from mcp_servers.email.transport import NotSignedInError
from mcp_servers.fields import short
from mcp_servers.once import NotConnectedError
from utils.errors import (
    NotSentError,
    RateLimitedError,
    RejectedError,
    ServiceError,
    UnknownOutcomeError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

SERVICE = "Gmail"
SIGN_IN_NEEDED = "SignInNeeded"
"""The state in which only the owner helps; `error_class` of what is raised then."""
SIGN_IN = {False: "bin/run auth gmail", True: "bin/run auth gmail --send"}

_RATE_REASONS = frozenset(
    {
        *("rateLimitExceeded", "userRateLimitExceeded", "dailyLimitExceeded", "quotaExceeded"),
        *("concurrentLimitExceeded", "RATE_LIMIT_EXCEEDED", "RESOURCE_EXHAUSTED"),
    }
)
_RIGHTS_REASONS = frozenset(
    {"insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT", "forbidden"}
)
_RETRY_AFTER = re.compile(r"Retry after (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)", re.IGNORECASE)


def explain(error: Exception, *, writing: bool) -> ServiceError:
    """Return what a failure to get an answer means.

    Args:
        error: what the transport raised.
        writing: whether something was being written.
    """
    if isinstance(error, NotConnectedError):
        why = short(str(error).rpartition(": ")[2])  # before that: the library's own names
        reason = f"cannot be reached ({why}); nothing was sent. Is this machine online?"
        return NotSentError(SERVICE, reason, error_class="Unreachable")
    if isinstance(error, NotSignedInError):
        if error.is_final:
            return sign_in_needed(f"the sign-in is over ({short(str(error))})", writing=writing)
        reason = f"the sign-in could not be renewed just now; nothing was sent. {error}"
        return NotSentError(SERVICE, reason, error_class="SignInUnavailable")
    return lost("gave no usable answer", type(error).__name__, writing=writing)


def sign_in_needed(why: str, *, writing: bool) -> RejectedError:
    """Return the error of a sign-in that only the owner can renew.

    Args:
        why: what is wrong, in words.
        writing: whether the sign-in for sending is meant, not the one for reading.
    """
    text = f"{why}. Nothing was sent. Sign in again: {SIGN_IN[writing]}"
    return RejectedError(SERVICE, text, error_class=SIGN_IN_NEEDED)


def explain_status(
    status: int, body: bytes, headers: Mapping[str, str], now: datetime, *, writing: bool
) -> ServiceError:
    """Return what an answer that is no success means.

    Args:
        status: of the HTTP answer.
        body: of it.
        headers: of it, whatever their case.
        now: what a wait is counted from.
        writing: whether something was being written.
    """
    message, reasons = _told(body)
    name = f"HTTP {status}"
    if status == 429 or (status == 403 and reasons & _RATE_REASONS):
        retry_at = _retry_at(headers, message, now)
        text = f"asked us to wait ({name}); nothing was sent. {short(message)}"
        return RateLimitedError(SERVICE, text, retry_at=retry_at)
    if status >= 500 or status == 408 or (status < 400 and writing):
        return lost(f"answered with {name}", name, writing=writing)
    if status == 401:
        return sign_in_needed(f"the sign-in was refused ({name})", writing=writing)
    if status == 403 and reasons & _RIGHTS_REASONS:
        return sign_in_needed(f"the sign-in lacks a right ({short(message)})", writing=writing)
    words = f"refused ({name}): {short(message)} Nothing was sent."
    if status < 400:
        words = f"the address answers with a redirect ({name}); check GMAIL_API_URL."
    return RejectedError(SERVICE, words, error_class=name)


def lost(what: str, error_class: str, *, writing: bool) -> ServiceError:
    """Return the error of a request that was sent without a usable answer."""
    if writing:
        text = f"{what} after the mail was handed over; it may be on its way. It is looked for."
        return UnknownOutcomeError(SERVICE, text, error_class=error_class)
    text = f"{what} to a question; nothing was changed."
    return NotSentError(SERVICE, text, error_class=error_class)


def _told(body: bytes) -> tuple[str, frozenset[str]]:
    """Return the message of an error answer and the short names of its reasons."""
    try:
        error = json.loads(body)["error"]
    except (ValueError, LookupError, TypeError):
        return "", frozenset()
    if not isinstance(error, dict):
        return str(error), frozenset()
    rows = [*_rows(error.get("errors")), *_rows(error.get("details"))]
    names = {str(row.get("reason")) for row in rows} | {str(error.get("status"))}
    return str(error.get("message", "")), frozenset(names)


def _rows(value: object) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _retry_at(headers: Mapping[str, str], message: str, now: datetime) -> datetime | None:
    wanted = next((v for name, v in headers.items() if name.lower() == "retry-after"), "").strip()
    if wanted.isascii() and wanted.isdecimal() and len(wanted) <= 6:
        return now + timedelta(seconds=int(wanted))
    told = _RETRY_AFTER.search(message)
    try:
        if told:
            return datetime.fromisoformat(told[1])
        return parsedate_to_datetime(wanted).astimezone(UTC) if wanted else None
    except ValueError:
        return None
