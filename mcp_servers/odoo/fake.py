"""Odoo 17 as the sandbox plays it: JSON-RPC over a small set of models kept in memory.

Rules: one call is one transaction, so a call that fails changes nothing; errors have Odoo's own
names and shapes; empty values come as `False`, many2one as `[id, name]`; amounts are computed by
the fake and never taken from the caller. Any database, user and password that are not empty are
accepted. What is not played is refused the way Odoo refuses what it does not know.

A further model is one row of `MODELS` (what it computes goes into `Calls._compute`, its defaults
into `DEFAULTS`), a further method one of `METHODS`, an action's kind one of `KINDS`.

Sources: the JSON-RPC of Odoo Community 17.0-20240709, 18.0-20250702 and 19.0 as run with odoorpc
0.10.1 in 2026-11; "External API" and "ORM API, search domains", odoo.com documentation 17.0.
"""

from __future__ import annotations

import inspect
import math
import operator
import re
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from mcp_servers.fakes import Fault, FaultMode, Request, Response
from utils.clock import iso

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mcp_servers.fakes import World

Row = dict[str, Any]
"""One record as stored: empty is False, many2one an id, x2many a list of ids."""

USER_ID = 2
COMPANY_ID = 1
VERSION = {
    "server_version": "17.0",
    "server_version_info": [17, 0, 0, "final", 0, ""],
    "server_serie": "17.0",
    "protocol_version": 1,
}
PLACES = Decimal("0.01")
LIKE = {"like", "ilike", "=like", "=ilike"}
NEGATED = {"!=": "=", "not in": "in", "not like": "like", "not ilike": "ilike", "<>": "="}
COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}


@dataclass(frozen=True)
class Field:
    """One column: type, label, and what the type needs."""

    type: str
    string: str
    relation: str = ""
    inverse: str = ""
    required: bool = False
    readonly: bool = False
    selection: tuple[tuple[str, str], ...] = ()

    @property
    def empty(self) -> object:
        """Return the stored value of "nothing"."""
        if self.type in {"integer", "float", "monetary"}:
            return 0 if self.type == "integer" else 0.0
        return [] if self.type in {"one2many", "many2many"} else False


@dataclass(frozen=True)
class Model:
    """One table: title, default order, columns, the records of a fresh sandbox."""

    title: str
    order: str
    fields: Mapping[str, Field]
    seeds: tuple[Mapping[str, object], ...] = ()


def _columns(kind: str, *, readonly: bool = False, **labels: str) -> dict[str, Field]:
    return {name: Field(kind, label, readonly=readonly) for name, label in labels.items()}


def _links(relation: str, *, readonly: bool = False, **labels: str) -> dict[str, Field]:
    return {
        name: Field("many2one", label, relation, readonly=readonly)
        for name, label in labels.items()
    }


def _choices(label: str, **choices: str) -> Field:
    return Field("selection", label, required=True, selection=tuple(choices.items()))


def _partner(identifier: int, name: str, email: str, city: str, **more: object) -> Row:
    return {"id": identifier, "name": name, "email": email, "city": city, **more}


def _company(identifier: int, name: str, email: str, city: str, **more: object) -> Row:
    return _partner(identifier, name, email, city, is_company=True, **more)


def _currency(identifier: int, name: str, full: str, symbol: str, **more: object) -> Row:
    names = {"id": identifier, "name": name, "full_name": full, "symbol": symbol}
    return {**names, "rounding": 0.01, "decimal_places": 2, **more}


REQUIRED_NAME = {"name": Field("char", "Name", required=True)}
ACTIVE = _columns("boolean", active="Active")
COMMON = {
    **_columns("integer", readonly=True, id="ID"),
    **_columns("char", readonly=True, display_name="Display Name"),
    **_columns("datetime", readonly=True, create_date="Created on", write_date="Last Updated on"),
}
MOVE_TYPE = _choices(
    "Type",
    entry="Journal Entry",
    out_invoice="Customer Invoice",
    out_refund="Customer Credit Note",
    in_invoice="Vendor Bill",
    in_refund="Vendor Credit Note",
    out_receipt="Sales Receipt",
    in_receipt="Purchase Receipt",
)
PAYMENT_STATE = _choices(
    "Payment Status",
    not_paid="Not Paid",
    in_payment="In Payment",
    paid="Paid",
    partial="Partially Paid",
    reversed="Reversed",
    invoicing_legacy="Invoicing App Legacy",
)

