"""Commands that write a report now: audit, briefing."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.opening import VaultOption, as_practised, examined, load_settings, reading
from utils import terminal
from utils.terminal import show_line


def audit(vault: VaultOption = None) -> None:
    """Write the audit of the last seven days now. Prints its path."""
    from core.reports.making import make_audit

    settings = as_practised(load_settings(vault))
    with reading(settings) as (ws, sessions):
        show = terminal.progress("Audit")
        show_line(str(make_audit(ws, sessions, lambda: examined(settings), show)))


def briefing(
    week: Annotated[
        str | None, typer.Option(help="The week, 2026-W47; else the last one that is over.")
    ] = None,
    vault: VaultOption = None,
) -> None:
    """Write the briefing of a week now. Prints its path."""
    from core.reports.making import make_briefing

    with reading(as_practised(load_settings(vault))) as (ws, sessions):
        show_line(str(make_briefing(ws, sessions, week, terminal.progress("Briefing"))))
