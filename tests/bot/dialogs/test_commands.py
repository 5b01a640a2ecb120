"""The grammar of work commands, and who may give which."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dialogs.commands import Command, split_command
from bot.dialogs.work import COMMANDS
from bot.wording import Wording
from routing import casework, satisfaction
from routing.case import CaseState
from routing.people import Role
from routing.permissions import MATRIX
from tests.bot.dialogs.chat import Chat
from tests.routing.county import (
    ADMIN,
    BRIBE,
    CITIZEN,
    COLLEAGUE,
    DEPUTY,
    GAS,
    INTEGRITY,
    LAMP,
    OFFICER,
    OTHER_OFFICER,
    STAFF,
    County,
)

BY_NAME = {name: command for command in COMMANDS for name in command.names}
PEOPLE = {
    Role.DEPUTY: DEPUTY, Role.OFFICER: OFFICER, Role.STAFF: STAFF, Role.ADMIN: ADMIN, Role.INTEGRITY: INTEGRITY,
}  # fmt: skip


def desk(county: County, who: str) -> Chat:
    return Chat(county, who, work=True)


@pytest.fixture
def staff(county: County) -> Chat:
    return desk(county, STAFF)


@pytest.fixture
def number(county: County) -> str:
    return county.report()


# --- reading -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "word", "rest"),
    [
        ("受理 HP-261123-007", "受理", "HP-261123-007"),
        ("  受理\u3000HP-261123-007 ", "受理", "HP-261123-007"),
        ("受理\nHP-261123-007", "受理", "HP-261123-007"),
        ("受理\tHP-261123-007", "受理", "HP-261123-007"),
        ("受理HP-261123-007", "受理", "HP-261123-007"),
        ("受理：hp261123007", "受理", "hp261123007"),
        ("/accept HP-261123-007", "accept", "HP-261123-007"),
        ("/ACCEPT@mashang_desk_bot HP-261123-007", "accept", "HP-261123-007"),
        ("Accept HP-261123-007", "accept", "HP-261123-007"),
        ("結辦 HP-261123-007", "结办", "HP-261123-007"),
        ("答复 HP-261123-007 已解决\n灯修好了\n谢谢", "答复", "HP-261123-007 已解决\n灯修好了\n谢谢"),
        ("列表", "列表", ""),
        ("", "", ""),
        ("   ", "", ""),
    ],
)
def test_a_command_is_a_word_and_the_rest(text: str, word: str, rest: str) -> None:
    assert split_command(text) == (word, rest)


@given(st.text(max_size=80))
def test_whatever_is_typed_is_read(text: str) -> None:
    word, rest = split_command(text)
    assert rest == rest.strip()
    assert not word or not any(char.isspace() for char in word)


def test_no_word_means_two_things() -> None:
    assert sum(len(command.names) for command in COMMANDS) == len(BY_NAME)
    assert all(command.names[-1].isascii() for command in COMMANDS), "each has an English name"


@pytest.mark.parametrize(
    "form",
    ["{n}", "{lower}", "{bare}", "{wide}", "\n{n}", "{n} "],
    ids=["plain", "lower", "bare", "wide", "line", "tail"],
)
def test_a_case_is_named_by_its_number_in_any_form(staff: Chat, number: str, form: str) -> None:
    wide = "".join(chr(ord(char) + 0xFEE0) for char in number)
    named = form.format(n=number, lower=number.lower(), bare=number.replace("-", "").lower(), wide=wide)
    assert staff.say(f"受理 {named}") == ["staff.accepted"]


def test_a_case_is_named_by_replying_to_its_card(county: County, staff: Chat, number: str) -> None:
    other = county.report()
    card = staff.card(number)
    assert staff.say("受理", reply_to=card) == ["staff.accepted"]
    assert staff.say("发 师傅明天到", reply_to=card) == ["staff.sent"]
    assert county.notices(number)[-1].params["text"] == "师傅明天到"
    assert county.case(other).state is CaseState.RECEIVED
    assert staff.say(f"受理 {other}", reply_to=card) == ["staff.accepted"], "a number says more than a reply"


@pytest.mark.parametrize("reply_to", ["no such message", "1", "99999999999", "p1"])
def test_a_reply_to_anything_else_names_nothing(staff: Chat, number: str, reply_to: str) -> None:
    assert staff.say("受理", reply_to=reply_to) == ["usage.accept"]


def test_anothers_card_names_nothing(county: County, staff: Chat, number: str) -> None:
    card = desk(county, DEPUTY).card(number)
    assert staff.say("受理", reply_to=card) == ["usage.accept"]


# --- departments ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "named",
    ["zhzf", "综合行政执法局", "城管", "城管局", "综合行政", "chengguan", "cgj", "海平县城管局", "綜合行政執法局"],
)
def test_a_department_is_named_in_many_ways(county: County, staff: Chat, number: str, named: str) -> None:
    assert staff.say(f"改派 {number} {named}") == ["staff.assigned"]
    assert county.case(number).department == "zhzf"


def test_where_it_is_not_unique_there_is_a_list_to_choose_from(county: County, staff: Chat, number: str) -> None:
    assert staff.say(f"改派 {number} 公司 会办 人社、住建") == ["department.which"]
    (which,) = staff.heard
    labels = [label for label, _ in which.buttons]
    assert "=供电公司" in labels
    assert len(labels) > 1
    assert county.case(number).state is CaseState.RECEIVED
    assert staff.say(str(labels.index("=供电公司") + 1)) == ["staff.assigned_co"]
    case = county.case(number)
    assert (case.department, case.co_departments) == ("gongdian", ["rs", "zhujian"]), "the others are not forgotten"


@pytest.mark.parametrize(
    ("behind", "key"),
    [
        ("", "usage.assign"), ("火星局", "department.unknown"), ("城管 会办 火星局", "department.unknown"),
        ("城管 住建", "usage.assign"), ("法院", "assign.not_a_handler"), ("纪委", "assign.not_a_handler"),
    ],
)  # fmt: skip
def test_what_was_wrong_with_an_assignment_is_said(
    county: County, staff: Chat, number: str, behind: str, key: str
) -> None:
    assert staff.say(f"改派 {number} {behind}") == [key]
    assert county.case(number).state is CaseState.RECEIVED


def test_co_handlers_are_named_behind(county: County, staff: Chat, number: str) -> None:
    assert staff.say(f"派 {number} 城管 会办 人社 住建") == ["staff.assigned_co"]
    assert county.case(number).co_departments == ["rs", "zhujian"]


# --- every command by its right role -------------------------------------------------------------------------------


def _assigned(county: County, number: str) -> None:
    county.does(casework.assign, STAFF, number, county.department("zhzf"))


def _confirmed(county: County, number: str) -> None:
    _assigned(county, number)
    county.does(casework.confirm, OFFICER, number)


def _review(county: County, number: str) -> None:
    _confirmed(county, number)
    county.does(casework.answer, OFFICER, number, "solved", "修好了", None)
    county.says(satisfaction.rate, number, "dissatisfied")


def _nothing(county: County, number: str) -> None:
    pass


#: Every command once as its right role gives it: (who, what is typed, the reply, what was before, the state after).
GIVEN: list[tuple[str, str, str, Callable[[County, str], None], CaseState]] = [
    (DEPUTY, "我来听 {n}", "deputy.heard", _nothing, CaseState.ACCEPTED),
    (DEPUTY, "补充 {n} 灯杆也歪了", "work.noted", _nothing, CaseState.RECEIVED),
    (DEPUTY, "跟进 {n}", "deputy.following", _nothing, CaseState.RECEIVED),
    (DEPUTY, "提问 {n} 哪一盏？", "work.asked", _nothing, CaseState.NEEDS_INFO),
    (DEPUTY, "建议部门 {n} 供电 灯归他们", "deputy.proposed", _nothing, CaseState.RECEIVED),
    (OFFICER, "签收 {n}", "officer.confirmed", _assigned, CaseState.ASSIGNED),
    (OFFICER, "退回 {n} 不属本局职责，建议 供电", "officer.returned", _assigned, CaseState.ACCEPTED),
    (OFFICER, "答复 {n} 已解决 修好了", "officer.answered", _confirmed, CaseState.ANSWERED),
    (STAFF, "受理 {n}", "staff.accepted", _nothing, CaseState.ACCEPTED),
    (STAFF, "不受理 {n} 已在法院，请拨 12368", "staff.declined", _nothing, CaseState.DECLINED),
    (STAFF, "改派 {n} 城管", "staff.assigned", _nothing, CaseState.PROPOSED),
    (STAFF, "改类 {n} CG05", "staff.reclassified", _nothing, CaseState.RECEIVED),
    (STAFF, "指派代表 {n} 087", "staff.deputy_given", _nothing, CaseState.RECEIVED),
    (STAFF, "放行 {n}", "staff.released", _nothing, CaseState.RECEIVED),
    (STAFF, "转受限 {n}", "staff.sealed", _nothing, CaseState.SEALED),
    (STAFF, "催办 {n}", "staff.urged", _assigned, CaseState.PROPOSED),
    (STAFF, "办结 {n} 已按标准修复", "staff.closed", _review, CaseState.CLOSED),
    (STAFF, "重办 {n} 请到现场", "staff.redo", _review, CaseState.ASSIGNED),
    (STAFF, "发 {n} 师傅明天到", "staff.sent", _nothing, CaseState.RECEIVED),
    (STAFF, "已联系 {n}", "staff.contacted", _nothing, CaseState.ACCEPTED),
    (STAFF, "查 {n}", "staff.case", _nothing, CaseState.RECEIVED),
    (STAFF, "相似 {n}", "similar.none", _nothing, CaseState.RECEIVED),
    (STAFF, "热点", "hot.none", _nothing, CaseState.RECEIVED),
    (STAFF, "列表", "list.cases", _nothing, CaseState.RECEIVED),
    (STAFF, "规则", "rules.none", _nothing, CaseState.RECEIVED),
    (DEPUTY, "为什么 {n}", "why.case", _nothing, CaseState.RECEIVED),
    (STAFF, "统计", "stats.summary", _nothing, CaseState.RECEIVED),
    (STAFF, "码", "codes.none", _nothing, CaseState.RECEIVED),
    (STAFF, "邀请 代表 086", "invite.made", _nothing, CaseState.RECEIVED),
    (STAFF, "值班 我", "duty.set", _nothing, CaseState.RECEIVED),
    (ADMIN, "关联", "link.code_work", _nothing, CaseState.RECEIVED),
    (OFFICER, "解除关联", "link.none", _nothing, CaseState.RECEIVED),
    (DEPUTY, "推送", "push.one", _nothing, CaseState.RECEIVED),
    (INTEGRITY, "免打扰 22:00-7:00", "quiet.set", _nothing, CaseState.RECEIVED),
    (INTEGRITY, "受限", "sealed.none", _nothing, CaseState.RECEIVED),
]


@pytest.mark.parametrize(
    ("who", "typed", "reply", "before", "after"), GIVEN, ids=lambda value: value if isinstance(value, str) else ""
)
@pytest.mark.parametrize("english", [False, True], ids=["中文", "english"])
def test_a_command_by_its_right_role(
    county: County, number: str, who: str, typed: str, reply: str, before: Callable[[County, str], None],
    after: CaseState, english: bool,
) -> None:  # fmt: skip
    before(county, number)
    word, _, rest = typed.partition(" ")
    if english:
        word = f"/{BY_NAME[word].names[-1]}"
    assert desk(county, who).say(f"{word} {rest}".format(n=number)) == [reply]
    assert county.case(number).state is after


def test_handing_over_is_the_integrity_officers(county: County) -> None:
    number = county.report(BRIBE)
    officer = desk(county, INTEGRITY)
    assert officer.say("受限") == ["sealed.list"]
    assert officer.say("1") == ["sealed.case"]
    assert officer.heard[0].sealed, "its words are kept encrypted wherever the reply is kept"
    assert officer.say(f"受限 {number.lower()}") == ["sealed.case"]
    assert officer.heard[0].params["text"] == BRIBE
    assert officer.say(f"移送 {number}") == ["usage.transfer"]
    assert officer.say(f"移送 {number} 回执1") == ["sealed.transferred"]


def test_every_command_is_given_once_above() -> None:
    given = {BY_NAME[typed.split()[0]] for _, typed, *_ in GIVEN} | {BY_NAME["移送"]}
    assert given == set(COMMANDS)


# --- every command refused to every other --------------------------------------------------------------------------


@pytest.mark.parametrize("role", PEOPLE, ids=str)
def test_every_other_command_is_refused(county: County, number: str, role: Role) -> None:
    """With a case that they see, with one that they don't, and with none."""
    chat = desk(county, PEOPLE[role])
    _assigned(county, number)
    sees = role in (Role.DEPUTY, Role.OFFICER, Role.STAFF)
    steps = county.steps(number)
    for command in COMMANDS:
        if command.operation in MATRIX[role]:
            continue
        for word in command.names:
            assert chat.say(word) == ["error.role"], word
            expected = "error.role" if sees or not command.needs_case else "error.not_found"
            assert chat.say(f"{word} {number} 城管 理由") == [expected], word
    assert county.steps(number) == steps


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.names[0])
def test_no_command_does_anything_for_somebody_without_a_role(county: County, number: str, command: Command) -> None:
    for chat in (desk(county, "路人"), Chat(county, "路人")):
        for word in (command.names[0], f"/{command.names[-1]}"):
            chat.say(f"{word} {number} 城管 理由")
    assert desk(county, "路人").say(f"{command.names[0]} {number}") == ["work.stranger"]
    assert county.steps(number) == ["received"]


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.needs_case], ids=lambda command: command.names[0])
def test_another_stations_case_is_as_if_it_were_not_there(county: County, command: Command) -> None:
    elsewhere = county.report(deputy="141", station="XQ")
    who = next(PEOPLE[role] for role in PEOPLE if command.operation in MATRIX[role])
    chat = desk(county, who)
    assert chat.say(f"{command.names[0]} {elsewhere} 城管 理由") == ["error.not_found"]
    assert chat.say(f"{command.names[0]} HP-261123-999 城管 理由") == ["error.not_found"]
    assert county.steps(elsewhere) == ["received"]


