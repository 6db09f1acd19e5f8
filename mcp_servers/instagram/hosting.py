"""The public web space from which Instagram fetches files.

Rule: what is fetched there is compared with what was approved, byte for byte, before anything is
asked of Instagram; so nobody can exchange a picture between approval and publishing unseen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from mcp_servers.fields import short
from mcp_servers.once import LostError, NotConnectedError, OnceSession
from utils.errors import NotSentError, RejectedError, ServiceError
from utils.files import digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.media import LoadedMedia
    from utils.config import Settings

TIMEOUT_S = 60.0
SERVICE = "MEDIA_BASE_URL"
NOT_SET = (
    "MEDIA_BASE_URL is not set in `.env`. Instagram takes no uploads: it fetches each file from a "
    "public address. Nothing was sent."
)


def address_of(settings: Settings, path: str) -> str:
    """Return where Instagram will fetch a file.

    Args:
        settings: MEDIA_BASE_URL.
        path: of the file in the vault; its name counts.
    """
    base = settings.text("MEDIA_BASE_URL") or "(MEDIA_BASE_URL is not set)"
    return f"{base}/{quote(path.rpartition('/')[2])}"


def check(settings: Settings, file: LoadedMedia) -> str:
    """Return the address of a file once it delivers exactly what was approved.

    Raises:
        RejectedError: there is no such address, it is not open, or it delivers something else.
        NotSentError: it cannot be reached now.
    """
    return _compared(settings, file.media.path, digest(file.data))


def problem(settings: Settings, item: Mapping[str, Any]) -> str | None:
    """Return why a file could not be published now, None when it could; asked in advance.

    Args:
        settings: MEDIA_BASE_URL.
        item: of the payload, `file` and `sha256`.
    """
    try:
        _compared(settings, item["file"], str(item.get("sha256")))
    except ServiceError as error:
        return f"Not ready yet: {error.message}"
    return None


def _compared(settings: Settings, path: str, wanted: str) -> str:
    root = settings.text("MEDIA_BASE_URL")
    if not root:
        raise RejectedError("Instagram", NOT_SET, error_class="NoMediaHost")
    address = address_of(settings, path)
    try:
        with OnceSession(root, TIMEOUT_S) as session:
            answer = session.request("GET", address)
            content = answer.content
    except NotConnectedError as error:
        text = f"{root} cannot be reached; nothing was sent. {short(str(error))}"
        raise NotSentError(SERVICE, text, error_class="Unreachable") from error
    except LostError as error:
        text = f"no whole answer for {address}; nothing was sent."
        raise NotSentError(SERVICE, text, error_class=type(error).__name__) from error
    if answer.status_code != 200:
        text = f"{address} answers with HTTP {answer.status_code}; put the file there, open to all."
        raise RejectedError(SERVICE, f"{text} Nothing was sent.", error_class="NotHosted")
    if digest(content) != wanted:
        text = f"{address} delivers another file than the one in the proposal. Nothing was sent."
        raise RejectedError(SERVICE, text, error_class="OtherContent")
    return address
