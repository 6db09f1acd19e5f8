"""A service described without importing its SDK: what it can do, what it needs, which account.

Rules: all of it is data and settings; nothing here asks the service.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from utils.config import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.actions import Action, Read
    from utils.config import Setting, Settings


@dataclass(frozen=True)
class Service:
    """One folder under `mcp_servers/`, described without importing its SDK.

    Args:
        name: the server's name and the prefix of its kinds.
        title: the name in front of people ("Odoo").
        actions: what it can do.
        reads: what it can be asked.
        settings: its rows of the settings table (`<NAME>_LIVE` is added by the catalogue).
        required: groups of settings of which one each must be set, e.g. (("KEY", "PASSWORD"),).
        required_to_write: the same for what is needed beyond that to act; a path among them must
            be there, and reads go on without.
        account: names the account that would be used, from settings alone, no secret in it.
        probe: the read tool that costs nothing and tells whether the service can be reached.
    """

    name: str
    title: str
    actions: tuple[Action, ...]
    reads: tuple[Read, ...]
    settings: tuple[Setting, ...]
    required: tuple[tuple[str, ...], ...]
    account: Callable[[Settings], str]
    probe: str | None = None
    required_to_write: tuple[tuple[str, ...], ...] = ()

    @property
    def live_flag(self) -> str:
        """Return the name of its own live switch."""
        return f"{self.name.upper()}_LIVE"

    def missing(self, settings: Settings) -> list[str]:
        """Return what must still be set, in words (`ODOO_API_KEY or ODOO_PASSWORD`)."""
        return [
            " or ".join(group)
            for group in self.required
            if not any(settings.is_set(name) for name in group)
        ]

    def missing_to_write(self, settings: Settings) -> list[str]:
        """Return what must still be set, or be there, before anything can be done for real."""
        missing = self.missing(settings)
        for group in self.required_to_write:
            named = [name for name in group if settings.is_set(name)]
            if not named:
                missing.append(" or ".join(group))
            elif not any(_is_there(settings, name) for name in named):
                missing.append(f"the file that {' or '.join(named)} names")
        return missing

    def account_in(self, settings: Settings) -> str:
        """Return the account's name, or "not set up"."""
        return "not set up" if self.missing(settings) else self.account(settings)


def _is_there(settings: Settings, name: str) -> bool:
    """Return whether a setting is no path, or one to an existing file."""
    if settings.table[name].kind is not Kind.PATH:
        return True
    path = settings.path(name)
    return path is not None and path.is_file()
