"""A county of four categories, so that a model is learned in a second."""

from dataclasses import replace

import pytest

from nlp.taxonomy import Taxonomy, default_taxonomy
from nlp.training.messages import Lent, Message
from nlp.training.numbers import RECIPE, Recipe
from nlp.training.texts import Taught

SAID = {
    "CG04": ["巷子里灯不亮", "路灯坏了好几天", "夜里黑漆漆", "灯杆不亮没人修", "路灯一闪一闪", "门口的灯坏了"],
    "GY01": ["水龙头没水", "自来水发黄", "水压太小", "停水三天了", "水是浑的", "水管爆了没水"],
    "LD02": ["老板不发工资", "工钱拖了半年", "拖欠工资", "干完活不给钱", "工资没发", "老板欠工钱"],
    "JY07": ["幼儿园没名额", "想上公办幼儿园", "入园报名", "幼儿园收费高", "娃上幼儿园难", "园里老师凶"],
}
DANGER = ["着火了快来", "有人要跳楼", "他拿刀砍人", "楼着火了", "火烧起来了"]
LABELS = {"城": frozenset({"CG04", "GY01"}), "人": frozenset({"LD02", "JY07"})}


@pytest.fixture(scope="session")
def small_taxonomy() -> Taxonomy:
    """The packaged taxonomy with four leaves left."""
    whole = default_taxonomy()
    kept = {code: leaf for code, leaf in whole.categories.items() if leaf.parent is None or code in SAID}
    return replace(whole, categories=kept)


@pytest.fixture(scope="session")
def sentences() -> list[Taught]:
    """Six sentences for each leaf, five dangers, none of corruption."""
    leaves = [
        Taught(text, frozenset([code]), False, False, writer=number % 2)
        for code, texts in SAID.items()
        for number, text in enumerate(texts)
    ]
    return leaves + [Taught(text, frozenset(), True, False, writer=0) for text in DANGER]


@pytest.fixture(scope="session")
def lent() -> Lent:
    """Forty messages of each label: with words that our own sentences lack."""
    said = {0: ["街上漆黑一片灯不亮", "家里没水用水龙头"], 1: ["包工头跑了工资没发", "孩子入园排不上"]}
    messages = [
        Message(f"{text}请尽快处理", "full", label, 2 * number + place)
        for label, texts in said.items()
        for number in range(20 * label, 20 * label + 20)
        for place, text in enumerate(texts)
    ]
    return Lent(tuple(messages), LABELS, "0" * 64)


@pytest.fixture(scope="session")
def quick() -> Recipe:
    """The packaged recipe, measured on one fold."""
    return RECIPE._replace(measured_folds=1)
