"""The served station, what may be known of it, and the judgement over its answers."""

import asyncio
import io
import itertools
import json
import re
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
from yarl import URL

from bot.channels.webchat_session import COOKIES
from storage.codec import decode_text
from storage.sealer import AesSealer
from tests.fakes.telegram import FakeBot, FakeTelegram, Person
from tests.hostile.server import SWITCH

T = TypeVar("T")
Json = dict[str, Any]
#: Part of everything that is said here. It may stand in no log.
CANARY = "kanarie5b1f"
PHONE = "13800138731"
TOKENS = {"citizen": f"1000001:AAE-citizen-{CANARY}", "desk": f"1000002:AAE-desk-bot-{CANARY}"}
SECRET = f"webhook-{CANARY}-0123456789"
KEY = f"sealing-{CANARY}-0123456789-0123456789"
#: Chats of everybody here begin with this.
PEOPLE = 771_234_000_000
TOGETHER = 16
#: Without what the desk does by itself: it sees that several people told of one matter, and learns at night.
_NOT_BY_ITSELF = {
    "case_events": "WHERE kind != 'repeats'",
    "notices": "WHERE kind != 'card.repeats'",
    "model_events": "WHERE night IS NULL",
}
_EXCEPTION = re.compile(
    r"Traceback \(most recent|File \"[^\"]+\.py\"|\b(?:Key|Value|Type|Attribute|Index|Unicode\w*|Recursion|Assertion|"
    r"Runtime|OS|Integrity|Operational|Programming|Data|JSON\w*|Validation|Zero\w+|Overflow|Lookup)Error\b|"
    r"sqlalchemy|sqlite3\.|psycopg|orjson|starlette|uvicorn|aiogram"
)


