"""The server `vault`: notes for an assistant, proposals that always ask, nothing outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import frontmatter, library, notes, plans
from core.actions import State
from core.asks import NEVER, OTHER
from core.triage import Triage
from core.vault import Folder
from core.workspace import Workspace
from mcp_servers.catalog import SERVERS
from mcp_servers.serve import calls_of_vault
from mcp_servers.vault.calls import Calls
from tests.support import HOME, environment, make_home
from utils.clock import FixedClock

INVOICE = "odoo.create_invoice"
POST = {"action": "twitter.create_post", "arguments": {"text": "Winter offer."}}
WRITES = (
    *("propose_action", "create_task", "create_plan", "update_plan", "complete_task"),
    "ask_owner",
)
READS = ("list_tasks", "read_note", "search_notes", "get_pending", "get_status")


@pytest.fixture
def calls(ws: Workspace) -> Calls:
    return calls_of_vault(ws)


@pytest.fixture
def ask(calls: Calls) -> Callable[..., dict[str, Any]]:
    """Return a function that calls a tool which has to succeed."""

    def call(tool: str, **arguments: object) -> dict[str, Any]:
        answer = calls.call(tool, arguments)
        assert not answer.is_error, answer.data
        json.dumps(answer.data).encode()
        return answer.data

    return call


@pytest.fixture
def refused(calls: Calls, ws: Workspace) -> Callable[..., str]:
    """Return a function that calls a tool which has to refuse, and changes nothing."""

    def call(tool: str, **arguments: object) -> str:
        before = snapshot(ws)
        answer = calls.call(tool, arguments)
        assert answer.is_error, answer.data
        assert answer.data["status"] == "refused"
        assert snapshot(ws) == before
        assert logged(ws)[-1]["result"] == "refused"
        return str(answer.data["reasons"][0])

    return call


def snapshot(ws: Workspace) -> dict[str, bytes]:
    root = ws.vault.root
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*.md") if p.is_file()}


def logged(ws: Workspace) -> list[dict[str, Any]]:
    entries = [entry for day in ws.chronicle.days() for entry in ws.chronicle.entries(day)]
    return [entry for entry in entries if entry["event"] == "called"]


def text_of(ws: Workspace, answer: dict[str, Any]) -> str:
    return (ws.vault.root / answer["note"]).read_text()


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


# -- the list -------------------------------------------------------------------------------------


def test_the_tools_are_those_of_the_contract(calls: Calls) -> None:
    tools = calls.tool_list()
    assert [tool["name"] for tool in tools] == [*WRITES, *READS]
    assert tools == calls.tool_list()
    assert len(json.dumps({"tools": tools}).encode()) < 12 * 1024
    for tool in tools:
        assert tool["annotations"]["readOnlyHint"] is (tool["name"] in READS)
        assert tool["annotations"]["destructiveHint"] is (tool["name"] == "propose_action")
        assert tool["annotations"]["openWorldHint"] is False
        assert not {"dry_run", "approval_id"} & set(tool["inputSchema"]["properties"])
        assert tool["inputSchema"]["additionalProperties"] is False


def test_the_server_speaks_over_stdio_and_every_call_is_logged(tmp_path: Path) -> None:
    """The real process, as Claude Code starts it, with no service set up."""
    home = make_home(tmp_path / "home")
    env = environment(
        AI_EMPLOYEE_HOME=str(home),
        AI_EMPLOYEE_PYTHON=sys.executable,
        VAULT_PATH=str(tmp_path / "AI_Employee"),
        TIMEZONE="UTC",
    )
    (tmp_path / "AI_Employee").mkdir()
    hello = {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "x", "version": "1"},
    }
    outside = {"name": "read_note", "arguments": {"note": "../x"}}
    said = [
        {"id": 1, "method": "initialize", "params": hello},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/call", "params": {"name": "propose_action", "arguments": POST}},
        {"id": 3, "method": "tools/call", "params": outside},
    ]  # fmt: skip
    server = subprocess.Popen(
        [str(HOME / "bin" / "mcp"), "vault"],
        env=env,
        cwd=home,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    heard: dict[int, Any] = {}
    assert server.stdin is not None
    assert server.stdout is not None
    for message in said:
        server.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        server.stdin.flush()
        if "id" in message:
            answer = json.loads(server.stdout.readline())
            heard[answer["id"]] = answer["result"]
    _, complaints = server.communicate(timeout=30)
    assert server.returncode == 0, complaints
    assert "Traceback" not in complaints
    assert heard[2]["structuredContent"]["status"] == "approval_required"
    assert heard[3]["isError"] is True
    [day] = (tmp_path / "Vault" / "Logs").glob("*.json")
    entries = [e for e in json.loads(day.read_text()) if e["event"] == "called"]
    assert [(e["actor"], e["action"], e["result"]) for e in entries] == [
        ("claude", "vault.propose_action", "approval_required"),
        ("claude", "vault.read_note", "refused"),
    ]


def test_bin_mcp_knows_every_server() -> None:
    assert all((HOME / "mcp_servers" / name / "__main__.py").is_file() for name in SERVERS)


# -- proposing ------------------------------------------------------------------------------------


def test_an_action_of_any_service_is_proposed_and_asks(
    ws: Workspace, ask: Callable[..., Any], invoice: dict[str, Any]
) -> None:
    done = ask("propose_action", action=INVOICE, arguments=invoice, reason="As agreed on the phone")
    row = ws.journal.get(done["action_id"])
    assert row is not None
    assert (done["status"], done["mode"], row.state, row.origin) == (
        *("approval_required", "live", State.PENDING),
        "claude",
    )
    assert row.tier == "approval_required"
    assert "> As agreed on the phone" in text_of(ws, done)
    assert logged(ws)[-1]["action_id"] == row.action_id
    assert [each["action_id"] for each in ask("get_pending")["items"]] == [row.action_id]


def test_what_no_service_was_asked_is_said_and_left_to_the_daemon(
    ws: Workspace, ask: Callable[..., Any], invoice: dict[str, Any]
) -> None:
    from core import checks

    done = ask("propose_action", action=INVOICE, arguments=invoice)
    assert "the daemon does that" in text_of(ws, done)
    assert checks.is_open(ws, done["action_id"])
    post = ask("propose_action", **POST)
    assert not checks.is_open(ws, post["action_id"])
    assert "the daemon does that" not in text_of(ws, post)


def test_a_post_for_several_networks_is_one_proposal(
    ws: Workspace, ask: Callable[..., Any]
) -> None:
    texts = {"twitter": "Short.", "facebook": "Longer."}
    arguments = {"channels": ["twitter", "facebook"], "texts": texts}
    done = ask("propose_action", action="social.publish", arguments=arguments)
    assert "## Content twitter\n\nShort." in text_of(ws, done)
    assert "## Content facebook\n\nLonger." in text_of(ws, done)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"action": "bank.transfer", "arguments": {}}, "never done by the program"),
        ({"action": "odoo.delete_record", "arguments": {}}, "never done by the program"),
        ({"action": "odoo.fly", "arguments": {}}, "nobody here can do"),
        ({"action": "twitter.create_post", "arguments": {"text": ""}}, "text: "),
        ({**POST, "dry_run": False}, "dry_run: "),
        ({**POST, "approval_id": "APR-20261121-001"}, "approval_id: "),
        ({"action": "twitter.create_post", "arguments": {"text": "x" * 70_000}}, "longer than"),
        ({"arguments": {"text": "x"}}, "needs `action`"),
        ({}, "needs `action`"),
        ({**POST, "replaces": "APR-20261121-077"}, "There is no proposal"),
        ({**POST, "replaces": "APR-20261121-001/x"}, "replaces: "),
        ({**POST, "task": "TSK-20261121-009"}, "nowhere"),
        ({**POST, "task": "TSK-*"}, "task: "),
    ],
)
def test_what_cannot_be_proposed_is_refused_in_words(
    refused: Callable[..., str], arguments: dict[str, Any], said: str
) -> None:
    assert said in refused("propose_action", **arguments)


def test_an_own_proposal_is_replaced_or_withdrawn(ws: Workspace, ask: Callable[..., Any]) -> None:
    first = ask("propose_action", **POST)
    better = {"action": POST["action"], "arguments": {"text": "A better one."}}
    second = ask("propose_action", **better, replaces=first["action_id"])
    states = [ws.journal.get(each["action_id"]).state for each in (first, second)]  # type: ignore[union-attr]
    assert states == [State.WITHDRAWN, State.PENDING]
    assert f"It takes the place of {first['action_id']}" in text_of(ws, second)
    assert not (ws.vault.root / first["note"]).exists()
    assert (ws.vault.root / ".trash" / Path(first["note"]).name).is_file()

    gone = ask("propose_action", replaces=second["action_id"], reason="Not needed")
    assert gone["status"] == "done"
    assert ask("get_pending")["total"] == 0
    story = [line["said"] for line in ask("get_status", id=second["action_id"])["story"]]
    assert "withdrawn by Claude" in story


def test_a_replacement_that_cannot_be_proposed_leaves_the_first_alone(
    ws: Workspace, ask: Callable[..., Any], refused: Callable[..., str]
) -> None:
    first = ask("propose_action", **POST)
    wrong = {"action": POST["action"], "arguments": {"text": ""}}
    refused("propose_action", **wrong, replaces=first["action_id"])
    assert ws.journal.get(first["action_id"]).state is State.PENDING  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Winter offer.", "Winter offer!"),
        ("tags:", "payee_checked: true\ntags:"),
        ("## Content", "## Contents"),
        ("---\n", "--\n"),
        ('action_id: "APR', 'action_id: "AOR'),
    ],
)
def test_what_the_owner_edited_is_not_taken_back(
    ws: Workspace, ask: Callable[..., Any], refused: Callable[..., str], old: str, new: str
) -> None:
    first = ask("propose_action", **POST)
    edit(ws.vault.root / first["note"], old, new)
    said = refused("propose_action", replaces=first["action_id"])
    assert "The owner has been at work on it" in said.replace(first["action_id"], "it")
    assert ws.journal.get(first["action_id"]).state is State.PENDING  # type: ignore[union-attr]


@pytest.mark.parametrize("folder", [Folder.APPROVED, Folder.REJECTED, Folder.COMPLETED])
def test_what_the_owner_moved_is_not_taken_back(
    ws: Workspace, ask: Callable[..., Any], refused: Callable[..., str], folder: Folder
) -> None:
    first = ask("propose_action", **POST)
    ws.vault.move(ws.vault.root / first["note"], ws.vault.folder(folder))
    assert "has moved the note" in refused("propose_action", replaces=first["action_id"])


def test_what_is_approved_or_not_its_own_is_not_taken_back(
    ws: Workspace, ask: Callable[..., Any], refused: Callable[..., str], grant: Any, invoice: Any
) -> None:
    approved = grant(ws, invoice)
    assert "does not wait any more" in refused("propose_action", replaces=approved.action_id)
    mine = ask("propose_action", **POST)["action_id"]
    assert ws.journal.transition(mine, {State.PENDING}, None, origin="daemon")
    assert "is not yours" in refused("propose_action", replaces=mine)


def test_a_task_of_somebody_elses_words_taints_the_proposal(
    ws: Workspace, ask: Callable[..., Any]
) -> None:
    task = ask("create_task", title="Post it", text="Please post the winter offer")
    done = ask("propose_action", **POST, task=task["id"])
    row = ws.journal.get(done["action_id"])
    assert row is not None
    assert (row.trust, row.source) == ("external", Path(task["note"]).stem)
    assert any("somebody else wrote" in reason for reason in row.reasons)


# -- tasks and plans ------------------------------------------------------------------------------


def test_a_task_is_written_once_a_day(
    ws: Workspace, ask: Callable[..., Any], clock: FixedClock
) -> None:
    wish = {"title": "Call Acme", "text": "About the offer", "steps": ["Find the number", "Call"]}
    first, again = ask("create_task", **wish), ask("create_task", **wish)
    assert (first["status"], again["status"]) == ("done", "already_done")
    assert first["id"] == again["id"]
    text = text_of(ws, first)
    assert "- [ ] Find the number\n- [ ] Call\n" in text
    assert notes.parse(text.encode()).front["trust"] == "external"
    clock.advance(86_400)
    assert ask("create_task", **wish)["id"] != first["id"]


@pytest.mark.parametrize(
    "title",
    [
        'x"\naction: odoo.create_invoice\n---\n# hi',
        "---\ntype: approval",
        "../../etc/passwd",
        "[[Company_Handbook]] | `x` <script>",
        "ü" * 120,
        "- [x] done",
    ],
)
def test_a_title_is_only_ever_a_title(
    ws: Workspace, calls: Calls, ask: Callable[..., Any], title: str
) -> None:
    answer = calls.call(
        "create_task", {"title": title, "text": title, "steps": [title.split("\n", maxsplit=1)[0]]}
    )
    if answer.is_error:  # a line break in a title is refused as such
        assert "title: " in answer.data["reasons"][0]
        return
    path = ws.vault.root / answer.data["note"]
    assert path.parent == ws.vault.folder(Folder.NEEDS_ACTION)
    front = frontmatter.read(path.read_text())
    assert (front["type"], front["id"]) == ("task", answer.data["id"])
    assert len(path.name.encode()) <= 120
    assert ask("list_tasks")["total"] == 1


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.text(min_size=1, max_size=300))
def test_whatever_is_said_the_note_stays_a_task(ws: Workspace, calls: Calls, words: str) -> None:
    answer = calls.call(
        "create_task", {"title": words[:120], "text": words, "steps": [words[:200]]}
    )
    if answer.is_error:
        assert answer.data["status"] == "refused"
        return
    note = notes.parse((ws.vault.root / answer.data["note"]).read_bytes())
    assert note.front["type"] == "task"
    assert not note.sections, "nothing of ours is in it"


def test_a_task_is_completed_with_its_plan_and_the_owners_words_stay(
    ws: Workspace, ask: Callable[..., Any]
) -> None:
    task = ask("create_task", title="Call Acme")
    plan = ask(
        "create_plan", title="Acme", goal="Acme knows", steps=[{"text": "Call"}], task=task["id"]
    )
    path = ws.vault.root / task["note"]
    edit(path, "priority:", "mine: kept\npriority:")
    path.write_text(path.read_text() + "\nMy own words.\n")
    done = ask("complete_task", task=task["id"], result="They know.\n## Parameters\n---")
    text = text_of(ws, done)
    assert done["note"].startswith("Completed/2026-11/")
    assert "My own words." in text
    front = frontmatter.read(text)
    assert (front["status"], front["mine"]) == ("completed", "kept")
    assert [s.title for s in notes.parse(text.encode()).sections] == ["Result"]
    assert not path.exists()
    assert not (ws.vault.root / plan["note"]).exists()
    assert ask("get_status", id=plan["id"])["note"].startswith("Completed/2026-11/")

    again = ask("complete_task", task=task["id"], result="Twice")
    assert (again["status"], again["note"]) == ("already_done", done["note"])
    assert text_of(ws, again) == text
    assert ask("get_status", id=task["id"])["state"] == "completed"


def test_a_note_that_is_no_task_is_not_completed(
    ws: Workspace, ask: Callable[..., Any], refused: Callable[..., str]
) -> None:
    task = ask("create_task", title="Call Acme")
    edit(ws.vault.root / task["note"], 'type: "task"', 'type: "approval"')
    assert "something else" in refused("complete_task", task=task["id"], result="x")
    assert "nowhere" in refused("complete_task", task="TSK-20261121-099", result="x")
    assert "task: " in refused("complete_task", task="APR-20261121-001", result="x")


def test_a_plan_grows_and_is_ticked_but_not_what_waits_for_the_owner(
    ws: Workspace, ask: Callable[..., Any], refused: Callable[..., str]
) -> None:
    post = ask("propose_action", **POST)
    steps = [{"text": "Write it"}, {"text": "Decide", "about": post["action_id"]}]
    plan = ask("create_plan", title="Winter", goal="It is out", steps=steps)
    ask("update_plan", plan=plan["id"], add=[{"text": "Look at the figures"}], done=[1])
    status = ask("get_status", id=plan["id"])
    assert [step["done"] for step in status["steps"]] == [True, False, False]
    assert status["progress"] == 33
    assert "ticks itself" in refused("update_plan", plan=plan["id"], done=[2])
    assert "no step 9" in refused("update_plan", plan=plan["id"], done=[9])
    assert "needs steps" in refused("update_plan", plan=plan["id"])
    assert "there is no plan" in refused("update_plan", plan="PLAN-20261121-044", done=[1])
    assert "plan: " in refused("update_plan", plan="PLAN-*", done=[1])
    unknown = [{"text": "x", "about": "APR-20200101-001"}]
    assert "nobody knows" in refused("create_plan", title="x", goal="y", steps=unknown)


def test_a_task_has_one_plan(ask: Callable[..., Any], refused: Callable[..., str]) -> None:
    task = ask("create_task", title="Call Acme")["id"]
    wish = {"title": "Acme", "goal": "Acme knows", "steps": [{"text": "Call"}], "task": task}
    plan = ask("create_plan", **wish)
    assert f"has the plan {plan['id']}" in refused("create_plan", **wish)
    assert ask("get_status", id=task)["plan"] == plan["id"]


# -- questions ------------------------------------------------------------------------------------


def question(ask: Callable[..., Any]) -> dict[str, Any]:
    choices = ["The blue one", "The *red* one"]
    made: dict[str, Any] = ask(
        "ask_owner",
        question="Which logo?",
        reason="Two lie there",
        choices=choices,
        context="x\n---",
    )
    return made


def settle(ws: Workspace, clock: FixedClock) -> None:
    """Let the daemon's triage take in what was ticked."""
    triage = Triage(ws, None)  # type: ignore[arg-type] # nothing is checked here
    triage.sweep()
    clock.advance(4)
    triage.sweep()


