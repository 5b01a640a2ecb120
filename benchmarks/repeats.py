"""How long it takes to find who else told of the same matter, among few and among many open cases.

Beside it, every message compared with every case, as one would without an index. The messages are made of our own
examples (two of them and a made-up place each, some hundred characters).
"""

import gc
import random
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

from nlp.fingerprint import Fingerprint, fingerprint
from nlp.neighbours import Entry, Neighbours
from nlp.similarity import SAME, likeness

ASKED = 200
#: Of many cases so many are compared one by one, and the time is reckoned up.
SCANNED = 5_000
_FIRST = "海银望东城滨青建和翠红光白人金中柳阳南长御幸铁石学云老新大五"
_SECOND = "珀杏江门北河设平湖旗明沙民桂兴春景福桥府山车华塘"
_LAST = ("路", "街", "小区", "花园", "村", "苑", "大道", "巷")
_LEARNED_AT_ONCE = 100


@dataclass(slots=True)
class Found:
    """`median` and `late` (95 in 100 are faster) are milliseconds a message, its fingerprint included; `scan` is what
    comparing with every case would take; `missed` counts what only the scan found, of `expected`. `megabytes`: of the
    index; `learning`: microseconds to add a case."""

    median: float
    late: float
    scan: float
    missed: int
    expected: int
    megabytes: float
    learning: float


def messages(count: int, seed: int = 1) -> Iterator[tuple[str, tuple[tuple[str, float], ...]]]:
    """So many messages with what they are about. Of each hundred five tell of one matter."""
    lines = (files("nlp") / "data" / "examples.tsv").read_text("utf-8").splitlines()[1:]
    examples = [line.split("\t")[:2] for line in lines if not line.startswith("#")]
    rng = random.Random(seed)
    crowd = ("", "", "")
    for number in range(count):
        if number % 20 == 0 and number % 100:
            place, words, leaf = crowd
        else:
            place = f"{rng.choice(_FIRST)}{rng.choice(_SECOND)}{rng.choice(_LAST)}{rng.randrange(1, 40)}栋"
            (words, leaf), (more, _) = rng.choice(examples), rng.choice(examples)
            words = f"{words}，{more}，{rng.choice(examples)[0]}，{rng.choice(examples)[0]}"[:90]
        if number % 100 == 0:
            crowd = place, words, leaf
        yield f"{place}，{words}", ((leaf.partition("/")[0], 0.8),)


def measure(cases: int, scans: int = 3) -> Found:
    """Fill an index with so many cases and ask it."""
    index = Neighbours()
    kept: list[Fingerprint] = []
    texts = messages(cases + ASKED)
    began = time.perf_counter()
    for first in range(0, cases, _LEARNED_AT_ONCE):
        of_piece = range(first, min(first + _LEARNED_AT_ONCE, cases))
        piece = [fingerprint(*next(texts)) for _ in of_piece]
        index.add(Entry(key, 1, print) for key, print in zip(of_piece, piece, strict=True))
        kept += piece
    learning = (time.perf_counter() - began) / cases * 1e6
    gc.collect()
    asked = list(texts)
    taken = []
    for text, topics in asked:
        began = time.perf_counter()
        index.find(fingerprint(text, topics))
        taken.append((time.perf_counter() - began) * 1e3)
    scanned, missed, expected = [], 0, 0
    step = max(1, cases // SCANNED)
    for print in kept[: scans * step : step]:
        began = time.perf_counter()
        alike = {key for key in range(0, cases, step) if likeness(print, kept[key]).total >= SAME}
        scanned.append((time.perf_counter() - began) * 1e3 * step)
        found = {each.key for each in index.find(print, limit=1_000)}
        missed, expected = missed + len(alike - found), expected + len(alike)
    late = statistics.quantiles(taken, n=20)[-1]
    return Found(
        statistics.median(taken), late, statistics.median(scanned), missed, expected, index.nbytes / 1e6, learning
    )
