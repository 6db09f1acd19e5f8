"""A mail or paper read as a request: the arguments of an action, or the questions that are open.

Rules: nothing is carried out and nothing is guessed; complete means every argument has its words as
evidence; a sign of fraud always asks first; the same original and answers give the same result.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from core.extract import asking, fields, kinds, suspicion
from core.extract.fields import Sender
from core.extract.found import Found, Passage, Question
from core.extract.kinds import Kind
from core.extract.text import clean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.extract.fields import Fields
    from core.extract.found import Setting
    from core.extract.kinds import Verdict
    from core.extract.mail import Mail

TEXT_LIMIT_CHARS = 40_000
_DATE_TRUST = timedelta(days=60)


@dataclass(frozen=True)
class Source:
    """What is read for a request.

    Args:
        sender: who it says it is from.
        passages: subject and the writer's own words.
        documents: texts of papers, each under its name.
        history: quoted mails; they give candidates, never values.
        remarks: what was unusual about the mail.
        warnings: signs of fraud that were seen when it was taken apart.
        is_bulk: a newsletter or automatic answer.
    """

    sender: Sender
    passages: tuple[Passage, ...]
    documents: tuple[Passage, ...] = ()
    history: Passage = field(default=Passage("history", ""))
    remarks: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    is_bulk: bool = False

    @property
    def words(self) -> str:
        """Return everything that is read, a forwarded mail's own words among it, as evidence."""
        shown = (p.text.strip() for p in (*self.passages, *self.documents))
        return "\n\n".join(text for text in shown if text)


@dataclass(frozen=True)
class Extraction:
    """What was read.

    Args:
        kind: the action's name; None when nothing that we know is wanted.
        arguments: the action's arguments when nothing is open, else None.
        known: the arguments known so far.
        evidence: the words each argument came from, by argument.
        missing: what only the owner can tell.
        notes: remarks for the owner.
    """

    kind: Kind | None
    arguments: Mapping[str, object] | None = None
    known: Mapping[str, object] = field(default_factory=dict)
    evidence: Mapping[str, Found[object]] = field(default_factory=dict)
    missing: tuple[Question, ...] = ()
    notes: tuple[str, ...] = ()


def from_mail(
    mail: Mail, setting: Setting, documents: Mapping[str, str] | None = None
) -> tuple[Source, Setting]:
    """Return a mail as a source, and the setting with the mail's own day.

    Args:
        mail: the mail.
        setting: what is known about the owner.
        documents: the texts of its papers, by shown name.
    """
    papers = tuple(Passage(n, clean(t, TEXT_LIMIT_CHARS)) for n, t in (documents or {}).items())
    remarks, warnings = list(mail.remarks), [r for r in mail.remarks if "sender" in r]
    own = Passage("text", mail.text)
    other: tuple[Passage, ...] = ()
    if suspicion.versions_differ(own, mail.plain, setting):
        warnings.append("Its plain version names other sums than the one that is shown.")
        other = (Passage("plain version", mail.plain),)
    passages = (Passage("subject", mail.subject), own, *other)
    sender = Sender(mail.sender_name, mail.sender_address)
    if mail.forwarded and not kinds.classify((own,), ()).kinds:
        inner = mail.forwarded
        passages = (Passage("subject", inner.subject), Passage("forwarded", inner.text))
        sender = Sender(inner.sender_name, inner.sender_address)
        remarks.append(f"Forwarded by {mail.sender_address}; who wrote it first is only claimed.")
    setting = _dated(mail, setting, remarks)
    history = Passage("history", mail.history)
    source = Source(
        sender, passages, papers, history, tuple(remarks), tuple(warnings), mail.is_bulk
    )
    return source, setting


def _dated(mail: Mail, setting: Setting, remarks: list[str]) -> Setting:
    if mail.date is None:
        return setting
    if abs(mail.date.date() - setting.today) > _DATE_TRUST:
        remarks.append("Its date is far from the day it came; days are counted from today.")
        return setting
    return replace(setting, today=mail.date.date())


def from_document(name: str, text: str) -> Source:
    """Return a paper from the inbox as a source."""
    return Source(Sender("", ""), (), (Passage(name, clean(text, TEXT_LIMIT_CHARS)),))


def extract(
    source: Source, setting: Setting, replies: Mapping[str, str] | None = None
) -> Extraction:
    """Read a request.

    Args:
        source: what is read.
        setting: what is known about the owner.
        replies: the owner's answers by question key: a candidate's label or own words.

    Returns:
        The arguments when nothing is open, else the questions.
    """
    replies = replies or {}
    verdict = kinds.classify(source.passages, source.documents)
    kind, question = _kind(source, verdict, replies)
    if kind is None:
        open_questions = (question,) if question else ()
        return Extraction(None, missing=open_questions, notes=source.remarks)
    sentences = tuple(s for s in verdict.sentences if s.kind is kind) or verdict.sentences
    found = fields.read(kind, source.passages, source.documents, sentences, source.sender, setting)
    return _finished(source, kind, found, setting, replies)


def _kind(
    source: Source, verdict: Verdict, replies: Mapping[str, str]
) -> tuple[Kind | None, Question | None]:
    """Return what is wanted; None with a question when that is not clear."""
    chosen = {k.name.lower(): k for k in Kind}
    if "kind" in replies:
        kind = chosen.get(asking.kind_word(replies["kind"]))
        is_answer = kind is not None or replies["kind"] == asking.NOTHING
        return kind, None if is_answer else asking.about_kind(verdict)
    if not verdict.kinds or (source.is_bulk and not source.documents):
        return None, None
    if len(verdict.kinds) == 1 and not verdict.doubts:
        return verdict.kinds[0], None
    if verdict.kinds == (Kind.BILL,):
        return Kind.BILL, None
    return None, asking.about_kind(verdict)


def _finished(
    source: Source, kind: Kind, found: Fields, setting: Setting, replies: Mapping[str, str]
) -> Extraction:
    known, evidence, notes = asking.arguments_of(kind, found)
    questions = [
        *asking.questions(kind, found, source.history, setting),
        *asking.about_trust(warnings_of(source)),
    ]
    open_questions = []
    for question in questions:
        changes = asking.answered(question, replies, setting)
        if changes is None:
            open_questions.append(asking.again(question, replies))
        else:
            known = {**known, **changes}
    if known.pop("refused", False):
        return Extraction(None, notes=(*source.remarks, "You said that nothing is to be done."))
    described = asking.described(known, found, replies)
    complete = described if not open_questions else None
    remarks = (*source.remarks, *warnings_of(source), *notes)
    return Extraction(kind, complete, described, evidence, tuple(open_questions), remarks)


def warnings_of(source: Source) -> tuple[str, ...]:
    """Return the signs of fraud in what is read."""
    passages = (*source.passages, *source.documents)
    return tuple(dict.fromkeys([*source.warnings, *suspicion.signs(passages)]))
