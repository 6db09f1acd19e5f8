"""Who decides about an action: the maximum over independent rules, each with its reason.

Rules: rules only raise the tier; what is unknown asks; hard stops and the floor stand in code and
no note can lower them; only a dated standing approval lets a payment run unasked, and every doubt
about it asks again. What the handbook says is read by `core/handbook.py`.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from core.actions import Action, Facts, Tier, Trust, canonical
from core.extract.addresses import looks_like
from core.findings import Payee
from utils.money import show_amount

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

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


STANDING_AT_MOST = timedelta(days=366)
"""A standing approval that ends later than this from now is no dated one."""

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


def _type_rule(policy: Policy, case: Case) -> Iterator[Hit]:
    standing = _standing(policy, case)
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
    elif standing is not None and case.action.tier is Tier.APPROVAL_REQUIRED:
        yield Hit("standing_approval", Tier.AUTONOMOUS, f"{_told(standing)} covers this payment.")
    else:
        words = {
            Tier.AUTONOMOUS: "This kind of action needs no approval.",
            Tier.APPROVAL_REQUIRED: (
                f"It acts outside this vault ({case.kind}); that always needs your approval."
            ),
            Tier.HARD_STOP: "This kind of action is never done by the program.",
        }
        yield Hit("type", case.action.tier, words[case.action.tier])
    raised = policy.raised.get(plain_kind(case.kind))
    if raised is not None:
        yield Hit("handbook", raised, f"Your handbook sets {case.kind} to {raised}.")


def _told(standing: Standing) -> str:
    amount = show_amount(standing.max_amount, standing.currency)
    return f"Your standing approval ({standing.payee}, {amount}, until {standing.until})"


def _for_payee(policy: Policy, case: Case) -> list[Standing]:
    """Return the standing approvals for who is paid, whether they cover this payment or not."""
    payee, name = case.payee, (case.facts.counterparty or "").strip().casefold()
    if case.action is None or not case.action.pays or payee is None or not payee.is_paid:
        return []
    return [each for each in policy.standing if each.payee.strip().casefold() == name]


def _standing(policy: Policy, case: Case) -> Standing | None:
    """Return the standing approval that covers a payment."""
    amount, on = case.facts.amount, case.on
    if amount is None or on is None:
        return None
    for each in _for_payee(policy, case):
        fits = each.currency == case.facts.currency and amount <= each.max_amount
        if fits and on <= each.until <= on + STANDING_AT_MOST:
            return each
    return None


def _standing_rule(policy: Policy, case: Case) -> Iterator[Hit]:
    """Ask again about whatever makes a payment under a standing approval not the usual one."""
    mine = _for_payee(policy, case)
    if not mine:
        return
    if _standing(policy, case) is None:
        yield _asks("standing_approval_not_met", f"{_told(mine[0])} does not cover this payment.")
        return
    amount = case.facts.amount or Decimal(0)
    if case.payee is None or not case.payee.recurring:
        yield _asks(
            "not_recurring",
            "It is not a usual payment: the last two must lie 25 to 35 days apart, each within "
            "10 % of this one, and the last of them 25 days ago or more.",
        )
    if case.by_assistant:
        yield _asks("assistant", "An assistant asks for it, who may have read words of others.")
    if case.spent.count >= policy.daily_count:
        yield _asks("daily_count", f"{case.spent.count} payments ran unasked today already.")
    if case.spent.amount + amount > policy.daily_sum:
        limit = show_amount(policy.daily_sum, policy.limit_currency)
        yield _asks("daily_amount", f"With it, more than {limit} would be paid unasked today.")


def _asks(rule: str, text: str) -> Hit:
    return Hit(rule, Tier.APPROVAL_REQUIRED, text)


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


def _counterparty_rule(policy: Policy, case: Case) -> Iterator[Hit]:
    del policy
    pays = case.action is not None and case.action.pays
    if pays or not case.facts.counterparty or case.facts.amount is None:
        return
    if not case.known_counterparty:
        yield _asks(
            "new_counterparty",
            f"The first action with {case.facts.counterparty} that this program would do.",
        )


def _payee_rule(policy: Policy, case: Case) -> Iterator[Hit]:
    """Ask for a check by another way where money may go to somebody, or somewhere, new."""
    del policy
    if case.action is not None and case.action.pays:
        for doubt in doubts_about(case.payee, case.facts.counterparty):
            yield _asks("payee", f"{doubt} {CHECK_PAYEE}")


CHECK_PAYEE = "Check the bank details by another way, then add the property payee_checked: true."


def doubts_about(payee: Payee | None, name: str | None) -> tuple[str, ...]:
    """Return why a payee must be checked by the owner, one sentence each; nobody is no payee."""
    if payee is None:
        return ("The books could not be asked who is paid.",)
    if not payee.is_paid or (payee.known and not payee.doubts):
        return ()
    new = f"{name or 'The payee'} is new: no other posted bill of theirs is over 30 days old."
    return payee.doubts or (new,)


def _look_alike_rule(policy: Policy, case: Case) -> Iterator[Hit]:
    del policy
    for address in case.facts.addresses or case.facts.recipients:
        domain = address.rpartition("@")[2]
        like = looks_like(domain, case.known_domains)
        if like is not None:
            yield _asks(
                "look_alike",
                f"CAREFUL: {address} is not at {like}, which you deal with; it only looks like it.",
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


RULES = (
    _look_alike_rule,
    _payee_rule,
    _taint_rule,
    _type_rule,
    _standing_rule,
    _amount_rule,
    _counterparty_rule,
)
"""In the order in which the owner reads what they say, among those of equal strictness."""


def together(first: Decision, *others: Decision) -> Decision:
    """Return the decision about things that are done together: the strictest of all."""
    known = (
        h for each in others for h in each.hits if h.rule != "type" or h.tier is not first.tier
    )
    hits = list(dict.fromkeys([*first.hits, *known]))
    hits.sort(key=lambda hit: -hit.tier.rank)
    return Decision(hits[0].tier, tuple(hits), first.policy_hash)


def decide(policy: Policy, case: Case) -> Decision:
    """Return the tier of an action: the maximum over all rules that fire."""
    hits = [hit for rule in RULES for hit in rule(policy, case)]
    hits.sort(key=lambda hit: -hit.tier.rank)
    return Decision(hits[0].tier, tuple(hits), policy.hash)
