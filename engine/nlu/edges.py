"""Settles where a marked name begins and ends: signs, titles, politeness, elisions, legal forms at its edges."""

from __future__ import annotations

import re

from engine.nlu.spans import Span

_ABBREVIATED = {"c", "coop", "agr", "co", "soc", "f.lli"}  # a full stop after them is theirs
# Words that follow a name and are no part of it.
_AFTER_PERSON = re.compile(
    r"[\s,.!]+(?:saluti|cordiali|distinti|buongiorno|buonasera|arrivederci|giusto|scusi|scusate|sol[oa]|soltanto|"
    r"nient['’]altro|presente|eccomi|titolare|l['’](?:assicurat|intestatari)\w+|l[ae]\s+contraente|ripeto|punto|stop|"
    r"e\s+basta|va\s+bene|ved|nat[oa]|vedova|detto|detta|grazie|privat[oa]|cittadin[oa]|cell|tel|mail|email|e-mail|telefono|"
    r"all['’]anagrafe|però|quindi|perch[éè]|siccome|anche\s+se|comunque|attenzione|e\s+tutti|"
    r"cellulare|numero|cognome|nome|non|ma|è|bensì|invece|da\s+(?:roma|milano|napoli|torino|bari|lucca)|per\s+favore)\b.*",
    re.IGNORECASE | re.DOTALL,
)
_AFTER_COMPANY = re.compile(
    r"(?<!delle)[\s,]+(?:saluti|cordiali|distinti|buongiorno|buonasera|salve|arrivederci|va\s+bene|giusto\?|"
    r"(?:di|in|a)\s+(?:via|piazza|corso|viale|provincia)|(?:via|piazza|viale)\s|sono\s+io|è\s+una|siamo|titolare|grazie|mail|email|e-mail|cell|tel|telefono|cellulare|numero|non|tutto|scritto|chiede|"
    r"con\s+sede|la\s+(?:mail|e-?mail|pec|nostra|mia)|e\s+(?:vorre|vogli|siamo|la\s+mail|il\s+numero)\w*)\b.*",
    re.IGNORECASE | re.DOTALL,
)
# `siamo la ditta Costa`: announced; `Società Agricola Costa`: a part of the name.
_ARTICLE_BEFORE = re.compile(r"\b(?:la|mia|nostra|della|alla|l['’]|dell['’]|all['’])\s*$", re.IGNORECASE)
_ANNOUNCING = re.compile(
    r"(?:ditta|societ[àa]'?|azienda|impresa|associazione|cooperativa|attivit[àa]'?)\s+"
    r"(?!agricol|sportiv|cooperativ|edil|individual|cultural|sempli|di\b)",
    re.IGNORECASE,
)
_TITLES = (
    r"sig\.?(?:ra)?|signora?|dott\.?(?:ssa)?|dottor(?:e|essa)?|ing\.?|avv\.?|avvocato|geom\.?|geometra|rag\.?|prof\.?|"
    r"arch\.?|don|suor|privat[oa]|singol[oa]"
)
_LEADING = (
    r"mi\s+chiamo|sono|nome(?:\s+di\s+battesimo)?|(?:di\s+)?battesimo|cognome|uhm|con|in|è\s+la|la\s+scrivente|scrivente|intestatari[oa]|eccolo|segna|segni|qui|"
    r"ehm|dunque|presente|ragione\s+sociale|denominazione(?:\s+sociale)?|registra|scriv[ia]|mett[ia]|subito|certo|ripeto|"
    r"credo|sempre|sarebbe|sarei|è|era|essere|siamo|ops|inserisc[aio]|annot[aio]|mi\s+pare|va\s+bene|"
    r"(?:corrett|giust|esatt|complet)[ao]\s+(?:è|era|sarebbe)|rag\.?\s*soc\.?|r\.s\.|(?:può|puo|potete|potrebbe|puoi)\s+\w+(?:are|ere|ire)"
)
_BEFORE_NAME = re.compile(rf"(?:(?:{_TITLES}|{_LEADING})[\s,:!]+)+", re.IGNORECASE)
_KINDS = (  # what kind of customer it is, said before the name
    r"(?:azienda|società|societa|ditta(?:\s+individuale)?|p\.?\s?iva|partita\s+iva|cliente(?:\s+(?:business|aziendale))?|"
    r"business|impresa|cooperativa|associazione|persona\s+giuridica)\s*[,:–-]|"
    r"(?:ditta(?:\s+individuale)?|p\.?\s?iva|partita\s+iva|cliente\s+(?:business|aziendale)|persona\s+giuridica)(?=\s)|"
    r"^(?:azienda|società|societa)(?=\s)(?!\s+(?:agric|coop|sport|sempl|per\s|a\s|di\b|edil|vinic|tra\b|ital|fra\b|cult))"
)
_BEFORE_COMPANY = re.compile(
    rf"(?:(?:(?:{_LEADING}|lavoro\s+per\s+la|in\s+agenzia)(?=[\s,:!])|{_KINDS})[\s,:!–-]*)+", re.IGNORECASE
)
_AT_ITS_STREET = re.compile(r"condominio\b", re.IGNORECASE)  # `Condominio Via Mazzini 3`
_IN_A_TOWN = re.compile(
    r"(?P<form>\b(?:s\.?\s?r\.?\s?l\.?s?|s\.?p\.?a|s\.?n\.?c|s\.?a\.?s)\b\.?),?\s+(?:di|in|a|da|con\s+sede\s+\w+)\s+\w+$",
    re.IGNORECASE,
)
_JOINED_BEFORE = re.compile(
    r"(?:\b[^\W\d_]+-|\b[^\W\d_]\.\s?|(?<!\w)(?:D|Dell|Dall|Sant|L|O)['’]\s?|^(?:d|dell|dall|sant|o)['’]\s?)$"
)
_HYPHENED = re.compile(r"(?<!\S)[^\W\d_]+-$")
_JOINED_AFTER = re.compile(r"\w?(?:-[^\W\d_]+|['’][A-Z]\w+)")
_OPEN_END = re.compile(
    r"\s+(?:\w*l['’]|d['’]|di|del|della|dal|dalla|la|il|e|o|in|a|con|per)$", re.IGNORECASE
)  # `Neri all'`
_SAID_TWICE = re.compile(r"(?P<one>[^\W\d_]{3,})\s+(?P<again>(?P=one)\s)", re.IGNORECASE)
# What is said before a company in small letters is no part of one that is written with capitals.
_SAID_BEFORE = re.compile(
    r"(?:(?:la|il|lo|i|gli|le|una?|uno|mi[ao]|nostr[ao]|sia|pure|anche|solo|come|ora|adesso|poi)\s+|(?:l|un|all|dall|dell)['’])+"
    r"(?=[A-ZÀ-Ý\"«])"
)
_NEVER_FIRST = re.compile(r"(?:(?:mia|nostra|sia|pure|anche|siamo|la\s+mia|la\s+nostra)\s+)+(?=\S)", re.IGNORECASE)
_REST_OF_WORD = re.compile(r"(?<=[\w.&+'’/-])[\w.&+'’/-]*[\w.+]")  # `12/A`, `Co.Ge.Ma.`
_SPOKEN_FORM = re.compile(r"\besse\s+(?:erre\s+elle(?:\s+esse)?|enne\s+ci|p[ie]\s+a|a\s+esse)\b", re.IGNORECASE)
_ASIDE = re.compile(r"\s*\([^()]*\)?$")
_FORM_FIRST = re.compile(
    r"(?:^|[:,]\s*)(?P<form>s\.?r\.?l\.?s?\.?|s\.?p\.?a\.?|s\.?n\.?c\.?|s\.?a\.?s\.?)\s+$", re.IGNORECASE
)
_SINCE = re.compile(r"\s+dal\s+(?:1[89]|20)\d\d(?!\d)", re.IGNORECASE)
_SPOKEN_ARTICLE = re.compile(r"(?:la|il)\s+(?=[A-ZÀ-Ý])")  # `la Pina Neri`, but `La Rosa Pina` and `la rosa pina`
_SPELT_FORM = re.compile(
    r"(?:\bsociet[àa]'?\s+)?\b(?:a\s+responsabilit[àa]'?\s+limitata(?:\s+semplificata)?|per\s+azioni|"
    r"in\s+nome\s+collettivo|in\s+accomandita(?:\s+(?:semplice|per\s+azioni))?)(?!\w)|"
    r"\b(?:societ[àa]'?|soc\.?)\s+coop(?:erativa|\.)?(?:\s+(?:sociale|agricola|agr\.))?(?:\s+a\s+r\.?\s?l\.?)?(?!\w)|"
    r"\bs\.?r\.?l\.?\s+semplificata\b",
    re.IGNORECASE,
)
_STATE_AFTER = re.compile(
    r"\.?\s*,?\s*(?:in\s+liquidazione|unipersonale|uninominale|(?:a|con)\s+(?:unico\s+socio|socio\s+unico)|società\s+benefit)\b",
    re.IGNORECASE,
)


