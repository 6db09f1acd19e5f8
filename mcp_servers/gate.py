"""The gate: every tool call of every server passes here, whoever calls.

Rules: dry run unless three yeses say otherwise; a real call needs a grant that is taken here, in
one synced update, as the last thing before the network; in role `propose` a real call becomes a
proposal and the write client is never built; every call is logged, refusals and reads included.
This module knows no MCP, so that all of it is tested without a process.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from core import approvals, lookups, notes
from core.actions import Action, Mode, Payload, State, digest_of, key_of
from core.records import Entry, Row
from core.sources import RECONCILE_TOOL
from mcp_servers.refusals import why_altered, why_no_grant
from mcp_servers.toolset import Evidence, Finding, Toolset, Trace, Write
from utils.audit_log import Actor, Approval, Event
from utils.errors import (
    AppError,
    NoteError,
    NotSentError,
    RateLimitedError,
    RefusedError,
    RejectedError,
    ServiceError,
)
from utils.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.workspace import Workspace

log = get_logger()
FRAME_ARGUMENTS = ("dry_run", "approval_id")
NO_KEY = "AIE-(assigned at approval)"


class Role(StrEnum):
    """What a server process may do."""

    PROPOSE = "propose"
    EXECUTE = "execute"

    @classmethod
    def of(cls, text: str) -> Role:
        """Return a role; anything but `execute` is the safe one."""
        return cls.EXECUTE if text == cls.EXECUTE else cls.PROPOSE


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


@dataclass
class _Call:
    """One write call on its way through the gate."""

    action: Action
    payload: Payload
    dry_run: bool
    approval_id: str | None
    row: Row | None = None
    request: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return key_of(self.approval_id) if self.approval_id else NO_KEY


class Gate:
    """One service's tools behind all the rules.

    Args:
        ws: the vault and its records.
        service: the service's name.
        toolset: how its actions are previewed, done and read back.
        role: what this process may do.
    """

    def __init__(self, ws: Workspace, service: str, toolset: Toolset, role: Role) -> None:
        self._ws = ws
        self._service = ws.services[service]
        self._toolset = toolset
        self.role = role
        self._writing = threading.Lock()
        self._reading = threading.Lock()
        self._writer: Any = None
        self._reader: Any = None

    @property
    def actor(self) -> Actor:
        """Return who is calling: only the daemon starts servers that may execute."""
        return Actor.DAEMON if self.role is Role.EXECUTE else Actor.CLAUDE

    def call(self, tool: str, raw: Mapping[str, object]) -> Answer:
        """Run one tool call and log it, whatever comes of it."""
        kind = f"{self._service.name}.{tool}"
        began = self._ws.clock.monotonic()
        try:
            answer = self._dispatch(kind, tool, raw)
        except AppError as error:
            answer = self._refusal(kind, raw, error)
        except Exception as error:
            log.exception("call.crashed", tool=kind)
            answer = self._crashed(kind, raw, error)
        duration_ms = round((self._ws.clock.monotonic() - began) * 1000)
        self._log_call(kind, raw, answer, duration_ms)
        redacted: dict[str, Any] = self._ws.chronicle.redactor.value(answer.data)
        return Answer(redacted, answer.is_error)

    def _dispatch(self, kind: str, tool: str, raw: Mapping[str, object]) -> Answer:
        if tool == RECONCILE_TOOL and self.role is Role.EXECUTE:
            return self._reconcile(str(raw.get("approval_id")))
        if tool in self._toolset.reads:
            return self._read(kind, tool, raw)
        if tool not in self._toolset.writes:
            raise RefusedError(f"There is no tool `{tool}` on this server.")
        call = self._understood(self._ws.actions[kind], raw)
        if call.approval_id is not None:
            call.row = self._approved(call)
        if call.dry_run:
            return self._preview(call)
        if call.row is None:
            return self._propose(call)
        return self._execute(call, call.row)

    # -- writes -------------------------------------------------------------------------------

    def _understood(self, action: Action, raw: Mapping[str, object]) -> _Call:
        dry_run, approval_id = raw.get("dry_run", True), raw.get("approval_id")
        if not isinstance(dry_run, bool):
            raise RefusedError("`dry_run` must be true or false; anything else counts as true.")
        if approval_id is not None and not isinstance(approval_id, str):
            raise RefusedError("`approval_id` must be the text of an approval's id.")
        arguments = {k: v for k, v in raw.items() if k not in FRAME_ARGUMENTS and v is not None}
        payload = approvals.validated(action, arguments)
        return _Call(action, payload, dry_run, approval_id or None)

    def _approved(self, call: _Call) -> Row:
        """Return the approved row of exactly this call.

        Raises:
            RefusedError: it is not valid for exactly this call; says why.
        """
        row = self._ws.journal.get(call.approval_id or "")
        if row is None:
            raise RefusedError(f"Nobody ever gave an approval `{notes.inline(call.approval_id)}`.")
        if call.dry_run != (row.mode is Mode.DRY_RUN):
            raise RefusedError(f"{row.action_id} is an approval for mode {row.mode}, not for this.")
        account = row.account if call.dry_run else self._account()  # a dry run touches none
        digest = digest_of(call.action.kind, call.payload, row.mode, account)
        if row.kind != call.action.kind or digest != row.digest:
            raise RefusedError(why_altered(row, call.action.kind, call.payload, account))
        reason = why_no_grant(self._ws, row)
        if reason is not None:
            raise RefusedError(reason)
        return row

    def _account(self) -> str:
        return self._ws.account(self._service.name)

    def _preview(self, call: _Call) -> Answer:
        call.request = self._request(call)
        missing = [*self._ws.readiness(self._service.name).missing]
        missing += [] if call.row else ["dry_run=false"]
        return self._result(
            call,
            Status.DRY_RUN,
            f"Dry run: {self._service.title} was not changed.",
            reasons=[f"A real call needs {', '.join(missing)}."] if missing else [],
        )

    def _request(self, call: _Call) -> dict[str, Any]:
        write = self._toolset.writes[call.action.tool]
        return write.request(self._ws.settings, call.payload, call.key)

    def _propose(self, call: _Call) -> Answer:
        readiness = self._ws.readiness(self._service.name)
        payload, remarks = self.with_lookup(call.action, call.payload)
        call.payload = payload
        request = approvals.Request(call.action.kind, payload, self.actor, remarks=remarks)
        row, path = approvals.propose(self._ws, request)
        call.request = self._request(call)
        reasons = (
            *row.reasons,
            *remarks,
            *(f"It would still be a dry run: {yes} is missing." for yes in readiness.missing),
        )
        return self._result(
            call,
            Status.APPROVAL_REQUIRED,
            "Nothing was sent. The owner decides by moving the note to `Approved`.",
            action_id=row.action_id,
            note=self._ws.vault.relative(path),
            mode=str(row.mode),
            reasons=list(reasons),
        )

    def _execute(self, call: _Call, row: Row) -> Answer:
        if self.role is not Role.EXECUTE:
            raise RefusedError(
                f"{row.action_id} is approved; only the daemon (`bin/run`) carries it out. "
                "This server may propose."
            )
        readiness = self._ws.readiness(self._service.name)
        if readiness.mode is not row.mode:
            missing = ", ".join(readiness.missing) or f"mode is {readiness.mode}"
            raise RefusedError(f"{row.action_id} was approved as {row.mode}; now: {missing}.")
        if self._ws.vault.paused:
            raise RefusedError("`PAUSE.md` lies in the vault: nothing is sent until it is removed.")
        call.request = self._request(call)
        with self._writing:
            writer = self._connected_writer()
            attempt = self._take_grant(row)
            began = self._ws.clock.monotonic()
            outcome = self._attempt(call, row, attempt, writer)
            said = self._ws.chronicle.redactor.text(outcome.summary)  # the note will show it
            outcome = replace(outcome, summary=said)
            duration_ms = round((self._ws.clock.monotonic() - began) * 1000)
            self._settle(call, row, attempt, outcome, duration_ms)
        return self._result(call, outcome.status, outcome.summary, **outcome.fields())

    def _connected_writer(self) -> Any:
        if self._writer is None:
            self._writer = self._toolset.writer(self._ws.settings)
        return self._writer

    def _take_grant(self, row: Row) -> int:
        entry = approvals.base_entry(row, Event.SENDING, self.actor)
        attempt = self._ws.journal.take_grant(row.action_id, row.kind, row.digest, entry)
        if attempt is None:
            now = self._ws.journal.get(row.action_id) or row
            reason = why_no_grant(self._ws, now) or "The approval was used or withdrawn meanwhile."
            raise RefusedError(reason)
        return attempt

    def _attempt(self, call: _Call, row: Row, attempt: int, writer: Any) -> _Outcome:
        """Make one attempt: the invisible step first, where the service has one, then the act."""
        write = self._toolset.writes[call.action.tool]
        trace = Trace(call.key, self._ws.clock.now(), row.staged_id)
        if write.stage is not None:
            try:
                staged_id = write.stage(writer, call.payload, trace)
            except Exception as error:  # noqa: BLE001 - before the act nothing can have happened
                return _not_staged(self._service.title, error)
            trace = replace(trace, staged_id=staged_id)
            self._ws.journal.transition(
                row.action_id, {State.SENDING}, None, of_attempt=attempt, staged_id=staged_id
            )
        return self._perform(call, write, writer, trace)

    def _perform(self, call: _Call, write: Write, writer: Any, trace: Trace) -> _Outcome:
        try:
            done = write.perform(writer, call.payload, trace)
        except ServiceError as error:
            return _outcome_of(error)
        except Exception as error:
            log.exception("action.crashed", action_id=call.approval_id)
            return _Outcome(
                State.UNKNOWN,
                Status.UNKNOWN,
                f"The program failed while the call was under way ({type(error).__name__}).",
                error_class=type(error).__name__,
            )
        return _Outcome(State.DONE, Status.DONE, done.summary, done.remote_id, done.remote_url)

    def _settle(
        self, call: _Call, row: Row, attempt: int, outcome: _Outcome, duration_ms: int
    ) -> None:
        entry = approvals.base_entry(
            row,
            Event.OUTCOME,
            self.actor,
            result=str(outcome.status),
            attempt=attempt,
            duration_ms=duration_ms,
            remote_id=outcome.remote_id,
            error=outcome.error,
            error_class=outcome.error_class,
            parameters=row.payload,
        )
        now = self._ws.clock.now()
        self._ws.journal.transition(
            row.action_id,
            {State.SENDING},
            outcome.state,
            entry,
            of_attempt=attempt,
            finished_at=now,
            request=call.request,
            remote_id=outcome.remote_id,
            remote_url=outcome.remote_url,
            summary=outcome.summary,
            error=outcome.error,
            error_class=outcome.error_class,
            retry_at=outcome.retry_at,
        )
        self._ws.chronicle.flush(sync=True)

    # -- reads --------------------------------------------------------------------------------

    def _read(self, kind: str, tool: str, raw: Mapping[str, object]) -> Answer:
        read = next(r for r in self._service.reads if r.kind == kind)
        from pydantic import ValidationError

        try:
            arguments = read.arguments.model_validate(
                {name: value for name, value in raw.items() if value is not None}
            )
        except ValidationError as error:
            raise NoteError(approvals.in_words(error)) from None
        missing = self._service.missing(self._ws.settings)
        if missing:
            raise RefusedError(
                f"{self._service.title} is not set up: {', '.join(missing)} missing in `.env`."
            )
        with self._reading:
            page = self._toolset.reads[tool](self._connected_reader(), arguments)
        data = {
            "items": [dict(item) for item in page.items],
            "total": page.total,
            "next_cursor": page.next_cursor,
            **page.extra,
        }
        return Answer(data, is_error=False)

    def _connected_reader(self) -> Any:
        if self._reader is None:
            self._reader = self._toolset.reader(self._ws.settings)
        return self._reader

    def with_lookup(self, action: Action, payload: Payload) -> tuple[Payload, tuple[str, ...]]:
        """Return the payload with its identifier looked up, and what was found in words."""
        lookup = action.lookup
        if lookup is None or payload.get(lookup.target) is not None:
            return payload, ()
        query = str(payload.get(lookup.source, ""))
        try:
            answer = self._read(
                lookup.tool, lookup.tool.split(".")[1], {"query": query, "limit": lookups.LIMIT}
            )
        except AppError as error:
            return payload, lookups.failed(lookup, self._service.title, str(error))
        return lookups.with_found(lookup, payload, answer.data["items"])

    def _reconcile(self, approval_id: str) -> Answer:
        row = self._ws.journal.get(approval_id)
        if row is None or row.service != self._service.name or row.sending_at is None:
            raise RefusedError(f"There is nothing to read back for `{approval_id}`.")
        write = self._toolset.writes[row.kind.split(".")[1]]
        with self._reading:
            trace = Trace(key_of(row.action_id), row.sending_at, row.staged_id)
            evidence: Evidence = write.reconcile(self._connected_reader(), row.payload, trace)
        data = {
            "status": str(evidence.finding),
            "summary": evidence.text,
            "remote_id": evidence.remote_id,
            "remote_url": evidence.remote_url,
        }
        return Answer(data, is_error=evidence.finding is Finding.UNCLEAR)

    # -- results and log ----------------------------------------------------------------------

    def _result(self, call: _Call, status: Status, summary: str, **fields: object) -> Answer:
        mode = call.row.mode if call.row else self._ws.readiness(self._service.name).mode
        data: dict[str, Any] = {
            "status": str(status),
            "action": call.action.kind,
            "action_id": call.approval_id,
            "mode": str(Mode.DRY_RUN if status is Status.DRY_RUN else mode),
            "summary": summary,
            "request": call.request or None,
            "remote_id": None,
            "remote_url": None,
            "note": None,
            "reasons": [],
        }
        data.update(fields)
        return Answer(data, status.is_error)

    def _refusal(self, kind: str, raw: Mapping[str, object], error: AppError) -> Answer:
        reasons = list(error.reasons) if isinstance(error, RefusedError) else [_plain(error)]
        given = raw.get("approval_id")
        status = Status.FAILED if isinstance(error, ServiceError) else Status.REFUSED
        if isinstance(error, NotSentError):
            status = Status.NOT_SENT
        if kind not in self._ws.actions:
            return Answer({"status": str(status), "summary": reasons[0], "reasons": reasons}, True)  # noqa: FBT003 - a dataclass field
        data = {
            "status": str(status),
            "action": kind,
            "action_id": given if isinstance(given, str) else None,
            "mode": str(self._ws.readiness(self._service.name).mode),
            "summary": f"Nothing was sent. {reasons[0]}",
            "request": None,
            "remote_id": None,
            "remote_url": None,
            "note": None,
            "reasons": reasons,
        }
        return Answer(data, is_error=True)

    def _crashed(self, kind: str, raw: Mapping[str, object], error: Exception) -> Answer:
        """Return the answer of a call in which the program itself failed."""
        row = self._ws.journal.get(str(raw.get("approval_id") or ""))
        begun = row is not None and row.state is State.SENDING
        ending = "It may have happened; it is read back." if begun else "Nothing was sent."
        failure = RefusedError(f"The program failed ({type(error).__name__}). {ending}")
        answer = self._refusal(kind, raw, failure)
        status = Status.UNKNOWN if begun else Status.FAILED
        return Answer({**answer.data, "status": str(status), "summary": str(failure)}, True)  # noqa: FBT003 - a dataclass field

    def _log_call(
        self, kind: str, raw: Mapping[str, object], answer: Answer, duration_ms: int
    ) -> None:
        data = answer.data
        status = data.get("status")
        action_id = data.get("action_id") or raw.get("approval_id")
        row = self._ws.journal.get(str(action_id)) if action_id else None
        if row is not None:
            base = approvals.base_entry(row, Event.CALLED, self.actor)
        else:
            is_write = kind in self._ws.actions
            base = Entry(
                Event.CALLED,
                self.actor,
                action=kind,
                action_id=None,
                target=self._account(),
                approval_status=Approval.PENDING if is_write else Approval.NOT_NEEDED,
                mode=self._ws.readiness(self._service.name).mode if is_write else None,
            )
        self._ws.chronicle.record(
            replace(
                base,
                action=self._ws.chronicle.redactor.text(kind),
                parameters=dict(raw),
                result=_logged_result(status, is_error=answer.is_error),
                duration_ms=duration_ms,
                remote_id=data.get("remote_id"),
                error="; ".join(map(str, data.get("reasons") or [])) if answer.is_error else None,
            )
        )


@dataclass(frozen=True)
class _Outcome:
    """How one attempt ended."""

    state: State
    status: Status
    summary: str
    remote_id: str | None = None
    remote_url: str | None = None
    error_class: str | None = None
    retry_at: Any = None

    @property
    def error(self) -> str | None:
        return self.summary if self.status.is_error else None

    def fields(self) -> dict[str, Any]:
        return {
            "remote_id": self.remote_id,
            "remote_url": self.remote_url,
            "reasons": [self.summary] if self.status.is_error else [],
        }


def _not_staged(title: str, error: Exception) -> _Outcome:
    """Return how an attempt ended whose invisible first step failed."""
    if isinstance(error, (RejectedError, NotSentError)):
        return _outcome_of(error)
    text = f"{title}: the preparation failed, so nothing was sent ({error})."
    return _Outcome(State.NOT_SENT, Status.NOT_SENT, text, None, None, type(error).__name__)


def _outcome_of(error: ServiceError) -> _Outcome:
    """Return how an attempt ended that raised; whatever is not known to be definite is unknown."""
    if isinstance(error, NotSentError):
        retry_at = error.retry_at if isinstance(error, RateLimitedError) else None
        return _Outcome(
            State.NOT_SENT, Status.NOT_SENT, str(error), None, None, error.error_class, retry_at
        )
    if isinstance(error, RejectedError):
        return _Outcome(State.REFUSED, Status.FAILED, str(error), None, None, error.error_class)
    return _Outcome(State.UNKNOWN, Status.UNKNOWN, str(error), None, None, error.error_class)


_FOUND_AS = {
    str(Finding.FOUND): "done",
    str(Finding.ABSENT): "failed",
    str(Finding.DIFFERENT): "unknown",
    str(Finding.UNCLEAR): "unknown",
}
"""What a read-back's finding is called in the log's closed set of results."""


def _logged_result(status: object, *, is_error: bool) -> str:
    """Return the result of a call as the log's closed set names it."""
    if not status:
        return "failed" if is_error else "done"
    return _FOUND_AS.get(str(status), str(status))


def _plain(error: AppError) -> str:
    return f"This call {error.reason}." if isinstance(error, NoteError) else str(error)
