"""What X's answers look like, taken apart; an answer of another shape raises ValueError."""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]
"""One post, user or message as the API returns it."""

POST_FIELDS: Row = {
    "tweet_fields": [
        *("created_at", "entities", "author_id", "in_reply_to_user_id", "referenced_tweets"),
        "public_metrics",
    ],
    "expansions": ["author_id", "referenced_tweets.id"],
    "user_fields": ["username"],
}
"""What is asked of every post. Source: docs.x.com, "Fields" and "Expansions", 2026-11."""


def answer_with(value: object, part: str) -> Row:
    """Return an answer that has a certain part."""
    if not isinstance(value, dict):
        raise ValueError("the answer is no JSON object")
    if not isinstance(value.get(part), dict):
        raise ValueError(f"the answer has no {part}")
    return value


def posts_in(answer: Row) -> list[Row]:
    """Return the posts of an answer, each with its author and what it refers to beside it."""
    rows = answer.get("data", [])
    if not (isinstance(rows, list) and all({"id", "text"} <= set(row) for row in rows)):
        raise ValueError("the answer is no list of posts")
    beside = answer.get("includes", {})
    people = {user["id"]: user for user in beside.get("users", [])}
    others = {post["id"]: post for post in beside.get("tweets", [])}
    return [
        {
            **row,
            "author": people.get(row.get("author_id"), {}),
            "refers_to": [
                {**each, "author_id": others.get(each["id"], {}).get("author_id")}
                for each in row.get("referenced_tweets", [])
            ],
        }
        for row in rows
    ]
