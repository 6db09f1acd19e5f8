"""A raw mail taken apart: who, when, their own words, what came with it.

Rules: caps on size, lines, parts, depth and headers, set before the email library reads, whose time
grows with the square of some; headers are decoded here, not by its header grammar, which raises on
hostile ones; an attachment's name is for showing only; a mail that cannot be read at all is a
`NoteError`, everything stranger than usual is a remark.
"""

from __future__ import annotations

import binascii
import email
import email.errors
import email.header
import email.policy
import email.utils
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from typing import TYPE_CHECKING

from core.extract import html, quoting
from core.extract.text import clean, decoded, one_line
from utils.errors import NoteError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from core.extract.quoting import Forwarded

RAW_LIMIT_BYTES = 40 * 1024 * 1024
LINE_LIMIT = 600_000
"""So many lines of 76 characters, as base64 has them, are more than the largest mail."""
PART_LIMIT, DEPTH_LIMIT = 100, 10
HEADER_READ_CHARS = 10_000
HEADER_LIMIT_CHARS = 2_000
TEXT_LIMIT_CHARS = 40_000
_ANGLED = re.compile(r"(.{0,1000}?)<([^<>\s]{3,254})>\s*", re.DOTALL)
_BARE = re.compile(r"[^<>\s,;:\"]{1,64}@[^<>\s,;:\"]{1,190}")
_UNSAFE = re.compile(r"[<>:\"|?*%\[\]{}#^`$~]+")


class _Capped(email.policy.Compat32):
    """The library's plain policy, under which no header is longer than we read."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        """Return a header's name and the beginning of its value."""
        name, value = super().header_source_parse(sourcelines)
        return name, value[:HEADER_READ_CHARS]


_CAPPED = _Capped()


@dataclass(frozen=True)
class Attachment:
    """Something that came with a mail.

    Args:
        name: for showing only; nothing is ever stored under it.
        content_type: what the mail says it is, `application/pdf`.
        size: its length in bytes.
        data: the bytes.
    """

    name: str
    content_type: str
    size: int
    data: bytes


@dataclass(frozen=True)
class Mail:
    """A mail.

    Args:
        message_id: without the angle brackets, "" without.
        sender_name: the name that the sender gives, "" without.
        sender_address: the address, lower case; "" when there is none or more than one.
        to: the addresses it is addressed to.
        subject: one line.
        date: when it says it was sent, aware UTC; None when that cannot be read.
        text: the writer's own words, signature included.
        history: what they quoted.
        forwarded: the mail they passed on.
        plain: the own words of the plain-text version beside an HTML one, "" without.
        attachments: what came with it.
        is_bulk: a newsletter, list or automatic answer.
        hidden_text: text was in it that a person does not see; it is left out.
        remarks: what was unusual, in words.
    """

    message_id: str
    sender_name: str
    sender_address: str
    to: tuple[str, ...]
    subject: str
    date: datetime | None
    text: str
    history: str
    forwarded: Forwarded | None
    plain: str
    attachments: tuple[Attachment, ...]
    is_bulk: bool
    hidden_text: bool
    remarks: tuple[str, ...]

    @property
    def quoted_history_removed(self) -> bool:
        """Return whether something was quoted below or between the own words."""
        return bool(self.history.strip())


def parse(raw: bytes) -> Mail:
    """Take a raw mail apart.

    Raises:
        NoteError: it is too large or too deeply nested to be read.
    """
    if len(raw) > RAW_LIMIT_BYTES:
        raise NoteError(f"is {len(raw):,} bytes; a mail of at most {RAW_LIMIT_BYTES:,} is read")
    lines = max(raw.count(b"\n"), raw.count(b"\r"))
    if lines > LINE_LIMIT:
        raise NoteError(f"has {lines:,} lines; a mail of at most {LINE_LIMIT:,} is read")
    try:
        message = email.message_from_bytes(raw, policy=_CAPPED)
    except (RecursionError, ValueError, LookupError, AttributeError, TypeError) as error:
        raise NoteError("cannot be read as a mail: it is damaged or nested too deeply") from error
    headers = _headers(message)
    remarks: list[str] = []
    leaves = list(_leaves(message, remarks))
    shown, plain, hidden = _bodies(leaves)
    if hidden:
        remarks.append("Text that is not shown to a reader was left out.")
    name, address = sender(headers.get("from", ""), remarks)
    subject = one_line(headers.get("subject", ""), 300)
    parts = quoting.split(shown, subject)
    return Mail(
        message_id=one_line(headers.get("message-id", ""), 250).strip("<> "),
        sender_name=name,
        sender_address=address,
        to=tuple(_BARE.findall(headers.get("to", ""))[:50]),
        subject=subject,
        date=_date(headers.get("date", "")),
        text=parts.own,
        history=parts.history,
        forwarded=parts.forwarded,
        plain=quoting.split(plain, subject).own if plain else "",
        attachments=tuple(a for leaf in leaves if (a := _attachment(leaf))),
        is_bulk=_is_bulk(headers),
        hidden_text=hidden,
        remarks=tuple(remarks),
    )


def sender(value: str, remarks: list[str]) -> tuple[str, str]:
    """Return name and address of a `From:` value; what is odd about it is added to the remarks."""
    angled = _ANGLED.fullmatch(value.strip())
    if angled:
        name, address = one_line(angled[1], 120).strip("\"' "), angled[2].lower()
    else:
        name, address = "", value.strip().lower()
    if not _BARE.fullmatch(address) or "<" in name:
        remarks.append("The sender's address cannot be read.")
        return name, ""
    if "@" in name:
        if name.lower() != address:
            remarks.append("The sender's name shows another mail address.")
        name = ""
    if not address.isascii() or "xn--" in address:
        remarks.append("The sender's address is not written in plain letters.")
    return name, address


