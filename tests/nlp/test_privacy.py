"""Masking: what is hidden, what stays, and that nothing else moves. All names and numbers are made up."""

import re
import sys
import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp import privacy
from nlp.privacy import mask
from nlp.taxonomy import default_taxonomy

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=60)
TELLING = st.text("138一三八零〇１３ -·.转@栋单元室号楼浙aAxX我叫是王小明联系人卡微信qq\u200b：,，", max_size=40)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("我电话13812345678", "我电话138******78"),
        ("打138 1234 5678", "打138 **** **78"),
        ("打138-1234-5678", "打138-****-**78"),
        ("打138－1234－5678", "打138－****－**78"),
        ("打138.123.45678", "打138.***.***78"),
        ("打138 12 34 56 78", "打138 ** ** ** 78"),
        ("打1 3 8 1 2 3 4 5 6 7 8", "打1 3 8 * * * * * * 7 8"),
        ("打１３８１２３４５６７８", "打１３８******７８"),
        ("打١٣٨١٢٣٤٥٦٧٨", "打١٣٨******٧٨"),
        ("打138\u200b12345678", "打138\u200b******78"),
        ("手机一三八零零一二三四五六", "手机一三八******五六"),
        ("手机幺三八零零幺二三四五六", "手机幺三八******五六"),
        ("手机一三八零零一二三四五六一直打不通", "手机一三八******五六一直打不通"),
        ("13812345678一直打不通", "138******78一直打不通"),
        ("+86 138 1234 5678", "+86 138 **** **78"),
        ("+8613812345678", "+86138******78"),
        ("0571-87654321", "0571-********"),
        ("（0571）87654321", "（0571）********"),
        ("座机87654321", "座机********"),
        ("写信a.b@example.cn", "写信a*************"),
        ("写信ａ＠example.cn", "写信ａ***********"),
        ("加我微信lamp_2026", "加我微信l********"),
        ("微信号：lampqiu88", "微信号：l********"),
        ("QQ123456789", "QQ1********"),
        ("qq号是 1234567", "qq号是 1******"),
    ],
)
def test_hides_how_somebody_is_reached(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("身份证11010519491231002X，谢谢", "身份证110***************，谢谢"),
        ("身份证110105 19491231 002X", "身份证110*** ******** ****"),
        ("1101 0519 4912 3100 2X", "110* **** **** **** **"),
        ("110105194912310021", "110***************"),
        ("身份证号123456789012345678", "身份证号123***************"),
        ("一一零一零五一九四九一二三一零零二X", "一一零***************"),
        ("110105491231002", "110************"),
        ("卡6222021001123456789", "卡***************6789"),
        ("4539 5787 6362 1486", "**** **** **** 1486"),
        ("卡号6222021001123456788", "卡号***************6788"),
        ("车牌浙A12345", "车牌浙A*****"),
        ("车牌浙AD12345挡路", "车牌浙A******挡路"),
        ("车牌浙A·12345", "车牌浙A·*****"),
        ("浙a1234学占着道", "浙a*****占着道"),
        ("住3幢2单元501室", "住3幢*单元***室"),
        ("住三幢二单元五零一室", "住三幢*单元***室"),
        ("2单元501漏水", "2单元***漏水"),
        ("3号楼1202漏水", "3号楼****漏水"),
        ("我住幸福里12号402室", "我住幸福里12号***室"),
        ("阳光花园3-2-501漏水", "阳光花园3-*-***漏水"),
    ],
)
def test_hides_numbers_of_a_person_and_a_home(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("我叫王小明，住村东头", "我叫王**，住村东头"),
        ("我叫王明", "我叫王*"),
        ("我叫王小明我家没水", "我叫王**我家没水"),
        ("我叫王小明想反映路灯", "我叫王**想反映路灯"),
        ("本人姓名孙岩松", "本人姓名孙**"),
        ("联系人是周海生", "联系人是周**"),
        ("我的名字叫李雷", "我的名字叫李*"),
        ("您好，我是李秋水。路灯坏了", "您好，我是李**。路灯坏了"),
        ("本人张岩，退休教师", "本人张*，退休教师"),
        ("姓名：赵一凡 电话另给", "姓名：赵** 电话另给"),
        ("联系人周海生电话多少", "联系人周**电话多少"),
        ("我妈叫陈桂花，八十了", "我妈叫陈**，八十了"),
        ("我叫欧阳清，女", "我叫欧**，女"),
        ("我叫張曉月，住在這裡", "我叫張**，住在這裡"),
        ("我叫\u200b孙立今年七十", "我叫\u200b孙*今年七十"),
    ],
)
def test_hides_names_where_they_are_told_as_such(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "", "路灯不亮", "\ud800", "停了12345次，花了20000元", "2026年11月22日下午3点", "2026-11-22 15:30:00",
        "从2020.01.01到2026.11.22", "打12345没人接", "打110、119、120都行", "电力95598", "热线400-820-8820",
        "打4008208820", "法院12368，法律援助12348", "受理编号HP-261123-001", "订单号1234567890123",
        "流水号2026112200001234567", "欠款1234567890.50元", "面积1234.5678平方米", "（2026）浙01民初1234号",
        "政发〔2026〕12号", "3栋12层没水", "5栋18户都没水", "一栋三十户", "3号楼2026年建的", "12号楼门口",
        "公交12路、345路", "一二三四五六七八九十", "第一二三四单元", "iPhone15最新iPhone15", "住了501天",
        "我叫他来他不来", "我是高中生，没地方坐", "我是安装工，没工资", "我是低保户", "我是一名老师，教了三十年",
        "我是江苏人，在这打工", "我是于昨天来的", "本人曾在2016年反映", "本人成绩，并未公开", "本人已经反映三次",
        "本人车辆，停在路边", "我是夏荷苑5栋的", "申请人应当是业主", "本人曾去过三次", "本人于今年9月入职",
        "联系人：王先生", "我是李阿姨，住三楼", "叫板", "大家叫苦，不知怎么办", "微信支付100000元",
        "微信小程序打不开", "加微信群", "qq打不开", "办事大厅201室没人",
    ],
)  # fmt: skip
def test_leaves_the_rest(text: str) -> None:
    assert mask(text) == text


