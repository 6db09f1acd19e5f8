"""A thread: one text, its parts divided by a line `---`, each part a post of its own.

Rules: what you see is what is posted: the parts stand in the note as they will be sent, also when
they were divided automatically; a text is divided at the ends of sentences, then between words, and
never inside a word or a link.
"""

from __future__ import annotations

import re

from mcp_servers.twitter.length import MAX_LENGTH, weighted_length

MIN_PARTS, MAX_PARTS = 2, 25
"""25 was the most that X's own composer took at once. A bound of ours: the API knows no threads."""

DIVIDER = "\n\n---\n\n"
_DIVIDER = re.compile(r"^[ \t]*---[ \t]*$", re.MULTILINE)
_AFTER_SENTENCE = re.compile(r"(?<=[.!?…])(?=\s)|(?<=[。！？])|(?<=\n)(?=\n)")
_AFTER_WORD = re.compile(r"(?<=\S)(?=\s)")


def parts_of(text: str) -> list[str]:
    """Return the parts of a thread's text, without blank ends."""
    return [part.strip() for part in _DIVIDER.split(text)]


def joined(parts: list[str]) -> str:
    """Return the text of which these are the parts."""
    return DIVIDER.join(parts)


def divided(text: str) -> str:
    """Return a text whose parts all fit into a post; parts that fit stay as they are.

    Raises:
        ValueError: a single word is too long for a post.
    """
    return joined([piece for part in parts_of(text) for piece in _packed(part)])


def _packed(text: str) -> list[str]:
    """Return a text cut so that every piece fits, as full as sentences allow."""
    if weighted_length(text.strip()) <= MAX_LENGTH:
        return [text.strip()]
    pieces: list[str] = []
    for sentence in _AFTER_SENTENCE.split(text):
        _add(pieces, sentence, _AFTER_WORD)
    return [piece.strip() for piece in pieces if piece.strip()]


def _add(pieces: list[str], text: str, smaller: re.Pattern[str] | None) -> None:
    """Append a text to the last piece when it fits there, else begin another one."""
    grown = (pieces[-1] if pieces else "") + text
    if weighted_length(grown.strip()) <= MAX_LENGTH:
        pieces[-1:] = [grown]
    elif weighted_length(text.strip()) <= MAX_LENGTH:
        pieces.append(text)
    elif smaller is None:
        raise ValueError(f"has a word longer than {MAX_LENGTH} as X counts: {text.strip()[:40]}")
    else:
        pieces.append("")  # a sentence that is cut begins a post of its own
        for word in smaller.split(text):
            _add(pieces, word, None)
