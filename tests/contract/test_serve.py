"""A service's tables as an MCP server: `mcp_servers/serve.py`, asked by the real MCP client."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from core.actions import State
from core.records import Row
from core.workspace import Workspace
from mcp_servers.answers import Answer
from mcp_servers.catalog import SERVICES
from mcp_servers.gate import Gate, Role
from mcp_servers.listing import tool_list
from mcp_servers.serve import InHand, build, offer_of
from utils.money import AMOUNT_PATTERN

ROOT = Path(__file__).resolve().parents[2]
Invoice = dict[str, Any]
LIMIT_BYTES = 12 * 1024
ERAS = pytest.mark.parametrize("mode", ["auto", "legacy"])
EVERY = pytest.mark.parametrize(
    ("service", "role"), [(name, role) for name in SERVICES for role in Role]
)


def schemas(value: object, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every schema inside a schema, with its place."""
    if isinstance(value, dict):
        if "properties" in value or "type" in value or "anyOf" in value:
            yield path, value
        for key, item in value.items():
            yield from schemas(item, f"{path}/{key}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from schemas(item, f"{path}/{number}")


def with_client(gate: Gate, mode: str, ask: Callable[[Any], Any]) -> Any:
    """Ask a server in memory, through the real client, in one of the protocol's eras."""
    from mcp import Client

    async def run() -> Any:
        server = build(offer_of(SERVICES["odoo"], gate), InHand())
        async with Client(server, mode=mode, read_timeout_seconds=20) as client:  # type: ignore[arg-type]
            return await ask(client)

    return asyncio.run(run())


DAEMONS = ["reconcile_action", "check_action"]


@pytest.fixture
def gate(ws: Workspace, books: Any) -> Gate:
    return Gate(ws, "odoo", books.toolset, Role.EXECUTE)


# -- the list of tools ----------------------------------------------------------------------------


@EVERY
def test_a_list_is_short(service: str, role: Role) -> None:
    """The daemon's own tools are no assistant's and do not count."""
    tools = tool_list(SERVICES[service], role)
    assert len([tool for tool in tools if tool["name"] not in DAEMONS]) < 12


@pytest.mark.parametrize(
    ("service", "role"),
    [(name, role) for name in SERVICES for role in Role],
)
def test_a_list_is_small(service: str, role: Role) -> None:
    """It is paid for in every conversation; the daemon's own tools are in none."""
    tools = [tool for tool in tool_list(SERVICES[service], role) if tool["name"] not in DAEMONS]
    assert len(json.dumps({"tools": tools}).encode()) < LIMIT_BYTES


@EVERY
def test_a_list_never_changes_its_order(service: str, role: Role) -> None:
    first, second = (tool_list(SERVICES[service], role) for _ in range(2))
    assert json.dumps(first) == json.dumps(second)
    names = [tool["name"] for tool in first]
    known = SERVICES[service]
    expected = [action.tool for action in known.actions] + [read.tool for read in known.reads]
    assert names[: len(expected)] == expected
    assert names[len(expected) :] == (DAEMONS if role is Role.EXECUTE else [])


@EVERY
def test_every_tool_is_named_described_and_annotated(service: str, role: Role) -> None:
    writes = {action.tool for action in SERVICES[service].actions}
    for tool in tool_list(SERVICES[service], role):
        hints = tool["annotations"]
        assert "_" in tool["name"]
        assert tool["description"].endswith(".")
        assert {"readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"} <= set(hints)
        assert hints["readOnlyHint"] is (tool["name"] not in writes)
        assert hints["destructiveHint"] is (tool["name"] in writes)
        assert tool["outputSchema"]["type"] == "object"


@EVERY
def test_a_schema_says_exactly_what_is_accepted(service: str, role: Role) -> None:
    """Unknown names are refused at every level, and generated titles cost nothing."""
    for tool in tool_list(SERVICES[service], role):
        schema = tool["inputSchema"]
        assert schema["type"] == "object"
        if tool["name"] not in DAEMONS:
            assert schema["additionalProperties"] is False
        for place, inner in schemas(schema):
            assert not isinstance(inner.get("title"), str), place
            if "properties" in inner and place:
                assert inner["additionalProperties"] is False, place


@EVERY
def test_money_is_never_a_float(service: str, role: Role) -> None:
    for tool in tool_list(SERVICES[service], role):
        for place, inner in schemas(tool["inputSchema"]):
            types = inner.get("type")
            types = types if isinstance(types, list) else [types]
            assert "number" not in types, f"{tool['name']}{place}"


def test_an_amount_is_a_text_with_a_pattern() -> None:
    (invoice, *_) = tool_list(SERVICES["odoo"], Role.PROPOSE)
    line = invoice["inputSchema"]["$defs"]["InvoiceLine"]["properties"]
    assert line["unit_price"]["type"] == "string"
    assert line["unit_price"]["pattern"] == AMOUNT_PATTERN


@EVERY
def test_a_write_is_a_dry_run_by_default_and_a_read_has_no_frame(service: str, role: Role) -> None:
    writes = {action.tool for action in SERVICES[service].actions}
    for tool in tool_list(SERVICES[service], role):
        properties = tool["inputSchema"]["properties"]
        if tool["name"] in writes:
            assert properties["dry_run"]["type"] == "boolean"
            assert properties["dry_run"]["default"] is True
            assert properties["approval_id"]["type"] == ["string", "null"]
            assert not {"dry_run", "approval_id"} & set(tool["inputSchema"].get("required", []))
        else:
            assert "dry_run" not in properties


@pytest.mark.parametrize(
    "read", [r for s in SERVICES.values() for r in s.reads], ids=lambda r: r.kind
)
def test_a_read_of_many_has_a_limit_and_a_cursor(read: Any) -> None:
    properties = read.arguments.model_json_schema()["properties"]
    if "limit" not in properties:  # one thing: there is nothing to page through
        assert read.tool.startswith("get_")
        return
    limit = properties["limit"]
    assert (limit["default"], limit["minimum"], limit["maximum"]) == (25, 1, 100)
    assert properties["cursor"]["default"] is None


@pytest.mark.parametrize("service", SERVICES)
def test_every_argument_is_explained_or_plain(service: str) -> None:
    """No argument called `dry_run` or `approval_id` of an action hides the frame's own."""
    for action in SERVICES[service].actions:
        assert not {"dry_run", "approval_id"} & set(action.arguments.model_fields)


# -- through the client ---------------------------------------------------------------------------


@ERAS
def test_the_client_sees_the_list(gate: Gate, mode: str) -> None:
    async def ask(client: Any) -> Any:
        return await client.list_tools(), client.protocol_version

    listed, version = with_client(gate, mode, ask)
    odoo = SERVICES["odoo"]
    writes = [action.tool for action in odoo.actions]
    reads = [read.tool for read in odoo.reads]
    assert [tool.name for tool in listed.tools] == [*writes, *reads, *DAEMONS]
    assert version == {"auto": "2026-07-28", "legacy": "2025-11-25"}[mode]
    for tool in listed.tools:
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint is (tool.name not in writes)


@ERAS
def test_a_dry_run_answers_with_structure_and_text(
    gate: Gate, invoice: Invoice, books: Any, mode: str
) -> None:
    result = with_client(gate, mode, lambda client: client.call_tool("create_invoice", invoice))
    assert result.is_error is False
    assert result.structured_content["status"] == "dry_run"
    assert json.loads(result.content[0].text) == result.structured_content
    assert books.effects == []


@ERAS
def test_an_approved_call_is_done(
    ws: Workspace,
    gate: Gate,
    invoice: Invoice,
    books: Any,
    grant: Callable[..., Row],
    mode: str,
) -> None:
    row = grant(ws, invoice)
    raw = {**invoice, "dry_run": False, "approval_id": row.action_id}

    async def twice(client: Any) -> Any:
        return [await client.call_tool("create_invoice", raw) for _ in range(2)]

    first, second = with_client(gate, mode, twice)
    assert (first.is_error, first.structured_content["status"]) == (False, "done")
    assert (second.is_error, second.structured_content["status"]) == (False, "already_done")
    assert len(books.effects) == 1


@ERAS
@pytest.mark.parametrize(
    ("tool", "raw", "words"),
    [
        ("create_invoice", {"dry_run": "no"}, "must be true or false"),
        ("create_invoice", {"approval_id": 5}, "must be the text"),
        ("create_invoice", {"approval_id": "APR-20261121-999"}, "cannot be used"),
        ("create_invoice", {"surprise": 1}, "surprise"),
        ("find_partners", {"limit": 1000}, "limit"),
        ("no_such_tool", {}, "no tool `no_such_tool`"),
    ],
    ids=["flag", "id-type", "missing", "unknown", "limit", "tool"],
)
def test_a_refusal_is_an_error_with_the_same_structure(
    gate: Gate, mode: str, tool: str, raw: dict[str, object], words: str
) -> None:
    """What the schema forbids reaches the gate too, so that it is logged and said in words."""
    result = with_client(gate, mode, lambda client: client.call_tool(tool, raw))
    assert result.is_error is True
    assert result.structured_content["status"] == "refused"
    assert words in result.structured_content["reasons"][0]
    assert json.loads(result.content[0].text) == result.structured_content


@ERAS
def test_a_crash_shows_no_traceback(gate: Gate, books: Any, mode: str) -> None:
    books.failures = [RuntimeError("hunter2-secret in the message")]
    result = with_client(
        gate, mode, lambda client: client.call_tool("find_partners", {"query": "n"})
    )
    assert result.is_error is True
    assert "hunter2" not in result.content[0].text
    assert "Traceback" not in result.content[0].text


def test_calls_run_beside_each_other(ws: Workspace, gate: Gate, books: Any) -> None:
    """A slow call keeps neither the list nor another question waiting."""
    inside, leave = threading.Event(), threading.Event()
    real = books.find

    def slow(reader: Any, arguments: Any) -> Any:
        if arguments.query == "slow":
            inside.set()
            assert leave.wait(20)
        return real(reader, arguments)

    slow_gate = Gate(ws, "odoo", _with_read(books.toolset, slow), Role.EXECUTE)

    async def ask(client: Any) -> Any:
        first = asyncio.create_task(client.call_tool("find_partners", {"query": "slow"}))
        await asyncio.to_thread(inside.wait, 20)
        listed = await client.list_tools()
        dry = await client.call_tool("no_such_tool", {})
        leave.set()
        return listed, dry, await first

    listed, dry, first = with_client(slow_gate, "auto", ask)
    assert listed.tools
    assert dry.is_error is True
    assert first.structured_content["total"] == 0


def _with_read(toolset: Any, read: Any) -> Any:
    from dataclasses import replace

    return replace(toolset, reads={"find_partners": read})


# -- calls in hand --------------------------------------------------------------------------------


def test_the_end_waits_for_a_call_in_hand() -> None:
    in_hand = InHand()
    inside, leave = threading.Event(), threading.Event()

    class Slow:
        def call(self, tool: str, raw: object) -> Answer:
            inside.set()
            leave.wait(20)
            return Answer({"tool": tool}, is_error=False)

    answers: list[Answer] = []
    thread = threading.Thread(
        target=lambda: answers.append(in_hand.run(Slow(), "x", {}))  # type: ignore[arg-type]
    )
    assert in_hand.wait(0)
    thread.start()
    assert inside.wait(20)
    assert not in_hand.wait(0)
    leave.set()
    assert in_hand.wait(20)
    thread.join()
    assert answers[0].data == {"tool": "x"}


def test_a_call_that_crashes_is_no_longer_in_hand() -> None:
    class Broken:
        def call(self, tool: str, raw: object) -> Answer:
            raise RuntimeError(tool)

    in_hand = InHand()
    with pytest.raises(RuntimeError):
        in_hand.run(Broken(), "x", {})  # type: ignore[arg-type]
    assert in_hand.wait(0)


# -- the process ----------------------------------------------------------------------------------


def environment(tmp_path: Path, **changes: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME"}}
    return {
        **kept,
        "AI_EMPLOYEE_HOME": str(tmp_path),
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "error",
        **changes,
    }


def test_standard_output_carries_the_protocol_and_nothing_else(
    tmp_path: Path, invoice: Invoice
) -> None:
    """Every line is JSON-RPC, whatever is called; logs go to standard error."""
    calls = [
        {"name": "create_invoice", "arguments": invoice},
        {"name": "create_invoice", "arguments": {**invoice, "dry_run": False}},
        {"name": "find_partners", "arguments": {"query": "n"}},
        {"name": "nothing", "arguments": {}},
    ]
    messages: list[dict[str, Any]] = [
        {
            "method": "initialize",
            "id": 0,
            "params": {
                "protocolVersion": "2025-11-25",
                "capabilities": {},
                "clientInfo": {"name": "test", "version": "1"},
            },
        },
        {"method": "notifications/initialized"},
        {"method": "tools/list", "id": 1},
        *({"method": "tools/call", "id": 2 + n, "params": c} for n, c in enumerate(calls)),
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "mcp_servers.odoo"],
        cwd=ROOT,
        env=environment(tmp_path, TIMEZONE="UTC"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    answers: dict[int, Any] = {}
    for message in messages:
        process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        process.stdin.flush()
        while "id" in message and message["id"] not in answers:
            line = json.loads(process.stdout.readline())
            assert line["jsonrpc"] == "2.0"
            if "id" in line:
                answers[line["id"]] = line["result"]
    rest, errors = process.communicate()
    assert rest == ""
    assert "Traceback" not in errors
    assert process.returncode == 0
    statuses = [answers[n]["structuredContent"]["status"] for n in range(2, 6)]
    assert statuses == ["dry_run", "approval_required", "refused", "refused"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"DRY_RUN": "perhaps"}, "DRY_RUN"),
        ({"ODOO_URL": "http://acme.example"}, "use https"),
    ],
)
def test_a_bad_setting_ends_the_server_with_a_sentence(
    tmp_path: Path, changes: dict[str, str], words: str
) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "mcp_servers.odoo"],
        cwd=ROOT,
        env=environment(tmp_path, **changes),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 2
    assert words in run.stderr
    assert "Traceback" not in run.stderr
    assert run.stdout == ""


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_an_entry_point(service: str) -> None:
    assert (ROOT / "mcp_servers" / service / "__main__.py").is_file()
    assert import_module(f"mcp_servers.{service}").SERVICE is SERVICES[service]


def test_a_proposal_from_a_servers_process_is_registered(ws: Workspace, gate: Gate) -> None:
    """The in-memory frame writes the same records as any other way in."""
    raw = {
        "customer": "Acme Ltd",
        "customer_id": 14,
        "currency": "EUR",
        "lines": [{"description": "x", "quantity": 1, "unit_price": "1.00"}],
        "dry_run": False,
    }
    result = with_client(gate, "auto", lambda client: client.call_tool("create_invoice", raw))
    (row,) = ws.journal.in_states(State.PENDING)
    assert result.structured_content["note"] == f"Pending_Approval/{row.note}"
