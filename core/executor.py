"""Runs what the owner approved: one journal row, one grant, one call, at most once.

Rules: every round is idempotent and never waits; the note is read once, into the journal, and what
runs is the journal's copy; a row still `approved` after a lost server was not sent, a row in
`sending` is unknown; nothing blocks the notes behind it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from core import approvals, consent, filing, media, proposal
from core.actions import Action, Findings, Mode, State, Tier
from core.checks import ANSWER_AGAIN_S
from core.consent import Reading, Verdict
from core.copies import Copies
from core.desk import Desk, Flight, Round
from core.inspection import QUIET_S, Look
from core.intake import REVIEWED, Intake
from core.journal import TERMINAL
from core.reconcile import PROVEN_ABSENT, Reconciler
from core.renewal import digest_in
from core.vault import Folder
from utils.audit_log import Actor, Approval, Event
from utils.errors import ChangedError, NoteError
from utils.log import get_logger

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from core.records import Row
    from core.sources import Bell, CallResult, Runner
    from core.workspace import Workspace

log = get_logger()
GRANT = timedelta(hours=24)
HOUR = timedelta(hours=1)
MAX_ATTEMPTS = 5
BACKOFF_S = (2, 8, 30, 120, 300)
HELD_AGAIN_S = 2.0


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
        self._lost: dict[str, int] = {}

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
        self.collect()
        self._doubt_orphans()
        looked = self.desk.look_around()
        for look in looked.looks[Folder.APPROVED]:
            self._one(look, looked)
        self.intake.run(looked, full=full)
        if full:
            self._resume_unseen(looked)
        self.reconciler.run()
        self._file_ended(looked)
        self.ws.chronicle.flush()
        return self.desk.wanted_in_s

    def collect(self) -> None:
        """Take in and file the calls that have ended, without looking around."""
        for action_id, flight in list(self.desk.flights.items()):
            if flight.future.done():
                del self.desk.flights[action_id]
                self._ended(action_id, flight)

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
        if look.note is None:
            self.desk.quarantine(look, look.error or "cannot be read")
            return
        if look.action_id in self.desk.flights:
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
                self._submit(row, look)
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
            self._refuse(row, look, "It expired before you decided.")
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
        if row.payee != found.payee:
            row = replace(row, payee=found.payee)
            reading = consent.read(self.ws, action, row, look.note)
        self._decide(row, look, reading, found)

    def _decide(self, row: Row, look: Look, reading: Reading, found: Findings) -> None:
        """Approve a settled note, or say why it does not run."""
        action = self.ws.actions[row.kind]
        readiness = self.ws.readiness(action.service)
        account = self.ws.account(action.service)
        pictures = media.differences(self.ws.vault.root, action.media, reading.payload)
        if reading.verdict is Verdict.HARD_STOP:
            self.adoption.hard_stop(row, look, reading.decision.reasons[0])
        elif row.mode.acts and (readiness.mode is not row.mode or account != row.account):
            changed = ("the service's settings have changed since",)
            self.renewal.return_to_pending(row, look, reading, changed)
        elif reasons := (*reading.reasons, *pictures, *found.refusals):
            self.renewal.return_to_pending(row, look, reading, reasons)
        elif row.mode.acts and self._lacks_record(action, reading):
            self.renewal.return_to_pending(row, look, reading, (self._which(action),))
        else:
            self._approve(row, look, reading)

    def _checked_again(self, row: Row, action: Action, reading: Reading) -> Findings | None:
        """Ask the service about a payment, or an edited payload, as late as possible.

        Returns:
            What it says; what was known where there is nothing to ask; None while it is awaited.
        """
        asks = action.checked and (action.pays or reading.is_edited)
        if not (asks and row.mode.acts and self.intake.checks.can_ask(action)):
            return Findings(payee=row.payee)
        about = f"{row.action_id} {reading.digest}"
        found = self.intake.checks.resolve(action, reading.payload, about)
        if found is None:
            return None
        self.intake.checks.forget(about)
        return found[1]

    def _settle_s(self, row: Row, reading: Reading) -> float:
        settle_s = self.ws.settings.seconds("APPROVAL_UNDO_S") if row.mode.acts else 0.0
        edited = reading.is_edited or reading.verdict is not Verdict.RUN
        return max(settle_s, QUIET_S) if edited else settle_s

    def _lacks_record(self, action: Action, reading: Reading) -> bool:
        return action.lookup is not None and reading.payload.get(action.lookup.target) is None

    def _which(self, action: Action) -> str:
        lookup = action.lookup
        return f"it is not clear which {lookup.title} is meant" if lookup else ""

    def _approve(self, row: Row, look: Look, reading: Reading) -> None:
        """Give the grant: the payload is copied into the journal and the note is not read again."""
        now = self.ws.clock.now()
        unasked = row.tier is Tier.AUTONOMOUS and not reading.is_edited
        start = self._not_before(reading) if row.mode.acts else None
        changes: dict[str, Any] = {
            "payload": reading.payload,
            "digest": reading.digest,
            "approved_at": now,
            "approved_by": "policy" if unasked else "owner",
            "grant_until": (start or now) + GRANT,
            "retry_at": start,
            "note": look.path.name,
            **proposal.fact_columns(reading.facts),
        }
        entries = [
            approvals.base_entry(
                row,
                Event.APPROVED,
                Actor.DAEMON if unasked else Actor.OWNER,
                digest=reading.digest,
                approval_status=Approval.AUTO_APPROVED if unasked else Approval.APPROVED,
                approved_by=str(changes["approved_by"]),
                policy_hash=reading.decision.policy_hash,
            )
        ]
        if reading.is_edited:
            edited = approvals.base_entry(
                row,
                Event.EDITED,
                Actor.OWNER,
                digest=reading.digest,
                parameters={"changes": list(reading.changes)},
            )
            entries.insert(0, edited)
        if not self.ws.journal.transition(
            row.action_id,
            {State.PENDING},
            State.APPROVED,
            *entries,
            durable=row.mode.acts,  # a dry run is harmless twice
            **changes,
        ):
            self.desk.wake_in(0)
            return
        log.info("action.approved", action_id=row.action_id, mode=str(row.mode))
        approved = self.ws.journal.get(row.action_id)
        if approved is not None:
            self._submit(approved, look)

    def _not_before(self, reading: Reading) -> datetime | None:
        """Return the approved time of publication, when there is one."""
        from utils.clock import from_local

        text = reading.payload.get("publish_at")
        return from_local(self.ws.clock, text) if isinstance(text, str) else None

    # -- calls --------------------------------------------------------------------------------

    def _submit(self, row: Row, look: Look) -> None:
        """Hand an approved action to its server, unless something still holds it back."""
        now = self.ws.clock.now()
        if row.retry_at is not None and row.retry_at > now:
            self.desk.wake_in((row.retry_at - now).total_seconds())
            return
        if row.grant_until is not None and row.grant_until <= now:
            self._refuse(row, look, "The approval is more than 24 hours old.")
            return
        free_at = self._cap_free_at(row)
        if free_at is not None:
            self.desk.warn_once(row.kind, f"The hourly cap of {row.kind} is reached; it waits.")
            self.desk.wake_in((free_at - now).total_seconds())
            return
        if self.ws.vault.paused and row.mode.acts:
            self.desk.warn_once("PAUSE.md", "Nothing is sent while PAUSE.md lies in the vault.")
            return
        if self.desk.runner.is_held(row.service):
            self.desk.warn_once(
                row.service, "An earlier server process is still running; waiting for it to end."
            )
            self.desk.wake_in(HELD_AGAIN_S)
            return
        arguments = {
            **row.payload,
            "dry_run": not row.mode.acts,
            "approval_id": row.action_id,
        }
        future = self.desk.runner.call(row.service, row.kind.split(".")[1], arguments)
        self.desk.flights[row.action_id] = Flight(future, look.path, row.kind)
        future.add_done_callback(lambda _: self.desk.bell.answer())

    def _cap_free_at(self, row: Row) -> datetime | None:
        """Return when the hourly cap of a kind lets the next one through; None: at once."""
        action = self.ws.actions.get(row.kind)
        cap = action.hourly_cap if action else None
        if cap is None or not row.mode.acts:
            return None
        begun = self.ws.journal.begun_since(row.kind, self.ws.clock.now() - HOUR)
        flying = sum(1 for flight in self.desk.flights.values() if flight.kind == row.kind)
        if len(begun) + flying < cap:
            return None
        return (begun[-cap] if len(begun) >= cap else self.ws.clock.now()) + HOUR

    def _ended(self, action_id: str, flight: Flight) -> None:
        row = self.ws.journal.get(action_id)
        if row is None:
            return
        result = flight.future.result()
        if row.state is State.SENDING:
            self.reconciler.doubt(row, result.error or "The server ended during the call.")
        elif row.state is State.APPROVED:
            self._not_taken(row, result)
        now = self.ws.journal.get(action_id)
        if now is not None and now.state in TERMINAL and now.filed_at is None:
            self._file(now, flight.path)

    def _not_taken(self, row: Row, result: CallResult) -> None:
        """Deal with a call after which the grant is still there: nothing was sent."""
        if not result.answered:
            self._server_lost(row, result.error or "the server was lost")
        elif result.status == "dry_run" and row.mode is Mode.DRY_RUN:
            self._finish(
                row,
                State.DRY_RUN_COMPLETED,
                result="dry_run_completed",
                request=result.data.get("request"),
                summary=" ".join(["Dry run: nothing was sent.", *_words(result, "reasons")]),
            )
            self._lost.pop(row.action_id, None)
        else:
            reasons = "; ".join(_words(result, "reasons") or ["no reason given"])
            self._finish(
                row, State.REFUSED, result="refused", summary=reasons, error_class="Refused"
            )

    def _server_lost(self, row: Row, reason: str) -> None:
        count = self._lost.get(row.action_id, 0) + 1
        self._lost[row.action_id] = count
        if count >= MAX_ATTEMPTS:
            self._finish(
                row,
                State.NOT_SENT,
                result="not_sent",
                summary=f"The server could not be used {count} times: {reason}",
                error_class="ServerLost",
            )
            return
        at = self.ws.clock.now() + timedelta(seconds=BACKOFF_S[count - 1] / 4)
        self.ws.journal.transition(row.action_id, {State.APPROVED}, None, retry_at=at)
        self.desk.warn_once(row.service, f"The server was lost: {reason}", action_id=row.action_id)
        self.desk.wake_in(BACKOFF_S[count - 1] / 4)

    def _finish(self, row: Row, state: State, *, result: str, **changes: Any) -> None:
        entry = approvals.base_entry(
            row,
            Event.OUTCOME,
            Actor.DAEMON,
            result=result,
            error=changes.get("summary") if state is not State.DRY_RUN_COMPLETED else None,
            error_class=changes.get("error_class"),
        )
        self.ws.journal.transition(
            row.action_id,
            {State.APPROVED, State.PENDING},
            state,
            entry,
            finished_at=self.ws.clock.now(),
            durable=row.mode.acts,
            **changes,
        )

    def _again(self, row: Row) -> bool:
        """Give an action that was provably not sent another try, unless it is about money."""
        action = self.ws.actions.get(row.kind)
        now = self.ws.clock.now()
        if action is None or action.money or row.attempt >= MAX_ATTEMPTS or row.attempt == 0:
            return False
        if row.error_class == PROVEN_ABSENT:
            return False
        pause = timedelta(seconds=BACKOFF_S[row.attempt - 1])
        at = max(row.retry_at or now, now + pause)
        if row.grant_until is not None and at >= row.grant_until:
            return False
        self.desk.wake_in((at - now).total_seconds())
        return self.ws.journal.transition(
            row.action_id, {State.NOT_SENT}, State.APPROVED, retry_at=at, finished_at=None
        )

    # -- endings ------------------------------------------------------------------------------

    def _refuse(self, row: Row, look: Look, reason: str) -> None:
        del look
        self._finish(row, State.REFUSED, result="refused", summary=reason, error_class="Refused")

    def _file_ended(self, looked: Round) -> None:
        """File every note whose action has ended."""
        for row in self.ws.journal.unfiled():
            if row.action_id in self.desk.flights:
                continue  # its answer is on the way; an answer taken for another attempt's is wrong
            places = looked.places.get(row.action_id, [])
            chosen = min(places, key=_likelihood, default=None)
            self._file(row, chosen.path if chosen else None)

    def _file(self, row: Row, path: Path | None) -> None:
        if row.state is State.UNKNOWN and self.reconciler.is_open(row):
            if not self.reconciler.is_watched(row):
                self.desk.wake_in(0)  # the next round begins to read it back
            return
        if row.state is State.NOT_SENT and self._again(row):
            return
        try:
            target = filing.file_note(self.ws, row, path)
        except FileNotFoundError:
            self.desk.wake_in(0)
            return
        if path is not None:
            self.desk.inspector.forget(path)
        log.info("action.filed", action_id=row.action_id, folder=target.parent.name)

    def _resume_unseen(self, looked: Round) -> None:
        """Take back approvals whose note the owner moved out before anything was sent."""
        for row in self.ws.journal.in_states(State.APPROVED):
            if row.action_id in self.desk.flights:
                continue
            if looked.only(row.action_id, Folder.APPROVED, self.ws.vault.root) is None:
                self.intake.moved_out(row, looked)

    def _came_back(self, row: Row, look: Look, looked: Round) -> None:
        """Deal with a note in `Approved/` whose action has ended and was filed."""
        filed = [other for other in looked.places.get(row.action_id, []) if other.path != look.path]
        if row.state in REVIEWED and not filed and row.tier is not Tier.HARD_STOP:
            self.renewal.reopen(row, look, "You moved it to Approved again: a new grant.")
            again = self.ws.journal.get(row.action_id)
            if again is not None:
                self._consider(again, look)
        elif row.tier is Tier.HARD_STOP:
            self.adoption.hard_stop(row, look, "This is a hard stop.")
        else:
            self.renewal.finished_again(row, look, looked)


def _words(result: CallResult, name: str) -> list[str]:
    return [str(word) for word in result.data.get(name) or ()]


def _likelihood(look: Look) -> int:
    order = [Folder.APPROVED, Folder.PENDING, Folder.NEEDS_REVIEW, Folder.REJECTED]
    names = [str(folder) for folder in order]
    name = look.path.parent.name
    return names.index(name) if name in names else len(names)
