"""Every write of the catalogue, unharmed: what is done is done once, whoever asks again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.actions import State
from core.records import Row
from core.workspace import Workspace
from mcp_servers.answers import Answer
from mcp_servers.gate import Gate, Role
from mcp_servers.serve import toolset_of
from tests.crash.ground import Ground, clock_after, running
from tests.crash.invariants import broken
from tests.crash.lives import live
from tests.crash.sandbox_process import SandboxProcess
from tests.crash.wishes import WISHES, Wish

each_wish = pytest.mark.parametrize("template", WISHES.values(), ids=str)


@pytest.fixture(scope="module")
def process() -> Iterator[SandboxProcess]:
    with SandboxProcess() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(process: SandboxProcess) -> SandboxProcess:
    process.reset()
    return process


@pytest.fixture
def ground(sandbox: SandboxProcess, tmp_path: Path) -> Ground:
    return Ground(tmp_path, sandbox.url)


@pytest.fixture
def wish(template: Wish, sandbox: SandboxProcess, ground: Ground) -> Wish:
    return template.ready(sandbox, ground.vault)


def the_row(ws: Workspace, state: State) -> Row:
    (row,) = ws.journal.in_states(state)
    return row


def gate_of(ws: Workspace, wish: Wish, role: Role) -> Gate:
    return Gate(ws, wish.service, toolset_of(wish.service), role)


def proposed(ws: Workspace, wish: Wish) -> dict[str, Any]:
    raw = {**wish.arguments, "dry_run": False}
    return gate_of(ws, wish, Role.PROPOSE).call(wish.tool, raw).data


def carried_out(gate: Gate, row: Row) -> Answer:
    raw = {**row.payload, "dry_run": False, "approval_id": row.action_id}
    return gate.call(row.kind.split(".")[1], raw)


def granted(ws: Workspace, wish: Wish) -> Row:
    """Return a new proposal of it, approved."""
    action_id = proposed(ws, wish)["action_id"]
    until = ws.clock.now() + timedelta(hours=24)
    assert ws.journal.transition(action_id, {State.PENDING}, State.APPROVED, grant_until=until)
    row = ws.journal.get(action_id)
    assert row is not None
    return row


@each_wish
def test_the_same_approval_again_is_already_done(
    sandbox: SandboxProcess, ground: Ground, wish: Wish
) -> None:
    clock = clock_after()
    live(ground, wish, "propose", clock)
    before = sandbox.effects()
    with running(ground, clock) as daemon:
        row = the_row(daemon.ws, State.DONE)
        again = carried_out(gate_of(daemon.ws, wish, Role.EXECUTE), row)
        refused = carried_out(gate_of(daemon.ws, wish, Role.PROPOSE), row)
    assert (again.data["status"], again.is_error) == ("already_done", False)
    assert (again.data["remote_id"], again.data["remote_url"]) == (row.remote_id, row.remote_url)
    assert row.remote_id is not None
    assert (refused.data["status"], refused.is_error) == ("refused", True)
    assert sandbox.effects() == before
    assert broken(ground, before) == []


@each_wish
def test_the_same_again_is_proposed_with_a_warning_and_a_link(
    sandbox: SandboxProcess, ground: Ground, wish: Wish
) -> None:
    """Or refused at once, where the service itself shows that it was done."""
    clock = clock_after()
    live(ground, wish, "propose", clock)
    before = sandbox.effects()
    with running(ground, clock) as daemon:
        done = the_row(daemon.ws, State.DONE)
        clock.advance(29 * 24 * 3600)
        answer = proposed(daemon.ws, wish)
    assert answer["status"] == ("refused" if wish.once else "approval_required"), answer["reasons"]
    if wish.once:
        assert answer["note"] is None
        assert answer["reasons"]
    else:
        why = (ground.vault / answer["note"]).read_text().split("## Why")[1]
        link = f"[[{done.note.removesuffix('.md')}]]"
        assert (
            f"- WARNING: the same was already done on {done.finished_at:%Y-%m-%d}: {link}." in why
        )
    assert sandbox.effects() == before


def test_two_payments_of_one_invoice_approved_at_once_give_one(
    sandbox: SandboxProcess, ground: Ground
) -> None:
    """Two approvals are two consents; what is due is due once."""
    wish = WISHES["odoo.register_payment"].ready(sandbox, ground.vault)
    with running(ground, clock_after()) as daemon:
        rows = [granted(daemon.ws, wish) for _ in range(2)]
        gate = gate_of(daemon.ws, wish, Role.EXECUTE)
        statuses: list[str] = []
        start = threading.Barrier(2)

        def pay(row: Row) -> None:
            start.wait()
            statuses.append(carried_out(gate, row).data["status"])

        threads = [threading.Thread(target=pay, args=(row,)) for row in rows]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(statuses) == ["done", "failed"]
    assert [effect["kind"] for effect in sandbox.effects()] == ["odoo.register_payment"]
