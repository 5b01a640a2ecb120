"""关联, 解除关联, 推送 and 免打扰, as citizens and members say them."""

from typing import Any

import pytest

from bot.dialogs import linking
from routing import linking as links
from routing.guessing import WRONG_CODES_AN_HOUR
from routing.notice import Notice, NoticeState, Priority, word
from routing.people import Contact
from tests.bot.dialogs.chat import Chat
from tests.conftest import Clock
from tests.routing.county import CITIZEN, DEPUTY, STAFF, County

SECOND = "第二个"


def secret(chat: Chat) -> str:
    """Ask for a code, and read it off the reply."""
    assert chat.say("关联") in (["link.code"], ["link.code_work"])
    return str(chat.heard[-1].params["secret"])


def citizens(county: County) -> tuple[Chat, Chat]:
    chats = Chat(county, CITIZEN), Chat(county, SECOND)
    for chat in chats:
        chat.say("你好")
    return chats


def pushed(county: County, kind: str) -> list[Notice]:
    with county.work() as uow:
        everybody = {address.contact_id for who in (CITIZEN, SECOND) for address in [county.address(uow, who)]}
        return [n for contact_id in everybody for n in uow.notices.unfinished(contact_id) if n.kind == kind]


# --- what is typed -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("关联", ""),
        ("关联 K7M2-9XQ4-ABCD", "K7M2-9XQ4-ABCD"),
        ("关联K7M2-9XQ4-ABCD", "K7M2-9XQ4-ABCD"),
        ("关联：k7m2 9xq4 abcd", "k7m2 9xq4 abcd"),
        ("關聯 K7M2-9XQ4-ABCD", "K7M2-9XQ4-ABCD"),
        ("/link K7M29XQ4ABCD", "K7M29XQ4ABCD"),
        ("LINK K7M2-9XQ4-AB", "K7M2-9XQ4-AB"),
        ("关联交易的事要反映", None),
        ("link the two roads please", None),
        ("路灯不亮", None),
        (f"关联 K7M2-9XQ4-ABCD{' ' * 60}路灯不亮", None),
        ("关联 K7M2-9XQ4-ABCD\n路灯不亮", None),
        ("关联 HB-261123-007", None),
        ("K7M2-9XQ4-ABCD", None),
    ],
)
def test_what_is_meant_as_a_code(typed: str, read: str | None) -> None:
    assert linking.split_link(typed) == read


def test_a_sentence_that_begins_like_it_is_something_to_tell(county: County) -> None:
    chat, _ = citizens(county)
    assert chat.say("关联企业污染河水，没人管") == ["collect.first"]


def test_a_code_alone_is_understood_where_nothing_else_is_waited_for(county: County) -> None:
    maker, other = citizens(county)
    code = secret(maker)
    other.say("路灯不亮")
    assert other.say("1234-5678-9012") == ["collect.more"], "a number that belongs to what they tell"
    other.press("button.discard")
    assert other.say("AAAA-BBBB-CCCC") == ["link.wrong"]
    assert other.say(code) == ["link.sure"]


# --- citizens --------------------------------------------------------------------------------------------------------


def join(maker: Chat, other: Chat) -> list[str]:
    assert other.say(f"关联 {secret(maker)}") == ["link.sure"]
    return other.press("button.link")


def test_both_are_told_what_was_joined(county: County) -> None:
    maker, other = citizens(county)
    number = county.report(who=CITIZEN)
    assert join(maker, other) == ["link.done"]
    assert other.heard[0].params == {"chats": [word("chat.other")], "here": word("word.none"), "there": [number]}
    (news,) = pushed(county, "link.joined")
    assert news.params == {"chat": word("chat.other"), "here": [number], "there": word("word.none")}
    with county.work() as uow:
        assert news.address_id == county.address(uow, CITIZEN).id


def test_nothing_is_joined_before_it_is_agreed_to(county: County) -> None:
    maker, other = citizens(county)
    county.report(who=SECOND)
    other.say(f"关联 {secret(maker)}")
    assert maker.say("进度") == ["progress.none"]
    assert other.press("button.link") == ["link.done"]
    assert maker.say("进度") == ["progress.case"]


