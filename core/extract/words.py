"""The words that carry meaning in a business mail, one table for each language.

Rules: a language is one module beside this one and one entry in `LANGUAGES`; the words of all are
looked for together, because mails mix them; every pattern is bounded, so no text makes it slow.
"""

from __future__ import annotations

import re
from functools import cache

from core.extract.languages import de, en, es, fr
from core.extract.languages.cues import Cue

LANGUAGES: dict[str, dict[Cue, str]] = {
    "en": en.WORDS,
    "de": de.WORDS,
    "fr": fr.WORDS,
    "es": es.WORDS,
}


@cache
def fragment(cue: Cue) -> str:
    """Return the alternatives of a cue in all languages, without groups around them."""
    return "|".join(words[cue] for words in LANGUAGES.values() if cue in words)


@cache
def pattern(cue: Cue) -> re.Pattern[str]:
    """Return a cue of all languages as whole words."""
    return re.compile(rf"(?<!\w)(?:{fragment(cue)})(?!\w)", re.IGNORECASE)


@cache
def compiled(template: str, *cues: Cue) -> re.Pattern[str]:
    """Return a pattern with cues put in for `{}`, each as a group that is not kept."""
    return re.compile(template.format(*(f"(?:{fragment(c)})" for c in cues)), re.IGNORECASE)


def language(text: str) -> str:
    """Return the language whose common words stand in a text most often, "" when unclear."""
    words = re.findall(r"[a-zà-ÿ]{2,12}", text[:4000].lower())
    counts = {
        code: sum(words.count(w) for w in table[Cue.COMMON].split())
        for code, table in LANGUAGES.items()
    }
    ranked = sorted(counts, key=lambda c: -counts[c])
    best = ranked[0]
    second = counts[ranked[1]] if len(ranked) > 1 else 0
    return best if counts[best] >= 2 and counts[best] > second else ""
