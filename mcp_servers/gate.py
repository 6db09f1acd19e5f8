"""The gate: every tool call of every server passes here, whoever calls.

Rules: dry run unless three yeses say otherwise; a real call needs a grant, which is taken in
`mcp_servers.attempt` as the last thing before the network; in role `propose` a real call becomes a
proposal and the write client is never built; every call is logged, refusals and reads included.
This module knows no MCP, so that all of it is tested without a process.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from core import approvals, notes, payloads, vault_files
from core.actions import Action, Mode, Payload, State, digest_of, key_of
from core.records import Entry, Row
from core.sources import CHECK_TOOL, RECONCILE_TOOL
from mcp_servers import answers
from mcp_servers.answers import Answer, Status
from mcp_servers.attempt import Approved, Attempts
from mcp_servers.questions import Questions
from mcp_servers.refusals import why_altered, why_no_grant
from utils.audit_log import Actor, Approval, Event
from utils.errors import AppError, RefusedError
from utils.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.workspace import Workspace
    from mcp_servers.answers import Outcome
    from mcp_servers.toolset import Toolset

log = get_logger()
FRAME_ARGUMENTS = ("dry_run", "approval_id")
NO_KEY = "AIE-(assigned at approval)"


class Role(StrEnum):
    """What a server process may do."""

    PROPOSE = "propose"
    READ = "read"
    """As `propose`; a command of the owner's asks, and the log says so."""
    EXECUTE = "execute"

    @classmethod
    def of(cls, text: str) -> Role:
        """Return a role; anything unknown is the safe one."""
        return next((role for role in cls if role == text), cls.PROPOSE)


_ACTORS = {Role.PROPOSE: Actor.CLAUDE, Role.READ: Actor.CLI, Role.EXECUTE: Actor.DAEMON}


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
        self._questions = Questions(ws, self._service, toolset)
        self._attempts = Attempts(ws, self._service.title, toolset, self.actor)

    @property
    def actor(self) -> Actor:
        """Return who is calling: only the daemon starts servers that may execute."""
        return _ACTORS[self.role]

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
            return self._questions.read_back(str(raw.get("approval_id")))
        if tool == CHECK_TOOL and self.role is Role.EXECUTE:
            return self._questions.check(raw)
        if tool in self._toolset.reads:
            return self._questions.ask(kind, raw)
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
        if approval_id:
            payload = payloads.validated(action, arguments)
        else:
            payload = payloads.completed(self._ws, action, arguments)
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
        if row.state is State.DONE and self.role is Role.EXECUTE:
            return row  # it gets the first run's result again
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
        call.payload, findings = self._questions.found_about(call.action, call.payload)
        if findings.unclear:
            raise RefusedError(*findings.unclear, *findings.refusals)
        request = approvals.Request(call.action.kind, call.payload, self.actor, findings=findings)
        row, path = approvals.propose(self._ws, request)
        call.request = self._request(call)
        note = self._ws.vault.relative(path)
        return answers.of_proposal(
            row, note, findings.remarks, readiness.missing, request=call.request
        )

    def _execute(self, call: _Call, row: Row) -> Answer:
        if self.role is not Role.EXECUTE:
            raise RefusedError(
                f"{row.action_id} is approved; only the daemon (`bin/run`) carries it out. "
                "This server may propose."
            )
        if row.state is State.DONE:
            call.request = row.request or {}
            return self._ended(call, answers.done_before(row))
        readiness = self._ws.readiness(self._service.name)
        if readiness.mode is not row.mode:
            missing = ", ".join(readiness.missing) or f"mode is {readiness.mode}"
            raise RefusedError(f"{row.action_id} was approved as {row.mode}; now: {missing}.")
        if self._ws.vault.paused:
            raise RefusedError("`PAUSE.md` lies in the vault: nothing is sent until it is removed.")
        call.request = self._request(call)
        write = self._toolset.writes[call.action.tool]
        root = self._ws.vault.root
        files = vault_files.load(root, call.action.media, call.payload)
        attached = vault_files.load(root, call.action.attachments, call.payload)
        approved = Approved(row, call.payload, call.request, write, files, attached)
        return self._ended(call, self._attempts.make(approved))

    # -- results and log ----------------------------------------------------------------------

    def _result(self, call: _Call, status: Status, summary: str, **fields: object) -> Answer:
        mode = call.row.mode if call.row else self._ws.readiness(self._service.name).mode
        said = {"request": call.request or None, **fields}
        return answers.of_write(call.action.kind, call.approval_id, mode, status, summary, **said)

    def _ended(self, call: _Call, outcome: Outcome) -> Answer:
        return self._result(call, outcome.status, outcome.summary, **outcome.fields())

    def _refusal(self, kind: str, raw: Mapping[str, object], error: AppError) -> Answer:
        """Return the answer of a call of which nothing was sent."""
        reasons = answers.reasons_of(error)
        return self._failure(
            kind, raw, answers.status_of(error), f"Nothing was sent. {reasons[0]}", reasons
        )

    def _crashed(self, kind: str, raw: Mapping[str, object], error: Exception) -> Answer:
        """Return the answer of a call in which the program itself failed."""
        row = self._ws.journal.get(str(raw.get("approval_id") or ""))
        begun = row is not None and row.state is State.SENDING
        ending = "It may have happened; it is read back." if begun else "Nothing was sent."
        said = f"The program failed ({type(error).__name__}). {ending}"
        return self._failure(kind, raw, Status.UNKNOWN if begun else Status.FAILED, said, [said])

    def _failure(
        self,
        kind: str,
        raw: Mapping[str, object],
        status: Status,
        summary: str,
        reasons: list[str],
    ) -> Answer:
        if kind not in self._ws.actions:
            data = {"status": str(status), "summary": reasons[0], "reasons": reasons}
            return Answer(data, is_error=True)
        given = raw.get("approval_id")
        action_id = given if isinstance(given, str) else None
        mode = self._ws.readiness(self._service.name).mode
        return answers.of_write(kind, action_id, mode, status, summary, reasons=reasons)

    def _log_call(
        self, kind: str, raw: Mapping[str, object], answer: Answer, duration_ms: int
    ) -> None:
        data = answer.data
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
                result=answers.logged_result(answer),
                duration_ms=duration_ms,
                remote_id=data.get("remote_id"),
                error="; ".join(map(str, data.get("reasons") or [])) if answer.is_error else None,
            )
        )
