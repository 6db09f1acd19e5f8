"""Consent: what a moved, edited, copied, lost or late note means, and what never happens."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from core.actions import Mode, State
from core.vault import Folder
from mcp_servers.gate import Role
from mcp_servers.sandbox import Sandbox
from tests.support import (
    ACME,
    GLOBEX,
    OTHER_SMITH,
    SMITH,
    Office,
    edit,
    front_of,
    invoice,
    invoice_note,
    move,
    post_note,
)
from utils import durable

UNDO_S = 5.0


def partners(sandbox: Sandbox) -> list[int]:
    """Return whom the invoices in Odoo are for."""
    return [e["payload"]["values"]["partner_id"] for e in sandbox.effects()]


def prices(sandbox: Sandbox) -> list[object]:
    return [
        line[2]["price_unit"]
        for effect in sandbox.effects()
        for line in effect["payload"]["values"]["invoice_line_ids"]
    ]


def texts(sandbox: Sandbox) -> list[str]:
    return [effect["payload"]["text"] for effect in sandbox.effects()]


# -- the plain way --------------------------------------------------------------------------------


def test_an_unchanged_dry_run_runs_at_once_and_shows_the_request(office: Office) -> None:
    action_id, path = office.post()

    office.approve(path)
    office.look()

    assert office.state(action_id) is State.DRY_RUN_COMPLETED
    assert office.places(action_id) == ["Completed/2026-11"]
    text = office.note(action_id).read_text()
    assert front_of(office.note(action_id))["status"] == "dry_run_completed"
    assert "> [!info] DRY RUN completed: nothing was sent" in text
    assert '"url": "https://api.x.com/2/tweets"' in text
    assert '"text": "Winter offer from Monday."' in text
    assert not [e for e in office.log(action_id) if e["event"] == "sending"]


def test_a_live_action_waits_its_undo_time(live: Office, sandbox: Sandbox) -> None:
    action_id, path = live.invoice()
    live.approve(path)

    live.pass_time(UNDO_S - 0.5)
    assert sandbox.effects() == []
    live.pass_time(1)

    assert live.state(action_id) is State.DONE
    assert partners(sandbox) == [ACME]
    assert live.places(action_id) == ["Completed/2026-11"]
    assert "Draft invoice" in live.note(action_id).read_text()


def test_moving_back_in_time_sends_nothing_and_the_next_move_waits_anew(
    live: Office, sandbox: Sandbox
) -> None:
    action_id, path = live.post()
    live.pass_time(0)
    lies = live.approve(path)
    live.pass_time(UNDO_S - 1)

    back = move(lies, live.pending)
    live.pass_time(60)
    assert sandbox.effects() == []
    assert live.state(action_id) is State.PENDING

    live.approve(back)
    live.pass_time(UNDO_S - 1)
    assert sandbox.effects() == []
    live.pass_time(2)
    assert live.state(action_id) is State.DONE
    assert len(sandbox.effects()) == 1


def test_moving_back_revokes_a_grant_that_was_not_used_yet(live: Office, sandbox: Sandbox) -> None:
    action_id, path = live.post()
    live.runner.held.add("twitter")  # an earlier server is still running, so it has to wait
    lies = live.approve(path)
    live.pass_time(UNDO_S + 1)
    assert live.state(action_id) is State.APPROVED

    move(lies, live.pending)
    live.runner.held.clear()
    live.pass_time(120)

    assert live.state(action_id) is State.PENDING
    assert sandbox.effects() == []
    assert [e["event"] for e in live.log(action_id)].count("withdrawn") == 1


def test_a_rejected_note_is_filed_with_its_reason(live: Office, sandbox: Sandbox) -> None:
    action_id, path = live.post()
    edit(path, "---\n>", "reason: too early\n---\n>")

    move(path, live.folder(Folder.REJECTED))
    live.pass_time(30)

    assert live.state(action_id) is State.REJECTED
    assert live.places(action_id) == ["Rejected"]
    assert "too early" in live.note(action_id).read_text().split("## Result")[1]
    assert sandbox.effects() == []


def test_rejecting_an_approved_note_in_time_stops_it(live: Office, sandbox: Sandbox) -> None:
    action_id, path = live.post()
    lies = live.approve(path)
    live.pass_time(UNDO_S - 1)

    move(lies, live.folder(Folder.REJECTED))
    live.pass_time(60)

    assert live.state(action_id) is State.REJECTED
    assert sandbox.effects() == []


# -- edits ----------------------------------------------------------------------------------------


def test_an_edited_text_runs_as_edited_and_the_log_has_the_difference(
    live: Office, sandbox: Sandbox
) -> None:
    action_id, path = live.post("Winter offer from Monday.")
    edit(path, "from Monday.", "from Tuesday.")
    live.approve(path)
    live.pass_time(UNDO_S + 1)

    assert texts(sandbox) == ["Winter offer from Tuesday."]
    edited = [e for e in live.log(action_id) if e["event"] == "edited"]
    assert [e["parameters"]["changes"] for e in edited] == [
        ["text: Winter offer from Monday. -> Winter offer from Tuesday."]
    ]


def test_an_edited_amount_runs_once_as_edited(live: Office, sandbox: Sandbox) -> None:
    action_id, path = live.invoice("1250.00")
    edit(path, 'unit_price: "1250.00"', 'unit_price: "1300.00"')
    live.approve(path)
    live.pass_time(UNDO_S + 1)

    assert live.state(action_id) is State.DONE
    assert prices(sandbox) == [1300]
    assert front_of(live.note(action_id))["amount"] == "1300.00"
    changes = [e["parameters"]["changes"] for e in live.log(action_id) if e["event"] == "edited"]
    assert changes == [["lines 1 unit_price: 1250.00 -> 1300.00"]]


def test_a_note_saved_after_the_move_waits_anew(live: Office, sandbox: Sandbox) -> None:
    _, path = live.post()
    lies = live.approve(path)
    live.pass_time(UNDO_S - 1)

    edit(lies, "from Monday.", "from Tuesday.")
    live.pass_time(UNDO_S - 1)
    assert sandbox.effects() == []
    live.pass_time(2)

    assert texts(sandbox) == ["Winter offer from Tuesday."]


def test_an_edited_dry_run_is_read_twice_before_it_runs(office: Office) -> None:
    action_id, path = office.post()
    edit(path, "from Monday.", "from Tue")
    lies = office.approve(path)
    office.pass_time(2)
    assert office.state(action_id) is State.PENDING
    edit(lies, "from Tue", "from Tuesday.")
    office.pass_time(2)
    assert office.state(action_id) is State.PENDING
    office.pass_time(2)

    assert office.state(action_id) is State.DRY_RUN_COMPLETED
    assert '"text": "Winter offer from Tuesday."' in office.note(action_id).read_text()


def test_another_customer_is_asked_again_and_the_old_ones_number_is_not_kept(
    live: Office, sandbox: Sandbox
) -> None:
    action_id, path = live.invoice()
    edit(path, '\ncustomer: "Acme Ltd"', '\ncustomer: "Globex GmbH"')
    live.approve(path)
    live.pass_time(UNDO_S + 1)

    assert sandbox.effects() == []
    assert live.state(action_id) is State.PENDING
    assert live.places(action_id) == ["Pending_Approval"]
    text = live.note(action_id).read_text()
    assert "> [!question] Approve again:" in text
    assert "you changed the counterparty from Acme Ltd to Globex GmbH" in text
    assert "- You changed customer: Acme Ltd -> Globex GmbH" in text

    live.pass_time(10)
    live.approve(live.note(action_id))
    live.pass_time(UNDO_S + 1)

    assert live.state(action_id) is State.DONE
    assert partners(sandbox) == [GLOBEX]


def test_another_customer_number_under_the_same_name_is_asked_again(
    live: Office, sandbox: Sandbox
) -> None:
    action_id, path = live.invoice()
    edit(path, f"customer_id: {ACME}", f"customer_id: {GLOBEX}")
    live.approve(path)
    live.pass_time(UNDO_S + 1)

    assert sandbox.effects() == []
    text = live.note(action_id).read_text()
    assert f"you changed the customer_id from {ACME} to {GLOBEX}" in text


def test_an_edit_that_raises_the_tier_is_asked_again(live: Office, sandbox: Sandbox) -> None:
    handbook = live.ws.vault.root / "Company_Handbook.md"
    action_id, path = live.post()
    live.pass_time(1)
    # The owner's own rule changes while the proposal waits: never, until the rule is taken back.
    handbook.write_text("# Rules\n\n```policy\nhard_stop: [twitter.create_post]\n```\n")
    live.approve(path)
    live.pass_time(UNDO_S + 1)

    assert sandbox.effects() == []
    assert live.places(action_id) == ["Needs_Action"]


def test_a_changed_property_that_disagrees_is_asked_once_with_both_values(
    live: Office, sandbox: Sandbox
) -> None:
    action_id, path = live.invoice("1250.00")
    edit(path, "amount: 1250.00", "amount: 1500.00")
    live.approve(path)
    live.pass_time(UNDO_S + 1)

    assert sandbox.effects() == []
    assert live.places(action_id) == ["Pending_Approval"]
    question = live.note(action_id).read_text().split("## ")[0]
    assert "the property amount says 1500.00, the parameters say 1250.00" in question

    live.approve(live.note(action_id))
    live.pass_time(UNDO_S + 1)
    assert live.state(action_id) is State.DONE
    assert prices(sandbox) == [1250]


def test_a_stale_property_is_not_asked_about(live: Office, sandbox: Sandbox) -> None:
    action_id, path = live.invoice("1250.00")
    edit(path, 'unit_price: "1250.00"', 'unit_price: "99.00"')  # `amount` still says 1250.00
    live.approve(path)
    live.pass_time(UNDO_S + 1)

    assert live.state(action_id) is State.DONE
    assert prices(sandbox) == [99]


def test_what_obsidians_property_editor_does_to_a_note_is_no_edit(
    live: Office, sandbox: Sandbox
) -> None:
    action_id, path = live.invoice("1250.00")
    edit(path, f'action_id: "{action_id}"', f"action_id: {action_id}")
    edit(path, "amount: 1250.00", "amount: 1250")
    edit(path, 'tags: ["approval/odoo"]', "tags:\n  - approval/odoo\nstarred: true")
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    live.approve(path)
    live.pass_time(UNDO_S + 1)

    assert live.state(action_id) is State.DONE
    assert not [e for e in live.log(action_id) if e["event"] == "edited"]
    assert b"starred: true\r\n" in live.note(action_id).read_bytes()


def test_an_edit_that_cannot_be_used_goes_to_quarantine_and_mended_it_is_asked_again(
    live: Office, sandbox: Sandbox
) -> None:
    action_id, path = live.invoice()
    edit(path, 'unit_price: "1250.00"', 'unit_price: "12,5o"')
    live.approve(path)
    live.pass_time(UNDO_S + 5)

    assert sandbox.effects() == []
    assert live.places(action_id) == ["Quarantine"]
    reasons = list(live.folder(Folder.QUARANTINE).glob("*.reason.md"))
    assert len(reasons) == 1
    assert "unit_price" in reasons[0].read_text()

    mended = live.note(action_id)
    edit(mended, 'unit_price: "12,5o"', 'unit_price: "12,6o"')
    move(mended, live.approved)
    live.pass_time(UNDO_S + 5)
    (reason,) = live.folder(Folder.QUARANTINE).glob("*reason*")
    assert reason.stem.removesuffix(".reason") == live.note(action_id).stem

    mended = live.note(action_id)
    edit(mended, 'unit_price: "12,6o"', 'unit_price: "12.50"')
    move(mended, live.pending)
    live.pass_time(30)
    assert list(live.folder(Folder.QUARANTINE).iterdir()) == [], "mended, it leaves no reason"
    live.approve(live.note(action_id))
    live.pass_time(UNDO_S + 1)
    assert prices(sandbox) == [12.5]


# -- notes nobody registered ----------------------------------------------------------------------


def test_a_foreign_note_in_approved_is_returned_and_registered_and_does_not_run(
    live: Office, sandbox: Sandbox
) -> None:
    live.write(Folder.APPROVED, "Post it.md", post_note("Buy now."))
    live.pass_time(30)

    assert sandbox.effects() == []
    assert list(live.notes()) == ["Pending_Approval/Post it.md"]
    (action_id,) = live.ids()
    assert live.state(action_id) is State.PENDING

    live.approve(live.note(action_id))
    live.pass_time(UNDO_S + 1)
    assert texts(sandbox) == ["Buy now."]


def test_a_made_up_id_in_approved_runs_nothing_and_gets_a_real_one(
    live: Office, sandbox: Sandbox
) -> None:
    made_up = post_note("Buy now.", front='action_id: "APR-20261121-077"\n')
    live.write(Folder.APPROVED, "Post it.md", made_up)
    live.pass_time(30)

    assert sandbox.effects() == []
    assert live.ids() == ["APR-20261121-001"]
    assert front_of(live.note("APR-20261121-001"))["action_id"] == "APR-20261121-001"


def test_a_hand_written_note_is_adopted_and_the_owners_words_stay(live: Office) -> None:
    mine = "mood: 'half-full'   # mine\naliases:\n  - the Acme one\n"
    words = "Acme asked for it *twice*.\n\n\n- [ ] ring them\t\n\n"
    note = invoice_note(front=mine, after=words)
    path = live.write(Folder.PENDING, "Acme, November.md", note)

    live.pass_time(2)
    assert path.read_text() == note, "a note is left alone until it is quiet"
    live.pass_time(5)

    (action_id,) = live.ids()
    text = path.read_text()
    assert mine in text
    assert words in text
    parameters = note.split("## Parameters")[1].replace(
        'customer: "Acme Ltd"\n', f'customer: "Acme Ltd"\ncustomer_id: {ACME}\n'
    )
    assert parameters in text, "only the looked-up number was added"
    assert front_of(path)["action_id"] == action_id
    events = [e["event"] for e in live.log(action_id)]
    assert events == ["decided", "adopted"]


def test_a_note_still_being_written_is_adopted_as_finished(live: Office) -> None:
    path = live.write(Folder.PENDING, "Post.md", post_note("Half a"))
    live.pass_time(2)
    path.write_text(post_note("Half a sentence is enough."))
    live.pass_time(2)
    assert live.ids() == []
    live.pass_time(2)
    (action_id,) = live.ids()
    row = live.ws.journal.get(action_id)
    assert row is not None
    assert row.payload["text"] == "Half a sentence is enough."


def test_words_written_around_a_proposal_survive_the_filing(live: Office) -> None:
    _, path = live.post()
    edit(path, "## Why", "%% my own thought %%\n\n## Why")  # below the content: part of the text?
    edit(path, "\n%% my own thought %%\n", "")
    edit(path, "---\n>", "colour: green\n---\n>")
    with path.open("a") as file:
        file.write("\nI asked Anna.\n")
    live.approve(path)
    live.pass_time(UNDO_S + 1)

    (action_id,) = live.ids()
    text = live.note(action_id).read_text()
    assert "colour: green\n" in text
    assert "I asked Anna." in text


# -- copies ---------------------------------------------------------------------------------------


def test_two_equal_copies_in_two_folders_are_one_grant(live: Office, sandbox: Sandbox) -> None:
    action_id, path = live.post()
    (live.approved / path.name).write_bytes(path.read_bytes())  # sync: created, not yet deleted
    live.pass_time(60)

    assert len(sandbox.effects()) == 1
    assert live.state(action_id) is State.DONE
    assert live.places(action_id) == ["Completed/2026-11"]


def test_two_equal_copies_in_approved_are_one_grant(live: Office, sandbox: Sandbox) -> None:
    action_id, path = live.post()
    lies = live.approve(path)
    (live.approved / "APR copy 1.md").write_bytes(lies.read_bytes())
    live.pass_time(60)

    assert len(sandbox.effects()) == 1
    assert live.places(action_id) == ["Completed/2026-11"]
    assert len([name for name in live.notes() if name.startswith(".trash/")]) == 1


@pytest.mark.parametrize("name", ["AAA.md", "ZZZ.md"])
@pytest.mark.parametrize("folder", [Folder.APPROVED, Folder.PENDING])
def test_the_same_id_with_other_content_becomes_a_proposal_of_its_own(
    live: Office, sandbox: Sandbox, folder: Folder, name: str
) -> None:
    action_id, path = live.post("The right text.")
    altered = path.read_text().replace("The right text.", "Another text.")
    live.approve(path)
    live.write(folder, name, altered)
    live.pass_time(60)

    assert texts(sandbox) == ["The right text."]
    assert live.state(action_id) is State.DONE
    (other,) = [i for i in live.ids() if i != action_id]
    assert live.state(other) is State.PENDING
    assert live.places(other) == ["Pending_Approval"]
    assert "Another text." in live.note(other).read_text()


def test_two_altered_copies_of_one_id_do_not_both_run(live: Office, sandbox: Sandbox) -> None:
    _, path = live.post("The right text.")
    text = path.read_text()
    path.unlink()
    live.write(Folder.APPROVED, "A.md", text.replace("The right text.", "One."))
    live.write(Folder.APPROVED, "B.md", text.replace("The right text.", "Two."))
    live.pass_time(120)

    assert len(sandbox.effects()) <= 1


def test_an_equal_copy_of_a_finished_note_goes_to_the_trash(live: Office, sandbox: Sandbox) -> None:
    action_id, path = live.post()
    before = path.read_bytes()
    live.approve(path)
    live.pass_time(UNDO_S + 1)
    for folder in (Folder.APPROVED, Folder.PENDING):
        live.write(folder, "old backup.md", before)
        live.pass_time(30)

    assert len(sandbox.effects()) == 1
    assert live.places(action_id) == ["Completed/2026-11"]
    assert len([name for name in live.notes() if name.startswith(".trash/")]) == 2
    tidied = [e for e in live.log(action_id) if "equal copy" in str(e.get("error"))]
    assert len(tidied) == 2


def test_a_finished_note_moved_to_approved_again_does_nothing(
    live: Office, sandbox: Sandbox
) -> None:
    action_id, path = live.post()
    live.approve(path)
    live.pass_time(UNDO_S + 1)
    live.approve(live.note(action_id))
    live.pass_time(60)

    assert len(sandbox.effects()) == 1
    assert live.places(action_id) == ["Completed/2026-11"]


@pytest.mark.parametrize("folder", [Folder.APPROVED, Folder.PENDING])
def test_an_altered_copy_of_a_finished_note_is_a_new_proposal(
    live: Office, sandbox: Sandbox, folder: Folder
) -> None:
    action_id, path = live.post("Winter offer.")
    altered = path.read_text().replace("Winter offer.", "Spring offer.")
    live.approve(path)
    live.pass_time(UNDO_S + 1)
    live.write(folder, "Again.md", altered)
    live.pass_time(60)

    assert texts(sandbox) == ["Winter offer."]
    (new,) = [i for i in live.ids() if i != action_id]
    assert live.places(new) == ["Pending_Approval"]
    live.approve(live.note(new))
    live.pass_time(UNDO_S + 1)
    assert texts(sandbox) == ["Winter offer.", "Spring offer."]


# -- late, lost, paused ---------------------------------------------------------------------------


def test_an_expired_proposal_never_runs_where_it_lies(live: Office, sandbox: Sandbox) -> None:
    action_id, _ = live.post()
    live.clock.advance(7 * 86_400 + 1)
    live.pass_time(30)

    assert live.state(action_id) is State.EXPIRED
    assert live.places(action_id) == ["Rejected"]
    live.approve(live.note(action_id))
    live.pass_time(60)
    assert sandbox.effects() == []
    assert live.places(action_id) == ["Pending_Approval"], "it is asked again, not run"


def test_a_proposal_moved_after_its_end_never_runs(live: Office, sandbox: Sandbox) -> None:
    action_id, path = live.post()
    live.clock.advance(7 * 86_400 + 1)
    live.approve(path)
    live.pass_time(60)

    assert sandbox.effects() == []
    assert live.state(action_id) is not State.DONE
    assert live.places(action_id) in (["Rejected"], ["Needs_Review"])
    assert "xpired" in live.note(action_id).read_text().split("## Result")[1]


def test_a_proposal_approved_in_time_runs_although_it_ends_during_the_undo_time(
    live: Office, sandbox: Sandbox
) -> None:
    _, path = live.post()
    live.clock.advance(7 * 86_400 - 2)
    live.approve(path)
    live.pass_time(UNDO_S + 2)

    assert len(sandbox.effects()) <= 1  # `expires` is the last moment to decide


def test_a_deleted_note_is_withdrawn_after_ten_minutes(live: Office, sandbox: Sandbox) -> None:
    action_id, path = live.post()
    live.pass_time(1)
    path.unlink()
    live.pass_time(590)
    assert live.state(action_id) is State.PENDING
    live.pass_time(20)
    assert live.state(action_id) is State.WITHDRAWN
    assert live.places(action_id) == [], "a deleted note is not made again"


def test_a_note_that_sync_brings_back_in_time_is_not_withdrawn(live: Office) -> None:
    action_id, path = live.post()
    before = path.read_bytes()
    live.pass_time(1)
    path.unlink()
    live.pass_time(500)
    path.write_bytes(before)
    live.pass_time(1000)
    assert live.state(action_id) is State.PENDING


def test_an_approved_note_that_is_deleted_before_it_was_sent_is_withdrawn(
    live: Office, sandbox: Sandbox
) -> None:
    action_id, path = live.post()
    pause = live.write(Folder.PENDING, "../PAUSE.md", "")
    lies = live.approve(path)
    live.pass_time(UNDO_S + 1)
    assert live.state(action_id) is State.APPROVED
    lies.unlink()
    for _ in range(50):
        live.pass_time(15)
    pause.unlink()
    live.pass_time(60)

    assert sandbox.effects() == []
    assert live.state(action_id) is State.WITHDRAWN


def test_pause_stops_sending_and_its_removal_resumes(live: Office, sandbox: Sandbox) -> None:
    pause = live.ws.vault.root / "PAUSE.md"
    pause.write_text("")
    action_id, path = live.post()
    live.approve(path)
    live.pass_time(120)
    assert sandbox.effects() == []
    assert live.places(action_id) == ["Approved"]

    pause.unlink()
    live.pass_time(1)
    assert len(sandbox.effects()) == 1
    assert live.state(action_id) is State.DONE


def test_pause_put_there_during_the_undo_time_stops_it_at_the_server(
    live: Office, sandbox: Sandbox
) -> None:
    action_id, path = live.post()
    row = live.ws.journal.get(action_id)
    assert row is not None
    live.runner.held.add("twitter")
    live.approve(path)
    live.pass_time(UNDO_S + 1)
    (live.ws.vault.root / "PAUSE.md").write_text("")
    answer = live.runner.gate("twitter").call(
        "create_post", {**row.payload, "dry_run": False, "approval_id": action_id}
    )
    assert answer.data["status"] == "refused"
    assert "PAUSE.md" in answer.data["summary"]
    assert sandbox.effects() == []


def test_a_grant_ends_after_a_day(live: Office, sandbox: Sandbox) -> None:
    pause = live.ws.vault.root / "PAUSE.md"
    pause.write_text("")
    action_id, path = live.post()
    live.approve(path)
    live.pass_time(UNDO_S + 1)
    live.clock.advance(24 * 3600)
    pause.unlink()
    live.pass_time(60)

    assert sandbox.effects() == []
    assert live.state(action_id) is State.REFUSED
    assert live.places(action_id) == ["Needs_Review"]


def test_a_post_with_a_time_waits_for_it(live: Office, sandbox: Sandbox) -> None:
    action_id, path = live.propose(
        "twitter.create_post", {"text": "Good morning.", "publish_at": "2026-11-21T10:30:00"}
    )
    live.approve(path)
    live.pass_time(3500)
    assert sandbox.effects() == []
    live.pass_time(110)
    assert live.state(action_id) is State.DONE
    assert texts(sandbox) == ["Good morning."]


# -- dry and live ---------------------------------------------------------------------------------


def test_a_dry_run_moved_to_pending_is_proposed_live(office: Office, sandbox: Sandbox) -> None:
    action_id, path = office.invoice()
    office.approve(path)
    office.look()
    assert office.state(action_id) is State.DRY_RUN_COMPLETED
    assert not any(sandbox.requests().values())

    office.restart(**sandbox.settings())
    move(office.note(action_id), office.pending)
    office.pass_time(10)
    assert office.state(action_id) is State.PENDING
    text = office.note(action_id).read_text()
    assert "LIVE: what you approve is done for real, with Odoo" in text.split("## ")[0]
    assert "status" not in front_of(office.note(action_id))
    assert sandbox.effects() == []

    office.approve(office.note(action_id))
    office.pass_time(UNDO_S + 1)
    assert office.state(action_id) is State.DONE
    assert len(sandbox.effects()) == 1


def test_a_proposal_that_says_dry_run_runs_dry_although_the_service_went_live(
    office: Office, sandbox: Sandbox
) -> None:
    action_id, path = office.post()
    office.approve(path)  # while the daemon is off

    office.restart(**sandbox.settings())
    office.pass_time(60)

    assert sandbox.effects() == []
    assert office.state(action_id) is State.DRY_RUN_COMPLETED


def test_pending_proposals_are_worded_anew_when_a_service_goes_live(
    office: Office, sandbox: Sandbox
) -> None:
    action_id, path = office.post()
    office.look()
    assert "DRY RUN: X will not be changed" in path.read_text()

    office.restart(**sandbox.settings())
    office.pass_time(5)
    assert "LIVE: what you approve is done for real, with X" in path.read_text()
    row = office.ws.journal.get(action_id)
    assert row is not None
    assert row.mode is Mode.LIVE

    office.approve(path)
    office.pass_time(UNDO_S - 1)
    assert sandbox.effects() == [], "a live action has its undo time"
    office.pass_time(2)
    assert len(sandbox.effects()) == 1


def test_a_live_proposal_asks_again_when_the_account_has_changed(
    live: Office, sandbox: Sandbox
) -> None:
    action_id, path = live.invoice()
    live.approve(path)
    live.restart(ODOO_DB="another")
    live.pass_time(UNDO_S + 1)

    assert sandbox.effects() == []
    assert live.places(action_id) == ["Pending_Approval"]
    assert "settings have changed" in live.note(action_id).read_text()
    live.approve(live.note(action_id))
    live.pass_time(UNDO_S + 1)
    assert len(sandbox.effects()) == 1


@pytest.mark.parametrize(
    ("missing", "values"),
    [
        ("DRY_RUN=false", {"DRY_RUN": ""}),
        ("DRY_RUN=false", {"DRY_RUN": "true"}),
        ("TWITTER_LIVE=true", {"TWITTER_LIVE": ""}),
        ("TWITTER_ACCESS_TOKEN", {"TWITTER_ACCESS_TOKEN": ""}),
    ],
)
def test_each_missing_yes_means_a_dry_run_that_names_it(
    tmp_path: Path, sandbox: Sandbox, missing: str, values: dict[str, str]
) -> None:
    office = Office(tmp_path, **(sandbox.settings() | values))
    action_id, path = office.post()
    assert missing in path.read_text().split("## ")[0]

    office.approve(path)
    office.pass_time(UNDO_S + 1)

    assert office.state(action_id) is State.DRY_RUN_COMPLETED
    assert missing in office.note(action_id).read_text().split("## Result")[1]
    assert sandbox.effects() == []
    office.close()


def test_the_third_yes_is_the_argument(live: Office, sandbox: Sandbox) -> None:
    for role in Role:
        answer = live.runner.gate("twitter", role).call("create_post", {"text": "Hello."})
        assert answer.data["status"] == "dry_run"
        assert answer.data["request"]["json"] == {"text": "Hello."}
        assert "dry_run=false" in " ".join(answer.data["reasons"])
    assert sandbox.effects() == []


# -- never ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", [Folder.APPROVED, Folder.PENDING])
@pytest.mark.parametrize("kind", ["bank.transfer", "Bank.Transfer", "legal_commitment"])
def test_a_hard_stop_never_runs_wherever_it_lies(live: Office, folder: Folder, kind: str) -> None:
    note = f"---\ntype: approval\naction: {kind}\n---\n## Parameters\n```yaml\namount: 5\n```\n"
    live.write(folder, "Pay them.md", note)
    live.pass_time(30)

    (action_id,) = live.ids()
    assert live.places(action_id) == ["Needs_Action"]
    assert "yours to decide and to do" in live.note(action_id).read_text()
    for back in (Folder.APPROVED, Folder.PENDING, Folder.APPROVED):
        move(live.note(action_id), live.folder(back))
        live.pass_time(30)
        assert live.places(action_id) == ["Needs_Action"]
    assert live.runner.writes == []


def test_an_unknown_action_goes_to_quarantine_with_the_reason(live: Office) -> None:
    live.write(
        Folder.PENDING, "Fax.md", "---\ntype: approval\naction: fax.send_page\n---\nPlease.\n"
    )
    live.pass_time(10)

    assert list(live.notes()) == ["Quarantine/Fax.md", "Quarantine/Fax.reason.md"]
    reason = live.notes()["Quarantine/Fax.reason.md"].read_text()
    assert "fax.send_page" in reason
    assert "odoo.create_invoice" in reason, "it says what can be done"
    (entry,) = [e for e in live.log() if e["event"] == "quarantined"]
    assert entry["target"] == "Quarantine/Fax.md"


def test_a_used_approval_does_nothing_again_at_the_server(live: Office, sandbox: Sandbox) -> None:
    action_id, path = live.post()
    row = live.ws.journal.get(action_id)
    assert row is not None
    live.approve(path)
    live.pass_time(UNDO_S + 1)
    call = {**row.payload, "dry_run": False, "approval_id": action_id}
    answer = live.runner.gate("twitter", Role.PROPOSE).call("create_post", call)
    assert (answer.data["status"], answer.is_error) == ("refused", True)
    assert "already carried out" in answer.data["summary"]
    answer = live.runner.gate("twitter", Role.EXECUTE).call("create_post", call)
    assert (answer.data["status"], answer.is_error) == ("already_done", False)
    now = live.ws.journal.get(action_id)
    assert now is not None
    assert answer.data["remote_id"] == now.remote_id
    assert len(sandbox.effects()) == 1


# -- which customer -------------------------------------------------------------------------------


def test_two_customers_of_one_name_are_asked_about_and_never_guessed(
    live: Office, sandbox: Sandbox
) -> None:
    live.write(Folder.PENDING, "Smith.md", invoice_note("Smith"))
    live.pass_time(10)
    (action_id,) = live.ids()
    text = live.note(action_id).read_text()
    assert f"customer_id: {SMITH}" in text
    assert f"customer_id: {OTHER_SMITH}" in text

    live.approve(live.note(action_id))
    live.pass_time(UNDO_S + 1)
    assert sandbox.effects() == []
    assert live.places(action_id) == ["Pending_Approval"]
    assert "not clear which customer" in live.note(action_id).read_text()

    note = live.note(action_id)
    edit(note, 'customer: "Smith"', f'customer: "Smith"\ncustomer_id: {OTHER_SMITH}')
    live.approve(note)
    live.pass_time(UNDO_S + 1)
    assert partners(sandbox) == [OTHER_SMITH]


def test_a_customer_made_in_odoo_meanwhile_is_found_and_shown_before_it_counts(
    live: Office, sandbox: Sandbox
) -> None:
    """Whoever makes the missing customer and approves is not told that nobody is called so."""
    live.write(Folder.PENDING, "New.md", invoice_note("Newcomer Ltd"))
    live.pass_time(10)
    (action_id,) = live.ids()
    assert "No customer is called Newcomer Ltd" in live.note(action_id).read_text()
    live.pass_time(60)
    partner = {"name": "Newcomer Ltd", "role": "customer"}
    made_by, made = live.propose("odoo.create_partner", partner)
    live.approve(made)
    live.pass_time(UNDO_S + 1)
    row = live.ws.journal.get(made_by)
    assert row is not None
    identifier = row.remote_id

    live.approve(live.note(action_id))
    live.pass_time(UNDO_S + 1)
    assert live.places(action_id) == ["Pending_Approval"], "who is billed was not shown yet"
    text = live.note(action_id).read_text()
    assert f"because the customer was found meanwhile: customer_id {identifier}." in text
    assert f"\ncustomer_id: {identifier}\n" in text
    assert len(sandbox.effects()) == 1
    live.approve(live.note(action_id))
    live.pass_time(UNDO_S + 1)
    assert live.state(action_id) is State.DONE
    billed = [e["payload"]["values"].get("partner_id") for e in sandbox.effects()]
    assert billed == [None, int(str(identifier))]


def test_a_customer_is_looked_up_once_the_service_is_set_up(
    office: Office, sandbox: Sandbox
) -> None:
    office.write(Folder.PENDING, "Acme.md", invoice_note())
    office.pass_time(10)
    (action_id,) = office.ids()
    assert "was not looked up in Odoo" in office.note(action_id).read_text()

    office.restart(**sandbox.settings())
    office.pass_time(10)
    assert f"customer_id: {ACME}" in office.note(action_id).read_text()


# -- what nobody knows ----------------------------------------------------------------------------

FAULTS = {
    "lost_answer": ("done", 1, "in_doubt", 1),
    "drop_before": ("not_done", 0, "in_doubt", 0),
    "http_500_after": ("done", 1, "in_doubt", 1),
    "http_500_before": ("not_done", 0, "in_doubt", 0),
    "garbage": ("not_done", 0, "in_doubt", 0),
    "slow": ("done", 1, "done", 1),
    "http_429": ("failed", 0, "done", 1),
    "auth_expired": ("failed", 0, "failed", 0),
}
"""For each fault of the call itself: how it ends in Odoo and how often it happened, and on X."""
FOLDERS = {
    "done": ("Completed/2026-11", State.DONE),
    "not_done": ("Needs_Review", State.NOT_SENT),
    "failed": ("Needs_Review", None),
    "in_doubt": ("Needs_Review", State.UNKNOWN),
}


@pytest.mark.parametrize("mode", FAULTS)
@pytest.mark.parametrize("kind", ["odoo.create_invoice", "twitter.create_post"])
def test_every_fault_ends_in_one_visible_place_and_acts_at_most_once(
    live: Office, sandbox: Sandbox, kind: str, mode: str
) -> None:
    odoo_end, odoo_count, x_end, x_count = FAULTS[mode]
    end, count = (odoo_end, odoo_count) if kind.startswith("odoo") else (x_end, x_count)
    if kind.startswith("twitter") and mode in {"lost_answer", "http_500_after"}:
        end = "done"  # the own timeline shows it
    action_id, path = live.invoice() if kind.startswith("odoo") else live.post()
    sandbox.fault(kind.split(".", maxsplit=1)[0], mode, match=kind, seconds=0.2)
    live.approve(path)
    live.pass_time(300)

    folder, state = FOLDERS[end]
    assert live.places(action_id) == [folder]
    assert len(sandbox.effects()) == count
    if state is not None:
        assert live.state(action_id) is state
    text = live.note(action_id).read_text()
    status = {"done": "completed", "not_done": "failed", "failed": "failed", "in_doubt": "in_doubt"}
    assert front_of(live.note(action_id))["status"] == status[end]
    if end == "not_done":
        assert "not done" in text.split("## Result")[1]
    if end == "in_doubt":
        assert "X shows no post with this text" in text, "the evidence is there"
        assert "do it again: `Approved`" in text
    asked = sum(1 for e in live.log(action_id) if e["event"] == "sending")
    assert asked == (2 if (mode, kind) == ("http_429", "twitter.create_post") else 1)


@pytest.mark.parametrize("kind", ["odoo.create_invoice", "twitter.create_post"])
@pytest.mark.parametrize("mode", ["lost_answer", "http_429"])
def test_a_service_that_fails_at_everything_is_never_sent_twice(
    live: Office, sandbox: Sandbox, kind: str, mode: str
) -> None:
    action_id, path = live.invoice() if kind.startswith("odoo") else live.post()
    sandbox.fault(kind.split(".", maxsplit=1)[0], mode, times=0, seconds=1)
    live.approve(path)
    live.pass_time(900)

    assert len(sandbox.effects()) <= 1
    assert live.places(action_id) == ["Needs_Review"]


def in_doubt(live: Office, sandbox: Sandbox) -> str:
    """Return an action on X of which nobody knows whether it happened."""
    action_id, path = live.post()
    sandbox.fault("twitter", "drop_before", match="twitter.create_post")
    live.approve(path)
    live.pass_time(60)
    assert live.state(action_id) is State.UNKNOWN
    assert live.places(action_id) == ["Needs_Review"]
    assert sandbox.effects() == []
    return action_id


def test_do_it_again_is_exactly_one_more(live: Office, sandbox: Sandbox) -> None:
    action_id = in_doubt(live, sandbox)
    live.approve(live.note(action_id))
    live.pass_time(UNDO_S - 1)
    assert sandbox.effects() == []
    live.pass_time(120)

    assert live.state(action_id) is State.DONE
    assert live.places(action_id) == ["Completed/2026-11"]
    assert len(sandbox.effects()) == 1


@pytest.mark.parametrize("month", ["", "2026-11", "2026-10"])
def test_it_happened_files_it_as_done_and_sends_nothing(
    live: Office, sandbox: Sandbox, month: str
) -> None:
    """Also when it is dragged to where the done ones are seen: into a month."""
    action_id = in_doubt(live, sandbox)
    (live.folder(Folder.COMPLETED) / month).mkdir(exist_ok=True)
    move(live.note(action_id), live.folder(Folder.COMPLETED) / month)
    live.pass_time(60)

    assert live.state(action_id) is State.DONE
    assert live.places(action_id) == ["Completed/2026-11"]
    assert "You said that it happened" in live.note(action_id).read_text()
    assert sandbox.effects() == []


def test_dropping_it_rejects_it(live: Office, sandbox: Sandbox) -> None:
    action_id = in_doubt(live, sandbox)
    move(live.note(action_id), live.folder(Folder.REJECTED))
    live.pass_time(60)

    assert live.state(action_id) is State.REJECTED
    assert live.places(action_id) == ["Rejected"]
    assert sandbox.effects() == []


def test_an_edited_note_out_of_review_runs_as_edited(live: Office, sandbox: Sandbox) -> None:
    action_id = in_doubt(live, sandbox)
    note = live.note(action_id)
    edit(note, "from Monday.", "from Tuesday.")
    live.approve(note)
    live.pass_time(60)

    assert texts(sandbox) == ["Winter offer from Tuesday."]


def test_a_restart_while_reading_back_sends_nothing_again(live: Office, sandbox: Sandbox) -> None:
    action_id, path = live.invoice()
    sandbox.fault("odoo", "lost_answer", match="odoo.create_invoice")
    live.approve(path)
    live.look()
    live.clock.advance(UNDO_S)
    live.executor.run_ready()
    live.runner.answered()
    assert live.state(action_id) is State.UNKNOWN
    assert len(sandbox.effects()) == 1

    live.restart()
    live.look()

    assert live.state(action_id) is State.DONE
    assert "found when read back" in live.note(action_id).read_text()
    assert len(sandbox.effects()) == 1


@pytest.mark.parametrize("kind", ["odoo.create_invoice", "twitter.create_post"])
def test_a_journal_that_fails_while_a_doubt_is_settled_is_told_again(
    live: Office, sandbox: Sandbox, kind: str
) -> None:
    action_id, path = live.invoice() if kind.startswith("odoo") else live.post()
    sandbox.fault(kind.split(".", maxsplit=1)[0], "drop_before", match=kind)
    live.approve(path)
    live.pass_time(UNDO_S + 1.5)  # the last read-back is under way or about to be
    assert live.state(action_id) is State.UNKNOWN

    def full(phase: str, name: str) -> None:
        if (phase, name) == ("before", "journal.commit"):
            raise sqlite3.OperationalError("database or disk is full")

    live.clock.advance(60)
    live.executor.run_ready()
    live.runner.answered()
    with durable.listening(full), pytest.raises(sqlite3.OperationalError):
        live.executor.run_ready()
    live.pass_time(60)

    assert live.places(action_id) == ["Needs_Review"]
    assert sandbox.effects() == []


def test_the_done_alias_is_read_as_completed(live: Office, sandbox: Sandbox) -> None:
    action_id = in_doubt(live, sandbox)
    done = live.ws.vault.root / "Done"
    done.mkdir()
    live.note(action_id).rename(done / "it.md")
    live.pass_time(60)
    assert live.state(action_id) is State.DONE
    assert live.places(action_id) == ["Completed/2026-11"]


def test_equal_content_is_warned_about_and_allowed(live: Office, sandbox: Sandbox) -> None:
    _, path = live.propose("odoo.create_invoice", invoice(customer_id=ACME))
    live.approve(path)
    live.pass_time(UNDO_S + 1)
    second, path = live.propose("odoo.create_invoice", invoice(customer_id=ACME))
    assert "WARNING: the same was already done" in path.read_text()
    live.approve(path)
    live.pass_time(UNDO_S + 1)
    assert live.state(second) is State.DONE
    assert len({effect["key"] for effect in sandbox.effects()}) == 2
