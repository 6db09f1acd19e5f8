"""The terms in which is decided: the rules in force, the case, what fired, and the floor.

Rule: hard stops stand in code, and no spelling of a kind and no note gets round them.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from core.actions import Action, Facts, Tier, Trust, canonical

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from core.findings import Payee

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

DAILY_COUNT = 3


@dataclass(frozen=True)
class Standing:
    """A standing approval: payments to one payee that the owner approved in advance.

    Args:
        payee: the name as Odoo shows it.
        max_amount: the most that one payment may be.
        currency: of that amount.
        until: the last day.
    """

    payee: str
    max_amount: Decimal
    currency: str
    until: date


@dataclass(frozen=True)
class Spent:
    """What was paid today without asking.

    Args:
        count: how many payments.
        amount: their sum in the limit's currency.
    """

    count: int = 0
    amount: Decimal = Decimal(0)


@dataclass(frozen=True)
class Policy:
    """The rules in force.

    Args:
        limit_amount: from this amount on the owner is asked.
        limit_currency: the currency of the limit; any other currency asks.
        raised: kinds that the handbook makes stricter.
        standing: the standing approvals of the handbook.
        daily_count: how many payments a day may run unasked.
        daily_amount: their sum a day in the limit's currency; None: the limit.
        problem: why the handbook's block is not used, None when it is (or there is none).
    """

    limit_amount: Decimal
    limit_currency: str
    raised: Mapping[str, Tier] = field(default_factory=dict)
    standing: tuple[Standing, ...] = ()
    daily_count: int = DAILY_COUNT
    daily_amount: Decimal | None = None
    problem: str | None = None

    @property
    def daily_sum(self) -> Decimal:
        """Return how much a day may be paid unasked."""
        return self.limit_amount if self.daily_amount is None else self.daily_amount

    @property
    def hash(self) -> str:
        """Return the digest that every logged decision names, 16 hex digits."""
        facts = {
            "limit_amount": str(self.limit_amount),
            "limit_currency": self.limit_currency,
            "raised": {kind: str(tier) for kind, tier in self.raised.items()},
            "standing": [
                [each.payee, str(each.max_amount), each.currency, each.until.isoformat()]
                for each in self.standing
            ],
            "daily": [self.daily_count, str(self.daily_sum)],
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
        """Return the owner's sentences, strictest first; where it asks, nothing that would not."""
        asks = self.tier is not Tier.AUTONOMOUS
        return tuple(hit.text for hit in self.hits if hit.tier is not Tier.AUTONOMOUS or not asks)

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
        payee: what the books say about who is paid; None: they could not be asked.
        spent: what was paid today without asking.
        on: the owner's day.
        by_assistant: whether an assistant asks, which may have read words of others.
        known_domains: mail domains that the owner deals with.
    """

    kind: str
    action: Action | None
    facts: Facts
    trust: Trust
    known_counterparty: bool = False
    payee: Payee | None = None
    spent: Spent = Spent()
    on: date | None = None
    by_assistant: bool = False
    known_domains: frozenset[str] = frozenset()


def plain_kind(kind: str) -> str:
    """Return a kind without the spellings that could dodge a rule."""
    folded = unicodedata.normalize("NFKC", kind).casefold()
    seen = "".join(c for c in folded if unicodedata.category(c) != "Cf")
    return re.sub(r"[\s\-_]+", "_", seen.strip())


def is_hard_stop(kind: str) -> bool:
    """Return whether a kind is never run by the program."""
    plain = plain_kind(kind)
    return plain in HARD_STOPS or _HARD_WORDS.search(plain) is not None
