"""Instagram: pictures, reels, comments and messages of one professional account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.services import Service
from mcp_servers import graph
from mcp_servers.instagram.actions import ACTIONS, READS
from utils.config import Kind, Setting

if TYPE_CHECKING:
    from utils.config import Settings


def account(settings: Settings) -> str:
    """Return the account."""
    return f"Instagram account {settings.text('INSTAGRAM_ACCOUNT_ID')}"


SERVICE = Service(
    name="instagram",
    title="Instagram",
    actions=ACTIONS,
    reads=READS,
    settings=(
        *graph.SETTINGS,
        Setting(
            "INSTAGRAM_ACCOUNT_ID",
            Kind.IDENTIFIER,
            None,
            "Number of your professional account",
            "17841400000000000",
        ),
        Setting(
            "INSTAGRAM_TOKEN",
            Kind.TEXT,
            None,
            "Access token of the page that the account belongs to, see docs/how-to",
            secret=True,
        ),
        Setting(
            "MEDIA_BASE_URL",
            Kind.URL,
            None,
            "Public web space from which Instagram fetches your pictures, by their file names",
            "https://media.example.com",
        ),
        Setting(
            "INSTAGRAM_POLL_S",
            Kind.SECONDS,
            "900",
            "Seconds between looks for new comments, which become tasks; 0: never.",
        ),
    ),
    required=(("INSTAGRAM_ACCOUNT_ID",), ("INSTAGRAM_TOKEN",)),
    account=account,
    probe="list_media",
)
