"""What a moved note means: approve, look again, refuse. Pure decisions, no files, no calls.

Rules: only the payload counts; an edit that raises the tier or changes who is paid or addressed is
asked once more; a property that disagrees with the payload is asked once; expired means asked
again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from core import approvals, notes, payloads, policy, proposal
from core.actions import Action, Facts, Payload, Tier, digest_of

if TYPE_CHECKING:
    from core.findings import Findings, Payee
    from core.notes import Note
    from core.policy import Decision
    from core.records import Row
    from core.workspace import Workspace


class Verdict(StrEnum):
    """What is to be done with an approved note."""

    RUN = "run"
    ASK_AGAIN = "ask_again"
    HARD_STOP = "hard_stop"


@dataclass(frozen=True)
class Reading:
    """What a note says now, held against what was registered.

    Args:
        verdict: what follows from it.
        payload: what would run.
        facts: what a person must see of it.
        digest: what the grant would be bound to.
        decision: the policy's decision about it as it stands.
        changes: the owner's edits, one line each (`amount: 1250.00 -> 1300.00`).
        reasons: why it is asked again or cannot be used.
        keeps_check: whether what the owner ticked about the payee still holds.
    """

    verdict: Verdict
    payload: Payload
    facts: Facts
    digest: str
    decision: Decision
    changes: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    keeps_check: bool = True

    @property
    def is_edited(self) -> bool:
        """Return whether the owner changed what would run."""
        return bool(self.changes)


def read(
    ws: Workspace, action: Action, row: Row, note: Note, found: Findings | None = None
) -> Reading:
    """Return what an approved note means.

    Args:
        ws: the vault and its records.
        action: its row in the catalogue.
        row: the action as the owner was told of it.
        note: what is approved.
        found: what its service says now; None: what it said then.

    Raises:
        NoteError: its payload cannot be used.
    """
    payload = payloads.payload_in(action, note)
    payload = _without_stale_lookup(action, row, payload)
    facts = payloads.facts_of(action, payload)
    payee = row.payee if found is None else found.payee
    decision = approvals.decide(ws, action, payload, replace(approvals.Basis.of(row), payee=payee))
    digest = digest_of(row.kind, payload, row.mode, row.account)
    changes = tuple(differences(row.payload, payload))
    reasons = [*_raised(row, decision), *_other_party(action, row, facts)]
    reasons += _other_record(action, row, payload)
    unchecked = _unchecked_payee(action, row, payee, facts, note)
    reasons += unchecked
    reasons += proposal.disagreements(row, facts, note)
    verdict = Verdict.ASK_AGAIN if reasons else Verdict.RUN
    if decision.tier.rank > row.tier.rank and decision.tier is Tier.HARD_STOP:
        verdict = Verdict.HARD_STOP
    return Reading(
        verdict, payload, facts, digest, decision, changes, tuple(reasons), not unchecked
    )


def _without_stale_lookup(action: Action, row: Row, payload: Payload) -> Payload:
    """Drop an identifier that belongs to the name that stood there before the edit."""
    lookup = action.lookup
    if lookup is None:
        return payload
    renamed = payload.get(lookup.source) != row.payload.get(lookup.source)
    kept = payload.get(lookup.target) == row.payload.get(lookup.target)
    if renamed and kept and payload.get(lookup.target) is not None:
        return {name: value for name, value in payload.items() if name != lookup.target}
    return payload


def _raised(row: Row, decision: Decision) -> list[str]:
    if decision.tier.rank <= row.tier.rank:
        return []
    return [f"it now needs more care: {reason}" for reason in decision.reasons[:1]]


def _other_party(action: Action, row: Row, facts: Facts) -> list[str]:
    before = payloads.facts_of(action, row.payload)
    found = []
    for name, old, new in (
        ("counterparty", before.counterparty, facts.counterparty),
        ("recipients", before.recipients, facts.recipients),
        ("account" if action.parts is None else "networks", before.account, facts.account),
    ):
        if old != new:
            found.append(f"you changed the {name} from {_in_words(old)} to {_in_words(new)}")
    return found


def _in_words(value: object) -> str:
    if isinstance(value, tuple):
        value = ", ".join(str(each) for each in value)
    return notes.inline(value or "nobody")


def _other_record(action: Action, row: Row, payload: Payload) -> list[str]:
    """Return whether an identifier was changed under an unchanged name; filling one in is fine."""
    lookup = action.lookup
    if lookup is None:
        return []
    before, now = row.payload.get(lookup.target), payload.get(lookup.target)
    if before is None or now is None or before == now:
        return []
    return [f"you changed the {lookup.target} from {before} to {now}"]


def _is_checked(note: Note) -> bool:
    """Return whether the owner has ticked that the payee was checked; a word is no tick."""
    return note.front.get(proposal.CHECKED) is True


def new_doubts(row: Row, payee: Payee | None, name: str | None) -> tuple[str, ...]:
    """Return the doubts about who is paid that the owner was not told of.

    Args:
        row: the action as the owner was told of it.
        payee: what the books say now.
        name: who is paid.
    """
    told = policy.doubts_about(row.payee, row.counterparty)
    return tuple(doubt for doubt in policy.doubts_about(payee, name) if doubt not in told)


def _unchecked_payee(
    action: Action, row: Row, payee: Payee | None, facts: Facts, note: Note
) -> list[str]:
    """Return why a payment is not made yet: nobody checked where the money goes.

    A tick is about what the owner was told. What came up since then is asked about once more.
    """
    if not action.pays or not row.mode.acts:
        return []
    if _is_checked(note) and not new_doubts(row, payee, facts.counterparty):
        return []
    doubts = policy.doubts_about(payee, facts.counterparty)
    check = f"{policy.CHECK_PAYEE[0].lower()}{policy.CHECK_PAYEE[1:].rstrip('.')}"
    return [f"{notes.inline(doubt.rstrip('.'), 300)}: {check}" for doubt in doubts]


def differences(before: object, after: object, name: str = "") -> list[str]:
    """Return the changes between two payloads, one line each."""
    if isinstance(before, dict) and isinstance(after, dict):
        keys = [*before, *(key for key in after if key not in before)]
        return [
            line
            for key in keys
            for line in differences(before.get(key), after.get(key), _joined(name, key))
        ]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [
            line
            for number, (old, new) in enumerate(zip(before, after, strict=True), start=1)
            for line in differences(old, new, _joined(name, number))
        ]
    if before == after:
        return []
    return [f"{name}: {_shown(before)} -> {_shown(after)}"]


def _joined(name: str, key: object) -> str:
    return f"{name} {key}".strip()


def _shown(value: object) -> str:
    return "(nothing)" if value is None else notes.inline(value, 200)
