"""What the crash tests share: a vault on the sandbox, its people, its deaths and what must hold.

The daemon and its servers run in one process here (`DirectRunner` calls the gates synchronously,
each on its own connection to the journal); the sandbox is a process of its own, so that its effects
survive, and so that this process has no threads and may fork.
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

from core import notes
from core.actions import State, key_of, payload_of
from core.daemon import Daemon
from core.journal import TERMINAL
from core.records import Row
from core.settings import SETTINGS
from core.sources import CallResult
from core.vault import Folder
from core.workspace import Workspace
from mcp_servers.catalog import ACTIONS, SERVICE_SETTINGS, SERVICES
from mcp_servers.gate import Gate, Role
from mcp_servers.sandbox import READY, settings_of
from mcp_servers.serve import toolset_of
from tests.crash.wishes import WISHES, Wish
from utils import durable
from utils.clock import FixedClock
from utils.config import Settings
from utils.errors import NoteError
from utils.files import TEMP_PREFIX

REPOSITORY = Path(__file__).resolve().parents[2]
T = TypeVar("T")
Effect = dict[str, Any]


# -- time ------------------------------------------------------------------------------------------


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


# -- the sandbox, in a process of its own ----------------------------------------------------------


class SandboxProcess:
    """A sandbox that outlives every process that dies here."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "mcp_servers.sandbox", "--until-stdin-ends"]
        self._child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY
        )
        assert self._child.stdout is not None
        line = self._child.stdout.readline().strip()
        assert line.startswith(READY), line
        self.url = line.removeprefix(READY).strip()
        self._own: set[tuple[str, object]] = set()

    def effects(self) -> list[Effect]:
        """Return every change of state but those of our own preparations."""
        effects: list[Effect] = self._ask("GET", "_sandbox/effects")["effects"]
        return [e for e in effects if (e["kind"], e["payload"].get("id")) not in self._own]

    def own(self, kind: str, identifier: object) -> None:
        """Leave out of the effects what a test itself has done, as if it had been there."""
        self._own.add((kind, identifier))

    def odoo(self, model: str, method: str, *args: object) -> Any:
        """Do something in Odoo as a person does it there."""
        call = ["sandbox", 2, "sandbox", model, method, args, {}]
        params = {"service": "object", "method": "execute_kw", "args": call}
        answer = self._ask("POST", "jsonrpc", {"jsonrpc": "2.0", "id": 7, "params": params})
        assert "result" in answer, answer
        return answer["result"]

    def fault(self, service: str, mode: str, **options: object) -> None:
        self._ask("POST", "_sandbox/faults", {"service": service, "mode": mode, **options})

    def put(self, name: str, data: bytes) -> None:
        """Lay a file into the web space that Instagram fetches from."""
        connection = HTTPConnection("127.0.0.1", urlsplit(self.url).port or 0, timeout=10)
        connection.request("PUT", f"/{name}", data)
        assert connection.getresponse().status == 201
        connection.close()

    def reset(self) -> None:
        self._own.clear()
        self._ask("POST", "_sandbox/reset", {})

    def _ask(self, method: str, name: str, body: object = None) -> Any:
        connection = HTTPConnection("127.0.0.1", urlsplit(self.url).port or 0, timeout=10)
        try:
            connection.request(method, f"/{name}", json.dumps(body) if body else "{}")
            answer = connection.getresponse()
            text = answer.read()
            assert answer.status == 200, text
            return json.loads(text)
        finally:
            connection.close()

    def close(self) -> None:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.close()
        try:
            self._child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._child.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


# -- servers in this process -----------------------------------------------------------------------


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


# -- one vault and its people ----------------------------------------------------------------------


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
        now = (ws.journal.in_states(*State), sorted(p for p, _ in _files(ws.vault.root)))
        unchanged = unchanged + 1 if now == before else 0
        before = now
        if unchanged >= 2 and is_quiet(ws) and wait_s > 5:
            return
        for row in ws.journal.in_states(State.APPROVED):
            if row.retry_at is not None:
                wait_s = max(wait_s, (row.retry_at - clock.at).total_seconds())
        clock.advance(max(wait_s, 0.01))
    left = [(row.action_id, str(row.state)) for row in ws.journal.in_states(*State)]
    raise AssertionError(f"never quiet: {left}")


