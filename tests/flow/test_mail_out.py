"""A mail as its owner meets it: what stands in the note is what is sent, and nothing else."""

from __future__ import annotations

from typing import Any

from core import notes
from core.actions import State
from core.vault import Folder
from mcp_servers.email.signature import DISCLOSURE
from mcp_servers.sandbox import Sandbox
from tests.support import Office, edit

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
