"""The words that the fake Odoo's tables are written in: fields, models and versions.

Rule: a field that a version does not have is no field there at all, as in Odoo: asking for it is
an error and `fields_get` does not name it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Row = dict[str, Any]
"""One record as stored: empty is False, many2one an id, x2many a list of ids."""

ALWAYS = 99


@dataclass(frozen=True)
class Field:
    """One column: type, label, what the type needs, and the versions that have it.

    A number keeps two decimals, from `exact_since` on as many as it has.
    """

    type: str
    string: str
    relation: str = ""
    inverse: str = ""
    required: bool = False
    readonly: bool = False
    selection: tuple[tuple[str, str], ...] = ()
    since: int = 0
    until: int = ALWAYS
    exact_since: int = ALWAYS

    def is_exact_in(self, version: int) -> bool:
        """Return whether a version keeps a number as it came."""
        return version >= self.exact_since

    @property
    def empty(self) -> object:
        """Return the stored value of "nothing"."""
        if self.type in {"integer", "float", "monetary"}:
            return 0 if self.type == "integer" else 0.0
        return [] if self.type in {"one2many", "many2many"} else False


@dataclass(frozen=True)
class Model:
    """One table: title, default order, columns, the records of a fresh sandbox, defaults."""

    title: str
    order: str
    fields: Mapping[str, Field]
    seeds: tuple[Mapping[str, object], ...] = ()
    defaults: Mapping[str, object] = field(default_factory=dict)


def columns(
    kind: str, *, readonly: bool = False, since: int = 0, **labels: str
) -> dict[str, Field]:
    """Return fields of one plain type by name."""
    return {
        name: Field(kind, label, readonly=readonly, since=since) for name, label in labels.items()
    }


def links(relation: str, *, readonly: bool = False, **labels: str) -> dict[str, Field]:
    """Return many2one fields to one model by name."""
    return {
        name: Field("many2one", label, relation, readonly=readonly)
        for name, label in labels.items()
    }


def many(relation: str, inverse: str = "", **labels: str) -> dict[str, Field]:
    """Return one2many fields (with an inverse) or many2many fields by name."""
    kind = "one2many" if inverse else "many2many"
    return {name: Field(kind, label, relation, inverse) for name, label in labels.items()}


def choices(label: str, **options: str) -> Field:
    """Return a selection field that must not be empty."""
    return Field("selection", label, required=True, selection=tuple(options.items()))


COMMON = {
    **columns("integer", readonly=True, id="ID"),
    **columns("char", readonly=True, display_name="Display Name"),
    **columns("datetime", readonly=True, create_date="Created on", write_date="Last Updated on"),
}
REQUIRED_NAME = {"name": Field("char", "Name", required=True)}
ACTIVE = columns("boolean", active="Active")


def in_version(
    models: Mapping[str, Model], version: int, missing: frozenset[str]
) -> dict[str, dict[str, Field]]:
    """Return the fields by model that a version has.

    Args:
        models: all tables.
        version: the major version that is played.
        missing: `model.field` of fields that this server happens not to have.
    """
    return {
        model: {
            name: each
            for name, each in {**COMMON, **facts.fields}.items()
            if each.since <= version <= each.until and f"{model}.{name}" not in missing
        }
        for model, facts in models.items()
    }
