"""Every call to a server ends with a result, at whatever moment its server is lost.

A call whose future never ends would keep its action `approved` until the daemon is started anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from mcp import MCPError

from core.sources import CallResult
from mcp_servers.catalog import SERVICES
from mcp_servers.client import Sessions, _give_up, _Job, _Line
from tests.crash.ground import Ground


class Server:
    """A server's client side; what happens at a call or a ping is the test's to say."""

    def __init__(self, at_call: Callable[[str], None], at_ping: Callable[[], None]) -> None:
        self._at_call = at_call
        self._at_ping = at_ping
        self._released = asyncio.Event()

    async def call_tool(self, tool: str, arguments: dict[str, Any]) -> Any:
        del arguments
        self._at_call(tool)
        if tool == "slow":
            await self._released.wait()
        return SimpleNamespace(structured_content={"status": "done"})

    async def list_tools(self) -> None:
        self._at_ping()
        await asyncio.sleep(0.01)  # whoever waits for the queue takes what came
        self._released.set()


def job(tool: str) -> _Job:
    return _Job(tool, {}, Future())


def sessions(folder: Path) -> Sessions:
    ground = Ground(folder, "http://127.0.0.1:9")
    return Sessions(SERVICES, ground.settings, folder, ping_every_s=0.05)


async def served(it: Sessions, server: Server, line: _Line) -> None:
    """Serve a line until its server is lost, as its owner task does."""
    waiting: list[_Job] = []
    try:
        async with asyncio.timeout(1):
            await it._feed(server, line, waiting)
    except (ConnectionError, TimeoutError) as error:
        _give_up(waiting, str(error))


def test_a_call_taken_in_the_moment_its_server_is_lost_is_given_up(tmp_path: Path) -> None:
    first, second = job("first"), job("second")

    async def run() -> None:
        line = _Line()

        def lost(tool: str) -> None:
            if tool == "first":
                line.queue.put_nowait(second)
                raise MCPError(-32000, "Connection closed")

        line.queue.put_nowait(first)
        await served(sessions(tmp_path), Server(lost, lambda: None), line)

    asyncio.run(run())
    assert first.future.done()
    assert second.future.done()
    assert second.future.result() == CallResult(answered=False, error="Connection closed")


def test_a_call_that_comes_during_a_ping_is_made(tmp_path: Path) -> None:
    slow, late, pinged = job("slow"), job("late"), list[bool]()

    async def run() -> None:
        line = _Line()

        def during_ping() -> None:
            if not pinged:
                line.queue.put_nowait(late)
            pinged.append(True)

        line.queue.put_nowait(slow)
        await served(sessions(tmp_path), Server(lambda _: None, during_ping), line)

    asyncio.run(run())
    assert slow.future.result().answered
    assert late.future.done()
    assert late.future.result().answered


def test_a_call_that_comes_while_a_lost_server_is_ended_goes_to_the_next_one(
    tmp_path: Path,
) -> None:
    """It was never given to the lost one, so it is no try of its own."""
    lost, fresh = job("lost"), job("fresh")
    started: list[str] = []

    class Dying(Sessions):
        """Loses its first server, and takes its time to end it."""

        async def _session(self, service: str, line: _Line, waiting: list[_Job]) -> None:
            started.append(service)
            line.running = True
            if len(started) > 1:
                await self._feed(Server(lambda _: None, lambda: None), line, waiting)
                return
            try:
                await self._feed(Server(closed, lambda: None), line, waiting)
            finally:
                line.queue.put_nowait(fresh)
                await asyncio.sleep(0.01)

    def closed(tool: str) -> None:
        raise MCPError(-32000, f"Connection closed during {tool}")

    async def run() -> None:
        ground = Ground(tmp_path, "http://127.0.0.1:9", {"IDLE_STOP_S": "0"})
        it = Dying(SERVICES, ground.settings, tmp_path, ping_every_s=0.05)
        it._enqueue("odoo", lost)
        task = it._lines["odoo"].task
        assert task is not None
        await asyncio.wait_for(task, 5)

    asyncio.run(run())
    assert lost.future.result() == CallResult(answered=False, error="Connection closed during lost")
    assert fresh.future.result().answered
    assert started == ["odoo", "odoo"]


def test_a_server_that_does_not_start_is_tried_once_for_all_who_wait(tmp_path: Path) -> None:
    first, second = job("first"), job("second")
    started: list[str] = []

    class Broken(Sessions):
        """Its servers never come up."""

        async def _session(self, service: str, line: _Line, waiting: list[_Job]) -> None:
            started.append(service)
            await asyncio.sleep(0)
            raise OSError("no such interpreter")

    async def run() -> None:
        ground = Ground(tmp_path, "http://127.0.0.1:9")
        it = Broken(SERVICES, ground.settings, tmp_path)
        it._enqueue("odoo", first)
        it._enqueue("odoo", second)
        task = it._lines["odoo"].task
        assert task is not None
        await asyncio.wait_for(task, 5)

    asyncio.run(run())
    for waited in (first, second):
        assert waited.future.result() == CallResult(answered=False, error="no such interpreter")
    assert started == ["odoo"]
