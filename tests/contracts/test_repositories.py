"""What repositories list, and what they never list."""
# ruff: noqa: PT012 - what is refused is refused when the transaction's block ends

from datetime import date, timedelta

import pytest

from routing.assignment import Assignment
from routing.case import OPEN_STATES, CaseState, PartKind, Submission, SubmissionPart, append_event, verify_chain
from routing.code import Code, CodeKind, Scan
from routing.decisions import Decision
from routing.errors import Conflict
from routing.follow_up import FollowUp, FollowUpKind
from routing.inbox import InboxRecord, MailboxMessage
from routing.people import AccessAttempt, ButtonGrant, Invitation, Member, Role
from routing.platform_code import PlatformCode
from routing.station import Department, Deputy, Station
from storage.store import Store
from tests.conftest import Clock
from tests.contracts.rows import case_of, notice_to, somebody


def test_sealed_and_transferred_cases_are_in_no_list_and_no_count(store: Store, clock: Clock) -> None:
    with store.transaction() as unit:
        who = somebody(unit)
        deputy = Deputy(who.station.id, "086", "张三")
        unit.stations.add_deputy(deputy)
        for number, state in enumerate(CaseState):
            case = case_of(unit, who, f"HP-{number}", state)
            case.deputy_id, case.department, case.category, case.rating = deputy.id, "urban", "lamp", "satisfied"
            unit.submissions.add(Submission(who.contact.id, who.address.id, who.station.id, unit.now, case_id=case.id))
    shown = {state for state in CaseState if state not in (CaseState.SEALED, CaseState.TRANSFERRED)}
    every = list(CaseState)
    with store.transaction() as unit:
        lists = [
            unit.cases.list(station_ids=None, limit=100),
            unit.cases.list(station_ids=[who.station.id], states=every, limit=100),
            unit.cases.list(station_ids=None, since=clock.now, limit=100),
            unit.cases.of_deputy(deputy.id, limit=100),
            unit.cases.of_department("urban", every, limit=100),
        ]
        for listed in lists:
            assert {case.state for case in listed} == shown
            assert len(listed) == len(shown)
        counts = unit.cases.counts(station_ids=[who.station.id])
        assert counts["state"] == {state.value: 1 for state in shown}
        assert counts["department"] == {"urban": len(shown)}
        assert counts["category"] == {"lamp": len(shown)}
        assert counts["rating"] == {"satisfied": len(shown)}
        assert {case.state for case in unit.cases.sealed()} == {CaseState.SEALED, CaseState.TRANSFERRED}
        # Whoever told of it still finds it; what of it they may see is for the rules to say.
        assert len(unit.cases.of_reporter(who.contact.id, limit=100)) == len(every)


def test_lists_are_newest_first_and_cut(store: Store, clock: Clock) -> None:
    with store.transaction() as unit:
        who = somebody(unit)
        other = Station("QX", "清溪站")
        unit.stations.add(other)
    for number in range(5):
        clock.move(minutes=1)
        with store.transaction() as unit:
            case = case_of(unit, who, f"HP-{number}", CaseState.ACCEPTED)
            case.station_id = other.id if number == 4 else who.station.id
    with store.transaction() as unit:
        numbers = [case.number for case in unit.cases.list(station_ids=[who.station.id], limit=2, offset=1)]
        assert numbers == ["HP-2", "HP-1"]
        assert [case.number for case in unit.cases.list(station_ids=None, since=clock.now)] == ["HP-4"]
        assert unit.cases.list(station_ids=[]) == []
        assert unit.cases.list(station_ids=None, states=[]) == []
        assert unit.cases.counts(station_ids=[other.id])["state"] == {"accepted": 1}


