"""Whatever a person, an editor and a sync tool do to the folders: once per approval, nothing lost.

A small model of the owner's moves is held against the real executor, journal, log and gates with
the sandbox in this process. Every content carries a token of its own, so that an effect tells which
content it is; the model counts how often the owner put a content into `Approved/`.

- An effect happens only in a round that found its content in `Approved/`.
- A content has at most as many effects as approvals; an action's second attempt needs a new one.
- What a person wrote and did not delete stays in the vault, at worst in its trash.
- At the end nothing hangs, the log is the journal's story and its chain holds.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from core.actions import State
from core.daemon import Daemon
from core.note_names import is_conflict_copy, is_ignored
from mcp_servers.gate import Gate, Role
from mcp_servers.sandbox import Sandbox
from mcp_servers.serve import toolset_of
from tests.crash.ground import DirectRunner, Ground, TickingClock, fast_folder, is_quiet, remove
from tests.crash.invariants import broken
from tests.crash.wishes import INVOICE, POST, Wish

WISHES = {wish.kind: wish for wish in (INVOICE, POST)}
TOKEN = re.compile(r"Tk\d+k")
WHY = re.compile(r"^## (?:Why|Result)", re.MULTILINE)
FOLDERS = ("Approved", "Pending_Approval", "Needs_Review", "Rejected", "Completed", "Private")
TARGETS = ("Approved", "Approved", "Pending_Approval", "Pending_Approval", *FOLDERS[2:])
COPIES = (
    "{stem} 1.md",
    "{stem} 2.md",
    "{stem} (conflicted copy 2026-11-21).md",
    "{stem}.sync-conflict-20261121-093000-ABCDEFG.md",
    "{stem}.md",
)
THEN_S = (None, None, 0.0, 0.5, 2.0, 4.0)
"""How long the person waits after a move, with rounds meanwhile; None: the next comes at once."""
PAUSES_S = (4.0, 20.0, 700.0, 86_400.0 * 1.5, 86_400.0 * 8)
AT_ONCE = 3
"""Few notes, so that several things happen to the same one."""
FAULTS = ("lost_answer", "drop_before", "http_500_after", "auth_expired", "garbage", "http_429")
CHANGES = ("edit", "Pending_Approval", "Rejected", "Completed", "Needs_Review", "Private")
WISHES = {wish.kind: wish for wish in (INVOICE, POST)}
"""One that is read back by its key, and one that is not."""
numbers = st.integers(0, 5)
thens = st.sampled_from(THEN_S)


WRONG_STATES = {
    "Pending_Approval": set(State) - {State.PENDING},
    "Rejected": {State.PENDING, State.APPROVED, State.SENDING},
    "Completed": {State.PENDING, State.APPROVED, State.SENDING},
    "Needs_Review": {State.PENDING, State.APPROVED, State.SENDING},
}


def written(wish: Wish, token: str) -> str:
    return re.sub(r'"Retainer"|We are open & ready', lambda m: m[0].replace("Retainer", token)
                  .replace("We are open & ready", token), wish.note)  # fmt: skip


def asked(wish: Wish, token: str) -> dict[str, Any]:
    if wish is POST:
        return {"text": f"{token}, see https://example.com"}
    lines = [{"description": token, "quantity": "1", "unit_price": "1250.00"}]
    return {**wish.arguments, "lines": lines}


class FolderMachine(RuleBasedStateMachine):
    """Random people and sync tools against the daemon."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = TickingClock()
        self.sandbox = Sandbox(clock=self.clock).__enter__()
        self.ground = Ground(fast_folder("folders"), self.sandbox.url, {"APPROVAL_UNDO_S": "1"})
        self.approvals: Counter[str] = Counter()
        self.kept: set[str] = set()
        self.done: Counter[str] = Counter()
        self.next = 0
        self.failed = False
        self._open()

    def _open(self) -> None:
        self.runner = DirectRunner(self.ground.settings, self.clock)
        self.ws = self.ground.open(self.clock)
        self.daemon = Daemon(self.ws, self.runner)
        self.daemon.start()

    def _close(self) -> None:
        self.runner.close()
        self.ws.journal.close()

    # -- what lies where -------------------------------------------------------------------------

    @property
    def vault(self) -> Path:
        return self.ground.vault

    def files(self) -> list[Path]:
        """Return every note in the reach of a person, those that may run first."""
        found = [p for folder in FOLDERS for p in sorted((self.vault / folder).rglob("*.md"))]
        return [path for path in found if not is_ignored(path.name)]

    def pick(self, number: int) -> Path:
        files = self.files()
        return files[number % len(files)]

    def tokens_in(self, folder: str) -> set[str]:
        return {t for p in (self.vault / folder).glob("*.md") for t in self.tokens(p)}

    def tokens(self, path: Path) -> set[str]:
        """Return the contents that a note would run; what it tells under Why is not one."""
        return set(TOKEN.findall(WHY.split(path.read_text(errors="replace"))[0]))

    def token(self) -> str:
        self.next += 1
        return f"Tk{self.next}k"

    def free(self, folder: str, name: str) -> Path:
        place = self.vault / folder
        place.mkdir(exist_ok=True)
        path, number = place / name, 2
        while path.exists():
            path = place / f"{Path(name).stem} {number}.md"
            number += 1
        return path

    def came_in(self, path: Path, *, copied: bool = False) -> None:
        """Count an approval: the owner has put this content where it runs."""
        if path.parent.name != "Approved":
            return
        for token in self.tokens(path):
            if not copied or not self.approvals[token]:
                self.approvals[token] += 1

    def claim(self, holds: bool, text: str) -> None:
        self.failed = self.failed or not holds
        assert holds, text

    # -- rounds ----------------------------------------------------------------------------------

    def round(self) -> float:
        before, approved = self.sandbox.effects(), self.tokens_in("Approved")
        disputed = self.disputed()
        wait_s = self.daemon.step(look=True, full=True)
        for effect in self.sandbox.effects()[len(before) :]:
            (token,) = set(TOKEN.findall(str(effect["payload"])))
            self.claim(token in approved, f"{token} ran, and did not lie in Approved")
            self.claim(token not in disputed, f"{token} ran beside a note of its id that differs")
            self.done[token] += 1
        return wait_s

    def disputed(self) -> set[str]:
        """Return the contents of ids that say different things in the folders of decision."""
        said: dict[str, set[str]] = {}
        for path, note in self.ground.notes():
            decides = path.parent.name in FOLDERS[:2] and not left_alone(path)
            if decides and (action_id := note.word("action_id")):
                said.setdefault(action_id, set()).update(self.tokens(path))
        return {token for tokens in said.values() if len(tokens) > 1 for token in tokens}

    def then(self, pause_s: float | None) -> None:
        if pause_s is not None:
            self.round()
            self.clock.advance(pause_s)
            self.round()

    @initialize()
    def begin(self) -> None:
        (self.vault / "Private").mkdir(exist_ok=True)
        self.round()

    @rule(pause_s=st.sampled_from(PAUSES_S))
    def time_passes(self, pause_s: float) -> None:
        self.round()
        self.clock.advance(pause_s)
        self.round()
        self.round()

    @rule(crash=st.booleans())
    def restart(self, crash: bool) -> None:
        if not crash:
            self.ws.chronicle.flush()
        self._close()
        self._open()

    @rule(kind=st.sampled_from(sorted(WISHES)), mode=st.sampled_from(FAULTS))
    def service_fails(self, kind: str, mode: str) -> None:
        self.sandbox.fault(WISHES[kind].service, mode, match=kind, seconds=3.0)

    @precondition(lambda self: self.tokens_in("Approved"))
    @rule()
    def pause_or_go_on(self) -> None:
        pause = self.vault / "PAUSE.md"
        if pause.exists():
            pause.unlink()
        else:
            pause.touch()

    # -- proposals -------------------------------------------------------------------------------

    @precondition(lambda self: len(self.files()) < AT_ONCE)
    @rule(kind=st.sampled_from(sorted(WISHES)), then=thens)
    def claude_proposes(self, then: float | None, kind: str) -> None:
        wish, token = WISHES[kind], self.token()
        gate = Gate(self.ws, wish.service, toolset_of(wish.service), Role.PROPOSE)
        answer = gate.call(wish.tool, {**asked(wish, token), "dry_run": False})
        assert answer.data["status"] == "approval_required"
        self.kept.add(token)
        self.then(then)

    @precondition(lambda self: len(self.files()) < AT_ONCE)
    @rule(kind=st.sampled_from(sorted(WISHES)), folder=st.sampled_from(FOLDERS[:2]), then=thens)
    def somebody_writes(self, then: float | None, kind: str, folder: str) -> None:
        wish, token = WISHES[kind], self.token()
        path = self.free(folder, f"Mine {token}.md")
        path.write_text(written(wish, token))
        self.kept.add(token)
        self.came_in(path)
        self.then(then)

    # -- moves -----------------------------------------------------------------------------------

    @precondition(lambda self: self.files())
    @rule(number=numbers, folder=st.sampled_from(TARGETS), then=thens)
    def move(self, then: float | None, number: int, folder: str) -> None:
        path = self.pick(number)
        if path.parent.name == folder:
            return
        target = self.free(folder, path.name)
        path.rename(target)
        self.came_in(target)
        self.then(then)

    @precondition(lambda self: any((self.vault / "Pending_Approval").glob("*.md")))
    @rule(number=numbers, then=thens)
    def approve(self, then: float | None, number: int) -> None:
        waiting = sorted((self.vault / "Pending_Approval").glob("*.md"))
        path = waiting[number % len(waiting)]
        target = self.free("Approved", path.name)
        path.rename(target)
        self.came_in(target)
        self.then(then)

    @precondition(lambda self: self.files())
    @rule(
        number=numbers, folder=st.sampled_from(TARGETS), style=st.sampled_from(COPIES), then=thens
    )
    def copy(self, then: float | None, number: int, folder: str, style: str) -> None:
        """Two files: a person's copy, iCloud that keeps both, a sync tool's conflict."""
        path = self.pick(number)
        target = self.free(folder, style.format(stem=path.stem))
        target.write_bytes(path.read_bytes())
        self.came_in(target, copied=True)
        self.then(then)

    @precondition(lambda self: self.files())
    @rule(number=numbers, then=thens)
    def rename(self, then: float | None, number: int) -> None:
        path = self.pick(number)
        path.rename(self.free(path.relative_to(self.vault).parts[0], f"Renamed {self.token()}.md"))
        self.then(then)

    @precondition(lambda self: self.files())
    @rule(number=numbers, then=thens)
    def delete(self, then: float | None, number: int) -> None:
        path = self.pick(number)
        gone = self.tokens(path)
        path.unlink()
        self.kept -= gone
        self.then(then)

    # -- edits -----------------------------------------------------------------------------------

    @precondition(lambda self: self.files())
    @rule(number=numbers, atomic=st.booleans(), then=thens)
    def edit_content(self, then: float | None, number: int, atomic: bool) -> None:
        """Another content: in place, or as an editor that writes a new file over the old one."""
        path = self.pick(number)
        if len(self.tokens(path)) != 1:
            return
        token = self.token()
        text = TOKEN.sub(token, path.read_text())
        self.kept -= self.tokens(path)
        self._save(path, text, atomic=atomic)
        self.kept.add(token)
        self.came_in(path)
        self.then(then)

    @precondition(lambda self: self.files())
    @rule(
        number=numbers,
        words=st.sampled_from(["\nA remark of mine.\n", "\r\n", "", "\n## Mine\n"]),
        then=thens,
    )
    def edit_words(self, then: float | None, number: int, words: str) -> None:
        """Words beside the payload."""
        path = self.pick(number)
        before, rule_, after = path.read_text().partition("\n---\n")
        if rule_ and not after.startswith("\n## Mine"):
            self._save(path, f"{before}{rule_}{words}{after}", atomic=True)
        self.then(then)

    @precondition(lambda self: self.files())
    @rule(number=numbers, then=thens)
    def edit_property(self, then: float | None, number: int) -> None:
        """A shown fact that disagrees with the payload."""
        path = self.pick(number)
        text = path.read_text()
        self._save(path, text.replace("amount: 1250.00", "amount: 99.00"), atomic=False)
        self.then(then)

    def _save(self, path: Path, text: str, *, atomic: bool) -> None:
        if not atomic:
            path.write_text(text)
            return
        temporary = path.with_name(f".{path.name}.tmp")
        temporary.write_text(text)
        temporary.replace(path)

    @precondition(lambda self: any((self.vault / "Pending_Approval").glob("*.md")))
    @rule(number=numbers, cut=st.integers(1, 9), source_first=st.booleans())
    def half_synced(self, number: int, cut: int, source_first: bool) -> None:
        """A sync tool that brings the new place before, or after, it takes the old one away."""
        waiting = sorted((self.vault / "Pending_Approval").glob("*.md"))
        path = waiting[number % len(waiting)]
        whole, target = path.read_bytes(), self.free("Approved", path.name)
        if source_first:
            path.unlink()
            self.round()
        target.write_bytes(whole[: len(whole) * cut // 10])
        self.round()
        if target.exists():
            target.write_bytes(whole)
            self.came_in(target)
        else:
            self.kept -= set(TOKEN.findall(whole.decode()))
        self.round()
        if not source_first:
            path.unlink(missing_ok=True)

    @precondition(lambda self: any((self.vault / "Pending_Approval").glob("*.md")))
    @rule(number=numbers, change=st.sampled_from(CHANGES))
    def second_thoughts(self, number: int, change: str) -> None:
        """What was approved waits, PAUSE.md being there; meanwhile the owner thinks again."""
        (self.vault / "PAUSE.md").touch()
        self.approve(then=2.0, number=number)
        self.then(2.0)
        approved = sorted((self.vault / "Approved").glob("*.md"))
        for path in approved:
            if change != "edit":
                path.rename(self.free(change, path.name))
            elif len(self.tokens(path)) == 1:
                self.kept -= self.tokens(path)
                path.write_text(TOKEN.sub(self.token(), path.read_text()))
                self.kept |= self.tokens(path)
                self.came_in(path)
        (self.vault / "PAUSE.md").unlink()
        self.then(2.0)
        self.then(2.0)

    # -- what holds always -----------------------------------------------------------------------

    @invariant()
    def at_most_once(self) -> None:
        for token, count in self.done.items():
            self.claim(count <= self.approvals[token], f"{token}: {count} effects, fewer approvals")

    def teardown(self) -> None:
        try:
            if not self.failed:
                self._end()
        finally:
            self._close()
            self.sandbox.__exit__(None, None, None)
            remove(self.ground.root)

    def _end(self) -> None:
        """Leave everything alone for long; then look."""
        (self.vault / "PAUSE.md").unlink(missing_ok=True)
        for _ in range(60):
            wait_s = self.round()
            late = [
                row.retry_at for row in self.ws.journal.in_states(State.APPROVED) if row.retry_at
            ]
            longest = max([(at - self.clock.at).total_seconds() for at in late], default=0.0)
            self.clock.advance(max(wait_s, longest, 0.01))
        self.clock.advance(700)
        self.round()
        self.clock.advance(700)
        self.round()
        assert is_quiet(self.ws), [
            (row.action_id, str(row.state)) for row in self.ws.journal.in_states(*State)
        ]
        self.ws.chronicle.flush()
        stuck = [p.name for p in (self.vault / "Approved").glob("*.md") if not left_alone(p)]
        assert not stuck, f"left in Approved: {stuck}"
        everything = "".join(p.read_text(errors="replace") for p in self.vault.rglob("*.md"))
        lost = self.kept - set(TOKEN.findall(everything))
        assert not lost, f"lost: {lost}"
        for path, note in self.ground.notes():
            row = self.ws.journal.get(note.word("action_id") or "")
            if row is None or left_alone(path):
                continue
            if path.parent.name == "Pending_Approval" or len(self.ground.where(row.action_id)) == 1:
                wrong = WRONG_STATES.get(path.parent.name, ())
                assert row.state not in wrong, f"{row.action_id} lies in {path}: {row.state}"
        problems = [
            problem
            for problem in broken(self.ground, self.sandbox.effects(), grants=99)
            if not problem.startswith("I2")  # people copy and delete as they like
        ]
        assert not problems, problems


def left_alone(path: Path) -> bool:
    return is_conflict_copy(path.name) or is_ignored(path.name)


FolderMachine.TestCase.settings = settings(
    max_examples=int(os.environ.get("FOLDER_MACHINE_EXAMPLES", "45")),
    stateful_step_count=int(os.environ.get("FOLDER_MACHINE_STEPS", "20")),
    derandomize="FOLDER_MACHINE_EXAMPLES" not in os.environ,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=set(Phase)
    - ({Phase.shrink, Phase.explain} if "FOLDER_MACHINE_SHRINK" not in os.environ else set()),
    report_multiple_bugs="FOLDER_MACHINE_EXAMPLES" in os.environ,
)
TestFolderMachine = FolderMachine.TestCase


# -- what the machine found, told once more --------------------------------------------------------


@contextmanager
def machine() -> Iterator[FolderMachine]:
    """Yield a machine to be driven by hand; its end checks what holds at every end."""
    made = FolderMachine()
    made.begin()
    try:
        yield made
    except BaseException:
        made.failed = True
        raise
    finally:
        made.teardown()


def states(made: FolderMachine) -> list[State]:
    return [row.state for row in made.ws.journal.in_states(*State)]


def test_two_notes_of_an_expired_action_do_not_wander() -> None:
    with machine() as made:
        made.claude_proposes(None, "twitter.create_post")
        made.time_passes(86_400.0 * 8)
        assert states(made) == [State.EXPIRED]
        made.rename(None, 0)
        made.copy(4.0, 0, "Pending_Approval", "{stem} 1.md")
        for _ in range(5):
            made.then(4.0)
        assert [path.parent.name for path in made.files()] == ["Rejected"]


def test_an_approval_that_waits_is_withdrawn_when_its_note_is_put_away() -> None:
    with machine() as made:
        made.claude_proposes(None, "odoo.create_invoice")
        made.second_thoughts(0, "Completed")
        made.time_passes(700.0)
        assert states(made) == [State.WITHDRAWN]
        assert not made.done


def test_an_approval_edited_while_it_waits_runs_as_it_says_now() -> None:
    with machine() as made:
        made.claude_proposes(None, "twitter.create_post")
        made.second_thoughts(0, "edit")
        made.time_passes(20.0)
        assert made.done == {"Tk2k": 1}
