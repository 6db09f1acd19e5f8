"""One note, several networks: one decision, one post each, and what happens when one refuses."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field

from core import views
from core.actions import Action, Facts, Mode, Payload, State
from core.services import Service
from core.vault import Folder
from mcp_servers.fields import Arguments, LocalTime
from mcp_servers.sandbox import Sandbox
from mcp_servers.toolset import Done, Evidence, Finding, Toolset, Trace, Write
from tests.pictures import jpeg
from tests.support import LIVE, Office, edit, front_of, move
from utils import durable
from utils.clock import FixedClock
from utils.errors import (
    NoteError,
    RefusedError,
    RejectedError,
    ServiceError,
    UnknownOutcomeError,
)

UNDO_S = 5.0


# -- two more networks, in memory -----------------------------------------------------------------


class BoardPost(Arguments):
    """The arguments of a post on a board."""

    message: str = Field(min_length=1, max_length=100)
    link: str | None = None
    publish_at: LocalTime | None = None


@dataclass
class Board:
    """A network of the tests: takes posts of at most 100 characters, fails when told to."""

    name: str
    title: str
    posts: list[tuple[Payload, str]] = field(default_factory=list)
    failures: list[ServiceError] = field(default_factory=list)
    found: bool = False

    def service(self) -> Service:
        post = Action(
            kind=f"{self.name}.create_post",
            summary="Post.",
            arguments=BoardPost,
            describe=lambda _: "post",
            title=lambda _: "Post",
            facts=lambda _: Facts(),
            consequence="Everybody can read it.",
            undo="delete it.",
            content="message",
        )
        return Service(self.name, self.title, (post,), (), (), (), lambda _: f"{self.title} page 7")

    def toolset(self) -> Toolset:
        def perform(_writer: Any, payload: Payload, trace: Trace) -> Done:
            if self.failures:
                raise self.failures.pop(0)
            self.posts.append((payload, trace.key))
            number = len(self.posts)
            return Done(f"{number}", f"https://{self.name}.example/{number}", "Published.")

        def reconcile(_reader: Any, _payload: Payload, trace: Trace) -> Evidence:
            there = self.found or any(key == trace.key for _, key in self.posts)
            finding = Finding.FOUND if there else Finding.UNCLEAR
            return Evidence(finding, "The board was read.", "9")

        write = Write(lambda _s, payload, key: {"post": payload, "key": key}, perform, reconcile)
        return Toolset(lambda _: object(), lambda _: object(), {"create_post": write}, {})


@pytest.fixture
def mill() -> Board:
    return Board("mill", "The Mill")


@pytest.fixture
def pier() -> Board:
    return Board("pier", "Pier")


def founded(root: Path, clock: FixedClock, sandbox: Sandbox, *boards: Board) -> Office:
    """Return an office with X in the sandbox and some boards, all live."""
    more = {board.name: (board.service(), board.toolset()) for board in boards}
    flags = {f"{board.name.upper()}_LIVE": "true" for board in boards}
    return Office(root, clock, more, **{**sandbox.settings(), **LIVE, **flags})


@pytest.fixture
def town(
    tmp_path: Path, clock: FixedClock, sandbox: Sandbox, mill: Board, pier: Board
) -> Iterator[Office]:
    """An office with three networks: X in the sandbox and two boards."""
    opened = founded(tmp_path, clock, sandbox, mill, pier)
    yield opened
    opened.look()
    opened.check()
    opened.close()


ALL = ("mill", "pier", "twitter")


def publish(office: Office, channels: tuple[str, ...] = ALL, **more: object) -> tuple[str, Path]:
    texts = {name: f"Winter offer, as told on {name}." for name in channels}
    arguments = {"channels": list(channels), "texts": texts, **more}
    return office.propose("social.publish", arguments)


def tweets(sandbox: Sandbox) -> list[str]:
    return [e["payload"]["text"] for e in sandbox.effects()]


def counts(sandbox: Sandbox, *boards: Board) -> list[int]:
    return [*(len(board.posts) for board in boards), len(tweets(sandbox))]


def refusal(board: Board) -> None:
    board.failures.append(RejectedError(board.title, "this picture is not allowed"))


def other_network(path: Path, old: str, new: str) -> None:
    """Put one network in another's place, as an owner edits the note."""
    head, text, parameters = path.read_text().partition("## Parameters")
    head = head.replace(f"## Content {old}", f"## Content {new}")
    path.write_text(head + text + parameters.replace(f"{old}", f"{new}", 1))


