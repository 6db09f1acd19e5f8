"""Whatever is put into the daily log comes back, chained; whatever is done to it is found."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from utils.audit_log import FIELDS, GENESIS, Actor, Approval, DailyLog, Event, Head, Line

DAYS = ["2026-11-20", "2026-11-21", "2026-11-22", "2026-12-01"]
any_text = st.text(st.characters(exclude_categories=[]), max_size=40)
clean_text = st.text(max_size=40)


def values(text: st.SearchStrategy[str]) -> st.SearchStrategy[object]:
    plain = st.none() | st.booleans() | st.integers() | text
    numbers = st.floats(allow_nan=False, allow_infinity=False)
    return st.recursive(
        plain | numbers,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
        max_leaves=8,
    )


def lines(text: st.SearchStrategy[str]) -> st.SearchStrategy[Line]:
    fields = st.fixed_dictionaries(
        {"event": st.sampled_from(list(Event))},
        optional={
            "timestamp": st.just("2026-11-21T09:30:00Z"),
            "actor": st.sampled_from(list(Actor)),
            "approval_status": st.sampled_from(list(Approval)),
            "target": text,
            "parameters": values(text),
            "result": values(text),
            "error": text,
        },
    )
    return st.builds(Line, st.sampled_from(DAYS), fields)


@given(st.lists(st.lists(lines(clean_text), min_size=1, max_size=3), min_size=1, max_size=3))
@settings(max_examples=60)
def test_entries_come_back_as_they_were_given(batches: list[list[Line]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        log, head, given_lines = DailyLog(Path(name)), GENESIS, []
        for batch in batches:
            head = log.append(head, batch, sync=False)
            given_lines += batch
        entries = [entry for day in log.days() for entry in log.read(day)]
        assert [
            {key: entry[key] for key in line.fields}
            for entry, line in zip(entries, given_lines, strict=True)
        ] == [json.loads(json.dumps(line.fields)) for line in given_lines]
        assert [entry["seq"] for entry in entries] == list(range(1, len(entries) + 1))
        assert all(tuple(entry) == FIELDS for entry in entries)
        assert log.verify(head).entries_checked == len(entries)
        assert log.verify(head).ok
        assert list(log.tail_after(GENESIS).entries) == entries


@given(st.lists(lines(any_text), min_size=1, max_size=3))
@settings(max_examples=60)
def test_any_text_at_all_makes_a_sound_log(batch: list[Line]) -> None:
    with tempfile.TemporaryDirectory() as name:
        log = DailyLog(Path(name))
        head = log.append(GENESIS, batch, sync=False)
        assert log.verify(head).ok
        for day in log.days():
            data = (Path(name) / f"{day}.json").read_bytes()
            assert data.count(b"\n") == len(json.loads(data)) + 2


@given(st.data())
@settings(max_examples=150)
def test_any_edit_is_found(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as name:
        log = DailyLog(Path(name))
        batch = [Line("2026-11-21", {"event": "called", "target": f"é{n}"}) for n in range(3)]
        head = log.append(GENESIS, batch, sync=False)
        path = Path(name) / "2026-11-21.json"
        before = path.read_bytes()
        start = data.draw(st.integers(0, len(before)))
        end = data.draw(st.integers(start, min(len(before), start + 700)))
        new = data.draw(st.binary(max_size=8))
        after = before[:start] + new + before[end:]
        path.write_bytes(after)
        assert log.verify(head).ok == (after == before)


class LogOverTime(RuleBasedStateMachine):
    """Appends, lost heads, torn tails and restarts in any order leave one sound chain."""

    def __init__(self) -> None:
        super().__init__()
        self.home = tempfile.TemporaryDirectory()
        self.folder = Path(self.home.name)
        self.head = GENESIS
        self.written = 0

    @initialize()
    def open(self) -> None:
        self.log = DailyLog(self.folder)

    @rule(days=st.lists(st.sampled_from(DAYS), min_size=1, max_size=3), sync=st.booleans())
    def append(self, days: list[str], sync: bool) -> None:
        batch = [Line(day, {"event": "called"}) for day in days]
        self.head = self.log.append(self.head, batch, sync=sync)
        self.written += len(batch)

    @rule(day=st.sampled_from(DAYS))
    def append_without_storing_the_head_then_restart(self, day: str) -> None:
        before = self.head
        self.log.append(before, [Line(day, {"event": "called"})], sync=False)
        self.restart(before, found=1)

    @rule(day=st.sampled_from(DAYS), torn=st.integers(4, 200))
    def append_torn_then_restart(self, day: str, torn: int) -> None:
        before = self.head
        end = self.log.append(before, [Line(day, {"event": "called"})], sync=False)
        path = self.folder / f"{end.day}.json"
        path.write_bytes(path.read_bytes()[:-torn])
        self.restart(before, found=0)

    def restart(self, before: Head, found: int) -> None:
        self.log = DailyLog(self.folder)
        tail = self.log.tail_after(before)
        assert (tail.cut, tail.broken, len(tail.entries)) == (False, None, found)
        self.head = tail.end
        self.written += found

    @invariant()
    def the_chain_is_sound(self) -> None:
        verdict = DailyLog(self.folder).verify(self.head)
        assert verdict.ok
        assert verdict.entries_checked == self.written == self.head.seq

    def teardown(self) -> None:
        self.home.cleanup()


LogOverTime.TestCase.settings = settings(max_examples=25, stateful_step_count=12, deadline=None)
TestLogOverTime = LogOverTime.TestCase
