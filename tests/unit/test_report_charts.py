"""Charts that every Obsidian draws alike: `core/reports/charts.py`."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.reports import charts
from core.reports.charts import Line

D = Decimal
WEEKS = [("26 Oct", D(3200)), ("2 Nov", D(4100)), ("9 Nov", D("3850.50"))]


def test_bars_with_a_target() -> None:
    made = charts.bars("Revenue", "EUR", WEEKS, Line("target", [D(4000)] * 3))
    assert made.splitlines()[-8:] == [
        "---",
        "xychart-beta",
        '  title "Revenue (bars) and target (line), EUR"',
        '  x-axis ["26 Oct", "2 Nov", "9 Nov"]',
        '  y-axis "EUR" 0 --> 5000',
        "  bar [3200, 4100, 3850.50]",
        "  line [4000, 4000, 4000]",
        "```",
    ]


@pytest.mark.parametrize(
    ("points", "said"),
    [
        ([], "fewer than two"),
        ([("a", D(1))], "fewer than two"),
        ([("a", D(0)), ("b", D(0))], "every value is zero"),
        ([("a", D(-1)), ("b", D(2))], "below zero"),
        ([(str(n), D(n)) for n in range(9)], "more than 8"),
    ],
)
def test_nothing_to_draw_is_a_sentence(points: list[tuple[str, Decimal]], said: str) -> None:
    for made in (charts.bars("Revenue", "EUR", points), charts.pie("Revenue", points)):
        assert made.startswith("No picture: ")
        assert "\n" not in made
    assert said in charts.bars("Revenue", "EUR", points)


def test_a_pie_has_at_most_four_parts() -> None:
    parts = [(str(n), D(n)) for n in range(1, 6)]
    assert charts.pie("x", parts).startswith("No picture: more than four")
    assert '  "1" : 1' in charts.pie("x", parts[:4])


def test_a_long_label_ends_with_a_whole_word() -> None:
    long = "Decide Email to accounts acme example Invoice INV 2026 00005"
    assert charts.label(long) == "Decide Email to accounts acme example..."
    assert charts.label("x" * 50) == f"{'x' * 37}..."
    assert charts.label("x" * 40) == "x" * 40


def test_dates_that_lie_ahead() -> None:
    today = date(2026, 11, 21)
    ends = [("Bill: A", date(2026, 11, 25)), ("Project B", date(2026, 12, 1)), ("old", today)]
    assert charts.gantt("Deadlines", today, ends).splitlines()[-3:-1] == [
        "  Bill A : 2026-11-21, 2026-11-25",
        "  Project B : 2026-11-21, 2026-12-01",
    ]
    assert charts.gantt("Deadlines", today, ends[:1]).startswith("No picture")


@given(st.text(max_size=80))
def test_a_label_holds_nothing_that_a_chart_acts_on(text: str) -> None:
    assert re.fullmatch(r"[^\W_]?[\w %.-]*", charts.label(text))
    assert not set('"\n[]:;{}|#`') & set(charts.label(text))


@given(st.decimals(min_value="0.01", max_value=10**11, places=2))
def test_an_axis_ends_at_or_above_the_largest_value(value: Decimal) -> None:
    top = Decimal(charts.nice_max(value))
    assert value <= top <= value * 10
