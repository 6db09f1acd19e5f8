"""What a request to the sandbox's Gmail says: its path, its JSON, an uploaded message.

Source: the discovery document gmail:v1 20261005 (paths, uploads and their limit).
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING

from mcp_servers.email.fake_errors import RefusedError, error, invalid
from mcp_servers.fakes import Request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mcp_servers.fakes import Json

ROOT = "/gmail/v1/users/"
UPLOAD = "/upload"
LIMIT_UPLOAD_BYTES = 36_700_160


def user_of(request: Request) -> str:
    """Return whose mailbox is meant."""
    return _path(request).partition("/")[0]


def words_of(request: Request) -> list[str]:
    """Return the parts of a path after the user."""
    return [word for word in _path(request).split("/")[1:] if word]


def member(request: Request, name: str) -> Mapping[str, Json]:
    """Return an object of the body, or without a name the body itself."""
    body = request.json
    value = body.get(name) if name and isinstance(body, dict) else body
    if not isinstance(value, dict):
        raise invalid("Invalid JSON payload received.")
    return value


def draft_in(request: Request) -> tuple[bytes, str | None]:
    """Return the mail of a draft and its thread: in JSON, or beside it in an upload."""
    if not request.path.startswith(UPLOAD):
        return mail_in(member(request, "message"))
    about, raw = _uploaded(request)
    raw_text = base64.urlsafe_b64encode(raw).decode()
    return mail_in({**about.get("message", {}), "raw": raw_text})


def mail_in(message: Mapping[str, Json]) -> tuple[bytes, str | None]:
    """Return a mail and the thread that it is to go to."""
    try:
        raw = base64.urlsafe_b64decode(str(message.get("raw") or "").encode() + b"==")
    except (binascii.Error, ValueError):
        raw = b""
    if not raw:
        raise invalid("'raw' RFC822 payload message string required")
    return raw, message.get("threadId")


def _path(request: Request) -> str:
    """Return a path from the user on; an upload lies at the same one."""
    return request.path.removeprefix(UPLOAD).removeprefix(ROOT)


def _uploaded(request: Request) -> tuple[Mapping[str, Json], bytes]:
    """Return what an upload says about a message, and the message."""
    kind = request.headers.get("content-type", "")
    found = re.fullmatch(r'multipart/related; boundary="?([0-9A-Za-z_-]{1,70})"?', kind)
    if request.query.get("uploadType") != "multipart" or found is None:
        raise invalid("Only multipart uploads are played here")
    if len(request.body) > LIMIT_UPLOAD_BYTES:
        raise RefusedError(error(413, "Request too large.", "uploadTooLarge", "OUT_OF_RANGE"))
    mark = b"--" + found[1].encode()
    parts = (b"\r\n" + request.body).split(b"\r\n" + mark)[1:-1]
    heads = [part.partition(b"\r\n\r\n") for part in parts]
    if [head.strip().lower() for head, _, _ in heads] != [
        b"content-type: application/json",
        b"content-type: message/rfc822",
    ]:
        raise invalid("An upload holds JSON and a message")
    about = Request("POST", request.path, body=heads[0][2]).json
    return about if isinstance(about, dict) else {}, heads[1][2]
