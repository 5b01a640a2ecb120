"""What a card shows of a case to the people at work on it."""

from bot.cards import case_view
from bot.wording import Wording
from tests.routing.county import County


def card(county: County, text: str) -> str:
    """The staff's card of a case, as it is read."""
    number = county.report(text)
    with county.work() as uow:
        case = uow.cases.by_number(number)
        assert case is not None
        view = case_view(uow, county.understanding, case)
    return Wording().render("card.staff", "zh_CN", view.params)


def test_strong_words_are_no_refusal_the_matter_in_them_is_what_counts(county: County) -> None:
    said = card(county, "你们这帮废物，路灯三天不亮了！")
    assert "话说得重，是心里着急；请看事情本身。" in said
    assert "综合行政执法局" in said
    assert "“废物" not in said


def test_calm_words_need_no_such_line(county: County) -> None:
    assert "话说得重" not in card(county, "海珀路的路灯三天不亮了")


def test_who_somebody_is_is_not_shown_but_kept(county: County) -> None:
    text = "我叫王小明，住阳光花园3栋2单元501，电话一三八零零一二三四五六，楼道灯不亮"
    said = card(county, text)
    assert "我叫王**，住阳光花园3栋*单元***，电话一三八******五六，楼道灯不亮" in said
    with county.work() as uow:
        case = uow.cases.list(station_ids=None, limit=1)[0]
        (submission,) = uow.submissions.of_case(case.id)
        assert [part.text for part in uow.submissions.parts(submission.id)] == [text]


def test_what_may_belong_elsewhere_is_told_with_the_department_that_would_act(county: County) -> None:
    said = card(county, "劳动仲裁裁决书下来了，老板拖欠工资还是不给")
    assert "这像是“仲裁”，依法应走：" in said
    assert "要是能受理，建议：人力资源和社会保障局" in said