def settled(text: str, spans: list[Span], was_asked: bool = False) -> list[Span]:
    """Spans with their edges where a name's are: parts of one name joined, what is no part of it left out.

    `was_asked`: found by a reader of answers, who tells a company's announcement and town from its name by himself.
    """
    return [_whole(text, span, was_asked) for span in _joined(text, spans)]


def _joined(text: str, spans: list[Span]) -> list[Span]:
    """`Karl-Ludwig` as one name, and the whole of `Dall'Oglio` where a part of it is marked."""
    joined: list[Span] = []
    for span in spans:
        start, end = span.start, span.end
        if span.label == "company" and (before := _HYPHENED.search(text, 0, start)):
            start = before.start()
        if span.label == "person":
            while start < end and text[start] in "'’ ":
                start += 1
            if before := _JOINED_BEFORE.search(text, 0, start):
                start = before.start()
            if after := _JOINED_AFTER.match(text, end - 1):
                end = after.end()
        if joined and joined[-1].label == span.label == "person" and start <= joined[-1].end:
            joined[-1] = Span(joined[-1].start, max(end, joined[-1].end), "person")
        else:
            joined.append(Span(start, end, span.label))
    return joined


def _whole(text: str, span: Span, was_asked: bool) -> Span:
    """Without signs and words at its edges that are no part of a name, with the last full stop of an abbreviation."""
    start, end = span.start, span.end
    is_company = span.label == "company"
    cut = (_AFTER_COMPANY if is_company else _AFTER_PERSON).search(text, start, end)
    if cut and cut.start() > start and not _AT_ITS_STREET.match(text, start, end):
        end = cut.start()
    lead = (_BEFORE_COMPANY if is_company else _BEFORE_NAME).match(text, start, end)
    if lead and lead.end() < end:
        start = lead.end()
    if is_company and not was_asked and (where := _IN_A_TOWN.search(text, start, end)):
        end = where.start() + len(where["form"])
    if is_company and not was_asked and _ARTICLE_BEFORE.search(text[:start]):
        announced = _ANNOUNCING.match(text, start, end)
        start = announced.end() if announced else start
    while start < end and text[start] in " .,;:-/–—…*_=>|":
        start += 1
    while end > start and text[end - 1] in " ,;:-/!?.–—…*_=<|":
        end -= 1
    while not is_company and end > start and not text[end - 1].isalpha() and text[end - 1] not in ".'’":
        end -= 1  # an emoji
    if not is_company and (cut := _OPEN_END.search(text, start, end)) and cut.start() > start:
        end = cut.start()
    if is_company and was_asked:
        start, end = _as_registered(text, start, end)
    if not is_company and was_asked and (article := _SPOKEN_ARTICLE.match(text, start, end)):
        start = article.end()
    if is_company:
        start, end = _with_quotes_and_state(text, start, end)
    last = text[start:end].rsplit(" ", 1)[-1]
    if (
        span.label == "company"
        and text[end : end + 1] == "."
        and ("." in last or len(last) == 1 or last.lower() in _ABBREVIATED)
    ):
        end += 1
    return Span(start, end, span.label)


