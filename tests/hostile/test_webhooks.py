"""Telegram's two entrances: what is not authentic changes nothing, what is comes back byte for byte."""

import asyncio
import copy
import json

import pytest

from storage.sealer import AesSealer
from tests.fakes.telegram_updates import Json
from tests.hostile import corpora
from tests.hostile.shapes import wrong_shapes
from tests.hostile.station import CANARY, KEY, PHONE, SECRET, SWITCH, Station, clean_words, together

ACCOUNTS = ("citizen", "desk")
REFUSED = {400, 403, 413}


@pytest.mark.parametrize("account", ACCOUNTS)
async def test_a_forged_secret_changes_nothing(account: str, station: Station) -> None:
    body = json.dumps(station.update(station.person().text(f"{CANARY} {PHONE}"))).encode()
    await station.settled()
    before = station.counts()
    for secret in (None, "", SECRET[:-1], SECRET + "0", SECRET.upper(), "0" * 300, "ключ", "é", "a\tb"):
        assert (await station.post_body(body, account, secret=secret)).status == 403
    assert station.counts() == before


@pytest.mark.parametrize("account", ACCOUNTS)
async def test_bodies_that_are_no_update_change_nothing(account: str, station: Station) -> None:
    await station.settled()
    before = station.counts()

    async def send(body: bytes) -> None:
        assert (await station.post_body(body, account)).status in REFUSED

    await together(send, [*corpora.json_files().values(), *corpora.xml_files().values(), b"", b"\x00" * 1000])

    async def mistype(content_type: str) -> None:
        body = json.dumps(station.update(station.person().text(CANARY))).encode()
        assert (await station.post_body(body, account, content_type=content_type)).status in REFUSED

    await together(mistype, ["", "text/plain", "application/xml", "application/jsonx", "multipart/form-data", "é/json"])
    assert station.counts() == before


