"""A queue full of what must not be there, before the real daemon: the good note behind it runs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from tests.support import (
    Running,
    command,
    front_of,
    invoice_note,
    log_of,
    post_note,
    run_daemon,
    wait_until,
)

FRONT = "---\ntype: approval\naction: twitter.create_post\n"
ALIAS_BOMB = (
    FRONT
    + "a: &a [x, x, x, x, x, x, x, x, x]\n"
    + "".join(f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in pairwise("abcdefgh"))
    + "---\n## Content\n\nBoom.\n"
)

SET_ASIDE: dict[str, bytes] = {
    "00 bad yaml.md": b'---\ntype: approval\naction: [twitter.create_post\n"---\nText.\n',
    "01 twice.md": (FRONT + "action: bank.transfer\n---\n## Content\n\nHi.\n").encode(),
    "02 binary.md": bytes(range(256)) * 16,
    "03 empty.md": b"",
    "04 large.md": post_note("x").encode() + b"x" * (5 << 20),
    "05 no front matter.md": b"Please post: winter offer.\n",
    "06 unknown.md": b"---\ntype: approval\naction: fax.send_page\n---\nPlease.\n",
    "07 brackets.md": FRONT.encode() + b"x: " + b"[" * 50_000 + b"\n---\n## Content\n\nHi.\n",
    "08 aliases.md": ALIAS_BOMB.encode(),
    "09 latin.md": post_note("Caf\u00e9.").encode("latin-1"),
    "10 git.md": post_note("a").replace("action", "<<<<<<< HEAD\naction", 1).encode(),
    "11 deep parameters.md": invoice_note()
    .replace("currency: EUR", "currency: " + "{a: " * 500)
    .encode(),
}
"""These end in `Quarantine/`, each with its reason beside it."""

ADOPTED: dict[str, bytes] = {
    "20 windows.md": b"\xef\xbb\xbf" + post_note("From Windows.").replace("\n", "\r\n").encode(),
    "21 two words \N{ROCKET} \N{SNOWMAN}.md": post_note("With a rocket.").encode(),
}
"""These are sound, but nobody registered them: they go to `Pending_Approval/` and wait."""

CONFLICT = "22 post.sync-conflict-20261121-093000-ABCDEFG.md"
LEFT_ALONE = {
    CONFLICT: "conflict copy",
    "23 link.md": "link",
    "24 dangling.md": "link",
    "25 folder.md": "folder",
    "26 pipe.md": "not a regular file",
}
"""These are not touched; Dashboard and `doctor` name them."""


@dataclass
class Scene:
    """What lies there after the queue was dealt with."""

    vault: Path
    daemon: Running
    outside: dict[Path, bytes]
    good: str
    doctor: list[dict[str, str]]


def lay_out(approved: Path, outside: Path) -> dict[Path, bytes]:
    """Put everything bad into `Approved/`; return what lies outside the vault."""
    outside.mkdir()
    secret = outside / "secret.md"
    secret.write_text(post_note("This must never be read."))
    for name, data in {**SET_ASIDE, **ADOPTED}.items():
        (approved / name).write_bytes(data)
    (approved / CONFLICT).write_text(post_note("From another device."))
    (approved / "23 link.md").symlink_to(secret)
    (approved / "24 dangling.md").symlink_to(outside / "nothing.md")
    (approved / "25 folder.md").mkdir()
    (approved / "25 folder.md" / "inside.md").write_text(post_note("Inside a folder."))
    os.mkfifo(approved / "26 pipe.md")
    return {secret: secret.read_bytes()}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("hostile")
    vault = folder / "AI_Employee"
    with run_daemon(folder, vault, RESCAN_S="1") as daemon:
        pending, approved = vault / "Pending_Approval", vault / "Approved"
        note = pending / "99 good.md"
        note.write_text(post_note("Good morning."))
        wait_until(lambda: "action_id" in front_of(note), otherwise="the good note is not adopted")
        good = front_of(note)["action_id"]
        wait_until(lambda: "server.started" in daemon.complained(), otherwise="no warm server")

        outside = lay_out(approved, folder / "outside")
        note.rename(approved / note.name)

        dealt_with = [approved / name for name in (*SET_ASIDE, *ADOPTED, note.name)]
        wait_until(
            lambda: not any(map(os.path.lexists, dealt_with)),
            timeout=60,
            otherwise=lambda: (
                f"still there: {sorted(p.name for p in approved.iterdir())}\n"
                + daemon.complained()[-3000:]
            ),
        )
        adopted = [pending / name for name in ADOPTED]
        wait_until(lambda: all("action_id" in path.read_text() for path in adopted))
        found = command("doctor", "--vault", str(vault), "--json", env=daemon.env)
        assert found.returncode == 0, found.stdout + found.stderr
        assert daemon.process.poll() is None, daemon.complained()
        yield Scene(vault, daemon, outside, good, json.loads(found.stdout))


def test_the_good_note_is_done_before_the_bad_ones_are_settled(scene: Scene) -> None:
    done = [e for e in log_of(scene.vault) if e.get("action_id") == scene.good]
    assert done[-1]["event"] == "filed"
    assert done[-1]["result"] == "dry_run_completed"
    (filed,) = (scene.vault / "Completed").glob("*/99 good.md")
    assert front_of(filed)["status"] == "dry_run_completed"

    set_aside = [e["seq"] for e in log_of(scene.vault) if e["event"] == "quarantined"]
    approved = next(e["seq"] for e in done if e["event"] == "approved")
    assert approved < min(set_aside), "it goes ahead in the very round that finds the bad ones"
    assert done[-1]["seq"] < max(set_aside)


def test_every_bad_note_is_set_aside_untouched_with_a_reason(scene: Scene) -> None:
    quarantine = scene.vault / "Quarantine"
    for name, data in SET_ASIDE.items():
        assert (quarantine / name).read_bytes() == data, name
        reason = (quarantine / f"{Path(name).stem}.reason.md").read_text()
        assert reason.startswith("> [!failure] This note was set aside: it "), name
        assert len(reason) < 1000, name
    assert len(list(quarantine.iterdir())) == 2 * len(SET_ASIDE)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("01 twice", "action"),
        ("02 binary", "text"),
        ("03 empty", "is empty"),
        ("04 large", "the limit is 262,144 bytes"),
        ("05 no front matter", "has no"),
        ("06 unknown", "fax.send_page"),
        ("09 latin", "is not UTF-8 text"),
    ],
)
def test_the_reason_says_what_is_wrong(scene: Scene, name: str, words: str) -> None:
    assert words in (scene.vault / "Quarantine" / f"{name}.reason.md").read_text()


def test_sound_notes_nobody_registered_wait_for_a_decision(scene: Scene) -> None:
    waiting = json.loads(
        command("pending", "--vault", str(scene.vault), "--json", env=scene.daemon.env).stdout
    )
    assert sorted(row["note"] for row in waiting) == sorted(
        f"Pending_Approval/{name}" for name in ADOPTED
    )
    windows = (scene.vault / "Pending_Approval" / "20 windows.md").read_bytes()
    assert b"\r\n" in windows
    assert b"\n" not in windows.replace(b"\r\n", b""), "the note keeps its own line ends"


def test_what_is_no_note_stays_and_is_named(scene: Scene) -> None:
    approved = scene.vault / "Approved"
    assert sorted(path.name for path in approved.iterdir()) == sorted(LEFT_ALONE)
    found = {c["text"] for c in scene.doctor if c["name"] == "left alone"}
    for name, why in LEFT_ALONE.items():
        assert any(f"Approved/{name}" in text and why in text for text in found), (name, found)

    assert scene.daemon.end() == 0
    dashboard = (scene.vault / "Dashboard.md").read_text()
    for name in LEFT_ALONE:
        assert name in dashboard


def test_nothing_outside_the_vault_was_touched_or_read(scene: Scene) -> None:
    for path, data in scene.outside.items():
        assert path.read_bytes() == data
        assert sorted(p.name for p in path.parent.iterdir()) == [path.name]
    everything = scene.vault.parent.rglob("*")
    texts = [p.read_bytes() for p in everything if p.is_file() and not p.is_symlink()]
    assert sum(b"This must never be read." in text for text in texts) == len(scene.outside)


def test_the_log_is_sound_and_nothing_was_called_but_the_good_note(scene: Scene) -> None:
    verdict = command("verify-log", "--vault", str(scene.vault), env=scene.daemon.env)
    assert verdict.returncode == 0, verdict.stdout
    called = {e.get("action_id") for e in log_of(scene.vault) if e["event"] == "called"}
    assert called == {scene.good}
    assert "Traceback" not in scene.daemon.complained()
