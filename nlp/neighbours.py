"""The messages most like a given one, among a hundred thousand, in milliseconds.

An inverted index over the features of fingerprints, in memory, filled bit by bit. The rarest features of a message are
looked up first and only so many entries are looked at, so that a flood of one text costs no more than others; what
comes out is compared as :func:`nlp.similarity.likeness` would.
"""

import threading
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlp.fingerprint import MOST_PLACES, MOST_TOPICS, NAMED, Codes, Fingerprint, rarity
from nlp.postings import Block, block_of, mergeable, merged
from nlp.similarity import SAME, Likeness, total_of

BUDGET: Final = 100_000
"""Entries looked at for one question."""
COMPARED: Final = 128
"""Rows compared in full."""
AT_PLACE: Final = 4_000
"""Rows looked at because they name the same place, the newest."""
COPIES: Final = 200
"""Keys given of rows that are the same word for word, the newest."""

_PLACE_SALT: Final = np.uint32(0x5BD1E995)
_CHANCE: Final = 255.0
_BY_ROW: Final = ("_key", "_norm", "_alive", "_shelf", "_places", "_topic", "_chance")
"""The arrays that have a line for every row."""


class Entry(NamedTuple):
    """``key``: a case's id. ``shelf``: a station's id; what lies on other shelves than those asked for is not found."""

    key: int
    shelf: int
    print: Fingerprint


class Found(NamedTuple):
    key: int
    likeness: Likeness


