"""One suite for every write of every service, against its fake: once, or known not to be certain.

A new action is one row of `CASES`; a service that answers a fault in another way says so there.
"""

from __future__ import annotations

import json
import logging
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

import pytest

from core.actions import Payload, key_of, payload_of
from core.media import LoadedMedia, Media, facts_of
from core.settings import SETTINGS
from mcp_servers.catalog import ACTIONS, READS, SERVICE_SETTINGS, SERVICES
from mcp_servers.odoo.fake import OdooFake
from mcp_servers.sandbox import Sandbox
from mcp_servers.toolset import Done, Evidence, Finding, Toolset, Trace, Write
from tests.pictures import jpeg, png
from tests.support import serving
from utils.config import Settings
from utils.errors import (
    NotSentError,
    RateLimitedError,
    RejectedError,
    ServiceError,
    UnknownOutcomeError,
)
from utils.files import digest

T = TypeVar("T")
Json = Any

KEY = key_of("APR-20261121-001")
SECRET = "hunter2-secret"
START = timedelta(seconds=5)
TRACE = Trace(KEY, datetime(2026, 11, 21, 9, 30, tzinfo=UTC))


def trace_from(began_at: datetime) -> Trace:
    """Return the trace of an attempt that began then."""
    return Trace(KEY, began_at)


def picture(name: str, data: bytes, alt: str | None = None) -> LoadedMedia:
    """Return a picture as it was approved."""
    facts = facts_of(data)
    assert facts is not None
    return LoadedMedia(Media(file=name, sha256=digest(data), alt=alt), data, facts)


def named(files: tuple[LoadedMedia, ...]) -> list[dict[str, Any]]:
    """Return pictures as the arguments of an action name them."""
    return [file.media.model_dump(exclude_none=True) for file in files]


def shown_photos(request: dict[str, Any]) -> Json:
    """Return what a preview says of a post on the page."""
    photos = [
        {"sha256": each["file"]["sha256"], "alt": each["form"].get("alt_text_custom")}
        for each in request.get("before", ())
    ]
    form = request["form"]
    return {"message": form["message"], "link": form.get("link"), "photos": photos}


def shown_media(request: dict[str, Any]) -> Json:
    """Return what a preview says of a post on Instagram."""
    forms = [each["form"] for each in request["before"]]
    urls = [form.get("image_url") or form.get("video_url") for form in forms]
    names = [url.rpartition("/")[2] for url in urls if url]
    return {"caption": forms[-1]["caption"], "names": names}


def sent_media(payload: dict[str, Any]) -> Json:
    """Return what the fake received of a post on Instagram."""
    names = [file["url"].rpartition("/")[2] for file in payload["files"]]
    return {"caption": payload["caption"], "names": names}


def shown_message(request: dict[str, Any]) -> Json:
    """Return what a preview says of a private message."""
    form = request["form"]
    return [json.loads(form["recipient"])["id"], json.loads(form["message"])["text"]]


def draft(customer_id: int, price: float = 100.0) -> dict[str, Any]:
    """Return a draft invoice as somebody types it into Odoo, in the company's currency."""
    line = [0, 0, {"name": "Work", "price_unit": price}]
    dated = {"invoice_date": "2026-11-01", "invoice_date_due": "2026-11-15"}
    values = {"move_type": "out_invoice", "partner_id": customer_id, "currency_id": 1}
    return {**values, **dated, "invoice_line_ids": [line]}


def quotation_of(values: dict[str, Any]) -> Json:
    """Return a previewed quotation with the ids of the sandbox in place of the names."""
    ids = {"SERVICE": 1, "Website retainer": 2}
    lines = [
        [0, 0, {**line, "product_id": ids[line["product_id"]]}]
        for _, _, line in values["order_line"]
    ]
    return {**values, "pricelist_id": 2, "order_line": lines}


def form_of(payment: dict[str, Any]) -> Json:
    """Return what the form of a payment said; 17 keeps the memo in `ref`.

    That the rest stayed open shows in its invoice only (`test_odoo_books`).
    """
    memo = payment.get("memo") or payment["ref"]
    return {
        "payment_difference_handling": "open",
        "amount": payment["amount"],
        "communication": memo,
        "payment_date": payment["date"],
    }


