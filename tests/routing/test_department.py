"""Naming a department the way people do."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.department import MAX_CANDIDATES, find_departments
from routing.station import Department

DEPARTMENTS = [
    Department("zhzf", "综合行政执法局", aliases=["城管", "城管局", "城市管理局", "执法局", "环卫处"]),
    Department("ga", "公安局", aliases=["警察", "派出所", "公安"]),
    Department("jj", "公安局交警大队", aliases=["交警", "车管所"]),
    Department("rs", "人力资源和社会保障局", aliases=["人社局", "社保局", "劳动监察"]),
    Department("shuju", "政务服务和数据局", aliases=["政务办", "12345"]),
    Department("shuili", "水利局", aliases=["水务局", "河长办"]),
    Department("gongshui", "水务集团（供排水公司）", kind="utility", aliases=["自来水公司", "水厂"]),
    Department("xiangzhen", "乡镇（街道）", kind="town", aliases=["街道办", "街道"]),
    Department("lvyou", "旅游局"),
    Department("old", "城市建设局", active=False),
    *(Department(f"ju{n}", f"第{n}办事局") for n in range(10)),
]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("zhzf", "zhzf"),
        ("ZHZF", "zhzf"),
        ("综合行政执法局", "zhzf"),
        ("綜合行政執法局", "zhzf"),
        ("城管", "zhzf"),
        (" 城 管。", "zhzf"),
        ("綜合執法", None),
        ("行政执法", "zhzf"),
        ("环卫", "zhzf"),
        ("公安局", "ga"),
        ("公安", "ga"),
        ("交警", "jj"),
        ("人社", "rs"),
        ("12345", "shuju"),
        ("１２３４５", "shuju"),
        ("chengguan", "zhzf"),
        ("Chéng Guǎn", "zhzf"),
        ("cheng'guan", "zhzf"),
        ("rsj", "rs"),
        ("renlizi", "rs"),
        ("lvyouju", "lvyou"),
        ("lǚyóujú", "lvyou"),
        ("海平县城管局", "zhzf"),
        ("东湖市水利局", "shuili"),
        ("乡镇（街道）", "xiangzhen"),
        ("供排水公司", "gongshui"),
        ("城市建设局", None),
    ],
)
def test_one_department_is_meant(query: str, code: str | None) -> None:
    exact = find_departments(query, DEPARTMENTS).exact
    assert (exact.code if exact else None) == code


def test_a_part_that_several_have_gives_a_list() -> None:
    match = find_departments("水务", DEPARTMENTS)
    assert match.exact is None
    assert [d.code for d in match.candidates] == ["gongshui", "shuili"]


def test_a_long_list_is_cut() -> None:
    match = find_departments("局", DEPARTMENTS)
    assert match.exact is None
    assert len(match.candidates) == MAX_CANDIDATES


def test_an_alias_of_two_departments_is_asked_about() -> None:
    twins = [Department("a", "甲局", aliases=["办事处"]), Department("b", "乙局", aliases=["办事处"])]
    assert find_departments("办事处", twins).exact is None
    assert [d.code for d in find_departments("办事处", twins).candidates] == ["a", "b"]


@pytest.mark.parametrize(
    "query",
    [
        "",
        " ",
        "。。。",
        "\u200b\u202e",
        "\ud800",
        "%",
        "1",
        "' OR 1=1 --",
        "局" * 41,
        pytest.param("a" * 10**6, id="endless"),
    ],
)
def test_what_names_nothing_matches_nothing(query: str) -> None:
    match = find_departments(query, DEPARTMENTS)
    assert match.exact is None
    assert match.candidates == []


@given(st.text(max_size=60))
def test_any_text_is_answered(query: str) -> None:
    match = find_departments(query, DEPARTMENTS)
    assert len(match.candidates) <= MAX_CANDIDATES
    assert match.exact is None or match.candidates == [match.exact]


def test_naughty_strings_are_answered() -> None:
    corpus = Path(__file__).parents[3] / "shared/corpora/blns/blns.json"
    if not corpus.exists():
        pytest.skip(f"{corpus} is not on this machine")
    for text in json.loads(corpus.read_text("utf-8")):
        assert find_departments(text, DEPARTMENTS).exact is None


def test_pypinyin_is_loaded_only_when_asked_for() -> None:
    code = "import sys, routing.department; sys.exit('pypinyin' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
