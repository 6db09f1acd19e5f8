"""Facebook's tools: how each action is previewed, done and read back.

Rules: the preview and the real call come from one builder; pictures are laid on the page unseen,
then the post is made in one call; Meta takes no key of ours, so a lost post is searched among the
page's posts by its exact text, and not finding it proves nothing.

Source: developers.facebook.com/docs/pages-api/posts, .../graph-api/reference/page/photos and
.../comments, read 2026-11-21. Meta does not document that an unpublished post can be published
later by its id, so that is not built upon.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from core.findings import Findings
from mcp_servers.graph import address_of, messaging, reading
from mcp_servers.graph.insights import Metric, figures, figures_of_account, whole_days, window
from mcp_servers.toolset import Done, Evidence, Finding, Page, Toolset, Trace, Write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.actions import Payload
    from mcp_servers.facebook.actions import GetInsights, ListComments, ListPosts
    from mcp_servers.facebook.client import Reader, Writer
    from mcp_servers.graph.client import Row
    from utils.config import Settings

URL = "https://www.facebook.com/"
POST_FIELDS = "id,message,created_time,permalink_url,comments.filter(stream).limit(0).summary(true)"
COMMENT_FIELDS = "id,message,created_time,from,permalink_url,comment_count"

PAGE_METRICS = (
    Metric("page_media_view", "Views", adds_up=True),
    Metric("page_post_engagements", "Engagements", adds_up=True),
    Metric("page_follows", "Followers"),
    Metric("page_total_media_view_unique", "People reached in 7 days", "week"),
    Metric("page_total_media_view_unique", "People reached in 28 days", "days_28"),
)
POST_METRICS = (
    Metric("post_media_view", "Views", "lifetime"),
    Metric("post_total_media_view_unique", "People reached", "lifetime"),
    Metric("post_clicks", "Clicks", "lifetime"),
)
"""Source: developers.facebook.com/docs/graph-api/reference/insights for v26.0 ("Page Engagement":
`page_post_engagements`, `page_follows`; "Page Media View": day, week, days_28; of pages with 100
likes and more) and .../reference/page (`followers_count`), read 2026-11-21. Those of impressions,
reach and fans ended for all versions: .../pages-api/platforminsights/page/deprecated-metrics."""


def reader(settings: Settings) -> Reader:
    """Return the client that can only read."""
    from mcp_servers.facebook.client import Reader

    return Reader(settings)


def writer(settings: Settings) -> Writer:
    """Return the client that can write."""
    from mcp_servers.facebook.client import Writer

    return Writer(settings)


# -- create_post ----------------------------------------------------------------------------------


def request_of_post(settings: Settings, payload: Payload, key: str) -> dict[str, Any]:
    """Return the requests that publish the post; Meta takes no key."""
    del key
    page = settings.text("FACEBOOK_PAGE_ID")
    media = payload.get("media", ())
    photos = [f"(id of photo {number})" for number in range(1, len(media) + 1)]
    request = {
        "method": "POST",
        "url": address_of(settings, f"{page}/feed"),
        "form": _post_form(payload, photos),
    }
    uploads = [
        {
            "method": "POST",
            "url": address_of(settings, f"{page}/photos"),
            "form": _photo_form(item.get("alt")),
            "file": {"name": item["file"], "sha256": item.get("sha256")},
        }
        for item in media
    ]
    return {"before": uploads, **request} if uploads else request


def _photo_form(alt: str | None) -> dict[str, str]:
    return {"published": "false", **({"alt_text_custom": alt} if alt else {})}


def _post_form(payload: Payload, photos: Sequence[str]) -> dict[str, str]:
    link = {"link": payload["link"]} if payload.get("link") else {}
    attached = {
        f"attached_media[{number}]": json.dumps({"media_fbid": photo})
        for number, photo in enumerate(photos)
    }
    return {"message": payload["message"], **link, **attached}


def upload_photos(client: Writer, payload: Payload, trace: Trace) -> str | None:
    """Lay the pictures on the page unseen; return their ids, None when there are none."""
    del payload
    photos = []
    for file in trace.files:
        name = file.media.path.rpartition("/")[2]
        content = (name, file.data, str(file.facts.type))
        form = _photo_form(file.media.alt)
        photos.append(client.create(client.account, "photos", form, content))
    return ",".join(photos) or None


def create_post(client: Writer, payload: Payload, trace: Trace) -> Done:
    """Publish the post.

    Raises:
        NotSentError: nothing left this machine, or Meta asked us to wait.
        RejectedError: Meta refused; nothing was posted.
        UnknownOutcomeError: it was sent, and no usable answer came.
    """
    photos = trace.staged_id.split(",") if trace.staged_id else []
    identifier = client.create(client.account, "feed", _post_form(payload, photos))
    return Done(identifier, f"{URL}{identifier}", f"Published on Facebook as post {identifier}.")


def reconcile_post(client: Reader, payload: Payload, trace: Trace) -> Evidence:
    """Return whether the page shows the text since it was sent."""
    return _search(
        client, f"{client.account}/posts", POST_FIELDS, payload["message"], trace, "post"
    )


def _search(
    client: Reader, path: str, fields: str, message: str, trace: Trace, what: str
) -> Evidence:
    start = reading.start_of(trace.began_at)
    order = "reverse_chronological" if what == "comment" else None
    for row in reading.since(client, path, fields, start, order):
        if row is None:
            text = f"There are too many {what}s since then to look through."
            return Evidence(Finding.UNCLEAR, text)
        ours = what == "post" or str((row.get("from") or {}).get("id")) == client.account
        if ours and reading.same_text(row.get("message"), message):
            text = f"Facebook shows the {what} since {reading.instant_of(row):%Y-%m-%d %H:%M} UTC."
            return Evidence(Finding.FOUND, text, str(row["id"]), _url(row))
    text = f"Facebook shows no {what} with this text since {start:%Y-%m-%d %H:%M} UTC."
    return Evidence(Finding.ABSENT, f"{text} It may still appear: look before repeating.")


def _url(row: Row) -> str:
    return str(row.get("permalink_url") or f"{URL}{row['id']}")


# -- reply_to_comment -----------------------------------------------------------------------------


def request_of_reply(settings: Settings, payload: Payload, key: str) -> dict[str, Any]:
    """Return the request that answers the comment; Meta takes no key."""
    del key
    url = address_of(settings, f"{payload['comment_id']}/comments")
    return {"method": "POST", "url": url, "form": {"message": payload["message"]}}


def check_reply(client: Reader, payload: Payload) -> Findings:
    """Return the comment that would be answered."""
    return reading.comment_found(client, payload["comment_id"], "message", "from")


def reply_to_comment(client: Writer, payload: Payload, trace: Trace) -> Done:
    """Answer the comment; errors as of `create_post`."""
    del trace
    form = {"message": payload["message"]}
    identifier = client.create(payload["comment_id"], "comments", form)
    return Done(identifier, f"{URL}{identifier}", f"Answered on Facebook as {identifier}.")


def reconcile_reply(client: Reader, payload: Payload, trace: Trace) -> Evidence:
    """Return whether the comment shows the answer since it was sent."""
    path = f"{payload['comment_id']}/comments"
    return _search(client, path, COMMENT_FIELDS, payload["message"], trace, "comment")


# -- send_message ---------------------------------------------------------------------------------


def request_of_message(settings: Settings, payload: Payload, key: str) -> dict[str, Any]:
    """Return the request that sends the message; Meta takes no key."""
    del key
    url = address_of(settings, f"{settings.text('FACEBOOK_PAGE_ID')}/messages")
    return {"method": "POST", "url": url, "form": messaging.form_of("messenger", payload)}


# -- reads ----------------------------------------------------------------------------------------


def list_posts(client: Reader, arguments: ListPosts) -> Page:
    """Return the page's own posts, newest first."""
    answer = client.ask_sparingly(
        f"{client.account}/posts",
        fields=POST_FIELDS,
        limit=arguments.limit,
        after=arguments.cursor,
    )
    items = tuple(_post(row) for row in reading.rows_of(answer))
    return Page(items, None, reading.cursor_of(answer))


