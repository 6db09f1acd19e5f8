"""What is wrong with a mail beside its words: signs that it wants to steer software or a person.

Rules: nothing here decides; a sign makes the extraction ask the owner first, and says why.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from core.extract import amounts
from core.extract.found import Passage
from core.extract.languages.cues import Cue
from core.extract.sums import unwrapped
from core.extract.words import pattern

if TYPE_CHECKING:
    from core.extract.found import Setting

_MARKUP = re.compile(
    r"<%|\{\{|```|~~~|\[\[|\]\]|dataviewjs?|obsidian://|javascript:|> ?\[!\w|<script|<iframe|"
    r"<img |onerror ?=|%%|(?:\A|\n)---[ \t]*\n|(?:\A|\n)[ \t]*-[ \t]\[[xX]\]|"
    r"(?:\A|\n)[ \t]*(?:action|action_id|tier|status|approved_by|type) ?: ?\S",
    re.IGNORECASE,
)
_BANK = re.compile(
    r"(?:new|changed?|updated?|different) (?:our )?(?:bank|account) ?(?:details|account|data)?|"
    r"(?:bank(?:ing)?|account|payment) (?:details|data|account|information|number)"
    r"(?: (?:have|has|had|was|were))?(?: been)? (?:changed|updated|replaced)|"
    r"\biban (?:has )?changed|"
    r"(?:neue|geänderte)n? (?:bankverbindung|bankdaten|iban|kontodaten|konto)|"
    r"bankverbindung hat sich|(?:bankverbindung|bankdaten|kontodaten|iban|konto)\b"
    r"[^.\n]{0,30}\bgeändert|"
    r"(?:nouveau|nouvelles?) (?:rib|iban|compte|coordonnées bancaires)|"
    r"(?:rib|iban|compte|coordonnées bancaires) (?:a|ont) changé|"
    r"(?:nueva|nuevo|nuevos) (?:cuenta|iban|datos bancarios)|"
    r"(?:cuenta|iban|datos bancarios) (?:ha|han) cambiado",
    re.IGNORECASE,
)
_SKELETON = (("rn", "m"), ("vv", "w"), ("cl", "d"), ("0", "o"), ("1", "l"), ("i", "l"), ("5", "s"))
_FREE = re.compile(r"(?:gmail|outlook|hotmail|yahoo|icloud|gmx|web|freemail|mail|proton\w*)\.")


def signs(passages: tuple[Passage, ...]) -> list[str]:
    """Return what in the words is meant for software, or is a usual fraud."""
    found = []
    for passage in passages:
        text = unwrapped(passage.text)
        steering = pattern(Cue.STEER).search(text)
        if steering:
            found.append(f"It says “{steering[0]}”: words meant to steer, not a business matter.")
        if _MARKUP.search(passage.text):
            found.append("It holds code or note markup.")
        if _BANK.search(text):
            found.append("It speaks of new bank details; ask by a channel you know.")
    return list(dict.fromkeys(found))


def versions_differ(shown: Passage, plain: str, setting: Setting) -> bool:
    """Return whether a mail's plain version names other sums than the one that is shown."""
    if not plain.strip():
        return False
    first = {(m.readings, m.currency.options) for m in amounts.mentions(shown, setting)}
    other = {
        (m.readings, m.currency.options)
        for m in amounts.mentions(Passage(shown.place, plain), setting)
    }
    return first != other and bool(other)


def look_alike(name: str, address: str) -> bool:
    """Return whether a mail's domain nearly is the company's name, but is not.

    Args:
        name: the company, "Acme Ltd".
        address: the sender's address.
    """
    host = address.rpartition("@")[2]
    if _FREE.match(host):
        return False
    keys = {key for spelling in _spellings(name) for key in _keys(spelling)}
    labels = {part for label in host.split(".")[:-1] for part in (label, *label.split("-"))}
    pairs = [(k, x) for k in keys for x in labels if len(k) >= 4 and len(x) >= 3]
    if any(k == x for k, x in pairs):
        return False
    return any(_skeleton(k) == _skeleton(x) or _is_one_off(k, x) for k, x in pairs)


def _spellings(name: str) -> set[str]:
    """Return a name as it may be written in an address: ü as u and as ue."""
    name = name.casefold()
    plain = unicodedata.normalize("NFKD", name)
    bare = "".join(c for c in plain if not unicodedata.combining(c))
    return {bare, name.translate({ord("ä"): "ae", ord("ö"): "oe", ord("ü"): "ue"})}


def _keys(name: str) -> set[str]:
    words = re.findall(r"[^\W_]+", name) or [""]
    return {words[0], "".join(words[:2]), "".join(words[:-1]), "".join(words)}


def _skeleton(word: str) -> str:
    for looks, like in _SKELETON:
        word = word.replace(looks, like)
    return word


def _is_one_off(first: str, second: str) -> bool:
    """Return whether two words differ by one letter, or by two swapped ones."""
    if abs(len(first) - len(second)) > 1 or first == second:
        return False
    begin = 0
    while begin < min(len(first), len(second)) and first[begin] == second[begin]:
        begin += 1
    one, two = first[begin:], second[begin:]
    swapped = one[:2] == two[1::-1] and one[2:] == two[2:] and len(one) > 1
    return one[1:] == two[1:] or one[1:] == two or one == two[1:] or swapped
