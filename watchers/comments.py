"""What others write to us in public on a network becomes task notes, each once, by reads only.

Rules: a comment is known by its id for ever; the cursor moves only when everything of a look is
durable; a flood is worked off in portions; words of others stand quoted, and nothing they say is
ever more than a task: an answer is a proposal that somebody else makes and you decide.

The services are asked through their own servers, so that this process loads no SDK. Facebook is
asked for the comments of a post when their number has changed, and once a day for all, because one
may have gone as another came.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from core import notes, tasks, vitals
from core.comments import NETWORKS, dropped, key_of
from core.records import Entry
from utils.audit_log import Actor, Event
from utils.clock import from_iso, iso
from utils.errors import NotSentError, ServiceError
from utils.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from core.comments import Item, Network
    from core.sources import Runner
    from core.workspace import Workspace

log = get_logger()
FIRST_LOOK_S = 60.0
"""After the start: servers for what you approve come first."""
FIRST = timedelta(days=1)
"""What is older when a network is looked at for the first time stays where it is."""
OVERLAP = timedelta(hours=1)
LATE = timedelta(days=7)
"""Once a day it is looked back so far: what was hidden for review appears with its old date."""
LATE_EVERY = timedelta(days=1)
PORTION = 50
"""Notes of one look; what is left waits for the next one."""
POSTS, PAGE, PAGES = 25, 100, 10
WAIT_S = 90.0
STOP_WAIT_S = 1.0


@dataclass(frozen=True)
class Looked:
    """What one look brought.

    Args:
        new: how many became tasks.
        waiting: how many wait for the next look.
    """

    new: int
    waiting: int


@dataclass(frozen=True)
class _Heard:
    item: Item
    at: datetime
    below: Item | None


class CommentWatcher:
    """Looks at one network again and again, in a thread of its own.

    Args:
        ws: the vault and its records.
        runner: asks the network's server.
        network: which one.
        every_s: seconds between looks.
        portion: how many notes one look makes at most.
    """

    def __init__(
        self,
        ws: Workspace,
        runner: Runner,
        network: Network,
        every_s: float,
        *,
        portion: int = PORTION,
    ) -> None:
        self._ws = ws
        self._runner = runner
        self._network = network
        self._every_s = every_s
        self._portion = portion
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def _fact(self) -> str:
        return f"heard:{self._network.service}"

    # -- the thread ---------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to look, the first time a minute after the start."""
        name = f"{self._network.service}-comments"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Nothing has to be set anew."""

    def stop(self) -> None:
        """End; what was not taken in is found by the next daemon."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(STOP_WAIT_S)

    def _run(self) -> None:
        wait_s = min(FIRST_LOOK_S, self._every_s)
        while not self._stopping.wait(wait_s):
            try:
                self.look_and_say()
            except Exception as error:  # the outermost loop of this thread: the next look goes on
                if not self._stopping.is_set():
                    log.exception("comments.failed", reason=str(error))
            wait_s = self._every_s

    def look_and_say(self) -> None:
        """Look once, and keep how it went where `status`, `doctor` and the dashboard find it."""
        service = self._network.service
        try:
            looked = self.look()
        except ServiceError as error:
            if not self._stopping.is_set():
                self._say(f"cannot be read: {error.message}")
            return
        vitals.say_waiting(self._ws.journal, service, looked.waiting)
        self._say(f"{looked.waiting} more wait" if looked.waiting else vitals.OK)
        if looked.new:
            log.info("comments.taken", service=service, new=looked.new, waiting=looked.waiting)

    def _say(self, state: str) -> None:
        vitals.say(self._ws.journal, self._ws.clock, self._network.service, state)

    # -- one look -----------------------------------------------------------------------------

    def look(self) -> Looked:
        """Take in what is new, the oldest first, at most a portion.

        Raises:
            ServiceError: the network cannot be asked now.
        """
        now = self._ws.clock.now()
        kept = self._ws.journal.recall(self._fact) or {"first": iso(now - FIRST)}
        counts = dict(kept.get("counts", {}))
        is_late = "late" not in kept or now - from_iso(kept["late"]) >= LATE_EVERY
        since = from_iso(kept.get("since", kept["first"]))
        if is_late:
            since = max(from_iso(kept["first"]), since - LATE)
        find = self._below_posts(since, counts, every=is_late)
        found = list(find if self._network.posts else self._mentions(since))[::-1]
        found.sort(key=lambda heard: heard.at)  # what is of one second came newest first
        fresh = [heard for heard in found if self._is_new(heard)]
        for heard in fresh[: self._portion]:
            tasks.drop(self._ws, dropped(self._ws, self._network, heard.item, heard.below))
        waiting = max(0, len(fresh) - self._portion)
        if not waiting:
            late = iso(now) if is_late else kept["late"]
            moved = {"since": iso(now - OVERLAP), "late": late, "counts": counts}
            self._ws.journal.remember(self._fact, {**kept, **moved})
        return Looked(len(fresh) - waiting, waiting)

    def _is_new(self, heard: _Heard) -> bool:
        if heard.item.get("is_ours"):
            return False
        source = self._ws.journal.source(key_of(self._network, heard.item))
        return source is None or source.name is None

    def _mentions(self, since: datetime) -> Iterator[_Heard]:
        for item in self._items(self._network.heard, {"since": since.isoformat()}, PAGES):
            yield _Heard(item, from_iso(item["created_at"]), None)

    def _below_posts(
        self, since: datetime, counts: dict[str, int], *, every: bool
    ) -> Iterator[_Heard]:
        """Yield the comments of our latest posts, of those whose number of comments changed."""
        for post in self._page(str(self._network.posts), {"limit": POSTS})["items"]:
            count = post.get("comments")
            if every or count is None or counts.get(post["id"]) != count:
                yield from self._comments(post, since)
            counts[post["id"]] = count

    def _comments(self, post: Item, since: datetime) -> Iterator[_Heard]:
        """Yield the comments of one post since an instant; they come newest first."""
        asked = {self._network.parent: post["id"]}
        for item in self._items(self._network.heard, asked, PAGES):
            at = from_iso(item["created_at"])
            if at < since:
                return
            yield _Heard(item, at, post)

    # -- asking -------------------------------------------------------------------------------

    def _items(self, tool: str, asked: Mapping[str, object], pages: int) -> Iterator[Item]:
        cursor: str | None = None
        for _ in range(pages):
            page = self._page(tool, {**asked, "limit": PAGE, "cursor": cursor})
            yield from page["items"]
            cursor = page.get("next_cursor")
            if cursor is None:
                return
        text = f"there are more than {pages * PAGE}; the older ones were not read: look there"
        about = f"{self._network.service}.{tool} {asked.get(self._network.parent, '')}".strip()
        self._ws.chronicle.record(Entry(Event.WARNED, Actor.DAEMON, target=about, error=text))

    def _page(self, tool: str, asked: Mapping[str, object]) -> Mapping[str, Any]:
        """Return one page.

        Raises:
            NotSentError: there is none.
        """
        service = self._network.service
        given = {name: value for name, value in asked.items() if value is not None}
        try:
            result = self._runner.call(service, tool, given).result(timeout=WAIT_S)
        except TimeoutError:
            raise NotSentError(service, f"no answer within {WAIT_S:.0f} s") from None
        if not result.answered or "items" not in result.data:
            reasons = result.data.get("reasons") or [result.error or "no answer"]
            raise NotSentError(service, notes.inline(reasons[0], 200))
        return result.data


def comment_watchers(ws: Workspace, runner: Runner) -> list[CommentWatcher]:
    """Return a watcher for every network that is set up and is to be looked at."""
    return [
        CommentWatcher(
            ws, runner, network, ws.settings.seconds(f"{network.service.upper()}_POLL_S")
        )
        for network in NETWORKS
        if vitals.looks_at_comments(ws, network.service)
    ]
