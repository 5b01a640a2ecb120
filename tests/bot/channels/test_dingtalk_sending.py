"""What goes out to DingTalk: texts, cards, files, and answers by a session webhook."""

import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channel import PermanentFailure, TemporaryFailure
from bot.channels.dingtalk_parsing import PRIVATE
from bot.channels.dingtalk_sending import TEXT_LIMIT, Part, markdown, template
from bot.channels.dingtalk_session import SessionWebhooks
from bot.message import Button, OutboundMessage, Picture
from tests.bot.channels.dingtalk_harness import NOW, DingTalkHarness, dingtalk
from tests.bot.channels.harness import until
from tests.fakes.dingtalk import Staff
from tests.fakes.dingtalk_screen import says, show

ME = Staff("0123456789")
PHOTO, VOICE = Picture("k3j2.jpg", "image/jpeg"), Picture("v1.amr", "audio/amr", "voice")
GONE = Picture("gone.jpg", "image/jpeg")
YES = Button("是", "token")
_WIDE = {chr(ord(mark) + 0xFEE0): mark for mark in "*_`[]<>~|\\&#-+="}


@pytest.fixture
async def harness() -> AsyncIterator[DingTalkHarness]:
    async with dingtalk() as harness:
        await until(lambda: harness.app.connections == 1)
        yield harness


def kinds(harness: DingTalkHarness) -> list[str]:
    return [sent.msg_key for sent in harness.app.sent]


# ── cards ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("count", range(1, 9))
async def test_any_number_of_buttons(harness: DingTalkHarness, count: int) -> None:
    buttons = tuple(Button(f"选 {number}", f"token-{number}") for number in range(count))
    await harness.channel.send(ME.id, OutboundMessage("请选：", buttons))
    [sent] = harness.app.sent
    assert sent.shown.text == "请选："
    assert {label: (says(url) or "")[-7:] for label, url in sent.shown.buttons.items()} == {
        f"选 {number}": f"token-{number}" for number in range(count)
    }
    await (await harness.press(ME.id, f"选 {count - 1}")).wait()
    [message] = harness.receive.messages
    assert message.button == f"token-{count - 1}"


@pytest.mark.parametrize(
    "text",
    [
        "一行\n二行\n\n四行",
        "1. 甲\n2. 乙",
        "说 [x](y) 了",
        "# 一\n## 二",
        "- a\n+ b\n* c\n--- \n===",
        "> 引用",
        "*a* **b** _c_ __d__ ~~e~~ `f` |g|",
        "<b>x</b> <script>1</script>",
        "&lt;b&gt; &#42; a & b &",
        "\\*a\\* ![x](y)",
        "    四个空格",
        "HB-261123-001（待受理）“你好”",
    ],
)
def test_a_card_shows_every_mark(text: str) -> None:
    shown = show(*_as_sent(Part(text, (YES,))))
    lines = [line.strip() for line in text.split("\n")]
    assert [line.strip() for line in _narrow(shown.text).split("\n")] == lines
    assert list(shown.buttons) == ["是"]


@given(st.text(st.sampled_from("ab *_`[]()<>#&;-+=|~\\!/:1.\n\t"), min_size=1, max_size=80))
def test_no_mix_of_marks_is_lost_in_a_card(text: str) -> None:
    shown = show(*_as_sent(Part(f"x{text}", (YES,))))
    assert "".join(_narrow(shown.text).split()) == "".join(f"x{text}".split())


async def test_what_can_not_be_encoded_is_marked(harness: DingTalkHarness) -> None:
    await harness.channel.send(ME.id, OutboundMessage("x\ud800y", (YES,)))
    assert [seen.text for seen in await harness.seen(ME.id)] == ["x\ufffdy"]


def test_a_link_in_a_card_leads_where_it_says() -> None:
    link = "https://a.example/join/x_y_z?a=1&b=(2)#~*[t]"
    text = markdown(f"打开 {link} ，谢谢")
    target = text[text.index("](") + 2 : text.index(") ")]
    assert not set("_*~[]()` ") & set(target)
    from urllib.parse import unquote

    assert unquote(target) == link


