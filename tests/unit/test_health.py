"""What services say about their own sign-in in `doctor`: `mcp_servers/*/health.py`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from core.doctor import Check, Health
from core.workspace import Workspace
from mcp_servers import health as services_health
from mcp_servers.email import health as email_health
from mcp_servers.odoo import health as odoo_health
from mcp_servers.odoo.fake import OdooFake
from mcp_servers.sandbox import Sandbox
from utils.clock import FixedClock

TOKEN = "a-token-that-must-be-masked"


@pytest.fixture
def token(tmp_path: Path) -> Path:
    path = tmp_path / "read.json"
    path.write_text(json.dumps({"refresh_token": TOKEN, "account": "not secret"}))
    return path


def gmail(ws: Workspace) -> list[Check]:
    return list(email_health.checks(ws.settings, ws.clock))


@pytest.mark.parametrize(
    ("days", "health", "words"),
    [
        (0, Health.OK, "0 days old"),
        (3, Health.OK, "3 days old"),
        (5, Health.ATTENTION, "still in testing, it ends on day 7"),
        (60, Health.OK, "60 days old"),
    ],
)
def test_a_sign_in_that_may_end_soon_wants_attention(
    open_ws: Callable[..., Workspace],
    clock: FixedClock,
    token: Path,
    days: int,
    health: Health,
    words: str,
) -> None:
    at = clock.now().timestamp() - days * 86_400
    os.utime(token, (at, at))
    (check,) = gmail(open_ws(GMAIL_TOKEN_FILE=str(token)))
    assert (check.name, check.health) == ("gmail sign-in for reading", health)
    assert words in check.text


def test_a_sign_in_that_is_not_there_is_broken(
    open_ws: Callable[..., Workspace], tmp_path: Path
) -> None:
    (check,) = gmail(open_ws(GMAIL_SEND_TOKEN_FILE=str(tmp_path / "none.json")))
    assert check.health is Health.BROKEN
    assert check.text.endswith("sign in: bin/run auth gmail --send")


def test_tokens_in_files_are_masked_like_other_secrets(
    open_ws: Callable[..., Workspace], token: Path
) -> None:
    ws = open_ws(GMAIL_TOKEN_FILE=str(token))
    assert ws.chronicle.redactor.text(f"bad: {TOKEN}") == "bad: ***"
    assert ws.chronicle.redactor.text("not secret") == "not secret"


@pytest.mark.parametrize("content", ["", "[1]", "{", '{"token": 5, "more": [1]}'])
def test_a_token_file_that_says_nothing_is_no_secret(
    open_ws: Callable[..., Workspace], tmp_path: Path, content: str
) -> None:
    path = tmp_path / "odd.json"
    path.write_text(content)
    assert open_ws(GMAIL_TOKEN_FILE=str(path)).settings.secrets() == ()


def test_odoo_that_cannot_be_asked_is_said(live_ws: Workspace) -> None:
    (check,) = odoo_health.checks(live_ws.settings, live_ws.clock)
    assert check.health is Health.ATTENTION
    assert "could not be asked" in check.text


@pytest.mark.parametrize(
    ("days", "health", "words"),
    [(40, Health.OK, "ends on 2026-12-31"), (10, Health.ATTENTION, "ends in 10 days")],
)
def test_the_end_of_odoos_key_is_told(
    open_ws: Callable[..., Workspace], clock: FixedClock, days: int, health: Health, words: str
) -> None:
    with Sandbox(clock=clock) as sandbox:
        odoo = next(fake for fake in sandbox._fakes if isinstance(fake, OdooFake))
        ends_on = clock.now().date() + timedelta(days=days)
        odoo.switch(version=18, key_expires_on=ends_on)
        settings = open_ws(**sandbox.settings(), ODOO_API_KEY="practice-odoo-password").settings
        (check,) = odoo_health.checks(settings, clock)
    assert (check.name, check.health) == ("odoo key", health)
    assert words in check.text


@pytest.mark.parametrize(
    ("role", "words"),
    [
        ("boss", '"boss" is no role, so servers only propose. Remove AI_EMPLOYEE_ROLE from'),
        ("Execute", '"Execute" is no role'),
        ("execute", "servers that the daemon starts may execute, and no others. Remove"),
    ],
)
def test_a_role_that_is_none_or_not_the_owners_to_give_wants_attention(
    open_ws: Callable[..., Workspace], role: str, words: str
) -> None:
    (check,) = services_health.examine_role(open_ws(AI_EMPLOYEE_ROLE=role))
    assert (check.name, check.health) == ("AI_EMPLOYEE_ROLE", Health.ATTENTION)
    assert words in check.text


@pytest.mark.parametrize("values", [{}, {"AI_EMPLOYEE_ROLE": "propose"}], ids=["none", "propose"])
def test_the_usual_role_is_not_worth_a_word(
    open_ws: Callable[..., Workspace], values: dict[str, str]
) -> None:
    assert list(services_health.examine_role(open_ws(**values))) == []
