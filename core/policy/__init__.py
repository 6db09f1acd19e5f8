"""Who decides about an action: the maximum over independent rules, each with its reason.

Rules: rules only raise the tier; what is unknown asks; hard stops and the floor stand in code and
no note can lower them; only a dated standing approval lets a payment run unasked, and every doubt
about it asks again. What the handbook says is read by `core/handbook.py`.
"""

from __future__ import annotations

from core.policy.rules import CHECK_PAYEE, NOT_YOURS, OUTSIDE, RULES, doubts_about
from core.policy.terms import (
    DAILY_COUNT,
    HARD_STOPS,
    Case,
    Decision,
    Hit,
    Policy,
    Spent,
    Standing,
    is_hard_stop,
    plain_kind,
)

__all__ = [
    "CHECK_PAYEE",
    "DAILY_COUNT",
    "HARD_STOPS",
    "NOT_YOURS",
    "OUTSIDE",
    "Case",
    "Decision",
    "Hit",
    "Policy",
    "Spent",
    "Standing",
    "decide",
    "doubts_about",
    "is_hard_stop",
    "plain_kind",
    "together",
]


def decide(policy: Policy, case: Case) -> Decision:
    """Return the tier of an action: the maximum over all rules that fire."""
    hits = [hit for rule in RULES for hit in rule(policy, case)]
    hits.sort(key=lambda hit: -hit.tier.rank)
    return Decision(hits[0].tier, tuple(hits), policy.hash)


def together(first: Decision, *others: Decision) -> Decision:
    """Return the decision about things that are done together: the strictest of all."""
    known = (
        h for each in others for h in each.hits if h.rule != "type" or h.tier is not first.tier
    )
    hits = list(dict.fromkeys([*first.hits, *known]))
    hits.sort(key=lambda hit: -hit.tier.rank)
    return Decision(hits[0].tier, tuple(hits), first.policy_hash)
