"""What flow tests share: an office with a vault, hands that move notes, and a world of fakes.

An `Office` is one vault with its real records and the real executor, gate and services; only the
MCP session in between is replaced by `InProcess`, and time stands still until a test moves it.
`run_daemon` and `command` are for tests of the program as its owner runs it.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests.auth  # noqa: F401 - two services in one process must not import it at once

from core import approvals, starters
from core.actions import State, Trust
from core.executor import Executor
from core.services import Service
from core.settings import SETTINGS
from core.sources import CallResult
from core.vault import Folder
from core.workspace import Workspace
from mcp_servers.catalog import SERVICE_SETTINGS, SERVICES, live_switch
from mcp_servers.gate import Gate, Role
from mcp_servers.serve import toolset_of
from mcp_servers.toolset import Toolset
from utils.audit_log import Actor
from utils.clock import FixedClock
from utils.config import Settings

HOME = Path(__file__).resolve().parent.parent
ROUNDS_WITHOUT_PROGRESS = 60
LIVE = {"APPROVAL_UNDO_S": "5"}
START = 45.0
"""How long a process may take to start, and to end, on a busy machine."""

ACME, GLOBEX, INITECH, SMITH, OTHER_SMITH = 14, 15, 16, 17, 18
"""Customers of the sandbox's Odoo."""


# -- notes as a person writes them ----------------------------------------------------------------


def invoice_note(
    customer: str = "Acme Ltd",
    *,
    price: str = "1250.00",
    customer_id: int | None = None,
    front: str = "",
    after: str = "",
) -> str:
    """Return a request for an invoice, written by hand."""
    identifier = f"customer_id: {customer_id}\n" if customer_id else ""
    return (
        f"---\ntype: approval\naction: odoo.create_invoice\n{front}---\n"
        f"{after}## Parameters\n```yaml\n"
        f'customer: "{customer}"\n{identifier}currency: EUR\nlines:\n'
        f'  - {{description: "Website retainer", quantity: 1, unit_price: "{price}"}}\n```\n'
    )


def post_note(text: str = "Winter offer from Monday.", *, front: str = "", after: str = "") -> str:
    """Return a request for a post on X, written by hand."""
    return (
        f"---\ntype: approval\naction: twitter.create_post\n{front}---\n{after}"
        f"## Content\n\n{text}\n"
    )


def invoice(
    customer: str = "Acme Ltd", price: str = "1250.00", **more: object
) -> dict[str, object]:
    """Return the arguments of an invoice."""
    line = {"description": "Website retainer", "quantity": 1, "unit_price": price}
    return {"customer": customer, "currency": "EUR", "lines": [line], **more}


def edit(path: Path, old: str, new: str) -> None:
    """Change a note as Obsidian does: truncate and write in place."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) >= 1, f"{old!r} is not in {path.name}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def move(path: Path, folder: Path) -> Path:
    """Move a note as a file manager does."""
    target = folder / path.name
    assert not target.exists()
    path.rename(target)
    return target


def front_of(path: Path) -> dict[str, str]:
    """Return a note's properties as they stand there, one line each."""
    block = path.read_text(encoding="utf-8").split("---\n")[1]
    pairs = (line.partition(": ") for line in block.splitlines() if ": " in line)
    return {name: value.strip('"') for name, _, value in pairs}


# -- the office -----------------------------------------------------------------------------------


class InProcess:
    """Implements `core.sources.Runner` on the real gate, without a session in between."""

    def __init__(self, ws: Workspace, toolsets: Mapping[str, Toolset] | None = None) -> None:
        self._ws = ws
        self._toolsets = toolsets or {}
        self._gates: dict[str, Gate] = {}
        self._pool = ThreadPoolExecutor(4)
        self._open: list[Future[CallResult]] = []
        self.held: set[str] = set()
        self.writes: list[tuple[str, dict[str, object]]] = []
        """Every call with an approval, in order."""

    def gate(self, service: str, role: Role = Role.EXECUTE) -> Gate:
        key = f"{service} {role}"
        if key not in self._gates:
            toolset = self._toolsets.get(service) or toolset_of(service)
            self._gates[key] = Gate(self._ws, service, toolset, role)
        return self._gates[key]

    def call(self, service: str, tool: str, arguments: Mapping[str, object]) -> Future[CallResult]:
        if "dry_run" in arguments:
            self.writes.append((f"{service}.{tool}", dict(arguments)))
        gate = self.gate(service)

        def run() -> CallResult:
            return CallResult(answered=True, data=gate.call(tool, arguments).data)

        future = self._pool.submit(run)
        self._open.append(future)
        return future

    def warm(self, service: str) -> None:
        """Nothing needs to be started."""

    def is_held(self, service: str) -> bool:
        return service in self.held

    def answered(self) -> bool:
        """Wait for the calls under way; return whether there were any."""
        waiting, self._open = self._open, []
        done, late = wait(waiting, timeout=60)
        assert not late, "a call has not ended within 60 s"
        return bool(done)

    def close(self) -> None:
        self._pool.shutdown()


