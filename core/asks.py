"""Clarification notes: what only the owner can tell, asked with tick boxes, answered by a tick.

Rules: nothing is guessed, so what is unclear is asked once, in one note; exactly one tick (or one
written line) answers a question; own words are offered where they can be read, and what cannot be
read is asked about again; an answer goes on as a request, and a request is still only ever a
proposal.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from core import frontmatter, notes
from core.inspection import QUIET_S
from core.note_names import note_name
from core.records import ASSISTANT_ASKS, Ask, Entry, Source
from core.strict_yaml import Plain
from core.vault import Folder
from utils.audit_log import Actor, Event
from utils.clock import local_day, show
from utils.errors import ChangedError, NoteError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.inspection import Inspector
    from core.vault import NoteFile
    from core.workspace import Workspace

PREFIX = "ASK"
OTHER = "Something else (write it behind this)"
NEVER = "Leave it: I see to this myself"
OWN_WORDS = "What you write behind “Something else” is asked about again if it cannot be read."
_BOX = re.compile(r"\s*[-*] \[(.)\] (.*)$")


@dataclass(frozen=True)
class Query:
    """One question.

    Args:
        key: what it is about.
        text: the question.
        reason: why it is asked.
        choices: possible answers, as they stand beside the tick boxes.
        sender: the mail address that may tell the answer, "" where none does.
        own_words: whether other words than the choices can be an answer.
    """

    key: str
    text: str
    reason: str
    choices: tuple[str, ...] = ()
    sender: str = ""
    own_words: bool = True


@dataclass(frozen=True)
class Answer:
    """What the owner said to all questions of a note.

    Args:
        replies: by question key, a choice's words or the owner's own.
        left: whether the owner sees to it without us.
    """

    replies: dict[str, str]
    left: bool = False


@dataclass(frozen=True)
class Unclear:
    """A request that cannot be proposed before the owner has answered.

    Args:
        evidence: the words that it is about, shown quoted.
        queries: what is not known.
        kind: the action that it will be, "" where that is not known either.
    """

    evidence: str
    queries: Sequence[Query]
    kind: str = ""


def ask(
    ws: Workspace, source: Source, unclear: Unclear, replies: Mapping[str, str] | None = None
) -> Ask:
    """Write a clarification note.

    Args:
        ws: the vault and its records.
        source: what came in.
        unclear: what is not known.
        replies: what the owner has answered already.
    """
    about = (source.name or source.note_id).removesuffix(".md")
    unclear = replace(unclear, queries=[_again(each, replies or {}) for each in unclear.queries])
    lead = f"I need {_count(unclear.queries)} before I can go on"
    made = _minted(ws, source.key, f"Question about {about}", unclear, replies or {})
    more = OWN_WORDS if any(query.own_words for query in unclear.queries) else ""
    _write(ws, made, about, _body(unclear, lead, more), Actor.DAEMON)
    return made


def _again(query: Query, replies: Mapping[str, str]) -> Query:
    """Return a question that says which answer to it could not be read."""
    reply = notes.inline(replies.get(query.key, ""), 80)
    if not reply or reply in query.reason:
        return query
    return replace(query, reason=f"“{reply}” could not be read. {query.reason}")


def ask_for_assistant(ws: Workspace, query: Query, context: str, about: str | None) -> Ask:
    """Write a question of an assistant's, which reads the answer by itself.

    Args:
        ws: the vault and its records.
        query: the question.
        context: what it is about, shown quoted; "" for nothing.
        about: the task note that it belongs to, as a name without `.md`.
    """
    unclear = Unclear(context, [query])
    made = _minted(ws, ASSISTANT_ASKS, query.text, unclear, {})
    _write(ws, made, about, _body(unclear, "The assistant asks you something"), Actor.CLAUDE)
    return made


def _minted(
    ws: Workspace, key: str, title: str, unclear: Unclear, replies: Mapping[str, str]
) -> Ask:
    ask_id = ws.journal.mint(PREFIX, local_day(ws.clock, ws.clock.now()))
    questions = [
        {
            "key": query.key,
            "text": notes.inline(query.text, 300),
            "choices": [notes.inline(choice, 200) for choice in query.choices],
        }
        for query in unclear.queries
    ]
    made = Ask(ask_id, key, dict(replies), questions, note_name(ask_id, title))
    ws.journal.add_ask(made)
    return made


def _write(ws: Workspace, made: Ask, about: str | None, body: str, actor: Actor) -> None:
    front = {
        "type": "ask",
        "id": made.ask_id,
        **({"about": notes.link(about)} if about else {}),
        "created": Plain(show(ws.clock, ws.clock.now())),
        "tags": ["ask"],
    }
    text = frontmatter.compose(front) + body
    path = ws.vault.create(ws.vault.folder(Folder.NEEDS_ACTION), made.name, text)
    ws.chronicle.record(
        Entry(
            Event.PROPOSED,
            actor,
            action="ask.create",
            target=ws.vault.relative(path),
            parameters={"questions": [question["key"] for question in made.questions]},
            correlation_id=made.ask_id,
        )
    )


def _count(queries: Sequence[Query]) -> str:
    return "one answer" if len(queries) == 1 else f"{len(queries)} answers"


def _body(unclear: Unclear, lead: str, more: str = "") -> str:
    lines = [
        f"> [!question] {lead}",
        "> Tick one box under each question. Nothing has been sent, and nothing is guessed.",
        "> If you leave it open, nothing happens.",
    ]
    lines += [f"> {more}"] * bool(more)
    lines.append("")
    for query in unclear.queries:
        lines += [f"### {notes.inline(query.text, 300)}", "", notes.inline(query.reason, 300), ""]
        lines += [f"- [ ] {notes.inline(choice, 200)}" for choice in query.choices]
        lines += [f"- [ ] {OTHER}: "] * query.own_words
        lines += [f"- [ ] {NEVER}", ""]
    if unclear.evidence:
        lines += ["> [!quote]- What it is about (untrusted)", notes.quoted(unclear.evidence), ""]
    return "\n".join(lines)


def answer_in(stored: Ask, text: str) -> Answer | None:
    """Return the owner's answers, None while a question is open.

    Raises:
        NoteError: two boxes are ticked under one question, or "something else" says nothing.
    """
    ticked = _ticks(text, stored)
    if any(NEVER in ticks for ticks in ticked):
        return Answer({}, left=True)
    replies: dict[str, str] = {}
    for question, ticks in zip(stored.questions, ticked, strict=True):
        if not ticks:
            return None
        if len(ticks) > 1:
            raise NoteError(f"has two boxes ticked under “{question['text']}”; tick one")
        replies[str(question["key"])] = _reply(question, ticks[0])
    return Answer(replies)


def _ticks(text: str, stored: Ask) -> list[list[str]]:
    """Return the ticked labels under each question, in the order of the questions."""
    found: list[list[str]] = [[] for _ in stored.questions]
    headings = {f"### {q['text']}": n for n, q in enumerate(stored.questions)}
    now: int | None = None
    for line in text.splitlines():
        if line.startswith("### "):
            now = headings.get(line.rstrip())
        elif line.startswith(">"):
            now = None  # quoted words are never an answer
        elif now is not None and (box := _BOX.match(line)) and box[1] != " ":
            found[now].append(box[2].strip())
    return found


def _reply(question: Mapping[str, Any], label: str) -> str:
    """Return a choice's words, or what the owner wrote."""
    if label in question["choices"]:
        return label
    written = label.removeprefix(OTHER).lstrip(": ").strip()
    if not written:
        raise NoteError(f"has “something else” ticked under “{question['text']}” without words")
    return written


