"""Recording a payment: Odoo guards nothing here, so this does.

Rules: only on a posted document, at most what is still due, and only when no payment carries our
key; the form is made, compared and used once, ever, and writes nothing off; one document is paid by
one caller at a time.
Two forms, or one form used twice, are two payments in real Odoo (measured, `facts/odoo.md` 1.4).
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from core.findings import Findings
from mcp_servers.odoo.actions.settlement import RegisterPayment
from mcp_servers.odoo.locks import exclusive
from mcp_servers.odoo.tools.documents import MOVE
from mcp_servers.odoo.tools.invoices import SETTLED
from mcp_servers.odoo.tools.payees import payee_of
from mcp_servers.odoo.tools.posting import move_for
from mcp_servers.odoo.tools.records import (
    amount_of,
    context_of,
    link,
    number,
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
    from mcp_servers.odoo.client import Reader, Row, Writer
    from utils.config import Settings

PAYMENT, FORM = "account.payment", "account.payment.register"
FIELDS = ("name", "state", "amount", "currency_id", "partner_id", "date")
FORM_FIELDS = (
    *("amount", "currency_id", "communication"),
    *("payment_difference_handling", "can_edit_wizard"),
)
LINKED, UNBOOKED = "matched_payment_ids", ("in_process", "paid")
PAYABLE = ("not_paid", "partial")
CANCELLED = ("cancel", "canceled", "cancelled", "rejected")


def request(settings: Settings, payload: Payload, key: str) -> dict[str, Any]:
    """Return both requests: the form, and what makes the payment of it."""
    payment = RegisterPayment.model_validate(payload)
    values = _form_values(payment, key, payment.journal)
    form = request_of(settings, (FORM, "create"), [values], _context(payment.invoice_id))
    return {**form, "then": {"call": "action_create_payments", "args": [["(id of this form)"]]}}


def _form_values(payment: RegisterPayment, key: str, journal: int | str | None) -> Row:
    """Return what the form says; the rest stays due, whatever discount Odoo would take."""
    values: Row = {"amount": number(payment.amount), "communication": key}
    values["payment_difference_handling"] = "open"
    if payment.payment_date:
        values["payment_date"] = payment.payment_date.isoformat()
    if journal is not None:
        values["journal_id"] = journal
    return values


def _context(invoice_id: int | None) -> dict[str, object]:
    return {"active_model": MOVE, "active_ids": [invoice_id or "(the invoice's id)"]}


def perform(client: Writer, payload: Payload, trace: Trace) -> Done:
    """Record the payment, unless it is there already.

    Raises:
        NotSentError: the connection failed before the payment was asked for.
        RejectedError: it is not what was approved, or Odoo refused; nothing was paid.
        UnknownOutcomeError: it was asked for, and it is not certain that it is there as approved.
    """
    payment = RegisterPayment.model_validate(payload)
    if payment.invoice_id is None:
        raise rejected(
            f'no invoice of Odoo was chosen for "{payment.invoice}". Write its id into the note as '
            "invoice_id, then approve again.",
            "NoInvoice",
        )
    with exclusive(client.account, MOVE, payment.invoice_id):
        before = _look_up(client, payment, trace.key)
        if before.finding is Finding.DIFFERENT:
            raise rejected(before.text, "KeyInUse")
        if before.finding is Finding.FOUND and before.remote_id:
            said = f"{before.text} It was there already; nothing was sent."
            return Done(before.remote_id, before.remote_url, said)
        _check_due(client, move_for(client, payment.invoice_id, payment), payment)
        form_id = _make_form(client, payment, trace.key)
        client.change(FORM, "action_create_payments", [[form_id]], context_of(client))
        return _read_back(client, payment, trace.key)


def _check_due(client: Reader, move: Row, payment: RegisterPayment) -> None:
    if move["state"] != "posted":
        raise rejected(f"invoice {payment.invoice} is not posted.", "NotPosted")
    unbooked = _unbooked(client, move, payment)
    due = amount_of(move["amount_residual"], payment.currency) - unbooked
    shown = show_amount(due, payment.currency)
    state = text(move["payment_state"])
    if state not in {*PAYABLE, *SETTLED}:
        raise rejected(f"payments are {state} in Odoo on {payment.invoice}.", "NothingDue")
    if due <= 0 or (state in SETTLED and not unbooked):
        raise rejected(f"nothing is due on {payment.invoice} any more.", "NothingDue")
    if due < payment.amount:
        asked = show_amount(payment.amount, payment.currency)
        raise rejected(f"only {shown} is due on {payment.invoice}, not {asked}.", "LessDue")


def _unbooked(client: Reader, move: Row, payment: RegisterPayment) -> Decimal:
    """Return what was paid without a journal entry: Odoo leaves the amount due as it was.

    Since 18 a payment has an entry only where its journal names an outstanding account. Odoo calls
    the whole document paid then, even after a part of it.
    """
    if not client.has_field(MOVE, LINKED):
        return Decimal(0)
    linked = client.read(MOVE, int(move["id"]), (LINKED,))
    if not linked or not linked[LINKED]:
        return Decimal(0)
    unbooked = [["move_id", "=", False], ["state", "in", list(UNBOOKED)]]
    domain = [["id", "in", linked[LINKED]], *unbooked]
    rows = client.search_read(PAYMENT, domain, ("amount", "currency_id"), limit=100, order="id")
    if any(link(row["currency_id"])[1] != payment.currency for row in rows):
        said = f"a payment in another currency is under way for {payment.invoice}; look in Odoo."
        raise rejected(said, "PaymentUnderWay")
    return sum((amount_of(row["amount"], payment.currency) for row in rows), Decimal(0))


def _make_form(client: Writer, payment: RegisterPayment, key: str) -> int:
    """Return the id of a new form that says what was approved; nothing is paid by it yet."""
    values = _form_values(payment, key, _journal_id(client, payment))
    kwargs = context_of(client, **_context(payment.invoice_id))
    form_id = client.create_form(FORM, [values], kwargs)
    form = client.read(FORM, form_id, FORM_FIELDS)
    currency = link(form["currency_id"])[1] if form else ""
    if (
        form is None
        or currency != payment.currency
        or amount_of(form["amount"], payment.currency) != payment.amount
        or form["communication"] != key
        or form["payment_difference_handling"] != "open"
        or not form["can_edit_wizard"]  # else it pays by account, and in full
    ):
        raise rejected("Odoo's payment form does not say what was approved.", "NotAsApproved")
    return form_id


def _journal_id(client: Reader, payment: RegisterPayment) -> int | None:
    if payment.journal is None:
        return None
    domain = [["type", "in", ["bank", "cash"]], ["company_id", "=", client.company_id]]
    rows = client.search_read("account.journal", domain, ("name", "code"), limit=100, order="id")
    found = [
        row
        for row in rows
        if same(str(row["name"]), payment.journal) or same(str(row["code"]), payment.journal)
    ]
    if len(found) != 1:
        known = ", ".join(text(row["name"]) for row in rows) or "none"
        raise rejected(
            f'no bank or cash journal is called "{text(payment.journal)}"; there are: {known}.',
            "NoJournal",
        )
    return int(found[0]["id"])


def _read_back(client: Writer, payment: RegisterPayment, key: str) -> Done:
    """Return the payment as Odoo has it, and what is still due."""
    try:
        evidence = _look_up(client, payment, key)
    except (NotSentError, RejectedError) as error:
        said = f"the payment was made, but could not be read back: {error}"
        raise UnknownOutcomeError("Odoo", said, error_class="NotReadBack") from error
    if evidence.finding is not Finding.FOUND or evidence.remote_id is None:
        said = f"the payment was accepted, but: {evidence.text} Look at it in Odoo."
        raise UnknownOutcomeError("Odoo", said, error_class="NotAsApproved")
    return Done(evidence.remote_id, evidence.remote_url, evidence.text)


def reconcile(client: Reader, payload: Payload, trace: Trace) -> Evidence:
    """Return whether Odoo has the payment, found by its key."""
    return _look_up(client, RegisterPayment.model_validate(payload), trace.key)


def _look_up(client: Reader, payment: RegisterPayment, key: str) -> Evidence:
    domain = [[_key_field(client), "=", key], ["company_id", "=", client.company_id]]
    rows = client.search_read(PAYMENT, domain, FIELDS, limit=2, order="id")
    if not rows:
        return Evidence(Finding.ABSENT, f"Odoo has no payment with the memo {key}.")
    row, identifier = rows[0], int(rows[0]["id"])
    url = client.url_of(PAYMENT, identifier)
    wrong = "it is not the only one" if len(rows) > 1 else _difference(row, payment)
    if wrong:
        said = f"Odoo has payment {identifier} with the memo {key}, but {wrong}."
        return Evidence(Finding.DIFFERENT, said, str(identifier), url)
    return Evidence(Finding.FOUND, _told(row, payment), str(identifier), url)


def _key_field(client: Reader) -> str:
    """Return the field of a payment that the form's communication ends in (`ref` until 17)."""
    return "memo" if client.has_field(PAYMENT, "memo") else "ref"


def _difference(row: Row, payment: RegisterPayment) -> str:
    currency = link(row["currency_id"])[1]
    if row["state"] in CANCELLED:
        return "it was cancelled there"
    if currency != payment.currency:
        return f"it is in {currency}, not in {payment.currency}"
    amount = amount_of(row["amount"], currency)
    if amount != payment.amount:
        return f"its amount is {show_amount(amount, currency)}"
    return ""


def _told(row: Row, payment: RegisterPayment) -> str:
    name = text(row["name"]) or row["id"]
    amount = show_amount(amount_of(row["amount"], payment.currency), payment.currency)
    return f"Payment {name} of {amount} on {payment.invoice} ({text(payment.partner)})."


def findings(client: Reader, payload: Payload) -> Findings:
    """Return what stands against a payment, and who would be paid."""
    payment = RegisterPayment.model_validate(payload)
    if payment.invoice_id is None:
        return Findings()
    try:
        move = move_for(client, payment.invoice_id, payment)
        _check_due(client, move, payment)
        _journal_id(client, payment)
    except RejectedError as error:
        return refusal(error)
    return Findings(payee=payee_of(client, move, payment))


PAY = Write(request, perform, reconcile, check=findings)
