"""What may be proposed for X, and how it is shown."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from core.actions import payload_of
from core.settings import SETTINGS
from mcp_servers.catalog import ACTIONS, SERVICE_SETTINGS, SERVICES
from mcp_servers.twitter.arguments import CreatePost
from mcp_servers.twitter.tools import TOOLSET
from utils.config import Settings

ACTION = ACTIONS["twitter.create_post"]


def post(text: str, **more: object) -> CreatePost:
    return CreatePost.model_validate({"text": text, **more})


def settings(**values: str) -> Settings:
    return Settings((*SETTINGS, *SERVICE_SETTINGS), values, Path())


def test_the_text_is_kept_as_x_keeps_it() -> None:
    assert post("  Cafe\u0301\r\nopen  ").text == "Caf\u00e9\nopen"


@pytest.mark.parametrize("text", ["a" * 280, "日" * 140, "https://example.com/" + "a" * 900])
def test_280_as_x_counts_may_be_posted(text: str) -> None:
    assert post(text).text == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "   ", "a" * 281, "日" * 141, "a" * 5000),
        *("bell\x07", "tab\there", "nul\x00", "back\u202ewards", "\ufeffmark"),
    ],
    ids=lambda text: f"{ascii(text)[:20]} ({len(text)})",
)
def test_what_x_would_refuse_is_refused_before_anybody_is_asked(text: str) -> None:
    with pytest.raises(ValidationError):
        post(text)


@pytest.mark.parametrize(
    "at",
    ["2026-11-24T09:00:00", "2026-11-24 09:00", datetime(2026, 11, 24, 9)],  # noqa: DTZ001
    ids=str,
)
def test_a_time_to_publish_is_local(at: object) -> None:
    payload = payload_of(ACTION, {"text": "Hello", "publish_at": at})
    assert payload == {"text": "Hello", "publish_at": "2026-11-24T09:00:00"}


@pytest.mark.parametrize(
    "at", ["2026-11-24T09:00:00Z", "2026-11-31T09:00:00", "tomorrow", 1763700000]
)
def test_an_unusable_time_is_refused(at: object) -> None:
    with pytest.raises(ValidationError):
        post("Hello", publish_at=at)


def test_unknown_arguments_are_refused() -> None:
    with pytest.raises(ValidationError):
        post("Hello", reply_to="1")
    assert CreatePost.model_json_schema()["additionalProperties"] is False
    assert '"number"' not in json.dumps(CreatePost.model_json_schema())


def test_a_person_sees_length_time_and_links() -> None:
    hello = post("Open on *Monday*: example.com", publish_at="2026-11-24T09:00")
    described = "publish a post on **X** on 2026-11-24 at 09:00:00 (41 of 280 long, $0.20)"
    assert ACTION.describe(hello) == described
    assert ACTION.title(hello) == "Post X Open on Monday example com"
    assert ACTION.facts(hello).links == ("example.com",)
    assert ACTION.price is not None
    assert str(ACTION.price(hello)) == "0.20"
    assert ACTION.content == "text"


def test_words_for_who_cannot_see_are_charged() -> None:
    told = {"file": "a.png", "alt": "A sledge"}
    shown = post("Hello", media=[told, {"file": "b.png"}])
    assert ACTION.price is not None
    assert ACTION.price(shown) == Decimal("0.020")
    assert "$0.020" in ACTION.describe(shown)
    assert ACTION.price(post("Hello")) == Decimal("0.015")


def test_the_preview_is_the_request() -> None:
    request = TOOLSET.writes["create_post"].request(settings(), {"text": "Hello"}, "K")
    assert request == {
        "method": "POST",
        "url": "https://api.x.com/2/tweets",
        "json": {"text": "Hello"},
    }


def test_the_account_is_the_user_of_the_token() -> None:
    service = SERVICES["twitter"]
    values: dict[str, Any] = {name: "secret" for group in service.required for name in group}
    assert service.account_in(settings()) == "not set up"
    named = settings(**{**values, "TWITTER_ACCESS_TOKEN": "12345-secret"})
    assert service.account_in(named) == "X user 12345"
    other = service.account_in(settings(**values))
    assert other.startswith("X token ")
    assert "secret" not in other
