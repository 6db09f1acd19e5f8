"""One wish for each kind of the catalogue: what is wanted, and how its effect is recognised.

A new action is one row of `WISHES`; a test fails while a kind has none. The crash tests then live
it, kill it and break its service as they do with all others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core import notes, publishing
from mcp_servers.catalog import ACTIONS
from mcp_servers.email.signature import signed
from mcp_servers.twitter.thread import parts_of
from tests.pictures import jpeg

if TYPE_CHECKING:
    from tests.crash.sandbox_process import SandboxProcess

Arguments = dict[str, Any]
Shown = object
"""What of a payload an effect must show."""


def as_it_is(arguments: Arguments, number: int) -> Arguments:
    """Return the same again: what is to be done exists once."""
    del number
    return arguments


class OneOf(list[str]):
    """Equal to each of its texts: an act of several effects shows one of them in each."""

    __hash__ = None  # type: ignore[assignment] # as of every list

    def __eq__(self, other: object) -> bool:
        return other in list(self)


@dataclass(frozen=True, repr=False)
class Wish:
    """What is wanted from one service.

    Args:
        kind: of the action.
        arguments: that work.
        wanted: what of an approved payload the effect must show.
        sent: the same, from an effect's payload.
        vary: (arguments, number) -> the like of it, unlike every other number.
        set_up: makes what must be there before, and returns the arguments that name it.
        staged: the kind of the invisible first step, if there is one.
        act: the kind of its effects, where that is not its own.
        effects: how many effects one success has.
        once: whether its service shows that it was done, so that the same again is refused.
    """

    kind: str
    arguments: Arguments
    wanted: Callable[[Mapping[str, Any]], Shown]
    sent: Callable[[Mapping[str, Any]], Shown]
    vary: Callable[[Arguments, int], Arguments]
    set_up: Callable[[SandboxProcess, Path, Arguments], Arguments] | None = None
    staged: str | None = None
    act: str | None = None
    effects: int = 1
    once: bool = False

    def __repr__(self) -> str:
        return self.kind

    @property
    def service(self) -> str:
        return self.kind.split(".")[0]

    @property
    def acts_as(self) -> str:
        """Return the kind of its effects at the sandbox."""
        return self.act or self.kind

    @property
    def tool(self) -> str:
        return self.kind.split(".")[1]

    @property
    def is_several(self) -> bool:
        """Return whether it has no server of its own, but parts that have."""
        return self.kind == publishing.KIND

    @property
    def note(self) -> str:
        """Return the words that a person writes it with; an identifier is left to be looked up."""
        if self.is_several:
            return self._note_of_several
        action = ACTIONS[self.kind]
        left_out = {action.content, action.lookup.target if action.lookup else None}
        parameters = {name: v for name, v in self.arguments.items() if name not in left_out}
        lines = ["---", "type: approval", f"action: {self.kind}", "---", "My own words.", ""]
        if parameters:
            lines += ["## Parameters", "", notes.yaml_block(parameters), ""]
        if action.content is not None:
            lines += ["## Content", "", self.arguments[action.content], ""]
        return "\n".join(lines)

    @property
    def _note_of_several(self) -> str:
        given = dict(self.arguments)
        lines = ["---", "type: approval", f"action: {self.kind}"]
        lines += [f"channels: [{', '.join(given.pop('channels'))}]", "---", "My own words.", ""]
        for name, text in given.pop("texts").items():
            lines += [f"## Content {name}", "", text, ""]
        return "\n".join([*lines, "## Parameters", "", notes.yaml_block(given), ""])

    def numbered(self, number: int) -> Wish:
        """Return the like of it, unlike every other number."""
        return replace(self, arguments=self.vary(self.arguments, number))

    def ready(self, sandbox: SandboxProcess, vault: Path) -> Wish:
        """Return it with what must be there before."""
        if self.set_up is None:
            return self
        made = self.set_up(sandbox, vault, self.arguments)
        return replace(self, arguments={**self.arguments, **made})


# -- Odoo ------------------------------------------------------------------------------------------


def lines_of(payload: Mapping[str, Any]) -> list[tuple[str, float]]:
    return [(line["description"], float(line["unit_price"])) for line in payload["lines"]]


def lines_in(lines: Sequence[Any]) -> list[tuple[str, float]]:
    return [(line[2]["name"], float(line[2]["price_unit"])) for line in lines]


def with_price(arguments: Arguments, number: int) -> Arguments:
    first, *others = arguments["lines"]
    first = {**first, "unit_price": f"{100 + number}.00"}
    return {**arguments, "lines": [first, *others]}


def draft(sandbox: SandboxProcess, partner_id: int, price: float) -> int:
    """Return a draft invoice as somebody types it into Odoo, in the company's currency."""
    line = [0, 0, {"name": "Work", "price_unit": price}]
    dated = {"invoice_date": "2026-11-01", "invoice_date_due": "2026-11-15"}
    values = {"move_type": "out_invoice", "partner_id": partner_id, "currency_id": 1}
    made = int(
        sandbox.odoo("account.move", "create", {**values, **dated, "invoice_line_ids": [line]})
    )
    sandbox.own("odoo.create_invoice", made)
    return made


