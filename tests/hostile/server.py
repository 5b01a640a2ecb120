"""The real desk as a program for hostile visitors: `cli.serve` with its limits on knocking raised, at DEBUG.

The first line on standard output is JSON: codes to scan and an invitation for each role. What a citizen says with
`SWITCH` in it makes its handling raise. `HOSTILE_CLOCK` names a file that holds the seconds
by which its clock is wrong.
"""

import functools
import json
import logging
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import bot.channels.webchat_join
import cli.serve
import cli.wiring
from bot.channels.telegram_channel import TelegramChannel
from bot.channels.webchat import WebChat
from bot.channels.webchat_api import Limits
from bot.dialogs import citizen
from bot.dialogs.turn import Turn
from bot.pages.entrance import Entrance
from cli.demo_data import prepare_demo
from cli.logs import set_up
from cli.settings import load_settings
from cli.stage import find_code, make_secret
from cli.wiring import open_store
from routing.ports import UnitOfWork
from tests.endurance.served import wrong_clock

SWITCH = "故障开关"
PLENTY = 10**9
MEMBERS = {"staff": "陈静", "deputy": "林秋", "officer": "周敏"}


def prepare() -> None:
    """The demo county; prints the ways in."""
    settings = load_settings()
    store = open_store(settings)
    prepare_demo(store)

    def ways(uow: UnitOfWork) -> dict[str, Any]:
        integrity = next(m.name for m in uow.directory.members.values() if m.role == "integrity")
        people = {**MEMBERS, "integrity": integrity}
        return {
            "deputy_code": find_code(uow, "HB", "086"),
            "station_code": find_code(uow, "HB", None),
            "invitations": {role: make_secret(uow, role, name) for role, name in people.items()},
            "spare": make_secret(uow, "staff", "王磊"),
            "web_desk": make_secret(uow, "deputy", "张晓岚"),
        }

    with store.transaction() as uow:
        said = ways(uow)
    store.close()
    print(json.dumps(said), flush=True)


def raise_limits() -> None:
    plenty = Limits(messages_per_minute=PLENTY, messages_per_minute_of_ip=PLENTY, sessions_per_minute_of_ip=PLENTY)
    cli.wiring.WebChat = functools.partial(WebChat, limits=plenty)
    cli.serve.Entrance = functools.partial(Entrance, wrong_codes_per_hour=PLENTY)
    bot.channels.webchat_join._WRONG_PER_HOUR = PLENTY
    TelegramChannel.capabilities = replace(TelegramChannel.capabilities, per_second=0.0)
    # Hundreds of answers that are none are waited out, one after the other.
    TelegramChannel.__init__.__kwdefaults__["backoff"] = (0.001, 0.002)


def plant_fault() -> None:
    respond = citizen.respond

    def respond_or_raise(turn: Turn) -> None:
        if SWITCH in turn.text:
            raise ValueError(f"it quotes {turn.text}")
        respond(turn)

    citizen.respond = respond_or_raise


def set_clock() -> None:
    if file := os.environ.get("HOSTILE_CLOCK"):
        cli.serve.open_store = functools.partial(open_store, clock=functools.partial(wrong_clock, Path(file)))


if __name__ == "__main__":
    set_up(logging.DEBUG)
    prepare()
    raise_limits()
    plant_fault()
    set_clock()
    cli.serve.set_up = lambda: None
    cli.serve.serve(load_settings())