# -- one decision ---------------------------------------------------------------------------------


def test_one_move_posts_once_on_each_network_its_own_text(
    town: Office, sandbox: Sandbox, mill: Board, pier: Board
) -> None:
    action_id, path = publish(town, link="https://example.com/offer")
    text = path.read_text()
    assert "publish a post on **The Mill**, **Pier** and **X**?" in text
    assert [line for line in text.splitlines() if line.startswith("## Content")] == [
        "## Content mill",
        "## Content pier",
        "## Content twitter",
    ]
    assert "The link is not sent to X" in text
    assert (
        "> Cost of doing it: The Mill: nothing; Pier: nothing; X: $0.015, charged by X.\n" in text
    )
    assert front_of(path)["action"] == "social.publish"
    assert path.stem == f"{action_id} Post The Mill Pier X Winter offer as told on mill"
    assert [row["action_id"] for row in views.pending(town.ws)] == [action_id]

    edit(path, "as told on mill", "as told by the miller")
    town.approve(path)
    town.pass_time(UNDO_S + 1)

    assert counts(sandbox, mill, pier) == [1, 1, 1]
    assert mill.posts[0][0]["message"] == "Winter offer, as told by the miller."
    assert mill.posts[0][0]["link"] == "https://example.com/offer"
    assert tweets(sandbox) == ["Winter offer, as told on twitter."]
    assert len({key for board in (mill, pier) for _, key in board.posts}) == 2
    assert town.state(action_id) is State.DONE
    assert town.places(action_id) == ["Completed/2026-11"]
    filed = town.note(action_id).read_text()
    assert "> [!success] Done everywhere" in filed
    for title in ("The Mill", "Pier", "X"):
        assert f"> {title}: done" in filed


def test_a_text_that_one_network_had_lately_is_warned_about(town: Office) -> None:
    _, first = publish(town, ("mill", "twitter"))
    again = {"mill": "Winter offer, as told on mill.", "pier": "Something new."}
    arguments = {"channels": ["mill", "pier"], "texts": again, "publish_at": "2026-11-25T09:00"}
    _, waits = town.propose("social.publish", arguments)
    link = f"[[{first.stem}]]. Approve only if you want it twice."
    assert f"WARNING: the same text on The Mill waits for you already: {link}" in waits.read_text()
    assert "the same text on Pier" not in waits.read_text()
    town.approve(first)
    town.pass_time(30)
    planned = {"message": again["mill"], "publish_at": "2026-11-26T09:00"}
    _, alone = town.propose("mill.create_post", planned)
    said = "WARNING: the same text on The Mill was already done on 2026-11-21: "
    assert f"> {said}{link}" in alone.read_text()
    assert alone.read_text().count("WARNING: the same text on The Mill") == 2, "top and reasons"
    _, later = town.propose("pier.create_post", {"message": again["mill"]})
    assert "WARNING" not in later.read_text(), "another network never had it"


def test_the_same_post_at_another_time_is_still_the_same_text(town: Office) -> None:
    _, first = town.propose("mill.create_post", {"message": "Open on Sunday."})
    _, second = town.propose(
        "mill.create_post", {"message": "Open on Sunday.", "publish_at": "2026-11-25T09:00"}
    )
    assert f"WARNING: the same text on The Mill waits for you already: [[{first.stem}]]" in (
        second.read_text()
    )


def test_every_network_has_a_grant_and_a_row_of_its_own(town: Office) -> None:
    action_id, path = publish(town)
    town.approve(path)
    town.pass_time(UNDO_S + 1)
    rows = town.ws.journal.parts_of(action_id)
    assert [row.action_id for row in rows] == [f"{action_id}/{name}" for name in ALL]
    assert [row.kind for row in rows] == [
        "mill.create_post",
        "pier.create_post",
        "twitter.create_post",
    ]
    assert len({row.digest for row in rows}) == 3
    assert all(row.state is State.DONE and row.attempt == 1 for row in rows)
    told = json.dumps(views.why(town.ws, action_id), default=str)
    for row in rows:
        assert row.action_id in told


def test_it_goes_out_everywhere_at_its_time(
    town: Office, sandbox: Sandbox, mill: Board, pier: Board
) -> None:
    _, path = publish(town, publish_at="2026-11-21T10:00")
    assert "on 2026-11-21 at 10:00:00?" in path.read_text()
    town.approve(path)
    town.pass_time(1790)
    assert counts(sandbox, mill, pier) == [0, 0, 0]
    town.pass_time(20)
    assert counts(sandbox, mill, pier) == [1, 1, 1]
    assert sandbox.effects()[0]["at"].startswith("2026-11-21T10:00:00")


