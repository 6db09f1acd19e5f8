"""A request to the sandbox's Graph API taken apart, and how Meta refuses one.

Source: developers.facebook.com/docs/graph-api, "Handling Errors", read 2026-11-21.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from email import policy
from email.parser import BytesParser
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mcp_servers.fakes import Request

Row = dict[str, Any]
PATH = re.compile(r"/v\d{1,2}\.\d/(.+?)/?")


class RefusedError(Exception):
    """Meta says no.

    Args:
        code: Meta's number.
        message: Meta's words.
        subcode: Meta's finer number.
        status: of the HTTP answer.
    """

    def __init__(self, code: int, message: str, subcode: int = 0, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.subcode, self.status = code, message, subcode, status

    def body(self) -> Row:
        """Return Meta's error object."""
        error = {
            "message": f"(#{self.code}) {self.message}",
            "type": "OAuthException",
            "code": self.code,
            "is_transient": self.code in {1, 2},
            "fbtrace_id": "AsandboxTrace",
        }
        return {"error": error | ({"error_subcode": self.subcode} if self.subcode else {})}


def no_such_object(identifier: str, verb: str = "get") -> RefusedError:
    """Return the refusal of an id that nobody knows."""
    text = f"Unsupported {verb} request. Object with ID '{identifier}' does not exist"
    return RefusedError(100, text, 33)


@dataclass(frozen=True)
class Call:
    """One request, taken apart.

    Args:
        method: upper case.
        path: without version, e.g. `123/feed`.
        fields: query and form together.
        file: content of an uploaded file, None without one.
    """

    method: str
    path: str
    fields: Mapping[str, str]
    file: bytes | None = None

    @property
    def place(self) -> tuple[str, str]:
        """Return id and edge; the edge is "" for the object itself."""
        identifier, _, edge = self.path.partition("/")
        return identifier, edge

    def text(self, name: str) -> str:
        """Return a field that must be there.

        Raises:
            RefusedError: it is not.
        """
        value = self.fields.get(name, "")
        if not value.strip():
            raise RefusedError(100, f"The parameter {name} is required.")
        return value

    def object(self, name: str) -> Row:
        """Return a field that is JSON.

        Raises:
            RefusedError: it is none.
        """
        try:
            value = json.loads(self.text(name))
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise RefusedError(100, f"Param {name} must be a JSON object.")
        return value


def call_of(request: Request) -> Call:
    """Return a request taken apart; a body may be a form, a multipart form or JSON."""
    match = PATH.fullmatch(request.path)
    fields = dict(request.query)
    kind = request.headers.get("content-type", "")
    file = None
    if kind.startswith("multipart/form-data"):
        file = _take_parts(kind, request.body, fields)
    elif kind.startswith("application/json"):
        body = request.json if isinstance(request.json, dict) else {}
        fields |= {k: v if isinstance(v, str) else json.dumps(v) for k, v in body.items()}
    else:
        fields |= dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    return Call(request.method, match[1] if match else "", fields, file)


def _take_parts(kind: str, body: bytes, fields: dict[str, str]) -> bytes | None:
    """Put a multipart form's texts into `fields` and return its file."""
    head = f"Content-Type: {kind}\r\nMIME-Version: 1.0\r\n\r\n".encode()
    file = None
    for part in BytesParser(policy=policy.HTTP).parsebytes(head + body).walk():
        content = part.get_payload(decode=True)
        name = part.get_param("name", header="content-disposition")
        if not isinstance(content, bytes) or name is None:
            continue
        if part.get_filename():
            file = content
        else:
            fields[str(name)] = content.decode("utf-8", "replace")
    return file
