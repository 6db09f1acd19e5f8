"""What the fake Odoo computes and does beyond storing: totals, numbers, posting, paying.

Rules: amounts are computed here and never taken from the caller; posting twice is refused; paying
twice is NOT, as in real Odoo: a form that is used again pays again, whatever is still due.

Source: three running servers, `facts/odoo.md` sections 1, 2 and 6, 2026-11-21.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from mcp_servers.odoo.fake_models import COMPANY_ID
from mcp_servers.odoo.fake_tables import OdooError, Tables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mcp_servers.odoo.fake_schema import Row

PLACES = Decimal("0.01")
DEBIT = {"out_invoice", "in_refund", "out_receipt", "entry"}
VENDOR = {"in_invoice", "in_refund", "in_receipt"}
PREFIXES = {"out_refund": "RINV", "in_invoice": "BILL", "in_refund": "RBILL", "entry": "MISC"}


def rounded(value: Decimal, places: Decimal = PLACES) -> Decimal:
    """Return an amount rounded half up."""
    return value.quantize(places, rounding=ROUND_HALF_UP)


def decimal(value: object) -> Decimal:
    """Return a stored number exactly as it is shown."""
    return Decimal(str(value or 0))


class Books:
    """The business of the models, within one call.

    Args:
        tables: the records.
        today: the server's date.
        company_id: the company that new records belong to.
    """

    def __init__(self, tables: Tables, today: date, company_id: int) -> None:
        self._tables = tables
        self._today = today
        self._company_id = company_id

    # -- new records ------------------------------------------------------------------------

    def defaults(self, model: str, context: Mapping[str, Any], values: Row) -> Row:
        """Return what a new record gets where its values say nothing."""
        match model:
            case "account.move":
                shared = {"name": self._no_name(), "company_id": self._company_id}
                return {**shared, "invoice_payment_term_id": self._term_of(values)}
            case "sale.order" | "crm.lead" | "account.payment":
                return {"company_id": self._company_id}
            case "account.payment.register":
                return self._form(context, values)
            case "res.partner" if context.get("res_partner_search_mode") in (
                "customer",
                "supplier",
            ):
                return {f"{context['res_partner_search_mode']}_rank": 1}
        return {}

    def _no_name(self) -> str | bool:
        return "/" if self._tables.version < 18 else False

    def _term_of(self, values: Row) -> int | bool:
        """Return the partner's payment term, which a new document takes over."""
        partner = self._tables.find("res.partner", values.get("partner_id")) or {}
        side = "supplier_" if values.get("move_type") in VENDOR else ""
        return int(partner.get(f"property_{side}payment_term_id", False)) or False

    def _form(self, context: Mapping[str, Any], values: Row) -> Row:
        """Return a payment form's values, from the invoices in its context."""
        if context.get("active_model") != "account.move" or not context.get("active_ids"):
            message = "The register payment wizard should only be called on account.move records."
            raise OdooError("UserError", message)
        moves = [self._tables.get("account.move", item) for item in context["active_ids"]]
        if any(move["state"] != "posted" for move in moves):
            message = "You can only register payment for posted journal entries."
            raise OdooError("UserError", message)
        due = sum((decimal(move["amount_residual"]) for move in moves), Decimal(0))
        if due <= 0:
            message = "You can't register a payment because there is nothing left to pay."
            raise OdooError("UserError", message)
        first = moves[0]
        inbound = first["move_type"] in DEBIT
        discounted = self._discounted(first, due) == values.get("amount")
        return {
            "line_ids": [line for move in moves for line in move["invoice_line_ids"]],
            "amount": float(due),
            "currency_id": first["currency_id"],
            "partner_id": first["partner_id"],
            "company_id": first["company_id"],
            "journal_id": self._bank_of(first["company_id"]),
            "payment_date": self._today.isoformat(),
            "payment_type": "inbound" if inbound else "outbound",
            "partner_type": "supplier" if first["move_type"] in VENDOR else "customer",
            "communication": first["ref"] or first["name"],
            "can_edit_wizard": not any(move.get("_accounts") for move in moves),
            "payment_difference_handling": "reconcile" if discounted else "open",
        }

    def _discounted(self, move: Row, due: Decimal) -> float | None:
        """Return what settles a move whose terms have a discount for early payment."""
        term = self._tables.find("account.payment.term", move["invoice_payment_term_id"])
        percentage = decimal(term and term.get("discount_percentage"))
        return float(rounded(due * (1 - percentage / 100))) if percentage else None

    def _bank_of(self, company_id: int) -> int | bool:
        for journal in self._tables.rows("account.journal"):
            if journal["type"] == "bank" and journal["company_id"] == company_id:
                return int(journal["id"])
        return False

    # -- what is computed -------------------------------------------------------------------

    def compute(self, model: str, identifier: int) -> None:
        """Compute what depends on a record's values."""
        match model:
            case "account.move":
                values = self._move(self._tables.get(model, identifier))
                self._tables.change(model, identifier, **values)
            case "sale.order":
                values = self._order(self._tables.get(model, identifier))
                self._tables.change(model, identifier, **values)

    def _move(self, move: Row) -> Row:
        """Return a move's dates, owner and amounts; there are no taxes here."""
        company = self._tables.get("res.company", move["company_id"] or COMPANY_ID)
        currency = self._tables.get("res.currency", move["currency_id"] or company["currency_id"])
        partner = move["partner_id"] and self._tables.get("res.partner", move["partner_id"])
        today = self._today.isoformat()
        shared = {
            "date": move["date"] if move["state"] == "posted" else move["invoice_date"] or today,
            "partner_id": move["partner_id"],
            "company_id": company["id"],
            "currency_id": currency["id"],
        }
        total = Decimal(0)
        for line_id in move["invoice_line_ids"]:
            total += self._line("account.move.line", line_id, "quantity", currency, shared)
        paid = decimal(move.get("_paid"))
        due = total - paid if total < 0 else max(total - paid, Decimal(0))
        rate = decimal(currency["rate"]) * (1 if move["move_type"] in DEBIT else -1)
        return shared | {
            "company_currency_id": company["currency_id"],
            "commercial_partner_id": bool(partner)
            and self._tables.value("res.partner", partner, "commercial_partner_id"),
            "invoice_date_due": self._due_on(move) or move["invoice_date"] or today,
            "amount_untaxed": float(total),
            "amount_total": float(total),
            "amount_residual": float(due),
            "amount_untaxed_signed": float(rounded(total / rate)),
            "amount_total_signed": float(rounded(total / rate)),
            "amount_residual_signed": float(rounded(due / rate)),
            "payment_state": _payment_state(move["state"], total, due),
        }

    def _due_on(self, move: Row) -> str | bool:
        """Return the due date: payment terms decide it, whatever was written there."""
        term = self._tables.find("account.payment.term", move["invoice_payment_term_id"])
        if term is None:
            return str(move["invoice_date_due"] or "")
        first = date.fromisoformat(move["invoice_date"] or self._today.isoformat())
        return (first + timedelta(days=term["_days"])).isoformat()

    def _line(
        self, model: str, identifier: int, quantity: str, currency: Row, shared: Row
    ) -> Decimal:
        line = self._tables.get(model, identifier)
        part = 1 - decimal(line["discount"]) / 100
        places = Decimal(1).scaleb(-currency["decimal_places"])
        amount = rounded(decimal(line[quantity]) * decimal(line["price_unit"]) * part, places)
        sums = {"price_subtotal": float(amount), "price_total": float(amount)}
        self._tables.put(model, {**line, **shared, **sums})
        return amount

    def _order(self, order: Row) -> Row:
        """Return an order's number, currency and amounts; the price list decides the currency."""
        company = self._tables.get("res.company", order["company_id"] or COMPANY_ID)
        listed = order["pricelist_id"] and self._tables.get(
            "product.pricelist", order["pricelist_id"]
        )
        currency_id = (listed or company)["currency_id"]
        currency = self._tables.get("res.currency", currency_id)
        total = Decimal(0)
        for line_id in order["order_line"]:
            line = self._tables.get("sale.order.line", line_id)
            if not line["product_id"] and not line["display_type"]:
                message = "Missing required fields on accountable sale order line."
                raise OdooError("ValidationError", message)
            total += self._line("sale.order.line", line_id, "product_uom_qty", currency, {})
        return {
            "name": order["name"] or f"S{order['id']:05}",
            "currency_id": currency_id,
            "date_order": order["date_order"] or f"{self._today.isoformat()} 09:00:00",
            "amount_untaxed": float(total),
            "amount_total": float(total),
        }

    def changed(self, model: str, identifier: int, values: Mapping[str, Any]) -> None:
        """Follow up on a write."""
        if model == "crm.lead" and values.get("stage_id"):
            stage = self._tables.get("crm.stage", values["stage_id"])
            now = f"{self._today.isoformat()} 09:00:00"
            won = {"probability": 100.0} if stage["is_won"] else {}
            self._tables.change(model, identifier, date_last_stage_update=now, **won)

    # -- posting and paying -----------------------------------------------------------------

    def post(self, identifier: int) -> None:
        """Post one move and give it its number."""
        move = self._tables.get("account.move", identifier)
        if move["state"] != "draft":
            name = f"{move['name']} (id {identifier})"
            raise OdooError("UserError", f"The entry {name} must be in draft.")
        self._check_postable(move)
        dated = move["invoice_date"] or self._today.isoformat()
        locked = self._tables.get("res.company", move["company_id"]).get("_locked_until", "")
        booked = dated
        if dated <= locked:  # the document keeps its date, its entry moves behind the lock
            booked = (date.fromisoformat(locked) + timedelta(days=1)).isoformat()
        move = self._tables.change(
            "account.move", identifier, invoice_date=dated, date=booked, state="posted"
        )
        if move["name"] in ("/", False):
            self._tables.change("account.move", identifier, name=self._number(move))
        self.compute("account.move", identifier)

    def _check_postable(self, move: Row) -> None:
        currency = self._tables.get("res.currency", move["currency_id"])
        refusals = (
            (not move["partner_id"], "The 'Customer' field is required to validate the invoice."),
            (not move["invoice_line_ids"], "Even magicians can't post nothing!"),
            (move["amount_total"] < 0, "You cannot validate a document with a negative total."),
            (not currency["active"], f"You cannot validate it in inactive {currency['name']}."),
            (
                move["move_type"] in VENDOR and not move["invoice_date"],
                "The Bill/Refund date is required to validate this document.",
            ),
            (
                move["auto_post"] != "no" and (move["date"] or "") > self._today.isoformat(),
                f"This move is configured to be auto-posted on {move['date']}",
            ),
        )
        for wrong, message in refusals:
            if wrong:
                raise OdooError("UserError", message)

    def _number(self, move: Row) -> str:
        prefix = PREFIXES.get(move["move_type"], "INV")
        stem = f"{prefix}/{move['date'][:4]}/"
        if move["move_type"] in VENDOR:
            stem += f"{move['date'][5:7]}/"
        used = [
            int(str(row["name"]).rpartition("/")[2])
            for row in self._tables.rows("account.move")
            if str(row["name"]).startswith(stem) and row["company_id"] == move["company_id"]
        ]
        width = 4 if move["move_type"] in VENDOR else 5
        return f"{stem}{max(used, default=0) + 1:0{width}}"

    def pay(self, form_id: int) -> int:
        """Make the payment of one form; nothing here looks whether it was made before."""
        form = self._tables.get("account.payment.register", form_id)
        moves = self._moves_of(form["line_ids"])
        if not form["can_edit_wizard"]:  # several accounts: each in full, whatever the form says
            due = sum(decimal(move["amount_residual"]) for move in moves)
            form = {**form, "amount": float(due), "communication": moves[0]["ref"]}
        if any(form["currency_id"] != move["currency_id"] for move in moves):
            raise ValueError("The sandbox plays payments in the invoice's own currency only")
        text = "memo" if self._tables.version >= 18 else "ref"
        vendor = form["partner_type"] == "supplier"
        payment_id = self._tables.seed(
            "account.payment",
            {
                "create_date": False,
                "write_date": False,
                "state": "paid" if self._tables.version >= 18 else "posted",
                text: form["communication"],
                "date": form["payment_date"],
                "reconciled_bill_ids" if vendor else "reconciled_invoice_ids": [
                    move["id"] for move in moves
                ],
                **{name: form[name] for name in ("amount", "payment_type", "partner_type")},
                **{name: form[name] for name in ("partner_id", "company_id", "currency_id")},
                "journal_id": form["journal_id"],
            },
        )
        number = f"P{self._code_of(form['journal_id'])}/{form['payment_date'][:4]}/{payment_id:05}"
        self._tables.change("account.payment", payment_id, name=number)
        written_off = form["payment_difference_handling"] == "reconcile"
        settled = sum((decimal(move["amount_residual"]) for move in moves), Decimal(0))
        self._settle(moves, settled if written_off else decimal(form["amount"]), payment_id)
        return payment_id

    def _moves_of(self, line_ids: Sequence[int]) -> list[Row]:
        lines = (self._tables.get("account.move.line", item) for item in line_ids)
        found = dict.fromkeys(line["move_id"] for line in lines)
        return [self._tables.get("account.move", item) for item in found]

    def _code_of(self, journal_id: int) -> str:
        return str(self._tables.get("account.journal", journal_id)["code"])

    def _settle(self, moves: Sequence[Row], amount: Decimal, payment_id: int) -> None:
        for move in moves:
            used = min(amount, decimal(move["amount_residual"]))
            amount -= used
            paid = float(decimal(move.get("_paid")) + used)
            matched = [*move.get("matched_payment_ids", []), payment_id]
            self._tables.change("account.move", move["id"], _paid=paid, matched_payment_ids=matched)
            self.compute("account.move", move["id"])


def _payment_state(state: str, total: Decimal, due: Decimal) -> str:
    if state != "posted" or due == total:
        return "not_paid"
    return "paid" if due == 0 else "partial"


BUSINESS: Mapping[tuple[str, str], Callable[[Books, int], object]] = {
    ("account.move", "action_post"): Books.post,
    ("account.payment.register", "action_create_payments"): Books.pay,
}
"""Methods of one model only, called for each of the ids."""
