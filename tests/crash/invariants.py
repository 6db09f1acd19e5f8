"""What must hold after every death: the invariants of `facts/guarantees.md` B3."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from core import notes
from core.actions import State, key_of, payload_of
from core.records import TERMINAL, Row
from core.workspace import Workspace
from mcp_servers.catalog import ACTIONS
from tests.crash.ground import Ground, clock_after, files_below
from tests.crash.sandbox_process import Effect
from tests.crash.wishes import SEVERAL, WISHES
from utils.files import TEMP_PREFIX

PAGES = ("Dashboard.md", "Activity/")
"""Written anew once things have settled, at most once a minute and at the next start."""
Story = Sequence[dict[str, Any]]
_PLACE = {
    State.PENDING: ("Pending_Approval", {"approval_required", "autonomous"}),
    State.DONE: ("Completed/", {"completed"}),
    State.DRY_RUN_COMPLETED: ("Completed/", {"dry_run_completed"}),
    State.NOT_SENT: ("Needs_Review", {"failed"}),
    State.REFUSED: ("Needs_Review", {"failed", "refused"}),
    State.UNKNOWN: ("Needs_Review", {"in_doubt"}),
    State.REJECTED: ("Rejected", {"rejected"}),
    State.EXPIRED: ("Rejected", {"expired"}),
}
_CERTAIN = {State.DONE: 1, State.NOT_SENT: 0, State.REFUSED: 0, State.REJECTED: 0, State.EXPIRED: 0}


@dataclass
class Made:
    """What one action did at the sandbox: the act itself, and the invisible step before it."""

    acts: list[Effect] = field(default_factory=list)
    steps: list[Effect] = field(default_factory=list)


def attributed(rows: Sequence[Row], effects: Sequence[Effect]) -> dict[str, Made]:
    """Return what each action did: found by our key, by the service's id, by what it shows."""
    made = {row.action_id: Made() for row in rows}
    tried = [row for row in rows if row.attempt > 0 and row.kind in WISHES]
    by_key = {key_of(row.action_id): row for row in tried}
    for effect in effects:
        kind = effect["kind"]
        row = by_key.get(effect["key"])
        if row is None and not effect["key"]:
            row = next((r for r in tried if acts_as(r) == kind and shows(effect, r)), None)
        if row is not None and acts_as(row) == kind:
            made[row.action_id].acts.append(effect)
        elif row is not None and WISHES[row.kind].staged == kind:
            made[row.action_id].steps.append(effect)
    return made


def acts_as(row: Row) -> str:
    """Return the kind of an action's effects."""
    return WISHES[row.kind].acts_as


def shows(effect: Effect, row: Row) -> bool:
    """Return whether an effect is what an action asked for."""
    wish = WISHES[row.kind]
    approved = payload_of(ACTIONS[row.kind], row.payload)
    return bool(wish.sent(effect["payload"]) == wish.wanted(approved))


def broken(
    ground: Ground, effects: Sequence[Effect], *, grants: int = 1, leftovers: bool = True
) -> list[str]:
    """Return every invariant of `facts/guarantees.md` B3 that does not hold, in words.

    Args:
        ground: the vault, with no daemon running.
        effects: what happened at the sandbox.
        grants: how many times the owner approved each action.
        leftovers: whether a temporary file is a fault; a young one is not.
    """
    ws = ground.open(clock_after(100))
    try:
        rows = ws.journal.in_states(*State)
        made = attributed(rows, effects)
        found = [p for r in rows for p in _of_row(ground, ws, r, made[r.action_id], grants)]
        found += _of_effects(made, effects) + _of_log(ws)
        found += _of_leftovers(ground) if leftovers else []
    finally:
        ws.journal.close()
    return found


def _of_row(ground: Ground, ws: Workspace, row: Row, made: Made, grants: int) -> Iterator[str]:
    name = f"{row.action_id} ({row.state})"
    story = [told.fields for told in ws.journal.story(row.action_id)]
    if row.kind == SEVERAL.kind:
        yield from (f"I1 {name}: {text}" for text in _of_parts(ws, row))
    else:
        yield from _of_effects_of(name, row, story, made, grants)
    if not row.parent_id:
        tries = max(row.attempt, sum(told["event"] == "outcome" for told in story))
        yield from (f"I2 {name}: {text}" for text in _misplaced(ground, row, tries))
    yield from (f"I5 {name}: {text}" for text in _badly_told(story))
    if row.state is State.SENDING or (row.state in TERMINAL and row.filed_at is None):
        yield f"I7 {name}: is left without a word to the owner"


def _of_effects_of(name: str, row: Row, story: Story, made: Made, grants: int) -> Iterator[str]:
    sendings = [told for told in story if told["event"] == "sending"]
    mine, whole = made.acts, WISHES[row.kind].effects
    if len(mine) > grants * whole:
        yield f"I1 {name}: {len(mine)} effects for {grants} approvals"
    by_word = any((t["event"], t["actor"]) == ("reconciled", "owner") for t in story)
    certain = _CERTAIN.get(row.state, 0) * whole
    if len(mine) < certain and row.mode.acts and not by_word:
        yield f"I1 {name}: says done, the service has nothing"
    if row.state in _CERTAIN and len(mine) > certain and grants == 1:
        yield f"I1 {name}: says not done, the service has it"
    for effects in (mine, made.steps):
        if len(effects) > len(sendings) * whole:
            yield f"I3 {name}: {len(effects)} effects, {len(sendings)} `sending` entries"
    other = [effect for effect in (*mine, *made.steps) if not shows(effect, row)]
    yield from (f"I4 {name}: did {effect}, approved {row.payload}" for effect in other)


