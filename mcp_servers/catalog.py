"""The list of services. A new one is one folder, one import and one row here.

Rule: data only; no SDK and no MCP is imported, so that everybody may ask what exists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcp_servers import email, facebook, instagram, odoo, twitter, vault
from utils.config import Kind, Setting

if TYPE_CHECKING:
    from core.actions import Action, Read
    from core.services import Service

SERVICES: dict[str, Service] = {
    service.name: service
    for service in (
        *(odoo.SERVICE, facebook.SERVICE, instagram.SERVICE, twitter.SERVICE),
        email.SERVICE,
    )
}

SERVERS: tuple[str, ...] = (*SERVICES, vault.NAME)
"""Every MCP server: those of the services, and the vault's own, which reaches no network."""

ACTIONS: dict[str, Action] = {
    action.kind: action for service in SERVICES.values() for action in service.actions
}

READS: dict[str, Read] = {
    read.kind: read for service in SERVICES.values() for read in service.reads
}


def live_switch(service: Service) -> Setting:
    """Return the setting without which a service is never changed."""
    text = f"Let approved actions really change {service.title}; needs DRY_RUN=false as well"
    return Setting(service.live_flag, Kind.FLAG, "false", text, "true")


SERVICE_SETTINGS: tuple[Setting, ...] = tuple(
    dict.fromkeys(
        row for service in SERVICES.values() for row in (live_switch(service), *service.settings)
    )
)
"""Each row once, though several services may read it."""
