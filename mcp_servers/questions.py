"""What a service is asked without changing anything: reads, checks in advance, read-backs.

Rules: asked with the client that cannot write; one question at a time in a server; a service that
is not set up is not asked.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from core import checks, lookups, payloads
from core.actions import key_of
from core.findings import Findings
from mcp_servers import answers
from mcp_servers.answers import Answer
from mcp_servers.toolset import Evidence, Finding, Toolset, Trace
from utils.errors import AppError, NoteError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.actions import Action, Payload
    from core.services import Service
    from core.workspace import Workspace


class Questions:
    """One service's reads.

    Args:
        ws: the vault and its records.
        service: whom they are put to.
        toolset: how they are put.
    """

    def __init__(self, ws: Workspace, service: Service, toolset: Toolset) -> None:
        self._ws = ws
        self._service = service
        self._toolset = toolset
        self._one_at_a_time = threading.Lock()
        self._reader: Any = None

    def ask(self, kind: str, raw: Mapping[str, object]) -> Answer:
        """Answer one read of the catalogue.

        Raises:
            NoteError: the arguments cannot be used.
            RefusedError: the service is not set up.
            ServiceError: it did not answer.
        """
        from pydantic import ValidationError

        read = next(r for r in self._service.reads if r.kind == kind)
        try:
            arguments = read.arguments.model_validate(
                {name: value for name, value in raw.items() if value is not None}
            )
        except ValidationError as error:
            raise NoteError(payloads.in_words(error)) from None
        self._need_set_up()
        with self._one_at_a_time:
            page = self._toolset.reads[read.tool](self._connected(), arguments)
        data = {
            "items": [dict(item) for item in page.items],
            "total": page.total,
            "next_cursor": page.next_cursor,
            **page.extra,
        }
        return Answer(data, is_error=False)

    def check(self, raw: Mapping[str, object]) -> Answer:
        """Answer the daemon's question about an action: `action` and its `arguments`.

        Raises:
            NoteError: the arguments cannot be used.
            RefusedError: there is no such action here.
        """
        action = self._ws.actions.get(str(raw.get("action")))
        arguments = raw.get("arguments")
        if action is None or action.tool not in self._toolset.writes:
            raise RefusedError("There is no such action on this server.")
        if not isinstance(arguments, dict):
            raise RefusedError("`arguments` must be the action's arguments.")
        payload = payloads.validated(action, arguments)
        return Answer(checks.as_data(action, self.found_about(action, payload)), is_error=False)

    def found_about(self, action: Action, payload: Payload) -> lookups.Found:
        """Return the payload with its identifier looked up, and what the service says about it.

        A service that is not set up or does not answer is a remark.
        """
        check = self._toolset.writes[action.tool].check
        findings = Findings()
        try:
            payload, findings = self._with_identifier(action, payload)
            if check is not None:
                self._need_set_up()
                with self._one_at_a_time:
                    findings += check(self._connected(), payload)
        except AppError as error:
            findings += checks.unanswered(action, payload, self._service.title, str(error))
        return payload, findings

    def _with_identifier(self, action: Action, payload: Payload) -> lookups.Found:
        lookup = action.lookup
        if lookup is None or not checks.is_missing(action, payload):
            return payload, Findings()
        query = str(payload.get(lookup.source, ""))
        answer = self.ask(lookup.tool, {"query": query, "limit": checks.LIMIT})
        return lookups.with_found(lookup, payload, answer.data["items"])

    def _need_set_up(self) -> None:
        missing = self._service.missing(self._ws.settings)
        if missing:
            raise RefusedError(
                f"{self._service.title} is not set up: {', '.join(missing)} missing in `.env`."
            )

    def read_back(self, approval_id: str) -> Answer:
        """Look whether an action whose outcome is unknown has happened.

        Raises:
            RefusedError: nothing of that approval was ever begun here.
        """
        row = self._ws.journal.get(approval_id)
        if row is None or row.service != self._service.name or row.sending_at is None:
            raise RefusedError(f"There is nothing to read back for `{approval_id}`.")
        if row.account != self._ws.account(self._service.name):
            said = f"It was sent to {row.account}, which is not what the settings name now."
            return answers.of_read_back(Evidence(Finding.UNCLEAR, said))
        write = self._toolset.writes[row.kind.split(".")[1]]
        trace = Trace(key_of(row.action_id), row.sending_at, row.staged_id)
        with self._one_at_a_time:
            return answers.of_read_back(write.reconcile(self._connected(), row.payload, trace))

    def _connected(self) -> Any:
        if self._reader is None:
            self._reader = self._toolset.reader(self._ws.settings)
        return self._reader