class Asks:
    """Looks for answers in clarification notes.

    Args:
        ws: the vault and its records.
        inspector: tells when a note has been quiet long enough.
    """

    def __init__(self, ws: Workspace, inspector: Inspector) -> None:
        self._ws = ws
        self._inspector = inspector
        self._said: set[tuple[str, str]] = set()
        self.settling = False

    def answered(self) -> list[tuple[Ask, Answer]]:
        """Return the questions that were answered since, with their answers."""
        found = []
        self.settling = False
        for stored in self._ws.journal.open_asks():
            path = self._ws.vault.find(stored.name)
            look = self._inspector.look_again(path) if path else None
            if look is None or look.file is None:
                continue
            try:
                answer = answer_in(stored, notes.decode(look.file.data))
                if answer is not None and self._inspector.remaining_s(look, QUIET_S) > 0:
                    self.settling = True
                    continue
            except NoteError as error:
                self._complain(stored, look.file, error.reason)
                continue
            if answer is not None:
                found.append((stored, answer))
        return found

    def _complain(self, stored: Ask, file: NoteFile, reason: str) -> None:
        """Say once, in the log and in the note itself, why an answer cannot be taken."""
        line = f"- Not taken yet: this note {reason}."
        if (stored.ask_id, reason) in self._said:
            return
        self._said.add((stored.ask_id, reason))
        self._ws.chronicle.record(
            Entry(Event.WARNED, Actor.DAEMON, target=stored.name, error=f"the note {reason}")
        )
        try:
            text = notes.decode(file.data).rstrip("\n")
            if line not in text:
                self._ws.vault.rewrite(file, f"{text}\n\n{line}\n")
        except (ChangedError, NoteError, FileNotFoundError):
            self._said.discard((stored.ask_id, reason))  # it is being edited: said a little later

    def close(self, stored: Ask, line: str, replies: Mapping[str, str] | None = None) -> None:
        """Note that a question is settled, in its note and in the journal."""
        self._ws.journal.close_ask(stored.ask_id, line, replies)
        path = self._ws.vault.find(stored.name)
        if path is None:
            return
        try:
            file = self._ws.vault.read(path)
            text = notes.decode(file.data).rstrip("\n")
            self._ws.vault.rewrite(file, f"{text}\n\n{line}\n")
        except (ChangedError, NoteError, FileNotFoundError):
            return
        month = local_day(self._ws.clock, self._ws.clock.now()).strftime("%Y-%m")
        self._ws.vault.move(path, self._ws.vault.completed_folder(month))
