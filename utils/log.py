"""What the program says about itself: structured lines on stderr, secrets masked.

Rules: never stdout, which belongs to MCP and to the answers of commands; everything that the
standard library's logging carries goes the same way, tracebacks and crashes too. Import structlog's
loggers from here, so that nothing loads rich: it costs memory in a daemon that draws nothing.
"""

from __future__ import annotations

import logging
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from utils.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, MutableMapping
    from types import TracebackType

    from structlog.typing import FilteringBoundLogger, Processor, WrappedLogger

    from utils.redact import Redactor

LEVELS = ("debug", "info", "warning", "error", "critical")
NOISY = (
    *("odoorpc", "tweepy", "requests_oauthlib", "oauthlib", "urllib3", "httpx", "httpx2"),
    *("httpcore", "mcp", "filelock", "apscheduler", "googleapiclient", "asyncio"),
)


@contextmanager
def _hidden(module: str) -> Iterator[None]:
    """Let an optional import of a module fail, as if it were not installed."""
    if module in sys.modules:
        yield
        return
    sys.modules[module] = None  # type: ignore[assignment]  # documented: import then fails
    try:
        yield
    finally:
        del sys.modules[module]


with _hidden("rich"):
    import structlog
    import structlog.dev
    import structlog.stdlib


def get_logger(**fields: object) -> FilteringBoundLogger:
    """Return a logger that adds fields to each line; it may be made before `configure`."""
    logger: FilteringBoundLogger = structlog.get_logger(**fields)
    return logger


def configure(redactor: Redactor, level: str = "info", stream: TextIO | None = None) -> None:
    """Send all logging of this process to one stream.

    Args:
        redactor: masks secrets in every line.
        level: the least severe that is shown, one of `LEVELS`.
        stream: where to; stderr when not given. JSON lines, or columns when it is a terminal.

    Raises:
        ConfigError: the level is unknown.
    """
    if level.lower() not in LEVELS:
        raise ConfigError("LOG_LEVEL", f"is {level!r}, not one of {', '.join(LEVELS)}", "info")
    stream = sys.stderr if stream is None else stream
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]
    final: list[Processor] = [_masking(redactor), _renderer(stream)]
    structlog.configure(
        processors=[*shared, *final],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    _route_standard_library(shared, final, stream, number)
    sys.excepthook = _log_crash
    threading.excepthook = _log_thread_crash


class _Output(logging.StreamHandler[TextIO]):
    """The one way out; a line that cannot be made is reported without its raw arguments."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        structlog.get_logger().error("log.failed", logger=record.name, exc_info=True)


def _masking(redactor: Redactor) -> Processor:
    def mask(
        _logger: WrappedLogger, _method: str, line: MutableMapping[str, object]
    ) -> MutableMapping[str, object]:
        first = {name: line.pop(name) for name in ("event", "level", "timestamp") if name in line}
        return redactor.value({**first, **line})

    return mask


def _renderer(stream: TextIO) -> Processor:
    if stream.isatty():
        plain = structlog.dev.plain_traceback
        return structlog.dev.ConsoleRenderer(exception_formatter=plain, sort_keys=False)
    return structlog.processors.JSONRenderer(ensure_ascii=False)


def _route_standard_library(
    shared: list[Processor], final: list[Processor], stream: TextIO, level: int
) -> None:
    output = _Output(stream)
    output.setLevel(level)
    formatter = structlog.stdlib.ProcessorFormatter
    output.setFormatter(
        formatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[formatter.remove_processors_meta, *final],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [output]
    root.setLevel(level)
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)


def _log_crash(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    structlog.get_logger().critical("program.crashed", exc_info=(kind, error, trace))


def _log_thread_crash(crash: threading.ExceptHookArgs) -> None:
    if crash.exc_value is None or issubclass(crash.exc_type, SystemExit):
        return
    name = crash.thread.name if crash.thread else ""
    structlog.get_logger().critical("thread.crashed", thread=name, exc_info=crash.exc_value)
