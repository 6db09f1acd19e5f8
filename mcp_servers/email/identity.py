"""Whose mailbox it is, told from settings alone, and the key that our mails carry.

Rules: the address that the sign-in was made for counts, OWNER_EMAIL only where it is not known; a
Message-ID is ours alone: it is made of the action's key, the address and nothing else, so two
owners with the same key never make the same one.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from mcp_servers.email.addresses import canonical

if TYPE_CHECKING:
    from pathlib import Path

    from utils.config import Settings

LIMIT_TOKEN_FILE_BYTES = 64 * 1024
NOWHERE = "ai-employee.invalid"
"""Stands for the domain of an address nobody knows. Source: RFC 6761, `.invalid`."""
KEY_IN_MESSAGE_ID = re.compile(r"<(AIE-[0-9a-f]{10})\.[0-9a-f]{8}@")


def address_of(settings: Settings) -> str:
    """Return the mailbox's address, "" when nobody knows it."""
    for name in ("GMAIL_SEND_TOKEN_FILE", "GMAIL_TOKEN_FILE"):
        path = settings.path(name)
        known = _address(str(read_token_file(path).get("account", ""))) if path else ""
        if known:
            return known
    return _address(settings.text("OWNER_EMAIL"))


def _address(text: str) -> str:
    try:
        return canonical(text)
    except ValueError:
        return ""


def read_token_file(path: Path) -> dict[str, Any]:
    """Return what a sign-in left behind, {} when there is nothing that can be used."""
    try:
        with path.open("rb") as file:
            found = json.loads(file.read(LIMIT_TOKEN_FILE_BYTES))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def message_id(key: str, address: str) -> str:
    """Return the Message-ID of the mail of one action, angle brackets included."""
    domain = address.rpartition("@")[2] or NOWHERE
    return f"<{key}.{hashlib.sha256(address.encode()).hexdigest()[:8]}@{domain}>"
