"""Raw mails taken apart: headers, own words, quotes, hidden text, attachments, hostile shapes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.extract import html, mail, quoting
from core.extract.text import clean, decoded, one_line
from utils.errors import NoteError

HEAD = b"From: Jane Roe <jane@acme.example>\nMIME-Version: 1.0\n"


def page(body: str) -> mail.Mail:
    return mail.parse(HEAD + b"Content-Type: text/html; charset=utf-8\n\n" + body.encode())


def test_headers_are_decoded():
    raw = (
        b"From: =?utf-8?q?J=C3=B6rg_M=C3=BCck?= <J@Acme.example>\n"
        b'To: a@b.example, "C" <c@d.example>\n'
        b"Subject: =?utf-8?q?Rechnung?=\n =?utf-8?q?_f=C3=BCr_Mai?=\nMessage-ID: <1@acme.example>\n"
        b"Date: Sat, 21 Nov 2026 09:00:00 +0100\n\nhello\n"
    )
    read = mail.parse(raw)
    assert (read.sender_name, read.sender_address) == ("Jörg Mück", "j@acme.example")
    assert read.to == ("a@b.example", "c@d.example")
    assert read.subject == "Rechnung für Mai"
    assert read.message_id == "1@acme.example"
    assert read.date == datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
    assert read.text == "hello"


@pytest.mark.parametrize(
    ("value", "address", "remarks"),
    [
        ('"owner@northwind.example" <x@evil.example>', "x@evil.example", 1),
        ("Jane <jane@acme.example>, Joe <joe@acme.example>", "", 1),
        ("jane@acme.example", "jane@acme.example", 0),
        ("jane@acme.example <jane@acme.example>", "jane@acme.example", 0),
        ("Jane <jane@xn--cme-5cd.example>", "jane@xn--cme-5cd.example", 1),
        ("Jane", "", 1),
        ("", "", 1),
    ],
)
def test_the_sender_is_one_address_or_none(value, address, remarks):
    said: list[str] = []
    assert mail.sender(value, said)[1] == address
    assert len(said) == remarks


@pytest.mark.parametrize(
    "hidden",
    [
        '<div style="display: none">SECRET payment words here</div>',
        '<div style="visibility:hidden">SECRET payment words here</div>',
        '<span style="font-size:0px">SECRET payment words here</span>',
        '<span style="font-size:1px;">SECRET payment words here</span>',
        '<p style="color:#FFFFFF">SECRET payment words here</p>',
        '<font color="white">SECRET payment words here</font>',
        '<p style="color:#123456;background:#123456">SECRET payment words here</p>',
        '<p style="position:absolute;left:-9999px">SECRET payment words here</p>',
        '<p style="opacity:0">SECRET payment words here</p>',
        '<p style="max-height:0;overflow:hidden">SECRET payment words here</p>',
        "<p hidden>SECRET payment words here</p>",
        "<style>.q{display:none}</style><p class='a q'>SECRET payment words here</p>",
    ],
)
def test_text_that_nobody_sees_is_left_out_and_said(hidden):
    read = page(f"<p>Before</p>{hidden}<p>After</p>")
    assert "SECRET" not in read.text
    assert "Before" in read.text
    assert "After" in read.text
    assert read.hidden_text
    assert any("not shown" in remark for remark in read.remarks)


@pytest.mark.parametrize(
    "never",
    [
        "<!-- SECRET -->",
        "<script>SECRET</script>",
        "<template>SECRET</template>",
        "<title>SECRET</title>",
    ],
)
def test_what_is_no_text_is_no_remark(never):
    read = page(f"<p>Before</p>{never}")
    assert "SECRET" not in read.text
    assert not read.hidden_text


def test_visible_text_stays():
    shown = page(
        '<td style="font-size:0"><p style="font-size:14px">one</p></td>'
        '<table bgcolor="#000000"><tr><td style="color:white">two</td></tr></table>'
        '<p style="font-size:0.9em">three</p>'
    )
    assert all(word in shown.text for word in ("one", "two", "three"))


@pytest.mark.parametrize(
    "body", ["<div>" * 5000 + "deep", "<" * 5000, "<p", "", "<?xml ?>x", "\x00"]
)
def test_broken_pages_do_not_raise(body):
    assert isinstance(page(body).text, str)


def test_a_quote_in_a_page_is_history():
    read = page(
        'Yes.<div class="gmail_quote">On Mon wrote:<blockquote>old</blockquote></div>and below'
    )
    assert "old" not in read.text
    assert "and below" in read.text
    assert read.quoted_history_removed


@pytest.mark.parametrize(
    "introduction",
    [
        "On Mon, 16 Nov 2026 at 09:12, Nora West <o@n.example> wrote:",
        "On Mon, 16 Nov 2026 at 09:12, Nora West <o@n.example>\nwrote:",
        "Am 16.11.2026 um 10:00 schrieb Nora West <o@n.example>:",
        "Am Mo., 16. Nov. 2026 um 10:00 Uhr schrieb Nora West <\no@n.example>:",
        "Le lun. 16 nov. 2026 à 09:00, Nora West <o@n.example> a écrit :",
        "El lun, 16 nov 2026 a las 9:00, Nora West (<o@n.example>) escribió:",
        "-----Original Message-----",
        "-----Ursprüngliche Nachricht-----",
        "-----Message d'origine-----",
        "-----Mensaje original-----",
        "From: Nora West\nSent: Monday\nTo: Jane\nSubject: x",
        "Von: Nora West\nGesendet: Montag\nAn: Jane\nBetreff: x",
        "De : Nora West\nEnvoyé : lundi\nÀ : Jane\nObjet : x",
        "De: Nora West\nEnviado el: lunes\nPara: Jane\nAsunto: x",
    ],
)
def test_what_was_quoted_below_is_history(introduction):
    parts = quoting.split(f"My words.\n\n{introduction}\n\ntheir words")
    assert parts.own.strip() == "My words."
    assert "their words" in parts.history
    assert parts.forwarded is None


def test_words_between_and_below_quotes_are_own():
    text = "On Mon, 3 Nov 2026, Bob wrote:\n> how much?\n900 EUR\n> until when?\nFriday"
    assert quoting.split(text).own == "900 EUR\nFriday"


def test_a_forward_is_a_mail_of_its_own():
    text = (
        "fyi\n---------- Forwarded message ---------\nFrom: Ann Poe <ann@acme.example>\n"
        "Date: x\nSubject: Bill\nTo: me\n\nPlease invoice us.\n\nOn x y z, me wrote:\n> old"
    )
    inner = quoting.split(text).forwarded
    assert inner == quoting.Forwarded("Ann Poe", "ann@acme.example", "Bill", "Please invoice us.")


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../../etc/passwd", "passwd"),
        ("..\\..\\Approved\\x.md", "x.md"),
        ("a\x00b\u202egpj.exe", "abgpj.exe"),
        ("[[x]] {{y}} <%z%>.pdf", "_x_ _y_ _z_.pdf"),
        ("", "attachment"),
        ("...", "attachment"),
        ("CON:aux", "CON_aux"),
        ("x" * 300 + ".pdf", "x" * 60 + "…" + "x" * 26 + ".pdf"),
    ],
)
def test_an_attachments_name_is_only_a_name(given, shown):
    assert mail.shown_name(given) == shown


def test_attachments_have_their_bytes():
    raw = HEAD + (
        b'Content-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: text/plain\n\nhi\n--b\n'
        b'Content-Type: application/pdf; name="a.pdf"\n'
        b"Content-Transfer-Encoding: base64\n\nJVBERg==\n"
        b"--b--\n"
    )
    (found,) = mail.parse(raw).attachments
    assert found == mail.Attachment("a.pdf", "application/pdf", 4, b"%PDF")


def test_parts_and_depth_are_capped():
    many = b'Content-Type: multipart/mixed; boundary="b"\n\n' + b"--b\n\nx\n" * 500
    read = mail.parse(HEAD + many)
    assert any("too many parts" in remark for remark in read.remarks)
    assert len(read.text) < 2000


def test_what_is_too_large_or_too_deep_is_a_typed_error(monkeypatch):
    monkeypatch.setattr(mail, "RAW_LIMIT_BYTES", 10)
    with pytest.raises(NoteError, match="11 bytes"):
        mail.parse(b"x" * 11)


def test_what_has_too_many_lines_is_a_typed_error(monkeypatch):
    monkeypatch.setattr(mail, "LINE_LIMIT", 10)
    for end in ("\n", "\r", "\r\n"):
        with pytest.raises(NoteError, match="has 11 lines; a mail of at most 10 is read"):
            mail.parse(f"Subject: x{end}{end}{end * 9}".encode())
        assert mail.parse(f"Subject: x{end}{end}{end * 8}".encode()).subject == "x"


@pytest.mark.parametrize("kind", ["application/pdf", "multipart/mixed"])
def test_the_end_of_an_endless_header_is_not_read(kind):
    """The library's reading of parameters takes the square of their number: hours for 30 MB."""
    rows = "\n ".join("a*0=b; " * 100 for _ in range(20))
    raw = f"Subject: x\nContent-Type: {kind}; {rows}; name=last.pdf; boundary=b\n\n--b\n\nx"
    read = mail.parse(raw.encode())
    assert read.subject == "x"
    assert [a.name for a in read.attachments] == ["attachment"]


