"""What may be proposed by mail, how it is shown, and what becomes of it on the wire."""

from __future__ import annotations

import email
import json
from dataclasses import replace
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from core.actions import key_of, payload_of
from core.attachments import AttachmentRule, shown_size
from core.extract.addresses import looks_like
from core.settings import SETTINGS
from core.vault_files import LoadedFile, VaultFile
from mcp_servers.catalog import ACTIONS, SERVICE_SETTINGS, SERVICES
from mcp_servers.email import compose
from mcp_servers.email.addresses import canonical, shown
from mcp_servers.email.identity import KEY_IN_MESSAGE_ID, message_id
from mcp_servers.email.reading import read
from mcp_servers.email.signature import DISCLOSURE, filled_in, signed
from mcp_servers.email.tools import TOOLSET
from mcp_servers.listing import tool_list
from utils.config import Settings
from utils.errors import NoteError
from utils.files import digest

KEY = key_of("APR-20261121-001")
MAIL = {"to": "ann@example.com", "subject": "Offer", "body": "Dear Ann"}


def settings(**values: str) -> Settings:
    return Settings(
        (*SETTINGS, *SERVICE_SETTINGS), {"OWNER_EMAIL": "me@example.org", **values}, Path()
    )


def send(**changed: object) -> dict[str, Any]:
    return payload_of(ACTIONS["email.send_email"], {**MAIL, **changed})


def raw_of(mail: compose.Mail) -> Any:
    return email.message_from_bytes(mail.raw(), policy=default)


# -- addresses ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("ann@example.com", "ann@example.com"),
        ("  Ann@Example.COM ", "Ann@example.com"),
        ("Ann Example <ann+tag@example.com>", "ann+tag@example.com"),
        ("o'neil@example.co.uk", "o'neil@example.co.uk"),
        ("info@bücher.example", "info@xn--bcher-kva.example"),
    ],
)
def test_an_address_has_one_form(written: str, kept: str) -> None:
    assert canonical(written) == kept
    assert canonical(kept) == kept


@pytest.mark.parametrize(
    "text",
    [
        *("", "ann", "@example.com", "ann@", "ann@localhost", "ann@10.0.0.1", "ann@[10.0.0.1]"),
        *("a@b.com\nBcc: eve@example.com", "a@b.com\r\n\r\nEvil", "a@b.com\x00", "a@b.com\u2028x"),
        *("a@b.com, c@d.com", "a@b.com;c@d.com", "a b@c.com", "a@b@c.com", "(x)a@b.com"),
        *("\u202emoc.elpmaxe@nna", "a@exa\u200bmple.com", "a..b@c.com", ".a@c.com", "a@b..com"),
        *("Ann <a@b.com> <c@d.com>", "<a@b.com", '"a b"@c.com', "ä@example.com", "a@-b.com"),
        *(f"{'a' * 65}@example.com", f"a@{'b' * 64}.com", f"a@{'b.' * 130}com"),
    ],
    ids=ascii,
)
def test_what_is_not_exactly_one_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is|has|needs|contains"):
        canonical(text)


def test_what_cannot_be_told_apart_by_looking_is_said() -> None:
    assert shown("ann@example.com") == "ann@example.com"
    marked = shown(canonical("bill@\u0430pple.com"))
    assert "CAREFUL" in marked
    assert "mixes Cyrillic and Latin letters, looks like apple.com" in marked
    assert "bücher.example" in shown(canonical("a@bücher.example"))


@pytest.mark.parametrize(
    ("domain", "like"),
    [
        ("paypal.com", None),
        ("paypa1.com", "paypal.com"),
        ("paypai.com", "paypal.com"),
        ("payypal.com", "paypal.com"),
        ("apypal.com", "paypal.com"),
        ("acrne.example", "acme.example"),
        ("xn--pypal-4ve.com", "paypal.com"),
        ("globex.example", None),
    ],
)
def test_a_domain_that_could_be_taken_for_another_is_found(domain: str, like: str | None) -> None:
    assert looks_like(domain, ["paypal.com", "acme.example"]) == like


# -- arguments ------------------------------------------------------------------------------------


def test_one_address_is_a_list_of_one() -> None:
    assert send(to="Ann <ann@example.com>", cc=[], bcc="")["to"] == ["ann@example.com"]
    assert set(send(cc=[], bcc="")) == {"to", "subject", "body"}


