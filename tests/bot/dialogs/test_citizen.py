"""What a citizen says and what the desk answers. No opinion is lost for want of a button."""

from datetime import timedelta

import pytest

from bot.wording import Wording
from routing import casework
from routing.buttons import LIFETIME
from routing.case import CaseState
from routing.code import Code, CodeKind, make_code
from tests.bot.dialogs.chat import Chat
from tests.conftest import Clock
from tests.routing.county import BRIBE, CITIZEN, DEPUTY, GAS, INTEGRITY, LAMP, OFFICER, STAFF, County


@pytest.fixture
def code(county: County) -> str:
    with county.work() as uow:
        made = Code(make_code(), CodeKind.DEPUTY, county.station("HB").id, uow.now, deputy_id=county.deputy("086").id)
        uow.codes.add(made)
        return made.code


@pytest.fixture
def chat(county: County, code: str) -> Chat:
    """Somebody who arrived by the code of deputy 086."""
    arrived = Chat(county)
    arrived.arrive(code)
    return arrived


def told(chat: Chat, text: str = LAMP) -> str:
    """Tell one thing and send it in; returns its number."""
    chat.say(text)
    chat.press("button.submit")
    return chat.cases[0].number


def answered(county: County, number: str) -> str:
    county.does(casework.assign, STAFF, number, county.department("zhzf"))
    county.does(casework.confirm, OFFICER, number)
    county.does(casework.answer, OFFICER, number, "solved", "修好了", None)
    return number


# --- arriving ------------------------------------------------------------------------------------------------------


def test_the_greeting_names_the_deputy_and_the_notice_comes_before_anything_is_kept(county: County, code: str) -> None:
    chat = Chat(county)
    assert chat.arrive(code) == ["greeting.deputy", "privacy.notice"]
    params = chat.heard[0].params
    assert (params["station"], params["deputy"], params["deputy_number"]) == ("海珀社区代表联络站", DEPUTY, "086")
    assert chat.arrive(code) == ["greeting.deputy"], "the notice is shown once"


def test_who_comes_without_a_code_is_heard_by_the_head_station(county: County) -> None:
    chat = Chat(county)
    assert chat.arrive() == ["greeting.unknown", "privacy.notice"]
    assert chat.say("路灯不亮") == ["collect.first"]
    chat.press("button.submit")
    assert chat.cases[0].number.startswith("HZ-")


def test_who_writes_before_any_greeting_loses_nothing(county: County) -> None:
    chat = Chat(county)
    assert chat.say("路灯不亮") == ["greeting.unknown", "privacy.notice", "collect.first"]
    assert chat.texts() == ["路灯不亮"]


def test_a_wrong_code_gets_a_kind_answer_and_the_stations(county: County) -> None:
    chat = Chat(county)
    assert chat.arrive("WRONG") == ["greeting.unknown", "privacy.notice", "code.unknown", "citizen.stations"]
    assert chat.press("=东湖社区代表联络站") == ["greeting.station"]
    assert told(chat).startswith("DH-")


@pytest.mark.parametrize("form", ["{code}", "{lower}", "{spaced}", "{wide}"])
def test_a_code_can_be_typed(county: County, code: str, form: str) -> None:
    wide = "".join(chr(ord(char) + 0xFEE0) for char in code)
    typed = form.format(code=code, lower=code.lower(), spaced=f"{code[:4]} {code[4:]}", wide=wide)
    assert "greeting.deputy" in Chat(county).say(typed)


def test_a_mistyped_code_is_told(chat: Chat) -> None:
    assert chat.say("7K3M9QXU") == ["code.unknown", "citizen.stations"]


@pytest.mark.parametrize("number", ["85001234", "No lights"])
def test_what_only_looks_like_a_code_is_not_lost_to_a_question(county: County, chat: Chat, number: str) -> None:
    case = told(chat)
    county.does(casework.ask, DEPUTY, case, "您的电话是多少？")
    assert chat.say(number) == ["add.answered"]


def test_english_words_are_no_code(chat: Chat) -> None:
    assert chat.say("No lights") == ["collect.first"]


# --- telling -------------------------------------------------------------------------------------------------------


def test_several_messages_of_several_kinds_become_one_case(chat: Chat) -> None:
    assert chat.say("路灯不亮") == ["collect.first"]
    assert chat.say(photos=2) == ["collect.more"]
    assert chat.last("collect.more").params == {"count": 3}
    assert chat.say(location=(30.25, 120.16)) == ["collect.more"]
    assert chat.say("在海珀路") == ["collect.more"]
    assert chat.press("button.submit") == ["receipt.sure"]
    (case,) = chat.cases
    assert chat.texts(case) == ["路灯不亮", None, None, None, "在海珀路"]


