"""One spelling for what people write in many: case, accents, apostrophes, drawn-out letters, SMS shorthand."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_SHORTHAND = {
    **dict.fromkeys(("nn", "nnn", "no n"), "non"),
    **dict.fromkeys(("xke", "xche", "xk", "perke", "perche", "xchè"), "perche"),
    **dict.fromkeys(("ke", "k", "kè"), "che"),
    **dict.fromkeys(("cm", "kome"), "come"),
    **dict.fromkeys(("cs", "ks", "kosa", "csa"), "cosa"),
    **dict.fromkeys(("cmq", "cmnq"), "comunque"),
    **dict.fromkeys(("grz", "grzie", "grazzie", "tnx", "thx"), "grazie"),
    **dict.fromkeys(("qst", "qsto", "qsta"), "questo"),
    **dict.fromkeys(("msg", "mess", "messagio"), "messaggio"),
    **dict.fromkeys(("cel", "cell", "cellu", "celulare", "cellulre"), "cellulare"),
    **dict.fromkeys(("tel", "telef"), "telefono"),
    **dict.fromkeys(("num", "nr", "nro", "n°"), "numero"),
    **dict.fromkeys(("psw", "pwd", "pw", "pasword", "passwor", "passw", "pass", "paswd", "passwrod"), "password"),
    **dict.fromkeys(("email", "emeil", "imail", "meil", "emali"), "mail"),
    **dict.fromkeys(("cod", "codce", "codic", "kodice"), "codice"),
    **dict.fromkeys(("reg", "registrazzione", "registrazone", "regitrazione"), "registrazione"),
    **dict.fromkeys(("sn", "so no"), "sono"),
    **dict.fromkeys(("pf", "pfv", "xfavore", "perfavore", "x favore"), "per favore"),
    **dict.fromkeys(("buongiono", "bongiorno", "bngiorno", "buongorno", "buon giorno"), "buongiorno"),
    **dict.fromkeys(("buonaser", "bonasera", "buona sera"), "buonasera"),
    **dict.fromkeys(("okay", "okk", "oki", "okey", "okei", "ock"), "ok"),
    "x": "per",
    "d": "di",
    "qlcn": "qualcuno",
    "qlcs": "qualcosa",
    "qnd": "quando",
    "qnt": "quanto",
    "dv": "dove",
    "tt": "tutto",
    "anke": "anche",
    "kiamo": "chiamo",
    "pke": "perche",
    "c'e": "c e",
    "bn": "bene",
    "dp": "dopo",
    "asp": "aspetta",
    "cf": "codice fiscale",
    "piva": "partita iva",
    "p.iva": "partita iva",
}
_WORD = re.compile(r"[^\W_]+|[?!]+|[^\w\s]")
_DRAWN_OUT = re.compile(r"([^\W\d_])\1{2,}")


def fold(text: str) -> str:
    """Lower case, without accents, with one apostrophe."""
    if text.isascii():
        return text.lower().replace("`", "'")
    text = text.replace("’", "'").replace("‘", "'").replace("`", "'").replace("´", "'")
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in plain if not unicodedata.combining(char))


@lru_cache(maxsize=1 << 15)
def word(text: str) -> str:
    """A token as a feature: folded, letters written three times or more once, shorthand written out, digits as 0."""
    folded = _DRAWN_OUT.sub(r"\1", fold(text).strip("'"))
    folded = _SHORTHAND.get(folded, folded)
    if any(char.isdigit() for char in folded):
        return f"0{min(len(folded), 12)}" if folded.isdigit() else re.sub(r"\d", "0", folded)
    return folded


def words(text: str) -> list[str]:
    """The words and signs of a text, each as `word` gives it; a shorthand of two words counts as two."""
    return [part for piece in _WORD.findall(text.replace("’", "'")) for part in word(piece).split()]
