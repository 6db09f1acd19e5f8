"""What can be done on X and asked of it: arguments, words and limits, no network.

Rules: a text that X would refuse or change (too long, control characters, blanks around it) is
refused or put right before a person is asked; what is approved is what X will show.
"""

from __future__ import annotations

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, Field

from core.actions import Action, Facts, Read
from mcp_servers.fields import Arguments, Limit, LocalTime, shown_time, words_for_a_name
from mcp_servers.twitter.length import MAX_LENGTH, links, normal, weighted_length

PRICE_OF_POST = "$0.015"
PRICE_OF_POST_WITH_LINK = "$0.20"
"""What one call costs. Source: docs.x.com, rate table valid after 2026-04-20, read 2026-11-21."""

_NOT_ALLOWED = frozenset("\u202a\u202b\u202c\u202d\u202e\ufffe\uffff\ufeff")


def _text(text: str) -> str:
    """Return a post's text as X keeps it.

    Source: twitter-text, `invalidCharacters`, and control characters, which X drops silently.
    """
    text = normal(text.replace("\r\n", "\n"))
    for character in text:
        control = unicodedata.category(character) in {"Cc", "Cs"} and character != "\n"
        if control or character in _NOT_ALLOWED:
            raise ValueError(f"contains the character U+{ord(character):04X}, which X refuses")
    length = weighted_length(text)
    if length > MAX_LENGTH:
        raise ValueError(f"is {length} long as X counts it; at most {MAX_LENGTH} are allowed")
    return text


Text = Annotated[str, Field(min_length=1, max_length=4000), AfterValidator(_text)]


class CreatePost(Arguments):
    """The arguments of one public post."""

    text: Text = Field(description="The post; 280 as X counts, a link counts 23")
    publish_at: LocalTime | None = Field(
        default=None, description="When to post, the owner's local time; left out: when approved"
    )


class ListPosts(Arguments):
    """The arguments of a look at the account's own posts."""

    limit: Limit = 25
    cursor: Annotated[str, Field(pattern=r"^[0-9]{1,20}$")] | None = Field(
        default=None, description="next_cursor of the page before"
    )
    since: AwareDatetime | None = Field(
        default=None, description="Only posts from this instant on, with a time zone"
    )


def describe_post(post: CreatePost) -> str:
    """Return what is asked of the owner; the text itself stands under `## Content`."""
    when = shown_time(post.publish_at)
    return f"publish a post on **X**{when} ({weighted_length(post.text)} of {MAX_LENGTH} long)"


def title_of_post(post: CreatePost) -> str:
    """Return the words of the note's file name."""
    return f"Post X {words_for_a_name(post.text, limit=6)}".strip()


def facts_of_post(post: CreatePost) -> Facts:
    """Return the links: whatever a reader could be led to."""
    return Facts(links=links(post.text))


ACTIONS = (
    Action(
        kind="twitter.create_post",
        summary="Publish a post on X (Twitter).",
        arguments=CreatePost,
        describe=describe_post,
        title=title_of_post,
        facts=facts_of_post,
        consequence=(
            "The post is public at once. Deleting it later does not unsend it: others may have "
            f"read, copied or answered it. X charges {PRICE_OF_POST} for it, "
            f"{PRICE_OF_POST_WITH_LINK} when it has a link."
        ),
        content="text",
    ),
)

READS = (
    Read(
        kind="twitter.list_posts",
        summary="List the account's own posts on X, newest first.",
        arguments=ListPosts,
    ),
)
