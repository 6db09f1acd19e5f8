"""The daemon's sessions to real servers over stdio: `mcp_servers/client.py`."""

from __future__ import annotations

import json
import os
import signal
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

import psutil
import pytest
from filelock import FileLock

from core.settings import SETTINGS
from core.sources import CallResult
from mcp_servers.catalog import SERVICE_SETTINGS, SERVICES
from mcp_servers.child import COMMON
from mcp_servers.client import CONCURRENT_CALLS, Sessions
from mcp_servers.sandbox import Sandbox
from mcp_servers.serve import lock_path
from utils.config import Settings

ROOT = Path(__file__).resolve().parents[2]
BOUND_S = 40.0
"""Longer than anything takes here; a test that waits for it has found a hang."""
QUERY = {"query": "e", "limit": 3}
T = TypeVar("T")
Open = Callable[..., Sessions]


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.reset()
    return running


@pytest.fixture
def settings(sandbox: Sandbox, tmp_path: Path) -> Settings:
    values = {
        **sandbox.settings(),
        "VAULT_PATH": str(tmp_path / "AI_Employee"),
        "TIMEZONE": "UTC",
        "IDLE_STOP_S": "600",
    }
    return Settings((*SETTINGS, *SERVICE_SETTINGS), values, ROOT)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = tmp_path / "Vault" / "State"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def open_sessions(settings: Settings, state: Path) -> Iterator[Open]:
    """Return a function that opens sessions; at the end no child may be left."""
    opened: list[Sessions] = []

    def open_them(python: str = "", **changed: str) -> Sessions:
        sessions = Sessions(SERVICES, settings.with_values(**changed), state, python)
        opened.append(sessions)
        return sessions

    yield open_them
    for sessions in opened:
        sessions.close(BOUND_S)
    assert children() == []


@pytest.fixture
def sessions(open_sessions: Open) -> Sessions:
    return open_sessions()


def children(service: str = "") -> list[int]:
    """Return the pids of the servers that we started and that still run."""
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            words = " ".join(process.cmdline())
        except (psutil.NoSuchProcess, psutil.ZombieProcess):
            continue
        if f"mcp_servers.{service}" in words and "-m" in process.cmdline():
            found.append(process.pid)
    return found


def wait_for(look: Callable[[], T]) -> T:
    """Return the first true answer for what happens elsewhere."""
    deadline = time.monotonic() + BOUND_S
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.02)
    raise AssertionError("it did not happen")


def answer(future: Future[CallResult]) -> CallResult:
    return future.result(timeout=BOUND_S)


def find(sessions: Sessions) -> CallResult:
    return answer(sessions.call("odoo", "find_partners", QUERY))


