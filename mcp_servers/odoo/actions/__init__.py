"""What can be done in Odoo and asked of it: one table of actions, one of reads; no network."""

from __future__ import annotations

from core.actions import Action, Lookup, Read
from mcp_servers.odoo.actions.documents import (
    CreateInvoice,
    CreateQuotation,
    CreateVendorBill,
    describe_bill,
    describe_invoice,
    describe_quotation,
    facts_of_document,
    title_of_document,
)
from mcp_servers.odoo.actions.relations import (
    CreatePartner,
    FindPartners,
    GetPipeline,
    UpdateOpportunity,
    describe_partner,
    describe_update,
    facts_of_partner,
    facts_of_update,
    title_of_partner,
    title_of_update,
)
from mcp_servers.odoo.actions.settlement import (
    GetFinancialSummary,
    ListInvoices,
    PostInvoice,
    RegisterPayment,
    describe_payment,
    describe_posting,
    facts_of_step,
    title_of_payment,
    title_of_posting,
)

PERSON = ("email", "city")
CUSTOMER = Lookup(
    "customer", "customer_id", "odoo.find_partners", "customer", details=PERSON, address="email"
)
VENDOR = Lookup("vendor", "vendor_id", "odoo.find_partners", "vendor", details=PERSON)

ACTIONS = (
    Action(
        kind="odoo.create_invoice",
        summary="Create a draft customer invoice; not posted, not e-mailed.",
        arguments=CreateInvoice,
        describe=describe_invoice,
        title=title_of_document,
        facts=facts_of_document,
        consequence=(
            "A draft invoice will be in Odoo. It is not posted and not e-mailed to anybody."
        ),
        undo="delete the draft in Odoo.",
        money=True,
        absence_provable=True,
        checked=True,
        lookup=CUSTOMER,
    ),
    Action(
        kind="odoo.create_quotation",
        summary="Create a draft quotation; not e-mailed.",
        arguments=CreateQuotation,
        describe=describe_quotation,
        title=title_of_document,
        facts=facts_of_document,
        consequence=(
            "A draft quotation will be in Odoo. It is not sent to anybody and binds nobody."
        ),
        undo="delete the draft in Odoo.",
        money=True,
        absence_provable=True,
        checked=True,
        lookup=CUSTOMER,
    ),
    Action(
        kind="odoo.post_invoice",
        summary="Post a draft invoice or bill: it gets its number.",
        arguments=PostInvoice,
        describe=describe_posting,
        title=title_of_posting,
        facts=facts_of_step,
        consequence=("The document gets its number and counts in the books. It is not e-mailed."),
        undo=("correct it in Odoo with a credit note; a posted document is not deleted any more."),
        money=True,
        absence_provable=True,
        checked=True,
    ),
    Action(
        kind="odoo.create_vendor_bill",
        summary="Enter a vendor's bill as a draft.",
        arguments=CreateVendorBill,
        describe=describe_bill,
        title=title_of_document,
        facts=facts_of_document,
        consequence=("A draft bill will be in Odoo. It is neither posted nor paid."),
        undo="delete the draft in Odoo.",
        money=True,
        absence_provable=True,
        checked=True,
        lookup=VENDOR,
    ),
    Action(
        kind="odoo.register_payment",
        summary="Record a payment on a posted invoice or bill; no bank is told.",
        arguments=RegisterPayment,
        describe=describe_payment,
        title=title_of_payment,
        facts=facts_of_step,
        consequence=(
            "The payment is in the books and the invoice counts as paid by that much. No bank is "
            "told: no money moves."
        ),
        undo="cancel the payment in Odoo.",
        money=True,
        pays=True,
        absence_provable=True,
        checked=True,
        lookup=Lookup("invoice", "invoice_id", "odoo.list_invoices", "invoice"),
    ),
    Action(
        kind="odoo.create_partner",
        summary="Create a customer or vendor.",
        arguments=CreatePartner,
        describe=describe_partner,
        title=title_of_partner,
        facts=facts_of_partner,
        consequence="A new contact will be in Odoo.",
        undo="archive or delete the contact in Odoo.",
        money=True,
        absence_provable=True,
        checked=True,
    ),
    Action(
        kind="odoo.update_opportunity",
        summary="Change stage, revenue, probability or closing date of an opportunity.",
        arguments=UpdateOpportunity,
        describe=describe_update,
        title=title_of_update,
        facts=facts_of_update,
        consequence="The opportunity is changed in Odoo.",
        undo="set the old values again in Odoo; its history there shows them.",
        money=True,
        absence_provable=True,
        checked=True,
        lookup=Lookup("opportunity", "opportunity_id", "odoo.get_pipeline", "opportunity"),
    ),
)

READS = (
    Read(
        kind="odoo.find_partners",
        summary="Find customers and vendors.",
        arguments=FindPartners,
    ),
    Read(
        kind="odoo.list_invoices",
        summary="List invoices, bills and credit notes.",
        arguments=ListInvoices,
    ),
    Read(
        kind="odoo.get_financial_summary",
        summary="Revenue, bills, payments and what is due, each with its basis.",
        arguments=GetFinancialSummary,
    ),
    Read(
        kind="odoo.get_pipeline",
        summary="Open opportunities and sums by stage.",
        arguments=GetPipeline,
    ),
)
