"""The steps of a plan as they stand in its note: boxes under `## Steps`, ticked and counted.

Rule: only a step's box and what is said behind it change; what stands in a fence is no step.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from core import frontmatter
from utils.errors import NoteError

if TYPE_CHECKING:
    from collections.abc import Iterator

STEPS = "## Steps"
OPEN, COMPLETED, DROPPED = "open", "completed", "dropped"
BOX = re.compile(r"(\s*[-*] \[)(.)(\] )(.*?)(\s*)$")
ABOUT = re.compile(r"\b(APR|ASK)-\d{8}-\d{3,}\b")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")


def boxes(lines: list[str]) -> Iterator[int]:
    """Yield the numbers of the lines under `## Steps` that have a box, fences left out."""
    inside, fence = False, ""
    for number, line in enumerate(lines):
        mark = _FENCE.match(line)
        if mark:
            fence = "" if fence and mark[1].startswith(fence) else fence or mark[1]
        elif not fence and line.startswith("#"):
            inside = line.rstrip() == STEPS
        elif inside and not fence and BOX.match(line):
            yield number


def steps_in(text: str) -> list[dict[str, object]]:
    """Return the steps of a plan's note with their ticks, in their order."""
    lines = text.split("\n")
    found = [(place, box) for place in boxes(lines) if (box := BOX.match(lines[place]))]
    return [
        {"number": number, "done": box[2] != " ", "text": box[4][:300]}
        for number, (_, box) in enumerate(found, start=1)
    ]


def below_heading(lines: list[str]) -> int:
    """Return the number of the line after `## Steps`.

    Raises:
        NoteError: there is none.
    """
    for number, line in enumerate(lines):
        if line.rstrip() == STEPS:
            return number + 1
    raise NoteError(f"has no heading `{STEPS}`")


def ticked(line: str) -> str:
    """Return a step's line with its box ticked."""
    return BOX.sub(lambda box: f"{box[1]}x{box[3]}{box[4]}{box[5]}", line)


def said(line: str, words: str) -> str:
    """Return a step's line with words in brackets behind it, once."""
    if f"({words})" in line:
        return line
    return BOX.sub(lambda box: f"{box[1]}{box[2]}{box[3]}{box[4]} ({words}){box[5]}", line)


def with_progress(text: str) -> str:
    """Return a plan's text with `status` and `progress` as its ticks have them."""
    lines = text.split("\n")
    ticks = [BOX.match(lines[place]) for place in boxes(lines)]
    done = [box for box in ticks if box and box[2] != " "]
    progress = 100 * len(done) // len(ticks) if ticks else 0
    status = COMPLETED if ticks and progress == 100 else OPEN
    return frontmatter.edit(text, set={"status": status, "progress": progress})
