"""Plan notes: `core/plans.py`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core import approvals, notes, plans, tasks
from core.actions import State
from core.approvals import Request
from core.plans import Plan, Step
from core.records import Ask, Row, Source
from core.vault import Folder
from core.workspace import Workspace
from utils.audit_log import Actor
from utils.durable import listening
from utils.errors import NoteError


def front(path: Path) -> dict[str, object]:
    return dict(notes.parse(path.read_bytes()).front)


@pytest.fixture
def action(ws: Workspace, row: Callable[..., Row]) -> Row:
    made = row()
    ws.journal.register(made)
    return made


def plan_of(*steps: Step, source: str | None = None, key: str = "k") -> Plan:
    return Plan(key, "Winter campaign", "The offer is out", steps, source)


def end(ws: Workspace, state: State) -> None:
    assert ws.journal.transition("APR-20261121-001", {State.PENDING}, state)


def test_a_plan_shows_goal_steps_and_progress(ws: Workspace, action: Row) -> None:
    path = plans.create(ws, plan_of(Step("Write the text"), Step("Decide", action.action_id)))
    assert path.name == "PLAN-20261121-001 Winter campaign.md"
    assert front(path) == {
        "type": "plan",
        "id": "PLAN-20261121-001",
        "status": "open",
        "goal": "The offer is out",
        "source": "",
        "progress": 0,
        "created": "2026-11-21T12:00:00",
        "tags": ["plan"],
    }
    text = path.read_text()
    assert "## Steps\n\n- [ ] Write the text\n- [ ] Decide: [[APR-20261121-001 Invoice]]\n" in text


def test_making_it_twice_makes_it_once(ws: Workspace) -> None:
    one = plans.create(ws, plan_of(Step("a")))
    assert plans.create(ws, plan_of(Step("a"))) == one
    assert len(list(one.parent.glob("PLAN*"))) == 1


class CrashError(BaseException):
    """The program ends here."""


def test_a_crash_at_any_moment_leaves_one_plan_in_the_end(ws: Workspace) -> None:
    for number in range(30):
        seen = 0

        def crash(_phase: str, _name: str, stop: int = number) -> None:
            nonlocal seen
            seen += 1
            if seen > stop:
                raise CrashError

        key = f"key {number}"
        try:
            with listening(crash):
                plans.create(ws, plan_of(Step("a"), key=key))
        except CrashError:
            pass
        path = plans.create(ws, plan_of(Step("a"), key=key))
        plan_id = front(path)["id"]
        assert plans.known(ws, key) == plan_id
        assert [p.name for p in path.parent.glob(f"{plan_id} *")] == [path.name]
        if seen <= number:
            return
    raise AssertionError("the crashes never came to an end")


def test_a_step_about_nothing_known_is_refused(ws: Workspace) -> None:
    with pytest.raises(NoteError, match="nobody knows"):
        plans.create(ws, plan_of(Step("Decide", "APR-20261121-009")))
    assert not list(ws.vault.folder(Folder.PLANS).glob("PLAN*"))


@pytest.mark.parametrize(
    ("state", "line", "progress"),
    [
        (State.PENDING, "- [ ] Decide: [[APR-20261121-001 Invoice]]", 0),
        (State.APPROVED, "- [ ] Decide: [[APR-20261121-001 Invoice]]", 0),
        (State.UNKNOWN, "- [ ] Decide: [[APR-20261121-001 Invoice]]", 0),
        (State.DONE, "- [x] Decide: [[APR-20261121-001 Invoice]]", 50),
        (
            State.DRY_RUN_COMPLETED,
            "- [x] Decide: [[APR-20261121-001 Invoice]] (dry run: nothing was sent)",
            50,
        ),
        (
            State.REJECTED,
            "- [ ] Decide: [[APR-20261121-001 Invoice]] (rejected, not done)",
            0,
        ),
    ],
)
def test_a_step_is_ticked_when_its_action_is_done_and_only_then(
    ws: Workspace, action: Row, state: State, line: str, progress: int
) -> None:
    path = plans.create(ws, plan_of(Step("Decide", action.action_id), Step("Rest")))
    end(ws, state)
    plans.follow(ws)
    plans.follow(ws)
    assert path.read_text().split("## Steps\n\n")[1] == f"{line}\n- [ ] Rest\n"
    assert front(path)["progress"] == progress


def test_a_settled_question_ticks_its_step(ws: Workspace) -> None:
    ws.journal.add_ask(Ask("ASK-20261121-001", "key", {}, [], "ASK-20261121-001 Which.md"))
    path = plans.create(ws, plan_of(Step("Answer", "ASK-20261121-001"), Step("Rest")))
    plans.follow(ws)
    assert "- [ ] Answer: [[ASK-20261121-001 Which]]" in path.read_text()
    ws.journal.close_ask("ASK-20261121-001", "answered")
    plans.follow(ws)
    assert "- [x] Answer: [[ASK-20261121-001 Which]]" in path.read_text()


def test_the_owners_words_ticks_and_line_ends_survive(ws: Workspace, action: Row) -> None:
    steps = Step("Decide", action.action_id), Step("Call Dana"), Step("c")
    path = plans.create(ws, plan_of(*steps))
    text = path.read_text().replace("- [ ] Call Dana\n", "- [X] Call Dana (she said yes)\n  so!\n")
    text = text.replace("type:", "mood: good # really\ntype:").replace(
        "## Steps", "My words\n\n## Steps"
    )
    text += "\n## Mine\n\n- [ ] about APR-20261121-001 as well\n"
    text += "\n```\n## Steps\n- [ ] APR-20261121-001\n```\n"
    path.write_bytes(text.replace("\n", "\r\n").encode())
    end(ws, State.DONE)
    plans.follow(ws)
    after = path.read_bytes().decode()
    wanted = text.replace("- [ ] Decide", "- [x] Decide").replace("progress: 0", "progress: 66")
    assert after == wanted.replace("\n", "\r\n")


def test_a_plan_rewritten_by_obsidian_goes_on(ws: Workspace, action: Row) -> None:
    """One edit of a property unquotes the others and drops comments."""
    path = plans.create(ws, plan_of(Step("Decide", action.action_id), Step("Rest")))
    path.write_text(path.read_text().replace('"', "").replace("tags: [plan]", "tags:\n  - plan"))
    end(ws, State.DONE)
    plans.follow(ws)
    assert front(path)["progress"] == 50
    assert front(path)["tags"] == ["plan"]


def test_a_note_that_does_not_change_is_not_written(ws: Workspace, action: Row) -> None:
    path = plans.create(ws, plan_of(Step("Decide", action.action_id)))
    before = path.stat().st_ino
    plans.follow(ws)
    assert path.stat().st_ino == before


def task(ws: Workspace) -> Source:
    return tasks.drop(ws, tasks.Dropped("t", "file", "a", "Offer", ws.clock.now(), ""))


@pytest.mark.parametrize(
    ("folder", "status"), [(Folder.COMPLETED, "open"), (Folder.REJECTED, "dropped")]
)
def test_a_plan_goes_where_its_task_has_gone(ws: Workspace, folder: Folder, status: str) -> None:
    name = task(ws).name or ""
    path = plans.create(ws, plan_of(Step("a"), source=name.removesuffix(".md")))
    plans.follow(ws)
    assert path.exists()
    ws.vault.move(ws.vault.folder(Folder.NEEDS_ACTION) / name, ws.vault.folder(folder))
    plans.follow(ws)
    assert not path.exists()
    filed = ws.vault.completed_folder("2026-11") / path.name
    assert front(filed)["status"] == status
    assert plans.find(ws, "PLAN-20261121-001") == filed


def test_a_plan_without_a_task_is_filed_when_it_is_done(ws: Workspace) -> None:
    path = plans.create(ws, plan_of(Step("a"), Step("b")))
    plans.update(ws, "PLAN-20261121-001", done=[1])
    plans.follow(ws)
    assert path.exists()
    plans.update(ws, "PLAN-20261121-001", done=[2])
    plans.follow(ws)
    assert front(ws.vault.completed_folder("2026-11") / path.name)["progress"] == 100


def test_steps_are_added_below_and_never_twice(ws: Workspace, action: Row) -> None:
    path = plans.create(ws, plan_of(Step("a")))
    for _ in range(2):
        plans.update(ws, "PLAN-20261121-001", add=[Step("Decide", action.action_id)])
    assert path.read_text().endswith("- [ ] a\n- [ ] Decide: [[APR-20261121-001 Invoice]]\n")


@pytest.mark.parametrize("step", [0, 2])
def test_a_step_that_is_not_there_cannot_be_ticked(ws: Workspace, step: int) -> None:
    plans.create(ws, plan_of(Step("a")))
    with pytest.raises(NoteError, match="has no step"):
        plans.update(ws, "PLAN-20261121-001", done=[step])


def test_a_plan_that_cannot_be_read_stops_no_other(ws: Workspace, action: Row) -> None:
    path = plans.create(ws, plan_of(Step("Decide", action.action_id), Step("Rest")))
    (path.parent / "A broken.md").write_text("---\na: 1\na: 2\n---\n## Steps\n")
    end(ws, State.DONE)
    plans.follow(ws)
    assert front(path)["progress"] == 50


def test_words_from_outside_are_inert(ws: Workspace) -> None:
    path = plans.create(ws, plan_of(Step("x [[Approved/y]] <img> #tag")))
    assert "- [ ] x Approved/y img tag\n" in path.read_text()


def test_a_proposed_action_can_be_a_step(ws: Workspace, invoice: dict[str, Any]) -> None:
    row, path = approvals.propose(ws, Request("odoo.create_invoice", invoice, Actor.CLAUDE))
    made = plans.create(ws, plan_of(Step("Decide", row.action_id)))
    assert f"[[{path.stem}]]" in made.read_text()


@pytest.mark.parametrize("place", range(10, 18))
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_the_owners_words_in_a_plan_stay_wherever_they_are(
    ws: Workspace, action: Row, place: int, newline: str, mark: str
) -> None:
    path = plans.create(ws, plan_of(Step("Write the text"), Step("Decide", action.action_id)))
    at = path.read_text().split("\n")
    at.insert(place, "MY WORDS - [ ] not a step of yours")
    path.write_bytes((mark + newline.join(at)).encode())
    before = path.read_bytes().decode().splitlines()
    end(ws, State.REJECTED)
    plans.follow(ws)
    after = path.read_bytes().decode().splitlines()
    changed = [(a, b) for a, b in zip(before, after, strict=True) if a != b]
    assert [a for a, _ in changed] == ["- [ ] Decide: [[APR-20261121-001 Invoice]]"]
    assert path.read_bytes().count(b"\n") == path.read_bytes().count(newline.encode())
    assert "MY WORDS - [ ] not a step of yours" in after
