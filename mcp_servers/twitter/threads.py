"""A thread is posted part by part; each part's id is kept at once, and none is posted twice.

Rules: after each post its id is in the journal before the next one leaves; an attempt after a stop
begins behind the last post that the journal or the timeline knows; a part that is public with other
words stops everything.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mcp_servers.toolset import Done, Evidence, Finding
from mcp_servers.twitter.failures import with_words
from mcp_servers.twitter.posting import body_of
from mcp_servers.twitter.reading import URL, comparable
from mcp_servers.twitter.thread import parts_of
from mcp_servers.twitter.timeline import PAGE, absent, own_since, post_with, start_of
from utils.errors import (
    PARTLY_DONE,
    NotSentError,
    RejectedError,
    ServiceError,
    UnknownOutcomeError,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.actions import Payload
    from mcp_servers.toolset import Trace
    from mcp_servers.twitter.client import Reader, Writer
    from mcp_servers.twitter.shapes import Row

ATTEMPT_LIMIT_S = 100.0
"""How long one attempt goes on posting: the daemon waits 200 s for a call, and one post may take
60 s. The rest is sent by the next attempt."""


@dataclass(frozen=True)
class Progress:
    """How far a thread has come, as it is kept in the journal.

    Args:
        media: X's ids of the uploaded files.
        posts: id and text's digest of each part that is public, in order.
    """

    media: tuple[str, ...] = ()
    posts: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, kept: str | None) -> Progress:
        """Return what the journal keeps; nothing means the beginning."""
        value = json.loads(kept) if kept else {}
        posts = tuple((str(post[0]), str(post[1])) for post in value.get("posts", ()))
        return cls(tuple(value.get("media", ())), posts)

    def __str__(self) -> str:
        return json.dumps({"media": self.media, "posts": self.posts})

    @property
    def ids(self) -> list[str]:
        """Return the ids of the parts that are public."""
        return [identifier for identifier, _ in self.posts]

    def with_post(self, identifier: str, text: str) -> Progress:
        """Return this with one more part."""
        return replace(self, posts=(*self.posts, (identifier, _digest(text))))


def create_thread(client: Writer, payload: Payload, trace: Trace) -> Done:
    """Publish what is not public yet of a thread.

    Raises:
        NotSentError: the part at hand did not leave this machine, or X asked us to wait.
        RejectedError: X refused it, or an earlier part was another text.
        UnknownOutcomeError: it was sent, and no usable answer came.
    """
    parts = parts_of(payload["text"])
    progress = _reached(client, parts, Progress.of(trace.staged_id))
    end = client.clock.monotonic() + ATTEMPT_LIMIT_S
    for part in parts[len(progress.posts) :]:
        try:
            if client.clock.monotonic() > end:
                raise NotSentError("X", "takes long; the rest is sent in a moment.")
            before = progress.ids[-1] if progress.posts else None
            media = progress.media if before is None and trace.files else ()
            identifier = client.create_post(body_of(part, media, before))
        except ServiceError as error:
            raise _stopped(error, progress.ids, len(parts)) from error
        progress = progress.with_post(identifier, part)
        trace.keep(str(progress))
    first = progress.ids[0]
    return Done(first, f"{URL}{first}", f"Published on X as a thread of {len(parts)} posts.")


def reconcile_thread(client: Reader, payload: Payload, trace: Trace) -> Evidence:
    """Return how much of a thread is public."""
    parts = parts_of(payload["text"])
    progress = Progress.of(trace.staged_id)
    rows, all_of_them = own_since(client, start_of(trace))
    ids = _continued(rows, parts, progress.ids)
    if not ids and not all_of_them:
        return Evidence(Finding.UNCLEAR, "There are too many posts since then to look through.")
    if not ids:
        return absent("X shows no part of the thread.")
    address = f"{URL}{ids[0]}"
    if len(ids) == len(parts):
        return Evidence(Finding.FOUND, f"X shows all {len(ids)} posts.", ids[0], address)
    said = f"{_public(ids, len(parts))} Approve it again and only the rest is sent."
    return Evidence(Finding.DIFFERENT, said, ids[0], address)


def _reached(client: Reader, parts: list[str], progress: Progress) -> Progress:
    """Return how far the thread is, by the journal and, when it had begun, by the timeline."""
    for number, (identifier, digest) in enumerate(progress.posts, start=1):
        if number > len(parts) or _digest(parts[number - 1]) != digest:
            raise RejectedError(
                "X",
                f"part {number} is public as {URL}{identifier} and had other words. Give it its "
                "words back under Content, or propose the rest anew. Nothing was sent.",
                error_class=PARTLY_DONE,
            )
    if not progress.posts:
        return progress
    rows, _ = client.own_posts(PAGE)
    ids = _continued(rows, parts, progress.ids)
    for number in range(len(progress.posts), len(ids)):
        progress = progress.with_post(ids[number], parts[number])
    return progress


def _continued(rows: Sequence[Row], parts: list[str], ids: list[str]) -> list[str]:
    """Return the ids of the parts that are public: those known, and what hangs below them."""
    found = list(ids)
    for part in parts[len(ids) :]:
        row = post_with(rows, part, found[-1] if found else None)
        if row is None:
            break
        found.append(str(row["id"]))
    return found


def _stopped(error: ServiceError, ids: list[str], count: int) -> ServiceError:
    """Return a failure that says what is public already."""
    if not ids:
        return error
    told = with_words(error, _public(ids, count))
    if not isinstance(error, UnknownOutcomeError):
        told.error_class = PARTLY_DONE
    return told


def _public(ids: list[str], count: int) -> str:
    which = "Part 1" if len(ids) == 1 else f"Parts 1 to {len(ids)}"
    verb = "is" if len(ids) == 1 else "are"
    return f"{which} of {count} {verb} public ({URL}{ids[0]})."


def _digest(text: str) -> str:
    return hashlib.sha256(comparable(text).encode()).hexdigest()[:16]
