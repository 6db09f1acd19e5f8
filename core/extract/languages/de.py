"""German."""

from __future__ import annotations

from core.extract.languages.cues import GAP, Cue

WORDS = {
    Cue.COMMON: "der die das und für bitte wir sie ihnen ist mit den von zum zur eine ein ich uns",
    Cue.ASK: (
        r"bitte|könn(?:t)?en sie|kannst du|könntest du|würden sie|wären sie|wir bitten|"
        r"(?:wir|ich) (?:benötigen?|bräuchten?|brauchen?|hätten?|möchten?)|erbitten|erbeten|"
        r"(?:wir|ich) wären? (?:dankbar|froh)|gerne? (?:eine?|die)|um (?:die |eine |ihre )?"
        r"(?:rechnung|zusendung|angebot|ein angebot)|interessieren uns|was würde|was kostet|"
        r"anfrage|freuen uns über"
    ),
    Cue.WANT_INVOICE: (
        rf"(?:stell|schick|send|erstell|übersend|übermittel|mail|schreib|benötig|brauch|bräucht|"
        rf"lass)\w{{0,4}} {GAP}{GAP}(?:abschlags|schluss|teil|anzahlungs|proforma-?)?rechnung|"
        rf"(?:rechnung|rechnungs\w{{3,9}})\b[^!?\n]{{0,100}}? (?:zu )?(?:aus|zu|er|"
        rf"über)?(?:zu)?(?:stell|"
        rf"send|"
        rf"schick|schreib|kommen|mail)\w{{0,4}}|in rechnung (?:zu )?stell\w{{1,3}}|"
        rf"stell\w{{0,4}}\b[^!?\n]{{0,140}}\bin rechnung|"
        rf"um (?:die |eine )?(?:rechnung|rechnungsstellung)|"
        rf"rechnung erbeten|berechnen sie uns"
    ),
    Cue.WANT_QUOTE: (
        rf"(?:(?:unterbreit|mach|send|schick|erstell|übersend|übermittel|schreib|benötig|brauch|"
        rf"bräucht|hätt|möcht|lass|um|über|für|gern)\w{{0,4}}) {GAP}{GAP}(?:angebot|"
        rf"kostenvoranschlag"
        rf"|offerte|preisangebot)s?|(?:angebot|kostenvoranschlag|"
        rf"offerte) {GAP}{GAP}(?:zu )?(?:er|zu|"
        rf"über|unter)?(?:zu)?(?:stell|send|schick|machen|breit|kommen)\w{{0,4}}|angebotsanfrage|"
        rf"was würde {GAP}{GAP}kosten|was kostet|anfrage {GAP}angebot"
    ),
    Cue.BILL: (
        rf"(?:anbei|im anhang|beigefügt|beiliegend|hiermit|angehängt|"
        rf"erhalten sie) {GAP}{GAP}rechnung"
        rf"|unsere rechnung|meine rechnung|ihre rechnung (?:vom|für|nr|ist)|"
        rf"rechnung {GAP}(?:anbei|im anhang|beigefügt)|rechnungs-?(?:nummer|nr\.?)|rechnung nr\.?"
    ),
    Cue.PAY: (
        r"(?:bitte|wir bitten sie)[^.!?\n]{0,60}(?:überweis|begleich|bezahl|zahl)\w{0,4}|"
        r"zahlbar|zahlungsziel|fällig|zahlungsfrist|bankverbindung|zu zahlen(?:der)?|überweisen sie"
    ),
    Cue.NOT: (
        r"keine rechnung|noch nicht|nicht in rechnung|storn\w{1,8}|erneut|nochmals?|noch einmal|"
        r"rechnungskopie|kopie der|duplikat|korrigiert\w{0,2}|korrektur|gutschrift|mahnung|"
        r"zahlungserinnerung|warten sie|erst wenn|sobald wir"
    ),
    Cue.REPEAT: (
        r"bereits (?:bezahlt|überwiesen|erhalten)|haben wir (?:bezahlt|überwiesen)|"
        r"(?:danke|dank) für (?:die|ihre|das|ihr|deine|dein) (?:\w{1,20} )?(?:rechnung|angebot)|"
        r"rechnung (?:haben wir )?erhalten|(?:frage|rückfrage) zu"
    ),
    Cue.TOTAL: (
        r"gesamt(?:betrag|summe|preis)?|endbetrag|rechnungsbetrag|summe|insgesamt|zusammen|"
        r"in summe|zahlbetrag|pauschale?|pauschal|zu zahlen(?:der betrag)?"
    ),
    Cue.NET: (
        r"netto(?:betrag|summe)?|zzgl\.? ?(?:der |gesetzlicher |ges\. )?(?:\d{1,2} ?% ?)?(?:mwst|"
        r"ust|mehrwertsteuer|umsatzsteuer)|zuzüglich (?:der |gesetzlicher |gesetzl\. )?(?:\d{1,2} ?"
        r"% ?)?(?:mwst|ust|mehrwertsteuer|umsatzsteuer)|ohne (?:mwst|ust|mehrwertsteuer)|"
        r"exkl\.? ?(?:mwst|ust)|zwischensumme|(?:plus|\+) ?(?:\d{1,2} ?% ?)?(?:mwst|ust)"
    ),
    Cue.GROSS: (
        r"brutto(?:betrag|summe)?|inkl(?:\.|usive)? ?(?:der |"
        r"gesetzlicher )?(?:\d{1,2} ?% ?)?(?:mwst"
        r"|ust|mehrwertsteuer|umsatzsteuer)|einschließlich (?:\d{1,2} ?% ?)?(?:mwst|ust|"
        r"mehrwertsteuer)"
    ),
    Cue.TAX: r"mwst|ust|mehrwertsteuer|umsatzsteuer|steuer",
    Cue.ASIDE: (
        r"bezahlt\w{0,2}|anzahlung|vorauszahlung|abschlag|budget|bis zu|höchstens|maximal|max|"
        r"weniger als|mehr als|unter|rabatt|skonto|nachlass|gutschrift|abzüglich|minus|statt|"
        r"anstatt|bisher\w{0,3}|letzte[sn]? (?:jahr|monat|mal|rechnung)|ursprünglich|etwa|ungefähr|"
        r"rund|circa|ca|zwischen|mahngebühr|stammkapital|grundkapital|restbetrag|rest von|hälfte|"
        r"teilbetrag|rate von|umsatz|versichert\w{0,2}|angeboten\w{0,2}|geschätzt\w{0,2}|knapp|"
        r"gut|plus|zusätzlich|zuzüglich"
    ),
    Cue.BESIDE: (
        r"bezahlt|anzahlung|rabatt|skonto|nachlass|budget|letztes (?:jahr|mal)|bereits|maximal|"
        r"höchstens|zu (?:viel|hoch)|statt|überwiesen|angezahlt|versand\w{0,6}|porto"
    ),
    Cue.UNIT: (
        r"stunden?|std|tage?s?|wochen?|monate?n?s?|jahre?s?|stücke?|stk|st|einheit(?:en)?|"
        r"person(?:en)?|nutzer|lizenz(?:en)?|seiten?|wörter|kopf|paket(?:en?)?|nacht|nächte|"
        r"arbeitstage?n?|personentage?n?|pt|quartal|flaschen?|kartons?|exemplare?"
    ),
    Cue.EACH: (
        r"stündlich|täglich|wöchentlich|monatlich\w{0,2}|jährlich\w{0,2}|pro kopf|je stück|"
        r"pro stück|p\.\s?p\.|das stück|die stunde|der tag|einzeln"
    ),
    Cue.RATE: (
        r"stundensatz(?: von)?|tagessatz(?: von)?|einzelpreis(?: von)?|stückpreis(?: von)?|je|à|"
        r"honorarsatz(?: von)?|preis pro \w{1,12}|satz von|monatspauschale(?: von)?"
    ),
    Cue.CORRECTION: (
        r"korrigiere|ich meine|gemeint|doch lieber|besser gesagt|vielmehr|entschuldigung,|"
        r"sorry,|tippfehler|vergessen sie|nein,"
    ),
    Cue.DOUBT: (
        r"zweimal|doppelt|hälfte|halb\w{0,2}|je|jeweils|beide[nr]?|raten|teilbeträge|differenz|"
        r"rabatt|nachlass|(?:hundert|tausend) (?:euro|eur|franken)|tsd\.? ?(?:euro|eur|€)"
    ),
    Cue.DUE: (
        r"fällig(?:keit)?(?:sdatum|stag)?(?: am| bis| zum| bis zum| ist)?|zahlbar"
        r"(?: bis| am| spätestens| bis spätestens| bis zum)?|zahlungsziel(?: ist)?|zahlungsfrist|"
        r"zahlung(?:seingang)? (?:bis|am|spätestens)(?: zum| am)?|"
        r"(?:zu zahlen|überweisen|begleichen|bezahlen)[^.!?\n]{0,30} bis(?: zum| spätestens)?|"
        r"(?:zahlen|überweisen|begleichen) (?:wir )?(?:bis|am)(?: zum)?|"
        r"(?:überweisen|begleichen|zahlen) sie(?: den (?:gesamt|rechnungs)?betrag)?(?: bitte)?"
        r"(?: bis)?(?: zum)?"
    ),
    Cue.WITHIN: r"innerhalb(?: von)?|binnen|in|nach|zahlungsziel|netto",
    Cue.DAYS: r"tagen?",
    Cue.BILL_TO: (
        r"rechnung(?:sadresse|sempfänger|sanschrift)?(?: an| geht an)|rechnungsadresse|"
        r"rechnungsempfänger|rechnungsanschrift|kunde|auftraggeber|firma|leistungsempfänger"
    ),
    Cue.INVOICE_TO: (
        r"rechnung (?:bitte )?(?:an|für|auf)(?: die)?|ausgestellt auf|auf den namen|zugunsten|"
        r"angebot (?:an|für)(?: die)?|lautend auf|im auftrag der|adressiert an"
    ),
    Cue.VENDOR: r"lieferant|verkäufer|rechnungssteller|kontoinhaber|empfänger|von|absender",
    Cue.ORDER_NUMBER: (
        r"bestell(?:nummer|nr\.?|ung(?: nr\.?)?)|auftrags?(?:nummer|nr\.?)|bestell-nr\.?|"
        r"auftrags-nr\.?|unser zeichen|bestellreferenz"
    ),
    Cue.BILL_NUMBER: r"rechnungs-?(?:nummer|nr\.?)|rechnung(?: nr\.?| nummer)?|beleg-?nr\.?",
    Cue.BILL_DATE: r"rechnungsdatum|ausgestellt am|rechnung vom|datum",
    Cue.SUBJECT_OF: r"für|über",
    Cue.GREETING: r"sehr geehrte[rs]?|liebe[rs]?|guten (?:tag|morgen)|hallo|moin|grüezi|zu händen",
    Cue.STEER: (
        r"ignorier\w{0,4} (?:\w{1,20} ){0,4}(?:regeln|anweisungen|vorgaben)|bereits genehmigt|"
        r"(?:schon )?freigegeben (?:von|durch)|ohne (?:freigabe|genehmigung|rückfrage)|"
        r"genehmigt (?:von|durch)|keine freigabe (?:nötig|erforderlich)"
    ),
}
