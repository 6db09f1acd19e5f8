"""The daemon's sessions to the MCP servers: one child process for each service, lazily started.

Rules: one owner task for each session; every call ends within a bounded time; a server that does
not answer is ended and started anew by pid; what was under way then is the journal's to tell,
nothing is ever called twice from here.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from core import presence
from core.sources import CallResult
from mcp_servers import child
from mcp_servers.child import START_TIMEOUT_S, Child, reason_of
from mcp_servers.serve import lock_path
from utils.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from core.services import Service
    from utils.config import Settings

log = get_logger()
CALL_TIMEOUT_S = 200.0
"""Longer than any server's own limit for one write, so that the server ends first."""
PING_EVERY_S = 5.0
PING_TIMEOUT_S = 5.0
CONCURRENT_CALLS = 4


@dataclass
class _Job:
    """One call waiting for its server."""

    tool: str
    arguments: Mapping[str, object]
    future: Future[CallResult]


@dataclass
class _Line:
    """One service's queue and the task that serves it."""

    queue: asyncio.Queue[_Job | None] = field(default_factory=asyncio.Queue)
    task: asyncio.Task[None] | None = None
    failures: int = 0
    running: bool = False
    last_error: str | None = None


class Sessions:
    """Implements `core.sources.Runner` over stdio children.

    Args:
        services: the catalogue.
        settings: the daemon's settings; each child gets its share.
        state: where locks and the children's error output lie.
        python: the interpreter of the children.
        ping_every_s: how often a server with a call under way is asked whether it lives.
        role: what the children may do; a command beside a running daemon only reads.
    """

    def __init__(
        self,
        services: Mapping[str, Service],
        settings: Settings,
        state: Path,
        python: str = "",
        ping_every_s: float = PING_EVERY_S,
        *,
        role: str = "execute",
    ) -> None:
        self._services = services
        self._settings = settings
        self._state = state
        self._python = python or sys.executable
        self._ping_every_s = ping_every_s
        self._role = role
        self._lines: dict[str, _Line] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._guard = threading.Lock()
        self.on_change: Callable[[], None] = lambda: None

    # -- Runner -------------------------------------------------------------------------------

    def call(self, service: str, tool: str, arguments: Mapping[str, object]) -> Future[CallResult]:
        """Call a tool; the future always ends with a result, within a bounded time."""
        future: Future[CallResult] = Future()
        job = _Job(tool, arguments, future)
        self._in_loop(lambda: self._enqueue(service, job))
        return future

    def warm(self, service: str) -> None:
        """Start a service's server in the background."""
        self._in_loop(lambda: self._enqueue(service, None))

    def is_held(self, service: str) -> bool:
        """Return whether another process serves this service in role `execute`."""
        line = self._lines.get(service)
        if line is not None and line.task is not None and not line.task.done():
            return False  # ours, running or about to
        return presence.is_held(lock_path(self._state, service))

    def running(self) -> dict[str, bool]:
        """Return which servers are alive, by service."""
        return {name: line.running for name, line in self._lines.items()}

    def close(self, timeout_s: float = 6.0) -> None:
        """End all children; calls under way get what is left of the time."""
        with self._guard:
            loop, thread = self._loop, self._thread
            self._loop = None
        if loop is None or thread is None:
            return
        loop.call_soon_threadsafe(self._stop_all)
        thread.join(timeout_s)

    # -- the loop's thread --------------------------------------------------------------------

    def _in_loop(self, work: Callable[[], None]) -> None:
        with self._guard:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=self._run_loop, args=(self._loop,), name="mcp-sessions", daemon=True
                )
                self._thread.start()
            self._loop.call_soon_threadsafe(work)

    def _run_loop(self, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_forever()
        finally:
            loop.close()

    def _enqueue(self, service: str, job: _Job | None) -> None:
        line = self._lines.setdefault(service, _Line())
        line.queue.put_nowait(job)
        if line.task is None or line.task.done():
            line.task = asyncio.get_running_loop().create_task(self._serve_line(service, line))

    def _stop_all(self) -> None:
        loop = asyncio.get_running_loop()
        tasks = [line.task for line in self._lines.values() if line.task and not line.task.done()]
        for task in tasks:
            task.cancel()

        async def finish() -> None:
            await asyncio.gather(*tasks, return_exceptions=True)
            loop.stop()

        self._finishing = loop.create_task(finish())

    async def _serve_line(self, service: str, line: _Line) -> None:
        """Own one service's sessions, one after the other, until nobody waits for its server."""
        waiting: list[_Job] = []
        try:
            await self._until_it_ends(service, line, waiting)
            while not line.queue.empty():  # a call came while the server was ending
                await self._until_it_ends(service, line, waiting)
        except asyncio.CancelledError:
            _give_up([*waiting, *_drained(line)], "the daemon is stopping")
            raise

    async def _until_it_ends(self, service: str, line: _Line, waiting: list[_Job]) -> None:
        """Serve until the server is idle or lost; what a lost one was given is given up."""
        try:
            await self._session(service, line, waiting)
            line.failures = 0
        except Exception as error:  # noqa: BLE001 - the owner task is an outermost loop
            line.failures += 1
            reason = reason_of(error)
            line.last_error = reason
            log.warning("server.lost", service=service, reason=reason, failures=line.failures)
            if not line.running:  # it never came up: the next one would not either
                waiting += _drained(line)
            _give_up(waiting, reason)
            waiting.clear()
        finally:
            line.running = False
            self.on_change()

    async def _session(self, service: str, line: _Line, waiting: list[_Job]) -> None:
        server = Child(service, self.environment(service), self._settings.home, self._python)
        async with asyncio.timeout(START_TIMEOUT_S) as starting:
            async with server.connected(self._state, CALL_TIMEOUT_S) as client:
                await client.list_tools()
                starting.reschedule(None)
                line.running = True
                log.info("server.started", service=service)
                self.on_change()
                await self._feed(client, line, waiting)
        log.info("server.stopped", service=service)

    async def _feed(self, client: Any, line: _Line, waiting: list[_Job]) -> None:
        idle_s = self._settings.seconds("IDLE_STOP_S")
        active: set[asyncio.Task[None]] = set()
        try:
            while True:
                if len(active) >= CONCURRENT_CALLS:
                    active = await self._some_done(client, active)
                    continue
                job = await self._next(client, line, active, idle_s)
                if job is _STOP:
                    return
                if isinstance(job, _Job):
                    # Before anything can fail: what waits is given up, not lost.
                    waiting.append(job)
                active = {task for task in active if not _finished(task)}
                if isinstance(job, _Job):
                    task = asyncio.get_running_loop().create_task(_answer(client, job, waiting))
                    active.add(task)
        finally:
            for task in active:
                task.cancel()
            await asyncio.gather(*active, return_exceptions=True)

    async def _next(
        self, client: Any, line: _Line, active: set[asyncio.Task[None]], idle_s: float
    ) -> object:
        """Return the next job, None for a wake-up, or `_STOP` after a long silence."""
        getter = asyncio.get_running_loop().create_task(line.queue.get())
        taken = False
        try:
            wait_s = self._ping_every_s if active else idle_s
            done, _ = await asyncio.wait(
                {getter, *active}, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED
            )
            if getter in done:
                taken = True
                return getter.result()
            if done:
                return None
            if not active:
                return _STOP
            await _ping(client)
            return None
        finally:
            if not getter.done():
                getter.cancel()
            elif not taken:  # it came during the ping: the next turn takes it
                line.queue.put_nowait(getter.result())

    async def _some_done(
        self, client: Any, active: set[asyncio.Task[None]]
    ) -> set[asyncio.Task[None]]:
        done, pending = await asyncio.wait(
            active, timeout=self._ping_every_s, return_when=asyncio.FIRST_COMPLETED
        )
        for task in done:
            task.result()
        if not done:
            await _ping(client)
        return set(pending)

    def environment(self, service: str) -> dict[str, str]:
        """Return what a child gets: common settings and its own service's, nothing else."""
        return child.environment(self._settings, self._services[service], self._role)


_STOP = object()


def _drained(line: _Line) -> list[_Job]:
    jobs = []
    while not line.queue.empty():
        job = line.queue.get_nowait()
        if job is not None:
            jobs.append(job)
    return jobs


def _give_up(jobs: list[_Job], reason: str) -> None:
    for job in jobs:
        if not job.future.done():
            job.future.set_result(CallResult(answered=False, error=reason))


def _finished(task: asyncio.Task[None]) -> bool:
    if task.done():
        task.result()
        return True
    return False


async def _answer(client: Any, job: _Job, waiting: list[_Job]) -> None:
    """Make one call and settle its future; a lost connection ends the session."""
    try:
        data = await child.call(client, job.tool, job.arguments)
    except ConnectionError as error:
        if job in waiting:
            waiting.remove(job)
        job.future.set_result(CallResult(answered=False, error=str(error)))
        raise
    waiting.remove(job)
    job.future.set_result(CallResult(answered=True, data=data))


async def _ping(client: Any) -> None:
    """Make sure that a server with a call under way is slow and not hung.

    Raises:
        ConnectionError: it does not answer.
    """
    try:
        async with asyncio.timeout(PING_TIMEOUT_S):
            await client.list_tools()
    except TimeoutError:
        raise ConnectionError(f"does not answer for {PING_TIMEOUT_S:.0f} s") from None
