"""A network's week in briefing and audit: asked, kept, and never more than the network told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests  # noqa: F401  # here the servers are threads, and two must not import it at once

from core.books import Span
from core.reports import social
from core.reports.making import make_audit, make_briefing
from core.sources import CallResult
from mcp_servers.sandbox import Sandbox
from tests.support import Office
from utils.clock import FixedClock

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


def week(office: Office) -> str:
    text = make_briefing(office.ws, office.runner).read_text(encoding="utf-8")
    return text.split("## Social and email\n", 1)[1].split("\n## ", 1)[0]


def gaps(office: Office) -> str:
    text = make_briefing(office.ws, office.runner).read_text(encoding="utf-8")
    return text.split("## Sources and gaps\n", 1)[1]


def test_the_week_is_told_with_what_was_not_given(office: Office, sandbox: Sandbox) -> None:
    told = week(office)
    assert "| Facebook | 0 | 0 | no data | 14 | 215 | 433 | none |" in told
    assert "| Instagram | 0 | 0 | 610 | no data | 1240 | no data | none |" in told
    assert "| X | 0 | 0 | no data | no data | no data | no data | $0 |" in told
    assert "- Facebook, asked 2026-11-23T07:00:00." in told
    assert "seen most: “Winter hours start on Monday" in told
    assert "seen least" not in told, "of one post there is no worst"
    assert sandbox.requests()["twitter"] == 0, "every question costs money there"
    assert "TWITTER_FIGURES=true" in gaps(office)
    assert "for 28 days only" in gaps(office)


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
    assert "| X | 2 | 0 | no data | 0 | 0 | 128 | $0.215 |" in told
    assert "seen most" in told
    assert "seen least" not in told, "both were seen as often"


def test_a_network_that_is_down_costs_a_sentence_and_what_was_known_stays(
    office: Office, sandbox: Sandbox
) -> None:
    week(office)
    sandbox.fault("facebook", "auth_expired", times=0)
    office.clock.advance(3600)
    told = week(office)
    assert "| Facebook | 0 | 0 | no data | 14 | 215 | 433 | none |" in told
    assert "- Facebook, asked 2026-11-23T07:00:00." in told, "as of the time it answered"
    assert "- NOT KNOWN. Facebook: " in gaps(office)


def test_an_office_without_networks_asks_nobody(tmp_path: Path, clock: FixedClock) -> None:
    made = Office(tmp_path, clock)
    told = week(made)
    assert told.count("| no data | no data | no data | no data |") == 3
    assert "Facebook: not set up" in gaps(made)
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


def test_the_audit_tells_the_same_week(office: Office) -> None:
    text = make_audit(office.ws, office.runner).read_text(encoding="utf-8")
    assert "## Social\n" in text
    assert "| Facebook | 0 | 0 |" in text