@pytest.mark.parametrize(
    "changed",
    [
        {"to": []},
        {"to": "nobody"},
        {"to": ["a@b.com", "A@b.com"]},
        {"cc": "ann@example.com"},
        {"bcc": ["ANN@example.com"]},
        {"to": [f"a{number}@b.com" for number in range(11)]},
        {"subject": "Hi\nBcc: eve@example.com"},
        {"subject": "Hi\r\nX: y"},
        {"subject": "Hi\u2028there"},
        {"subject": " "},
        {"subject": "x" * 251},
        {"body": ""},
        {"body": "bell\x07"},
        {"body": "turn\u202earound"},
        {"body": "x" * 50_001},
        {"attachments": ["../logo.png"]},
        {"attachments": [{"file": "a.pdf", "sha256": "00"}]},
        {"attachments": [f"{number}.pdf" for number in range(11)]},
        {"signature": "x" * 2_001},
    ],
    ids=str,
)
def test_what_would_not_do_is_refused_before_anybody_is_asked(changed: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        send(**changed)


def test_the_recipients_come_first() -> None:
    action = ACTIONS["email.send_email"]
    mail = action.arguments.model_validate(
        {
            **MAIL,
            "cc": "bob@example.com",
            "bcc": "c@\u0430pple.com",
            "body": "See https://x.example/a.",
        }
    )
    described = action.describe(mail)
    assert described.startswith(
        "send an email to **ann@example.com**, **cc bob@example.com**, **bcc"
    )
    assert described.index("CAREFUL") < described.index("subject “Offer”")
    facts = action.facts(mail)
    assert facts.counterparty == "ann@example.com"
    assert facts.recipients[:2] == ("ann@example.com", "cc bob@example.com")
    assert facts.links == ("https://x.example/a.",)
    assert action.title(mail) == "Email to ann example com Offer"
    assert (action.content, action.money, action.absence_provable) == ("body", False, True)


def test_a_reply_names_whom_and_where() -> None:
    action = ACTIONS["email.reply_to_email"]
    reply = action.arguments.model_validate({"message_id": "19a8", "to": "a@b.com", "body": "Yes"})
    assert action.describe(reply) == (
        "reply by email to **a@b.com**, in the thread of mail 19a8 and quote it"
    )
    with pytest.raises(ValidationError):
        action.arguments.model_validate({"message_id": "../x", "to": "a@b.com", "body": "Yes"})


def test_the_tool_list_is_small_and_shows_no_number_for_text() -> None:
    tools = tool_list(SERVICES["email"], role=None)  # type: ignore[arg-type]
    assert [tool["name"] for tool in tools] == [
        *("send_email", "reply_to_email", "create_draft", "search_emails", "get_email"),
    ]
    assert len(json.dumps(tools)) < 12_000


# -- the mail itself ------------------------------------------------------------------------------


def test_the_bytes_say_what_was_approved() -> None:
    payload = send(
        to=["ann@example.com", "b@bücher.example"],
        bcc="dan@example.com",
        subject="Grüße & mehr",
        body="Sehr geehrte Ann,\n\n.\nFrom here: " + "lang " * 300,
    )
    mail = compose.new_mail(settings(), payload, KEY)
    message = raw_of(mail)
    assert message["To"] == "ann@example.com, b@xn--bcher-kva.example"
    assert (message["From"], message["Bcc"]) == ("me@example.org", "dan@example.com")
    assert message["Subject"] == payload["subject"]
    assert message.get_content().replace("\r\n", "\n").rstrip() == payload["body"].rstrip()
    assert message["Message-ID"] == message_id(KEY, "me@example.org")
    assert message[compose.KEY_HEADER] == KEY
    assert max(map(len, mail.raw().split(b"\r\n"))) < 998
    assert not message.defects


def test_a_message_id_belongs_to_one_action_of_one_owner() -> None:
    ours = message_id(KEY, "me@example.org")
    assert ours.startswith(f"<{KEY}.")
    assert ours.endswith("@example.org>")
    assert ours != message_id(KEY, "you@example.org")
    found = KEY_IN_MESSAGE_ID.match(ours)
    assert found is not None
    assert found[1] == KEY
    assert message_id(KEY, "").endswith("@ai-employee.invalid>")


def test_a_header_can_hold_no_line_break() -> None:
    mail = compose.new_mail(settings(), send(), KEY)
    for broken in (
        replace(mail, to=["a@b.com\r\nBcc: eve@example.com"]),
        replace(mail, answers="<a@b>\nX: y"),
        replace(mail, references=("<ä@b>",)),
        replace(mail, subject="a\nb"),
    ):
        with pytest.raises(ValueError, match=r"[Hh]eader"):
            broken.raw()


def test_the_signature_and_the_line_about_the_assistant() -> None:
    assert filled_in(settings(), None) == ""
    own = settings(EMAIL_SIGNATURE="Ann\\nExample Ltd", EMAIL_DISCLOSE_AI="true")
    assert filled_in(own, None) == f"Ann\nExample Ltd\n{DISCLOSURE}"
    assert filled_in(own, filled_in(own, None)) == filled_in(own, None)
    assert filled_in(own, "") == DISCLOSURE  # an assistant cannot leave the line out
    assert filled_in(settings(EMAIL_SIGNATURE="Ann"), "") == ""
    assert signed("Hi", "") == "Hi"
    assert signed("Hi", "Ann\nExample Ltd") == "Hi\n\n-- \nAnn\nExample Ltd"


@pytest.mark.parametrize(
    ("subject", "reply"),
    [("Offer", "Re: Offer"), ("RE: Offer", "RE: Offer"), ("AW: x", "AW: x"), ("", "Re:")],
)
def test_the_subject_of_a_reply(subject: str, reply: str) -> None:
    assert compose.reply_subject(subject) == reply


def test_a_quote_is_short() -> None:
    long = b"From: Ann <ann@example.com>\r\n\r\n" + b"word " * 10 + b"\r\n"
    letter = read(long + b"line\r\n" * 500)
    quote = compose.quoted(letter).split("\n")
    assert quote[0] == "Ann wrote:"
    assert quote[-1] == "> […]"
    assert len(quote) == compose.LIMIT_QUOTE_LINES + 2
    assert all(line.startswith(">") for line in quote[1:])


def test_long_message_ids_are_not_encoded() -> None:
    identifier = f"<{'A' * 120}@mail.example>"
    mail = replace(
        compose.new_mail(settings(), send(), KEY), answers=identifier, references=(identifier,) * 20
    )
    assert raw_of(mail)["References"].split() == [identifier] * 20
    assert b"=?" not in mail.raw()


def attached(name: str, data: bytes) -> LoadedFile:
    return LoadedFile(VaultFile(file=name, sha256=digest(data)), data)


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("offer.pdf", b"%PDF\x00\r\n.\r\n", "application/pdf"),
        ("plain.txt", b"caf\xe9 is no UTF-8\r\n.\r\nFrom here", "text/plain"),
        ("mail.eml", b"From: a@b.com\r\n\r\nHi", "application/octet-stream"),
        ("books.csv.gz", b"\x1f\x8b", "application/octet-stream"),
        ("Angebot für Köln.pdf", b"", "application/pdf"),
        ("no-type", b"\n", "application/octet-stream"),
    ],
    ids=ascii,
)
def test_a_file_travels_as_it_is(name: str, data: bytes, kind: str) -> None:
    mail = compose.new_mail(settings(), send(), KEY, [attached(name, data)])
    text, file = raw_of(mail).iter_parts()
    assert text.get_content().rstrip() == "Dear Ann"
    assert (file.get_filename(), file.get_content_type()) == (name, kind)
    assert file.get_payload(decode=True) == data
    assert max(map(len, mail.raw().split(b"\r\n"))) < 998


