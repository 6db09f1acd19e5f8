"""The connection to X: the only code that knows tweepy.

Rules: a post is sent once and never again; only an answer that says so counts as "not posted", and
everything that was sent without a usable answer is unknown; tokens reach no log.

Import this module when a connection is wanted and not before: it loads tweepy.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any, TypeVar

import requests
import tweepy
from tenacity import (
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    stop_after_delay,
    wait_exponential,
)

from mcp_servers.once import NotConnectedError
from mcp_servers.twitter.failures import explain, explain_status, lost
from mcp_servers.twitter.transport import OnceSession
from utils.clock import Clock, SystemClock
from utils.errors import NotSentError, RateLimitedError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from utils.config import Settings

Row = dict[str, Any]
"""One post as the API returns it."""

T = TypeVar("T")

READ_TIMEOUT_S = 30.0
WRITE_TIMEOUT_S = 60.0
READ_ATTEMPTS = 5
READS_LIMIT_S = 60.0

PAGE_MIN, PAGE_MAX = 5, 100
"""Bounds of `max_results`. Source: docs.x.com, "Get Posts" (timelines), 2026-11."""

_FAILURES = (
    *(tweepy.TweepyException, NotConnectedError, requests.RequestException),
    *(ValueError, KeyError, TypeError, AttributeError),  # an answer nobody can read
)


class Reader:
    """Asks X about the account itself; can change nothing.

    Args:
        settings: `TWITTER_*`.
        clock: gives the instant that a wait is counted from.
        timeout_s: how long one request may take.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock | None = None,
        timeout_s: float = READ_TIMEOUT_S,
    ) -> None:
        # At DEBUG tweepy and oauthlib write headers, tokens included: tweepy 4.17.0.
        for name in ("tweepy", "oauthlib", "requests_oauthlib", "requests", "urllib3"):
            logging.getLogger(name).setLevel(logging.WARNING)
        self._clock = clock or SystemClock()
        self._token = settings.text("TWITTER_ACCESS_TOKEN")
        self._client = tweepy.Client(
            consumer_key=settings.text("TWITTER_API_KEY"),
            consumer_secret=settings.text("TWITTER_API_SECRET"),
            access_token=self._token,
            access_token_secret=settings.text("TWITTER_ACCESS_SECRET"),
            return_type=dict,
            wait_on_rate_limit=False,  # it would sleep here and then send again
        )
        self.url = settings.text("TWITTER_API_URL")
        self._client.session = OnceSession(self.url, timeout_s)
        self._lock = threading.RLock()
        self._user_id = ""

    @property
    def user_id(self) -> str:
        """Return the account's id: the digits before the `-` of the token, else asked once."""
        if not self._user_id:
            start, dash, _ = self._token.partition("-")
            known = dash and start.isascii() and start.isdecimal()
            self._user_id = start if known else str(self._ask(self._me)["data"]["id"])
        return self._user_id

    def own_posts(
        self, limit: int, before: str | None = None, since: datetime | None = None
    ) -> tuple[list[Row], bool]:
        """Return the account's posts, newest first, and whether there are more.

        Args:
            limit: 1 to 100.
            before: the id of a post; only older ones.
            since: aware; only posts from this instant on.

        Raises:
            NotSentError: no answer came, or X asked us to wait.
            RejectedError: X refused the question.
        """
        user_id = self.user_id
        options: Row = {
            "max_results": max(limit, PAGE_MIN),
            "tweet_fields": ["created_at", "entities"],
            "until_id": before,
            "start_time": since,
        }

        def question() -> tuple[list[Row], bool]:
            found = self._client.get_users_tweets(user_id, user_auth=True, **options)
            answer = _answer(found, "meta")
            return _posts(answer.get("data", [])), "next_token" in answer["meta"]

        rows, more = self._ask(question)
        return rows[:limit], more or len(rows) > limit

    def _me(self) -> Row:
        return _answer(self._client.get_me(user_auth=True), "data")

    def _ask(self, question: Callable[[], T]) -> T:
        """Ask, and ask again where no answer came: only for what changes nothing."""
        attempts = Retrying(
            stop=stop_after_attempt(READ_ATTEMPTS) | stop_after_delay(READS_LIMIT_S),
            wait=wait_exponential(multiplier=0.1, max=2),
            retry=retry_if_exception(_may_ask_again),
            reraise=True,
        )
        with self._lock:
            answer: T = attempts(self._once, question, writing=False)
            return answer

    def _once(self, call: Callable[[], T], *, writing: bool) -> T:
        try:
            return call()
        except _FAILURES as error:
            raise self._explained(error, writing=writing) from error

    def _explained(self, error: Exception, *, writing: bool) -> ServiceError:
        if not isinstance(error, tweepy.HTTPException):
            return explain(error, writing=writing)
        answer: requests.Response = error.response
        reset = answer.headers.get("x-rate-limit-reset", "")
        return explain_status(answer.status_code, str(error), reset, writing=writing)


class Writer(Reader):
    """Asks X and posts to it.

    Args:
        settings: `TWITTER_*`.
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

    def create_post(self, body: Row) -> str:
        """Publish one post and return its id; sent once.

        Args:
            body: the JSON body, `{"text": ...}`.

        Raises:
            NotSentError: nothing left this machine, or X asked us to wait.
            RejectedError: X refused; nothing was posted.
            UnknownOutcomeError: it was sent, and no usable answer came.
        """
        with self._lock:
            answer = self._once(
                lambda: _answer(self._client.create_tweet(user_auth=True, **body), "data"),
                writing=True,
            )
        identifier = answer["data"].get("id")
        if not (isinstance(identifier, str) and identifier.isdecimal()):
            raise lost("answered without an id", "NoIdentifier", writing=True)
        return identifier


def _may_ask_again(error: BaseException) -> bool:
    return isinstance(error, NotSentError) and not isinstance(error, RateLimitedError)


def _answer(value: object, part: str) -> Row:
    """Return an answer that has a certain part."""
    if not isinstance(value, dict):
        raise ValueError("the answer is no JSON object")
    if not isinstance(value.get(part), dict):
        raise ValueError(f"the answer has no {part}")
    return value


def _posts(value: object) -> list[Row]:
    if isinstance(value, list) and all({"id", "text"} <= set(row) for row in value):
        return value
    raise ValueError("the answer is no list of posts")