MODELS: Mapping[str, Model] = {
    "res.currency": Model(
        "Currency",
        "active desc, name",
        {
            **REQUIRED_NAME,
            **ACTIVE,
            **_columns("char", full_name="Full Name", symbol="Symbol"),
            **_columns("float", rounding="Rounding Factor"),
            **_columns("integer", readonly=True, decimal_places="Decimal Places"),
            **_columns("float", readonly=True, rate="Current Rate"),
        },
        (  # the rates are invented and stand still
            _currency(1, "USD", "United States dollar", "$", rate=1.0),
            _currency(125, "EUR", "Euro", "€", rate=0.8),
            _currency(142, "GBP", "Pound sterling", "£", rate=0.75),
            _currency(41, "CHF", "Swiss franc", "CHF", rate=0.9),
            _currency(4, "CAD", "Canadian dollar", "$", rate=1.25, active=False),
            _currency(25, "JPY", "Japanese yen", "¥", rate=150.0, active=False)
            | {"rounding": 1.0, "decimal_places": 0},
        ),
    ),
    "res.company": Model(
        "Companies",
        "name",
        {
            **REQUIRED_NAME,
            **ACTIVE,
            **_columns("char", email="Email"),
            **_links("res.partner", partner_id="Partner"),
            **_links("res.currency", currency_id="Currency"),
        },
        ({"id": COMPANY_ID, "name": "Sandbox Company", "partner_id": 1, "currency_id": 1},),
    ),
    "res.partner": Model(
        "Contact",
        "display_name, id desc",
        {
            **ACTIVE,
            **_columns("char", name="Name", ref="Reference", email="Email", phone="Phone"),
            **_columns("char", mobile="Mobile", website="Website Link", vat="Tax ID"),
            **_columns("char", street="Street", zip="Zip", city="City", lang="Language"),
            **_columns("char", readonly=True, complete_name="Complete Name"),
            **_columns("html", comment="Notes"),
            **_columns("boolean", is_company="Is a Company"),
            **_columns("integer", customer_rank="Customer Rank", supplier_rank="Supplier Rank"),
            **_links("res.company", company_id="Company"),
            **_links("res.partner", parent_id="Related Company"),
            **_links("res.partner", readonly=True, commercial_partner_id="Commercial Entity"),
        },
        (
            _company(1, "Sandbox Company", "office@sandbox.example", "Berlin"),
            _partner(3, "Sandbox Owner", "owner@sandbox.example", "Berlin", parent_id=1),
            _company(14, "Acme Ltd", "accounts@acme.example", "London", customer_rank=1),
            _company(15, "Globex GmbH", "rechnung@globex.example", "Munich", customer_rank=1),
            _company(16, "Initech Inc", "ap@initech.example", "Austin", customer_rank=1),
            _partner(17, "Smith", "anna.smith@mail.example", "Leeds", customer_rank=1),
            _partner(18, "Smith", "b.smith@post.example", "Dublin", customer_rank=1),
            _company(19, "Northwind Hosting GmbH", "b@northwind.example", "Kiel", supplier_rank=1),
            _company(20, "Papyrus Office Ltd", "sales@papyrus.example", "Bristol", supplier_rank=1),
            _company(21, "Umbrella Cleaning", "hi@umbrella.example", "Berlin", supplier_rank=1),
        ),
    ),
    "res.users": Model(
        "User",
        "name, login",
        {
            **REQUIRED_NAME,
            **ACTIVE,
            **_columns("char", login="Login", email="Email", lang="Language", tz="Timezone"),
            **_links("res.partner", partner_id="Related Partner"),
            **_links("res.company", company_id="Company"),
            "company_ids": Field("many2many", "Companies", "res.company"),
        },
        (
            {"id": USER_ID, "name": "Sandbox Owner", "email": "owner@sandbox.example"}
            | {"login": "sandbox", "partner_id": 3, "company_id": COMPANY_ID}
            | {"company_ids": [COMPANY_ID], "lang": "en_US", "tz": "UTC"},
        ),
    ),
    "account.move": Model(
        "Journal Entry",
        "date desc, name desc, invoice_date desc, id desc",
        {
            **_columns("char", name="Number", ref="Reference", invoice_origin="Origin"),
            **_columns("char", payment_reference="Payment Reference"),
            **_columns("html", narration="Terms and Conditions"),
            "move_type": MOVE_TYPE,
            "state": _choices("Status", draft="Draft", posted="Posted", cancel="Cancelled"),
            "payment_state": replace(PAYMENT_STATE, required=False, readonly=True),
            **_columns("date", date="Date", invoice_date="Invoice/Bill Date"),
            **_columns("date", invoice_date_due="Due Date"),
            **_links("res.partner", partner_id="Partner"),
            **_links("res.partner", readonly=True, commercial_partner_id="Commercial Entity"),
            **_links("res.users", invoice_user_id="Salesperson"),
            **_links("res.company", company_id="Company"),
            **_links("res.currency", currency_id="Currency"),
            **_links("res.currency", readonly=True, company_currency_id="Company Currency"),
            "invoice_line_ids": Field(
                "one2many", "Invoice lines", "account.move.line", inverse="move_id"
            ),
            **_columns("monetary", readonly=True, amount_untaxed="Untaxed Amount"),
            **_columns("monetary", readonly=True, amount_tax="Tax", amount_total="Total"),
            **_columns("monetary", readonly=True, amount_residual="Amount Due"),
            **_columns("monetary", readonly=True, amount_untaxed_signed="Untaxed Amount Signed"),
            **_columns("monetary", readonly=True, amount_total_signed="Total Signed"),
            **_columns("monetary", readonly=True, amount_residual_signed="Amount Due Signed"),
        },
    ),
    "account.move.line": Model(
        "Journal Item",
        "date desc, id",
        {
            **_columns("char", name="Label"),
            **_columns("integer", sequence="Sequence"),
            **_columns("float", quantity="Quantity", price_unit="Unit Price", discount="Discount"),
            **_columns("date", readonly=True, date="Date"),
            **_columns("monetary", readonly=True, price_subtotal="Subtotal", price_total="Total"),
            **_links("account.move", move_id="Journal Entry"),
            **_links("res.partner", partner_id="Partner"),
            **_links("res.company", company_id="Company"),
            **_links("res.currency", currency_id="Currency"),
            "tax_ids": Field("many2many", "Taxes", "account.tax"),
        },
    ),
    "account.tax": Model("Tax", "name", REQUIRED_NAME),
}

