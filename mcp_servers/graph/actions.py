"""Actions that Facebook and Instagram share: public answers to comments, private messages.

Rules: both answer words that somebody else wrote, so the service is asked first and the words are
shown; nobody is written to whose last message is older than 24 hours.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from core.actions import NOT_POSSIBLE, STAYS, Action, Answers, Facts
from mcp_servers.fields import escape, links_in, words_for_a_name

if TYPE_CHECKING:
    from pydantic import BaseModel

    from core.text_limits import TextLimit


@dataclass(frozen=True)
class Network:
    """How one of Meta's networks is spoken of.

    Args:
        service: its server's name.
        title: its name in front of people.
        where: where a comment is, after "on"; Markdown.
        plainly: the same in the list of tools.
        account: what the owner has there: a page or an account.
    """

    service: str
    title: str
    where: str
    plainly: str
    account: str


class Answer(Protocol):
    """A public answer to a comment."""

    comment_id: str
    message: str


class Message(Protocol):
    """A private message."""

    message: str

    @property
    def who(self) -> str:
        """Return the person for the proposal."""


def reply_to_comment(network: Network, arguments: type[BaseModel], length: TextLimit) -> Action:
    """Return the action that answers a comment in public."""
    return Action(
        kind=f"{network.service}.reply_to_comment",
        summary=f"Answer a comment on {network.plainly}, in public.",
        arguments=arguments,
        describe=partial(_describe_reply, network),
        title=partial(_title_of_reply, network),
        facts=lambda reply: Facts(links=links_in(reply.message)),
        consequence=(
            f"The answer is public at once, in the name of your {network.account}, and who wrote "
            "the comment is told. It answers words that somebody else wrote: read them first."
        ),
        undo=f"delete it on {network.title}; {STAYS}",
        content="message",
        length=length,
        checked=True,
        answers=Answers("comment_id", lambda _: f"on {network.where}, in public"),
    )


def send_message(network: Network, arguments: type[BaseModel], length: TextLimit) -> Action:
    """Return the action that writes to somebody who wrote within 24 hours."""
    return Action(
        kind=f"{network.service}.send_message",
        summary=(
            f"Send a private message to somebody who wrote to the {network.account} within 24 "
            "hours."
        ),
        arguments=arguments,
        describe=partial(_describe_message, network),
        title=lambda message: words_for_a_name(f"Message {network.title}", message.who),
        facts=_facts_of_message,
        consequence=(
            "The message is delivered at once. Meta allows it only within 24 hours of their last "
            "message; that is looked up before it is sent. It answers words that somebody "
            "else wrote: read them first."
        ),
        undo=NOT_POSSIBLE,
        content="message",
        length=length,
        checked=True,
    )


def _describe_reply(network: Network, reply: Answer) -> str:
    return f"answer the comment {reply.comment_id} on {network.where}, in public"


def _title_of_reply(network: Network, reply: Answer) -> str:
    return f"Reply {network.title} {words_for_a_name(reply.message, limit=6)}".strip()


def _describe_message(network: Network, message: Message) -> str:
    return f"send a private message on **{network.title}** to **{escape(message.who)}**"


def _facts_of_message(message: Message) -> Facts:
    """Return who gets the message, and whatever it could lead to."""
    links = links_in(message.message)
    return Facts(counterparty=message.who, recipients=(message.who,), links=links)
