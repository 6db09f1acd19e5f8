"""What a service's records say about an action before the owner decides; nothing is ever guessed.

Rules: one record of exactly that name, or the owner is asked; what the service would refuse or
regret is not proposed; a service that is not set up or does not answer is said, and never keeps a
dry run from going on.
"""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from core import lookups
from core.extract.ibans import fingerprint, ibans_in
from core.findings import Choice, Findings, Payee, Said
from core.sources import CHECK_TOOL, CallResult

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from core.actions import Action, Part, Payload
    from core.lookups import Found
    from core.sources import Runner
    from core.workspace import Workspace

LIMIT = 10
CAREFUL = "CAREFUL:"
OPEN = "unchecked:"
"""What the journal calls the question about a proposal that nobody has put to its service yet."""
WAIT_S = 60.0
ANSWER_AGAIN_S = 1.0
"""A round that awaits an answer asks for another one, so that `--once` does not end before it."""


def is_missing(action: Action, payload: Payload) -> bool:
    """Return whether an identifier is still to be looked up."""
    return action.lookup is not None and payload.get(action.lookup.target) is None


def is_checked(action: Action, payload: Payload) -> bool:
    """Return whether a service is asked about an action, or about one of its parts."""
    if action.parts is None:
        return action.checked
    return any(part.action.checked for part in action.parts(payload))


def is_asked(action: Action, payload: Payload) -> bool:
    """Return whether there is anything to ask the service about."""
    return is_checked(action, payload) or is_missing(action, payload)


def leave_open(ws: Workspace, action_id: str) -> None:
    """Keep in the journal that the daemon is still to ask about a proposal."""
    ws.journal.remember(f"{OPEN}{action_id}", value=True)


def is_open(ws: Workspace, action_id: str) -> bool:
    """Return whether the services are still to be asked about a proposal."""
    return ws.journal.recall(f"{OPEN}{action_id}") is True


def close(ws: Workspace, action_id: str) -> None:
    """Note that the services were asked about a proposal."""
    if is_open(ws, action_id):
        ws.journal.remember(f"{OPEN}{action_id}", value=False)


def unanswered(action: Action, payload: Payload, title: str, reason: str) -> Findings:
    """Return the remark of a service that could not be asked.

    Args:
        action: its row in the catalogue.
        payload: the payload.
        title: the service's name in front of people.
        reason: why there is no answer, in words.
    """
    lookup = action.lookup
    if lookup is not None and is_missing(action, payload):
        said = f"The {lookup.title} was not looked up in {title}: {reason}"
        return Findings(remarks=(said,), unanswered=True)
    said = f"It was not checked in {title}: {reason}"
    return Findings(remarks=(said,) * action.checked, unanswered=action.checked)


def as_data(action: Action, found: Found) -> dict[str, Any]:
    """Return what was found as the data of a tool's answer; `from_data` reads it back."""
    payload, findings = found
    target = action.lookup.target if action.lookup else ""
    until = findings.until.isoformat() if findings.until else None
    return {"identifier": payload.get(target), **asdict(findings), "until": until}


def from_data(action: Action, payload: Payload, data: Mapping[str, Any]) -> Found:
    """Return what a tool's answer says about a payload."""
    identifier, payee, accounts = (data.get(n) for n in ("identifier", "payee", "accounts"))
    said, until = data.get("said"), data.get("until")
    if action.lookup is not None and identifier is not None:
        payload = {**payload, action.lookup.target: identifier}
    findings = Findings(
        tuple(data["refusals"]),
        tuple(data["unclear"]),
        tuple(data["remarks"]),
        Payee.of(payee) if payee else None,
        None if accounts is None else tuple(accounts),
        tuple(Choice(**choice) for choice in data.get("choices", ())),
        bool(data.get("unanswered")),
        Said(**said) if said else None,
        datetime.fromisoformat(until) if until else None,
    )
    return payload, findings


def about_parts(parts: Sequence[Part], found: Sequence[Findings]) -> Findings:
    """Return what several services say about one action, each sentence with its network."""
    return sum(
        (
            Findings(
                _named(part, said.refusals),
                _named(part, said.unclear),
                _named(part, said.remarks),
                unanswered=said.unanswered,
            )
            for part, said in zip(parts, found, strict=True)
        ),
        start=Findings(),
    )


def _named(part: Part, sentences: tuple[str, ...]) -> tuple[str, ...]:
    """Return sentences that name the network; a warning still begins as one."""
    return tuple(
        f"{CAREFUL} {part.title}: {said.removeprefix(CAREFUL).strip()}"
        if said.startswith(CAREFUL)
        else f"{part.title}: {said}"
        for said in sentences
    )