def test_a_question_is_answered_by_a_tick(
    ws: Workspace, ask: Callable[..., Any], clock: FixedClock
) -> None:
    made = question(ask)
    assert ask("get_status", id=made["id"])["state"] == "waiting"
    [item] = ask("list_tasks")["items"]
    assert (item["type"], item["state"], item["answers"]) == ("ask", "waiting", {})
    edit(ws.vault.root / made["note"], "- [ ] The red one", "- [x] The red one")
    status = ask("get_status", id=made["id"])
    assert (status["state"], status["final"]) == ("answered", False)
    assert status["answers"] == {"Which logo?": "The red one"}
    settle(ws, clock)
    status = ask("get_status", id=made["id"])
    assert (status["state"], status["final"]) == ("answered", True)
    assert status["answers"] == {"Which logo?": "The red one"}
    assert status["note"].startswith("Completed/")
    assert ws.journal.open_asks() == []


def test_a_question_is_answered_in_words_or_left(
    ws: Workspace, ask: Callable[..., Any], clock: FixedClock
) -> None:
    first, second = question(ask), question(ask)
    edit(ws.vault.root / first["note"], f"- [ ] {OTHER}: ", f"- [x] {OTHER}: none of them")
    edit(ws.vault.root / second["note"], f"- [ ] {NEVER}", f"- [x] {NEVER}")
    settle(ws, clock)
    assert ask("get_status", id=first["id"])["answers"] == {"Which logo?": "none of them"}
    assert ask("get_status", id=second["id"])["state"] == "left_to_owner"