def test_a_sealed_case_is_as_if_it_were_not_there(county: County, staff: Chat) -> None:
    number = county.report(BRIBE)
    for command in COMMANDS:
        if command.needs_case and command.operation in MATRIX[Role.STAFF]:
            assert staff.say(f"{command.names[0]} {number} 城管 理由") == ["error.not_found"]
    assert listed(staff, "列表 全部") == listed(staff, "列表 sealed") == set()
    assert staff.say("统计") == ["stats.summary"]
    assert staff.heard[0].params["total"] == 0


def test_figures_about_suggestions(county: County, number: str, staff: Chat) -> None:
    assert staff.say("统计 分类") == ["stats.no_suggestions"]
    _assigned(county, number)
    assert staff.say("统计 分类 7") == ["stats.suggestions"]
    assert staff.heard[0].params["days"] == 7
    assert staff.say("/stats suggestions") == ["stats.suggestions"]


def test_figures_about_suggestions_tell_models_apart(county: County, number: str, staff: Chat) -> None:
    def figures() -> str:
        staff.say("统计 分类")
        return Wording().render("stats.suggestions", "zh_CN", staff.last("stats.suggestions").params)

    _assigned(county, number)
    assert "模型" not in figures(), "all are one model's"
    other = county.report(LAMP)
    with county.work() as uow:
        case = uow.cases.by_number(other)
        assert case is not None
        assert case.suggestion["model"] == county.understanding.classifier.model.id
        case.suggestion = {**case.suggestion, "model": "261123-7f3a"}
    _assigned(county, other)
    assert "按学习模型（先用的在前）：" in figures()
    assert "261123-7f3a 100%（1/1）" in figures()


