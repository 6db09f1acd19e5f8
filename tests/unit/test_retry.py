"""Questions are asked again, and only where no answer came."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from utils import retry
from utils.errors import NotSentError, RateLimitedError, RejectedError, UnknownOutcomeError

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Service:
    """Fails as told, then answers."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.asked = 0

    def __call__(self) -> str:
        self.asked += 1
        if self.failures:
            raise self.failures.pop(0)
        return "the answer"


def unanswered() -> NotSentError:
    return NotSentError("Odoo", "no connection")


def test_a_question_without_an_answer_is_asked_again() -> None:
    service = Service(unanswered(), unanswered())
    assert retry.ask(service, 0) == "the answer"
    assert service.asked == 3


def test_it_is_asked_five_times_and_not_more() -> None:
    service = Service(*[unanswered() for _ in range(9)])
    with pytest.raises(NotSentError):
        retry.ask(service, 0)
    assert service.asked == retry.ATTEMPTS


@pytest.mark.parametrize(
    "error",
    [
        RateLimitedError("Odoo", "too many", retry_at=NOON),
        RejectedError("Odoo", "no such field"),
        UnknownOutcomeError("Odoo", "lost"),
    ],
)
def test_any_other_failure_is_told_at_once(error: Exception) -> None:
    service = Service(error)
    with pytest.raises(type(error)):
        retry.ask(service, 0)
    assert service.asked == 1
