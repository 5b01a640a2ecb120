"""The program as a newcomer meets it: five tabs of one browser, from a code's page to a rated, closed case.

MASHANG_SCREENSHOTS=FOLDER keeps a picture of each person's page, phone-sized, at the end.
"""

import os
import re
import signal
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.browser.stage import NEEDS_CHROMIUM, Program, citizen_at, code_of, keep_picture, lamp, member, person

NUMBER = re.compile(r"HB-\d{6}-\d{3}")

pytestmark = NEEDS_CHROMIUM


def test_a_street_lamp_from_the_code_to_the_rating(program: Program, browser: Browser, tmp_path: Path) -> None:
    complaints: list[str] = []
    context = person(browser, complaints)
    home = context.new_page()
    home.goto(program.url)
    code_url = code_of(home)
    assert re.fullmatch(re.escape(program.url) + "/c/[0-9A-Z]{8}", code_url)
    deputy = member(home, "人大代表")
    staff = member(home, "联络站工作人员")
    officer = member(home, "部门联络员")
    citizen = citizen_at(context.new_page(), code_url)
    # The greeting is longer than the screen; it is read from its beginning.
    expect(citizen.page.get_by_text("您好，这里是")).to_be_in_viewport()
    everybody = {"citizen": citizen, "deputy": deputy, "staff": staff, "officer": officer}
    for tab in everybody.values():
        tab.hears_live()

    citizen.says("海珀路 15 号门口的路灯三天没亮了，晚上老人走路看不见")
    citizen.heard("记下了")
    citizen.chooses_photo("路灯.jpg", lamp())
    citizen.page.get_by_role("button", name="发送").click()
    citizen.heard("一共 2 条")
    citizen.presses("说完了，提交")
    receipt = citizen.heard("收到了，编号", "路灯", "建议交综合行政执法局")
    found = NUMBER.search(receipt.inner_text())
    assert found is not None
    number = found[0]
    citizen.presses("对")
    citizen.heard("就按这个办")

    card = deputy.heard("新反映", number, "路灯三天没亮", "建议：综合行政执法局")
    # As large as it was sent, and shown to those who may see the case.
    assert deputy.pictures(card) == [1600]
    deputy.fits()
    expect(card.get_by_role("button", name="我来听")).to_be_in_viewport()
    deputy.presses("我来听")
    deputy.heard("由您来听", number)
    # The other things that a deputy may do with it stay within reach.
    expect(card.get_by_role("button", name="提问")).to_be_enabled()
    citizen.heard("林秋代表看到了", "我来听")

    staff.heard("林秋代表说“我来听”")
    assert staff.pictures(staff.heard("待受理", number, "路灯三天没亮")) == [1600]
    staff.presses("→ 综合行政执法局")
    staff.heard("已请综合行政执法局签收")
    citizen.heard("已请综合行政执法局确认承办")

    assert officer.pictures(officer.heard("请签收", number, "路灯三天没亮")) == [1600]
    officer.presses("签收")
    officer.heard("已签收")
    for tab in (citizen, deputy, staff):
        tab.heard(number, "综合行政执法局")
    citizen.heard("由综合行政执法局办理，预计")
    officer.presses("答复")
    officer.heard("请写", "的答复")
    officer.says("线路昨晚已经修好，请您晚上看看")
    officer.heard("属于哪一类")
    officer.presses("已解决")
    officer.heard("已发给反映人")

    for tab in (citizen, deputy, staff):
        tab.heard(number, "线路昨晚已经修好")
    citizen.heard("有结果了", "您满意吗")
    citizen.presses("满意")
    citizen.heard("谢谢您的评价", "办结")
    for tab in (deputy, staff, officer):
        tab.heard("群众评价：满意")
    citizen.says("进度")
    citizen.heard(number, "办结", "线路昨晚已经修好")
    staff.says(f"查 {number}")
    staff.heard(f"{number}　办结", "综合行政执法局", "线路昨晚已经修好")

    kept = Path(os.environ.get("MASHANG_SCREENSHOTS") or tmp_path / "screenshots")
    kept.mkdir(parents=True, exist_ok=True)
    for name, tab in everybody.items():
        # Not one reload and not one question: all of it came by the live stream or as an answer.
        assert tab.asked == [], name
        tab.fits()
        assert not re.search(r"Traceback|\{\w+\}|None|null|undefined", tab.log.inner_text()), name
        keep_picture(kept, name, tab)
    assert complaints == []


def test_two_citizens_do_not_see_each_others_case(program: Program, browser: Browser) -> None:
    complaints: list[str] = []
    contexts = [person(browser, complaints) for _ in range(2)]
    home = contexts[0].new_page()
    home.goto(program.url)
    code_url = code_of(home)
    one, other = (citizen_at(context.new_page(), code_url) for context in contexts)
    one.says("菜场门口的井盖松了，踩上去会响")
    one.heard("记下了")
    one.chooses_photo("井盖.jpg", lamp())
    one.page.get_by_role("button", name="发送").click()
    one.heard("一共 2 条")
    one.presses("说完了，提交")
    found = NUMBER.search(one.heard("收到了，编号").inner_text())
    assert found is not None
    other.says("进度")
    other.heard("还没有在这里反映过事情")
    # Knowing the number of another's case opens nothing.
    answers = other.page.locator(".message:not(.mine)")
    for text in (f"进度 {found[0]}", f"撤回 {found[0]}"):
        before = answers.count()
        other.says(text)
        expect(answers).to_have_count(before + 1)
        expect(answers.last).to_contain_text("没有找到这个编号")
    other.page.reload()
    other.heard("隐私说明")
    for line in answers.all_inner_texts():
        assert "井盖" not in line
        assert "收件" not in line
    one.says("进度")
    one.heard(found[0], "已收件")
    assert complaints == []


def test_what_is_typed_while_the_server_is_down_is_sent_by_itself(program: Program, browser: Browser) -> None:
    complaints: list[str] = []
    context = person(browser, complaints)
    home = context.new_page()
    home.goto(program.url)
    code_url = code_of(home)
    citizen = citizen_at(context.new_page(), code_url)
    citizen.says("幸福路的树枝压到电线了")
    citizen.heard("记下了")
    program.stop(signal.SIGKILL)
    citizen.says("刮风的时候会冒火花")
    expect(citizen.page.get_by_role("status")).to_contain_text("您写的不会丢")
    expect(citizen.page.get_by_text("还没送到，会自动再发")).to_be_visible()
    program.start()
    citizen.heard("一共 2 条")
    expect(citizen.page.get_by_role("status")).to_be_hidden()
    expect(citizen.page.get_by_text("还没送到")).to_have_count(0)
    expect(citizen.log.get_by_text("刮风的时候会冒火花")).to_have_count(1)
    citizen.presses("说完了，提交")
    citizen.heard("编号")
    assert complaints == []
