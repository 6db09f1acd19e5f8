"""The price that is asked for: one sum, or several that prove each other by adding up.

Rules: two different sums are a question, unless the text itself states their product or their
total; a unit price or a net sum is used only with that proof; the price is before tax.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from core.extract import amounts, numbers
from core.extract.amounts import PRICES, Mention, Role
from core.extract.found import Abstained, Found
from core.extract.languages.cues import Cue
from core.extract.sums import readable, unwrapped
from core.extract.words import compiled, pattern
from utils.money import round_amount

if TYPE_CHECKING:
    from core.extract.found import Passage, Setting

_ITEM_LIMIT = 30
_ASKED_NUMBER = re.compile(
    r"\b(?:invoice|bill|charge|facturer|facturez|facturar|rechnung|facture|factura)"
    r"(?: (?:us|me|uns|nous|for|of|über|von|de|por|with|only|just|now|exactly)){0,3} "
    r"([0-9]{2,9})(?![0-9/_-])(?! (?!for\b|as\b|und\b|and\b|pour\b|para\b|please\b|"
    r"für\b)[a-zà-ÿ]{3})",
    re.IGNORECASE,
)
_TAX_ID = re.compile(r"\A[ .-]*(?:id|no|nr|number|reg|[A-Z]{2} ?[0-9])", re.IGNORECASE)


@dataclass(frozen=True)
class Item:
    """One line of what is asked for.

    Args:
        quantity: how many.
        unit_price: the price of one, before tax.
        words: what stands before it on its line, "" without.
    """

    quantity: Decimal
    unit_price: Decimal
    words: str = ""


@dataclass(frozen=True)
class Price:
    """What is asked for.

    Args:
        currency: its code.
        items: one for each line.
    """

    currency: str
    items: tuple[Item, ...]

    @property
    def total(self) -> Decimal:
        """Return the sum of all items, each rounded half up."""
        sums = (round_amount(i.quantity * i.unit_price, self.currency) for i in self.items)
        return sum(sums, Decimal(0))


@dataclass(frozen=True)
class _Seen:
    """A mention in its passage."""

    passage: Passage
    mention: Mention

    @property
    def value(self) -> Decimal:
        return self.mention.value or Decimal(0)

    @property
    def currency(self) -> str:
        return self.mention.currency.options[0]


def price(passages: tuple[Passage, ...], setting: Setting) -> Found[Price] | Abstained[Price]:
    """Return the one price that the passages ask for, or the sums it might be."""
    seen = [_Seen(p, m) for p in passages for m in amounts.mentions(p, setting)]
    if not seen:
        return Abstained("No sum of money with a currency is named.")
    unclear = next((s for s in seen if s.mention.value is None), None)
    if unclear:
        words = unclear.passage.text[unclear.mention.start : unclear.mention.end]
        return Abstained(f"“{words}” cannot be read safely: {unclear.mention.reason}.", _all(seen))
    if any(len(s.mention.currency.options) > 1 for s in seen):
        return Abstained("The currency's sign stands for several currencies.", _all(seen))
    if len({s.currency for s in seen}) > 1:
        return Abstained("Sums in several currencies are named.", _all(seen))
    proven = _proven(seen, passages)
    return proven or _single(seen, passages)


def _single(seen: list[_Seen], passages: tuple[Passage, ...]) -> Found[Price] | Abstained[Price]:
    """Return the only sum there is, if nothing speaks against it."""
    values = {s.value for s in seen}
    if len(values) > 1:
        return Abstained("Several sums are named, and they do not add up.", _all(seen))
    odd = next((s for s in seen if s.mention.role not in PRICES), None)
    if odd:
        return Abstained(
            f"The only sum is not plainly the price: {odd.mention.reason}.", _all(seen)
        )
    against = next((reason for p in passages if (reason := _against(p, seen))), "")
    if against:
        return Abstained(against, _all(seen))
    best = max(seen, key=lambda s: (s.mention.role is not Role.PLAIN, s.passage.place != "subject"))
    return _found([Item(Decimal(1), best.value)], best, f"the only sum; {best.mention.reason}")


def _against(passage: Passage, seen: list[_Seen]) -> str:
    """Return what in a passage makes a single sum doubtful, "" if nothing does."""
    text = unwrapped(passage.text)
    roles = {s.mention.role for s in seen}
    if pattern(Cue.CORRECTION).search(text):
        return "The text corrects itself."
    if pattern(Cue.GROSS).search(text):
        return "The text speaks of a sum with tax in it; the price is needed before tax."
    if Role.TOTAL in roles:
        open_tax = Role.NET not in roles and _speaks_of_tax(text)
        return "It is not said whether tax is in the total." if open_tax else ""
    doubt = pattern(Cue.DOUBT).search(text)
    if doubt:
        return f"“{doubt[0]}” may change what the sum means."
    if roles == {Role.PLAIN} and _other_numbers(passage, seen):
        return "Another number looks like money without a currency."
    return ""


def _other_numbers(passage: Passage, seen: list[_Seen]) -> bool:
    """Return whether a number without a currency may be the price instead."""
    values = {s.value for s in seen}
    taken = tuple(s.mention for s in seen if s.passage is passage)
    if any(value not in values for value, _, _ in amounts.bare(passage, taken)):
        return True
    asked = _ASKED_NUMBER.finditer(readable(passage.text))
    starts = {(m.start, m.end) for m in taken}
    return any(not any(a <= m.start(1) < b for a, b in starts) for m in asked)


def _speaks_of_tax(text: str) -> bool:
    return any(not _TAX_ID.match(text[m.end() :][:12]) for m in pattern(Cue.TAX).finditer(text))


def _proven(seen: list[_Seen], passages: tuple[Passage, ...]) -> Found[Price] | None:
    """Return a price that the text's own arithmetic confirms."""
    for passage in passages:
        own = [s for s in seen if s.passage is passage][:_ITEM_LIMIT]
        others = {s.value for s in seen if s.passage is not passage}
        found = own and (_net(own, passage) or _product(own, passage) or _items(own))
        if found and others <= {found.value.total, *(s.value for s in own)}:
            return found
    return None