def test_figures_about_suggestions_know_no_sealed_case(county: County, staff: Chat) -> None:
    county.report(BRIBE)
    assert staff.say("统计 分类") == ["stats.no_suggestions"]


# --- a wrong command says what was wrong ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "typed", "key"),
    [
        (STAFF, "受理", "usage.accept"), (STAFF, "受理 路灯", "usage.accept"), (STAFF, "不受理 {n}", "usage.decline"),
        (STAFF, "改类 {n} 火星", "category.unknown"), (STAFF, "指派代表 {n}", "usage.give_deputy"),
        (STAFF, "指派代表 {n} 无名氏", "deputy.unknown"), (STAFF, "办结 {n}", "usage.close"),
        (STAFF, "发 {n}", "usage.message"), (STAFF, "催办 {n}", "urge.nobody"),
        (STAFF, "重办 {n} 再去", "error.state"),
        (STAFF, "列表 火星", "usage.list"), (STAFF, "邀请", "usage.invite"), (STAFF, "邀请 代表 999", "invite.unknown"),
        (STAFF, "值班 无名氏", "duty.unknown"), (STAFF, "签收 {n}", "error.state"), (STAFF, "答复 {n}", "usage.answer"),
        (DEPUTY, "提问 {n}", "usage.ask"), (DEPUTY, "补充 {n}", "usage.note"),
        (DEPUTY, "建议部门 {n} 火星局", "department.unknown"),
        (STAFF, "火星 {n}", "work.unknown"), (STAFF, "受理吧", "work.unknown"),
    ],
)  # fmt: skip
def test_what_was_wrong_is_said(county: County, number: str, who: str, typed: str, key: str) -> None:
    assert desk(county, who).say(typed.format(n=number)) == [key]
    assert county.steps(number) == ["received"], "and nothing was done"


