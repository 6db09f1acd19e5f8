"""Writes `.env.example` and `docs/reference/` from the program's own tables.

Run `.venv/bin/python docs/generate.py`; with `--check` nothing is written and a page that is out of
date ends the run with 1. Rules: whatever a table knows is taken from it; the words beside it
(`docs/words.py`) are keyed by the table's own rows, so that a new row without words fails.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from core.settings import SETTINGS  # noqa: E402 - only with the path above
from core.vault import ALIASES, HOT, Folder  # noqa: E402
from docs.tables import MADE, table  # noqa: E402
from docs.tools import actions_page  # noqa: E402
from docs.words import ACTORS, APPROVALS, ENTRY, EVENTS, FOLDERS, RESULTS, STATUSES  # noqa: E402
from mcp_servers.catalog import SERVICES, live_switch  # noqa: E402
from utils.audit_log import FIELDS, Actor, Approval, Event  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from utils.config import Setting

HELP_WIDTH = 90

GENERAL: Sequence[str] = ("General", "What belongs to no single service.")


def groups() -> Iterator[tuple[str, str, tuple[Setting, ...]]]:
    """Yield the settings by heading, each where it is first needed: title, a sentence, rows."""
    yield GENERAL[0], GENERAL[1], SETTINGS
    shown: set[str] = set()
    for service in SERVICES.values():
        needed = ", ".join(" or ".join(group) for group in service.required)
        above = ", ".join(row.name for row in service.settings if row.name in shown)
        sentence = f"Needed: {needed}." + (f" It uses {above} as well." if above else "")
        rows = tuple(row for row in service.settings if row.name not in shown)
        shown |= {row.name for row in rows}
        yield service.title, sentence, (live_switch(service), *rows)


def env_example() -> str:
    """Return `.env.example`: every setting with its meaning and default."""
    lines = [
        "# Settings of the AI Employee. Copy this file to .env and remove the # before a setting",
        "# to change it. What stands behind # is the default; variables of the environment win.",
        "# Made by docs/generate.py from the tables of settings.",
    ]
    for title, sentence, rows in groups():
        lines += ["", f"# ---- {title}: {sentence}"]
        for row in rows:
            example = f" Example: {row.example}" if row.example and not row.default else ""
            kind = "" if str(row.kind) in row.description.lower() else f" ({row.kind})"
            meaning = f"{row.description.rstrip('.')}{kind}."
            lines += ["", f"# {meaning}{example}", f"#{row.name}={row.default or ''}"]
    return "\n".join(lines) + "\n"


def settings_page() -> str:
    """Return the page of settings."""
    parts = [
        "# Settings",
        MADE,
        (
            "Settings stand in the file `.env` in the project's folder (start from `.env.example`); "
            "variables of the environment win over it. A value that cannot be used stops the program "
            "with its name, the problem and an example. A missing credential only switches that one "
            "service off. Settings that hold a secret are masked wherever the program writes."
        ),
    ]
    for title, sentence, rows in groups():
        shown = [
            (
                f"`{row.name}`",
                row.description,
                f"{row.kind}, at least {row.minimum:g}" if row.minimum is not None else row.kind,
                f"`{row.default}`" if row.default else "not set",
                f"`{row.example}`" if row.example else ("secret" if row.secret else ""),
            )
            for row in rows
        ]
        head = ("setting", "meaning", "kind", "default", "example")
        parts += [f"## {title}", sentence, table(head, shown)]
    return "\n\n".join(parts) + "\n"


def log_page() -> str:
    """Return the page of the daily log."""
    if set(ENTRY) != set(FIELDS):
        raise ValueError(f"words are missing for {set(ENTRY) ^ set(FIELDS)}")
    parts = [
        "# Daily log",
        MADE,
        (
            "`Vault/Logs/YYYY-MM-DD.json`, one file for each of your local days. At every moment it is "
            "one valid JSON array with one entry on each line. Nothing is ever deleted. `bin/run log` "
            "shows it, `bin/run verify-log` checks the chain of hashes against the journal."
        ),
        "## Fields of an entry",
        table(("field", "meaning"), [(f"`{name}`", ENTRY[name]) for name in FIELDS]),
        "## `event`",
        table(("event", "meaning"), [(f"`{each}`", EVENTS[each]) for each in Event]),
        "## `approval_status`",
        table(
            ("approval_status", "meaning"), [(f"`{each}`", APPROVALS[each]) for each in Approval]
        ),
        "## `result`",
        "Also the `status` of a write tool's answer, and of a filed note.",
        table(("result", "meaning"), [(f"`{name}`", text) for name, text in RESULTS.items()]),
        "## `actor`",
        table(("actor", "meaning"), [(f"`{each}`", ACTORS[each]) for each in Actor]),
    ]
    return "\n\n".join(parts) + "\n"


def folders_page() -> str:
    """Return the page of the vault's folders."""
    rows = []
    for folder in Folder:
        alias = f" (`{ALIASES[folder]}/` is read as well)" if folder in ALIASES else ""
        watched = "watched" if folder in HOT else ""
        rows.append((f"`{folder}/`{alias}", FOLDERS[folder], watched))
    parts = [
        "# Folders of the vault",
        MADE,
        table(("folder", "what it is for", ""), rows),
        (
            "In the vault's root lie `Dashboard.md`, `Company_Handbook.md`, `Business_Goals.md` and "
            "`Approvals.base`. A note `PAUSE.md` there stops all sending until it is removed."
        ),
        (
            "Beside the vault, outside of Obsidian: `Vault/Logs/` (daily logs) and `Vault/State/` "
            "(journal, its backups, locks, error output of the servers). They belong to one vault: "
            "a second one in the same folder is refused until it has its own `STATE_DIR` and "
            "`LOG_DIR`."
        ),
        "## Where a note ends",
        "`status` in the note's properties says how it ended.",
        table(("status", "folder", "meaning"), STATUSES),
    ]
    return "\n\n".join(parts) + "\n"


