"""One mail becomes one task note, whatever is in it.

Rules: the original is kept under its digest before the note is written; a mail is known by its id
for ever; one that cannot be read, or cannot be had, is named in a note and never lost.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core import tasks
from core.extract import mail as mails
from core.vault import Folder
from utils import files
from utils.errors import NoteError
from utils.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from core.extract.mail import Mail
    from core.sources import RawMail
    from core.workspace import Workspace

log = get_logger()
WHOLE = "the whole mail"


def key_of(mail_id: str) -> str:
    """Return the key under which a mail is known for ever."""
    return f"gmail:{mail_id}"


def is_known(ws: Workspace, mail_id: str) -> bool:
    """Return whether the note of a mail was written."""
    source = ws.journal.source(key_of(mail_id))
    return source is not None and source.name is not None


def take(ws: Workspace, raw: RawMail, parse: Callable[[bytes], Mail] = mails.parse) -> None:
    """Keep one mail and write its note; doing it twice is doing it once.

    Args:
        ws: the vault and its records.
        raw: the mail.
        parse: takes it apart.
    """
    original = _keep(ws, raw.data, "mail.eml")
    unread = replace(
        _unread(raw.id, raw.received, ""),
        attachments=(original,),
        called=(WHOLE,),
        thread=f"gm:{raw.thread_id}",
    )
    try:
        mail = parse(raw.data)
    except NoteError as error:
        tasks.drop(ws, replace(unread, text=f"This mail {error.reason}."))
        return
    except Exception as error:
        log.exception("mail.unreadable", mail=raw.id)
        reason = f"This mail cannot be read: the reader failed ({type(error).__name__})."
        tasks.drop(ws, replace(unread, text=reason))
        return
    kept = [_keep(ws, part.data, part.name) for part in mail.attachments]
    dropped = replace(
        unread,
        sender=f"{mail.sender_name} {mail.sender_address}".strip() or "(unknown)",
        subject=mail.subject or "(no subject)",
        text=mail.text or mail.plain,
        attachments=(original, *kept),
        called=(WHOLE, *(part.name for part in mail.attachments)),
    )
    tasks.drop(ws, dropped)


def keep_closed(ws: Workspace, raw: RawMail, why: str) -> None:
    """Keep a mail and write its note without taking it apart, here or later.

    Args:
        ws: the vault and its records.
        raw: the mail.
        why: what it does, a sentence.
    """
    log.warning("mail.closed", mail=raw.id, reason=why)
    text = f"{why} It is not opened again, by nobody here; it also lies in your mailbox. "
    text += "The mails behind it came in."
    unread = _unread(raw.id, raw.received, text)
    original = _keep(ws, raw.data, "mail.eml")
    tasks.drop(ws, replace(unread, attachments=(original,), called=(WHOLE,), opened=False))


def set_aside(ws: Workspace, mail_id: str, why: str) -> None:
    """Write the note of a mail that is not taken in, so that the owner looks for it.

    Args:
        ws: the vault and its records.
        mail_id: the mailbox's own id.
        why: what it does, a sentence.
    """
    log.warning("mail.set_aside", mail=mail_id, reason=why)
    text = f"{why} It was set aside and is not tried again; it still lies in your mailbox, "
    text += f"under the id {mail_id}. The mails behind it came in."
    tasks.drop(ws, _unread(mail_id, ws.clock.now(), text))


def _unread(mail_id: str, received: datetime, text: str) -> tasks.Dropped:
    return tasks.Dropped(
        key=key_of(mail_id),
        source="email",
        sender="(unreadable)",
        subject="A mail that cannot be read",
        received=received,
        text=text,
    )


def _keep(ws: Workspace, data: bytes, name: str) -> str:
    """Keep bytes under their digest in `Attachments/`; return the name."""
    folder = ws.vault.folder(Folder.ATTACHMENTS)
    folder.mkdir(parents=True, exist_ok=True)
    kept = tasks.attachment_name(files.digest(data), name)
    try:
        files.create(folder / kept, data)
    except FileExistsError:
        log.debug("attachment.known", name=kept)
    return kept