@dataclass(frozen=True)
class Case:
    """One action with arguments that work, and what its fake tells of it.

    Args:
        kind: of the action.
        arguments: that are accepted.
        body: what the request says, as the fake keeps it; ids the preview cannot know filled in.
        sent: what the fake received, from an effect's payload.
        url: a part of the address of what was made.
        absent: what a read-back without a trace says.
        settings: besides those of the sandbox.
        prepare: makes what must be there before; given Odoo's fake.
        files: pictures that go with it.
        version: of Odoo that is played.
        staged: kind of the invisible first step, if there is one.
    """

    kind: str
    arguments: dict[str, Any]
    body: Callable[[dict[str, Any]], Json]
    sent: Callable[[dict[str, Any]], Json]
    url: str
    absent: Finding = Finding.ABSENT
    settings: dict[str, str] = field(default_factory=dict)
    prepare: Callable[[OdooFake], object] | None = None
    version: int = 17
    staged: str | None = None
    files: tuple[LoadedMedia, ...] = ()

    @property
    def service(self) -> str:
        return self.kind.split(".")[0]

    @property
    def payload(self) -> Payload:
        return payload_of(ACTIONS[self.kind], self.arguments)


def shown_mail(request: dict[str, Any]) -> dict[str, Any]:
    """Return what a preview says of a mail."""
    headers = request["headers"]
    people = {name: headers.get(name.title(), "") for name in ("to", "cc", "bcc")}
    return {**people, "subject": headers["Subject"], "body": request["text"]}


def sent_mail(payload: dict[str, Any]) -> dict[str, Any]:
    """Return what the fake received of a mail."""
    people = {name: ", ".join(payload[name]) for name in ("to", "cc", "bcc")}
    return {**people, "subject": payload["subject"], "body": payload["body"]}


ODOO_CASES = (
    Case(
        kind="odoo.create_invoice",
        arguments={
            "customer": "Acme Ltd",
            "customer_id": 14,
            "currency": "EUR",
            "invoice_date": "2026-11-21",
            "due_date": "2026-12-05",
            "reference": "PO 7",
            "note": "Thank you <3",
            "lines": [
                {"description": "Retainer", "quantity": 1, "unit_price": "1250.00"},
                {"description": "Hours", "quantity": "2.5", "unit_price": "80.10"},
            ],
        },
        body=lambda request: {**request["args"][0], "currency_id": 125},
        sent=lambda payload: payload["values"],
        url="/web#id=",
        settings={"ODOO_API_KEY": SECRET},
    ),
    Case(
        kind="odoo.create_quotation",
        arguments={
            "customer": "Acme Ltd",
            "customer_id": 14,
            "currency": "EUR",
            "valid_until": "2026-12-31",
            "lines": [
                {"description": "Relaunch", "quantity": 2, "unit_price": "600"},
                {
                    "description": "Care",
                    "quantity": 1,
                    "unit_price": "49.90",
                    "product": "Website retainer",
                },
            ],
        },
        body=lambda request: quotation_of(request["args"][0]),
        sent=lambda payload: payload["values"],
        url="/web#id=",
        settings={"ODOO_API_KEY": SECRET},
    ),
    Case(
        kind="odoo.post_invoice",
        arguments={"invoice_id": 1, "partner": "Acme Ltd", "amount": "100", "currency": "USD"},
        body=lambda request: request["args"],
        sent=lambda payload: [[payload["id"]]],
        url="/web#id=",
        settings={"ODOO_API_KEY": SECRET},
        prepare=lambda odoo: odoo.add("account.move", draft(14)),
    ),
    Case(
        kind="odoo.create_vendor_bill",
        arguments={
            "vendor": "Papyrus Office Ltd",
            "vendor_id": 20,
            "currency": "EUR",
            "reference": "RE-2026/77",
            "invoice_date": "2026-11-20",
            "lines": [{"description": "Paper", "quantity": 10, "unit_price": "4.99"}],
        },
        body=lambda request: {**request["args"][0], "currency_id": 125},
        sent=lambda payload: payload["values"],
        url="/web#id=",
        settings={"ODOO_API_KEY": SECRET},
    ),
    Case(
        kind="odoo.register_payment",
        arguments={
            "invoice": "INV/2026/00001",
            "invoice_id": 1,
            "partner": "Acme Ltd",
            "amount": "60.00",
            "currency": "USD",
            "payment_date": "2026-11-21",
        },
        body=lambda request: request["args"][0],
        sent=lambda payload: form_of(payload["values"]),
        url="/web#id=",
        settings={"ODOO_API_KEY": SECRET},
        prepare=lambda odoo: odoo.add("account.move", draft(14), then="action_post"),
    ),
    Case(
        kind="odoo.create_partner",
        arguments={"name": "Hooli & Sons", "role": "customer", "country": "IE"},
        body=lambda request: {**request["args"][0], "country_id": 101},
        sent=lambda payload: payload["values"],
        url="/web#id=",
        settings={"ODOO_API_KEY": SECRET},
    ),
    Case(
        kind="odoo.update_opportunity",
        arguments={
            "opportunity": "Acme website relaunch",
            "opportunity_id": 1,
            "stage": "Proposition",
            "expected_revenue": "5200.00",
            "close_date": "2026-12-20",
        },
        body=lambda request: {**request["args"][1], "stage_id": 3},
        sent=lambda payload: payload["values"],
        url="/web#id=",
        settings={"ODOO_API_KEY": SECRET},
    ),
)

