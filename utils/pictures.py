"""What a picture or film is, read from its first bytes and never from its name.

Rules: no library decodes anything here, so a hostile file can only be misjudged, never run; what is
not recognised has no facts.

Sources: PNG (ISO/IEC 15948) 11.2.2; JPEG (ITU-T T.81) B.2.2; GIF89a section 18; WebP container
specification (developers.google.com/speed/webp); ISO/IEC 14496-12 section 4.3 (`ftyp`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class MediaType(StrEnum):
    """The types that are recognised."""

    PNG = "image/png"
    JPEG = "image/jpeg"
    GIF = "image/gif"
    WEBP = "image/webp"
    MP4 = "video/mp4"
    MOV = "video/quicktime"

    @property
    def is_video(self) -> bool:
        """Return whether it is a film."""
        return self.value.startswith("video/")

    @property
    def word(self) -> str:
        """Return the name in front of people ("PNG")."""
        return self.name if self is not MediaType.WEBP else "WebP"


@dataclass(frozen=True)
class MediaFacts:
    """What the bytes of a file tell.

    Args:
        type: of the content.
        size_bytes: of the whole file.
        width: in pixels; None for a film.
        height: in pixels; None for a film.
    """

    type: MediaType
    size_bytes: int
    width: int | None = None
    height: int | None = None


def facts_of(data: bytes) -> MediaFacts | None:
    """Return what a file's bytes tell, None when they are no picture or film that is known."""
    return _png(data) or _jpeg(data) or _gif(data) or _webp(data) or _film(data)


def _picture(kind: MediaType, data: bytes, width: int, height: int) -> MediaFacts | None:
    return MediaFacts(kind, len(data), width, height) if width and height else None


def _png(data: bytes) -> MediaFacts | None:
    if not data.startswith(b"\x89PNG\r\n\x1a\n") or data[12:16] != b"IHDR" or len(data) < 24:
        return None
    width, height = int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
    return _picture(MediaType.PNG, data, width, height)


_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})


def _jpeg(data: bytes) -> MediaFacts | None:
    """Walk the segments to the frame header, where the size stands."""
    if not data.startswith(b"\xff\xd8\xff"):
        return None
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in _FRAMES:
            height, width = (
                int.from_bytes(data[at + 5 : at + 7]),
                int.from_bytes(data[at + 7 : at + 9]),
            )
            return _picture(MediaType.JPEG, data, width, height)
        if marker == 0xFF:  # fill byte
            at += 1
        elif marker in _ALONE:
            at += 2
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4])
    return None


def _gif(data: bytes) -> MediaFacts | None:
    if data[:6] not in {b"GIF87a", b"GIF89a"} or len(data) < 10:
        return None
    width, height = int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")
    return _picture(MediaType.GIF, data, width, height)


def _webp(data: bytes) -> MediaFacts | None:
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP" or len(data) < 30:
        return None
    match data[12:16]:
        case b"VP8 ":
            width = int.from_bytes(data[26:28], "little") & 0x3FFF
            height = int.from_bytes(data[28:30], "little") & 0x3FFF
        case b"VP8L":
            bits = int.from_bytes(data[21:25], "little")
            width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X":
            width = int.from_bytes(data[24:27], "little") + 1
            height = int.from_bytes(data[27:30], "little") + 1
        case _:
            return None
    return _picture(MediaType.WEBP, data, width, height)


def _film(data: bytes) -> MediaFacts | None:
    if data[4:8] != b"ftyp" or len(data) < 12:
        return None
    kind = MediaType.MOV if data[8:12] == b"qt  " else MediaType.MP4
    return MediaFacts(kind, len(data))
