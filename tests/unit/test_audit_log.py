"""The daily log: valid at every moment, chained, repaired after a crash, and honest about edits."""

from __future__ import annotations

import gzip
import json
import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from utils import audit_log, durable
from utils.audit_log import (
    FIELDS,
    GENESIS,
    DailyLog,
    Head,
    HeadMismatchError,
    Line,
    LogError,
)

ROOT = Path(__file__).parents[2]
DAY = "2026-11-21"
NEXT_DAY = "2026-11-22"

WRITER = """
import sqlite3, sys
from pathlib import Path
from utils.audit_log import DailyLog, Head, HeadMismatchError, Line

folder, store_path, name, count = Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
store = sqlite3.connect(store_path, isolation_level=None, timeout=30)
log = DailyLog(folder)
for number in range(count):
    with log.lock():
        head = Head(*store.execute("SELECT day, seq, hash FROM head").fetchone())
        fields = {"event": "called", "action": name, "attempt": number, "target": "x" * 3000}
        line = Line("2026-11-21", fields)
        head = log.append(head, [line] * 3 if count > 1000 else [line], sync=False)
        store.execute("UPDATE head SET day = ?, seq = ?, hash = ?", (head.day, head.seq, head.hash))
    print(number, flush=True)
"""


def line(text: str = "text", day: str = DAY, event: str = "called", **fields: object) -> Line:
    return Line(
        day, {"event": event, "timestamp": "2026-11-21T09:30:00Z", "target": text, **fields}
    )


def filled(folder: Path, *days: str) -> tuple[DailyLog, Head]:
    log, head = DailyLog(folder), GENESIS
    for number, day in enumerate(days, 1):
        head = log.append(head, [line(f"entry {number} für €", day)], sync=False)
    return log, head


def load(path: Path) -> list[dict[str, object]]:
    loaded: list[dict[str, object]] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def overwrite(path: Path, data: bytes) -> None:
    """Put data in a file's place without emptying it first, for which some disks are waited for."""
    with path.open("r+b") as file:
        file.write(data)
        file.truncate()


def reason(log: DailyLog, head: Head, day: str | None = None) -> str:
    verdict = log.verify(head, day=day)
    assert not verdict.ok
    assert verdict.first_bad is not None
    return verdict.first_bad.reason


# What is written


def test_the_file_is_one_json_array_with_one_entry_per_line(tmp_path: Path) -> None:
    log, head = filled(tmp_path, DAY)
    assert log.append(head, [line("two"), line("three")], sync=True).seq == 3
    data = (tmp_path / f"{DAY}.json").read_bytes()
    lines = data.split(b"\n")
    assert (lines[0], lines[-2:], len(lines)) == (b"[", [b"]", b""], 6)
    entries = [json.loads(text.removesuffix(b",")) for text in lines[1:4]]
    assert entries == load(tmp_path / f"{DAY}.json") == log.read(DAY)
    assert [tuple(entry) for entry in entries] == [FIELDS] * 3
    assert [entry["seq"] for entry in entries] == [1, 2, 3]
    assert [entry["prev"] for entry in entries] == [
        "0" * 64,
        *(entry["hash"] for entry in entries[:2]),
    ]
    assert entries[0]["error"] is None
    assert "für €".encode() in data


def test_an_append_leaves_what_was_written_before_untouched(tmp_path: Path) -> None:
    log, head = filled(tmp_path, DAY, DAY)
    path = tmp_path / f"{DAY}.json"
    before, inode = path.read_bytes(), path.stat().st_ino
    log.append(head, [line()], sync=False)
    assert path.read_bytes().startswith(before[:-3])
    assert path.stat().st_ino == inode


def test_several_entries_of_a_day_are_one_durable_effect(tmp_path: Path) -> None:
    log, head = filled(tmp_path, DAY)
    seen: list[tuple[str, str]] = []
    with durable.listening(lambda phase, name: seen.append((phase, name))):
        log.append(head, [line(), line(), line()], sync=True)
    assert seen == [("before", "log.append"), ("after", "log.append")]


