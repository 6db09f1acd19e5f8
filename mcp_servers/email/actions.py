"""What can be done by mail and asked of the mailbox: arguments, words and limits, no network.

Rules: a proposal names every recipient, first of all, in the one form that reaches the wire; no
argument can hold a line break where a header would begin; attached files are bound by content.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    WithJsonSchema,
    model_validator,
)

from core.actions import NOT_POSSIBLE, Action, Facts, Filled, Read
from core.attachments import AttachmentList, AttachmentRule
from mcp_servers.email.addresses import canonical, shown
from mcp_servers.email.signature import filled_in
from mcp_servers.fields import (
    Arguments,
    Limit,
    Lines,
    OneLine,
    escape,
    links_in,
    words_for_a_name,
)

MAX_RECIPIENTS = 10
HOURLY_CAP = 20
"""Mails of one kind begun within an hour: an owner who approves by hand sends fewer."""


LIMIT_FILES_BYTES = 18_000_000
"""Gmail sends mails of 25 MB at most, files as base64 (4/3, and a line end every 76 characters).

Source: support.google.com/mail/answer/6584; RFC 2045 6.8.
"""
ATTACHED = f"Files of the vault, at most {LIMIT_FILES_BYTES // 10**6} MB together"
SIGNATURE = "Below the text; the owner's own when not given"


def _listed(value: object) -> object:
    """Return one address as a list of one, and none as nothing."""
    if isinstance(value, str):
        return [value] if value.strip() else None
    return value or None


def _addresses(values: list[str]) -> list[str]:
    found = [canonical(value) for value in values]
    if len(set(map(str.casefold, found))) < len(found):
        raise ValueError("names the same address twice")
    return found


Subject = Annotated[OneLine, Field(min_length=1, max_length=250)]
Body = Annotated[Lines, Field(min_length=1, max_length=50_000)]
Signature = Annotated[Lines, Field(max_length=2_000)]
Addresses = Annotated[
    list[str],
    Field(min_length=1, max_length=MAX_RECIPIENTS),
    AfterValidator(_addresses),
    BeforeValidator(_listed),
    WithJsonSchema(
        {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": MAX_RECIPIENTS}
    ),
]
MoreAddresses = Annotated[Addresses | None, BeforeValidator(_listed)]
MessageId = Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{1,64}$")]


class Addressed(Arguments):
    """Who gets a mail."""

    to: Addresses = Field(description="Addresses, like ann@example.com")
    cc: MoreAddresses = Field(default=None, description="Copies, seen by all")

    @property
    def recipients(self) -> tuple[str, ...]:
        """Return every recipient for the proposal, with what must be known about it."""
        copies = (f"cc {shown(address)}" for address in self.cc or ())
        return (*map(shown, self.to), *copies)

    def everybody(self) -> list[str]:
        """Return every address."""
        return [*self.to, *(self.cc or ())]

    @model_validator(mode="after")
    def _nobody_twice(self) -> Self:
        everybody = [address.casefold() for address in self.everybody()]
        if len(set(everybody)) < len(everybody):
            raise ValueError("the same address is named twice")
        return self


class SendEmail(Addressed):
    """The arguments of a new mail."""

    bcc: MoreAddresses = Field(default=None, description="Copies that the others do not see")
    subject: Subject = Field(description="One line")
    body: Body = Field(description="Plain text, without a signature")
    signature: Signature | None = Field(default=None, description=SIGNATURE)
    attachments: AttachmentList | None = Field(default=None, description=ATTACHED)

    @property
    def recipients(self) -> tuple[str, ...]:
        """Return every recipient for the proposal, with what must be known about it."""
        return (*super().recipients, *(f"bcc {shown(address)}" for address in self.bcc or ()))

    def everybody(self) -> list[str]:
        """Return every address."""
        return [*super().everybody(), *(self.bcc or ())]


class CreateDraft(SendEmail):
    """The arguments of a draft that the owner sends."""


class ReplyToEmail(Addressed):
    """The arguments of a reply in its thread."""

    message_id: MessageId = Field(description="id of the mail, as search_emails gives it")
    to: Addresses = Field(description="Who gets it: `reply_to` of the mail; from that mail only")
    body: Body = Field(description="Plain text, without signature and quote")
    signature: Signature | None = Field(default=None, description=SIGNATURE)
    attachments: AttachmentList | None = Field(default=None, description=ATTACHED)
    quote: bool = Field(default=True, strict=True, description="Quote the mail below the reply")


class SearchEmails(Arguments):
    """The arguments of a search."""

    query: Annotated[OneLine, Field(max_length=200)] = Field(
        default="", description="As in Gmail's search box, e.g. from:acme.example after:2026/11/01"
    )
    limit: Limit = 25
    cursor: Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{1,200}$")] | None = Field(
        default=None, description="next_cursor of the page before"
    )


class GetEmail(Arguments):
    """The arguments of a look at one mail."""

    message_id: MessageId = Field(description="id, as search_emails gives it")


def _to_whom(mail: Addressed) -> str:
    first, *copies = [escape(text) for text in mail.recipients]
    return ", ".join([f"**{first}**", *(f"**{copy}**" for copy in copies)])


def _with(mail: SendEmail | ReplyToEmail) -> str:
    """Return how many files go with a mail; each has a line of its own below."""
    count = len(mail.attachments or ())
    return f", **with {count} file{'s' * (count > 1)}**" if count else ""


def describe_send(mail: SendEmail) -> str:
    """Return what is asked of the owner; the text itself stands under `## Content`."""
    return f"send an email to {_to_whom(mail)}, subject “{escape(mail.subject)}”{_with(mail)}"


def describe_draft(mail: CreateDraft) -> str:
    """Return what is asked of the owner."""
    subject = escape(mail.subject)
    return f"lay a draft to {_to_whom(mail)} into **Gmail**, subject “{subject}”{_with(mail)}"


def describe_reply(mail: ReplyToEmail) -> str:
    """Return what is asked of the owner."""
    quote = " and quote it" if mail.quote else ""
    thread = f"in the thread of mail {mail.message_id}{quote}"
    return f"reply by email to {_to_whom(mail)}, {thread}{_with(mail)}"


def title_of_send(mail: SendEmail) -> str:
    """Return the words of the note's file name."""
    return words_for_a_name("Email to", mail.to[0], mail.subject)


