"""Lists and instants as the Graph API gives them."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from core.findings import Findings, Said
from mcp_servers.fields import escape, short
from utils.errors import RejectedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mcp_servers.graph.client import Reader, Row

LOOK_BACK = timedelta(minutes=1)
"""How far before the sending something may be dated: two clocks are never quite the same."""
LIMIT_PAGES = 5
LIMIT_TEXT = 1_000
LIMIT_QUOTED = 300


def rows_of(answer: Row) -> list[Row]:
    """Return the rows of a list."""
    rows: Any = answer.get("data")
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def cursor_of(answer: Row) -> str | None:
    """Return the cursor of the next page, None at the end."""
    paging = answer.get("paging") or {}
    after = (paging.get("cursors") or {}).get("after")
    return str(after) if after and paging.get("next") else None


def since(
    client: Reader, path: str, fields: str, start: datetime, order: str | None = None
) -> Iterator[Row | None]:
    """Yield what a list shows, page by page; ends with None when it was not read to its end.

    Args:
        client: asks.
        path: of the list.
        fields: of each row; the instant must be one of them.
        start: rows before it are not wanted; where Meta cannot be told so they come all the same.
        order: asked for where the list has none of its own.
    """
    cursor: str | None = None
    for _ in range(LIMIT_PAGES):
        answer = client.ask(
            path,
            fields=fields,
            limit=100,
            after=cursor,
            since=int(start.timestamp()),
            order=order,
        )
        yield from (row for row in rows_of(answer) if instant_of(row) >= start)
        cursor = cursor_of(answer)
        if cursor is None:
            return
    yield None


def instant_of(row: Row) -> datetime:
    """Return when something was made, aware UTC."""
    text = row.get("created_time") or row.get("timestamp")
    return datetime.fromisoformat(str(text)).astimezone(UTC)


def start_of(began_at: datetime) -> datetime:
    """Return from when on a trace of an attempt is looked for."""
    return (began_at.astimezone(UTC) - LOOK_BACK).replace(microsecond=0)


def same_text(one: object, other: object) -> bool:
    """Return whether two texts are the same to a reader: NFC, without blanks at the ends."""
    return _plain(one) == _plain(other)


def _plain(text: object) -> str:
    lines = unicodedata.normalize("NFC", str(text or "")).replace("\r\n", "\n").split("\n")
    return "\n".join(line.rstrip() for line in lines).strip()


def shown(text: object) -> str:
    """Return a text that somebody wrote there, cut to a length that can be shown."""
    return str(text or "")[:LIMIT_TEXT]


def quoted(text: object) -> str:
    """Return somebody else's words on one line, as Markdown shows them, in quotation marks."""
    return f"“{escape(short(str(text or ''), LIMIT_QUOTED))}”"


def comment_found(client: Reader, identifier: str, words: str, author: str) -> Findings:
    """Return the comment that would be answered, before the owner is asked.

    Args:
        client: asks.
        identifier: of the comment.
        words: the field with its text.
        author: the field with who wrote it.
    """
    try:
        row = client.ask(identifier, fields=f"id,{words},{author}")
    except RejectedError as error:
        if error.error_class != "Graph 100":
            raise
        return Findings(refusals=(f"{client.SERVICE}: there is no comment {identifier}.",))
    who = row.get(author)
    name = who.get("name") if isinstance(who, dict) else who
    return Findings(
        remarks=(f"The comment, by {quoted(name or 'somebody')}: {quoted(row.get(words))}",),
        said=Said(shown(name), shown(row.get(words))),
    )
