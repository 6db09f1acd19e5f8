"""What a service's own records say about an action, before the owner is asked.

Rules: findings are sentences and facts, never a decision; what could not be asked is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True)
class Payee:
    """What the books say about who would be paid.

    Args:
        is_paid: whether money goes out; False for a customer's receipt, which pays nobody.
        known: a posted bill of the same business partner is over 30 days old, with the same bank
            account.
        recurring: the last two payments lie 25 to 35 days apart, each within 10 % of this one.
        doubts: why its bank data must be checked by another way, one sentence each.
    """

    is_paid: bool
    known: bool = False
    recurring: bool = False
    doubts: tuple[str, ...] = ()

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Payee:
        """Return a payee from its JSON."""
        return cls(**{**data, "doubts": tuple(data["doubts"])})


@dataclass(frozen=True)
class Choice:
    """One record that may be meant, for the owner to choose.

    Args:
        label: how a person knows it.
        name: its name.
        value: its identifier.
    """

    label: str
    name: str
    value: object


@dataclass(frozen=True)
class Said:
    """What somebody said in public that would be answered.

    Args:
        by: the person's name, as the service shows it.
        words: what was said.
    """

    by: str
    words: str


@dataclass(frozen=True)
class Findings:
    """What a service's own records say about an action, before the owner is asked.

    Args:
        refusals: why it is not even proposed: what the service would refuse, or take and regret.
        unclear: what only the caller can tell (which of two customers); an assistant is told so
            and proposes nothing, a note that is there already says so and cannot run for real.
        remarks: sentences for the owner: warnings, an equal record, a quota that is left, or why
            the service could not be asked.
        payee: who would be paid; None: nobody, or the books could not be asked.
        accounts: fingerprints (`core/extract/ibans.py`) of the other side's bank accounts, None
            where they were not asked for.
        choices: the records of which one is meant, where it is unclear which.
        unanswered: whether a service was to be asked and did not answer.
        said: what would be answered; None: nothing is, or the service does not tell.
        until: the last moment at which the service takes it; None: it sets none.
    """

    refusals: tuple[str, ...] = ()
    unclear: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    payee: Payee | None = None
    accounts: tuple[str, ...] | None = None
    choices: tuple[Choice, ...] = ()
    unanswered: bool = False
    said: Said | None = None
    until: datetime | None = None

    def __add__(self, other: Findings) -> Findings:
        """Return both together."""
        return Findings(
            self.refusals + other.refusals,
            self.unclear + other.unclear,
            self.remarks + other.remarks,
            other.payee or self.payee,
            self.accounts if other.accounts is None else other.accounts,
            self.choices + other.choices,
            self.unanswered or other.unanswered,
            other.said or self.said,
            min(filter(None, (self.until, other.until)), default=None),
        )
