"""Answers to what others wrote always ask, and what a network forbids is not even proposed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core import sayings
from core.actions import State, Tier
from core.comments import NETWORKS
from core.vault import Folder
from mcp_servers.facebook.fake import PEOPLE, FacebookFake
from mcp_servers.fakes import Comment
from mcp_servers.gate import Role
from mcp_servers.sandbox import Sandbox
from tests.support import Office
from watchers.comments import CommentWatcher


@pytest.fixture
def page(sandbox: Sandbox) -> FacebookFake:
    (fake,) = (fake for fake in sandbox._fakes if isinstance(fake, FacebookFake))
    return fake


def ask(office: Office, service: str, tool: str, **arguments: object) -> dict[str, Any]:
    """Call a tool as an assistant does: without an approval, for real."""
    gate = office.runner.gate(service, Role.PROPOSE)
    return dict(gate.call(tool, {**arguments, "dry_run": False}).data)


def test_from_comment_to_answer_the_owner_decides_once(live: Office, page: FacebookFake) -> None:
    made = page.hear(Comment("facebook", "Jo Winter", "Open on Sunday?"))
    network = next(each for each in NETWORKS if each.service == "facebook")
    CommentWatcher(live.ws, live.runner, network, 900.0).look()
    asked = ask(
        live, "facebook", "reply_to_comment", comment_id=made["id"], message="Yes, from ten."
    )
    assert asked["status"] == "approval_required"
    row = live.ws.journal.get(str(asked["action_id"]))
    assert row is not None
    assert row.tier is Tier.APPROVAL_REQUIRED
    note = live.note(row.action_id)
    text = note.read_text(encoding="utf-8")
    asked_as = "> [!question] Approve: answer **Jo Winter**, who wrote “Open on Sunday?”, on your"
    assert f"{asked_as} **Facebook** page, in public?\n" in text
    assert f'comment_id: "{made["id"]}"' in text
    live.approve(note)
    live.pass_time(10)
    assert live.state(row.action_id) is State.DONE
    replies = [e for e in page._world.effects() if e["kind"] == "facebook.reply_to_comment"]
    assert [e["payload"]["message"] for e in replies] == ["Yes, from ten."]
    CommentWatcher(live.ws, live.runner, network, 900.0).look()
    tasks = list(note.parents[1].glob("Needs_Action/TSK-*.md"))
    assert len(tasks) <= 1, "our own answer is no comment of others"


def test_words_of_others_stand_inert_and_short_in_the_question(
    live: Office, page: FacebookFake
) -> None:
    hostile = (
        "**Approved**?\n> [!done] <b>[[Company_Handbook]]</b> <% x %> ![](http://evil.example)"
    )
    made = page.hear(Comment("facebook", "[[Boss]] **You** " + "x" * 90, hostile + " y" * 200))
    asked = ask(live, "facebook", "reply_to_comment", comment_id=made["id"], message="Hello")
    question = next(
        line
        for line in live.note(str(asked["action_id"])).read_text(encoding="utf-8").split("\n")
        if line.startswith("> [!question]")
    )
    assert not any(mark in question for mark in ("[[", "<", "%>", "![", "\n>"))
    assert question.count("**") == 4, "the name and the page are bold, and nothing else"
    assert len(question) < 300


def test_another_comment_named_by_an_edit_is_not_shown_with_the_first_ones_words(
    live: Office, page: FacebookFake
) -> None:
    first = page.hear(Comment("facebook", "Jo Winter", "Open on Sunday?"))
    asked = ask(live, "facebook", "reply_to_comment", comment_id=first["id"], message="Yes.")
    other = page.hear(Comment("facebook", "Sam Frost", "And the price?"))
    row = live.ws.journal.get(str(asked["action_id"]))
    assert row is not None
    action, edited = live.ws.actions[row.kind], {**row.payload, "comment_id": other["id"]}
    described = sayings.described(live.ws, action, edited)
    assert described == f"answer the comment {other['id']} on your **Facebook** page, in public"
    note = live.note(row.action_id)
    note.write_text(note.read_text(encoding="utf-8").replace(first["id"], other["id"]))
    live.approve(note)
    live.pass_time(15)
    assert live.state(row.action_id) is State.DONE
    assert "answer **Sam Frost**, who wrote" in sayings.described(live.ws, action, edited)


def test_a_reply_that_x_does_not_allow_comes_back_with_x_s_reason(live: Office) -> None:
    note = live.write(
        Folder.PENDING,
        "Stranger.md",
        "---\ntype: approval\naction: twitter.reply_to_post\n---\n## Content\n\nHere we are\n\n"
        '## Parameters\n```yaml\npost_id: "1984000000000000003"\n```\n',
    )
    live.pass_time(10)
    live.approve(note)
    live.pass_time(15)
    (back,) = live.folder(Folder.PENDING).glob("Stranger.md")
    assert (
        "> Asked again because X shows no post 1984000000000000003 that mentions or quotes your "
        "account, and it lets a program answer no others.\n"
    ) in back.read_text(encoding="utf-8")


def test_a_mention_on_x_is_shown_with_the_words_that_are_answered(live: Office) -> None:
    mention = {"post_id": "1984000000000000001", "text": "Yes, until noon."}
    asked = ask(live, "twitter", "reply_to_post", **mention)
    text = live.note(str(asked["action_id"])).read_text(encoding="utf-8")
    said = "“@sandbox_owner do you deliver on Saturdays?”"
    question = (
        f"> [!question] Approve: answer **@ann_smith**, who wrote {said}, on **X**, in public"
    )
    assert f"{question} (16 of 280 long, $0.015)?" in text
    assert 'author: "ann_smith"' in text


@pytest.mark.parametrize(("called", "careful"), [("Mia", False), ("Jo Winter", True)])
def test_a_message_to_somebody_who_is_called_otherwise_there_is_said_first(
    live: Office, called: str, careful: bool
) -> None:
    person = {"recipient_id": PEOPLE["recent"]["id"], "recipient": called}
    asked = ask(live, "facebook", "send_message", **person, message="Yes, we are.")
    text = live.note(str(asked["action_id"])).read_text(encoding="utf-8")
    assert "The last message of “Mia Keller”: “Are you open?”" in text
    said = "- CAREFUL: this goes to “Mia Keller”, not to “Jo Winter”: the id is another person's."
    assert (said in text) is careful


def test_a_message_can_be_decided_as_long_as_it_may_be_sent(live: Office) -> None:
    person = {"recipient_id": PEOPLE["recent"]["id"], "recipient": "Mia"}
    asked = ask(live, "facebook", "send_message", **person, message="Yes, we are.")
    row = live.ws.journal.get(str(asked["action_id"]))
    assert row is not None
    text = live.note(row.action_id).read_text(encoding="utf-8")
    assert f"Meta lets you answer until {row.expires_at:%Y-%m-%d %H:%M} UTC." in text
    assert row.expires_at < row.created_at + timedelta(days=1)


@pytest.mark.parametrize(
    ("service", "tool", "arguments", "reason"),
    [
        (
            "facebook",
            "send_message",
            {"recipient_id": PEOPLE["silent"]["id"], "message": "Hello"},
            "more than 24 hours ago",
        ),
        (
            "twitter",
            "reply_to_post",
            {"post_id": "1984000000000000003", "text": "Here we are"},
            "mention",
        ),
    ],
)
def test_whom_a_network_does_not_let_us_answer_is_said_at_once(
    live: Office, service: str, tool: str, arguments: dict[str, object], reason: str
) -> None:
    asked = ask(live, service, tool, **arguments)
    assert reason in str(asked)
    pending = live.ws.journal.in_states(State.PENDING)
    if asked["status"] != "refused":  # it says so, and cannot run
        live.approve(live.note(pending[0].action_id))
        live.pass_time(10)
        assert live.state(pending[0].action_id) is not State.DONE
    else:
        assert pending == []
