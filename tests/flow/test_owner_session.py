"""The program as its owner runs it: the demo, every command, its exit codes and its words."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcp_servers.sandbox import Sandbox
from tests.support import (
    HOME,
    command,
    environment,
    front_of,
    invoice_note,
    log_of,
    make_home,
    post_note,
    run_program,
    wait_until,
)
from utils.clock import SystemClock


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """An environment without `.env` and without any of our settings."""
    return environment(AI_EMPLOYEE_HOME=str(make_home(tmp_path / "home")))


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    return tmp_path / "AI_Employee"


class Session:
    """Commands on one vault."""

    def __init__(self, vault: Path, env: dict[str, str]) -> None:
        self.vault, self.env = vault, env

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run a command, assert its exit code, and return what it says."""
        done = command(*arguments, "--vault", str(self.vault), env=self.env)
        assert done.returncode == code, f"{arguments}: {done.returncode}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        if code:
            return done.stdout + done.stderr
        return done.stdout

    def adopt(self, **texts: str) -> list[str]:
        """Write notes by hand and let the daemon register them once; return their ids."""
        notes = [self.vault / "Pending_Approval" / f"{name}.md" for name in texts]
        for note, text in zip(notes, texts.values(), strict=True):
            note.write_text(text)
        self.run("run", "--once")
        return [front_of(note)["action_id"] for note in notes]


@pytest.fixture
def session(vault: Path, env: dict[str, str]) -> Session:
    made = Session(vault, env)
    made.run("init")
    return made


def effects(sandbox: Sandbox) -> int:
    return len(sandbox.effects())


@pytest.fixture
def real_time_sandbox() -> Iterator[Sandbox]:
    with Sandbox(clock=SystemClock()) as running:
        yield running


def test_the_demo_from_first_look_to_the_story(tmp_path: Path, env: dict[str, str]) -> None:
    folder = tmp_path / "demo"
    vault = folder / "AI_Employee"
    with run_program(tmp_path, "demo", "--dir", str(folder), env=env) as demo:
        pending = vault / "Pending_Approval"
        for kind in ("Invoice", "Post"):
            found = f"APR-* {kind} *.md"
            wait_until(lambda found=found: list(pending.glob(found)), 60, demo.complained)
        assert list((vault / "Needs_Action").glob("TSK-*.md")), "what no rule knows stays a task"
        assert "mv" in demo.said(), "it says what to do"
        (note,) = pending.glob("*Invoice*.md")
        text = note.read_text()
        assert "> [!question] Approve: create a draft invoice for **Acme Ltd**" in text
        assert "SANDBOX: only the practice Odoo on this machine will be changed." in text
        assert "customer_id: 14" in text

        note.rename(vault / "Approved" / note.name)
        completed = vault / "Completed"
        wait_until(lambda: list(completed.glob(f"*/{note.name}")), 60, demo.complained)
        (filed,) = completed.glob(f"*/{note.name}")
        wait_until(lambda: "## Result" in filed.read_text())
        action_id = front_of(filed)["action_id"]
        assert front_of(filed)["status"] == "completed"

        on_vault = Session(vault, env)
        story = json.loads(on_vault.run("why", action_id, "--json"))
        assert story["state"] == "done"
        events = [entry["event"] for entry in story["story"]]
        assert [e for e in events if e != "called"] == [
            *("decided", "proposed", "approved", "sending", "outcome", "filed"),
        ]
        words = on_vault.run("why", action_id)
        assert "approved by you" in words
        assert "outcome: done" in words
        assert action_id in on_vault.run("log")
        assert "daemon" in on_vault.run("status")
        assert "unbroken" in on_vault.run("verify-log")
        briefing = Path(on_vault.run("briefing").strip()).read_text(encoding="utf-8")
        assert "- Odoo of Sandbox Company, asked " in briefing, "the fakes of this session"
        assert "PRACTICE: the services are fakes" in briefing
        assert demo.end() == 0
    modes = {e["mode"] for e in log_of(vault) if e.get("mode")}
    assert modes == {"sandbox"}
    refused = command("run", "--once", "--vault", str(vault), env=env)
    assert refused.returncode == 2, "real work and practice are not mixed"
    assert "sandbox" in refused.stderr
    alone = command("briefing", "--vault", str(vault), env=env)
    assert alone.returncode == 2, "practice figures do not come from real services"
    assert f"bin/run run --sandbox --vault {vault}" in alone.stderr


