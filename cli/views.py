"""Commands that show what waits and what happened: status, pending, why, log, verify-log."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from cli.opening import JsonOption, VaultOption, load_settings, workspace
from utils.terminal import show_facts, show_json, show_line, show_table


def status(vault: VaultOption = None, as_json: JsonOption = False) -> None:
    """Show what runs and how much waits."""
    from core import views

    with workspace(load_settings(vault)) as ws:
        facts = views.status(ws)
    if as_json:
        show_json(facts)
        return
    services = facts.pop("services")
    words = {True: "yes", False: "no"}
    show_facts(
        {n: words.get(v, v) if isinstance(v, bool) else v or "none" for n, v in facts.items()}
    )
    for name, state in services.items():
        missing = f" (missing: {', '.join(state['missing'])})" if state["missing"] else ""
        show_line(f"{name}: {state['mode']}{missing}")


def pending(vault: VaultOption = None, as_json: JsonOption = False) -> None:
    """List the proposals that wait for you."""
    from core import views

    with workspace(load_settings(vault)) as ws:
        rows = views.pending(ws)
    if as_json:
        show_json(rows)
        return
    shown = [(r["action_id"], r["mode"], r["expires"], r["note"] or "(note missing)") for r in rows]
    show_table(
        "Waiting for you", ("id", "mode", "expires", "note"), shown, "Nothing waits for you."
    )


def why(
    action_id: Annotated[str, typer.Argument(metavar="ID")],
    vault: VaultOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell the whole story of one action."""
    from core import views
    from core.telling import sentence

    with workspace(load_settings(vault)) as ws:
        story = views.why(ws, action_id)
    if as_json:
        show_json(story)
        return
    hidden = ("story", "payload", "reasons", "parts")
    show_facts({k: v for k, v in story.items() if k not in hidden and v is not None})
    for line in story["parts"]:
        show_line(f"part: {line}")
    for reason in story["reasons"]:
        show_line(f"because: {reason}")
    for entry in story["story"]:
        part = str(entry.get("action_id") or "").partition("/")[2]
        show_line(f"{entry['at'][:19]}Z  {part + ': ' if part else ''}{sentence(entry)}")


def log(
    vault: VaultOption = None,
    date: Annotated[str | None, typer.Option(help="The day, YYYY-MM-DD; today when left out.")] = (
        None
    ),
    follow: Annotated[bool, typer.Option("--follow", help="Go on with what comes.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show a day's log."""
    from core import views

    with workspace(load_settings(vault)) as ws:
        for entry in views.log_entries(ws, date, follow=follow):
            if as_json:
                show_line(json.dumps(entry, ensure_ascii=False))
            else:
                show_line(views.log_line(ws, entry))


def verify_log(
    vault: VaultOption = None,
    date: Annotated[str | None, typer.Option(help="Only this day, YYYY-MM-DD.")] = None,
) -> None:
    """Check the log's hash chain. Exits with 1 and shows the first bad entry if it is broken."""
    with workspace(load_settings(vault)) as ws:
        verdict = ws.chronicle.verify(date)
    if verdict.ok:
        show_line(f"{verdict.entries_checked:,} entries checked, the chain is unbroken.")
        return
    bad = verdict.first_bad
    if bad is not None:
        show_line(f"BROKEN at {bad.day}, line {bad.line_number}, entry {bad.seq}: {bad.reason}")
    raise typer.Exit(1)
