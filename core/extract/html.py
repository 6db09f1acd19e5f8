"""HTML mails as text: what a person sees in the mail program, and nothing else.

Rules: hidden text (no display, no size, no colour, moved off the page) is dropped and reported;
link targets and pictures are dropped; nothing is ever loaded.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

HTML_LIMIT_CHARS = 200_000
QUOTE_BEGINS, QUOTE_ENDS = "\ue000", "\ue001"
"""Lines around a quote; no text from outside can hold them (see `core.extract.text`)."""

_NEVER_SHOWN = frozenset(
    ["script", "style", "template", "noscript", "textarea", "select", "option", "title"]
)
_HIDING = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|mso-hide\s*:\s*all"
    r"|opacity\s*:\s*0(?:\.0+)?\s*(?:[;!]|$)|(?:max-height|line-height)\s*:\s*0(?:px)?\s*(?:[;!]|$)"
    r"|(?:left|top|text-indent|margin-left)\s*:\s*-\d{3,}|color\s*:\s*transparent|clip\s*:\s*rect",
    re.IGNORECASE,
)
_TINY = re.compile(
    r"font-size\s*:\s*0*(?:0|1|0?\.\d{1,9}|[01]\.\d{1,9})(?:p[xt])?\s*(?:[;!]|$)|"
    r"font-size\s*:\s*0(?:\.0{1,9})?(?![.\d])",
    re.IGNORECASE,
)
_REAL_SIZE = re.compile(r"font-size\s*:\s*(?:0?\.[1-9]|[1-9])", re.IGNORECASE)
_COLOUR = re.compile(r"(?<![-\w])color\s*:\s*([#\w]+(?:\([\d,.\s%]{1,40}\))?)", re.IGNORECASE)
_BACKGROUND = re.compile(r"background(?:-color)?\s*:\s*([#\w]{1,20})", re.IGNORECASE)
_WHITE = re.compile(r"white|#f[a-f]f[a-f]f[a-f]|#fff|rgba?\(25\d,\s*25\d,\s*25\d.*", re.IGNORECASE)
_RULE = re.compile(r"([^{}]{1,300})\{([^{}]{0,2000})\}")
_SELECTOR = re.compile(r"(?:^|,)\s*[a-z]{0,12}([.#][\w-]{1,80})\s*(?=,|$)", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]{0,5000}>")


class Element(Protocol):
    """What is used of an lxml element."""

    tag: object
    text: str | None
    tail: str | None
    attrib: Mapping[str, str]

    def iter(self) -> Iterator[Element]:
        """Return it and everything inside, in document order."""

    def iterancestors(self) -> Iterator[Element]:
        """Return what it lies in, from inside out."""

    def drop_tree(self) -> None:
        """Take it out, leaving the text behind it."""


def to_text(html: str) -> tuple[str, bool]:
    """Return what a page shows, and whether text was hidden in it."""
    from inscriptis import Inscriptis
    from inscriptis.model.config import ParserConfig
    from lxml.etree import LxmlError
    from lxml.html import fromstring

    html = html[:HTML_LIMIT_CHARS].replace("\x00", "")
    html = html.replace(QUOTE_BEGINS, "").replace(QUOTE_ENDS, "")
    html = re.sub(r"\A\s*<\?xml[^<>]{0,200}>", "", html)
    if not html.strip():
        return "", False
    try:
        tree: Element = fromstring(html)
        hidden = _drop_hidden(tree)
        _mark_quotes(tree)
        text = str(Inscriptis(tree, ParserConfig()).get_text())
    except (LxmlError, ValueError, TypeError, AttributeError, IndexError, RecursionError):
        return _without_tags(html), True  # what is shown is not known: treated as hiding
    return (text, hidden) if text.strip() else (_without_tags(html), True)


def _without_tags(html: str) -> str:
    return _TAG.sub(" ", html)


def _drop_hidden(tree: Element) -> bool:
    elements = [e for e in tree.iter() if isinstance(e.tag, str)]
    rules = _hidden_names(e.text or "" for e in elements if e.tag == "style")
    never = [e for e in elements if e.tag in _NEVER_SHOWN]
    unseen = [e for e in elements if e.tag not in _NEVER_SHOWN and _is_hidden(e, rules)]
    said = any(_says_something(e) for e in unseen)
    for element in (*never, *unseen):
        if element is not tree:
            element.drop_tree()
    return said


def _says_something(element: Element) -> bool:
    """Return whether hidden text is longer than the preview lines that newsletters hide."""
    parts = [p for e in element.iter() for p in (e.text, e.tail if e is not element else "")]
    return len("".join(p for p in parts if isinstance(p, str)).split()) > 3


def _hidden_names(sheets: Iterable[str]) -> frozenset[str]:
    """Return the classes and ids that style sheets hide, `.x` and `#y`."""
    names: set[str] = set()
    for sheet in sheets:
        for selectors, rule in _RULE.findall(sheet[:50_000]):
            if _HIDING.search(rule) or _TINY.search(rule):
                names.update(_SELECTOR.findall(selectors))
    return frozenset(names)


def _is_hidden(element: Element, rules: frozenset[str]) -> bool:
    attributes = element.attrib
    names = {f".{name}" for name in attributes.get("class", "").split()}
    names.add(f"#{attributes.get('id', '')}")
    style = attributes.get("style", "")[:2_000]
    return (
        "hidden" in attributes
        or attributes.get("type") == "hidden"
        or bool(names & rules)
        or bool(_HIDING.search(style))
        or (bool(_TINY.search(style)) and not _grows_again(element))
        or _is_colourless(element, style)
    )


def _grows_again(element: Element) -> bool:
    """Return whether something inside has a readable size; page layouts set zero around it."""
    inside = (e for e in element.iter() if e is not element)
    return any(_REAL_SIZE.search(e.attrib.get("style", "")[:2_000]) for e in inside)


def _is_colourless(element: Element, style: str) -> bool:
    found = _COLOUR.search(style)
    colour = found[1] if found else element.attrib.get("color", "")
    if not colour:
        return False
    behind = _BACKGROUND.search(style)
    if behind:
        return behind[1].lower() == colour.lower()
    if not _WHITE.fullmatch(colour):
        return False
    around = (e.attrib for e in element.iterancestors())
    return not any("bgcolor" in a or "background" in a.get("style", "") for a in around)


def _mark_quotes(tree: Element) -> None:
    """Put marks where a mail program says that a quote begins and ends."""
    for element in [e for e in tree.iter() if isinstance(e.tag, str) and e is not tree]:
        names = set(element.attrib.get("class", "").split())
        cited = element.tag == "blockquote" and element.attrib.get("type") == "cite"
        if cited or names & {"gmail_quote", "yahoo_quoted", "protonmail_quote"}:
            element.text = f"{QUOTE_BEGINS} {element.text or ''}"
            element.tail = f"{QUOTE_ENDS} {element.tail or ''}"
