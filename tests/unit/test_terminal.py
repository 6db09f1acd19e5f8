"""What a command shows: `utils/terminal.py`."""

import pytest

from utils.terminal import show_facts


def test_facts_stand_one_a_line_and_lists_as_words(capsys: pytest.CaptureFixture[str]) -> None:
    show_facts({"waiting": 1, "questions": ["ASK-1", "ASK-2"], "mail": None})
    assert capsys.readouterr().out == ("waiting    1\nquestions  ASK-1, ASK-2\nmail       \n")
