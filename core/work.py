"""What lies in `Needs_Action/`: tasks and questions, listed for a reader, completed when over.

Rules: a task's note keeps the owner's words, gets a result and goes to `Completed/`; doing that
twice is doing it once; only the notes of one page are read, however many lie there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from core import asks, frontmatter, library, note_edits, notes, plan_steps, plans
from core.records import Entry
from core.strict_yaml import Plain
from core.vault import Folder
from utils.audit_log import Event
from utils.clock import local_day, show
from utils.errors import NoteError, RefusedError

if TYPE_CHECKING:
    from pathlib import Path

    from core.records import Ask
    from core.workspace import Workspace
    from utils.audit_log import Actor

COMPLETED = "completed"
WAITING, ANSWERED, LEFT = "waiting", "answered", "left_to_owner"
_DATED = re.compile(r"[A-Z]{3,4}-(\d{8})-(\d{3,9})\b")
_SHOWN = ("type", "id", "source", "from", "subject", "received", "priority", "trust", "thread")


def listed(
    ws: Workspace, limit: int, cursor: str | None
) -> tuple[list[dict[str, Any]], int, str | None]:
    """Return tasks and questions, the newest first, with their number and the next cursor."""
    found = sorted(ws.vault.listing(Folder.NEEDS_ACTION).notes, key=lambda f: _place(f.path.name))
    found.reverse()
    rest = [f for f in found if cursor is None or _place(f.path.name) < _place(cursor)]
    page = rest[:limit]
    items = [_item(ws, each.path) for each in page]
    more = len(rest) > len(page)
    return items, len(found), page[-1].path.name if more else None


def _place(name: str) -> tuple[str, int, str]:
    dated = _DATED.match(name)
    return (dated[1], int(dated[2]), name) if dated else ("", 0, name)


def _item(ws: Workspace, path: Path) -> dict[str, Any]:
    item: dict[str, Any] = {"note": ws.vault.relative(path)}
    try:
        front = notes.parse(ws.vault.read(path).data).front
    except (NoteError, FileNotFoundError) as error:
        reason = error.reason if isinstance(error, NoteError) else "was moved just now"
        return {**item, "problem": f"the note {reason}"}
    item |= {key: str(front[key])[:300] for key in _SHOWN if front.get(key) not in {None, ""}}
    stored = ws.journal.ask(str(front.get("id")))
    return {**item, **(answers_of(ws, stored) if stored else {})}


def answers_of(ws: Workspace, stored: Ask) -> dict[str, Any]:
    """Return how far a question is: its state, its words, what the owner answered."""
    replies, state, problem = stored.replies, WAITING, None
    if stored.settled is not None:
        state = ANSWERED if replies else LEFT
    else:
        try:
            given = _answer_in(ws, stored)
        except NoteError as error:
            given, problem = None, f"the note {error.reason}"
        if given is not None:
            replies, state = given.replies, LEFT if given.left else ANSWERED
    return {
        "state": state,
        "final": stored.settled is not None,
        "questions": [{"text": q["text"], "choices": q["choices"]} for q in stored.questions],
        "answers": {q["text"]: replies[q["key"]] for q in stored.questions if q["key"] in replies},
        **({"problem": problem} if problem else {}),
    }


def _answer_in(ws: Workspace, stored: Ask) -> asks.Answer | None:
    """Return what stands in the note of an open question; the owner may still be at it."""
    path = ws.vault.find(stored.name)
    if path is None:
        raise NoteError("is nowhere")
    try:
        return asks.answer_in(stored, notes.decode(ws.vault.read(path).data))
    except FileNotFoundError:
        return None


def task_status(ws: Workspace, task_id: str) -> dict[str, Any]:
    """Return how far a task is, and what was made of it.

    Raises:
        NoteError: there is none with this id.
    """
    path = library.note_with_id(ws, task_id)
    source = ws.journal.source_noted_as(task_id)
    if path is None:
        raise NoteError(f"asks for the task {task_id}, whose note is nowhere")
    item = _item(ws, path)
    plan = plans.known(ws, source.key) if source else None
    return {
        **item,
        "state": _state(ws, path),
        "plan": plan,
        "proposals": [row.action_id for row in ws.journal.proposed_from(path.stem)],
        "questions": [ask.ask_id for ask in (ws.journal.asks_about(source.key) if source else [])],
    }


def _state(ws: Workspace, path: Path) -> str:
    top = path.relative_to(ws.vault.root).parts[0]
    return {Folder.COMPLETED: COMPLETED, "Done": COMPLETED, Folder.REJECTED: "dropped"}.get(
        top, "open"
    )


def plan_status(ws: Workspace, plan_id: str) -> dict[str, Any]:
    """Return how far a plan is, with its steps.

    Raises:
        NoteError: there is none with this id, or it cannot be read.
    """
    path = plans.find(ws, plan_id)
    if path is None:
        raise NoteError(f"asks for the plan {plan_id}, whose note is nowhere")
    note = notes.parse(ws.vault.read(path).data)
    return {
        "note": ws.vault.relative(path),
        "state": note.word("status"),
        "progress": note.front.get("progress"),
        "goal": (note.word("goal") or "")[:300],
        "steps": plan_steps.steps_in(note.text),
    }


def complete(ws: Workspace, task_id: str, words: str, actor: Actor) -> tuple[Path, bool]:
    """File a task's note as over, with what came of it; its plan goes with it.

    Returns:
        Where the note is now, and whether that was done just now.

    Raises:
        NoteError: there is no such task, or its note cannot be read.
        RefusedError: its note says that it is no task.
        ChangedError: somebody is typing in it; try again.
    """
    path = library.note_with_id(ws, task_id)
    if path is None:
        raise NoteError(f"names the task {task_id}, whose note is nowhere")
    if _state(ws, path) != "open":
        return path, False
    file = ws.vault.read(path)
    note = notes.parse(file.data)
    if note.front.get("type") != "task" or note.word("id") != task_id:
        raise RefusedError(f"The note of {task_id} says that it is something else.")
    if note.word("status") != COMPLETED:  # a crash may have come before the move
        before = note.section(notes.RESULT)
        earlier = "\n".join(before.lines).strip() if before else ""
        at = Plain(show(ws.clock, ws.clock.now()))
        text = frontmatter.edit(note.text, set={"status": COMPLETED, "finished": at})
        said = f"{earlier}\n\nSaid by the assistant:\n\n{notes.quoted(words)}".strip()
        ws.vault.rewrite(file, note_edits.with_section(text, notes.RESULT, said))
    month = local_day(ws.clock, ws.clock.now()).strftime("%Y-%m")
    target = ws.vault.move(path, ws.vault.completed_folder(month))
    ws.chronicle.record(
        Entry(
            Event.FILED,
            actor,
            action="task.complete",
            target=ws.vault.relative(target),
            result=COMPLETED,
            correlation_id=task_id,
        )
    )
    plans.follow_task(ws, path.stem)
    return target, True
