"""What the folders, the log's closed sets and its fields mean, in words for the generated pages.

Rule: every word is keyed by the table's own row, so that a new row without words fails.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.vault import Folder
from mcp_servers.answers import Status
from utils.audit_log import Actor, Approval, Event

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
