"""Numbers that papers are known by: the customer's order, the vendor's invoice; and what it is for.

Rules: a number counts only behind its label, and only if there is one of its kind.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from core.extract.found import Abstained, Found
from core.extract.languages.cues import Cue
from core.extract.sums import unwrapped
from core.extract.text import one_line
from core.extract.words import compiled

if TYPE_CHECKING:
    from core.extract.found import Passage
    from core.extract.kinds import Sentence

DESCRIPTION_LIMIT_CHARS = 120
_NUMBER = r"[.:#°º]{{0,2}}[ ]{{0,2}}(?:is |ist |est |es |n[°ºo]\.? ?|nr\.? ?|no\.? ?|number )?#?"
_ID = r"((?=[\w/.-]{{0,30}}[0-9])[A-Za-z0-9][\w/.-]{{1,30}})"
_OTHER_NUMBER = re.compile(
    r"[0-9]{1,2}([./-])[0-9]{1,2}(?:\1[0-9]{2,4})?|[0-9.]{1,12}[.,][0-9]{2}|20[0-9]{2}"
    r"|20[0-9]{2}-[01][0-9]-[0-3][0-9]"
)  # dates, amounts, years
ANSWER = re.compile(
    r"^(?:\s*(?:re|fwd?|aw|wg|tr|rv|antw|sv|rép|res)\s*(?:\[\d+\])?\s*:)+\s*", re.IGNORECASE
)
_STOP = re.compile(
    r"[.;!?\n,(]|\b(?:total|amount|due|payable|by|at|to|until|net|plus|in the amount|as|per|please|"
    r"of [€$£0-9]|over|zum|zzgl|fällig|bis|an|in höhe|über|betrag|au|pour un|d['’]un|montant|avant|"
    r"por|importe|antes|a nombre|more|thanks|which|that|and (?:send|we|please)|und (?:bitte|wir)|"
    r"stellen|senden|schicken|ausstellen|erstellen|zusenden|[0-9.,']+ ?(?:eur|usd|chf|gbp|[€$£]))\b"
    r"|[€$£]|\b(?:EUR|USD|CHF|GBP|CAD|AUD|SEK|PLN)\b",
    re.IGNORECASE,
)
_ARTICLES = re.compile(
    r"(?:the|our|your|a|an|this|die|das|den|der|dem|unsere[ns]?|ihre[ns]?|eine[ns]?|la|le|les|"
    r"l['’]|"
    r"notre|votre|nos|el|los|las|nuestr[oa]s?|su|un|une|una) ?",
    re.IGNORECASE,
)
_NOTHING = re.compile(
    r"(?:us|me|it|this|that|them|you|the amount|amount|invoice|payment|uns|mich|sie|nous|vous|"
    r"payer|le règlement|nosotros|favor|your\b.*|ihr\w{0,2}|thanks?|now|sure|rechnung|facture|"
    r"factura"
    r"|quote|information|details|january|the attached)\Z",
    re.IGNORECASE,
)


def number(passages: tuple[Passage, ...], cue: Cue) -> Found[str] | Abstained[str]:
    """Return the number behind a label, if there is one and no other."""
    found: dict[str, Found[str]] = {}
    label = compiled(rf"(?<!\w)(?:{{}}){_NUMBER}{_ID}", cue)
    for passage in passages:
        for match in label.finditer(unwrapped(passage.text)):
            value = match[1].rstrip("./-")
            if len(value) < 2 or _OTHER_NUMBER.fullmatch(value):
                continue
            end = match.start(1) + len(value)
            reason = "it stands behind its label"
            found.setdefault(value, passage.found(value, match.start(1), end, reason))
    if len(found) == 1:
        return next(iter(found.values()))
    return Abstained(
        "Several numbers are named." if found else "None is named.", tuple(found.values())
    )


def description(sentences: tuple[Sentence, ...], subject: Passage) -> Found[str] | Abstained[str]:
    """Return what it is for: the words behind "for" in the request, else the subject."""
    for sentence in sentences:
        if sentence.passage.place == "subject":
            continue
        text = unwrapped(sentence.passage.text)
        for word in compiled(r"(?<!\w)(?:{})(?!\w) ", Cue.SUBJECT_OF).finditer(
            text, sentence.start, min(len(text), sentence.end + 80)
        ):
            found = _phrase(sentence.passage, text, word.end())
            if found:
                return found
    text = one_line(ANSWER.sub("", subject.text), DESCRIPTION_LIMIT_CHARS)
    text = re.sub(r"[\[\]{}<>|`*#%^\\]+", " ", text).strip(" .,:;-–")
    if sum(c.isalpha() for c in text) < 4:
        return Abstained("Neither the text nor the subject says what it is for.")
    return subject.found(" ".join(text.split()), 0, len(subject.text), "the mail's subject")


def _phrase(passage: Passage, text: str, start: int) -> Found[str] | None:
    article = _ARTICLES.match(text, start)
    begin = article.end() if article else start
    stop = _STOP.search(text, begin, begin + DESCRIPTION_LIMIT_CHARS)
    end = stop.start() if stop else min(len(text), begin + DESCRIPTION_LIMIT_CHARS)
    words = text[begin:end].strip(" ,:;-–\"'“”„")
    clean = " ".join(re.sub(r"[\[\]{}<>|`*#%^\\]+", " ", words).split())
    letters = sum(c.isalpha() for c in clean)
    if letters < 4 or _NOTHING.match(clean) or re.match(r"[0-9](?![0-9]{0,3} [a-zà-ÿ])", clean):
        return None
    return passage.found(clean[:1].upper() + clean[1:], begin, end, "the words behind “for”")