def a_draft(sandbox: SandboxProcess, vault: Path, arguments: Arguments) -> Arguments:
    del vault
    return {"invoice_id": draft(sandbox, 14, float(arguments["amount"]))}


def a_posted_invoice(sandbox: SandboxProcess, vault: Path, arguments: Arguments) -> Arguments:
    del vault
    made = draft(sandbox, 14, float(arguments["amount"]))
    sandbox.odoo("account.move", "action_post", [made])
    sandbox.own("odoo.post_invoice", made)
    (row,) = sandbox.odoo("account.move", "read", [made], ["name"])
    return {"invoice_id": made, "invoice": row["name"]}


ODOO = (
    Wish(
        "odoo.create_invoice",
        {
            "customer": "Acme Ltd",
            "customer_id": 14,
            "currency": "EUR",
            "lines": [{"description": "Retainer", "quantity": "1", "unit_price": "1250.00"}],
        },
        wanted=lambda p: (p["customer_id"], lines_of(p)),
        sent=lambda e: (e["values"]["partner_id"], lines_in(e["values"]["invoice_line_ids"])),
        vary=with_price,
    ),
    Wish(
        "odoo.create_quotation",
        {
            "customer": "Acme Ltd",
            "customer_id": 14,
            "currency": "EUR",
            "valid_until": "2026-12-31",
            "lines": [{"description": "Relaunch", "quantity": "2", "unit_price": "600.00"}],
        },
        wanted=lambda p: (p["customer_id"], lines_of(p)),
        sent=lambda e: (e["values"]["partner_id"], lines_in(e["values"]["order_line"])),
        vary=with_price,
    ),
    Wish(
        "odoo.create_vendor_bill",
        {
            "vendor": "Papyrus Office Ltd",
            "vendor_id": 20,
            "currency": "EUR",
            "reference": "RE-2026/77",
            "invoice_date": "2026-11-20",
            "lines": [{"description": "Paper", "quantity": "10", "unit_price": "4.99"}],
        },
        wanted=lambda p: (p["vendor_id"], p["reference"], lines_of(p)),
        sent=lambda e: (
            *(e["values"]["partner_id"], e["values"]["ref"]),
            lines_in(e["values"]["invoice_line_ids"]),
        ),
        vary=lambda a, n: {**a, "reference": f"RE-2026/{1000 + n}"},
        once=True,
    ),
    Wish(
        "odoo.post_invoice",
        {"invoice_id": 1, "partner": "Acme Ltd", "amount": "100.00", "currency": "USD"},
        wanted=lambda p: p["invoice_id"],
        sent=lambda e: e["id"],
        vary=as_it_is,
        set_up=a_draft,
        once=True,
    ),
    Wish(
        "odoo.register_payment",
        {
            "invoice": "INV/2026/00001",
            "invoice_id": 1,
            "partner": "Acme Ltd",
            "amount": "60.00",
            "currency": "USD",
            "payment_date": "2026-11-21",
        },
        wanted=lambda p: ([p["invoice_id"]], float(p["amount"])),
        sent=lambda e: (e["values"]["reconciled_invoice_ids"], e["values"]["amount"]),
        vary=as_it_is,
        set_up=a_posted_invoice,
        once=True,
    ),
    Wish(
        "odoo.create_partner",
        {"name": "Hooli & Sons", "role": "customer", "country": "IE"},
        wanted=lambda p: p["name"],
        sent=lambda e: e["values"]["name"],
        vary=lambda a, n: {**a, "name": f"Hooli & Sons {n}"},
        once=True,
    ),
    Wish(
        "odoo.update_opportunity",
        {
            "opportunity": "Acme website relaunch",
            "opportunity_id": 1,
            "stage": "Proposition",
            "expected_revenue": "5200.00",
        },
        wanted=lambda p: (p["opportunity_id"], float(p["expected_revenue"])),
        sent=lambda e: (e["id"], float(e["values"]["expected_revenue"])),
        vary=lambda a, n: {**a, "expected_revenue": f"{6000 + n}.00"},
    ),
)

