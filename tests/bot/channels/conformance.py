"""The suite that every channel passes. Subclass `ChannelConformance` in a `test_*.py` and give it a `harness`
fixture that yields a started `Harness`; nothing here knows a platform.
"""

import asyncio
from pathlib import Path

import pytest

from bot.channel import (
    AttachmentGone,
    DeliveryError,
    PermanentFailure,
    RateLimited,
    RecipientBlocked,
    RecipientMoved,
    TemporaryFailure,
)
from bot.message import Button, InboundMessage, OutboundMessage
from bot.text import measure_for
from tests.bot.channels.harness import RETRY_AFTER, Fault, Harness, Inbound, until

CORPUS = Path(__file__).parents[4] / "shared" / "corpora" / "jsontestsuite" / "test_parsing"
MEGABYTE = 1024 * 1024
LINK = "https://example.org/a/b?c=d&e=f#" + "x" * 60
FAMILY = "👨‍👩‍👧‍👦"

HOSTILE = {
    "empty": b"",
    "blank": b" \n",
    "null": b"null",
    "a number": b"1e5",
    "a string": b'"text"',
    "an array": b"[]",
    "an array of objects": b"[{}]",
    "an empty object": b"{}",
    "cut off": b'{"update_id": 1, "message": {"text": "',
    "not JSON": b"<xml><Content>1</Content></xml>",
    "a form": b"id=1&text=hello",
    "invalid UTF-8": b'{"id": "1", "text": "\xff\xfe\xc3"}',
    "a lone surrogate": b'{"id": "1", "text": "\\ud800", "update_id": 5}',
    "a zero byte": b'{"id": "1",\x00 "text": "x"}',
    "deep arrays": b"[" * 100_000,
    "deep arrays, closed": b"[" * 900 + b"]" * 900,
    "deep objects": b'{"a":' * 900 + b"1" + b"}" * 900,
    "infinity": b'{"update_id": 1e999, "id": 1e999}',
    "many keys": b"{" + b",".join(b'"k%d":0' % n for n in range(20_000)) + b"}",
    "over a megabyte": b'{"id": "1", "text": "' + b"a" * (MEGABYTE + 1) + b'"}',
}