def test_a_note_written_by_hand_is_adopted(
    town: Office, sandbox: Sandbox, mill: Board, pier: Board
) -> None:
    path = town.write(
        Folder.PENDING,
        "Mine.md",
        "---\ntype: approval\naction: social.publish\nchannels: [Pier, X]\n---\n"
        "## Content\n\nWinter offer \\#sale\n\n## Content X\n\nShort.\n",
    )
    town.pass_time(10)
    assert "**Pier** and **X**" in path.read_text()
    assert "channels:" in path.read_text().split("## Parameters")[1]
    town.approve(path)
    town.pass_time(20)
    assert counts(sandbox, mill, pier) == [0, 1, 1]
    assert pier.posts[0][0] == {"message": "Winter offer #sale"}
    assert tweets(sandbox) == ["Short."]


def test_a_text_that_is_too_long_for_one_network_is_said_before_you_decide(town: Office) -> None:
    arguments = {"channels": ["pier", "twitter"], "texts": {"pier": "x" * 101, "twitter": "ok"}}
    with pytest.raises(NoteError, match=r"Pier: message: .*at most 100"):
        town.propose("social.publish", arguments)
    with pytest.raises(NoteError, match="X: no text"):
        town.propose("social.publish", {"channels": ["twitter"], "texts": {}})
    with pytest.raises(NoteError, match="`myspace` is no network here"):
        town.propose("social.publish", {"channels": ["myspace"], "texts": {"myspace": "x"}})


def test_one_dry_network_makes_the_whole_a_dry_run(town: Office, sandbox: Sandbox) -> None:
    town.restart(PIER_LIVE="false")
    action_id, path = publish(town)
    assert "To make it real, set first: Pier: PIER_LIVE=true." in path.read_text()
    town.approve(path)
    town.look()
    assert town.state(action_id) is State.DRY_RUN_COMPLETED
    assert sandbox.effects() == []
    filed = town.note(action_id).read_text()
    assert "DRY RUN completed: nothing was sent" in filed
    assert filed.count("The exact request for") == 3

    town.restart(PIER_LIVE="true")
    move(town.note(action_id), town.pending)
    town.pass_time(20)
    row = town.ws.journal.get(action_id)
    assert row is not None
    assert row.mode is Mode.LIVE
    town.approve(town.note(action_id))
    town.pass_time(UNDO_S + 10)
    assert town.state(action_id) is State.DONE
    assert len(sandbox.effects()) == 1


# -- one network refuses --------------------------------------------------------------------------


def test_two_done_and_one_refused_lies_in_review_and_moving_it_runs_only_the_rest(
    town: Office, sandbox: Sandbox, mill: Board, pier: Board
) -> None:
    refusal(pier)
    action_id, path = publish(town)
    town.approve(path)
    town.pass_time(UNDO_S + 10)
    assert counts(sandbox, mill, pier) == [1, 0, 1]
    assert town.places(action_id) == ["Needs_Review"]
    text = town.note(action_id).read_text()
    assert "The Mill, X done, the rest is not" in text
    assert "> Pier: refused (this picture is not allowed)" in text
    assert "what is done is not sent again" in text
    assert [row.action_id for row in town.ws.journal.in_review()] == [action_id]

    note = town.note(action_id)
    edit(note, "as told on pier", "as told on the pier, without a picture")
    town.approve(note)
    town.pass_time(UNDO_S + 10)
    assert counts(sandbox, mill, pier) == [1, 1, 1]
    assert pier.posts[0][0]["message"].endswith("without a picture.")
    assert town.state(action_id) is State.DONE
    assert town.places(action_id) == ["Completed/2026-11"]


def test_what_is_in_doubt_on_one_network_is_asked_and_nothing_is_repeated(
    town: Office, sandbox: Sandbox, mill: Board, pier: Board
) -> None:
    pier.failures.append(UnknownOutcomeError("Pier", "gave no answer"))
    action_id, path = publish(town)
    town.approve(path)
    town.pass_time(300)
    assert counts(sandbox, mill, pier) == [1, 0, 1]
    assert town.state(action_id) is State.UNKNOWN
    assert "> Pier: in doubt" in town.note(action_id).read_text()

    move(town.note(action_id), town.folder(Folder.COMPLETED))
    town.pass_time(20)
    assert town.state(action_id) is State.DONE
    assert counts(sandbox, mill, pier) == [1, 0, 1]


