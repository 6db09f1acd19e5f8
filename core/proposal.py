"""The proposal note: its properties, its question, and the reasons under it.

Rules: the note is complete in itself; nothing in it but `## Parameters` and `## Content` ever runs.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from core import (
    attachments,
    channels,
    frontmatter,
    media,
    notes,
    policy,
    publishing,
    recipients,
    sayings,
    twice,
)
from core.actions import Mode, Tier, Trust
from core.strict_yaml import Plain
from utils.audit_log import Actor
from utils.clock import show

if TYPE_CHECKING:
    from core.actions import Action, Facts, Payload
    from core.approvals import Draft
    from core.notes import Note
    from core.records import Row
    from core.workspace import Workspace

REASONS_CHARS = 300
HOW_TO = (
    "Approve: move this note to `Approved`. Reject: move to `Rejected`. "
    "Change: edit below, then move."
)
CHECKED = "payee_checked"
WARNING = "CAREFUL:"
"""A remark that begins so is shown before everything else."""

TAINTED = "Somebody else's words ask for this: check names, amounts and links below."
PROPOSED_BY: dict[str, str] = {
    Actor.DAEMON: "this assistant, by its rules",
    Actor.CLAUDE: "Claude, through the MCP servers",
    Actor.OWNER: "a note that was laid into the vault, by you or by a program of yours",
    Actor.SCHEDULE: "this assistant, at its set time",
    Actor.CLI: "a command",
}

UNASKED = (
    "Your rules let this run without asking. To stop it, move this note to `Rejected` at once."
)


def fact_columns(facts: Facts) -> dict[str, Any]:
    """Return the journal's columns of facts."""
    return {
        "counterparty": facts.counterparty,
        "amount": None if facts.amount is None else str(facts.amount),
        "currency": facts.currency,
    }


def render(ws: Workspace, made: Draft, row: Row) -> str:
    """Return the complete text of a new proposal note."""
    front = front_of(ws, made.action, row)
    question = callout(ws, made.action, row, made.missing)
    parts = [frontmatter.compose(front), with_first(ws, question, made, row)]
    texts = (made.action.content, made.action.texts)
    parameters = {k: v for k, v in made.payload.items() if k not in texts}
    if made.action.texts is not None:
        for label, text in made.payload[made.action.texts].items():
            parts += ["", f"## {notes.CONTENT} {label}", "", notes.content_lines(text)]
    if made.action.content is not None:
        content = notes.content_lines(str(made.payload.get(made.action.content, "")))
        parts += ["", f"## {notes.CONTENT}", "", content]
    if parameters or made.action.content is None:
        parts += ["", f"## {notes.PARAMETERS}", "", notes.yaml_block(parameters)]
    parts += ["", f"## {notes.WHY}", "", why(ws, made, row), ""]
    head, *rest = parts
    return head + "\n".join(rest)


def front_of(ws: Workspace, action: Action, row: Row) -> dict[str, object]:
    """Return the front matter of a pending proposal, at most ten keys."""
    front: dict[str, object] = {
        "type": "approval",
        "action_id": row.action_id,
        "action": row.kind,
        "tier": str(row.tier),
    }
    front.update(shown_facts(row))
    front["created"] = Plain(show(ws.clock, row.created_at))
    front["expires"] = Plain(show(ws.clock, row.expires_at))
    if wants_a_check(row):
        front[CHECKED] = False  # a box to tick, in the tenth place
    else:
        front["tags"] = tags_of(action)
    return front


def tags_of(action: Action) -> list[str]:
    """Return the tags of a proposal."""
    return [f"approval/{action.service}"]


def shown_facts(row: Row) -> dict[str, object]:
    """Return the facts that a note shows as properties."""
    shown: dict[str, object] = {}
    if row.counterparty:
        shown["counterparty"] = row.counterparty
    if row.amount is not None:
        shown["amount"] = Decimal(row.amount)
    if row.currency:
        shown["currency"] = row.currency
    if "channels" in row.payload:
        shown["channels"] = row.payload["channels"]
    return shown


def disagreements(row: Row, facts: Facts, note: Note) -> list[str]:
    """Return, in words, the properties that the owner changed and that disagree with the payload.

    A property still at its registered value is merely stale; one that says what the payload says
    agrees.
    """
    now = fact_columns(facts) | {"action": row.kind}
    registered = {
        "counterparty": row.counterparty,
        "amount": row.amount,
        "currency": row.currency,
        "action": row.kind,
    }
    found = []
    for key, value in now.items():
        shown = note.front.get(key)
        if shown is None or any(_same(shown, known) for known in (value, registered[key])):
            continue
        found.append(
            f"the property `{key}` says {notes.inline(shown)}, the parameters say "
            f"{notes.inline(value if value is not None else 'nothing')}, and they count"
        )
    return [*found, *_other_networks(row, facts, note)]


def _other_networks(row: Row, facts: Facts, note: Note) -> list[str]:
    """Return whether the property `channels` was changed and the parameters were not."""
    shown = note.front.get("channels")
    if "channels" not in row.payload or not isinstance(shown, list):
        return []
    said, registered = ", ".join(map(str, shown)), ", ".join(row.payload["channels"])
    if said.casefold() in {registered, facts.account}:
        return []
    return [
        f"the property `channels` says {notes.inline(said)}, the parameters say {facts.account}"
    ]


def _same(shown: object, value: str | None) -> bool:
    if value is None:
        return False
    if str(shown) == value:
        return True
    try:
        return Decimal(str(shown)) == Decimal(value)
    except InvalidOperation:
        return False


