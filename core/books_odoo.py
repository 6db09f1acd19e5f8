"""The books as Odoo has them, read through the Odoo server's own read tools.

Rules: each question is asked for itself, so one that fails leaves one gap (when the first ones fail
alike, Odoo is down and is left alone); a list that is longer than is read is a gap too, because
half a list is no list; nothing is added up here that Odoo did not say.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from core import notes
from core.books import (
    TITLES,
    WEEKS_BEFORE,
    Charge,
    Figure,
    Gap,
    Name,
    Open,
    Stage,
    Statement,
)
from core.sources import CallResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from concurrent.futures import Future

    from core.books import Span
    from core.sources import Runner
    from utils.clock import Clock

    Item = Mapping[str, Any]

SOURCE = "Odoo"
WAIT_S = 60.0
PAGE, PAGES = 100, 10
CHARGES_DAYS = 400
MONTHLY = frozenset({Name.REVENUE_MONTH})


class OdooBooks:
    """Implements `core.sources.Books` with Odoo.

    Args:
        runner: calls the Odoo server.
        clock: tells when it was asked.
        step: called after each question, for a progress bar.
    """

    QUESTIONS = 6

    def __init__(
        self, runner: Runner, clock: Clock, step: Callable[[], None] = lambda: None
    ) -> None:
        self._runner = runner
        self._clock = clock
        self._step = step

    def read(self, span: Span) -> Statement:
        """Return the figures of some days, and what is due now."""
        last = span.last.isoformat()
        asked = [
            self._ask(
                "get_financial_summary", {"period": "week", "until": last, "weeks": WEEKS_BEFORE}
            ),
            self._ask("get_financial_summary", {"period": "month", "until": last}),
            self._ask("get_pipeline", {"limit": 1}),
        ]
        summary, monthly, pipeline = [self._answer(future) for future in asked]
        down = summary if summary == monthly == pipeline and isinstance(summary, Gap) else None
        since = (span.last - timedelta(days=CHARGES_DAYS)).isoformat()
        bills = down or self._list({"side": "vendor", "since": since})
        owed = down or self._list({"side": "customer", "state": "overdue"})
        owing = down or self._list({"side": "vendor", "state": "open"})
        extra = summary if isinstance(summary, dict) else {}
        return Statement(
            source=SOURCE,
            company=notes.inline(extra["company"]) if extra else None,
            as_of=self._clock.now() if extra else None,
            figures=_figures(summary, monthly),
            weeks=_weeks(summary, span),
            charges=bills if isinstance(bills, Gap) else tuple(_charges(bills)),
            owed=owed if isinstance(owed, Gap) else _by_due(_opens(owed)),
            owing=owing if isinstance(owing, Gap) else _by_due(_opens(owing)),
            stages=pipeline if isinstance(pipeline, Gap) else tuple(_stages(pipeline)),
            remarks=tuple(_remarks(extra, owed)),
        )

    def _ask(self, tool: str, arguments: Mapping[str, object]) -> Future[CallResult]:
        return self._runner.call("odoo", tool, arguments)

    def _answer(self, future: Future[CallResult], *, step: bool = True) -> dict[str, Any] | Gap:
        """Return a tool's answer, or why there is none."""
        try:
            result = future.result(timeout=WAIT_S)
        except TimeoutError:
            result = CallResult(answered=False, error=f"no answer within {WAIT_S:.0f} s")
        if step:
            self._step()
        if result.answered and "items" in result.data:
            return dict(result.data)
        reasons = result.data.get("reasons") or [result.error or "no answer"]
        return Gap(notes.inline(reasons[0], 200))

    def _list(self, arguments: Mapping[str, object]) -> list[Item] | Gap:
        """Return all documents of a list, or why not."""
        found: list[Item] = []
        cursor: str | None = None
        for _ in range(PAGES):
            wanted = {**arguments, "limit": PAGE, "cursor": cursor}
            answer = self._answer(self._ask("list_invoices", wanted), step=False)
            if isinstance(answer, Gap):
                self._step()
                return answer
            found += answer["items"]
            cursor = answer["next_cursor"]
            if cursor is None:
                self._step()
                return found
        self._step()
        return Gap(f"there are more than {PAGE * PAGES} documents; they were not all read")


