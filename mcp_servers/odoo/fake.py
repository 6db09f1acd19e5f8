"""Odoo as the sandbox plays it: JSON-RPC and JSON-2 over a small set of models kept in memory.

Rules: one call is one transaction, so a call that fails changes nothing; errors have Odoo's own
names and shapes; empty values come as `False`, many2one as `[id, name]`; amounts are computed by
the fake and never taken from the caller. Any database, user and password that are not empty are
accepted. What is not played is refused the way Odoo refuses what it does not know. It plays 17
unless `switch` says otherwise.

A further model is one row of `fake_models.MODELS` (what it computes goes into `fake_books`), a
further method one of `fake_calls.METHODS`, an action's kind one of `fake_models.KINDS`.

Sources: the JSON-RPC of Odoo Community 17.0-20240709, 18.0-20250702 and 19.0 as run with odoorpc
0.10.1 in 2026-11; "External API" and "ORM API, search domains", odoo.com documentation 17.0.
"""

from __future__ import annotations

import inspect
import math
import re
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mcp_servers.fakes import Fault, FaultMode, Request, Response
from mcp_servers.odoo.fake_books import BUSINESS
from mcp_servers.odoo.fake_calls import METHODS, Calls
from mcp_servers.odoo.fake_models import COMPANY_ID, KEY_FIELDS, USER_ID
from mcp_servers.odoo.fake_tables import OdooError, Tables
from mcp_servers.odoo.fake_wire import (
    JSON_2,
    Call,
    call_in_json_2,
    call_in_rpc,
    json_2_error,
    kind_of,
    rpc_envelope,
    rpc_error,
    rpc_result,
)
from utils.clock import iso

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from mcp_servers.fakes import World
    from mcp_servers.odoo.fake_schema import Row

FAILURES = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError)
"""What a wrong call makes of the fake; Odoo answers these as `builtins.*` errors too."""

KEY_DAYS = 60


@dataclass(frozen=True)
class Switches:
    """Which server is played.

    Args:
        version: 17, 18 or 19.
        companies: 1 or 2; the user may see both.
        missing: `model.field` of fields, and paths, that this server does not have.
        key_expired: every use of the credentials is refused.
        key_expires_on: the day the key ends; None: 60 days from now.
        failure_status: the status of a proxy's page in front of it (500, 502, 503).
        bare_errors: error answers come without `data`.
        errors: by kind: the name of the error that every such call ends with, rolled back.
    """

    version: int = 17
    companies: int = 1
    missing: frozenset[str] = frozenset()
    key_expired: bool = False
    key_expires_on: date | None = None
    failure_status: int = 500
    bare_errors: bool = False
    errors: Mapping[str, str] = field(default_factory=dict)


