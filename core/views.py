"""Answers for people and programs, read from the journal: what waits, what runs, what happened."""

from __future__ import annotations

import threading
from datetime import date
from typing import TYPE_CHECKING, Any

from core import parts, throttle, vitals
from core.actions import State
from core.presence import HEARTBEAT, SERVICES, is_running
from core.records import Entry
from core.telling import sentence
from core.vault import Folder
from utils.audit_log import Actor, Event
from utils.clock import from_iso, iso, local_day, show
from utils.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from core.records import Row
    from core.workspace import Workspace


def pending(ws: Workspace) -> list[dict[str, Any]]:
    """Return what waits for the owner, oldest first."""
    return [
        {
            "action_id": row.action_id,
            "action": row.kind,
            "note": note_of(ws, row),
            "mode": str(row.mode),
            "tier": str(row.tier),
            "created": show(ws.clock, row.created_at),
            "expires": show(ws.clock, row.expires_at),
        }
        for row in ws.journal.in_states(State.PENDING)
    ]


def note_of(ws: Workspace, row: Row) -> str | None:
    """Return where an action's note lies, relative to the vault; None when it is nowhere."""
    path = ws.vault.find(row.note)
    return ws.vault.relative(path) if path else None


def services_seen(ws: Workspace) -> dict[str, dict[str, object]]:
    """Return each service's mode as the running daemon sees it, else as the settings here say."""
    seen: dict[str, dict[str, object]] | None = None
    if is_running(ws.paths.state):
        seen = ws.journal.recall(SERVICES)
    return seen or ws.service_modes()


def status(ws: Workspace) -> dict[str, Any]:
    """Return what runs and how much waits; the services as the running daemon sees them."""
    states = (State.APPROVED, State.SENDING, State.UNKNOWN)
    open_rows = [row for row in ws.journal.in_states(*states) if row.filed_at is None]
    under_way = [row for row in open_rows if row.parent_id is None]
    running = is_running(ws.paths.state)
    heartbeat = ws.journal.recall(HEARTBEAT)
    return {
        "vault": str(ws.paths.vault),
        "daemon": "running" if running else "not running",
        "last_heartbeat": show(ws.clock, from_iso(heartbeat)) if heartbeat else None,
        "paused": ws.vault.paused,
        "waiting": len(ws.journal.in_states(State.PENDING)),
        "questions": [ask.ask_id for ask in ws.journal.open_asks()],
        "under_way": [row.action_id for row in under_way],
        "planned": _planned(ws, under_way),
        "asked_to_wait": [said for name in ws.services if (said := throttle.in_words(ws, name))],
        "in_review": [row.action_id for row in ws.journal.in_review()],
        "mail": _vital(ws, vitals.GMAIL),
        "notifications": _vital(ws, vitals.NOTIFICATIONS),
        "comments": [
            f"{title}: {said}"
            for part, title in vitals.COMMENTS.items()
            if (said := _vital(ws, part))
        ],
        "services": services_seen(ws),
    }


def _planned(ws: Workspace, under_way: list[Row]) -> list[str]:
    """Return the approved posts whose time comes, soonest first."""
    now = ws.clock.now()
    due = sorted(
        (row.due_at, row.action_id) for row in under_way if row.due_at and row.due_at > now
    )
    return [f"{action_id} at {show(ws.clock, at)}" for at, action_id in due]


def _vital(ws: Workspace, part: str) -> str | None:
    vital = vitals.vital(ws, part)
    return f"{vital.state}, {vital.at}" if vital else None


def why(ws: Workspace, action_id: str) -> dict[str, Any]:
    """Return the whole story of one action.

    Raises:
        UsageError: nobody knows the id.
    """
    action_id = _kept_as(action_id)
    row = ws.journal.get(action_id)
    if row is None:
        raise UsageError(_no_action(ws, action_id))
    ids = [action_id, *(part.action_id for part in ws.journal.parts_of(action_id))]
    told = sorted((t for each in ids for t in ws.journal.story(each)), key=lambda t: t.number)
    return {
        "action_id": row.action_id,
        "action": row.kind,
        "state": str(row.state),
        "mode": str(row.mode),
        "tier": str(row.tier),
        "reasons": list(row.reasons),
        "note": note_of(ws, row),
        "account": row.account,
        "payload": row.payload,
        "summary": row.summary,
        "remote_id": row.remote_id,
        "remote_url": row.remote_url,
        "attempts": row.attempt,
        "parts": parts.lines(ws, row),
        "story": [{"at": iso(each.at), "seq": each.seq, **each.fields} for each in told],
    }


