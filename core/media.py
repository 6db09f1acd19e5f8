"""Files that go with an action: one shape in every payload, bound by content before you decide.

Rules: the SHA-256 of each file is in the payload before the owner is asked, so the digest binds
what was shown; a file that is another one by then is asked about again, and a server sends the very
bytes whose hash was approved or nothing; no link is followed, nothing outside the vault is read.

An action that takes pictures and films has an argument `media` (`MediaList`) and a `MediaRule` in
its row; for files of any kind see `core/attachments.py`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Protocol, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from utils import files
from utils.errors import NoteError, RefusedError
from utils.pictures import MediaFacts, MediaType, facts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from core.actions import Payload

__all__ = ["LoadedMedia", "Media", "MediaFacts", "MediaList", "MediaRule", "MediaType", "facts_of"]

FIELD = "media"
"""The argument that holds pictures and films, in every action."""

FOLDER = "Attachments"
_EMBED = re.compile(r"!?\[\[([^\[\]|#^]+)(?:\|[^\[\]]*)?\]\]")
_NOT_IN_A_NAME = re.compile(r'[\[\]|#^\\:*?"<>]')


def _path(text: str) -> str:
    """Return a file's path as it is kept: relative to the vault, or a name in `Attachments/`."""
    wikilink = _EMBED.fullmatch(text.strip())
    path = unicodedata.normalize("NFC", wikilink[1] if wikilink else text).strip()
    parts = path.split("/")
    if any(unicodedata.category(character) in {"Cc", "Cf", "Cs"} for character in path):
        raise ValueError("holds a character that cannot be seen")
    if _NOT_IN_A_NAME.search(path):
        raise ValueError('holds one of [ ] | # ^ \\ : * ? " < >, which a link cannot hold')
    if any(not part.strip() or part.startswith(".") for part in parts):
        raise ValueError("must be a path inside the vault, or a name in Attachments")
    return path


def _words(text: str) -> str:
    text = unicodedata.normalize("NFC", " ".join(text.split()))
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in text):
        raise ValueError("holds a control character")
    return text


def written_short(value: object) -> object:
    """Read `picture.png` and `![[picture.png]]` as `{file: picture.png}`."""
    return {"file": value} if isinstance(value, str) else value


def as_list(value: object) -> object:
    """Read one file as a list of one."""
    return [value] if isinstance(value, (str, dict, VaultFile)) else value


