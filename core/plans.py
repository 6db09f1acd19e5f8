"""Plan notes: the steps of a task that takes several, ticked as the linked actions finish.

Rules: a plan's id is kept before its note is written, so that a crash makes no second one; only a
step's box, what is said behind it, `status` and `progress` are ever changed; a step is ticked by
the journal or by the owner, never because time passed; a plan goes where its task has gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core import frontmatter, notes
from core.actions import State
from core.note_names import note_name
from core.pages import Pace
from core.plan_steps import (
    ABOUT,
    BOX,
    COMPLETED,
    DROPPED,
    OPEN,
    STEPS,
    below_heading,
    boxes,
    said,
    ticked,
    with_progress,
)
from core.records import Entry
from core.strict_yaml import Plain
from core.vault import Folder
from utils.audit_log import Actor, Event
from utils.clock import local_day, show
from utils.errors import ChangedError, NoteError
from utils.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from core.desk import Desk
    from core.workspace import Workspace

log = get_logger()
PREFIX = "PLAN"
ENDED = {
    State.DRY_RUN_COMPLETED: "dry run: nothing was sent",
    State.REJECTED: "rejected, not done",
    State.EXPIRED: "expired, not done",
    State.WITHDRAWN: "withdrawn, not done",
}
"""Said behind a step whose action ended without being done; only a dry run is ticked as well."""
DECIDED = frozenset({State.DONE, *ENDED})
"""States in which nobody waits for a decision any more."""


@dataclass(frozen=True)
class Step:
    """One step.

    Args:
        text: what is to be done.
        about: the id of the proposal or question that it waits for, when there is one.
    """

    text: str
    about: str | None = None


@dataclass(frozen=True)
class Plan:
    """What a plan note says.

    Args:
        key: what it is known by for ever, so that making it twice makes it once.
        title: the words of its file name.
        goal: what will be true in the end.
        steps: in their order.
        source: the task note that it belongs to, as a name without `.md`.
    """

    key: str
    title: str
    goal: str
    steps: Sequence[Step]
    source: str | None = None


def create(ws: Workspace, plan: Plan, actor: Actor = Actor.DAEMON) -> Path:
    """Write a plan's note, once; a plan that is there already is left as it is.

    Returns:
        Where the note lies.

    Raises:
        NoteError: a step is about something that nobody knows.
    """
    plan_id = known(ws, plan.key)
    there = find(ws, plan_id) if plan_id else None
    if there is not None:
        return there
    body = [_line(ws, step) for step in plan.steps]
    if plan_id is None:
        plan_id = ws.journal.mint(PREFIX, local_day(ws.clock, ws.clock.now()))
        ws.journal.remember(f"plan:{plan.key}", plan_id, durable=True)
    path = ws.vault.create(
        ws.vault.folder(Folder.PLANS),
        note_name(plan_id, plan.title),
        _text(ws, plan, plan_id, body),
    )
    ws.chronicle.record(
        Entry(
            Event.PROPOSED,
            actor,
            action="plan.create",
            target=ws.vault.relative(path),
            parameters={"steps": len(body)},
            correlation_id=plan_id,
        )
    )
    return path


def known(ws: Workspace, key: str) -> str | None:
    """Return the id of the plan with a key, None when there never was one."""
    plan_id = ws.journal.recall(f"plan:{key}")
    return str(plan_id) if plan_id else None


def _text(ws: Workspace, plan: Plan, plan_id: str, steps: list[str]) -> str:
    front = {
        "type": "plan",
        "id": plan_id,
        "status": OPEN,
        "goal": notes.inline(plan.goal, 200),
        "source": notes.link(plan.source) if plan.source else "",
        "progress": 0,
        "created": Plain(show(ws.clock, ws.clock.now())),
        "tags": ["plan"],
    }
    lines = [
        f"> [!abstract] Goal: {notes.inline(plan.goal, 300)}",
        *([f"> For {notes.link(plan.source)}."] if plan.source else []),
        "> Steps tick themselves as their decisions are carried out; tick the others yourself.",
        *("", STEPS, ""),
        *steps,
        "",
    ]
    return frontmatter.compose(front) + "\n".join(lines)


def _line(ws: Workspace, step: Step) -> str:
    words = notes.inline(step.text, 200)
    if step.about is None:
        return f"- [ ] {words}"
    return f"- [ ] {words}: {notes.link(_note_about(ws, step.about).removesuffix('.md'))}"


def _note_about(ws: Workspace, note_id: str) -> str:
    row = ws.journal.get(note_id)
    ask = None if row else ws.journal.ask(note_id)
    if row is None and ask is None:
        raise NoteError(f"is about {notes.inline(note_id)}, which nobody knows")
    return row.note if row else ask.name if ask else ""


def find(ws: Workspace, plan_id: str) -> Path | None:
    """Return where a plan's note lies, None when it is gone."""
    month = sorted(ws.vault.folder(Folder.COMPLETED).glob(f"*/{plan_id} *.md"))
    found = [*ws.vault.folder(Folder.PLANS).glob(f"{plan_id} *.md"), *month]
    return found[0] if found else None


