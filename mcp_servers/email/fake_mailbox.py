"""The mailbox behind the Gmail fake: mails, drafts, threads, labels, history and search.

Rules: every change has the next history id; ids depend on the order of changes only, so the same
requests after a reset give the same ones; a mail's bytes are kept as they came.

The search plays the words that are documented and used: `in: from: to: subject: label: is: has:
category: after: before: newer_than: older_than: rfc822msgid:`, a minus in front, quotes, brackets
round the whole, and plain words, which are looked for anywhere (Gmail wants whole words). Another
operator is refused, since a fake that finds too much would hide a mistake.

Source: developers.google.com/workspace/gmail/api/guides/filtering and support.google.com/mail
answer 7190, "Refine searches in Gmail", read 2026-11.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.parser import BytesParser
from email.policy import compat32
from email.utils import getaddresses
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from email.message import Message

    from utils.clock import Clock

OWNER = "owner@sandbox.example"
FIRST_HISTORY_ID = 10_000
"""What came before has been forgotten, as Gmail forgets after a week or so."""
FIRST_MESSAGE_NUMBER = 0x19A8_0000_0000_0001

_WORD = re.compile(r'(-?)(?:([A-Za-z0-9_]+):)?("[^"]*"|[^\s"]+)')
_PLACES = {"inbox": "INBOX", "sent": "SENT", "drafts": "DRAFT", "draft": "DRAFT", "spam": "SPAM"}
LATE = timedelta(minutes=1)
_SPANS = {"d": 1, "m": 30, "y": 365}


class QueryError(Exception):
    """The search uses a word that is not played here."""


def shown_header(value: object) -> str:
    """Return a header on one line, encoded words decoded."""
    line = " ".join(str(value).split())
    try:
        return str(make_header(decode_header(line))) if "=?" in line else line
    except (HeaderParseError, LookupError, ValueError):
        return line


@dataclass
class Stored:
    """One mail as Gmail keeps it."""

    id: str
    thread_id: str
    raw: bytes
    received_ms: int
    labels: set[str]
    history_id: int

    @cached_property
    def message(self) -> Message:
        """Return the mail taken apart."""
        return BytesParser(policy=compat32).parsebytes(self.raw)

    @cached_property
    def headers(self) -> dict[str, str]:
        """Return the first header of each name, names in small letters."""
        found: dict[str, str] = {}
        for name, value in self.message.items():
            found.setdefault(name.lower(), shown_header(value))
        return found

    @cached_property
    def text(self) -> str:
        """Return its text, plain before HTML."""
        leaves = [part for part in self.message.walk() if part.get_content_maintype() == "text"]
        leaves.sort(key=lambda part: part.get_content_subtype() != "plain")
        data = leaves[0].get_payload(decode=True) if leaves else b""
        text = data.decode("utf-8", "replace") if isinstance(data, bytes) else ""
        return text.replace("\r\n", "\n").rstrip("\n")

    def header(self, name: str) -> str:
        """Return a header, "" when it is missing."""
        return self.headers.get(name.lower(), "")

    def addresses(self, *names: str) -> list[str]:
        """Return the addresses in headers."""
        return [address for _, address in getaddresses(map(self.header, names)) if address]

    @cached_property
    def haystack(self) -> str:
        """Return where plain words are looked for."""
        names = ("From", "To", "Cc", "Subject")
        return "\n".join([*map(self.header, names), self.text]).casefold()

    @property
    def snippet(self) -> str:
        """Return the beginning of the text."""
        return " ".join(self.text.split())[:100]

    def has_attachment(self) -> bool:
        """Return whether a file came along."""
        return any(part.get_filename() for part in self.message.walk())


@dataclass
class MailStore:
    """One account's mails.

    Args:
        clock: gives the time of what is made.
        writes_own_message_id: play that Gmail does not keep the Message-ID of what is sent.
        search_is_late: play that the search index does not know the mails of the last minute.
    """

    clock: Clock
    writes_own_message_id: bool = False
    search_is_late: bool = False
    mails: dict[str, Stored] = field(default_factory=dict)
    threads: dict[str, str] = field(default_factory=dict)
    drafts: dict[str, str] = field(default_factory=dict)
    history: list[tuple[int, str, str]] = field(default_factory=list)
    made: int = 0
    history_id: int = FIRST_HISTORY_ID

    def add(
        self,
        raw: bytes,
        labels: Iterable[str],
        thread_id: str | None = None,
        received: datetime | None = None,
    ) -> Stored:
        """Keep a mail: in the thread given, else in that of the mail it answers, else a new one."""
        identifier = f"{FIRST_MESSAGE_NUMBER + self.made:x}"
        self.made += 1
        received = received or self.clock.now()
        mail = Stored(identifier, "", raw, round(received.timestamp() * 1000), set(labels), 0)
        mail.thread_id = thread_id or self._thread_of(mail) or identifier
        self.mails[identifier] = mail
        self.threads[mail.header("Message-ID")] = mail.thread_id
        self._note("messagesAdded", mail)
        return mail

    def remove(self, identifier: str) -> None:
        """Delete a mail for good."""
        self._note("messagesDeleted", self.mails[identifier])
        del self.mails[identifier]

    def _note(self, what: str, mail: Stored) -> None:
        self.history_id += 1
        mail.history_id = self.history_id
        self.history.append((self.history_id, what, mail.id))

    def _thread_of(self, mail: Stored) -> str | None:
        named = f"{mail.header('In-Reply-To')} {mail.header('References')}".split()
        known = (
            {other.header("Message-ID"): other for other in self.mails.values()} if named else {}
        )
        return next((known[name].thread_id for name in named if name in known), None)

    def replace_draft(self, draft_id: str, raw: bytes, thread_id: str | None) -> Stored:
        """Give a draft another text; its mail has another id from then on."""
        old = self.mails[self.drafts[draft_id]]
        self.remove(old.id)
        mail = self.add(raw, {"DRAFT"}, thread_id or old.thread_id)
        self.drafts[draft_id] = mail.id
        return mail

    def add_draft(self, raw: bytes, thread_id: str | None) -> str:
        """Keep a new draft and return its id."""
        mail = self.add(raw, {"DRAFT"}, thread_id)
        draft_id = f"r{mail.id}"
        self.drafts[draft_id] = mail.id
        return draft_id

    def send(self, raw: bytes, thread_id: str | None) -> Stored:
        """Send a mail: it is in Sent, and in the inbox as well if it goes to ourselves."""
        if self.writes_own_message_id:
            own = f"Message-ID: <CA{self.made:x}@mail.gmail.com>".encode()
            raw = re.sub(rb"(?im)^message-id:[^\r\n]*", own, raw, count=1)
        mail = self.add(raw, {"SENT"}, thread_id)
        if OWNER in mail.addresses("To", "Cc", "Bcc"):
            mail.labels |= {"INBOX", "UNREAD"}
        return mail

    def send_draft(self, draft_id: str) -> Stored:
        """Send a draft: it vanishes, and a mail with another id is in Sent, in the same thread."""
        draft = self.mails[self.drafts.pop(draft_id)]
        self.remove(draft.id)
        return self.send(draft.raw, draft.thread_id)

    def find(
        self, query: str, labels: Iterable[str] = (), *, all_places: bool = False
    ) -> list[Stored]:
        """Return matching mails, newest first; Spam and Trash only when asked for.

        Raises:
            QueryError: the query uses what is not played here.
        """
        tests = _tests(query, self.clock.now())
        wanted = set(labels)
        late_ms = (self.clock.now() - LATE).timestamp() * 1000
        if self.search_is_late and query:
            tests.append(lambda mail: mail.received_ms < late_ms)
        hidden = set() if all_places or "in:spam" in query else {"SPAM", "TRASH"}
        found = [
            mail
            for mail in self.mails.values()
            if wanted <= mail.labels
            and not hidden & mail.labels
            and all(test(mail) for test in tests)
        ]
        return sorted(found, key=lambda mail: (mail.received_ms, mail.id), reverse=True)


def _tests(query: str, now: datetime) -> list[Callable[[Stored], bool]]:
    query = query.strip()
    while query.startswith("(") and ")" in query:
        inner, _, rest = query[1:].partition(")")
        query = f"{inner} {rest}".strip()
    if re.search(r"[(){}]|\bOR\b", query):
        raise QueryError("OR and brackets inside a search are not played here")
    tests = []
    for minus, operator, value in _WORD.findall(query):
        test = _test(operator.lower(), value.strip('"'), now)
        tests.append((lambda mail, test=test: not test(mail)) if minus else test)
    return tests


def _test(operator: str, value: str, now: datetime) -> Callable[[Stored], bool]:
    plain = value.casefold()
    match operator:
        case "":
            return lambda mail: plain in mail.haystack
        case "from" | "to" | "cc" | "subject":
            return lambda mail: plain in mail.header(operator).casefold()
        case "rfc822msgid":
            return lambda mail: mail.header("Message-ID").strip("<>") == value.strip("<>")
        case "in" | "label":
            return _labelled(_PLACES.get(plain, value.upper()))
        case "category":
            return _labelled(f"CATEGORY_{value.upper()}")
        case "is" if plain in {"unread", "read", "starred", "important"}:
            return lambda mail: (
                (plain.upper() in mail.labels) or (plain == "read" and "UNREAD" not in mail.labels)
            )
        case "has" if plain == "attachment":
            return Stored.has_attachment
        case "after" | "before" | "newer_than" | "older_than":
            return _dated(operator, value, now)
    raise QueryError(f"{operator}:{value} is not played here")


def _labelled(label: str) -> Callable[[Stored], bool]:
    if label == "ANYWHERE":
        return lambda _: True
    return lambda mail: label in mail.labels


def _dated(operator: str, value: str, now: datetime) -> Callable[[Stored], bool]:
    edge_ms = _edge(operator, value, now).timestamp() * 1000
    if operator in {"after", "newer_than"}:
        return lambda mail: mail.received_ms >= edge_ms
    return lambda mail: mail.received_ms < edge_ms


def _edge(operator: str, value: str, now: datetime) -> datetime:
    if operator.endswith("_than"):
        span = re.fullmatch(r"(\d{1,4})([dmy])", value)
        if span:
            return now - timedelta(days=int(span[1]) * _SPANS[span[2]])
    elif value.isdecimal() and len(value) > 8:
        return datetime.fromtimestamp(int(value), UTC)
    else:
        day = re.fullmatch(r"(\d{4})[/-](\d{1,2})[/-](\d{1,2})", value)
        if day:
            return datetime(int(day[1]), int(day[2]), int(day[3]), tzinfo=UTC)
    raise QueryError(f"{operator}:{value} is not played here")
