"""Files of the vault that go with an action, bound by content before the owner decides.

Rules: the SHA-256 of each file is in the payload before the owner is asked, so the digest binds
what was shown; a file that is another one by then is asked about again, and a server sends the very
bytes whose hash was approved or nothing; no link is followed, nothing outside the vault is read.

Pictures and films: `core/media.py`; files of any kind: `core/attachments.py`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Protocol, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from utils import files
from utils.errors import NoteError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from core.actions import Payload

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


@dataclass(frozen=True)
class LoadedFile:
    """One file with its bytes, as approved.

    Args:
        media: from the payload.
        data: the whole content.
    """

    media: VaultFile
    data: bytes


Loaded = TypeVar("Loaded", bound=LoadedFile)
Loaded_co = TypeVar("Loaded_co", bound=LoadedFile, covariant=True)
Named = TypeVar("Named", bound=VaultFile)


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
        return files.read_regular(inside(root, file.path), limit_bytes=limit_bytes)
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


def inside(root: Path, path: str) -> Path:
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