@pytest.mark.skipif(not hasattr(os, "fdatasync"), reason="counts fdatasync")
def test_only_what_must_survive_power_loss_is_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, head = filled(tmp_path, DAY)
    synced: list[int] = []
    monkeypatch.setattr(os, "fdatasync", synced.append)
    head = log.append(head, [line()], sync=False)
    assert len(synced) == 0
    log.append(head, [line(), line()], sync=True)
    assert len(synced) == 1


def test_days_change_and_never_go_back(tmp_path: Path) -> None:
    log, head = filled(tmp_path, DAY)
    head = log.append(head, [line(day=NEXT_DAY), line(day=DAY)], sync=True)
    head = log.append(head, [line(day=DAY), line(day="2026-11-25")], sync=False)
    assert head.day == "2026-11-25"
    assert log.days() == [DAY, NEXT_DAY, "2026-11-25"]
    assert [len(log.read(day)) for day in log.days()] == [1, 3, 1]
    assert log.verify(head).entries_checked == 5
    assert log.verify(head).ok


def test_long_and_strange_texts_come_back(tmp_path: Path) -> None:
    log = DailyLog(tmp_path)
    strange = "a\nb\r\n\u2028\u2029\x00\x85😀ñ" + "é" * 16_000
    head = log.append(GENESIS, [line(strange), line("broken \ud800 name")], sync=False)
    data = (tmp_path / f"{DAY}.json").read_bytes()
    assert len(data.decode().splitlines()) == 5  # \x85 splits, the separators do not
    assert data.count(b"\n") == 4
    assert [entry["target"] for entry in log.read(DAY)] == [strange, "broken ? name"]
    assert log.verify(head).ok
    assert log.append(head, [line()], sync=False).seq == 3


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"event": "exploded"}, ValueError),
        ({"event": None}, ValueError),
        ({"event": "called", "approval_status": "maybe"}, ValueError),
        ({"event": "called", "actor": "stranger"}, ValueError),
        ({"event": "called", "colour": "red"}, ValueError),
        ({"event": "called", "seq": 7}, ValueError),
        ({"event": "called", "parameters": {"x": float("nan")}}, ValueError),
        ({"event": "called", "parameters": {"x": object()}}, TypeError),
        ({"event": "called", "target": "x" * (9 << 20)}, ValueError),
    ],
)
def test_what_no_reader_could_understand_is_refused_before_anything_is_written(
    tmp_path: Path, fields: dict[str, object], error: type[Exception]
) -> None:
    log, head = filled(tmp_path, DAY)
    with pytest.raises(error):
        log.append(head, [line(), Line(DAY, fields)], sync=False)
    assert len(log.read(DAY)) == 1


@pytest.mark.parametrize("day", ["2026-13-01", "20261121", "../x", ""])
def test_a_day_that_is_none_is_refused(tmp_path: Path, day: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        DailyLog(tmp_path).append(GENESIS, [line(day=day)], sync=False)
    assert DailyLog(tmp_path).days() == []


# Several writers


def start_writer(folder: Path, store: Path, name: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), str(store), name, str(count)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def make_store(path: Path) -> None:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(path)) as store, store:
        store.execute("CREATE TABLE head (day TEXT, seq INTEGER, hash TEXT)")
        store.execute("INSERT INTO head VALUES (?, ?, ?)", ("", 0, "0" * 64))


def stored_head(path: Path, new: Head | None = None) -> Head:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(path, timeout=30)) as store, store:
        if new is not None:
            store.execute(
                "UPDATE head SET day = ?, seq = ?, hash = ?", (new.day, new.seq, new.hash)
            )
        return Head(*store.execute("SELECT day, seq, hash FROM head").fetchone())


def test_five_processes_write_one_chain_while_readers_read(tmp_path: Path) -> None:
    folder, store = tmp_path / "Logs", tmp_path / "head.sqlite"
    make_store(store)
    writers = [start_writer(folder, store, f"w{number}", 50) for number in range(5)]
    log, lengths = DailyLog(folder), [0]
    while any(writer.poll() is None for writer in writers):
        head = stored_head(store)
        assert log.verify(head).ok
        lengths.append(len(log.read(DAY)))
    assert [writer.wait() for writer in writers] == [0] * 5
    for writer in writers:
        assert writer.stdout is not None
        writer.stdout.close()
    entries = load(folder / f"{DAY}.json")
    assert lengths == sorted(lengths)
    assert {(entry["action"], entry["attempt"]) for entry in entries} == {
        (f"w{writer}", number) for writer in range(5) for number in range(50)
    }
    verdict = log.verify(stored_head(store))
    assert (verdict.ok, verdict.entries_checked) == (True, 250)


