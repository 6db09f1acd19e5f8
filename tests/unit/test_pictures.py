"""What a picture is, told by its bytes: `utils/pictures.py`."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pictures import jpeg, png, webp
from utils.pictures import MediaFacts, MediaType, facts_of

LOSSLESS = b"\x2f" + struct.pack("<I", (640 - 1) | (480 - 1) << 14)
LOSSY = b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 640, 480)
EXTENDED = b"\0\0\0\0" + (640 - 1).to_bytes(3, "little") + (480 - 1).to_bytes(3, "little")


@pytest.mark.parametrize(
    ("data", "kind", "size"),
    [
        (png(1200, 800), MediaType.PNG, (1200, 800)),
        (jpeg(1200, 800), MediaType.JPEG, (1200, 800)),
        (b"GIF89a" + struct.pack("<HH", 20, 10) + b"\0\0\0;", MediaType.GIF, (20, 10)),
        (webp(b"VP8 ", LOSSY), MediaType.WEBP, (640, 480)),
        (webp(b"VP8L", LOSSLESS), MediaType.WEBP, (640, 480)),
        (webp(b"VP8X", EXTENDED), MediaType.WEBP, (640, 480)),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", MediaType.MP4, (None, None)),
        (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", MediaType.MOV, (None, None)),
    ],
    ids=["png", "jpeg", "gif", "lossy", "lossless", "extended", "mp4", "mov"],
)
def test_type_and_size_come_from_the_content(
    data: bytes, kind: MediaType, size: tuple[int | None, int | None]
) -> None:
    assert facts_of(data) == MediaFacts(kind, len(data), *size)


@pytest.mark.parametrize(
    "data",
    [b"", b"hello", b"%PDF-1.7", b"\x89PNG\r\n\x1a\n", png(0, 5), b"\xff\xd8\xff\xd9", b"GIF89a"],
    ids=ascii,
)
def test_what_is_not_recognised_has_no_facts(data: bytes) -> None:
    assert facts_of(data) is None


@given(
    st.sampled_from(
        [b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"RIFF", b"\0\0\0\x18ftyp"]
    ),
    st.binary(max_size=200),
)
def test_no_bytes_break_it(start: bytes, rest: bytes) -> None:
    found = facts_of(start + rest)
    assert found is None or found.size_bytes == len(start + rest)
