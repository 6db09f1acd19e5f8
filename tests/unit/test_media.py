"""Pictures bound by content: `core/media.py`, and how a note shows and keeps them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from core import media, notes, payloads, proposal, proposal_edits, vault_files
from core.actions import Action, Facts, Payload, payload_of
from core.media import Media, MediaFacts, MediaList, MediaRule, MediaType
from tests.pictures import jpeg, png
from utils.errors import NoteError, RefusedError
from utils.files import digest

RULE = MediaRule({MediaType.PNG: 2_000, MediaType.MP4: 4_000}, at_most=2, alt_limit=50)


class Post(BaseModel):
    """An argument model with pictures."""

    text: str = ""
    media: MediaList | None = None


POST = Action(
    kind="wall.create_post",
    summary="Post.",
    arguments=Post,
    describe=lambda post: "post",
    title=lambda post: "Post",
    facts=lambda post: Facts(),
    consequence="It is public.",
    undo="delete it.",
    content="text",
    media=RULE,
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "Attachments").mkdir()
    (tmp_path / "Attachments" / "offer.png").write_bytes(png())
    return tmp_path


def payload(*items: object) -> Payload:
    return payload_of(POST, {"text": "Hello", "media": list(items)})


# -- the shape ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("offer.png", "Attachments/offer.png"),
        ("![[offer.png]]", "Attachments/offer.png"),
        ("[[Brand/Logo 2.png|300]]", "Brand/Logo 2.png"),
        ({"file": "Brand/Cafe\u0301.png"}, "Brand/Caf\u00e9.png"),
    ],
    ids=str,
)
def test_a_picture_is_named_as_people_name_it(given: object, path: str) -> None:
    (item,) = media.media_in(payload(given))
    assert item.path == path
    assert payload_of(POST, {"media": given}) == payload_of(POST, {"media": [given]})


@pytest.mark.parametrize(
    "file",
    [
        *("/etc/passwd", "../secret.png", "Brand/../../x.png", ".obsidian/app.png", "a//b.png"),
        *("C:\\x.png", "a\\b.png", "a|b.png", "a]].png", "a#b.png", "a^b.png", "a\n.png", "", " "),
        *("\u202egnp.exe", "Brand/.hidden.png", "a/"),
    ],
    ids=ascii,
)
def test_nothing_outside_the_vault_can_be_named(file: str) -> None:
    with pytest.raises(ValidationError):
        Media(file=file)


@pytest.mark.parametrize("more", [{"sha256": "00"}, {"sha256": "A" * 64}, {"url": "https://x"}])
def test_a_picture_has_no_other_fields(more: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Media.model_validate({"file": "x.png", **more})


def test_the_schema_stays_small() -> None:
    assert len(json.dumps(Post.model_json_schema())) < 1_300


# -- binding --------------------------------------------------------------------------------------


def test_a_payload_names_what_the_file_holds(root: Path) -> None:
    bound = vault_files.bound(root, RULE, payload({"file": "offer.png", "alt": " An \n offer "}))
    assert bound["media"] == [{"file": "offer.png", "sha256": digest(png()), "alt": "An offer"}]
    assert vault_files.bound(root, RULE, bound) == bound
    assert vault_files.differences(root, RULE, bound) == ()
    (loaded,) = vault_files.load(root, RULE, bound)
    assert (loaded.data, loaded.facts) == (png(), MediaFacts(MediaType.PNG, len(png()), 3, 2))


def test_what_has_no_pictures_is_left_as_it_is(root: Path) -> None:
    plain = payload_of(POST, {"text": "Hello"})
    assert vault_files.bound(root, RULE, plain) is plain
    assert vault_files.bound(root, None, plain) is plain
    assert (vault_files.differences(root, RULE, plain), vault_files.load(root, RULE, plain)) == (
        (),
        (),
    )


def refuse_wide(facts: Any) -> None:
    if any((each.width or 0) > 5 for each in facts):
        raise ValueError("one is wider than 5 pixels")


@pytest.mark.parametrize(
    ("rule", "items", "words"),
    [
        (RULE, ["nothing.png"], "names the picture `Attachments/nothing.png`, which is not"),
        (RULE, ["photo.jpg"], "whose type is JPEG; it must be PNG, MP4"),
        (RULE, ["fake.png"], "whose type is none that is known"),
        (RULE, ["big.png"], "which is 3,059 bytes as PNG; the limit is 2,000"),
        (RULE, ["huge.png"], "which is 5,059 bytes; the limit is 4,000 bytes"),
        (RULE, ["link.png"], "is a link; links are never followed"),
        (RULE, ["Elsewhere/offer.png"], "lies in a folder that is a link"),
        (RULE, ["Brand"], "which is not in the vault"),
        (RULE, ["Attachments/Folder"], "is not a regular file"),
        (RULE, ["offer.png"] * 3, "has 3 pictures; at most 2"),
        (RULE, [{"file": "offer.png", "alt": "a" * 51}], "longer than 50 characters"),
        (RULE, [{"file": "offer.png", "sha256": "0" * 64}], "by a sha256 that the file does not"),
        (MediaRule({MediaType.PNG: 9_000}, 1, check=refuse_wide), ["big.png"], "wider than 5"),
    ],
    ids=[
        *("missing", "wrong type", "no type", "too large for it", "too large", "link"),
        *("linked folder", "no such place", "folder", "too many", "long alt", "other hash"),
        "own check",
    ],
)
def test_what_cannot_be_sent_is_refused_before_anybody_is_asked(
    root: Path, rule: MediaRule, items: list[object], words: str
) -> None:
    folder = root / "Attachments"
    (folder / "photo.jpg").write_bytes(jpeg(3, 2))
    (folder / "fake.png").write_bytes(b"hello")
    (folder / "big.png").write_bytes(big := png(9, 9, filler=3059 - len(png(9, 9)) - 20))
    (folder / "huge.png").write_bytes(png(9, 9, filler=5059 - len(png(9, 9)) - 20))
    (folder / "link.png").symlink_to(folder / "offer.png")
    (folder / "Folder").mkdir()
    (root / "Elsewhere").symlink_to(folder)
    assert len(big) == 3059
    with pytest.raises(NoteError) as caught:
        vault_files.bound(root, rule, payload(*items))
    assert words in caught.value.reason


def test_another_file_under_the_same_name_is_not_what_was_approved(root: Path) -> None:
    bound = vault_files.bound(root, RULE, payload("offer.png"))
    (root / "Attachments" / "offer.png").write_bytes(png(4, 4))
    (said,) = vault_files.differences(root, RULE, bound)
    assert said == "`Attachments/offer.png` is another file than the one you were shown"
    with pytest.raises(RefusedError, match="sha256 that the file does not have"):
        vault_files.load(root, RULE, bound)
    again = vault_files.rebound(root, RULE, bound)
    assert again["media"][0]["sha256"] == digest(png(4, 4))
    assert vault_files.load(root, RULE, again)[0].data == png(4, 4)


def test_a_file_that_is_gone_is_said_and_keeps_its_name(root: Path) -> None:
    bound = vault_files.bound(root, RULE, payload("offer.png"))
    (root / "Attachments" / "offer.png").unlink()
    assert "is not in the vault" in vault_files.differences(root, RULE, bound)[0]
    assert vault_files.rebound(root, RULE, bound) == bound
    with pytest.raises(RefusedError, match="not in the vault"):
        vault_files.load(root, RULE, bound)


def test_an_approval_that_names_no_content_sends_nothing(root: Path) -> None:
    with pytest.raises(RefusedError, match="does not say"):
        vault_files.load(root, RULE, payload("offer.png"))


# -- in a note ------------------------------------------------------------------------------------

NOTE = """---
type: approval
---
My words.

