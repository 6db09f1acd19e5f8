"""The daily log as a projection of the journal's story: every entry once, in order, chained.

Rules: an entry is committed in the journal before it is written to the log; log first, then the
journal's head, under one lock; entries after the head that chain on are a crash's, not a forgery.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from core.records import Entry
from utils.audit_log import GENESIS, Actor, Event, Head, HeadMismatchError, Line, LogError
from utils.clock import iso, local_day

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.journal import Journal
    from core.records import Told
    from utils.audit_log import DailyLog, Verdict
    from utils.clock import Clock
    from utils.redact import Redactor

HEAD = "log_head"
_FREE_TEXT = frozenset({"target", "parameters", "error", "remote_id"})
"""Fields that may hold anything; the others are closed sets, ids and numbers of our own."""
BATCH = 500


class Chronicle:
    """Writes the story of a journal into the daily log.

    Args:
        journal: holds the entries.
        log: the daily files.
        clock: tells the owner's day.
        redactor: takes secrets out before anything is recorded.
    """

    def __init__(self, journal: Journal, log: DailyLog, clock: Clock, redactor: Redactor) -> None:
        self._journal = journal
        self._log = log
        self._clock = clock
        self.redactor = redactor

    def record(self, *entries: Entry) -> None:
        """Add entries that change no action, and write them to the log."""
        self._journal.record(*entries)
        self.flush()

    def flush(self, *, sync: bool = False) -> int:
        """Write every entry that is not in the log yet; return how many.

        Args:
            sync: whether they must survive power loss before this returns.
        """
        written = 0
        if not self._journal.untold(limit=1):
            return 0
        with self._log.lock():
            head = self.head()
            while waiting := self._journal.untold(BATCH):
                try:
                    head = self._write(head, waiting, sync=sync)
                except HeadMismatchError:  # a crash came between the log and the journal's head
                    head = self._caught_up()
                    continue
                written += len(waiting)
        return written

    def _write(self, head: Head, waiting: list[Told], *, sync: bool) -> Head:
        lines = [self._line(told) for told in waiting]
        new = self._log.append(head, lines, sync=sync)
        seqs = {told.number: head.seq + n for n, told in enumerate(waiting, start=1)}
        self._journal.mark_told(seqs, {HEAD: asdict(new)})
        return new

    def _line(self, told: Told) -> Line:
        fields = {**told.fields, "timestamp": iso(told.at)}
        redacted = {
            name: self.redactor.value(value) if name in _FREE_TEXT else value
            for name, value in fields.items()
        }
        return Line(local_day(self._clock, told.at).isoformat(), redacted)

    def head(self) -> Head:
        """Return the last entry that the journal knows to be in the log."""
        kept = self._journal.recall(HEAD)
        return Head(**kept) if kept else GENESIS

    def _caught_up(self) -> Head:
        """Take in the entries that a crash left after the head; return the new head.

        Raises:
            LogError: the log does not go on from the head; `verify-log` says where.
        """
        tail = self._log.tail_after(self.head())
        if tail.cut or tail.broken:
            raise LogError(
                "The daily log is not the one that the journal knows "
                f"({tail.broken or 'its end is missing'}). Nothing is written to it and nothing is "
                "sent. `bin/run verify-log` says where it was changed."
            )
        self._journal.mark_told(self._match(tail.entries), {HEAD: asdict(tail.end)})
        return tail.end

    def _match(self, entries: Sequence[dict[str, object]]) -> dict[int, int]:
        """Return the log places of story entries that were written but not marked."""
        waiting = {_mark(iso(t.at), t.fields): t.number for t in self._journal.untold(BATCH)}
        seqs = {}
        for entry in entries:
            number = waiting.get(_mark(str(entry["timestamp"]), entry))
            if number is not None:
                seqs[number] = int(str(entry["seq"]))
        return seqs

    def unknown_tail(self) -> list[dict[str, object]]:
        """Return logged entries that this journal never held: it was restored from a backup."""
        with self._log.lock():
            tail = self._log.tail_after(self.head())
            known = self._match(tail.entries)
            seqs = set(known.values())
            return [entry for entry in tail.entries if entry["seq"] not in seqs]

    def catch_up(self) -> None:
        """Take in entries after the head, whoever wrote them.

        Raises:
            LogError: the log does not go on from the head.
        """
        with self._log.lock():
            self._caught_up()

    def is_cut(self) -> bool:
        """Return whether the log ends before the entry that the journal knows."""
        with self._log.lock():
            return self._log.tail_after(self.head()).cut

    def recover_cut_tail(self) -> int:
        """Write entries again that power loss took from the log; return how many.

        The chain goes on from the last entry that is still there; each one is marked `recovered`.
        """
        with self._log.lock():
            last = self._log.end()
            lost = self._journal.told_since(last.seq)
            if not lost:
                return 0
            lines = [
                Line(
                    line.day,
                    {
                        **line.fields,
                        "event": Event.RECOVERED,
                        "error": f"was {told.fields['event']}",
                    },
                )
                for told, line in ((t, self._line(t)) for t in lost)
            ]
            new = self._log.append(last, lines, sync=True)
            seqs = {told.number: last.seq + n for n, told in enumerate(lost, start=1)}
            self._journal.mark_told(seqs, {HEAD: asdict(new)})
        return len(lost)

    def _recovered(self, told: Told) -> Line:
        line = self._line(told)
        error = f"was lost from the log: {told.fields['event']}"
        return Line(line.day, {**line.fields, "event": Event.RECOVERED, "error": error})

    def verify(self, day: str | None = None) -> Verdict:
        """Check the chain against the journal's head, beside running writers."""
        with self._log.lock():
            head = self.head()
        return self._log.verify(head, day=day)

    def days(self) -> list[str]:
        """Return the days that have a log, oldest first."""
        return self._log.days()

    def entries(self, day: str) -> list[dict[str, object]]:
        """Return a day's entries."""
        return self._log.read(day)


def _mark(timestamp: str, fields: dict[str, object]) -> tuple[object, ...]:
    return timestamp, fields.get("event"), fields.get("action_id"), fields.get("attempt")


def started(actor: Actor, text: str) -> Entry:
    """Return the entry that a process writes when it begins its work."""
    return Entry(Event.STARTED, actor, target=text)
