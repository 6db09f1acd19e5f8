"""Scores the readers on the corpus: for each field right, abstained, wrong; precision and recall.

`python tests/corpus/score.py [-v]` prints the table; the bench imports `score`.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

CORPUS = Path(__file__).resolve().parent
if __name__ == "__main__":
    sys.path.insert(0, str(CORPUS.parents[1]))

from core.extract import mail, pdf, requests  # noqa: E402 - the path is set above
from core.extract.found import Setting  # noqa: E402

SETTING = Setting(
    today=date(2026, 11, 21),
    home_currency="EUR",
    owner_names=("Northwind Studio", "Northwind Studio Ltd"),
    owner_addresses=("owner@northwind.example",),
)
FIELDS = ("kind", "party", "amount", "due", "reference")


@dataclass
class Score:
    """How one field was read over the corpus; an absent value that was invented is wrong."""

    right: int = 0
    abstained: int = 0
    wrong: int = 0
    rightly_empty: int = 0

    @property
    def precision(self) -> float:
        """Return right among all values given, 1.0 when none was given."""
        given = self.right + self.wrong
        return self.right / given if given else 1.0

    @property
    def recall(self) -> float:
        """Return right among all values there are."""
        there = self.right + self.abstained + self.wrong
        return self.right / there if there else 1.0


@dataclass(frozen=True)
class Result:
    """One mail: what is expected and what was read."""

    name: str
    expected: dict[str, object]
    read: dict[str, object]
    complete: bool
    extraction: requests.Extraction


def expectations(corpus: Path = CORPUS) -> dict[str, dict[str, object]]:
    """Return what each mail of the corpus should give."""
    expected: dict[str, dict[str, object]] = json.loads(
        (corpus / "expected.json").read_text(encoding="utf-8")
    )
    return expected


def papers(message: mail.Mail) -> dict[str, str]:
    """Return the texts of a mail's PDFs; in the child's code, without a process for each."""
    texts = {}
    for attachment in message.attachments:
        if attachment.content_type != "application/pdf":
            continue
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "paper.pdf"
            path.write_bytes(attachment.data)
            texts[attachment.name] = str(pdf.extract(path).get("text") or "")
    return texts


def read(path: Path, setting: Setting = SETTING) -> requests.Extraction:
    """Return what is read of one mail."""
    message = mail.parse(path.read_bytes())
    source, dated = requests.from_mail(message, setting, papers(message))
    return requests.extract(source, dated)


def values(extraction: requests.Extraction) -> dict[str, object]:
    """Return what was read, in the words of `expected.json`."""
    known = extraction.known
    lines = known.get("lines")
    amount = None
    if isinstance(lines, list):
        total = sum(Decimal(x["quantity"]) * Decimal(x["unit_price"]) for x in lines)
        amount = f"{total:.2f} {known['currency']}"
    return {
        "kind": extraction.kind.value if extraction.kind else None,
        "party": known.get("customer") or known.get("vendor"),
        "amount": amount,
        "due": known.get("due_date"),
        "reference": known.get("reference"),
    }


def results(corpus: Path = CORPUS) -> list[Result]:
    """Return expectation and reading of every mail."""
    found = []
    for name, expected in expectations(corpus).items():
        extraction = read(corpus / "mails" / name)
        complete = extraction.arguments is not None
        found.append(Result(name, expected, values(extraction), complete, extraction))
    return found


def score(found: list[Result]) -> dict[str, Score]:
    """Return the score of each field."""
    table = {name: Score() for name in FIELDS}
    for each in found:
        for name, row in table.items():
            wanted, got = each.expected[name], each.read[name]
            if got is None:
                row.abstained += wanted is not None
                row.rightly_empty += wanted is None
            elif got == wanted:
                row.right += 1
            else:
                row.wrong += 1
    return table


def table(found: list[Result]) -> str:
    """Return the scores as a table in text."""
    rows = [f"{'field':<10} right abstained wrong empty precision recall"]
    rows += [
        f"{name:<10} {s.right:>5} {s.abstained:>9} {s.wrong:>5} {s.rightly_empty:>5}"
        f" {s.precision:>9.3f} {s.recall:>6.3f}"
        for name, s in score(found).items()
    ]
    complete = sum(r.complete for r in found)
    return "\n".join([*rows, f"{len(found)} mails, {complete} complete without a question"])


if __name__ == "__main__":
    every = results()
    for each in every:
        off = [n for n in FIELDS if each.read[n] != each.expected[n]]
        unasked = each.expected["must_ask"] and each.complete
        if off or unasked or "-v" in sys.argv:
            asked = "; ".join(f"{q.key}: {q.reason}" for q in each.extraction.missing)
            print(each.name, "COMPLETE BUT MUST ASK" if unasked else "")  # noqa: T201
            for name in off:
                print(f"    {name}: {each.expected[name]} -> {each.read[name]}")  # noqa: T201
            print(f"    asks: {asked}")  # noqa: T201
    print(table(every))  # noqa: T201
