"""What is kept of a message to find others like it."""

import numpy as np
import pytest

from nlp.fingerprint import MOST_PAIRS, MOST_PLACES, fingerprint, rarity

LAMP = "海珀路口的路灯坏了三天，晚上很黑"


@pytest.mark.parametrize(
    "other",
    [
        "海珀路口的路灯坏了三天 晚上很黑！！！",
        "您好，海珀路口的路灯坏了三天，晚上很黑",
        "尊敬的领导：海珀路口的路灯坏了三天，晚上很黑。",
        "海珀路口的路燈壞了三天，晚上很黑",
        "海珀路口的路灯\n坏了三天\u200b，晚上很黑",
    ],
)
def test_greeting_script_blanks_and_marks_make_no_difference(other: str) -> None:
    assert fingerprint(other).whole == fingerprint(LAMP).whole


def test_another_place_or_word_makes_a_difference() -> None:
    others = [LAMP.replace("海珀", "银杏"), LAMP.replace("三", "四")]
    assert len({fingerprint(text).whole for text in [LAMP, *others]}) == 3


@pytest.mark.parametrize("text", ["", " ", "。，！", "\u200b\u200b", "😀", "a", "\ud800", "\x00"])
def test_of_nothing_there_is_nothing(text: str) -> None:
    found = fingerprint(text)
    assert not len(found.pairs)
    assert not len(found.places)


@pytest.mark.parametrize("text", ["x" * 1_000_000, LAMP * 60_000, "海珀路、银杏路、" * 50_000, "<b>路</b>" * 100_000])
def test_a_megabyte_is_no_larger_than_a_page(text: str) -> None:
    found = fingerprint(text)
    assert len(found.pairs) <= MOST_PAIRS
    assert len(found.places) <= MOST_PLACES


def test_of_a_long_text_the_same_pairs_are_kept_as_of_one_that_holds_it() -> None:
    """Otherwise a page and the same page with one more line would seem less alike the longer they are."""
    page = "".join(chr(0x4E00 + number) for number in range(0, 1_500, 3))
    first, second = fingerprint(page).pairs, fingerprint(page + "另外请回电").pairs
    assert len(first) == len(second) == MOST_PAIRS
    assert len(np.intersect1d(first, second)) > 0.95 * MOST_PAIRS


def test_topics_are_shares_of_those_kept() -> None:
    found = fingerprint(LAMP, [("CG04", 0.3), ("JT04", 0.1), ("CG05", 0.1), ("HJ01", 0.1)])
    assert found.topics == (("CG04", pytest.approx(0.6)), ("JT04", pytest.approx(0.2)), ("CG05", pytest.approx(0.2)))
    assert fingerprint(LAMP, [("CG04", 0.0)]).topics == (("CG04", 0.0),)


def test_what_many_say_counts_less_than_a_name() -> None:
    said, name = rarity(fingerprint("晚上").pairs), rarity(fingerprint("珀鄄").pairs)
    assert said.max() < name.max()
