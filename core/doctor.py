"""Checks of everything the program stands on, each in one sentence that says what to do.

Rule: what was never set up is not broken; what is broken is said first.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from core import channels, throttle, vitals
from core.actions import Mode
from core.journal_file import newest_backup
from core.presence import HEARTBEAT, SERVICES, is_running
from core.vault import HOT, PAUSE_NOTE
from utils.clock import from_iso
from utils.errors import AppError, NoteError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.workspace import Workspace

FREE_BYTES_WANTED = 500 << 20
HEARTBEAT_MAX = timedelta(minutes=5)
BACKUP_MAX = timedelta(days=3)


class Health(StrEnum):
    """How a check ended."""

    OK = "ok"
    NOT_SET_UP = "not set up"
    NOT_ASKED = "not asked"
    ATTENTION = "attention"
    BROKEN = "broken"


@dataclass(frozen=True)
class Check:
    """One finding."""

    name: str
    health: Health
    text: str


def examine(ws: Workspace) -> Iterator[Check]:
    """Check the vault and its records; the services are checked by the caller, who may ask them."""
    yield from _vault(ws)
    yield _disk(ws)
    yield _daemon(ws)
    yield from _practice(ws)
    yield _policy(ws)
    yield from _waits(ws)
    yield _journal(ws)
    yield _log(ws)
    yield _backup(ws)
    yield from _vitals(ws)


def _vault(ws: Workspace) -> Iterator[Check]:
    root = ws.vault.root
    missing = [str(folder) for folder in HOT if not ws.vault.folder(folder).is_dir()]
    if missing:
        yield Check("vault", Health.BROKEN, f"{root} lacks {', '.join(missing)}. Run: bin/run init")
        return
    yield Check("vault", Health.OK, str(root))
    if ws.vault.paused:
        yield Check("pause", Health.ATTENTION, f"{PAUSE_NOTE} lies in the vault: nothing is sent.")
    try:
        left = [item for folder in HOT for item in ws.vault.listing(folder).left_alone]
    except NoteError as error:
        yield Check("vault", Health.BROKEN, str(error))
        return
    for item in left:
        yield Check(
            "left alone", Health.ATTENTION, f"{ws.vault.relative(item.path)}: {item.reason}"
        )


def _disk(ws: Workspace) -> Check:
    free = shutil.disk_usage(ws.paths.state).free
    text = f"{free >> 20:,} MiB free beside the journal"
    health = Health.OK if free >= FREE_BYTES_WANTED else Health.BROKEN
    return Check("disk", health, text if health is Health.OK else f"{text}: make room")


def _daemon(ws: Workspace) -> Check:
    if not is_running(ws.paths.state):
        return Check("daemon", Health.NOT_SET_UP, "not running; start it with: bin/run")
    heartbeat = ws.journal.recall(HEARTBEAT)
    age = ws.clock.now() - from_iso(heartbeat) if heartbeat else HEARTBEAT_MAX * 2
    if age > HEARTBEAT_MAX:
        return Check(
            "daemon", Health.BROKEN, "it holds the vault but shows no progress; restart it"
        )
    return Check("daemon", Health.OK, f"running, last round {age.total_seconds():.0f} s ago")


def _practice(ws: Workspace) -> Iterator[Check]:
    """Say that the running daemon has other services than the settings that are checked here."""
    seen = ws.journal.recall(SERVICES) if is_running(ws.paths.state) else None
    modes = {str(each["mode"]) for each in (seen or {}).values()}
    if str(Mode.SANDBOX) in modes and not ws.settings.flag("AI_EMPLOYEE_SANDBOX"):
        text = "it runs with practice services; what follows is about your own settings"
        yield Check("sandbox", Health.OK, text)


def _policy(ws: Workspace) -> Check:
    policy = ws.policy()
    if policy.problem:
        return Check("policy", Health.BROKEN, policy.problem)
    limit = f"limit {policy.limit_amount} {policy.limit_currency}, policy {policy.hash}"
    return Check("policy", Health.OK, limit)


def _waits(ws: Workspace) -> Iterator[Check]:
    problem = channels.read(ws).problem
    if problem:
        yield Check("channels", Health.BROKEN, problem)
    for name in ws.services:
        said = throttle.in_words(ws, name)
        if said:
            yield Check(name, Health.ATTENTION, f"{said}; nothing is sent there before.")


def _journal(ws: Workspace) -> Check:
    try:
        ws.journal.check()
    except AppError as error:
        return Check("journal", Health.BROKEN, str(error))
    return Check("journal", Health.OK, str(ws.paths.journal))


def _log(ws: Workspace) -> Check:
    verdict = ws.chronicle.verify()
    if verdict.ok:
        return Check("log", Health.OK, f"{verdict.entries_checked:,} entries, chain unbroken")
    bad = verdict.first_bad
    where = f"{bad.day} line {bad.line_number}: {bad.reason}" if bad else "unknown place"
    return Check("log", Health.BROKEN, f"the chain is broken at {where}")


def _backup(ws: Workspace) -> Check:
    newest = newest_backup(ws.paths.journal)
    if newest is None:
        return Check("backup", Health.NOT_SET_UP, "none yet; the daemon makes one every night")
    day = newest.name.removeprefix("journal-")[:8]
    limit = (ws.clock.now() - BACKUP_MAX).strftime("%Y%m%d")
    health = Health.OK if day >= limit else Health.ATTENTION
    return Check("backup", health, newest.name)


def _vitals(ws: Workspace) -> Iterator[Check]:
    """Say how the parts beside the loop are doing; one that never ran is not mentioned."""
    titles = {vitals.GMAIL: "mailbox watcher", vitals.NOTIFICATIONS: "notifications"}
    titles |= vitals.COMMENTS
    for part, title in titles.items():
        vital = vitals.vital(ws, part)
        if vital is not None:
            health = Health.OK if vital.is_well else Health.ATTENTION
            said = "as of " if vital.state == vitals.OK else f"{vital.state}, "
            yield Check(title, health, f"{said}{vital.at}")