@given(ANY_TEXT | TELLING)
def test_keeps_every_place_and_repeats_itself(text: str) -> None:
    once = mask(text)
    assert len(once) == len(text)
    assert all(a in (b, "*") for a, b in zip(once, text, strict=True))
    assert mask(text) == once


@given(ANY_TEXT | TELLING)
def test_the_first_glance_overlooks_nothing(text: str) -> None:
    masker = privacy._default_masker()
    plain, _ = privacy._plain(text)
    if masker.clean(plain):
        assert not any(rule.pattern.search(plain) and not rule.check for rule in default_taxonomy().privacy)
        assert not list(masker.find(plain))


def test_every_character_that_folds_is_unusual() -> None:
    plain = (chr(code) for code in range(sys.maxunicode + 1))
    assert [c for c in plain if privacy._fold(c) != c and not privacy._UNUSUAL.search(c)] == []


@given(
    st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True),
    st.text("路灯，。 ", max_size=5),
    st.sampled_from(["", " ", "-", "\u200b", "·"]),
    st.sampled_from(["0123456789", "０１２３４５６７８９", "零一二三四五六七八九"]),
)
def test_no_mobile_number_gets_through(number: str, around: str, between: str, digits: str) -> None:
    groups = (number[:3], number[3:7], number[7:])
    written = between.join(groups).translate(str.maketrans("0123456789", digits))
    assert written not in mask(around + written + around)


@given(
    st.dates(date(1900, 1, 1), date(2026, 12, 31)),
    st.integers(110000, 659999),
    st.integers(0, 999),
    st.sampled_from("0123456789Xx"),
)
def test_no_identity_number_gets_through(born: date, district: int, order: int, last: str) -> None:
    number = f"{district}{born:%Y%m%d}{order:03}{last}"
    assert mask(f"身份证{number}。") == f"身份证{number[:3]}{'*' * 15}。"
    assert number[3:] not in mask(number)


PIECES = [
    "1",
    "浙",
    "a@",
    "幢",
    "1 ",
    "\u200b",
    "我叫",
    "我叫王",
    "3-",
    "一",
    "0571-",
    "卡号",
    "微信a",
    "住",
    "住1",
    "浙A1",
    "单元1",
    "1.",
    "１",
]


@pytest.mark.parametrize("piece", PIECES)
def test_a_megabyte_is_no_burden(piece: str) -> None:
    text = (piece * 1_000_000)[:1_000_000]
    begin = time.process_time()
    mask(text)
    assert time.process_time() - begin < 3


@pytest.mark.parametrize("rule", default_taxonomy().privacy, ids=lambda rule: rule.code)
def test_no_pattern_takes_more_than_in_proportion(rule: object) -> None:
    """Ten times the text, about ten times the time: for what each pattern begins with, over and over."""
    pattern: re.Pattern[str] = rule.pattern  # type: ignore[attr-defined]

    def seconds(text: str) -> float:
        begin = time.process_time()
        for _ in pattern.finditer(text):
            pass
        return time.process_time() - begin

    for piece in PIECES:
        small = min(seconds(piece * 2_000) for _ in range(3))
        assert seconds(piece * 20_000) <= 40 * small + 0.02, piece
