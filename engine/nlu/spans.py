"""Marked parts of a text, and the labels of its tokens that say the same."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from engine.nlu.language import Token

Part = tuple[int, int]  # characters of a text, from and to


@dataclass(frozen=True)
class Span:
    """A marked part of a text: characters `start` to `end`, and what it is."""

    start: int
    end: int
    label: str


def labels_of(found: list[Token], marked: Iterable[Span], kinds: Collection[str]) -> list[str]:
    """`B-…` for a token that begins a span of these kinds, `I-…` for the others in it, `O` for the rest."""
    labels = ["O"] * len(found)
    for span in marked:
        if span.label not in kinds:
            continue
        inside = [at for at, token in enumerate(found) if token.start < span.end and span.start < token.end]
        for order, at in enumerate(inside):
            labels[at] = f"{'I' if order else 'B'}-{span.label}"
    return labels


def spans_of(found: list[Token], labels: list[str]) -> list[Span]:
    """The spans that the labels say, in reading order; an `I-` that follows nothing begins one."""
    spans: list[Span] = []
    joined = False
    for token, label in zip(found, labels, strict=True):
        kind = label[2:]
        if label.startswith("B-") or (kind and (not spans or spans[-1].label != kind or not joined)):
            spans.append(Span(token.start, token.end, kind))
        elif kind:
            spans[-1] = Span(spans[-1].start, token.end, kind)
        joined = bool(kind)
    return spans
