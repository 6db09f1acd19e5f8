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

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from decimal import Decimal

    from pydantic import BaseModel

    from core.attachments import AttachmentRule
    from core.media import MediaRule
    from core.text_limits import TextLimit
    from core.vault_files import FileRule, LoadedFile
    from utils.config import Settings

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
        address: the field of an answer that holds a mail address, where whoever writes may be known
            by it; "" where an address proves too little.
        words: the field of an answer that holds what somebody said, where that is answered.
        unknown: what is said, with `{name}` in it, when nothing is found; "": the usual words.
    """

    source: str
    target: str
    tool: str
    title: str
    match: str = "name"
    value: str = "id"
    details: tuple[str, ...] = ()
    address: str = ""
    words: str = ""
    unknown: str = ""


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
class Answers:
    """What an action answers that somebody said in public.

    Args:
        field: the argument with the id of what was said.
        where: where it was said, and that the answer is public, told by the arguments; Markdown,
            after the person and the words.
    """

    field: str
    where: Callable[[Any], str]


@dataclass(frozen=True, eq=False)  # a row of a table: the same only as itself
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
        answers: what it answers, None when it answers nobody's public words.
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
    answers: Answers | None = None

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
