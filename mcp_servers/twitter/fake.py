"""X as the sandbox plays it: API v2 posts, the signed-in user and a user's timeline.

Rules: a text comes back as X gives it, links replaced by t.co addresses and `& < >` escaped; the
same text to the same place is refused as a duplicate until the reset; rate limits are announced
on every answer and never enforced (a fault does that). Any Authorization that is not empty is
accepted. Fields and parameters that are not played are refused as X refuses unknown ones.

Sources: docs.x.com, X API v2 reference "Create Post", "Get my User", "Get Posts" (timelines),
"Response codes and errors", "Rate limits" and "Counting characters", as of 2026-11; the duplicate
refusal and the rate-limit headers as tweepy 4.17.0 reads them.
"""

from __future__ import annotations

import hashlib
import html
import math
import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mcp_servers.fakes import Fault, FaultMode, Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mcp_servers.fakes import World

OWNER_ID = "1001"
FIRST_POST_ID = 1_985_000_000_000_000_001
LIMIT_WEIGHT = 280
URL_WEIGHT = 23
WINDOW_S = 15 * 60
WINDOW_LIMIT = 900
DUPLICATE = "You are not allowed to create a Tweet with duplicate content."

SEEDED_POSTS = (
    ("2026-11-02T08:15:00.000Z", "We are hiring a second pair of hands in the workshop."),
    ("2026-11-09T08:15:00.000Z", "New on the blog: five things we check before every delivery."),
    ("2026-11-13T16:40:00.000Z", "Thank you all for a busy week & a full order book."),
    ("2026-11-18T08:15:00.000Z", "Winter hours start on Monday: https://example.com/hours"),
)

_DOMAIN = r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+"
_LINK = re.compile(
    rf"https?://{_DOMAIN}[a-z]{{2,}}(?::\d+)?(?:[/?#][^\s<>\"]*)?"
    rf"|(?<![\w@./:-]){_DOMAIN}(?:com|org|net|io|dev|app|shop|eu|de|ch|at|uk|us)\b(?:/[^\s<>\"]*)?",
    re.IGNORECASE,
)
_PICTOGRAPH = r"[\U0001F000-\U0001FAFF\u2190-\u21FF\u2300-\u23FF\u2460-\u27BF\u2900-\u2BFF\u3030]"
_EMOJI = re.compile(
    rf"[\U0001F1E6-\U0001F1FF]{{2}}|{_PICTOGRAPH}[\uFE0F\u20E3\U0001F3FB-\U0001F3FF]*"
    rf"(?:\u200D{_PICTOGRAPH}[\uFE0F\U0001F3FB-\U0001F3FF]*)*"
)
_LIGHT = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))
_ROUTE = re.compile(r"/2/users/(\d+)/tweets")
_TIMELINE_PARAMETERS = frozenset(
    [
        "max_results",
        "pagination_token",
        "start_time",
        "end_time",
        "since_id",
        "until_id",
        "tweet.fields",
    ]
)


@dataclass(frozen=True)
class Post:
    """One post as X keeps it."""

    id: int
    original: str
    reply_to: str | None
    conversation: str
    text: str
    urls: tuple[Mapping[str, object], ...]
    created_at: str

    def shown(self, fields: frozenset[str]) -> dict[str, object]:
        """Return the post as the API answers it, with the optional fields asked for."""
        identifier = str(self.id)
        optional: dict[str, object] = {
            "author_id": OWNER_ID,
            "conversation_id": self.conversation,
            "created_at": self.created_at,
        }
        if self.urls:
            optional["entities"] = {"urls": list(self.urls)}
        if self.reply_to:
            optional["in_reply_to_user_id"] = OWNER_ID
            optional["referenced_tweets"] = [{"type": "replied_to", "id": self.reply_to}]
        always = {"id": identifier, "text": self.text, "edit_history_tweet_ids": [identifier]}
        return always | {name: value for name, value in optional.items() if name in fields}


_POST_FIELDS = frozenset(
    [
        "id",
        "text",
        "edit_history_tweet_ids",
        "author_id",
        "conversation_id",
        "created_at",
        "entities",
        "in_reply_to_user_id",
        "referenced_tweets",
    ]
)


def _links(text: str) -> list[tuple[int, int]]:
    found = []
    for match in _LINK.finditer(text):
        link = match.group().rstrip(".,;:!?'\"")
        if link.endswith(")") and "(" not in link:
            link = link.rstrip(").,;:!?'\"")
        found.append((match.start(), match.start() + len(link)))
    return found


