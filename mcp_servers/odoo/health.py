"""What `doctor` says about the sign-in to Odoo: when the API key ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.doctor import Check, Health
from mcp_servers.odoo.client import Reader
from mcp_servers.odoo.keys import key_expires_on, key_warning
from utils.clock import local_day
from utils.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from utils.clock import Clock
    from utils.config import Settings

NAME = "odoo key"


def checks(settings: Settings, clock: Clock) -> Iterator[Check]:
    """Say when the key ends; nothing when a password is used or Odoo does not tell."""
    try:
        ends_on = key_expires_on(Reader(settings, clock))
    except ServiceError as error:
        yield Check(NAME, Health.ATTENTION, f"when it ends could not be asked: {error.message}")
        return
    warning = key_warning(ends_on, local_day(clock, clock.now()))
    if warning:
        yield Check(NAME, Health.ATTENTION, warning)
    elif ends_on:
        yield Check(NAME, Health.OK, f"ends on {ends_on.isoformat()}")
