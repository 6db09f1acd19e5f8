"""What the unit tests share: a fixed clock, a vault in `tmp_path`, rows, a runner that answers."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.actions import ActionId, Mode, State, Tier, Trust
from core.journal import Journal
from core.records import Row
from core.settings import SETTINGS
from core.sources import CallResult
from core.workspace import Workspace
from mcp_servers.catalog import SERVICE_SETTINGS, SERVICES
from utils.clock import FixedClock
from utils.config import Settings

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SET_UP = {
    "ODOO_URL": "http://127.0.0.1:1",
    "ODOO_DB": "acme",
    "ODOO_USERNAME": "ai@acme.example",
    "ODOO_API_KEY": "hunter2-secret",
    "TWITTER_API_KEY": "hunter2-secret",
    "TWITTER_API_SECRET": "hunter2-secret",
    "TWITTER_ACCESS_TOKEN": "1001-hunter2-secret",
    "TWITTER_ACCESS_SECRET": "hunter2-secret",
}
LIVE = {**SET_UP, "DRY_RUN": "false", "ODOO_LIVE": "true", "TWITTER_LIVE": "true"}


@dataclass
class Answering:
    """A runner whose servers answer at once with what the test put in."""

    results: list[CallResult] = field(default_factory=list)
    calls: list[tuple[str, str, dict[str, object]]] = field(default_factory=list)
    waits: bool = False
    futures: list[Future[CallResult]] = field(default_factory=list)

    def call(self, service: str, tool: str, arguments: Mapping[str, object]) -> Future[CallResult]:
        self.calls.append((service, tool, dict(arguments)))
        future: Future[CallResult] = Future()
        self.futures.append(future)
        if not self.waits:
            future.set_result(self.results.pop(0) if self.results else CallResult(answered=False))
        return future

    def warm(self, service: str) -> None:
        """Nothing has to be started."""

    def is_held(self, service: str) -> bool:
        return False


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
def runner() -> Answering:
    return Answering()


@pytest.fixture
def open_ws(tmp_path: Path, clock: FixedClock) -> Iterator[Callable[..., Workspace]]:
    """Return a function that opens the workspace of `tmp_path`; arguments are settings."""
    opened: list[Workspace] = []

    def open_workspace(**values: str) -> Workspace:
        chosen = {"LIMIT_CURRENCY": "EUR", **values}
        settings = Settings((*SETTINGS, *SERVICE_SETTINGS), chosen, tmp_path)
        ws = Workspace.open(settings, SERVICES, clock)
        ws.vault.prepare()
        opened.append(ws)
        return ws

    yield open_workspace
    for ws in opened:
        with suppress(sqlite3.ProgrammingError):  # the test closed it already
            ws.close()


@pytest.fixture
def ws(open_ws: Callable[..., Workspace]) -> Workspace:
    """A vault in which nothing is set up: every action is a dry run."""
    return open_ws()


@pytest.fixture
def live_ws(open_ws: Callable[..., Workspace]) -> Workspace:
    """A vault in which every service is live; nobody listens there."""
    return open_ws(**LIVE)


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
def journal(tmp_path: Path, clock: FixedClock) -> Iterator[Journal]:
    opened = Journal.open(tmp_path / "state" / "journal.sqlite", clock, may_create=True)
    yield opened
    opened.close()


@pytest.fixture
def row() -> Callable[..., Row]:
    """Return a function that makes a live pending row; arguments replace its fields."""
    plain = Row(
        action_id=ActionId("APR-20261121-001"),
        kind="odoo.create_invoice",
        mode=Mode.LIVE,
        account="acme",
        payload={"customer": "Acme Ltd"},
        digest="d" * 64,
        state=State.PENDING,
        tier=Tier.APPROVAL_REQUIRED,
        reasons=("It always needs your approval.",),
        policy_hash="p" * 16,
        note="APR-20261121-001 Invoice.md",
        origin="claude",
        trust=Trust.OWNER,
        created_at=NOON,
        expires_at=NOON + timedelta(days=7),
        correlation_id="APR-20261121-001",
    )

    def make(**changes: Any) -> Row:
        return replace(plain, **changes)

    return make


@pytest.fixture
def live_settings() -> dict[str, str]:
    """The settings of a vault in which every service is live."""
    return dict(LIVE)
