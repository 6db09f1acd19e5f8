"""One record, one writer: what two payments of one invoice in this process wait for.

Rule: held from the look at a record's state to the read-back after the change. Other processes are
kept out by the server's own lock (`mcp_servers.serve`).
"""

from __future__ import annotations

import threading
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOCKS = tuple(threading.Lock() for _ in range(64))
"""Shared by records whose names fall together, which costs a wait and nothing else."""


@contextmanager
def exclusive(account: str, model: str, identifier: int) -> Iterator[None]:
    """Keep everybody else in this process off a record while the block runs."""
    name = f"{account} {model} {identifier}".encode()
    with _LOCKS[zlib.crc32(name) % len(_LOCKS)]:
        yield
