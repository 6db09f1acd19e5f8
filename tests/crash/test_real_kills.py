"""Real processes, really killed: daemon, server, or both, in bursts, at moments drawn by a seed.

The daemon runs as the command line starts it, live against a sandbox of its own process. After the
last kill everything that was approved lies in exactly one place, was done at most once, and the
log's chain holds. `bin/test` kills once while each kind is under way, `-m slow` two hundred times.
"""

from __future__ import annotations

import functools
import itertools
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from core.actions import State
from core.vault import Folder
from core.workspace import Workspace
from mcp_servers.catalog import ACTIONS, SERVICES
from mcp_servers.fakes import FaultMode
from mcp_servers.sandbox import settings_of
from tests.crash.ground import Ground, is_quiet
from tests.crash.invariants import broken
from tests.crash.lives import approve_all, approve_the_rest, propose
from tests.crash.sandbox_process import REPOSITORY, SandboxProcess
from tests.crash.wishes import SEVERAL, STEPS_OF_SEVERAL, WISHES, Wish
from utils.clock import SystemClock

SEED = int(os.environ.get("CRASH_SEED", "20261121"))
VICTIMS = ("daemon", "server", "both")
FAULTS = ("slow", "none", *(str(mode) for mode in FaultMode if mode is not FaultMode.SLOW))
BURST = 5
ALL = (*WISHES.values(), SEVERAL)
NO_CAP = 1_000_000
NO_MAIL = {"GMAIL_QUERY": "from:nobody@nowhere.example"}
"""Mails that come in would become proposals of their own."""
ANY_TIME_S = 1.6
"""After the servers' processes are there: while they load, while they work, or afterwards."""
MIDST_S = 0.12
"""After the first call of a burst has begun: most of it is still to be done."""


