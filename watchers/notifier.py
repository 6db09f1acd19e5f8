"""Sends lines to the owner's phone or mail in the background, when they want that.

Rules: off unless `NOTIFY_URLS` is set; at most one line a minute; the loop never waits for it; a
line that could not be sent is said on the dashboard and tried again with the next one.

Source: Apprise 2.2, its README and `Apprise.notify`, 2026-11-21.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from core import notices, vitals
from core.doctor import Check, Health
from core.records import Entry
from utils.audit_log import Actor, Event
from utils.errors import ConfigError
from utils.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apprise import Apprise

    from core.workspace import Workspace

log = get_logger()
AT_MOST_EVERY_S = 60.0
TIMEOUT_S = 20.0
STOP_WAIT_S = 3.0
SETTING = "NOTIFY_URLS"
EXAMPLE = "ntfys://ntfy.example/your-topic"


class Notifier:
    """One thread that tells the owner what is due, whenever the loop looks around.

    Args:
        ws: the vault and its records.
        sender: takes a line to every address.
    """

    def __init__(self, ws: Workspace, sender: Apprise) -> None:
        self._ws = ws
        self._sender = sender
        self._wake = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._told_at: float | None = None
        self._failing = False

    def start(self) -> None:
        """Begin to tell."""
        self._thread = threading.Thread(target=self._run, name="notifier", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Look whether something is due; called by the loop, returns at once."""
        self._wake.set()

    def stop(self) -> None:
        """End; what was not told yet is told next time."""
        self._stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(STOP_WAIT_S)

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            if self._stopping:
                return
            try:
                self.tell()
            except Exception as error:  # noqa: BLE001 - the outermost loop of this thread
                self._say_failed(type(error).__name__)

    def tell(self) -> None:
        """Tell the owner what is due, not twice within a minute."""
        now = self._ws.clock.monotonic()
        if self._told_at is not None and now < self._told_at + AT_MOST_EVERY_S:
            return
        notice = notices.due(self._ws)
        if notice is None:
            return
        self._told_at = now
        if not self._sender.notify(body=notice.text, timeout=TIMEOUT_S):
            self._say_failed("an address did not take it")
            return
        notices.told(self._ws, notice)
        self._failing = False
        vitals.say(self._ws.journal, self._ws.clock, vitals.NOTIFICATIONS, vitals.OK)

    def _say_failed(self, reason: str) -> None:
        """Say once in the log, and on the dashboard, that a line was not sent."""
        text = f"a line could not be sent ({reason}); it is tried again every minute"
        vitals.say(self._ws.journal, self._ws.clock, vitals.NOTIFICATIONS, text)
        log.warning("notification.failed", reason=reason)
        if not self._failing:
            self._failing = True
            entry = Entry(Event.WARNED, Actor.DAEMON, target=SETTING, error=text)
            self._ws.chronicle.record(entry)


def notifiers(ws: Workspace) -> list[Notifier]:
    """Return the notifier, when the owner wants one.

    Raises:
        ConfigError: an address cannot be used.
    """
    addresses = ws.settings.text(SETTING)
    if not addresses:
        return []
    return [Notifier(ws, _sender(addresses))]


def examine(ws: Workspace) -> Iterator[Check]:
    """Say for `doctor` that an address cannot be used; nothing is sent."""
    try:
        notifiers(ws)
    except ConfigError as error:
        text = f"the daemon does not start before this is corrected in `.env`: {error}"
        yield Check("notifications", Health.BROKEN, text)


def _sender(addresses: str) -> Apprise:
    """Return what sends to every address.

    Raises:
        ConfigError: an address cannot be used; it is not repeated, because it may hold a key.
    """
    import apprise

    logger = logging.getLogger("apprise")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False  # it may name addresses; what failed is said by us
    sender = apprise.Apprise()
    for number, address in enumerate(addresses.split(), start=1):
        if not sender.add(address):
            raise ConfigError(
                SETTING, f"holds an address that cannot be used (number {number})", EXAMPLE
            )
    return sender
