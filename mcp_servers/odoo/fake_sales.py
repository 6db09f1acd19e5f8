"""The tables of the fake Odoo for quotations and the pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

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


def _lead(identifier: int, name: str, partner_id: int, stage_id: int, **more: object) -> Row:
    row = {"id": identifier, "name": name, "partner_id": partner_id, "stage_id": stage_id}
    moved = "2026-11-02 08:00:00"
    return {**row, "company_id": 1, "user_id": 2, "date_last_stage_update": moved, **more}


def _stage(identifier: int, name: str, *, is_won: bool = False) -> Row:
    return {"id": identifier, "name": name, "sequence": identifier, "is_won": is_won}


SALES: Mapping[str, Model] = {
    "product.product": Model(
        "Product Variant",
        "default_code, name, id",
        {
            **REQUIRED_NAME,
            **ACTIVE,
            **columns("char", default_code="Internal Reference"),
            "type": choices("Product Type", consu="Goods", service="Service"),
            **columns("boolean", sale_ok="Can be Sold"),
            **columns("float", lst_price="Sales Price"),
            **links("res.company", company_id="Company"),
        },
        (
            {"id": 1, "name": "Service", "default_code": "SERVICE", "type": "service"}
            | {"sale_ok": True},
            {"id": 2, "name": "Website retainer", "default_code": "RETAINER", "type": "service"}
            | {"sale_ok": True},
        ),
        {"sale_ok": True, "type": "consu"},
    ),
    "product.pricelist": Model(
        "Pricelist",
        "sequence, id",
        {
            **REQUIRED_NAME,
            **ACTIVE,
            **columns("integer", sequence="Sequence"),
            **links("res.currency", currency_id="Currency"),
            **links("res.company", company_id="Company"),
        },
        (
            {"id": 1, "name": "Public Pricelist (USD)", "currency_id": 1},
            {"id": 2, "name": "Public Pricelist (EUR)", "currency_id": 125},
        ),
    ),
    "sale.order": Model(
        "Sales Order",
        "date_order desc, id desc",
        {
            **columns("char", name="Order Reference", client_order_ref="Customer Reference"),
            **columns("char", origin="Source Document"),
            **columns("html", note="Terms and conditions"),
            "state": choices(
                "Status", draft="Quotation", sent="Quotation Sent", sale="Order", cancel="Cancelled"
            ),
            **columns("datetime", date_order="Order Date"),
            **columns("date", validity_date="Expiration"),
            **links("res.partner", partner_id="Customer"),
            **links("res.users", user_id="Salesperson"),
            **links("res.company", company_id="Company"),
            **links("product.pricelist", pricelist_id="Pricelist"),
            **links("res.currency", currency_id="Currency"),
            **many("sale.order.line", "order_id", order_line="Order Lines"),
            **columns("monetary", readonly=True, amount_untaxed="Untaxed Amount"),
            **columns("monetary", readonly=True, amount_tax="Taxes", amount_total="Total"),
        },
        (),
        {"state": "draft", "user_id": 2},
    ),
    "sale.order.line": Model(
        "Sales Order Line",
        "order_id, sequence, id",
        {
            **columns("text", name="Description"),
            **columns("integer", sequence="Sequence"),
            **columns("char", display_type="Display Type"),
            **columns("float", product_uom_qty="Quantity"),
            "price_unit": Field("float", "Unit Price", exact_since=19),
            **columns("float", discount="Discount (%)"),
            **columns("monetary", readonly=True, price_subtotal="Subtotal", price_total="Total"),
            **links("product.product", product_id="Product"),
            **links("sale.order", order_id="Order Reference"),
        },
        (),
        {"product_uom_qty": 1.0},
    ),
    "crm.stage": Model(
        "CRM Stages",
        "sequence, name, id",
        {
            **REQUIRED_NAME,
            **columns("integer", sequence="Sequence"),
            **columns("boolean", is_won="Is Won Stage?", fold="Folded in Pipeline"),
        },
        (
            *(_stage(1, "New"), _stage(2, "Qualified"), _stage(3, "Proposition")),
            _stage(4, "Won", is_won=True),
        ),
    ),
    "crm.lead": Model(
        "Lead/Opportunity",
        "priority desc, id desc",
        {
            "name": Field("char", "Opportunity", required=True),
            **ACTIVE,
            "type": choices("Type", lead="Lead", opportunity="Opportunity"),
            "priority": Field("char", "Priority"),
            **columns("char", partner_name="Company Name", contact_name="Contact Name"),
            **columns("char", email_from="Email", referred="Referred By"),
            **columns("monetary", expected_revenue="Expected Revenue"),
            **columns("monetary", readonly=True, prorated_revenue="Prorated Revenue"),
            **columns("float", probability="Probability"),
            **columns("date", date_deadline="Expected Closing"),
            **columns("datetime", date_last_stage_update="Last Stage Update"),
            "won_status": Field("char", "Is Won", readonly=True, since=19),
            "is_rotting": Field("boolean", "Rotting", readonly=True, since=19),
            **links("res.partner", partner_id="Customer"),
            **links("crm.stage", stage_id="Stage"),
            **links("res.users", user_id="Salesperson"),
            **links("res.company", company_id="Company"),
            **links("res.currency", readonly=True, company_currency="Currency"),
        },
        (
            _lead(1, "Acme website relaunch", 14, 2, expected_revenue=4800.0, probability=40.0),
            _lead(2, "Globex support contract", 15, 3, expected_revenue=1200.0, probability=70.0),
            _lead(3, "Initech audit", 16, 1, expected_revenue=900.0, probability=10.0),
        ),
        {"type": "opportunity", "stage_id": 1, "user_id": 2},
    ),
    "mail.activity": Model(
        "Activity",
        "date_deadline, id",
        {
            **columns("char", res_model="Related Document Model", summary="Summary"),
            **columns("integer", res_id="Related Document ID"),
            **columns("date", date_deadline="Due Date"),
            **links("res.users", user_id="Assigned to"),
        },
        (
            {"id": 1, "res_model": "crm.lead", "res_id": 2, "summary": "Call about the contract"}
            | {"date_deadline": "2026-11-24", "user_id": 2},
        ),
    ),
}
