"""A request becomes a proposal: validated, decided about, registered, laid before the owner.

Rules: the journal row is written before the note; the note is complete in itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from core import channels, checks, notes, payloads, policy, proposal, publishing, sayings
from core.actions import Action, ActionId, Facts, Mode, Payload, State, Tier, Trust, digest_of
from core.findings import Findings, Payee
from core.note_names import note_name
from core.records import Entry, Row
from core.vault import Folder
from utils.audit_log import Actor, Approval, Event
from utils.clock import local_day, midnight
from utils.errors import NoteError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from pathlib import Path

    from core.policy import Decision
    from core.workspace import Workspace

PREFIX = "APR"
NOTHING_FOUND = Findings()
MAIL_MAKES_KNOWN = timedelta(days=365)
"""How far back a mail makes its recipient's domain a known one."""


@dataclass(frozen=True)
class Request:
    """A wish that an action be done.

    Args:
        kind: `service.verb_noun`.
        arguments: not validated yet.
        actor: who asks.
        trust: where the words come from.
        source: the note it comes from, as a name without `.md`.
        evidence: text from outside, shown quoted.
        findings: what the service's records say about it.
        unchecked: whether the daemon is still to ask the service about it.
    """

    kind: str
    arguments: Mapping[str, object]
    actor: Actor
    trust: Trust = Trust.OWNER
    source: str | None = None
    evidence: str | None = None
    findings: Findings = NOTHING_FOUND
    unchecked: bool = False


@dataclass(frozen=True)
class Draft:
    """A validated request with its decision: everything but an id."""

    request: Request
    action: Action
    payload: Payload
    facts: Facts
    mode: Mode
    missing: tuple[str, ...]
    account: str
    decision: Decision

    @property
    def digest(self) -> str:
        """Return what an approval of this draft is bound to."""
        return digest_of(self.action.kind, self.payload, self.mode, self.account)


def draft(ws: Workspace, request: Request) -> Draft:
    """Validate a request and decide about it.

    Raises:
        NoteError: the kind is unknown, an argument or a picture cannot be used.
    """
    action = ws.actions.get(request.kind)
    if action is None:
        raise NoteError(
            f"asks for `{notes.inline(request.kind)}`, which nobody here can do. "
            f"Known: {', '.join(sorted(ws.actions))}"
        )
    payload = payloads.completed(ws, action, request.arguments)
    sayings.keep(ws, action, payload, request.findings.said)
    if action.parts is not None:
        publishing.check_pictures(ws.vault.root, action.parts(payload))
    now = ws.standing(action, payload)
    facts = payloads.facts_of(action, payload)
    basis = Basis(request.trust, str(request.actor), request.findings.payee)
    decision = decide(ws, action, payload, basis)
    return Draft(request, action, payload, facts, now.mode, now.missing, now.account, decision)


@dataclass(frozen=True)
class Basis:
    """Who asks for an action, and what is known of who is paid.

    Args:
        trust: where the words come from.
        origin: who asks.
        payee: what the books say; None: nobody is paid, or they could not be asked.
    """

    trust: Trust
    origin: str
    payee: Payee | None = None

    @classmethod
    def of(cls, row: Row) -> Basis:
        """Return the basis of a registered action."""
        return cls(row.trust, row.origin, row.payee)


def decide(ws: Workspace, action: Action, payload: Payload, basis: Basis) -> Decision:
    """Return the policy's decision about an action; of one that is several, about all of it."""
    own = _decide(ws, action, payloads.facts_of(action, payload), basis)
    parts = action.parts(payload) if action.parts is not None else ()
    return policy.together(
        own, *(_decide(ws, p.action, payloads.facts_of(p.action, p.payload), basis) for p in parts)
    )


def _decide(ws: Workspace, action: Action, facts: Facts, basis: Basis) -> Decision:
    rules, today = ws.policy(), local_day(ws.clock, ws.clock.now())
    case = policy.Case(
        action.kind,
        action,
        facts,
        basis.trust,
        known_counterparty=ws.journal.knows_counterparty(facts.counterparty or ""),
        payee=basis.payee,
        spent=_spent(ws, rules.limit_currency, today) if action.pays else policy.Spent(),
        on=today,
        by_assistant=basis.origin in {Actor.CLAUDE, Actor.CLI},  # whoever started that server
        known_domains=_known_domains(ws) if facts.recipients else frozenset(),
    )
    return policy.decide(rules, case)


