"""Every kind of message that WeChat hands over, our own table and 99 that others wrote."""

import json
import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.envelope import Refused
from bot.channels.safe_xml import BadXml, cdata, read_xml
from bot.channels.wechat_parsing import WeChatReader
from bot.message import InboundMessage
from tests.bot.channels.wechat_messages import AT, CASES, MALFORMED, OPENID, Case

NOW = datetime.fromtimestamp(AT + 2, UTC)
CORPUS = Path(__file__).parents[4] / "shared" / "corpora" / "wechat_xml.jsonl"


def read(xml: str, now: datetime = NOW) -> InboundMessage | None:
    return WeChatReader(lambda: now).read(read_xml(xml))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_table(case: Case) -> None:
    message = read(case.xml)
    if case.expected is None:
        assert message is None
        return
    assert message is not None
    expected = {
        "text": "", "code": None, "button": None, "location": None, "attachments": [], "forwarded": False,
        "edited": False, "private": True, "reply_to": None, "language": None,
        "channel": "wechat", "account": "citizen", "audience": "citizen", "user_id": OPENID,
        "received_at": datetime.fromtimestamp(AT, UTC),
        **case.expected,
    }  # fmt: skip
    expected["location"] = expected["location"] and pytest.approx(expected["location"], abs=1e-5)
    found = {name: getattr(message, name) for name in expected}
    found["attachments"] = [(a.kind, a.reference) for a in message.attachments]
    assert found == expected
    assert all(a.content is None for a in message.attachments)


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_no_message_is_refused(name: str) -> None:
    with pytest.raises(Refused) as caught:
        read(MALFORMED[name])
    assert (caught.value.status, caught.value.reason) == (400, "shape")


#: What an event of these kinds becomes; every other is nothing that anybody said.
EVENTS = {"subscribe": "start", "SCAN": "start", "CLICK": "start", "unsubscribe": "blocked"}
TYPES = {"text": "text", "link": "text", "image": "photo", "voice": "voice", "video": "file", "location": "location",
         "notsure": "unsupported"}  # fmt: skip


def test_messages_that_others_wrote() -> None:
    """Each of them, by its own kind; a refusal for what is another service's (payments, a component, a body that is
    still sealed), and nothing else is raised."""
    if not CORPUS.exists():
        pytest.skip("no corpora beside the checkout")
    became: Counter[str] = Counter()
    for line in CORPUS.read_text("utf-8").splitlines():
        xml = json.loads(line)["xml"]
        kind, event = (re.search(rf"<{name}><!\[CDATA\[(.*?)]]>", xml) for name in ("MsgType", "Event"))
        try:
            message = read(xml)
            found = "nothing" if message is None else message.kind
        except (Refused, BadXml):
            found = "refused"
        if kind is None:
            assert found == "refused"
        elif event is not None:
            assert found == EVENTS.get(event[1], "nothing")
        else:
            assert found == TYPES.get(kind[1], "nothing")
        became[found] += 1
    assert became == {
        "nothing": 46, "refused": 21, "start": 15, "text": 6, "photo": 2, "voice": 2, "file": 2, "location": 2,
        "unsupported": 2, "blocked": 1,
    }  # fmt: skip


def _xml(**fields: str) -> str:
    return "<xml>" + "".join(f"<{name}>{cdata(value)}</{name}>" for name, value in fields.items()) + "</xml>"


def test_two_taps_in_one_second_are_one_and_two_keys_are_two() -> None:
    def tap(key: str, at: int = AT, who: str = OPENID) -> str:
        message = read(_xml(FromUserName=who, CreateTime=str(at), MsgType="event", Event="CLICK", EventKey=key))
        assert message is not None
        return message.external_id

    assert tap("say_it") == tap("say_it")
    different = {tap("say_it"), tap("progress"), tap("say_it", AT + 1), tap("say_it", who="o2")}
    assert len(different) == 4


def test_a_message_without_an_id_is_known_by_what_it_says() -> None:
    def identity(said: str) -> str:
        message = read(_xml(FromUserName=OPENID, CreateTime=str(AT), MsgType="text", Content=said))
        assert message is not None
        return message.external_id

    assert identity("a") == identity("a") != identity("b")
    assert len(identity("a" * 10_000)) == 64


@pytest.mark.parametrize("said", ["", "x", "-5", "0", str(AT + 100), "9" * 12, "9" * 13, "1e9"])
def test_a_time_that_is_none_is_now(said: str) -> None:
    message = read(_xml(FromUserName=OPENID, CreateTime=said, MsgType="text", Content="x", MsgId="1"))
    assert message is not None
    assert message.received_at == (NOW if said != "0" else datetime(1970, 1, 1, tzinfo=UTC))


NAMES = ["ToUserName", "FromUserName", "CreateTime", "MsgType", "MsgId", "Content", "MediaId", "Event", "EventKey",
         "Location_X", "Location_Y", "Title", "Url", "Recognition"]  # fmt: skip
KINDS = ["text", "image", "voice", "video", "location", "link", "event", "subscribe", "SCAN", "CLICK", "device_event"]


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), st.sampled_from(KINDS) | st.text(max_size=80)))
def test_whatever_the_fields_hold_it_is_read_or_refused(fields: dict[str, str]) -> None:
    try:
        message = read(_xml(**fields))
    except Refused:
        return
    if message is not None:
        assert message.user_id
        assert 0 < len(message.external_id) <= 200
        assert message.received_at <= NOW
        assert "\0" not in message.text
