"""Posts with a time: when they go out, what holds them back, and what happens when it is missed."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from core import doctor, throttle, views
from core.actions import State
from core.handbook import HANDBOOK
from core.vault import Folder
from mcp_servers.sandbox import Sandbox
from tests.support import LIVE, Office, edit, move
from utils.clock import FixedClock, from_iso

UNDO_S = 5.0
WINDOW_S = 6 * 3600


def planned(office: Office, at: str | None, text: str = "Winter offer.") -> tuple[str, Path]:
    arguments = {"text": text} if at is None else {"text": text, "publish_at": at}
    return office.propose("twitter.create_post", arguments)


def posted(sandbox: Sandbox, office: Office) -> list[tuple[str, str]]:
    """Return each post's text and local time, as they went out."""
    return [
        (e["payload"]["text"], f"{office.clock.local(from_iso(e['at'])):%m-%d %H:%M:%S}")
        for e in sandbox.effects()
    ]


def rules(office: Office, block: str) -> None:
    path = office.ws.vault.root / HANDBOOK
    path.write_text(f"{path.read_text()}\n```channels\n{block}\n```\n")


# -- at its time ----------------------------------------------------------------------------------


def test_an_approved_post_goes_out_at_its_time_and_not_before(
    live: Office, sandbox: Sandbox
) -> None:
    action_id, path = planned(live, "2026-11-21T15:00")
    live.approve(path)
    live.pass_time(UNDO_S + 1)
    assert live.state(action_id) is State.APPROVED
    assert views.status(live.ws)["planned"] == [f"{action_id} at 2026-11-21T15:00:00"]
    wanted_s = live.look()
    assert wanted_s == pytest.approx(5.5 * 3600 - UNDO_S - 1), "it wakes at that moment, no sooner"

    live.pass_time(8 * 3600)
    assert posted(sandbox, live) == [("Winter offer.", "11-21 15:00:00")]
    events = [e["event"] for e in live.log(action_id)]
    assert events.index("scheduled") < events.index("sending")


@pytest.mark.parametrize("count", [40, pytest.param(200, marks=pytest.mark.slow)])
def test_many_posts_of_one_minute_go_out_in_it(live: Office, sandbox: Sandbox, count: int) -> None:
    for number in range(count):
        _, path = planned(live, "2026-11-21T15:00", f"Offer {number}")
        live.approve(path)
    live.pass_time(8 * 3600)
    times = [at for _, at in posted(sandbox, live)]
    assert len(times) == count
    assert set(times) == {"11-21 15:00:00"}
    assert [text for text, _ in posted(sandbox, live)] == [f"Offer {n}" for n in range(count)]


def test_a_planned_post_is_revoked_by_moving_it_back_and_runs_when_approved_again(
    live: Office, sandbox: Sandbox
) -> None:
    action_id, path = planned(live, "2026-11-21T15:00")
    lies = live.approve(path)
    live.pass_time(3600)
    back = move(lies, live.pending)
    live.pass_time(6 * 3600)
    assert sandbox.effects() == []
    assert live.state(action_id) is State.PENDING

    live.approve(back)  # after its time, within its window: now
    live.pass_time(UNDO_S + 1)
    assert len(sandbox.effects()) == 1


def test_a_new_time_written_into_a_waiting_post_counts(live: Office, sandbox: Sandbox) -> None:
    _, path = planned(live, "2026-11-21T15:00")
    lies = live.approve(path)
    live.pass_time(3600)
    edit(lies, "T15:00", "T18:00")
    live.pass_time(10 * 3600)
    assert posted(sandbox, live) == [("Winter offer.", "11-21 18:00:00")]


def test_a_dry_run_does_not_wait_for_the_time(office: Office) -> None:
    action_id, path = planned(office, "2026-11-24T09:00")
    office.approve(path)
    office.look()
    assert office.state(action_id) is State.DRY_RUN_COMPLETED


