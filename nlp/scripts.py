"""Which script a text is written in, and Traditional to Simplified.

OpenCC is asked once for every Han character, and the answers are kept for later starts (asking
takes a tenth of a second and 30 MB); after that both questions are set operations. Several
characters that OpenCC maps are also ordinary in Simplified texts (``乾隆``, ``慰藉``): they convert
in context but say nothing about the writer.
"""

import functools
import re
from typing import Final, Literal, NamedTuple

import opencc

from nlp.kept import kept

Script = Literal["zh_CN", "zh_TW", "en"]

_HAN_RANGES: Final = ((0x3400, 0x4DC0), (0x4E00, 0xA000), (0xF900, 0xFB00))
_HAN: Final = re.compile("[" + "".join(f"{chr(first)}-{chr(end - 1)}" for first, end in _HAN_RANGES) + "]")
# 通用规范汉字表 (2013), appendix 1, notes: forms that stay legal beside the simplified one;
# and simplified forms that Traditional texts have always used too.
_LEGAL_IN_SIMPLIFIED: Final = frozenset("乾夥剋徵瞭藉麽鍾餘閤於著摺甯昇")
_LEGAL_IN_TRADITIONAL: Final = frozenset(
    "后里面台才干几云系余只松谷斗丑表卜出刮回家志曲板姜秋胡致范征郁须钟朱杰向制注周"
    "准涂游占布吃背采升托沈党累苹仆舍叶吁万与丰个么于伙价佣克冬冲厂広听吓咸唇团困坛"
    "夸宁岳巨帘并广弦当杯欲汇湿尽确种签私网胜腊赞辟雇霉"
)


def script_of(text: str) -> Script:
    """Say which script the citizen writes: ``zh_TW``, ``zh_CN``, or ``en`` (no Han at all).

    One quoted Traditional word does not make a Simplified text Traditional. A text with
    neither Han nor Latin letters counts as ``zh_CN``. Never raises.
    """
    beginning = text[:2_000]
    telling = _telling()
    characters = set(beginning)
    traditional = len(characters & telling.traditional)
    if traditional and traditional * 2 >= len(characters & telling.simplified):
        return "zh_TW"
    if not _HAN.search(beginning) and any(c.isascii() and c.isalpha() for c in characters):
        return "en"
    return "zh_CN"


def to_simplified(text: str) -> str:
    """Convert to Simplified in context, character for character: the length never changes.

    ``text`` holds no lone surrogates.
    """
    converted: str = _to_simplified().convert(text)
    if len(converted) == len(text):
        return converted
    return "".join(_simplified_forms().get(c, c) for c in text)


def traditional_characters() -> frozenset[str]:
    """Give every character that :func:`to_simplified` may change."""
    return _telling().changed


class _Telling(NamedTuple):
    """Characters that conversion to Simplified changes, and those that tell the script of a writer."""

    changed: frozenset[str]
    traditional: frozenset[str]
    simplified: frozenset[str]


@functools.cache
def _telling() -> _Telling:
    stored = kept("opencc.characters", opencc.__version__, _ask_for_changes).decode()
    changed, simplified = map(frozenset, stored.split("\n"))
    return _Telling(changed, changed - _LEGAL_IN_SIMPLIFIED, simplified - _LEGAL_IN_TRADITIONAL)


def _ask_for_changes() -> bytes:
    """Give the characters that change on the way to Simplified, and on a line of their own to Traditional."""
    to_traditional = opencc.OpenCC("s2t")
    return "\n".join("".join(_changes(converter)) for converter in (_to_simplified(), to_traditional)).encode()


@functools.cache
def _to_simplified() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


@functools.cache
def _simplified_forms() -> dict[str, str]:
    return _changes(_to_simplified())


def _changes(converter: opencc.OpenCC) -> dict[str, str]:
    """Ask about every Han character on a line of its own, in one call."""
    characters = [chr(c) for first, end in _HAN_RANGES for c in range(first, end)]
    answers = converter.convert("\n".join(characters)).split("\n")
    return {c: a for c, a in zip(characters, answers, strict=True) if a != c and len(a) == 1}