def mode_line(mode: Mode, service_title: str) -> str:
    """Return the sentence that says whether anything outside will change."""
    if mode is Mode.DRY_RUN:
        return f"Nothing has been sent. DRY RUN: {service_title} will not be changed."
    if mode is Mode.SANDBOX:
        return (
            f"Nothing has been sent. SANDBOX: only the practice {service_title} on this machine "
            "will be changed."
        )
    return f"Nothing has been sent. LIVE: what you approve is done for real, with {service_title}."


def callout(ws: Workspace, action: Action, row: Row, missing: tuple[str, ...] = ()) -> str:
    """Return the question at the top of a proposal."""
    described = sayings.described(ws, action, row.payload)
    unasked = row.tier is Tier.AUTONOMOUS
    lines = [
        f"> [!info] By itself: {described}" if unasked else f"> [!question] Approve: {described}?",
        *(f"> {line}" for line in recipients.remarks(ws, action, row)),
        *(f"> {line}" for line in attachments.listed(ws.vault.root, row.payload)),
        f"> {UNASKED if unasked else HOW_TO}",
        f"> {mode_line(row.mode, ws.title(action, row.payload))}",
        *([f"> {TAINTED}"] if row.trust is Trust.EXTERNAL else []),
    ]
    lines += [f"> {line}" for line in (*_reasons(row), *outlook(ws, action, row))]
    if missing and row.mode is Mode.DRY_RUN:
        lines.append(f"> To make it real, set first: {', '.join(missing)}.")
    return "\n".join([*lines, *pictures(row.payload)])


def _reasons(row: Row) -> list[str]:
    """Return why the owner is asked, in one line: what is special, else that it always asks."""
    if row.tier is Tier.AUTONOMOUS or not row.reasons:
        return []
    told = (policy.OUTSIDE, policy.NOT_YOURS)  # the one is always so, the other stands above
    special = [
        notes.inline(reason, 200)
        for reason in row.reasons
        if CHECKED not in reason and not reason.startswith(told)
    ]
    always = f"{policy.OUTSIDE}, and that always needs your approval."
    return [f"Why you are asked: {notes.inline(' '.join(special) or always, REASONS_CHARS)}"]


def with_first(ws: Workspace, question_callout: str, made: Draft, row: Row) -> str:
    """Return a question with what keeps it from running, and an equal action, right below it."""
    question, *lines = question_callout.split("\n")
    unclear = () if made.mode is Mode.DRY_RUN else made.request.findings.unclear
    first = [f"> FIRST: {notes.inline(said, 300)}" for said in unclear]
    first += [f"> {line.removeprefix('- ')}" for line in twice.warnings(ws, row)]
    return "\n".join([question, *first, *lines])


def outlook(ws: Workspace, action: Action, row: Row) -> list[str]:
    """Return what follows from a yes, how it is undone, what it costs, and what silence does."""
    then = action.consequence
    if row.mode is Mode.DRY_RUN:
        then = f"you are shown exactly what would be sent. For real: {then}"
    day = show(ws.clock, row.expires_at)[:10]
    check = (
        f"First check the bank details by another way, then tick the property `{CHECKED}` (true)."
    )
    unasked = row.tier is Tier.AUTONOMOUS
    silence = "it is done." if unasked else f"it expires on {day}, and nothing is sent."
    return [
        *([f"{check} Before that it is not done."] if wants_a_check(row) else []),
        f"{'What follows' if unasked else 'If you approve'}: {then}",
        f"To undo it: {action.undo}",
        f"Cost of doing it: {cost(ws, action, row.payload)}",
        f"If you do nothing: {silence}",
    ]


def wants_a_check(row: Row) -> bool:
    """Return whether the rules ask the owner to check who is paid."""
    return any(CHECKED in reason for reason in row.reasons)


def cost(ws: Workspace, action: Action, payload: Payload) -> str:
    """Return what the services charge for an action; the amount it is about is no such cost."""
    if action.parts is not None:
        each = [
            f"{part.title}: {cost(ws, part.action, part.payload).rstrip('.')}"
            for part in action.parts(payload)
        ]
        return f"{'; '.join(each)}."
    if action.price is None:
        return "nothing."
    charged = action.price(action.arguments.model_validate(payload))
    return f"${charged}, charged by {ws.title(action, payload)}."


def pictures(payload: Payload) -> list[str]:
    """Return the lines that show the pictures and films of a payload, inside its question."""
    lines = []
    for item in media.media_in(payload):
        alt = f"Alt text: {notes.inline(item.alt, 1000)}" if item.alt else "No alt text."
        lines += [">", f"> ![[{item.path}]]", f"> {alt}"]
    return lines


def why(ws: Workspace, made: Draft, row: Row) -> str:
    """Return the lines under `## Why`."""
    found = made.request.findings
    warnings = [said for said in found.remarks if said.startswith(WARNING)]
    others = [said for said in (*found.unclear, *found.remarks) if said not in warnings]
    unasked = row.tier is Tier.AUTONOMOUS
    lines = ["It runs by itself because:" if unasked else "You are asked because:", ""]
    lines += [f"- {notes.inline(said, 300)}" for said in (*warnings, *made.decision.reasons)]
    lines += ["", "What else to know:", ""]
    lines += twice.warnings(ws, row)
    lines += [f"- {notes.inline(said, 300)}" for said in others]
    lines += [f"- {said}" for said in channels.remarks(ws, made.action, made.payload)]
    lines += [f"- {said}" for said in publishing.remarks(made.action, made.payload)]
    lines.append(f"- Account: {notes.inline(made.account)}")
    lines.append(f"- Proposed by: {PROPOSED_BY.get(row.origin, row.origin)}.")
    if made.request.source:
        lines.append(f"- Source: {notes.link(made.request.source)}")
    if made.request.evidence:
        lines += [
            "",
            "> [!quote]- What it comes from (untrusted)",
            notes.quoted(made.request.evidence),
        ]
    return "\n".join(lines)
