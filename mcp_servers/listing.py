"""How tools are shown to MCP clients: names, schemas, annotations.

Rules: everything comes from the tables and never changes its order; a schema says exactly what is
accepted; what is shown is paid for in every conversation, so nothing is said twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.sources import CHECK_TOOL, RECONCILE_TOOL
from mcp_servers.gate import Role

if TYPE_CHECKING:
    from pydantic import BaseModel

    from core.actions import Action, Read
    from core.services import Service

WRITE_NOTE = " A dry run unless dry_run=false, which files a proposal for the owner."
RESULT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["status", "summary", "reasons"],
}
"""What every result has; all fields are told once, in docs/reference/actions.md: here they would be
paid for with every tool of every conversation."""

FRAME_SCHEMA: dict[str, Any] = {
    "dry_run": {"type": "boolean", "default": True, "description": "false asks for the real thing"},
    "approval_id": {
        "type": ["string", "null"],
        "default": None,
        "description": "id of the owner's approval of exactly this call",
    },
}


def tool_list(service: Service, role: Role) -> list[dict[str, Any]]:
    """Return the tools of a service's server as MCP shows them, in a fixed order."""
    tools = [_write_tool(action) for action in service.actions]
    tools += [_read_tool(read) for read in service.reads]
    if role is Role.EXECUTE:
        tools += [_reconcile_tool(), _check_tool()]
    return tools


@dataclass(frozen=True)
class Hints:
    """What a client may be told about a tool; it must not rely on it.

    Args:
        writes: whether it changes anything.
        destroys: whether it does more than add.
        repeats: whether doing it twice is doing it once.
        outside: whether it reaches beyond this machine.
    """

    writes: bool = False
    destroys: bool = False
    repeats: bool = True
    outside: bool = True


def shown(name: str, summary: str, arguments: type[BaseModel], hints: Hints) -> dict[str, Any]:
    """Return one tool as MCP shows it.

    Args:
        name: of the tool.
        summary: one sentence, or a few.
        arguments: its pydantic model.
        hints: what it does.
    """
    return {
        "name": name,
        "description": summary,
        "inputSchema": input_schema(arguments),
        "outputSchema": RESULT_SCHEMA if hints.writes else {"type": "object"},
        "annotations": {
            "title": name.replace("_", " "),
            "readOnlyHint": not hints.writes,
            "destructiveHint": hints.destroys,
            "idempotentHint": hints.repeats,
            "openWorldHint": hints.outside,
        },
    }


def _write_tool(action: Action) -> dict[str, Any]:
    hints = Hints(writes=True, destroys=True, repeats=False)
    tool = shown(action.tool, action.summary + WRITE_NOTE, action.arguments, hints)
    tool["inputSchema"]["properties"].update(FRAME_SCHEMA)
    return tool


def _read_tool(read: Read) -> dict[str, Any]:
    return shown(read.tool, read.summary, read.arguments, Hints())


def _reconcile_tool() -> dict[str, Any]:
    text = "Reads back whether an action whose outcome is unknown has happened."
    return _daemons_tool(RECONCILE_TOOL, text, {"approval_id": {"type": "string"}})


def _check_tool() -> dict[str, Any]:
    text = "Says what the service would refuse or regret about an action, and who would be paid."
    fields = {"action": {"type": "string"}, "arguments": {"type": "object"}}
    return _daemons_tool(CHECK_TOOL, text, fields)


def _daemons_tool(name: str, description: str, fields: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "description": description,
        "inputSchema": {"type": "object", "properties": fields, "required": list(fields)},
        "outputSchema": {"type": "object"},
        "annotations": {
            "readOnlyHint": True,
            "destructiveHint": False,
            "idempotentHint": True,
            "openWorldHint": True,
        },
    }


def input_schema(model: type[BaseModel]) -> dict[str, Any]:
    """Return a model's JSON schema without what only repeats its names."""
    schema: dict[str, Any] = model.model_json_schema()
    _drop_titles(schema)
    schema.pop("description", None)
    schema.setdefault("properties", {})
    schema["additionalProperties"] = False
    return schema


def _drop_titles(schema: object) -> None:
    """Remove pydantic's generated titles: they repeat the names and cost context."""
    if isinstance(schema, dict):
        if isinstance(schema.get("title"), str):
            schema.pop("title")
        for value in schema.values():
            _drop_titles(value)
    elif isinstance(schema, list):
        for value in schema:
            _drop_titles(value)
