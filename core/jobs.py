"""The table of what the daemon does again and again; one line each."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from core import backup
from core.reports import social
from core.schedule import Job

if TYPE_CHECKING:
    from core.reports.making import Examine
    from core.sources import Runner
    from core.workspace import Workspace

DAY = timedelta(days=1)


def at(time: str, weekday: str = "*") -> dict[str, str]:
    """Return when a job is planned: `07:00`, on a weekday such as `mon` or every day."""
    hour, minute = time.split(":")
    return {"day_of_week": weekday, "hour": hour, "minute": minute}


def jobs(ws: Workspace, runner: Runner, examine: Examine | None = None) -> tuple[Job, ...]:
    """Return the jobs of one vault; times are the owner's, none between 1 and 3 at night.

    Args:
        ws: the vault and its records.
        runner: asks the services.
        examine: asks `doctor`, for the audit.
    """
    weekly = (
        Job("audit.write", at("21:00", "sun"), partial(_audit, ws, runner, examine), late=DAY),
        Job("briefing.write", at("07:00", "mon"), partial(_briefing, ws, runner), late=6 * DAY),
    )
    daily = [
        Job("journal.backup", at("03:30"), partial(backup.nightly, ws), late=DAY, at_first=True)
    ]
    if social.asked_for_figures(ws):
        collect = partial(social.collect_daily, ws, runner)
        daily.append(Job("figures.collect", at("05:00"), collect, late=DAY))
    return (*daily, *weekly)


def _audit(ws: Workspace, runner: Runner, examine: Examine | None) -> str:
    from core.reports.making import make_audit

    return ws.vault.relative(make_audit(ws, runner, examine))


def _briefing(ws: Workspace, runner: Runner) -> str:
    from core.reports.making import make_briefing

    return ws.vault.relative(make_briefing(ws, runner))
