"""The one record that a name means: found, or asked about; nothing is ever guessed.

Rule: one record of exactly that name, or the owner says which.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from core import notes
from core.asks import Query
from core.findings import Choice, Findings, Said

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.actions import Lookup, Payload

Found = tuple[dict[str, object], Findings]
"""The payload, with its identifier if there is exactly one, and what was found out about it."""


def with_found(lookup: Lookup, payload: Payload, items: Sequence[Mapping[str, object]]) -> Found:
    """Return the payload with the one record of exactly that name, or why there is none.

    No record, or several of the same name, is the owner's to answer.
    """
    name = str(payload.get(lookup.source, ""))
    plain = name.strip().casefold()
    known = list({item[lookup.value]: choice_of(lookup, item) for item in items}.values())
    exact = [choice for choice in known if choice.name.strip().casefold() == plain]
    if len(exact) == 1:
        return {**payload, lookup.target: exact[0].value}, _heard(lookup, exact[0], items)
    listed = ", ".join(choice.label for choice in (exact or known)[:5])
    if exact:
        several = f"There are {len(exact)} {lookup.title}s called {name}: {listed}."
        mend = f"Write the right {lookup.target} under Parameters."
        return payload, Findings(unclear=(f"{several} {mend}",), choices=tuple(exact))
    if lookup.unknown:
        unknown = lookup.unknown.format(name=notes.inline(name))
        return payload, Findings(unclear=(unknown,))
    similar = f"Similar: {listed}." if items else "Nothing similar either."
    mend = f"Correct the name, or write the {lookup.target} under Parameters."
    nobody = f"No {lookup.title} is called {name}. {similar} {mend}"
    return payload, Findings(unclear=(nobody,), choices=tuple(known[:5]))


def which(lookup: Lookup, payload: Payload, findings: Findings) -> Query:
    """Return the question which record is meant."""
    name = str(payload.get(lookup.source, ""))
    plain = name.strip().casefold()
    same = sum(choice.name.strip().casefold() == plain for choice in findings.choices)
    several = f"There are {same} {lookup.title}s called {name}."
    reason = several if same else f"No {lookup.title} is called {name}; these are similar."
    labels = tuple(choice.label for choice in findings.choices)
    return Query(lookup.target, f"Which {lookup.title} is meant?", reason, labels)


def chosen(lookup: Lookup, payload: Payload, findings: Findings, reply: str) -> Payload:
    """Return the payload with the record that the owner chose, or named in own words.

    Args:
        lookup: what is looked up.
        payload: the payload in which it was unclear.
        findings: what was unclear about it.
        reply: the label that was ticked, an identifier, or another name.
    """
    for choice in findings.choices:
        if reply == choice.label:
            return {**payload, lookup.source: choice.name, lookup.target: choice.value}
    if reply.isdecimal():
        return {**payload, lookup.target: int(reply)}
    return {**payload, lookup.source: reply}


def choice_of(lookup: Lookup, item: Mapping[str, object]) -> Choice:
    """Return a record as the owner may choose it."""
    name, value = str(item[lookup.match]), item[lookup.value]
    told = [str(item[each]) for each in lookup.details if item.get(each)]
    label = notes.inline(", ".join([name, *told]), 160)
    return Choice(f"{label} ({lookup.target}: {value})", name, value)


def has_address(lookup: Lookup, item: Mapping[str, object], address: str) -> bool:
    """Return whether a record has the address; the field may hold several, or a name beside it."""
    held = re.split(r"[\s,;<>]+", str(item.get(lookup.address) or "").casefold())
    return address.casefold() in held


def _heard(lookup: Lookup, found: Choice, items: Sequence[Mapping[str, object]]) -> Findings:
    """Return the words that would be answered, where somebody's words are looked up."""
    if not lookup.words:
        return Findings()
    item = next(item for item in items if str(item[lookup.match]) == found.name)
    by, words = f"@{found.value}", str(item.get(lookup.words) or "")
    remark = f"The {lookup.title}, by “{notes.inline(by)}”: “{notes.inline(words, 300)}”"
    return Findings(remarks=(remark,), said=Said(by, words))
