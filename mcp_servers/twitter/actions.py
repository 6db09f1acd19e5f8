"""What can be done on X and asked of it: arguments, words and limits, no network.

Rules: a text that X would refuse or change (too long, control characters, blanks around it) is
refused or put right before a person is asked; what is approved is what X will show; what it costs
is said.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, field_validator

from core.actions import NOT_POSSIBLE, STAYS, Action, Facts, Lookup, Read
from core.media import MediaList, MediaRule, MediaType
from core.text_limits import TextLimit
from mcp_servers.fields import (
    Arguments,
    Limit,
    Lines,
    LocalTime,
    shown_time,
    within,
    words_for_a_name,
)
from mcp_servers.twitter.length import LINK_LENGTH, MAX_LENGTH, links, normal, weighted_length
from mcp_servers.twitter.thread import MAX_PARTS, MIN_PARTS, divided, joined, parts_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import ValidationInfo

    from core.media import Media, MediaFacts

PRICE_OF_POST = Decimal("0.015")
PRICE_OF_POST_WITH_LINK = Decimal("0.20")
PRICE_OF_ALT = Decimal("0.005")
PRICE_OF_MESSAGE = Decimal("0.015")
"""What one call costs in USD. Source: docs.x.com, rate table valid after 2026-04-20, read
2026-11-21."""

POST_LENGTH = TextLimit(
    MAX_LENGTH,
    "characters",
    f"as X counts: a link {LINK_LENGTH}, an emoji 2, Chinese, Japanese and Korean 2, Latin 1",
    "docs.x.com, Counting characters, read 2026-11-21",
    weighted_length,
)
MESSAGE_LENGTH = TextLimit(
    10_000,
    "characters",
    "not documented, counted as code points",
    "docs.x.com, Direct Messages, read 2026-11-21",
)

MESSAGES_AN_HOUR, REPLIES_AN_HOUR = 10, 20
"""Bounds of ours: who writes more to others looks like an advertiser, and X locks accounts."""

_MIB = 1024 * 1024
_STILLS = frozenset({MediaType.PNG, MediaType.JPEG, MediaType.WEBP})
_NOT_ALLOWED = frozenset("\u202a\u202b\u202c\u202d\u202e\ufffe\uffff\ufeff")
_POST_LINK = re.compile(
    r"https?://(?:www\.|mobile\.)?(?:x|twitter)\.com/\w+(?:/\w+)?/status/(\d+)\S*"
)


def _mixture(facts: Sequence[MediaFacts]) -> None:
    if len(facts) > 1 and any(each.type not in _STILLS for each in facts):
        raise ValueError("X takes up to 4 pictures, or one GIF, or one film in a post")


MEDIA = MediaRule(
    limits={
        **dict.fromkeys((MediaType.PNG, MediaType.JPEG, MediaType.WEBP), 5 * _MIB),
        MediaType.GIF: 15 * _MIB,
        MediaType.MP4: 128 * _MIB,  # X takes 512 MiB; ours is held in memory
        MediaType.MOV: 128 * _MIB,
    },
    at_most=4,
    alt_limit=1000,
    alt_for=_STILLS | {MediaType.GIF},
    check=_mixture,
)
"""Source: docs.x.com, "Media best practices" and "Create Media metadata", 2026-11."""


def _text(text: str) -> str:
    """Return a post's text as X keeps it.

    Source: twitter-text, `invalidCharacters`, and control characters, which X drops silently.
    """
    text = normal(text.replace("\r\n", "\n"))
    for character in text:
        control = unicodedata.category(character) in {"Cc", "Cs"} and character != "\n"
        if control or character in _NOT_ALLOWED:
            raise ValueError(f"contains the character U+{ord(character):04X}, which X refuses")
    return text


def _post_text(text: str) -> str:
    text = _text(text)
    length = weighted_length(text)
    if length > MAX_LENGTH:
        raise ValueError(f"is {length} long as X counts it; at most {MAX_LENGTH} are allowed")
    return text


def _id_in(value: object) -> object:
    """Return the id in a link to a post."""
    link = _POST_LINK.fullmatch(value.strip()) if isinstance(value, str) else None
    return link[1] if link else value


def _without_at(value: object) -> object:
    return value.strip().removeprefix("@") if isinstance(value, str) else value


Text = Annotated[str, Field(min_length=1, max_length=4000), AfterValidator(_post_text)]
Id = Annotated[str, Field(pattern=r"^[0-9]{1,20}$")]
PostId = Annotated[Id, BeforeValidator(_id_in)]
Username = Annotated[str, Field(pattern=r"^\w{1,15}$"), BeforeValidator(_without_at)]
PublishAt = Annotated[
    LocalTime | None, Field(description="When to post, the owner's local time; else when approved")
]
Pictures = Annotated[MediaList | None, Field(description="Up to 4 pictures, or 1 GIF or film")]


class CreatePost(Arguments):
    """The arguments of one public post."""

    text: Text = Field(description="The post; 280 as X counts, a link counts 23")
    media: Pictures = None
    publish_at: PublishAt = None


class CreateThread(Arguments):
    """The arguments of a thread."""

    split: bool = Field(default=False, description="Divide at sentence ends where it is too long")
    text: Annotated[str, Field(min_length=1, max_length=20_000), AfterValidator(_text)] = Field(
        description="The posts, divided by lines of ---"
    )
    media: Annotated[Pictures, Field(description="For the first post")] = None
    publish_at: PublishAt = None

    @field_validator("text")
    @classmethod
    def _fits(cls, text: str, info: ValidationInfo) -> str:
        text = divided(text) if info.data.get("split") else joined(parts_of(text))
        parts = parts_of(text)
        for number, part in enumerate(parts, start=1):
            length = weighted_length(part)
            if not 0 < length <= MAX_LENGTH:
                raise ValueError(
                    f"part {number} is {length} long as X counts it; 1 to {MAX_LENGTH} are allowed "
                    "(divide with a line of ---, or set split to true)"
                )
        if not MIN_PARTS <= len(parts) <= MAX_PARTS:
            raise ValueError(
                f"has {len(parts)} parts; a thread has {MIN_PARTS} to {MAX_PARTS}, divided by "
                "lines of ---"
            )
        return text


class ReplyToPost(Arguments):
    """The arguments of a public reply."""

    post_id: PostId = Field(description="Id or link of the post")
    author: Username | None = Field(
        default=None, description="Who wrote it; looked up: must have mentioned or quoted us"
    )
    text: Text
    media: Pictures = None


class SendDirectMessage(Arguments):
    """The arguments of a direct message."""

    recipient: Username = Field(description="Username")
    recipient_id: Id | None = Field(default=None, description="Looked up among who mentioned us")
    text: Annotated[Lines, *within(MESSAGE_LENGTH)]


class ListPosts(Arguments):
    """The arguments of a look at the account's own posts."""

    limit: Limit = 25
    cursor: Id | None = Field(default=None, description="next_cursor of the page before")
    since: AwareDatetime | None = Field(
        default=None, description="Only posts from this instant on, with a time zone"
    )


