"""The sandbox as its users see it: real sockets, the real odoorpc and tweepy in front."""

from __future__ import annotations

import http.client
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import odoorpc
import pytest
import requests
import tweepy
from requests.adapters import HTTPAdapter

from mcp_servers.sandbox import FAKES, Sandbox
from mcp_servers.twitter.fake_text import weight_of
from utils.clock import FixedClock, from_iso

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
NOT_ACTING = ["drop_before", "http_500_before", "http_429", "garbage", "auth_expired"]
ACTING = ["lost_answer", "http_500_after"]
DROPPING = ["drop_before", "lost_answer"]


UNASKED = {fake.service: 0 for fake in FAKES}


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def box(clock: FixedClock) -> Iterator[Sandbox]:
    with Sandbox(clock=clock) as box:
        yield box


@pytest.fixture(autouse=True)
def _quiet_libraries() -> None:
    """Both libraries write secrets at DEBUG."""
    for name in ("odoorpc", "tweepy"):
        logging.getLogger(name).setLevel(logging.WARNING)


def ask(
    box: Sandbox, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(urlsplit(box.url).netloc, timeout=10)
    try:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        connection.request(method, path, data, headers or {})
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def rpc(box: Sandbox, service: str, method: str, *args: object) -> dict[str, Any]:
    params = {"service": service, "method": method, "args": args}
    _, _, body = ask(box, "POST", "/jsonrpc", {"jsonrpc": "2.0", "id": 7, "params": params})
    answer: dict[str, Any] = json.loads(body)
    return answer


def execute(box: Sandbox, model: str, method: str, *args: object, **kwargs: object) -> Any:
    credentials = ("sandbox", 2, "sandbox")
    answer = rpc(box, "object", "execute_kw", *credentials, model, method, args, kwargs)
    return answer["result"] if "result" in answer else answer["error"]["data"]


def log_in(box: Sandbox, password: str = "sandbox") -> odoorpc.ODOO:
    odoo = odoorpc.ODOO("127.0.0.1", port=urlsplit(box.url).port, timeout=10)
    odoo.login("sandbox", "sandbox", password)
    return odoo


def invoice(total: float = 1250.0, **more: object) -> dict[str, object]:
    line = {"name": "Website retainer, November", "quantity": 1, "price_unit": total}
    lines = [[0, 0, line]]
    return {"move_type": "out_invoice", "partner_id": 14, "invoice_line_ids": lines, **more}


class Loopback(HTTPAdapter):
    """Sends what tweepy addresses to its fixed host to the sandbox."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url

    def send(self, request: Any, **options: Any) -> Any:
        request.url = request.url.replace("https://api.twitter.com", self.url)
        return super().send(request, **{**options, "timeout": 10})


@pytest.fixture
def x(box: Sandbox) -> Iterator[tweepy.Client]:
    settings = box.settings()
    client = tweepy.Client(
        consumer_key=settings["TWITTER_API_KEY"],
        consumer_secret=settings["TWITTER_API_SECRET"],
        access_token=settings["TWITTER_ACCESS_TOKEN"],
        access_token_secret=settings["TWITTER_ACCESS_SECRET"],
    )
    client.session.mount("https://", Loopback(settings["TWITTER_API_URL"]))
    yield client
    client.session.close()


def kinds(box: Sandbox) -> list[str]:
    return [effect["kind"] for effect in box.effects()]


# -- the sandbox itself -----------------------------------------------------------------------


def test_a_process_announces_itself_and_ends_with_0_on_sigterm() -> None:
    command = [sys.executable, "-m", "mcp_servers.sandbox", "--port", "0"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first.startswith("sandbox ready http://127.0.0.1:")
        url = first.removeprefix("sandbox ready ").strip()
        with urllib.request.urlopen(f"{url}/_sandbox/effects", timeout=10) as answer:
            told = json.load(answer)
        process.send_signal(signal.SIGTERM)
        assert process.stderr is not None
        rest, errors = process.stdout.read(), process.stderr.read()
    assert told == {"effects": [], "requests": UNASKED}
    settings = dict(line.split("=", 1) for line in rest.splitlines())
    assert process.returncode == 0
    assert errors == ""
    assert (settings["DRY_RUN"], settings["RECONCILE_LIMIT_S"]) == ("false", "2")
    assert settings["ODOO_URL"] == settings["TWITTER_API_URL"] == url
    assert settings["TWITTER_ACCESS_TOKEN"].startswith("1001-")


def test_a_taken_port_is_exit_2_with_a_sentence(box: Sandbox) -> None:
    port = str(urlsplit(box.url).port)
    command = [sys.executable, "-m", "mcp_servers.sandbox", "--port", port]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"cannot listen on port {port}" in done.stderr


def test_the_settings_are_texts_and_the_url_ends_with_the_block() -> None:
    box = Sandbox()
    with pytest.raises(RuntimeError, match="with block"):
        _ = box.url
    with box:
        assert all(isinstance(value, str) for value in box.settings().values())
        url = box.url
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(url, timeout=10)


def test_effects_carry_order_time_and_key(box: Sandbox, clock: FixedClock) -> None:
    execute(box, "account.move", "create", invoice(ref="AIE-0123456789"))
    clock.advance(60)
    execute(box, "account.move", "create", invoice(ref="PO 4711"))
    execute(box, "res.partner", "create", {"name": "Hooli"})
    bill = {"move_type": "in_invoice", "ref": "R-1", "invoice_origin": "AIE-aaaaaaaaaa"}
    execute(box, "account.move", "create", bill)
    execute(box, "res.partner", "write", [14], {"phone": "+44 20 0000"})
    status, _, body = ask(box, "GET", "/_sandbox/effects")
    answer = json.loads(body)
    assert status == 200
    assert answer == {"effects": box.effects(), "requests": UNASKED | {"odoo": 5}}
    assert [(effect["seq"], effect["kind"], effect["key"]) for effect in box.effects()] == [
        (1, "odoo.create_invoice", "AIE-0123456789"),
        (2, "odoo.create_invoice", None),
        (3, "odoo.create_partner", None),
        (4, "odoo.create_vendor_bill", "AIE-aaaaaaaaaa"),
        (5, "odoo.res.partner.write", None),
    ]
    first, second = box.effects()[:2]
    assert set(first) == {"seq", "service", "kind", "at", "key", "payload"}
    assert from_iso(first["at"]) == datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
    assert from_iso(second["at"]) == datetime(2026, 11, 21, 9, 31, tzinfo=UTC)
    assert (first["payload"]["id"], first["payload"]["amount_total"]) == (1, 1250.0)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ([], "JSON object"),
        (b"{", "JSON object"),
        ({"service": "fax", "mode": "slow"}, "service must be one of odoo, twitter"),
        ({"service": "odoo", "mode": "explode"}, "mode must be one of lost_answer"),
        ({"service": "odoo", "mode": "slow", "times": -1}, "times must be"),
        ({"service": "odoo", "mode": "slow", "times": True}, "times must be"),
        ({"service": "odoo", "mode": "slow", "match": ""}, "match must be"),
        ({"service": "odoo", "mode": "slow", "seconds": "5"}, "seconds must be"),
        ({"service": "odoo", "mode": "slow", "second": 5}, "Unknown field 'second'"),
    ],
)
def test_a_fault_that_cannot_be_used_is_400_with_a_sentence(
    box: Sandbox, fault: object, words: str
) -> None:
    status, _, body = ask(box, "POST", "/_sandbox/faults", fault)
    assert status == 400
    assert words in json.loads(body)["error"]
    assert rpc(box, "common", "version")["result"]["server_version"] == "17.0"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/_sandbox/mail", 400),
        ("POST", "/_sandbox/comments", 400),
        ("GET", "/_sandbox/comments", 405),
        ("GET", "/_sandbox/reset", 405),
        ("GET", "/_sandbox/nothing", 404),
        ("GET", "/nobody", 404),
    ],
)
def test_what_is_not_there_says_so(box: Sandbox, method: str, path: str, status: int) -> None:
    answered, _, body = ask(box, method, path)
    assert answered == status
    assert json.loads(body)["error"].endswith(".")


@pytest.mark.parametrize(
    ("comment", "words"),
    [
        ({"service": "email"}, "service must be one of"),
        ({"service": "facebook", "text": "Hi"}, "from must be"),
        ({"service": "facebook", "from": "Jo", "text": " "}, "text must be"),
        ({"service": "facebook", "from": "Jo", "text": "Hi", "post": "1"}, "Unknown field 'post'"),
        ({"service": "facebook", "from": "Jo", "text": "Hi", "below": 7}, "below must be"),
        ({"service": "instagram", "from": "jo", "text": "Hi", "below": "7"}, "no comment 7."),
        ({"service": "twitter", "from": "jo", "text": "Hi"}, "from must be one of ann_smith"),
        ({"service": "twitter", "from": "ann_smith", "text": "Hi", "below": "7"}, "no post 7."),
    ],
)
def test_a_comment_that_cannot_be_said_is_400_with_a_sentence(
    box: Sandbox, comment: object, words: str
) -> None:
    status, _, body = ask(box, "POST", "/_sandbox/comments", comment)
    assert status == 400
    assert words in json.loads(body)["error"]


def test_a_fault_waits_for_a_request_of_its_kind(box: Sandbox) -> None:
    body = {"service": "odoo", "mode": "http_500_before", "match": "create_invoice"}
    assert ask(box, "POST", "/_sandbox/faults", body)[0] == 200
    odoo = log_in(box)
    assert odoo.execute_kw("res.partner", "search_count", [[]]) == 10
    assert odoo.execute_kw("res.partner", "create", [{"name": "Hooli"}]) == 22
    with pytest.raises(urllib.error.HTTPError) as caught:
        odoo.execute_kw("account.move", "create", [invoice()])
    caught.value.close()
    assert odoo.execute_kw("account.move", "create", [invoice()]) == 1
    assert kinds(box) == ["odoo.create_partner", "odoo.create_invoice"]


def test_a_fault_without_match_spoils_logins_too_and_0_times_lasts_until_the_reset(
    box: Sandbox,
) -> None:
    box.fault("odoo", "http_500_before", times=0)
    for _ in range(3):
        with pytest.raises(urllib.error.HTTPError) as caught:
            log_in(box)
        caught.value.close()
    assert ask(box, "POST", "/_sandbox/reset")[0] == 200
    assert log_in(box).env.uid == 2


def test_a_fault_hits_as_often_as_it_says(box: Sandbox) -> None:
    box.fault("odoo", "http_429", times=2, match="odoo.res.partner.search_read")
    statuses = [ask(box, "POST", "/jsonrpc", _search_read())[0] for _ in range(3)]
    assert statuses == [429, 429, 200]
    assert box.requests() == UNASKED | {"odoo": 3}


def _search_read() -> dict[str, object]:
    args = ["sandbox", 2, "sandbox", "res.partner", "search_read", [[]], {"fields": ["name"]}]
    return {"params": {"service": "object", "method": "execute_kw", "args": args}}


def test_a_reset_gives_the_same_identifiers_again(box: Sandbox, x: tweepy.Client) -> None:
    def story() -> list[object]:
        partners = execute(box, "res.partner", "search_read", [], ["name", "email"])
        made = execute(box, "account.move", "create", invoice(ref="AIE-0123456789"))
        posted = x.create_tweet(text="See https://example.com/offer").data
        timeline = [post.data for post in x.get_users_tweets(1001, user_auth=True).data]
        return [partners, made, posted, timeline, box.effects(), box.requests()]

    first = story()
    box.fault("odoo", "drop_before", times=0)
    box.reset()
    assert (box.effects(), box.requests()) == ([], UNASKED)
    assert story() == first
    with Sandbox() as other:
        assert execute(other, "res.partner", "search_read", [], ["name", "email"]) == first[0]


def test_parallel_writers_are_all_counted_once(box: Sandbox) -> None:
    def create(number: int) -> tuple[int, int]:
        odoo = execute(box, "account.move", "create", invoice(float(number), ref=f"AIE-{number}"))
        headers = {"Authorization": "Bearer sandbox"}
        body = {"text": f"Post number {number}"}
        _, _, answer = ask(box, "POST", "/2/tweets", body, headers)
        return odoo, int(json.loads(answer)["data"]["id"])

    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(create, range(1, 81)))
    effects = box.effects()
    assert [effect["seq"] for effect in effects] == list(range(1, 161))
    assert len({identifier for identifier, _ in made}) == 80
    assert len({identifier for _, identifier in made}) == 80
    keys = {effect["key"] for effect in effects if effect["service"] == "odoo"}
    assert keys == {f"AIE-{number}" for number in range(1, 81)}
    assert execute(box, "account.move", "search_count", []) == 80
    assert box.requests() == UNASKED | {"odoo": 81, "twitter": 80}


def test_one_connection_serves_many_requests(box: Sandbox) -> None:
    connection = http.client.HTTPConnection(urlsplit(box.url).netloc, timeout=10)
    connection.connect()
    port = connection.sock.getsockname()[1]
    for _ in range(3):
        connection.request("POST", "/jsonrpc", json.dumps(_search_read()))
        answer = connection.getresponse()
        assert answer.version == 11
        assert len(answer.read()) == int(answer.headers["Content-Length"])
        assert connection.sock.getsockname()[1] == port
    connection.close()


def test_a_client_that_leaves_early_leaves_no_trace(
    box: Sandbox, capfd: pytest.CaptureFixture[str]
) -> None:
    box.fault("odoo", "slow", match="search_read", seconds=0.05)
    connection = http.client.HTTPConnection(urlsplit(box.url).netloc, timeout=10)
    connection.request("POST", "/jsonrpc", json.dumps(_search_read()))
    connection.close()
    box.close()  # ends the waiting request as well
    assert capfd.readouterr() == ("", "")


# -- faults, service by service ---------------------------------------------------------------


@pytest.mark.parametrize("mode", NOT_ACTING + ACTING)
def test_odoo_acts_or_not_as_the_fault_says(box: Sandbox, mode: str) -> None:
    odoo = log_in(box)
    box.fault("odoo", mode, match="odoo.create_invoice", seconds=7)
    with pytest.raises(Exception) as caught:  # noqa: PT011 its class is what is looked at
        odoo.execute_kw("account.move", "create", [invoice(ref="AIE-0123456789")])
    error = caught.value
    if mode in DROPPING:
        assert isinstance(error, http.client.RemoteDisconnected)
    elif mode == "garbage":
        assert isinstance(error, json.JSONDecodeError)
    elif mode == "auth_expired":
        assert error.info["data"]["name"] == "odoo.exceptions.AccessDenied"
    else:
        assert isinstance(error, urllib.error.HTTPError)
        assert error.code == (429 if mode == "http_429" else 500)
        assert error.headers["Retry-After"] == ("7" if mode == "http_429" else None)
        assert error.headers["Content-Type"].startswith("text/html")
        error.close()
    happened = 1 if mode in ACTING else 0
    assert kinds(box) == ["odoo.create_invoice"] * happened
    by_key = [[["ref", "=", "AIE-0123456789"]]]
    assert odoo.execute_kw("account.move", "search_count", by_key) == happened


@pytest.mark.parametrize("mode", NOT_ACTING + ACTING)
def test_x_acts_or_not_as_the_fault_says(box: Sandbox, x: tweepy.Client, mode: str) -> None:
    box.fault("twitter", mode, match="twitter.create_post", seconds=7)
    with pytest.raises(Exception) as caught:  # noqa: PT011 its class is what is looked at
        x.create_tweet(text="Open on Saturday")
    error = caught.value
    if mode in DROPPING:
        assert isinstance(error, requests.ConnectionError)
    elif mode == "garbage":
        assert isinstance(error, requests.JSONDecodeError)
    elif mode == "auth_expired":
        assert isinstance(error, tweepy.Unauthorized)
    elif mode == "http_429":
        assert isinstance(error, tweepy.TooManyRequests)
        assert error.reset_time == int(FixedClock().now().timestamp()) + 7
        assert error.response.headers["x-rate-limit-remaining"] == "0"
    else:
        assert isinstance(error, tweepy.TwitterServerError)
    happened = 1 if mode in ACTING else 0
    assert kinds(box) == ["twitter.create_post"] * happened
    timeline = x.get_users_tweets(1001, user_auth=True)
    assert ("Open on Saturday" in [post.text for post in timeline.data]) is bool(happened)
    assert box.requests()["twitter"] == 2


@pytest.mark.parametrize("service", ["odoo", "twitter"])
def test_slow_acts_and_answers_late(box: Sandbox, x: tweepy.Client, service: str) -> None:
    box.fault(service, "slow", match="create", seconds=0.05)
    if service == "odoo":
        assert execute(box, "account.move", "create", invoice()) == 1
    else:
        assert x.create_tweet(text="Late").data["id"]
    assert len(box.effects()) == 1


def test_slow_acts_even_when_the_client_gave_up(
    box: Sandbox, capfd: pytest.CaptureFixture[str]
) -> None:
    box.fault("odoo", "slow", match="create_invoice", seconds=60)
    odoo = log_in(box)
    odoo.config["timeout"] = 0.1
    with pytest.raises(TimeoutError):
        odoo.execute_kw("account.move", "create", [invoice()])
    assert kinds(box) == []
    box.release()
    pause = threading.Event()
    for _ in range(200):
        if box.effects():
            break
        pause.wait(0.05)
    assert kinds(box) == ["odoo.create_invoice"]
    box.close()
    assert capfd.readouterr() == ("", "")


def test_an_expired_login_is_answered_with_false(box: Sandbox) -> None:
    box.fault("odoo", "auth_expired", match="odoo.common.login")
    with pytest.raises(odoorpc.error.RPCError) as caught:
        log_in(box)
    assert not caught.value.info
    assert log_in(box).env.uid == 2


# -- Odoo -------------------------------------------------------------------------------------


def test_odoorpc_logs_in_reads_and_creates(box: Sandbox) -> None:
    odoo = log_in(box)
    assert odoo.version == "17.0"
    assert odoo.env.context == {"lang": "en_US", "tz": "UTC", "uid": 2}
    found = odoo.execute_kw(
        "res.partner", "search_read", [[["name", "=ilike", "acme ltd"]]], {"fields": ["name"]}
    )
    assert found == [{"id": 14, "name": "Acme Ltd"}]
    values = invoice(ref="AIE-0123456789", currency_id=125, invoice_date="2026-11-21")
    made = odoo.execute_kw("account.move", "create", [values])
    fields = ["name", "state", "payment_state", "partner_id", "currency_id", "company_id"]
    fields += ["ref", "amount_total", "amount_total_signed", "invoice_date_due", "narration"]
    assert odoo.execute_kw("account.move", "read", [[made], fields]) == [
        {
            "id": made,
            "name": "/",
            "state": "draft",
            "payment_state": "not_paid",
            "partner_id": [14, "Acme Ltd"],
            "currency_id": [125, "EUR"],
            "company_id": [1, "Sandbox Company"],
            "ref": "AIE-0123456789",
            "amount_total": 1250.0,
            "amount_total_signed": 1562.5,
            "invoice_date_due": "2026-11-21",
            "narration": False,
        }
    ]
    assert odoo.env["res.partner"].browse(14).name == "Acme Ltd"


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_only_empty_credentials_are_refused(box: Sandbox, missing: int) -> None:
    given = ["any", "body", "wrong"]
    assert rpc(box, "common", "login", *given)["result"] == 2
    assert rpc(box, "common", "authenticate", *given, {})["result"] == 2
    given[missing] = ""
    assert rpc(box, "common", "login", *given)["result"] is False


@pytest.mark.parametrize(
    ("currency", "price", "quantity", "total"),
    [
        (125, "1250.00", 1, 1250.0),
        (125, 0.1, 3, 0.3),
        (125, 2.675, 1, 2.68),
        (25, 10.5, 1, 11.0),
        (1, -5, 2, -10.0),
    ],
)
def test_amounts_are_rounded_by_the_currency(
    box: Sandbox, currency: int, price: object, quantity: int, total: float
) -> None:
    lines = [[0, 0, {"name": "Work", "quantity": quantity, "price_unit": price}]]
    made = execute(
        box, "account.move", "create", invoice(currency_id=currency, invoice_line_ids=lines)
    )
    read = execute(box, "account.move", "read", [made], ["amount_total", "amount_residual"])
    assert read == [{"id": made, "amount_total": total, "amount_residual": total}]


@pytest.mark.parametrize(
    ("model", "method", "args", "name"),
    [
        ("res.nothing", "search", [[]], "odoo.exceptions.UserError"),
        ("res.partner", "explode", [[]], "builtins.AttributeError"),
        ("res.partner", "_read", [[]], "odoo.exceptions.AccessError"),
        ("res.partner", "search", [], "builtins.TypeError"),
        ("res.partner", "search", [[["nope", "=", 1]]], "builtins.ValueError"),
        ("res.partner", "search", [[["name", "like"]]], "builtins.ValueError"),
        ("res.partner", "search", [["|", ["name", "=", "x"]]], "builtins.ValueError"),
        ("res.partner", "search", [[["name", "~", "x"]]], "builtins.ValueError"),
        ("res.partner", "read", [[14], ["nope"]], "builtins.ValueError"),
        ("res.partner", "write", [[999], {"name": "x"}], "odoo.exceptions.MissingError"),
        ("res.partner", "create", [{"email": "x@y.example"}], "odoo.exceptions.ValidationError"),
        ("account.move", "create", [{"nope": 1}], "builtins.ValueError"),
        ("account.move", "create", [{"partner_id": 999}], "odoo.exceptions.MissingError"),
        ("account.move", "create", [{"move_type": "gift"}], "builtins.ValueError"),
        ("account.move", "create", [{"invoice_date": "21.11.2026"}], "builtins.ValueError"),
        ("account.move", "create", [{"state": "posted"}], "odoo.exceptions.UserError"),
        (
            "account.move",
            "create",
            [{"invoice_line_ids": [[0, 0, {"price_unit": "10,5"}]]}],
            "builtins.ValueError",
        ),
    ],
)
def test_errors_have_odoos_names_and_nothing_happens(
    box: Sandbox, model: str, method: str, args: list[object], name: str
) -> None:
    error = execute(box, model, method, *args)
    assert error["name"] == name
    assert set(error) == {"name", "debug", "message", "arguments", "context"}
    assert error["debug"].startswith("Traceback")
    assert box.effects() == []
    assert execute(box, "account.move", "search_count", []) == 0
    assert execute(box, "account.move.line", "search_count", []) == 0


def test_a_batch_is_one_transaction(box: Sandbox) -> None:
    error = execute(box, "account.move", "create", [invoice(), invoice(partner_id=999)])
    assert error["name"] == "odoo.exceptions.MissingError"
    assert (box.effects(), execute(box, "account.move", "search", [])) == ([], [])
    made = execute(box, "account.move", "create", [invoice(1.0), invoice(2.0)])
    assert len(made) == len(box.effects()) == 2


def test_defaults_come_from_the_context(box: Sandbox) -> None:
    context = {"default_move_type": "out_invoice", "default_nothing": 1}
    made = execute(box, "account.move", "create", {"partner_id": 14}, context=context)
    read = execute(box, "account.move", "read", made, ["move_type", "display_name"])
    assert read == [
        {"id": made, "move_type": "out_invoice", "display_name": f"Draft Invoice (* {made})"}
    ]
    execute(box, "res.partner", "create", {"name": "Hooli"}, context=context)
    assert kinds(box) == ["odoo.create_invoice", "odoo.create_partner"]


def test_a_missing_record_is_read_as_nothing(box: Sandbox) -> None:
    assert execute(box, "res.partner", "read", [999, 14], ["name"]) == [
        {"id": 14, "name": "Acme Ltd"}
    ]


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ([["name", "=", "Smith"]], [17, 18]),
        ([["name", "ilike", "ACME"]], [14]),
        ([["name", "like", "ACME"]], []),
        ([["name", "=ilike", "%gmbh"]], [15, 19]),
        ([["id", "in", [14, 15, 999]]], [14, 15]),
        ([["id", "not in", [14]], ["customer_rank", ">", 0]], [15, 16, 17, 18]),
        (["|", ["id", "=", 14], "&", ["id", ">=", 17], ["id", "<=", 18]], [14, 17, 18]),
        (["!", ["id", "<", 20]], [20, 21]),
        ([["parent_id", "=", False], ["id", "<", 14]], [1]),
        ([["parent_id", "!=", False]], [3]),
        ([["parent_id", "=", 1]], [3]),
        ([["parent_id", "ilike", "sandbox"]], [3]),
        ([["parent_id.city", "=", "Berlin"]], [3]),
        ([["ref", "!=", "x"], ["id", "=", 14]], [14]),
        ([["name", "ilike", "50%"]], []),
        ([[0, "=", 1]], []),
    ],
)
def test_domains(box: Sandbox, domain: list[object], expected: list[int]) -> None:
    assert execute(box, "res.partner", "search", domain, order="id") == expected
    assert execute(box, "res.partner", "search_count", domain) == len(expected)


def test_order_offset_and_limit(box: Sandbox) -> None:
    customers = [["customer_rank", ">", 0]]
    by_name = execute(box, "res.partner", "search", customers, order="name desc, id")
    assert by_name == [17, 18, 16, 15, 14]
    assert execute(box, "res.partner", "search", customers, offset=1, limit=2, order="id") == [
        15,
        16,
    ]
    assert execute(box, "res.partner", "name_search", "smith", limit=1) == [[18, "Smith"]]


def test_archived_records_are_shown_on_demand(box: Sandbox) -> None:
    names = execute(box, "res.currency", "search_read", [], ["name"], order="name")
    assert [row["name"] for row in names] == ["CHF", "EUR", "GBP", "USD"]
    yen = [["name", "=", "JPY"]]
    assert execute(box, "res.currency", "search", yen) == []
    assert execute(box, "res.currency", "search", yen, context={"active_test": False}) == [25]
    assert execute(box, "res.currency", "search", [*yen, ["active", "=", False]]) == [25]


def test_a_foreign_company_is_refused(box: Sandbox) -> None:
    context = {"allowed_company_ids": [1, 2]}
    error = execute(box, "res.partner", "search", [], context=context)
    assert error["name"] == "odoo.exceptions.AccessError"


def test_fields_get_describes_what_was_asked(box: Sandbox) -> None:
    fields = execute(box, "account.move", "fields_get", ["ref", "partner_id"], ["type", "relation"])
    assert fields == {
        "ref": {"type": "char"},
        "partner_id": {"type": "many2one", "relation": "res.partner"},
    }


def test_17_knows_no_web_version_and_no_json_2(box: Sandbox) -> None:
    for method, path in (("GET", "/web/version"), ("POST", "/json/2/res.partner/search")):
        status, headers, _ = ask(box, method, path, {})
        assert (status, headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert ask(box, "POST", "/jsonrpc", b"not json")[0] == 400


# -- X ----------------------------------------------------------------------------------------


def test_tweepy_posts_and_reads_back(box: Sandbox, x: tweepy.Client) -> None:
    assert x.get_me().data.data == {
        "id": "1001",
        "name": "Sandbox Owner",
        "username": "sandbox_owner",
    }
    text = "Tea & cake <3: https://www.example.com/menu?day=1 today"
    made = x.create_tweet(text=text).data
    answer = x.get_users_tweets(
        x.access_token.partition("-")[0],
        user_auth=True,
        max_results=5,
        start_time=datetime(2026, 11, 21, 9, 30, tzinfo=UTC),
        tweet_fields=["created_at", "entities"],
    )
    (post,) = answer.data
    (link,) = post.entities["urls"]
    assert (str(post.id), post.text) == (made["id"], made["text"])
    assert post.text == f"Tea &amp; cake &lt;3: {link['url']} today"
    assert post.text[link["start"] : link["end"]] == link["url"]
    assert link["expanded_url"] == "https://www.example.com/menu?day=1"
    assert link["display_url"] == "example.com/menu?day=1"
    assert post.created_at == datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
    (effect,) = box.effects()
    assert (effect["kind"], effect["key"]) == ("twitter.create_post", None)
    expected = {"id": made["id"], "text": text, "in_reply_to_tweet_id": None}
    assert effect["payload"] == expected


def test_replies_make_a_thread(box: Sandbox, x: tweepy.Client) -> None:
    first = x.create_tweet(text="One").data["id"]
    second = x.create_tweet(text="Two", in_reply_to_tweet_id=first).data["id"]
    third = x.create_tweet(text="Three", in_reply_to_tweet_id=second).data["id"]
    assert int(first) < int(second) < int(third)
    fields = ["conversation_id", "referenced_tweets"]
    posts = x.get_users_tweets(1001, user_auth=True, max_results=5, tweet_fields=fields).data
    assert [post.conversation_id for post in posts[:3]] == [int(first)] * 3
    assert posts[0].referenced_tweets[0].id == int(second)
    assert box.effects()[1]["payload"]["in_reply_to_tweet_id"] == first
    with pytest.raises(tweepy.Forbidden):
        x.create_tweet(text="Nobody there", in_reply_to_tweet_id=5)


def test_the_same_text_twice_is_refused(box: Sandbox, x: tweepy.Client) -> None:
    x.create_tweet(text="Only once")
    with pytest.raises(tweepy.Forbidden) as caught:
        x.create_tweet(text="Only once")
    assert caught.value.response.json() == {
        "detail": "You are not allowed to create a Tweet with duplicate content.",
        "type": "about:blank",
        "title": "Forbidden",
        "status": 403,
    }
    assert len(box.effects()) == 1


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("a" * 280, 280),
        ("世" * 140, 280),
        ("👨‍👩‍👧‍👦" * 140, 280),
        ("🇩🇪❤️👍🏽", 6),
        ("https://example.com/" + "long" * 100, 23),
        ("See example.com.", 28),
        ("me@example.com", 14),
        ("e\u0301", 1),
    ],
)
def test_weights(text: str, weight: int) -> None:
    assert weight_of(text) == weight


def test_too_long_empty_and_unknown_are_400(box: Sandbox, x: tweepy.Client) -> None:
    for arguments in (
        {"text": "a" * 281},
        {"text": ""},
        {"text": "x", "quote_tweet_id": 1},
        {"text": "x", "in_reply_to_tweet_id": "one"},
    ):
        with pytest.raises(tweepy.BadRequest) as caught:
            x.create_tweet(**arguments)
        assert caught.value.response.json()["title"] == "Invalid Request"
    assert box.effects() == []


def test_a_timeline_is_read_page_by_page(x: tweepy.Client) -> None:
    for number in range(4):
        x.create_tweet(text=f"Post {number}")
    first = x.get_users_tweets(1001, user_auth=True, max_results=5)
    token = first.meta["next_token"]
    rest = x.get_users_tweets(1001, user_auth=True, max_results=5, pagination_token=token)
    texts = [post.text for post in first.data + rest.data]
    assert texts[:4] == ["Post 3", "Post 2", "Post 1", "Post 0"]
    assert (len(texts), first.meta["result_count"], rest.meta["result_count"]) == (8, 5, 3)
    assert "next_token" not in rest.meta
    newest = first.meta["newest_id"]
    assert x.get_users_tweets(1001, user_auth=True, since_id=newest).meta == {"result_count": 0}


@pytest.mark.parametrize(
    "query",
    ["max_results=4", "max_results=101", "pagination_token=zz", "start_time=x", "fields=y"],
)
def test_a_timeline_refuses_bad_parameters(box: Sandbox, query: str) -> None:
    headers = {"Authorization": "Bearer sandbox"}
    status, _, body = ask(box, "GET", f"/2/users/1001/tweets?{query}", headers=headers)
    assert (status, json.loads(body)["title"]) == (400, "Invalid Request")


@pytest.mark.parametrize("header", ["", "Bearer ", "OAuth", "Basic abc"])
def test_without_credentials_it_is_401(box: Sandbox, header: str) -> None:
    headers = {"Authorization": header} if header else {}
    status, limits, body = ask(box, "GET", "/2/users/me", headers=headers)
    assert status == json.loads(body)["status"] == 401
    names = [f"x-rate-limit-{name}" for name in ("limit", "remaining", "reset")]
    assert all(limits[name].isdecimal() for name in names)


def test_another_user_is_not_found(box: Sandbox) -> None:
    headers = {"Authorization": "Bearer sandbox"}
    status, _, body = ask(box, "GET", "/2/users/7/tweets", headers=headers)
    assert (status, json.loads(body)["errors"][0]["title"]) == (200, "Not Found Error")
    assert ask(box, "GET", "/2/nothing", headers=headers)[0] == 404


def test_the_sandbox_loads_no_service_library() -> None:
    code = (
        "import sys, mcp_servers.sandbox;"
        "print([m for m in ('mcp', 'odoorpc', 'tweepy', 'requests') if m in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
