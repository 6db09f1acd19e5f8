"""One row per setting; values come from `.env` and the environment, which wins.

Rules: a bad value stops the program with its name, the problem and an example; plain http is
allowed to loopback addresses only; a secret is never shown.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from utils.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

type_words = {True: {"true", "1", "yes", "on"}, False: {"false", "0", "no", "off"}}

SECRET_KEYS = frozenset({"token", "access_token", "refresh_token", "id_token", "client_secret"})
SECRET_FILE_LIMIT_BYTES = 64 * 1024


class Kind(StrEnum):
    """How a setting's text is read."""

    TEXT = "text"
    FLAG = "true or false"
    COUNT = "whole number"
    SECONDS = "seconds"
    AMOUNT = "amount"
    CURRENCY = "currency code"
    URL = "URL without a path"
    PATH = "path"
    ZONE = "time zone"
    VERSION = "version"
    IDENTIFIER = "number of an account"
    ADDRESS = "mail address"


@dataclass(frozen=True)
class Setting:
    """One row of the settings table.

    Args:
        name: UPPER_SNAKE, with the service as prefix.
        kind: how the text is read.
        default: the text used when nothing is set; None means "not set".
        description: one line for people.
        example: a value that works, shown in errors and `.env.example`.
        secret: whether the value is redacted everywhere.
        minimum: smallest allowed number.
        holds_secrets: whether it names a JSON file whose tokens are redacted as well.
    """

    name: str
    kind: Kind
    default: str | None
    description: str
    example: str = ""
    secret: bool = False
    minimum: float | None = None
    holds_secrets: bool = False


def _flag(text: str) -> bool:
    for value, words in type_words.items():
        if text.lower() in words:
            return value
    raise ValueError("is neither true nor false")


def _count(text: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text):
        raise ValueError("is not a whole number")
    return int(text)


def _seconds(text: str) -> float:
    if not re.fullmatch(r"\d{1,9}(\.\d{1,3})?", text):
        raise ValueError("is not a number of seconds")
    return float(text)


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise ValueError("is not an amount") from None
    if not amount.is_finite() or amount < 0:
        raise ValueError("is not an amount of zero or more")
    return amount


def _currency(text: str) -> str:
    if not re.fullmatch(r"[A-Z]{3}", text):
        raise ValueError("is not a three-letter currency code")
    return text


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_loopback_url(address: str) -> bool:
    """Return whether an address leads to this machine."""
    return _is_loopback(urlsplit(address).hostname or "")


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("is not an http or https address")
    if parts.path.strip("/") or parts.query or parts.fragment or parts.username:
        raise ValueError("must be the root of the server, without a path")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise ValueError("plain http is allowed to this machine only; use https")
    _ = parts.port  # raises ValueError when out of range
    return f"{parts.scheme}://{parts.netloc}"


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is not a known time zone") from None
    return text


def _version(text: str) -> str:
    if not re.fullmatch(r"v\d{1,2}\.\d", text):
        raise ValueError("is no version")
    return text


def _identifier(text: str) -> str:
    if not re.fullmatch(r"[0-9]{3,25}", text):
        raise ValueError("is not the number of an account")
    return text


