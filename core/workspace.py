"""One vault with everything that belongs to it, opened from settings; shared by all processes.

Rules: nothing here knows a network; whatever is needed from outside is handed over by the caller;
one journal belongs to one vault.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from core import publishing
from core.actions import Mode
from core.handbook import HANDBOOK, Handbook
from core.journal import Journal
from core.journal_file import FILE_NAME
from core.projection import Chronicle
from core.vault import Vault
from utils.audit_log import DailyLog
from utils.clock import Clock, SystemClock, system_zone
from utils.config import Kind, is_loopback_url
from utils.errors import ConfigError
from utils.redact import Redactor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.actions import Action, Payload
    from core.policy import Policy
    from core.services import Service
    from utils.config import Settings

OWNER = "vault"
"""The fact that names the vault a journal belongs to."""


@dataclass(frozen=True)
class Paths:
    """Where a vault and its records lie."""

    vault: Path
    logs: Path
    state: Path

    @property
    def journal(self) -> Path:
        """Return the journal's file."""
        return self.state / FILE_NAME


@dataclass(frozen=True)
class Readiness:
    """Whether a service would really act.

    Args:
        mode: dry run unless all three yeses are there.
        missing: which yes is missing, in words.
    """

    mode: Mode
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Standing:
    """How an action would run now.

    Args:
        mode: dry run unless all yeses are there.
        missing: which yes is missing, in words.
        account: what it would use.
    """

    mode: Mode
    missing: tuple[str, ...]
    account: str


def paths_of(settings: Settings) -> Paths:
    """Return where everything lies; logs and state default to `Vault/` beside the vault."""
    vault = settings.path("VAULT_PATH")
    if vault is None:
        raise ConfigError("VAULT_PATH", "is empty", "AI_Employee")
    beside = vault.parent / "Vault"
    return Paths(
        vault,
        settings.path("LOG_DIR") or beside / "Logs",
        settings.path("STATE_DIR") or beside / "State",
    )


def clock_of(settings: Settings) -> Clock:
    """Return the system clock in the owner's zone."""
    name = settings.text("TIMEZONE")
    return SystemClock(ZoneInfo(name) if name else system_zone())


def _check_sandbox(settings: Settings, services: Mapping[str, Service]) -> None:
    """Make sure that what is called practice cannot reach anything real."""
    if not settings.flag("AI_EMPLOYEE_SANDBOX"):
        return
    for service in services.values():
        for row in service.settings:
            address = settings.text(row.name) if row.kind is Kind.URL else ""
            if address and not is_loopback_url(address):
                raise ConfigError(row.name, "must be a fake on this machine in the sandbox")


def _check_owner(journal: Journal, paths: Paths) -> None:
    """Make sure that the journal is this vault's; a vault that was renamed or moved is followed.

    Raises:
        ConfigError: it belongs to another vault, which is still there.
    """
    own = _seen_from(paths.state, paths.vault)
    known = journal.recall(OWNER)
    if known == own:
        return
    other = paths.state / known if known else None
    if other is not None and other.is_dir() and not _is_same(other, paths.vault):
        raise ConfigError(
            "VAULT_PATH",
            f"is {paths.vault}, but the records in {paths.state} belong to the vault "
            f"{os.path.normpath(other)}, and two vaults never share them. Put this vault into a "
            "folder of its own, or give it its own STATE_DIR and LOG_DIR",
        )
    if paths.vault.is_dir():
        journal.remember(OWNER, own, durable=True)


def _seen_from(state: Path, vault: Path) -> str:
    """Return the way from the records to the vault, so that both may be moved together."""
    try:
        return Path(os.path.relpath(vault, state)).as_posix()
    except ValueError:  # another drive of Windows
        return vault.as_posix()


def _is_same(one: Path, other: Path) -> bool:
    return other.is_dir() and one.samefile(other)


