"""What words can tell in a business mail."""

from __future__ import annotations

from enum import StrEnum

GAP = r"(?:[\w'’.-]{1,25}[ ]){0,5}?"
"""Up to five words between two others."""


class Cue(StrEnum):
    """What words tell.

    Args:
        COMMON: nothing; for telling languages apart, words between spaces, no pattern.
        ASK: somebody is asked for something.
        WANT_INVOICE, WANT_QUOTE: an invoice or a quotation is wanted.
        BILL: an invoice has been sent along.
        PAY: money is wanted.
        NOT: not now, not any more, once more, already.
        REPEAT: nothing new; thanks or questions about something that was sent.
        TOTAL, NET, GROSS, TAX: what an amount is.
        ASIDE: an amount that is something else (paid, budget, discount), words before it.
        BESIDE: the same, words behind it.
        UNIT, EACH, RATE: an amount for one of several.
        CORRECTION: an amount said before is taken back.
        DOUBT: a single amount may be meant several times, or in part.
        DUE: when money is wanted.
        WITHIN, DAYS: in so many days.
        BILL_TO: a label before the customer's name.
        INVOICE_TO: words before the customer's name in a sentence.
        VENDOR: a label before the vendor's name.
        ORDER_NUMBER, BILL_NUMBER, BILL_DATE: labels before these.
        SUBJECT_OF: a word before what is invoiced.
        GREETING: a line that names the reader.
        STEER: words meant for software, not for a person.
    """

    COMMON = "common"
    ASK = "ask"
    WANT_INVOICE = "want_invoice"
    WANT_QUOTE = "want_quote"
    BILL = "bill"
    PAY = "pay"
    NOT = "not"
    REPEAT = "repeat"
    TOTAL = "total"
    NET = "net"
    GROSS = "gross"
    TAX = "tax"
    ASIDE = "aside"
    BESIDE = "beside"
    UNIT = "unit"
    EACH = "each"
    RATE = "rate"
    CORRECTION = "correction"
    DOUBT = "doubt"
    DUE = "due"
    WITHIN = "within"
    DAYS = "days"
    BILL_TO = "bill_to"
    INVOICE_TO = "invoice_to"
    VENDOR = "vendor"
    ORDER_NUMBER = "order_number"
    BILL_NUMBER = "bill_number"
    BILL_DATE = "bill_date"
    SUBJECT_OF = "subject_of"
    GREETING = "greeting"
    STEER = "steer"
