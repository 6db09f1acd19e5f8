"""Who is meant: the customer of an invoice, the vendor of a bill.

Rules: a name is taken from a label, from words such as "invoice to", or from the sender's own
signature, if it is the only one; a company is known by its legal form; the owner's own name is
never a customer; an address that only looks like the company's is a question.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from core.extract.found import Abstained, Found, Passage
from core.extract.languages.cues import Cue
from core.extract.quoting import signature_start
from core.extract.sums import unwrapped
from core.extract.words import compiled

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.extract.found import Setting

Name = Found[str]
ONLY_SENDER = "No company is named, only the sender."
_FORMS = (
    r"Ltd\.?|Limited|LLC|L\.L\.C\.|LLP|PLC|Inc\.?|Incorporated|Corp\.?|Corporation|"
    r"Pty\.? Ltd\.?|GmbH & Co\. ?KG|GmbH|mbH|gGmbH|AG|UG(?: \(haftungsbeschränkt\))?|KGaA|KG|OHG|"
    r"e\. ?K\.|e\. ?V\.|GbR|eG|SE|S\.?A\.?R\.?L\.?|SASU|S\.?A\.?S\.?|EURL|SCI|S[àÀ]rl|S\.?A\.?|"
    r"S\.?L\.?U?\.?|"
    r"S\.?r\.?l\.?|S\.?p\.?A\.?|B\.?V\.?|N\.?V\.?|AB|A/S|ApS|AS|Oy|Sp\. z o\.o\.|s\.r\.o\.|Lda\.?|"
    r"S\. ?de ?R\.?L\.?"
)
_WORD = r"[A-ZÀ-ÖØ-Þ0-9][\w&'’+-]{0,30}"
_LINK = r"(?:&|\+|und|and|et|y|e|de|del|du|des|la|le|les|los|of|der|für|of the)"
COMPANY = re.compile(
    rf"(?<![\w&-]){_WORD}(?: (?:{_LINK} ){{0,2}}{_WORD}){{0,4}},? (?:{_FORMS})(?![\w&])"
)
_FORM_END = re.compile(rf",? ({_FORMS})\Z", re.IGNORECASE)
_IN_FULL = {"limited": "ltd", "incorporated": "inc", "corporation": "corp"}
_LEADING = re.compile(
    r"(?:Please|Invoice|Bill|Quote|Quotation|Dear|Hello|Hi|To|From|For|Our|Re|Fwd|Company|Client|"
    r"Customer|Attn|And|Or|At|With|By|In|Rechnung|Angebot|An|Von|Für|Firma|Kunde|Kundin|Bitte|"
    r"Hallo|Mit|Bei|Im|Auftraggeber|Facture|Devis|Société|Pour|Chez|Bonjour|Factura|Presupuesto|"
    r"Para|Por|Empresa|Cliente|Estimados|Hola|En|This|We|I|Wir|Nous|On|Regards|Thanks|Cheers|"
    r"Sincerely|Order|Projekt|Projet|Proyecto) "
)
_ARTICLE = re.compile(r"(?:The|Die|Der|Das|La|Le|Les|El|Los|Las|A|De) ")
_SENTENCE_START = re.compile(r"(?:\A|\n|[.!?:] )[ \t>*•-]{0,6}\Z")
_INTRODUCED = re.compile(
    r"(?:\b(?:from|at|of|for|with|this is|i am|we are|behalf of|von|bei|für|der|firma|"
    r"de la société|"
    r"chez|société|de|soy|somos|desde|here at|team)|[|,:·–-]|\A|\n)[ \t]*\Z",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"(?<!\w)(?:not|nicht|pas|no|instead of|statt|never|rather than)(?!\w)", re.IGNORECASE
)
_LABEL_VALUE = re.compile(
    r"[ \t]{0,3}[:：][ \t]{0,20}([^\n]{0,100})(?:\n{1,2}[ \t>*]*([^\n]{1,100}))?"
)
_SIGNS = re.compile(r"[{}\[\]<>`%$|\\]")
_NAME_END = re.compile(r" {2,}|[|;<(\t]|,(?! ?(?:Inc|Ltd|LLC|S\.))| [-–—] |\b(?:VAT|USt|NIF|CIF)\b")


def companies(passage: Passage, setting: Setting) -> list[Name]:
    """Return the companies named in a passage, known by their legal form, without the owner's."""
    found = []
    text = unwrapped(passage.text)
    for match in COMPANY.finditer(text):
        start = match.start()
        while (lead := _LEADING.match(text, start)) and lead.end() < match.end() - 3:
            start = lead.end()
        for begin in _beginnings(text, start, match.end()):
            name = text[begin : match.end()]
            name = _without_full_stop(name, text[match.end() : match.end() + 3])
            if COMPANY.fullmatch(name) and not _is_owner(name, setting):
                reason = "a name with its legal form"
                found.append(passage.found(name, begin, begin + len(name), reason))
    return found


