"""Spanish."""

from __future__ import annotations

from core.extract.languages.cues import GAP, Cue

WORDS = {
    Cue.COMMON: "el la los las por para que una un de con su nos favor gracias del en es y le se",
    Cue.ASK: (
        r"por favor|podr(?:ía|ías|ían|íais)|puede[ns]?|necesit(?:amos|o|aríamos|aría)|"
        r"nos gustaría|me gustaría|(?:le|les|te)? ?(?:agradecer(?:ía|íamos|emos)|ruego|rogamos)|"
        r"ruego|rogamos|solicit(?:amos|o|ar)|quisi(?:era|éramos)|favor de|quer(?:emos|ríamos|ría)|"
        r"cuánto (?:cuesta|costaría|nos costaría)|solicitud de|(?:envíe|mánde|emíta|hága|factúre)"
        r"(?:n|s)?(?:me|nos)"
    ),
    Cue.WANT_INVOICE: (
        rf"(?:envi|enví|emit|emít|hac|hág|mand|mánd|prepar|remit|remít|gener|exped|necesit|solicit|"
        rf"quer|recib|hiciera|extiend)\w{{0,9}} {GAP}facturas?|facturar(?:nos|me|le|la|lo)?|"
        rf"factúre(?:nos|me)|nos facture[ns]?"
    ),
    Cue.WANT_QUOTE: (
        rf"(?:envi|enví|hac|hág|mand|mánd|prepar|remit|elabor|necesit|solicit|quer|recib|pas|"
        rf"gustaría"
        rf"|pedir)\w{{0,9}} {GAP}(?:presupuesto|cotización|oferta)|solicitud de (?:presupuesto|"
        rf"cotización)|cuánto (?:nos )?(?:cuesta|costaría)|presupuestar(?:nos|me)?"
    ),
    Cue.BILL: (
        rf"(?:adjunt|anex|encontrará|envi|remit)\w{{0,6}} {GAP}factura|nuestra factura|mi factura|"
        rf"su factura (?:n|de|del|está)|factura {GAP}adjunta|factura n[.ºo°]|número de factura"
    ),
    Cue.PAY: (
        r"(?:rogamos|por favor|agradecemos)[^.!?\n]{0,40}(?:pago|abon|pag|transfer)\w{0,6}|"
        r"realizar el pago|importe a pagar|total a pagar|vencimiento|pagadero|datos bancarios|"
        r"forma de pago|vence el"
    ),
    Cue.NOT: (
        r"no (?:nos )?(?:factur|envi|emit|mand)\w{1,4}|todavía no|aún no|anul\w{1,4}|cancel\w{1,6}|"
        r"duplicado|copia de|de nuevo|otra vez|reenvi\w{1,4}|rectificativa|correg\w{1,6}|abono de|"
        r"recordatorio|esper(?:e|en|ar)|una vez que|cuando hayamos"
    ),
    Cue.REPEAT: (
        r"hemos (?:recibido|pagado|abonado)|ya (?:pagada?|hemos pagado|abonada)|"
        r"gracias por (?:su|la|"
        r"el|tu) (?:factura|presupuesto)|(?:una )?(?:pregunta|duda|consulta) sobre"
    ),
    Cue.TOTAL: (
        r"total(?: general)?|importe total|en total|suma de|total a pagar|importe a pagar|"
        r"precio cerrado(?: de)?|monto total"
    ),
    Cue.NET: (
        r"neto|más (?:el )?(?:\d{1,2} ?% ?)?(?:de )?(?:iva|impuestos)|\+ ?(?:\d{1,2} ?% ?)?iva|"
        r"sin iva|iva no incluido|antes de impuestos|base imponible|i\.v\.a\. no incluido|subtotal"
    ),
    Cue.GROSS: r"iva incluido|con iva|incluido iva|impuestos incluidos|bruto|iva inc\.?",
    Cue.TAX: r"iva|i\.v\.a\.|impuestos?",
    Cue.ASIDE: (
        r"pagad[oa]s?|abonad[oa]s?|anticipo|depósito|señal|presupuesto(?: máximo)? (?:de|es)|hasta|"
        r"como máximo|máximo|menos de|más de|descuento|abono|reembolso|en lugar de|en vez de|"
        r"anterior(?:es)?|últim[oa]|originalmente|aproximadamente|alrededor de|unos|unas|cerca de|"
        r"entre|recargo|capital(?: social)?|mitad|resto|pendiente|estimad[oa]|no superar|"
        r"facturación"
    ),
    Cue.BESIDE: (
        r"ya|pagad[oa]s?|de anticipo|de descuento|como máximo|aproximadamente|el año pasado|"
        r"el mes pasado|de más|abonad[oa]s?|de (?:gastos de )?envío"
    ),
    Cue.UNIT: (
        r"horas?|días?|jornadas?|semanas?|mes(?:es)?|años?|unidad(?:es)?|uds?|piezas?|personas?|"
        r"usuarios?|licencias?|páginas?|palabras?|noches?|ejemplares|sesion(?:es)?|sesión|"
        r"trimestre|botellas?|cajas?"
    ),
    Cue.EACH: (
        r"cada un[oa]|la hora|por (?:hora|día|mes|año|persona|unidad|pieza|página|licencia|usuario|"
        r"semana|sesión|noche)|al (?:mes|día|año)|mensual(?:es)?|anual(?:es)?|diari[oa]s?|"
        r"la unidad|por cabeza|la pieza"
    ),
    Cue.RATE: (
        r"tarifa(?: horaria| diaria)?(?: de)?|precio unitario(?: de)?|precio por \w{1,12}(?: de)?|"
        r"cuota(?: mensual)? de"
    ),
    Cue.CORRECTION: (
        r"quiero decir|mejor dicho|perdón,|corrección|en realidad|disculpe,|errata|"
        r"no,"
    ),
    Cue.DOUBT: (
        r"dos veces|doble|mitad|cada|ambos|ambas|plazos|respectivamente|descuento|diferencia|"
        r"(?:cien|ciento|mil) euros?"
    ),
    Cue.DUE: (
        r"(?:fecha de )?vencimiento(?: el| es el)?|vence(?: el)?|pagader[oa](?: el| antes del)?|"
        r"fecha límite(?: de pago)?|(?:pago|abono)[^.!?\n]{0,20} (?:antes del|hasta el|el|a)|"
        r"a pagar (?:antes del|el|hasta el)|(?:pagar|abonar)[^.!?\n]{0,30} (?:antes del|"
        r"a más tardar"
        r" el|hasta el|el)|forma de pago|plazo de pago|condiciones de pago"
    ),
    Cue.WITHIN: r"en|a|dentro de|en un plazo de|plazo de",
    Cue.DAYS: r"días?(?: naturales)?",
    Cue.BILL_TO: (
        r"facturar a|cliente|datos de facturación|dirección de facturación|razón social|empresa|"
        r"destinatario|nombre fiscal"
    ),
    Cue.INVOICE_TO: (
        r"a nombre de(?: la empresa)?|facturar a|factura (?:a|para)(?: la empresa)?|"
        r"a favor de|presupuesto (?:a|para)(?: la empresa)?|dirigida a|por cuenta de"
    ),
    Cue.VENDOR: r"proveedor|vendedor|emisor|beneficiario|titular(?: de la cuenta)?",
    Cue.ORDER_NUMBER: (
        r"(?:n[º°.o]{1,2}|número) de pedido|pedido(?: n[º°.o]{1,2})?|"
        r"orden de compra(?: n[º°.o]{1,2})?"
        r"|nuestra referencia|oc"
    ),
    Cue.BILL_NUMBER: r"factura(?: n[º°.o]{1,2}| núm\.?)?|(?:n[º°.o]{1,2}|número) de factura",
    Cue.BILL_DATE: r"fecha de (?:la )?factura|fecha de emisión|factura del|fecha",
    Cue.SUBJECT_OF: r"por|para|correspondiente a|en concepto de",
    Cue.GREETING: r"estimad[oa]s?|hola|buenos días|buenas tardes|buenas|querid[oa]s?|"
    r"muy señor(?:es)?",
    Cue.STEER: (
        r"ignor[ea]n? (?:\w{1,20} ){0,4}(?:reglas|instrucciones|normas)|"
        r"ya (?:está )?aprobad[oa] por|"
        r"sin (?:aprobación|autorización)|aprobad[oa] por el (?:dueño|jefe|propietario)"
    ),
}