@pytest.mark.parametrize("word", ["提交", "说完了", "說完了", "/submit", "DONE", "1", "１", "①", "1.", " 1。", "⒈"])
def test_it_is_sent_in_by_a_word_or_a_number(chat: Chat, word: str) -> None:
    chat.say("路灯不亮")
    assert chat.say(word) == ["receipt.sure"]


def test_the_receipt_says_what_was_understood(chat: Chat) -> None:
    number = told(chat, "海珀路的路灯不亮")
    params = chat.heard[0].params
    assert (params["number"], params["department"]) == (number, "综合行政执法局")
    assert params["words"]
    assert chat.press("button.right") == ["receipt.right"]


def test_a_text_that_is_not_understood_is_taken_as_well(chat: Chat) -> None:
    told(chat, "那个东西又那样了，请来看看")
    assert [say.key for say in chat.heard] == ["receipt.unsure"]


def test_who_says_that_it_was_misunderstood_may_add(chat: Chat) -> None:
    told(chat)
    assert chat.press("button.wrong") == ["receipt.wrong"]
    assert chat.press("button.add_more") == ["add.begin"]
    assert chat.say("是停车场的灯") == ["add.done"]
    assert chat.press("button.done") == ["add.finished"]


def test_a_photo_alone_is_asked_about_once_and_then_taken(chat: Chat) -> None:
    chat.say(photos=1)
    assert chat.press("button.submit") == ["collect.say_a_word"]
    assert chat.press("button.submit") == ["receipt.unsure"]


def test_a_draft_can_be_dropped(chat: Chat) -> None:
    chat.say("路灯不亮")
    assert chat.press("button.discard") == ["citizen.draft_discarded"]
    assert chat.press("button.discard") == ["error.button_state"]
    assert chat.say("提交") == ["citizen.nothing_to_submit"]
    assert chat.cases == []


def test_advertising_is_not_taken_and_abuse_with_a_matter_is(chat: Chat) -> None:
    chat.say("加我微信，刷单日结三百")
    assert chat.press("button.submit") == ["citizen.spam"]
    assert chat.cases == []
    told(chat, "你们都是废物！垃圾车三天没来了！")
    assert len(chat.cases) == 1


def test_an_unknown_kind_is_answered_kindly(chat: Chat) -> None:
    assert chat.say(kind="unsupported") == ["citizen.unsupported"]


def test_a_group_chat_is_only_sent_to_the_private_one(chat: Chat) -> None:
    assert chat.say("路灯不亮", private=False) == []
    assert chat.say("/start", private=False) == ["citizen.private_only"]
    assert chat.texts() == []


def test_a_draft_stays_open_while_something_is_added_elsewhere(chat: Chat) -> None:
    told(chat)
    chat.say("还有一件事，垃圾没人收")
    chat.say("补充")
    chat.say("灯杆也歪了")
    chat.press("button.done")
    assert chat.say("提交") == ["receipt.sure"]
    newest, former = chat.cases
    assert chat.texts(newest) == ["还有一件事，垃圾没人收"]
    assert chat.texts(former) == [LAMP, "灯杆也歪了"]


# --- danger --------------------------------------------------------------------------------------------------------


def test_danger_is_answered_before_anything_else_and_rings(county: County, chat: Chat) -> None:
    assert chat.say(GAS) == ["safety.S_GAS", "receipt.emergency"]
    (case,) = chat.cases
    assert {kind for _, kind in county.news(case.number)} == {"card.duty"}
    assert chat.say("出来了 在3幢") == ["emergency.more"]
    assert chat.say(location=(30.25, 120.16)) == ["emergency.more"]
    assert len(chat.cases) == 1


def test_what_was_being_told_goes_with_it(chat: Chat) -> None:
    chat.say("楼下修管道")
    chat.say(GAS)
    assert chat.texts(chat.cases[0]) == ["楼下修管道", GAS]


@pytest.mark.parametrize("why", ["later", "over"])
def test_a_second_danger_rings_again(county: County, chat: Chat, clock: Clock, why: str) -> None:
    chat.say(GAS)
    first = chat.cases[0].number
    if why == "later":
        clock.move(hours=2, seconds=1)
    else:
        county.does(casework.decline, STAFF, first, "误报")
    assert chat.say(GAS) == ["safety.S_GAS", "receipt.emergency"]
    newest, former = chat.cases
    assert former.number == first
    assert {kind for _, kind in county.news(newest.number)} == {"card.duty"}


