"""Which words of a text spoke for a category: the rules' hits, and the learned model's as readable words.

The model adds up pieces of words (:mod:`nlp.model`). What a piece adds to a leaf is told as what
it adds beyond the average leaf, so that what speaks for everything speaks for nothing. A reader
sees words, not pieces: for the short line of a push those pieces that are words themselves
(:meth:`Reasons.words`), for ``为什么`` every character's part, added up by jieba's words
(:meth:`Reasons.explain`).
"""

import itertools
from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

import numpy as np

from nlp.matching import Hit, source_words
from nlp.model import Floats, Look, Numbers
from nlp.normalise import Normalised
from nlp.ranking import Ranker
from nlp.result import Reason
from nlp.scoring import Points, Scorer
from nlp.segment import Segmenter

MOST_WORDS: Final = 4
"""Words of a push. More are read by nobody."""

_LEARNED_WORDS: Final = 3
_LEAST_CHANCE: Final = 0.05
"""A leaf that is less likely and has no rule is shown without words: they would say as little for it."""

_CANDIDATES: Final = 8
_LEAST_OF_BEST: Final = 0.35
"""A learned word that adds less than this share of what the best one adds is not told."""

_MOST_REASONS: Final = 8
_LEAST_SHARE: Final = 0.03
_LEAST_SHARE_OF_ONE: Final = 0.12
"""A single character is only told if it adds this share: little of what is said is one character long."""
_LONGEST_RUN: Final = 6
_PARTICLES: Final = frozenset("的了着过地得是在和也就都又还很我你他她它这那们吗呢吧啊")
"""Characters that are no part of a reason, unless inside a word."""

_Spread = tuple[list[float], list[float]]


class _Run(NamedTuple):
    """A run of the matching form and what it adds to a leaf's score."""

    start: int
    end: int
    worth: float
    rule: bool = False


