"""From fields to arguments, and from what is missing to questions with tick boxes.

Rules: a candidate stands in the text as it is offered; a question can always be answered in the
owner's own words too; an answer is read by the same rules as a mail.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from core.extract import dates, parties, prices
from core.extract.found import Abstained, Candidate, Found, Passage, Question
from core.extract.kinds import Kind
from core.extract.text import one_line
from utils.money import canonical_amount, canonical_number, show_amount

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.extract.fields import Fields
    from core.extract.found import Setting
    from core.extract.kinds import Verdict
    from core.extract.prices import Price

Arguments = dict[str, object]
PARTY = {Kind.INVOICE: "customer", Kind.QUOTATION: "customer", Kind.BILL: "vendor"}
PAPERS = {
    Kind.INVOICE: "An invoice for them",
    Kind.QUOTATION: "A quotation for them",
    Kind.BILL: "Their bill to us",
}
NOTHING, GO_ON, NO_DATE = "Nothing is to be done", "It is real: go on", "No due date"


def arguments_of(
    kind: Kind, found: Fields
) -> tuple[Arguments, dict[str, Found[object]], tuple[str, ...]]:
    """Return the arguments that were found, their words, and remarks."""
    known: Arguments = {}
    evidence: dict[str, Found[object]] = {}
    rows: tuple[tuple[str, Found[object] | Abstained[object]], ...] = (
        (PARTY[kind], found.party),
        ("lines", found.price),
        ("reference", found.number),
        ("due_date", found.due),
        ("invoice_date", found.written),
    )
    for name, value in rows:
        if isinstance(value, Found) and not (kind is Kind.QUOTATION and name == "due_date"):
            evidence[name] = value
            known.update(_plain(name, value.value))
    if isinstance(found.description, Found):
        evidence["description"] = found.description
    remarks = [
        f"{n}: {v.confidence_reason}."
        for n, v in evidence.items()
        if "counted" in v.confidence_reason
    ]
    if isinstance(found.number, Abstained) and found.number.candidates:
        remarks.append("Several order or invoice numbers are named; none was taken.")
    return known, evidence, tuple(remarks)


def _plain(name: str, value: object) -> Arguments:
    """Return one value as arguments."""
    if isinstance(value, prices.Price):
        return lines_of(value)
    return {name: value.isoformat() if isinstance(value, date) else value}


def lines_of(price: Price) -> Arguments:
    """Return currency and lines; a line without words of its own gets its description later."""
    lines = [
        {
            "description": item.words,
            "quantity": canonical_number(item.quantity),
            "unit_price": canonical_amount(item.unit_price),
        }
        for item in price.items
    ]
    return {"currency": price.currency, "lines": lines}


def described(known: Arguments, found: Fields, replies: Mapping[str, str]) -> Arguments:
    """Return arguments whose lines all say what they are for."""
    words = found.description.value if isinstance(found.description, Found) else ""
    words = one_line(replies.get("description", ""), 200) or words
    lines = known.get("lines")
    if not isinstance(lines, list):
        return known
    return {**known, "lines": [{**x, "description": x["description"] or words} for x in lines]}


def questions(
    kind: Kind, found: Fields, history: Passage, setting: Setting
) -> tuple[Question, ...]:
    """Return what is still open."""
    asked = [
        _about_party(kind, found.party),
        _about_price(kind, found.price, history, setting),
        None if kind is Kind.QUOTATION else _about_due(found.due),
        _about_written(found.written, setting) if kind is Kind.BILL else None,
        _about_description(found),
    ]
    return tuple(q for q in asked if q is not None)


def _about_party(kind: Kind, party: Found[str] | Abstained[str]) -> Question | None:
    if isinstance(party, Found):
        return None
    name = PARTY[kind]
    offered = tuple(Candidate(c.value, {name: c.value}) for c in party.candidates)
    asked = "Who sent this bill?" if kind is Kind.BILL else "Who is the customer?"
    is_sender = party.reason == parties.ONLY_SENDER
    return Question(name, asked, party.reason, offered, is_sender=is_sender)


def _about_price(
    kind: Kind, price: Found[Price] | Abstained[Price], history: Passage, setting: Setting
) -> Question | None:
    if isinstance(price, Found):
        return None
    offered = [_offer(c) for c in price.candidates]
    if not offered:
        offered = _from_history(history, setting)
    asked = "Which price, before tax?" if kind is not Kind.BILL else "Which sum, before tax?"
    return Question("amount", asked, price.reason, tuple(offered))


def _offer(found: Found[Price], origin: str = "") -> Candidate:
    price = found.value
    item = price.items[0]
    label = show_amount(item.unit_price, price.currency)
    if item.quantity != 1:
        total = show_amount(price.total, price.currency)
        label = f"{canonical_number(item.quantity)} × {label} = {total}"
    return Candidate(f"{label}{origin}", lines_of(price))


def _from_history(history: Passage, setting: Setting) -> list[Candidate]:
    earlier = prices.price((history,), setting)
    found = [earlier] if isinstance(earlier, Found) else list(earlier.candidates)
    return [_offer(f, " (in the quoted mail)") for f in found][:4]


def _about_due(due: Found[date] | Abstained[date]) -> Question | None:
    if isinstance(due, Found) or not (due.candidates or "“" in due.reason):
        return None
    offered = [
        Candidate(c.value.isoformat(), {"due_date": c.value.isoformat()}) for c in due.candidates
    ]
    return Question("due_date", "When is it due?", due.reason, (*offered, Candidate(NO_DATE, {})))


def _about_description(found: Fields) -> Question | None:
    own_words = isinstance(found.price, Found) and all(i.words for i in found.price.value.items)
    if isinstance(found.description, Found) or own_words:
        return None
    return Question("description", "What is it for?", found.description.reason)


def about_kind(verdict: Verdict) -> Question:
    """Return the question what is wanted; what it sounds most like is offered first."""
    kinds = dict.fromkeys((*verdict.kinds, *PAPERS))
    offered = tuple(Candidate(PAPERS[k], {"kind": k.value}) for k in kinds)
    reason = "It can be read in several ways."
    if verdict.doubts:
        reason = f"It also says: “{one_line(verdict.doubts[0], 120)}”"
    choices = (*offered, Candidate(NOTHING, {}))
    return Question("kind", "What is wanted?", reason, choices, own_words=False)


def kind_word(reply: str) -> str:
    """Return the kind's name that an answer chose, "" for nothing."""
    for kind, label in PAPERS.items():
        if reply.strip() in {label, kind.value, kind.name.lower()}:
            return kind.name.lower()
    return ""