class Answer:
    """Status, headers and body, the body as text for a look."""

    def __init__(self, status: int, headers: Any, body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def judge(answer: Answer, sent: str = "") -> Answer:
    """Whatever came in, the answer is no 5xx and shows nothing of our insides."""
    assert 100 <= answer.status < 500, f"{answer.status} to {sent[:200]!r}: {answer.body[:500]!r}"
    clean_words(answer.body.decode("utf-8", "replace"), sent)
    return answer


def clean_words(said: str, sent: str = "") -> None:
    """What a person reads shows no exception, unless the person said it first."""
    found = _EXCEPTION.search(said)
    assert found is None or found[0] in sent, f"{found[0]!r} in the answer to {sent[:200]!r}: {said[:500]!r}"


async def together(work: Callable[[T], Awaitable[None]], items: Iterable[T]) -> int:
    """Do it for each item, several at a time; returns how many. The first failure ends it."""
    waiting, count = iter(items), 0

    async def go_on() -> None:
        nonlocal count
        for item in waiting:
            count += 1
            await work(item)

    async with asyncio.TaskGroup() as group:
        for _ in range(TOGETHER):
            group.create_task(go_on())
    return count


class FakePlatform:
    """The fake Telegram on a loop of its own, which outlives the loops of the tests."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._fake = FakeTelegram()
        self.bots: dict[str, FakeBot] = {}
        self._run(self._open())
        self.url = self._fake.url

    async def _open(self) -> None:
        await self._fake.__aenter__()
        self.bots = {account: self._fake.bot(token) for account, token in TOKENS.items()}

    def _run(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def do(self, act: Callable[[], object]) -> None:
        """Call `act` where the fake lives."""

        async def there() -> None:
            act()

        self._run(there())

    def close(self) -> None:
        self._run(self._fake.__aexit__(None, None, None))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


class Station:
    """One running server with the fake platform behind it."""

    def __init__(self, url: str, folder: Path, ways: Json, platform: FakePlatform, log: Path, pid: int) -> None:
        self.url = url
        self.folder = folder
        self.code: str = ways["deputy_code"]
        self.station_code: str = ways["station_code"]
        self.invitations: dict[str, str] = ways["invitations"]
        self.spare: str = ways["spare"]
        self.web_desk: str = ways["web_desk"]
        self.platform = platform
        self.bots = platform.bots
        self.log = log
        self.cookies: set[str] = set()
        #: Whoever knocks without a session; belongs to the loop of the running test.
        self.visitor: aiohttp.ClientSession
        self.failed = self.failed_on_purpose = 0
        self._logged = 0
        self._pid = pid
        self._first = 0
        self._updates = itertools.count(700_000_001)
        self._messages = itertools.count(1)
        self._people = itertools.count(PEOPLE)
        self._heard = dict.fromkeys(TOKENS, 0)
        self._database = sqlite3.connect(f"file:{folder / 'mashang.db'}?mode=ro", uri=True, timeout=10)
        self._members: dict[str, Person] = {}

    def close(self) -> None:
        self._database.close()

    # ── Telegram ────────────────────────────────────────────────────────────────────────────────────────────────

    def person(self) -> Person:
        """Somebody new."""
        return Person(next(self._people))

    def update(self, content: Json) -> Json:
        """A whole update, with ids and a date."""
        kind, what = next(iter(content.items()))
        if kind != "callback_query":
            what = {"message_id": next(self._messages), "date": 1_800_000_000, **what}
        return {"update_id": next(self._updates), kind: what}

    async def post_update(self, update: Json, account: str = "citizen", sent: str = "") -> Answer:
        body = json.dumps(update, ensure_ascii=False).encode("utf-8", "surrogatepass")
        return await self.post_body(body, account, sent=sent)

    async def post_body(
        self, body: bytes, account: str = "citizen", *, secret: str | None = SECRET,
        content_type: str = "application/json", sent: str = "",
    ) -> Answer:  # fmt: skip
        headers = {"Content-Type": content_type}
        if secret is not None:
            headers["X-Telegram-Bot-Api-Secret-Token"] = secret
        answer = await self.ask("POST", f"/telegram/{account}", body=body, headers=headers, sent=sent)
        assert answer.body == b""
        return answer

    async def tell(self, content: Json, account: str = "citizen") -> Json:
        """Deliver something authentic; it is acknowledged. Returns the update."""
        update = self.update(content)
        assert (await self.post_update(update, account)).status == 200
        return update

    async def arrived(self, code: str | None = None) -> Person:
        """Somebody new who scanned a code."""
        person = self.person()
        await self.tell(person.start(self.code if code is None else code))
        return person

    async def member(self, role: str) -> Person:
        """The member of that role, in their chat with the work bot."""
        if role not in self._members:
            person = self._members[role] = self.person()
            await self.tell(person.start(f"join_{self.invitations[role]}"), "desk")
        return self._members[role]

    async def case(self, text: str) -> tuple[Person, str]:
        """A matter that somebody new told of, and its number."""
        person = await self.arrived()
        await self.tell(person.text(text))
        await self.tell(person.text("提交"))
        [(number,)] = self.rows(
            "SELECT number FROM cases WHERE reporter_id = (SELECT contact_id FROM addresses WHERE user_id = ?)",
            str(person.id),
        )
        return person, str(number)

    async def heard(self, account: str) -> list[str]:
        """What the bot said to anybody since this was last asked, once the outbox is empty."""
        await self.settled()
        bot = self.bots[account]
        sent, self._heard[account] = bot.sent[self._heard[account] :], len(bot.sent)
        return [message.text for message in sent]

    async def settled(self) -> None:
        """Wait until nothing more is to be sent."""
        give_up = time.monotonic() + 60
        while self.rows("SELECT count(*) FROM notices WHERE state = 'pending' AND attempts = 0") != [(0,)]:
            assert time.monotonic() < give_up, "the outbox does not empty"
            await asyncio.sleep(0.05)

    # ── HTTP ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def ask(
        self, method: str, path: str, *, body: bytes | None = None, headers: Json | None = None, sent: str = "",
        session: aiohttp.ClientSession | None = None,
    ) -> Answer:  # fmt: skip
        """One request, `path` as it stands, the answer judged."""
        url = URL(self.url + path, encoded=True)
        own = session or self.visitor
        data = io.BytesIO(body) if body is not None else None
        async with own.request(method, url, data=data, headers=headers, allow_redirects=False) as response:
            self.cookies.update(m.value for m in response.cookies.values() if m.key in COOKIES.values() and m.value)
            return judge(Answer(response.status, response.headers, await response.read()), sent or path)

    async def raw(self, data: bytes, *, wait: float = 2.0) -> bytes:
        """Bytes on a socket, and whatever comes back until the server closes or `wait` seconds went by."""
        host, port = self.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        try:
            writer.write(data)
            await writer.drain()
            if writer.can_write_eof():
                writer.write_eof()
            try:
                return await asyncio.wait_for(reader.read(), wait)
            except (TimeoutError, ConnectionError):
                return b""
        finally:
            writer.close()

    # ── behind the scenes ───────────────────────────────────────────────────────────────────────────────────────

    def rows(self, statement: str, *values: object) -> list[Any]:
        return self._database.execute(statement, values).fetchall()

    def kept(self) -> Counter[str]:
        """Every text of a citizen that is stored, unsealed, and how often."""
        sealer = AesSealer(KEY)
        rows = self.rows("SELECT text, sealed_text FROM submission_parts WHERE kind = 'text'")
        return Counter(sealer.open(sealed) if sealed else decode_text(plain or "") for plain, sealed in rows)

    def counts(self, *tables: str) -> dict[str, int]:
        """Rows of these tables, or of all."""
        names = tables or [name for (name,) in self.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: self.rows(f'SELECT count(*) FROM "{name}" {_NOT_BY_ITSELF.get(name, "")}')[0][0] for name in names
        }

    def logged(self) -> str:
        """What was logged since this was last asked."""
        whole = self.log.read_bytes()
        new, self._logged = whole[self._logged :], len(whole)
        return new.decode("utf-8", "replace")

    def canaries(self) -> Sequence[str]:
        """What no log may hold."""
        secrets = [self.spare, self.web_desk, *self.invitations.values(), *self.cookies]
        return [CANARY, PHONE, str(PEOPLE)[:6], SWITCH, *secrets]

    async def warm_up(self) -> None:
        """Some hundred ordinary requests; growth counts from there. What is loaded at its first use, as pinyin's
        dictionaries are for the first department that somebody types (57 MB), is loaded by then."""
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as self.visitor:

            async def ordinary(_: int) -> None:
                await self.ask("GET", "/", headers={"Accept": "text/html"})
                await self.ask("GET", f"/c/{self.code}", headers={"Accept": "text/html"})
                person = await self.arrived()
                await self.tell(person.text(f"路灯不亮 {CANARY}"))
                await self.tell(person.text("提交"))

            await together(ordinary, range(60))
            _, number = await self.case(f"路灯不亮 {CANARY}")
            await self.tell((await self.member("deputy")).text(f"建议部门 {number} 城管"), "desk")
            await self.settled()
        self._first = self.memory()

    async def growth(self) -> int:
        """Resident kilobytes that the server has more than after the first requests, once it rests."""
        grown = []
        for _ in range(4):
            grown.append(self.memory() - self._first)
            if grown[-1] < 32 * 1024:
                break
            await asyncio.sleep(0.5)
        return min(grown)

    def memory(self) -> int:
        """Resident kilobytes of the server."""
        status = Path(f"/proc/{self._pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0])
