"""What can be done on Instagram and asked of it: arguments, words and limits, no network.

Rules: a post that Instagram would refuse is refused before a person is asked: caption, hashtags,
mentions, and type, size and shape of each picture.

Source: developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-user/media
("Image Specifications", "Reel Specifications") and .../content-publishing, read 2026-11-21.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, AwareDatetime, Field

from core.actions import STAYS, Action, Facts, Read
from core.media import Media, MediaList, MediaRule, MediaType
from core.text_limits import TextLimit, utf8_bytes
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
    Identifier,
    ListOf,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.media import MediaFacts

MAX_HASHTAGS, MAX_MENTIONS = 30, 20
_COUNTING = "not documented, counted as code points"
_DOCS = "developers.facebook.com/docs/instagram-platform"
CAPTION_LENGTH = TextLimit(
    2_200, "characters", _COUNTING, f"{_DOCS}, IG User Media, read 2026-11-21"
)
COMMENT_LENGTH = TextLimit(
    300, "characters", _COUNTING, f"{_DOCS}, IG Comment Replies, read 2026-11-21"
)
MESSAGE_LENGTH = TextLimit(
    1_000, "bytes", "of UTF-8", f"{_DOCS}, Send API for Instagram, read 2026-11-21", utf8_bytes
)
NARROWEST, WIDEST = 4 / 5, 1.91
ROUNDING = 0.005
MIB = 1024 * 1024

_HASHTAG = re.compile(r"(?<![\w&])#\w*[^\W\d]\w*")
_MENTION = re.compile(r"(?<![\w@.])@[\w.]+")


def _caption(text: str) -> str:
    hashtags, mentions = len(_HASHTAG.findall(text)), len(_MENTION.findall(text))
    if hashtags > MAX_HASHTAGS:
        raise ValueError(f"has {hashtags} hashtags; Instagram allows {MAX_HASHTAGS}")
    if mentions > MAX_MENTIONS:
        raise ValueError(f"mentions {mentions} accounts; Instagram allows {MAX_MENTIONS}")
    return text


def _comment(text: str) -> str:
    if len(_HASHTAG.findall(text)) > 4 or len(links_in(text)) > 1:
        raise ValueError("has more than 4 hashtags or more than 1 link, which Instagram refuses")
    return text


def _check(pictures: Sequence[MediaFacts]) -> None:
    """Raise a ValueError, in words, for what Instagram does not show."""
    if len(pictures) > 1 and any(each.type.is_video for each in pictures):
        raise ValueError("a film is posted alone, as a reel, not among pictures")
    for each in pictures:
        if each.width is None or each.height is None:
            continue
        shape = each.width / each.height
        if not NARROWEST - ROUNDING <= shape <= WIDEST + ROUNDING:
            size = f"{each.width} x {each.height}"
            raise ValueError(f"one of {size} is too tall or too wide; from 4:5 to 1.91:1 is shown")


PICTURES = MediaRule(
    limits={MediaType.JPEG: 8 * MIB, MediaType.MP4: 100 * MIB, MediaType.MOV: 100 * MIB},
    at_most=10,
    check=_check,
)
"""A film may have 300 MB there; here less, because it is compared as a whole before it is sent."""

Caption = Annotated[Lines, *within(CAPTION_LENGTH), AfterValidator(_caption)]
CommentText = Annotated[Lines, *within(COMMENT_LENGTH), AfterValidator(_comment)]
MessageText = Annotated[Lines, *within(MESSAGE_LENGTH)]


class PublishMedia(Arguments):
    """The arguments of one post: a picture, up to ten as a carousel, or a film as a reel."""

    caption: Caption = Field(description="The text; at most 30 hashtags")
    media: MediaList = Field(description="1 JPEG, 2 to 10 (a carousel), or 1 film (a reel)")
    publish_at: LocalTime | None = Field(
        default=None, description="When to post, the owner's local time; left out: when approved"
    )


class ReplyToComment(Arguments):
    """The arguments of a public answer to a comment."""

    comment_id: Identifier = Field(description="id of the comment, as list_comments gives it")
    message: CommentText = Field(description="The answer; everybody can read it")


class SendMessage(Addressed):
    """The arguments of a private message."""

    message: MessageText = Field(description="Plain text, at most 1,000 bytes")


class ListMedia(ListOf):
    """The arguments of a look at the account's own posts."""


class ListComments(ListOf):
    """The arguments of a look at the comments below a post."""

    media_id: Identifier = Field(description="id of the post, as list_media gives it")


class GetInsights(Arguments):
    """The arguments of a look at the figures."""

    media_id: Identifier | None = Field(
        default=None, description="Of this post; left out: the account"
    )
    days: Annotated[Days, Field(le=30)] = Field(
        default=28, description="How many days back, for the account"
    )
    since: AwareDatetime | None = Field(default=None, description="From here, in place of days")
    until: AwareDatetime | None = Field(default=None, description="Up to here; left out: now")


class GetPublishingLimit(Arguments):
    """No arguments."""


def _one(item: Media) -> str:
    """Return what one file is, in words: a film is a reel."""
    return "a picture" if item.path.lower().endswith((".jpg", ".jpeg", ".png")) else "a film"


def describe_media(post: PublishMedia) -> str:
    """Return what is asked of the owner; the text itself stands under `## Content`."""
    what = _one(post.media[0]) if len(post.media) == 1 else f"{len(post.media)} pictures"
    return f"publish {what} on **Instagram**{shown_time(post.publish_at)}"


def title_of_media(post: PublishMedia) -> str:
    """Return the words of the note's file name."""
    return f"Post Instagram {words_for_a_name(post.caption, limit=6)}".strip()


NETWORK = Network("instagram", "Instagram", "**Instagram**", "Instagram", account="account")

ACTIONS = (
    Action(
        kind="instagram.publish_media",
        summary="Publish a picture, a carousel or a reel on Instagram.",
        arguments=PublishMedia,
        describe=describe_media,
        title=title_of_media,
        facts=lambda post: Facts(links=links_in(post.caption)),
        consequence=(
            "The post is public at once. Put the files on your web space (MEDIA_BASE_URL) first, "
            "under the same names and open to the public: Instagram fetches them there. Before "
            "anything is sent they are compared with what you see here."
        ),
        undo=f"delete it on Instagram; {STAYS}",
        content="caption",
        length=CAPTION_LENGTH,
        absence_provable=True,
        media=PICTURES,
        checked=True,
    ),
    reply_to_comment(NETWORK, ReplyToComment, COMMENT_LENGTH),
    send_message(NETWORK, SendMessage, MESSAGE_LENGTH),
)

READS = (
    Read(
        kind="instagram.list_media",
        summary="List the account's own posts, newest first.",
        arguments=ListMedia,
    ),
    Read(
        kind="instagram.list_comments",
        summary="List the comments below a post; others wrote them.",
        arguments=ListComments,
    ),
    Read(
        kind="instagram.get_insights",
        summary="Figures of the account or of a post; one without data has no value, never 0.",
        arguments=GetInsights,
    ),
    Read(
        kind="instagram.get_publishing_limit",
        summary="How many posts of the last 24 hours count against Instagram's limit.",
        arguments=GetPublishingLimit,
    ),
)
