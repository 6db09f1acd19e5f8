"""A mail as its owner meets it: what stands in the note is what is sent, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core import notes
from core.actions import State
from core.vault import Folder
from mcp_servers.email.signature import DISCLOSURE
from mcp_servers.sandbox import Sandbox
from tests.support import Office, edit
from utils.errors import NoteError
from utils.files import digest

SEND = "email.send_email"
MAIL = {"to": "ann@example.com", "subject": "Offer", "body": "Dear Ann"}
SIGNED = {"EMAIL_SIGNATURE": "Bo Owner\\nNorthwind", "EMAIL_DISCLOSE_AI": "true"}
NOTE = """---
type: approval
action: email.send_email
---
## Content

Dear Ann

## Parameters
```yaml
to: ann@example.com  # by phone
subject: Offer
{more}```
"""


def sent(sandbox: Sandbox) -> list[dict[str, Any]]:
    return [each["payload"] for each in sandbox.effects() if each["kind"] == SEND]


def parameters(office: Office, action_id: str) -> dict[str, Any]:
    return notes.parameters_of(notes.parse(office.note(action_id).read_bytes()))


def test_the_signature_is_that_of_the_note_whatever_the_settings_say_by_then(
    live: Office, sandbox: Sandbox
) -> None:
    live.restart(**SIGNED)
    action_id, path = live.propose(SEND, MAIL)
    assert parameters(live, action_id)["signature"] == f"Bo Owner\nNorthwind\n{DISCLOSURE}"
    live.restart(EMAIL_SIGNATURE="Somebody else", EMAIL_DISCLOSE_AI="false")
    live.approve(path)
    live.pass_time(20)
    assert live.state(action_id) is State.DONE
    (mail,) = sent(sandbox)
    assert mail["body"] == f"Dear Ann\n\n-- \nBo Owner\nNorthwind\n{DISCLOSURE}"


def test_a_note_by_hand_is_signed_where_it_can_be_seen(live: Office, sandbox: Sandbox) -> None:
    live.restart(**SIGNED)
    path = live.write(Folder.PENDING, "Offer.md", NOTE.format(more=""))
    live.pass_time(10)
    action_id = live.ids()[-1]
    assert "to: ann@example.com  # by phone\n" in path.read_text(encoding="utf-8")
    assert parameters(live, action_id)["signature"].startswith("Bo Owner\nNorthwind\n")
    live.approve(path)
    live.pass_time(20)
    assert sent(sandbox)[0]["body"].endswith(f"-- \nBo Owner\nNorthwind\n{DISCLOSURE}")


def test_the_owner_changes_the_signature_or_takes_it_out(live: Office, sandbox: Sandbox) -> None:
    live.restart(**SIGNED)
    for number, (signature, end) in enumerate([("Bo", "Dear Ann\n\n-- \nBo"), ("", "Dear Ann")]):
        action_id, path = live.propose(SEND, {**MAIL, "subject": f"Offer {number}"})
        old = next(
            line
            for line in path.read_text(encoding="utf-8").split("\n")
            if line.startswith("signature:")
        )
        edit(path, old, f'signature: "{signature}"')
        live.approve(path)
        live.pass_time(20)
        assert live.state(action_id) is State.DONE
        assert sent(sandbox)[-1]["body"] == end


def test_a_note_that_leaves_the_line_about_the_assistant_out_has_it_put_in_first(
    live: Office,
) -> None:
    live.restart(**SIGNED)
    live.write(Folder.PENDING, "Offer.md", NOTE.format(more='signature: "Bo"\n'))
    live.pass_time(10)
    assert parameters(live, live.ids()[-1])["signature"] == f"Bo\n{DISCLOSURE}"


def test_a_signature_that_cannot_be_sent_is_said(live: Office) -> None:
    live.restart(EMAIL_SIGNATURE="Bo\x07")
    live.write(Folder.PENDING, "Offer.md", NOTE.format(more=""))
    live.pass_time(10)
    reason = live.folder(Folder.QUARANTINE) / "Offer.reason.md"
    assert "signature" in reason.read_text(encoding="utf-8")


# -- files ----------------------------------------------------------------------------------------


def attach(office: Office, name: str = "offer.pdf", data: bytes = b"%PDF-1.7 offer") -> bytes:
    path = office.folder(Folder.ATTACHMENTS) / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return data


def test_files_are_listed_first_bound_and_sent(live: Office, sandbox: Sandbox) -> None:
    data, terms = attach(live), attach(live, "Année & terms.txt", b"x" * 12_345)
    listed = 'attachments: [offer.pdf, "Année & terms.txt"]\n'
    path = live.write(Folder.PENDING, "Offer.md", NOTE.format(more=listed))
    live.pass_time(10)
    action_id = live.ids()[-1]
    lines = path.read_text(encoding="utf-8").split("\n")
    question = next(n for n, line in enumerate(lines) if "Approve:" in line)
    assert "**with 2 files**" in lines[question]
    assert "> NEW: **ann@example.com** has never been mailed by this program." in lines
    first = lines.index(
        "> Attached: **offer.pdf**, application/pdf, 14 bytes ([[Attachments/offer.pdf]])"
    )
    assert "**Année & terms.txt**, text/plain, 12.3 kB" in lines[first + 1]
    assert parameters(live, action_id)["attachments"] == [
        {"file": "offer.pdf", "sha256": digest(data)},
        {"file": "Année & terms.txt", "sha256": digest(terms)},
    ]
    live.approve(path)
    live.pass_time(20)
    assert live.state(action_id) is State.DONE
    (mail,) = sent(sandbox)
    assert mail["attachments"] == [
        {"name": "offer.pdf", "type": "application/pdf", "sha256": digest(data)},
        {"name": "Année & terms.txt", "type": "text/plain", "sha256": digest(terms)},
    ]
    assert mail["body"] == "Dear Ann"


def test_another_file_is_asked_about_again(live: Office, sandbox: Sandbox) -> None:
    attach(live)
    action_id, path = live.propose(SEND, {**MAIL, "attachments": ["offer.pdf"]})
    other = attach(live, data=b"%PDF-1.7 another offer")
    live.approve(path)
    live.pass_time(20)
    assert live.state(action_id) is State.PENDING
    assert sandbox.effects() == []
    text = live.note(action_id).read_text(encoding="utf-8")
    assert "is another file than the one you were shown" in text
    assert digest(other) in text
    live.approve(live.note(action_id))
    live.pass_time(20)
    assert sent(sandbox)[0]["attachments"][0]["sha256"] == digest(other)


def test_a_file_swapped_after_the_approval_is_not_even_laid_down(
    live: Office, sandbox: Sandbox
) -> None:
    attach(live)
    action_id, path = live.propose(SEND, {**MAIL, "attachments": ["offer.pdf"]})
    pause = live.write(Folder.PENDING, "PAUSE.md", "")
    pause = pause.rename(live.ws.vault.root / "PAUSE.md")
    live.approve(path)
    live.pass_time(20)
    assert live.state(action_id) is State.APPROVED
    attach(live, data=b"%PDF-1.7 another offer")
    pause.unlink()
    live.pass_time(60)
    assert live.state(action_id) is State.REFUSED
    assert sandbox.effects() == []


@pytest.mark.parametrize("file", ["nothing.pdf", "../../secret.pdf", ".obsidian/app.json"])
def test_a_file_that_cannot_be_sent_is_said_at_once(live: Office, file: str) -> None:
    live.write(Folder.PENDING, "Offer.md", NOTE.format(more=f"attachments: [{file}]\n"))
    live.pass_time(10)
    reason = (live.folder(Folder.QUARANTINE) / "Offer.reason.md").read_text(encoding="utf-8")
    assert "vault" in reason


def test_a_link_is_not_followed(live: Office, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    folder = live.folder(Folder.ATTACHMENTS)
    folder.mkdir(exist_ok=True)
    (folder / "offer.txt").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(NoteError, match="links are never followed"):
        live.propose(SEND, {**MAIL, "attachments": ["offer.txt"]})


# -- recipients -----------------------------------------------------------------------------------


def marked(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").split("\n")
    return [line.split("**")[1] for line in lines if line.startswith("> NEW: ")]


def test_who_was_never_mailed_is_marked(live: Office) -> None:
    both = {**MAIL, "cc": "bob@example.com"}
    _, path = live.propose(SEND, MAIL)
    _, draft = live.propose("email.create_draft", both)
    assert (marked(path), marked(draft)) == (["ann@example.com"], [])
    live.approve(path)
    live.approve(draft)
    live.pass_time(20)
    _, path = live.propose(SEND, {**both, "to": "Ann@Example.com", "bcc": "me@northwind.example"})
    assert marked(path) == ["bob@example.com", "me@northwind.example"]  # a draft reaches nobody
    live.restart(OWNER_EMAIL="me@northwind.example")
    live.approve(path)
    live.pass_time(20)
    _, path = live.propose(SEND, {**both, "bcc": "eve@example.com"})
    assert marked(path) == ["eve@example.com"]
    assert path.read_text(encoding="utf-8").index("> NEW:") < 1_000


# -- replies --------------------------------------------------------------------------------------

REPLY = """---
type: approval
action: email.reply_to_email
---
## Content

