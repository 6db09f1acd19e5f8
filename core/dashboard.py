"""`Dashboard.md`: what waits, what failed, what runs; written by the daemon only.

Rules: only what lies between the markers is ours; every figure is counted from the journal when it
is written; it is written at least every 15 minutes, so that a time older than half an hour means a
dead daemon (oftener would only be work for what syncs the vault and keeps its versions).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from core import activity, channels, notes, pages, throttle, vitals
from core.actions import Mode, State
from core.note_names import REASON_SUFFIX
from core.pages import Pace, last_written
from core.vault import PAUSE_NOTE, Folder
from utils.clock import local_day, midnight, show

if TYPE_CHECKING:
    from datetime import date, datetime

    from core.desk import Desk
    from core.records import Row
    from core.workspace import Workspace

NAME = "Dashboard.md"
PART = "dashboard"
SHOWN = 20
DECISIONS = 10
"""The base above the list has them all; what failed must not be pushed off the screen."""
AT_LEAST_EVERY = timedelta(minutes=15)
REPORTS = {
    "briefing": (Folder.BRIEFINGS, "The last briefing"),
    "audit": (Folder.AUDITS, "The last audit"),
}
MODES = {Mode.DRY_RUN: "DRY RUN", Mode.LIVE: "live", Mode.SANDBOX: "sandbox"}
COUNTED = (
    ("Done", (State.DONE,)),
    ("Shown as a dry run", (State.DRY_RUN_COMPLETED,)),
    ("Rejected or expired", (State.REJECTED, State.EXPIRED)),
    ("Not done, refused or in doubt", (State.NOT_SENT, State.REFUSED, State.UNKNOWN)),
)


class Dashboard:
    """Keeps the daemon's part of `Dashboard.md` true.

    Args:
        ws: the vault and its records.
        desk: knows what is left alone.
    """

    def __init__(self, ws: Workspace, desk: Desk) -> None:
        self._ws = ws
        self._desk = desk
        self._pace = Pace(ws.clock, desk)
        self._counted: tuple[object, list[str]] | None = None

    def refresh(self, *, stopping: bool = False) -> None:
        """Write our part if its words have changed, a moment ago, and not within the last minute.

        Args:
            stopping: write in any case, because nobody will later.
        """
        now = self._ws.clock.now()
        waiting = self._ws.journal.in_states(State.PENDING)
        questions = self._questions()
        facts = self._facts(waiting, questions, now)
        pause = self._pause()
        mark = (int(now.timestamp() // AT_LEAST_EVERY.total_seconds()), pause, facts)
        if not stopping and not self._pace.is_due(mark):
            return
        state = "stopped" if stopping else "running"
        last = show(self._ws.clock, now).replace("T", " ")
        lines = [f"Assistant: {state}, last look {last}"]
        if stopping:
            lines[0] += " (what you decide waits until `bin/run` starts it again)"
        else:
            lines[0] += " (if this is over half an hour old, it has stopped: `bin/run status`)"
        headline = _headline(waiting, now, has_questions=bool(questions))
        text = "\n".join([*lines, *self._mail(), *pause, "", headline, facts])
        written = pages.write(self._ws, self._ws.vault.root / NAME, PART, text)
        self._pace.tried(mark, written=written)

    def _pause(self) -> list[str]:
        if not self._ws.vault.paused:
            return []
        return ["", f"> [!warning] PAUSED: nothing is sent; to go on, delete `{PAUSE_NOTE}`"]

    def _facts(self, waiting: list[Row], questions: list[str], now: datetime) -> str:
        lines = [
            f"> - [[{row.note.removesuffix('.md')}]], since {_moment(self._ws, row.created_at)}"
            for row in waiting[:DECISIONS]
        ]
        if len(waiting) > DECISIONS:
            lines.append(f"> - and {len(waiting) - DECISIONS} more in `Pending_Approval`")
        lines += questions
        lines += (
            self._review()
            + self._set_aside()
            + self._figures(now)
            + self._services()
            + self._left_alone()
        )
        problems = (self._ws.policy().problem, channels.read(self._ws).problem)
        for problem in filter(None, problems):
            lines += ["", f"> [!warning] {notes.inline(problem, 300)}"]
        return "\n".join(lines)

    def _questions(self) -> list[str]:
        """Return the questions that keep a request from becoming a proposal."""
        folder = self._ws.vault.folder(Folder.NEEDS_ACTION)
        asks = [ask for ask in self._ws.journal.open_asks() if (folder / ask.name).is_file()]
        if not asks:
            return []
        wait = "questions wait" if len(asks) > 1 else "question waits"
        lines = ["", f"> [!question] {len(asks)} {wait} for your answer"]
        lines += [f"> - [[{ask.name.removesuffix('.md')}]]" for ask in asks[:SHOWN]]
        more = f"> - and {len(asks) - SHOWN} more in `Needs_Action`"
        return lines + [more] * (len(asks) > SHOWN)

    def _review(self) -> list[str]:
        rows = self._ws.journal.in_review()
        if not rows:
            return []
        what = "1 action was" if len(rows) == 1 else f"{len(rows)} actions were"
        lines = ["", f"> [!failure] {what} not done, or in doubt: see `Needs_Review`"]
        lines += [
            f"> - [[{row.note.removesuffix('.md')}]]: {notes.inline(row.summary or row.state, 160)}"
            for row in rows[:SHOWN]
        ]
        return lines

    def _set_aside(self) -> list[str]:
        """Return the notes that could not be used: nobody else tells that they were not done."""
        folder = self._ws.vault.folder(Folder.QUARANTINE)
        found = (each for each in folder.glob("*.md") if not each.name.endswith(REASON_SUFFIX))
        names = sorted(each.stem for each in found)
        if not names:
            return []
        what = "1 note was" if len(names) == 1 else f"{len(names)} notes were"
        lines = ["", f"> [!failure] {what} not understood, and not done: see `Quarantine`"]
        lines += [
            f"> - {notes.link(name)} ({notes.link(name + REASON_SUFFIX.removesuffix('.md'))})"
            for name in names[:SHOWN]
        ]
        return lines + [f"> - and {len(names) - SHOWN} more"] * (len(names) > SHOWN)

    def _figures(self, now: datetime) -> list[str]:
        """Return what ended today and since Monday, counted anew when something has happened."""
        today = local_day(self._ws.clock, now)
        mark = (today, self._ws.journal.last_told())
        if self._counted is None or self._counted[0] != mark:
            monday = today - timedelta(days=today.weekday())
            since = [midnight(self._ws.clock, day) for day in (today, monday)]
            ended = [self._ws.journal.ended_since(at) for at in since]
            came = [self._ws.journal.came_in_since(at) for at in since]
            lines = ["", "| | Today | This week |", "| --- | ---: | ---: |"]
            lines.append(f"| Came in | {came[0]} | {came[1]} |")
            for words, states in COUNTED:
                day, week = (sum(counts.get(state, 0) for state in states) for counts in ended)
                lines.append(f"| {words} | {day} | {week} |")
            self._counted = mark, lines
        return [*self._counted[1], *self._links(today)]

    def _links(self, today: date) -> list[str]:
        """Return links to the notes of the day and the week, those that are there."""
        found = [(Folder.ACTIVITY, activity.title(today), "What I did today")]
        for kind, (folder, words) in REPORTS.items():
            name = self._ws.journal.recall(last_written(kind))
            found += [(folder, str(name), words)] if name else []
        vault = self._ws.vault
        there = [
            f"[[{name}|{words}]]"
            for folder, name, words in found
            if (vault.folder(folder) / f"{name}.md").is_file()
        ]
        return ["", " - ".join(there)] if there else []

    def _services(self) -> list[str]:
        parts = []
        for name, service in self._ws.services.items():
            readiness = self._ws.readiness(name)
            state = "not set up" if service.missing(self._ws.settings) else MODES[readiness.mode]
            parts.append(f"{service.title}: {state}")
        waits = [said for name in self._ws.services if (said := throttle.in_words(self._ws, name))]
        lines = ["", " - ".join(parts), *self._ailing()]
        return [*lines, *(f"> [!warning] {said}; nothing is sent there before" for said in waits)]

    def _ailing(self) -> list[str]:
        """Return a line for every part that needs a person."""
        titles = {vitals.GMAIL: "The mailbox", vitals.NOTIFICATIONS: "Notifications"}
        titles |= vitals.COMMENTS
        found = [(title, vitals.vital(self._ws, part)) for part, title in titles.items()]
        return [
            line
            for title, vital in found
            if vital is not None and not vital.is_well
            for line in ("", f"> [!warning] {title}: {notes.inline(vital.state, 300)}")
        ]

    def _mail(self) -> list[str]:
        """Return the mailbox's line; its time is no reason to write, so it is no fact."""
        vital = vitals.vital(self._ws, vitals.GMAIL)
        return (
            [f"Mail: {notes.inline(vital.state, 300)}, {vital.at.replace('T', ' ')}"]
            if vital
            else []
        )

    def _left_alone(self) -> list[str]:
        if not self._desk.left_alone:
            return []
        lines = ["", "> [!info]- Left alone in the watched folders"]
        for item in self._desk.left_alone[:SHOWN]:
            where = notes.inline(self._ws.vault.relative(item.path))
            lines.append(f"> - {where}: {item.reason}")
        return lines


def _headline(waiting: list[Row], now: datetime, *, has_questions: bool) -> str:
    if not waiting:
        return f"> [!success] {'No proposal' if has_questions else 'Nothing'} waits for you"
    waited = age(now - waiting[0].created_at)
    if len(waiting) == 1:
        return f"> [!todo] 1 decision waiting for {waited}"
    return f"> [!todo] {len(waiting)} decisions waiting, the oldest for {waited}"


def age(passed: timedelta) -> str:
    """Return a length of time as people say it: under a minute, 5 min, 19 h, 3 days."""
    minutes = max(0, int(passed.total_seconds() // 60))
    if minutes < 1:
        return "under a minute"
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days"


def _moment(ws: Workspace, at: datetime) -> str:
    return show(ws.clock, at)[:16].replace("T", " ")
