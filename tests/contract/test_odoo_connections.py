"""Both ways to Odoo: which one is taken, what its failures mean, and when the key ends."""

from __future__ import annotations

import json
import logging
import urllib.error
import urllib.request
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.actions import key_of, payload_of
from core.settings import SETTINGS
from mcp_servers.catalog import ACTIONS, SERVICE_SETTINGS
from mcp_servers.odoo.client import Reader, Writer
from mcp_servers.odoo.fake import OdooFake
from mcp_servers.odoo.keys import key_expires_on, key_warning
from mcp_servers.odoo.tools import TOOLSET
from mcp_servers.sandbox import Sandbox
from mcp_servers.toolset import Trace
from utils.config import Settings
from utils.errors import NotSentError, RejectedError, ServiceError, UnknownOutcomeError

SECRET = "hunter2-secret"
KEY = key_of("APR-20261121-001")
PARTNER = {"name": "Hooli"}


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.reset()
    return running


@pytest.fixture
def odoo(sandbox: Sandbox) -> OdooFake:
    (fake,) = (fake for fake in sandbox._fakes if isinstance(fake, OdooFake))
    fake.switch()
    return fake


@pytest.fixture
def settings(sandbox: Sandbox, odoo: OdooFake) -> Settings:
    values = sandbox.settings() | {"ODOO_API_KEY": SECRET}
    return Settings((*SETTINGS, *SERVICE_SETTINGS), values, Path())


def make_partner(settings: Settings) -> str:
    payload = payload_of(ACTIONS["odoo.create_partner"], PARTNER)
    trace = Trace(KEY, datetime.now(UTC))
    return TOOLSET.writes["create_partner"].perform(Writer(settings), payload, trace).remote_id


both_ways = pytest.mark.parametrize("version", [17, 18, 19])
"""With a key, 19 is reached by way of JSON-2."""


# -- which way ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "key", "broken"),
    [
        (17, SECRET, "odoo.res"),
        (19, "", "odoo.res"),
        (19, SECRET, "odoo.common"),  # nobody logs in: the key travels with every call
        (18, SECRET, "json"),
    ],
    ids=["17", "19-password", "19-key", "18"],
)
def test_the_way_follows_from_version_and_key(
    sandbox: Sandbox, odoo: OdooFake, settings: Settings, version: int, key: str, broken: str
) -> None:
    odoo.switch(version=version)
    client = Reader(settings.with_values(ODOO_API_KEY=key))
    json_2 = version == 19 and bool(key)
    if broken == "odoo.common":
        sandbox.fault("odoo", "auth_expired", times=0, match=broken)
    assert client.company_id == 1
    assert type(client._session.connection).__name__ == ("Json2" if json_2 else "_Rpc")  # type: ignore[union-attr]
    assert client.user_id == 2


def test_a_server_without_the_old_version_page_tells_it_elsewhere(
    odoo: OdooFake, settings: Settings
) -> None:
    odoo.switch(version=19, missing=frozenset({"/web/webclient/version_info"}))
    assert make_partner(settings)


@both_ways
def test_a_stranger_behind_the_key_stops_us(
    sandbox: Sandbox, odoo: OdooFake, settings: Settings, version: int
) -> None:
    """A wrong database may answer too, when it is the only one."""
    odoo.switch(version=version)
    odoo._tables.change("res.users", 2, login="somebody.else")
    with pytest.raises(RejectedError, match="another user") as caught:
        make_partner(settings)
    assert caught.value.error_class == "AnotherUser"
    assert sandbox.effects() == []


