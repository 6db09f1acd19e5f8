"""English."""

from __future__ import annotations

from core.extract.languages.cues import GAP, Cue

_NO_INVOICE = r"(?:(?!invoice|bill)[\w'’.-]{1,25}[ ]){0,5}?"
_START = r"(?:^|\n|[.!?:;,] )\W{0,3}"

WORDS = {
    Cue.COMMON: "the and for please you we our your is are of to with this that have would",
    Cue.ASK: (
        rf"please|kindly|(?:c|w)ould you|can you|will you|may (?:we|i) (?:have|get|ask)|"
        rf"(?:can|could) (?:we|i) (?:please )?(?:have|get)|(?:we|i)(?:'d|’d| would) (?:like|need|"
        rf"appreciate)|(?:we|i) (?:still |now |also )?need|you (?:can|may)|go ahead|feel free to|"
        rf"request(?:ing)?|don['’]t forget|how much|what would|looking for|interested in|"
        rf"would be (?:great|appreciated)|be grateful|let (?:us|me) have|"
        rf"{_START}(?:send|invoice|bill|issue|prepare|quote|raise)"
    ),
    Cue.WANT_INVOICE: (
        rf"(?:send|issue|rais|prepar|creat|mak|draw|forward|provid|e-?mail|generat|have|get|"
        rf"need|like|request|submit)(?:e|es|ing)? {GAP}(?:pro-?forma )?invoice|"
        rf"invoice (?:us|me|them|request)|bill (?:us|me)|"
        rf"(?:please|can|could|may|you|should|and) (?:now |also |kindly |please |you )?"
        rf"(?:invoice|bill) (?!of|from|no|number|is|was|has)\w{{1,25}}|"
        rf"{_START}(?:invoice|bill) (?:us|me|for|to)|"
        rf"invoice (?:would be|to be) (?:great|appreciated|issued|sent)"
    ),
    Cue.WANT_QUOTE: (
        rf"(?:send|provid|prepar|giv|mak|submit|need|like|get|have|request|draw|for)(?:e|ing)? "
        rf"{_NO_INVOICE}(?:quote|quotation|estimate|offer)|quote (?:us|me|for)|"
        rf"(?:please|could you|can you) quote|how much (?:would|do|will|does)|"
        rf"what would {GAP}(?:cost|charge)|request for (?:quote|quotation)|rfq"
    ),
    Cue.BILL: (
        rf"(?:attached|enclosed|attach|enclose|find|herewith|here is|sending you) {GAP}invoice|"
        rf"our (?:latest |last |monthly |new )?invoice|my invoice|"
        rf"invoice {GAP}(?:is |as )?(?:attached|enclosed|ready|available)|"
        rf"your (?:new |latest |monthly )?invoice (?:from|for)|"
        rf"invoice (?:number|no\.?|#)\s?:?"
    ),
    Cue.PAY: (
        r"(?:please|kindly) (?:pay|remit|transfer|settle|arrange payment|wire)|amount due|"
        r"payment (?:is )?due|total due|balance due|payable (?:by|within|to)|bank details|"
        r"please make payment|payment terms|pay (?:online|now)|due date|due on"
    ),
    Cue.NOT: (
        r"do not|don['’]t|please wait|not yet|hold off|no need to|no longer|instead of (?:an )?"
        r"invoice|never mind|cancel\w*|void|re-?sen[dt]|sen[dt] (?:\w{1,20} ){0,3}again|"
        r"(?:a )?cop(?:y|ies) of|duplicate|correct(?:ed|ion)|credit note|reminder|once we|"
        r"until we|before you invoice"
    ),
    Cue.REPEAT: (
        r"overdue|already (?:paid|received|sent)|have paid|has been paid|was paid|"
        r"received (?:your|the) invoice|thank(?:s| you) (?:very much )?for (?:the|your) "
        r"(?:invoice|quote|quotation|offer)|(?:question|query) about|regarding your invoice"
    ),
    Cue.TOTAL: (
        r"(?:grand )?total(?: amount| price| sum)?(?: due)?|in total|altogether|(?:the )?sum of|"
        r"amount due|amount payable|balance due|lump sum|flat fee"
    ),
    Cue.NET: (
        r"net|excl(?:\.|uding|usive)?(?: of)? ?(?:vat|tax|gst)|ex\.? (?:vat|tax|gst)|"
        r"(?:plus|\+) ?(?:\d{1,2}(?:[.,]\d{1,2})? ?% ?)?(?:vat|tax|gst|sales tax)|"
        r"before (?:tax|vat)|without (?:vat|tax)|sub-?total"
    ),
    Cue.GROSS: (
        r"incl(?:\.|uding|usive)?(?: of)? ?(?:\d{1,2}(?:[.,]\d{1,2})? ?% ?)?(?:vat|tax|gst|"
        r"sales tax|all taxes)|gross|(?:vat|tax(?:es)?) included|after tax|with (?:vat|tax)"
    ),
    Cue.TAX: r"vat|sales tax|tax|gst",
    Cue.ASIDE: (
        r"paid|deposit|down payment|advance|budget|up to|at most|maximum|not exceed(?:ing)?|max|"
        r"limit|less than|more than|under|discount|credit|refund|minus|less|instead of|"
        r"rather than|previous\w*|last (?:year|month|time|invoice|quarter)|used to|originally|"
        r"plus|extra|additional|"
        r"initially|about|around|approx\w*|roughly|circa|ca|between|late fee|penalty|capital|"
        r"savings?|bonus|half of|third of|remaining|remainder|balance of|instal?ment|turnover|"
        r"insur\w{1,8}|revenue|part of|some of|currently|offered|estimated?|quoted"
    ),
    Cue.BESIDE: (
        r"paid|deposit|discount|credit|off|budget|last (?:year|month|time)|already|per ?cent|"
        r"or so|max|maximum|at most|roughly|approx\w*|before|previously|short|too (?:much|high)|"
        r"(?:for )?(?:shipping|postage|delivery)"
    ),
    Cue.UNIT: (
        r"hours?|hrs?|h|days?|weeks?|months?|mo|years?|yr|annum|units?|pieces?|pcs?|items?|"
        r"seats?|users?|licen[cs]es?|persons?|people|heads?|boxes|box|copies|copy|pages?|words?|"
        r"nights?|km|kg|sessions?|posts?|visits?|tickets?|sets?|pairs?|quarter|shirts?|bottles?"
    ),
    Cue.EACH: (
        r"each|apiece|a piece|hourly|daily|weekly|monthly|yearly|annually|quarterly|ph|p\.h\.?|"
        r"p\.a\.?|pcm|pp|p\.p\.?|every (?:hour|day|week|month|year)"
    ),
    Cue.RATE: r"rate(?: of| is)?|unit price(?: of| is)?|price per \w{1,12}|day rate(?: of| is)?",
    Cue.CORRECTION: (
        r"make it|make that|i mean|i meant|we mean|correction|sorry,|actually|scratch that|"
        r"on second thought|wait,|should (?:have )?(?:be|been|read)|typo|ignore (?:my|the) "
        r"(?:last|previous)"
    ),
    Cue.DOUBT: (
        r"twice|thrice|double|half|halves|both|respectively|split|instal?ments?|(?:two|three|\d) "
        r"(?:parts|times)|difference|discount|\d{1,2} ?% off|each|(?:hundred|thousand|million) "
        r"(?:eur\w{0,2}|usd|dollars?|gbp|pounds|chf)|\d ?k ?(?:eur|usd|gbp|chf|[€$£])"
    ),
    Cue.DUE: (
        r"net(?= [0-9]{1,3} days?)|"
        r"due(?: date| on| by| for payment){0,2}|payment (?:is )?(?:due|deadline|date|by|until)"
        r"(?: on| by)?|pay(?:able|ment)?(?: it| this| us| is| the invoice| the amount| expected)? "
        r"(?:no later than|on or before|by|until|before|on)|payable|settled? by|"
        r"(?:will|can|we) pay (?:on|by)|to be paid (?:by|on|until|before)|payment terms?|terms|"
        r"pay"
    ),
    Cue.WITHIN: r"within|in|net|after|terms(?: of)?|payable in",
    Cue.DAYS: r"(?:calendar )?days?",
    Cue.BILL_TO: (
        r"bill(?:ed)? to|invoiced? to|sold to|customer|client|billing (?:address|name|entity|"
        r"company|details)|invoice (?:address|recipient|details)|company(?: name)?"
    ),
    Cue.INVOICE_TO: (
        r"(?:invoice|bill|quote|quotation|it|issued?) (?:to|for)|addressed? (?:it )?to|"
        r"made out to|make (?:it|the invoice) out to|in the name of|invoice|bill|quote"
    ),
    Cue.VENDOR: r"vendor|supplier|seller|from|issued by|payee|beneficiary|account (?:holder|name)",
    Cue.ORDER_NUMBER: (
        r"p\.?o\.?(?: number| no\.?| ref(?:erence)?\.?)?|purchase order(?: number| no\.?)?|"
        r"order (?:number|no\.?|ref(?:erence)?)|our ref(?:erence)?\.?"
    ),
    Cue.BILL_NUMBER: r"invoice(?: number| no\.?| num| id| ref(?:erence)?\.?)?|inv(?: no)?\.?",
    Cue.BILL_DATE: r"invoice date|date of (?:issue|invoice)|issued(?: on)?|issue date|dated|date",
    Cue.SUBJECT_OF: r"for",
    Cue.GREETING: r"dear|hello|hi|hey|good (?:morning|afternoon|day)|attn|attention",
    Cue.STEER: (
        r"ignore (?:\w{1,20} ){0,4}(?:rules|instructions|prompts?|polic(?:y|ies)|limits?)|"
        r"(?:disregard|forget|override|bypass) (?:\w{1,20} ){0,4}(?:rules|instructions|approval|"
        r"polic(?:y|ies)|limits?|everything)|you are (?:now )?(?:an? |the )?(?:ai|assistant|agent|"
        r"language model|bot)|system prompt|as an ai|(?:pre-?|already )approved|"
        r"approved by (?:the )?(?:owner|admin|ceo|boss|system)|approval (?:is )?not (?:needed|"
        r"required)|no approval (?:is )?(?:needed|required)|without (?:any )?approval|auto-?approve"
        r"|dear (?:ai|assistant|agent|bot)|ai employee|move (?:this|the) (?:note|file)|"
        r"jailbreak|developer mode|urgent(?:ly)? wire|keep this (?:confidential|secret)"
    ),
}
