"""What the account is asked: its posts, who mentions it, its figures; and posts as they were typed.

Rules: a text of X is put back into the form in which it was typed before it is compared or shown;
words of others are capped; a figure that X does not give is no data, never zero.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from mcp_servers.toolset import Page
from mcp_servers.twitter.length import links, normal, spans_of_links

if TYPE_CHECKING:
    from mcp_servers.twitter.arguments import GetMetrics, ListMentions, ListPosts
    from mcp_servers.twitter.client import Reader
    from mcp_servers.twitter.shapes import Row

LIMIT_TEXT = 1000
MENTIONS_LOOKED_THROUGH = 100
URL = "https://x.com/i/web/status/"
FIGURES = (
    *("impression_count", "like_count", "reply_count", "retweet_count", "quote_count"),
    "bookmark_count",
)
"""Source: docs.x.com, "Metrics", `public_metrics` of a post, 2026-11."""

ACCOUNT_FIGURES = ("followers_count", "following_count", "tweet_count", "listed_count")
_NAMES_FIRST = re.compile(r"(?:@\w{1,15}\s+)+")


def as_written(row: Row) -> str:
    """Return a text as it was typed: X escapes `& < >`, shortens links, adds one for a picture."""
    text = html.unescape(str(row["text"]))
    for link in row.get("entities", {}).get("urls", []):
        short, long = str(link["url"]), str(link.get("expanded_url") or link["url"])
        if "media_key" in link:
            text = text.replace(short, "").rstrip()
        else:
            text = text.replace(short, long)
    return normal(text)


def without_names(text: str) -> str:
    """Return a reply without the names that X puts before it."""
    return _NAMES_FIRST.sub("", text, count=1) if _NAMES_FIRST.match(text) else text


def comparable(text: str) -> str:
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


def replied_to(row: Row) -> str | None:
    """Return the id of the post that one replies to."""
    refers_to = row.get("refers_to", ())
    return next((each["id"] for each in refers_to if each.get("type") == "replied_to"), None)


# -- tools ----------------------------------------------------------------------------------------


def list_posts(client: Reader, arguments: ListPosts) -> Page:
    """Return the account's own posts, newest first; the cursor is the id of the last one."""
    rows, more = client.own_posts(arguments.limit, arguments.cursor, arguments.since)
    return Page(tuple(_post(row) for row in rows), None, _cursor(rows, more=more))


def list_mentions(client: Reader, arguments: ListMentions) -> Page:
    """Return posts that mention the account, newest first; or what a query asks for.

    A post's id finds it only when it mentions the account, quotes it, or is its own: those are the
    posts that X lets us reply to. Source: docs.x.com, developer guidelines since 2026-02-23.
    """
    query = arguments.query
    if query and query.isdecimal():
        rows = [row for row in client.posts([query]) if _concerns_us(row, client.user_id)]
        return Page(tuple(_mention(client, row) for row in rows))
    if query:
        rows, _ = client.mentions(MENTIONS_LOOKED_THROUGH, arguments.cursor, arguments.since)
        name = query.strip().removeprefix("@").casefold()
        by_them = [row for row in rows if str(row["author"].get("username")).casefold() == name]
        return Page(tuple(_mention(client, row) for row in by_them[: arguments.limit]))
    rows, more = client.mentions(arguments.limit, arguments.cursor, arguments.since)
    return Page(tuple(_mention(client, row) for row in rows), None, _cursor(rows, more=more))


def _concerns_us(row: Row, user_id: str) -> bool:
    mentioned = {each.get("id") for each in row.get("entities", {}).get("mentions", [])}
    quoted = {each["author_id"] for each in row["refers_to"] if each.get("type") == "quoted"}
    return user_id in mentioned | quoted | {row.get("author_id")}


def get_metrics(client: Reader, arguments: GetMetrics) -> Page:
    """Return the figures of own posts and of the account; what X does not give is null."""
    if arguments.post_ids:
        rows, more = client.posts(arguments.post_ids), False
    else:
        rows, more = client.own_posts(arguments.limit, arguments.cursor, arguments.since)
    account = client.account().get("public_metrics", {})
    extra = {"account": {name: account.get(name) for name in ACCOUNT_FIGURES}}
    return Page(tuple(_figures(row) for row in rows), None, _cursor(rows, more=more), extra)


def _figures(row: Row) -> dict[str, object]:
    figures = row.get("public_metrics", {})
    return {
        "id": str(row["id"]),
        "created_at": row.get("created_at"),
        **{name: figures.get(name) for name in FIGURES},
        "url": f"{URL}{row['id']}",
    }


def _cursor(rows: list[Row], *, more: bool) -> str | None:
    return str(rows[-1]["id"]) if rows and more else None


def _post(row: Row) -> dict[str, object]:
    text = as_written(row)
    return {
        "id": str(row["id"]),
        "text": text[:LIMIT_TEXT],
        "created_at": row.get("created_at"),
        "links": list(links(text)),
        "url": f"{URL}{row['id']}",
    }


def _mention(client: Reader, row: Row) -> dict[str, object]:
    author = row["author"]
    author_id = author.get("id") or row.get("author_id")
    return {
        **_post(row),
        "author": author.get("username"),
        "author_id": author_id,
        "is_ours": author_id == client.user_id,
        "in_reply_to": replied_to(row),
    }
