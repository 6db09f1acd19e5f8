"""What somebody wrote, apart from what they quoted and what they forwarded.

Rules: only the writer's own words are read for a request; quoted history never; a forwarded mail is
read as the mail it claims to be, and the claim is said.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from core.extract.html import QUOTE_BEGINS, QUOTE_ENDS

DEPTH_LIMIT = 3
_LINE_LIMIT_CHARS = 300
_WROTE = re.compile(
    r"(?:On|Am|Le|El|Den|Il|Op|Em)\b.{5,200}?"
    r"(?:wrote|schrieb(?:\s.{1,100})?|a écrit|escribió|ha scritto|escreveu)\s?:?"
    r"|.{3,100}\b(?:wrote on|schrieb am|a écrit le|escribió el)\b.{5,80}:"
)
_FORWARDED = re.compile(
    r"(?:-{2,}|_{2,})?\s*(?:Begin )?(?:Forwarded message|Forwarded by .{1,80}|"
    r"(?:Anfang der )?weitergeleitete(?:n)? Nachricht|"
    r"(?:Début du )?message (?:transféré|réexpédié)|"
    r"(?:Inicio del )?mensaje reenviado)\s*:?\s*(?:-{2,}|_{2,})?",
    re.IGNORECASE,
)
_ORIGINAL = re.compile(
    r"-{2,}\s*(?:Original Message|Original Appointment|Ursprüngliche Nachricht|"
    r"Originalnachricht|Message d.origine|Mensaje original)\s*-{2,}",
    re.IGNORECASE,
)
_HEADER = re.compile(
    r"\*{0,2}(From|Von|De|Sent|Gesendet|Envoyé|Enviado(?: el)?|Date|Datum|Fecha|To|An|À|Para"
    r"|Cc|Subject|Betreff|Objet|Asunto|Reply-To)\s?:\*{0,2}\s*(.{0,250})",
    re.IGNORECASE,
)
_FROM = frozenset(["from", "von", "de"])
_SUBJECT = frozenset(["subject", "betreff", "objet", "asunto"])
_FORWARD_SUBJECT = re.compile(r"\s*(?:fwd?|wg|tr|rv|reenv|i)\s*:", re.IGNORECASE)
_ADDRESS = re.compile(r"[\w.+=-]{1,64}@[\w.-]{1,190}\.\w{2,24}")
_CLOSING = re.compile(
    r"(?:--|[^.!?:€$£0-9]{0,30}\b(?:regards|wishes|greetings|thanks|thank you|cheers|sincerely|"
    r"faithfully|best|gr(?:ü|ue)(?:ß|ss)en?|danke|dank|mfg|vg|lg|cordialement|merci|salutations|"
    r"saludos?|atentamente|gracias|bien à vous|à bientôt)\b[^.!?:€$£0-9]{0,25})\s*[,.!]*",
    re.IGNORECASE,
)
_SIGNED_LINE_CHARS = 60


@dataclass(frozen=True)
class Forwarded:
    """A mail that was passed on; who wrote it is only claimed.

    Args:
        sender_name: the name in its `From:` line, "" without.
        sender_address: the address there, "" without.
        subject: its subject, "" without.
        text: its writer's own words.
    """

    sender_name: str
    sender_address: str
    subject: str
    text: str


@dataclass(frozen=True)
class Parts:
    """A mail's text, taken apart.

    Args:
        own: the writer's own words, signature included.
        history: what was quoted, "" without.
        forwarded: the mail that was passed on.
    """

    own: str
    history: str
    forwarded: Forwarded | None


@dataclass
class _Piles:
    """The lines sorted so far."""

    own: list[str] = field(default_factory=list)
    history: list[str] = field(default_factory=list)
    forwarded: list[str] = field(default_factory=list)


def split(text: str, subject: str = "", depth: int = 0) -> Parts:
    """Take a text apart into own words, quoted history and a forwarded mail.

    Args:
        text: a clean text; it may hold the marks of `core.extract.html`.
        subject: tells a forward from a reply where mail programs write both alike.
        depth: how many forwards it lies in.
    """
    lines, piles, number = _marked_lines(text), _Piles(), 0
    while number < len(lines):
        if lines[number].strip() == QUOTE_BEGINS:
            end = _end_of_quote(lines, number)
            inner = _unmarked(lines[number:end])
            (piles.forwarded if _begins_forward(inner) else piles.history).extend(inner)
            number = end
        else:
            number = _sort_line(lines, number, subject, piles)
        number += 1
    is_read = bool(piles.forwarded) and depth < DEPTH_LIMIT
    inside = _forwarded(piles.forwarded, depth) if is_read else None
    return Parts(_joined(piles.own), _joined(piles.history), inside)


def _sort_line(lines: list[str], number: int, subject: str, piles: _Piles) -> int:
    """Put a line, or all the rest, where it belongs; return the last line that was taken."""
    kind, last = _separator(lines, number, subject)
    if kind in {"forward", "history"}:
        rest = _unmarked(lines[number:])
        (piles.forwarded if kind == "forward" else piles.history).extend(rest)
        return len(lines)
    line = lines[number]
    if kind == "skip" or line.lstrip().startswith(">"):
        piles.history += [x.strip().lstrip("> ") for x in lines[number : last + 1]]
    elif line.strip() != QUOTE_ENDS:
        piles.own.append(line)
    return last


def _unmarked(lines: list[str]) -> list[str]:
    return [x for x in lines if x.strip() not in {QUOTE_BEGINS, QUOTE_ENDS}]


def _marked_lines(text: str) -> list[str]:
    for mark in (QUOTE_BEGINS, QUOTE_ENDS):
        text = text.replace(mark, f"\n{mark}\n")
    return text.split("\n")


def _joined(lines: list[str]) -> str:
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def _end_of_quote(lines: list[str], start: int) -> int:
    depth = 0
    for number in range(start, len(lines)):
        mark = lines[number].strip()
        depth += (mark == QUOTE_BEGINS) - (mark == QUOTE_ENDS)
        if depth == 0:
            return number
    return len(lines)


def _begins_forward(lines: list[str]) -> bool:
    first = next((line.strip() for line in lines if line.strip()), "")
    return bool(_FORWARDED.fullmatch(first[:_LINE_LIMIT_CHARS]))


def _separator(lines: list[str], number: int, subject: str) -> tuple[str, int]:
    """Return what begins at a line, and the last line of its introduction.

    What begins is "forward", "history", "skip" (words that introduce lines with `>`) or "".
    """
    line = lines[number].strip()
    if not line or len(line) > _LINE_LIMIT_CHARS:
        return "", number
    if _FORWARDED.fullmatch(line) and len(line) > 8:
        return "forward", number
    if _ORIGINAL.fullmatch(line) or _is_header_block(lines, number):
        return "forward" if _FORWARD_SUBJECT.match(subject) else "history", number
    if set(line) == {"_"} and len(line) > 9 and _is_header_block(lines, number + 1):
        return "skip", number
    return _introduction(lines, number)


def _introduction(lines: list[str], number: int) -> tuple[str, int]:
    """Return whether "On …, … wrote:" stands here; it may be broken over up to three lines."""
    joined = ""
    for last in range(number, min(number + 3, len(lines))):
        joined = f"{joined} {lines[last].strip()}".strip()
        if len(joined) <= _LINE_LIMIT_CHARS and _WROTE.fullmatch(joined):
            rest = _next_lines(lines, last + 1, 1)
            quoted = not rest or rest[0].startswith((">", QUOTE_BEGINS))
            return "skip" if quoted else "history", last
    return "", number


def _next_lines(lines: list[str], start: int, count: int) -> list[str]:
    """Return the next lines that are not empty, looking no further than ten."""
    return [x.strip() for x in lines[start : start + 10] if x.strip()][:count]


def _is_header_block(lines: list[str], number: int) -> bool:
    """Return whether `From:`, `Sent:`, `To:` or `Subject:` lines of a quoted mail begin here."""
    if number >= len(lines):
        return False
    first = _HEADER.fullmatch(lines[number].strip()[:_LINE_LIMIT_CHARS])
    if not first or first[1].lower() not in _FROM:
        return False
    block = [_HEADER.fullmatch(x[:_LINE_LIMIT_CHARS]) for x in _next_lines(lines, number, 5)]
    names = {m[1].lower() for m in block if m}
    return len(names) >= 3


def _forwarded(lines: list[str], depth: int) -> Forwarded:
    filled = [x for x in lines if x.strip()]
    if sum(x.lstrip().startswith(">") for x in filled) * 2 > len(filled):
        lines = [re.sub(r"^\s*> ?", "", x) for x in lines]
    headers: dict[str, str] = {}
    number = 0
    while number < len(lines) and number < 20:
        line = lines[number].strip()[:_LINE_LIMIT_CHARS]
        header = _HEADER.fullmatch(line)
        if header:
            headers.setdefault(header[1].lower(), header[2].strip())
        elif line and (headers or not (_FORWARDED.fullmatch(line) or _ORIGINAL.fullmatch(line))):
            break
        number += 1
    sender = next((headers[k] for k in headers if k in _FROM), "")
    subject = next((headers[k] for k in headers if k in _SUBJECT), "")
    address = _ADDRESS.search(sender)
    name = re.sub(r"[<\[(].*", "", sender).strip(" \"'*")
    inner = split("\n".join(lines[number:]), subject, depth + 1)
    if not inner.own.strip() and inner.forwarded:
        return inner.forwarded
    return Forwarded("" if "@" in name else name, address[0] if address else "", subject, inner.own)


def signature_start(text: str) -> int:
    """Return where the closing words and the signature begin; the text's length without."""
    position = 0
    lines = text.split("\n")
    for number, line in enumerate(lines):
        short = line.strip()
        if short and len(short) <= 50 and _CLOSING.fullmatch(short):
            rest = [x for x in lines[number + 1 :] if x.strip()]
            if rest and len(rest) <= 14 and all(len(x) <= 120 for x in rest):
                return position
        position += len(line) + 1
    return _last_block(text)


def _last_block(text: str) -> int:
    """Return where a last paragraph begins that is only short lines: a name, a company."""
    body = text.rstrip()
    start = body.rfind("\n\n") + 2
    block = body[start:].split("\n")
    is_signed = start > 2 and len(block) <= 6
    plain = all(
        len(x) <= _SIGNED_LINE_CHARS and not re.search(r"[!?;€$£]|[.:] *\Z|[0-9][.,][0-9]{2}", x)
        for x in block
    )
    return start if is_signed and plain else len(text)