X_KEYS = {
    "TWITTER_ACCESS_TOKEN": f"1001-{SECRET}",
    "TWITTER_ACCESS_SECRET": SECRET,
    "TWITTER_API_KEY": SECRET,
    "TWITTER_API_SECRET": SECRET,
}

IN_STEPS = {"twitter.create_thread"}
"""Acts of several requests that others can see: `test_twitter_threads.py` is their suite."""


PHOTOS = (picture("oak.jpg", jpeg(1200, 900), "An oak table"), picture("ash.png", png(800, 800)))
SQUARES = (
    picture("Attachments/oak.jpg", jpeg(900, 900), "Oak"),
    picture("ash 2.jpg", jpeg(1080, 900)),
)
FILM = (picture("saw.mp4", b"\x00\x00\x00\x18ftypmp42" + bytes(40)),)
PAGE = {"FACEBOOK_PAGE_TOKEN": SECRET}
ACCOUNT = {"INSTAGRAM_TOKEN": SECRET}
INSTAGRAM_POST = Case(
    kind="instagram.publish_media",
    arguments={"caption": "Grüße & <more> 🎉 #oak", "media": named(SQUARES[:1])},
    body=shown_media,
    sent=sent_media,
    url="https://www.instagram.com/",
    settings=ACCOUNT,
    staged="instagram.create_container",
    files=SQUARES[:1],
)

META_CASES = (
    Case(
        kind="facebook.create_post",
        arguments={"message": "Open & ready <b>:\n\n“Monday” 🎉 #winter", "media": named(PHOTOS)},
        body=shown_photos,
        sent=lambda payload: {name: payload[name] for name in ("message", "link", "photos")},
        url="https://www.facebook.com/",
        settings=PAGE,
        staged="facebook.upload_photo",
        files=PHOTOS,
    ),
    Case(
        kind="facebook.create_post",
        arguments={"message": "Read this", "link": "https://example.com/a?b=1&c=2#d"},
        body=shown_photos,
        sent=lambda payload: {name: payload[name] for name in ("message", "link", "photos")},
        url="https://www.facebook.com/",
        settings=PAGE,
    ),
    Case(
        kind="facebook.reply_to_comment",
        arguments={"comment_id": "122100000000000004_700000000000006", "message": "Yes, 9 to 1 🙂"},
        body=lambda request: request["form"]["message"],
        sent=lambda payload: payload["message"],
        url="https://www.facebook.com/",
        settings=PAGE,
    ),
    Case(
        kind="facebook.send_message",
        arguments={
            "recipient_id": "24000000000001",
            "recipient": "Mia",
            "message": "Yes, “we” are.",
        },
        body=shown_message,
        sent=lambda payload: [payload["recipient_id"], payload["message"]],
        url="https://business.facebook.com/",
        settings=PAGE,
    ),
    INSTAGRAM_POST,
    replace(
        INSTAGRAM_POST,
        arguments={"caption": "Two of them", "media": named(SQUARES)},
        files=SQUARES,
    ),
    replace(INSTAGRAM_POST, arguments={"caption": "Saw", "media": named(FILM)}, files=FILM),
    Case(
        kind="instagram.reply_to_comment",
        arguments={"comment_id": "17870000000000006", "message": "Linseed oil."},
        body=lambda request: request["form"]["message"],
        sent=lambda payload: payload["message"],
        url="https://www.instagram.com/",
        settings=ACCOUNT,
    ),
    Case(
        kind="instagram.send_message",
        arguments={"recipient_id": "25000000000001", "message": "It is, 120 €."},
        body=shown_message,
        sent=lambda payload: [payload["recipient_id"], payload["message"]],
        url="https://www.instagram.com/",
        settings=ACCOUNT,
    ),
)

