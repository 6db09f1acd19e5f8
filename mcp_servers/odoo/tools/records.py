"""What all tools share: Odoo's values as ours, requests as data, and the recipe of a creation.

Rules: the preview and the real call come from one builder; a record is searched by our key, created
once in one call with everything in it, and read back; it is found again by its key, never by its
content; what Odoo has computed is compared with what was approved.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from core.findings import Findings
from mcp_servers.odoo.failures import NotAcceptableError
from mcp_servers.toolset import Done, Evidence, Finding, Trace, Write
from utils.errors import NotSentError, RejectedError, UnknownOutcomeError
from utils.money import round_amount

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from core.actions import Payload
    from mcp_servers.odoo.actions.arguments import Arguments
    from mcp_servers.odoo.client import Reader, Row, Writer
    from utils.config import Settings

A = TypeVar("A", bound="Arguments")

LIMIT_TEXT = 200
NOTHING = "Nothing was sent."


# -- values ---------------------------------------------------------------------------------------


def number(amount: Decimal) -> int | float:
    """Return the JSON number of an amount: Odoo's fields are numbers, not texts.

    Exact: an amount has at most 15 digits (`utils.money`), which a double gives back unchanged.
    """
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def as_html(note: str) -> str:
    """Return plain text for Odoo's HTML field, so that nothing in it acts as HTML."""
    return html.escape(note, quote=False).replace("\n", "<br>")


def amount_of(value: object, currency: str) -> Decimal:
    """Return a stored number as an amount of a currency."""
    return round_amount(Decimal(str(value or 0)), currency)


def link(value: object) -> tuple[int | None, str]:
    """Return id and name of a many2one, (None, "") when it is empty."""
    match value:
        case [int() as identifier, str() as name]:
            return identifier, name
        case _:
            return None, ""


def text(value: object) -> str:
    """Return a text from outside on one line and capped; Odoo's empty value is False."""
    return " ".join(str(value or "").split())[:LIMIT_TEXT]


def literally(words: str) -> str:
    """Return a text for `=ilike`, in which nothing stands for anything else."""
    return words.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")


def same(one: str, other: str) -> bool:
    """Return whether two names are the same to a person."""
    return text(one).casefold() == text(other).casefold()


def rejected(reason: str, error_class: str) -> NotAcceptableError:
    """Return the error of something that we do not send."""
    return NotAcceptableError("Odoo", f"{reason} {NOTHING}", error_class=error_class)


def refusal(error: RejectedError) -> Findings:
    """Return the same as what is said before anybody is asked.

    Raises:
        RejectedError: it says nothing about the record (a refused sign-in).
    """
    if not isinstance(error, NotAcceptableError) and error.error_class != "AccessError":
        raise error
    return Findings(refusals=(error.message.removesuffix(NOTHING).strip(),))


# -- requests -------------------------------------------------------------------------------------


def company_in(settings: Settings) -> int | str:
    """Return the company's id as far as it is known without asking."""
    company = settings.text("ODOO_COMPANY_ID")
    return int(company) if company else "(the user's company)"


def request_of(
    settings: Settings,
    call: tuple[str, str],
    args: Sequence[object],
    context: Mapping[str, object] | None = None,
) -> dict[str, Any]:
    """Return a request for people; ids that only Odoo knows stand there by name.

    With an API key and Odoo 19 or later the same call goes to `/json/2/<model>/<method>`, its
    arguments by name.
    """
    model, method = call
    url = settings.text("ODOO_URL") or "https://(ODOO_URL is not set)"
    companies = {"allowed_company_ids": [company_in(settings)]}
    return {
        "method": "POST",
        "url": f"{url}/jsonrpc",
        "model": model,
        "call": method,
        "args": list(args),
        "kwargs": {"context": {**companies, **(context or {})}},
    }


def context_of(client: Reader, **more: object) -> Row:
    """Return the named arguments of a change: our company and nothing else is in reach."""
    return {"context": {"allowed_company_ids": [client.company_id], **more}}


def company_of(client: Reader, partner_id: int) -> int:
    """Return the company that a partner belongs to, which may be itself."""
    row = client.read("res.partner", partner_id, ("commercial_partner_id",))
    return (row and link(row["commercial_partner_id"])[0]) or partner_id


