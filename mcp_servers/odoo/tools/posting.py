"""Posting a draft: one step, checked against what the owner saw, done only while it is a draft."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.findings import Findings
from mcp_servers.odoo.actions.settlement import PostInvoice
from mcp_servers.odoo.locks import exclusive
from mcp_servers.odoo.tools.documents import MOVE
from mcp_servers.odoo.tools.records import (
    amount_of,
    context_of,
    link,
    refusal,
    rejected,
    request_of,
    same,
    text,
)
from mcp_servers.toolset import Done, Evidence, Finding, Trace, Write
from utils.errors import NotSentError, RejectedError, UnknownOutcomeError
from utils.money import show_amount

if TYPE_CHECKING:
    from core.actions import Payload
    from mcp_servers.odoo.actions.settlement import RegisterPayment
    from mcp_servers.odoo.client import Reader, Row, Writer
    from utils.config import Settings

FIELDS = (
    *("name", "state", "move_type", "partner_id", "currency_id", "company_id"),
    *("amount_total", "amount_residual", "payment_state"),
    *("commercial_partner_id", "partner_bank_id", "invoice_date", "date", "ref"),
)
NOUNS = {"out_invoice": "Invoice", "in_invoice": "Vendor bill"}


def request(settings: Settings, payload: Payload, key: str) -> dict[str, Any]:
    """Return the request that posts; Odoo has no place for a key in it."""
    del key
    return request_of(settings, (MOVE, "action_post"), [[payload["invoice_id"]]])


def perform(client: Writer, payload: Payload, trace: Trace) -> Done:
    """Post the draft, unless it is posted already.

    Raises:
        NotSentError: the connection failed before anything was sent.
        RejectedError: it is not what was approved, or Odoo refused; nothing was changed.
        UnknownOutcomeError: it was sent, and it is not certain that it is posted.
    """
    del trace
    wanted = PostInvoice.model_validate(payload)
    with exclusive(client.account, MOVE, wanted.invoice_id):
        row = move_for(client, wanted.invoice_id, wanted)
        if row["state"] == "posted":
            url = client.url_of(MOVE, wanted.invoice_id)
            said = f"{_told(row)} It was posted already; nothing was sent."
            return Done(str(wanted.invoice_id), url, said)
        if row["state"] != "draft":
            raise rejected(f"{_told(row)} Only a draft can be posted.", "NotADraft")
        client.change(MOVE, "action_post", [[wanted.invoice_id]], context_of(client))
        return _read_back(client, wanted)


def _read_back(client: Writer, wanted: PostInvoice) -> Done:
    try:
        row = client.read(MOVE, wanted.invoice_id, FIELDS)
    except (NotSentError, RejectedError) as error:
        said = f"invoice {wanted.invoice_id} was posted, but could not be read back: {error}"
        raise UnknownOutcomeError("Odoo", said, error_class="NotReadBack") from error
    wrong = "it is gone" if row is None else difference(row, wanted)
    if row is None or wrong or row["state"] != "posted":
        said = f"posting was accepted, but {wrong or 'it is not posted'}. Look at it in Odoo."
        raise UnknownOutcomeError("Odoo", said, error_class="NotAsApproved")
    return Done(str(wanted.invoice_id), client.url_of(MOVE, wanted.invoice_id), _told(row))


def reconcile(client: Reader, payload: Payload, trace: Trace) -> Evidence:
    """Return whether the document is posted now."""
    del trace
    wanted = PostInvoice.model_validate(payload)
    row = client.read(MOVE, wanted.invoice_id, FIELDS)
    if row is None:
        return Evidence(Finding.DIFFERENT, f"Odoo has no invoice {wanted.invoice_id} any more.")
    identifier, url = str(wanted.invoice_id), client.url_of(MOVE, wanted.invoice_id)
    wrong = difference(row, wanted)
    if wrong:
        return Evidence(Finding.DIFFERENT, f"{_told(row)} But {wrong}.", identifier, url)
    if row["state"] == "draft":
        return Evidence(Finding.ABSENT, f"{_told(row)} It is not posted.", identifier, url)
    found = Finding.FOUND if row["state"] == "posted" else Finding.DIFFERENT
    return Evidence(found, _told(row), identifier, url)


def move_for(client: Reader, identifier: int, wanted: PostInvoice | RegisterPayment) -> Row:
    """Return an invoice or bill of our company that is what the owner saw.

    Raises:
        RejectedError: there is none, or it is another one.
    """
    row = client.read(MOVE, identifier, FIELDS)
    if row is None:
        raise rejected(f"Odoo has no invoice {identifier}.", "NoInvoice")
    if row["move_type"] not in NOUNS:
        raise rejected(f"record {identifier} is neither an invoice nor a bill.", "NoInvoice")
    if link(row["company_id"])[0] != client.company_id:
        raise rejected(f"invoice {identifier} belongs to another company.", "AnotherCompany")
    wrong = difference(row, wanted)
    if wrong:
        raise rejected(f"{_told(row)} But {wrong}.", "NotAsApproved")
    return row


def difference(row: Row, wanted: PostInvoice | RegisterPayment) -> str:
    """Return how an invoice differs from what the owner saw, "" when it does not."""
    partner, currency = link(row["partner_id"])[1], link(row["currency_id"])[1]
    if not same(partner, wanted.partner):
        return f"it is of {text(partner) or 'nobody'}, not of {text(wanted.partner)}"
    if currency != wanted.currency:
        return f"it is in {currency}, not in {wanted.currency}"
    if isinstance(wanted, PostInvoice):
        total = amount_of(row["amount_total"], currency)
        if total != wanted.amount:
            shown = show_amount(total, currency)
            return f"its total is {shown}, not {show_amount(wanted.amount, currency)}"
    elif not same(str(row["name"] or ""), wanted.invoice):
        return f"its number is {text(row['name']) or 'not given yet'}, not {text(wanted.invoice)}"
    return ""


def _told(row: Row) -> str:
    noun = NOUNS.get(row["move_type"], "Document")
    states = {"draft": f"Draft {noun.lower()}", "cancel": f"Cancelled {noun.lower()}"}
    name = row["name"] if row["name"] and row["name"] != "/" else row["id"]
    currency = link(row["currency_id"])[1]
    total = show_amount(amount_of(row["amount_total"], currency), currency)
    posted = f" is posted{_elsewhere(row)}" if row["state"] == "posted" else ""
    of = text(link(row["partner_id"])[1]) or "nobody"
    return f"{states.get(row['state'], noun)} {name} of {of}, {total},{posted}".rstrip(",") + "."


def _elsewhere(row: Row) -> str:
    """Return into which day Odoo booked a document whose own day is locked, "" for its own."""
    if not row["date"] or row["date"] == row["invoice_date"]:
        return ""
    return f" and booked on {row['date']}, not on its own day {row['invoice_date'] or '(none)'}"


def findings(client: Reader, payload: Payload) -> Findings:
    """Return what stands against posting, and by what a person knows the document."""
    wanted = PostInvoice.model_validate(payload)
    try:
        row = move_for(client, wanted.invoice_id, wanted)
        if row["state"] == "posted":
            raise rejected(f"{_told(row)} There is nothing to do.", "NotADraft")
        if row["state"] != "draft":
            raise rejected(f"{_told(row)} Only a draft can be posted.", "NotADraft")
    except RejectedError as error:
        return refusal(error)
    number, day = text(row["ref"]) or "none", row["invoice_date"] or "not given: today then"
    noun = NOUNS[row["move_type"]].lower()
    return Findings(remarks=(f"In Odoo it is the {noun} with the reference {number}, date {day}.",))


POST = Write(request, perform, reconcile, check=findings)