def title_of_draft(mail: CreateDraft) -> str:
    """Return the words of the note's file name."""
    return words_for_a_name("Draft to", mail.to[0], mail.subject)


def title_of_reply(mail: ReplyToEmail) -> str:
    """Return the words of the note's file name."""
    return words_for_a_name("Reply to", mail.to[0])


def facts_of(mail: SendEmail | ReplyToEmail) -> Facts:
    """Return who gets the mail, and whatever a reader could be led to."""
    return Facts(
        counterparty=", ".join(mail.to),
        recipients=mail.recipients,
        links=links_in(mail.body),
        addresses=tuple(mail.everybody()),
    )


def facts_of_draft(mail: CreateDraft) -> Facts:
    """Return the same of a draft, which nobody gets yet."""
    return replace(facts_of(mail), addresses=())


_SENT = (
    "The mail is sent at once, by way of Gmail's Drafts; when the sending does not come about, "
    "the draft stays there. A `signature` under Parameters is put below the text; change it there."
)
_SIGNED = (Filled("signature", filled_in),)

ACTIONS = (
    Action(
        kind="email.send_email",
        summary="Send a new email: plain text, with files of the vault.",
        arguments=SendEmail,
        describe=describe_send,
        title=title_of_send,
        facts=facts_of,
        consequence=_SENT,
        undo=NOT_POSSIBLE,
        content="body",
        filled=_SIGNED,
        attachments=AttachmentRule(LIMIT_FILES_BYTES),
        hourly_cap=HOURLY_CAP,
        absence_provable=True,
    ),
    Action(
        kind="email.reply_to_email",
        summary="Reply to an email in its thread: plain text, with files of the vault.",
        arguments=ReplyToEmail,
        describe=describe_reply,
        title=title_of_reply,
        facts=facts_of,
        consequence=f"{_SENT} The subject is that of the mail, with Re: before it.",
        undo=NOT_POSSIBLE,
        content="body",
        filled=_SIGNED,
        attachments=AttachmentRule(LIMIT_FILES_BYTES),
        hourly_cap=HOURLY_CAP,
        absence_provable=True,
        checked=True,
    ),
    Action(
        kind="email.create_draft",
        summary="Lay an email into Gmail's Drafts; nobody receives it until the owner sends it.",
        arguments=CreateDraft,
        describe=describe_draft,
        title=title_of_draft,
        facts=facts_of_draft,
        consequence=(
            "The draft lies in Gmail's Drafts. Nobody receives it until you send it there yourself."
        ),
        undo="delete the draft in Gmail.",
        content="body",
        filled=_SIGNED,
        attachments=AttachmentRule(LIMIT_FILES_BYTES),
        absence_provable=True,
    ),
)

READS = (
    Read(
        kind="email.search_emails",
        summary="Search the mailbox, newest first.",
        arguments=SearchEmails,
    ),
    Read(
        kind="email.get_email",
        summary="Read one email as text, without its hidden parts; attachments by name only.",
        arguments=GetEmail,
    ),
)
