"""What a failure of X means for us, in words the owner can act on.

Rule: only a refusal in so many words counts as "not posted"; whatever was sent without a usable
answer is unknown. Source: docs.x.com "Response codes and errors" and "Rate limits", 2026-11.
"""

from __future__ import annotations

from datetime import UTC, datetime

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
    404: "there is no such thing at that address. Check TWITTER_API_URL.",
}


def explain(error: Exception, *, writing: bool) -> ServiceError:
    """Return what a failure to get an answer means.

    Args:
        error: what the transport or tweepy raised.
        writing: whether a post was being sent.
    """
    if isinstance(error, NotConnectedError):
        reason = f"cannot be reached; nothing was sent. {_short(str(error))}"
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
    words = _WORDS.get(status) or f"refused ({name}): {_short(message)}."
    if status == 403 and "duplicate" in message.lower():
        words = "refused a text that was posted before; change the text, then approve again."
    if status < 400:
        words = f"the address answers with a redirect ({name}); put the final one into the setting."
    return RejectedError("X", f"{words} Nothing was changed.", error_class=name)


def lost(what: str, error_class: str, *, writing: bool) -> ServiceError:
    """Return the error of a request that was sent without a usable answer."""
    if writing:
        text = f"{what} after the post was sent; it may be public. Look before repeating it."
        return UnknownOutcomeError("X", text, error_class=error_class)
    return NotSentError("X", f"{what} to a question; nothing was changed.", error_class=error_class)


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


def _short(text: str) -> str:
    """Return a text of the service on one line of at most 300 characters."""
    line = " ".join(text.split())
    return line if len(line) <= 300 else f"{line[:299]}…"
