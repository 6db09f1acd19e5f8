"""Envelopes of the fake Odoo: what a request asks for, and how answers and errors are worded.

Rule: a call is the same call whichever way it comes; only envelope and status codes differ.

Source: `facts/odoo.md` sections 2 and 5 (three servers, 2026-11-21); "External JSON-2 API",
odoo.com documentation 19.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mcp_servers.fakes import Response
from mcp_servers.odoo.fake_models import KINDS
from mcp_servers.odoo.fake_tables import OdooError
from mcp_servers.odoo.fake_values import with_defaults

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mcp_servers.fakes import Request
    from mcp_servers.odoo.fake_schema import Row

JSON_2 = "/json/2/"
STATUSES: Mapping[str, int] = {
    "odoo.exceptions.AccessDenied": 401,
    "odoo.exceptions.AccessError": 403,
    "odoo.exceptions.MissingError": 404,
    "odoo.exceptions.UserError": 422,
    "odoo.exceptions.ValidationError": 422,
    "builtins.TypeError": 422,  # a missing or unknown argument
}
"""HTTP statuses of JSON-2 by the error's name; anything else is 500."""


@dataclass(frozen=True)
class Call:
    """One call of a model's method, taken out of its envelope."""

    credentials: tuple[Any, ...]
    model: str
    method: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]

    @property
    def context(self) -> Mapping[str, Any]:
        """Return the caller's context."""
        context = self.kwargs.get("context")
        return context if isinstance(context, dict) else {}

    def kind(self) -> str:
        """Return our action's kind, else `odoo.model.method`; a batch goes by its first record."""
        values = self.args[0] if self.args else self.kwargs.get("vals_list")
        if isinstance(values, list) and values:
            values = values[0]
        if self.method == "create" and isinstance(values, dict):
            return kind_of(self.model, self.method, with_defaults(self.model, values, self.context))
        return kind_of(self.model, self.method, {})


def kind_of(model: str, method: str, values: Row) -> str:
    """Return our action's kind, else `odoo.model.method`."""
    move_type = str(values.get("move_type") or "") if method == "create" else ""
    return KINDS.get((model, method, move_type), f"odoo.{model}.{method}")


def call_in_rpc(method: object, args: Sequence[Any]) -> Call:
    """Return the call in the arguments of `execute` or `execute_kw`.

    Raises:
        TypeError: they are none.
    """
    if len(args) < 5 or not (isinstance(args[3], str) and isinstance(args[4], str)):
        raise TypeError("dispatch() needs database, user, password, model and method")
    rest: Any = args[5:]
    kwargs: Any = {}
    if method == "execute_kw":
        rest = (args[5] if len(args) > 5 else None) or ()
        kwargs = (args[6] if len(args) > 6 else None) or {}
    if not isinstance(rest, (list, tuple)) or not isinstance(kwargs, dict):
        raise TypeError("execute_kw() takes a list and a dictionary after the method")
    return Call(tuple(args[:3]), args[3], args[4], tuple(rest), kwargs)


def call_in_json_2(request: Request, user_id: int) -> Call:
    """Return the call of a JSON-2 request; its body holds named arguments only."""
    model, _, method = request.path.removeprefix(JSON_2).partition("/")
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    key = key.strip() if scheme.lower() == "bearer" else ""
    database = request.headers.get("x-odoo-database", "the only one")
    body = request.json if isinstance(request.json, dict) else {}
    named = {name: value for name, value in body.items() if name != "ids" or value}
    return Call((database, user_id, key), model, method, (), named)


def rpc_envelope(request: Request) -> tuple[str, str, Sequence[Any]]:
    """Return service, method and arguments of a JSON-RPC request, empty when it is none."""
    body = request.json if request.path == "/jsonrpc" else None
    params = body.get("params") if isinstance(body, dict) else None
    if not isinstance(params, dict):
        return "", "", ()
    args = params.get("args")
    return (
        str(params.get("service") or ""),
        str(params.get("method") or ""),
        args if isinstance(args, list) else (),
    )


def rpc_result(request: Request, value: object) -> Response:
    """Return the JSON-RPC answer of a call that succeeded."""
    return Response.of({"jsonrpc": "2.0", "id": _id_of(request), "result": value})


def rpc_error(request: Request, error: Exception, *, bare: bool = False) -> Response:
    """Return the JSON-RPC answer of a call that failed; always HTTP 200."""
    problem = {"code": 200, "message": "Odoo Server Error", "data": described(error)}
    if bare:
        del problem["data"]
    return Response.of({"jsonrpc": "2.0", "id": _id_of(request), "error": problem})


def json_2_error(error: Exception) -> Response:
    """Return the JSON-2 answer of a call that failed."""
    facts = described(error)
    name = str(facts["name"])
    unknown = name == "builtins.AttributeError" or "doesn't exist" in str(error)
    return Response.of(facts, 404 if unknown else STATUSES.get(name, 500))


def described(error: Exception) -> dict[str, object]:
    """Return an error as Odoo describes it."""
    kind = type(error)
    name = error.name if isinstance(error, OdooError) else f"{kind.__module__}.{kind.__name__}"
    message = str(error)
    return {
        "name": name,
        "debug": f'Traceback (most recent call last):\n  File "odoo/http.py"\n{name}: {message}\n',
        "message": message,
        "arguments": [message],
        "context": {},
    }


def _id_of(request: Request) -> object:
    return request.json.get("id") if isinstance(request.json, dict) else None
