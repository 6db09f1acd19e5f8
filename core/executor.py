"""Runs what the owner approved: one journal row, one grant, one call, at most once.

Rules: every round is idempotent and never waits; the note is read once, into the journal, and what
runs is the journal's copy; a row still `approved` after a lost server was not sent, a row in
`sending` is unknown; nothing blocks the notes behind it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core import checks, consent, grants, notes, parts, sayings, vault_files
from core.actions import Action, State, Tier
from core.calls import HELD_AGAIN_S, Calls
from core.checks import ANSWER_AGAIN_S
from core.consent import Reading, Verdict
from core.copies import Copies
from core.desk import Desk, Round
from core.endings import Endings
from core.findings import Findings
from core.inspection import QUIET_S, Look
from core.intake import REVIEWED, Intake
from core.reconcile import Reconciler
from core.renewal import digest_in
from core.vault import Folder
from utils.errors import ChangedError, NoteError

if TYPE_CHECKING:
    from core.actions import Payload
    from core.lookups import Found
    from core.records import Row
    from core.sources import Bell, Runner
    from core.workspace import Workspace


class Executor:
    """The daemon's hands.

    Args:
        ws: the vault and its records.
        runner: calls the servers.
        bell: rung from any thread, so that the next round comes at once.
    """

    def __init__(self, ws: Workspace, runner: Runner, bell: Bell) -> None:
        self.ws = ws
        self.desk = Desk(ws, runner, bell)
        self.intake = Intake(self.desk)
        self.adoption = self.intake.adoption
        self.renewal = self.intake.renewal
        self.copies = Copies(self.desk, self.adoption)
        self.reconciler = Reconciler(self.desk)
        self.endings = Endings(self.desk, self.reconciler)
        self.calls = Calls(self.desk, self.reconciler, self.endings)

    # -- rounds -------------------------------------------------------------------------------

    def recover(self) -> None:
        """Settle what an ended daemon left behind; doing it twice is doing it once."""
        self.adoption.write_unwritten()
        self._doubt_orphans()

    def run_ready(self, *, full: bool = True) -> float | None:
        """Do everything that is ready now.

        Args:
            full: whether absences and expiries are looked for as well, which costs more.

        Returns:
            Seconds until another round is wanted, None when only an event can bring work.
        """
        self.calls.forget_line()
        self.collect()
        self._doubt_orphans()
        looked = self.desk.look_around(full=full)
        for look in looked.looks[Folder.APPROVED]:
            self._one(look, looked)
        self.calls.hand_over()
        self.intake.run(looked, full=full)
        if full:
            self._resume_unseen(looked)
        self.reconciler.run()
        self.endings.file_ended(looked)
        if full:
            self.desk.drop_reasons()
        self.ws.chronicle.flush()
        return self.desk.wanted_in_s

    def collect(self) -> None:
        """Take in and file the calls that have ended, without looking around."""
        self.calls.collect()

    def _doubt_orphans(self) -> None:
        """Doubt what nobody carries out any more; a server of an ended daemon may still do so."""
        for row in self.ws.journal.in_states(State.SENDING):
            if row.action_id in self.desk.flights:
                continue
            if self.desk.runner.is_held(row.service):
                self.desk.wake_in(HELD_AGAIN_S)
            else:
                self.reconciler.doubt(row, "The program ended while the call was under way.")

    @property
    def busy(self) -> bool:
        """Return whether calls are under way."""
        return bool(self.desk.flights)

    def _one(self, look: Look, looked: Round) -> None:
        """Deal with one note in `Approved/`; whatever is wrong with it stays its own problem."""
        try:
            self._approved(look, looked)
        except (FileNotFoundError, ChangedError):
            self.desk.inspector.forget(look.path)
            self.desk.wake_in(QUIET_S)
        except NoteError as error:
            self.desk.quarantine(look, error.reason)

    # -- one approved note --------------------------------------------------------------------

    def _approved(self, look: Look, looked: Round) -> None:
        if look.error is not None:
            self.desk.quarantine(look, look.error)
            return
        if look.action_id and self.desk.is_under_way(look.action_id):
            return
        row = self.ws.journal.get(look.action_id) if look.action_id else None
        if row is None:
            self.adoption.foreign(look)
            return
        if self.copies.are_in_the_way(row, look, looked):
            return
        if row.state is State.PENDING:
            self._consider(row, look)
        elif row.state is State.APPROVED:
            if digest_in(self.ws, row, look) == row.digest:
                self._line_up(row, look)
            else:  # edited while it waited (PAUSE.md, a time, a retry): what it says now is decided
                self.intake.moved_back(row, look)
                self.desk.wake_in(0)
        elif row.filed_at is not None:
            self._came_back(row, look, looked)

    def _consider(self, row: Row, look: Look) -> None:
        """Decide whether a pending action whose note lies in `Approved/` runs now."""
        action = self.ws.actions.get(row.kind)
        if action is None or look.note is None:
            raise NoteError(f"asks for `{row.kind}`, which nobody here can do")
        if row.expires_at <= self.ws.clock.now():
            self.endings.refuse(row, "It expired before you decided.")
            return
        reading = consent.read(self.ws, action, row, look.note)
        if not self.desk.settled(look, self._settle_s(row, reading)):
            return
        fresh = self.desk.inspector.look_again(look.path)
        if fresh is None or fresh.digest != look.digest:
            self.desk.wake_in(QUIET_S)
            return
        found = self._checked_again(row, action, reading)
        if found is None:
            self.desk.wake_in(ANSWER_AGAIN_S)
            return
        payload, findings = found
        if row.payee != findings.payee:
            reading = consent.read(self.ws, action, row, look.note, findings)
            row = replace(row, payee=findings.payee)
        if checks.is_missing(action, reading.payload) and not checks.is_missing(action, payload):
            reading = self._with_record(action, reading, payload)
        self._decide(row, look, reading, findings)

    def _decide(self, row: Row, look: Look, reading: Reading, found: Findings) -> None:
        """Approve a settled note, or say why it does not run."""
        action = self.ws.actions[row.kind]
        now = self.ws.standing(action, reading.payload)
        root, payload = self.ws.vault.root, reading.payload
        other = [
            said for rule in action.files for said in vault_files.differences(root, rule, payload)
        ]
        if reading.verdict is Verdict.HARD_STOP:
            self.adoption.hard_stop(row, look, reading.decision.reasons[0])
        elif row.mode.acts and (now.mode is not row.mode or now.account != row.account):
            changed = reading.reasons or ("the service's settings have changed since",)
            self.renewal.return_to_pending(row, look, reading, changed)
        elif reasons := (*reading.reasons, *other, *found.refusals):
            self.renewal.return_to_pending(row, look, reading, reasons)
        elif row.mode.acts and checks.is_missing(action, reading.payload):
            self.renewal.return_to_pending(row, look, reading, (_which(action, payload),))
        else:
            self._approve(row, look, reading)

    def _checked_again(self, row: Row, action: Action, reading: Reading) -> Found | None:
        """Ask the service about a payment, or what was edited or unclear, as late as possible.

        Returns:
            What it says; what was known where there is nothing to ask; None while it is awaited.
        """
        payload = reading.payload
        open_still = checks.is_open(self.ws, row.action_id) or checks.is_missing(action, payload)
        late = action.pays or reading.is_edited or open_still
        asks = late and row.mode.acts and checks.is_checked(action, payload)
        if not (asks and self.intake.checks.can_ask(action, payload)):
            return payload, Findings(payee=row.payee)
        about = f"{row.action_id} {reading.digest}"
        found = self.intake.checks.resolve(action, payload, about)
        if found is None:
            return None
        self.intake.checks.forget(about)
        sayings.keep(self.ws, action, payload, found[1].said)
        return found

    def _settle_s(self, row: Row, reading: Reading) -> float:
        settle_s = self.ws.settings.seconds("APPROVAL_UNDO_S") if row.mode.acts else 0.0
        edited = reading.is_edited or reading.verdict is not Verdict.RUN
        return max(settle_s, QUIET_S) if edited else settle_s

    def _with_record(self, action: Action, reading: Reading, payload: Payload) -> Reading:
        """Return a reading with the record that is there by now; the owner has not seen it yet."""
        lookup = action.lookup
        if lookup is None:
            return reading
        said = f"the {lookup.title} was found meanwhile: {lookup.target} {payload[lookup.target]}"
        return replace(reading, payload=payload, reasons=(*reading.reasons, said))

    def _approve(self, row: Row, look: Look, reading: Reading) -> None:
        action = self.ws.actions[row.kind]
        approved = grants.give(self.ws, row, action, reading, look.path.name)
        if approved is None:
            self.desk.wake_in(0)
        else:
            self._line_up(approved, look)

    def _line_up(self, row: Row, look: Look) -> None:
        """Let an approved action run, or each of its parts."""
        several = parts.is_several(self.ws, row)
        for each in parts.waiting(self.ws, row) if several else [row]:
            self.calls.line_up(each, look.path)

    def _resume_unseen(self, looked: Round) -> None:
        """Take back approvals whose note the owner moved out before anything was sent."""
        for row in self.ws.journal.in_states(State.APPROVED):
            if row.parent_id or self.desk.is_under_way(row.action_id):
                continue
            if looked.only(row.action_id, Folder.APPROVED, self.ws.vault.root) is None:
                self.intake.moved_out(row, looked)

    def _came_back(self, row: Row, look: Look, looked: Round) -> None:
        """Deal with a note in `Approved/` whose action has ended and was filed."""
        filed = [other for other in looked.everywhere(row.action_id) if other.path != look.path]
        if row.state in REVIEWED and not filed and row.tier is not Tier.HARD_STOP:
            self.renewal.reopen(row, look, "You moved it to Approved again: a new grant.")
            again = self.ws.journal.get(row.action_id)
            if again is not None:
                self._consider(again, look)
        elif row.tier is Tier.HARD_STOP:
            self.adoption.hard_stop(row, look, "This is a hard stop.")
        else:
            self.renewal.finished_again(row, look, looked)


def _which(action: Action, payload: Payload) -> str:
    """Return why an action without its record does not run."""
    lookup = action.lookup
    if lookup is None:
        return ""
    if lookup.unknown:
        return lookup.unknown.format(name=notes.inline(payload.get(lookup.source))).rstrip(".")
    mend = f"correct the name, or write the {lookup.target} under Parameters"
    return f"it is not clear which {lookup.title} is meant: {mend}"
