"""The vocabulary: actions, their payloads and digests, tiers, modes and states.

Rules: what runs is the validated payload and nothing else; the digest binds payload, tool, mode and
account, so that an approval cannot be used for another text, amount, page or mailbox.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NewType

from utils.config import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from decimal import Decimal

    from pydantic import BaseModel

    from core.attachments import AttachmentRule
    from core.media import MediaRule
    from core.text_limits import TextLimit
    from core.vault_files import FileRule, LoadedFile
    from utils.config import Setting, Settings

ActionId = NewType("ActionId", str)
Payload = dict[str, Any]
"""Validated arguments as JSON values; money is text. The one place where Any crosses a border."""

DIGEST_VERSION = "1"
STAYS = "that does not unsend it: others may have read, copied or answered it."
NOT_POSSIBLE = "not possible; it cannot be called back."
"""Ends of `Action.undo` that several services share."""


class Tier(StrEnum):
    """Who decides. Rules only ever raise it."""

    AUTONOMOUS = "autonomous"
    APPROVAL_REQUIRED = "approval_required"
    HARD_STOP = "hard_stop"

    @property
    def rank(self) -> int:
        """Return 0, 1 or 2: a higher rank is stricter."""
        return list(Tier).index(self)


class Mode(StrEnum):
    """Whether the outside world is touched."""

    DRY_RUN = "dry_run"
    LIVE = "live"
    SANDBOX = "sandbox"

    @property
    def acts(self) -> bool:
        """Return whether a call is really made."""
        return self is not Mode.DRY_RUN


class State(StrEnum):
    """The life of an action in the journal."""

    PENDING = "pending"
    APPROVED = "approved"
    SENDING = "sending"
    DONE = "done"
    DRY_RUN_COMPLETED = "dry_run_completed"
    NOT_SENT = "not_sent"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Trust(StrEnum):
    """Where the words behind a request come from."""

    OWNER = "owner"
    EXTERNAL = "external"


@dataclass(frozen=True)
class Facts:
    """What a person must see about a payload, derived from it and never typed twice.

    Args:
        counterparty: who it is with.
        amount: of money.
        currency: of the amount.
        recipients: who gets it, each with what must be known about it.
        links: where a reader could be led to.
        account: which of several accounts is used.
        addresses: the mail addresses that get it at once; one never written to before is marked.
    """

    counterparty: str | None = None
    amount: Decimal | None = None
    currency: str | None = None
    recipients: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    account: str | None = None
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True)
class Lookup:
    """An identifier that is looked up when a proposal is registered.

    Args:
        source: the argument that holds the name (`customer`).
        target: the argument that receives the identifier (`customer_id`).
        tool: the read tool that is asked, `service.verb_noun`; called with `query` and `limit`.
        title: what the thing is called in front of people ("customer").
        match: the field of an answer that is held against the name.
        value: the field of an answer that is the identifier.
        details: further fields of an answer, by which a person tells two of the same name apart.
    """

    source: str
    target: str
    tool: str
    title: str
    match: str = "name"
    value: str = "id"
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class Filled:
    """An argument that the settings fill in when a proposal is registered; the owner may edit it.

    Args:
        name: of the argument.
        value: (settings, what was given, None for nothing) -> what the owner is shown.
    """

    name: str
    value: Callable[[Settings, object], object]


@dataclass(frozen=True)
class Payee:
    """What the books say about who would be paid.

    Args:
        is_paid: whether money goes out; False for a customer's receipt, which pays nobody.
        known: a posted bill of the same business partner is over 30 days old, with the same bank
            account.
        recurring: the last two payments lie 25 to 35 days apart, each within 10 % of this one.
        doubts: why its bank data must be checked by another way, one sentence each.
    """

    is_paid: bool
    known: bool = False
    recurring: bool = False
    doubts: tuple[str, ...] = ()

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Payee:
        """Return a payee from its JSON."""
        return cls(**{**data, "doubts": tuple(data["doubts"])})


@dataclass(frozen=True)
class Choice:
    """One record that may be meant, for the owner to choose.

    Args:
        label: how a person knows it.
        name: its name.
        value: its identifier.
    """

    label: str
    name: str
    value: object


@dataclass(frozen=True)
class Findings:
    """What a service's own records say about an action, before the owner is asked.

    Args:
        refusals: why it is not even proposed: what the service would refuse, or take and regret.
        unclear: what only the caller can tell (which of two customers); an assistant is told so
            and proposes nothing, a note that is there already says so and cannot run for real.
        remarks: sentences for the owner: warnings, an equal record, a quota that is left, or why
            the service could not be asked.
        payee: who would be paid; None: nobody, or the books could not be asked.
        accounts: fingerprints (`core/extract/ibans.py`) of the other side's bank accounts, None
            where they were not asked for.
        choices: the records of which one is meant, where it is unclear which.
        unanswered: whether a service was to be asked and did not answer.
    """

    refusals: tuple[str, ...] = ()
    unclear: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    payee: Payee | None = None
    accounts: tuple[str, ...] | None = None
    choices: tuple[Choice, ...] = ()
    unanswered: bool = False

    def __add__(self, other: Findings) -> Findings:
        """Return both together."""
        return Findings(
            self.refusals + other.refusals,
            self.unclear + other.unclear,
            self.remarks + other.remarks,
            other.payee or self.payee,
            self.accounts if other.accounts is None else other.accounts,
            self.choices + other.choices,
            self.unanswered or other.unanswered,
        )


@dataclass(frozen=True)
class Part:
    """One of several things that one decision does, each by its own tool.

    Args:
        label: its name, and that of its `## Content <label>`.
        title: what people call it.
        action: what carries it out.
        payload: validated, for that action.
    """

    label: str
    title: str
    action: Action
    payload: Payload


@dataclass(frozen=True)
class Action:
    """One thing that can be done to the outside world or to the books.

    Args:
        kind: `service.verb_noun`; the tool of the server `service` is `verb_noun`.
        summary: one sentence for the tool list.
        arguments: the pydantic model (extra fields refused) of the payload.
        describe: the sentence after "Approve:", Markdown, without the question mark.
        title: the words of the note's file name after the id.
        facts: what a person must see, derived from the arguments.
        consequence: what will have happened afterwards.
        undo: how to undo it, or that it cannot be, after the words "To undo it:".
        content: the argument that is edited under `## Content`, if any.
        money: whether it touches the books: never sent again by us, not even when unsent.
        pays: whether it is a payment: a new payee must be checked by the owner first.
        hourly_cap: how many are begun within an hour at most, None without a cap.
        absence_provable: whether a missing record proves that nothing happened.
        tier: the tier before any rule.
        lookup: an identifier to fill in at registration.
        texts: the argument that maps labels to texts, each edited under `## Content <label>`.
        parts: what it consists of, when it is several; it has no server of its own then.
        filled: arguments that the settings fill in at registration.
        media: what pictures and films its argument `media` takes, None without that argument.
        attachments: what its argument `attachments` takes, None without that argument.
        price: what its service charges for it, in USD; None: nothing, and the owner is told so.
        length: how long the text of `content` may be, None where nobody says.
        checked: whether its service is asked about it when it is registered: the tool's
            `Write.check` (`mcp_servers/toolset.py`) reads the service and returns `Findings`. A
            service that is not set up or down is said in the proposal; a dry run goes on.
    """

    kind: str
    summary: str
    arguments: type[BaseModel]
    describe: Callable[[Any], str]
    title: Callable[[Any], str]
    facts: Callable[[Any], Facts]
    consequence: str
    undo: str
    content: str | None = None
    money: bool = False
    pays: bool = False
    hourly_cap: int | None = None
    absence_provable: bool = False
    tier: Tier = Tier.APPROVAL_REQUIRED
    lookup: Lookup | None = None
    texts: str | None = None
    parts: Callable[[Payload], tuple[Part, ...]] | None = None
    filled: tuple[Filled, ...] = ()
    media: MediaRule | None = None
    length: TextLimit | None = None
    price: Callable[[Any], Decimal] | None = None
    attachments: AttachmentRule | None = None
    checked: bool = False

    @property
    def service(self) -> str:
        """Return the server's name."""
        return self.kind.split(".", 1)[0]

    @property
    def tool(self) -> str:
        """Return the tool's name on its server."""
        return self.kind.split(".", 1)[1]

    @property
    def files(self) -> tuple[FileRule[LoadedFile], ...]:
        """Return what it takes of files, for each argument that names some."""
        return tuple(rule for rule in (self.media, self.attachments) if rule is not None)


