"""From a mail in the mailbox to its proposal, and how a flood of mails comes in.

The mailbox and the books are the sandbox's, in this process; daemon, watcher and servers are the
real ones. A poll is once a second here, so that a proposal takes half a second of waiting at the
mean; the figure without it is what the program itself needs.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from http.client import HTTPConnection
from itertools import pairwise
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bench import processes
from bench.bed import Bed, Running, pause, wait_until
from bench.table import Row, median, quantile, say
from core.vault import Folder
from mcp_servers.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from bench.calibration import Units

POLL_S = 1.0
BUDGET_OWN_S = 1.0
BUDGET_GROWTH = 1.5
PEAK_MB = 150.0


def request_for(number: int) -> dict[str, str]:
    """Return a mail that asks for an invoice."""
    return {
        "from": "Jane Cole <accounts@acme.example>",
        "subject": f"bench {number:06d}",
        "text": f"Hello,\n\nplease send us the invoice for job {number}, {number + 100}.00 EUR, "
        "payable within 14 days.\n\nKind regards\nJane Cole\nAcme Ltd\n",
    }


def news(number: int) -> dict[str, str]:
    """Return a mail that asks for nothing."""
    text = f"Hello,\n\nthis is number {number} of our news. Nothing is to be done.\n" * 4
    return {"from": "News <news@b.example>", "subject": f"bench {number:06d}", "text": text}


def post(box: Sandbox, mails: Sequence[dict[str, str]]) -> None:
    """Let mails arrive, through the sandbox's admin door."""
    with closing(HTTPConnection("127.0.0.1", urlsplit(box.url).port or 0, timeout=30)) as door:
        for mail in mails:
            door.request("POST", "/_sandbox/mail", json.dumps(mail))
            door.getresponse().read()


@contextmanager
def mailbox(folder: Path) -> Iterator[tuple[Sandbox, Bed]]:
    """Return a sandbox, and a bed whose mailbox and books it is; everything is a dry run."""
    with Sandbox() as box:
        changed = {"GMAIL_POLL_S": f"{POLL_S:.0f}", "GMAIL_QUERY": "subject:bench"}
        office = {"LIMIT_CURRENCY": "EUR", "TIMEZONE": "UTC", "DRY_RUN": "true"}
        yield box, Bed(folder, **{**box.settings(), **changed, **office})


def count_in(bed: Bed, folder: Folder, prefix: str) -> int:
    """Return how many notes of ours lie in a folder."""
    with os.scandir(bed.vault.folder(folder)) as entries:  # cheap: it runs beside what it measures
        return sum(e.name.startswith(f"{prefix}-") and e.name.endswith(".md") for e in entries)


def proposals_s(folder: Path, count: int) -> tuple[list[float], list[float]]:
    """Return the seconds from each mail's arrival to its proposal, and without the poll's wait."""
    whole, own = [], []
    with mailbox(folder) as (box, bed), bed.daemon():
        for number in range(count + 1):
            pause(0.37 * (number % 3))
            polls = box.requests()["email"]
            began = time.monotonic()
            post(box, [request_for(number)])
            wait_until(lambda polls=polls: box.requests()["email"] > polls, "a poll", every_s=0.002)  # type: ignore[misc]
            seen = time.monotonic()
            wait_until(
                lambda number=number: count_in(bed, Folder.PENDING, "APR") > number,  # type: ignore[misc]
                "a proposal",
            )
            whole.append(time.monotonic() - began)
            own.append(time.monotonic() - seen)
    return whole[1:], own[1:]  # the first one starts the server that looks the customer up


@dataclass(frozen=True)
class Flood:
    """How a flood came in.

    Args:
        mails: how many.
        taken_s: from the first note to the last.
        watcher_mb: peak of the watcher's resident memory.
        daemon_mb: the daemon's.
    """

    mails: int
    taken_s: float
    watcher_mb: float
    daemon_mb: float

    @property
    def each_ms(self) -> float:
        """Return the milliseconds for each mail."""
        return self.taken_s / self.mails * 1000


def flood(folder: Path, count: int) -> Flood:
    """Let so many mails wait in the mailbox when the daemon starts."""
    with mailbox(folder) as (box, bed):
        post(box, [news(number) for number in range(count)])
        with bed.daemon() as running:
            wait_until(lambda: count_in(bed, Folder.NEEDS_ACTION, "EML") > 0, "the first mail")
            began = time.monotonic()
            wait_until(
                lambda: count_in(bed, Folder.NEEDS_ACTION, "EML") >= count,
                f"{count} mails",
                limit_s=60 + count * 0.2,
                every_s=0.1,
            )
            taken_s = time.monotonic() - began
            return Flood(count, taken_s, *_peaks(running))


def _peaks(running: Running) -> tuple[float, float]:
    if not processes.is_supported():
        return 0.0, 0.0
    watcher = processes.watcher(running.pid)
    return processes.peak_mb(watcher) if watcher else 0.0, processes.peak_mb(running.pid)


def measure(folder: Path, units: Units, *, quick: bool) -> list[Row]:
    """Return the rows of mail."""
    count, sizes = (3, (40, 160)) if quick else (20, (500, 2_000))
    say(f"mail: {count} mails, each to its proposal")
    whole, own = proposals_s(folder / "proposals", count)
    floods = []
    for size in sizes:
        say(f"mail: a flood of {size:,}")
        floods.append(flood(folder / f"flood-{size}", size))
    return [*_proposal_rows(whole, own, units), *_flood_rows(floods, units)]


def _proposal_rows(whole: list[float], own: list[float], units: Units) -> list[Row]:
    return [
        Row(
            "mail -> proposal on disk, p50",
            median(own),
            "s",
            budget=BUDGET_OWN_S,
            how=f"from the poll that finds it; {median(own) * 1000 / units.f_ms:.0f} F; with the "
            f"wait for the poll (every {POLL_S:.0f} s) {median(whole):.2f} s; {len(own)} mails, "
            f"customer looked up; worst {quantile(own, 1.0):.2f} s",
            parts={"whole_s": whole, "own_s": own},
        )
    ]


def _flood_rows(floods: Sequence[Flood], units: Units) -> list[Row]:
    rows = [
        Row(
            f"flood of {flood.mails:,} mails",
            flood.mails / flood.taken_s,
            "mails/s",
            how=f"{flood.each_ms:.1f} ms = {flood.each_ms / units.f_ms:.0f} F each: fetched, "
            "original and note synced, logged, triaged beside it",
            parts=asdict(flood),
        )
        for flood in floods
    ]
    for small, large in pairwise(floods):
        grown = large.mails / small.mails
        rows.append(
            Row(
                f"flood, {grown:.0f} times as many",
                large.each_ms,
                "ms",
                ratio=large.each_ms / small.each_ms,
                ratio_to="each of the fewer",
                budget=BUDGET_GROWTH,
                budget_is_ratio=True,
                how="1.0 is linear",
            )
        )
    return rows + _memory_rows(floods)


def _memory_rows(floods: Sequence[Flood]) -> list[Row]:
    small, large = floods[0], floods[-1]
    figures: dict[str, tuple[float, float]] = {
        "watcher": (small.watcher_mb, large.watcher_mb),
        "daemon": (small.daemon_mb, large.daemon_mb),
    }
    return [
        Row(
            f"{name} memory in a flood",
            most,
            "MB",
            ratio=most / least,
            ratio_to=f"{small.mails:,} mails",
            budget=PEAK_MB,
            how=f"peak resident, {large.mails:,} mails",
        )
        for name, (least, most) in figures.items()
        if least and most
    ]
