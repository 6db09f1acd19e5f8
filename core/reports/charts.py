"""Mermaid charts, made in one place, whose numbers always stand in a table beside them.

Rules: only kinds that Obsidian 1.8.5 to 1.13 draws alike; labels are cleaned and quoted; an axis
begins at 0 and says its unit; nothing to draw is a sentence instead of a picture.

Source: Mermaid 11.4.1 and 11.13.0 in Chromium, `facts/obsidian.md` section 6, 2026-11-21.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

LEAST, MOST = 2, 8
LABEL_CHARS = 40
_UNSAFE = re.compile(r"[^\w %.-]+")
_BAR_CONFIG = """---
config:
  themeVariables:
    xyChart: {plotColorPalette: "#4C78A8, #F58518"}
---"""
_PIE_CONFIG = """---
config:
  themeVariables: {pie1: "#4C78A8", pie2: "#F58518", pie3: "#54A24B", pie4: "#B279A2", pieOpacity: "1"}
---"""  # noqa: E501 - one line of YAML


@dataclass(frozen=True)
class Line:
    """A second series, drawn as a line.

    Args:
        name: what it is, for the title.
        values: one for each bar.
    """

    name: str
    values: Sequence[Decimal]


def label(text: object) -> str:
    """Return a label as Mermaid takes it inside quotes; a long one ends with a whole word."""
    words = " ".join(_UNSAFE.sub(" ", str(text)).replace("_", " ").split())
    if len(words) <= LABEL_CHARS:
        return words or "-"
    whole = words[: LABEL_CHARS - 2].rpartition(" ")[0] or words[: LABEL_CHARS - 3]
    return f"{whole}..."


def bars(
    title: str, unit: str, points: Sequence[tuple[str, Decimal]], line: Line | None = None
) -> str:
    """Return a bar chart, or the sentence why there is none.

    Args:
        title: what the bars are.
        unit: of the values.
        points: label and value of each bar, in order.
        line: a target, drawn over the bars.
    """
    values = [value for _, value in points]
    drawn = [*values, *(line.values if line else ())]
    why = _why_not(drawn, len(points))
    if why:
        return why
    whole = f"{label(title)} (bars)" + (f" and {label(line.name)} (line)" if line else "")
    rows = [
        "xychart-beta",
        f'  title "{whole}, {label(unit)}"',
        f"  x-axis [{', '.join(_quoted(name) for name, _ in points)}]",
        f'  y-axis "{label(unit)}" 0 --> {nice_max(max(drawn))}',
        f"  bar [{', '.join(_number(value) for value in values)}]",
    ]
    if line:
        rows.append(f"  line [{', '.join(_number(value) for value in line.values)}]")
    return _block(_BAR_CONFIG, rows)


def pie(title: str, parts: Sequence[tuple[str, Decimal]]) -> str:
    """Return a pie chart of at most four parts, or the sentence why there is none."""
    shown = [(name, value) for name, value in parts if value]
    why = _why_not([value for _, value in shown], len(shown))
    if why:
        return why
    if len(shown) > 4:
        return "No picture: more than four parts; the table holds them."
    rows = [f"pie title {label(title)}", *(f"  {_quoted(n)} : {_number(v)}" for n, v in shown)]
    return _block(_PIE_CONFIG, rows)


def gantt(title: str, today: date, ends: Sequence[tuple[str, date]]) -> str:
    """Return what ends when, from today on, or the sentence why there is no picture."""
    shown = [(name, end) for name, end in ends if end > today][:MOST]
    if len(shown) < LEAST:
        return "No picture: fewer than two dates lie ahead."
    rows = ["gantt", f"  title {label(title)}", "  dateFormat YYYY-MM-DD", "  axisFormat %d.%m."]
    rows += [f"  {label(name)} : {today.isoformat()}, {end.isoformat()}" for name, end in shown]
    return _block("", rows)


def _why_not(values: Sequence[Decimal], count: int) -> str:
    """Return why there is nothing to draw, "" when there is."""
    if count < LEAST:
        return "No picture: there are fewer than two values."
    if count > MOST:
        return f"No picture: more than {MOST} values; the table holds them."
    if any(value < 0 for value in values):
        return "No picture: a value is below zero; the table holds them."
    if not any(values):
        return "No picture: every value is zero."
    return ""


def nice_max(value: Decimal) -> str:
    """Return a round number at or above a value, where an axis can end."""
    step = Decimal(10) ** (value.adjusted())
    for factor in (1, 2, 4, 5, 6, 8, 10):
        if step * factor >= value:
            return f"{step * factor:f}"
    return f"{step * 10:f}"


def _number(value: Decimal) -> str:
    return f"{value:f}"


def _quoted(text: str) -> str:
    return f'"{label(text)}"'


def _block(config: str, rows: Sequence[str]) -> str:
    head = [config] if config else []
    return "\n".join(["```mermaid", *head, *rows, "```"])