def about_trust(warnings: tuple[str, ...]) -> tuple[Question, ...]:
    """Return the question whether a mail with signs of fraud is real."""
    if not warnings:
        return ()
    offered = (Candidate(GO_ON, {}), Candidate(NOTHING, {"refused": True}))
    reason = " ".join(warnings)
    return (Question("trust", "Is this mail real?", reason, offered, own_words=False),)


def _about_written(written: Found[date] | Abstained[date], setting: Setting) -> Question | None:
    """Ask for a bill's own date: the books cannot post a bill without one."""
    if isinstance(written, Found):
        return None
    days = [c.value for c in written.candidates]
    offered = [Candidate(day.isoformat(), {"invoice_date": day.isoformat()}) for day in days]
    if setting.today not in days:
        today = setting.today.isoformat()
        offered.append(Candidate(f"{today} (the day it came)", {"invoice_date": today}))
    return Question("invoice_date", "What date does the bill have?", written.reason, tuple(offered))


def answered(question: Question, replies: Mapping[str, str], setting: Setting) -> Arguments | None:
    """Return what an answer changes; None while there is none that can be used."""
    reply = one_line(replies.get(question.key, ""), 200)
    if not reply:
        return None
    for candidate in question.candidates:
        if reply == candidate.label:
            return dict(candidate.changes)
    if question.key in {"customer", "vendor"}:
        return {question.key: reply}
    if question.key == "description":
        return {}
    return _typed(question.key, reply, setting)


def again(question: Question, replies: Mapping[str, str]) -> Question:
    """Return an open question, saying why the owner's answer to it could not be used."""
    reply = one_line(replies.get(question.key, ""), 80)
    if not reply or not question.own_words:
        return question
    like = "the sum and its currency, as in 150.00 EUR"
    if question.key != "amount":
        like = "the day, as in 2026-11-21, or tick a box"
    return replace(question, reason=f"“{reply}” could not be read. Write {like}.")


def _typed(key: str, reply: str, setting: Setting) -> Arguments | None:
    if key == "amount":
        price = prices.price((Passage("answer", reply),), setting)
        return lines_of(price.value) if isinstance(price, Found) else None
    if key in {"due_date", "invoice_date"}:
        day = dates.due((Passage("answer", f"due {reply}"),), setting, past=True)
        return {key: day.value.isoformat()} if isinstance(day, Found) else None
    return None
