"""A report as a note: our part between markers, everything else the owner's.

Rules: only what lies between the markers is replaced, and only when its words change; what the
owner wrote into our part is kept below it; front matter keys that are not ours stay, and front
matter that cannot be read stays whole.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core import frontmatter, notes, own_part
from core.own_part import marks_of
from core.pages import last_written
from core.records import Entry
from core.strict_yaml import Plain
from utils import files
from utils.audit_log import Actor, Event
from utils.errors import ChangedError, NoteError

if TYPE_CHECKING:
    from pathlib import Path

    from core.reports.facts import Facts
    from core.vault import Folder
    from core.workspace import Workspace

TRIES = 3
GAP_CHARS = 200


@dataclass(frozen=True)
class Report:
    """A report ready to be written.

    Args:
        kind: audit or briefing.
        folder: where its notes lie.
        name: the note's file name.
        front: our keys of the front matter.
        text: the words between the markers.
    """

    kind: str
    folder: Folder
    name: str
    front: dict[str, object]
    text: str

    @property
    def block(self) -> str:
        """Return our part with its markers."""
        begin, end = own_part.markers(self.kind)
        return f"{begin}\n{self.text}\n{end}"


def front_of(kind: str, facts: Facts) -> dict[str, object]:
    """Return our keys of a report's front matter."""
    sources = ["journal", *(statement.source for statement in facts.statements)]
    return {
        "type": kind,
        "generated": Plain(facts.generated),
        "period_start": Plain(facts.span.first.isoformat()),
        "period_end": Plain(facts.span.last.isoformat()),
        "sources": sources,
        "data_gaps": [notes.inline(gap.replace("`", ""), GAP_CHARS) for gap in facts.gaps],
        "tags": [f"report/{kind}"],
    }


def write(ws: Workspace, report: Report) -> Path:
    """Write a report's note, or renew our part of it; return its path.

    Raises:
        ChangedError: somebody kept changing the note meanwhile.
    """
    for remaining in reversed(range(TRIES)):
        try:
            path = _write_once(ws, report)
        except (ChangedError, FileNotFoundError):
            if not remaining:
                raise
        else:
            ws.journal.remember(_fact(report), sorted(marks_of(report.text)))
            where, last = ws.vault.relative(path), last_written(report.kind)
            if path.stem > str(ws.journal.recall(last) or ""):
                ws.journal.remember(last, path.stem)
            ws.chronicle.record(
                Entry(Event.FILED, Actor.DAEMON, action=f"{report.kind}.write", target=where)
            )
            return path
    raise AssertionError("unreachable")


def _write_once(ws: Workspace, report: Report) -> Path:
    folder = ws.vault.folder(report.folder)
    path = folder / report.name
    if not path.exists():
        text = frontmatter.compose(report.front) + f"{report.block}\n\n## Your notes\n\n"
        return ws.vault.create(folder, report.name, text)
    file = ws.vault.read(path)
    text = notes.decode(file.data)
    present = own_part.found_in(text, report.kind)
    if present == report.text:
        return path  # nothing new to say: not even the time changes
    known = _known(ws, report, present or "")
    ws.journal.remember(_fact(report), sorted(known | marks_of(report.text)))
    new = own_part.renewed(text, report.kind, report.text, known)
    with suppress(NoteError):  # the owner's to mend; Obsidian shows that it cannot be read
        new = frontmatter.edit(new, set=report.front)
    ws.vault.rewrite(file, new)
    return path


def _known(ws: Workspace, report: Report, present: str) -> set[str]:
    """Return the marks of the lines that we wrote last; an older program kept one for them all."""
    kept = ws.journal.recall(_fact(report))
    if isinstance(kept, str):
        return marks_of(present) if kept == files.digest(present.encode()) else set()
    return set(kept or ())


def _fact(report: Report) -> str:
    return f"report:{report.folder}/{report.name}"