class ListMentions(ListPosts):
    """The arguments of a look at who mentioned the account."""

    query: Annotated[str, Field(max_length=200), BeforeValidator(_id_in)] | None = Field(
        default=None, description="Only this post (id or link), or only by this username"
    )


class GetMetrics(Arguments):
    """The arguments of a look at figures."""

    post_ids: Annotated[list[PostId], Field(min_length=1, max_length=100)] | None = Field(
        default=None, description="Own posts; left out: the newest ones"
    )
    limit: Limit = 25
    cursor: Id | None = Field(default=None, description="next_cursor of the page before")
    since: AwareDatetime | None = Field(default=None, description="Only posts from here on")


# -- what a person sees ---------------------------------------------------------------------------


def price_of(*texts: str, media: Sequence[Media] | None = None) -> Decimal:
    """Return what X charges for posts with these texts, in USD.

    Args:
        texts: of the posts.
        media: what goes with them; the words for who cannot see are a call that is charged.
    """
    posts = [PRICE_OF_POST_WITH_LINK if links(text) else PRICE_OF_POST for text in texts]
    words = [PRICE_OF_ALT for each in media or () if each.alt is not None]
    return sum([*posts, *words], Decimal(0))


def _size(text: str) -> str:
    return f"{weighted_length(text)} of {MAX_LENGTH} long"


def _with(media: Sequence[object] | None) -> str:
    count = len(media or ())
    return f" with {count} picture{'s' if count > 1 else ''}" if count else ""


def describe_post(post: CreatePost) -> str:
    """Return what is asked of the owner; the text itself stands under `## Content`."""
    when = f"{_with(post.media)}{shown_time(post.publish_at)}"
    price = price_of(post.text, media=post.media)
    return f"publish a post on **X**{when} ({_size(post.text)}, ${price})"


def describe_thread(thread: CreateThread) -> str:
    """Return what is asked of the owner, with the length of each part."""
    parts = parts_of(thread.text)
    when = f"{_with(thread.media)}{shown_time(thread.publish_at)}"
    lengths = ", ".join(str(weighted_length(part)) for part in parts)
    return (
        f"publish a thread of {len(parts)} posts on **X**{when} ({lengths} of {MAX_LENGTH} long, "
        f"${price_of(*parts, media=thread.media)})"
    )


