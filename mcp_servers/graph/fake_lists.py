"""Lists, objects and figures as the sandbox's Graph API answers them: what is asked for, paged.

Source: developers.facebook.com/docs/graph-api, "Paginated Results", read 2026-11-21.
"""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mcp_servers.graph.fake_calls import Call, RefusedError, Row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_FIELD = re.compile(r"(\w+)((?:\.\w+\([^()]*\))*)(\{[^{}]*\})?")
DEFAULT_LIMIT, LIMIT_MOST = 25, 100


def page_of(rows: Sequence[Row], call: Call) -> Row:
    """Answer one page of a list, with the fields asked for.

    Raises:
        RefusedError: limit or cursor cannot be used.
    """
    size = call.fields.get("limit", str(DEFAULT_LIMIT))
    if not size.isdecimal() or not 1 <= int(size) <= LIMIT_MOST:
        raise RefusedError(100, f"Param limit must be from 1 to {LIMIT_MOST}")
    if since := call.fields.get("since"):
        rows = [row for row in rows if _seconds(row) >= float(since)]
    start = _offset(call.fields.get("after"))
    page = rows[start : start + int(size)]
    fields = call.fields.get("fields", "id")
    answer: Row = {"data": [shaped(row, fields) for row in page]}
    if page:
        cursors = {"before": _cursor(start), "after": _cursor(start + len(page))}
        answer["paging"] = {"cursors": cursors}
        if start + len(page) < len(rows):
            answer["paging"]["next"] = f"https://graph.facebook.com/{call.path}?after=..."
    return answer


def _seconds(row: Row) -> float:
    return datetime.fromisoformat(row.get("created_time") or row["timestamp"]).timestamp()


def _cursor(offset: int) -> str:
    return base64.urlsafe_b64encode(f"at {offset}".encode()).decode()


def _offset(cursor: str | None) -> int:
    if not cursor:
        return 0
    try:
        return int(base64.urlsafe_b64decode(cursor).decode().removeprefix("at "))
    except ValueError:
        raise RefusedError(100, "Invalid cursor") from None


def shaped(row: Row, fields: str) -> Row:
    """Return an object with the fields asked for, the id always; nested ones are given whole."""
    names = [match[1] for match in _FIELD.finditer(fields)]
    return {name: row[name] for name in dict.fromkeys(("id", *names)) if name in row}


def insights(rows: Mapping[str, Row], call: Call) -> Row:
    """Answer figures by name, those that have data for the period.

    Args:
        rows: what each known figure answers, without its name; an empty one stands for no data.
        call: names them in `metric`, and a `period`.

    Raises:
        RefusedError: a name is not known.
    """
    names = call.text("metric").split(",")
    for position, name in enumerate(names):
        if name not in rows:
            text = f"metric[{position}] must be one of the following values: {', '.join(rows)}"
            raise RefusedError(100, text)
    period = call.fields.get("period", "day")
    known = [name for name in names if rows[name].get("period") == period]
    return {"data": [{"name": name, **rows[name]} for name in known]}


def instant(at: datetime) -> str:
    """Return an instant as Meta writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
