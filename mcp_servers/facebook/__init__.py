"""Facebook: posts, comments and messages of one page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.services import Service
from mcp_servers import graph
from mcp_servers.facebook.actions import ACTIONS, READS
from utils.config import Kind, Setting

if TYPE_CHECKING:
    from utils.config import Settings


def account(settings: Settings) -> str:
    """Return the page."""
    return f"Facebook page {settings.text('FACEBOOK_PAGE_ID')}"


SERVICE = Service(
    name="facebook",
    title="Facebook",
    actions=ACTIONS,
    reads=READS,
    settings=(
        *graph.SETTINGS,
        Setting(
            "FACEBOOK_PAGE_ID", Kind.IDENTIFIER, None, "Number of your page", "102030405060708"
        ),
        Setting(
            "FACEBOOK_PAGE_TOKEN",
            Kind.TEXT,
            None,
            "Page access token that does not expire, see docs/how-to",
            secret=True,
        ),
        Setting(
            "FACEBOOK_POLL_S",
            Kind.SECONDS,
            "900",
            "Seconds between looks for new comments, which become tasks; 0: never.",
        ),
    ),
    required=(("FACEBOOK_PAGE_ID",), ("FACEBOOK_PAGE_TOKEN",)),
    account=account,
    probe="list_posts",
)
