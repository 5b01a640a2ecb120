"""Peer (b): python-telegram-bot with PicklePersistence: not durable.

By default that writes the whole file anew for every person, once a minute, and nothing is answered meanwhile (many
seconds with a few thousand people). Here it writes once, at the end (`on_flush`), which is kinder to it.

As in the library's own example of a custom webhook (`customwebhookbot.py`): Starlette and uvicorn in front, updates
into the application's queue, and its `concurrent_updates` so that people do not wait for each other.
"""

import argparse
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.ext import (
    Application,
    CommandHandler,
    ContextTypes,
    MessageHandler,
    PicklePersistence,
    filters,
)

from benchmarks.conversation import SECRET, SUBMIT, TOKEN
from benchmarks.peers.words import COLLECTED, GREETING, NOTICE, RECEIPT

STATION, DEPUTY = "海珀社区代表联络站", "086 林秋"
Context = ContextTypes.DEFAULT_TYPE


def now() -> str:
    return datetime.now(UTC).isoformat()


def keyboard(context: Context, *buttons: tuple[str, str]) -> InlineKeyboardMarkup:
    """Buttons whose meaning is remembered under a token."""
    row = []
    for label, action in buttons:
        token = token_urlsafe(16)
        context.user_data.setdefault("buttons", {})[token] = action  # type: ignore[union-attr]
        row.append(InlineKeyboardButton(label, callback_data=token))
    return InlineKeyboardMarkup([row])


async def scanned(update: Update, context: Context) -> None:
    data: dict[Any, Any] = context.user_data  # type: ignore[assignment]
    code = context.args[0] if context.args else ""
    context.bot_data.setdefault("scans", []).append((code, now()))
    data["code"], data["arrived"] = code, now()
    await update.message.reply_text(GREETING.format(station=STATION, deputy=DEPUTY))  # type: ignore[union-attr]
    if "notice" not in data:
        data["notice"] = now()
        await update.message.reply_text(NOTICE.format(station=STATION))  # type: ignore[union-attr]


async def told(update: Update, context: Context) -> None:
    data: dict[Any, Any] = context.user_data  # type: ignore[assignment]
    data.setdefault("draft", []).append((update.message.text, now()))  # type: ignore[union-attr]
    markup = keyboard(context, ("提交", "submit"), ("不要了", "discard"))
    await update.message.reply_text(COLLECTED, reply_markup=markup)  # type: ignore[union-attr]


async def submitted(update: Update, context: Context) -> None:
    data: dict[Any, Any] = context.user_data  # type: ignore[assignment]
    day = datetime.now(UTC).strftime("%y%m%d")
    counters = context.bot_data.setdefault("counters", {})
    counters[day] = counters.get(day, 0) + 1
    number = f"HB-{day}-{counters[day]:03}"
    case = {"number": number, "said": data.pop("draft", []), "state": "received", "events": [("received", now())]}
    data.setdefault("cases", {})[number] = case
    markup = keyboard(context, ("对的", "right"), ("不对", "wrong"))
    await update.message.reply_text(RECEIPT.format(number=number), reply_markup=markup)  # type: ignore[union-attr]


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--api", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    arguments = parser.parse_args()

    application = (
        Application.builder()
        .token(TOKEN)
        .base_url(f"{arguments.api}/bot")
        .updater(None)
        .concurrent_updates(True)
        .persistence(PicklePersistence(arguments.folder / "peer.pickle", on_flush=True))
        .build()
    )
    application.add_handler(CommandHandler("start", scanned))
    application.add_handler(MessageHandler(filters.Text([SUBMIT]), submitted))
    application.add_handler(MessageHandler(filters.TEXT, told))

    async def webhook(request: Request) -> Response:
        if request.headers.get("X-Telegram-Bot-Api-Secret-Token") != SECRET:
            return Response(status_code=HTTPStatus.FORBIDDEN)
        await application.update_queue.put(Update.de_json(await request.json(), application.bot))
        return Response()

    async def health(_: Request) -> Response:
        return JSONResponse({"ok": True})

    app = Starlette(routes=[Route("/webhook", webhook, methods=["POST"]), Route("/health", health)])
    config = uvicorn.Config(app, host="127.0.0.1", port=arguments.port, access_log=False, log_level="warning")
    async with application:
        await application.start()
        await uvicorn.Server(config).serve()
        await application.stop()


if __name__ == "__main__":
    import uvloop

    uvloop.run(main())
