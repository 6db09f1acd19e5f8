"""Lines on the owner's phone: `core/notices.py`, `watchers/notifier.py`."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from core import approvals, notices, vitals
from core.approvals import Request
from core.doctor import Health
from core.workspace import Workspace
from tests.support import serving
from utils.audit_log import Actor, Event
from utils.clock import FixedClock
from utils.errors import ConfigError
from watchers.notifier import AT_MOST_EVERY_S, Notifier, examine, notifiers


class Phone:
    """Takes JSON notifications on this machine; can be told to refuse them."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.answers = 200
        self.arrived = threading.Event()
        phone = self

        class Door(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if phone.answers == 200:
                    phone.lines.append(json.loads(body)["message"])
                self.send_response(phone.answers)
                self.send_header("Content-Length", "0")
                self.end_headers()
                phone.arrived.set()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.door = Door
        self.address = ""


@pytest.fixture
def phone() -> Iterator[Phone]:
    made = Phone()
    with serving(made.door) as url:
        made.address = f"{url.replace('http', 'json')}/owner"
        yield made


@pytest.fixture
def ws(open_ws: Callable[..., Workspace], phone: Phone) -> Workspace:
    made = open_ws(NOTIFY_URLS=phone.address)
    notices.due(made)  # the first look only notes where the story stands
    return made


def notifier_of(ws: Workspace) -> Notifier:
    (made,) = notifiers(ws)
    return made


def propose(ws: Workspace, invoice: dict[str, Any]) -> None:
    approvals.propose(ws, Request("odoo.create_invoice", invoice, Actor.CLAUDE))


def test_without_an_address_nobody_is_told(open_ws: Callable[..., Workspace]) -> None:
    assert notifiers(open_ws()) == []


def test_an_address_that_cannot_be_used_stops_the_program_and_is_not_repeated(
    open_ws: Callable[..., Workspace], phone: Phone
) -> None:
    with pytest.raises(ConfigError) as caught:
        notifiers(open_ws(NOTIFY_URLS=f"{phone.address} nosuch://my-key"))
    assert "number 2" in str(caught.value)
    assert "my-key" not in str(caught.value)


@pytest.mark.parametrize("addresses", ["nonsense", "nosuch://my-key"])
def test_doctor_says_that_an_address_cannot_be_used(
    open_ws: Callable[..., Workspace], phone: Phone, addresses: str
) -> None:
    """The daemon does not start with it; who asks why must be told."""
    (check,) = examine(open_ws(NOTIFY_URLS=addresses))
    assert (check.name, check.health) == ("notifications", Health.BROKEN)
    assert "NOTIFY_URLS: holds an address that cannot be used (number 1)" in check.text
    assert "my-key" not in check.text
    assert [*examine(open_ws(NOTIFY_URLS=phone.address)), *examine(open_ws())] == []
    assert phone.lines == [], "nothing is sent to find out"


def test_what_waits_is_one_line_without_names_and_amounts(
    ws: Workspace, phone: Phone, invoice: dict[str, Any]
) -> None:
    propose(ws, invoice)
    propose(ws, invoice)
    notifier_of(ws).tell()
    assert phone.lines == ["AI Employee: 2 waiting for you"]


def test_names_are_told_only_when_the_owner_allows_it(
    open_ws: Callable[..., Workspace], phone: Phone, invoice: dict[str, Any]
) -> None:
    ws = open_ws(NOTIFY_URLS=phone.address, NOTIFY_DETAILS="true")
    notices.due(ws)
    propose(ws, invoice)
    notifier_of(ws).tell()
    (line,) = phone.lines
    assert line == "AI Employee: waiting for you: APR-20261121-001 Invoice Acme Ltd 1250 EUR"


def test_nothing_is_told_twice_and_not_more_than_once_a_minute(
    ws: Workspace, phone: Phone, clock: FixedClock, invoice: dict[str, Any]
) -> None:
    notifier = notifier_of(ws)
    propose(ws, invoice)
    notifier.tell()
    propose(ws, invoice)
    notifier.tell()
    assert len(phone.lines) == 1
    clock.advance(AT_MOST_EVERY_S)
    notifier.tell()
    clock.advance(AT_MOST_EVERY_S)
    notifier.tell()
    assert phone.lines == ["AI Employee: 1 waiting for you"] * 2


def test_what_was_decided_meanwhile_is_not_told(
    ws: Workspace, phone: Phone, invoice: dict[str, Any]
) -> None:
    from core.actions import State

    propose(ws, invoice)
    assert ws.journal.transition("APR-20261121-001", {State.PENDING}, State.REJECTED)
    notifier_of(ws).tell()
    assert phone.lines == []


def test_what_failed_is_told(ws: Workspace, phone: Phone, row: Callable[..., Any]) -> None:
    from core.actions import State

    made = row(state=State.REFUSED)
    ws.journal.register(
        made, approvals.base_entry(made, Event.FILED, Actor.DAEMON, result="failed")
    )
    notifier_of(ws).tell()
    assert phone.lines == ["AI Employee: 1 not done or in doubt"]


def test_a_line_that_is_not_taken_is_said_and_told_again(
    ws: Workspace, phone: Phone, clock: FixedClock, invoice: dict[str, Any]
) -> None:
    notifier = notifier_of(ws)
    propose(ws, invoice)
    phone.answers = 500
    for _ in range(3):
        notifier.tell()
        clock.advance(AT_MOST_EVERY_S)
    state = vitals.vital(ws, vitals.NOTIFICATIONS)
    assert state is not None
    assert "could not be sent" in state.state
    warned = [e for e in ws.chronicle.entries("2026-11-21") if e["event"] == "warned"]
    assert len(warned) == 1
    assert phone.address not in str(warned)
    phone.answers = 200
    notifier.tell()
    assert phone.lines == ["AI Employee: 1 waiting for you"]
    state = vitals.vital(ws, vitals.NOTIFICATIONS)
    assert state is not None
    assert state.is_well


def test_it_is_told_in_the_background(ws: Workspace, phone: Phone, invoice: dict[str, Any]) -> None:
    notifier = notifier_of(ws)
    notifier.start()
    propose(ws, invoice)
    notifier.check()
    assert phone.arrived.wait(30)
    notifier.stop()
    assert phone.lines == ["AI Employee: 1 waiting for you"]
