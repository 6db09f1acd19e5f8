"""The wiring and the command line of the AI Employee, and nothing else."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from utils import terminal
from utils.errors import (
    AppError,
    ConfigError,
    JournalError,
    LockHeldError,
    ServiceError,
    UsageError,
)
from utils.terminal import show_facts, show_json, show_line, show_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from core.daemon import Daemon
    from core.supervisor import Supervised
    from core.workspace import Workspace
    from mcp_servers.client import Sessions
    from utils.config import Settings
    from watchers.gmail import GmailWatcher
    from watchers.inbox import Inbox

app = typer.Typer(
    name="ai-employee",
    help="An assistant in your Obsidian vault: you approve by moving a note, it acts at most once "
    "and can prove it. Dry run until you say otherwise.",
    no_args_is_help=False,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

VaultOption = Annotated[
    Path | None, typer.Option("--vault", help="The vault's folder.", show_default=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help="For programs: JSON on standard output.")]


# -- wiring ---------------------------------------------------------------------------------------


def load_settings(vault: Path | None = None, **overrides: str) -> Settings:
    """Return the settings in force, with the command line's own on top."""
    from core.settings import SETTINGS
    from mcp_servers.catalog import SERVICE_SETTINGS
    from utils import config

    environ = dict(os.environ)
    if vault is not None:
        environ["VAULT_PATH"] = str(vault.expanduser().absolute())
    environ.update(overrides)
    home = config.find_home(environ, Path.cwd())
    return config.load((*SETTINGS, *SERVICE_SETTINGS), home, environ)


@contextmanager
def workspace(
    settings: Settings, level: str = "info", *, only: str | None = None
) -> Iterator[Workspace]:
    """Open the vault's records and close them again; with `only`, as a child of one service."""
    from core.workspace import Workspace
    from mcp_servers.catalog import SERVICES
    from utils import log as logs
    from utils.redact import Redactor

    logs.configure(Redactor(settings.secrets()), level)
    ws = Workspace.open(settings, {only: SERVICES[only]} if only else SERVICES)
    try:
        yield ws
    finally:
        ws.close()


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


@contextmanager
def reading(settings: Settings) -> Iterator[tuple[Workspace, Sessions]]:
    """Open the vault's records with servers that only read; a daemon may run beside."""
    from mcp_servers.client import Sessions

    with workspace(settings, "warning") as ws:
        sessions = Sessions(ws.services, settings, ws.paths.state, role="read")
        try:
            yield ws, sessions
        finally:
            sessions.close()


def examined(settings: Settings) -> list[tuple[str, str, str]]:
    """Return what `doctor` finds, in a process of its own: no SDK comes into this one."""
    command = [sys.executable, str(Path(__file__).resolve()), "doctor", "--json"]
    environment = {**os.environ, **settings.raw(settings.table)}
    try:
        told = subprocess.run(  # noqa: S603 - our own module
            command, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        found = json.loads(told.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        return [("doctor", "broken", f"it gave no answer: {type(error).__name__}")]
    return [(check["name"], check["health"], check["text"]) for check in found]


def reads_mail(ws: Workspace) -> bool:
    """Return whether a mailbox is set up for reading."""
    return "email" in ws.services and not ws.services["email"].missing(ws.settings)


def mail_watchers(ws: Workspace, sessions: Sessions) -> list[Supervised]:
    """Return the child that watches the mailbox, when one is set up."""
    from watchers.child import supervised

    if not reads_mail(ws):
        return []
    command = [sys.executable, str(Path(__file__).resolve()), "watch", "gmail"]
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
    on_ready: Callable[[Workspace], None] | None = None,
    level: str = "info",
) -> None:
    """Run the daemon on one vault until it is told to stop."""
    from core.daemon import acquire_lock
    from core.workspace import paths_of

    state = paths_of(settings).state
    state.mkdir(parents=True, exist_ok=True)
    lock = acquire_lock(state)
    try:
        with assembled(settings, level) as (daemon, inbox, children):
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: daemon.stop())
            daemon.start()
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


def vault_of(settings: Settings) -> Path:
    """Return the vault's folder."""
    from core.workspace import paths_of

    return paths_of(settings).vault


