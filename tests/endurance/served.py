"""`main.py serve` with what a test must set and a station must not. From the environment:

SERVED_LEASE   seconds that a notice is leased for
SERVED_PACE    sends a second and bot; 0 is as many as it can
SERVED_CLOCK   a file that holds the seconds by which the clock is wrong

A process's leases are in the name of its pid.
"""

import functools
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import cli.serve
import cli.wiring
from bot.channels.telegram_channel import TelegramChannel
from bot.delivery import Delivery
from cli.settings import load_settings
from cli.wiring import open_store
from storage.store import system_clock


class OwnDelivery(Delivery):
    def __init__(self, *parts: Any, **options: Any) -> None:
        if seconds := os.environ.get("SERVED_LEASE"):
            options["lease"] = timedelta(seconds=float(seconds))
        super().__init__(*parts, **options)
        self._owner = self._counted._owner = str(os.getpid())


def wrong_clock(file: Path) -> datetime:
    return system_clock() + timedelta(seconds=float(file.read_text() or 0))


if __name__ == "__main__":
    cli.wiring.Delivery = OwnDelivery
    if pace := os.environ.get("SERVED_PACE"):
        slow = TelegramChannel.capabilities
        TelegramChannel.capabilities = type(slow)(slow.text_limit, slow.text_unit, per_second=float(pace))
    if file := os.environ.get("SERVED_CLOCK"):
        cli.serve.open_store = functools.partial(open_store, clock=functools.partial(wrong_clock, Path(file)))
    cli.serve.serve(load_settings())
