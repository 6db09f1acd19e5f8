"""Makes a report: asks the sources, files the proposals it leads to, writes the note."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from core.books import Span
from core.books_csv import CsvBooks
from core.books_odoo import OdooBooks
from core.reports import audit, briefing, reminders, social
from core.reports.facts import Finding, gather, with_suggestions
from core.reports.writing import Report, front_of, write
from core.vault import Folder
from utils.clock import local_day
from utils.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from core.sources import Books, Runner
    from core.workspace import Workspace

Progress = Callable[[int, int], None]
Examine = Callable[[], Sequence[Finding]]
AUDIT_DAYS = 7


@dataclass
class _Steps:
    """Counts what was done of a report, for a progress bar."""

    show: Progress
    whole: int
    done: int = 0

    def step(self) -> None:
        """Tell that one more thing is done."""
        self.done += 1
        self.show(self.done, self.whole)


def _nobody(_done: int, _whole: int) -> None:
    """Show nothing."""


def make_briefing(
    ws: Workspace, runner: Runner, week: str | None = None, show: Progress = _nobody
) -> Path:
    """Write the briefing of a week and return its path.

    Args:
        ws: the vault and its records.
        runner: asks the services.
        week: `2026-W47`; None: the last week that is over.
        show: is told how far it is.

    Raises:
        UsageError: there is no such week, or it has not begun.
    """
    today = local_day(ws.clock, ws.clock.now())
    span = Span.parse(week) if week else Span.week(today).before(1)
    if span.first > today:
        raise UsageError(f"{span.name} has not begun: it is {span}.")
    steps = _Steps(show, OdooBooks.QUESTIONS + 3)
    social.collect(ws, runner, span)
    steps.step()
    facts = gather(ws, books_of(ws, runner, steps.step), span)
    steps.step()
    name = briefing.note_name(facts)
    if not facts.is_past:  # what is due now is no matter of a week long ago
        facts = with_suggestions(ws, facts, reminders.propose(ws, runner, facts, name))
    text = briefing.render(facts)
    path = write(ws, Report("briefing", Folder.BRIEFINGS, name, front_of("briefing", facts), text))
    show(steps.whole, steps.whole)
    return path


def make_audit(
    ws: Workspace, runner: Runner, examine: Examine | None = None, show: Progress = _nobody
) -> Path:
    """Write the audit of the seven days up to today and return its path.

    Args:
        ws: the vault and its records.
        runner: asks the services.
        examine: asks `doctor`; None: its part is told as not checked.
        show: is told how far it is.
    """
    today = local_day(ws.clock, ws.clock.now())
    span = Span(today - timedelta(days=AUDIT_DAYS - 1), today)
    steps = _Steps(show, OdooBooks.QUESTIONS + 2)
    social.collect(ws, runner, span)
    steps.step()
    health = tuple(examine()) if examine else None
    facts = replace(gather(ws, books_of(ws, runner, steps.step), span), health=health)
    name, text = audit.note_name(facts), audit.render(facts)
    path = write(ws, Report("audit", Folder.AUDITS, name, front_of("audit", facts), text))
    show(steps.whole, steps.whole)
    return path


def books_of(ws: Workspace, runner: Runner, step: Callable[[], None]) -> list[Books]:
    """Return the sources of money figures that are there, the best first."""
    found: list[Books] = []
    if "odoo" in ws.services and not ws.services["odoo"].missing(ws.settings):
        found.append(OdooBooks(runner, ws.clock, step))
    exports = CsvBooks(ws)
    if exports.any():
        found.append(exports)
    return found
