"""The one tree of errors.

AppError
├── ConfigError            a setting cannot be used                              exit 2
├── UsageError             the command line asks for something impossible         exit 2
├── LockHeldError          another daemon holds this vault                        exit 3
├── JournalError           the journal is missing, corrupt or newer than we are   exit 2
├── LogError               the daily log cannot be read or written (utils.audit_files)
│   └── HeadMismatchError  it ends elsewhere than its caller knows (utils.audit_log)
├── NoteError              a note cannot be read or does not mean anything
│   └── ChangedError       the file is not what we read any more
├── RefusedError           a rule says no; nothing was sent
└── ServiceError           a service was asked                                    exit 4
    ├── NotSentError       provably nothing left this machine: may be sent again
    │   └── RateLimitedError   the service asked us to wait until `retry_at`
    ├── RejectedError      the service said no, definitely, and did nothing
    └── UnknownOutcomeError    it may have happened: never sent again by us

Rules: every message says what happened and what the owner can do; details are fields, never
parsed out of a text; a failure is never turned into success.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path


PARTLY_DONE = "PartlyDone"
"""The `error_class` of an act of several steps that stopped: its first steps are done for good."""


class AppError(Exception):
    """A failure that is explained to the owner without a traceback."""

    EXIT_CODE: ClassVar[int] = 1


class ConfigError(AppError):
    """A setting cannot be used.

    Args:
        name: the setting.
        problem: what is wrong with its value.
        example: a value that would work.
    """

    EXIT_CODE = 2

    def __init__(self, name: str, problem: str, example: str = "") -> None:
        hint = f" Example: {name}={example}" if example else ""
        super().__init__(f"{name}: {problem}.{hint}")
        self.name = name
        self.problem = problem
        self.example = example


class UsageError(AppError):
    """The command line asks for something impossible."""

    EXIT_CODE = 2


class LockHeldError(AppError):
    """Another daemon holds this vault."""

    EXIT_CODE = 3


class JournalError(AppError):
    """The journal is missing, corrupt or newer than this program."""

    EXIT_CODE = 2


class NoteError(AppError):
    """A note cannot be read or does not mean anything.

    Args:
        reason: one sentence for the owner.
        path: the note, when known.
    """

    def __init__(self, reason: str, path: Path | None = None) -> None:
        super().__init__(reason if path is None else f"{path.name}: {reason}")
        self.reason = reason
        self.path = path


class ChangedError(NoteError):
    """The file is not what we read any more; read it again and decide again."""


class RefusedError(AppError):
    """A rule says no; nothing was sent.

    Args:
        reasons: sentences for the owner, most important first.
    """

    def __init__(self, *reasons: str) -> None:
        super().__init__(" ".join(reasons))
        self.reasons: Sequence[str] = reasons


class ServiceError(AppError):
    """A service was asked and something went wrong."""

    EXIT_CODE = 4

    def __init__(self, service: str, message: str, *, error_class: str = "") -> None:
        super().__init__(f"{service}: {message}")
        self.service = service
        self.message = message
        self.error_class = error_class or type(self).__name__


class NotSentError(ServiceError):
    """Provably nothing left this machine: it may be sent again."""


class RateLimitedError(NotSentError):
    """The service asked us to wait.

    Args:
        retry_at: aware UTC instant after which a call is allowed.
    """

    def __init__(self, service: str, message: str, *, retry_at: datetime | None = None) -> None:
        super().__init__(service, message)
        self.retry_at = retry_at


class RejectedError(ServiceError):
    """The service said no, definitely, and did nothing."""


class UnknownOutcomeError(ServiceError):
    """It may have happened: never sent again by us, only read back."""
