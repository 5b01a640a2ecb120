"""Citizens who tell of something, on Telegram's webhook and on the web chat, and a ledger of what was acknowledged.

What is not acknowledged is sent again until it is, as Telegram and our own page do; a part of what was acknowledged is
sent once more, later or at the same moment.
"""

import asyncio
import itertools
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from bot.channels.webchat_session import COOKIES, user_id_of
from tests.fakes.telegram import FakeBot, Person
from tests.fakes.telegram_bot import Sent

Json = dict[str, Any]
#: Part of the acknowledged deliveries that is sent once more.
REPEATED = 0.1
RETRY_SECONDS = 0.05
#: Whoever is not acknowledged for this long gives up, and that is a finding.
PATIENCE_SECONDS = 120.0
#: After this long without the button, people type what it says.
BUTTON_SECONDS = 6.0
SUBMIT = "提交"
_MATTERS = (
    "路灯不亮，晚上看不见路", "垃圾桶满了三天没有人清运", "公交车半小时也等不到一班",
    "人行道的地砖松了，下雨天溅水", "小区门口的树枝挡住了信号灯", "楼下烧烤店油烟太大，开不了窗",
)  # fmt: skip
_ODD = (
    "", " ", "\n\n", "👩‍👧‍👦", "\u200b\u200e", "ＡＢＣ１２３", "\x1a0041", "’;--", "<b>", "é", "\u202e反了",
    "𠮷野家", "%s{}",
)  # fmt: skip


@dataclass(slots=True)
class Conversation:
    """One citizen: the address, the texts that were acknowledged, whether the submission was."""

    channel: str
    user_id: str
    texts: list[str] = field(default_factory=list)
    submitted: bool = False
    #: Web chat: (seq, text) of the replies that were given at once.
    replies: list[tuple[int, str]] = field(default_factory=list)


@dataclass(slots=True)
class Ledger:
    """What the far side knows. `acknowledged` holds (channel, account, external id)."""

    conversations: list[Conversation] = field(default_factory=list)
    acknowledged: set[tuple[str, str, str]] = field(default_factory=set)
    answers: Counter[str] = field(default_factory=Counter)
    deliveries: int = 0
    repeats: int = 0
    wrong_repeats: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)


class GaveUp(Exception):
    """Nothing was acknowledged for too long."""


class Line:
    """Posts until it is acknowledged. `expected` are the statuses that mean: later."""

    def __init__(self, session: aiohttp.ClientSession, ledger: Ledger, dice: random.Random) -> None:
        self.session = session
        self.ledger = ledger
        self.dice = dice

    async def post(self, path: str, body: Json, headers: Mapping[str, str]) -> Json | None:
        """The JSON of the acknowledgement, if any. Raises `GaveUp`."""
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            pause = RETRY_SECONDS
            try:
                async with self.session.post(path, json=body, headers=headers) as answer:
                    status, content = answer.status, await answer.read()
                    if status == 429:
                        pause = float(answer.headers.get("Retry-After", "1"))
                    self.ledger.answers[str(status)] += 1
                    if 200 <= status < 300:
                        return await answer.json() if content else None
                    if status not in (429, 503):
                        self.ledger.unexpected.append(f"{path.partition('?')[0]}: {status}")
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                self.ledger.answers[type(error).__name__] += 1
            await asyncio.sleep(pause * self.dice.uniform(0.5, 1.5))
        self.ledger.unexpected.append(f"{path}: never acknowledged")
        raise GaveUp(path)

    async def deliver(
        self, path: str, body: Json, headers: Mapping[str, str], later: list[Callable[[], Awaitable[None]]]
    ) -> Json | None:
        """Post it until it is acknowledged, and some of it more than once. The first acknowledgement's JSON."""
        fate = self.dice.random()
        if fate < REPEATED / 2:
            first, second = await asyncio.gather(self.post(path, body, headers), self.post(path, body, headers))
            self._compare(first, second)
            self.ledger.deliveries += 2
            self.ledger.repeats += 1
            return first
        first = await self.post(path, body, headers)
        self.ledger.deliveries += 1
        if fate < REPEATED:

            async def again() -> None:
                self._compare(first, await self.post(path, body, headers))
                self.ledger.deliveries += 1
                self.ledger.repeats += 1

            later.append(again)
        return first

    def _compare(self, first: Json | None, second: Json | None) -> None:
        def said(answer: Json | None) -> list[Any]:
            return [(m["seq"], m["text"], m["buttons"]) for m in (answer or {}).get("messages", ())]

        if said(first) != said(second):
            self.ledger.wrong_repeats.append(f"{said(first)} became {said(second)}")


