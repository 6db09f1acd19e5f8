"""X's tools: how each action is previewed, done and read back.

Rules: X knows no key of ours, so what was lost is searched in the own timeline by its exact text,
and not finding it proves nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcp_servers.toolset import Evidence, Toolset, Trace, Write
from mcp_servers.twitter import posting, reading
from mcp_servers.twitter.threads import create_thread, reconcile_thread
from mcp_servers.twitter.timeline import evidence_of_message, evidence_of_post

if TYPE_CHECKING:
    from core.actions import Payload
    from mcp_servers.twitter.client import Reader, Writer
    from utils.config import Settings


def reader(settings: Settings) -> Reader:
    """Return the client that can only read."""
    from mcp_servers.twitter.client import Reader

    return Reader(settings)


def writer(settings: Settings) -> Writer:
    """Return the client that can write."""
    from mcp_servers.twitter.client import Writer

    return Writer(settings)


def reconcile_post(client: Reader, payload: Payload, trace: Trace) -> Evidence:
    """Return whether the own timeline shows a post, or a reply at its place."""
    return evidence_of_post(client, trace, payload["text"], payload.get("post_id"))


def reconcile_message(client: Reader, payload: Payload, trace: Trace) -> Evidence:
    """Return whether the conversation shows a message."""
    return evidence_of_message(client, trace, payload["recipient_id"], payload["text"])


TOOLSET = Toolset(
    reader=reader,
    writer=writer,
    writes={
        "create_post": Write(
            posting.request_of_post, posting.create_post, reconcile_post, posting.upload_files
        ),
        "create_thread": Write(
            posting.request_of_thread, create_thread, reconcile_thread, posting.upload_files
        ),
        "reply_to_post": Write(
            posting.request_of_post, posting.reply_to_post, reconcile_post, posting.upload_files
        ),
        "send_direct_message": Write(
            posting.request_of_message, posting.send_direct_message, reconcile_message
        ),
    },
    reads={
        "list_posts": reading.list_posts,
        "list_mentions": reading.list_mentions,
        "get_metrics": reading.get_metrics,
    },
)
