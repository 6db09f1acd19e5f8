"""The ledger's SQL tells exactly what a slow reading of the daily logs tells."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.actions import State
from core.books import Span
from core.reports.ledger import Activity, Ledger
from core.vault import Folder
from mcp_servers.sandbox import Sandbox
from tests.support import ACME, Office, invoice, move
from utils.clock import FixedClock, from_iso

BEGAN = datetime(2026, 11, 12, 9, 30, tzinfo=UTC)
NOBODY = 99999
"""No customer of the sandbox: Odoo refuses the invoice."""

STEPS = st.lists(
    st.sampled_from(["invoice", "post", "refused", "rejected", "ignored", "hours", "day", "days"]),
    min_size=4,
    max_size=14,
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(clock=FixedClock(BEGAN)) as running:
        yield running


class Week:
    """An owner's fortnight, one step after another."""

    def __init__(self, root: Path, sandbox: Sandbox, *, dry: bool) -> None:
        sandbox.reset()
        values = sandbox.settings() | {"APPROVAL_UNDO_S": "0", "DRY_RUN": str(dry).lower()}
        self.office = Office(root, FixedClock(BEGAN), **values)
        self.count = 0

    def step(self, name: str) -> None:
        self.count += 1
        waits = {"hours": 5, "day": 24, "days": 60}
        if name in waits:
            self.office.pass_time(waits[name] * 3600)
            return
        if name == "post":
            _, path = self.office.post(f"Winter offer {self.count}.")
        else:
            customer = NOBODY if name == "refused" else ACME
            arguments = invoice(price=f"{self.count}.00", customer_id=customer)
            _, path = self.office.propose("odoo.create_invoice", arguments)
        self.office.look()
        self.office.clock.advance(60 * self.count)
        if name == "rejected":
            move(path, self.office.folder(Folder.REJECTED))
        elif name != "ignored":
            self.office.approve(path)
        self.office.pass_time(30)


def slow(entries: list[dict[str, Any]], start: datetime, end: datetime) -> dict[str, Any]:
    """Read the week out of the log, entry by entry."""
    proposed: dict[str, datetime] = {}
    approved: dict[str, datetime] = {}
    open_ids: set[str] = set()
    found: dict[str, Any] = {"done": Counter(), "dry": Counter(), "failed": Counter()}
    found |= {"rejected": 0, "expired": 0, "decisions": {}, "runs": {}}
    for entry in entries:
        action, kind, at = entry.get("action_id"), entry.get("action"), entry["timestamp"]
        if not action:
            continue
        moment = from_iso(at)
        inside = start <= moment < end
        event, result = entry["event"], entry.get("result")
        if event in {"proposed", "adopted"}:
            proposed[action] = moment
            open_ids.add(action)
        elif event == "approved":
            approved[action] = moment
            open_ids.discard(action)
            if inside:
                hours = (moment - proposed[action]).total_seconds() / 3600
                found["decisions"].setdefault(kind, []).append(hours)
        elif event == "expired" or (event == "decided" and result == "rejected"):
            open_ids.discard(action)
            found["expired" if event == "expired" else "rejected"] += inside
        elif event in {"outcome", "reconciled"} and inside:
            if result == "done":
                suffix = " (sandbox)" if entry["mode"] == "sandbox" else ""
                found["done"][f"{kind}{suffix}"] += 1
                hours = (moment - approved[action]).total_seconds() / 3600
                found["runs"].setdefault(kind, []).append(hours)
            elif result == "dry_run_completed":
                found["dry"][kind] += 1
            else:
                found["failed"]["refused" if result == "failed" else result] += 1
    found["waiting"] = len(open_ids)
    return found


def told(activity: Activity) -> dict[str, Any]:
    """Return what the ledger says, in the same shape."""
    return {
        "done": Counter(activity.done),
        "dry": Counter(activity.dry),
        "failed": Counter({str(s): g.count for s, g in activity.failed.items() if g.count}),
        "rejected": activity.rejected.count,
        "expired": activity.expired.count,
        "decisions": {w.kind: (w.count, w.median_h, w.longest_h) for w in activity.decisions},
        "runs": {w.kind: (w.count, w.median_h, w.longest_h) for w in activity.runs},
        "waiting": activity.waiting.count,
    }


def summed(found: dict[str, Any]) -> dict[str, Any]:
    """Return the reference with its hours as count, middle and longest."""
    for name in ("decisions", "runs"):
        found[name] = {k: (len(h), median(h), max(h)) for k, h in found[name].items()}
    return found


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS, dry=st.booleans())
def test_the_journal_tells_what_the_logs_tell(
    sandbox: Sandbox, steps: list[str], dry: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        week = Week(Path(folder), sandbox, dry=dry)
        try:
            for step in steps:
                week.step(step)
            week.office.ws.chronicle.flush()
            ledger = Ledger(week.office.ws.journal.path)
            entries = week.office.log()
            for span in (Span.week(BEGAN.date()), Span.week((BEGAN + timedelta(days=7)).date())):
                start, end = span.bounds(week.office.clock)
                activity = ledger.activity(start, end)
                assert told(activity) == summed(slow(entries, start, end))
                assert activity.waiting.count == len(
                    week.office.ws.journal.in_states(State.PENDING)
                )
        finally:
            week.office.close()
