"""Floor (c): the least that does the same durably. The same HTTP server, raw `sqlite3`, one commit a group.

It writes the same rows into our own tables with prepared statements on the loop, commits in a thread, sends canned
replies over the same kept connections as ours and marks them sent with the next group. It knows no dialog, no rules, no
wording, no classification and no errors: what our build takes beyond this is what it does beyond this.
"""

import argparse
import asyncio
import sqlite3
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from secrets import token_urlsafe
from typing import Any
from urllib.parse import urlencode

import orjson
import uvicorn
from sqlalchemy import create_engine
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.conversation import SECRET, SUBMIT, TOKEN
from benchmarks.peers.words import COLLECTED, GREETING, NOTICE, RECEIPT
from benchmarks.rows import Rows, insert_sql, tables
from bot.lines import Lines
from routing.ids import new_id
from storage.schema import metadata

FORM = "application/x-www-form-urlencoded"
STATION = "海珀社区代表联络站"
_FIND = (
    "SELECT addresses.contact_id, addresses.id, conversations.id, conversations.data FROM addresses "
    "JOIN conversations ON conversations.address_id = addresses.id "
    "WHERE addresses.channel = 'telegram' AND addresses.account = 'citizen' AND addresses.user_id = ?"
)
_SEEN = "SELECT 1 FROM inbox WHERE channel = 'telegram' AND account = 'citizen' AND external_id = ?"
_DRAFTING = (
    "UPDATE conversations SET state = ?, data = ?, offered = ?, updated_at = ?, version = version + 1 WHERE id = ?"
)
_SUBMITTED = "UPDATE submissions SET case_id = ?, submitted_at = ?, version = version + 1 WHERE id = ?"
_CANCELLED = (
    "UPDATE follow_ups SET state = 'cancelled', version = version + 1 WHERE submission_id = ? AND state = 'pending'"
)
_NUMBER = "INSERT INTO case_counters (station_id, day, last) VALUES (1, ?, 1) "\
    "ON CONFLICT (station_id, day) DO UPDATE SET last = last + 1 RETURNING last"  # fmt: skip
_SENT = "UPDATE notices SET state = 'sent', sent_at = ?, external_id = ?, version = version + 1 WHERE id = ?"
Reply = tuple[int, str, list[list[str]]]


