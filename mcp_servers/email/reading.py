"""A mail that came in, as far as an answer needs it: `core.extract.mail` and who is in it.

Rules: whatever a mail says is data; an address that is none is left out; a Message-ID is taken
over into our own headers only if it is made of plain characters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.utils import getaddresses
from typing import TYPE_CHECKING

from core.extract import mail as mails
from mcp_servers.email.addresses import canonical
from utils.errors import NoteError, RejectedError

if TYPE_CHECKING:
    from email.message import Message

LIMIT_HEADERS_BYTES = 256 * 1024
LIMIT_HEADER_CHARS = 20_000
LIMIT_PEOPLE = 100
LIMIT_REFERENCES = 20
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,400}>")


@dataclass(frozen=True)
class Letter:
    """One mail, all of it written by somebody else.

    Args:
        mail: its words, date and attachments.
        message_id: with angle brackets, "" when it has none that can be used.
        references: the Message-IDs before it in the conversation, oldest first.
        sender: the From address, "" when it is none.
        reply_to: addresses that answers are asked to go to (Reply-To, else From).
        to: addresses.
        cc: addresses.
    """

    mail: mails.Mail
    message_id: str
    references: tuple[str, ...]
    sender: str
    reply_to: tuple[str, ...]
    to: tuple[str, ...]
    cc: tuple[str, ...]

    @property
    def participants(self) -> frozenset[str]:
        """Return every address of the mail, in small letters."""
        everybody = (self.sender, *self.reply_to, *self.to, *self.cc)
        return frozenset(address.casefold() for address in everybody if address)


def read(data: bytes) -> Letter:
    """Return a mail.

    Args:
        data: the whole message, RFC 5322.

    Raises:
        RejectedError: it is too large or too deeply nested to be read.
    """
    try:
        mail = mails.parse(data)
    except NoteError as error:
        raise RejectedError("Gmail", f"this mail {error.reason}.", error_class="Unread") from error
    headers = BytesHeaderParser(policy=compat32).parsebytes(data[:LIMIT_HEADERS_BYTES])
    sender = next(iter(_people(headers, "from")), "")
    return Letter(
        mail=mail,
        message_id=next(iter(_ids(headers, "message-id")), ""),
        references=tuple(_ids(headers, "references")[-LIMIT_REFERENCES:]),
        sender=sender,
        reply_to=_people(headers, "reply-to") or ((sender,) if sender else ()),
        to=_people(headers, "to"),
        cc=_people(headers, "cc"),
    )


def _header(headers: Message, name: str) -> str:
    """Return the first value of a header on one line, not decoded."""
    for key, value in headers.raw_items():
        if key.lower() == name:
            return " ".join(str(value)[:LIMIT_HEADER_CHARS].split())
    return ""


def _ids(headers: Message, name: str) -> list[str]:
    return _MESSAGE_ID.findall(_header(headers, name))


def _people(headers: Message, name: str) -> tuple[str, ...]:
    """Return the addresses in a header."""
    found: dict[str, None] = {}
    for _, address in getaddresses([_header(headers, name)])[:LIMIT_PEOPLE]:
        try:
            found[canonical(address)] = None
        except ValueError:
            continue
    return tuple(found)
