"""The rules, each on its own: from a case to what fires, with its reason.

Rules: a rule only raises the tier; only a dated standing approval lets a payment run unasked, and
every doubt about it asks again.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from core.actions import Tier, Trust
from core.extract.addresses import looks_like
from core.policy.terms import Case, Hit, Policy, Standing, is_hard_stop, plain_kind
from utils.money import show_amount

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.findings import Payee

OUTSIDE = "It acts outside this vault"
NOT_YOURS = "The request comes from words that somebody else wrote"
"""How two reasons begin that a proposal's first lines need not repeat."""
STANDING_AT_MOST = timedelta(days=366)
"""A standing approval that ends later than this from now is no dated one."""


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
            Tier.APPROVAL_REQUIRED: (f"{OUTSIDE} ({case.kind}); that always needs your approval."),
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
            f"The amount is in {currency or 'no currency'} and cannot be compared with your limit "
            f"of {limit}.",
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


CHECK_PAYEE = "Check the bank details by another way, then tick the property payee_checked (true)."


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
            f"{NOT_YOURS}. Check recipient, amount and links.",
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