def weight_of(text: str) -> int:
    """Return the weighted length that X counts: 280 is the limit.

    Source: docs.x.com "Counting characters" (2026-11): links 23, emoji and CJK 2, after NFC.
    """
    text = unicodedata.normalize("NFC", text)
    links = _links(text)
    for start, end in reversed(links):
        text = text[:start] + text[end:]
    text, emoji = _EMOJI.subn("", text)
    light = sum(any(first <= ord(char) <= last for first, last in _LIGHT) for char in text)
    return URL_WEIGHT * len(links) + 2 * emoji + light + 2 * (len(text) - light)


def _shorten(text: str, seed: int) -> tuple[str, tuple[Mapping[str, object], ...]]:
    """Return the text as X shows it and its links; offsets count the shown text's code points."""
    shown, urls, at = "", [], 0
    for start, end in _links(text):
        shown += html.escape(text[at:start], quote=False)
        link = text[start:end]
        code = hashlib.sha256(f"{seed} {start} {link}".encode()).hexdigest()[:10]
        display = re.sub(r"^https?://(www\.)?", "", link, flags=re.IGNORECASE)
        urls.append(
            {
                "start": len(shown),
                "end": len(shown) + URL_WEIGHT,
                "url": f"https://t.co/{code}",
                "expanded_url": link if "://" in link else f"http://{link}",
                "display_url": display if len(display) <= 26 else f"{display[:26]}…",
            }
        )
        shown += f"https://t.co/{code}"
        at = end
    return shown + html.escape(text[at:], quote=False), tuple(urls)


def _problem(status: int, title: str, detail: str) -> dict[str, object]:
    return {"title": title, "detail": detail, "type": "about:blank", "status": status}


class _RefusedError(Exception):
    """X says no; carries the status and the body of its answer."""

    def __init__(self, status: int, body: Mapping[str, object]) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


def _invalid(name: str, value: object, message: str) -> _RefusedError:
    body = {
        "errors": [{"parameters": {name: [value]}, "message": message}],
        "title": "Invalid Request",
        "detail": "One or more parameters to your request was invalid.",
        "type": "https://api.twitter.com/2/problems/invalid-request",
    }
    return _RefusedError(400, body)


class TwitterFake:
    """The account `sandbox_owner` (user 1001) and its timeline.

    Args:
        world: receives the effects and gives the time.
    """

    service = "twitter"
    routes = re.compile(r"/2/")

    def __init__(self, world: World) -> None:
        self._world = world
        self._posts: list[Post] = []
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
        self._posts = []
        for created_at, text in SEEDED_POSTS:
            self._add(text, None, created_at)

    def kind(self, request: Request) -> str:
        """Return `twitter.create_post`, `twitter.users.me`, `twitter.users.tweets`, else the path.

        Replies are posts to X: they have the kind `twitter.create_post` too.
        """
        if (request.method, request.path) == ("POST", "/2/tweets"):
            return "twitter.create_post"
        words = [word for word in request.path.split("/")[2:] if word and not word.isdecimal()]
        return ".".join([self.service, *words])

    def handle(self, request: Request) -> Response | None:
        """Act on a request; every answer has the shape and the headers of X."""
        try:
            status, body = self._route(request)
        except _RefusedError as refused:
            status, body = refused.status, refused.body
        return Response.of(body, status, self._limits(WINDOW_LIMIT - 1, None))

    def fail(self, fault: Fault, request: Request) -> Response:  # noqa: ARG002 part of Fake
        """Return the answer of a fault in X's own shape."""
        headers = self._limits(WINDOW_LIMIT - 1, None)
        match fault.mode:
            case FaultMode.GARBAGE:
                return Response.page("X", 200)
            case FaultMode.HTTP_429:
                body = _problem(429, "Too Many Requests", "Too Many Requests")
                headers = self._limits(0, fault.seconds)
            case FaultMode.AUTH_EXPIRED:
                body = _problem(401, "Unauthorized", "Unauthorized")
            case _:
                body = _problem(500, "Internal Server Error", "Something is broken.")
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
            raise _RefusedError(401, _problem(401, "Unauthorized", "Unauthorized"))
        timeline = _ROUTE.fullmatch(request.path)
        match request.method, request.path:
            case "POST", "/2/tweets":
                return 201, self._create(request)
            case "GET", "/2/users/me":
                user = {"id": OWNER_ID, "name": "Sandbox Owner", "username": "sandbox_owner"}
                return 200, {"data": user}
            case "GET", _ if timeline:
                return 200, self._timeline(timeline[1], request.query)
        raise _RefusedError(404, _problem(404, "Not Found", "Not Found"))

    def _create(self, request: Request) -> Mapping[str, object]:
        body = request.json
        if not isinstance(body, dict):
            raise _invalid("", "", "Requests with bodies must have a JSON object as their body.")
        text, reply_to = _checked(body)
        if reply_to is not None and all(str(post.id) != reply_to for post in self._posts):
            detail = "You attempted to reply to a Tweet that is deleted or not visible to you."
            raise _RefusedError(403, _problem(403, "Forbidden", detail))
        if any((text, reply_to) == (post.original, post.reply_to) for post in self._posts):
            raise _RefusedError(403, _problem(403, "Forbidden", DUPLICATE))
        now = self._world.clock.now()
        post = self._add(text, reply_to, now.strftime("%Y-%m-%dT%H:%M:%S.000Z"))
        payload = {"id": str(post.id), "text": text, "in_reply_to_tweet_id": reply_to}
        self._world.record(self.service, "twitter.create_post", None, payload)
        return {"data": post.shown(frozenset())}

    def _add(self, text: str, reply_to: str | None, created_at: str) -> Post:
        identifier = FIRST_POST_ID + len(self._posts)
        shown, urls = _shorten(text, identifier)
        parents = (post.conversation for post in self._posts if str(post.id) == reply_to)
        conversation = next(parents, str(identifier))
        post = Post(identifier, text, reply_to, conversation, shown, urls, created_at)
        self._posts.append(post)
        return post

    def _timeline(self, user_id: str, query: Mapping[str, str]) -> Mapping[str, object]:
        fields, size = _timeline_options(query)
        if user_id != OWNER_ID:
            return {"errors": [_no_user(user_id)]}
        keep = [_filter(name, value) for name, value in query.items() if name in _FILTERS]
        chosen = [post for post in reversed(self._posts) if all(test(post) for test in keep)]
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
        return {"data": [post.shown(fields) for post in page], "meta": meta}


