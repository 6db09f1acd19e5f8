"""A payload becomes a mail: headers, signature and quote, and the bytes that are sent.

Rules: preview and sending use the same builder; headers with addresses and identifiers are written
here and not folded by a library that would encode them; nothing from outside reaches a header but
Message-IDs of plain characters and one line of a subject.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from typing import TYPE_CHECKING

from core.attachments import name_of, type_of
from core.extract.text import one_line
from mcp_servers.email.identity import address_of, message_id
from mcp_servers.email.signature import signed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from core.actions import Payload
    from core.vault_files import LoadedFile
    from mcp_servers.email.reading import Letter
    from utils.config import Settings

KEY_HEADER = "X-AI-Employee-Key"
"""Carries the action's key a second time, should a service write its own Message-ID."""
LIMIT_QUOTE_LINES = 60
LIMIT_QUOTE_CHARS = 4000
LIMIT_SUBJECT_CHARS = 250

_PLAIN = re.compile(r"[!-~]+(?: [!-~]+)*")
_REPLY = re.compile(r"(?:re|aw|antw|sv|vs|odp|rif)\s*:", re.IGNORECASE)


@dataclass(frozen=True)
class Mail:
    """One mail that is ours.

    Args:
        sender: our own address, "" lets Gmail fill it in.
        to: addresses; `cc` and `bcc` likewise.
        subject: one line.
        text: the whole text, signature and quote included.
        key: the action's key.
        answers: the Message-ID that is replied to, "" for a new mail.
        references: the conversation so far, oldest first.
        thread_id: Gmail's thread, None for a new one.
        files: go with it.
    """

    sender: str
    to: Sequence[str]
    cc: Sequence[str]
    bcc: Sequence[str]
    subject: str
    text: str
    key: str
    answers: str = ""
    references: Sequence[str] = ()
    thread_id: str | None = None
    files: Sequence[LoadedFile] = ()

    @property
    def message_id(self) -> str:
        """Return the Message-ID."""
        return message_id(self.key, self.sender)

    def headers(self) -> dict[str, str]:
        """Return the headers that are not empty."""
        found = {
            "From": self.sender,
            "To": ", ".join(self.to),
            "Cc": ", ".join(self.cc),
            "Bcc": ", ".join(self.bcc),
            "Subject": self.subject,
            "Message-ID": self.message_id,
            "In-Reply-To": self.answers,
            "References": " ".join(self.references),
            KEY_HEADER: self.key,
        }
        return {name: value for name, value in found.items() if value}

    def raw(self) -> bytes:
        """Return the message that is sent, RFC 5322.

        Raises:
            ValueError: a header would hold something else than plain characters.
        """
        message = EmailMessage(policy.SMTP)
        message.set_content(self.text)
        for file in self.files:
            kind, _, subtype = type_of(file.media).partition("/")
            message.add_attachment(file.data, kind, subtype, filename=name_of(file.media))
        message["Subject"] = self.subject
        lines = [_field(name, value) for name, value in self.headers().items() if name != "Subject"]
        return "".join(lines).encode("ascii") + message.as_bytes()


def _field(name: str, value: str) -> str:
    if not _PLAIN.fullmatch(value):
        raise ValueError(f"The header {name} would hold more than plain characters.")
    return f"{name}: " + "\r\n ".join(value.split()) + "\r\n"


def new_mail(
    settings: Settings, payload: Payload, key: str, files: Sequence[LoadedFile] = ()
) -> Mail:
    """Return the mail of `send_email` and `create_draft`."""
    return Mail(
        sender=address_of(settings),
        to=payload["to"],
        cc=payload.get("cc", ()),
        bcc=payload.get("bcc", ()),
        subject=payload["subject"],
        text=_text(payload),
        key=key,
        files=files,
    )


def reply(settings: Settings, payload: Payload, key: str, original: Letter, thread_id: str) -> Mail:
    """Return the mail of `reply_to_email`, without its files.

    Args:
        settings: whose mail it is.
        payload: of the action.
        key: the action's key.
        original: the mail that is replied to.
        thread_id: Gmail's thread of it.
    """
    text = _text(payload)
    answers = original.message_id
    return Mail(
        sender=address_of(settings),
        to=payload["to"],
        cc=payload.get("cc", ()),
        bcc=(),
        subject=reply_subject(original.mail.subject),
        text=f"{text}\n\n{quoted(original)}" if payload["quote"] else text,
        key=key,
        answers=answers,
        references=(*original.references, answers) if answers else (),
        thread_id=thread_id,
    )


def reply_unread(settings: Settings, payload: Payload, key: str, of: str) -> Mail:
    """Return a reply as far as it is known before its mail has been read.

    Args:
        settings: whose mail it is.
        payload: of the action.
        key: the action's key.
        of: stands for what only the mail tells.
    """
    return Mail(
        sender=address_of(settings),
        to=payload["to"],
        cc=payload.get("cc", ()),
        bcc=(),
        subject=f"Re: {of}",
        text=_text(payload),
        key=key,
        answers=of,
        references=(of,),
        thread_id=of,
    )


def _text(payload: Payload) -> str:
    """Return text and signature as they were approved."""
    return signed(payload["body"], payload.get("signature", ""))


def reply_subject(subject: str) -> str:
    """Return the subject of a reply: Gmail keeps a thread together only if it is the same."""
    subject = one_line(subject, LIMIT_SUBJECT_CHARS)
    return subject if _REPLY.match(subject) else f"Re: {subject}".strip()


def quoted(original: Letter) -> str:
    """Return a mail as it stands below a reply, every line behind a `>`, of bounded length."""
    mail = original.mail
    who = one_line(mail.sender_name or original.sender, 100) or "somebody"
    when = f"On {mail.date:%Y-%m-%d}, " if mail.date else ""
    return "\n".join([f"{when}{who} wrote:", *_quote_lines(mail.text or mail.history)])


def _quote_lines(text: str) -> Iterator[str]:
    left = LIMIT_QUOTE_CHARS
    for number, line in enumerate(text.split("\n")):
        if number == LIMIT_QUOTE_LINES or len(line) > left:
            yield "> […]"
            return
        left -= len(line)
        yield f"> {line}".rstrip()
