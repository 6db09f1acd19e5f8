"""Arguments become a payload: those of a request, and those that stand in a note.

Rules: what runs is what stands under `## Parameters` and `## Content`, validated, and nothing else;
whoever gave an argument that cannot be used is told which one and why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import notes, vault_files
from core.actions import payload_of
from utils.errors import NoteError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import ValidationError

    from core.actions import Action, Facts, Payload
    from core.notes import Note
    from core.workspace import Workspace

ANY = ""
"""The label of a text for every network that has none of its own."""


def completed(ws: Workspace, action: Action, arguments: Mapping[str, object]) -> Payload:
    """Return the payload as it is proposed: with what the settings add and what its files hold.

    From then on neither a setting nor a file can change what is approved.

    Raises:
        NoteError: an argument or a file cannot be used.
    """
    given = dict(arguments)
    for each in action.filled:
        given[each.name] = each.value(ws.settings, given.get(each.name))
    payload = validated(action, given)
    for rule in action.files:
        payload = vault_files.bound(ws.vault.root, rule, payload)
    return payload


def validated(action: Action, arguments: Mapping[str, object]) -> Payload:
    """Return the canonical payload.

    Raises:
        NoteError: an argument cannot be used; says which and why.
    """
    from pydantic import ValidationError

    try:
        return payload_of(action, arguments)
    except ValidationError as error:
        raise NoteError(in_words(error)) from None


def payload_in(action: Action, note: Note) -> Payload:
    """Return the validated payload of a note.

    Raises:
        NoteError: it cannot be used.
    """
    return validated(action, arguments_of(action, note))


def arguments_of(action: Action, note: Note) -> dict[str, object]:
    """Return the raw arguments of a note: its parameters and its content.

    Raises:
        NoteError: a section cannot be read.
    """
    arguments = notes.parameters_of(note)
    if action.texts is not None:
        return _with_texts(action.texts, arguments, note)
    content = notes.content_of(note)
    if action.content is None:
        if content:
            raise NoteError(f"has a `## Content`, but {action.kind} sends no text")
        return arguments
    if content is not None:
        if action.content in arguments:
            raise NoteError(f"has its text twice: under `## Content` and as `{action.content}`")
        arguments[action.content] = content
    return arguments


def facts_of(action: Action, payload: Payload) -> Facts:
    """Return what a person must see about a payload."""
    return action.facts(action.arguments.model_validate(payload))


def in_words(error: ValidationError) -> str:
    """Return what is wrong with arguments, naming each one."""
    parts = []
    for problem in error.errors(include_url=False)[:5]:
        place = " ".join(f"{p + 1}." if isinstance(p, int) else str(p) for p in problem["loc"])
        message = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "missing":
            parts.append(f"{place} is missing")
        else:
            parts.append(f"{place}: {message}" if place else message)
    return "has parameters that cannot be used: " + "; ".join(parts)


def _with_texts(name: str, arguments: dict[str, object], note: Note) -> dict[str, object]:
    """Return arguments with the text of each `## Content <label>`.

    A text without a label is that of every channel that has none of its own; channels that are
    named nowhere are those that have a text.
    """
    if name in arguments:
        raise NoteError(f"has its texts as `{name}`; write each under `## Content <network>`")
    labels = [section.label for section in note.sections if section.title == notes.CONTENT]
    texts = {label: notes.content_of(note, label) or "" for label in labels}
    common = texts.pop("", None)
    named = arguments.get("channels", note.front.get("channels")) or list(texts)
    channels = [str(each) for each in named] if isinstance(named, list) else [str(named)]
    if common is not None:  # each network takes its own text when it has one
        texts[ANY] = common
    return {**arguments, "channels": channels, name: texts}
