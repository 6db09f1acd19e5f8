"""`Dashboard.md`: what waits, what failed, what runs; written by the daemon only.

Rules: only what lies between the markers is ours; it is written when its words change and at most
once a minute; every figure is counted from the journal when it is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import notes
from core.actions import Mode, State
from core.vault import PAUSE_NOTE
from utils.clock import show
from utils.errors import ChangedError, NoteError
from utils.log import get_logger

if TYPE_CHECKING:
    from core.desk import Desk
    from core.workspace import Workspace

log = get_logger()
NAME = "Dashboard.md"
BEGIN, END = "%% ai:begin dashboard %%", "%% ai:end dashboard %%"
AT_MOST_EVERY_S = 60.0
SETTLE_S = 3.0
"""A burst of changes is written once, when it is over."""
SHOWN = 20


class Dashboard:
    """Keeps the daemon's part of `Dashboard.md` true.

    Args:
        ws: the vault and its records.
        desk: knows what is left alone.
    """

    def __init__(self, ws: Workspace, desk: Desk) -> None:
        self._ws = ws
        self._desk = desk
        self._written_at: float | None = None
        self._changed_at = 0.0
        self._written = ""
        self._seen = ""

    def refresh(self, *, stopping: bool = False) -> None:
        """Write our part if its words have changed, a moment ago, and not within the last minute.

        Args:
            stopping: write in any case, because nobody will later.
        """
        facts = self._facts()
        now = self._ws.clock.monotonic()
        if facts != self._seen:
            self._seen, self._changed_at = facts, now
        if facts == self._written and not stopping:
            return
        soonest = self._changed_at + SETTLE_S
        if self._written_at is not None:
            soonest = max(soonest, self._written_at + AT_MOST_EVERY_S)
        if now < soonest and not stopping:
            self._desk.wake_in(soonest - now)
            return
        heartbeat = show(self._ws.clock, self._ws.clock.now())
        state = "stopped" if stopping else "running"
        self._write(f"Assistant: {state}, last change seen {heartbeat}\n\n{facts}")
        self._written, self._written_at = facts, now

    def _write(self, ours: str) -> None:
        path = self._ws.vault.root / NAME
        block = f"{BEGIN}\n{ours}\n{END}"
        try:
            file = self._ws.vault.read(path)
            text = notes.decode(file.data) if file.data.strip() else ""
            newline = notes.newline_of(text)
            block = block.replace("\n", newline)
            head, begin, rest = text.rpartition(BEGIN)  # the last: a lone one above is not ours
            if begin and END in rest:
                tail = rest.split(END, 1)[1]
                new = f"{head}{block}{tail}"
            else:
                new = f"{text.rstrip()}{newline * 2}{block}{newline}".lstrip()
            self._ws.vault.rewrite(file, new)
        except FileNotFoundError:
            self._ws.vault.create(self._ws.vault.root, NAME, f"{block}\n")
        except (ChangedError, NoteError) as error:
            log.info("dashboard.later", reason=str(error))

    def _facts(self) -> str:
        lines = []
        if self._ws.vault.paused:
            lines += [f"> [!warning] PAUSED: `{PAUSE_NOTE}` lies here; nothing is sent", ""]
        waiting = self._ws.journal.in_states(State.PENDING)
        count = f"{len(waiting)} decision{'s' * (len(waiting) != 1)} waiting"
        lines.append(f"> [!todo] {count}")
        lines += [f"> - [[{row.note.removesuffix('.md')}]]" for row in waiting[:SHOWN]]
        lines += self._review() + self._services() + self._left_alone()
        problem = self._ws.policy().problem
        if problem:
            lines += ["", f"> [!warning] {notes.inline(problem, 300)}"]
        return "\n".join(lines)

    def _review(self) -> list[str]:
        rows = self._ws.journal.in_review()
        if not rows:
            return []
        lines = ["", f"> [!failure] {len(rows)} in review"]
        lines += [
            f"> - [[{row.note.removesuffix('.md')}]]: {notes.inline(row.summary or row.state, 160)}"
            for row in rows[:SHOWN]
        ]
        return lines

    def _services(self) -> list[str]:
        words = {Mode.DRY_RUN: "DRY RUN", Mode.LIVE: "live", Mode.SANDBOX: "sandbox"}
        parts = []
        for name, service in self._ws.services.items():
            readiness = self._ws.readiness(name)
            state = "not set up" if service.missing(self._ws.settings) else words[readiness.mode]
            parts.append(f"{service.title}: {state}")
        return ["", " - ".join(parts)]

    def _left_alone(self) -> list[str]:
        if not self._desk.left_alone:
            return []
        lines = ["", "> [!info]- Left alone in the watched folders"]
        for item in self._desk.left_alone[:SHOWN]:
            where = notes.inline(self._ws.vault.relative(item.path))
            lines.append(f"> - {where}: {item.reason}")
        return lines
