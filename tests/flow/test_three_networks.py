"""One note, three networks, one picture: real daemon and servers, as their owner works."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from mcp_servers.sandbox import Sandbox
from tests.pictures import jpeg
from tests.support import Running, environment, front_of, make_home, move, run_program, wait_until
from utils.clock import SystemClock

KINDS = {"facebook.create_post", "instagram.publish_media", "twitter.create_post"}


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    folder = tmp_path / "AI_Employee"
    (folder / "Attachments").mkdir(parents=True)
    (folder / "Attachments" / "offer.jpg").write_bytes(jpeg(1080, 1080))
    return folder


@pytest.fixture
def sandbox(vault: Path) -> Iterator[Sandbox]:
    with Sandbox(clock=SystemClock(), vault=vault) as running:
        yield running


@pytest.fixture
def daemon(tmp_path: Path, vault: Path, sandbox: Sandbox) -> Iterator[Running]:
    """The daemon, live against the practice services, in UTC, without a wait after a move."""
    env = environment(
        **sandbox.settings(),
        AI_EMPLOYEE_HOME=str(make_home(tmp_path / "home")),
        AI_EMPLOYEE_SANDBOX="true",
        APPROVAL_UNDO_S="0",
        TIMEZONE="UTC",
    )
    with run_program(tmp_path, "run", "--vault", str(vault), env=env) as running:
        yield running


def written(vault: Path, running: Running, at: datetime | None = None) -> Path:
    """Write a note as a person does, and return the proposal that was made of it."""
    when = f"publish_at: {at:%Y-%m-%dT%H:%M:%S}\n" if at else ""
    note = vault / "Pending_Approval" / "Winter offer.md"
    note.write_text(
        "---\ntype: approval\naction: social.publish\n---\n"
        "## Content facebook\n\nOur winter offer: 20 % off all sledges.\n\n"
        "## Content instagram\n\nWinter is here \\#sledges\n\n"
        "## Content twitter\n\n20 % off all sledges\n\n"
        "## Parameters\n```yaml\nchannels: [facebook, instagram, twitter]\n"
        f'{when}media: {{file: offer.jpg, alt: "A sledge in the snow"}}\n```\n'
    )
    wait_until(lambda: "action_id" in front_of(note), 60, running.complained)
    return note


def posts(sandbox: Sandbox) -> list[dict[str, object]]:
    return [effect for effect in sandbox.effects() if effect["kind"] in KINDS]


def filed(folder: Path, note: Path, running: Running) -> Path:
    """Wait for the note in a folder and return it."""
    wait_until(lambda: list(folder.rglob(note.name)), 60, running.complained)
    (found,) = folder.rglob(note.name)
    wait_until(lambda: "## Result" in found.read_text())
    return found


def test_after_one_move_each_network_has_one_post_at_its_time(
    vault: Path, sandbox: Sandbox, daemon: Running
) -> None:
    due = datetime.fromisoformat(sandbox_now()) + timedelta(seconds=9)
    note = written(vault, daemon, due)
    assert posts(sandbox) == []
    move(note, vault / "Approved")
    done = filed(vault / "Completed", note, daemon)
    assert front_of(done)["status"] == "completed"
    made = posts(sandbox)
    assert sorted(str(post["kind"]) for post in made) == sorted(KINDS)
    assert all(str(post["at"])[:19] >= due.isoformat()[:19] for post in made), (
        "none before its time"
    )
    assert "#sledges" in json.dumps(made), "the hash sign is sent without its escape"


def test_a_fault_on_one_network_brings_back_that_one_alone(
    vault: Path, sandbox: Sandbox, daemon: Running
) -> None:
    note = written(vault, daemon)
    sandbox.fault("instagram", "auth_expired", match="instagram")
    move(note, vault / "Approved")
    review = filed(vault / "Needs_Review", note, daemon)
    assert {post["kind"] for post in posts(sandbox)} == KINDS - {"instagram.publish_media"}
    assert len(posts(sandbox)) == 2
    move(review, vault / "Approved")
    done = filed(vault / "Completed", note, daemon)
    assert front_of(done)["status"] == "completed"
    assert sorted(str(post["kind"]) for post in posts(sandbox)) == sorted(KINDS)


def sandbox_now() -> str:
    """Return the present second in UTC, without an offset, as notes write it."""
    return SystemClock().now().replace(tzinfo=None, microsecond=0).isoformat()
