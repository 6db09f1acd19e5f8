"""A report as a note: our part between markers, everything else the owner's.

Rules: only what lies between the markers is replaced, and only when its words change; what the
owner wrote into our part is kept below it; front matter keys that are not ours stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core import frontmatter, notes
from core.records import Entry
from core.strict_yaml import Plain
from utils import files
from utils.audit_log import Actor, Event
from utils.errors import ChangedError

if TYPE_CHECKING:
    from pathlib import Path

    from core.reports.facts import Facts
    from core.vault import Folder
    from core.workspace import Workspace

TRIES = 3
KEPT = "## Kept from your edit"
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
    def begin(self) -> str:
        """Return the line that opens our part."""
        return f"%% ai:begin {self.kind} %%"

    @property
    def end(self) -> str:
        """Return the line that closes our part."""
        return f"%% ai:end {self.kind} %%"

    @property
    def block(self) -> str:
        """Return our part with its markers."""
        return f"{self.begin}\n{self.text}\n{self.end}"


def front_of(kind: str, facts: Facts) -> dict[str, object]:
    """Return our keys of a report's front matter."""
    sources = ["journal", *(statement.source for statement in facts.statements)]
    return {
        "type": kind,
        "generated": Plain(facts.generated),
        "period_start": Plain(facts.span.first.isoformat()),
        "period_end": Plain(facts.span.last.isoformat()),
        "sources": sources,
        "data_gaps": [notes.inline(gap, GAP_CHARS) for gap in facts.gaps],
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
            ws.journal.remember(_fact(report), files.digest(report.text.encode()))
            where = ws.vault.relative(path)
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
    new = _renewed(text, report, known=str(ws.journal.recall(_fact(report)) or ""))
    if new != text:
        ws.vault.rewrite(file, new)
    return path


def _renewed(text: str, report: Report, known: str) -> str:
    """Return a note with our part replaced; an edited part of ours is kept below the new one.

    Args:
        text: the note as it is.
        report: the new one.
        known: the digest of the words that we wrote last.
    """
    plain = text.replace("\r\n", "\n")
    head, begin, rest = plain.partition(report.begin)
    if begin and report.end in rest:
        ours, _, tail = rest.partition(report.end)
        if ours.strip("\n") == report.text:
            return text  # nothing new to say: not even the time changes
        kept = ""
        if files.digest(ours.strip("\n").encode()) != known:
            kept = f"\n\n{KEPT}\n\n{ours.strip()}"
        body = f"{head}{report.block}{kept}{tail}"
    else:
        body = f"{plain.rstrip()}\n\n{report.block}\n"
    newline = "\r\n" if "\r\n" in text else "\n"
    if body.startswith("---\n"):
        body = frontmatter.edit(body, set=report.front)
    return body.replace("\n", newline) if newline != "\n" else body


def _fact(report: Report) -> str:
    return f"report:{report.folder}/{report.name}"
