"""Fixtures of all tests: an office without any account, and one whose services are the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mcp_servers.sandbox import Sandbox
from tests.support import LIVE, Office
from utils.clock import FixedClock


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """An office without `.env`: everything is a dry run."""
    opened = Office(tmp_path)
    yield opened
    opened.look()
    opened.check()
    opened.close()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def sandbox(clock: FixedClock) -> Iterator[Sandbox]:
    with Sandbox(clock=clock) as running:
        yield running


@pytest.fixture
def live(tmp_path: Path, clock: FixedClock, sandbox: Sandbox) -> Iterator[Office]:
    """An office that is live, with the sandbox in the services' place."""
    opened = Office(tmp_path, clock, **sandbox.settings(), **LIVE)
    yield opened
    opened.look()
    opened.check()
    opened.close()
