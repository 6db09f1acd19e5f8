"""A note is settled when it was read twice alike: `core/inspection.py`."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path

import pytest

from core.inspection import QUIET_S, Inspector, Look
from core.vault import Folder, Found, NoteFile, Vault
from utils.clock import FixedClock
from utils.errors import ChangedError

OURS = [tracemalloc.Filter(True, f"*/{folder}/*.py") for folder in ("core", "utils")]
"""Memory that the program took; what else runs in the process of the tests is left out."""
GOOD = '---\ntype: approval\naction_id: "APR-20261121-001"\n---\nwords\n'


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    made = Vault(tmp_path)
    made.prepare()
    return made


@pytest.fixture
def inspector(vault: Vault, clock: FixedClock) -> Inspector:
    return Inspector(vault, clock)


@pytest.fixture
def path(vault: Vault) -> Path:
    note = vault.folder(Folder.APPROVED) / "a.md"
    note.write_text(GOOD)
    return note


def found(vault: Vault) -> Found:
    (one,) = vault.listing(Folder.APPROVED).notes
    return one


def look(inspector: Inspector, vault: Vault) -> Look:
    seen = inspector.look(found(vault))
    assert seen is not None
    return seen


@pytest.mark.usefixtures("path")
def test_a_note_is_seen_with_its_id(inspector: Inspector, vault: Vault) -> None:
    seen = look(inspector, vault)
    assert (seen.action_id, seen.error, seen.empty) == ("APR-20261121-001", None, False)
    assert look(inspector, vault) is seen


def test_a_note_that_is_gone_is_none(inspector: Inspector, vault: Vault, path: Path) -> None:
    gone = found(vault)
    path.unlink()
    assert inspector.look(gone) is None
    assert inspector.look_again(path) is None


@pytest.mark.parametrize(
    ("data", "empty", "reason"),
    [
        (b"", True, "is empty"),
        (b" \n", True, "is empty"),
        (b"words", False, 'the first line is not "---"'),
        (b"\xff", False, "not UTF-8"),
    ],
)
def test_a_note_that_cannot_be_read_says_why(
    inspector: Inspector, vault: Vault, path: Path, data: bytes, empty: bool, reason: str
) -> None:
    path.write_bytes(data)
    seen = look(inspector, vault)
    assert seen.note is None
    assert seen.empty is empty
    assert reason in (seen.error or "")
    assert seen.action_id is None


def test_a_note_that_became_a_link_says_why(inspector: Inspector, vault: Vault, path: Path) -> None:
    """Between the listing and the reading."""
    before = found(vault)
    path.unlink()
    path.symlink_to(__file__)
    seen = inspector.look(before)
    assert seen is not None
    assert (seen.file, seen.error) == (None, "is a link; links are never followed")


@pytest.mark.usefixtures("path")
def test_a_quiet_note_settles(inspector: Inspector, vault: Vault, clock: FixedClock) -> None:
    seen = look(inspector, vault)
    assert inspector.remaining_s(seen, QUIET_S) == QUIET_S
    clock.advance(1)
    assert inspector.remaining_s(seen, QUIET_S) == QUIET_S - 1
    clock.advance(QUIET_S - 1)
    assert inspector.remaining_s(seen, QUIET_S) == 0


@pytest.mark.usefixtures("path")
def test_who_need_not_wait_does_not(inspector: Inspector, vault: Vault) -> None:
    assert inspector.remaining_s(look(inspector, vault), 0) == 0


def test_a_change_starts_the_wait_anew(
    inspector: Inspector, vault: Vault, path: Path, clock: FixedClock
) -> None:
    seen = look(inspector, vault)
    clock.advance(QUIET_S)
    path.write_text(GOOD + "more\n")
    assert inspector.remaining_s(seen, QUIET_S) == QUIET_S
    now = look(inspector, vault)
    assert now.digest != seen.digest
    assert inspector.remaining_s(now, QUIET_S) == QUIET_S
    clock.advance(QUIET_S)
    assert inspector.remaining_s(now, QUIET_S) == 0


def test_a_change_that_keeps_time_and_size_is_seen_at_the_end(
    inspector: Inspector, vault: Vault, path: Path, clock: FixedClock
) -> None:
    """The last look is a fresh read: file times decide nothing."""
    seen = look(inspector, vault)
    facts = path.stat()
    clock.advance(QUIET_S)
    path.write_text(GOOD.replace("words", "sword"))
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert inspector.remaining_s(seen, QUIET_S) > 0


def test_a_touched_note_is_still_the_same(
    inspector: Inspector, vault: Vault, path: Path, clock: FixedClock
) -> None:
    look(inspector, vault)
    clock.advance(QUIET_S)
    os.utime(path)
    assert inspector.remaining_s(look(inspector, vault), QUIET_S) == 0


def test_the_wall_clock_settles_nothing(
    inspector: Inspector, vault: Vault, path: Path, clock: FixedClock
) -> None:
    seen = look(inspector, vault)
    clock.at = clock.at.replace(year=2030)
    assert path.exists()
    assert inspector.remaining_s(seen, QUIET_S) == QUIET_S


def test_a_note_that_comes_back_waits_anew(
    inspector: Inspector, vault: Vault, path: Path, clock: FixedClock
) -> None:
    look(inspector, vault)
    clock.advance(QUIET_S)
    path.unlink()
    inspector.keep_only(set())
    path.write_text(GOOD)
    assert inspector.remaining_s(look(inspector, vault), QUIET_S) == QUIET_S


def test_only_what_is_there_is_remembered(inspector: Inspector, vault: Vault, path: Path) -> None:
    look(inspector, vault)
    assert set(inspector.paths()) == {path}
    inspector.keep_only({path})
    assert set(inspector.paths()) == {path}
    inspector.keep_only(set())
    assert set(inspector.paths()) == set()


# -- words ----------------------------------------------------------------------------------------


class Counting(Vault):
    """A vault that knows what was read in it."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.reads: list[str] = []

    def read(self, path: Path) -> NoteFile:
        self.reads.append(path.name)
        return super().read(path)


