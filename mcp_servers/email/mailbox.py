"""The mailbox that the Gmail watcher reads: `core.sources.Mailbox`, on the discovery client.

Rules: reads only, with the sign-in for reading; the cursor is Gmail's history id, and when Gmail
has forgotten it `CursorTooOldError` says so, upon which the watcher searches from the last stored
date and drops what it knows by id. What else can go wrong is a `ServiceError` whose `error_class`
names the state: `SignInNeeded` (only the owner helps), `RateLimitedError` with `retry_at`,
`Unreachable`, `SignInUnavailable`, `HTTP 404` of `fetch` (the mail is gone: skip it).

Source: developers.google.com/workspace/gmail/api/guides/sync and .../reference/quota, 2026-11:
history.list 2 units, messages.list 5, messages.get 20, of 6,000 a minute.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from core.sources import CursorTooOldError, RawMail
from utils.errors import RejectedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mcp_servers.email.client import Reader
    from utils.clock import Clock
    from utils.config import Settings

PAGE = 500
MARGIN = timedelta(days=1)
"""How much earlier a search begins: Gmail's `after:` and our clock need not agree."""


class Mailbox:
    """Reads one Gmail mailbox; nothing is loaded or asked before the first question.

    Args:
        settings: `GMAIL_*`.
        clock: gives the instant that a wait is counted from.
    """

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock
        self._made: Reader | None = None

    @property
    def _reader(self) -> Reader:
        if self._made is None:
            from mcp_servers.email.client import Reader

            self._made = Reader(self._settings, self._clock)
        return self._made

    def profile(self) -> tuple[str, str]:
        """Return the address and the present history id."""
        row = self._reader.profile()
        return str(row["emailAddress"]), str(row.get("historyId", ""))

    def changes(self, since: str) -> tuple[Sequence[str], str]:
        """Return the ids of mails that came into the inbox since a history id, and the new one.

        Raises:
            CursorTooOldError: Gmail has forgotten that long ago; about a week is kept.
        """
        found: dict[str, None] = {}
        page, cursor = "", since
        while True:
            try:
                answer = self._reader.history(since, page)
            except RejectedError as error:
                if error.error_class in {"HTTP 404", "HTTP 400"}:
                    raise CursorTooOldError(f"Gmail does not know history {since}.") from error
                raise
            for record in answer.get("history", []):
                for added in record.get("messagesAdded", []):
                    found[str(added["message"]["id"])] = None
            page, cursor = str(answer.get("nextPageToken", "")), str(answer["historyId"])
            if not page:
                return list(found), cursor

    def search(self, query: str, after: datetime | None) -> Iterator[str]:
        """Yield the ids of matching mails, newest first, page by page.

        Args:
            query: as in Gmail's search box, "" for everything in the inbox.
            after: only mails from about this instant on.
        """
        words = [f"({query.strip()})" if query.strip() else "in:inbox"]
        if after is not None:
            words.append(f"after:{int((after - MARGIN).timestamp())}")
        page = ""
        while True:
            ids, page = self._reader.messages(" ".join(words), PAGE, page)
            yield from ids
            if not page:
                return

    def fetch(self, mail_id: str) -> RawMail:
        """Return one mail with all its bytes."""
        row = self._reader.raw_message(mail_id)
        return RawMail(
            id=str(row["id"]),
            thread_id=str(row.get("threadId", row["id"])),
            data=row["data"],
            received=datetime.fromtimestamp(int(row.get("internalDate", 0)) / 1000, UTC),
        )