# -- X ---------------------------------------------------------------------------------------------

TWITTER = (
    Wish(
        "twitter.create_post",
        {"text": "We are open & ready, see https://example.com"},
        wanted=lambda p: p["text"],
        sent=lambda e: e["text"],
        vary=lambda a, n: {**a, "text": f"News number {n} of the day"},
    ),
    Wish(
        "twitter.create_thread",
        {"text": "Two things we learned & kept:\n\n---\n\nAsk first, see https://example.com"},
        wanted=lambda p: OneOf(parts_of(p["text"])),
        sent=lambda e: e["text"],
        vary=lambda a, n: {**a, "text": f"Thread {n} of the day\n\n---\n\nIts second part, {n}"},
        act="twitter.create_post",
        effects=2,
    ),
    Wish(
        "twitter.reply_to_post",
        {"post_id": "1984000000000000001", "author": "ann_smith", "text": "We do & gladly."},
        wanted=lambda p: (p["post_id"], p["text"]),
        sent=lambda e: (e["in_reply_to_tweet_id"], e["text"]),
        vary=lambda a, n: {**a, "text": f"Answer number {n}"},
    ),
    Wish(
        "twitter.send_direct_message",
        {"recipient": "ann_smith", "recipient_id": "2001", "text": "Dear Ann,\n\nwe are open."},
        wanted=lambda p: (p["recipient_id"], p["text"]),
        sent=lambda e: (e["recipient_id"], e["text"]),
        vary=lambda a, n: {**a, "text": f"Dear Ann, news number {n}"},
    ),
)

# -- Facebook and Instagram ------------------------------------------------------------------------


def a_picture(sandbox: SandboxProcess, vault: Path, arguments: Arguments) -> Arguments:
    """Lay the picture into the vault and into the web space that Instagram fetches from."""
    name, data = "oak.jpg", jpeg(1080, 1080)
    (vault / "Attachments").mkdir(parents=True, exist_ok=True)
    (vault / "Attachments" / name).write_bytes(data)
    sandbox.put(name, data)
    return {"media": arguments["media"]}


FACEBOOK = (
    Wish(
        "facebook.create_post",
        {"message": "We are open & ready <on> Monday", "link": "https://example.com"},
        wanted=lambda p: (p["message"], p.get("link")),
        sent=lambda e: (e["message"], e.get("link")),
        vary=lambda a, n: {**a, "message": f"News number {n} of the day"},
    ),
    Wish(
        "facebook.reply_to_comment",
        {"comment_id": "122100000000000004_700000000000006", "message": "Yes & gladly."},
        wanted=lambda p: (p["comment_id"], p["message"]),
        sent=lambda e: (e["comment_id"], e["message"]),
        vary=lambda a, n: {**a, "message": f"Answer number {n}"},
    ),
    Wish(
        "facebook.send_message",
        {"recipient_id": "24000000000001", "message": "Dear Mia,\n\nwe are open."},
        wanted=lambda p: (p["recipient_id"], p["message"]),
        sent=lambda e: (e["recipient_id"], e["message"]),
        vary=lambda a, n: {**a, "message": f"Dear Mia, news number {n}"},
    ),
)
INSTAGRAM = (
    Wish(
        "instagram.publish_media",
        {"caption": "Oak & oil", "media": [{"file": "oak.jpg", "alt": "A table"}]},
        wanted=lambda p: p["caption"],
        sent=lambda e: e["caption"],
        vary=lambda a, n: {**a, "caption": f"Table number {n}"},
        set_up=a_picture,
        staged="instagram.create_container",
    ),
    Wish(
        "instagram.reply_to_comment",
        {"comment_id": "17870000000000006", "message": "Linseed & wax."},
        wanted=lambda p: (p["comment_id"], p["message"]),
        sent=lambda e: (e["comment_id"], e["message"]),
        vary=lambda a, n: {**a, "message": f"Answer number {n}"},
    ),
    Wish(
        "instagram.send_message",
        {"recipient_id": "25000000000001", "message": "Dear Lena,\n\nit is."},
        wanted=lambda p: (p["recipient_id"], p["message"]),
        sent=lambda e: (e["recipient_id"], e["message"]),
        vary=lambda a, n: {**a, "message": f"Dear Lena, news number {n}"},
    ),
)

