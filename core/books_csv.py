"""Bank exports (CSV) dropped into `Inbox/` as a source of money in and out, named as such.

Rules: several exports may overlap, so a line counts as often as the one export shows it that shows
it most; days that no export covers are a gap, not "nothing"; an export that is unclear or
unreadable stops every figure of its source, and the owner is asked.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from core import bank_export, notes
from core.asks import Unclear
from core.bank_columns import Unreadable
from core.bank_export import BankLine, Export, Questions
from core.books import Charge, Figure, Gap, Name, Statement
from core.vault import Folder
from utils import files
from utils.errors import NoteError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from core.books import Span
    from core.records import Source
    from core.workspace import Workspace

SOURCE = "bank export"
SUFFIXES = (".csv", ".tsv")
LIMIT_BYTES = 8 << 20
EXPORTS = 24
"""How many of the newest exports are read."""
EVIDENCE_LINES = 8
QUIET_DAYS = 3
"""So many days without a line before an export came in are taken as days on which nothing moved."""


def take_in(
    ws: Workspace, source: Source, path: Path, replies: Mapping[str, str]
) -> Unclear | None:
    """Look at a CSV file that came in; keep the answers about it, or return what is not known.

    Raises:
        NoteError: it is a bank export that cannot be read.
    """
    data = files.read_regular(path, limit_bytes=LIMIT_BYTES)
    found = bank_export.read(data, replies, ws.settings.text("LIMIT_CURRENCY"))
    if isinstance(found, Unreadable):
        raise NoteError(f"bank export cannot be counted: {found.reason}", path)
    if isinstance(found, Questions):
        shown = data[:4000].decode("utf-8", "replace").splitlines()[:EVIDENCE_LINES]
        return Unclear("\n".join(shown), found.queries)
    if found is not None and replies:
        ws.journal.remember(_fact(source), dict(replies))
    return None


def _fact(source: Source) -> str:
    return f"bank_export:{source.key}"


@dataclass(frozen=True)
class _Read:
    """What all exports together say.

    Args:
        lines: each as often as it counts.
        covered: first and last day that each export covers.
        names: of the exports, for the source's name.
        problems: of those that cannot be counted.
    """

    lines: tuple[BankLine, ...]
    covered: tuple[tuple[date, date], ...]
    names: tuple[str, ...]
    problems: tuple[str, ...]


class CsvBooks:
    """Implements `core.sources.Books` with the bank exports that came in.

    Args:
        ws: the vault and its records.
    """

    def __init__(self, ws: Workspace) -> None:
        self._ws = ws

    def any(self) -> bool:
        """Return whether any bank export came in, readable or not."""
        return bool(self._exports().names)

    def read(self, span: Span) -> Statement:
        """Return money in and out of some days; a bank knows nothing else."""
        found = self._exports()
        name = f"{SOURCE} {', '.join(found.names[:3])}"
        more = len(found.names) - 3
        gap = self._gap(found, span)
        within = [line for line in found.lines if span.first <= line.on <= span.last]
        return Statement(
            source=name + (f" and {more} more" if more > 0 else ""),
            company=None,
            as_of=None,
            figures={
                Name.RECEIVED: gap or _sum(within, span, sign=1),
                Name.PAID: gap or _sum(within, span, sign=-1),
            },
            charges=Gap(found.problems[0]) if found.problems else tuple(_charges(found.lines)),
            remarks=(_reach(found),),
        )

    def _gap(self, found: _Read, span: Span) -> Gap | None:
        """Return why nothing can be said of these days, None when it can."""
        if found.problems:
            return Gap(found.problems[0])
        days = (span.first + timedelta(days=n) for n in range(span.days))
        open_days = [d for d in days if not any(a <= d <= b for a, b in found.covered)]
        if not open_days:
            return None
        first, last = open_days[0].isoformat(), open_days[-1].isoformat()
        when = first if first == last else f"{first} to {last}"
        return Gap(f"no bank export covers {when}; drop one that does into Inbox")

    def _exports(self) -> _Read:
        counted: Counter[BankLine] = Counter()
        covered = []
        names, problems = [], []
        for source in self._ws.journal.kept_as(*SUFFIXES)[:EXPORTS]:
            found = self._one(source)
            if found is None:
                continue
            names.append(_name(source))
            if isinstance(found, str):
                problems.append(f"“{_name(source)}” {found}")
            else:
                counted |= Counter(found.lines)
                covered.append(_covered(source, found))
        lines = tuple(sorted(counted.elements()))
        return _Read(lines, tuple(covered), tuple(names), tuple(problems))

    def _one(self, source: Source) -> Export | str | None:
        """Return one export, or why it is not counted; None when the file is no export."""
        path = self._ws.vault.folder(Folder.ATTACHMENTS) / (source.original or "")
        replies = self._ws.journal.recall(_fact(source)) or {}
        home = self._ws.settings.text("LIMIT_CURRENCY")
        try:
            data = files.read_regular(path, limit_bytes=LIMIT_BYTES)
        except (NoteError, FileNotFoundError) as error:
            reason = error.reason if isinstance(error, NoteError) else "is gone from Attachments"
            return notes.inline(reason, 200)
        found = bank_export.read(data, replies, home)
        if isinstance(found, Unreadable):
            return f"cannot be counted: {found.reason}"
        if isinstance(found, Questions):
            asked = [a.name for a in self._ws.journal.asks_about(source.key)]
            where = f"; answer {notes.link(asked[-1].removesuffix('.md'))}" if asked else ""
            return f"is unclear: {found.queries[0].text}{where}"
        return found


def _name(source: Source) -> str:
    """Return the words by which the owner knows an export: those of its task note."""
    return (source.name or source.note_id).removesuffix(".md").removeprefix(source.note_id).strip()


def _covered(source: Source, export: Export) -> tuple[date, date]:
    """Return the days that an export covers; the last days before it came in may be empty."""
    days = [line.on for line in export.lines]
    last = max(days)
    came_in = datetime.strptime(source.note_id.split("-")[1], "%Y%m%d").date()  # noqa: DTZ007
    if last < came_in and (came_in - last).days <= QUIET_DAYS + 1:
        last = came_in - timedelta(days=1)
    return min(days), last


def _reach(found: _Read) -> str:
    """Return what bank exports are worth, and how far the lines of these reach."""
    days = [line.on.isoformat() for line in found.lines]
    dated = f"; the lines here are dated {min(days)} to {max(days)}" if days else ""
    return f"Bank exports tell what moved, not what was invoiced{dated}."


def _sum(lines: Iterable[BankLine], span: Span, *, sign: int) -> Figure:
    """Return what came in (sign 1) or went out (sign -1), by currency."""
    moved = [line for line in lines if line.amount * sign > 0]
    sums: dict[str, Decimal] = {}
    for line in moved:
        sums[line.currency] = sums.get(line.currency, Decimal(0)) + line.amount * sign
    way = "in" if sign > 0 else "out"
    basis = f"lines of the bank exports dated {span}, money {way}; transfers of your own included"
    return Figure(sums, len(moved), basis)


def _charges(lines: Iterable[BankLine]) -> Iterable[Charge]:
    for line in lines:
        if line.amount < 0:
            vendor = line.payee or line.reference or "not named"
            yield Charge(vendor, line.on, -line.amount, line.currency, line.reference)
