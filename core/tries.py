"""What is in hand, kept outside the process: what kills it is set aside and not met for ever.

Rule: the mark is set before a thing is touched; one that is still there when the thing comes up
again means that the process died over it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.journal import Journal

DEATHS = 2
"""So many deaths in a row over the same thing are no chance."""


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

    def may_begin(self, key: str) -> bool:
        """Mark a thing as in hand; return False when processes died over it `DEATHS` times."""
        same = self._mark is not None and self._mark["key"] == key
        begun = int(str(self._mark["begun"])) if same and self._mark else 0
        if begun >= DEATHS:
            return False
        self._keep({"key": key, "begun": begun + 1})
        return True

    def ended(self) -> None:
        """Take the mark back: nothing is in hand, and nobody died."""
        if self._mark is not None:
            self._keep(None)

    def _keep(self, mark: dict[str, object] | None) -> None:
        self._journal.remember(self._fact, mark)
        self._mark = mark
