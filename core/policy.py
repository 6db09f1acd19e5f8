"""Who decides about an action: the maximum over independent rules, each with its reason.

Rules: rules only raise the tier; what is unknown asks; hard stops and the floor stand in code and
no note can lower them; a broken policy block means the built-in defaults, and it is said.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from core import strict_yaml
from core.actions import Action, Facts, Tier, Trust, canonical
from utils import files
from utils.errors import NoteError
from utils.money import parse_amount, show_amount

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

HANDBOOK = "Company_Handbook.md"
HANDBOOK_LIMIT_BYTES = 1 << 20
_BLOCK = re.compile(r"^```policy[ \t]*\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
_OPENING = re.compile(r"^[ \t]*(?:`{3,}|~{3,})[ \t]*policy(?=\s|$)", re.MULTILINE | re.IGNORECASE)
_KEYS = frozenset({"limit_amount", "limit_currency", "approval_required", "hard_stop"})

HARD_STOPS = frozenset(
    {
        "bank.transfer",
        "bank.create_transfer",
        "payment.transfer",
        "payment.bank_transfer",
        "odoo.delete_record",
        "odoo.delete_invoice",
        "commit_pricing",
        "modify_contract",
        "approve_discount",
        "strategic_decision",
        "initiate_executive_relationship",
        "legal_commitment",
        "market_positioning_change",
    }
)
"""Never run by the program, wherever the note lies. There is no banking channel at all."""

_HARD_WORDS = re.compile(r"(^|[._])(bank|wire|iban|payout|transfer_money)([._]|$)")


@dataclass(frozen=True)
class Policy:
    """The rules in force.

    Args:
        limit_amount: from this amount on the owner is asked.
        limit_currency: the currency of the limit; any other currency asks.
        raised: kinds that the handbook makes stricter.
        problem: why the handbook's block is not used, None when it is (or there is none).
    """

    limit_amount: Decimal
    limit_currency: str
    raised: Mapping[str, Tier] = field(default_factory=dict)
    problem: str | None = None

    @property
    def hash(self) -> str:
        """Return the digest that every logged decision names, 16 hex digits."""
        facts = {
            "limit_amount": str(self.limit_amount),
            "limit_currency": self.limit_currency,
            "raised": {kind: str(tier) for kind, tier in self.raised.items()},
            "floor": sorted(HARD_STOPS),
        }
        return hashlib.sha256(canonical(facts).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Hit:
    """One rule that fired.

    Args:
        rule: its short name, for the log.
        tier: the tier it demands.
        text: one sentence for the owner.
    """

    rule: str
    tier: Tier
    text: str


@dataclass(frozen=True)
class Decision:
    """The tier of one action, with every rule that fired.

    Args:
        tier: the maximum over the hits.
        hits: the rules, strictest first.
        policy_hash: the policy in force.
    """

    tier: Tier
    hits: tuple[Hit, ...]
    policy_hash: str

    @property
    def reasons(self) -> tuple[str, ...]:
        """Return the owner's sentences, strictest first."""
        return tuple(hit.text for hit in self.hits)

    @property
    def rules(self) -> list[str]:
        """Return the rules' names, strictest first."""
        return [hit.rule for hit in self.hits]


@dataclass(frozen=True)
class Case:
    """What is decided about.

    Args:
        kind: the action's kind as written.
        action: its row in the catalogue, None when nobody knows it.
        facts: amount, counterparty and so on.
        trust: where the request's words come from.
        known_counterparty: whether an earlier action with it is done.
    """

    kind: str
    action: Action | None
    facts: Facts
    trust: Trust
    known_counterparty: bool = False


def plain_kind(kind: str) -> str:
    """Return a kind without the spellings that could dodge a rule."""
    folded = unicodedata.normalize("NFKC", kind).casefold()
    seen = "".join(c for c in folded if unicodedata.category(c) != "Cf")
    return re.sub(r"[\s\-_]+", "_", seen.strip())


def is_hard_stop(kind: str) -> bool:
    """Return whether a kind is never run by the program."""
    plain = plain_kind(kind)
    return plain in HARD_STOPS or _HARD_WORDS.search(plain) is not None


def _type_rule(policy: Policy, case: Case) -> Iterator[Hit]:
    if is_hard_stop(case.kind):
        yield Hit(
            "hard_stop",
            Tier.HARD_STOP,
            "This kind of action is never done by the program. You decide and do it yourself.",
        )
    elif case.action is None:
        yield Hit(
            "unknown_action_type", Tier.APPROVAL_REQUIRED, "Nobody here knows this kind of action."
        )
    else:
        words = {
            Tier.AUTONOMOUS: "This kind of action needs no approval.",
            Tier.APPROVAL_REQUIRED: f"{case.kind} always needs your approval.",
            Tier.HARD_STOP: "This kind of action is never done by the program.",
        }
        yield Hit("type", case.action.tier, words[case.action.tier])
    raised = policy.raised.get(plain_kind(case.kind))
    if raised is not None:
        yield Hit("handbook", raised, f"Your handbook sets {case.kind} to {raised}.")


