"""The triage rules: what each one can read out of something that came in.

Rules: a rule reads the kept original, never a note that may have been edited; nothing is guessed:
what is unclear is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from core import books_csv, frontmatter, notes, payloads, post_requests
from core.asks import Query, Unclear
from core.extract import asking, pdf
from core.extract import mail as mails
from core.extract import requests as reading
from core.extract.found import Setting
from core.extract.suspicion import look_alike
from core.tasks import attachment_name, text_of
from utils import files
from utils.clock import local_day
from utils.errors import NoteError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from core.extract.mail import Mail
    from core.extract.requests import Extraction
    from core.records import Source
    from core.workspace import Workspace

PAPERS, GO_ON = "papers", "It is right: go on"
PAPERS_READ = 3
"""How many papers of one mail are read; a mail with more is unusual and its text decides."""


@dataclass(frozen=True)
class Wish:
    """What a rule read out of something that came in.

    Args:
        kind: the action, `service.verb_noun`.
        arguments: not validated yet.
        evidence: the words it was read from, shown quoted.
        sender: the mail address of whoever asks, "" where nobody else does.
    """

    kind: str
    arguments: Mapping[str, object]
    evidence: str
    sender: str = ""


@dataclass(frozen=True)
class Suspicious:
    """A mail from which nothing is proposed, and which somebody should still be careful with.

    Args:
        signs: what is wrong with it, a sentence each.
    """

    signs: tuple[str, ...]


@dataclass(frozen=True)
class Material:
    """What a rule may look at.

    Args:
        ws: the vault; its catalogue and settings.
        source: what came in.
        path: the kept original.
        replies: what the owner answered to our questions about it.
    """

    ws: Workspace
    source: Source
    path: Path
    replies: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """Return the original as text, "" when it is none or too long."""
        return text_of(self.path)


def written_request(material: Material) -> Wish | None:
    """Return the request of a file that is written like a proposal: `action` and parameters.

    Raises:
        NoteError: it names an action, but cannot be read.
    """
    text = material.text
    if material.source.kind != "file" or not text.lstrip("\ufeff").startswith("---"):
        return None
    try:
        front = frontmatter.read(text)
    except NoteError:
        return None
    if not {"action", "action_type", "tool"} & set(front):
        return None
    note = notes.parse(text.encode())
    kind = note.word("action") or ""
    action = material.ws.actions.get(kind)
    if action is None:
        raise NoteError(f"asks for `{notes.inline(kind)}`, which nobody here can do")
    return Wish(kind, payloads.arguments_of(action, note), text)


def mail_request(material: Material) -> Wish | Unclear | Suspicious | None:
    """Return what a mail and its papers ask for.

    Raises:
        NoteError: the mail cannot be read.
    """
    if material.source.kind != "email":
        return None
    mail = mails.parse(files.read_regular(material.path, limit_bytes=mails.RAW_LIMIT_BYTES))
    texts, gaps = _papers(material, mail)
    source, setting = reading.from_mail(mail, _setting(material.ws), texts)
    found = reading.extract(source, setting, material.replies)
    if gaps and found.arguments is not None and material.replies.get(PAPERS) != GO_ON:
        asked = "Is the request right as it stands?"
        question = Query(PAPERS, asked, " ".join(gaps), (GO_ON,), own_words=False)
        return Unclear(source.words, [question])
    is_open = found.kind is None and not found.missing and not material.replies
    if gaps and is_open and not mail.is_bulk:
        return _unread(source.words, " ".join(gaps))
    signs = () if mail.is_bulk else _signs(source)
    if found.kind is None and not found.missing and signs and not material.replies:
        return Suspicious(signs)
    address = source.sender.address
    sender = "" if address in setting.owner_addresses else address
    return _as_outcome(replace(found, notes=(*found.notes, *gaps)), source.words, sender)


def _signs(source: reading.Source) -> tuple[str, ...]:
    """Return what is wrong with a mail; a strange address alone is not enough to speak of it."""
    signs, sender = reading.warnings_of(source), source.sender
    if signs and look_alike(sender.name, sender.address):
        signs += (f"The address {sender.address} only looks like one of {sender.name}.",)
    return signs


def _unread(evidence: str, reason: str) -> Unclear:
    """Return the question what is in a paper that we cannot read; its answer goes on."""
    choices = (*asking.PAPERS.values(), asking.NOTHING)
    asked = "What is in this paper?"
    return Unclear(evidence, [Query("kind", asked, reason, choices, own_words=False)])


def _papers(material: Material, mail: Mail) -> tuple[dict[str, str], list[str]]:
    """Return the texts of a mail's PDFs, and in words what of them was not read."""
    papers = [a for a in mail.attachments if a.name.lower().endswith(".pdf")]
    texts: dict[str, str] = {}
    gaps = [f"Only {PAPERS_READ} of {len(papers)} papers were read."] * (len(papers) > PAPERS_READ)
    for number, paper in enumerate(papers[:PAPERS_READ], start=1):
        name = paper.name if paper.name not in texts else f"{number} {paper.name}"
        texts[name] = ""  # that a paper came along counts, even when it cannot be read
        kept = material.path.parent / attachment_name(files.digest(paper.data), paper.name)
        result = pdf.read(kept)
        if isinstance(result, pdf.PdfText):
            texts[name] = result.text
            gaps += [f"{name} was not read to its end."] * result.cut
        elif isinstance(result, pdf.NoText):
            gaps.append(f"{name} holds pictures only, no text to read.")
        else:
            gaps.append(f"{name} {result.reason}.")
    return texts, gaps