# -- missed ---------------------------------------------------------------------------------------


def test_a_post_missed_by_sleep_is_made_up_for_once(live: Office, sandbox: Sandbox) -> None:
    _, path = planned(live, "2026-11-21T15:00")
    live.approve(path)
    live.pass_time(10)
    live.clock.advance(8 * 3600)  # asleep
    live.restart()
    live.pass_time(60)
    live.restart()
    live.pass_time(60)
    assert len(sandbox.effects()) == 1


def test_a_post_missed_by_more_than_its_window_is_held_and_said(
    live: Office, sandbox: Sandbox
) -> None:
    action_id, path = planned(live, "2026-11-21T15:00")
    live.approve(path)
    live.pass_time(10)
    live.clock.advance(5.5 * 3600 + WINDOW_S)
    live.restart()
    live.pass_time(60)
    assert sandbox.effects() == []
    assert live.places(action_id) == ["Needs_Review"]
    assert "It was to go out on 2026-11-21 at 15:00:00" in live.note(action_id).read_text()
    assert "missed" in [e["event"] for e in live.log(action_id)]

    live.approve(live.note(action_id))  # a new decision: now
    live.pass_time(UNDO_S + 1)
    assert len(sandbox.effects()) == 1


def test_a_proposal_is_void_when_its_time_and_window_have_passed(
    live: Office, sandbox: Sandbox
) -> None:
    action_id, path = planned(live, "2026-11-21T15:00")
    live.pass_time(5.5 * 3600 + WINDOW_S + 60)
    assert live.state(action_id) is State.EXPIRED
    assert not path.exists()
    assert sandbox.effects() == []


# -- summer time ----------------------------------------------------------------------------------


@pytest.fixture
def berlin(tmp_path: Path) -> Office:
    clock = FixedClock(
        datetime.fromisoformat("2027-03-27T12:00:00+00:00"), ZoneInfo("Europe/Berlin")
    )
    return Office(tmp_path, clock, **LIVE)


def test_a_time_that_the_clocks_skip_is_said_before_you_decide(berlin: Office) -> None:
    _, path = planned(berlin, "2027-03-28T02:30")
    assert "it goes out on 2027-03-28 at 03:30:00" in path.read_text()
    berlin.close()


def test_a_time_that_the_clocks_repeat_is_said_before_you_decide(berlin: Office) -> None:
    _, path = planned(berlin, "2027-10-31T02:30")
    assert "twice; it goes out the first time" in path.read_text()
    berlin.close()


def test_a_time_that_has_passed_is_said_before_you_decide(berlin: Office) -> None:
    _, path = planned(berlin, "2027-03-20T10:00")
    assert "it goes out as soon as you approve it" in path.read_text()
    _, path = planned(berlin, "2027-03-30T10:00")
    assert "goes out" not in path.read_text().split("## Why")[1]
    berlin.close()


# -- the handbook's rules -------------------------------------------------------------------------


def test_posts_without_a_time_take_the_next_free_slots(live: Office, sandbox: Sandbox) -> None:
    rules(live, 'twitter: {slots: ["09:00", "13:00"]}')
    for number in range(3):
        _, path = planned(live, None, f"Offer {number}")
        assert "next free slot (09:00, 13:00)" in path.read_text()
        live.approve(path)
        live.pass_time(UNDO_S + 1)
    live.pass_time(2 * 24 * 3600)
    assert posted(sandbox, live) == [
        ("Offer 0", "11-21 13:00:00"),
        ("Offer 1", "11-22 09:00:00"),
        ("Offer 2", "11-22 13:00:00"),
    ]


def test_a_gap_lies_between_two_posts(live: Office, sandbox: Sandbox) -> None:
    rules(live, "twitter: {gap_minutes: 90}")
    for number in range(3):
        live.approve(planned(live, "2026-11-21T10:00", f"Offer {number}")[1])
    live.pass_time(8 * 3600)
    assert [at[6:11] for _, at in posted(sandbox, live)] == ["10:00", "11:30", "13:00"]