@pytest.mark.parametrize("choices", [["a", "a"], [NEVER], ["*", "a"], ["a"] * 9])
def test_choices_that_cannot_be_told_apart_are_refused(
    refused: Callable[..., str], choices: list[str]
) -> None:
    refused("ask_owner", question="Which?", reason="So", choices=choices)


# -- reading --------------------------------------------------------------------------------------


def test_a_note_is_read_in_portions(ws: Workspace, ask: Callable[..., Any]) -> None:
    path = ws.vault.folder(Folder.CLIENTS) / "Acme.md"
    path.write_text("---\ntype: client\n---\n" + "wörd " * 10_000)
    text, offset = "", 0
    while offset is not None:
        portion = ask("read_note", note="Clients/Acme", offset=offset)
        assert len(portion["text"]) <= library.PORTION_CHARS
        text, offset = text + portion["text"], portion["next_offset"]
    assert text == path.read_text()
    assert portion["properties"] == {"type": "client"}


def test_a_note_is_found_by_its_id(ask: Callable[..., Any]) -> None:
    made = ask("propose_action", **POST)
    for name in (made["action_id"], made["note"], f"[[{made['note']}]]"):
        assert ask("read_note", note=name)["note"] == made["note"]


@pytest.fixture
def traps(ws: Workspace, tmp_path: Path) -> None:
    """Everything that must not be read, each holding the word `treasure`."""
    root, secret = ws.vault.root, tmp_path / "outside"
    secret.mkdir()
    (secret / "key.md").write_text("treasure outside")
    (root / ".obsidian").mkdir()
    (root / ".obsidian" / "x.md").write_text("treasure hidden")
    (root / ".trash").mkdir()
    (root / ".trash" / "x.md").write_text("treasure thrown away")
    (root / "Clients" / "linked").symlink_to(secret)
    (root / "Clients" / "key.md").symlink_to(secret / "key.md")
    (root / "Clients" / "plain.txt").write_text("treasure in a text file")
    (root / "Clients" / "folder.md").mkdir()
    os.mkfifo(root / "Clients" / "pipe.md")
    (root / "Clients" / "big.md").write_text("treasure " * 40_000)


