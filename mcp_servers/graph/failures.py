"""What a failure of the Graph API means for us, in words the owner can act on.

Rule: only a refusal in so many words counts as "not sent"; whatever was sent without a usable
answer, and every error that Meta calls temporary, is unknown when something was being written.

Sources: developers.facebook.com/docs/graph-api/guides/error-handling, .../rate-limiting and
.../instagram-platform/instagram-graph-api/reference/error-codes, read 2026-11-21; 32 and 613 from
an older table of third parties.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mcp_servers.fields import short
from mcp_servers.graph.usage import usage_of
from utils.errors import (
    NotSentError,
    RateLimitedError,
    RejectedError,
    ServiceError,
    UnknownOutcomeError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

SIGN_IN_NEEDED = "SignInNeeded"
"""The state in which only the owner helps; `error_class` of what is raised then."""
BLOCKED = "Blocked"

_WAITING = frozenset({4, 17, 32, 341, 613, *range(80000, 80015)})
_TEMPORARY = frozenset({1, 2})
_TOKEN = frozenset({102, 190})
_RIGHTS = frozenset({3, 10, *range(200, 300)})
_BLOCKED = 368
_DUPLICATE = 506
_MANY_POSTS = 2207042
_OUTSIDE_WINDOW = 2018278
_WAIT_FOR_POSTS = timedelta(hours=1)

_WORDS = {
    2207003: "Meta could not fetch the file in time; look whether MEDIA_BASE_URL is fast enough.",
    2207004: "the picture is too large: at most 8 MiB.",
    2207005: "the format of the picture is not supported: use JPEG.",
    2207009: "the picture is too wide or too tall: from 4:5 to 1.91:1.",
    2207010: "the caption is too long.",
    2207020: "the prepared post is too old; approve it again.",
    2207026: "the format of the video is not supported: use MP4 or MOV.",
    2207052: "Meta could not fetch the file; its address must be open to the public.",
    _OUTSIDE_WINDOW: "their last message is older than 24 hours; you may answer when they write.",
}
"""Refusals by subcode, as the owner understands them."""


@dataclass(frozen=True)
class Told:
    """What an error answer says.

    Args:
        status: of the HTTP answer.
        code: Meta's number, 0 when there is none.
        subcode: Meta's finer number, 0 when there is none.
        message: Meta's words.
        is_transient: whether Meta calls it temporary.
    """

    status: int
    code: int
    subcode: int
    message: str
    is_transient: bool

    @property
    def name(self) -> str:
        """Return its short name for the log."""
        return f"Graph {self.code}" if self.code else f"HTTP {self.status}"


def told_by(status: int, body: bytes) -> Told:
    """Return what an error answer says, whatever its body is."""
    try:
        error: Any = json.loads(body)["error"]
    except (ValueError, LookupError, TypeError):
        error = None
    if not isinstance(error, dict):
        return Told(status, 0, 0, "", is_transient=False)
    message = str(error.get("error_user_msg") or error.get("message") or "")
    return Told(
        status,
        _whole(error.get("code")),
        _whole(error.get("error_subcode")),
        message,
        is_transient=error.get("is_transient") is True,
    )


def explain(
    service: str, told: Told, headers: Mapping[str, str], now: datetime, *, writing: bool
) -> ServiceError:
    """Return what an answer that is no success means.

    Args:
        service: in front of people.
        told: what it says.
        headers: of it.
        now: what a wait is counted from.
        writing: whether something was being written.
    """
    if told.subcode == _MANY_POSTS:
        text = "as many posts as Meta allows in 24 hours were published; nothing was sent."
        return RateLimitedError(service, text, retry_at=now + _WAIT_FOR_POSTS)
    if told.code in _WAITING or (told.status == 429 and not told.code):
        text = f"asked us to wait ({told.name}); nothing was sent. {short(told.message)}"
        return RateLimitedError(service, text, retry_at=_retry_at(headers, now))
    if told.code in _TEMPORARY or (not told.code and not 400 <= told.status < 500):
        return _no_answer(service, told, writing=writing)
    if told.status == 408 or (told.is_transient and told.code not in _TOKEN | _RIGHTS):
        return lost(service, f"answered with {told.name}", told.name, writing=writing)
    words, error_class = _refusal(told)
    return RejectedError(service, f"{words} Nothing was sent.", error_class=error_class)


def _no_answer(service: str, told: Told, *, writing: bool) -> ServiceError:
    if told.status < 400 and not told.code and not writing:
        text = f"the address answers with a redirect (HTTP {told.status}); check GRAPH_API_URL."
        return RejectedError(service, text, error_class=told.name)
    status = f" (HTTP {told.status})" if told.code else ""
    return lost(service, f"answered with {told.name}{status}", told.name, writing=writing)


def _refusal(told: Told) -> tuple[str, str]:
    """Return the words of a definite refusal and what programs call it."""
    said = f"({told.name}): {short(told.message)}"
    if told.subcode in _WORDS:
        return f"refused {said} That is: {_WORDS[told.subcode]}", told.name
    if told.code in _TOKEN or (told.status == 401 and not told.code):
        words = f"the access token was refused {said} Make a new one and put it into `.env`."
        return words, SIGN_IN_NEEDED
    if told.code in _RIGHTS:
        words = (
            f"a permission is missing {said} Give the app the permission, then make a new token."
        )
        return words, SIGN_IN_NEEDED
    if told.code == _BLOCKED:
        words = f"blocked this account for now because of its rules {said} Look there yourself."
        return words, BLOCKED
    if told.code == _DUPLICATE:
        words = "refused a text that was posted before; change the text, then approve again."
        return words, told.name
    return f"refused {said}", told.name


def lost(service: str, what: str, error_class: str, *, writing: bool) -> ServiceError:
    """Return the error of a request that was sent without a usable answer."""
    if writing:
        text = f"{what} after it was sent; it may have happened. It is looked for."
        return UnknownOutcomeError(service, text, error_class=error_class)
    text = f"{what} to a question; nothing was changed."
    return NotSentError(service, text, error_class=error_class)


def not_connected(service: str, reason: str) -> NotSentError:
    """Return the error of a request that never left this machine."""
    text = f"cannot be reached; nothing was sent. {short(reason)}"
    return NotSentError(service, text, error_class="Unreachable")


def _retry_at(headers: Mapping[str, str], now: datetime) -> datetime | None:
    wanted = next((v for name, v in headers.items() if name.lower() == "retry-after"), "").strip()
    if wanted.isascii() and wanted.isdecimal() and len(wanted) <= 6:
        return now + timedelta(seconds=int(wanted))
    usage = usage_of(headers, now)
    return usage.regained_at if usage else None


def _whole(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
