"""What `doctor` says about an account of Meta: whether its token works, and the API's version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.doctor import Check, Health
from mcp_servers.fields import short
from mcp_servers.graph import remark_on_version
from utils.errors import RejectedError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mcp_servers.graph.client import Reader
    from utils.clock import Clock
    from utils.config import Settings


def checks(client: Reader, settings: Settings, clock: Clock) -> Iterator[Check]:
    """Ask the account for its name, which costs nothing, and look at the version in use."""
    name = f"{client.SERVICE} account"
    field = "name" if client.SERVICE == "Facebook" else "username"
    try:
        told = client.ask(client.account, fields=field)
        yield Check(
            name, Health.OK, f"reached: {short(str(told.get(field) or client.account), 100)}"
        )
    except RejectedError as error:
        yield Check(name, Health.BROKEN, str(error))
    except ServiceError as error:
        yield Check(name, Health.ATTENTION, str(error))
    remark = remark_on_version(settings, clock.local(clock.now()).date())
    if remark:
        yield Check(f"{client.SERVICE} API", Health.ATTENTION, remark)
