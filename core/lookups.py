"""Identifiers that are looked up before the owner decides; nothing is ever guessed.

Rules: one record of exactly that name, or the owner is asked; a service that is not set up or does
not answer is said, and never keeps a dry run from going on.
"""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING

from core.sources import CallResult

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from core.actions import Action, Lookup, Payload
    from core.sources import Runner
    from core.workspace import Workspace

LIMIT = 10
WAIT_S = 60.0
ANSWER_AGAIN_S = 1.0
"""A round that awaits an answer asks for another one, so that `--once` does not end before it."""

Found = tuple[dict[str, object], tuple[str, ...]]
"""The payload, with its identifier if there is exactly one, and remarks for the owner."""


def is_missing(action: Action, payload: Payload) -> bool:
    """Return whether an identifier is still to be looked up."""
    return action.lookup is not None and payload.get(action.lookup.target) is None


def failed(lookup: Lookup, title: str, reason: str) -> tuple[str, ...]:
    """Return the remark of a lookup that could not be made."""
    return (f"The {lookup.title} was not looked up in {title}: {reason}",)


def with_found(lookup: Lookup, payload: Payload, items: Sequence[Mapping[str, object]]) -> Found:
    """Return the payload with the one record of exactly that name, or a remark why not.

    No record, or several of the same name, is the owner's to answer.
    """
    name = str(payload.get(lookup.source, ""))
    plain = name.strip().casefold()
    exact = [item for item in items if str(item["name"]).strip().casefold() == plain]
    if len(exact) == 1:
        return {**payload, lookup.target: exact[0]["id"]}, ()
    listed = ", ".join(f"{item['name']} ({lookup.target}: {item['id']})" for item in items[:5])
    if len(exact) > 1:
        several = f"There are {len(exact)} {lookup.title}s called {name}: {listed}."
        return payload, (f"{several} Write the right {lookup.target} under Parameters.",)
    similar = f"Similar: {listed}." if items else "Nothing similar either."
    mend = f"Correct the name, or write the {lookup.target} under Parameters."
    return payload, (f"No {lookup.title} is called {name}. {similar} {mend}",)


class Lookups:
    """Asks the services for identifiers, each question once.

    Args:
        ws: the vault and its records.
        runner: calls the servers.
        ring: called when an answer has come.
    """

    def __init__(self, ws: Workspace, runner: Runner, ring: Callable[[], None]) -> None:
        self._ws = ws
        self._runner = runner
        self._ring = ring
        self._asked: dict[tuple[str, str], Future[CallResult]] = {}

    def can_ask(self, action: Action) -> bool:
        """Return whether the action's service is set up."""
        return not self._ws.services[action.service].missing(self._ws.settings)

    def resolve(self, action: Action, payload: Payload, about: str) -> Found | None:
        """Return what is known about a payload's identifier; None while an answer is awaited.

        Args:
            action: its row in the catalogue.
            payload: the payload.
            about: what the question belongs to; an edited note asks again.
        """
        if not is_missing(action, payload):
            return payload, ()
        future = self._ask(action, payload, about)
        return self._answered(action, payload, future.result()) if future.done() else None

    def resolve_now(self, action: Action, payload: Payload) -> Found:
        """Return what is known about a payload's identifier, waiting for the answer."""
        if not is_missing(action, payload):
            return payload, ()
        future = self._ask(action, payload, "now")
        self._asked.clear()
        try:
            result = future.result(timeout=WAIT_S)
        except TimeoutError:
            result = CallResult(answered=False, error=f"no answer within {WAIT_S:.0f} s")
        return self._answered(action, payload, result)

    def _ask(self, action: Action, payload: Payload, about: str) -> Future[CallResult]:
        lookup = action.lookup
        name = str(payload.get(lookup.source, "")) if lookup else ""
        known = self._asked.get((about, name))
        if known is not None:
            return known
        if lookup is None or not self.can_ask(action):
            future: Future[CallResult] = Future()
            missing = ", ".join(self._ws.services[action.service].missing(self._ws.settings))
            future.set_result(
                CallResult(answered=False, error=f"it is not set up ({missing} missing).")
            )
            return future
        future = self._runner.call(
            action.service, lookup.tool.split(".")[1], {"query": name, "limit": LIMIT}
        )
        self._asked[(about, name)] = future
        future.add_done_callback(lambda _: self._ring())
        return future

    def _answered(self, action: Action, payload: Payload, result: CallResult) -> Found:
        lookup = action.lookup
        if lookup is None:
            return payload, ()
        title = self._ws.services[action.service].title
        if not result.answered or "items" not in result.data:
            reasons = result.data.get("reasons") or [result.error or "no answer"]
            return payload, failed(lookup, title, str(reasons[0]))
        return with_found(lookup, payload, result.data["items"])