def _of_parts(ws: Workspace, row: Row) -> Iterator[str]:
    """Yield what is wrong between a post to several networks and its posts."""
    states = [part.state for part in ws.journal.parts_of(row.action_id)]
    if row.state in {State.PENDING, State.EXPIRED, State.REFUSED}:
        return  # what was asked once more may have begun before
    if len(states) != len(row.payload["channels"]):
        yield f"has the parts {states}"
    all_done = all(state is State.DONE for state in states)
    in_doubt = State.UNKNOWN in states
    said = {State.DONE: all_done, State.UNKNOWN: in_doubt, State.NOT_SENT: not in_doubt}
    if not said.get(row.state, True) or (all_done and row.state is not State.DONE):
        yield f"its parts are {states}"


def _misplaced(ground: Ground, row: Row, tries: int) -> Iterator[str]:
    places = ground.where(row.action_id)
    if row.state is State.WITHDRAWN:
        return
    if len(places) != 1:
        yield f"lies in {len(places)} places: {[str(p.relative_to(ground.vault)) for p in places]}"
        return
    if row.state not in _PLACE:
        yield f"is {row.state} at the end"
        return
    folder, labels = _PLACE[row.state]
    where = places[0].relative_to(ground.vault).as_posix()
    note = notes.parse(places[0].read_bytes())
    label = note.word("status") or note.word("tier")
    if not where.startswith(folder) or label not in labels:
        yield f"lies in {where} as {label}"
    results = note.section(notes.RESULT)
    if row.state is State.PENDING:
        return
    if results is None:
        yield "has no Result"
    elif sum(line.startswith("- Status: ") for line in results.lines) > max(1, tries):
        yield "has its Result twice"
    if places[0].name != row.note:
        yield f"is called {places[0].name}, the journal says {row.note}"


def _badly_told(story: Story) -> Iterator[str]:
    outcomes = Counter(told.get("attempt") for told in story if told["event"] == "outcome")
    sendings = Counter(told.get("attempt") for told in story if told["event"] == "sending")
    for attempt, count in (outcomes + Counter()).items():
        if attempt is not None and count > 1:
            yield f"{count} outcomes of attempt {attempt}"
    for attempt, count in sendings.items():
        if count > 1:
            yield f"attempt {attempt} began {count} times"
    said = Counter(told["event"] for told in story)
    if said["missed"] > said["approved"]:
        yield f"missed {said['missed']} times after {said['approved']} approvals"
    free, last = 0, None
    for told in story:
        if told["event"] == "approved":
            free = 1
        elif told["event"] == "outcome":
            last = told.get("result")
        elif told["event"] == "sending":
            if not free and last != "not_sent":
                yield f"attempt {told.get('attempt')} began after {last} without a new approval"
            free, last = 0, None


def _of_effects(made: dict[str, Made], effects: Sequence[Effect]) -> list[str]:
    known = {e["seq"] for one in made.values() for e in (*one.acts, *one.steps)}
    ours = [effect for effect in effects if effect["kind"] in ACTIONS]
    return [f"I3 an effect of nobody: {e}" for e in ours if e["seq"] not in known]


def _of_log(ws: Workspace) -> list[str]:
    verdict = ws.chronicle.verify(None)
    found = [] if verdict.ok else [f"I5 the chain is broken: {verdict.first_bad}"]
    lines = [entry for day in ws.chronicle.days() for entry in ws.chronicle.entries(day)]
    marks = Counter(
        (e["timestamp"], e["event"], e["action_id"], e["attempt"], e["target"]) for e in lines
    )
    found += [f"I5 logged {count} times: {mark}" for mark, count in marks.items() if count > 1]
    untold = len(ws.journal.untold())
    with sqlite3.connect(ws.paths.journal) as connection:
        (told,) = connection.execute("SELECT count(*) FROM story").fetchone()
    connection.close()
    if untold or told != len(lines):
        found.append(f"I5 the journal tells {told} things, {untold} unlogged; {len(lines)} logged")
    return found


def _of_leftovers(ground: Ground) -> list[str]:
    return [
        f"left over: {name}"
        for name, p in files_below(ground.root)
        if p.name.startswith(TEMP_PREFIX)
    ]


def snapshot(ground: Ground, effects: Sequence[Effect]) -> dict[str, object]:
    """Return everything that a second recovery must leave as it is."""
    ws = ground.open(clock_after(100))
    try:
        rows = {row.action_id: row for row in ws.journal.in_states(*State)}
        stories = {action_id: len(ws.journal.story(action_id)) for action_id in rows}
    finally:
        ws.journal.close()
    texts = {
        name: path.read_bytes()
        for name, path in files_below(ground.vault)
        if path.suffix == ".md" and not name.startswith(PAGES)
    }
    return {"rows": rows, "stories": stories, "notes": texts, "effects": list(effects)}


def changed(before: dict[str, object], after: dict[str, object]) -> list[str]:
    """Return the names of what differs between two snapshots; of the notes, which ones."""
    return [
        f"{name}/{note}" if note else name
        for name, old in before.items()
        if old != after[name]
        for note in (_differing(old, after[name]) or [""])
    ]


def _differing(old: object, new: object) -> list[str]:
    if not isinstance(old, dict) or not isinstance(new, dict):
        return []
    return sorted(str(name) for name in {*old, *new} if old.get(name) != new.get(name))
