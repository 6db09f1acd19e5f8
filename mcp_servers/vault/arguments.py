"""What the vault's tools take."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from mcp_servers.fields import Arguments, Limit, Lines, OneLine

Id = Annotated[
    str, Field(pattern=r"^[A-Z]{3,4}-\d{8}-\d{3,9}$", description="Such as TSK-20261121-001")
]
TaskId = Annotated[str, Field(pattern=r"^(TSK|EML)-\d{8}-\d{3,9}$")]
PlanId = Annotated[str, Field(pattern=r"^PLAN-\d{8}-\d{3,9}$")]
ActionId = Annotated[str, Field(pattern=r"^APR-\d{8}-\d{3,9}$")]
Title = Annotated[OneLine, Field(min_length=1, max_length=120)]
Sentence = Annotated[OneLine, Field(min_length=1, max_length=200)]
Words = Annotated[Lines, Field(min_length=1, max_length=4000)]


class Paged(Arguments):
    """A page of a list."""

    limit: Limit = 25
    cursor: Annotated[str, Field(max_length=4000)] | None = Field(
        default=None, description="next_cursor of the page before"
    )


class ProposeAction(Arguments):
    """An action to put before the owner, or an own one to take back."""

    action: Annotated[OneLine, Field(max_length=100)] | None = Field(
        default=None, description="Kind, such as odoo.create_invoice or social.publish"
    )
    arguments: dict[str, Any] = Field(
        default_factory=dict, description="As the tool of that name takes them"
    )
    reason: Words | None = Field(default=None, description="Why; the owner reads it")
    task: TaskId | None = Field(default=None, description="Task that it comes from")
    replaces: ActionId | None = Field(
        default=None,
        description="Own pending proposal to take back for this one",
    )


class CreateTask(Arguments):
    """Something to be done, by whomever."""

    title: Title
    text: Words | None = None
    steps: list[Sentence] = Field(default_factory=list, max_length=20)
    priority: Literal["low", "normal", "high"] = "normal"


class Step(Arguments):
    """One step of a plan."""

    text: Sentence
    about: Id | None = Field(
        default=None, description="Proposal or question it waits for; then it ticks itself"
    )


class CreatePlan(Arguments):
    """The steps of something that takes several."""

    title: Title
    goal: Sentence = Field(description="What will be true in the end")
    steps: list[Step] = Field(min_length=1, max_length=30)
    task: TaskId | None = Field(default=None, description="Task that it belongs to")


class UpdatePlan(Arguments):
    """More steps of a plan, or some that are done."""

    plan: PlanId
    add: list[Step] = Field(default_factory=list, max_length=30)
    done: list[Annotated[int, Field(ge=1, le=500)]] = Field(
        default_factory=list, max_length=100, description="Numbers of steps, from 1"
    )


class CompleteTask(Arguments):
    """A task that is over."""

    task: TaskId
    result: Words = Field(description="What came of it")


class AskOwner(Arguments):
    """A question that only the owner can answer."""

    question: Sentence
    reason: Annotated[OneLine, Field(min_length=1, max_length=300)] = Field(
        description="Why it must be known"
    )
    choices: list[Sentence] = Field(
        default_factory=list,
        max_length=8,
        description="Answers to tick; the owner may write another",
    )
    context: Words | None = Field(default=None, description="What it is about, shown quoted")
    task: TaskId | None = None


class ReadNote(Arguments):
    """One note."""

    note: Annotated[str, Field(min_length=1, max_length=1000)] = Field(
        description="Its id, or its path in the vault"
    )
    offset: int = Field(
        default=0, ge=0, le=1_000_000, description="next_offset of the portion before"
    )


class SearchNotes(Paged):
    """Words to look for."""

    query: Annotated[str, Field(min_length=1, max_length=200)] = Field(
        description="All of these words, in names or texts"
    )
    folder: Annotated[str, Field(max_length=400)] = Field(
        default="", description="Such as Clients; all when empty"
    )


class GetStatus(Arguments):
    """One thing with an id."""

    id: Id = Field(description="Of a proposal, question, task or plan")
