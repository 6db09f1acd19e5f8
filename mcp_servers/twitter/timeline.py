"""Looking for what was sent: the account's own posts and messages since an attempt began.

Rules: reads only; a text is compared as it was typed; nothing found is no proof of anything.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from mcp_servers.toolset import Evidence, Finding
from mcp_servers.twitter.reading import URL, as_written, comparable, replied_to, without_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mcp_servers.toolset import Trace
    from mcp_servers.twitter.client import Reader
    from mcp_servers.twitter.shapes import Row

LOOK_BACK = timedelta(minutes=1)
"""How far before the sending a post may be dated: two clocks are never quite the same."""

LIMIT_PAGES = 5
PAGE = 100
MESSAGES = 10
"""How many messages are looked through. Each that is read costs $0.010: docs.x.com, rate table."""


def start_of(trace: Trace) -> datetime:
    """Return from when on to look for what an attempt sent."""
    return trace.began_at.astimezone(UTC) - LOOK_BACK


def own_since(client: Reader, start: datetime) -> tuple[list[Row], bool]:
    """Return the account's posts since an instant, newest first, and whether these are all."""
    found: list[Row] = []
    for _ in range(LIMIT_PAGES):
        rows, more = client.own_posts(PAGE, found[-1]["id"] if found else None, start)
        found += rows
        if not more or not rows:
            return found, True
    return found, False


def post_with(rows: Sequence[Row], text: str, reply_to: str | None) -> Row | None:
    """Return the post with this text at this place, if one is there.

    Args:
        rows: posts of the account.
        text: as it was approved.
        reply_to: the post that it answers; None for one that answers none.
    """
    wanted = comparable(text if reply_to is None else without_names(text))
    for row in rows:
        if replied_to(row) != reply_to:
            continue
        written = as_written(row)
        if comparable(written if reply_to is None else without_names(written)) == wanted:
            return row
    return None


def evidence_of_post(
    client: Reader, trace: Trace, text: str, reply_to: str | None = None
) -> Evidence:
    """Return whether the own timeline shows a text since it was sent."""
    start = start_of(trace)
    rows, all_of_them = own_since(client, start)
    row = post_with(rows, text, reply_to)
    if row is not None:
        since = str(row.get("created_at") or "")[:16].replace("T", " ")
        said = f"X shows the post since {since} UTC." if since else "X shows the post."
        return Evidence(Finding.FOUND, said, row["id"], f"{URL}{row['id']}")
    if not all_of_them:
        return Evidence(Finding.UNCLEAR, "There are too many posts since then to look through.")
    return absent(f"X shows no post with this text since {start:%Y-%m-%d %H:%M} UTC.")


def absent(text: str) -> Evidence:
    """Return that there is no trace, and what that is worth."""
    return Evidence(Finding.ABSENT, f"{text} It may still appear: look before repeating.")


def evidence_of_message(client: Reader, trace: Trace, recipient_id: str, text: str) -> Evidence:
    """Return whether the conversation with somebody shows a message since it was sent."""
    start = start_of(trace)
    since = [
        row for row in client.messages_with(recipient_id, MESSAGES) if _instant_of(row) >= start
    ]
    for row in since:
        ours = row.get("sender_id") == client.user_id
        if ours and comparable(as_written(row)) == comparable(text):
            said = f"X shows the message since {_instant_of(row):%H:%M} UTC."
            return Evidence(Finding.FOUND, said, row["id"])
    if len(since) >= MESSAGES:
        return Evidence(Finding.UNCLEAR, "There are too many messages since then: look there.")
    return absent(f"X shows no such message since {start:%Y-%m-%d %H:%M} UTC.")


def _instant_of(row: Row) -> datetime:
    return datetime.fromisoformat(str(row["created_at"]))
