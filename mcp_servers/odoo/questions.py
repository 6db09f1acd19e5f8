"""The questions that Odoo is asked, whichever way it is reached.

Rules: everything is asked of one company; fields are asked for by name once per connection, never
guessed from a version; a question changes nothing, so it may be asked again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, TypeVar

from mcp_servers.odoo.connection import Row, Session, rows_of
from mcp_servers.odoo.failures import NotAcceptableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

T = TypeVar("T")

FORMATTED_GROUPS_SINCE = 19
SHORT_ADDRESSES_SINCE = 18


class Questions(ABC):
    """What a reader can be asked; how it reaches Odoo is its own."""

    @property
    @abstractmethod
    def url(self) -> str:
        """Return the server's root."""

    @abstractmethod
    def _ask(self, question: Callable[[Session], T]) -> T:
        """Ask, and ask again where no answer came."""

    @property
    def company_id(self) -> int:
        """Return the company everything belongs to: the setting, else the user's own."""
        return self._ask(lambda session: session.company_id)

    @property
    def other_companies(self) -> int:
        """Return how many further companies the user may work in; nothing is asked of them."""
        return self._ask(lambda session: session.others)

    @property
    def user_id(self) -> int:
        """Return who is signed in."""
        return self._ask(lambda session: session.connection.user_id)

    def company(self) -> Row:
        """Return `id`, `name` and `currency_id` of our company; asked once per connection."""

        def question(session: Session) -> Row:
            if session.company is None:
                options = {"fields": ["name", "currency_id"], **self._context(session)}
                ids = [session.company_id]
                rows = rows_of(session.connection.call("res.company", "read", [ids], options))
                session.company = rows[0]
            return session.company

        return self._ask(question)

    def search_read(
        self, model: str, domain: Sequence[object], fields: Sequence[str], **paging: object
    ) -> list[Row]:
        """Return records.

        Args:
            model: Odoo's name of the kind of record.
            domain: Odoo's search expression.
            fields: what to return; `id` always comes along.
            **paging: `limit`, `offset`, `order`.

        Raises:
            NotSentError: no answer came.
            RejectedError: Odoo refused the question.
        """
        options = {"fields": list(fields), **paging}
        return rows_of(self._execute(model, "search_read", [list(domain)], options))

    def count(self, model: str, domain: Sequence[object]) -> int:
        """Return how many records match; raises as `search_read` does."""
        return int(self._execute(model, "search_count", [list(domain)], {}))

    def read(self, model: str, identifier: int, fields: Sequence[str]) -> Row | None:
        """Return one record, None when there is none; raises as `search_read` does."""
        rows = rows_of(self._execute(model, "read", [[identifier]], {"fields": list(fields)}))
        return rows[0] if rows else None

    def grouped(
        self, model: str, domain: Sequence[object], groups: Sequence[str], sums: Sequence[str]
    ) -> list[Row]:
        """Return sums by group: the groups and sums by field name, and `__count`.

        Raises as `search_read` does.
        """
        version = self._ask(lambda session: session.version)
        if version >= FORMATTED_GROUPS_SINCE:
            wanted = [*(f"{name}:sum" for name in sums), "__count"]
            args = [list(domain), list(groups), wanted]
            rows = rows_of(self._execute(model, "formatted_read_group", args, {}))
        else:
            wanted = [*(f"{name}:sum" for name in sums), *groups]
            args = [list(domain), wanted, list(groups)]
            rows = rows_of(self._execute(model, "read_group", args, {"lazy": False}))
        return [{name.removesuffix(":sum"): value for name, value in row.items()} for row in rows]

    def has_field(self, model: str, name: str) -> bool:
        """Return whether a model has a field there; asked once per connection."""

        def question(session: Session) -> bool:
            if (model, name) not in session.fields:
                args, options = [[name], ["type"]], self._context(session)
                found = session.connection.call(model, "fields_get", args, options)
                session.fields[model, name] = name in found
            return session.fields[model, name]

        return self._ask(question)

    def decimals(self, model: str, names: Sequence[str]) -> tuple[int | None, ...]:
        """Return how many decimals numbers of a model keep; asked once per connection.

        Odoo rounds to them without a word (`digits`: precision and scale); None: it keeps all.
        """

        def question(session: Session) -> tuple[int | None, ...]:
            if (model, names[0]) not in session.decimals:
                args, options = [list(names), ["digits"]], self._context(session)
                found = session.connection.call(model, "fields_get", args, options)
                for name in names:
                    digits = found[name].get("digits")
                    session.decimals[model, name] = int(digits[-1]) if digits else None
            return tuple(session.decimals[model, name] for name in names)

        return self._ask(question)

    def currency_id(self, code: str) -> int:
        """Return the id of an active currency; asked once per connection.

        Raises:
            NotAcceptableError: the currency is not active in this Odoo.
        """
        known = self._ask(lambda session: session.currencies)
        if code not in known:
            rows = self.search_read("res.currency", [["name", "=", code]], ["name"], limit=1)
            if not rows:
                raise NotAcceptableError(
                    "Odoo",
                    f"the currency {code} is not active there. Activate it in Odoo under "
                    "Accounting, Configuration, Currencies, then approve again.",
                    error_class="CurrencyNotActive",
                )
            known[code] = int(rows[0]["id"])
        return known[code]

    def url_of(self, model: str, identifier: int) -> str:
        """Return where a person can look at a record (the address changed in Odoo 18)."""
        if self._ask(lambda session: session.version) >= SHORT_ADDRESSES_SINCE:
            return f"{self.url}/odoo/{model}/{identifier}"
        return f"{self.url}/web#id={identifier}&model={model}&view_type=form"

    def _execute(
        self, model: str, method: str, args: Sequence[object], options: Mapping[str, object]
    ) -> Any:
        def question(session: Session) -> Any:
            whole = {**options, **self._context(session)}
            return session.connection.call(model, method, args, whole)

        return self._ask(question)

    @staticmethod
    def _context(session: Session) -> Row:
        return {"context": {"allowed_company_ids": [session.company_id]}}