def test_all_files_together_have_a_limit_below_that_of_gmail(tmp_path: Path) -> None:
    rule = ACTIONS["email.send_email"].attachments
    assert rule is not None
    assert rule.limit_bytes * 4 / 3 * 78 / 76 < 25_000_000
    (tmp_path / "Attachments").mkdir()
    for name in ("a.pdf", "b.pdf"):
        (tmp_path / "Attachments" / name).write_bytes(b"x" * 60)
    payload = {"attachments": [{"file": "a.pdf"}, {"file": "b.pdf"}]}
    assert len(AttachmentRule(120).read(tmp_path, payload, as_given=True)) == 2
    with pytest.raises(NoteError, match="more than 119 bytes together"):
        AttachmentRule(119).read(tmp_path, payload, as_given=True)


def test_a_size_is_said_as_people_say_it() -> None:
    assert [shown_size(n) for n in (0, 999, 1_234, 18_000_000)] == [
        *("0 bytes", "999 bytes", "1.2 kB", "18.0 MB")
    ]


# -- settings -------------------------------------------------------------------------------------


def test_the_account_is_the_one_that_signed_in(tmp_path: Path) -> None:
    service = SERVICES["email"]
    path = tmp_path / "token.json"
    assert service.account_in(settings()) == "not set up"
    named = settings(GMAIL_TOKEN_FILE=str(path))
    assert service.account_in(named) == "me@example.org"
    path.write_text('{"account": "Real@Example.org", "token": "secret"}', encoding="utf-8")
    assert service.account_in(named) == "Real@example.org"
    for broken in (
        "",
        "[]",
        '{"account": "x\\nBcc: y"}',
        "\ud800".encode("utf-8", "replace").decode(),
    ):
        path.write_text(broken, encoding="utf-8")
        assert service.account_in(named) == "me@example.org"


def test_a_preview_of_a_reply_names_what_it_does_not_know() -> None:
    payload = {"message_id": "19a8", "to": ["a@b.com"], "body": "Yes", "quote": True}
    request = TOOLSET.writes["reply_to_email"].request(settings(), payload, "AIE-(assigned)")
    assert request["headers"]["To"] == "a@b.com"
    assert request["headers"]["Subject"] == "Re: (of mail 19a8)"
    assert "every line behind a >" in request["text_below"]
    assert request["then"]["url"].endswith("/drafts/send")
