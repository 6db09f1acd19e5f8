"""Makes `docs/pictures/` with the program itself: a practice session, and three notes as they look.

Run `.venv/bin/python docs/pictures.py`. Needs Chromium and the chart library that `.ci/run` fetches.
Rule: nothing in a picture is drawn by hand; only the folder of the practice vault is shortened.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.render.obsidian import Index, document_of, page_of  # noqa: E402 - only with the path above
from tests.support import wait_until  # noqa: E402
from utils.clock import SystemClock  # noqa: E402

PICTURES = ROOT / "docs" / "pictures"
LIBRARY = ROOT / ".cache" / "render" / "11.13.0" / "mermaid.min.js"
WAIT_S = 90.0


def main() -> None:
    """Hold one practice session and keep four pictures of it."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        demo = Path(folder) / "demo"
        vault = demo / "AI_Employee"
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "orchestrator.py"), "demo", "--dir", str(demo)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
        )
        try:
            proposal = _wait_for(vault, "Pending_Approval/*Invoice*.md")
            _picture(vault, proposal, "proposal.png", 1160)
            action_id = proposal.stem.split()[0]
            said = [("bin/run pending", _run(vault, "pending"))]
            proposal.rename(vault / "Approved" / proposal.name)
            said.append((f"mv Pending_Approval/{action_id}*.md Approved/", ""))
            _wait_for(vault, f"Completed/*/{action_id}*.md", "## Result")
            said.append((f"bin/run why {action_id}", _run(vault, "why", action_id)))
            _session(said, demo)
            dashboard = _wait_for(vault, "Dashboard.md", "| Done | 1 | 1 |")
            _picture(vault, dashboard, "dashboard.png", 680)
            (vault / "Inbox" / "Bank.csv").write_text(_bank_export(), encoding="utf-8")
            _wait_for(vault, "Needs_Action/*Bank*.md")
            briefing = Path(_run(vault, "briefing").strip())
            _picture(vault, briefing, "briefing.png", 1300)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=30)


def _bank_export() -> str:
    """Return what a bank could have said on Monday about the week before, in two currencies."""
    today = SystemClock().now().date()
    monday = today - timedelta(days=today.weekday() + 7)
    moved = (
        *((0, "Acme Ltd", "1250.00", "EUR"), (1, "Hooli Estates", "-900.00", "EUR")),
        *((2, "Globex GmbH", "1800.50", "EUR"), (4, "Stark Inc", "750.00", "USD")),
        (7, "Initech", "-49.00", "EUR"),
    )
    lines = [
        f"{monday + timedelta(days=days)},{payee},{amount},{currency}"
        for days, payee, amount, currency in moved
    ]
    return "\n".join(["Date,Counterparty,Amount,Currency", *lines, ""])


def _wait_for(vault: Path, pattern: str, words: str = "") -> Path:
    """Return the note of a pattern, once it is there and says these words."""

    def found() -> list[Path]:
        paths = sorted(vault.glob(pattern))
        return [path for path in paths if words in path.read_text(encoding="utf-8")]

    wait_until(found, WAIT_S, f"no {pattern} that says {words!r}")
    return found()[0]


def _run(vault: Path, *words: str) -> str:
    command = [sys.executable, str(ROOT / "orchestrator.py"), *words, "--vault", str(vault)]
    done = subprocess.run(
        command, cwd=vault.parent, capture_output=True, text=True, check=True, env=_environment()
    )
    return done.stdout


def _environment() -> dict[str, str]:
    return {**os.environ, "COLUMNS": "96"}


def _session(said: list[tuple[str, str]], demo: Path) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(record=True, width=96, file=io.StringIO())
    for command, answer in said:
        console.print(Text(f"$ {command}", style="bold green"))
        text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:8069", answer.replace(str(demo), "demo"))
        if text.strip():
            console.print(Text(text.rstrip()))
        console.print()
    drawn = console.export_svg(title="AI Employee")
    drawn = re.sub(r"@font-face \{.*?\}", "", drawn, flags=re.DOTALL)  # nothing from outside
    (PICTURES / "session.svg").write_text(drawn, encoding="utf-8")


def _picture(vault: Path, note: Path, name: str, height: int) -> None:
    chromium = shutil.which("chromium") or "chromium-browser"
    with tempfile.TemporaryDirectory() as folder:
        document = Path(folder) / "note.html"
        page = page_of(note, Index(vault))
        document.write_text(document_of([page], "light", LIBRARY), encoding="utf-8")
        subprocess.run(
            [
                *(chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
                *("--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND"),
                *(f"--user-data-dir={folder}/profile", "--virtual-time-budget=8000"),
                *(f"--window-size=760,{height}", f"--screenshot={PICTURES / name}"),
                document.as_uri(),
            ],
            check=True,
            capture_output=True,
        )


if __name__ == "__main__":
    main()
