"""What an entry of the daily log costs, in a small and in a large file."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from bench import naive
from bench.table import Row, median, say
from utils.audit_log import GENESIS, Actor, DailyLog, Event, Head, Line

if TYPE_CHECKING:
    from pathlib import Path

    from bench.calibration import Units

DAY = "2026-11-21"
BATCH = 1000
BUDGET_RATIO = 1.5
"""Goal G7 of `facts/guarantees.md`."""
LINE = Line(
    DAY,
    {
        "timestamp": "2026-11-21T09:30:00.000000Z",
        "event": Event.OUTCOME,
        "action": "odoo.create_invoice",
        "action_id": "APR-20261121-001",
        "actor": Actor.DAEMON,
        "target": "Acme Ltd",
        "mode": "dry_run",
        "result": "dry_run_completed",
        "digest": "0" * 64,
        "correlation_id": "APR-20261121-001",
    },
)


def fill(log: DailyLog, count: int) -> Head:
    """Give a new log so many entries; return its head."""
    head = GENESIS
    for start in range(0, count, BATCH):
        head = log.append(head, [LINE] * min(BATCH, count - start), sync=False)
    return head


def appends_ms(folder: Path, present: int, count: int, *, sync: bool) -> list[float]:
    """Return how long each of some appends took after so many entries were there."""
    log = DailyLog(folder)
    head = fill(log, present)
    taken = []
    for _ in range(count):
        began = time.perf_counter()
        head = log.append(head, [LINE], sync=sync)
        taken.append((time.perf_counter() - began) * 1000)
    return taken


def naive_ms(path: Path, present: int, count: int) -> list[float]:
    """Return the same of the naive loop's log."""
    import json

    entry = dict(LINE.fields)
    path.write_text(json.dumps([entry] * present, indent=2), encoding="utf-8")
    taken = []
    for _ in range(count):
        began = time.perf_counter()
        naive.append(path, entry)
        taken.append((time.perf_counter() - began) * 1000)
    return taken


def measure(folder: Path, units: Units, *, quick: bool) -> list[Row]:
    """Return the rows of the log."""
    small, large = 10, 1_000 if quick else 100_000
    count = 50 if quick else 300
    say(f"log: appends at {small} and {large:,} entries")
    at_small = median(appends_ms(folder / "small", small, count, sync=False))
    at_large = median(appends_ms(folder / "large", large, count, sync=False))
    synced = median(appends_ms(folder / "synced", small, count, sync=True))
    naive_small = median(naive_ms(folder / "naive-small.json", small, 20))
    naive_large = median(naive_ms(folder / "naive-large.json", large, 3))
    return [
        Row(
            "log append at 10 entries",
            at_small,
            "ms",
            naive=naive_small,
            ratio=at_small / naive_small,
            ratio_to="naive",
            how=f"p50 of {count}, sealed and chained, not synced; synced {synced:.2f} ms "
            f"({synced / units.f_ms:.1f} F)",
            parts={"synced_ms": synced},
        ),
        Row(
            f"log append at {large:,} entries",
            at_large,
            "ms",
            naive=naive_large,
            ratio=at_large / at_small,
            ratio_to="10 entries",
            budget=BUDGET_RATIO,
            budget_is_ratio=True,
            how=f"naive grows {naive_large / naive_small:,.0f}x and takes "
            f"{naive_large / at_large:,.0f} times as long",
            parts={"naive_ratio": naive_large / naive_small},
        ),
    ]