def _files(root: Path) -> Iterator[tuple[str, Path]]:
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder, name)
            yield path.relative_to(root).as_posix(), path


def live(ground: Ground, wish: Wish, how: str, clock: FixedClock) -> None:
    """Let one wish go its whole way; whatever has happened already is not done again.

    Args:
        ground: the vault.
        wish: what is wanted.
        how: `propose` (by Claude, through a server in role propose) or `adopt` (by a person).
        clock: of daemon and servers.
    """
    with running(ground, clock) as daemon:
        ws = daemon.ws
        if how == "propose" and not ws.journal.in_states(*State):
            gate = Gate(ws, wish.service, toolset_of(wish.service), Role.PROPOSE)
            answer = gate.call(wish.tool, {**wish.arguments, "dry_run": False})
            assert answer.data["status"] == "approval_required", answer.data
        if how == "adopt" and not ground.marked("dropped"):
            (ground.vault / Folder.PENDING / "Mine.md").write_text(wish.note)
            ground.mark("dropped")
        settle(daemon, clock)
        if not ground.marked("moved"):
            approve_all(ground)
            ground.mark("moved")
        settle(daemon, clock)


def approve_all(ground: Ground) -> int:
    """Move every waiting proposal to `Approved/`, as the owner does; return how many."""
    count = 0
    for path in sorted((ground.vault / Folder.PENDING).glob("*.md")):
        check_payee(path)
        path.rename(ground.vault / Folder.APPROVED / path.name)
        count += 1
    return count


def check_payee(path: Path) -> None:
    """Tick that the bank details of a payee were checked, where something is paid."""
    text = path.read_text()
    if 'action: "odoo.register_payment"' in text and "payee_checked: true" not in text:
        path.write_text(text.replace("\n---\n", "\npayee_checked: true\n---\n", 1))


# -- deaths ----------------------------------------------------------------------------------------


DIED = 9


def in_child(work: Callable[[], None]) -> int:
    """Run work in a forked child; return its exit code (0: it came to its end).

    This process must have no other thread: a fork would copy their locks.
    """
    pid = os.fork()
    if pid == 0:
        code = 70
        try:
            work()
            code = 0
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


@contextmanager
def dying_at(point: int) -> Iterator[None]:
    """End this process without a word at the n-th announcement of a durable effect, from 0.

    Each effect is announced before and after; one may lie within another.
    """
    left = point

    def listener(phase: str, name: str) -> None:
        nonlocal left
        del phase, name
        if left == 0:
            os._exit(DIED)
        left -= 1

    with durable.listening(listener):
        yield


def announced(work: Callable[[], None]) -> list[tuple[str, str]]:
    """Return phase and name of every announcement of a durable effect during work."""
    seen: list[tuple[str, str]] = []
    with durable.listening(lambda phase, name: seen.append((phase, name))):
        work()
    return seen


def hours_pass(ground: Ground, hours: float = 12.0) -> None:
    """Make every temporary file as old as if nobody had come back for hours."""
    for _, path in _files(ground.root):
        if path.name.startswith(TEMP_PREFIX):
            then = time.time() - hours * 3600
            os.utime(path, (then, then))


# -- what must hold --------------------------------------------------------------------------------


_PLACE = {
    State.PENDING: ("Pending_Approval", {"approval_required", "autonomous"}),
    State.DONE: ("Completed/", {"completed"}),
    State.DRY_RUN_COMPLETED: ("Completed/", {"dry_run_completed"}),
    State.NOT_SENT: ("Needs_Review", {"failed"}),
    State.REFUSED: ("Needs_Review", {"failed", "refused"}),
    State.UNKNOWN: ("Needs_Review", {"in_doubt"}),
    State.REJECTED: ("Rejected", {"rejected"}),
    State.EXPIRED: ("Rejected", {"expired"}),
}
_CERTAIN = {State.DONE: 1, State.NOT_SENT: 0, State.REFUSED: 0, State.REJECTED: 0, State.EXPIRED: 0}


@dataclass
class Made:
    """What one action did at the sandbox: the act itself, and the invisible step before it."""

    acts: list[Effect] = field(default_factory=list)
    steps: list[Effect] = field(default_factory=list)


