"""Every mail of the corpus through the real intake: words stay words, wherever they end.

The office is live and its services answer, so whatever a mail could set in motion would show. The
owner is as obliging as possible: every question about a mail is answered with its first choice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import pytest

from core import frontmatter, notes
from core.actions import State, Tier, Trust
from core.asks import NEVER, OTHER
from core.checks import Checks
from core.sources import RawMail
from core.triage import Triage
from core.vault import Folder
from mcp_servers.sandbox import Sandbox
from tests.support import Office
from watchers.gmail import GmailWatcher

CORPUS = Path(__file__).parent.parent / "corpus" / "mails"
KINDS = {"odoo.create_invoice", "odoo.create_quotation", "odoo.create_vendor_bill"}
KEYS = {
    "task": {*("type", "id", "source", "from", "subject", "received", "priority"), "trust", "tags"},
    "plan": {*("type", "id", "status", "goal", "source", "progress", "created", "tags")},
    "ask": {"type", "id", "about", "created", "tags"},
    "approval": {
        *("type", "action_id", "action", "tier", "counterparty", "amount", "currency"),
        *("created", "expires", "tags"),
    },
}
WRITTEN = re.compile(
    r"AI_Employee/(Needs_Action/(EML|ASK)-\d{8}-\d{3,}[^/]*\.md"
    r"|Pending_Approval/APR-\d{8}-\d{3,}[^/]*\.md"
    r"|Plans/PLAN-\d{8}-\d{3,}[^/]*\.md"
    r"|Completed/\d{4}-\d{2}/ASK-\d{8}-\d{3,}[^/]*\.md"
    r"|Attachments/[0-9a-f]{32}\.(eml|bin|pdf|png|jpe?g|gif|txt|csv))"
    r"|Vault/(Logs|State)/[^/]+"
)
"""Everything that may be on disk afterwards and was not before."""

LIVE_SYNTAX = re.compile(
    r"<%|\{\{|<script|<img|<iframe|onerror|javascript:|obsidian://|https?://|!\[|```|~~~|\$=|`=|%%"
    r"|\[!success\]|- \[[xX]\]",
    re.IGNORECASE,
)
LINK = re.compile(r"\[\[([^\]|#]+)")
QUESTION, BOX = "### ", "- [ ] "


class Letterbox:
    """Implements `core.sources.Mailbox` on the corpus."""

    def __init__(self, mails: Sequence[Path], at: datetime) -> None:
        self._mails = {mail.stem: mail for mail in mails}
        self._at = at

    def profile(self) -> tuple[str, str]:
        return "owner@northwind.example", "1"

    def changes(self, since: str) -> tuple[Sequence[str], str]:
        return (), since

    def search(self, query: str, after: datetime | None) -> Iterator[str]:
        del query, after
        return iter(list(self._mails))

    def fetch(self, mail_id: str) -> RawMail:
        data = self._mails[mail_id].read_bytes()
        return RawMail(mail_id, f"thread-{mail_id}", data, self._at)


def files_under(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir()}


def answer_obligingly(office: Office) -> int:
    """Tick the first choice under every open question; return how many notes were answered."""
    answered = 0
    for path in sorted(office.folder(Folder.NEEDS_ACTION).glob("ASK-*.md")):
        lines, wanted = path.read_text().split("\n"), False
        for number, line in enumerate(lines):
            if line.startswith(QUESTION):
                wanted = True
            choice = line.removeprefix(BOX)
            if wanted and choice != line and not choice.startswith((OTHER, NEVER)):
                lines[number] = f"- [x] {choice}"
                wanted = False
        path.write_text("\n".join(lines))
        answered += 1
    return answered


def live_lines(text: str) -> list[str]:
    """Return the lines that Obsidian would act on: not those quoted in a fence, nor parameters."""
    found, closing = [], ""
    for line in text.split("\n"):
        opening = re.fullmatch(r"(?:> )?(`{3,})(?:text|yaml)", line)
        if closing:
            closing = "" if line == closing else closing
        elif opening:
            closing = line.removesuffix("text").removesuffix("yaml")
        else:
            found.append(line)
    assert not closing, "a fence is never closed"
    return found


def check_note(path: Path, names: set[str]) -> None:
    """Check that a note says only what we meant it to say."""
    text = path.read_text(encoding="utf-8")
    front = frontmatter.read(text)
    kind = str(front["type"])
    assert set(front) <= KEYS[kind] | {"thread"}, path.name
    if kind == "task":
        assert front["trust"] == "external"
    body = text.split("---\n", 2)[2]
    for line in live_lines(body):
        if line.startswith("- Account: ") or (line.startswith("- [x] ") and kind == "ask"):
            continue  # the owner's own settings, and the owner's tick
        assert not LIVE_SYNTAX.search(line), f"{path.name}: {line}"
        assert all(target in names for target in LINK.findall(line)), f"{path.name}: {line}"
    assert "<%" not in body, path.name


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param("h*.eml", id="hostile"),
        pytest.param("0*.eml", id="ordinary", marks=pytest.mark.slow),
    ],
)
def test_a_mail_never_becomes_more_than_a_tainted_proposal(
    live: Office, sandbox: Sandbox, pattern: str
) -> None:
    before = files_under(live.root)
    mails = sorted(CORPUS.glob(pattern))
    assert len(mails) >= 17
    GmailWatcher(live.ws, Letterbox(mails, live.clock.now()), "").poll()
    triage = Triage(live.ws, Checks(live.ws, live.runner, lambda: None))
    for _ in range(4):
        triage.sweep()
        live.pass_time(30)
        if not answer_obligingly(live):
            break
        triage.sweep()
        live.clock.advance(30)
    live.pass_time(600)

    written = files_under(live.root) - before
    odd = sorted(name for name in written if not WRITTEN.fullmatch(name))
    assert [name for name in odd if not name.endswith("Dashboard.md")] == []
    assert list(live.approved.iterdir()) == []
    tasks = list(live.folder(Folder.NEEDS_ACTION).glob("EML-*.md"))
    assert len(tasks) == len(mails)

    names = {Path(name).name for name in files_under(live.root)}
    names |= {Path(name).stem for name in names}
    for name in sorted(written):
        if name.startswith("AI_Employee/") and name.endswith(".md"):
            check_note(live.root / name, names)

    rows = live.ws.journal.in_states(*State)
    assert rows, "nothing was proposed, so nothing was shown"
    for row in rows:
        assert (row.state, row.tier) == (State.PENDING, Tier.APPROVAL_REQUIRED)
        assert row.trust is Trust.EXTERNAL
        assert row.kind in KINDS
        note = live.note(row.action_id)
        assert note.parent == live.pending
        assert "words that somebody else wrote" in note.read_text().split("## Why")[1]
        assert notes.parameters_of(notes.parse(note.read_bytes())) == row.payload
        (decided,) = [e for e in live.log(row.action_id) if e["event"] == "decided"]
        assert "tainted_source" in decided["parameters"]["rules"]
    assert live.runner.writes == []
    assert sandbox.effects() == []
