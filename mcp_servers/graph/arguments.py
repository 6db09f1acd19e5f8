"""Arguments that Facebook and Instagram share: identifiers, pages of a list, private messages."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mcp_servers.fields import Arguments, Limit, OneLine

Identifier = Annotated[str, Field(pattern=r"^[0-9]{3,25}$")]
ObjectId = Annotated[str, Field(pattern=r"^[0-9]{3,25}(_[0-9]{3,25})?$")]
Cursor = Annotated[str, Field(pattern=r"^[0-9A-Za-z_=.-]{1,500}$")]
Name = Annotated[OneLine, Field(min_length=1, max_length=100)]
Days = Annotated[int, Field(ge=1, le=90)]


class ListOf(Arguments):
    """The arguments of a look at a list, newest first."""

    limit: Limit = 25
    cursor: Cursor | None = Field(default=None, description="next_cursor of the page before")


class Addressed(Arguments):
    """Whom a private message goes to."""

    recipient_id: Identifier = Field(description="Id of the person, as the inbox shows it")
    recipient: Name | None = Field(default=None, description="Name, shown to the owner only")

    @property
    def who(self) -> str:
        """Return the person for the proposal; the id is what counts."""
        return f"{self.recipient} ({self.recipient_id})" if self.recipient else self.recipient_id