def test_a_network_found_by_reading_back_completes_the_whole(
    town: Office, sandbox: Sandbox, mill: Board, pier: Board
) -> None:
    pier.failures.append(UnknownOutcomeError("Pier", "gave no answer"))
    pier.found = True
    action_id, path = publish(town)
    town.approve(path)
    town.pass_time(60)
    assert town.state(action_id) is State.DONE


def test_a_network_that_asks_to_wait_holds_only_itself(
    town: Office, sandbox: Sandbox, mill: Board, pier: Board
) -> None:
    sandbox.fault("twitter", "http_429", match="twitter.create_post", seconds=600)
    action_id, path = publish(town)
    town.approve(path)
    town.pass_time(60)
    assert counts(sandbox, mill, pier) == [1, 1, 0]
    assert town.state(action_id) is State.APPROVED
    town.pass_time(700)
    assert counts(sandbox, mill, pier) == [1, 1, 1]
    assert town.state(action_id) is State.DONE


# -- taken back -----------------------------------------------------------------------------------


def test_moving_it_back_before_its_time_revokes_all(
    town: Office, sandbox: Sandbox, mill: Board, pier: Board
) -> None:
    action_id, path = publish(town, publish_at="2026-11-21T12:00")
    lies = town.approve(path)
    town.pass_time(600)
    back = move(lies, town.pending)
    town.pass_time(4 * 3600)
    assert counts(sandbox, mill, pier) == [0, 0, 0]
    assert town.state(action_id) is State.PENDING
    town.approve(back)
    town.pass_time(UNDO_S + 10)
    assert counts(sandbox, mill, pier) == [1, 1, 1]


def test_rejecting_what_is_half_done_drops_the_rest_and_says_so(
    town: Office, sandbox: Sandbox, mill: Board, pier: Board
) -> None:
    sandbox.fault("twitter", "http_429", match="twitter.create_post", seconds=600)
    action_id, path = publish(town)
    lies = town.approve(path)
    town.pass_time(60)
    move(lies, town.folder(Folder.REJECTED))
    town.pass_time(900)
    assert counts(sandbox, mill, pier) == [1, 1, 0]
    assert town.state(action_id) is State.REJECTED
    text = town.note(action_id).read_text()
    assert "The Mill, Pier done, the rest is not" in text
    assert "> X: dropped" in text


def test_moving_back_with_a_doubt_ends_in_review_not_in_a_second_post(
    town: Office, sandbox: Sandbox, mill: Board, pier: Board
) -> None:
    sandbox.fault("twitter", "http_429", match="twitter.create_post", seconds=600)
    pier.failures.append(UnknownOutcomeError("Pier", "gave no answer"))
    action_id, path = publish(town)
    lies = town.approve(path)
    town.pass_time(300)
    move(lies, town.pending)
    town.pass_time(60)
    assert town.places(action_id) == ["Needs_Review"]
    text = town.note(action_id).read_text()
    assert "> Pier: in doubt" in text
    assert "> X: taken back" in text
    assert counts(sandbox, mill, pier) == [1, 0, 0]


def in_doubt(town: Office, pier: Board) -> tuple[str, Path]:
    """Return a post that is done on two networks and in doubt on the third, in review."""
    pier.failures.append(UnknownOutcomeError("Pier", "gave no answer"))
    action_id, path = publish(town)
    town.approve(path)
    town.pass_time(300)
    assert town.state(action_id) is State.UNKNOWN
    return action_id, town.note(action_id)


def test_what_is_in_doubt_is_dropped_when_you_say_so(
    town: Office, sandbox: Sandbox, mill: Board, pier: Board
) -> None:
    action_id, note = in_doubt(town, pier)
    move(note, town.folder(Folder.REJECTED))
    town.pass_time(60)
    assert town.state(action_id) is State.REJECTED
    assert town.ws.journal.in_review() == []
    text = town.note(action_id).read_text()
    assert "The Mill, X done, the rest is not" in text
    assert "> Pier: in doubt" in text, "whether it happened is still not known"
    assert counts(sandbox, mill, pier) == [1, 0, 1]


