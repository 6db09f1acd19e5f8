"""Every call of the vault's tools: validated, run, logged, redacted.

Rules: whoever calls is an assistant; every call is in the log, reads and refusals too; a refusal
says why in words; a failure of the program is never an answer of success.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from core import approvals, notes, payloads
from core.records import Entry
from mcp_servers import answers
from mcp_servers.answers import Answer, Status
from mcp_servers.listing import Hints, shown
from mcp_servers.vault import NAME
from utils.audit_log import Actor, Approval, Event
from utils.errors import AppError, NoteError, RefusedError
from utils.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pydantic import BaseModel

    from core.workspace import Workspace

log = get_logger()
LOGGED_CHARS = 4_000
"""A longer text in the arguments of a call is cut in the log; what was made of it is a note."""

LOGGED_ITEMS = 100
READS = Hints(outside=False)


@dataclass(frozen=True)
class Tool:
    """One tool.

    Args:
        name: `verb_noun`.
        summary: a sentence or two for the tool list.
        arguments: the pydantic model (extra fields refused).
        run: (workspace, validated arguments) -> the answer.
        hints: what it does; nothing here reaches beyond this machine.
    """

    name: str
    summary: str
    arguments: type[BaseModel]
    run: Callable[[Workspace, Any], Answer]
    hints: Hints = READS

    @property
    def kind(self) -> str:
        """Return its name in the log."""
        return f"{NAME}.{self.name}"


class Calls:
    """Answers the calls of the server `vault`.

    Args:
        ws: the vault and its records, with every service.
        tools: in the order in which they are listed.
    """

    def __init__(self, ws: Workspace, tools: Sequence[Tool]) -> None:
        self._ws = ws
        self._tools = {tool.name: tool for tool in tools}

    def tool_list(self) -> list[dict[str, Any]]:
        """Return the tools as MCP shows them, in a fixed order."""
        return [shown(t.name, t.summary, t.arguments, t.hints) for t in self._tools.values()]

    def call(self, tool: str, raw: Mapping[str, object]) -> Answer:
        """Run one tool call and log it, whatever comes of it."""
        began = self._ws.clock.monotonic()
        try:
            answer = self._run(tool, raw)
        except AppError as error:
            reasons = answers.reasons_of(error)
            answer = self._failure(tool, answers.status_of(error), reasons)
        except Exception as error:  # the outermost place: one bad call must not end the server
            log.exception("call.crashed", tool=f"{NAME}.{notes.inline(tool)}")
            said = f"The program failed ({type(error).__name__}). Look before you call it again."
            answer = self._failure(tool, Status.UNKNOWN, [said])
        duration_ms = round((self._ws.clock.monotonic() - began) * 1000)
        self._log(tool, raw, answer, duration_ms)
        return Answer(self._ws.chronicle.redactor.value(answer.data), answer.is_error)

    def _run(self, name: str, raw: Mapping[str, object]) -> Answer:
        from pydantic import ValidationError

        tool = self._tools.get(name)
        if tool is None:
            raise RefusedError(f"There is no tool `{notes.inline(name)}` on this server.")
        given = {key: value for key, value in raw.items() if value is not None}
        try:
            arguments = tool.arguments.model_validate(given)
        except ValidationError as error:
            raise NoteError(payloads.in_words(error)) from None
        return tool.run(self._ws, arguments)

    def _failure(self, name: str, status: Status, reasons: list[str]) -> Answer:
        tool = self._tools.get(name)
        if tool is None or not tool.hints.writes:
            data = {"status": str(status), "summary": reasons[0], "reasons": reasons}
            return Answer(data, is_error=True)
        said = reasons[0] if status is Status.UNKNOWN else f"Nothing was done. {reasons[0]}"
        return answers.of_write(tool.kind, None, None, status, said, reasons=reasons)

    def _log(self, tool: str, raw: Mapping[str, object], answer: Answer, duration_ms: int) -> None:
        about = str(answer.data.get("action_id") or "")
        row = self._ws.journal.get(about) if about else None
        kind = self._ws.chronicle.redactor.text(f"{NAME}.{tool}"[:100])
        if row is not None:
            base = replace(approvals.base_entry(row, Event.CALLED, Actor.CLAUDE), action=kind)
        else:
            base = Entry(
                Event.CALLED,
                Actor.CLAUDE,
                action=kind,
                target=answer.data.get("note"),
                approval_status=Approval.NOT_NEEDED,
                correlation_id=answer.data.get("id"),
            )
        self._ws.chronicle.record(
            replace(
                base,
                parameters={str(key)[:100]: _capped(value) for key, value in raw.items()},
                result=answers.logged_result(answer),
                duration_ms=duration_ms,
                error="; ".join(map(str, answer.data["reasons"])) if answer.is_error else None,
            )
        )


def _capped(value: object, depth: int = 0) -> object:
    """Return a value small enough for the log."""
    if isinstance(value, str):
        cut = f"{value[:LOGGED_CHARS]}… ({len(value)} characters)"
        return value if len(value) <= LOGGED_CHARS else cut
    if depth > 20:
        return "(nested too deeply)"
    if isinstance(value, dict):
        items = list(value.items())[:LOGGED_ITEMS]
        return {str(key)[:100]: _capped(each, depth + 1) for key, each in items}
    if isinstance(value, list):
        return [_capped(each, depth + 1) for each in value[:LOGGED_ITEMS]]
    return value
