"""The README promises nothing that is not there, and forgets nothing that was asked for."""

import re
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestrator import app

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FEATURES = ROOT.parent / "shared" / "FEATURES.md"
PROMISE = (
    "*at most once per human decision, never lost, never silently unknown. "
    "Dry-run until you say otherwise. No number without a source.*"
)
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "AI_Employee" / "README.md"]
)


def commands():
    """The program's commands, from the program."""
    return [c.name or c.callback.__name__ for c in app.registered_commands]


def section(title):
    """The text under one heading of the README."""
    return README.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def test_the_promise_and_the_two_commands_stand_first():
    """A visitor sees what it does, what it promises and how to try it, before any other heading."""
    first = README.split("\n## ", 1)[0]
    assert PROMISE in first
    assert "\nbin/run demo" in first
    assert "\nbin/test" in first


def test_command_table_is_complete():
    """Every command has its row, and no row is made up."""
    rows = re.findall(r"^\| `([\w-]+)` \|", section("Commands"), flags=re.MULTILINE)
    assert sorted(rows) == sorted(commands())


def test_the_list_of_commands_says_each_to_the_end():
    """On a terminal of 80 columns no line of the help is cut."""
    runner = CliRunner(env={"COLUMNS": "80", "TERM": "dumb"})
    listed = runner.invoke(app, ["--help"]).output.split("Commands:")[1]
    assert [line for line in listed.splitlines() if line.endswith("...")] == []


def test_what_is_said_to_be_missing_is_missing():
    """A command that exists is not listed as `not yet`."""
    [line] = re.findall(r"^Not yet: (.*)\.$", section("Commands"), flags=re.MULTILINE)
    assert not set(re.findall(r"`([\w-]+)`", line)) & set(commands())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_shown_in_a_page_exist(page):
    """`bin/run something --option` in any page is a command with that option."""
    text = page.read_text(encoding="utf-8")
    runner = CliRunner(env={"COLUMNS": "200", "TERM": "dumb"})
    for words in re.findall(r"bin/run ((?:[a-z][\w-]*)(?: [^`\n|;)]*)?)", text):
        name, *rest = words.split()
        if name not in commands():
            assert page.name == "commands.md", f"bin/run {words}"
            continue
        shown = runner.invoke(app, [name, "--help"]).output
        for option in re.findall(r"(?<!\S)--[a-z-]+", " ".join(rest)):
            assert option in shown, f"bin/run {words}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page):
    """Every relative link in a page leads to a file."""
    text = re.sub(
        r"^ *(`{3,}).*?^ *\1", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL
    )
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_places_in_the_table_of_plan_names_exist():
    """Whatever the table of plan names points to is there."""
    for name in re.findall(r"`([\w./]+/[\w./]*|[\w]+\.py)`", _places()):
        assert list(ROOT.glob(name.rstrip("/"))), name


def _places():
    rows = section("What the plans asked for, and where it lives").splitlines()
    return "\n".join(row.split(" | ", 1)[1] for row in rows if row.startswith("| "))


def test_every_plan_name_is_mapped():
    """Each system that the plans ask for has its row: a place, or the words `not yet`."""
    if not FEATURES.is_file():
        pytest.skip("the list of features is not beside this clone")
    rows = re.findall(
        r"^\| (?:A|B|C|ours) \| ([^|]+) \|", FEATURES.read_text("utf-8"), flags=re.MULTILINE
    )
    assert len(rows) > 30
    mapped = section("What the plans asked for, and where it lives").casefold()
    missing = [row for row in rows if f"| {_plain(row)} |" not in mapped]
    assert not missing


def _plain(row):
    return row.replace("`facts/users.md` 4", "").strip().casefold()


def test_the_architecture_names_every_folder():
    """Each folder of the program has its place on the page, and each place is there."""
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    floors = ("cli", "core", "mcp_servers", "utils", "watchers")
    folders = {
        f"{each.parent.relative_to(ROOT).as_posix()}/"
        for floor in floors
        for each in (ROOT / floor).rglob("*.py")
        if "starters" not in each.parts
    }
    assert {each for each in folders if f"`{each}`" not in page} == set()
    named = re.findall(rf"`((?:{'|'.join(floors)})/[\w./]*)`", page)
    assert [each for each in named if not (ROOT / each).exists()] == []


def test_dependencies_page_has_a_paragraph_for_each():
    """A dependency without a reason is not taken."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    names = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    page = (ROOT / "docs/dependencies.md").read_text(encoding="utf-8").casefold()
    for name in names:
        assert f"**{re.split(r'[<>=]', name)[0].casefold()}**" in page, name


def test_constraints_pin_every_dependency():
    """What is installed is the same everywhere: exact versions, no addresses."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").split()
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in lines)
    pinned = {re.sub(r"[-_.]+", "-", line.split("==")[0]).lower() for line in lines}
    for name in [*project["dependencies"], *project["optional-dependencies"]["dev"]]:
        plain = re.sub(r"[-_.]+", "-", re.split(r"[<>=]", name)[0]).lower()
        assert plain in pinned, name
