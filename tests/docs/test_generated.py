"""What is written down about the program is what the program's tables say."""

import importlib.util
import json
import re
import tomllib
from pathlib import Path

import pytest

from core.settings import SETTINGS
from core.starters import __file__ as starters_file
from core.vault import Folder
from mcp_servers.answers import Status
from mcp_servers.catalog import SERVERS, SERVICE_SETTINGS, SERVICES
from mcp_servers.vault.tools import TOOLS
from utils import config
from utils.audit_log import FIELDS, Actor, Approval, Event

ROOT = Path(__file__).resolve().parents[2]


def load_generator():
    """docs/generate.py as a module; it is a script, not a package."""
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


generator = load_generator()


@pytest.mark.parametrize("name", generator.PAGES)
def test_page_is_up_to_date(name):
    """A page shows what its table holds now."""
    written = (ROOT / name).read_text(encoding="utf-8")
    assert written == generator.PAGES[name](), "run: .venv/bin/python docs/generate.py"


def test_check_mode_finds_a_stale_page(tmp_path, monkeypatch, capsys):
    """`--check` writes nothing and ends with 1 when a page is missing or old."""
    monkeypatch.setattr(generator, "ROOT", tmp_path)
    assert generator.main(["--check"]) == 1
    assert not list(tmp_path.iterdir())
    assert generator.main([]) == 0
    assert generator.main(["--check"]) == 0
    page = tmp_path / "docs" / "reference" / "log.md"
    page.write_text(page.read_text(encoding="utf-8") + "more\n", encoding="utf-8")
    assert generator.main(["--check"]) == 1
    assert "out of date: docs/reference/log.md" in capsys.readouterr().out


def test_every_setting_is_in_the_example_once():
    """`.env.example` has one line for each row, with its default."""
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    rows = (*SETTINGS, *SERVICE_SETTINGS)
    shown = [line[1:] for line in lines if re.match(r"#[A-Z_]+=", line)]
    assert shown == [f"{row.name}={row.default or ''}" for row in _in_page_order(rows)]


def _in_page_order(rows):
    order = [row.name for _, _, group in generator.groups() for row in group]
    assert sorted(order) == sorted(row.name for row in rows)
    return sorted(rows, key=lambda row: order.index(row.name))


def test_copying_the_example_changes_nothing(tmp_path):
    """A `.env` that is a fresh copy of the example is the same as none."""
    table = (*SETTINGS, *SERVICE_SETTINGS)
    (tmp_path / ".env").write_bytes((ROOT / ".env.example").read_bytes())
    settings = config.load(table, tmp_path, {})
    assert not [row.name for row in table if settings.is_set(row.name)]


def test_every_line_of_the_example_works_when_switched_on(tmp_path):
    """Removing the `#` gives a file that the program reads without complaint."""
    table = (*SETTINGS, *SERVICE_SETTINGS)
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    (tmp_path / ".env").write_text(re.sub(r"^#(?=[A-Z_]+=)", "", text, flags=re.MULTILINE))
    settings = config.load(table, tmp_path, {})
    assert settings.flag("DRY_RUN")
    assert {row.name for row in table if settings.is_set(row.name)} == {
        row.name for row in table if row.default
    }


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("Fields of an entry", FIELDS),
        ("`event`", tuple(Event)),
        ("`approval_status`", tuple(Approval)),
        ("`result`", tuple(Status)),
        ("`actor`", tuple(Actor)),
    ],
    ids=["fields", "event", "approval_status", "result", "actor"],
)
def test_log_page_names_every_word(heading, words):
    """The closed sets of the log stand in its page."""
    page = (ROOT / "docs/reference/log.md").read_text(encoding="utf-8")
    section = page.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    assert [word for word in words if f"| `{word}` |" not in section] == []


def test_no_result_is_written_that_the_page_does_not_know():
    """Every result that the program spells out is one of the closed set."""
    spelled = set()
    for path in [*(ROOT / "core").glob("*.py"), *(ROOT / "mcp_servers").glob("*.py")]:
        text = path.read_text(encoding="utf-8")
        spelled |= set(re.findall(r"\bresult=\"(\w+)\"", text))
        spelled |= set(re.findall(r"\bEnding\(\s*\"(\w+)\"", text))
    spelled -= {"absent"}  # a line of the diagnostic output, not of the log
    assert {"done", "in_doubt", "dry_run_completed", "hard_stop"} <= spelled
    assert spelled <= {str(name) for name in generator.RESULTS}


def test_folders_page_names_every_folder_and_status():
    """Folders and the endings of a note are all there."""
    page = (ROOT / "docs/reference/folders.md").read_text(encoding="utf-8")
    assert all(f"`{folder}/`" in page for folder in Folder)
    source = (ROOT / "core/outcomes.py").read_text(encoding="utf-8")
    statuses = set(re.findall(r"\bEnding\(\s*\"(\w+)\"", source))
    assert {"completed", "dry_run_completed", "in_doubt", "hard_stop"} <= statuses
    for status in statuses:
        assert f"| `{status}` |" in page


def test_every_tool_is_in_the_actions_page():
    """Each action and read has its heading."""
    page = (ROOT / "docs/reference/actions.md").read_text(encoding="utf-8")
    for service in SERVICES.values():
        for each in (*service.actions, *service.reads):
            assert f"### `{each.kind}`" in page
    assert all(f"### `{tool.kind}`" in page for tool in TOOLS)


def test_every_command_is_in_the_commands_page():
    """Each command has its heading and its help."""
    page = (ROOT / "docs/reference/commands.md").read_text(encoding="utf-8")
    assert [line[3:] for line in page.splitlines() if line.startswith("## ")] == (
        generator.command_names()
    )


class TestMcpJson:
    """`.mcp.json`, as Claude Code reads it."""

    servers = json.loads((ROOT / ".mcp.json").read_text(encoding="utf-8"))["mcpServers"]

    def test_lists_the_servers_of_the_catalogue(self):
        """Exactly those, in the same order."""
        assert list(self.servers) == list(SERVERS)

    @pytest.mark.parametrize("name", SERVERS)
    def test_server_starts_by_our_script_and_may_only_propose(self, name):
        """Role propose, a time limit, no secret and nothing machine-bound."""
        assert self.servers[name] == {
            "command": "bin/mcp",
            "args": [name],
            "env": {"AI_EMPLOYEE_ROLE": "propose"},
            "timeout": 60000,
        }


def test_independence_contract_lists_every_service():
    """A new service cannot be forgotten in the import contract."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        contracts = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    [independence] = [c for c in contracts if c["type"] == "independence"]
    assert independence["modules"] == [f"mcp_servers.{name}" for name in SERVERS]


class TestCommittedVault:
    """`AI_Employee/` in the repository: folders and a README, nothing else."""

    vault = ROOT / "AI_Employee"

    def test_readme_is_the_starter_readme(self):
        """The committed README is the one that `init` writes."""
        starter = Path(starters_file).parent / "vault" / "README.md"
        assert (self.vault / "README.md").read_bytes() == starter.read_bytes()

    def test_every_folder_is_kept(self):
        """git keeps no empty folders, so each has a `.gitkeep`."""
        assert all((self.vault / folder / ".gitkeep").is_file() for folder in Folder)
