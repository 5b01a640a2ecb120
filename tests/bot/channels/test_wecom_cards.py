"""Cards: what fits, how buttons are shared out, and what a key tells when it comes back."""

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.wecom_cards import KEY_LIMIT, TEXT_LIMIT, TITLE_LIMIT, Card, card_of, read_key, shared_out
from bot.message import Button

TWO = (Button("签收", "a" * 22), Button("退回", "b" * 22))


def packed(content: object) -> str:
    return "." + base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("text", "title", "below"),
    [
        ("哪一类？", "哪一类？", ""),
        ("【请签收】HB-1\n路灯坏了\n在弄堂口", "【请签收】HB-1", "路灯坏了\n在弄堂口"),
        (f"【还等您处理】HB-1　{'海' * 30}　现在：已受理", "【还等您处理】HB-1", f"{'海' * 30}　现在：已受理"),
        ("写清楚怎么处理的，结果如何。" * 4, "写清楚怎么处理的，结果如何。" * 2, "写清楚怎么处理的，结果如何。" * 2),
        ("很" * 40, "很" * 36, "很" * 4),
        ("\n\n", "…", ""),
    ],
)
def test_a_title_is_the_first_line_or_what_of_it_fits(text: str, title: str, below: str) -> None:
    card = card_of(text, TWO)
    assert (card.title, card.text) == (title, below)
    assert card.fits


@settings(deadline=None)
@given(st.text(max_size=300))
def test_whatever_the_text_its_card_can_be_shown(text: str) -> None:
    card = card_of(text, TWO)
    assert card.title.strip()
    assert len(card.title) <= TITLE_LIMIT
    if card.fits:
        assert len(card.text) <= TEXT_LIMIT
        assert all(len(button["key"]) <= KEY_LIMIT for button in card.template()["button_list"])


@pytest.mark.parametrize(("count", "shares"), [(1, [1]), (6, [6]), (7, [3, 4]), (12, [6, 6]), (13, [4, 4, 5])])
def test_more_buttons_than_a_card_holds_are_shared_out(count: int, shares: list[int]) -> None:
    buttons = [Button(str(at), f"t{at}") for at in range(count)]
    cards = shared_out(buttons)
    assert [len(card) for card in cards] == shares
    assert [button for card in cards for button in card] == buttons


def test_a_key_brings_back_the_card_and_each_press_leaves_its_mark() -> None:
    card = card_of("【请签收】HB-1\n路灯坏了", TWO)
    first = read_key(card.template()["button_list"][1]["key"])
    assert first is not None
    token, shown = first
    assert token == "b" * 22
    assert shown == Card(card.title, card.text, card.buttons, (1,))
    second = read_key(shown.template()["button_list"][0]["key"])
    assert second is not None
    assert second[1] == Card(card.title, card.text, card.buttons, (0, 1))
    assert [button["text"] for button in second[1].template()["button_list"]] == ["✓ 签收", "✓ 退回"]
    again = read_key(shown.template()["button_list"][1]["key"])
    assert again is not None
    assert again[1] == shown


def test_labels_that_are_too_long_for_a_key_are_pressed_all_the_same() -> None:
    card = card_of("？", [Button("部门" * 100, f"t{at}") for at in range(6)])
    assert not card.fits
    keys = [button["key"] for button in card.template()["button_list"]]
    assert keys == [f"t{at}" for at in range(6)]
    assert read_key(keys[0]) == ("t0", None)


@pytest.mark.parametrize(
    "key",
    [
        "", ".", ".!", "two words", "x" * 33, "签收", ".e30", packed({}), packed([]), packed([0, "t", "x", [], []]),
        packed([1, "t", "x", [["a", "l"]], []]), packed([-1, "t", "x", [["a", "l"]], []]),
        packed(["0", "t", "x", [["a", "l"]], []]), packed([0, 1, "x", [["a", "l"]], []]),
        packed([0, "t", "x", [["a b", "l"]], []]), packed([0, "t", "x", [["a", 1]], []]),
        packed([0, "t", "x", [[1, "l"]], []]), packed([0, "t", "x", [["a", "l"]], [[]]]),
        packed([0, "t", "x", [["a", "l"]], ["1"]]), packed([0, "t", "x", [["a", "l"]], 5]), packed([0] * 9),
        "." + "[" * 2000, "." + base64.urlsafe_b64encode(b"[" * 900).decode(),
    ],
)  # fmt: skip
def test_a_key_that_is_none_of_ours(key: str) -> None:
    assert read_key(key) is None
