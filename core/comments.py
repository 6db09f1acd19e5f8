"""A comment or mention as a task: whose words below which post, and how it could be answered.

Rules: words of others stand quoted; an id of ours in the note is all that an answer needs; an
answer is a proposal that somebody makes and you decide.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core import notes
from core.tasks import Dropped
from utils.clock import from_iso

if TYPE_CHECKING:
    from core.workspace import Workspace

Item = dict[str, Any]
"""One comment, mention or post, as the tools list it."""

_ADDRESS = re.compile(r"https://[\w.-]+/[\w./?=&%+-]*")


@dataclass(frozen=True)
class Network:
    """How one network is asked, and how it is answered.

    Args:
        service: of the catalogue.
        posts: the tool that lists our posts; None where mentions are asked for at once.
        heard: the tool that lists what others wrote.
        parent: its argument with the id of our post.
        reply: the action that answers.
        target: its argument with the id of what is answered.
        word: what one of them is called.
    """

    service: str
    posts: str | None
    heard: str
    parent: str
    reply: str
    target: str
    word: str


NETWORKS = (
    Network(
        *("facebook", "list_posts", "list_comments", "post_id"),
        *("facebook.reply_to_comment", "comment_id", "comment"),
    ),
    Network(
        *("instagram", "list_media", "list_comments", "media_id"),
        *("instagram.reply_to_comment", "comment_id", "comment"),
    ),
    Network(
        *("twitter", None, "list_mentions", ""),
        *("twitter.reply_to_post", "post_id", "mention"),
    ),
)


def key_of(network: Network, item: Item) -> str:
    """Return what a comment is known by for ever."""
    return f"{network.service}:{item['id']}"


def dropped(ws: Workspace, network: Network, item: Item, below: Item | None) -> Dropped:
    """Return a comment as it becomes a task.

    Args:
        ws: the vault and its records.
        network: where it was said.
        item: the comment.
        below: our post, where it is known.
    """
    title = ws.services[network.service].title
    author = str(item.get("author") or "somebody")
    identifier = notes.inline(item["id"], 100)
    about = [_post(below)] if below else []
    url = str(item.get("url") or (below or {}).get("url") or "")
    about += [f"<{url}>"] * bool(_ADDRESS.fullmatch(url))
    answer = (
        f'To answer, have `{network.reply}` with `{network.target}: "{identifier}"` proposed: '
        "you are asked before anything is sent"
    )
    return Dropped(
        key=key_of(network, item),
        source=network.service,
        sender=author,
        subject=f"{title} {network.word} by {author}",
        title=f"New {title} {network.word} by {author}",
        received=from_iso(item["created_at"]),
        text=str(item.get("text") or ""),
        thread=f"{network.service}:{notes.inline((below or item)['id'], 100)}",
        about=tuple(about),
        steps=("Read it, and decide whether it needs an answer", answer),
    )


def _post(post: Item) -> str:
    words = notes.inline(post.get("text") or "without words", 120)
    return f"Below your post of {notes.inline(post['created_at'])[:10]}: “{words}”"
