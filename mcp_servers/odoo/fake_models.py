"""The tables of the fake Odoo: people, money and books. Those of sales are in `fake_sales`.

Rules: the seeds are the same every time; no invoice is seeded, so that every one has a story.

Source: Odoo Community 17.0-20240709, 18.0-20250702 and 19.0 as run in 2026-11.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mcp_servers.odoo.fake_sales import SALES
from mcp_servers.odoo.fake_schema import (
    ACTIVE,
    REQUIRED_NAME,
    Field,
    Model,
    Row,
    choices,
    columns,
    links,
    many,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

USER_ID = 2
COMPANY_ID = 1
SISTER_ID = 2
"""The second company, there only when the fake plays two."""


def _partner(identifier: int, name: str, email: str, city: str, **more: object) -> Row:
    return {"id": identifier, "name": name, "email": email, "city": city, **more}


def _company(identifier: int, name: str, email: str, city: str, **more: object) -> Row:
    return _partner(identifier, name, email, city, is_company=True, **more)


def _currency(identifier: int, name: str, full: str, symbol: str, **more: object) -> Row:
    names = {"id": identifier, "name": name, "full_name": full, "symbol": symbol}
    return {**names, "rounding": 0.01, "decimal_places": 2, **more}


def _journal(identifier: int, name: str, code: str, kind: str, company_id: int = 1) -> Row:
    row = {"id": identifier, "name": name, "code": code, "type": kind, "company_id": company_id}
    return row | {"active": True}


MOVE_TYPE = choices(
    "Type",
    entry="Journal Entry",
    out_invoice="Customer Invoice",
    out_refund="Customer Credit Note",
    in_invoice="Vendor Bill",
    in_refund="Vendor Credit Note",
    out_receipt="Sales Receipt",
    in_receipt="Purchase Receipt",
)
PAYMENT_STATE = choices(
    "Payment Status",
    not_paid="Not Paid",
    in_payment="In Payment",
    paid="Paid",
    partial="Partially Paid",
    reversed="Reversed",
    invoicing_legacy="Invoicing App Legacy",
    blocked="Blocked",  # 18 and later
)

OPENED = {"create_date": "2025-03-03 08:00:00", "write_date": "2025-03-03 08:00:00"}
"""Since when the vendors' bank accounts are there."""

