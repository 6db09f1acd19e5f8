"""What is in hand, kept outside the process: what kills it is set aside and not met for ever.

Rules: the mark is set before a thing is touched; one that is still there when the thing comes up
again means that the process died over it; a process that hangs over a thing is ended, which makes
the hang a death like any other.
"""

from __future__ import annotations

import faulthandler
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.journal import Journal

DEATHS = 2
"""So many deaths in a row over the same thing are no chance."""
STDERR = 2


class Tries:
    """Counts how often processes died over the thing in hand; one process works at a time.

    Args:
        journal: keeps the mark.
        work: gmail, triage.
    """

    def __init__(self, journal: Journal, work: str) -> None:
        self._journal = journal
        self._fact = f"{work}:in_hand"
        self._mark: dict[str, object] | None = journal.recall(self._fact)

    def begin(self, key: str) -> int:
        """Mark a thing as in hand; return how many processes died over it, one after the other."""
        same = self._mark is not None and self._mark["key"] == key
        begun = int(str(self._mark["begun"])) if same and self._mark else 0
        self._keep({"key": key, "begun": begun + 1})
        return begun

    def ended(self) -> None:
        """Take the mark back: nothing is in hand, and nobody died."""
        if self._mark is not None:
            self._keep(None)

    def _keep(self, mark: dict[str, object] | None) -> None:
        self._journal.remember(self._fact, mark)
        self._mark = mark


@contextmanager
def deadline(limit_s: float) -> Iterator[None]:
    """End this process, saying on its error output where it was, if the block takes longer.

    The clock is the system's, not ours: a search for a pattern that never ends lets no other
    thread of this interpreter run. One process holds one deadline at a time.
    Source: https://docs.python.org/3.11/library/faulthandler.html#faulthandler.dump_traceback_later
    """
    faulthandler.dump_traceback_later(limit_s, exit=True, file=STDERR)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
