"""PDFs are read in a child process that can fail without harm."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from pathlib import Path

import pytest

from core.extract import pdf

_PATH = Path(__file__).resolve().parents[1] / "corpus" / "tiny_pdf.py"
_SPEC = importlib.util.spec_from_file_location("tiny_pdf", _PATH)
_TINY = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_TINY)
tiny_pdf = _TINY.tiny_pdf


@pytest.fixture
def paper(tmp_path):
    def write(data: bytes) -> Path:
        path = tmp_path / "paper.pdf"
        path.write_bytes(data)
        return path

    return write


def test_the_child_reads_the_text(paper):
    found = pdf.read(paper(tiny_pdf(["Rechnung (Nr. 7)", "Gesamt 1.250,00 €"])))
    assert isinstance(found, pdf.PdfText)
    assert found.text.split("\n")[:2] == ["Rechnung (Nr. 7)", "Gesamt 1.250,00 €"]
    assert (found.pages, found.cut) == (1, False)


def test_a_scan_has_no_text(paper):
    assert pdf.read(paper(tiny_pdf([]))) == pdf.NoText(1)


@pytest.mark.parametrize("data", [b"", b"no pdf", b"%PDF-1.4\n%%EOF", tiny_pdf(["x"])[:200]])
def test_a_damaged_file_is_a_result(paper, data):
    assert isinstance(pdf.read(paper(data)), pdf.Unreadable | pdf.NoText)


def test_links_and_large_files_are_not_read(paper, tmp_path, monkeypatch):
    link = tmp_path / "link.pdf"
    link.symlink_to(paper(tiny_pdf(["words enough to read"])))
    assert "link" in str(pdf.extract(link)["error"])
    monkeypatch.setattr(pdf, "SIZE_LIMIT_BYTES", 10)
    assert "limit" in str(pdf.extract(tmp_path / "paper.pdf")["error"])
    assert pdf.extract(tmp_path / "gone.pdf") == {"error": "is gone"}


@pytest.mark.parametrize(
    "answer", [b"", b"[]", b"{}", b'{"pages": "x", "text": 1}', b"\xff", b'{"error": "is damaged"}']
)
def test_a_childs_nonsense_is_unreadable(tmp_path, answer):
    assert isinstance(pdf.read(tmp_path / "x", lambda _c, _t: answer), pdf.Unreadable)


def test_a_slow_or_failing_child_is_unreadable(tmp_path):
    def slow(_command, _timeout_s):
        raise TimeoutError

    def broken(_command, _timeout_s):
        raise OSError

    assert "seconds" in pdf.read(tmp_path / "x", slow).reason
    assert "damaged" in pdf.read(tmp_path / "x", broken).reason


def test_the_child_is_started_without_a_shell(tmp_path):
    seen = []

    def run(command, timeout_s):
        seen.append((command, timeout_s))
        return json.dumps({"pages": 1, "text": "enough words here", "cut": True}).encode()

    path = tmp_path / "a; rm -rf $HOME.pdf"
    assert pdf.read(path, run) == pdf.PdfText("enough words here", 1, cut=True)
    assert seen == [([sys.executable, "-m", "core.extract.pdf", str(path)], 10.0)]


def test_the_child_has_no_secret_of_ours(monkeypatch):
    monkeypatch.setenv("ODOO_API_KEY", "hunter2-secret")
    shown = pdf.run_child([sys.executable, "-c", "import os; print(dict(os.environ))"], 10.0)
    assert b"hunter2" not in shown
    assert os.environ["ODOO_API_KEY"] == "hunter2-secret"


def test_a_child_that_hangs_is_ended():
    with pytest.raises(TimeoutError):
        pdf.run_child([sys.executable, "-c", "input() if 0 else __import__('time').sleep(60)"], 0.3)
    with pytest.raises(OSError, match="ended with 3"):
        pdf.run_child([sys.executable, "-c", "raise SystemExit(3)"], 10.0)