def account_warnings(words: str, findings: Findings) -> Findings:
    """Return a warning for each bank account in words from outside that the books do not have.

    Args:
        words: a mail and its papers.
        findings: what the books say about the other side.
    """
    if findings.accounts is None:
        return Findings()
    books = "another one" if findings.accounts else "none"
    return Findings(
        remarks=tuple(
            f"CAREFUL: it names the bank account ending in {number[-4:]}; your books have {books}. "
            "Ask by a way you know before anything is paid there."
            for number in ibans_in(words)
            if fingerprint(number) not in findings.accounts
        )
    )


class Checks:
    """Asks the services about actions, each question once.

    Args:
        ws: the vault and its records.
        runner: calls the servers.
        ring: called when an answer has come.
    """

    def __init__(self, ws: Workspace, runner: Runner, ring: Callable[[], None]) -> None:
        self._ws = ws
        self._runner = runner
        self._ring = ring
        self._asked: dict[str, Future[CallResult]] = {}

    def can_ask(self, action: Action, payload: Payload) -> bool:
        """Return whether a service of the action is set up."""
        names = self._ws.services_of(action, payload)
        return any(not self._ws.services[name].missing(self._ws.settings) for name in names)

    def resolve(self, action: Action, payload: Payload, about: str) -> Found | None:
        """Return what is found out about a payload; None while an answer is awaited.

        Args:
            action: its row in the catalogue.
            payload: the payload.
            about: what the question belongs to; an edited note asks again.
        """
        if action.parts is not None:
            return self._about_parts(action.parts(payload), payload, about)
        if not is_asked(action, payload):
            return payload, Findings()
        future = self._ask(action, payload, about)
        return self._answered(action, payload, future.result()) if future.done() else None

    def _about_parts(self, parts: Sequence[Part], payload: Payload, about: str) -> Found | None:
        asked = [self.resolve(p.action, p.payload, _question(about, p)) for p in parts]
        found = [each[1] for each in asked if each is not None]
        return (payload, about_parts(parts, found)) if len(found) == len(parts) else None

    def resolve_now(self, action: Action, payload: Payload) -> Found:
        """Return what is found out about a payload, waiting for the answer."""
        if action.parts is not None:
            parts = action.parts(payload)
            found = [self.resolve_now(part.action, part.payload)[1] for part in parts]
            return payload, about_parts(parts, found)
        if not is_asked(action, payload):
            return payload, Findings()
        future = self._ask(action, payload, "now")
        self.forget("now")
        try:
            result = future.result(timeout=WAIT_S)
        except TimeoutError:
            result = CallResult(answered=False, error=f"no answer within {WAIT_S:.0f} s")
        return self._answered(action, payload, result)

    def known_by(self, action: Action, address: str) -> tuple[Choice, ...]:
        """Return the records of exactly this mail address, waiting for the answer.

        None are returned where an address proves nothing, and where the service does not answer.
        """
        lookup = action.lookup
        missing = self._ws.services[action.service].missing(self._ws.settings)
        if lookup is None or not lookup.address or missing:
            return ()
        service, _, tool = lookup.tool.partition(".")
        future = self._runner.call(service, tool, {"query": address, "limit": LIMIT})
        try:
            data = future.result(timeout=WAIT_S).data
        except TimeoutError:
            return ()
        if data.get("next_cursor"):
            return ()  # more than anybody could be asked about
        held = (
            item for item in data.get("items", ()) if lookups.has_address(lookup, item, address)
        )
        return tuple(lookups.choice_of(lookup, item) for item in held)

    def forget(self, about: str) -> None:
        """Drop an answer, also about parts, so that the same question is asked anew."""
        for known in [each for each in self._asked if each.partition("\n")[0] == about]:
            del self._asked[known]

    def _ask(self, action: Action, payload: Payload, about: str) -> Future[CallResult]:
        known = self._asked.get(about)
        if known is not None:
            return known
        missing = ", ".join(self._ws.services[action.service].missing(self._ws.settings))
        if missing:
            future: Future[CallResult] = Future()
            error = f"it is not set up ({missing} missing)."
            future.set_result(CallResult(answered=False, error=error))
            return future
        asked = {"action": action.kind, "arguments": payload}
        future = self._runner.call(action.service, CHECK_TOOL, asked)
        self._asked[about] = future
        future.add_done_callback(lambda _: self._ring())
        return future

    def _answered(self, action: Action, payload: Payload, result: CallResult) -> Found:
        if result.answered and "refusals" in result.data:
            return from_data(action, payload, result.data)
        reasons = result.data.get("reasons") or [result.error or "no answer"]
        title = self._ws.services[action.service].title
        return payload, unanswered(action, payload, title, str(reasons[0]))


def _question(about: str, part: Part) -> str:
    return f"{about}\n{part.label}"