@contextmanager
def sandbox_process(vault: Path) -> Iterator[dict[str, str]]:
    """Start the fakes as a child that ends with us; yield the settings that lead to them.

    Args:
        vault: its Attachments are the web space from which the practice Instagram fetches.
    """
    from mcp_servers.sandbox import READY, settings_of

    command = [sys.executable, "-m", "mcp_servers.sandbox", "--port", "0", "--until-stdin-ends"]
    command += ["--vault", str(vault)]
    child = subprocess.Popen(  # noqa: S603 - our own module
        command,
        cwd=Path(__file__).resolve().parent,  # not the caller's folder, which may hold a `utils`
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        line = child.stdout.readline().strip() if child.stdout else ""
        if not line.startswith(READY):
            raise UsageError("The sandbox could not be started.")
        show_line(line)
        yield settings_of(line.removeprefix(READY).strip())
    finally:
        child.terminate()
        child.wait(timeout=5)


# -- the daemon -----------------------------------------------------------------------------------


@app.callback(invoke_without_command=True)
def default(context: typer.Context) -> None:
    """Without a command: run."""
    if context.invoked_subcommand is None:
        run()


@app.command()
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
        serve_vault(load_settings(vault, AI_EMPLOYEE_SANDBOX="true", **found), once=once)


@app.command()
def demo(
    directory: Annotated[Path, typer.Option("--dir", help="Where to make the practice vault.")] = (
        Path("demo")
    ),
) -> None:
    """Make a practice vault with sample tasks and run it against the sandbox; no account needed."""
    from core import demo as practice

    vault = directory.expanduser().absolute() / "AI_Employee"
    for line in practice.prepare(vault):
        show_line(line)
    with sandbox_process(vault) as found:
        found |= {"LOG_DIR": "", "STATE_DIR": "", "LIMIT_CURRENCY": "EUR"}
        settings = load_settings(vault, AI_EMPLOYEE_SANDBOX="true", **found)
        serve_vault(settings, once=False, on_ready=practice.guide, level="warning")


@app.command()
def watch(what: Annotated[str, typer.Argument(metavar="gmail")], vault: VaultOption = None) -> None:
    """Watch one source in this process, as the daemon's child does; ends with its input."""
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


@app.command()
def auth(
    what: Annotated[str, typer.Argument(metavar="gmail")],
    send: Annotated[
        bool, typer.Option("--send", help="Sign in for drafts and sending, not for reading.")
    ] = False,
) -> None:
    """Sign in to a service; says what it needs in plain words."""
    if what != "gmail":
        raise UsageError(f"There is nothing to sign in to called {what}. Known: gmail")
    from mcp_servers.email.auth import sign_in, words_before

    show_line(words_before(send=send))
    show_line(f"Signed in as {sign_in(load_settings(), send=send)}.")


@app.command()
def sandbox(
    port: Annotated[int, typer.Option(help="Where to listen; 0 takes any free port.")] = 0,
    vault: VaultOption = None,
) -> None:
    """Run only the fakes of all services, on this machine."""
    from mcp_servers.sandbox import main as serve_fakes

    folder = vault_of(load_settings(vault))
    raise typer.Exit(serve_fakes(["--port", str(port), "--vault", str(folder)]))


# -- set up and check -----------------------------------------------------------------------------


@app.command()
def init(vault: VaultOption = None) -> None:
    """Make the vault's folders and starter notes; nothing that exists is touched."""
    from core import starters
    from core.vault import Vault
    from core.workspace import paths_of

    root = paths_of(load_settings(vault)).vault
    made = starters.install(Vault(root))
    for path in made:
        show_line(f"made {path}")
    show_line(f"{root} is ready. Open it in Obsidian, then: bin/run")


@app.command()
def doctor(vault: VaultOption = None, as_json: JsonOption = False) -> None:
    """Check the vault, the records and every service; exit 1 if something is broken."""
    from core import doctor as checks
    from mcp_servers.client import examine_services

    settings = load_settings(vault)
    try:
        with workspace(settings) as ws:
            found = [*checks.examine(ws), *examine_services(ws)]
    except JournalError as error:
        found = [checks.Check("journal", checks.Health.BROKEN, str(error))]
    if as_json:
        show_json([{"name": c.name, "health": str(c.health), "text": c.text} for c in found])
    else:
        rows = [(c.name, c.health, c.text) for c in found]
        show_table("Health", ("what", "health", "found"), rows, "nothing was checked")
    if any(check.health is checks.Health.BROKEN for check in found):
        raise typer.Exit(1)


# -- what waits and what happened -----------------------------------------------------------------


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
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


@app.command("verify-log")
def verify_log(
    vault: VaultOption = None,
    date: Annotated[str | None, typer.Option(help="Only this day, YYYY-MM-DD.")] = None,
) -> None:
    """Check the log's hash chain against the journal; exit 1 and the first bad entry if broken."""
    with workspace(load_settings(vault)) as ws:
        verdict = ws.chronicle.verify(date)
    if verdict.ok:
        show_line(f"{verdict.entries_checked:,} entries checked, the chain is unbroken.")
        return
    bad = verdict.first_bad
    if bad is not None:
        show_line(f"BROKEN at {bad.day}, line {bad.line_number}, entry {bad.seq}: {bad.reason}")
    raise typer.Exit(1)


# -- decide ---------------------------------------------------------------------------------------


@app.command()
def approve(
    action_ids: Annotated[list[str], typer.Argument(metavar="ID...")], vault: VaultOption = None
) -> None:
    """Approve proposals: the same as moving their notes to `Approved`."""
    _move(action_ids, vault, "APPROVED", None)


@app.command()
def reject(
    action_ids: Annotated[list[str], typer.Argument(metavar="ID...")],
    reason: Annotated[str, typer.Option(help="Why; kept in the note.")],
    vault: VaultOption = None,
) -> None:
    """Reject proposals: the same as moving their notes to `Rejected`."""
    _move(action_ids, vault, "REJECTED", reason)


def _move(action_ids: list[str], vault: Path | None, folder: str, reason: str | None) -> None:
    from core import views
    from core.daemon import is_running
    from core.vault import Folder

    with workspace(load_settings(vault)) as ws:
        for action_id in action_ids:
            target = views.move_note(ws, action_id, Folder[folder], reason)
            show_line(f"{action_id}: moved to {ws.vault.relative(target)}")
        if not is_running(ws.paths.state):
            show_line("No daemon is running here: nothing happens until you start one (bin/run).")


# -- reports --------------------------------------------------------------------------------------


@app.command()
def audit(vault: VaultOption = None) -> None:
    """Write the audit of the last seven days now; prints its path."""
    from core.reports.making import make_audit

    settings = load_settings(vault)
    with reading(settings) as (ws, sessions):
        show = terminal.progress("Audit")
        show_line(str(make_audit(ws, sessions, lambda: examined(settings), show)))


@app.command()
def briefing(
    week: Annotated[
        str | None, typer.Option(help="The week, 2026-W47; else the last one that is over.")
    ] = None,
    vault: VaultOption = None,
) -> None:
    """Write the briefing of a week now; prints its path."""
    from core.reports.making import make_briefing

    with reading(load_settings(vault)) as (ws, sessions):
        show_line(str(make_briefing(ws, sessions, week, terminal.progress("Briefing"))))


# -- keep -----------------------------------------------------------------------------------------


@app.command()
def backup(vault: VaultOption = None) -> None:
    """Back up the journal now; prints the file."""
    from core.backup import backup as make

    with workspace(load_settings(vault)) as ws:
        show_line(str(make(ws)))


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE")], vault: VaultOption = None
) -> None:
    """Put a backup in the journal's place; nothing is sent until the later log is taken in."""
    from core.backup import restore as put_back
    from core.backup import take_in_later_log
    from core.daemon import acquire_lock
    from core.workspace import clock_of, paths_of

    settings = load_settings(vault)
    paths = paths_of(settings)
    paths.state.mkdir(parents=True, exist_ok=True)
    lock = acquire_lock(paths.state)
    try:
        aside = put_back(paths.journal, file.expanduser().absolute(), clock_of(settings))
        if aside is not None:
            show_line(f"The journal that was here is kept as {aside.name}.")
        with workspace(settings) as ws:
            count = take_in_later_log(ws)
        show_line(f"Restored. {count} later log entries were taken in; start the daemon: bin/run")
    finally:
        lock.release()


def main() -> None:
    """Run the command line; failures are one sentence and the right exit code."""
    try:
        app(standalone_mode=True, prog_name="bin/run")
    except AppError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(error.EXIT_CODE) from None


if __name__ == "__main__":
    main()
