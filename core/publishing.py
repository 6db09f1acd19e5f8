"""`social.publish`: one note, one decision, a post on each of several networks.

Rules: every network's text is held against that network's own limits before the owner is asked,
and the network is named; a network joins by having a post that takes a text and a time; what each
network will be sent is a payload of its own, for its own tool and its own server.
"""

from __future__ import annotations

import re
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from core import channels, notes, vault_files
from core.actions import STAYS, Action, Facts, Part, payload_of
from core.media import MediaList, MediaRule
from core.payloads import ANY, in_words

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pydantic import BaseModel

    from core.actions import Payload
    from core.services import Service

KIND = "social.publish"

_NOT_IN_A_NAME = re.compile(r"[^\w -]+")
Posts = dict[str, tuple[str, Action]]
"""By the name of a network: what people call it, and its action that publishes a post."""


def posts_of(services: Mapping[str, Service]) -> Posts:
    """Return the networks: the services whose first post takes a text and a time."""
    found: Posts = {}
    for name, service in services.items():
        for action in service.actions:
            if action.content and channels.is_post(action):
                found.setdefault(name, (service.title, action))
    return found


def action_for(posts: Posts) -> Action:
    """Return the action that publishes on several of these networks at once."""
    return _action_for(tuple((name, *post) for name, post in posts.items()))


@cache  # making a model takes longer than opening a journal
def _action_for(rows: tuple[tuple[str, str, Action], ...]) -> Action:
    posts = {name: (title, action) for name, title, action in rows}
    rules = [rule for _, action in posts.values() if (rule := action.media)]
    return Action(
        kind=KIND,
        summary="Publish one post on several networks; the owner decides once.",
        arguments=_arguments(posts),
        describe=partial(_describe, posts),
        title=partial(_title, posts),
        facts=partial(_facts, posts),
        consequence=(
            "Each post is public at once. One network may refuse while the others publish: then "
            "this note comes back for the rest."
        ),
        undo=f"delete each post on its network; {STAYS}",
        texts="texts",
        parts=partial(parts, posts),
        media=_any_of(rules) if rules else None,
    )


def parts(posts: Posts, payload: Payload) -> tuple[Part, ...]:
    """Return what each network will be sent.

    Raises:
        pydantic.ValidationError: a network would refuse it.
    """
    return tuple(_part(name, *posts[name], payload) for name in payload["channels"])


def _part(name: str, title: str, action: Action, payload: Payload) -> Part:
    takes = action.arguments.model_fields
    shared = {key: payload.get(key) for key in ("media", "publish_at")}
    if "link" in takes:
        shared["link"] = payload.get("link")
    if shared["media"] and "media" not in takes:
        raise ValueError(f"{title} takes no pictures from here; leave {name} or the pictures out")
    given = {key: value for key, value in shared.items() if value is not None}
    text = payload["texts"].get(name, "")
    return Part(name, title, action, payload_of(action, {**given, str(action.content): text}))


def check_pictures(root: Path, parts: tuple[Part, ...]) -> None:
    """Make sure that each network takes the pictures.

    Raises:
        NoteError: one does not; names it.
    """
    from utils.errors import NoteError

    for part in parts:
        try:
            vault_files.bound(root, part.action.media, part.payload)
        except NoteError as error:
            raise NoteError(f"{error.reason} ({part.title})") from None


# -- the arguments --------------------------------------------------------------------------------


def _arguments(posts: Posts) -> type[BaseModel]:
    from pydantic import ConfigDict, Field, create_model, field_validator, model_validator

    names = ", ".join(posts)
    when = next(iter(posts.values()))[1].arguments.model_fields["publish_at"]
    fields: dict[str, Any] = {
        "channels": (list[str], Field(min_length=1, description=f"Networks: {names}")),
        "texts": (dict[str, str], Field(description="The text of each network, by its name")),
        "link": (
            str | None,
            Field(default=None, max_length=2000, pattern=r"^https?://\S+$", description="A link"),
        ),
        "media": (MediaList | None, Field(default=None, description="Pictures of every network")),
        "publish_at": (when.annotation, when),
    }
    validators: dict[str, Any] = {
        "known": field_validator("channels")(partial(_known, posts)),
        "taken": model_validator(mode="after")(partial(_taken_by_all, posts)),
    }
    config = ConfigDict(extra="forbid", frozen=True)
    return create_model("Publish", __config__=config, __validators__=validators, **fields)


