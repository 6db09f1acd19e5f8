"""Each network's days: what was done there, its figures with their origin, what it charged.

Rules: a figure names its source and when it was asked; what a network does not give is a remark; a
part of a sum is no sum.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from core.books import Gap
from core.reports import social
from core.reports.ledger import Ledger
from utils.clock import from_iso, show
from utils.log import get_logger

if TYPE_CHECKING:
    from core.books import Span
    from core.reports.ledger import Activity
    from core.workspace import Workspace

log = get_logger()
NETWORKS = {
    "facebook": "Facebook",
    "instagram": "Instagram",
    "twitter": "X",
    "linkedin": "LinkedIn",
}
POSTS = frozenset({"create_post", "create_thread", "publish_media"})
REPLIES = frozenset({"reply_to_comment", "reply_to_post", "send_message", "send_direct_message"})


@dataclass(frozen=True)
class Asked:
    """When somebody was asked.

    Args:
        at: aware UTC.
        shown: as the owner's clock shows it.
    """

    at: datetime
    shown: str


@dataclass(frozen=True)
class Origin:
    """Where a network's figure comes from.

    Args:
        source: the network's own name of it.
        as_of: when it was asked.
        until: the end of the last period that it counts, as shown; None: the network names none.
    """

    source: str
    as_of: Asked
    until: str | None


@dataclass(frozen=True)
class Network:
    """One network's days.

    Args:
        title: its name.
        posts: really published, counted in the journal.
        answers: replies and messages really sent.
        reach: people reached, None where that is not known.
        engagement: reactions, comments and shares, None where that is not known.
        views: how often something was shown, None where that is not known.
        followers: at the end, None where that is not known.
        spend: what the network charged for what was done, in USD; None where it charges nothing,
            a gap where a part of it cannot be told.
        best: the post that was seen most: words or address, and views.
        worst: the post that was seen least.
        as_of: when it last answered; None: never.
        figures: our names of its figures, and where each comes from.
        remarks: what it does not give, or why it was not asked.
    """

    title: str
    posts: int
    answers: int
    reach: int | None
    engagement: int | None
    views: int | None = None
    followers: int | None = None
    spend: Decimal | Gap | None = None
    best: tuple[str, int] | None = None
    worst: tuple[str, int] | None = None
    as_of: Asked | None = None
    figures: tuple[tuple[str, Origin], ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def is_unused(self) -> bool:
        """Return whether nothing was done there, nor can be."""
        return social.NOT_SET_UP in self.remarks and not (self.posts or self.answers)


def of_all(ws: Workspace, activity: Activity, span: Span) -> tuple[Network, ...]:
    """Return the days of every network that this program knows."""
    return tuple(
        _network(ws, activity, span, service, title)
        for service, title in NETWORKS.items()
        if service in ws.services
    )


def done_with(activity: Activity, service: str, tools: frozenset[str]) -> int:
    """Return how often something was really done with these tools of a service."""
    names = {f"{service}.{tool}" for tool in tools}
    return sum(n for kind, n in activity.done.items() if kind.removesuffix(" (sandbox)") in names)


def _network(ws: Workspace, activity: Activity, span: Span, service: str, title: str) -> Network:
    kept = social.kept(ws, service, span)
    why = [str(kept["problem"])] if kept.get("problem") else []
    figures = kept.get("figures", {})
    value = {name: figure["value"] for name, figure in figures.items()}
    return Network(
        title,
        done_with(activity, service, POSTS),
        done_with(activity, service, REPLIES),
        value.get("reach"),
        value.get("engagement"),
        value.get("views"),
        value.get("followers"),
        _spend(ws, service, span),
        _seen(kept.get("best")),
        _seen(kept.get("worst")),
        _asked(ws, kept["as_of"]) if kept.get("as_of") else None,
        tuple((name, _origin(ws, figure)) for name, figure in figures.items()),
        (*why, *kept.get("remarks", ())),
    )


def _origin(ws: Workspace, figure: dict[str, Any]) -> Origin:
    until = show(ws.clock, from_iso(figure["until"])) if figure["until"] else None
    return Origin(str(figure["source"]), _asked(ws, figure["as_of"]), until)


def _asked(ws: Workspace, at: str) -> Asked:
    return Asked(from_iso(at), show(ws.clock, from_iso(at)))


def _seen(post: Any) -> tuple[str, int] | None:
    """Return a post's words, or its address, and its views."""
    return (str(post["text"] or post["url"]), int(post["views"])) if post else None


def _spend(ws: Workspace, service: str, span: Span) -> Decimal | Gap | None:
    """Return what the service charged for what was done, None where it charges nothing.

    Reading is not in it. What an older program wrote down and this one cannot read makes it a gap,
    because a part of a sum is no sum.
    """
    from pydantic import ValidationError

    priced = {a.kind: a for a in ws.services[service].actions if a.price is not None}
    if not priced:
        return None
    total = Decimal(0)
    for kind, payload in Ledger(ws.journal.path).payloads(*span.bounds(ws.clock), service):
        action = priced.get(kind)
        if action is None or action.price is None:
            continue
        try:
            total += action.price(action.arguments.model_validate_json(payload))
        except ValidationError:
            log.warning("spend.not_counted", service=service, action=kind)
            return Gap(f"what `{kind}` of an older program cost cannot be read")
    return total
