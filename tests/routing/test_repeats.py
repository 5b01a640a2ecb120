"""Several people tell of one matter: staff hear of it, and nothing is merged."""

from collections.abc import Iterable

import pytest

from routing import casework, intake
from routing.case import CaseState
from routing.errors import StorageUnavailable
from routing.people import Role
from routing.permissions import Operation, may
from routing.ports import UnitOfWork
from routing.repeats import CANDIDATES, RepeatIndex, Repeats, RepeatsTick, suggest
from routing.workflow import Actor
from storage.unit_of_work import SqlUnitOfWork
from tests.routing.county import CHIEF, LAMP, STAFF, County

OTHER_WORDS = "海珀路晚上黑灯瞎火的，路灯一直没人修，走夜路害怕"
OTHER_PLACE = LAMP.replace("海珀", "银杏")
OTHER_MATTER = "海珀路的公交站牌倒了没人扶"


def tell(county: County, texts: Iterable[str], **where: str) -> list[str]:
    """As many people as texts."""
    return [county.report(text, who=f"群众{number}", **where) for number, text in enumerate(texts)]


def found(county: County, number: str, index: RepeatIndex | None = None, name: str = STAFF) -> Repeats:
    with county.work() as uow:
        case = uow.cases.by_number(number)
        assert case is not None
        member = next(m for m in uow.directory.members.values() if m.name == name)
        return (index or RepeatIndex()).find(uow, member, case)


def numbers(repeats: Repeats) -> set[str]:
    return {case.number for case in repeats.cases}


def tick(county: County, index: RepeatIndex) -> RepeatsTick:
    return RepeatsTick(index, county.store.reader, county.store.writer, lambda: None)


def test_the_same_matter_told_by_others_is_found(county: County) -> None:
    one, again, otherwise, *_ = tell(county, [LAMP, LAMP + "，请快来修", OTHER_WORDS, OTHER_PLACE, OTHER_MATTER])
    repeats = found(county, one)
    assert numbers(repeats) == {again, otherwise}
    assert repeats.people == 3
    assert repeats.whole


def test_one_person_who_tells_it_three_times_is_one_person(county: County) -> None:
    first = [county.report(LAMP) for _ in range(3)].pop()
    assert len(found(county, first).cases) == 2
    assert found(county, first).people == 1


def test_nothing_changes_by_looking(county: County) -> None:
    told = tell(county, [LAMP] * 4)
    found(county, told[0])
    assert [county.case(number).state for number in told] == [CaseState.RECEIVED] * 4
    assert [county.steps(number) for number in told] == [["received"]] * 4


def test_a_sealed_case_is_never_found_nor_counted(county: County) -> None:
    """Neither one that was known before it was sealed, nor while the index still has it."""
    told = tell(county, [LAMP] * 3)
    index = RepeatIndex()
    assert numbers(found(county, told[0], index)) == {told[1], told[2]}
    with county.work() as uow:
        case = uow.cases.by_number(told[1])
        assert case is not None
        intake.seal_case(uow, case, Actor(Role.STAFF, county.member(STAFF).id))
    after = found(county, told[0], index)
    assert numbers(after) == {told[2]}
    assert after.people == 2
    assert index.size == 2
    assert numbers(found(county, told[0], RepeatIndex())) == {told[2]}


def test_what_was_taken_back_or_is_over_is_not_found(county: County) -> None:
    told = tell(county, [LAMP] * 3)
    index = RepeatIndex()
    found(county, told[0], index)
    county.says(intake.withdraw, told[1], who="群众1")
    county.does(casework.decline, STAFF, told[2], "已在法院，请拨 12368")
    assert found(county, told[0], index).cases == []
    assert index.size == 1


def test_what_was_added_later_counts(county: County) -> None:
    lamp, vague = tell(county, [LAMP, "有个事想说一下"])
    index = RepeatIndex()
    assert found(county, lamp, index).cases == []
    county.says(intake.supplement, vague, who="群众1", text=LAMP)
    assert numbers(found(county, lamp, index)) == {vague}


def test_staff_find_what_lies_at_their_stations_alone(county: County) -> None:
    here = county.report(LAMP, who="甲")
    there = county.report(LAMP, who="乙", deputy=None, station="DH")
    assert found(county, here).cases == []
    assert numbers(found(county, here, name=CHIEF)) == {there}


