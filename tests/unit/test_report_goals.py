"""The owner's targets: one block of `Business_Goals.md`, used whole or not at all."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from core import starters
from core.reports import goals
from core.reports.goals import Expected, Goals, Metric, Project, Subscription

WHOLE = """
revenue_month: 20000.00
currency: EUR
decide_hours: 12
expected:
  - {action: "odoo", decide_hours: 48}
  - {action: "email.reply_to_email", decide_hours: 4, run_hours: 0.1}
metrics:
  - {name: "Quick", measure: decision_hours, target: 12, alert: 24}
projects:
  - {name: "Acme site", due: 2026-12-15}
subscriptions:
  - {vendor: "Notion", purpose: "notes", last_used: 2026-10-01}
  - {vendor: "Obsidian"}
"""


def block(text: str) -> str:
    return f"# Goals\n\nMy words.\n\n```goals\n{text}\n```\n\nMore words.\n"


def test_everything_that_can_be_set() -> None:
    assert goals.read(block(WHOLE)) == Goals(
        revenue_month=Decimal("20000.00"),
        currency="EUR",
        decide_h=Decimal(12),
        expected=(
            Expected("odoo", Decimal(48)),
            Expected("email.reply_to_email", Decimal(4), Decimal("0.1")),
        ),
        metrics=(Metric("Quick", "decision_hours", Decimal(12), Decimal(24)),),
        projects=(Project("Acme site", date(2026, 12, 15)),),
        subscriptions=(
            Subscription("Notion", "notes", date(2026, 10, 1)),
            Subscription("Obsidian", "", None),
        ),
    )


@pytest.mark.parametrize(
    "text", ["", "# Goals\n\nNo block.\n", block(""), block("# only a comment")]
)
def test_nothing_set_is_no_goal_and_no_problem(text: str) -> None:
    assert goals.read(text) == Goals()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (block("revenue_month: many\ncurrency: EUR"), "cannot use `revenue_month`"),
        (block("revenue_month: 100.00"), "together"),
        (block("currency: EURO\nrevenue_month: 1"), "cannot use `currency`"),
        (block("revenue_moth: 1"), "unknown line `revenue_moth`"),
        (block("metrics: 3"), "must list"),
        (block("metrics:\n  - {name: A, measure: posts}"), "cannot use `metrics`"),
        (block("projects:\n  - {name: A, due: soon}"), "is not a date"),
        (block("subscriptions:\n  - {vendor: ''}"), "a name is missing"),
        (block("decide_hours: 0"), "more than 0 hours"),
        (block("expected:\n  - {action: odoo, hours: 3}"), "unknown line `hours`"),
        (block("expected:\n  - {action: odoo, run_hours: 0}"), "more than 0 hours"),
        (block("expected:\n  - {decide_hours: 3}"), "a name is missing"),
        (block("expected:\n  - {action: odo.create_invoice}"), "`odo.create_invoice`"),
        (block("a: 1\na: 2"), "not used"),
        (block("- 1"), "must hold"),
        (block(WHOLE) + block(WHOLE), "more than one"),
        ("```goals\nrevenue_month: 1\n", "end with a line"),
    ],
)
def test_a_broken_block_sets_nothing_and_is_said(text: str, said: str) -> None:
    read = goals.read(text, {"odoo.create_invoice"})
    assert read == Goals(problem=read.problem)
    assert read.problem is not None
    assert said in read.problem


def test_the_starter_note_sets_nothing_and_can_be_filled_in(tmp_path: Path) -> None:
    note = Path(starters.__file__).parent / "vault" / goals.NOTE
    text = note.read_text(encoding="utf-8")
    assert goals.load(note) == Goals()
    filled = text.replace("# revenue_month", "revenue_month").replace("# currency", "currency")
    assert goals.read(filled).revenue_month == Decimal("20000.00")
    for name in goals.MEASURES:
        assert name in text


def test_a_missing_note_sets_no_goal(tmp_path: Path) -> None:
    assert goals.load(tmp_path / "none.md") == Goals()


def test_a_note_that_is_no_text_is_said(tmp_path: Path) -> None:
    (tmp_path / goals.NOTE).write_bytes(b"\xff\xfe\x00")
    assert "cannot be read" in (goals.load(tmp_path / goals.NOTE).problem or "")
