"""A post with a picture, and a thread, as their owner meets them."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import notes
from core.actions import State
from core.vault import Folder
from mcp_servers.sandbox import Sandbox
from mcp_servers.twitter.fake import TwitterFake
from tests.pictures import png
from tests.support import Office, move
from utils.files import digest

NOTE = """---
type: approval
action: twitter.create_post
---
## Content

Winter offer: 20 % off \\#sledges

## Parameters
```yaml
media: {media}
{more}```
"""


def x_in(sandbox: Sandbox) -> TwitterFake:
    (fake,) = (fake for fake in sandbox._fakes if isinstance(fake, TwitterFake))
    return fake


def picture(office: Office, data: bytes, name: str = "offer.png") -> Path:
    path = office.folder(Folder.ATTACHMENTS) / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return path


def adopted(office: Office, media: str = "offer.png", more: str = "") -> tuple[str, Path]:
    path = office.write(Folder.PENDING, "Offer.md", NOTE.format(media=media, more=more))
    office.pass_time(10)
    return office.ids()[-1], path


def test_the_picture_is_shown_bound_and_posted_once(live: Office, sandbox: Sandbox) -> None:
    picture(live, png())
    action_id, path = adopted(live, '[{file: offer.png, alt: "A sledge"}]  # mine')
    text = path.read_text(encoding="utf-8")
    assert "> ![[Attachments/offer.png]]\n> Alt text: A sledge\n" in text
    assert text.index("![[") < text.index("## Content")
    (item,) = notes.parameters_of(notes.parse(text.encode()))["media"]  # type: ignore[misc]
    assert item == {"file": "offer.png", "sha256": digest(png()), "alt": "A sledge"}
    live.approve(path)
    live.pass_time(20)
    assert live.state(action_id) is State.DONE
    sent = [each["payload"] for each in sandbox.effects() if each["kind"] == "twitter.create_post"]
    assert [post["text"] for post in sent] == ["Winter offer: 20 % off #sledges"]
    assert [(each["sha256"], each["alt"]) for each in sent[0]["media"]] == [
        (digest(png()), "A sledge")
    ]


@pytest.mark.parametrize("how", ["another file", "another name", "no hash any more"])
def test_another_picture_is_asked_about_again(live: Office, sandbox: Sandbox, how: str) -> None:
    picture(live, png())
    action_id, path = adopted(live)
    other = png(9, 9)
    if how == "another file":
        picture(live, other)
    else:
        picture(live, other, "other.png")
        text = path.read_text(encoding="utf-8").replace('file: "offer.png"', "file: other.png")
        if how == "no hash any more":
            text = text.replace(f', sha256: "{digest(png())}"', "")
        assert "other.png" in text
        path.write_text(text, encoding="utf-8")
    live.approve(path)
    live.pass_time(20)
    assert live.state(action_id) is State.PENDING
    assert sandbox.effects() == []
    again = live.note(action_id)
    text = again.read_text(encoding="utf-8")
    assert again.parent == live.pending
    assert "is another file than the one you were shown" in text
    assert digest(other) in text
    assert digest(png()) not in text.split("## Parameters")[1].split("## Why")[0]
    live.approve(again)
    live.pass_time(20)
    assert live.state(action_id) is State.DONE
    (sent,) = (each for each in sandbox.effects() if each["kind"] == "twitter.create_post")
    assert sent["payload"]["media"][0]["sha256"] == digest(other)


def test_a_picture_swapped_while_the_post_waits_is_not_sent(live: Office, sandbox: Sandbox) -> None:
    picture(live, png())
    action_id, path = adopted(live, more="publish_at: 2026-11-21T12:00:00\n")
    live.approve(path)
    live.pass_time(20)
    assert live.state(action_id) is State.APPROVED
    picture(live, png(9, 9))
    live.pass_time(3 * 3600)
    assert live.state(action_id) is State.REFUSED
    assert sandbox.effects() == []
    text = live.note(action_id).read_text(encoding="utf-8")
    assert "sha256 that the file does not have" in text.replace("\n", " ")


@pytest.mark.parametrize(
    ("media", "said"),
    [("nothing.png", "not in the vault"), ("../../etc/passwd", "path inside the vault")],
)
def test_an_unusable_picture_is_said_at_once(live: Office, media: str, said: str) -> None:
    live.write(Folder.PENDING, "Offer.md", NOTE.format(media=media, more=""))
    live.pass_time(10)
    reason = live.folder(Folder.QUARANTINE) / "Offer.reason.md"
    assert said in reason.read_text(encoding="utf-8")


def test_a_picture_that_is_gone_at_approval_is_said_and_asked_again(live: Office) -> None:
    offer = picture(live, png())
    action_id, path = adopted(live)
    offer.unlink()
    live.approve(path)
    live.pass_time(20)
    assert live.state(action_id) is State.PENDING
    assert "not in the vault" in live.note(action_id).read_text(encoding="utf-8")


THREAD = {"text": "One.\n---\nTwo.\n---\nThree."}


def posted(sandbox: Sandbox) -> list[str]:
    return [each["payload"]["text"] for each in sandbox.effects()]


def test_a_thread_that_x_slows_down_goes_on_by_itself(live: Office, sandbox: Sandbox) -> None:
    x_in(sandbox).switch(posts_left=1)
    action_id, path = live.propose("twitter.create_thread", THREAD)
    live.approve(path)
    live.pass_time(20)
    assert posted(sandbox) == ["One."]
    assert live.state(action_id) is State.APPROVED
    x_in(sandbox).switch()
    live.pass_time(12 * 3600)
    assert live.state(action_id) is State.DONE
    assert posted(sandbox) == ["One.", "Two.", "Three."]


def test_a_thread_that_x_stops_is_told_and_only_the_rest_is_sent(
    live: Office, sandbox: Sandbox
) -> None:
    x_in(sandbox).switch(posts_left=2, suspends=True)
    action_id, path = live.propose("twitter.create_thread", THREAD)
    live.approve(path)
    live.pass_time(20)
    note = live.note(action_id)
    text = note.read_text(encoding="utf-8")
    assert note.parent == live.folder(Folder.NEEDS_REVIEW)
    assert "Not all of it: X: Parts 1 to 2 of 3 are public" in text
    assert "Nothing was sent" not in text
    x_in(sandbox).switch()
    live.approve(note)
    live.pass_time(20)
    assert live.state(action_id) is State.DONE
    assert posted(sandbox) == ["One.", "Two.", "Three."]


def test_a_dropped_rest_does_not_say_that_nothing_was_sent(live: Office, sandbox: Sandbox) -> None:
    x_in(sandbox).switch(posts_left=1, suspends=True)
    action_id, path = live.propose("twitter.create_thread", THREAD)
    live.approve(path)
    live.pass_time(20)
    move(live.note(action_id), live.folder(Folder.REJECTED))
    live.pass_time(20)
    assert live.state(action_id) is State.REJECTED
    text = live.note(action_id).read_text(encoding="utf-8")
    assert "Rejected: nothing more was sent" in text
    assert "nothing was sent" not in text.split("## ")[0]