class OdooFake:
    """One database.

    Args:
        world: receives the effects and gives the time.
    """

    service = "odoo"
    routes = re.compile(r"/(jsonrpc|json/2/|web/|web$|xmlrpc/)")

    def __init__(self, world: World) -> None:
        self._world = world
        self._changes: list[tuple[str, str | None, Row]] = []
        self.switches = Switches()
        self.reset()

    def switch(self, **changed: Any) -> None:
        """Play another server from now on, with fresh records; without arguments: Odoo 17."""
        self.switches = replace(Switches(), **changed)
        self.reset()

    def settings(self, url: str) -> dict[str, str]:
        """Return the settings that make the real client use this fake."""
        return {
            "ODOO_LIVE": "true",
            "ODOO_URL": url,
            "ODOO_DB": "sandbox",
            "ODOO_USERNAME": "sandbox",
            "ODOO_PASSWORD": "practice-odoo-password",
        }

    def reset(self) -> None:
        """Go back to the seeded records; the switches stay."""
        switches = self.switches
        self._tables = Tables(
            lambda: iso(self._world.clock.now()),
            switches.version,
            switches.companies,
            switches.missing,
        )
        ends = self._today() + timedelta(days=KEY_DAYS)
        ends = switches.key_expires_on or ends
        key: Row = {"name": "AI Employee", "user_id": USER_ID, "scope": "rpc"}
        if switches.version >= 18:
            key["expiration_date"] = f"{ends.isoformat()} 00:00:00"
        self._tables.seed("res.users.apikeys", key)
        self._tables.commit()

    def _today(self) -> date:
        return self._world.clock.now().date()

    def add(
        self,
        model: str,
        values: Row,
        *,
        then: str = "",
        company: int = COMPANY_ID,
        context: Mapping[str, Any] | None = None,
    ) -> int:
        """Make a record as somebody in Odoo would, without an effect.

        Args:
            model: which kind.
            values: as for `create`.
            then: a method to call on it, such as `action_post`.
            company: that it belongs to.
            context: as for `create`.
        """
        calls = Calls(self._tables, lambda *_: None, self._today(), context or {}, [company])
        identifier: int = calls.create(model, values)  # type: ignore[assignment] # one record
        if then:
            calls.call_business(model, then, [identifier])
        self._tables.commit()
        return identifier

    def row(self, model: str, identifier: int) -> Row:
        """Return a record as stored."""
        return dict(self._tables.get(model, identifier))

    def kind(self, request: Request) -> str:
        """Return the action's kind, `odoo.model.method`, or `odoo.common.login` and the like."""
        if request.path.startswith(JSON_2):
            return call_in_json_2(request, USER_ID).kind()
        service, method, args = rpc_envelope(request)
        if service == "object":
            try:
                return call_in_rpc(method, args).kind()
            except TypeError:
                return f"odoo.object.{method}"
        if service:
            return f"odoo.{service}.{method}"
        return ".".join([self.service, *filter(None, request.path.split("/"))])

    def handle(self, request: Request) -> Response | None:
        """Act on a request."""
        if request.path in self.switches.missing:
            return None
        if request.path.startswith(JSON_2):
            return self._answer_json_2(request) if self.switches.version >= 19 else None
        if request.path == "/web/version" and request.method == "GET":
            return self._version_page()
        if request.method != "POST":
            return None
        if request.path == "/web/webclient/version_info":
            return rpc_result(request, self._version())
        return self._answer_rpc(request) if request.path == "/jsonrpc" else None

    def _version(self) -> Row:
        number = self.switches.version
        return {
            "server_version": f"{number}.0",
            "server_version_info": [number, 0, 0, "final", 0, ""],
            "server_serie": f"{number}.0",
            "protocol_version": 1,
        }

    def _version_page(self) -> Response | None:
        if self.switches.version < 19:
            return None
        facts = self._version()
        return Response.of(
            {"version_info": facts["server_version_info"], "version": facts["server_version"]}
        )

    def _answer_rpc(self, request: Request) -> Response:
        """Answer JSON-RPC; errors of a call come with HTTP 200 too."""
        if not isinstance(request.json, dict):
            return Response.page("400 Bad Request: Invalid JSON data", 400)
        try:
            result = self._dispatch(*rpc_envelope(request))
        except (OdooError, *FAILURES) as error:
            self._tables.roll_back()
            return rpc_error(request, error, bare=self.switches.bare_errors)
        self._commit()
        return rpc_result(request, result)

    def _answer_json_2(self, request: Request) -> Response | None:
        if request.method != "POST":
            return None
        if "json" not in request.headers.get("content-type", ""):
            return Response.page("415 Unsupported Media Type", 415)
        if not isinstance(request.json, dict):
            return json_2_error_400()
        self._changes = []
        try:
            call = call_in_json_2(request, USER_ID)
            result = self._execute(call)
        except (OdooError, *FAILURES) as error:
            self._tables.roll_back()
            return json_2_error(error)
        self._commit()
        made = call.method == "create" and isinstance(result, int)
        return Response.of([result] if made else result)

    def _commit(self) -> None:
        self._tables.commit()
        for kind, key, payload in self._changes:
            self._world.record(self.service, kind, key, payload)

    def fail(self, fault: Fault, request: Request) -> Response:
        """Return the answer of a fault: Odoo's own for a dead key, a proxy's for the rest."""
        match fault.mode:
            case FaultMode.AUTH_EXPIRED:
                return self._denied(request)
            case FaultMode.HTTP_429:
                wait = {"Retry-After": str(math.ceil(fault.seconds))}
                return Response.page("429 Too Many Requests", 429, wait)
            case FaultMode.GARBAGE:
                return Response.page("Odoo", 200)
        status = self.switches.failure_status
        return Response.page(f"{status} Internal Server Error", status)

    def _denied(self, request: Request) -> Response:
        error = OdooError("AccessDenied", "Access Denied")
        if request.path.startswith(JSON_2):
            return json_2_error(error)
        service, _, _ = rpc_envelope(request)
        if service == "common":
            return rpc_result(request, value=False)
        return rpc_error(request, error, bare=self.switches.bare_errors)

    def _dispatch(self, service: str, method: str, args: Sequence[Any]) -> Any:
        self._changes = []
        match service, method:
            case "common", "version":
                return self._version()
            case "common", "login" | "authenticate":
                known = len(args) >= 3 and all(isinstance(arg, str) and arg for arg in args[:3])
                return USER_ID if known and not self.switches.key_expired else False
            case "object", "execute" | "execute_kw":
                return self._execute(call_in_rpc(method, args))
        raise KeyError(f"{service}.{method}")

    def _execute(self, call: Call) -> Any:
        database, user, password = call.credentials
        if user != USER_ID or not (database and password) or self.switches.key_expired:
            raise OdooError("AccessDenied", "Access Denied")
        self._tables.fields(call.model)
        if call.method.startswith("_"):
            message = f"Private methods (such as {call.method}) cannot be called remotely."
            raise OdooError("AccessError", message)
        if call.kind() in self.switches.errors:
            raise OdooError(self.switches.errors[call.kind()], "The sandbox was told to fail here.")
        companies = self._companies(call)
        calls = Calls(self._tables, self._note, self._today(), call.context, companies)
        kwargs = {name: value for name, value in call.kwargs.items() if name != "context"}
        if (call.model, call.method) in BUSINESS:
            inspect.signature(_on_records).bind(*call.args, **kwargs)
            ids = call.args[0] if call.args else kwargs["ids"]
            return calls.call_business(call.model, call.method, ids)
        if call.method not in METHODS:
            raise AttributeError(f"type object {call.model!r} has no attribute {call.method!r}")
        method = METHODS[call.method]
        inspect.signature(method).bind(calls, call.model, *call.args, **kwargs)
        return method(calls, call.model, *call.args, **kwargs)

    def _companies(self, call: Call) -> list[int]:
        user = self._tables.get("res.users", USER_ID)
        asked = list(call.context.get("allowed_company_ids") or [])
        if set(asked) - set(user["company_ids"]):
            raise OdooError("AccessError", "Access to unauthorized or invalid companies.")
        return asked or [user["company_id"], *user["company_ids"]]

    def _note(self, model: str, method: str, values: Row, row: Row) -> None:
        """Keep one change until the call has succeeded."""
        keys = [str(values[name]) for name in KEY_FIELDS if values.get(name)]
        key = next((text for text in keys if text.startswith("AIE-")), None)
        if method == "action_create_payments":
            payload: Row = {"model": "account.payment", "id": row["id"], "values": values}
        else:
            payload = {"model": model, "id": row["id"], "values": values}
        if model == "account.move":
            payload["amount_total"] = row["amount_total"]
        self._changes.append((kind_of(model, method, values), key, payload))


def _on_records(ids: Any) -> Any:
    """Have the arguments of a method that works on records and takes nothing else."""
    return ids


def json_2_error_400() -> Response:
    """Return the answer to a body that is no JSON object."""
    name = "werkzeug.exceptions.BadRequest"
    facts = {"name": name, "message": "Invalid JSON data", "arguments": [], "context": {}}
    return Response.of({**facts, "debug": ""}, 400)
