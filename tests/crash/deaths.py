"""Processes that die at a chosen durable effect, and many of them at once."""

from __future__ import annotations

import os
import pickle
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from tests.crash.ground import Ground, files_below
from utils import durable
from utils.files import TEMP_PREFIX

T = TypeVar("T")


DIED = 9
RUN_APART = "a test that forks runs in a process without threads: name its file in bin/test"


def is_worker() -> bool:
    """Return whether pytest-xdist runs this process: it has a thread that talks to the others."""
    return "PYTEST_XDIST_WORKER" in os.environ


def in_child(work: Callable[[], None]) -> int:
    """Run work in a forked child; return its exit code (0: it came to its end).

    This process must have no other thread: a fork would copy their locks.
    """
    assert not is_worker(), RUN_APART
    pid = os.fork()
    if pid == 0:
        code = 70
        try:
            work()
            code = 0
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


@contextmanager
def dying_at(point: int) -> Iterator[None]:
    """End this process without a word at the n-th announcement of a durable effect, from 0.

    Each effect is announced before and after; one may lie within another.
    """
    left = point

    def listener(phase: str, name: str) -> None:
        nonlocal left
        del phase, name
        if left == 0:
            os._exit(DIED)
        left -= 1

    with durable.listening(listener):
        yield


def announced(work: Callable[[], None]) -> list[tuple[str, str]]:
    """Return phase and name of every announcement of a durable effect during work."""
    seen: list[tuple[str, str]] = []
    with durable.listening(lambda phase, name: seen.append((phase, name))):
        work()
    return seen


def hours_pass(ground: Ground, hours: float = 12.0) -> None:
    """Make every temporary file as old as if nobody had come back for hours."""
    for _, path in files_below(ground.root):
        if path.name.startswith(TEMP_PREFIX):
            then = time.time() - hours * 3600
            os.utime(path, (then, then))


def in_parallel(work: Callable[[int], list[T]], workers: int) -> list[T]:
    """Run `work(number)` in forked children at once; return all their results.

    Raises:
        AssertionError: one of them failed; says how.
    """
    assert not is_worker(), RUN_APART
    pipes = []
    for number in range(workers):
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(read)
            code = 1
            try:
                answer: object = work(number)
                code = 0
            except BaseException as error:
                import traceback

                answer = f"{error!r}\n{traceback.format_exc()}"
            with os.fdopen(write, "wb") as out:
                out.write(pickle.dumps(answer))
            os._exit(code)
        os.close(write)
        pipes.append((pid, read))
    results: list[T] = []
    failures = []
    for pid, read in pipes:
        with os.fdopen(read, "rb") as source:
            data = source.read()
        _, status = os.waitpid(pid, 0)
        answer = pickle.loads(data) if data else f"a worker ended with status {status}"
        if isinstance(answer, list):
            results += answer
        else:
            failures.append(str(answer))
    assert not failures, "\n".join(failures)
    return results


def cores() -> int:
    """Return how many workers make sense here."""
    return max(1, min(4, len(os.sched_getaffinity(0)))) if hasattr(os, "sched_getaffinity") else 1
