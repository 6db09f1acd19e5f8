"""A mail of the fake in Gmail's shapes: minimal, raw, metadata and full.

Source: the discovery document gmail:v1 20261005, schemas Message, MessagePart, MessagePartBody.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

from mcp_servers.email.fake_mailbox import shown_header

if TYPE_CHECKING:
    from collections.abc import Mapping
    from email.message import Message

    from mcp_servers.email.fake_mailbox import Stored
    from mcp_servers.fakes import Json


class ShapeError(Exception):
    """A parameter asks for something that does not exist."""


def ids(mail: Stored) -> dict[str, Json]:
    """Return what every list shows of a mail."""
    return {"id": mail.id, "threadId": mail.thread_id}


def page(rows: list[Any], query: Mapping[str, str]) -> tuple[list[Any], dict[str, Json]]:
    """Return one page and, if there is more, the token of the next."""
    size, start = query.get("maxResults", "100"), query.get("pageToken", "0")
    if not size.isdecimal() or not 1 <= int(size) <= 500 or not start.isdecimal():
        raise ShapeError("Invalid maxResults or pageToken")
    end = int(start) + int(size)
    return rows[int(start) : end], {"nextPageToken": str(end)} if end < len(rows) else {}


def shown_mail(mail: Stored, query: Mapping[str, str]) -> dict[str, Json]:
    """Return a mail in one of Gmail's formats."""
    shown = {
        **ids(mail),
        "labelIds": sorted(mail.labels),
        "snippet": mail.snippet,
        "historyId": str(mail.history_id),
        "internalDate": str(mail.received_ms),
        "sizeEstimate": len(mail.raw),
    }
    match query.get("format", "full"):
        case "minimal":
            return shown
        case "raw":
            return shown | {"raw": base64.urlsafe_b64encode(mail.raw).decode()}
        case "metadata":
            return shown | {"payload": {"headers": _headers(mail.message)}}
        case "full":
            return shown | {"payload": _part(mail.message, "")}
    raise ShapeError("Invalid value at 'format'")


def _headers(part: Message) -> list[dict[str, str]]:
    return [{"name": name, "value": shown_header(value)} for name, value in part.items()]


def _part(part: Message, number: str) -> dict[str, Json]:
    """Return one part as Gmail's `MessagePart`; files by id only."""
    shown: dict[str, Json] = {
        "partId": number,
        "mimeType": part.get_content_type(),
        "filename": part.get_filename() or "",
        "headers": _headers(part),
        "body": {"size": 0},
    }
    children = _children(part)
    if children:
        named = enumerate(children)
        shown["parts"] = [_part(child, f"{number}.{index}".strip(".")) for index, child in named]
    elif shown["filename"]:
        shown["body"] = {"size": len(_bytes(part)), "attachmentId": f"part-{number}"}
    else:
        data = _bytes(part)
        shown["body"] = {"size": len(data), "data": base64.urlsafe_b64encode(data).decode()}
    return shown


def _children(part: Message) -> list[Message]:
    payload = part.get_payload() if part.is_multipart() else []
    return [child for child in payload if not isinstance(child, (str, bytes))]


def _bytes(part: Message) -> bytes:
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def files_of(mail: Stored) -> list[dict[str, Json]]:
    """Return the files that go with a mail, with the digests of what they hold."""
    return [
        {
            "name": part.get_filename() or "",
            "type": part.get_content_type(),
            "sha256": hashlib.sha256(_bytes(part)).hexdigest(),
        }
        for part in mail.message.walk()
        if part.get_content_disposition() == "attachment"
    ]


def file_of(mail: Stored, identifier: str) -> dict[str, Json]:
    """Return a file that came with a mail.

    Raises:
        LookupError: there is none of that id.
    """
    part: Message = mail.message
    for index in identifier.removeprefix("part-").split("."):
        children = _children(part)
        if not index.isdecimal() or int(index) >= len(children):
            raise LookupError(identifier)
        part = children[int(index)]
    data = _bytes(part)
    return {"size": len(data), "data": base64.urlsafe_b64encode(data).decode()}
