"""What a failure of Odoo means for us, in words the owner can act on.

Rules: a change that was sent without a usable answer is unknown, a question is merely unanswered;
an error answer with a class name was rolled back by Odoo. Source: the errors of three servers (17,
18 and 19), `facts/odoo.md` section 5, 2026-11-21.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from mcp_servers.fields import short
from mcp_servers.odoo.transport import HttpStatusError, NotConnectedError
from utils.errors import (
    NotSentError,
    RateLimitedError,
    RejectedError,
    ServiceError,
    UnknownOutcomeError,
)

_SIGN_IN_REFUSED = (
    "the sign-in was refused. Check ODOO_DB, ODOO_USERNAME and ODOO_API_KEY. Keys of ordinary "
    "users end after at most 90 days: make a new one in Odoo under Preferences, Account "
    "Security. On Odoo Online, access for programs needs the Custom plan."
)


class NotAcceptableError(RejectedError):
    """We do not send it: Odoo would refuse it, or take it and regret it."""


_AUTHENTICATION = frozenset({"AccessDenied", "SessionExpiredException"})
_OVERLOADED = frozenset(
    {
        *("SerializationFailure", "OperationalError", "InterfaceError", "LockNotAvailable"),
        *("DeadlockDetected", "TransactionRollbackError", "QueryCanceled", "AdminShutdown"),
    }
)
"""Last name parts of errors that speak of the database's state, not of the request."""


def explain(error: Exception, now: datetime, *, writing: bool) -> ServiceError:
    """Return what a failure to get an answer means.

    Args:
        error: what the transport or odoorpc raised.
        now: the instant that a wait is counted from.
        writing: whether a change was being sent.
    """
    match error:
        case NotConnectedError():
            reason = f"cannot be reached ({short(str(error))}); nothing was sent. Check ODOO_URL."
            return NotSentError("Odoo", reason, error_class="Unreachable")
        case HttpStatusError():
            return _explain_status(error, now, writing=writing)
        case _:
            return lost("gave no usable answer", type(error).__name__, writing=writing)


def _explain_status(error: HttpStatusError, now: datetime, *, writing: bool) -> ServiceError:
    status, name = error.status, f"HTTP {error.status}"
    if status == 429:
        text = "asked us to wait (HTTP 429); nothing was changed."
        return RateLimitedError("Odoo", text, retry_at=_retry_at(error.retry_after, now))
    if status >= 500 or status == 408 or (status < 400 and writing):
        return lost(f"answered with {name}", name, writing=writing)
    if status < 400:
        text = f"the address answers with a redirect ({name}); put the final one into ODOO_URL."
        return RejectedError("Odoo", text, error_class=name)
    text = f"the server refused the request ({name}). Check ODOO_URL and what stands before Odoo."
    return RejectedError("Odoo", text, error_class=name)


def explain_fault(message: str, info: object, *, writing: bool) -> ServiceError:
    """Return what an error answer of Odoo means, by the last part of its class name.

    Texts are translated and change between versions, so they are shown and never compared.

    Args:
        message: Odoo's own words.
        info: the `error` of the JSON-RPC answer; a refused sign-in comes without one.
        writing: whether a change was being sent.
    """
    data = info.get("data") if isinstance(info, dict) else None
    name = str(data.get("name", "")).rpartition(".")[2] if isinstance(data, dict) else ""
    if not info or name in _AUTHENTICATION:
        return sign_in_refused()
    if not name or name in _OVERLOADED:
        return lost(f"failed in its database ({name or 'no reason given'})", name, writing=writing)
    text = f"refused ({name}): {short(message)} Nothing was changed."
    return RejectedError("Odoo", text, error_class=name)


def explain_json_2(message: str, status: int, facts: object, *, writing: bool) -> ServiceError:
    """Return what an error answer of JSON-2 means; 401 is a refused key whatever its name."""
    if status == 401:
        return sign_in_refused()
    return explain_fault(message, {"data": facts}, writing=writing)


def lost(what: str, error_class: str, *, writing: bool) -> ServiceError:
    """Return the error of a request that was sent without a usable answer."""
    if writing:
        text = f"{what} after the change was sent; it may have happened. Look before repeating it."
        return UnknownOutcomeError("Odoo", text, error_class=error_class)
    text = f"{what} to a question; nothing was changed. Check that ODOO_URL and ODOO_DB are right."
    return NotSentError("Odoo", text, error_class=error_class)


def sign_in_refused() -> RejectedError:
    """Return the error of a refused user, password or key."""
    return RejectedError("Odoo", _SIGN_IN_REFUSED, error_class="AccessDenied")


def _retry_at(text: str, now: datetime) -> datetime | None:
    """Return the instant named by a Retry-After header (seconds or a date; RFC 9110 10.2.3)."""
    if text.isascii() and text.isdecimal():
        return now + timedelta(seconds=min(int(text), 86_400))
    try:
        return parsedate_to_datetime(text).astimezone(UTC)
    except ValueError:
        return None
