"""One service's MCP server as a child over stdio: what it is given, how it is reached and called.

Rules: a child sees its own service's settings and nothing else; what it writes to its error output
is kept beside the journal, within a bound; nothing is ever called twice from here.
"""

from __future__ import annotations

import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from core.services import Service
    from utils.config import Settings

START_TIMEOUT_S = 30.0
ERROR_LOG_BYTES = 5_000_000
COMMON = (
    "VAULT_PATH",
    "LOG_DIR",
    "STATE_DIR",
    "TIMEZONE",
    "DRY_RUN",
    "APPROVAL_EXPIRES_DAYS",
    "RECONCILE_LIMIT_S",
    "READ_PAUSE_S",
    "LIMIT_AMOUNT",
    "LIMIT_CURRENCY",
    "OWNER_EMAIL",
    "AI_EMPLOYEE_SANDBOX",
)


@dataclass(frozen=True)
class Child:
    """A server that can be started.

    Args:
        service: its name in the catalogue.
        environment: all that it is given.
        home: the folder that it runs in.
        python: its interpreter.
    """

    service: str
    environment: Mapping[str, str]
    home: Path
    python: str = sys.executable

    @asynccontextmanager
    async def connected(self, state: Path, read_timeout_s: float) -> AsyncIterator[Any]:
        """Run the child while the block runs.

        Args:
            state: where its error output is kept.
            read_timeout_s: how long an answer may take.

        Yields:
            The MCP library's client.
        """
        from mcp import Client
        from mcp.client.stdio import StdioServerParameters, stdio_client

        parameters = StdioServerParameters(
            command=self.python,
            args=["-m", f"mcp_servers.{self.service}"],
            env=dict(self.environment),
            cwd=str(self.home),
        )
        errors = state / f"server-{self.service}.stderr.log"
        with errors.open("a", encoding="utf-8") as error_log:
            if error_log.tell() > ERROR_LOG_BYTES:
                error_log.truncate(0)
            transport = stdio_client(parameters, errlog=error_log)
            async with Client(transport, read_timeout_seconds=read_timeout_s, cache=None) as client:
                yield client


def environment(settings: Settings, service: Service, role: str) -> dict[str, str]:
    """Return what a child gets: common settings and its own service's, nothing else."""
    names = [*COMMON, service.live_flag, *(row.name for row in service.settings)]
    return {
        **settings.raw(names),
        "AI_EMPLOYEE_ROLE": role,
        "AI_EMPLOYEE_HOME": str(settings.home),
        "PYTHONPATH": str(settings.home),
    }


async def call(client: Any, tool: str, arguments: Mapping[str, object]) -> Mapping[str, Any]:
    """Call a tool and return its answer.

    Raises:
        ConnectionError: none came.
    """
    from mcp import MCPError

    try:
        result = await client.call_tool(tool, dict(arguments))
    except MCPError as error:
        raise ConnectionError(reason_of(error)) from error
    return result.structured_content or {}


def reason_of(error: BaseException) -> str:
    """Return the first cause in words; the library wraps errors in groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error) or type(error).__name__
