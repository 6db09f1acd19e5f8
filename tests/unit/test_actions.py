"""The vocabulary and what an approval is bound to: `core/actions.py`."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.actions import Mode, State, Tier, canonical, digest_of, key_of, payload_of
from mcp_servers.catalog import ACTIONS, SERVICES
from utils.config import Settings

INVOICE = ACTIONS["odoo.create_invoice"]
TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
PAYLOADS = st.dictionaries(TEXT, VALUES, min_size=1, max_size=5)


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to every single value."""
    if isinstance(value, dict):
        return [p for key, item in value.items() for p in leaves(item, (*path, key))]
    if isinstance(value, list):
        return [p for n, item in enumerate(value) for p in leaves(item, (*path, n))]
    return [path]


def with_leaf(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    key, *rest = path
    if isinstance(value, dict):
        return {k: with_leaf(v, tuple(rest), new) if k == key else v for k, v in value.items()}
    return [with_leaf(v, tuple(rest), new) if n == key else v for n, v in enumerate(value)]


def digest(payload: dict[str, Any], kind: str = "odoo.create_invoice") -> str:
    return digest_of(kind, payload, Mode.LIVE, "acme")


def same_text(one: Any, other: Any) -> bool:
    return canonical(one) == canonical(other)


# -- digests --------------------------------------------------------------------------------------


@given(PAYLOADS, VALUES, st.data())
def test_any_single_changed_field_changes_the_digest(
    payload: dict[str, Any], new: Any, data: st.DataObject
) -> None:
    places = leaves(payload)
    if not places:
        return
    changed = with_leaf(payload, data.draw(st.sampled_from(places)), new)
    assert (digest(changed) == digest(payload)) is same_text(changed, payload)


@given(PAYLOADS, TEXT, VALUES)
def test_an_added_or_missing_field_changes_the_digest(
    payload: dict[str, Any], name: str, value: Any
) -> None:
    if any(
        unicodedata.normalize("NFC", key) == unicodedata.normalize("NFC", name) for key in payload
    ):
        return
    assert digest({**payload, name: value}) != digest(payload)


@given(PAYLOADS, st.randoms())
def test_the_order_of_keys_does_not_change_the_digest(payload: dict[str, Any], random: Any) -> None:
    names = list(payload)
    random.shuffle(names)
    assert digest({name: payload[name] for name in names}) == digest(payload)


@given(st.text(st.characters(codec="utf-8")))
def test_the_unicode_form_does_not_change_the_digest(text: str) -> None:
    """A Mac stores `é` as two characters; the owner approved one."""
    nfd, nfc = (unicodedata.normalize(form, text) for form in ("NFD", "NFC"))
    assert digest({"text": nfd}) == digest({"text": nfc})


def test_values_cannot_slide_from_one_field_into_another() -> None:
    assert digest({"a": "1", "b": "2"}) != digest({"a": '1","b":"2'})
    assert digest({"a": ["x", "y"]}) != digest({"a": ["x,y"]})
    assert digest({"a": 1}) != digest({"a": "1"})
    assert digest({"a": True}) != digest({"a": 1})


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(("odoo.create_quotation", Mode.LIVE, "acme"), id="tool"),
        pytest.param(("odoo.create_invoice", Mode.DRY_RUN, "acme"), id="mode"),
        pytest.param(("odoo.create_invoice", Mode.SANDBOX, "acme"), id="sandbox"),
        pytest.param(("odoo.create_invoice", Mode.LIVE, "globex"), id="account"),
    ],
)
def test_a_digest_binds_tool_mode_and_account(other: tuple[str, Mode, str]) -> None:
    kind, mode, account = other
    assert digest_of(kind, {"a": 1}, mode, account) != digest({"a": 1})


def test_a_digest_is_the_same_for_ever() -> None:
    """Approvals outlive programs: a change here needs a new DIGEST_VERSION."""
    assert digest({"customer": "Acme Ltd"}) == (
        "8c561c249c0ff47ae014afe83461ba8a2aef96c9134825d0f7280fb0859f68c8"
    )


