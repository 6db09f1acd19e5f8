"""Pictures and films of a post: one shape in every payload, and what a network takes of them.

Rules: those of `core/vault_files.py`; what a file is, is read from its content, never its name.

An action that takes media has an argument `media` (`MediaList`) and a `MediaRule` in its row.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from core.vault_files import LoadedFile, VaultFile, as_list, content, with_digest, written_short
from utils.errors import NoteError
from utils.pictures import MediaFacts, MediaType, facts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from core.actions import Payload

__all__ = ["LoadedMedia", "Media", "MediaFacts", "MediaList", "MediaRule", "MediaType", "facts_of"]

FIELD = "media"
"""The argument that holds pictures and films, in every action."""


def _words(text: str) -> str:
    text = unicodedata.normalize("NFC", " ".join(text.split()))
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in text):
        raise ValueError("holds a control character")
    return text


class Media(VaultFile):
    """One picture or film."""

    alt: Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_words)] | None = (
        Field(default=None, description="What it shows, for who cannot see it")
    )


MediaList = Annotated[
    list[Annotated[Media, BeforeValidator(written_short)]],
    BeforeValidator(as_list),
    Field(min_length=1, max_length=20),
]
"""The type of an argument `media`; use it as `MediaList | None = None`."""


def _anything(facts: Sequence[MediaFacts]) -> None:
    """Accept any combination."""


@dataclass(frozen=True)
class MediaRule:
    """What a network takes.

    Args:
        limits: the types it takes, with the largest size of each in bytes.
        at_most: how many files.
        alt_limit: how long a text for who cannot see may be, in characters.
        alt_for: the types that can have one; for another it is refused, not dropped.
        check: says more about the files together (pixels, mixtures); raises ValueError in words.
    """

    limits: Mapping[MediaType, int]
    at_most: int
    alt_limit: int = 1000
    alt_for: frozenset[MediaType] = frozenset(MediaType)
    check: Callable[[Sequence[MediaFacts]], None] = _anything

    @property
    def largest_bytes(self) -> int:
        """Return the most that any file may hold."""
        return max(self.limits.values())

    @property
    def field(self) -> str:
        """Return the argument that names the files."""
        return FIELD

    def read(self, root: Path, payload: Payload, *, as_given: bool) -> list[LoadedMedia]:
        """Return what the files hold (`FileRule.read`)."""
        return _read(root, self, payload, as_given=as_given)


@dataclass(frozen=True)
class LoadedMedia(LoadedFile):
    """One picture or film with its bytes, as approved.

    Args:
        media: from the payload.
        data: the whole content.
        facts: what the content is.
    """

    media: Media
    facts: MediaFacts


def media_in(payload: Payload) -> list[Media]:
    """Return the media of a payload, in order."""
    items: list[Any] = payload.get(FIELD) or []
    return [Media.model_validate(item) for item in items]


def _read(root: Path, rule: MediaRule, payload: Payload, *, as_given: bool) -> list[LoadedMedia]:
    media = media_in(payload)
    if len(media) > rule.at_most:
        raise NoteError(f"has {len(media)} pictures; at most {rule.at_most} can be sent")
    loaded = [_read_one(root, rule, each, as_given=as_given) for each in media]
    try:
        rule.check([each.facts for each in loaded])
    except ValueError as error:
        raise NoteError(f"has pictures that cannot be sent: {error}") from None
    return loaded


def _read_one(root: Path, rule: MediaRule, media: Media, *, as_given: bool) -> LoadedMedia:
    shown = f"`{media.path}`"
    if media.alt is not None and len(media.alt) > rule.alt_limit:
        raise NoteError(f"has an alt text for {shown} longer than {rule.alt_limit} characters")
    data = content(root, media, "picture", rule.largest_bytes)
    facts = facts_of(data)
    if facts is None or facts.type not in rule.limits:
        known = ", ".join(kind.word for kind in rule.limits)
        found = facts.type.word if facts else "none that is known"
        raise NoteError(f"names the picture {shown}, whose type is {found}; it must be {known}")
    if media.alt is not None and facts.type not in rule.alt_for:
        raise NoteError(f"has an alt text for {shown}; a {facts.type.word} cannot have one there")
    limit = rule.limits[facts.type]
    if len(data) > limit:
        size = f"{len(data):,} bytes as {facts.type.word}"
        raise NoteError(f"names the picture {shown}, which is {size}; the limit is {limit:,}")
    return LoadedMedia(with_digest(media, "picture", data, as_given=as_given), data, facts)