def _checked(body: Mapping[str, Any]) -> tuple[str, str | None]:
    """Return text and the post replied to; refuse what X refuses."""
    for name in sorted(set(body) - {"text", "reply"}):
        message = f"$.{name}: is not defined in the schema of this sandbox"
        raise _invalid(name, "", message)
    text, reply = body.get("text"), body.get("reply")
    if not isinstance(text, str) or not text.strip():
        raise _invalid("text", text, "Tweet text cannot be empty.")
    if weight_of(text) > LIMIT_WEIGHT:
        raise _invalid("text", text, "Your Tweet text is too long.")
    if reply is None:
        return text, None
    reply_to = reply.get("in_reply_to_tweet_id") if isinstance(reply, dict) else None
    if not isinstance(reply_to, str) or not reply_to.isdecimal():
        raise _invalid("reply.in_reply_to_tweet_id", reply_to, "must be the id of a Tweet")
    return text, reply_to


def _timeline_options(query: Mapping[str, str]) -> tuple[frozenset[str], int]:
    for name in sorted(set(query) - _TIMELINE_PARAMETERS):
        raise _invalid(name, query[name], f"The query parameter [{name}] is not played here")
    fields = frozenset(filter(None, query.get("tweet.fields", "").split(",")))
    for name in sorted(fields - _POST_FIELDS):
        raise _invalid("tweet.fields", name, f"The field [{name}] is not played here")
    size = query.get("max_results", "10")
    if not size.isdecimal() or not 5 <= int(size) <= 100:
        message = f"The `max_results` query parameter value [{size}] is not between 5 and 100"
        raise _invalid("max_results", size, message)
    return fields, int(size)


def _instant(text: str) -> str:
    at = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


_FILTERS: Mapping[str, tuple[Callable[[str], Any], Callable[[Post, Any], bool]]] = {
    "start_time": (_instant, lambda post, value: post.created_at >= value),
    "end_time": (_instant, lambda post, value: post.created_at < value),
    "since_id": (int, lambda post, value: post.id > value),
    "until_id": (int, lambda post, value: post.id < value),
    "pagination_token": (
        lambda text: int(text.removeprefix("7140dibdnow"), 16),
        lambda post, value: post.id < value,
    ),
}


def _filter(name: str, text: str) -> Callable[[Post], bool]:
    read, test = _FILTERS[name]
    try:
        value = read(text)
    except ValueError:
        message = f"The `{name}` query parameter value [{text}] is not valid"
        raise _invalid(name, text, message) from None
    return lambda post: test(post, value)


def _no_user(user_id: str) -> Mapping[str, object]:
    return {
        "value": user_id,
        "detail": f"Could not find user with id: [{user_id}].",
        "title": "Not Found Error",
        "resource_type": "user",
        "parameter": "id",
        "resource_id": user_id,
        "type": "https://api.twitter.com/2/problems/resource-not-found",
    }