def wrapper(tmp_path: Path, before: str = "", after: str = "") -> str:
    """Return an interpreter that does something around the server's life."""
    path = tmp_path / "python.sh"
    path.write_text(f'#!/bin/sh\n{before}\n"{sys.executable}" "$@"\n{after}\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def slow_call(sessions: Sessions, sandbox: Sandbox, seconds: float = 60) -> Future[CallResult]:
    """Return a call that has reached the service and waits there for its answer."""
    sandbox.fault("odoo", "slow", seconds=seconds)
    before = sandbox.requests()["odoo"]
    future = sessions.call("odoo", "find_partners", QUERY)
    wait_for(lambda: sandbox.requests()["odoo"] > before)
    return future


# -- calls ----------------------------------------------------------------------------------------


def test_nothing_runs_until_it_is_needed(sessions: Sessions) -> None:
    assert sessions.running() == {}
    assert children() == []


def test_a_call_starts_its_server_once_and_is_answered(sessions: Sessions) -> None:
    changes: list[int] = []
    sessions.on_change = lambda: changes.append(1)
    first = find(sessions)
    (pid,) = children("odoo")
    assert first.answered
    assert len(first.data["items"]) == 3
    assert sessions.running() == {"odoo": True}
    assert find(sessions).data == first.data
    assert children() == [pid]
    assert changes == [1]
    sessions.close(BOUND_S)
    assert children() == []
    assert not psutil.pid_exists(pid)


def test_a_warm_server_is_there_before_the_call(sessions: Sessions) -> None:
    sessions.warm("odoo")
    wait_for(lambda: sessions.running().get("odoo"))
    (pid,) = children("odoo")
    assert find(sessions).answered
    assert children() == [pid]


def test_a_refusal_is_an_answer(sessions: Sessions) -> None:
    result = answer(sessions.call("odoo", "create_invoice", {"dry_run": False}))
    assert (result.answered, result.status) == (True, "refused")
    result = answer(sessions.call("odoo", "no_such_tool", {}))
    assert (result.answered, result.status) == (True, "refused")
    assert sessions.running() == {"odoo": True}


def test_many_calls_at_once_are_all_answered_by_one_server(sessions: Sessions) -> None:
    futures = [sessions.call("odoo", "find_partners", QUERY) for _ in range(12)]
    assert all(answer(future).answered for future in futures)
    assert len(children()) == 1


def test_services_do_not_wait_for_each_other(sessions: Sessions, sandbox: Sandbox) -> None:
    slow = slow_call(sessions, sandbox)
    assert answer(sessions.call("twitter", "list_posts", {"limit": 1})).answered
    assert not slow.done()
    assert sorted(sessions.running()) == ["odoo", "twitter"]


# -- what a child is given ------------------------------------------------------------------------


def test_a_child_sees_its_own_settings_only(
    open_sessions: Open, settings: Settings, tmp_path: Path
) -> None:
    """As the child itself sees them, not as they were meant."""
    seen = tmp_path / "environment"
    sessions = open_sessions(wrapper(tmp_path, before=f'env > "{seen}"'))
    assert find(sessions).answered
    given = dict(line.split("=", 1) for line in seen.read_text().splitlines() if "=" in line)
    inherited = {"HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER"}
    ours = {"AI_EMPLOYEE_ROLE", "AI_EMPLOYEE_HOME", "PYTHONPATH", "PWD", "OLDPWD", "SHLVL", "_"}
    own = {"ODOO_LIVE", *(row.name for row in SERVICES["odoo"].settings)}
    assert set(given) <= inherited | ours | own | set(COMMON)
    assert given["AI_EMPLOYEE_ROLE"] == "execute"
    assert given["ODOO_LIVE"] == "true"
    others = [row.name for row in SERVICES["twitter"].settings if settings.is_set(row.name)]
    assert others
    assert not set(others) & set(given)


@pytest.mark.parametrize("service", SERVICES)
def test_no_service_is_given_anothers_secret(
    sessions: Sessions, settings: Settings, service: str
) -> None:
    given = sessions.environment(service)
    for name, other in SERVICES.items():
        secrets = {row.name for row in other.settings if row.secret and settings.is_set(row.name)}
        assert bool(secrets & set(given)) is (bool(secrets) and name == service)
    assert given["VAULT_PATH"] == str(settings.path("VAULT_PATH"))


def test_a_childs_errors_go_to_its_own_file(
    open_sessions: Open, tmp_path: Path, state: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    sessions = open_sessions(wrapper(tmp_path, before="echo words-on-stderr >&2"))
    assert find(sessions).answered
    sessions.close(BOUND_S)
    assert "words-on-stderr" in (state / "server-odoo.stderr.log").read_text()
    assert "words-on-stderr" not in capfd.readouterr().err


def test_an_error_file_does_not_grow_for_ever(sessions: Sessions, state: Path) -> None:
    path = state / "server-odoo.stderr.log"
    path.write_bytes(b"x" * 5_000_001)
    assert find(sessions).answered
    assert path.stat().st_size < 100_000


# -- what is lost ---------------------------------------------------------------------------------


def test_a_killed_child_is_said_and_replaced(sessions: Sessions, sandbox: Sandbox) -> None:
    """The call under way is not made again from here; the next one gets a new child."""
    future = slow_call(sessions, sandbox)
    (pid,) = children("odoo")
    before = sandbox.requests()["odoo"]
    os.kill(pid, signal.SIGKILL)
    result = answer(future)
    assert not result.answered
    assert result.error
    wait_for(lambda: sessions.running() == {"odoo": False})
    assert sandbox.requests()["odoo"] == before
    assert find(sessions).answered
    (new,) = children("odoo")
    assert new != pid


def test_a_child_that_died_while_idle_is_replaced(sessions: Sessions) -> None:
    """The call that finds it dead is not answered; nothing of it was sent twice."""
    assert find(sessions).answered
    (pid,) = children("odoo")
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: find(sessions).answered)
    assert children("odoo") != [pid]


@pytest.mark.parametrize(
    "python", ["/bin/false", "/no/such/python"], ids=["ends-at-once", "is-not-there"]
)
def test_a_server_that_cannot_start_is_said_each_time(open_sessions: Open, python: str) -> None:
    sessions = open_sessions(python)
    for _ in range(2):
        result = find(sessions)
        assert (result.answered, bool(result.error)) == (False, True)
    assert sessions.running() == {"odoo": False}


def test_a_lost_server_takes_along_only_what_it_was_given(
    sessions: Sessions, sandbox: Sandbox
) -> None:
    first = slow_call(sessions, sandbox)
    sandbox.fault("odoo", "slow", times=0, seconds=60)
    more = [sessions.call("odoo", "find_partners", QUERY) for _ in range(8)]
    (pid,) = children("odoo")
    sandbox.reset()
    os.kill(pid, signal.SIGKILL)
    assert not answer(first).answered
    given = CONCURRENT_CALLS - 1  # besides the first
    assert [answer(future).answered for future in more[given:]] == [True] * (8 - given)


def test_a_closing_daemon_answers_for_the_calls_under_way(
    sessions: Sessions, sandbox: Sandbox
) -> None:
    future = slow_call(sessions, sandbox)
    sessions.close(BOUND_S)
    result = answer(future)
    assert not result.answered
    assert result.error
    assert children() == []


def test_closing_twice_and_closing_nothing_is_no_error(sessions: Sessions) -> None:
    sessions.close()
    assert find(sessions).answered
    sessions.close(BOUND_S)
    sessions.close()


# -- idle -----------------------------------------------------------------------------------------


def test_an_idle_server_is_stopped_and_started_again(open_sessions: Open) -> None:
    sessions = open_sessions(IDLE_STOP_S="0.2")
    assert find(sessions).answered
    wait_for(lambda: sessions.running() == {"odoo": False})
    assert children() == []
    assert find(sessions).answered


def test_a_call_that_comes_while_an_idle_server_stops_is_answered(
    open_sessions: Open, tmp_path: Path
) -> None:
    """It may neither wait for ever nor be lost."""
    leaving = tmp_path / "leaving"
    python = wrapper(tmp_path, after=f'touch "{leaving}"; sleep 1')
    sessions = open_sessions(python, IDLE_STOP_S="0.2")
    assert find(sessions).answered
    wait_for(leaving.exists)
    result = find(sessions)
    assert result.answered


# -- locks ----------------------------------------------------------------------------------------


def test_a_server_of_an_earlier_daemon_is_seen(sessions: Sessions, state: Path) -> None:
    assert not sessions.is_held("odoo")
    holder = FileLock(lock_path(state, "odoo"))
    holder.acquire()
    held: list[bool] = []
    thread = threading.Thread(target=lambda: held.append(sessions.is_held("odoo")))
    thread.start()
    thread.join()
    assert held == [True]
    holder.release()
    assert not sessions.is_held("odoo")


def test_our_own_server_does_not_hold_us_up(open_sessions: Open) -> None:
    sessions, other = open_sessions(), open_sessions()
    assert find(sessions).answered
    assert not sessions.is_held("odoo")
    assert other.is_held("odoo")
    sessions.close(BOUND_S)
    assert not other.is_held("odoo")


# -- slow and hung --------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_slow_call_is_not_a_hung_server(sessions: Sessions, sandbox: Sandbox) -> None:
    """It outlives several pings."""
    future = slow_call(sessions, sandbox, seconds=13)
    (pid,) = children("odoo")
    assert answer(future).answered
    assert children("odoo") == [pid]


@pytest.mark.slow
def test_a_hung_server_is_ended_and_replaced(sessions: Sessions, sandbox: Sandbox) -> None:
    future = slow_call(sessions, sandbox)
    (pid,) = children("odoo")
    os.kill(pid, signal.SIGSTOP)
    result = answer(future)
    assert not result.answered
    assert "does not answer" in (result.error or "")
    wait_for(lambda: not psutil.pid_exists(pid))
    assert find(sessions).answered
    assert children("odoo") != [pid]


def test_a_child_ends_when_its_daemon_is_killed(tmp_path: Path, settings: Settings) -> None:
    """No server outlives the daemon: its standard input ends."""
    script = """
import sys, time
from pathlib import Path
from core.settings import SETTINGS
from mcp_servers.catalog import SERVICE_SETTINGS, SERVICES
from mcp_servers.client import Sessions
from utils.config import Settings
import json
values = json.loads(sys.stdin.readline())
settings = Settings((*SETTINGS, *SERVICE_SETTINGS), values, Path.cwd())
sessions = Sessions(SERVICES, settings, Path(values["STATE"]))
print(sessions.call("odoo", "find_partners", {"query": "e"}).result(40).answered, flush=True)
time.sleep(60)
"""
    values = {**settings.raw(settings.table), "STATE": str(tmp_path)}
    daemon = psutil.Popen(
        [sys.executable, "-c", script],
        cwd=ROOT,
        stdin=-1,
        stdout=-1,
        text=True,
    )
    daemon.stdin.write(json.dumps(values) + "\n")
    daemon.stdin.flush()
    assert "True\n" in daemon.stdout  # reads on, past what is logged, to the answer
    (server,) = daemon.children(recursive=True)
    daemon.kill()
    daemon.communicate()
    gone, alive = psutil.wait_procs([server], timeout=BOUND_S)
    assert (len(gone), alive) == (1, [])
