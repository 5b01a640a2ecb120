"""What people talk about more than before: topics of a week, named by their own words.

A topic is either one matter (messages that :mod:`nlp.similarity` takes for the same) or a word that so many more people
use than in the weeks before that chance does not explain it. Only what several people say is shown, word by word too:
no name of a topic can come from one person's message.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from nlp.fingerprint import Fingerprint
from nlp.neighbours import Entry, Neighbours
from nlp.normalise import normalise
from nlp.places import find_places_in
from nlp.privacy import mask

FEWEST: Final = 3
"""People: what fewer say is not shown, so that nobody is exposed."""
SURPRISE: Final = 15.1
"""Log-likelihood ratio from which a word counts as rising: chance alone reaches it once in 10,000 words."""
FIRST: Final = 150
"""Characters whose words can name a topic: people say first what it is about."""
_ALIKE: Final = 200
_TOGETHER: Final = 0.5
_SHARE: Final = 0.34
"""Of a topic's people so many use a word that names it."""
_NAMES: Final = 3
_SAYS_NOTHING: Final = frozenset(
    re.findall(
        r"\w+",
        "我们 你们 他们 大家 自己 一个 一些 这个 那个 这些 那些 这种 这样 什么 怎么 为什么 如何 是否 能否 请问 没有 "
        "不是 还是 可以 已经 现在 目前 一直 还有 以及 因为 由于 所以 但是 如果 就是 都是 关于 对于 进行 以下 以上 非常 "
        "很多 许多 多次 希望 恳请 请求 要求 建议 咨询 反映 反应 投诉 举报 问题 情况 事情 领导 书记 市长 县长 区长 政府 "
        "部门 有关 相关 尊敬 您好 你好 谢谢 感谢 解决 处理 小区 业主 居民 群众 市民 村民 今天 昨天 今年 去年 全部 ",
    )
)
_WORD: Final = re.compile(r"[\u4e00-\u9fff]{2,6}|[a-z]{3,12}")


class Voice(NamedTuple):
    """One case of the week: ``people`` who told of it, its words (of 2 to 6 characters) and the places it names."""

    key: int
    people: tuple[int, ...]
    print: Fingerprint
    words: frozenset[str]
    places: frozenset[str]


@dataclass(frozen=True, slots=True)
class Topic:
    """``matter``: all seem to tell of one matter. ``weights``: how much each word says of the topic."""

    voices: tuple[Voice, ...]
    matter: bool
    weights: dict[str, float] = field(repr=False)


class Named(NamedTuple):
    """A topic as it may be shown: ``words`` and ``place`` are each used by at least :data:`FEWEST` people."""

    words: tuple[str, ...]
    place: str | None
    people: int
    keys: tuple[int, ...]


def voice(key: int, people: Sequence[int], text: str, print: Fingerprint, cut: Callable[[str], Iterable[str]]) -> Voice:
    """Take the words and places of a message. ``cut`` splits a text into words (:meth:`nlp.segment.Segmenter.cut`)."""
    form = normalise(mask(text))
    places = [place for place in find_places_in(form) if place.kind not in ("building", "town")]
    return Voice(key, tuple(people), print, words_of(form.text, cut), frozenset(place.name for place in places))


def words_of(text: str, cut: Callable[[str], Iterable[str]]) -> frozenset[str]:
    """The different words of the beginning of a text in matching form; none that was masked, none that says nothing."""
    return frozenset(word for word in cut(text[:FIRST]) if _WORD.fullmatch(word) and word not in _SAYS_NOTHING)


def hot_topics(week: Sequence[Voice], before: Counter[str], texts_before: int, most: int = 20) -> list[Topic]:
    """The topics of a week, those of most people first.

    ``before``: how many of the ``texts_before`` messages of the weeks before hold a word. Where there are too few of
    them to tell what is usual (less than half of the week's), words alone make no topic.
    """
    surprise = _surprise(week, before, texts_before)
    counted = Counter(word for each in week for word in each.words)
    texts = texts_before + len(week) + 1
    weights = {word: math.log(texts / (before[word] + counted[word])) for word in surprise}
    topics = [Topic(tuple(group), True, weights) for group in _matters(week)]
    if texts_before * 2 >= len(week):
        taken = {each.key for topic in topics for each in topic.voices}
        left = [each for each in week if each.key not in taken]
        topics += [Topic(tuple(group), False, weights) for group in _risen(left, surprise)]
    return sorted(topics, key=lambda topic: -count_people(topic.voices))[:most]