def _figures(
    summary: dict[str, Any] | Gap, monthly: dict[str, Any] | Gap
) -> dict[Name, Figure | Gap]:
    found: dict[Name, Figure | Gap] = {}
    for name in TITLES:
        answer = monthly if name in MONTHLY else summary
        wanted = Name.REVENUE if name in MONTHLY else name
        found[name] = answer if isinstance(answer, Gap) else _figure(answer["items"], wanted)
    return found


def _figure(items: Iterable[Item], name: str, first: str | None = None) -> Figure | Gap:
    """Return one figure of an answer; it has one item for each currency."""
    own = [i for i in items if i["figure"] == name and i.get("first_day") == first]
    if not own:
        return Gap("the answer does not hold it")
    counted = [item for item in own if item["documents"]]
    return Figure(
        sums={item["currency"]: Decimal(item["amount"]) for item in counted},
        documents=sum(int(item["documents"]) for item in counted),
        basis=notes.inline(own[0]["basis"], 200),
        credited={i["currency"]: Decimal(i["credited"]) for i in counted if i.get("credited")},
    )


def _weeks(summary: dict[str, Any] | Gap, span: Span) -> tuple[tuple[date, Figure | Gap], ...]:
    found: list[tuple[date, Figure | Gap]] = []
    for number in range(WEEKS_BEFORE, 0, -1):
        first = span.first - timedelta(days=7 * number)
        if isinstance(summary, Gap):
            found.append((first, summary))
        else:
            items = summary["items"]
            found.append((first, _figure(items, "revenue_of_week", first.isoformat())))
    return tuple(found)


def _charges(bills: Iterable[Item]) -> Iterable[Charge]:
    """Return what posted bills took; a credit note takes nothing and is left out."""
    for bill in bills:
        if bill["type"] == "vendor bill" and bill["state"] == "posted" and bill["invoice_date"]:
            yield Charge(
                vendor=notes.inline(bill["partner"] or "unknown vendor"),
                on=date.fromisoformat(bill["invoice_date"]),
                amount=Decimal(bill["total"]),
                currency=bill["currency"],
                document=notes.inline(bill["name"] or bill["reference"] or bill["id"]),
            )


def _opens(items: Iterable[Item]) -> Iterable[Open]:
    """Return what is still to be paid; credit notes are in the sums, not in the lists."""
    for item in items:
        if "credit note" not in item["type"]:
            yield Open(
                document=notes.inline(item["name"] or item["id"]),
                partner=notes.inline(item["partner"] or "nobody named"),
                partner_id=item["partner_id"],
                due=date.fromisoformat(item["due_date"]) if item["due_date"] else None,
                amount=Decimal(item["due"]),
                currency=item["currency"],
                name=str(item["partner"] or ""),
            )


def _by_due(found: Iterable[Open]) -> tuple[Open, ...]:
    return tuple(sorted(found, key=lambda item: (item.due or date.max, item.document)))


def _stages(pipeline: dict[str, Any]) -> Iterable[Stage]:
    for row in pipeline["by_stage"]:
        yield Stage(
            name=notes.inline(row["stage"] or "no stage"),
            opportunities=int(row["opportunities"]),
            expected=Decimal(row["expected_revenue"]),
            weighted=Decimal(row["weighted"]),
            currency=pipeline["currency"],
        )


def _remarks(extra: dict[str, Any], owed: list[Item] | Gap) -> Iterable[str]:
    others = int(extra.get("other_companies") or 0)
    if others:
        company = notes.inline(extra["company"])
        what = "company is" if others == 1 else "companies are"
        yield (
            f"Everything from Odoo is about {company} only; {others} more {what} open to this "
            "user and in no figure."
        )
    lowering = [] if isinstance(owed, Gap) else [i for i in owed if "credit note" in i["type"]]
    if lowering:
        names = ", ".join(notes.inline(item["name"] or item["id"]) for item in lowering[:5])
        yield f"Open credit notes lower what customers owe: {names}."
