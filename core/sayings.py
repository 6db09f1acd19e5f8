"""Whose words an answer answers: kept by the id of what was said, shown in the proposal's question.

Rules: only what the service itself said is kept; the words are of others, so they are shown inert
and short; where nothing is known the question names the id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import notes

if TYPE_CHECKING:
    from core.actions import Action, Payload
    from core.findings import Said
    from core.workspace import Workspace

LIMIT_NAME, LIMIT_WORDS = 60, 90


def keep(ws: Workspace, action: Action, payload: Payload, said: Said | None) -> None:
    """Keep who said what an action would answer; None: the service told nothing."""
    if said is not None and action.answers is not None:
        ws.journal.remember(_fact(action, payload), {"by": said.by, "words": said.words})


def described(ws: Workspace, action: Action, payload: Payload) -> str:
    """Return the sentence after "Approve:", with the person and the words where they are known."""
    arguments = action.arguments.model_validate(payload)
    kept = ws.journal.recall(_fact(action, payload)) if action.answers else None
    if action.answers is None or not kept:
        return action.describe(arguments)
    by = notes.bold(notes.inline(kept["by"], LIMIT_NAME) or "somebody")
    words = notes.inline(kept["words"], LIMIT_WORDS)
    wrote = f", who wrote “{words}”," if words else ""
    return f"answer {by}{wrote} {action.answers.where(arguments)}"


def _fact(action: Action, payload: Payload) -> str:
    field = action.answers.field if action.answers else ""
    return f"said:{action.service}:{payload.get(field)}"