class ChannelConformance:
    @pytest.fixture
    def harness(self) -> Harness:
        raise NotImplementedError("a channel's test class gives its own harness")

    # ── in ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def take(self, harness: Harness, inbound: Inbound) -> InboundMessage:
        if inbound.kind not in harness.kinds:
            pytest.skip(f"{harness.channel.name} has no {inbound.kind}")
        receipt = await harness.deliver(inbound)
        await receipt.wait()
        [message] = harness.receive.messages
        assert (message.channel, message.account) == (harness.channel.name, harness.channel.account)
        assert message.audience == harness.channel.audience
        assert message.user_id == inbound.user_id
        assert message.kind == inbound.kind
        assert message.external_id
        assert message.received_at.tzinfo is not None
        assert (message.edited, message.forwarded, message.private) == (
            inbound.edited,
            inbound.forwarded,
            inbound.private,
        )
        return message

    @pytest.mark.parametrize(
        "text",
        [
            "路灯不亮,晚上很黑",
            "  leading and trailing  \n",
            f"emoji {FAMILY} e\u0301 \U0002a6d6",
            "\u202eright to left\u202c and zero\u200bwidth\ufeff",
            "<b>&amp;</b> {braces} %s \\ ' \" `",
            "/report 1",
            "/start a code that is none",
            "/start " + "x" * 65,
        ],
    )
    async def test_text_arrives_as_it_was_written(self, harness: Harness, text: str) -> None:
        message = await self.take(harness, Inbound("text", harness.people[0], text=text))
        assert message.text == text
        assert message.code is None
        assert message.attachments == ()

    @pytest.mark.parametrize("code", ["", "X7K2M9QD", "a-b_C" * 12 + "zzzz"])
    async def test_start(self, harness: Harness, code: str) -> None:
        message = await self.take(harness, Inbound("start", harness.people[0], code=code))
        assert message.code == code

    @pytest.mark.parametrize(
        ("kind", "name", "mime"),
        [
            ("photo", "", "image/jpeg"),
            ("voice", "", "audio/ogg"),
            ("file", "说明.pdf", "application/pdf"),
        ],
    )
    async def test_attachment(self, harness: Harness, kind: str, name: str, mime: str) -> None:
        content = bytes(range(256)) * 40
        inbound = Inbound(kind, harness.people[0], text="附言", content=content, name=name, mime=mime)
        message = await self.take(harness, inbound)
        [attachment] = message.attachments
        assert attachment.kind == kind
        if attachment.size is not None:
            assert attachment.size == len(content)
        if "caption" in harness.features:
            assert message.text == "附言"
        if name:
            assert attachment.name == name
        fetched = attachment.content if attachment.content is not None else await harness.channel.fetch(attachment)
        assert fetched == content

    async def test_location(self, harness: Harness) -> None:
        message = await self.take(harness, Inbound("location", harness.people[0], location=(30.25, -120.5)))
        assert message.location == (30.25, -120.5)

    async def test_blocked(self, harness: Harness) -> None:
        await self.take(harness, Inbound("blocked", harness.people[0]))

    async def test_unsupported(self, harness: Harness) -> None:
        await self.take(harness, Inbound("unsupported", harness.people[0]))

    @pytest.mark.parametrize("feature", ["edited", "forwarded"])
    async def test_marks(self, harness: Harness, feature: str) -> None:
        if feature not in harness.features:
            pytest.skip(f"{harness.channel.name} has no {feature} messages")
        inbound = Inbound(
            "text", harness.people[0], text="x", edited=feature == "edited", forwarded=feature == "forwarded"
        )
        await self.take(harness, inbound)

    async def test_reply(self, harness: Harness) -> None:
        if "reply" not in harness.features:
            pytest.skip(f"{harness.channel.name} has no replies")
        returned = await harness.channel.send(harness.people[0], OutboundMessage("a card"))
        assert returned == await harness.message_id(harness.people[0])
        message = await self.take(harness, Inbound("text", harness.people[0], text="受理", reply_to=returned))
        assert message.reply_to == returned

    async def test_group(self, harness: Harness) -> None:
        if "groups" not in harness.features:
            pytest.skip(f"{harness.channel.name} has no groups")
        await self.take(harness, Inbound("text", "-100123", text="x", private=False))

    # ── once, and only after the commit ─────────────────────────────────────────────────────────────────────────

    async def test_a_repeat_has_the_same_identity_and_another_message_another(self, harness: Harness) -> None:
        first = await harness.deliver(Inbound("text", harness.people[0], text="one"))
        await first.wait()
        again = await harness.repeat(first)
        await again.wait()
        other = await harness.deliver(Inbound("text", harness.people[0], text="one"))
        await other.wait()
        keys = [message.external_id for message in harness.receive.messages]
        assert len(keys) == 3
        assert keys[0] == keys[1] != keys[2]

    @pytest.mark.parametrize("kind", ["text", "button"])
    async def test_not_acknowledged_before_receive_returned(self, harness: Harness, kind: str) -> None:
        person = harness.people[0]
        await harness.channel.send(person, OutboundMessage("choose", buttons=(Button("是", "token"),)))
        harness.receive.hold()
        if kind == "button":
            receipt = await harness.press(person, "是")
        else:
            receipt = await harness.deliver(Inbound("text", person, text="x"))
        await harness.receive.wait()
        await asyncio.sleep(0.1)
        assert not receipt.acknowledged
        harness.receive.release()
        await receipt.wait()

    async def test_delivered_again_while_storage_is_away(self, harness: Harness) -> None:
        harness.receive.lose_storage(2)
        receipt = await harness.deliver(Inbound("text", harness.people[0], text="x"))
        await receipt.wait()
        assert len(harness.receive.messages) == 3
        assert len({message.external_id for message in harness.receive.messages}) == 1
        assert len(harness.receive.finished) == 1

    async def test_a_held_message_of_one_person_holds_up_no_other(self, harness: Harness) -> None:
        harness.receive.hold()
        receipts = [
            await harness.deliver(Inbound("text", person, text="x")) for person in (*harness.people, *harness.people)
        ]
        await until(lambda: {message.user_id for message in harness.receive.messages} == set(harness.people))
        harness.receive.release()
        for receipt in receipts:
            await receipt.wait()

    async def test_stop_finishes_what_is_being_handled_and_takes_no_more(self, harness: Harness) -> None:
        harness.receive.hold()
        held = await harness.deliver(Inbound("text", harness.people[0], text="x"))
        await harness.receive.wait()
        stopping = asyncio.create_task(harness.channel.stop())
        await asyncio.sleep(0.05)
        assert not stopping.done()
        harness.receive.release()
        async with asyncio.timeout(3):
            await stopping
        assert len(harness.receive.finished) == 1
        await held.wait()
        late = await harness.deliver(Inbound("text", harness.people[0], text="y"))
        await asyncio.sleep(0.1)
        assert not late.acknowledged
        assert len(harness.receive.messages) == 1
        await harness.channel.start(harness.receive)
        await late.wait()
        assert harness.receive.messages[-1].text == "y"

    # ── out ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def test_send_returns_the_id_of_the_message(self, harness: Harness) -> None:
        person = harness.people[0]
        returned = await harness.channel.send(person, OutboundMessage("您好"))
        [seen] = await harness.seen(person)
        assert seen.text == "您好"
        assert returned == await harness.message_id(person)
        assert await harness.seen(harness.people[1]) == []

    async def test_marks_of_a_markup_language_stay_plain(self, harness: Harness) -> None:
        text = "*a* _b_ <b>c</b> &amp; [d](http://e) `f` https://example.org/_x_"
        await harness.channel.send(harness.people[0], OutboundMessage(text))
        [seen] = await harness.seen(harness.people[0])
        assert seen.text == text

    @pytest.mark.parametrize(
        "unit",
        [
            "沿河路的路灯不亮。",
            FAMILY,
            "e\u0301\u0302",
            "\U0002a6d6",
            f"见 {LINK} 。",
        ],
    )
    async def test_long_text_is_split_and_nothing_is_broken(self, harness: Harness, unit: str) -> None:
        capabilities = harness.channel.capabilities
        measure = measure_for(capabilities.text_unit)
        text = "a" + unit * (capabilities.text_limit * 5 // 2 // measure(unit))
        person = harness.people[0]
        last = await harness.channel.send(person, OutboundMessage(text, buttons=(Button("好", "t"),)))
        pieces = [seen.text for seen in await harness.seen(person)]
        # A platform may strip the blanks at the ends of a message.
        assert "".join(pieces).replace(" ", "") == text.replace(" ", "") or not capabilities.buttons
        assert len(pieces) > 1
        for piece in pieces:
            assert measure(piece) <= capabilities.text_limit
        whole = LINK if LINK in unit else unit.strip("。")
        assert sum(piece.count(whole) for piece in pieces) == text.count(whole)
        assert last == await harness.message_id(person)

    async def test_choices_are_buttons_or_numbers_and_can_be_taken(self, harness: Harness) -> None:
        person = harness.people[0]
        buttons = (Button("提交", "a" * 32), Button("再补充一点内容再说", "token-b"), Button("不报了", "token-c"))
        text = "x" * harness.channel.capabilities.text_limit + "y"
        await harness.channel.send(person, OutboundMessage(text, buttons))
        shown = await harness.seen(person)
        if not harness.channel.capabilities.buttons:
            assert shown[-1].text.endswith("1. 提交\n2. 再补充一点内容再说\n3. 不报了")
            return
        assert [seen.buttons for seen in shown[:-1]] == [[] for _ in shown[:-1]]
        assert shown[-1].buttons == ["提交", "再补充一点内容再说", "不报了"]
        receipt = await harness.press(person, "提交")
        await receipt.wait()
        [message] = harness.receive.messages
        assert (message.kind, message.button, message.user_id) == ("button", "a" * 32, person)

    async def expect(self, harness: Harness, fault: Fault) -> DeliveryError:
        if fault not in harness.faults:
            pytest.skip(f"{harness.channel.name}: {fault.value} can't happen")
        harness.inject(fault)
        with pytest.raises(DeliveryError) as raised:
            await harness.channel.send(harness.people[0], OutboundMessage("机密内容"))
        assert "机密内容" not in f"{raised.value!r} {raised.value.__cause__!r}"
        assert await harness.seen(harness.people[0]) == []
        await harness.channel.send(harness.people[1], OutboundMessage("next"))
        assert [seen.text for seen in await harness.seen(harness.people[1])] == ["next"]
        return raised.value

    @pytest.mark.parametrize("fault", [Fault.BLOCKED, Fault.UNKNOWN_RECIPIENT])
    async def test_recipient_out_of_reach(self, harness: Harness, fault: Fault) -> None:
        assert isinstance(await self.expect(harness, fault), RecipientBlocked)

    async def test_recipient_moved(self, harness: Harness) -> None:
        error = await self.expect(harness, Fault.MOVED)
        assert isinstance(error, RecipientMoved)
        assert error.user_id == harness.moved_to

    async def test_rate_limit(self, harness: Harness) -> None:
        error = await self.expect(harness, Fault.RATE_LIMITED)
        assert isinstance(error, RateLimited)
        assert error.retry_after == RETRY_AFTER

    @pytest.mark.parametrize(
        "fault",
        [
            Fault.HANG,
            Fault.RESET,
            Fault.SERVER_ERROR,
            Fault.PROXY_REFUSAL,
            Fault.MALFORMED,
            Fault.WRONG_TOKEN,
        ],
    )
    async def test_trouble_that_passes(self, harness: Harness, fault: Fault) -> None:
        async with asyncio.timeout(3):
            assert isinstance(await self.expect(harness, fault), TemporaryFailure)

    async def test_a_message_that_the_platform_never_takes(self, harness: Harness) -> None:
        assert isinstance(await self.expect(harness, Fault.REFUSED), PermanentFailure)

    async def test_a_file_that_is_gone(self, harness: Harness) -> None:
        inbound = Inbound("photo", harness.people[0], content=b"x", mime="image/jpeg")
        message = await self.take(harness, inbound)
        if message.attachments[0].content is not None:
            pytest.skip(f"{harness.channel.name} brings the content with the message")
        if "gone" not in harness.features:
            pytest.skip(f"{harness.channel.name} keeps every file")
        harness.lose_files()
        with pytest.raises(AttachmentGone):
            await harness.channel.fetch(message.attachments[0])

    # ── hostile ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def withstand(self, harness: Harness, bodies: list[bytes]) -> None:
        for body in bodies:
            status = await harness.hostile(body)
            assert status is None or 200 <= status < 500, body[:80]
            assert harness.receive.messages == [], body[:80]
        receipt = await harness.deliver(Inbound("text", harness.people[0], text="still here"))
        await receipt.wait()
        assert [message.text for message in harness.receive.messages] == ["still here"]

    @pytest.mark.parametrize("name", sorted(HOSTILE))
    async def test_hostile_body(self, harness: Harness, name: str) -> None:
        status = await harness.hostile(HOSTILE[name])
        assert status is None or 400 <= status < 500
        await self.withstand(harness, [])

    async def test_wrong_shapes(self, harness: Harness) -> None:
        await self.withstand(harness, list(harness.wrong_shapes()))

    async def test_json_corpus(self, harness: Harness) -> None:
        if not CORPUS.is_dir():
            pytest.skip(f"no {CORPUS}")
        bodies = [path.read_bytes() for path in sorted(CORPUS.glob("*.json"))]
        assert len(bodies) > 300
        await self.withstand(harness, bodies)

    async def test_forged(self, harness: Harness) -> None:
        body = harness.body(Inbound("text", harness.people[0], text="forged"))
        status = await harness.hostile(body, authentic=False)
        if status is None:
            pytest.skip(f"{harness.channel.name} has no entrance to forge at")
        assert status in (401, 403)
        assert harness.receive.messages == []
        assert await harness.hostile(body, authentic=True) == 200
        assert [message.text for message in harness.receive.messages] == ["forged"]
