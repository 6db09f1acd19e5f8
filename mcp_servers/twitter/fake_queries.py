"""What a request to the sandbox's X asks for, and how X refuses what it does not know.

Sources: docs.x.com, X API v2 reference "Create Post", "Get Posts" and "Get mentions" (timelines),
"Get Posts by IDs", as of 2026-11.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mcp_servers.twitter.fake_errors import invalid
from mcp_servers.twitter.fake_text import LIMIT_WEIGHT, weight_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mcp_servers.twitter.fake_posts import Post

POST_PARAMETERS = frozenset({"tweet.fields", "expansions", "user.fields"})
TIMELINE_PARAMETERS = POST_PARAMETERS | {
    *("max_results", "pagination_token", "start_time", "end_time", "since_id", "until_id"),
}
_POST_FIELDS = frozenset(
    [
        *("id", "text", "edit_history_tweet_ids", "author_id", "conversation_id", "created_at"),
        *("entities", "in_reply_to_user_id", "referenced_tweets", "public_metrics"),
    ]
)


def checked(body: Mapping[str, Any]) -> tuple[str, str | None, list[object] | None]:
    """Return text, the post replied to, and the files; refuse what X refuses."""
    for name in sorted(set(body) - {"text", "reply", "media"}):
        message = f"$.{name}: is not defined in the schema of this sandbox"
        raise invalid(name, "", message)
    text, reply, media = body.get("text"), body.get("reply"), body.get("media")
    if not isinstance(text, str) or not text.strip():
        raise invalid("text", text, "Tweet text cannot be empty.")
    if weight_of(text) > LIMIT_WEIGHT:
        raise invalid("text", text, "Your Tweet text is too long.")
    media_ids = media.get("media_ids") if isinstance(media, dict) else None
    if media is not None and not isinstance(media_ids, list):
        raise invalid("media.media_ids", media, "must be a list")
    if reply is None:
        return text, None, media_ids
    reply_to = reply.get("in_reply_to_tweet_id") if isinstance(reply, dict) else None
    if not isinstance(reply_to, str) or not reply_to.isdecimal():
        raise invalid("reply.in_reply_to_tweet_id", reply_to, "must be the id of a Tweet")
    return text, reply_to, media_ids


def post_options(
    query: Mapping[str, str], parameters: frozenset[str]
) -> tuple[frozenset[str], frozenset[str]]:
    """Return the fields and the expansions that are asked for."""
    for name in sorted(set(query) - parameters):
        raise invalid(name, query[name], f"The query parameter [{name}] is not played here")
    fields = frozenset(filter(None, query.get("tweet.fields", "").split(",")))
    for name in sorted(fields - _POST_FIELDS):
        raise invalid("tweet.fields", name, f"The field [{name}] is not played here")
    return fields, frozenset(query.get("expansions", "").split(","))


def size_of(query: Mapping[str, str]) -> int:
    """Return how many posts are asked for."""
    size = query.get("max_results", "10")
    if not size.isdecimal() or not 5 <= int(size) <= 100:
        message = f"The `max_results` query parameter value [{size}] is not between 5 and 100"
        raise invalid("max_results", size, message)
    return int(size)


def _instant(text: str) -> str:
    at = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


_FILTERS: Mapping[str, tuple[Callable[[str], Any], Callable[[Post, Any], bool]]] = {
    "start_time": (_instant, lambda post, value: post.created_at >= value),
    "end_time": (_instant, lambda post, value: post.created_at < value),
    "since_id": (int, lambda post, value: post.id > value),
    "until_id": (int, lambda post, value: post.id < value),
    "pagination_token": (
        lambda text: int(text.removeprefix("7140dibdnow"), 16),
        lambda post, value: post.id < value,
    ),
}


def filters_in(query: Mapping[str, str]) -> list[Callable[[Post], bool]]:
    """Return what a post must pass to be in a timeline."""
    return [_filter(name, value) for name, value in query.items() if name in _FILTERS]


def _filter(name: str, text: str) -> Callable[[Post], bool]:
    read, test = _FILTERS[name]
    try:
        value = read(text)
    except ValueError:
        message = f"The `{name}` query parameter value [{text}] is not valid"
        raise invalid(name, text, message) from None
    return lambda post: test(post, value)
