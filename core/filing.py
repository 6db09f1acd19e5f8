"""An ended action's note gets its result and goes to its folder.

Rules: the journal has decided already, so filing may be repeated at any time; the owner's words
stay; only `## Result`, the first callout and two properties are written; a dry run is stamped so
that it can never be read as done.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from core import approvals, frontmatter, note_edits, notes, outcomes, parts, proposal
from core.actions import Mode, key_of
from core.records import TERMINAL, Row
from core.strict_yaml import Plain
from utils.audit_log import Actor, Event
from utils.clock import show
from utils.errors import ChangedError, NoteError
from utils.log import get_logger

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from core.outcomes import Ending
    from core.vault import NoteFile
    from core.workspace import Workspace

log = get_logger()
TRIES = 5
REQUEST_LIMIT_CHARS = 6_000
EDITS_SHOWN = 20


def file_note(ws: Workspace, row: Row, path: Path | None) -> Path:
    """Give an ended action's note its result and move it to its folder.

    Args:
        ws: the vault and its records.
        row: the ended action.
        path: where the note lies; None when it has to be found (or made, when it is gone).

    Returns:
        Where the note is now.
    """
    ending = outcomes.ending_of(ws, row)
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
    text = note_edits.with_callout(text, outcomes.callout(ending))
    return note_edits.with_section(text, notes.RESULT, f"{earlier}\n\n{block}".strip())


def _renamed(note: notes.Note) -> dict[str, str]:
    wanted = {"tier": "status", "expires": "finished"}
    return {old: new for old, new in wanted.items() if old in note.front and new not in note.front}


def _refreshed(note: notes.Note, row: Row) -> dict[str, object]:
    """Return the shown facts that went stale when the owner edited the parameters."""
    return {key: value for key, value in proposal.shown_facts(row).items() if key in note.front}


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
        outcomes.callout(ending),
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
