"""The pipeline: open opportunities, sums by stage, and changes to one opportunity.

Rules: a change is one write; there is no place for a key in it, so it is found again by comparing
the values with what was approved, and with when the record was last changed.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from core.findings import Findings
from mcp_servers.odoo.actions.relations import GetPipeline, UpdateOpportunity, changes_of
from mcp_servers.odoo.locks import exclusive
from mcp_servers.odoo.tools.paging import Listing
from mcp_servers.odoo.tools.records import (
    amount_of,
    context_of,
    link,
    number,
    refusal,
    rejected,
    request_of,
    same,
    text,
)
from mcp_servers.toolset import Done, Evidence, Finding, Page, Trace, Write
from utils.clock import iso
from utils.errors import NotSentError, RejectedError, UnknownOutcomeError
from utils.money import canonical_amount, canonical_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.actions import Payload
    from mcp_servers.odoo.client import Reader, Row, Writer
    from utils.config import Settings

LEAD, STAGE, ACTIVITY = "crm.lead", "crm.stage", "mail.activity"
FIELDS = (
    *("name", "partner_id", "stage_id", "expected_revenue", "probability", "date_deadline"),
    *("date_last_stage_update", "company_id", "write_date"),
)


# -- update_opportunity ---------------------------------------------------------------------------


def request(settings: Settings, payload: Payload, key: str) -> dict[str, Any]:
    """Return the request that changes the opportunity; no place for a key is in it."""
    del key
    wanted = UpdateOpportunity.model_validate(payload)
    identifier = wanted.opportunity_id or "(the opportunity's id)"
    return request_of(settings, (LEAD, "write"), [[identifier], _values(wanted, wanted.stage)])


def _values(wanted: UpdateOpportunity, stage: int | str | None) -> Row:
    values = {
        "stage_id": stage,
        "expected_revenue": _number(wanted.expected_revenue),
        "probability": _number(wanted.probability),
        "date_deadline": wanted.close_date and wanted.close_date.isoformat(),
    }
    return {name: value for name, value in values.items() if value is not None}


def _number(amount: Decimal | None) -> int | float | None:
    return None if amount is None else number(amount)


def perform(client: Writer, payload: Payload, trace: Trace) -> Done:
    """Change the opportunity in one write.

    Raises:
        NotSentError: the connection failed before anything was sent.
        RejectedError: it is another opportunity, or Odoo refused; nothing was changed.
        UnknownOutcomeError: it was sent, and it is not certain that it is there as approved.
    """
    del trace
    wanted = UpdateOpportunity.model_validate(payload)
    if wanted.opportunity_id is None:
        raise rejected(
            f'no opportunity of Odoo was chosen for "{wanted.opportunity}". Write its id into the '
            "note as opportunity_id, then approve again.",
            "NoOpportunity",
        )
    with exclusive(client.account, LEAD, wanted.opportunity_id):
        row = _lead_for(client, wanted.opportunity_id, wanted)
        url = client.url_of(LEAD, wanted.opportunity_id)
        if not _differences(row, wanted):
            said = f"{_told(wanted)} It was so already; nothing was sent."
            return Done(str(wanted.opportunity_id), url, said)
        values = _values(wanted, _stage_id(client, wanted.stage))
        client.change(LEAD, "write", [[wanted.opportunity_id], values], context_of(client))
        return _read_back(client, wanted, wanted.opportunity_id)


def _lead_for(client: Reader, identifier: int, wanted: UpdateOpportunity) -> Row:
    row = client.read(LEAD, identifier, FIELDS)
    if row is None:
        raise rejected(f"Odoo has no opportunity {identifier}.", "NoOpportunity")
    if link(row["company_id"])[0] not in (None, client.company_id):
        raise rejected(f"opportunity {identifier} belongs to another company.", "AnotherCompany")
    if not same(str(row["name"]), wanted.opportunity):
        said = f"opportunity {identifier} is called {text(row['name'])}, not {wanted.opportunity}."
        raise rejected(said, "NotAsApproved")
    return row


def _stage_id(client: Reader, stage: str | None) -> int | None:
    if stage is None:
        return None
    rows = client.search_read(STAGE, [], ("name",), limit=100, order="sequence, id")
    found = [row for row in rows if same(str(row["name"]), stage)]
    if len(found) != 1:
        known = ", ".join(text(row["name"]) for row in rows)
        raise rejected(f'the pipeline has no stage "{stage}"; there are: {known}.', "NoStage")
    return int(found[0]["id"])


def _differences(row: Row, wanted: UpdateOpportunity) -> list[str]:
    """Return which of the wanted values a record does not have."""
    found = {
        "stage": wanted.stage is None or same(link(row["stage_id"])[1], wanted.stage),
        "expected revenue": _equal(row["expected_revenue"], wanted.expected_revenue),
        "probability": _equal(row["probability"], wanted.probability),
        "expected closing": wanted.close_date is None
        or row["date_deadline"] == wanted.close_date.isoformat(),
    }
    return [name for name, equal in found.items() if not equal]


def _equal(value: object, wanted: Decimal | None) -> bool:
    """Return whether a stored number is what was wanted, as exactly as Odoo keeps it."""
    return wanted is None or abs(Decimal(str(value or 0)) - wanted) < Decimal("0.01")


def _read_back(client: Writer, wanted: UpdateOpportunity, identifier: int) -> Done:
    try:
        row = client.read(LEAD, identifier, FIELDS)
    except (NotSentError, RejectedError) as error:
        said = f"opportunity {identifier} was changed, but could not be read back: {error}"
        raise UnknownOutcomeError("Odoo", said, error_class="NotReadBack") from error
    wrong = ["everything"] if row is None else _differences(row, wanted)
    if wrong:
        said = f"the change was accepted, but {', '.join(wrong)} is not as approved."
        raise UnknownOutcomeError(
            "Odoo", f"{said} Look at it in Odoo.", error_class="NotAsApproved"
        )
    return Done(str(identifier), client.url_of(LEAD, identifier), _told(wanted))


def _told(wanted: UpdateOpportunity) -> str:
    changes = ", ".join(f"{name} {value}" for name, value in changes_of(wanted).items())
    return f"Opportunity {wanted.opportunity}: {changes}."


def reconcile(client: Reader, payload: Payload, trace: Trace) -> Evidence:
    """Return whether the opportunity has the approved values.

    The write is one transaction: values that differ mean that it did not happen, unless somebody
    changed the record since.
    """
    wanted = UpdateOpportunity.model_validate(payload)
    if wanted.opportunity_id is None:
        return Evidence(Finding.ABSENT, "No opportunity was chosen, so nothing was sent.")
    row = client.read(LEAD, wanted.opportunity_id, FIELDS)
    if row is None:
        return Evidence(Finding.DIFFERENT, f"Odoo has no opportunity {wanted.opportunity_id}.")
    identifier, url = str(wanted.opportunity_id), client.url_of(LEAD, wanted.opportunity_id)
    wrong = _differences(row, wanted)
    if not wrong:
        return Evidence(Finding.FOUND, _told(wanted), identifier, url)
    said = f"Opportunity {wanted.opportunity} does not have the approved {', '.join(wrong)}"
    if _instant(row["write_date"]) > trace.began_at:
        later = f"{said}, but it was changed since; compare it yourself."
        return Evidence(Finding.UNCLEAR, later, identifier, url)
    return Evidence(Finding.ABSENT, f"{said}.", identifier, url)


def _instant(stamp: object) -> datetime:
    """Return Odoo's instant (UTC, no zone, whole seconds), as late as it can have been."""
    moment = datetime.fromisoformat(str(stamp)[:19]).replace(tzinfo=UTC)
    return moment + timedelta(seconds=1)


