"""What an entry of the daily log is: its fields, its words, its one written form, its hash.

Rules: an entry is one physical line, written in exactly one way; it carries the hash of the entry
before it, across days. Under which day an entry is filed is not part of its hash: only the
journal's head pins a day.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

FIELDS = (
    *("seq", "timestamp", "event", "action", "action_id", "actor", "target", "parameters"),
    *("result", "approval_status", "approved_by", "mode", "digest", "policy_hash", "attempt"),
    *("duration_ms", "remote_id", "error", "error_class", "correlation_id", "prev", "hash"),
)
MAX_ENTRY_BYTES = 8 << 20
_SEALED = frozenset({"seq", "prev", "hash"})


class Event(StrEnum):
    """What happened; a closed set."""

    CALLED = "called"
    PROPOSED = "proposed"
    DECIDED = "decided"
    APPROVED = "approved"
    SENDING = "sending"
    OUTCOME = "outcome"
    RECONCILED = "reconciled"
    FILED = "filed"
    ADOPTED = "adopted"
    EDITED = "edited"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    QUARANTINED = "quarantined"
    RECOVERED = "recovered"
    STARTED = "started"
    STOPPED = "stopped"
    SCHEDULED = "scheduled"
    MISSED = "missed"
    WARNED = "warned"


class Approval(StrEnum):
    """Where the owner's consent stands; a closed set."""

    NOT_NEEDED = "not_needed"
    PENDING = "pending"
    APPROVED = "approved"
    AUTO_APPROVED = "auto_approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Actor(StrEnum):
    """Who did it; a closed set."""

    OWNER = "owner"
    DAEMON = "daemon"
    CLAUDE = "claude"
    CLI = "cli"
    SCHEDULE = "schedule"


@dataclass(frozen=True)
class Head:
    """The last entry of a log: the day of its file, its number and its hash."""

    day: str
    seq: int
    hash: str


GENESIS = Head("", 0, "0" * 64)


@dataclass(frozen=True)
class Line:
    """One entry to write.

    Args:
        day: the owner's local day, `YYYY-MM-DD`.
        fields: JSON-safe and redacted; all of `FIELDS` but seq, prev and hash; missing ones null.
    """

    day: str
    fields: Mapping[str, object]


def seal(head: Head, line: Line) -> tuple[Head, bytes]:
    """Give an entry its number, its link and its hash; return its place and its line.

    Raises:
        ValueError: an unknown field, event, approval or actor, too long, or no JSON form.
        TypeError: a value that JSON has not.
    """
    if date.fromisoformat(line.day).isoformat() != line.day:
        raise ValueError(f"{line.day!r} is not a day such as 2026-11-21")
    unknown = sorted(set(line.fields) - set(FIELDS) | set(line.fields) & _SEALED)
    if unknown:
        raise ValueError(f"a log entry has no field {', '.join(unknown)} to give")
    Event(str(line.fields.get("event")))
    if line.fields.get("approval_status") is not None:
        Approval(str(line.fields["approval_status"]))
    if line.fields.get("actor") is not None:
        Actor(str(line.fields["actor"]))
    fields = _as_read_back(line.fields)
    entry = {name: fields.get(name) for name in FIELDS}
    entry.update(seq=head.seq + 1, prev=head.hash)
    entry["hash"] = own_hash = fingerprint(entry)
    data = render(entry)
    if len(data) > MAX_ENTRY_BYTES:
        raise ValueError(f"a log entry of {len(data):,} bytes; the limit is {MAX_ENTRY_BYTES:,}")
    return Head(max(line.day, head.day), head.seq + 1, own_hash), data


def fingerprint(entry: Mapping[str, object]) -> str:
    """Return the hash of an entry: SHA-256 of its canonical JSON without `hash`."""
    rest = {name: value for name, value in entry.items() if name != "hash"}
    text = json.dumps(
        rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return hashlib.sha256(text.encode()).hexdigest()


def render(entry: Mapping[str, object]) -> bytes:
    """Return an entry as the one line that stands for it, without a newline."""
    text = json.dumps(entry, ensure_ascii=False, allow_nan=False)
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029").encode()


def parse(line: bytes) -> dict[str, object] | None:
    """Return the entry on a line, or None where the line is none."""
    try:
        entry = json.loads(line.decode())
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict) or type(entry.get("seq")) is not int:
        return None
    return entry if isinstance(entry.get("hash"), str) else None


def position(day: str, entry: Mapping[str, object]) -> Head:
    """Return where an entry stands."""
    seq, own_hash = entry["seq"], entry["hash"]
    if not isinstance(seq, int) or not isinstance(own_hash, str):
        raise TypeError("an entry has a number and a hash")
    return Head(day, seq, own_hash)


def flaw(line: bytes, entry: Mapping[str, object] | None, previous: Head) -> str | None:
    """Return why a line does not continue the previous entry, or None where it does."""
    if entry is None:
        return "the line is not an entry of this log"
    own = position("", entry)
    try:
        as_written = tuple(entry) == FIELDS and render(entry) == line
        untouched = as_written and fingerprint(entry) == own.hash
    except (ValueError, RecursionError):  # infinity, lone surrogates, bottomless nesting
        as_written = untouched = False
    if not as_written:
        return f"entry {own.seq} is not written the way this program writes entries"
    if not untouched:
        return f"entry {own.seq} was changed after it was written: its hash does not fit"
    expected = previous.seq + 1
    if own.seq > expected:
        missing = f"entry {expected} is" if own.seq == expected + 1 else ""
        missing = missing or f"entries {expected} to {own.seq - 1} are"
        return f"{missing} missing before this line"
    if own.seq < expected:
        return f"entry {own.seq} stands where entry {expected} belongs"
    if entry["prev"] != previous.hash:
        return f"entry {own.seq} does not continue the entry before it"
    return None


def _as_read_back(fields: Mapping[str, object]) -> dict[str, object]:
    """Return the fields as a reader of the file gets them, so that the hash is of what is read."""
    plain = json.loads(json.dumps(dict(fields), allow_nan=False))
    text = json.dumps(plain, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # half a surrogate pair, as in a broken file name
        plain = json.loads(text.encode("utf-8", "replace"))
    if not isinstance(plain, dict):
        raise TypeError("a log entry is a mapping")
    return plain