def _as_registered(text: str, start: int, end: int) -> tuple[int, int]:
    """`SRL Edilnova 96` with its form, `Tende Neri dal 1920` with its year; `studio Studio Neri` once; whole words."""
    if twice := _SAID_TWICE.match(text, start, end):
        start = twice.start("again")
    if aside := _ASIDE.search(text, start, end):
        end = aside.start() if aside.start() > start else end
    if form := _FORM_FIRST.search(text, 0, start):
        start = form.start("form")
    if "@" not in text and (rest := _REST_OF_WORD.match(text, end)):
        end = rest.end()
    for said in (_SAID_BEFORE, _NEVER_FIRST if start else _SAID_BEFORE):
        if lead := said.match(text, start, end):
            start = lead.end()
    for form in _SPOKEN_FORM.finditer(text, start):
        if form.start() <= end < form.end():
            end = form.end()
    if not _IN_A_TOWN.search(f"{text[start:end]} a Roma") and (year := _SINCE.match(text, end)):
        end = year.end()
    return start, end


def _with_quotes_and_state(text: str, start: int, end: int) -> tuple[int, int]:
    """`"La Rosa" di Neri Ugo` with both quotes, `L'Arte` with its article, a form with what belongs to it."""
    if text[start:end].count('"') % 2 and text[start - 1 : start] == '"':
        start -= 1
    if text[max(start - 2, 0) : start] in {"L'", "L’"} and not text[max(start - 3, 0) : start - 2].strip():
        start -= 2
    for form in _SPELT_FORM.finditer(text, start):
        if form.start() < end or not text[end : form.start()].strip():
            end = max(end, form.end())
    if state := _STATE_AFTER.match(text, end):
        end = state.end()
    return start, end
