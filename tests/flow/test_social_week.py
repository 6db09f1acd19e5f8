"""A network's week in briefing and audit: asked, kept, and never more than the network told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests  # noqa: F401  # here the servers are threads, and two must not import it at once

from core.books import Span
from core.jobs import jobs
from core.reports import social
from core.reports.making import make_audit, make_briefing
from core.schedule import Job
from core.sources import CallResult
from mcp_servers.facebook.fake import FacebookFake
from mcp_servers.sandbox import Sandbox
from tests.support import Office
from utils.clock import FixedClock
from utils.errors import NotSentError

MONDAY = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
WEEK = Span.parse("2026-W47")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(MONDAY)


@pytest.fixture
def office(tmp_path: Path, clock: FixedClock, sandbox: Sandbox) -> Iterator[Office]:
    made = Office(tmp_path, clock, **sandbox.settings(), APPROVAL_UNDO_S="0")
    yield made
    made.close()


def fake_of(sandbox: Sandbox, kind: type) -> Any:
    return next(each for each in sandbox._fakes if isinstance(each, kind))


def week(office: Office) -> str:
    text = make_briefing(office.ws, office.runner).read_text(encoding="utf-8")
    return text.split("## Social and email\n", 1)[1].split("\n## ", 1)[0]


def gaps(office: Office) -> str:
    text = make_briefing(office.ws, office.runner).read_text(encoding="utf-8")
    return text.split("## Sources and gaps\n", 1)[1]


def test_the_week_is_told_with_what_was_not_given(office: Office, sandbox: Sandbox) -> None:
    told = week(office)
    assert row_of(told, "Facebook") == "0 | 0 | 150 | 14 | 215 | 433 | none"
    assert row_of(told, "Instagram") == "0 | 0 | 610 | no data | 1240 | 287 | none"
    assert row_of(told, "X") == "0 | 0 | no data | no data | no data | no data | $0.00"
    assert "- Facebook, asked 2026-11-23 07:00." in told
    assert "seen most: “Winter hours start on Monday" in told
    assert "seen least" not in told, "of one post there is no worst"
    assert sandbox.requests()["twitter"] == 0, "every question costs money there"
    assert "TWITTER_FIGURES=true" in gaps(office)
    assert "    - reach: of the 7 days up to 2026-11-20\n" in told
    sources = gaps(office)
    assert "- Facebook: reach `page_total_media_view_unique (week)`, engagement" in sources
    assert "- Instagram: reach `reach (day)`, views `views (day)`, followers `followers_" in sources


def test_x_is_asked_when_its_owner_wants_it_and_what_it_charged_is_counted(
    office: Office, sandbox: Sandbox
) -> None:
    office.restart(TWITTER_FIGURES="true", DRY_RUN="false", TWITTER_LIVE="true")
    for text in ("Open on Sunday.", "Look: https://example.com/a"):
        _, note = office.post(text)
        office.approve(note)
        office.look()
    office.clock.advance(7 * 86400)
    told = week(office)
    assert row_of(told, "X") == "2 | 0 | no data | 0 | 0 | 128 | $0.215"
    assert "seen most" in told
    assert "seen least" not in told, "both were seen as often"


def test_a_network_that_is_down_costs_a_sentence_and_what_was_known_stays(
    office: Office, sandbox: Sandbox
) -> None:
    week(office)
    sandbox.fault("facebook", "auth_expired", times=0)
    office.clock.advance(3600)
    told = week(office)
    assert row_of(told, "Facebook") == "0 | 0 | 150 | 14 | 215 | 433 | none"
    assert "- Facebook, asked 2026-11-23 07:00, 1 h old." in told, "as of when it answered"
    assert "- NOT KNOWN. Facebook: " in gaps(office)


def row_of(told: str, network: str) -> str:
    """Return one network's column, from posts to spend."""
    lines = [line.strip("| ").split(" | ") for line in told.splitlines() if line.startswith("| ")]
    column = lines[0].index(network)
    return " | ".join(line[column] for line in lines[2:])


def test_an_office_without_networks_asks_nobody(tmp_path: Path, clock: FixedClock) -> None:
    made = Office(tmp_path, clock)
    told = week(made)
    assert "No social network is set up." in told
    assert "- NOT KNOWN. Not set up: Facebook, Instagram, X." in gaps(made)
    made.close()


class _Silent:
    """A runner whose servers never answer."""

    def call(self, service: str, tool: str, arguments: Mapping[str, object]) -> Future[CallResult]:
        return Future()

    def warm(self, service: str) -> None:
        """Start nothing."""

    def is_held(self, service: str) -> bool:
        return False


def test_a_network_that_never_answers_holds_nothing_up(office: Office) -> None:
    social.collect(office.ws, _Silent(), WEEK, wait_s=0.05)
    assert social.kept(office.ws, "facebook", WEEK) == {"problem": "no answer within 0.05 s"}


# -- day by day -----------------------------------------------------------------------------------


def daily(office: Office) -> Job:
    return next(job for job in jobs(office.ws, office.runner) if job.name == "figures.collect")