def test_a_second_try_of_what_is_in_doubt_can_be_dropped_while_it_still_waits(
    town: Office, sandbox: Sandbox, mill: Board, pier: Board
) -> None:
    action_id, note = in_doubt(town, pier)
    lies = town.approve(note)
    town.pass_time(UNDO_S / 2)
    assert town.state(action_id) is State.PENDING
    move(lies, town.folder(Folder.REJECTED))
    town.pass_time(60)
    assert town.state(action_id) is State.REJECTED
    assert counts(sandbox, mill, pier) == [1, 0, 1]


# -- the rules and a restart ----------------------------------------------------------------------


def test_the_strictest_rule_of_all_networks_holds(
    town: Office, sandbox: Sandbox, mill: Board, pier: Board
) -> None:
    handbook = town.ws.vault.root / "Company_Handbook.md"
    text = handbook.read_text()
    if "```policy" in text:
        text = text.split("```policy")[0]
    handbook.write_text(f"{text}\n```policy\nhard_stop: [pier.create_post]\n```\n")
    action_id, path = publish(town, ("mill", "twitter"))
    assert path.exists()
    with pytest.raises(RefusedError, match="Your handbook sets pier"):
        publish(town)
    other_network(path, "twitter", "pier")
    town.approve(path)
    town.pass_time(30)
    assert town.places(action_id) == ["Needs_Action"]
    assert counts(sandbox, mill, pier) == [0, 0, 0]


def test_a_restart_at_any_moment_posts_once(
    town: Office, sandbox: Sandbox, mill: Board, pier: Board
) -> None:
    action_id, path = publish(town, publish_at="2026-11-21T10:00")
    town.approve(path)
    for _ in range(40):
        town.restart()
        town.pass_time(60)
    assert counts(sandbox, mill, pier) == [1, 1, 1]
    assert town.state(action_id) is State.DONE


def test_a_network_taken_out_of_the_list_is_not_posted_to_although_its_text_stays(
    town: Office, sandbox: Sandbox, mill: Board, pier: Board
) -> None:
    action_id, path = publish(town)
    head, rest = path.read_text().split("## Parameters")
    path.write_text(head + "## Parameters" + rest.replace('"pier", ', "", 1))
    town.approve(path)
    town.pass_time(30)
    assert town.places(action_id) == ["Pending_Approval"], "other networks are asked once more"
    assert "**The Mill** and **X**?" in town.note(action_id).read_text()
    town.approve(town.note(action_id))
    town.pass_time(30)
    assert counts(sandbox, mill, pier) == [1, 0, 1]


def test_a_property_that_names_other_networks_is_asked_about(
    town: Office, sandbox: Sandbox, mill: Board, pier: Board
) -> None:
    action_id, path = publish(town)
    edit(path, 'channels: ["mill", "pier", "twitter"]', 'channels: ["mill"]')
    town.approve(path)
    town.pass_time(30)
    assert town.places(action_id) == ["Pending_Approval"]
    said = "the property channels says mill, the parameters say mill, pier, twitter"
    assert said in town.note(action_id).read_text()
    assert counts(sandbox, mill, pier) == [0, 0, 0]


def test_changing_the_networks_is_asked_once_more(
    town: Office, sandbox: Sandbox, mill: Board, pier: Board
) -> None:
    action_id, path = publish(town, ("pier", "twitter"))
    other_network(path, "twitter", "mill")
    town.approve(path)
    town.pass_time(30)
    assert town.places(action_id) == ["Pending_Approval"]
    assert "pier, twitter" in town.note(action_id).read_text()
    town.approve(town.note(action_id))
    town.pass_time(30)
    assert counts(sandbox, mill, pier) == [1, 1, 0]


class KilledError(BaseException):
    """The program ends here."""


def life(root: Path, clock: FixedClock, sandbox: Sandbox, dies_at: int | None) -> int:
    """Publish on three networks, dying at the n-th announcement of a durable effect.

    Returns:
        How many announcements there were, up to the death.
    """
    boards = Board("mill", "The Mill"), Board("pier", "Pier")
    office = founded(root, clock, sandbox, *boards)
    _, path = publish(office)
    office.look()
    seen = 0

    def listener(_phase: str, _name: str) -> None:
        nonlocal seen
        seen += 1
        if seen - 1 == dies_at:
            raise KilledError

    town_id = office.ids()[0]
    office.approve(path)
    with durable.listening(listener), suppress(KilledError):
        office.pass_time(UNDO_S + 1)
    office.clock.advance(600)
    office.restart()
    office.pass_time(400)
    state, posts = office.state(town_id), counts(sandbox, *boards)
    assert max(posts) <= 1, f"{dies_at}: {posts}"
    done = (State.DONE, ["Completed/2026-11"], [1, 1, 1])
    if (state, office.places(town_id), posts) != done:
        assert state is State.UNKNOWN, f"{dies_at}: {state} {posts}"
        assert office.places(town_id) == ["Needs_Review"]
    parts = office.ws.journal.parts_of(town_id)
    assert len(parts) == 3
    assert all(part.filed_at is not None for part in parts)
    office.check()
    office.close()
    return seen