def _headers(message: Message) -> dict[str, str]:
    """Return the first value of each header, decoded, by its lower-case name."""
    found: dict[str, str] = {}
    for name, value in list(message.raw_items())[:500]:
        if name.lower() not in found:
            found[name.lower()] = header_text(str(value)[:HEADER_LIMIT_CHARS])
    return found


def header_text(value: str) -> str:
    """Return a header's value with encoded words decoded; what cannot be decoded stays."""
    value = decoded(value.encode("utf-8", "surrogateescape"), None)
    value = re.sub(r"[\r\n]+[ \t]*", " ", value)
    try:
        pieces = email.header.decode_header(value)
    except (email.errors.HeaderParseError, binascii.Error, ValueError):
        return clean(value, HEADER_LIMIT_CHARS)
    words = [p if isinstance(p, str) else decoded(p, c or "latin-1") for p, c in pieces]
    return clean("".join(words), HEADER_LIMIT_CHARS)


def _leaves(message: Message, remarks: list[str]) -> Iterator[Message]:
    """Return the parts that hold something, in their order, within the caps."""
    stack: list[tuple[Message, int]] = [(message, 0)]
    seen = 0
    while stack:
        part, depth = stack.pop()
        seen += 1
        if seen > PART_LIMIT or depth > DEPTH_LIMIT:
            remarks.append("The mail has too many parts; the rest was not read.")
            return
        if part.is_multipart() and part.get_content_maintype() == "multipart":
            payload = part.get_payload()
            listed = payload if isinstance(payload, list) else []
            inside = [p for p in listed[: PART_LIMIT + 1] if isinstance(p, Message)]
            stack += [(p, depth + 1) for p in reversed(inside)]
        else:
            yield part


def _bodies(leaves: list[Message]) -> tuple[str, str, bool]:
    """Return what is shown, the plain version beside it, and whether text was hidden."""
    plain = [_text(leaf) for leaf in leaves if _is_body(leaf, "plain")]
    pages = [html.to_text(_text(leaf)) for leaf in leaves[:20] if _is_body(leaf, "html")]
    hidden = any(was_hidden for _, was_hidden in pages)
    marks = re.compile(f"([{html.QUOTE_BEGINS}{html.QUOTE_ENDS}])")
    shown = "\n".join(
        "".join(p if marks.fullmatch(p) else clean(p, TEXT_LIMIT_CHARS) for p in marks.split(page))
        for page, _ in pages
    )
    first = "\n".join(clean(text, TEXT_LIMIT_CHARS) for text in plain)
    if not shown.strip():
        return first[:TEXT_LIMIT_CHARS], "", hidden
    return shown[:TEXT_LIMIT_CHARS], first[:TEXT_LIMIT_CHARS], hidden


def _is_body(part: Message, subtype: str) -> bool:
    return part.get_content_type() == f"text/{subtype}" and not _is_file(part)


def _is_file(part: Message) -> bool:
    return _guarded(part.get_content_disposition) == "attachment" or bool(_raw_name(part))


def _raw_name(part: Message) -> str:
    name = _guarded(part.get_filename)
    return name if isinstance(name, str) else ""


def _guarded(ask: Callable[[], object]) -> object:
    """Return what the email library says of a part; None where a broken one makes it raise."""
    try:
        return ask()
    except (ValueError, LookupError, AttributeError, TypeError, AssertionError, RecursionError):
        return None


def _bytes(part: Message) -> bytes:
    if part.get_content_type() == "message/rfc822":
        inner = part.get_payload() if part.is_multipart() else []
        first = inner[0] if isinstance(inner, list) and inner else None
        data = _guarded(first.as_bytes) if isinstance(first, Message) else b""
    else:
        data = _guarded(lambda: part.get_payload(decode=True))
    return data if isinstance(data, bytes) else b""


def _text(part: Message) -> str:
    charset = _guarded(lambda: part.get_param("charset"))
    data = _bytes(part)[: 8 * TEXT_LIMIT_CHARS]
    return decoded(data, charset if isinstance(charset, str) else "")


def _attachment(part: Message) -> Attachment | None:
    if not _is_file(part) and part.get_content_maintype() == "text":
        return None
    data = _bytes(part)
    kind = re.sub(r"[^a-z0-9./+-]", "", part.get_content_type())[:100]
    return Attachment(shown_name(header_text(_raw_name(part)[:1000])), kind, len(data), data)


def shown_name(name: str) -> str:
    """Return an attachment's name as it may be shown: its last part, without special signs."""
    last = re.split(r"[\\/]", one_line(name, 1000))[-1]
    last = re.sub(r"\s+", " ", _UNSAFE.sub("_", last)).strip(" .")
    if len(last) > 100:
        last = last[:60] + "…" + last[-30:]
    return last or "attachment"


def _date(value: str) -> datetime | None:
    try:
        found = email.utils.parsedate_to_datetime(value)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _is_bulk(headers: dict[str, str]) -> bool:
    automatic = headers.get("auto-submitted", "no").strip().lower() not in {"no", ""}
    precedence = headers.get("precedence", "").strip().lower() in {"bulk", "list", "junk"}
    return automatic or precedence or "list-unsubscribe" in headers or "list-id" in headers
