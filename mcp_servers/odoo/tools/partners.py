"""Customers and vendors: found by name or address, and made when nobody like them is there.

Rule: Odoo takes the same partner twice without a word, so tax id, mail address and name are looked
up first; two people of one name are told apart by their addresses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mcp_servers.odoo.actions.relations import CreatePartner, FindPartners
from mcp_servers.odoo.tools.paging import Listing
from mcp_servers.odoo.tools.records import Creation, link, literally, rejected, same, text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mcp_servers.odoo.client import Reader, Row
    from mcp_servers.toolset import Page

PARTNER = "res.partner"
FIELDS = ("name", "email", "is_company", "city", "vat")
MADE_FIELDS = (*FIELDS, "country_id")
PLAIN = ("name", "email", "phone", "street", "zip", "city", "vat")
ROLES = {"customer": "customer", "vendor": "supplier"}


# -- create_partner -------------------------------------------------------------------------------


def _values(partner: CreatePartner, key: str, ids: Mapping[str, Any]) -> Row:
    given = {name: getattr(partner, name) for name in PLAIN}
    return {
        **{name: value for name, value in given.items() if value is not None},
        "is_company": partner.is_company,
        "ref": key,
        **ids,
    }


def _names(partner: CreatePartner) -> Mapping[str, Any]:
    return {"country_id": partner.country} if partner.country else {}


def _context(partner: CreatePartner) -> Mapping[str, object]:
    return {"res_partner_search_mode": ROLES[partner.role]} if partner.role else {}


def _ids(client: Reader, partner: CreatePartner) -> Mapping[str, Any]:
    """Return the country's id; refuse somebody who is there already."""
    for row in _alike(client, partner):
        known = f"{text(row['name'])} (id {row['id']})"
        if partner.vat and same(str(row["vat"] or ""), partner.vat):
            raise rejected(f"{known} has this tax id already.", "DuplicatePartner")
        if partner.email and same(str(row["email"] or ""), partner.email):
            raise rejected(f"{known} has this mail address already.", "DuplicatePartner")
        if same(str(row["name"]), partner.name) and not (partner.email and row["email"]):
            raise rejected(
                f"{known} has this name already; give the mail address that tells them apart.",
                "DuplicatePartner",
            )
    return {"country_id": _country_id(client, partner.country)} if partner.country else {}


def _alike(client: Reader, partner: CreatePartner) -> Sequence[Row]:
    wanted = {"name": partner.name, "email": partner.email, "vat": partner.vat}
    leaves = [[name, "=ilike", literally(value)] for name, value in wanted.items() if value]
    domain = ["|"] * (len(leaves) - 1) + leaves
    return client.search_read(PARTNER, [*domain, *_ours(client)], FIELDS, limit=100, order="id")


def _country_id(client: Reader, code: str) -> int:
    rows = client.search_read("res.country", [["code", "=", code]], ("name",), limit=1)
    if not rows:
        raise rejected(f"Odoo knows no country {code}.", "NoCountry")
    return int(rows[0]["id"])


def _difference(row: Row, partner: CreatePartner) -> str:
    if not same(str(row["name"]), partner.name):
        return f"it is called {text(row['name'])}, not {partner.name}"
    if partner.email and not same(str(row["email"] or ""), partner.email):
        return f"its mail address is {text(row['email']) or 'empty'}, not {partner.email}"
    return ""


def _summary(row: Row, partner: CreatePartner) -> str:
    place = text(row["city"]) or link(row["country_id"])[1]
    where = f" in {place}" if place else ""
    return f"{(partner.role or 'contact').capitalize()} {text(row['name'])}{where}, id {row['id']}."


CREATION = Creation(
    arguments=CreatePartner,
    model=PARTNER,
    noun="partner",
    key_field="ref",
    fields=MADE_FIELDS,
    values=_values,
    names=_names,
    ids=_ids,
    difference=_difference,
    summary=_summary,
    own_company=False,
    context=_context,
)


# -- find_partners --------------------------------------------------------------------------------


def find_partners(client: Reader, arguments: FindPartners) -> Page:
    """Return customers and vendors of our company by part of their name or mail address."""
    matching = ["|", ["name", "ilike", arguments.query], ["email", "ilike", arguments.query]]
    domain = [*matching, *_ours(client)]
    return Listing(PARTNER, FIELDS, "name, id", _partner).page(client, domain, arguments)


def _ours(client: Reader) -> list[object]:
    return ["|", ["company_id", "=", False], ["company_id", "=", client.company_id]]


def _partner(row: Row) -> dict[str, object]:
    return {
        "id": int(row["id"]),
        "name": text(row["name"]),
        "email": text(row["email"]) or None,
        "is_company": bool(row["is_company"]),
        "city": text(row["city"]) or None,
        "vat": text(row["vat"]) or None,
    }
