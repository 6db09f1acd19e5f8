"""What a new vault begins with: bases, templates and the settings for Obsidian.

The check of bases follows Obsidian's own pages. Source: Obsidian help, Bases syntax and functions,
release 1.10 to 1.13, 2026-08-20.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core import demo, notes, payloads, starters, strict_yaml
from core.vault import Vault
from core.workspace import Workspace
from mcp_servers.catalog import ACTIONS

TOP = {"filters", "formulas", "properties", "summaries", "views"}
VIEW = {
    *("type", "name", "filters", "order", "groupBy", "sort", "limit", "summaries"),
    *("columnSize", "image", "imageFit", "cardSize"),
}
TYPES = {"table", "cards", "list"}
FILE_FIELDS = {"name", "path", "folder", "ext", "mtime", "ctime", "tags", "links"}
FUNCTIONS = {
    *("if", "icon", "date", "now", "today", "link", "image"),
    *("inFolder", "hasTag", "hasProperty", "relative", "toFixed"),
}
SUMMARIES = {
    *("Sum", "Average", "Min", "Max", "Median", "Earliest", "Latest", "Checked", "Filled"),
    "Unique",
}


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("v") / "AI_Employee"
    starters.install(Vault(root))
    return root


@pytest.fixture(scope="module")
def types(vault: Path) -> set[str]:
    return set(json.loads((vault / ".obsidian" / "types.json").read_text())["types"])


def problems_of(text: str, types: set[str]) -> list[str]:
    """Return what Obsidian would not understand in a base."""
    base = strict_yaml.parse(text)
    if not isinstance(base, dict):
        return ["not a mapping"]
    found = [f"unknown key {key}" for key in base if key not in TOP]
    formulas = base.get("formulas") or {}
    names = [view.get("name") for view in base.get("views") or []]
    found += [f"two views {name}" for name in set(names) if names.count(name) > 1]
    for words in _expressions(base):
        found += _expression(words, formulas, types)
    for view in base.get("views") or []:
        found += [f"unknown key {key}" for key in view if key not in VIEW]
        found += [] if view.get("type") in TYPES else [f"unknown type {view.get('type')}"]
        columns = [*(view.get("order") or []), *(view.get("summaries") or {})]
        columns += [each["property"] for each in view.get("sort") or []]
        found += [f"unknown column {c}" for c in columns if not _is_property(c, formulas, types)]
        sums = (view.get("summaries") or {}).values()
        found += [f"unknown summary {each}" for each in sums if each not in SUMMARIES]
        sorts = [each.get("direction") for each in view.get("sort") or []]
        found += [f"unknown direction {each}" for each in sorts if each not in {"ASC", "DESC"}]
    columns = list(base.get("properties") or {})
    return found + [f"unknown column {c}" for c in columns if not _is_property(c, formulas, types)]


def _expressions(base: dict[str, Any]) -> Iterator[str]:
    yield from (base.get("formulas") or {}).values()
    for holder in (base, *(base.get("views") or [])):
        yield from _filters(holder.get("filters"))


def _filters(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        ((word, inner),) = value.items()
        assert word in {"and", "or", "not"}, f"unknown filter {word}"
        for each in inner:
            yield from _filters(each)


def _expression(words: str, formulas: dict[str, str], types: set[str]) -> list[str]:
    bare = re.sub(r'"[^"]*"', '""', words)
    if bare.count("(") != bare.count(")") or bare.count('"') % 2:
        return [f"unbalanced: {words}"]
    calls = set(re.findall(r"([A-Za-z]\w*)\(", bare))
    found = [f"unknown function {name}" for name in calls - FUNCTIONS]
    plain = re.sub(r"\.?[A-Za-z]\w*(?=\()", "", bare)
    names = re.findall(r"(?<![\w.])([A-Za-z][\w]*(?:\.[A-Za-z]\w*)*)", plain)
    return found + [f"unknown name {n}" for n in names if not _is_property(n, formulas, types)]


def _is_property(name: str, formulas: dict[str, str], types: set[str]) -> bool:
    head, _, rest = name.partition(".")
    if head == "file":
        return not rest or rest in FILE_FIELDS
    if head == "formula":
        return rest in formulas
    return (rest if head == "note" else head) in types


@pytest.mark.parametrize("name", ["Approvals.base", "Work.base"])
def test_obsidian_understands_a_base(vault: Path, types: set[str], name: str) -> None:
    assert problems_of((vault / name).read_text(), types) == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("file.inFolder", "file.in_folder", "unknown function in_folder"),
        ("formula.money\n      - counterparty", "formula.monny\n      - x", "column formula.monny"),
        ("type: table", "type: board", "unknown type board"),
        ("direction: ASC", "direction: UP", "unknown direction UP"),
        ("amount.toFixed", "amonnt.toFixed", "unknown name amonnt"),
        ('type == "approval"', 'kind == "approval"', "unknown name kind"),
        ("name: Cards", "name: Done", "two views Done"),
        ("date(created)", "date(created", "unbalanced"),
        ("views:", "viewz:", "unknown key viewz"),
    ],
)
def test_what_obsidian_would_not_understand_is_found(
    vault: Path, types: set[str], old: str, new: str, problem: str
) -> None:
    text = (vault / "Approvals.base").read_text()
    assert old in text
    assert problem in " ".join(problems_of(text.replace(old, new, 1), types))


def test_settings_for_obsidian_can_be_read(vault: Path) -> None:
    files = sorted((vault / ".obsidian").glob("*.json"))
    assert len(files) >= 7
    for file in files:
        json.loads(file.read_text())


def test_every_bookmark_leads_somewhere(vault: Path) -> None:
    items = json.loads((vault / ".obsidian" / "bookmarks.json").read_text())["items"]
    leaves = [leaf for item in items for leaf in item.get("items", [item])]
    for leaf in leaves:
        assert (vault / leaf["path"]).exists(), leaf["path"]


def test_an_enabled_snippet_is_there_and_hides_only_known_keys(
    vault: Path, types: set[str]
) -> None:
    chosen = json.loads((vault / ".obsidian" / "appearance.json").read_text())
    for name in chosen["enabledCssSnippets"]:
        text = (vault / ".obsidian" / "snippets" / f"{name}.css").read_text()
        keys = re.findall(r'data-property-key="(\w+)"', text)
        assert keys
        assert set(keys) <= types


def test_the_hotkey_moves_a_note(vault: Path) -> None:
    assert "file-explorer:move-file" in json.loads(
        (vault / ".obsidian" / "hotkeys.json").read_text()
    )


@pytest.mark.parametrize("name", ["Invoice", "Post"])
def test_a_template_becomes_a_proposal_that_can_be_read(vault: Path, name: str) -> None:

    text = (vault / "Templates" / f"{name}.md").read_text()
    note = notes.parse(text.replace("{{date:YYYY-MM-DDTHH:mm:ss}}", "2026-11-21T09:30:00").encode())
    assert payloads.payload_in(ACTIONS[str(note.front["action"])], note)


def test_nothing_that_exists_is_touched(tmp_path: Path) -> None:
    root = tmp_path / "v"
    (root / ".obsidian").mkdir(parents=True)
    mine = {root / ".obsidian" / "app.json": "{}", root / "Dashboard.md": "# Mine\n"}
    for path, text in mine.items():
        path.write_text(text)
    starters.install(Vault(root))
    assert {path: path.read_text() for path in mine} == mine


@pytest.mark.parametrize("is_new", [True, False])
def test_the_demo_promises_its_samples_once(
    ws: Workspace, capsys: pytest.CaptureFixture[str], *, is_new: bool
) -> None:
    demo.guide(ws, is_new=is_new)
    said = capsys.readouterr().out
    assert ("two proposals lie in" in said) == is_new
    assert ("notes are as you left them" in said) != is_new
    assert str(ws.vault.root) in said
