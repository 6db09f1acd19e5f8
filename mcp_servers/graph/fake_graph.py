"""Meta's Graph API as the sandbox plays it: what its fakes of Facebook and Instagram share.

Rules: errors have Meta's shape, with code and subcode; every answer tells how much of the allowance
is used; any token that is not empty is accepted, from the header or the parameter; fields that are
not asked for are not answered.

Sources: developers.facebook.com/docs/graph-api, "Handling Errors", "Rate Limits" and "Paginated
Results", read 2026-11-21. Meta tells waits in whole minutes; `Retry-After` is said besides, so that
a fault's `seconds` mean seconds.
"""

from __future__ import annotations

import base64
import json
import math
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import policy
from email.parser import BytesParser
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from mcp_servers.fakes import Fault, FaultMode, Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mcp_servers.fakes import World

Row = dict[str, Any]
PATH = re.compile(r"/v\d{1,2}\.\d/(.+?)/?")
_FIELD = re.compile(r"(\w+)((?:\.\w+\([^()]*\))*)(\{[^{}]*\})?")
DEFAULT_LIMIT, LIMIT_MOST = 25, 100


class RefusedError(Exception):
    """Meta says no.

    Args:
        code: Meta's number.
        message: Meta's words.
        subcode: Meta's finer number.
        status: of the HTTP answer.
    """

    def __init__(self, code: int, message: str, subcode: int = 0, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.subcode, self.status = code, message, subcode, status

    def body(self) -> Row:
        """Return Meta's error object."""
        error = {
            "message": f"(#{self.code}) {self.message}",
            "type": "OAuthException",
            "code": self.code,
            "is_transient": self.code in {1, 2},
            "fbtrace_id": "AsandboxTrace",
        }
        return {"error": error | ({"error_subcode": self.subcode} if self.subcode else {})}


def no_such_object(identifier: str, verb: str = "get") -> RefusedError:
    """Return the refusal of an id that nobody knows."""
    text = f"Unsupported {verb} request. Object with ID '{identifier}' does not exist"
    return RefusedError(100, text, 33)


@dataclass(frozen=True)
class Call:
    """One request, taken apart.

    Args:
        method: upper case.
        path: without version, e.g. `123/feed`.
        fields: query and form together.
        file: content of an uploaded file, None without one.
    """

    method: str
    path: str
    fields: Mapping[str, str]
    file: bytes | None = None

    @property
    def place(self) -> tuple[str, str]:
        """Return id and edge; the edge is "" for the object itself."""
        identifier, _, edge = self.path.partition("/")
        return identifier, edge

    def text(self, name: str) -> str:
        """Return a field that must be there.

        Raises:
            RefusedError: it is not.
        """
        value = self.fields.get(name, "")
        if not value.strip():
            raise RefusedError(100, f"The parameter {name} is required.")
        return value

    def object(self, name: str) -> Row:
        """Return a field that is JSON.

        Raises:
            RefusedError: it is none.
        """
        try:
            value = json.loads(self.text(name))
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise RefusedError(100, f"Param {name} must be a JSON object.")
        return value


def call_of(request: Request) -> Call:
    """Return a request taken apart; a body may be a form, a multipart form or JSON."""
    match = PATH.fullmatch(request.path)
    fields = dict(request.query)
    kind = request.headers.get("content-type", "")
    file = None
    if kind.startswith("multipart/form-data"):
        file = _take_parts(kind, request.body, fields)
    elif kind.startswith("application/json"):
        body = request.json if isinstance(request.json, dict) else {}
        fields |= {k: v if isinstance(v, str) else json.dumps(v) for k, v in body.items()}
    else:
        fields |= dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    return Call(request.method, match[1] if match else "", fields, file)


def _take_parts(kind: str, body: bytes, fields: dict[str, str]) -> bytes | None:
    """Put a multipart form's texts into `fields` and return its file."""
    head = f"Content-Type: {kind}\r\nMIME-Version: 1.0\r\n\r\n".encode()
    file = None
    for part in BytesParser(policy=policy.HTTP).parsebytes(head + body).walk():
        content = part.get_payload(decode=True)
        name = part.get_param("name", header="content-disposition")
        if not isinstance(content, bytes) or name is None:
            continue
        if part.get_filename():
            file = content
        else:
            fields[str(name)] = content.decode("utf-8", "replace")
    return file


@dataclass
class Inbox:
    """Private messages of one account, by the other person's id.

    Args:
        account: the account's own id.
        threads: each with `id`, and `messages`, newest first.
    """

    account: str
    threads: dict[str, Row] = field(default_factory=dict)

    def seed(self, person: Mapping[str, str], identifier: str, texts: Sequence[Row]) -> None:
        """Lay down a conversation; `texts` are of the person, newest first."""
        sender = {"id": person["id"], "name": person["name"]}
        rows = [{**text, "from": sender} for text in texts]
        self.threads[person["id"]] = {"id": identifier, "messages": rows}

    def list(self, call: Call) -> Row:
        """Answer `conversations`, of one person where one is named."""
        wanted = call.fields.get("user_id")
        threads = [
            {**thread, "messages": {"data": list(thread["messages"])}}
            for person, thread in self.threads.items()
            if wanted in {None, person}
        ]
        return {"data": [shaped(thread, call.fields.get("fields", "id")) for thread in threads]}

    def check(self, person: str, now: datetime) -> Row:
        """Return the conversation that may be answered now.

        Raises:
            RefusedError: there is none, or their last message is older than 24 hours.
        """
        thread = self.threads.get(person)
        if thread is None:
            raise RefusedError(100, "No matching user found", 2018001)
        theirs = [m["created_time"] for m in thread["messages"] if m["from"]["id"] == person]
        if now - datetime.fromisoformat(max(theirs)) > timedelta(hours=24):
            text = "This message is sent outside of allowed window."
            raise RefusedError(10, text, 2018278, 403)
        return thread


class GraphFake(ABC):
    """One service of the Graph API. A service names its account and plays its edges.

    Args:
        world: receives the effects and gives the time.
    """

    service = ""
    account = ""
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
        self.inbox = Inbox(self.account)
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


def instant(at: datetime) -> str:
    """Return an instant as Meta writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


def page_of(rows: Sequence[Row], call: Call) -> Row:
    """Answer one page of a list, with the fields asked for.

    Raises:
        RefusedError: limit or cursor cannot be used.
    """
    size = call.fields.get("limit", str(DEFAULT_LIMIT))
    if not size.isdecimal() or not 1 <= int(size) <= LIMIT_MOST:
        raise RefusedError(100, f"Param limit must be from 1 to {LIMIT_MOST}")
    if since := call.fields.get("since"):
        rows = [row for row in rows if _seconds(row) >= float(since)]
    start = _offset(call.fields.get("after"))
    page = rows[start : start + int(size)]
    fields = call.fields.get("fields", "id")
    answer: Row = {"data": [shaped(row, fields) for row in page]}
    if page:
        cursors = {"before": _cursor(start), "after": _cursor(start + len(page))}
        answer["paging"] = {"cursors": cursors}
        if start + len(page) < len(rows):
            answer["paging"]["next"] = f"https://graph.facebook.com/{call.path}?after=..."
    return answer


def _seconds(row: Row) -> float:
    return datetime.fromisoformat(row.get("created_time") or row["timestamp"]).timestamp()


def _cursor(offset: int) -> str:
    return base64.urlsafe_b64encode(f"at {offset}".encode()).decode()


def _offset(cursor: str | None) -> int:
    if not cursor:
        return 0
    try:
        return int(base64.urlsafe_b64decode(cursor).decode().removeprefix("at "))
    except ValueError:
        raise RefusedError(100, "Invalid cursor") from None


def shaped(row: Row, fields: str) -> Row:
    """Return an object with the fields asked for, the id always; nested ones are given whole."""
    names = [match[1] for match in _FIELD.finditer(fields)]
    return {name: row[name] for name in dict.fromkeys(("id", *names)) if name in row}


def insights(rows: Mapping[str, Row], call: Call) -> Row:
    """Answer figures by name, those that have data for the period.

    Args:
        rows: what each known figure answers, without its name; an empty one stands for no data.
        call: names them in `metric`, and a `period`.

    Raises:
        RefusedError: a name is not known.
    """
    names = call.text("metric").split(",")
    for position, name in enumerate(names):
        if name not in rows:
            text = f"metric[{position}] must be one of the following values: {', '.join(rows)}"
            raise RefusedError(100, text)
    period = call.fields.get("period", "day")
    known = [name for name in names if rows[name].get("period") == period]
    return {"data": [{"name": name, **rows[name]} for name in known]}
