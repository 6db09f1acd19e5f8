"""The connection to X: the only code that knows tweepy.

Rules: a post is sent once and never again; only an answer that says so counts as "not posted", and
everything that was sent without a usable answer is unknown; tokens reach no log.

Import this module when a connection is wanted and not before: it loads tweepy.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, TypeVar

import requests
import tweepy

from mcp_servers.once import NotConnectedError
from mcp_servers.twitter.failures import explain, explain_status, lost
from mcp_servers.twitter.shapes import POST_FIELDS, Row, answer_with, posts_in
from mcp_servers.twitter.transport import TWEEPY_HOST, OnceSession
from utils import retry
from utils.clock import Clock, SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from utils.config import Settings
    from utils.errors import ServiceError

T = TypeVar("T")

READ_TIMEOUT_S = 30.0
WRITE_TIMEOUT_S = 60.0

PAGE_MIN = 5
"""The least `max_results`. Source: docs.x.com, "Get Posts" (timelines), 2026-11."""

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
        self.clock = clock or SystemClock()
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
        self._pause_s = settings.seconds("READ_PAUSE_S")
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
        return self._timeline(self._client.get_users_tweets, limit, before, since)

    def mentions(
        self, limit: int, before: str | None = None, since: datetime | None = None
    ) -> tuple[list[Row], bool]:
        """Return posts that mention the account, newest first; arguments and errors as above."""
        return self._timeline(self._client.get_users_mentions, limit, before, since)

    def _timeline(
        self,
        ask: Callable[..., object],
        limit: int,
        before: str | None,
        since: datetime | None,
    ) -> tuple[list[Row], bool]:
        user_id = self.user_id
        options = {
            **POST_FIELDS,
            "user_auth": True,
            "max_results": max(limit, PAGE_MIN),
            "until_id": before,
            "start_time": since,
        }

        def question() -> tuple[list[Row], bool]:
            answer = answer_with(ask(user_id, **options), "meta")
            return posts_in(answer), "next_token" in answer["meta"]

        rows, more = self._ask(question)
        return rows[:limit], more or len(rows) > limit

    def posts(self, ids: Sequence[str]) -> list[Row]:
        """Return posts by their ids, those that can be seen, in this order.

        Raises:
            NotSentError: no answer came, or X asked us to wait.
            RejectedError: X refused the question.
        """

        def question() -> list[Row]:
            found = self._client.get_tweets(list(ids), user_auth=True, **POST_FIELDS)
            if not isinstance(found, dict) or not {"data", "errors"} & set(found):
                raise ValueError("the answer holds neither posts nor reasons")
            return posts_in(found)

        return self._ask(question)

    def account(self) -> Row:
        """Return the account itself, with its public figures.

        Raises:
            NotSentError: no answer came, or X asked us to wait.
            RejectedError: X refused the question.
        """
        row: Row = self._ask(self._me)["data"]
        return row

    def messages_with(self, user_id: str, limit: int) -> list[Row]:
        """Return the newest messages of the conversation with one user.

        Args:
            user_id: the other one.
            limit: 1 to 100.

        Raises:
            NotSentError: no answer came, or X asked us to wait.
            RejectedError: X refused the question.
        """

        def question() -> list[Row]:
            found = self._client.get_direct_message_events(
                participant_id=user_id,
                max_results=limit,
                event_types="MessageCreate",
                dm_event_fields=["id", "text", "created_at", "sender_id", "entities"],
            )
            rows: list[Row] = answer_with(found, "meta").get("data", [])
            return rows

        return self._ask(question)

    def processing(self, media_id: str) -> Row:
        """Return how far X is with an uploaded film.

        Raises:
            NotSentError: no answer came, or X asked us to wait.
            RejectedError: X refused the question.
        """
        asked = {"command": "STATUS", "media_id": media_id}

        def question() -> Row:
            path = "/2/media/upload"
            return _data_of(self._client.request("GET", path, params=asked, user_auth=True))

        return self._ask(question)

    def _me(self) -> Row:
        me = self._client.get_me(user_auth=True, user_fields=["public_metrics"])
        return answer_with(me, "data")

    def _ask(self, question: Callable[[], T]) -> T:
        """Ask, and ask again where no answer came: only for what changes nothing."""
        with self._lock:
            return retry.ask(lambda: self._once(question, writing=False), self._pause_s)

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
            body: the JSON body: `text`, `media`, `reply`.

        Raises:
            NotSentError: nothing left this machine, or X asked us to wait.
            RejectedError: X refused; nothing was posted.
            UnknownOutcomeError: it was sent, and no usable answer came.
        """

        def post() -> object:
            return self._client.create_tweet(
                text=body["text"],
                media_ids=body.get("media", {}).get("media_ids"),
                in_reply_to_tweet_id=body.get("reply", {}).get("in_reply_to_tweet_id"),
                user_auth=True,
            )

        return self._made(post, "id")

    def send_message(self, user_id: str, body: Row) -> str:
        """Send one direct message and return its id; sent once; errors as for a post.

        Args:
            user_id: who gets it.
            body: the JSON body, `{"text": ...}`.
        """
        return self._made(
            lambda: self._client.create_direct_message(
                participant_id=user_id, text=body["text"], user_auth=True
            ),
            "dm_event_id",
        )

    def _made(self, call: Callable[[], object], name: str) -> str:
        """Make the one call that others can see, and return the id of what came of it."""
        with self._lock:
            answer = self._once(lambda: answer_with(call(), "data"), writing=True)
        identifier = answer["data"].get(name)
        if not (isinstance(identifier, str) and identifier.isdecimal()):
            raise lost("answered without an id", "NoIdentifier", writing=True)
        return identifier

    def send_step(self, path: str, body: Row | None = None) -> Row:
        """Send one request whose effect nobody can see yet, and return its answer.

        Args:
            path: below the API's root.
            body: as JSON.

        Raises:
            NotSentError: no usable answer came, or X asked us to wait.
            RejectedError: X refused.
        """
        with self._lock:
            return self._once(
                lambda: _data_of(self._client.request("POST", path, json=body, user_auth=True)),
                writing=False,
            )

    def send_piece(self, media_id: str, number: int, piece: bytes) -> None:
        """Upload one piece of a file; errors as for a step.

        A form is more than tweepy 4.17.0 can send: this goes over its session, signed as it signs.
        """
        client = self._client
        keys = client.consumer_key, client.consumer_secret
        signed = tweepy.OAuth1UserHandler(*keys, client.access_token, client.access_token_secret)

        def call() -> None:
            answer = client.session.post(
                f"{TWEEPY_HOST}/2/media/upload/{media_id}/append",
                auth=signed.apply_auth(),
                data={"segment_index": str(number)},
                files={"media": ("piece", piece, "application/octet-stream")},
            )
            if not 200 <= answer.status_code < 300:
                raise tweepy.HTTPException(answer)

        with self._lock:
            self._once(call, writing=False)


def _data_of(answer: requests.Response) -> Row:
    row: Row = answer_with(answer.json(), "data")["data"]
    return row
