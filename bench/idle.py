"""What the daemon costs while nobody wants anything: CPU, memory, processes.

Memory is the proportional set size that the kernel tells (`smaps_rollup`). The proposals are made
by a child that ends, so that no other process of ours shares pages meanwhile, but this one does.
"""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

from bench import processes
from bench.bed import ROOT, USED, Bed, Running, naive_loop, pause, wait_until
from bench.table import Row, say

if TYPE_CHECKING:
    from pathlib import Path

FRESH_MB, USED_MB, SERVER_MB = 60.0, 110.0, 110.0
BUDGET_CPU_PERCENT = 0.1
IDLE_STOP_S = 3
SETTLE_S = 3.0


def cpu_percent(pids: list[int], window_s: float) -> list[float]:
    """Return each process's share of one core in a window of time."""
    began, before = time.monotonic(), [processes.cpu_s(pid) for pid in pids]
    pause(window_s)
    taken_s = time.monotonic() - began
    after = [processes.cpu_s(pid) for pid in pids]
    return [(b - a) / taken_s * 100 for a, b in zip(before, after, strict=True)]


def measure(folder: Path, *, quick: bool, long: bool) -> list[Row]:
    """Return the rows of doing nothing."""
    if not processes.is_supported():
        say("idle: this system does not tell the memory of processes; left out")
        return []
    window_s = 600.0 if long else 3.0 if quick else 45.0
    bed = Bed(folder / "ours", IDLE_STOP_S=str(IDLE_STOP_S))
    rows: list[Row] = []
    with bed.daemon() as running, naive_loop(folder / "naive") as loop:
        pause(SETTLE_S)
        say(f"idle: {window_s:.0f} s before the first session")
        rows += _before(running, loop, window_s)
        say("idle: with warm servers")
        rows += _with_servers(bed, running)
        wait_until(
            lambda: not processes.servers(running.pid),
            "the servers stop by themselves",
            limit_s=IDLE_STOP_S + 60,
            every_s=0.1,
        )
        pause(SETTLE_S)
        say(f"idle: {window_s:.0f} s after it, nothing pending")
        rows += _after(running, loop, window_s)
    return rows


def _before(running: Running, loop: Running, window_s: float) -> list[Row]:
    ours, naive = cpu_percent([running.pid, loop.pid], window_s)
    fresh, naive_mb = processes.pss_mb(running.pid), processes.pss_mb(loop.pid)
    return [
        Row(
            "idle CPU, before the first session",
            ours,
            "%",
            naive=naive,
            ratio=ours / naive if naive else None,
            ratio_to="naive",
            budget=BUDGET_CPU_PERCENT,
            how=f"of one core over {window_s:.0f} s, all threads",
        ),
        Row(
            "daemon memory, before the first session",
            fresh,
            "MB",
            naive=naive_mb,
            ratio=fresh / naive_mb,
            ratio_to="naive",
            budget=FRESH_MB,
            how=f"PSS; private {processes.private_mb(running.pid):.0f} MB",
        ),
    ]


def _with_servers(bed: Bed, running: Running) -> list[Row]:
    _propose_in_child(bed)
    wait_until(lambda: set(USED) <= set(processes.servers(running.pid)), "warm servers")
    for note in sorted(bed.vault.root.glob("Pending_Approval/*.md")):
        bed.approve(note)
    bed.wait_completed(len(USED))
    sizes = {name: processes.pss_mb(pid) for name, pid in processes.servers(running.pid).items()}
    largest = max(sizes.values())
    each = ", ".join(f"{name} {size:.0f}" for name, size in sorted(sizes.items()))
    return [
        Row(
            "a warm server's memory",
            largest,
            "MB",
            budget=SERVER_MB,
            how=f"PSS of the largest, {len(sizes)} alive after a dry run: {each}",
            parts=dict(sizes),
        )
    ]


def _propose_in_child(bed: Bed) -> None:
    code = (
        "import sys; from pathlib import Path; from bench.bed import Bed;"
        f"Bed(Path(sys.argv[1])).propose({len(USED)})"
    )
    subprocess.run([sys.executable, "-c", code, str(bed.folder)], cwd=ROOT, check=True)


def _after(running: Running, loop: Running, window_s: float) -> list[Row]:
    ours, naive = cpu_percent([running.pid, loop.pid], window_s)
    alive = len(processes.servers(running.pid))
    return [
        Row(
            "servers alive, nothing pending",
            alive,
            "processes",
            budget=0,
            how=f"after IDLE_STOP_S={IDLE_STOP_S}; the default is 600",
        ),
        Row(
            "idle CPU, after a session",
            ours,
            "%",
            naive=naive,
            ratio=ours / naive if naive else None,
            ratio_to="naive",
            budget=BUDGET_CPU_PERCENT,
            how=f"of one core over {window_s:.0f} s, all threads, no server alive",
        ),
        Row(
            "daemon memory, after a session",
            processes.pss_mb(running.pid),
            "MB",
            budget=USED_MB,
            how=f"PSS; private {processes.private_mb(running.pid):.0f} MB; mcp is loaded by now",
        ),
    ]
