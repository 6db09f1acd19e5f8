"""One vault on the sandbox and its people: the daemon, its servers, and the owner.

Daemon and servers run in one process here: `DirectRunner` calls the gates synchronously, each on
its own connection to the journal.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Collection, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from core import notes, throttle
from core.actions import State
from core.daemon import Daemon
from core.settings import SETTINGS
from core.sources import CallResult
from core.workspace import Workspace
from mcp_servers.catalog import SERVICE_SETTINGS, SERVICES
from mcp_servers.gate import Gate, Role
from mcp_servers.sandbox import settings_of
from mcp_servers.serve import toolset_of
from utils.clock import FixedClock
from utils.config import Settings
from utils.errors import NoteError


@dataclass
class TickingClock(FixedClock):
    """Stands still but for a microsecond at each question, as no real clock answers twice alike."""

    def now(self) -> datetime:
        self.at += timedelta(microseconds=1)
        return self.at


def clock_after(hours: float = 0.0) -> TickingClock:
    """Return a clock that begins before the sandbox's, so that what it makes is always later."""
    started = datetime.fromtimestamp(time.time(), UTC) - timedelta(hours=6)
    return TickingClock(started + timedelta(hours=hours))


class DirectRunner:
    """Calls the gates in this thread; each service has its own connection to the journal.

    A failure that no gate foresees ends the server, as it ends a real one.
    """

    def __init__(self, settings: Settings, clock: FixedClock, held: Collection[str] = ()) -> None:
        self._settings = settings
        self._held = held
        self._clock = clock
        self._gates: dict[str, tuple[Workspace, Gate]] = {}

    def call(self, service: str, tool: str, arguments: Any) -> Future[CallResult]:
        future: Future[CallResult] = Future()
        try:
            answer = self._gate(service).call(tool, arguments)
        except Exception as error:
            self._end(service)
            future.set_result(CallResult(answered=False, error=f"{type(error).__name__}: {error}"))
        else:
            data = json.loads(json.dumps(answer.data, default=str))
            future.set_result(CallResult(answered=True, data=data))
        return future

    def warm(self, service: str) -> None:
        del service

    def is_held(self, service: str) -> bool:
        return service in self._held

    def _gate(self, service: str) -> Gate:
        if service not in self._gates:
            ws = Workspace.open(self._settings, SERVICES, self._clock)
            gate = Gate(ws, service, toolset_of(service), Role.EXECUTE)
            self._gates[service] = (ws, gate)
        return self._gates[service][1]

    def _end(self, service: str) -> None:
        if service in self._gates:
            ws, _ = self._gates.pop(service)
            ws.journal.close()

    def close(self) -> None:
        for service in list(self._gates):
            self._end(service)


_settings_of = cache(settings_of)


@dataclass
class Ground:
    """One vault on disk with a sandbox.

    Args:
        root: everything lies below.
        url: of the sandbox.
        extra: settings on top.
    """

    root: Path
    url: str
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def vault(self) -> Path:
        return self.root / "AI_Employee"

    @property
    def settings(self) -> Settings:
        values = {
            **_settings_of(self.url),
            "VAULT_PATH": str(self.vault),
            "TIMEZONE": "UTC",
            "APPROVAL_UNDO_S": "1",
            "RECONCILE_LIMIT_S": "2",
            **self.extra,
        }
        return Settings((*SETTINGS, *SERVICE_SETTINGS), values, self.root)

    def open(self, clock: FixedClock) -> Workspace:
        return Workspace.open(self.settings, SERVICES, clock)

    def notes(self, *, trash: bool = False) -> Iterator[tuple[Path, notes.Note]]:
        """Yield every readable note of the vault with its place."""
        for path in sorted(self.vault.rglob("*.md")):
            hidden = any(part.startswith(".") for part in path.relative_to(self.vault).parts)
            if hidden and not trash:
                continue
            try:
                yield path, notes.parse(path.read_bytes())
            except NoteError:
                continue

    def where(self, action_id: str) -> list[Path]:
        return [path for path, note in self.notes() if note.word("action_id") == action_id]

    def marked(self, name: str) -> bool:
        return (self.root / f"{name}.mark").exists()

    def mark(self, name: str) -> None:
        (self.root / f"{name}.mark").touch()


def fast_folder(name: str) -> Path:
    """Return a new folder in memory where there is one: these deaths need no disk that syncs."""
    shared = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix=f"aie-{name}-", dir=shared if shared.is_dir() else None))


def remove(folder: Path) -> None:
    """Remove a folder of ours."""
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running(ground: Ground, clock: FixedClock, *, held: Collection[str] = ()) -> Iterator[Daemon]:
    """Open the vault and start its daemon, as the command line does.

    Args:
        ground: the vault.
        clock: of daemon and servers.
        held: the services whose servers an ended daemon has left running.
    """
    settings = ground.settings
    runner = DirectRunner(settings, clock, held)
    ws = ground.open(clock)
    try:
        daemon = Daemon(ws, runner)
        daemon.start()
        yield daemon
        ws.chronicle.flush()
    finally:
        runner.close()
        ws.journal.close()


def is_quiet(ws: Workspace) -> bool:
    """Return whether nothing waits but decisions of the owner."""
    open_states = (State.APPROVED, State.SENDING)
    return not (ws.journal.in_states(*open_states) or ws.journal.unfiled())


def settle(daemon: Daemon, clock: FixedClock, *, rounds: int = 80) -> None:
    """Do rounds, each as much later as it asked for, until two in a row change nothing."""
    ws = daemon.ws
    unchanged, before = 0, None
    for _ in range(rounds):
        wait_s = daemon.step(look=True, full=True)
        now = (ws.journal.in_states(*State), sorted(p for p, _ in files_below(ws.vault.root)))
        unchanged = unchanged + 1 if now == before else 0
        before = now
        if unchanged >= 2 and is_quiet(ws) and wait_s > 5:
            return
        for row in ws.journal.in_states(State.APPROVED):
            pause = throttle.pauses(ws).get(row.service)
            for until in (row.retry_at, pause.until if pause else None):
                wait_s = max(wait_s, (until - clock.at).total_seconds()) if until else wait_s
        clock.advance(max(wait_s, 0.01))
    left = [(row.action_id, str(row.state)) for row in ws.journal.in_states(*State)]
    raise AssertionError(f"never quiet: {left}")


def files_below(root: Path) -> Iterator[tuple[str, Path]]:
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder, name)
            yield path.relative_to(root).as_posix(), path
