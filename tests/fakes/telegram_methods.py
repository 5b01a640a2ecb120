"""The methods of the Bot API that Mashang calls, with the platform's limits and its words for breaking them."""

import json
import time
from collections.abc import Callable
from typing import Any

from tests.fakes.telegram_bot import DEFAULT_UPDATES, MEGABYTE, ApiError, FakeBot, Sent, Webhook
from tests.fakes.telegram_updates import Json, utf16


def _me(bot: FakeBot, params: dict[str, str], files: dict[str, bytes]) -> Json:
    groups = {"can_join_groups": True, "can_read_all_group_messages": False, "supports_inline_queries": False}
    return {**bot.user, **groups}


def _set_webhook(bot: FakeBot, params: dict[str, str], files: dict[str, bytes]) -> bool:
    if params.get("drop_pending_updates") == "true":
        bot.pending.clear()
    if "allowed_updates" in params:
        bot.allowed = tuple(json.loads(params["allowed_updates"])) or DEFAULT_UPDATES
    url = params.get("url", "")
    hook = Webhook(url, params.get("secret_token"), int(params.get("max_connections", 40)))
    bot.webhook = hook if url else None
    bot.changed.set()
    return True


def _send(method: str, upload: str | None) -> Callable[[FakeBot, dict[str, str], dict[str, bytes]], Json]:
    def send(bot: FakeBot, params: dict[str, str], files: dict[str, bytes]) -> Json:
        chat_id = _chat(bot, params)
        text = params.get("text" if upload is None else "caption", "").strip()
        if params.get("parse_mode"):
            raise ApiError(400, "Bad Request: this fake has no markup")
        if upload is None and not text:
            raise ApiError(400, "Bad Request: message text is empty")
        if utf16(text) > (4096 if upload is None else 1024):
            raise ApiError(400, "Bad Request: message is too long" if upload is None else "Bad Request: caption")
        content = None if upload is None else _upload(params, files, upload)
        keyboard = _keyboard(params)
        sent = Sent(chat_id, next(bot.ids), method, text, keyboard, content, params, time.time())
        bot.sent.append(sent)
        return bot.describe(sent)

    return send


def _chat(bot: FakeBot, params: dict[str, str]) -> int:
    try:
        chat_id = int(params.get("chat_id", ""))
    except ValueError:
        raise ApiError(400, "Bad Request: chat not found") from None
    if chat_id in bot.blocked:
        raise ApiError(403, "Forbidden: bot was blocked by the user")
    return chat_id


def _upload(params: dict[str, str], files: dict[str, bytes], field_name: str) -> bytes:
    content = files.get(params.get(field_name, "").removeprefix("attach://") or field_name)
    if not content:
        raise ApiError(400, "Bad Request: there is no file in the request")
    if len(content) > (10 if field_name == "photo" else 50) * MEGABYTE:
        raise ApiError(413, "Request Entity Too Large")
    if content.startswith(b"not a picture") and field_name == "photo":
        raise ApiError(400, "Bad Request: IMAGE_PROCESS_FAILED")
    return content


def _keyboard(params: dict[str, str]) -> list[list[Json]]:
    rows: list[list[Json]] = json.loads(params.get("reply_markup") or "{}").get("inline_keyboard", [])
    for button in (button for row in rows for button in row):
        if not button["text"].strip():
            raise ApiError(400, "Bad Request: inline keyboard button text is empty")
        if not 1 <= len(button["callback_data"].encode()) <= 64:
            raise ApiError(400, "Bad Request: BUTTON_DATA_INVALID")
    return rows


def _answer(bot: FakeBot, params: dict[str, str], files: dict[str, bytes]) -> bool:
    bot.answered.append(params["callback_query_id"])
    return True


def _get_file(bot: FakeBot, params: dict[str, str], files: dict[str, bytes]) -> Json:
    file_id = params["file_id"]
    if file_id not in bot.files:
        raise ApiError(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
    size = len(bot.files[file_id])
    if size > 20 * MEGABYTE:
        raise ApiError(400, "Bad Request: file is too big")
    path = f"documents/{file_id}"
    return {"file_id": file_id, "file_unique_id": f"u-{file_id}", "file_size": size, "file_path": path}


METHODS: dict[str, Callable[[FakeBot, dict[str, str], dict[str, bytes]], Any]] = {
    "getme": _me,
    "getwebhookinfo": lambda bot, params, files: {
        "url": bot.webhook.url if bot.webhook else "",
        "pending_update_count": len(bot.pending),
    },
    "setwebhook": _set_webhook,
    "deletewebhook": lambda bot, params, files: _set_webhook(bot, {**params, "url": ""}, files),
    "sendmessage": _send("sendMessage", None),
    "sendphoto": _send("sendPhoto", "photo"),
    "sendvoice": _send("sendVoice", "voice"),
    "senddocument": _send("sendDocument", "document"),
    "answercallbackquery": _answer,
    "getfile": _get_file,
}
