"""Figures of Meta's insights, one row each.

Rules: Meta retires figures in all versions at once, so one dead name costs one number and not the
rest; a figure without data has no value and never 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from mcp_servers.graph.reading import rows_of
from utils.errors import RejectedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mcp_servers.graph.client import Reader, Row

INVALID = "Graph 100"
GONE = "Meta does not give this figure any more"
NO_DATA = "no data"
NOW = "now"

Key = tuple[str, str]
"""A figure's name and its period."""


@dataclass(frozen=True)
class Metric:
    """One figure.

    Args:
        name: Meta's.
        title: in front of people.
        period: of Meta's: `day`, `week`, `days_28` or `lifetime`; `now` is a field of the account.
        adds_up: whether the days' values are summed; else the last one counts.
        type: Meta's `metric_type`, where one is needed.
    """

    name: str
    title: str
    period: str = "day"
    adds_up: bool = False
    type: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Return what tells a figure from the same one of another period."""
        return self.name, self.period


FOLLOWERS_NOW = Metric("followers_count", "Followers now", NOW)


def figures(
    client: Reader, path: str, metrics: Sequence[Metric], **parameters: object
) -> tuple[dict[str, object], ...]:
    """Return one row for each figure.

    It holds `metric`, `title`, `period`, `value`, `until` (the end of the last period that is in
    the value, where Meta names it) and `remark`.

    Args:
        client: asks.
        path: of the insights.
        metrics: in the order wanted; asked together where period and type are the same.
        parameters: of the question, for all.
    """
    found: dict[Key, Row | None] = {}
    for group in _groups(metrics):
        found |= _asked(client, path, group, parameters)
    return tuple(_shown(metric, found.get(metric.key, {})) for metric in metrics)


def figures_of_account(
    client: Reader, metrics: Sequence[Metric], asked: Mapping[str, object]
) -> tuple[dict[str, object], ...]:
    """Return the rows of the account's own figures, and its followers as they are now.

    Args:
        client: asks.
        metrics: in the order wanted.
        asked: from when to when.
    """
    rows = figures(client, f"{client.account}/insights", metrics, **asked)
    return (*rows, _field_of_account(client, FOLLOWERS_NOW))


def window(
    now: datetime, since: datetime | None, until: datetime | None, days: int
) -> tuple[datetime, datetime]:
    """Return from when to when figures are asked for.

    Args:
        now: nothing after it is asked for.
        since: the first instant; None: so many days before the last one.
        until: the last instant; None: now.
        days: how many days before the last instant, where no first one is given.
    """
    end = min(now, until or now)
    return since or end - timedelta(days=days), end


def instants(start: datetime, end: datetime) -> dict[str, object]:
    """Return a window as Instagram's insights take it."""
    return {"since": int(start.timestamp()), "until": int(end.timestamp())}


def whole_days(start: datetime, end: datetime) -> dict[str, object]:
    """Return a window as the insights of a page take it: by days, as the asker's calendar has them.

    Meta counts a page's days in its own time zone and calls them by their date, the last one left
    out; an instant in another zone would mean the day before. Source: developers.facebook.com,
    "Get Page Insights" (the first `end_time` is the date of `since` and one day), read 2026-11-21.
    """
    last = max(end.astimezone(start.tzinfo).date(), start.date() + timedelta(days=1))
    return {"since": start.date().isoformat(), "until": last.isoformat()}


def _field_of_account(client: Reader, metric: Metric) -> dict[str, object]:
    """Return the row of a figure that is a field of the account itself, as it is now."""
    try:
        row = client.ask_sparingly(client.account, fields=f"id,{metric.name}")
    except RejectedError as error:
        if error.error_class != INVALID:
            raise
        return _shown(metric, None)
    return _shown(metric, {"total_value": {"value": row.get(metric.name)}})


def _groups(metrics: Sequence[Metric]) -> Iterator[list[Metric]]:
    for kind in dict.fromkeys((metric.period, metric.type) for metric in metrics):
        yield [metric for metric in metrics if (metric.period, metric.type) == kind]


def _asked(
    client: Reader, path: str, group: list[Metric], parameters: dict[str, object]
) -> dict[Key, Row | None]:
    """Return the answer's rows; None for a figure that Meta does not know."""
    first = group[0]
    try:
        answer = client.ask_sparingly(
            path,
            metric=",".join(metric.name for metric in group),
            period=first.period,
            metric_type=first.type,
            **parameters,
        )
    except RejectedError as error:
        if error.error_class != INVALID:
            raise
        if len(group) == 1:
            return {first.key: None}
        found: dict[Key, Row | None] = {}
        for metric in group:
            found |= _asked(client, path, [metric], parameters)
        return found
    return {(str(row.get("name")), first.period): row for row in rows_of(answer)}


def _shown(metric: Metric, row: Row | None) -> dict[str, object]:
    value, until = (None, None) if row is None else _value(metric, row)
    return {
        "metric": metric.name,
        "title": metric.title,
        "period": metric.period,
        "value": value,
        "until": until,
        "remark": GONE if row is None else NO_DATA if value is None else None,
    }


def _value(metric: Metric, row: Row) -> tuple[int | float | None, str | None]:
    """Return the figure, and the end of the last period in it where Meta names one."""
    total = row.get("total_value")
    if isinstance(total, dict):
        return _number(total.get("value")), None
    values = row.get("values")
    rows = [each for each in values if isinstance(each, dict)] if isinstance(values, list) else []
    known = [(n, each) for each in rows if (n := _number(each.get("value"))) is not None]
    if not known:
        return None, None
    numbers = [number for number, _ in known]
    end = known[-1][1].get("end_time")
    until = datetime.fromisoformat(str(end)).astimezone(UTC).isoformat() if end else None
    return sum(numbers) if metric.adds_up else numbers[-1], until


def _number(value: object) -> int | float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
