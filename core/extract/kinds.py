"""What a mail wants: an invoice, a quotation, a bill to be paid, or nothing that we know.

Rules: a request is a sentence that asks, in the writer's own words; "do not invoice yet" beside it
makes it a question; a newsletter wants nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from core.extract.languages.cues import Cue
from core.extract.quoting import signature_start
from core.extract.sums import unwrapped
from core.extract.words import compiled, pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.extract.found import Passage

_SENTENCE_LIMIT = 20
_END = re.compile(r"[.!?](?=\s)|\n")
_SHORT = re.compile(
    r"(?:\b(?:zzgl|inkl|exkl|incl|excl|std|mwst|ust|gem|ges|gesetzl|approx|nr|no|hrs|inc|ltd|"
    r"corp|núm|"
    r"dr|mr|mrs|ms|st|bzw|ca|evtl|etc|z\.b|d\.h|i\.d|p\.o)|[0-9])\Z",
    re.IGNORECASE,
)


class Kind(StrEnum):
    """What can be proposed, by the action's name."""

    INVOICE = "odoo.create_invoice"
    QUOTATION = "odoo.create_quotation"
    BILL = "odoo.create_vendor_bill"


@dataclass(frozen=True)
class Sentence:
    """A sentence that tells a kind.

    Args:
        kind: what it tells.
        passage: where it stands.
        start: where it begins.
        end: where it ends.
    """

    kind: Kind
    passage: Passage
    start: int
    end: int


@dataclass(frozen=True)
class Verdict:
    """What a mail wants.

    Args:
        kinds: what its sentences tell, most certain first.
        sentences: the sentences.
        doubts: sentences that speak against it.
    """

    kinds: tuple[Kind, ...]
    sentences: tuple[Sentence, ...]
    doubts: tuple[str, ...]


def classify(passages: tuple[Passage, ...], documents: tuple[Passage, ...]) -> Verdict:
    """Return what is wanted.

    Args:
        passages: subject and text.
        documents: the texts of papers that came with it.
    """
    told: list[Sentence] = []
    doubts: list[str] = []
    for passage in passages:
        for start, end, words in _sentences(passage):
            wanted = _kinds_of(words, is_subject=passage.place == "subject")
            if pattern(Cue.NOT).search(words) and _mentions_paper(words):
                doubts.append(words.strip()[:160])
            elif not pattern(Cue.REPEAT).search(words):
                told += [Sentence(kind, passage, start, end) for kind in wanted]
    bill = _bill(passages, documents)
    if bill and not any(s.kind is Kind.INVOICE for s in told if s.passage.place != "subject"):
        told = [bill]
    in_text = [s for s in told if s.passage.place != "subject"] or told
    kinds = tuple(dict.fromkeys(s.kind for s in in_text))
    return Verdict(kinds, tuple(in_text[:_SENTENCE_LIMIT]), tuple(doubts[:_SENTENCE_LIMIT]))


def _sentences(passage: Passage) -> Iterator[tuple[int, int, str]]:
    text = unwrapped(passage.text)[: signature_start(passage.text)]
    start = 0
    for stop in _END.finditer(text):
        if stop[0] == "." and _SHORT.search(text[max(0, stop.start() - 10) : stop.start()]):
            continue
        yield start, stop.end(), text[start : stop.end()]
        start = stop.end()
    yield start, len(text), text[start:]


def _kinds_of(words: str, *, is_subject: bool) -> list[Kind]:
    asks = is_subject or bool(pattern(Cue.ASK).search(words))
    invoice = bool(pattern(Cue.WANT_INVOICE).search(words))
    quote = bool(pattern(Cue.WANT_QUOTE).search(words))
    invoice = invoice and not _announces(words)
    told = ((Kind.INVOICE, invoice), (Kind.QUOTATION, quote))
    return [kind for kind, is_told in told if asks and is_told]


def _announces(words: str) -> bool:
    """Return whether somebody announces an invoice of theirs: "our invoice", "I will send"."""
    return bool(
        re.search(
            r"\b(?:i|we)(?:'ll|’ll| will| shall| have| am| are|'ve|’ve)? ?(?:send|sent|sending|"
            r"attach|"
            r"issue|issued|enclose)\w*\b|\bfind\b|\bpay\b|\bsettle\b|\bour invoice\b|"
            r"\bmy invoice\b|"
            r"\bunsere rechnung|\bmeine rechnung|\bsenden wir\b|\bschicken wir\b|"
            r"\bübersenden wir\b|"
            r"\berhalten sie\b|\bnotre facture|\bma facture|\bnous vous (?:adressons|envoyons)|"
            r"\btrouver|\brégler\b|\bnuestra factura|\bmi factura|\badjunt|\ble (?:enviamos|"
            r"remitimos)"
            r"|\bles (?:enviamos|remitimos)|\bbegleichen|\büberweisen|\babonar\b|\bpagar\b",
            words,
            re.IGNORECASE,
        )
    )


def _mentions_paper(words: str) -> bool:
    return bool(
        re.search(
            r"invoic|\bbill|quot|rechnung|angebot|factur|devis|presupuesto|\bit\b|\bthat\b|\bsie\b",
            words,
            re.IGNORECASE,
        )
    )


def _bill(passages: tuple[Passage, ...], documents: tuple[Passage, ...]) -> Sentence | None:
    """Return the words that say that a bill came: in the mail, or on the paper itself."""
    for passage in passages:
        text = unwrapped(passage.text)
        bill = pattern(Cue.BILL).search(text)
        if bill and (pattern(Cue.PAY).search(text) or documents):
            return Sentence(Kind.BILL, passage, bill.start(), bill.end())
    for document in documents:
        number = compiled(r"(?<!\w)(?:{})[ .:#°º]{{0,4}}[A-Z]{{0,6}}[-/ ]?[0-9]", Cue.BILL_NUMBER)
        found = number.search(document.text)
        if found and pattern(Cue.TOTAL).search(document.text):
            return Sentence(Kind.BILL, document, found.start(), found.end())
    return None
