"""X as the sandbox plays it: API v2 posts, replies, mentions, figures, messages and uploads.

Rules: a text comes back as X gives it, links replaced by t.co addresses and `& < >` escaped; the
same text to the same place is refused as a duplicate until the reset; rate limits are announced
on every answer and enforced only when a test says so (`switch`), or by a fault. Any Authorization
that is not empty is accepted. Fields and parameters that are not played are refused as X refuses
unknown ones.

Sources: docs.x.com, X API v2 reference "Create Post", "Get my User", "Get Posts" and "Get mentions"
(timelines), "Get Posts by IDs", "Response codes and errors", "Rate limits", as of 2026-11; who may
be replied to: developer guidelines since 2026-02-23; the duplicate refusal and the rate-limit
headers as tweepy 4.17.0 reads them.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from mcp_servers.fakes import Fault, FaultMode, Request, Response
from mcp_servers.twitter.fake_errors import RefusedError, forbidden, invalid, not_found, problem
from mcp_servers.twitter.fake_media import Uploads
from mcp_servers.twitter.fake_messages import Messages
from mcp_servers.twitter.fake_posts import (
    ACCOUNT_FIGURES,
    FIRST_FOREIGN_ID,
    FIRST_POST_ID,
    OWNER_ID,
    USERS,
    Post,
    includes,
    seeded,
    seeded_foreign,
    user,
)
from mcp_servers.twitter.fake_queries import (
    POST_PARAMETERS,
    TIMELINE_PARAMETERS,
    checked,
    filters_in,
    post_options,
    size_of,
)
from mcp_servers.twitter.fake_text import mentions_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mcp_servers.fakes import Comment, World

WINDOW_S = 15 * 60
WINDOW_LIMIT = 900
DUPLICATE = "You are not allowed to create a Tweet with duplicate content."
NOT_MENTIONED = (
    "Reply to this conversation is not allowed because you have not been mentioned or otherwise "
    "engaged by the author of the post you are replying to."
)
SUSPENDED = "Your account is suspended and is not permitted to perform this action."
NOT_PERMITTED = (
    "Your client app is not configured with the appropriate oauth1 app permissions for this "
    "endpoint."
)
_TIMELINE = re.compile(r"/2/users/(\d+)/(tweets|mentions)")
_MESSAGES = re.compile(r"/2/dm_conversations/with/(\d+)/(messages|dm_events)")
_UPLOAD = re.compile(r"/2/media/upload/(\d+)/(append|finalize)")


class TwitterFake:
    """The account `sandbox_owner` (user 1001), its timeline and the people around it.

    Args:
        world: receives the effects and gives the time.
    """

    service = "twitter"
    routes = re.compile(r"/2/")

    def __init__(self, world: World) -> None:
        self._world = world
        self._uploads = Uploads(world)
        self._messages = Messages(world)
        self.reset()

    def settings(self, url: str) -> dict[str, str]:
        """Return the settings that make the real client use this fake."""
        return {
            "TWITTER_LIVE": "true",
            "TWITTER_API_URL": url,
            "TWITTER_API_KEY": "practice-api-key",
            "TWITTER_API_SECRET": "practice-api-secret",
            "TWITTER_ACCESS_TOKEN": f"{OWNER_ID}-sandbox",
            "TWITTER_ACCESS_SECRET": "practice-access-secret",
        }

    def reset(self) -> None:
        """Go back to the seeded posts."""
        self._posts = seeded()
        self._foreign = seeded_foreign()
        self._uploads.reset()
        self._messages.reset()
        self.switch()

    def switch(
        self, *, posts_left: int | None = None, suspends: bool = False, may_write: bool = True
    ) -> None:
        """Change how X answers from now on; without arguments as it does after a reset.

        Args:
            posts_left: how many posts are still taken, None for any number.
            suspends: whether the account is suspended after them; else the window is full.
            may_write: whether the app has the permission.
        """
        self._posts_left = posts_left
        self._suspends = suspends
        self._may_write = may_write

    def hear(self, comment: Comment) -> dict[str, str]:
        """Let one of the seeded users mention the account, answering a post if one is named.

        Raises:
            ValueError: there is no such user or post; the message is a sentence for a person.
        """
        names = {name: key for key, (name, _) in USERS.items() if key != OWNER_ID}
        if comment.name not in names:
            raise ValueError(f"from must be one of {', '.join(names)}.")
        if comment.below is not None and comment.below not in self._known:
            raise ValueError(f"There is no post {comment.below}.")
        own = USERS[OWNER_ID][0]
        post = Post(
            FIRST_FOREIGN_ID + len(self._foreign),
            names[comment.name],
            comment.text if own in mentions_in(comment.text) else f"@{own} {comment.text}",
            self._now_text(),
            reply_to=comment.below,
        )
        self._foreign.append(post)
        return {"id": str(post.id)}

    def _now_text(self) -> str:
        return self._world.clock.now().strftime("%Y-%m-%dT%H:%M:%S.000Z")

    @property
    def _known(self) -> dict[str, Post]:
        return {str(post.id): post for post in (*self._foreign, *self._posts)}

    def kind(self, request: Request) -> str:
        """Return the kind of a request: the action's, else `twitter.` and the words of its path.

        A reply to a post of the account itself is a part of a thread, and a post like the others.
        """
        if (request.method, request.path) == ("POST", "/2/tweets"):
            body = request.json if isinstance(request.json, dict) else {}
            answered = self._known.get(str((body.get("reply") or {}).get("in_reply_to_tweet_id")))
            foreign = answered is not None and answered.author_id != OWNER_ID
            return "twitter.reply_to_post" if foreign else "twitter.create_post"
        if request.method == "POST" and _MESSAGES.fullmatch(request.path):
            return "twitter.send_direct_message"
        words = [word for word in request.path.split("/")[2:] if word and not word.isdecimal()]
        return ".".join([self.service, *words])

    def handle(self, request: Request) -> Response | None:
        """Act on a request; every answer has the shape and the headers of X."""
        try:
            status, body = self._route(request)
        except RefusedError as refused:
            status, body = refused.status, refused.body
        left = 0 if status == 429 else WINDOW_LIMIT - 1
        return Response.of(body, status, self._limits(left, None))

    def fail(self, fault: Fault, request: Request) -> Response:  # noqa: ARG002 part of Fake
        """Return the answer of a fault in X's own shape."""
        headers = self._limits(WINDOW_LIMIT - 1, None)
        match fault.mode:
            case FaultMode.GARBAGE:
                return Response.page("X", 200)
            case FaultMode.HTTP_429:
                body = problem(429, "Too Many Requests", "Too Many Requests")
                headers = self._limits(0, fault.seconds)
            case FaultMode.AUTH_EXPIRED:
                body = problem(401, "Unauthorized", "Unauthorized")
            case _:
                body = problem(500, "Internal Server Error", "Something is broken.")
        return Response.of(body, int(str(body["status"])), headers)

    def _limits(self, remaining: int, wait_s: float | None) -> dict[str, str]:
        now = self._world.clock.now().timestamp()
        window = (now // WINDOW_S + 1) * WINDOW_S
        reset = window if wait_s is None else math.ceil(now + wait_s)
        return {
            "x-rate-limit-limit": str(WINDOW_LIMIT),
            "x-rate-limit-remaining": str(remaining),
            "x-rate-limit-reset": str(int(reset)),
        }

    def _route(self, request: Request) -> tuple[int, Mapping[str, object]]:
        scheme, _, credential = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() not in {"oauth", "bearer"} or not credential.strip():
            raise RefusedError(401, problem(401, "Unauthorized", "Unauthorized"))
        if request.method == "POST":
            if not self._may_write:
                raise forbidden(NOT_PERMITTED)
            return self._write(request)
        return 200, self._read(request)

    def _write(self, request: Request) -> tuple[int, Mapping[str, object]]:
        message = _MESSAGES.fullmatch(request.path)
        upload = _UPLOAD.fullmatch(request.path)
        if request.path == "/2/tweets":
            return 201, self._create(request)
        if message and message[2] == "messages":
            return 201, self._messages.send(message[1], request.json)
        if request.path == "/2/media/upload/initialize":
            return 200, self._uploads.begin(request.json)
        if upload and upload[2] == "append":
            return 200, self._uploads.append(upload[1], request)
        if upload:
            return 200, self._uploads.finish(upload[1])
        if request.path == "/2/media/metadata":
            return 200, self._uploads.describe(request.json)
        raise RefusedError(404, problem(404, "Not Found", "Not Found"))

    def _read(self, request: Request) -> Mapping[str, object]:
        timeline = _TIMELINE.fullmatch(request.path)
        messages = _MESSAGES.fullmatch(request.path)
        if timeline:
            return self._timeline(timeline[1], timeline[2], request.query)
        if messages and messages[2] == "dm_events":
            return self._messages.events(messages[1], request.query)
        match request.path:
            case "/2/users/me":
                wanted = request.query.get("user.fields", "").split(",")
                more = {"public_metrics": ACCOUNT_FIGURES} if "public_metrics" in wanted else {}
                return {"data": {**user(OWNER_ID), **more}}
            case "/2/tweets":
                return self._by_ids(request.query)
            case "/2/media/upload" if request.query.get("command") == "STATUS":
                return self._uploads.status(request.query.get("media_id", ""))
        raise RefusedError(404, problem(404, "Not Found", "Not Found"))

    # -- writing ------------------------------------------------------------------------------

    def _create(self, request: Request) -> Mapping[str, object]:
        body = request.json
        if not isinstance(body, dict):
            raise invalid("", "", "Requests with bodies must have a JSON object as their body.")
        text, reply_to, media_ids = checked(body)
        answered = self._known.get(reply_to or "")
        if reply_to is not None and answered is None:
            raise forbidden(
                "You attempted to reply to a Tweet that is deleted or not visible to you."
            )
        if answered is not None and not answered.concerns(OWNER_ID, self._known):
            raise forbidden(NOT_MENTIONED)
        if any((text, reply_to) == (post.original, post.reply_to) for post in self._posts):
            raise forbidden(DUPLICATE)
        if self._posts_left == 0 and self._suspends:
            raise forbidden(SUSPENDED)
        if self._posts_left == 0:
            raise RefusedError(429, problem(429, "Too Many Requests", "Too Many Requests"))
        if self._posts_left is not None:
            self._posts_left -= 1
        uploads = self._uploads.take(media_ids) if media_ids is not None else []
        kind = self.kind(request)
        post = self._add(text, answered, tuple(upload.key for upload in uploads))
        payload = {"id": str(post.id), "text": text, "in_reply_to_tweet_id": reply_to}
        if uploads:
            payload["media"] = self._uploads.shown_in_effect(uploads)  # type: ignore[assignment] # JSON
        self._world.record(self.service, kind, None, payload)
        return {"data": post.shown(frozenset())}

    def _add(self, text: str, answered: Post | None, media_keys: tuple[str, ...]) -> Post:
        names: tuple[str, ...] = ()
        if answered is not None and answered.author_id != OWNER_ID:
            name = USERS[answered.author_id][0]
            names = () if name in mentions_in(text) else (name,)
        post = Post(
            FIRST_POST_ID + len(self._posts),
            OWNER_ID,
            text,
            self._now_text(),
            reply_to=None if answered is None else str(answered.id),
            conversation="" if answered is None else answered.conversation or str(answered.id),
            names=names,
            media_keys=media_keys,
        )
        self._posts.append(post)
        return post

    # -- reading ------------------------------------------------------------------------------

    def _by_ids(self, query: Mapping[str, str]) -> Mapping[str, object]:
        fields, expansions = post_options(query, POST_PARAMETERS | {"ids"})
        known = self._known
        ids = query.get("ids", "").split(",")
        posts = [known[key] for key in ids if key in known]
        errors = [not_found("tweet", key) for key in ids if key not in known]
        answer: dict[str, object] = {"errors": errors} if errors else {}
        if posts:
            answer["data"] = [post.shown(fields) for post in posts]
        return answer | includes(posts, known, expansions)

    def _timeline(self, user_id: str, which: str, query: Mapping[str, str]) -> Mapping[str, object]:
        fields, expansions = post_options(query, TIMELINE_PARAMETERS)
        size = size_of(query)
        if user_id != OWNER_ID:
            return {"errors": [not_found("user", user_id)]}
        posts = self._posts
        if which == "mentions":
            posts = [post for post in self._foreign if OWNER_ID in post.mentioned]
        keep = filters_in(query)
        chosen = [post for post in reversed(posts) if all(test(post) for test in keep)]
        page = chosen[:size]
        if not page:
            return {"meta": {"result_count": 0}}
        meta: dict[str, object] = {
            "result_count": len(page),
            "newest_id": str(page[0].id),
            "oldest_id": str(page[-1].id),
        }
        if len(chosen) > size:
            meta["next_token"] = f"7140dibdnow{page[-1].id:x}"
        beside = includes(page, self._known, expansions)
        return {"data": [post.shown(fields) for post in page], "meta": meta, **beside}