class Quiet:
    """A bell that nobody has to hear: the tests say when the daemon looks."""

    def ring(self) -> None:
        """Hear nothing."""

    def answer(self) -> None:
        """Hear nothing."""


class Office:
    """One vault with its daemon's hands, in this process.

    Args:
        root: an empty folder.
        clock: stands still until `pass_time`.
        more: services that only a test has, with their tools.
        values: settings; nothing set is a dry run without any account.
    """

    def __init__(
        self,
        root: Path,
        clock: FixedClock | None = None,
        more: Mapping[str, tuple[Service, Toolset]] | None = None,
        **values: str,
    ) -> None:
        self.root = root
        self.services = {**SERVICES, **{name: each[0] for name, each in (more or {}).items()}}
        self.toolsets = {name: each[1] for name, each in (more or {}).items()}
        self.clock = clock or FixedClock()
        self.values = {"VAULT_PATH": str(root / "AI_Employee"), "TIMEZONE": "UTC", **values}
        self._open()
        starters.install(self.ws.vault)

    def _open(self) -> None:
        own = [live_switch(self.services[name]) for name in self.toolsets]
        settings = Settings((*SETTINGS, *SERVICE_SETTINGS, *own), self.values, self.root)
        self.ws = Workspace.open(settings, self.services, self.clock)
        self._server_ws = Workspace.open(settings, self.services, self.clock)
        self.runner = InProcess(self._server_ws, self.toolsets)
        self.executor = Executor(self.ws, self.runner, Quiet())
        self.executor.recover()

    def close(self) -> None:
        self.runner.answered()
        self.runner.close()
        self._server_ws.close()
        self.ws.close()

    def restart(self, **values: str) -> None:
        """End the daemon and start another one, maybe with other settings."""
        self.close()
        self.values.update(values)
        self._open()

    # -- time and rounds

    def look(self) -> float | None:
        """Let the daemon do all that is ready now; return the seconds it wants to wait."""
        for _ in range(ROUNDS_WITHOUT_PROGRESS):
            wanted_s = self.executor.run_ready()
            answered = False
            while self.runner.answered():
                answered = True
                self.executor.collect()
            if not answered and (wanted_s is None or wanted_s > 0):
                return wanted_s
        raise AssertionError("the daemon asks for another round at once, again and again")

    def pass_time(self, seconds: float) -> None:
        """Let so much time pass, looking whenever the daemon wants to."""
        end = self.clock.monotonic() + seconds
        while True:
            wanted_s = self.look()
            left = end - self.clock.monotonic()
            if left <= 0:
                return
            self.clock.advance(left if wanted_s is None else min(left, wanted_s + 0.001))

    # -- what the owner and other programs do

    def folder(self, folder: Folder) -> Path:
        return self.ws.vault.folder(folder)

    @property
    def pending(self) -> Path:
        return self.folder(Folder.PENDING)

    @property
    def approved(self) -> Path:
        return self.folder(Folder.APPROVED)

    def propose(self, kind: str, arguments: Mapping[str, object]) -> tuple[str, Path]:
        """Register a proposal as a program does; return its id and note."""
        request = approvals.Request(kind, arguments, Actor.DAEMON, Trust.OWNER)
        row, path = approvals.propose(self.ws, request)
        return row.action_id, path

    def invoice(self, price: str = "1250.00") -> tuple[str, Path]:
        return self.propose("odoo.create_invoice", invoice(price=price, customer_id=ACME))

    def post(self, text: str = "Winter offer from Monday.") -> tuple[str, Path]:
        return self.propose("twitter.create_post", {"text": text})

    def write(self, folder: Folder, name: str, text: str | bytes) -> Path:
        path = self.folder(folder) / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def approve(self, path: Path) -> Path:
        return move(path, self.approved)

    # -- what is to be seen

    def state(self, action_id: str) -> State:
        row = self.ws.journal.get(action_id)
        assert row is not None
        return row.state

    def ids(self) -> list[str]:
        """Return the ids of all actions, oldest first."""
        return [row.action_id for row in self.ws.journal.in_states(*State)]

    def notes(self) -> dict[str, Path]:
        """Return every note of the folders that matter, by path relative to the vault."""
        root = self.ws.vault.root
        folders = (*_DECIDED, ".trash")
        found = sorted(p for folder in folders for p in (root / folder).rglob("*.md"))
        return {path.relative_to(root).as_posix(): path for path in found}

    def places(self, action_id: str) -> list[str]:
        """Return the folders in which notes of an action lie, `.trash` left out."""
        mark = re.compile(rf'^action_id: "?{action_id}"?\s*$', re.MULTILINE)
        return [
            str(Path(name).parent)
            for name, path in self.notes().items()
            if not name.startswith(".trash") and mark.search(_text(path))
        ]

    def note(self, action_id: str) -> Path:
        """Return the one note of an action."""
        mark = re.compile(rf'^action_id: "?{action_id}"?\s*$', re.MULTILINE)
        found = [
            path
            for name, path in self.notes().items()
            if not name.startswith(".trash") and mark.search(_text(path))
        ]
        assert len(found) == 1, f"{action_id} lies in {found}"
        return found[0]

    def log(self, action_id: str | None = None) -> list[dict[str, Any]]:
        """Return the daily log's entries, of one action or all."""
        entries = [e for day in self.ws.chronicle.days() for e in self.ws.chronicle.entries(day)]
        return [e for e in entries if action_id is None or e.get("action_id") == action_id]

    def check(self) -> None:
        """Assert what must hold after every test: a sound log, and a grant for every call."""
        verdict = self.ws.chronicle.verify()
        assert verdict.ok, verdict.first_bad
        sent = [(e["action_id"], e["attempt"]) for e in self.log() if e["event"] == "sending"]
        assert len(sent) == len(set(sent)), "an attempt was begun twice"


