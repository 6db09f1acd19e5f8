"""The corpus: no wrong amount, no wrong customer, and not less found than measured."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

CORPUS = Path(__file__).resolve().parents[1] / "corpus"
_SPEC = importlib.util.spec_from_file_location("corpus_score", CORPUS / "score.py")
score = importlib.util.module_from_spec(_SPEC)
sys.modules["corpus_score"] = score
_SPEC.loader.exec_module(score)

RECALL_FLOORS = {"kind": 0.98, "party": 0.97, "amount": 0.91, "due": 1.0, "reference": 1.0}
NAMES = sorted(score.expectations())


@pytest.fixture(scope="module")
def results():
    return {each.name: each for each in score.results()}


def test_every_mail_has_its_expectation():
    assert sorted(path.name for path in (CORPUS / "mails").glob("*.eml")) == NAMES
    expected = score.expectations().values()
    assert sum(not e["hostile"] for e in expected) >= 60
    assert sum(e["hostile"] for e in expected) >= 15


def test_nothing_is_wrong(results):
    """A value is right or it is not given; this is the promise, the recall is only a wish."""
    table = score.score(list(results.values()))
    assert {name: row.wrong for name, row in table.items()} == dict.fromkeys(score.FIELDS, 0)


@pytest.mark.parametrize("field", score.FIELDS)
def test_not_less_is_found_than_was_measured(results, field):
    assert score.score(list(results.values()))[field].recall >= RECALL_FLOORS[field]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_open_is_asked(results, name):
    each = results[name]
    if each.expected["must_ask"]:
        assert not each.complete, each.extraction.arguments
        assert each.extraction.missing
    if not each.complete and each.extraction.kind:
        assert each.extraction.missing
    assert all(q.text and q.reason for q in each.extraction.missing)


@pytest.mark.parametrize("name", NAMES)
def test_every_value_has_its_words(results, name):
    """Evidence is quoted literally from a passage that can be shown."""
    message = score.mail.parse((CORPUS / "mails" / name).read_bytes())
    source, _ = score.requests.from_mail(message, score.SETTING, score.papers(message))
    places = {p.place: p.text for p in (*source.passages, *source.documents)}
    places["sender"] = source.sender.name
    for found in results[name].extraction.evidence.values():
        assert places[found.place][found.start : found.end] == found.span_text
        assert found.confidence_reason


@pytest.mark.parametrize("name", NAMES)
def test_complete_arguments_suit_the_action(results, name):
    from core.actions import payload_of
    from mcp_servers.catalog import ACTIONS

    each = results[name]
    action = ACTIONS.get(each.extraction.kind) if each.complete else None
    if action is None:
        return  # not complete, or an action that is not in the catalogue yet
    payload = payload_of(action, each.extraction.arguments)
    assert payload["lines"][0]["description"]


def test_a_table_can_be_shown(results):
    shown = score.table(list(results.values()))
    assert "precision" in shown
    assert f"{len(NAMES)} mails" in shown
