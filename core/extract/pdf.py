"""The text of a PDF, read in a child process: `python -m core.extract.pdf PATH` prints JSON.

Rules: a hostile PDF costs at most its limits (bytes, pages, seconds, memory) and no secret: the
child gets no environment of ours; a scan without text and a file that cannot be read are results,
not errors.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from core.extract.text import clean
from utils import files
from utils.errors import NoteError

SIZE_LIMIT_BYTES = 5 * 1024 * 1024
PAGE_LIMIT = 20
TIME_LIMIT_S = 10.0
MEMORY_LIMIT_BYTES = 512 * 1024 * 1024
TEXT_LIMIT_CHARS = 40_000
_ANSWER_LIMIT_BYTES = 1024 * 1024
_ENVIRONMENT = ("PATH", "SYSTEMROOT", "LANG", "LC_ALL")


@dataclass(frozen=True)
class PdfText:
    """A PDF's text.

    Args:
        text: the pages' text, clean.
        pages: how many pages it has.
        cut: not everything was read.
    """

    text: str
    pages: int
    cut: bool


@dataclass(frozen=True)
class NoText:
    """A PDF without text: a scan or a picture.

    Args:
        pages: how many pages it has.
    """

    pages: int


@dataclass(frozen=True)
class Unreadable:
    """A PDF that cannot be read.

    Args:
        reason: why, for the owner.
    """

    reason: str


class Runner(Protocol):
    """Runs a command with a time limit and returns what it printed."""

    def __call__(self, command: list[str], timeout_s: float) -> bytes:
        """Run it.

        Raises:
            TimeoutError: it took too long and was ended.
            OSError: it could not be started, or ended with an error.
        """


def run_child(command: list[str], timeout_s: float) -> bytes:
    """Run a child without a shell, without our environment, ended after its time."""
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and module, arguments as a list
            command,
            check=False,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=timeout_s,
            env=environment,
            cwd=Path(__file__).parents[2],
        )
    except subprocess.TimeoutExpired as error:
        raise TimeoutError from error
    if done.returncode:
        raise OSError(f"the reader ended with {done.returncode}")
    return done.stdout[:_ANSWER_LIMIT_BYTES]


def read(path: Path, run: Runner = run_child) -> PdfText | NoText | Unreadable:
    """Return a PDF's text.

    Args:
        path: the file; links are not followed.
        run: starts the child.
    """
    command = [sys.executable, "-m", "core.extract.pdf", str(path.absolute())]
    try:
        answer = json.loads(run(command, TIME_LIMIT_S))
    except TimeoutError:
        return Unreadable(f"took more than {TIME_LIMIT_S:.0f} seconds to read")
    except (OSError, ValueError):
        return Unreadable("is damaged, or needs more memory than it may have")
    return _result(answer)


def _result(answer: object) -> PdfText | NoText | Unreadable:
    if not isinstance(answer, dict):
        return Unreadable("gave no answer that can be read")
    pages, text = answer.get("pages"), answer.get("text")
    if answer.get("error") or not isinstance(pages, int) or not isinstance(text, str):
        return Unreadable(str(answer.get("error") or "gave no answer that can be read")[:200])
    shown = clean(text, TEXT_LIMIT_CHARS)
    if sum(c.isalnum() for c in shown) < 10:
        return NoText(pages)
    return PdfText(shown, pages, bool(answer.get("cut")))


def _limit_resources() -> None:
    """Cap memory and processor time of this process, where the system can."""
    try:
        import resource
    except ImportError:  # Windows: the time limit of the parent remains
        return
    seconds = int(TIME_LIMIT_S)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def extract(path: Path) -> dict[str, object]:
    """Return what the child prints: pages, text and cut, or error; runs in the child only."""
    import logging
    from io import BytesIO

    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    logging.disable(logging.CRITICAL)
    try:
        reader = PdfReader(BytesIO(files.read_regular(path, limit_bytes=SIZE_LIMIT_BYTES)))
        if reader.is_encrypted and not reader.decrypt(""):
            return {"error": "is protected by a password"}
        pages, texts = len(reader.pages), list[str]()
        for page in reader.pages[:PAGE_LIMIT]:
            texts.append(page.extract_text())
            if sum(map(len, texts)) > TEXT_LIMIT_CHARS:
                break
    except NoteError as error:
        return {"error": error.reason}
    except FileNotFoundError:
        return {"error": "is gone"}
    except (PyPdfError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError,
            RecursionError, MemoryError, NotImplementedError) as error:  # fmt: skip
        return {"error": f"is damaged ({type(error).__name__})"}
    text = "\n".join(texts)
    cut = len(texts) < pages or len(text) > TEXT_LIMIT_CHARS
    return {"pages": pages, "text": text[:TEXT_LIMIT_CHARS], "cut": cut}


def main() -> None:
    """Read the PDF named by the only argument and print the answer."""
    _limit_resources()
    sys.stdout.write(json.dumps(extract(Path(sys.argv[1]))))


if __name__ == "__main__":
    main()
