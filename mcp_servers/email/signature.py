"""What stands below a mail: the owner's signature and the line about the assistant.

Rules: it is an argument, filled in from the settings when the mail is proposed and bound by the
digest; nothing is added at sending. The line is put under a signature that somebody else gave, too;
only the owner, who edits the proposal, takes it out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from utils.config import Settings

DISCLOSURE = "Written with the help of an AI assistant and released by a person."


def filled_in(settings: Settings, given: object) -> object:
    """Return the signature of a proposal.

    Args:
        settings: `EMAIL_SIGNATURE` and `EMAIL_DISCLOSE_AI`.
        given: the one that whoever proposes wants; None takes that of the settings.
    """
    if given is None:
        given = settings.text("EMAIL_SIGNATURE").replace("\\n", "\n")
    if not isinstance(given, str):
        return given  # refused with the other arguments
    lines = [line.rstrip() for line in given.split("\n") if line.strip()]
    if settings.flag("EMAIL_DISCLOSE_AI") and DISCLOSURE not in lines:
        lines.append(DISCLOSURE)
    return "\n".join(lines)


def signed(body: str, signature: str) -> str:
    """Return a text with a signature below it, if there is one."""
    return f"{body}\n\n-- \n{signature}" if signature else body
