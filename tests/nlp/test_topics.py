"""Topics of a week, named by their own words, and never by one person's."""

import json
import os
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from nlp.classify import Classifier
from nlp.fingerprint import fingerprint
from nlp.segment import Segmenter
from nlp.taxonomy import default_taxonomy
from nlp.topics import FEWEST, Named, Voice, hot_topics, named, voice, words_of

SHARED = Path(os.environ.get("MASHANG_DATA", Path(__file__).parents[3] / "shared" / "data"))
MESSAGES = SHARED / "hot_unlabelled.jsonl"
CUT = Segmenter().cut


def voices(texts: Sequence[str], topic: str | None = "HJ04", people: Sequence[int] | None = None) -> list[Voice]:
    """One voice a text, each another person unless `people` says who, of one topic, or of None's."""
    who = people or range(1, len(texts) + 1)
    return [
        voice(hash((text, at)) & 0xFFFFFFFF, [person], text, fingerprint(text, ((topic, 1.0),) if topic else ()), CUT)
        for at, (text, person) in enumerate(zip(texts, who, strict=True))
    ]


def names(week: Sequence[Voice], before: Sequence[str] = ()) -> list[Named]:
    counted = Counter(word for text in before for word in words_of(text, CUT))
    every = {each.key for each in week}
    return [found for topic in hot_topics(week, counted, len(before)) if (found := named(topic, every)) is not None]


PLANT = [
    "海悦新城旁边建搅拌站，灰尘满天飞",
    "搅拌站建在海悦新城边上，天天轰隆隆，灰尘大",
    "反对在海悦新城附近建搅拌站，灰尘和噪音受不了",
    "海悦新城的搅拌站什么时候搬走，窗户都不敢开，全是灰尘",
]
ROADS = ("海珀路", "银杏路", "望江街", "青石村")
MATTERS = ("路灯坏了", "下水道堵了", "垃圾没人清", "公交班次少", "医保怎么交", "学位不够", "电梯停了", "树枝压线")
USUAL = [f"{road}{matter}" for road in ROADS for matter in MATTERS]


def test_one_matter_is_named_by_its_place_and_words() -> None:
    (topic,) = names(voices(PLANT), USUAL)
    assert topic.place == "海悦新城"
    assert "搅拌站" in "".join(topic.words)
    assert topic.people == 4
    assert len(topic.keys) == 4


def test_people_are_counted_not_messages() -> None:
    assert names(voices(PLANT, people=[1, 1, 1, 2]), USUAL) == []
    assert names(voices(PLANT, people=[1, 1, 2, 3]), USUAL)[0].people == 3


def test_a_word_that_rises_all_over_the_town_is_a_topic() -> None:
    streets = ["海珀路", "银杏路", "望江街", "青石村", "白沙村", "翠湖花园", "和平大道", "东门巷"]
    said = [
        "又停电了",
        "停电一整晚",
        "三天两头停电",
        "停电没人说什么时候来",
        "从昨天停电",
        "停电了冰箱化了",
        "老停电",
        "停电",
    ]
    week = voices([street + what for street, what in zip(streets, said, strict=True)], topic="GY02")
    found = names(week, [*USUAL * 3])
    assert [topic for topic in found if "停电" in topic.words]
    assert found[0].people == 8
    assert found[0].place is None


def test_what_is_said_every_week_is_no_topic() -> None:
    assert names(voices(USUAL[:8], None), USUAL * 4) == []


def test_without_weeks_before_a_word_makes_no_topic() -> None:
    """Of a station's first week every word would be new."""
    assert names(voices(USUAL, None)) == []


def test_no_word_or_place_of_one_person_names_a_topic() -> None:
    texts = [*PLANT, "海悦新城搅拌站灰尘大，我是住3栋的李大山，电话13800138000"]
    for topic in names(voices(texts), USUAL):
        for name in [*topic.words, topic.place or ""]:
            holders = [text for text in texts if name in text]
            assert len(holders) >= FEWEST
        assert not {"李大山", "大山", "13800138000"} & set(topic.words)


def test_of_a_topic_only_what_one_may_see_counts() -> None:
    week = voices(PLANT)
    (topic,) = hot_topics(week, Counter(), 0)
    assert named(topic, {each.key for each in week[:3]}) is not None
    assert named(topic, {each.key for each in week[:2]}) is None
    assert named(topic, set()) is None


@pytest.mark.parametrize("text", ["", "😀😀😀", "。" * 1000, "\ud800", "a" * 1_000_000, "<script>" * 1000])
def test_nothing_said_by_many_is_no_topic_and_no_crash(text: str) -> None:
    for topic in names(voices([text] * 20), USUAL):
        assert topic.words or topic.place


def test_a_flood_of_one_text_is_one_topic() -> None:
    found = names(voices([PLANT[0]] * 2_000, people=[number % 50 for number in range(2_000)]), USUAL)
    assert sum(topic.people >= FEWEST for topic in found) >= 1
    assert found[0].people == 50


def test_no_weeks_no_voices() -> None:
    assert hot_topics([], Counter(), 0) == []


@pytest.mark.skipif(not MESSAGES.exists(), reason="the messages with times are not at hand")
def test_what_was_hot_in_the_public_messages_is_found() -> None:
    """Three weeks of them, whose hot issues a reader finds by hand: what is found names the estate in question.

    All three on 22 November 2026; the classifier that lends the topics goes on learning."""
    caught = set()
    rows = [json.loads(line) for line in MESSAGES.read_text("utf-8").splitlines()]
    classifier = Classifier(default_taxonomy())
    expected = {"2019-07-15": "诺亚山林", "2019-12-01": "丽发新城", "2020-01-08": "丽发新城"}
    for day, place in expected.items():
        end = datetime.fromisoformat(day)
        timed = [(_time(row["time"]), row) for row in rows]
        week: list[Voice] = []
        before: Counter[str] = Counter()
        texts_before = 0
        for at, row in timed:
            text = f"{row['title'] or ''}\n{row['detail'] or ''}"
            if end - timedelta(days=7) <= at < end:
                topics = [(c.code, c.confidence) for c in classifier.classify(text).categories]
                week.append(voice(row["id"], [row["id"]], text, fingerprint(text, topics), classifier.words))
            elif end - timedelta(days=35) <= at < end:
                before.update(words_of(text, classifier.words))
                texts_before += 1
        every = {each.key for each in week}
        found = [named(topic, every) for topic in hot_topics(week, before, texts_before)]
        caught |= {day for name in found if name is not None and name.place == place}
    assert len(caught) >= 2


def _time(written: str) -> datetime:
    date, _, clock = written.replace("/", "-").partition(" ")
    year, month, day = (int(number) for number in date.split("-"))
    hour, minute, *_ = (*(int(number) for number in clock.split(":") if number), 0, 0)
    return datetime(year, month, day, hour, minute)  # noqa: DTZ001 - the county's own time, compared with itself
