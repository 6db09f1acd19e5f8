"""What the fake Odoo stores of the values it is given, by the type of each field.

Rules: what is not played is refused, never guessed; a field that is computed or read only is left
out; numbers are finite and have two decimals, unless the version keeps them as they came.
"""

from __future__ import annotations

import math
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mcp_servers.odoo.fake_books import rounded
from mcp_servers.odoo.fake_models import MODELS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mcp_servers.odoo.fake_schema import Field, Row
    from mcp_servers.odoo.fake_tables import Tables


def with_defaults(model: str, values: Any, context: Mapping[str, Any]) -> Row:
    """Return the values of a new record with the context's `default_*` below them."""
    if not isinstance(values, dict):
        raise TypeError(f"create() takes a dictionary or a list of them, not {values!r}")
    fields = MODELS[model].fields if model in MODELS else {}
    named = {name: f"default_{name}" for name in fields}
    return {name: context[key] for name, key in named.items() if key in context} | values


def converted(tables: Tables, model: str, values: Row) -> tuple[Row, dict[str, list[Row]]]:
    """Return what is stored and the new children by field; computed fields are left out."""
    stored: Row = {}
    children: dict[str, list[Row]] = {}
    for name, value in values.items():
        field = tables.field(model, name)
        if field.type == "one2many":
            children[name] = [_new_child(command) for command in value]
        elif not field.readonly:
            stored[name] = _stored(tables, model, name, field, value)
    return stored, children


def _stored(tables: Tables, model: str, name: str, field: Field, value: Any) -> Any:
    if field.type == "many2many":
        return [tables.get(field.relation, item)["id"] for item in _linked(value)]
    if value is None or value is False or value == "":
        return field.empty
    match field.type:
        case "many2one":
            return tables.get(field.relation, value)["id"]
        case "integer":
            return int(value)
        case "float" | "monetary":
            return _to_float(value, exact=field.is_exact_in(tables.version))
        case "boolean":
            return bool(value)
        case "date":
            return date.fromisoformat(str(value)[:10]).isoformat()
        case "selection" if value not in dict(field.selection):
            raise ValueError(f"Wrong value for {model}.{name}: {value!r}")
    return str(value)


def _to_float(value: Any, *, exact: bool) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{value!r} is not a number that can be stored")
    return number if exact else float(rounded(Decimal(str(number))))


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
