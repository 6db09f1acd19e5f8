"""Secrets out of texts and values, before anything is written or shown.

Rules: exact values first, in every form they are likely to travel in; then what looks like a
credential by its place; keys by exact name, never by a part of it (`author` is not `auth`).
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, overload
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MASK = "***"
TOO_DEEP = "(nested too deeply)"
MIN_SECRET_CHARS = 4
_MIN_FRAGMENT_CHARS = 8
_MAX_DEPTH = 40

KEYS = frozenset(
    {
        *("password", "passwd", "secret", "token", "authorization", "proxy-authorization"),
        *("access_token", "refresh_token", "id_token", "page_token", "input_token"),
        *("oauth_token", "oauth_token_secret", "oauth_signature", "fb_exchange_token"),
        *("api_key", "api_secret", "x-api-key", "client_secret", "app_secret", "access_secret"),
        *("appsecret_proof", "access_token_secret", "secret_key", "private_key"),
        *("cookie", "set-cookie", "bearer_token", "session_token", "consumer_secret"),
    }
)


def _squash(key: str) -> str:
    return key.lower().replace("-", "").replace("_", "")


_SQUASHED_KEYS = frozenset(_squash(key) for key in KEYS)
_NAMES = "|".join(sorted((key.replace("_", "[_-]?") for key in KEYS), key=len, reverse=True))
_HINTS = ("://", "oauth", "bearer", "auth", "token", "passw", "secret", "key", "cookie", "proof")
_GENERIC = re.compile(
    rf"""
      (?P<header> authorization \\?["']? \s{{0,4}} [:=] \s{{0,4}} \\?["']?
                  (?: bearer | basic | token | digest ) \s{{1,4}} ) [^\s"'\\,;<>]+
    | (?P<oauth> \b oauth \s{{1,4}} ) (?: [a-z_]{{1,40}} = \\?" [^"\\]* \\?" [,\s]{{0,4}} )+
    | (?P<bearer> \b bearer \s{{1,4}} ) [\w.~+/=-]{{16,}}
    | (?P<quoted> (?<![\w-]) (?: {_NAMES} ) \\?["'] \s{{0,4}} [:=] \s{{0,4}} )
      (?: " (?: [^"\\] | \\. )* "? | ' (?: [^'\\] | \\. )* '? | \\" [^"\\]* )
    | (?P<assigned> (?<![\w-]) (?: {_NAMES} ) [ ]?=[ ]? )
      (?: \\?" [^"\\]* \\?" | ' [^']* ' | [^\s&"'\\,;<>()\[\]{{}}]+ )
    | (?P<url> :// [^\s/?\#@:"']* : ) [^\s/?\#"']* (?= @ )
    """,
    re.IGNORECASE | re.VERBOSE,
)


class Redactor:
    """Masks a set of secrets, and what looks like one.

    Args:
        secrets: exact values; those shorter than four characters are left out, since masking them
            would eat ordinary words.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        usable = [secret for secret in secrets if len(secret) >= MIN_SECRET_CHARS]
        forms = {form for secret in usable for form in _forms(secret)}
        self._values = frozenset(usable)
        self._exact = (
            re.compile("|".join(map(re.escape, sorted(forms, key=lambda form: (-len(form), form)))))
            if forms
            else None
        )

    def text(self, text: str) -> str:
        """Return a text with every secret masked."""
        if self._exact is not None:
            text = self._exact.sub(MASK, text)
        lowered = text.lower()
        if not any(hint in lowered for hint in _HINTS):
            return text
        return _GENERIC.sub(_masked, text)

    @overload
    def value(self, value: Mapping[str, object]) -> dict[str, object]: ...
    @overload
    def value(self, value: object) -> object: ...
    def value(self, value: object) -> object:
        """Return a JSON-safe copy of a value with every secret masked, keys included.

        What JSON has not (dates, amounts, paths, not-a-number) becomes its text.
        """
        return self._value(value, 0)

    def _value(self, value: object, depth: int) -> object:
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return self.text(str(value))
        if isinstance(value, int | float):
            return self._number(value)
        return self._nested(value, depth) if depth < _MAX_DEPTH else TOO_DEEP

    def _nested(self, value: object, depth: int) -> object:
        if isinstance(value, Mapping):
            return {
                self.text(str(key)): self._field(str(key), item, depth)
                for key, item in value.items()
            }
        if isinstance(value, list | tuple | set | frozenset):
            return [self._value(item, depth + 1) for item in value]
        if isinstance(value, bytes | bytearray):
            return self.text(bytes(value).decode("utf-8", "replace"))
        return self.text(str(value))

    def _number(self, value: float) -> object:
        if str(value) in self._values:
            return MASK
        if isinstance(value, int):
            return int(value)
        return float(value) if math.isfinite(value) else str(value)

    def _field(self, key: str, item: object, depth: int) -> object:
        hidden = _squash(key) in _SQUASHED_KEYS and item is not None and item != ""
        return MASK if hidden and not isinstance(item, bool) else self._value(item, depth + 1)


def _masked(match: re.Match[str]) -> str:
    kept = match[match.lastgroup or 0]
    if match.lastgroup != "quoted":
        return kept + MASK
    found = match[0][len(kept) :]
    opening = found[:2] if found.startswith("\\") else found[:1]
    closing = opening if len(found) > 1 and found.endswith(opening) and opening != '\\"' else ""
    return kept + opening + MASK + closing


def _forms(secret: str) -> Iterator[str]:
    """Yield a secret as it looks in texts, URLs, JSON, Python and base64."""
    yield secret
    for quoted in (quote(secret), quote(secret, safe=""), quote_plus(secret)):
        yield quoted
        yield re.sub("%..", lambda match: match[0].lower(), quoted)
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield repr(secret)[1:-1]
    data = secret.encode("utf-8", "surrogatepass")
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        whole = encode(data).decode()
        yield whole
        yield whole.rstrip("=")
        for offset in range(3):  # inside a longer text, as user:password in HTTP Basic
            inner = encode(b"\0" * offset + data).decode().rstrip("=")
            first = (0, 2, 3)[offset]
            last = len(inner) if (offset + len(data)) % 3 == 0 else len(inner) - 1
            if last - first >= _MIN_FRAGMENT_CHARS:
                yield inner[first:last]