@pytest.mark.usefixtures("traps")
@pytest.mark.parametrize(
    "name",
    [
        *("../outside/key.md", "../../etc/passwd", "/etc/passwd", "Clients/../../outside/key.md"),
        *("Clients/linked/key.md", "Clients/key.md", "Clients/key", ".obsidian/x.md"),
        *(".trash/x", "Clients/plain.txt", "Clients/folder.md", "Clients/pipe.md", "Clients/big"),
        *("Clients\\..\\x", "C:/x.md", "Clients//x", "./Clients/key.md", "x\x00.md", "", "   "),
        *("~/x", "a" * 400, "TSK-20261121-001", "APR-*", "[[../outside/key]]", "nothing"),
    ],
)
def test_nothing_else_is_read(refused: Callable[..., str], name: str) -> None:
    assert "treasure" not in refused("read_note", note=name)


@pytest.mark.usefixtures("traps")
def test_nothing_else_is_searched(ask: Callable[..., Any]) -> None:
    found = ask("search_notes", query="treasure")
    assert (found["items"], found["total"], found["skipped"]) == ([], 0, 1)


@pytest.mark.usefixtures("traps")
@pytest.mark.parametrize("folder", ["../outside", ".obsidian", "Clients/linked", "nothing", "/etc"])
def test_no_other_folder_is_searched(refused: Callable[..., str], folder: str) -> None:
    refused("search_notes", query="treasure", folder=folder)


