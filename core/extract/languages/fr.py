"""French."""

from __future__ import annotations

from core.extract.languages.cues import GAP, Cue

_INVOICE = r"(?:la |une |votre |cette |les )?factures?"

WORDS = {
    Cue.COMMON: "le la les et pour vous nous votre notre est de du des une un merci avec dans au",
    Cue.ASK: (
        r"merci (?:de|d['’]|par avance de)|pou(?:rriez|vez)[ -]vous|pourrais[ -]tu|peux[ -]tu|"
        r"veuillez|je vous (?:prie|remercie)|nous vous (?:prions|remercions)|(?:nous|j['’])"
        r" ?(?:aurions|aurais|avons|ai) besoin|(?:nous|je) (?:souhait\w{2,6}|désir\w{1,6}|"
        r"voudr\w{2,4}|aimer\w{2,4})|svp|s['’]il (?:vous|te) plaît|prière de|combien (?:coûte|"
        r"coûterait)|demande de|il nous faudrait|vous pouvez"
    ),
    Cue.WANT_INVOICE: (
        rf"(?:envoy|adress|établi|émett|fai|transm|prépar|édit|dress|besoin|demand|recev|souhait|"
        rf"parvenir)\w{{0,6}} {GAP}(?:d['’])?{_INVOICE}|(?:nous|me|pouvez|veuillez|de|à) facturer|"
        rf"facturez[ -](?:nous|moi)"
    ),
    Cue.WANT_QUOTE: (
        rf"(?:envoy|adress|établi|fai|transm|prépar|besoin|demand|recev|souhait|obten|parvenir|"
        rf"d['’]un|pour un)\w{{0,6}} {GAP}(?:devis|offre de prix|proposition commerciale|"
        rf"chiffrage)|"
        rf"demande de devis|combien coûter?ait|un devis (?:pour|concernant)"
    ),
    Cue.BILL: (
        rf"(?:ci-joint\w{{0,2}}|en pièce jointe|trouverez|veuillez trouver|jointe?) {GAP}facture|"
        rf"notre facture|ma facture|votre facture (?:n|du|de|est)|facture {GAP}(?:ci-jointe|"
        rf"en pièce)"
        rf"|facture n[°ºo]|numéro de facture"
    ),
    Cue.PAY: (
        r"(?:merci de|veuillez) (?:bien vouloir )?(?:régler|payer|procéder au|effectuer le|virer)|"
        r"règlement|à régler|à payer|montant dû|échéance|net à payer|coordonnées bancaires|rib"
    ),
    Cue.NOT: (
        r"ne pas (?:nous )?(?:facturer|envoyer|établir)|pas encore|n['’]envoyez pas|annul\w{1,6}|"
        r"duplicata|copie de|renvoyer|à nouveau|de nouveau|rectif\w{1,8}|corrig\w{1,4}|avoir|"
        r"relance|rappel|attendez|une fois que|dès que nous"
    ),
    Cue.REPEAT: (
        r"bien reçu (?:votre|la|le)|avons (?:déjà )?(?:payé|réglé|reçu)|déjà (?:payé|réglé)e?|"
        r"merci pour (?:votre|la|le) (?:facture|devis)|(?:une )?question (?:sur|concernant)"
    ),
    Cue.TOTAL: (
        r"total(?: général)?|montant total|montant global|au total|en tout|somme de|"
        r"net à payer|total à payer|forfait(?: de)?|montant dû"
    ),
    Cue.NET: (
        r"ht|hors taxes?|hors tva|h\.t\.|net de taxes|\+ ?(?:\d{1,2} ?% ?)?(?:de )?tva|"
        r"plus tva|tva en sus|sous-total"
    ),
    Cue.GROSS: r"ttc|t\.t\.c\.|toutes taxes comprises|tva (?:incluse|comprise)|brut",
    Cue.TAX: r"tva|taxes?",
    Cue.ASIDE: (
        r"payée?s?|réglée?s?|acompte|avance|budget|jusqu['’]à|au plus|maximum|max|moins de|plus de|"
        r"remise|rabais|réduction|avoir|remboursement|au lieu de|plutôt que|précédente?|"
        r"dernièr\w{1,2}"
        r"|dernier|initialement|environ|autour de|à peu près|entre|pénalités?|capital(?: social)?|"
        r"capital de|moitié|solde|reste|estimée?|ne (?:pas )?dépass\w{1,4}|chiffre d.affaires"
    ),
    Cue.BESIDE: (
        r"déjà|payés?|réglés?|d['’]acompte|de remise|de réduction|maximum|environ|de trop|"
        r"l['’]an dernier|le mois dernier|versés?|de (?:frais de )?port"
    ),
    Cue.UNIT: (
        r"heures?|jours?|journées?|semaines?|mois|ans?|année|unités?|pièces?|personnes?|"
        r"utilisateurs?|licences?|pages?|mots?|nuits?|exemplaires?|séances?|trimestre|bouteilles?|"
        r"cartons?|têtes?"
    ),
    Cue.EACH: (
        r"chacune?|l['’]unité|la pièce|l['’]heure|de l['’]heure|à l['’]heure|par (?:heure|jour|"
        r"mois|"
        r"an|personne|unité|pièce|semaine|page|licence|utilisateur)|le jour|la journée|pièce|"
        r"mensuels?|mensuelle|annuels?|annuelle|horaire|par séance|la séance"
    ),
    Cue.RATE: (
        r"taux horaire(?: de)?|taux journalier(?: de)?|tjm(?: de)?|prix unitaire(?: de)?|"
        r"tarif(?: horaire| journalier)?(?: de)?|mensualité de|loyer de"
    ),
    Cue.CORRECTION: (r"je veux dire|plutôt|erratum|pardon,|correction|en fait|désolée?,|non,"),
    Cue.DOUBT: (
        r"deux fois|double|moitié|chacune?|les deux|respectivement|en plusieurs fois|remise|"
        r"différence|(?:cent|mille) euros?"
    ),
    Cue.DUE: (
        r"(?:date d['’])?échéance(?: le| au| est le| fixée au| du)?|à (?:payer|régler)"
        r"(?: avant le| au plus tard le| pour le| le| sous)?|payable(?: au| avant le| le| sous)?|"
        r"date limite(?: de (?:paiement|règlement))?|(?:paiement|règlement)"
        r"(?: est)?(?: dû)?(?: au plus tard)?(?: avant)?(?: le| à| sous| au)?|"
        r"(?:régler|payer)[^.!?\n]{0,30} (?:avant le|au plus tard le|pour le|sous)"
    ),
    Cue.WITHIN: r"sous|dans(?: les| un délai de)?|à|délai de",
    Cue.DAYS: r"jours?",
    Cue.BILL_TO: (
        r"factur(?:é|er) à|client|adresse de facturation|société|raison sociale|destinataire|"
        r"nom de (?:la société|facturation)"
    ),
    Cue.INVOICE_TO: (
        r"au nom de(?: la société)?|à l['’]ordre de|facture (?:à|pour)(?: la société)?|"
        r"facturer(?: à)?"
        r"|à l['’]attention de|adressée à|libellée au nom de|devis (?:à|pour) la société|"
        r"pour le compte de"
    ),
    Cue.VENDOR: r"fournisseur|vendeur|émetteur|bénéficiaire|titulaire(?: du compte)?|prestataire",
    Cue.ORDER_NUMBER: (
        r"bon de commande(?: n[°ºo]\.?)?|commande(?: n[°ºo]\.?)|bdc(?: n[°ºo]\.?)?|"
        r"n[°ºo]\.? de commande|référence(?: de)? commande|notre référence|notre réf\.?"
    ),
    Cue.BILL_NUMBER: r"facture(?: n[°ºo]\.?)?|n[°ºo]\.? de facture|numéro de facture",
    Cue.BILL_DATE: r"date de (?:la )?facture|date de facturation|date d['’]émission|facture du|"
    r"date",
    Cue.SUBJECT_OF: r"pour|concernant|relative à",
    Cue.GREETING: r"bonjour|bonsoir|cher|chère|chers|madame|monsieur|salut|à l['’]attention de",
    Cue.STEER: (
        r"ignore[rz]? (?:\w{1,20} ){0,4}(?:règles|instructions|consignes)|déjà (?:approuvé|"
        r"validé)e?"
        r" par|sans (?:validation|approbation)|approuvée? par le (?:patron|directeur|propriétaire)"
    ),
}