def paper_request(material: Material) -> Wish | Unclear | None:
    """Return what a PDF in the inbox asks for; a scan without text is asked about."""
    if material.source.kind != "file" or material.path.suffix != ".pdf":
        return None
    result = pdf.read(material.path)
    if isinstance(result, pdf.Unreadable):
        raise NoteError(result.reason)
    is_scan = isinstance(result, pdf.NoText)
    scan = f"A scan of {result.pages} page{'s' * (result.pages != 1)}."
    if is_scan and not material.replies:
        return _unread(scan, "It holds pictures only, no text to read.")
    text = "" if isinstance(result, pdf.NoText) else result.text
    source = reading.from_document(material.source.name or "paper", text)
    found = reading.extract(source, _setting(material.ws), material.replies)
    return _as_outcome(found, source.words or scan)


def _as_outcome(found: Extraction, evidence: str, sender: str = "") -> Wish | Unclear | None:
    remarks = "".join(f"\n\n({note})" for note in found.notes)
    if found.missing:
        queries = [
            Query(
                *(q.key, q.text, q.reason, tuple(choice.label for choice in q.candidates)),
                sender=sender if q.is_sender else "",
                own_words=q.own_words,
            )
            for q in found.missing
        ]
        return Unclear(evidence + remarks, queries, str(found.kind or ""))
    if found.kind is None or found.arguments is None:
        return None
    return Wish(str(found.kind), found.arguments, evidence + remarks, sender)


def _setting(ws: Workspace) -> Setting:
    owner, names = ws.settings.text("OWNER_EMAIL"), ws.settings.text("OWNER_NAMES").split(";")
    return Setting(
        today=local_day(ws.clock, ws.clock.now()),
        home_currency=ws.settings.text("LIMIT_CURRENCY"),
        owner_names=tuple(name.strip() for name in names if name.strip()),
        owner_addresses=(owner.lower(),) if owner else (),
    )


def bank_export(material: Material) -> Unclear | None:
    """Return what must be known before a bank's CSV export can be counted; proposes nothing.

    Raises:
        NoteError: it is a bank export that cannot be read.
    """
    if material.source.kind != "file" or material.path.suffix not in books_csv.SUFFIXES:
        return None
    return books_csv.take_in(material.ws, material.source, material.path, material.replies)


def post_request(material: Material) -> Wish | Unclear | None:
    """Return the post that a dropped text or a mail asks for.

    Raises:
        NoteError: the mail cannot be read.
    """
    found = post_requests.wanted(material)
    return Wish(*found) if isinstance(found, post_requests.Wanted) else found


Rule = Callable[[Material], Wish | Unclear | Suspicious | None]
RULES: tuple[Rule, ...] = (
    written_request,
    mail_request,
    paper_request,
    bank_export,
    post_request,
)
