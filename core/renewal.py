"""Keeps a registered proposal true, and puts it before the owner again when it must be.

Rules: words come before deeds: a note that says DRY RUN never runs for real; a proposal that is
asked again is moved before the journal is told, so that a crash in between asks once more and
never runs; reopening is the owner's move and is recorded as such.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from core import (
    approvals,
    checks,
    consent,
    filing,
    notes,
    outcomes,
    payloads,
    proposal,
    proposal_edits,
    sayings,
    vault_files,
)
from core.actions import Action, Payload, State, Tier, digest_of
from core.adoption import known_action
from core.checks import ANSWER_AGAIN_S
from core.inspection import QUIET_S, Look
from core.vault import Folder
from utils.audit_log import Actor, Approval, Event
from utils.errors import NoteError

if TYPE_CHECKING:
    from core.adoption import Adoption
    from core.consent import Reading
    from core.desk import Desk, Round
    from core.lookups import Found
    from core.records import Row
    from core.workspace import Workspace

ASKED = "- Asked by the daemon meanwhile: nothing speaks against it."
SHELVED = (State.REJECTED, State.EXPIRED, State.WITHDRAWN)


class Renewal:
    """Words proposals anew and asks again.

    Args:
        desk: shared with the executor.
        adoption: takes altered copies as proposals of their own.
    """

    def __init__(self, desk: Desk, adoption: Adoption) -> None:
        self.desk = desk
        self.ws = desk.ws
        self.adoption = adoption

    def complete(self, row: Row, look: Look, action: Action) -> None:
        """Fill in what its service knows of a registered proposal, once that can be asked."""
        found = self.adoption.checks.resolve(action, row.payload, row.digest)
        if found is None:
            self.desk.wake_in(ANSWER_AGAIN_S)
        elif checks.is_open(self.ws, row.action_id):
            self._say(row, look, action, found)
        elif found[0] != row.payload and look.note is not None and look.file is not None:
            text = proposal_edits.with_identifier(look.note.text, action, found[0])
            self.ws.vault.rewrite(look.file, text)
            self._bind(replace(row, payload=found[0]), action, Actor.DAEMON)

    def _say(self, row: Row, look: Look, action: Action, found: Found) -> None:
        """Tell the owner what the service says about a proposal that came without being checked."""
        payload, findings = found
        if look.note is None or look.file is None:
            return
        if findings.refusals:
            self._refuse(row, " ".join(findings.refusals))
            return
        sayings.keep(self.ws, action, payload, findings.said)
        fresh = replace(row, payload=payload, payee=findings.payee)
        decision = approvals.decide(self.ws, action, payload, approvals.Basis.of(fresh))
        shown = replace(fresh, tier=decision.tier, reasons=decision.reasons)
        doubts = consent.new_doubts(row, findings.payee, row.counterparty) if action.pays else ()
        text = proposal_edits.pending_text(
            self.ws, look.note, shown, action, keeps_check=not doubts
        )
        text = proposal_edits.with_identifier(text, action, payload)
        told = (*doubts, *findings.remarks, *findings.unclear)
        said = [f"- {notes.inline(each, 300)}" for each in told]
        new = [line for line in said or [ASKED] if line not in look.note.text]
        if new:
            text = proposal_edits.with_reasons(text, notes.parse(text.encode()), "\n".join(new))
        self.ws.vault.rewrite(look.file, text)
        if fresh != row:
            self._bind(fresh, action, Actor.DAEMON)
        if not findings.unanswered:
            checks.close(self.ws, row.action_id)

    def _refuse(self, row: Row, reason: str) -> None:
        """End a proposal that its service would refuse; its note comes to the owner for review."""
        entry = approvals.base_entry(
            row, Event.OUTCOME, Actor.DAEMON, result="refused", error=reason, error_class="Refused"
        )
        self.ws.journal.transition(
            row.action_id,
            {State.PENDING},
            State.REFUSED,
            entry,
            finished_at=self.ws.clock.now(),
            summary=reason,
            error_class="Refused",
        )
        checks.close(self.ws, row.action_id)

    def _bind(
        self,
        fresh: Row,
        action: Action,
        actor: Actor,
        changes: tuple[str, ...] = (),
        reasons: tuple[str, ...] = (),
    ) -> None:
        """Bind a proposal to what its note says now.

        Args:
            fresh: the row with its new payload, mode and account.
            action: its row in the catalogue.
            actor: who made it different.
            changes: what the owner changed, one line each.
            reasons: why the owner is asked again.
        """
        facts = payloads.facts_of(action, fresh.payload)
        decision = approvals.decide(self.ws, action, fresh.payload, approvals.Basis.of(fresh))
        digest = digest_of(fresh.kind, fresh.payload, fresh.mode, fresh.account)
        entry = approvals.base_entry(
            fresh,
            Event.EDITED if changes else Event.DECIDED,
            actor,
            digest=digest,
            parameters={
                "tier": str(decision.tier),
                "rules": decision.rules,
                "changes": list(changes),
                "asked_again": list(reasons),
            },
        )
        self.ws.journal.transition(
            fresh.action_id,
            {State.PENDING},
            State.PENDING,
            entry,
            payload=fresh.payload,
            digest=digest,
            mode=fresh.mode,
            account=fresh.account,
            tier=decision.tier,
            reasons=decision.reasons,
            policy_hash=decision.policy_hash,
            payee=fresh.payee,
            **proposal.fact_columns(facts),
        )

    def _as_things_stand(self, row: Row, action: Action, payload: Payload) -> Row:
        """Return a row with another payload, under the present mode and account."""
        now = self.ws.standing(action, payload)
        return replace(
            row,
            payload=payload,
            mode=now.mode,
            account=now.account,
            **proposal.fact_columns(payloads.facts_of(action, payload)),
        )

    def _with_files(self, action: Action, payload: Payload) -> Payload:
        for rule in action.files:
            payload = vault_files.rebound(self.ws.vault.root, rule, payload)
        return payload

    def reissue(self, row: Row, look: Look, action: Action) -> None:
        """Word an untouched proposal anew after its service went live, or dry, or elsewhere."""
        if look.note is None or look.file is None:
            return
        readiness = self.ws.standing(action, row.payload)
        fresh = self._as_things_stand(row, action, row.payload)
        text = proposal_edits.pending_text(self.ws, look.note, fresh, action)
        if readiness.mode.acts:  # words first: a note that says DRY RUN must never run for real
            self.ws.vault.rewrite(look.file, text)
        self._bind(fresh, action, Actor.DAEMON)
        if not readiness.mode.acts:
            self.ws.vault.rewrite(look.file, text)

    def return_to_pending(
        self, row: Row, look: Look, reading: Reading, reasons: tuple[str, ...]
    ) -> None:
        """Put a proposal back before the owner, saying why and what changed.

        The note is moved before the journal is told, so that a crash in between asks again and
        never runs.
        """
        action = known_action(self.ws, row.kind)
        if look.note is None or look.file is None:
            return
        fresh = replace(
            self._as_things_stand(row, action, self._with_files(action, reading.payload)),
            tier=reading.decision.tier,
            reasons=reading.decision.reasons,
        )
        text = proposal_edits.pending_text(
            self.ws, look.note, fresh, action, reasons, keeps_check=reading.keeps_check
        )
        text = proposal_edits.without_identifier(text, action, fresh.payload)
        text = proposal_edits.with_identifier(text, action, fresh.payload)
        text = proposal_edits.with_completed(text, action, fresh.payload)
        if reading.changes:
            changes = "\n".join(f"- You changed {change}" for change in reading.changes)
            text = proposal_edits.with_reasons(text, look.note, changes)
        file = self.ws.vault.rewrite(look.file, text)
        self.ws.vault.move(file.path, self.ws.vault.folder(Folder.PENDING))
        self.desk.inspector.forget(look.path)
        self._bind(fresh, action, Actor.OWNER, reading.changes, reasons)
        self.desk.wake_in(0)

    def reopen(self, row: Row, look: Look, why: str) -> None:
        """Make an ended action pending again, because the owner moved its note."""
        days = self.ws.settings.count("APPROVAL_EXPIRES_DAYS")
        entry = approvals.base_entry(row, Event.DECIDED, Actor.OWNER, result=None, error=why)
        self.ws.journal.transition(
            row.action_id,
            {row.state},
            State.PENDING,
            replace(entry, approval_status=Approval.PENDING),
            filed_at=None,
            finished_at=None,
            retry_at=None,
            due_at=None,
            sending_at=None,
            grant_until=None,
            approved_at=None,
            approved_by=None,
            remote_id=None,
            remote_url=None,
            summary=None,
            error=None,
            error_class=None,
            expires_at=self.ws.clock.now() + timedelta(days=days),
            note=look.path.name,
        )

    def proposed_again(self, row: Row, look: Look, looked: Round) -> None:
        """Deal with an ended action's note that lies in `Pending_Approval/`."""
        if not self.desk.settled(look, QUIET_S) or look.note is None or look.file is None:
            return
        if row.tier is Tier.HARD_STOP:
            self.adoption.hard_stop(row, look, row.summary or "This is a hard stop.")
            return
        others = _others(row, look, looked)
        first = all(o.path.parent == look.path.parent and look.path < o.path for o in others)
        if row.state is State.DONE or not first:
            self.finished_again(row, look, looked)
        else:
            self._renew(row, look)

    def _renew(self, row: Row, look: Look) -> None:
        """Propose an ended action anew, as its note in `Pending_Approval/` says."""
        if look.note is None or look.file is None:
            return
        action = known_action(self.ws, row.kind)
        payload = self._with_files(action, payloads.payload_in(action, look.note))
        self.reopen(row, look, "You moved it to Pending_Approval again.")
        now = self.ws.journal.get(row.action_id) or row
        fresh = self._as_things_stand(now, action, payload)
        text = proposal_edits.pending_text(self.ws, look.note, fresh, action)
        text = proposal_edits.with_completed(text, action, fresh.payload)
        self.ws.vault.rewrite(look.file, text)
        self._bind(fresh, action, Actor.OWNER)

    def finished_again(self, row: Row, look: Look, looked: Round) -> None:
        """Deal with a note of an action that is over: an equal copy goes, an altered one is new."""
        if digest_in(self.ws, row, look) != row.digest:
            self.adoption.adopt_copy(look)
            return
        equal = [o for o in _others(row, look, looked) if digest_in(self.ws, row, o) == row.digest]
        pending = self.ws.vault.folder(Folder.PENDING)
        if equal or self._elsewhere(row, look):
            self.desk.tidy(look, f"an equal copy of {row.action_id}, which is {row.state}")
        elif row.state in SHELVED or row.state is State.DRY_RUN_COMPLETED:
            if look.path.parent == pending:  # what lies elsewhere under its id says something else
                self._renew(row, look)
                return
            self.ws.vault.move(look.path, pending)
            self.desk.inspector.forget(look.path)
            self.desk.wake_in(QUIET_S)
        else:
            filing.file_note(self.ws, row, look.path)
            self.desk.inspector.forget(look.path)

    def _elsewhere(self, row: Row, look: Look) -> bool:
        """Return whether the filed note of an action still lies in its place."""
        place = (
            outcomes.ending_of(self.ws, row).folder if row.state is not State.WITHDRAWN else None
        )
        return place is not None and place != look.path.parent and (place / row.note).is_file()


def _others(row: Row, look: Look, looked: Round) -> list[Look]:
    """Return the other notes of an action that are still where they were seen in this round."""
    seen = looked.everywhere(row.action_id)
    return [other for other in seen if other.path != look.path and other.path.is_file()]


def digest_in(ws: Workspace, row: Row, look: Look) -> str:
    """Return the digest of what a note would run under a row's mode and account."""
    action = ws.actions.get(row.kind)
    if action is None or look.note is None:
        return ""
    try:
        payload = payloads.payload_in(action, look.note)
    except NoteError:
        return ""
    return digest_of(row.kind, payload, row.mode, row.account)