CASES = (
    *ODOO_CASES,
    *META_CASES,
    *(replace(case, version=19, url="/odoo/") for case in ODOO_CASES),  # by way of JSON-2
    Case(
        kind="twitter.create_post",
        arguments={"text": "Open & ready < Monday:\nhttps://example.com/hours and example.com 🎉"},
        body=lambda request: request["json"]["text"],
        sent=lambda payload: payload["text"],
        url="https://x.com/i/web/status/",
        settings=X_KEYS,
    ),
    Case(
        kind="twitter.reply_to_post",
        arguments={
            "post_id": "https://x.com/ann_smith/status/1984000000000000001?s=20",
            "author": "@ann_smith",
            "text": "We do, from 8 to 12: https://example.com/hours & welcome",
        },
        body=lambda request: {
            "text": request["json"]["text"],
            **request["json"]["reply"],
        },
        sent=lambda payload: {name: payload[name] for name in ("text", "in_reply_to_tweet_id")},
        url="https://x.com/i/web/status/",
        settings=X_KEYS,
    ),
    Case(
        kind="twitter.send_direct_message",
        arguments={
            "recipient": "ann_smith",
            "recipient_id": "2001",
            "text": "Dear Ann,\n\nhere is the offer: https://example.com/offer <b>",
        },
        body=lambda request: {"text": request["json"]["text"], "to": request["url"].split("/")[-2]},
        sent=lambda payload: {"text": payload["text"], "to": payload["recipient_id"]},
        url="https://x.com/messages",
        settings=X_KEYS,
    ),
    Case(
        kind="email.send_email",
        arguments={
            "to": ["Ann <ann@Example.com>", "b@bücher.example"],
            "cc": "carol@example.com",
            "bcc": ["dan@example.com"],
            "subject": "Grüße & <more>",
            "body": 'Dear Ann,\n\n.\nFrom here on: 5 € = "x"\n' + "long " * 300,
        },
        body=shown_mail,
        sent=sent_mail,
        url="https://mail.google.com/",
        staged="email.create_draft",
    ),
    Case(
        kind="email.reply_to_email",
        arguments={
            "message_id": "19a8000000000002",
            "to": "accounts@acme.example",
            "body": "Thank you, it is on its way.",
            "quote": False,
        },
        body=lambda request: shown_mail(request) | {"subject": "Re: Invoice for November please"},
        sent=sent_mail,
        url="https://mail.google.com/",
        staged="email.create_draft",
    ),
    Case(
        kind="email.create_draft",
        arguments={"to": "ann@example.com", "subject": "Offer", "body": "Dear Ann"},
        body=shown_mail,
        sent=sent_mail,
        url="https://mail.google.com/",
    ),
)


def name_of(case: Case) -> str:
    """Return how a case is called in a test's name."""
    name = case.kind if case.version == 17 else f"{case.kind}@{case.version}"
    if case.service in {"facebook", "instagram"} and len(case.files) != 1:
        name += f"+{len(case.files)}"
    return f"{name}+film" if case.files is FILM else name


ODOO_CONNECTIONS = tuple(case for case in CASES if case.kind == "odoo.create_invoice")
META_CONNECTIONS = (
    next(case for case in META_CASES if case.service == "facebook"),
    INSTAGRAM_POST,
)
each_connection = pytest.mark.parametrize(
    "case",
    [
        *ODOO_CONNECTIONS,
        *META_CONNECTIONS,
        *(case for case in CASES if case.service in {"twitter", "email"}),
    ],
    indirect=True,
    ids=name_of,
)
"""How a connection fails is the same for every action of a service, and waiting takes time."""

FAULTS: dict[str, tuple[type[ServiceError], int]] = {
    "lost_answer": (UnknownOutcomeError, 1),
    "drop_before": (UnknownOutcomeError, 0),
    "http_500_before": (UnknownOutcomeError, 0),
    "http_500_after": (UnknownOutcomeError, 1),
    "garbage": (UnknownOutcomeError, 0),
    "http_429": (RateLimitedError, 0),
    "auth_expired": (RejectedError, 0),
}
"""What each fault of the write itself must be taken for, and what it leaves behind."""


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.reset()
    return running


def odoo_in(sandbox: Sandbox) -> OdooFake:
    """Return the fake Odoo inside a sandbox."""
    (fake,) = (fake for fake in sandbox._fakes if isinstance(fake, OdooFake))
    return fake


@pytest.fixture(params=CASES, ids=name_of)
def case(request: pytest.FixtureRequest) -> Case:
    chosen: Case = request.param
    return chosen


@pytest.fixture
def settings(sandbox: Sandbox, case: Case) -> Settings:
    odoo_in(sandbox).switch(version=case.version)
    if case.prepare is not None:
        case.prepare(odoo_in(sandbox))
    for file in case.files:
        sandbox._world.files[file.media.path.rpartition("/")[2]] = file.data
    return Settings((*SETTINGS, *SERVICE_SETTINGS), sandbox.settings() | case.settings, Path())


