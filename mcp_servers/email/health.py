"""What `doctor` says about the sign-ins to Gmail: whether they are there, and how old they are.

Source: refresh tokens of an app "in testing" end after 7 days: Google identity, OAuth 2.0, 2026-11.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from core.doctor import Check, Health
from mcp_servers.email.identity import read_token_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from utils.clock import Clock
    from utils.config import Settings

TESTING_ENDS_AFTER = timedelta(days=7)
SIGN_INS = (("GMAIL_TOKEN_FILE", "reading", ""), ("GMAIL_SEND_TOKEN_FILE", "sending", " --send"))


def checks(settings: Settings, clock: Clock) -> Iterator[Check]:
    """Say of each sign-in that is set up whether it is there and how old it is."""
    for setting, purpose, option in SIGN_INS:
        path = settings.path(setting)
        if path is not None:
            yield _check(path, f"gmail sign-in for {purpose}", f"bin/run auth gmail{option}", clock)


def _check(path: Path, name: str, command: str, clock: Clock) -> Check:
    if not read_token_file(path).get("refresh_token"):
        return Check(name, Health.BROKEN, f"there is none in {path}; sign in: {command}")
    made_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    age = clock.now() - made_at
    text = f"{max(0, age.days)} days old"
    if timedelta(days=4) <= age < TESTING_ENDS_AFTER:
        text += (
            "; if the Google app is still in testing, it ends on day 7: publish the app, then "
            f"sign in again: {command}"
        )
        return Check(name, Health.ATTENTION, text)
    return Check(name, Health.OK, text)
