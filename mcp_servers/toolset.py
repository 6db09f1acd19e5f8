"""What a service's `tools.py` offers to the server frame, as data.

Rules: a request is built by one function that serves the dry run and the real call alike, so the
preview is what would be sent; `perform` raises the error tree of `utils.errors` and nothing else
for whatever the service can do to us; a writer is built in role `execute` only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from core.actions import Payload
    from core.findings import Findings
    from core.media import LoadedMedia
    from core.vault_files import LoadedFile
    from utils.config import Settings


@dataclass(frozen=True)
class Done:
    """A definite success.

    Args:
        remote_id: the service's id of what was made.
        remote_url: where a person can look at it, if known.
        summary: one sentence for the owner, figures read back from the service.
    """

    remote_id: str
    remote_url: str | None
    summary: str


class Finding(StrEnum):
    """What a read-back proves."""

    FOUND = "found"
    ABSENT = "absent"
    DIFFERENT = "different"
    UNCLEAR = "unclear"


@dataclass(frozen=True)
class Evidence:
    """The answer of a read-back.

    Args:
        finding: FOUND (it happened), ABSENT (no trace now; whether that proves anything is the
            action's `absence_provable` and the elapsed time), DIFFERENT (something carries our key
            but is not what was approved), UNCLEAR (the service cannot tell).
        text: what was read, in a sentence for the owner.
        remote_id: the record found, if any.
        remote_url: where a person can look at it.
    """

    finding: Finding
    text: str
    remote_id: str | None = None
    remote_url: str | None = None


@dataclass(frozen=True)
class Page:
    """At most `limit` items of an answer.

    Args:
        items: named data fields; text from outside is length-capped.
        total: how many there are, when the service tells.
        next_cursor: give it back to read on; None at the end.
    """

    items: tuple[Mapping[str, object], ...]
    total: int | None = None
    next_cursor: str | None = None
    extra: Mapping[str, object] = field(default_factory=dict)


def _keep_nothing(staged_id: str) -> None:
    """Forget it: whoever has no journal has nothing to go on with."""


@dataclass(frozen=True)
class Trace:
    """By what an attempt can be found again at the service.

    Args:
        key: the idempotency key, written into the record where the service has a place for it.
        began_at: when this attempt took its grant, aware UTC.
        staged_id: the service's id of the invisible first step (a mail draft, a media container).
        files: the pictures and films, each with the very bytes that were approved; empty when
            reading back.
        keep: puts another `staged_id` into the journal at once, for an act of several steps; raises
            UnknownOutcomeError when the attempt was given up meanwhile, so that the act stops.
        attachments: the other files, likewise.
    """

    key: str
    began_at: datetime
    staged_id: str | None = None
    files: tuple[LoadedMedia, ...] = ()
    keep: Callable[[str], None] = _keep_nothing
    attachments: tuple[LoadedFile, ...] = ()


@dataclass(frozen=True)
class Write:
    """How one action is previewed, done and read back.

    Args:
        request: (settings, payload, key) -> the exact request as JSON; no network, no SDK.
        perform: (writer, payload, trace) -> Done; the step that others can see.
        reconcile: (reader, payload, trace) -> Evidence; reads only.
        stage: (writer, payload, trace) -> id of an invisible first step, kept in the journal
            before `perform`, so that absence can be proven; a failure here has sent nothing. A
            `staged_id` from an earlier attempt may be used again; None when there is nothing to
            prepare. None in place of the function: one step.
        check: (reader, payload) -> Findings, asked before the owner is: what the service would
            refuse or regret, what the owner should know, who would be paid; reads only. It stands
            here exactly where the action is `checked`.
    """

    request: Callable[[Settings, Payload, str], dict[str, Any]]
    perform: Callable[[Any, Payload, Trace], Done]
    reconcile: Callable[[Any, Payload, Trace], Evidence]
    stage: Callable[[Any, Payload, Trace], str | None] | None = None
    check: Callable[[Any, Payload], Findings] | None = None


@dataclass(frozen=True)
class Toolset:
    """Everything a server needs from its service.

    Args:
        reader: builds the client that can only read; no network before the first read.
        writer: builds the client that can write; called in role `execute` for a live call only.
        writes: by tool name.
        reads: by tool name: (reader, validated arguments) -> Page.
    """

    reader: Callable[[Settings], Any]
    writer: Callable[[Settings], Any]
    writes: Mapping[str, Write]
    reads: Mapping[str, Callable[[Any, Any], Page]]
