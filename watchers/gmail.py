"""New mail becomes task notes: read-only, each mail once, the cursor moved last.

Rules: the mailbox is never changed; a mail is known by its id for ever; its original is kept under
its digest before its note is written; the cursor moves only when every note of a poll is durable;
a flood is worked off in portions, and how many still wait is shown.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from core import tasks, vitals
from core.extract import mail as mails
from core.sources import CursorTooOldError
from core.vault import Folder
from utils import files
from utils.clock import from_iso, iso
from utils.errors import NoteError, RateLimitedError, RejectedError, ServiceError
from utils.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.sources import Mailbox, RawMail
    from core.workspace import Workspace

log = get_logger()
CURSOR = "gmail:cursor"
GONE = "HTTP 404"
PORTION = 500
OVERLAP = timedelta(days=1)
"""The mailbox's search knows days only; mails seen twice are recognised by their id."""


@dataclass(frozen=True)
class Polled:
    """What one poll brought.

    Args:
        new: notes written.
        waiting: mails that still wait for their turn.
    """

    new: int
    waiting: int


class GmailWatcher:
    """Polls one mailbox.

    Args:
        ws: the vault and its records.
        mailbox: reads the mail.
        query: which mails become tasks, in the mailbox's own search words.
        progress: told how many of how many were looked at.
    """

    def __init__(
        self,
        ws: Workspace,
        mailbox: Mailbox,
        query: str,
        progress: Callable[[int, int], None] = lambda _done, _all: None,
    ) -> None:
        self._ws = ws
        self._mailbox = mailbox
        self._query = query
        self._progress = progress

    def poll(self) -> Polled:
        """Take in what is new, at most a portion."""
        cursor = self._ws.journal.recall(CURSOR) or {}
        _, present = self._mailbox.profile()
        if (
            cursor
            and not vitals.waiting(self._ws.journal, vitals.GMAIL)
            and not self._has_changed(cursor)
        ):
            return Polled(0, 0)
        after = from_iso(cursor["after"]) - OVERLAP if cursor.get("after") else None
        fresh = [i for i in self._mailbox.search(self._query, after) if not self._is_known(i)]
        portion = list(reversed(fresh))[:PORTION]
        latest = from_iso(cursor["after"]) if cursor.get("after") else None
        for number, mail_id in enumerate(portion, start=1):
            received = self._fetched(mail_id)
            if received is not None:
                latest = received if latest is None else max(latest, received)
            self._progress(number, len(fresh))
        waiting = len(fresh) - len(portion)
        vitals.say_waiting(self._ws.journal, vitals.GMAIL, waiting)
        if waiting == 0:
            self._keep_cursor(present, latest)
        return Polled(len(portion), waiting)

    def _has_changed(self, cursor: dict[str, str]) -> bool:
        try:
            changed, new = self._mailbox.changes(cursor["history"])
        except CursorTooOldError:
            log.info("gmail.cursor_too_old")
            return True
        if not changed:
            self._ws.journal.remember(CURSOR, {**cursor, "history": new})
        return bool(changed)

    def _keep_cursor(self, history: str, latest: datetime | None) -> None:
        after = iso(latest) if latest else None
        self._ws.journal.remember(CURSOR, {"history": history, "after": after})

    def _is_known(self, mail_id: str) -> bool:
        source = self._ws.journal.source(_key(mail_id))
        return source is not None and source.name is not None

    def _fetched(self, mail_id: str) -> datetime | None:
        """Take one mail in; None when it was deleted meanwhile."""
        try:
            raw = self._mailbox.fetch(mail_id)
        except RejectedError as error:
            if error.error_class == GONE:
                return None
            raise
        return self._take(raw)

    def _take(self, raw: RawMail) -> datetime:
        """Keep one mail and write its note; doing it twice is doing it once."""
        original = self._keep(raw.data, "mail.eml")
        tasks.drop(self._ws, self._dropped(raw, original))
        return raw.received

    def _dropped(self, raw: RawMail, original: str) -> tasks.Dropped:
        """Return a mail as it becomes a task; one that cannot be read is not lost."""
        unread = tasks.Dropped(
            key=_key(raw.id),
            source="email",
            sender="(unreadable)",
            subject="A mail that cannot be read",
            received=raw.received,
            text="",
            attachments=(original,),
            thread=f"gm:{raw.thread_id}",
        )
        try:
            mail = mails.parse(raw.data)
        except NoteError as error:
            return replace(unread, text=f"This mail {error.reason}.")
        kept = [self._keep(part.data, part.name) for part in mail.attachments]
        return replace(
            unread,
            sender=f"{mail.sender_name} {mail.sender_address}".strip() or "(unknown)",
            subject=mail.subject or "(no subject)",
            text=mail.text or mail.plain,
            attachments=(original, *kept),
        )

    def _keep(self, data: bytes, name: str) -> str:
        """Keep bytes under their digest in `Attachments/`; return the name."""
        folder = self._ws.vault.folder(Folder.ATTACHMENTS)
        folder.mkdir(parents=True, exist_ok=True)
        kept = tasks.attachment_name(files.digest(data), name)
        try:
            files.create(folder / kept, data)
        except FileExistsError:
            log.debug("attachment.known", name=kept)
        return kept

    def run(self, stopping: threading.Event, every_s: float) -> None:
        """Poll until told to stop; a portion of a flood is followed by the next at once.

        Raises:
            RejectedError: the mailbox needs a person (a new sign-in).
        """
        while not stopping.is_set():
            wait_s = every_s
            try:
                polled = self.poll()
            except RateLimitedError as error:
                wait_s = self._until(error.retry_at, every_s)
                self._say(f"asked to wait: {error.message}")
            except RejectedError:
                raise
            except ServiceError as error:
                self._say(f"cannot be reached: {error.message}")
            else:
                self._say(vitals.OK if not polled.waiting else f"{polled.waiting} more mails wait")
                if polled.new:
                    log.info("gmail.polled", new=polled.new, waiting=polled.waiting)
                wait_s = 0.0 if polled.waiting else every_s
            stopping.wait(wait_s)

    def _until(self, at: datetime | None, otherwise_s: float) -> float:
        if at is None:
            return otherwise_s
        return max(1.0, (at - self._ws.clock.now()).total_seconds())

    def _say(self, state: str) -> None:
        """Keep the mailbox's state where `status`, `doctor` and the dashboard find it."""
        vitals.say(self._ws.journal, self._ws.clock, vitals.GMAIL, state)


def _key(mail_id: str) -> str:
    return f"gmail:{mail_id}"