class Floor:
    def __init__(self, path: Path, api: str) -> None:
        engine = create_engine(f"sqlite:///{path}")
        metadata.create_all(engine)
        engine.dispose()
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=512)
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "cache_size = -32000"):
            self._db.execute(f"PRAGMA {pragma}")
        self._rows = Rows()
        self._db.execute(insert_sql("stations"), self._rows.make("stations", id=1, name=STATION, prefix="HB"))
        self._db.execute(insert_sql("deputies"), self._rows.make("deputies", id=1, station_id=1, name="林秋"))
        self._db.execute(
            insert_sql("codes"),
            self._rows.make("codes", code="BENCHMARK1", kind="deputy", station_id=1, deputy_id=1),
        )
        self._thread = ThreadPoolExecutor(1)
        self._queue: deque[tuple[dict[str, Any], asyncio.Future[list[Reply]]]] = deque()
        self._sent: list[tuple[int, str, int]] = []
        self._server: asyncio.Task[None] | None = None
        self._senders: set[asyncio.Task[None]] = set()
        self._lines = Lines(api, limit=1_000_000)
        self._new: dict[str, list[Sequence[Any]]] = {}
        self._changed: dict[str, list[Sequence[Any]]] = {}
        self._order = {table.name: at for at, table in enumerate(tables())}

    async def take(self, update: dict[str, Any]) -> None:
        future: asyncio.Future[list[Reply]] = asyncio.get_running_loop().create_future()
        self._queue.append((update, future))
        if self._server is None or self._server.done():
            self._server = asyncio.create_task(self._serve())
        replies = await future
        task = asyncio.create_task(self._send(update["message"]["chat"]["id"], replies))
        self._senders.add(task)
        task.add_done_callback(self._senders.discard)

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        while self._queue:
            await asyncio.sleep(0)
            group = [self._queue.popleft() for _ in range(min(len(self._queue), 128))]
            self._db.execute("BEGIN IMMEDIATE")
            results = [self._handle(update) for update, _ in group]
            self._flush()
            await loop.run_in_executor(self._thread, self._db.execute, "COMMIT")
            for (_, future), replies in zip(group, results, strict=True):
                future.set_result(replies)

    def _flush(self) -> None:
        # Those that others refer to first: with an open reference, SQLite looks through whole tables for its like.
        for table in sorted(self._new, key=self._order.__getitem__):
            self._db.executemany(insert_sql(table), self._new[table])
        self._new.clear()
        for sql, changes in self._changed.items():
            self._db.executemany(sql, changes)
        self._changed.clear()
        if self._sent:
            sent, self._sent = self._sent, []
            self._db.executemany(_SENT, sent)

    def _add(self, table: str, **values: Any) -> int:
        row_id = values["id"] = new_id()
        self._new.setdefault(table, []).append(self._rows.make(table, **values))
        return row_id

    def _change(self, sql: str, *values: Any) -> None:
        self._changed.setdefault(sql, []).append(values)

    def _handle(self, update: dict[str, Any]) -> list[Reply]:
        now, message = time.time_ns() // 1_000_000, update["message"]
        external, user, text = str(update["update_id"]), str(message["chat"]["id"]), message["text"]
        if self._db.execute(_SEEN, (external,)).fetchone():
            return []
        self._add("inbox", external_id=external, channel="telegram", account="citizen", received_at=now)
        found = self._db.execute(_FIND, (user,)).fetchone()
        if found is None:
            contact = self._add("contacts", created_at=now, notice_at=now, language="zh_CN")
            address = self._add(
                "addresses", contact_id=contact, channel="telegram", account="citizen", user_id=user, created_at=now
            )
            self._add("conversations", address_id=address, contact_id=contact, updated_at=now, station_id=1,
                      deputy_id=1, code="BENCHMARK1")  # fmt: skip
            self._add("scans", code="BENCHMARK1", channel="telegram", at=now)
            greeting = GREETING.format(station=STATION, deputy="086 林秋")
            said: list[tuple[str, list[list[str]]]] = [(greeting, []), (NOTICE.format(station=STATION), [])]
            return [self._reply(now, contact, address, text, buttons) for text, buttons in said]
        contact, address, conversation, data = found
        if text != SUBMIT:
            draft = self._add("submissions", contact_id=contact, address_id=address, station_id=1, deputy_id=1,
                              created_at=now, code="BENCHMARK1", parts=1)  # fmt: skip
            self._add("submission_parts", submission_id=draft, seq=1, at=now, text=text, kind="text")
            self._add("follow_ups", submission_id=draft, due_at=now + 600_000, created_at=now, kind="submit_draft")
            buttons = self._buttons(contact, None, "submit", "discard", now)
            self._change(_DRAFTING, "collecting", f'{{"draft":{draft}}}', "[]", now, conversation)
            return [self._reply(now, contact, address, COLLECTED, buttons)]
        draft = orjson.loads(data)["draft"]
        (number,) = self._db.execute(_NUMBER, (time.strftime("%Y-%m-%d"),)).fetchone()
        number = f"HB-{number:03}"
        case = self._add("cases", number=number, station_id=1, deputy_id=1, reporter_id=contact, channel="telegram",
                         created_at=now, news_at=now, code="BENCHMARK1", state="received", urgency="normal",
                         suggestion='{"departments":[]}', event_count=1)  # fmt: skip
        self._add("case_events", case_id=case, seq=1, at=now, kind="received", to_state="received")
        for kind in ("deputy_silent", "staff_silent", "no_news"):
            self._add("follow_ups", case_id=case, due_at=now + 86_400_000, created_at=now, kind=kind)
        self._change(_SUBMITTED, case, now, draft)
        self._change(_CANCELLED, draft)
        self._change(_DRAFTING, "idle", "{}", "[]", now, conversation)
        buttons = self._buttons(contact, case, "right", "wrong", now)
        return [self._reply(now, contact, address, RECEIPT.format(number=number), buttons, case)]

    def _buttons(self, contact: int, case: int | None, first: str, second: str, now: int) -> list[list[str]]:
        made = []
        for action in (first, second):
            token = token_urlsafe(16)
            row = self._rows.make("buttons", token=token, contact_id=contact, action=action, case_id=case,
                                  expires_at=now + 86_400_000)  # fmt: skip
            self._new.setdefault("buttons", []).append(row)
            made.append([action, token])
        return made

    def _reply(
        self, now: int, contact: int, address: int, text: str, buttons: list[list[str]], case: int | None = None
    ) -> Reply:
        notice = self._add("notices", kind="reply", contact_id=contact, address_id=address, case_id=case,
                           created_at=now, due_at=now, priority=1, state="pending",
                           buttons=orjson.dumps(buttons).decode())  # fmt: skip
        return notice, text, buttons

    async def _send(self, chat_id: int, replies: Sequence[Reply]) -> None:
        for notice, text, buttons in replies:
            fields = {"chat_id": str(chat_id), "text": text}
            if buttons:
                rows = [[{"text": label, "callback_data": token} for label, token in buttons]]
                fields["reply_markup"] = orjson.dumps({"inline_keyboard": rows}).decode()
            _, answer = await self._lines.post(f"/bot{TOKEN}/sendMessage", FORM, urlencode(fields).encode(), seconds=10)
            message_id = orjson.loads(answer)["result"]["message_id"]
            self._sent.append((time.time_ns() // 1_000_000, str(message_id), notice))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--api", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    arguments = parser.parse_args()
    floor = Floor(arguments.folder / "floor.db", arguments.api)

    async def webhook(request: Request) -> Response:
        if request.headers.get("X-Telegram-Bot-Api-Secret-Token") != SECRET:
            return Response(status_code=403)
        await floor.take(orjson.loads(await request.body()))
        return Response()

    async def health(_: Request) -> Response:
        return Response(b'{"ok":true}')

    app = Starlette(routes=[Route("/webhook", webhook, methods=["POST"]), Route("/health", health)])
    uvicorn.run(
        app, host="127.0.0.1", port=arguments.port, loop="uvloop", http="httptools", ws="none", lifespan="off",
        access_log=False, log_level="warning", server_header=False,
    )  # fmt: skip


if __name__ == "__main__":
    main()