class Reasons:
    """What explains one ranker's answers. Immutable after construction."""

    def __init__(self, ranker: Ranker, scorer: Scorer, segmenter: Segmenter, silent: Collection[str]) -> None:
        """Find out which of the model's pieces are words (this loads the dictionary).

        ``silent`` are words that say nothing to a reader when they stand alone.
        """
        self._ranker = ranker
        self._scorer = scorer
        self._segmenter = segmenter
        self._silent = silent
        # One after the other: all at once they would take as much memory as their weights.
        pieces, again = itertools.tee(ranker.model.all_pieces())
        self._words = {
            number: piece
            for number, (piece, known) in enumerate(zip(pieces, segmenter.known(again), strict=True))
            if known and len(piece) > 1 and piece not in silent and piece.isalpha()
        }
        self._is_word = np.zeros(len(ranker.average), bool)
        self._is_word[list(self._words)] = True

    def words(
        self, leaves: Sequence[int], chances: Floats, look: Look, points: Points, form: Normalised
    ) -> dict[int, tuple[str, ...]]:
        """Give the words to show for each of ``leaves``, as they were written: its rules' hits, else learned ones."""
        shown: dict[int, tuple[str, ...]] = {}
        unexplained = []
        for leaf in leaves:
            found = points.get(self._ranker.leaves[leaf].code)
            if found:
                shown[leaf] = source_words(found[1], form)[:MOST_WORDS]
            elif chances.item(leaf) >= _LEAST_CHANCE:
                unexplained.append(leaf)
            else:
                shown[leaf] = ()
        if unexplained:
            shown |= self._learned_words(unexplained, look, form)
        return shown

    def _learned_words(self, leaves: list[int], look: Look, form: Normalised) -> dict[int, tuple[str, ...]]:
        rows = self._is_word.take(look.pieces).nonzero()[0]
        if not len(rows):
            return dict.fromkeys(leaves, ())
        pieces = look.pieces.take(rows)
        added = self._beyond_average(pieces, leaves, look.formal)
        best = added.argsort(axis=0)[: -_CANDIDATES - 1 : -1].T.tolist()
        cut_through = self._segmenter.surroundings(form.text).cut_through
        shown = {}
        for leaf, numbers, worths in zip(leaves, best, added.T, strict=True):
            least = _LEAST_OF_BEST * max(0.0, worths.item(numbers[0]))
            runs: list[tuple[int, int]] = []
            for number in numbers:
                if worths.item(number) <= least or len(runs) == _LEARNED_WORDS:
                    break
                word = self._words[pieces.item(number)]
                start = form.text.find(word)
                end = start + len(word)
                if not any(start < to and of < end for of, to in runs) and not cut_through(start, end):
                    runs.append((start, end))
            shown[leaf] = tuple([form.source(start, end) for start, end in sorted(runs)])
        return shown

    def explain(self, leaf: int, look: Look, points: Points, form: Normalised) -> tuple[Reason, ...]:
        """Give all that spoke for a leaf, the rules' hits first, each kind with the strongest first."""
        category = self._ranker.leaves[leaf]
        parts, bridges = self._spread(leaf, look, form.text)
        runs: list[_Run] = []
        found = points.get(category.code)
        if found:
            hits: Sequence[Hit] = found[1]
            worths = self._scorer.worths(category.code, form.text, hits)
            told = self._ranker.model.rules * found[0] / sum(worths)
            # The longest first: what stands inside another hit is told with it.
            for (_, start, end), worth in sorted(zip(hits, worths, strict=True), key=lambda hit: hit[0][1] - hit[0][2]):
                if not worth or any(of <= start and end <= to for of, to, _, _ in runs):
                    continue
                runs.append(_Run(start, end, worth * told + max(0.0, sum(parts[start:end])), True))
                # What a rule has told is not told again as a learned word.
                parts[start:end] = [0.0] * (end - start)
        runs += self._readable(parts, bridges, form.text)
        total = sum(run.worth for run in runs)
        runs = [run for run in runs if run.rule or run.worth >= _least_share(run) * total]
        runs.sort(key=lambda run: (not run.rule, -run.worth, run.start))
        return tuple(_reason(run, total, form) for run in runs[:_MOST_REASONS])

    def _spread(self, leaf: int, look: Look, text: str) -> _Spread:
        """Give what each character adds to the leaf, and what the pieces across the edge before each character do."""
        model = self._ranker.model
        parts, bridges = [0.0] * len(text), [0.0] * (len(text) + 1)
        if not len(look.pieces):
            return parts, bridges
        added = self._beyond_average(look.pieces, [leaf], look.formal)[:, 0] / look.length
        worth: dict[int, float] = {}
        for piece, one in zip(look.pieces.tolist(), added.tolist(), strict=True):
            worth[piece] = worth.get(piece, 0.0) + one
        places = model.pieces_in(text)
        often: dict[int, int] = {}
        for piece, _, _ in places:
            often[piece] = often.get(piece, 0) + 1
        for piece, start, end in places:
            # A piece counts three times at most however often it is said: each of its places has its share.
            part = worth[piece] / often[piece]
            for at in range(start, end):
                parts[at] += part / (end - start)
            for edge in range(start + 1, end):
                bridges[edge] += part
        return parts, bridges

    def _readable(self, parts: list[float], bridges: list[float], text: str) -> list[_Run]:
        """Add up by words, and join neighbours where the pieces across their edge speak for the leaf too."""
        ends = sorted(self._segmenter.surroundings(text).split(0, len(text)))
        joined: list[_Run] = []
        for start, end in itertools.pairwise(ends):
            worth = sum(parts[start:end])
            if worth <= 0 or not text[start:end].isalpha() or text[start:end] in _PARTICLES:
                continue
            before = joined[-1] if joined else None
            if before and before.end == start and bridges[start] > 0 and end - before.start <= _LONGEST_RUN:
                joined[-1] = _Run(before.start, end, before.worth + worth)
            else:
                joined.append(_Run(start, end, worth))
        return [run for run in joined if text[run.start : run.end] not in self._silent]

    def _beyond_average(self, pieces: Numbers, leaves: list[int], formal: float) -> Floats:
        """Give what pieces add to each leaf beyond the average leaf (pieces x leaves)."""
        weights = self._ranker.model.rows(pieces)
        columns, fields = self._ranker.columns.take(leaves), self._ranker.fields.take(leaves)
        added: Floats = weights.take(columns, axis=1) * self._ranker.model.scale.take(columns)
        if formal:
            added += formal * weights.take(fields, axis=1) * self._ranker.model.scale.take(fields)
        added -= self._ranker.average.take(pieces)[:, None]
        return added


def _least_share(run: _Run) -> float:
    return _LEAST_SHARE if run.end - run.start > 1 else _LEAST_SHARE_OF_ONE


def _reason(run: _Run, total: float, form: Normalised) -> Reason:
    start, end = form.offsets[run.start], form.offsets[run.end - 1] + 1
    return Reason(form.original[start:end], start, end, run.worth / total if total else 0.0, run.rule)
