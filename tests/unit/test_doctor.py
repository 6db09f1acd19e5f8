"""Checks of everything the program stands on: `core/doctor.py`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from core import approvals, backup, vitals
from core.approvals import Request
from core.doctor import Check, Health, examine
from core.presence import SERVICES as SEEN
from core.presence import acquire_lock
from core.services import Service
from core.workspace import Workspace
from mcp_servers.catalog import SERVICES
from utils.audit_log import Actor
from utils.clock import FixedClock, iso


def checks(ws: Workspace) -> dict[str, Check]:
    return {check.name: check for check in examine(ws)}


def test_a_fresh_vault_has_nothing_broken(ws: Workspace) -> None:
    found = checks(ws)
    assert set(found) == {"vault", "disk", "daemon", "policy", "journal", "log", "backup"}
    assert found["daemon"].health is Health.NOT_SET_UP
    assert found["backup"].health is Health.NOT_SET_UP
    rest = {name: c.health for name, c in found.items() if name not in {"daemon", "backup"}}
    assert set(rest.values()) == {Health.OK}, rest


def test_a_missing_folder_is_broken_and_says_what_to_do(ws: Workspace) -> None:
    ws.vault.folder("Approved").rmdir()  # type: ignore[arg-type] # its name is its value
    check = checks(ws)["vault"]
    assert check.health is Health.BROKEN
    assert check.text.endswith("lacks Approved. Run: bin/run init")


def test_a_folder_that_is_a_link_is_broken(ws: Workspace) -> None:
    path = ws.vault.root / "Approved"
    path.rmdir()
    path.symlink_to(ws.vault.root / "Inbox")
    assert checks(ws)["vault"].health is Health.BROKEN
    assert "is a link" in checks(ws)["vault"].text


def test_practice_services_of_the_running_daemon_are_said(ws: Workspace) -> None:
    """Else "set ODOO_URL" is read as something being wrong with the practice run."""
    ws.journal.remember(SEEN, {"odoo": {"mode": "sandbox", "missing": []}})
    assert "sandbox" not in checks(ws)
    lock = acquire_lock(ws.paths.state)
    try:
        assert "practice services" in checks(ws)["sandbox"].text
    finally:
        lock.release()


def test_a_pause_and_what_is_left_alone_want_attention(ws: Workspace) -> None:
    (ws.vault.root / "PAUSE.md").touch()
    (ws.vault.root / "Approved" / "a.txt").touch()
    found = checks(ws)
    assert found["pause"].health is Health.ATTENTION
    assert found["left alone"] == Check(
        "left alone", Health.ATTENTION, "Approved/a.txt: not a note: only .md files are read here"
    )


@pytest.mark.parametrize(
    ("age_s", "health"),
    [(10, Health.OK), (299, Health.OK), (301, Health.BROKEN), (None, Health.BROKEN)],
)
def test_a_daemon_shows_progress_and_not_only_life(
    ws: Workspace, clock: FixedClock, age_s: float | None, health: Health
) -> None:
    lock = acquire_lock(ws.paths.state)
    if age_s is not None:
        ws.journal.remember("heartbeat", iso(clock.now() - timedelta(seconds=age_s)))
    found = checks(ws)["daemon"]
    lock.release()
    assert found.health is health


def test_a_policy_that_is_not_used_is_broken(ws: Workspace) -> None:
    (ws.vault.root / "Company_Handbook.md").write_text("```policy\nlimit: 1\n```\n")
    check = checks(ws)["policy"]
    assert check.health is Health.BROKEN
    assert "unknown line `limit`" in check.text


def test_an_edited_log_is_broken_with_its_place(ws: Workspace, invoice: dict[str, Any]) -> None:
    approvals.propose(ws, Request("odoo.create_invoice", invoice, Actor.CLAUDE))
    (path,) = ws.paths.logs.glob("2026-11-21.json")
    path.write_text(path.read_text().replace("Acme Ltd", "Acme Inc"))
    check = checks(ws)["log"]
    assert check.health is Health.BROKEN
    assert "the chain is broken at 2026-11-21 line 2" in check.text


@pytest.mark.parametrize(
    ("days", "health"), [(0, Health.OK), (3, Health.OK), (4, Health.ATTENTION)]
)
def test_an_old_backup_wants_attention(
    ws: Workspace, clock: FixedClock, days: int, health: Health
) -> None:
    backup.backup(ws)
    clock.advance(days * 86_400)
    assert checks(ws)["backup"].health is health


@pytest.mark.parametrize(
    ("state", "health"),
    [("ok", Health.OK), ("paused: sign in again: bin/run auth gmail", Health.ATTENTION)],
)
def test_the_mailbox_watcher_tells_how_it_is(ws: Workspace, state: str, health: Health) -> None:
    vitals.say(ws.journal, ws.clock, vitals.GMAIL, state)
    check = checks(ws)["mailbox watcher"]
    said = "as of" if health is Health.OK else f"{state},"
    assert check == Check("mailbox watcher", health, f"{said} 2026-11-21T12:00:00")


def test_a_damaged_journal_is_broken(open_ws: Callable[..., Workspace]) -> None:
    ws = open_ws()
    for number in range(200):
        ws.journal.remember(f"fact {number}", "x" * 500)
    ws.journal._light.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = ws.paths.journal.stat().st_size
    with ws.paths.journal.open("r+b") as file:
        file.seek(size // 2)
        file.write(b"\xff" * 8192)
    fresh = Check("journal", Health.OK, "")
    for check in examine_journal(ws):
        fresh = check
    assert fresh.health is Health.BROKEN
    assert "is damaged" in fresh.text


def examine_journal(ws: Workspace) -> list[Check]:
    """Return the journal's own check, as another process would find it."""
    from core.doctor import _journal
    from core.journal import Journal

    other = Journal(ws.paths.journal, ws.clock)
    try:
        from dataclasses import replace

        return [_journal(replace(ws, journal=other))]
    finally:
        other.close()


def test_only_a_service_that_charges_for_questions_is_not_asked() -> None:
    assert [service.name for service in SERVICES.values() if service.probe is None] == ["twitter"]


@pytest.mark.parametrize("service", [s for s in SERVICES.values() if s.probe], ids=lambda s: s.name)
def test_a_service_is_probed_with_a_question_that_it_takes(service: Service) -> None:
    """`doctor` asks a probe for one item and for nothing else."""
    (read,) = (read for read in service.reads if read.tool == service.probe)
    read.arguments.model_validate({"limit": 1})