PEOPLE: Mapping[str, Model] = {
    "res.country": Model(
        "Country",
        "name",
        {**REQUIRED_NAME, **columns("char", code="Country Code")},
        (
            {"id": 57, "name": "Germany", "code": "DE"},
            {"id": 101, "name": "Ireland", "code": "IE"},
            {"id": 231, "name": "United Kingdom", "code": "GB"},
            {"id": 233, "name": "United States", "code": "US"},
        ),
    ),
    "res.company": Model(
        "Companies",
        "name",
        {
            **REQUIRED_NAME,
            **ACTIVE,
            **columns("char", email="Email"),
            **links("res.partner", partner_id="Partner"),
            **links("res.currency", currency_id="Currency"),
        },
        ({"id": COMPANY_ID, "name": "Sandbox Company", "partner_id": 1, "currency_id": 1},),
    ),
    "res.partner": Model(
        "Contact",
        "display_name, id desc",
        {
            **ACTIVE,
            **columns("char", name="Name", ref="Reference", email="Email", phone="Phone"),
            **columns("char", website="Website Link", vat="Tax ID"),
            "mobile": Field("char", "Mobile", until=18),
            **columns("char", street="Street", zip="Zip", city="City", lang="Language"),
            **columns("char", readonly=True, complete_name="Complete Name"),
            **columns("html", comment="Notes"),
            **columns("boolean", is_company="Is a Company"),
            **columns("integer", customer_rank="Customer Rank", supplier_rank="Supplier Rank"),
            **links("res.country", country_id="Country"),
            **links("res.company", company_id="Company"),
            **links("res.partner", parent_id="Related Company"),
            **links("res.partner", readonly=True, commercial_partner_id="Commercial Entity"),
            **links("account.payment.term", property_payment_term_id="Customer Payment Terms"),
            **links("account.payment.term", property_supplier_payment_term_id="Vendor Terms"),
        },
        (
            _company(1, "Sandbox Company", "office@sandbox.example", "Berlin"),
            _partner(3, "Sandbox Owner", "owner@sandbox.example", "Berlin", parent_id=1),
            _company(14, "Acme Ltd", "accounts@acme.example", "London", customer_rank=1),
            _company(15, "Globex GmbH", "rechnung@globex.example", "Munich", customer_rank=1),
            _company(16, "Initech Inc", "ap@initech.example", "Austin", customer_rank=1),
            _partner(17, "Smith", "anna.smith@mail.example", "Leeds", customer_rank=1),
            _partner(18, "Smith", "b.smith@post.example", "Dublin", customer_rank=1),
            _company(19, "Northwind Hosting GmbH", "b@northwind.example", "Kiel", supplier_rank=1),
            _company(20, "Papyrus Office Ltd", "sales@papyrus.example", "Bristol", supplier_rank=1),
            _company(21, "Umbrella Cleaning", "hi@umbrella.example", "Berlin", supplier_rank=1),
        ),
        {"lang": "en_US"},
    ),
    "res.partner.bank": Model(
        "Bank Accounts",
        "sequence, id",
        {
            "acc_number": Field("char", "Account Number", required=True),
            **columns("integer", sequence="Sequence"),
            **columns("boolean", allow_out_payment="Send Money"),
            **ACTIVE,
            **links("res.partner", partner_id="Account Holder"),
            **links("res.company", company_id="Company"),
        },
        (
            {"id": 1, "acc_number": "DE02100100100006820101", "partner_id": 19}
            | {"allow_out_payment": True, **OPENED},
            {"id": 2, "acc_number": "GB33BUKB20201555555555", "partner_id": 20}
            | {"allow_out_payment": True, **OPENED},
        ),
    ),
    "res.users": Model(
        "User",
        "name, login",
        {
            **REQUIRED_NAME,
            **ACTIVE,
            **columns("char", login="Login", email="Email", lang="Language", tz="Timezone"),
            **links("res.partner", partner_id="Related Partner"),
            **links("res.company", company_id="Company"),
            **many("res.company", company_ids="Companies"),
        },
        (
            {"id": USER_ID, "name": "Sandbox Owner", "email": "owner@sandbox.example"}
            | {"login": "sandbox", "partner_id": 3, "company_id": COMPANY_ID}
            | {"company_ids": [COMPANY_ID], "lang": "en_US", "tz": "UTC"},
        ),
    ),
    "res.users.apikeys": Model(
        "Users API Keys",
        "id",
        {
            **REQUIRED_NAME,
            **columns("char", scope="Scope"),
            **links("res.users", user_id="User"),
            **columns("datetime", since=18, expiration_date="Expiration Date"),
        },
    ),
}