KINDS: Mapping[tuple[str, str, str], str] = {
    ("account.move", "create", "out_invoice"): "odoo.create_invoice",
    ("account.move", "create", "in_invoice"): "odoo.create_vendor_bill",
    ("res.partner", "create", ""): "odoo.create_partner",
}
"""Our action kind by model, method and `move_type`."""

KEY_FIELDS = ("ref", "invoice_origin", "payment_reference")
DRAFT_NAMES = {
    "out_invoice": "Draft Invoice",
    "out_refund": "Draft Credit Note",
    "in_invoice": "Draft Bill",
    "in_refund": "Draft Vendor Credit Note",
    "out_receipt": "Draft Sales Receipt",
    "in_receipt": "Draft Purchase Receipt",
}
FAILURES = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError)
"""What a wrong call makes of the fake; Odoo answers these as `builtins.*` errors too."""

DEBIT = {"out_invoice", "in_refund", "out_receipt", "entry"}


class OdooError(Exception):
    """An error of the server, named as Odoo names it (`odoo.exceptions.UserError`)."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name if "." in name else f"odoo.exceptions.{name}"


def _fields(model: str) -> Mapping[str, Field]:
    if model not in MODELS:
        raise OdooError("UserError", f"Object {model} doesn't exist")
    return {**COMMON, **MODELS[model].fields}


def _field(model: str, name: str, where: str = "") -> Field:
    fields = _fields(model)
    if name not in fields:
        leaf = f"Invalid field {model}.{name} in leaf {where}"
        raise ValueError(leaf if where else f"Invalid field {name!r} on model {model!r}")
    return fields[name]


def _rounded(value: Decimal, places: Decimal = PLACES) -> Decimal:
    return value.quantize(places, rounding=ROUND_HALF_UP)


def _decimal(value: object) -> Decimal:
    return Decimal(str(value or 0))


class Tables:
    """The records, one call being one transaction.

    Args:
        now: gives the present instant as ISO text.
    """

    def __init__(self, now: Callable[[], str]) -> None:
        self._now = now
        self._tables: dict[str, dict[int, Row]] = {}
        self._last: dict[str, int] = {}
        self._undo: list[tuple[str, int, Row | None]] = []
        for model, facts in MODELS.items():
            self._tables[model] = {}
            self._last[model] = 0
            for seed in facts.seeds:
                self._seed(model, dict(seed))
        self.commit()

    def _seed(self, model: str, seed: Row) -> None:
        fields = _fields(model)
        row = {name: field.empty for name, field in fields.items()}
        if "active" in fields:
            row["active"] = True
        row |= {"create_date": "2026-11-02 08:00:00", "write_date": "2026-11-02 08:00:00"}
        self.put(model, row | seed)

    def commit(self) -> None:
        """Keep what was put since the last commit."""
        self._undo.clear()

    def roll_back(self) -> None:
        """Forget what was put since the last commit; numbers stay used, as in PostgreSQL."""
        for model, identifier, row in reversed(self._undo):
            if row is None:
                del self._tables[model][identifier]
            else:
                self._tables[model][identifier] = row
        self._undo.clear()

    def put(self, model: str, row: Row) -> int:
        """Store a record, with a new id when it has none."""
        identifier: int = row.get("id") or self._last[model] + 1
        self._last[model] = max(self._last[model], identifier)
        table = self._tables[model]
        self._undo.append((model, identifier, table.get(identifier)))
        stamp = self._now()[:19].replace("T", " ")
        row = {**row, "id": identifier}
        row["create_date"] = row.get("create_date") or stamp
        row["write_date"] = row.get("write_date") or stamp
        table[identifier] = row
        return identifier

    def rows(self, model: str) -> Iterable[Row]:
        """Return all records of a model."""
        _fields(model)
        return self._tables[model].values()

    def find(self, model: str, identifier: object) -> Row | None:
        """Return one record, None when it is missing."""
        _fields(model)
        return self._tables[model].get(identifier) if isinstance(identifier, int) else None

    def get(self, model: str, identifier: object) -> Row:
        """Return one record or raise MissingError."""
        row = self.find(model, identifier)
        if row is None:
            record = f"(Record: {model}({identifier},), User: {USER_ID})"
            raise OdooError("MissingError", f"Record does not exist or has been deleted.\n{record}")
        return row

    def value(self, model: str, row: Row, name: str) -> Any:
        """Return a stored or computed value."""
        if name == "display_name" or (model, name) == ("res.partner", "complete_name"):
            return self.display_name(model, row)
        if (model, name) == ("res.partner", "commercial_partner_id"):
            parent = row["parent_id"] and self.get(model, row["parent_id"])
            return parent["id"] if parent and not row["is_company"] else row["id"]
        return row[name]

    def display_name(self, model: str, row: Row) -> str:
        """Return what Odoo shows for a record."""
        if model == "res.partner" and row["parent_id"] and not row["is_company"]:
            return f"{self.get(model, row['parent_id'])['name']}, {row['name']}"
        if model == "account.move" and row["state"] == "draft":
            title = DRAFT_NAMES.get(row["move_type"], "Draft Entry")
            number = f"(* {row['id']})" if row["name"] == "/" else row["name"]
            return f"{title} {number}" + (f" ({row['ref']})" if row["ref"] else "")
        if model == "account.move" and row["ref"]:
            return f"{row['name']} ({row['ref']})"
        return str(row.get("name") or f"{model},{row['id']}")


def _like(operation: str, pattern: str, text: object) -> bool:
    if text is False:
        return False
    if not operation.startswith("="):
        pattern = f"%{pattern}%"
    parts = re.split(r"(\\.|%|_)", pattern, flags=re.DOTALL)
    signs = {"%": ".*", "_": "."}
    body = "".join(signs.get(part) or re.escape(part.removeprefix("\\")) for part in parts)
    flags = re.DOTALL | (re.IGNORECASE if "ilike" in operation else re.NOFLAG)
    return re.fullmatch(body, str(text), flags) is not None


def _holds(operation: str, stored: object, value: Any) -> bool:
    """Return whether one stored value satisfies a positive operator."""
    if operation in LIKE:
        return _like(operation, str(value), stored)
    if operation == "in":
        return any(_holds("=", stored, item) for item in value)
    if operation == "=":
        return not stored if value is False or value is None else stored == value
    if stored is False:
        return False
    return COMPARED[operation](stored, value)


class Domains:
    """Search domains over the tables: `[("name", "ilike", "acme"), "|", ...]`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def predicate(self, model: str, domain: Sequence[Any]) -> Callable[[Row], bool]:
        """Return the test that a domain in Polish notation means.

        Raises:
            ValueError: a field, an operator or the notation is wrong.
        """
        stack: list[Callable[[Row], bool]] = []
        for token in reversed(domain):
            if token in ("&", "|", "!"):
                self._combine(token, stack, domain)
            else:
                stack.append(self._leaf(model, token))
        return lambda row: all(test(row) for test in stack)

    @staticmethod
    def _combine(sign: str, stack: list[Callable[[Row], bool]], domain: Sequence[Any]) -> None:
        if len(stack) < (1 if sign == "!" else 2):
            raise ValueError(f"Domain {domain!r} is not well formed")
        first = stack.pop()
        if sign == "!":
            stack.append(lambda row: not first(row))
            return
        second = stack.pop()
        if sign == "&":
            stack.append(lambda row: first(row) and second(row))
        else:
            stack.append(lambda row: first(row) or second(row))

    def _leaf(self, model: str, leaf: Any) -> Callable[[Row], bool]:
        if not isinstance(leaf, (list, tuple)) or len(leaf) != 3:
            raise ValueError(f"Invalid leaf {leaf!r}")
        path, operation, value = leaf
        if path in (0, 1) and operation == "=" and value == 1:
            return lambda _: path == 1
        if not isinstance(path, str):
            raise ValueError(f"Invalid leaf {leaf!r}")
        positive = NEGATED.get(operation, operation)
        if isinstance(value, (list, tuple)) and positive in {"=", "in"}:
            positive = "in"
        elif positive not in LIKE | set(COMPARED) | {"="}:
            raise ValueError(f"Invalid leaf {leaf!r}: operator {operation!r} with {value!r}")
        named = positive in LIKE or isinstance(value, str)
        names = path.split(".")
        self._check(model, names, repr(tuple(leaf)))
        negated = operation in NEGATED

        def test(row: Row) -> bool:
            values = self._values(model, row, names, named=named)
            return negated != any(_holds(positive, stored, value) for stored in values)

        return test

    @staticmethod
    def _check(model: str, names: Sequence[str], leaf: str) -> None:
        for index, name in enumerate(names):
            field = _field(model, name, leaf)
            if index + 1 < len(names) and not field.relation:
                raise ValueError(f"Invalid field {model}.{'.'.join(names)} in leaf {leaf}")
            model = field.relation

    def _values(self, model: str, row: Row, names: Sequence[str], *, named: bool) -> list[Any]:
        """Return the values at a path; relations become names when compared with a text."""
        field = _field(model, names[0])
        stored = self._tables.value(model, row, names[0])
        if not field.relation:
            return [stored]
        identifiers = stored if isinstance(stored, list) else [stored]
        if len(names) == 1 and not named:
            return list(identifiers) or [False]
        related = [self._tables.get(field.relation, item) for item in identifiers if item]
        if len(names) == 1:
            found = [self._tables.display_name(field.relation, item) for item in related]
        else:
            found = [
                value
                for item in related
                for value in self._values(field.relation, item, names[1:], named=named)
            ]
        return found or [False]


