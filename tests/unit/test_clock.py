"""Instants, the owner's zone and waits: `utils/clock.py`."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.clock import FixedClock, SystemClock, from_iso, from_local, iso, local_day, show

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")


@given(st.datetimes(timezones=st.timezones()))
def test_an_instant_survives_its_text(at: datetime) -> None:
    try:
        at.astimezone(UTC)
    except OverflowError:  # the first and the last day there are
        return
    assert from_iso(iso(at)) == at.astimezone(UTC)


@given(
    st.datetimes(timezones=st.just(UTC)),
    st.datetimes(timezones=st.just(UTC)),
)
def test_texts_sort_as_instants_do(one: datetime, other: datetime) -> None:
    """The journal compares instants as texts."""
    assert (iso(one) < iso(other)) == (one < other)


def test_a_text_has_microseconds_and_ends_in_z() -> None:
    at = datetime(2026, 11, 21, 10, 30, tzinfo=timezone(timedelta(hours=1)))
    assert iso(at) == "2026-11-21T09:30:00.000000Z"


def test_the_owners_day_is_the_local_one() -> None:
    late = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)
    assert local_day(FixedClock(zone=BERLIN), late) == date(2026, 11, 22)
    assert local_day(FixedClock(zone=NEW_YORK), late) == date(2026, 11, 21)


def test_a_shown_instant_is_local_without_offset() -> None:
    at = datetime(2026, 11, 21, 9, 30, 15, 999, tzinfo=UTC)
    assert show(FixedClock(zone=BERLIN), at) == "2026-11-21T10:30:15"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("2026-11-21T09:30:00", datetime(2026, 11, 21, 8, 30, tzinfo=UTC), id="winter"),
        pytest.param("2026-07-21T09:30", datetime(2026, 7, 21, 7, 30, tzinfo=UTC), id="summer"),
        pytest.param(
            "2026-11-21T09:30:00+05:00", datetime(2026, 11, 21, 4, 30, tzinfo=UTC), id="offset"
        ),
        pytest.param(
            "2026-03-29T02:30:00", datetime(2026, 3, 29, 1, 30, tzinfo=UTC), id="hour-that-is-not"
        ),
    ],
)
def test_a_local_text_is_read_in_the_owners_zone(text: str, expected: datetime) -> None:
    assert from_local(FixedClock(zone=BERLIN), text) == expected


def test_no_date_is_refused() -> None:
    with pytest.raises(ValueError, match="Invalid isoformat"):
        from_local(FixedClock(), "tomorrow")


def test_a_fixed_clock_moves_both_clocks_when_told() -> None:
    clock = FixedClock()
    now, monotonic = clock.now(), clock.monotonic()
    clock.advance(90)
    assert clock.now() - now == timedelta(seconds=90)
    assert clock.monotonic() - monotonic == 90


def test_the_system_clock_is_aware_and_shows_the_chosen_zone() -> None:
    clock = SystemClock(BERLIN)
    assert clock.now().tzinfo is UTC
    assert clock.local(datetime(2026, 11, 21, 9, tzinfo=UTC)).hour == 10
