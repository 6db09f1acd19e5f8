"""The MCP servers of `.mcp.json`, driven by clients that are not ours.

`Foreign` speaks JSON-RPC over the pipes and knows nothing but the protocol's text. The `fastmcp`
command line of PyPI is used as well where it is installed (`AI_EMPLOYEE_FASTMCP` names it).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mcp_servers.sandbox import Sandbox
from tests.support import (
    ACME,
    HOME,
    START,
    Office,
    edit,
    environment,
    front_of,
    invoice,
    log_of,
    make_home,
)
from utils.clock import FixedClock

CONFIG = json.loads((HOME / ".mcp.json").read_text())["mcpServers"]
LIST_LIMIT_BYTES = 12 * 1024
FASTMCP = os.environ.get("AI_EMPLOYEE_FASTMCP") or shutil.which("fastmcp")
TEXT = "Winter offer from Monday."


class Foreign:
    """A client made of nothing but pipes and JSON."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._number = 0
        self.heard: list[str] = []

    def ask(self, method: str, **params: object) -> dict[str, Any]:
        """Send a request and return the whole answer."""
        self._number += 1
        self._say({"id": self._number, "method": method, "params": params})
        assert self._process.stdout is not None
        while line := self._process.stdout.readline():
            self.heard.append(line)
            message: dict[str, Any] = json.loads(line)  # nothing but the protocol is on stdout
            assert message["jsonrpc"] == "2.0"
            if message.get("id") == self._number:
                return message
        raise AssertionError("the server ended")

    def tell(self, method: str) -> None:
        self._say({"method": method})

    def _say(self, message: dict[str, object]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self._process.stdin.flush()

    def tools(self) -> list[dict[str, Any]]:
        tools: list[dict[str, Any]] = self.ask("tools/list")["result"]["tools"]
        return tools

    def call(self, tool: str, **arguments: object) -> tuple[dict[str, Any], bool]:
        """Return the structured result and whether it is an error."""
        result = self.ask("tools/call", name=tool, arguments=arguments)["result"]
        data: dict[str, Any] = result["structuredContent"]
        assert json.loads(result["content"][0]["text"]) == data
        return data, result.get("isError", False)


def start_line(service: str) -> list[str]:
    """Return the command of `.mcp.json`, as it starts from the project's folder."""
    return [str(HOME / CONFIG[service]["command"]), *CONFIG[service]["args"]]


@contextmanager
def client(service: str, env: dict[str, str]) -> Iterator[Foreign]:
    process = subprocess.Popen(
        start_line(service),
        env=env,
        cwd=env["AI_EMPLOYEE_HOME"],  # Claude Code may be started anywhere
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        foreign = Foreign(process)
        hello = foreign.ask(
            "initialize",
            protocolVersion="2025-06-18",
            capabilities={},
            clientInfo={"name": "somebody else", "version": "1"},
        )
        assert "tools" in hello["result"]["capabilities"]
        foreign.tell("notifications/initialized")
        yield foreign
        _, complaints = process.communicate(
            timeout=START
        )  # closes its input: it has to end by itself
        assert process.returncode == 0, complaints
        assert "Traceback" not in complaints
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate(timeout=10)


@pytest.fixture(scope="module")
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def services() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture(scope="module")
def office(
    tmp_path_factory: pytest.TempPathFactory, services: Sandbox, now: datetime
) -> Iterator[Office]:
    """A live office whose owner was at work two days ago and is again."""
    clock = FixedClock(now - timedelta(days=2))
    opened = Office(tmp_path_factory.mktemp("foreign"), clock, **services.settings())
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def env(office: Office, services: Sandbox) -> dict[str, str]:
    """What `.mcp.json` gives a server; the developer's own `.env` is out of reach."""
    home = make_home(office.root / "home")
    python = {"AI_EMPLOYEE_PYTHON": sys.executable, "AI_EMPLOYEE_HOME": str(home)}
    return environment(
        **services.settings(), **python, VAULT_PATH=str(office.ws.vault.root), TIMEZONE="UTC"
    )


@pytest.fixture(scope="module")
def approvals(office: Office, now: datetime, services: Sandbox) -> dict[str, str]:
    """Approvals in every condition, by name."""
    made: dict[str, str] = {}
    pause = office.ws.vault.root / "PAUSE.md"
    pause.write_text("")
    made["old"], path = office.post(TEXT)
    made["ended"], _ = office.post("Nobody decided about this.")
    office.approve(path)
    office.pass_time(10)  # granted, and never used because of the pause

    office.clock.advance((now - office.clock.now()).total_seconds())
    office.note(made["old"]).unlink()
    pause.unlink()
    made["used"], path = office.post("Used already.")
    office.approve(path)
    office.pass_time(10)
    made["waiting"], _ = office.post("Not decided yet.")
    pause.write_text("")
    made["granted"], path = office.post("Approved by the owner.")
    office.approve(path)
    office.pass_time(10)
    pause.unlink()
    assert [str(office.state(made[name])) for name in ("used", "waiting", "granted", "old")] == [
        *("done", "pending", "approved", "approved"),
    ]
    services.reset()
    return made


@pytest.fixture(scope="module")
def twitter(env: dict[str, str], approvals: dict[str, str]) -> Iterator[Foreign]:
    del approvals
    with client("twitter", env) as started:
        yield started


@pytest.fixture(scope="module")
def odoo(env: dict[str, str], approvals: dict[str, str]) -> Iterator[Foreign]:
    del approvals
    with client("odoo", env) as started:
        yield started


def calls(office: Office) -> list[dict[str, Any]]:
    entries = log_of(office.ws.vault.root)
    return [e for e in entries if e["event"] == "called" and e["actor"] == "claude"]


# -- what is offered ------------------------------------------------------------------------------


@pytest.mark.parametrize("service", CONFIG)
def test_the_tool_list_is_small_complete_and_stable(service: str, env: dict[str, str]) -> None:
    lists = []
    for _ in range(2):
        with client(service, env) as started:
            lists.append(started.tools())
    tools, again = lists
    assert tools == again
    assert len(json.dumps(tools).encode()) < LIST_LIMIT_BYTES
    assert 0 < len(tools) < 12
    for tool in tools:
        assert {"readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"} <= set(
            tool["annotations"]
        )
        assert tool["inputSchema"]["additionalProperties"] is False
        assert tool["description"]
        if service != "vault" and not tool["annotations"]["readOnlyHint"]:
            properties = tool["inputSchema"]["properties"]
            assert properties["dry_run"]["default"] is True
            assert "approval_id" in properties
            assert not {"dry_run", "approval_id"} & set(tool["inputSchema"].get("required", ()))
    assert "reconcile_action" not in {tool["name"] for tool in tools}


# -- what is done ---------------------------------------------------------------------------------


def test_a_call_is_a_dry_run_that_shows_the_exact_request(
    twitter: Foreign, services: Sandbox
) -> None:
    data, is_error = twitter.call("create_post", text=TEXT)

    assert (data["status"], data["mode"], is_error) == ("dry_run", "dry_run", False)
    assert data["request"] == {
        "method": "POST",
        "url": f"{services.url}/2/tweets",
        "json": {"text": TEXT},
    }
    assert services.effects() == []


@pytest.mark.parametrize("role", ["unset", "propose", "nonsense"])
def test_a_real_call_without_approval_files_a_proposal_and_sends_nothing(
    role: str, env: dict[str, str], office: Office, services: Sandbox, approvals: dict[str, str]
) -> None:
    given = {} if role == "unset" else {"AI_EMPLOYEE_ROLE": role}
    before = services.requests()["twitter"]
    with client("twitter", {**env, **given}) as started:
        data, is_error = started.call("create_post", text=f"Asked as {role}.", dry_run=False)

    assert (data["status"], is_error) == ("approval_required", False)
    assert services.requests()["twitter"] == before, "not one request"
    note = office.ws.vault.root / data["note"]
    assert note.parent == office.pending
    assert front_of(note)["action_id"] == data["action_id"]
    assert f"Asked as {role}." in note.read_text()
    assert calls(office)[-1]["result"] == "approval_required"


def test_an_invoice_is_proposed_with_the_customer_looked_up(
    odoo: Foreign, office: Office, services: Sandbox
) -> None:
    data, _ = odoo.call("create_invoice", **invoice(), dry_run=False)

    assert data["status"] == "approval_required"
    assert f"customer_id: {ACME}" in (office.ws.vault.root / data["note"]).read_text()
    assert services.effects() == []

    several, _ = odoo.call("create_invoice", **invoice("Smith"), dry_run=False)
    assert "There are 2 customers called Smith" in " ".join(several["reasons"])


@pytest.mark.parametrize(
    "case",
    [
        ("used", "Used already.", "was already carried out; an approval works once."),
        ("granted", "Something else.", "This is not what was approved as {id}: text differs."),
        ("old", TEXT, "{id} was approved too long ago"),
        ("waiting", "Not decided yet.", "still waits for the owner"),
        ("granted", "Approved by the owner.", "only the daemon (`bin/run`) carries it out"),
        ("APR-20200101-001", TEXT, "Nobody ever gave an approval"),
        ("'; DROP TABLE actions; --", TEXT, "Nobody ever gave an approval"),
    ],
)
def test_an_approval_that_is_not_for_this_call_is_refused_in_words(
    twitter: Foreign,
    services: Sandbox,
    office: Office,
    approvals: dict[str, str],
    case: tuple[str, str, str],
) -> None:
    which, text, sentence = case
    approval_id = approvals.get(which, which)
    data, is_error = twitter.call("create_post", text=text, dry_run=False, approval_id=approval_id)

    assert (data["status"], is_error) == ("refused", True)
    assert sentence.format(id=approval_id) in data["reasons"][0]
    assert data["summary"] == f"Nothing was sent. {data['reasons'][0]}"
    assert services.effects() == []
    logged = calls(office)[-1]
    assert (logged["result"], logged["error"]) == ("refused", data["reasons"][0])


def test_an_ended_proposal_is_refused(
    twitter: Foreign, office: Office, approvals: dict[str, str]
) -> None:
    office.clock.advance(8 * 86_400)
    office.executor.run_ready()
    data, _ = twitter.call(
        "create_post",
        text="Nobody decided about this.",
        dry_run=False,
        approval_id=approvals["ended"],
    )
    assert data["status"] == "refused"
    assert "expired without a decision" in data["reasons"][0]


@pytest.mark.parametrize("dry_run", [True, False])
def test_arguments_nobody_knows_are_refused(
    twitter: Foreign, services: Sandbox, office: Office, dry_run: bool
) -> None:
    before = list(office.pending.iterdir())
    data, is_error = twitter.call("create_post", text=TEXT, reply_to="1", dry_run=dry_run)
    assert (data["status"], is_error) == ("refused", True)
    assert "reply_to" in data["reasons"][0]
    assert list(office.pending.iterdir()) == before


@pytest.mark.parametrize("value", ["false", 0, "no"])
def test_a_dry_run_that_is_no_yes_or_no_is_refused(twitter: Foreign, value: object) -> None:
    data, _ = twitter.call("create_post", text=TEXT, dry_run=value)
    assert data["status"] == "refused"
    assert "must be true or false" in data["reasons"][0]


def test_a_tool_nobody_offers_is_refused(twitter: Foreign) -> None:
    for name in ("delete_post", "reconcile_action"):
        data, is_error = twitter.call(name, approval_id="x")
        assert (data["status"], is_error) == ("refused", True)


def test_a_note_edited_while_a_client_asks_is_not_what_was_approved(
    twitter: Foreign, office: Office
) -> None:
    data, _ = twitter.call("create_post", text="As asked.", dry_run=False)
    edit(office.ws.vault.root / data["note"], "As asked.", "As edited.")
    again, _ = twitter.call(
        "create_post", text="As edited.", dry_run=False, approval_id=data["action_id"]
    )
    assert again["status"] == "refused"


def test_the_vault_is_worked_in_and_nothing_is_sent(
    env: dict[str, str], office: Office, services: Sandbox
) -> None:
    """Whatever the role says: the server of the vault only ever asks."""
    before = services.requests()
    with client("vault", {**env, "AI_EMPLOYEE_ROLE": "execute"}) as vault:
        post = {"channels": ["twitter", "facebook"], "texts": {"twitter": "A", "facebook": "B"}}
        data, is_error = vault.call("propose_action", action="social.publish", arguments=post)
        assert (data["status"], is_error) == ("approval_required", False)
        waiting, _ = vault.call("get_pending", limit=100)
        assert data["action_id"] in {each["action_id"] for each in waiting["items"]}
        read, _ = vault.call("read_note", note=data["action_id"])
        assert "## Content facebook" in read["text"]
        for arguments in ({"note": "../home/.env"}, {"note": ".obsidian/app.json"}):
            refused, is_error = vault.call("read_note", **arguments)
            assert (refused["status"], is_error) == ("refused", True)
        withdrawn, is_error = vault.call("propose_action", replaces=data["action_id"])
        assert (withdrawn["status"], is_error) == ("done", False)
    assert services.requests() == before
    assert not (office.ws.vault.root / data["note"]).exists()
    assert [call["action"] for call in calls(office)[-3:]] == [
        *("vault.read_note", "vault.read_note", "vault.propose_action"),
    ]


def test_nothing_but_the_protocol_was_on_standard_output(twitter: Foreign, odoo: Foreign) -> None:
    for started in (twitter, odoo):
        assert started.heard
        assert all(json.loads(line)["jsonrpc"] == "2.0" for line in started.heard)


def test_no_secret_is_in_the_log_or_in_an_answer(
    twitter: Foreign, office: Office, services: Sandbox
) -> None:
    data, _ = twitter.call("create_post", text=TEXT)
    secrets = [v for n, v in services.settings().items() if n.endswith(("SECRET", "API_KEY"))]
    said = json.dumps(data) + json.dumps(log_of(office.ws.vault.root))
    assert secrets
    assert not [secret for secret in secrets if secret in said]


# -- fastmcp --------------------------------------------------------------------------------------


def fastmcp(*arguments: str, service: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    assert FASTMCP is not None
    config = Path(env["AI_EMPLOYEE_HOME"]) / f"{service}.json"
    server = {"command": start_line(service)[0], "args": start_line(service)[1:], "env": env}
    config.write_text(json.dumps({"mcpServers": {service: server}}))
    verb, *rest = arguments
    return subprocess.run(
        [FASTMCP, verb, str(config), *rest, "--json"],
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.skipif(FASTMCP is None, reason="fastmcp is not installed")
def test_fastmcp_lists_proposes_and_is_refused(
    env: dict[str, str], office: Office, services: Sandbox, approvals: dict[str, str]
) -> None:
    listed = fastmcp("list", service="twitter", env=env)
    assert listed.returncode == 0, listed.stderr
    assert {"create_post", "list_posts"} <= {t["name"] for t in json.loads(listed.stdout)["tools"]}

    asked = json.dumps({"text": "Asked by fastmcp.", "dry_run": False})
    proposed = fastmcp("call", "create_post", "--input-json", asked, service="twitter", env=env)
    assert proposed.returncode == 0, proposed.stderr
    assert '"approval_required"' in proposed.stdout.replace("\\", "")

    used = {"text": "Used already.", "dry_run": False, "approval_id": approvals["used"]}
    refused = fastmcp(
        "call", "create_post", "--input-json", json.dumps(used), service="twitter", env=env
    )
    assert "was already carried out" in refused.stdout + refused.stderr
    assert refused.returncode != 0
    assert services.effects() == []