def _sort_key(value: Any) -> tuple[bool, Any, Any]:
    """Order empty values last, texts without regard to case."""
    if isinstance(value, str):
        return False, value.casefold(), value
    return value is False, 0 if value is False else value, 0


class Calls:
    """The public methods of the models, as `execute_kw` reaches them.

    Args:
        tables: the records.
        changed: told (model, method, values, row) of every change.
        today: gives the server's date.
    """

    def __init__(
        self,
        tables: Tables,
        changed: Callable[[str, str, Row, Row], None],
        today: Callable[[], date],
    ) -> None:
        self._tables = tables
        self._domains = Domains(tables)
        self._changed = changed
        self._today = today
        self.context: Mapping[str, Any] = {}

    def search(
        self, model: str, domain: Any, offset: int = 0, limit: Any = None, order: Any = None
    ) -> list[int]:
        """Return the ids that a domain finds."""
        test = self._domains.predicate(model, domain or [])
        rows = [row for row in self._tables.rows(model) if self._visible(model, domain, row)]
        rows = self._sorted(model, [row for row in rows if test(row)], order)
        return [row["id"] for row in rows[offset : offset + limit if limit else None]]

    def _visible(self, model: str, domain: Any, row: Row) -> bool:
        """Leave archived records out, unless the caller asks about `active`."""
        if "active" not in _fields(model) or not self.context.get("active_test", True):
            return True
        asked = any(
            isinstance(leaf, (list, tuple)) and leaf[0] == "active" for leaf in domain or []
        )
        return bool(asked or row["active"])

    def _sorted(self, model: str, rows: list[Row], order: Any) -> list[Row]:
        for part in reversed(str(order or MODELS[model].order).split(",")):
            match = re.fullmatch(r"\s*(\w+)(?:\s+(asc|desc))?\s*", part, re.IGNORECASE)
            if match is None:
                raise OdooError("UserError", f'Invalid "order" specified ({order}).')
            name, relation = match[1], _field(model, match[1]).relation

            def key(row: Row, name: str = name, relation: str = relation) -> Any:
                value = self._tables.value(model, row, name)
                if relation and value and not isinstance(value, list):
                    value = self._tables.display_name(relation, self._tables.get(relation, value))
                return _sort_key(value)

            rows = sorted(rows, key=key, reverse=(match[2] or "").lower() == "desc")
        return rows

    def search_count(self, model: str, domain: Any, limit: Any = None) -> int:
        """Return how many records a domain finds."""
        return len(self.search(model, domain, 0, limit))

    def search_read(
        self,
        model: str,
        domain: Any = None,
        fields: Any = None,
        offset: int = 0,
        limit: Any = None,
        order: Any = None,
        **read: Any,
    ) -> list[Row]:
        """Return the records that a domain finds."""
        return self.read(model, self.search(model, domain, offset, limit, order), fields, **read)

    def read(
        self, model: str, ids: Any, fields: Any = None, load: Any = "_classic_read"
    ) -> list[Row]:
        """Return records by id; missing ones are left out, as Odoo does."""
        names = list(fields or _fields(model))
        for name in names:
            _field(model, name)
        wanted = ids if isinstance(ids, list) else [ids]
        rows = [row for row in (self._tables.find(model, item) for item in wanted) if row]
        return [
            {"id": row["id"]} | {name: self._shown(model, row, name, load) for name in names}
            for row in rows
        ]

    def _shown(self, model: str, row: Row, name: str, load: Any) -> Any:
        field, value = _field(model, name), self._tables.value(model, row, name)
        if field.type == "many2one" and value and load == "_classic_read":
            related = self._tables.get(field.relation, value)
            return [value, self._tables.display_name(field.relation, related)]
        return list(value) if isinstance(value, list) else value

    def name_search(
        self,
        model: str,
        name: str = "",
        args: Any = None,
        operator: str = "ilike",
        limit: Any = 100,
    ) -> list[list[Any]]:
        """Return `[id, name]` of the records whose name matches."""
        domain = [*(args or []), ["display_name", operator, name]]
        found = self.search(model, domain, 0, limit)
        rows = [self._tables.get(model, item) for item in found]
        return [[row["id"], self._tables.display_name(model, row)] for row in rows]

    def fields_get(self, model: str, allfields: Any = None, attributes: Any = None) -> Row:
        """Return the description of the fields."""
        described: Row = {}
        for name, field in _fields(model).items():
            if allfields and name not in allfields:
                continue
            facts: Row = {"type": field.type, "string": field.string, "name": name}
            facts |= {"required": field.required, "readonly": field.readonly}
            facts |= {"store": True, "searchable": True, "sortable": True}
            if field.relation:
                facts["relation"] = field.relation
            if field.selection:
                facts["selection"] = [list(choice) for choice in field.selection]
            described[name] = {
                key: value for key, value in facts.items() if not attributes or key in attributes
            }
        return described

    def check_access_rights(self, model: str, operation: str, raise_exception: Any = True) -> bool:  # noqa: ARG002, FBT002 Odoo's signature
        """Return True: the user of the sandbox may do all it plays."""
        _fields(model)
        return True

    def context_get(self, model: str) -> Row:
        """Return the user's context."""
        if model != "res.users":
            raise AttributeError(f"type object {model!r} has no attribute 'context_get'")
        return {"lang": "en_US", "tz": "UTC", "uid": USER_ID}

    def create(self, model: str, vals_list: Any) -> int | list[int]:
        """Create one record, or several in one transaction."""
        if isinstance(vals_list, list):
            return [self._create(model, values) for values in vals_list]
        return self._create(model, vals_list)

    def _create(self, model: str, values: Row) -> int:
        values = with_defaults(model, values, self.context)
        identifier = self._insert(model, values)
        self._changed(model, "create", values, self._tables.get(model, identifier))
        return identifier

    def write(self, model: str, ids: Any, vals: Row) -> bool:
        """Change records."""
        for identifier in ids if isinstance(ids, list) else [ids]:
            row = self._tables.get(model, identifier)
            stored, children = self._converted(model, vals)
            self._tables.put(model, {**row, **stored, "write_date": False})
            self._insert_children(model, identifier, children)
            self._compute(model, identifier)
            self._changed(model, "write", vals, self._tables.get(model, identifier))
        return True

    def _insert(self, model: str, values: Row) -> int:
        fields = _fields(model)
        stored, children = self._converted(model, values)
        row = {name: field.empty for name, field in fields.items()}
        if "active" in fields:
            row["active"] = True
        row |= DEFAULTS.get(model, {}) | stored
        missing = [name for name, field in fields.items() if field.required and not row[name]]
        if missing:
            label = f"Model: {MODELS[model].title} ({model})\nField: {missing[0]}"
            message = "The operation cannot be completed: a mandatory field is not set."
            raise OdooError("ValidationError", f"{message}\n\n{label}")
        if model == "res.partner" and not row["name"]:
            raise OdooError("ValidationError", "Contacts require a name")
        if row.get("state") == "posted":
            raise OdooError("UserError", "You cannot create a move already in the posted state.")
        identifier = self._tables.put(model, {**row, "id": 0})
        self._insert_children(model, identifier, children)
        self._compute(model, identifier)
        return identifier

    def _converted(self, model: str, values: Row) -> tuple[Row, dict[str, list[Row]]]:
        """Return what is stored and the new children by field; computed fields are left out."""
        stored: Row = {}
        children: dict[str, list[Row]] = {}
        for name, value in values.items():
            field = _field(model, name)
            if field.type == "one2many":
                children[name] = [_new_child(command) for command in value]
            elif not field.readonly:
                stored[name] = self._stored(model, name, field, value)
        return stored, children

    def _stored(self, model: str, name: str, field: Field, value: Any) -> Any:
        if field.type == "many2many":
            return [self._tables.get(field.relation, item)["id"] for item in _linked(value)]
        if value is None or value is False or value == "":
            return field.empty
        match field.type:
            case "many2one":
                return self._tables.get(field.relation, value)["id"]
            case "integer":
                return int(value)
            case "float" | "monetary":
                return _float(value)
            case "boolean":
                return bool(value)
            case "date":
                return date.fromisoformat(str(value)[:10]).isoformat()
            case "selection" if value not in dict(field.selection):
                raise ValueError(f"Wrong value for {model}.{name}: {value!r}")
        return str(value)

    def _insert_children(self, model: str, identifier: int, new: Mapping[str, list[Row]]) -> None:
        for name, rows in new.items():
            field = _field(model, name)
            ids = list(self._tables.get(model, identifier)[name])
            ids += [
                self._insert(field.relation, {**row, field.inverse: identifier}) for row in rows
            ]
            self._tables.put(model, {**self._tables.get(model, identifier), name: ids})

    def _compute(self, model: str, identifier: int) -> None:
        if model == "account.move":
            computed = self._totals(self._tables.get(model, identifier))
            self._tables.put(model, self._tables.get(model, identifier) | computed)

    def _totals(self, move: Row) -> Row:
        """Return a draft's dates, owner and amounts; there are no taxes and no payments here."""
        today = self._today().isoformat()
        company = self._tables.get("res.company", move["company_id"] or COMPANY_ID)
        currency = self._tables.get("res.currency", move["currency_id"] or company["currency_id"])
        partner = move["partner_id"] and self._tables.get("res.partner", move["partner_id"])
        shared = {
            "date": move["invoice_date"] or today,
            "partner_id": move["partner_id"],
            "company_id": company["id"],
            "currency_id": currency["id"],
        }
        places = Decimal(1).scaleb(-currency["decimal_places"])
        total = Decimal(0)
        for identifier in move["invoice_line_ids"]:
            line = self._tables.get("account.move.line", identifier)
            part = 1 - _decimal(line["discount"]) / 100
            amount = _rounded(
                _decimal(line["quantity"]) * _decimal(line["price_unit"]) * part, places
            )
            sums = {"price_subtotal": float(amount), "price_total": float(amount)}
            self._tables.put("account.move.line", {**line, **shared, **sums})
            total += amount
        sign = 1 if move["move_type"] in DEBIT else -1
        signed = float(_rounded(sign * total / _decimal(currency["rate"])))
        return shared | {
            "company_currency_id": company["currency_id"],
            "commercial_partner_id": bool(partner)
            and self._tables.value("res.partner", partner, "commercial_partner_id"),
            "invoice_date_due": move["invoice_date_due"] or move["invoice_date"] or today,
            "amount_untaxed": float(total),
            "amount_total": float(total),
            "amount_residual": float(total),
            "amount_untaxed_signed": signed,
            "amount_total_signed": signed,
            "amount_residual_signed": signed,
        }


