"""What a tool call answers: its status, its structured result, and how the log names it.

Rules: every write's result has the same fields, in every status; whatever is not known to be
definite is `unknown`; a failure is an error of the call and says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from core.actions import Mode, State
from mcp_servers.toolset import Finding
from utils.errors import (
    AppError,
    NoteError,
    NotSentError,
    RateLimitedError,
    RefusedError,
    RejectedError,
    ServiceError,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from core.records import Row
    from mcp_servers.toolset import Done, Evidence


class Status(StrEnum):
    """The status of a write's result."""

    DRY_RUN = "dry_run"
    APPROVAL_REQUIRED = "approval_required"
    DONE = "done"
    ALREADY_DONE = "already_done"
    NOT_SENT = "not_sent"
    REFUSED = "refused"
    FAILED = "failed"
    UNKNOWN = "unknown"

    @property
    def is_error(self) -> bool:
        """Return whether the caller must treat it as a tool error."""
        return list(Status).index(self) >= list(Status).index(Status.NOT_SENT)


@dataclass(frozen=True)
class Answer:
    """What a tool call returns: structured data, and whether it is an error."""

    data: dict[str, Any]
    is_error: bool


@dataclass(frozen=True)
class Outcome:
    """How one attempt ended."""

    state: State
    status: Status
    summary: str
    remote_id: str | None = None
    remote_url: str | None = None
    error_class: str | None = None
    retry_at: datetime | None = None

    @property
    def error(self) -> str | None:
        """Return what went wrong, None after a success."""
        return self.summary if self.status.is_error else None

    def fields(self) -> dict[str, Any]:
        """Return its part of a write's result."""
        return {
            "remote_id": self.remote_id,
            "remote_url": self.remote_url,
            "reasons": [self.summary] if self.status.is_error else [],
        }


def succeeded(done: Done) -> Outcome:
    """Return how an attempt ended that the service confirmed."""
    return Outcome(State.DONE, Status.DONE, done.summary, done.remote_id, done.remote_url)


def done_before(row: Row) -> Outcome:
    """Return how an approval ended that was carried out before; nothing is sent for it now."""
    text = f"{row.action_id} was carried out before; nothing was sent now. {row.summary or ''}"
    return Outcome(State.DONE, Status.ALREADY_DONE, text.rstrip(), row.remote_id, row.remote_url)


def not_staged(title: str, error: Exception) -> Outcome:
    """Return how an attempt ended whose invisible first step failed."""
    if isinstance(error, (RejectedError, NotSentError)):
        return failed(error)
    text = f"{title}: the preparation failed, so nothing was sent ({error})."
    return Outcome(State.NOT_SENT, Status.NOT_SENT, text, error_class=type(error).__name__)


def failed(error: ServiceError) -> Outcome:
    """Return how an attempt ended that raised; whatever is not known to be definite is unknown."""
    state, status, retry_at = State.UNKNOWN, Status.UNKNOWN, None
    if isinstance(error, NotSentError):
        state, status = State.NOT_SENT, Status.NOT_SENT
        retry_at = error.retry_at if isinstance(error, RateLimitedError) else None
    elif isinstance(error, RejectedError):
        state, status = State.REFUSED, Status.FAILED
    return Outcome(state, status, str(error), error_class=error.error_class, retry_at=retry_at)


def crashed(error: Exception) -> Outcome:
    """Return how an attempt ended in which the program itself failed."""
    name = type(error).__name__
    text = f"The program failed while the call was under way ({name})."
    return Outcome(State.UNKNOWN, Status.UNKNOWN, text, error_class=name)


def of_write(
    kind: str,
    action_id: str | None,
    mode: Mode | None,
    status: Status,
    summary: str,
    **fields: object,
) -> Answer:
    """Return the result of a write; every field is there in every status.

    Args:
        kind: the action.
        action_id: its approval, if it has one.
        mode: whether the outside world would be touched; None: it has nothing to do with it.
        status: how it ended.
        summary: one sentence for a person.
        fields: request, remote_id, remote_url, note, reasons, where there is something to say.
    """
    shown = Mode.DRY_RUN if status is Status.DRY_RUN else mode
    data: dict[str, Any] = {
        "status": str(status),
        "action": kind,
        "action_id": action_id,
        "mode": None if shown is None else str(shown),
        "summary": summary,
        "request": None,
        "remote_id": None,
        "remote_url": None,
        "note": None,
        "reasons": [],
    }
    return Answer(data | fields, status.is_error)


def of_proposal(
    row: Row, note: str, remarks: Sequence[str], missing: Sequence[str], **fields: object
) -> Answer:
    """Return the result of a write that waits for the owner now.

    Args:
        row: the proposal.
        note: its place in the vault.
        remarks: what its service says about it.
        missing: the yeses without which it stays a dry run.
        fields: id or request, where there is one.
    """
    dry = (f"It would still be a dry run: {yes} is missing." for yes in missing)
    return of_write(
        row.kind,
        row.action_id,
        row.mode,
        Status.APPROVAL_REQUIRED,
        "Nothing was sent. The owner decides by moving the note to `Approved`.",
        note=note,
        reasons=[*row.reasons, *remarks, *dry],
        **fields,
    )


def of_read_back(evidence: Evidence) -> Answer:
    """Return what was found of an action whose outcome is unknown."""
    data = {
        "status": str(evidence.finding),
        "summary": evidence.text,
        "remote_id": evidence.remote_id,
        "remote_url": evidence.remote_url,
    }
    return Answer(data, is_error=evidence.finding is Finding.UNCLEAR)


def status_of(error: AppError) -> Status:
    """Return the status of a call that raised before anything was sent."""
    if isinstance(error, NotSentError):
        return Status.NOT_SENT
    return Status.FAILED if isinstance(error, ServiceError) else Status.REFUSED


def reasons_of(error: AppError) -> list[str]:
    """Return why a call was not made, in sentences for a person."""
    if isinstance(error, RefusedError):
        return list(error.reasons)
    return [f"This call {error.reason}." if isinstance(error, NoteError) else str(error)]


_FOUND_AS = {
    str(Finding.FOUND): "done",
    str(Finding.ABSENT): "failed",
    str(Finding.DIFFERENT): "unknown",
    str(Finding.UNCLEAR): "unknown",
}
"""What a read-back's finding is called in the log's closed set of results."""


def logged_result(answer: Answer) -> str:
    """Return the result of a call as the log's closed set names it."""
    status = answer.data.get("status")
    if not status:
        return "failed" if answer.is_error else "done"
    return _FOUND_AS.get(str(status), str(status))