def findings(client: Reader, payload: Payload) -> Findings:
    """Return what stands against the change, before the owner is asked."""
    wanted = UpdateOpportunity.model_validate(payload)
    try:
        if wanted.opportunity_id is not None:
            _lead_for(client, wanted.opportunity_id, wanted)
        _stage_id(client, wanted.stage)
    except RejectedError as error:
        return refusal(error)
    return Findings()


UPDATE = Write(request, perform, reconcile, check=findings)


# -- get_pipeline ---------------------------------------------------------------------------------


def get_pipeline(client: Reader, arguments: GetPipeline) -> Page:
    """Return open opportunities, the most valuable first, and the sums of all by stage."""
    open_ones = [
        ["type", "=", "opportunity"],
        ["stage_id.is_won", "=", False],
        *["|", ["company_id", "=", False], ["company_id", "=", client.company_id]],
    ]
    words = arguments.query
    asked = ["|", ["name", "ilike", words], ["partner_id", "ilike", words]] if words else []
    company = client.company()
    currency = link(company["currency_id"])[1]
    listing = Listing(LEAD, FIELDS, "expected_revenue desc, id", lambda row: row)
    rows = listing.rows(client, [*open_ones, *asked], arguments)
    steps = _next_steps(client, [int(row["id"]) for row in rows])
    stale_before = client.now - timedelta(days=arguments.stale_days)
    page = listing.page_of(client, [*open_ones, *asked], arguments, rows)
    items = tuple(_item(row, currency, steps.get(int(row["id"])), stale_before) for row in rows)
    extra = {
        "by_stage": _by_stage(client, open_ones, currency),
        "company": text(company["name"]),
        "currency": currency,
        "as_of": iso(client.now),
        "basis": (
            "open opportunities (not won, not archived); expected revenue in company currency; "
            "weighted = expected revenue x probability; stale = no change of stage for "
            f"{arguments.stale_days} days"
        ),
    }
    return Page(items, page.total, page.next_cursor, extra)


