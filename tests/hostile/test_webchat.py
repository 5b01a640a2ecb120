"""The web chat's JSON: whoever knocks, with whatever."""

import asyncio
import json
from typing import Any

import pytest

from tests.hostile import corpora
from tests.hostile.chats import JSON, chat, say
from tests.hostile.station import CANARY, PHONE, Station, clean_words, together


async def test_without_a_session_nothing_is_taken(station: Station) -> None:
    await station.settled()
    before = station.counts()
    cookies = [
        "",
        "x",
        "a" * 43,
        "a" * 5000,
        "\u00e9" * 40,
        "'; DROP TABLE inbox; --",
        "..%2f" * 10,
        '"quoted' + "a" * 30,
    ]
    for cookie in cookies:
        for name in ("mashang_chat", "mashang_desk", "mashang_lang"):
            headers = {"Cookie": f"{name}={cookie}"}
            body = json.dumps({"id": "m1", "text": f"{CANARY} {PHONE}"}).encode()
            assert (await station.ask("POST", "/chat/messages", body=body, headers={**JSON, **headers})).status == 401
            for path in ("/chat/messages?after=0", "/chat/stream", "/chat/files/x", "/desk/AAAAAAAA/messages"):
                assert (await station.ask("GET", path, headers=headers)).status in (401, 404)
    # A citizen's cookie opens no desk, nor a member's cookie another's.
    async with chat(station) as session:
        token = next(cookie.value for cookie in session.cookie_jar)
    before = station.counts()
    for name in ("mashang_chat", "mashang_desk"):
        answer = await station.ask("GET", "/desk/AAAAAAAA/messages", headers={"Cookie": f"{name}={token}"})
        assert answer.status == 401
    assert station.counts() == before


