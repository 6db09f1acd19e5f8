"""Who writes, as the books know them: a customer found by the address that a mail came from.

Rules: a name that the books have decides first; the address decides where no company is named,
between several of one name, and where the name differs in its spelling only; whoever else it
belongs to is offered, never taken; that a customer was found this way is said.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from core import payloads
from core.checks import is_missing
from core.extract.parties import agree
from core.findings import Findings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.actions import Action, Lookup, Payload
    from core.asks import Query, Unclear
    from core.checks import Checks
    from core.findings import Choice
    from core.lookups import Found


@dataclass(frozen=True)
class Settled:
    """A payload held against the sender's address.

    Args:
        payload: with the record that the address decided on, if it did.
        findings: what the service says about it; what the address offers is among its choices.
        hint: a sentence for the question which record is meant, "" without.
    """

    payload: Payload
    findings: Findings
    hint: str = ""


class Senders:
    """Asks the books whom an address belongs to.

    Args:
        checks: puts the questions.
        actions: the catalogue.
    """

    def __init__(self, checks: Checks, actions: Mapping[str, Action]) -> None:
        self._checks = checks
        self._actions = actions

    def answered(self, unclear: Unclear) -> tuple[dict[str, str], Unclear]:
        """Return the answers that an address gives, and the questions with what it offers."""
        action = self._actions.get(unclear.kind)
        told: dict[str, str] = {}
        queries: list[Query] = []
        for query in unclear.queries:
            known = self._known(action, query.sender)
            if len(known) == 1:
                told[query.key] = known[0].name
            names = dict.fromkeys([*(each.name for each in known), *query.choices])
            reason = f"{query.reason} {_hint(query.sender, known)}".strip()
            queries.append(replace(query, choices=tuple(names), reason=reason))
        return told, replace(unclear, queries=queries)

    def settled(self, action: Action, found: Found, sender: str, *, named: bool) -> Settled:
        """Return a payload with the record that its name and the sender's address agree on.

        Args:
            action: its row in the catalogue.
            found: the payload, and what the service says about it.
            sender: the mail address, "" when nobody else asks.
            named: whether the mail names the other side; else the address told the name.
        """
        payload, findings = found
        lookup = action.lookup
        if lookup is None or not sender or findings.unanswered:
            return Settled(payload, findings)
        name = str(payload.get(lookup.source, ""))
        if not is_missing(action, payload):
            found_by = Findings() if named else _found_by(lookup, sender, "")
            return Settled(payload, findings + found_by)
        known = self._known(action, sender)
        one = _meant(name, findings, known)
        if one is None:
            held = {each.value for each in known}
            others = (choice for choice in findings.choices if choice.value not in held)
            findings = replace(findings, choices=(*known, *others))
            return Settled(payload, findings, _hint(sender, known))
        payload = {**payload, lookup.source: one.name, lookup.target: one.value}
        payload, findings = self._checks.resolve_now(action, payloads.validated(action, payload))
        return Settled(payload, findings + _found_by(lookup, sender, name if named else ""))

    def _known(self, action: Action | None, sender: str) -> tuple[Choice, ...]:
        return self._checks.known_by(action, sender) if action is not None and sender else ()


def _meant(name: str, findings: Findings, known: Sequence[Choice]) -> Choice | None:
    """Return the one record that both the name and the address say."""
    listed = {choice.value for choice in findings.choices}
    agreed = [each for each in known if agree(each.name, name)]
    both = [each for each in agreed if each.value in listed] or agreed
    return both[0] if len(both) == 1 else None


def _found_by(lookup: Lookup, sender: str, called: str) -> Findings:
    """Return the remark how a record was found."""
    mail = f"calls them {called}" if called else "names no company"
    said = f"The {lookup.title} was found by the address the mail came from, {sender}"
    return Findings(remarks=(f"{said}; the mail {mail}.",))


def _hint(sender: str, known: Sequence[Choice]) -> str:
    names = ", ".join(dict.fromkeys(each.name for each in known))
    return f"In the books, {sender} is the address of {names}." if known else ""
