"""The refusals of the sandbox's Gmail, in Google's own shape.

Source: developers.google.com/workspace/gmail/api/guides/handle-errors; RFC 6749 5.2 (the token
endpoint's errors). Read 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping

from mcp_servers.fakes import Json

Answer = tuple[int, Mapping[str, Json]]


class RefusedError(Exception):
    """Gmail says no; carries the status and the body of its answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer[0])
        self.answer = answer


def error(status: int, message: str, reason: str, state: str) -> Answer:
    """Return the answer that says no."""
    row = {"message": message, "domain": "global", "reason": reason}
    shown = {"code": status, "message": message, "errors": [row], "status": state}
    return status, {"error": shown}


def invalid(message: str) -> RefusedError:
    """Return the refusal of a parameter or a message, with status 400."""
    return RefusedError(error(400, message, "invalidArgument", "INVALID_ARGUMENT"))


UNAUTHENTICATED = error(401, "Invalid Credentials", "authError", "UNAUTHENTICATED")
NO_RIGHT = error(
    403,
    "Request had insufficient authentication scopes.",
    "insufficientPermissions",
    "PERMISSION_DENIED",
)
NOT_FOUND = error(404, "Requested entity was not found.", "notFound", "NOT_FOUND")
TOO_MANY = error(429, "User-rate limit exceeded.", "rateLimitExceeded", "RESOURCE_EXHAUSTED")
BROKEN = error(500, "Internal error encountered.", "backendError", "INTERNAL")
INVALID_GRANT: Answer = (
    400,
    {
        "error": "invalid_grant",
        "error_description": "Token has been expired or revoked.",
    },
)