def test_a_code_that_was_not_wanted_is_worth_nothing_any_more(county: County) -> None:
    maker, other = citizens(county)
    county.report(who=SECOND)
    code = secret(maker)
    other.say(f"关联 {code}")
    assert other.press("button.not_linked") == ["link.kept"]
    assert other.press("button.link") == ["link.wrong"]
    assert Chat(county, "别人").say(f"关联 {code}")[-1] == "link.wrong"


def test_whoever_is_too_slow_to_answer_is_told(county: County, clock: Clock) -> None:
    maker, other = citizens(county)
    county.report(who=SECOND)
    other.say(f"关联 {secret(maker)}")
    clock.move(minutes=16)
    assert other.press("button.link") == ["link.wrong"]


def test_the_other_chat_can_part_them_by_a_button(county: County) -> None:
    """Somebody else used a code of theirs."""
    maker, other = citizens(county)
    county.report(who=CITIZEN)
    join(maker, other)
    assert other.say("进度") == ["progress.case"]
    ((label, token),) = pushed(county, "link.joined")[0].buttons
    assert label == "button.not_me"
    assert maker.say(kind="button", button=token) == ["link.removed"]
    assert other.say("进度") == ["progress.none"]
    assert [n.address_id for n in pushed(county, "link.left")] == [other_address(county)]
    assert maker.say(kind="button", button=token) == ["error.button"]


def other_address(county: County) -> int:
    with county.work() as uow:
        return county.address(uow, SECOND).id


def test_wrong_codes_are_counted_together_with_those_of_posters(county: County) -> None:
    maker, other = citizens(county)
    code = secret(maker)
    for _ in range(WRONG_CODES_AN_HOUR - 1):
        assert other.say("关联 AAAA-BBBB-CCCC") == ["link.wrong"]
    other.arrive("00000000")
    assert other.say(f"关联 {code}") == ["link.limit"]


def test_danger_is_answered_whatever_stands_before_it(county: County) -> None:
    chat, _ = citizens(county)
    assert chat.say("关联 家里一股很重的煤气味，头有点晕")[0].startswith("safety.")


# --- members ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def staff(county: County) -> Chat:
    return Chat(county, STAFF, work=True)


def at_another_desk(county: County, staff: Chat) -> Chat:
    guest = Chat(county, SECOND, work=True)
    assert guest.say(f"关联 {secret(staff)}") == ["link.done_work", "help.staff"]
    return guest


def test_a_member_works_in_both_chats(county: County, staff: Chat) -> None:
    guest = at_another_desk(county, staff)
    number = county.report()
    assert guest.say(f"受理 {number}") == ["staff.accepted"]
    assert staff.say(f"查 {number}") == ["staff.case"]


@pytest.mark.parametrize("form", ["{code}", "join_{code}", "link {code}"])
def test_a_code_is_taken_as_an_invitation_is(county: County, staff: Chat, form: str) -> None:
    code = secret(staff)
    assert Chat(county, SECOND, work=True).say(form.format(code=code))[0] == "link.done_work"


def test_a_stranger_gets_no_code_and_joins_with_no_edited_one(county: County, staff: Chat) -> None:
    guest = Chat(county, SECOND, work=True)
    assert guest.say("关联") == ["work.stranger"]
    code = secret(staff)
    assert guest.say(f"关联 {code}", edited=True) == ["work.stranger"]
    assert guest.say(f"关联 {code}", forwarded=True) == ["work.stranger"]
    assert guest.say(f"关联 {code}")[0] == "link.done_work"


def test_guessing_for_a_role_ends_after_ten(county: County, staff: Chat) -> None:
    guest = Chat(county, SECOND, work=True)
    for _ in range(WRONG_CODES_AN_HOUR):
        assert guest.say("AAAA-BBBB-CCCC") == ["join.invalid"]
    assert guest.say("AAAA-BBBB-CCCC") == guest.say(secret(staff)) == ["link.limit"]


def test_a_member_is_asked_which_chat_shall_leave(county: County, staff: Chat) -> None:
    assert staff.say("解除关联") == ["link.none"]
    guest = at_another_desk(county, staff)
    assert staff.say("解除关联") == ["link.which_leaves"]
    assert staff.press("chat.other") == ["link.removed"]
    assert guest.say("列表") == ["work.stranger"]
    assert staff.say("列表") == ["list.nothing_open"]