# -- mail ------------------------------------------------------------------------------------------


def a_file(sandbox: SandboxProcess, vault: Path, arguments: Arguments) -> Arguments:
    del sandbox
    (vault / "Attachments").mkdir(parents=True, exist_ok=True)
    (vault / "Attachments" / "hours.pdf").write_bytes(b"%PDF-1.7 hours")
    return {"attachments": arguments["attachments"]}


EMAIL = (
    Wish(
        "email.send_email",
        {
            "to": "ann@example.com",
            "subject": "Hours & days",
            "body": "Dear Ann,\n\nwe are open.",
            "signature": "Bo Owner\nNorthwind",
            "attachments": [{"file": "hours.pdf"}],
        },
        wanted=lambda p: (
            *(list(p["to"]), p["subject"], signed(p["body"], p["signature"])),
            [each["sha256"] for each in p["attachments"]],
        ),
        sent=lambda e: (
            *(e["to"], e["subject"], e["body"]),
            [each["sha256"] for each in e["attachments"]],
        ),
        vary=lambda a, n: {**a, "subject": f"News number {n}"},
        set_up=a_file,
        staged="email.create_draft",
    ),
    Wish(
        "email.reply_to_email",
        {
            "message_id": "19a8000000000002",
            "to": "accounts@acme.example",
            "body": "Thank you, it is on its way.",
            "quote": False,
        },
        wanted=lambda p: (list(p["to"]), p["body"]),
        sent=lambda e: (e["to"], e["body"]),
        vary=lambda a, n: {**a, "body": f"Thank you, number {n} is on its way."},
        staged="email.create_draft",
    ),
    Wish(
        "email.create_draft",
        {"to": "ann@example.com", "subject": "Offer", "body": "Dear Ann"},
        wanted=lambda p: (list(p["to"]), p["subject"], p["body"]),
        sent=lambda e: (e["to"], e["subject"], e["body"]),
        vary=lambda a, n: {**a, "subject": f"Offer {n}"},
    ),
)

WISHES = {wish.kind: wish for wish in (*ODOO, *TWITTER, *FACEBOOK, *INSTAGRAM, *EMAIL)}
SEVERAL = Wish(
    publishing.KIND,
    {
        "channels": ["facebook", "instagram", "twitter"],
        "texts": {
            "facebook": "Our winter offer & more, until Sunday",
            "instagram": "Winter is here",
            "twitter": "20 % off all sledges",
        },
        "media": [{"file": "oak.jpg", "alt": "A table"}],
    },
    wanted=lambda _: None,  # each of its posts is held against its own part
    sent=lambda _: None,
    vary=lambda a, n: {**a, "texts": {k: f"{text} {n}" for k, text in a["texts"].items()}},
    set_up=a_picture,
    effects=0,
)
"""One post to three networks: it is no kind of a server's, its parts are."""
STEPS_OF_SEVERAL = (
    *("facebook.upload_photo", "facebook.create_post"),
    *("instagram.create_container", "instagram.publish_media"),
    *("twitter.media", "twitter.create_post"),
)
"""Where the networks may fail on its way."""
INVOICE, POST = WISHES["odoo.create_invoice"], WISHES["twitter.create_post"]