def test_equal_invoices_have_one_payload(invoice: dict[str, Any]) -> None:
    """How an amount is written (a bare or quoted number) is no difference."""
    line = invoice["lines"][0]
    other = {**invoice, "lines": [{**line, "unit_price": "1250", "quantity": "1.0"}]}
    assert payload_of(INVOICE, other) == payload_of(INVOICE, invoice)


@pytest.mark.parametrize(
    ("path", "new"),
    [
        (("customer",), "Acme Inc"),
        (("customer_id",), 15),
        (("currency",), "USD"),
        (("lines", 0, "unit_price"), "1250.01"),
        (("lines", 0, "quantity"), 2),
        (("lines", 0, "description"), "retainer"),
        (("note",), "Thanks"),
        (("due_date",), "2026-12-05"),
    ],
    ids=lambda value: str(value) if isinstance(value, tuple) else None,
)
def test_every_field_of_an_invoice_is_bound(
    invoice: dict[str, Any], path: tuple[Any, ...], new: Any
) -> None:
    changed = with_leaf({"note": None, "due_date": None, **invoice}, path, new)
    assert digest(payload_of(INVOICE, changed)) != digest(payload_of(INVOICE, invoice))


def test_an_unknown_argument_is_refused(invoice: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="discount"):
        payload_of(INVOICE, {**invoice, "discount": 5})


def test_money_in_a_payload_is_text(invoice: dict[str, Any]) -> None:
    assert payload_of(INVOICE, invoice)["lines"][0]["unit_price"] == "1250.00"


# -- keys, tiers, kinds ---------------------------------------------------------------------------


def test_a_key_is_short_fixed_and_its_own() -> None:
    assert key_of("APR-20261121-001") == "AIE-51dedcbaf7"
    keys = {key_of(f"APR-20261121-{n:03d}") for n in range(1000)}
    assert len(keys) == 1000


def test_tiers_are_ordered() -> None:
    assert sorted(Tier, key=lambda tier: tier.rank) == [
        Tier.AUTONOMOUS,
        Tier.APPROVAL_REQUIRED,
        Tier.HARD_STOP,
    ]


def test_only_a_dry_run_does_not_act() -> None:
    assert [mode for mode in Mode if not mode.acts] == [Mode.DRY_RUN]


def test_no_action_is_autonomous_by_its_type() -> None:
    """Nothing is sent without the owner unless a rule of the owner's says so."""
    assert all(action.tier is not Tier.AUTONOMOUS for action in ACTIONS.values())


@pytest.mark.parametrize("kind", ACTIONS)
def test_a_kind_names_its_server_and_tool(kind: str) -> None:
    action = ACTIONS[kind]
    assert f"{action.service}.{action.tool}" == kind
    assert action in SERVICES[action.service].actions


def test_what_is_missing_is_said_in_words() -> None:
    odoo = SERVICES["odoo"]
    table = odoo.settings
    values = {"ODOO_URL": "https://acme.example", "ODOO_DB": "acme"}
    settings = Settings(table, values, Path())
    assert odoo.missing(settings) == ["ODOO_USERNAME", "ODOO_API_KEY or ODOO_PASSWORD"]
    assert odoo.account_in(settings) == "not set up"
    complete = settings.with_values(ODOO_USERNAME="ai", ODOO_PASSWORD="hunter2-secret")
    assert odoo.missing(complete) == []
    assert "hunter2" not in odoo.account_in(complete)


def test_what_is_missing_to_write_does_not_keep_from_reading(tmp_path: Path) -> None:
    email = SERVICES["email"]
    settings = Settings(email.settings, {"GMAIL_TOKEN_FILE": "read.json"}, tmp_path)
    assert email.missing(settings) == []
    assert email.missing_to_write(settings) == ["GMAIL_SEND_TOKEN_FILE"]
    named = settings.with_values(GMAIL_SEND_TOKEN_FILE="send.json")
    assert email.missing_to_write(named) == ["the file that GMAIL_SEND_TOKEN_FILE names"]
    (tmp_path / "send.json").write_text("{}")
    assert email.missing_to_write(named) == []


def test_states_are_those_of_the_journal() -> None:
    from core.migrations import MIGRATIONS

    table = MIGRATIONS[0][0]
    assert all(f"'{state}'" in table for state in State)
