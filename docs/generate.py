"""Writes `.env.example` and `docs/reference/` from the program's own tables.

Run `.venv/bin/python docs/generate.py`; with `--check` nothing is written and a page that is out of
date ends the run with 1. Rules: whatever a table knows is taken from it; the words that stand here
are keyed by the table's own rows, so that a new row without words fails.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from core import publishing  # noqa: E402
from core.settings import SETTINGS  # noqa: E402 - only with the path above
from core.vault import ALIASES, HOT, Folder  # noqa: E402
from mcp_servers import vault  # noqa: E402
from mcp_servers.answers import Status  # noqa: E402
from mcp_servers.catalog import SERVICES, live_switch  # noqa: E402
from mcp_servers.gate import Role  # noqa: E402
from mcp_servers.listing import tool_list  # noqa: E402
from mcp_servers.vault.calls import Calls  # noqa: E402
from mcp_servers.vault.tools import TOOLS  # noqa: E402
from utils.audit_log import FIELDS, Actor, Approval, Event  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from core.services import Service
    from utils.config import Setting

MADE = "<!-- Made by docs/generate.py from the program's tables; changes here are lost. -->"
HELP_WIDTH = 90

FOLDERS: Mapping[Folder, str] = {
    Folder.INBOX: "Drop files here; each becomes a task, the file is kept in `Attachments/`.",
    Folder.NEEDS_ACTION: "Task notes: what came in, and what only you can do.",
    Folder.IN_PROGRESS: "Tasks that an assistant has claimed, one folder for each (not used yet).",
    Folder.PLANS: "Plans: the steps of a task that takes several; they tick themselves.",
    Folder.PENDING: "Proposals that wait for you.",
    Folder.APPROVED: "Move a proposal here to let it happen.",
    Folder.REJECTED: "Move a proposal here to say no; what expired lies here too.",
    Folder.COMPLETED: "What was done or shown as a dry run, in a folder for each month.",
    Folder.NEEDS_REVIEW: "What failed, was refused or is in doubt; the note says what you can do.",
    Folder.QUARANTINE: "Notes that could not be read, each with `<name>.reason.md` beside it.",
    Folder.AUDITS: "The audit of each week: money, lateness, refusals, failures, services.",
    Folder.BRIEFINGS: "The briefing of each week, written on Monday.",
    Folder.GOALS: "Goals (not used yet).",
    Folder.BRAND: "How your brand speaks and looks (not used yet).",
    Folder.CAMPAIGNS: "Campaigns (not used yet).",
    Folder.CLIENTS: "Notes about clients; yours.",
    Folder.DRAFTS: "Drafts that are no proposals yet (not used yet).",
    Folder.ACTIVITY: "One note a day: every outside act, every note touched, how to undo.",
    Folder.ATTACHMENTS: "Originals of what came in, each under its digest.",
    Folder.TEMPLATES: "Templates for Obsidian; yours.",
}

STATUSES: Sequence[tuple[str, str, str]] = (
    ("`completed`", "`Completed/YYYY-MM/`", "It was done, and the service said so."),
    (
        "`dry_run_completed`",
        "`Completed/YYYY-MM/`",
        "A dry run: nothing was sent, the exact request is shown.",
    ),
    (
        "`in_doubt`",
        "`Approved/` while it is read back, then `Needs_Review/`",
        "Nobody knows yet whether it happened. It is never repeated by the program.",
    ),
    ("`failed`", "`Needs_Review/`", "The service said no, or it could not be sent."),
    ("`refused`", "`Needs_Review/`", "A rule said no: an altered, used or expired approval."),
    ("`hard_stop`", "`Needs_Action/`", "The program never does this. You decide and do it."),
    ("`rejected`", "`Rejected/`", "You said no."),
    ("`expired`", "`Rejected/`", "Nobody decided in time."),
)

EVENTS: Mapping[Event, str] = {
    Event.CALLED: "A tool of an MCP server was called; reads and refusals too.",
    Event.PROPOSED: "A task or a proposal was written.",
    Event.DECIDED: "Policy or you decided; `parameters.rules` names the rules that fired.",
    Event.APPROVED: "You approved: the grant exists from here on.",
    Event.SENDING: "The grant was taken; the call begins. Written before the first byte leaves.",
    Event.OUTCOME: "How the action ended, as far as is known.",
    Event.RECONCILED: "An outcome in doubt was read back, or you settled it.",
    Event.FILED: "The note got its result and was moved to its folder.",
    Event.ADOPTED: "A proposal that somebody else wrote into `Pending_Approval/` was registered.",
    Event.EDITED: "You changed a proposal; `parameters.changes` shows how.",
    Event.WITHDRAWN: "The approval was taken back, or the note is gone.",
    Event.EXPIRED: "Nobody decided in time.",
    Event.QUARANTINED: "A note could not be read and was moved to `Quarantine/`.",
    Event.RECOVERED: "Power loss took an entry and it was written again, or a restore took in the log.",
    Event.STARTED: "A process began its work.",
    Event.STOPPED: "The daemon ended as it was asked to.",
    Event.SCHEDULED: "A job of the schedule ran, or an approved post waits for its time.",
    Event.MISSED: "A job of the schedule, or the time of an approved post, was missed.",
    Event.WARNED: "Something needs your attention; `error` says what.",
}

APPROVALS: Mapping[Approval, str] = {
    Approval.NOT_NEEDED: "Nothing is changed by it, or no approval is needed.",
    Approval.PENDING: "It waits for you.",
    Approval.APPROVED: "You approved it.",
    Approval.AUTO_APPROVED: "A rule of yours allowed it.",
    Approval.REJECTED: "You said no.",
    Approval.EXPIRED: "The time to decide, or the approval, ran out.",
    Approval.WITHDRAWN: "The approval was taken back.",
}

ACTORS: Mapping[Actor, str] = {
    Actor.OWNER: "you, by moving or editing a note",
    Actor.DAEMON: "the program that `bin/run` starts",
    Actor.CLAUDE: "Claude Code or another MCP client",
    Actor.CLI: "you, in a terminal",
    Actor.SCHEDULE: "the schedule",
}

RESULTS: Mapping[str, str] = {
    Status.DRY_RUN: "shown, not sent",
    Status.APPROVAL_REQUIRED: "a proposal was filed instead; nothing was sent",
    Status.DONE: "it happened",
    Status.ALREADY_DONE: "this very action happened before; nothing was sent again",
    Status.NOT_SENT: "provably nothing left this machine",
    Status.REFUSED: "a rule said no; nothing was sent",
    Status.FAILED: "the service said no and did nothing, or it is proven not to have happened",
    Status.UNKNOWN: "it may have happened; it is read back, never repeated",
    "completed": "filed: it was done",
    "dry_run_completed": "filed: a dry run",
    "in_doubt": "filed, or read back without an answer: you decide",
    "hard_stop": "filed: the program never does this",
    "rejected": "you said no",
    "expired": "nobody decided in time",
    "quarantined": "the note could not be read",
}

ENTRY: Mapping[str, str] = {
    "seq": "number of the entry; runs on across days",
    "timestamp": "when, in UTC",
    "event": "what happened, see below",
    "action": "which action or tool, `service.verb_noun`",
    "action_id": "the action's id, as in its note",
    "actor": "who did it, see below",
    "target": "the account, or the note or file it is about",
    "parameters": "the arguments, secrets masked",
    "result": "how it ended, see below",
    "approval_status": "where your consent stands, see below",
    "approved_by": "who approved",
    "mode": "`dry_run`, `live` or `sandbox`",
    "digest": "SHA-256 of payload, tool, mode and account: what an approval is bound to",
    "policy_hash": "the rules in force when it was decided",
    "attempt": "which attempt",
    "duration_ms": "how long the call took, in milliseconds",
    "remote_id": "the service's own id of what was made",
    "error": "what went wrong, in words",
    "error_class": "what went wrong, for programs",
    "correlation_id": "ties together everything that came from one source",
    "prev": "hash of the entry before",
    "hash": "SHA-256 of this entry, so that a change shows",
}

GENERAL: Sequence[str] = ("General", "What belongs to no single service.")


def cell(text: object) -> str:
    """Return a text for a table's cell."""
    return str(text).replace("|", "\\|").replace("\n", " ")


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell(each) for each in line) + " |" for line in lines)


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