def test_a_daily_limit_holds_the_rest_until_tomorrow(live: Office, sandbox: Sandbox) -> None:
    rules(live, "twitter: {per_day: 2}")
    for number in range(3):
        live.approve(planned(live, None, f"Offer {number}")[1])
    live.pass_time(23 * 3600)
    assert [at[:8] for _, at in posted(sandbox, live)] == ["11-21 09", "11-21 09", "11-22 00"]


def test_a_broken_block_holds_nothing_back_and_is_said(live: Office, sandbox: Sandbox) -> None:
    rules(live, "twitter: {gap_minutes: soon}")
    live.approve(planned(live, None)[1])
    live.pass_time(UNDO_S + 1)
    assert len(sandbox.effects()) == 1
    said = [c.text for c in doctor.examine(live.ws) if c.name == "channels"]
    assert len(said) == 1
    assert "`gap_minutes`" in said[0]


# -- a service that asks us to wait ---------------------------------------------------------------


def test_a_service_that_asks_to_wait_is_left_alone_and_the_order_is_kept(
    live: Office, sandbox: Sandbox
) -> None:
    sandbox.fault("twitter", "http_429", match="twitter.create_post", seconds=600)
    texts = [f"Offer {number}" for number in range(5)]
    for text in texts:
        live.approve(planned(live, None, text)[1])
    live.pass_time(UNDO_S + 60)
    assert sandbox.effects() == []
    assert sandbox.requests()["twitter"] == 1, "one refusal is enough to know"

    pause = throttle.pauses(live.ws)["twitter"]
    assert pause.until - live.clock.now() < timedelta(seconds=600)
    said = f"X asked us to wait until {live.clock.local(pause.until):%Y-%m-%dT%H:%M:%S}"
    assert views.status(live.ws)["asked_to_wait"] == [said]
    assert any(said in c.text for c in doctor.examine(live.ws))

    live.approve(planned(live, None, "Offer 5")[1])  # one that comes meanwhile waits behind
    live.pass_time(700)
    assert [text for text, _ in posted(sandbox, live)] == [*texts, "Offer 5"]
    assert throttle.pauses(live.ws) == {}
    assert live.places(live.ids()[0]) == ["Completed/2026-11"]


def test_a_restart_does_not_forget_that_a_service_asked_to_wait(
    live: Office, sandbox: Sandbox
) -> None:
    sandbox.fault("twitter", "http_429", match="twitter.create_post", seconds=600)
    live.approve(planned(live, None, "Offer 0")[1])
    live.pass_time(UNDO_S + 1)
    live.restart()
    live.approve(planned(live, None, "Offer 1")[1])
    live.pass_time(300)
    assert sandbox.requests()["twitter"] == 1
    live.pass_time(400)
    assert len(sandbox.effects()) == 2


def test_another_service_goes_on_meanwhile(live: Office, sandbox: Sandbox) -> None:
    sandbox.fault("twitter", "http_429", match="twitter.create_post", seconds=600)
    live.approve(planned(live, None)[1])
    live.pass_time(UNDO_S + 1)
    action_id, path = live.invoice()
    live.approve(path)
    live.pass_time(UNDO_S + 1)
    assert live.state(action_id) is State.DONE


def test_what_waits_for_a_service_may_still_be_taken_back(live: Office, sandbox: Sandbox) -> None:
    sandbox.fault("twitter", "http_429", match="twitter.create_post", seconds=600)
    live.approve(planned(live, None, "Offer 0")[1])
    action_id, path = planned(live, None, "Offer 1")
    lies = live.approve(path)
    live.pass_time(UNDO_S + 1)
    move(lies, live.folder(Folder.REJECTED))
    live.pass_time(700)
    assert [text for text, _ in posted(sandbox, live)] == ["Offer 0"]
    assert live.state(action_id) is State.REJECTED