@pytest.mark.skipif(sys.platform == "win32", reason="kills by signal")
def test_a_killed_writer_leaves_a_log_that_goes_on(tmp_path: Path) -> None:
    folder, store, dice = tmp_path / "Logs", tmp_path / "head.sqlite", random.Random(11)
    make_store(store)
    log = DailyLog(folder)
    for number in range(10):
        with start_writer(folder, store, f"w{number}", 100_000) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "0\n"
            threading.Event().wait(dice.random() / 30)
            writer.send_signal(signal.SIGKILL)
        with log.lock():
            head = stored_head(store)
            tail = log.tail_after(head)
            assert (tail.cut, tail.broken) == (False, None)
            assert tail.end.seq == head.seq + len(tail.entries)
            stored_head(store, tail.end)
        load(folder / f"{DAY}.json")
        assert log.verify(head).ok
        assert log.verify(tail.end).ok
    assert log.append(tail.end, [line()], sync=True).seq == tail.end.seq + 1


def test_the_lock_may_be_entered_again_and_keeps_other_threads_out(tmp_path: Path) -> None:
    log, seen = DailyLog(tmp_path), []

    def other() -> None:
        with DailyLog(tmp_path).lock():
            seen.append("other")

    with log.lock(), DailyLog(tmp_path).lock(), log.lock():
        thread = threading.Thread(target=other)
        thread.start()
        log.append(GENESIS, [line()], sync=False)
        seen.append("first")
    thread.join()
    assert seen == ["first", "other"]


def test_a_lock_that_never_comes_is_said_in_plain_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_log, "LOCK_TIMEOUT_S", 0.05)
    said: list[str] = []

    def other() -> None:
        try:
            DailyLog(tmp_path).append(GENESIS, [line()], sync=False)
        except LogError as error:
            said.append(str(error))

    with DailyLog(tmp_path).lock():
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert len(said) == 1
    assert "Another program" in said[0]
    assert "try again" in said[0]


# After a crash


@pytest.mark.parametrize("entries_before", [0, 1, 2])
def test_a_tail_torn_at_any_byte_is_repaired(tmp_path: Path, entries_before: int) -> None:
    log, head = filled(tmp_path, *[DAY] * entries_before)
    path = tmp_path / f"{DAY}.json"
    if not entries_before:
        path.write_bytes(b"[\n]\n")
    start = path.stat().st_size - 3 if entries_before else 2
    log.append(head, [line("the torn one")], sync=False)
    whole = path.read_bytes()
    for size in range(start, len(whole)):
        for garbage in (b"", b"\0" * 700):
            overwrite(path, whole[:size] + garbage)
            tail = log.tail_after(head)
            assert (tail.cut, tail.broken) == (False, None)
            assert len(load(path)) == entries_before + len(tail.entries)
            assert log.append(tail.end, [line("next")], sync=False).seq == tail.end.seq + 1
            assert log.verify(head).ok
    assert list(tmp_path.glob("*.torn")) == []


@pytest.mark.parametrize("left", [b"", b"[", b"[\n", b"[\n]\n", b"[]", b"[\n\n", b"\0" * 900])
def test_a_file_without_any_entry_is_begun_anew(tmp_path: Path, left: bytes) -> None:
    log, head = filled(tmp_path, DAY)
    (tmp_path / f"{NEXT_DAY}.json").write_bytes(left)
    head = log.append(head, [line(day=NEXT_DAY)], sync=True)
    assert log.verify(head).ok
    assert len(load(tmp_path / f"{NEXT_DAY}.json")) == 1