Thank you.

## Parameters
```yaml
message_id: 19a8000000000002
to: {to}
```
"""


def test_a_reply_says_what_it_answers_before_it_is_sent(live: Office, sandbox: Sandbox) -> None:
    path = live.write(Folder.PENDING, "Reply.md", REPLY.format(to="accounts@acme.example"))
    live.pass_time(10)
    text = path.read_text(encoding="utf-8")
    assert "It answers the mail “Invoice for November please” of 2026-11-18" in text
    live.approve(path)
    live.pass_time(20)
    (reply,) = (e for e in sandbox.effects() if e["kind"] == "email.reply_to_email")
    assert reply["payload"]["to"] == ["accounts@acme.example"]


def test_a_stranger_added_to_a_reply_is_not_mailed(live: Office, sandbox: Sandbox) -> None:
    path = live.write(Folder.PENDING, "Reply.md", REPLY.format(to="accounts@acme.example"))
    live.pass_time(10)
    action_id = live.ids()[-1]
    edit(path, "signature:", 'cc: "eve@example.com"\nsignature:')
    live.approve(path)
    live.pass_time(20)
    assert live.state(action_id) is State.PENDING
    assert "has no part in mail" in live.note(action_id).read_text(encoding="utf-8")
    assert sandbox.effects() == []
    live.write(Folder.PENDING, "Reply 2.md", REPLY.format(to="eve@example.com"))
    live.pass_time(10)
    reason = live.folder(Folder.QUARANTINE) / "Reply 2.reason.md"
    assert "has no part in mail" in reason.read_text(encoding="utf-8")
