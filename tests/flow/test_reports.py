"""The week's reports as their owner meets them: commands, notes, proposals, the Monday job."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core import frontmatter
from core.books import Open
from core.jobs import jobs
from core.reports.making import make_audit, make_briefing
from core.reports.reminders import address_of
from core.sources import CallResult
from core.vault import Folder
from mcp_servers.odoo.fake import OdooFake
from mcp_servers.sandbox import Sandbox
from tests.support import ACME, Office, command, move
from utils.clock import FixedClock
from utils.errors import UsageError

MONDAY = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
PAPYRUS = 20
GOALS = """# Goals

```goals
revenue_month: 2000.00
currency: USD
metrics:
  - {name: "Posts", measure: posts, target: 1, alert: 0}
subscriptions:
  - {vendor: "Papyrus", purpose: "paper", last_used: 2026-08-01}
```
"""


def add(fake: OdooFake, kind: str, on: str, price: float, due: str, **more: Any) -> int:
    partner = ACME if kind.startswith("out") else PAPYRUS
    line = [0, 0, {"name": "Work", "price_unit": price}]
    values = {"move_type": kind, "partner_id": partner, "invoice_date": on} | more
    values |= {"invoice_date_due": due, "invoice_line_ids": [line]}
    return fake.add("account.move", values, then="action_post")


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with Sandbox(clock=FixedClock(MONDAY)) as sandbox:
        (fake,) = (fake for fake in sandbox._fakes if isinstance(fake, OdooFake))
        add(fake, "out_invoice", "2026-11-17", 900, "2026-12-01")
        add(fake, "out_refund", "2026-11-18", 100, "2026-11-18")
        add(fake, "out_invoice", "2026-11-03", 500, "2026-11-05")
        add(fake, "in_invoice", "2026-10-16", 20, "2026-11-25", ref="R1")
        add(fake, "in_invoice", "2026-11-16", 30, "2026-11-26", ref="R2")
        values = sandbox.settings() | {"APPROVAL_UNDO_S": "0"}
        made = Office(tmp_path, FixedClock(MONDAY), **values)
        (made.ws.vault.root / "Business_Goals.md").write_text(GOALS, encoding="utf-8")
        yield made
        made.close()


def test_the_monday_briefing_from_real_books(office: Office) -> None:
    _, path = office.post("Winter offer from Monday.")
    office.look()
    made = make_briefing(office.ws, office.runner)
    text = made.read_text(encoding="utf-8")
    assert office.ws.vault.relative(made) == "CEO_Briefings/2026-11-23-briefing.md"
    assert "Revenue for Sandbox Company: 800.00 USD in the week, 1,300.00 USD in the month" in text
    assert "65 % of the target of 2,000.00 USD, behind an even pace" in text
    assert "credit notes of 100.00 USD subtracted" in text
    assert f"- [[{path.stem}]], new" in text
    assert "dearer: 30.00 USD on 2026-11-16, 20.00 USD on 2026-10-16 (+50 %)" in text
    assert "not used for 114 days" in text
    front = frontmatter.read(text)
    assert front["period_start"] == "2026-11-16"
    assert front["sources"] == ["journal", "Odoo"]


def test_a_long_overdue_invoice_becomes_one_real_proposal(office: Office) -> None:
    made = make_briefing(office.ws, office.runner)
    (note,) = office.pending.glob("*.md")
    proposal = note.read_text(encoding="utf-8")
    assert f"- [[{note.stem}]]: Acme Ltd owes 500.00 USD" in made.read_text(encoding="utf-8")
    assert "email.send_email" in proposal
    assert "was due on 2026-11-05" in proposal
    assert f"Source: [[{made.stem}]]" in proposal
    make_briefing(office.ws, office.runner)
    office.clock.advance(7 * 86400)
    make_briefing(office.ws, office.runner)
    assert len(list(office.pending.glob("*.md"))) == 1


def test_a_reminder_that_is_decided_makes_room_for_the_next_invoice(tmp_path: Path) -> None:
    with Sandbox(clock=FixedClock(MONDAY)) as sandbox:
        (fake,) = (fake for fake in sandbox._fakes if isinstance(fake, OdooFake))
        for day in range(1, 6):
            add(fake, "out_invoice", f"2026-10-0{day}", 100 + day, f"2026-10-1{day}")
        values = sandbox.settings() | {"APPROVAL_UNDO_S": "0"}
        office = Office(tmp_path, FixedClock(MONDAY), **values)
        first = make_briefing(office.ws, office.runner)
        notes = sorted(office.pending.glob("*.md"))
        assert len(notes) == 3
        move(notes[0], office.folder(Folder.REJECTED))
        office.approve(notes[1])
        office.pass_time(30)

        again = make_briefing(office.ws, office.runner).read_text(encoding="utf-8")
        assert f"- [[{notes[0].stem}]]: Acme Ltd owes 101.00 USD" in again
        assert "43 days late; you said no\n" in again, "the same briefing tells what became of it"
        assert "42 days late; it was sent\n" in again
        assert len(list(office.pending.glob("*.md"))) == 1, "and asks for nothing more"

        office.clock.advance(2 * 86_400)
        later = make_briefing(office.ws, office.runner, "2026-W48")
        office.close()
    text = later.read_text(encoding="utf-8").split("## Proposals\n", 1)[1].split("\n## ", 1)[0]
    owed = [line.split(" owes ")[1].split(" USD")[0] for line in text.strip().splitlines()]
    assert owed == ["103.00", "104.00", "105.00"], "what is decided is no proposal any more"
    assert first != later


def test_a_customer_with_signs_in_the_name_is_found_and_shown_harmless(tmp_path: Path) -> None:
    name = "Müller | Söhne [[Rechnung]] #1 <b>%%"
    with Sandbox(clock=FixedClock(MONDAY)) as sandbox:
        (fake,) = (fake for fake in sandbox._fakes if isinstance(fake, OdooFake))
        partner = fake.add("res.partner", {"name": name, "email": "a@mueller.example"})
        add(fake, "out_invoice", "2026-10-01", 70, "2026-10-10", partner_id=partner)
        office = Office(tmp_path, FixedClock(MONDAY), **sandbox.settings())
        text = make_briefing(office.ws, office.runner).read_text(encoding="utf-8")
        (note,) = office.pending.glob("*.md")
        office.close()
    assert f"- [[{note.stem}]]: Müller Söhne Rechnung 1 b owes 70.00 USD" in text
    assert "[[Rechnung]]" not in text
    assert f"Dear {name}," in note.read_text(encoding="utf-8").replace("\\#", "#")


class Partners:
    """Knows one contact of a company, as Odoo finds them: by their own name only."""

    def call(self, service: str, tool: str, arguments: Mapping[str, object]) -> Future[CallResult]:
        found = [{"id": 30, "email": "jane@acme.example"}]
        future: Future[CallResult] = Future()
        items = found if arguments["query"] == "Jane Doe" else []
        future.set_result(CallResult(answered=True, data={"items": items}))
        return future

    def warm(self, service: str) -> None:
        """Nothing needs to be started."""

    def is_held(self, service: str) -> bool:
        return False


def test_an_invoice_to_a_contact_of_a_company_finds_its_address() -> None:
    """Source: Odoo shows a contact as `Company, Contact`, and finds it by its own name."""
    item = Open("INV/1", "Acme Ltd, Jane Doe", 30, MONDAY.date(), Decimal(5), "EUR")
    assert address_of(Partners(), item) == "jane@acme.example"
    other = replace(item, partner_id=31)
    assert address_of(Partners(), other) == "Odoo did not find the customer again"


def test_a_week_long_ago_is_told_and_proposes_nothing(office: Office) -> None:
    text = make_briefing(office.ws, office.runner, "2026-W46").read_text(encoding="utf-8")
    said = "(told on 2026-11-23: what waits or is due now is of that day)"
    assert f"2026-W46, 2026-11-09 to 2026-11-15 {said}" in text
    assert "None: proposals are made by the briefing of the last week only." in text
    assert not list(office.pending.glob("*.md"))
    for week in ("2026-W47", "2026-W48"):
        text = make_briefing(office.ws, office.runner, week).read_text(encoding="utf-8")
        assert "told on" not in text


def test_a_week_that_has_not_begun_is_refused(office: Office) -> None:
    with pytest.raises(UsageError, match="2026-W49 has not begun: it is 2026-11-30 to 2026-12-06"):
        make_briefing(office.ws, office.runner, "2026-W49")
    assert not list(office.folder(Folder.BRIEFINGS).glob("*.md"))


def test_times_are_the_owners(office: Office) -> None:
    office.restart(TIMEZONE="America/New_York")
    office.clock.zone = ZoneInfo("America/New_York")
    text = make_briefing(office.ws, office.runner).read_text(encoding="utf-8")
    assert "- Odoo of Sandbox Company, asked 2026-11-23 02:00." in text
    assert "came in; as of 2026-11-23 02:00." in text


def test_the_same_day_the_same_bytes_and_the_owners_words_stay(office: Office) -> None:
    path = make_briefing(office.ws, office.runner)
    first = path.read_bytes()
    assert make_briefing(office.ws, office.runner).read_bytes() == first
    path.write_bytes(first + b"Ask Acme about December.\n")
    office.post("One more.")
    make_briefing(office.ws, office.runner)
    after = path.read_bytes()
    assert b"Ask Acme about December.\n" in after
    assert b"One more" in after


def test_odoo_down_is_said_and_nothing_is_proposed(office: Office) -> None:
    office.restart(ODOO_URL="http://127.0.0.1:1")
    text = make_briefing(office.ws, office.runner).read_text(encoding="utf-8")
    assert "Revenue is not known" in text
    assert "NOT KNOWN. Odoo: Revenue" in text
    assert "900.00" not in text
    assert "> 0.00" not in text
    assert not list(office.pending.glob("*.md"))
    assert frontmatter.read(text)["data_gaps"]


def test_the_audit_lists_what_was_not_checked(office: Office) -> None:
    made = make_audit(office.ws, office.runner)
    text = made.read_text(encoding="utf-8")
    assert office.ws.vault.relative(made) == "Audits/2026-11-23-audit.md"
    assert "| Customers owe | 1,300.00 USD (3 documents" in text
    assert "Overdue, oldest first (Odoo):" in text
    assert "NOT KNOWN." in text


def test_both_are_jobs_of_the_week(office: Office) -> None:
    table = {job.name: job for job in jobs(office.ws, office.runner)}
    assert table["briefing.write"].run() == "CEO_Briefings/2026-11-23-briefing.md"
    assert table["audit.write"].run() == "Audits/2026-11-23-audit.md"
    assert table["briefing.write"].when["day_of_week"] == "mon"


def test_the_commands_print_the_path_of_the_note(tmp_path: Path) -> None:
    """Without any account: the note says that no money figure is known."""
    vault = tmp_path / "AI_Employee"
    env = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    env |= {"VAULT_PATH": str(vault), "TIMEZONE": "UTC", "AI_EMPLOYEE_HOME": str(tmp_path)}
    told = command("briefing", "--week", "2026-W47", env=env)
    path = Path(told.stdout.strip())
    assert told.returncode == 0, told.stderr
    assert path == vault / "CEO_Briefings" / "2026-11-23-briefing.md"
    assert "no bank export (CSV) was dropped into Inbox" in path.read_text(encoding="utf-8")
    again = command("audit", env=env)
    assert again.returncode == 0, again.stderr
    assert "What `doctor` found" in Path(again.stdout.strip()).read_text(encoding="utf-8")
    wrong = command("briefing", "--week", "2026-W99", env=env)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "2026-W99 is no week" in wrong.stderr


def test_a_bank_export_in_the_inbox_counts_beside_odoo(office: Office) -> None:
    from core.records import Source

    kept = office.folder(Folder.ATTACHMENTS) / "b.csv"
    lines = "Date;Amount;Currency;Payee\n2026-11-10;-5.00;EUR;Cafe\n2026-11-18;70.00;EUR;Acme\n"
    kept.write_text(f"{lines}2026-11-22;-9.00;EUR;Cafe\n", encoding="utf-8")
    name = "TSK-20261123-001 Bank November.md"
    office.ws.journal.add_source(Source("file:b", name[:16], "file", kept.name, name))
    text = make_briefing(office.ws, office.runner).read_text(encoding="utf-8")
    assert "| Money in | 70.00 EUR (1 document) | bank export Bank November |" in text
    assert "| Money in | none (no documents) | Odoo |" in text