def test_decided_are_the_newest_unsealed_cases_with_a_department(store: Store, clock: Clock) -> None:
    suggestion = {"departments": [{"code": "urban"}], "categories": [{"code": "CG04"}], "sure": True}
    with store.transaction() as unit:
        who = somebody(unit)
    for number, state in enumerate((CaseState.PROPOSED, CaseState.CLOSED, CaseState.SEALED, CaseState.RECEIVED)):
        clock.move(minutes=1)
        with store.transaction() as unit:
            case = case_of(unit, who, f"HP-{number}", state)
            case.suggestion, case.category = suggestion, "CG05"
            case.department = "housing" if state is not CaseState.RECEIVED else None
    with store.transaction() as unit:
        every, since = [who.station.id], clock.now - timedelta(days=1)
        newest, oldest = unit.cases.decided(station_ids=every, since=since)
        assert newest == Decision(clock.now - timedelta(minutes=2), "urban", "housing", True, "CG04", "CG05")
        assert oldest.at == clock.now - timedelta(minutes=3)
        assert unit.cases.decided(station_ids=None, since=since, limit=1) == [newest]
        assert unit.cases.decided(station_ids=[], since=since) == []
        assert unit.cases.decided(station_ids=None, since=clock.now) == []


def test_a_case_held_back_is_not_in_its_deputys_list(store: Store) -> None:
    with store.transaction() as unit:
        who = somebody(unit)
        deputy = Deputy(who.station.id, "086", "张三")
        unit.stations.add_deputy(deputy)
        case = case_of(unit, who, "HP-1")
        case.deputy_id, case.held_from_deputy = deputy.id, True
        assert unit.cases.of_deputy(deputy.id) == []
        case.held_from_deputy = False
        assert unit.cases.of_deputy(deputy.id) == [case]


def test_a_reporter_has_the_cases_of_all_their_submissions(store: Store) -> None:
    with store.transaction() as unit:
        first = somebody(unit, "u1")
        second = somebody(unit, "u2", first.station)
        case = case_of(unit, first, "HP-1")
        for who in (first, second, second):
            unit.submissions.add(Submission(who.contact.id, who.address.id, who.station.id, unit.now, case_id=case.id))
        unit.submissions.add(Submission(second.contact.id, second.address.id, first.station.id, unit.now))
        assert unit.cases.of_reporter(second.contact.id) == [case]
        assert len(unit.submissions.of_case(case.id)) == 3


def test_case_numbers_are_given_once(store: Store) -> None:
    monday, tuesday = date(2026, 11, 23), date(2026, 11, 24)
    with store.transaction() as unit:
        first, second = Station("HP", "和平站"), Station("QX", "清溪站")
        unit.stations.add(first)
        unit.stations.add(second)
        assert [unit.cases.next_number(first.id, monday) for _ in range(3)] == [1, 2, 3]
    with store.transaction() as unit:
        assert unit.cases.next_number(first.id, monday) == 4
        assert unit.cases.next_number(second.id, monday) == 1
        assert unit.cases.next_number(first.id, tuesday) == 1


def test_two_cases_cannot_have_one_number(store: Store) -> None:
    with pytest.raises(Conflict), store.transaction() as unit:
        who = somebody(unit)
        case_of(unit, who, "HP-1")
        case_of(unit, who, "HP-1")


def test_the_chain_of_events_holds_after_coming_back(store: Store, clock: Clock) -> None:
    with store.transaction() as unit:
        case = case_of(unit, somebody(unit), "HP-1")
        for number in range(3):
            clock.move(milliseconds=7)
            data = {"理由": "夜\x00里\ud800", "n": number, "x": [1.5, None]}
            unit.cases.add_event(
                append_event(
                    case,
                    at=clock.now,
                    kind="told",
                    actor_role="citizen",
                    actor_id=1,
                    from_state=CaseState.RECEIVED,
                    data=data,
                )
            )
    with store.transaction() as unit:
        found = unit.cases.get(case.id)
        assert found is not None
        events = list(unit.cases.events(case.id))
        assert [event.seq for event in events] == [1, 2, 3]
        assert verify_chain(found, events) is None