def test_the_key_and_the_database_travel_in_headers_only(
    sandbox: Sandbox, odoo: OdooFake, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    odoo.switch(version=19)
    seen: list[Any] = []
    real = odoo.handle
    monkeypatch.setattr(odoo, "handle", lambda request: seen.append(request) or real(request))
    Reader(settings).count("res.partner", [])
    last = seen[-1]
    assert last.path == "/json/2/res.partner/search_count"
    assert last.headers["authorization"] == f"bearer {SECRET}"
    assert last.headers["x-odoo-database"] == "sandbox"
    assert json.loads(last.body) == {"domain": [], "context": {"allowed_company_ids": [1]}}


# -- what failures mean ---------------------------------------------------------------------------


@both_ways
@pytest.mark.parametrize(
    ("name", "error_class"),
    [
        ("odoo.exceptions.UserError", RejectedError),
        ("odoo.exceptions.ValidationError", RejectedError),
        ("odoo.exceptions.AccessError", RejectedError),
        ("odoo.exceptions.MissingError", RejectedError),
        ("odoo.exceptions.AccessDenied", RejectedError),
        ("fork.of.exceptions.UserError", RejectedError),
        ("builtins.ValueError", RejectedError),
        ("builtins.TypeError", RejectedError),
        ("builtins.AttributeError", RejectedError),
        ("psycopg2.errors.SerializationFailure", UnknownOutcomeError),
        ("psycopg2.OperationalError", UnknownOutcomeError),
    ],
)
def test_an_error_is_known_by_the_last_part_of_its_name(
    sandbox: Sandbox,
    odoo: OdooFake,
    settings: Settings,
    version: int,
    name: str,
    error_class: type[ServiceError],
) -> None:
    odoo.switch(version=version, errors={"odoo.create_partner": name})
    with pytest.raises(error_class) as caught:
        make_partner(settings)
    assert type(caught.value) is error_class
    assert caught.value.error_class == name.rpartition(".")[2]
    assert "Traceback" not in str(caught.value)
    assert sandbox.effects() == []


@both_ways
@pytest.mark.parametrize("status", [502, 503, 504])
@pytest.mark.parametrize(("mode", "happened"), [("http_500_before", 0), ("http_500_after", 1)])
def test_a_proxys_page_says_nothing_about_the_write(
    sandbox: Sandbox,
    odoo: OdooFake,
    settings: Settings,
    version: int,
    status: int,
    mode: str,
    happened: int,
) -> None:
    odoo.switch(version=version, failure_status=status)
    sandbox.fault("odoo", mode, match="odoo.create_partner")
    with pytest.raises(UnknownOutcomeError, match=f"HTTP {status}"):
        make_partner(settings)
    assert len(sandbox.effects()) == happened
    assert make_partner(settings)
    assert len(sandbox.effects()) == 1


def test_an_error_without_data_is_unknown(
    sandbox: Sandbox, odoo: OdooFake, settings: Settings
) -> None:
    errors = {"odoo.create_partner": "odoo.exceptions.UserError"}
    odoo.switch(bare_errors=True, errors=errors)
    with pytest.raises(UnknownOutcomeError):
        make_partner(settings)


@both_ways
def test_an_expired_key_is_tried_once(
    sandbox: Sandbox, odoo: OdooFake, settings: Settings, version: int
) -> None:
    odoo.switch(version=version, key_expired=True)
    reader = Reader(settings)
    for _ in range(3):
        with pytest.raises(RejectedError, match="at most 90 days"):
            reader.count("res.partner", [])
    assert sandbox.requests()["odoo"] <= 2


@both_ways
def test_no_secret_reaches_a_log(
    odoo: OdooFake, settings: Settings, version: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    odoo.switch(version=version)
    make_partner(settings)
    assert SECRET not in caplog.text


def test_a_question_that_odoo_cannot_answer_is_refused(odoo: OdooFake, settings: Settings) -> None:
    for version in (17, 19):
        odoo.switch(version=version)
        reader = Reader(settings)
        with pytest.raises(RejectedError) as caught:
            reader.search_read("res.partner", [["nope", "=", 1]], ["name"])
        assert caught.value.error_class == "ValueError"
        with pytest.raises(RejectedError):
            reader.search_read("res.nothing", [], ["name"])


# -- fields and groups ----------------------------------------------------------------------------


@both_ways
def test_fields_are_asked_for_once(
    sandbox: Sandbox, odoo: OdooFake, settings: Settings, version: int
) -> None:
    odoo.switch(version=version)
    reader = Reader(settings)
    assert reader.has_field("account.payment", "memo") is (version >= 18)
    assert reader.has_field("account.payment", "ref") is (version < 18)
    before = sandbox.requests()["odoo"]
    assert reader.has_field("account.payment", "memo") is (version >= 18)
    assert sandbox.requests()["odoo"] == before


@both_ways
def test_sums_by_group_have_one_shape(odoo: OdooFake, settings: Settings, version: int) -> None:
    odoo.switch(version=version)
    rows = Reader(settings).grouped("crm.lead", [], ["stage_id"], ["expected_revenue"])
    found = {row["stage_id"][1]: (row["expected_revenue"], row["__count"]) for row in rows}
    assert found == {"New": (900, 1), "Qualified": (4800, 1), "Proposition": (1200, 1)}


@both_ways
def test_an_address_is_the_versions_own(odoo: OdooFake, settings: Settings, version: int) -> None:
    odoo.switch(version=version)
    url = Reader(settings).url_of("res.partner", 14)
    assert url.endswith("/odoo/res.partner/14" if version >= 18 else "&view_type=form")


# -- the key's end --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "key", "known"), [(17, SECRET, False), (18, SECRET, True), (19, SECRET, True)]
)
def test_the_end_of_the_key_is_read_where_odoo_tells_it(
    odoo: OdooFake, settings: Settings, version: int, key: str, known: bool
) -> None:
    ends = datetime.now(UTC).date() + timedelta(days=9)
    odoo.switch(version=version, key_expires_on=ends)
    assert key_expires_on(Reader(settings)) == (ends if known else None)
    assert key_expires_on(Reader(settings.with_values(ODOO_API_KEY=""))) is None


def test_of_several_keys_the_one_called_like_us_counts(odoo: OdooFake, settings: Settings) -> None:
    today = datetime.now(UTC).date()
    odoo.switch(version=18, key_expires_on=today + timedelta(days=40))
    other = {"name": "laptop", "user_id": 2, "expiration_date": f"{today} 00:00:00"}
    odoo._tables.seed("res.users.apikeys", other)
    assert key_expires_on(Reader(settings)) == today + timedelta(days=40)


def test_a_user_who_may_not_read_keys_gets_no_warning(odoo: OdooFake, settings: Settings) -> None:
    kind = "odoo.res.users.apikeys.search_read"
    odoo.switch(version=18, errors={kind: "odoo.exceptions.AccessError"})
    assert key_expires_on(Reader(settings)) is None


@pytest.mark.parametrize(
    ("days", "words"), [(15, None), (14, "in 14 days"), (1, "tomorrow"), (0, "today")]
)
def test_the_owner_is_warned_two_weeks_before(days: int, words: str | None) -> None:
    today = date(2026, 11, 21)
    warning = key_warning(today + timedelta(days=days), today)
    assert (words in warning if words else warning is None) if warning else words is None
    assert key_warning(None, today) is None


# -- the fake's own words -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        ("res.partner/search_count", {"domain": []}, {}, 200),
        ("res.partner/search_count", {"domain": []}, {"Authorization": ""}, 401),
        ("res.partner/search_read", {"domain": [["nope", "=", 1]]}, {}, 500),
        ("res.partner/search_count", {}, {}, 422),
        ("res.partner/search_count", {"domain": [], "what": 1}, {}, 422),
        ("res.partner/explode", {}, {}, 404),
        ("res.nothing/search_count", {"domain": []}, {}, 404),
        ("res.partner/write", {"ids": [999], "vals": {"name": "x"}}, {}, 404),
        ("res.partner/create", {"vals_list": [{"email": "x"}]}, {}, 422),
        ("account.move/action_post", {"ids": [1]}, {}, 404),
        ("res.partner/search_count", b"no json", {}, 400),
        ("res.partner/search_count", {"domain": []}, {"Content-Type": "text/plain"}, 415),
    ],
)
def test_json_2_has_odoos_status_codes(
    sandbox: Sandbox, odoo: OdooFake, path: str, body: Any, headers: dict[str, str], status: int
) -> None:
    odoo.switch(version=19)
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    shared = {"Authorization": "bearer k", "Content-Type": "application/json"}
    request = urllib.request.Request(
        f"{sandbox.url}/json/2/{path}", sent, {**shared, **headers}, method="POST"
    )
    try:
        with urllib.request.urlopen(request) as answer:
            found = answer.status
    except urllib.error.HTTPError as error:
        with error:
            found = error.code
    assert found == status


def test_a_create_by_json_2_answers_with_a_list(
    sandbox: Sandbox, odoo: OdooFake, settings: Settings
) -> None:
    odoo.switch(version=19)
    assert make_partner(settings) == "22"
    with pytest.raises(NotSentError):
        Reader(settings.with_values(ODOO_URL="http://127.0.0.1:1")).count("res.partner", [])


def test_the_day_is_the_owners_not_the_machines(settings: Settings) -> None:
    """What is overdue, and the date of a payment, hang on it."""
    west = TOOLSET.reader(settings.with_values(TIMEZONE="Pacific/Pago_Pago"))
    east = TOOLSET.writer(settings.with_values(TIMEZONE="Pacific/Kiritimati"))
    assert (east.today - west.today).days in {1, 2}