def _spent(ws: Workspace, currency: str, today: date) -> policy.Spent:
    """Return what ran today under standing approvals; what was refused meanwhile counts too."""
    pays = {kind for kind, action in ws.actions.items() if action.pays}
    rows = ws.journal.approved_by_policy(midnight(ws.clock, today))
    amounts = [
        Decimal(row.amount or 0) for row in rows if row.kind in pays and row.currency == currency
    ]
    return policy.Spent(len(amounts), sum(amounts, Decimal(0)))


def _known_domains(ws: Workspace) -> frozenset[str]:
    """Return the owner's mail domain, and those that were written to before."""
    since = ws.clock.now() - MAIL_MAKES_KNOWN
    addresses = [ws.settings.text("OWNER_EMAIL"), *ws.journal.written_to(since)]
    domains = {address.strip().rpartition("@")[2].casefold() for address in addresses}
    return frozenset(domains - {""})


def accepted(ws: Workspace, request: Request) -> Draft:
    """Return the draft of a request that may be put before the owner; nothing is written.

    Raises:
        NoteError: the request cannot be used.
        RefusedError: a hard stop, or the service would refuse or regret it.
    """
    if policy.is_hard_stop(request.kind):
        raise RefusedError(
            "This kind of action is never done by the program. You decide and do it yourself."
        )
    made = draft(ws, request)
    if made.decision.tier is Tier.HARD_STOP:
        raise RefusedError(*made.decision.reasons)
    if request.findings.refusals:
        raise RefusedError(*request.findings.refusals)
    return made


def propose(ws: Workspace, request: Request) -> tuple[Row, Path]:
    """Turn a request into a registered proposal and its note.

    Returns:
        The journal row and the note's path.

    Raises:
        NoteError: the request cannot be used.
        RefusedError: a hard stop, or the service would refuse or regret it.
    """
    made = accepted(ws, request)
    row = new_row(ws, made, title=made.action.title(_model(made)))
    text = proposal.render(ws, made, row)
    if request.unchecked:
        checks.leave_open(ws, row.action_id)
    ws.journal.register(row, *first_entries(row, made, Event.PROPOSED), unwritten=(text, None))
    path = ws.vault.create(ws.vault.folder(Folder.PENDING), row.note, text)
    ws.journal.written(row.action_id, path.name)
    ws.chronicle.flush()
    return replace(row, note=path.name), path


def new_row(ws: Workspace, made: Draft, *, title: str, note: str | None = None) -> Row:
    """Return the journal row of a draft under a newly minted id."""
    now = ws.clock.now()
    action_id = ws.journal.mint(PREFIX, local_day(ws.clock, now))
    last = now + timedelta(days=ws.settings.count("APPROVAL_EXPIRES_DAYS"))
    last = min(last, made.request.findings.until or last)
    return Row(
        action_id=ActionId(action_id),
        kind=made.action.kind,
        mode=made.mode,
        account=made.account,
        payload=made.payload,
        digest=made.digest,
        state=State.PENDING,
        tier=made.decision.tier,
        reasons=made.decision.reasons,
        policy_hash=made.decision.policy_hash,
        note=note or note_name(action_id, title),
        origin=str(made.request.actor),
        trust=made.request.trust,
        created_at=now,
        expires_at=channels.last_moment(ws, made.payload, last),
        correlation_id=action_id,
        source=made.request.source,
        payee=made.request.findings.payee,
        **proposal.fact_columns(made.facts),
    )


def first_entries(row: Row, made: Draft, event: Event) -> list[Entry]:
    """Return the lines with which an action's story begins."""
    base = base_entry(row, event, made.request.actor)
    return [
        replace(
            base,
            event=Event.DECIDED,
            actor=Actor.DAEMON,
            parameters={"tier": str(row.tier), "rules": made.decision.rules},
        ),
        replace(base, parameters=row.payload),
    ]


def base_entry(row: Row, event: Event, actor: Actor, **fields: object) -> Entry:
    """Return a story entry with everything that the row tells."""
    known = {
        State.PENDING: Approval.PENDING,
        State.REJECTED: Approval.REJECTED,
        State.EXPIRED: Approval.EXPIRED,
        State.WITHDRAWN: Approval.WITHDRAWN,
    }
    decided = Approval.AUTO_APPROVED if row.approved_by == "policy" else Approval.APPROVED
    entry = Entry(
        event,
        actor,
        action=row.kind,
        action_id=row.action_id,
        target=row.counterparty or row.account,
        approval_status=known.get(row.state, decided),
        approved_by=row.approved_by,
        mode=row.mode,
        digest=row.digest,
        policy_hash=row.policy_hash,
        attempt=row.attempt or None,
        correlation_id=row.correlation_id,
    )
    return replace(entry, **fields)  # type: ignore[arg-type] # field names are checked by replace


def _model(made: Draft) -> object:
    return made.action.arguments.model_validate(made.payload)