class VaultFile(BaseModel):
    """One file of the vault."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    file: Annotated[str, Field(min_length=1, max_length=400), AfterValidator(_path)] = Field(
        description="Name in Attachments/, or path in the vault"
    )
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = Field(
        default=None, description="Filled in from the file"
    )

    @property
    def path(self) -> str:
        """Return its path relative to the vault."""
        return self.file if "/" in self.file else f"{FOLDER}/{self.file}"


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
class LoadedFile:
    """One file with its bytes, as approved.

    Args:
        media: from the payload.
        data: the whole content.
    """

    media: VaultFile
    data: bytes


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


Loaded = TypeVar("Loaded", bound=LoadedFile)
Loaded_co = TypeVar("Loaded_co", bound=LoadedFile, covariant=True)


class FileRule(Protocol[Loaded_co]):
    """What a service takes of the files that one argument names."""

    @property
    def field(self) -> str:
        """Return the argument that names the files."""

    def read(self, root: Path, payload: Payload, *, as_given: bool) -> Sequence[Loaded_co]:
        """Return what the files hold, each with its `sha256`.

        Args:
            root: of the vault.
            payload: validated; names at least one file.
            as_given: whether a `sha256` that is given must be that of the file.

        Raises:
            NoteError: they cannot be sent.
        """


def media_in(payload: Payload) -> list[Media]:
    """Return the media of a payload, in order."""
    items: list[Any] = payload.get(FIELD) or []
    return [Media.model_validate(item) for item in items]


def bound(root: Path, rule: FileRule[LoadedFile] | None, payload: Payload) -> Payload:
    """Return a payload that names the content of each of its files.

    Args:
        root: of the vault.
        rule: of the action; None for one that takes no files.
        payload: validated.

    Raises:
        NoteError: a file is missing, a link, too large, of a wrong type, or is not the one that
            the given `sha256` names.
    """
    if rule is None or not payload.get(rule.field):
        return payload
    return _with(payload, rule, as_given=True, root=root)


def rebound(root: Path, rule: FileRule[LoadedFile] | None, payload: Payload) -> Payload:
    """Return a payload that names what its files hold now; one that cannot be used stays as it is.

    For a proposal that is asked again: what is wrong with a file is said beside it.
    """
    if rule is None or not payload.get(rule.field):
        return payload
    try:
        return _with(payload, rule, as_given=False, root=root)
    except NoteError:
        return payload


def differences(root: Path, rule: FileRule[LoadedFile] | None, payload: Payload) -> tuple[str, ...]:
    """Return in words why the files are not what the owner was shown; nothing when they are."""
    if rule is None or not payload.get(rule.field):
        return ()
    try:
        loaded = rule.read(root, payload, as_given=False)
    except NoteError as error:
        return (f"it {error.reason}",)
    return tuple(
        f"`{now.media.path}` is another file than the one you were shown"
        for before, now in zip(payload[rule.field], loaded, strict=True)
        if before.get("sha256") != now.media.sha256
    )


def load(root: Path, rule: FileRule[Loaded] | None, payload: Payload) -> tuple[Loaded, ...]:
    """Return the files of an approved payload, each with the very bytes that were approved.

    Raises:
        RefusedError: a file is gone, or is not what was approved; nothing was sent.
    """
    if rule is None or not payload.get(rule.field):
        return ()
    if any(each.get("sha256") is None for each in payload[rule.field]):
        raise RefusedError("The approval does not say what the files hold. Propose it again.")
    try:
        return tuple(rule.read(root, payload, as_given=True))
    except NoteError as error:
        raise RefusedError(f"What was approved {error.reason}. Propose it again.") from None


def _with(payload: Payload, rule: FileRule[LoadedFile], *, as_given: bool, root: Path) -> Payload:
    files = [each.media for each in rule.read(root, payload, as_given=as_given)]
    shown = [each.model_dump(mode="json", exclude_none=True) for each in files]
    return {**payload, rule.field: shown}


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


Named = TypeVar("Named", bound=VaultFile)


def content(root: Path, file: VaultFile, word: str, limit_bytes: int) -> bytes:
    """Return what a file of the vault holds.

    Args:
        root: of the vault.
        file: names it.
        word: what people call it.
        limit_bytes: the most it may hold.

    Raises:
        NoteError: it is missing, a link, or too large.
    """
    try:
        return files.read_regular(_inside(root, file.path), limit_bytes=limit_bytes)
    except FileNotFoundError:
        reason = "is not in the vault"
    except NoteError as error:
        reason = error.reason
    raise NoteError(f"names the {word} `{file.path}`, which {reason}")


def with_digest(file: Named, word: str, data: bytes, *, as_given: bool) -> Named:
    """Return a file with the digest of what it holds.

    Raises:
        NoteError: another one was given, and the given one counts.
    """
    digest = files.digest(data)
    if as_given and file.sha256 not in {None, digest}:
        said = "by a sha256 that the file does not have (now)"
        raise NoteError(f"names the {word} `{file.path}` {said}")
    return file.model_copy(update={"sha256": digest})


def _inside(root: Path, path: str) -> Path:
    """Return where a file lies, when no folder on the way is a link.

    Raises:
        NoteError: one is.
    """
    place = root
    for part in path.split("/"):
        if place != root and place.is_symlink():
            raise NoteError("lies in a folder that is a link; links are never followed")
        place = place / part
    return place
