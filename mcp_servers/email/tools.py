"""Email's tools: how each action is previewed, done and read back.

Rules: a mail is laid into Drafts first and its draft is kept in the journal before it is sent, so
that a draft that is still there proves that nothing was sent; one action has one Message-ID, and a
mail that carries it in Sent is never sent again; a reply goes to people of that mail only.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

from core.attachments import attachments_in, name_of, type_of
from mcp_servers.email.compose import KEY_HEADER, Mail, new_mail, reply, reply_unread
from mcp_servers.email.identity import address_of, message_id
from mcp_servers.email.reading import read
from mcp_servers.email.reads import (
    URL,
    check_reply,
    get_email,
    search_emails,
    sent_at,
    strangers,
    url_of,
)
from mcp_servers.toolset import Done, Evidence, Finding, Toolset, Trace, Write
from utils.errors import RejectedError

if TYPE_CHECKING:
    from core.actions import Payload
    from core.vault_files import LoadedFile
    from mcp_servers.email.client import Reader, Row, Writer
    from utils.config import Settings

ALREADY = "sent:"
"""Begins the staged id of a mail that is in Sent already."""
LOOK_BACK = timedelta(minutes=1)
"""How far before the sending a mail may be dated: two clocks are never quite the same."""
LOOK_THROUGH = 20


def reader(settings: Settings) -> Reader:
    """Return the client that can only read."""
    from mcp_servers.email.client import Reader

    return Reader(settings)


def writer(settings: Settings) -> Writer:
    """Return the client that can write."""
    from mcp_servers.email.client import Writer

    return Writer(settings)


# -- previews -------------------------------------------------------------------------------------


def request_of_send(settings: Settings, payload: Payload, key: str) -> dict[str, Any]:
    """Return the two requests that send a mail; the mail itself as headers and text."""
    return _drafted(settings, new_mail(settings, payload, key), payload) | _then(settings)


def request_of_draft(settings: Settings, payload: Payload, key: str) -> dict[str, Any]:
    """Return the request that lays down a draft."""
    return _drafted(settings, new_mail(settings, payload, key), payload)


def request_of_reply(settings: Settings, payload: Payload, key: str) -> dict[str, Any]:
    """Return the two requests that send a reply; what only the mail itself tells is named."""
    of = f"(of mail {payload['message_id']})"
    shown = _drafted(settings, reply_unread(settings, payload, key, of), payload)
    if payload["quote"]:
        shown["text_below"] = f"the text {of}, every line behind a >"
    return shown | _then(settings)


def _drafted(settings: Settings, mail: Mail, payload: Payload) -> dict[str, Any]:
    attached = [
        {"name": name_of(file), "type": type_of(file), "sha256": file.sha256}
        for file in attachments_in(payload)
    ]
    return {
        "method": "POST",
        "url": f"{settings.text('GMAIL_API_URL')}/gmail/v1/users/me/drafts",
        "headers": mail.headers(),
        "text": mail.text,
        "thread_id": mail.thread_id,
        **({"attachments": attached} if attached else {}),
    }


def _then(settings: Settings) -> dict[str, Any]:
    url = f"{settings.text('GMAIL_API_URL')}/gmail/v1/users/me/drafts/send"
    return {"then": {"method": "POST", "url": url, "json": {"id": "(of the draft)"}}}


# -- writes ---------------------------------------------------------------------------------------


def stage_send(client: Writer, payload: Payload, trace: Trace) -> str:
    """Lay the mail into Drafts and return the draft's id; nobody receives anything yet."""
    mail = new_mail(client.settings, payload, trace.key, _files(payload, trace))
    return _stage(client, mail, trace)


def stage_reply(client: Writer, payload: Payload, trace: Trace) -> str:
    """Lay the reply into Drafts, in the thread of its mail, and return the draft's id.

    Raises:
        RejectedError: somebody who is to get it has nothing to do with that mail.
    """
    files = _files(payload, trace)
    return _stage(client, replace(_reply_of(client, payload, trace.key), files=files), trace)


def _files(payload: Payload, trace: Trace) -> tuple[LoadedFile, ...]:
    """Return the files that were approved, all of them and no other.

    Raises:
        RejectedError: nobody loaded them.
    """
    wanted = [file.sha256 for file in attachments_in(payload)]
    if wanted != [file.media.sha256 for file in trace.attachments]:
        text = "the attachments are not those that were approved. Nothing was sent."
        raise RejectedError("Gmail", text, error_class="Attachments")
    return trace.attachments


def _reply_of(client: Reader, payload: Payload, key: str) -> Mail:
    row = client.raw_message(payload["message_id"])
    original = read(row["data"])
    for refusal in strangers(payload, original):
        raise RejectedError("Gmail", f"{refusal} Nothing was sent.", error_class="Stranger")
    thread_id = str(row.get("threadId", row["id"]))
    return reply(client.settings, payload, key, original, thread_id)


def _stage(client: Writer, mail: Mail, trace: Trace) -> str:
    """Return the id of the one draft of this action, saying what was approved and nothing else."""
    known = _with_our_id(client, trace.key)
    sent = next((row for row in known if _is_sent(row)), None)
    if sent is not None:
        return f"{ALREADY}{sent['id']}"
    old = _draft_id(client, trace, known)
    if old is None:
        return str(client.create_draft(mail.raw(), mail.thread_id)["id"])
    return str(client.update_draft(old, mail.raw(), mail.thread_id)["id"])


def _draft_id(client: Reader, trace: Trace, known: list[Row]) -> str | None:
    """Return the draft that an earlier attempt left behind."""
    if trace.staged_id is not None and client.draft(trace.staged_id) is not None:
        return trace.staged_id
    if not known:
        return None
    return next(iter(client.drafts(_query(client, trace.key), 1)), None)


