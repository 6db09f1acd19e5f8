"""Briefing and audit as text: exactly what is known, and in words what is not."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.actions import Mode, State
from core.books import Charge, Figure, Gap, Name, Open, Span, Stage, Statement
from core.reports import audit, briefing, subscriptions
from core.reports.facts import Facts, Suggestion
from core.reports.goals import Expected, Goals, Metric, Project, Subscription
from core.reports.ledger import FAILED, Activity, Deed, Group, Wait
from core.reports.networks import Network

D = Decimal
NOW = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
WEEK = Span.parse("2026-W47")
NONE = Group(0, ())


def deed(number: int = 1, **changes: Any) -> Deed:
    name = f"APR-20261116-{number:03d} Invoice Acme.md"
    plain = Deed(
        name[:16], "odoo.create_invoice", Mode.LIVE, State.DONE, "approval_required", name,
        NOW - timedelta(days=4), NOW + timedelta(days=3), NOW - timedelta(days=3),
        NOW - timedelta(days=3), "Draft invoice 1 for Acme Ltd.", "", "", planned=False,
    )  # fmt: skip
    return replace(plain, **changes)


QUIET = Activity(
    done={}, dry={}, finished=NONE, failed=dict.fromkeys(FAILED, NONE), rejected=NONE,
    expired=NONE, hard_stops=NONE, refused_calls={}, warnings={}, decision_h=None, decisions=(),
    runs=(), came_in={}, waiting=NONE, asks=(), tasks=(),
)  # fmt: skip


def figure(documents: int = 1, credited: dict[str, Decimal] | None = None, **sums: str) -> Figure:
    return Figure({c: D(a) for c, a in sums.items()}, documents, "posted invoices", credited or {})


def statement(**changes: Any) -> Statement:
    figures = {
        Name.REVENUE: figure(USD="900.00"),
        Name.REVENUE_MONTH: figure(3, USD="1300.00"),
    }
    weeks = tuple((WEEK.before(n).first, figure(USD=f"{n}00")) for n in range(7, 0, -1))
    plain = Statement(
        "Odoo", "Acme GmbH", NOW, figures, weeks=weeks, charges=(), owed=(), owing=(), stages=()
    )
    return replace(plain, **changes)


def facts(*statements: Statement, **changes: Any) -> Facts:
    plain = Facts(
        span=WEEK, today=NOW.date(), now=NOW, generated="2026-11-23T07:00:00", running=False,
        practice=False, activity=QUIET, statements=statements, goals=Goals(), recurring=(),
        networks=(Network("X", 0, 0, None, None),), late_tasks=(), expiring=(),
        services=(("Odoo", "live", ""),), policy_problem=None,
    )  # fmt: skip
    return replace(plain, **changes)


def section(text: str, title: str) -> str:
    return text.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]


def head(text: str) -> str:
    return text.split("\n\n", 1)[0]


TARGET = Goals(revenue_month=D(2000), currency="USD")


# -- money ----------------------------------------------------------------------------------------


def test_a_week_with_revenue_and_a_target() -> None:
    text = briefing.render(facts(statement(), goals=TARGET))
    assert (
        "Revenue for Acme GmbH: 900.00 USD in the week, 1,300.00 USD in the month to date, "
        "65 % of the target of 2,000.00 USD, behind an even pace (Odoo, before tax)."
    ) in head(text)
    chart = section(text, "Revenue").split("```mermaid")[1].split("```")[0]
    assert "bar [700, 600, 500, 400, 300, 200, 100, 900.00]" in chart
    assert "line [460, 460, 460, 460, 460, 460, 460, 460]" in chart


def test_a_source_that_is_down_gives_its_reason_and_no_figure() -> None:
    gap = Gap("the server does not answer")
    down = statement(
        company=None, as_of=None, figures={Name.REVENUE: gap, Name.REVENUE_MONTH: gap},
        weeks=tuple((WEEK.before(n).first, gap) for n in range(7, 0, -1)), charges=gap,
        owed=gap, owing=gap, stages=gap,
    )  # fmt: skip
    text = briefing.render(facts(down, goals=TARGET, recurring=gap))
    assert "Revenue is not known: Odoo: the server does not answer." in head(text)
    assert not re.search(r"\d+\.\d\d (?!USD\b.*target)[A-Z]{3}", head(text))
    assert "not known: the server does not answer" in section(text, "Revenue")
    assert "mermaid" not in section(text, "Revenue")
    assert "NOT KNOWN. Odoo: Revenue" in section(text, "Sources and gaps")
    assert "Not known: the server does not answer" in section(text, "Costs")
    assert not re.search(r"(?<![\d,])0\.00", text)


def test_no_source_at_all_is_said() -> None:
    text = briefing.render(facts(recurring=Gap("no books")))
    assert "Revenue is not known: Odoo is not set up, and no bank export (CSV)" in head(text)
    assert "Odoo is not set up, and no bank export" in section(text, "Sources and gaps")
    assert not re.search(r"\d\.\d\d", text)


def test_a_target_in_another_currency_is_no_share_and_no_pace() -> None:
    text = briefing.render(facts(statement(), goals=replace(TARGET, currency="EUR")))
    said = "not to be compared with the target of 2,000.00 EUR: it is in USD"
    assert said in head(text)
    assert said in section(text, "Revenue")
    assert "0 %" not in text
    assert "pace" not in text
    both = {**statement().figures, Name.REVENUE_MONTH: figure(2, USD="5.00", EUR="1000.00")}
    text = briefing.render(facts(statement(figures=both), goals=replace(TARGET, currency="EUR")))
    assert "50 % of the target of 2,000.00 EUR, behind an even pace, USD not counted" in head(text)


def test_what_is_not_set_up_is_one_line_and_no_row() -> None:
    idle = (Network("X", 0, 0, None, None, remarks=("not set up",)),)
    idle += (replace(idle[0], title="Facebook"),)
    text = briefing.render(facts(networks=idle, services=(("Gmail", "not set up", ""),)))
    assert section(text, "Social and email").strip().splitlines() == [
        "No social network is set up.",
        "",
        "Email: Gmail is not set up.",
    ]
    assert "- NOT KNOWN. Not set up: X, Facebook.\n" in f"{text}\n"
    once = (idle[0], replace(idle[1], posts=1))
    assert "| In these days | Facebook |\n| --- | --- |\n| Posts | 1 |" in briefing.render(
        facts(networks=once)
    )


def test_a_cost_that_cannot_be_told_is_not_none() -> None:
    network = Network("X", 1, 0, None, None, spend=Gap("an old payload cannot be read"))
    text = section(briefing.render(facts(networks=(network,))), "Social and email")
    assert "| Spend | not known: an old payload cannot be read |" in text


def test_a_missing_target_is_said_and_nothing_is_measured_against_it() -> None:
    text = briefing.render(facts(statement()))
    assert "and no target is set (Odoo, before tax)" in head(text)
    assert "No target is set" in section(text, "Revenue")
    assert "%" not in text.replace("%%", "").split("## Sources")[0].replace("F58518", "")


def test_a_broken_goals_block_is_said() -> None:
    text = briefing.render(facts(statement(), goals=Goals(problem="The goals block is broken.")))
    assert "The goals block is broken." in section(text, "Targets")
    assert "NOT KNOWN. The goals block is broken." in text


def test_a_week_without_documents_is_none_not_zero() -> None:
    none = Figure({}, 0, "posted invoices")
    weeks = tuple((WEEK.before(n).first, none) for n in range(7, 0, -1))
    figures = {Name.REVENUE: none, Name.REVENUE_MONTH: none}
    text = briefing.render(facts(statement(figures=figures, weeks=weeks)))
    assert "Revenue for Acme GmbH: none in the week, none in the month to date" in head(text)
    assert "| Revenue | none (no documents) | Odoo |" in text
    assert "0.00" not in text
    assert "mermaid" not in section(text, "Revenue")


def test_two_currencies_stand_beside_each_other() -> None:
    both = figure(2, EUR="250.10", USD="900.00")
    figures = {Name.REVENUE: both, Name.REVENUE_MONTH: both}
    text = briefing.render(facts(statement(figures=figures), goals=TARGET))
    assert "250.10 EUR and 900.00 USD in the week" in head(text)
    assert "45 % of the target of 2,000.00 USD, behind an even pace, EUR not counted" in head(text)
    assert "1,150.10" not in text
    assert section(text, "Revenue").count("```mermaid") == 2


def test_a_credit_note_is_named_beside_what_it_lowers() -> None:
    lowered = figure(2, {"USD": D(100)}, USD="800.00")
    text = briefing.render(facts(statement(figures={Name.REVENUE: lowered})))
    wanted = "800.00 USD (2 documents, credit notes of 100.00 USD subtracted)"
    assert wanted in section(text, "Revenue")


def test_invoices_that_were_credited_whole_are_zero_with_their_documents() -> None:
    even = figure(2, {"USD": D(100)}, USD="0.00")
    text = briefing.render(facts(statement(figures={Name.REVENUE: even})))
    assert "0.00 USD (2 documents, credit notes of 100.00 USD subtracted)" in text


def test_the_company_and_those_that_are_not_counted_are_named() -> None:
    remark = "Everything from Odoo is about Acme GmbH only; 1 more company is open to this user."
    text = briefing.render(facts(statement(remarks=(remark,))))
    assert "Odoo of Acme GmbH" in text
    assert remark in text


def test_a_bank_export_alone_is_named_as_what_it_is() -> None:
    bank = Statement(
        "bank export November", None, None, {Name.RECEIVED: figure(EUR="70.00")}, charges=()
    )
    text = briefing.render(facts(bank))
    assert "Revenue is not known; money in was 70.00 EUR (bank export November)." in head(text)
    due = section(audit.render(facts(bank)), "What is due")
    assert due.strip() == "Not known: bank export November does not tell it."
    text = briefing.render(facts(bank, goals=TARGET))
    assert "Month to date: the target is 2,000.00 USD, what was made is not known." in text


def test_a_week_whose_earlier_weeks_are_unknown_has_no_picture() -> None:
    weeks = statement().weeks
    text = briefing.render(facts(statement(weeks=((weeks[0][0], Gap("late")), *weeks[1:]))))
    assert "No picture: the revenue of 1 of the weeks is not known." in text
    assert "mermaid" not in section(text, "Revenue")


def test_open_opportunities_are_no_revenue() -> None:
    stage = Stage("Proposition", 2, D(5000), D("1500.50"), "EUR")
    text = section(briefing.render(facts(statement(stages=(stage,)))), "Revenue")
    assert "no revenue yet (Odoo)" in text
    assert "| Proposition | 2 | 5,000.00 EUR | 1,500.50 EUR |" in text
    down = briefing.render(facts(statement(stages=Gap("no CRM there"))))
    assert "The pipeline is not known: no CRM there" in section(down, "Revenue")


# -- work -----------------------------------------------------------------------------------------


def test_what_was_done_failed_and_waits() -> None:
    waiting = deed(7, state=State.PENDING, approved_at=None, finished_at=None)
    activity = replace(
        QUIET,
        done={"odoo.create_invoice": 2},
        dry={"twitter.create_post": 1},
        finished=Group(3, (deed(1),)),
        failed={**QUIET.failed, State.UNKNOWN: Group(1, (deed(2, error="no answer"),))},
        expired=Group(1, (deed(3),)),
        waiting=Group(12, (waiting,)),
        asks=("ASK-20261116-001 Question.md",),
    )
    text = briefing.render(facts(statement(), activity=activity))
    assert "2 actions done, 1 dry run shown, 1 failed; 1 expired undecided." in text
    assert "12 decisions to make, the oldest waiting for 4 days; 1 question to answer." in head(
        text
    )
    today = section(text, "Decide today")
    assert "- [[APR-20261116-007 Invoice Acme]], waiting for 4 days" in today
    assert "- and 11 more in `Pending_Approval`" in today
    assert "[[ASK-20261116-001 Question]], a question" in today
    assert "| `twitter.create_post` | 1 | dry run, nothing sent |" in section(text, "Done")
    assert "- and 2 more ended" in section(text, "Done")
    shown = section(audit.render(facts(statement(), activity=activity)), "Refused and failed")
    assert "1 action unknown whether it happened: look at them first:" in shown
    assert "[[APR-20261116-002 Invoice Acme]]: no answer" in shown


def test_what_took_longer_than_expected() -> None:
    slow = Wait("odoo.create_invoice", 3, 30.0, 72.0, "APR-20261116-001 Invoice Acme")
    quick = Wait("twitter.create_post", 3, 0.01, 0.2, "APR-20261116-002 Post")
    activity = replace(QUIET, decisions=(slow,), runs=(quick,))
    text = section(briefing.render(facts(activity=activity)), "Bottlenecks")
    assert (
        "| `odoo.create_invoice`: your decision | 24 h | 30 h (3) | "
        "**3 days**: [[APR-20261116-001 Invoice Acme]] |"
    ) in text
    assert (
        "| `twitter.create_post`: doing it | 15 min | under a minute (3) | 12 min, in time" in text
    )


def test_each_kind_of_work_has_its_own_expected_time() -> None:
    invoice = Wait("odoo.create_invoice", 1, 30.0, 30.0, "APR-20261116-001 Invoice Acme")
    reply = Wait("email.reply_to_email", 1, 10.0, 10.0, "APR-20261116-002 Reply")
    deal = Wait("odoo.update_opportunity", 1, 50.0, 50.0, "APR-20261116-003 Deal")
    own = (Expected("odoo", D(48)), Expected("odoo.create_invoice", D(36), D(2)))
    activity = replace(QUIET, decisions=(invoice, reply, deal), runs=(replace(invoice, kind="x"),))
    text = section(
        briefing.render(facts(activity=activity, goals=Goals(expected=own))), "Bottlenecks"
    )
    assert "| `odoo.create_invoice`: your decision | 36 h | 30 h (1) | 30 h, in time |" in text
    assert (
        "| `odoo.update_opportunity`: your decision | 2 days | 2.1 days (1) | **2.1 days**: [["
        in text
    )
    assert "| `email.reply_to_email`: your decision | 8 h | 10 h (1) | **10 h**: [[" in text
    assert text.index("reply_to_email") < text.index("create_invoice"), "too slow comes first"
    in_general = Goals(decide_h=D(12), expected=own)
    text = section(briefing.render(facts(activity=activity, goals=in_general)), "Bottlenecks")
    assert "| `email.reply_to_email`: your decision | 12 h | 10 h (1) | 10 h, in time |" in text


def test_a_decision_that_still_waits_is_a_bottleneck_too() -> None:
    old = deed(state=State.PENDING, finished_at=None, approved_at=None)
    young = deed(2, state=State.PENDING, created_at=NOW - timedelta(hours=2))
    activity = replace(QUIET, waiting=Group(3, (old, young)))
    made = facts(activity=activity)
    for text in (
        section(briefing.render(made), "Bottlenecks"),
        section(audit.render(made), "Late"),
    ):
        assert f"- [[{old.link}]], 4 days (expected 24 h)\n- 1 newer decision not looked" in text
        assert young.link not in text


def test_metrics_with_target_and_alert() -> None:
    metrics = (
        Metric("Quick", "decision_hours", D(12), D(24)),
        Metric("Posts", "posts", D(5), D(2)),
        Metric("Done", "actions_done", D(1), None),
        Metric("Joy", "joy", D(1), None),
    )
    activity = replace(QUIET, done={"odoo.create_invoice": 2})
    networks = (Network("X", 3, 0, 1200, None),)
    goals = Goals(metrics=metrics)
    text = briefing.render(facts(goals=goals, activity=activity, networks=networks))
    table = section(text, "Targets")
    assert "| Metric | Target | Alert Threshold | Now |" in table
    assert "| Quick | 12 | 24 | no data |" in table
    assert "| Posts | 5 | 2 | 3 | off target" in table
    assert "| Done | 1 | none | 2 | on target" in table
    assert "| Joy | 1 | none | not measured | `joy` is no measure" in table
    social = section(text, "Social and email")
    for row in ("Posts | 3", "Answers | 0", "Reach | 1200", "Engagement | no data"):
        assert f"| {row} |" in social
    slow = replace(activity, decision_h=30.04)
    assert "| Quick | 12 | 24 | 30 | ALERT" in briefing.render(facts(goals=goals, activity=slow))


def test_deadlines_from_projects_bills_and_proposals() -> None:
    bill = Open("BILL/1", "Papyrus", 20, date(2026, 11, 20), D(42), "EUR")
    far = Open("BILL/2", "Papyrus", 20, date(2027, 1, 20), D(43), "EUR")
    goals = Goals(projects=(Project("Acme site", date(2026, 12, 1)),))
    text = briefing.render(
        facts(statement(owing=(bill, far)), goals=goals, expiring=((date(2026, 11, 26), deed(4)),))
    )
    rows = [line for line in section(text, "Deadlines").splitlines() if line.startswith("| 202")]
    assert rows == [
        "| 2026-11-20 | Bill BILL/1 of Papyrus, 42.00 EUR (Odoo) | 3 days late |",
        "| 2026-11-26 | [[APR-20261116-004 Invoice Acme]] expires | 3 days |",
        "| 2026-12-01 | Project Acme site | 8 days |",
    ]
    assert "Project Acme site : 2026-11-23, 2026-12-01" in text
    assert "Decide Invoice Acme : 2026-11-23, 2026-11-26" in text


def test_a_flood_of_late_bills_hides_no_coming_deadline() -> None:
    bills = tuple(
        Open(f"BILL/{day}", "Papyrus", 20, date(2026, 10, day), D(42), "EUR")
        for day in range(1, 31)
    )
    goals = Goals(projects=(Project("Acme site", date(2026, 11, 24)),))
    text = section(briefing.render(facts(statement(owing=bills), goals=goals)), "Deadlines")
    rows = [line for line in text.splitlines() if line.startswith("| 202")]
    assert rows[-1] == "| 2026-11-24 | Project Acme site | 1 day |"
    assert rows[0].startswith("| 2026-10-26 | Bill BILL/26 ")
    assert len(rows) == 6
    assert "Not shown: 25 more that were due earlier." in text


def test_decisions_that_are_too_many_for_the_deadlines_are_counted() -> None:
    shown = ((date(2026, 11, 26), deed(4)),)
    many = replace(QUIET, waiting=Group(12, (deed(4),)))
    text = section(briefing.render(facts(activity=many, expiring=shown)), "Deadlines")
    assert "Not shown: 11 of the decisions in `Pending_Approval`." in text
    one = replace(QUIET, waiting=Group(1, (deed(4),)))
    assert "Not shown" not in section(
        briefing.render(facts(activity=one, expiring=shown)), "Deadlines"
    )


def test_each_proposal_is_a_link_or_says_why_there_is_none() -> None:
    made = (Suggestion("Acme owes 5", "APR-1 Mail"), Suggestion("B owes 6", None, "no address"))
    text = section(briefing.render(facts(suggestions=made)), "Proposals")
    assert text.strip().splitlines() == [
        "- [[APR-1 Mail]]: Acme owes 5",
        "- B owes 6; no proposal was made: no address",
    ]


def test_a_week_that_is_not_over_and_practice_are_said() -> None:
    text = head(briefing.render(facts(running=True, practice=True)))
    assert "(the week is not over)" in text
    assert "PRACTICE" in text


def test_the_same_facts_have_the_same_bytes_and_only_second_level_headings() -> None:
    for report in (briefing, audit):
        text = report.render(facts(statement(), goals=TARGET))
        assert text == report.render(facts(statement(), goals=TARGET))
        assert not re.search(r"^#(?!# )", text, re.MULTILINE)


def test_notes_are_named_after_their_days() -> None:
    assert briefing.note_name(facts()) == "2026-11-23-briefing.md"
    assert audit.note_name(facts(span=Span(date(2026, 11, 16), date(2026, 11, 22)))) == (
        "2026-11-22-audit.md"
    )


def test_the_audit_tells_what_doctor_found_or_that_it_was_not_asked() -> None:
    asked = facts(health=(("disk", "ok", "fine"), ("odoo key", "attention", "it ends tomorrow")))
    text = audit.render(asked)
    assert "> Needs you: odoo key." in head(text)
    rows = [line for line in section(text, "Services").splitlines() if line.startswith("| ")]
    assert rows[-2:] == ["| odoo key | attention | it ends tomorrow |", "| disk | ok | fine |"]
    assert "were not checked" in section(audit.render(facts()), "Services")


# -- subscriptions --------------------------------------------------------------------------------


def charges(vendor: str, *paid: tuple[str, str], currency: str = "EUR") -> list[Charge]:
    return [Charge(vendor, date.fromisoformat(on), D(amount), currency, on) for on, amount in paid]


TODAY = date(2026, 11, 23)
MONTHS = (("2026-10-05", "8.00"), ("2026-11-05", "8.00"))


def test_what_comes_back_every_month_or_year_is_found() -> None:
    paid = [
        *charges("Notion Labs", *MONTHS),
        *charges("Domain", ("2025-11-10", "20.00"), ("2026-11-10", "20.00")),
        *charges("Printer", ("2026-11-10", "99.00")),
        *charges("Taxi", ("2026-11-10", "9.00"), ("2026-11-12", "19.00")),
        *charges("Old", ("2026-02-05", "8.00"), ("2026-03-05", "8.00")),
    ]
    found = subscriptions.audit(paid, (), TODAY)
    assert [(r.last.vendor, r.rhythm, r.use) for r in found] == [
        ("Domain", "yearly", "not known"),
        ("Notion Labs", "monthly", "not known"),
    ]
    assert all(r.findings == () for r in found)


@pytest.mark.parametrize(("now", "found"), [("9.60", False), ("9.61", True), ("4.00", False)])
def test_a_rise_of_more_than_a_fifth_is_told(now: str, found: bool) -> None:
    (item,) = subscriptions.audit(
        charges("Notion", ("2026-10-05", "8.00"), ("2026-11-05", now)), (), TODAY
    )
    assert bool(item.findings) is found
    if found:
        assert item.findings == ("dearer: 9.61 EUR on 2026-11-05, 8.00 EUR on 2026-10-05 (+20 %)",)


def test_no_use_and_the_same_purpose_are_told_from_the_owners_list() -> None:
    listed = (
        Subscription("notion", "notes", date(2026, 10, 1)),
        Subscription("Evernote", "Notes", None),
    )
    (item,) = subscriptions.audit(charges("Notion Labs", *MONTHS), listed, TODAY)
    assert item.use == "last used 2026-10-01"
    assert item.findings == (
        "not used for 53 days (your note says 2026-10-01)",
        "Evernote has the same purpose, notes",
    )


def test_a_charge_that_came_twice_is_told() -> None:
    paid = charges("Notion", ("2026-10-05", "8.00"), ("2026-11-02", "8.00"), ("2026-11-05", "8.00"))
    (item,) = subscriptions.audit(paid, (), TODAY)
    assert item.findings == ("charged twice within 20 days: 8.00 EUR each",)


def test_one_vendor_in_two_currencies_is_two_subscriptions() -> None:
    paid = [*charges("Notion", *MONTHS), *charges("Notion", *MONTHS, currency="USD")]
    assert len(subscriptions.audit(paid, (), TODAY)) == 2


def test_no_table_is_too_wide_for_a_phone() -> None:
    """Five columns of words are what 390 px hold."""
    charge = Charge("Papyrus", date(2026, 11, 16), D(42), "EUR", "BILL/2")
    earlier = replace(charge, on=date(2026, 10, 16), document="BILL/1")
    late = Open("INV/1", "Acme", 14, date(2026, 10, 1), D(5), "EUR")
    networks = tuple(
        Network(title, 1, 0, None, None) for title in ("Facebook", "Instagram", "X", "LinkedIn")
    )
    wait = Wait("odoo.create_invoice", 3, 30.0, 72.0, "APR-20261116-001 Invoice Acme")
    made = facts(
        statement(owed=(late,), owing=(late,), stages=(Stage("New", 1, D(5), D(1), "EUR"),)),
        networks=networks,
        recurring=subscriptions.audit((earlier, charge), (), NOW.date()),
        activity=replace(QUIET, done={"odoo.create_invoice": 1}, decisions=(wait,)),
        goals=replace(TARGET, metrics=(Metric("Posts", "posts", D(1), None),)),
        health=(("vault", "ok", "it is there"),),
    )
    for text in (briefing.render(made), audit.render(made)):
        rows = [line for line in text.splitlines() if line.startswith("| ")]
        assert rows
        assert max(row.count(" | ") for row in rows) < 5