def known_name(posts: Posts, name: str) -> str:
    """Return a network's own name for what a person calls it (`X` is twitter).

    Raises:
        ValueError: nobody here knows it.
    """
    plain = name.strip().casefold()
    for known, (title, _) in posts.items():
        if plain in {known, title.casefold()}:
            return known
    raise ValueError(f"`{notes.inline(name)}` is no network here; known are {', '.join(posts)}")


def _known(posts: Posts, channels: list[str]) -> list[str]:
    named = [known_name(posts, name) for name in channels]
    if len(named) != len(set(named)):
        raise ValueError("names a network twice")
    return named


def _taken_by_all(posts: Posts, given: Any) -> Any:
    """Return the arguments with each text as its network keeps it."""
    from pydantic import ValidationError

    payload = given.model_dump(mode="json", exclude_none=True)
    own = {name: text for name, text in given.texts.items() if name != ANY}
    payload["texts"] = {known_name(posts, name): text for name, text in own.items()}
    if len(payload["texts"]) < len(own):
        raise ValueError("there are two texts for one network")
    if ANY in given.texts:
        common = dict.fromkeys(given.channels, given.texts[ANY])
        payload["texts"] = {**common, **payload["texts"]}
    problems, texts = [], {}
    for name in given.channels:
        title, action = posts[name]
        try:
            part = _part(name, title, action, payload)
        except ValidationError as error:
            said = in_words(error).partition(": ")[2]
            problems.append(
                f"{title}: {said}" if payload["texts"].get(name) else f"{title}: no text"
            )
        except ValueError as error:
            problems.append(str(error))
        else:
            texts[name] = part.payload[str(action.content)]
    if problems:
        raise ValueError("; ".join(problems))
    return given.model_copy(update={"texts": texts})


def _any_of(rules: list[MediaRule]) -> MediaRule:
    """Return what any of the networks takes; each one's own rule is asked as well."""
    limits: dict[Any, int] = {}
    for rule in rules:
        for kind, size in rule.limits.items():
            limits[kind] = max(size, limits.get(kind, 0))
    most = max(rule.at_most for rule in rules)
    return MediaRule(limits, most, max(rule.alt_limit for rule in rules))


# -- its words ------------------------------------------------------------------------------------


def _describe(posts: Posts, given: Any) -> str:
    names = [notes.bold(posts[name][0]) for name in given.channels]
    where = f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
    when = f" on {given.publish_at.replace('T', ' at ')}" if given.publish_at else ""
    return f"publish a post on {where}{when}"


def _title(posts: Posts, given: Any) -> str:
    names = [posts[name][0] for name in given.channels]
    words = _NOT_IN_A_NAME.sub(" ", given.texts[given.channels[0]]).split()
    return " ".join(["Post", *names, *words[:6]])


def _facts(posts: Posts, given: Any) -> Facts:
    payload = given.model_dump(mode="json", exclude_none=True)
    found = [
        part.action.facts(part.action.arguments.model_validate(part.payload))
        for part in parts(posts, payload)
    ]
    links = dict.fromkeys(link for facts in found for link in facts.links)
    more = [given.link] if given.link else []
    return Facts(links=tuple(dict.fromkeys([*links, *more])), account=", ".join(given.channels))


def remarks(action: Action, payload: Payload) -> list[str]:
    """Return what the owner should know about each network, in sentences."""
    if action.parts is None:
        return []
    lengths = _lengths(action.parts(payload))
    found = [lengths] * bool(lengths)
    for part in action.parts(payload):
        found.append(f"On {part.title}: {part.action.consequence}")
        link = payload.get("link")
        text = str(part.payload[str(part.action.content)])
        if link and "link" not in part.payload and link not in text:
            found.append(f"The link is not sent to {part.title}: it stands only under Parameters.")
    return found


def _lengths(parts: tuple[Part, ...]) -> str:
    """Return how much of each network's limit its text takes, as it was proposed."""
    sizes = [
        f"{part.title} {limit.shown(str(part.payload[str(part.action.content)]))}"
        for part in parts
        if (limit := part.action.length)
    ]
    return f"Length when proposed: {', '.join(sizes)}." if sizes else ""
