"""When the API key ends, so that the owner hears of it before the work stops.

Source: keys of users without settings rights end after at most 90 days (18.0); the user can read
its own `res.users.apikeys.expiration_date`; 17 has no such field: `facts/odoo.md` 6, 2026-11-21.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from utils.errors import RejectedError

if TYPE_CHECKING:
    from mcp_servers.odoo.client import Reader

WARN_DAYS = 14
MODEL, FIELD = "res.users.apikeys", "expiration_date"


def key_expires_on(reader: Reader) -> date | None:
    """Return the day on which our API key ends, None where Odoo does not tell.

    Odoo does not say which of a user's keys was used: the one that is called like this program,
    else the one that ends first.

    Raises:
        NotSentError: no answer came.
        RejectedError: the sign-in was refused.
    """
    if not reader.uses_key:
        return None
    try:
        if not reader.has_field(MODEL, FIELD):
            return None
        rows = reader.search_read(
            MODEL, [["user_id", "=", reader.user_id]], ["name", FIELD], limit=50
        )
    except RejectedError as error:
        if error.error_class == "AccessDenied":
            raise
        return None
    ours = [row for row in rows if "ai employee" in str(row["name"]).casefold()] or rows
    days = [date.fromisoformat(str(row[FIELD])[:10]) for row in ours if row[FIELD]]
    return min((day for day in days if day >= reader.today), default=None)


def key_warning(expires_on: date | None, today: date) -> str | None:
    """Return what the owner must know about the key's end, None when it is far away."""
    if expires_on is None or (expires_on - today).days > WARN_DAYS:
        return None
    left = (expires_on - today).days
    when = "today" if left <= 0 else "tomorrow" if left == 1 else f"in {left} days"
    return (
        f"The API key of Odoo ends {when} ({expires_on.isoformat()}). Make a new one in Odoo under "
        "Preferences, Account Security, and put it into ODOO_API_KEY."
    )
