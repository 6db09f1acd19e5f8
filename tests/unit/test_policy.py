"""Who decides about an action: `core/policy/`."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.actions import Facts, Tier, Trust
from core.findings import Payee
from core.handbook import Handbook, read_policy
from core.policy import (
    HARD_STOPS,
    Case,
    Decision,
    Policy,
    Spent,
    Standing,
    decide,
    is_hard_stop,
)
from mcp_servers.catalog import ACTIONS

LIMIT = Decimal("100.00")
POLICY = Policy(LIMIT, "EUR")
AUTONOMOUS = replace(ACTIONS["odoo.create_invoice"], tier=Tier.AUTONOMOUS)
"""A kind that needs no approval by itself, so that each rule can be seen alone."""


def decided(
    kind: str = "odoo.create_invoice",
    *,
    policy: Policy = POLICY,
    facts: Facts | None = None,
    trust: Trust = Trust.OWNER,
    known: bool = True,
) -> Decision:
    action = replace(AUTONOMOUS, kind=kind) if kind in ACTIONS else None
    return decide(policy, Case(kind, action, facts or Facts(), trust, known))


def amount(text: str, currency: str | None = "EUR") -> Facts:
    return Facts(counterparty="Acme Ltd", amount=Decimal(text), currency=currency)


def handbook(block: str) -> Policy:
    return read_policy(f"# Rules\n\n```policy\n{block}\n```\nwords\n", LIMIT, "EUR")


# -- rules ----------------------------------------------------------------------------------------


def test_without_a_rule_the_type_decides() -> None:
    decision = decided(facts=amount("99.99"))
    assert decision.tier is Tier.AUTONOMOUS
    assert decision.rules == ["type"]


@pytest.mark.parametrize("kind", ACTIONS)
def test_every_real_action_asks(kind: str) -> None:
    receipt = Payee(is_paid=False)
    case = Case(kind, ACTIONS[kind], Facts(), Trust.OWNER, known_counterparty=True, payee=receipt)
    decision = decide(POLICY, case)
    assert decision.tier is Tier.APPROVAL_REQUIRED
    assert decision.reasons == (
        f"It acts outside this vault ({kind}); that always needs your approval.",
    )


@pytest.mark.parametrize(
    ("text", "asks"),
    [("99.99", False), ("100.00", True), ("100", True), ("100.01", True), ("0", False)],
)
def test_an_amount_at_the_limit_asks(text: str, asks: bool) -> None:
    decision = decided(facts=amount(text))
    assert decision.tier is (Tier.APPROVAL_REQUIRED if asks else Tier.AUTONOMOUS)
    assert ("amount" in decision.rules) is asks


def test_the_reason_names_both_figures() -> None:
    (reason, *_) = decided(facts=amount("1250")).reasons
    assert reason == "1,250.00 EUR is at or above your limit of 100.00 EUR."


@pytest.mark.parametrize("currency", ["USD", "JPY", None, "eur"])
def test_another_currency_asks_however_small(currency: str | None) -> None:
    decision = decided(facts=amount("0.01", currency))
    assert decision.tier is Tier.APPROVAL_REQUIRED
    assert decision.rules[0] == "currency"


@pytest.mark.parametrize(
    ("facts", "known", "asks"),
    [
        pytest.param(amount("1"), False, True, id="new"),
        pytest.param(amount("1"), True, False, id="known"),
        pytest.param(Facts(counterparty="Acme Ltd"), False, False, id="no-money"),
        pytest.param(Facts(amount=Decimal(1), currency="EUR"), False, False, id="nobody"),
    ],
)
def test_the_first_action_with_a_counterparty_asks(facts: Facts, known: bool, asks: bool) -> None:
    decision = decided(facts=facts, known=known)
    assert ("new_counterparty" in decision.rules) is asks
    assert (decision.tier is Tier.APPROVAL_REQUIRED) is asks


def test_words_of_others_ask() -> None:
    decision = decided(trust=Trust.EXTERNAL)
    assert decision.tier is Tier.APPROVAL_REQUIRED
    assert decision.rules == ["tainted_source", "type"]


def test_what_nobody_knows_asks() -> None:
    decision = decided("odoo.dance")
    assert decision.tier is Tier.APPROVAL_REQUIRED
    assert decision.rules == ["unknown_action_type"]


def test_a_hard_stop_by_its_row_in_the_catalogue_stops() -> None:
    action = replace(AUTONOMOUS, tier=Tier.HARD_STOP)
    assert decide(POLICY, Case(action.kind, action, Facts(), Trust.OWNER)).tier is Tier.HARD_STOP


# -- payments -------------------------------------------------------------------------------------

PAYMENT = ACTIONS["odoo.register_payment"]
TODAY = date(2026, 11, 21)
USUAL = Payee(is_paid=True, known=True, recurring=True)
STANDING = Standing("Northwind Hosting GmbH", Decimal(49), "EUR", date(2027, 3, 31))
TRUSTING = replace(POLICY, standing=(STANDING,))


def paying(text: str = "48.00", **changes: Any) -> Decision:
    facts = Facts(counterparty="Northwind Hosting GmbH", amount=Decimal(text), currency="EUR")
    case = Case(PAYMENT.kind, PAYMENT, facts, Trust.OWNER, payee=USUAL, on=TODAY)
    return decide(changes.pop("policy", TRUSTING), replace(case, **changes))


def test_a_usual_payment_under_a_standing_approval_runs_by_itself() -> None:
    decision = paying()
    assert decision.tier is Tier.AUTONOMOUS
    assert decision.rules == ["standing_approval"]
    (reason,) = decision.reasons
    assert reason.startswith("Your standing approval (Northwind Hosting GmbH, 49.00 EUR, until ")


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        pytest.param({"policy": POLICY}, "type", id="no-standing-approval"),
        pytest.param({"on": date(2027, 4, 1)}, "standing_approval_not_met", id="over"),
        pytest.param({"on": date(2026, 3, 1)}, "standing_approval_not_met", id="not-dated"),
        pytest.param({"payee": replace(USUAL, recurring=False)}, "not_recurring", id="unusual"),
        pytest.param({"payee": replace(USUAL, known=False)}, "payee", id="new-payee"),
        pytest.param({"payee": replace(USUAL, doubts=("New bank.",))}, "payee", id="bank-data"),
        pytest.param({"payee": None}, "payee", id="books-not-asked"),
        pytest.param({"payee": Payee(is_paid=False)}, "type", id="receipt"),
        pytest.param({"trust": Trust.EXTERNAL}, "tainted_source", id="tainted"),
        pytest.param({"by_assistant": True}, "assistant", id="assistant"),
        pytest.param({"spent": Spent(3, Decimal(3))}, "daily_count", id="third"),
        pytest.param({"spent": Spent(1, Decimal("52.01"))}, "daily_amount", id="day's-sum"),
        pytest.param(
            {"policy": replace(TRUSTING, limit_amount=Decimal(48))}, "amount", id="the-limit"
        ),
        pytest.param(
            {"policy": replace(TRUSTING, limit_currency="USD")}, "currency", id="currency"
        ),
        pytest.param(
            {"policy": replace(TRUSTING, raised={PAYMENT.kind: Tier.APPROVAL_REQUIRED})},
            "handbook",
            id="handbook",
        ),
    ],
)
def test_any_doubt_about_a_payment_asks(changes: dict[str, Any], rule: str) -> None:
    decision = paying(**changes)
    assert decision.tier is Tier.APPROVAL_REQUIRED
    assert rule in [hit.rule for hit in decision.hits if hit.tier is Tier.APPROVAL_REQUIRED]


def test_a_standing_approval_is_for_its_amount_and_its_payee() -> None:
    assert paying("49.00").tier is Tier.AUTONOMOUS
    assert "standing_approval_not_met" in paying("49.01").rules
    other = Facts(counterparty="Northwind Hosting", amount=Decimal(1), currency="EUR")
    assert "type" in paying(facts=other).rules


def test_a_standing_approval_is_for_payments_only() -> None:
    """No other kind of action can be approved in advance."""
    action = ACTIONS["odoo.create_vendor_bill"]
    assert paying(action=action, kind=action.kind).tier is Tier.APPROVAL_REQUIRED


def test_the_day_counts_up_to_its_caps() -> None:
    assert paying(spent=Spent(2, Decimal("52.00"))).tier is Tier.AUTONOMOUS
    more = replace(TRUSTING, daily_count=1, daily_amount=Decimal(50))
    assert paying(policy=more).tier is Tier.AUTONOMOUS
    assert {"daily_count", "daily_amount"} <= set(
        paying(policy=more, spent=Spent(1, Decimal("2.01"))).rules
    )


@pytest.mark.parametrize(
    ("payee", "said"),
    [
        (None, "The books could not be asked who is paid."),
        (Payee(is_paid=True), "Acme Ltd is new: no other posted bill of theirs is over 30 days"),
        (Payee(is_paid=True, doubts=("The account is new.",)), "The account is new."),
        (Payee(is_paid=True, known=True), ""),
        (Payee(is_paid=False), ""),
    ],
    ids=["unknown", "new", "bank", "known", "receipt"],
)
def test_where_money_goes_is_said_first(payee: Payee | None, said: str) -> None:
    facts = Facts(counterparty="Acme Ltd", amount=Decimal(5), currency="EUR")
    decision = paying(facts=facts, payee=payee, trust=Trust.EXTERNAL)
    assert ("payee" in decision.rules) is bool(said)
    assert decision.reasons[0].startswith(said)


STANDING_LINE = "standing_approvals: [{payee: Acme Ltd, max_amount: 49, currency: EUR, until: %s}]"


def test_the_handbook_gives_standing_approvals() -> None:
    block = f"{STANDING_LINE % '2027-03-31'}\ndaily_payments: 2\ndaily_amount: 60.00"
    policy = handbook(block)
    assert policy.problem is None
    assert policy.standing == (Standing("Acme Ltd", Decimal(49), "EUR", date(2027, 3, 31)),)
    assert (policy.daily_count, policy.daily_sum) == (2, Decimal("60.00"))
    assert policy.hash != POLICY.hash
    assert POLICY.daily_sum == POLICY.limit_amount


@pytest.mark.parametrize(
    "block",
    [
        STANDING_LINE % "forever",
        (STANDING_LINE % "2027-03-31").replace(", until: 2027-03-31", ""),
        (STANDING_LINE % "2027-03-31").replace("Acme Ltd", '""'),
        (STANDING_LINE % "2027-03-31").replace("EUR", "euros"),
        (STANDING_LINE % "2027-03-31").replace("49", "-1"),
        (STANDING_LINE % "2027-03-31").replace("until", "note: x, until"),
        "standing_approvals: Acme Ltd",
        "daily_payments: many",
        "daily_amount: -1",
    ],
    ids=["no-day", "undated", "nobody", "currency", "below-zero", "more", "text", "count", "sum"],
)
def test_a_standing_approval_that_is_not_whole_is_none(block: str) -> None:
    policy = handbook(block)
    assert policy.problem is not None
    assert policy.standing == ()


# -- look-alike domains ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "asks"),
    [
        ("ann@acrne.example", True),
        ("ann@acme.exarnple", True),
        ("ann@acme.example", False),
        ("ann@globex.example", False),
    ],
)
def test_a_domain_that_only_looks_known_is_said_first(address: str, asks: bool) -> None:
    facts = Facts(recipients=(address,))
    case = Case("odoo.create_invoice", AUTONOMOUS, facts, Trust.EXTERNAL)
    decision = decide(POLICY, replace(case, known_domains=frozenset({"acme.example"})))
    assert (decision.rules[0] == "look_alike") is asks
    assert decision.reasons[0].startswith("CAREFUL: ann@") is asks


def test_a_remark_beside_an_address_does_not_hide_its_domain() -> None:
    shown = ("ann@acrne.example (CAREFUL: letters that look alike)",)
    facts = Facts(recipients=shown, addresses=("ann@acrne.example",))
    case = Case("odoo.create_invoice", AUTONOMOUS, facts, Trust.OWNER)
    decision = decide(POLICY, replace(case, known_domains=frozenset({"acme.example"})))
    assert decision.rules[0] == "look_alike"


# -- all together ---------------------------------------------------------------------------------

TIERS = st.sampled_from(list(Tier))


@given(
    base=TIERS,
    raised=st.none() | TIERS,
    text=st.sampled_from(["1", "100", "5000"]),
    currency=st.sampled_from(["EUR", "USD"]),
    trust=st.sampled_from(list(Trust)),
    known=st.booleans(),
)
def test_the_maximum_wins_and_stands_first(
    base: Tier, raised: Tier | None, text: str, currency: str, trust: Trust, known: bool
) -> None:
    """Rules only raise: no combination gives less than its strictest hit or than the type."""
    action = replace(AUTONOMOUS, tier=base)
    policy = replace(POLICY, raised={action.kind: raised} if raised else {})
    decision = decide(policy, Case(action.kind, action, amount(text, currency), trust, known))
    assert decision.tier is max((hit.tier for hit in decision.hits), key=lambda tier: tier.rank)
    assert decision.tier.rank >= base.rank
    ranks = [hit.tier.rank for hit in decision.hits]
    assert ranks == sorted(ranks, reverse=True)
    if raised:
        assert decision.tier.rank >= raised.rank


# -- hard stops -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(HARD_STOPS))
def test_a_hard_stop_stops(kind: str) -> None:
    decision = decided(kind)
    assert decision.tier is Tier.HARD_STOP
    assert decision.rules == ["hard_stop"]


@pytest.mark.parametrize(
    "kind",
    [
        *(
            "Commit_Pricing",
            "commit-pricing",
            "commit pricing",
            "COMMIT_PRICING",
            "\tcommit_pricing\n",
        ),
        *(" bank.transfer", "bank.transfer ", "Bank.Transfer", "bank-transfer", "bank transfer"),
        *("odoo.bank", "bank", "my_bank.pay", "odoo.wire_money", "x.iban", "stripe.payout"),
        *("paypal.transfer_money", "bank.anything_at_all", "odoo.Delete-Invoice"),
        *("commit\u00a0pricing", "bank . transfer", "commit--pricing", "commit__pricing"),
        *("ｂａｎｋ.transfer", "commit_\u200bpricing"),
    ],
)
def test_no_spelling_dodges_a_hard_stop(kind: str) -> None:
    assert is_hard_stop(kind)
    assert decided(kind).tier is Tier.HARD_STOP


@pytest.mark.parametrize(
    "kind",
    [*ACTIONS, "banking", "social.publish", "wireless.post", "embank.x"],
)
def test_an_ordinary_kind_is_no_hard_stop(kind: str) -> None:
    assert not is_hard_stop(kind)


def test_no_real_action_is_a_hard_stop() -> None:
    assert not any(is_hard_stop(kind) for kind in ACTIONS)


# -- the block in the handbook --------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", [None, "", "# Rules\nBe kind.\n", "```yaml\nlimit_amount: 1\n```\n"]
)
def test_without_a_block_the_settings_hold(text: str | None) -> None:
    assert read_policy(text, LIMIT, "EUR") == POLICY


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_block_sets_the_limit(newline: str) -> None:
    text = "```policy\nlimit_amount: 500.00\nlimit_currency: USD\n```\n".replace("\n", newline)
    policy = read_policy(text, LIMIT, "EUR")
    assert (policy.limit_amount, policy.limit_currency) == (Decimal("500.00"), "USD")
    assert policy.problem is None


def test_an_empty_block_changes_nothing() -> None:
    assert handbook("# nothing yet") == POLICY


def test_a_block_raises_kinds_in_any_spelling() -> None:
    policy = handbook("approval_required: [Odoo.Create-Invoice]\nhard_stop: [twitter.create_post]")
    assert decided(policy=policy).tier is Tier.APPROVAL_REQUIRED
    assert decided(policy=policy).rules == ["handbook", "type"]
    assert decided("twitter.create_post", policy=policy).tier is Tier.HARD_STOP


def test_a_kind_in_both_lists_is_a_hard_stop() -> None:
    kind = "odoo.create_invoice"
    policy = handbook(f"hard_stop: [{kind}]\napproval_required: [{kind}]")
    assert decided(policy=policy).tier is Tier.HARD_STOP


@pytest.mark.parametrize("kind", ["bank.transfer", "commit_pricing", "odoo.create_invoice"])
def test_a_block_cannot_lower_the_floor(kind: str) -> None:
    """Neither by naming a hard stop in a milder list nor by a limit without end."""
    policy = handbook(f"limit_amount: 999999999\napproval_required: [{kind}]")
    assert policy.problem is None
    decision = decide(policy, Case(kind, ACTIONS.get(kind), Facts(), Trust.OWNER, True))
    floor = Tier.HARD_STOP if is_hard_stop(kind) else Tier.APPROVAL_REQUIRED
    assert decision.tier is floor


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        pytest.param("autonomous: [bank.transfer]", "unknown line `autonomous`", id="unknown-key"),
        pytest.param("limit_ammount: 5", "unknown line `limit_ammount`", id="misspelt"),
        pytest.param("- a\n- b", "name: value", id="a-list"),
        pytest.param("limit_amount: [", "is not used", id="no-yaml"),
        pytest.param("limit_amount: many", "not an amount", id="no-amount"),
        pytest.param("limit_amount: 1,000", "not an amount", id="comma"),
        pytest.param("limit_amount: -1", "below zero", id="negative"),
        pytest.param("limit_amount: .nan", "is not used", id="nan"),
        pytest.param("limit_currency: Euro", "unknown currency `Euro`", id="currency"),
        pytest.param("hard_stop: twitter.create_post", "must list action kinds", id="no-list"),
        pytest.param("hard_stop: [1]", "must list action kinds", id="no-kind"),
        pytest.param("limit_amount: 1\nlimit_amount: 2", "limit_amount", id="twice"),
        pytest.param("a: &x 1\nb: *x", "is not used", id="alias"),
    ],
)
def test_a_broken_block_means_the_defaults_and_is_said(block: str, reason: str) -> None:
    policy = handbook(block)
    assert replace(policy, problem=None) == POLICY
    assert policy.problem is not None
    assert "The built-in rules apply." in policy.problem
    assert reason in policy.problem


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            "```policy\nlimit_amount: 1\n```\n```policy\nlimit_amount: 2\n```\n", id="two"
        ),
        pytest.param("```policy\nhard_stop: [twitter.create_post]\n", id="never-closed"),
        pytest.param("``` policy\nhard_stop: [twitter.create_post]\n```\n", id="blank-before"),
        pytest.param("~~~policy\nhard_stop: [twitter.create_post]\n~~~\n", id="tildes"),
        pytest.param("  ```policy\nhard_stop: [twitter.create_post]\n  ```\n", id="indented"),
        pytest.param("```Policy\nhard_stop: [twitter.create_post]\n```\n", id="capital"),
        pytest.param("```policy v2\nhard_stop: [twitter.create_post]\n```\n", id="more-words"),
    ],
)
def test_rules_that_are_not_used_are_never_silently_dropped(text: str) -> None:
    """An owner who wrote a hard stop must not believe that it holds when it does not."""
    policy = read_policy(text, LIMIT, "EUR")
    assert policy.problem is not None
    assert replace(policy, problem=None) == POLICY


# -- the hash -------------------------------------------------------------------------------------


def test_the_hash_tells_policies_apart() -> None:
    policies = [
        POLICY,
        handbook("limit_amount: 100.01"),
        handbook("limit_currency: USD"),
        handbook("hard_stop: [twitter.create_post]"),
        handbook("approval_required: [twitter.create_post]"),
    ]
    assert len({policy.hash for policy in policies}) == len(policies)
    assert all(len(policy.hash) == 16 for policy in policies)
    assert decided(policy=policies[1]).policy_hash == policies[1].hash


def test_the_order_of_a_list_does_not_change_the_hash() -> None:
    one, other = (handbook(f"hard_stop: [{kinds}]") for kinds in ("a.b, c.d", "c.d, a.b"))
    assert one.hash == other.hash


# -- the file -------------------------------------------------------------------------------------


def test_a_changed_handbook_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "Company_Handbook.md"
    book = Handbook(path, LIMIT, "EUR")
    assert book.policy() == POLICY
    path.write_text("```policy\nlimit_amount: 5\n```\n")
    assert book.policy().limit_amount == 5
    assert book.policy() is book.policy()
    path.write_text("```policy\nlimit_amount: 6\n```\n")
    assert book.policy().limit_amount == 6
    path.unlink()
    assert book.policy() == POLICY


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda p: p.symlink_to(__file__), id="link"),
        pytest.param(Path.mkdir, id="folder"),
        pytest.param(os.mkfifo, id="pipe"),
        pytest.param(lambda p: p.write_bytes(b"\xff\xfe"), id="not-utf-8"),
        pytest.param(lambda p: p.write_bytes(b"x" * (1 << 20) + b"y"), id="too-large"),
    ],
)
def test_a_handbook_that_cannot_be_read_means_the_defaults_and_is_said(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    path = tmp_path / "Company_Handbook.md"
    make(path)
    policy = Handbook(path, LIMIT, "EUR").policy()
    assert replace(policy, problem=None) == POLICY
    assert "cannot be read" in (policy.problem or "")