def test_init_makes_a_vault_and_overwrites_nothing(vault: Path, env: dict[str, str]) -> None:
    first = Session(vault, env).run("init")
    assert f"{vault} is ready" in first
    handbook = vault / "Company_Handbook.md"
    handbook.write_text("my own rules")
    Session(vault, env).run("init")
    assert handbook.read_text() == "my own rules"
    for name in ("Inbox", "Pending_Approval", "Approved", "Rejected", "Completed", "Needs_Review"):
        assert (vault / name).is_dir()


def test_looking_deciding_and_keeping(session: Session) -> None:
    """One session without a daemon: every command that only looks or moves."""
    assert session.run("pending") == "Nothing waits for you.\n"
    assert json.loads(session.run("pending", "--json")) == []
    yes, no = session.adopt(Yes=post_note("Yes."), No=invoice_note())

    rows = json.loads(session.run("pending", "--json"))
    assert [sorted(row) for row in rows] == [
        sorted(("action_id", "action", "note", "mode", "tier", "created", "expires"))
    ] * 2
    assert {row["action_id"]: row["note"] for row in rows} == {
        yes: "Pending_Approval/Yes.md",
        no: "Pending_Approval/No.md",
    }
    assert {row["mode"] for row in rows} == {"dry_run"}

    status = json.loads(session.run("status", "--json"))
    assert (status["daemon"], status["waiting"]) == ("not running", 2)
    assert status["services"]["odoo"]["mode"] == "not set up"

    said = session.run("approve", yes)
    assert f"{yes}: moved to Approved/Yes.md" in said
    assert "No daemon is running" in said
    assert f"{no}: moved to Rejected/No.md" in session.run("reject", no, "--reason", "not now")
    session.run("run", "--once")
    assert json.loads(session.run("why", yes, "--json"))["state"] == "dry_run_completed"
    assert "not now" in session.run("why", no)

    lines = [json.loads(line) for line in session.run("log", "--json").splitlines()]
    assert [line["seq"] for line in lines] == sorted(line["seq"] for line in lines)
    assert {line["event"] for line in lines} >= {"started", "adopted", "approved", "filed"}
    assert "unbroken" in session.run("verify-log")
    backup = Path(session.run("backup").strip())
    assert backup.is_file()

    for arguments in (
        ("why", "APR-20200101-001"),
        ("approve", yes),  # it does not wait any more
        ("log", "--date", "yesterday"),
        ("restore", str(backup.parent / "nothing.sqlite")),
    ):
        assert session.run(*arguments, code=2).strip()


def test_a_bad_setting_is_named_with_an_example(session: Session) -> None:
    session.env["APPROVAL_UNDO_S"] = "soon"
    said = session.run("run", "--once", code=2)
    assert "APPROVAL_UNDO_S" in said
    assert "Example:" in said


def test_a_log_that_was_changed_is_found(session: Session) -> None:
    assert session.run("run", "--once") == "ready\n"
    (log,) = (session.vault.parent / "Vault" / "Logs").glob("*.json")
    log.write_bytes(log.read_bytes().replace(b'"started"', b'"stopped"', 1))
    assert "BROKEN" in session.run("verify-log", code=1)


def test_a_second_daemon_leaves_with_3_and_the_first_stops_with_0(
    session: Session, tmp_path: Path
) -> None:
    arguments = ("run", "--vault", str(session.vault))
    with run_program(tmp_path, *arguments, env=session.env) as daemon:
        assert "Another daemon" in session.run("run", code=3)
        assert json.loads(session.run("status", "--json"))["daemon"] == "running"
        assert daemon.process.poll() is None
        assert daemon.end(signal.SIGTERM) == 0
    with run_program(tmp_path, *arguments, env=session.env) as daemon:
        assert daemon.end(signal.SIGINT) == 0
    assert log_of(session.vault)[-1]["event"] == "stopped"
    assert log_of(session.vault)[-1]["target"] == session.vault.name


