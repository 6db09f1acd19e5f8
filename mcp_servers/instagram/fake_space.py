"""The public web space as the sandbox plays it: what Instagram fetches, by file name.

Rules: it shows pictures and films only: what was put there (`PUT /<name>`), else what lies in the
`Attachments/` of the practice vault; the upload itself is no effect, since it is the owner's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from mcp_servers.fakes import Fault, FaultMode, Request, Response

if TYPE_CHECKING:
    from mcp_servers.fakes import World

TYPES = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
    "mp4": "video/mp4",
    "mov": "video/quicktime",
}


class SpaceFake:
    """A web server with a folder.

    Args:
        world: keeps the files.
    """

    service = "media"
    routes = re.compile(rf"/[^/_][^/]*\.(?:{'|'.join(TYPES)})$", re.IGNORECASE)

    def __init__(self, world: World) -> None:
        self._world = world

    def settings(self, url: str) -> dict[str, str]:
        """Return the setting that makes the real client use this fake."""
        return {"MEDIA_BASE_URL": url}

    def reset(self) -> None:
        """Forget what was put there."""
        self._world.files.clear()

    def kind(self, request: Request) -> str:
        """Return `media.get` or `media.put`."""
        return f"media.{request.method.lower()}"

    def handle(self, request: Request) -> Response | None:
        """Show a file or take one in."""
        name = unquote(request.path.removeprefix("/"))
        if request.method == "PUT":
            self._world.files[name] = request.body
            return Response.of({"name": name, "size": len(request.body)}, 201)
        content = self._world.file(name)
        if request.method != "GET" or content is None:
            return None
        return Response(200, content, TYPES[name.rpartition(".")[2].lower()])

    def fail(self, fault: Fault, request: Request) -> Response:  # noqa: ARG002 part of Fake
        """Return the answer of a fault as a web server gives it."""
        pages = {
            FaultMode.GARBAGE: ("Welcome", 200),
            FaultMode.HTTP_429: ("429 Too Many Requests", 429),
            FaultMode.AUTH_EXPIRED: ("401 Unauthorized", 401),
        }
        return Response.page(*pages.get(fault.mode, ("500 Internal Server Error", 500)))