def _post(row: Row) -> dict[str, object]:
    summary = (row.get("comments") or {}).get("summary") or {}
    return {
        "id": str(row["id"]),
        "text": reading.shown(row.get("message")),
        "created_at": reading.instant_of(row).isoformat(),
        "comments": summary.get("total_count"),
        "url": _url(row),
    }


def list_comments(client: Reader, arguments: ListComments) -> Page:
    """Return the comments below a post, newest first; whatever they say was written by others."""
    answer = client.ask_sparingly(
        f"{arguments.post_id}/comments",
        fields=COMMENT_FIELDS,
        order="reverse_chronological",
        filter="stream",
        limit=arguments.limit,
        after=arguments.cursor,
    )
    items = tuple(_comment(client, row) for row in reading.rows_of(answer))
    return Page(items, None, reading.cursor_of(answer))


def _comment(client: Reader, row: Row) -> dict[str, object]:
    author = row.get("from") or {}
    return {
        "id": str(row["id"]),
        "text": reading.shown(row.get("message")),
        "author": reading.shown(author.get("name"))[:100] or None,
        "is_ours": str(author.get("id")) == client.account,
        "created_at": reading.instant_of(row).isoformat(),
        "replies": row.get("comment_count"),
        "url": _url(row),
    }


def get_insights(client: Reader, arguments: GetInsights) -> Page:
    """Return the figures of the page, or of one post."""
    if arguments.post_id:
        rows = figures(client, f"{arguments.post_id}/insights", POST_METRICS)
    else:
        now = client.clock.now()
        days = window(now, arguments.since, arguments.until, arguments.days)
        rows = figures_of_account(client, PAGE_METRICS, whole_days(*days))
    return Page(rows, len(rows))


TOOLSET = Toolset(
    reader=reader,
    writer=writer,
    writes={
        "create_post": Write(request_of_post, create_post, reconcile_post, upload_photos),
        "reply_to_comment": Write(
            request_of_reply, reply_to_comment, reconcile_reply, check=check_reply
        ),
        "send_message": messaging.written(request_of_message),
    },
    reads={
        "list_posts": list_posts,
        "list_comments": list_comments,
        "get_insights": get_insights,
    },
)
