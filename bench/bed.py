"""A vault of its own for each measure, with the real daemon or the naive loop working on it.

Rules: every bed says DRY_RUN and not live in its environment, so nothing but this machine is ever
asked; every wait ends; every process is ended by its id; a bed lies in a folder that is removed.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import processes
from core import approvals, starters
from core.approvals import Request
from core.settings import SETTINGS
from core.vault import Folder, Vault
from core.workspace import Workspace
from mcp_servers.catalog import SERVICE_SETTINGS, SERVICES
from utils import config
from utils.audit_log import Actor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ROOT = Path(__file__).resolve().parents[1]
READY_WAIT_S = 120.0
STOP_WAIT_S = 15.0
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "SYSTEMROOT")
USED = ("odoo", "twitter")
"""The services whose servers the measures keep warm: those of `propose_one`, in turn."""
_never = threading.Event()


class BenchError(Exception):
    """A measure could not be made: what was waited for did not come."""


def pause(seconds: float) -> None:
    """Let time pass."""
    _never.wait(seconds)


def wait_until(
    is_so: Callable[[], bool], what: str, *, limit_s: float = 60.0, every_s: float = 0.005
) -> None:
    """Look again and again until something is so.

    Raises:
        BenchError: it was not so within the limit.
    """
    deadline = time.monotonic() + limit_s
    while not is_so():
        if time.monotonic() > deadline:
            raise BenchError(f"waited {limit_s:.0f} s in vain: {what}")
        pause(every_s)


@dataclass(frozen=True)
class Running:
    """A process at work on a bed.

    Args:
        pid: its id.
        ready_s: from before it was started until it said `ready`.
        cpu_s: the CPU that it had used by then.
    """

    pid: int
    ready_s: float
    cpu_s: float


class Bed:
    """One vault with its log and journal.

    Args:
        folder: an empty folder.
        changed: settings beside the defaults.
    """

    def __init__(self, folder: Path, **changed: str) -> None:
        self.folder = folder
        self.vault = Vault(folder / "AI_Employee")
        self.environment = {
            **{name: os.environ[name] for name in _PASSED_ON if name in os.environ},
            **{row.name: row.default for row in SETTINGS if row.default},
            **{service.live_flag: "false" for service in SERVICES.values()},
            "DRY_RUN": "true",
            "VAULT_PATH": str(self.vault.root),
            "LOG_DIR": str(folder / "Vault" / "Logs"),
            "STATE_DIR": str(folder / "Vault" / "State"),
            "AI_EMPLOYEE_HOME": str(ROOT),
            **changed,
        }
        starters.install(self.vault)

    @property
    def settings(self) -> config.Settings:
        """Return the settings of this bed's daemon."""
        return config.load((*SETTINGS, *SERVICE_SETTINGS), ROOT, self.environment)

    @contextmanager
    def workspace(self) -> Iterator[Workspace]:
        """Open the bed's records beside its daemon, as a server or a command does."""
        ws = Workspace.open(self.settings, SERVICES)
        try:
            yield ws
        finally:
            ws.close()

    # -- notes --------------------------------------------------------------------------------

    def propose(self, count: int, *, first: int = 1) -> list[Path]:
        """Register proposals, invoices and posts in turn; return their notes, oldest first."""
        with self.workspace() as ws:
            return [propose_one(ws, number) for number in range(first, first + count)]

    def approve(self, note: Path) -> float:
        """Move a note as its owner does; return the instant before the move."""
        began_at = time.time()
        note.rename(self.vault.folder(Folder.APPROVED) / note.name)
        return began_at

    def completed(self) -> int:
        """Return how many notes were filed as completed."""
        folder = self.vault.folder(Folder.COMPLETED)
        count = 0
        for month in folder.iterdir():
            if month.is_dir():
                with os.scandir(month) as entries:
                    count += sum(e.name.endswith(".md") and e.name[0] != "." for e in entries)
        return count

    def wait_completed(self, count: int, *, limit_s: float = 60.0, every_s: float = 0.005) -> None:
        """Wait until so many notes are filed as completed."""
        what = f"{count} notes in Completed ({self.folder})"
        wait_until(lambda: self.completed() >= count, what, limit_s=limit_s, every_s=every_s)

    def entries(self) -> list[dict[str, Any]]:
        """Return the whole daily log, oldest first."""
        days = sorted((self.folder / "Vault" / "Logs").glob("*.json"))
        return [entry for day in days for entry in json.loads(day.read_text(encoding="utf-8"))]

    # -- processes ----------------------------------------------------------------------------

    @contextmanager
    def daemon(self) -> Iterator[Running]:
        """Run the real daemon while the `with` block runs."""
        script = [str(ROOT / "orchestrator.py"), "run", "--vault", str(self.vault.root)]
        with _process(script, self.environment, self.folder / "daemon.stderr") as running:
            yield running

    def warm_up(self, running: Running, first: int = 900_001) -> None:
        """Let one action of each service be done, so that its server is warm."""
        before = self.completed()
        notes = self.propose(len(USED), first=first)
        for note in notes:
            self.approve(note)
        self.wait_completed(before + len(notes))
        wait_until(
            lambda: set(USED) <= set(processes.servers(running.pid)),
            "a warm server for each service",
        )
        pause(0.5)


@contextmanager
def naive_loop(vault: Path, poll_s: float = 1.0) -> Iterator[Running]:
    """Run the naive loop on a folder while the `with` block runs."""
    for name in ("Approved", "Completed"):
        (vault / name).mkdir(parents=True, exist_ok=True)
    script = [str(ROOT / "bench" / "naive.py"), str(vault), "--poll-s", str(poll_s)]
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    with _process(script, environment, vault / "naive.stderr") as running:
        yield running


@contextmanager
def _process(script: Sequence[str], environment: dict[str, str], errors: Path) -> Iterator[Running]:
    with errors.open("ab") as stderr:
        began = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, *script],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            bufsize=0,
        )
        try:
            _wait_ready(process, errors)
            ready_s = time.monotonic() - began
            cpu_s = processes.cpu_s(process.pid) if processes.is_supported() else 0.0
            yield Running(process.pid, ready_s, cpu_s)
        finally:
            _end(process)


def _wait_ready(process: subprocess.Popen[bytes], errors: Path) -> None:
    stdout = process.stdout
    if stdout is None:
        raise BenchError("no standard output")
    readable, _, _ = select.select([stdout], [], [], READY_WAIT_S)
    line = stdout.readline().strip() if readable else b""
    if line != b"ready":
        said = errors.read_text(encoding="utf-8", errors="replace")[-800:]
        raise BenchError(f"it did not become ready; it said {line!r} and: {said}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_WAIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(STOP_WAIT_S)
    if process.stdout is not None:
        process.stdout.close()


def propose_one(ws: Workspace, number: int) -> Path:
    """Register one proposal; odd numbers are invoices, even ones posts."""
    if number % 2:
        line = {"description": f"Work {number}", "quantity": 1, "unit_price": "80.00"}
        arguments: dict[str, object] = {
            "customer": "Acme Ltd",
            "customer_id": 14,
            "currency": "EUR",
            "lines": [line],
        }
        request = Request("odoo.create_invoice", arguments, Actor.CLAUDE)
    else:
        text = f"Post number {number} of a benchmark: nothing of this is ever sent."
        request = Request("twitter.create_post", {"text": text}, Actor.CLAUDE)
    _, path = approvals.propose(ws, request)
    return path