def test_an_unknown_word_is_answered_with_what_one_may(county: County, staff: Chat) -> None:
    assert staff.say("火星") == ["work.unknown"]
    (reply,) = staff.heard
    assert reply.params["said"] == "火星"
    assert reply.params["commands"][0]["key"] == "help.commands_staff"


# --- edited, forwarded, in a group ---------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.needs_case], ids=lambda command: command.names[0])
@pytest.mark.parametrize(
    ("how", "key"),
    [({"edited": True}, ["work.edited"]), ({"forwarded": True}, ["work.forwarded"]), ({"private": False}, [])],
)
def test_an_edited_forwarded_or_public_command_does_nothing(
    county: County, number: str, command: Command, how: dict[str, Any], key: list[str]
) -> None:
    who = next(PEOPLE[role] for role in PEOPLE if command.operation in MATRIX[role])
    assert desk(county, who).say(f"{command.names[0]} {number} 城管 理由", **how) == key
    assert county.steps(number) == ["received"]


@pytest.mark.parametrize("how", [{"edited": True}, {"forwarded": True}])
def test_an_edited_or_forwarded_number_presses_no_button(county: County, number: str, how: dict[str, Any]) -> None:
    staff = desk(county, STAFF)
    staff.say(f"改派 {number} 公司")
    assert staff.say("1", **how) in (["work.edited"], ["work.forwarded"])
    assert county.case(number).state is CaseState.RECEIVED


