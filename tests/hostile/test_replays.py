"""What was taken once comes again: at once, days later, and after all that it was good for is over. Nothing happens."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.fakes.telegram_updates import Json
from tests.hostile.chats import JSON, chat, say
from tests.hostile.served import Served, serving, watched
from tests.hostile.station import CANARY, PHONE, Station, together
from tests.hostile.tally import Tally

#: What came in and what was decided; time itself adds reminders, and nothing here.
DECIDED = ("inbox", "cases", "assignments", "submissions", "submission_parts", "members", "invitations", "contacts",
           "addresses", "files")  # fmt: skip
#: A platform repeats what was not acknowledged for a day; what was taken is known for thirty.
LATER = (timedelta(0), timedelta(hours=1), timedelta(days=3), timedelta(days=29))


@dataclass
class Calendar:
    """The server's clock, `moved` by so much."""

    file: Path
    moved: timedelta = field(default=timedelta(0))

    def move_to(self, moved: timedelta) -> None:
        self.moved = moved
        new = self.file.with_suffix(".new")
        new.write_text(str(moved.total_seconds()))
        new.replace(self.file)


@pytest.fixture(scope="module")
def calendar(tmp_path_factory: pytest.TempPathFactory) -> Calendar:
    one = Calendar(tmp_path_factory.mktemp("calendar") / "offset")
    one.move_to(timedelta(0))
    return one


@pytest.fixture(scope="module")
def served_for_months(tmp_path_factory: pytest.TempPathFactory, calendar: Calendar) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("replays"), HOSTILE_CLOCK=str(calendar.file)) as one:
        yield one


@pytest.fixture
async def old(served_for_months: Served, tally: Tally, calendar: Calendar) -> AsyncIterator[Station]:
    calendar.move_to(timedelta(0))
    async with watched(served_for_months, tally) as found:
        yield found
        # What is due months ahead would wait for months once the calendar is back.
        await found.settled()


def decided(station: Station) -> tuple[dict[str, int], list[Any]]:
    """How much there is of everything, and whatever a person did to a case."""
    done = "SELECT case_id, kind, actor_role FROM case_events WHERE actor_role != 'system' ORDER BY id"
    taken = "SELECT id, contact_id FROM members ORDER BY id"
    return station.counts(*DECIDED), [station.rows(done), station.rows(taken)]


async def test_updates_of_telegram_days_later(old: Station, calendar: Calendar) -> None:
    """Every kind, to both bots: words, a scanned code, pressed buttons, a taken invitation, commands."""
    told: list[tuple[Json, str]] = []

    async def tell(content: Json, account: str = "citizen") -> None:
        told.append((await old.tell(content, account), account))

    person, staff = old.person(), await old.member("staff")
    await tell(old.person().start(f"join_{old.invitations['officer']}"), "desk")
    await tell(person.start(old.code))
    for number in range(8):
        await tell(person.text(f"路灯不亮 {CANARY} {PHONE} {number}"))
    await tell(person.location(31.2, 121.4))
    await tell(person.document("no-such-file", 9, "a.pdf", "application/pdf"))
    await old.settled()
    bot = old.bots["citizen"]
    [submit] = [(sent, b) for sent in bot.sent_to(person.id)[-1:] for b in sent.buttons if "提交" in b["text"]]
    await tell(person.pressed(bot.describe(submit[0]), submit[1]["callback_data"], "q1"))
    [(number,)] = old.rows("SELECT number FROM cases ORDER BY id DESC LIMIT 1")
    for command in ("受理", "改派", "催办"):
        await tell(staff.text(f"{command} {number} 城管"), "desk")
    await tell(staff.edited(f"办结 {number} 好了"), "desk")
    await tell(person.text(f"补充 {number} 还有一盏 {CANARY}"))
    await tell(person.membership("kicked", bot.user))
    await old.settled()
    assert old.rows("SELECT state FROM cases WHERE number = ?", number) != [("RECEIVED",)]

    async def again(one: tuple[Json, str]) -> None:
        assert (await old.post_update(*one)).status == 200

    before = decided(old)
    for moved in LATER:
        calendar.move_to(moved)
        await together(again, [*told, *reversed(told)] * 4)
        assert decided(old) == before, moved
    # The same words under ids of their own, as whoever copied them would have to send: without the secret, nothing.
    for update, account in told:
        body = json.dumps({**update, "update_id": update["update_id"] + 10**6}).encode()
        assert (await old.post_body(body, account, secret="copied")).status == 403
    assert decided(old) == before


