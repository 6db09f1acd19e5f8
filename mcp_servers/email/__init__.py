"""Email: one Gmail mailbox, read and written with separate sign-ins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.services import Service
from mcp_servers.email.actions import ACTIONS, READS
from mcp_servers.email.identity import address_of
from utils.config import Kind, Setting

if TYPE_CHECKING:
    from utils.config import Settings


def account(settings: Settings) -> str:
    """Return the mail address that is read and written."""
    return address_of(settings) or "a Gmail account (set OWNER_EMAIL)"


SERVICE = Service(
    name="email",
    title="Gmail",
    actions=ACTIONS,
    reads=READS,
    settings=(
        Setting("GMAIL_API_URL", Kind.URL, "https://gmail.googleapis.com", "Root of the Gmail API"),
        Setting(
            "GMAIL_CREDENTIALS_FILE",
            Kind.PATH,
            None,
            "The OAuth client (Desktop app) that you downloaded from Google's console",
            "secrets/gmail-client.json",
            holds_secrets=True,
        ),
        Setting(
            "GMAIL_TOKEN_FILE",
            Kind.PATH,
            None,
            "File that keeps the sign-in for reading",
            "secrets/gmail-read.json",
            holds_secrets=True,
        ),
        Setting(
            "GMAIL_SEND_TOKEN_FILE",
            Kind.PATH,
            None,
            "File that keeps the sign-in for drafts and sending",
            "secrets/gmail-send.json",
            holds_secrets=True,
        ),
        Setting(
            "GMAIL_POLL_S",
            Kind.SECONDS,
            "120",
            "Seconds between two looks at the mailbox",
            minimum=1,
        ),
        Setting(
            "GMAIL_QUERY",
            Kind.TEXT,
            None,
            "Which mails become tasks, as in Gmail's search box; all in the inbox when empty",
            "in:inbox -category:promotions",
        ),
        Setting(
            "EMAIL_SIGNATURE",
            Kind.TEXT,
            None,
            "Stands below every mail that is proposed; \\n begins a new line",
            "Ann Example\\nExample Ltd",
        ),
        Setting(
            "EMAIL_DISCLOSE_AI",
            Kind.FLAG,
            "false",
            "Add a line to each proposed mail that says an AI assistant helped to write it",
        ),
    ),
    required=(("GMAIL_TOKEN_FILE",),),
    required_to_write=(("GMAIL_SEND_TOKEN_FILE",),),
    account=account,
    probe="search_emails",
)