def test_follow_ups_are_found_while_pending(store: Store, clock: Clock) -> None:
    with store.transaction() as unit:
        who = somebody(unit)
        case = case_of(unit, who, "HP-1")
        draft = Submission(who.contact.id, who.address.id, who.station.id, unit.now)
        unit.submissions.add(draft)
        clock.move(minutes=10)
        late = FollowUp(FollowUpKind.NO_NEWS, clock.now, unit.now, case_id=case.id)
        early = FollowUp(FollowUpKind.DEPUTY_SILENT, unit.now, unit.now, case_id=case.id)
        quiet = FollowUp(FollowUpKind.SUBMIT_DRAFT, clock.now, unit.now, submission_id=draft.id)
        for follow_up in (late, early, quiet):
            unit.follow_ups.add(follow_up)
        assert unit.follow_ups.pending_of_case(case.id) == [early, late]
        assert unit.follow_ups.pending_of_case(case.id, [FollowUpKind.NO_NEWS]) == [late]
        assert unit.follow_ups.pending_of_case(case.id, []) == []
        assert unit.follow_ups.pending_of_submission(draft.id) == [quiet]
        assert unit.follow_ups.due(unit.now, 10) == [early]
        assert unit.follow_ups.due(clock.now, 2) == [early, late]
        early.state = "done"
        assert unit.follow_ups.due(clock.now, 10) == [late, quiet]
        assert unit.follow_ups.get(early.id) is early


def test_parts_and_mailbox_come_in_order(store: Store) -> None:
    with store.transaction() as unit:
        who = somebody(unit)
        draft = Submission(who.contact.id, who.address.id, who.station.id, unit.now)
        unit.submissions.add(draft)
        notice = notice_to(unit, who.contact)
        for seq in (2, 1, 3):
            unit.submissions.add_part(SubmissionPart(draft.id, seq, PartKind.TEXT, unit.now, text=f"{seq}"))
            unit.mailbox.add(
                MailboxMessage(who.address.id, seq, f"{seq}", unit.now, notice_id=notice.id if seq == 2 else None)
            )
        assert [part.seq for part in unit.submissions.parts(draft.id)] == [1, 2, 3]
        assert [message.seq for message in unit.mailbox.after(who.address.id, 1)] == [2, 3]
        assert [message.seq for message in unit.mailbox.after(who.address.id, 0, limit=1)] == [1]
        shown = unit.mailbox.of_notice(who.address.id, notice.id)
        assert shown is not None
        assert shown.seq == 2
        assert unit.mailbox.get(who.address.id, 3) is not None
        assert unit.mailbox.get(who.address.id, 4) is None


def test_a_notice_appears_once_in_a_mailbox(store: Store) -> None:
    with pytest.raises(Conflict), store.transaction() as unit:
        who = somebody(unit)
        notice = notice_to(unit, who.contact)
        for seq in (1, 2):
            unit.mailbox.add(MailboxMessage(who.address.id, seq, "{}", unit.now, notice_id=notice.id))


def test_codes_and_their_scans(store: Store) -> None:
    with store.transaction() as unit:
        who = somebody(unit)
        for code in ("0000000G", "0000001J"):
            unit.codes.add(Code(code, CodeKind.STALL, who.station.id, unit.now, place="菜场"))
        for channel in ("page", "page", "telegram"):
            unit.codes.add_scan(Scan("0000000G", "菜场", channel, unit.now))
        assert unit.codes.scan_counts() == {("0000000G", "page"): 2, ("0000000G", "telegram"): 1}
        assert [code.code for code in unit.codes.all()] == ["0000000G", "0000001J"]


def test_failed_messages_are_kept_for_another_try(store: Store) -> None:
    with store.transaction() as unit:
        unit.inbox.add(InboxRecord("webchat", "citizen", "m1", unit.now))
        failed = InboxRecord("webchat", "citizen", "m2", unit.now, state="failed", sealed_body="s1.x", error="KeyError")
        unit.inbox.add(failed)
        assert unit.inbox.failed() == [failed]
        failed.state = "handled"
        assert unit.inbox.failed() == []


