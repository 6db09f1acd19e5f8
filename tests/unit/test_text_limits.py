"""What is counted, what is refused and what a proposal shows are one count."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from core.actions import Action, payload_of
from core.publishing import remarks
from core.text_limits import TextLimit
from core.workspace import Workspace
from mcp_servers.catalog import ACTIONS
from mcp_servers.fields import links_in
from tests.pictures import jpeg
from utils.files import digest

PIECES = ("a", "é", "e\u0301", "日", "😀", "👩🏾‍💻", "q\u0301")
"""Latin, composed and not, Chinese, emojis of one and several code points, a mark."""

MORE = {
    "comment_id": "17900000000000001",
    "post_id": "17900000000000001",
    "recipient": "ann",
    "recipient_id": "17900000000000001",
    "media": [{"file": "oak.jpg", "sha256": digest(jpeg(1080, 1080))}],
}
LIMITED = [action for action in ACTIONS.values() if action.length is not None]


def taken(action: Action, text: str) -> str:
    """Return the text as the action keeps it."""
    fields = action.arguments.model_fields
    more = {name: value for name, value in MORE.items() if name in fields}
    return str(payload_of(action, {**more, str(action.content): text})[str(action.content)])


def filled(limit: TextLimit, piece: str) -> str:
    """Return the longest text of a piece, and of letters, that fits."""
    text = piece * (limit.at_most // limit.count(piece))
    return text + "a" * (limit.at_most - limit.count(text))


def test_every_text_of_a_social_network_has_a_limit_with_a_source() -> None:
    networks = ("facebook.", "instagram.", "twitter.")
    texts = {kind for kind, each in ACTIONS.items() if kind.startswith(networks) and each.content}
    assert texts - {action.kind for action in LIMITED} == {"twitter.create_thread"}
    assert all(action.length.source and action.length.counting for action in LIMITED)  # type: ignore[union-attr] # LIMITED


@pytest.mark.parametrize("piece", PIECES, ids=ascii)
@pytest.mark.parametrize("action", LIMITED, ids=lambda action: action.kind)
def test_what_fits_is_taken_and_one_more_is_refused(action: Action, piece: str) -> None:
    limit = action.length
    assert limit is not None
    text = filled(limit, piece)
    assert limit.count(taken(action, text)) == limit.count(text) == limit.at_most
    assert limit.shown(text) == f"{limit.at_most:,} of {limit.at_most:,} {limit.unit}"
    with pytest.raises(ValidationError, match="long"):
        taken(action, text + "a")


def test_a_link_counts_as_each_network_counts_it() -> None:
    text = f"Winter hours: https://example.com/{'x' * 200}"
    assert links_in(text)
    assert ACTIONS["twitter.create_post"].length.count(text) == 14 + 23  # type: ignore[union-attr]
    assert ACTIONS["facebook.create_post"].length.count(text) == len(text)  # type: ignore[union-attr]


def test_a_post_to_several_networks_shows_how_much_of_each_limit_it_takes(ws: Workspace) -> None:
    action = ws.actions["social.publish"]
    payload = payload_of(
        action, {"channels": ["facebook", "twitter"], "texts": {"": "日本 https://example.com/a"}}
    )
    lines = remarks(action, payload)
    said = "Facebook 24 of 63,206 characters, X 28 of 280 characters"
    assert lines[0] == f"Length when proposed: {said}."
