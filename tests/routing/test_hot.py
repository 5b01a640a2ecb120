"""Hot topics as staff see them: counted in people, of their own stations, and never anything sealed."""

from datetime import timedelta

import pytest

from routing import casework, intake
from routing.hot import FEW, HotBoard, HotTick, HotTopic
from routing.people import Role
from routing.workflow import Actor
from tests.routing.county import CHIEF, CITIZEN, STAFF, County

#: Alike in their words, so that it does not hang on what the classifier makes of them.
PLANT = [
    "海悦新城旁边建搅拌站，灰尘满天飞，窗户都不敢开",
    "海悦新城旁边建搅拌站，灰尘满天飞，噪音也受不了",
    "海悦新城旁边建了搅拌站，灰尘满天飞，没人管吗",
    "海悦新城旁边建搅拌站，灰尘满天飞，什么时候搬走",
]


def tell(county: County, texts: list[str] = PLANT, **where: str) -> list[str]:
    return [county.report(text, who=f"群众{number}", deputy=None, **where) for number, text in enumerate(texts)]


def shown(county: County, name: str = STAFF, board: HotBoard | None = None) -> list[HotTopic] | None:
    with county.work() as uow:
        member = next(m for m in uow.directory.members.values() if m.name == name)
        return (HotBoard() if board is None else board).shown_to(uow, county.understanding, member)


def test_a_matter_of_many_people_is_named_with_its_department(county: County) -> None:
    told = tell(county)
    for number in told[:3]:
        county.does(casework.assign, STAFF, number, county.department("zhzf"))
    topics = shown(county)
    assert topics is not None
    (topic,) = topics
    assert topic.name.place == "海悦新城"
    assert topic.name.people == 4
    assert topic.department == "zhzf"
    assert topic.numbers == told[:3]


def test_what_two_people_say_is_not_shown(county: County) -> None:
    tell(county, PLANT[:2])
    for text in PLANT:
        county.report(text, who=CITIZEN, deputy=None)
    assert [topic.name.people for topic in shown(county) or ()] == [3]
    assert shown(county, board=HotBoard()) is not None


def test_one_person_who_says_it_often_makes_no_topic(county: County) -> None:
    for text in PLANT:
        county.report(text, who=CITIZEN, deputy=None)
    assert shown(county) == []


def test_what_was_sealed_or_taken_back_since_is_not_counted(county: County) -> None:
    told = tell(county)
    board = HotBoard()
    assert [topic.name.people for topic in shown(county, board=board) or ()] == [4]
    with county.work() as uow:
        case = uow.cases.by_number(told[0])
        assert case is not None
        intake.seal_case(uow, case, Actor(Role.STAFF, county.member(STAFF).id))
    (topic,) = shown(county, board=board) or ()
    assert topic.name.people == 3
    assert told[0] not in topic.numbers
    county.says(intake.withdraw, told[1], who="群众1")
    assert shown(county, board=board) == []


def test_other_stations_are_not_counted(county: County) -> None:
    tell(county, PLANT[:2])
    tell(county, PLANT[2:], station="DH")
    assert shown(county) == []
    # 群众0 and 群众1 told it at both.
    assert shown(county, CHIEF) == []
    county.report(PLANT[0], who="另一位", deputy=None, station="DH")
    assert [topic.name.people for topic in shown(county, CHIEF) or ()] == [3]
    assert shown(county) == []


def test_a_week_later_it_is_no_longer_hot(county: County) -> None:
    tell(county)
    county.clock.move(days=8)
    assert shown(county) == []


async def test_they_are_worked_out_beside_the_messages(county: County) -> None:
    tell(county)
    board = HotBoard()
    tick = HotTick(board, county.store.reader, county.understanding)
    await tick.run()
    made_at = board.made_at
    assert [topic.name.people for topic in shown(county, board=board) or ()] == [4]
    county.clock.move(minutes=10)
    await tick.run()
    assert board.made_at == made_at
    county.clock.move(minutes=30)
    county.report(PLANT[0], who="另一位", deputy=None)
    await tick.run()
    assert [topic.name.people for topic in shown(county, board=board) or ()] == [5]


async def test_more_cases_than_a_piece_are_all_read(county: County, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of one moment, too."""
    monkeypatch.setattr("routing.hot._CHUNK", 3)
    tell(county, [PLANT[number % 4] for number in range(8)])
    county.clock.move(hours=1)
    county.report(PLANT[0], who="另一位", deputy=None)
    board = HotBoard()
    await HotTick(board, county.store.reader, county.understanding).run()
    assert sum(topic.name.people for topic in shown(county, board=board) or ()) == 9


async def test_where_there_are_many_nobody_waits_for_it(county: County, monkeypatch: pytest.MonkeyPatch) -> None:
    assert FEW >= 100
    monkeypatch.setattr("routing.hot.FEW", 3)
    tell(county)
    board = HotBoard()
    assert shown(county, board=board) is None
    await HotTick(board, county.store.reader, county.understanding).run()
    assert [topic.name.people for topic in shown(county, board=board) or ()] == [4]


async def test_what_is_too_old_is_not_told(county: County) -> None:
    """A tick that has stopped working must not show last week's topics."""
    tell(county)
    board = HotBoard()
    await HotTick(board, county.store.reader, county.understanding).run()
    county.clock.now += timedelta(days=8)
    assert shown(county, board=board) == []
