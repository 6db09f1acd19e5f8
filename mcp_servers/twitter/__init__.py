"""X (Twitter): public posts of one account."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from core.services import Service
from mcp_servers.twitter.actions import ACTIONS, READS
from utils.config import Kind, Setting

if TYPE_CHECKING:
    from utils.config import Settings


def account(settings: Settings) -> str:
    """Return the user, whose id stands before the `-` of an access token."""
    token = settings.text("TWITTER_ACCESS_TOKEN")
    user_id, dash, _ = token.partition("-")
    if dash and user_id.isascii() and user_id.isdecimal():
        return f"X user {user_id}"
    return f"X token {hashlib.sha256(token.encode()).hexdigest()[:10]}"


SERVICE = Service(
    name="twitter",
    title="X",
    actions=ACTIONS,
    reads=READS,
    settings=(
        Setting("TWITTER_API_URL", Kind.URL, "https://api.x.com", "Root of the X API"),
        Setting("TWITTER_API_KEY", Kind.TEXT, None, "API key of your X app", secret=True),
        Setting("TWITTER_API_SECRET", Kind.TEXT, None, "API key secret of it", secret=True),
        Setting(
            "TWITTER_ACCESS_TOKEN",
            Kind.TEXT,
            None,
            "Access token of your account, made with the permission Read and write",
            secret=True,
        ),
        Setting("TWITTER_ACCESS_SECRET", Kind.TEXT, None, "Access token secret", secret=True),
        Setting(
            "TWITTER_POLL_S",
            Kind.SECONDS,
            "0",
            "Seconds between looks for new mentions, which become tasks; 0: never. X charges for "
            "each one that is read: about $0.001, with its author up to $0.011.",
        ),
        Setting(
            "TWITTER_FIGURES",
            Kind.FLAG,
            "false",
            "true: briefing and audit read the figures of your posts, and so does the daily look "
            "for a week that is over (three days); X charges about $0.001 for each post and up to "
            "$0.01 for the account, every time.",
        ),
    ),
    required=(
        ("TWITTER_API_KEY",),
        ("TWITTER_API_SECRET",),
        ("TWITTER_ACCESS_TOKEN",),
        ("TWITTER_ACCESS_SECRET",),
    ),
    account=account,
)