def test_a_mail_nested_without_end_is_no_crash():
    raw = HEAD
    for number in range(3000):
        raw += b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (number, number)
    try:
        assert mail.parse(raw).text == ""
    except NoteError as error:
        assert "nested" in str(error)  # noqa: PT017 - both ends are right


@pytest.mark.parametrize(
    "header",
    ["List-Unsubscribe: <x>", "Precedence: bulk", "Auto-Submitted: auto-replied", "List-Id: x"],
)
def test_bulk_mail_is_known(header):
    assert mail.parse(HEAD + header.encode() + b"\n\nx").is_bulk
    assert not mail.parse(HEAD + b"Auto-Submitted: no\n\nx").is_bulk


def test_clean_takes_out_what_cannot_be_seen():
    assert clean("a\u200bb\u202ec\r\nd\u2028e\x07f\u00adg", 99) == "abc\nd\nefg"
    assert clean("x  \ny\t", 99) == "x\ny"
    assert len(clean("x" * 100, 10)) == 10
    assert one_line("a\n b\tc", 10) == "a b c"


@pytest.mark.parametrize("charset", ["unicode_escape", "rot13", "idna", "nonsense", None, "utf-8"])
def test_only_charsets_decode(charset):
    assert decoded("für \\u0041".encode(), charset) == "für \\u0041"


def test_marks_from_outside_are_no_quotes():
    text = mail.parse(HEAD + f"\nown {html.QUOTE_BEGINS} words".encode()).text
    assert text == "own  words"
