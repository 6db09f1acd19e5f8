"""Each post leaves its line in the day's note and its entries in the log, under one trace."""

from __future__ import annotations

from core import activity, views
from core.actions import State
from mcp_servers.sandbox import Sandbox
from tests.support import Office
from utils.clock import local_day

POST = {"channels": ["facebook", "twitter"], "texts": {"": "Open on Sunday."}}


def outside(office: Office) -> str:
    text = activity.render(office.ws, local_day(office.clock, office.clock.now()))
    assert text is not None
    return text.split("## Notes")[0]


def test_each_network_of_one_note_has_its_line_and_its_entries(live: Office) -> None:
    action_id, note = live.propose("social.publish", POST)
    live.approve(note)
    live.pass_time(10)
    assert live.state(action_id) is State.DONE
    lines = [line for line in outside(live).splitlines() if line.startswith("- **")]
    assert [line.split(": ")[0].split("** ")[1] for line in sorted(lines)] == ["Facebook", "X"]
    assert all("<https://" in line for line in lines)
    assert outside(live).count(f"trace `{action_id}`") == 2
    assert "that does not unsend it" in outside(live)
    for network in ("facebook", "twitter"):
        told = live.log(f"{action_id}/{network}")
        assert {"approved", "sending", "outcome"} <= {entry["event"] for entry in told}
        assert {entry["correlation_id"] for entry in told} == {action_id}
        assert next(e["remote_id"] for e in told if e["event"] == "outcome")
    story = str(views.why(live.ws, action_id))
    assert f"{action_id}/facebook" in story


def test_what_failed_on_one_network_is_no_outside_act_and_is_in_the_log(
    live: Office, sandbox: Sandbox
) -> None:
    sandbox.fault("facebook", "auth_expired", times=0)
    action_id, note = live.propose("social.publish", POST)
    live.approve(note)
    live.pass_time(10)
    lines = [line for line in outside(live).splitlines() if line.startswith("- **")]
    assert len(lines) == 1
    assert " X: " in lines[0]
    told = [e for e in live.log(f"{action_id}/facebook") if e["event"] == "outcome"]
    assert told[0]["error"]
    assert told[0]["correlation_id"] == action_id