def test_a_title_is_the_first_line_cut_short() -> None:
    _, param = _as_sent(Part("\n【新反映】" + "长" * 100 + "\n第二行", (YES,)))
    assert json.loads(param)["title"] == "【新反映】" + "长" * 35


def test_a_full_card_stays_below_the_platforms_size() -> None:
    text = ("*" * 50 + "\n") * (TEXT_LIMIT // 51)
    buttons = tuple(Button("部" * 20, "t" * 32) for _ in range(5))
    assert show(*_as_sent(Part(text, buttons)))


def _narrow(text: str) -> str:
    """With the marks that a card shows full-width as they were."""
    return "".join(_WIDE.get(character, character) for character in text)


def _as_sent(part: Part) -> tuple[str, str]:
    key, params = template(part)
    return key, json.dumps(params, ensure_ascii=False)


# ── files ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_photos_stand_above_the_text_and_other_files_are_files(harness: DingTalkHarness) -> None:
    message = OutboundMessage("文字", (YES,), (PHOTO, VOICE))
    await harness.channel.send(ME.id, message)
    assert kinds(harness) == ["sampleImageMsg", "sampleFile", "sampleActionCard"]
    assert [seen.picture for seen in await harness.seen(ME.id)] == [b"content of k3j2.jpg", b"content of v1.amr", None]
    assert json.loads(harness.app.sent[1].param)["fileType"] == "amr"


async def test_a_file_that_was_erased_does_not_take_the_text_with_it(
    harness: DingTalkHarness, caplog: pytest.LogCaptureFixture
) -> None:
    await harness.channel.send(ME.id, OutboundMessage("文字", (), (GONE,)))
    assert kinds(harness) == ["sampleText"]
    assert "file_missing" in caplog.text


async def test_a_file_that_is_refused_does_not_either(harness: DingTalkHarness) -> None:
    harness.app.fail("refused", call="upload")
    await harness.channel.send(ME.id, OutboundMessage("文字", (), (PHOTO,)))
    assert kinds(harness) == ["sampleText"]


async def test_after_trouble_only_the_rest_is_sent(harness: DingTalkHarness) -> None:
    message = OutboundMessage("a" * TEXT_LIMIT + "文字", (YES,), notice_id=7)
    harness.app.staff.add("other")
    await harness.channel.send("other", OutboundMessage("x"))
    harness.app.fail("busy", after=1)
    with pytest.raises(TemporaryFailure):
        await harness.channel.send(ME.id, message)
    await harness.channel.send(ME.id, message)
    texts = [seen.text for seen in await harness.seen(ME.id)]
    assert texts == ["a" * TEXT_LIMIT, "文字"]


@pytest.mark.parametrize("user_id", ["", "a b", "部", "x" * 201, "a\n"])
async def test_what_is_no_staff_id_is_never_asked_for(harness: DingTalkHarness, user_id: str) -> None:
    with pytest.raises(PermanentFailure):
        await harness.channel.send(user_id, OutboundMessage("x"))
    assert all(call != "send" for call, _ in harness.app.calls)


@pytest.mark.parametrize("text", ["", " \n "])
async def test_nothing_is_nothing_to_send(harness: DingTalkHarness, text: str) -> None:
    with pytest.raises(PermanentFailure):
        await harness.channel.send(ME.id, OutboundMessage(text))


# ── session webhooks ────────────────────────────────────────────────────────────────────────────────────────────────


async def test_an_answer_that_nobody_quotes_goes_by_the_session_and_costs_no_call(harness: DingTalkHarness) -> None:
    await harness.push(ME.text("帮助")).wait()
    assert await harness.channel.send(ME.id, OutboundMessage("*帮助* <b>")) == ""
    assert [seen.text for seen in await harness.seen(ME.id)] == ["*帮助* <b>"]
    assert [call for call, _ in harness.app.calls] == ["open", "session"]


@pytest.mark.parametrize(
    "message",
    [
        OutboundMessage("a card", case_id=5),
        OutboundMessage("choose", (YES,)),
    ],
)
async def test_what_may_be_quoted_or_pressed_goes_by_the_api(
    harness: DingTalkHarness, message: OutboundMessage
) -> None:
    await harness.push(ME.text("x")).wait()
    assert await harness.channel.send(ME.id, message) == harness.app.sent[-1].key != ""


@pytest.mark.parametrize("fault", ["session_gone", "session_quota"])
async def test_a_session_that_is_refused_is_left_for_the_api(harness: DingTalkHarness, fault: str) -> None:
    await harness.push(ME.text("x")).wait()
    harness.app.fail(fault, call="session")
    for _ in range(2):
        assert await harness.channel.send(ME.id, OutboundMessage("once"))
    assert [call for call, _ in harness.app.calls] == ["open", "session", "send", "send"]


@pytest.mark.parametrize("fault", ["hang", "reset", "server_error", "malformed", "punished"])
async def test_a_session_in_trouble_may_have_sent_it(harness: DingTalkHarness, fault: str) -> None:
    await harness.push(ME.text("x")).wait()
    harness.app.fail(fault, call="session")
    with pytest.raises(TemporaryFailure) as raised:
        await harness.channel.send(ME.id, OutboundMessage("机密内容"))
    assert "session=" not in f"{raised.value!r}"
    assert [call for call, _ in harness.app.calls] == ["open", "session"]


class Session:
    """One message's webhook, as the API at DingTalk's own address would give it."""

    def __init__(self) -> None:
        self.now = NOW
        self.sessions = SessionWebhooks("https://api.dingtalk.com", lambda: self.now)
        self.raw = {
            "conversationType": PRIVATE,
            "sessionWebhook": "https://oapi.dingtalk.com/robot/sendBySession?session=s1",
            "sessionWebhookExpiredTime": _ms(NOW + timedelta(minutes=90)),
        }

    def given(self, **changes: object) -> str | None:
        self.sessions.keep(ME.id, {**self.raw, **changes})
        return self.sessions.of(ME.id, Part("x"), quotable=False)


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def test_a_sessions_end_may_come_as_a_string() -> None:
    ends = Session().raw["sessionWebhookExpiredTime"]
    assert Session().given(sessionWebhookExpiredTime=str(ends)) is not None


def test_a_session_is_used_until_it_is_about_to_end() -> None:
    session = Session()
    assert session.given() == session.raw["sessionWebhook"]
    session.now += timedelta(minutes=88)
    assert session.sessions.of(ME.id, Part("x"), quotable=False) is not None
    session.now += timedelta(minutes=1)
    assert session.sessions.of(ME.id, Part("x"), quotable=False) is None


def test_a_time_beyond_what_dingtalk_promises_is_not_believed() -> None:
    session = Session()
    assert session.given(sessionWebhookExpiredTime=10**30) is not None
    session.now += timedelta(minutes=90)
    assert session.sessions.of(ME.id, Part("x"), quotable=False) is None


@pytest.mark.parametrize(
    "change",
    [
        {"sessionWebhook": None},
        {"sessionWebhook": "http://oapi.dingtalk.com/robot/sendBySession?session=s1"},
        {"sessionWebhook": "https://dingtalk.com.evil.example/robot"},
        {"sessionWebhook": "https://evildingtalk.com/robot"},
        {"sessionWebhook": "https://x@oapi.dingtalk.com/robot"},
        {"sessionWebhook": "https://oapi.dingtalk.com@evil.example/robot"},
        {"sessionWebhook": "file:///etc/passwd"},
        {"sessionWebhook": "https://[::1"},
        {"sessionWebhookExpiredTime": "soon"},
        {"sessionWebhookExpiredTime": 0},
        {"sessionWebhookExpiredTime": -(10**30)},
        {"conversationType": "2"},
    ],
)
def test_nothing_is_sent_to_an_address_that_is_not_dingtalks(change: dict[str, object]) -> None:
    assert Session().given(**change) is None


def test_only_so_many_are_remembered() -> None:
    session = Session()
    for number in range(10_001):
        session.sessions.keep(f"p{number}", session.raw)
    assert session.sessions.of("p0", Part("x"), quotable=False) is None
    assert session.sessions.of("p10000", Part("x"), quotable=False) is not None