def _kept_as(action_id: str) -> str:
    """Return an id as the journal writes it; people type `apr-...`."""
    head, slash, part = action_id.partition("/")
    return f"{head.upper()}{slash}{part}"


def _no_action(ws: Workspace, given: str) -> str:
    """Return why there is no story under an id, and where to go on from it."""
    source, asked = ws.journal.source_noted_as(given), ws.journal.ask(given)
    if asked is not None:
        source = ws.journal.source(asked.source_key)
    if source is None:
        lists = "`bin/run pending` lists what waits, `bin/run log` what happened today."
        return f"There is no action {given}. {lists}"
    stem = (source.name or source.note_id).removesuffix(".md")
    rows = ws.journal.proposed_from(stem)
    asks = [a for a in ws.journal.asks_about(source.key) if not ws.journal.is_settled(a.ask_id)]
    became = [f"It became {row.action_id}: bin/run why {row.action_id}" for row in rows]
    became += [f"It waits for your answer in {open_ask.name}" for open_ask in asks]
    what = "a question" if asked is not None else "something that came in"
    return f"{given} is {what}: {stem}. {'. '.join(became) or 'Nothing was proposed from it'}."


def log_entries(
    ws: Workspace, day: str | None, *, follow: bool = False
) -> Iterator[dict[str, object]]:
    """Yield a day's entries; with `follow` also those that come, until interrupted.

    Raises:
        UsageError: the day is no date.
    """
    chosen = day or local_day(ws.clock, ws.clock.now()).isoformat()
    try:
        date.fromisoformat(chosen)
    except ValueError:
        raise UsageError(f"{chosen} is no day. Write it as 2026-11-21.") from None
    seen = 0
    silence = threading.Event()
    while True:
        for entry in ws.chronicle.entries(chosen):
            number = int(str(entry["seq"]))
            if number > seen:
                seen = number
                yield entry
        if not follow:
            return
        silence.wait(1.0)
        today = local_day(ws.clock, ws.clock.now()).isoformat()
        chosen = today if day is None else chosen


def log_line(ws: Workspace, entry: dict[str, Any]) -> str:
    """Return one log entry as a line for people."""
    at = show(ws.clock, from_iso(entry["timestamp"]))[11:]
    about = entry.get("action_id") or entry.get("action") or entry.get("target") or ""
    return f"{at}  {about}  {sentence(entry)}"


def move_note(ws: Workspace, action_id: str, folder: Folder, reason: str | None = None) -> Path:
    """Do what the owner does: move a waiting note to another folder.

    Raises:
        UsageError: nobody knows the id, or its note does not wait.
    """
    from core import frontmatter, notes

    action_id = _kept_as(action_id)
    row = ws.journal.get(action_id)
    if row is None:
        raise UsageError(f"There is no action {action_id}. `bin/run pending` lists what waits.")
    path = ws.vault.find(row.note)
    waits_in = {str(Folder.PENDING), str(Folder.NEEDS_REVIEW)}
    if path is None or path.parent.name not in waits_in:
        where = f"its note lies in {path.parent.name}" if path else "its note is gone"
        raise UsageError(f"{action_id} does not wait for you: it is {row.state} and {where}.")
    if reason:
        file = ws.vault.read(path)
        text = notes.decode(file.data)
        ws.vault.rewrite(file, frontmatter.edit(text, set={"reason": reason}))
    ws.chronicle.record(
        Entry(
            Event.DECIDED,
            Actor.CLI,
            action=row.kind,
            action_id=action_id,
            parameters={"moved_to": str(folder), "reason": reason},
            correlation_id=row.correlation_id,
        )
    )
    return ws.vault.move(path, ws.vault.folder(folder))
