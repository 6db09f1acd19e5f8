"""How an ended action is shown to the owner: its label, its folder, and the words on top.

Rules: a dry run and a practice run can never be read as done for real; where something is left to
decide, each way to decide it is said.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from core import notes, parts
from core.actions import Mode, State, Tier
from core.reconcile import PROVEN_ABSENT
from core.vault import Folder
from utils.clock import local_day
from utils.errors import PARTLY_DONE

if TYPE_CHECKING:
    from pathlib import Path

    from core.records import Row
    from core.workspace import Workspace

AGAIN = (
    "To try again: move this note to `Approved`. To drop it: `Rejected`. "
    "If it happened after all: `Completed`."
)


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
    special = _refused_by_rule(ws, row) or _partly_done(ws, row)
    if special is not None:
        return special
    at = row.finished_at or ws.clock.now()
    month = ws.vault.completed_folder(local_day(ws.clock, at).strftime("%Y-%m"))
    plain = _open(ws, row) or _settled(ws, row, month)
    if plain is None:
        raise ValueError(f"{row.action_id} is {row.state} and cannot be filed")
    return _of_several(ws, row, plain) if parts.is_several(ws, row) else plain


def callout(ending: Ending) -> str:
    """Return the callout at the top of an ended action's note."""
    lines = [f"[!{ending.kind}] {ending.headline}", *(line for line in ending.lines if line)]
    return "\n".join(f"> {line}" for line in lines)


def _summary(row: Row) -> str:
    return notes.inline((row.summary or "").removeprefix("not done: "), 400)


def _refused_by_rule(ws: Workspace, row: Row) -> Ending | None:
    """Return how what a rule of ours kept from being sent is shown."""
    if row.state is not State.REFUSED:
        return None
    if row.tier is Tier.HARD_STOP:
        return Ending(
            "hard_stop",
            ws.vault.folder(Folder.NEEDS_ACTION),
            "danger",
            "I will not do this: it is yours to decide and to do",
            (_summary(row),),
        )
    if row.error_class == "Refused":
        review = ws.vault.folder(Folder.NEEDS_REVIEW)
        lines = ("Nothing was sent.", AGAIN)
        return Ending("refused", review, "failure", f"Refused: {_summary(row)}", lines)
    return None


def _partly_done(ws: Workspace, row: Row) -> Ending | None:
    """Return how an action of several steps is shown of which some are done."""
    if row.error_class != PARTLY_DONE or row.state not in {State.NOT_SENT, State.REFUSED}:
        return None
    rest = "A part of it is done and stays done. `Approved` sends only the rest."
    review = ws.vault.folder(Folder.NEEDS_REVIEW)
    lines = (rest, "Drop it: `Rejected`.")
    return Ending("failed", review, "warning", f"Not all of it: {_summary(row)}", lines)


def _open(ws: Workspace, row: Row) -> Ending | None:
    """Return how an action is shown about which the owner is to decide once more."""
    review = ws.vault.folder(Folder.NEEDS_REVIEW)
    summary = _summary(row)
    match row.state:
        case State.NOT_SENT:
            absent = row.error_class == PROVEN_ABSENT
            said = "It was sent, but it did not happen." if absent else "Nothing was sent."
        case State.REFUSED:
            said = "The service refused it."
        case State.UNKNOWN:
            lines = (
                summary,
                "Look at the service first, then decide by moving this note:",
                "it happened: `Completed`; do it again: `Approved`; drop it: `Rejected`.",
            )
            headline = "In doubt: I do not know whether it happened"
            return Ending("in_doubt", review, "warning", headline, lines)
        case _:
            return None
    return Ending("failed", review, "failure", f"Not done: {summary}", (said, AGAIN))


def _settled(ws: Workspace, row: Row, month: Path) -> Ending | None:
    """Return how an action is shown that is over."""
    summary, rejected = _summary(row), ws.vault.folder(Folder.REJECTED)
    match row.state:
        case State.DONE:
            return Ending("completed", month, "success", f"Done: {summary}", _where(row))
        case State.DRY_RUN_COMPLETED:
            headline = "DRY RUN completed: nothing was sent"
            shown = "This is what would have been sent; see Result below."
            real = "For real: make the service live, then move this note to `Pending_Approval`."
            return Ending("dry_run_completed", month, "info", headline, (shown, real))
        case State.REJECTED:
            headline = f"Rejected: nothing {'more ' if row.attempt else ''}was sent"
            return Ending("rejected", rejected, "info", headline, (summary,) if summary else ())
        case State.EXPIRED:
            headline = "Expired: nobody decided in time, nothing was sent"
            again = "To ask again, move this note to `Pending_Approval`."
            return Ending("expired", rejected, "info", headline, (again,))
    return None


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
