"""The wiring of the AI Employee and its command line, and nothing else.

Here the daemon's parts meet: the vault's bells, the inbox, the servers, the mailbox's child, the
schedule. Commands that need none of them are in `cli/`.
"""

from __future__ import annotations

import signal
import sys
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import backups, decisions, readiness, reports, views
from cli.opening import PROGRAM, VaultOption, examined, load_settings, vault_of, workspace
from cli.sandbox import sandbox, sandbox_process
from utils import terminal
from utils.errors import AppError, ConfigError, LockHeldError, ServiceError, UsageError
from utils.terminal import show_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from core.daemon import Daemon
    from core.supervisor import Supervised
    from core.workspace import Workspace
    from mcp_servers.client import Sessions
    from utils.config import Settings
    from watchers.gmail import GmailWatcher
    from watchers.inbox import Inbox


@contextmanager
def assembled(settings: Settings, level: str) -> Iterator[tuple[Daemon, Inbox, list[Supervised]]]:
    """Put the daemon's parts together, watching; take them apart again."""
    from core import starters
    from core.checks import Checks
    from core.daemon import Daemon
    from core.jobs import jobs
    from core.triage import Triage
    from mcp_servers.client import Sessions
    from watchers.approvals import approvals_bell
    from watchers.comments import comment_watchers
    from watchers.inbox import Inbox, inbox_bell
    from watchers.notifier import notifiers

    with workspace(settings, level) as ws:
        starters.install_once(ws)
        sessions = Sessions(ws.services, settings, ws.paths.state)
        daemon = Daemon(ws, sessions, jobs(ws, sessions, lambda: examined(settings)))
        inbox = Inbox(ws, Triage(ws, Checks(ws, sessions, daemon.bell.ring)))
        children = mail_watchers(ws, sessions)
        daemon.watches = [
            approvals_bell(ws.vault, daemon.bell.ring),
            inbox_bell(ws.vault, inbox.ring),
            *notifiers(ws),
            *comment_watchers(ws, sessions),
        ]
        try:
            for bell in daemon.watches:
                bell.start()
            yield daemon, inbox, children
        finally:
            for child in children:
                child.stop()
            inbox.stop()
            for bell in daemon.watches:
                bell.stop()
            sessions.close()


def reads_mail(ws: Workspace) -> bool:
    """Return whether a mailbox is set up for reading."""
    return "email" in ws.services and not ws.services["email"].missing(ws.settings)


def mail_watchers(ws: Workspace, sessions: Sessions) -> list[Supervised]:
    """Return the child that watches the mailbox, when one is set up."""
    from watchers.child import supervised

    if not reads_mail(ws):
        return []
    command = [sys.executable, str(PROGRAM), "watch", "gmail"]
    environment = {**sessions.environment("email"), "VAULT_PATH": str(ws.paths.vault)}
    return [supervised(ws, "gmail", command, environment)]


def gmail_watcher(ws: Workspace) -> GmailWatcher:
    """Return the Gmail watcher with its mailbox."""
    from mcp_servers.email.mailbox import Mailbox
    from watchers.gmail import GmailWatcher

    mailbox = Mailbox(ws.settings, ws.clock)
    query = ws.settings.text("GMAIL_QUERY")
    return GmailWatcher(ws, mailbox, query, terminal.progress("Reading mail"))


def poll_mail_once(ws: Workspace) -> None:
    """Take in new mail once, when a mailbox is set up; a mailbox that is down is said."""
    if not reads_mail(ws):
        return
    watcher = gmail_watcher(ws)
    try:
        while watcher.poll().waiting:
            pass
    except (LockHeldError, ServiceError) as error:
        sys.stderr.write(f"{error}\n")


