"""What a dropped text or a mail says about a post: literal words, or a question; never an idea."""

from __future__ import annotations

from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from core import tasks
from core.actions import State, Trust
from core.checks import Checks
from core.extract.posts import PostRequest, in_document, in_mail
from core.records import Row, Source
from core.triage import STAYS, Triage
from core.vault import Folder
from core.workspace import Workspace
from tests.pictures import jpeg
from utils import files
from utils.clock import FixedClock

TW, FB, IG = "twitter", "facebook", "instagram"


@pytest.mark.parametrize(
    ("text", "networks", "words"),
    [
        ("Post on X: Open on Sunday.", (TW,), "Open on Sunday."),
        ("please share this on Facebook and Instagram: Hi ❤️ all", (FB, IG), "Hi ❤️ all"),
        (
            "Publish on facebook, X & insta:\n\nOne.\n\nTwo: 👩🏾‍💻",
            (FB, TW, IG),
            "One.\n\nTwo: 👩🏾‍💻",
        ),
        ("Tweet: Open again", (TW,), "Open again"),
        ("# Facebook post: Open again", (FB,), "Open again"),
        ("Post: Open again", (), "Open again"),
        ("Can you post “Open again” on Facebook?", (FB,), "Open again"),
        ("Bitte poste auf Facebook: Wir haben offen.", (FB,), "Wir haben offen."),
        ("Veröffentliche auf X und Facebook: Offen!", (TW, FB), "Offen!"),
    ],
)
def test_words_behind_a_colon_or_in_quotes_are_the_post(
    text: str, networks: tuple[str, ...], words: str
) -> None:
    assert in_document(text) == PostRequest(networks, words)


@pytest.mark.parametrize(
    ("text", "networks"),
    [
        ("Post something about our offer", ()),
        ("Please write a post about our winter offer on Facebook and X", (FB, TW)),
        ("Could you share our offer on Instagram?", (IG,)),
        ("We should make a short social media post about it", ()),
        ("Schreib einen Beitrag über unser Angebot auf Facebook", (FB,)),
    ],
)
def test_a_request_without_words_has_none(text: str, networks: tuple[str, ...]) -> None:
    assert in_document(text) == PostRequest(networks, "")


@pytest.mark.parametrize(
    "text",
    [
        "Post the invoice to Acme on Monday",
        "Please share the file on Monday: it is urgent",
        "Please do not post anything on Facebook",
        "Please don't share our prices on X",
        "Make a payment to Acme",
        "Write a letter to the post office",
        "Meeting notes\n\nWe talked about Facebook.\nPost on X: this was an idea of Tom's.",
        "The post on Facebook went well: 300 views.",
        "",
    ],
)
def test_other_texts_are_no_request(text: str) -> None:
    assert in_document(text) is None


def test_pictures_are_named_and_are_no_part_of_the_text() -> None:
    text = "Post on X: Our bench.\n\n![[bench.jpg]]\nPicture: oak table.png"
    assert in_document(text) == PostRequest((TW,), "Our bench.", ("bench.jpg", "oak table.png"))


def test_in_a_mail_what_follows_the_paragraph_is_said_to_the_reader() -> None:
    mail = "Hi Sam,\n\nplease post on X: Open on Sunday.\n\nThanks!\nJo"
    assert in_mail("Sunday", mail) == PostRequest((TW,), "Open on Sunday.")
    assert in_mail("Please post something on X", "It is about our offer.") == PostRequest((TW,), "")
    assert in_mail("Hello", "> Post on X: Open on Sunday.") is None, "quoted words ask for nothing"


# -- in the vault ---------------------------------------------------------------------------------


@pytest.fixture
def sweep(ws: Workspace, clock: FixedClock, runner: Any) -> Callable[[], None]:
    """Return a function that triages until every answer is old enough to be taken."""
    triage = Triage(ws, Checks(ws, runner, lambda: None))

    def until_quiet() -> None:
        for _ in range(3):
            triage.sweep()
            clock.advance(60)

    return until_quiet


def drop(ws: Workspace, clock: FixedClock, data: bytes, name: str, kind: str = "file") -> Source:
    """Let something come in as the inbox or the mailbox brings it."""
    kept = tasks.attachment_name(files.digest(data), name)
    (ws.vault.folder(Folder.ATTACHMENTS) / kept).write_bytes(data)
    dropped = tasks.Dropped(
        key=f"{kind}:{kept}",
        source=kind,
        sender="somebody",
        subject=Path(name).stem,
        received=clock.now(),
        text="",
        attachments=(kept,),
    )
    return tasks.drop(ws, dropped)


def mail_of(text: str, sender: str = "jo@agency.example", picture: bytes | None = None) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, "me@shop.example", "A post"
    mail["Message-ID"] = "<1@agency.example>"
    mail.set_content(text)
    if picture is not None:
        mail.add_attachment(picture, maintype="image", subtype="jpeg", filename="bench.jpg")
    return mail.as_bytes()


def only(ws: Workspace) -> Row:
    (row,) = ws.journal.in_states(State.PENDING)
    return row


def question(ws: Workspace) -> Path:
    (path,) = ws.vault.folder(Folder.NEEDS_ACTION).glob("ASK-*.md")
    return path


def tick(path: Path, label: str, written: str = "") -> None:
    text = path.read_text(encoding="utf-8")
    assert f"- [ ] {label}" in text, text
    path.write_text(text.replace(f"- [ ] {label}", f"- [x] {label}{written}", 1), encoding="utf-8")


