"""What holds for every note that the program writes, whatever its kind; no browser needed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from core import frontmatter, notes, payloads, strict_yaml
from core.actions import digest_of
from core.notes import Note
from core.vault import Folder
from mcp_servers.sandbox import Sandbox
from tests.render.obsidian import Index, page_of
from tests.render.samples import fill
from tests.support import LIVE, Office
from utils.clock import FixedClock
from utils.errors import NoteError

KEYS_WHILE_PENDING = 10
NAME_LIMIT_BYTES = 120


@dataclass(frozen=True)
class Written:
    """One note as it lies in the vault."""

    path: Path
    note: Note


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    clock = FixedClock()
    with Sandbox(clock=clock) as sandbox:
        made = Office(tmp_path_factory.mktemp("vault"), clock, **sandbox.settings(), **LIVE)
        fill(made, sandbox)
        yield made
        made.close()


@pytest.fixture(scope="module")
def written(office: Office) -> list[Written]:
    paths = sorted(
        path for path in office.ws.vault.root.rglob("*.md") if "Templates" not in path.parts
    )
    return [
        Written(path, notes.parse(path.read_bytes()))
        for path in paths
        if path.read_bytes().startswith(b"---\n") and Folder.QUARANTINE not in path.parts
    ]


@pytest.fixture(scope="module")
def types(office: Office) -> dict[str, str]:
    path = office.ws.vault.root / ".obsidian" / "types.json"
    found: dict[str, str] = json.loads(path.read_text())["types"]
    return found


def kind_of(value: object) -> set[str]:
    """Return the types under which Obsidian shows a value without complaint."""
    match value:
        case bool():
            return {"checkbox"}
        case list():
            return {"tags", "multitext", "aliases"}
        case str() if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            return {"date", "text"}
        case str() if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", value):
            return {"datetime", "text"}
        case str():
            return {"text"}
    return {"number"}


def test_the_samples_have_every_folder_that_is_written(
    written: list[Written], office: Office
) -> None:
    folders = {path.path.relative_to(office.ws.vault.root).parts[0] for path in written}
    for folder in (
        "PENDING",
        "REJECTED",
        "NEEDS_REVIEW",
        "NEEDS_ACTION",
        "COMPLETED",
        "PLANS",
        "ACTIVITY",
    ):
        assert str(Folder[folder]) in folders


def test_every_property_has_one_type_in_the_whole_vault(
    written: list[Written], types: dict[str, str]
) -> None:
    for each in written:
        for key, value in each.note.front.items():
            assert key in types, f"{each.path.name}: {key} has no type"
            assert types[key] in kind_of(value), f"{each.path.name}: {key} is {value!r}"


def test_a_waiting_proposal_has_few_properties(written: list[Written]) -> None:
    for each in written:
        if each.path.parent.name == Folder.PENDING:
            assert len(each.note.front) <= KEYS_WHILE_PENDING, each.path.name


def test_names_are_unique_and_usable_on_every_system(written: list[Written]) -> None:
    names = [each.path.name.casefold() for each in written]
    assert len(names) == len(set(names))
    for name in names:
        assert not re.search(r'[#^\[\]|:\\/*"<>?%]', name), name
        assert len(name.encode()) <= NAME_LIMIT_BYTES
        assert name.count(".") == 1 or name.endswith(".reason.md")


def test_every_link_leads_to_one_note_and_nothing_is_live(
    office: Office, written: list[Written]
) -> None:
    index = Index(office.ws.vault.root)
    assert written
    paths = [path for path in office.ws.vault.root.rglob("*.md") if "Templates" not in path.parts]
    paths = [path for path in paths if path.stat().st_size]
    problems = [(path.name, page_of(path, index).problems) for path in paths]
    assert [found for found in problems if found[1]] == []


def as_obsidian_rewrites(text: str) -> str:
    """Return a note after one edit of a property: quotes and comments gone, lists as blocks."""
    head, block, body = text.split("---\n", 2)
    lines = []
    for key, value in frontmatter.read(text).items():
        if isinstance(value, list):
            lines += [f"{key}:", *(f"  - {_plain(item)}" for item in value)]
        else:
            lines.append(f"{key}: {_plain(value)}")
    assert block
    return f"{head}---\n" + "\n".join(lines) + f"\n---\n{body}"


def _plain(value: object) -> str:
    """Return a value without quotes where it means the same without, else with them."""
    text = str(value)
    if not isinstance(value, str):
        return text.rstrip("0").rstrip(".") if "." in text else text.lower()
    try:
        means_the_same = strict_yaml.parse(f"a: {text}") == {"a": text}
    except NoteError:
        means_the_same = False
    return text if means_the_same else json.dumps(text, ensure_ascii=False)


def test_an_edit_in_obsidians_way_loses_nothing_the_daemon_relies_on(
    office: Office, written: list[Written]
) -> None:
    ws, seen = office.ws, 0
    for each in written:
        after = (
            notes.parse(as_obsidian_rewrites(each.note.text).encode()) if each.note.front else None
        )
        if after is None:
            continue
        assert dict(after.front) == dict(each.note.front), each.path.name
        row = ws.journal.get(str(after.front.get("action_id")))
        if row is None or row.kind not in ws.actions:
            continue
        payload = payloads.payload_in(ws.actions[row.kind], after)
        if each.path.parent.name == Folder.PENDING and not row.action_id.endswith("edited"):
            assert digest_of(row.kind, payload, row.mode, row.account) == row.digest, each.path.name
            seen += 1
    assert seen > 5
