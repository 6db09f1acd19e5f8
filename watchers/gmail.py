"""New mail becomes task notes: read-only, each mail once, the cursor moved last.

Rules: the mailbox is never changed; a mail is known by its id for ever; its original is kept under
its digest before its note is written; the cursor moves only when every note of a poll is durable;
a flood is searched for once and worked off in portions, and how many still wait is shown; a mail
that cannot be fetched, or over which the process dies or hangs, keeps nothing behind it back; one
process reads the mailbox at a time, so that the watcher of an ended daemon doubles nothing.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from core import vitals
from core.extract import mail as mails
from core.sources import CursorTooOldError
from core.tries import DEATHS, Tries, deadline
from utils.clock import from_iso, iso
from utils.errors import (
    LockHeldError,
    NotSentError,
    RateLimitedError,
    RejectedError,
    ServiceError,
)
from utils.log import get_logger
from watchers import mail

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.extract.mail import Mail
    from core.sources import Mailbox
    from core.workspace import Workspace

log = get_logger()
CURSOR = "gmail:cursor"
LOCK_NAME = "gmail-watcher.lock"
LOCK_WAIT_S = 5.0
LOCK_AGAIN_S = 1.0
GONE = "HTTP 404"
PORTION = 500
OVERLAP = timedelta(days=1)
"""The mailbox's search knows days only; mails seen twice are recognised by their id."""
LATE = timedelta(days=31)
"""What is rescued from spam or imported keeps its old date; the mailbox empties spam after 30."""
LATE_EVERY = timedelta(days=1)
FETCHES = 5
"""In so many polls a mail is asked for although the mailbox gives out others."""
FAILED_AT_MOST = 3
"""When more than these fail in one poll, the mails are not what is wrong."""
READ_LIMIT_S = 60.0
"""Milliseconds are usual; a child that lived this long is not given up for ending over a mail."""
DEADLY = f"The watcher ended {DEATHS} times while it read this mail."


@dataclass(frozen=True)
class Limits:
    """How much a poll does, and how long it waits.

    Args:
        portion: how many mails one poll takes in at most.
        read_s: how long taking one mail apart may last before the process ends itself.
        lock_wait_s: how long it is waited for another process that reads the mailbox.
    """

    portion: int = PORTION
    read_s: float = READ_LIMIT_S
    lock_wait_s: float = LOCK_WAIT_S


@dataclass(frozen=True)
class Polled:
    """What one poll brought.

    Args:
        new: mails taken in.
        waiting: mails that still wait for their turn.
    """

    new: int
    waiting: int


@dataclass
class _Found:
    """What a search found and what of it still has to come in.

    Args:
        ids: not taken in yet, oldest first.
        history: the mailbox's cursor from before the search.
        latest: when the newest mail taken in so far was received.
        late: when mails with an old date were last looked for.
    """

    ids: deque[str]
    history: str
    latest: datetime | None
    late: str


