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
from mcp_servers.client import Sessions, _Job, _Line
from tests.crash.support_crash import Ground


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
        it._give_up(waiting, line, str(error))


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