def describe_reply(reply: ReplyToPost) -> str:
    """Return what is asked of the owner, and to whom it is said."""
    whom = f"**@{reply.author}**" if reply.author else "somebody not known to have mentioned you"
    return (
        f"reply publicly on **X** to post {reply.post_id} by {whom}{_with(reply.media)} "
        f"({_size(reply.text)}, ${price_of(reply.text, media=reply.media)})"
    )


def describe_message(message: SendDirectMessage) -> str:
    """Return what is asked of the owner, and who gets it."""
    return (
        f"send a direct message on **X** to **@{message.recipient}** "
        f"({len(message.text)} characters, ${PRICE_OF_MESSAGE})"
    )


def facts_of_post(post: CreatePost | CreateThread) -> Facts:
    """Return the links: whatever a reader could be led to."""
    return Facts(links=links(post.text))


def facts_of_reply(reply: ReplyToPost) -> Facts:
    """Return whom it answers, and the links."""
    return Facts(recipients=(f"@{reply.author}",) if reply.author else (), links=links(reply.text))


def facts_of_message(message: SendDirectMessage) -> Facts:
    """Return who gets it, and the links."""
    whom = f"@{message.recipient}"
    return Facts(counterparty=whom, recipients=(whom,), links=links(message.text))


_DELETE = f"delete it on X; {STAYS}"

ACTIONS = (
    Action(
        kind="twitter.create_post",
        summary="Publish a post on X (Twitter).",
        arguments=CreatePost,
        describe=describe_post,
        title=lambda post: words_for_a_name("Post X", post.text, limit=8),
        facts=facts_of_post,
        consequence="The post is public at once.",
        undo=_DELETE,
        price=lambda post: price_of(post.text, media=post.media),
        content="text",
        length=POST_LENGTH,
        media=MEDIA,
    ),
    Action(
        kind="twitter.create_thread",
        summary="Publish a thread on X: several posts, each a reply to the one before.",
        arguments=CreateThread,
        describe=describe_thread,
        title=lambda thread: words_for_a_name("Thread X", thread.text, limit=8),
        facts=facts_of_post,
        consequence=(
            "The posts are public one after the other. If X stops in between, the first ones stay "
            "public, you are told which, and only the rest is sent afterwards."
        ),
        undo=f"delete each post on X; {STAYS}",
        price=lambda thread: price_of(*parts_of(thread.text), media=thread.media),
        content="text",
        media=MEDIA,
    ),
    Action(
        kind="twitter.reply_to_post",
        summary="Reply publicly on X to a post that mentions or quotes the account.",
        arguments=ReplyToPost,
        describe=describe_reply,
        title=lambda reply: words_for_a_name("Reply X", reply.author or "", reply.text, limit=8),
        facts=facts_of_reply,
        consequence="The reply is public at once, below the other one's post.",
        undo=_DELETE,
        price=lambda reply: price_of(reply.text, media=reply.media),
        content="text",
        length=POST_LENGTH,
        hourly_cap=REPLIES_AN_HOUR,
        lookup=Lookup(
            source="post_id",
            target="author",
            tool="twitter.list_mentions",
            title="mention of your account",
            match="id",
            value="author",
        ),
        media=MEDIA,
    ),
    Action(
        kind="twitter.send_direct_message",
        summary="Send a direct message on X.",
        arguments=SendDirectMessage,
        describe=describe_message,
        title=lambda message: words_for_a_name("Message X to", message.recipient),
        facts=facts_of_message,
        consequence=(
            "The message is with its reader at once. X refuses it when that person takes no "
            "messages from you."
        ),
        undo=NOT_POSSIBLE,
        price=lambda _: PRICE_OF_MESSAGE,
        content="text",
        length=MESSAGE_LENGTH,
        hourly_cap=MESSAGES_AN_HOUR,
        lookup=Lookup(
            source="recipient",
            target="recipient_id",
            tool="twitter.list_mentions",
            title="person who mentioned you",
            match="author",
            value="author_id",
        ),
    ),
)

READS = (
    Read(
        kind="twitter.list_posts",
        summary="List the account's own posts on X, newest first.",
        arguments=ListPosts,
    ),
    Read(
        kind="twitter.list_mentions",
        summary="List posts that mention the account on X, newest first. Words of others.",
        arguments=ListMentions,
    ),
    Read(
        kind="twitter.get_metrics",
        summary="Get figures of own posts and the account on X; null is no data, not zero.",
        arguments=GetMetrics,
    ),
)
