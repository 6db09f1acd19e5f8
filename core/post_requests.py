"""The triage rule for posts: literal words become a proposal, everything else becomes a question.

Rules: no post is ever made up here: its words are the request's own or the owner's answer; who
asks by mail is told to the owner first, because anybody can write; a picture is one that lies in
the vault, by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from core import notes, payloads, publishing
from core.asks import Query, Unclear
from core.extract import mail as mails
from core.extract import posts as reading
from core.extract.posts import PostRequest
from core.note_names import display_name, note_name
from core.tasks import attachment_name
from core.vault import Folder
from utils import files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from core.publishing import Posts
    from core.rules import Material

TEXTS = frozenset({".txt", ".md"})
PICTURES = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".mp4", ".mov")
GO_ON, EVERYWHERE, WITHOUT = "Go on", "All of them", "Without a picture"
OFFERED = 3


class Wanted(NamedTuple):
    """What a post is to be, when nothing is open: its action and arguments, and the words read."""

    kind: str
    arguments: dict[str, object]
    evidence: str


class _Read(NamedTuple):
    request: PostRequest
    words: str
    sender: str
    attached: tuple[str, ...]


def wanted(material: Material) -> Wanted | Unclear | None:
    """Return the post that something that came in asks for.

    Raises:
        NoteError: the mail cannot be read.
    """
    posts = publishing.posts_of(material.ws.services)
    read = _read(material) if posts else None
    if read is None:
        return None
    networks = _networks(read, posts, material.replies)
    missing, pictures = _pictures(material, read)
    picture = material.replies.get("picture", "")
    if picture and picture != WITHOUT and not picture.startswith("Without "):
        missing, pictures = _resolved(material, [picture])
    elif picture:
        networks = [name for name in networks if not _needs_picture(posts, name)]
        missing = []
    text = read.request.text or material.replies.get("text", "")
    queries = [
        *_about_sender(material, read),
        *_about_text(text),
        *_about_networks(networks, posts),
        *_about_pictures(material, posts, networks, missing, pictures),
    ]
    if queries:
        return Unclear(read.words, queries)
    return Wanted(*_call(posts, networks, text, pictures), read.words)


def _read(material: Material) -> _Read | None:
    if material.source.kind == "email":
        return _in_mail(material)
    text = material.text.lstrip("\ufeff")
    is_text = material.source.kind == "file" and material.path.suffix in TEXTS
    if not is_text or text.startswith("---"):
        return None
    request = reading.in_document(text)
    return _Read(request, text, "", ()) if request else None


def _in_mail(material: Material) -> _Read | None:
    mail = mails.parse(files.read_regular(material.path, limit_bytes=mails.RAW_LIMIT_BYTES))
    request = None if mail.is_bulk else reading.in_mail(mail.subject, mail.text or mail.plain)
    if request is None:
        return None
    attached = (a for a in mail.attachments if a.name.lower().endswith(PICTURES))
    kept = tuple(attachment_name(files.digest(a.data), a.name) for a in attached)
    words = f"{mail.subject}\n\n{mail.text or mail.plain}"
    return _Read(request, words, mail.sender_address or "somebody", kept)


def _networks(read: _Read, posts: Posts, replies: Mapping[str, str]) -> list[str]:
    """Return the networks that are named, or that the owner answered; none when it is open."""
    answer = replies.get("networks", "")
    if answer == EVERYWHERE:
        return list(posts)
    named = reading.networks_in(answer) if answer else read.request.networks
    return [name for name in named if name in posts]


# -- pictures -------------------------------------------------------------------------------------


def _pictures(material: Material, read: _Read) -> tuple[list[str], list[str]]:
    missing, found = _resolved(material, list(read.request.pictures))
    return missing, list(dict.fromkeys([*found, *read.attached]))


def _resolved(material: Material, names: list[str]) -> tuple[list[str], list[str]]:
    """Return the names that nothing in the vault has, and the files of the others."""
    missing: list[str] = []
    found: list[str] = []
    for name in names:
        path = _file(material, name)
        (found if path else missing).append(path or name)
    return missing, found


def _file(material: Material, name: str) -> str | None:
    """Return a picture's path in the vault: as it is named, or as it was dropped into the inbox."""
    root = material.ws.vault.root
    inside = not name.startswith("/") and ".." not in name.split("/")
    for path in (name, f"{Folder.ATTACHMENTS}/{name}"):
        if inside and (root / path).is_file():
            return path
    stem = display_name(name.rpartition("/")[2].rpartition(".")[0] or name)
    for kept in material.ws.journal.kept_as(*PICTURES):
        if kept.name == note_name(kept.note_id, stem) and kept.original:
            return kept.original
    return None


def _needs_picture(posts: Posts, name: str) -> bool:
    field = posts[name][1].arguments.model_fields.get("media")
    return field is not None and field.is_required()


# -- questions ------------------------------------------------------------------------------------


def _about_sender(material: Material, read: _Read) -> Iterator[Query]:
    owner = material.ws.settings.text("OWNER_EMAIL").lower()
    if read.sender and read.sender.lower() != owner and material.replies.get("sender") != GO_ON:
        who = notes.inline(read.sender, 100)
        yield Query(
            "sender",
            f"Shall this be posted in your name? {who} asks for it",
            "It did not come from your own address, and anybody can write to you.",
            (GO_ON,),
            own_words=False,
        )


def _about_text(text: str) -> Iterator[Query]:
    if not text.strip():
        yield Query(
            "text",
            "What shall the post say, word for word?",
            "No text is given, and none is made up. Say the offer, until when it holds, what "
            "readers should do, and the link. Or drop a file that begins “Post on X:”.",
        )


def _about_networks(networks: list[str], posts: Posts) -> Iterator[Query]:
    if not networks:
        titles = tuple(title for title, _ in posts.values())
        yield Query(
            "networks", "Where shall it be posted?", "It does not say.", titles + _all(posts)
        )


def _all(posts: Posts) -> tuple[str, ...]:
    return (EVERYWHERE,) if len(posts) > 1 else ()


def _about_pictures(
    material: Material,
    posts: Posts,
    networks: list[str],
    missing: list[str],
    pictures: list[str],
) -> Iterator[Query]:
    """Yield the question for a picture that is named and not there, or that a network needs."""
    needing = [posts[name][0] for name in networks if _needs_picture(posts, name)]
    if not missing and (pictures or not needing):
        return
    reason = f"{' and '.join(needing)} shows no post without one."
    if missing:
        names = ", ".join(notes.inline(name, 80) for name in missing)
        reason = f"{names} does not lie in the vault; drop it into Inbox and write its name here."
    kept = material.ws.journal.kept_as(*PICTURES)[:OFFERED]
    without = (f"Without {' and '.join(needing)}",) if needing else (WITHOUT,)
    can_do_without = not needing or len(needing) < len(networks)
    yield Query(
        "picture",
        "Which picture goes with it?",
        reason,
        tuple(str(each.original) for each in kept) + without * can_do_without,
    )


def _call(
    posts: Posts, networks: list[str], text: str, pictures: list[str]
) -> tuple[str, dict[str, object]]:
    """Return the action and its arguments, not validated yet."""
    media: dict[str, object] = {"media": pictures} if pictures else {}
    if len(networks) > 1:
        return publishing.KIND, {"channels": networks, "texts": {payloads.ANY: text}, **media}
    _, action = posts[networks[0]]
    return action.kind, {str(action.content): text, **media}
