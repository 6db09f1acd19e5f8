"""Durable, no-clobber, link-free files: `utils/files.py`."""

from __future__ import annotations

import errno
import os
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from utils import durable, files
from utils.errors import ChangedError, NoteError

LIMIT = 1000


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def no_links(*_: object, **__: object) -> None:
    """Stand in for `os.link` on a disk that has no hard links."""
    raise OSError(errno.EPERM, "Operation not permitted")


# -- reading --------------------------------------------------------------------------------------


def test_a_regular_file_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_bytes(b"x" * LIMIT)
    assert files.read_regular(path, limit_bytes=LIMIT) == b"x" * LIMIT


def test_one_byte_too_many_is_refused_with_both_sizes(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_bytes(b"x" * (LIMIT + 1))
    with pytest.raises(NoteError, match="1,001 bytes; the limit is 1,000 bytes"):
        files.read_regular(path, limit_bytes=LIMIT)


def _link(path: Path) -> None:
    (path.parent / "target").write_text("secret")
    path.symlink_to(path.parent / "target")


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as held:
        held.bind(str(path))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        pytest.param(_link, "is a link", id="link"),
        pytest.param(lambda p: p.symlink_to(p.parent / "none"), "is a link", id="broken-link"),
        pytest.param(os.mkfifo, "not a regular file", id="pipe"),
        pytest.param(lambda p: p.mkdir(), "not a regular file", id="folder"),
        pytest.param(_socket, "cannot be read", id="socket"),
    ],
)
def test_what_is_no_regular_file_is_refused_without_blocking(
    tmp_path: Path, make: Callable[[Path], None], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipe without a writer would block a plain open for ever."""
    monkeypatch.chdir(tmp_path)  # a socket's path must be short
    path = Path("a.md").absolute()
    make(Path("a.md") if make is _socket else path)
    with pytest.raises(NoteError, match=reason):
        files.read_regular(path, limit_bytes=LIMIT)


def test_a_device_is_refused() -> None:
    with pytest.raises(NoteError, match="not a regular file"):
        files.read_regular(Path("/dev/zero"), limit_bytes=LIMIT)


def test_a_file_that_is_gone_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        files.read_regular(tmp_path / "none.md", limit_bytes=LIMIT)


# -- creating -------------------------------------------------------------------------------------


def test_a_new_file_is_there_whole_and_alone(tmp_path: Path) -> None:
    files.create(tmp_path / "a.md", b"words")
    assert (tmp_path / "a.md").read_bytes() == b"words"
    assert names(tmp_path) == ["a.md"]


@pytest.mark.parametrize("taken", ["file", "broken link", "folder"])
def test_a_taken_name_is_never_overwritten(tmp_path: Path, taken: str) -> None:
    path = tmp_path / "a.md"
    if taken == "file":
        path.write_text("theirs")
    elif taken == "folder":
        path.mkdir()
    else:
        path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        files.create(path, b"ours")
    assert names(tmp_path) == ["a.md"]
    if taken == "file":
        assert path.read_text() == "theirs"


def test_of_many_who_create_one_name_one_wins(tmp_path: Path) -> None:
    path, won = tmp_path / "a.md", list[int]()
    start = threading.Barrier(8)

    def create(number: int) -> None:
        start.wait()
        try:
            files.create(path, b"%d" % number)
        except FileExistsError:
            return
        won.append(number)

    threads = [threading.Thread(target=create, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [path.read_bytes()] == [b"%d" % n for n in won]
    assert names(tmp_path) == ["a.md"]


# -- moving ---------------------------------------------------------------------------------------


def test_a_move_takes_the_file_along(tmp_path: Path) -> None:
    source, target = tmp_path / "a.md", tmp_path / "b.md"
    source.write_text("words")
    files.move(source, target)
    assert names(tmp_path) == ["b.md"]
    assert target.read_text() == "words"


def test_a_move_never_overwrites(tmp_path: Path) -> None:
    source, target = tmp_path / "a.md", tmp_path / "b.md"
    source.write_text("ours")
    target.write_text("theirs")
    with pytest.raises(FileExistsError):
        files.move(source, target)
    assert (source.read_text(), target.read_text()) == ("ours", "theirs")


def test_a_move_of_nothing_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        files.move(tmp_path / "none.md", tmp_path / "b.md")
    assert names(tmp_path) == []


@pytest.mark.parametrize("way", ["link", "placeholder"])
class TestWithoutNativeRename:
    """Systems without an exclusive rename: by hard link, and where there is none by placeholder."""

    @pytest.fixture(autouse=True)
    def _disk(self, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
        if way == "placeholder":
            monkeypatch.setattr(os, "link", no_links)

    def test_it_moves(self, tmp_path: Path) -> None:
        source, target = tmp_path / "a.md", tmp_path / "b.md"
        source.write_text("words")
        files._rename_by_link(source, target)
        assert names(tmp_path) == ["b.md"]
        assert target.read_text() == "words"
        assert target.stat().st_nlink == 1

    def test_it_never_overwrites(self, tmp_path: Path) -> None:
        source, target = tmp_path / "a.md", tmp_path / "b.md"
        source.write_text("ours")
        target.write_text("theirs")
        with pytest.raises(FileExistsError):
            files._rename_by_link(source, target)
        assert (source.read_text(), target.read_text()) == ("ours", "theirs")

    def test_it_leaves_no_empty_file_when_the_source_is_gone(self, tmp_path: Path) -> None:
        """An empty placeholder would be taken for an owner's empty note."""
        with pytest.raises(FileNotFoundError):
            files._rename_by_link(tmp_path / "none.md", tmp_path / "b.md")
        assert names(tmp_path) == []


def test_a_move_to_another_disk_copies_then_removes(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    shared_memory = Path("/dev/shm")
    if not shared_memory.is_dir() or shared_memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("this machine has no second disk to move to")
    source = shared_memory / f"{tmp_path_factory.getbasetemp().name}-{os.getpid()}.md"
    source.write_text("words")
    try:
        files.move(source, tmp_path / "b.md")
        assert not source.exists()
    finally:
        source.unlink(missing_ok=True)
    assert (tmp_path / "b.md").read_text() == "words"
    assert names(tmp_path) == ["b.md"]


# -- rewriting ------------------------------------------------------------------------------------


def test_an_unchanged_file_is_rewritten(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_bytes(b"old")
    files.replace(path, b"new", expected=files.digest(b"old"))
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["a.md"]


def test_a_file_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_bytes(b"theirs")
    with pytest.raises(ChangedError, match="was changed"):
        files.replace(path, b"ours", expected=files.digest(b"old"))
    assert path.read_bytes() == b"theirs"
    assert names(tmp_path) == ["a.md"]


def test_a_file_moved_away_meanwhile_does_not_come_back(tmp_path: Path) -> None:
    with pytest.raises(ChangedError, match="moved or removed"):
        files.replace(tmp_path / "a.md", b"ours", expected=files.digest(b"old"))
    assert names(tmp_path) == []


def test_a_link_is_not_rewritten(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "a.md").symlink_to(tmp_path / "real")
    with pytest.raises(NoteError, match="link"):
        files.replace(tmp_path / "a.md", b"new", expected=files.digest(b"old"))
    assert (tmp_path / "real").read_bytes() == b"old"


def test_writing_the_same_again_is_no_effect(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_bytes(b"same")
    heard: list[tuple[str, str]] = []
    with durable.listening(lambda phase, name: heard.append((phase, name))):
        files.replace(path, b"same", expected=files.digest(b"same"))
    assert heard == []


# -- names and leftovers --------------------------------------------------------------------------


def test_a_free_name_gets_the_next_number(tmp_path: Path) -> None:
    for name in ("a.md", "a 2.md"):
        (tmp_path / name).touch()
    (tmp_path / "a 3.md").symlink_to(tmp_path / "none")
    assert files.free_name(tmp_path, "a.md").name == "a 4.md"
    assert files.free_name(tmp_path, "b.md").name == "b.md"


def test_only_our_own_old_leftovers_are_removed(tmp_path: Path) -> None:
    """A young one may be about to be renamed by a process that lives."""
    kept = [".aie-dir.tmp", ".aie-link.tmp", ".aie-young.tmp", ".other.tmp", "a.md"]
    (tmp_path / kept[0]).mkdir()
    (tmp_path / kept[1]).symlink_to(tmp_path / "a.md")
    for name in (*kept[2:], ".aie-0123.tmp"):
        (tmp_path / name).touch()
    for path in tmp_path.iterdir():
        at = 2000 if path.name == ".aie-young.tmp" else 1000
        os.utime(path, (at, at), follow_symlinks=False)
    before = datetime.fromtimestamp(1500, UTC)
    assert files.remove_stale_temporaries(tmp_path, before=before) == 1
    assert names(tmp_path) == kept


# -- effects --------------------------------------------------------------------------------------


@pytest.mark.parametrize("effect", ["file.create", "file.replace", "file.move"])
def test_every_effect_announces_itself_before_and_after(tmp_path: Path, effect: str) -> None:
    source = tmp_path / "a.md"
    source.write_bytes(b"old")
    heard: list[tuple[str, str]] = []
    with durable.listening(lambda phase, name: heard.append((phase, name))):
        match effect:
            case "file.create":
                files.create(tmp_path / "b.md", b"new")
            case "file.replace":
                files.replace(source, b"new", expected=files.digest(b"old"))
            case _:
                files.move(source, tmp_path / "b.md")
    assert heard[0] == ("before", effect)
    assert heard[-1] == ("after", effect)


class _DiedError(Exception):
    pass


@pytest.mark.parametrize("effect", ["file.create", "file.replace"])
def test_what_fails_before_the_rename_leaves_nothing_behind(tmp_path: Path, effect: str) -> None:
    """A full disk while the temporary file is written: no file of that name, no temporary."""
    path = tmp_path / "a.md"
    if effect == "file.replace":
        path.write_bytes(b"old")

    def fail(phase: str, name: str) -> None:
        if (phase, name) == ("after", "file.write"):
            raise _DiedError

    writes = {
        "file.create": lambda: files.create(path, b"new"),
        "file.replace": lambda: files.replace(path, b"new", expected=files.digest(b"old")),
    }
    with durable.listening(fail), pytest.raises(_DiedError):
        writes[effect]()
    assert names(tmp_path) == (["a.md"] if effect == "file.replace" else [])
    if effect == "file.replace":
        assert path.read_bytes() == b"old"


def test_a_failed_effect_does_not_say_that_it_happened(tmp_path: Path) -> None:
    (tmp_path / "a.md").touch()
    heard: list[tuple[str, str]] = []
    with (
        durable.listening(lambda phase, name: heard.append((phase, name))),
        pytest.raises(FileExistsError),
    ):
        files.create(tmp_path / "a.md", b"new")
    assert ("after", "file.create") not in heard