class Telegram:
    """Updates of one bot, as Telegram would post them, and a quick look at what the bot sent to whom."""

    def __init__(self, bot: FakeBot, account: str, secret: str) -> None:
        self.path = f"/telegram/{account}"
        self.headers = {"X-Telegram-Bot-Api-Secret-Token": secret}
        self.account = account
        self._bot = bot
        self._updates = itertools.count(700_000_001)
        self._messages = itertools.count(1)
        self._read = 0
        self._chats: dict[int, list[Sent]] = {}

    async def say(self, line: Line, content: Json, later: list[Callable[[], Awaitable[None]]]) -> None:
        """Deliver one update until it is acknowledged."""
        kind, what = next(iter(content.items()))
        if kind != "callback_query":
            what = {"date": 1_800_000_000, "message_id": next(self._messages), **what}
        update_id = next(self._updates)
        await line.deliver(self.path, {"update_id": update_id, kind: what}, self.headers, later)
        line.ledger.acknowledged.add(("telegram", self.account, str(update_id)))

    def screen(self, chat: int) -> list[Sent]:
        for sent in self._bot.sent[self._read :]:
            self._chats.setdefault(sent.chat_id, []).append(sent)
        self._read = len(self._bot.sent)
        return self._chats.get(chat, [])

    async def submission(self, person: Person) -> Json:
        """The press of the button once it arrived; the word where it keeps us waiting."""
        for _ in range(int(BUTTON_SECONDS / 0.05)):
            for sent in self.screen(person.id):
                for button in sent.buttons:
                    if SUBMIT in button["text"]:
                        query = f"q{next(self._messages)}"
                        return person.pressed(self._bot.describe(sent), button["callback_data"], query)
            await asyncio.sleep(0.05)
        return person.text(SUBMIT)


async def tell_on_telegram(line: Line, telegram: Telegram, number: int, code: str) -> None:
    """One conversation: scan, one or two texts, submit."""
    person = Person(100_000 + number)
    conversation = Conversation("telegram", str(person.id))
    line.ledger.conversations.append(conversation)
    later: list[Callable[[], Awaitable[None]]] = []
    await telegram.say(line, person.start(code), later)
    for text in _texts(line.dice, number):
        await telegram.say(line, person.text(text), later)
        conversation.texts.append(text)
    by_button = line.dice.random() < 0.5
    await telegram.say(line, await telegram.submission(person) if by_button else person.text(SUBMIT), later)
    conversation.submitted = True
    for again in later:
        await again()


async def tell_on_web(base: str, ledger: Ledger, dice: random.Random, number: int, code: str) -> None:
    """The same in the web chat. Each citizen has an address of their own in 127/8, because knocking is limited."""
    host = f"127.{1 + number // 62_500 % 250}.{number // 250 % 250}.{1 + number % 250}"
    timeout = aiohttp.ClientTimeout(total=10)
    jar = aiohttp.CookieJar(unsafe=True)
    connector = aiohttp.TCPConnector(local_addr=(host, 0), force_close=True)
    async with aiohttp.ClientSession(base, timeout=timeout, cookie_jar=jar, connector=connector) as session:
        line = Line(session, ledger, dice)
        later: list[Callable[[], Awaitable[None]]] = []
        # Not `deliver`: opening twice is two arrivals, not a repeat.
        opened = await line.post("/chat", {"code": code}, {})
        ledger.deliveries += 1
        token = next(cookie.value for cookie in jar if cookie.key == COOKIES["citizen"])
        conversation = Conversation("webchat", user_id_of(token))
        ledger.conversations.append(conversation)
        _heard(conversation, opened)
        button = ""
        for position, text in enumerate(_texts(dice, number)):
            body = {"id": f"t{position}", "text": text}
            answer = await line.deliver("/chat/messages", body, {}, later)
            ledger.acknowledged.add(("webchat", "citizen", f"{conversation.user_id[:32]}:said:t{position}"))
            conversation.texts.append(text)
            _heard(conversation, answer)
            labels = [b for m in (answer or {}).get("messages", ()) for b in m["buttons"] if SUBMIT in b["label"]]
            button = labels[0]["data"] if labels else button
        said = {"button": button} if button and dice.random() < 0.5 else {"text": SUBMIT}
        _heard(conversation, await line.deliver("/chat/messages", {"id": "submit", **said}, {}, later))
        ledger.acknowledged.add(("webchat", "citizen", f"{conversation.user_id[:32]}:said:submit"))
        conversation.submitted = True
        for again in later:
            await again()


def _heard(conversation: Conversation, answer: Json | None) -> None:
    conversation.replies += [(m["seq"], m["text"]) for m in (answer or {}).get("messages", ())]


def _texts(dice: random.Random, number: int) -> list[str]:
    count = 2 if dice.random() < 0.2 else 1
    return [f"{dice.choice(_ODD)}{dice.choice(_MATTERS)}〔{number}·{n}〕{dice.choice(_ODD)}" for n in range(count)]