@pytest.mark.parametrize("step", [9, pytest.param(1, marks=pytest.mark.slow)])
def test_dying_anywhere_between_approval_and_end_posts_at_most_once(
    tmp_path: Path, sandbox: Sandbox, step: int
) -> None:
    points = life(tmp_path / "whole", FixedClock(), sandbox, None)
    assert points > 30
    for point in range(0, points, step):
        sandbox.reset()
        life(tmp_path / str(point), FixedClock(), sandbox, point)


# -- the real networks ----------------------------------------------------------------------------

REAL = """---
type: approval
action: social.publish
channels: [facebook, instagram, twitter]
---
## Content facebook

Our winter offer: 20 % off all sledges, until Sunday.

## Content instagram

Winter is here \\#sledges

## Content twitter

20 % off all sledges

## Parameters
```yaml
publish_at: 2026-11-21T09:32:00
media: {file: offer.jpg, alt: "A sledge"}
```
"""


def host(sandbox: Sandbox, name: str, data: bytes) -> None:
    """Lay a file where Instagram fetches it."""
    request = urllib.request.Request(f"{sandbox.url}/{name}", data, method="PUT")
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 201


def with_picture(live: Office, sandbox: Sandbox) -> tuple[str, Path]:
    data = jpeg(1080, 1080)
    attachments = live.folder(Folder.ATTACHMENTS)
    attachments.mkdir(exist_ok=True)
    (attachments / "offer.jpg").write_bytes(data)
    host(sandbox, "offer.jpg", data)
    path = live.write(Folder.PENDING, "Offer.md", REAL)
    live.pass_time(10)
    assert path.exists(), list(live.notes())
    return live.ids()[-1], path


def posts(sandbox: Sandbox) -> list[tuple[str, str]]:
    """Return the kinds of the posts that others can see, with their minute."""
    kinds = {"facebook.create_post", "instagram.publish_media", "twitter.create_post"}
    return sorted((e["kind"], e["at"][:19]) for e in sandbox.effects() if e["kind"] in kinds)


def test_one_note_with_a_picture_goes_out_on_three_networks_at_its_time(
    live: Office, sandbox: Sandbox
) -> None:
    action_id, path = with_picture(live, sandbox)
    text = path.read_text()
    assert "**Facebook**, **Instagram** and **X** on 2026-11-21 at 09:32:00?" in text
    assert "![[Attachments/offer.jpg]]" in text
    assert "sha256:" in text
    assert "Not ready yet" not in text, "the picture lies where Instagram fetches it"
    live.approve(path)
    live.pass_time(100)
    assert posts(sandbox) == []
    live.pass_time(60)
    at = "2026-11-21T09:32:00"
    assert posts(sandbox) == [
        ("facebook.create_post", at),
        ("instagram.publish_media", at),
        ("twitter.create_post", at),
    ]
    assert live.state(action_id) is State.DONE
    assert live.places(action_id) == ["Completed/2026-11"]


def test_a_fault_on_one_of_three_leaves_it_to_you_and_moving_the_note_posts_only_that_one(
    live: Office, sandbox: Sandbox
) -> None:
    action_id, path = with_picture(live, sandbox)
    sandbox.fault("instagram", "auth_expired", match="instagram")
    live.approve(path)
    live.pass_time(400)
    assert [kind for kind, _ in posts(sandbox)] == ["facebook.create_post", "twitter.create_post"]
    assert live.places(action_id) == ["Needs_Review"]
    text = live.note(action_id).read_text()
    assert "Facebook, X done, the rest is not" in text

    live.approve(live.note(action_id))
    live.pass_time(60)
    assert [kind for kind, _ in posts(sandbox)] == [
        "facebook.create_post",
        "instagram.publish_media",
        "twitter.create_post",
    ]
    assert live.state(action_id) is State.DONE