def _next_steps(client: Reader, identifiers: Sequence[int]) -> Mapping[int, str]:
    if not identifiers:
        return {}
    domain = [["res_model", "=", LEAD], ["res_id", "in", list(identifiers)]]
    fields = ("res_id", "summary", "date_deadline")
    rows = client.search_read(ACTIVITY, domain, fields, limit=500, order="date_deadline desc, id")
    return {
        int(row["res_id"]): f"{row['date_deadline']} {text(row['summary'])}".strip() for row in rows
    }


def _item(
    row: Row, currency: str, next_step: str | None, stale_before: datetime
) -> dict[str, object]:
    moved = row["date_last_stage_update"]
    return {
        "id": int(row["id"]),
        "name": text(row["name"]),
        "customer": text(link(row["partner_id"])[1]) or None,
        "stage": text(link(row["stage_id"])[1]) or None,
        "expected_revenue": canonical_amount(amount_of(row["expected_revenue"], currency)),
        "currency": currency,
        "probability": canonical_number(Decimal(str(row["probability"] or 0))),
        "close_date": row["date_deadline"] or None,
        "stage_since": str(moved)[:10] if moved else None,
        "stale": bool(moved) and _instant(moved) < stale_before,
        "next_step": next_step,
    }


def _by_stage(client: Reader, domain: Sequence[object], currency: str) -> list[dict[str, object]]:
    sums = ("expected_revenue", "prorated_revenue")
    rows = client.grouped(LEAD, domain, ("stage_id",), sums)
    return [
        {
            "stage": text(link(row["stage_id"])[1]) or None,
            "opportunities": int(row["__count"]),
            "expected_revenue": canonical_amount(amount_of(row["expected_revenue"], currency)),
            "weighted": canonical_amount(amount_of(row["prorated_revenue"], currency)),
        }
        for row in rows
    ]