def test_after_a_while_words_are_a_matter_of_their_own(chat: Chat, clock: Clock) -> None:
    chat.say(GAS)
    clock.move(hours=2, seconds=1)
    assert chat.say("路灯不亮") == ["collect.first"]


@pytest.mark.parametrize(
    ("pressed", "key"), [("button.urgent", "receipt.emergency"), ("button.not_urgent", "collect.go_on")]
)
def test_a_doubtful_danger_is_asked_about(county: County, chat: Chat, pressed: str, key: str) -> None:
    assert chat.say("路中间有个窟窿，人快掉下去了") == ["collect.first", "citizen.soft_danger"]
    assert chat.press(pressed) == [key]
    if key == "collect.go_on":
        chat.press("button.submit")
    (case,) = chat.cases
    assert (case.urgency == "emergency") == (key == "receipt.emergency")
    assert ("card.duty" in {kind for _, kind in county.news(case.number)}) == (key == "receipt.emergency")


# --- corruption ----------------------------------------------------------------------------------------------------


def test_corruption_is_sealed_at_once(county: County, chat: Chat) -> None:
    chat.say("有件事要说")
    assert chat.say(BRIBE) == ["receipt.sealed"]
    (case,) = chat.cases
    assert case.state is CaseState.SEALED
    assert chat.texts(case) == [None, None], "what was said before as well"
    assert chat.say("同意转交") == ["receipt.consented"]
    assert county.case(case.number).transfer_consent
    assert county.news(case.number) == [(INTEGRITY, "card.integrity")]


def test_a_name_told_right_after_it_goes_with_it(county: County, chat: Chat, clock: Clock) -> None:
    chat.say(BRIBE)
    assert chat.say("他叫王某某，在城建科") == ["add.done_sealed"]
    assert chat.say(photos=1) == ["add.done_sealed"]
    assert chat.say("他还收了开发商的红包") == ["add.done_sealed"], "and makes no second case"
    (case,) = chat.cases
    assert chat.texts(case) == [None, None, None, None]
    assert {who for who, _ in county.news(case.number)} == {INTEGRITY}
    assert chat.press("button.done") == ["add.finished"]
    assert chat.say("路灯不亮") == ["collect.first"]


def test_later_words_are_a_matter_of_their_own(chat: Chat, clock: Clock) -> None:
    chat.say(BRIBE)
    clock.move(minutes=31)
    assert chat.say("路灯不亮") == ["collect.first"]


def test_its_progress_tells_nothing_of_it(chat: Chat) -> None:
    chat.say(BRIBE)
    number = chat.cases[0].number
    assert chat.say("进度") == ["progress.sealed"]
    assert chat.say(f"撤回 {number}") == ["withdraw.sealed"]


# --- commands ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["进度", "進度", "/progress", "status"])
def test_progress_of_ones_own(chat: Chat, word: str) -> None:
    assert chat.say(word) == ["progress.none"]
    number = told(chat)
    assert chat.say(word) == ["progress.case"]
    assert chat.say(f"{word} {number}") == chat.say(f"{word} {number.replace('-', '').lower()}") == ["progress.case"]
    told(chat, "垃圾没人收")
    assert chat.say(word) == ["progress.list"]
    assert chat.press(f"={number}") == ["progress.case"]


def test_anothers_number_is_as_if_it_were_not_there(county: County, chat: Chat) -> None:
    theirs = county.report(who="别人")
    for number in (theirs, "HB-261123-999"):
        for word in ("进度", "撤回", "补充"):
            assert chat.say(f"{word} {number}") == ["error.not_found"], (word, number)


def test_anothers_button_does_nothing(county: County, chat: Chat) -> None:
    other = Chat(county, "别人")
    other.say("垃圾没人收")
    assert chat.say(kind="button", button=other.buttons["button.submit"]) == ["error.button"]
    assert other.cases == []


def test_an_old_button_says_so(chat: Chat, clock: Clock) -> None:
    chat.say("路灯不亮")
    clock.now += LIFETIME
    assert chat.press("button.submit") == ["error.button"]


def test_a_sentence_that_begins_with_a_command_word_is_something_to_tell(chat: Chat) -> None:
    assert chat.say("取消公交线路以后上班很不方便") == ["collect.first"]
    assert chat.say("进度 太慢了，路修了半年") == ["collect.more"]


