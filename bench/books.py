"""What an act costs at Odoo, in requests and bytes, and what a server's tool list costs to read.

The naive side does the same with odoorpc's `env[...]`: find, create, browse, and read the fields
that the answer needs. Both are counted at the fake, after signing in and after one act before.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bench.table import Row, say
from core.actions import key_of, payload_of
from core.settings import SETTINGS
from mcp_servers.catalog import ACTIONS, SERVICE_SETTINGS, SERVICES
from mcp_servers.gate import Role
from mcp_servers.listing import tool_list
from mcp_servers.sandbox import Sandbox
from mcp_servers.toolset import Trace
from utils.config import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mcp_servers.fakes import Request, Response

MOST_REQUESTS = 3
"""Look for the key, create, read back."""
INVOICE: dict[str, Any] = {
    "customer": "Acme Ltd",
    "customer_id": 14,
    "currency": "USD",
    "lines": [{"description": "Work", "quantity": "1", "unit_price": "100.00"}],
}
FIELDS = ("name", "state", "amount_untaxed", "amount_total")


@dataclass
class Traffic:
    """What passed while something was done.

    Args:
        requests: how many.
        bytes: of the bodies, both ways.
    """

    requests: int = 0
    bytes: int = 0


@dataclass
class CountedSandbox(Sandbox):
    """A sandbox that counts what passes."""

    traffic: Traffic = field(default_factory=Traffic)

    def __post_init__(self) -> None:
        super().__init__()

    def answer(self, request: Request) -> Response | None:
        """Return what a request is answered, counted."""
        answer = super().answer(request)
        self.traffic.requests += 1
        self.traffic.bytes += len(request.body) + len(answer.body if answer else b"")
        return answer

    def during(self, act: Callable[[int], object]) -> Traffic:
        """Return what passes while something is done for the second time."""
        act(1)  # signs in, learns what a model has
        self.traffic = Traffic()
        act(2)
        seen, self.traffic = self.traffic, Traffic()
        return seen


def ours(
    box: Sandbox, folder: Path, tool: str, arguments: dict[str, Any]
) -> Callable[[int], object]:
    """Return what performs an act as the server does, given a number for its key."""
    from mcp_servers.odoo.client import Writer
    from mcp_servers.odoo.tools import TOOLSET

    writer = Writer(Settings((*SETTINGS, *SERVICE_SETTINGS), box.settings(), folder))

    def act(number: int) -> object:
        named = {"name": f"Bench {number} Ltd", "email": f"office{number}@bench.example"}
        changed = named if tool == "create_partner" else {}
        payload = payload_of(ACTIONS[f"odoo.{tool}"], {**arguments, **changed})
        trace = Trace(key_of(f"APR-20261121-{number:03d}"), datetime.now(UTC))
        return TOOLSET.writes[tool].perform(writer, payload, trace)

    return act


def naive_books(box: Sandbox) -> Any:
    """Return odoorpc, signed in at the sandbox."""
    import odoorpc

    settings = box.settings()
    address = urlsplit(settings["ODOO_URL"])
    books = odoorpc.ODOO(address.hostname, "jsonrpc", address.port)
    books.login(settings["ODOO_DB"], settings["ODOO_USERNAME"], settings["ODOO_PASSWORD"])
    return books


def naive_invoice(books: Any) -> list[object]:
    """Make a draft invoice as it is usually written first."""
    partner = books.env["res.partner"].search([("name", "=", "Acme Ltd")], limit=1)[0]
    line = (0, 0, {"name": "Work", "quantity": 1, "price_unit": 100.0})
    values = {"move_type": "out_invoice", "partner_id": partner, "invoice_line_ids": [line]}
    move = books.env["account.move"].browse(books.env["account.move"].create(values))
    return [*(getattr(move, name) for name in FIELDS), move.partner_id.name, move.currency_id.name]


def naive_partner(books: Any, number: int) -> list[object]:
    """Make a partner as it is usually written first."""
    values = {"name": f"Naive {number} Ltd", "email": "office@bench.example"}
    partner = books.env["res.partner"].browse(books.env["res.partner"].create(values))
    return [partner.name, partner.email]


def measure(folder: Path) -> list[Row]:
    """Return the rows of acts at Odoo and of tool lists."""
    say("books: requests and bytes of acts at Odoo")
    with CountedSandbox() as box:
        books = naive_books(box)
        pairs = {
            "create_invoice": (
                box.during(ours(box, folder, "create_invoice", INVOICE)),
                box.during(lambda _: naive_invoice(books)),
            ),
            "create_partner": (
                box.during(ours(box, folder, "create_partner", {})),
                box.during(lambda number: naive_partner(books, number)),
            ),
        }
    rows = [row for tool, (ours, naive) in pairs.items() for row in _rows(tool, ours, naive)]
    return rows + [_tools(name) for name in SERVICES]


def _rows(tool: str, ours: Traffic, naive: Traffic) -> list[Row]:
    invoice = tool == "create_invoice"
    steps = "looked for its key" if invoice else "looked for its key and for another of that name"
    return [
        Row(
            f"odoo {tool}, requests",
            ours.requests,
            "requests",
            naive=naive.requests,
            ratio=ours.requests / naive.requests,
            ratio_to="naive",
            budget=MOST_REQUESTS if invoice else None,
            how=f"{steps}, created, read back; signed in before; naive looks for neither",
        ),
        Row(
            f"odoo {tool}, bytes",
            ours.bytes,
            "bytes",
            naive=naive.bytes,
            ratio=ours.bytes / naive.bytes,
            ratio_to="naive",
            budget=1.0 if invoice else None,
            budget_is_ratio=True,
            how="bodies, both ways; naive is odoorpc's env[...] with browse",
        ),
    ]


def _tools(name: str) -> Row:
    tools = tool_list(SERVICES[name], Role.PROPOSE)
    size = len(json.dumps(tools, separators=(",", ":")).encode())
    schemas = len(json.dumps([tool["inputSchema"] for tool in tools]).encode())
    return Row(
        f"{name} tool list",
        size,
        "bytes",
        how=f"{len(tools)} tools in role propose, {size / len(tools):,.0f} each; about "
        f"{size // 4:,} tokens; {schemas:,} of it what they take",
        parts={"tools": len(tools)},
    )