def send(client: Writer, payload: Payload, trace: Trace) -> Done:
    """Send the draft that was laid down.

    Raises:
        NotSentError: nothing left this machine, or Gmail asked us to wait.
        RejectedError: Gmail refused; nothing was sent.
        UnknownOutcomeError: it was handed over, and no usable answer came.
    """
    whom = ", ".join(payload["to"])
    staged = trace.staged_id or ""
    if staged.startswith(ALREADY):
        identifier = staged.removeprefix(ALREADY)
        return Done(identifier, url_of(identifier), f"The mail to {whom} was in Sent already.")
    if not staged:
        raise RejectedError("Gmail", "there is no draft to send; nothing was sent.")
    identifier = str(client.send_draft(staged)["id"])
    return Done(identifier, url_of(identifier), f"Sent to {whom}.")


def create_draft(client: Writer, payload: Payload, trace: Trace) -> Done:
    """Lay a draft into Gmail, once; errors as of `send`."""
    whom = ", ".join(payload["to"])
    found = next(iter(client.drafts(_query(client, trace.key), 1)), None)
    if found is not None:
        return Done(found, f"{URL}#drafts", f"The draft to {whom} was there already.")
    raw = new_mail(client.settings, payload, trace.key, _files(payload, trace)).raw()
    identifier = str(client.create_draft(raw, None)["id"])
    return Done(identifier, f"{URL}#drafts", f"A draft to {whom} lies in Gmail's Drafts.")


# -- read back ------------------------------------------------------------------------------------


def reconcile_send(client: Reader, payload: Payload, trace: Trace) -> Evidence:
    """Return whether the mail is in Sent; a draft that is still there proves that it is not."""
    del payload
    staged = trace.staged_id or ""
    if staged.startswith(ALREADY):
        return _found(staged.removeprefix(ALREADY), "It was in Sent before.")
    if staged and client.draft(staged) is not None:
        return Evidence(Finding.ABSENT, "The mail still lies in Drafts, so it was not sent.")
    known = _with_our_id(client, trace.key)
    for row in (*known, *_sent_since(client, trace)):
        if _is_sent(row) and _is_ours(client, row, trace.key):
            return _found(str(row["id"]), f"Gmail shows it in Sent since {_when(row)}.")
    if known and not staged:
        return Evidence(Finding.ABSENT, "The mail lies in Drafts and was not sent.")
    if not staged:
        return Evidence(Finding.ABSENT, "It never got as far as a draft, so it was not sent.")
    text = "The draft is gone and no mail with its Message-ID is in Sent. Look into Gmail."
    return Evidence(Finding.UNCLEAR, text)


def reconcile_draft(client: Reader, payload: Payload, trace: Trace) -> Evidence:
    """Return whether the draft is there, or has even been sent meanwhile."""
    del payload
    found = _find_draft(client, trace)
    if found is not None:
        return Evidence(Finding.FOUND, "Gmail shows the draft.", found, f"{URL}#drafts")
    for row in _sent_since(client, trace):
        if _is_ours(client, row, trace.key):
            return _found(str(row["id"]), "The draft was there and has been sent since.")
    return Evidence(Finding.ABSENT, "Gmail shows no draft with our key.")


def _find_draft(client: Reader, trace: Trace) -> str | None:
    """Return our draft: by the search index, else by looking through the newest drafts."""
    found = next(iter(client.drafts(_query(client, trace.key), 1)), None)
    if found is not None:
        return found
    for identifier in client.drafts("", LOOK_THROUGH):
        row = client.draft(identifier)
        if row is not None and _is_ours(client, row.get("message", {}), trace.key):
            return identifier
    return None


def _sent_since(client: Reader, trace: Trace) -> list[Row]:
    """Return what was sent since the attempt, newest first, not asking the search index."""
    rows: list[Row] = []
    for identifier in client.sent(LOOK_THROUGH):
        row = client.message(identifier)
        if sent_at(row) < trace.began_at.astimezone(UTC) - LOOK_BACK:
            break
        rows.append(row)
    return rows


def _with_our_id(client: Reader, key: str) -> list[Row]:
    ids, _ = client.messages(_query(client, key), 5)
    rows = [client.message(identifier) for identifier in ids]
    return [row for row in rows if _is_ours(client, row, key)]


def _query(client: Reader, key: str) -> str:
    identifier = message_id(key, address_of(client.settings))
    return f"rfc822msgid:{identifier.strip('<>')}"


def _is_ours(client: Reader, row: Row, key: str) -> bool:
    from mcp_servers.email.client import header_of

    identifier = message_id(key, address_of(client.settings))
    return header_of(row, "Message-ID") == identifier or header_of(row, KEY_HEADER) == key


def _is_sent(row: Row) -> bool:
    return "SENT" in row.get("labelIds", [])


def _when(row: Row) -> str:
    return f"{sent_at(row):%Y-%m-%d %H:%M} UTC"


def _found(identifier: str, text: str) -> Evidence:
    return Evidence(Finding.FOUND, text, identifier, url_of(identifier))


TOOLSET = Toolset(
    reader=reader,
    writer=writer,
    writes={
        "send_email": Write(request_of_send, send, reconcile_send, stage_send),
        "reply_to_email": Write(request_of_reply, send, reconcile_send, stage_reply, check_reply),
        "create_draft": Write(request_of_draft, create_draft, reconcile_draft),
    },
    reads={"search_emails": search_emails, "get_email": get_email},
)
