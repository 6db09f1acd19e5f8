"""Odoo's tools: how each action is previewed, done and read back.

Rules: the preview and the real call come from one builder; a record is created once and found again
by its key, never by its content; what Odoo has computed is compared with what was approved.
"""

from __future__ import annotations

import html
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mcp_servers.odoo.actions import CreateInvoice, FindPartners, InvoiceLine
from mcp_servers.toolset import Done, Evidence, Finding, Page, Toolset, Trace, Write
from utils.errors import NotSentError, RejectedError, UnknownOutcomeError
from utils.money import round_amount, show_amount

if TYPE_CHECKING:
    from core.actions import Payload
    from mcp_servers.odoo.client import Reader, Row, Writer
    from utils.config import Settings

MOVE = "account.move"
MOVE_FIELDS = (
    *("name", "state", "partner_id", "currency_id"),
    *("amount_untaxed", "amount_tax", "amount_total"),
)
PARTNER_FIELDS = ("name", "email", "is_company", "city", "vat")
LIMIT_TEXT = 200


def reader(settings: Settings) -> Reader:
    """Return the client that can only read."""
    from mcp_servers.odoo.client import Reader

    return Reader(settings)


def writer(settings: Settings) -> Writer:
    """Return the client that can write."""
    from mcp_servers.odoo.client import Writer

    return Writer(settings)


# -- create_invoice -------------------------------------------------------------------------------


def request_of_invoice(settings: Settings, payload: Payload, key: str) -> dict[str, Any]:
    """Return the request that creates the draft.

    Two ids are known to Odoo only: of the currency, and of the user's own company when
    ODOO_COMPANY_ID is not set. Their names stand in their places here.
    """
    url = settings.text("ODOO_URL") or "https://(ODOO_URL is not set)"
    company = settings.text("ODOO_COMPANY_ID")
    company_id = int(company) if company else "(the user's company)"
    return _invoice_request(url, payload, key, payload["currency"], company_id)


def _invoice_request(
    url: str, payload: Payload, key: str, currency_id: int | str, company_id: int | str
) -> dict[str, Any]:
    invoice = CreateInvoice.model_validate(payload)
    optional = {
        "invoice_date": payload.get("invoice_date"),
        "invoice_date_due": payload.get("due_date"),
        "invoice_origin": invoice.reference,
        "narration": _as_html(invoice.note) if invoice.note else None,
    }
    values: dict[str, Any] = {
        "move_type": "out_invoice",
        "partner_id": invoice.customer_id,
        "ref": key,
        "currency_id": currency_id,
        **{name: value for name, value in optional.items() if value is not None},
        "invoice_line_ids": [[0, 0, _line_values(line)] for line in invoice.lines],
    }
    return {
        "method": "POST",
        "url": f"{url}/jsonrpc",
        "model": MOVE,
        "call": "create",
        "args": [values],
        "kwargs": {"context": {"allowed_company_ids": [company_id]}},
    }


def _line_values(line: InvoiceLine) -> dict[str, Any]:
    return {
        "name": line.description,
        "quantity": _number(line.quantity),
        "price_unit": _number(line.unit_price),
    }


def _number(amount: Decimal) -> int | float:
    """Return the JSON number of an amount: Odoo's fields are numbers, not texts.

    Exact: an amount has at most 15 digits (`utils.money`), which a double gives back unchanged.
    """
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def _as_html(note: str) -> str:
    """Return plain text for Odoo's HTML field, so that nothing in it acts as HTML."""
    return html.escape(note, quote=False).replace("\n", "<br>")


def create_invoice(client: Writer, payload: Payload, trace: Trace) -> Done:
    """Create the draft, unless a record with this key is there already.

    Raises:
        NotSentError: the connection failed before the invoice was sent.
        RejectedError: Odoo refused, or a different record carries the key; nothing was created.
        UnknownOutcomeError: it was sent, and it is not certain that it is there as approved.
    """
    invoice = CreateInvoice.model_validate(payload)
    if invoice.customer_id is None:
        raise RejectedError(
            "Odoo",
            f'no customer of Odoo was chosen for "{invoice.customer}". Write the id of the '
            "customer into the note as customer_id, then approve again. Nothing was sent.",
            error_class="NoCustomer",
        )
    evidence = _look_up(client, invoice, trace.key)
    if evidence.finding is Finding.DIFFERENT:
        raise RejectedError("Odoo", f"{evidence.text} Nothing was sent.", error_class="KeyInUse")
    if evidence.finding is Finding.FOUND and evidence.remote_id:
        text = f"{evidence.text} It was there already; nothing was sent."
        return Done(evidence.remote_id, evidence.remote_url, text)
    request = _invoice_request(
        client.url, payload, trace.key, client.currency_id(invoice.currency), client.company_id
    )
    identifier = client.create(request["model"], request["args"], request["kwargs"])
    return _read_back(client, invoice, identifier)


