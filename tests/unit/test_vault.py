"""Folders, names, and what is left alone: `core/vault.py`."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.note_names import NAME_LIMIT_BYTES, display_name, is_conflict_copy, is_ignored, note_name
from core.vault import HOT, NOTE_LIMIT_BYTES, Folder, Vault
from utils.errors import ChangedError, ConfigError, NoteError

ID = "APR-20261121-001"


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    made = Vault(tmp_path / "AI_Employee")
    made.prepare()
    return made


def put(vault: Vault, place: str, text: str = "words") -> Path:
    path = vault.root / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def left_alone(vault: Vault, folder: Folder) -> dict[str, str]:
    return {item.path.name: item.reason for item in vault.listing(folder).left_alone}


def noted(vault: Vault, folder: Folder) -> list[str]:
    return [found.path.name for found in vault.listing(folder).notes]


# -- folders --------------------------------------------------------------------------------------


def test_folders_are_made_once_and_said(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "AI_Employee")
    assert len(vault.prepare()) == len(Folder)
    assert vault.prepare() == []
    assert (vault.root / "Pending_Approval").is_dir()


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda p: p.write_text("a file"), id="file"),
        pytest.param(lambda p: p.symlink_to(p.parent.parent), id="link"),
        pytest.param(lambda p: p.symlink_to(p.parent / "none"), id="broken-link"),
    ],
)
def test_a_folder_whose_name_is_taken_stops_the_program(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    (tmp_path / "vault").mkdir()
    make(tmp_path / "vault" / "Approved")
    with pytest.raises(ConfigError, match="Approved must be a real folder"):
        Vault(tmp_path / "vault").prepare()


def test_approved_that_became_a_link_is_never_read(vault: Vault, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a.md").write_text("words")
    vault.folder(Folder.APPROVED).rmdir()
    vault.folder(Folder.APPROVED).symlink_to(elsewhere)
    with pytest.raises(NoteError, match="is a link"):
        vault.listing(Folder.APPROVED)


def test_a_folder_that_was_deleted_is_made_again(vault: Vault) -> None:
    vault.folder(Folder.APPROVED).rmdir()
    assert noted(vault, Folder.APPROVED) == []
    assert vault.folder(Folder.APPROVED).is_dir()


@pytest.mark.parametrize("make", [Path.touch, Path.mkdir, lambda p: p.symlink_to("none")])
def test_a_pause_note_of_any_kind_pauses(vault: Vault, make: Callable[[Path], None]) -> None:
    assert not vault.paused
    make(vault.root / "PAUSE.md")
    assert vault.paused


# -- what is a note -------------------------------------------------------------------------------


def test_notes_come_in_the_order_of_their_names(vault: Vault) -> None:
    for name in ("b.md", "a.md", "C.MD"):
        put(vault, f"Approved/{name}")
    assert noted(vault, Folder.APPROVED) == ["C.MD", "a.md", "b.md"]


@pytest.mark.parametrize(
    "name",
    [
        *(".hidden.md", "._a.md", "~$a.md", "~a.md", "a.md~", "a.tmp", "a.md.TMP", "a.part"),
        *("a.partial", "a.crdownload", ".a.md.swp", "a.swx", "a.md.bak", "a.lock", "a.icloud"),
        *("Thumbs.db", "desktop.ini", "Icon\r", "conflict-files-obsidian-git.md", ".gitkeep"),
        *(".aie-0123456789ab.tmp", "a.reason.md", "A.Reason.md"),
    ],
)
def test_debris_is_ignored_and_not_even_listed(vault: Vault, name: str) -> None:
    put(vault, f"Approved/{name}")
    listing = vault.listing(Folder.APPROVED)
    assert is_ignored(name)
    assert (listing.notes, listing.left_alone) == ((), ())


@pytest.mark.parametrize("name", ["a.md", "a~b.md", "template.md", "lock.md", "a.tmp.md", "bak.md"])
def test_an_ordinary_name_is_not_ignored(name: str) -> None:
    assert not is_ignored(name)


@pytest.mark.parametrize(
    "name",
    [
        "a (conflicted copy 2026-11-21).md",
        "a (Tobias's conflicted copy 2026-11-21).md",
        "a (Conflicted Copy).md",
        "a.sync-conflict-20261121-093000-ABCDEFG.md",
        "a (case conflict).md",
        "a (Case Conflict 1).md",
    ],
)
def test_a_conflict_copy_is_named_and_never_run(vault: Vault, name: str) -> None:
    put(vault, f"Approved/{name}")
    assert is_conflict_copy(name)
    assert noted(vault, Folder.APPROVED) == []
    assert "sync conflict copy" in left_alone(vault, Folder.APPROVED)[name]


@pytest.mark.parametrize("name", ["conflict.md", "sync-conflict.md", "copy of a.md", "a 2.md"])
def test_an_ordinary_name_is_no_conflict_copy(name: str) -> None:
    assert not is_conflict_copy(name)


@pytest.mark.parametrize(
    ("name", "make", "reason"),
    [
        pytest.param("a.md", lambda p: p.symlink_to(__file__), "links are never", id="link"),
        pytest.param("a.md", lambda p: p.symlink_to("none"), "links are never", id="broken-link"),
        pytest.param("a.md", os.mkfifo, "not a regular file", id="pipe"),
        pytest.param("a.md", Path.mkdir, "a folder", id="folder"),
        pytest.param("a.txt", Path.touch, "only .md files", id="other-file"),
        pytest.param("a", Path.touch, "only .md files", id="no-ending"),
    ],
)
def test_what_is_no_note_is_left_alone_and_named(
    vault: Vault, name: str, make: Callable[[Path], None], reason: str
) -> None:
    make(vault.folder(Folder.APPROVED) / name)
    assert noted(vault, Folder.APPROVED) == []
    assert reason in left_alone(vault, Folder.APPROVED)[name]


@pytest.mark.parametrize("folder", HOT)
def test_only_some_folders_may_hold_folders(vault: Vault, folder: Folder) -> None:
    (vault.folder(folder) / "2026-11").mkdir()
    may = {Folder.COMPLETED, Folder.REJECTED, Folder.NEEDS_ACTION, Folder.NEEDS_REVIEW}
    assert (left_alone(vault, folder) == {}) is (folder in may)


def test_a_signature_tells_of_every_change(vault: Vault) -> None:
    path = put(vault, "Approved/a.md", "one")
    (before,) = vault.listing(Folder.APPROVED).notes
    path.write_text("two")
    os.utime(path, ns=(before.signature[2], before.signature[2]))  # a sync tool keeps old times
    (after,) = vault.listing(Folder.APPROVED).notes
    assert before.signature != after.signature


# -- the alias ------------------------------------------------------------------------------------


def test_done_is_read_as_completed(vault: Vault) -> None:
    put(vault, "Done/a.md")
    put(vault, "Completed/b.md")
    put(vault, f"Done/2026-11/{ID}.md")
    assert noted(vault, Folder.COMPLETED) == ["a.md", "b.md"]
    assert vault.find("a.md") == vault.root / "Done" / "a.md"
    assert vault.find(f"{ID}.md") == vault.root / "Done" / "2026-11" / f"{ID}.md"


def test_done_is_not_made_and_not_followed(vault: Vault, tmp_path: Path) -> None:
    vault.listing(Folder.COMPLETED)
    assert not (vault.root / "Done").exists()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.md").touch()
    (vault.root / "Done").symlink_to(tmp_path / "elsewhere")
    assert noted(vault, Folder.COMPLETED) == []


@pytest.mark.parametrize(
    "place",
    [
        *(f"{folder}/a.md" for folder in HOT),
        "Completed/2026-11/a.md",
        "Quarantine/a.md",
    ],
)
def test_a_note_is_found_wherever_a_person_may_move_it(vault: Vault, place: str) -> None:
    path = put(vault, place)
    assert vault.find("a.md") == path
    assert vault.relative(path) == place


def test_a_note_nowhere_is_not_found(vault: Vault) -> None:
    put(vault, "Drafts/a.md")
    put(vault, ".trash/a.md")
    assert vault.find("a.md") is None


# -- reading, writing, moving ---------------------------------------------------------------------


def test_a_note_is_read_up_to_its_limit(vault: Vault) -> None:
    path = put(vault, "Approved/a.md", "x" * NOTE_LIMIT_BYTES)
    assert len(vault.read(path).data) == NOTE_LIMIT_BYTES
    put(vault, "Approved/a.md", "x" * (NOTE_LIMIT_BYTES + 1))
    with pytest.raises(NoteError, match="the limit is"):
        vault.read(path)


def test_a_taken_name_gets_a_number(vault: Vault) -> None:
    folder = vault.folder(Folder.PENDING)
    first, second = (vault.create(folder, "a.md", text) for text in ("one", "two"))
    assert (first.name, second.name) == ("a.md", "a 2.md")
    assert (first.read_text(), second.read_text()) == ("one", "two")


def test_a_rewrite_needs_what_was_read(vault: Vault) -> None:
    note = vault.read(put(vault, "Approved/a.md", "old"))
    new = vault.rewrite(note, "new")
    assert note.path.read_text() == "new"
    with pytest.raises(ChangedError):
        vault.rewrite(note, "newer")
    vault.rewrite(new, "newest")
    assert note.path.read_text() == "newest"


def test_a_move_keeps_name_and_neighbour(vault: Vault) -> None:
    theirs = put(vault, "Approved/a.md", "theirs")
    ours = put(vault, "Pending_Approval/a.md", "ours")
    target = vault.move(ours, vault.folder(Folder.APPROVED))
    assert target.name == "a 2.md"
    assert (theirs.read_text(), target.read_text()) == ("theirs", "ours")
    assert not ours.exists()


def test_a_move_of_a_note_that_is_gone_is_said(vault: Vault) -> None:
    with pytest.raises(FileNotFoundError):
        vault.move(vault.root / "Approved" / "a.md", vault.folder(Folder.REJECTED))


def test_trash_is_obsidians_own(vault: Vault) -> None:
    target = vault.trash(put(vault, "Approved/a.md"))
    assert target == vault.root / ".trash" / "a.md"


def test_an_archive_has_months(vault: Vault) -> None:
    assert vault.completed_folder("2026-11") == vault.root / "Completed" / "2026-11"


# -- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Invoice Acme Ltd 1250 EUR", f"{ID} Invoice Acme Ltd 1250 EUR.md"),
        ("Invoice: Müller & Söhne / 1.250,00 €", f"{ID} Invoice Müller Söhne 1 250 00.md"),
        ("u\u0308ber", f"{ID} über.md"),
        ("../../Approved/x", f"{ID} Approved x.md"),
        ("a\nb\tc\x00d\u202eevil", f"{ID} a b c d evil.md"),
        ("[[x]]#y|z^w", f"{ID} x y z w.md"),
        ("   ", f"{ID}.md"),
        ("🎉", f"{ID}.md"),
        ("--- trailing -_ ", f"{ID} trailing.md"),
        ("One idea a day --- Second part", f"{ID} One idea a day Second part.md"),
        ("Tip 1---Tip 2 -- and_more - __ok", f"{ID} Tip 1 Tip 2 and_more ok.md"),
        ("Re: x-ray - the offer", f"{ID} Re x-ray - the offer.md"),
        ("👩🏽\u200d💻 Rech\u00adnung\u200f ✅\ufe0f done", f"{ID} Rechnung done.md"),
        ("हिन्दी में चालान", f"{ID} हिन्दी में चालान.md"),
        ("חשבונית \u200fמס", f"{ID} חשבונית מס.md"),
        ("\u0301 a \u0301b e\u200d\u0301", f"{ID} a b é.md"),
    ],
)
def test_a_name_has_only_harmless_characters(title: str, name: str) -> None:
    assert note_name(ID, title) == name


@given(st.text())
@example("ü" * 200)
@example("日本語 " * 50)
@example("x" * 102 + " y")
def test_every_name_is_safe_on_every_system(title: str) -> None:
    """At most 120 bytes, one dot, NFC, no separator, no blank at the end of the stem."""
    name = note_name(ID, title)
    stem = name.removesuffix(".md")
    assert len(name.encode()) <= NAME_LIMIT_BYTES
    assert name.startswith(ID)
    assert name.count(".") == 1
    assert stem == stem.strip(" -_")
    assert all(c.isalnum() or unicodedata.category(c)[0] == "M" or c in " -_" for c in stem)
    assert not re.search(r"[-_ ]{2,}", stem.replace(" - ", "")), "no rows of dashes"
    assert note_name(ID, stem.removeprefix(ID)) == name, "a name made twice is the same"
    assert unicodedata.is_normalized("NFC", name)
    assert not is_ignored(name)


def test_a_long_name_ends_with_a_whole_word() -> None:
    words = "invoice for the consulting in November and December " * 4
    stem = note_name(ID, words).removesuffix(".md")
    assert words.startswith(stem.removeprefix(f"{ID} ") + " ")
    assert len(stem) > NAME_LIMIT_BYTES - 20


def test_a_long_name_uses_the_room_there_is() -> None:
    assert len(note_name(ID, "x" * 500).encode()) == NAME_LIMIT_BYTES
    assert len(note_name(ID, "ü" * 500).encode()) in {NAME_LIMIT_BYTES, NAME_LIMIT_BYTES - 1}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("bill.pdf", "bill pdf"),
        ("..\\..\\Approved\\y.md", "y md"),
        ("/etc/passwd", "passwd"),
        ("CON", "file CON"),
        ("nul.txt", "nul txt"),
        ("", "file"),
        ("...", "file"),
    ],
)
def test_a_name_from_outside_becomes_words(text: str, words: str) -> None:
    assert display_name(text) == words
