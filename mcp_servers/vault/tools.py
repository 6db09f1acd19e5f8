"""The tools of the vault, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcp_servers.listing import Hints
from mcp_servers.vault import arguments, laying, proposals, reads
from mcp_servers.vault.calls import Calls, Tool

if TYPE_CHECKING:
    from core.workspace import Workspace

ADDS = Hints(writes=True, repeats=False, outside=False)
ADDS_ONCE = Hints(writes=True, outside=False)
TAKES_BACK = Hints(writes=True, destroys=True, repeats=False, outside=False)

TOOLS = (
    Tool(
        "propose_action",
        "Puts any action before the owner, who always decides; nothing is sent. Arguments are as "
        "the tool of that name on its own server takes them; social.publish (one post on several "
        "networks): {channels, texts: {network: text}, link, media, publish_at}. `replaces` takes "
        "back an own proposal that the owner has not touched; without `action`, only that.",
        arguments.ProposeAction,
        proposals.propose,
        TAKES_BACK,
    ),
    Tool(
        "create_task",
        "Writes a task note into Needs_Action.",
        arguments.CreateTask,
        laying.create_task,
        ADDS_ONCE,
    ),
    Tool(
        "create_plan",
        "Writes a plan with steps; a step about a proposal or question ticks itself.",
        arguments.CreatePlan,
        laying.create_plan,
        ADDS_ONCE,
    ),
    Tool(
        "update_plan",
        "Adds steps to a plan, or ticks those that are done and wait for nobody.",
        arguments.UpdatePlan,
        laying.update_plan,
        ADDS,
    ),
    Tool(
        "complete_task",
        "Files a task as over, with what came of it; its plan goes with it.",
        arguments.CompleteTask,
        laying.complete_task,
        ADDS_ONCE,
    ),
    Tool(
        "ask_owner",
        "Asks the owner one question with boxes to tick; get_status tells the answer.",
        arguments.AskOwner,
        laying.ask_owner,
        ADDS,
    ),
    Tool(
        "list_tasks",
        "Lists tasks and questions in Needs_Action, the newest first, with answers given.",
        arguments.Paged,
        reads.list_tasks,
    ),
    Tool("read_note", "Reads one note, in portions.", arguments.ReadNote, reads.read_note),
    Tool(
        "search_notes",
        "Finds notes that hold all the words; `complete` is false when time ran out: go on with "
        "next_cursor.",
        arguments.SearchNotes,
        reads.search_notes,
    ),
    Tool(
        "get_pending",
        "Lists the proposals that wait for the owner.",
        arguments.Paged,
        reads.get_pending,
    ),
    Tool(
        "get_status",
        "Tells how far a proposal is, with its story; a question, with its answer; a task; a plan.",
        arguments.GetStatus,
        reads.get_status,
    ),
)


def calls_in(ws: Workspace) -> Calls:
    """Return who answers the calls of these tools in a vault."""
    return Calls(ws, TOOLS)
