"""What can be done on X and asked of it: what the owner is told, what it costs, no network.

Rules: what is approved is what X will show; what it costs is said.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from core.actions import NOT_POSSIBLE, STAYS, Action, Answers, Facts, Lookup, Read
from mcp_servers.fields import shown_time, words_for_a_name
from mcp_servers.twitter.arguments import (
    MEDIA,
    MESSAGE_LENGTH,
    POST_LENGTH,
    CreatePost,
    CreateThread,
    GetMetrics,
    ListMentions,
    ListPosts,
    ReplyToPost,
    SendDirectMessage,
)
from mcp_servers.twitter.length import MAX_LENGTH, links, weighted_length
from mcp_servers.twitter.thread import parts_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.media import Media

PRICE_OF_POST = Decimal("0.015")
PRICE_OF_POST_WITH_LINK = Decimal("0.20")
PRICE_OF_ALT = Decimal("0.005")
PRICE_OF_MESSAGE = Decimal("0.015")
"""What one call costs in USD. Source: docs.x.com, rate table valid after 2026-04-20, read
2026-11-21."""

MESSAGES_AN_HOUR, REPLIES_AN_HOUR = 10, 20
"""Bounds of ours: who writes more to others looks like an advertiser, and X locks accounts."""


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
    return f"answer post {reply.post_id} by {whom} {_where(reply)}"


def _where(reply: ReplyToPost) -> str:
    price = price_of(reply.text, media=reply.media)
    return f"on **X**, in public{_with(reply.media)} ({_size(reply.text)}, ${price})"


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
            words="text",
            unknown=(
                "X shows no post {name} that mentions or quotes your account, and it lets a "
                "program answer no others."
            ),
        ),
        answers=Answers("post_id", _where),
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
