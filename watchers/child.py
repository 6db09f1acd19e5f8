"""A watcher as a child process of the daemon, and how the daemon keeps it."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

from core import tasks, vitals
from core.actions import Trust
from core.supervisor import Supervised

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.workspace import Workspace


def until_parent_ends() -> threading.Event:
    """Return an event that is set when standard input ends: whoever started us is gone."""
    ended = threading.Event()

    def wait() -> None:
        while sys.stdin.readline():
            pass
        ended.set()

    threading.Thread(target=wait, name="parent", daemon=True).start()
    return ended


def supervised(
    ws: Workspace, name: str, command: Sequence[str], environment: Mapping[str, str]
) -> Supervised:
    """Return a watcher's child, which tells the owner in a note when it is given up.

    Args:
        ws: the vault and its records.
        name: gmail.
        command: how the child is started.
        environment: its whole environment.
    """
    return Supervised(
        f"{name}-watcher",
        command,
        environment=environment,
        stderr=ws.paths.state / f"watcher-{name}.stderr.log",
        clock=ws.clock,
        on_paused=lambda reason: _tell_owner(ws, name, reason),
    )


def _tell_owner(ws: Workspace, name: str, reason: str) -> None:
    now = ws.clock.now()
    vitals.say(ws.journal, ws.clock, name, f"paused: {reason}")
    tasks.drop(
        ws,
        tasks.Dropped(
            key=f"paused:{name}:{now.isoformat()}",
            source="notice",
            sender="your assistant",
            subject=f"The {name} watcher is paused",
            received=now,
            text=f"{reason}\n\nNothing new is read from there until you have seen to it and "
            "started the daemon again (bin/run). bin/run doctor tells more.",
            trust=Trust.OWNER,
            title=f"The {name} watcher is paused: nothing new is read",
            steps=("See to what it names", "Start the daemon again: `bin/run`"),
            priority="high",
        ),
    )