def test_a_command_with_a_slash_in_a_group_is_sent_to_the_private_chat(county: County, number: str) -> None:
    assert desk(county, STAFF).say(f"/accept {number}", private=False) == ["work.private_only"]
    assert county.steps(number) == ["received"]


# --- lists and figures ---------------------------------------------------------------------------------------------


def listed(chat: Chat, typed: str) -> set[str]:
    chat.say(typed)
    return {line["params"]["number"] for line in chat.heard[0].params.get("lines", [])}


def test_a_list_shows_what_is_theirs(county: County) -> None:
    mine, given = county.report(), county.report(deputy="087")
    elsewhere = county.report(deputy="141", station="XQ")
    above = county.report(deputy="012", station="HP")
    _assigned(county, given)
    assert listed(desk(county, STAFF), "列表") == {mine, given}
    assert listed(desk(county, "赵敏芝"), "列表") == {mine, given, above}
    assert listed(desk(county, "葛青"), "列表") == {elsewhere}
    assert listed(desk(county, DEPUTY), "列表") == {mine}
    assert listed(desk(county, OFFICER), "列表") == {given}
    assert listed(desk(county, OTHER_OFFICER), "列表") == set()
    assert listed(desk(county, STAFF), "列表 预交办") == listed(desk(county, STAFF), "列表 proposed") == {given}


def test_a_held_text_is_not_in_the_deputys_list(county: County) -> None:
    county.report("林秋代表从来不见人")
    assert listed(desk(county, DEPUTY), "列表") == set()


def test_a_long_list_is_cut_and_says_so(county: County) -> None:
    for n in range(12):
        county.report(who=f"u{n}")
    staff = desk(county, STAFF)
    assert len(listed(staff, "列表")) == 10
    assert staff.heard[0].params["more"]["key"] == "list.more"


