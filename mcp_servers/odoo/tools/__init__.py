"""Odoo's tools: how each action is previewed, done and read back, and each question answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.workspace import clock_of
from mcp_servers.odoo.tools.bills import BILL
from mcp_servers.odoo.tools.documents import INVOICE, QUOTATION
from mcp_servers.odoo.tools.figures import get_financial_summary
from mcp_servers.odoo.tools.invoices import list_invoices
from mcp_servers.odoo.tools.partners import CREATION as PARTNER
from mcp_servers.odoo.tools.partners import find_partners
from mcp_servers.odoo.tools.payments import PAY
from mcp_servers.odoo.tools.pipeline import UPDATE, get_pipeline
from mcp_servers.odoo.tools.posting import POST
from mcp_servers.toolset import Toolset

if TYPE_CHECKING:
    from mcp_servers.odoo.client import Reader, Writer
    from utils.config import Settings


def reader(settings: Settings) -> Reader:
    """Return the client that can only read."""
    from mcp_servers.odoo.client import Reader

    return Reader(settings, clock_of(settings))


def writer(settings: Settings) -> Writer:
    """Return the client that can write."""
    from mcp_servers.odoo.client import Writer

    return Writer(settings, clock_of(settings))


TOOLSET = Toolset(
    reader=reader,
    writer=writer,
    writes={
        "create_invoice": INVOICE.write(),
        "create_quotation": QUOTATION.write(),
        "post_invoice": POST,
        "create_vendor_bill": BILL.write(),
        "register_payment": PAY,
        "create_partner": PARTNER.write(),
        "update_opportunity": UPDATE,
    },
    reads={
        "find_partners": find_partners,
        "list_invoices": list_invoices,
        "get_financial_summary": get_financial_summary,
        "get_pipeline": get_pipeline,
    },
)
