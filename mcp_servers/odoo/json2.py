"""Odoo's JSON-2 interface, for Odoo 19 and later with an API key.

Rules: a call is sent once, to the database that is set; arguments travel by name; an error that
Odoo describes itself keeps its class name, anything else keeps its status.

Source: "External JSON-2 API", odoo.com documentation 19.0; status codes as measured,
`facts/odoo.md` section 5, 2026-11-21.
"""

from __future__ import annotations

import json
import urllib.request
from typing import TYPE_CHECKING, Any

from mcp_servers.odoo.transport import HttpStatusError, Opener

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NAMES: Mapping[str, tuple[str, ...]] = {
    "create": ("vals_list",),
    "fields_get": ("allfields", "attributes"),
    "formatted_read_group": ("domain", "groupby", "aggregates"),
    "read_group": ("domain", "fields", "groupby"),
    "search_count": ("domain",),
    "search_read": ("domain",),
    "write": ("ids", "vals"),
}
"""What the positional arguments of a method are called; of any other there are only `ids`."""


class Json2Error(Exception):
    """An error that Odoo described itself: the transaction was rolled back.

    Args:
        status: the HTTP status.
        facts: name, message, arguments, context, debug (which is never shown).
    """

    def __init__(self, status: int, facts: Mapping[str, object]) -> None:
        super().__init__(str(facts.get("message") or ""))
        self.status = status
        self.facts = facts


class Json2:
    """Calls models by HTTP.

    Args:
        url: the server's root.
        database: its database.
        key: the API key.
        opener: sends requests.
    """

    def __init__(self, url: str, database: str, key: str, opener: Opener) -> None:
        self._url = url
        self._opener = opener
        self._headers = {
            "Authorization": f"bearer {key}",
            "X-Odoo-Database": database,
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "ai-employee",
        }
        self._user_id = 0

    @property
    def user_id(self) -> int:
        """Return who is signed in."""
        return self._user_id

    def sign_in(self) -> None:
        """Ask who the key belongs to; raises as `call` does."""
        context = self.call("res.users", "context_get", [], {})
        self._user_id = int(context["uid"])

    def call(
        self, model: str, method: str, args: Sequence[object], options: Mapping[str, object]
    ) -> Any:
        """Call a method of a model, once.

        Raises:
            Json2Error: Odoo said no.
            NotConnectedError: nothing was sent.
            HttpStatusError: somebody else said no.
            OSError, http.client.HTTPException, ValueError: no usable answer.
        """
        single = method == "create" and isinstance(args[0], dict)
        given = [[args[0]]] if single else args
        named = dict(zip(NAMES.get(method, ("ids",)), given, strict=False))
        body = json.dumps({**named, **options}).encode()
        address = f"{self._url}/json/2/{model}/{method}"
        request = urllib.request.Request(address, body, self._headers, method="POST")  # noqa: S310 - ODOO_URL is http or https
        try:
            answer = json.loads(self._opener.open(request).read())
        except HttpStatusError as error:
            raise _described(error) from None
        if single:
            return answer[0] if isinstance(answer, list) and answer else None
        return answer


def version_at(url: str, opener: Opener) -> str:
    """Return the version of a server that names it without a sign-in (19 and later).

    Raises:
        HttpStatusError, ValueError: it does not.
        OSError, http.client.HTTPException, NotConnectedError: no usable answer came.
    """
    request = urllib.request.Request(f"{url}/web/version", method="GET")  # noqa: S310 - as above
    answer = json.loads(opener.open(request).read())
    return str(answer["version"])


def _described(error: HttpStatusError) -> Exception:
    """Return an error as Odoo describes it; a proxy's page stays a status."""
    if error.status == 429:
        return error
    try:
        facts = json.loads(error.body)
    except ValueError:
        return error
    if isinstance(facts, dict) and isinstance(facts.get("name"), str):
        return Json2Error(error.status, facts)
    return error
