"""Edits of a note that keep the owner's words: a section, the callout on top, one parameter.

Rules: only what is named is written anew; the note's own newline is kept; a parameter's other lines
stay as the owner wrote them wherever the note then still says the same.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from core import frontmatter, strict_yaml
from core.notes import PARAMETERS, lines_of, parameters_of, parse, sections_of, yaml_block
from utils.errors import NoteError

if TYPE_CHECKING:
    from collections.abc import Mapping

_OUR_CALLOUT = re.compile(
    r"> \[!\w+\] (Approve|By itself|Done|DRY RUN|Not done|Not all of it|In doubt|Rejected|"
    r"Expired|Refused|I will not)\b"
)


def newline_of(text: str) -> str:
    """Return how a note ends its lines; what we add ends so too."""
    return "\r\n" if "\r\n" in text else "\n"


def with_section(text: str, title: str, body: str) -> str:
    """Return a note with one section's content replaced, or added at the end.

    Args:
        text: the note.
        title: Parameters, Content, Why or Result.
        body: the new lines below the heading, without outer blank lines.
    """
    newline = newline_of(text)
    parts = frontmatter.split(text)
    lines = lines_of(parts.body)
    found = [s for s in sections_of(tuple(lines)) if s.title == title and not s.label]
    block = [f"## {title}", "", *lines_of(body), ""]
    if found:
        lines[found[0].start : found[0].end] = block
    else:
        while lines and not lines[-1].strip():
            lines.pop()
        lines += ["", *block]
    return _joined(text, parts.body, lines, newline)


def with_callout(text: str, callout: str) -> str:
    """Return a note whose opening callout is replaced when it is ours; else it is put on top.

    Args:
        text: the note.
        callout: lines beginning with `> [!kind]`.
    """
    newline = newline_of(text)
    body = frontmatter.split(text).body
    lines = lines_of(body)
    start = next((n for n, line in enumerate(lines) if line.strip()), 0)
    end = start
    if lines and _OUR_CALLOUT.match(lines[start]):
        while end < len(lines) and lines[end].startswith(">"):
            end += 1
    lines[start:end] = callout.splitlines() if end > start else [*callout.splitlines(), ""]
    return _joined(text, body, lines, newline)


def with_parameter(text: str, name: str, value: object, after: str) -> str:
    """Return a note with one more line in its parameters, the others left as they are.

    Args:
        text: the note.
        name: the parameter; must not be there yet.
        value: its value.
        after: the parameter whose line it follows, when that is one plain line.

    Raises:
        NoteError: the parameters cannot be read.
    """
    before = parameters_of(parse(text.encode()))
    wanted = {**before, name: value}
    line = strict_yaml.dump_block({name: value}).rstrip()
    anchor = re.compile(rf"^({re.escape(after)}:[^\r\n]*)(\r?\n)", re.MULTILINE)
    grown = anchor.sub(lambda found: f"{found[1]}{found[2]}{line}{found[2]}", text, count=1)
    return _if_it_says(grown, wanted) or with_section(text, PARAMETERS, yaml_block(wanted))


def with_changed_parameter(text: str, name: str, value: object) -> str:
    """Return a note with another value of one parameter, the other lines left as they are.

    Args:
        text: the note.
        name: the parameter; its lines are those up to the next one that is not indented.
        value: its new value.

    Raises:
        NoteError: the parameters cannot be read.
    """
    wanted = {**parameters_of(parse(text.encode())), name: value}
    newline = newline_of(text)
    lines = strict_yaml.dump_block({name: value}).rstrip().replace("\n", newline) + newline
    old = re.compile(rf"^{re.escape(name)}:[^\r\n]*\r?\n(?:[ \t-][^\r\n]*\r?\n)*", re.MULTILINE)
    changed = old.sub(lambda _: lines, text, count=1)
    return _if_it_says(changed, wanted) or with_section(text, PARAMETERS, yaml_block(wanted))


def without_parameter(text: str, name: str) -> str:
    """Return a note without one of its parameters, the others left as they are.

    Raises:
        NoteError: the parameters cannot be read.
    """
    wanted = parameters_of(parse(text.encode()))
    if name not in wanted:
        return text
    del wanted[name]
    line = re.compile(rf"^{re.escape(name)}:[^\r\n]*\r?\n", re.MULTILINE)
    return _if_it_says(line.sub("", text, count=1), wanted) or with_section(
        text, PARAMETERS, yaml_block(wanted)
    )


def _if_it_says(text: str, parameters: Mapping[str, object]) -> str:
    """Return a changed note if its parameters are these now, else ""."""
    try:
        return text if parameters_of(parse(text.encode())) == parameters else ""
    except NoteError:
        return ""  # the line stood elsewhere, or spans several: the block is written anew


def _joined(text: str, body: str, lines: list[str], newline: str) -> str:
    head = text[: len(text) - len(body)]
    return head + newline.join(lines) + newline
