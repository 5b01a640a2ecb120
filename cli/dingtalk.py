"""The work robot on DingTalk, put together from the settings."""

import asyncio
from typing import TYPE_CHECKING

from cli.settings import Settings
from storage.store import Store

if TYPE_CHECKING:
    from bot.channel import Channel
    from bot.channels.dingtalk_api import DingTalkApi
    from bot.channels.late import LateChannel
    from bot.http import HttpClient


def dingtalk(settings: Settings, store: Store, http: "HttpClient") -> "tuple[LateChannel, ...]":
    """The robot if it is configured, else nothing. Its SDK is imported when the desk starts, and only then."""
    if not settings.dingtalk_client_id:
        return ()
    from bot.channels.dingtalk_sending import CAPABILITIES
    from bot.channels.late import LateChannel

    async def file(name: str) -> bytes:
        return await asyncio.to_thread(store.files.read, name)

    def load() -> "Channel":
        from bot.channels.dingtalk import DingTalk

        return DingTalk(api=dingtalk_api(settings, store, http), clock=store.clock, load=file)

    return (LateChannel("dingtalk", "desk", "work", CAPABILITIES, load),)


def dingtalk_api(settings: Settings, store: Store, http: "HttpClient") -> "DingTalkApi":
    """DingTalk's API with the app's access token, which all processes share."""
    from bot.channels.dingtalk_api import DingTalkApi
    from bot.channels.tokens import TokenHolder

    secret = settings.dingtalk_client_secret.get_secret_value()
    api = DingTalkApi(http, settings.dingtalk_client_id, secret, settings.dingtalk_api_base)
    api.tokens = TokenHolder(api.fetch_token, store.writer, "dingtalk", settings.dingtalk_client_id, store.clock)
    return api