@dataclass
class Yard:
    """One vault with a daemon that is killed again and again.

    Args:
        ground: vault and sandbox.
        sandbox: outlives them all.
        wishes: what is wanted here.
        kills: what was killed.
    """

    ground: Ground
    sandbox: SandboxProcess
    wishes: Sequence[Wish]
    kills: Counter[str] = field(default_factory=Counter)
    proposed: int = 0
    of_kind: Counter[str] = field(default_factory=Counter)
    stock: dict[str, list[Wish]] = field(default_factory=dict)
    daemon: subprocess.Popen[str] | None = None

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return {
            **kept,
            **settings_of(self.sandbox.url),
            **NO_MAIL,
            "VAULT_PATH": str(self.ground.vault),
            "TIMEZONE": "UTC",
            "APPROVAL_UNDO_S": "0",
            "RECONCILE_LIMIT_S": "2",
            "AI_EMPLOYEE_HOME": str(self.ground.root),
            "PYTHONPATH": str(REPOSITORY),
        }

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, str(REPOSITORY / "orchestrator.py"), *arguments]

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
        assert line == "ready", (line, (self.ground.root / "daemon.stderr").read_text()[-3000:])

    def servers(self) -> list[psutil.Process]:
        assert self.daemon is not None
        try:
            return psutil.Process(self.daemon.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def approve_burst(self, target: Wish, draw: random.Random) -> None:
        """Let Claude propose a few things, the target first; the owner moves all at once."""
        with opened(self.ground) as ws:
            for wish in [target, *draw.choices(self.below_their_cap(), k=BURST)]:
                self.proposed += 1
                self.of_kind.update([wish.kind, *parts_of(wish)])
                one = self.one_of(wish)
                later = {"publish_at": soon(draw)} if wish.is_several else {}
                propose(ws, one, {**one.arguments, **later})
        approve_all(self.ground)

    def prepare(self, count: int) -> None:
        """Make what must be there before, while no fault can hit it."""
        for wish in self.wishes:
            if wish.set_up is not None:
                ready = [wish.ready(self.sandbox, self.ground.vault) for _ in range(count)]
                self.stock[wish.kind] = ready

    def one_of(self, wish: Wish) -> Wish:
        ready = self.stock[wish.kind].pop() if wish.set_up else wish
        return ready.numbered(self.proposed)

    def below_their_cap(self) -> list[Wish]:
        """Return what may still be wanted within this hour."""
        return [
            wish
            for wish in self.wishes
            if all(
                self.of_kind[kind] + BURST + 1 <= (ACTIONS[kind].hourly_cap or NO_CAP)
                for kind in parts_of(wish)
            )
        ]

    def begun(self, wish: Wish) -> int:
        """Return how many calls of a kind, or of a post's parts, have begun so far."""
        journal = self.ground.root / "Vault" / "State" / "journal.sqlite"
        connection = sqlite3.connect(journal, timeout=5)
        try:
            which = "instr(action_id, '/')" if wish.is_several else "kind = ?"
            (count,) = connection.execute(
                f"SELECT total(attempt) FROM actions WHERE {which}",
                () if wish.is_several else (wish.kind,),
            ).fetchone()
            return int(count)
        finally:
            connection.close()

    def kill(self, victim: str, draw: random.Random) -> bool:
        """Kill without a word; return whether there was anything to kill."""
        assert self.daemon is not None
        chosen: list[int] = []
        if victim in {"server", "both"}:
            running = self.servers()
            chosen += [draw.choice(running).pid] if running else []
        if victim in {"daemon", "both"}:
            chosen.insert(draw.randrange(len(chosen) + 1), self.daemon.pid)
        if not chosen:
            return False
        for pid in chosen:
            os.kill(pid, signal.SIGKILL)
        self.kills[victim] += 1
        if victim != "server":
            self.daemon.wait()
            assert self.daemon.stdout is not None
            self.daemon.stdout.close()
            self.start()
        return True

    def wait_quiet(self, timeout_s: float) -> None:
        until = time.monotonic() + timeout_s
        with opened(self.ground) as ws:
            while not is_quiet(ws) or any((self.ground.vault / Folder.APPROVED).glob("*.md")):
                assert time.monotonic() < until, self.left(ws)
                time.sleep(0.05)

    def left(self, ws: Workspace) -> str:
        rows = [*ws.journal.in_states(State.APPROVED, State.SENDING), *ws.journal.unfiled()]
        states = [(row.action_id, str(row.state), row.error) for row in rows]
        errors = (self.ground.root / "daemon.stderr").read_text()[-3000:]
        return f"never quiet: {states}\n{errors}"

    def stop(self) -> None:
        assert self.daemon is not None
        self.daemon.terminate()
        try:
            assert self.daemon.wait(timeout=45) == 0
        finally:
            if self.daemon.poll() is None:
                self.daemon.kill()
                self.daemon.wait()
            assert self.daemon.stdout is not None
            self.daemon.stdout.close()


@contextmanager
def opened(ground: Ground) -> Iterator[Workspace]:
    ws = Workspace.open(ground.settings, SERVICES, SystemClock())
    try:
        yield ws
    finally:
        ws.close()


@contextmanager
def yard(folder: Path, wishes: Sequence[Wish]) -> Iterator[Yard]:
    with SandboxProcess() as sandbox:
        ground = Ground(folder, sandbox.url, {"APPROVAL_UNDO_S": "0", **NO_MAIL})
        made = Yard(ground, sandbox, wishes)
        made.start()
        try:
            yield made
        finally:
            if made.daemon is not None and made.daemon.poll() is None:
                made.daemon.kill()
                made.daemon.wait()
            if made.daemon is not None and made.daemon.stdout is not None:
                made.daemon.stdout.close()


def processes_of(ground: Ground) -> list[str]:
    """Return the processes that still work on a vault."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("VAULT_PATH") == str(ground.vault):
                found.append(f"{process.pid}: {' '.join(process.cmdline())}")
        except psutil.Error:
            continue
    return found


def parts_of(wish: Wish) -> list[str]:
    """Return the kinds whose calls a wish makes."""
    return (
        [kind for kind in STEPS_OF_SEVERAL if kind in ACTIONS] if wish.is_several else [wish.kind]
    )


def soon(draw: random.Random) -> str:
    """Return a time within the next seconds, or that has just passed."""
    at = SystemClock().now() + timedelta(seconds=draw.uniform(-1, 4))
    return at.strftime("%Y-%m-%dT%H:%M:%S")


def targets(draw: random.Random, wishes: Sequence[Wish]) -> Iterator[tuple[Wish, str, str]]:
    """Yield what is hit, how its service fails, and who is killed: every kind in each turn."""
    for turn in itertools.count():
        for place, wish in enumerate(draw.sample(wishes, len(wishes))):
            lap, number = divmod(turn * len(wishes) + place, len(FAULTS))
            yield wish, FAULTS[number], VICTIMS[(lap + number) % len(VICTIMS)]


def kill_often(folder: Path, kills: int, wishes: Sequence[Wish]) -> None:
    draw = random.Random(SEED)
    with yard(folder, wishes) as it:
        it.prepare(kills * (BURST + 1))
        for wish, fault, victim in targets(draw, wishes):
            if it.kills.total() >= kills:
                break
            if wish not in it.below_their_cap():
                continue
            if fault != "none":
                at = draw.choice(STEPS_OF_SEVERAL) if wish.is_several else wish.acts_as
                it.sandbox.fault(at.split(".")[0], fault, match=at, seconds=0.4)
            before = it.begun(wish)
            it.approve_burst(wish, draw)
            if draw.random() < 0.2:
                wait_for(lambda: len(it.servers()) >= 2 or approved_are_gone(it), 5)
                time.sleep(draw.uniform(0, ANY_TIME_S))
            else:
                begun = functools.partial(it.begun, wish)
                wait_for(lambda b=begun, n=before: b() > n or approved_are_gone(it), 8)
                time.sleep(draw.uniform(0, MIDST_S))
            it.kill(victim, draw)
            if draw.random() < 0.3:
                time.sleep(draw.uniform(0, 0.3))
                it.kill(draw.choice(VICTIMS), draw)
        quiet_s = 60 + 4 * kills  # faults that nobody met yet: each 429 asks for a minute
        it.wait_quiet(quiet_s)
        if approve_the_rest(it.ground):
            it.wait_quiet(quiet_s)
        it.stop()
        wait_for(lambda: not processes_of(it.ground), 10)
        effects = it.sandbox.effects()
        check = subprocess.run(
            it.command("verify-log"),
            env=it.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        with opened(it.ground) as ws:
            rows = ws.journal.in_states(*State)
            endings = Counter(f"{row.service} {row.state}" for row in rows)
            told = [t.fields for row in rows for t in ws.journal.story(row.action_id)]
            read_back = Counter(t["result"] for t in told if t["event"] == "reconciled")
        kinds = Counter(row.kind for row in rows)
        print(
            f"{dict(kinds)}\n{it.kills.total()} kills {dict(it.kills)}; {len(rows)} approvals end "
            f"as {dict(endings)}; read back: {dict(read_back)}; {len(effects)} effects"
        )
        assert check.returncode == 0, check.stdout + check.stderr
        assert broken(it.ground, effects, leftovers=False) == []
        assert sum(row.parent_id is None for row in rows) == it.proposed
        assert not [row for row in rows if row.state is State.PENDING]
        assert processes_of(it.ground) == []


def approved_are_gone(it: Yard) -> bool:
    return not any((it.ground.vault / Folder.APPROVED).glob("*.md"))


def wait_for(happened: Callable[[], bool], timeout_s: float) -> None:
    """Wait until something is so, or the time is over: what must hold is asserted later."""
    until = time.monotonic() + timeout_s
    while not happened() and time.monotonic() < until:
        time.sleep(0.02)


@pytest.mark.timeout(600)
def test_a_kill_for_each_kind_doubles_and_loses_nothing(tmp_path: Path) -> None:
    kill_often(tmp_path, len(WISHES), ALL)


@pytest.mark.timeout(600)
def test_kills_between_three_networks_before_at_and_after_their_time(tmp_path: Path) -> None:
    kill_often(tmp_path, 5, [SEVERAL])


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_two_hundred_kills_double_and_lose_nothing(tmp_path: Path) -> None:
    kill_often(tmp_path, 200, ALL)