def attributed(rows: Sequence[Row], effects: Sequence[Effect]) -> dict[str, Made]:
    """Return what each action did: found by our key, by the service's id, by what it shows."""
    made = {row.action_id: Made() for row in rows}
    tried = [row for row in rows if row.attempt > 0 and row.kind in WISHES]
    by_key = {key_of(row.action_id): row for row in tried}
    for effect in effects:
        kind = effect["kind"]
        row = by_key.get(effect["key"])
        if row is None and not effect["key"]:
            row = next((r for r in tried if acts_as(r) == kind and shows(effect, r)), None)
        if row is not None and acts_as(row) == kind:
            made[row.action_id].acts.append(effect)
        elif row is not None and WISHES[row.kind].staged == kind:
            made[row.action_id].steps.append(effect)
    return made


def acts_as(row: Row) -> str:
    """Return the kind of an action's effects."""
    return WISHES[row.kind].acts_as


def shows(effect: Effect, row: Row) -> bool:
    """Return whether an effect is what an action asked for."""
    wish = WISHES[row.kind]
    approved = payload_of(ACTIONS[row.kind], row.payload)
    return bool(wish.sent(effect["payload"]) == wish.wanted(approved))


def broken(
    ground: Ground, effects: Sequence[Effect], *, grants: int = 1, leftovers: bool = True
) -> list[str]:
    """Return every invariant of `facts/guarantees.md` B3 that does not hold, in words.

    Args:
        ground: the vault, with no daemon running.
        effects: what happened at the sandbox.
        grants: how many times the owner approved each action.
        leftovers: whether a temporary file is a fault; a young one is not.
    """
    ws = ground.open(clock_after(100))
    try:
        rows = ws.journal.in_states(*State)
        made = attributed(rows, effects)
        found = [p for r in rows for p in _of_action(ground, ws, r, made[r.action_id], grants)]
        found += _of_effects(made, effects) + _of_log(ws)
        found += _of_leftovers(ground) if leftovers else []
    finally:
        ws.journal.close()
    return found


def _of_action(ground: Ground, ws: Workspace, row: Row, made: Made, grants: int) -> Iterator[str]:
    name = f"{row.action_id} ({row.state})"
    story = [told.fields for told in ws.journal.story(row.action_id)]
    sendings = [told for told in story if told["event"] == "sending"]
    mine, whole = made.acts, WISHES[row.kind].effects
    if len(mine) > grants * whole:
        yield f"I1 {name}: {len(mine)} effects for {grants} approvals"
    by_word = any((t["event"], t["actor"]) == ("reconciled", "owner") for t in story)
    certain = _CERTAIN.get(row.state, 0) * whole
    if len(mine) < certain and row.mode.acts and not by_word:
        yield f"I1 {name}: says done, the service has nothing"
    if row.state in _CERTAIN and len(mine) > certain and grants == 1:
        yield f"I1 {name}: says not done, the service has it"
    yield from (f"I2 {name}: {text}" for text in _misplaced(ground, row))
    for effects in (mine, made.steps):
        if len(effects) > len(sendings) * whole:
            yield f"I3 {name}: {len(effects)} effects, {len(sendings)} `sending` entries"
    other = [effect for effect in (*mine, *made.steps) if not shows(effect, row)]
    yield from (f"I4 {name}: did {effect}, approved {row.payload}" for effect in other)
    yield from (f"I5 {name}: {text}" for text in _badly_told(story))
    if row.state is State.SENDING or (row.state in TERMINAL and row.filed_at is None):
        yield f"I7 {name}: is left without a word to the owner"


def _misplaced(ground: Ground, row: Row) -> Iterator[str]:
    places = ground.where(row.action_id)
    if row.state is State.WITHDRAWN:
        return
    if len(places) != 1:
        yield f"lies in {len(places)} places: {[str(p.relative_to(ground.vault)) for p in places]}"
        return
    if row.state not in _PLACE:
        yield f"is {row.state} at the end"
        return
    folder, labels = _PLACE[row.state]
    where = places[0].relative_to(ground.vault).as_posix()
    note = notes.parse(places[0].read_bytes())
    label = note.word("status") or note.word("tier")
    if not where.startswith(folder) or label not in labels:
        yield f"lies in {where} as {label}"
    results = note.section(notes.RESULT)
    if row.state is State.PENDING:
        return
    if results is None:
        yield "has no Result"
    elif sum(line.startswith("- Status: ") for line in results.lines) > max(1, row.attempt):
        yield "has its Result twice"
    if places[0].name != row.note:
        yield f"is called {places[0].name}, the journal says {row.note}"