class Neighbours:
    """Threads may share it: what is asked waits for nothing longer than a few entries being added."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._growing = threading.Lock()
        self._blocks: list[Block] = []
        self._codes: dict[str, int] = {}
        self._row_of: dict[int, int] = {}
        self._same: dict[int, int] = {}
        self._copies: dict[int, dict[int, None]] = {}
        self._rows = 0
        self._key = np.zeros(0, np.int64)
        self._norm = np.zeros(0, np.float32)
        self._alive = np.zeros(0, np.bool_)
        self._shelf = np.zeros(0, np.int64)
        self._places = np.zeros((0, MOST_PLACES), np.uint32)
        self._topic = np.zeros((0, MOST_TOPICS), np.int16)
        self._chance = np.zeros((0, MOST_TOPICS), np.uint8)

    def __len__(self) -> int:
        return len(self._row_of)

    def __contains__(self, key: int) -> bool:
        return key in self._row_of

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays; the dictionaries of keys come to some 250 more an entry."""
        by_row: int = sum(getattr(self, name).nbytes for name in _BY_ROW)
        return by_row + sum(block.nbytes for block in self._blocks)

    def add(self, entries: Iterable[Entry]) -> None:
        """Add entries, or put them in the place of those with the same keys. Empty fingerprints are left out."""
        with self._growing:
            with self._lock:
                self._put(list(entries))
            self._merge()

    def remove(self, keys: Iterable[int]) -> None:
        """Forget entries; keys that are not there are passed over."""
        with self._growing:
            with self._lock:
                for key in keys:
                    self._drop(key)
            self._shrink()

    def find(
        self, print: Fingerprint, *, shelves: Collection[int] | None = None, limit: int = 20, but: int | None = None
    ) -> list[Found]:
        """The entries that may be of the same matter, the most alike first, at most ``limit``.

        ``shelves`` None: all of them. ``but``: a key that is not wanted, as a rule the message's own.
        """
        with self._lock:
            rows, likenesses = self._alike(print, shelves)
            found: list[Found] = []
            for row, like in zip(rows, likenesses, strict=True):
                keys = list(self._copies.get(row) or [int(self._key[row])])[-COPIES:]
                found += [Found(key, like) for key in reversed(keys) if key != but]
                if len(found) >= limit:
                    break
            return found[:limit]

    # --- asking ------------------------------------------------------------------------------------------------

    def _alike(self, print: Fingerprint, shelves: Collection[int] | None) -> tuple[list[int], list[Likeness]]:
        if not self._rows or not len(print.pairs):
            return [], []
        squares = rarity(print.pairs).astype(np.float64) ** 2
        norm = float(np.sqrt(squares.sum()))
        spans = [block.slices(print.pairs) for block in self._blocks]
        frequency = np.sum([end - begin for begin, end in spans], axis=0)
        order = np.argsort(frequency, kind="stable")
        within = order[: max(1, int(np.searchsorted(np.cumsum(frequency[order]), BUDGET, side="right")))]
        points = self._points(spans, squares, within)
        words = points / (norm * self._norm[: self._rows])
        usable = self._alive[: self._rows]
        if shelves is not None:
            usable = usable & np.isin(self._shelf[: self._rows], np.array(sorted(shelves), np.int64))
        near = np.flatnonzero(usable & (words > 0.1))
        near = _best(near, words[near], COMPARED)
        here = self._at_place(print.places)
        rows = np.union1d(near, here[usable[here]])
        places, topics = self._place(rows, print.places), self._topics(rows, print.topics)
        best = _best(np.arange(len(rows)), total_of(words[rows], places, topics), COMPARED)
        rows, places, topics = rows[best], places[best], topics[best]
        beyond = np.setdiff1d(np.arange(len(squares)), within)
        exact = words[rows] + self._rest(spans, squares, beyond, rows) / (norm * self._norm[rows])
        totals = total_of(exact, places, topics)
        ranked = [at for at in np.lexsort((-rows, -exact, -totals)) if totals[at] >= SAME]
        return [int(rows[at]) for at in ranked], [
            Likeness(float(min(totals[at], 1.0)), float(min(exact[at], 1.0)), int(places[at]), float(topics[at]))
            for at in ranked
        ]

    def _points(self, spans: Sequence[Any], squares: NDArray[Any], chosen: NDArray[Any]) -> NDArray[np.float64]:
        """What the chosen features give to each row."""
        rows, points = [np.empty(0, np.int32)], [np.empty(0)]
        for block, (begin, end) in zip(self._blocks, spans, strict=True):
            there = chosen[end[chosen] > begin[chosen]]
            rows += [block.rows[a:b] for a, b in zip(begin[there].tolist(), end[there].tolist(), strict=True)]
            points.append(np.repeat(squares[there], (end - begin)[there]))
        total = np.bincount(np.concatenate(rows), np.concatenate(points), minlength=self._rows)
        return total.astype(np.float64, copy=False)

    def _rest(
        self, spans: Sequence[Any], squares: NDArray[Any], beyond: NDArray[Any], rows: NDArray[Any]
    ) -> NDArray[np.float64]:
        """What the features that were too frequent to be looked at give to the rows that are left."""
        points = np.zeros(len(rows))
        if not len(rows):
            return points
        for block, (begin, end) in zip(self._blocks, spans, strict=True):
            for feature in beyond:
                having = block.rows[begin[feature] : end[feature]]
                if len(having):
                    at = np.minimum(np.searchsorted(having, rows), len(having) - 1)
                    points[having[at] == rows] += squares[feature]
        return points

    def _at_place(self, places: Codes) -> NDArray[Any]:
        """The rows that name one of these places by name."""
        named = _as_features(places[places & 3 == NAMED])
        rows = [np.empty(0, np.int32)]
        for block in self._blocks:
            begin, end = block.slices(named)
            rows += [block.rows[a:b] for a, b in zip(begin.tolist(), end.tolist(), strict=True)]
        return np.unique(np.concatenate(rows))[-AT_PLACE:]

    def _place(self, rows: NDArray[Any], asked: Codes) -> NDArray[Any]:
        """As :func:`nlp.similarity.compare_places`, for many rows."""
        theirs = self._places[rows]
        kinds = _kinds(theirs, theirs != 0)
        shared = np.zeros(len(rows), np.uint8)
        for code in asked.tolist():
            shared |= (theirs == code).any(axis=1).astype(np.uint8) << np.uint8(code & 3)
        ours = _kinds(asked[None, :], asked[None, :] != 0)[0]
        apart = (kinds & ours & ~shared) != 0
        return np.where(apart, -1, np.where(shared & (1 << NAMED), 2, (shared != 0).astype(np.int64)))

    def _topics(self, rows: NDArray[Any], asked: Sequence[tuple[str, float]]) -> NDArray[np.float64]:
        agreed = np.zeros(len(rows))
        theirs, chance = self._topic[rows], self._chance[rows] / _CHANCE
        for code, probability in asked:
            agreed += np.where(theirs == self._codes.get(code, -2), np.sqrt(chance * probability), 0.0).sum(axis=1)
        return agreed

    # --- growing and shrinking ---------------------------------------------------------------------------------

    def _put(self, entries: Sequence[Entry]) -> None:
        new: list[Entry] = []
        for entry in {entry.key: entry for entry in entries}.values():
            self._drop(entry.key)
            if not len(entry.print.pairs):
                continue
            same = hash((entry.shelf, entry.print.whole))
            row = self._same.get(same)
            if row is None or (row < self._rows and not self._alive[row]):
                self._same[same] = row = self._rows + len(new)
                new.append(entry)
            elif row < self._rows:
                self._copies.setdefault(row, {int(self._key[row]): None})[entry.key] = None
            else:
                self._copies.setdefault(row, {new[row - self._rows].key: None})[entry.key] = None
            self._row_of[entry.key] = row
        if not new:
            return
        first, self._rows = self._rows, self._rows + len(new)
        self._make_room()
        for row, entry in enumerate(new, first):
            self._describe(row, entry)
        features = [np.concatenate([e.print.pairs, _as_features(e.print.places)]) for e in new]
        self._blocks = [*self._blocks, block_of([np.unique(each) for each in features], first)]

    def _make_room(self) -> None:
        if self._rows > len(self._norm):
            size = max(1024, self._rows * 5 // 4)
            for name in _BY_ROW:
                old = getattr(self, name)
                grown = np.zeros((size, *old.shape[1:]), old.dtype)
                grown[: len(old)] = old
                setattr(self, name, grown)

    def _describe(self, row: int, entry: Entry) -> None:
        fingerprint = entry.print
        self._key[row] = entry.key
        self._norm[row] = np.sqrt((rarity(fingerprint.pairs) ** 2).sum())
        self._alive[row] = True
        self._shelf[row] = entry.shelf
        self._places[row, : len(fingerprint.places)] = fingerprint.places
        self._topic[row] = -1
        for at, (code, chance) in enumerate(fingerprint.topics):
            self._topic[row, at] = self._codes.setdefault(code, len(self._codes))
            self._chance[row, at] = round(min(max(chance, 0.0), 1.0) * _CHANCE)

    def _drop(self, key: int) -> None:
        row = self._row_of.pop(key, None)
        if row is None:
            return
        copies = self._copies.get(row)
        if copies is None:
            self._alive[row] = False
            return
        del copies[key]
        if len(copies) == 1:
            (self._key[row],) = self._copies.pop(row)

    def _merge(self) -> None:
        """Merge blocks of one size. The work is done beside those who ask; only the swap is under the lock."""
        while (begin := mergeable(self._blocks)) is not None:
            new_row = np.where(self._alive[: self._rows], np.arange(self._rows, dtype=np.int32), np.int32(-1))
            block = merged(self._blocks[begin:], new_row)
            with self._lock:
                self._blocks = [*self._blocks[:begin], block]

    def _shrink(self) -> None:
        """Renumber the rows when most are gone."""
        living = int(self._alive.sum())
        if self._rows < 1024 or living * 2 > self._rows:
            return
        alive = self._alive[: self._rows]
        new_row = np.where(alive, np.cumsum(alive) - 1, -1).astype(np.int32)
        block = merged(self._blocks, new_row)._replace(size=living)
        with self._lock:
            self._blocks = [block]
            for name in _BY_ROW:
                setattr(self, name, getattr(self, name)[: self._rows][alive])
            self._copies = {int(new_row[row]): keys for row, keys in self._copies.items()}
            self._row_of = {key: int(new_row[row]) for key, row in self._row_of.items()}
            self._same = {same: int(new_row[row]) for same, row in self._same.items() if new_row[row] >= 0}
            self._rows = living


def _best(rows: NDArray[Any], points: NDArray[Any], count: int) -> NDArray[Any]:
    return rows if len(rows) <= count else rows[np.argpartition(-points, count)[:count]]


def _as_features(places: Codes) -> Codes:
    return (places * np.uint32(0x9E3779B1)) ^ _PLACE_SALT


def _kinds(codes: NDArray[Any], given: NDArray[Any]) -> NDArray[Any]:
    """The kinds of places among each row's codes, a bit each."""
    bits = np.where(given, np.uint8(1) << (codes & 3).astype(np.uint8), np.uint8(0)).astype(np.uint8)
    together: NDArray[np.uint8] = np.bitwise_or.reduce(bits, axis=1, initial=0)
    return together
