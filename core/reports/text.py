"""The words of reports: figures, times, tables.

Rules: amounts of different currencies stand beside each other, never added; what is not known is
said with its reason; whatever came from outside loses what Markdown would act on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import notes
from core.books import Figure, Gap
from utils.money import show_amount

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from decimal import Decimal

    from core.books import Sums


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table; a pipe in a cell would end it, so it goes."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(cell: object) -> str:
    return " ".join(str(cell).replace("|", "/").split())


def money(sums: Sums) -> str:
    """Return amounts by currency: `250.10 EUR and 900.00 USD`."""
    return " and ".join(show_amount(amount, currency) for currency, amount in sorted(sums.items()))


def figure(value: Figure | Gap | None) -> str:
    """Return a figure with what was counted, or why it is not known."""
    if value is None:
        return "not known: no source tells it"
    if isinstance(value, Gap):
        return f"not known: {value.reason}"
    if not value.documents:
        return "none (no documents)"
    credited = f", credit notes of {money(value.credited)} subtracted" if value.credited else ""
    return f"{money(value.sums)} ({plural(value.documents, 'document')}{credited})"


def amount(value: Figure | Gap | None) -> str:
    """Return a figure in few words, for a sentence."""
    if isinstance(value, Figure):
        return money(value.sums) if value.documents else "none (no documents)"
    return "not known"


def moment(shown: str) -> str:
    """Return a date and time as people write it: `2026-11-23 07:00`."""
    return shown[:16].replace("T", " ")


def age(taken_h: float) -> str:
    """Return for how long something waits: `waiting for 3 days`, and `new` in the first minute."""
    return "new" if taken_h < 1 / 60 else f"waiting for {hours(taken_h)}"


def plural(count: int, noun: str) -> str:
    """Return `1 document`, `2 documents`."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def hours(value: float | Decimal) -> str:
    """Return a time that was taken, in the unit that reads best."""
    taken = float(value)
    if taken < 1 / 60:
        return "under a minute"
    if taken < 1:
        return f"{taken * 60:.0f} min"
    shown, unit = (f"{taken:.1f}", "h") if taken < 48 else (f"{taken / 24:.1f}", "days")
    return f"{shown.removesuffix('.0')} {unit}"


def counts(found: Mapping[str, int]) -> str:
    """Return counts by name: `2 odoo.create_invoice, 1 twitter.create_post`."""
    return ", ".join(f"{count} `{name}`" for name, count in found.items())


def words(text: object, limit: int = 160) -> str:
    """Return text from anywhere as harmless words."""
    return notes.inline(text, limit)
