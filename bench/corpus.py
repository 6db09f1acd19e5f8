"""How well mails are read: precision and recall over `tests/corpus`, as rows."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from bench.table import Row, say
from tests.corpus import score

if TYPE_CHECKING:
    from pathlib import Path


def measure(folder: Path) -> list[Row]:
    """Return a row for each field, and one for the time of a mail."""
    del folder
    say("corpus: every mail read")
    began = time.perf_counter()
    found = score.results()
    each_ms = (time.perf_counter() - began) / len(found) * 1000
    complete = sum(result.complete for result in found)
    rows = [
        Row(
            f"corpus, {name}",
            row.precision,
            "precision",
            how=f"recall {row.recall:.3f}; {row.right} right, {row.abstained} left open, "
            f"{row.wrong} wrong, {row.rightly_empty} rightly empty",
            parts={**vars(row), "precision": row.precision, "recall": row.recall},
        )
        for name, row in score.score(found).items()
    ]
    how = f"mean of {len(found)} mails, papers included; {complete} complete without a question"
    return [*rows, Row("corpus, one mail read", each_ms, "ms", how=how)]