# -- creations ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Creation(Generic[A]):
    """One kind of record, made at most once for each key.

    Args:
        arguments: the model of what was approved.
        model: Odoo's name of the record.
        noun: what people call it ("draft invoice").
        key_field: the field that carries our key.
        fields: what is read back.
        narrow: what else holds for our records, as a domain.
        values: (arguments, key, ids) -> the values of `create`; ids that only Odoo knows by name.
        names: arguments -> what stands in the place of those ids in a preview.
        ids: (client, arguments) -> those ids; raises RejectedError for what Odoo would regret.
        difference: (row, arguments) -> how a record differs from what was approved, "" if not.
        summary: (row, arguments) -> one sentence.
        check: raises RejectedError for what is missing, before anybody is asked.
        own_company: whether such a record always belongs to a company.
        context: arguments -> more for the context.
        look: (client, arguments) -> what else is found out before the owner is asked.
    """

    arguments: type[A]
    model: str
    noun: str
    key_field: str
    fields: tuple[str, ...]
    values: Callable[[A, str, Mapping[str, Any]], Row]
    names: Callable[[A], Mapping[str, Any]]
    ids: Callable[[Reader, A], Mapping[str, Any]]
    difference: Callable[[Row, A], str]
    summary: Callable[[Row, A], str]
    check: Callable[[A], object] = lambda _: None
    narrow: tuple[object, ...] = ()
    own_company: bool = True
    context: Callable[[A], Mapping[str, object]] = lambda _: {}
    look: Callable[[Reader, A], Findings] = lambda *_: Findings()

    def write(self) -> Write:
        """Return the creation as a tool."""
        return Write(self.request, self.perform, self.reconcile, check=self.findings)

    def findings(self, client: Reader, payload: Payload) -> Findings:
        """Return what Odoo would refuse, or take and regret; the same as `perform` refuses."""
        wanted = self.arguments.model_validate(payload)
        found = Findings()
        try:
            found = self.look(client, wanted)
            self.ids(client, wanted)
        except RejectedError as error:
            return found + refusal(error)
        return found

    def request(self, settings: Settings, payload: Payload, key: str) -> dict[str, Any]:
        """Return the request that creates the record; no network."""
        wanted = self.arguments.model_validate(payload)
        values = self.values(wanted, key, self.names(wanted))
        return request_of(settings, (self.model, "create"), [values], self.context(wanted))

    def perform(self, client: Writer, payload: Payload, trace: Trace) -> Done:
        """Create the record, unless one with this key is there already.

        Raises:
            NotSentError: the connection failed before it was sent.
            RejectedError: refused, or a different record carries the key; nothing was created.
            UnknownOutcomeError: it was sent, and it is not certain that it is there as approved.
        """
        wanted = self.arguments.model_validate(payload)
        self.check(wanted)
        before = self._look_up(client, wanted, trace.key)
        if before.finding is Finding.DIFFERENT:
            raise rejected(before.text, "KeyInUse")
        if before.finding is Finding.FOUND and before.remote_id:
            said = f"{before.text} It was there already; nothing was sent."
            return Done(before.remote_id, before.remote_url, said)
        values = self.values(wanted, trace.key, self.ids(client, wanted))
        kwargs = context_of(client, **self.context(wanted))
        return self._read_back(client, wanted, client.create(self.model, [values], kwargs))

    def reconcile(self, client: Reader, payload: Payload, trace: Trace) -> Evidence:
        """Return whether Odoo has the record, found by its key."""
        return self._look_up(client, self.arguments.model_validate(payload), trace.key)

    def _read_back(self, client: Writer, wanted: A, identifier: int) -> Done:
        """Return what was created, from Odoo's own figures."""
        made = f"{self.noun} {identifier} was created"
        try:
            row = client.read(self.model, identifier, self.fields)
        except (NotSentError, RejectedError) as error:
            said = f"{made}, but could not be read back: {error}"
            raise UnknownOutcomeError("Odoo", said, error_class="NotReadBack") from error
        difference = self.difference(row, wanted) if row else "it is gone again"
        if row is None or difference:
            said = f"{made}, but {difference}. Look at it in Odoo."
            raise UnknownOutcomeError("Odoo", said, error_class="NotAsApproved")
        url = client.url_of(self.model, identifier)
        return Done(str(identifier), url, self.summary(row, wanted))

    def _look_up(self, client: Reader, wanted: A, key: str) -> Evidence:
        domain = [[self.key_field, "=", key], *self.narrow]
        if self.own_company:
            domain.append(["company_id", "=", client.company_id])
        rows = client.search_read(self.model, domain, self.fields, limit=2, order="id")
        what = self.noun.removeprefix("draft ")
        if not rows:
            return Evidence(Finding.ABSENT, f"Odoo has no {what} with the reference {key}.")
        identifier = int(rows[0]["id"])
        url = client.url_of(self.model, identifier)
        difference = self.difference(rows[0], wanted)
        if len(rows) > 1:
            difference = "it is not the only one"
        if difference:
            said = f"Odoo has {what} {identifier} with the reference {key}, but {difference}."
            return Evidence(Finding.DIFFERENT, said, str(identifier), url)
        return Evidence(Finding.FOUND, self.summary(rows[0], wanted), str(identifier), url)
