"""A mail's bytes become named texts; whatever it says is data.

Rules: never raises, however broken or hostile the mail is; no part of it is trusted to be short,
shallow or honest about its name; text that HTML hides from a person is not read. Not covered:
text hidden by style sheets or colours, and text inside pictures.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage, MIMEPart
from email.parser import BytesParser
from email.utils import getaddresses, parsedate_to_datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT_TEXT_CHARS = 20_000
LIMIT_HTML_CHARS = 500_000
LIMIT_LINE_CHARS = 500
LIMIT_PARTS = 200
LIMIT_ATTACHMENTS = 50
LIMIT_NAME_CHARS = 100

_BROKEN = (
    *(ValueError, LookupError, AttributeError, TypeError, RecursionError, AssertionError),
    *(NotImplementedError, MemoryError),
)
"""What the standard library's mail parser raises on mails that are no mails."""
_INVISIBLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d]*[1-9])"
    r"|opacity\s*:\s*0(?![.\d]*[1-9])|(?:max-height|max-width)\s*:\s*0(?![.\d]*[1-9])",
    re.IGNORECASE,
)
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,400}>")
_HIDING = frozenset("\u200b\u2060\ufeff\u00ad\u180e")
_NOT_IN_NAMES = re.compile(r"[^\w .()+-]+")


@dataclass(frozen=True)
class Attachment:
    """A file that came along; its bytes are not here."""

    name: str
    type: str
    size_bytes: int


@dataclass(frozen=True)
class Letter:
    """One mail as texts of bounded length, all of them written by somebody else.

    Args:
        message_id: its own Message-ID, "" when it has none that can be used.
        references: the Message-IDs before it in the conversation, oldest first.
        sender: the From address, "" when there is none.
        sender_name: what the sender calls himself.
        reply_to: addresses that answers are asked to go to (Reply-To, else From).
        to: addresses.
        cc: addresses.
        subject: one line.
        sent_at: as the sender says, aware UTC, None when he does not.
        text: what a person would read.
        is_cut: whether the text was longer.
        attachments: the files.
    """

    message_id: str
    references: tuple[str, ...]
    sender: str
    sender_name: str
    reply_to: tuple[str, ...]
    to: tuple[str, ...]
    cc: tuple[str, ...]
    subject: str
    sent_at: datetime | None
    text: str
    is_cut: bool
    attachments: tuple[Attachment, ...]

    @property
    def participants(self) -> frozenset[str]:
        """Return every address of the mail, in small letters."""
        everybody = (self.sender, *self.reply_to, *self.to, *self.cc)
        return frozenset(address.casefold() for address in everybody if address)


def read(data: bytes) -> Letter:
    """Return a mail as texts.

    Args:
        data: the whole message, RFC 5322.
    """
    message = _parsed(data)
    senders = _people(message, "From")
    name, sender = senders[0] if senders else ("", "")
    answers = tuple(address for _, address in _people(message, "Reply-To"))
    text, is_cut = _text_of(message)
    return Letter(
        message_id=next(iter(_ids(message, "Message-ID")), ""),
        references=tuple(_ids(message, "References")[-20:]),
        sender=sender,
        sender_name=name,
        reply_to=answers or ((sender,) if sender else ()),
        to=tuple(address for _, address in _people(message, "To")),
        cc=tuple(address for _, address in _people(message, "Cc")),
        subject=one_line(_header(message, "Subject")),
        sent_at=_instant(_header(message, "Date")),
        text=text,
        is_cut=is_cut,
        attachments=tuple(_attachments(message)),
    )


def _parsed(data: bytes) -> EmailMessage:
    try:
        return BytesParser(EmailMessage, policy=policy.default).parsebytes(data)
    except _BROKEN:
        return EmailMessage()


