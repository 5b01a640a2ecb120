"""Every kind of message that WeCom hands over."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.envelope import Refused
from bot.channels.safe_xml import cdata, read_xml
from bot.channels.wecom_parsing import WeComReader, press_of
from bot.message import InboundMessage
from tests.bot.channels.wecom_messages import AT, CASES, KEY, MALFORMED, OTHER_KEY, TOKEN, USER, Case

NOW = datetime.fromtimestamp(AT + 2, UTC)


def read(xml: str) -> InboundMessage | None:
    return WeComReader(lambda: NOW).read(read_xml(xml))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_table(case: Case) -> None:
    message = read(case.xml)
    if case.expected is None:
        assert message is None
        return
    assert message is not None
    expected = {
        "text": "", "code": None, "button": None, "location": None, "attachments": [], "forwarded": False,
        "edited": False, "private": True, "reply_to": None, "language": "zh-hans", "opens": None,
        "channel": "wecom", "account": "desk", "audience": "work", "user_id": USER,
        "received_at": datetime.fromtimestamp(AT, UTC),
        **case.expected,
    }  # fmt: skip
    expected["location"] = expected["location"] and pytest.approx(expected["location"], abs=1e-5)
    found = {name: getattr(message, name) for name in expected}
    found["attachments"] = [(a.kind, a.reference) for a in message.attachments]
    assert found == expected


def test_a_file_has_its_name() -> None:
    (case,) = [case for case in CASES if case.name == "file"]
    message = read(case.xml)
    assert message is not None
    assert message.attachments[0].name == "方案.pdf"


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_no_message_is_refused(name: str) -> None:
    with pytest.raises(Refused) as caught:
        read(MALFORMED[name])
    assert (caught.value.status, caught.value.reason) == (400, "shape")


def _xml(**fields: str) -> str:
    return "<xml>" + "".join(f"<{name}>{cdata(value)}</{name}>" for name, value in fields.items()) + "</xml>"


def press(key: str = KEY, *, at: int = AT, who: str = USER, task: str = "m1", code: str = "c1", event: str = "") -> str:
    message = read(
        _xml(
            FromUserName=who, CreateTime=str(at), MsgType="event", Event=event or "template_card_event", EventKey=key,
            TaskId=task, ResponseCode=code,
        )
    )  # fmt: skip
    assert message is not None
    return message.external_id


def test_an_event_is_known_by_all_that_it_brings_and_not_by_its_second() -> None:
    assert press() == press()
    assert press() == press(code="c2"), "a code is for the answer: a repeat may bring another"
    different = {press(), press(OTHER_KEY), press(at=AT + 1), press(who="Chen"), press(task="m2"), press(event="click")}
    assert len(different) == 6


def test_opening_the_chat_again_is_a_repeat_of_the_first_time() -> None:
    assert press(event="enter_agent") == press(event="enter_agent", at=AT + 86_400)


def test_what_is_to_be_shown_of_a_press() -> None:
    xml = _xml(FromUserName=USER, MsgType="event", Event="template_card_event", EventKey=KEY, ResponseCode="c1")
    shown = press_of(read_xml(xml))
    assert shown is not None
    assert (shown.user_id, shown.response_code) == (USER, "c1")
    template = shown.card.template()
    looks = [(button["text"], button["style"]) for button in template["button_list"]]
    assert looks == [("✓ 我来听", 4), ("建议部门", 1)]
    assert template["main_title"] == {"title": "【新反映】HB-261123-001"}
    assert template["sub_title_text"] == "弄堂口的路灯坏了"


@pytest.mark.parametrize(
    "xml",
    [
        _xml(FromUserName=USER, MsgType="event", Event="template_card_event", EventKey=KEY),
        _xml(FromUserName=USER, MsgType="event", Event="template_card_event", EventKey=TOKEN, ResponseCode="c"),
        _xml(FromUserName=USER, MsgType="event", Event="template_card_event", EventKey="key 111", ResponseCode="c"),
        _xml(FromUserName=USER, MsgType="event", Event="click", EventKey=KEY, ResponseCode="c"),
    ],
)
def test_where_nothing_is_to_be_shown(xml: str) -> None:
    assert press_of(read_xml(xml)) is None


NAMES = ["ToUserName", "FromUserName", "CreateTime", "MsgType", "MsgId", "Content", "MediaId", "Event", "EventKey",
         "TaskId", "ResponseCode", "Location_X", "Location_Y", "Title", "Url", "FileName"]  # fmt: skip
WORDS = ["LinQiu", "text", "image", "file", "location", "event", "template_card_event", "click", "enter_agent", KEY]


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), st.sampled_from(WORDS) | st.text(max_size=80)))
def test_whatever_the_fields_hold_it_is_read_or_refused(fields: dict[str, str]) -> None:
    xml = read_xml(_xml(**fields))
    press_of(xml)
    try:
        message = WeComReader(lambda: NOW).read(xml)
    except Refused:
        return
    if message is not None:
        assert message.user_id
        assert 0 < len(message.external_id) <= 200
        assert message.received_at <= NOW
        assert message.button is None or 0 < len(message.button) <= 32
