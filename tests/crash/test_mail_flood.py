"""Thousands of mails in one go: each becomes one note, whatever is killed; memory stays bounded.

The daemon and its mail watcher run as the command line starts them, against the sandbox's mailbox;
what came in is counted in the files, not by what the program says of itself. `bin/test` brings 300
mails with kills, `-m slow` 10,000.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest

from core.tries import DEATHS
from core.vault import Folder
from mcp_servers.sandbox import settings_of
from tests.crash.ground import Ground
from tests.crash.sandbox_process import REPOSITORY, SandboxProcess

SEED = int(os.environ.get("CRASH_SEED", "20261121"))
REQUEST_EVERY, PAPER_EVERY = 25, 40
MARK = re.compile(r"flood (\d{6})")
SUBJECT = re.compile(r'^subject: "flood (\d{6})', re.MULTILINE)
GIVEN_UP = f"No proposal was made: the program ended {DEATHS} times while it read this"
WATCHER_MB, DAEMON_MB = 100.0, 200.0
"""The most resident memory that is allowed, whatever the number of mails."""


def mail(number: int) -> dict[str, Any]:
    """Return a mail; some ask for an invoice, some carry a paper, most just tell something."""
    made: dict[str, Any] = {
        "from": "Jane Cole <accounts@acme.example>",
        "subject": f"flood {number:06d}",
        "text": f"Hello,\n\nthis is number {number} of our news. Nothing is to be done.\n" * 4,
    }
    if number % REQUEST_EVERY == 0:
        made["text"] = (
            f"Hello,\n\nplease send us the invoice for job {number}, {number + 100}.00 EUR, "
            "payable within 14 days.\n\nKind regards\nJane Cole\nAcme Ltd\n"
        )
    if number % PAPER_EVERY == 1:
        made["attachments"] = [{"name": "paper.bin", "base64": "QUJD" * 5000}]
    return made


@dataclass
class Flood:
    """One vault whose mailbox overflows.

    Args:
        ground: vault and sandbox.
        sandbox: outlives everything that is killed.
        count: how many mails.
        kills: what was killed.
        peaks_mb: the largest resident memory seen, by process.
    """

    ground: Ground
    sandbox: SandboxProcess
    count: int
    kills: Counter[str] = field(default_factory=Counter)
    peaks_mb: dict[str, float] = field(default_factory=dict)
    daemon: subprocess.Popen[str] | None = None

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return {
            **kept,
            **settings_of(self.sandbox.url),
            "VAULT_PATH": str(self.ground.vault),
            "TIMEZONE": "UTC",
            "GMAIL_POLL_S": "1",
            "GMAIL_QUERY": "subject:flood",
            "LIMIT_CURRENCY": "EUR",
            "AI_EMPLOYEE_HOME": str(self.ground.root),
            "PYTHONPATH": str(REPOSITORY),
        }

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, str(REPOSITORY / "orchestrator.py"), *arguments]

    def fill_mailbox(self) -> None:
        connection = HTTPConnection("127.0.0.1", urlsplit(self.sandbox.url).port or 0, timeout=30)
        with closing(connection):
            for number in range(self.count):
                connection.request("POST", "/_sandbox/mail", json.dumps(mail(number)))
                answer = connection.getresponse()
                answer.read()
                assert answer.status == 200

    def start(self) -> None:
        with (self.ground.root / "daemon.stderr").open("a") as errors:
            self.daemon = subprocess.Popen(
                self.command("run", "--vault", str(self.ground.vault)),
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=self.environment,
                cwd=self.ground.root,
            )
        assert self.daemon.stdout is not None
        line = self.daemon.stdout.readline().strip()
        assert line == "ready", (line, self.complaints())

    def complaints(self) -> str:
        return (self.ground.root / "daemon.stderr").read_text()[-3000:]

    def watcher(self) -> psutil.Process | None:
        assert self.daemon is not None
        with suppress(psutil.Error):
            for child in psutil.Process(self.daemon.pid).children():
                if "watch" in child.cmdline():
                    return child
        return None

    def kill(self, victim: str) -> None:
        """Kill without a word; a daemon is started anew at once, a watcher by its daemon."""
        assert self.daemon is not None
        watcher = self.watcher()
        if victim == "watcher":
            if watcher is None:
                return
            os.kill(watcher.pid, signal.SIGKILL)
        else:
            os.kill(self.daemon.pid, signal.SIGKILL)
            self.daemon.wait()
            assert self.daemon.stdout is not None
            self.daemon.stdout.close()
            self.start()
        self.kills[victim] += 1

    def measure(self) -> None:
        """Keep the largest resident memory so far."""
        assert self.daemon is not None
        watcher = self.watcher()
        pids = {"daemon": self.daemon.pid, **({"watcher": watcher.pid} if watcher else {})}
        for name, pid in pids.items():
            with suppress(OSError):
                status = Path(f"/proc/{pid}/status").read_text()
                found = re.search(r"VmHWM:\s+(\d+) kB", status)
                peak = int(found[1]) / 1024 if found else 0.0
                self.peaks_mb[name] = max(self.peaks_mb.get(name, 0.0), peak)

    def tasks(self) -> int:
        return len(list((self.ground.vault / Folder.NEEDS_ACTION).glob("EML-*.md")))

    def given_up(self) -> Counter[int]:
        """Return the requests over which the daemon was killed too often, as their tasks say."""
        tasks = (self.ground.vault / Folder.NEEDS_ACTION).glob("EML-*.md")
        return numbers(path for path in tasks if GIVEN_UP in path.read_text())

    def proposals(self) -> list[Path]:
        return sorted((self.ground.vault / Folder.PENDING).glob("APR-*.md"))

    def wait(self, so: Callable[[], bool], what: str, limit_s: float) -> None:
        """Wait for something, measuring meanwhile."""
        until = time.monotonic() + limit_s
        while not so():
            assert self.daemon is not None
            assert self.daemon.poll() is None, self.complaints()
            assert time.monotonic() < until, f"{what}: {self.tasks()} tasks\n{self.complaints()}"
            self.measure()
            time.sleep(0.1)
        self.measure()

    def stop(self) -> None:
        assert self.daemon is not None
        self.daemon.terminate()
        assert self.daemon.wait(timeout=45) == 0


@contextmanager
def flood(folder: Path, count: int) -> Iterator[Flood]:
    with SandboxProcess() as sandbox:
        made = Flood(Ground(folder, sandbox.url), sandbox, count)
        made.fill_mailbox()
        made.start()
        try:
            yield made
        finally:
            if made.daemon is not None and made.daemon.poll() is None:
                made.daemon.kill()
                made.daemon.wait()
            if made.daemon is not None and made.daemon.stdout is not None:
                made.daemon.stdout.close()


def come_in(folder: Path, count: int, kills: int) -> None:
    """Let all mails come in while processes are killed, then count what lies in the vault."""
    draw = random.Random(SEED)
    with flood(folder, count) as it:
        began = time.monotonic()
        limit_s = 60 + count * 0.2
        for number in range(1, kills + 1):
            share = number * count // (kills + 1)
            it.wait(lambda share=share: it.tasks() >= share, f"{share} tasks", limit_s)
            time.sleep(draw.uniform(0, 0.2))
            it.kill("watcher" if number % 3 == 2 else "daemon")
        it.wait(lambda: it.tasks() >= count, "all tasks", limit_s)
        came_s = time.monotonic() - began
        asked = len(range(0, count, REQUEST_EVERY))
        it.wait(
            lambda: len(it.proposals()) + it.given_up().total() >= asked, "all proposals", limit_s
        )
        done_s = time.monotonic() - began
        it.stop()
        check = subprocess.run(
            it.command("verify-log"),
            env=it.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        print(
            f"{count} mails in {came_s:.1f} s ({count / came_s:.0f}/s), proposals after "
            f"{done_s:.1f} s; kills {dict(it.kills)}; peaks "
            f"{ {name: round(mb) for name, mb in it.peaks_mb.items()} } MB"
        )
        assert check.returncode == 0, check.stdout + check.stderr
        assert wrong_in(it) == []


def wrong_in(it: Flood) -> list[str]:
    """Return what does not hold of notes, originals, proposals, log and memory."""
    wrong = []
    expected = Counter(range(it.count))
    folder = it.ground.vault
    wrong += differences("tasks", expected, numbers((folder / "Needs_Action").glob("*.md")))
    wrong += differences("originals", expected, numbers((folder / "Attachments").glob("*.eml")))
    asked = Counter(n for n in expected if n % REQUEST_EVERY == 0)
    proposed = Counter(
        int(found[1])
        for path in it.proposals()
        if (found := re.search(r"invoice for job (\d+)", path.read_text()))
    )
    wrong += differences("proposals", asked - it.given_up(), proposed)
    if it.given_up().total() > it.kills["daemon"] // DEATHS:
        wrong.append(f"given up: {it.given_up()} after {it.kills}")
    entries = [
        entry
        for day in (it.ground.root / "Vault" / "Logs").glob("*.json")
        for entry in json.loads(day.read_text())
        if entry["action"] == "task.create" and entry["parameters"]["source"] == "email"
    ]
    keys = Counter(entry["parameters"]["key"] for entry in entries)
    told = Counter(keys.values())
    if told != Counter({1: it.count}):
        wrong.append(f"log: so many mails told so often: {dict(told)} (times: mails)")
    left = [p.name for p in folder.rglob(".aie-*.tmp")]
    for name, limit_mb in (("watcher", WATCHER_MB), ("daemon", DAEMON_MB)):
        if not 0 < it.peaks_mb.get(name, 0.0) <= limit_mb:
            wrong.append(f"the {name} took {it.peaks_mb.get(name)} MB, more than {limit_mb}")
    return wrong if len(left) <= it.kills.total() else [*wrong, f"left behind: {left}"]


def numbers(paths: Iterable[Path]) -> Counter[int]:
    """Return how often each mail's number stands in the subject of files."""
    found: Counter[int] = Counter()
    for path in paths:
        text = path.read_text(errors="replace")
        match = SUBJECT.search(text) if path.suffix == ".md" else MARK.search(text)
        if match:
            found[int(match[1])] += 1
    return found


def differences(what: str, expected: Counter[int], got: Counter[int]) -> list[str]:
    missing, more = expected - got, got - expected
    return [
        f"{what}: {sum(odd.values())} {word}, such as {sorted(odd)[:5]}"
        for word, odd in (("missing", missing), ("too many", more))
        if odd
    ]


@pytest.mark.timeout(600)
def test_hundreds_of_mails_come_in_once_although_processes_are_killed(tmp_path: Path) -> None:
    come_in(tmp_path, 300, kills=6)


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_ten_thousand_mails_come_in_once_although_processes_are_killed(tmp_path: Path) -> None:
    come_in(tmp_path, 10_000, kills=12)
