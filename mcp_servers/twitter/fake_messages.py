"""Direct messages of the sandbox's X.

Source: docs.x.com "Create DM message by participant ID", "Get DM events for a DM conversation", as
of 2026-11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mcp_servers.twitter.fake_errors import forbidden, invalid
from mcp_servers.twitter.fake_posts import OWNER_ID, USERS
from mcp_servers.twitter.fake_text import shorten

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mcp_servers.fakes import World

FIRST_EVENT_ID = 1_986_000_000_000_000_001
LIMIT_CHARACTERS = 10_000
OPEN_TO_US = frozenset({"2001", "2002"})
"""Who takes messages from the account."""


class Messages:
    """The account's conversations since the reset.

    Args:
        world: receives the effects and gives the time.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._events: list[dict[str, Any]] = []

    def reset(self) -> None:
        """Forget all messages."""
        self._events.clear()

    def send(self, participant_id: str, body: Any) -> Mapping[str, object]:
        """Send a message to one user."""
        text = body.get("text") if isinstance(body, dict) else None
        if not isinstance(text, str) or not 0 < len(text) <= LIMIT_CHARACTERS:
            raise invalid("text", text, f"must have 1 to {LIMIT_CHARACTERS} characters")
        if participant_id not in USERS:
            raise invalid("participant_id", participant_id, "is not a user")
        if participant_id not in OPEN_TO_US:
            raise forbidden("You do not have permission to DM one or more participants.")
        identifier = str(FIRST_EVENT_ID + len(self._events))
        shown, urls = shorten(text, int(identifier))
        now = self._world.clock.now()
        event = {
            "id": identifier,
            "event_type": "MessageCreate",
            "participant_id": participant_id,
            "sender_id": OWNER_ID,
            "text": shown,
            "created_at": now.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "entities": {"urls": list(urls)},
        }
        self._events.append(event)
        payload = {"id": identifier, "recipient_id": participant_id, "text": text}
        self._world.record("twitter", "twitter.send_direct_message", None, payload)
        conversation = f"{OWNER_ID}-{participant_id}"
        return {"data": {"dm_conversation_id": conversation, "dm_event_id": identifier}}

    def events(self, participant_id: str, query: Mapping[str, str]) -> Mapping[str, object]:
        """Return the conversation with one user, newest first."""
        wanted = {"id", "text", "event_type", *query.get("dm_event.fields", "").split(",")}
        found = [
            {name: value for name, value in event.items() if name in wanted}
            for event in reversed(self._events)
            if event["participant_id"] == participant_id
        ]
        found = found[: int(query.get("max_results", 100))]
        meta = {"result_count": len(found)}
        return {"data": found, "meta": meta} if found else {"meta": meta}
