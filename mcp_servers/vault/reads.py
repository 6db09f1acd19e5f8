"""What an assistant is told: waiting proposals, tasks, notes, the story of one action.

Rules: every answer is capped; words from notes stand in named fields and are data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core import library, work
from core.telling import sentence
from mcp_servers.answers import Answer
from utils.errors import NoteError

if TYPE_CHECKING:
    from core.workspace import Workspace
    from mcp_servers.vault.arguments import GetStatus, Paged, ReadNote, SearchNotes

STORY = 50
"""The last lines of a story that are told."""

TEXT_CHARS = 2_000


def list_tasks(ws: Workspace, given: Paged) -> Answer:
    """List tasks and questions, the newest first."""
    items, total, next_cursor = work.listed(ws, given.limit, given.cursor)
    return _page(items, total, next_cursor)


def read_note(ws: Workspace, given: ReadNote) -> Answer:
    """Return a portion of one note.

    Raises:
        NoteError: it cannot be read.
    """
    return Answer(library.read(ws, given.note, given.offset), is_error=False)


def search_notes(ws: Workspace, given: SearchNotes) -> Answer:
    """Find notes by their words.

    Raises:
        NoteError: folder or cursor cannot be used.
    """
    if not given.query.split():
        raise NoteError("needs words in `query`")
    hits = library.search(ws, given.query, given.folder, given.limit, given.cursor)
    more = {"complete": hits.complete, "skipped": hits.skipped}
    return _page(list(hits.items), hits.total, hits.next_cursor, **more)


def get_pending(ws: Workspace, given: Paged) -> Answer:
    """List what waits for the owner, oldest first."""
    from core import views

    waiting = views.pending(ws)
    known = [each["action_id"] for each in waiting]
    start = sum(action_id <= given.cursor for action_id in known) if given.cursor else 0
    page = waiting[start : start + given.limit]
    more = start + len(page) < len(waiting)
    return _page(page, len(waiting), page[-1]["action_id"] if more and page else None)


def get_status(ws: Workspace, given: GetStatus) -> Answer:
    """Return how far a proposal, a question, a task or a plan is.

    Raises:
        NoteError: nobody knows the id.
    """
    prefix = given.id.partition("-")[0]
    if prefix == "APR":
        data = _story(ws, given.id)
    elif prefix == "ASK":
        data = _question(ws, given.id)
    elif prefix == "PLAN":
        data = work.plan_status(ws, given.id)
    elif prefix in {"TSK", "EML"}:
        data = work.task_status(ws, given.id)
    else:
        raise NoteError("asks for an id of a kind that nobody knows")
    return Answer({"id": given.id, **data}, is_error=False)


def _story(ws: Workspace, action_id: str) -> dict[str, Any]:
    from core import views

    if ws.journal.get(action_id) is None:
        raise NoteError(f"asks for {action_id}, which nobody ever proposed")
    told = views.why(ws, action_id)
    lines = [{"at": each["at"], "said": sentence(each)[:500]} for each in told["story"]]
    return {**_capped(told), "story": lines[-STORY:], "story_total": len(lines)}


def _question(ws: Workspace, ask_id: str) -> dict[str, Any]:
    stored = ws.journal.ask(ask_id)
    if stored is None:
        raise NoteError(f"asks for {ask_id}, which nobody ever asked")
    path = ws.vault.find(stored.name)
    return {"note": ws.vault.relative(path) if path else None, **work.answers_of(ws, stored)}


def _capped(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= TEXT_CHARS else f"{value[: TEXT_CHARS - 1]}…"
    if isinstance(value, dict):
        return {key: _capped(each) for key, each in value.items()}
    return [_capped(each) for each in value[:100]] if isinstance(value, list) else value


def _page(
    items: list[dict[str, Any]], total: int | None, next_cursor: str | None, **more: object
) -> Answer:
    data = {"items": items, "total": total, "next_cursor": next_cursor, **more}
    return Answer(data, is_error=False)
