"""A network's days: asked of its own server, kept in the journal with the instant, told as it is.

Rules: what a network does not give is no data and never 0; a network that is slow, down or not to
be asked costs a sentence and not the report; each figure is kept with its source and the instant it
was asked at, and an answer without it does not take it away.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from core import notes
from core.books import Span
from utils.clock import from_iso, iso, local_day
from utils.errors import NotSentError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.sources import Runner
    from core.workspace import Workspace

WAIT_S = 30.0
"""For one network; all are asked at once."""
POSTS = 25
X_REACTIONS = ("like_count", "reply_count", "retweet_count", "quote_count", "bookmark_count")
DAILY_WAIT_S = 120.0
SETTLING_DAYS = (1, 3)
"""A day's figures may come up to 48 hours late, says Meta: the daily look is at the week of
yesterday and, until it has settled, at the one before."""
NOT_SET_UP = "not set up"
NOT_ASKED = "X is not asked, because it charges for reading (`TWITTER_FIGURES=true` asks it)."

Kept = dict[str, Any]
"""What is kept of a network's days, as JSON."""


@dataclass(frozen=True)
class _Source:
    """How a network of Meta's is asked.

    Args:
        posts: the tool that lists our posts.
        parent: the argument of `get_insights` with a post's id.
        account: figures of the account by our names: where each is found, the best place first.
        view: the figure of a post that it is ranked by.
    """

    posts: str
    parent: str
    account: Mapping[str, tuple[Place, ...]]
    view: str


Place = tuple[str, str]
"""A figure's name and its period, as `get_insights` lists it."""

META = {
    "facebook": _Source(
        "list_posts",
        "post_id",
        {
            "reach": (("page_total_media_view_unique", "week"),),
            "engagement": (("page_post_engagements", "day"),),
            "views": (("page_media_view", "day"),),
            "followers": (("page_follows", "day"), ("followers_count", "now")),
        },
        "post_media_view",
    ),
    "instagram": _Source(
        "list_media",
        "media_id",
        {
            "reach": (("reach", "day"),),
            "engagement": (("total_interactions", "day"),),
            "views": (("views", "day"),),
            "followers": (("followers_count", "now"),),
        },
        "views",
    ),
}


def fact_of(network: str, span: Span) -> str:
    """Return the name of the journal's small fact with a network's days."""
    return f"social:{network}:{span.first}:{span.last}"


def asked_for_figures(ws: Workspace) -> list[str]:
    """Return the networks that may be asked."""
    return [name for name in (*META, "twitter") if _why_not(ws, name) is None]


def collect(
    ws: Workspace, runner: Runner, span: Span, wait_s: float = WAIT_S, *, spare: bool = False
) -> dict[str, str | None]:
    """Ask every network that may be asked, all at once, within a bounded time.

    Args:
        ws: the vault and its records.
        runner: asks the services.
        span: the days.
        wait_s: how long one network may take.
        spare: leave out the network that charges.

    Returns:
        The networks that were asked, each with why it told nothing; None when it did.
    """
    networks = [name for name in asked_for_figures(ws) if name in META or not spare]
    with ThreadPoolExecutor(max(1, len(networks))) as pool:
        asked = {
            name: pool.submit(_Asking(ws, runner, name, span, wait_s).answer) for name in networks
        }
    problems: dict[str, str | None] = {}
    for name, future in asked.items():
        fact = fact_of(name, span)
        before: Kept = ws.journal.recall(fact) or {}
        try:
            found = future.result()
        except NotSentError as error:
            problems[name] = error.message
            ws.journal.remember(fact, {**before, "problem": error.message})
        else:
            problems[name] = None
            figures = {**before.get("figures", {}), **found["figures"]}
            ws.journal.remember(fact, {**found, "figures": figures})
    return problems