BOOKS: Mapping[str, Model] = {
    "res.currency": Model(
        "Currency",
        "active desc, name",
        {
            **REQUIRED_NAME,
            **ACTIVE,
            **columns("char", full_name="Full Name", symbol="Symbol"),
            **columns("float", rounding="Rounding Factor"),
            **columns("integer", readonly=True, decimal_places="Decimal Places"),
            **columns("float", readonly=True, rate="Current Rate"),
        },
        (  # the rates are invented and stand still
            _currency(1, "USD", "United States dollar", "$", rate=1.0),
            _currency(125, "EUR", "Euro", "€", rate=0.8),
            _currency(142, "GBP", "Pound sterling", "£", rate=0.75),
            _currency(41, "CHF", "Swiss franc", "CHF", rate=0.9),
            _currency(4, "CAD", "Canadian dollar", "$", rate=1.25, active=False),
            _currency(25, "JPY", "Japanese yen", "¥", rate=150.0, active=False)
            | {"rounding": 1.0, "decimal_places": 0},
        ),
    ),
    "account.journal": Model(
        "Journal",
        "sequence, type, code",
        {
            **REQUIRED_NAME,
            **ACTIVE,
            **columns("char", code="Short Code"),
            **columns("integer", sequence="Sequence"),
            "type": choices(
                "Type", sale="Sales", purchase="Purchase", bank="Bank", cash="Cash", general="Misc"
            ),
            **links("res.company", company_id="Company"),
            **links("res.currency", currency_id="Currency"),
        },
        (
            _journal(1, "Customer Invoices", "INV", "sale"),
            _journal(2, "Vendor Bills", "BILL", "purchase"),
            _journal(6, "Bank", "BNK1", "bank"),
            _journal(7, "Cash", "CSH1", "cash"),
        ),
    ),
    "account.move": Model(
        "Journal Entry",
        "date desc, name desc, invoice_date desc, id desc",
        {
            **columns("char", name="Number", ref="Reference", invoice_origin="Origin"),
            **columns("char", payment_reference="Payment Reference"),
            **columns("html", narration="Terms and Conditions"),
            "move_type": MOVE_TYPE,
            "state": choices("Status", draft="Draft", posted="Posted", cancel="Cancelled"),
            "payment_state": replace(PAYMENT_STATE, required=False, readonly=True),
            "auto_post": choices("Auto-post", no="No", at_date="At Date", monthly="Monthly"),
            "checked": Field("boolean", "Checked", since=18),
            "to_check": Field("boolean", "To Check", until=17),
            **columns("date", date="Date", invoice_date="Invoice/Bill Date"),
            **columns("date", invoice_date_due="Due Date"),
            **links("res.partner", partner_id="Partner"),
            **links("res.partner", readonly=True, commercial_partner_id="Commercial Entity"),
            **links("res.users", invoice_user_id="Salesperson"),
            **links("res.partner.bank", partner_bank_id="Recipient Bank"),
            **links("account.payment.term", invoice_payment_term_id="Payment Terms"),
            **links("res.company", company_id="Company"),
            **links("res.currency", currency_id="Currency"),
            **links("res.currency", readonly=True, company_currency_id="Company Currency"),
            **many("account.move.line", "move_id", invoice_line_ids="Invoice lines"),
            "matched_payment_ids": Field(
                "many2many", "Matched Payments", "account.payment", readonly=True, since=18
            ),
            **columns("monetary", readonly=True, amount_untaxed="Untaxed Amount"),
            **columns("monetary", readonly=True, amount_tax="Tax", amount_total="Total"),
            **columns("monetary", readonly=True, amount_residual="Amount Due"),
            **columns("monetary", readonly=True, amount_untaxed_signed="Untaxed Amount Signed"),
            **columns("monetary", readonly=True, amount_total_signed="Total Signed"),
            **columns("monetary", readonly=True, amount_residual_signed="Amount Due Signed"),
        },
        (),
        {
            "move_type": "entry",
            "state": "draft",
            "payment_state": "not_paid",
            "auto_post": "no",
            "invoice_user_id": USER_ID,
        },
    ),
    "account.move.line": Model(
        "Journal Item",
        "date desc, id",
        {
            **columns("char", name="Label"),
            **columns("integer", sequence="Sequence"),
            **columns("float", quantity="Quantity", discount="Discount"),
            "price_unit": Field("float", "Unit Price", exact_since=19),
            **columns("date", readonly=True, date="Date"),
            **columns("monetary", readonly=True, price_subtotal="Subtotal", price_total="Total"),
            **links("account.move", move_id="Journal Entry"),
            **links("res.partner", partner_id="Partner"),
            **links("res.company", company_id="Company"),
            **links("res.currency", currency_id="Currency"),
            **many("account.tax", tax_ids="Taxes"),
        },
        (),
        {"quantity": 1.0},
    ),
    "account.tax": Model("Tax", "name", REQUIRED_NAME),
    "account.payment.term": Model(
        "Payment Terms",
        "sequence, id",
        {
            **REQUIRED_NAME,
            **columns("integer", sequence="Sequence"),
            **columns("float", discount_percentage="Discount %"),
        },
        (
            {"id": 1, "name": "30 Days", "_days": 30},
            {"id": 2, "name": "2/7 Net 30", "_days": 30, "discount_percentage": 2.0},
        ),
    ),
    "account.payment": Model(
        "Payments",
        "date desc, name desc",
        {
            **columns("char", name="Number"),
            "memo": Field("char", "Memo", since=18),
            "ref": Field("char", "Reference", until=17),
            "state": Field("char", "Status"),  # other values in every version
            "payment_type": choices("Payment Type", outbound="Send", inbound="Receive"),
            "partner_type": choices("Partner Type", customer="Customer", supplier="Vendor"),
            **columns("date", date="Date"),
            **columns("monetary", amount="Amount"),
            **links("res.partner", partner_id="Customer/Vendor"),
            **links("res.company", company_id="Company"),
            **links("res.currency", currency_id="Currency"),
            **links("account.journal", journal_id="Journal"),
            **links("account.move", readonly=True, move_id="Journal Entry"),
            **many("account.move", reconciled_invoice_ids="Reconciled Invoices"),
            **many("account.move", reconciled_bill_ids="Reconciled Bills"),
        },
        (),
        {"payment_type": "inbound", "partner_type": "customer"},
    ),
    "account.payment.register": Model(
        "Register Payment",
        "id",
        {
            **columns("char", communication="Memo"),
            **columns("date", payment_date="Payment Date"),
            **columns("monetary", amount="Amount"),
            "payment_type": Field("char", "Payment Type"),
            "partner_type": Field("char", "Partner Type"),
            **columns("boolean", readonly=True, can_edit_wizard="Can Edit Wizard"),
            "payment_difference_handling": choices(
                "Payment Difference Handling", open="Keep open", reconcile="Mark as fully paid"
            ),
            **links("res.partner", partner_id="Customer/Vendor"),
            **links("res.company", company_id="Company"),
            **links("res.currency", currency_id="Currency"),
            **links("account.journal", journal_id="Journal"),
            "line_ids": Field("many2many", "Journal items", "account.move.line", readonly=True),
        },
    ),
}

