"""An ended action's note gets its result and goes to its folder.

Rules: the journal has decided already, so filing may be repeated at any time; the owner's words
stay; only `## Result`, the first callout and two properties are written; a dry run is stamped so
that it can never be read as done.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from core import approvals, frontmatter, note_edits, notes, parts, proposal
from core.actions import Mode, State, Tier, key_of
from core.journal import TERMINAL
from core.reconcile import PROVEN_ABSENT
from core.records import Row
from core.strict_yaml import Plain
from core.vault import Folder
from utils.audit_log import Actor, Event
from utils.clock import local_day, show
from utils.errors import PARTLY_DONE, ChangedError, NoteError
from utils.log import get_logger

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from core.vault import NoteFile
    from core.workspace import Workspace

log = get_logger()
TRIES = 5
REQUEST_LIMIT_CHARS = 6_000
EDITS_SHOWN = 20


@dataclass(frozen=True)
class Ending:
    """How an ended action is shown.

    Args:
        status: the label set in the front matter.
        folder: where its note goes.
        kind: the callout's kind.
        headline: the callout's first line, after the kind.
        lines: its further lines.
    """

    status: str
    folder: Path
    kind: str
    headline: str
    lines: tuple[str, ...]


def ending_of(ws: Workspace, row: Row) -> Ending:
    """Return how an action that has ended is shown.

    Raises:
        ValueError: it has not ended.
    """
    vault = ws.vault
    at = row.finished_at or ws.clock.now()
    month = vault.completed_folder(local_day(ws.clock, at).strftime("%Y-%m"))
    review = vault.folder(Folder.NEEDS_REVIEW)
    rejected = vault.folder(Folder.REJECTED)
    summary = notes.inline((row.summary or "").removeprefix("not done: "), 400)
    absent = row.error_class == PROVEN_ABSENT
    nothing = "It was sent, but it did not happen." if absent else "Nothing was sent."
    again = (
        "To try again: move this note to `Approved`. To drop it: `Rejected`. "
        "If it happened after all: `Completed`."
    )
    endings = {
        State.DONE: Ending("completed", month, "success", f"Done: {summary}", _where(row)),
        State.DRY_RUN_COMPLETED: Ending(
            "dry_run_completed",
            month,
            "info",
            "DRY RUN completed: nothing was sent",
            (
                "This is what would have been sent; see Result below.",
                "For real: make the service live, then move this note to `Pending_Approval`.",
            ),
        ),
        State.NOT_SENT: Ending(
            "failed", review, "failure", f"Not done: {summary}", (nothing, again)
        ),
        State.REFUSED: Ending(
            "failed", review, "failure", f"Not done: {summary}", ("The service refused it.", again)
        ),
        State.UNKNOWN: Ending(
            "in_doubt",
            review,
            "warning",
            "In doubt: I do not know whether it happened",
            (
                summary,
                "Look at the service first, then decide by moving this note:",
                "it happened: `Completed`; do it again: `Approved`; drop it: `Rejected`.",
            ),
        ),
        State.REJECTED: Ending(
            "rejected",
            rejected,
            "info",
            f"Rejected: nothing {'more ' if row.attempt else ''}was sent",
            (summary,) if summary else (),
        ),
        State.EXPIRED: Ending(
            "expired",
            rejected,
            "info",
            "Expired: nobody decided in time, nothing was sent",
            ("To ask again, move this note to `Pending_Approval`.",),
        ),
    }
    if row.state is State.REFUSED and row.tier is Tier.HARD_STOP:
        return Ending(
            "hard_stop",
            vault.folder(Folder.NEEDS_ACTION),
            "danger",
            "I will not do this: it is yours to decide and to do",
            (summary,),
        )
    if row.state is State.REFUSED and row.error_class == "Refused":
        return Ending(
            "refused", review, "failure", f"Refused: {summary}", ("Nothing was sent.", again)
        )
    if row.error_class == PARTLY_DONE and row.state in {State.NOT_SENT, State.REFUSED}:
        rest = "A part of it is done and stays done. `Approved` sends only the rest."
        return Ending(
            "failed", review, "warning", f"Not all of it: {summary}", (rest, "Drop it: `Rejected`.")
        )
    if row.state in endings and parts.is_several(ws, row):
        return _of_several(ws, row, endings[row.state])
    if row.state not in endings:
        raise ValueError(f"{row.action_id} is {row.state} and cannot be filed")
    return endings[row.state]


def _of_several(ws: Workspace, row: Row, plain: Ending) -> Ending:
    """Return how an action that is several ended: each part by name."""
    each, done = tuple(parts.lines(ws, row)), parts.done(ws, row)
    if row.state in {State.DONE, State.DRY_RUN_COMPLETED}:
        headline = "Done everywhere" if row.state is State.DONE else plain.headline
        more = plain.lines[1:] if row.state is State.DRY_RUN_COMPLETED else ()
        return replace(plain, headline=headline, lines=(*each, *more))
    rest = f"{plain.headline.split(':')[0]}: {', '.join(done)} done, the rest is not"
    decide = (
        "To send the rest: move this note to `Approved`; what is done is not sent again. "
        "To drop the rest: `Rejected`. If it happened after all: `Completed`."
    )
    review = (decide,) if plain.folder == ws.vault.folder(Folder.NEEDS_REVIEW) else ()
    whole = f"{plain.headline.split(':')[0]}: nothing was sent"
    if row.state is State.UNKNOWN:
        return replace(plain, lines=(*each, *plain.lines[1:2], *review))
    return replace(plain, headline=rest if done else whole, lines=(*each, *review))


def _where(row: Row) -> tuple[str, ...]:
    if row.mode is Mode.SANDBOX:
        return ("SANDBOX: this happened in the practice services only.",)
    return (f"Look at it: <{row.remote_url}>",) if row.remote_url else ()


def file_note(ws: Workspace, row: Row, path: Path | None) -> Path:
    """Give an ended action's note its result and move it to its folder.

    Args:
        ws: the vault and its records.
        row: the ended action.
        path: where the note lies; None when it has to be found (or made, when it is gone).

    Returns:
        Where the note is now.
    """
    ending = ending_of(ws, row)
    at = row.finished_at or ws.clock.now()
    place = path or ws.vault.find(row.note)
    if place is None:
        target = ws.vault.create(ending.folder, row.note, _new_note(ws, row, ending, at))
    else:
        _write_result(ws, row, ending, at, place)
        target = place if place.parent == ending.folder else ws.vault.move(place, ending.folder)
    entry = approvals.base_entry(
        row, Event.FILED, Actor.DAEMON, result=ending.status, remote_id=row.remote_id
    )
    ws.journal.transition(
        row.action_id,
        TERMINAL,
        None,
        entry,
        filed_at=ws.clock.now(),
        finished_at=at,
        note=target.name,
        durable=False,  # filing again is harmless
    )
    return target


def _write_result(ws: Workspace, row: Row, ending: Ending, at: datetime, path: Path) -> None:
    """Write the result into the note; somebody typing meanwhile only means reading it again."""
    for _ in range(TRIES):
        try:
            note = ws.vault.read(path)
            text = with_result(ws, row, ending, at, note)
            ws.vault.rewrite(note, text)
        except ChangedError:
            continue
        except (NoteError, FileNotFoundError) as error:
            log.warning("note.unreadable", note=path.name, reason=str(error))
            name = f"{path.stem} result.md"
            ws.vault.create(ending.folder, name, _new_note(ws, row, ending, at))
            return
        return
    log.warning("note.busy", note=path.name)


def with_result(ws: Workspace, row: Row, ending: Ending, at: datetime, note: NoteFile) -> str:
    """Return a note's text with its result; the same again when it has it already.

    Raises:
        NoteError: the note cannot be read.
    """
    text = notes.decode(note.data)
    block = result_block(ws, row, ending, at)
    if block in text.replace("\r\n", "\n"):
        return text
    parsed = notes.parse(note.data)
    before = parsed.section(notes.RESULT)
    earlier = "\n".join(before.lines).strip() if before else ""
    text = frontmatter.edit(
        text,
        set={
            "status": ending.status,
            "finished": Plain(show(ws.clock, at)),
            "action_id": row.action_id,
            **_refreshed(parsed, row),
        },
        rename=_renamed(parsed),
    )
    text = note_edits.with_callout(text, callout(ending))
    return note_edits.with_section(text, notes.RESULT, f"{earlier}\n\n{block}".strip())


def _renamed(note: notes.Note) -> dict[str, str]:
    wanted = {"tier": "status", "expires": "finished"}
    return {old: new for old, new in wanted.items() if old in note.front and new not in note.front}


def _refreshed(note: notes.Note, row: Row) -> dict[str, object]:
    """Return the shown facts that went stale when the owner edited the parameters."""
    return {key: value for key, value in proposal.shown_facts(row).items() if key in note.front}


def callout(ending: Ending) -> str:
    """Return the callout at the top of an ended action's note."""
    lines = [f"[!{ending.kind}] {ending.headline}", *(line for line in ending.lines if line)]
    return "\n".join(f"> {line}" for line in lines)


