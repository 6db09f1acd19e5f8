"""Backups of the journal, and what it takes to trust a restored one.

Rules: a backup is a whole database, checked before the old one is put aside; a restored journal
first takes in every later log entry, so that nothing it has forgotten is ever sent again.
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from core.actions import ActionId, Mode, State, Tier, Trust
from core.journal import Journal
from core.journal_file import backups_folder
from core.records import Entry, Row
from utils import files
from utils.audit_log import Actor, Event
from utils.clock import from_iso
from utils.errors import JournalError, UsageError
from utils.log import get_logger

if TYPE_CHECKING:
    from core.workspace import Workspace
    from utils.clock import Clock

log = get_logger()
KEPT = 14
_ENDINGS = {
    "done": State.DONE,
    "completed": State.DONE,
    "dry_run_completed": State.DRY_RUN_COMPLETED,
    "not_sent": State.NOT_SENT,
    "failed": State.REFUSED,
    "refused": State.REFUSED,
    "rejected": State.REJECTED,
    "expired": State.EXPIRED,
    "unknown": State.UNKNOWN,
    "in_doubt": State.UNKNOWN,
}


def backup(ws: Workspace) -> Path:
    """Copy the journal into `Vault/State/backups/`; return the new file."""
    folder = backups_folder(ws.paths.journal)
    folder.mkdir(parents=True, exist_ok=True)
    stamp = ws.clock.now().strftime("%Y%m%d-%H%M%S-%fZ")  # in UTC it sorts by age
    path = files.free_name(folder, f"journal-{stamp}.sqlite")
    temporary = folder / f"{files.TEMP_PREFIX}{path.stem}{files.TEMP_SUFFIX}"
    temporary.unlink(missing_ok=True)
    ws.journal.backup_to(temporary)
    files.move(temporary, path)
    for old in sorted(folder.glob("journal-*.sqlite"))[:-KEPT]:
        old.unlink()
    return path


def nightly(ws: Workspace) -> str:
    """Check the journal and make a backup; return the file's name."""
    ws.journal.check()
    return backup(ws).name


def restore(journal_path: Path, source: Path, clock: Clock) -> Path | None:
    """Put a backup in the journal's place.

    Args:
        journal_path: where the journal belongs.
        source: the backup.
        clock: names the file that is put aside.

    Returns:
        Where the journal that was there lies now, None when there was none.

    Raises:
        UsageError: the backup is missing or no journal.
    """
    if not source.is_file():
        raise UsageError(f"{source} is not a file. Backups lie in {backups_folder(journal_path)}.")
    folder = journal_path.parent
    temporary = folder / f"{files.TEMP_PREFIX}restore.sqlite"
    for leftover in _with_companions(temporary):
        leftover.unlink(missing_ok=True)
    files.create(temporary, source.read_bytes())
    try:
        probe = Journal.open(temporary, clock, may_create=False)
        probe.check()
        probe.close()
    except JournalError as error:
        for leftover in _with_companions(temporary):
            leftover.unlink(missing_ok=True)
        raise UsageError(f"{source.name} cannot be used: {error}") from None
    aside = _put_aside(journal_path, clock)
    files.move(temporary, journal_path)
    for leftover in _with_companions(temporary):
        leftover.unlink(missing_ok=True)
    return aside


def _with_companions(path: Path) -> list[Path]:
    return [path, Path(f"{path}-wal"), Path(f"{path}-shm")]


def _put_aside(journal_path: Path, clock: Clock) -> Path | None:
    stamp = clock.now().strftime("%Y%m%d-%H%M%SZ")
    aside = None
    for path in _with_companions(journal_path):
        if os.path.lexists(path):
            name = path.name.replace("journal.sqlite", f"journal-replaced-{stamp}.sqlite", 1)
            target = files.free_name(path.parent, name)
            files.move(path, target)
            aside = aside or target
    return aside


def take_in_later_log(ws: Workspace) -> int:
    """Bring a journal that is older than the log up to what the log tells; return the entries.

    Nothing is sent before: an action that the log shows as begun or ended is never begun again.
    """
    later = ws.chronicle.unknown_tail()
    if not later:
        ws.chronicle.catch_up()
        return 0
    for entry in later:
        _take_in(ws, entry)
    ws.chronicle.catch_up()
    ws.chronicle.record(
        Entry(
            Event.RECOVERED,
            Actor.DAEMON,
            target=ws.paths.journal.name,
            error=f"an older journal took in {len(later)} later log entries",
        )
    )
    log.warning("journal.older_than_log", entries=len(later))
    return len(later)


def _take_in(ws: Workspace, entry: dict[str, object]) -> None:
    action_id, event = entry.get("action_id"), str(entry["event"])
    if not isinstance(action_id, str) or not action_id.startswith("APR-"):
        return
    row = ws.journal.get(action_id)
    if row is None:
        ws.journal.reserve(action_id)
        row = _row_from(ws, entry, action_id)
        ws.journal.register(row)
    state = _state_after(event, str(entry.get("result") or ""))
    if state is None or (state is State.DONE and row.mode is Mode.DRY_RUN):
        return
    changes: dict[str, object] = {"finished_at": from_iso(str(entry["timestamp"]))}
    if entry.get("remote_id"):
        changes["remote_id"] = entry["remote_id"]
    if event == Event.SENDING:
        changes["sending_at"] = from_iso(str(entry["timestamp"]))
        changes["attempt"] = entry.get("attempt") or row.attempt + 1
        if not row.payload and entry.get("digest"):  # you may have edited what was proposed
            changes["digest"] = entry["digest"]
    if event == Event.FILED:
        changes["filed_at"] = from_iso(str(entry["timestamp"]))
    ws.journal.transition(action_id, set(State), state, **changes)  # type: ignore[arg-type] # column names are checked there


def _state_after(event: str, result: str) -> State | None:
    """Return the state that a log entry proves, None when it proves none."""
    if event == Event.SENDING:
        return State.UNKNOWN  # begun; a later entry may tell how it ended
    if event in {Event.OUTCOME, Event.RECONCILED, Event.FILED, Event.DECIDED}:
        return _ENDINGS.get(result)
    if event == Event.EXPIRED:
        return State.EXPIRED
    return State.WITHDRAWN if event == Event.WITHDRAWN else None


def _row_from(ws: Workspace, entry: dict[str, object], action_id: str) -> Row:
    """Return a row for an action that only the log still knows.

    Its content is not in the log, so it can never run again; a note of it becomes a new proposal.
    """
    at = from_iso(str(entry["timestamp"]))
    return Row(
        action_id=ActionId(action_id),
        kind=str(entry.get("action") or "unknown.unknown"),
        mode=Mode(str(entry.get("mode") or Mode.DRY_RUN)),
        account="known from the log only",
        payload={},
        digest=str(entry.get("digest") or ""),
        state=State.WITHDRAWN,
        tier=Tier.APPROVAL_REQUIRED,
        reasons=("Known from the log only; the journal was restored from a backup.",),
        policy_hash=str(entry.get("policy_hash") or ""),
        note=f"{action_id}.md",
        origin=str(entry.get("actor") or Actor.DAEMON),
        trust=Trust.OWNER,
        created_at=at,
        expires_at=at + timedelta(days=1),
        correlation_id=str(entry.get("correlation_id") or action_id),
        filed_at=ws.clock.now(),
    )