## Content

Hello

## Parameters
```yaml
# before
media:{media}
# after
publish_at: 2026-11-24T09:00:00  # Tuesday
```
## Mine
more
"""


@pytest.mark.parametrize(
    "written",
    [
        " offer.png",
        ' ["offer.png"]',
        " [{file: offer.png}]  # the blue one",
        "\n  - file: offer.png",
        '\n- file: offer.png\n  sha256: "' + "0" * 64 + '"',
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_only_the_pictures_of_a_note_are_rewritten(root: Path, written: str, newline: str) -> None:
    text = NOTE.format(media=written).replace("\n", newline)
    bound = vault_files.bound(root, RULE, payload("offer.png"))
    changed = proposal_edits.with_completed(text, POST, bound)
    note = notes.parse(changed.encode())
    assert notes.parameters_of(note)["media"] == bound["media"]
    assert payloads.payload_in(POST, note)["media"] == bound["media"]
    before, after = text.split(f"media:{written.replace(chr(10), newline)}{newline}")
    assert changed.startswith(before)
    assert changed.endswith(after)
    assert proposal_edits.with_completed(changed, POST, bound) == changed


def test_the_question_shows_the_pictures() -> None:
    shown = proposal.pictures(payload({"file": "offer.png", "alt": "An [[offer]]"}, "b.png"))
    assert shown == [
        *(">", "> ![[Attachments/offer.png]]", "> Alt text: An offer"),
        *(">", "> ![[Attachments/b.png]]", "> No alt text."),
    ]
