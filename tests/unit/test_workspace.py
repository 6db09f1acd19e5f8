"""One journal belongs to one vault; a second vault beside it is refused, a moved one followed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from core.workspace import Workspace
from mcp_servers.catalog import SERVICE_SETTINGS, SERVICES
from tests.support import SETTINGS, Settings, command
from utils.clock import FixedClock
from utils.errors import ConfigError


def opened(vault: Path, **values: str) -> None:
    """Open a vault's records and close them again."""
    settings = Settings(
        (*SETTINGS, *SERVICE_SETTINGS), {"VAULT_PATH": str(vault), **values}, vault.parent
    )
    Workspace.open(settings, SERVICES, FixedClock()).close()


def a_vault(folder: Path, name: str = "AI_Employee") -> Path:
    vault = folder / name
    vault.mkdir(parents=True)
    return vault


def test_a_second_vault_beside_the_first_never_shares_its_journal(tmp_path: Path) -> None:
    first, second = a_vault(tmp_path, "Work"), a_vault(tmp_path, "Home")
    opened(first)
    with pytest.raises(ConfigError, match=r"belong to the vault .*Work.*STATE_DIR and LOG_DIR"):
        opened(second)
    own = {"STATE_DIR": str(tmp_path / "own" / "State"), "LOG_DIR": str(tmp_path / "own" / "Logs")}
    opened(second, **own)
    opened(first)


def test_a_vault_that_is_not_made_yet_takes_nobodys_journal(tmp_path: Path) -> None:
    first = a_vault(tmp_path, "Work")
    opened(tmp_path / "Mistyped")
    opened(first)
    with pytest.raises(ConfigError, match="belong to the vault"):
        opened(tmp_path / "Mistyped")


def test_a_renamed_vault_keeps_its_journal(tmp_path: Path) -> None:
    vault = a_vault(tmp_path)
    opened(vault)
    opened(vault.rename(tmp_path / "Office"))
    opened(tmp_path / "Office")


def test_a_copy_of_vault_and_records_is_a_whole_of_its_own(tmp_path: Path) -> None:
    vault = a_vault(tmp_path / "here")
    opened(vault)
    shutil.copytree(tmp_path / "here", tmp_path / "there")
    opened(tmp_path / "there" / vault.name)


def test_the_same_vault_by_another_way_is_the_same(tmp_path: Path) -> None:
    vault = a_vault(tmp_path / "here")
    opened(vault)
    (tmp_path / "link").symlink_to(tmp_path / "here", target_is_directory=True)
    opened(tmp_path / "link" / vault.name)


def test_init_of_a_second_vault_makes_nothing(tmp_path: Path) -> None:
    opened(a_vault(tmp_path, "Work"))
    env = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    env |= {"AI_EMPLOYEE_HOME": str(tmp_path), "TIMEZONE": "UTC"}
    told = command("init", "--vault", str(tmp_path / "Home"), env=env)
    assert told.returncode == 2
    assert "belong to the vault" in told.stderr
    assert not (tmp_path / "Home").exists()