def toolset_of(case: Case) -> Toolset:
    toolset: Toolset = import_module(f"mcp_servers.{case.service}.tools").TOOLSET
    return toolset


def write_of(case: Case) -> Write:
    return toolset_of(case).writes[ACTIONS[case.kind].tool]


def perform(case: Case, writer: Any, trace: Trace = TRACE) -> Done:
    """Do it as the gate does: the invisible step first, where there is one."""
    write, trace = write_of(case), replace(trace, files=case.files)
    staged_id = write.stage(writer, case.payload, trace) if write.stage else None
    if staged_id is not None:
        trace = replace(trace, staged_id=staged_id)
    return write.perform(writer, case.payload, trace)


def reconcile(case: Case, settings: Settings) -> Evidence:
    reader = toolset_of(case).reader(settings)
    return write_of(case).reconcile(reader, case.payload, trace_from(datetime.now(UTC) - START))


def effects_of(sandbox: Sandbox, case: Case) -> list[dict[str, Any]]:
    return [effect for effect in sandbox.effects() if effect["kind"] == case.kind]


def seen(sandbox: Sandbox, case: Case) -> list[dict[str, Any]]:
    """Return all effects but those of the invisible first step."""
    return [effect for effect in sandbox.effects() if effect["kind"] != case.staged]


def wait_for(look: Callable[[], T]) -> T:
    """Return the first true answer, for what happens in another thread; give up after 10 s."""
    pause = threading.Event()
    for _ in range(500):
        if found := look():
            return found
        pause.wait(0.02)
    raise AssertionError("it did not happen within 10 seconds")


def test_every_write_has_a_case_and_a_tool() -> None:
    assert {case.kind for case in CASES} | IN_STEPS == set(ACTIONS)
    for service in SERVICES.values():
        toolset: Toolset = import_module(f"mcp_servers.{service.name}.tools").TOOLSET
        assert set(toolset.writes) == {action.tool for action in service.actions}
        assert set(toolset.reads) == {read.tool for read in service.reads}


def test_a_write_happens_once_and_as_previewed(
    sandbox: Sandbox, case: Case, settings: Settings
) -> None:
    request = write_of(case).request(settings, case.payload, KEY)
    done = perform(case, toolset_of(case).writer(settings))
    (effect,) = seen(sandbox, case)
    assert effect["kind"] == case.kind
    assert case.sent(effect["payload"]) == case.body(request)
    assert done.remote_id == str(effect["payload"]["id"])
    assert case.url in (done.remote_url or "")


def test_a_preview_asks_nobody(sandbox: Sandbox, case: Case, settings: Settings) -> None:
    toolset_of(case).reader(settings)
    toolset_of(case).writer(settings)
    assert write_of(case).request(settings, case.payload, KEY)["method"] == "POST"
    assert sandbox.requests()[case.service] == 0


@pytest.mark.parametrize("mode", FAULTS)
def test_a_fault_is_taken_for_what_it_is(
    sandbox: Sandbox, case: Case, settings: Settings, mode: str
) -> None:
    error_class, count = FAULTS[mode]
    writer = toolset_of(case).writer(settings)
    sandbox.fault(case.service, mode, match=case.kind, seconds=30)
    before = datetime.now(UTC)
    with pytest.raises(error_class) as caught:
        perform(case, writer)
    assert type(caught.value) is error_class
    assert len(effects_of(sandbox, case)) == count
    if isinstance(caught.value, RateLimitedError):
        retry_at = caught.value.retry_at
        assert retry_at is not None
        assert timedelta(seconds=25) < retry_at - before < timedelta(seconds=60)
    assert "Traceback" not in str(caught.value)
    evidence = reconcile(case, settings)
    assert evidence.finding is (Finding.FOUND if count else case.absent)
    assert len(seen(sandbox, case)) == count


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case.version == 17 or case in ODOO_CONNECTIONS],
    indirect=True,
    ids=name_of,
)
def test_a_slow_write_is_unknown_and_found_later(
    sandbox: Sandbox, case: Case, settings: Settings
) -> None:
    module = import_module(f"mcp_servers.{case.service}.client")
    limits = {"write_timeout_s": 0.4} if case.service == "odoo" else {"timeout_s": 0.4}
    writer = module.Writer(settings, **limits)
    sandbox.fault(case.service, "slow", match=case.kind, seconds=60)
    with pytest.raises(UnknownOutcomeError):
        perform(case, writer)
    assert effects_of(sandbox, case) == []
    assert reconcile(case, settings).finding is case.absent
    sandbox.release()
    (effect,) = wait_for(lambda: effects_of(sandbox, case))
    evidence = reconcile(case, settings)
    assert evidence.finding is Finding.FOUND
    assert evidence.remote_id == str(effect["payload"]["id"])