def _read_back(client: Writer, invoice: CreateInvoice, identifier: int) -> Done:
    """Return what was created, from Odoo's own figures."""
    try:
        row = client.read(MOVE, identifier, MOVE_FIELDS)
    except (NotSentError, RejectedError) as error:
        text = f"draft invoice {identifier} was created, but could not be read back: {error}"
        raise UnknownOutcomeError("Odoo", text, error_class="NotReadBack") from error
    difference = _difference(row, invoice) if row else "it is gone again"
    if row is None or difference:
        text = f"draft invoice {identifier} was created, but {difference}. Look at it in Odoo."
        raise UnknownOutcomeError("Odoo", text, error_class="NotAsApproved")
    return Done(str(identifier), client.url_of(MOVE, identifier), _summary(row, invoice))


def reconcile_invoice(client: Reader, payload: Payload, trace: Trace) -> Evidence:
    """Return whether Odoo has the invoice, found by its key."""
    return _look_up(client, CreateInvoice.model_validate(payload), trace.key)


def _look_up(client: Reader, invoice: CreateInvoice, key: str) -> Evidence:
    domain = [
        ["ref", "=", key],
        ["move_type", "=", "out_invoice"],
        ["company_id", "=", client.company_id],
    ]
    rows = client.search_read(MOVE, domain, MOVE_FIELDS, limit=2, order="id")
    if not rows:
        return Evidence(Finding.ABSENT, f"Odoo has no invoice with the reference {key}.")
    identifier = int(rows[0]["id"])
    url = client.url_of(MOVE, identifier)
    difference = _difference(rows[0], invoice)
    if len(rows) > 1:
        difference = "it is not the only one"
    if difference:
        text = f"Odoo has invoice {identifier} with the reference {key}, but {difference}."
        return Evidence(Finding.DIFFERENT, text, str(identifier), url)
    return Evidence(Finding.FOUND, _summary(rows[0], invoice), str(identifier), url)


def _difference(row: Row, invoice: CreateInvoice) -> str:
    """Return how a record differs from what was approved, "" when it does not.

    Prices are approved before tax. Odoo may add the taxes of the account, so the approved total is
    compared with the untaxed amount, and with the total where prices include their tax.
    """
    partner, currency = _link(row["partner_id"]), _link(row["currency_id"])
    if partner[0] != invoice.customer_id:
        return f"it is for {partner[1] or 'nobody'}, not for customer {invoice.customer_id}"
    if currency[1] != invoice.currency:
        return f"it is in {currency[1]}, not in {invoice.currency}"
    amounts = [_amount(row[name], invoice.currency) for name in ("amount_untaxed", "amount_total")]
    if invoice.total not in amounts:
        shown = show_amount(amounts[0], invoice.currency)
        return f"its amount is {shown}, not {show_amount(invoice.total, invoice.currency)}"
    return ""


def _summary(row: Row, invoice: CreateInvoice) -> str:
    state = {"draft": "Draft invoice", "cancel": "Cancelled invoice"}.get(row["state"], "Invoice")
    name = row["name"] if row["name"] and row["name"] != "/" else row["id"]
    customer = _text(_link(row["partner_id"])[1])
    total = _amount(row["amount_total"], invoice.currency)
    tax = _amount(row["amount_tax"], invoice.currency)
    taxed = f", {show_amount(tax, invoice.currency)} of it tax" if tax else ""
    return f"{state} {name} for {customer}, {show_amount(total, invoice.currency)}{taxed}."


def _amount(number: object, currency: str) -> Decimal:
    return round_amount(Decimal(str(number)), currency)


def _link(value: object) -> tuple[int | None, str]:
    """Return id and name of a many2one, (None, "") when it is empty."""
    match value:
        case [int() as identifier, str() as name]:
            return identifier, name
        case _:
            return None, ""


# -- find_partners --------------------------------------------------------------------------------


def find_partners(client: Reader, arguments: FindPartners) -> Page:
    """Return customers and vendors of our company by part of their name or mail address."""
    matching = ["|", ["name", "ilike", arguments.query], ["email", "ilike", arguments.query]]
    ours = ["|", ["company_id", "=", False], ["company_id", "=", client.company_id]]
    domain = [*matching, *ours]
    start = int(arguments.cursor or 0)
    paging = {"limit": arguments.limit, "offset": start, "order": "name, id"}
    rows = client.search_read("res.partner", domain, PARTNER_FIELDS, **paging)
    end = start + len(rows)
    complete = len(rows) < arguments.limit and (rows or not start)
    total = end if complete else client.count("res.partner", domain)
    items = tuple(_partner(row) for row in rows)
    return Page(items, total, str(end) if rows and end < total else None)


def _partner(row: Row) -> dict[str, object]:
    return {
        "id": int(row["id"]),
        "name": _text(row["name"]),
        "email": _text(row["email"]) or None,
        "is_company": bool(row["is_company"]),
        "city": _text(row["city"]) or None,
        "vat": _text(row["vat"]) or None,
    }


def _text(value: object) -> str:
    """Return a text from outside on one line and capped; Odoo's empty value is False."""
    return " ".join(str(value or "").split())[:LIMIT_TEXT]


TOOLSET = Toolset(
    reader=reader,
    writer=writer,
    writes={"create_invoice": Write(request_of_invoice, create_invoice, reconcile_invoice)},
    reads={"find_partners": find_partners},
)
