"""The arguments of what can be done on X and asked of it, and what X takes of texts and files.

Rule: a text that X would refuse or change (too long, control characters, blanks around it) is
refused or put right before a person is asked; what is approved is what X will show.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, field_validator

from core.media import MediaList, MediaRule, MediaType
from core.text_limits import TextLimit
from mcp_servers.fields import Arguments, Limit, Lines, LocalTime, within
from mcp_servers.twitter.length import LINK_LENGTH, MAX_LENGTH, normal, weighted_length
from mcp_servers.twitter.thread import MAX_PARTS, MIN_PARTS, divided, joined, parts_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import ValidationInfo

    from core.media import MediaFacts

POST_LENGTH = TextLimit(
    MAX_LENGTH,
    "characters",
    f"as X counts: a link {LINK_LENGTH}, an emoji 2, Chinese, Japanese and Korean 2, Latin 1",
    "docs.x.com, Counting characters, read 2026-11-21",
    weighted_length,
)
MESSAGE_LENGTH = TextLimit(
    10_000,
    "characters",
    "not documented, counted as code points",
    "docs.x.com, Direct Messages, read 2026-11-21",
)

_MIB = 1024 * 1024
_STILLS = frozenset({MediaType.PNG, MediaType.JPEG, MediaType.WEBP})
_NOT_ALLOWED = frozenset("\u202a\u202b\u202c\u202d\u202e\ufffe\uffff\ufeff")
_POST_LINK = re.compile(
    r"https?://(?:www\.|mobile\.)?(?:x|twitter)\.com/\w+(?:/\w+)?/status/(\d+)\S*"
)


def _mixture(facts: Sequence[MediaFacts]) -> None:
    if len(facts) > 1 and any(each.type not in _STILLS for each in facts):
        raise ValueError("X takes up to 4 pictures, or one GIF, or one film in a post")


MEDIA = MediaRule(
    limits={
        **dict.fromkeys((MediaType.PNG, MediaType.JPEG, MediaType.WEBP), 5 * _MIB),
        MediaType.GIF: 15 * _MIB,
        MediaType.MP4: 128 * _MIB,  # X takes 512 MiB; ours is held in memory
        MediaType.MOV: 128 * _MIB,
    },
    at_most=4,
    alt_limit=1000,
    alt_for=_STILLS | {MediaType.GIF},
    check=_mixture,
)
"""Source: docs.x.com, "Media best practices" and "Create Media metadata", 2026-11."""


def _text(text: str) -> str:
    """Return a post's text as X keeps it.

    Source: twitter-text, `invalidCharacters`, and control characters, which X drops silently.
    """
    text = normal(text.replace("\r\n", "\n"))
    for character in text:
        control = unicodedata.category(character) in {"Cc", "Cs"} and character != "\n"
        if control or character in _NOT_ALLOWED:
            raise ValueError(f"contains the character U+{ord(character):04X}, which X refuses")
    return text


def _post_text(text: str) -> str:
    text = _text(text)
    length = weighted_length(text)
    if length > MAX_LENGTH:
        raise ValueError(f"is {length} long as X counts it; at most {MAX_LENGTH} are allowed")
    return text


def _id_in(value: object) -> object:
    """Return the id in a link to a post."""
    link = _POST_LINK.fullmatch(value.strip()) if isinstance(value, str) else None
    return link[1] if link else value


def _without_at(value: object) -> object:
    return value.strip().removeprefix("@") if isinstance(value, str) else value


Text = Annotated[str, Field(min_length=1, max_length=4000), AfterValidator(_post_text)]
Id = Annotated[str, Field(pattern=r"^[0-9]{1,20}$")]
PostId = Annotated[Id, BeforeValidator(_id_in)]
Username = Annotated[str, Field(pattern=r"^\w{1,15}$"), BeforeValidator(_without_at)]
PublishAt = Annotated[
    LocalTime | None, Field(description="When to post, the owner's local time; else when approved")
]
Pictures = Annotated[MediaList | None, Field(description="Up to 4 pictures, or 1 GIF or film")]


class CreatePost(Arguments):
    """The arguments of one public post."""

    text: Text = Field(description="The post; 280 as X counts, a link counts 23")
    media: Pictures = None
    publish_at: PublishAt = None


class CreateThread(Arguments):
    """The arguments of a thread."""

    split: bool = Field(default=False, description="Divide at sentence ends where it is too long")
    text: Annotated[str, Field(min_length=1, max_length=20_000), AfterValidator(_text)] = Field(
        description="The posts, divided by lines of ---"
    )
    media: Annotated[Pictures, Field(description="For the first post")] = None
    publish_at: PublishAt = None

    @field_validator("text")
    @classmethod
    def _fits(cls, text: str, info: ValidationInfo) -> str:
        text = divided(text) if info.data.get("split") else joined(parts_of(text))
        parts = parts_of(text)
        for number, part in enumerate(parts, start=1):
            length = weighted_length(part)
            if not 0 < length <= MAX_LENGTH:
                raise ValueError(
                    f"part {number} is {length} long as X counts it; 1 to {MAX_LENGTH} are allowed "
                    "(divide with a line of ---, or set split to true)"
                )
        if not MIN_PARTS <= len(parts) <= MAX_PARTS:
            raise ValueError(
                f"has {len(parts)} parts; a thread has {MIN_PARTS} to {MAX_PARTS}, divided by "
                "lines of ---"
            )
        return text


class ReplyToPost(Arguments):
    """The arguments of a public reply."""

    post_id: PostId = Field(description="Id or link of the post")
    author: Username | None = Field(
        default=None, description="Who wrote it; looked up: must have mentioned or quoted us"
    )
    text: Text
    media: Pictures = None


class SendDirectMessage(Arguments):
    """The arguments of a direct message."""

    recipient: Username = Field(description="Username")
    recipient_id: Id | None = Field(default=None, description="Looked up among who mentioned us")
    text: Annotated[Lines, *within(MESSAGE_LENGTH)]


class ListPosts(Arguments):
    """The arguments of a look at the account's own posts."""

    limit: Limit = 25
    cursor: Id | None = Field(default=None, description="next_cursor of the page before")
    since: AwareDatetime | None = Field(
        default=None, description="Only posts from this instant on, with a time zone"
    )


class ListMentions(ListPosts):
    """The arguments of a look at who mentioned the account."""

    query: Annotated[str, Field(max_length=200), BeforeValidator(_id_in)] | None = Field(
        default=None, description="Only this post (id or link), or only by this username"
    )


class GetMetrics(Arguments):
    """The arguments of a look at figures."""

    post_ids: Annotated[list[PostId], Field(min_length=1, max_length=100)] | None = Field(
        default=None, description="Own posts; left out: the newest ones"
    )
    limit: Limit = 25
    cursor: Id | None = Field(default=None, description="next_cursor of the page before")
    since: AwareDatetime | None = Field(default=None, description="Only posts from here on")
