"""The words that carry meaning in a business mail, one table for each language.

Rules: a language is one entry in `LANGUAGES`; the words of all languages are looked for together,
because mails mix them; every pattern is bounded, so no text can make it slow.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache


class Cue(StrEnum):
    """What words tell."""

    COMMON = "common"  # only for telling languages apart
    ASK = "ask"
    WANT_INVOICE = "want_invoice"
    WANT_QUOTE = "want_quote"
    BILL = "bill"
    PAY = "pay"
    NOT = "not"
    TOTAL = "total"
    NET = "net"
    GROSS = "gross"
    TAX = "tax"
    ASIDE = "aside"
    UNIT = "unit"
    EACH = "each"
    RATE = "rate"
    CORRECTION = "correction"
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


_GAP = r"(?:[\w'’.-]{1,25}[ ]){0,5}?"
_NO_INVOICE = r"(?:(?!invoice|bill)[\w'’.-]{1,25}[ ]){0,5}?"

LANGUAGES: dict[str, dict[Cue, str]] = {
    "en": {
        Cue.COMMON: "the and for please you we our your is are of to with this that have would",
        Cue.ASK: (
            r"please|kindly|(?:c|w)ould you|can you|will you|may (?:we|i) (?:have|get|ask)|"
            r"(?:can|could) (?:we|i) (?:please )?(?:have|get)|(?:we|i)(?:'d|’d| would) (?:like|need|"
            r"appreciate)|(?:we|i) (?:still |now |also )?need|you (?:can|may) (?:now |already )?|"
            r"go ahead|feel free|request(?:ing)?|don['’]t forget|how much|what would|"
            r"looking for|interested in|would be great|grateful|let (?:us|me) have|"
            r"(?:^|\n|[.!?:;] )\W{0,3}(?:send|invoice|bill|issue|prepare|quote|raise)"
        ),
        Cue.WANT_INVOICE: (
            rf"(?:send|issue|raise|prepare|creat|mak|draw|forward|provid|e-?mail|generat|have|get|"
            rf"need|like|request|submit|let us have)(?:e|es|ing)? {_GAP}(?:an? |the |your |final )?"
            rf"(?:pro-?forma )?invoice\b|\binvoice (?:us|me|them|request)\b|\bbill (?:us|me)\b|"
            rf"\b(?:please|can|could|may|you|should|and) (?:now |also |kindly |please |you )?"
            rf"(?:invoice|bill) (?!of|from|no|number|is|was|has)|"
            rf"(?:^|\n|[.!?:;] )\W{{0,3}}(?:invoice|bill) (?:us|me|for|to)\b|"
            rf"\binvoice (?:would be|to be) (?:great|appreciated|issued|sent)"
        ),
        Cue.WANT_QUOTE: (
            rf"(?:send|provid|prepar|giv|mak|submit|need|like|get|have|request|draw|for)(?:e|ing)? "
            rf"{_NO_INVOICE}(?:quote|quotation|estimate|offer)\b|\bquote (?:us|me|for)\b|"
            rf"(?:please|could you|can you) quote\b|how much (?:would|do|will|does)|"
            rf"what would {_GAP}(?:cost|charge)|request for (?:quote|quotation)|\brfq\b"
        ),
        Cue.BILL: (
            rf"(?:attached|enclosed|attach|enclose|find|herewith|here is|sending you) {_GAP}invoice|"
            rf"\bour (?:latest |last |monthly |new )?invoice\b|\bmy invoice\b|"
            rf"invoice {_GAP}(?:is |as )?(?:attached|enclosed|ready|available)|"
            rf"\byour (?:new |latest |monthly )?invoice (?:from|for)\b|"
            rf"\binvoice (?:number|no\.?|#)\s?:?|\breceipt for your\b"
        ),
        Cue.PAY: (
            r"(?:please|kindly) (?:pay|remit|transfer|settle|arrange payment|wire)|amount due|"
            r"payment (?:is )?due|total due|balance due|payable (?:by|within|to)|bank details|"
            r"please make payment|payment terms|pay (?:online|now)|due date"
        ),
        Cue.NOT: (
            r"(?:do not|don['’]t|please wait|not yet|hold off|no need to|no longer|instead of "
            r"(?:an )?invoice|never mind|cancel\w*|void|re-?send|sent? (?:\w+ )?again|(?:a )?cop(?:y|"
            r"ies) of|duplicate|correct(?:ed|ion)|credit note|overdue|reminder|already (?:paid|"
            r"received|sent)|have paid|has been paid|was paid|received your|thank(?:s| you) for "
            r"(?:the|your)|question about|query about|regarding your invoice|until)"
        ),
        Cue.TOTAL: (
            r"(?:grand )?total(?: amount| price| sum)?(?: of| is| due)?|in total|altogether|sum of|"
            r"amount (?:of|due|payable)|amount|balance due|invoice value|all in|lump sum"
        ),
        Cue.NET: (
            r"net(?: of tax)?|excl(?:\.|uding|usive)?(?: of)? ?(?:vat|tax|gst)|ex\.? (?:vat|tax|gst)|"
            r"plus (?:\d{1,2}(?:[.,]\d{1,2})? ?% )?(?:vat|tax|gst|sales tax)|before (?:tax|vat)|"
            r"\+ ?(?:\d{1,2} ?% )?(?:vat|tax|gst)|without (?:vat|tax)|subtotal|sub-total"
        ),
        Cue.GROSS: (
            r"incl(?:\.|uding|usive)?(?: of)? ?(?:\d{1,2}(?:[.,]\d{1,2})? ?% )?(?:vat|tax|gst|sales tax"
            r"|all taxes)|gross|(?:vat|tax(?:es)?) included|after tax|with (?:vat|tax)"
        ),
        Cue.TAX: r"vat|sales tax|tax|gst",
        Cue.ASIDE: (
            r"paid|deposit|down payment|advance|budget|up to|at most|maximum|not exceed|max|limit|"
            r"less than|more than|over|under|discount|credit|refund|minus|less|instead of|rather than|"
            r"previous\w*|last (?:year|month|time|invoice)|used to|was|were|originally|initially|"
            r"about|around|approx\w*|roughly|circa|ca|between|from|starting|if|unless|late fee|penalty|"
            r"capital|worth|saves?|saving|bonus|prize|per cent|percent|half of|third of|either|or|"
            r"remaining|remainder|balance of|first|second|instal?ment|estimate\w*|quoted|revenue|"
            r"turnover|insured|insurance|fee of|costs? us|we pay|we paid|invoiced|except|not|nor"
        ),
        Cue.UNIT: (
            r"hours?|hrs?|h|days?|weeks?|months?|mo|years?|yr|annum|units?|pieces?|pcs?|items?|"
            r"seats?|users?|licen[cs]es?|persons?|people|heads?|boxes|box|copies|copy|pages?|words?|"
            r"nights?|km|kg|sq ?m|m2|sessions?|posts?|visits?|tickets?|sets?|pairs?|quarter"
        ),
        Cue.EACH: (
            r"each|apiece|a piece|hourly|daily|weekly|monthly|yearly|annually|quarterly|ph|p\.h\.|"
            r"p\.a\.|pcm|pp|p\.p\."
        ),
        Cue.RATE: r"rate(?: of| is)?|unit price(?: of)?|price per \w{1,12}|day rate(?: of)?",
        Cue.CORRECTION: (
            r"make it|make that|i mean|we mean|correction|sorry, |actually|scratch that|on second "
            r"thought|wait, |not \d|should (?:have )?(?:be|been|read)|typo|ignore (?:my|the) (?:last|"
            r"previous)"
        ),
        Cue.DUE: (
            r"due(?: date| on| by| for payment)*|payment (?:is )?(?:due|deadline|date|by|until)|"
            r"pay(?:able|ment)?(?: (?:it|this|us|is|the invoice|the amount|expected|no later than))? "
            r"(?:on or before|by|until|before|on)|payable|settle(?:d)? by|(?:will|can|we) pay (?:on|by)"
            r"|to be paid (?:by|on|until|before)|please pay|payment terms?|terms"
        ),
        Cue.WITHIN: r"within|in|net|after|terms(?: of)?|payable in",
        Cue.DAYS: r"(?:calendar )?days?",
        Cue.BILL_TO: (
            r"bill(?:ed)? to|invoice(?:d)? to|sold to|customer|client|billing (?:address|name|entity|"
            r"company|details)|invoice (?:address|recipient|details)|company(?: name)?|on behalf of"
        ),
        Cue.INVOICE_TO: (
            r"(?:invoice|bill|quote|quotation|it|address(?:ed)?|made out|issue(?:d)?) (?:to|for)|"
            r"made out to|in the name of|invoice|bill|addressed to|on behalf of|quote"
        ),
        Cue.VENDOR: r"vendor|supplier|seller|from|issued by|payee|beneficiary|account (?:holder|name)",
        Cue.ORDER_NUMBER: (
            r"p\.?o\.?(?: number| no\.?| ref(?:erence)?\.?)?|purchase order(?: number| no\.?)?|"
            r"order (?:number|no\.?|ref(?:erence)?)|our ref(?:erence)?\.?|your order"
        ),
        Cue.BILL_NUMBER: r"invoice (?:number|no\.?|num|id|ref(?:erence)?\.?)|invoice|inv(?: no)?\.?",
        Cue.BILL_DATE: r"invoice date|date of (?:issue|invoice)|issued(?: on)?|issue date|dated|date",
        Cue.SUBJECT_OF: r"for",
        Cue.GREETING: r"dear|hello|hi|hey|good (?:morning|afternoon|day)|attn|attention",
    },
}


def _flags() -> re.RegexFlag:
    return re.IGNORECASE


@cache
def fragment(cue: Cue) -> str:
    """Return the alternatives of a cue in all languages, without groups around them."""
    return "|".join(words[cue] for words in LANGUAGES.values() if cue in words)


@cache
def pattern(cue: Cue) -> re.Pattern[str]:
    """Return a cue of all languages as whole words."""
    return re.compile(rf"(?<!\w)(?:{fragment(cue)})(?!\w)", _flags())


@cache
def compiled(template: str, *cues: Cue) -> re.Pattern[str]:
    """Return a pattern with cues put in for `{}`, each as a group that is not kept."""
    return re.compile(template.format(*(f"(?:{fragment(c)})" for c in cues)), _flags())


def language(text: str) -> str:
    """Return the language whose common words stand in a text most often, "" when unclear."""
    words = re.findall(r"[a-zà-ÿ]{2,12}", text[:4000].lower())
    counts = {
        code: sum(words.count(w) for w in table[Cue.COMMON].split())
        for code, table in LANGUAGES.items()
    }
    ranked = sorted(counts, key=lambda c: -counts[c])
    best = ranked[0]
    second = counts[ranked[1]] if len(ranked) > 1 else 0
    return best if counts[best] >= 2 and counts[best] > second else ""
