"""The refusals of the sandbox's X, in X's own shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class RefusedError(Exception):
    """X says no; carries the status and the body of its answer."""

    def __init__(self, status: int, body: Mapping[str, object]) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


def problem(status: int, title: str, detail: str) -> dict[str, object]:
    """Return the body of a refusal."""
    return {"title": title, "detail": detail, "type": "about:blank", "status": status}


def forbidden(detail: str) -> RefusedError:
    """Return a refusal with status 403."""
    return RefusedError(403, problem(403, "Forbidden", detail))


def invalid(name: str, value: object, message: str) -> RefusedError:
    """Return the refusal of a parameter or field, with status 400."""
    body = {
        "errors": [{"parameters": {name: [value]}, "message": message}],
        "title": "Invalid Request",
        "detail": "One or more parameters to your request was invalid.",
        "type": "https://api.twitter.com/2/problems/invalid-request",
    }
    return RefusedError(400, body)


def not_found(kind: str, key: str) -> dict[str, object]:
    """Return the partial error of a thing that is not there; X answers it with status 200."""
    return {
        "value": key,
        "detail": f"Could not find {kind} with id: [{key}].",
        "title": "Not Found Error",
        "resource_type": kind,
        "parameter": "id",
        "resource_id": key,
        "type": "https://api.twitter.com/2/problems/resource-not-found",
    }