def two(vault: Vault) -> list[Found]:
    for name in "ab":
        (vault.folder(Folder.APPROVED) / f"{name}.md").write_text(GOOD.replace("words", name))
    return list(vault.listing(Folder.APPROVED).notes)


def bodies(looks: list[Look]) -> list[str]:
    return [look.note.text.strip()[-1] if look.note else "" for look in looks]


@pytest.mark.parametrize(("kept_bytes", "reads"), [(10_000, 2), (len(GOOD), 6), (0, 6)])
def test_words_that_are_not_kept_are_read_again(
    vault: Vault, clock: FixedClock, kept_bytes: int, reads: int
) -> None:
    counting = Counting(vault.root)
    inspector = Inspector(counting, clock, kept_bytes)
    looks = [look for found in two(vault) if (look := inspector.look(found))]
    for _ in range(2):
        assert bodies(looks) == ["a", "b"]
    assert len(counting.reads) == reads
    assert [look.action_id for look in looks] == ["APR-20261121-001"] * 2, "that is always known"


def test_words_that_changed_are_not_taken_for_what_was_seen(
    vault: Vault, clock: FixedClock
) -> None:
    inspector = Inspector(vault, clock, 0)
    first, _ = [look for found in two(vault) if (look := inspector.look(found))]
    first.path.write_text(GOOD)
    with pytest.raises(ChangedError, match="was changed after it was looked at"):
        _ = first.note
    first.path.unlink()
    first.path.symlink_to(__file__)
    with pytest.raises(ChangedError, match="is a link"):
        _ = first.file
    first.path.unlink()
    with pytest.raises(FileNotFoundError):
        _ = first.file


def test_memory_does_not_grow_with_the_notes(vault: Vault, clock: FixedClock) -> None:
    """200 notes of 20,000 bytes, of which five are kept."""
    folder = vault.folder(Folder.APPROVED)
    for number in range(200):
        (folder / f"{number}.md").write_text(GOOD + "x" * 20_000)
    inspector = Inspector(vault, clock, 100_000)
    tracemalloc.start()
    try:
        looks = [inspector.look(found) for found in vault.listing(Folder.APPROVED).notes]
        ours = tracemalloc.take_snapshot().filter_traces(OURS)
    finally:
        tracemalloc.stop()
    assert len(looks) == 200
    held = sum(trace.size for trace in ours.traces)
    assert 100_000 < held < 1_000_000, "4,000,000 bytes and more if their words were kept"