async def test_requests_of_the_web_chat_days_later(old: Station, calendar: Calendar) -> None:
    async with chat(old) as session:
        said = [{"id": f"m{number}", "text": f"路灯不亮 {CANARY} {number}"} for number in range(8)]
        said.append({"id": "place", "location": {"lat": 31.2, "lon": 121.4}})
        answers = [await say(old, session, body) for body in said]
        [token] = [b["data"] for b in answers[-1].json["messages"][-1]["buttons"] if "提交" in b["label"]]
        said.append({"id": "press", "button": token})
        answers.append(await say(old, session, said[-1]))
        await old.settled()
        before = decided(old)
        for moved in LATER:
            calendar.move_to(moved)
            for body, answer in zip(said, answers, strict=True):
                for again in (body, {"id": body["id"], "text": f"别的话 {CANARY}"}):
                    told = await say(old, session, again)
                    assert [m["seq"] for m in told.json["messages"]] == [m["seq"] for m in answer.json["messages"]]
            assert decided(old) == before, moved


async def test_a_used_button_is_used_up(old: Station, calendar: Calendar) -> None:
    """Pressed anew, not repeated: a request of its own with the token of what was done."""
    async with chat(old) as session, chat(old) as other:
        await say(old, session, {"id": "m", "text": f"路灯不亮 {CANARY}"})
        last = (await say(old, session, {"id": "n", "text": f"井盖也坏了 {CANARY}"})).json["messages"][-1]
        [token] = [b["data"] for b in last["buttons"] if "提交" in b["label"]]
        assert (await say(old, session, {"id": "p", "button": token})).status == 200
        await old.settled()
        done = old.counts("cases", "submissions", "submission_parts"), decided(old)[1]
        for moved in (*LATER, timedelta(days=31)):
            calendar.move_to(moved)
            for number in range(10):
                for who in (session, other):
                    press = {"id": f"again{moved.days}-{moved.seconds}-{number}", "button": token}
                    assert (await say(old, who, press)).status == 200
            assert (old.counts("cases", "submissions", "submission_parts"), decided(old)[1]) == done, moved


async def test_an_invitation_that_was_taken_or_ran_out_opens_nothing(old: Station, calendar: Calendar) -> None:
    secret = old.web_desk
    answer = await old.ask("POST", f"/join/{secret}")
    assert answer.status == 303
    slot = answer.headers["Location"].rpartition("/")[2]
    before = decided(old)[1]
    for moved in (*LATER, timedelta(days=200)):
        calendar.move_to(moved)
        # Another, which nobody took in its quarter of an hour, is worth no more from then on.
        for one in (secret, old.spare) if moved else (secret,):
            assert (await old.ask("POST", f"/join/{one}")).status == 410
            assert (await old.ask("GET", f"/join/{one}", headers={"Accept": "text/html"})).status == 410
            await old.tell(old.person().start(f"join_{one}"), "desk")
            await old.tell(old.person().start(f"join_{one}"))
            assert (
                await old.ask("POST", "/chat", body=json.dumps({"code": f"join_{one}"}).encode(), headers=JSON)
            ).status == 200
        # Where the desk lies is no secret, and opens it to nobody without its cookie.
        for path in (f"/desk/{slot}/messages", f"/desk/{slot}/stream", f"/desk/{slot}"):
            assert (await old.ask("GET", path)).status == 401
        assert (
            await old.ask("POST", f"/desk/{slot}/messages", body=b'{"id":"x","text":"x"}', headers=JSON)
        ).status == 401
        assert decided(old)[1] == before, moved


async def test_a_session_that_ran_out_takes_nothing(old: Station, calendar: Calendar) -> None:
    sessions: list[aiohttp.ClientSession] = []
    for _ in range(5):
        sessions.append(aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)))
        opened = await old.ask(
            "POST", "/chat", body=json.dumps({"code": old.code}).encode(), headers=JSON, session=sessions[-1]
        )
        assert opened.status == 200
    await old.settled()
    before = decided(old)
    calendar.move_to(timedelta(days=181))
    for session in sessions:
        for body in (
            {"id": "m", "text": f"路灯不亮 {CANARY}"},
            {"id": "b", "button": "x"},
            {"id": "p", "location": {"lat": 1, "lon": 1}},
        ):
            assert (await say(old, session, body)).status == 401
        for path in ("/chat/messages?after=0", "/chat/stream", "/chat/files/x"):
            assert (await old.ask("GET", path, session=session)).status == 401
        await session.close()
    assert decided(old) == before
