"""A thread against the practice X: every part once, whatever fails in between."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.actions import Payload, payload_of
from core.settings import SETTINGS
from mcp_servers.catalog import ACTIONS, SERVICE_SETTINGS
from mcp_servers.sandbox import Sandbox
from mcp_servers.toolset import Done, Evidence, Finding, Trace
from mcp_servers.twitter.fake import TwitterFake
from mcp_servers.twitter.tools import TOOLSET
from utils.config import Settings
from utils.errors import (
    PARTLY_DONE,
    NotSentError,
    RateLimitedError,
    RejectedError,
    ServiceError,
    UnknownOutcomeError,
)

WRITE = TOOLSET.writes["create_thread"]
PARTS = ["Three things we learned & kept:", "1. Ask first: https://example.com/ask", "2. Then do."]
KIND = "twitter.create_post"


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.reset()
    return running


@pytest.fixture
def settings(sandbox: Sandbox) -> Settings:
    return Settings((*SETTINGS, *SERVICE_SETTINGS), sandbox.settings(), Path())


def x_in(sandbox: Sandbox) -> TwitterFake:
    (fake,) = (fake for fake in sandbox._fakes if isinstance(fake, TwitterFake))
    return fake


def thread(*parts: str) -> Payload:
    text = "\n---\n".join(parts or PARTS)
    return payload_of(ACTIONS["twitter.create_thread"], {"text": text})


class Attempts:
    """Carries a thread out as the gate does, with what the journal would keep in between."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.kept: str | None = None
        self.began_at = datetime.now(UTC)

    @property
    def trace(self) -> Trace:
        return Trace("AIE-1", self.began_at, self.kept, keep=self._keep)

    def _keep(self, staged_id: str) -> None:
        self.kept = staged_id

    def make(self, payload: Payload) -> Done:
        writer = TOOLSET.writer(self.settings)
        trace = self.trace
        assert WRITE.stage is not None
        staged_id = WRITE.stage(writer, payload, trace)
        if staged_id is not None:
            self._keep(staged_id)
            trace = replace(trace, staged_id=staged_id)
        return WRITE.perform(writer, payload, trace)

    def read_back(self, payload: Payload) -> Evidence:
        return WRITE.reconcile(TOOLSET.reader(self.settings), payload, self.trace)


@pytest.fixture
def attempts(settings: Settings) -> Attempts:
    return Attempts(settings)


def posted(sandbox: Sandbox) -> list[dict[str, Any]]:
    return [effect["payload"] for effect in sandbox.effects()]


def chained(posts: list[dict[str, Any]]) -> bool:
    """Return whether each post answers the one before."""
    above = [None, *(post["id"] for post in posts)]
    return all(post["in_reply_to_tweet_id"] == up for post, up in zip(posts, above, strict=False))


def test_a_thread_is_posted_in_order_and_as_previewed(
    sandbox: Sandbox, settings: Settings, attempts: Attempts
) -> None:
    request = WRITE.request(settings, thread(), "K")
    assert [body["text"] for body in request["json"]] == PARTS
    assert sandbox.requests()["twitter"] == 0
    done = attempts.make(thread())
    posts = posted(sandbox)
    assert [post["text"] for post in posts] == PARTS
    assert chained(posts)
    assert done.remote_id == posts[0]["id"]
    assert done.remote_url == f"https://x.com/i/web/status/{posts[0]['id']}"
    assert [post[0] for post in json.loads(attempts.kept or "")["posts"]] == [
        post["id"] for post in posts
    ]
    evidence = attempts.read_back(thread())
    assert (evidence.finding, evidence.remote_id) == (Finding.FOUND, posts[0]["id"])


CLASSES: dict[str, type[ServiceError]] = {
    "lost_answer": UnknownOutcomeError,
    "drop_before": UnknownOutcomeError,
    "http_500_before": UnknownOutcomeError,
    "http_500_after": UnknownOutcomeError,
    "garbage": UnknownOutcomeError,
    "http_429": RateLimitedError,
    "auth_expired": RejectedError,
}
ACTED = {"lost_answer", "http_500_after"}