def test_a_search_is_paged_and_misses_nothing(ws: Workspace, ask: Callable[..., Any]) -> None:
    for number in range(23):
        folder = ws.vault.root / ("Clients" if number % 2 else f"Clients/deep {number}")
        folder.mkdir(exist_ok=True)
        (folder / f"Note {number}.md").write_text(
            f"x {'Straße GOLD' if number % 3 else 'no'} {number}"
        )
    wanted = {number for number in range(23) if number % 3}
    seen: list[str] = []
    cursor, totals = None, set()
    while True:
        page = ask("search_notes", query="gold STRASSE", limit=4, cursor=cursor)
        seen += [item["note"] for item in page["items"]]
        totals.add(page["total"])
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == len(wanted)
    assert totals == {len(wanted)}
    assert {int(name.split()[-1].removesuffix(".md")) for name in seen} == wanted


class Hurried(FixedClock):
    """A clock on which every look costs a whole search's time."""

    def monotonic(self) -> float:
        self.advance(library.SEARCH_S)
        return super().monotonic()


def test_a_search_without_time_goes_on_where_it_stopped(ws: Workspace) -> None:
    for number in range(5):
        (ws.vault.folder(Folder.CLIENTS) / f"{number}.md").write_text("gold")
    calls = calls_of_vault(replace(ws, clock=Hurried(ws.clock.now())))
    seen, cursor, pages = [], None, 0
    while pages == 0 or cursor is not None:
        page = calls.call("search_notes", {"query": "gold", "cursor": cursor}).data
        seen += [item["note"] for item in page["items"]]
        cursor, pages = page["next_cursor"], pages + 1
        assert page["complete"] is (cursor is None)
    assert seen == [f"Clients/{number}.md" for number in range(5)]
    assert pages > 2


