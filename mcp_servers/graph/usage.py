"""How much of Meta's allowance is used up, as its answers tell.

Rules: what nobody waits for (lists, figures) is not asked for when little is left, so that what the
owner has approved still gets through; while Meta says that it refuses, nothing is sent at all.

Source: developers.facebook.com/docs/graph-api/overview/rate-limiting, read 2026-11-21.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HEADERS = ("x-app-usage", "x-page-usage", "x-business-use-case-usage")
SHARES = ("call_count", "total_cputime", "total_time")
ENOUGH_PERCENT = 80
ALL_PERCENT = 100
KNOWN_FOR = timedelta(minutes=10)
"""How long an answer's word on usage is taken for the present state."""


@dataclass(frozen=True)
class Usage:
    """What one answer told.

    Args:
        percent: the largest share that is used up; from 100 on calls are refused.
        regained_in: how long until calls are answered again, zero when they are.
        at: when it was told, aware UTC.
    """

    percent: float
    regained_in: timedelta
    at: datetime

    @property
    def regained_at(self) -> datetime | None:
        """Return when calls are answered again, None when Meta does not say."""
        return self.at + self.regained_in if self.regained_in else None

    def is_gone(self, now: datetime) -> bool:
        """Return whether Meta refuses calls now: until the moment it named, if it named one."""
        until = self.regained_at
        if until is not None:
            return now < until
        return self.percent >= ALL_PERCENT and now - self.at < KNOWN_FOR

    def is_scarce(self, now: datetime) -> bool:
        """Return whether little is left now."""
        return self.percent >= ENOUGH_PERCENT and now - self.at < KNOWN_FOR


def usage_of(headers: Mapping[str, str], now: datetime) -> Usage | None:
    """Return what the headers of an answer tell, None when they tell nothing.

    Args:
        headers: of the answer, whatever their case.
        now: when it came.
    """
    rows = list(_rows(headers))
    if not rows:
        return None
    percent = max(_number(row.get(name)) for row in rows for name in SHARES)
    minutes = max(_number(row.get("estimated_time_to_regain_access")) for row in rows)
    return Usage(percent, timedelta(minutes=minutes), now)


def _rows(headers: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    small = {name.lower(): value for name, value in headers.items()}
    for name in HEADERS:
        try:
            told = json.loads(small.get(name, "null"))
        except ValueError:
            continue  # a header that cannot be read tells nothing; the answer itself counts
        if not isinstance(told, dict):
            continue
        yield told
        for rows in told.values():
            yield from (row for row in rows if isinstance(row, dict)) if _is_list(rows) else ()


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _number(value: object) -> float:
    usable = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e6
    return float(value) if usable else 0.0  # type: ignore[arg-type] # checked in the line above
