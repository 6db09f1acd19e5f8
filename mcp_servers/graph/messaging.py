"""Private messages, which Facebook and Instagram treat alike.

Rules: nobody is written to who has not written within 24 hours; that is looked up before anything
is sent; a lost message is searched in the conversation, and not finding it proves nothing.

Source: developers.facebook.com/docs/messenger-platform, "Send API", "Conversations API" and
"24-hour standard messaging window", read 2026-11-21. The tag HUMAN_AGENT (seven days) is for people
who type themselves and is never used here.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from core.checks import CAREFUL
from core.findings import Findings
from mcp_servers.graph.reading import instant_of, quoted, rows_of, same_text, shown, start_of
from mcp_servers.toolset import Done, Evidence, Finding, Trace, Write
from utils.errors import RejectedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.actions import Payload
    from mcp_servers.graph.client import Row
    from utils.config import Settings

WINDOW = timedelta(hours=24)
FIELDS = "id,messages.limit(25){id,created_time,from,message}"


def written(request: Callable[[Settings, Payload, str], dict[str, Any]]) -> Write:
    """Return how a message is previewed, sent and read back.

    Args:
        request: (settings, payload, key) -> the request that sends it.
    """
    return Write(request, send, reconcile, check_window, check)


def form_of(client_platform: str, payload: Payload) -> dict[str, str]:
    """Return the fields of the request, as Meta wants them: JSON in form fields."""
    kind = {"messaging_type": "RESPONSE"} if client_platform == "messenger" else {}
    recipient = json.dumps({"id": payload["recipient_id"]})
    message = json.dumps({"text": payload["message"]}, ensure_ascii=False)
    return {"recipient": recipient, **kind, "message": message}


def check(client: Any, payload: Payload) -> Findings:
    """Return their last message, and whether they may be answered at all."""
    conversation = _conversation(client, payload["recipient_id"])
    theirs = _theirs(conversation, payload["recipient_id"])
    why = _why_not(client, theirs)
    if why is not None:
        return Findings(refusals=(f"{client.SERVICE}: {why}",))
    until = instant_of(theirs[0]) + WINDOW
    name = _name_of(theirs[0])
    return Findings(
        remarks=(
            *_misnamed(payload.get("recipient"), name),
            f"The last message of {quoted(name or 'somebody')}: {quoted(theirs[0].get('message'))}",
            f"Meta lets you answer until {until:%Y-%m-%d %H:%M} UTC.",
        ),
        until=until,
    )


def _name_of(message: Row) -> str:
    """Return who wrote a message, as Meta calls the person."""
    person = message.get("from") or {}
    return shown(person.get("name") or person.get("username"))


def _misnamed(given: str | None, name: str) -> tuple[str, ...]:
    """Return a warning when the proposal calls the person something else than Meta does."""
    if not given or not name or given.strip().casefold() in name.casefold():
        return ()
    said = f"this goes to {quoted(name)}, not to {quoted(given)}: the id is another person's."
    return (f"{CAREFUL} {said}",)


def check_window(client: Any, payload: Payload, trace: Trace) -> str:
    """Return the conversation's id when they may be written to now.

    Raises:
        RejectedError: they have not written, or not within 24 hours.
        NotSentError: it could not be looked up.
    """
    del trace
    conversation = _conversation(client, payload["recipient_id"])
    why = _why_not(client, _theirs(conversation, payload["recipient_id"]))
    if why is not None:
        raise RejectedError(client.SERVICE, f"{why} Nothing was sent.", error_class="NoWindow")
    return str((conversation or {})["id"])


def _theirs(conversation: Row | None, recipient_id: str) -> list[Row]:
    """Return what they wrote, newest first."""
    rows = [row for row in _messages(conversation) if _is_from(row, recipient_id)]
    return sorted(rows, key=instant_of, reverse=True)


def _why_not(client: Any, theirs: list[Row]) -> str | None:
    if not theirs:
        return "they have not written to this account, so they may not be written to."
    last = instant_of(theirs[0])
    if client.clock.now() - last <= WINDOW:
        return None
    return (
        f"their last message is of {last:%Y-%m-%d %H:%M} UTC, more than 24 hours ago. You may "
        "answer when they write again."
    )


def send(client: Any, payload: Payload, trace: Trace) -> Done:
    """Send the message.

    Raises:
        NotSentError: nothing left this machine, or Meta asked us to wait.
        RejectedError: Meta refused; nothing was sent.
        UnknownOutcomeError: it was sent, and no usable answer came.
    """
    del trace
    identifier = client.create(client.inbox, "messages", form_of(client.PLATFORM, payload))
    return Done(identifier, client.INBOX_URL, f"Sent to {payload['recipient_id']}.")


def reconcile(client: Any, payload: Payload, trace: Trace) -> Evidence:
    """Return whether the conversation shows the message since it was sent."""
    start = start_of(trace.began_at)
    for row in _messages(_conversation(client, payload["recipient_id"])):
        ours = not _is_from(row, payload["recipient_id"]) and instant_of(row) >= start
        if ours and same_text(row.get("message"), payload["message"]):
            text = f"The conversation shows the message of {instant_of(row):%Y-%m-%d %H:%M} UTC."
            return Evidence(Finding.FOUND, text, str(row["id"]), client.INBOX_URL)
    text = f"The conversation shows no such message since {start:%Y-%m-%d %H:%M} UTC."
    return Evidence(Finding.ABSENT, f"{text} It may still appear: look before repeating.")


def _conversation(client: Any, recipient_id: str) -> Row | None:
    answer = client.ask(
        f"{client.inbox}/conversations",
        platform=client.PLATFORM,
        user_id=recipient_id,
        fields=FIELDS,
    )
    return next(iter(rows_of(answer)), None)


def _messages(conversation: Row | None) -> list[Row]:
    return rows_of((conversation or {}).get("messages") or {})


def _is_from(row: Row, identifier: str) -> bool:
    return str((row.get("from") or {}).get("id")) == identifier
