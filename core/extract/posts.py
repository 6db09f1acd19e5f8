"""A request for a post in a dropped text or a mail: where it is wanted, and its literal words.

Rules: only words behind a colon or in quotation marks are a post; a request without them is vague
and names nothing; what somebody is asked not to post is no request; every pattern is bounded.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from core.extract.quoting import signature_start

LIMIT_CHARS = 70_000
"""Longer than the longest post of any network."""

ALIASES = {
    "facebook": "facebook",
    "fb": "facebook",
    "instagram": "instagram",
    "insta": "instagram",
    "twitter": "twitter",
    "x": "twitter",
    "linkedin": "linkedin",
}
"""Networks as people call them, by the name of the service."""

_NAME = rf"(?:{'|'.join(sorted(ALIASES, key=len, reverse=True))})(?![\w-])"
_AND = r"(?:\s{0,3},\s{0,3}(?:and |und |et |y )?|\s{1,3}(?:&|\+|and|und|et|y)\s{1,3})"
_NAMES = rf"{_NAME}(?:{_AND}{_NAME}){{0,5}}"
_OUR = r"(?:our |the |unser\w{0,2} |notre |nuestro )?"
_ON = rf"(?:on|to|auf|bei|sur|en)\s{{1,3}}{_OUR}(?P<names>{_NAMES})"
_POLITE = (
    r"(?:please|kindly|bitte|(?:can|could|would) (?:you|we)|let['’]s|we should|merci de|por favor)"
)
_GREETING = r"(?:(?:hi|hello|hey|dear|hallo)\b[^\n,]{0,40},\s{0,3})?"
_START = rf"^[ \t#*-]{{0,6}}{_GREETING}(?:{_POLITE},?\s){{0,4}}"
_VERB = (
    r"(?:post|publish|share|tweet|poste|poster|posten|veröffentliche|teile|publie[rz]?|"
    r"partage[rz]?|publica|comparte)"
)
_THIS = r"(?:\s(?:this|it|the following|das|dies|folgendes|ceci|esto))?"
_FLAGS = re.IGNORECASE | re.MULTILINE
_BEHIND_COLON = re.compile(
    rf"{_START}(?:{_VERB}{_THIS}\s{_ON}(?:\s(?:today|now))?|(?P<first>{_NAMES})\spost|"
    rf"(?P<tweet>tweet)|post){_THIS}\s{{0,2}}:[ \t]*",
    _FLAGS,
)
_IN_QUOTES = re.compile(
    rf"{_START}{_VERB}\s[\"“„«](?P<text>[^\"“”„«»]{{1,3000}})[\"”“»],?\s{{1,3}}{_ON}", _FLAGS
)
_VAGUE = re.compile(
    rf"{_START}(?:{_VERB}|write|make|create|prepare|draft|put up|schreib\w{{0,2}}|mach\w{{0,2}})\b"
    rf"(?P<rest>[^\n.!?:]{{1,200}})",
    _FLAGS,
)
_A_POST = re.compile(
    r"\b(?:an?|some|the next|einen?|un|une) (?:[\w-]{1,20} ){0,3}"
    r"(?:post(?! office)|tweet|reel|beitrag)\b"
    r"|\bsocial media\b|^\s*(?:something|etwas|was|quelque chose|algo)\b",
    re.IGNORECASE,
)
_WHERE = re.compile(_ON, re.IGNORECASE)
_NOT = re.compile(r"\b(?:not|never|nicht|nie|pas|jamais|no|nunca)\b|n['’]t\b", re.IGNORECASE)
_PICTURE = re.compile(
    r"^[ \t]*(?:picture|photo|image|bild|foto)[ \t]*:[ \t]*(\S[^\n]{0,200}?)[ \t]*$"
    r"|!\[\[([^\[\]\n]{1,200})\]\]",
    _FLAGS,
)


@dataclass(frozen=True)
class PostRequest:
    """A post that somebody wants.

    Args:
        networks: names of services, none when nobody says where.
        text: the literal words, "" when there are none.
        pictures: names of the files that are to go with it.
    """

    networks: tuple[str, ...]
    text: str
    pictures: tuple[str, ...] = ()


def networks_in(words: str) -> tuple[str, ...]:
    """Return the services that are named, each once, in order."""
    found = re.findall(rf"(?<![\w-]){_NAME}", words, re.IGNORECASE)
    return tuple(dict.fromkeys(ALIASES[name.lower()] for name in found))


def in_document(text: str) -> PostRequest | None:
    """Return the request of a dropped text, None when it does not begin with one."""
    plain = _plain(text)
    return _read(plain, plain, at_start=True)


def in_mail(subject: str, text: str) -> PostRequest | None:
    """Return the request of a mail, None when it has none."""
    plain = _plain(text)
    own = plain[: signature_start(plain)].strip()
    return _read(own, own, at_start=False) or _read(_plain(subject), own, at_start=True)


def _plain(text: str) -> str:
    """Return a text in NFC; what joins an emoji stays, and what may not be posted is refused."""
    lines = text[:LIMIT_CHARS].replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", lines).strip()


def _read(where: str, text: str, *, at_start: bool) -> PostRequest | None:
    literal = _IN_QUOTES.search(where) or _BEHIND_COLON.search(where)
    if literal is not None and not (at_start and where[: literal.start()].strip()):
        return _literal(where, literal, at_start=at_start)
    vague = next((m for m in _VAGUE.finditer(where) if _is_wanted(m)), None)
    if vague is None or (at_start and where[: vague.start()].strip()):
        return None
    _, pictures = _without_pictures(text)
    return PostRequest(_named(vague["rest"]), "", pictures)


def _is_wanted(match: re.Match[str]) -> bool:
    rest = match["rest"]
    return not _NOT.search(rest) and bool(_A_POST.search(rest) or _WHERE.search(rest))


def _named(rest: str) -> tuple[str, ...]:
    where = _WHERE.search(rest)
    return networks_in(where["names"]) if where else ()


def _literal(where: str, match: re.Match[str], *, at_start: bool) -> PostRequest:
    groups = match.groupdict()
    names = groups.get("names") or groups.get("first") or ""
    networks = ("twitter",) if groups.get("tweet") else networks_in(names)
    behind = where[match.end() :]
    text = groups.get("text") or behind
    if not groups.get("text") and not at_start and not behind.startswith("\n"):
        text = behind.partition("\n\n")[0]  # in a mail, what follows is said to the reader
    text, pictures = _without_pictures(text)
    _, named = _without_pictures(behind)
    return PostRequest(networks, text, tuple(dict.fromkeys((*pictures, *named))))


def _without_pictures(text: str) -> tuple[str, tuple[str, ...]]:
    """Return a text without the names of pictures, and these."""
    found = [one or other for one, other in _PICTURE.findall(text)]
    names = tuple(name.strip().removeprefix("![[").removesuffix("]]") for name in found)
    return _PICTURE.sub("", text).strip(), tuple(dict.fromkeys(names))