def named(topic: Topic, visible: Collection[int]) -> Named | None:
    """The topic as somebody may see it who sees these cases; None when that is of too few people, or has no name."""
    voices = [each for each in topic.voices if each.key in visible]
    people = count_people(voices)
    if people < FEWEST:
        return None
    least = max(FEWEST, math.ceil(_SHARE * people))
    words = {word: count for word, count in _by_people(voices, lambda each: each.words).items() if count >= least}
    ranked = sorted(words, key=lambda word: (-(words[word] ** 2) * topic.weights.get(word, 0.0), word))
    places = _by_people(voices, lambda each: each.places)
    place = max(places, key=lambda name: (places[name], name), default=None)
    shown_place = place if place is not None and places[place] >= least else None
    shown = _apart([word for word in ranked if topic.weights.get(word, 0.0) > 0], shown_place or "")
    if not shown and shown_place is None:
        return None
    return Named(tuple(shown), shown_place, people, tuple(each.key for each in voices))


def count_people(voices: Iterable[Voice]) -> int:
    return len({person for each in voices for person in each.people})


def _by_people(voices: Iterable[Voice], of: Callable[[Voice], frozenset[str]]) -> dict[str, int]:
    people: dict[str, set[int]] = defaultdict(set)
    for each in voices:
        for name in of(each):
            people[name].update(each.people)
    return {name: len(who) for name, who in people.items()}


def _apart(words: Sequence[str], place: str) -> list[str]:
    """The first few words of which none is a part of another, or of the place."""
    shown: list[str] = []
    for word in words:
        if word not in place and not any(word in other or other in word for other in shown):
            shown.append(word)
            if len(shown) == _NAMES:
                break
    return shown


def _surprise(week: Sequence[Voice], before: Counter[str], texts_before: int) -> dict[str, float]:
    """For every word that is used more than before, the log-likelihood ratio (Dunning 1993) of the two shares."""
    counted = Counter(word for each in week for word in each.words)
    total_now, total_before = max(len(week), 1), max(texts_before, 1)
    surprise: dict[str, float] = {}
    for word, now in counted.items():
        # As if it had been said once and a half in as many other texts: what is new is not infinitely surprising.
        then = before[word] + 0.5
        share = (now + then) / (total_now + total_before)
        if now / total_now <= then / total_before:
            continue
        expected_now, expected_then = total_now * share, total_before * share
        surprise[word] = 2 * (now * math.log(now / expected_now) + then * math.log(then / expected_then))
    return surprise


def _matters(week: Sequence[Voice]) -> list[list[Voice]]:
    """Groups around the message that most others are like; each message is in one group at most."""
    index = Neighbours()
    index.add(Entry(each.key, 0, each.print) for each in week)
    by_key = {each.key: each for each in week}
    alike = {each.key: [found.key for found in index.find(each.print, limit=_ALIKE)] for each in week}
    groups: list[list[Voice]] = []
    taken: set[int] = set()
    for key in sorted(alike, key=lambda key: (-len(alike[key]), key)):
        if key in taken:
            continue
        group = [by_key[other] for other in dict.fromkeys([key, *alike[key]]) if other not in taken]
        if count_people(group) >= FEWEST:
            taken.update(each.key for each in group)
            groups.append(group)
    return groups


def _risen(voices: Sequence[Voice], surprise: dict[str, float]) -> list[list[Voice]]:
    """Groups of messages that hold a rising word; words that come together are one topic."""
    rising = [word for word, ratio in surprise.items() if ratio >= SURPRISE]
    holding: dict[str, set[int]] = {word: set() for word in rising}
    by_key = {each.key: each for each in voices}
    for each in voices:
        for word in each.words & holding.keys():
            holding[word].add(each.key)
    groups: list[list[Voice]] = []
    taken: set[int] = set()
    for word in sorted(rising, key=lambda word: (-surprise[word], word)):
        keys = holding[word]
        left = keys - taken
        if not keys or len(left) < _TOGETHER * len(keys):
            continue
        group = [by_key[key] for key in sorted(left)]
        if count_people(group) >= FEWEST:
            taken |= left
            groups.append(group)
    return groups
