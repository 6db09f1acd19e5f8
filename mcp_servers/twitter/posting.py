"""What is sent to X: one builder for the preview and for the real call.

Rules: an upload nobody can see is the first step, so that its failure has sent nothing; the post
itself is one request, sent once.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from core.media import media_in
from mcp_servers.toolset import Done
from mcp_servers.twitter.reading import URL
from mcp_servers.twitter.thread import parts_of
from mcp_servers.twitter.uploads import upload
from utils.errors import RejectedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.actions import Payload
    from mcp_servers.toolset import Trace
    from mcp_servers.twitter.client import Writer
    from utils.config import Settings

MESSAGES_URL = "https://x.com/messages"
POSTS, MESSAGES = "/2/tweets", "/2/dm_conversations/with/{}/messages"


def body_of(text: str, media: Sequence[str] = (), reply_to: str | None = None) -> dict[str, Any]:
    """Return the body of one post."""
    body: dict[str, Any] = {"text": text}
    if media:
        body["media"] = {"media_ids": list(media)}
    if reply_to is not None:
        body["reply"] = {"in_reply_to_tweet_id": reply_to}
    return body


# -- previews -------------------------------------------------------------------------------------


def request_of_post(settings: Settings, payload: Payload, key: str) -> dict[str, Any]:
    """Return the request that publishes a post or a reply; X takes no key."""
    del key
    body = body_of(payload["text"], _names(payload), payload.get("post_id"))
    return _request(settings, POSTS, body, payload)


def request_of_thread(settings: Settings, payload: Payload, key: str) -> dict[str, Any]:
    """Return the requests that publish a thread, one a part."""
    del key
    first, *rest = parts_of(payload["text"])
    posts = [body_of(first, _names(payload))]
    posts += [body_of(part, (), f"(id of post {n})") for n, part in enumerate(rest, start=1)]
    return _request(settings, POSTS, posts, payload)


def request_of_message(settings: Settings, payload: Payload, key: str) -> dict[str, Any]:
    """Return the request that sends a direct message."""
    del key
    path = MESSAGES.format(payload.get("recipient_id", "(id to be looked up)"))
    return _request(settings, path, {"text": payload["text"]}, payload)


def _request(settings: Settings, path: str, body: object, payload: Payload) -> dict[str, Any]:
    url = settings.text("TWITTER_API_URL")
    request = {"method": "POST", "url": f"{url}{path}", "json": body}
    files = [each.model_dump(mode="json", exclude_none=True) for each in media_in(payload)]
    return {**request, "uploaded_before": files} if files else request


def _names(payload: Payload) -> list[str]:
    return [f"(id of {each.path})" for each in media_in(payload)]


# -- calls ----------------------------------------------------------------------------------------


def upload_files(client: Writer, payload: Payload, trace: Trace) -> str | None:
    """Upload the approved files; what an earlier attempt has posted is kept beside their ids.

    Raises:
        NotSentError: an upload did not come about; nothing was posted.
        RejectedError: X refused a file; nothing was posted.
    """
    del payload
    if not trace.files:
        return trace.staged_id
    kept = json.loads(trace.staged_id) if trace.staged_id else {}
    if kept.get("posts"):
        return trace.staged_id  # the post that they belong to is public
    return json.dumps({"media": upload(client, trace.files)})


def create_post(client: Writer, payload: Payload, trace: Trace) -> Done:
    """Publish a post.

    Raises:
        NotSentError: nothing left this machine, or X asked us to wait.
        RejectedError: X refused; nothing was posted.
        UnknownOutcomeError: it was sent, and no usable answer came.
    """
    identifier = client.create_post(body_of(payload["text"], _uploaded(trace)))
    return Done(identifier, f"{URL}{identifier}", f"Published on X as post {identifier}.")


def reply_to_post(client: Writer, payload: Payload, trace: Trace) -> Done:
    """Publish a reply; errors as for a post."""
    if not payload.get("author"):
        raise RejectedError(
            "X",
            "the reply has no `author`: X lets us reply only to who mentioned or quoted the "
            "account. Nothing was sent.",
        )
    body = body_of(payload["text"], _uploaded(trace), payload["post_id"])
    identifier = client.create_post(body)
    return Done(identifier, f"{URL}{identifier}", f"Replied on X to @{payload['author']}.")


def send_direct_message(client: Writer, payload: Payload, trace: Trace) -> Done:
    """Send a direct message; errors as for a post."""
    del trace
    if not payload.get("recipient_id"):
        raise RejectedError("X", "the message has no `recipient_id`. Nothing was sent.")
    identifier = client.send_message(payload["recipient_id"], {"text": payload["text"]})
    return Done(identifier, MESSAGES_URL, f"Sent on X to @{payload['recipient']}.")


def _uploaded(trace: Trace) -> list[str]:
    return json.loads(trace.staged_id)["media"] if trace.files and trace.staged_id else []
