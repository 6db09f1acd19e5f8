"""Rules of the source that no linter sees."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FLOORS = ("cli", "core", "mcp_servers", "utils", "watchers")
SOURCES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in [ROOT / "orchestrator.py", *(p for f in FLOORS for p in (ROOT / f).rglob("*.py"))]
)
RENAME = re.compile(r"\.rename\(|\bos\.(replace|rename|link)\(|\bshutil\.move\(")
NOW = re.compile(r"\bdatetime\.(now|utcnow|today)\(|\bdate\.today\(|\btime\.(time|sleep)\(")


def _lines(name, pattern):
    text = (ROOT / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if pattern.search(line)]


def test_the_patterns_bite():
    """The rules below can fail."""
    for line in ("path.rename(x)", "os.replace(a, b)", "shutil.move(a, b)"):
        assert RENAME.search(line)
    for line in ("datetime.now(UTC)", "date.today()", "time.sleep(1)"):
        assert NOW.search(line)
    assert not RENAME.search('text.replace("a", "b")')
    assert not NOW.search("clock.now()")
    assert len(SOURCES) > 40


@pytest.mark.parametrize("name", [n for n in SOURCES if n != "utils/files.py"])
def test_only_utils_files_renames(name):
    """A rename elsewhere could overwrite, or be lost when the power goes."""
    assert not _lines(name, RENAME)


@pytest.mark.parametrize("name", [n for n in SOURCES if n != "utils/clock.py"])
def test_only_utils_clock_asks_for_the_time(name):
    """Everything else takes a Clock, so that tests decide what time it is."""
    assert not _lines(name, NOW)