class FailingAfter:
    """Sets a fault once a number of parts is public: by way of what the journal is told."""

    def __init__(self, attempts: Attempts, sandbox: Sandbox, mode: str, after: int) -> None:
        self._keep, self._sandbox, self._mode, self._left = attempts._keep, sandbox, mode, after
        if after == 0:
            self._set()

    def __call__(self, staged_id: str) -> None:
        self._keep(staged_id)
        self._left -= 1
        if self._left == 0:
            self._set()

    def _set(self) -> None:
        self._sandbox.fault("twitter", self._mode, match=KIND, seconds=30)


@pytest.mark.parametrize("after", [0, 1, 2])
@pytest.mark.parametrize("mode", CLASSES)
def test_whatever_stops_it_no_part_is_ever_public_twice(
    sandbox: Sandbox, attempts: Attempts, mode: str, after: int
) -> None:
    keep = attempts._keep
    attempts._keep = FailingAfter(attempts, sandbox, mode, after)  # type: ignore[method-assign]
    with pytest.raises(CLASSES[mode]) as caught:
        attempts.make(thread())
    attempts._keep = keep  # type: ignore[method-assign]
    public = after + (mode in ACTED)
    assert [post["text"] for post in posted(sandbox)] == PARTS[:public]
    said = str(caught.value)
    if after:
        assert f"of 3 {'is' if after == 1 else 'are'} public (https://x.com/" in said
        assert (caught.value.error_class == PARTLY_DONE) is (
            CLASSES[mode] is not UnknownOutcomeError
        )
    else:
        assert "public (" not in said
    if isinstance(caught.value, RateLimitedError):
        assert caught.value.retry_at is not None

    evidence = attempts.read_back(thread())
    expected = {0: Finding.ABSENT, 3: Finding.FOUND}.get(public, Finding.DIFFERENT)
    assert evidence.finding is expected
    if expected is Finding.DIFFERENT:
        assert "only the rest is sent" in evidence.text
    if public and not after:
        return  # nothing of it is in the journal: to do it again is the owner's decision
    attempts.make(thread())
    posts = posted(sandbox)
    assert [post["text"] for post in posts] == PARTS
    assert chained(posts)


def test_an_attempt_that_was_given_up_stops_posting(sandbox: Sandbox, attempts: Attempts) -> None:
    def given_up(staged_id: str) -> None:
        raise UnknownOutcomeError("X", "the call was given up.")

    attempts._keep = given_up  # type: ignore[method-assign]
    with pytest.raises(UnknownOutcomeError):
        attempts.make(thread())
    assert len(posted(sandbox)) == 1


def test_a_public_part_with_other_words_stops_everything(
    sandbox: Sandbox, attempts: Attempts
) -> None:
    x_in(sandbox).switch(posts_left=1)
    with pytest.raises(RateLimitedError):
        attempts.make(thread())
    x_in(sandbox).switch()
    with pytest.raises(RejectedError, match=r"part 1 is public as .* had other words") as caught:
        attempts.make(thread("Something else.", *PARTS[1:]))
    assert caught.value.error_class == PARTLY_DONE
    assert len(posted(sandbox)) == 1
    attempts.make(thread(PARTS[0], "1. Changed.", PARTS[2]))
    assert [post["text"] for post in posted(sandbox)] == [PARTS[0], "1. Changed.", PARTS[2]]


def test_equal_parts_are_told_apart_by_their_place(sandbox: Sandbox, attempts: Attempts) -> None:
    x_in(sandbox).switch(posts_left=2)
    with pytest.raises(RateLimitedError):
        attempts.make(thread("Again.", "Again.", "Again."))
    x_in(sandbox).switch()
    attempts.make(thread("Again.", "Again.", "Again."))
    posts = posted(sandbox)
    assert len(posts) == 3
    assert chained(posts)


def test_the_first_part_alone_may_have_failed_before_anything_left(
    settings: Settings, sandbox: Sandbox
) -> None:
    nowhere = settings.with_values(TWITTER_API_URL="http://127.0.0.1:1")
    with pytest.raises(NotSentError) as caught:
        Attempts(nowhere).make(thread())
    assert "public" not in str(caught.value)
    assert caught.value.error_class != PARTLY_DONE


def test_an_older_thread_with_the_same_words_is_not_ours(
    sandbox: Sandbox, attempts: Attempts
) -> None:
    attempts.make(thread())
    attempts.kept, attempts.began_at = None, datetime.now(UTC) + timedelta(minutes=5)
    assert attempts.read_back(thread()).finding is Finding.ABSENT
