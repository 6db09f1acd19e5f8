"""The settings table and where its values come from: `utils/config.py`."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from core.settings import SETTINGS
from mcp_servers.catalog import SERVICE_SETTINGS
from utils.config import Kind, Setting, Settings, find_home, is_loopback_url, load
from utils.errors import ConfigError

TABLE = (
    Setting("NAME", Kind.TEXT, "plain", "a text"),
    Setting("FLAG", Kind.FLAG, "false", "a flag"),
    Setting("MAIL", Kind.ADDRESS, None, "An address.", "you@example.com"),
    Setting("COUNT", Kind.COUNT, None, "a count", "7", minimum=1),
    Setting("WAIT_S", Kind.SECONDS, "5", "seconds", minimum=1),
    Setting("AMOUNT", Kind.AMOUNT, "100.00", "an amount", "100.00"),
    Setting("CURRENCY", Kind.CURRENCY, "USD", "a currency", "EUR"),
    Setting("SITE_URL", Kind.URL, None, "an address", "https://acme.example"),
    Setting("FOLDER", Kind.PATH, None, "a path"),
    Setting("ZONE", Kind.ZONE, None, "a zone", "Europe/Berlin"),
    Setting("KEY", Kind.TEXT, None, "a key", secret=True),
    Setting("KEY_COUNT", Kind.COUNT, None, "a secret number", secret=True),
)


def settings(home: Path = Path("/home/owner"), **values: str) -> Settings:
    return Settings(TABLE, values, home)


@pytest.mark.parametrize("text", ["true", "True", "1", "yes", "ON", " true "])
def test_words_for_yes(text: str) -> None:
    assert settings(FLAG=text).flag("FLAG") is True


@pytest.mark.parametrize("text", ["false", "0", "No", "off", ""])
def test_words_for_no(text: str) -> None:
    assert settings(FLAG=text).flag("FLAG") is False


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        pytest.param("FLAG", "maybe", "neither true nor false", id="flag"),
        pytest.param("FLAG", "2", "neither true nor false", id="flag-number"),
        pytest.param("COUNT", "1.5", "not a whole number", id="count"),
        pytest.param("COUNT", "-1", "not a whole number", id="count-negative"),
        pytest.param("COUNT", "0", "at least 1", id="count-minimum"),
        pytest.param("COUNT", "1234567890", "not a whole number", id="count-huge"),
        pytest.param("WAIT_S", "0.5", "at least 1", id="seconds-minimum"),
        pytest.param("WAIT_S", "soon", "not a number of seconds", id="seconds"),
        pytest.param("WAIT_S", "inf", "not a number of seconds", id="seconds-endless"),
        pytest.param("AMOUNT", "1,000", "not an amount", id="amount-comma"),
        pytest.param("MAIL", "nobody", "not one mail address", id="address"),
        pytest.param("MAIL", "a@b.example, c@d.example", "not one mail address", id="addresses"),
        pytest.param("AMOUNT", "-1", "zero or more", id="amount-negative"),
        pytest.param("AMOUNT", "NaN", "zero or more", id="amount-nan"),
        pytest.param("AMOUNT", "Infinity", "zero or more", id="amount-endless"),
        pytest.param("CURRENCY", "eur", "three-letter", id="currency-small"),
        pytest.param("CURRENCY", "EURO", "three-letter", id="currency-long"),
        pytest.param("ZONE", "Europe/Atlantis", "not a known time zone", id="zone"),
        pytest.param("ZONE", "../../etc/passwd", "not a known time zone", id="zone-path"),
        pytest.param("SITE_URL", "acme.example", "not an http", id="url-bare"),
        pytest.param("SITE_URL", "ftp://acme.example", "not an http", id="url-ftp"),
        pytest.param("SITE_URL", "https://acme.example/odoo", "without a path", id="url-path"),
        pytest.param("SITE_URL", "https://acme.example?a=1", "without a path", id="url-query"),
        pytest.param("SITE_URL", "https://me@acme.example", "without a path", id="url-user"),
        pytest.param("SITE_URL", "http://acme.example", "use https", id="url-plain"),
        pytest.param("SITE_URL", "http://127.0.0.1.evil.example", "use https", id="url-like-home"),
        pytest.param("SITE_URL", "https://acme.example:99999", "Port", id="url-port"),
    ],
)
def test_a_bad_value_stops_the_program_with_name_and_problem(
    name: str, value: str, problem: str
) -> None:
    with pytest.raises(ConfigError, match=problem) as caught:
        settings(**{name: value})
    assert caught.value.name == name
    assert str(caught.value).startswith(f"{name}: ")
    assert value in str(caught.value)


def test_an_error_gives_an_example_that_works() -> None:
    with pytest.raises(ConfigError) as caught:
        settings(CURRENCY="?")
    assert str(caught.value).endswith("Example: CURRENCY=EUR")
    assert caught.value.EXIT_CODE == 2


def test_an_error_never_shows_a_secret() -> None:
    with pytest.raises(ConfigError) as caught:
        settings(KEY_COUNT="hunter2-secret")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("https://acme.example/", "https://acme.example", id="slash-dropped"),
        pytest.param("http://127.0.0.1:8069", "http://127.0.0.1:8069", id="loopback"),
        pytest.param("http://localhost", "http://localhost", id="localhost"),
        pytest.param("http://[::1]:80", "http://[::1]:80", id="loopback-6"),
    ],
)
def test_an_address_is_a_root(text: str, expected: str) -> None:
    assert settings(SITE_URL=text).text("SITE_URL") == expected


@pytest.mark.parametrize(
    ("address", "home"),
    [
        ("http://127.0.0.1:1", True),
        ("http://127.9.9.9", True),
        ("https://localhost", True),
        ("https://localhost.evil.example", False),
        ("https://10.0.0.1", False),
        ("https://0.0.0.0", False),
    ],
)
def test_what_leads_to_this_machine(address: str, home: bool) -> None:
    assert is_loopback_url(address) is home


def test_money_is_exact() -> None:
    assert settings(AMOUNT="100.10").amount("AMOUNT") == Decimal("100.10")


def test_a_default_is_a_value_but_not_set_by_the_owner() -> None:
    values = settings()
    assert values.text("NAME") == "plain"
    assert not values.is_set("NAME")
    assert settings(NAME="x").is_set("NAME")
    assert not settings(NAME="").is_set("NAME")


@pytest.mark.parametrize("kind", ["count", "seconds", "amount"])
def test_a_number_that_is_not_set_is_said(kind: str) -> None:
    with pytest.raises(ConfigError, match="is not set"):
        getattr(settings(), kind)("COUNT")


def test_paths_start_at_home(tmp_path: Path) -> None:
    assert settings(tmp_path, FOLDER="a/b").path("FOLDER") == tmp_path / "a" / "b"
    assert settings(tmp_path, FOLDER="/abs").path("FOLDER") == Path("/abs")
    assert settings(tmp_path).path("FOLDER") is None


def test_only_secrets_that_are_set_are_redacted() -> None:
    assert settings(KEY="hunter2", NAME="plain words").secrets() == ("hunter2",)


def test_a_childs_share_holds_no_defaults_and_nothing_else() -> None:
    assert settings(KEY="k", NAME="n", FLAG="true").raw(["KEY", "WAIT_S", "FLAG"]) == {
        "KEY": "k",
        "FLAG": "true",
    }


def test_a_copy_with_other_values_leaves_the_first_alone() -> None:
    first = settings(NAME="one", KEY="k")
    assert first.with_values(NAME="two").text("NAME") == "two"
    assert first.with_values(NAME="two").text("KEY") == "k"
    assert first.text("NAME") == "one"


def test_the_environment_beats_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("NAME=file\nCURRENCY=EUR\nOTHER=1\n", encoding="utf-8")
    loaded = load(TABLE, tmp_path, {"NAME": "environment", "FLAG": ""})
    assert loaded.text("NAME") == "environment"
    assert loaded.text("CURRENCY") == "EUR"


def test_an_empty_environment_variable_does_not_hide_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("NAME=file\n", encoding="utf-8")
    assert load(TABLE, tmp_path, {"NAME": ""}).text("NAME") == "file"


def test_a_dollar_in_a_secret_stays_a_dollar(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("KEY='a${HOME}b'\n", encoding="utf-8")
    assert load(TABLE, tmp_path, {}).text("KEY") == "a${HOME}b"


def test_no_file_is_no_problem(tmp_path: Path) -> None:
    assert load(TABLE, tmp_path, {}).text("NAME") == "plain"


def test_home_is_named_or_found_upwards(tmp_path: Path) -> None:
    for name in (".mcp.json", "orchestrator.py"):
        (tmp_path / name).touch()
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    assert find_home({}, deep) == tmp_path
    assert find_home({"CLAUDE_PROJECT_DIR": str(deep)}, Path("/")) == tmp_path
    assert find_home({"AI_EMPLOYEE_HOME": str(deep)}, tmp_path) == deep


def test_home_is_the_projects_own_folder_when_nothing_is_found(tmp_path: Path) -> None:
    assert find_home({}, tmp_path) == Path(__file__).resolve().parents[2]


def test_the_real_table_is_well_formed() -> None:
    """Every default and example can be read; names are unique; nothing is live by default."""
    table = (*SETTINGS, *SERVICE_SETTINGS)
    assert len({row.name for row in table}) == len(table)
    defaults = Settings(table, {}, Path("/"))
    assert defaults.flag("DRY_RUN") is True
    assert not any(defaults.flag(row.name) for row in table if row.name.endswith("_LIVE"))
    for row in table:
        if row.example:
            Settings(table, {row.name: row.example}, Path("/"))
        assert not (row.secret and row.default), row.name
