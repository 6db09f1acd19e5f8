"""X's pictures, mentions, figures and refusals, against the practice X."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core import media, vault_files
from core.actions import Payload, payload_of
from core.lookups import with_found
from core.media import MediaType, facts_of
from core.settings import SETTINGS
from mcp_servers.catalog import ACTIONS, READS, SERVICE_SETTINGS, SERVICES
from mcp_servers.gate import Role
from mcp_servers.listing import tool_list
from mcp_servers.sandbox import Sandbox
from mcp_servers.toolset import Done, Finding, Page, Trace
from mcp_servers.twitter.fake import TwitterFake
from mcp_servers.twitter.fake_media import BROKEN
from mcp_servers.twitter.tools import TOOLSET
from mcp_servers.twitter.uploads import CHUNK_BYTES
from tests.pictures import jpeg, png
from utils.config import Settings
from utils.errors import NoteError, NotSentError, RateLimitedError, RejectedError
from utils.files import digest

ANN, GLOBEX_QUOTE, STRANGER = (str(1_984_000_000_000_000_001 + n) for n in range(3))
FILM = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + b"film" * 300_000


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.reset()
    return running


@pytest.fixture
def settings(sandbox: Sandbox) -> Settings:
    return Settings((*SETTINGS, *SERVICE_SETTINGS), sandbox.settings(), Path())


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    folder = tmp_path / "Attachments"
    folder.mkdir()
    (folder / "offer.png").write_bytes(png(40, 30))
    (folder / "shop.jpg").write_bytes(jpeg(40, 30))
    (folder / "walk.mp4").write_bytes(FILM)
    (folder / "dance.gif").write_bytes(b"GIF89a\x14\0\x0a\0\0\0\0;")
    return tmp_path


def x_in(sandbox: Sandbox) -> TwitterFake:
    (fake,) = (fake for fake in sandbox._fakes if isinstance(fake, TwitterFake))
    return fake


def make(
    settings: Settings, tool: str, arguments: dict[str, Any], root: Path | None = None
) -> Done:
    """Do it as the gate does: files checked and uploaded first."""
    action, write = ACTIONS[f"twitter.{tool}"], TOOLSET.writes[tool]
    payload = payload_of(action, arguments)
    files: tuple[media.LoadedMedia, ...] = ()
    if root is not None:
        payload = vault_files.bound(root, action.media, payload)
        files = vault_files.load(root, action.media, payload)
    trace = Trace("AIE-1", datetime.now(UTC), None, files)
    writer = TOOLSET.writer(settings)
    staged_id = write.stage(writer, payload, trace) if write.stage else None
    return write.perform(writer, payload, replace(trace, staged_id=staged_id))


def kinds(sandbox: Sandbox) -> list[str]:
    return [effect["kind"] for effect in sandbox.effects()]


def ask(settings: Settings, tool: str, **arguments: object) -> Page:
    read = READS[f"twitter.{tool}"]
    return TOOLSET.reads[tool](TOOLSET.reader(settings), read.arguments.model_validate(arguments))


# -- pictures -------------------------------------------------------------------------------------


def test_pictures_are_uploaded_with_their_words_and_the_post_names_them(
    sandbox: Sandbox, settings: Settings, vault: Path
) -> None:
    post = {
        "text": "Winter offer: https://example.com/offer",
        "media": [{"file": "offer.png", "alt": "A sledge & a price"}, "shop.jpg"],
    }
    done = make(settings, "create_post", post, vault)
    assert kinds(sandbox) == [
        *("twitter.media.upload", "twitter.media.metadata", "twitter.media.upload"),
        "twitter.create_post",
    ]
    sent = sandbox.effects()[-1]["payload"]
    assert [(each["sha256"], each["alt"], each["media_type"]) for each in sent["media"]] == [
        (digest(png(40, 30)), "A sledge & a price", "image/png"),
        (digest(jpeg(40, 30)), None, "image/jpeg"),
    ]
    payload = payload_of(ACTIONS["twitter.create_post"], post)
    trace = Trace("AIE-1", datetime.now(UTC))
    evidence = TOOLSET.writes["create_post"].reconcile(TOOLSET.reader(settings), payload, trace)
    assert (evidence.finding, evidence.remote_id) == (Finding.FOUND, done.remote_id)


def test_a_film_goes_in_pieces_and_is_waited_for(
    sandbox: Sandbox, settings: Settings, vault: Path
) -> None:
    make(settings, "create_post", {"text": "A walk", "media": ["walk.mp4"]}, vault)
    (sent,) = sandbox.effects()[-1]["payload"]["media"]
    assert (sent["sha256"], sent["pieces"]) == (digest(FILM), -(-len(FILM) // CHUNK_BYTES))
    assert sent["pieces"] > 1


def test_a_film_that_x_cannot_use_posts_nothing(
    sandbox: Sandbox, settings: Settings, vault: Path
) -> None:
    (vault / "Attachments" / "walk.mp4").write_bytes(FILM + BROKEN)
    with pytest.raises(RejectedError, match="Invalid video"):
        make(settings, "create_post", {"text": "A walk", "media": ["walk.mp4"]}, vault)
    assert kinds(sandbox) == ["twitter.media.upload"]


UPLOAD_FAULTS: dict[str, type[Exception]] = {
    "lost_answer": NotSentError,
    "http_500_after": NotSentError,
    "garbage": NotSentError,
    "http_429": RateLimitedError,
    "auth_expired": RejectedError,
}
UPLOAD_STEPS = [
    (step, mode)
    for step in ("initialize", "append", "finalize", "metadata")
    for mode in UPLOAD_FAULTS
    if (step, mode) != ("append", "garbage")  # the answer to a piece holds nothing we need
]


@pytest.mark.parametrize(("step", "mode"), UPLOAD_STEPS)
def test_whatever_fails_before_the_post_has_sent_nothing(
    sandbox: Sandbox,
    settings: Settings,
    vault: Path,
    step: str,
    mode: str,
) -> None:
    error_class = UPLOAD_FAULTS[mode]
    sandbox.fault("twitter", mode, match=f"media.{step}" if step == "metadata" else step)
    post = {"text": "Offer", "media": [{"file": "offer.png", "alt": "A sledge"}]}
    with pytest.raises(error_class) as caught:
        make(settings, "create_post", post, vault)
    assert type(caught.value) is error_class
    assert "twitter.create_post" not in kinds(sandbox)
    make(settings, "create_post", post, vault)
    assert kinds(sandbox).count("twitter.create_post") == 1


def test_the_preview_names_the_files_by_content(settings: Settings, vault: Path) -> None:
    action = ACTIONS["twitter.create_post"]
    payload = payload_of(action, {"text": "Offer", "media": [{"file": "offer.png", "alt": "A"}]})
    payload = vault_files.bound(vault, action.media, payload)
    request = TOOLSET.writes["create_post"].request(settings, payload, "K")
    assert request["json"]["media"] == {"media_ids": ["(id of Attachments/offer.png)"]}
    assert request["uploaded_before"] == [
        {"file": "offer.png", "sha256": digest(png(40, 30)), "alt": "A"}
    ]


@pytest.mark.parametrize(
    ("items", "said"),
    [
        (["offer.png"] * 5, "at most 4"),
        (["offer.png", "dance.gif"], "one GIF"),
        (["walk.mp4", "offer.png"], "one film"),
        ([{"file": "walk.mp4", "alt": "A walk"}], "cannot have one"),
    ],
    ids=["five", "gif and picture", "film and picture", "film with words"],
)
def test_what_x_would_not_take_is_refused_before_anybody_is_asked(
    vault: Path, items: list[object], said: str
) -> None:
    action = ACTIONS["twitter.create_post"]
    with pytest.raises(NoteError, match=said):
        vault_files.bound(
            vault, action.media, payload_of(action, {"text": "Offer", "media": items})
        )


def test_the_limits_of_x_stand_in_one_table() -> None:
    rule = ACTIONS["twitter.create_post"].media
    assert rule is not None
    assert rule.limits[MediaType.PNG] == 5 * 1024 * 1024
    found = facts_of(FILM)
    assert found is not None
    assert found.type in rule.limits


def test_the_pictures_of_a_thread_belong_to_its_first_post(
    sandbox: Sandbox, settings: Settings, vault: Path
) -> None:
    thread = {"text": "One\n---\nTwo", "media": ["offer.png"]}
    make(settings, "create_thread", thread, vault)
    first, second = (each["payload"] for each in sandbox.effects()[-2:])
    assert len(first["media"]) == 1
    assert "media" not in second
    assert second["in_reply_to_tweet_id"] == first["id"]


# -- whom we may answer ---------------------------------------------------------------------------


def found_for(settings: Settings, tool: str, payload: Payload) -> tuple[Payload, tuple[str, ...]]:
    """Return what the look-up of a proposal finds."""
    lookup = ACTIONS[f"twitter.{tool}"].lookup
    assert lookup is not None
    page = ask(settings, "list_mentions", query=payload[lookup.source], limit=10)
    found, findings = with_found(lookup, payload, list(page.items))
    return found, findings.unclear


@pytest.mark.parametrize(
    ("post_id", "author"), [(ANN, "ann_smith"), (GLOBEX_QUOTE, "globex_gmbh"), (STRANGER, None)]
)
def test_only_who_mentioned_or_quoted_us_is_found_to_be_answered(
    sandbox: Sandbox, settings: Settings, post_id: str, author: str | None
) -> None:
    payload, remarks = found_for(settings, "reply_to_post", {"post_id": post_id, "text": "Hello"})
    assert payload.get("author") == author
    assert bool(remarks) is (author is None)
    if author is None:
        assert remarks[0].startswith(f"X shows no post {post_id} that mentions or quotes your ")
        with pytest.raises(RejectedError, match="no `author`"):
            make(settings, "reply_to_post", payload)
        with pytest.raises(RejectedError, match="has not mentioned or quoted"):
            make(settings, "reply_to_post", {**payload, "author": "a_stranger"})
    else:
        make(settings, "reply_to_post", payload)
    assert len(sandbox.effects()) == (author is not None)


def test_a_message_goes_to_somebody_who_mentioned_us(sandbox: Sandbox, settings: Settings) -> None:
    message = {"recipient": "Ann_Smith", "text": "Hello Ann"}
    payload, remarks = found_for(settings, "send_direct_message", message)
    assert (payload["recipient_id"], remarks) == ("2001", ())
    make(settings, "send_direct_message", payload)
    assert sandbox.effects()[-1]["payload"]["recipient_id"] == "2001"
    unknown, remarks = found_for(
        settings, "send_direct_message", {**message, "recipient": "nobody"}
    )
    assert "recipient_id" not in unknown
    assert remarks
    with pytest.raises(RejectedError, match="recipient_id"):
        make(settings, "send_direct_message", unknown)
    with pytest.raises(RejectedError, match="takes no messages"):
        make(settings, "send_direct_message", {**message, "recipient_id": "2003"})


def test_a_message_is_looked_for_among_the_newest_ones_because_each_costs(
    sandbox: Sandbox, settings: Settings
) -> None:
    write, trace = TOOLSET.writes["send_direct_message"], Trace("AIE-1", datetime.now(UTC))
    message = {"recipient": "ann_smith", "recipient_id": "2001", "text": "Hello Ann"}
    payload = payload_of(ACTIONS["twitter.send_direct_message"], message)
    reader = TOOLSET.reader(settings)
    assert write.reconcile(reader, payload, trace).finding is Finding.ABSENT
    make(settings, "send_direct_message", message)
    assert write.reconcile(reader, payload, trace).finding is Finding.FOUND
    for number in range(10):
        make(settings, "send_direct_message", {**message, "text": f"Number {number}"})
    evidence = write.reconcile(reader, payload, trace)
    assert (evidence.finding, "too many" in evidence.text) == (Finding.UNCLEAR, True)


def test_an_own_post_may_be_answered(sandbox: Sandbox, settings: Settings) -> None:
    own = str(ask(settings, "list_posts", limit=1).items[0]["id"])
    payload, _ = found_for(settings, "reply_to_post", {"post_id": own, "text": "And one more."})
    assert payload["author"] == "sandbox_owner"
    make(settings, "reply_to_post", payload)
    assert sandbox.effects()[-1]["payload"]["in_reply_to_tweet_id"] == own


# -- reads ----------------------------------------------------------------------------------------


def test_mentions_come_with_their_authors(settings: Settings) -> None:
    items = ask(settings, "list_mentions").items
    assert [(item["author"], item["author_id"]) for item in items] == [("ann_smith", "2001")] * 2
    assert items[0]["text"] == "@sandbox_owner thank you & see you soon!"


def test_figures_come_from_x_and_are_never_made_up(settings: Settings, sandbox: Sandbox) -> None:
    page = ask(settings, "get_metrics", limit=2)
    newest = page.items[0]
    assert (newest["impression_count"], newest["like_count"]) == (412 * 4, 9 * 4)
    assert page.extra["account"]["followers_count"] == 128  # type: ignore[index]
    one = ask(settings, "get_metrics", post_ids=[newest["id"], "1"])
    assert [item["id"] for item in one.items] == [newest["id"]]
    rest = ask(settings, "get_metrics", limit=2, cursor=page.next_cursor)
    assert {item["id"] for item in rest.items}.isdisjoint(item["id"] for item in page.items)
    del sandbox


# -- refusals -------------------------------------------------------------------------------------


def test_a_full_window_tells_when_it_ends(sandbox: Sandbox, settings: Settings) -> None:
    x_in(sandbox).switch(posts_left=1)
    make(settings, "create_post", {"text": "One"})
    with pytest.raises(RateLimitedError) as caught:
        make(settings, "create_post", {"text": "Two"})
    assert caught.value.retry_at is not None
    assert caught.value.retry_at > datetime.now(UTC)
    assert len(sandbox.effects()) == 1


def test_a_missing_permission_says_where_to_set_it(sandbox: Sandbox, settings: Settings) -> None:
    x_in(sandbox).switch(may_write=False)
    with pytest.raises(RejectedError, match="Read and write"):
        make(settings, "create_post", {"text": "One"})
    assert ask(settings, "list_posts").items


# -- the tool list --------------------------------------------------------------------------------


def test_the_tool_list_is_small() -> None:
    tools = tool_list(SERVICES["twitter"], Role.PROPOSE)
    assert [tool["name"] for tool in tools] == [
        *("create_post", "create_thread", "reply_to_post", "send_direct_message"),
        *("list_posts", "list_mentions", "get_metrics"),
    ]
    assert len(json.dumps(tools).encode()) < 12_000
