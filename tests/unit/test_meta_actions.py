"""What may be proposed for Facebook and Instagram: what they would refuse is refused before."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from core.actions import payload_of
from core.media import MediaFacts, MediaType
from mcp_servers.catalog import ACTIONS
from mcp_servers.instagram.actions import PICTURES

OAK = [{"file": "oak.jpg"}]


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("facebook.create_post", {"message": ""}),
        ("facebook.create_post", {"message": "a" * 63_207}),
        ("facebook.create_post", {"message": "a", "link": "example.com"}),
        ("facebook.create_post", {"message": "a", "link": "https://a.example", "media": OAK}),
        ("facebook.create_post", {"message": "turned \u202eround"}),
        ("facebook.send_message", {"recipient_id": "me", "message": "a"}),
        ("facebook.send_message", {"recipient_id": "24000000000001", "message": "a" * 2001}),
        ("facebook.reply_to_comment", {"comment_id": "1/../feed", "message": "a"}),
        ("instagram.publish_media", {"caption": "a"}),
        ("instagram.publish_media", {"caption": "a" * 2201, "media": OAK}),
        ("instagram.publish_media", {"caption": "#x " * 31, "media": OAK}),
        ("instagram.publish_media", {"caption": "@x " * 21, "media": OAK}),
        ("instagram.send_message", {"recipient_id": "25000000000001", "message": "ü" * 501}),
        ("instagram.reply_to_comment", {"comment_id": "17870000000000006", "message": "#a" * 301}),
    ],
)
def test_what_would_be_refused_is_refused_before_anybody_is_asked(
    kind: str, arguments: dict[str, object]
) -> None:
    with pytest.raises(ValidationError):
        payload_of(ACTIONS[kind], arguments)


def test_thirty_hashtags_and_numbers_may_be_posted() -> None:
    caption = "#x " * 30 + "#1 and C&#39;"
    payload = payload_of(ACTIONS["instagram.publish_media"], {"caption": caption, "media": OAK})
    assert payload["caption"] == caption


@pytest.mark.parametrize(
    ("sizes", "fits"),
    [
        ([(1080, 1350)], True),
        ([(1910, 1000)], True),
        ([(1080, 1920)], False),
        ([(2000, 1000)], False),
        ([(1080, 1080), (1080, 1920)], False),
    ],
)
def test_a_shape_that_is_not_shown_is_refused(sizes: list[tuple[int, int]], fits: bool) -> None:
    pictures = [MediaFacts(MediaType.JPEG, 10, width, height) for width, height in sizes]
    if fits:
        PICTURES.check(pictures)
    else:
        with pytest.raises(ValueError, match="too tall or too wide"):
            PICTURES.check(pictures)


def test_a_film_is_posted_alone() -> None:
    film, oak = MediaFacts(MediaType.MP4, 10), MediaFacts(MediaType.JPEG, 10, 1080, 1080)
    PICTURES.check([film])
    with pytest.raises(ValueError, match="alone"):
        PICTURES.check([film, oak])