_DECIDED = (
    *("Pending_Approval", "Approved", "Rejected", "Completed", "Needs_Review", "Quarantine"),
    *("Needs_Action", "Inbox", "Done"),
)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


# -- the program as its owner runs it -------------------------------------------------------------


def environment(**values: str) -> dict[str, str]:
    """Return an environment without any of our settings but these."""
    ours = {row.name for row in (*SETTINGS, *SERVICE_SETTINGS)}
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return {**kept, "PYTHONWARNINGS": "error::ResourceWarning", "COLUMNS": "200", **values}


def make_home(folder: Path) -> Path:
    """Return a home without a `.env`, so that the developer's own cannot reach a test."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def command(
    *arguments: str, env: Mapping[str, str], timeout: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run one command of the program to its end."""
    return subprocess.run(
        [sys.executable, str(HOME / "orchestrator.py"), *arguments],
        env={**env, "PYTHONPATH": str(HOME)},
        cwd=env.get("AI_EMPLOYEE_HOME", str(HOME)),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


@dataclass
class Running:
    """A program that runs beside the test."""

    process: subprocess.Popen[bytes]
    out: Path
    err: Path
    env: Mapping[str, str] = field(default_factory=dict)

    def said(self) -> str:
        return self.out.read_text(encoding="utf-8", errors="replace")

    def complained(self) -> str:
        return self.err.read_text(encoding="utf-8", errors="replace")

    def end(self, number: int = signal.SIGTERM, timeout: float = START) -> int:
        """Send a signal and return the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout=timeout)


@contextmanager
def run_program(
    folder: Path,
    *arguments: str,
    env: Mapping[str, str],
    until: str = "ready\n",
    more: Mapping[str, str] | None = None,
) -> Iterator[Running]:
    """Run a command in the background until the block ends.

    Args:
        folder: where its output goes.
        arguments: of the command line.
        env: its whole environment.
        until: what it says when it is up.
        more: added to the environment, last.
    """
    number = len(list(folder.glob("*.out"))) + 1
    out, err = folder / f"{number}.out", folder / f"{number}.err"
    with out.open("wb") as to_out, err.open("wb") as to_err:
        process = subprocess.Popen(
            [sys.executable, str(HOME / "orchestrator.py"), *arguments],
            env={**env, "PYTHONPATH": str(HOME), **(more or {})},
            cwd=env.get("AI_EMPLOYEE_HOME", str(HOME)),
            stdin=subprocess.DEVNULL,
            stdout=to_out,
            stderr=to_err,
        )
    running = Running(process, out, err, env)
    try:
        wait_until(
            lambda: until in running.said() or process.poll() is not None,
            START,
            lambda: f"it never said {until!r}: {running.said()}\n{running.complained()}",
        )
        assert until in running.said(), f"it ended: {running.complained()}"
        yield running
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(timeout=START)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(timeout=10)


@contextmanager
def run_daemon(folder: Path, vault: Path, *options: str, **values: str) -> Iterator[Running]:
    """Run the real daemon on a vault until the block ends."""
    env = environment(AI_EMPLOYEE_HOME=str(make_home(folder / "home")), **values)
    with run_program(folder, "run", "--vault", str(vault), *options, env=env) as running:
        yield running


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Answer on a free port of this machine until the block ends; yield the address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        often_s = 0.01  # how soon it sees that it has to end
        thread = threading.Thread(target=server.serve_forever, args=(often_s,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def wait_until(
    condition: Callable[[], object],
    timeout: float = 30.0,
    otherwise: str | Callable[[], str] = "it never happened",
) -> None:
    """Wait for another process; a bound for broken programs, not a measurement."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(otherwise if isinstance(otherwise, str) else otherwise())
        time.sleep(0.02)


def log_of(vault: Path) -> list[dict[str, Any]]:
    """Return the log entries beside a vault, read as any other program would."""
    entries: list[dict[str, Any]] = []
    for path in sorted((vault.parent / "Vault" / "Logs").glob("*.json")):
        for _ in range(20):
            try:
                entries += json.loads(path.read_text(encoding="utf-8"))
                break
            except ValueError:  # a reader that takes no lock may have to read once more
                time.sleep(0.01)
    return entries