def test_only_staff_may_ask(county: County) -> None:
    for member in {name: county.member(name) for name in county.names.values() if name != "群众"}.values():
        assert may(member, Operation.SIMILAR) == (member.role is Role.STAFF)
        assert may(member, Operation.HOT) == (member.role is Role.STAFF)


def test_a_process_that_starts_learns_from_the_newest_back(county: County) -> None:
    told = tell(county, [f"{LAMP}，第{number}天" for number in range(9)])
    index = RepeatIndex()

    def learn(uow: UnitOfWork) -> None:
        index.learn(uow, most=2)

    known = []
    for _ in range(12):
        with county.work() as uow:
            learn(uow)
        known.append(index.size)
    assert known == sorted(known)
    assert known[-1] == 9
    assert known[0] < 9
    assert numbers(found(county, told[0], index)) == set(told[1:])


async def test_staff_are_told_once_when_three_people_tell_it_and_again_at_five(county: County) -> None:
    index = RepeatIndex()
    ticks = tick(county, index)
    await ticks.run()
    told: list[str] = []
    pushed = []
    for number in range(6):
        told.append(county.report(LAMP, who=f"群众{number}"))
        await ticks.run()
        await ticks.run()
        pushed.append(sum("card.repeats" in county.told(each, STAFF) for each in told))
    assert pushed == [0, 0, 1, 1, 2, 2]
    card = next(n for n in county.notices(told[2]) if n.kind == "card.repeats")
    assert card.params["people"] == 3
    assert [label for label, _ in card.buttons] == ["button.similar"]
    # The oldest one keeps what was told of, and no other number stands in its history.
    events = [event for event in county.events(told[0]) if event.kind == "repeats"]
    assert [event.data for event in events] == [{"level": 3}, {"level": 5}]


async def test_two_processes_tell_staff_once(county: County) -> None:
    first, second = tick(county, RepeatIndex()), tick(county, RepeatIndex())
    await first.run()
    await second.run()
    told = tell(county, [LAMP] * 3)
    assert await first.run() == 1
    assert await second.run() == 0
    assert sum(county.told(number, STAFF).count("card.repeats") for number in told) == 1


@pytest.mark.parametrize("away", ["sealed", "withdrawn"])
def test_what_went_away_meanwhile_makes_no_crowd(county: County, away: str) -> None:
    told = tell(county, [LAMP] * 3)
    ids = [county.case(number).id for number in reversed(told)]
    if away == "sealed":
        with county.work() as uow:
            case = uow.cases.get(ids[1])
            assert case is not None
            intake.seal_case(uow, case, Actor(Role.STAFF, county.member(STAFF).id))
    else:
        county.says(intake.withdraw, told[1], who="群众1")
    with county.work() as uow:
        assert not suggest(uow, ids)


def test_a_message_does_not_pay_for_it(county: County, monkeypatch: pytest.MonkeyPatch) -> None:
    tell(county, [LAMP] * 3)

    def looked_at(_: SqlUnitOfWork) -> None:
        raise AssertionError("a message looked for others like it")

    monkeypatch.setattr(SqlUnitOfWork, "told", property(looked_at))
    assert county.report(LAMP, who="甲")


def test_a_crowd_is_counted_as_far_as_it_is_looked_at(county: County) -> None:
    told = tell(county, [LAMP] * (CANDIDATES + 3))
    repeats = found(county, told[0])
    assert len(repeats.cases) == CANDIDATES
    assert repeats.more


def test_what_could_not_be_read_is_read_again(county: County, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database went away between the history and the words."""
    index = RepeatIndex()
    with county.work() as uow:
        index.learn(uow)
    county.report(LAMP)

    def away(*_: object) -> None:
        raise StorageUnavailable("away")

    with monkeypatch.context() as broken, county.work() as uow:
        broken.setattr(type(uow.told), "of", away)
        with pytest.raises(StorageUnavailable):
            index.learn(uow)
    assert index.size == 0
    with county.work() as uow:
        assert len(index.learn(uow)) == 1
    assert index.size == 1


async def test_staff_are_not_told_again_because_the_oldest_case_is_over(county: County) -> None:
    ticks = tick(county, RepeatIndex())
    await ticks.run()
    told = tell(county, [LAMP] * 3)
    assert await ticks.run() == 1
    county.does(casework.note, STAFF, told[1], "看过了")
    told.append(county.report(LAMP, who="群众9"))
    county.says(intake.withdraw, told[0], who="群众0")
    assert await ticks.run() == 0