def _net(own: list[_Seen], passage: Passage) -> Found[Price] | None:
    """Return the net sum when net, tax and total are all named and add up."""
    rows = [*own, *_without_currency(own, passage)]
    by_role = {r: [s for s in rows if s.mention.role is r] for r in Role}
    nets, taxes = ({s.value for s in by_role[r]} for r in (Role.NET, Role.TAX))
    totals = {s.value for r in (Role.TOTAL, Role.GROSS) for s in by_role[r]}
    if len(nets) != 1 or len(taxes) != 1:
        return None
    net, tax = nets.pop(), taxes.pop()
    adds_up = totals in ({net + tax}, {net, net + tax})
    if not (adds_up or (not totals and len(rows) == 2)):
        return None
    plain = [s.value for s in by_role[Role.PLAIN] if s.value not in {net, net + tax}]
    if sum(plain) not in {Decimal(0), net}:
        return None
    best = by_role[Role.NET][0]
    reason = "net sum, tax and total are named and add up" if totals else "net sum beside its tax"
    return _found([Item(Decimal(1), net)], best, reason, own[0].currency)


def _without_currency(own: list[_Seen], passage: Passage) -> list[_Seen]:
    """Return numbers of a table that names its currency once, with what their rows call them."""
    taken = tuple(s.mention for s in own)
    text = readable(passage.text)
    rows = []
    for value, start, end in amounts.bare(passage, taken):
        line = text.rfind("\n", 0, start) + 1
        role, reason = amounts.role_of(text[max(line, start - 40) : start], text[end : end + 1])
        mention = replace(
            own[0].mention, value=value, start=start, end=end, role=role, reason=reason
        )
        rows.append(_Seen(passage, mention))
    return rows[:_ITEM_LIMIT]


def _product(own: list[_Seen], passage: Passage) -> Found[Price] | None:
    """Return quantity times rate when the text states the result itself."""
    rates = [s for s in own if s.mention.role is Role.RATE]
    results = [s for s in own if s.mention.role in PRICES]
    if len(rates) != 1 or not results or len(own) != 1 + len(results):
        return None
    rate = rates[0]
    counted = {rate.mention.quantity, *_counts(passage)} - {None}
    fitting = {q for q in counted if q and {s.value for s in results} == {q * rate.value}}
    if len(fitting) != 1:
        return None
    item = Item(fitting.pop(), rate.value)
    return _found([item], rate, "quantity times unit price is the sum that is named")


def _counts(passage: Passage) -> set[Decimal]:
    """Return the numbers that count things: "14 hours", "3 days"."""
    counted = compiled(r"(?<![\w.,])([0-9]{{1,5}}(?:[.,][0-9]{{1,2}})?) (?:{})(?!\w)", Cue.UNIT)
    text = readable(passage.text)
    found = (numbers.read(m[1]).value for m in counted.finditer(text))
    return {value for value in found if value}


def _items(own: list[_Seen]) -> Found[Price] | None:
    """Return several items when their sum is named as the total."""
    totals = [s for s in own if s.mention.role in {Role.TOTAL, Role.NET}]
    items = [s for s in own if s.mention.role is Role.PLAIN]
    if len(items) < 2 or len(totals) + len(items) != len(own) or not totals:
        return None
    if {s.value for s in totals} != {sum((s.value for s in items), Decimal(0))}:
        return None
    lines = [Item(Decimal(1), s.value, _words_before(s)) for s in items]
    return _found(lines, totals[0], "the items add up to the total that is named")


def _words_before(seen: _Seen) -> str:
    """Return what stands before a sum on its line."""
    line = seen.passage.text[: seen.mention.start].rsplit("\n", 1)[-1]
    line = re.split(r"[€$£]|[0-9][.,][0-9]{2}|;|, (?:and |und |et |y )?", line)[-1]
    words = re.sub(r"^[\W\d_]{0,10}|[\W_]{0,10}$", "", line)
    end = compiled(r" (?:at|for|für|pour|por|à|zu|of|de|is|:)\Z")
    return end.sub("", words)[:120].strip()


def _found(
    items: list[Item], best: _Seen, reason: str, currency: str | None = None
) -> Found[Price]:
    value = Price(currency or best.currency, tuple(items))
    return best.passage.found(value, best.mention.start, best.mention.end, reason)


def _all(seen: list[_Seen]) -> tuple[Found[Price], ...]:
    """Return each sum once, in each of its readings, as a candidate."""
    found: dict[tuple[Decimal, Decimal, str], Found[Price]] = {}
    for each in seen:
        if each.mention.role is Role.TAX:
            continue
        for value in each.mention.readings:
            for currency in each.mention.currency.options:
                item = Item(each.mention.quantity or Decimal(1), value)
                key = (item.quantity, value, currency)
                if value and key not in found:
                    found[key] = _found([item], each, each.mention.reason, currency)
    return tuple(found.values())[:8]
