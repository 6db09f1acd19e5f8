"""Questions are asked again where no answer came; what changes the world never passes here.

Rules: only what provably had no answer is asked again, at most five times and for a bounded time;
a service that asks us to wait is not asked again but told to the caller, who knows until when.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import tenacity

from utils.errors import NotSentError, RateLimitedError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

ATTEMPTS = 5
LIMIT_S = 60.0
LONGEST_PAUSE_S = 2.0


def ask(question: Callable[[], T], pause_s: float) -> T:
    """Return the answer to a question that changes nothing, asked up to five times.

    Args:
        question: asks once.
        pause_s: how long the first pause is; each further one is twice as long, 2 s at most.

    Raises:
        NotSentError: no answer came.
        ServiceError: whatever else the question raises, at once.
    """
    attempts = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(ATTEMPTS) | tenacity.stop_after_delay(LIMIT_S),
        wait=tenacity.wait_exponential(multiplier=pause_s, max=LONGEST_PAUSE_S),
        retry=tenacity.retry_if_exception(_may_ask_again),
        reraise=True,
    )
    return attempts(question)


def _may_ask_again(error: BaseException) -> bool:
    return isinstance(error, NotSentError) and not isinstance(error, RateLimitedError)
