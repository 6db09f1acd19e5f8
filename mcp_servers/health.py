"""What `doctor` says about the services: what is set up, whether each server starts and answers.

Rules: a server is started as Claude Code would start it, in role `propose`; only what costs nothing
is asked; whatever keeps a server from starting is a finding, never the end of the examination.
"""

from __future__ import annotations

import asyncio
import importlib.util
from typing import TYPE_CHECKING, Any

from core.doctor import Check, Health
from mcp_servers.child import START_TIMEOUT_S, Child, environment, reason_of
from mcp_servers.gate import Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.workspace import Workspace


def examine_services(ws: Workspace) -> list[Check]:
    """Start every server as Claude Code would, and ask what can be asked for nothing.

    Returns:
        One finding for each service, and one for its server.
    """
    return asyncio.run(_examine_all(ws))


def examine_role(ws: Workspace) -> Iterator[Check]:
    """Say that a role is none, or not the owner's to give; servers take the first as `propose`."""
    given = ws.settings.text("AI_EMPLOYEE_ROLE")
    mend = "Remove AI_EMPLOYEE_ROLE from `.env` and from the environment."
    if Role.of(given) != given:
        text = f'"{given}" is no role, so servers only propose. {mend}'
        yield Check("AI_EMPLOYEE_ROLE", Health.ATTENTION, text)
    elif given == Role.EXECUTE:
        text = f"servers that the daemon starts may execute, and no others. {mend}"
        yield Check("AI_EMPLOYEE_ROLE", Health.ATTENTION, text)


async def _examine_all(ws: Workspace) -> list[Check]:
    groups = await asyncio.gather(*(_examine(ws, name) for name in ws.services))
    return [check for group in groups for check in group]


async def _examine(ws: Workspace, name: str) -> list[Check]:
    service = ws.services[name]
    missing = service.missing(ws.settings)
    readiness = ws.readiness(name)
    if missing:
        flag = " although it is switched live" if ws.settings.flag(service.live_flag) else ""
        text = f"{service.title} is off{flag}: set {', '.join(missing)}"
        checks = [Check(name, Health.NOT_SET_UP, text)]
    else:
        yes = f"; for live set {', '.join(readiness.missing)}" if readiness.missing else ""
        checks = [Check(name, Health.OK, f"{ws.account(name)}, mode {readiness.mode}{yes}")]
    try:
        async with asyncio.timeout(START_TIMEOUT_S):
            own = [] if missing else await _own_checks(ws, name)
            return [*checks, *own, *await _ask_server(ws, name, reachable=not missing)]
    except Exception as error:  # noqa: BLE001 - whatever keeps a server from starting is the finding
        text = f"the MCP server does not start: {reason_of(error)}"
        return [*checks, Check(f"{name} server", Health.BROKEN, text)]


async def _own_checks(ws: Workspace, name: str) -> list[Check]:
    """Return what a service itself has to say about its sign-in: its module `health`, if any."""
    if not _has_checks(name):
        return []
    checks = importlib.import_module(f"mcp_servers.{name}.health").checks
    return await asyncio.to_thread(lambda: list(checks(ws.settings, ws.clock)))


def _has_checks(name: str) -> bool:
    return importlib.util.find_spec(f"mcp_servers.{name}.health") is not None


async def _ask_server(ws: Workspace, name: str, *, reachable: bool) -> list[Check]:
    given = environment(ws.settings, ws.services[name], "propose")
    server = Child(name, given, ws.settings.home)
    async with server.connected(ws.paths.state, START_TIMEOUT_S) as client:
        tools = await client.list_tools()
        text = f"the MCP server starts and offers {len(tools.tools)} tools"
        checks = [Check(f"{name} server", Health.OK, text)]
        probe = ws.services[name].probe
        if reachable and probe is not None:
            checks.append(await _probed(client, name, probe))
        elif reachable and not _has_checks(name):
            text = f"{ws.services[name].title} charges for every question"
            checks.append(Check(f"{name} reachable", Health.NOT_ASKED, text))
    return checks


async def _probed(client: Any, name: str, probe: str) -> Check:
    result = await client.call_tool(probe, {"limit": 1})
    if not result.is_error:
        return Check(f"{name} reachable", Health.OK, "it answers")
    reasons = (result.structured_content or {}).get("reasons") or ["no answer"]
    return Check(f"{name} reachable", Health.BROKEN, str(reasons[0]))
