"""What a briefing proposes: a friendly reminder for each long overdue invoice, as a proposal note.

Rules: at most three in one briefing, the oldest first; one for an invoice within four weeks,
whatever became of it, and one that is decided makes room for the next invoice; the address is the
one the books hold, never a guessed one; nothing is sent without the owner's move.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from core import approvals
from core.actions import State, Trust
from core.findings import Findings
from core.reports.facts import Suggestion
from core.reports.text import plural, words
from utils.audit_log import Actor
from utils.clock import from_iso, iso
from utils.errors import NoteError, RefusedError
from utils.money import show_amount

if TYPE_CHECKING:
    from core.books import Open
    from core.records import Row
    from core.reports.facts import Facts
    from core.sources import Runner
    from core.workspace import Workspace

KIND = "email.send_email"
AT_MOST = 3
UNADDRESSED = 9
"""So many invoices without an address are looked up at most; the books are asked for each."""
LATE_DAYS = 7
AGAIN_AFTER = timedelta(days=28)
WAIT_S = 60.0
DECIDED = {
    State.DONE: "it was sent",
    State.DRY_RUN_COMPLETED: "it was shown as a dry run",
    State.REJECTED: "you said no",
    State.EXPIRED: "it expired",
    State.WITHDRAWN: "it was withdrawn",
    State.NOT_SENT: "it could not be sent",
    State.REFUSED: "it could not be sent",
    State.UNKNOWN: "it is in doubt",
}
"""What became of a reminder that waits no more."""


def propose(ws: Workspace, runner: Runner, facts: Facts, name: str) -> tuple[Suggestion, ...]:
    """File the proposals that the facts lead to, and return them with their findings.

    Args:
        ws: the vault and its records.
        runner: asks the books for an address.
        facts: of the briefing.
        name: the briefing's file name, which the proposals name as their source.
    """
    if KIND not in ws.actions:
        return ()
    made: list[Suggestion] = []
    without: list[Suggestion] = []
    for item in _late(facts):
        if len(made) == AT_MOST or len(without) == UNADDRESSED:
            break
        one = _one(ws, runner, facts, item, name)
        if one is not None:
            (made if one.note else without).append(one)
    return (*made, *without[:AT_MOST])


def _late(facts: Facts) -> list[Open]:
    """Return what is overdue for more than a week, the oldest first."""
    limit = facts.today - timedelta(days=LATE_DAYS)
    owed = next((s.owed for s in facts.statements if isinstance(s.owed, tuple)), ())
    return [item for item in owed if item.due is not None and item.due < limit]


def _one(ws: Workspace, runner: Runner, facts: Facts, item: Open, name: str) -> Suggestion | None:
    """Return the proposal about one invoice: a new one, or one that still waits.

    Also one of this very briefing that is decided by now, with how; None where an earlier one is.
    """
    late = (facts.today - item.due).days if item.due else 0
    amount = show_amount(item.amount, item.currency)
    why = f"{item.partner} owes {amount} on {item.document}, {plural(late, 'day')} late"
    earlier = _earlier(ws, facts, item)
    if earlier is not None:
        how = DECIDED.get(earlier.state, "")
        if how and earlier.source != name.removesuffix(".md"):
            return None
        return Suggestion(f"{why}; {how}" if how else why, earlier.note.removesuffix(".md"))
    address = address_of(runner, item)
    if "@" not in address:
        return Suggestion(why, None, address)
    wish = approvals.Request(
        KIND,
        {"to": [address], "subject": f"Invoice {item.document}", "body": _body(item, amount)},
        Actor.DAEMON,
        Trust.OWNER,
        source=name.removesuffix(".md"),
        findings=Findings(remarks=(f"{why} (Odoo). Check that it was not paid meanwhile.",)),
    )
    try:
        row, path = approvals.propose(ws, wish)
    except (NoteError, RefusedError) as error:
        return Suggestion(why, None, words(error))
    kept = {"action_id": row.action_id, "at": iso(facts.now)}
    ws.journal.remember(_fact(item), kept)
    return Suggestion(why, path.stem)


def _body(item: Open, amount: str) -> str:
    due = f" was due on {item.due.isoformat()}" if item.due else " is overdue"
    return (
        f"Dear {' '.join(item.name.split()) or item.partner},\n\n"
        f"our invoice {item.document} over {amount}{due}, and we have not seen a payment yet. "
        "Perhaps it was overlooked: could you look into it?\n\n"
        "If you have paid meanwhile, please take this mail as settled."
    )


def _fact(item: Open) -> str:
    return f"reminder:{item.document}:{item.partner_id or item.partner}"


def _earlier(ws: Workspace, facts: Facts, item: Open) -> Row | None:
    """Return the reminder within the last four weeks, None when there is none."""
    kept = ws.journal.recall(_fact(item))
    if not kept or facts.now - from_iso(kept["at"]) >= AGAIN_AFTER:
        return None
    return ws.journal.get(kept["action_id"])


def address_of(runner: Runner, item: Open) -> str:
    """Return the mail address that the books hold of a partner, or in words why there is none."""
    name = item.name or item.partner
    for query in dict.fromkeys((name, name.rpartition(", ")[2])):  # `Acme Ltd, Jane Doe`: a contact
        asked = {"query": query, "limit": 25}
        try:
            result = runner.call("odoo", "find_partners", asked).result(timeout=WAIT_S)
        except TimeoutError:
            return "Odoo did not answer"
        own = [i for i in result.data.get("items", ()) if i["id"] == item.partner_id]
        if own:
            return str(own[0]["email"] or f"Odoo has no mail address of {item.partner}")
    return "Odoo did not find the customer again"
