"""Telegram's other entrance: we ask, and it answers with anything. The poller goes on, and takes what is good once."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any, cast

import pytest

from tests.fakes.telegram_bot import Fault
from tests.fakes.telegram_updates import Json
from tests.hostile import corpora
from tests.hostile.polled import PolledStation
from tests.hostile.served import Served, serving, watched
from tests.hostile.shapes import wrong_shapes
from tests.hostile.station import CANARY, PHONE, SECRET, SWITCH, clean_words
from tests.hostile.tally import Tally

ACCOUNTS = ("citizen", "desk")
BATCH = 90
BROKEN = (
    "server_error", "server_error_json", "no_code", "wrong_type", "proxy_refusal", "malformed", "reset", "cut_off",
    "unauthorized",
)  # fmt: skip
#: What is in a list of updates and has no id that could be confirmed.
NAMELESS: list[Any] = [
    None, True, 7, 1.5, "x", CANARY, [], [[]], {}, {"message": {}}, {"update_id": None}, {"update_id": CANARY},
    {"update_id": "7"}, {"update_id": 1.5}, {"update_id": True}, {"update_id": []}, {"update_id": 10**30},
    {"update_id": -(10**30)}, {"update_id": 2**63}, {"id": 1, CANARY: PHONE},
]  # fmt: skip


@pytest.fixture(scope="module")
def served_by_polling(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("polling"), PolledStation, MASHANG_TELEGRAM_WEBHOOK_SECRET="") as one:
        yield one


@pytest.fixture
async def polled(served_by_polling: Served, tally: Tally) -> AsyncIterator[PolledStation]:
    async with watched(served_by_polling, tally) as station:
        found = cast(PolledStation, station)
        for bot in found.bots.values():
            bot.calls.clear()
        found.given = 0
        yield found
        tally.cases["Telegram polling"] += found.given


def raw(body: bytes, *, status: int = 200, times: int = 1) -> Fault:
    """An answer as it stands, so many times one after the other."""
    return Fault("raw", "getUpdates", times, status=status, body=body)


def result(updates: list[Any], times: int = 1) -> Fault:
    return raw(json.dumps({"ok": True, "result": updates}).encode(), times=times)


@pytest.mark.parametrize("account", ACCOUNTS)
async def test_who_asks_is_told_by_nobody_else(account: str, polled: PolledStation) -> None:
    update = polled.update(polled.person().text(f"路灯不亮 {CANARY}"))
    headers = {"Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": SECRET}
    answer = await polled.ask("POST", f"/telegram/{account}", body=json.dumps(update).encode(), headers=headers)
    assert answer.status == 404
    assert polled.taken(update) == 0


@pytest.mark.parametrize("account", ACCOUNTS)
async def test_answers_without_an_update_change_nothing_and_stop_nothing(account: str, polled: PolledStation) -> None:
    await polled.settled()
    before = polled.counts()
    bodies = [*corpora.json_files().values(), *corpora.xml_files().values(), b"", b"\x00" * 1000, b"{}" * 9]
    # Those of one bot are enough to know how both ask.
    bodies = bodies[:: 1 if account == "citizen" else 4]
    faults = [raw(body) for body in bodies]
    faults += [raw(b'{"ok":true,"result":' + body + b"}") for body in bodies]
    faults += [Fault(kind, "getUpdates") for kind in BROKEN]
    answers: list[Any] = [
        {"ok": True},
        {"ok": "yes", "result": []},
        {"ok": False, "parameters": [CANARY]},
        {"ok": None},
    ]
    answers += [{"ok": True, "result": value} for value in (None, True, 5, CANARY, {}, {"update_id": 1}, [[]], [None])]
    answers += [
        {"ok": False, "error_code": CANARY, "description": value} for value in (None, 5, [], f"Conflict {CANARY}")
    ]
    for status in (200, 201, 301, 400, 401, 403, 404, 409, 413, 418, 500, 503, 599):
        faults += [raw(json.dumps(answer).encode(), status=status) for answer in answers]
    await polled.answer(account, faults)
    assert polled.counts() == before
    assert polled.offsets(account) == []
    assert polled.taken(await polled.tell(polled.person().start(), account)) == 1


async def test_an_answer_too_large_to_hold_is_left(polled: PolledStation) -> None:
    update = polled.update(polled.person().text(CANARY))
    padding = b" " * 17 * 2**20
    await polled.answer(
        "citizen", [raw(b'{"ok":true,"result":[' + json.dumps(update).encode() + padding + b"]}", times=6)]
    )
    assert polled.taken(update) == 0
    assert polled.offsets("citizen") == []


@pytest.mark.parametrize("account", ACCOUNTS)
async def test_good_updates_among_those_of_the_wrong_shape_are_taken_once(account: str, polled: PolledStation) -> None:
    hostile = wrong_shapes(polled.person(), polled.bots[account].user)[:: 1 if account == "citizen" else 4]
    goods: list[Json] = []
    ids: list[int] = []
    for start in range(0, len(hostile), BATCH):
        person = polled.person()
        batch: list[Json] = []
        for position, content in enumerate(hostile[start : start + BATCH]):
            [(kind, what)] = content.items()
            batch.append(polled.update({kind: what if isinstance(what, dict) else {}}))
            if not isinstance(what, dict):
                batch[-1][kind] = what
            if position % 10 == 9:
                batch.append(polled.update(person.text(f"路灯 {CANARY} {start + position}")))
                goods.append(batch[-1])
        await polled.deliver(batch, account)
        ids += [update["update_id"] for update in batch]
    assert len(goods) > 15
    assert [update for update in goods if polled.taken(update) != 1] == []
    offsets = polled.offsets(account)
    assert offsets == sorted(set(offsets))
    assert {offset - 1 for offset in offsets} <= set(ids)
    assert offsets[-1] == ids[-1] + 1
    for said in await polled.heard(account):
        clean_words(said, "x")


async def test_what_has_no_id_holds_up_nobody_and_is_never_confirmed(polled: PolledStation) -> None:
    people = [await polled.arrived(polled.station_code) for _ in range(3)]
    goods = [polled.update(person.text(f"路灯 {CANARY} 无号 {position}")) for position, person in enumerate(people)]
    earlier = polled.offsets("citizen")
    batch = [*NAMELESS, goods[0], *NAMELESS, goods[1], goods[2], *NAMELESS]
    # What can't be confirmed comes again and again, and here what can be comes with it.
    await polled.answer("citizen", [result(batch, times=20)])
    await polled.answer("citizen", [result(NAMELESS, times=20)])
    await polled.settled()
    kept = polled.kept()
    assert [kept[good["message"]["text"]] for good in goods] == [1, 1, 1]
    assert set(polled.offsets("citizen")[len(earlier) :]) == {goods[-1]["update_id"] + 1}


async def test_one_id_over_and_over_counts_once(polled: PolledStation) -> None:
    """Within one answer, in turned order, with other words, and long after it was confirmed."""
    person = await polled.arrived(polled.station_code)
    first, second = (polled.update(person.text(f"路灯 {CANARY} 重号 {n}")) for n in range(2))
    changed = {**first, "message": {**first["message"], "text": f"别的话 {CANARY}"}}
    await polled.answer("citizen", [result([second, first, changed, first, second] * 15)])
    await polled.settled()
    before = polled.counts()
    for _ in range(5):
        await polled.deliver([changed, second], "citizen")
        await polled.answer("citizen", [result([second, changed], times=5)])
    await polled.settled()
    assert polled.counts() == before
    kept = polled.kept()
    assert [kept[update["message"]["text"]] for update in (first, second, changed)] == [1, 1, 0]


async def test_more_updates_than_were_asked_for_are_all_taken(polled: PolledStation) -> None:
    people = [await polled.arrived(polled.station_code) for _ in range(20)]
    many = [polled.update(people[n % 20].text(f"路灯 {CANARY} 很多 {n}")) for n in range(600)]
    await polled.answer("citizen", [result(many)])
    polled.given += len(many)
    kept = polled.kept()
    assert {kept[update["message"]["text"]] for update in many} == {1}


async def test_handling_that_raises_is_kept_and_passed_over(polled: PolledStation) -> None:
    poisoned, person = await polled.arrived(polled.station_code), await polled.arrived(polled.station_code)
    poison = polled.update(poisoned.text(f"{SWITCH} {CANARY} {PHONE}"))
    behind = [polled.update(who.text(f"路灯 {CANARY} 其后 {who.id}")) for who in (poisoned, person)]
    await polled.deliver([poison, *behind], "citizen")
    await polled.deliver([poison], "citizen")
    polled.failed_on_purpose += 1
    assert polled.rows("SELECT state FROM inbox WHERE external_id = ?", str(poison["update_id"])) == [("failed",)]
    assert [polled.taken(update) for update in behind] == [1, 1]


async def test_every_naughty_string_comes_back_byte_for_byte(polled: PolledStation) -> None:
    strings = [*corpora.OWN, *corpora.naughty_strings()[::2]]
    texts = [f"{CANARY} 路灯不亮：{string}【{position}" for position, string in enumerate(strings)]
    for start in range(0, len(texts), 20):
        person = await polled.arrived(polled.station_code)
        await polled.deliver([polled.update(person.text(text)) for text in texts[start : start + 20]], "citizen")
    kept = polled.kept()
    assert [text for text in texts if kept[text] != 1] == []
    sent = "\n".join(texts)
    for said in await polled.heard("citizen"):
        clean_words(said, sent)
