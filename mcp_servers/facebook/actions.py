"""What can be done on a Facebook page and asked of it: arguments, words and limits, no network.

Rules: a post that Facebook would refuse or change is refused before a person is asked; the text,
the link and the pictures that are approved are what the page will show.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, AwareDatetime, Field, model_validator

from core.actions import STAYS, Action, Facts, Read
from core.media import MediaList, MediaRule, MediaType
from core.text_limits import TextLimit
from mcp_servers.fields import (
    Arguments,
    Lines,
    LocalTime,
    links_in,
    shown_time,
    within,
    words_for_a_name,
)
from mcp_servers.graph.actions import Network, reply_to_comment, send_message
from mcp_servers.graph.arguments import (
    Addressed,
    Days,
    ListOf,
    ObjectId,
)

_COUNTING = "not documented, counted as code points"
_THIRD_PARTIES = "third parties; Meta documents none, read 2026-11-21"
POST_LENGTH = TextLimit(63_206, "characters", _COUNTING, _THIRD_PARTIES)
COMMENT_LENGTH = TextLimit(8_000, "characters", _COUNTING, _THIRD_PARTIES)
MESSAGE_LENGTH = TextLimit(
    2_000, "characters", _COUNTING, "developers.facebook.com, Send API, read 2026-11-21"
)

PICTURES = MediaRule(
    limits={MediaType.JPEG: 4_000_000, MediaType.PNG: 4_000_000, MediaType.GIF: 4_000_000},
    at_most=10,
)
"""Source: developers.facebook.com/docs/graph-api/photo-uploads (formats; under 4 MB)."""


def _link(text: str) -> str:
    if links_in(text) != (text,):
        raise ValueError("is no address; write it like https://example.com/page")
    return text


Link = Annotated[str, Field(max_length=2_000), AfterValidator(_link)]
PostText = Annotated[Lines, *within(POST_LENGTH)]
CommentText = Annotated[Lines, *within(COMMENT_LENGTH)]
MessageText = Annotated[Lines, *within(MESSAGE_LENGTH)]


class CreatePost(Arguments):
    """The arguments of one public post."""

    message: PostText = Field(description="The post")
    link: Link | None = Field(default=None, description="Shown as a card below; not with pictures")
    media: MediaList | None = Field(default=None, description="Up to 10 pictures")
    publish_at: LocalTime | None = Field(
        default=None, description="When to post, the owner's local time; left out: when approved"
    )

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if self.link and self.media:
            raise ValueError("a post shows either a link or pictures, not both")
        return self


class ReplyToComment(Arguments):
    """The arguments of a public answer to a comment."""

    comment_id: ObjectId = Field(description="id of the comment, as list_comments gives it")
    message: CommentText = Field(description="The answer; everybody can read it")


class SendMessage(Addressed):
    """The arguments of a private message."""

    message: MessageText = Field(description="Plain text, at most 2,000 characters")


class ListPosts(ListOf):
    """The arguments of a look at the page's own posts."""


class ListComments(ListOf):
    """The arguments of a look at the comments below a post."""

    post_id: ObjectId = Field(description="id of the post, as list_posts gives it")


class GetInsights(Arguments):
    """The arguments of a look at the figures."""

    post_id: ObjectId | None = Field(default=None, description="Of this post; left out: the page")
    days: Days = Field(default=28, description="How many days back, for the page")
    since: AwareDatetime | None = Field(default=None, description="From here, in place of days")
    until: AwareDatetime | None = Field(default=None, description="Up to here; left out: now")


def describe_post(post: CreatePost) -> str:
    """Return what is asked of the owner; the text itself stands under `## Content`."""
    pictures = f" with {len(post.media)} picture{'s' * (len(post.media) > 1)}" if post.media else ""
    return f"publish a post{pictures} on your **Facebook** page{shown_time(post.publish_at)}"


def title_of_post(post: CreatePost) -> str:
    """Return the words of the note's file name."""
    return f"Post Facebook {words_for_a_name(post.message, limit=6)}".strip()


def facts_of_post(post: CreatePost) -> Facts:
    """Return the links: whatever a reader could be led to."""
    return Facts(links=(*((post.link,) if post.link else ()), *links_in(post.message)))


NETWORK = Network(
    "facebook", "Facebook", "your **Facebook** page", "the Facebook page", account="page"
)

ACTIONS = (
    Action(
        kind="facebook.create_post",
        summary="Publish a post on the Facebook page: text, with a link or pictures.",
        arguments=CreatePost,
        describe=describe_post,
        title=title_of_post,
        facts=facts_of_post,
        consequence=("The post is public at once. Pictures are laid on the page unseen first."),
        undo=f"delete it on Facebook; {STAYS}",
        content="message",
        length=POST_LENGTH,
        media=PICTURES,
    ),
    reply_to_comment(NETWORK, ReplyToComment, COMMENT_LENGTH),
    send_message(NETWORK, SendMessage, MESSAGE_LENGTH),
)

READS = (
    Read(
        kind="facebook.list_posts",
        summary="List the page's own posts, newest first.",
        arguments=ListPosts,
    ),
    Read(
        kind="facebook.list_comments",
        summary="List the comments below a post, newest first; others wrote them.",
        arguments=ListComments,
    ),
    Read(
        kind="facebook.get_insights",
        summary="Figures of the page or of one post; a figure without data has no value, never 0.",
        arguments=GetInsights,
    ),
)