def result_block(ws: Workspace, row: Row, ending: Ending, at: datetime) -> str:
    """Return what stands under `## Result` for this ending."""
    several = parts.is_several(ws, row)
    facts = [
        ("Status", ending.status),
        ("Mode", str(row.mode)),
        ("Finished", show(ws.clock, at)),
        ("Attempts", None if several else str(row.attempt)),
        ("Remote id", row.remote_id),
        ("Link", f"<{row.remote_url}>" if row.remote_url else None),
        ("What happened", None if several else notes.inline(row.summary or "", 400)),
        ("Key", None if several else _key(row)),
        ("Story", f"`{_why_command(ws, row)}`"),
    ]
    lines = [f"- {name}: {value}" for name, value in facts if value]
    lines += [f"- You changed {change}" for change in _edits(ws, row)]
    for part in ws.journal.parts_of(row.action_id):
        lines += _part_block(ws, part)
    if row.request is not None and row.mode is Mode.DRY_RUN:
        shown = json.dumps(row.request, indent=2, ensure_ascii=False)
        lines += ["", "The exact request that a real run would send:", "", _fenced_json(shown)]
    return "\n".join(lines)


def _edits(ws: Workspace, row: Row) -> list[str]:
    """Return what the owner changed in the proposal before this ending, oldest first."""
    told = [t.fields for t in ws.journal.story(row.action_id) if t.fields["event"] == Event.EDITED]
    changes = [str(change) for fields in told for change in fields["parameters"]["changes"]]
    more = [f"{len(changes) - EDITS_SHOWN} more things; the story tells them"]
    return changes[:EDITS_SHOWN] + more * (len(changes) > EDITS_SHOWN)