@dataclass(frozen=True)
class Read:
    """One question that a server answers without changing anything.

    Args:
        kind: `service.verb_noun`.
        summary: one sentence for the tool list.
        arguments: the pydantic model of the arguments (`limit` and `cursor` among them).
    """

    kind: str
    summary: str
    arguments: type[BaseModel]

    @property
    def tool(self) -> str:
        """Return the tool's name on its server."""
        return self.kind.split(".", 1)[1]


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


def canonical(value: object) -> str:
    """Return the one JSON text of a value: sorted keys, no spaces, NFC."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return unicodedata.normalize("NFC", text)


def payload_of(action: Action, arguments: Mapping[str, object]) -> Payload:
    """Validate arguments and return the canonical payload.

    Raises:
        pydantic.ValidationError: an argument is missing, unknown or unusable.
    """
    model = action.arguments.model_validate(dict(arguments))
    payload: Payload = model.model_dump(mode="json", exclude_none=True)
    return payload


def digest_of(kind: str, payload: Payload, mode: Mode, account: str) -> str:
    """Return the SHA-256 that an approval is bound to, as 64 hex digits."""
    bound = {
        "version": DIGEST_VERSION,
        "tool": kind,
        "mode": str(mode),
        "account": account,
        "payload": payload,
    }
    return hashlib.sha256(canonical(bound).encode()).hexdigest()


def key_of(action_id: str) -> str:
    """Return the idempotency key written into a service's record: `AIE-` and 10 hex digits."""
    return f"AIE-{hashlib.sha256(action_id.encode()).hexdigest()[:10]}"
