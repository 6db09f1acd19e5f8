"""Keeps a child process alive: restarted with a pause that grows, given up after five failures.

Rules: a child ends when we do, because its standard input ends; its error output goes to a file; a
child that says "this needs a person" (exit code 2 or 4) is not started again and again.
"""

from __future__ import annotations

import subprocess
import threading
from typing import TYPE_CHECKING

from utils.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from utils.clock import Clock

log = get_logger()
PAUSES_S = (1.0, 2.0, 5.0, 15.0)
MAX_FAILURES = 5
HEALTHY_AFTER_S = 60.0
NEEDS_A_PERSON = frozenset({2, 4})
STOP_WAIT_S = 3.0
STDERR_LIMIT_BYTES = 5_000_000


class Supervised:
    """One child process and the thread that watches it.

    Args:
        name: what it is called in front of people.
        command: how it is started.
        environment: its whole environment.
        stderr: the file that gets its error output.
        clock: measures how long it lived.
        on_paused: told the reason when the child is given up.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        stderr: Path,
        clock: Clock,
        on_paused: Callable[[str], None],
    ) -> None:
        self.name = name
        self._command = tuple(command)
        self._environment = dict(environment)
        self._stderr = stderr
        self._clock = clock
        self._on_paused = on_paused
        self._stopping = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the child, and a thread that starts it again when it ends."""
        self._thread = threading.Thread(target=self._watch, name=self.name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the child: first by ending its input, then by its pid."""
        self._stopping.set()
        child = self._child
        if child is not None and child.poll() is None:
            if child.stdin is not None:
                child.stdin.close()
            try:
                child.wait(STOP_WAIT_S)
            except subprocess.TimeoutExpired:
                child.kill()
        if self._thread is not None:
            self._thread.join(STOP_WAIT_S)

    def _watch(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            began = self._clock.monotonic()
            code = self._run_child()
            if self._stopping.is_set():
                return
            lived_s = self._clock.monotonic() - began
            failures = 1 if lived_s > HEALTHY_AFTER_S else failures + 1
            log.warning("child.ended", name=self.name, code=code, failures=failures)
            if code in NEEDS_A_PERSON or failures >= MAX_FAILURES:
                self._on_paused(self._last_words() or f"it ended with code {code}")
                return
            self._stopping.wait(PAUSES_S[min(failures, len(PAUSES_S)) - 1])

    def _run_child(self) -> int:
        with self._stderr.open("ab") as errors:
            if errors.tell() > STDERR_LIMIT_BYTES:
                errors.truncate(0)
            with subprocess.Popen(  # noqa: S603 - our own command
                self._command,
                stdin=subprocess.PIPE,
                stdout=errors,
                stderr=errors,
                env=self._environment,
                start_new_session=True,
            ) as self._child:
                return self._child.wait()

    def _last_words(self) -> str:
        """Return the last line of the child's error output."""
        try:
            lines = self._stderr.read_bytes()[-4000:].decode(errors="replace").splitlines()
        except OSError:
            return ""
        return next((line.strip() for line in reversed(lines) if line.strip()), "")