def _part_block(ws: Workspace, part: Row) -> list[str]:
    """Return what stands under `## Result` about one part."""
    title = parts.title_of(ws, part)
    said = notes.inline((part.summary or "").removeprefix(f"{title}: "), 400)
    lines = [
        f"- {title}: {parts.WORDS.get(part.state, part.state)}" + (f". {said}" if said else "")
    ]
    lines += [f"    - Remote id: {part.remote_id}"] if part.remote_id else []
    lines += [f"    - Link: <{part.remote_url}>"] if part.remote_url else []
    if part.request is not None and part.mode is Mode.DRY_RUN:
        shown = json.dumps(part.request, indent=2, ensure_ascii=False)
        lines += ["", f"The exact request for {title}:", "", _fenced_json(shown), ""]
    return lines


def _why_command(ws: Workspace, row: Row) -> str:
    usual = ws.settings.home / "AI_Employee"
    where = "" if ws.paths.vault == usual else f' --vault "{ws.paths.vault}"'
    return f"bin/run why {row.action_id}{where}"


def _key(row: Row) -> str | None:
    return key_of(row.action_id) if row.mode.acts else None


def _fenced_json(text: str) -> str:
    if len(text) > REQUEST_LIMIT_CHARS:
        text = text[:REQUEST_LIMIT_CHARS] + "\n(cut; the log holds the whole)"
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}json\n{text}\n{fence}"


def _new_note(ws: Workspace, row: Row, ending: Ending, at: datetime) -> str:
    """Return a note for an action whose own note is gone or cannot be read."""
    front: dict[str, object] = {
        "type": "approval",
        "action_id": row.action_id,
        "action": row.kind,
        "status": ending.status,
        **proposal.shown_facts(row),
        "created": Plain(show(ws.clock, row.created_at)),
        "finished": Plain(show(ws.clock, at)),
        "tags": [f"approval/{row.service}"],
    }
    body = [
        callout(ending),
        "",
        f"## {notes.PARAMETERS}",
        "",
        notes.yaml_block(row.payload),
        "",
        f"## {notes.RESULT}",
        "",
        result_block(ws, row, ending, at),
        "",
    ]
    return frontmatter.compose(front) + "\n".join(body)
