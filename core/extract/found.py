"""What a reader gives back: a value with the words it came from, or the reason why there is none.

Rules: a value stands literally in its span, and the span literally in its passage; nothing is
guessed: two readings are an abstention that names both.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True)
class Found(Generic[T_co]):
    """A value and the words it came from.

    Args:
        value: what was read.
        span_text: the quoted words.
        start: where they begin in the passage.
        end: where they end.
        confidence_reason: why this reading is the only one.
        place: the passage: text, subject, forwarded, history or an attachment's name.
    """

    value: T_co
    span_text: str
    start: int
    end: int
    confidence_reason: str
    place: str = "text"


@dataclass(frozen=True)
class Abstained(Generic[T_co]):
    """No value, and why.

    Args:
        reason: one sentence for the owner.
        candidates: the readings that are possible, most likely first.
    """

    reason: str
    candidates: tuple[Found[T_co], ...] = ()


@dataclass(frozen=True)
class Candidate:
    """One possible answer to a question.

    Args:
        label: what stands beside the tick box.
        changes: the arguments it sets.
    """

    label: str
    changes: Mapping[str, object]


@dataclass(frozen=True)
class Question:
    """What only the owner can tell.

    Args:
        key: what it is about: kind, customer, amount, currency, due_date, description, trust.
        text: the question.
        reason: why it is asked.
        candidates: possible answers, to be shown as tick boxes; another one may be written.
        own_words: whether other words than the candidates can be an answer.
        is_sender: whether nothing but the sender can be meant, by whatever name.
    """

    key: str
    text: str
    reason: str
    candidates: tuple[Candidate, ...] = ()
    own_words: bool = True
    is_sender: bool = False


@dataclass(frozen=True)
class Passage:
    """A text to be read, and where it stands.

    Args:
        place: text, subject, forwarded, history or an attachment's name.
        text: a clean text.
    """

    place: str
    text: str

    def found(self, value: T, start: int, end: int, reason: str) -> Found[T]:
        """Return a value with its words."""
        return Found(value, self.text[start:end], start, end, reason, self.place)


@dataclass(frozen=True)
class Setting:
    """What is known about the owner.

    Args:
        today: the day that dates are counted from: the mail's own, else the owner's.
        home_currency: what the owner counts in.
        date_order: how 03/04/2026 is read: DMY or MDY; "" asks.
        owner_names: how the owner's company is called; never taken for a customer.
        owner_addresses: the owner's mail addresses.
    """

    today: date
    home_currency: str = "USD"
    date_order: str = ""
    owner_names: tuple[str, ...] = ()
    owner_addresses: tuple[str, ...] = field(default=())