OTHER = "Something else (write it behind this): "


def test_literal_words_become_a_tainted_proposal(
    ws: Workspace, clock: FixedClock, sweep: Callable[[], None]
) -> None:
    drop(ws, clock, b"Post on X: Open on Sunday.", "sunday.txt")
    sweep()
    assert (only(ws).kind, only(ws).payload["text"]) == ("twitter.create_post", "Open on Sunday.")
    assert only(ws).trust is Trust.EXTERNAL


def test_several_networks_are_one_proposal_with_the_picture_that_was_dropped(
    ws: Workspace, clock: FixedClock, sweep: Callable[[], None]
) -> None:
    picture = drop(ws, clock, jpeg(1080, 1080), "our bench.jpg")
    text = "Share on Facebook and Instagram: Our bench.\n![[our bench.jpg]]"
    drop(ws, clock, text.encode(), "bench.txt")
    sweep()
    row = only(ws)
    assert row.kind == "social.publish"
    assert row.payload["channels"] == [FB, IG]
    assert row.payload["texts"] == {FB: "Our bench.", IG: "Our bench."}
    (media,) = row.payload["media"]
    assert media["file"] == picture.original
    assert media["sha256"] == files.digest(jpeg(1080, 1080))


def test_a_request_without_words_is_asked_and_the_answer_is_the_post(
    ws: Workspace, clock: FixedClock, sweep: Callable[[], None]
) -> None:
    drop(ws, clock, b"Post something about our offer", "offer.txt")
    sweep()
    assert ws.journal.in_states(State.PENDING) == []
    note = question(ws)
    tick(note, OTHER, "Ten per cent off until Friday: https://example.com/offer")
    tick(note, "X")
    sweep()
    assert only(ws).payload["text"] == "Ten per cent off until Friday: https://example.com/offer"
    assert only(ws).kind == "twitter.create_post"


def test_a_mail_of_somebody_else_is_asked_about_first(
    ws: Workspace, clock: FixedClock, sweep: Callable[[], None]
) -> None:
    drop(ws, clock, mail_of("Post on Facebook: Our bench.", picture=jpeg(9, 9)), "m.eml", "email")
    (
        ws.vault.folder(Folder.ATTACHMENTS)
        / tasks.attachment_name(files.digest(jpeg(9, 9)), "b.jpg")
    ).write_bytes(jpeg(9, 9))
    sweep()
    assert ws.journal.in_states(State.PENDING) == []
    assert "jo@agency.example asks for it" in question(ws).read_text(encoding="utf-8")
    tick(question(ws), "Go on")
    sweep()
    assert only(ws).payload["message"] == "Our bench."
    assert len(only(ws).payload["media"]) == 1


def test_only_the_box_is_a_yes_to_a_post_that_somebody_else_wants(
    ws: Workspace, clock: FixedClock, sweep: Callable[[], None]
) -> None:
    drop(ws, clock, mail_of("Post on Facebook: Our bench."), "m.eml", "email")
    sweep()
    note = question(ws)
    text = note.read_text(encoding="utf-8")
    assert OTHER not in text
    note.write_text(text.replace("- [ ] Go on", "- [x] No, never"), encoding="utf-8")
    sweep()
    assert ws.journal.in_states(State.PENDING) == []
    assert "“No, never” could not be read." in question(ws).read_text(encoding="utf-8")


def test_a_dropped_picture_is_found_by_a_name_of_any_length(
    ws: Workspace, clock: FixedClock, sweep: Callable[[], None]
) -> None:
    name = f"our oak bench -- {'seen from the side, ' * 5}.jpg"
    picture = drop(ws, clock, jpeg(1080, 1080), name)
    drop(ws, clock, f"Post on Facebook: Our bench.\n![[{name}]]".encode(), "bench.txt")
    sweep()
    assert only(ws).payload["media"][0]["file"] == picture.original


def test_instagram_without_a_picture_is_asked_about(
    ws: Workspace, clock: FixedClock, sweep: Callable[[], None]
) -> None:
    drop(ws, clock, b"Share on Facebook and Instagram: Our bench.", "bench.txt")
    sweep()
    assert "Instagram shows no post without one." in question(ws).read_text(encoding="utf-8")
    tick(question(ws), "Without Instagram")
    sweep()
    assert only(ws).kind == "facebook.create_post"


def test_a_picture_that_nobody_has_is_asked_for(
    ws: Workspace, clock: FixedClock, sweep: Callable[[], None]
) -> None:
    drop(ws, clock, b"Post on X: Our bench.\n![[bench.jpg]]", "bench.txt")
    sweep()
    assert "bench.jpg does not lie in the vault" in question(ws).read_text(encoding="utf-8")
    tick(question(ws), "Without a picture")
    sweep()
    assert "media" not in only(ws).payload


def test_a_text_that_is_too_long_is_said_and_stays_a_task(
    ws: Workspace, clock: FixedClock, sweep: Callable[[], None]
) -> None:
    source = drop(ws, clock, b"Post on X: " + b"a" * 281, "long.txt")
    sweep()
    assert ws.journal.in_states(State.PENDING) == []
    note = ws.vault.folder(Folder.NEEDS_ACTION) / str(source.name)
    assert "281" in note.read_text(encoding="utf-8")
    known = ws.journal.source(source.key)
    assert known is not None
    assert known.triaged == STAYS