@pytest.mark.parametrize(
    ("word", "key"),
    [
        ("帮助", "citizen.help"), ("help", "citizen.help"), ("隐私", "privacy.full"), ("站点", "citizen.stations"),
        ("补充", "add.none"), ("撤回", "withdraw.none"), ("人工", "citizen.person_phone"),
    ],
)  # fmt: skip
def test_a_word_is_answered(chat: Chat, word: str, key: str) -> None:
    assert chat.say(word) == [key]


def test_the_language_can_be_changed(county: County, chat: Chat) -> None:
    spoken = []
    for _ in range(3):
        assert chat.say("语言") == ["citizen.language"]
        with county.work() as uow:
            spoken.append(county.contact(uow).language)
    assert spoken == ["zh_TW", "en", "zh_CN"]


def test_a_person_is_called_with_what_was_told_so_far(county: County, chat: Chat) -> None:
    chat.say("路灯不亮")
    assert chat.say("人工") == ["citizen.person_called"]
    (case,) = chat.cases
    assert "line.wants_person" in county.told(case.number, STAFF)


def test_something_is_added_to_the_one_open_case_at_once(chat: Chat) -> None:
    told(chat)
    assert chat.say("补充 灯杆也歪了") == ["add.done"]
    assert chat.texts(chat.cases[0]) == [LAMP, "灯杆也歪了"]


def test_with_several_cases_it_is_asked_to_which(chat: Chat) -> None:
    first = told(chat)
    told(chat, "垃圾没人收")
    assert chat.say("补充") == ["add.which"]
    assert chat.press(f"={first}") == ["add.begin"]
    assert chat.say("灯杆也歪了") == ["add.done"]
    assert chat.texts(chat.cases[1]) == [LAMP, "灯杆也歪了"]


def test_taking_back_is_asked_about_first(chat: Chat) -> None:
    told(chat)
    assert chat.say("撤回") == ["withdraw.sure"]
    assert chat.press("button.keep") == ["withdraw.kept"]
    assert chat.cases[0].state is CaseState.RECEIVED
    assert chat.press("button.withdraw") == ["withdraw.done"]
    assert chat.cases[0].state is CaseState.WITHDRAWN
    assert chat.press("button.withdraw") == ["error.state"]


# --- the words of a menu -------------------------------------------------------------------------------------------


def test_who_wants_to_tell_something_is_asked_what(chat: Chat) -> None:
    assert chat.say("说事") == ["citizen.hello"]
    chat.say(LAMP)
    assert chat.say("說事") == ["collect.go_on"], "and goes on where there is a draft"
    assert chat.say("1") == ["receipt.sure"]
    assert chat.texts(chat.cases[0]) == [LAMP]


def test_who_is_at_the_station_and_when(county: County, chat: Chat) -> None:
    assert chat.say("今天谁在站") == ["on_duty.station"]
    said = Wording().render("on_duty.station", "zh_CN", chat.heard[0].params)
    assert said.startswith("海珀社区代表联络站\n接待时间：")
    assert f"086 {DEPUTY}代表：" in said
    assert "None" not in said
    assert Chat(county, "somebody new").say("谁在站")[-1] == "on_duty.station"


def test_the_emergency_button_gives_the_numbers_to_ring(chat: Chat) -> None:
    assert chat.say("🆘") == ["citizen.sos"]
    said = Wording().render("citizen.sos", "zh_CN", chat.heard[0].params)
    assert all(number in said for number in ("110", "119", "120", "0571-8000-0003"))
    assert chat.say("楼道里有煤气味")[-1] == "receipt.emergency"


@pytest.mark.parametrize("typed", ["3", "0", "00", "1.5", "11", "1个", "第1", "二", "1。。", "٣"])
def test_a_number_that_was_not_offered_is_something_to_tell(chat: Chat, typed: str) -> None:
    chat.say(LAMP)
    assert chat.say(typed) == ["collect.more"]


# --- being asked ---------------------------------------------------------------------------------------------------


def test_the_next_words_answer_the_question(county: County, chat: Chat) -> None:
    number = told(chat)
    county.does(casework.ask, DEPUTY, number, "哪一盏？")
    assert chat.say("东头第一盏") == ["add.answered"]
    assert county.case(number).state is CaseState.ACCEPTED
    assert chat.say("垃圾没人收") == ["collect.first"], "and what comes then is another matter"