@each_connection
@pytest.mark.parametrize("mode", ["lost_answer", "drop_before", "http_500_before", "garbage"])
def test_a_question_is_asked_again(
    sandbox: Sandbox, case: Case, settings: Settings, mode: str
) -> None:
    sandbox.fault(case.service, mode, times=3)
    evidence = reconcile(case, settings)
    assert evidence.finding is case.absent


@each_connection
@pytest.mark.parametrize("mode", ["drop_before", "garbage"])
def test_a_question_is_asked_five_times_and_not_more(
    sandbox: Sandbox, case: Case, settings: Settings, mode: str
) -> None:
    sandbox.fault(case.service, mode, times=0)
    with pytest.raises(NotSentError):
        reconcile(case, settings)
    assert sandbox.requests()[case.service] == 5


def test_a_refused_sign_in_is_not_tried_again(
    sandbox: Sandbox, case: Case, settings: Settings
) -> None:
    sandbox.fault(case.service, "auth_expired", times=0)
    writer = toolset_of(case).writer(settings)
    with pytest.raises(RejectedError):
        perform(case, writer)
    assert sandbox.requests()[case.service] <= 3
    assert sandbox.effects() == []


def test_an_owner_who_renewed_the_key_can_go_on(
    sandbox: Sandbox, case: Case, settings: Settings
) -> None:
    writer = toolset_of(case).writer(settings)
    sandbox.fault(case.service, "auth_expired")
    with pytest.raises(RejectedError):
        perform(case, writer)
    assert perform(case, writer).remote_id
    assert len(effects_of(sandbox, case)) == 1


@each_connection
def test_nobody_listening_is_not_sent(case: Case, settings: Settings) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{held.getsockname()[1]}"
        elsewhere = settings.with_values(**url_of(case, url))
        with pytest.raises(NotSentError) as caught:
            perform(case, toolset_of(case).writer(elsewhere))
    assert caught.value.error_class == "Unreachable"


@each_connection
@pytest.mark.parametrize("url", ["https://127.0.0.1:{port}", "https://no-such-host.invalid"])
def test_tls_and_names_fail_before_anything_is_sent(
    sandbox: Sandbox, case: Case, settings: Settings, url: str
) -> None:
    port = sandbox.url.rpartition(":")[2]
    elsewhere = settings.with_values(**url_of(case, url.format(port=port)))
    with pytest.raises(NotSentError) as caught:
        perform(case, toolset_of(case).writer(elsewhere))
    assert caught.value.error_class == "Unreachable"
    assert sandbox.effects() == []


def url_of(case: Case, url: str) -> dict[str, str]:
    names = [row.name for row in SERVICES[case.service].settings if row.name.endswith("_URL")]
    return dict.fromkeys(names, url)


