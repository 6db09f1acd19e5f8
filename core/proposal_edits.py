"""A proposal's note that is there already: adopted, completed, asked again.

Rules: the owner's words and unknown properties survive; what the program fills in stands in the
parameters before the owner decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import frontmatter, note_edits, notes, proposal

if TYPE_CHECKING:
    from core.actions import Action, Payload
    from core.approvals import Draft
    from core.notes import Note
    from core.records import Row
    from core.workspace import Workspace


def adopted(ws: Workspace, note: Note, made: Draft, row: Row) -> str:
    """Return the text of a note that was written by hand, as a registered proposal."""
    text = pending_text(ws, note, row, made.action, keeps_check=False)
    question = proposal.callout(ws, made.action, row, ws.standing(made.action, row.payload).missing)
    text = note_edits.with_callout(text, proposal.with_first(ws, question, made, row))
    text = with_reasons(text, note, proposal.why(ws, made, row))
    text = with_completed(text, made.action, made.payload)
    if made.action.texts is not None:
        text = with_networks(text, made.payload)
    return with_identifier(text, made.action, made.payload)


def pending_text(
    ws: Workspace,
    note: Note,
    row: Row,
    action: Action,
    reasons: tuple[str, ...] = (),
    *,
    keeps_check: bool = True,
) -> str:
    """Return a note's text as a pending proposal: properties and question refreshed.

    Args:
        ws: the vault and its records.
        note: the note as it is.
        row: the action as it is to be decided.
        action: its row in the catalogue.
        reasons: why the owner is asked again.
        keeps_check: whether the owner's tick is about what the note says now.
    """
    raw = frontmatter.read(note.text)
    shown = proposal.front_of(ws, action, row)
    if "tags" in raw:
        shown.pop("tags", None)
    if keeps_check and raw.get(proposal.CHECKED) is True:
        shown.pop(proposal.CHECKED, None)
    aliases = {**notes.KEY_ALIASES, "status": "tier", "finished": "expires"}
    rename: dict[str, str] = {}
    for old, new in aliases.items():
        if old in raw and new not in raw and new not in rename.values():
            rename[old] = new
    gone = ["status", "finished"]
    if proposal.CHECKED in shown and raw.get("tags") == proposal.tags_of(action):
        gone.append("tags")
    remove = [old for old in gone if old in raw and old not in rename]
    text = frontmatter.edit(note.text, set=shown, rename=rename, remove=remove)
    question = proposal.callout(ws, action, row, ws.standing(action, row.payload).missing)
    return note_edits.with_callout(text, asked_again(question, reasons) if reasons else question)


def with_reasons(text: str, note: Note, lines: str) -> str:
    """Return a note's text with more lines under `## Why`, below what stands there."""
    before = note.section(notes.WHY)
    earlier = "\n".join(before.lines).strip() if before else ""
    return note_edits.with_section(text, notes.WHY, f"{earlier}\n\n{lines}".strip())


def with_networks(text: str, payload: Payload) -> str:
    """Write into the parameters which networks are meant, where only the texts told it."""
    if "channels" in notes.parameters_of(notes.parse(text.encode())):
        return text
    return note_edits.with_parameter(text, "channels", payload["channels"], "publish_at")


def with_completed(text: str, action: Action, payload: Payload) -> str:
    """Write what was filled in into the parameters, before the owner decides."""
    for name in [each.field for each in action.files] + [each.name for each in action.filled]:
        wanted = payload.get(name)
        shown = notes.parameters_of(notes.parse(text.encode()))
        if wanted is None or shown.get(name) == wanted:
            continue
        if name in shown or not shown:
            text = note_edits.with_changed_parameter(text, name, wanted)
        else:
            text = note_edits.with_parameter(text, name, wanted, list(shown)[-1])
    return text


def with_identifier(text: str, action: Action, payload: Payload) -> str:
    """Write a looked-up identifier into the parameters, before the owner decides."""
    lookup = action.lookup
    if lookup is None or payload.get(lookup.target) is None:
        return text
    name, wanted = lookup.target, payload[lookup.target]
    shown = notes.parameters_of(notes.parse(text.encode()))
    if name not in shown:
        return note_edits.with_parameter(text, name, wanted, lookup.source)
    if str(shown[name]) == str(wanted):
        return text
    return note_edits.with_changed_parameter(text, name, wanted)


def without_identifier(text: str, action: Action, payload: Payload) -> str:
    """Take out of the parameters an identifier that belonged to the name before an edit."""
    lookup = action.lookup
    if lookup is None or payload.get(lookup.target) is not None:
        return text
    return note_edits.without_parameter(text, lookup.target)


def asked_again(question_callout: str, reasons: tuple[str, ...]) -> str:
    """Return a question that says why it is asked once more."""
    question, *lines = question_callout.split("\n")
    question = question.replace("> [!question] Approve:", "> [!question] Approve again:", 1)
    because = [f"> Asked again because {notes.inline(reason, 300)}." for reason in reasons]
    return "\n".join([question, *because, *lines])