def test_the_sandbox_alone_says_where_it_is_and_how_to_use_it(
    tmp_path: Path, env: dict[str, str]
) -> None:
    with run_program(tmp_path, "sandbox", env=env, until="RECONCILE_LIMIT_S=") as sandbox:
        first, *rest = sandbox.said().splitlines()
        assert first.startswith("sandbox ready http://127.0.0.1:")
        values = dict(line.split("=", 1) for line in rest)
        assert values["ODOO_URL"] == first.removeprefix("sandbox ready ")
        assert values["TWITTER_LIVE"] == "true"
        assert sandbox.end() == 0


@pytest.mark.parametrize("damage", ["overwritten", "missing"])
def test_a_lost_journal_stops_with_2_and_says_how_to_recover(session: Session, damage: str) -> None:
    session.run("run", "--once")
    backup = Path(session.run("backup").strip())
    state = session.vault.parent / "Vault" / "State"
    for name in ("journal.sqlite-wal", "journal.sqlite-shm"):
        (state / name).unlink(missing_ok=True)
    if damage == "overwritten":
        (state / "journal.sqlite").write_bytes(b"garbage" * 5000)
    else:
        (state / "journal.sqlite").unlink()

    said = session.run("run", "--once", code=2)
    assert "Nothing is sent." in said
    assert f"bin/run restore {backup}" in said

    assert "Restored." in session.run("restore", str(backup))
    session.run("run", "--once")


def test_a_restored_journal_sends_nothing_again(
    vault: Path, env: dict[str, str], real_time_sandbox: Sandbox
) -> None:
    sandbox = real_time_sandbox
    live = Session(vault, {**env, **sandbox.settings(), "APPROVAL_UNDO_S": "0"})
    live.run("init")
    done, waits = live.adopt(Invoice=invoice_note(), Post=post_note("Still to be decided."))
    before = (vault / "Pending_Approval" / "Invoice.md").read_bytes()
    backup = live.run("backup").strip()
    live.run("approve", done)
    live.run("run", "--once")
    assert effects(sandbox) == 1

    live.run("restore", backup)
    (vault / "Approved" / "Invoice.md").write_bytes(before)  # an old copy of the vault as well
    live.run("run", "--once")

    assert effects(sandbox) == 1
    assert json.loads(live.run("why", done, "--json"))["state"] == "done"
    assert not (vault / "Approved" / "Invoice.md").exists()
    assert "unbroken" in live.run("verify-log")

    live.run("approve", waits)
    live.run("run", "--once")
    assert effects(sandbox) == 2, "what was not decided yet goes on as ever"


def test_without_any_setting_nobody_is_contacted(session: Session, tmp_path: Path) -> None:
    home, seen = tmp_path / "home", tmp_path / "seen.txt"
    # Python itself tells of every connection and every name that is asked for, in each process.
    (home / "sitecustomize.py").write_text(
        f"""
import os, sys

def note(line):
    descriptor = os.open({str(seen)!r}, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(descriptor, (line + "\\n").encode())
    os.close(descriptor)

def hook(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        note(event + " " + repr(arguments[-1] if event == "socket.connect" else arguments))

note("process " + " ".join(getattr(sys, "orig_argv", [])))
sys.addaudithook(hook)
"""
    )
    invoice = session.vault / "Pending_Approval" / "Invoice.md"
    post = session.vault / "Pending_Approval" / "Post.md"
    invoice.write_text(invoice_note())
    post.write_text(post_note("See https://example.com/hours"))
    arguments = ("run", "--vault", str(session.vault))
    search = {"PYTHONPATH": f"{home}{os.pathsep}{HOME}"}
    with run_program(tmp_path, *arguments, env=session.env, more=search) as daemon:
        wait_until(lambda: all("action_id" in p.read_text() for p in (invoice, post)))
        for path in (invoice, post):
            path.rename(session.vault / "Approved" / path.name)
        completed = session.vault / "Completed"
        wait_until(lambda: len(list(completed.glob("*/*.md"))) == 2, 60, daemon.complained)

    lines = seen.read_text().splitlines()
    processes = [line for line in lines if line.startswith("process ")]
    for name in ("orchestrator.py", "mcp_servers.odoo", "mcp_servers.twitter"):
        assert any(name in line for line in processes), "the spy is in every process"
    assert [line for line in lines if not line.startswith("process ")] == []