def collect_daily(ws: Workspace, runner: Runner) -> str:
    """Ask for the weeks whose figures may still grow; return what was asked, for the log.

    The network that charges is asked only about a week that is over.

    Raises:
        NotSentError: no network told anything.
    """
    today = local_day(ws.clock, ws.clock.now())
    weeks = dict.fromkeys(Span.week(today - timedelta(days=days)) for days in SETTLING_DAYS)
    told, failed = [], []
    for span in weeks:
        running = span.last >= today
        for name, why in collect(ws, runner, span, DAILY_WAIT_S, spare=running).items():
            title = f"{ws.services[name].title} {span.name}"
            told += [title] * (why is None)
            failed += [f"{title} not: {why}"] * (why is not None)
    if failed and not told:
        raise NotSentError("The networks", "; ".join(failed))
    return "; ".join([*told, *failed]) or "nothing to ask"


def _why_not(ws: Workspace, network: str) -> str | None:
    """Return why a network is not asked, None when it is."""
    service = ws.services.get(network)
    if service is None or service.missing(ws.settings):
        return NOT_SET_UP
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
        self._as_of = iso(ws.clock.now())
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
        return {"as_of": self._as_of, **found}

    def _of_meta(self, source: _Source) -> Kept:
        listed = self._ask(source.posts, {"limit": POSTS})["items"]
        posts = [post for post in listed if self._is_in(post)]
        days = {
            "since": self._clock.local(self._start).isoformat(),
            "until": self._clock.local(min(self._end, self._clock.now())).isoformat(),
        }
        rows = self._ask("get_insights", days)["items"]
        told = [
            _told(post, self._views(source, str(post["id"])), post.get("url")) for post in posts
        ]
        figures = {
            name: figure
            for name, places in source.account.items()
            if (figure := self._first_known(rows, places))
        }
        cut = [f"Only the newest {POSTS} posts were looked at."] * (len(posts) == POSTS)
        return {"figures": figures, **_ranked(told), "shown": len(posts), "remarks": cut}

    def _first_known(
        self, rows: Sequence[Mapping[str, Any]], places: Sequence[Place]
    ) -> Kept | None:
        """Return a figure from the first place that has it."""
        by_place = {(str(row["metric"]), str(row["period"])): row for row in rows}
        for place in places:
            row = by_place.get(place, {})
            if row.get("value") is not None:
                return self._figure(row["value"], f"{place[0]} ({place[1]})", row.get("until"))
        return None

    def _figure(self, value: float, source: str, until: str | None = None) -> Kept:
        """Return a figure as it is kept; `until` is the end of what it counts, where told."""
        return {"value": value, "source": source, "as_of": self._as_of, "until": until}

    def _views(self, source: _Source, post_id: str) -> int | None:
        rows = self._ask("get_insights", {source.parent: post_id})["items"]
        return next((row["value"] for row in rows if row["metric"] == source.view), None)

    def _of_x(self) -> Kept:
        asked = {"since": self._start.isoformat(), "limit": 100}
        page = self._ask("get_metrics", asked)
        posts = [post for post in page["items"] if self._is_in(post)]
        told = [_told(post, post.get("impression_count"), post.get("url")) for post in posts]
        reactions = [post.get(name) for post in posts for name in X_REACTIONS]
        account = page.get("account") or {}
        cut = ["Only the newest 100 posts were looked at."] * bool(page.get("next_cursor"))
        known = {
            "engagement": (_sum(reactions), "reactions to the posts"),
            "views": (_sum([post["views"] for post in told]), "impression_count of the posts"),
            "followers": (account.get("followers_count"), "followers_count (now)"),
        }
        return {
            "figures": {
                name: self._figure(value, source)
                for name, (value, source) in known.items()
                if value is not None
            },
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


def _sum(values: Sequence[int | None]) -> int | None:
    """Return a sum; None when nothing is known or something is not."""
    known = [value for value in values if value is not None]
    return sum(known) if known and len(known) == len(values) else None
