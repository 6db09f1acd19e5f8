"""X's tools: how each action is previewed, done and read back.

Rules: the preview and the real call come from one builder; X knows no key of ours, so a lost post
is searched in the own timeline by its exact text, and not finding it proves nothing.
"""

from __future__ import annotations

import html
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

from mcp_servers.toolset import Done, Evidence, Finding, Page, Toolset, Trace, Write
from mcp_servers.twitter.length import links, normal, spans_of_links

if TYPE_CHECKING:
    from core.actions import Payload
    from mcp_servers.twitter.actions import ListPosts
    from mcp_servers.twitter.client import Reader, Row, Writer
    from utils.config import Settings

LOOK_BACK = timedelta(minutes=1)
"""How far before the sending a post may be dated: two clocks are never quite the same."""

LIMIT_PAGES = 5
LIMIT_TEXT = 1000
URL = "https://x.com/i/web/status/"


def reader(settings: Settings) -> Reader:
    """Return the client that can only read."""
    from mcp_servers.twitter.client import Reader

    return Reader(settings)


def writer(settings: Settings) -> Writer:
    """Return the client that can write."""
    from mcp_servers.twitter.client import Writer

    return Writer(settings)


# -- create_post ----------------------------------------------------------------------------------


def request_of_post(settings: Settings, payload: Payload, key: str) -> dict[str, Any]:
    """Return the request that publishes the post; X takes no key."""
    del key
    return _post_request(settings.text("TWITTER_API_URL"), payload)


def _post_request(url: str, payload: Payload) -> dict[str, Any]:
    return {"method": "POST", "url": f"{url}/2/tweets", "json": {"text": payload["text"]}}


def create_post(client: Writer, payload: Payload, trace: Trace) -> Done:
    """Publish the post.

    Raises:
        NotSentError: nothing left this machine, or X asked us to wait.
        RejectedError: X refused; nothing was posted.
        UnknownOutcomeError: it was sent, and no usable answer came.
    """
    del trace  # X has no place for a key; a lost post is found by its text
    identifier = client.create_post(_post_request(client.url, payload)["json"])
    return Done(identifier, f"{URL}{identifier}", f"Published on X as post {identifier}.")


def reconcile_post(client: Reader, payload: Payload, trace: Trace) -> Evidence:
    """Return whether the own timeline shows the text since it was sent."""
    wanted = _comparable(payload["text"])
    start = trace.began_at.astimezone(UTC) - LOOK_BACK
    before: str | None = None
    for _ in range(LIMIT_PAGES):
        rows, more = client.own_posts(100, before, start)
        for row in rows:
            if _comparable(_as_written(row)) == wanted:
                text = f"X shows the post since {row.get('created_at', 'then')}."
                return Evidence(Finding.FOUND, text, row["id"], f"{URL}{row['id']}")
        if not more or not rows:
            text = f"X shows no post with this text since {start:%Y-%m-%d %H:%M} UTC."
            return Evidence(Finding.ABSENT, f"{text} It may still appear: look before repeating.")
        before = rows[-1]["id"]
    return Evidence(Finding.UNCLEAR, "There are too many posts since then to look through.")


def _as_written(row: Row) -> str:
    """Return a post's text as it was typed: X escapes `& < >` and shortens links to t.co."""
    text = html.unescape(str(row["text"]))
    for link in row.get("entities", {}).get("urls", []):
        text = text.replace(str(link["url"]), str(link.get("expanded_url") or link["url"]))
    return normal(text)


def _comparable(text: str) -> str:
    """Return a text whose links have one form: X adds `http://` to a bare domain."""
    parts, rest = [], 0
    for start, end in spans_of_links(text):
        parts += [text[rest:start], _plain_link(text[start:end])]
        rest = end
    return "".join([*parts, text[rest:]]).strip()


def _plain_link(link: str) -> str:
    address = link.partition("://")[2] or link
    host, slash, path = address.partition("/")
    return f"{host.lower()}{slash}{path}".removesuffix("/")


# -- list_posts -----------------------------------------------------------------------------------


def list_posts(client: Reader, arguments: ListPosts) -> Page:
    """Return the account's own posts, newest first; the cursor is the id of the last one."""
    rows, more = client.own_posts(arguments.limit, arguments.cursor, arguments.since)
    cursor = str(rows[-1]["id"]) if rows and more else None
    return Page(tuple(_post(row) for row in rows), None, cursor)


def _post(row: Row) -> dict[str, object]:
    text = _as_written(row)
    return {
        "id": str(row["id"]),
        "text": text[:LIMIT_TEXT],
        "created_at": row.get("created_at"),
        "links": list(links(text)),
        "url": f"{URL}{row['id']}",
    }


TOOLSET = Toolset(
    reader=reader,
    writer=writer,
    writes={"create_post": Write(request_of_post, create_post, reconcile_post)},
    reads={"list_posts": list_posts},
)
