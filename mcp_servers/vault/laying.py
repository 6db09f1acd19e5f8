"""Work that an assistant lays down as notes: tasks, plans, questions.

Rules: the same asked again on the same day is there once; what somebody says stands inert and
capped in its note; what waits for the owner is ticked by nobody else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import asks, library, notes, plans, tasks, work
from core.actions import canonical
from core.asks import NEVER, OTHER, Query
from core.tasks import Dropped
from mcp_servers import answers
from mcp_servers.answers import Status
from mcp_servers.vault import NAME
from utils import files
from utils.audit_log import Actor
from utils.clock import local_day
from utils.errors import NoteError, RefusedError

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import BaseModel

    from core.workspace import Workspace
    from mcp_servers.answers import Answer
    from mcp_servers.vault.arguments import (
        AskOwner,
        CompleteTask,
        CreatePlan,
        CreateTask,
        Step,
        UpdatePlan,
    )

ASSISTANT = Actor.CLAUDE


def create_task(ws: Workspace, given: CreateTask) -> Answer:
    """Write a task note, once a day for the same words."""
    key = _key(ws, given)
    known = ws.journal.source(key)
    _must_say_something(given.title, *given.steps)
    dropped = Dropped(
        key=key,
        source=tasks.ASSISTANT,
        sender="Claude",
        subject=given.title,
        received=ws.clock.now(),
        text=given.text or "",
        title=f"Task from the assistant: {given.title}",
        steps=tuple(notes.inline(s, 200) for s in given.steps) or ("Decide what to do",),
        priority=given.priority,
    )
    made = tasks.drop(ws, dropped, ASSISTANT)
    path = ws.vault.find(made.name or "")
    is_new = known is None or known.name is None
    return _done("create_task", ws, made.note_id, path, is_new=is_new)


def create_plan(ws: Workspace, given: CreatePlan) -> Answer:
    """Write a plan's note, once; a task has one plan.

    Raises:
        NoteError: a task or a step's proposal is not known.
        RefusedError: the task has a plan already.
    """
    _must_say_something(given.title, given.goal, *(step.text for step in given.steps))
    key, task = _key(ws, given), None
    if given.task:
        task = _task(ws, given.task).stem
        source = ws.journal.source_noted_as(given.task)
        key = source.key if source else f"task:{given.task}"
        there = plans.known(ws, key)
        if there and plans.find(ws, there):
            raise RefusedError(f"{given.task} has the plan {there}; update_plan adds steps to it.")
    known = plans.known(ws, key)
    is_new = known is None or plans.find(ws, known) is None
    steps = [_step(step) for step in given.steps]
    path = plans.create(ws, plans.Plan(key, given.title, given.goal, steps, task), ASSISTANT)
    return _done("create_plan", ws, path.name.partition(" ")[0], path, is_new=is_new)


def update_plan(ws: Workspace, given: UpdatePlan) -> Answer:
    """Add steps to a plan, or tick some.

    Raises:
        NoteError: there is no such plan or step, or a step waits for the owner.
    """
    if not given.add and not given.done:
        raise NoteError("needs steps to `add`, or numbers of steps that are `done`")
    _must_say_something(*(step.text for step in given.add))
    path = plans.update(ws, given.plan, add=[_step(s) for s in given.add], done=given.done)
    return _done("update_plan", ws, given.plan, path, is_new=True)


def complete_task(ws: Workspace, given: CompleteTask) -> Answer:
    """File a task's note as over.

    Raises:
        NoteError: there is no such task.
        RefusedError: its note says that it is no task.
    """
    path, is_new = work.complete(ws, given.task, given.result, ASSISTANT)
    waiting = [r.action_id for r in ws.journal.proposed_from(path.stem) if r.state == "pending"]
    said = [f"{action_id} of this task still waits for the owner." for action_id in waiting]
    return _done("complete_task", ws, given.task, path, is_new=is_new, reasons=said)


def ask_owner(ws: Workspace, given: AskOwner) -> Answer:
    """Put a question before the owner, with boxes to tick.

    Raises:
        NoteError: the words cannot be used, or the task is not known.
    """
    _must_say_something(given.question, *given.choices)
    choices = [notes.inline(choice, 200) for choice in given.choices]
    if len(set(choices)) < len(choices) or {OTHER, NEVER} & set(choices):
        raise NoteError("offers a choice twice; “something else” and “leave it” are always there")
    about = _task(ws, given.task).stem if given.task else None
    query = Query("question", given.question, given.reason, tuple(choices))
    made = asks.ask_for_assistant(ws, query, given.context or "", about)
    return _done("ask_owner", ws, made.ask_id, ws.vault.find(made.name), is_new=True)


def _step(step: Step) -> plans.Step:
    return plans.Step(step.text, step.about)


def _task(ws: Workspace, task_id: str) -> Path:
    path = library.note_with_id(ws, task_id)
    if path is None:
        raise NoteError(f"names the task {task_id}, whose note is nowhere")
    return path


def _must_say_something(*texts: str) -> None:
    """Refuse words of which nothing is left once they are made harmless."""
    if not all(notes.inline(text) for text in texts):
        raise NoteError("has a text of which nothing can be shown; use plain words")


def _key(ws: Workspace, given: BaseModel) -> str:
    """Return by what a wish is known, so that asking again on the same day makes no second."""
    day = local_day(ws.clock, ws.clock.now()).isoformat()
    words = canonical({"day": day, type(given).__name__: given.model_dump(mode="json")})
    return f"{tasks.ASSISTANT}:{files.digest(words.encode())}"


def _done(
    tool: str,
    ws: Workspace,
    note_id: str,
    path: Path | None,
    *,
    is_new: bool,
    reasons: list[str] | None = None,
) -> Answer:
    place = ws.vault.relative(path) if path else None
    return answers.of_write(
        f"{NAME}.{tool}",
        None,
        None,
        Status.DONE if is_new else Status.ALREADY_DONE,
        f"{note_id}: {'done' if is_new else 'it was so already'}; the note is {place or 'gone'}.",
        id=note_id,
        note=place,
        reasons=reasons or [],
    )
