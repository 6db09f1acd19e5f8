"""What the tests of the server frame share: a vault, and a service whose books are a list."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core import approvals
from core.actions import Payload, State
from core.findings import Findings
from core.records import Row
from core.settings import SETTINGS
from core.workspace import Workspace
from mcp_servers.catalog import SERVICE_SETTINGS, SERVICES
from mcp_servers.sandbox import Sandbox
from mcp_servers.toolset import Done, Evidence, Finding, Page, Toolset, Trace, Write
from utils.audit_log import Actor, Event
from utils.clock import FixedClock
from utils.config import Settings

SECRET = "hunter2-secret"
LIVE = {
    "DRY_RUN": "false",
    "ODOO_LIVE": "true",
    "ODOO_URL": "http://127.0.0.1:1",
    "ODOO_DB": "acme",
    "ODOO_USERNAME": "ai@acme.example",
    "ODOO_API_KEY": SECRET,
}
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
KIND = "odoo.create_invoice"


@dataclass
class Books:
    """Plays Odoo without a network: counts clients and effects, fails when told to."""

    effects: list[tuple[Payload, Trace]] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    readers: int = 0
    writers: int = 0
    items: list[dict[str, object]] = field(default_factory=list)
    evidence: Evidence = field(default_factory=lambda: Evidence(Finding.ABSENT, "No trace."))
    findings: Findings = field(default_factory=Findings)
    asked: list[Any] = field(default_factory=list)
    staged: Callable[[Any, Payload, Trace], str] | None = None
    before: Callable[[], None] = lambda: None
    guard: threading.Lock = field(default_factory=threading.Lock)

    def reader(self, settings: Settings) -> Books:
        del settings
        self.readers += 1
        return self

    def writer(self, settings: Settings) -> Books:
        del settings
        self.writers += 1
        return self

    def request(self, settings: Settings, payload: Payload, key: str) -> dict[str, Any]:
        return {"url": settings.text("ODOO_URL"), "key": key, "payload": payload}

    def perform(self, writer: Books, payload: Payload, trace: Trace) -> Done:
        assert writer is self
        self.before()
        with self.guard:
            if self.failures:
                raise self.failures.pop(0)
            self.effects.append((payload, trace))
            number = len(self.effects)
        return Done(str(number), f"https://acme.example/{number}", f"Draft {number} is there.")

    def reconcile(self, reader: Books, payload: Payload, trace: Trace) -> Evidence:
        assert reader is self
        self.asked.append((payload, trace))
        return self.evidence

    def find(self, reader: Books, arguments: Any) -> Page:
        assert reader is self
        self.asked.append(arguments)
        if self.failures:
            raise self.failures.pop(0)
        return Page(tuple(self.items[: arguments.limit]), len(self.items), None)

    def check(self, reader: Books, payload: Payload) -> Findings:
        assert reader is self
        del payload
        return self.findings

    @property
    def toolset(self) -> Toolset:
        write = Write(self.request, self.perform, self.reconcile, self.staged, self.check)
        return Toolset(
            self.reader, self.writer, {"create_invoice": write}, {"find_partners": self.find}
        )


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    """The practice services, on loopback while a module's tests run."""
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def books() -> Books:
    return Books()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def open_ws(tmp_path: Path, clock: FixedClock) -> Iterator[Callable[..., Workspace]]:
    """Return a function that opens the one vault of a test, live unless settings say otherwise."""
    opened: list[Workspace] = []

    def open_workspace(**changed: str) -> Workspace:
        table = (*SETTINGS, *SERVICE_SETTINGS)
        settings = Settings(table, {**LIVE, **changed}, tmp_path)
        ws = Workspace.open(settings, SERVICES, clock)
        ws.vault.prepare()
        opened.append(ws)
        return ws

    yield open_workspace
    for ws in opened:
        ws.close()


@pytest.fixture
def ws(open_ws: Callable[..., Workspace]) -> Workspace:
    """A live vault."""
    return open_ws()


@pytest.fixture
def invoice() -> dict[str, Any]:
    """The arguments of an invoice over 1,250.00 EUR."""
    return {
        "customer": "Acme Ltd",
        "customer_id": 14,
        "currency": "EUR",
        "lines": [{"description": "Retainer", "quantity": 1, "unit_price": "1250.00"}],
    }


@pytest.fixture
def grant(clock: FixedClock) -> Callable[..., Row]:
    """Return a function that registers an action and gives it the owner's approval."""

    def granted(ws: Workspace, arguments: Mapping[str, object], **changes: Any) -> Row:
        request = approvals.Request(KIND, arguments, Actor.CLAUDE)
        row, _ = approvals.propose(ws, request)
        values: dict[str, Any] = {"grant_until": clock.now() + timedelta(hours=24), **changes}
        state = values.pop("state", State.APPROVED)
        first = State.APPROVED if state is State.SENDING else state
        changed = ws.journal.transition(
            row.action_id, {State.PENDING}, first, approved_by="owner", **values
        )
        assert changed
        if state is State.SENDING:
            entry = approvals.base_entry(row, Event.SENDING, Actor.DAEMON)
            assert ws.journal.take_grant(row.action_id, row.kind, row.digest, entry)
        now = ws.journal.get(row.action_id)
        assert now is not None
        return now

    return granted
