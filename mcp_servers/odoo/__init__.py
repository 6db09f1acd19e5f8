"""Odoo: the books. Drafts are made here; posting and paying are steps of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.services import Service
from mcp_servers.odoo.actions import ACTIONS, READS
from utils.config import Kind, Setting

if TYPE_CHECKING:
    from utils.config import Settings


def account(settings: Settings) -> str:
    """Return server, database and company, by which an approval is bound."""
    company = settings.text("ODOO_COMPANY_ID")
    which = f"company {company}" if company else f"company of {settings.text('ODOO_USERNAME')}"
    return f"{settings.text('ODOO_URL')}/ {settings.text('ODOO_DB')} {which}"


SERVICE = Service(
    name="odoo",
    title="Odoo",
    actions=ACTIONS,
    reads=READS,
    settings=(
        Setting("ODOO_URL", Kind.URL, None, "Root of the Odoo server", "https://acme.odoo.com"),
        Setting("ODOO_DB", Kind.TEXT, None, "Name of the Odoo database", "acme"),
        Setting("ODOO_USERNAME", Kind.TEXT, None, "Login of the Odoo user", "ai@acme.example"),
        Setting(
            "ODOO_API_KEY",
            Kind.TEXT,
            None,
            "API key of that user (Preferences > Account Security); ends after at most 90 days",
            secret=True,
        ),
        Setting("ODOO_PASSWORD", Kind.TEXT, None, "Its password, instead of a key", secret=True),
        Setting(
            "ODOO_COMPANY_ID",
            Kind.COUNT,
            None,
            "Company that everything belongs to; not set: the user's own company",
            "1",
            minimum=1,
        ),
    ),
    required=(
        ("ODOO_URL",),
        ("ODOO_DB",),
        ("ODOO_USERNAME",),
        ("ODOO_API_KEY", "ODOO_PASSWORD"),
    ),
    account=account,
    probe="list_invoices",
)