def test_a_torn_tail_is_repaired_by_the_next_append(tmp_path: Path) -> None:
    log, head = filled(tmp_path, DAY, DAY)
    path = tmp_path / f"{DAY}.json"
    path.write_bytes(path.read_bytes()[:-3] + b',\n{"seq": 3, "timest')
    assert "power loss" in reason(log, head)
    head = log.append(head, [line()], sync=False)
    assert (head.seq, log.verify(head).ok) == (3, True)


def test_a_torn_line_longer_than_one_read_is_repaired(tmp_path: Path) -> None:
    log, head = filled(tmp_path, DAY, DAY)
    path = tmp_path / f"{DAY}.json"
    path.write_bytes(path.read_bytes()[:-3] + b',\n{"seq": 3, "target": "' + b"x" * 300_000)
    assert log.tail_after(head).end == head
    assert len(load(path)) == 2


@pytest.mark.parametrize("rewrite", [lambda entries: json.dumps(entries, indent=1), str, repr])
def test_a_file_that_another_program_rewrote_is_kept_aside(tmp_path: Path, rewrite: object) -> None:
    log, head = filled(tmp_path, DAY, NEXT_DAY)
    path = tmp_path / f"{NEXT_DAY}.json"
    assert callable(rewrite)
    foreign = rewrite(load(path)) + "\n"
    path.write_text(foreign, encoding="utf-8")
    tail = log.tail_after(head)
    assert tail.cut
    assert tail.end.seq == 1
    assert (tmp_path / f"{NEXT_DAY}.torn").read_text(encoding="utf-8") == foreign
    head = log.append(tail.end, [line(day=NEXT_DAY, event="recovered")], sync=True)
    assert log.verify(head).ok


def test_the_search_for_the_last_entry_is_bounded(tmp_path: Path) -> None:
    log, head = filled(tmp_path, DAY, NEXT_DAY)
    path = tmp_path / f"{NEXT_DAY}.json"
    foreign = path.read_bytes() + (b"x" * (1 << 20) + b"\n") * 17
    path.write_bytes(foreign)
    assert log.tail_after(head).end.seq == 1
    assert (tmp_path / f"{NEXT_DAY}.torn").read_bytes() == foreign


def test_foreign_lines_at_the_end_are_kept_aside(tmp_path: Path) -> None:
    log, head = filled(tmp_path, DAY)
    path = tmp_path / f"{DAY}.json"
    path.write_bytes(path.read_bytes()[:-3] + b",\nhello\nworld\n]\n")
    head = log.append(head, [line()], sync=False)
    assert b"hello\nworld" in (tmp_path / f"{DAY}.torn").read_bytes()
    assert log.verify(head).ok


