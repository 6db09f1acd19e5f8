"""What came in becomes a proposal, a question, or stays a task.

Rules: whatever a rule reads out is only ever a proposal; each thing is triaged once; an answer goes
on where the question stopped; a thing over which the reader fails, or the process dies, stays a
task and keeps nothing behind it back.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from core import approvals, notes, payloads, plans
from core.actions import Trust
from core.asks import Answer, Asks, Unclear, ask
from core.checks import account_warnings
from core.inspection import QUIET_S, Inspector
from core.lookups import chosen, which
from core.records import Ask, Entry
from core.senders import Senders
from core.tries import DEATHS, Tries
from core.vault import Folder
from utils.audit_log import Actor, Event
from utils.errors import AppError, ChangedError, NoteError, RefusedError
from utils.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from core.actions import Payload
    from core.checks import Checks
    from core.findings import Findings
    from core.records import Source
    from core.rules import Rule, Wish
    from core.workspace import Workspace

log = get_logger()
STAYS = "stays a task"
LEFT = "- Left to you: nothing is proposed from it."
ANSWERED = "- Answered. Nothing is proposed from it: it stays a task."
EARLY_S, EARLY_AT_MOST_S = 0.1, 10.0
"""A thing whose note is not there yet is looked for again, ever more seldom, then by rescans."""
FAILURES = 3
"""So often the reader may fail over the same thing."""


class Triage:
    """Turns tasks into proposals, and answers into requests, one sweep at a time.

    Args:
        ws: the vault and its records.
        checks: asks the services before the owner is asked.
        rules: read what came in; all of `core.rules` if none are named.
    """

    def __init__(self, ws: Workspace, checks: Checks, rules: Sequence[Rule] = ()) -> None:
        self._ws = ws
        self._rules = rules
        self._checks = checks
        self._senders = Senders(checks, ws.actions)
        self._asks = Asks(ws, Inspector(ws.vault, ws.clock))
        self._early: dict[str, float] = {}
        self._tries = Tries(ws.journal, "triage")
        self._failures: Counter[str] = Counter()

    def sweep(self) -> float | None:
        """Triage everything that was not triaged yet, and take in answers.

        Returns:
            Seconds until the next sweep is wanted, None when nothing waits.
        """
        waits: list[float] = []
        try:
            for source in self._ws.journal.untriaged():
                outcome = self._guarded(source) if source.name else None
                if outcome is not None:
                    self._ws.journal.source_triaged(source.key, outcome)
                    self._early.pop(source.key, None)
                else:
                    waits += self._again_s(source.key)
        finally:
            self._tries.ended()
        for stored, answer in self._asks.answered():
            self._answered(stored, answer)
        return min([*waits, QUIET_S] if self._asks.settling else waits, default=None)

    def _again_s(self, key: str) -> list[float]:
        """Return when to look again for something whose note is written just now, if it is."""
        wait_s = self._early.get(key, EARLY_S)
        if wait_s > EARLY_AT_MOST_S:
            return []
        self._early[key] = 2 * wait_s
        return [wait_s]

    def _guarded(self, source: Source) -> str | None:
        """Return what became of one thing, None when it is to be looked at again."""
        if self._tries.begin(source.key) >= DEATHS:
            return self._stays(source, f"the program ended {DEATHS} times while it read this")
        try:
            return self._one(source)
        except (AppError, sqlite3.Error):
            raise  # journal, log or vault: nothing of this one thing
        except OSError as error:
            log.exception("triage.failed", task=source.note_id, reason=str(error))
            return None
        except Exception as error:
            log.exception("triage.failed", task=source.note_id, reason=str(error))
            self._failures[source.key] += 1
            if self._failures[source.key] < FAILURES:
                return None
            return self._stays(source, f"the reader failed over this ({type(error).__name__})")

    def _stays(self, source: Source, why: str) -> str:
        self._say(source, f"- No proposal was made: {why}")
        return STAYS

    def _one(self, source: Source) -> str | None:
        """Return what became of one thing, None when its original is not there yet."""
        if source.name is None or source.original is None:
            return STAYS
        earlier = self._earlier(source)
        if earlier:
            return earlier  # a crash came between the proposal and this mark
        path = self._ws.vault.folder(Folder.ATTACHMENTS) / source.original
        if not path.is_file():
            return None
        return self._read(source, path, {})

    def _read(self, source: Source, path: Path, replies: Mapping[str, str]) -> str:
        """Let the rules read something; propose, ask, or leave it a task."""
        from core.rules import (  # they take memory, and most days nothing came in
            RULES,
            Material,
            Suspicious,
        )

        def read(replies: Mapping[str, str]) -> Wish | Unclear | Suspicious | None:
            material = Material(self._ws, source, path, replies)
            rules = self._rules or RULES
            return next((found for rule in rules if (found := rule(material))), None)

        told: Mapping[str, str] = {}
        try:
            found = read(replies)
            if isinstance(found, Unclear):
                told, found = self._senders.answered(found)
                found = read({**told, **replies}) if told else found
            if isinstance(found, Suspicious):
                said = notes.inline(" ".join(found.signs), 500)
                self._say(source, f"- CAREFUL: {said} Nothing was proposed from it.")
                return STAYS
            if found is None:
                return STAYS
            return self._go_on(found, source, replies, named=not told)
        except (NoteError, RefusedError) as error:
            reason = error.reason if isinstance(error, NoteError) else str(error)
            return self._stays(source, f"this {notes.inline(reason, 300)}")

    def _earlier(self, source: Source) -> str | None:
        rows = self._ws.journal.proposed_from((source.name or "").removesuffix(".md"))
        asks = self._ws.journal.asks_about(source.key)
        for known in asks:
            self._plan(source, "Answer the question", known.ask_id)
        return rows[0].action_id if rows else (asks[0].ask_id if asks else None)

    def _answered(self, stored: Ask, answer: Answer) -> None:
        """Go on with a request whose questions are answered."""
        if stored.by_assistant:
            said = "- Left to you." if answer.left else "- Answered; the assistant reads it."
            self._asks.close(stored, said, answer.replies)
            return
        source = self._ws.journal.source(stored.source_key)
        if answer.left or source is None or source.original is None:
            if source is not None:
                self._say(source, LEFT)
            self._asks.close(stored, LEFT)
            return
        rows = self._ws.journal.proposed_from((source.name or "").removesuffix(".md"))
        later = [a for a in self._ws.journal.asks_about(source.key) if a.ask_id > stored.ask_id]
        if rows or later:  # a crash came between going on and this mark
            done = rows[0].action_id if rows else later[0].ask_id
            self._plan(source, "Decide about the proposal" if rows else "Answer the question", done)
        else:
            path = self._ws.vault.folder(Folder.ATTACHMENTS) / source.original
            replies = {**stored.replies, **answer.replies}
            done = self._read(source, path, replies)
            if done == STAYS:
                self._say(source, ANSWERED)
        self._asks.close(stored, ANSWERED if done == STAYS else f"- Went on: {done}")

    def _go_on(
        self, found: Wish | Unclear, source: Source, replies: Mapping[str, str], *, named: bool
    ) -> str:
        """Propose what is clear, ask what is not."""
        if isinstance(found, Unclear):
            return self._ask(found, source, replies)
        action = self._ws.actions.get(found.kind)
        if action is None:
            raise NoteError(f"asks for `{notes.inline(found.kind)}`, which nobody here can do")
        payload = payloads.completed(self._ws, action, found.arguments)
        checked = self._checks.resolve_now(action, payload)
        settled = self._senders.settled(action, checked, found.sender, named=named)
        payload, findings = settled.payload, settled.findings
        lookup = action.lookup
        if lookup is not None and findings.choices and lookup.target in replies:
            meant = chosen(lookup, payload, findings, replies[lookup.target])
            payload = payloads.completed(self._ws, action, meant)
            payload, findings = self._checks.resolve_now(action, payload)
        if lookup is not None and findings.choices:
            question = which(lookup, payload, findings)
            question = replace(question, reason=f"{question.reason} {settled.hint}".strip())
            return self._ask(Unclear(found.evidence, [question]), source, replies)
        return self._propose(payload, findings, found, source)

    def _ask(self, unclear: Unclear, source: Source, replies: Mapping[str, str]) -> str:
        stored = ask(self._ws, source, unclear, replies)
        self._say(source, f"- A question: {notes.link(stored.name.removesuffix('.md'))}")
        self._plan(source, "Answer the question", stored.ask_id)
        return stored.ask_id

    def _propose(self, payload: Payload, findings: Findings, wish: Wish, source: Source) -> str:
        request = approvals.Request(
            wish.kind,
            payload,
            Actor.DAEMON,
            Trust.EXTERNAL,
            source=(source.name or "").removesuffix(".md"),
            evidence=wish.evidence,
            findings=account_warnings(wish.evidence, findings) + findings,
        )
        row, path = approvals.propose(self._ws, request)
        self._say(source, f"- Proposed: {notes.link(path.stem)}")
        if self._ws.journal.asks_about(source.key):
            self._plan(source, "Decide about the proposal", row.action_id)
        log.info("task.proposed", task=source.note_id, action_id=row.action_id)
        return row.action_id

    def _plan(self, source: Source, text: str, about: str) -> None:
        """Write a step into the plan of a task that takes several; the plan is made when needed."""
        task, step = (source.name or source.note_id).removesuffix(".md"), plans.Step(text, about)
        made = plans.Plan(
            key=source.key,
            title=task.partition(" ")[2] or task,
            goal="What came in is dealt with as you decide",
            steps=[step],
            source=task,
        )
        try:
            is_new = plans.known(self._ws, source.key) is None
            path = plans.create(self._ws, made)
            plans.update(self._ws, path.stem.partition(" ")[0], add=[step])
            if is_new:
                self._say(source, f"- The plan: {notes.link(path.stem)}")
        except (ChangedError, NoteError) as error:
            self._ws.chronicle.record(
                Entry(Event.WARNED, Actor.DAEMON, target=source.name, error=str(error))
            )

    def _say(self, source: Source, line: str) -> None:
        """Add a line to a task note, below everything the owner may have written."""
        task = self._ws.vault.find(source.name or "")
        try:
            if task is not None:
                file = self._ws.vault.read(task)
                text = notes.decode(file.data).rstrip("\n")
                self._ws.vault.rewrite(file, f"{text}\n{line}\n")
        except (ChangedError, NoteError, FileNotFoundError) as error:
            self._ws.chronicle.record(
                Entry(Event.WARNED, Actor.DAEMON, target=source.name, error=str(error))
            )
