"""The optional Obsidian plugin: it moves a note and does nothing else. Needs Node.js."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

PLUGIN = Path(__file__).resolve().parents[2] / "extras" / "obsidian-plugin"
HARNESS = """
const Module = require("module");
class TFile { constructor(path) {
  const parts = path.split("/"); this.path = path; this.name = parts.pop();
  this.extension = this.name.split(".").pop();
  const folder = (some) => ({name: some[some.length - 1] ?? "", path: some.join("/") || "/",
    parent: some.length ? folder(some.slice(0, -1)) : null});
  this.parent = folder(parts);
} }
const said = [], moved = [], commands = {}, items = [];
class Plugin { constructor(app) { this.app = app; }
  addCommand(command) { commands[command.id] = command; } registerEvent() {} }
const load = Module._load;
Module._load = (name, ...rest) => name === "obsidian"
  ? {TFile, Plugin, Notice: class { constructor(text) { said.push(text); } }} : load(name, ...rest);
const [main, path, command, fails] = process.argv.slice(2);
const file = new TFile(path);
const item = {setTitle(t) { items.push(t); return this; }, setIcon() { return this; },
  onClick() { return this; }};
const app = {
  workspace: {getActiveFile: () => file,
    on: (event, call) => call({addItem: (make) => make(item)}, file)},
  fileManager: {renameFile: async (from, to) => {
    if (fails) throw new Error("Destination file already exists!"); moved.push([from.path, to]); }},
};
new (require(main))(app).onload();
const offered = commands[command].checkCallback(true);
if (offered) commands[command].checkCallback(false);
setImmediate(() => console.log(JSON.stringify({offered, moved, said, items})));
"""


def run(path: str, command: str, *, fails: bool = False) -> dict[str, object]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node.js here: the plugin is not run")
    done = subprocess.run(
        [node, "-e", HARNESS, "x", str(PLUGIN / "main.js"), path, command, "1" if fails else ""],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    found: dict[str, object] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    ("path", "command", "target"),
    [
        ("Pending_Approval/APR 1.md", "approve", "Approved/APR 1.md"),
        ("Pending_Approval/APR 1.md", "reject", "Rejected/APR 1.md"),
        ("Needs_Review/APR 1.md", "approve", "Approved/APR 1.md"),
        ("Work/AI Employee/Pending_Approval/a.md", "approve", "Work/AI Employee/Approved/a.md"),
    ],
)
def test_a_waiting_proposal_is_moved(path: str, command: str, target: str) -> None:
    found = run(path, command)
    assert found["moved"] == [[path, target]]
    assert found["items"] == ["Approve this proposal", "Reject this proposal"]


@pytest.mark.parametrize("path", ["Completed/a.md", "Pending_Approval/a.png", "a.md"])
def test_nothing_else_is_offered(path: str) -> None:
    found = run(path, "approve")
    assert (found["offered"], found["moved"], found["items"]) == (False, [], [])


def test_a_move_that_fails_is_said() -> None:
    found = run("Pending_Approval/a.md", "approve", fails=True)
    assert found["said"] == ["Not moved: Destination file already exists!"]


def test_the_manifest_is_what_obsidian_asks_for() -> None:
    manifest = json.loads((PLUGIN / "manifest.json").read_text())
    assert set(manifest) >= {"id", "name", "version", "minAppVersion", "description", "author"}
    assert "obsidian" not in manifest["id"]
    assert not manifest["id"].endswith("plugin")
    assert manifest["isDesktopOnly"] is False