def serve_vault(
    settings: Settings,
    *,
    once: bool,
    practice: Mapping[str, str] | None = None,
    on_ready: Callable[[Workspace], None] | None = None,
    level: str = "info",
) -> None:
    """Run the daemon on one vault until it is told to stop.

    Args:
        settings: in force.
        once: whether it ends when everything that is ready is done.
        practice: what of the settings leads to fakes; None: it is no practice session.
        on_ready: called once it runs.
        level: of what is logged.
    """
    from core.presence import acquire_lock, remember_practice
    from core.workspace import paths_of

    state = paths_of(settings).state
    state.mkdir(parents=True, exist_ok=True)
    lock = acquire_lock(state)
    try:
        with assembled(settings, level) as (daemon, inbox, children):
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: daemon.stop())
            daemon.start()
            remember_practice(daemon.ws, practice or {})
            daemon.step(look=True, full=True)
            show_line("ready")
            if on_ready is not None:
                on_ready(daemon.ws)
            if once:
                poll_mail_once(daemon.ws)
                daemon.run_once(inbox.work)
            else:
                inbox.start()
                for child in children:
                    child.start()
                daemon.run()
    finally:
        lock.release()


# -- the commands that need them ------------------------------------------------------------------


def run(
    vault: VaultOption = None,
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="All services are fakes on this machine.")
    ] = False,
    once: Annotated[
        bool, typer.Option("--once", help="Handle everything that is ready, then end.")
    ] = False,
) -> None:
    """Run the daemon: watch the vault and do what you approve."""
    if not sandbox:
        serve_vault(load_settings(vault), once=once)
        return
    with sandbox_process(vault_of(load_settings(vault))) as found:
        found |= {"AI_EMPLOYEE_SANDBOX": "true"}
        serve_vault(load_settings(vault, **found), once=once, practice=found)


def demo(
    directory: Annotated[Path, typer.Option("--dir", help="Where to make the practice vault.")] = (
        Path("demo")
    ),
) -> None:
    """Make a practice vault and run it against the sandbox. No account is needed."""
    from core import demo as practice

    vault = directory.expanduser().absolute() / "AI_Employee"
    guide = partial(practice.guide, is_new=not vault.exists())
    for line in practice.prepare(vault):
        show_line(line)
    with sandbox_process(vault) as found:
        found |= {"AI_EMPLOYEE_SANDBOX": "true", "LIMIT_CURRENCY": "EUR"}
        settings = load_settings(vault, **found, LOG_DIR="", STATE_DIR="")
        serve_vault(settings, once=False, practice=found, on_ready=guide, level="warning")


def watch(what: Annotated[str, typer.Argument(metavar="gmail")], vault: VaultOption = None) -> None:
    """Watch one source, as the daemon's child does. Ends with its standard input."""
    if what != "gmail":
        raise UsageError(f"There is no watcher called {what}. Known: gmail")
    from mcp_servers import email
    from mcp_servers.serve import load_settings as load_settings_of
    from watchers.child import until_parent_ends

    settings = load_settings_of(email.SERVICE) if vault is None else load_settings(vault)
    with workspace(settings, only="email") as ws:
        if not reads_mail(ws):
            raise ConfigError("GMAIL_TOKEN_FILE", "is not set; sign in first: bin/run auth gmail")
        stopping = until_parent_ends()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        gmail_watcher(ws).run(stopping, ws.settings.seconds("GMAIL_POLL_S"))


COMMANDS = (
    *(run, demo, watch, readiness.auth, sandbox, readiness.init, readiness.doctor),
    *(views.status, views.pending, views.why, views.log, views.verify_log),
    *(decisions.approve, decisions.reject),
    *(reports.audit, reports.briefing),
    *(backups.backup, backups.restore),
)
app = typer.Typer(
    name="ai-employee",
    help="An assistant in your Obsidian vault: you approve by moving a note, it acts at most once "
    "and can prove it. Dry run until you say otherwise.",
    no_args_is_help=False,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for command in COMMANDS:
    app.command(command.__name__.replace("_", "-"))(command)


@app.callback(invoke_without_command=True)
def default(context: typer.Context) -> None:
    """Without a command: run."""
    if context.invoked_subcommand is None:
        run()


def main() -> None:
    """Run the command line; failures are one sentence and the right exit code."""
    try:
        app(standalone_mode=True, prog_name="bin/run")
    except AppError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(error.EXIT_CODE) from None


if __name__ == "__main__":
    main()
