"""Meta's Graph API as the sandbox plays it: what its fakes of Facebook and Instagram share.

Rules: errors have Meta's shape, with code and subcode; every answer tells how much of the allowance
is used; any token that is not empty is accepted, from the header or the parameter; fields that are
not asked for are not answered.

Sources: developers.facebook.com/docs/graph-api, "Handling Errors", "Rate Limits" and "Paginated
Results", read 2026-11-21. Meta tells waits in whole minutes; `Retry-After` is said besides, so that
a fault's `seconds` mean seconds.
"""

from __future__ import annotations

import json
import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from mcp_servers.fakes import Fault, FaultMode, Request, Response
from mcp_servers.graph.fake_calls import PATH, Call, RefusedError, Row, call_of, no_such_object
from mcp_servers.graph.fake_inbox import Inbox
from mcp_servers.graph.fake_lists import instant, shaped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mcp_servers.fakes import Comment, World


class GraphFake(ABC):
    """One service of the Graph API. A service names its account and its people, plays its edges.

    Args:
        world: receives the effects and gives the time.
    """

    service = ""
    account = ""
    owner: Mapping[str, str] = {}
    people: Mapping[str, Mapping[str, str]] = {}
    question = ""
    mark = ""
    longest_message = 0
    usage_type = "pages"
    throttled = 80001
    routes = PATH
    kinds: Mapping[str, str] = {}

    def __init__(self, world: World) -> None:
        self._world = world
        self.used_percent = 3
        self.regained_in_s: float | None = None
        """What the next answers say about the allowance, for tests."""
        self.denied: set[str] = set()
        """Kinds that lack a permission, for tests."""
        self._counter = 0
        self.seed_inbox()
        self.reset()

    @abstractmethod
    def reset(self) -> None:
        """Go back to the seeded state."""

    @abstractmethod
    def edges(self) -> Mapping[tuple[str, str], Callable[[Call], Row]]:
        """Return what answers, by method and edge; "" is the object itself."""

    @abstractmethod
    def own_fields(self) -> Row:
        """Return the fields of the account itself, without its id."""

    @abstractmethod
    def objects(self) -> Iterable[Row]:
        """Return every object that is known by its id."""

    @abstractmethod
    def newest(self) -> str:
        """Return the id of the newest post."""

    @abstractmethod
    def add_foreign(self, below: str, name: str, text: str, created: str) -> Row:
        """Add somebody else's comment on a post or below a comment, and return it."""

    def hear(self, comment: Comment) -> Row:
        """Let somebody else comment on a post, the newest one if none is named.

        Raises:
            ValueError: there is no such post or comment; the message is a sentence for a person.
        """
        below = comment.below or self.newest()
        if all(row["id"] != below for row in self.objects()):
            raise ValueError(f"There is no post and no comment {below}.")
        row = self.add_foreign(below, comment.name, comment.text, self.now_text())
        return {"id": row["id"], "below": below}

    def kind(self, request: Request) -> str:
        """Return the kind of a request: of a write as `kinds` names it, else by its edge."""
        edge = call_of(request).place[1]
        name = self.kinds.get(edge, edge) if request.method == "POST" else edge
        return f"{self.service}.{name or 'object'}"

    def play(self, call: Call) -> Row:
        """Act on a request and return the answer.

        Raises:
            RefusedError: Meta would refuse.
        """
        identifier, edge = call.place
        answer = self.edges().get((call.method, edge))
        if answer is None:
            raise RefusedError(100, f"Tried accessing nonexisting field ({edge})")
        if not self.is_own(call) and all(row["id"] != identifier for row in self.objects()):
            raise no_such_object(identifier, call.method.lower())
        return answer(call)

    def is_own(self, call: Call) -> bool:
        """Return whether a request is about the account itself."""
        return call.place[0] in {self.account, "me"}

    def show(self, call: Call) -> Row:
        """Answer one object with the fields asked for."""
        identifier, fields = call.place[0], call.fields.get("fields", "id")
        if self.is_own(call):
            return shaped({"id": self.account, **self.own_fields()}, fields)
        return shaped(next(row for row in self.objects() if row["id"] == identifier), fields)

    def seed_inbox(self) -> None:
        """Go back to the seeded conversations."""
        self.inbox = Inbox(self.owner, self.mark)
        self.inbox.seed(self.people, self.question, self._world.clock.now())

    def size_of_message(self, text: str) -> int:
        """Return how much of the limit for a message a text takes."""
        return len(text)

    def send(self, call: Call) -> Row:
        """Answer a private message."""
        person = str(call.object("recipient").get("id"))
        text = call.object("message").get("text")
        most = self.longest_message
        if not isinstance(text, str) or not text.strip() or self.size_of_message(text) > most:
            raise RefusedError(100, f"Length of param message[text] must be from 1 to {most}")
        identifier = self.inbox.answer(person, text, self._world.clock.now(), self.number)
        payload = {"id": identifier, "recipient_id": person, "message": text}
        self.record(f"{self.service}.send_message", payload)
        return {"recipient_id": person, "message_id": identifier}

    def now_text(self) -> str:
        """Return the present instant as Meta writes it."""
        return instant(self._world.clock.now())

    def number(self) -> int:
        """Return 1, 2, 3 and so on; starts again at a reset."""
        self._counter += 1
        return self._counter

    def handle(self, request: Request) -> Response | None:
        """Act on a request; every answer has the shape and the headers of Meta."""
        try:
            self._check_token(request)
            if self.kind(request) in self.denied:
                text = "Requires pages_manage_posts permission to manage the object"
                raise RefusedError(200, text, 0, 403)
            headers = self._headers(self.used_percent, self.regained_in_s)
            return Response.of(self.play(call_of(request)), 200, headers)
        except RefusedError as refused:
            headers = self._headers(self.used_percent)
            return Response.of(refused.body(), refused.status, headers)

    def fail(self, fault: Fault, request: Request) -> Response:  # noqa: ARG002 part of Fake
        """Return the answer of a fault in Meta's own shape."""
        match fault.mode:
            case FaultMode.GARBAGE:
                return Response.page("Facebook", 200)
            case FaultMode.HTTP_429:
                text = "There have been too many calls to this account. Wait a bit and try again."
                refused = RefusedError(self.throttled, text, 0, 429)
                headers = self._headers(100, fault.seconds)
            case FaultMode.AUTH_EXPIRED:
                refused = _dead_token("Session has expired", 463)
                headers = self._headers(self.used_percent)
            case _:
                refused = RefusedError(2, "Service temporarily unavailable", 0, 500)
                headers = self._headers(self.used_percent)
        return Response.of(refused.body(), refused.status, headers)

    def record(self, kind: str, payload: Row) -> None:
        """Add one change of state."""
        self._world.record(self.service, kind, None, payload)

    def _check_token(self, request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        given = token if scheme.lower() == "bearer" else call_of(request).fields.get("access_token")
        if not (given or "").strip():
            raise _dead_token("An access token is required to request this resource.", 0)

    def _headers(self, percent: float, wait_s: float | None = None) -> dict[str, str]:
        minutes = 0 if wait_s is None else math.ceil(wait_s / 60)
        used = {"call_count": percent, "total_cputime": 1, "total_time": 1}
        case = {"type": self.usage_type, **used, "estimated_time_to_regain_access": minutes}
        headers = {
            "X-App-Usage": json.dumps(used),
            "X-Business-Use-Case-Usage": json.dumps({self.account: [case]}),
            "facebook-api-version": "v26.0",
        }
        return headers | ({} if wait_s is None else {"Retry-After": str(math.ceil(wait_s))})


def _dead_token(message: str, subcode: int) -> RefusedError:
    return RefusedError(190, f"Error validating access token: {message}", subcode, 401)
