"""The naive loop that ours is held against: poll, parse, rewrite; no journal, no sync, no server.

It is what is usually written first, and it is favoured here: the notes are the same, its "call" is
a dictionary made in its own process, and nothing it does survives power loss. Run as a script it
serves a vault until it is ended:

    python bench/naive.py VAULT [--poll-s 1]
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import yaml


def front_matter(text: str) -> dict[str, Any]:
    """Return a note's front matter."""
    found: dict[str, Any] = yaml.safe_load(text.split("---\n", 2)[1])
    return found


def parameters(text: str) -> dict[str, Any]:
    """Return the YAML block of a note."""
    if "```yaml\n" not in text:
        return {}
    found: dict[str, Any] = yaml.safe_load(text.split("```yaml\n", 1)[1].split("```", 1)[0]) or {}
    return found


def append(log: Path, entry: dict[str, object]) -> None:
    """Add an entry to the log by writing all of it anew."""
    entries = json.loads(log.read_text(encoding="utf-8")) if log.exists() else []
    entries.append(entry)
    log.write_text(json.dumps(entries, indent=2, default=str), encoding="utf-8")


def act(note: Path, vault: Path, log: Path) -> None:
    """Do one approved note: parse, make the request, log, file."""
    text = note.read_text(encoding="utf-8")
    front = front_matter(text)
    request = {"action": front["action"], "dry_run": True, "arguments": parameters(text)}
    sent_at = time.time()
    note.write_text(text + "\n## Result\n\n- Status: dry_run_completed\n", encoding="utf-8")
    append(log, {"sent_at": sent_at, "action_id": front["action_id"], "request": request})
    note.rename(vault / "Completed" / note.name)


def scan(vault: Path) -> int:
    """Read every note of the vault, as a loop does that keeps no record of its own."""
    count = 0
    for path in vault.rglob("*.md"):
        text = path.read_text(encoding="utf-8")
        if text.startswith("---\n"):
            front_matter(text)
            count += 1
    return count


def serve(vault: Path, log: Path, poll_s: float) -> None:
    """Look at `Approved/` again and again."""
    while True:
        for note in sorted((vault / "Approved").glob("*.md")):
            act(note, vault, log)
        time.sleep(poll_s)


def main() -> None:
    """Serve one vault until the process is ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("vault", type=Path)
    parser.add_argument("--poll-s", type=float, default=1.0)
    arguments = parser.parse_args()
    vault: Path = arguments.vault
    scan(vault)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    serve(vault, vault / "log.json", arguments.poll_s)


if __name__ == "__main__":
    main()
