"""`Activity/`: one note a day with every outside act and every note touched, newest first.

Rules: it is written from the journal's story, so that a lost or edited note loses nothing; each
line carries the id under which the daily log and `why` tell the rest; only the part between the
markers is ours; a day that ended while nobody ran is written at the next start.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from core import frontmatter, notes, pages
from core.actions import Mode
from core.pages import Pace
from core.parts import is_several
from core.strict_yaml import Plain
from core.telling import sentence
from core.vault import Folder
from utils.audit_log import Event
from utils.clock import local_day, midnight, show

if TYPE_CHECKING:
    from datetime import date

    from core.desk import Desk
    from core.records import Row, Told
    from core.workspace import Workspace

PART = "activity"
SHOWN = 200
"""Lines of each list; the daily log has them all."""
TOUCHED = frozenset(
    {
        *(Event.PROPOSED, Event.ADOPTED, Event.EDITED, Event.FILED, Event.QUARANTINED),
        *(Event.WITHDRAWN, Event.EXPIRED),
    }
)
ACTED = {"done": "", "unknown": "IN DOUBT: ", "in_doubt": "IN DOUBT: "}


def title(day: date) -> str:
    """Return the name of a day's note, without `.md`."""
    return f"Activity {day.isoformat()}"


class Activity:
    """Keeps the day's note true.

    Args:
        ws: the vault and its records.
        desk: asked for another round when it is time to write.
    """

    def __init__(self, ws: Workspace, desk: Desk) -> None:
        self._ws = ws
        self._pace = Pace(ws.clock, desk)
        self._day: date | None = None

    def refresh(self, *, stopping: bool = False) -> None:
        """Write today's note if something has happened since; at a new day, the last one's too."""
        today = local_day(self._ws.clock, self._ws.clock.now())
        if today != self._day:
            self._finish(today)
            self._day = today
        mark = (today, self._ws.journal.last_told())
        if stopping or self._pace.is_due(mark):
            self._pace.tried(mark, written=write(self._ws, today))

    def _finish(self, today: date) -> None:
        before = self._ws.journal.told_before(midnight(self._ws.clock, today))
        if before is not None:
            write(self._ws, local_day(self._ws.clock, before))


def write(ws: Workspace, day: date) -> bool:
    """Write a day's note; a day without anything to tell gets none.

    Returns:
        Whether the note says all now.
    """
    text = render(ws, day)
    if text is None:
        return True
    front = {"type": "activity", "day": Plain(day.isoformat()), "tags": ["activity"]}
    path = ws.vault.folder(Folder.ACTIVITY) / f"{title(day)}.md"
    return pages.write(ws, path, PART, text, opening=frontmatter.compose(front))


def render(ws: Workspace, day: date, shown: int = SHOWN) -> str | None:
    """Return our part of a day's note, None when nothing happened.

    Args:
        ws: the vault and its records.
        day: the owner's day.
        shown: lines of each list; where the rest is to be found is said.
    """
    told = ws.journal.told_between(
        midnight(ws.clock, day), midnight(ws.clock, day + timedelta(days=1))
    )
    found = _Found()
    for one in told:
        _sort_in(ws, found, one, shown)
    acts = list(found.acts.values())
    if not acts and not found.touched:
        return None
    lines = ["## Outside", ""]
    lines += [line for one, row in acts[:shown] for line in _act(ws, one, row)]
    lines += _rest(len(acts) - shown, day) if acts else ["Nothing outside this vault was changed."]
    lines += ["", "## Notes", ""]
    lines += ["A note is brought back by moving it; what was tidied away lies in `.trash`.", ""]
    lines += [_touch(ws, one) for one in found.touched]
    lines += _rest(found.touches - shown, day)
    return "\n".join(lines)


def _rest(count: int, day: date) -> list[str]:
    if count <= 0:
        return []
    return [f"- and {count} earlier: `bin/run log --date {day.isoformat()}`"]


@dataclass
class _Found:
    """What of a day's story is shown: a flood tells thousands of things, and few are kept.

    Args:
        acts: how each attempt that reached a service ended, newest first, the last word only.
        touched: the newest touches of notes.
        touches: how many there were in all.
    """

    acts: dict[tuple[object, object], tuple[Told, Row]] = field(default_factory=dict)
    touched: list[Told] = field(default_factory=list)
    touches: int = 0


def _sort_in(ws: Workspace, found: _Found, one: Told, shown: int) -> None:
    """Add one thing of the story; the newest come first."""
    fields = one.fields
    if fields.get("event") in TOUCHED:
        found.touches += 1
        if found.touches <= shown:
            found.touched.append(one)
    is_end = fields.get("event") in {Event.OUTCOME, Event.RECONCILED}
    if not is_end or fields.get("result") not in ACTED or fields.get("mode") == Mode.DRY_RUN:
        return
    key = (fields.get("action_id"), fields.get("attempt"))
    row = ws.journal.get(str(fields.get("action_id"))) if key not in found.acts else None
    if row is not None and row.mode.acts and not is_several(ws, row):  # its parts have acted
        found.acts[key] = one, row


def _act(ws: Workspace, one: Told, row: Row) -> list[str]:
    service, action = ws.services.get(row.service), ws.actions.get(row.kind)
    where = service.title if service else row.service
    practice = " (SANDBOX)" if row.mode is Mode.SANDBOX else ""
    said = notes.inline(row.summary or row.kind, 200)
    link = f" <{row.remote_url}>" if row.remote_url else ""
    undo = action.undo if action else f"look at {where}; this program no longer knows how."
    return [
        f"- **{_time(ws, one)}** {where}{practice}: {ACTED[one.fields['result']]}{said}{link}",
        f"    - {notes.link(row.note.removesuffix('.md'))}, trace `{row.correlation_id}`",
        f"    - To undo it: {undo}",
    ]


def _touch(ws: Workspace, one: Told) -> str:
    fields = one.fields
    row = ws.journal.get(fields["action_id"]) if fields.get("action_id") else None
    name = row.note if row else PurePosixPath(str(fields.get("target") or "")).name
    words = notes.inline(sentence(fields), 200)
    trace = notes.inline(fields.get("correlation_id") or fields.get("action_id") or "", 60)
    about = notes.link(name.removesuffix(".md")) if name else "a note"
    return f"- {_time(ws, one)} {about}: {words}{f', trace `{trace}`' if trace else ''}"


def _time(ws: Workspace, one: Told) -> str:
    return show(ws.clock, one.at)[11:16]
