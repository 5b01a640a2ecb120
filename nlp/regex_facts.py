"""What can be known of a regular expression without running it.

Two questions are answered from Python's own parse tree: which pieces of text must be there for
the pattern to match (so that most patterns need not be tried at all), and whether the time it
may take is bounded. The parser is an internal module of ``re``; should a later Python move it,
:func:`required_pieces` knows nothing (slower, never wrong).
"""

import functools
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

try:
    from re import _constants as _codes  # type: ignore[attr-defined]
    from re import _parser  # type: ignore[attr-defined]
except ImportError:  # pragma: no cover - a Python without the internal module
    _parser = _codes = None

Clause = frozenset[str]
"""Pieces of text, one of which a matching text must contain."""

MAX_WAYS: Final = 2_000
"""Bound on the product of the widths of a pattern's repeats: the ways to try from one place."""

_MAX_CLASS: Final = 24


def required_pieces(pattern: str) -> tuple[Clause, ...]:
    """Give the clauses a text must satisfy, all of them, for ``pattern`` to match in it."""
    if _parser is None:  # pragma: no cover
        return ()
    return tuple(_clauses(_parsed(pattern)))


def why_costly(pattern: str) -> str | None:
    """Say why ``pattern`` could take unbounded time on hostile text; None if it is harmless.

    Refused are open repeats (``*``, ``+``) of anything but a single character, more than one
    open repeat, references to groups, and what multiplies to more than :data:`MAX_WAYS` ways: gaps, and
    repeated alternatives of which two begin alike (``(?:a|ab|b){1,30}``).
    """
    if _parser is None:  # pragma: no cover
        return None
    if re.search(r"\\[1-9]|\(\?P=|\(\?\(", pattern):
        return "references to groups are not used here"
    costs = _Costs()
    ways = costs.ways(_parsed(pattern))
    if costs.nested:
        return "an open repeat of a group may backtrack for ever; bound it, like {0,8}"
    if costs.open_repeats > 1:
        return "two open repeats (* or +) may backtrack for ever; bound them, like .{0,8}"
    if ways > MAX_WAYS:
        return f"its gaps allow more than {MAX_WAYS} ways from one place; narrow them"
    return None


@functools.lru_cache(maxsize=1024)
def _parsed(pattern: str) -> Any:
    # Both questions are asked of every pattern of the taxonomy at each start.
    return _parser.parse(pattern)


class _Costs:
    """Counts the ways through a parsed pattern, and notes what is open."""

    def __init__(self) -> None:
        self.open_repeats = 0
        self.nested = False

    def ways(self, items: Iterable[Any], *, repeated: bool = False) -> int:
        """Multiply the ways of a sequence (stops growing well above the bound)."""
        product = 1
        for code, value in items:
            product = min(product * self._item(code, value, repeated), MAX_WAYS**2)
        return product

    def _item(self, code: Any, value: Any, repeated: bool) -> int:
        if code in _REPEATS:
            return self._repeat(*value)
        if code == _codes.SUBPATTERN:
            return self.ways(value[3], repeated=repeated)
        if code == _codes.BRANCH:
            ways = [self.ways(branch, repeated=repeated) for branch in value[1]]
            # Said once, one of them goes on at a place; said again and again, each that fits is another way.
            return sum(ways) if repeated and _begin_alike(value[1]) else max(ways)
        if code == _codes.ATOMIC_GROUP:
            return self.ways(value, repeated=repeated)
        if code in _ASSERTIONS:
            return self.ways(value[1], repeated=repeated)
        return 1

    def _repeat(self, low: int, high: int, body: Any) -> int:
        single = len(body) == 1 and body[0][0] in _SINGLE
        if high == _codes.MAXREPEAT:
            self.open_repeats += 1
            self.nested = self.nested or not single
            return 1
        if single:
            return int(high - low + 1)
        inside = self.ways(body, repeated=high > 1)
        if inside == 1:
            return high - low + 1
        return int(min(inside ** min(high, 24) * (high - low + 1), MAX_WAYS**2))


def _begin_alike(branches: Iterable[Any]) -> bool:
    """Say whether two branches may begin with the same character, as far as can be told."""
    seen: set[int] = set()
    for branch in branches:
        if not branch or branch[0][0] != _codes.LITERAL or branch[0][1] in seen:
            return True
        seen.add(branch[0][1])
    return False


def _clauses(items: Iterable[Any]) -> Iterator[Clause]:
    run = ""
    for code, value in (*items, (None, None)):
        if code is not None and code == _codes.LITERAL:
            run += chr(value)
            continue
        if run:
            yield frozenset({run})
            run = ""
        if code is None:
            continue
        if code == _codes.SUBPATTERN:
            yield from _clauses(value[3])
        elif code in _REPEATS and value[0] >= 1:
            yield from _clauses(value[2])
        elif code == _codes.BRANCH:
            yield from _branch_clause(value[1])
        elif code == _codes.IN:
            yield from _class_clause(value)


def _branch_clause(branches: Iterable[Any]) -> Iterator[Clause]:
    pieces: set[str] = set()
    for branch in branches:
        clauses = sorted(_clauses(branch), key=clause_cost)
        if not clauses:
            return
        pieces.update(clauses[0])
    yield frozenset(pieces)


def _class_clause(members: Iterable[Any]) -> Iterator[Clause]:
    characters: set[str] = set()
    for code, value in members:
        if code == _codes.LITERAL:
            characters.add(chr(value))
        elif code == _codes.RANGE and value[1] - value[0] < _MAX_CLASS:
            characters.update(map(chr, range(value[0], value[1] + 1)))
        else:
            return
    if len(characters) <= _MAX_CLASS:
        yield frozenset(characters)


def clause_cost(clause: Clause) -> int:
    """Say how often a clause is likely met by chance: single characters are common."""
    return sum(12 if len(piece) == 1 else 1 for piece in clause)


_REPEATS: Final = (_codes.MAX_REPEAT, _codes.MIN_REPEAT, _codes.POSSESSIVE_REPEAT) if _codes else ()
_ASSERTIONS: Final = (_codes.ASSERT, _codes.ASSERT_NOT) if _codes else ()
_SINGLE: Final = (_codes.LITERAL, _codes.NOT_LITERAL, _codes.ANY, _codes.IN) if _codes else ()
