"""The words that questions and wishes are made of, from the NLU's training data; `gateway/wishes.py` reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from areaclienti.domain.text import fold
from areaclienti.gateway.wishes import HARMLESS_INTENTS, HARMLESS_PREFIX
from benchmarks.nlu.evaluate import ROOT

TRAINING = ROOT / "data" / "nlu"
LISTS = ROOT / "areaclienti" / "domain" / "data"
_MARKED = re.compile(r"\[[^\]]*\](?:\{[^}]*\}|\([^)]*\))")
_WORD = re.compile(r"[^\W\d_]+")
_HEADS = {
    "question_words": "Words of the NLU's examples of questions and wishes, without names.",
    "lone_words": "Those of them that are a whole example.",
}


def lists() -> dict[str, frozenset[str]]:
    """`question_words` and `lone_words`, without accents and case."""
    sentences = [_WORD.findall(fold(_MARKED.sub(" ", example))) for example in _examples()]
    lone = (words[0] for words in sentences if len(words) == 1)
    return {"question_words": frozenset(word for words in sentences for word in words), "lone_words": frozenset(lone)}


def write() -> None:
    """Write the lists anew into the domain's data."""
    for name, words in lists().items():
        text = f"# {_HEADS[name]} Written by `python -m benchmarks.interception --write-words`.\n"
        line = ""
        for word in sorted(words):
            if len(line) + len(word) > 118:
                text, line = f"{text}{line}\n", ""
            line = f"{line} {word}".strip()
        (LISTS / f"{name}.txt").write_text(f"{text}{line}\n", encoding="utf-8")


def _examples() -> Iterator[str]:
    for path in sorted(TRAINING.glob("*.yml")):
        for item in yaml.safe_load(path.read_text(encoding="utf-8")).get("nlu") or []:
            intent = item.get("intent", "")
            if intent in HARMLESS_INTENTS or intent.startswith(HARMLESS_PREFIX):
                yield from (line.strip().removeprefix("- ") for line in item["examples"].splitlines())
