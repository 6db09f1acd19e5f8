"""What stands in a note, front matter and sections, and how words from anywhere are shown in one.

Rules: a section runs to the next of our headings outside a fence; only `## Parameters` and
`## Content` ever run; text from outside is fenced, defanged and capped before it enters a note.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from core import frontmatter, strict_yaml
from utils.errors import NoteError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PARAMETERS, CONTENT, WHY, RESULT = "Parameters", "Content", "Why", "Result"
HEADINGS = (PARAMETERS, CONTENT, WHY, RESULT)
_HEADING = re.compile(rf"## ({'|'.join(HEADINGS)})(?: +(\S.*?))?\s*$")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)$")
_LINE_END = re.compile(r"\r\n|\r|\n")
KEY_ALIASES = {
    "action_type": "action",
    "tool": "action",
    "to": "counterparty",
    "recipient": "counterparty",
}
TYPE_ALIASES = {"approval_request": "approval"}
UNTRUSTED_LIMIT_CHARS = 4_000
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ufeff]"
)


@dataclass(frozen=True)
class Section:
    """One `## Heading` of ours.

    Args:
        title: Parameters, Content, Why or Result.
        label: what follows the title (`facebook` in `## Content facebook`), "" without.
        lines: the lines below the heading.
        start: the heading's line number in the body, from 0.
        end: the line after its last one.
    """

    title: str
    label: str
    lines: tuple[str, ...]
    start: int
    end: int


@dataclass(frozen=True)
class Note:
    """A note taken apart.

    Args:
        text: the whole note as decoded.
        front: the front matter's values, aliases resolved.
        body: the lines after the front matter, line ends removed.
        sections: our sections in their order.
    """

    text: str
    front: Mapping[str, object]
    body: tuple[str, ...]
    sections: tuple[Section, ...]

    def section(self, title: str, label: str = "") -> Section | None:
        """Return one section, None when the note has none.

        Raises:
            NoteError: it stands there twice.
        """
        found = [s for s in self.sections if s.title == title and s.label == label]
        if len(found) > 1:
            raise NoteError(f"has the heading `## {title}` {len(found)} times; keep one")
        return found[0] if found else None

    def word(self, key: str) -> str | None:
        """Return a front matter value as text, None when missing or empty."""
        value = self.front.get(key)
        return None if value is None or value == "" else str(value)


def decode(data: bytes) -> str:
    """Return a note's text.

    Raises:
        NoteError: it is empty or not UTF-8 text.
    """
    if not data.strip():
        raise NoteError("is empty")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NoteError(f"is not UTF-8 text (byte {error.start + 1})") from None
    if "\x00" in text:
        raise NoteError("is not text (it holds NUL bytes)")
    return text


def parse(data: bytes) -> Note:
    """Take a note apart.

    Raises:
        NoteError: it is no text, or its front matter cannot be read.
    """
    text = decode(data)
    try:
        raw = frontmatter.read(text)
    except NoteError as error:
        raise NoteError(f"cannot be read: {error.reason}") from error
    front: dict[str, object] = {}
    for key, value in raw.items():
        name = KEY_ALIASES.get(key, key)
        if name in front or (name != key and name in raw):
            continue  # our own key beside its alias wins
        front[name] = value
    if "type" in front:
        front["type"] = TYPE_ALIASES.get(str(front["type"]), front["type"])
    body = tuple(lines_of(frontmatter.split(text).body))
    return Note(text, front, body, tuple(sections_of(body)))


def lines_of(text: str) -> list[str]:
    """Return the lines as an editor shows them; `splitlines` would cut at U+2028 and others."""
    lines = _LINE_END.split(text)
    return lines[:-1] if not lines[-1] else lines


def sections_of(body: tuple[str, ...]) -> Iterator[Section]:
    """Yield our sections in the lines of a body."""
    headings = [*_headings(body), (len(body), "", "")]
    for (start, title, label), (end, _, _) in pairwise(headings):
        yield Section(title, label, body[start + 1 : end], start, end)


def _headings(body: tuple[str, ...]) -> Iterator[tuple[int, str, str]]:
    fence = ""
    for number, line in enumerate(body):
        mark = _FENCE.match(line)
        if fence:
            if mark and mark[1].startswith(fence) and not mark[2].strip():
                fence = ""
        elif mark and not (mark[1][0] == "`" and "`" in mark[2]):
            fence = mark[1]
        elif heading := _HEADING.match(line):
            yield number, heading[1], heading[2] or ""


def content_of(note: Note, label: str = "") -> str | None:
    r"""Return the text that is sent: LF, NFC, outer blank lines cut, `\#` read as `#`."""
    section = note.section(CONTENT, label)
    if section is None:
        return None
    lines = list(section.lines)
    while lines and not lines[0].strip():
        lines.pop(0)
    while lines and not lines[-1].strip():
        lines.pop()
    return unicodedata.normalize("NFC", "\n".join(lines)).replace("\\#", "#")


def content_lines(text: str) -> str:
    r"""Return a text as it is shown under `## Content`: `#` written `\#`, so no tag is made.

    Raises:
        NoteError: it would not be read back as the same text.
    """
    shown = text.replace("#", "\\#")
    probe = parse(f"---\ntype: approval\n---\n## {CONTENT}\n\n{shown}\n\n## {WHY}\n".encode())
    if content_of(probe) != text:
        raise NoteError(
            "the text cannot be shown safely in a note: it begins or ends with empty lines, or "
            "opens a code fence without closing it"
        )
    return shown


def parameters_of(note: Note) -> dict[str, object]:
    """Return the mapping in the yaml fence under `## Parameters`; missing or `{}` means empty.

    Raises:
        NoteError: the block cannot be read, or there is more than one.
    """
    section = note.section(PARAMETERS)
    if section is None:
        return {}
    blocks = list(_fenced(section.lines))
    if not blocks:
        if "".join(section.lines).strip() not in ("", "{}"):
            raise NoteError(f"must hold one ```yaml block under `## {PARAMETERS}`")
        return {}
    if len(blocks) > 1:
        raise NoteError(f"holds more than one block under `## {PARAMETERS}`; keep one")
    ((opened, lines),) = blocks
    above = len(lines_of(note.text)) - len(note.body) + section.start + 1 + opened
    try:
        value = strict_yaml.parse("\n".join(lines), first_line=above + 2)
    except NoteError as error:
        raise NoteError(f"has `## {PARAMETERS}` that cannot be read: {error.reason}") from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise NoteError(f"must hold `name: value` lines under `## {PARAMETERS}`")
    return value


def _fenced(lines: tuple[str, ...]) -> Iterator[tuple[int, list[str]]]:
    """Yield each code block: which line opens it, from 0, and the lines inside."""
    fence, opened, block = "", 0, list[str]()
    for number, line in enumerate(lines):
        mark = _FENCE.match(line)
        if not fence and mark:
            fence, opened, block = mark[1], number, []
        elif fence and mark and mark[1].startswith(fence) and not mark[2].strip():
            yield opened, block
            fence = ""
        elif fence:
            block.append(line)
    if fence:
        raise NoteError("opens a code block and never closes it")


def yaml_block(values: Mapping[str, object]) -> str:
    """Return the fenced block under `## Parameters`."""
    return f"```yaml\n{strict_yaml.dump_block(dict(values)).rstrip()}\n```"


def inline(text: object, limit: int = 120) -> str:
    """Return text from anywhere as harmless words for headings, tables and link texts."""
    line = " ".join(_INVISIBLE.sub("", str(text)).replace("`", "").split())
    line = re.sub(r"[\[\]|<>#^*~${}\\]|%%+|(?<![^\W_])_|_(?![^\W_])", " ", line)
    line = " ".join(line.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def link(name: str) -> str:
    """Return a wikilink to a note of ours, by its name without `.md`."""
    return f"[[{re.sub(r'[][|#^]', '', name)}]]"


def bold(text: object) -> str:
    """Return a name or figure set bold, with nothing in it that Markdown would act on."""
    return f"**{inline(text)}**"


def quoted(text: str) -> str:
    """Return text from outside as an inert, capped quote block.

    Every line is prefixed and lies in a fence longer than any run of backticks inside.
    """
    cleaned = _INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    cleaned = cleaned.replace("<%", "<\u200b%").replace("{{", "{\u200b{")
    if len(cleaned) > UNTRUSTED_LIMIT_CHARS:
        cleaned = cleaned[:UNTRUSTED_LIMIT_CHARS] + "\n(cut)"
    longest = max((len(run) for run in re.findall(r"`+", cleaned)), default=0)
    fence = "`" * max(3, longest + 1)
    lines = [f"{fence}text", *cleaned.split("\n"), fence]
    return "\n".join(f"> {line}".rstrip() for line in lines)