def test_the_last_known_figures_are_told_when_a_network_is_down_on_monday(
    office: Office, sandbox: Sandbox
) -> None:
    office.clock.advance(-26 * 3600)  # Sunday, 05:00
    assert daily(office).run() == "Facebook 2026-W47; Instagram 2026-W47"
    office.clock.advance(26 * 3600)
    sandbox.fault("facebook", "drop_before", times=0)
    told = week(office)
    assert row_of(told, "Facebook") == "0 | 0 | 150 | 14 | 215 | 433 | none"
    assert "- Facebook, asked 2026-11-22 05:00, 26 h old." in told
    assert "- NOT KNOWN. Facebook: " in gaps(office)


def test_a_figure_that_is_missing_from_a_newer_answer_is_told_with_its_age(
    office: Office, sandbox: Sandbox
) -> None:
    office.clock.advance(-3 * 86400)
    daily(office).run()
    office.clock.advance(3 * 86400)
    del fake_of(sandbox, FacebookFake).figures["page_post_engagements"]
    told = week(office)
    assert row_of(told, "Facebook") == "0 | 0 | 150 | 14 | 215 | 433 | none"
    assert "    - engagement: asked 2026-11-20 07:00, 3 days old; newer answers did" in told
    assert "- Facebook, asked 2026-11-23 07:00." in told


class _Ticking(FixedClock):
    """A clock that goes on with every look at it, as clocks do."""

    def now(self) -> datetime:
        self.advance(0.001)
        return super().now()


def test_figures_of_one_answer_are_of_one_moment(tmp_path: Path, sandbox: Sandbox) -> None:
    made = Office(tmp_path, _Ticking(MONDAY), **sandbox.settings())
    assert "newer answers" not in week(made)
    made.close()


def test_a_week_that_is_over_is_asked_about_until_it_has_settled(office: Office) -> None:
    assert daily(office).run() == "Facebook 2026-W47; Instagram 2026-W47"
    both = "Facebook 2026-W48; Instagram 2026-W48; Facebook 2026-W47; Instagram 2026-W47"
    for _ in ("Tuesday", "Wednesday"):
        office.clock.advance(86400)
        assert daily(office).run() == both
    office.clock.advance(86400)
    assert daily(office).run() == "Facebook 2026-W48; Instagram 2026-W48"


def test_x_which_charges_is_asked_day_by_day_about_a_week_that_is_over_only(
    office: Office, sandbox: Sandbox
) -> None:
    office.restart(TWITTER_FIGURES="true")
    office.clock.advance(-86400)
    daily(office).run()
    assert sandbox.requests()["twitter"] == 0
    office.clock.advance(86400)
    assert daily(office).run().endswith("X 2026-W47")


def test_a_day_on_which_no_network_answers_is_tried_again_and_one_of_them_is_enough(
    office: Office, sandbox: Sandbox
) -> None:
    sandbox.fault("facebook", "drop_before", times=0)
    said = daily(office).run()
    assert said.startswith("Instagram 2026-W47; Facebook 2026-W47 not: ")
    sandbox.fault("instagram", "drop_before", times=0)
    with pytest.raises(NotSentError, match="Instagram 2026-W47 not: "):
        daily(office).run()


class _Noting(_Silent):
    """A runner whose servers know nothing and remember what they were asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Mapping[str, object]]] = []

    def call(self, service: str, tool: str, arguments: Mapping[str, object]) -> Future[CallResult]:
        self.asked.append((f"{service}.{tool}", arguments))
        answer: Future[CallResult] = Future()
        answer.set_result(CallResult(answered=True, data={"items": []}))
        return answer


@pytest.mark.parametrize(
    ("now", "since", "until"),
    [
        ("2026-11-18T11:00", "2026-11-16T00:00:00+01:00", "2026-11-18T11:00:00+00:00"),
        ("2026-03-31T11:00", "2026-03-23T00:00:00+01:00", "2026-03-30T00:00:00+02:00"),
    ],
    ids=["a week that runs", "a week that loses an hour"],
)
def test_a_network_is_asked_about_the_days_of_the_week_and_no_others(
    tmp_path: Path, sandbox: Sandbox, now: str, since: str, until: str
) -> None:
    clock = FixedClock(datetime.fromisoformat(now).replace(tzinfo=UTC), ZoneInfo("Europe/Berlin"))
    office = Office(tmp_path, clock, **sandbox.settings())
    runner = _Noting()
    social.collect(office.ws, runner, Span.week(datetime.fromisoformat(since).date()))
    asked = dict(runner.asked)["facebook.get_insights"]
    assert str(asked["since"]) == since, "with the owner's offset, because Meta's days are dates"
    instants = [datetime.fromisoformat(str(asked[name])) for name in ("since", "until")]
    assert instants == [datetime.fromisoformat(text) for text in (since, until)]
    office.close()


def test_where_no_network_is_set_up_nothing_is_planned(tmp_path: Path, clock: FixedClock) -> None:
    made = Office(tmp_path, clock)
    assert "figures.collect" not in {job.name for job in jobs(made.ws, made.runner)}
    made.close()


def test_the_audit_tells_the_same_week(office: Office) -> None:
    text = make_audit(office.ws, office.runner).read_text(encoding="utf-8")
    assert "## Social\n" in text
    assert "| In these days | Facebook |" in text
