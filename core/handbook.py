"""The policy as the handbook says it: one fenced `policy` block in `Company_Handbook.md`.

Rules: a broken block means the built-in defaults, and it is said; nothing in it can lower a hard
stop; a standing approval without payee, amount, currency and last day is a broken block.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any

from core import strict_yaml
from core.actions import Tier
from core.policy import DAILY_COUNT, Policy, Standing, plain_kind
from utils import files
from utils.errors import NoteError
from utils.money import parse_amount

if TYPE_CHECKING:
    from decimal import Decimal
    from pathlib import Path

HANDBOOK = "Company_Handbook.md"
HANDBOOK_LIMIT_BYTES = 1 << 20
_BLOCK = re.compile(r"^```policy[ \t]*\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
_OPENING = re.compile(r"^[ \t]*(?:`{3,}|~{3,})[ \t]*policy(?=\s|$)", re.MULTILINE | re.IGNORECASE)
_KEYS = frozenset(
    {
        *("limit_amount", "limit_currency", "approval_required", "hard_stop"),
        *("standing_approvals", "daily_payments", "daily_amount"),
    }
)
_STANDING_KEYS = frozenset({"payee", "max_amount", "currency", "until"})


class Handbook:
    """The policy as the handbook says it now; read again only when the file has changed.

    Args:
        path: `Company_Handbook.md`.
        limit_amount: the setting LIMIT_AMOUNT.
        limit_currency: the setting LIMIT_CURRENCY.
    """

    def __init__(self, path: Path, limit_amount: Decimal, limit_currency: str) -> None:
        self._path = path
        self._limit = (limit_amount, limit_currency)
        self._known: tuple[tuple[int, ...] | None, Policy] | None = None

    def policy(self) -> Policy:
        """Return the policy in force."""
        try:
            facts = self._path.lstat()
        except FileNotFoundError:
            signature = None
        else:
            signature = (facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)
        if self._known is None or self._known[0] != signature:
            self._known = (signature, self._read())
        return self._known[1]

    def _read(self) -> Policy:
        try:
            data = files.read_regular(self._path, limit_bytes=HANDBOOK_LIMIT_BYTES)
            return read_policy(data.decode("utf-8"), *self._limit)
        except FileNotFoundError:
            return read_policy(None, *self._limit)
        except (NoteError, UnicodeDecodeError) as error:
            problem = f"{HANDBOOK} cannot be read ({error}). The built-in rules apply."
            return Policy(*self._limit, problem=problem)


def read_policy(handbook: str | None, limit_amount: Decimal, limit_currency: str) -> Policy:
    """Return the policy in force.

    Args:
        handbook: the text of `Company_Handbook.md`, None when there is none.
        limit_amount: the setting LIMIT_AMOUNT.
        limit_currency: the setting LIMIT_CURRENCY.
    """
    defaults = Policy(limit_amount, limit_currency)
    if handbook is None:
        return defaults
    text = handbook.replace("\r\n", "\n")
    blocks, openings = _BLOCK.findall(text), _OPENING.findall(text)
    if not openings:
        return defaults
    try:
        if len(openings) > 1:
            raise NoteError("holds more than one policy block")
        if not blocks:
            raise NoteError("must begin with a line ```policy and end with a line ```")
        return _from_block(blocks[0], defaults)
    except (NoteError, ValueError) as error:
        reason = error.reason if isinstance(error, NoteError) else str(error)
        return Policy(
            limit_amount,
            limit_currency,
            problem=f"The policy block in {HANDBOOK} is not used: it {reason}. "
            "The built-in rules apply.",
        )


def _from_block(text: str, defaults: Policy) -> Policy:
    block = strict_yaml.parse(text)
    if block is None:
        return defaults
    if not isinstance(block, dict):
        raise ValueError("must hold `name: value` lines")
    unknown = set(block) - _KEYS
    if unknown:
        raise ValueError(f"has an unknown line `{min(map(str, unknown))}`")
    raised: dict[str, Tier] = {}
    for tier in (Tier.APPROVAL_REQUIRED, Tier.HARD_STOP):
        for kind in _kinds(block.get(str(tier)), str(tier)):
            raised[plain_kind(kind)] = tier
    amount = _amount(block, "limit_amount")
    return Policy(
        defaults.limit_amount if amount is None else amount,
        _currency(block.get("limit_currency") or defaults.limit_currency),
        raised,
        _standing(block.get("standing_approvals")),
        _count(block.get("daily_payments")),
        _amount(block, "daily_amount"),
    )


def _amount(block: dict[str, Any], name: str) -> Decimal | None:
    if block.get(name) is None:
        return None
    amount = parse_amount(block[name])
    if amount < 0:
        raise ValueError(f"has a limit below zero (`{name}`)")
    return amount


def _currency(value: object) -> str:
    if not re.fullmatch(r"[A-Z]{3}", str(value)):
        raise ValueError(f"has an unknown currency `{value}`")
    return str(value)


def _count(value: object) -> int:
    if value is None:
        return DAILY_COUNT
    if not re.fullmatch(r"[0-9]{1,3}", str(value)):
        raise ValueError("must give a whole number under `daily_payments`")
    return int(str(value))


def _standing(value: object) -> tuple[Standing, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise ValueError("must list payees under `standing_approvals`")
    return tuple(_one_standing(each) for each in value)


def _one_standing(entry: object) -> Standing:
    if not isinstance(entry, dict) or set(entry) != _STANDING_KEYS:
        raise ValueError(
            "must give payee, max_amount, currency and until for each standing approval"
        )
    amount = _amount(entry, "max_amount")
    payee = entry["payee"]
    if amount is None or not isinstance(payee, str) or not payee.strip():
        raise ValueError("has a standing approval without a payee or an amount")
    try:
        until = date.fromisoformat(str(entry["until"]))
    except ValueError:
        raise ValueError(
            "has a standing approval without a day like 2027-06-30 under `until`"
        ) from None
    return Standing(payee, amount, _currency(entry["currency"]), until)


def _kinds(value: object, name: str) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(kind, str) for kind in value):
        raise ValueError(f"must list action kinds under `{name}`, like [twitter.create_post]")
    return [str(kind) for kind in value]
