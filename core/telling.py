"""The lines of an action's story, in plain words for its owner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def sentence(entry: Mapping[str, Any]) -> str:
    """Return one story entry in plain words."""
    ours = entry["event"] in {"decided", "edited"}  # elsewhere they are a caller's words
    parameters = (entry.get("parameters") if ours else None) or {}
    who = {"owner": "you", "daemon": "the daemon", "claude": "Claude", "cli": "you (terminal)"}
    actor = who.get(str(entry.get("actor")), str(entry.get("actor")))
    event = str(entry["event"])
    rules = ", ".join(parameters.get("rules", [])) if isinstance(parameters, dict) else ""
    again = "; ".join(parameters.get("asked_again") or ())
    result, error = entry.get("result"), entry.get("error")
    ending = f": {error}" if error else ""
    plain = {
        "proposed": _proposed(entry, actor),
        "adopted": f"found in Pending_Approval, written by {actor}, and registered",
        "decided": f"policy: {parameters.get('tier', '')} ({rules})"
        if rules
        else f"decided{ending}",
        "edited": f"edited by {actor}: {'; '.join(parameters.get('changes', []))}",
        "approved": f"approved by {actor}",
        "sending": f"attempt {entry.get('attempt')}: grant taken, call begins",
        "called": f"tool called by {actor}: {result}{ending}",
        "outcome": f"outcome: {result}{ending}",
        "reconciled": f"read back: {result}{ending}",
        "filed": _filed(entry),
        "withdrawn": f"withdrawn by {actor}",
        "expired": "expired without a decision",
    }
    if parameters.get("moved_to"):
        return f"moved to {parameters['moved_to']} by {actor}"
    said = plain.get(event, f"{event}{ending}")
    return f"{said}, asked again because {again}" if again else said


def _proposed(entry: Mapping[str, Any], actor: str) -> str:
    """Return how something came into the vault: a proposal, a task, a plan or a question."""
    begun = {"task.create": "came in", "ask.create": "asked", "plan.create": "planned"}
    words = begun.get(str(entry.get("action")), "proposed")
    return words if words == "came in" and actor == "the daemon" else f"{words} by {actor}"


def _filed(entry: Mapping[str, Any]) -> str:
    """Return what was done with a note: filed with a result, written anew, or tidied away."""
    if entry.get("result"):
        return f"note filed as {str(entry['result']).replace('_', ' ')}"
    if str(entry.get("action") or "").endswith(".write"):
        return "written"
    error = entry.get("error")
    return f"tidied: {error}" if error else "tidied"
