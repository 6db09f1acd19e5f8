"""What a signed-in connection to Odoo is, whichever way it speaks.

Rules: a call is sent once; its arguments are those of `execute_kw`, so that one preview is true for
both ways; a failure is raised as it came and explained in one place.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Row = dict[str, Any]
"""One record as Odoo returns it: False for empty, `[id, name]` for a link."""


class Connection(Protocol):
    """A way to call Odoo's models as one signed-in user."""

    @property
    def user_id(self) -> int:
        """Return who is signed in."""

    def call(
        self, model: str, method: str, args: Sequence[object], options: Mapping[str, object]
    ) -> Any:
        """Call a method of a model, once.

        Args:
            model: Odoo's name of the kind of record.
            method: its method.
            args: as `execute_kw` takes them: ids or a domain or values first.
            options: named arguments, the context among them.
        """


@dataclass
class Session:
    """A sign-in that succeeded, and what was learned since.

    Args:
        connection: how Odoo is called.
        company_id: the company everything belongs to.
        version: Odoo's major version.
        fields: by model and name, whether the field exists there.
        decimals: by model and name, how many decimals a number keeps; None: all.
        currencies: ids by code.
        company: its record, once it was read.
        others: how many further companies the user may work in.
    """

    connection: Connection
    company_id: int
    version: int
    fields: dict[tuple[str, str], bool] = field(default_factory=dict)
    decimals: dict[tuple[str, str], int | None] = field(default_factory=dict)
    currencies: dict[str, int] = field(default_factory=dict)
    company: Row | None = None
    others: int = 0


def rows_of(answer: object) -> list[Row]:
    """Return an answer as records.

    Raises:
        ValueError: it is something else.
    """
    if isinstance(answer, list) and all(isinstance(row, dict) for row in answer):
        return answer
    raise ValueError("the answer is no list of records")