class GmailWatcher:
    """Polls one mailbox; one process does so at a time.

    Args:
        ws: the vault and its records.
        mailbox: reads the mail.
        query: which mails become tasks, in the mailbox's own search words.
        progress: told how many of how many were looked at.
        parse: takes a mail apart.
        limits: how much and how long.
    """

    def __init__(
        self,
        ws: Workspace,
        mailbox: Mailbox,
        query: str,
        progress: Callable[[int, int], None] = lambda _done, _all: None,
        parse: Callable[[bytes], Mail] = mails.parse,
        limits: Limits = Limits(),
    ) -> None:
        self._ws = ws
        self._mailbox = mailbox
        self._query = query
        self._progress = progress
        self._parse = parse
        self._limits = limits
        self._stopping = threading.Event()
        self._lock = FileLock(ws.paths.state / LOCK_NAME)
        self._found: _Found | None = None
        self._tries = Tries(ws.journal, vitals.GMAIL)
        self._failures: Counter[str] = Counter()

    def poll(self) -> Polled:
        """Take in what is new, at most a portion; told to stop, the rest keeps its turn.

        Raises:
            LockHeldError: the watcher of an ended daemon has not ended yet.
            ServiceError: the mailbox cannot be read now.
        """
        try:
            with self._lock.acquire(timeout=self._limits.lock_wait_s):
                self._found = self._found or self._look()
                return self._portion(self._found) if self._found else Polled(0, 0)
        except Timeout:
            raise LockHeldError("Another process still reads this mailbox.") from None

    def _look(self) -> _Found | None:
        """Search for what is new, None when nothing has changed."""
        cursor = self._ws.journal.recall(CURSOR) or {}
        now = self._ws.clock.now()
        late = not cursor.get("late") or now - from_iso(cursor["late"]) >= LATE_EVERY
        _, present = self._mailbox.profile()
        waiting = vitals.waiting(self._ws.journal, vitals.GMAIL)
        if cursor and not waiting and not late and not self._has_changed(cursor):
            return None
        latest = from_iso(cursor["after"]) if cursor.get("after") else None
        after = latest - (LATE if late else OVERLAP) if latest else None
        listed = self._mailbox.search(self._query, after)
        fresh = [mail_id for mail_id in listed if not mail.is_known(self._ws, mail_id)]
        looked = iso(now) if late else cursor["late"]
        fresh.reverse()
        fresh.sort(key=self._failures.__contains__)
        return _Found(deque(fresh), present, latest, looked)

    def _portion(self, found: _Found) -> Polled:
        """Take in a portion of what was found; the cursor moves when nothing of it is left."""
        whole, new = len(found.ids), 0
        failed: dict[str, ServiceError] = {}
        vitals.say_waiting(self._ws.journal, vitals.GMAIL, whole)
        try:
            while found.ids and new < self._limits.portion and not self._stopping.is_set():
                mail_id = found.ids[0]
                if mail_id in failed or len(failed) > FAILED_AT_MOST:
                    raise self._failed(failed)
                try:
                    self._taken(found, mail_id)
                except ServiceError as error:
                    if not self._is_given_up(mail_id, error):
                        failed[mail_id] = error
                        found.ids.rotate(-1)  # what lies behind it comes first
                        continue
                found.ids.popleft()
                new += 1
                self._progress(new, whole)
            if not found.ids:
                self._keep_cursor(found)
                self._found = None
        finally:
            self._tries.ended()
            vitals.say_waiting(self._ws.journal, vitals.GMAIL, len(found.ids))
        return Polled(new, len(found.ids))

    def _failed(self, failed: dict[str, ServiceError]) -> NotSentError:
        """Return the error of mails that cannot be fetched; what comes next goes before them."""
        self._found = None
        last = [*failed.values()][-1]
        mails = "a mail" if len(failed) == 1 else f"{len(failed)} mails"
        text = f"{mails} could not be fetched: {last.message}"
        return NotSentError(last.service, text, error_class=last.error_class)

    def _has_changed(self, cursor: dict[str, str]) -> bool:
        try:
            changed, new = self._mailbox.changes(cursor["history"])
        except CursorTooOldError:
            log.info("gmail.cursor_too_old")
            return True
        if not changed:
            self._ws.journal.remember(CURSOR, {**cursor, "history": new})
        return bool(changed)

    def _keep_cursor(self, found: _Found) -> None:
        after = iso(found.latest) if found.latest else None
        cursor = {"history": found.history, "after": after, "late": found.late}
        self._ws.journal.remember(CURSOR, cursor)

    def _taken(self, found: _Found, mail_id: str) -> None:
        """Take one mail in; one that was deleted meanwhile, or kills the reader, is passed over."""
        died = self._tries.begin(mail_id)
        if died > DEATHS:
            mail.set_aside(self._ws, mail_id, DEADLY)
            return
        try:
            raw = self._mailbox.fetch(mail_id)
        except RejectedError as error:
            if error.error_class == GONE:
                return
            raise
        if died == DEATHS:
            mail.keep_closed(self._ws, raw, DEADLY)
        else:
            mail.take(self._ws, raw, self._parsed)
        found.latest = max(found.latest or raw.received, raw.received)

    def _parsed(self, data: bytes) -> Mail:
        with deadline(self._limits.read_s):
            return self._parse(data)

    def _is_given_up(self, mail_id: str, error: ServiceError) -> bool:
        """Return whether a mail that could not be fetched is set aside now.

        Raises:
            ServiceError: it is not this mail's own failure: the mailbox answers nothing else.
        """
        if isinstance(error, RateLimitedError):
            raise error
        self._mailbox.profile()
        self._failures[mail_id] += 1
        if self._failures[mail_id] < FETCHES:
            return False
        why = f"It could not be fetched {FETCHES} times: the mailbox {error.message}"
        mail.set_aside(self._ws, mail_id, why)
        del self._failures[mail_id]
        return True

    def run(self, stopping: threading.Event, every_s: float) -> None:
        """Poll until told to stop; a portion of a flood is followed by the next at once.

        Raises:
            RejectedError: the mailbox needs a person (a new sign-in).
        """
        self._stopping = stopping
        while not stopping.is_set():
            wait_s = every_s
            try:
                polled = self.poll()
            except LockHeldError as error:
                log.info("gmail.locked", reason=str(error))
                wait_s = LOCK_AGAIN_S
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
