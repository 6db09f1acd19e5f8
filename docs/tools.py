"""The page of actions and tools, from the very lists that the servers give to an assistant."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from core import publishing
from docs.tables import MADE, table
from mcp_servers import vault
from mcp_servers.catalog import SERVICES
from mcp_servers.gate import Role
from mcp_servers.listing import tool_list
from mcp_servers.vault.calls import Calls
from mcp_servers.vault.tools import TOOLS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from core.services import Service


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
