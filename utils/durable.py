"""The one counter of durable effects, so that tests can end the program at each of them.

Every write that must survive a crash (file written, renamed, synced, journal committed, log
appended) announces itself before and after. In production nothing listens.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_listeners: list[Callable[[str, str], None]] = []


@contextmanager
def effect(name: str) -> Iterator[None]:
    """Announce one durable effect: `before` it and `after` it succeeded.

    Args:
        name: what becomes durable, `area.verb` (`journal.commit`, `file.move`).
    """
    for listener in _listeners:
        listener("before", name)
    yield
    for listener in _listeners:
        listener("after", name)


@contextmanager
def listening(listener: Callable[[str, str], None]) -> Iterator[None]:
    """Call `listener(phase, name)` around every durable effect; for crash and fault tests."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)