@pytest.mark.parametrize("cursor", ["x", "5", ":", "-1:x", "9" * 30 + ":x"])
def test_a_cursor_that_is_none_is_refused(refused: Callable[..., str], cursor: str) -> None:
    assert "next_cursor" in refused("search_notes", query="x", cursor=cursor)


def test_a_list_of_tasks_is_paged_newest_first(ask: Callable[..., Any]) -> None:
    made = [ask("create_task", title=f"Task {number}")["id"] for number in range(5)]
    first = ask("list_tasks", limit=3)
    rest = ask("list_tasks", limit=3, cursor=first["next_cursor"])
    assert [item["id"] for item in first["items"] + rest["items"]] == made[::-1]
    assert (first["total"], rest["next_cursor"]) == (5, None)


def test_a_status_of_nothing_is_refused(refused: Callable[..., str]) -> None:
    for name in ("APR-20200101-001", "ASK-20200101-001", "TSK-20200101-001", "PLAN-20200101-001"):
        assert name in refused("get_status", id=name)
    refused("get_status", id="ABC-20200101-001")


# -- the log --------------------------------------------------------------------------------------


def test_every_call_is_logged_small_and_without_secrets(ws: Workspace, calls: Calls) -> None:
    huge = {"query": "x" * 1_000_000, "deep": [[[["hunter2-secret"]]]], "more": ["y"] * 100_000}
    assert calls.call("search_notes", huge).is_error
    assert calls.call("delete_note", {"note": "x"}).is_error
    assert not calls.call("list_tasks", {}).is_error
    entries = logged(ws)
    assert [(e["action"], e["result"]) for e in entries] == [
        ("vault.search_notes", "refused"),
        ("vault.delete_note", "refused"),
        ("vault.list_tasks", "done"),
    ]
    assert {e["actor"] for e in entries} == {"claude"}
    said = json.dumps(entries)
    assert len(said) < 20_000
    assert "hunter2-secret" not in said


def test_an_answer_holds_no_secret(ws: Workspace, ask: Callable[..., Any]) -> None:
    (ws.vault.folder(Folder.CLIENTS) / "Leak.md").write_text("the key is hunter2-secret")
    assert "hunter2" not in json.dumps(ask("read_note", note="Clients/Leak"))
    assert "hunter2" not in json.dumps(ask("search_notes", query="key"))


def test_a_plan_is_known_by_the_daemon(ws: Workspace, ask: Callable[..., Any]) -> None:
    """What the assistant laid down is followed like any other plan."""
    post = ask("propose_action", **POST)
    plan = ask("create_plan", title="W", goal="Out", steps=[{"text": "Go", "about": post["id"]}])
    assert ws.journal.transition(post["action_id"], {State.PENDING}, State.REJECTED)
    plans.follow(ws)
    assert "(rejected, not done)" in text_of(ws, plan)
