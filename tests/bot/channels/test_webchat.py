"""The web chat: the suite of every channel, and what is its own."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from bot.channel import RecipientBlocked
from bot.channels.webchat_api import Limits
from bot.channels.webchat_session import new_token, user_id_of
from bot.message import Button, OutboundMessage, Picture
from routing import linking
from routing.case import PartKind, StoredFile
from routing.errors import StorageUnavailable
from routing.notice import Notice
from routing.people import Address, Contact, Role
from tests.bot.channels.conformance import ChannelConformance
from tests.bot.channels.harness import Fault, Harness, Inbound, Receipt, Seen
from tests.fakes.web import Web, web

JSON = {"content-type": "application/json"}


class Posted(Receipt):
    """A page that sends the same again until it is taken."""

    def __init__(self, client: httpx.AsyncClient, url: str, options: dict[str, Any]) -> None:
        self.request = (client, url, options)
        self.answer: httpx.Response | None = None
        self.task = asyncio.create_task(self._send())

    async def _send(self) -> None:
        client, url, options = self.request
        while self.answer is None:
            answer = await client.post(url, **options)
            if answer.status_code == 503:
                await asyncio.sleep(0.01)
                continue
            self.answer = answer

    @property
    def acknowledged(self) -> bool:
        return self.answer is not None and self.answer.status_code == 200


class WebHarness(Harness):
    kinds = frozenset({"text", "button", "photo", "voice", "file", "location", "start"})
    features = frozenset({"caption", "reply"})
    faults = frozenset({Fault.BLOCKED, Fault.UNKNOWN_RECIPIENT, Fault.RESET})

    def __init__(self, served: Web) -> None:
        super().__init__()
        self.served = served
        self.channel = served.citizen
        self.browsers: dict[str, httpx.AsyncClient] = {}
        self.posted: list[Posted] = []
        self.ids = 0

    async def open(self) -> None:
        for _ in range(2):
            browser, user_id = await self.served.browser()
            self.browsers[user_id] = browser
        first, second = self.browsers
        self.people = (first, second)
        await self.channel.start(self.receive)

    async def close(self) -> None:
        for posted in self.posted:
            posted.task.cancel()
        await asyncio.gather(*(posted.task for posted in self.posted), return_exceptions=True)
        for browser in self.browsers.values():
            await browser.aclose()

    def _fields(self, inbound: Inbound) -> dict[str, Any]:
        self.ids += 1
        fields: dict[str, Any] = {"id": f"page-{self.ids}"}
        if inbound.text:
            fields["text"] = inbound.text
        if inbound.button:
            fields["button"] = inbound.button
        if inbound.kind == "location":
            fields["location"] = {"lat": inbound.location[0], "lon": inbound.location[1]}
        if inbound.reply_to is not None:
            fields["reply_to"] = int(inbound.reply_to)
        return fields

    def body(self, inbound: Inbound) -> bytes:
        return orjson.dumps(self._fields(inbound))

    async def deliver(self, inbound: Inbound) -> Receipt:
        browser = self.browsers[inbound.user_id]
        if inbound.kind == "start":
            return self._post(browser, "/chat", {"json": {"code": inbound.code}})
        if inbound.kind in ("photo", "voice", "file"):
            files = {"file": (inbound.name or "blob", inbound.content, inbound.mime)}
            return self._post(browser, "/chat/messages", {"data": self._fields(inbound), "files": files})
        return self._post(browser, "/chat/messages", {"content": self.body(inbound), "headers": JSON})

    def _post(self, browser: httpx.AsyncClient, url: str, options: dict[str, Any]) -> Posted:
        self.posted.append(Posted(browser, url, options))
        return self.posted[-1]

    async def repeat(self, receipt: Receipt) -> Receipt:
        assert isinstance(receipt, Posted)
        return self._post(*receipt.request)

    async def _messages(self, user_id: str) -> list[dict[str, Any]]:
        answer = await self.browsers[user_id].get("/chat/messages?after=0")
        messages: list[dict[str, Any]] = answer.json()["messages"]
        return messages

    async def press(self, user_id: str, label: str) -> Receipt:
        buttons = (await self._messages(user_id))[-1]["buttons"]
        [data] = [button["data"] for button in buttons if button["label"] == label]
        return await self.deliver(Inbound("button", user_id, button=data))

    async def seen(self, user_id: str) -> list[Seen]:
        messages = await self._messages(user_id)
        return [Seen(one["text"], [button["label"] for button in one["buttons"]]) for one in messages]

    async def message_id(self, user_id: str) -> str:
        return str((await self._messages(user_id))[-1]["seq"])

    def inject(self, fault: Fault) -> None:
        if fault is Fault.RESET:
            self.served.writer.away = 1
            return
        with self.served.store.transaction() as uow:
            address = uow.contacts.address("webchat", "citizen", self.people[0])
            assert address is not None
            address.state = "blocked"

    async def hostile(self, body: bytes, *, authentic: bool = True) -> int | None:
        if authentic:
            answer = await self.browsers[self.people[0]].post("/chat/messages", content=body, headers=JSON)
            return answer.status_code
        async with self.served.client(headers={"cookie": f"mashang_chat={new_token()}"}) as stranger:
            answer = await stranger.post("/chat/messages", content=body, headers=JSON)
        return answer.status_code

    def wrong_shapes(self) -> Sequence[bytes]:
        shapes: list[dict[str, Any]] = [
            {"text": "no id"}, {"id": 5, "text": "x"}, {"id": "", "text": "x"}, {"id": "x" * 65, "text": "x"},
            {"id": "ü", "text": "x"}, {"id": "1"}, {"id": "1", "text": ""}, {"id": "1", "text": " \n "},
            {"id": "1", "text": ["x"]}, {"id": "1", "text": "a\x00b"}, {"id": "1", "button": 5},
            {"id": "1", "button": ""}, {"id": "1", "button": "t" * 65}, {"id": "1", "text": "x", "button": "t"},
            {"id": "1", "location": [1, 2]}, {"id": "1", "location": {"lat": "1", "lon": 2}},
            {"id": "1", "location": {"lat": 91, "lon": 2}}, {"id": "1", "location": {"lat": True, "lon": 2}},
            {"id": "1", "text": "x", "reply_to": -1}, {"id": "1", "text": "x", "reply_to": {}},
        ]  # fmt: skip
        return [orjson.dumps(shape) for shape in shapes]


class TestConformance(ChannelConformance):
    @pytest.fixture
    async def harness(self, tmp_path: Path) -> AsyncIterator[Harness]:
        async with web(tmp_path) as served:
            harness = WebHarness(served)
            await harness.open()
            yield harness
            harness.receive.release()
            await harness.close()


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Web]:
    async with web(tmp_path) as one:
        yield one


async def test_a_code_opens_a_session_and_the_stored_address_is_no_cookie(served: Web) -> None:
    async with served.client() as browser:
        answer = await browser.post("/chat", json={"code": served.town.deputy})
        assert answer.status_code == 200
        [message] = answer.json()["messages"]
        assert (message["seq"], message["text"], message["buttons"]) == (1, f"收到：{served.town.deputy}", [])
        cookie = answer.headers["set-cookie"]
        assert {"HttpOnly", "Path=/chat", "SameSite=lax"} <= set(cookie.split("; "))
        assert "Secure" not in cookie
        token = browser.cookies["mashang_chat"]
        [inbound] = served.echo.messages
        assert (inbound.user_id, inbound.kind, inbound.audience) == (user_id_of(token), "start", "citizen")
    async with served.client(headers={"cookie": f"mashang_chat={inbound.user_id}"}) as thief:
        assert (await thief.get("/chat/messages")).status_code == 401


async def test_the_cookie_is_secure_where_people_come_by_https(tmp_path: Path) -> None:
    async with web(tmp_path, public_url="https://desk.test") as served, served.client() as browser:
        answer = await browser.post("/chat", json={"code": ""})
        assert "Secure" in answer.headers["set-cookie"]
        assert "max-age=" in answer.headers["strict-transport-security"]


async def test_a_second_code_goes_on_in_the_same_session_and_a_forged_cookie_gets_a_new_one(served: Web) -> None:
    async with served.client() as browser:
        await browser.post("/chat", json={"code": served.town.deputy})
        again = await browser.post("/chat", json={"code": "mistyped code"})
        assert [message["seq"] for message in again.json()["messages"]] == [2]
    forged = new_token()
    async with served.client(headers={"cookie": f"mashang_chat={forged}"}) as stranger:
        answer = await stranger.post("/chat", json={"code": ""})
        assert forged not in answer.headers["set-cookie"]
    first, second, third = served.echo.messages
    assert first.user_id == second.user_id != third.user_id != user_id_of(forged)
    assert first.external_id != second.external_id
    assert second.code == "mistyped code"


async def test_a_repeat_gets_the_same_answer_and_does_nothing(served: Web) -> None:
    browser, _ = await served.browser()
    async with browser:
        first = await browser.post("/chat/messages", json={"id": "a", "text": "路灯不亮"})
        repeat = await browser.post("/chat/messages", json={"id": "a", "text": "路灯不亮"})
        [one], [two] = first.json()["messages"], repeat.json()["messages"]
        assert (one["seq"], one["text"]) == (two["seq"], two["text"]) == (1, "收到：路灯不亮")
        assert len((await browser.get("/chat/messages?after=0")).json()["messages"]) == 1


async def test_two_people_may_choose_the_same_id(served: Web) -> None:
    for text in ("one", "two"):
        browser, _ = await served.browser()
        async with browser:
            answer = await browser.post("/chat/messages", json={"id": "1", "text": text})
            assert answer.json()["messages"][0]["text"] == f"收到：{text}"


async def test_what_came_since_the_last_ones_and_what_is_sealed_at_rest(served: Web) -> None:
    browser, user_id = await served.browser()
    for number in range(5):
        await served.citizen.send(user_id, OutboundMessage(f"m{number}", sealed=number == 2))
    async with browser:

        async def texts(after: int) -> list[str]:
            answer = await browser.get(f"/chat/messages?after={after}")
            return [message["text"] for message in answer.json()["messages"]]

        assert await texts(0) == ["m0", "m1", "m2", "m3", "m4"]
        assert await texts(3) == ["m3", "m4"]
        assert await texts(-2) == ["m3", "m4"]
        assert (await browser.get("/chat/messages?after=x")).status_code == 400

    def payloads(uow: Any) -> list[str]:
        address = uow.contacts.address("webchat", "citizen", user_id)
        return [row.payload for row in uow.mailbox.after(address.id, 0)]

    kept = await served.store.reader.run(payloads)
    assert ["m2" in payload for payload in kept].count(True) == 0
    assert "m3" in kept[3]


async def test_a_notice_that_is_delivered_twice_appears_once(served: Web) -> None:
    browser, user_id = await served.browser()

    def announce(uow: Any) -> int:
        address = uow.contacts.address("webchat", "citizen", user_id)
        notice = Notice("case.accepted", address.contact_id, uow.now, uow.now)
        uow.notices.add(notice)
        return notice.id

    notice_id = await served.store.writer.run(announce)
    notice = OutboundMessage("受理了" * 10_000, (Button("好", "t"),), notice_id=notice_id)
    assert await served.citizen.send(user_id, notice) == await served.citizen.send(user_id, notice) == "2"
    async with browser:
        assert len((await browser.get("/chat/messages")).json()["messages"]) == 2


async def test_nobody_can_be_written_to_through_the_other_account(served: Web) -> None:
    _, user_id = await served.person("desk")
    with pytest.raises(RecipientBlocked):
        await served.citizen.send(user_id, OutboundMessage("x"))


async def test_a_session_lapses_after_half_a_year_of_silence(served: Web) -> None:
    browser, user_id = await served.browser()

    def long_ago(uow: Any) -> None:
        address = uow.contacts.address("webchat", "citizen", user_id)
        address.created_at -= timedelta(days=400)
        uow.conversations.of_address(address.id).updated_at -= timedelta(days=181)

    await served.store.writer.run(long_ago)
    async with browser:
        assert (await browser.get("/chat/messages")).status_code == 401


async def test_leaving_takes_the_cookie_away(served: Web) -> None:
    async with served.client() as browser:
        await browser.post("/chat", json={"code": ""})
        assert (await browser.get("/chat/messages")).status_code == 200
        assert (await browser.post("/chat/leave", json={})).json() == {"ok": True}
        assert (await browser.get("/chat/messages")).status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"origin": "https://evil.test"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://desk.test"}, 200),
        ({"sec-fetch-site": "same-origin", "origin": "http://desk.test"}, 200),
    ],
)
async def test_another_site_cant_speak_for_a_person(served: Web, headers: dict[str, str], status: int) -> None:
    browser, _ = await served.browser()
    async with browser:
        said = await browser.post("/chat/messages", json={"id": "1", "text": "x"}, headers=headers)
        form = await browser.post("/chat/messages", data={"id": "2"}, files={"file": b"x"}, headers=headers)
        opened = await browser.post("/chat", json={"code": ""}, headers=headers)
        assert {said.status_code, form.status_code, opened.status_code} == {status}
        assert len(served.echo.messages) == (3 if status == 200 else 0)


async def test_a_form_of_another_site_has_no_type_that_is_taken(served: Web) -> None:
    browser, _ = await served.browser()
    async with browser:
        for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
            body = b'{"id": "1", "text": "x"}'
            answer = await browser.post("/chat/messages", content=body, headers={"content-type": kind})
            assert answer.status_code == 415
    assert served.echo.messages == []


async def test_uploads_are_bounded_while_they_arrive(served: Web) -> None:
    browser, _ = await served.browser()
    megabyte = b"x" * 1024 * 1024
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield head
        for _ in range(100):
            sent += 1
            yield megabyte

    async with browser:
        form = {"content-type": "multipart/form-data; boundary=b"}
        answer = await browser.post("/chat/messages", content=endless(), headers=form)
        assert answer.status_code == 413
        assert "20 MB" in answer.json()["error"]
        large = await browser.post("/chat/messages", data={"id": "1"}, files={"file": megabyte * 20 + b"x"})
        assert large.status_code == 413
        fits = await browser.post("/chat/messages", data={"id": "1"}, files={"file": megabyte * 20})
        assert fits.status_code == 200
        for broken in (head, head.replace(b"name", b"nome") + b"x\r\n--b--\r\n", b"", b"--b--\r\n"):
            answer = await browser.post("/chat/messages", content=broken, headers=form)
            assert answer.status_code == 400
    [message] = served.echo.messages
    assert message.attachments[0].size == 20 * 1024 * 1024


async def test_the_sender_name_of_a_file_is_no_path(served: Web) -> None:
    browser, _ = await served.browser()
    async with browser:
        await browser.post(
            "/chat/messages", data={"id": "1"}, files={"file": ("../../etc/pa\\sswd", b"x", "image/png")}
        )
    [attachment] = served.echo.messages[0].attachments
    assert (attachment.name, attachment.kind, attachment.mime) == ("sswd", "photo", "image/png")


async def test_too_many_messages_and_sessions_are_slowed_down(tmp_path: Path) -> None:
    limits = Limits(messages_per_minute=3, messages_per_minute_of_ip=100, sessions_per_minute_of_ip=2)
    async with web(tmp_path, limits=limits) as served:
        browser, _ = await served.browser()
        async with browser, served.client() as stranger:
            codes = []
            for number in range(5):
                answer = await browser.post("/chat/messages", json={"id": str(number), "text": "x"})
                codes.append(answer.status_code)
            # A minute may turn over in between; then one more is let through, never all.
            assert codes[:3] == [200, 200, 200]
            assert 429 in codes
            assert answer.status_code == 200 or 1 <= int(answer.headers["retry-after"]) <= 61
            opened = []
            for _ in range(5):
                stranger.cookies.clear()
                opened.append((await stranger.post("/chat", json={"code": ""})).status_code)
            assert opened[:2] == [200, 200]
            assert 429 in opened


@pytest.mark.parametrize("way", ["receive", "reader"])
async def test_an_absent_database_is_said_and_nothing_is_acknowledged(
    served: Web, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    async def away(*_: Any) -> None:
        raise StorageUnavailable

    browser, _ = await served.browser()
    if way == "receive":
        served.echo.failure = StorageUnavailable()
    else:
        monkeypatch.setattr(served.store.reader, "run", away)
    async with browser:
        answer = await browser.post("/chat/messages", json={"id": "1", "text": "x"}, headers={"accept-language": "en"})
        assert answer.status_code == 503
        assert answer.json()["error"].startswith("The system is away")
        assert int(answer.headers["retry-after"]) > 0
        page = await browser.get("/join/abc", headers={"accept": "text/html"})
        assert page.status_code == (503 if way == "reader" else 410)
        assert "110" in page.text


async def test_files_go_to_those_who_may_see_them(served: Web) -> None:
    browser, user_id = await served.browser()
    content = b"%PDF-1.4 secret\n%%EOF\n"
    name = served.store.files.save(content, "application/pdf").name

    def keep(uow: Any) -> None:
        uow.files.add(StoredFile(PartKind.FILE, "webchat", uow.now, name=name, mime="application/pdf"))

    await served.store.writer.run(keep)
    await served.citizen.send(user_id, OutboundMessage("看附件", pictures=(Picture(name, "application/pdf", "file"),)))
    async with browser, served.client() as stranger:
        [message] = (await browser.get("/chat/messages")).json()["messages"]
        assert message["files"] == [{"url": f"/chat/files/{name}", "kind": "file"}]
        answer = await browser.get(message["files"][0]["url"])
        assert (answer.status_code, answer.content) == (200, content)
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"].startswith("attachment")
        assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert (await stranger.get(f"/chat/files/{name}")).status_code == 401
        assert (await browser.get("/chat/files/none.pdf")).status_code == 404
        served.may_see[0] = False
        assert (await browser.get(f"/chat/files/{name}")).status_code == 404


async def test_an_invitation_is_shown_first_and_taken_by_a_button(served: Web) -> None:
    url = f"/join/{served.town.invitation}"
    async with served.client() as browser:
        shown = await browser.get(url)
        assert shown.status_code == 200
        assert "联络站工作人员" in shown.text
        assert "王晓" in shown.text
        assert "set-cookie" not in shown.headers
        assert served.echo.messages == []
        foreign = await browser.post(url, headers={"origin": "https://evil.test"})
        assert foreign.status_code == 403
        taken = await browser.post(url)
        assert taken.status_code == 303
        desk = taken.headers["location"]
        assert f"Path={desk}" in taken.headers["set-cookie"]
        [message] = served.echo.messages
        assert (message.account, message.audience, message.kind) == ("desk", "work", "start")
        assert message.code == f"join_{served.town.invitation}"
        assert f'data-base="{desk}"' in (await browser.get(desk)).text
        said = await browser.post(f"{desk}/messages", json={"id": "1", "text": "列表"})
        assert said.json()["messages"][0]["text"] == "收到：列表"
        # A second desk in the same browser is another session, and the first goes on.
        second = (await browser.post(url)).headers["location"]
        await browser.post(f"{second}/messages", json={"id": "1", "text": "x"})
        assert len({one.user_id for one in served.echo.messages}) == 2
        assert (await browser.get(f"{desk}/messages")).json()["messages"][-1]["text"] == "收到：列表"
        # A citizen's chat knows nothing of either.
        assert (await browser.get("/chat/messages")).status_code == 401


async def test_a_code_for_another_chat_of_a_member_opens_a_desk_as_well(served: Web) -> None:
    with served.store.transaction() as uow:
        (member,) = [m for m in uow.directory.members.values() if m.role is Role.STAFF]
        contact = Contact(uow.now)
        uow.contacts.add(contact)
        address = Address(contact.id, "dingtalk", "desk", "staff1", uow.now)
        uow.contacts.add_address(address)
        bound = uow.members.get(member.id)
        assert bound is not None
        bound.contact_id = contact.id
    with served.store.transaction() as uow:
        secret = linking.make_code(uow, contact, address, "work").secret
    async with served.client() as browser:
        offered = (await browser.get(f"/join/{secret}")).text
        assert "王晓" in offered
        assert "是我，合在一起" in offered
        assert "邀请" not in offered
        assert (await browser.post(f"/join/{secret}")).status_code == 303
    assert [message.code for message in served.echo.messages] == [f"join_{secret}"]


async def test_a_desk_cookie_opens_no_citizen_chat_and_the_other_way_round(served: Web) -> None:
    token, _ = await served.person("desk")
    async with served.client(headers={"cookie": f"mashang_chat={token}"}) as browser:
        assert (await browser.get("/chat/messages")).status_code == 401
    token, _ = await served.person("citizen")
    async with served.client(headers={"cookie": f"mashang_desk={token}"}) as browser:
        assert (await browser.get("/desk/abcdefgh/messages")).status_code == 401


async def test_a_guessed_invitation_opens_nothing_and_guessing_ends(served: Web) -> None:
    async with served.client() as browser:
        statuses = [(await browser.get("/join/ABCD-EFGH-JKMN")).status_code for _ in range(12)]
        assert statuses == [410] * 10 + [429] * 2
        assert (await browser.post(f"/join/{served.town.invitation}")).status_code == 429
    assert served.echo.messages == []


async def test_a_slot_that_we_never_gave_out_gets_nowhere(served: Web) -> None:
    async with served.client() as browser:
        answer = await browser.post("/desk/a;b%20Domain=x/leave", json={})
        assert answer.status_code == 404
        assert "set-cookie" not in answer.headers
