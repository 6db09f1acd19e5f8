"""Lists, one page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mcp_servers.toolset import Page

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mcp_servers.odoo.actions.arguments import Paged
    from mcp_servers.odoo.client import Reader, Row


@dataclass(frozen=True)
class Listing:
    """What a list is made of.

    Args:
        model: Odoo's name of the records.
        fields: that are read.
        order: Odoo's, ending in something unique.
        item: makes a record plain data.
    """

    model: str
    fields: Sequence[str]
    order: str
    item: Callable[[Row], Mapping[str, object]]

    def page(self, client: Reader, domain: Sequence[object], asked: Paged) -> Page:
        """Return one page of what a domain finds; the total costs a request only when unknown."""
        rows = self.rows(client, domain, asked)
        return self.page_of(client, domain, asked, rows)

    def rows(self, client: Reader, domain: Sequence[object], asked: Paged) -> list[Row]:
        """Return the records of one page."""
        paging = {"limit": asked.limit, "offset": _start(asked), "order": self.order}
        return client.search_read(self.model, domain, self.fields, **paging)

    def page_of(
        self, client: Reader, domain: Sequence[object], asked: Paged, rows: Sequence[Row]
    ) -> Page:
        """Return the page of records that were read."""
        start = _start(asked)
        end = start + len(rows)
        complete = len(rows) < asked.limit and (rows or not start)
        total = end if complete else client.count(self.model, domain)
        items = tuple(self.item(row) for row in rows)
        return Page(items, total, str(end) if rows and end < total else None)


def _start(asked: Paged) -> int:
    return int(asked.cursor or 0)
