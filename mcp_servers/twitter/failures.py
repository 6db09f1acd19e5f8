"""What a failure of X means for us, in words the owner can act on.

Rule: only a refusal in so many words counts as "not posted"; whatever was sent without a usable
answer is unknown. Source: docs.x.com "Response codes and errors" and "Rate limits", 2026-11.
"""

from __future__ import annotations

from datetime import UTC, datetime

from mcp_servers.fields import short
from mcp_servers.once import NotConnectedError
from utils.errors import (
    NotSentError,
    RateLimitedError,
    RejectedError,
    ServiceError,
    UnknownOutcomeError,
)

_WORDS = {
    401: (
        "the keys were refused. Check the four TWITTER_ keys in X's developer console; the access "
        "token must have been made with the permission Read and write."
    ),
    402: "the prepaid credits are used up. Add credits in X's developer console.",
    404: "there is no such thing there (any more). Check the id, and TWITTER_API_URL.",
    413: "the file is too large for X.",
}

_REFUSALS = {
    "duplicate": "a text that was posted before; change the text, then approve again.",
    "app permissions": (
        "what the app may not do. Set its permissions in X's developer console to Read and write "
        "and Direct message, then make a new access token."
    ),
    "not been mentioned": "a reply to somebody who has not mentioned or quoted your account.",
    "deleted or not visible": "a reply to a post that is deleted, or hidden from you.",
    "permission to dm": "the message: that person takes no messages from you.",
    "suspended": "because the account is suspended or locked. Sign in at x.com and read why.",
}
"""Words in a refusal (403), and what was refused. X gives no numbers in version 2 of its API."""


def explain(error: Exception, *, writing: bool) -> ServiceError:
    """Return what a failure to get an answer means.

    Args:
        error: what the transport or tweepy raised.
        writing: whether a post was being sent.
    """
    if isinstance(error, NotConnectedError):
        reason = f"cannot be reached; nothing was sent. {short(str(error))}"
        return NotSentError("X", reason, error_class="Unreachable")
    return lost("gave no usable answer", type(error).__name__, writing=writing)


def explain_status(status: int, message: str, reset: str, *, writing: bool) -> ServiceError:
    """Return what an answer that is no success means.

    Args:
        status: of the HTTP answer.
        message: X's own words.
        reset: the header `x-rate-limit-reset`, seconds of Unix time, "" when it is missing.
        writing: whether a post was being sent.
    """
    name = f"HTTP {status}"
    if status == 429:
        return RateLimitedError("X", _words_for_waiting(reset), retry_at=_instant(reset))
    if status >= 500 or status == 408 or (status < 400 and writing):
        return lost(f"answered with {name}", name, writing=writing)
    words = _WORDS.get(status) or f"refused ({name}): {short(message)}."
    if status == 403:
        known = (refused for mark, refused in _REFUSALS.items() if mark in message.lower())
        words = next((f"refused {refused}" for refused in known), words)
    if status < 400:
        words = f"the address answers with a redirect ({name}); put the final one into the setting."
    return RejectedError("X", f"{words} Nothing was changed.", error_class=name)


def lost(what: str, error_class: str, *, writing: bool) -> ServiceError:
    """Return the error of a request that was sent without a usable answer."""
    if writing:
        text = f"{what} after it was sent; it may have happened. Look before repeating it."
        return UnknownOutcomeError("X", text, error_class=error_class)
    return NotSentError("X", f"{what} to a question; nothing was changed.", error_class=error_class)


def with_words(error: ServiceError, words: str) -> ServiceError:
    """Return the same failure with more words before its own."""
    text = f"{words} {error.message}"
    if isinstance(error, RateLimitedError):
        return RateLimitedError("X", text, retry_at=error.retry_at)
    return type(error)("X", text, error_class=error.error_class)


def _words_for_waiting(reset: str) -> str:
    if _instant(reset):
        return "asked us to wait (HTTP 429); nothing was changed."
    return (
        "refused for now (HTTP 429) without saying until when; nothing was changed. The spending "
        "limit in X's developer console may be reached."
    )


def _instant(reset: str) -> datetime | None:
    if not (reset.isascii() and reset.isdecimal() and len(reset) <= 11):
        return None
    return datetime.fromtimestamp(int(reset), UTC)