async def test_what_another_site_sends_is_refused(station: Station) -> None:
    async with chat(station) as session:
        await station.settled()
        before = station.counts()
        body = {"id": "m1", "text": CANARY}
        for headers in (
            {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": station.url + ".evil.example"},
            {"Origin": "http://["}, {"Origin": "\u00e9"}, {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Sec-Fetch-Site": "x", "Origin": station.url},
        ):  # fmt: skip
            assert (await say(station, session, body, **headers)).status == 403
        for content_type in (
            "text/plain",
            "application/x-www-form-urlencoded",
            "",
            "application/json/x",
            "application/xml",
        ):
            assert (await say(station, session, body, **{"Content-Type": content_type})).status == 415
        assert station.counts() == before


async def test_bodies_that_are_no_message_change_nothing(station: Station) -> None:
    async with chat(station) as session:
        await station.settled()
        before = station.counts()

        async def send(body: bytes) -> None:
            assert (await say(station, session, body)).status in (400, 413)

        bodies = [
            *corpora.json_files().values(),
            *corpora.xml_files().values(),
            b"",
            b"\x00",
            b'{"id":"m1","text":"\\ud800"}',
        ]
        # Not UTF-8 at all; too large by header and by length.
        text = f'{{"id":"m1","text":"路灯 {CANARY}"}}'
        bodies += [text.encode(e) for e in ("gb18030", "utf-16", "utf-32")]
        bodies += [
            b'{"id":"m1","text":"' + bad + b'"}' for bad in (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf5\x80\x80\x80")
        ]
        bodies += [json.dumps({"id": "m1", "text": "a" * 2**20}).encode(), b"[" * 200_000, b'{"id":' * 10_000]
        await together(send, bodies)

        async def refuse(name: str) -> None:
            body = corpora.json_files()[name]
            assert (await station.ask("POST", "/chat", body=body, headers=JSON)).status == 400

        await together(refuse, [name for name in corpora.json_files() if name.startswith("n_")])
        assert station.counts() == before


_VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1.5,
    10**30,
    "",
    " ",
    "x" * 65,
    "é",
    "a b",
    "a/b",
    "\x00",
    [],
    ["x"],
    {},
    {"$gt": ""},
)


async def test_fields_of_the_wrong_kind_change_nothing(station: Station) -> None:
    async with chat(station) as session:
        await station.settled()
        before = station.counts()
        wrong: list[Any] = [{"text": CANARY}, {"id": "m1"}, {"id": "m1", "text": "\u200b\x00"}]
        wrong += [{"id": value, "text": CANARY} for value in _VALUES]
        wrong += [
            {"id": "m1", "text": value}
            for value in _VALUES
            if not isinstance(value, str) or not value.strip() or "\x00" in value
        ]
        wrong += [{"id": "m1", "button": value} for value in (*_VALUES[1:9], "é", "a b", "\x00", [], {})]
        wrong += [{"id": "m1", "location": value} for value in _VALUES if value is not None]
        wrong += [{"id": "m1", "text": CANARY, "reply_to": value} for value in _VALUES if value not in (None, "")]
        wrong += [{"id": "m1", "text": "x", "button": "y"}, {"id": "m1", "text": "x", "location": {"lat": 1, "lon": 1}}]

        async def send(body: Any) -> None:
            assert (await say(station, session, body)).status == 400, body

        await together(send, wrong)
        assert station.counts() == before


async def test_places_that_are_nowhere_change_nothing(station: Station) -> None:
    async with chat(station) as session:
        await station.settled()
        before = station.counts()
        numbers = (
            "NaN", "Infinity", "-Infinity", "1e999", "-1e999", "90.0000001", "1e308", "9" * 400, "true", "null", '"1"',
            "[]", "{}", "-91", "0x10",
        )  # fmt: skip

        async def send(number: str) -> None:
            for place in (f'{{"lat":{number},"lon":0}}', f'{{"lat":0,"lon":-2{number}}}', f'{{"lat":{number}}}'):
                assert (await say(station, session, f'{{"id":"m1","location":{place}}}'.encode())).status == 400

        await together(send, numbers)
        assert station.counts() == before
        for lat, lon in ((90, 180), (-90, -180), (0, 0), (-0.0, 1e-300), (31.23045678901234, 121.4737)):
            assert (await say(station, session, {"id": f"p{lat}", "location": {"lat": lat, "lon": lon}})).status == 200
        kept = station.rows("SELECT lat, lon FROM submission_parts WHERE kind = 'location' ORDER BY id DESC LIMIT 5")
        assert (31.23045678901234, 121.4737) in kept


async def test_every_string_comes_back_byte_for_byte(station: Station) -> None:
    strings = [string for string in corpora.strings() if "\x00" not in string]
    texts = [f"{string}】{position} 路灯不亮 {CANARY} {PHONE}" for position, string in enumerate(strings)]
    groups = [texts[at : at + 20] for at in range(0, len(texts), 20)]

    async def tell(group: list[str]) -> None:
        async with chat(station) as session:
            for position, text in enumerate(group):
                answer = await say(station, session, {"id": f"m{position}", "text": text}, text)
                assert answer.status == 200
                for message in answer.json["messages"]:
                    clean_words(message["text"], text)

    await together(tell, groups)
    kept = station.kept()
    lost = [text for text in texts if text not in kept]
    assert not lost, f"{len(lost)} of {len(texts)}: {lost[:3]!r}"


async def test_every_string_as_code_button_and_number(station: Station) -> None:
    before = station.counts("cases", "members", "submissions", "submission_parts")
    strings = [*corpora.OWN, *corpora.naughty_strings(), *corpora.payloads()[::5]]

    async def knock(string: str) -> None:
        body = json.dumps({"code": string}).encode()
        assert (await station.ask("POST", "/chat", body=body, headers=JSON, sent=string)).status in (200, 400)

    await together(knock, strings[::2])
    async with chat(station) as session:

        async def press(string: str) -> None:
            answer = await say(station, session, {"id": f"b{hash(string)}", "button": string}, string)
            assert answer.status in (200, 400)
            assert (await say(station, session, {"id": string, "button": "x"}, string)).status in (200, 400)
            assert (await say(station, session, {"id": "r1", "button": "x", "reply_to": string}, string)).status in (
                200,
                400,
            )

        await together(press, strings[1::2])
        for after in (
            "NaN",
            "-",
            "--1",
            "1e3",
            "9" * 13,
            "999999999999",
            "-999999999999",
            "１２",
            "%00",
            "1%0a",
            "²",
            "0x1",
            "",
        ):
            answer = await station.ask("GET", f"/chat/messages?after={after}", session=session)
            assert answer.status in (200, 400)
        for header in ("x", "9" * 30, "-1-", "\u00b2"):
            assert (
                await station.ask("GET", "/chat/stream", headers={"Last-Event-ID": header}, session=session)
            ).status == 400
    assert station.counts("cases", "members", "submissions", "submission_parts") == before


async def test_a_repeat_counts_once(station: Station) -> None:
    async with chat(station) as session:
        body = {"id": "once", "text": f"路灯不亮 {CANARY}"}
        first = await say(station, session, body)
        await station.settled()
        before = station.counts()
        again = await asyncio.gather(*(say(station, session, {**body, "text": f"{n}"}) for n in range(20)))
        seqs = [message["seq"] for message in first.json["messages"]]
        assert all([message["seq"] for message in answer.json["messages"]] == seqs for answer in again)
        assert station.counts() == before


async def test_the_largest_text_that_is_taken_comes_back(station: Station) -> None:
    text = f"路灯不亮 {CANARY}" + "路" * 340_000
    async with chat(station) as session:
        assert (await say(station, session, {"id": "large", "text": text})).status in (200, 413)
        # Whoever writes beside it is answered.
        assert (await say(station, session, {"id": "small", "text": "谢谢"})).status == 200
    rows = station.rows("SELECT text FROM submission_parts WHERE length(text) > 100000")
    assert rows in ([], [(text,)])


@pytest.mark.parametrize("text", ["举报。局长" * 4_000, "收钱，书记。" * 4_000, "煤气泄漏没有" * 4_000, "(" * 20_000])
async def test_no_text_holds_everybody_up(text: str, station: Station) -> None:
    """Words that the rules know, thousands of times: it took three minutes, in which nobody else was answered."""
    async with chat(station) as session, asyncio.timeout(20):
        assert (await say(station, session, {"id": "long", "text": f"{CANARY}{text}"})).status in (200, 413)
