"""People and prospects: partners and the pipeline."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from core.actions import Facts
from mcp_servers.fields import escape
from mcp_servers.odoo.actions.arguments import (
    Arguments,
    Day,
    Identifier,
    Money,
    Name,
    Paged,
    Percentage,
    title_of,
)
from utils.money import canonical_amount, canonical_number

_MAIL = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;]+")


def _address(text: str) -> str:
    if not _MAIL.fullmatch(text):
        raise ValueError("is not a mail address; write it like anna@example.com")
    return text


Mail = Annotated[Name, AfterValidator(_address), WithJsonSchema({"type": "string"})]
Country = Annotated[
    str, Field(pattern="^[A-Z]{2}$"), WithJsonSchema({"type": "string", "pattern": "^[A-Z]{2}$"})
]


class CreatePartner(Arguments):
    """The arguments of a new customer or vendor."""

    name: Name
    role: Literal["customer", "vendor"] | None = None
    is_company: bool = Field(default=True, strict=True)
    email: Mail | None = None
    phone: Name | None = None
    street: Name | None = None
    zip: Name | None = None
    city: Name | None = None
    country: Country | None = None
    vat: Name | None = Field(default=None, description="Tax id")


class UpdateOpportunity(Arguments):
    """The arguments of a change to one opportunity of the pipeline."""

    opportunity: Name = Field(description="Its title")
    opportunity_id: Identifier | None = None
    stage: Name | None = None
    expected_revenue: Money | None = Field(default=None, description="Company currency")
    probability: Percentage | None = Field(default=None, description="Percent")
    close_date: Day | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.expected_revenue is not None and self.expected_revenue < 0:
            raise ValueError("expected_revenue must not be negative")
        if not changes_of(self):
            raise ValueError("nothing would change; give stage, expected_revenue, ...")
        return self


class FindPartners(Paged):
    """The arguments of a search for customers and vendors."""

    query: Name = Field(description="Part of name or mail address")


class GetPipeline(Paged):
    """The arguments of a look at the open opportunities."""

    query: Name | None = Field(default=None, description="Part of title or customer")
    stale_days: Annotated[int, Field(ge=1, le=365)] = Field(
        default=14, description="Stale: unmoved for so long"
    )


def changes_of(update: UpdateOpportunity) -> dict[str, str]:
    """Return what would change, in words by the names people use."""
    found: dict[str, str] = {}
    if update.stage is not None:
        found["stage"] = update.stage
    if update.expected_revenue is not None:
        found["expected revenue"] = canonical_amount(update.expected_revenue)
    if update.probability is not None:
        found["probability"] = f"{canonical_number(update.probability)} %"
    if update.close_date is not None:
        found["expected closing"] = update.close_date.isoformat()
    return found


def describe_partner(partner: CreatePartner) -> str:
    """Return what is asked of the owner."""
    return f"create the {partner.role or 'contact'} **{escape(partner.name)}**"


def describe_update(update: UpdateOpportunity) -> str:
    """Return what is asked of the owner."""
    changes = ", ".join(
        f"{name}: **{escape(value)}**" for name, value in changes_of(update).items()
    )
    return f"change the opportunity **{escape(update.opportunity)}** ({changes})"


def title_of_partner(partner: CreatePartner) -> str:
    """Return the words of the note's file name."""
    return title_of("Partner", partner.name)


def title_of_update(update: UpdateOpportunity) -> str:
    """Return the words of the note's file name."""
    return title_of("Opportunity", update.opportunity)


def facts_of_partner(partner: CreatePartner) -> Facts:
    """Return the name; no money is in it."""
    return Facts(counterparty=partner.name)


def facts_of_update(update: UpdateOpportunity) -> Facts:
    """Return nothing that limits speak about: an expected revenue is no payment."""
    return Facts(counterparty=update.opportunity)
