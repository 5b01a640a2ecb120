"""Places in a message: what is found, how it is named, and where it stands in the citizen's own words."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.places import find_places

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=60)


def places(text: str) -> list[tuple[str, str]]:
    return [(place.kind, place.name) for place in find_places(text)]


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("海珀路的路灯坏了三天", "road", "海珀路"),
        ("幸福路拐弯那里有个大坑", "road", "幸福路"),
        ("和平路从早堵到晚", "road", "和平路"),
        ("翠屏大道旁边的树倒了", "road", "翠屏大道"),
        ("318国道边上有人倒泥", "road", "318国道"),
        ("我们住在阳光花园小区，没水", "estate", "阳光花园"),
        ("梧桐苑的电梯又停了", "estate", "梧桐苑"),
        ("反映一下柳溪新村的垃圾", "estate", "柳溪新村"),
        ("家住石桥村三组", "village", "石桥村"),
        ("东湖社区的活动室总锁着", "village", "东湖社区"),
        ("云岭街道办事处门口", "town", "云岭街道办事处"),
        ("青石镇卫生院没有药", "town", "青石镇"),
        ("青石镇中心卫生院没有药", "institution", "中心卫生院"),
        ("实验小学门口车太多", "institution", "实验小学"),
        ("县人民医院挂不上号", "institution", "人民医院"),
        ("长林一中放学时堵", "institution", "长林一中"),
        ("滨江公园的灯全黑", "institution", "滨江公园"),
        ("３号楼二单元漏水", "building", "3栋2单元"),
        ("十二栋楼下有人烧东西", "building", "12栋"),
        ("B座电梯坏了", "building", "b栋"),
        ("地铁二号线太挤", "transit", "2号线"),
        ("人民广场站3号口扶梯不动", "transit", "人民广场站3口"),
        ("16路半小时才来一辆", "transit", "16路"),
    ],
)  # fmt: skip
def test_a_place_and_its_name(text: str, kind: str, name: str) -> None:
    assert (kind, name) in places(text)


@pytest.mark.parametrize(
    "text",
    ["中山路与人民路交叉口红绿灯坏了", "人民路和中山路的十字路口", "人民路中山路路口", "人民路、中山路口没有斑马线"],
)
def test_a_crossing_has_one_name_however_it_is_told(text: str) -> None:
    assert places(text)[0] == ("crossing", "中山路×人民路")


def test_a_road_with_a_crossing_behind_it() -> None:
    assert ("crossing", "海珀路") in places("海珀路口的红灯不亮")


@pytest.mark.parametrize(
    "text",
    [
        "", "路灯不亮", "我们小区没水", "这条路坑坑洼洼", "马路上全是泥", "村里没人管", "全村都停电", "下水道堵了",
        "人行道被占", "孩子学校门口太乱", "医院排队太久", "这个公园没有厕所", "过马路很危险", "不知道找谁",
        "老旧小区加装电梯", "走投无路", "路上有人吵架", "去广场跳舞", "回家路上摔了", "每个小区都有", "中学生抽烟",
        "村民反映多次",
        "\ud800",
    ],
)  # fmt: skip
def test_what_names_no_place(text: str) -> None:
    assert places(text) == []


def test_several_places_come_in_the_order_of_the_text() -> None:
    text = "云岭街道幸福路阳光花园3栋到实验小学的路"
    assert [name for _, name in places(text)] == ["云岭街道", "幸福路", "阳光花园", "3栋", "实验小学"]


def test_a_place_is_shown_as_it_was_written() -> None:
    text = "昨天在幸福路(xìng fú lù)與 環 城路口"
    crossing = find_places(text)[0]
    assert crossing.name == "幸福路×环城路"
    assert text[crossing.start : crossing.end] == "幸福路(xìng fú lù)與 環 城路口"


def test_the_room_is_never_part_of_a_place() -> None:
    assert all("501" not in name for _, name in places("阳光花园3栋2单元501室，幸福路18号501"))


@given(ANY_TEXT)
def test_any_text_gives_places_of_its_own(text: str) -> None:
    for place in find_places(text):
        assert 0 <= place.start < place.end <= len(text)
        assert place.name


@given(
    st.lists(
        st.sampled_from(["幸福路", "与", "阳光花园", "小区", "3栋", "路口", "，", "站", "2号口", "在", "村"]),
        max_size=12,
    )
)
def test_places_stand_in_order(pieces: list[str]) -> None:
    found = find_places("".join(pieces))
    assert [place.start for place in found] == sorted(place.start for place in found)


@pytest.mark.parametrize("piece", ["路", "小区", "幸福路与", "1", "站", "一", "阳光花园3栋"])
def test_a_megabyte_is_no_burden(piece: str) -> None:
    text = (piece * 1_000_000)[:1_000_000]
    begin = time.process_time()
    find_places(text)
    assert time.process_time() - begin < 0.5
