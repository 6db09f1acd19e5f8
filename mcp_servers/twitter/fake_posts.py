"""People and posts of the sandbox's X: seeded, kept, and shown as the API shows them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mcp_servers.twitter.fake_text import mentions_in, shorten

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

OWNER_ID = "1001"
FIRST_POST_ID = 1_985_000_000_000_000_001
FIRST_FOREIGN_ID = 1_984_000_000_000_000_001

USERS: Mapping[str, tuple[str, str]] = {
    OWNER_ID: ("sandbox_owner", "Sandbox Owner"),
    "2001": ("ann_smith", "Ann Smith"),
    "2002": ("globex_gmbh", "Globex GmbH"),
    "2003": ("a_stranger", "A Stranger"),
}
"""Username and name by id. The stranger takes no messages and has not mentioned the account."""

SEEDED_POSTS = (
    ("2026-11-02T08:15:00.000Z", "We are hiring a second pair of hands in the workshop."),
    ("2026-11-09T08:15:00.000Z", "New on the blog: five things we check before every delivery."),
    ("2026-11-13T16:40:00.000Z", "Thank you all for a busy week & a full order book."),
    ("2026-11-18T08:15:00.000Z", "Winter hours start on Monday: https://example.com/hours"),
)
SEEDED_FOREIGN = (
    ("2001", "2026-11-14T10:05:00.000Z", "@sandbox_owner do you deliver on Saturdays?", None),
    ("2002", "2026-11-16T18:30:00.000Z", "Good advice, worth reading.", 1),
    ("2003", "2026-11-17T07:00:00.000Z", "Looking for a workshop nearby, any ideas?", None),
    ("2001", "2026-11-19T12:00:00.000Z", "@sandbox_owner thank you & see you soon!", None),
)
"""Author, time, text, and which of our seeded posts it quotes."""

_FIGURES = (412, 9, 2, 3, 1, 0)
_FIGURE_NAMES = (
    *("impression_count", "like_count", "reply_count", "retweet_count", "quote_count"),
    "bookmark_count",
)
ACCOUNT_FIGURES = {
    "followers_count": 128,
    "following_count": 40,
    "tweet_count": len(SEEDED_POSTS),
    "listed_count": 2,
}


@dataclass(frozen=True)
class Post:
    """One post as X keeps it.

    Args:
        id: larger is newer.
        author_id: of the user who posted it.
        original: the text as it was sent.
        created_at: as X writes it.
        reply_to: the post it answers.
        quotes: the post it quotes.
        conversation: the id of the first post above it.
        names: the usernames that X puts before a reply's text.
        media_keys: of its pictures.
        figures: `public_metrics`.
    """

    id: int
    author_id: str
    original: str
    created_at: str
    reply_to: str | None = None
    quotes: str | None = None
    conversation: str = ""
    names: tuple[str, ...] = ()
    media_keys: tuple[str, ...] = ()
    figures: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(_FIGURE_NAMES, 0))

    @property
    def mentioned(self) -> tuple[str, ...]:
        """Return the ids of the users that it mentions."""
        names = {*mentions_in(self.original), *self.names}
        return tuple(key for key, (username, _) in USERS.items() if username in names)

    def concerns(self, user_id: str, posts: Mapping[str, Post]) -> bool:
        """Return whether it is a user's own, or mentions or quotes that user."""
        quoted = posts.get(self.quotes or "")
        quotes_them = quoted is not None and quoted.author_id == user_id
        return user_id in {self.author_id, *self.mentioned} or quotes_them

    def shown(self, fields: frozenset[str]) -> dict[str, object]:
        """Return the post as the API answers it, with the optional fields asked for."""
        text, urls = shorten("".join(f"@{name} " for name in self.names) + self.original, self.id)
        optional: dict[str, object] = {
            "author_id": self.author_id,
            "conversation_id": self.conversation or str(self.id),
            "created_at": self.created_at,
            "public_metrics": dict(self.figures),
        }
        entities: dict[str, object] = {}
        if self.mentioned:
            entities["mentions"] = [
                {"id": key, "username": USERS[key][0]} for key in self.mentioned
            ]
        if self.media_keys:
            short, more = _picture_link(self, len(text))
            text += f" {short}"
            urls = (*urls, *more)
        if urls:
            entities["urls"] = list(urls)
        if entities:
            optional["entities"] = entities
        if refers_to := self._refers_to():
            optional["referenced_tweets"] = refers_to
        if self.reply_to:
            optional["in_reply_to_user_id"] = OWNER_ID
        identifier = str(self.id)
        always = {"id": identifier, "text": text, "edit_history_tweet_ids": [identifier]}
        return always | {name: value for name, value in optional.items() if name in fields}

    def _refers_to(self) -> list[dict[str, str]]:
        kinds = (("replied_to", self.reply_to), ("quoted", self.quotes))
        return [{"type": kind, "id": key} for kind, key in kinds if key]


def _picture_link(post: Post, at: int) -> tuple[str, list[Mapping[str, object]]]:
    """Return the link that X puts behind a text with pictures, once for each picture."""
    short = f"https://t.co/p{post.id % 10**9:09d}"
    address = f"https://x.com/{USERS[post.author_id][0]}/status/{post.id}/photo/1"
    entity = {
        "start": at + 1,
        "end": at + 1 + len(short),
        "url": short,
        "expanded_url": address,
        "display_url": f"pic.x.com/p{post.id % 10**9:09d}",
    }
    return short, [{**entity, "media_key": key} for key in post.media_keys]


def seeded() -> list[Post]:
    """Return the account's seeded posts, oldest first."""
    return [
        Post(
            FIRST_POST_ID + number,
            OWNER_ID,
            text,
            created_at,
            figures={
                name: value * (number + 1)
                for name, value in zip(_FIGURE_NAMES, _FIGURES, strict=True)
            },
        )
        for number, (created_at, text) in enumerate(SEEDED_POSTS)
    ]


def seeded_foreign() -> list[Post]:
    """Return the posts of others, oldest first."""
    return [
        Post(
            FIRST_FOREIGN_ID + number,
            author_id,
            text,
            created_at,
            quotes=None if quotes is None else str(FIRST_POST_ID + quotes),
        )
        for number, (author_id, created_at, text, quotes) in enumerate(SEEDED_FOREIGN)
    ]


def includes(
    posts: Sequence[Post], known: Mapping[str, Post], expansions: frozenset[str]
) -> dict[str, object]:
    """Return what stands beside posts: their authors, and the posts that they refer to."""
    beside: dict[str, object] = {}
    if "author_id" in expansions and posts:
        authors = dict.fromkeys(post.author_id for post in posts)
        beside["users"] = [user(key) for key in authors]
    if "referenced_tweets.id" in expansions:
        wanted = [key for post in posts for key in (post.reply_to, post.quotes) if key]
        found = [known[key] for key in dict.fromkeys(wanted) if key in known]
        if found:
            beside["tweets"] = [post.shown(frozenset({"author_id"})) for post in found]
    return {"includes": beside} if beside else {}


def user(user_id: str) -> dict[str, str]:
    """Return a user as the API shows one."""
    username, name = USERS[user_id]
    return {"id": user_id, "username": username, "name": name}