MODELS: Mapping[str, Model] = {**PEOPLE, **BOOKS, **SALES}

SISTER: Mapping[str, tuple[Row, ...]] = {
    "res.company": (
        {"id": SISTER_ID, "name": "Sister Company", "partner_id": 1, "currency_id": 125},
    ),
    "account.journal": (
        _journal(11, "Customer Invoices", "INV", "sale", SISTER_ID),
        _journal(12, "Vendor Bills", "BILL", "purchase", SISTER_ID),
        _journal(16, "Bank", "BNK1", "bank", SISTER_ID),
    ),
}
"""What a second company adds to the seeds."""

TRANSIENT = frozenset({"account.payment.register"})
"""Models whose records are forms, no books: making one is no effect."""

KINDS: Mapping[tuple[str, str, str], str] = {
    ("account.move", "create", "out_invoice"): "odoo.create_invoice",
    ("account.move", "create", "in_invoice"): "odoo.create_vendor_bill",
    ("account.move", "action_post", ""): "odoo.post_invoice",
    ("account.payment.register", "action_create_payments", ""): "odoo.register_payment",
    ("sale.order", "create", ""): "odoo.create_quotation",
    ("res.partner", "create", ""): "odoo.create_partner",
    ("crm.lead", "write", ""): "odoo.update_opportunity",
}
"""Our action kind by model, method and `move_type`."""

KEY_FIELDS = (
    *("ref", "invoice_origin", "payment_reference", "client_order_ref", "origin"),
    *("communication", "memo", "referred"),
)
