"""One attempt at an approved action: the grant is taken, the call is made, the outcome is kept.

Rules: the grant is taken in one synced update as the last thing before the network; one attempt at
a time in a server; whatever comes of it is in the journal before anybody is answered.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from core import approvals
from core.actions import State, key_of
from mcp_servers import answers
from mcp_servers.refusals import why_no_grant
from mcp_servers.toolset import Toolset, Trace
from utils.audit_log import Event
from utils.errors import RefusedError, ServiceError, UnknownOutcomeError
from utils.log import get_logger

if TYPE_CHECKING:
    from core.actions import Payload
    from core.media import LoadedMedia
    from core.records import Row
    from core.vault_files import LoadedFile
    from core.workspace import Workspace
    from mcp_servers.answers import Outcome
    from mcp_servers.toolset import Write
    from utils.audit_log import Actor

log = get_logger()


@dataclass(frozen=True)
class Approved:
    """What is about to be carried out.

    Args:
        row: the approval.
        payload: exactly what was approved, validated.
        request: what the service will be asked, for the record.
        write: how it is done.
        files: the pictures and films that were approved, by content.
        attachments: the other files that were approved, by content.
    """

    row: Row
    payload: Payload
    request: dict[str, Any]
    write: Write
    files: tuple[LoadedMedia, ...] = ()
    attachments: tuple[LoadedFile, ...] = ()


class Attempts:
    """Carries out what was approved, one at a time, with the client that can write.

    Args:
        ws: the vault and its records.
        title: the service's name in front of people.
        toolset: builds the client.
        actor: who carries it out.
    """

    def __init__(self, ws: Workspace, title: str, toolset: Toolset, actor: Actor) -> None:
        self._ws = ws
        self._title = title
        self._toolset = toolset
        self._actor = actor
        self._one_at_a_time = threading.Lock()
        self._writer: Any = None

    def make(self, approved: Approved) -> Outcome:
        """Make one attempt; the journal knows its outcome when this returns.

        Whoever comes second to a grant that was carried out meanwhile gets the first one's result.

        Raises:
            RefusedError: there is no such grant (any more); nothing was sent.
        """
        with self._one_at_a_time:
            writer = self._connected()
            attempt = self._take_grant(approved.row)
            if attempt is None:
                return self._without_grant(approved.row)
            began = self._ws.clock.monotonic()
            outcome = self._run(approved, attempt, writer)
            said = self._ws.chronicle.redactor.text(outcome.summary)  # the note will show it
            outcome = replace(outcome, summary=said)
            duration_ms = round((self._ws.clock.monotonic() - began) * 1000)
            self._settle(approved, attempt, outcome, duration_ms)
        return outcome

    def _connected(self) -> Any:
        if self._writer is None:
            self._writer = self._toolset.writer(self._ws.settings)
        return self._writer

    def _take_grant(self, row: Row) -> int | None:
        entry = approvals.base_entry(row, Event.SENDING, self._actor)
        return self._ws.journal.take_grant(row.action_id, row.kind, row.digest, entry)

    def _without_grant(self, row: Row) -> Outcome:
        now = self._ws.journal.get(row.action_id) or row
        if now.state is State.DONE and now.digest == row.digest:
            return answers.done_before(now)
        reason = why_no_grant(self._ws, now) or "The approval was used or withdrawn meanwhile."
        raise RefusedError(reason)

    def _run(self, approved: Approved, attempt: int, writer: Any) -> Outcome:
        """Do the invisible step first, where the service has one, then the act."""
        row, write = approved.row, approved.write

        def keep(staged_id: str) -> None:
            kept = self._ws.journal.transition(
                row.action_id, {State.SENDING}, None, of_attempt=attempt, staged_id=staged_id
            )
            if not kept:
                raise UnknownOutcomeError(self._title, "the call was given up while it went on.")

        trace = Trace(
            key_of(row.action_id),
            self._ws.clock.now(),
            row.staged_id,
            approved.files,
            keep,
            approved.attachments,
        )
        if write.stage is not None:
            try:
                staged_id = write.stage(writer, approved.payload, trace)
            except Exception as error:  # noqa: BLE001 - before the act nothing can have happened
                return answers.not_staged(self._title, error)
            if staged_id is not None:
                trace = replace(trace, staged_id=staged_id)
                keep(staged_id)
        try:
            return answers.succeeded(write.perform(writer, approved.payload, trace))
        except ServiceError as error:
            return answers.failed(error)
        except Exception as error:
            log.exception("action.crashed", action_id=row.action_id)
            return answers.crashed(error)

    def _settle(self, approved: Approved, attempt: int, outcome: Outcome, duration_ms: int) -> None:
        row = approved.row
        entry = approvals.base_entry(
            row,
            Event.OUTCOME,
            self._actor,
            result=str(outcome.status),
            attempt=attempt,
            duration_ms=duration_ms,
            remote_id=outcome.remote_id,
            error=outcome.error,
            error_class=outcome.error_class,
            parameters=row.payload,
        )
        self._ws.journal.transition(
            row.action_id,
            {State.SENDING},
            outcome.state,
            entry,
            of_attempt=attempt,
            finished_at=self._ws.clock.now(),
            request=approved.request,
            remote_id=outcome.remote_id,
            remote_url=outcome.remote_url,
            summary=outcome.summary,
            error=outcome.error,
            error_class=outcome.error_class,
            retry_at=outcome.retry_at,
        )
        self._ws.chronicle.flush(sync=True)