@pytest.mark.parametrize("number_said", ["1", "2"])
def test_a_bare_number_answers_the_question_and_presses_no_old_button(
    county: County, chat: Chat, number_said: str
) -> None:
    number = told(chat)
    county.does(casework.ask, DEPUTY, number, "几盏灯不亮？")
    assert chat.say(number_said) == ["add.answered"]
    assert chat.texts(chat.cases[0]) == [LAMP, number_said]


def test_who_takes_a_case_back_while_asked_can_tell_of_another(county: County, chat: Chat) -> None:
    number = told(chat)
    county.does(casework.ask, DEPUTY, number, "哪一盏？")
    chat.say(f"撤回 {number}")
    assert chat.press("button.withdraw") == ["withdraw.done"]
    assert chat.say("垃圾没人收") == ["collect.first"]
    assert chat.say("已经三天了") == ["collect.more"]


def test_a_photo_answers_it_as_well(county: County, chat: Chat) -> None:
    number = told(chat)
    county.does(casework.ask, DEPUTY, number, "能拍一张吗？")
    assert chat.say(photos=1) == ["add.answered"]


# --- rating --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "rating"),
    [("满意", "satisfied"), ("基本滿意", "mostly"), ("satisfied", "satisfied"), ("不满意", "dissatisfied")],
)
def test_a_rating_can_be_typed(county: County, chat: Chat, word: str, rating: str) -> None:
    number = answered(county, told(chat))
    assert chat.say(word) == (["rating.why"] if rating == "dissatisfied" else ["rating.thanks"])
    assert county.case(number).rating == rating


def test_a_rating_without_an_answer_to_rate_is_something_to_tell(chat: Chat) -> None:
    told(chat)
    assert chat.say("满意") == ["collect.first"]


@pytest.mark.parametrize("label", ["button.rate_satisfied", "button.rate_mostly"])
def test_a_rating_is_pressed_once(county: County, chat: Chat, label: str) -> None:
    answered(county, told(chat))
    assert chat.press(label) == ["rating.thanks"]
    assert chat.press(label) == ["error.button_state"]


def test_who_is_not_satisfied_says_why_with_a_photo_and_in_their_own_words(county: County, chat: Chat) -> None:
    number = answered(county, told(chat))
    assert chat.press("button.rate_dissatisfied") == ["rating.why"]
    assert chat.say(photos=1) == ["add.done"]
    assert chat.say("昨天下雨又塌了") == ["rating.reason_noted"]
    case = county.case(number)
    assert (case.state, case.rating_reason) == (CaseState.REVIEW, "other")
    assert chat.texts(case) == [LAMP, None, "昨天下雨又塌了"]


def test_who_is_not_satisfied_presses_a_reason(county: County, chat: Chat) -> None:
    number = answered(county, told(chat))
    chat.press("button.rate_dissatisfied")
    assert chat.press("rating_reason.differs") == ["rating.reason_noted"]
    assert county.case(number).rating_reason == "differs"


async def test_a_look_back_is_answered(county: County, chat: Chat) -> None:
    number = answered(county, told(chat))
    chat.say("满意")
    await county.passes(days=31)
    assert chat.press("button.not_good") == ["look_back.sorry"]
    assert county.case(number).state is CaseState.REVIEW
    assert chat.say("又不亮了") == ["rating.reason_noted"]


async def test_a_quiet_draft_is_sent_in_and_the_chat_goes_on(county: County, chat: Chat) -> None:
    chat.say("路灯不亮")
    await county.passes(seconds=timedelta(minutes=10).total_seconds())
    (case,) = chat.cases
    assert (CITIZEN, "receipt.quiet") in county.news(case.number)
    assert chat.press("button.submit") == ["citizen.nothing_to_submit"]
    assert chat.say("垃圾没人收") == ["collect.first"]


@pytest.mark.parametrize(
    "text",
    [
        "灯",
        "😡😡🔥",
        "ལམ་བཟང་པོ་མེད་པས་འགྲོ་དཀའ་བས་རོགས་གནང་།",
        "يولدىكى چىراغ بۇزۇلۇپ قالدى",
        "ᠭᠡᠷᠡᠯ ᠡᠪᠳᠡᠷᠡᠭᠰᠡᠨ",
        "<b></b><script>alert(1)</script>",
    ],
)
def test_what_nobody_here_understands_is_kept_as_it_is_for_people_to_read(
    county: County, chat: Chat, text: str
) -> None:
    chat.say(text)
    assert chat.press("button.submit") == ["receipt.unsure"]
    (case,) = chat.cases
    assert case.category is None
    assert not case.suggestion["departments"]
    assert chat.texts(case) == [text]
