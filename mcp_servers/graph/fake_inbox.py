"""Private messages as the sandbox's Facebook and Instagram play them.

Rule: nobody is written to who has not written within 24 hours.

Source: developers.facebook.com/docs/messenger-platform, "24-hour standard messaging window", read
2026-11-21.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from mcp_servers.graph.fake_calls import Call, RefusedError, Row
from mcp_servers.graph.fake_lists import instant, shaped

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass
class Inbox:
    """Private messages of one account, by the other person's id.

    Args:
        owner: the account as a sender: its id, and its name under the name that Meta gives it.
        mark: what its ids of messages and conversations begin with.
        threads: each with `id`, and `messages`, newest first.
    """

    owner: Mapping[str, str]
    mark: str
    threads: dict[str, Row] = field(default_factory=dict)

    def seed(self, people: Mapping[str, Mapping[str, str]], question: str, now: datetime) -> None:
        """Lay down a question of `recent`, two hours old, and one of `silent`, three days old."""
        for number, (who, hours) in enumerate((("recent", 2), ("silent", 72)), start=1):
            person = people[who]
            message = {
                "id": f"{self.mark}m_{number:010}",
                "created_time": instant(now - timedelta(hours=hours)),
                "message": question,
                "from": {"id": person["id"], "name": person["name"]},
            }
            thread = {"id": f"{self.mark}t_{number:010}", "messages": [message]}
            self.threads[person["id"]] = thread

    def list(self, call: Call) -> Row:
        """Answer `conversations`, of one person where one is named."""
        wanted = call.fields.get("user_id")
        threads = [
            {**thread, "messages": {"data": list(thread["messages"])}}
            for person, thread in self.threads.items()
            if wanted in {None, person}
        ]
        return {"data": [shaped(thread, call.fields.get("fields", "id")) for thread in threads]}

    def answer(self, person: str, text: str, now: datetime, number: Callable[[], int]) -> str:
        """Write to a person who may be written to; return the message's id.

        Args:
            person: their id.
            text: the message.
            now: when.
            number: gives the next number, for the id.

        Raises:
            RefusedError: they never wrote, or their last message is older than 24 hours.
        """
        thread = self._open(person, now)
        identifier = f"{self.mark}m_{1_000_000_000 + number()}"
        row = {"id": identifier, "created_time": instant(now), "from": dict(self.owner)}
        thread["messages"].insert(0, {**row, "message": text})
        return identifier

    def _open(self, person: str, now: datetime) -> Row:
        thread = self.threads.get(person)
        if thread is None:
            raise RefusedError(100, "No matching user found", 2018001)
        theirs = [m["created_time"] for m in thread["messages"] if m["from"]["id"] == person]
        if now - datetime.fromisoformat(max(theirs)) > timedelta(hours=24):
            text = "This message is sent outside of allowed window."
            raise RefusedError(10, text, 2018278, 403)
        return thread