def _address(text: str) -> str:
    if not re.fullmatch(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+", text):
        raise ValueError("is not one mail address")
    return text


_READERS: Mapping[Kind, Callable[[str], object]] = {
    Kind.TEXT: str,
    Kind.FLAG: _flag,
    Kind.COUNT: _count,
    Kind.SECONDS: _seconds,
    Kind.AMOUNT: _amount,
    Kind.CURRENCY: _currency,
    Kind.URL: _url,
    Kind.PATH: str,
    Kind.ZONE: _zone,
    Kind.VERSION: _version,
    Kind.IDENTIFIER: _identifier,
    Kind.ADDRESS: _address,
}


class Settings:
    """The checked values of a settings table.

    Args:
        table: the rows that exist.
        values: raw texts by name; names outside the table are ignored.
        home: the folder that relative paths start from.

    Raises:
        ConfigError: a value cannot be used.
    """

    def __init__(self, table: Iterable[Setting], values: Mapping[str, str], home: Path) -> None:
        self.table = {row.name: row for row in table}
        self.home = home
        self._raw = {name: values[name].strip() for name in self.table if values.get(name)}
        self._values = {row.name: self._read(row) for row in self.table.values()}

    def _read(self, row: Setting) -> object:
        text = self._raw.get(row.name) or row.default
        if not text:
            return None
        try:
            value = _READERS[row.kind](text)
            if row.minimum is not None and Decimal(text) < Decimal(str(row.minimum)):
                raise ValueError(f"must be at least {row.minimum:g}")
        except ValueError as error:
            shown = "its value" if row.secret else f'"{text}"'
            problem = f"{shown} {error}"
            raise ConfigError(row.name, problem, row.example or row.default or "") from None
        return value

    def is_set(self, name: str) -> bool:
        """Return whether the owner gave a value (a default does not count)."""
        return name in self._raw

    def text(self, name: str) -> str:
        """Return a text, "" when not set."""
        value = self._values[name]
        return "" if value is None else str(value)

    def flag(self, name: str) -> bool:
        """Return a true-or-false setting; not set is false."""
        return self._values[name] is True

    def count(self, name: str) -> int:
        """Return a whole number."""
        value = self._values[name]
        if not isinstance(value, int):
            raise ConfigError(name, "is not set")
        return value

    def seconds(self, name: str) -> float:
        """Return a number of seconds."""
        value = self._values[name]
        if not isinstance(value, float):
            raise ConfigError(name, "is not set")
        return value

    def amount(self, name: str) -> Decimal:
        """Return an amount."""
        value = self._values[name]
        if not isinstance(value, Decimal):
            raise ConfigError(name, "is not set")
        return value

    def path(self, name: str) -> Path | None:
        """Return an absolute path, relative values starting at home; None when not set."""
        text = self.text(name)
        return (self.home / Path(text).expanduser()).absolute() if text else None

    def secrets(self) -> tuple[str, ...]:
        """Return every secret value in force, those in token files included, for redaction."""
        own = [value for name, value in self._raw.items() if self.table[name].secret and value]
        files = [self.path(name) for name in self._raw if self.table[name].holds_secrets]
        return (*own, *(value for file in files if file for value in _secrets_in(file)))

    def raw(self, names: Iterable[str]) -> dict[str, str]:
        """Return the given settings as texts for a child's environment, defaults left out."""
        return {name: self._raw[name] for name in names if name in self._raw}

    def with_values(self, **changed: str) -> Settings:
        """Return a copy with other raw values."""
        return Settings(self.table.values(), {**self._raw, **changed}, self.home)


def _secrets_in(file: Path) -> Iterator[str]:
    """Yield the tokens in a JSON file; one that cannot be read is its service's to complain of."""
    try:
        with file.open("rb") as opened:
            found = json.loads(opened.read(SECRET_FILE_LIMIT_BYTES))
    except (OSError, ValueError):
        return
    waiting = [found]
    while waiting:
        values = waiting.pop()
        for key, value in values.items() if isinstance(values, dict) else ():
            if isinstance(value, dict):
                waiting.append(value)
            elif isinstance(value, str) and value and key in SECRET_KEYS:
                yield value


def load(table: Iterable[Setting], home: Path, environ: Mapping[str, str]) -> Settings:
    """Read `.env` in `home` and the environment, which wins.

    Raises:
        ConfigError: a value cannot be used.
    """
    from dotenv import dotenv_values

    file = home / ".env"
    from_file = dotenv_values(file, interpolate=False) if file.is_file() else {}
    values = {name: value for name, value in from_file.items() if value}
    values.update({name: value for name, value in environ.items() if value})
    return Settings(table, values, home)


def find_home(environ: Mapping[str, str], start: Path) -> Path:
    """Return the project's folder: AI_EMPLOYEE_HOME, else upwards from where we are, else ours.

    Args:
        environ: AI_EMPLOYEE_HOME and CLAUDE_PROJECT_DIR are read.
        start: the present folder.
    """
    if environ.get("AI_EMPLOYEE_HOME"):
        return Path(environ["AI_EMPLOYEE_HOME"]).expanduser().absolute()
    for origin in (environ.get("CLAUDE_PROJECT_DIR"), str(start)):
        if not origin:
            continue
        for folder in (Path(origin), *Path(origin).parents):
            if (folder / ".mcp.json").is_file() and (folder / "orchestrator.py").is_file():
                return folder
    return Path(os.path.realpath(__file__)).parent.parent
