"""What the fakes of the sandbox share: requests, answers, faults and the list of effects.

Rules: every change of state is an effect, in order, with the idempotency key it carried; a fault
says for itself whether the fake acts; the same requests after a reset give the same identifiers.
A new service is one class that satisfies `Fake` and one row in `mcp_servers.sandbox.FAKES`.
"""

from __future__ import annotations

import copy
import json
import threading
from collections import Counter
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Protocol

from utils.clock import Clock, iso
from utils.errors import NoteError
from utils.files import read_regular

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping, Sequence
    from pathlib import Path

Json = Any
"""A decoded JSON value; fakes take it apart at once."""

LIMIT_FILE_BYTES = 100 * 1024 * 1024


class FaultMode(StrEnum):
    """What goes wrong. The comment says whether the fake acts."""

    LOST_ANSWER = "lost_answer"  # acts, then drops the connection
    DROP_BEFORE = "drop_before"  # reads the request, drops the connection, does nothing
    HTTP_500_BEFORE = "http_500_before"  # answers 500, does nothing
    HTTP_500_AFTER = "http_500_after"  # acts, then answers 500
    HTTP_429 = "http_429"  # asks to come back in `seconds`, does nothing
    SLOW = "slow"  # waits `seconds`, then acts and answers, whether anyone still listens or not
    GARBAGE = "garbage"  # answers 200 with an HTML page, does nothing
    AUTH_EXPIRED = "auth_expired"  # answers as the service does to a dead credential, does nothing

    @property
    def acts(self) -> bool:
        """Return whether the request changes the fake's state all the same."""
        return self in {FaultMode.LOST_ANSWER, FaultMode.HTTP_500_AFTER, FaultMode.SLOW}

    @property
    def drops(self) -> bool:
        """Return whether the connection ends without an answer."""
        return self in {FaultMode.LOST_ANSWER, FaultMode.DROP_BEFORE}


@dataclass(frozen=True)
class Fault:
    """One thing that will go wrong.

    Args:
        service: the fake it is for.
        mode: what goes wrong.
        times: how many matching requests it spoils; 0 means every one until the reset.
        match: substring of the request's kind; None matches every request of the service, reads
            and logins included.
        seconds: how long `slow` waits, and in how many seconds `http_429` asks to come back.
    """

    service: str
    mode: FaultMode
    times: int = 1
    match: str | None = None
    seconds: float = 5.0

    def matches(self, service: str, kind: str) -> bool:
        """Return whether a request of this kind is spoiled."""
        return service == self.service and (self.match is None or self.match in kind)


@dataclass(frozen=True)
class Request:
    """One HTTP request.

    Args:
        method: upper case.
        path: without the query.
        query: the last value of each parameter.
        headers: names in lower case.
        body: as it came.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @cached_property
    def json(self) -> Json:
        """Return the body as JSON, None when it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass(frozen=True)
