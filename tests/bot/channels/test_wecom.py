"""What only WeCom has: cards that show what was pressed, an address that is checked sealed, apps beside ours."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from wechatpy.enterprise import parse_message
from wechatpy.enterprise.crypto import WeChatCrypto

from bot.message import Button, OutboundMessage
from tests.bot.channels.envelopes import element, sha1_of
from tests.bot.channels.handing import post
from tests.bot.channels.harness import Inbound, until
from tests.bot.channels.wecom_harness import APP, NOW, WeComHarness, wecom
from tests.fakes.wecom import AES_KEY, AGENT_ID, CORP_ID, TOKEN
from tests.fakes.wecom_app import Seen

CARD = OutboundMessage("【请签收】HB-1\n路灯坏了", (Button("签收", "a" * 22), Button("退回", "b" * 22)))


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[WeComHarness]:
    async with wecom(tmp_path) as harness:
        yield harness


async def shown(harness: WeComHarness, message: OutboundMessage = CARD) -> Seen:
    await harness.channel.send(harness.people[0], message)
    return harness.fake.member(harness.people[0]).screen[-1]


async def test_a_card_shows_what_was_pressed_and_keeps_its_other_buttons(harness: WeComHarness) -> None:
    card = await shown(harness)
    await (await harness.press(harness.people[0], "签收")).wait()
    await until(lambda: card.grey != ())
    assert (card.text, [*card.buttons], card.grey) == ("【请签收】HB-1\n路灯坏了", ["✓ 签收", "退回"], ("✓ 签收",))
    await (await harness.press(harness.people[0], "退回")).wait()
    await until(lambda: len(card.grey) == 2)
    await (await harness.press(harness.people[0], "✓ 签收")).wait()
    assert [message.button for message in harness.receive.messages] == ["a" * 22, "b" * 22, "a" * 22]


async def test_nothing_is_shown_before_the_press_is_durable(harness: WeComHarness) -> None:
    card = await shown(harness)
    harness.receive.lose_storage(2)
    harness.receive.hold()
    receipt = await harness.press(harness.people[0], "签收")
    await harness.receive.wait(1)
    assert harness.fake.account.called("update_template_card") == []
    harness.receive.release()
    await receipt.wait()
    await until(lambda: card.grey != ())
    assert len(harness.fake.account.called("update_template_card")) == 1


@pytest.mark.parametrize("kind", ["html", "bad_gateway", "reset", "hang", "errcode"])
async def test_a_card_that_can_not_be_changed_changes_nothing(
    harness: WeComHarness, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    card = await shown(harness)
    harness.fake.account.fail(kind, "update_template_card", code=60020)
    await (await harness.press(harness.people[0], "签收")).wait()
    await harness.channel.stop()
    assert card.grey == ()
    assert "wecom.card_not_updated" in caplog.text
    assert "路灯" not in caplog.text
    assert [message.button for message in harness.receive.finished] == ["a" * 22]


async def test_two_buttons_in_one_second_are_two_presses(harness: WeComHarness) -> None:
    await shown(harness)
    for label in ("签收", "退回"):
        # The fake's clock stands still here.
        await (await harness.press(harness.people[0], label)).wait()
        await until(lambda: not harness.channel._showing)
    first, second = harness.receive.messages
    assert first.received_at == second.received_at
    assert first.external_id != second.external_id


async def test_stopping_waits_for_what_is_being_shown(harness: WeComHarness) -> None:
    card = await shown(harness)
    await (await harness.press(harness.people[0], "签收")).wait()
    async with asyncio.timeout(3):
        await harness.channel.stop()
    assert card.grey == ("✓ 签收",)


async def test_a_message_for_another_app_of_the_enterprise(harness: WeComHarness) -> None:
    xml = harness.xml(Inbound("text", harness.people[0], text="x")).replace(str(AGENT_ID), "1000009")
    query, body = APP.call(xml, NOW)
    assert await post(harness.fake, query, body) == 403
    assert harness.receive.messages == []


async def test_the_platform_finds_the_address(harness: WeComHarness) -> None:
    assert await harness.fake.verify("8273645210") == (200, "8273645210")


async def test_a_check_of_the_address_that_is_not_the_platforms(harness: WeComHarness) -> None:
    envelope, now = harness.fake.account.envelope, int(NOW.timestamp())

    async def asked(sealed: str, at: int = now, **changed: str) -> int:
        query = {**envelope.query(at, "1", sealed), "echostr": sealed, **changed}
        async with harness.fake.session.get(harness.fake.callback, params=query) as response:
            content = await response.read()
            assert response.status == 200 or content == b""
            return response.status

    good = envelope.encrypt("123")
    assert await asked(good) == 200
    assert await asked(good, msg_signature="0" * 40) == 403
    assert await asked(good, now - int(timedelta(minutes=6).total_seconds())) == 403
    assert await asked(envelope.encrypt("123", app_id="ww0another")) == 403
    assert await asked("123") == 400
    # As WeChat's is checked: signed over nothing, and to be returned as it is.
    plain = sha1_of(TOKEN, str(now), "1")
    assert await asked("123", msg_signature=plain, signature=plain) == 403
    assert await asked(good, echostr="") == 400


async def test_a_library_that_others_wrote_is_understood(harness: WeComHarness) -> None:
    """wechatpy's WeCom half, on the platform's side: its envelope, and what it reads out of the fake's messages."""
    theirs = WeChatCrypto(TOKEN, AES_KEY, CORP_ID)
    member, at = harness.fake.member(harness.people[0]), str(int(NOW.timestamp()))
    card = await shown(harness)
    messages = [
        member.message("text", "<Content><![CDATA[签收]]></Content>"),
        member.message("image", "<PicUrl>u</PicUrl><MediaId>m1</MediaId>"),
        member.message("location", "<Location_X>30.1</Location_X><Location_Y>-120.5</Location_Y><Scale>1</Scale>"),
        member.event("enter_agent", ""),
        member.event("unsubscribe", ""),
        member.pressing(card, "签收"),
    ]
    for number, xml in enumerate(messages):
        sealed = theirs.encrypt_message(xml, f"nonce{number}", at)
        query = {"msg_signature": element(sealed.encode(), "MsgSignature"), "timestamp": at, "nonce": f"nonce{number}"}
        assert await post(harness.fake, query, sealed.encode()) == 200
    assert [parse_message(xml).source for xml in messages] == [harness.people[0]] * 6
    kinds = [message.kind for message in harness.receive.messages]
    assert kinds == ["text", "photo", "location", "start", "blocked", "button"]
    said = parse_message(messages[0])
    assert (harness.receive.messages[0].text, harness.receive.messages[0].external_id) == (said.content, str(said.id))


async def test_what_it_says_is_never_in_the_answer(harness: WeComHarness) -> None:
    harness.receive.replies = [OutboundMessage("reply")]
    receipt = await harness.deliver(Inbound("text", harness.people[0], text="x"))
    await receipt.wait()
    assert await harness.seen(harness.people[0]) == []
