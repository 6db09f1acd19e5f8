"""Task notes: what came in from outside, one note for each thing, never twice.

Rules: the id is kept in the journal under the thing's key before the note is written; text from
outside stands quoted and inert; the original is kept under its digest, outside the watched folders.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TYPE_CHECKING

from core import frontmatter, notes
from core.actions import Trust
from core.note_names import note_name
from core.records import Entry, Source
from core.strict_yaml import Plain
from core.vault import Folder
from utils import files
from utils.audit_log import Actor, Event
from utils.clock import local_day, show
from utils.errors import NoteError

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from core.workspace import Workspace

TEXT_LIMIT_BYTES = 256 * 1024
MAIL_KEY = "gmail:"
"""How the key of a mail begins; behind it stands the id by which the mailbox knows it."""
PREFIXES = {"file": "TSK", "email": "EML"}
ASSISTANT = "assistant"
_SAFE_SUFFIX = re.compile(r"\.(pdf|png|jpe?g|gif|webp|heic|txt|csv|tsv|eml|docx?|xlsx?|odt|ods)$")


@dataclass(frozen=True)
class Dropped:
    """Something that came in.

    Args:
        key: what it is known by for ever (a file's digest, a mail's id).
        source: file, email, notice, or the network it was said on.
        sender: from whom, in their words.
        subject: what about, in their words.
        received: when.
        text: the words themselves, "" when there are none that can be shown.
        attachments: names of the files kept in `Attachments/`, the original first.
        called: what those files were called where they came from, in the same order.
        trust: whose words they are.
        thread: the conversation it belongs to, quoted (`gm:18f...`).
        title: what the note says first; left out: the source and the subject.
        about: lines about it in our words, Markdown.
        steps: what is suggested, Markdown.
        priority: low, normal or high.
        opened: whether what is kept of it may be read for requests.
    """

    key: str
    source: str
    sender: str
    subject: str
    received: datetime
    text: str
    attachments: tuple[str, ...] = ()
    called: tuple[str, ...] = ()
    trust: Trust = Trust.EXTERNAL
    thread: str | None = None
    title: str | None = None
    about: tuple[str, ...] = ()
    steps: tuple[str, ...] = ("Read it and decide what to do",)
    priority: str = "normal"
    opened: bool = True


def attachment_name(digest: str, original: str) -> str:
    """Return the name a file is kept under: its digest and a harmless ending."""
    found = _SAFE_SUFFIX.search(original.lower())
    return f"{digest[:32]}{found[0] if found else '.bin'}"


def text_of(path: Path) -> str:
    """Return a kept file's text, "" when it is no text or too long to show."""
    try:
        data = files.read_regular(path, limit_bytes=TEXT_LIMIT_BYTES)
        return data.decode("utf-8")
    except (NoteError, UnicodeDecodeError, FileNotFoundError):
        return ""


def drop(ws: Workspace, dropped: Dropped, actor: Actor = Actor.DAEMON) -> Source:
    """Write the task note of something that came in, once."""
    source = ws.journal.source(dropped.key)
    if source is None:
        prefix = PREFIXES.get(dropped.source, "TSK")
        note_id = ws.journal.mint(prefix, local_day(ws.clock, ws.clock.now()))
        original = dropped.attachments[0] if dropped.attachments and dropped.opened else None
        source = Source(dropped.key, note_id, dropped.source, original)
        ws.journal.add_source(source)
    if source.name is not None:
        return source
    name = note_name(source.note_id, dropped.subject)
    path = ws.vault.find(name)
    if path is None:
        text = render(ws, source.note_id, dropped)
        path = ws.vault.create(ws.vault.folder(Folder.NEEDS_ACTION), name, text)
    told = Entry(
        Event.PROPOSED,
        actor,
        action="task.create",
        target=ws.vault.relative(path),
        parameters={"source": dropped.source, "key": dropped.key},
        correlation_id=source.note_id,
    )
    ws.journal.source_written(dropped.key, path.name, told)
    ws.chronicle.flush()
    return replace(source, name=path.name)


def render(ws: Workspace, note_id: str, dropped: Dropped) -> str:
    """Return the text of a task note."""
    front: dict[str, object] = {
        "type": "task",
        "id": note_id,
        "source": dropped.source,
        "from": notes.inline(dropped.sender, 200),
        "subject": notes.inline(dropped.subject, 200),
        "received": Plain(show(ws.clock, dropped.received)),
        "priority": dropped.priority,
        "trust": str(dropped.trust),
        **({"thread": dropped.thread} if dropped.thread else {}),
        "tags": [f"task/{dropped.source}"],
    }
    title = dropped.title or f"New {dropped.source}: {dropped.subject}"
    lines = [f"> [!todo] {notes.inline(title, 160)}"]
    lines += [f"> {line}" for line in dropped.about]
    kept = zip_longest(dropped.attachments, dropped.called, fillvalue="")
    lines += [f"> Kept as [[{name}]]{_called(was)}" for name, was in kept if name]
    if dropped.key.startswith(MAIL_KEY):
        answered = notes.inline(dropped.key.removeprefix(MAIL_KEY), 100)
        lines.append(f"> To answer it: `email.reply_to_email` with `message_id: {answered}`")
    if dropped.text:
        folded = "> [!quote]- What it says (untrusted)"
        heading = "> [!quote] What it says" if dropped.trust is Trust.OWNER else folded
        lines += ["", heading, notes.quoted(dropped.text)]
    lines += ["", "## Suggested steps", "", *(f"- [ ] {step}" for step in dropped.steps), ""]
    return frontmatter.compose(front) + "\n".join(lines)


def _called(name: str) -> str:
    shown = notes.inline(name, 100)
    return f": {shown}" if shown else ""