@pytest.mark.parametrize("account", ACCOUNTS)
async def test_truncated_updates_change_nothing(account: str, station: Station) -> None:
    body = json.dumps(station.update(station.person().text(f"路灯 {CANARY} 👩‍👧")), ensure_ascii=False).encode()
    await station.settled()
    before = station.counts()

    async def send(length: int) -> None:
        assert (await station.post_body(body[:length], account)).status == 400

    await together(send, range(0, len(body), 3))
    head = (
        f"POST /telegram/{account} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"X-Telegram-Bot-Api-Secret-Token: {SECRET}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()

    async def cut_off(length: int) -> None:
        answer = await station.raw(head + body[:length], wait=1)
        assert not answer.startswith((b"HTTP/1.1 5", b"HTTP/1.1 2"))

    await together(cut_off, range(0, len(body), 40))
    assert station.counts() == before


@pytest.mark.parametrize("account", ACCOUNTS)
async def test_oversized_bodies_change_nothing(account: str, station: Station) -> None:
    await station.settled()
    before = station.counts()
    for text in ("a" * 2**20, "路" * 400_000, "👩‍👧" * 150_000):
        update = station.update(station.person().text(text))
        assert (await station.post_update(update, account)).status == 413
    many = station.update(station.person().text("x"))
    many["message"]["entities"] = [{"offset": 0, "length": 1, "type": "bold"}] * 30_000
    assert (await station.post_update(many, account)).status == 413
    assert station.counts() == before


async def test_a_replay_counts_once(station: Station) -> None:
    person = await station.arrived()
    update = station.update(person.text(f"路灯不亮 {CANARY}"))
    assert (await station.post_update(update)).status == 200
    await station.settled()
    before = station.counts()
    changed = copy.deepcopy(update)
    changed["message"]["text"] = "别的话"
    for repeat in (update, changed):
        answers = await asyncio.gather(*(station.post_update(repeat) for _ in range(20)))
        assert {answer.status for answer in answers} == {200}
    await station.settled()
    assert station.counts() == before


async def test_stale_and_far_dates_and_ids_are_no_fault(station: Station) -> None:
    for changes in (
        {"date": 0}, {"date": 1}, {"date": -1}, {"date": 2**31}, {"date": 2**53}, {"date": 10**18},
        {"date": -(10**18)},
        {"message_id": 0}, {"message_id": -5}, {"message_id": 2**62}, {"edit_date": 10**17},
    ):  # fmt: skip
        update = station.update(station.person().text(f"路灯 {CANARY}"))
        update["message"] |= changes
        assert (await station.post_update(update)).status in (200, 400)
    for update_id in (0, -1, 1, 2**31, 2**63 - 1, -(2**63) + 1, 2**63, 10**30):
        update = {**station.update(station.person().text(f"路灯 {CANARY}")), "update_id": update_id}
        assert (await station.post_update(update)).status in (200, 400)
    for chat in (0, -1, 2**52, -(2**62), 2**63 - 1, 2**63, 10**25):
        update = station.update(station.person().text(f"路灯 {CANARY}"))
        update["message"]["chat"]["id"] = chat
        assert (await station.post_update(update)).status in (200, 400)


async def test_every_string_comes_back_byte_for_byte(station: Station) -> None:
    texts = [f"{CANARY} 路灯不亮：{string}【{position}" for position, string in enumerate(corpora.strings())]
    texts = [text for text in texts if _encodable(text)]
    groups = [texts[at : at + 20] for at in range(0, len(texts), 20)]

    async def tell(group: list[str]) -> None:
        person = await station.arrived(station.station_code)
        for text in group:
            assert (await station.post_update(station.update(person.text(text)), sent=text)).status == 200

    await together(tell, groups)
    kept = station.kept()
    lost = [text for text in texts if text not in kept]
    assert not lost, f"{len(lost)} of {len(texts)}: {lost[:3]!r}"
    sent = "\n".join(texts)
    for said in await station.heard("citizen"):
        clean_words(said, sent)


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@pytest.mark.parametrize("account", ACCOUNTS)
async def test_every_string_alone_is_answered(account: str, station: Station) -> None:
    """As a whole message, where it may be a command, a code, a number or nothing."""
    # The desk asks who it is first, so a third is enough there.
    strings = [string for string in corpora.strings() if _encodable(string)][:: 1 if account == "citizen" else 3]
    before = station.counts("members", "invitations")

    async def tell(string: str) -> None:
        assert (await station.post_update(station.update(station.person().text(string)), account, string)).status == 200

    assert await together(tell, strings) > 60
    sent = "\n".join(strings)
    for said in await station.heard(account):
        clean_words(said, sent)
    assert station.counts("members", "invitations") == before


@pytest.mark.parametrize("account", ACCOUNTS)
async def test_every_string_in_every_field(account: str, station: Station) -> None:
    """Links' payloads, buttons, captions, file names and types, names and languages."""
    person = station.person()
    await station.tell(person.start(station.code if account == "citizen" else ""), account)
    card = {"message_id": 1, "date": 1, "chat": person.chat, "text": "x"}

    def updates(string: str) -> list[Json]:
        named = station.person().text(f"路灯 {CANARY}")
        named["message"]["from"] |= {"first_name": string, "username": string, "language_code": string}
        named["message"]["chat"] |= {"first_name": string, "title": string}
        return [
            station.person().start(string),
            person.pressed(card, string, "q1"),
            person.document(string or "x", 9, string, string, string),
            person.photo("nofile", 9, string),
            named,
        ]

    strings = [string for string in (*corpora.OWN, *corpora.naughty_strings()) if _encodable(string)]

    async def tell(update: Json) -> None:
        assert (await station.post_update(station.update(update), account)).status in (200, 400)

    await together(tell, [update for string in strings[::4] for update in updates(string)])
    sent = "\n".join(strings)
    for said in await station.heard(account):
        clean_words(said, sent)


@pytest.mark.parametrize("account", ACCOUNTS)
async def test_updates_of_the_wrong_shape(account: str, station: Station) -> None:
    """Each field of each kind of update is left out or holds something else."""

    async def tell(content: Json) -> None:
        kind, what = next(iter(content.items()))
        update = station.update(content) if isinstance(what, dict) else {"update_id": 1, kind: what}
        assert (await station.post_update(update, account)).status in (200, 400)

    assert await together(tell, wrong_shapes(station.person(), station.bots[account].user)) > 500
    for said in await station.heard(account):
        clean_words(said, "x")


async def test_handling_that_raises_tells_nothing_of_itself(station: Station) -> None:
    person = await station.arrived()
    await station.heard("citizen")
    await station.tell(person.text(f"{SWITCH} {CANARY} {PHONE}"))
    station.failed_on_purpose += 1
    [said] = await station.heard("citizen")
    assert "收到了" in said
    clean_words(said)
    [(body,)] = station.rows("SELECT sealed_body FROM inbox WHERE state = 'failed'")
    assert CANARY not in body
    assert CANARY in AesSealer(KEY).open(body)