def test_a_proxy_of_the_environment_is_not_used_for_this_machine(
    sandbox: Sandbox, case: Case, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    perform(case, toolset_of(case).writer(settings))
    assert len(effects_of(sandbox, case)) == 1


class _Redirecting(BaseHTTPRequestHandler):
    """Sends everybody who posts on to the sandbox."""

    status = 0
    target = ""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.send_response(self.status)
        self.send_header("Location", f"{self.target}{self.path}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the base's name
        """Say nothing."""

    do_GET = do_POST  # noqa: N815 the base's names


@each_connection
@pytest.mark.parametrize("status", [302, 307])
def test_a_redirect_is_not_followed(
    sandbox: Sandbox, case: Case, settings: Settings, status: int
) -> None:
    handler = type("Handler", (_Redirecting,), {"target": sandbox.url, "status": status})
    with serving(handler) as url:
        writer = toolset_of(case).writer(settings.with_values(**url_of(case, url)))
        with pytest.raises((RejectedError, UnknownOutcomeError), match=f"HTTP {status}"):
            perform(case, writer)
    assert sandbox.requests()[case.service] == 0


def test_a_reader_can_change_nothing(case: Case, settings: Settings) -> None:
    reader, writer = toolset_of(case).reader(settings), toolset_of(case).writer(settings)
    assert isinstance(writer, type(reader))
    assert type(writer) is not type(reader)
    more = {name for name in set(dir(writer)) - set(dir(reader)) if not name.startswith("_")}
    assert more
    assert all(name.startswith(("create", "send", "update", "change")) for name in more)
    with pytest.raises(AttributeError):
        perform(case, reader)


@pytest.mark.parametrize("mode", [None, *FAULTS])
def test_no_secret_is_logged_or_shown(
    sandbox: Sandbox,
    case: Case,
    settings: Settings,
    mode: str | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    if mode:
        sandbox.fault(case.service, mode, match=case.kind)
    shown = ""
    try:
        shown = str(perform(case, toolset_of(case).writer(settings)))
    except ServiceError as error:
        shown = f"{error!r} {error} {error.__cause__!r} {vars(error)}"
    shown += str(reconcile(case, settings))
    assert SECRET not in shown
    for record in caplog.records:
        assert SECRET not in f"{record.getMessage()} {record.args}"


def test_reads_page_through_everything(sandbox: Sandbox, case: Case, settings: Settings) -> None:
    reads = [read for read in READS.values() if read.kind.startswith(f"{case.service}.")]
    read = next(read for read in reads if "cursor" in read.arguments.model_fields)
    reader = toolset_of(case).reader(settings)
    question = {"query": "e"} if "query" in read.arguments.model_fields else {}

    def page(**arguments: object) -> Any:
        checked = read.arguments.model_validate({**question, **arguments})
        return toolset_of(case).reads[read.tool](reader, checked)

    whole = page(limit=100)
    assert whole.next_cursor is None
    assert len(whole.items) > 3
    found, cursor = [], None
    while True:
        part = page(limit=2, cursor=cursor)
        assert len(part.items) <= 2
        found += part.items
        cursor = part.next_cursor
        if cursor is None:
            break
    assert found == list(whole.items)
    assert whole.total in {None, len(whole.items)}


# -- Odoo's own promises --------------------------------------------------------------------------

ODOO = next(case for case in CASES if case.service == "odoo")
only_odoo = pytest.mark.parametrize("case", [ODOO], indirect=True, ids=["odoo"])


@pytest.mark.parametrize("case", ODOO_CONNECTIONS, indirect=True, ids=name_of)
def test_a_warm_invoice_takes_three_requests(
    sandbox: Sandbox, case: Case, settings: Settings
) -> None:
    writer = toolset_of(case).writer(settings)
    perform(case, writer)
    before = sandbox.requests()["odoo"]
    other = key_of("APR-20261121-002")
    done = write_of(case).perform(writer, case.payload, Trace(other, TRACE.began_at))
    assert sandbox.requests()["odoo"] - before == 3
    assert done.summary == f"Draft invoice {done.remote_id} for Acme Ltd, 1,450.25 EUR."


@only_odoo
def test_the_same_key_is_created_once(sandbox: Sandbox, case: Case, settings: Settings) -> None:
    first = perform(case, toolset_of(case).writer(settings))
    second = perform(case, toolset_of(case).writer(settings))
    assert second.remote_id == first.remote_id
    assert "there already" in second.summary
    assert len(sandbox.effects()) == 1


@only_odoo
@pytest.mark.parametrize(
    "changed",
    [
        {"customer_id": 15},
        {"currency": "USD"},
        {"lines": [{"description": "Retainer", "quantity": 1, "unit_price": "1"}]},
    ],
    ids=["customer", "currency", "total"],
)
def test_a_different_record_with_our_key_stops_us(
    sandbox: Sandbox, case: Case, settings: Settings, changed: dict[str, Any]
) -> None:
    perform(case, toolset_of(case).writer(settings))
    other = payload_of(ACTIONS[case.kind], {**case.arguments, **changed})
    with pytest.raises(RejectedError, match="Nothing was sent"):
        write_of(case).perform(toolset_of(case).writer(settings), other, TRACE)
    reader = toolset_of(case).reader(settings)
    evidence = write_of(case).reconcile(reader, other, trace_from(datetime.now(UTC)))
    assert evidence.finding is Finding.DIFFERENT
    assert len(sandbox.effects()) == 1


@only_odoo
def test_an_invoice_needs_a_chosen_customer(
    sandbox: Sandbox, case: Case, settings: Settings
) -> None:
    arguments = {name: case.arguments[name] for name in ("customer", "currency", "lines")}
    payload = payload_of(ACTIONS[case.kind], arguments)
    with pytest.raises(RejectedError, match="customer_id"):
        write_of(case).perform(toolset_of(case).writer(settings), payload, TRACE)
    assert sandbox.requests()["odoo"] == 0


@only_odoo
def test_a_currency_that_is_not_active_is_refused(
    sandbox: Sandbox, case: Case, settings: Settings
) -> None:
    payload = payload_of(ACTIONS[case.kind], {**case.arguments, "currency": "JPY"})
    with pytest.raises(RejectedError, match="not active"):
        write_of(case).perform(toolset_of(case).writer(settings), payload, TRACE)
    assert sandbox.effects() == []


@only_odoo
def test_a_foreign_company_is_refused(sandbox: Sandbox, case: Case, settings: Settings) -> None:
    foreign = settings.with_values(ODOO_COMPANY_ID="7")
    with pytest.raises(RejectedError, match="AccessError"):
        perform(case, toolset_of(case).writer(foreign))
    assert sandbox.effects() == []


@only_odoo
def test_the_preview_is_the_request_to_the_last_byte_when_the_company_is_set(
    sandbox: Sandbox, case: Case, settings: Settings
) -> None:
    ours = settings.with_values(ODOO_COMPANY_ID="1")
    request = write_of(case).request(ours, case.payload, KEY)
    writer = toolset_of(case).writer(ours)
    sent: list[object] = []
    create = writer.create
    writer.create = lambda *args: sent.extend(args) or create(*args)
    perform(case, writer)
    values = {**request["args"][0], "currency_id": 125}
    assert sent == ["account.move", [values], request["kwargs"]]


@only_odoo
def test_a_reader_waits_after_a_refused_sign_in(
    sandbox: Sandbox, case: Case, settings: Settings
) -> None:
    reader = toolset_of(case).reader(settings)
    sandbox.fault("odoo", "auth_expired", times=0)
    for _ in range(3):
        with pytest.raises(RejectedError, match="sign-in was refused"):
            write_of(case).reconcile(reader, case.payload, trace_from(datetime.now(UTC)))
    assert sandbox.requests()["odoo"] <= 3


@only_odoo
def test_an_answer_lost_while_reading_back_is_unknown_and_found(
    sandbox: Sandbox, case: Case, settings: Settings
) -> None:
    sandbox.fault("odoo", "drop_before", times=5, match="account.move.read")
    with pytest.raises(UnknownOutcomeError, match="was created"):
        perform(case, toolset_of(case).writer(settings))
    assert reconcile(case, settings).finding is Finding.FOUND


# -- X's own promises -----------------------------------------------------------------------------

X = next(case for case in CASES if case.service == "twitter")
only_x = pytest.mark.parametrize("case", [X], indirect=True, ids=["twitter"])


@only_x
def test_a_duplicate_is_refused_and_says_what_to_do(
    sandbox: Sandbox, case: Case, settings: Settings
) -> None:
    writer = toolset_of(case).writer(settings)
    perform(case, writer)
    with pytest.raises(RejectedError, match="change the text"):
        perform(case, writer)
    assert len(sandbox.effects()) == 1


@only_x
@pytest.mark.parametrize(
    "text",
    [
        "Plain & simple <b> &amp; done",
        "example.com",
        "Look: https://Example.com/a?b=1&copy=2#c (really)",
        "a.example.org/x, b.example.org/y and example.org.",
        "Cafe\u0301 👨\u200d👩\u200d👧",
    ],
)
def test_a_post_is_recognised_in_the_timeline(
    sandbox: Sandbox, case: Case, settings: Settings, text: str
) -> None:
    payload = payload_of(ACTIONS[case.kind], {"text": text})
    done = write_of(case).perform(toolset_of(case).writer(settings), payload, TRACE)
    reader = toolset_of(case).reader(settings)
    since = datetime.now(UTC)
    evidence = write_of(case).reconcile(reader, payload, trace_from(since))
    assert (evidence.finding, evidence.remote_id) == (Finding.FOUND, done.remote_id)
    almost = payload_of(ACTIONS[case.kind], {"text": f"{text}!"})
    assert write_of(case).reconcile(reader, almost, trace_from(since)).finding is Finding.ABSENT


@only_x
def test_an_older_post_with_the_same_text_is_not_ours(
    sandbox: Sandbox, case: Case, settings: Settings
) -> None:
    perform(case, toolset_of(case).writer(settings))
    later = datetime.now(UTC) + timedelta(minutes=5)
    reader = toolset_of(case).reader(settings)
    evidence = write_of(case).reconcile(reader, case.payload, trace_from(later))
    assert evidence.finding is Finding.ABSENT


@only_x
def test_a_token_without_a_user_id_asks_who_we_are(
    sandbox: Sandbox, case: Case, settings: Settings
) -> None:
    perform(case, toolset_of(case).writer(settings))
    nameless = settings.with_values(TWITTER_ACCESS_TOKEN="nameless")
    assert reconcile(case, nameless).finding is Finding.FOUND
