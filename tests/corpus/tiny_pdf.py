"""Writes the corpus's small PDFs: one page of text each, the same bytes every time.

`python tests/corpus/tiny_pdf.py` prints one PDF made of the lines on standard input.
"""

from __future__ import annotations

import sys

_ESCAPES = {"\\": r"\\", "(": r"\(", ")": r"\)"}


def tiny_pdf(lines: list[str]) -> bytes:
    """Return a PDF of one page that shows these lines; none make a page like an empty scan."""
    content = _content(lines).encode("cp1252", "replace")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
            b"/Resources << /Font << /F1 5 0 R >> >> >>"
        ),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    return _file(objects)


def _content(lines: list[str]) -> str:
    shown = ["BT /F1 11 Tf 14 TL 50 790 Td"]
    for line in lines:
        shown.append("(" + "".join(_ESCAPES.get(c, c) for c in line) + ") Tj T*")
    return "\n".join([*shown, "ET"])


def _file(objects: list[bytes]) -> bytes:
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        start,
    )
    return out


if __name__ == "__main__":
    sys.stdout.buffer.write(tiny_pdf(sys.stdin.read().splitlines()))
