"""What is asked of the mailbox: searches, one mail, and what a reply would answer.

Rules: nothing here changes anything; whatever a mail says is capped data; a reply goes to people of
its mail only, and the owner is told which mail that is before deciding.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from core.extract.mail import header_text
from core.extract.text import one_line
from core.findings import Findings
from mcp_servers.email.addresses import remark_on
from mcp_servers.email.reading import read
from mcp_servers.toolset import Page
from utils.errors import RejectedError

if TYPE_CHECKING:
    from core.actions import Payload
    from mcp_servers.email.actions import GetEmail, SearchEmails
    from mcp_servers.email.client import Reader, Row
    from mcp_servers.email.reading import Letter

URL = "https://mail.google.com/mail/u/0/"
"""Gmail in a browser; the first account that is signed in there."""
LIMIT_TEXT = 20_000
LIMIT_QUOTED = 4_000


def sent_at(row: Row) -> datetime:
    """Return when Gmail got a mail."""
    return datetime.fromtimestamp(int(row.get("internalDate", 0)) / 1000, UTC)


def url_of(identifier: str) -> str:
    """Return where a person can look at a mail."""
    return f"{URL}#all/{identifier}"


def check_reply(client: Reader, payload: Payload) -> Findings:
    """Return which mail a reply answers, and why it would not be sent."""
    try:
        row = client.raw_message(payload["message_id"])
    except RejectedError as error:
        if error.error_class != "HTTP 404":
            raise
        return Findings(refusals=(f"Gmail has no mail {payload['message_id']} to reply to.",))
    letter = read(row["data"])
    who = one_line(letter.mail.sender_name or letter.sender, 100) or "somebody"
    subject = one_line(letter.mail.subject, 120) or "no subject"
    answers = f"It answers the mail “{subject}” of {sent_at(row):%Y-%m-%d} from {who}."
    careful = tuple(f"CAREFUL: {warning}." for warning in warnings_about(letter))
    return Findings(strangers(payload, letter), remarks=(*careful, answers))


def strangers(payload: Payload, original: Letter) -> tuple[str, ...]:
    """Return a sentence for each recipient who has no part in the mail that is replied to."""
    return tuple(
        f"{address} has no part in mail {payload['message_id']}; send a new mail instead."
        for address in (*payload["to"], *payload.get("cc", ()))
        if address.casefold() not in original.participants
    )


def search_emails(client: Reader, arguments: SearchEmails) -> Page:
    """Return mails, newest first; the cursor is Gmail's page token."""
    ids, cursor = client.messages(arguments.query, arguments.limit, arguments.cursor)
    return Page(
        tuple(_summary(client.message(identifier)) for identifier in ids), None, cursor or None
    )


def _summary(row: Row) -> dict[str, object]:
    from mcp_servers.email.client import header_of

    return {
        "id": str(row["id"]),
        "thread_id": str(row.get("threadId", "")),
        "from": one_line(header_text(header_of(row, "From")), 200),
        "to": one_line(header_text(header_of(row, "To")), 300),
        "subject": one_line(header_text(header_of(row, "Subject")), 250),
        "date": sent_at(row).isoformat(),
        "snippet": one_line(str(row.get("snippet", "")), 200),
        "labels": [str(label) for label in row.get("labelIds", [])][:20],
    }


def get_email(client: Reader, arguments: GetEmail) -> Page:
    """Return one mail as text; whatever it says was written by somebody else."""
    row = client.raw_message(arguments.message_id)
    letter = read(row["data"])
    return Page((_shown(row, letter),), 1)


def _shown(row: Row, letter: Letter) -> dict[str, object]:
    mail = letter.mail
    return {
        "id": str(row["id"]),
        "thread_id": str(row.get("threadId", "")),
        "message_id": letter.message_id,
        "from": letter.sender,
        "from_name": mail.sender_name,
        "reply_to": list(letter.reply_to[:10]),
        "to": list(letter.to[:50]),
        "cc": list(letter.cc[:50]),
        "subject": mail.subject,
        "date": sent_at(row).isoformat(),
        "text": mail.text.strip()[:LIMIT_TEXT],
        "quoted": mail.history[:LIMIT_QUOTED],
        "is_cut": len(mail.text) > LIMIT_TEXT or len(mail.history) > LIMIT_QUOTED,
        "attachments": [
            {"name": file.name, "type": file.content_type, "size_bytes": file.size}
            for file in mail.attachments[:50]
        ],
        "warnings": [*mail.remarks, *warnings_about(letter)],
        "labels": [str(label) for label in row.get("labelIds", [])][:20],
        "url": url_of(str(row["id"])),
    }


def warnings_about(letter: Letter) -> list[str]:
    """Return what a reader should know about the addresses."""
    found = [remark_on(address) for address in {letter.sender, *letter.reply_to}]
    warnings = sorted(text for text in found if text)
    if letter.reply_to and letter.sender not in letter.reply_to:
        warnings.append(f"answers go to {letter.reply_to[0]}, not to the sender")
    return warnings