def _badly_told(story: Sequence[dict[str, Any]]) -> Iterator[str]:
    outcomes = Counter(told.get("attempt") for told in story if told["event"] == "outcome")
    sendings = Counter(told.get("attempt") for told in story if told["event"] == "sending")
    for attempt, count in (outcomes + Counter()).items():
        if attempt is not None and count > 1:
            yield f"{count} outcomes of attempt {attempt}"
    for attempt, count in sendings.items():
        if count > 1:
            yield f"attempt {attempt} began {count} times"
    free, last = 0, None
    for told in story:
        if told["event"] == "approved":
            free = 1
        elif told["event"] == "outcome":
            last = told.get("result")
        elif told["event"] == "sending":
            if not free and last != "not_sent":
                yield f"attempt {told.get('attempt')} began after {last} without a new approval"
            free, last = 0, None


def _of_effects(made: dict[str, Made], effects: Sequence[Effect]) -> list[str]:
    known = {e["seq"] for one in made.values() for e in (*one.acts, *one.steps)}
    ours = [effect for effect in effects if effect["kind"] in ACTIONS]
    return [f"I3 an effect of nobody: {e}" for e in ours if e["seq"] not in known]


def _of_log(ws: Workspace) -> list[str]:
    verdict = ws.chronicle.verify(None)
    found = [] if verdict.ok else [f"I5 the chain is broken: {verdict.first_bad}"]
    lines = [entry for day in ws.chronicle.days() for entry in ws.chronicle.entries(day)]
    marks = Counter(
        (e["timestamp"], e["event"], e["action_id"], e["attempt"], e["target"]) for e in lines
    )
    found += [f"I5 logged {count} times: {mark}" for mark, count in marks.items() if count > 1]
    untold = len(ws.journal.untold())
    with sqlite3.connect(ws.paths.journal) as connection:
        (told,) = connection.execute("SELECT count(*) FROM story").fetchone()
    connection.close()
    if untold or told != len(lines):
        found.append(f"I5 the journal tells {told} things, {untold} unlogged; {len(lines)} logged")
    return found


def _of_leftovers(ground: Ground) -> list[str]:
    return [
        f"left over: {name}" for name, p in _files(ground.root) if p.name.startswith(TEMP_PREFIX)
    ]


def snapshot(ground: Ground, effects: Sequence[Effect]) -> dict[str, object]:
    """Return everything that a second recovery must leave as it is."""
    ws = ground.open(clock_after(100))
    try:
        rows = {row.action_id: row for row in ws.journal.in_states(*State)}
        stories = {action_id: len(ws.journal.story(action_id)) for action_id in rows}
    finally:
        ws.journal.close()
    texts = {
        name: path.read_bytes()
        for name, path in _files(ground.vault)
        if path.suffix == ".md" and name != "Dashboard.md"
    }
    return {"rows": rows, "stories": stories, "notes": texts, "effects": list(effects)}


# -- many at once ----------------------------------------------------------------------------------


def in_parallel(work: Callable[[int], list[T]], workers: int) -> list[T]:
    """Run `work(number)` in forked children at once; return all their results.

    Raises:
        AssertionError: one of them failed; says how.
    """
    pipes = []
    for number in range(workers):
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(read)
            code = 1
            try:
                answer: object = work(number)
                code = 0
            except BaseException as error:
                import traceback

                answer = f"{error!r}\n{traceback.format_exc()}"
            with os.fdopen(write, "wb") as out:
                out.write(pickle.dumps(answer))
            os._exit(code)
        os.close(write)
        pipes.append((pid, read))
    results: list[T] = []
    failures = []
    for pid, read in pipes:
        with os.fdopen(read, "rb") as source:
            data = source.read()
        _, status = os.waitpid(pid, 0)
        answer = pickle.loads(data) if data else f"a worker ended with status {status}"
        if isinstance(answer, list):
            results += answer
        else:
            failures.append(str(answer))
    assert not failures, "\n".join(failures)
    return results


def cores() -> int:
    """Return how many workers make sense here."""
    return max(1, min(4, len(os.sched_getaffinity(0)))) if hasattr(os, "sched_getaffinity") else 1


def remove(folder: Path) -> None:
    """Remove a folder of ours."""
    shutil.rmtree(folder, ignore_errors=True)