def _header(message: EmailMessage, name: str) -> str:
    try:
        value = str(message.get(name, ""))
    except _BROKEN:
        raw = next((text for key, text in message.raw_items() if key.lower() == name.lower()), "")
        value = str(raw)
    return clean(value)[: LIMIT_TEXT_CHARS // 2]


def _ids(message: EmailMessage, name: str) -> list[str]:
    return _MESSAGE_ID.findall(_header(message, name))


def _people(message: EmailMessage, name: str) -> list[tuple[str, str]]:
    """Return name and address of everybody in a header; what is no address is left out."""
    from mcp_servers.email.addresses import canonical

    found = []
    for shown, address in getaddresses([_header(message, name)])[:LIMIT_PARTS]:
        try:
            found.append((one_line(shown), canonical(address)))
        except ValueError:
            continue
    return found


def _instant(text: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(text)
        return at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)
    except (*_BROKEN, OverflowError):
        return None


def clean(text: str) -> str:
    """Return a text without controls, marks that turn it round, and characters without width.

    Source: `facts/obsidian.md` 7, untrusted text.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(char for char in text if char in "\n\t" or not _is_hiding(char))


def _is_hiding(char: str) -> bool:
    if char == "\u200d":  # joins the parts of an emoji
        return False
    return char in _HIDING or unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def one_line(text: str, limit: int = LIMIT_LINE_CHARS) -> str:
    """Return a text on one line of bounded length."""
    line = " ".join(clean(text).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def _text_of(message: EmailMessage) -> tuple[str, bool]:
    """Return the text a person would read, and whether it was cut."""
    try:
        body = message.get_body(preferencelist=("plain", "html"))
        content = "" if body is None else _content(body)
    except _BROKEN:
        return "", False
    is_html = body is not None and body.get_content_subtype() == "html"
    limit = LIMIT_HTML_CHARS if is_html else 2 * LIMIT_TEXT_CHARS
    is_cut = len(content) > limit
    content = content[:limit]
    text = clean(plain_of(content) if is_html else content).strip()
    return text[:LIMIT_TEXT_CHARS], is_cut or len(text) > LIMIT_TEXT_CHARS


def _content(part: MIMEPart) -> str:
    try:
        return str(part.get_content())
    except _BROKEN:
        data = part.get_payload(decode=True)
        return data.decode("utf-8", "replace") if isinstance(data, bytes) else ""


def plain_of(html: str) -> str:
    """Return what a person would see of an HTML text; link targets and hidden parts are dropped."""
    from inscriptis import Inscriptis
    from lxml import etree
    from lxml.html import HTMLParser, document_fromstring

    html = html[:LIMIT_HTML_CHARS].replace("\x00", "")
    try:
        parser = HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
        tree = document_fromstring(html.encode("utf-8", "replace"), parser=parser)
        _drop_hidden(tree)
    except (etree.LxmlError, *_BROKEN):
        return ""
    try:
        return str(Inscriptis(tree).get_text())
    except _BROKEN:  # too deep for it
        return str(tree.text_content())


def _drop_hidden(tree: Any) -> None:
    for element in list(tree.iter()):
        style = str(element.get("style") or "")
        hidden = element.get("hidden") is not None or element.tag in {"template", "noscript"}
        if (hidden or _INVISIBLE.search(style)) and element.getparent() is not None:
            element.drop_tree()


def _parts(message: EmailMessage) -> Iterator[EmailMessage]:
    """Yield the parts, a bounded number of them; a mail inside a mail is one part."""
    waiting: list[Any] = [message]
    for _ in range(LIMIT_PARTS):
        if not waiting:
            return
        part = waiting.pop(0)
        yield part
        if part.get_content_maintype() == "multipart" and isinstance(part.get_payload(), list):
            waiting = [*part.get_payload(), *waiting]


def _attachments(message: EmailMessage) -> Iterator[Attachment]:
    count = 0
    for part in _parts(message):
        try:
            name = part.get_filename()
            is_file = bool(name) or part.get_content_disposition() == "attachment"
            is_file = is_file or part.get_content_maintype() not in {"text", "multipart"}
            if not is_file or count == LIMIT_ATTACHMENTS:
                continue
            count += 1
            yield Attachment(
                clean_name(str(name or ""), count),
                one_line(part.get_content_type(), 100),
                _size(part),
            )
        except _BROKEN:
            continue


def _size(part: EmailMessage) -> int:
    data = part.get_payload(decode=True)
    return len(data) if isinstance(data, bytes) else 0


def clean_name(name: str, number: int) -> str:
    """Return a file name that is nothing but a name: no folder, no dot in front, no trick.

    Args:
        name: as the mail has it.
        number: stands in where nothing is left.
    """
    base = clean(name).replace("\\", "/").rpartition("/")[2].replace("\n", " ")
    base = " ".join(_NOT_IN_NAMES.sub("_", unicodedata.normalize("NFC", base)).split())
    stem, dot, suffix = base.strip(" ._").rpartition(".")
    if not dot:
        stem, suffix = suffix, ""
    stem = stem[: LIMIT_NAME_CHARS - 12].strip(" ._")
    name = f"{stem}.{suffix[:10]}" if stem and suffix else stem or suffix[:10]
    return name or f"attachment-{number}"