class Response:
    """One HTTP answer."""

    status: int
    body: bytes
    content_type: str = "application/json; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls, value: object, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> Response:
        """Return a JSON answer."""
        return cls(status, json.dumps(value, ensure_ascii=False).encode(), headers=headers or {})

    @classmethod
    def page(cls, title: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
        """Return an HTML page, as a proxy in front of a service answers."""
        text = (
            f"<!DOCTYPE html>\n<html><head><title>{title}</title></head>"
            f"<body><center><h1>{title}</h1></center></body></html>\n"
        )
        return cls(status, text.encode(), "text/html; charset=utf-8", headers or {})


class Fake(Protocol):
    """One service as the sandbox plays it. Every method but `settings` runs under the lock."""

    service: str
    routes: re.Pattern[str]  # matches the paths that are its own, from their first character

    def __init__(self, world: World) -> None: ...

    def settings(self, url: str) -> dict[str, str]:
        """Return the settings that make the real client use this fake at the root `url`."""

    def kind(self, request: Request) -> str:
        """Return the kind of a request: the action's kind, else `service.model.method`."""

    def handle(self, request: Request) -> Response | None:
        """Act on a request; None when it has no such path."""

    def fail(self, fault: Fault, request: Request) -> Response:
        """Return the answer of a fault that answers (500, 429, garbage, expired credential)."""

    def reset(self) -> None:
        """Go back to the seeded state."""


class World:
    """What happened and what will go wrong, for all fakes; safe in parallel threads.

    Args:
        clock: gives the time of effects and of new records.
        vault: whose `Attachments/` are the practice web space, None without one.
    """

    def __init__(self, clock: Clock, vault: Path | None = None) -> None:
        self.clock = clock
        self.vault = vault
        self.files: dict[str, bytes] = {}
        self.lock = threading.RLock()
        self._effects: list[dict[str, Json]] = []
        self._requests: Counter[str] = Counter()
        self._faults: list[Fault] = []

    def file(self, name: str) -> bytes | None:
        """Return a file of the practice web space: put there, else of the vault."""
        if name in self.files or self.vault is None:
            return self.files.get(name)
        try:
            path = self.vault / "Attachments" / PurePath(name).name
            return read_regular(path, limit_bytes=LIMIT_FILE_BYTES)
        except (NoteError, OSError):
            return None

    def record(self, service: str, kind: str, key: str | None, payload: object) -> None:
        """Add one change of state; `payload` is copied."""
        with self.lock:
            effect = {
                "seq": len(self._effects) + 1,
                "service": service,
                "kind": kind,
                "at": iso(self.clock.now()),
                "key": key,
                "payload": copy.deepcopy(payload),
            }
            self._effects.append(effect)

    def effects(self) -> list[dict[str, Json]]:
        """Return a copy of all effects, oldest first."""
        with self.lock:
            return copy.deepcopy(self._effects)

    def count(self, service: str) -> None:
        """Count one request of a service, spoiled ones included."""
        with self.lock:
            self._requests[service] += 1

    def requests(self) -> dict[str, int]:
        """Return the number of requests by service."""
        with self.lock:
            return dict(self._requests)

    def add_fault(self, fault: Fault) -> None:
        """Queue a fault; of several that match a request, the oldest one spoils it."""
        with self.lock:
            self._faults.append(fault)

    def take_fault(self, service: str, kind: str) -> Fault | None:
        """Return the fault that spoils a request and use it up by one."""
        with self.lock:
            for index, fault in enumerate(self._faults):
                if not fault.matches(service, kind):
                    continue
                if fault.times == 1:
                    del self._faults[index]
                elif fault.times > 1:
                    self._faults[index] = replace(fault, times=fault.times - 1)
                return fault
        return None

    def clear(self) -> None:
        """Forget all effects, counts and faults."""
        with self.lock:
            self._effects.clear()
            self._requests.clear()
            self._faults.clear()


@dataclass(frozen=True)
class Comment:
    """What somebody else says in public, as `POST /_sandbox/comments` describes it.

    Args:
        service: where.
        name: who.
        text: what.
        below: the id of the post, or of the comment, that it answers; None: the newest post.
    """

    service: str
    name: str
    text: str
    below: str | None = None


def comment_of(value: object, services: Sequence[str]) -> Comment:
    """Return the comment that a JSON object describes.

    Raises:
        ValueError: it describes none; the message is a sentence for a person.
    """
    if not isinstance(value, dict):
        raise ValueError("The body must be a JSON object.")
    unknown = sorted(set(value) - {"service", "from", "text", "below"})
    if unknown:
        raise ValueError(f"Unknown field {unknown[0]!r}.")
    texts = {name: value.get(name) for name in ("service", "from", "text")}
    if texts["service"] not in services:
        raise ValueError(f"service must be one of {', '.join(services)}.")
    for name, text in texts.items():
        if not isinstance(text, str) or not text.strip():
            raise ValueError(f"{name} must be a text that is not empty.")
    below = value.get("below")
    if below is not None and not isinstance(below, str):
        raise ValueError("below must be the id of a post or a comment, or be left out.")
    return Comment(str(texts["service"]), str(texts["from"]), str(texts["text"]), below)


def fault_of(value: object, services: tuple[str, ...]) -> Fault:
    """Return the fault that a JSON object describes.

    Raises:
        ValueError: it describes none; the message is a sentence for a person.
    """
    if not isinstance(value, dict):
        raise ValueError("The body must be a JSON object.")
    unknown = sorted(set(value) - {"service", "mode", "times", "match", "seconds"})
    if unknown:
        raise ValueError(f"Unknown field {unknown[0]!r}.")
    service, mode = value.get("service"), value.get("mode")
    if service not in services:
        raise ValueError(f"service must be one of {', '.join(services)}.")
    if mode not in list(FaultMode):
        raise ValueError(f"mode must be one of {', '.join(FaultMode)}.")
    match = value.get("match")
    if match is not None and not (isinstance(match, str) and match):
        raise ValueError("match must be a text that is not empty, or be left out.")
    times, seconds = value.get("times", 1), value.get("seconds", 5.0)
    if type(times) is not int or times < 0:
        raise ValueError("times must be a whole number, 0 for every time.")
    if type(seconds) not in {int, float} or not 0 <= seconds <= 600:
        raise ValueError("seconds must be a number from 0 to 600.")
    return Fault(service, FaultMode(mode), times, match, float(seconds))
