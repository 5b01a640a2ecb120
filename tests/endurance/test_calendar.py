"""Days that are unlike others: a zone with summer time, the turn of the year, a year nobody announced, 29 February.

Deadlines, working days and case numbers are China's, wherever the process thinks it runs.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest

from benchmarks.soak_program import ROOT
from cli import doctor
from cli.settings import Settings
from routing import casework
from routing.statutory_days import fixed_days
from routing.working_days import LAST_PUBLISHED, LOCAL, WorkingCalendar
from tests.conftest import Clock
from tests.endurance.office import Office
from tests.routing.county import CITIZEN, DEPUTY, OFFICER, STAFF

ZONES = ("America/New_York", "Europe/Berlin")
#: The Friday before the clocks go back, or forward, there.
SWITCHES = ("2026-10-23", "2026-10-30", "2027-03-12", "2027-03-26")


def beijing(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LOCAL)


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[str]:
    """The process believes that it is there."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


# --- elsewhere -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ZONES, indirect=True)
@pytest.mark.parametrize("friday", SWITCHES)
async def test_deadlines_are_chinas_while_the_clocks_change_elsewhere(
    zone: str, friday: str, clock: Clock, office: Office
) -> None:
    clock.now = beijing(f"{friday}T23:30")
    assert clock.now.astimezone().utcoffset() != timedelta(hours=8), f"{zone} is not another zone"
    number = office.county.report()
    assert number.startswith(f"HB-{friday[2:].replace('-', '')}-"), "the day in Beijing"
    await office.goes_on(timedelta(days=4))
    first = {done.kind: done.at.astimezone(LOCAL) for done in reversed(office.book)}
    monday = date.fromisoformat(friday) + timedelta(days=3)
    assert first["staff_silent"] == beijing(f"{monday}T17:30")
    assert first["deputy_silent"] == beijing(friday + "T23:30") + timedelta(days=1)
    assert office.wrong() == {}


def test_the_program_says_the_same_wherever_it_runs() -> None:
    def played(zone: str) -> str:
        environment = {**os.environ, "TZ": zone, "COLUMNS": "120"}
        command = [sys.executable, "main.py", "demo"]
        return subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout

    there, here = played("America/New_York"), played("Asia/Shanghai")
    assert "演完了" in there
    assert _without_ids(there) == _without_ids(here)


def _without_ids(played: str) -> list[str]:
    """The scene without links, in which ports and secrets stand."""
    return [line for line in played.splitlines() if "http://" not in line]


# --- the turn of the year ------------------------------------------------------------------------------------------


async def test_case_numbers_begin_anew_with_the_year_and_go_on_when_the_clock_is_set_back(
    clock: Clock, office: Office
) -> None:
    numbers = []
    for moment in ("2026-12-31T23:59:59.900", "2027-01-01T00:00:00", "2026-12-31T23:50:00", "2027-01-01T08:00:00"):
        clock.now = beijing(moment)
        numbers.append(office.county.report(who=moment))
    assert numbers == ["HB-261231-001", "HB-270101-001", "HB-261231-002", "HB-270101-002"]


async def test_over_the_turn_to_an_unannounced_year_deadlines_are_kept_and_marked_as_provisional(
    clock: Clock, office: Office
) -> None:
    clock.now = beijing(f"{LAST_PUBLISHED}-12-31T16:00")
    number = office.county.report()
    office.county.does(casework.hear, DEPUTY, number)
    office.county.does(casework.assign, STAFF, number, office.county.department("zhzf"))
    office.county.does(casework.confirm, OFFICER, number)
    answer = office.county.agenda(number)["answer_due"]
    assert answer.provisional
    assert WorkingCalendar().is_workday(answer.due_at.astimezone(LOCAL).date())
    await office.tick()
    assert any("（暂定）" in text for text in office.citizens.texts(CITIZEN)), "the citizen is told that it may change"
    await office.goes_on(timedelta(days=12), step=timedelta(hours=3))
    assert office.wrong() == {}
    on_new_year = [done for done in office.book if done.at.astimezone(LOCAL).date() == date(LAST_PUBLISHED + 1, 1, 1)]
    assert {done.kind for done in on_new_year} <= {"deputy_silent"}, "hours are hours; working days are not today"


async def test_the_rating_reminder_says_when_its_date_is_provisional(clock: Clock, office: Office) -> None:
    clock.now = beijing(f"{LAST_PUBLISHED}-12-28T10:00")
    number = office.county.report()
    office.county.does(casework.hear, DEPUTY, number)
    office.county.does(casework.assign, STAFF, number, office.county.department("zhzf"))
    office.county.does(casework.confirm, OFFICER, number)
    office.county.does(casework.answer, OFFICER, number, "solved", "修好了", None)
    await office.goes_on(timedelta(days=4))
    assert "（暂定）" in office.citizens.texts(CITIZEN)[-1]


async def test_a_year_that_staff_typed_in_is_firm(clock: Clock, office: Office) -> None:
    following = LAST_PUBLISHED + 1
    with office.store.transaction() as uow:
        for day in fixed_days(following):
            uow.calendar.set_override(day, False, "假日", "国务院办公厅通知")
    clock.now = beijing(f"{LAST_PUBLISHED}-12-31T18:00")
    number = office.county.report()
    assert not office.county.agenda(number)["staff_silent"].provisional


async def test_the_operator_is_told_that_a_year_is_missing(clock: Clock, office: Office) -> None:
    clock.now = beijing(f"{LAST_PUBLISHED + 1}-01-01T00:30")
    with office.store.transaction() as uow:
        notes = {finding.part: finding.text for finding in doctor._queues(uow, Settings(_env_file=None))}
    assert f"the holidays of {LAST_PUBLISHED + 1} are not known" in notes["calendar"]


# --- 29 February ---------------------------------------------------------------------------------------------------


async def test_the_leap_day_is_a_day_like_others(clock: Clock, office: Office) -> None:
    clock.now = beijing("2028-02-28T16:30")
    office.county.report(who="昨天")
    clock.now = beijing("2028-02-29T16:30")
    number = office.county.report()
    assert number == "HB-280229-001"
    agenda = office.county.agenda(number)
    assert agenda["staff_silent"].due_at == beijing("2028-02-29T17:30")
    assert agenda["deputy_silent"].due_at == beijing("2028-03-01T16:30")
    office.county.does(casework.hear, DEPUTY, number)
    office.county.does(casework.ask, STAFF, number, "在几号楼？")
    assert office.county.agenda(number)["info_expires"].due_at == beijing("2028-03-05T16:30")
    await office.goes_on(timedelta(days=7))
    assert office.wrong() == {}