def update(
    ws: Workspace, plan_id: str, *, add: Sequence[Step] = (), done: Sequence[int] = ()
) -> Path:
    """Add steps to a plan or tick some; what is so already stays so.

    Args:
        ws: the vault and its records.
        plan_id: the plan.
        add: new steps, put below the others; one about the same thing is not added twice.
        done: numbers of steps to tick, from 1.

    Returns:
        Where the note lies.

    Raises:
        NoteError: there is no such plan or step.
        ChangedError: somebody is typing in it; try again.
    """
    path = find(ws, plan_id)
    if path is None:
        raise NoteError(f"there is no plan {notes.inline(plan_id)}")
    file = ws.vault.read(path)
    text = notes.decode(file.data)
    lines = text.split("\n")
    places = list(boxes(lines))
    for number in done:
        if not 1 <= number <= len(places):
            raise NoteError(f"has no step {number}; it has {len(places)}")
        lines[places[number - 1]] = _ticked_by_hand(ws, number, lines[places[number - 1]])
    known = {found[0] for place in places for found in ABOUT.finditer(lines[place])}
    end = "\r" if text.count("\r\n") else ""
    new = [_line(ws, step) + end for step in add if step.about is None or step.about not in known]
    at = places[-1] + 1 if places else below_heading(lines)
    lines[at:at] = new
    ws.vault.rewrite(file, with_progress("\n".join(lines)))
    return path


def _ticked_by_hand(ws: Workspace, number: int, line: str) -> str:
    """Return a step's line with its tick.

    Raises:
        NoteError: it waits for a decision that is not made.
    """
    waits = [found[0] for found in ABOUT.finditer(line) if _state(ws, found[0]) not in DECIDED]
    if waits:
        raise NoteError(f"ticks step {number}, which waits for {waits[0]} and ticks itself")
    return ticked(line)


class Plans:
    """Keeps the plans in `Plans/` up with the journal.

    Args:
        ws: the vault and its records.
        desk: asked for another round when it is time to look.
    """

    def __init__(self, ws: Workspace, desk: Desk) -> None:
        self._ws = ws
        self._pace = Pace(ws.clock, desk)

    def refresh(self, *, stopping: bool = False) -> None:
        """Bring every plan up to date, once a minute and when something has happened."""
        minute = int(self._ws.clock.now().timestamp() // 60)
        mark = (minute, self._ws.journal.last_told())
        if stopping or self._pace.is_due(mark):
            follow(self._ws)
            self._pace.tried(mark, written=True)


def follow(ws: Workspace) -> None:
    """Tick what has been done in every plan, and let plans go where their tasks have gone."""
    for found in ws.vault.listing(Folder.PLANS).notes:
        try:
            _follow_one(ws, found.path)
        except (ChangedError, NoteError, FileNotFoundError) as error:
            log.info("plan.later", plan=found.path.name, reason=str(error))


def follow_task(ws: Workspace, task: str) -> Path | None:
    """Let the plan of a task go where the task has gone; return where it lies now.

    Args:
        ws: the vault and its records.
        task: the task note's name without `.md`.
    """
    source = notes.link(task)
    for found in ws.vault.listing(Folder.PLANS).notes:
        try:
            if notes.parse(ws.vault.read(found.path).data).word("source") == source:
                _follow_one(ws, found.path)
                return ws.vault.find(found.path.name)
        except (ChangedError, NoteError, FileNotFoundError) as error:
            log.info("plan.later", plan=found.path.name, reason=str(error))
    return None


def _follow_one(ws: Workspace, path: Path) -> None:
    file = ws.vault.read(path)
    note = notes.parse(file.data)
    if note.front.get("type") != "plan":
        return
    lines = note.text.split("\n")
    for place in boxes(lines):
        lines[place] = _followed(ws, lines[place])
    gone_to = _task_folder(ws, note)
    text = with_progress("\n".join(lines))
    if gone_to is Folder.REJECTED:
        text = frontmatter.edit(text, set={"status": DROPPED})
    if text != note.text:
        ws.vault.rewrite(file, text)
    is_done = not note.word("source") and notes.parse(text.encode()).front["status"] == COMPLETED
    if gone_to is not None or is_done:
        month = local_day(ws.clock, ws.clock.now()).strftime("%Y-%m")
        target = ws.vault.move(path, ws.vault.completed_folder(month))
        ws.chronicle.record(
            Entry(
                Event.FILED,
                Actor.DAEMON,
                action="plan.file",
                target=ws.vault.relative(target),
                result="completed",
                correlation_id=note.word("id"),
            )
        )


def _followed(ws: Workspace, line: str) -> str:
    """Return a step's line as the journal knows it; a tick of the owner is never taken back."""
    ids = [found[0] for found in ABOUT.finditer(line)]
    box = BOX.match(line)
    if not ids or box is None or box[2] != " ":
        return line
    states = {_state(ws, note_id) for note_id in ids}
    for state, words in ENDED.items():
        if state in states:
            line = said(line, words)
    return ticked(line) if states <= {State.DONE, State.DRY_RUN_COMPLETED} else line


def _state(ws: Workspace, note_id: str) -> State | None:
    """Return how far a proposal is; a question that is settled counts as done."""
    row = ws.journal.get(note_id)
    if row is not None:
        return row.state
    return State.DONE if ws.journal.is_settled(note_id) else None


def _task_folder(ws: Workspace, note: notes.Note) -> Folder | None:
    """Return `Completed` or `Rejected` when the plan's task has gone there."""
    source = (note.word("source") or "").strip("[]")
    path = ws.vault.find(f"{source}.md") if source else None
    if path is None:
        return None
    top = path.relative_to(ws.vault.root).parts[0]
    if top == Folder.REJECTED:
        return Folder.REJECTED
    return Folder.COMPLETED if top in {str(Folder.COMPLETED), "Done"} else None