@pytest.mark.parametrize("phase", ["before", "after"])
@pytest.mark.parametrize("day", [DAY, NEXT_DAY])
def test_a_crash_around_an_append_loses_and_doubles_nothing(
    tmp_path: Path, phase: str, day: str
) -> None:
    log, head = filled(tmp_path, DAY)

    def crash(now: str, name: str) -> None:
        if (now, name) == (phase, "log.append"):
            raise KeyboardInterrupt

    with durable.listening(crash), pytest.raises(KeyboardInterrupt):
        log.append(head, [line("a", day), line("b", day)], sync=True)
    tail = log.tail_after(head)
    assert [entry["target"] for entry in tail.entries] == (["a", "b"] if phase == "after" else [])
    if tail.entries:
        with pytest.raises(HeadMismatchError) as error:
            log.append(head, [line("a", day)], sync=False)
        assert (error.value.head, error.value.end) == (head, tail.end)
    head = log.append(tail.end, [line("c", day)], sync=False)
    assert log.verify(head).entries_checked == 2 + len(tail.entries)


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits on the size of a file")
def test_a_disk_that_refuses_leaves_a_valid_file(tmp_path: Path) -> None:
    log, head = filled(tmp_path, DAY, DAY)
    path = tmp_path / f"{DAY}.json"
    script = f"""
import resource
from pathlib import Path
from utils.audit_log import DailyLog, Head, Line
resource.setrlimit(resource.RLIMIT_FSIZE, ({path.stat().st_size + 300}, resource.RLIM_INFINITY))
try:
    head = Head({head.day!r}, {head.seq}, {head.hash!r})
    line = Line({DAY!r}, {{"event": "called"}})
    DailyLog(Path({str(tmp_path)!r})).append(head, [line], sync=True)
except OSError as error:
    print("refused")
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "refused\n"
    assert len(load(path)) == 2
    assert log.append(head, [line()], sync=False).seq == 3


def test_entries_after_the_head_are_returned_across_days(tmp_path: Path) -> None:
    log, _ = filled(tmp_path, DAY, DAY, NEXT_DAY, NEXT_DAY)
    entries = [entry for day in log.days() for entry in log.read(day)]
    heads = [GENESIS] + [
        Head(day, int(str(entry["seq"])), str(entry["hash"]))
        for day in log.days()
        for entry in log.read(day)
    ]
    for number, head in enumerate(heads):
        tail = log.tail_after(head)
        assert list(tail.entries) == entries[number:]
        assert (tail.cut, tail.broken, tail.end) == (False, None, heads[-1])
        assert log.verify(head).ok


def test_entries_that_do_not_chain_on_are_named(tmp_path: Path) -> None:
    log, _ = filled(tmp_path, DAY, DAY, DAY)
    head = Head(DAY, 1, "f" * 64)
    tail = log.tail_after(head)
    assert tail.broken is not None
    assert "entry 2 does not continue" in tail.broken
    assert tail.entries == ()
    assert "not the one" in str(log.tail_after(Head(DAY, 3, "f" * 64)).broken)
    assert "not the one" in reason(log, head)


def test_a_link_in_place_of_the_file_is_not_followed(tmp_path: Path) -> None:
    log, head = filled(tmp_path / "Logs", DAY)
    path = tmp_path / "Logs" / f"{DAY}.json"
    path.rename(tmp_path / "elsewhere.json")
    path.symlink_to(tmp_path / "elsewhere.json")
    before = (tmp_path / "elsewhere.json").read_bytes()
    with pytest.raises(LogError, match="link"):
        log.append(head, [line()], sync=False)
    assert not log.verify(head).ok
    assert (tmp_path / "elsewhere.json").read_bytes() == before


# Months that were compressed


def compress(folder: Path, day: str) -> None:
    path = folder / f"{day}.json"
    with gzip.open(folder / f"{day}.json.gz", "wb") as file:
        file.write(path.read_bytes())
    path.unlink()


def test_compressed_days_stay_in_the_chain(tmp_path: Path) -> None:
    log, head = filled(tmp_path, "2026-09-01", "2026-09-01", "2026-09-02", DAY)
    compress(tmp_path, "2026-09-01")
    compress(tmp_path, "2026-09-02")
    assert log.days() == ["2026-09-01", "2026-09-02", DAY]
    assert len(log.read("2026-09-01")) == 2
    assert log.verify(head).entries_checked == 4
    assert log.verify(head, day="2026-09-02").ok
    assert log.verify(head, day=DAY).ok
    assert len(log.tail_after(GENESIS).entries) == 4
    compress(tmp_path, DAY)
    assert log.end() == head
    assert log.tail_after(head).entries == ()
    with pytest.raises(LogError, match="gunzip"):
        log.append(head, [line()], sync=False)
    assert log.verify(log.append(head, [line(day=NEXT_DAY)], sync=False)).ok


def test_a_damaged_compressed_day_is_found(tmp_path: Path) -> None:
    log, head = filled(tmp_path, DAY, NEXT_DAY)
    compress(tmp_path, DAY)
    path = tmp_path / f"{DAY}.json.gz"
    data = path.read_bytes()
    for damaged in (data[:-20], data[:40] + b"\xff\xff" + data[42:], b"no gzip"):
        path.write_bytes(damaged)
        assert getattr(log.verify(head).first_bad, "day", None) == DAY
        with pytest.raises(LogError):
            log.read(DAY)


# What verify finds


def test_verify_of_a_sound_log(tmp_path: Path) -> None:
    assert DailyLog(tmp_path / "none").verify(GENESIS).ok
    log, head = filled(tmp_path, DAY, DAY, NEXT_DAY)
    verdict = log.verify(head)
    assert (verdict.ok, verdict.entries_checked, verdict.first_bad) == (True, 3, None)
    assert log.verify(head, day=DAY).entries_checked == 2
    assert log.verify(head, day=NEXT_DAY).entries_checked == 1
    assert "no log of this day" in reason(log, head, "2026-11-23")


def test_a_check_goes_on_while_a_writer_is_in_the_middle_of_an_append(tmp_path: Path) -> None:
    from utils.audit_verify import check, take_snapshot

    log, head = filled(tmp_path, DAY, DAY)
    with log.lock():
        snapshot = take_snapshot(tmp_path)
    path = tmp_path / f"{DAY}.json"
    path.write_bytes(path.read_bytes()[:-3] + b',\n{"seq": 3, "half')
    assert check(tmp_path, snapshot, head).entries_checked == 2
    assert check(tmp_path, snapshot, head).ok
    assert not log.verify(head).ok


def test_every_changed_byte_is_found(tmp_path: Path) -> None:
    log, head = filled(tmp_path, DAY, DAY, NEXT_DAY)
    for day in (DAY, NEXT_DAY):
        path = tmp_path / f"{day}.json"
        data = path.read_bytes()
        for at, old in enumerate(data):
            for new in {old ^ 1, old ^ 0x20, 0x20} - {old}:
                overwrite(path, data[:at] + bytes([new]) + data[at + 1 :])
                verdict = log.verify(head)
                assert not verdict.ok, (day, at, new)
        overwrite(path, data)
    assert log.verify(head).ok


def test_every_missing_or_added_byte_is_found(tmp_path: Path) -> None:
    log, head = filled(tmp_path, DAY)
    path = tmp_path / f"{DAY}.json"
    data = path.read_bytes()
    for at in range(len(data) + 1):
        changes = [data[:at] + added + data[at:] for added in (b" ", b"\n", b"0")]
        changes += [data[:at], data[:at] + data[at + 1 :]]
        for changed in changes:
            if changed == data:
                continue
            overwrite(path, changed)
            assert not log.verify(head).ok, (at, changed)


def test_a_line_changed_with_its_hash_is_found_by_the_next(tmp_path: Path) -> None:
    from utils.audit_entry import fingerprint, render

    log, head = filled(tmp_path, DAY, DAY)
    path = tmp_path / f"{DAY}.json"
    first, second = load(path)
    first["target"] = "forged"
    first["hash"] = fingerprint(first)
    path.write_bytes(b"[\n" + render(first) + b",\n" + render(second) + b"\n]\n")
    bad = log.verify(head).first_bad
    assert bad is not None
    assert (bad.day, bad.line_number, bad.seq) == (DAY, 3, 2)
    assert bad.reason == "entry 2 does not continue the entry before it"
    second["prev"] = first["hash"]
    second["hash"] = fingerprint(second)
    path.write_bytes(b"[\n" + render(first) + b",\n" + render(second) + b"\n]\n")
    assert log.verify(GENESIS).ok  # a whole rewritten chain: only the head tells
    assert reason(log, head) == "entry 2 is not the one that the journal knows"


def rewritten(path: Path, order: list[int]) -> None:
    lines = [text.removesuffix(b",") for text in path.read_bytes().split(b"\n")[1:-2]]
    path.write_bytes(b"[\n" + b",\n".join(lines[number] for number in order) + b"\n]\n")


@pytest.mark.parametrize(
    ("order", "why"),
    [
        ([0, 1, 3, 4], "entry 3 is missing before this line"),
        ([0, 3, 4], "entries 2 to 3 are missing before this line"),
        ([0, 2, 1, 3, 4], "entry 2 is missing before this line"),
        ([0, 1, 1, 2, 3, 4], "entry 2 stands where entry 3 belongs"),
        ([1, 2, 3, 4], "entry 1 is missing before this line"),
        ([0, 1, 2], "cut: the journal knows entry 5, the file ends at entry 3"),
    ],
)
def test_deleted_swapped_doubled_and_cut_lines_are_found(
    tmp_path: Path, order: list[int], why: str
) -> None:
    log, head = filled(tmp_path, *[DAY] * 5)
    rewritten(tmp_path / f"{DAY}.json", order)
    assert why in reason(log, head)
    assert why in reason(log, head, DAY)


@pytest.mark.parametrize("gone", [0, 1, 2])
def test_a_missing_day_is_found(tmp_path: Path, gone: int) -> None:
    days = [DAY, NEXT_DAY, "2026-11-23"]
    log, head = filled(tmp_path, *days)
    (tmp_path / f"{days[gone]}.json").unlink()
    why = reason(log, head)
    assert ("cut" if gone == 2 else f"entry {gone + 1} is missing") in why
    assert ("cut" if gone == 2 else "no log of this day") in reason(log, head, days[gone])


def test_a_cut_tail_is_told_at_start_and_the_log_goes_on_from_its_end(tmp_path: Path) -> None:
    log, head = filled(tmp_path, DAY, DAY, DAY)
    rewritten(tmp_path / f"{DAY}.json", [0])
    tail = log.tail_after(head)
    assert (tail.cut, tail.entries, tail.broken, tail.end.seq) == (True, (), None, 1)
    with pytest.raises(HeadMismatchError, match="ends at entry 1"):
        log.append(head, [line()], sync=False)
    head = log.append(tail.end, [line(event="recovered")] * 2, sync=True)
    assert log.verify(head).ok


def test_a_head_behind_the_file_is_legal_only_if_the_rest_chains_on(tmp_path: Path) -> None:
    log, head = filled(tmp_path, DAY)
    end = log.append(head, [line(), line()], sync=False)
    assert log.verify(head).ok
    rewritten(tmp_path / f"{DAY}.json", [0, 2])
    assert "missing" in reason(log, head)
    assert "missing" in reason(log, end)


def test_a_file_under_another_day_is_found_where_the_journal_knows_better(tmp_path: Path) -> None:
    log, head = filled(tmp_path, DAY)
    (tmp_path / f"{DAY}.json").rename(tmp_path / "2026-11-20.json")
    assert f"was written on {DAY}" in reason(log, head)


@pytest.mark.parametrize(
    "hostile",
    [
        b"[" * 100_000,
        b'{"seq": 1e999, "hash": ""}',
        b'{"seq": 1, "hash": "", "x": 1e999}',
        b'{"seq": 1, "hash": "\\ud800"}',
        b"\xff\xfe",
        b"1" * 100_000,
        b"null",
    ],
)
def test_hostile_lines_are_a_verdict_not_a_crash(tmp_path: Path, hostile: bytes) -> None:
    log, head = filled(tmp_path, DAY)
    path = tmp_path / f"{DAY}.json"
    good = path.read_bytes()[2:-3]
    path.write_bytes(b"[\n" + hostile + b",\n" + good + b"\n]\n")
    bad = log.verify(head).first_bad
    assert bad is not None
    assert (bad.line_number, bad.seq) == (2, 1)


def test_other_files_in_the_folder_do_not_matter(tmp_path: Path) -> None:
    log, head = filled(tmp_path, DAY)
    for name in ("2026-13-45.json", "notes.json", "2026-11-21.json.bak", f"{DAY}.torn"):
        (tmp_path / name).write_text("x")
    assert log.days() == [DAY]
    assert log.verify(log.append(head, [line()], sync=False)).ok


# Readers


def test_a_day_without_a_file_has_no_entries(tmp_path: Path) -> None:
    assert DailyLog(tmp_path).read(DAY) == []


@pytest.mark.parametrize("data", [b"", b"[\n{", b"{}", b"[1]", b"\xff"])
def test_a_damaged_day_is_said_in_plain_words(tmp_path: Path, data: bytes) -> None:
    (tmp_path / f"{DAY}.json").write_bytes(data)
    with pytest.raises(LogError, match="damaged"):
        DailyLog(tmp_path).read(DAY)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_a_pipe_in_place_of_the_file_never_blocks(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / f"{DAY}.json")
    with pytest.raises(LogError, match="ordinary file"):
        DailyLog(tmp_path).read(DAY)
    with pytest.raises(LogError, match="ordinary file"):
        DailyLog(tmp_path).append(GENESIS, [line()], sync=False)
    assert not DailyLog(tmp_path).verify(GENESIS).ok
