"""The records of the fake Odoo: one call is one transaction; search domains over them.

Rule: a call that fails changes nothing; numbers stay used, as in PostgreSQL.
"""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING, Any

from mcp_servers.odoo.fake_models import COMPANY_ID, MODELS, SISTER, SISTER_ID, USER_ID
from mcp_servers.odoo.fake_schema import Field, Row, in_version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

LIKE = {"like", "ilike", "=like", "=ilike"}
NEGATED = {"!=": "=", "not in": "in", "not like": "like", "not ilike": "ilike", "<>": "="}
COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
DRAFT_NAMES = {
    "out_invoice": "Draft Invoice",
    "out_refund": "Draft Credit Note",
    "in_invoice": "Draft Bill",
    "in_refund": "Draft Vendor Credit Note",
    "out_receipt": "Draft Sales Receipt",
    "in_receipt": "Draft Purchase Receipt",
}
SEEDED_AT = "2026-11-02 08:00:00"


class OdooError(Exception):
    """An error of the server, named as Odoo names it (`odoo.exceptions.UserError`)."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name if "." in name else f"odoo.exceptions.{name}"


class Tables:
    """The records, one call being one transaction.

    Args:
        now: gives the present instant as ISO text.
        version: the major version that is played.
        companies: 1 or 2.
        missing: `model.field` of fields that this server does not have.
    """

    def __init__(
        self,
        now: Callable[[], str],
        version: int,
        companies: int = 1,
        missing: frozenset[str] = frozenset(),
    ) -> None:
        self._now = now
        self.version = version
        self._fields = in_version(MODELS, version, missing)
        self._tables: dict[str, dict[int, Row]] = {}
        self._last: dict[str, int] = {}
        self._undo: list[tuple[str, int, Row | None]] = []
        for model, facts in MODELS.items():
            self._tables[model] = {}
            self._last[model] = 0
            for seed in facts.seeds:
                self.seed(model, seed)
        if companies > 1:
            self._seed_sister()
        self.commit()

    def seed(self, model: str, values: Mapping[str, object]) -> int:
        """Store a record as if it had always been there."""
        fields = self.fields(model)
        row: Row = {name: field.empty for name, field in fields.items()}
        if "active" in fields:
            row["active"] = True
        row |= {"create_date": SEEDED_AT, "write_date": SEEDED_AT}
        return self.put(model, {**row, **MODELS[model].defaults, **values})

    def _seed_sister(self) -> None:
        for model, seeds in SISTER.items():
            for seed in seeds:
                self.seed(model, seed)
        user = self.get("res.users", USER_ID)
        self.put("res.users", {**user, "company_ids": [COMPANY_ID, SISTER_ID]})

    def fields(self, model: str) -> Mapping[str, Field]:
        """Return the fields of a model in this version."""
        if model not in self._fields:
            raise OdooError("UserError", f"Object {model} doesn't exist")
        return self._fields[model]

    def field(self, model: str, name: str, where: str = "") -> Field:
        """Return one field or raise ValueError, as Odoo words it."""
        fields = self.fields(model)
        if name not in fields:
            leaf = f"Invalid field {model}.{name} in leaf {where}"
            raise ValueError(leaf if where else f"Invalid field {name!r} on model {model!r}")
        return fields[name]

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

    def change(self, model: str, identifier: int, **values: object) -> Row:
        """Change some values of a record and return it."""
        self.put(model, {**self.get(model, identifier), **values})
        return self.get(model, identifier)

    def rows(self, model: str) -> Iterable[Row]:
        """Return all records of a model."""
        self.fields(model)
        return self._tables[model].values()

    def find(self, model: str, identifier: object) -> Row | None:
        """Return one record, None when it is missing."""
        self.fields(model)
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
        match model, name:
            case (_, "display_name") | ("res.partner", "complete_name"):
                return self.display_name(model, row)
            case "res.partner", "commercial_partner_id":
                parent = row["parent_id"] and self.get(model, row["parent_id"])
                return parent["id"] if parent and not row["is_company"] else row["id"]
            case "account.payment", "move_id":  # the entry itself is not played
                return not row.get("_unbooked") and row["id"]
            case "crm.lead", "company_currency":
                return self.get("res.company", row["company_id"] or COMPANY_ID)["currency_id"]
            case "crm.lead", "prorated_revenue":
                return round(row["expected_revenue"] * row["probability"] / 100, 2)
            case "crm.lead", "won_status":
                return "won" if row["probability"] == 100 else "pending"
        return row[name]

    def display_name(self, model: str, row: Row) -> str:
        """Return what Odoo shows for a record."""
        if model == "res.partner" and row["parent_id"] and not row["is_company"]:
            return f"{self.get(model, row['parent_id'])['name']}, {row['name']}"
        if model == "account.move" and row["state"] == "draft":
            title = DRAFT_NAMES.get(row["move_type"], "Draft Entry")
            number = f"(* {row['id']})" if row["name"] in ("/", False) else row["name"]
            return f"{title} {number}" + (f" ({row['ref']})" if row["ref"] else "")
        if model == "account.move" and row["ref"]:
            return f"{row['name']} ({row['ref']})"
        if model == "product.product" and row["default_code"]:
            return f"[{row['default_code']}] {row['name']}"
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

    def _check(self, model: str, names: Sequence[str], leaf: str) -> None:
        for index, name in enumerate(names):
            field = self._tables.field(model, name, leaf)
            if index + 1 < len(names) and not field.relation:
                raise ValueError(f"Invalid field {model}.{'.'.join(names)} in leaf {leaf}")
            model = field.relation

    def _values(self, model: str, row: Row, names: Sequence[str], *, named: bool) -> list[Any]:
        """Return the values at a path; relations become names when compared with a text."""
        field = self._tables.field(model, names[0])
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
