"""Pictures and films on their way to X: in pieces, with their words for who cannot see them.

Rules: nobody sees an uploaded file before a post names it, so whatever fails here has sent nothing;
every attempt uploads anew, the very bytes that were approved.

Source: docs.x.com, "Initialize / Append / Finalize Media upload", "Get Media upload status",
"Create Media metadata" and "Media best practices", 2026-11.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from core.media import MediaType
from utils.errors import NotSentError, RejectedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.media import LoadedMedia
    from mcp_servers.twitter.client import Writer
    from mcp_servers.twitter.shapes import Row

CHUNK_BYTES = 1024 * 1024
PROCESSING_LIMIT_S = 90.0
PAUSE_LIMIT_S = 10.0

_CATEGORIES = {
    MediaType.GIF: "tweet_gif",
    MediaType.MP4: "tweet_video",
    MediaType.MOV: "tweet_video",
}


def upload(client: Writer, files: tuple[LoadedMedia, ...]) -> list[str]:
    """Upload files and return X's ids of them, in order.

    Raises:
        NotSentError: no usable answer came, X asked us to wait, or it is still working on a film.
        RejectedError: X refused a file.
    """
    return [_upload(client, file) for file in files]


def _upload(client: Writer, file: LoadedMedia) -> str:
    facts = file.facts
    begin = {
        "media_type": str(facts.type),
        "total_bytes": facts.size_bytes,
        "media_category": _CATEGORIES.get(facts.type, "tweet_image"),
    }
    media_id = str(client.send_step("/2/media/upload/initialize", begin)["id"])
    for number, chunk in enumerate(_chunks(file.data)):
        client.send_piece(media_id, number, chunk)
    _wait(client, media_id, client.send_step(f"/2/media/upload/{media_id}/finalize"))
    if file.media.alt is not None:
        words = {"id": media_id, "metadata": {"alt_text": {"text": file.media.alt}}}
        client.send_step("/2/media/metadata", words)
    return media_id


def _chunks(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), CHUNK_BYTES):
        yield data[start : start + CHUNK_BYTES]


def _wait(client: Writer, media_id: str, answer: Row) -> None:
    """Wait until X has worked on a film; pictures are ready at once."""
    end = client.clock.monotonic() + PROCESSING_LIMIT_S
    while (state := _state(answer)) not in {"", "succeeded"}:
        if state == "failed":
            error = answer["processing_info"].get("error", {})
            said = str(error.get("message") or "it gives no reason")
            raise RejectedError("X", f"cannot use the file: {said}. Nothing was posted.")
        wanted_s = float(answer["processing_info"].get("check_after_secs", 1))
        wait_s = min(wanted_s, PAUSE_LIMIT_S)
        if client.clock.monotonic() + wait_s > end:
            raise NotSentError("X", "is still working on the film; nothing was posted.")
        threading.Event().wait(wait_s)
        answer = client.processing(media_id)


def _state(answer: Row) -> str:
    return str(answer.get("processing_info", {}).get("state", ""))
