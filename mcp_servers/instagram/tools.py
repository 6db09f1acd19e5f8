"""Instagram's tools: how each action is previewed, done and read back.

Rule: the preview and the real call come from one builder; see `publishing` for posts.

Source: developers.facebook.com/docs/instagram-platform, "Comment Moderation", "Insights" and
"Content Publishing", read 2026-11-21.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.findings import Findings
from mcp_servers.graph import address_of, messaging, reading
from mcp_servers.graph.insights import Metric, figures, figures_of_account, instants, window
from mcp_servers.instagram import publishing
from mcp_servers.toolset import Done, Evidence, Finding, Page, Toolset, Trace, Write

if TYPE_CHECKING:
    from core.actions import Payload
    from mcp_servers.graph.client import Row
    from mcp_servers.instagram.actions import (
        GetInsights,
        GetPublishingLimit,
        ListComments,
        ListMedia,
    )
    from mcp_servers.instagram.client import Reader, Writer
    from utils.config import Settings

COMMENT_FIELDS = "id,text,timestamp,username,from,like_count"

ACCOUNT_METRICS = (
    Metric("views", "Views", type="total_value"),
    Metric("reach", "People reached", type="total_value"),
    Metric("accounts_engaged", "People who did something", type="total_value"),
    Metric("total_interactions", "Interactions", type="total_value"),
)
MEDIA_METRICS = (
    Metric("views", "Views", "lifetime"),
    Metric("reach", "People reached", "lifetime"),
    Metric("likes", "Likes", "lifetime"),
    Metric("comments", "Comments", "lifetime"),
    Metric("saved", "Saved", "lifetime"),
    Metric("shares", "Shares", "lifetime"),
)
"""Source: developers.facebook.com/docs/instagram-platform, "Instagram Account Insights" (period day
and total_value; at most 30 days between since and until), "IG Media Insights" and "IG User"
(`followers_count`), read 2026-11-21. `follower_count` is another figure: new ones, day by day."""


def reader(settings: Settings) -> Reader:
    """Return the client that can only read."""
    from mcp_servers.instagram.client import Reader

    return Reader(settings)


def writer(settings: Settings) -> Writer:
    """Return the client that can write."""
    from mcp_servers.instagram.client import Writer

    return Writer(settings)


# -- reply_to_comment -----------------------------------------------------------------------------


def request_of_reply(settings: Settings, payload: Payload, key: str) -> dict[str, Any]:
    """Return the request that answers the comment; Meta takes no key."""
    del key
    url = address_of(settings, f"{payload['comment_id']}/replies")
    return {"method": "POST", "url": url, "form": {"message": payload["message"]}}


def check_reply(client: Reader, payload: Payload) -> Findings:
    """Return the comment that would be answered."""
    return reading.comment_found(client, payload["comment_id"], "text", "username")


def reply_to_comment(client: Writer, payload: Payload, trace: Trace) -> Done:
    """Answer the comment.

    Raises:
        NotSentError: nothing left this machine, or Meta asked us to wait.
        RejectedError: Meta refused; nothing was written.
        UnknownOutcomeError: it was sent, and no usable answer came.
    """
    del trace
    form = {"message": payload["message"]}
    identifier = client.create(payload["comment_id"], "replies", form)
    return Done(identifier, publishing.URL, f"Answered on Instagram as {identifier}.")


def reconcile_reply(client: Reader, payload: Payload, trace: Trace) -> Evidence:
    """Return whether the comment shows our answer since it was sent."""
    start = reading.start_of(trace.began_at)
    path = f"{payload['comment_id']}/replies"
    for row in reading.since(client, path, COMMENT_FIELDS, start):
        if row is None:
            return Evidence(Finding.UNCLEAR, "There are too many answers to look through.")
        if _is_ours(client, row) and reading.same_text(row.get("text"), payload["message"]):
            text = f"Instagram shows the answer of {reading.instant_of(row):%Y-%m-%d %H:%M} UTC."
            return Evidence(Finding.FOUND, text, str(row["id"]), publishing.URL)
    text = f"Instagram shows no such answer since {start:%Y-%m-%d %H:%M} UTC."
    return Evidence(Finding.ABSENT, f"{text} It may still appear: look before repeating.")


def _is_ours(client: Reader, row: Row) -> bool:
    return str((row.get("from") or {}).get("id")) == client.account


# -- send_message ---------------------------------------------------------------------------------


def request_of_message(settings: Settings, payload: Payload, key: str) -> dict[str, Any]:
    """Return the request that sends the message; Meta takes no key."""
    del key
    url = address_of(settings, "me/messages")
    return {"method": "POST", "url": url, "form": messaging.form_of("instagram", payload)}


# -- reads ----------------------------------------------------------------------------------------


def list_media(client: Reader, arguments: ListMedia) -> Page:
    """Return the account's own posts, newest first."""
    answer = client.ask_sparingly(
        f"{client.account}/media",
        fields=publishing.MEDIA_FIELDS,
        limit=arguments.limit,
        after=arguments.cursor,
    )
    items = tuple(_media(row) for row in reading.rows_of(answer))
    return Page(items, None, reading.cursor_of(answer))


def _media(row: Row) -> dict[str, object]:
    return {
        "id": str(row["id"]),
        "text": reading.shown(row.get("caption")),
        "type": row.get("media_type"),
        "created_at": reading.instant_of(row).isoformat(),
        "comments": row.get("comments_count"),
        "likes": row.get("like_count"),
        "url": publishing.url_of(row),
    }


def list_comments(client: Reader, arguments: ListComments) -> Page:
    """Return the comments below a post; whatever they say was written by others."""
    answer = client.ask_sparingly(
        f"{arguments.media_id}/comments",
        fields=COMMENT_FIELDS,
        limit=arguments.limit,
        after=arguments.cursor,
    )
    items = tuple(_comment(client, row) for row in reading.rows_of(answer))
    return Page(items, None, reading.cursor_of(answer))


def _comment(client: Reader, row: Row) -> dict[str, object]:
    return {
        "id": str(row["id"]),
        "text": reading.shown(row.get("text")),
        "author": reading.shown(row.get("username"))[:100] or None,
        "is_ours": _is_ours(client, row),
        "created_at": reading.instant_of(row).isoformat(),
        "likes": row.get("like_count"),
    }


def get_insights(client: Reader, arguments: GetInsights) -> Page:
    """Return the figures of the account, or of one post."""
    if arguments.media_id:
        rows = figures(client, f"{arguments.media_id}/insights", MEDIA_METRICS)
    else:
        now = client.clock.now()
        days = window(now, arguments.since, arguments.until, arguments.days)
        rows = figures_of_account(client, ACCOUNT_METRICS, instants(*days))
    return Page(rows, len(rows))


def get_publishing_limit(client: Reader, arguments: GetPublishingLimit) -> Page:
    """Return how many posts count against the limit of 24 hours."""
    del arguments
    used, total = publishing.limit_of(client)
    return Page(({"used": used, "total": total, "hours": 24},), 1)


TOOLSET = Toolset(
    reader=reader,
    writer=writer,
    writes={
        "publish_media": Write(
            publishing.request_of_media,
            publishing.publish,
            publishing.reconcile_media,
            publishing.prepare,
            publishing.check_media,
        ),
        "reply_to_comment": Write(
            request_of_reply, reply_to_comment, reconcile_reply, check=check_reply
        ),
        "send_message": messaging.written(request_of_message),
    },
    reads={
        "list_media": list_media,
        "list_comments": list_comments,
        "get_insights": get_insights,
        "get_publishing_limit": get_publishing_limit,
    },
)
