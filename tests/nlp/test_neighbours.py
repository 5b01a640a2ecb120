"""The index answers as comparing with every message one by one would, and a flood does not slow it."""

import random
import threading
import time
from collections.abc import Callable

import pytest

from nlp.fingerprint import fingerprint
from nlp.neighbours import COPIES, Entry, Neighbours
from nlp.similarity import SAME, likeness

ROADS = ("海珀路", "银杏路", "望江街", "东门巷", "和平大道", "青石村", "翠湖花园", "滨河公园")
MATTERS = ("路灯坏了三天没人修", "下水道堵了满地污水", "半夜施工吵得睡不着", "车乱停把路都占了", "垃圾桶好几天没有清")
ENDS = ("请快来看看", "打了几次电话没人管", "老人孩子走着害怕", "什么时候能好", "")
SHELF = 7


def message(rng: random.Random) -> tuple[str, tuple[tuple[str, float], ...]]:
    matter = rng.randrange(len(MATTERS))
    words = rng.sample(MATTERS[matter], len(MATTERS[matter])) if rng.random() < 0.3 else list(MATTERS[matter])
    text = f"{rng.choice(ROADS)}{rng.choice(('', '3栋', '5栋'))}{''.join(words)}，{rng.choice(ENDS)}"
    return text, ((f"T{matter}", 0.8), (f"T{rng.randrange(5, 9)}", 0.2))


def entry(key: int, text: str, topics: tuple[tuple[str, float], ...] = (), shelf: int = SHELF) -> Entry:
    return Entry(key, shelf, fingerprint(text, topics))


@pytest.mark.parametrize("batch", [1, 7, 300])
def test_finds_what_comparing_with_every_one_finds(batch: int) -> None:
    rng = random.Random(batch)
    entries = [entry(key, *message(rng)) for key in range(300)]
    index = Neighbours()
    for begin in range(0, len(entries), batch):
        index.add(entries[begin : begin + batch])
    gone = set(rng.sample(range(300), 60))
    index.remove(gone)

    for asked in entries[:80]:
        found = {each.key: each.likeness.total for each in index.find(asked.print, limit=1_000)}
        expected = {
            other.key: total
            for other in entries
            if other.key not in gone and (total := likeness(asked.print, other.print).total) >= SAME
        }
        # Topics are kept to the 255th part.
        close = {key for key, total in (found | expected).items() if abs(total - SAME) < 0.02}
        assert found.keys() - close == expected.keys() - close
        assert all(found[key] == pytest.approx(expected[key], abs=0.02) for key in found.keys() & expected.keys())


def test_the_most_alike_come_first_and_one_s_own_does_not_come() -> None:
    index = Neighbours()
    index.add([entry(1, "海珀路的路灯坏了三天没人修"), entry(2, "海珀路的路灯坏了三天没人修，请快来看看")])
    asked = fingerprint("海珀路的路灯坏了三天没人修")
    assert [each.key for each in index.find(asked)] == [1, 2]
    assert [each.key for each in index.find(asked, but=1)] == [2]


def test_other_shelves_are_not_looked_at() -> None:
    index = Neighbours()
    index.add([entry(1, ROADS[0] + MATTERS[0]), entry(2, ROADS[0] + MATTERS[0], shelf=8)])
    asked = fingerprint(ROADS[0] + MATTERS[0])
    assert [each.key for each in index.find(asked, shelves=[8])] == [2]
    assert {each.key for each in index.find(asked)} == {1, 2}
    assert index.find(asked, shelves=[]) == []


def test_what_is_put_again_is_what_it_became() -> None:
    index = Neighbours()
    index.add([entry(1, "海珀路的路灯坏了三天没人修")])
    index.add([entry(1, "银杏苑的电梯停了，老人下不了楼")])
    assert len(index) == 1
    assert index.find(fingerprint("海珀路的路灯坏了三天没人修")) == []
    assert [each.key for each in index.find(fingerprint("银杏苑的电梯停了，老人下不了楼"))] == [1]


def test_what_was_forgotten_is_not_found_and_can_come_back() -> None:
    index = Neighbours()
    text = "海珀路的路灯坏了三天没人修"
    index.add([entry(1, text), entry(2, text)])
    index.remove([1, 99])
    assert [each.key for each in index.find(fingerprint(text))] == [2]
    index.remove([2])
    assert 2 not in index
    assert index.find(fingerprint(text)) == []
    index.add([entry(3, text)])
    assert [each.key for each in index.find(fingerprint(text))] == [3]


def test_nothing_is_kept_of_what_says_nothing() -> None:
    index = Neighbours()
    index.add([entry(1, ""), entry(2, "😀"), entry(3, "。。。")])
    assert len(index) == 0
    assert index.find(fingerprint("")) == []


def test_when_most_are_gone_their_room_is_given_back() -> None:
    index = Neighbours()
    index.add([entry(key, f"{ROADS[key % 8]}{MATTERS[key % 5]}{key}号杆") for key in range(3_000)])
    before = index.nbytes
    index.remove(range(2_900))
    assert index.nbytes < before / 5
    found = index.find(fingerprint(f"{ROADS[2_950 % 8]}{MATTERS[2_950 % 5]}2950号杆"), limit=1)
    assert [each.key for each in found] == [2_950]


def _copies(key: int) -> str:
    return "海珀路的路灯坏了三天没人修，请快来看看"


def _numbered(key: int) -> str:
    return f"海珀路的路灯坏了三天没人修，请快来看看，第{key}次"


def _hostile(key: int) -> str:
    return "路" * (key % 50) + "海珀路" * 20


@pytest.mark.parametrize(("flood", "count"), [(_copies, 10_000), (_numbered, 4_000), (_hostile, 2_000)])
def test_a_flood_of_one_text_costs_no_more_than_others(flood: Callable[[int], str], count: int) -> None:
    index = Neighbours()
    began = time.perf_counter()
    for first in range(0, count, 100):
        index.add([entry(key, flood(key)) for key in range(first, first + 100)])
    index.add([entry(20_000, "银杏苑的电梯停了，老人下不了楼")])
    asked = [fingerprint(flood(number)) for number in range(20)]
    found = [index.find(each, limit=COPIES) for each in asked]

    # Each compared with each would take minutes.
    assert time.perf_counter() - began < 30
    assert all(found)
    assert [each.key for each in index.find(fingerprint("银杏苑的电梯停了，老人下不了楼"))] == [20_000]


def test_threads_may_ask_while_it_grows() -> None:
    index = Neighbours()
    rng = random.Random(1)
    entries = [entry(key, *message(rng)) for key in range(2_000)]
    failed: list[Exception] = []

    def ask() -> None:
        try:
            for each in entries[:400]:
                for found in index.find(each.print, limit=5):
                    assert likeness(each.print, entries[found.key].print).total >= SAME - 0.02
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for begin in range(0, 2_000, 10):
        index.add(entries[begin : begin + 10])
        index.remove(range(begin // 2, begin // 2 + 4))
    for thread in threads:
        thread.join()
    assert failed == []