DEFAULTS: Mapping[str, Row] = {
    "account.move": {
        "name": "/",
        "move_type": "entry",
        "state": "draft",
        "payment_state": "not_paid",
        "company_id": COMPANY_ID,
        "invoice_user_id": USER_ID,
    },
    "account.move.line": {"quantity": 1.0},
    "res.partner": {"lang": "en_US"},
}

METHODS: Mapping[str, Callable[..., Any]] = {
    method.__name__: method
    for method in (
        Calls.search,
        Calls.search_count,
        Calls.search_read,
        Calls.read,
        Calls.name_search,
        Calls.fields_get,
        Calls.check_access_rights,
        Calls.context_get,
        Calls.create,
        Calls.write,
    )
}


def with_defaults(model: str, values: Any, context: Mapping[str, Any]) -> Row:
    """Return the values of a new record with the context's `default_*` below them."""
    if not isinstance(values, dict):
        raise TypeError(f"create() takes a dictionary or a list of them, not {values!r}")
    fields = MODELS[model].fields if model in MODELS else {}
    named = {name: f"default_{name}" for name in fields}
    return {name: context[key] for name, key in named.items() if key in context} | values


def _float(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{value!r} is not a number that can be stored")
    return float(_rounded(Decimal(str(number))))


def _new_child(command: Any) -> Row:
    """Return the values of `[0, 0, {...}]`, the only command that is played."""
    if isinstance(command, (list, tuple)) and len(command) == 3 and command[0] == 0:
        return dict(command[2])
    raise ValueError(f"The sandbox plays the command (0, 0, values) only, not {command!r}")


def _linked(commands: Any) -> list[Any]:
    """Return the ids that `[6, 0, ids]`, `[4, id]` and `[5]` commands leave."""
    ids: list[Any] = []
    for command in commands or []:
        if not isinstance(command, (list, tuple)):
            ids.append(command)
        elif command[0] == 6:
            ids = list(command[2])
        elif command[0] == 4:
            ids.append(command[1])
        elif command[0] == 5:
            ids = []
        else:
            raise ValueError(f"The sandbox does not play the command {command!r}")
    return ids


@dataclass(frozen=True)
class Call:
    """One `object` call, taken out of its envelope."""

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
    move_type = str(values.get("move_type") or "")
    return KINDS.get((model, method, move_type), f"odoo.{model}.{method}")


def _call_of(method: object, args: Sequence[Any]) -> Call:
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


class OdooFake:
    """One database with one company.

    Args:
        world: receives the effects and gives the time.
    """

    service = "odoo"
    routes = re.compile(r"/(jsonrpc|json/2/|web/|web$|xmlrpc/)")

    def __init__(self, world: World) -> None:
        self._world = world
        self._changes: list[tuple[str, str | None, Row]] = []
        self._tables = Tables(lambda: iso(world.clock.now()))

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
        """Go back to the seeded records."""
        self._tables = Tables(lambda: iso(self._world.clock.now()))

    def kind(self, request: Request) -> str:
        """Return the action's kind, `odoo.model.method`, or `odoo.common.login` and the like."""
        service, method, args = _envelope(request)
        if service == "object":
            try:
                return _call_of(method, args).kind()
            except TypeError:
                return f"odoo.object.{method}"
        if service:
            return f"odoo.{service}.{method}"
        return ".".join([self.service, *filter(None, request.path.split("/"))])

    def handle(self, request: Request) -> Response | None:
        """Act on a request; Odoo answers errors of a call with HTTP 200 too."""
        if request.path == "/web/webclient/version_info" and request.method == "POST":
            return _result(request, VERSION)
        if request.path != "/jsonrpc" or request.method != "POST":
            return None
        if not isinstance(request.json, dict):
            return Response.page("400 Bad Request: Invalid JSON data", 400)
        try:
            result = self._dispatch(*_envelope(request))
        except (OdooError, *FAILURES) as error:
            self._tables.roll_back()
            return _error(request, error)
        self._tables.commit()
        for kind, key, payload in self._changes:
            self._world.record(self.service, kind, key, payload)
        return _result(request, result)

    def fail(self, fault: Fault, request: Request) -> Response:
        """Return the answer of a fault: Odoo's own for a dead key, a proxy's for the rest."""
        match fault.mode:
            case FaultMode.AUTH_EXPIRED:
                service, _, _ = _envelope(request)
                if service == "common":
                    return _result(request, value=False)
                return _error(request, OdooError("AccessDenied", "Access Denied"))
            case FaultMode.HTTP_429:
                wait = {"Retry-After": str(math.ceil(fault.seconds))}
                return Response.page("429 Too Many Requests", 429, wait)
            case FaultMode.GARBAGE:
                return Response.page("Odoo", 200)
        return Response.page("500 Internal Server Error", 500)

    def _dispatch(self, service: str, method: str, args: Sequence[Any]) -> Any:
        self._changes = []
        match service, method:
            case "common", "version":
                return VERSION
            case "common", "login" | "authenticate":
                known = len(args) >= 3 and all(isinstance(arg, str) and arg for arg in args[:3])
                return USER_ID if known else False
            case "object", "execute" | "execute_kw":
                return self._execute(_call_of(method, args))
        raise KeyError(f"{service}.{method}")

    def _execute(self, call: Call) -> Any:
        database, user, password = call.credentials
        if user != USER_ID or not (database and password):
            raise OdooError("AccessDenied", "Access Denied")
        _fields(call.model)
        if call.method.startswith("_"):
            message = f"Private methods (such as {call.method}) cannot be called remotely."
            raise OdooError("AccessError", message)
        if call.method not in METHODS:
            raise AttributeError(f"type object {call.model!r} has no attribute {call.method!r}")
        if set(call.context.get("allowed_company_ids") or []) - {COMPANY_ID}:
            raise OdooError("AccessError", "Access to unauthorized or invalid companies.")
        calls = Calls(self._tables, self._note, lambda: self._world.clock.now().date())
        calls.context = call.context
        kwargs = {name: value for name, value in call.kwargs.items() if name != "context"}
        method = METHODS[call.method]
        inspect.signature(method).bind(calls, call.model, *call.args, **kwargs)
        return method(calls, call.model, *call.args, **kwargs)

    def _note(self, model: str, method: str, values: Row, row: Row) -> None:
        """Keep one change until the call has succeeded."""
        keys = [str(values[name]) for name in KEY_FIELDS if values.get(name)]
        key = next((text for text in keys if text.startswith("AIE-")), None)
        payload: Row = {"model": model, "id": row["id"], "values": values}
        if model == "account.move":
            payload["amount_total"] = row["amount_total"]
        self._changes.append((kind_of(model, method, values), key, payload))


def _envelope(request: Request) -> tuple[str, str, Sequence[Any]]:
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


def _result(request: Request, value: object) -> Response:
    identifier = request.json.get("id") if isinstance(request.json, dict) else None
    return Response.of({"jsonrpc": "2.0", "id": identifier, "result": value})


def _error(request: Request, error: Exception) -> Response:
    kind = type(error)
    name = error.name if isinstance(error, OdooError) else f"{kind.__module__}.{kind.__name__}"
    message = str(error)
    data = {
        "name": name,
        "debug": f'Traceback (most recent call last):\n  File "odoo/http.py"\n{name}: {message}\n',
        "message": message,
        "arguments": [message],
        "context": {},
    }
    identifier = request.json.get("id") if isinstance(request.json, dict) else None
    problem = {"code": 200, "message": "Odoo Server Error", "data": data}
    return Response.of({"jsonrpc": "2.0", "id": identifier, "error": problem})
