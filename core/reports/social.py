"""A network's days: asked of its own server, kept in the journal with the instant, told as it is.

Rules: what a network does not give is no data and never 0; a network that is slow, down or not to
be asked costs a sentence and not the report; what was collected earlier is kept and says when.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core import notes
from utils.clock import from_iso, iso
from utils.errors import NotSentError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.books import Span
    from core.sources import Runner
    from core.workspace import Workspace

WAIT_S = 30.0
"""For one network; all are asked at once."""
POSTS = 25
X_REACTIONS = ("like_count", "reply_count", "retweet_count", "quote_count", "bookmark_count")
ONLY_28_DAYS = "Facebook tells how many people were reached for 28 days only."
NOT_ASKED = "X is not asked, because it charges for reading (`TWITTER_FIGURES=true` asks it)."

Kept = dict[str, Any]
"""What is kept of a network's days, as JSON."""


@dataclass(frozen=True)
class _Source:
    """How a network of Meta's is asked.

    Args:
        posts: the tool that lists our posts.
        parent: the argument of `get_insights` with a post's id.
        account: figures of the account by our names.
        view: the figure of a post that it is ranked by.
        remarks: what is never given.
    """

    posts: str
    parent: str
    account: Mapping[str, str]
    view: str
    remarks: tuple[str, ...] = ()


META = {
    "facebook": _Source(
        "list_posts",
        "post_id",
        {
            "views": "page_media_view",
            "engagement": "page_post_engagements",
            "followers": "page_follows",
        },
        "post_media_view",
        (ONLY_28_DAYS,),
    ),
    "instagram": _Source(
        "list_media",
        "media_id",
        {"views": "views", "reach": "reach", "engagement": "total_interactions"},
        "views",
    ),
}


def fact_of(network: str, span: Span) -> str:
    """Return the name of the journal's small fact with a network's days."""
    return f"social:{network}:{span.first}:{span.last}"


def collect(ws: Workspace, runner: Runner, span: Span, wait_s: float = WAIT_S) -> None:
    """Ask every network that may be asked, all at once, within a bounded time.

    Args:
        ws: the vault and its records.
        runner: asks the services.
        span: the days.
        wait_s: how long one network may take.
    """
    networks = [name for name in (*META, "twitter") if _why_not(ws, name) is None]
    with ThreadPoolExecutor(max(1, len(networks))) as pool:
        asked = {
            name: pool.submit(_Asking(ws, runner, name, span, wait_s).answer) for name in networks
        }
    for name, future in asked.items():
        fact = fact_of(name, span)
        try:
            ws.journal.remember(fact, future.result())
        except NotSentError as error:
            kept: Kept = ws.journal.recall(fact) or {}
            ws.journal.remember(fact, {**kept, "problem": error.message})


def _why_not(ws: Workspace, network: str) -> str | None:
    """Return why a network is not asked, None when it is."""
    service = ws.services.get(network)
    if service is None or service.missing(ws.settings):
        return "not set up"
    if network == "twitter" and not ws.settings.flag("TWITTER_FIGURES"):
        return NOT_ASKED
    return None


def kept(ws: Workspace, network: str, span: Span) -> Kept:
    """Return what is known of a network's days; `problem` says why there is nothing newer."""
    found: Kept = ws.journal.recall(fact_of(network, span)) or {}
    why = None if found else _why_not(ws, network) or "nobody has collected them yet"
    return {**found, "problem": why} if why else found


class _Asking:
    """Asks one network about some days, within a bounded time."""

    def __init__(
        self, ws: Workspace, runner: Runner, network: str, span: Span, wait_s: float
    ) -> None:
        self._clock = ws.clock
        self._runner = runner
        self._network = network
        self._start, self._end = span.bounds(ws.clock)
        self._wait_s = wait_s
        self._deadline = ws.clock.monotonic() + wait_s

    def answer(self) -> Kept:
        """Return what the network tells.

        Raises:
            NotSentError: it tells nothing.
        """
        source = META.get(self._network)
        found = self._of_meta(source) if source else self._of_x()
        return {"as_of": iso(self._clock.now()), **found}

    def _of_meta(self, source: _Source) -> Kept:
        listed = self._ask(source.posts, {"limit": POSTS})["items"]
        posts = [post for post in listed if self._is_in(post)]
        days = max(1, (self._end - self._start).days)
        until = min(self._end, self._clock.now()).isoformat()
        rows = _by_metric(self._ask("get_insights", {"days": days, "until": until})["items"])
        told = [
            _told(post, self._views(source, str(post["id"])), post.get("url")) for post in posts
        ]
        figures = {name: rows.get(metric) for name, metric in source.account.items()}
        cut = [f"Only the newest {POSTS} posts were looked at."] * (len(posts) == POSTS)
        return {**figures, **_ranked(told), "shown": len(posts), "remarks": [*source.remarks, *cut]}

    def _views(self, source: _Source, post_id: str) -> int | None:
        rows = self._ask("get_insights", {source.parent: post_id})["items"]
        return _by_metric(rows).get(source.view)

    def _of_x(self) -> Kept:
        asked = {"since": self._start.isoformat(), "limit": 100}
        page = self._ask("get_metrics", asked)
        posts = [post for post in page["items"] if self._is_in(post)]
        told = [_told(post, post.get("impression_count"), post.get("url")) for post in posts]
        reactions = [post.get(name) for post in posts for name in X_REACTIONS]
        account = page.get("account") or {}
        cut = ["Only the newest 100 posts were looked at."] * bool(page.get("next_cursor"))
        return {
            "views": _sum([post["views"] for post in told]),
            "reach": None,
            "engagement": _sum(reactions),
            "followers": account.get("followers_count"),
            **_ranked(told),
            "shown": len(posts),
            "remarks": ["X tells no number of people.", *cut],
        }

    def _is_in(self, post: Mapping[str, Any]) -> bool:
        return self._start <= from_iso(str(post["created_at"])) < self._end

    def _ask(self, tool: str, arguments: Mapping[str, object]) -> Mapping[str, Any]:
        wait_s = max(0.0, self._deadline - self._clock.monotonic())
        try:
            result = self._runner.call(self._network, tool, arguments).result(timeout=wait_s)
        except TimeoutError:
            raise NotSentError(self._network, f"no answer within {self._wait_s:g} s") from None
        if not result.answered or "items" not in result.data:
            reasons = result.data.get("reasons") or [result.error or "no answer"]
            raise NotSentError(self._network, notes.inline(reasons[0], 200))
        return result.data


def _told(post: Mapping[str, Any], views: int | None, url: object) -> Kept:
    """Return one post; a network that lists figures without words shows the address alone."""
    return {"text": notes.inline(post.get("text") or "", 60), "url": url, "views": views}


def _ranked(posts: Sequence[Kept]) -> Kept:
    """Return the posts with most and fewest views; where all have as many there is no worst."""
    known = sorted((p for p in posts if p["views"] is not None), key=lambda p: int(p["views"]))
    worst = known[0] if known and known[0]["views"] < known[-1]["views"] else None
    return {"best": known[-1] if known else None, "worst": worst}


def _by_metric(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {str(row["metric"]): row["value"] for row in rows}


def _sum(values: Sequence[int | None]) -> int | None:
    """Return a sum; None when nothing is known or something is not."""
    known = [value for value in values if value is not None]
    return sum(known) if known and len(known) == len(values) else None