def type_of(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    """Return an argument's type in words."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rsplit("/", 1)[-1]
        inner = definitions[name]["properties"]
        return "{" + ", ".join(inner) + "}"
    if "anyOf" in schema:
        kinds = [type_of(each, definitions) for each in schema["anyOf"]]
        return " or ".join(dict.fromkeys(kind for kind in kinds if kind != "null"))
    if schema.get("type") == "array":
        return f"list of {type_of(schema['items'], definitions)}"
    if isinstance(schema.get("type"), list):
        return " or ".join(kind for kind in schema["type"] if kind != "null")
    form = schema.get("format") or ("amount" if schema.get("examples") == ["1250.00"] else "")
    return str(form or schema.get("type", "any"))


def limits_of(schema: Mapping[str, Any]) -> str:
    """Return what a value may be, in words."""
    plain = next((s for s in schema.get("anyOf", ()) if s.get("type") != "null"), schema)
    names = {
        "minimum": "at least",
        "maximum": "at most",
        "minLength": "at least",
        "maxLength": "at most",
        "minItems": "at least",
        "maxItems": "at most",
    }
    units = {"minLength": " characters", "maxLength": " characters"}
    found = [
        f"{word} {plain[key]}{units.get(key, '')}"
        for key, word in names.items()
        if key in plain and (key, plain[key]) != ("minLength", 1)
    ]
    return ", ".join(found)


def arguments_table(tool: Mapping[str, Any]) -> str:
    """Return the table of a tool's arguments, and of the records inside them."""
    schema = tool["inputSchema"]
    definitions = schema.get("$defs", {})
    blocks = [argument_rows(schema, definitions)]
    for name, inner in definitions.items():
        words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()
        blocks += [f"Each {words}:", argument_rows(inner, definitions)]
    return "\n\n".join(blocks)


def argument_rows(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    """Return one table of arguments."""
    required = set(schema.get("required", ()))
    rows = []
    for name, argument in schema["properties"].items():
        default = argument.get("default")
        must = "required" if name in required else "optional"
        if default is not None:
            must = f"default `{str(default).lower()}`"
        meaning = "; ".join(
            part.rstrip(".")
            for part in (argument.get("description", ""), limits_of(argument))
            if part
        )
        rows.append((f"`{name}`", type_of(argument, definitions), must, meaning))
    return table(("argument", "type", "", "meaning"), rows)


def actions_page() -> str:
    """Return the page of tools: arguments, annotations, tiers."""
    parts = [
        "# Actions and tools",
        MADE,
        (
            "Each service is an MCP server (`bin/mcp <service>`). A tool that writes is a dry run "
            "unless it is called with `dry_run=false`; without a valid `approval_id` that files a "
            "proposal and sends nothing. The tier is the lowest one: rules (amount, new counterparty, "
            "words from outside, your handbook) only ever raise it."
        ),
        (
            "Annotations are hints for MCP clients: *reads only*, *changes something outside that may "
            "not be undone*, *may be repeated*."
        ),
    ]
    for service in SERVICES.values():
        parts += [f"## {service.title} (`{service.name}`)", *service_parts(service)]
    parts += ["## Several networks (`social`)", *publishing_parts()]
    parts += ["## How long a text may be", *lengths_parts()]
    parts += [f"## {vault.TITLE} (`{vault.NAME}`)", *vault_parts()]
    return "\n\n".join(parts) + "\n"


def service_parts(service: Service) -> Iterator[str]:
    """Yield one service's tools."""
    rows = {action.tool: action for action in service.actions}
    summaries = {each.tool: each.summary for each in service.actions}
    summaries |= {each.tool: each.summary for each in service.reads}
    for tool in tool_list(service, Role.PROPOSE):
        name = str(tool["name"])
        yield f"### `{service.name}.{name}`"
        yield summaries[name]
        facts = [f"annotations: {', '.join(hints_of(tool))}"]
        action = rows.get(name)
        if action is not None:
            facts.insert(0, f"tier: `{action.tier}`")
            facts.append(f"edited under `## Content`: `{action.content}`" if action.content else "")
            facts.append("touches the books: never sent again by itself" if action.money else "")
            proof = "can be proven to be absent when an answer was lost"
            facts.append(proof if action.absence_provable else "absence cannot be proven")
            yield "\n".join(f"- {fact}" for fact in facts if fact)
            yield f"> {action.consequence} To undo it: {action.undo}"
        else:
            yield f"- {facts[0]}"
        yield arguments_table(tool)


def vault_parts() -> Iterator[str]:
    """Yield the tools of the vault's own server."""
    yield (
        "This server reaches no network and has no switch: what it writes are notes, at once, and "
        "there is no dry run. An action that it proposes asks you, always."
    )
    for tool in Calls(None, TOOLS).tool_list():  # type: ignore[arg-type] # only listed
        yield f"### `{vault.NAME}.{tool['name']}`"
        yield str(tool["description"])
        yield f"- annotations: {', '.join(hints_of(tool))}"
        if tool["inputSchema"]["properties"]:
            yield arguments_table(tool)


def hints_of(tool: Mapping[str, Any]) -> list[str]:
    """Return a tool's annotations in words."""
    hints = tool["annotations"]
    words = ["reads only"] if hints["readOnlyHint"] else ["writes"]
    if hints["destructiveHint"]:
        words.append("changes something outside" if hints["openWorldHint"] else "changes notes")
    return words + (["may be repeated"] if hints["idempotentHint"] else [])


def publishing_parts() -> Iterator[str]:
    """Yield what is one note for several networks."""
    posts = publishing.posts_of(SERVICES)
    action = publishing.action_for(posts)
    yield f"### `{action.kind}`"
    yield f"{action.summary} It has no tool of its own: it is proposed as a note, or by `vault.propose_action`."
    yield f"> {action.consequence} To undo it: {action.undo}"
    yield table(
        ("network", "its action", "its text"),
        [(f"`{n}`", f"`{a.kind}`", f"`## Content {n}`") for n, (_, a) in posts.items()],
    )
    fields = action.arguments.model_fields.items()
    shown = [(name, field) for name, field in fields if name != action.texts]
    yield table(
        ("parameter", "", "meaning"),
        [
            (f"`{name}`", "required" if f.is_required() else "optional", f.description or "")
            for name, f in shown
        ],
    )


def lengths_parts() -> Iterator[str]:
    """Yield the limits of all texts, as they are checked."""
    yield "A longer text is refused before you are asked, and the network is named."
    limits = [(a.kind, a.length) for s in SERVICES.values() for a in s.actions if a.length]
    rows = [
        (f"`{kind}`", f"{limit.at_most:,} {limit.unit}", limit.counting, limit.source)
        for kind, limit in limits
    ]
    yield table(("Action", "At most", "Counted", "Source"), rows)


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
            "(journal, its backups, locks, error output of the servers)."
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
