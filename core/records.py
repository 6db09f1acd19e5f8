"""What the journal holds: an action's row, and the lines of its story."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from core.actions import ActionId, Mode, Payload, State, Tier, Trust, canonical
from core.findings import Payee
from utils.clock import from_iso, iso

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from utils.audit_log import Actor, Approval, Event


ASSISTANT_ASKS = "assistant:"
"""How the `source_key` of an assistant's question begins: nothing came in that it is about."""

TERMINAL = (
    State.DONE,
    State.DRY_RUN_COMPLETED,
    State.NOT_SENT,
    State.REFUSED,
    State.UNKNOWN,
    State.REJECTED,
    State.EXPIRED,
)
"""States in which an action has ended and its note is to be filed."""


@dataclass(frozen=True)
class Entry:
    """One line of the story, as the daily log shows it; instants are added by the journal."""

    event: Event
    actor: Actor
    action: str | None = None
    action_id: str | None = None
    target: str | None = None
    parameters: Mapping[str, object] | None = None
    result: str | None = None
    approval_status: Approval | None = None
    approved_by: str | None = None
    mode: Mode | None = None
    digest: str | None = None
    policy_hash: str | None = None
    attempt: int | None = None
    duration_ms: int | None = None
    remote_id: str | None = None
    error: str | None = None
    error_class: str | None = None
    correlation_id: str | None = None


@dataclass(frozen=True)
class Row:
    """One action as the journal holds it; instants are aware UTC."""

    action_id: ActionId
    kind: str
    mode: Mode
    account: str
    payload: Payload
    digest: str
    state: State
    tier: Tier
    reasons: tuple[str, ...]
    policy_hash: str
    note: str
    origin: str
    trust: Trust
    created_at: datetime
    expires_at: datetime
    correlation_id: str
    source: str | None = None
    counterparty: str | None = None
    amount: str | None = None
    currency: str | None = None
    approved_at: datetime | None = None
    approved_by: str | None = None
    grant_until: datetime | None = None
    attempt: int = 0
    retry_at: datetime | None = None
    sending_at: datetime | None = None
    staged_id: str | None = None
    finished_at: datetime | None = None
    filed_at: datetime | None = None
    request: dict[str, Any] | None = None
    remote_id: str | None = None
    remote_url: str | None = None
    summary: str | None = None
    error: str | None = None
    error_class: str | None = None
    payee: Payee | None = None
    due_at: datetime | None = None

    @property
    def parent_id(self) -> str | None:
        """Return the id of the action that this one is a part of, None when it is none."""
        whole, slash, _ = self.action_id.partition("/")
        return whole if slash else None

    @property
    def service(self) -> str:
        """Return the server's name."""
        return self.kind.split(".", 1)[0]


@dataclass(frozen=True)
class Told:
    """One story entry with its instant and, once logged, its place in the daily log."""

    number: int
    at: datetime
    fields: dict[str, Any]
    seq: int | None


@dataclass(frozen=True)
class Source:
    """Something that came in and became a task.

    Args:
        key: what it is known by for ever (a file's digest, a mail's id).
        note_id: the id of its task note.
        kind: file or email.
        original: the name under which it is kept in `Attachments/`.
        name: its task note's file name, None until that is on disk.
        triaged: what became of it, None until it was triaged.
    """

    key: str
    note_id: str
    kind: str
    original: str | None = None
    name: str | None = None
    triaged: str | None = None


@dataclass(frozen=True)
class Ask:
    """A clarification note and what goes on once it is answered.

    Args:
        ask_id: its id.
        source_key: what came in.
        replies: what the owner had answered before, by question key.
        questions: key, text and choices of each question, as they stand in the note.
        name: the note's file name.
        settled: what became of it, None while it waits.
    """

    ask_id: str
    source_key: str
    replies: dict[str, str]
    questions: list[dict[str, Any]]
    name: str
    settled: str | None = None

    @property
    def by_assistant(self) -> bool:
        """Return whether an assistant asks, which reads the answer itself."""
        return self.source_key.startswith(ASSISTANT_ASKS)


_INSTANTS = frozenset(
    name for name in Row.__dataclass_fields__ if name.endswith("_at") or name == "grant_until"
)
_JSON = frozenset({"payload", "reasons", "request", "payee"})
COLUMNS = tuple(Row.__dataclass_fields__)


def to_column(name: str, value: object) -> object:
    """Return a value as its column holds it."""
    if value is None:
        return None
    if name in _INSTANTS and isinstance(value, datetime):
        return iso(value)
    if isinstance(value, Payee):
        return canonical(asdict(value))
    if name in _JSON:
        return canonical(value)
    return str(value) if isinstance(value, (State, Mode, Tier, Trust)) else value


def from_row(row: sqlite3.Row) -> Row:
    """Return the action of a table row."""
    values: dict[str, Any] = dict(row)
    for name in _INSTANTS:
        values[name] = from_iso(values[name]) if values[name] else None
    for name in _JSON:
        values[name] = json.loads(values[name]) if values[name] else None
    values["reasons"] = tuple(values["reasons"] or ())
    values["payee"] = Payee.of(values["payee"]) if values["payee"] else None
    for name, kind in (("state", State), ("mode", Mode), ("tier", Tier), ("trust", Trust)):
        values[name] = kind(values[name])
    return Row(**values)
