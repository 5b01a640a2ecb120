"""`main.py serve` as it is, but for what a measurement must change.

The pace of 30 messages a second that Telegram allows a bot is lifted: it would be all that is measured. `--sync-ms`
makes every commit as slow as on a disk that takes so much longer to sync; `--group-size 1` commits every message by
itself.
"""

import argparse
import time
from dataclasses import replace
from typing import Any

import storage.store
from bot.channels.telegram_channel import TelegramChannel
from cli.serve import serve
from cli.settings import load_settings
from storage.transaction import GroupTransaction
from storage.writer import GROUP_SIZE, GroupWriter


class _SlowSync(GroupTransaction):
    seconds = 0.0

    def commit(self) -> None:
        super().commit()
        time.sleep(self.seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--group-size", type=int, default=GROUP_SIZE)
    parser.add_argument("--sync-ms", type=float, default=0.0)
    arguments = parser.parse_args()

    TelegramChannel.capabilities = replace(TelegramChannel.capabilities, per_second=0.0)

    def writer(*args: Any, **more: Any) -> GroupWriter:
        made = GroupWriter(*args, **more | {"group_size": arguments.group_size})
        if arguments.sync_ms:
            made._transaction.__class__ = _SlowSync
        return made

    _SlowSync.seconds = arguments.sync_ms / 1000
    setattr(storage.store, "GroupWriter", writer)  # noqa: B010 - the store knows no such option
    serve(load_settings(), demo=True)


if __name__ == "__main__":
    main()
