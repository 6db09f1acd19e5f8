"""Facebook's and Instagram's own promises, against the practice services and the real SDK."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core.actions import Payload, payload_of
from core.doctor import Health
from core.media import LoadedMedia, Media, facts_of
from core.settings import SETTINGS
from mcp_servers.catalog import ACTIONS, READS, SERVICE_SETTINGS
from mcp_servers.facebook import health as facebook_health
from mcp_servers.facebook import tools as facebook
from mcp_servers.facebook.fake import FacebookFake
from mcp_servers.fakes import Request, Response
from mcp_servers.graph import remark_on_version
from mcp_servers.graph.fake_graph import GraphFake
from mcp_servers.graph.insights import instants, whole_days, window
from mcp_servers.instagram import publishing
from mcp_servers.instagram import tools as instagram
from mcp_servers.instagram.fake import InstagramFake
from mcp_servers.sandbox import Sandbox
from mcp_servers.toolset import Finding, Trace
from tests.pictures import jpeg
from utils.clock import FixedClock
from utils.config import Settings
from utils.errors import RateLimitedError, RejectedError, UnknownOutcomeError
from utils.files import digest

PICTURE = jpeg(1080, 1080)
OAK = LoadedMedia(Media(file="oak.jpg", sha256=digest(PICTURE)), PICTURE, facts_of(PICTURE))  # type: ignore[arg-type] # it is one
POST = payload_of(
    ACTIONS["instagram.publish_media"],
    {"caption": "Oak", "media": [{"file": "oak.jpg", "sha256": digest(PICTURE)}]},
)
TOKEN = "EAAB-practice-token"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


class Watched(Sandbox):
    """A sandbox that keeps what it was asked."""

    def __init__(self, clock: FixedClock) -> None:
        super().__init__(clock=clock)
        self.seen: list[Request] = []

    def answer(self, request: Request) -> Response | None:
        self.seen.append(request)
        return super().answer(request)


@pytest.fixture
def box(clock: FixedClock) -> Iterator[Watched]:
    with Watched(clock) as box:
        box._world.files["oak.jpg"] = PICTURE
        yield box


@pytest.fixture
def settings(box: Sandbox) -> Settings:
    values = box.settings() | {"FACEBOOK_PAGE_TOKEN": TOKEN, "INSTAGRAM_TOKEN": TOKEN}
    return Settings((*SETTINGS, *SERVICE_SETTINGS), values, Path())


def fake(box: Sandbox, kind: type[GraphFake]) -> Any:
    return next(each for each in box._fakes if isinstance(each, kind))


def page(settings: Settings, clock: FixedClock) -> Any:
    from mcp_servers.facebook.client import Writer

    return Writer(settings, clock)


def account(settings: Settings, clock: FixedClock) -> Any:
    from mcp_servers.instagram.client import Writer

    return Writer(settings, clock)


def trace(clock: FixedClock, staged_id: str | None = None) -> Trace:
    return Trace("AIE-0123456789", clock.now(), staged_id, (OAK,))


def publish(client: Any, clock: FixedClock, staged_id: str | None = None) -> tuple[str, Any]:
    write = instagram.TOOLSET.writes["publish_media"]
    assert write.stage is not None
    made = write.stage(client, POST, trace(clock, staged_id))
    assert made is not None
    return made, write.perform(client, POST, trace(clock, made))


def read(toolset: Any, kind: str, client: Any, **arguments: object) -> tuple[Any, ...]:
    checked = READS[kind].arguments.model_validate(arguments)
    rows: tuple[Any, ...] = toolset.reads[kind.split(".")[1]](client, checked).items
    return rows


# -- the connection -------------------------------------------------------------------------------


def test_the_token_stands_in_no_address_and_no_body(
    box: Watched, settings: Settings, clock: FixedClock
) -> None:
    client = page(settings, clock)
    read(facebook.TOOLSET, "facebook.list_posts", client)
    client.create(client.account, "feed", {"message": "Hello"})
    client.create(
        client.account, "photos", {"published": "false"}, ("a.jpg", PICTURE, "image/jpeg")
    )
    assert len(box.seen) == 3
    for request in box.seen:
        assert request.headers["authorization"] == f"Bearer {TOKEN}"
        assert TOKEN not in str(request.query)
        assert TOKEN.encode() not in request.body
        assert request.path.startswith("/v26.0/")


def test_lists_wait_when_little_is_left_and_posts_do_not(
    box: Sandbox, settings: Settings, clock: FixedClock
) -> None:
    fake(box, FacebookFake).used_percent = 85
    client = page(settings, clock)
    read(facebook.TOOLSET, "facebook.list_posts", client)
    with pytest.raises(RateLimitedError, match="85 %"):
        read(facebook.TOOLSET, "facebook.list_posts", client)
    assert client.create(client.account, "feed", {"message": "Still"})
    clock.advance(11 * 60)
    assert read(facebook.TOOLSET, "facebook.list_posts", client)


@pytest.mark.parametrize("minutes", [None, 30])
def test_nothing_is_sent_while_meta_says_that_it_refuses(
    box: Sandbox, settings: Settings, clock: FixedClock, minutes: int | None
) -> None:
    graph, client = fake(box, FacebookFake), page(settings, clock)
    graph.used_percent = 100
    graph.regained_in_s = minutes * 60 if minutes else None
    assert client.create(client.account, "feed", {"message": "the last one that is taken"})
    graph.used_percent, graph.regained_in_s = 3, None
    asked = box.requests()["facebook"]
    with pytest.raises(RateLimitedError) as caught:
        client.create(client.account, "feed", {"message": "one too many"})
    assert box.requests()["facebook"] == asked, "not one byte was sent"
    expected = clock.now() + timedelta(minutes=minutes) if minutes else None
    assert caught.value.retry_at == expected
    clock.advance((minutes or 10) * 60)
    assert client.create(client.account, "feed", {"message": "after the wait"})
    assert box.requests()["facebook"] == asked + 1


def test_a_missing_permission_and_a_duplicate_say_what_to_do(
    box: Sandbox, settings: Settings, clock: FixedClock
) -> None:
    client = page(settings, clock)
    fake(box, FacebookFake).denied.add("facebook.create_post")
    with pytest.raises(RejectedError, match="permission") as caught:
        client.create(client.account, "feed", {"message": "Hello"})
    assert caught.value.error_class == "SignInNeeded"
    fake(box, FacebookFake).denied.clear()
    client.create(client.account, "feed", {"message": "Hello"})
    with pytest.raises(RejectedError, match="change the text"):
        client.create(client.account, "feed", {"message": "Hello"})


@pytest.mark.parametrize(
    ("version", "day", "word"),
    [
        ("v26.0", date(2030, 1, 1), None),
        ("v21.0", date(2026, 10, 1), None),
        ("v21.0", date(2026, 11, 21), "ends on 2027-01-21"),
        ("v20.0", date(2026, 11, 21), "ended on"),
        ("v23.0", date(2027, 9, 1), "ends on 2027-10-08"),
        ("v9.0", date(2026, 11, 21), "has ended"),
    ],
)
def test_a_version_is_warned_about_before_it_ends(
    settings: Settings, version: str, day: date, word: str | None
) -> None:
    remark = remark_on_version(settings.with_values(GRAPH_API_VERSION=version), day)
    assert remark is None if word is None else word in (remark or "")


def test_doctor_says_whether_the_token_works(
    box: Sandbox, settings: Settings, clock: FixedClock
) -> None:
    assert [c.health for c in facebook_health.checks(settings, clock)] == [Health.OK]
    box.fault("facebook", "auth_expired")
    (check,) = facebook_health.checks(settings, clock)
    assert check.health is Health.BROKEN
    assert "Make a new one" in check.text


# -- publishing in two steps ----------------------------------------------------------------------


def test_a_container_is_used_again_and_published_once(
    box: Sandbox, settings: Settings, clock: FixedClock
) -> None:
    client = account(settings, clock)
    box.fault("instagram", "http_429", match="instagram.publish_media", seconds=60)
    write = instagram.TOOLSET.writes["publish_media"]
    assert write.stage is not None
    first = write.stage(client, POST, trace(clock))
    with pytest.raises(RateLimitedError):
        write.perform(client, POST, trace(clock, first))
    again, done = publish(client, clock, first)
    assert again == first
    assert done.remote_id
    with pytest.raises(RejectedError, match="earlier attempt"):
        publish(client, clock, first)
    assert [e["kind"] for e in box.effects()].count("instagram.publish_media") == 1


def test_the_container_proves_what_happened(
    box: Sandbox, settings: Settings, clock: FixedClock
) -> None:
    client = account(settings, clock)
    write = instagram.TOOLSET.writes["publish_media"]
    assert write.stage is not None
    for mode, finding in (("drop_before", Finding.ABSENT), ("lost_answer", Finding.FOUND)):
        made = write.stage(client, POST, trace(clock))
        box.fault("instagram", mode, match="instagram.publish_media")
        with pytest.raises(UnknownOutcomeError):
            write.perform(client, POST, trace(clock, made))
        assert write.reconcile(client, POST, trace(clock, made)).finding is finding


def test_an_expired_container_is_made_anew(
    box: Sandbox, settings: Settings, clock: FixedClock
) -> None:
    client = account(settings, clock)
    write = instagram.TOOLSET.writes["publish_media"]
    assert write.stage is not None
    old = write.stage(client, POST, trace(clock))
    clock.advance(25 * 3600)
    with pytest.raises(RejectedError, match="Expired"):
        write.perform(client, POST, trace(clock, old))
    new, _ = publish(client, clock, old)
    assert new != old


def test_a_full_quota_waits(box: Sandbox, settings: Settings, clock: FixedClock) -> None:
    fake(box, InstagramFake).quota_used = 100
    with pytest.raises(RateLimitedError, match="100 posts"):
        publish(account(settings, clock), clock)
    assert box.effects() == []


@pytest.mark.parametrize(
    ("content", "base", "words"),
    [
        (None, None, "HTTP 404"),
        (jpeg(1080, 1079), None, "another file"),
        (PICTURE, "", "MEDIA_BASE_URL is not set"),
    ],
    ids=["not there", "exchanged", "no web space"],
)
def test_only_what_was_approved_is_published(
    box: Sandbox,
    settings: Settings,
    clock: FixedClock,
    content: bytes | None,
    base: str | None,
    words: str,
) -> None:
    box._world.files.clear()
    if content is not None:
        box._world.files["oak.jpg"] = content
    if base is not None:
        settings = settings.with_values(MEDIA_BASE_URL=base)
    client = account(settings, clock)
    with pytest.raises(RejectedError, match=words):
        publish(client, clock)
    check = instagram.TOOLSET.writes["publish_media"].check
    assert check is not None
    assert any(words in remark for remark in check(client, POST).remarks)
    assert box.effects() == []


def test_a_film_that_cannot_be_fetched_is_refused_unpublished(
    box: Sandbox, settings: Settings, clock: FixedClock
) -> None:
    client = account(settings, clock)
    form = {"media_type": "REELS", "video_url": f"{box.url}/gone.mp4", "caption": "Saw"}
    container = client.create(client.account, "media", form)
    write = instagram.TOOLSET.writes["publish_media"]
    with pytest.raises(RejectedError, match="could not use the files"):
        write.perform(client, POST, trace(clock, container))


# -- messages and answers -------------------------------------------------------------------------

MESSAGES = [
    ("facebook", page, "2400000000000"),
    ("instagram", account, "2500000000000"),
]


def message(service: str, person: str) -> Payload:
    arguments = {"recipient_id": person, "message": "Yes."}
    return payload_of(ACTIONS[f"{service}.send_message"], arguments)


@pytest.mark.parametrize(("service", "connect", "people"), MESSAGES)
def test_who_has_not_written_within_a_day_is_not_written_to(
    box: Sandbox, settings: Settings, clock: FixedClock, service: str, connect: Any, people: str
) -> None:
    toolset = facebook.TOOLSET if service == "facebook" else instagram.TOOLSET
    write, client = toolset.writes["send_message"], connect(settings, clock)
    assert write.check is not None
    assert write.stage is not None
    remarks = write.check(client, message(service, f"{people}1")).remarks
    assert any("2026-11-22 07:30 UTC" in remark for remark in remarks)
    for person, words in ((f"{people}2", "24 hours"), (f"{people}9", "not written")):
        assert any(words in r for r in write.check(client, message(service, person)).refusals)
        with pytest.raises(RejectedError, match=words):
            write.stage(client, message(service, person), trace(clock))
    clock.advance(23 * 3600)
    with pytest.raises(RejectedError, match="24 hours"):
        write.stage(client, message(service, f"{people}1"), trace(clock))
    assert box.effects() == []


def test_the_comment_that_would_be_answered_is_shown(settings: Settings, clock: FixedClock) -> None:
    write = facebook.TOOLSET.writes["reply_to_comment"]
    assert write.check is not None
    known = {"comment_id": "122100000000000004_700000000000006", "message": "Yes."}
    (remark,) = write.check(page(settings, clock), known).remarks
    assert "Jo Winter" in remark
    assert "Saturdays" in remark
    (refusal,) = write.check(page(settings, clock), known | {"comment_id": "123_456"}).refusals
    assert "no comment" in refusal


def test_a_post_is_told_with_its_address_and_without_one_it_is_done_all_the_same(
    box: Sandbox, settings: Settings, clock: FixedClock
) -> None:
    _, done = publish(account(settings, clock), clock)
    assert done.remote_url.startswith("https://www.instagram.com/p/")
    box.fault("instagram", "http_500_before", times=0, match="object")
    before = box.requests()["instagram"]
    assert publishing._address_of(account(settings, clock), done.remote_id) == publishing.URL
    assert box.requests()["instagram"] == before + 1, "nobody waits for it"


# -- figures --------------------------------------------------------------------------------------


def test_a_figure_without_data_has_no_value_and_a_dead_one_costs_itself_only(
    box: Sandbox, settings: Settings, clock: FixedClock
) -> None:
    figures = fake(box, FacebookFake).figures
    del figures["page_post_engagements"]
    rows = read(facebook.TOOLSET, "facebook.get_insights", page(settings, clock))
    assert {(row["metric"], row["period"]): row["value"] for row in rows} == {
        ("page_media_view", "day"): 215,
        ("page_post_engagements", "day"): None,
        ("page_follows", "day"): 433,
        ("page_total_media_view_unique", "week"): 150,
        ("page_total_media_view_unique", "days_28"): None,
        ("followers_count", "now"): 434,
    }
    remarks = {(row["metric"], row["period"]): row["remark"] for row in rows}
    dead = "Meta does not give this figure any more"
    assert remarks["page_post_engagements", "day"] == dead
    assert remarks["page_total_media_view_unique", "days_28"] == "no data"
    until = {(row["metric"], row["period"]): row["until"] for row in rows}
    assert until["page_total_media_view_unique", "week"] == "2026-11-20T08:00:00+00:00"
    assert until["followers_count", "now"] is None
    of_post = read(
        *(instagram.TOOLSET, "instagram.get_insights", account(settings, clock)),
        media_id="17900000000000004",
    )
    assert {row["metric"]: row["value"] for row in of_post}["saved"] is None
    assert {row["metric"]: row["value"] for row in of_post}["shares"] == 0


def test_figures_are_asked_from_an_instant_on_or_for_some_days() -> None:
    now = datetime(2026, 11, 18, 12, tzinfo=UTC)
    monday = datetime(2026, 11, 16, tzinfo=UTC)
    assert window(now, monday, datetime(2026, 11, 23, tzinfo=UTC), 28) == (monday, now)
    assert window(now, None, None, 2) == (now - timedelta(days=2), now)
    assert instants(monday, now) == {"since": monday.timestamp(), "until": now.timestamp()}


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Los_Angeles", "Pacific/Auckland"])
def test_a_page_is_asked_about_the_days_of_the_owner_s_calendar(zone: str) -> None:
    start = datetime(2026, 11, 16, tzinfo=ZoneInfo(zone))
    end = datetime(2026, 11, 23, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    assert whole_days(start, end) == {"since": "2026-11-16", "until": "2026-11-23"}
    today = start + timedelta(hours=9)
    assert whole_days(start, today) == {"since": "2026-11-16", "until": "2026-11-17"}


def test_the_limit_is_read_and_not_coded(
    box: Sandbox, settings: Settings, clock: FixedClock
) -> None:
    fake(box, InstagramFake).quota = 25
    publish(account(settings, clock), clock)
    rows = read(instagram.TOOLSET, "instagram.get_publishing_limit", account(settings, clock))
    assert rows == ({"used": 1, "total": 25, "hours": 24},)


def test_comments_are_data_and_ours_are_marked(
    box: Sandbox, settings: Settings, clock: FixedClock
) -> None:
    rows = read(
        *(facebook.TOOLSET, "facebook.list_comments", page(settings, clock)),
        post_id="102030405060708_122100000000000004",
    )
    assert [row["author"] for row in rows] == ["Sam Frost", "Jo Winter"]
    assert not any(row["is_ours"] for row in rows)