@dataclass(frozen=True)
class Workspace:
    """A vault, its journal and log, and the rules that hold there."""

    settings: Settings
    services: Mapping[str, Service]
    actions: Mapping[str, Action]
    clock: Clock
    vault: Vault
    journal: Journal
    chronicle: Chronicle
    paths: Paths
    handbook: Handbook

    @classmethod
    def open(
        cls,
        settings: Settings,
        services: Mapping[str, Service],
        clock: Clock | None = None,
    ) -> Workspace:
        """Open a vault's records, making them when nothing was ever recorded.

        Raises:
            ConfigError: a folder cannot be used, or the records belong to another vault.
            JournalError: the journal cannot be trusted.
        """
        _check_sandbox(settings, services)
        clock = clock or clock_of(settings)
        paths = paths_of(settings)
        for folder in (paths.logs, paths.state):
            folder.mkdir(parents=True, exist_ok=True)
        log = DailyLog(paths.logs)
        journal = Journal.open(paths.journal, clock, may_create=not log.days())
        try:
            _check_owner(journal, paths)
        except ConfigError:
            journal.close()
            raise
        chronicle = Chronicle(journal, log, clock, Redactor(settings.secrets()))
        actions = {a.kind: a for service in services.values() for a in service.actions}
        posts = publishing.posts_of(services)
        if posts:
            actions[publishing.KIND] = publishing.action_for(posts)
        vault = Vault(paths.vault)
        limit = settings.amount("LIMIT_AMOUNT"), settings.text("LIMIT_CURRENCY")
        handbook = Handbook(vault.root / HANDBOOK, *limit)
        return cls(settings, services, actions, clock, vault, journal, chronicle, paths, handbook)

    def close(self) -> None:
        """Write what is left to the log and close the journal."""
        self.chronicle.flush()
        self.journal.close()

    def readiness(self, service: str) -> Readiness:
        """Return whether a service would really act, and which yes is missing."""
        known = self.services[service]
        missing = []
        if self.settings.flag("DRY_RUN"):
            missing.append("DRY_RUN=false")
        if not self.settings.flag(known.live_flag):
            missing.append(f"{known.live_flag}=true")
        missing += known.missing_to_write(self.settings)
        if missing:
            return Readiness(Mode.DRY_RUN, tuple(missing))
        sandbox = self.settings.flag("AI_EMPLOYEE_SANDBOX")
        return Readiness(Mode.SANDBOX if sandbox else Mode.LIVE, ())

    def services_of(self, action: Action, payload: Payload) -> list[str]:
        """Return the services that an action uses."""
        if action.parts is None:
            return [action.service]
        return [part.action.service for part in action.parts(payload)]

    def standing(self, action: Action, payload: Payload) -> Standing:
        """Return how an action would run now; one of several services that is dry makes it dry."""
        names = self.services_of(action, payload)
        if action.parts is None:
            readiness = self.readiness(action.service)
            return Standing(readiness.mode, readiness.missing, self.account(action.service))
        titles = {name: self.services[name].title for name in names}
        found = {name: self.readiness(name) for name in names}
        modes = {readiness.mode for readiness in found.values()}
        missing = tuple(f"{titles[n]}: {yes}" for n, r in found.items() for yes in r.missing)
        account = "; ".join(f"{titles[name]}: {self.account(name)}" for name in names)
        return Standing(modes.pop() if len(modes) == 1 else Mode.DRY_RUN, missing, account)

    def title(self, action: Action, payload: Payload) -> str:
        """Return what people call the service of an action, or its services."""
        titles = [self.services[name].title for name in self.services_of(action, payload)]
        return " and ".join([", ".join(titles[:-1]), titles[-1]] if titles[1:] else titles)

    def service_modes(self) -> dict[str, dict[str, object]]:
        """Return each service's mode, and what is missing for a real action."""
        found: dict[str, dict[str, object]] = {}
        for name, service in self.services.items():
            readiness = self.readiness(name)
            mode = "not set up" if service.missing(self.settings) else str(readiness.mode)
            found[name] = {"mode": mode, "missing": list(readiness.missing)}
        return found

    def account(self, service: str) -> str:
        """Return the account an action of a service would use."""
        return self.services[service].account_in(self.settings)

    def policy(self) -> Policy:
        """Return the policy in force."""
        return self.handbook.policy()
