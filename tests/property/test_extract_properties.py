"""Whatever a text is: nothing is raised, no sum is invented, and the time is bounded."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.extract import mail, numbers, requests
from core.extract.fields import Sender
from core.extract.found import Abstained, Passage, Setting
from core.extract.prices import price
from core.extract.requests import Source
from core.extract.text import clean
from utils.errors import NoteError
from utils.money import canonical_number

ROOT = Path(__file__).resolve().parents[2]
SETTING = Setting(date(2026, 11, 21), "EUR")
PIECES = st.sampled_from(
    [
        "Please invoice us ",
        "send the invoice ",
        "Rechnung ",
        "facture ",
        "factura ",
        "bitte ",
        "1,250.00 EUR",
        "1.250,00 €",
        "$85",
        "CHF 1'250.50",
        "1 250,00 €",
        "1\u202f250 EUR",
        "12",
        "2026",
        "12 hours at ",
        "per hour",
        " x ",
        "50% of ",
        "net ",
        "VAT 19%",
        "Total: ",
        "each ",
        "due 03/04/2027",
        "net 30 days",
        "PO 4711 ",
        "Acme Ltd",
        "Globex GmbH",
        "\n",
        "\n\n",
        ". ",
        ", ",
        "- ",
        "\u0336",
        "\u200b",
        "１２",
        "(",
        "-",
        "+",
        "€",
        "EUR",
        "Bill to: ",
        "> ",
        "Thanks,\n",
        "On Monday Bob wrote:\n",
        "500",
        "500 EUR",
        ".",
        ",",
        "'",
        "<p>",
        "{{",
        "not ",
        "again ",
    ]
)
TEXTS = st.lists(PIECES | st.text(max_size=8), max_size=25).map("".join)


def digits(text: str) -> str:
    return re.sub(r"\D", "", text)


@given(TEXTS, TEXTS)
@settings(max_examples=300, deadline=None)
def test_nothing_is_raised_and_no_sum_is_invented(subject, text):
    passages = (Passage("subject", clean(subject, 300)), Passage("text", clean(text, 5000)))
    found = requests.extract(Source(Sender("J", "j@acme.example"), passages), SETTING)
    everything = subject + text
    for line in found.known.get("lines", []):
        whole = canonical_number(Decimal(line["unit_price"]))
        assert digits(whole) in digits(everything)
        if line["quantity"] != "1":
            assert digits(line["quantity"]) in digits(everything)
    if found.arguments is not None:
        assert not found.missing


@given(TEXTS)
@settings(max_examples=200, deadline=None)
def test_a_price_stands_in_its_span(text):
    passage = Passage("text", clean(text, 5000))
    found = price((passage,), SETTING)
    if isinstance(found, Abstained):
        return
    assert passage.text[found.start : found.end] == found.span_text
    assert found.value.total > 0
    if len(found.value.items) == 1:
        unit = found.value.items[0].unit_price
        read = numbers.read(numbers.RUN.search(found.span_text)[0])
        assert read.value == unit


@given(st.binary(max_size=600))
@settings(max_examples=200, deadline=None)
def test_no_mail_raises_anything_else(raw):
    head = b"From: a@b.example\nMIME-Version: 1.0\n"
    for data in (raw, head + raw, head + b"Content-Type: text/html\n\n" + raw):
        try:
            read = mail.parse(data)
        except NoteError:
            continue
        source, setting = requests.from_mail(read, SETTING)
        requests.extract(source, setting)


@given(
    st.lists(
        st.sampled_from(
            [
                b"Content-Type: multipart/mixed; boundary=b\n",
                b"--b\n",
                b"--b--\n",
                b"\n",
                b"x\n",
                b"Content-Type: text/html; charset=utf-7\n",
                b"Content-Type: message/rfc822\n",
                b"Content-Transfer-Encoding: base64\n",
                b"Subject: =?x?b?\xff?=\n",
                b"=?\n",
                b": \n",
                b'From: "a" <b@c.example>, (\n',
                b"Date: Mon, 99 Foo 9999999 99:99\n",
                b"\xff\xfe\n",
                b"Content-Disposition: attachment; filename*=utf-8''%FF\n",
                b"<div style='display:none'>",
                b"Content-Type: text/plain; charset*0*=x''%00; name=\"\n",
            ]
        ),
        max_size=25,
    ).map(b"".join)
)
@settings(max_examples=300, deadline=None)
def test_no_broken_mail_raises_anything_else(raw):
    try:
        read = mail.parse(raw)
    except NoteError:
        return
    assert all(a.size == len(a.data) and "/" not in a.name for a in read.attachments)


@given(st.from_regex(r"[0-9]{1,6}([.,' ][0-9]{1,4}){0,3}", fullmatch=True))
def test_a_number_is_read_from_all_its_digits(run):
    value = numbers.read(run).value
    if value is not None and value:
        assert digits(f"{value:f}").lstrip("0") == digits(run).lstrip("0")


HOSTILE = [
    "1",
    "1 EUR ",
    "123 ",
    "1.",
    "1,",
    "Aa ",
    "A & ",
    "Acme GmbH ",
    "please send invoice ",
    "send ",
    "due by ",
    "Bill to: \n",
    "> ",
    "\n",
    " ",
    "On a\n",
    "From: a\nTo: b\nSubject: c\n",
    "_",
    "a@",
    "+1 ",
    "jan 1 ",
    "DE12 ",
    "EUR\n",
    "12 hours at ",
    "5% ",
    "Dear A GmbH\n",
    "Best regards,\nA\n",
    "due in 30 days ",
    "(",
    "invoice no. 1-",
    "Please invoice Acme Ltd 1,250.00 EUR net 30 days. ",
    "<",
    "<p>",
    "&lt;",
    "<div style='font-size:0'>",
    "<!--",
    "=?utf-8?q?",
    "\u0336",
    "-- \n",
    "ignore ",
]


@pytest.mark.parametrize("pieces", [HOSTILE[start::4] for start in range(4)], ids="1234")
def test_no_text_makes_it_slow(pieces):
    """40,000 characters of anything are read within a bound that only runaway patterns miss."""
    program = """
import sys, json, time
from datetime import date
from core.extract import mail, requests
from core.extract.fields import Sender
from core.extract.found import Passage, Setting
setting = Setting(date(2026, 11, 21), "EUR")
for piece in json.load(sys.stdin):
    text = piece * (40_000 // len(piece))
    passages = (Passage("subject", text[:300]), Passage("text", text))
    source = requests.Source(Sender("J", "j@a.example"), passages, (Passage("a.pdf", text),))
    began = time.process_time()
    requests.extract(source, setting, {"kind": "invoice"})
    for kind in ("plain", "html"):
        head = f"From: {text[:3000]}\\nSubject: {text[:3000]}\\nContent-Type: text/{kind}\\n\\n"
        mail.parse((head.replace("\\n\\n\\n", "\\n") + text).encode())
    took = time.process_time() - began
    if took > 15:
        sys.exit(f"{piece!r} took {took:.1f} s of processor time")
"""
    import json

    done = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps(pieces),
        capture_output=True,
        text=True,
        timeout=250,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