def commands_page() -> str:
    """Return the page of commands, from their own help."""
    from typer.testing import CliRunner

    from orchestrator import app

    os.environ["COLUMNS"] = str(HELP_WIDTH)
    runner = CliRunner(env={"COLUMNS": str(HELP_WIDTH), "TERM": "dumb", "NO_COLOR": "1"})

    def shown(*words: str) -> str:
        result = runner.invoke(app, [*words, "--help"], prog_name="bin/run")
        if result.exit_code != 0:
            raise ValueError(f"{' '.join(words)} --help ended with {result.exit_code}")
        return "```text\n" + "\n".join(x.rstrip() for x in result.output.splitlines()) + "\n```"

    parts = [
        "# Commands",
        MADE,
        (
            "`bin/run` and a command; without one it is `run`. Exit codes: 0 done, 1 a check failed, "
            "2 wrong usage or configuration, 3 another daemon holds this vault, 4 a service refused."
        ),
        shown(),
    ]
    for name in command_names():
        parts += [f"## {name}", shown(name)]
    return "\n\n".join(parts) + "\n"


def command_names() -> list[str]:
    """Return the commands in the order of the help."""
    from orchestrator import app

    return [
        command.name or (command.callback.__name__ if command.callback else "")
        for command in app.registered_commands
    ]


PAGES: Mapping[str, Callable[[], str]] = {
    ".env.example": env_example,
    "docs/reference/settings.md": settings_page,
    "docs/reference/actions.md": actions_page,
    "docs/reference/log.md": log_page,
    "docs/reference/folders.md": folders_page,
    "docs/reference/commands.md": commands_page,
}


def main(arguments: Sequence[str]) -> int:
    """Write every page, or with `--check` say which are out of date."""
    check = "--check" in arguments
    stale = []
    for name, make in PAGES.items():
        path, text = ROOT / name, make()
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    for name in stale:
        sys.stdout.write(f"{'out of date' if check else 'written'}: {name}\n")
    if check and stale:
        sys.stdout.write("Run: .venv/bin/python docs/generate.py\n")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
