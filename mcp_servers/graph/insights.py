"""Figures of Meta's insights, one row each.

Rules: Meta retires figures in all versions at once, so one dead name costs one number and not the
rest; a figure without data has no value and never 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mcp_servers.graph.reading import rows_of
from utils.errors import RejectedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mcp_servers.graph.client import Reader, Row

INVALID = "Graph 100"
GONE = "Meta does not give this figure any more"
NO_DATA = "no data"


@dataclass(frozen=True)
class Metric:
    """One figure.

    Args:
        name: Meta's.
        title: in front of people.
        period: of Meta's: `day`, `days_28` or `lifetime`.
        adds_up: whether the days' values are summed; else the last one counts.
        type: Meta's `metric_type`, where one is needed.
    """

    name: str
    title: str
    period: str = "day"
    adds_up: bool = False
    type: str | None = None


def figures(
    client: Reader, path: str, metrics: Sequence[Metric], **parameters: object
) -> tuple[dict[str, object], ...]:
    """Return one row for each figure: `metric`, `title`, `value` and `remark`.

    Args:
        client: asks.
        path: of the insights.
        metrics: in the order wanted; asked together where period and type are the same.
        parameters: of the question, for all.
    """
    found: dict[str, Row | None] = {}
    for group in _groups(metrics):
        found |= _asked(client, path, group, parameters)
    return tuple(_shown(metric, found.get(metric.name, {})) for metric in metrics)


def _groups(metrics: Sequence[Metric]) -> Iterator[list[Metric]]:
    for kind in dict.fromkeys((metric.period, metric.type) for metric in metrics):
        yield [metric for metric in metrics if (metric.period, metric.type) == kind]


def _asked(
    client: Reader, path: str, group: list[Metric], parameters: dict[str, object]
) -> dict[str, Row | None]:
    """Return the answer's rows by name; None for a figure that Meta does not know."""
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
            return {first.name: None}
        found: dict[str, Row | None] = {}
        for metric in group:
            found |= _asked(client, path, [metric], parameters)
        return found
    return {str(row.get("name")): row for row in rows_of(answer)}


def _shown(metric: Metric, row: Row | None) -> dict[str, object]:
    value = None if row is None else _value(metric, row)
    remark = GONE if row is None else NO_DATA if value is None else None
    return {"metric": metric.name, "title": metric.title, "value": value, "remark": remark}


def _value(metric: Metric, row: Row) -> int | float | None:
    total = row.get("total_value")
    if isinstance(total, dict):
        return _number(total.get("value"))
    values = row.get("values")
    rows = [each for each in values if isinstance(each, dict)] if isinstance(values, list) else []
    numbers = [n for n in (_number(each.get("value")) for each in rows) if n is not None]
    if not numbers:
        return None
    return sum(numbers) if metric.adds_up else numbers[-1]


def _number(value: object) -> int | float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
