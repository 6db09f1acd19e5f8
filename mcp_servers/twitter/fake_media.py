"""Uploads to the sandbox's X: in pieces, with the states of a film, and words for who cannot see.

Sources: docs.x.com "Initialize / Append / Finalize Media upload", "Create Media metadata", "Media
best practices", as of 2026-11.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from email import message_from_bytes
from typing import TYPE_CHECKING, Any

from mcp_servers.twitter.fake_errors import RefusedError, invalid, problem
from utils.files import digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mcp_servers.fakes import Request, World

FIRST_MEDIA_ID = 1_880_000_000_000_000_001
EXPIRES_S = 86_400
_MIB = 1024 * 1024
_TYPES = {
    "tweet_image": ({"image/png", "image/jpeg", "image/webp"}, 5 * _MIB, "3"),
    "tweet_gif": ({"image/gif"}, 15 * _MIB, "16"),
    "tweet_video": ({"video/mp4", "video/quicktime"}, 512 * _MIB, "13"),
}
BROKEN = b"sandbox: broken film"
"""A film that holds these bytes cannot be processed."""


@dataclass
class Upload:
    """One file on its way."""

    id: str
    media_type: str
    category: str
    total_bytes: int
    pieces: dict[int, bytes] = field(default_factory=dict)
    state: str = "open"
    alt: str | None = None

    @property
    def key(self) -> str:
        """Return X's media key."""
        return f"{_TYPES[self.category][2]}_{self.id}"

    @property
    def data(self) -> bytes:
        """Return the pieces in order."""
        return b"".join(self.pieces[number] for number in sorted(self.pieces))

    def shown(self) -> dict[str, object]:
        """Return the upload as the API answers it."""
        answer: dict[str, object] = {
            "id": self.id,
            "media_key": self.key,
            "expires_after_secs": EXPIRES_S,
        }
        if self.state != "open":
            answer["size"] = self.total_bytes
        if self.category != "tweet_image" and self.state != "open":
            info: dict[str, object] = {"state": self.state}
            if self.state in {"pending", "in_progress"}:
                info["check_after_secs"] = 1
            if self.state == "failed":
                info["error"] = {"code": 1, "name": "InvalidMedia", "message": "Invalid video"}
            answer["processing_info"] = info
        return answer


class Uploads:
    """The files that were uploaded since the reset.

    Args:
        world: receives the effects.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._uploads: dict[str, Upload] = {}

    def reset(self) -> None:
        """Forget all files."""
        self._uploads.clear()

    def begin(self, body: Any) -> Mapping[str, object]:
        """Begin an upload."""
        if not isinstance(body, dict):
            raise invalid("", "", "Requests with bodies must have a JSON object as their body.")
        category, media_type = body.get("media_category"), body.get("media_type")
        total = body.get("total_bytes")
        if category not in _TYPES:
            raise invalid("media_category", category, "is not one of the categories")
        types, limit, _ = _TYPES[category]
        if media_type not in types:
            raise invalid("media_type", media_type, f"is not a type of {category}")
        if not isinstance(total, int) or not 0 < total <= limit:
            raise invalid("total_bytes", total, f"must be from 1 to {limit}")
        upload = Upload(str(FIRST_MEDIA_ID + len(self._uploads)), media_type, category, total)
        self._uploads[upload.id] = upload
        return {"data": upload.shown()}

    def append(self, media_id: str, request: Request) -> Mapping[str, object]:
        """Take one piece."""
        upload = self._open(media_id)
        fields = _form(request)
        number = fields.get("segment_index", b"").decode()
        if not number.isdecimal() or int(number) > 999:
            raise invalid("segment_index", number, "must be from 0 to 999")
        if not fields.get("media"):
            raise invalid("media", "", "must hold the bytes of the piece")
        upload.pieces[int(number)] = fields["media"]
        return {"data": {"expires_at": EXPIRES_S}}

    def finish(self, media_id: str) -> Mapping[str, object]:
        """End an upload; a film is worked on afterwards."""
        upload = self._open(media_id)
        if sorted(upload.pieces) != list(range(len(upload.pieces))):
            raise invalid("id", media_id, "Segments do not add up: one is missing.")
        if len(upload.data) != upload.total_bytes:
            raise invalid("id", media_id, "Segments do not add up to provided total file size.")
        upload.state = "succeeded" if upload.category == "tweet_image" else "pending"
        self._world.record("twitter", "twitter.media.upload", None, self._facts(upload))
        return {"data": upload.shown()}

    def status(self, media_id: str) -> Mapping[str, object]:
        """Tell how far a film is; each question takes it one state on."""
        upload = self._known(media_id)
        end = "failed" if BROKEN in upload.data else "succeeded"
        steps = {"pending": "in_progress", "in_progress": end}
        upload.state = steps.get(upload.state, upload.state)
        return {"data": upload.shown()}

    def describe(self, body: Any) -> Mapping[str, object]:
        """Take the words for who cannot see."""
        media_id = body.get("id") if isinstance(body, dict) else None
        upload = self._known(str(media_id))
        text = body.get("metadata", {}).get("alt_text", {}).get("text")
        if not isinstance(text, str) or not 0 < len(text) <= 1000:
            raise invalid("alt_text", text, "must have 1 to 1000 characters")
        if upload.category == "tweet_video":
            raise invalid("alt_text", text, "is for images and GIFs")
        upload.alt = text
        payload = {"id": upload.id, "alt": text}
        self._world.record("twitter", "twitter.media.metadata", None, payload)
        return {"data": {"id": upload.id}}

    def take(self, media_ids: Sequence[object]) -> list[Upload]:
        """Return the files of a post.

        Raises:
            RefusedError: one is unknown, not ready, or the mixture is wrong.
        """
        uploads = [self._uploads.get(str(key)) for key in media_ids]
        ready = [upload for upload in uploads if upload and upload.state == "succeeded"]
        if len(ready) != len(media_ids) or not ready:
            raise invalid("media.media_ids", media_ids, "Your media IDs are invalid.")
        alone = any(upload.category != "tweet_image" for upload in ready)
        if len(ready) > (1 if alone else 4):
            raise invalid("media.media_ids", media_ids, "Too many or mixed media.")
        return ready

    def _facts(self, upload: Upload) -> dict[str, object]:
        return {
            "id": upload.id,
            "media_type": upload.media_type,
            "pieces": len(upload.pieces),
            "sha256": digest(upload.data),
        }

    def shown_in_effect(self, uploads: Sequence[Upload]) -> list[dict[str, object]]:
        """Return the files of a post as the list of effects tells them."""
        return [{**self._facts(upload), "alt": upload.alt} for upload in uploads]

    def _known(self, media_id: str) -> Upload:
        upload = self._uploads.get(media_id)
        if upload is None:
            raise RefusedError(404, problem(404, "Not Found", f"No media {media_id}."))
        return upload

    def _open(self, media_id: str) -> Upload:
        upload = self._known(media_id)
        if upload.state != "open":
            raise invalid("id", media_id, "The upload has ended already.")
        return upload


def _form(request: Request) -> dict[str, bytes]:
    """Return the fields of a multipart form."""
    head = f"Content-Type: {request.headers.get('content-type', '')}\r\n\r\n".encode()
    message = message_from_bytes(head + request.body)
    fields: dict[str, bytes] = {}
    for part in message.walk():
        data = part.get_payload(decode=True)
        if not part.is_multipart() and isinstance(data, bytes):
            fields[str(part.get_param("name", header="content-disposition"))] = data
    return fields
