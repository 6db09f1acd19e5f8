"""From an approval to three posts, how punctual planned posts are, and what each server weighs.

The networks are the sandbox's, in this process; daemon and servers are the real ones and act, so
every post is really made there. A post's instant is the one at which its network took it.
"""

from __future__ import annotations

import struct
import time
from collections import Counter
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bench import processes
from bench.bed import Bed, pause, wait_until
from bench.table import Row, median, quantile, say
from core import approvals
from core.approvals import Request
from core.vault import Folder
from mcp_servers.sandbox import Sandbox
from utils.audit_log import Actor
from utils.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

NETWORKS = ("facebook", "instagram", "twitter")
KINDS = {
    "facebook": "facebook.create_post",
    "instagram": "instagram.publish_media",
    "twitter": "twitter.create_post",
}
BUDGET_POSTED_S = 5.0
"""The plan allows five minutes."""
BUDGET_LATE_S = 5.0
LEAD_S = 4.0
PICTURE = "offer.jpg"


def picture() -> bytes:
    """Return the smallest bytes that are a square JPEG to whoever looks at its head."""
    head = b"\xff\xd8\xff\xe0\x00\x10JFIF\0\1\1\0\0\1\0\1\0\0"
    return (
        head
        + b"\xff\xc2\x00\x0b\x08"
        + struct.pack(">HH", 1080, 1080)
        + b"\x01\x01\x11\0"
        + b"\xff\xd9"
    )


@contextmanager
def office(folder: Path) -> Iterator[tuple[Sandbox, Bed]]:
    """Return a sandbox and a bed that is live there, with one picture in its vault."""
    vault = folder / "AI_Employee"
    with Sandbox(clock=SystemClock(), vault=vault) as box:
        changed = {"AI_EMPLOYEE_SANDBOX": "true", "APPROVAL_UNDO_S": "0", "TIMEZONE": "UTC"}
        bed = Bed(folder, **{**box.settings(), **changed})
        attachments = bed.vault.root / "Attachments"
        attachments.mkdir(exist_ok=True)
        (attachments / PICTURE).write_bytes(picture())
        yield box, bed


def posts(box: Sandbox) -> list[dict[str, object]]:
    """Return the posts that the networks have."""
    kinds = set(KINDS.values())
    return [effect for effect in box.effects() if effect["kind"] in kinds]


def propose(bed: Bed, kind: str, arguments: Mapping[str, object]) -> Path:
    """Register one proposal and return its note."""
    with bed.workspace() as ws:
        return approvals.propose(ws, Request(kind, arguments, Actor.CLAUDE))[1]


def three_posts_s(folder: Path, count: int) -> tuple[list[float], dict[str, float]]:
    """Return the seconds from each move to the third post, and the servers' memory in MB."""
    taken = []
    with office(folder) as (box, bed), bed.daemon() as running:
        for number in range(count + 1):
            texts = dict.fromkeys(NETWORKS, f"Offer {number} of the bench")
            arguments = {
                "channels": list(NETWORKS),
                "texts": texts,
                "media": [{"file": f"Attachments/{PICTURE}", "alt": "A grey square"}],
            }
            note = propose(bed, "social.publish", arguments)
            pause(0.3)
            before = len(posts(box))
            began = time.monotonic()
            bed.approve(note)
            wait_until(lambda b=before: len(posts(box)) >= b + 3, "three posts")  # type: ignore[misc]
            taken.append(time.monotonic() - began)
        made = Counter(str(post["kind"]) for post in posts(box))
        if set(made.values()) != {count + 1}:
            raise AssertionError(f"not one post each: {dict(made)}")
        weights = {}
        if processes.is_supported():
            servers = processes.servers(running.pid)
            weights = {name: processes.pss_mb(pid) for name, pid in servers.items()}
    return taken[1:], weights  # the first one starts the servers


def lateness_s(folder: Path, count: int) -> list[float]:
    """Return how late each of so many posts came that were planned for the same second."""
    with office(folder) as (box, bed), bed.daemon():
        warm = propose(bed, "twitter.create_post", {"text": "The server is warm."})
        bed.approve(warm)
        wait_until(lambda: len(posts(box)) == 1, "a warm server")
        due = SystemClock().now().replace(microsecond=0) + timedelta(seconds=LEAD_S + count / 10)
        planned = f"{due:%Y-%m-%dT%H:%M:%S}"
        notes = [
            propose(bed, "twitter.create_post", {"text": f"Post {n}", "publish_at": planned})
            for n in range(count)
        ]
        for note in notes:
            bed.approve(note)
        if SystemClock().now() >= due:
            raise AssertionError("the bench was too slow to plan in time")
        wait_until(
            lambda: len(posts(box)) == count + 1, f"{count} planned posts", limit_s=60 + count
        )
        late = [
            (datetime.fromisoformat(str(post["at"])) - due).total_seconds()
            for post in posts(box)[1:]
        ]
        wait_until(lambda: not list(bed.vault.folder(Folder.APPROVED).glob("*.md")), "filing")
    if min(late) < 0:
        raise AssertionError(f"a post came {-min(late):.2f} s before its time")
    return late


def measure(folder: Path, *, quick: bool) -> list[Row]:
    """Return the rows of posts."""
    count, planned = (3, 20) if quick else (20, 200)
    say(f"social: {count} notes to three networks, {planned} posts planned for one second")
    taken, weights = three_posts_s(folder / "three", count)
    late = lateness_s(folder / "planned", planned)
    rows = [
        Row(
            "approval -> three posts made, p50",
            median(taken),
            "s",
            budget=BUDGET_POSTED_S,
            how=f"{count} notes with one picture, servers warm; slowest {max(taken):.2f} s",
            parts={"all_s": taken},
        ),
        Row(
            f"{planned} posts planned for one second: first is late by",
            min(late),
            "s",
            budget=BUDGET_LATE_S,
            how=f"p50 {median(late):.2f} s, p99 {quantile(late, 0.99):.2f} s, one after the other",
            parts={"all_s": late},
        ),
    ]
    rows += [
        Row(f"memory of the {name} server", weight, "MB", how="PSS after live calls")
        for name, weight in sorted(weights.items())
    ]
    return rows