def test_a_member_can_leave_with_the_chat_they_write_in(county: County, staff: Chat) -> None:
    guest = at_another_desk(county, staff)
    guest.say("解除关联")
    assert guest.press("button.this_chat") == ["link.left_work"]
    assert guest.say("列表") == ["work.stranger"]


def test_two_members_do_not_become_one(county: County, staff: Chat) -> None:
    code = secret(staff)
    assert Chat(county, DEPUTY, work=True).say(f"关联 {code}") == ["link.has_role"]


@pytest.mark.parametrize("typed", ["推送 火星", "免打扰 25:00-7:00", "免打扰 晚上", "推送 免打扰 晚上", "关联 一下"])
def test_what_is_not_understood_is_shown_how(staff: Chat, typed: str) -> None:
    assert staff.say(typed)[0].startswith("usage.")


def contact(county: County) -> Contact:
    with county.work() as uow:
        return county.contact(uow, STAFF)


def test_where_pushes_go_is_shown_and_set(county: County, staff: Chat) -> None:
    assert staff.say("推送") == ["push.one"]
    assert staff.heard[0].buttons == (), "there is nothing to choose from"
    at_another_desk(county, staff)
    assert staff.say("推送 钉钉") == ["push.not_linked"]
    staff.say("/push")
    assert [label for label, _ in staff.heard[0].buttons] == ["button.this_chat", "chat.other", "button.push_automatic"]
    token = staff.heard[0].buttons[0][1]
    assert staff.say(kind="button", button=token) == ["push.set"]
    assert contact(county).push_address_id is not None
    assert staff.say("推送 自动") == ["push.automatic"]
    assert contact(county).push_address_id is None


def test_the_chat_for_pushes_is_forgotten_when_it_leaves(county: County, staff: Chat) -> None:
    at_another_desk(county, staff)
    with county.work() as uow:
        address, _ = county.chat_of(uow, SECOND, "desk")
        county.contact(uow, STAFF).push_address_id = address.id
    staff.say("解除关联")
    staff.press("chat.other")
    assert contact(county).push_address_id is None


@pytest.mark.parametrize(
    "typed", ["免打扰 22:00-7:00", "推送 免打扰 22:00-7:00", "/quiet 22:00-7:00", "免打擾 22点到7点"]
)
def test_quiet_hours_are_set(county: County, staff: Chat, typed: str) -> None:
    assert staff.say(typed) == ["quiet.set"]
    assert staff.heard[0].params == {"begins": "22:00", "ends": "7:00"}
    assert (contact(county).quiet_from, contact(county).quiet_to) == (22 * 60, 7 * 60)
    staff.say("免打扰")
    assert staff.heard[0].params["quiet"] == word("quiet.hours", begins="22:00", ends="7:00")


def test_switched_off_they_let_out_what_was_held(county: County, staff: Chat, clock: Clock) -> None:
    staff.say("免打扰 22:00-7:00")
    with county.work() as uow:
        fields: dict[str, Any] = {"member_id": county.member(STAFF).id, "priority": Priority.PUSH}
        held = Notice("line.answered", contact(county).id, uow.now, uow.now.replace(hour=23), **fields)
        retried = Notice("case.answered", contact(county).id, uow.now, uow.now.replace(hour=23))
        uow.notices.add(held)
        uow.notices.add(retried)
    assert staff.say("免打扰 关") == ["quiet.off"]
    with county.work() as uow:
        due = [notice.due_at for each in (held, retried) if (notice := uow.notices.get(each.id)) is not None]
    assert due == [clock.now, clock.now.replace(hour=23)], "what is no push was not held by them"
    assert contact(county).quiet_from is None
    assert NoticeState.PENDING is held.state


def test_an_integrity_officer_has_them_as_well(county: County) -> None:
    officer = Chat(county, "严正", work=True)
    assert officer.say("免打扰 22:00-7:00") == ["quiet.set"]
    assert officer.say("推送") == ["push.one"]
    assert officer.say("关联") == ["link.code_work"]


def test_no_more_than_five_codes_an_hour(county: County) -> None:
    chat, _ = citizens(county)
    for _ in range(links.CODES_AN_HOUR):
        secret(chat)
    assert chat.say("关联") == ["link.too_many"]