def test_assignments_are_oldest_first(store: Store) -> None:
    with store.transaction() as unit:
        case = case_of(unit, somebody(unit), "HP-1")
        rounds = [Assignment(case.id, "urban", "lead", number, unit.now) for number in (1, 2)]
        for assignment in reversed(rounds):
            unit.assignments.add(assignment)
        assert unit.assignments.of_case(case.id) == rounds


def test_what_is_looked_up_by_key_alone(store: Store) -> None:
    with store.transaction() as unit:
        who = somebody(unit)
        department = Department("urban", "城管", aliases=["城管局"])
        member = Member(Role.OFFICER, "李四", unit.now, department="urban")
        unit.stations.add_department(department)
        unit.members.add(member)
        unit.members.add_invitation(Invitation(member.id, "hash", unit.now, unit.now))
        unit.buttons.add(ButtonGrant("token", who.contact.id, "rate", unit.now, args={"n": 1}))
        unit.contacts.add_attempts(AccessAttempt(who.contact.id, unit.now, wrong=3))
    with store.transaction() as unit:
        assert unit.stations.get(who.station.id) == who.station
        assert unit.stations.department("urban") == department
        assert unit.stations.deputy(1) is None
        assert unit.members.get(member.id) == member
        invitation = unit.members.invitation("hash")
        assert invitation is not None
        assert invitation.member_id == member.id
        assert unit.members.invitation("other") is None
        button = unit.buttons.get("token")
        assert button is not None
        assert button.args == {"n": 1}
        attempts = unit.contacts.attempts(who.contact.id)
        assert attempts is not None
        assert attempts.wrong == 3


def test_declared_days_are_kept_and_can_be_changed(store: Store) -> None:
    day = date(2027, 1, 1)
    with store.transaction() as unit:
        unit.calendar.set_override(day, False, "元旦", "国办")
        assert unit.calendar.overrides() == {day: False}
    with store.transaction() as unit:
        unit.calendar.set_override(day, True, "调休", "国办")
        unit.calendar.set_override(date(2027, 1, 2), False, "元旦", "国办")
    with store.transaction() as unit:
        assert unit.calendar.overrides() == {day: True, date(2027, 1, 2): False}


def test_open_states_are_all_listed_for_a_department(store: Store) -> None:
    with store.transaction() as unit:
        who = somebody(unit)
        for number, state in enumerate(sorted(OPEN_STATES)):
            case_of(unit, who, f"HP-{number}", state).department = "urban"
        case_of(unit, who, "HP-x", CaseState.CLOSED).department = "urban"
        assert len(unit.cases.of_department("urban", sorted(OPEN_STATES))) == len(OPEN_STATES)


def test_the_codes_of_an_account_at_a_platform_are_kept_and_counted(store: Store) -> None:
    with store.transaction() as unit:
        for account, code, lasting in (("wx1", "B", True), ("wx1", "A", False), ("wx2", "A", True)):
            unit.platform_codes.add(PlatformCode("wechat", account, code, lasting=lasting))
        assert unit.platform_codes.lasting("wechat", "wx1") == 1
    with store.transaction() as unit:
        kept = unit.platform_codes.get("wechat", "wx1", "A")
        assert kept is not None
        kept.url, kept.ends_at = "http://weixin.qq.com/q/1", unit.now
        assert unit.platform_codes.get("wechat", "wx3", "A") is None
        assert unit.platform_codes.lasting("wechat", "wx3") == 0
    with store.transaction() as unit:
        rows = unit.platform_codes.all("wechat", "wx1")
        assert [(row.code, row.url, row.ends_at) for row in rows] == [
            ("A", "http://weixin.qq.com/q/1", unit.now), ("B", None, None),
        ]  # fmt: skip
        assert not rows[0].leads_until(unit.now)
