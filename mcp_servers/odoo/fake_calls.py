"""The public methods of the fake Odoo's models, as `execute_kw` and JSON-2 reach them.

Rules: what is not played is refused the way Odoo refuses what it does not know; records of another
company than the call's own are not there.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mcp_servers.odoo.fake_books import BUSINESS, Books, decimal
from mcp_servers.odoo.fake_models import MODELS, TRANSIENT, USER_ID
from mcp_servers.odoo.fake_tables import Domains, OdooError, Tables
from mcp_servers.odoo.fake_values import converted, with_defaults

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mcp_servers.odoo.fake_schema import Row

AGGREGATES = {"sum", "count", "max", "min", "avg"}


def _sort_key(value: Any) -> tuple[bool, Any, Any]:
    """Order empty values last, texts without regard to case."""
    if isinstance(value, str):
        return False, value.casefold(), value
    return value is False, 0 if value is False else value, 0


class Calls:
    """One call's view of the models.

    Args:
        tables: the records.
        changed: told (model, method, values, row) of every change.
        today: the server's date.
        context: the caller's.
        companies: the companies the call may see; new records belong to the first.
    """

    def __init__(
        self,
        tables: Tables,
        changed: Callable[[str, str, Row, Row], None],
        today: date,
        context: Mapping[str, Any],
        companies: Sequence[int],
    ) -> None:
        self._tables = tables
        self._domains = Domains(tables)
        self._books = Books(tables, today, companies[0])
        self._changed = changed
        self._today = today
        self.context = context
        self._companies = frozenset(companies)

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
        if not self._ours(row):
            return False
        if "active" not in self._tables.fields(model) or not self.context.get("active_test", True):
            return True
        asked = any(
            isinstance(leaf, (list, tuple)) and leaf[0] == "active" for leaf in domain or []
        )
        return bool(asked or row["active"])

    def _ours(self, row: Row) -> bool:
        """Return whether a record belongs to the call's companies, or to none."""
        company = row.get("company_id")
        return not company or company in self._companies

    def _sorted(self, model: str, rows: list[Row], order: Any) -> list[Row]:
        for part in reversed(str(order or MODELS[model].order).split(",")):
            match = re.fullmatch(r"\s*(\w+)(?:\s+(asc|desc))?\s*", part, re.IGNORECASE)
            if match is None:
                raise OdooError("UserError", f'Invalid "order" specified ({order}).')
            name, relation = match[1], self._tables.field(model, match[1]).relation

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
        names = list(fields or self._tables.fields(model))
        for name in names:
            self._tables.field(model, name)
        wanted = ids if isinstance(ids, list) else [ids]
        rows = [row for row in (self._tables.find(model, item) for item in wanted) if row]
        if not all(self._ours(row) for row in rows):
            message = (
                f"Access to records of {MODELS[model].title} is not allowed by a company rule."
            )
            raise OdooError("AccessError", message)
        return [
            {"id": row["id"]} | {name: self._shown(model, row, name, load) for name in names}
            for row in rows
        ]

    def _shown(self, model: str, row: Row, name: str, load: Any) -> Any:
        field, value = self._tables.field(model, name), self._tables.value(model, row, name)
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
        for name, field in self._tables.fields(model).items():
            if allfields and name not in allfields:
                continue
            facts: Row = {"type": field.type, "string": field.string, "name": name}
            facts |= {"required": field.required, "readonly": field.readonly}
            facts |= {"store": True, "searchable": True, "sortable": True}
            if field.relation:
                facts["relation"] = field.relation
            if field.type == "float":
                facts["digits"] = False if field.is_exact_in(self._tables.version) else [16, 2]
            if field.selection:
                facts["selection"] = [list(choice) for choice in field.selection]
            described[name] = {
                key: value for key, value in facts.items() if not attributes or key in attributes
            }
        return described

    def check_access_rights(self, model: str, operation: str, raise_exception: Any = True) -> bool:  # noqa: ARG002, FBT002 Odoo's signature
        """Return True: the user of the sandbox may do all it plays."""
        self._tables.fields(model)
        return True

    def context_get(self, model: str) -> Row:
        """Return the user's context."""
        if model != "res.users":
            raise AttributeError(f"type object {model!r} has no attribute 'context_get'")
        return {"lang": "en_US", "tz": "UTC", "uid": USER_ID}

    def read_group(
        self, model: str, domain: Any, fields: Any, groupby: Any, **options: Any
    ) -> list[Row]:
        """Return sums by group, in the shape that 17 and 18 have and 19 still answers."""
        lazy = options.get("lazy", True)
        names = groupby if isinstance(groupby, list) else [groupby]
        used = names[:1] if lazy else names
        sums = [name.partition(":")[0] for name in fields if name.partition(":")[0] not in names]
        found = []
        for key, rows in self._groups(model, domain, used):
            group = dict(zip(used, key, strict=True))
            group |= {name: self._aggregate(model, name, "sum", rows) for name in sums}
            group[f"{used[0]}_count" if lazy and used else "__count"] = len(rows)
            group["__domain"] = [*(domain or []), *_domain_of(used, key)]
            found.append(group)
        return found

    def formatted_read_group(
        self,
        model: str,
        domain: Any,
        groupby: Any = (),
        aggregates: Any = (),
        **_options: Any,
    ) -> list[Row]:
        """Return sums by group, in the shape of 19."""
        if self._tables.version < 19:
            message = f"type object {model!r} has no attribute 'formatted_read_group'"
            raise AttributeError(message)
        found = []
        for key, rows in self._groups(model, domain, list(groupby)):
            group = dict(zip(groupby, key, strict=True))
            for each in aggregates:
                name, _, how = each.partition(":")
                count = each == "__count"
                group[each] = len(rows) if count else self._aggregate(model, name, how, rows)
            group["__extra_domain"] = _domain_of(list(groupby), key)
            found.append(group)
        return found

    def _groups(
        self, model: str, domain: Any, names: Sequence[str]
    ) -> list[tuple[tuple[Any, ...], list[Row]]]:
        groups: dict[str, tuple[tuple[Any, ...], list[Row]]] = {}
        for identifier in self.search(model, domain):
            row = self._tables.get(model, identifier)
            key = tuple(self._shown(model, row, name, "_classic_read") for name in names)
            groups.setdefault(repr(key), (key, []))[1].append(row)
        return list(groups.values()) or ([] if names else [((), [])])

    def _aggregate(self, model: str, name: str, how: str, rows: Iterable[Row]) -> float:
        field = self._tables.field(model, name)
        if field.type not in {"monetary", "float", "integer"} or how not in AGGREGATES:
            raise ValueError(f"Invalid aggregate {name}:{how} on model {model!r}")
        values = (decimal(self._tables.value(model, row, name)) for row in rows)
        return float(sum(values, Decimal(0)))

    def create(self, model: str, vals_list: Any) -> int | list[int]:
        """Create one record, or several in one transaction."""
        if isinstance(vals_list, list):
            return [self._create(model, values) for values in vals_list]
        return self._create(model, vals_list)

    def _create(self, model: str, values: Row) -> int:
        values = with_defaults(model, values, self.context)
        identifier = self._insert(model, values)
        if model not in TRANSIENT:
            self._changed(model, "create", values, self._tables.get(model, identifier))
        return identifier

    def call_business(self, model: str, method: str, ids: Any) -> Any:
        """Run a method of one model for each record, e.g. `action_post`."""
        wanted = ids if isinstance(ids, list) else [ids]
        self.read(model, wanted, ["id"])  # refuses another company's
        for identifier in wanted:
            made = BUSINESS[model, method](self._books, identifier)
            if isinstance(made, int):
                row = self._tables.get("account.payment", made)
                self._changed(model, method, dict(row), row)
                window = {"type": "ir.actions.act_window", "res_model": "account.payment"}
                return {**window, "res_id": made, "context": {"create": False}}
            self._changed(model, method, {}, self._tables.get(model, identifier))
        return False

    def write(self, model: str, ids: Any, vals: Row) -> bool:
        """Change records."""
        for identifier in ids if isinstance(ids, list) else [ids]:
            row = self._tables.get(model, identifier)
            stored, children = converted(self._tables, model, vals)
            self._tables.put(model, {**row, **stored, "write_date": False})
            self._insert_children(model, identifier, children)
            self._books.changed(model, identifier, stored)
            self._books.compute(model, identifier)
            self._changed(model, "write", vals, self._tables.get(model, identifier))
        return True

    def _insert(self, model: str, values: Row) -> int:
        fields = self._tables.fields(model)
        stored, children = converted(self._tables, model, values)
        row = {name: field.empty for name, field in fields.items()}
        if "active" in fields:
            row["active"] = True
        row |= MODELS[model].defaults
        row |= {**self._books.defaults(model, self.context, stored), **stored}
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
        self._books.compute(model, identifier)
        return identifier

    def _insert_children(self, model: str, identifier: int, new: Mapping[str, list[Row]]) -> None:
        for name, rows in new.items():
            field = self._tables.field(model, name)
            ids = list(self._tables.get(model, identifier)[name])
            ids += [
                self._insert(field.relation, {**row, field.inverse: identifier}) for row in rows
            ]
            self._tables.put(model, {**self._tables.get(model, identifier), name: ids})


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
        Calls.read_group,
        Calls.formatted_read_group,
        Calls.create,
        Calls.write,
    )
}
"""Methods that every model has."""


def _domain_of(names: Sequence[str], key: Sequence[Any]) -> list[list[Any]]:
    """Return the domain of one group."""
    values = (value[0] if isinstance(value, list) else value for value in key)
    return [[name, "=", value] for name, value in zip(names, values, strict=True)]