def _without_full_stop(name: str, behind: str) -> str:
    """Return a name without the point that ends its sentence; "S.A." and "Inc.," keep theirs."""
    dotted = name.rsplit(" ", 1)[-1].count(".") > 1
    goes_on = behind[:1] in {",", ")"} or behind.lstrip(" ")[:1].islower()
    own_line = behind[:1] in {"", "\n"} and len(name.split()) > 1 and not behind.strip(" \n")
    return name if dotted or goes_on or own_line else name.rstrip(".")


def _beginnings(text: str, start: int, end: int) -> tuple[int, ...]:
    """Return where a name may begin: an article that opens a sentence may belong to it or not."""
    article = _ARTICLE.match(text, start)
    if not article or not _SENTENCE_START.search(text[max(0, start - 8) : start]):
        return (start,)
    if text[end : end + 1] in {"", "\n"}:
        return (start,)  # the name has its line for itself
    bare = text[article.end() : end]
    others = text[:start] + text[end:]
    return (article.end(),) if bare in others else (start, article.end())


def key_of(name: str) -> str:
    """Return what two spellings of one name share."""
    return re.sub(r"[\W_]+", "", name).casefold()


def agree(name: str, other: str) -> bool:
    """Return whether two names differ in signs, capitals or the writing of the legal form only.

    "Acme Ltd." is "ACME Limited", and "Acme" is either; "Acme GmbH" and "Acme AG" are two.
    """
    (bare, form), (other_bare, other_form) = _parted(name), _parted(other)
    return bool(bare) and bare == other_bare and (form == other_form or not form or not other_form)


def _parted(name: str) -> tuple[str, str]:
    """Return the keys of a name without its legal form, and of the form."""
    end = _FORM_END.search(name.strip())
    if end is None:
        return key_of(name), ""
    form = key_of(end[1])
    return key_of(name.strip()[: end.start()]), _IN_FULL.get(form, form)


def _is_owner(name: str, setting: Setting) -> bool:
    return key_of(name) in {key_of(n) for n in setting.owner_names}


def labelled(passage: Passage, cue: Cue, setting: Setting) -> list[Name]:
    """Return the names behind labels such as "Bill to:", at the beginning of a line."""
    found = []
    for label in compiled(r"(?:\A|(?<=\n))[ \t>*•-]{{0,6}}(?:{})(?=[ \t]*[:：])", cue).finditer(
        passage.text
    ):
        value = _LABEL_VALUE.match(passage.text, label.end())
        group = 0 if not value else 1 if value[1].strip() else 2
        if value and group and value[group]:
            start = value.start(group)
            name = _NAME_END.split(value[group], maxsplit=1)[0].rstrip(" .,:*")
            start += len(name) - len(name.lstrip(" *"))
            name = name.lstrip(" *")
            if _is_name(name) and not _is_owner(name, setting):
                reason = "it stands behind a label"
                found.append(passage.found(name, start, start + len(name), reason))
    return found


def _is_name(text: str) -> bool:
    letters = sum(c.isalpha() for c in text)
    return (
        letters >= 2 and len(text) <= 80 and text[:1].isalnum() and not text[:1].islower()
        and "@" not in text and letters * 2 >= len(text) and not _SIGNS.search(text)
        and len(text.split()) <= 8
    )  # fmt: skip


