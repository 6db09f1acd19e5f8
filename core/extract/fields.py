"""The fields of a request, each with the words it came from: price, due day, parties, numbers.

Rules: every field is read on its own; a field that cannot be read safely is an abstention with the
readings that are possible.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.extract import dates, parties, prices, references
from core.extract.found import Abstained, Passage
from core.extract.kinds import Kind
from core.extract.languages.cues import Cue
from core.extract.suspicion import look_alike

if TYPE_CHECKING:
    from datetime import date

    from core.extract.found import Found, Setting
    from core.extract.kinds import Sentence
    from core.extract.prices import Price


@dataclass(frozen=True)
class Fields:
    """What was read of one request.

    Args:
        price: what is asked for.
        party: the customer; of a bill, the vendor.
        due: when it is to be paid.
        number: the customer's order number; of a bill, its own number.
        written: the day on a bill.
        description: what it is for.
    """

    price: Found[Price] | Abstained[Price]
    party: Found[str] | Abstained[str]
    due: Found[date] | Abstained[date]
    number: Found[str] | Abstained[str]
    written: Found[date] | Abstained[date]
    description: Found[str] | Abstained[str]


@dataclass(frozen=True)
class Sender:
    """Who a mail says it is from.

    Args:
        name: the name that is shown.
        address: the address, "" without.
    """

    name: str
    address: str


def read(
    kind: Kind,
    passages: tuple[Passage, ...],
    documents: tuple[Passage, ...],
    sentences: tuple[Sentence, ...],
    sender: Sender,
    setting: Setting,
) -> Fields:
    """Read all fields of one request.

    Args:
        kind: what is wanted.
        passages: subject and text.
        documents: the texts of the papers that came with it.
        sentences: the sentences that ask.
        sender: who asks.
        setting: what is known about the owner.
    """
    every = (*passages, *documents)
    is_bill = kind is Kind.BILL
    subject = next((p for p in passages if p.place == "subject"), Passage("subject", ""))
    return Fields(
        price=_price(passages, documents, setting, is_bill=is_bill),
        party=_party(every, sender, setting, is_bill=is_bill),
        due=dates.due(every, setting, past=is_bill),
        number=references.number(every, Cue.BILL_NUMBER if is_bill else Cue.ORDER_NUMBER),
        written=dates.written(every, setting) if is_bill else Abstained("Only bills have one."),
        description=references.description(sentences, subject),
    )


def _price(
    passages: tuple[Passage, ...],
    documents: tuple[Passage, ...],
    setting: Setting,
    *,
    is_bill: bool,
) -> Found[Price] | Abstained[Price]:
    """Return the price; a bill's papers and mail must agree, a request's own words come first."""
    if is_bill:
        return prices.price((*documents, *passages), setting)
    own = prices.price(tuple(p for p in passages if not _is_answer(p)), setting)
    if not isinstance(own, Abstained) or own.candidates:
        return own
    if documents:
        return prices.price(documents, setting)
    earlier = prices.price(tuple(p for p in passages if _is_answer(p)), setting)
    offered = earlier.candidates if isinstance(earlier, Abstained) else (earlier,)
    return Abstained(own.reason, offered)


def _is_answer(passage: Passage) -> bool:
    """Return whether it is the subject of an answer: its sums may be those of an earlier mail."""
    return passage.place == "subject" and bool(references.ANSWER.match(passage.text))


def _party(
    every: tuple[Passage, ...], sender: Sender, setting: Setting, *, is_bill: bool
) -> Found[str] | Abstained[str]:
    shown = Passage("sender", sender.name)
    found = (parties.vendor if is_bill else parties.customer)(every, shown, setting)
    if not isinstance(found, Abstained) and look_alike(found.value, sender.address):
        reason = f"The address {sender.address} only looks like one of {found.value}."
        return Abstained(reason, (found,))
    return found
