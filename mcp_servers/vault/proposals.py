"""Actions that an assistant puts before the owner, or takes back.

Rules: a proposal always asks; it is validated before an earlier one is taken back; a service is not
asked from here, which the note says, and the daemon asks it before the owner's yes counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import approvals, checks, frontmatter, library, notes, payloads, withdrawal
from core.actions import Trust, canonical
from core.findings import Findings
from mcp_servers import answers
from mcp_servers.answers import Status
from utils.audit_log import Actor
from utils.errors import NoteError, RefusedError

if TYPE_CHECKING:
    from core.actions import Action, Payload
    from core.workspace import Workspace
    from mcp_servers.answers import Answer
    from mcp_servers.vault.arguments import ProposeAction

ARGUMENTS_CHARS = 60_000
ASSISTANT = Actor.CLAUDE
UNCHECKED = (
    "The service was not asked about it yet: the daemon does that, and writes below what it says."
)


def propose(ws: Workspace, given: ProposeAction) -> Answer:
    """Put an action before the owner, in place of an own earlier one or not; or take one back.

    Raises:
        NoteError: the arguments cannot be used.
        RefusedError: a rule says no.
    """
    if given.action is None:
        return _withdraw(ws, given)
    if len(canonical(given.arguments)) > ARGUMENTS_CHARS:
        raise RefusedError(f"The arguments are longer than {ARGUMENTS_CHARS:,} characters.")
    request = _request(ws, given, given.action, _without_none(given.arguments))
    made = approvals.accepted(ws, request)
    if given.replaces is not None:
        withdrawal.withdraw(ws, given.replaces, ASSISTANT, "Replaced by another proposal.")
    row, path = approvals.propose(ws, request)
    note = ws.vault.relative(path)
    return answers.of_proposal(row, note, request.findings.remarks, made.missing, id=row.action_id)


def _without_none(arguments: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in arguments.items() if value is not None}


def _request(
    ws: Workspace, given: ProposeAction, kind: str, arguments: dict[str, object]
) -> approvals.Request:
    task = _task(ws, given.task) if given.task else None
    action = ws.actions.get(kind)
    remarks: tuple[str, ...] = ()
    if given.replaces:
        remarks += (f"It takes the place of {given.replaces}.",)
    unchecked = action is not None and _is_unchecked(ws, action, arguments)
    if action is not None and unchecked:
        remarks += (UNCHECKED,)
    return approvals.Request(
        kind,
        arguments,
        ASSISTANT,
        task[1] if task else Trust.OWNER,
        source=task[0] if task else None,
        evidence=given.reason,
        findings=Findings(remarks=remarks),
        unchecked=unchecked,
    )


def _is_unchecked(ws: Workspace, action: Action, arguments: dict[str, object]) -> bool:
    payload: Payload = payloads.completed(ws, action, arguments)
    return checks.is_asked(action, payload)


def _task(ws: Workspace, task_id: str) -> tuple[str, Trust]:
    """Return the name of a task's note, and whose words the task is made of."""
    path = library.note_with_id(ws, task_id)
    if path is None:
        raise NoteError(f"names the task {task_id}, whose note is nowhere")
    front = frontmatter.read(notes.decode(ws.vault.read(path).data))
    is_owners = front.get("trust") == Trust.OWNER
    return path.stem, Trust.OWNER if is_owners else Trust.EXTERNAL


def _withdraw(ws: Workspace, given: ProposeAction) -> Answer:
    if given.replaces is None or given.arguments:
        raise NoteError("needs `action`, such as odoo.create_invoice (or only `replaces`)")
    why = notes.inline(given.reason, 300) if given.reason else "Withdrawn by the assistant."
    row = withdrawal.withdraw(ws, given.replaces, ASSISTANT, why)
    return answers.of_write(
        row.kind,
        row.action_id,
        row.mode,
        Status.DONE,
        f"{row.action_id} is withdrawn; nothing was sent. Its note lies in the vault's trash.",
        id=row.action_id,
    )