def _amount_rule(policy: Policy, case: Case) -> Iterator[Hit]:
    amount, currency = case.facts.amount, case.facts.currency
    if amount is None:
        return
    limit = show_amount(policy.limit_amount, policy.limit_currency)
    if currency != policy.limit_currency:
        yield Hit(
            "currency",
            Tier.APPROVAL_REQUIRED,
            f"The amount is in {currency or 'no currency'}; your limit is set in "
            f"{policy.limit_currency}.",
        )
    elif amount >= policy.limit_amount:
        yield Hit(
            "amount",
            Tier.APPROVAL_REQUIRED,
            f"{show_amount(amount, currency)} is at or above your limit of {limit}.",
        )


def _payee_rule(policy: Policy, case: Case) -> Iterator[Hit]:
    del policy
    if case.facts.counterparty and case.facts.amount is not None and not case.known_counterparty:
        yield Hit(
            "new_counterparty",
            Tier.APPROVAL_REQUIRED,
            f"The first action with {case.facts.counterparty} that this program would do.",
        )


def _taint_rule(policy: Policy, case: Case) -> Iterator[Hit]:
    del policy
    if case.trust is Trust.EXTERNAL:
        yield Hit(
            "tainted_source",
            Tier.APPROVAL_REQUIRED,
            "The request comes from words that somebody else wrote. Check recipient, amount and "
            "links.",
        )


RULES = (_type_rule, _amount_rule, _payee_rule, _taint_rule)


def decide(policy: Policy, case: Case) -> Decision:
    """Return the tier of an action: the maximum over all rules that fire."""
    hits = [hit for rule in RULES for hit in rule(policy, case)]
    hits.sort(key=lambda hit: -hit.tier.rank)
    return Decision(hits[0].tier, tuple(hits), policy.hash)


class Handbook:
    """The policy as the handbook says it now; read again only when the file has changed.

    Args:
        path: `Company_Handbook.md`.
        limit_amount: the setting LIMIT_AMOUNT.
        limit_currency: the setting LIMIT_CURRENCY.
    """

    def __init__(self, path: Path, limit_amount: Decimal, limit_currency: str) -> None:
        self._path = path
        self._limit = (limit_amount, limit_currency)
        self._known: tuple[tuple[int, ...] | None, Policy] | None = None

    def policy(self) -> Policy:
        """Return the policy in force."""
        try:
            facts = self._path.lstat()
        except FileNotFoundError:
            signature = None
        else:
            signature = (facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)
        if self._known is None or self._known[0] != signature:
            self._known = (signature, self._read())
        return self._known[1]

    def _read(self) -> Policy:
        try:
            data = files.read_regular(self._path, limit_bytes=HANDBOOK_LIMIT_BYTES)
            return read_policy(data.decode("utf-8"), *self._limit)
        except FileNotFoundError:
            return read_policy(None, *self._limit)
        except (NoteError, UnicodeDecodeError) as error:
            problem = f"{HANDBOOK} cannot be read ({error}). The built-in rules apply."
            return Policy(*self._limit, problem=problem)


def read_policy(handbook: str | None, limit_amount: Decimal, limit_currency: str) -> Policy:
    """Return the policy in force.

    Args:
        handbook: the text of `Company_Handbook.md`, None when there is none.
        limit_amount: the setting LIMIT_AMOUNT.
        limit_currency: the setting LIMIT_CURRENCY.
    """
    defaults = Policy(limit_amount, limit_currency)
    if handbook is None:
        return defaults
    text = handbook.replace("\r\n", "\n")
    blocks, openings = _BLOCK.findall(text), _OPENING.findall(text)
    if not openings:
        return defaults
    try:
        if len(openings) > 1:
            raise NoteError("holds more than one policy block")
        if not blocks:
            raise NoteError("must begin with a line ```policy and end with a line ```")
        return _from_block(blocks[0], defaults)
    except (NoteError, ValueError) as error:
        reason = error.reason if isinstance(error, NoteError) else str(error)
        return Policy(
            limit_amount,
            limit_currency,
            problem=f"The policy block in {HANDBOOK} is not used: it {reason}. "
            "The built-in rules apply.",
        )


def _from_block(text: str, defaults: Policy) -> Policy:
    block = strict_yaml.parse(text)
    if block is None:
        return defaults
    if not isinstance(block, dict):
        raise ValueError("must hold `name: value` lines")
    unknown = set(block) - _KEYS
    if unknown:
        raise ValueError(f"has an unknown line `{min(map(str, unknown))}`")
    raised: dict[str, Tier] = {}
    for tier in (Tier.APPROVAL_REQUIRED, Tier.HARD_STOP):
        for kind in _kinds(block.get(str(tier)), str(tier)):
            raised[plain_kind(kind)] = tier
    amount = defaults.limit_amount
    if block.get("limit_amount") is not None:
        amount = parse_amount(block["limit_amount"])
        if amount < 0:
            raise ValueError("has a limit below zero")
    currency = str(block.get("limit_currency") or defaults.limit_currency)
    if not re.fullmatch(r"[A-Z]{3}", currency):
        raise ValueError(f"has an unknown currency `{currency}`")
    return Policy(amount, currency, raised)


def _kinds(value: object, name: str) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(kind, str) for kind in value):
        raise ValueError(f"must list action kinds under `{name}`, like [twitter.create_post]")
    return [str(kind) for kind in value]
