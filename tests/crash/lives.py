"""One life: something is wanted, the owner decides, the program carries it out.

Whatever has happened already is not done again, so that a life may go on where another one ended.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from core import approvals, notes
from core.actions import State, Trust
from core.daemon import Daemon
from core.vault import Folder
from core.workspace import Workspace
from mcp_servers.gate import Gate, Role
from mcp_servers.serve import toolset_of
from tests.crash.ground import Ground, running, settle
from tests.crash.wishes import SEVERAL, Arguments, Wish
from utils.audit_log import Actor
from utils.clock import FixedClock

PLANNED_H = {"planned": 0.3, "missed": 0.3, "ahead": 3.0, "taken_back": 3.0}
"""The ways in which a post is for later, and for when: before the next daemon comes, or after."""


def live(ground: Ground, wish: Wish, how: str, clock: FixedClock) -> None:
    """Let one wish go its whole way.

    Args:
        ground: the vault.
        wish: what is wanted.
        how: `propose` (by Claude, through a server in role propose), `adopt` (by a person),
            `planned` or `ahead` (proposed for later), `missed` (the same, but a minute after its
            time is too late), `taken_back` (the owner thinks twice).
        clock: of daemon and servers.
    """
    with running(ground, clock) as daemon:
        if how == "adopt":
            if not ground.marked("dropped"):
                (ground.vault / Folder.PENDING / "Mine.md").write_text(wish.note)
                ground.mark("dropped")
        elif not daemon.ws.journal.in_states(*State):
            propose(daemon.ws, wish, planned(wish, how, clock))
        if not is_to_be_taken_back(ground):
            settle(daemon, clock)
        if how == "taken_back":
            take_back(ground, daemon, clock)
        if not ground.marked("moved"):
            approve_all(ground)
            ground.mark("moved")
        settle(daemon, clock)
        if wish.is_several and not ground.marked("again"):
            approve_the_rest(ground)
            ground.mark("again")
            settle(daemon, clock)


def planned(wish: Wish, how: str, clock: FixedClock) -> Arguments:
    """Return what is wanted, with its time if it is for later."""
    if how not in PLANNED_H:
        return wish.arguments
    at = clock.at + timedelta(hours=PLANNED_H[how])
    return {**wish.arguments, "publish_at": at.strftime("%Y-%m-%dT%H:%M:%S")}


def propose(ws: Workspace, wish: Wish, arguments: Arguments) -> None:
    """Propose a wish through its server; what has no server of its own, as the daemon does."""
    if wish.is_several:
        approvals.propose(ws, approvals.Request(wish.kind, arguments, Actor.DAEMON, Trust.OWNER))
        return
    gate = Gate(ws, wish.service, toolset_of(wish.service), Role.PROPOSE)
    answer = gate.call(wish.tool, {**arguments, "dry_run": False})
    assert answer.data["status"] == "approval_required", answer.data


def approve_all(ground: Ground) -> int:
    """Move every waiting proposal to `Approved/`, as the owner does; return how many."""
    count = 0
    for path in sorted((ground.vault / Folder.PENDING).glob("*.md")):
        check_payee(path)
        path.rename(ground.vault / Folder.APPROVED / path.name)
        count += 1
    return count


def approve_the_rest(ground: Ground) -> int:
    """Move the posts that some networks refused to `Approved/` once more; return how many.

    What is in doubt stays where it is: it is nothing to do twice.
    """
    count = 0
    for path in sorted((ground.vault / Folder.NEEDS_REVIEW).glob("*.md")):
        note = notes.parse(path.read_bytes())
        if note.word("action") == SEVERAL.kind and note.word("status") in {"failed", "refused"}:
            path.rename(ground.vault / Folder.APPROVED / path.name)
            count += 1
    return count


def is_to_be_taken_back(ground: Ground) -> bool:
    """Return whether the owner has approved and not thought twice yet; settling would post it."""
    return ground.marked("moved_first") and not ground.marked("moved_back")


def take_back(ground: Ground, daemon: Daemon, clock: FixedClock) -> None:
    """Approve what is for later, and move it back while it waits for its time."""
    if not ground.marked("moved_first"):
        approve_all(ground)
        ground.mark("moved_first")
    if ground.marked("moved_back"):
        return
    for _ in range(20):
        daemon.step(look=True, full=True)
        if daemon.ws.journal.in_states(State.APPROVED):
            break
        clock.advance(1)
    else:
        raise AssertionError("never approved")
    for path in (ground.vault / Folder.APPROVED).glob("*.md"):
        path.rename(ground.vault / Folder.PENDING / path.name)
    ground.mark("moved_back")
    settle(daemon, clock)


def check_payee(path: Path) -> None:
    """Tick that the bank details of a payee were checked, where something is paid."""
    text = path.read_text()
    if 'action: "odoo.register_payment"' in text:
        path.write_text(text.replace("\npayee_checked: false\n", "\npayee_checked: true\n", 1))