def addressed(passage: Passage, setting: Setting) -> list[Name]:
    """Return the companies named in words such as "the invoice to …"."""
    text = unwrapped(passage.text)
    ahead = compiled(
        r"(?<!\w)(?:{})(?: (?:our|the|client|customer|company|new|die|den|la|le|el|firma|kundin|"
        r"kunden|"
        r"société|empresa|notre|client|nuestro|cliente|unsere|unseren)){{0,3}}[:,]? ?\Z",
        Cue.INVOICE_TO,
    )
    found = []
    for name in companies(passage, setting):
        before = text[max(0, name.start - 60) : name.start]
        if ahead.search(before) and not _DENIED.search(before):
            reason = "the words before it say whom to bill"
            found.append(passage.found(name.value, name.start, name.end, reason))
    return found


def customer(
    passages: tuple[Passage, ...], sender: Passage, setting: Setting
) -> Found[str] | Abstained[str]:
    """Return whom to bill.

    Args:
        passages: what is read.
        sender: the sender's name as a passage.
        setting: the owner's own names.
    """
    told = [n for p in passages for n in labelled(p, Cue.BILL_TO, setting)]
    told += [n for p in passages for n in addressed(p, setting)]
    if told:
        return _only(told, "Several customers are named.")
    everywhere = [n for p in passages for n in companies(_ungreeted(p), setting)]
    own = [*companies(sender, setting), *(n for n in everywhere if _introduces_itself(n, passages))]
    if own and {key_of(n.value) for n in everywhere} <= {key_of(n.value) for n in own}:
        return _only(own, "The sender names several companies.", "the sender's own company")
    if everywhere or own:
        return Abstained("It is not said plainly whom to bill.", _unique([*own, *everywhere]))
    name = sender.text.strip()
    return Abstained(
        ONLY_SENDER,
        (sender.found(name, 0, len(sender.text), "the sender"),) if _is_name(name) else (),
    )


def vendor(
    passages: tuple[Passage, ...], sender: Passage, setting: Setting
) -> Found[str] | Abstained[str]:
    """Return who sent a bill; the name it is addressed to is not the vendor."""
    told = [n for p in passages for n in labelled(p, Cue.VENDOR, setting)]
    billed = {key_of(n.value) for p in passages for n in labelled(p, Cue.BILL_TO, setting)}
    named = [n for p in passages for n in companies(_ungreeted(p), setting)]
    every = [*told, *companies(sender, setting), *named]
    every = [n for n in every if key_of(n.value) not in billed]
    if every:
        return _only(every, "Several companies are named.", "the only company beside the reader's")
    name = sender.text.strip()
    found = (sender.found(name, 0, len(sender.text), "the sender"),) if _is_name(name) else ()
    return Abstained(ONLY_SENDER, found)


def _only(names: list[Name], several: str, reason: str = "") -> Found[str] | Abstained[str]:
    unique = _unique(names)
    if len(unique) > 1:
        return Abstained(several, unique)
    first = unique[0]
    reason = reason or first.confidence_reason
    return Found(first.value, first.span_text, first.start, first.end, reason, first.place)


def _unique(names: Iterable[Name]) -> tuple[Name, ...]:
    found: dict[str, Name] = {}
    for name in names:
        key = key_of(name.value)
        if key not in found or (found[key].value.isupper() and not name.value.isupper()):
            found[key] = name
    return tuple(found.values())[:6]


def _introduces_itself(name: Name, passages: tuple[Passage, ...]) -> bool:
    """Return whether a name stands in the signature, or behind words such as "this is … of"."""
    passage = next((p for p in passages if p.place == name.place), None)
    if passage is None or passage.place == "subject":
        return False
    start = signature_start(passage.text)
    if name.start >= start:
        return bool(_INTRODUCED.search(passage.text[max(start, name.start - 30) : name.start]))
    before = unwrapped(passage.text)[max(0, name.start - 40) : name.start]
    told = r"(?:this is|i am|i'm|here is|we at|we are|hier ist|ici|soy|somos|wir,? (?:die|von der)|"
    told += r"nous,?|writing (?:from|on behalf of)|here at)"
    return bool(re.search(rf"\b{told}(?: [\w'’.,]{{1,20}}){{0,4}} \Z", before, re.IGNORECASE))


def _ungreeted(passage: Passage) -> Passage:
    """Return a passage of the same length without the lines that greet the reader."""
    greeting = compiled(r"(?:\A|(?<=\n))[ \t]{{0,6}}(?:{})(?!\w)[^\n]{{0,80}}", Cue.GREETING)
    blank = greeting.sub(lambda m: " " * len(m[0]), passage.text)
    return Passage(passage.place, blank)
