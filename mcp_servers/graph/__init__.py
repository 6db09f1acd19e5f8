"""Meta's Graph API, which Facebook and Instagram share: its settings and its versions, as data.

Rule: a version of the API lives about two years and then calls of it are made with a later one, so
the version is a setting, and the owner is told before it ends.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from utils.config import Kind, Setting

if TYPE_CHECKING:
    from utils.config import Settings

VERSION_ENDS = {
    "v20.0": date(2026, 9, 24),
    "v21.0": date(2027, 1, 21),
    "v22.0": date(2027, 5, 20),
    "v23.0": date(2027, 10, 8),
    "v24.0": date(2028, 2, 18),
    "v25.0": date(2028, 7, 29),
}
"""Until when a version answers; older ones have ended, and the newest has no date yet.

Source: developers.facebook.com/docs/graph-api/changelog, read 2026-11-21.
"""
NEWEST = "v26.0"
WARN_BEFORE = timedelta(days=90)

SETTINGS = (
    Setting("GRAPH_API_URL", Kind.URL, "https://graph.facebook.com", "Root of Meta's Graph API"),
    Setting("GRAPH_API_VERSION", Kind.VERSION, NEWEST, "Version of the Graph API", NEWEST),
)


def remark_on_version(settings: Settings, today: date) -> str | None:
    """Return what the owner must do about the version in use, None when nothing.

    Args:
        settings: GRAPH_API_VERSION.
        today: the owner's day.
    """
    version = settings.text("GRAPH_API_VERSION")
    ends = VERSION_ENDS.get(version)
    if _number(version) < min(map(_number, VERSION_ENDS)):
        when = "has ended"
    elif ends is None or today < ends - WARN_BEFORE:
        return None
    else:
        when = f"ended on {ends}" if ends <= today else f"ends on {ends}"
    return f"Version {version} of Meta's Graph API {when}; set GRAPH_API_VERSION={NEWEST}."


def _number(version: str) -> float:
    return float(version.removeprefix("v"))


def address_of(settings: Settings, path: str) -> str:
    """Return the full address of a path of the API, for previews."""
    root, version = settings.text("GRAPH_API_URL"), settings.text("GRAPH_API_VERSION")
    return f"{root}/{version}/{path}"
