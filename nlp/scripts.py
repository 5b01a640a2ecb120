"""Which script a text is written in, and Traditional to Simplified.

OpenCC's tables are asked once for every Han character; after that both questions are set
operations. Several characters that OpenCC maps are also ordinary in Simplified texts
(``乾隆``, ``慰藉``): they convert in context but say nothing about the writer.
"""

import functools
from typing import Final, Literal

import opencc

Script = Literal["zh_CN", "zh_TW", "en"]

_HAN_RANGES: Final = ((0x3400, 0x4DC0), (0x4E00, 0xA000), (0xF900, 0xFB00))
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
    characters = set(text[:2_000])
    traditional = len(characters & _telling_traditional())
    if traditional and traditional * 2 >= len(characters & _telling_simplified()):
        return "zh_TW"
    if characters.isdisjoint(_han()) and any(c.isascii() and c.isalpha() for c in characters):
        return "en"
    return "zh_CN"


def to_simplified(text: str) -> str:
    """Convert to Simplified in context, character for character: the length never changes.

    ``text`` holds no lone surrogates.
    """
    converted: str = _converter("t2s").convert(text)
    if len(converted) == len(text):
        return converted
    table = _single_characters("t2s")
    return "".join(table.get(c, c) for c in text)


def traditional_characters() -> frozenset[str]:
    """Give every character that :func:`to_simplified` may change."""
    return _traditional()


@functools.cache
def _traditional() -> frozenset[str]:
    return frozenset(_single_characters("t2s"))


@functools.cache
def _telling_traditional() -> frozenset[str]:
    return _traditional() - _LEGAL_IN_SIMPLIFIED


@functools.cache
def _telling_simplified() -> frozenset[str]:
    return frozenset(_single_characters("s2t")) - _LEGAL_IN_TRADITIONAL


@functools.cache
def _han() -> frozenset[str]:
    return frozenset(chr(c) for first, end in _HAN_RANGES for c in range(first, end))


@functools.cache
def _converter(table: str) -> opencc.OpenCC:
    return opencc.OpenCC(table)


@functools.cache
def _single_characters(table: str) -> dict[str, str]:
    """Ask OpenCC about every Han character on a line of its own, in one call."""
    characters = sorted(_han())
    answers = _converter(table).convert("\n".join(characters)).split("\n")
    return {c: a for c, a in zip(characters, answers, strict=True) if a != c and len(a) == 1}