def test_few_ratings_give_no_rate_and_silence_is_not_counted(county: County) -> None:
    staff = desk(county, STAFF)
    for n in range(6):
        number = county.report(who=f"u{n}")
        county.does(casework.accept, STAFF, number)
        county.does(casework.close, STAFF, number, "已解释")
        if n < 4:
            county.says(satisfaction.rate, number, "mostly", who=f"u{n}")
        elif n == 4:
            county.says(lambda uow, contact, case: satisfaction.close_unrated(uow, case), number, who=f"u{n}")
    staff.say("统计")
    assert staff.heard[0].params["rate"] == {"key": "stats.few", "params": {}}
    county.says(satisfaction.rate, number, "dissatisfied", who="u5")
    staff.say("统计 7")
    params = staff.heard[0].params
    assert params["rate"] == {"key": "stats.rate", "params": {"percent": 80, "rated": 5}}
    assert (params["days"], params["total"], params["closed"], params["open"]) == (7, 6, 5, 1)


# --- people --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "typed", "key"),
    [
        (STAFF, "邀请 工作人员 王磊", "invite.made"), (STAFF, "邀请 代表 林秋", "invite.made"),
        (STAFF, "邀请 部门 人社", "invite.made"), (STAFF, "邀请 部门 城管 高峰", "invite.made"),
        (STAFF, "/invite deputy 86", "invite.made"), (ADMIN, "邀请 工作人员 俞海", "invite.made"),
        (ADMIN, "邀请 工作人员 严正", "invite.made"),
        (STAFF, "邀请 工作人员 严正", "error.role"), (STAFF, "邀请 工作人员 马晓", "error.role"),
        (STAFF, "邀请 工作人员 俞海", "error.role"),  # of the station above: its role would be theirs to take
        (STAFF, "邀请 代表 012", "error.role"), (STAFF, "邀请 代表 141", "error.role"),
        ("赵敏芝", "邀请 代表 086", "invite.made"),
    ],
)  # fmt: skip
def test_who_may_invite_whom(county: County, who: str, typed: str, key: str) -> None:
    chat = desk(county, who)
    assert chat.say(typed) == [key]
    if key == "invite.made":
        assert chat.heard[0].sealed, "the secret is nowhere kept in the clear"


def test_an_invitation_is_taken_in_a_private_chat_once(county: County) -> None:
    staff = desk(county, STAFF)
    staff.say("邀请 工作人员 王磊")
    secret = staff.heard[0].params["secret"]
    newcomer, other = desk(county, "新来的"), desk(county, "别人")
    assert newcomer.say(f"/join_{secret}", private=False) == ["work.private_only"]
    assert newcomer.say(secret, private=False) == []
    assert newcomer.say(secret, forwarded=True) == newcomer.say(secret, edited=True) == ["work.stranger"]
    assert newcomer.say(secret) == ["join.done", "help.staff"]
    assert other.say(secret) == ["join.invalid"]
    assert newcomer.say("值班") == ["duty.now"]
    assert desk(county, COLLEAGUE).say("列表") == ["work.stranger"], "the role moved to the new chat"


def test_an_invitation_works_by_its_link_and_not_in_the_citizens_chat(county: County) -> None:
    staff = desk(county, STAFF)
    staff.say("邀请 代表 087")
    payload = "join_" + staff.heard[0].params["secret"].replace("-", "")
    assert "join.done" not in Chat(county, "新来的").arrive(payload)
    assert desk(county, "新来的").arrive(payload) == ["join.done", "help.deputy"]


def test_duty_is_told_and_changed(county: County) -> None:
    staff = desk(county, STAFF)
    assert staff.say("值班") == ["duty.now"]
    assert staff.heard[0].params["names"] == [STAFF, COLLEAGUE], "all of them while nobody is"
    assert staff.say(f"值班 {COLLEAGUE}") == ["duty.set"]
    staff.say("值班")
    assert staff.heard[0].params["names"] == [COLLEAGUE]
    number = county.report(GAS)
    assert county.news(number) == [(COLLEAGUE, "card.duty")]
    assert desk(county, COLLEAGUE).press("button.contacted") == ["staff.contacted"]
    assert CITIZEN in dict(county.news(number))
