"""Every kind of note in a real browser: both chart libraries of Obsidian, light and dark, wide
and narrow. Needs Chromium and the two libraries; `.ci/run` fetches them, `-m render` runs this.

Source: Obsidian 1.13 ships Mermaid 11.13.0, 1.8.5 to 1.12 ship 11.4.1 (changelog, 2026-07-30).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcp_servers.sandbox import Sandbox
from tests.render.obsidian import Index, Page, document_of, page_of, problems_in
from tests.render.samples import KINDS, fill
from tests.support import HOME, LIVE, Office
from utils.clock import FixedClock

pytestmark = pytest.mark.render
LIBRARIES = Path(os.environ.get("RENDER_LIBRARIES", HOME / ".cache" / "render"))
PICTURES = Path(os.environ.get("RENDER_PICTURES", HOME / ".cache" / "pictures"))
VERSIONS = ("11.13.0", "11.4.1")


@pytest.fixture(scope="module")
def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("no Chromium here: apt-get install chromium")
    return found


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    clock = FixedClock()
    with Sandbox(clock=clock) as sandbox:
        office = Office(tmp_path_factory.mktemp("vault"), clock, **sandbox.settings(), **LIVE)
        fill(office, sandbox)
        assert set(KINDS) >= set(office.ws.actions), "an action without a sample in samples.py"
        yield office.ws.vault.root
        office.close()


@pytest.fixture(scope="module")
def pages(vault: Path) -> list[Page]:
    index = Index(vault)
    found = sorted(
        path for path in vault.rglob("*.md") if not {".trash", "Templates"} & set(path.parts)
    )
    return [page_of(path, index) for path in found if path.stat().st_size]


def browse(chromium: str, document: Path, profile: Path, *options: str) -> str:
    """Let the browser open a document, without any network; return what it prints."""
    done = subprocess.run(
        [
            *(chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
            *("--hide-scrollbars", "--host-resolver-rules=MAP * ~NOTFOUND"),
            *(f"--user-data-dir={profile}", "--virtual-time-budget=8000"),
            *options,
            document.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout


def library(version: str) -> Path:
    path = LIBRARIES / version / "mermaid.min.js"
    if not path.is_file():
        pytest.skip(f"no Mermaid {version} in {LIBRARIES}: .ci/run fetches it")
    return path


@pytest.mark.parametrize("width", [760, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("version", VERSIONS)
def test_every_note_is_shown_without_a_problem(
    chromium: str, pages: list[Page], tmp_path: Path, version: str, theme: str, width: int
) -> None:
    document = tmp_path / "notes.html"
    document.write_text(document_of(pages, theme, library(version)), encoding="utf-8")
    dump = browse(
        chromium, document, tmp_path / "profile", f"--window-size={width},2000", "--dump-dom"
    )
    assert problems_in(dump) == []


def test_what_is_wrong_is_found(chromium: str, tmp_path: Path) -> None:
    """A check that cannot fail checks nothing."""
    bad = Page(
        "bad",
        '<pre class=mmd>xychart-beta\n title "a "b" c"</pre><img src=//127.0.0.1/x>'
        "<div style='width:900px'>wide</div>",
        [],
    )
    document = tmp_path / "notes.html"
    document.write_text(document_of([bad], "light", library(VERSIONS[0])), encoding="utf-8")
    dump = browse(chromium, document, tmp_path / "profile", "--window-size=390,2000", "--dump-dom")
    found = " ".join(problems_in(dump))
    for words in ("bad: chart: ", "bad: wider than the page: "):
        assert words in found


@pytest.mark.parametrize(("theme", "width"), [("light", 760), ("dark", 390)])
def test_pictures_are_kept_to_look_at(
    chromium: str, pages: list[Page], tmp_path: Path, theme: str, width: int
) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    folders: dict[str, list[Page]] = {}
    for page in pages:
        folders.setdefault(page.name.partition("/")[0], []).append(page)
    for folder, some in folders.items():
        document = tmp_path / "notes.html"
        document.write_text(document_of(some, theme, library(VERSIONS[0])), encoding="utf-8")
        target = PICTURES / f"{folder.removesuffix('.md')} {theme} {width}.png"
        size = f"--window-size={width},{min(16_000, 1_400 * len(some))}"
        browse(chromium, document, tmp_path / "profile", size, f"--screenshot={target}")
        assert target.stat().st_size > 1000
